#include "policy/cedar/vtype.h"

#include <stdio.h>
#include <stdlib.h>

#define MAX_DEPTH 700

struct gh_vtype_seen {
	const struct gh_cedar_type *from;
	const struct gh_vtype *to;
};

const struct gh_vtype gh_v_false = { .kind = GH_V_FALSE };
const struct gh_vtype gh_v_true = { .kind = GH_V_TRUE };
const struct gh_vtype gh_v_bool = { .kind = GH_V_BOOL };
const struct gh_vtype gh_v_long = { .kind = GH_V_LONG };
const struct gh_vtype gh_v_string = { .kind = GH_V_STRING };

gh_result gh_vtypes_spend(struct gh_vtypes *types, uint64_t steps)
{
	if (steps > types->work) {
		types->work = 0;
		return gh_fail(GH_E_LIMIT, "validation takes too long: fewer types per action, or "
		                           "shorter policies");
	}
	types->work -= steps;
	return GH_OK;
}

void gh_vtypes_free(struct gh_vtypes *types)
{
	free(types->seen);
	types->seen = NULL;
	types->seen_count = types->seen_capacity = 0;
}

static struct gh_vtype *make(struct gh_vtypes *types, enum gh_vtype_kind kind)
{
	struct gh_vtype *type = gh_arena_alloc(types->arena, sizeof *type);

	if (type)
		type->kind = kind;
	return type;
}

/* Open addressing over the pointer. */
static size_t slot_of(const struct gh_vtypes *types, const struct gh_cedar_type *from)
{
	size_t at = ((uintptr_t)from >> 4) * 0x9e3779b97f4a7c15u & (types->seen_capacity - 1);

	while (types->seen[at].from && types->seen[at].from != from)
		at = (at + 1) & (types->seen_capacity - 1);
	return at;
}

static gh_result remember(struct gh_vtypes *types, const struct gh_cedar_type *from,
                          const struct gh_vtype *to)
{
	if (types->seen_count * 2 >= types->seen_capacity) {
		struct gh_vtypes grown = *types;
		grown.seen_capacity = types->seen_capacity ? types->seen_capacity * 2 : 256;
		grown.seen = calloc(grown.seen_capacity, sizeof *grown.seen);
		GH_ENSURE(grown.seen, GH_E_MEMORY, "no memory for the validator");
		for (size_t i = 0; i < types->seen_capacity; i++)
			if (types->seen[i].from)
				grown.seen[slot_of(&grown, types->seen[i].from)] = types->seen[i];
		free(types->seen);
		*types = grown;
	}
	types->seen[slot_of(types, from)] = (struct gh_vtype_seen){ from, to };
	types->seen_count++;
	return GH_OK;
}

static gh_result convert(struct gh_vtypes *types, const struct gh_cedar_type *from, unsigned depth,
                         const struct gh_vtype **out);

static gh_result convert_record(struct gh_vtypes *types, const struct gh_cedar_type *from,
                                unsigned depth, const struct gh_vtype **out)
{
	struct gh_vattribute *attributes =
	    gh_arena_alloc(types->arena, from->attribute_count * sizeof *attributes + 1);

	GH_ENSURE(attributes, GH_E_LIMIT, "no memory for the validator");
	GH_TRY(gh_vtypes_spend(types, from->attribute_count));
	for (uint32_t i = 0; i < from->attribute_count; i++) {
		attributes[i].name = from->attributes[i].name;
		attributes[i].required = from->attributes[i].required;
		GH_TRY(convert(types, from->attributes[i].type, depth, &attributes[i].type));
	}
	struct gh_vtype *record = make(types, GH_V_RECORD);
	GH_ENSURE(record, GH_E_LIMIT, "no memory for the validator");
	record->attributes = attributes; /* the schema has them in order of their pointers */
	record->count = from->attribute_count;
	*out = record;
	return GH_OK;
}

static gh_result convert(struct gh_vtypes *types, const struct gh_cedar_type *from, unsigned depth,
                         const struct gh_vtype **out)
{
	const struct gh_vtype *element;
	struct gh_vtype *extension;

	GH_ENSURE(depth < MAX_DEPTH, GH_E_LIMIT, "a type is nested too deep");
	if (types->seen_capacity) {
		const struct gh_vtype_seen *seen = &types->seen[slot_of(types, from)];
		if (seen->from) {
			*out = seen->to;
			return GH_OK;
		}
	}
	switch (from->kind) {
	case GH_CEDAR_TYPE_BOOL: *out = &gh_v_bool; return GH_OK;
	case GH_CEDAR_TYPE_LONG: *out = &gh_v_long; return GH_OK;
	case GH_CEDAR_TYPE_STRING: *out = &gh_v_string; return GH_OK;
	case GH_CEDAR_TYPE_ENTITY: GH_TRY(gh_vtype_entity(types, from->name, out)); break;
	case GH_CEDAR_TYPE_SET:
		GH_TRY(convert(types, from->element, depth + 1, &element));
		GH_TRY(gh_vtype_set(types, element, out));
		break;
	case GH_CEDAR_TYPE_RECORD: GH_TRY(convert_record(types, from, depth + 1, out)); break;
	case GH_CEDAR_TYPE_EXTENSION:
		extension = make(types, GH_V_EXTENSION);
		GH_ENSURE(extension, GH_E_LIMIT, "no memory for the validator");
		extension->name = from->name;
		*out = extension;
		break;
	}
	return remember(types, from, *out);
}

