/* Values: equality, and the two builders that put sets and records into their canonical shape. */
#include "policy/cedar/value.h"

#include <stdlib.h>

/* Kinds whose equality is equality of one word can be sorted and compared in pairs; only sets of
 * sets, records or addresses are compared each with each. */
static bool is_word(enum gh_cedar_kind kind)
{
	return kind != GH_CEDAR_SET && kind != GH_CEDAR_RECORD && kind != GH_CEDAR_IPADDR;
}

static uint64_t word_of(const struct gh_cedar_value *value)
{
	switch (value->kind) {
	case GH_CEDAR_BOOL: return value->truth;
	case GH_CEDAR_STRING: return (uintptr_t)value->string;
	case GH_CEDAR_ENTITY: return (uintptr_t)value->entity;
	default: return (uint64_t)value->number;
	}
}

static int by_word(const void *a, const void *b)
{
	const struct gh_cedar_value *left = a, *right = b;

	if (left->kind != right->kind)
		return left->kind < right->kind ? -1 : 1;
	uint64_t x = word_of(left), y = word_of(right);
	return x < y ? -1 : x > y;
}

bool gh_cedar_set_has(const struct gh_cedar_set *set, const struct gh_cedar_value *value)
{
	if (set->sorted)
		return bsearch(value, set->items, set->count, sizeof *value, by_word) != NULL;
	for (uint32_t i = 0; i < set->count; i++)
		if (gh_cedar_equal(&set->items[i], value))
			return true;
	return false;
}

static bool sets_equal(const struct gh_cedar_set *a, const struct gh_cedar_set *b)
{
	if (a == b)
		return true;
	if (a->hash != b->hash || a->count != b->count) /* neither holds duplicates */
		return false;
	for (uint32_t i = 0; i < a->count; i++)
		if (!gh_cedar_set_has(b, &a->items[i]))
			return false;
	return true;
}

static bool records_equal(const struct gh_cedar_record *a, const struct gh_cedar_record *b)
{
	if (a == b)
		return true;
	if (a->hash != b->hash || a->count != b->count)
		return false;
	for (uint32_t i = 0; i < a->count; i++)
		if (a->fields[i].name != b->fields[i].name)
			return false;
	for (uint32_t i = 0; i < a->count; i++)
		if (!gh_cedar_equal(&a->fields[i].value, &b->fields[i].value))
			return false;
	return true;
}

static bool ips_equal(const struct gh_cedar_ip *a, const struct gh_cedar_ip *b)
{
	return a->v6 == b->v6 && a->prefix == b->prefix &&
	       memcmp(a->address, b->address, sizeof a->address) == 0;
}

bool gh_cedar_equal(const struct gh_cedar_value *a, const struct gh_cedar_value *b)
{
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case GH_CEDAR_BOOL: return a->truth == b->truth;
	case GH_CEDAR_LONG:
	case GH_CEDAR_DECIMAL:
	case GH_CEDAR_DATETIME:
	case GH_CEDAR_DURATION: return a->number == b->number;
	case GH_CEDAR_STRING: return a->string == b->string;
	case GH_CEDAR_ENTITY: return a->entity == b->entity;
	case GH_CEDAR_SET: return sets_equal(a->set, b->set);
	case GH_CEDAR_RECORD: return records_equal(a->record, b->record);
	case GH_CEDAR_IPADDR: return ips_equal(a->ip, b->ip);
	}
	return false;
}

