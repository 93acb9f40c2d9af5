/* pack.h: a signed policy pack, from bytes that somebody sent to policies that decide. The order is
 * fixed: size, canonical archive, signatures over the manifest's bytes, the manifest, the digest of
 * every file; only then is a policy parsed, validated against the pack's own schema, and tried on
 * the pack's own tests. A pack is immutable and shared by threads.
 *
 *   manifest.json  manifest.jws  schema.cedarschema  policies/NAME.cedar…
 *   entities/NAME.json…  tests/NAME.json… (the format of the Cedar integration tests, entities
 *   inline)  and whatever the manifest lists besides, kept and not read: diff.json, shadow.json */
#ifndef GH_POLICY_PACK_PACK_H
#define GH_POLICY_PACK_PACK_H

#include "policy/cedar/checker.h"
#include "policy/decide.h"
#include "policy/pack/manifest.h"
#include "policy/pack/trust.h"

/* Where a policy stands in the pack's files. */
struct gh_pack_place {
	const char *path; /* "policies/access.cedar"; lives as long as the pack */
	uint32_t line;    /* from 1, of its first annotation or its effect */
};

struct gh_pack {
	char digest[65]; /* hex SHA-256 of manifest.json: what events carry */
	uint8_t digest_bytes[32];
	struct gh_manifest manifest;
	struct gh_signed_by signed_by;
	struct gh_policy_rules rules;
	struct gh_cedar_space *space;       /* frozen; requests lay theirs over facts_space */
	struct gh_cedar_policy_set *set;    /* sealed */
	struct gh_cedar_schema *schema;     /* what `checker` loaded */
	struct gh_cedar_space *facts_space; /* frozen */
	struct gh_cedar_entities *entities; /* sealed: the pack's roles and members */
	const struct gh_cedar_checker *checker;
	struct gh_pack_place *places; /* of each policy of the set, by index */
	size_t place_count;
	size_t test_count; /* requests tried */
};

/* NULL for a policy that is not of the pack's set. */
const struct gh_pack_place *gh_pack_place(const struct gh_pack *pack,
                                          const struct gh_cedar_policy *policy);

/* What a pack must fit to. */
struct gh_pack_state {
	struct gh_uuid tenant;
	int64_t now_s;
	/* Of the newest pack that was activated: the ratchet and the chain. Not asked of a pack
	 * that is loaded again: `loaded_digest` then says which one it must be. */
	uint64_t revision; /* 0: none yet */
	uint8_t digest[32];
	const uint8_t *loaded_digest; /* 32 bytes or NULL */
};

/* GH_E_DENIED with *why, or GH_E_MEMORY. `checker` is borrowed for the pack's life. */
gh_result gh_pack_open(struct gh_slice raw_tar, const struct gh_trust *trust,
                       const struct gh_pack_state *state, const struct gh_cedar_checker *checker,
                       struct gh_pack **out, struct gh_pack_refusal *why);
void gh_pack_close(struct gh_pack *pack); /* NULL is fine */
GH_DEFINE_CLEANUP(struct gh_pack *, gh_pack_close)

/* A pack without its signatures, tests and all. `members` as gh_tar_read gives them; the manifest
 * may be missing. compile.h has the same for people, fault by fault. */
gh_result gh_pack_compile(const struct gh_tar_member *members, size_t count,
                          const struct gh_cedar_checker *checker, struct gh_pack **out,
                          struct gh_pack_refusal *why);

#endif
