/* What differs between two packs: by meaning, in one form, and in words that name what became
 * laxer. */
#include "base/json.h"
#include "pack_made.h"
#include "policy/pack/diff.h"

static json_t *diff_of(struct made before, struct made after)
{
	struct gh_pack *first = made_pack(before), *second = made_pack(after);
	json_t *diff;

	assert_ok(gh_pack_diff(first, second, &diff));
	gh_pack_close(first);
	gh_pack_close(second);
	return diff;
}

static size_t count_of(const json_t *diff, const char *section, const char *list)
{
	return json_array_size(json_object_get(json_object_get(diff, section), list));
}

static const char *text_of(const json_t *diff, const char *section, const char *list, size_t at,
                           const char *member)
{
	return json_string_value(json_object_get(
	    json_array_get(json_object_get(json_object_get(diff, section), list), at), member));
}

static void assert_says(const json_t *diff, const char *words)
{
	struct gh_buf out = { 0 };

	gh_pack_diff_words(diff, &out);
	if (!strstr(gh_buf_cstr(&out), words))
		fail_msg("\"%s\" is not in:\n%s", words, gh_buf_cstr(&out));
	gh_buf_free(&out);
}

static void layout_and_comments_are_no_difference(void **state)
{
	json_t *diff = diff_of(
	    (struct made){ .policies = "@id(\"a\") permit(principal, action, resource)"
	                               " when { principal.level > 3 };" },
	    (struct made){ .policies = "// why\n@id(\"a\")\npermit (\n\tprincipal,\n\taction,\n\t"
	                               "resource\n)\nwhen\n{ principal . level>3 };\n",
	                   .schema = "// the same\n" MADE_SCHEMA,
	                   .roles = " " MADE_ROLES });

	assert_true(gh_pack_diff_is_empty(diff));
	assert_says(diff, "Nothing differs.");
	json_decref(diff);
}

static void policies_are_told_apart_by_their_names(void **state)
{
	static const struct made before = {
		.policies = "@id(\"gone\") permit(principal, action, resource);"
		            "@id(\"stays\") forbid(principal, action, resource);"
		            "@id(\"bends\") permit(principal, action, resource)"
		            " when { context.mfa };"
	};
	static const struct made after = {
		.policies = "@id(\"bends\") permit(principal, action, resource) when { true };"
		            "@id(\"new\") permit(principal, action, resource);"
		            "@id(\"stays\") forbid(principal, action, resource);"
	};
	json_t *diff = diff_of(before, after);

	assert_int_equal(count_of(diff, "policies", "added"), 1);
	assert_string_equal(text_of(diff, "policies", "added", 0, "id"), "new");
	assert_int_equal(count_of(diff, "policies", "removed"), 1);
	assert_string_equal(text_of(diff, "policies", "removed", 0, "id"), "gone");
	assert_int_equal(count_of(diff, "policies", "changed"), 1);
	assert_string_equal(text_of(diff, "policies", "changed", 0, "id"), "bends");
	assert_says(diff, "policy gone removed\n    - @id(\"gone\")\n");
	assert_says(diff, "policy new added\n    + @id(\"new\")\n");
	assert_says(diff, "policy bends changed\n      @id(\"bends\")\n");
	assert_says(diff, "    - when { context.mfa };\n    + when { true };\n");
	json_decref(diff);
}

static void a_demand_that_weakens_is_called_laxer(void **state)
{
	json_t *diff = diff_of(
	    (struct made){ .policies =
	                       "@id(\"a\") @budget_tokens(\"1000\") @retention(\"P30D\")"
	                       " @pii_email(\"strict\") permit(principal, action, resource);" },
	    (struct made){ .policies = "@id(\"a\") @budget_tokens(\"5000\") @retention(\"P2W\")"
	                               " @mfa(\"900\") permit(principal, action, resource);" });
	const json_t *list = json_object_get(
	    json_array_get(json_object_get(json_object_get(diff, "policies"), "changed"), 0),
	    "obligations");

	assert_int_equal(json_array_size(list), 4);
	assert_says(diff, "@budget_tokens: 1000 -> 5000, laxer\n");
	assert_says(diff, "@retention: P30D -> P14D, stricter\n");
	assert_says(diff, "@pii_email: strict -> nothing, laxer\n");
	assert_says(diff, "@mfa: nothing -> 900, stricter\n");
	json_decref(diff);
}

