/* Requests and entities against a schema: values of exactly the declared types, no attribute more
 * than declared, none missing that is required. */
#include <stdlib.h>

#include "policy/cedar/schema.h"
#include "policy/cedar/validate.h"

#define MAX_DEPTH 600

static int by_name(const void *a, const void *b)
{
	const struct gh_cedar_attribute *x = a, *y = b;

	return ((uintptr_t)x->name > (uintptr_t)y->name) -
	       ((uintptr_t)x->name < (uintptr_t)y->name);
}

static const struct gh_cedar_attribute *find_attribute(const struct gh_cedar_type *record,
                                                       const struct gh_cedar_name *name)
{
	struct gh_cedar_attribute key = { .name = name };

	if (record->attribute_count == 0)
		return NULL;
	return bsearch(&key, record->attributes, record->attribute_count, sizeof key, by_name);
}

/* An entity that a schema names: of a declared type, with an id that an enumeration has, or a
 * declared action. */
static gh_result check_uid(const struct gh_cedar_schema *schema, const struct gh_cedar_uid *uid)
{
	const struct gh_cedar_schema_entity *entity = gh_cedar_schema_entity(schema, uid->type);

	if (!entity) {
		GH_ENSURE(gh_cedar_schema_action_type(schema, uid->type), GH_E_DENIED,
		          "the entity type %.80s is not declared", uid->type->text);
		GH_ENSURE(gh_cedar_schema_action(schema, uid), GH_E_DENIED,
		          "an action is not declared");
		return GH_OK;
	}
	GH_ENSURE(gh_cedar_schema_takes_id(entity, uid->id), GH_E_DENIED,
	          "an id of the enumerated type %.80s is not declared", uid->type->text);
	return GH_OK;
}

static gh_result check_value(const struct gh_cedar_schema *schema,
                             const struct gh_cedar_value *value, const struct gh_cedar_type *type,
                             unsigned depth);

static gh_result check_record(const struct gh_cedar_schema *schema,
                              const struct gh_cedar_record *record,
                              const struct gh_cedar_type *type, unsigned depth)
{
	for (uint32_t i = 0; i < record->count; i++) {
		const struct gh_cedar_attribute *attribute =
		    find_attribute(type, record->fields[i].name);
		GH_ENSURE(attribute, GH_E_DENIED, "the attribute %.80s is not declared",
		          record->fields[i].name->text);
		GH_TRY(check_value(schema, &record->fields[i].value, attribute->type, depth + 1));
	}
	for (uint32_t i = 0; i < type->attribute_count; i++) {
		const struct gh_cedar_attribute *attribute = &type->attributes[i];
		GH_ENSURE(!attribute->required || gh_cedar_record_get(record, attribute->name),
		          GH_E_DENIED, "the attribute %.80s is missing", attribute->name->text);
	}
	return GH_OK;
}

static const char *extension_of(const struct gh_cedar_value *value)
{
	switch (value->kind) {
	case GH_CEDAR_DECIMAL: return "decimal";
	case GH_CEDAR_DATETIME: return "datetime";
	case GH_CEDAR_DURATION: return "duration";
	case GH_CEDAR_IPADDR: return "ipaddr";
	default: return "";
	}
}

static bool is_kind(const struct gh_cedar_value *value, const struct gh_cedar_type *type)
{
	switch (type->kind) {
	case GH_CEDAR_TYPE_BOOL: return value->kind == GH_CEDAR_BOOL;
	case GH_CEDAR_TYPE_LONG: return value->kind == GH_CEDAR_LONG;
	case GH_CEDAR_TYPE_STRING: return value->kind == GH_CEDAR_STRING;
	case GH_CEDAR_TYPE_ENTITY:
		return value->kind == GH_CEDAR_ENTITY && value->entity->type == type->name;
	case GH_CEDAR_TYPE_SET: return value->kind == GH_CEDAR_SET;
	case GH_CEDAR_TYPE_RECORD: return value->kind == GH_CEDAR_RECORD;
	case GH_CEDAR_TYPE_EXTENSION:
		return gh_slice_eq_str(gh_cedar_name_slice(type->name), extension_of(value));
	}
	return false;
}

static gh_result check_value(const struct gh_cedar_schema *schema,
                             const struct gh_cedar_value *value, const struct gh_cedar_type *type,
                             unsigned depth)
{
	GH_ENSURE(depth < MAX_DEPTH, GH_E_LIMIT, "a value is nested too deep");
	GH_ENSURE(is_kind(value, type), GH_E_DENIED, "a value is not of its declared type");
	if (value->kind == GH_CEDAR_ENTITY)
		return check_uid(schema, value->entity);
	if (value->kind == GH_CEDAR_RECORD)
		return check_record(schema, value->record, type, depth);
	for (uint32_t i = 0; value->kind == GH_CEDAR_SET && i < value->set->count; i++)
		GH_TRY(check_value(schema, &value->set->items[i], type->element, depth + 1));
	return GH_OK;
}

