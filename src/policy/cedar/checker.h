/* checker.h: the table through which a schema is used without knowing how it is stored. The schema
 * and validator files fill one (gh_cedar_checker); the corpus verb, the packs and `policy check`
 * call it. */
#ifndef GH_POLICY_CEDAR_CHECKER_H
#define GH_POLICY_CEDAR_CHECKER_H

#include "policy/cedar/authorize.h"

struct gh_cedar_schema;

/* A finding about one policy: a fault, or a warning, with which the policy is valid all the same.
 */
struct gh_cedar_finding {
	const struct gh_cedar_policy *policy;
	struct gh_cedar_diagnostic where; /* the span and the text; line and column are not set */
};

struct gh_cedar_checker {
	/* Cedar schema text, or Cedar schema JSON when `is_json`. Names go into `space`. */
	gh_result (*load)(struct gh_cedar_space *space, struct gh_slice text, bool is_json,
	                  struct gh_cedar_schema **out, struct gh_cedar_diagnostic *why);
	void (*free)(struct gh_cedar_schema *schema);
	/* The contract for reading entities and contexts; lives as long as the schema. */
	const struct gh_cedar_shapes *(*shapes)(const struct gh_cedar_schema *schema);
	/* `strict` or permissive. GH_OK when every policy is valid; GH_E_DENIED when not, and each
	 * finding is told to `report` (may be NULL). GH_E_LIMIT when it would take too long: then
	 * not all is told. */
	gh_result (*validate)(const struct gh_cedar_schema *schema,
	                      const struct gh_cedar_policy_set *set, bool strict,
	                      void (*report)(void *user, const struct gh_cedar_finding *finding),
	                      void *user);
	/* GH_OK when the request conforms: declared types, context as the action asks. */
	gh_result (*validate_request)(const struct gh_cedar_schema *schema,
	                              const struct gh_cedar_request *request);
	/* GH_OK when each entity of the store conforms. */
	gh_result (*validate_entities)(const struct gh_cedar_schema *schema,
	                               const struct gh_cedar_entities *entities);
};

/* The strict validator's table; defined by the validator. */
const struct gh_cedar_checker *gh_cedar_checker(void);

#endif
