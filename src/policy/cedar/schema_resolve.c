/* From declarations as written to a schema: names found (RFC 70: in the own namespace, else in the
 * empty one, else built in), common types put in place, hierarchies closed. */
#include <stdio.h>
#include <stdlib.h>

#include "policy/cedar/build.h"
#include "policy/cedar/lex.h"
#include "policy/cedar/schema_raw.h"

#define RAW_LIMIT       ((size_t)128 << 20)
#define MAX_TYPE_DEPTH  600
#define MAX_CLOSURE     (4u << 20) /* ancestors of all together */
#define BUILT_IN_PREFIX "__cedar::"

/* A thing found by its interned name; sorted by pointer. */
struct entry {
	const void *name; /* gh_cedar_name or gh_cedar_uid */
	void *raw;
	uint32_t index; /* in the schema */
};

struct table {
	struct entry *entries;
	size_t count;
};

struct resolver {
	struct gh_raw_schema *raw;
	struct gh_cedar_schema *schema;
	struct gh_arena *arena; /* of the space: what stays */
	struct table entities, commons, actions;
	struct table action_types; /* N::Action, as often as it has actions */
	const struct gh_cedar_type *scalars[GH_CEDAR_TYPE_EXTENSION + 1];
	const struct gh_cedar_type *extensions[4];
	const struct gh_cedar_type *empty_record;
	size_t closure;
};

void *gh_raw_alloc(struct gh_arena *arena, size_t size)
{
	void *memory = gh_arena_alloc(arena, size ? size : 1);

	if (memory)
		memset(memory, 0, size);
	return memory;
}

enum gh_code gh_raw_fail(const struct gh_raw_schema *raw, struct gh_cedar_span span,
                         const char *format, ...)
{
	char text[sizeof((struct gh_cedar_diagnostic *)0)->text];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	gh_cedar_diagnose(raw->why, raw->source, span, "%s", text);
	return gh_fail(GH_E_FORMAT, "schema: %.150s", text);
}

gh_result gh_raw_open(struct gh_cedar_space *space, struct gh_slice source,
                      struct gh_cedar_diagnostic *why, struct gh_raw_schema *out)
{
	*out = (struct gh_raw_schema){ .space = space, .source = source, .why = why };
	out->entity_tail = &out->entities;
	out->common_tail = &out->commons;
	out->action_tail = &out->actions;
	out->arena = gh_arena_new(RAW_LIMIT);
	GH_ENSURE(out->arena, GH_E_MEMORY, "no memory for the schema");
	return GH_OK;
}

static gh_result room(const struct gh_raw_schema *raw)
{
	GH_ENSURE(raw->entity_count + raw->common_count + raw->action_count <
	              GH_CEDAR_SCHEMA_MAX_DECLARATIONS,
	          GH_E_LIMIT, "a schema holds at most %d declarations",
	          GH_CEDAR_SCHEMA_MAX_DECLARATIONS);
	return GH_OK;
}

gh_result gh_raw_add_entity(struct gh_raw_schema *raw, struct gh_raw_entity *entity)
{
	GH_TRY(room(raw));
	entity->next = NULL;
	*raw->entity_tail = entity;
	raw->entity_tail = &entity->next;
	raw->entity_count++;
	return GH_OK;
}

gh_result gh_raw_add_common(struct gh_raw_schema *raw, struct gh_raw_common *common)
{
	GH_TRY(room(raw));
	common->next = NULL;
	*raw->common_tail = common;
	raw->common_tail = &common->next;
	raw->common_count++;
	return GH_OK;
}

gh_result gh_raw_add_action(struct gh_raw_schema *raw, struct gh_raw_action *action)
{
	GH_TRY(room(raw));
	action->next = NULL;
	*raw->action_tail = action;
	raw->action_tail = &action->next;
	raw->action_count++;
	return GH_OK;
}

/* ---- names ---- */

/* "A::B", or "B" when the namespace is empty; interned. */
static gh_result qualify(struct resolver *r, struct gh_slice space, struct gh_slice name,
                         const struct gh_cedar_name **out)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf text = { 0 };

	if (space.len) {
		gh_buf_add_slice(&text, space);
		gh_buf_add_str(&text, "::");
	}
	gh_buf_add_slice(&text, name);
	GH_TRY(gh_buf_check(&text));
	*out = gh_cedar_intern(r->raw->space, gh_buf_slice(&text));
	GH_ENSURE(*out, GH_E_LIMIT, "the schema is too large");
	return GH_OK;
}

/* Lists of interned names or uids, so that membership is found by halves. */
static int pointer_order(const void *a, const void *b)
{
	uintptr_t x, y;

	memcpy(&x, a, sizeof x);
	memcpy(&y, b, sizeof y);
	return (x > y) - (x < y);
}

