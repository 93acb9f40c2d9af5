/* The JSON form of a schema: {"Namespace":{"entityTypes":{},"actions":{},"commonTypes":{}}}.
 * Members that are not known are refused, so that a misspelt "required" is not taken for its
 * default. */
#include "policy/cedar/json_tree.h"
#include "policy/cedar/lex.h"
#include "policy/cedar/schema_raw.h"

#define MAX_DEPTH 600

struct reader {
	struct gh_raw_schema raw;
	struct gh_slice space;
};

static enum gh_code fault(struct reader *r, const struct gh_cedar_json *json, const char *text)
{
	return gh_raw_fail(&r->raw, json->span, "%s", text);
}

/* Every member is one of the names, which end in NULL. */
static gh_result only(struct reader *r, const struct gh_cedar_json *object,
                      const char *const *names)
{
	if (!gh_cedar_json_is(object, GH_CEDAR_JSON_OBJECT))
		return fault(r, object, "an object belongs here");
	for (const struct gh_cedar_json *m = object->first; m; m = m->next) {
		bool known = false;
		for (size_t i = 0; names[i] && !known; i++)
			known = gh_slice_eq_str(m->key, names[i]);
		if (!known)
			return gh_raw_fail(&r->raw, m->span, "there is no member %.*s here",
			                   m->key.len > 60 ? 60 : (int)m->key.len,
			                   (const char *)m->key.data);
	}
	return GH_OK;
}

static gh_result intern(struct reader *r, struct gh_slice text, const struct gh_cedar_name **out)
{
	*out = gh_cedar_intern(r->raw.space, text);
	GH_ENSURE(*out, GH_E_LIMIT, "the schema is too large");
	return GH_OK;
}

/* A name of a type; a leading __cedar is for built-in ones. */
static gh_result read_path(struct reader *r, const struct gh_cedar_json *json, struct gh_slice *out)
{
	if (!gh_cedar_json_is(json, GH_CEDAR_JSON_STRING))
		return gh_raw_fail(&r->raw, json ? json->span : (struct gh_cedar_span){ 0, 0 },
		                   "a name of a type belongs here");
	struct gh_slice rest = json->text;
	if (gh_slice_starts_with(rest, GH_SLICE("__cedar::")))
		rest = gh_slice_sub(rest, 9, rest.len);
	if (!gh_cedar_is_type_name(rest))
		return fault(r, json, "this is no name of a type");
	*out = json->text;
	return GH_OK;
}

/* {"key": "value"}, a key of one word. Read over. */
static gh_result check_annotations(struct reader *r, const struct gh_cedar_json *owner)
{
	const struct gh_cedar_json *annotations = gh_cedar_json_get(owner, "annotations");

	if (!annotations)
		return GH_OK;
	if (annotations->kind != GH_CEDAR_JSON_OBJECT)
		return fault(r, annotations, "annotations are an object");
	for (const struct gh_cedar_json *m = annotations->first; m; m = m->next) {
		if (!gh_cedar_is_ident(m->key))
			return fault(r, m, "an annotation's name is one word");
		if (m->kind != GH_CEDAR_JSON_STRING && m->kind != GH_CEDAR_JSON_NULL)
			return fault(r, m, "an annotation is a string");
	}
	return GH_OK;
}

/* Where a type stands says which members it may have besides its own. */
enum place { ALONE, COMMON, ATTRIBUTE };

static gh_result read_type(struct reader *r, const struct gh_cedar_json *json, enum place place,
                           unsigned depth, struct gh_raw_type **out);

static gh_result read_record(struct reader *r, const struct gh_cedar_json *json, unsigned depth,
                             struct gh_raw_type *type)
{
	const struct gh_cedar_json *attributes = gh_cedar_json_get(json, "attributes");
	const struct gh_cedar_json *open = gh_cedar_json_get(json, "additionalAttributes");
	struct gh_raw_attribute **tail = &type->attributes;

	if (open && (open->kind != GH_CEDAR_JSON_BOOL || open->truth))
		return fault(r, open, "records with additional attributes are not supported");
	if (!gh_cedar_json_is(attributes, GH_CEDAR_JSON_OBJECT))
		return fault(r, attributes ? attributes : json, "a record needs its attributes");
	for (const struct gh_cedar_json *m = attributes->first; m; m = m->next) {
		const struct gh_cedar_json *required = gh_cedar_json_get(m, "required");
		struct gh_raw_attribute *attribute = GH_RAW_NEW(&r->raw, struct gh_raw_attribute);
		GH_ENSURE(attribute, GH_E_LIMIT, "the schema is too large");
		if (required && required->kind != GH_CEDAR_JSON_BOOL)
			return fault(r, required, "required is true or false");
		attribute->span = m->span;
		attribute->required = !required || required->truth;
		GH_TRY(intern(r, m->key, &attribute->name));
		GH_TRY(read_type(r, m, ATTRIBUTE, depth, &attribute->type));
		*tail = attribute;
		tail = &attribute->next;
	}
	return GH_OK;
}

