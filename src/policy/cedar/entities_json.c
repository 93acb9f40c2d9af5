/* Entities, values and uids from Cedar JSON. Without a schema, objects with `__entity` and `__extn`
 * are escapes; with one, the type that is expected lets entities be {"type","id"} and extension
 * values be plain strings. What does not fit its type is read as if there were no schema: judging
 * conformance is the validator's work. */
#include "policy/cedar/entities.h"

#include <stdlib.h>

#include "policy/cedar/build.h"
#include "policy/cedar/evaluate.h"
#include "policy/cedar/json_tree.h"
#include "policy/cedar/lex.h"

struct reader {
	struct gh_cedar_space *space;
	struct gh_slice source;
	struct gh_cedar_diagnostic *why;
};

static enum gh_code fault(struct reader *r, const struct gh_cedar_json *at, const char *text)
{
	gh_cedar_diagnose(r->why, r->source, at ? at->span : (struct gh_cedar_span){ 0, 0 }, "%s",
	                  text);
	return gh_fail(GH_E_FORMAT, "Cedar JSON: %s", text);
}

static gh_result intern(struct reader *r, struct gh_slice text, const struct gh_cedar_name **out)
{
	*out = gh_cedar_intern(r->space, text);
	if (*out)
		return GH_OK;
	gh_cedar_diagnose(r->why, r->source, (struct gh_cedar_span){ 0, 0 },
	                  "the JSON needs too much memory");
	return gh_fail(GH_E_LIMIT, "no memory for Cedar JSON");
}

static bool is_type_and_id(const struct gh_cedar_json *json)
{
	return gh_cedar_json_is(gh_cedar_json_get(json, "type"), GH_CEDAR_JSON_STRING) &&
	       gh_cedar_json_is(gh_cedar_json_get(json, "id"), GH_CEDAR_JSON_STRING);
}

static gh_result read_type_and_id(struct reader *r, const struct gh_cedar_json *json,
                                  const struct gh_cedar_uid **out)
{
	const struct gh_cedar_name *type, *id;

	if (!is_type_and_id(json))
		return fault(r, json, "an entity must have \"type\" and \"id\", both strings");
	const struct gh_cedar_json *type_json = gh_cedar_json_get(json, "type");
	if (!gh_cedar_is_type_name(type_json->text))
		return fault(r, type_json, "this is not the name of an entity type");
	GH_TRY(intern(r, type_json->text, &type));
	GH_TRY(intern(r, gh_cedar_json_get(json, "id")->text, &id));
	*out = gh_cedar_intern_uid(r->space, type, id);
	GH_ENSURE(*out, GH_E_LIMIT, "no memory for Cedar JSON");
	return GH_OK;
}

static gh_result read_uid(struct reader *r, const struct gh_cedar_json *json,
                          const struct gh_cedar_uid **out)
{
	const struct gh_cedar_json *escaped = gh_cedar_json_get(json, "__entity");

	if (gh_cedar_json_is(gh_cedar_json_get(json, "__expr"), GH_CEDAR_JSON_STRING))
		return fault(r, json, "the __expr escape is no longer part of Cedar");
	return read_type_and_id(r, is_type_and_id(escaped) ? escaped : json, out);
}

static gh_result read_value(struct reader *r, const struct gh_cedar_json *json,
                            const struct gh_cedar_type *type, struct gh_cedar_value *out);

static gh_result apply(struct reader *r, const struct gh_cedar_json *at,
                       enum gh_cedar_function function, const struct gh_cedar_value *arguments,
                       size_t count, struct gh_cedar_value *out)
{
	struct gh_cedar_ip *ip = NULL;
	struct gh_cedar_bump bump = { 0 };

	if (function == GH_CEDAR_FN_IP) { /* the one result that needs memory */
		ip = gh_arena_alloc(gh_cedar_space_arena(r->space), sizeof *ip + 16);
		GH_ENSURE(ip, GH_E_LIMIT, "no memory for Cedar JSON");
		bump = (struct gh_cedar_bump){ .block = (uint8_t *)ip, .size = sizeof *ip + 16 };
	}
	enum gh_cedar_fault code = gh_cedar_apply(function, arguments, count, &bump, out);
	if (code != GH_CEDAR_FAULT_NONE)
		return fault(r, at, gh_cedar_fault_text(code));
	return GH_OK;
}

/* {"fn": name, "arg": value} or {"fn": name, "args": [values]}. */
static gh_result read_call(struct reader *r, const struct gh_cedar_json *json,
                           struct gh_cedar_value *out)
{
	const struct gh_cedar_json *fn = gh_cedar_json_get(json, "fn");
	const struct gh_cedar_json *arg = gh_cedar_json_get(json, "arg");
	const struct gh_cedar_json *args = gh_cedar_json_get(json, "args");
	struct gh_cedar_value arguments[2];
	size_t count = 0;

