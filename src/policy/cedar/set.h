/* set.h: the inside of a policy set and its index, shared by the files that build and that ask. */
#ifndef GH_POLICY_CEDAR_SET_H
#define GH_POLICY_CEDAR_SET_H

#include "policy/cedar/entities.h"
#include "policy/cedar/parse.h"
#include "policy/cedar/policy_set.h"

struct gh_cedar_index;

struct gh_cedar_policy_set {
	struct gh_cedar_space *space;
	struct gh_cedar_policy_list policies;
	const struct gh_cedar_policy **by_id; /* open addressing over name->hash */
	size_t by_id_capacity;
	struct gh_cedar_index *index; /* NULL until sealed */
	bool sealed;
};

/* Takes over the policies of the list, whose ids are set; GH_E_CONFLICT leaves the set as it was.
 */
gh_result gh_cedar_policy_set_take(struct gh_cedar_policy_set *set,
                                   const struct gh_cedar_policy_list *list);

gh_result gh_cedar_index_new(const struct gh_cedar_policy_set *set, struct gh_cedar_index **out);
void gh_cedar_index_free(struct gh_cedar_index *index); /* NULL is fine */

struct gh_cedar_probe {
	const struct gh_cedar_uid *principal, *action, *resource;
	const struct gh_cedar_entity_data *principal_data, *action_data,
	    *resource_data; /* or NULL */
};
/* Calls `each` for every policy whose scope may hold, a few perhaps twice. */
typedef void (*gh_cedar_candidate)(void *run, const struct gh_cedar_policy *policy);
void gh_cedar_index_probe(const struct gh_cedar_index *index, const struct gh_cedar_probe *probe,
                          gh_cedar_candidate each, void *run);

#endif
