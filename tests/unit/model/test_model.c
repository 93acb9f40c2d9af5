#include <math.h>
#include <string.h>

#include "base/codec.h"
#include "base/json.h"
#include "../gh_test.h"
#include "model/answer.h"

static struct gh_model_answer answer;

static json_t *ask(const char *method, const char *target, const char *body)
{
	json_t *value = NULL;

	gh_model_answer_free(&answer);
	memset(&answer, 0, sizeof(answer));
	assert_ok(gh_model_answer(gh_slice_str(method), gh_slice_str(target), gh_slice_str(body),
	                          &answer));
	if (!answer.stream)
		assert_ok(gh_json_parse(gh_buf_slice(&answer.body), &value));
	return value;
}

static json_t *chat(const char *body)
{
	return ask("POST", "/v1/chat/completions", body);
}

static const char *content_of(json_t *value)
{
	json_t *choice = json_array_get(json_object_get(value, "choices"), 0);

	return json_string_value(json_object_get(json_object_get(choice, "message"), "content"));
}

static void every_answer_says_that_it_is_a_local_demo_model(void **state)
{
	json_t *value =
	    chat("{\"model\":\"any\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}");

	assert_int_equal(answer.status, 200);
	assert_non_null(strstr(content_of(value), "local demo model"));
	assert_string_equal(json_string_value(json_object_get(value, "model")), "gatehouse-demo");
	json_decref(value);
}

static void the_last_message_is_repeated_and_earlier_ones_are_not(void **state)
{
	json_t *value =
	    chat("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"first\"},"
	         "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"sec\"},"
	         "{\"type\":\"text\",\"text\":\"ond\"}]}]}");

	assert_non_null(strstr(content_of(value), "You said: second"));
	assert_null(strstr(content_of(value), "first"));
	json_decref(value);
}

static void the_same_request_has_the_same_answer_and_id(void **state)
{
	const char *body = "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}";
	json_t *one = chat(body), *two = chat(body);

	json_object_del(one, "created");
	json_object_del(two, "created");
	assert_true(json_equal(one, two));
	json_decref(one);
	json_decref(two);
}

/* Joins the deltas of the streamed answer that ask() left behind. */
static void join_stream(struct gh_buf *text, size_t *with_usage)
{
	size_t at = 0;

	*with_usage = 0;
	for (size_t i = 0; i < answer.part_count; at = answer.part_end[i++]) {
		struct gh_slice part =
		    gh_slice_sub(gh_buf_slice(&answer.body), at, answer.part_end[i] - at);
		json_t *event, *delta;

		assert_true(gh_slice_starts_with(part, GH_SLICE("data: ")));
		assert_memory_equal(part.data + part.len - 2, "\n\n", 2);
		if (i + 1 == answer.part_count) {
			assert_true(gh_slice_eq_str(part, "data: [DONE]\n\n"));
			return;
		}
		assert_ok(gh_json_parse(gh_slice_sub(part, 6, part.len - 8), &event));
		*with_usage += json_is_object(json_object_get(event, "usage"));
		delta =
		    json_object_get(json_array_get(json_object_get(event, "choices"), 0), "delta");
		if (json_object_get(delta, "content"))
			gh_buf_add_str(text, json_string_value(json_object_get(delta, "content")));
		json_decref(event);
	}
	fail_msg("the stream has no end");
}

static void a_stream_says_the_same_word_by_word(void **state)
{
	struct gh_buf text = { 0 };
	size_t with_usage;
	json_t *whole =
	    chat("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"a  b \"}]}");
	char *expected = strdup(content_of(whole));

	json_decref(whole);
	chat("{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"include_usage\":true},"
	     "\"messages\":[{\"role\":\"user\",\"content\":\"a  b \"}]}");
	assert_true(answer.stream);
	assert_true(answer.part_count > 10);
	join_stream(&text, &with_usage);
	assert_string_equal(gh_buf_cstr(&text), expected);
	assert_int_equal(with_usage, 1);
	gh_buf_free(&text);
	free(expected);
}

