#include "pii/chat_stream.h"

#include <stdlib.h>

#include "base/json.h"
#include "pii/json_walk.h"
#include "pii/rewrite.h"
#include "pii/text_stream.h"

#define MAX_LANES 64

/* One run of text: a choice's field, or one of its tool calls' arguments. */
struct lane {
	json_int_t choice, tool;
	char field[24];
	struct gh_pii_text_stream *stream;
};

struct gh_pii_chat_stream {
	struct gh_pii_session *session;
	struct lane lanes[MAX_LANES];
	size_t lane_count;
	json_t *envelope; /* id, object, created, model of the last event: for the ones we add */
	json_t *event;    /* the one at hand */
};

gh_result gh_pii_chat_stream_open(struct gh_pii_session *session, struct gh_pii_chat_stream **out)
{
	*out = calloc(1, sizeof **out);
	GH_ENSURE(*out, GH_E_MEMORY, "out of memory");
	(*out)->session = session;
	return GH_OK;
}

void gh_pii_chat_stream_close(struct gh_pii_chat_stream *stream)
{
	if (!stream)
		return;
	for (size_t i = 0; i < stream->lane_count; i++)
		gh_pii_text_stream_close(stream->lanes[i].stream);
	json_decref(stream->envelope);
	free(stream);
}

static gh_result find_lane(struct gh_pii_chat_stream *stream, json_int_t choice, json_int_t tool,
                           struct gh_slice field, struct lane **out)
{
	for (size_t i = 0; i < stream->lane_count; i++) {
		struct lane *lane = &stream->lanes[i];
		if (lane->choice == choice && lane->tool == tool &&
		    gh_slice_eq_str(field, lane->field)) {
			*out = lane;
			return GH_OK;
		}
	}
	GH_ENSURE(stream->lane_count < MAX_LANES && field.len < sizeof stream->lanes[0].field,
	          GH_E_LIMIT, "a stream carries too many texts side by side");
	struct lane *lane = &stream->lanes[stream->lane_count];
	GH_TRY(gh_pii_text_stream_open(stream->session, GH_PII_OUTPUT, &lane->stream));
	stream->lane_count++;
	lane->choice = choice;
	lane->tool = tool;
	memcpy(lane->field, field.data, field.len);
	lane->field[field.len] = 0;
	*out = lane;
	return GH_OK;
}

/* The "index" member of the choice at position `at` of the event at hand; its position otherwise.
 */
static json_int_t choice_index(const struct gh_pii_chat_stream *stream, size_t at)
{
	const json_t *choice = json_array_get(json_object_get(stream->event, "choices"), at);
	const json_t *index = json_object_get(choice, "index");

	return json_is_integer(index) ? json_integer_value(index) : (json_int_t)at;
}

/* Which tool call's arguments these are: their own index, by position in the event. */
static json_int_t tool_index(const struct gh_pii_chat_stream *stream, size_t choice,
                             struct gh_slice text)
{
	const json_t *item = json_array_get(json_object_get(stream->event, "choices"), choice);
	const json_t *calls = json_object_get(json_object_get(item, "delta"), "tool_calls");
	json_t *call;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)calls, i, call)
	{
		const json_t *arguments =
		    json_object_get(json_object_get(call, "function"), "arguments");
		const json_t *index = json_object_get(call, "index");
		if (json_is_string(arguments) &&
		    gh_slice_eq(text, gh_slice(json_string_value(arguments),
		                               json_string_length(arguments))))
			return json_is_integer(index) ? json_integer_value(index) : (json_int_t)i;
	}
	return 0;
}

static bool is_finished(const struct gh_pii_chat_stream *stream, size_t at)
{
	const json_t *choice = json_array_get(json_object_get(stream->event, "choices"), at);
	const json_t *reason = json_object_get(choice, "finish_reason");

	return reason && !json_is_null(reason);
}

static bool is_streamed_field(const struct gh_json_place *place)
{
	static const char *const fields[] = { "content", "refusal", "reasoning_content",
		                              "reasoning" };

	if (gh_slice_eq_str(place->parent, "function") && gh_slice_eq_str(place->key, "arguments"))
		return true;
	if (gh_slice_eq_str(place->parent, "choices") && gh_slice_eq_str(place->key, "text"))
		return true;
	for (size_t i = 0; gh_slice_eq_str(place->parent, "delta") && i < GH_ARRAY_LEN(fields); i++)
		if (gh_slice_eq_str(place->key, fields[i]))
			return true;
	return false;
}

