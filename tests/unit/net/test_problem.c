/* Problem documents: RFC 9457 members, the SDKs' error objects, header fields, pages. */
#include "gh_test.h"

#include <string.h>

#include "base/json.h"
#include "net/problem.h"

static struct gh_uuid some_id(void)
{
	struct gh_uuid id;

	assert_ok(gh_uuid_parse(GH_SLICE("01890a5d-ac96-774b-bcce-b302099a8057"), &id));
	return id;
}

static json_t *document(const struct gh_problem *problem, enum gh_problem_dialect dialect)
{
	struct gh_uuid id = some_id();
	const struct gh_problem_place place = { "https://gw.test", &id, dialect };
	struct gh_buf out = { 0 };
	json_t *json;

	gh_problem_write(problem, &place, &out);
	assert_ok(gh_json_parse(gh_buf_slice(&out), &json));
	gh_buf_free(&out);
	return json;
}

static const char *text_at(const json_t *json, const char *key)
{
	return json_string_value(json_object_get(json, key));
}

static void every_type_has_a_whole_row(void **state)
{
	for (unsigned i = 0; i < GH_PROBLEM_COUNT; i++) {
		const struct gh_problem_info *info = gh_problem_info(i);
		enum gh_problem_type found;
		assert_non_null(info->slug);
		assert_true(info->title && info->detail && info->advice && info->openai_type &&
		            info->openai_code && info->anthropic_type);
		assert_in_range(info->status, 400, 599);
		assert_int_equal(info->status == 401, info->challenge != NULL);
		assert_ok(gh_problem_find(gh_slice_str(info->slug), &found));
		assert_int_equal(found, i);
		/* SDKs retry 409 and 5xx by themselves: a decision must not look like one. */
		if (i == GH_PROBLEM_POLICY_DENIED || i == GH_PROBLEM_PII_BLOCKED ||
		    i == GH_PROBLEM_INSUFFICIENT_CAPABILITY)
			assert_int_equal(info->status, 403);
	}
	enum gh_problem_type none;
	assert_code(gh_problem_find(GH_SLICE("no-such"), &none), GH_E_NOT_FOUND);
	assert_ptr_equal(gh_problem_info(GH_PROBLEM_COUNT), gh_problem_info(GH_PROBLEM_INTERNAL));
}

static void a_plain_document_has_the_members_of_rfc9457(void **state)
{
	const struct gh_problem problem = { .type = GH_PROBLEM_NOT_FOUND, .gate = "tenancy" };
	json_t *json = document(&problem, GH_DIALECT_PLAIN);

	assert_string_equal(text_at(json, "type"), "https://gw.test/problems/not-found");
	assert_string_equal(text_at(json, "title"), "Not found");
	assert_int_equal(json_integer_value(json_object_get(json, "status")), 404);
	assert_string_equal(text_at(json, "detail"), gh_problem_info(GH_PROBLEM_NOT_FOUND)->detail);
	assert_string_equal(text_at(json, "instance"),
	                    "urn:uuid:01890a5d-ac96-774b-bcce-b302099a8057");
	assert_string_equal(text_at(json, "request_id"), "01890a5d-ac96-774b-bcce-b302099a8057");
	assert_string_equal(text_at(json, "gate"), "tenancy");
	assert_null(json_object_get(json, "error"));
	json_decref(json);
}

static void the_openai_dialect_adds_its_error_object(void **state)
{
	const struct gh_problem problem = { .type = GH_PROBLEM_INVALID_API_KEY,
		                            .detail = "a \"quoted\" <text>\n",
		                            .param = "messages" };
	json_t *json = document(&problem, GH_DIALECT_OPENAI);
	const json_t *error = json_object_get(json, "error");

	assert_string_equal(text_at(error, "message"), "a \"quoted\" <text>\n");
	assert_string_equal(text_at(error, "type"), "invalid_request_error");
	assert_string_equal(text_at(error, "code"), "invalid_api_key");
	assert_string_equal(text_at(error, "param"), "messages");
	assert_string_equal(text_at(json, "type"), "https://gw.test/problems/invalid-api-key");
	json_decref(json);
}

static void without_a_param_the_openai_object_says_null(void **state)
{
	const struct gh_problem problem = { .type = GH_PROBLEM_POLICY_DENIED };
	json_t *json = document(&problem, GH_DIALECT_OPENAI);

	assert_true(json_is_null(json_object_get(json_object_get(json, "error"), "param")));
	json_decref(json);
}

static void the_anthropic_dialect_has_type_error(void **state)
{
	const struct gh_problem problem = { .type = GH_PROBLEM_OVERLOADED };
	json_t *json = document(&problem, GH_DIALECT_ANTHROPIC);

	assert_string_equal(text_at(json, "type"), "error");
	assert_string_equal(text_at(json, "type_uri"), "https://gw.test/problems/overloaded");
	assert_string_equal(text_at(json_object_get(json, "error"), "type"), "overloaded_error");
	assert_int_equal(json_integer_value(json_object_get(json, "status")), 503);
	json_decref(json);
}

