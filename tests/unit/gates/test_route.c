/* What can be asked for: rows of a table, one "{…}" a path, a trailing "*", 404 against 405. */
#include "gates/route.h"

#include "../gh_test.h"

static const struct gh_route table[] = {
	{ .method = "GET", .path = "/v1/models" },
	{ .method = "GET", .path = "/v1/models/{id}" },
	{ .method = "POST", .path = "/v1/keys" },
	{ .method = "GET", .path = "/v1/keys" },
	{ .method = "DELETE", .path = "/v1/keys/{id}" },
	{ .method = "GET", .path = "/v1/keys/{id}/use" },
	{ .method = "GET", .path = "/log/vkey" },
	{ .method = "GET", .path = "/log/*" },
};

static struct gh_route_match find(const char *method, const char *path)
{
	return gh_route_find(table, GH_ARRAY_LEN(table), gh_slice_str(method), gh_slice_str(path));
}

static void expect(const char *method, const char *path, size_t row, const char *parameter)
{
	struct gh_route_match match = find(method, path);

	assert_ptr_equal(match.route, &table[row]);
	assert_true(gh_slice_eq_str(match.parameter, parameter));
}

static void expect_none(const char *method, const char *path, bool path_exists)
{
	struct gh_route_match match = find(method, path);

	assert_null(match.route);
	assert_int_equal(match.path_exists, path_exists);
}

static void a_path_finds_its_row_and_parameter(void **state)
{
	expect("GET", "/v1/models", 0, "");
	expect("GET", "/v1/models/a.b:c", 1, "a.b:c");
	expect("POST", "/v1/keys", 2, "");
	expect("GET", "/v1/keys", 3, "");
	expect("DELETE", "/v1/keys/x", 4, "x");
	expect("GET", "/v1/keys/x/use", 5, "x");
}

static void a_wildcard_takes_the_rest_and_an_earlier_row_wins(void **state)
{
	expect("GET", "/log/tile/0/x001/067", 7, "tile/0/x001/067");
	expect("GET", "/log/vkey", 6, "");
	expect("GET", "/log/vkey2", 7, "vkey2");
	expect_none("GET", "/log/", false);
	expect_none("GET", "/log", false);
}

static void a_parameter_is_one_whole_segment(void **state)
{
	expect_none("GET", "/v1/models/", false);
	expect_none("GET", "/v1/models/a/b", false);
	expect_none("DELETE", "/v1/keys/x/", false);
	expect_none("GET", "/v1/keys//use", false);
}

static void an_escape_is_no_parameter(void **state)
{
	expect_none("GET", "/v1/models/..%2f..%2fadmin", false);
	expect_none("GET", "/v1/models/a%00", false);
	expect_none("GET", "/v1/models/%61", false);
}

static void another_method_is_405_another_path_404(void **state)
{
	expect_none("PUT", "/v1/keys", true);
	expect_none("get", "/v1/keys", true);
	expect_none("GET", "/v1/keys/x", true);
	expect_none("POST", "/log/anything", true);
	expect_none("GET", "/v1/key", false);
	expect_none("GET", "/v1/keysx", false);
	expect_none("GET", "/V1/keys", false);
	expect_none("GET", "/", false);
	expect_none("GET", "*", false);
}

static void expect_methods(const char *path, const char *methods)
{
	struct gh_buf out = { 0 };

	gh_route_methods(table, GH_ARRAY_LEN(table), gh_slice_str(path), &out);
	assert_true(gh_slice_eq_str(gh_buf_slice(&out), methods));
	gh_buf_free(&out);
}

static void the_methods_of_a_path_are_named_once(void **state)
{
	expect_methods("/v1/keys", "POST, GET");
	expect_methods("/v1/keys/x", "DELETE");
	expect_methods("/log/vkey", "GET");
	expect_methods("/nowhere", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_finds_its_row_and_parameter),
		cmocka_unit_test(a_wildcard_takes_the_rest_and_an_earlier_row_wins),
		cmocka_unit_test(a_parameter_is_one_whole_segment),
		cmocka_unit_test(an_escape_is_no_parameter),
		cmocka_unit_test(another_method_is_405_another_path_404),
		cmocka_unit_test(the_methods_of_a_path_are_named_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