static enum gh_code on_leaf(void *context, const struct gh_json_leaf *leaf, struct gh_buf *out,
                            bool *changed)
{
	struct gh_pii_chat_stream *stream = context;
	const struct gh_json_place *place = leaf->place;
	struct lane *lane;

	if (leaf->is_number)
		return GH_OK;
	if (is_streamed_field(place)) {
		bool tool = gh_slice_eq_str(place->parent, "function");
		GH_TRY(find_lane(stream, choice_index(stream, place->choice),
		                 tool ? tool_index(stream, place->choice, leaf->text) : -1,
		                 place->key, &lane));
		*changed = true;
		GH_TRY(gh_pii_text_stream_feed(lane->stream, leaf->text, out));
		/* Its last piece: what was held belongs behind it, in the same event. */
		return is_finished(stream, place->choice)
		           ? gh_pii_text_stream_flush(lane->stream, out)
		           : GH_OK;
	}
	if (gh_pii_is_structural(place->key))
		return GH_OK;
	/* Token probabilities spell the text once more, piece by piece. */
	if (gh_slice_eq_str(place->key, "token")) {
		*changed = true;
		return GH_OK;
	}
	return gh_pii_session_rewrite(stream->session, GH_PII_OUTPUT, place->key, leaf->text, 0,
	                              leaf->text.len, out, changed);
}

static void remember_envelope(struct gh_pii_chat_stream *stream)
{
	static const char *const keep[] = { "id", "object", "created", "model",
		                            "system_fingerprint" };

	json_decref(stream->envelope);
	stream->envelope = json_object();
	for (size_t i = 0; i < GH_ARRAY_LEN(keep); i++) {
		json_t *member = json_object_get(stream->event, keep[i]);
		if (member)
			json_object_set(stream->envelope, keep[i], member);
	}
}

/* An event of our own with the rest of one lane. */
static gh_result add_event(struct gh_pii_chat_stream *stream, const struct lane *lane,
                           struct gh_slice text, struct gh_buf *out)
{
	json_t *value = json_stringn((const char *)text.data, text.len), *choice;

	GH_ENSURE(value, GH_E_FORMAT, "a stream's text is not UTF-8");
	if (lane->tool >= 0)
		choice = json_pack("{s:I,s:{s:[{s:I,s:{s:o}}]},s:n}", "index", lane->choice,
		                   "delta", "tool_calls", "index", lane->tool, "function",
		                   "arguments", value, "finish_reason");
	else if (strcmp(lane->field, "text") == 0)
		choice = json_pack("{s:I,s:o,s:n}", "index", lane->choice, "text", value,
		                   "finish_reason");
	else
		choice = json_pack("{s:I,s:{s:o},s:n}", "index", lane->choice, "delta", lane->field,
		                   value, "finish_reason");
	GH_CLEANUP(gh_json_decref_ptr)
	json_t *event = stream->envelope ? json_copy(stream->envelope) : json_object();
	json_object_set_new(event, "choices", json_pack("[o]", choice));
	GH_CLEANUP(gh_free_ptr) char *rendered = json_dumps(event, JSON_COMPACT);
	GH_ENSURE(rendered, GH_E_MEMORY, "out of memory");
	gh_buf_addf(out, "data: %s\n\n", rendered);
	return gh_buf_check(out);
}

/* `choice` -1: all of them. */
static gh_result flush_lanes(struct gh_pii_chat_stream *stream, json_int_t choice,
                             struct gh_buf *out)
{
	for (size_t i = 0; i < stream->lane_count; i++) {
		struct lane *lane = &stream->lanes[i];
		struct gh_buf rest = { .secret = true };
		if (choice >= 0 && lane->choice != choice)
			continue;
		enum gh_code code = gh_pii_text_stream_flush(lane->stream, &rest);
		if (code == GH_OK && rest.len > 0)
			code = add_event(stream, lane, gh_buf_slice(&rest), out);
		gh_buf_free(&rest);
		GH_TRY(code);
	}
	return GH_OK;
}

static gh_result flush_finished(struct gh_pii_chat_stream *stream, struct gh_buf *out)
{
	json_t *choice;
	size_t i;

	json_array_foreach(json_object_get(stream->event, "choices"), i,
	                   choice) if (is_finished(stream, i))
	    GH_TRY(flush_lanes(stream, choice_index(stream, i), out));
	return GH_OK;
}

gh_result gh_pii_chat_stream_event(struct gh_pii_chat_stream *stream, struct gh_slice data,
                                   struct gh_buf *out)
{
	GH_CLEANUP(gh_json_decref_ptr) json_t *event = NULL;
	struct gh_buf rewritten = { .secret = true };

	GH_TRY(gh_json_parse(data, &event));
	stream->event = event;
	remember_envelope(stream);
	/* First this event's own text into its lanes, then what a finish lets go, then the event.
	 */
	enum gh_code code = gh_json_walk(data, on_leaf, stream, &rewritten);
	if (code == GH_OK)
		code = flush_finished(stream, out);
	if (code == GH_OK) {
		gh_buf_add_str(out, "data: ");
		gh_buf_add_slice(out, gh_buf_slice(&rewritten));
		gh_buf_add_str(out, "\n\n");
		code = gh_buf_check(out);
	}
	gh_buf_free(&rewritten);
	stream->event = NULL;
	return code;
}

gh_result gh_pii_chat_stream_flush(struct gh_pii_chat_stream *stream, struct gh_buf *out)
{
	return flush_lanes(stream, -1, out);
}