const struct gh_cedar_value *gh_cedar_record_get(const struct gh_cedar_record *record,
                                                 const struct gh_cedar_name *name)
{
	uint32_t low = 0, high = record->count;

	if (high <= 8) {
		for (uint32_t i = 0; i < high; i++)
			if (record->fields[i].name == name)
				return &record->fields[i].value;
		return NULL;
	}
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct gh_cedar_name *at = record->fields[middle].name;
		if (at == name)
			return &record->fields[middle].value;
		if ((uintptr_t)at < (uintptr_t)name)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static uint64_t stir(uint64_t h)
{
	h = (h ^ h >> 30) * 0xbf58476d1ce4e5b9u;
	h = (h ^ h >> 27) * 0x94d049bb133111ebu;
	return h ^ h >> 31;
}

/* Equal values have equal hashes. Compound values carry theirs, so that comparing a set of sets
 * item by item does not compare contents. */
static uint64_t hash_of(const struct gh_cedar_value *value)
{
	uint64_t halves[2];

	switch (value->kind) {
	case GH_CEDAR_SET: return stir(value->set->hash + GH_CEDAR_SET);
	case GH_CEDAR_RECORD: return stir(value->record->hash + GH_CEDAR_RECORD);
	case GH_CEDAR_IPADDR:
		memcpy(halves, value->ip->address, sizeof halves);
		return stir(halves[0] ^ stir(halves[1] + value->ip->prefix));
	default: return stir(word_of(value) + stir(value->kind));
	}
}

#define MAX_COMPOUND_ITEMS 4096 /* quadratic work is bounded */

gh_result gh_cedar_set_fill(struct gh_cedar_set *set, const struct gh_cedar_value *items,
                            size_t count)
{
	bool words = true, entities = true;

	for (size_t i = 0; i < count; i++) {
		words = words && is_word(items[i].kind);
		entities = entities && items[i].kind == GH_CEDAR_ENTITY;
	}
	GH_ENSURE(words || count <= MAX_COMPOUND_ITEMS, GH_E_LIMIT,
	          "a set of sets or records has more than %d items", MAX_COMPOUND_ITEMS);
	set->count = 0;
	set->hash = 0;
	set->sorted = words && count > 16;
	set->entities = entities;
	if (set->sorted) {
		memmove(set->items, items, count * sizeof *items);
		qsort(set->items, count, sizeof *items, by_word);
		for (size_t i = 0; i < count; i++)
			if (set->count == 0 ||
			    by_word(&set->items[set->count - 1], &set->items[i]) != 0)
				set->items[set->count++] = set->items[i];
	} else {
		for (size_t i = 0; i < count; i++)
			if (!gh_cedar_set_has(set, &items[i]))
				set->items[set->count++] = items[i];
	}
	for (uint32_t i = 0; i < set->count; i++)
		set->hash += hash_of(&set->items[i]);
	return GH_OK;
}

gh_result gh_cedar_set_new(struct gh_arena *arena, const struct gh_cedar_value *items, size_t count,
                           struct gh_cedar_value *out)
{
	GH_ENSURE(count < UINT32_MAX / sizeof *items, GH_E_LIMIT, "set too large");
	struct gh_cedar_set *set =
	    gh_arena_alloc(arena, sizeof *set + count * sizeof(struct gh_cedar_value));
	GH_ENSURE(set, GH_E_LIMIT, "no memory for a set");
	GH_TRY(gh_cedar_set_fill(set, items, count));
	*out = (struct gh_cedar_value){ .kind = GH_CEDAR_SET, .set = set };
	return GH_OK;
}

static int by_name(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t)((const struct gh_cedar_field *)a)->name;
	uintptr_t y = (uintptr_t)((const struct gh_cedar_field *)b)->name;

	return x < y ? -1 : x > y;
}

static void sort_fields(struct gh_cedar_field *fields, size_t count)
{
	if (count > 16) {
		qsort(fields, count, sizeof *fields, by_name);
		return;
	}
	for (size_t i = 1; i < count; i++) {
		struct gh_cedar_field moving = fields[i];
		size_t j = i;
		for (; j > 0 && by_name(&fields[j - 1], &moving) > 0; j--)
			fields[j] = fields[j - 1];
		fields[j] = moving;
	}
}

gh_result gh_cedar_record_fill(struct gh_cedar_record *record, const struct gh_cedar_field *fields,
                               size_t count)
{
	record->count = (uint32_t)count;
	if (count)
		memmove(record->fields, fields, count * sizeof *fields);
	sort_fields(record->fields, count);
	record->hash = 0;
	for (size_t i = 0; i < count; i++)
		record->hash +=
		    stir((uintptr_t)record->fields[i].name + hash_of(&record->fields[i].value));
	for (size_t i = 1; i < count; i++)
		GH_ENSURE(record->fields[i - 1].name != record->fields[i].name, GH_E_FORMAT,
		          "an attribute is given twice");
	return GH_OK;
}

gh_result gh_cedar_record_new(struct gh_arena *arena, const struct gh_cedar_field *fields,
                              size_t count, struct gh_cedar_value *out)
{
	GH_ENSURE(count < UINT32_MAX / sizeof *fields, GH_E_LIMIT, "record too large");
	struct gh_cedar_record *record =
	    gh_arena_alloc(arena, sizeof *record + count * sizeof(struct gh_cedar_field));
	GH_ENSURE(record, GH_E_LIMIT, "no memory for a record");
	GH_TRY(gh_cedar_record_fill(record, fields, count));
	*out = (struct gh_cedar_value){ .kind = GH_CEDAR_RECORD, .record = record };
	return GH_OK;
}
