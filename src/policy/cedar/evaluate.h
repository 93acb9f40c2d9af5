/* evaluate.h: one expression against one request. Inside the engine only. */
#ifndef GH_POLICY_CEDAR_EVALUATE_H
#define GH_POLICY_CEDAR_EVALUATE_H

#include "policy/cedar/authorize.h"

/* Memory for the sets and records that a policy builds while it runs; emptied before each policy.
 */
struct gh_cedar_bump {
	uint8_t *block;
	size_t size, used;
	struct gh_arena *spill; /* NULL until the block did not do */
	size_t limit_bytes;
};
void *gh_cedar_bump_take(struct gh_cedar_bump *bump, size_t size); /* NULL beyond the limit */
void gh_cedar_bump_clear(struct gh_cedar_bump *bump);

struct gh_cedar_run {
	const struct gh_cedar_entities *entities;
	const struct gh_cedar_request *request;
	const struct gh_cedar_entity_data *principal, *action,
	    *resource; /* NULL: not in the store */
	struct gh_cedar_bump *bump;
	const struct gh_cedar_expr *fault_expr; /* innermost, when evaluation failed */
};

enum gh_cedar_fault gh_cedar_evaluate(struct gh_cedar_run *run, const struct gh_cedar_expr *expr,
                                      struct gh_cedar_value *out);

/* An extension function on values. `ip` values are made by `bump`. */
enum gh_cedar_fault gh_cedar_apply(enum gh_cedar_function function,
                                   const struct gh_cedar_value *arguments, size_t count,
                                   struct gh_cedar_bump *bump, struct gh_cedar_value *out);

#endif
