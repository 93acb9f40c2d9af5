/* claims_read.h: the claim rules, apart from any signature. For verify.c, issue.c and the keeper,
 * which must refuse to sign what a gateway would refuse to take; nobody else makes claims so. */
#ifndef GH_TOKEN_CLAIMS_READ_H
#define GH_TOKEN_CLAIMS_READ_H

#include "base/arena.h"
#include "base/result.h"
#include "base/slice.h"
#include "token/claims.h"

struct gh_claims_rules {
	struct gh_slice issuer;
	struct gh_slice audience;
	int64_t now_s;
};

/* Reads a token's payload. Members that are not ours are ignored (RFC 7519 section 4). A refusal
 * sets *reason as gh_token_verify does. Whether a `cnf` is proven is not decided here. */
gh_result gh_claims_read(struct gh_slice raw_payload, const struct gh_claims_rules *rules,
                         struct gh_arena *arena, struct gh_claims **out, const char **reason);

/* True when every member of the payload's object is one that our tokens have. */
bool gh_claims_are_closed(struct gh_slice payload);

#endif
