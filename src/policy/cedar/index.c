/* The index answers: which policies can a request (principal, action, resource) concern? Each
 * policy sits under one kind of key: an entity its principal or resource scope names, together with
 * its action; or its action together with the types its scopes name. It is put where fewest others
 * sit. A probe looks up the request's entities and their ancestors. Wrong candidates only cost
 * time, since scopes are checked again; a missed one would be a wrong decision, so the tests
 * compare with a scan.
 */
#include "policy/cedar/set.h"

#include <stdlib.h>

enum key_kind {
	KEY_PRINCIPAL,        /* a: uid; mask: which second keys exist */
	KEY_PRINCIPAL_ACTION, /* a: uid, b: action or NULL */
	KEY_RESOURCE,
	KEY_RESOURCE_ACTION,
	KEY_ACTION,       /* a: action or NULL; mask: which pairs of types exist */
	KEY_ACTION_TYPES, /* a: action or NULL, b: principal type or NULL, c: resource type or NULL
	                   */
};

/* Masks of the first keys. */
#define ANY_ACTION  1u
#define SOME_ACTION 2u

struct entry {
	const void *a, *b, *c;
	uint32_t hash;
	uint8_t kind;
	uint8_t mask;
	bool used;
	uint32_t start, count, filled;
};

struct gh_cedar_index {
	struct entry *entries;
	uint32_t capacity, used;
	const struct gh_cedar_policy **members; /* the buckets, one after the other */
	const struct entry **principal_keys, **resource_keys;
	uint32_t principal_key_count, resource_key_count;
};

/* The keys a policy may be found under: several only for a list of actions. */
struct place {
	enum key_kind kind; /* a second key */
	const void *a, *c;
	const struct gh_cedar_uid *const *actions; /* NULL: the one in `action` */
	const struct gh_cedar_uid *action;         /* NULL: any */
	uint32_t action_count;
};

static uint32_t uid_hash(const struct gh_cedar_uid *uid)
{
	return uid ? uid->hash : 0x9e3779b9u;
}

static uint32_t name_hash(const struct gh_cedar_name *name)
{
	return name ? name->hash : 0x85ebca6bu;
}

static uint32_t mix(uint32_t kind, uint32_t a, uint32_t b, uint32_t c)
{
	uint32_t h = a + kind * 0x9e3779b1u;

	h = (h ^ b * 0x85ebca77u) * 0xc2b2ae3du;
	h = (h ^ c * 0x27d4eb2fu) * 0x165667b1u;
	return h ^ h >> 15;
}

static struct entry *slot_of(const struct gh_cedar_index *index, uint32_t hash, uint8_t kind,
                             const void *a, const void *b, const void *c)
{
	uint32_t mask = index->capacity - 1;

	for (uint32_t i = hash & mask;; i = (i + 1) & mask) {
		struct entry *entry = &index->entries[i];
		if (!entry->used || (entry->hash == hash && entry->kind == kind && entry->a == a &&
		                     entry->b == b && entry->c == c))
			return entry;
	}
}

static gh_result double_table(struct gh_cedar_index *index)
{
	struct gh_cedar_index bigger = { .capacity = index->capacity ? index->capacity * 2 : 64 };

	bigger.entries = calloc(bigger.capacity, sizeof *bigger.entries);
	GH_ENSURE(bigger.entries, GH_E_MEMORY, "no memory for the policy index");
	for (uint32_t i = 0; i < index->capacity; i++) {
		struct entry *old = &index->entries[i];
		if (old->used)
			*slot_of(&bigger, old->hash, old->kind, old->a, old->b, old->c) = *old;
	}
	free(index->entries);
	index->entries = bigger.entries;
	index->capacity = bigger.capacity;
	return GH_OK;
}

static gh_result entry_of(struct gh_cedar_index *index, uint32_t hash, uint8_t kind, const void *a,
                          const void *b, const void *c, struct entry **out)
{
	if ((index->used + 1) * 2 > index->capacity)
		GH_TRY(double_table(index));
	struct entry *entry = slot_of(index, hash, kind, a, b, c);
	if (!entry->used) {
		*entry = (struct entry){
			.a = a, .b = b, .c = c, .hash = hash, .kind = kind, .used = true
		};
		index->used++;
	}
	*out = entry;
	return GH_OK;
}

