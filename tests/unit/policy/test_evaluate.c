/* Expressions and what they give: true, false or an error, as the Lean semantics say. */
#include "policy_test.h"

static const char facts[] =
    "[{\"uid\":{\"type\":\"User\",\"id\":\"ann\"},\"attrs\":{\"n\":5,\"roles\":[\"x\",\"y\"],"
    "\"rec\":{\"a\":{\"b\":1}},\"boss\":{\"__entity\":{\"type\":\"User\",\"id\":\"bob\"}},"
    "\"gone\":{\"__entity\":{\"type\":\"User\",\"id\":\"nobody\"}},"
    "\"ip\":{\"__extn\":{\"fn\":\"ip\",\"arg\":\"10.1.2.3\"}}},"
    "\"parents\":[{\"type\":\"Team\",\"id\":\"t1\"}],\"tags\":{\"k\":7}},"
    "{\"uid\":{\"type\":\"User\",\"id\":\"bob\"},\"attrs\":{},\"parents\":[]},"
    "{\"uid\":{\"type\":\"Team\",\"id\":\"t1\"},\"attrs\":{},\"parents\":[{\"type\":\"Team\","
    "\"id\":"
    "\"top\"}]}]";

static char judge(const char *condition)
{
	struct gh_buf text = { 0 };
	struct world world;

	gh_buf_addf(&text, "permit(principal,action,resource) when { %s };", condition);
	world_open(&world, gh_buf_cstr(&text), facts);
	bool allow = world_ask(&world, "ann", "read", "d", "{\"mfa\":true,\"n\":-3,\"s\":\"a*b\"}");
	char result = world.answer.error_count ? 'E' : allow ? 'T' : 'F';
	world_close(&world);
	gh_buf_free(&text);
	return result;
}

struct line {
	char expected;
	const char *condition;
};

static void check(const struct line *lines, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (judge(lines[i].condition) != lines[i].expected)
			fail_msg("%s gives %c, not %c", lines[i].condition,
			         judge(lines[i].condition), lines[i].expected);
}

static void logic_stops_early_and_wants_booleans_where_it_goes(void **state)
{
	static const struct line lines[] = {
		{ 'F', "false && 1" },
		{ 'E', "true && 1" },
		{ 'T', "true || 1" },
		{ 'E', "false || 1" },
		{ 'E', "1 && true" },
		{ 'E', "1" },
		{ 'T', "!false" },
		{ 'E', "!1" },
		{ 'E', "\"true\"" },
		{ 'T', "if true then true else 1" },
		{ 'E', "if 1 then true else true" },
		{ 'F', "if false then 1 else false" },
	};

	(void)state;
	check(lines, GH_ARRAY_LEN(lines));
}

static void numbers_have_64_bits_and_leaving_them_is_an_error(void **state)
{
	static const struct line lines[] = {
		{ 'T', "9223372036854775807 - 1 < 9223372036854775807" },
		{ 'E', "9223372036854775807 + 1 > 0" },
		{ 'E', "-9223372036854775808 - 1 < 0" },
		{ 'E', "-(-9223372036854775808) > 0" },
		{ 'E', "4294967296 * 4294967296 > 0" },
		{ 'T', "context.n * 2 == -6" },
		{ 'E', "1 + \"a\" == 1" },
		{ 'E', "1 < \"a\"" },
		{ 'E', "decimal(\"1.0\") < decimal(\"2.0\")" },
		{ 'T', "duration(\"1h\") < duration(\"61m\")" },
		{ 'E', "duration(\"1h\") < datetime(\"2024-01-01\")" },
	};

	(void)state;
	check(lines, GH_ARRAY_LEN(lines));
}

static void equality_never_errs(void **state)
{
	static const struct line lines[] = {
		{ 'F', "1 == \"1\"" },
		{ 'T', "1 != true" },
		{ 'T', "[1, 2, 2] == [2, 1]" },
		{ 'F', "[1, [2]] == [1, 2]" },
		{ 'T', "{a: 1, b: [1]} == {b: [1, 1], a: 1}" },
		{ 'F', "{a: 1} == {a: 1, b: 2}" },
		{ 'T', "User::\"x\" == User::\"x\"" },
		{ 'F', "User::\"x\" == Team::\"x\"" },
		{ 'F', "ip(\"10.0.0.1/8\") == ip(\"10.0.0.0/8\")" },
		{ 'T', "ip(\"::1\") == ip(\"0:0:0:0:0:0:0:1/128\")" },
		{ 'T', "decimal(\"1.50\") == decimal(\"1.5\")" },
		{ 'T', "principal != resource" },
	};

	(void)state;
	check(lines, GH_ARRAY_LEN(lines));
}

