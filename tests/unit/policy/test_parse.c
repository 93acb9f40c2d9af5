/* What the parser takes and refuses, where it points, and that hostile depth is an error and not a
 * crash. */
#include "policy_test.h"

#include "policy/cedar/lex.h"

static enum gh_code parse(const char *text, struct gh_cedar_diagnostic *why)
{
	struct gh_cedar_space *space = gh_cedar_space_new(NULL, WORLD_LIMIT);
	struct gh_cedar_policy_set *set = gh_cedar_policy_set_new(space);
	enum gh_code code = gh_cedar_policy_set_parse(set, gh_slice_str(text), NULL, false, why);

	gh_cedar_policy_set_free(set);
	gh_cedar_space_free(space);
	return code;
}

static enum gh_code parse_condition(const char *condition)
{
	struct gh_buf text = { 0 };
	struct gh_cedar_diagnostic why;

	gh_buf_addf(&text, "permit(principal,action,resource) when { %s };", condition);
	enum gh_code code = parse(gh_buf_cstr(&text), &why);
	gh_buf_free(&text);
	return code;
}

static void every_form_of_the_grammar_is_accepted(void **state)
{
	static const char *const policies[] = {
		"",
		"// only a comment",
		"permit(principal,action,resource);",
		"permit(principal,action,resource,);",
		"@id(\"x\") @note @if(\"y\") forbid(principal,action,resource);",
		"permit(principal == ?principal, action in [], resource is A in ?resource);",
		"permit(principal == (A::\"x\"), action == N::Action::\"a\", resource is B::C);",
		"permit(principal,action in (([Action::\"a\",])),resource);",
		"permit(principal in A :: \"x\",action,resource) when {true} unless {false};",
		"permit(principal is principal, action, resource is __x);",
	};
	static const char *const conditions[] = {
		"context has a.b.c",
		"context has \"if\"",
		"principal is A::B in resource",
		"-5 + --3 - (-(5)) == 1",
		"!!!!true",
		"- 9223372036854775808 == 1",
		"007 == 7",
		"1.foo",
		"-1.foo",
		"\"a\"[\"b\"]",
		"{a: 1, \"b c\": 2,} == {}",
		"[1, 2,] == []",
		"ip(\"x\", 1, 2)",
		"principal.isIpv4(1, 2, 3)",
		"if a::b::c::\"x\" == principal then 1 else 2 || 3",
		"\"\\u{1_0}\\x41\\0\\n\\r\\t\\\\\\'\\\"\" like \"*\\**\"",
		"true \xc2\xa0 == \xe2\x80\x83 false // end\n",
		"principal has principal && context.action",
		"principal.a * principal.b * 2",
	};

	(void)state;
	for (size_t i = 0; i < GH_ARRAY_LEN(policies); i++)
		assert_ok(parse(policies[i], NULL));
	for (size_t i = 0; i < GH_ARRAY_LEN(conditions); i++)
		assert_ok(parse_condition(conditions[i]));
}

static void what_cedar_refuses_is_refused(void **state)
{
	static const char *const policies[] = {
		"permit(principal,action);",
		"permit(principal,resource,action);",
		"permit(principal,action,resource)",
		"allow(principal,action,resource);",
		"permit(principal == ?resource,action,resource);",
		"permit(principal,action == ?principal,resource);",
		"permit(principal: A,action,resource);",
		"permit(principal in [A::\"x\"],action,resource);",
		"permit(principal,action == [Action::\"a\"],resource);",
		"permit(principal,action == User::\"a\",resource);",
		"permit(principal,action is Action,resource);",
		"permit(principal is A == A::\"x\",action,resource);",
		"permit(principal is (A),action,resource);",
		"permit(principal,action,resource) when {};",
		"permit(principal,action,resource) if {true};",
		"@a(\"1\") @a(\"2\") permit(principal,action,resource);",
		"@a() permit(principal,action,resource);",
		"permit(principal is __cedar,action,resource);",
	};
	static const char *const conditions[] = {
		"context.__cedar",
		"context.is",
		"context has if",
		"{if: 1}",
		"{a: 1, a: 2}",
		"__cedar::A::\"x\" == 1",
		"A::is::\"x\"",
		"1 == 2 == 3",
		"1 < 2 in 3",
		"a::b",
		"foo",
		"foo(1)",
		"isIpv4(ip(\"::\"))",
		"principal.ip()",
		"principal.foo()",
		"principal.contains()",
		"principal.isEmpty(1)",
		"(true)(1)",
		"?principal == 1",
		"9223372036854775808",
		"-(9223372036854775808)",
		"18446744073709551616",
		"!!!!!true",
		"-----1",
		"!-1",
		"-!1",
		"1 / 2",
		"1 % 2",
		"1 = 2",
		"a & b",
		"\"\\*\" == \"a\"",
		"\"\\q\"",
		"\"\\x80\"",
		"\"\\u{d800}\"",
		"\"\\u{110000}\"",
		"\"\\u{_1}\"",
		"\"\\u{}\"",
		"\"a\rb\"",
		"\"open",
		"context has (a)",
		"context has a[\"b\"]",
		"context has \"a\".b",
		"\"x\" like (\"y\")",
		"\"x\" like \"y\" + \"z\"",
		"principal is A::\"x\"",
		"context[a]",
		"[1,,2]",
		"[,1]",
		"true && if true then true else true",
		"ip(,)",
		"#",
		"\xc3\xa9",
	};

	(void)state;
	for (size_t i = 0; i < GH_ARRAY_LEN(policies); i++)
		assert_code(parse(policies[i], NULL), GH_E_FORMAT);
	for (size_t i = 0; i < GH_ARRAY_LEN(conditions); i++)
		if (parse_condition(conditions[i]) != GH_E_FORMAT)
			fail_msg("accepted: %s", conditions[i]);
}