static uint32_t second_hash(const struct place *place, const struct gh_cedar_uid *action)
{
	if (place->kind == KEY_ACTION_TYPES)
		return mix(place->kind, uid_hash(action), name_hash(place->a), name_hash(place->c));
	return mix(place->kind, uid_hash(place->a), uid_hash(action), 0);
}

static gh_result second_entry(struct gh_cedar_index *index, const struct place *place,
                              const struct gh_cedar_uid *action, struct entry **out)
{
	uint32_t hash = second_hash(place, action);

	if (place->kind == KEY_ACTION_TYPES)
		return entry_of(index, hash, KEY_ACTION_TYPES, action, place->a, place->c, out);
	return entry_of(index, hash, (uint8_t)place->kind, place->a, action, NULL, out);
}

static const struct gh_cedar_uid *action_at(const struct place *place, uint32_t i)
{
	return place->actions ? place->actions[i] : place->action;
}

static const struct gh_cedar_name *scope_type(const struct gh_cedar_scope *scope)
{
	switch (scope->kind) {
	case GH_CEDAR_SCOPE_IS:
	case GH_CEDAR_SCOPE_IS_IN: return scope->type;
	case GH_CEDAR_SCOPE_EQ: return scope->uid->type;
	default: return NULL;
	}
}

/* The up to three places of a policy: by principal, by resource, by action and types. */
static size_t places_of(const struct gh_cedar_policy *policy, struct place places[3])
{
	const struct gh_cedar_scope *action = &policy->action;
	struct place base = { .action = action->uid, .action_count = 1 };
	size_t count = 0;

	if (action->kind == GH_CEDAR_SCOPE_LIST) {
		base.actions = action->uids;
		base.action_count = action->uid_count;
	}
	if (policy->principal.uid) {
		places[count] = base;
		places[count].kind = KEY_PRINCIPAL_ACTION;
		places[count++].a = policy->principal.uid;
	}
	if (policy->resource.uid) {
		places[count] = base;
		places[count].kind = KEY_RESOURCE_ACTION;
		places[count++].a = policy->resource.uid;
	}
	places[count] = base;
	places[count].kind = KEY_ACTION_TYPES;
	places[count].a = scope_type(&policy->principal);
	places[count++].c = scope_type(&policy->resource);
	return count;
}

static gh_result add_counts(struct gh_cedar_index *index, const struct place *place)
{
	for (uint32_t i = 0; i < place->action_count; i++) {
		struct entry *entry;
		GH_TRY(second_entry(index, place, action_at(place, i), &entry));
		entry->count++;
	}
	return GH_OK;
}

static uint32_t crowd(struct gh_cedar_index *index, const struct place *place)
{
	uint32_t most = 0;

	for (uint32_t i = 0; i < place->action_count; i++) {
		struct entry *entry = NULL;
		if (second_entry(index, place, action_at(place, i), &entry) == GH_OK &&
		    entry->count > most)
			most = entry->count;
	}
	return most;
}

/* A bucket under an entity is met only by requests about that entity, one under an action by every
 * request for it: the entity wins unless its bucket is far more crowded. */
static const struct place *best_place(struct gh_cedar_index *index, const struct place *places,
                                      size_t count)
{
	const struct place *best = &places[count - 1];
	uint64_t least = (uint64_t)crowd(index, best) * 8;

	for (size_t i = 0; i + 1 < count; i++) {
		uint64_t here = crowd(index, &places[i]);
		if (here <= least) {
			least = here;
			best = &places[i];
		}
	}
	return best;
}

static gh_result mark_first(struct gh_cedar_index *index, const struct place *place,
                            const struct gh_cedar_uid *action)
{
	struct entry *first;

	if (place->kind == KEY_ACTION_TYPES) {
		GH_TRY(entry_of(index, mix(KEY_ACTION, uid_hash(action), 0, 0), KEY_ACTION, action,
		                NULL, NULL, &first));
		first->mask |= (uint8_t)(1u << ((place->a ? 1 : 0) | (place->c ? 2 : 0)));
		return GH_OK;
	}
	uint8_t kind = place->kind == KEY_PRINCIPAL_ACTION ? KEY_PRINCIPAL : KEY_RESOURCE;
	GH_TRY(entry_of(index, mix(kind, uid_hash(place->a), 0, 0), kind, place->a, NULL, NULL,
	                &first));
	first->mask |= action ? SOME_ACTION : ANY_ACTION;
	return GH_OK;
}