static bool lists(const struct gh_cedar_name *const *names, uint32_t count,
                  const struct gh_cedar_name *name)
{
	for (uint32_t i = 0; i < count; i++)
		if (names[i] == name)
			return true;
	return false;
}

gh_result gh_cedar_validate_request(const struct gh_cedar_schema *schema,
                                    const struct gh_cedar_request *request)
{
	const struct gh_cedar_schema_action *action =
	    gh_cedar_schema_action(schema, request->action);

	GH_ENSURE(action, GH_E_DENIED, "the action is not declared");
	GH_ENSURE(lists(action->principals, action->principal_count, request->principal->type),
	          GH_E_DENIED, "the action does not apply to a principal of type %.80s",
	          request->principal->type->text);
	GH_ENSURE(lists(action->resources, action->resource_count, request->resource->type),
	          GH_E_DENIED, "the action does not apply to a resource of type %.80s",
	          request->resource->type->text);
	GH_TRY(check_uid(schema, request->principal));
	GH_TRY(check_uid(schema, request->resource));
	GH_ENSURE(request->context.kind == GH_CEDAR_RECORD && action->shape.context, GH_E_DENIED,
	          "the context is no record");
	return check_record(schema, request->context.record, action->shape.context, 0);
}

/* An action is what the schema says it is: its parents are all there and no more. */
static gh_result check_action(const struct gh_cedar_schema *schema,
                              const struct gh_cedar_entity_data *data,
                              const struct gh_cedar_schema_action *action)
{
	GH_ENSURE(!data->attributes || data->attributes->count == 0, GH_E_DENIED,
	          "an action has no attributes");
	GH_ENSURE(!data->tags || data->tags->count == 0, GH_E_DENIED, "an action has no tags");
	GH_ENSURE(data->ancestor_count == action->ancestor_count, GH_E_DENIED,
	          "an action has other parents than the schema declares");
	for (uint32_t i = 0; i < data->ancestor_count; i++)
		GH_ENSURE(gh_cedar_schema_action_in(schema, action->shape.uid, data->ancestors[i]),
		          GH_E_DENIED, "an action has other parents than the schema declares");
	return GH_OK;
}

static gh_result check_tags(const struct gh_cedar_schema *schema,
                            const struct gh_cedar_entity_data *data,
                            const struct gh_cedar_entity_shape *shape)
{
	GH_ENSURE(!data->tags || data->tags->count == 0 || shape->tags, GH_E_DENIED,
	          "entities of type %.80s have no tags", shape->type->text);
	for (uint32_t i = 0; data->tags && i < data->tags->count; i++)
		GH_TRY(check_value(schema, &data->tags->fields[i].value, shape->tags, 0));
	return GH_OK;
}

static gh_result check_entity(const struct gh_cedar_schema *schema,
                              const struct gh_cedar_entity_data *data)
{
	static const struct gh_cedar_record none = { 0 };
	const struct gh_cedar_schema_action *action = gh_cedar_schema_action(schema, data->uid);

	if (action)
		return check_action(schema, data, action);
	const struct gh_cedar_schema_entity *entity =
	    gh_cedar_schema_entity(schema, data->uid->type);
	GH_ENSURE(entity, GH_E_DENIED, "the entity type %.80s is not declared",
	          data->uid->type->text);
	GH_TRY(check_uid(schema, data->uid));
	GH_TRY(check_record(schema, data->attributes ? data->attributes : &none,
	                    entity->shape.attributes, 0));
	GH_TRY(check_tags(schema, data, &entity->shape));
	for (uint32_t i = 0; i < data->ancestor_count; i++) {
		const struct gh_cedar_uid *ancestor = data->ancestors[i];
		/* Equal types are fine only when declared so: Group in [Group]. */
		GH_ENSURE(gh_cedar_schema_declares_in(entity, ancestor->type), GH_E_DENIED,
		          "entities of type %.80s cannot be in one of %.80s", data->uid->type->text,
		          ancestor->type->text);
		GH_TRY(check_uid(schema, ancestor));
	}
	return GH_OK;
}

gh_result gh_cedar_validate_entities(const struct gh_cedar_schema *schema,
                                     const struct gh_cedar_entities *entities)
{
	const struct gh_cedar_entity_data *data;

	for (size_t i = 0; (data = gh_cedar_entities_at(entities, i)); i++)
		GH_TRY(check_entity(schema, data));
	return GH_OK;
}
