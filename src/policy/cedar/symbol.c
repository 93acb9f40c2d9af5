/* A space is two hash tables (open addressing, pointers only) over one arena. A lookup walks from
 * the oldest ancestor down, so a name has one home in any chain; a child never shadows. */
#include "policy/cedar/symbol.h"

#include <stdlib.h>
#include <sys/random.h>

#define FIRST_SLOTS 64

struct table {
	const void **slots;
	uint32_t capacity; /* a power of two */
	uint32_t count;
};

struct gh_cedar_space {
	const struct gh_cedar_space *parent;
	struct gh_arena *arena;
	struct table names;
	struct table uids;
	size_t limit_bytes;
	size_t table_bytes;
	uint64_t key[2]; /* of the hash; the root's */
	bool frozen;
};

static bool take_key(struct gh_cedar_space *space)
{
	if (space->parent) {
		memcpy(space->key, space->parent->key, sizeof space->key);
		return true;
	}
	return getrandom(space->key, sizeof space->key, 0) == sizeof space->key;
}

struct gh_cedar_space *gh_cedar_space_new(const struct gh_cedar_space *parent, size_t limit_bytes)
{
	if (parent && !parent->frozen) {
		(void)gh_fail(GH_E_ARGUMENT, "a parent space must be frozen");
		return NULL;
	}
	struct gh_cedar_space *space = calloc(1, sizeof *space);
	if (!space)
		return NULL;
	space->parent = parent;
	space->limit_bytes = limit_bytes;
	space->arena = gh_arena_new(limit_bytes);
	if (!space->arena || !take_key(space)) {
		gh_cedar_space_free(space);
		return NULL;
	}
	return space;
}

void gh_cedar_space_free(struct gh_cedar_space *space)
{
	if (!space)
		return;
	gh_arena_free(space->arena);
	free(space->names.slots);
	free(space->uids.slots);
	free(space);
}

void gh_cedar_space_freeze(struct gh_cedar_space *space)
{
	space->frozen = true;
}

bool gh_cedar_space_is_frozen(const struct gh_cedar_space *space)
{
	return space->frozen;
}

bool gh_cedar_space_descends(const struct gh_cedar_space *space,
                             const struct gh_cedar_space *ancestor)
{
	for (; space; space = space->parent)
		if (space == ancestor)
			return true;
	return false;
}

struct gh_arena *gh_cedar_space_arena(struct gh_cedar_space *space)
{
	return space->arena;
}

static uint64_t fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* A folded multiplication over eight bytes a step, keyed by two random words that a chain of spaces
 * shares: who chooses ids cannot choose them to collide. */
static uint32_t hash_bytes(const struct gh_cedar_space *space, struct gh_slice text)
{
	uint64_t h = space->key[0] ^ text.len, chunk = 0;
	size_t i = 0;

	for (; i + 8 <= text.len; i += 8) {
		memcpy(&chunk, text.data + i, 8);
		h = fold(h ^ space->key[1], chunk ^ space->key[0]);
	}
	chunk = 0;
	if (i < text.len)
		memcpy(&chunk, text.data + i, text.len - i);
	h = fold(h ^ space->key[1], chunk ^ space->key[0]);
	h = fold(h, space->key[1] | 1);
	return (uint32_t)(h >> 32) ^ (uint32_t)h;
}

static uint32_t hash_uid(const struct gh_cedar_name *type, const struct gh_cedar_name *id)
{
	uint64_t h = ((uint64_t)type->hash << 32 | id->hash) * 0x9e3779b97f4a7c15u;
	return (uint32_t)(h >> 32) ^ (uint32_t)h;
}

static const struct gh_cedar_name *name_in(const struct table *table, uint32_t hash,
                                           struct gh_slice text)
{
	if (!table->capacity)
		return NULL;
	for (uint32_t i = hash & (table->capacity - 1);; i = (i + 1) & (table->capacity - 1)) {
		const struct gh_cedar_name *name = table->slots[i];
		if (!name)
			return NULL;
		if (name->hash == hash && name->len == text.len &&
		    (text.len == 0 || memcmp(name->text, text.data, text.len) == 0))
			return name;
	}
}

