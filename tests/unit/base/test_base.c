#include "../gh_test.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/json.h"
#include "base/uuid.h"

static void a_buffer_refuses_bytes_beyond_its_limit_and_says_so(void **state)
{
	struct gh_buf buf = { .limit = 4 };

	gh_buf_add_str(&buf, "abcd");
	assert_ok(gh_buf_check(&buf));
	gh_buf_add_str(&buf, "e");
	assert_code(gh_buf_check(&buf), GH_E_LIMIT);
	assert_int_equal(buf.len, 4);
	gh_buf_free(&buf);
}

static void consuming_a_buffer_keeps_the_rest(void **state)
{
	struct gh_buf buf = { 0 };

	gh_buf_add_str(&buf, "hello world");
	gh_buf_consume(&buf, 6);
	assert_string_equal(gh_buf_cstr(&buf), "world");
	gh_buf_consume(&buf, 100);
	assert_int_equal(buf.len, 0);
	gh_buf_free(&buf);
}

static void an_arena_refuses_more_than_its_limit(void **state)
{
	struct gh_arena *arena = gh_arena_new(100);

	assert_non_null(gh_arena_alloc(arena, 60));
	assert_null(gh_arena_alloc(arena, 41));
	assert_non_null(gh_arena_alloc(arena, 40));
	gh_arena_free(arena);
}

static void base64url_has_one_spelling_for_each_value(void **state)
{
	struct gh_buf out = { 0 };

	assert_ok(gh_base64url_decode(GH_SLICE("Zm9v"), &out));
	assert_string_equal(gh_buf_cstr(&out), "foo");
	gh_buf_clear(&out);
	assert_ok(gh_base64url_decode(GH_SLICE("Zg"), &out));
	const char *bad[] = { "Zh", "Zg==", "Z", "Zm9v\n", "Zm+v", "Zm/v", " Zm9v" };
	for (size_t i = 0; i < GH_ARRAY_LEN(bad); i++)
		assert_code(gh_base64url_decode(gh_slice_str(bad[i]), &out), GH_E_FORMAT);
	gh_buf_free(&out);
}

static void base64_round_trips_every_length(void **state)
{
	uint8_t bytes[40];

	for (size_t len = 0; len <= sizeof bytes; len++) {
		struct gh_buf text = { 0 }, back = { 0 };
		for (size_t i = 0; i < len; i++)
			bytes[i] = (uint8_t)(i * 37 + len);
		gh_base64_encode(gh_slice(bytes, len), &text);
		assert_ok(gh_base64_decode(gh_buf_slice(&text), &back));
		assert_int_equal(back.len, len);
		if (len)
			assert_memory_equal(back.data, bytes, len);
		gh_buf_free(&text);
		gh_buf_free(&back);
	}
}

static void a_uuid_is_version_7_and_survives_its_text_form(void **state)
{
	struct gh_uuid uuid = gh_uuid_v7(), back;
	char text[GH_UUID_TEXT_BYTES];

	gh_uuid_format(&uuid, text);
	assert_int_equal(text[14], '7');
	assert_ok(gh_uuid_parse(gh_slice_str(text), &back));
	assert_true(gh_uuid_eq(&uuid, &back));
	assert_code(gh_uuid_parse(GH_SLICE("0190A000-0000-7000-8000-000000000000"), &back),
	            GH_E_FORMAT);
	assert_code(gh_uuid_parse(GH_SLICE("0190a0000000-7000-8000-0000-00000000"), &back),
	            GH_E_FORMAT);
}

static void canonical_json_sorts_keys_by_utf16_and_escapes_as_rfc8785(void **state)
{
	GH_CLEANUP(gh_json_decref_ptr) json_t *value = NULL;
	struct gh_buf out = { 0 };

	/* The key order of RFC 8785 section 3.2.3. */
	assert_ok(gh_json_parse(GH_SLICE("{\"\\u20ac\":1,\"\\r\":2,\"\\ufb33\":3,\"1\":4,"
	                                 "\"\\ud83d\\ude00\":5,\"\\u0080\":6,\"\\u00f6\":7}"),
	                        &value));
	assert_ok(gh_jcs(value, &out));
	assert_string_equal(gh_buf_cstr(&out),
	                    "{\"\\r\":2,\"1\":4,\"\xc2\x80\":6,\"\xc3\xb6\":7,\"\xe2\x82\xac\":1,"
	                    "\"\xf0\x9f\x98\x80\":5,\"\xef\xac\xb3\":3}");
	gh_buf_free(&out);
}

