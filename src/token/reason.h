/* reason.h: one list of why a token is refused. The names are part of the interface (logs, audit
 * events, `token check`), so that they are spelled in one place. */
#ifndef GH_TOKEN_REASON_H
#define GH_TOKEN_REASON_H

#include "base/result.h"

enum gh_reason {
	GH_REASON_NONE,
	GH_REASON_MEMORY,
	GH_REASON_TOO_LONG,
	GH_REASON_MALFORMED,
	GH_REASON_HEADER,
	GH_REASON_HEADER_MEMBER,
	GH_REASON_ALG,
	GH_REASON_TYP,
	GH_REASON_KID,
	GH_REASON_UNKNOWN_KEY,
	GH_REASON_KEY_MISMATCH,
	GH_REASON_SIGNATURE,
	GH_REASON_CLAIMS,
	GH_REASON_ISS,
	GH_REASON_AUD,
	GH_REASON_SUB,
	GH_REASON_CLIENT_ID,
	GH_REASON_TENANT,
	GH_REASON_CAPS,
	GH_REASON_SID,
	GH_REASON_JTI,
	GH_REASON_TIME,
	GH_REASON_EXPIRED,
	GH_REASON_NOT_YET_VALID,
	GH_REASON_ISSUED_IN_FUTURE,
	GH_REASON_TTL,
	GH_REASON_AUTHN,
	GH_REASON_CNF,
	GH_REASON_PROOF_MISSING,
	GH_REASON_PROOF_MISMATCH,
	GH_REASON_ACT,
	GH_REASON_COUNT
};

/* Sets *out to the reason's name, records the failure with the table's code and returns the code.
 */
enum gh_code gh_refuse(enum gh_reason reason, const char **out);

#endif