static void sort_pointers(void *list, size_t count)
{
	if (count > 1)
		qsort(list, count, sizeof(void *), pointer_order);
}

static bool holds(const void *list, size_t count, const void *wanted)
{
	return count > 0 && bsearch(&wanted, list, count, sizeof wanted, pointer_order);
}

static int by_pointer(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return ((uintptr_t)x->name > (uintptr_t)y->name) -
	       ((uintptr_t)x->name < (uintptr_t)y->name);
}

static const struct entry *look_up(const struct table *table, const void *name)
{
	struct entry key = { .name = name };

	if (table->count == 0)
		return NULL;
	return bsearch(&key, table->entries, table->count, sizeof key, by_pointer);
}

static gh_result make_table(struct resolver *r, struct table *table, size_t count)
{
	table->entries = gh_raw_alloc(r->raw->arena, count * sizeof *table->entries);
	GH_ENSURE(table->entries, GH_E_LIMIT, "the schema is too large");
	table->count = count;
	return GH_OK;
}

static void sort_table(struct table *table)
{
	qsort(table->entries, table->count, sizeof *table->entries, by_pointer);
}

/* The place of the first pair that shares a name, or count. */
static size_t find_twins(const struct table *table)
{
	for (size_t i = 1; i < table->count; i++)
		if (table->entries[i - 1].name == table->entries[i].name)
			return i;
	return table->count;
}

static bool is_reserved_common(struct gh_slice name)
{
	static const char *const words[] = { "Bool", "Boolean", "Entity", "Extension",
		                             "Long", "Record",  "Set",    "String" };

	for (size_t i = 0; i < GH_ARRAY_LEN(words); i++)
		if (gh_slice_eq_str(name, words[i]))
			return true;
	return false;
}

static gh_result index_entities(struct resolver *r)
{
	uint32_t i = 0;

	GH_TRY(make_table(r, &r->entities, r->raw->entity_count));
	for (struct gh_raw_entity *e = r->raw->entities; e; e = e->next, i++) {
		struct entry *entry = &r->entities.entries[i];
		const struct gh_cedar_name *name;
		if (gh_slice_eq_str(e->name, "Action"))
			return gh_raw_fail(r->raw, e->span,
			                   "an entity type cannot be called Action");
		GH_TRY(qualify(r, e->space, e->name, &name));
		*entry = (struct entry){ name, e, i };
	}
	sort_table(&r->entities);
	size_t twins = find_twins(&r->entities);
	if (twins < r->entities.count) {
		const struct gh_raw_entity *e = r->entities.entries[twins].raw;
		return gh_raw_fail(r->raw, e->span, "the entity type %.*s is declared twice",
		                   GH_SLICE_ARG(e->name));
	}
	return GH_OK;
}

static gh_result index_commons(struct resolver *r)
{
	uint32_t i = 0;

	GH_TRY(make_table(r, &r->commons, r->raw->common_count));
	for (struct gh_raw_common *c = r->raw->commons; c; c = c->next, i++) {
		const struct gh_cedar_name *name;
		if (is_reserved_common(c->name))
			return gh_raw_fail(r->raw, c->span, "a type cannot be called %.*s",
			                   GH_SLICE_ARG(c->name));
		GH_TRY(qualify(r, c->space, c->name, &name));
		r->commons.entries[i] = (struct entry){ name, c, i };
	}
	sort_table(&r->commons);
	size_t twins = find_twins(&r->commons);
	if (twins < r->commons.count) {
		const struct gh_raw_common *c = r->commons.entries[twins].raw;
		return gh_raw_fail(r->raw, c->span, "the type %.*s is declared twice",
		                   GH_SLICE_ARG(c->name));
	}
	return GH_OK;
}

static gh_result action_uid(struct resolver *r, struct gh_slice space,
                            const struct gh_cedar_name *id, const struct gh_cedar_uid **out)
{
	const struct gh_cedar_name *type;

	GH_TRY(qualify(r, space, GH_SLICE("Action"), &type));
	*out = gh_cedar_intern_uid(r->raw->space, type, id);
	GH_ENSURE(*out, GH_E_LIMIT, "the schema is too large");
	return GH_OK;
}

static gh_result index_actions(struct resolver *r)
{
	uint32_t i = 0;

	GH_TRY(make_table(r, &r->actions, r->raw->action_count));
	GH_TRY(make_table(r, &r->action_types, r->raw->action_count));
	for (struct gh_raw_action *a = r->raw->actions; a; a = a->next, i++) {
		const struct gh_cedar_uid *uid;
		GH_TRY(action_uid(r, a->space, a->id, &uid));
		r->actions.entries[i] = (struct entry){ uid, a, i };
		r->action_types.entries[i] = (struct entry){ uid->type, a, i };
	}
	sort_table(&r->actions);
	sort_table(&r->action_types);
	size_t twins = find_twins(&r->actions);
	if (twins < r->actions.count) {
		const struct gh_raw_action *a = r->actions.entries[twins].raw;
		return gh_raw_fail(r->raw, a->span, "this action is declared twice");
	}
	return GH_OK;
}