static void usage_is_not_sent_unless_it_is_asked_for(void **state)
{
	struct gh_buf text = { 0 };
	size_t with_usage;

	chat("{\"model\":\"m\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]"
	     "}");
	join_stream(&text, &with_usage);
	assert_int_equal(with_usage, 0);
	gh_buf_free(&text);
}

static void a_tool_is_called_with_its_required_parameters(void **state)
{
	json_t *value =
	    chat("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"use the tool\"}],"
	         "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":"
	         "{\"properties\":{\"a\":{\"type\":\"string\"},\"n\":{\"type\":\"integer\"}},"
	         "\"required\":[\"a\",\"n\"]}}}]}");
	json_t *choice = json_array_get(json_object_get(value, "choices"), 0), *function,
	       *arguments;

	assert_string_equal(json_string_value(json_object_get(choice, "finish_reason")),
	                    "tool_calls");
	function = json_object_get(
	    json_array_get(json_object_get(json_object_get(choice, "message"), "tool_calls"), 0),
	    "function");
	assert_string_equal(json_string_value(json_object_get(function, "name")), "f");
	assert_ok(gh_json_parse(
	    gh_slice_str(json_string_value(json_object_get(function, "arguments"))), &arguments));
	assert_string_equal(json_string_value(json_object_get(arguments, "a")), "use the tool");
	assert_int_equal(json_integer_value(json_object_get(arguments, "n")), 1);
	json_decref(arguments);
	json_decref(value);
}

static void a_tools_result_is_answered_with_words(void **state)
{
	json_t *value = chat("{\"model\":\"m\",\"tool_choice\":\"required\",\"tools\":[{\"type\":"
	                     "\"function\",\"function\":{\"name\":\"f\"}}],\"messages\":[{\"role\":"
	                     "\"tool\",\"tool_call_id\":\"c\",\"content\":\"42\"}]}");

	assert_non_null(strstr(content_of(value), "You said: 42"));
	json_decref(value);
}

static void personal_data_is_emitted_on_request_only(void **state)
{
	json_t *value = chat("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":"
	                     "\"show some made-up personal data\"}]}");

	assert_non_null(strstr(content_of(value), "4242 4242 4242 4242"));
	assert_non_null(strchr(content_of(value), '@'));
	json_decref(value);
	value = chat("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}");
	assert_null(strchr(content_of(value), '@'));
	json_decref(value);
}

static void embeddings_are_unit_vectors_and_base64_is_the_same_floats(void **state)
{
	json_t *value = ask("POST", "/v1/embeddings",
	                    "{\"model\":\"m\",\"input\":[\"a\",\"b\",\"a\"],\"dimensions\":64}");
	json_t *data = json_object_get(value, "data"), *first, *coded;
	struct gh_buf bytes = { 0 };
	double square = 0;

	first = json_object_get(json_array_get(data, 0), "embedding");
	assert_int_equal(json_array_size(first), 64);
	for (size_t i = 0; i < 64; i++)
		square += pow(json_real_value(json_array_get(first, i)), 2);
	assert_true(fabs(square - 1) < 1e-5);
	assert_true(json_equal(first, json_object_get(json_array_get(data, 2), "embedding")));
	assert_false(json_equal(first, json_object_get(json_array_get(data, 1), "embedding")));

	coded = ask(
	    "POST", "/v1/embeddings",
	    "{\"model\":\"m\",\"input\":\"a\",\"dimensions\":64,\"encoding_format\":\"base64\"}");
	assert_ok(
	    gh_base64_decode(gh_slice_str(json_string_value(json_object_get(
	                         json_array_get(json_object_get(coded, "data"), 0), "embedding"))),
	                     &bytes));
	assert_int_equal(bytes.len, 64 * sizeof(float));
	for (size_t i = 0; i < 64; i++) {
		float component;

		memcpy(&component, bytes.data + i * sizeof(component), sizeof(component));
		assert_true((double)component == json_real_value(json_array_get(first, i)));
	}
	gh_buf_free(&bytes);
	json_decref(coded);
	json_decref(value);
}

static void token_numbers_are_embedded_too(void **state)
{
	json_t *value = ask("POST", "/v1/embeddings", "{\"model\":\"m\",\"input\":[[1,2],[3]]}");

	assert_int_equal(answer.status, 200);
	assert_int_equal(json_array_size(json_object_get(value, "data")), 2);
	json_decref(value);
}

