/* issue.h: the claims of a new access token, as JSON, to be signed by the keeper. It checks what it
 * is given by the rules of verify.h, so that no token leaves that would not be taken back. */
#ifndef GH_TOKEN_ISSUE_H
#define GH_TOKEN_ISSUE_H

#include "base/buf.h"
#include "base/result.h"
#include "token/claims.h"

/* Appends the JSON of `claims` (iss, sub, aud, client_id, tenant_id, caps, sid, jti, iat, nbf, exp,
 * and auth_time, amr, acr, cnf, act where present). `claims` may be built on the stack; jti may be
 * empty: a new UUIDv7 is used; nbf 0 means iat. At most one actor (`act_sub`) is written.
 * GH_E_ARGUMENT when a required claim is missing, exp is over iat + 900, there are over 256 caps or
 * a cap is no name; GH_E_LIMIT when the token would pass 8 KiB. */
gh_result gh_token_claims_json(const struct gh_claims *claims, struct gh_buf *out);

#endif
