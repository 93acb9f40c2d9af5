/* Policy sets: naming, linking, sealing. What a set holds lives in the arena of its space; the set
 * itself is only the list and two tables. */
#include "policy/cedar/set.h"

#include <stdio.h>
#include <stdlib.h>

#define MAX_POLICIES 1000000

struct gh_cedar_policy_set *gh_cedar_policy_set_new(struct gh_cedar_space *space)
{
	struct gh_cedar_policy_set *set = calloc(1, sizeof *set);

	if (set)
		set->space = space;
	return set;
}

void gh_cedar_policy_set_free(struct gh_cedar_policy_set *set)
{
	if (!set)
		return;
	gh_cedar_index_free(set->index);
	free(set->policies.items);
	free(set->by_id);
	free(set);
}

static const struct gh_cedar_policy **slot_of(const struct gh_cedar_policy_set *set,
                                              const struct gh_cedar_name *id)
{
	size_t mask = set->by_id_capacity - 1, i = id->hash & mask;

	while (set->by_id[i] && set->by_id[i]->id != id)
		i = (i + 1) & mask;
	return &set->by_id[i];
}

static gh_result make_room(struct gh_cedar_policy_set *set, size_t more)
{
	size_t wanted = set->policies.count + more, capacity = 64;

	GH_ENSURE(wanted <= MAX_POLICIES, GH_E_LIMIT, "more than %d policies", MAX_POLICIES);
	if (wanted > set->policies.capacity) {
		size_t list = wanted < 16 ? 16 : wanted + wanted / 2;
		void *items = reallocarray(set->policies.items, list, sizeof(void *));
		GH_ENSURE(items, GH_E_MEMORY, "no memory for the policies");
		set->policies.items = items;
		set->policies.capacity = list;
	}
	while (capacity < wanted * 2)
		capacity *= 2;
	if (capacity <= set->by_id_capacity)
		return GH_OK;
	const struct gh_cedar_policy **table = calloc(capacity, sizeof(void *));
	GH_ENSURE(table, GH_E_MEMORY, "no memory for the policies");
	free(set->by_id);
	set->by_id = table;
	set->by_id_capacity = capacity;
	for (size_t i = 0; i < set->policies.count; i++)
		*slot_of(set, set->policies.items[i]->id) = set->policies.items[i];
	return GH_OK;
}

static void forget_since(struct gh_cedar_policy_set *set, size_t count)
{
	set->policies.count = count;
	memset(set->by_id, 0, set->by_id_capacity * sizeof(void *));
	for (size_t i = 0; i < count; i++)
		*slot_of(set, set->policies.items[i]->id) = set->policies.items[i];
}

gh_result gh_cedar_policy_set_take(struct gh_cedar_policy_set *set,
                                   const struct gh_cedar_policy_list *list)
{
	size_t before = set->policies.count;

	GH_ENSURE(!set->sealed, GH_E_ARGUMENT, "the policy set is sealed");
	GH_TRY(make_room(set, list->count));
	for (size_t i = 0; i < list->count; i++) {
		struct gh_cedar_policy *policy = list->items[i];
		const struct gh_cedar_policy **slot = slot_of(set, policy->id);
		if (*slot) {
			forget_since(set, before);
			return gh_fail(GH_E_CONFLICT, "two policies have the id %.60s",
			               policy->id->text);
		}
		policy->index = (uint32_t)set->policies.count;
		*slot = policy;
		set->policies.items[set->policies.count++] = policy;
	}
	return GH_OK;
}

static gh_result name_policy(struct gh_cedar_policy_set *set, struct gh_cedar_policy *policy,
                             const char *prefix, size_t number, bool from_annotation)
{
	const struct gh_cedar_name *given =
	    from_annotation ? gh_cedar_policy_annotation(policy, "id") : NULL;
	char text[120];

	if (given && given->len) {
		policy->id = given;
		return GH_OK;
	}
	int len = snprintf(text, sizeof text, "%.80s%zu", prefix ? prefix : "policy", number);
	policy->id = gh_cedar_intern(set->space, gh_slice(text, (size_t)len));
	GH_ENSURE(policy->id, GH_E_LIMIT, "no memory for the policies");
	return GH_OK;
}