/* RFC 70: what the empty namespace declares, no other may declare again. */
static gh_result refuse_shadows(struct resolver *r)
{
	static const struct gh_slice none = { NULL, 0 };
	const struct gh_cedar_name *name;

	for (const struct gh_raw_entity *e = r->raw->entities; e; e = e->next) {
		GH_TRY(qualify(r, none, e->name, &name));
		if (e->space.len && (look_up(&r->entities, name) || look_up(&r->commons, name)))
			return gh_raw_fail(r->raw, e->span,
			                   "%.*s is declared in the empty namespace as well",
			                   GH_SLICE_ARG(e->name));
	}
	for (const struct gh_raw_common *c = r->raw->commons; c; c = c->next) {
		GH_TRY(qualify(r, none, c->name, &name));
		if (c->space.len && (look_up(&r->entities, name) || look_up(&r->commons, name)))
			return gh_raw_fail(r->raw, c->span,
			                   "%.*s is declared in the empty namespace as well",
			                   GH_SLICE_ARG(c->name));
	}
	for (const struct gh_raw_action *a = r->raw->actions; a; a = a->next) {
		const struct gh_cedar_uid *uid;
		GH_TRY(action_uid(r, none, a->id, &uid));
		if (a->space.len && look_up(&r->actions, uid))
			return gh_raw_fail(
			    r->raw, a->span,
			    "this action is declared in the empty namespace as well");
	}
	return GH_OK;
}

/* In the table under its own namespace, then under the empty one; qualified names as they are. */
static gh_result find_name(struct resolver *r, const struct table *table, struct gh_slice space,
                           struct gh_slice path, const struct entry **out)
{
	static const struct gh_slice none = { NULL, 0 };
	bool qualified = path.len > 2 && memmem(path.data, path.len, "::", 2);
	const struct gh_cedar_name *name;

	*out = NULL;
	if (!qualified && space.len) {
		GH_TRY(qualify(r, space, path, &name));
		*out = look_up(table, name);
	}
	if (!*out) {
		GH_TRY(qualify(r, none, path, &name));
		*out = look_up(table, name);
	}
	return GH_OK;
}

/* ---- types ---- */

static const char *const extension_names[] = { "ipaddr", "decimal", "datetime", "duration" };

static gh_result make_built_ins(struct resolver *r)
{
	static const enum gh_cedar_type_kind kinds[] = { GH_CEDAR_TYPE_BOOL, GH_CEDAR_TYPE_LONG,
		                                         GH_CEDAR_TYPE_STRING };

	for (size_t i = 0; i < GH_ARRAY_LEN(kinds); i++) {
		struct gh_cedar_type *type = gh_raw_alloc(r->arena, sizeof *type);
		GH_ENSURE(type, GH_E_LIMIT, "the schema is too large");
		type->kind = kinds[i];
		r->scalars[kinds[i]] = type;
	}
	for (size_t i = 0; i < GH_ARRAY_LEN(extension_names); i++) {
		struct gh_cedar_type *type = gh_raw_alloc(r->arena, sizeof *type);
		GH_ENSURE(type, GH_E_LIMIT, "the schema is too large");
		type->kind = GH_CEDAR_TYPE_EXTENSION;
		type->name = gh_cedar_intern(r->raw->space, gh_slice_str(extension_names[i]));
		GH_ENSURE(type->name, GH_E_LIMIT, "the schema is too large");
		r->extensions[i] = type;
	}
	struct gh_cedar_type *record = gh_raw_alloc(r->arena, sizeof *record);
	GH_ENSURE(record, GH_E_LIMIT, "the schema is too large");
	record->kind = GH_CEDAR_TYPE_RECORD;
	r->empty_record = record;
	return GH_OK;
}

static const struct gh_cedar_type *built_in(const struct resolver *r, struct gh_slice path)
{
	struct gh_slice prefix = GH_SLICE(BUILT_IN_PREFIX);

	if (gh_slice_starts_with(path, prefix))
		path = gh_slice_sub(path, prefix.len, path.len);
	if (gh_slice_eq_str(path, "Bool") || gh_slice_eq_str(path, "Boolean"))
		return r->scalars[GH_CEDAR_TYPE_BOOL];
	if (gh_slice_eq_str(path, "Long"))
		return r->scalars[GH_CEDAR_TYPE_LONG];
	if (gh_slice_eq_str(path, "String"))
		return r->scalars[GH_CEDAR_TYPE_STRING];
	for (size_t i = 0; i < GH_ARRAY_LEN(extension_names); i++)
		if (gh_slice_eq_str(path, extension_names[i]))
			return r->extensions[i];
	return NULL;
}