static void what_is_wrong_is_answered_in_openais_form(void **state)
{
	static const struct {
		const char *method, *target, *body;
		int status;
	} rows[] = {
		{ "POST", "/v1/chat/completions", "{", 400 },
		{ "POST", "/v1/chat/completions", "[]", 400 },
		{ "POST", "/v1/chat/completions", "{}", 400 },
		{ "POST", "/v1/chat/completions", "{\"model\":\"m\"}", 400 },
		{ "POST", "/v1/chat/completions", "{\"model\":\"m\",\"messages\":[]}", 400 },
		{ "POST", "/v1/chat/completions", "{\"model\":\"m\",\"messages\":[1]}", 400 },
		{ "POST", "/v1/chat/completions",
		  "{\"model\":\"m\",\"n\":99,\"messages\":[{\"role\":\"user\"}]}", 400 },
		{ "POST", "/v1/completions", "{\"model\":\"m\",\"prompt\":[\"a\",\"b\"]}", 400 },
		{ "POST", "/v1/embeddings", "{\"model\":\"m\",\"input\":[]}", 400 },
		{ "POST", "/v1/embeddings", "{\"model\":\"m\",\"input\":{}}", 400 },
		{ "POST", "/v1/embeddings", "{\"model\":\"m\",\"input\":[\"a\",null]}", 400 },
		{ "POST", "/v1/embeddings", "{\"model\":\"m\",\"input\":\"a\",\"dimensions\":5000}",
		  400 },
		{ "GET", "/v1/chat/completions", "", 405 },
		{ "POST", "/v1/models", "", 405 },
		{ "GET", "/v1/models/other", "", 404 },
		{ "GET", "/", "", 404 },
	};

	for (size_t i = 0; i < GH_ARRAY_LEN(rows); i++) {
		json_t *value = ask(rows[i].method, rows[i].target, rows[i].body);
		json_t *error = json_object_get(value, "error");

		if (answer.status != rows[i].status)
			fail_msg("%s %s gave %d", rows[i].target, rows[i].body, answer.status);
		assert_true(json_is_string(json_object_get(error, "message")));
		assert_true(json_is_string(json_object_get(error, "type")));
		json_decref(value);
	}
}

static void an_echo_too_long_to_stream_is_refused_before_it_begins(void **state)
{
	struct gh_buf body = { 0 };
	json_t *value;

	gh_buf_add_str(&body, "{\"model\":\"m\",\"stream\":true,\"messages\":[{\"role\":\"user\","
	                      "\"content\":\"");
	for (int i = 0; i < GH_MODEL_MAX_PARTS; i++)
		gh_buf_add_str(&body, "a ");
	gh_buf_add_str(&body, "\"}]}");
	value = chat(gh_buf_cstr(&body));
	assert_int_equal(answer.status, 400);
	json_decref(value);
	gh_buf_free(&body);
}

static int leave_nothing(void **state)
{
	gh_model_answer_free(&answer);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_answer_says_that_it_is_a_local_demo_model),
		cmocka_unit_test(the_last_message_is_repeated_and_earlier_ones_are_not),
		cmocka_unit_test(the_same_request_has_the_same_answer_and_id),
		cmocka_unit_test(a_stream_says_the_same_word_by_word),
		cmocka_unit_test(usage_is_not_sent_unless_it_is_asked_for),
		cmocka_unit_test(a_tool_is_called_with_its_required_parameters),
		cmocka_unit_test(a_tools_result_is_answered_with_words),
		cmocka_unit_test(personal_data_is_emitted_on_request_only),
		cmocka_unit_test(embeddings_are_unit_vectors_and_base64_is_the_same_floats),
		cmocka_unit_test(token_numbers_are_embedded_too),
		cmocka_unit_test(what_is_wrong_is_answered_in_openais_form),
		cmocka_unit_test(an_echo_too_long_to_stream_is_refused_before_it_begins),
	};

	return cmocka_run_group_tests(tests, NULL, leave_nothing);
}
