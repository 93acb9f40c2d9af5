/* rewrite.h: the bodies of model APIs, rewritten leaf by leaf: whatever is a string and can carry
 * text is scanned, unknown members included; what steers the protocol is left alone. */
#ifndef GH_PII_REWRITE_H
#define GH_PII_REWRITE_H

#include "pii/session.h"

/* Scans and rewrites a JSON body. Strings under tool-call arguments, and any string that holds a
 * JSON object or array, are read as JSON themselves (one level). Appends to `out`. GH_E_FORMAT: not
 * JSON. GH_E_LIMIT: too deep or too much. */
gh_result gh_pii_rewrite_json(struct gh_pii_session *session, enum gh_pii_channel channel,
                              struct gh_slice raw, struct gh_buf *out);

/* The way out: first finds new personal data on `channel`, then puts this session's tokens back. */
gh_result gh_pii_rewrite_output(struct gh_pii_session *session, struct gh_slice raw,
                                struct gh_buf *out);

/* A document of the caller's own: as gh_pii_rewrite_json, but no member is part of a protocol. */
gh_result gh_pii_rewrite_data(struct gh_pii_session *session, enum gh_pii_channel channel,
                              struct gh_slice raw, struct gh_buf *out);

/* One finding in a document. `path` is the JSON pointer of its string; behind a '#', the pointer
 * within a string that is JSON itself. Offsets are bytes of the decoded string. */
typedef gh_result gh_pii_report_fn(void *context, struct gh_slice path,
                                   const struct gh_pii_match *match, enum gh_pii_mode mode);
/* Looks at a JSON document as gh_pii_rewrite_data does, and only tells what it finds. */
gh_result gh_pii_report_data(struct gh_pii_session *session, enum gh_pii_channel channel,
                             struct gh_slice raw, gh_pii_report_fn *found, void *context);

/* Whether a string under this key is part of the protocol and not text. */
bool gh_pii_is_structural(struct gh_slice key);

#endif
