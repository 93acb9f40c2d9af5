/* answer.h: what the demo model says, as a pure function of the request: no clock but for
 * `created`, no state, no network. serve.c puts it on the wire. */
#ifndef GH_MODEL_ANSWER_H
#define GH_MODEL_ANSWER_H

#include "base/buf.h"
#include "base/result.h"
#include "base/slice.h"

#define GH_MODEL_NAME      "gatehouse-demo"
#define GH_MODEL_MAX_PARTS 4096

/* An answer is one JSON body, or a list of server-sent events that are sent one by one. */
struct gh_model_answer {
	int status;
	bool stream;
	struct gh_buf body;
	size_t part_end[GH_MODEL_MAX_PARTS]; /* where each event of a stream ends in body */
	size_t part_count;
};

/* `target` is the request target with its query; `body` may be empty. Whatever is wrong with a
 * request becomes an answer in OpenAI's error form; a failure here means that memory is out or the
 * answer would pass 8 MiB. `answer` is zeroed by the caller and freed with gh_model_answer_free. */
gh_result gh_model_answer(struct gh_slice method, struct gh_slice target, struct gh_slice body,
                          struct gh_model_answer *answer);
void gh_model_answer_free(struct gh_model_answer *answer);

#endif