static gh_result resolve(struct resolver *r, struct gh_slice space, struct gh_raw_type *raw,
                         unsigned depth, const struct gh_cedar_type **out);

static gh_result resolve_common(struct resolver *r, struct gh_raw_common *common,
                                struct gh_cedar_span span, unsigned depth,
                                const struct gh_cedar_type **out)
{
	if (!common->resolved) {
		if (common->busy)
			return gh_raw_fail(r->raw, span, "the type %.*s contains itself",
			                   GH_SLICE_ARG(common->name));
		common->busy = true;
		GH_TRY(resolve(r, common->space, common->type, depth, &common->resolved));
		common->busy = false;
	}
	*out = common->resolved;
	return GH_OK;
}

static gh_result entity_type(struct resolver *r, const struct entry *entry,
                             const struct gh_cedar_type **out)
{
	struct gh_cedar_type *type = gh_raw_alloc(r->arena, sizeof *type);

	GH_ENSURE(type, GH_E_LIMIT, "the schema is too large");
	type->kind = GH_CEDAR_TYPE_ENTITY;
	type->name = entry->name;
	*out = type;
	return GH_OK;
}

/* Which kinds of things the reference may name, in the order in which they are looked for. */
static gh_result try_space(struct resolver *r, struct gh_slice path, enum gh_raw_kind kind,
                           struct gh_slice space, struct gh_cedar_span span, unsigned depth,
                           const struct gh_cedar_type **out)
{
	const struct gh_cedar_name *name;

	GH_TRY(qualify(r, space, path, &name));
	const struct entry *common = kind == GH_RAW_ENTITY ? NULL : look_up(&r->commons, name);
	if (common)
		return resolve_common(r, common->raw, span, depth, out);
	const struct entry *entity = kind == GH_RAW_COMMON ? NULL : look_up(&r->entities, name);
	if (!entity && kind != GH_RAW_COMMON)
		entity = look_up(&r->action_types, name);
	return entity ? entity_type(r, entity, out) : GH_OK;
}

static gh_result resolve_name(struct resolver *r, struct gh_slice space, struct gh_raw_type *raw,
                              unsigned depth, const struct gh_cedar_type **out)
{
	static const struct gh_slice none = { NULL, 0 };
	bool qualified = memmem(raw->path.data, raw->path.len, "::", 2) != NULL;

	*out = NULL;
	if (!qualified && space.len)
		GH_TRY(try_space(r, raw->path, raw->kind, space, raw->span, depth, out));
	if (!*out)
		GH_TRY(try_space(r, raw->path, raw->kind, none, raw->span, depth, out));
	if (!*out && raw->kind != GH_RAW_ENTITY)
		*out = built_in(r, raw->path);
	if (!*out)
		return gh_raw_fail(r->raw, raw->span, "%s %.*s is not declared",
		                   raw->kind == GH_RAW_ENTITY ? "the entity type" : "the type",
		                   raw->path.len > 80 ? 80 : (int)raw->path.len,
		                   (const char *)raw->path.data);
	return GH_OK;
}

static int by_name(const void *a, const void *b)
{
	const struct gh_cedar_attribute *x = a, *y = b;

	return ((uintptr_t)x->name > (uintptr_t)y->name) -
	       ((uintptr_t)x->name < (uintptr_t)y->name);
}

static gh_result resolve_record(struct resolver *r, struct gh_slice space, struct gh_raw_type *raw,
                                unsigned depth, struct gh_cedar_type *type)
{
	uint32_t count = 0;

	for (const struct gh_raw_attribute *a = raw->attributes; a; a = a->next)
		count++;
	struct gh_cedar_attribute *attributes = gh_raw_alloc(r->arena, count * sizeof *attributes);
	GH_ENSURE(attributes, GH_E_LIMIT, "the schema is too large");
	count = 0;
	for (const struct gh_raw_attribute *a = raw->attributes; a; a = a->next, count++) {
		attributes[count].name = a->name;
		attributes[count].required = a->required;
		GH_TRY(resolve(r, space, a->type, depth, &attributes[count].type));
	}
	qsort(attributes, count, sizeof *attributes, by_name);
	for (uint32_t i = 1; i < count; i++)
		if (attributes[i - 1].name == attributes[i].name)
			return gh_raw_fail(r->raw, raw->span, "the attribute %.60s is there twice",
			                   attributes[i].name->text);
	type->attributes = attributes;
	type->attribute_count = count;
	return GH_OK;
}