	if (!gh_cedar_json_is(fn, GH_CEDAR_JSON_STRING) ||
	    (!arg && !gh_cedar_json_is(args, GH_CEDAR_JSON_ARRAY)))
		return fault(r, json,
		             "an extension value must have \"fn\" and \"arg\" or \"args\"");
	enum gh_cedar_function function = gh_cedar_find_function(fn->text, false);
	if (function == GH_CEDAR_FN_COUNT)
		function = gh_cedar_find_function(fn->text, true);
	if (function == GH_CEDAR_FN_COUNT)
		return fault(r, fn, "there is no such extension function");
	for (const struct gh_cedar_json *item = arg ? arg : args->first; item;
	     item = arg ? NULL : item->next) {
		if (count == 2)
			return fault(r, json, "an extension function takes at most two arguments");
		GH_TRY(read_value(r, item, NULL, &arguments[count++]));
	}
	return apply(r, json, function, arguments, count, out);
}

static gh_result read_set(struct reader *r, const struct gh_cedar_json *json,
                          const struct gh_cedar_type *element, struct gh_cedar_value *out)
{
	GH_CLEANUP(gh_free_ptr)
	struct gh_cedar_value *items = calloc(json->count + 1, sizeof *items);
	size_t count = 0;

	GH_ENSURE(items, GH_E_MEMORY, "no memory for Cedar JSON");
	for (const struct gh_cedar_json *item = json->first; item; item = item->next)
		GH_TRY(read_value(r, item, element, &items[count++]));
	return gh_cedar_set_new(gh_cedar_space_arena(r->space), items, count, out);
}

static const struct gh_cedar_type *attribute_type(const struct gh_cedar_type *record,
                                                  const struct gh_cedar_name *name)
{
	for (uint32_t i = 0; record && i < record->attribute_count; i++)
		if (record->attributes[i].name == name)
			return record->attributes[i].type;
	return NULL;
}

/* `each` is the type of every value (tags), or NULL. */
static gh_result read_record(struct reader *r, const struct gh_cedar_json *json,
                             const struct gh_cedar_type *type, const struct gh_cedar_type *each,
                             struct gh_cedar_value *out)
{
	GH_CLEANUP(gh_free_ptr)
	struct gh_cedar_field *fields = calloc(json->count + 1, sizeof *fields);
	size_t count = 0;

	GH_ENSURE(fields, GH_E_MEMORY, "no memory for Cedar JSON");
	for (const struct gh_cedar_json *m = json->first; m; m = m->next, count++) {
		GH_TRY(intern(r, m->key, &fields[count].name));
		GH_TRY(read_value(r, m, each ? each : attribute_type(type, fields[count].name),
		                  &fields[count].value));
	}
	return gh_cedar_record_new(gh_cedar_space_arena(r->space), fields, count, out);
}

static enum gh_cedar_function constructor_of(const struct gh_cedar_name *extension)
{
	struct gh_slice name = gh_cedar_name_slice(extension);

	return gh_cedar_find_function(gh_slice_eq_str(name, "ipaddr") ? GH_SLICE("ip") : name,
	                              false);
}

static bool is_call(const struct gh_cedar_json *json)
{
	return gh_cedar_json_is(gh_cedar_json_get(json, "fn"), GH_CEDAR_JSON_STRING) &&
	       (gh_cedar_json_get(json, "arg") ||
	        gh_cedar_json_is(gh_cedar_json_get(json, "args"), GH_CEDAR_JSON_ARRAY));
}

/* What only a type makes readable. *done says whether it did. */
static gh_result read_typed(struct reader *r, const struct gh_cedar_json *json,
                            const struct gh_cedar_type *type, struct gh_cedar_value *out,
                            bool *done)
{
	struct gh_cedar_value argument;
	const struct gh_cedar_name *text;

	*done = true;
	if (type->kind == GH_CEDAR_TYPE_ENTITY && is_type_and_id(json)) {
		out->kind = GH_CEDAR_ENTITY;
		return read_type_and_id(r, json, &out->entity);
	}
	if (type->kind == GH_CEDAR_TYPE_EXTENSION && is_call(json))
		return read_call(r, json, out);
	if (type->kind == GH_CEDAR_TYPE_EXTENSION && json->kind == GH_CEDAR_JSON_STRING) {
		enum gh_cedar_function function = constructor_of(type->name);
		if (function == GH_CEDAR_FN_COUNT)
			return fault(r, json, "the schema names an unknown extension type");
		GH_TRY(intern(r, json->text, &text));
		argument = gh_cedar_string(text);
		return apply(r, json, function, &argument, 1, out);
	}
	if (type->kind == GH_CEDAR_TYPE_SET && json->kind == GH_CEDAR_JSON_ARRAY)
		return read_set(r, json, type->element, out);
	if (type->kind == GH_CEDAR_TYPE_RECORD && json->kind == GH_CEDAR_JSON_OBJECT)
		return read_record(r, json, type, NULL, out);
	*done = false;
	return GH_OK;
}