/* The members that a kind may have besides "type" and those of its place. */
static const struct {
	const char *name;
	enum gh_raw_kind kind;
	enum gh_cedar_type_kind primitive;
	const char *members[2];
} type_kinds[] = {
	{ "String", GH_RAW_PRIMITIVE, GH_CEDAR_TYPE_STRING, { NULL } },
	{ "Long", GH_RAW_PRIMITIVE, GH_CEDAR_TYPE_LONG, { NULL } },
	{ "Boolean", GH_RAW_PRIMITIVE, GH_CEDAR_TYPE_BOOL, { NULL } },
	{ "Bool", GH_RAW_PRIMITIVE, GH_CEDAR_TYPE_BOOL, { NULL } },
	{ "Set", GH_RAW_SET, GH_CEDAR_TYPE_SET, { "element", NULL } },
	{ "Record", GH_RAW_RECORD, GH_CEDAR_TYPE_RECORD, { "attributes", "additionalAttributes" } },
	{ "Entity", GH_RAW_ENTITY, GH_CEDAR_TYPE_ENTITY, { "name", NULL } },
	{ "EntityOrCommon", GH_RAW_NAME, GH_CEDAR_TYPE_ENTITY, { "name", NULL } },
	{ "Extension", GH_RAW_EXTENSION, GH_CEDAR_TYPE_EXTENSION, { "name", NULL } },
};

static gh_result read_known(struct reader *r, const struct gh_cedar_json *json, size_t which,
                            unsigned depth, struct gh_raw_type *type)
{
	type->kind = type_kinds[which].kind;
	type->primitive = type_kinds[which].primitive;
	switch (type->kind) {
	case GH_RAW_PRIMITIVE: return GH_OK;
	case GH_RAW_SET: {
		const struct gh_cedar_json *element = gh_cedar_json_get(json, "element");
		if (!element)
			return fault(r, json, "a Set needs its element");
		return read_type(r, element, ALONE, depth, &type->element);
	}
	case GH_RAW_RECORD: return read_record(r, json, depth, type);
	default: return read_path(r, gh_cedar_json_get(json, "name"), &type->path);
	}
}

static gh_result check_members(struct reader *r, const struct gh_cedar_json *json,
                               const char *const own[2], enum place place)
{
	const char *names[6] = { "type" };
	size_t count = 1;

	for (size_t i = 0; i < 2 && own; i++)
		if (own[i])
			names[count++] = own[i];
	if (place == ATTRIBUTE)
		names[count++] = "required";
	if (place != ALONE)
		names[count++] = "annotations";
	GH_TRY(only(r, json, names));
	return check_annotations(r, json);
}

static gh_result read_type(struct reader *r, const struct gh_cedar_json *json, enum place place,
                           unsigned depth, struct gh_raw_type **out)
{
	const struct gh_cedar_json *name = gh_cedar_json_get(json, "type");
	struct gh_raw_type *type = GH_RAW_NEW(&r->raw, struct gh_raw_type);

	GH_ENSURE(type && depth < MAX_DEPTH, GH_E_LIMIT, "the schema is too large or too deep");
	*out = type;
	type->span = json->span;
	if (!gh_cedar_json_is(name, GH_CEDAR_JSON_STRING))
		return fault(r, json, "a type needs its \"type\"");
	for (size_t i = 0; i < GH_ARRAY_LEN(type_kinds); i++) {
		if (!gh_slice_eq_str(name->text, type_kinds[i].name))
			continue;
		GH_TRY(check_members(r, json, type_kinds[i].members, place));
		return read_known(r, json, i, depth + 1, type);
	}
	GH_TRY(check_members(r, json, NULL, place));
	type->kind = GH_RAW_COMMON;
	return read_path(r, name, &type->path);
}

/* ---- declarations ---- */

