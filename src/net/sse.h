/* sse.h: server-sent events (HTML Living Standard, section 9.2), read from bytes that arrive in any
 * split, and written. What comes out does not depend on where the input was cut. */
#ifndef GH_NET_SSE_H
#define GH_NET_SSE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/result.h"
#include "base/slice.h"

/* Slices borrow the reader and hold until the callback returns. */
struct gh_sse_event {
	struct gh_slice event; /* empty: "message" */
	struct gh_slice data;  /* lines joined by LF, no final LF */
	struct gh_slice id;    /* as in this event; empty unless has_id */
	bool has_id;
};
/* Anything but GH_OK stops the reader and is what gh_sse_feed returns. */
typedef enum gh_code (*gh_sse_event_fn)(void *user, const struct gh_sse_event *event);

struct gh_sse_reader;
/* `event_limit_bytes`: all of one event's lines together. */
gh_result gh_sse_reader_open(size_t event_limit_bytes, struct gh_sse_reader **out);
void gh_sse_reader_close(struct gh_sse_reader *reader); /* wipes; NULL is fine */
GH_DEFINE_CLEANUP(struct gh_sse_reader *, gh_sse_reader_close)

/* Calls `on_event` for each event that these bytes complete. Events without data are not reported,
 * as the standard says; comments and retry are ignored. GH_E_LIMIT for an event over the limit.
 * After a failure the reader only fails. */
gh_result gh_sse_feed(struct gh_sse_reader *reader, struct gh_slice bytes, gh_sse_event_fn on_event,
                      void *user);
/* True when an event has begun and is not complete: at the end of a stream, it was cut. */
bool gh_sse_is_partial(const struct gh_sse_reader *reader);

/* Append one event: `event` and `id` may be empty (left out); data may hold line breaks.
 * GH_E_FORMAT when event or id hold a line break or NUL. */
gh_result gh_sse_write(struct gh_buf *out, struct gh_slice event, struct gh_slice id,
                       struct gh_slice data);
/* ": text" and an empty line; text is ours and holds no line break. */
void gh_sse_write_comment(struct gh_buf *out, const char *text);

#endif
