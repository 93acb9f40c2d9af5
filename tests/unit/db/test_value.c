/* What needs no server: error meanings, version floors, and the binary form of arrays. */
#include "../gh_test.h"

#include <string.h>

#include "base/codec.h"
#include "db/connection.h"

static void sqlstates_map_to_the_codes_of_the_contract(void **state)
{
	static const struct {
		const char *sqlstate;
		enum gh_code code;
	} expected[] = {
		{ "23505", GH_E_CONFLICT },    { "23P01", GH_E_CONFLICT },
		{ "23503", GH_E_NOT_FOUND },   { "23502", GH_E_FORMAT },
		{ "22P02", GH_E_FORMAT },      { "22021", GH_E_FORMAT },
		{ "42501", GH_E_DENIED },      { "28P01", GH_E_DENIED },
		{ "40001", GH_E_CONFLICT },    { "40P01", GH_E_CONFLICT },
		{ "40003", GH_E_IN_DOUBT },    { "55P03", GH_E_CONFLICT },
		{ "25006", GH_E_UNAVAILABLE }, { "57014", GH_E_LIMIT },
		{ "57P01", GH_E_UNAVAILABLE }, { "53100", GH_E_UNAVAILABLE },
		{ "53300", GH_E_UNAVAILABLE }, { "08006", GH_E_UNAVAILABLE },
		{ "54000", GH_E_LIMIT },       { "XX001", GH_E_CORRUPT },
		{ "42601", GH_E_INTERNAL },    { "42P01", GH_E_INTERNAL },
		{ "XX000", GH_E_INTERNAL },    { "", GH_E_INTERNAL },
	};

	for (size_t i = 0; i < GH_ARRAY_LEN(expected); i++)
		assert_int_equal(gh_db_code_of(expected[i].sqlstate), expected[i].code);
}

static void servers_below_the_security_floor_of_their_major_are_known(void **state)
{
	assert_false(gh_db_server_is_current(140099));
	assert_false(gh_db_server_is_current(150017));
	assert_true(gh_db_server_is_current(150018));
	assert_false(gh_db_server_is_current(160013));
	assert_true(gh_db_server_is_current(160014));
	assert_false(gh_db_server_is_current(170009));
	assert_true(gh_db_server_is_current(180004));
	assert_true(gh_db_server_is_current(190000));
	assert_false(gh_db_server_is_current(0));
}

static void an_array_has_the_binary_form_of_postgresql(void **state)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf array = { 0 };
	char text[129];

	gh_db_array_begin(&array, GH_DB_BYTEA, 2);
	gh_db_array_add(&array, GH_SLICE("\x01\x02"));
	gh_db_array_add_null(&array);
	gh_hex_encode(gh_buf_slice(&array), text);
	assert_string_equal(text, "00000001"
	                          "00000001"
	                          "00000011"
	                          "00000002"
	                          "00000001"
	                          "00000002"
	                          "0102"
	                          "ffffffff");
	assert_int_equal(gh_db_array(&array, GH_DB_BYTEA).oid, 1001);

	gh_db_array_begin(&array, GH_DB_UUID, 0);
	gh_hex_encode(gh_buf_slice(&array), text);
	assert_string_equal(text, "00000000"
	                          "00000000"
	                          "00000b86");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sqlstates_map_to_the_codes_of_the_contract),
		cmocka_unit_test(servers_below_the_security_floor_of_their_major_are_known),
		cmocka_unit_test(an_array_has_the_binary_form_of_postgresql),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
