/* text_stream.h: text that arrives in pieces, out as the policy leaves it. What comes out does not
 * depend on where the input was cut: decisions are made word by word, on windows whose bounds the
 * text itself sets. A word without any sign of personal data leaves at once; one with a digit or an
 * '@', and where addresses are replaced one with a capital, waits for the 64 bytes behind it; where
 * names are replaced, one that may be part of a name waits until it is settled whether it is, for
 * 192 bytes at most. */
#ifndef GH_PII_TEXT_STREAM_H
#define GH_PII_TEXT_STREAM_H

#include "pii/session.h"

struct gh_pii_text_stream;

/* Tokens of the session are put back on the way out. Lives in the session's lifetime. */
gh_result gh_pii_text_stream_open(struct gh_pii_session *session, enum gh_pii_channel channel,
                                  struct gh_pii_text_stream **out);
void gh_pii_text_stream_close(struct gh_pii_text_stream *stream); /* wipes; NULL is fine */

/* Takes a piece, appends what is safe to `out`. */
gh_result gh_pii_text_stream_feed(struct gh_pii_text_stream *stream, struct gh_slice piece,
                                  struct gh_buf *out);
/* The text has ended: appends the rest. */
gh_result gh_pii_text_stream_flush(struct gh_pii_text_stream *stream, struct gh_buf *out);
size_t gh_pii_text_stream_held(const struct gh_pii_text_stream *stream); /* bytes kept back */

#endif