static void in_walks_ancestors_and_wants_only_entities(void **state)
{
	static const struct line lines[] = {
		{ 'T', "principal in Team::\"top\"" },
		{ 'T', "principal in principal" },
		{ 'F', "principal.boss in Team::\"top\"" },
		{ 'F', "User::\"missing\" in Team::\"top\"" },
		{ 'T', "principal in [User::\"x\", Team::\"t1\"]" },
		{ 'F', "principal in []" },
		{ 'E', "principal in [Team::\"t1\", 1]" },
		{ 'E', "principal in 1" },
		{ 'E', "1 in Team::\"t1\"" },
		{ 'T', "principal is User in Team::\"t1\"" },
		{ 'F', "principal is Team in 1" },
		{ 'E', "principal is User in 1" },
		{ 'E', "1 is User" },
	};

	(void)state;
	check(lines, GH_ARRAY_LEN(lines));
}

static void attributes_and_tags_of_what_is_missing(void **state)
{
	static const struct line lines[] = {
		{ 'F', "principal.gone has n" },
		{ 'E', "principal.gone.n == 1" },
		{ 'E', "principal.zzz == 1" },
		{ 'F', "principal has zzz" },
		{ 'T', "principal has rec.a.b" },
		{ 'E', "principal has n.b" },
		{ 'F', "principal has zzz.b" },
		{ 'E', "1 has a" },
		{ 'T', "principal.hasTag(\"k\")" },
		{ 'F', "principal.hasTag(\"n\")" },
		{ 'F', "principal.gone.hasTag(\"k\")" },
		{ 'E', "principal.gone.getTag(\"k\") == 7" },
		{ 'T', "principal.getTag(\"k\") == 7" },
		{ 'E', "principal.getTag(\"n\") == 7" },
		{ 'E', "principal.hasTag(1)" },
		{ 'E', "{}.hasTag(\"k\")" },
		{ 'T', "{a: 1}.a == 1" },
		{ 'E', "{a: 1}.b == 1" },
	};

	(void)state;
	check(lines, GH_ARRAY_LEN(lines));
}

static void sets_answer_and_refuse(void **state)
{
	static const struct line lines[] = {
		{ 'T', "principal.roles.contains(\"x\")" },
		{ 'F', "principal.roles.contains(1)" },
		{ 'T', "principal.roles.containsAll([\"x\"])" },
		{ 'T', "principal.roles.containsAll([])" },
		{ 'F', "principal.roles.containsAny([])" },
		{ 'T', "principal.roles.containsAny([\"z\", \"y\"])" },
		{ 'E', "principal.roles.containsAny(\"y\")" },
		{ 'E', "\"x\".contains(\"x\")" },
		{ 'T', "[].isEmpty()" },
		{ 'E', "{}.isEmpty()" },
		{ 'T', "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,1].contains(19)" },
		{ 'F', "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,1].contains([19])" },
		{ 'T', "[principal.n, 1, context.n].contains(-3)" },
	};

	(void)state;
	check(lines, GH_ARRAY_LEN(lines));
}

static void patterns_match_characters_and_stars(void **state)
{
	static const struct line lines[] = {
		{ 'T', "\"\" like \"*\"" },
		{ 'F', "\"\" like \"?\"" },
		{ 'T', "\"abcabd\" like \"*ab?\" || \"abcabd\" like \"*abd\"" },
		{ 'T', "context.s like \"a\\*b\"" },
		{ 'F', "\"axb\" like \"a\\*b\"" },
		{ 'T', "\"axxb\" like \"a**b\"" },
		{ 'F', "\"ab\" like \"b*\"" },
		{ 'T', "\"\xc3\xa9\xc3\xa8\" like \"*\xc3\xa8\"" },
		{ 'F', "\"\xc3\xa9\" like \"\xc3\xa8\"" },
		{ 'E', "1 like \"1\"" },
	};

	(void)state;
	check(lines, GH_ARRAY_LEN(lines));
}

