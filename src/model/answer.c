/* answer.c: the routes of the demo model and the forms that its answers share. */
#include "model/answer.h"

#include <string.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/json.h"
#include "crypto/hash.h"
#include "model/parts.h"

#define ANSWER_LIMIT ((size_t)8 << 20)

static const char error_type_request[] = "invalid_request_error";

gh_result gh_model_say(struct gh_model_answer *answer, json_t *value)
{
	char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;

	json_decref(value);
	GH_ENSURE(text, GH_E_MEMORY, "out of memory");
	gh_buf_add_str(&answer->body, text);
	free(text);
	return gh_buf_check(&answer->body);
}

gh_result gh_model_say_event(struct gh_model_answer *answer, json_t *value)
{
	if (answer->part_count == GH_MODEL_MAX_PARTS) {
		json_decref(value);
		return gh_fail(GH_E_LIMIT, "an answer of over %d events", GH_MODEL_MAX_PARTS);
	}
	gh_buf_add_str(&answer->body, "data: ");
	GH_TRY(gh_model_say(answer, value));
	gh_buf_add_str(&answer->body, "\n\n");
	answer->part_end[answer->part_count++] = answer->body.len;
	return gh_buf_check(&answer->body);
}

gh_result gh_model_end_stream(struct gh_model_answer *answer)
{
	GH_ENSURE(answer->part_count < GH_MODEL_MAX_PARTS, GH_E_LIMIT,
	          "an answer of over %d events", GH_MODEL_MAX_PARTS);
	gh_buf_add_str(&answer->body, "data: [DONE]\n\n");
	answer->part_end[answer->part_count++] = answer->body.len;
	return gh_buf_check(&answer->body);
}

gh_result gh_model_refuse(struct gh_model_answer *answer, int status, const char *param,
                          const char *message)
{
	gh_buf_clear(&answer->body);
	answer->status = status;
	answer->stream = false;
	answer->part_count = 0;
	return gh_model_say(answer, json_pack("{s:{s:s,s:s,s:s?,s:n}}", "error", "message", message,
	                                      "type", error_type_request, "param", param, "code"));
}

void gh_model_id(const char *prefix, struct gh_slice request, char out[GH_MODEL_ID_BYTES])
{
	uint8_t digest[GH_SHA256_BYTES];
	char hex[2 * 12 + 1];

	gh_sha256(request, digest);
	gh_hex_encode(gh_slice(digest, 12), hex);
	snprintf(out, GH_MODEL_ID_BYTES, "%s-%s", prefix, hex);
}

static json_t *model_object(void)
{
	return json_pack("{s:s,s:s,s:i,s:s}", "id", GH_MODEL_NAME, "object", "model", "created",
	                 1767225600, "owned_by", "gatehouse");
}

static gh_result list_models(struct gh_model_answer *answer)
{
	return gh_model_say(answer,
	                    json_pack("{s:s,s:[o]}", "object", "list", "data", model_object()));
}

static gh_result show_model(struct gh_slice name, struct gh_model_answer *answer)
{
	if (!gh_slice_eq_str(name, GH_MODEL_NAME))
		return gh_model_refuse(answer, 404, "model",
		                       "this demo has one model: " GH_MODEL_NAME);
	return gh_model_say(answer, model_object());
}

/* The request's object, or NULL after making the answer a refusal (or failing). */
static gh_result read_request(struct gh_slice body, struct gh_model_answer *answer, json_t **out)
{
	*out = NULL;
	if (gh_json_parse(body, out) != GH_OK)
		return gh_model_refuse(answer, 400, NULL, gh_last_error()->text);
	if (!json_is_object(*out)) {
		json_decref(*out);
		*out = NULL;
		return gh_model_refuse(answer, 400, NULL, "the body must be a JSON object");
	}
	return GH_OK;
}

static gh_result post(struct gh_slice path, struct gh_slice body, struct gh_model_answer *answer)
{
	GH_CLEANUP(gh_json_decref_ptr) json_t *request = NULL;

	GH_TRY(read_request(body, answer, &request));
	if (!request)
		return GH_OK;
	if (!json_is_string(json_object_get(request, "model")))
		return gh_model_refuse(answer, 400, "model", "`model` must be a string");
	if (gh_slice_eq_str(path, "/v1/chat/completions"))
		return gh_model_chat(request, body, answer);
	if (gh_slice_eq_str(path, "/v1/completions"))
		return gh_model_completion(request, body, answer);
	return gh_model_embed(request, answer);
}

gh_result gh_model_answer(struct gh_slice method, struct gh_slice target, struct gh_slice body,
                          struct gh_model_answer *answer)
{
	const struct gh_slice one_model = GH_SLICE("/v1/models/");
	struct gh_slice path, query;
	bool get = gh_slice_eq_str(method, "GET");

	gh_slice_split(target, '?', &path, &query);
	gh_buf_init(&answer->body, ANSWER_LIMIT, false);
	answer->status = 200;
	if (gh_slice_eq_str(path, "/v1/models"))
		return get ? list_models(answer)
		           : gh_model_refuse(answer, 405, NULL, "this route takes GET");
	if (gh_slice_starts_with(path, one_model))
		return get ? show_model(gh_slice_sub(path, one_model.len, SIZE_MAX), answer)
		           : gh_model_refuse(answer, 405, NULL, "this route takes GET");
	if (!gh_slice_eq_str(path, "/v1/chat/completions") &&
	    !gh_slice_eq_str(path, "/v1/completions") && !gh_slice_eq_str(path, "/v1/embeddings"))
		return gh_model_refuse(answer, 404, NULL, "this demo model has no such route");
	if (!gh_slice_eq_str(method, "POST"))
		return gh_model_refuse(answer, 405, NULL, "this route takes POST");
	return post(path, body, answer);
}

void gh_model_answer_free(struct gh_model_answer *answer)
{
	gh_buf_free(&answer->body);
}

void gh_model_reply(const char *text, struct gh_buf *out)
{
	gh_buf_add_str(out,
	               "I am the local demo model of Gatehouse, not a language model: I answer "
	               "every prompt the same way. ");
	if (strstr(text, "made-up personal data"))
		gh_buf_add_str(out, "Here is made-up personal data, for the output gate to catch: "
		                    "ada.lovelace@example.com, card 4242 4242 4242 4242. ");
	gh_buf_add_str(out, "You said: ");
	gh_buf_add_str(out, text);
}

bool gh_model_next_piece(struct gh_slice text, size_t *at, struct gh_slice *piece)
{
	size_t end = *at;

	if (end >= text.len)
		return false;
	while (end < text.len && text.data[end] == ' ')
		end++;
	while (end < text.len && text.data[end] != ' ')
		end++;
	*piece = gh_slice_sub(text, *at, end - *at);
	*at = end;
	return true;
}

json_int_t gh_model_count_tokens(struct gh_slice text)
{
	struct gh_slice piece;
	json_int_t count = 0;

	for (size_t at = 0; gh_model_next_piece(text, &at, &piece);)
		count++;
	return count;
}
