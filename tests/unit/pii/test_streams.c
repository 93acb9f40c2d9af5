#include "pii_rig.h"

#include <openssl/evp.h>

static const char *const texts[] = {
	"Hello there, nothing to see here.",
	"Mail ada.lovelace@example.com today, please.",
	"Pay with 4111 1111 1111 1111 before noon; ref 42.",
	"Call +1 (415) 555-0132 or +44 20 7946 0958 now.",
	"IBAN GB29 NWBK 6016 1331 9268 19 is the account. Thanks!",
	"Key: sk-proj-abcDEF1234567890abcDEF1234567890abcDEF12 end",
	"-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSj\n-----END PRIVATE "
	"KEY-----\nand more text",
	"caf\xc3\xa9 \xe4\xbd\xa0\xe5\xa5\xbd ada@example.com \xf0\x9f\x98\x80 fin",
	"\xe9\x80\xa3\xe7\xb5\xa1\xe5\x85\x88 ada@example.com \xe3\x81\xa7\xe3\x81\x99\xe3\x80\x82",
	"password: hunter2horse and ssn 536-90-4399 and more",
	"see YWRhLmxvdmVsYWNlQGV4YW1wbGUuY29t or ada%2Elovelace%40example.com here",
	"key399\xf0\x9d\x9f\x9c\xf0\x9d\x9f\x99\xf0\x9d\x9f\x99",
	"H\xec fingerprint \xe2\x82 \xf0\x9f 1 \xf0\x9f\x98",
	"1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20",
};

/* The output of a stream that was fed in pieces cut at the given places; the caller frees. */
static char *streamed(const char *text, size_t cut1, size_t cut2)
{
	struct gh_pii_text_stream *stream;
	struct gh_buf out = { 0 };
	struct rig rig;
	size_t len = strlen(text);

	rig_open(&rig, GH_PII_REVERSIBLE);
	assert_ok(gh_pii_text_stream_open(rig.session, GH_PII_PROMPT, &stream));
	assert_ok(gh_pii_text_stream_feed(stream, gh_slice(text, cut1), &out));
	assert_ok(gh_pii_text_stream_feed(stream, gh_slice(text + cut1, cut2 - cut1), &out));
	assert_ok(gh_pii_text_stream_feed(stream, gh_slice(text + cut2, len - cut2), &out));
	assert_ok(gh_pii_text_stream_flush(stream, &out));
	assert_int_equal(gh_pii_text_stream_held(stream), 0);
	char *copy = strdup(gh_buf_cstr(&out));
	gh_buf_free(&out);
	gh_pii_text_stream_close(stream);
	rig_close(&rig);
	return copy;
}

/* Reversible tokens put back on the way out would hide a leak: they are compared before that. */
static void the_output_is_the_same_for_every_cut(void **state)
{
	for (size_t i = 0; i < GH_ARRAY_LEN(texts); i++) {
		size_t len = strlen(texts[i]);
		char *whole = streamed(texts[i], 0, len);
		for (size_t cut = 0; cut <= len; cut++) {
			char *other = streamed(texts[i], cut, cut + (len - cut) / 2);
			if (strcmp(whole, other) != 0)
				fail_msg("cut at %zu:\n%s\n%s", cut, whole, other);
			free(other);
		}
		free(whole);
	}
}

static void byte_by_byte_is_the_same_too_and_leaks_nothing(void **state)
{
	for (size_t i = 0; i < GH_ARRAY_LEN(texts); i++) {
		struct gh_pii_text_stream *stream;
		struct gh_buf out = { 0 };
		struct rig rig;

		rig_open(&rig, GH_PII_STRICT);
		assert_ok(gh_pii_text_stream_open(rig.session, GH_PII_OUTPUT, &stream));
		for (const char *at = texts[i]; *at; at++)
			assert_ok(gh_pii_text_stream_feed(stream, gh_slice(at, 1), &out));
		assert_ok(gh_pii_text_stream_flush(stream, &out));
		static const char *const never[] = { "ada@",   "lovelace", "4111",   "555-0132",
			                             "NWBK",   "sk-proj-", "MIIEvQ", "hunter2",
			                             "536-90", "YWRhLm",   "%40exam" };
		for (size_t n = 0; n < GH_ARRAY_LEN(never); n++)
			if (strstr(gh_buf_cstr(&out), never[n]))
				fail_msg("%s leaked: %s", never[n], gh_buf_cstr(&out));
		gh_buf_free(&out);
		gh_pii_text_stream_close(stream);
		rig_close(&rig);
	}
}