static gh_result resolve(struct resolver *r, struct gh_slice space, struct gh_raw_type *raw,
                         unsigned depth, const struct gh_cedar_type **out)
{
	struct gh_cedar_type *type;

	GH_ENSURE(depth < MAX_TYPE_DEPTH, GH_E_LIMIT, "types are nested deeper than %d",
	          MAX_TYPE_DEPTH);
	switch (raw->kind) {
	case GH_RAW_NAME:
	case GH_RAW_ENTITY:
	case GH_RAW_COMMON: return resolve_name(r, space, raw, depth + 1, out);
	case GH_RAW_PRIMITIVE: *out = r->scalars[raw->primitive]; return GH_OK;
	case GH_RAW_EXTENSION:
		*out = built_in(r, raw->path);
		if (!*out || (*out)->kind != GH_CEDAR_TYPE_EXTENSION)
			return gh_raw_fail(r->raw, raw->span, "there is no extension type %.*s",
			                   raw->path.len > 80 ? 80 : (int)raw->path.len,
			                   (const char *)raw->path.data);
		return GH_OK;
	case GH_RAW_SET:
	case GH_RAW_RECORD: break;
	}
	type = gh_raw_alloc(r->arena, sizeof *type);
	GH_ENSURE(type, GH_E_LIMIT, "the schema is too large");
	*out = type;
	type->kind = raw->kind == GH_RAW_SET ? GH_CEDAR_TYPE_SET : GH_CEDAR_TYPE_RECORD;
	if (raw->kind == GH_RAW_SET)
		return resolve(r, space, raw->element, depth + 1, &type->element);
	return resolve_record(r, space, raw, depth + 1, type);
}

static gh_result resolve_to_record(struct resolver *r, struct gh_slice space,
                                   struct gh_raw_type *raw, const char *what,
                                   const struct gh_cedar_type **out)
{
	*out = r->empty_record;
	if (!raw)
		return GH_OK;
	GH_TRY(resolve(r, space, raw, 0, out));
	if ((*out)->kind != GH_CEDAR_TYPE_RECORD)
		return gh_raw_fail(r->raw, raw->span, "%s is a record", what);
	return GH_OK;
}

/* ---- entity types ---- */

static gh_result resolve_paths(struct resolver *r, struct gh_slice space,
                               const struct gh_raw_path *list,
                               const struct gh_cedar_name *const **out, uint32_t *out_count)
{
	uint32_t count = 0;

	for (const struct gh_raw_path *p = list; p; p = p->next)
		count++;
	const struct gh_cedar_name **names = gh_raw_alloc(r->arena, count * sizeof *names);
	GH_ENSURE(names, GH_E_LIMIT, "the schema is too large");
	count = 0;
	for (const struct gh_raw_path *p = list; p; p = p->next) {
		const struct entry *entry;
		GH_TRY(find_name(r, &r->entities, space, p->path, &entry));
		if (!entry)
			return gh_raw_fail(r->raw, p->span, "the entity type %.*s is not declared",
			                   p->path.len > 80 ? 80 : (int)p->path.len,
			                   (const char *)p->path.data);
		bool twice = false;
		for (uint32_t i = 0; i < count && count < 64; i++)
			twice = twice || names[i] == entry->name;
		if (!twice)
			names[count++] = entry->name;
	}
	*out = names;
	*out_count = count;
	return GH_OK;
}

/* Every type that can be reached over `in`; cycles are allowed (Group in [Group]). */
static gh_result close_entity(struct resolver *r, struct gh_cedar_schema_entity *entities,
                              const struct gh_cedar_name *const **direct,
                              const uint32_t *direct_count, uint32_t which, uint32_t *seen,
                              uint32_t *queue)
{
	uint32_t count = 0, mark = which + 1;

	for (uint32_t at = which, done = 0;; at = queue[done++]) {
		for (uint32_t i = 0; i < direct_count[at]; i++) {
			const struct entry *entry = look_up(&r->entities, direct[at][i]);
			if (seen[entry->index] == mark)
				continue;
			seen[entry->index] = mark;
			queue[count++] = entry->index;
		}
		if (done == count)
			break;
	}
	r->closure += count;
	GH_ENSURE(r->closure <= MAX_CLOSURE, GH_E_LIMIT, "the schema's hierarchy is too large");
	const struct gh_cedar_name **ancestors = gh_raw_alloc(r->arena, count * sizeof *ancestors);
	GH_ENSURE(ancestors, GH_E_LIMIT, "the schema is too large");
	for (uint32_t i = 0; i < count; i++)
		ancestors[i] = entities[queue[i]].shape.type;
	sort_pointers(ancestors, count);
	entities[which].ancestors = ancestors;
	entities[which].ancestor_count = count;
	return GH_OK;
}

