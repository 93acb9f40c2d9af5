/* Writing policies back: parse(format(p)) is p, format is a fixed point, and Cedar JSON carries the
 * same policies. Trees are compared by their JSON. */
#include "policy_test.h"

static const char *const policies[] = {
	"permit(principal, action, resource);",
	"@id(\"a\\\"b\") @empty @x(\"\") forbid(principal in ?principal, action, resource is A::B "
	"in ?resource);",
	"permit(principal is U in T::\"x\\n\\u{202e}\", action in [Action::\"a\", Action::\"b\"], "
	"resource);",
	"permit(principal, action in [], resource) unless { true } when { false };",
	"permit(principal, action, resource) when { 1 - (2 - 3) - 4 * (5 + 6) * -7 == -(8) };",
	"permit(principal, action, resource) when { (a::\"x\" == principal) == (1 < 2) };",
	"permit(principal, action, resource) when { !!!!(!!true) && -(-(---1)) == "
	"----9223372036854775808 };",
	"permit(principal, action, resource) when { (if true then 1 else 2) + (if 1 == 2 then 3 "
	"else 4) == 5 };",
	"permit(principal, action, resource) when { (true || false) && (true && (false || true)) "
	"|| true };",
	"permit(principal, action, resource) when { context has a.b.c };",
	"permit(principal, action, resource) when { context has \"if\" && context[\"a "
	"b\"].c[\"is\"] };",
	"permit(principal, action, resource) when { (-5).a == (5).a && (-5).contains(1) };",
	"permit(principal, action, resource) when { \"a*\" like \"a*\\*\\u{0}\\\\\\\"*\" };",
	"permit(principal, action, resource) when { {a: 1, \"b c\": [], \"in\": {}}.a in "
	"[principal] };",
	"permit(principal, action, resource) when { ip(\"::1\").isInRange(ip(\"::/0\"), 1) || ip() "
	"};",
	"permit(principal, action, resource) when { principal is U in (if true then resource else "
	"action) };",
	"permit(principal, action, resource) when { (principal has a) has b || (1 like \"x\") like "
	"\"y\" };",
	"permit(principal, action, resource) when { principal.hasTag(\"a\") && "
	"principal.getTag(\"a\").isEmpty() };",
	"permit(principal, action, resource) when { "
	"principal.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa && (true || "
	"false) && resource.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb };",
};

static struct gh_buf json_of(const struct gh_cedar_policy_set *set)
{
	struct gh_buf json = { 0 };

	for (size_t i = 0; i < gh_cedar_policy_set_count(set); i++)
		assert_ok(gh_cedar_policy_to_json(gh_cedar_policy_set_at(set, i), &json));
	return json;
}

static void check(const char *text)
{
	struct world first, second;
	struct gh_buf formatted = { 0 }, again = { 0 };

	world_rules(&first, text);
	gh_cedar_format_set(first.set, &formatted);
	world_rules(&second, gh_buf_cstr(&formatted));
	gh_cedar_format_set(second.set, &again);
	struct gh_buf left = json_of(first.set), right = json_of(second.set);
	assert_string_equal(gh_buf_cstr(&left), gh_buf_cstr(&right));
	assert_string_equal(gh_buf_cstr(&formatted), gh_buf_cstr(&again));
	gh_buf_free(&left);
	gh_buf_free(&right);
	gh_buf_free(&formatted);
	gh_buf_free(&again);
	world_close(&first);
	world_close(&second);
}

static void formatted_policies_are_the_same_policies(void **state)
{
	(void)state;
	for (size_t i = 0; i < GH_ARRAY_LEN(policies); i++)
		check(policies[i]);
}

static void a_policy_is_laid_out_one_way(void **state)
{
	struct world world;
	struct gh_buf text = { 0 };

	(void)state;
	world_rules(&world,
	            "@id(\"x\")permit(principal==User::\"a\",action in[Action::\"r\"],resource)"
	            "when{(context.mfa)&&((1+2)<3)}unless{false};");
	gh_cedar_format_set(world.set, &text);
	assert_string_equal(gh_buf_cstr(&text), "@id(\"x\")\n"
	                                        "permit (\n"
	                                        "  principal == User::\"a\",\n"
	                                        "  action in [Action::\"r\"],\n"
	                                        "  resource\n"
	                                        ")\n"
	                                        "when { context.mfa && 1 + 2 < 3 }\n"
	                                        "unless { false };\n");
	gh_buf_free(&text);
	world_close(&world);
}

