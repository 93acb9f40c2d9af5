/* The entity store: a table from uid to data and, after sealing, each entity's ancestors as a
 * sorted array. A store laid over another asks itself first. */
#include "policy/cedar/entities.h"

#include <stdlib.h>

#define MAX_ENTITIES 10000000

struct entity {
	struct gh_cedar_entity_data data;
	enum { NEW, OPEN, CLOSED } state; /* of the closure */
};

struct gh_cedar_entities {
	struct gh_cedar_space *space;
	const struct gh_cedar_entities *base;
	struct entity **order;
	size_t count, order_capacity;
	struct entity **slots;
	size_t slot_capacity;
	const struct gh_cedar_uid **dangling; /* named as ancestors, not in the store; sorted */
	size_t dangling_count;
	struct gh_cedar_value empty; /* a record without attributes */
	bool sealed;
};

struct gh_cedar_entities *gh_cedar_entities_new(struct gh_cedar_space *space,
                                                const struct gh_cedar_entities *base)
{
	struct gh_cedar_entities *entities = calloc(1, sizeof *entities);

	if (!entities)
		return NULL;
	entities->space = space;
	entities->base = base;
	if (gh_cedar_record_new(gh_cedar_space_arena(space), NULL, 0, &entities->empty) != GH_OK) {
		free(entities);
		return NULL;
	}
	return entities;
}

void gh_cedar_entities_free(struct gh_cedar_entities *entities)
{
	if (!entities)
		return;
	free(entities->order);
	free(entities->slots);
	free(entities->dangling);
	free(entities);
}

struct gh_cedar_space *gh_cedar_entities_space(const struct gh_cedar_entities *entities)
{
	return entities->space;
}

static struct entity **slot_of(const struct gh_cedar_entities *entities,
                               const struct gh_cedar_uid *uid)
{
	size_t mask = entities->slot_capacity - 1, i = uid->hash & mask;

	while (entities->slots[i] && entities->slots[i]->data.uid != uid)
		i = (i + 1) & mask;
	return &entities->slots[i];
}

static struct entity *own(const struct gh_cedar_entities *entities, const struct gh_cedar_uid *uid)
{
	return entities->count ? *slot_of(entities, uid) : NULL;
}

const struct gh_cedar_entity_data *gh_cedar_entities_get(const struct gh_cedar_entities *entities,
                                                         const struct gh_cedar_uid *uid)
{
	for (; entities; entities = entities->base) {
		const struct entity *entity = own(entities, uid);
		if (entity)
			return &entity->data;
	}
	return NULL;
}

const struct gh_cedar_entity_data *gh_cedar_entities_at(const struct gh_cedar_entities *entities,
                                                        size_t index)
{
	return index < entities->count ? &entities->order[index]->data : NULL;
}

static bool sorted_has(const struct gh_cedar_uid *const *sorted, size_t count,
                       const struct gh_cedar_uid *uid)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (sorted[middle] == uid)
			return true;
		if ((uintptr_t)sorted[middle] < (uintptr_t)uid)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

bool gh_cedar_data_in(const struct gh_cedar_entity_data *data, const struct gh_cedar_uid *ancestor)
{
	if (data->ancestor_count <= 8) {
		for (uint32_t i = 0; i < data->ancestor_count; i++)
			if (data->ancestors[i] == ancestor)
				return true;
		return false;
	}
	return sorted_has(data->ancestors, data->ancestor_count, ancestor);
}

bool gh_cedar_entities_in(const struct gh_cedar_entities *entities,
                          const struct gh_cedar_uid *descendant,
                          const struct gh_cedar_uid *ancestor)
{
	if (descendant == ancestor)
		return true;
	const struct gh_cedar_entity_data *data = gh_cedar_entities_get(entities, descendant);
	return data && gh_cedar_data_in(data, ancestor);
}

static gh_result make_room(struct gh_cedar_entities *entities)
{
	GH_ENSURE(entities->count < MAX_ENTITIES, GH_E_LIMIT, "more than %d entities",
	          MAX_ENTITIES);
	if (entities->count == entities->order_capacity) {
		size_t wanted = entities->order_capacity ? entities->order_capacity * 2 : 16;
		void *order = reallocarray(entities->order, wanted, sizeof(void *));
		GH_ENSURE(order, GH_E_MEMORY, "no memory for entities");
		entities->order = order;
		entities->order_capacity = wanted;
	}
	if ((entities->count + 1) * 2 <= entities->slot_capacity)
		return GH_OK;
	size_t wanted = entities->slot_capacity ? entities->slot_capacity * 2 : 32;
	struct entity **slots = calloc(wanted, sizeof(void *));
	GH_ENSURE(slots, GH_E_MEMORY, "no memory for entities");
	free(entities->slots);
	entities->slots = slots;
	entities->slot_capacity = wanted;
	for (size_t i = 0; i < entities->count; i++)
		*slot_of(entities, entities->order[i]->data.uid) = entities->order[i];
	return GH_OK;
}

