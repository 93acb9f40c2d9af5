/* session.h: what one request's personal data became. Holds the tenant's table and key, hands out
 * tokens (the same value gets the same token within the request), counts findings, and knows what
 * to keep in the vault and what to give back on the way out.
 *
 *   strict      [EMAIL_4fz0k2m9]              random; nobody can resolve it
 *   reversible  [EMAIL:k7q2…16 characters…c3d4]  80 bits of HMAC under the tenant's key and 20 bits
 *               that only the tenant's key can make, so that a forged token never resolves */
#ifndef GH_PII_SESSION_H
#define GH_PII_SESSION_H

#include "base/arena.h"
#include "base/buf.h"
#include "pii/scan.h"

struct gh_pii_session;

/* A value and its token. Both live as long as the arena. */
struct gh_pii_token {
	struct gh_slice token, value;
	enum gh_pii_class class;
	enum gh_pii_mode mode;
	enum gh_pii_channel origin; /* where the value was met */
	struct gh_pii_token *next;
	struct gh_pii_token *next_by_value, *next_by_token; /* the session's own */
};

/* Over it, a request is refused (GH_E_LIMIT): scanning runs on the event loop. */
#define GH_PII_MAX_TOKENS 10000

/* `tenant_key`: 32 bytes, derived for this purpose; borrowed, as is `policy`. */
gh_result gh_pii_session_open(const struct gh_pii_policy *policy, const uint8_t tenant_key[32],
                              struct gh_arena *arena, struct gh_pii_session **out);
void gh_pii_session_close(struct gh_pii_session *session); /* not its arena; NULL is fine */

/* Scans `text`, which stands under `key` (may be empty), and appends it to `out` as the policy
 * leaves it. *changed tells whether a byte differs. Only what lies in [from, to) is appended and
 * counted; the rest is context. The bare first or last name of somebody who was named with
 * certainty in a text before, or farther left, counts as a name. */
gh_result gh_pii_session_rewrite(struct gh_pii_session *session, enum gh_pii_channel channel,
                                 struct gh_slice key, struct gh_slice text, size_t from, size_t to,
                                 struct gh_buf *out, bool *changed);
/* The same look at a text without changing it: calls `found` for each match at or above the
 * policy's threshold, whatever the mode, and counts it. Stops with what `found` returns when that
 * is not GH_OK. */
typedef gh_result gh_pii_found_fn(void *context, const struct gh_pii_match *match,
                                  enum gh_pii_mode mode);
gh_result gh_pii_session_scan(struct gh_pii_session *session, enum gh_pii_channel channel,
                              struct gh_slice key, struct gh_slice text, gh_pii_found_fn *found,
                              void *context);
/* Whether `text` holds one match and that one has at least this confidence. Counts nothing. */
gh_result gh_pii_session_is_sure(struct gh_pii_session *session, struct gh_slice key,
                                 struct gh_slice text, uint8_t confidence, bool *sure);
/* Whether the policy replaces matches of the class on the channel. */
bool gh_pii_session_replaces(const struct gh_pii_session *session, enum gh_pii_channel channel,
                             enum gh_pii_class class);
/* The matches of the last rewrite, for those who must know where they end. */
/* The tenant's own patterns; NULL: none. */
/* How a text of that channel is scanned: without the classes that are off on it, under the tenant's
 * thresholds and own patterns. Borrows from the session and `key`. */
struct gh_pii_context gh_pii_session_context(const struct gh_pii_session *session,
                                             enum gh_pii_channel channel, struct gh_slice key);

struct gh_pii_custom *gh_pii_session_custom(const struct gh_pii_session *session);
const struct gh_pii_matches *gh_pii_session_matches(const struct gh_pii_session *session);

/* Puts this session's reversible tokens back, where the class may be shown on `channel`; not those
 * whose value was first met on that very channel: they were taken out of it. */
gh_result gh_pii_session_restore(struct gh_pii_session *session, enum gh_pii_channel channel,
                                 struct gh_slice text, struct gh_buf *out, bool *changed);

/* Every token so far, newest first; the reversible ones belong into the vault. */
const struct gh_pii_token *gh_pii_session_tokens(const struct gh_pii_session *session);

/* Canonical JSON: {"email":{"confidence":99,"count":2,"mode":"reversible"},…}. No values. */
void gh_pii_session_summary(const struct gh_pii_session *session, enum gh_pii_channel channel,
                            struct gh_buf *out);
unsigned gh_pii_session_count(const struct gh_pii_session *session, enum gh_pii_channel channel,
                              enum gh_pii_class class);

/* Whether `text` is a reversible token of the tenant whose key this is, and of which class. */
bool gh_pii_token_is_genuine(const uint8_t tenant_key[32], struct gh_slice text,
                             enum gh_pii_class *class);

#endif
