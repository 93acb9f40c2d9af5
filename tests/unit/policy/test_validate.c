/* The validator under strain and in words: what it warns of, what it takes a misspelt name for, and
 * that no schema and no policy keeps it busy without end. */
#include "policy_test.h"

#include "policy/cedar/checker.h"
#include "policy/cedar/schema.h"

struct told {
	struct gh_cedar_finding faults[8], warnings[8];
	size_t fault_count, warning_count;
};

static void keep(void *user, const struct gh_cedar_finding *finding)
{
	struct told *told = user;

	if (finding->where.warning && told->warning_count < GH_ARRAY_LEN(told->warnings))
		told->warnings[told->warning_count++] = *finding;
	if (!finding->where.warning && told->fault_count < GH_ARRAY_LEN(told->faults))
		told->faults[told->fault_count++] = *finding;
}

static enum gh_code judge(const char *schema_text, const char *policies, bool strict,
                          struct told *told)
{
	struct gh_cedar_schema *schema;
	struct gh_cedar_diagnostic why;
	struct world world;

	memset(told, 0, sizeof *told);
	world_rules(&world, policies);
	if (gh_cedar_checker()->load(world.rules, gh_slice_str(schema_text), false, &schema,
	                             &why) != GH_OK)
		fail_msg("%u:%u: %s", why.line, why.column, why.text);
	enum gh_code code = gh_cedar_checker()->validate(schema, world.set, strict, keep, told);
	gh_cedar_checker()->free(schema);
	world_close(&world);
	return code;
}

static const char clinic[] =
    "namespace Clinic { entity Doctor in Ward = { level: Long }; entity Ward; entity Record in "
    "Ward;"
    "action read, write appliesTo { principal: Doctor, resource: Record }; }";

/* ---- in words ---- */

static void a_policy_that_is_never_true_is_valid_with_a_warning(void **state)
{
	static const struct {
		const char *policy;
		bool never;
	} cases[] = {
		{ "permit(principal, action, resource) when { false };", true },
		{ "permit(principal, action, resource) unless { principal is Clinic::Doctor };",
		  true },
		{ "forbid(principal, action, resource) when { resource in principal };", true },
		{ "forbid(principal, action == Clinic::Action::\"read\", resource) when { action "
		  "== "
		  "Clinic::Action::\"write\" };",
		  true },
		{ "permit(principal, action, resource) when { action == Clinic::Action::\"write\" "
		  "&& principal.level > 3 };",
		  false },
		{ "permit(principal, action, resource);", false },
	};
	for (size_t i = 0; i < GH_ARRAY_LEN(cases); i++) {
		struct told told;
		assert_ok(judge(clinic, cases[i].policy, true, &told));
		assert_int_equal(told.fault_count, 0);
		if (told.warning_count != cases[i].never)
			fail_msg("%s: %zu warnings", cases[i].policy, told.warning_count);
		if (cases[i].never)
			assert_int_equal(told.warnings[0].where.span.end, strlen(cases[i].policy));
	}
}

static void a_misspelt_name_is_told_with_what_was_meant(void **state)
{
	static const struct {
		const char *policy, *says;
	} cases[] = {
		{ "permit(principal is Clinic::Docter, action, resource);",
		  "the entity type Clinic::Docter is not declared; is Clinic::Doctor meant?" },
		{ "permit(principal is Doctor, action, resource);",
		  "the entity type Doctor is not declared; is Clinic::Doctor meant?" },
		{ "permit(principal, action == Action::\"read\", resource);",
		  "the entity type Action is not declared; is Clinic::Action meant?" },
		{ "permit(principal, action == Clinic::Action::\"raed\", resource);",
		  "the action raed is not declared; is read meant?" },
		{ "permit(principal, action == Clinic::Action::\"dismiss\", resource);",
		  "the action dismiss is not declared" },
		{ "permit(principal, action, resource) when { principal.levle > 3 };",
		  "Clinic::Doctor has no attribute levle; is level meant?" },
		{ "permit(principal, action, resource) when { principal.x > 3 };",
		  "Clinic::Doctor has no attribute x" },
	};
	for (size_t i = 0; i < GH_ARRAY_LEN(cases); i++) {
		struct told told;
		assert_code(judge(clinic, cases[i].policy, true, &told), GH_E_DENIED);
		assert_string_equal(told.faults[0].where.text, cases[i].says);
	}
}

