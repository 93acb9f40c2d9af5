/* From Cedar's answer to the gateway's decision. Whatever is not understood denies. */
#include "policy/decide.h"

const char *gh_policy_outcome_name(enum gh_policy_outcome outcome)
{
	static const char *const names[] = {
		[GH_POLICY_ALLOW] = "allow",
		[GH_POLICY_DENY_DEFAULT] = "deny-default",
		[GH_POLICY_DENY_FORBID] = "deny-forbid",
		[GH_POLICY_DENY_ERROR] = "deny-error",
		[GH_POLICY_DENY_BAD_OBLIGATION] = "deny-bad-obligation",
	};
	return names[outcome];
}

static enum gh_policy_outcome outcome_of(const struct gh_cedar_answer *answer,
                                         struct gh_policy_rules rules)
{
	/* A forbid that holds is the plainer reason, so it is named first. */
	if (!answer->allow && answer->determining_count)
		return GH_POLICY_DENY_FORBID;
	/* Cedar skips what errs; a forbid that cannot be computed must not open the gate. */
	if (answer->forbid_errored || (rules.any_error_denies && answer->error_count))
		return GH_POLICY_DENY_ERROR;
	return answer->allow ? GH_POLICY_ALLOW : GH_POLICY_DENY_DEFAULT;
}

static gh_result collect(const struct gh_cedar_answer *answer, struct gh_policy_obligations *out)
{
	gh_policy_obligations_init(out);
	for (size_t i = 0; i < answer->determining_count; i++) {
		struct gh_policy_obligations one;
		if (answer->determining[i]->annotation_count == 0)
			continue;
		GH_TRY(gh_policy_obligations_read(answer->determining[i], &one));
		GH_TRY(gh_policy_obligations_merge(out, &one));
	}
	return GH_OK;
}

gh_result gh_policy_decide(const struct gh_cedar_policy_set *set, struct gh_policy_rules rules,
                           const struct gh_cedar_entities *entities,
                           const struct gh_cedar_request *request, struct gh_cedar_scratch *scratch,
                           struct gh_policy_decision *out)
{
	out->outcome = GH_POLICY_DENY_ERROR; /* what a caller sees who forgets the result */
	gh_policy_obligations_strictest(&out->obligations);
	GH_TRY(gh_cedar_authorize(set, entities, request, scratch, &out->cedar));
	out->outcome = outcome_of(&out->cedar, rules);
	if (out->outcome == GH_POLICY_ALLOW && collect(&out->cedar, &out->obligations) != GH_OK) {
		out->outcome = GH_POLICY_DENY_BAD_OBLIGATION;
		gh_policy_obligations_strictest(&out->obligations);
	}
	return GH_OK;
}