gh_result gh_vtype_of(struct gh_vtypes *types, const struct gh_cedar_type *type,
                      const struct gh_vtype **out)
{
	return convert(types, type, 0, out);
}

gh_result gh_vtype_entity(struct gh_vtypes *types, const struct gh_cedar_name *name,
                          const struct gh_vtype **out)
{
	struct gh_vtype *type = make(types, GH_V_ENTITY);
	const struct gh_cedar_name **names = gh_arena_alloc(types->arena, sizeof *names);

	GH_ENSURE(type && names, GH_E_LIMIT, "no memory for the validator");
	names[0] = name;
	type->names = names;
	type->count = name ? 1 : 0;
	*out = type;
	return GH_OK;
}

gh_result gh_vtype_set(struct gh_vtypes *types, const struct gh_vtype *element,
                       const struct gh_vtype **out)
{
	struct gh_vtype *type = make(types, GH_V_SET);

	GH_ENSURE(type, GH_E_LIMIT, "no memory for the validator");
	type->element = element;
	*out = type;
	return GH_OK;
}

static int by_name(const void *a, const void *b)
{
	const struct gh_vattribute *x = a, *y = b;

	return ((uintptr_t)x->name > (uintptr_t)y->name) -
	       ((uintptr_t)x->name < (uintptr_t)y->name);
}

gh_result gh_vtype_record(struct gh_vtypes *types, const struct gh_vattribute *attributes,
                          uint32_t count, const struct gh_vtype **out)
{
	struct gh_vtype *type = make(types, GH_V_RECORD);
	struct gh_vattribute *copy = gh_arena_alloc(types->arena, count * sizeof *copy + 1);

	GH_ENSURE(type && copy, GH_E_LIMIT, "no memory for the validator");
	if (count)
		memcpy(copy, attributes, count * sizeof *copy);
	qsort(copy, count, sizeof *copy, by_name);
	type->attributes = copy;
	type->count = count;
	*out = type;
	return GH_OK;
}

const struct gh_vattribute *gh_vtype_attribute(const struct gh_vtype *record,
                                               const struct gh_cedar_name *name)
{
	struct gh_vattribute key = { .name = name };

	if (record->count == 0)
		return NULL;
	return bsearch(&key, record->attributes, record->count, sizeof key, by_name);
}

static gh_result join(struct gh_vtypes *types, const struct gh_vtype *a, const struct gh_vtype *b,
                      bool strict, unsigned depth, const struct gh_vtype **out);

static gh_result join_entities(struct gh_vtypes *types, const struct gh_vtype *a,
                               const struct gh_vtype *b, bool strict, const struct gh_vtype **out)
{
	uint32_t i = 0, k = 0, count = 0;

	*out = NULL;
	GH_TRY(gh_vtypes_spend(types, (uint64_t)a->count + b->count));
	if (a->count == 0 || b->count == 0) { /* any entity */
		*out = a->count == 0 ? a : b;
		return GH_OK;
	}
	if (strict) {
		if (a->count == 1 && b->count == 1 && a->names[0] == b->names[0])
			*out = a;
		return GH_OK;
	}
	const struct gh_cedar_name **names =
	    gh_arena_alloc(types->arena, (a->count + b->count) * sizeof *names);
	struct gh_vtype *type = make(types, GH_V_ENTITY);
	GH_ENSURE(names && type, GH_E_LIMIT, "no memory for the validator");
	while (i < a->count || k < b->count) {
		if (k == b->count ||
		    (i < a->count && (uintptr_t)a->names[i] < (uintptr_t)b->names[k])) {
			names[count++] = a->names[i++];
		} else {
			if (i < a->count && a->names[i] == b->names[k])
				i++;
			names[count++] = b->names[k++];
		}
	}
	type->names = names;
	type->count = count;
	*out = type;
	return GH_OK;
}