static void a_policy_that_no_action_applies_to_is_a_fault(void **state)
{
	struct told told;

	assert_code(
	    judge(clinic, "permit(principal is Clinic::Ward, action, resource);", true, &told),
	    GH_E_DENIED);
	assert_non_null(strstr(told.faults[0].where.text, "no action applies"));
	assert_int_equal(told.warning_count, 0);
}

/* An action may be in a group of another namespace: `in` between such types is not impossible, so
 * what stands behind it is looked at. */
static void an_action_may_be_in_one_of_another_namespace(void **state)
{
	static const char schema[] =
	    "entity U { n: Long, act: N::Action };"
	    "action a in [N::Action::\"all\"] appliesTo { principal: U, resource: U }; action z;"
	    "namespace N { action all; action other; }";
	static const struct {
		const char *condition;
		enum gh_code code;
		bool never;
	} cases[] = {
		{ "action in principal.act && principal.n == 1", GH_OK, false },
		{ "action in principal.act && principal.missing", GH_E_DENIED, false },
		{ "(if principal.n == 1 then action else Action::\"z\") in N::Action::\"all\"",
		  GH_OK, false },
		{ "action in N::Action::\"other\" && principal.missing", GH_OK, true },
		{ "principal.act in action && principal.missing", GH_OK, true },
		{ "principal in action && principal.missing", GH_OK, true },
	};
	for (size_t i = 0; i < GH_ARRAY_LEN(cases); i++) {
		char policy[200];
		struct told told;
		snprintf(policy, sizeof policy, "permit(principal, action, resource) when { %s };",
		         cases[i].condition);
		enum gh_code code = judge(schema, policy, true, &told);
		if (code != cases[i].code || (told.warning_count == 1) != cases[i].never)
			fail_msg("%s: %s, %zu warnings", cases[i].condition, gh_code_name(code),
			         told.warning_count);
	}
}

/* ---- under strain ---- */

/* Two types of the same 2^200 leaves, which no pointer shows to be equal. */
static void types_that_double_in_two_ways_end_at_the_limit(void **state)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf text = { 0 };
	struct told told;

	gh_buf_add_str(&text, "type A0 = Long; type B0 = Long;");
	for (int i = 0; i < 200; i++)
		gh_buf_addf(&text, "type A%d = { a: A%d, b: A%d }; type B%d = { a: B%d, b: B%d };",
		            i + 1, i, i, i + 1, i, i);
	gh_buf_add_str(&text, "entity U = { a: A200, b: B200 }; action x appliesTo { principal: U, "
	                      "resource: U };");
	assert_code(judge(gh_buf_cstr(&text),
	                  "permit(principal, action, resource) when { principal.a == resource.b };",
	                  true, &told),
	            GH_E_LIMIT);
}

/* Guards beside each other, halved again and again so that the tree stays low. */
static void add_guards(struct gh_buf *out, unsigned from, unsigned count)
{
	if (count == 1) {
		gh_buf_addf(out, "principal has a%u", from);
		return;
	}
	gh_buf_add_str(out, "(");
	add_guards(out, from, count / 2);
	gh_buf_add_str(out, ") && (");
	add_guards(out, from + count / 2, count - count / 2);
	gh_buf_add_str(out, ")");
}

static void build_guards(unsigned count, struct gh_buf *schema, struct gh_buf *policy)
{
	gh_buf_add_str(schema, "entity U = {");
	for (unsigned i = 0; i < count; i++)
		gh_buf_addf(schema, "a%u?: Long,", i);
	gh_buf_add_str(schema, "}; action x appliesTo { principal: U, resource: U };");
	gh_buf_add_str(policy, "permit(principal, action, resource) when { ");
	add_guards(policy, 0, count);
	gh_buf_addf(policy, " && principal.a0 < principal.a%u };", count - 1);
}

static void many_guards_are_known_or_end_at_the_limit(void **state)
{
	static const struct {
		unsigned guards;
		enum gh_code code;
	} cases[] = { { 2, GH_OK }, { 3000, GH_OK }, { 60000, GH_E_LIMIT } };

	for (size_t i = 0; i < GH_ARRAY_LEN(cases); i++) {
		GH_CLEANUP(gh_buf_free) struct gh_buf schema = { 0 };
		GH_CLEANUP(gh_buf_free) struct gh_buf policy = { 0 };
		struct told told;
		build_guards(cases[i].guards, &schema, &policy);
		enum gh_code code = judge(gh_buf_cstr(&schema), gh_buf_cstr(&policy), true, &told);
		if (code != cases[i].code)
			fail_msg("%u guards: %s", cases[i].guards, gh_code_name(code));
	}
}

