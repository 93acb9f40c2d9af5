/* parts.h: what the pieces of the demo model share. */
#ifndef GH_MODEL_PARTS_H
#define GH_MODEL_PARTS_H

#include <jansson.h>

#include "model/answer.h"

/* Makes the answer an error in OpenAI's form. `param` may be NULL. */
gh_result gh_model_refuse(struct gh_model_answer *answer, int status, const char *param,
                          const char *message);
/* Sets the body to the JSON of `value`, which is released. NULL: memory was out. */
gh_result gh_model_say(struct gh_model_answer *answer, json_t *value);
/* Appends `data: <value>\n\n` as one event and releases the value. */
gh_result gh_model_say_event(struct gh_model_answer *answer, json_t *value);
gh_result gh_model_end_stream(struct gh_model_answer *answer); /* data: [DONE] */

/* "chatcmpl-" and 24 hex digits of the request's SHA-256: the same request has the same id. */
#define GH_MODEL_ID_BYTES 48
void gh_model_id(const char *prefix, struct gh_slice request, char out[GH_MODEL_ID_BYTES]);

gh_result gh_model_chat(json_t *request, struct gh_slice raw, struct gh_model_answer *answer);
gh_result gh_model_completion(json_t *request, struct gh_slice raw, struct gh_model_answer *answer);
gh_result gh_model_embed(json_t *request, struct gh_model_answer *answer);

/* What a prompt of `text` is answered with, appended to `out`. */
void gh_model_reply(const char *text, struct gh_buf *out);
/* The next piece of `text` from `*at` as a model would stream it: a word with the blank before it.
 * False at the end. */
bool gh_model_next_piece(struct gh_slice text, size_t *at, struct gh_slice *piece);
json_int_t gh_model_count_tokens(struct gh_slice text); /* pieces */

#endif