static bool same_records(const struct gh_cedar_record *a, const struct gh_cedar_record *b)
{
	struct gh_cedar_value x = { .kind = GH_CEDAR_RECORD, .record = a };
	struct gh_cedar_value y = { .kind = GH_CEDAR_RECORD, .record = b };

	return gh_cedar_equal(&x, &y);
}

static bool lists_cover(const struct gh_cedar_entity_data *a, const struct gh_cedar_entity_data *b)
{
	for (uint32_t i = 0; i < a->parent_count; i++) {
		uint32_t k = 0;
		while (k < b->parent_count && b->parents[k] != a->parents[i])
			k++;
		if (k == b->parent_count)
			return false;
	}
	return true;
}

static bool same_data(const struct gh_cedar_entity_data *a, const struct gh_cedar_entity_data *b)
{
	return same_records(a->attributes, b->attributes) && same_records(a->tags, b->tags) &&
	       lists_cover(a, b) && lists_cover(b, a);
}

/* The base's closures were computed without this entity: they stay true only if none needs it. */
static gh_result check_base(const struct gh_cedar_entities *entities,
                            const struct gh_cedar_uid *uid, size_t parent_count)
{
	for (const struct gh_cedar_entities *base = entities->base; base && parent_count;
	     base = base->base)
		GH_ENSURE(!sorted_has(base->dangling, base->dangling_count, uid), GH_E_CONFLICT,
		          "an entity of type %.60s is a parent below and cannot get parents here",
		          uid->type->text);
	return GH_OK;
}

gh_result gh_cedar_entities_add(struct gh_cedar_entities *entities, const struct gh_cedar_uid *uid,
                                const struct gh_cedar_value *attributes,
                                const struct gh_cedar_value *tags,
                                const struct gh_cedar_uid *const *parents, size_t parent_count)
{
	struct gh_arena *arena = gh_cedar_space_arena(entities->space);

	GH_ENSURE(!entities->sealed, GH_E_ARGUMENT, "the entity store is sealed");
	GH_ENSURE((!attributes || attributes->kind == GH_CEDAR_RECORD) &&
	              (!tags || tags->kind == GH_CEDAR_RECORD) && parent_count < UINT32_MAX,
	          GH_E_ARGUMENT, "attributes and tags are records");
	struct entity *entity = gh_arena_alloc(arena, sizeof *entity);
	const struct gh_cedar_uid **kept =
	    gh_arena_alloc(arena, (parent_count + 1) * sizeof(void *));
	GH_ENSURE(entity && kept, GH_E_LIMIT, "no memory for entities");
	if (parent_count)
		memcpy(kept, parents, parent_count * sizeof(void *));
	entity->data = (struct gh_cedar_entity_data){
		.uid = uid,
		.attributes = attributes ? attributes->record : entities->empty.record,
		.tags = tags ? tags->record : entities->empty.record,
		.parents = kept,
		.parent_count = (uint32_t)parent_count,
	};
	const struct gh_cedar_entity_data *known = gh_cedar_entities_get(entities, uid);
	if (known) {
		GH_ENSURE(same_data(known, &entity->data), GH_E_CONFLICT,
		          "%.60s::\"%.60s\" is given twice with different content", uid->type->text,
		          uid->id->text);
		return GH_OK;
	}
	GH_TRY(check_base(entities, uid, parent_count));
	GH_TRY(make_room(entities));
	*slot_of(entities, uid) = entity;
	entities->order[entities->count++] = entity;
	return GH_OK;
}

static int by_pointer(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t) * (const void *const *)a,
	          y = (uintptr_t) * (const void *const *)b;

	return x < y ? -1 : x > y;
}

static size_t sort_unique(const struct gh_cedar_uid **list, size_t count)
{
	size_t kept = 0;

	if (count)
		qsort(list, count, sizeof *list, by_pointer);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || list[kept - 1] != list[i])
			list[kept++] = list[i];
	return kept;
}

