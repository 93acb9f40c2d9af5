/* pack_made.h: small packs from texts, for the tests of what packs are compared by. */
#ifndef GH_PACK_MADE_H
#define GH_PACK_MADE_H

#include "policy/pack/compile.h"
#include "policy_test.h"

#define MADE_SCHEMA                                                                                \
	"entity Role; entity User in [Role] { level: Long, tags?: Set<String> };"                  \
	"entity Doc; action read, write appliesTo { principal: [User], resource: [Doc],"           \
	" context: { mfa: Bool } };"
#define MADE_ROLES "[{\"uid\":{\"type\":\"Role\",\"id\":\"staff\"},\"attrs\":{},\"parents\":[]}]"

struct made {
	const char *policies;
	const char *schema; /* NULL: MADE_SCHEMA */
	const char *roles;  /* NULL: MADE_ROLES */
	const char *tests;  /* NULL: none */
};

static inline size_t made_members(const struct made *from, struct gh_tar_member out[4])
{
	size_t count = 0;

	const char *roles = from->roles ? from->roles : MADE_ROLES;
	const char *schema = from->schema ? from->schema : MADE_SCHEMA;

	out[count++] =
	    (struct gh_tar_member){ GH_SLICE("entities/roles.json"), gh_slice_str(roles) };
	out[count++] =
	    (struct gh_tar_member){ GH_SLICE("policies/a.cedar"), gh_slice_str(from->policies) };
	out[count++] =
	    (struct gh_tar_member){ GH_SLICE("schema.cedarschema"), gh_slice_str(schema) };
	if (from->tests)
		out[count++] =
		    (struct gh_tar_member){ GH_SLICE("tests/t.json"), gh_slice_str(from->tests) };
	return count;
}

static inline struct gh_pack *made_pack(struct made from)
{
	struct gh_tar_member members[4];
	size_t count = made_members(&from, members);
	struct gh_pack_refusal why;
	struct gh_pack *pack;

	if (gh_pack_check(members, count, gh_cedar_checker(), NULL, &pack, &why) != GH_OK)
		fail_msg("%s: %s", gh_pack_reason_name(why.reason), why.text);
	return pack;
}

#endif
