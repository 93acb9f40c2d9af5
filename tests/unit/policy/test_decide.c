/* The gateway's decision and its obligations: errors close the gate, the strictest demand wins, and
 * merging is a join. */
#include "policy_test.h"

#include "policy/decide.h"

static struct gh_policy_decision decide(struct world *world, bool any_error_denies,
                                        const char *action, const char *doc)
{
	struct gh_policy_decision decision;
	struct gh_cedar_request request = world_request(world, "ann", action, doc, "{}");

	assert_ok(gh_policy_decide(world->set,
	                           (struct gh_policy_rules){ .any_error_denies = any_error_denies },
	                           world->entities, &request, world->scratch, &decision));
	return decision;
}

static void a_forbid_that_errs_denies_where_cedar_would_allow(void **state)
{
	struct world world;

	(void)state;
	world_open(
	    &world,
	    "permit(principal, action, resource);"
	    "forbid(principal, action == Action::\"broken\", resource) when { resource.level > 3 };"
	    "permit(principal, action == Action::\"half\", resource) when { resource.level > 3 };"
	    "forbid(principal, action, resource == Doc::\"no\");",
	    "[]");
	assert_int_equal(decide(&world, false, "read", "d").outcome, GH_POLICY_ALLOW);
	struct gh_policy_decision decision = decide(&world, false, "broken", "d");
	assert_true(decision.cedar.allow);
	assert_int_equal(decision.outcome, GH_POLICY_DENY_ERROR);
	assert_true(decision.obligations.approval);
	assert_int_equal(decide(&world, false, "half", "d").outcome, GH_POLICY_ALLOW);
	assert_int_equal(decide(&world, true, "half", "d").outcome, GH_POLICY_DENY_ERROR);
	assert_int_equal(decide(&world, false, "broken", "no").outcome, GH_POLICY_DENY_FORBID);
	world_close(&world);
	world_open(&world, "permit(principal, action == Action::\"read\", resource);", "[]");
	assert_int_equal(decide(&world, false, "write", "d").outcome, GH_POLICY_DENY_DEFAULT);
	world_close(&world);
}

static void obligations_of_all_determining_policies_merge_strictest_wins(void **state)
{
	struct world world;

	(void)state;
	world_open(
	    &world,
	    "@pii(\"flag\") @pii_iban(\"reversible\") @budget_tokens(\"200000\") "
	    "@retention(\"P1Y\")"
	    " permit(principal, action, resource);"
	    "@pii_iban(\"strict\") @pii_email(\"off\") @budget_tokens(\"1000\") @mfa(\"900\")"
	    " permit(principal == User::\"ann\", action, resource);"
	    "@mfa(\"required\") @retention(\"P26W\") @note(\"kept out\")"
	    " permit(principal, action in [Action::\"read\"], resource);"
	    "@budget_tokens(\"1\") @approval(\"required\")"
	    " permit(principal == User::\"bob\", action, resource);",
	    "[]");
	struct gh_policy_decision decision = decide(&world, false, "read", "d");
	const struct gh_policy_obligations *o = &decision.obligations;
	assert_int_equal(decision.outcome, GH_POLICY_ALLOW);
	assert_int_equal(decision.cedar.determining_count, 3);
	assert_int_equal(gh_policy_obligations_pii(o, GH_SLICE("iban")), GH_POLICY_PII_STRICT);
	assert_int_equal(gh_policy_obligations_pii(o, GH_SLICE("email")), GH_POLICY_PII_FLAG);
	assert_int_equal(gh_policy_obligations_pii(o, GH_SLICE("phone")), GH_POLICY_PII_FLAG);
	assert_int_equal(o->budget_tokens, 1000);
	assert_int_equal(o->retention_days, 182);
	assert_int_equal(o->mfa_max_age_s, 900);
	assert_true(o->budget_cents == GH_POLICY_NO_LIMIT);
	assert_false(o->approval);
	world_close(&world);
}

static void an_obligation_that_is_not_understood_denies(void **state)
{
	static const char *const bad[] = {
		"@pii(\"maybe\")",
		"@pii(\"\")",
		"@pii_(\"strict\")",
		"@pii_email",
		"@budget_tokens",
		"@budget_tokens(\"-1\")",
		"@budget_cents(\"1.5\")",
		"@retention(\"180\")",
		"@retention(\"P1H\")",
		"@retention(\"P\")",
		"@retention(\"P999999999999Y\")",
		"@mfa(\"yes\")",
		"@approval",
		"@budget_tokens(\"018\")",
		"@budget_requests(\"99999999999999999999\")",
	};
	char text[200];
	struct world world;

	(void)state;
	for (size_t i = 0; i < GH_ARRAY_LEN(bad); i++) {
		snprintf(text, sizeof text, "%s permit(principal, action, resource);", bad[i]);
		world_open(&world, text, "[]");
		if (decide(&world, false, "read", "d").outcome != GH_POLICY_DENY_BAD_OBLIGATION)
			fail_msg("understood: %s", bad[i]);
		world_close(&world);
	}
}