static void facts_and_declarations_are_compared(void **state)
{
	static const struct made before = { .policies = "permit(principal, action, resource);" };
	static const struct made after = {
		.policies = "permit(principal, action, resource);",
		.schema = "entity Role; entity User in [Role] { level: Long, tags?: Set<String> };"
		          "entity Doc { owner: User };"
		          "action read, share appliesTo { principal: [User], resource: [Doc],"
		          " context: { mfa: Bool } };",
		.roles = "[{\"uid\":{\"type\":\"Role\",\"id\":\"chief\"},\"attrs\":{},"
		         "\"parents\":[]},{\"uid\":{\"type\":\"User\",\"id\":\"u\"},"
		         "\"attrs\":{\"level\":1,\"tags\":[\"b\",\"a\"]},"
		         "\"parents\":[{\"type\":\"Role\",\"id\":\"chief\"}]}]"
	};
	json_t *diff = diff_of(before, after);

	assert_int_equal(count_of(diff, "entities", "added"), 2);
	assert_string_equal(text_of(diff, "entities", "added", 1, "text"),
	                    "in [Role::\"chief\"] {\"level\": 1, \"tags\": [\"a\", \"b\"]}");
	assert_int_equal(count_of(diff, "entities", "removed"), 1);
	assert_int_equal(count_of(diff, "types", "changed"), 1);
	assert_string_equal(text_of(diff, "types", "changed", 0, "after"),
	                    "in [] {\"owner\": User}");
	assert_string_equal(text_of(diff, "actions", "added", 0, "name"), "Action::\"share\"");
	assert_string_equal(text_of(diff, "actions", "removed", 0, "name"), "Action::\"write\"");
	assert_says(diff, "entity type Doc changed\n");
	assert_says(diff, "action Action::\"share\" added\n");
	json_decref(diff);
}

static void the_same_packs_give_the_same_bytes(void **state)
{
	static const struct made before = { .policies = "permit(principal, action, resource);" };
	static const struct made after = {
		.policies = "permit(principal, action, resource);",
		.roles = "[{\"uid\":{\"type\":\"User\",\"id\":\"u\"},"
		         "\"attrs\":{\"level\":1,\"tags\":[\"x\",\"y\",\"z\",\"w\"]},"
		         "\"parents\":[{\"type\":\"Role\",\"id\":\"p\"},"
		         "{\"type\":\"Role\",\"id\":\"o\"},{\"type\":\"Role\",\"id\":\"q\"}]}]"
	};
	struct gh_buf first = { 0 };

	/* Every space hashes by a key of its own, so sets lie otherwise each time. */
	for (int i = 0; i < 20; i++) {
		struct gh_buf again = { 0 };
		json_t *diff = diff_of(before, after);
		assert_ok(gh_jcs(diff, &again));
		json_decref(diff);
		if (i == 0)
			gh_buf_add_slice(&first, gh_buf_slice(&again));
		assert_true(gh_slice_eq(gh_buf_slice(&first), gh_buf_slice(&again)));
		gh_buf_free(&again);
	}
	gh_buf_free(&first);
}

static void against_nothing_all_is_added(void **state)
{
	struct gh_pack *pack =
	    made_pack((struct made){ .policies = "permit(principal, action, resource);" });
	json_t *diff;

	assert_ok(gh_pack_diff(NULL, pack, &diff));
	assert_int_equal(count_of(diff, "policies", "added"), 1);
	assert_string_equal(text_of(diff, "policies", "added", 0, "id"), "a0");
	assert_int_equal(count_of(diff, "types", "added"), 3);
	assert_int_equal(count_of(diff, "actions", "added"), 2);
	assert_false(gh_pack_diff_is_empty(diff));
	json_decref(diff);
	gh_pack_close(pack);
}

static void a_rule_of_the_manifest_is_a_difference(void **state)
{
	static const struct made from = { .policies = "permit(principal, action, resource);" };
	struct gh_pack *strict = made_pack(from), *loose = made_pack(from);
	json_t *diff;

	strict->rules.any_error_denies = true;
	assert_ok(gh_pack_diff(strict, loose, &diff));
	assert_false(gh_pack_diff_is_empty(diff));
	assert_says(diff, "strict_errors: true -> false, laxer");
	json_decref(diff);
	gh_pack_close(strict);
	gh_pack_close(loose);
}

/* ---- what a listener hears ---- */

struct heard {
	struct gh_buf faults, trials;
};

static void on_fault(void *user, const struct gh_pack_fault *fault)
{
	struct heard *heard = user;

	gh_buf_addf(&heard->faults, "%.*s:%u:%u %s\n", GH_SLICE_ARG(fault->path), fault->where.line,
	            fault->where.column, fault->where.text);
}

static void on_trial(void *user, const struct gh_pack_trial *trial)
{
	struct heard *heard = user;

	gh_buf_addf(&heard->trials, "%zu %s %s\n", trial->number, trial->passed ? "ok" : "not ok",
	            trial->text);
}