static void more_kinds_of_requests_than_can_be_looked_at_are_refused_in_words(void **state)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf text = { 0 };
	GH_CLEANUP(gh_buf_free) struct gh_buf all = { 0 };
	struct told told;

	for (int i = 0; i < 1100; i++) {
		gh_buf_addf(&text, "entity E%d;", i);
		gh_buf_addf(&all, "%sE%d", i ? "," : "", i);
	}
	gh_buf_addf(&text, "action x appliesTo { principal: [%s], resource: [%s] };",
	            gh_buf_cstr(&all), gh_buf_cstr(&all));
	assert_code(judge(gh_buf_cstr(&text), "permit(principal, action, resource);", true, &told),
	            GH_E_LIMIT);
	assert_string_equal(gh_last_error()->text,
	                    "the schema allows more than 1000000 kinds of requests");
}

/* Each policy asks all actions about all that it lists. */
static void long_lists_of_actions_end_at_the_limit(void **state)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf schema = { 0 };
	GH_CLEANUP(gh_buf_free) struct gh_buf policy = { 0 };
	struct told told;

	gh_buf_add_str(&schema, "entity U;");
	for (int i = 0; i < 15000; i++)
		gh_buf_addf(&schema, "action a%d appliesTo { principal: U, resource: U };", i);
	gh_buf_add_str(&policy, "permit(principal, action in [Action::\"a0\"");
	for (int i = 1; i < 15000; i++)
		gh_buf_addf(&policy, ",Action::\"a%d\"", i);
	gh_buf_add_str(&policy, "], resource);");
	assert_code(judge(gh_buf_cstr(&schema), gh_buf_cstr(&policy), true, &told), GH_E_LIMIT);
}

static void the_deepest_policy_that_is_parsed_is_validated(void **state)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf policy = { 0 };
	struct told told;

	gh_buf_add_str(&policy, "permit(principal, action, resource) when { true");
	for (int i = 0; i < GH_CEDAR_MAX_DEPTH - 10; i++)
		gh_buf_add_str(&policy, " && principal == resource");
	gh_buf_add_str(&policy, " };");
	assert_ok(judge("entity U; action x appliesTo { principal: U, resource: U };",
	                gh_buf_cstr(&policy), true, &told));
}

static void an_enumeration_of_many_ids_knows_each(void **state)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf schema = { 0 };
	struct told told;

	gh_buf_add_str(&schema, "entity U; entity E enum [");
	for (int i = 0; i < 50000; i++)
		gh_buf_addf(&schema, "%s\"id%d\"", i ? "," : "", i);
	gh_buf_add_str(&schema, "]; action x appliesTo { principal: U, resource: E };");
	assert_ok(judge(gh_buf_cstr(&schema),
	                "permit(principal, action, resource == E::\"id0\");"
	                "permit(principal, action, resource == E::\"id31415\");"
	                "permit(principal, action, resource == E::\"id49999\");",
	                true, &told));
	assert_code(judge(gh_buf_cstr(&schema),
	                  "permit(principal, action, resource == E::\"id50000\");", true, &told),
	            GH_E_DENIED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_policy_that_is_never_true_is_valid_with_a_warning),
		cmocka_unit_test(a_misspelt_name_is_told_with_what_was_meant),
		cmocka_unit_test(a_policy_that_no_action_applies_to_is_a_fault),
		cmocka_unit_test(an_action_may_be_in_one_of_another_namespace),
		cmocka_unit_test(types_that_double_in_two_ways_end_at_the_limit),
		cmocka_unit_test(many_guards_are_known_or_end_at_the_limit),
		cmocka_unit_test(more_kinds_of_requests_than_can_be_looked_at_are_refused_in_words),
		cmocka_unit_test(long_lists_of_actions_end_at_the_limit),
		cmocka_unit_test(the_deepest_policy_that_is_parsed_is_validated),
		cmocka_unit_test(an_enumeration_of_many_ids_knows_each),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