static gh_result make_entities(struct resolver *r)
{
	uint32_t count = r->raw->entity_count, i = 0;
	struct gh_cedar_schema_entity *entities = gh_raw_alloc(r->arena, count * sizeof *entities);
	const struct gh_cedar_name *const **direct =
	    gh_raw_alloc(r->raw->arena, count * sizeof *direct);
	uint32_t *direct_count = gh_raw_alloc(r->raw->arena, count * sizeof *direct_count);
	uint32_t *seen = gh_raw_alloc(r->raw->arena, count * sizeof *seen);
	uint32_t *queue = gh_raw_alloc(r->raw->arena, count * sizeof *queue);

	GH_ENSURE(entities && direct && direct_count && seen && queue, GH_E_LIMIT,
	          "the schema is too large");
	for (struct gh_raw_entity *e = r->raw->entities; e; e = e->next, i++) {
		struct gh_cedar_entity_shape *shape = &entities[i].shape;
		GH_TRY(qualify(r, e->space, e->name, &shape->type));
		GH_TRY(resolve_to_record(r, e->space, e->shape, "the shape of an entity type",
		                         &shape->attributes));
		if (e->tags)
			GH_TRY(resolve(r, e->space, e->tags, 0, &shape->tags));
		if (e->is_enum)
			sort_pointers(e->ids, e->id_count);
		shape->ids = e->is_enum ? e->ids : NULL;
		shape->id_count = e->id_count;
		GH_TRY(resolve_paths(r, e->space, e->parents, &direct[i], &direct_count[i]));
	}
	for (i = 0; i < count; i++)
		GH_TRY(close_entity(r, entities, direct, direct_count, i, seen, queue));
	r->schema->entities = entities;
	r->schema->entity_count = count;
	return GH_OK;
}

/* ---- actions ---- */

static gh_result find_action(struct resolver *r, struct gh_slice space,
                             const struct gh_raw_reference *reference, const struct entry **out)
{
	static const struct gh_slice none = { NULL, 0 };
	struct gh_slice type = reference->type.len ? reference->type : GH_SLICE("Action");
	bool qualified = memmem(type.data, type.len, "::", 2) != NULL;

	*out = NULL;
	for (int pass = qualified || !space.len; pass < 2 && !*out; pass++) {
		const struct gh_cedar_name *name;
		GH_TRY(qualify(r, pass ? none : space, type, &name));
		const struct gh_cedar_uid *uid =
		    gh_cedar_intern_uid(r->raw->space, name, reference->id);
		GH_ENSURE(uid, GH_E_LIMIT, "the schema is too large");
		*out = look_up(&r->actions, uid);
	}
	if (!*out)
		return gh_raw_fail(r->raw, reference->span, "the action %.60s is not declared",
		                   reference->id->text);
	return GH_OK;
}

static gh_result make_parents(struct resolver *r, const struct gh_raw_action *raw,
                              struct gh_cedar_schema_action *action)
{
	uint32_t count = 0;

	for (const struct gh_raw_reference *p = raw->parents; p; p = p->next)
		count++;
	const struct gh_cedar_uid **parents = gh_raw_alloc(r->arena, count * sizeof *parents);
	GH_ENSURE(parents, GH_E_LIMIT, "the schema is too large");
	count = 0;
	for (const struct gh_raw_reference *p = raw->parents; p; p = p->next) {
		const struct entry *entry;
		GH_TRY(find_action(r, raw->space, p, &entry));
		parents[count++] = entry->name;
	}
	action->shape.parents = parents;
	action->shape.parent_count = count;
	return GH_OK;
}

static gh_result close_action(struct resolver *r, struct gh_cedar_schema_action *actions,
                              uint32_t which, uint32_t *seen, uint32_t *queue)
{
	uint32_t count = 0, mark = which + 1;

	for (uint32_t at = which, done = 0;; at = queue[done++]) {
		for (uint32_t i = 0; i < actions[at].shape.parent_count; i++) {
			const struct entry *entry =
			    look_up(&r->actions, actions[at].shape.parents[i]);
			if (entry->index == which) {
				const struct gh_raw_action *raw = entry->raw;
				return gh_raw_fail(r->raw, raw->span,
				                   "the action %.60s is in itself", raw->id->text);
			}
			if (seen[entry->index] == mark)
				continue;
			seen[entry->index] = mark;
			queue[count++] = entry->index;
		}
		if (done == count)
			break;
	}
	r->closure += count;
	GH_ENSURE(r->closure <= MAX_CLOSURE, GH_E_LIMIT, "the schema's hierarchy is too large");
	const struct gh_cedar_uid **ancestors = gh_raw_alloc(r->arena, count * sizeof *ancestors);
	GH_ENSURE(ancestors, GH_E_LIMIT, "the schema is too large");
	for (uint32_t i = 0; i < count; i++)
		ancestors[i] = actions[queue[i]].shape.uid;
	sort_pointers(ancestors, count);
	actions[which].ancestors = ancestors;
	actions[which].ancestor_count = count;
	return GH_OK;
}

