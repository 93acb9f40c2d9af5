/* decide.h: the contract between the policy room and the gates. The engine stays conformant to
 * Cedar; what a gateway must add is here: a forbid that errors denies (Cedar would skip it), and a
 * decision carries more than allow. PII modes, budgets, retention and MFA come from annotations of
 * the policies that decided, merged so that the strictest wins (obligation.h). */
#ifndef GH_POLICY_DECIDE_H
#define GH_POLICY_DECIDE_H

#include "policy/cedar/authorize.h"
#include "policy/obligation.h"

enum gh_policy_outcome {
	GH_POLICY_ALLOW,
	GH_POLICY_DENY_DEFAULT,        /* no permit was satisfied */
	GH_POLICY_DENY_FORBID,         /* a forbid was */
	GH_POLICY_DENY_ERROR,          /* a forbid errored (or any policy, when the set says so) */
	GH_POLICY_DENY_BAD_OBLIGATION, /* a determining policy carries an annotation not understood
	                                */
};
const char *gh_policy_outcome_name(enum gh_policy_outcome outcome); /* "allow", "deny-default", … */

struct gh_policy_decision {
	enum gh_policy_outcome outcome;
	/* As Cedar decided, so that an auditor's own Cedar reproduces it; lists live in the
	 * scratch. */
	struct gh_cedar_answer cedar;
	/* Of the determining policies; meaningful when outcome is ALLOW, else the strictest. */
	struct gh_policy_obligations obligations;
};

struct gh_policy_rules {
	bool any_error_denies; /* per pack: not only an erring forbid */
};

/* `set` is sealed; `entities` (may be NULL) is sealed and of a space below the set's. One thread,
 * one scratch. GH_E_MEMORY and GH_E_ARGUMENT only; a caller that gets a failure denies. */
gh_result gh_policy_decide(const struct gh_cedar_policy_set *set, struct gh_policy_rules rules,
                           const struct gh_cedar_entities *entities,
                           const struct gh_cedar_request *request, struct gh_cedar_scratch *scratch,
                           struct gh_policy_decision *out);

#endif