static bool is_second(const struct entry *entry)
{
	return entry->kind == KEY_PRINCIPAL_ACTION || entry->kind == KEY_RESOURCE_ACTION ||
	       entry->kind == KEY_ACTION_TYPES;
}

/* Runs over all policies: `chosen` remembers, per policy, which place it takes. */
static gh_result choose(struct gh_cedar_index *index, const struct gh_cedar_policy_set *set,
                        uint8_t *chosen)
{
	struct place places[3];

	for (size_t i = 0; i < set->policies.count; i++) {
		size_t count = set->policies.items[i]->is_template
		                   ? 0
		                   : places_of(set->policies.items[i], places);
		for (size_t k = 0; k < count; k++)
			GH_TRY(add_counts(index, &places[k]));
	}
	for (size_t i = 0; i < set->policies.count; i++) {
		if (set->policies.items[i]->is_template)
			continue;
		size_t count = places_of(set->policies.items[i], places);
		chosen[i] = (uint8_t)(best_place(index, places, count) - places);
	}
	return GH_OK;
}

static gh_result fill(struct gh_cedar_index *index, const struct gh_cedar_policy_set *set,
                      const uint8_t *chosen)
{
	struct place places[3];
	uint32_t total = 0;

	for (uint32_t i = 0; i < index->capacity; i++)
		index->entries[i].count = 0;
	for (size_t i = 0; i < set->policies.count; i++) {
		if (set->policies.items[i]->is_template)
			continue;
		places_of(set->policies.items[i], places);
		const struct place *place = &places[chosen[i]];
		GH_TRY(add_counts(index, place));
		for (uint32_t k = 0; k < place->action_count; k++)
			GH_TRY(mark_first(index, place, action_at(place, k)));
	}
	for (uint32_t i = 0; i < index->capacity; i++) {
		if (!index->entries[i].used || !is_second(&index->entries[i]))
			continue;
		index->entries[i].start = total;
		total += index->entries[i].count;
	}
	index->members = calloc(total + 1, sizeof(void *));
	GH_ENSURE(index->members, GH_E_MEMORY, "no memory for the policy index");
	for (size_t i = 0; i < set->policies.count; i++) {
		if (set->policies.items[i]->is_template)
			continue;
		places_of(set->policies.items[i], places);
		const struct place *place = &places[chosen[i]];
		for (uint32_t k = 0; k < place->action_count; k++) {
			struct entry *entry;
			GH_TRY(second_entry(index, place, action_at(place, k), &entry));
			index->members[entry->start + entry->filled++] = set->policies.items[i];
		}
	}
	return GH_OK;
}

static gh_result list_first_keys(struct gh_cedar_index *index)
{
	index->principal_keys = calloc(index->used + 1, sizeof(void *));
	index->resource_keys = calloc(index->used + 1, sizeof(void *));
	GH_ENSURE(index->principal_keys && index->resource_keys, GH_E_MEMORY,
	          "no memory for the policy index");
	for (uint32_t i = 0; i < index->capacity; i++) {
		const struct entry *entry = &index->entries[i];
		if (entry->used && entry->kind == KEY_PRINCIPAL)
			index->principal_keys[index->principal_key_count++] = entry;
		else if (entry->used && entry->kind == KEY_RESOURCE)
			index->resource_keys[index->resource_key_count++] = entry;
	}
	return GH_OK;
}

gh_result gh_cedar_index_new(const struct gh_cedar_policy_set *set, struct gh_cedar_index **out)
{
	GH_CLEANUP(gh_free_ptr) uint8_t *chosen = calloc(set->policies.count + 1, 1);
	struct gh_cedar_index *index = calloc(1, sizeof *index);
	enum gh_code code = GH_OK;

	if (!chosen || !index)
		code = gh_fail(GH_E_MEMORY, "no memory for the policy index");
	if (code == GH_OK)
		code = double_table(index);
	if (code == GH_OK)
		code = choose(index, set, chosen);
	if (code == GH_OK)
		code = fill(index, set, chosen);
	if (code == GH_OK)
		code = list_first_keys(index);
	if (code != GH_OK) {
		gh_cedar_index_free(index);
		return code;
	}
	*out = index;
	return GH_OK;
}