/* Strict: the same names, each as required as in the other. Permissive: what both have. */
static gh_result join_records(struct gh_vtypes *types, const struct gh_vtype *a,
                              const struct gh_vtype *b, bool strict, unsigned depth,
                              const struct gh_vtype **out)
{
	uint32_t count = 0;
	bool open = a->open || b->open;

	*out = NULL;
	if (strict && a->count != b->count)
		return GH_OK;
	struct gh_vattribute *attributes =
	    gh_arena_alloc(types->arena, a->count * sizeof *attributes + 1);
	struct gh_vtype *type = make(types, GH_V_RECORD);
	GH_ENSURE(attributes && type, GH_E_LIMIT, "no memory for the validator");
	for (uint32_t i = 0; i < a->count; i++) {
		const struct gh_vattribute *mine = &a->attributes[i];
		const struct gh_vattribute *theirs = gh_vtype_attribute(b, mine->name);
		const struct gh_vtype *joined = NULL;
		if (theirs)
			GH_TRY(join(types, mine->type, theirs->type, strict, depth, &joined));
		if (strict && (!joined || mine->required != theirs->required))
			return GH_OK;
		if (!joined)
			continue;
		attributes[count].name = mine->name;
		attributes[count].type = joined;
		attributes[count++].required = mine->required && theirs->required;
	}
	type->attributes = attributes;
	type->count = count;
	type->open = open || count < a->count || count < b->count;
	*out = type;
	return GH_OK;
}

static gh_result join(struct gh_vtypes *types, const struct gh_vtype *a, const struct gh_vtype *b,
                      bool strict, unsigned depth, const struct gh_vtype **out)
{
	const struct gh_vtype *element;

	GH_ENSURE(depth < MAX_DEPTH, GH_E_LIMIT, "a type is nested too deep");
	GH_TRY(gh_vtypes_spend(types, 1));
	*out = NULL;
	if (a == b) {
		*out = a;
		return GH_OK;
	}
	if (gh_vtype_is_bool(a) && gh_vtype_is_bool(b)) {
		*out = a->kind == b->kind ? a : &gh_v_bool;
		return GH_OK;
	}
	if (a->kind != b->kind)
		return GH_OK;
	switch (a->kind) {
	case GH_V_EXTENSION: *out = a->name == b->name ? a : NULL; return GH_OK;
	case GH_V_ENTITY: return join_entities(types, a, b, strict, out);
	case GH_V_RECORD: return join_records(types, a, b, strict, depth + 1, out);
	case GH_V_SET:
		if (!a->element || !b->element) {
			*out = a->element ? a : b;
			return GH_OK;
		}
		GH_TRY(join(types, a->element, b->element, strict, depth + 1, &element));
		return element ? gh_vtype_set(types, element, out) : GH_OK;
	default: *out = a; return GH_OK;
	}
}

gh_result gh_vtype_join(struct gh_vtypes *types, const struct gh_vtype *a, const struct gh_vtype *b,
                        bool strict, const struct gh_vtype **out)
{
	return join(types, a, b, strict, 0, out);
}

static void print(const struct gh_vtype *type, struct gh_buf *out, unsigned depth)
{
	static const char *const words[] = { "False", "True", "Bool", "Long", "String" };

	if (depth > 4 || out->len > 120) {
		gh_buf_add_str(out, "…");
		return;
	}
	switch (type->kind) {
	case GH_V_EXTENSION: gh_buf_addf(out, "%s", type->name->text); return;
	case GH_V_ENTITY:
		for (uint32_t i = 0; i < type->count && i < 4; i++)
			gh_buf_addf(out, "%s%s", i ? " or " : "", type->names[i]->text);
		if (type->count == 0 || type->count > 4)
			gh_buf_add_str(out, type->count ? " or …" : "any entity");
		return;
	case GH_V_SET:
		gh_buf_add_str(out, "Set<");
		if (type->element)
			print(type->element, out, depth + 1);
		gh_buf_add_str(out, ">");
		return;
	case GH_V_RECORD:
		gh_buf_add_str(out, "{");
		for (uint32_t i = 0; i < type->count && i < 6; i++) {
			const struct gh_vattribute *attribute = &type->attributes[i];
			gh_buf_addf(out, "%s%s%s: ", i ? ", " : "", attribute->name->text,
			            attribute->required ? "" : "?");
			print(attribute->type, out, depth + 1);
		}
		gh_buf_add_str(out, type->count > 6 ? ", …}" : "}");
		return;
	default: gh_buf_add_str(out, words[type->kind]);
	}
}

void gh_vtype_print(const struct gh_vtype *type, char *out, size_t size)
{
	struct gh_buf text = { .limit = 65536 };

	print(type, &text, 0);
	snprintf(out, size, "%s", gh_buf_cstr(&text));
	gh_buf_free(&text);
}
