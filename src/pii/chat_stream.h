/* chat_stream.h: the events of a streamed chat or text completion, with every choice's text,
 * refusal, reasoning and tool arguments passed through a text stream of its own. Members that we do
 * not know stay byte for byte. */
#ifndef GH_PII_CHAT_STREAM_H
#define GH_PII_CHAT_STREAM_H

#include "pii/session.h"

struct gh_pii_chat_stream;

gh_result gh_pii_chat_stream_open(struct gh_pii_session *session, struct gh_pii_chat_stream **out);
void gh_pii_chat_stream_close(struct gh_pii_chat_stream *stream);

/* One event's data (JSON, not "[DONE]"). Appends to `out` whole SSE events ("data: …\n\n"): what
 * was held back comes before a finish. GH_E_FORMAT when it is not JSON. */
gh_result gh_pii_chat_stream_event(struct gh_pii_chat_stream *stream, struct gh_slice data,
                                   struct gh_buf *out);
/* The stream has ended without or before a finish: appends what is still held. */
gh_result gh_pii_chat_stream_flush(struct gh_pii_chat_stream *stream, struct gh_buf *out);

#endif
