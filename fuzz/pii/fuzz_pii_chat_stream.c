/* A streamed completion: every choice's text is the same however it was cut into events, what comes
 * out are whole events of JSON, and nothing of a choice follows its finish. The first byte picks
 * the kind: 0 the rest is one event as it stands; else eight bytes of cuts and a text. */
#include "fuzz_pii.h"

#include "base/json.h"
#include "pii/chat_stream.h"

#define CUT_BYTES 8
#define CHOICES   2

struct texts {
	struct gh_buf of[CHOICES];
	bool finished[CHOICES];
};

/* Reads the events back. Deltas of content only: what this target sends. */
static void read_events(struct gh_slice events, struct texts *out)
{
	while (events.len > 0) {
		GH_CLEANUP(gh_json_decref_ptr) json_t *event = NULL;
		const uint8_t *end = memmem(events.data, events.len, "\n\n", 2);
		CHECK(end && gh_slice_starts_with(events, GH_SLICE("data: ")));
		size_t len = (size_t)(end - events.data);
		OK(gh_json_parse(gh_slice(events.data + 6, len - 6), &event));
		const json_t *choice = json_array_get(json_object_get(event, "choices"), 0);
		json_int_t index = json_integer_value(json_object_get(choice, "index"));
		const json_t *content =
		    json_object_get(json_object_get(choice, "delta"), "content");
		CHECK(index >= 0 && index < CHOICES);
		CHECK(!out->finished[index] || json_string_length(content) == 0);
		if (json_is_string(content))
			gh_buf_add(&out->of[index], json_string_value(content),
			           json_string_length(content));
		out->finished[index] = out->finished[index] ||
		                       json_is_string(json_object_get(choice, "finish_reason"));
		events = gh_slice_sub(events, len + 2, events.len);
	}
}

static void send(struct gh_pii_chat_stream *stream, int choice, struct gh_slice piece,
                 const char *finish, struct gh_buf *out)
{
	struct gh_buf event = { 0 };

	gh_buf_addf(&event,
	            "{\"id\":\"c\",\"choices\":[{\"index\":%d,\"delta\":{\"content\":", choice);
	gh_json_add_string(&event, piece);
	gh_buf_addf(&event, "},\"finish_reason\":%s}]}", finish);
	OK(gh_pii_chat_stream_event(stream, gh_buf_slice(&event), out));
	gh_buf_free(&event);
}

/* Both choices say the same, cut differently. */
static void chat(struct gh_slice text, const uint8_t *cuts, struct texts *out)
{
	struct gh_pii_chat_stream *stream;
	struct gh_buf events = { 0 }, token = { 0 };
	struct fuzz_session fuzz;
	size_t at[CHOICES] = { 0 };

	fuzz_open_met(&fuzz, &token);
	OK(gh_pii_chat_stream_open(fuzz.session, &stream));
	for (size_t i = 0; at[0] < text.len || at[1] < text.len; i++) {
		int choice = (int)(i % CHOICES);
		size_t end = at[choice] + 1 + cuts[i % CUT_BYTES];
		while (end < text.len && (text.data[end] & 0xc0) == 0x80)
			end++;
		end = end < text.len ? end : text.len;
		if (at[choice] == text.len)
			continue;
		send(stream, choice, gh_slice_sub(text, at[choice], end - at[choice]),
		     end == text.len && cuts[0] & 1 ? "\"stop\"" : "null", &events);
		at[choice] = end;
	}
	OK(gh_pii_chat_stream_flush(stream, &events));
	read_events(gh_buf_slice(&events), out);
	gh_pii_chat_stream_close(stream);
	gh_buf_free(&events);
	gh_buf_free(&token);
	fuzz_close(&fuzz);
}

static void one_event(struct gh_slice event)
{
	struct gh_pii_chat_stream *stream;
	struct gh_buf out = { 0 };
	struct fuzz_session fuzz;

	fuzz_open(&fuzz, GH_PII_REVERSIBLE);
	OK(gh_pii_chat_stream_open(fuzz.session, &stream));
	for (int twice = 0; twice < 2; twice++) {
		enum gh_code code = gh_pii_chat_stream_event(stream, event, &out);
		if (code != GH_OK)
			break;
		GH_CLEANUP(gh_json_decref_ptr) json_t *value = NULL;
		const uint8_t *last = memrchr(out.data, '\n', out.len - 2);
		size_t from = last ? (size_t)(last - out.data) + 1 : 0;
		CHECK(out.len > from + 8 && memcmp(out.data + out.len - 2, "\n\n", 2) == 0);
		/* An event may itself hold line feeds between its tokens: those are SSE's affair.
		 */
		if (!memchr(event.data, '\n', event.len) && !memchr(event.data, '\r', event.len))
			OK(gh_json_parse(gh_slice(out.data + from + 6, out.len - from - 8),
			                 &value));
	}
	if (gh_pii_chat_stream_flush(stream, &out) != GH_OK)
		CHECK(gh_last_error()->code != GH_E_INTERNAL);
	gh_pii_chat_stream_close(stream);
	gh_buf_free(&out);
	fuzz_close(&fuzz);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t whole_cuts[CUT_BYTES] = { 255, 255, 255, 255, 255, 255, 255, 255 };
	static const uint8_t ones[CUT_BYTES] = { 0 };
	struct texts whole = { 0 }, pieces = { 0 }, single = { 0 };

	if (size < 2 || size > 4096)
		return 0;
	if (data[0] == 0) {
		uint8_t *event = fuzz_copy(gh_slice(data + 1, size - 1));
		one_event(gh_slice(event, size - 1));
		free(event);
		return 0;
	}
	if (size < 1 + CUT_BYTES)
		return 0;
	size_t len = size - 1 - CUT_BYTES;
	uint8_t *text = fuzz_copy(gh_slice(data + 1 + CUT_BYTES, len));
	fuzz_to_utf8(text, len);
	chat(gh_slice(text, len), whole_cuts, &whole);
	chat(gh_slice(text, len), data + 1, &pieces);
	chat(gh_slice(text, len < 512 ? len : 0), ones, &single);
	for (size_t i = 0; i < CHOICES; i++) {
		CHECK(gh_slice_eq(gh_buf_slice(&whole.of[0]), gh_buf_slice(&whole.of[i])));
		CHECK(gh_slice_eq(gh_buf_slice(&whole.of[0]), gh_buf_slice(&pieces.of[i])));
		CHECK(len >= 512 ||
		      gh_slice_eq(gh_buf_slice(&whole.of[0]), gh_buf_slice(&single.of[i])));
	}
	for (size_t i = 0; i < CHOICES; i++) {
		gh_buf_free(&whole.of[i]);
		gh_buf_free(&pieces.of[i]);
		gh_buf_free(&single.of[i]);
	}
	free(text);
	return 0;
}