static void extensions_keep_their_exact_rules(void **state)
{
	static const struct line lines[] = {
		{ 'T', "principal.ip.isInRange(ip(\"10.0.0.0/8\"))" },
		{ 'F', "ip(\"10.0.0.0/7\").isInRange(ip(\"10.0.0.0/8\"))" },
		{ 'F', "ip(\"::1\").isInRange(ip(\"0.0.0.0/0\"))" },
		{ 'E', "ip(\"010.0.0.1\").isIpv4()" },
		{ 'E', "ip(\"::ffff:1.2.3.4\").isIpv6()" },
		{ 'E', "ip(\"10.0.0.1/33\").isIpv4()" },
		{ 'E', "ip(\"1::2::3\").isIpv6()" },
		{ 'F', "ip(\"127.0.0.0/7\").isLoopback()" },
		{ 'T', "ip(\"ff02::1\").isMulticast()" },
		{ 'E', "ip(\"::\", \"::\").isIpv6()" },
		{ 'E', "ip(\"::\").isIpv6(1)" },
		{ 'E', "ip(1).isIpv6()" },
		{ 'E', "decimal(\"1.23456\") == decimal(\"0.0\")" },
		{ 'E', "decimal(\"922337203685477.5808\").lessThan(decimal(\"0.0\"))" },
		{ 'T', "decimal(\"-922337203685477.5808\").lessThan(decimal(\"-922337203685477."
		       "5807\"))" },
		{ 'T', "datetime(\"2024-02-29\") < "
		       "datetime(\"2024-03-01T00:00:00+2359\").offset(duration(\"1d\"))" },
		{ 'E', "datetime(\"2023-02-29\") == 1" },
		{ 'E', "datetime(\"2024-01-01T23:59:60Z\") == 1" },
		{ 'T',
		  "datetime(\"1969-12-31T23:59:59.999Z\").toDate() == datetime(\"1969-12-31\")" },
		{ 'T', "datetime(\"1969-12-31T23:59:59.999Z\").toTime() == "
		       "duration(\"23h59m59s999ms\")" },
		{ 'T', "datetime(\"0000-03-01\").durationSince(datetime(\"0000-02-28\")).toDays() "
		       "== 2" },
		{ 'E', "duration(\"1m1h\") == 1" },
		{ 'T',
		  "duration(\"-9223372036854775808ms\").toMilliseconds() == -9223372036854775808" },
		{ 'E', "duration(\"9223372036854775808ms\") == 1" },
		{ 'T', "duration(\"-90m\").toHours() == -1" },
		{ 'E', "datetime(\"1970-01-01\").offset(duration(\"-9223372036854775808ms\"))."
		       "toDate() == 1" },
	};

	(void)state;
	check(lines, GH_ARRAY_LEN(lines));
}

static void an_evaluation_beyond_the_scratch_is_an_error_of_its_policy(void **state)
{
	struct world world;
	struct gh_buf text = { 0 };

	(void)state;
	gh_buf_add_str(&text, "permit(principal,action,resource) when { [context.n");
	for (int i = 0; i < 3000; i++)
		gh_buf_addf(&text, ",context.n + %d", i);
	gh_buf_add_str(&text, "].contains(1) }; permit(principal,action,resource);");
	world_open(&world, gh_buf_cstr(&text), "[]");
	gh_buf_free(&text);
	gh_cedar_scratch_free(world.scratch);
	world.scratch = gh_cedar_scratch_new(1000);
	assert_true(world_ask(&world, "ann", "read", "d", "{\"n\":1}"));
	assert_int_equal(world.answer.error_count, 1);
	assert_int_equal(world.answer.errors[0].fault, GH_CEDAR_FAULT_LIMIT);
	world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(logic_stops_early_and_wants_booleans_where_it_goes),
		cmocka_unit_test(numbers_have_64_bits_and_leaving_them_is_an_error),
		cmocka_unit_test(equality_never_errs),
		cmocka_unit_test(in_walks_ancestors_and_wants_only_entities),
		cmocka_unit_test(attributes_and_tags_of_what_is_missing),
		cmocka_unit_test(sets_answer_and_refuse),
		cmocka_unit_test(patterns_match_characters_and_stars),
		cmocka_unit_test(extensions_keep_their_exact_rules),
		cmocka_unit_test(an_evaluation_beyond_the_scratch_is_an_error_of_its_policy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
