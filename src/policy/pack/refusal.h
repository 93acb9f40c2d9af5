/* refusal.h: why a pack is refused. The names are stable: audit events, exit texts and tests hold
 * them. */
#ifndef GH_POLICY_PACK_REFUSAL_H
#define GH_POLICY_PACK_REFUSAL_H

#include "base/result.h"

enum gh_pack_reason {
	GH_PACK_FINE,
	GH_PACK_TOO_LARGE,
	GH_PACK_NOT_CANONICAL, /* the tar, or JSON that must be canonical */
	GH_PACK_BAD_MANIFEST,
	GH_PACK_UNSIGNED,
	GH_PACK_BAD_SIGNATURE, /* of a signer that we know */
	GH_PACK_NOT_ENOUGH_APPROVALS,
	GH_PACK_AUTHOR_APPROVED_OWN,
	GH_PACK_WRONG_TENANT,
	GH_PACK_ROLLED_BACK,  /* the revision is not above the ratchet */
	GH_PACK_BROKEN_CHAIN, /* prev_digest is not the pack before */
	GH_PACK_EXPIRED,
	GH_PACK_LANGUAGE_TOO_NEW,
	GH_PACK_ALTERED_FILE, /* missing, extra, or of another digest */
	GH_PACK_POLICY_INVALID,
	GH_PACK_TEST_FAILED,
	GH_PACK_BAD_TRUST, /* the trust document itself */
	GH_PACK_INTERNAL,  /* memory; not the pack's fault */
	GH_PACK_REASON_COUNT
};

struct gh_pack_refusal {
	enum gh_pack_reason reason;
	char text[400]; /* one sentence: what is wrong and where; no secrets */
};

const char *gh_pack_reason_name(enum gh_pack_reason reason); /* "not-enough-approvals" */

/* Fills *out (NULL is fine) and records the failure; gives GH_E_DENIED. */
enum gh_code gh_pack_refuse(struct gh_pack_refusal *out, enum gh_pack_reason reason,
                            const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