/* Members that an escape does not know are passed over, but fractions are nowhere taken. */
static bool has_fraction(const struct gh_cedar_json *json)
{
	bool found = json->kind == GH_CEDAR_JSON_OTHER_NUMBER;

	if (json->kind == GH_CEDAR_JSON_ARRAY || json->kind == GH_CEDAR_JSON_OBJECT)
		for (const struct gh_cedar_json *m = json->first; m && !found; m = m->next)
			found = has_fraction(m);
	return found;
}

/* As in the official reader, an escape is an object with that one key and the right form below it;
 * anything else is a record. */
static gh_result read_object(struct reader *r, const struct gh_cedar_json *json,
                             struct gh_cedar_value *out)
{
	const struct gh_cedar_json *only = json->count == 1 ? json->first : NULL;

	if (only && gh_slice_starts_with(only->key, GH_SLICE("__")) && has_fraction(only))
		return fault(r, json, "Cedar's numbers are whole and have 64 bits");
	if (only && gh_slice_eq_str(only->key, "__entity") && is_type_and_id(only)) {
		out->kind = GH_CEDAR_ENTITY;
		return read_type_and_id(r, only, &out->entity);
	}
	if (only && gh_slice_eq_str(only->key, "__extn") && is_call(only))
		return read_call(r, only, out);
	if (only && gh_slice_eq_str(only->key, "__expr") && only->kind == GH_CEDAR_JSON_STRING)
		return fault(r, json, "the __expr escape is no longer part of Cedar");
	return read_record(r, json, NULL, NULL, out);
}

static gh_result read_value(struct reader *r, const struct gh_cedar_json *json,
                            const struct gh_cedar_type *type, struct gh_cedar_value *out)
{
	const struct gh_cedar_name *text;
	bool done = false;

	if (type)
		GH_TRY(read_typed(r, json, type, out, &done));
	if (done)
		return GH_OK;
	switch (json->kind) {
	case GH_CEDAR_JSON_BOOL: *out = gh_cedar_bool(json->truth); return GH_OK;
	case GH_CEDAR_JSON_INTEGER: *out = gh_cedar_long(json->number); return GH_OK;
	case GH_CEDAR_JSON_STRING:
		GH_TRY(intern(r, json->text, &text));
		*out = gh_cedar_string(text);
		return GH_OK;
	case GH_CEDAR_JSON_ARRAY: return read_set(r, json, NULL, out);
	case GH_CEDAR_JSON_OBJECT: return read_object(r, json, out);
	case GH_CEDAR_JSON_NULL: return fault(r, json, "Cedar has no null");
	case GH_CEDAR_JSON_OTHER_NUMBER:
		return fault(r, json, "Cedar's numbers are whole and have 64 bits");
	}
	return fault(r, json, "not a value");
}

static gh_result read_parents(struct reader *r, const struct gh_cedar_json *json,
                              const struct gh_cedar_uid **out)
{
	size_t count = 0;

	for (const struct gh_cedar_json *item = json->first; item; item = item->next)
		GH_TRY(read_uid(r, item, &out[count++]));
	return GH_OK;
}

static gh_result read_entity(struct reader *r, struct gh_cedar_entities *entities,
                             const struct gh_cedar_json *json, const struct gh_cedar_shapes *shapes)
{
	const struct gh_cedar_json *attrs = gh_cedar_json_get(json, "attrs");
	const struct gh_cedar_json *tags = gh_cedar_json_get(json, "tags");
	const struct gh_cedar_json *parents = gh_cedar_json_get(json, "parents");
	const struct gh_cedar_uid *uid;
	struct gh_cedar_value attributes = { 0 }, tag_values = { 0 };
	GH_CLEANUP(gh_free_ptr) const struct gh_cedar_uid **list = NULL;

	if (!gh_cedar_json_get(json, "uid"))
		return fault(r, json, "an entity needs \"uid\"");
	if (!gh_cedar_json_is(attrs, GH_CEDAR_JSON_OBJECT) ||
	    !gh_cedar_json_is(parents, GH_CEDAR_JSON_ARRAY))
		return fault(r, json,
		             "an entity needs \"attrs\", an object, and \"parents\", a list");
	if (tags && tags->kind != GH_CEDAR_JSON_OBJECT)
		return fault(r, tags, "\"tags\" must be an object");
	GH_TRY(read_uid(r, gh_cedar_json_get(json, "uid"), &uid));
	const struct gh_cedar_entity_shape *shape =
	    shapes ? shapes->entity(shapes->schema, uid->type) : NULL;
	GH_TRY(read_record(r, attrs, shape ? shape->attributes : NULL, NULL, &attributes));
	if (tags)
		GH_TRY(read_record(r, tags, NULL, shape ? shape->tags : NULL, &tag_values));
	list = calloc(parents->count + 1, sizeof *list);
	GH_ENSURE(list, GH_E_MEMORY, "no memory for Cedar JSON");
	GH_TRY(read_parents(r, parents, list));
	for (uint32_t i = 0; i < parents->count; i++)
		if (gh_cedar_is_action_type(uid->type) && !gh_cedar_is_action_type(list[i]->type))
			return fault(r, parents, "the parents of an action must be actions");
	enum gh_code code = gh_cedar_entities_add(entities, uid, &attributes,
	                                          tags ? &tag_values : NULL, list, parents->count);
	if (code != GH_OK)
		gh_cedar_diagnose(r->why, r->source, json->span, "%s", gh_last_error()->text);
	return code;
}