static gh_result read_paths(struct reader *r, const struct gh_cedar_json *json,
                            struct gh_raw_path **tail)
{
	if (!json)
		return GH_OK;
	if (json->kind != GH_CEDAR_JSON_ARRAY)
		return fault(r, json, "a list of entity types belongs here");
	for (const struct gh_cedar_json *item = json->first; item; item = item->next) {
		struct gh_raw_path *path = GH_RAW_NEW(&r->raw, struct gh_raw_path);
		GH_ENSURE(path, GH_E_LIMIT, "the schema is too large");
		path->span = item->span;
		GH_TRY(read_path(r, item, &path->path));
		*tail = path;
		tail = &path->next;
	}
	return GH_OK;
}

static gh_result read_enum(struct reader *r, const struct gh_cedar_json *json,
                           struct gh_raw_entity *entity)
{
	if (json->kind != GH_CEDAR_JSON_ARRAY || json->count == 0)
		return fault(r, json, "enum lists at least one id");
	entity->is_enum = true;
	entity->ids =
	    gh_raw_alloc(gh_cedar_space_arena(r->raw.space), json->count * sizeof *entity->ids);
	GH_ENSURE(entity->ids, GH_E_LIMIT, "the schema is too large");
	for (const struct gh_cedar_json *item = json->first; item; item = item->next) {
		if (item->kind != GH_CEDAR_JSON_STRING)
			return fault(r, item, "an id is a string");
		GH_TRY(intern(r, item->text, &entity->ids[entity->id_count++]));
	}
	return GH_OK;
}

static gh_result is_base_name(struct reader *r, const struct gh_cedar_json *member)
{
	if (!gh_cedar_is_plain_attribute(member->key))
		return fault(r, member, "a declared name is one word");
	return GH_OK;
}

static gh_result read_entity(struct reader *r, const struct gh_cedar_json *json)
{
	static const char *const names[] = { "memberOfTypes", "shape", "tags", "annotations",
		                             NULL };
	static const char *const enum_names[] = { "enum", "annotations", NULL };
	const struct gh_cedar_json *ids = gh_cedar_json_get(json, "enum");
	const struct gh_cedar_json *shape = gh_cedar_json_get(json, "shape");
	const struct gh_cedar_json *tags = gh_cedar_json_get(json, "tags");
	struct gh_raw_entity *entity = GH_RAW_NEW(&r->raw, struct gh_raw_entity);

	GH_ENSURE(entity, GH_E_LIMIT, "the schema is too large");
	GH_TRY(is_base_name(r, json));
	entity->space = r->space;
	entity->name = json->key;
	entity->span = json->span;
	GH_TRY(only(r, json, ids ? enum_names : names));
	GH_TRY(check_annotations(r, json));
	if (ids)
		GH_TRY(read_enum(r, ids, entity));
	GH_TRY(read_paths(r, gh_cedar_json_get(json, "memberOfTypes"), &entity->parents));
	if (shape)
		GH_TRY(read_type(r, shape, ALONE, 0, &entity->shape));
	if (tags)
		GH_TRY(read_type(r, tags, ALONE, 0, &entity->tags));
	return gh_raw_add_entity(&r->raw, entity);
}

static gh_result read_common(struct reader *r, const struct gh_cedar_json *json)
{
	struct gh_raw_common *common = GH_RAW_NEW(&r->raw, struct gh_raw_common);

	GH_ENSURE(common, GH_E_LIMIT, "the schema is too large");
	GH_TRY(is_base_name(r, json));
	common->space = r->space;
	common->name = json->key;
	common->span = json->span;
	GH_TRY(read_type(r, json, COMMON, 0, &common->type));
	return gh_raw_add_common(&r->raw, common);
}

static gh_result read_references(struct reader *r, const struct gh_cedar_json *json,
                                 struct gh_raw_reference **tail)
{
	static const char *const names[] = { "id", "type", NULL };

	if (!json || json->kind == GH_CEDAR_JSON_NULL)
		return GH_OK;
	if (json->kind != GH_CEDAR_JSON_ARRAY)
		return fault(r, json, "memberOf is a list of actions");
	for (const struct gh_cedar_json *item = json->first; item; item = item->next) {
		struct gh_raw_reference *reference = GH_RAW_NEW(&r->raw, struct gh_raw_reference);
		GH_ENSURE(reference, GH_E_LIMIT, "the schema is too large");
		GH_TRY(only(r, item, names));
		const struct gh_cedar_json *id = gh_cedar_json_get(item, "id");
		const struct gh_cedar_json *type = gh_cedar_json_get(item, "type");
		if (!gh_cedar_json_is(id, GH_CEDAR_JSON_STRING))
			return fault(r, item, "an action needs its id");
		reference->span = item->span;
		GH_TRY(intern(r, id->text, &reference->id));
		if (type && type->kind != GH_CEDAR_JSON_NULL)
			GH_TRY(read_path(r, type, &reference->type));
		*tail = reference;
		tail = &reference->next;
	}
	return GH_OK;
}