static void every_fault_is_told_where_it_stands(void **state)
{
	struct heard heard = { { 0 }, { 0 } };
	const struct gh_pack_listener listener = { on_fault, on_trial, &heard };
	struct made from = { .policies = "@id(\"a\")\npermit(principal, action, resource)\n"
		                         "when { principal.age > 1 };\n"
		                         "@id(\"b\")\n@retention(\"long\")\n"
		                         "permit(principal, action, resource)\n"
		                         "when { resource has owner && context.mfaa };\n",
		             .roles = "[{\"uid\":1}]" };
	struct gh_tar_member members[4];
	size_t count = made_members(&from, members);
	struct gh_pack_refusal why;
	struct gh_pack *pack;

	assert_code(gh_pack_check(members, count, gh_cedar_checker(), &listener, &pack, &why),
	            GH_E_DENIED);
	assert_null(pack);
	assert_int_equal(why.reason, GH_PACK_POLICY_INVALID);
	assert_non_null(strstr(why.text, "policies/a.cedar:3:"));
	assert_non_null(strstr(gh_buf_cstr(&heard.faults), "policies/a.cedar:3:8 "));
	assert_non_null(strstr(gh_buf_cstr(&heard.faults), "policies/a.cedar:4:1 policy b: "));
	assert_non_null(strstr(gh_buf_cstr(&heard.faults), "entities/roles.json:1:"));
	gh_buf_free(&heard.faults);

	from.policies = "permit(principal, action";
	from.schema = "entity Role";
	count = made_members(&from, members);
	assert_code(gh_pack_check(members, count, gh_cedar_checker(), &listener, &pack, &why),
	            GH_E_DENIED);
	assert_non_null(strstr(gh_buf_cstr(&heard.faults), "schema.cedarschema:1:"));
	assert_non_null(strstr(gh_buf_cstr(&heard.faults), "policies/a.cedar:1:"));
	gh_buf_free(&heard.faults);
}

#define ASK(action, decision, more)                                                                \
	"{\"principal\":{\"type\":\"User\",\"id\":\"u\"},\"action\":{\"type\":\"Action\","         \
	"\"id\":\"" action "\"},\"resource\":{\"type\":\"Doc\",\"id\":\"d\"},"                     \
	"\"context\":{\"mfa\":false},\"decision\":\"" decision "\"" more "}"

#define TRIAL_0 ASK("read", "deny", "")
#define TRIAL_1 ASK("read", "allow", ",\"reason\":[\"x\"]")
#define TRIAL_2 ASK("write", "deny", ",\"errors\":[]")
#define TRIAL_3 ASK("write", "deny", ",\"errors\":[\"e\"]")

static void every_test_is_tried_and_told(void **state)
{
	struct heard heard = { { 0 }, { 0 } };
	const struct gh_pack_listener listener = { on_fault, on_trial, &heard };
	struct made from = {
		.policies = "@id(\"r\") permit(principal, action == Action::\"read\", resource);"
		            "@id(\"e\") permit(principal, action == Action::\"write\", resource)"
		            " when { principal.level > 1 };",
		.tests = "{\"requests\":[" TRIAL_0 "," TRIAL_1 "," TRIAL_2 "," TRIAL_3 "]}",
	};
	struct gh_tar_member members[4];
	size_t count = made_members(&from, members);
	struct gh_pack_refusal why;
	struct gh_pack *pack;

	assert_ok(gh_pack_check(members, count, gh_cedar_checker(), &listener, &pack, &why));
	assert_code(gh_pack_try(pack, members, count, &listener, &why), GH_E_DENIED);
	assert_int_equal(why.reason, GH_PACK_TEST_FAILED);
	assert_int_equal(pack->test_count, 4);
	assert_string_equal(gh_buf_cstr(&heard.trials), "0 not ok expected deny, got allow by r\n"
	                                                "1 not ok other policies decided: r\n"
	                                                "2 not ok other policies erred: 1 of them\n"
	                                                "3 ok \n");
	gh_buf_free(&heard.trials);
	gh_pack_close(pack);
}

static void a_policy_knows_its_file_and_line(void **state)
{
	struct gh_pack *pack = made_pack(
	    (struct made){ .policies = "// one\npermit(principal, action, resource);\n\n"
	                               "@id(\"x\")\nforbid(principal, action,\nresource)"
	                               "when { false };permit(principal, action, resource);" });
	const uint32_t lines[] = { 2, 4, 6 };

	for (size_t i = 0; i < 3; i++) {
		const struct gh_pack_place *place =
		    gh_pack_place(pack, gh_cedar_policy_set_at(pack->set, i));
		assert_string_equal(place->path, "policies/a.cedar");
		assert_int_equal(place->line, lines[i]);
	}
	gh_pack_close(pack);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layout_and_comments_are_no_difference),
		cmocka_unit_test(policies_are_told_apart_by_their_names),
		cmocka_unit_test(a_demand_that_weakens_is_called_laxer),
		cmocka_unit_test(facts_and_declarations_are_compared),
		cmocka_unit_test(the_same_packs_give_the_same_bytes),
		cmocka_unit_test(against_nothing_all_is_added),
		cmocka_unit_test(a_rule_of_the_manifest_is_a_difference),
		cmocka_unit_test(every_fault_is_told_where_it_stands),
		cmocka_unit_test(every_test_is_tried_and_told),
		cmocka_unit_test(a_policy_knows_its_file_and_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