/* The schema's actions with their groups. Data may repeat an action, not contradict it. */
static gh_result add_actions(struct gh_cedar_entities *entities,
                             const struct gh_cedar_shapes *shapes)
{
	const struct gh_cedar_action_shape *action;

	for (size_t i = 0; (action = shapes->action_at(shapes->schema, i)); i++) {
		const struct gh_cedar_entity_data *known =
		    gh_cedar_entities_get(entities, action->uid);
		if (!known) {
			GH_TRY(gh_cedar_entities_add(entities, action->uid, NULL, NULL,
			                             action->parents, action->parent_count));
			continue;
		}
		for (uint32_t k = 0; k < action->parent_count; k++) {
			uint32_t at = 0;
			while (at < known->parent_count && known->parents[at] != action->parents[k])
				at++;
			GH_ENSURE(at < known->parent_count, GH_E_CONFLICT,
			          "the action \"%.60s\" has other groups in the schema",
			          action->uid->id->text);
		}
	}
	return GH_OK;
}

static void arena_free_ptr(struct gh_arena **arena)
{
	gh_arena_free(*arena);
}

#define TREE_LIMIT ((size_t)1 << 30)

gh_result gh_cedar_entities_read(struct gh_cedar_entities *entities, struct gh_slice json,
                                 const struct gh_cedar_shapes *shapes,
                                 struct gh_cedar_diagnostic *why)
{
	GH_CLEANUP(arena_free_ptr) struct gh_arena *arena = gh_arena_new(TREE_LIMIT);
	struct reader r = { gh_cedar_entities_space(entities), json, why };
	struct gh_cedar_json *tree;

	GH_ENSURE(arena, GH_E_MEMORY, "no memory for Cedar JSON");
	GH_TRY(gh_cedar_json_parse(arena, json, &tree, why));
	if (tree->kind != GH_CEDAR_JSON_ARRAY)
		return fault(&r, tree, "entities are a list");
	for (const struct gh_cedar_json *item = tree->first; item; item = item->next)
		GH_TRY(read_entity(&r, entities, item, shapes));
	return shapes ? add_actions(entities, shapes) : GH_OK;
}

gh_result gh_cedar_value_take(struct gh_cedar_space *space, struct gh_slice source,
                              const struct gh_cedar_json *json, const struct gh_cedar_type *type,
                              struct gh_cedar_value *out, struct gh_cedar_diagnostic *why)
{
	struct reader r = { space, source, why };

	return read_value(&r, json, type, out);
}

gh_result gh_cedar_uid_take(struct gh_cedar_space *space, struct gh_slice source,
                            const struct gh_cedar_json *json, const struct gh_cedar_uid **out)
{
	struct reader r = { space, source, NULL };

	return read_uid(&r, json, out);
}

gh_result gh_cedar_value_read(struct gh_cedar_space *space, struct gh_slice json,
                              const struct gh_cedar_type *type, struct gh_cedar_value *out,
                              struct gh_cedar_diagnostic *why)
{
	GH_CLEANUP(arena_free_ptr) struct gh_arena *arena = gh_arena_new(TREE_LIMIT);
	struct gh_cedar_json *tree;

	GH_ENSURE(arena, GH_E_MEMORY, "no memory for Cedar JSON");
	GH_TRY(gh_cedar_json_parse(arena, json, &tree, why));
	return gh_cedar_value_take(space, json, tree, type, out, why);
}

gh_result gh_cedar_uid_read(struct gh_cedar_space *space, struct gh_slice json,
                            const struct gh_cedar_uid **out)
{
	GH_CLEANUP(arena_free_ptr) struct gh_arena *arena = gh_arena_new(TREE_LIMIT);
	struct gh_cedar_json *tree;

	GH_ENSURE(arena, GH_E_MEMORY, "no memory for Cedar JSON");
	GH_TRY(gh_cedar_json_parse(arena, json, &tree, NULL));
	return gh_cedar_uid_take(space, json, tree, out);
}