static const struct gh_cedar_uid *uid_in(const struct table *table, uint32_t hash,
                                         const struct gh_cedar_name *type,
                                         const struct gh_cedar_name *id)
{
	if (!table->capacity)
		return NULL;
	for (uint32_t i = hash & (table->capacity - 1);; i = (i + 1) & (table->capacity - 1)) {
		const struct gh_cedar_uid *uid = table->slots[i];
		if (!uid)
			return NULL;
		if (uid->type == type && uid->id == id)
			return uid;
	}
}

static const struct gh_cedar_name *find_name(const struct gh_cedar_space *space, uint32_t hash,
                                             struct gh_slice text)
{
	for (; space; space = space->parent) {
		const struct gh_cedar_name *name = name_in(&space->names, hash, text);
		if (name)
			return name;
	}
	return NULL;
}

static const struct gh_cedar_uid *find_uid(const struct gh_cedar_space *space, uint32_t hash,
                                           const struct gh_cedar_name *type,
                                           const struct gh_cedar_name *id)
{
	for (; space; space = space->parent) {
		const struct gh_cedar_uid *uid = uid_in(&space->uids, hash, type, id);
		if (uid)
			return uid;
	}
	return NULL;
}

const struct gh_cedar_name *gh_cedar_find(const struct gh_cedar_space *space, struct gh_slice text)
{
	return find_name(space, hash_bytes(space, text), text);
}

const struct gh_cedar_uid *gh_cedar_find_uid(const struct gh_cedar_space *space,
                                             const struct gh_cedar_name *type,
                                             const struct gh_cedar_name *id)
{
	return find_uid(space, hash_uid(type, id), type, id);
}

static void place(struct table *table, uint32_t hash, const void *entry)
{
	uint32_t i = hash & (table->capacity - 1);

	while (table->slots[i])
		i = (i + 1) & (table->capacity - 1);
	table->slots[i] = entry;
}

/* Room for one more at a load of at most one half. `names` tells how to read an entry's hash. */
static bool make_room(struct gh_cedar_space *space, struct table *table, bool names)
{
	if ((table->count + 1) * 2 <= table->capacity)
		return true;
	uint32_t capacity = table->capacity ? table->capacity * 2 : FIRST_SLOTS;
	size_t bytes = (size_t)capacity * sizeof *table->slots;
	if (table->capacity > UINT32_MAX / 4 || space->table_bytes + bytes > space->limit_bytes)
		return false;
	struct table bigger = { .slots = calloc(capacity, sizeof *table->slots),
		                .capacity = capacity,
		                .count = table->count };
	if (!bigger.slots)
		return false;
	for (uint32_t i = 0; i < table->capacity; i++) {
		const void *entry = table->slots[i];
		if (entry)
			place(&bigger,
			      names ? ((const struct gh_cedar_name *)entry)->hash
			            : ((const struct gh_cedar_uid *)entry)->hash,
			      entry);
	}
	space->table_bytes += bytes;
	free(table->slots);
	*table = bigger;
	return true;
}

const struct gh_cedar_name *gh_cedar_intern(struct gh_cedar_space *space, struct gh_slice text)
{
	uint32_t hash = hash_bytes(space, text);
	const struct gh_cedar_name *known = find_name(space, hash, text);

	if (known || space->frozen || text.len > UINT32_MAX / 2)
		return known;
	if (!make_room(space, &space->names, true))
		return NULL;
	struct gh_cedar_name *name = gh_arena_alloc(space->arena, sizeof *name + text.len + 1);
	if (!name)
		return NULL;
	name->hash = hash;
	name->len = (uint32_t)text.len;
	if (text.len)
		memcpy(name->text, text.data, text.len);
	place(&space->names, hash, name);
	space->names.count++;
	return name;
}

const struct gh_cedar_uid *gh_cedar_intern_uid(struct gh_cedar_space *space,
                                               const struct gh_cedar_name *type,
                                               const struct gh_cedar_name *id)
{
	uint32_t hash = hash_uid(type, id);
	const struct gh_cedar_uid *known = find_uid(space, hash, type, id);

	if (known || space->frozen)
		return known;
	if (!make_room(space, &space->uids, false))
		return NULL;
	struct gh_cedar_uid *uid = gh_arena_alloc(space->arena, sizeof *uid);
	if (!uid)
		return NULL;
	*uid = (struct gh_cedar_uid){ .type = type, .id = id, .hash = hash };
	place(&space->uids, hash, uid);
	space->uids.count++;
	return uid;
}