static void marks_that_turn_text_around_are_written_by_number(void **state)
{
	struct world world;
	struct gh_buf text = { 0 };

	(void)state;
	world_rules(&world, "permit(principal == U::\"\xe2\x80\xae\x1b\", action, resource);");
	gh_cedar_format_set(world.set, &text);
	assert_non_null(strstr(gh_buf_cstr(&text), "U::\"\\u{202e}\\u{1b}\""));
	gh_buf_free(&text);
	world_close(&world);
}

static void a_set_with_templates_and_links_goes_through_json_and_back(void **state)
{
	struct world world, back;
	struct gh_buf json = { 0 }, again = { 0 };

	(void)state;
	world_rules(&world, "permit(principal, action, resource) when { context has a.b };"
	                    "@k(\"v\") forbid(principal == ?principal, action, resource);");
	assert_ok(gh_cedar_policy_set_link(world.set, GH_SLICE("policy1"), GH_SLICE("l\"1"),
	                                   uid_in(world.rules, "User", "x"), NULL));
	assert_ok(gh_cedar_policy_set_to_json(world.set, &json));
	world_rules(&back, "");
	assert_ok(gh_cedar_policy_set_parse_json(back.set, gh_buf_slice(&json), NULL));
	assert_int_equal(gh_cedar_policy_set_count(back.set), 3);
	assert_ok(gh_cedar_policy_set_to_json(back.set, &again));
	assert_string_equal(gh_buf_cstr(&json), gh_buf_cstr(&again));
	gh_buf_free(&json);
	gh_buf_free(&again);
	world_close(&world);
	world_close(&back);
}

static enum gh_code add(const char *json)
{
	struct world world;

	world_rules(&world, "");
	enum gh_code code =
	    gh_cedar_policy_set_add_json(world.set, GH_SLICE("p"), gh_slice_str(json), NULL);
	world_close(&world);
	return code;
}

#define WHEN(body)                                                                                 \
	"{\"effect\":\"permit\",\"principal\":{\"op\":\"All\"},\"action\":{\"op\":\"All\"},"       \
	"\"resource\":{\"op\":\"All\"},\"conditions\":[{\"kind\":\"when\",\"body\":" body "}]}"

static void json_that_is_no_policy_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"[]",
		"{}",
		WHEN("{}"),
		WHEN("true"),
		WHEN("{\"Value\":null}"),
		WHEN("{\"Value\":1.5}"),
		WHEN("{\"Value\":true,\"Var\":\"action\"}"),
		WHEN("{\"Var\":\"user\"}"),
		WHEN("{\"Slot\":\"?principal\"}"),
		WHEN("{\"&&\":{\"left\":{\"Value\":true}}}"),
		WHEN("{\"nope\":[]}"),
		WHEN("{\"isIpv4\":[]}"),
		WHEN("{\"Value\":{\"__extn\":{\"fn\":\"isIpv4\",\"args\":[]}}}"),
		WHEN("{\"has\":{\"left\":{\"Var\":\"context\"},\"attr\":[]}}"),
		WHEN("{\"like\":{\"left\":{\"Var\":\"context\"},\"pattern\":[\"wild\"]}}"),
		WHEN("{\"is\":{\"left\":{\"Var\":\"context\"},\"entity_type\":\"a b\"}}"),
		"{\"effect\":\"permit\",\"principal\":{\"op\":\"==\",\"slot\":\"?resource\"},"
		"\"action\":{"
		"\"op\":\"All\"},\"resource\":{\"op\":\"All\"},\"conditions\":[]}",
		"{\"effect\":\"permit\",\"principal\":{\"op\":\"All\"},\"action\":{\"op\":\"==\","
		"\"entity\":{"
		"\"type\":\"User\",\"id\":\"x\"}},\"resource\":{\"op\":\"All\"},\"conditions\":[]}",
	};

	(void)state;
	assert_ok(add(WHEN("{\"Value\":{\"__extn\":{\"fn\":\"ip\",\"arg\":\"::\"}}}")));
	assert_ok(add(WHEN("{\"has\":{\"left\":{\"Var\":\"context\"},\"attr\":[\"a\",\"b\"]}}")));
	for (size_t i = 0; i < GH_ARRAY_LEN(bad); i++)
		if (add(bad[i]) != GH_E_FORMAT)
			fail_msg("taken: %s", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formatted_policies_are_the_same_policies),
		cmocka_unit_test(a_policy_is_laid_out_one_way),
		cmocka_unit_test(marks_that_turn_text_around_are_written_by_number),
		cmocka_unit_test(a_set_with_templates_and_links_goes_through_json_and_back),
		cmocka_unit_test(json_that_is_no_policy_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