static const char *field(const struct gh_problem_head *head, const char *name)
{
	for (size_t i = 0; i < head->count; i++)
		if (gh_slice_eq_nocase(head->fields[i].name, gh_slice_str(name)))
			return (const char *)head->fields[i].value.data;
	return NULL;
}

static void header_fields_tell_clients_what_to_do(void **state)
{
	struct gh_uuid id = some_id();
	const struct gh_problem_place place = { "https://gw.test", &id, GH_DIALECT_PLAIN };
	struct gh_problem_head head;

	gh_problem_head(&(struct gh_problem){ .type = GH_PROBLEM_AUDIT_UNAVAILABLE }, &place,
	                &head);
	assert_int_equal(head.status, 503);
	assert_string_equal(field(&head, "x-should-retry"), "false");
	assert_string_equal(field(&head, "content-type"), "application/problem+json");
	assert_string_equal(field(&head, "x-request-id"), "01890a5d-ac96-774b-bcce-b302099a8057");
	gh_problem_head(&(struct gh_problem){ .type = GH_PROBLEM_UNAUTHENTICATED }, &place, &head);
	assert_non_null(strstr(field(&head, "www-authenticate"), "Bearer"));
	assert_null(field(&head, "x-should-retry"));
	gh_problem_head(
	    &(struct gh_problem){ .type = GH_PROBLEM_TOO_MANY_REQUESTS, .retry_after_s = 17 },
	    &place, &head);
	assert_string_equal(field(&head, "retry-after"), "17");
	assert_null(field(&head, "x-should-retry"));
}

static void no_type_needs_more_fields_than_there_is_room_for(void **state)
{
	struct gh_uuid id = some_id();
	const struct gh_problem_place place = { "https://gw.test", &id, GH_DIALECT_PLAIN };
	struct gh_problem_head head;

	for (unsigned i = 0; i < GH_PROBLEM_COUNT; i++) {
		gh_problem_head(&(struct gh_problem){ .type = i, .retry_after_s = UINT32_MAX },
		                &place, &head);
		assert_in_range(head.count, 3, GH_PROBLEM_FIELDS_MAX);
	}
}

static void a_failure_in_a_stream_is_one_line(void **state)
{
	struct gh_uuid id = some_id();
	struct gh_problem_place place = { "https://gw.test", &id, GH_DIALECT_OPENAI };
	struct gh_problem problem = { .type = GH_PROBLEM_UPSTREAM_ERROR, .detail = "two\nlines" };
	struct gh_buf out = { 0 };

	gh_problem_write_stream(&problem, &place, &out);
	assert_null(memchr(out.data, '\n', out.len));
	assert_non_null(strstr(gh_buf_cstr(&out), "{\"error\":{\"message\":\"two\\nlines\""));
	gh_buf_clear(&out);
	place.dialect = GH_DIALECT_ANTHROPIC;
	gh_problem_write_stream(&problem, &place, &out);
	assert_non_null(
	    strstr(gh_buf_cstr(&out), "{\"type\":\"error\",\"error\":{\"type\":\"api_error\""));
	gh_buf_free(&out);
}

static void every_type_has_a_page_and_a_line_in_the_index(void **state)
{
	struct gh_buf index = { 0 }, list = { 0 };

	gh_problem_index(true, &index);
	gh_problem_index(false, &list);
	for (unsigned i = 0; i < GH_PROBLEM_COUNT; i++) {
		struct gh_buf page = { 0 };
		gh_problem_page(i, true, &page);
		assert_non_null(strstr(gh_buf_cstr(&page), gh_problem_info(i)->title));
		assert_non_null(strstr(gh_buf_cstr(&page), "</html>"));
		gh_buf_clear(&page);
		gh_problem_page(i, false, &page);
		assert_non_null(strstr(gh_buf_cstr(&page), gh_problem_info(i)->advice));
		gh_buf_free(&page);
		assert_non_null(strstr(gh_buf_cstr(&index), gh_problem_info(i)->slug));
		assert_non_null(strstr(gh_buf_cstr(&list), gh_problem_info(i)->slug));
	}
	gh_buf_free(&index);
	gh_buf_free(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_has_a_whole_row),
		cmocka_unit_test(a_plain_document_has_the_members_of_rfc9457),
		cmocka_unit_test(the_openai_dialect_adds_its_error_object),
		cmocka_unit_test(without_a_param_the_openai_object_says_null),
		cmocka_unit_test(the_anthropic_dialect_has_type_error),
		cmocka_unit_test(header_fields_tell_clients_what_to_do),
		cmocka_unit_test(no_type_needs_more_fields_than_there_is_room_for),
		cmocka_unit_test(a_failure_in_a_stream_is_one_line),
		cmocka_unit_test(every_type_has_a_page_and_a_line_in_the_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