static void plain_words_leave_at_once(void **state)
{
	const char *text = "It was the best of times and it was the worst of times ";
	struct gh_pii_text_stream *stream;
	struct gh_buf out = { 0 };
	struct rig rig;

	rig_open(&rig, GH_PII_STRICT);
	rig.policy.mode[GH_PII_NAME][GH_PII_OUTPUT] = GH_PII_FLAG;
	rig.policy.mode[GH_PII_ADDRESS][GH_PII_OUTPUT] = GH_PII_FLAG;
	assert_ok(gh_pii_text_stream_open(rig.session, GH_PII_OUTPUT, &stream));
	for (const char *at = text; *at; at++) {
		assert_ok(gh_pii_text_stream_feed(stream, gh_slice(at, 1), &out));
		assert_true(gh_pii_text_stream_held(stream) <= 6);
	}
	assert_string_equal(gh_buf_cstr(&out), text);
	gh_buf_free(&out);
	gh_pii_text_stream_close(stream);
	rig_close(&rig);
}

static void a_name_of_some_words_is_one_token_where_names_are_replaced(void **state)
{
	static const char text[] =
	    "Then Ada Lovelace wrote to Charles Babbage, and it was the best of letters.";
	struct gh_buf whole = { 0 }, pieces = { 0 };
	struct gh_pii_text_stream *stream;
	size_t most = 0;
	bool changed;
	struct rig rig;

	rig_open(&rig, GH_PII_REVERSIBLE);
	assert_ok(gh_pii_session_rewrite(rig.session, GH_PII_OUTPUT, gh_slice(NULL, 0),
	                                 gh_slice_str(text), 0, strlen(text), &whole, &changed));
	assert_null(strstr(gh_buf_cstr(&whole), "Lovelace"));
	assert_null(strstr(gh_buf_cstr(&whole), "Babbage"));
	assert_ok(gh_pii_text_stream_open(rig.session, GH_PII_OUTPUT, &stream));
	for (const char *at = text; *at; at++) {
		assert_ok(gh_pii_text_stream_feed(stream, gh_slice(at, 1), &pieces));
		size_t held = gh_pii_text_stream_held(stream);
		most = held > most ? held : most;
	}
	assert_ok(gh_pii_text_stream_flush(stream, &pieces));
	assert_string_equal(gh_buf_cstr(&pieces), gh_buf_cstr(&whole));
	assert_true(most <= 64 + 24);
	gh_buf_free(&whole);
	gh_buf_free(&pieces);
	gh_pii_text_stream_close(stream);
	rig_close(&rig);
}

static void an_endless_word_is_held_within_bounds(void **state)
{
	struct gh_pii_text_stream *stream;
	struct gh_buf out = { 0 };
	struct rig rig;
	char block[512];

	memset(block, '7', sizeof block);
	rig_open(&rig, GH_PII_STRICT);
	assert_ok(gh_pii_text_stream_open(rig.session, GH_PII_OUTPUT, &stream));
	for (int i = 0; i < 400; i++) {
		assert_ok(gh_pii_text_stream_feed(stream, gh_slice(block, sizeof block), &out));
		assert_true(gh_pii_text_stream_held(stream) <= 32768);
	}
	assert_ok(gh_pii_text_stream_flush(stream, &out));
	assert_int_equal(out.len, 400 * sizeof block);
	gh_buf_free(&out);
	gh_pii_text_stream_close(stream);
	rig_close(&rig);
}

/* An address in the middle of much encoded text is found wherever the pieces are cut. */
static void a_long_encoded_run_is_held_together(void **state)
{
	struct gh_buf plain = { 0 }, whole = { 0 };
	char encoded[16384];

	for (int i = 0; i < 40; i++)
		gh_buf_addf(&plain, "line %d of a letter that says nothing of interest; ", i);
	gh_buf_addf(&plain, "write to ada.lovelace@example.com soon");
	EVP_EncodeBlock((unsigned char *)encoded, plain.data, (int)plain.len);
	size_t len = strlen(encoded);
	for (size_t step = 1; step < 1000; step = step * 3 + 1) {
		struct gh_pii_text_stream *stream;
		struct gh_buf out = { 0 };
		struct rig rig;
		rig_open(&rig, GH_PII_REVERSIBLE);
		assert_ok(gh_pii_text_stream_open(rig.session, GH_PII_PROMPT, &stream));
		for (size_t at = 0; at < len; at += step)
			assert_ok(gh_pii_text_stream_feed(
			    stream, gh_slice(encoded + at, len - at < step ? len - at : step),
			    &out));
		assert_ok(gh_pii_text_stream_flush(stream, &out));
		assert_null(strstr(gh_buf_cstr(&out), encoded + len - 56));
		if (whole.len == 0)
			gh_buf_add_slice(&whole, gh_buf_slice(&out));
		assert_string_equal(gh_buf_cstr(&out), gh_buf_cstr(&whole));
		gh_buf_free(&out);
		gh_pii_text_stream_close(stream);
		rig_close(&rig);
	}
	gh_buf_free(&plain);
	gh_buf_free(&whole);
}

/* ---- events ---- */

#define HEAD                                                                                       \
	"{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"x\":[" \
	"1.0],"