void gh_cedar_index_free(struct gh_cedar_index *index)
{
	if (!index)
		return;
	free(index->entries);
	free(index->members);
	free(index->principal_keys);
	free(index->resource_keys);
	free(index);
}

struct walk {
	const struct gh_cedar_index *index;
	const struct gh_cedar_probe *probe;
	gh_cedar_candidate each;
	void *run;
};

static void bucket(const struct walk *walk, uint32_t hash, uint8_t kind, const void *a,
                   const void *b, const void *c)
{
	const struct entry *entry = slot_of(walk->index, hash, kind, a, b, c);

	if (!entry->used)
		return;
	for (uint32_t i = 0; i < entry->count; i++)
		walk->each(walk->run, walk->index->members[entry->start + i]);
}

/* The buckets under one entity: those for any action, for the action, for its groups. */
static void under_entity(const struct walk *walk, const struct entry *first, uint8_t second)
{
	const struct gh_cedar_uid *uid = first->a, *action = walk->probe->action;
	const struct gh_cedar_entity_data *data = walk->probe->action_data;

	if (first->mask & ANY_ACTION)
		bucket(walk, mix(second, uid->hash, uid_hash(NULL), 0), second, uid, NULL, NULL);
	if (!(first->mask & SOME_ACTION))
		return;
	bucket(walk, mix(second, uid->hash, action->hash, 0), second, uid, action, NULL);
	for (uint32_t i = 0; data && i < data->ancestor_count; i++)
		bucket(walk, mix(second, uid->hash, data->ancestors[i]->hash, 0), second, uid,
		       data->ancestors[i], NULL);
}

static void by_entity(const struct walk *walk, uint8_t kind, const struct gh_cedar_uid *uid)
{
	const struct entry *first =
	    slot_of(walk->index, mix(kind, uid->hash, 0, 0), kind, uid, NULL, NULL);

	if (first->used)
		under_entity(walk, first, kind + 1);
}

/* An entity and its ancestors against the first keys, from the shorter side. */
static void by_family(const struct walk *walk, uint8_t kind, const struct gh_cedar_uid *uid,
                      const struct gh_cedar_entity_data *data, const struct entry *const *keys,
                      uint32_t key_count)
{
	if (key_count == 0)
		return;
	by_entity(walk, kind, uid);
	if (!data)
		return;
	if (key_count < data->ancestor_count) {
		for (uint32_t i = 0; i < key_count; i++)
			if (gh_cedar_data_in(data, keys[i]->a))
				under_entity(walk, keys[i], kind + 1);
		return;
	}
	for (uint32_t i = 0; i < data->ancestor_count; i++)
		by_entity(walk, kind, data->ancestors[i]);
}

static void by_action(const struct walk *walk, const struct gh_cedar_uid *action)
{
	const struct gh_cedar_name *types[2] = { NULL, walk->probe->principal->type };
	const struct gh_cedar_name *resources[2] = { NULL, walk->probe->resource->type };
	const struct entry *first = slot_of(walk->index, mix(KEY_ACTION, uid_hash(action), 0, 0),
	                                    KEY_ACTION, action, NULL, NULL);

	if (!first->used)
		return;
	for (unsigned i = 0; i < 4; i++)
		if (first->mask & 1u << i)
			bucket(walk,
			       mix(KEY_ACTION_TYPES, uid_hash(action), name_hash(types[i & 1]),
			           name_hash(resources[i >> 1])),
			       KEY_ACTION_TYPES, action, types[i & 1], resources[i >> 1]);
}

void gh_cedar_index_probe(const struct gh_cedar_index *index, const struct gh_cedar_probe *probe,
                          gh_cedar_candidate each, void *run)
{
	struct walk walk = { .index = index, .probe = probe, .each = each, .run = run };

	by_action(&walk, NULL);
	by_action(&walk, probe->action);
	for (uint32_t i = 0; probe->action_data && i < probe->action_data->ancestor_count; i++)
		by_action(&walk, probe->action_data->ancestors[i]);
	by_family(&walk, KEY_PRINCIPAL, probe->principal, probe->principal_data,
	          index->principal_keys, index->principal_key_count);
	by_family(&walk, KEY_RESOURCE, probe->resource, probe->resource_data, index->resource_keys,
	          index->resource_key_count);
}