static gh_result make_actions(struct resolver *r)
{
	uint32_t count = r->raw->action_count, i = 0;
	struct gh_cedar_schema_action *actions = gh_raw_alloc(r->arena, count * sizeof *actions);
	uint32_t *seen = gh_raw_alloc(r->raw->arena, count * sizeof *seen);
	uint32_t *queue = gh_raw_alloc(r->raw->arena, count * sizeof *queue);

	GH_ENSURE(actions && seen && queue, GH_E_LIMIT, "the schema is too large");
	for (const struct gh_raw_action *a = r->raw->actions; a; a = a->next, i++) {
		struct gh_cedar_schema_action *action = &actions[i];
		GH_TRY(action_uid(r, a->space, a->id, &action->shape.uid));
		GH_TRY(make_parents(r, a, action));
		GH_TRY(resolve_paths(r, a->space, a->principals, &action->principals,
		                     &action->principal_count));
		GH_TRY(resolve_paths(r, a->space, a->resources, &action->resources,
		                     &action->resource_count));
		const struct gh_cedar_type *context;
		GH_TRY(resolve_to_record(r, a->space, a->context, "a context", &context));
		action->shape.context = a->applies ? context : NULL;
	}
	for (i = 0; i < count; i++)
		GH_TRY(close_action(r, actions, i, seen, queue));
	r->schema->actions = actions;
	r->schema->action_count = count;
	return GH_OK;
}

/* The types that the actions [first, last) of the table are in; each once, by the mark of its place
 * in the table. */
static gh_result close_action_type(struct resolver *r, const struct gh_cedar_schema_action *actions,
                                   size_t first, size_t last, uint32_t *seen,
                                   const struct gh_cedar_name **found,
                                   struct gh_cedar_schema_action_type *out)
{
	uint32_t count = 0;

	for (size_t i = first; i < last; i++) {
		const struct gh_cedar_schema_action *action =
		    &actions[r->action_types.entries[i].index];
		for (uint32_t k = 0; k < action->ancestor_count; k++) {
			const struct gh_cedar_name *type = action->ancestors[k]->type;
			size_t place = look_up(&r->action_types, type) - r->action_types.entries;
			if (seen[place] == first + 1)
				continue;
			seen[place] = (uint32_t)first + 1;
			found[count++] = type;
		}
	}
	const struct gh_cedar_name **ancestors = gh_raw_alloc(r->arena, count * sizeof *ancestors);
	GH_ENSURE(ancestors, GH_E_LIMIT, "the schema is too large");
	if (count)
		memcpy(ancestors, found, count * sizeof *ancestors);
	sort_pointers(ancestors, count);
	*out = (struct gh_cedar_schema_action_type){ r->action_types.entries[first].name, ancestors,
		                                     count };
	return GH_OK;
}

static gh_result make_action_types(struct resolver *r)
{
	const struct table *table = &r->action_types;
	struct gh_cedar_schema_action_type *types =
	    gh_raw_alloc(r->arena, table->count * sizeof *types);
	uint32_t *seen = gh_raw_alloc(r->raw->arena, table->count * sizeof *seen);
	const struct gh_cedar_name **found =
	    gh_raw_alloc(r->raw->arena, table->count * sizeof *found);

	GH_ENSURE(types && seen && found, GH_E_LIMIT, "the schema is too large");
	for (size_t first = 0, last; first < table->count; first = last) {
		for (last = first + 1; last < table->count; last++)
			if (table->entries[last].name != table->entries[first].name)
				break;
		GH_TRY(close_action_type(r, r->schema->actions, first, last, seen, found,
		                         &types[r->schema->action_type_count++]));
	}
	r->schema->action_types = types;
	return GH_OK;
}

/* ---- the whole ---- */

static int entity_by_name(const void *a, const void *b)
{
	const struct gh_cedar_schema_entity *x = a, *y = b;

	return ((uintptr_t)x->shape.type > (uintptr_t)y->shape.type) -
	       ((uintptr_t)x->shape.type < (uintptr_t)y->shape.type);
}

static int action_by_uid(const void *a, const void *b)
{
	const struct gh_cedar_schema_action *x = a, *y = b;

	return ((uintptr_t)x->shape.uid > (uintptr_t)y->shape.uid) -
	       ((uintptr_t)x->shape.uid < (uintptr_t)y->shape.uid);
}

static int action_type_by_name(const void *a, const void *b)
{
	const struct gh_cedar_schema_action_type *x = a, *y = b;

	return ((uintptr_t)x->name > (uintptr_t)y->name) -
	       ((uintptr_t)x->name < (uintptr_t)y->name);
}