static void an_error_points_at_its_line_and_column(void **state)
{
	static const char text[] = "permit(principal, action, resource)\n"
	                           "when { \"\xc3\xa9\" == principal.has };\n";
	struct gh_cedar_diagnostic why;
	struct gh_buf shown = { 0 };

	(void)state;
	assert_code(parse(text, &why), GH_E_FORMAT);
	assert_int_equal(why.line, 2);
	assert_int_equal(why.column, 25);
	gh_cedar_diagnostic_print(&why, "p.cedar", gh_slice_str(text), &shown);
	assert_string_equal(gh_buf_cstr(&shown),
	                    "p.cedar:2:25: error: `has` is reserved; write it as a quoted string\n"
	                    "    2 | when { \"\xc3\xa9\" == principal.has };\n"
	                    "      |                         ^^^\n");
	gh_buf_free(&shown);
}

static void an_error_never_carries_control_characters(void **state)
{
	static const char text[] = "permit(principal, action, resource) when { \"\\\x1b[31m\" };";
	struct gh_cedar_diagnostic why;
	struct gh_buf shown = { 0 };

	(void)state;
	assert_code(parse(text, &why), GH_E_FORMAT);
	gh_cedar_diagnostic_print(&why, "p", gh_slice_str(text), &shown);
	assert_null(memchr(shown.data, 0x1b, shown.len));
	gh_buf_free(&shown);
}

static void repeat(struct gh_buf *out, const char *text, size_t times)
{
	for (size_t i = 0; i < times; i++)
		gh_buf_add_str(out, text);
}

static enum gh_code nested(const char *open, const char *middle, const char *close, size_t times)
{
	struct gh_buf text = { 0 };

	repeat(&text, open, times);
	gh_buf_add_str(&text, middle);
	repeat(&text, close, times);
	enum gh_code code = parse_condition(gh_buf_cstr(&text));
	gh_buf_free(&text);
	return code;
}

static void depth_beyond_the_limits_is_refused_and_below_is_not(void **state)
{
	static const struct {
		const char *open, *close;
		size_t good, bad;
	} shapes[] = {
		{ "(", ")", 399, 500 },
		{ "[", "]", 399, 100000 },
		{ "{a:", "}", 399, 100000 },
		{ "if ", " then true else true", 399, 100000 },
		{ "true && ", "", 1990, 2100 },
		{ "1 + ", "", 1990, 100000 },
		{ "ip(", ")", 399, 100000 },
		{ "true || (", ")", 399, 100000 },
		{ "principal.contains(", ")", 399, 100000 },
	};

	(void)state;
	for (size_t i = 0; i < GH_ARRAY_LEN(shapes); i++) {
		assert_ok(nested(shapes[i].open, "true", shapes[i].close, shapes[i].good));
		assert_code(nested(shapes[i].open, "true", shapes[i].close, shapes[i].bad),
		            GH_E_LIMIT);
	}
	assert_ok(nested("", "principal", ".a", 1990));
	assert_code(nested("", "principal", ".a", 2100), GH_E_LIMIT);
}

/* Each level doubles what the evaluator would walk. */
static void nested_has_paths_cannot_grow_beyond_the_weight_limit(void **state)
{
	(void)state;
	assert_ok(nested("(if ", "principal", " has a.b then principal else principal)", 10));
	assert_code(nested("(if ", "principal", " has a.b.c then principal else principal)", 60),
	            GH_E_LIMIT);
}

static void text_that_is_not_utf8_is_refused(void **state)
{
	(void)state;
	assert_code(parse("permit(principal, action, resource); // \xc0\x80", NULL), GH_E_FORMAT);
	assert_code(parse("permit(principal, action, resource); // \xed\xa0\x80", NULL),
	            GH_E_FORMAT);
}

static void a_failed_parse_leaves_the_set_unchanged(void **state)
{
	struct world world;
	static const char good[] = "permit(principal,action,resource);";

	(void)state;
	world_rules(&world, good);
	assert_code(gh_cedar_policy_set_parse(world.set, gh_slice_str("permit("), "b", false, NULL),
	            GH_E_FORMAT);
	assert_code(gh_cedar_policy_set_parse(world.set, gh_slice_str(good), NULL, false, NULL),
	            GH_E_CONFLICT);
	assert_int_equal(gh_cedar_policy_set_count(world.set), 1);
	assert_ok(gh_cedar_policy_set_parse(world.set,
	                                    GH_SLICE("@id(\"named\")forbid(principal,"
	                                             "action,resource);"),
	                                    "b", true, NULL));
	assert_non_null(gh_cedar_policy_set_find(world.set, GH_SLICE("named")));
	world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_of_the_grammar_is_accepted),
		cmocka_unit_test(what_cedar_refuses_is_refused),
		cmocka_unit_test(an_error_points_at_its_line_and_column),
		cmocka_unit_test(an_error_never_carries_control_characters),
		cmocka_unit_test(depth_beyond_the_limits_is_refused_and_below_is_not),
		cmocka_unit_test(nested_has_paths_cannot_grow_beyond_the_weight_limit),
		cmocka_unit_test(text_that_is_not_utf8_is_refused),
		cmocka_unit_test(a_failed_parse_leaves_the_set_unchanged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
