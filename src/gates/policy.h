/* policy.h: the second half of gate 3: what the tenant's live pack decides about this request,
 * after PostgreSQL has shown the tenant and before a byte of the body is taken. Default deny; a
 * forbid that errs denies; no pack, a pack that does not verify or has expired, an obligation that
 * this gateway cannot keep: denied. */
#ifndef GH_GATES_POLICY_H
#define GH_GATES_POLICY_H

#include "gates/request.h"

/* Passes, with request->decision and request->pii_policy set, or refuses. Never waits. */
enum gh_verdict gh_policy_enter(struct gh_request *request);

/* Hex digest of the pack that is live for the request's tenant; NULL when there is none. */
const char *gh_policy_digest(const struct gh_request *request);

#endif
