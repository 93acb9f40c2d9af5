/* Recorded requests and tests of a pack: whatever they hold, a decision or a fault comes of it. */
#include <stdlib.h>

#include "policy/pack/compile.h"
#include "policy/pack/replay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct gh_tar_member members[] = {
	{ GH_SLICE("entities/roles.json"),
	  GH_SLICE(
	      "[{\"uid\":{\"type\":\"Role\",\"id\":\"staff\"},\"attrs\":{},\"parents\":[]}]") },
	{ GH_SLICE("policies/a.cedar"),
	  GH_SLICE("@id(\"a\") @retention(\"P30D\") permit(principal in Role::\"staff\", action, "
	           "resource) when { principal.level > 1 };"
	           "@id(\"b\") forbid(principal, action, resource) unless { context.mfa && "
	           "context.address.isInRange(ip(\"10.0.0.0/8\")) };") },
	{ GH_SLICE("schema.cedarschema"),
	  GH_SLICE("entity Role; entity User in [Role] { level: Long, tags?: Set<String> };"
	           "entity Doc; action read appliesTo { principal: [User], resource: [Doc],"
	           " context: { mfa: Bool, address: ipaddr } };") },
};

static void require(bool held)
{
	if (!held)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct gh_pack *pack;
	const struct gh_tar_member test = { GH_SLICE("tests/t.json"), gh_slice(data, size) };
	struct gh_replay_counts counts;
	struct gh_replay *replay;
	struct gh_pack_refusal why;
	json_t *report;

	if (!pack)
		require(gh_pack_check(members, GH_ARRAY_LEN(members), gh_cedar_checker(), NULL,
		                      &pack, &why) == GH_OK);
	(void)!gh_pack_try(pack, &test, 1, NULL, &why);
	require(gh_replay_open(pack, pack, &replay) == GH_OK);
	bool taken = gh_replay_add(replay, gh_slice(data, size)) == GH_OK;
	require(gh_replay_finish(replay, &counts) == GH_OK);
	require(counts.requests <= 1 && (taken || counts.requests == 0));
	require(counts.allow_to_deny + counts.deny_to_allow + counts.laxer == 0);
	require(gh_replay_report(replay, &report) == GH_OK);
	json_decref(report);
	gh_replay_close(replay);
	return 0;
}