static gh_result read_action(struct reader *r, const struct gh_cedar_json *json)
{
	static const char *const names[] = { "attributes", "appliesTo", "memberOf", "annotations",
		                             NULL };
	static const char *const applied[] = { "principalTypes", "resourceTypes", "context", NULL };
	const struct gh_cedar_json *applies = gh_cedar_json_get(json, "appliesTo");
	const struct gh_cedar_json *attributes = gh_cedar_json_get(json, "attributes");
	struct gh_raw_action *action = GH_RAW_NEW(&r->raw, struct gh_raw_action);

	GH_ENSURE(action, GH_E_LIMIT, "the schema is too large");
	action->space = r->space;
	action->span = json->span;
	GH_TRY(only(r, json, names));
	GH_TRY(check_annotations(r, json));
	GH_TRY(intern(r, json->key, &action->id));
	if (attributes && attributes->kind != GH_CEDAR_JSON_NULL &&
	    !(attributes->kind == GH_CEDAR_JSON_OBJECT && attributes->count == 0))
		return fault(r, attributes, "actions have no attributes");
	GH_TRY(read_references(r, gh_cedar_json_get(json, "memberOf"), &action->parents));
	if (applies && applies->kind != GH_CEDAR_JSON_NULL) {
		const struct gh_cedar_json *context = gh_cedar_json_get(applies, "context");
		GH_TRY(only(r, applies, applied));
		const struct gh_cedar_json *principals =
		    gh_cedar_json_get(applies, "principalTypes");
		const struct gh_cedar_json *resources = gh_cedar_json_get(applies, "resourceTypes");
		if (!principals || !resources)
			return fault(r, applies,
			             "appliesTo needs principalTypes and "
			             "resourceTypes");
		action->applies = true;
		GH_TRY(read_paths(r, principals, &action->principals));
		GH_TRY(read_paths(r, resources, &action->resources));
		if (context)
			GH_TRY(read_type(r, context, ALONE, 0, &action->context));
	}
	return gh_raw_add_action(&r->raw, action);
}

static gh_result each(struct reader *r, const struct gh_cedar_json *object,
                      enum gh_code (*read)(struct reader *r, const struct gh_cedar_json *json))
{
	if (!object)
		return GH_OK;
	if (object->kind != GH_CEDAR_JSON_OBJECT)
		return fault(r, object, "an object belongs here");
	for (const struct gh_cedar_json *m = object->first; m; m = m->next)
		GH_TRY(read(r, m));
	return GH_OK;
}

static gh_result read_namespace(struct reader *r, const struct gh_cedar_json *json)
{
	static const char *const names[] = { "entityTypes", "actions", "commonTypes", "annotations",
		                             NULL };

	if (json->key.len && !gh_cedar_is_type_name(json->key))
		return fault(r, json, "this is no name of a namespace");
	r->space = json->key;
	GH_TRY(only(r, json, names));
	GH_TRY(check_annotations(r, json));
	if (json->key.len == 0 && gh_cedar_json_get(json, "annotations"))
		return fault(r, json, "the empty namespace has no annotations");
	if (!gh_cedar_json_get(json, "entityTypes") || !gh_cedar_json_get(json, "actions"))
		return fault(r, json, "a namespace needs entityTypes and actions");
	GH_TRY(each(r, gh_cedar_json_get(json, "entityTypes"), read_entity));
	GH_TRY(each(r, gh_cedar_json_get(json, "commonTypes"), read_common));
	return each(r, gh_cedar_json_get(json, "actions"), read_action);
}

gh_result gh_cedar_schema_parse_json(struct gh_cedar_space *space, struct gh_slice json,
                                     struct gh_cedar_schema **out, struct gh_cedar_diagnostic *why)
{
	struct gh_cedar_diagnostic local;
	struct gh_cedar_json *tree;
	struct reader r = { 0 };

	*out = NULL;
	why = why ? why : &local;
	*why = (struct gh_cedar_diagnostic){ 0 };
	GH_TRY(gh_cedar_check_source(json, why));
	GH_TRY(gh_raw_open(space, json, why, &r.raw));
	enum gh_code code = gh_cedar_json_parse(r.raw.arena, json, &tree, why);
	if (code == GH_OK)
		code = each(&r, tree, read_namespace);
	if (code == GH_OK)
		code = gh_raw_resolve(&r.raw, out);
	gh_arena_free(r.raw.arena);
	return code;
}