/* Every byte that ends a plain run, at each place of a word of the machine and behind it. */
static void
plain_runs_of_json_end_at_quotes_backslashes_controls_and_bytes_beyond_ascii(void **state)
{
	for (unsigned c = 0; c < 256; c++)
		for (size_t at = 0; at < 19; at++) {
			uint8_t text[19];
			bool plain = c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
			memset(text, ' ', sizeof text);
			text[at] = (uint8_t)c;
			assert_int_equal(gh_json_plain(text, sizeof text),
			                 plain ? sizeof text : at);
		}
}

static void canonical_json_refuses_reals(void **state)
{
	GH_CLEANUP(gh_json_decref_ptr) json_t *value = NULL;
	struct gh_buf out = { 0 };

	assert_ok(gh_json_parse(GH_SLICE("[1.5]"), &value));
	assert_code(gh_jcs(value, &out), GH_E_ARGUMENT);
	gh_buf_free(&out);
}

static void json_with_duplicates_depth_or_trailing_bytes_is_refused(void **state)
{
	const char *bad[] = { "{\"a\":1,\"a\":2}",   "{} {}", "",
		              "{\"a\":\"\\u0000\"}", "\xff",  "[1,]" };
	json_t *value = NULL;
	char deep[200];

	for (size_t i = 0; i < GH_ARRAY_LEN(bad); i++)
		assert_code(gh_json_parse(gh_slice_str(bad[i]), &value), GH_E_FORMAT);
	memset(deep, '[', sizeof deep);
	assert_code(gh_json_parse(GH_SLICE("1\0"), &value), GH_E_FORMAT);
	assert_code(gh_json_parse(GH_SLICE("{}\0{\"a\":1}"), &value), GH_E_FORMAT);
	assert_code(gh_json_parse(gh_slice(deep, sizeof deep), &value), GH_E_LIMIT);
}

static void invalid_utf8_is_written_as_the_replacement_character(void **state)
{
	struct gh_buf out = { 0 };

	gh_json_add_string(&out, GH_SLICE("a\xff\xed\xa0\x80z\x01\""));
	assert_string_equal(gh_buf_cstr(&out),
	                    "\"a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz"
	                    "\\u0001\\\"\"");
	gh_buf_free(&out);
}

static void a_number_with_a_leading_zero_or_sign_is_refused(void **state)
{
	uint64_t value;

	assert_true(gh_slice_to_u64(GH_SLICE("0"), 10, &value));
	assert_true(gh_slice_to_u64(GH_SLICE("18446744073709551615"), UINT64_MAX, &value));
	assert_false(gh_slice_to_u64(GH_SLICE("18446744073709551616"), UINT64_MAX, &value));
	assert_false(gh_slice_to_u64(GH_SLICE("007"), 10, &value));
	assert_false(gh_slice_to_u64(GH_SLICE("+7"), 10, &value));
	assert_false(gh_slice_to_u64(GH_SLICE(""), 10, &value));
	assert_false(gh_slice_to_u64(GH_SLICE("11"), 10, &value));
}

static void times_are_written_as_rfc3339_in_utc(void **state)
{
	char text[GH_TIME_TEXT_BYTES];

	gh_clock_format(1767225600000001, text);
	assert_string_equal(text, "2026-01-01T00:00:00.000001Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_buffer_refuses_bytes_beyond_its_limit_and_says_so),
		cmocka_unit_test(consuming_a_buffer_keeps_the_rest),
		cmocka_unit_test(an_arena_refuses_more_than_its_limit),
		cmocka_unit_test(base64url_has_one_spelling_for_each_value),
		cmocka_unit_test(base64_round_trips_every_length),
		cmocka_unit_test(a_uuid_is_version_7_and_survives_its_text_form),
		cmocka_unit_test(canonical_json_sorts_keys_by_utf16_and_escapes_as_rfc8785),
		cmocka_unit_test(
		    plain_runs_of_json_end_at_quotes_backslashes_controls_and_bytes_beyond_ascii),
		cmocka_unit_test(canonical_json_refuses_reals),
		cmocka_unit_test(json_with_duplicates_depth_or_trailing_bytes_is_refused),
		cmocka_unit_test(invalid_utf8_is_written_as_the_replacement_character),
		cmocka_unit_test(a_number_with_a_leading_zero_or_sign_is_refused),
		cmocka_unit_test(times_are_written_as_rfc3339_in_utc),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
