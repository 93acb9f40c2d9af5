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

/* Whether a string under this key is part of the protocol and not text. */
bool gh_pii_is_structural(struct gh_slice key);

#endif
