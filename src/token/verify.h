/* verify.h: our own access tokens, checked. RS256 and nothing else, a header of exactly alg, typ
 * and kid, one issuer, one audience, 15 minutes, 8 KiB (RFC 7515, RFC 7519, RFC 8725, RFC 9068).
 * All rules in one place, no option loosens one, and each refusal has a stable name. */
#ifndef GH_TOKEN_VERIFY_H
#define GH_TOKEN_VERIFY_H

#include "base/arena.h"
#include "base/result.h"
#include "base/slice.h"
#include "crypto/key.h"
#include "token/claims.h"

#define GH_TOKEN_MAX_BYTES     8192
#define GH_TOKEN_MAX_TTL_S     900
#define GH_TOKEN_FUTURE_SKEW_S 60 /* for iat and nbf; exp has none */
#define GH_TOKEN_ACT_MAX_DEPTH 4
#define GH_JWKS_MAX_BYTES      (256 * 1024)
#define GH_JWKS_MAX_KEYS       64

struct gh_jwks; /* immutable; threads share it */

/* A JWK set (RFC 7517 section 5). Keys of other kinds, uses or sizes, and malformed ones, are left
 * out, as section 5 asks: nothing verifies with them. A set that holds private or symmetric key
 * material, or one kid for two of the keys that stay, is refused as a whole: GH_E_DENIED. Not a JWK
 * set: GH_E_FORMAT or GH_E_LIMIT. */
gh_result gh_jwks_parse(struct gh_slice json, struct gh_jwks **out);
void gh_jwks_free(struct gh_jwks *jwks); /* NULL is fine */
GH_DEFINE_CLEANUP(struct gh_jwks *, gh_jwks_free)
size_t gh_jwks_count(const struct gh_jwks *jwks);
/* NULL when no key has this kid. Borrowed. */
const struct gh_key *gh_jwks_find(const struct gh_jwks *jwks, struct gh_slice kid);
/* The key at `index` and its kid (empty when it has none); for sets of one key without a kid. */
const struct gh_key *gh_jwks_at(const struct gh_jwks *jwks, size_t index, struct gh_slice *kid);

/* What the caller has proven beside the token; zero: nothing. */
struct gh_token_proof {
	struct gh_slice jkt;      /* thumbprint of the key of a DPoP proof that was verified */
	struct gh_slice x5t_s256; /* base64url SHA-256 of the TLS client certificate */
};

struct gh_token_rules {
	const struct gh_jwks *keys;
	struct gh_slice issuer;
	struct gh_slice audience;
	int64_t now_s;
	struct gh_token_proof proof;
};

/* GH_OK and *out (in `arena`, which must be good for 64 KiB), or a code and *reason, one of the
 * names that gh_token_reason lists: "signature", "expired", "alg-not-allowed" and so on. Reasons
 * are for logs, audit and the operator; a client is told no more than invalid_token. Codes:
 * GH_E_FORMAT, GH_E_LIMIT, GH_E_CRYPTO, GH_E_EXPIRED, GH_E_DENIED, GH_E_MEMORY. */
gh_result gh_token_verify(const struct gh_token_rules *rules, struct gh_slice raw_token,
                          struct gh_arena *arena, const struct gh_claims **out,
                          const char **reason);

/* The names that *reason can take, by index; NULL after the last. */
const char *gh_token_reason(size_t index);

#endif
