/* trust.h: who may sign a tenant's packs, in canonical JSON, and the detached signatures (JWS
 * general JSON serialisation, RFC 7515 section 7.2.1 and appendix F) that are checked against it.
 *
 *   {"epoch":1,"signers":[{"jwk":{…},"kid":"…","person":"ada","role":"author"},…],
 *    "tenant":"…","threshold":2,"v":1}
 *
 * A text is signed well when every signature by a listed key is right, at least one author and one
 * approver signed, no approver is the person of a signing author, and `threshold` persons signed.
 * Signatures by keys that are not listed count nothing and harm nothing. */
#ifndef GH_POLICY_PACK_TRUST_H
#define GH_POLICY_PACK_TRUST_H

#include "base/buf.h"
#include "base/uuid.h"
#include "crypto/key.h"
#include "policy/pack/refusal.h"

#define GH_TRUST_MAX_BYTES      65536
#define GH_TRUST_MAX_SIGNERS    32
#define GH_TRUST_PERSON_BYTES   100
#define GH_SIGNATURES_MAX_BYTES 65536

enum gh_signer_role { GH_SIGNER_AUTHOR, GH_SIGNER_APPROVER };
const char *gh_signer_role_name(enum gh_signer_role role);

struct gh_signer {
	char kid[GH_THUMBPRINT_TEXT_BYTES]; /* RFC 7638 thumbprint of the key */
	char person[GH_TRUST_PERSON_BYTES + 1];
	enum gh_signer_role role;
	struct gh_key *key; /* public */
};

struct gh_trust {
	struct gh_uuid tenant;
	uint64_t epoch;
	unsigned threshold; /* persons, at least 2 */
	size_t signer_count;
	struct gh_signer signers[GH_TRUST_MAX_SIGNERS];
};

/* GH_E_DENIED with *why. The caller frees *out with gh_trust_clear. */
gh_result gh_trust_parse(struct gh_slice raw_json, struct gh_trust *out,
                         struct gh_pack_refusal *why);
gh_result gh_trust_write(const struct gh_trust *trust, struct gh_buf *out);
void gh_trust_clear(struct gh_trust *trust); /* for GH_CLEANUP too */

/* What a good check found out: indices into trust->signers. */
struct gh_signed_by {
	size_t signer[GH_TRUST_MAX_SIGNERS];
	int64_t at_s[GH_TRUST_MAX_SIGNERS]; /* as the signer said */
	size_t count;
};

/* GH_E_DENIED with *why: unsigned, bad-signature, not-enough-approvals, author-approved-own or
 * not-canonical. `out` may be NULL. */
gh_result gh_signatures_check(struct gh_slice raw_jws, struct gh_slice payload,
                              const struct gh_trust *trust, struct gh_signed_by *out,
                              struct gh_pack_refusal *why);

/* Adds the signature of `key` at `now_s` to `raw_jws` (empty: none so far), appending the whole to
 * `out`, without a newline at the end: Debian's jose refuses one. GH_E_CONFLICT when the key has
 * signed already; GH_E_FORMAT when raw_jws is none. */
gh_result gh_signatures_add(struct gh_slice raw_jws, struct gh_slice payload,
                            const struct gh_key *key, int64_t now_s, struct gh_buf *out);

#endif