static void list_free(struct gh_cedar_policy_list *list)
{
	free(list->items);
}

gh_result gh_cedar_policy_set_parse(struct gh_cedar_policy_set *set, struct gh_slice source,
                                    const char *prefix, bool ids_from_annotation,
                                    struct gh_cedar_diagnostic *why)
{
	GH_CLEANUP(list_free) struct gh_cedar_policy_list list = { 0 };

	if (why)
		*why = (struct gh_cedar_diagnostic){ .text = "the policies need too much memory" };
	GH_ENSURE(!set->sealed, GH_E_ARGUMENT, "the policy set is sealed");
	GH_TRY(gh_cedar_parse_policies(set->space, source, &list, why));
	for (size_t i = 0; i < list.count; i++)
		GH_TRY(name_policy(set, list.items[i], prefix, i, ids_from_annotation));
	enum gh_code code = gh_cedar_policy_set_take(set, &list);
	if (code != GH_OK)
		gh_cedar_diagnose(why, source, (struct gh_cedar_span){ 0, 0 }, "%s",
		                  gh_last_error()->text);
	return code;
}

static gh_result fill_slot(struct gh_cedar_scope *scope, const struct gh_cedar_uid *uid,
                           const char *which)
{
	GH_ENSURE(scope->slot == (uid != NULL), GH_E_ARGUMENT,
	          scope->slot ? "the template needs a value for ?%s"
	                      : "the template has no slot ?%s",
	          which);
	if (scope->slot) {
		scope->slot = false;
		scope->uid = uid;
	}
	return GH_OK;
}

gh_result gh_cedar_policy_set_link(struct gh_cedar_policy_set *set, struct gh_slice template_id,
                                   struct gh_slice link_id, const struct gh_cedar_uid *principal,
                                   const struct gh_cedar_uid *resource)
{
	const struct gh_cedar_policy *body = gh_cedar_policy_set_find(set, template_id);

	GH_ENSURE(!set->sealed, GH_E_ARGUMENT, "the policy set is sealed");
	GH_ENSURE(body && body->is_template, GH_E_NOT_FOUND, "there is no template %.*s",
	          template_id.len < 60 ? (int)template_id.len : 60, (const char *)template_id.data);
	struct gh_cedar_policy *link =
	    gh_arena_alloc(gh_cedar_space_arena(set->space), sizeof *link);
	GH_ENSURE(link, GH_E_LIMIT, "no memory for the policies");
	*link = *body;
	link->is_template = false;
	link->template_body = body;
	link->id = gh_cedar_intern(set->space, link_id);
	GH_ENSURE(link->id, GH_E_LIMIT, "no memory for the policies");
	GH_TRY(fill_slot(&link->principal, principal, "principal"));
	GH_TRY(fill_slot(&link->resource, resource, "resource"));
	return gh_cedar_policy_set_take(
	    set, &(struct gh_cedar_policy_list){ .items = &link, .count = 1 });
}

gh_result gh_cedar_policy_set_seal(struct gh_cedar_policy_set *set)
{
	if (set->sealed)
		return GH_OK;
	GH_TRY(gh_cedar_index_new(set, &set->index));
	set->sealed = true;
	gh_cedar_space_freeze(set->space);
	return GH_OK;
}

struct gh_cedar_space *gh_cedar_policy_set_space(const struct gh_cedar_policy_set *set)
{
	return set->space;
}

size_t gh_cedar_policy_set_count(const struct gh_cedar_policy_set *set)
{
	return set->policies.count;
}

const struct gh_cedar_policy *gh_cedar_policy_set_at(const struct gh_cedar_policy_set *set,
                                                     size_t index)
{
	return index < set->policies.count ? set->policies.items[index] : NULL;
}

const struct gh_cedar_policy *gh_cedar_policy_set_find(const struct gh_cedar_policy_set *set,
                                                       struct gh_slice id)
{
	const struct gh_cedar_name *name = gh_cedar_find(set->space, id);

	return name && set->by_id_capacity ? *slot_of(set, name) : NULL;
}
