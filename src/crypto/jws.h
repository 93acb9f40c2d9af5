/* jws.h: the compact serialisation of RFC 7515, read strictly, and written. It takes a token apart
 * and holds the form; which header members and algorithms are allowed is the caller's profile, and
 * nothing in a header ever selects a key or an algorithm by itself. */
#ifndef GH_CRYPTO_JWS_H
#define GH_CRYPTO_JWS_H

#include <jansson.h>

#include "base/arena.h"
#include "base/result.h"
#include "base/slice.h"
#include "crypto/key.h"

/* The defaults for what comes from outside; see struct gh_jws_limits. */
#define GH_JWS_MAX_BYTES        8192
#define GH_JWS_HEADER_MAX_BYTES 1024

struct gh_jws_limits {
	size_t token_bytes;  /* the whole token, as text */
	size_t header_bytes; /* the decoded header */
};

struct gh_jws {
	struct gh_slice signing_input; /* header.payload as received; borrowed from the token */
	struct gh_slice header_json;   /* decoded; in the arena */
	struct gh_slice payload;
	struct gh_slice signature;
	json_t *header; /* an object; freed by gh_jws_clear */
};

/* Exactly three segments of canonical, unpadded base64url; the header is one JSON object in UTF-8
 * without duplicate members (compared after unescaping). Verifies nothing. GH_E_LIMIT or
 * GH_E_FORMAT; *out holds nothing then. `raw_token` and the arena outlive *out. */
gh_result gh_jws_parse(struct gh_slice raw_token, const struct gh_jws_limits *limits,
                       struct gh_arena *arena, struct gh_jws *out);
void gh_jws_clear(struct gh_jws *jws); /* for GH_CLEANUP too; fine when empty */

/* A string member of the header: false when it is absent or no string. */
bool gh_jws_header_text(const struct gh_jws *jws, const char *name, struct gh_slice *out);

/* What both ends of our own tokens need at the least: `alg` is the key's own scheme, `crit`, `b64`
 * and `zip` are absent, and the signature verifies. Profiles check more before they call it.
 * GH_E_DENIED or GH_E_CRYPTO. */
gh_result gh_jws_verify(const struct gh_jws *jws, const struct gh_key *key);

/* Appends header.payload.signature. The header must name the key's scheme; that is the caller's. */
gh_result gh_jws_sign(const struct gh_key *key, struct gh_slice header_json,
                      struct gh_slice payload, struct gh_buf *out);

#endif