static uint32_t roll(uint64_t *state, uint32_t below)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (uint32_t)(*state >> 33) % below;
}

static const struct gh_cedar_name *classes[5];

static struct gh_policy_obligations some(uint64_t *random)
{
	struct gh_policy_obligations made, one;
	uint64_t *const limits[] = { &made.budget_tokens,   &made.budget_cents,
		                     &made.budget_requests, &made.max_output_tokens,
		                     &made.retention_days,  &made.mfa_max_age_s };

	memset(&made, 0, sizeof made);
	gh_policy_obligations_init(&made);
	for (size_t i = 0; i < GH_ARRAY_LEN(limits); i++)
		if (roll(random, 2))
			*limits[i] = roll(random, 6);
	made.pii = (enum gh_policy_pii_mode)roll(random, 5);
	made.approval = roll(random, 2);
	for (size_t i = 0; i < GH_ARRAY_LEN(classes); i++) {
		gh_policy_obligations_init(&one);
		one.pii_rule_count = roll(random, 2);
		one.pii_rules[0] =
		    (struct gh_policy_pii_rule){ classes[i],
			                         (enum gh_policy_pii_mode)(1 + roll(random, 4)) };
		assert_ok(gh_policy_obligations_merge(&made, &one));
	}
	return made;
}

static struct gh_policy_obligations join(const struct gh_policy_obligations *a,
                                         const struct gh_policy_obligations *b)
{
	struct gh_policy_obligations both = *a;

	assert_ok(gh_policy_obligations_merge(&both, b));
	return both;
}

static bool same(const struct gh_policy_obligations *a, const struct gh_policy_obligations *b)
{
	if (a->pii_rule_count != b->pii_rule_count)
		return false;
	for (uint32_t i = 0; i < a->pii_rule_count; i++)
		if (a->pii_rules[i].pii_class != b->pii_rules[i].pii_class ||
		    a->pii_rules[i].mode != b->pii_rules[i].mode)
			return false;
	return a->pii == b->pii && a->approval == b->approval &&
	       a->budget_tokens == b->budget_tokens && a->budget_cents == b->budget_cents &&
	       a->budget_requests == b->budget_requests &&
	       a->max_output_tokens == b->max_output_tokens &&
	       a->retention_days == b->retention_days && a->mfa_max_age_s == b->mfa_max_age_s;
}

static void merging_is_the_join_of_a_lattice(void **state)
{
	struct gh_cedar_space *space = gh_cedar_space_new(NULL, WORLD_LIMIT);
	struct gh_policy_obligations none, all;
	uint64_t random = 0x9e3779b97f4a7c15u;
	char name[16];

	(void)state;
	for (size_t i = 0; i < GH_ARRAY_LEN(classes); i++) {
		snprintf(name, sizeof name, "pii_c%zu", i);
		classes[i] = gh_cedar_intern(space, gh_slice_str(name));
	}
	gh_policy_obligations_init(&none);
	gh_policy_obligations_strictest(&all);
	for (int round = 0; round < 20000; round++) {
		struct gh_policy_obligations a = some(&random), b = some(&random),
		                             c = some(&random);
		struct gh_policy_obligations ab = join(&a, &b), ba = join(&b, &a),
		                             bc = join(&b, &c);
		struct gh_policy_obligations left = join(&ab, &c), right = join(&a, &bc);
		struct gh_policy_obligations aa = join(&a, &a), neutral = join(&a, &none);
		struct gh_policy_obligations absorbed = join(&ab, &a), top = join(&a, &all);

		assert_true(same(&ab, &ba));
		assert_true(same(&left, &right));
		assert_true(same(&aa, &a) && same(&neutral, &a) && same(&absorbed, &ab));
		assert_true(gh_policy_obligations_at_least(&ab, &a));
		assert_true(gh_policy_obligations_at_least(&ab, &b));
		assert_true(gh_policy_obligations_at_least(&top, &all));
		assert_true(gh_policy_obligations_at_least(&all, &a));
		assert_true(gh_policy_obligations_at_least(&a, &none));
		/* Least: whatever is at least as strict as both is at least as strict as the join.
		 */
		if (gh_policy_obligations_at_least(&c, &a) &&
		    gh_policy_obligations_at_least(&c, &b))
			assert_true(gh_policy_obligations_at_least(&c, &ab));
		for (size_t i = 0; i < GH_ARRAY_LEN(classes); i++) {
			struct gh_slice one = gh_slice(classes[i]->text + 4, classes[i]->len - 4);
			assert_true(gh_policy_obligations_pii(&ab, one) >=
			            gh_policy_obligations_pii(&a, one));
		}
	}
	gh_cedar_space_free(space);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_forbid_that_errs_denies_where_cedar_would_allow),
		cmocka_unit_test(obligations_of_all_determining_policies_merge_strictest_wins),
		cmocka_unit_test(an_obligation_that_is_not_understood_denies),
		cmocka_unit_test(merging_is_the_join_of_a_lattice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