static gh_result build(struct resolver *r)
{
	GH_TRY(make_built_ins(r));
	GH_TRY(index_entities(r));
	GH_TRY(index_commons(r));
	GH_TRY(index_actions(r));
	GH_TRY(refuse_shadows(r));
	for (struct gh_raw_common *c = r->raw->commons; c; c = c->next) {
		const struct gh_cedar_type *unused;
		GH_TRY(resolve_common(r, c, c->span, 0, &unused));
	}
	GH_TRY(make_entities(r));
	GH_TRY(make_actions(r));
	GH_TRY(make_action_types(r));
	/* Looked up by pointer from now on. */
	qsort((void *)(uintptr_t)r->schema->entities, r->schema->entity_count,
	      sizeof *r->schema->entities, entity_by_name);
	qsort((void *)(uintptr_t)r->schema->actions, r->schema->action_count,
	      sizeof *r->schema->actions, action_by_uid);
	return GH_OK;
}

static const struct gh_cedar_entity_shape *shape_of_entity(const void *schema,
                                                           const struct gh_cedar_name *type)
{
	const struct gh_cedar_schema_entity *found = gh_cedar_schema_entity(schema, type);

	return found ? &found->shape : NULL;
}

static const struct gh_cedar_action_shape *shape_of_action(const void *schema,
                                                           const struct gh_cedar_uid *uid)
{
	const struct gh_cedar_schema_action *found = gh_cedar_schema_action(schema, uid);

	return found ? &found->shape : NULL;
}

static const struct gh_cedar_action_shape *shape_at(const void *schema, size_t index)
{
	const struct gh_cedar_schema *all = schema;

	return index < all->action_count ? &all->actions[index].shape : NULL;
}

gh_result gh_raw_resolve(struct gh_raw_schema *raw, struct gh_cedar_schema **out)
{
	struct gh_cedar_schema *schema = calloc(1, sizeof *schema);
	struct resolver r = { .raw = raw,
		              .schema = schema,
		              .arena = gh_cedar_space_arena(raw->space) };

	GH_ENSURE(schema, GH_E_MEMORY, "no memory for the schema");
	schema->space = raw->space;
	schema->shapes =
	    (struct gh_cedar_shapes){ schema, shape_of_entity, shape_of_action, shape_at };
	enum gh_code code = build(&r);
	if (code != GH_OK) {
		free(schema);
		return code;
	}
	*out = schema;
	return GH_OK;
}

void gh_cedar_schema_free(struct gh_cedar_schema *schema)
{
	free(schema);
}

const struct gh_cedar_schema_entity *gh_cedar_schema_entity(const struct gh_cedar_schema *schema,
                                                            const struct gh_cedar_name *type)
{
	struct gh_cedar_schema_entity key = { .shape.type = type };

	if (schema->entity_count == 0)
		return NULL;
	return bsearch(&key, schema->entities, schema->entity_count, sizeof key, entity_by_name);
}

const struct gh_cedar_schema_action *gh_cedar_schema_action(const struct gh_cedar_schema *schema,
                                                            const struct gh_cedar_uid *action)
{
	struct gh_cedar_schema_action key = { .shape.uid = action };

	if (schema->action_count == 0)
		return NULL;
	return bsearch(&key, schema->actions, schema->action_count, sizeof key, action_by_uid);
}

const struct gh_cedar_schema_action_type *
gh_cedar_schema_action_type(const struct gh_cedar_schema *schema, const struct gh_cedar_name *type)
{
	struct gh_cedar_schema_action_type key = { .name = type };

	if (schema->action_type_count == 0)
		return NULL;
	return bsearch(&key, schema->action_types, schema->action_type_count, sizeof key,
	               action_type_by_name);
}

bool gh_cedar_schema_takes_id(const struct gh_cedar_schema_entity *entity,
                              const struct gh_cedar_name *id)
{
	return !entity->shape.ids || holds(entity->shape.ids, entity->shape.id_count, id);
}

bool gh_cedar_schema_may_be_in(const struct gh_cedar_schema *schema,
                               const struct gh_cedar_name *descendant,
                               const struct gh_cedar_name *ancestor)
{
	const struct gh_cedar_schema_entity *entity = gh_cedar_schema_entity(schema, descendant);

	if (descendant == ancestor)
		return true;
	if (entity)
		return gh_cedar_schema_declares_in(entity, ancestor);
	const struct gh_cedar_schema_action_type *actions =
	    gh_cedar_schema_action_type(schema, descendant);
	return actions && holds(actions->ancestors, actions->ancestor_count, ancestor);
}

bool gh_cedar_schema_declares_in(const struct gh_cedar_schema_entity *entity,
                                 const struct gh_cedar_name *ancestor)
{
	return holds(entity->ancestors, entity->ancestor_count, ancestor);
}

bool gh_cedar_schema_action_in(const struct gh_cedar_schema *schema,
                               const struct gh_cedar_uid *descendant,
                               const struct gh_cedar_uid *ancestor)
{
	const struct gh_cedar_schema_action *action = gh_cedar_schema_action(schema, descendant);

	return descendant == ancestor ||
	       (action && holds(action->ancestors, action->ancestor_count, ancestor));
}