/* All parents are closed: the ancestors are the parents and theirs. */
static gh_result close_entity(struct gh_cedar_entities *entities, struct entity *entity)
{
	struct gh_cedar_entity_data *data = &entity->data;
	GH_CLEANUP(gh_free_ptr) const struct gh_cedar_uid **all = NULL;
	size_t total = data->parent_count, count = 0;

	for (uint32_t i = 0; i < data->parent_count; i++) {
		const struct gh_cedar_entity_data *parent =
		    gh_cedar_entities_get(entities, data->parents[i]);
		total += parent ? parent->ancestor_count : 0;
	}
	entity->state = CLOSED;
	if (total == 0)
		return GH_OK;
	GH_ENSURE(total < UINT32_MAX / 16, GH_E_LIMIT, "too many ancestors");
	all = calloc(total, sizeof *all);
	GH_ENSURE(all, GH_E_MEMORY, "no memory for entities");
	for (uint32_t i = 0; i < data->parent_count; i++) {
		const struct gh_cedar_entity_data *parent =
		    gh_cedar_entities_get(entities, data->parents[i]);
		all[count++] = data->parents[i];
		if (parent && parent->ancestor_count)
			memcpy(&all[count], parent->ancestors,
			       parent->ancestor_count * sizeof *all);
		count += parent ? parent->ancestor_count : 0;
	}
	count = sort_unique(all, count);
	const struct gh_cedar_uid **kept =
	    gh_arena_alloc(gh_cedar_space_arena(entities->space), count * sizeof *kept);
	GH_ENSURE(kept, GH_E_LIMIT, "no memory for entities");
	memcpy(kept, all, count * sizeof *kept);
	data->ancestors = kept;
	data->ancestor_count = (uint32_t)count;
	return GH_OK;
}

/* The next parent not yet closed, from *from on. */
static gh_result open_parent(const struct gh_cedar_entities *entities, const struct entity *entity,
                             uint32_t *from, struct entity **out)
{
	for (*out = NULL; *from < entity->data.parent_count && !*out; (*from)++) {
		struct entity *parent = own(entities, entity->data.parents[*from]);
		GH_ENSURE(!parent || parent->state != OPEN, GH_E_FORMAT,
		          "the parents of an entity of type %.60s run in a circle",
		          entity->data.uid->type->text);
		if (parent && parent->state == NEW)
			*out = parent;
	}
	return GH_OK;
}

struct frame {
	struct entity *entity;
	uint32_t next_parent;
};

/* Depth first with a stack of its own: hostile hierarchies may be long chains. */
static gh_result close_from(struct gh_cedar_entities *entities, struct frame *stack,
                            struct entity *root)
{
	size_t depth = 0;

	if (root->state != NEW)
		return GH_OK;
	root->state = OPEN;
	stack[depth++] = (struct frame){ root, 0 };
	while (depth) {
		struct frame *top = &stack[depth - 1];
		struct entity *parent;
		GH_TRY(open_parent(entities, top->entity, &top->next_parent, &parent));
		if (parent) {
			parent->state = OPEN;
			stack[depth++] = (struct frame){ parent, 0 };
		} else {
			GH_TRY(close_entity(entities, top->entity));
			depth--;
		}
	}
	return GH_OK;
}

static gh_result find_dangling(struct gh_cedar_entities *entities)
{
	size_t capacity = 0;

	for (size_t i = 0; i < entities->count; i++) {
		const struct gh_cedar_entity_data *data = &entities->order[i]->data;
		for (uint32_t k = 0; k < data->parent_count; k++) {
			if (gh_cedar_entities_get(entities, data->parents[k]))
				continue;
			if (entities->dangling_count == capacity) {
				capacity = capacity ? capacity * 2 : 16;
				void *more =
				    reallocarray(entities->dangling, capacity, sizeof(void *));
				GH_ENSURE(more, GH_E_MEMORY, "no memory for entities");
				entities->dangling = more;
			}
			entities->dangling[entities->dangling_count++] = data->parents[k];
		}
	}
	entities->dangling_count = sort_unique(entities->dangling, entities->dangling_count);
	return GH_OK;
}

gh_result gh_cedar_entities_seal(struct gh_cedar_entities *entities)
{
	GH_CLEANUP(gh_free_ptr) struct frame *stack = NULL;

	if (entities->sealed)
		return GH_OK;
	stack = calloc(entities->count + 1, sizeof *stack);
	GH_ENSURE(stack, GH_E_MEMORY, "no memory for entities");
	for (size_t i = 0; i < entities->count; i++)
		GH_TRY(close_from(entities, stack, entities->order[i]));
	GH_TRY(find_dangling(entities));
	entities->sealed = true;
	return GH_OK;
}