static void chunk(struct gh_buf *out, const char *content, const char *finish)
{
	gh_buf_clear(out);
	gh_buf_add_str(out, HEAD "\"choices\":[{\"index\":0,\"delta\":{");
	if (content) {
		gh_buf_add_str(out, "\"content\":");
		gh_json_add_string(out, gh_slice_str(content));
	}
	gh_buf_addf(out, "},\"finish_reason\":%s}]}", finish);
}

/* All delta.content of the events in `events`, in order; fails when text comes behind a finish. */
static char *content_of(const char *events)
{
	struct gh_buf text = { 0 };
	bool finished = false;

	for (const char *at = events; (at = strstr(at, "data: ")) != NULL;) {
		const char *end = strstr(at, "\n\n");
		GH_CLEANUP(gh_json_decref_ptr) json_t *event = NULL;
		assert_non_null(end);
		assert_ok(gh_json_parse(gh_slice(at + 6, (size_t)(end - at - 6)), &event));
		const json_t *choice = json_array_get(json_object_get(event, "choices"), 0);
		const json_t *content =
		    json_object_get(json_object_get(choice, "delta"), "content");
		if (json_is_string(content)) {
			assert_true(!finished || json_string_length(content) == 0);
			gh_buf_add(&text, json_string_value(content), json_string_length(content));
		}
		finished = finished || json_is_string(json_object_get(choice, "finish_reason"));
		at = end;
	}
	char *copy = strdup(gh_buf_cstr(&text));
	gh_buf_free(&text);
	return copy;
}

static char *chat(const char *const *pieces, size_t count, bool finish_with_content)
{
	struct gh_pii_chat_stream *stream;
	struct gh_buf events = { 0 }, event = { 0 };
	struct rig rig;

	rig_open(&rig, GH_PII_REVERSIBLE);
	assert_ok(gh_pii_chat_stream_open(rig.session, &stream));
	for (size_t i = 0; i < count; i++) {
		bool last = finish_with_content && i + 1 == count;
		chunk(&event, pieces[i], last ? "\"stop\"" : "null");
		assert_ok(gh_pii_chat_stream_event(stream, gh_buf_slice(&event), &events));
	}
	if (!finish_with_content) {
		chunk(&event, NULL, "\"stop\"");
		assert_ok(gh_pii_chat_stream_event(stream, gh_buf_slice(&event), &events));
	}
	assert_ok(gh_pii_chat_stream_flush(stream, &events));
	assert_non_null(strstr(gh_buf_cstr(&events), "\"x\":[1.0]"));
	char *text = content_of(gh_buf_cstr(&events));
	gh_buf_free(&events);
	gh_buf_free(&event);
	gh_pii_chat_stream_close(stream);
	rig_close(&rig);
	return text;
}

static void held_text_comes_before_the_finish_whatever_carries_it(void **state)
{
	const char *const pieces[] = { "Pay wi", "th 4111 1111 11", "11 1111", " and 77" };

	char *apart = chat(pieces, GH_ARRAY_LEN(pieces), false);
	char *together = chat(pieces, GH_ARRAY_LEN(pieces), true);
	assert_null(strstr(apart, "4111"));
	assert_string_equal(apart, together);
	assert_memory_equal(apart, "Pay with [", 10);
	assert_non_null(strstr(apart, " and 77"));
	free(apart);
	free(together);
}

static void tokens_of_the_request_come_back_as_values_in_any_cut(void **state)
{
	for (size_t cut = 1; cut < 28; cut++) {
		struct gh_pii_chat_stream *stream;
		struct gh_buf events = { 0 }, event = { 0 };
		char first[64] = { 0 }, *prompt, *text;
		struct rig rig;

		rig_open(&rig, GH_PII_REVERSIBLE);
		prompt = rig_rewrite(&rig, "ada@example.com");
		assert_true(strlen(prompt) > cut);
		memcpy(first, prompt, cut);
		assert_ok(gh_pii_chat_stream_open(rig.session, &stream));
		chunk(&event, first, "null");
		assert_ok(gh_pii_chat_stream_event(stream, gh_buf_slice(&event), &events));
		chunk(&event, prompt + cut, "\"stop\"");
		assert_ok(gh_pii_chat_stream_event(stream, gh_buf_slice(&event), &events));
		text = content_of(gh_buf_cstr(&events));
		assert_string_equal(text, "ada@example.com");
		free(text);
		free(prompt);
		gh_buf_free(&events);
		gh_buf_free(&event);
		gh_pii_chat_stream_close(stream);
		rig_close(&rig);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_output_is_the_same_for_every_cut),
		cmocka_unit_test(byte_by_byte_is_the_same_too_and_leaks_nothing),
		cmocka_unit_test(plain_words_leave_at_once),
		cmocka_unit_test(a_name_of_some_words_is_one_token_where_names_are_replaced),
		cmocka_unit_test(an_endless_word_is_held_within_bounds),
		cmocka_unit_test(a_long_encoded_run_is_held_together),
		cmocka_unit_test(held_text_comes_before_the_finish_whatever_carries_it),
		cmocka_unit_test(tokens_of_the_request_come_back_as_values_in_any_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
