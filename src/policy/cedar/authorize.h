/* authorize.h: a request against a sealed set. Semantics are Cedar's: allow exactly when a permit
 * is satisfied and no forbid is; a policy that errors is skipped and listed. What the gateway makes
 * of errors is in policy/decide.h. Reads shared state only, writes only its scratch. */
#ifndef GH_POLICY_CEDAR_AUTHORIZE_H
#define GH_POLICY_CEDAR_AUTHORIZE_H

#include "policy/cedar/entities.h"
#include "policy/cedar/policy_set.h"

struct gh_cedar_request {
	const struct gh_cedar_uid *principal;
	const struct gh_cedar_uid *action;
	const struct gh_cedar_uid *resource;
	struct gh_cedar_value context; /* a RECORD */
};

enum gh_cedar_fault {
	GH_CEDAR_FAULT_NONE,
	GH_CEDAR_FAULT_TYPE,      /* an operand of the wrong kind */
	GH_CEDAR_FAULT_ATTRIBUTE, /* no such attribute */
	GH_CEDAR_FAULT_TAG,       /* no such tag */
	GH_CEDAR_FAULT_ENTITY,    /* attribute or tag of an entity that does not exist */
	GH_CEDAR_FAULT_OVERFLOW,
	GH_CEDAR_FAULT_EXTENSION, /* a constructor refused its string, or a result is out of range
	                           */
	GH_CEDAR_FAULT_ARITY,
	GH_CEDAR_FAULT_LIMIT, /* scratch or depth */
};
const char *gh_cedar_fault_text(enum gh_cedar_fault fault);

struct gh_cedar_policy_fault {
	const struct gh_cedar_policy *policy;
	const struct gh_cedar_expr *expr; /* where; NULL when the condition as a whole is no bool */
	enum gh_cedar_fault fault;
};

/* Reused from decision to decision by one thread. */
struct gh_cedar_scratch;
struct gh_cedar_scratch *gh_cedar_scratch_new(size_t limit_bytes); /* NULL: memory */
void gh_cedar_scratch_free(struct gh_cedar_scratch *scratch);      /* NULL is fine */

/* The lists are in order of the set, live in the scratch, and hold until its next use. */
struct gh_cedar_answer {
	bool allow;
	bool forbid_errored;
	const struct gh_cedar_policy *const *determining;
	size_t determining_count;
	const struct gh_cedar_policy_fault *errors;
	size_t error_count;
};

/* Fails only with GH_E_MEMORY or GH_E_ARGUMENT (a set that is not sealed); an evaluation that goes
 * beyond the scratch makes its policy err. `entities` may be NULL: none. */
gh_result gh_cedar_authorize(const struct gh_cedar_policy_set *set,
                             const struct gh_cedar_entities *entities,
                             const struct gh_cedar_request *request,
                             struct gh_cedar_scratch *scratch, struct gh_cedar_answer *out);
/* Whether an entity stands in the scope; `data` may be NULL (it is not in the store). For those who
 * explain a decision: policies are matched by this and by nothing else. */
bool gh_cedar_in_scope(const struct gh_cedar_scope *scope, const struct gh_cedar_uid *uid,
                       const struct gh_cedar_entity_data *data);
/* The same by a scan over all policies, without the index: what the index is tested against. */
gh_result gh_cedar_authorize_linear(const struct gh_cedar_policy_set *set,
                                    const struct gh_cedar_entities *entities,
                                    const struct gh_cedar_request *request,
                                    struct gh_cedar_scratch *scratch, struct gh_cedar_answer *out);

#endif
