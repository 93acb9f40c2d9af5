/* claims.h: who a caller is, once that is proven. A struct gh_claims is made by a verifier only
 * (token/verify.h, and the identity room for API keys, sessions and certificates); code that holds
 * one may trust it. Everything in it lives in the arena it was made in. */
#ifndef GH_TOKEN_CLAIMS_H
#define GH_TOKEN_CLAIMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/slice.h"
#include "base/uuid.h"

#define GH_CAPS_MAX      256
#define GH_CAP_MAX_BYTES 128
#define GH_AMR_MAX       16

enum gh_cnf_method {
	GH_CNF_NONE,
	GH_CNF_JKT,     /* RFC 9449: thumbprint of the DPoP key */
	GH_CNF_X5T_S256 /* RFC 8705: SHA-256 of the client certificate */
};

struct gh_claims {
	struct gh_slice iss;
	struct gh_slice sub;
	struct gh_slice aud;       /* the audience that matched */
	struct gh_slice client_id; /* empty when absent */
	struct gh_uuid tenant_id;
	const struct gh_slice *caps;
	size_t cap_count;
	struct gh_slice sid;
	struct gh_slice jti;
	struct gh_slice kid; /* the key that signed; empty when no token was involved */
	int64_t iat;         /* seconds; fractions are rounded down */
	int64_t nbf;         /* 0 when absent */
	int64_t exp;
	int64_t auth_time; /* 0 when absent */
	const struct gh_slice *amr;
	size_t amr_count;
	struct gh_slice acr; /* empty when absent */
	enum gh_cnf_method cnf;
	struct gh_slice cnf_value; /* the 43 characters of base64url */
	bool has_act;              /* somebody acts for `sub` (RFC 8693) */
	struct gh_slice act_sub;   /* the current actor */
	struct gh_slice act_json;  /* the whole chain, as JSON */
	unsigned act_depth;        /* actors in the chain, 1 to 4 */
};

/* A capability's name: [a-z0-9] and then [a-z0-9._:-], at most GH_CAP_MAX_BYTES. Names compare
 * exactly; there are no wildcards, so that a grant never grows when a capability is added. */
bool gh_cap_is_valid(struct gh_slice cap);
bool gh_claims_has_cap(const struct gh_claims *claims, const char *cap);
/* Every one of `some` is among `all`. */
bool gh_caps_subset(const struct gh_slice *some, size_t some_count, const struct gh_slice *all,
                    size_t all_count);

/* Appends one JSON object with the members that are present, in a fixed order. */
void gh_claims_to_json(const struct gh_claims *claims, struct gh_buf *out);

#endif
