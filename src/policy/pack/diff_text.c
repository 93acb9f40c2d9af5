/* Packs as lists of named texts. Sets and records lie in memory in the order of pointers, which
 * changes from run to run: here they are in the order of their texts. */
#include <stdio.h>
#include <stdlib.h>

#include "policy/cedar/json_tree.h"
#include "policy/cedar/schema.h"
#include "policy/pack/diff_parts.h"

#define TEXT_LIMIT ((size_t)16 << 20)

void gh_diff_list_free(struct gh_diff_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->items[i].name);
		free(list->items[i].text);
	}
	free(list->items);
	memset(list, 0, sizeof *list);
}

static char *printable(const struct gh_buf *text)
{
	char *copy = strndup(gh_buf_cstr(text), text->len);

	for (char *c = copy; c && *c; c++)
		if (((unsigned char)*c < 0x20 && *c != '\n' && *c != '\t') || *c == 0x7f)
			*c = '?';
	return copy;
}

/* Takes over nothing: both texts are copied. */
static gh_result add(struct gh_diff_list *list, const struct gh_buf *name,
                     const struct gh_buf *text, const struct gh_cedar_policy *policy)
{
	GH_TRY(gh_buf_check(name));
	GH_TRY(gh_buf_check(text));
	if (list->count == list->capacity) {
		size_t wanted = list->capacity ? 2 * list->capacity : 64;
		struct gh_diff_entry *more = realloc(list->items, wanted * sizeof *more);
		GH_ENSURE(more, GH_E_MEMORY, "out of memory");
		list->items = more;
		list->capacity = wanted;
	}
	struct gh_diff_entry *entry = &list->items[list->count];
	*entry = (struct gh_diff_entry){ printable(name), printable(text), policy };
	list->count++;
	GH_ENSURE(entry->name && entry->text, GH_E_MEMORY, "out of memory");
	return GH_OK;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct gh_diff_entry *)a)->name,
	              ((const struct gh_diff_entry *)b)->name);
}

static gh_result in_order(struct gh_diff_list *list)
{
	if (list->count)
		qsort(list->items, list->count, sizeof *list->items, by_name);
	return GH_OK;
}

/* ---- lists inside a text, in the order of their parts ---- */

struct parts {
	struct gh_buf *items;
	size_t count;
};

static void parts_free(struct parts *parts)
{
	for (size_t i = 0; i < parts->count; i++)
		gh_buf_free(&parts->items[i]);
	free(parts->items);
}

static struct parts parts_new(size_t count)
{
	struct parts parts = { calloc(count + 1, sizeof(struct gh_buf)), count };

	if (!parts.items)
		parts.count = 0;
	return parts;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(gh_buf_cstr(a), gh_buf_cstr(b));
}

static void join(struct parts *parts, char open, char close, struct gh_buf *out)
{
	if (!parts->items) {
		out->failed = true;
		return;
	}
	qsort(parts->items, parts->count, sizeof *parts->items, by_text);
	gh_buf_add_byte(out, (uint8_t)open);
	for (size_t i = 0; i < parts->count; i++) {
		gh_buf_add_str(out, i ? ", " : "");
		gh_buf_add_slice(out, gh_buf_slice(&parts->items[i]));
		out->failed = out->failed || parts->items[i].failed;
	}
	gh_buf_add_byte(out, (uint8_t)close);
	parts_free(parts);
}

void gh_diff_add_uid(const struct gh_cedar_uid *uid, struct gh_buf *out)
{
	gh_buf_add_slice(out, gh_cedar_name_slice(uid->type));
	gh_buf_add_str(out, "::");
	gh_cedar_json_add_string(out, gh_cedar_name_slice(uid->id));
}

static void add_uids(const struct gh_cedar_uid *const *uids, uint32_t count, struct gh_buf *out)
{
	struct parts parts = parts_new(count);

	for (size_t i = 0; i < parts.count; i++)
		gh_diff_add_uid(uids[i], &parts.items[i]);
	join(&parts, '[', ']', out);
}

static void add_names(const struct gh_cedar_name *const *names, uint32_t count, struct gh_buf *out)
{
	struct parts parts = parts_new(count);

	for (size_t i = 0; i < parts.count; i++)
		gh_buf_add_slice(&parts.items[i], gh_cedar_name_slice(names[i]));
	join(&parts, '[', ']', out);
}

static void add_value(const struct gh_cedar_value *value, struct gh_buf *out);

static void add_record(const struct gh_cedar_record *record, struct gh_buf *out)
{
	struct parts parts = parts_new(record->count);

	for (size_t i = 0; i < parts.count; i++) {
		gh_cedar_json_add_string(&parts.items[i],
		                         gh_cedar_name_slice(record->fields[i].name));
		gh_buf_add_str(&parts.items[i], ": ");
		add_value(&record->fields[i].value, &parts.items[i]);
	}
	join(&parts, '{', '}', out);
}

static void add_value(const struct gh_cedar_value *value, struct gh_buf *out)
{
	switch (value->kind) {
	case GH_CEDAR_ENTITY: gh_diff_add_uid(value->entity, out); break;
	case GH_CEDAR_RECORD: add_record(value->record, out); break;
	case GH_CEDAR_SET: {
		struct parts parts = parts_new(value->set->count);
		for (size_t i = 0; i < parts.count; i++)
			add_value(&value->set->items[i], &parts.items[i]);
		join(&parts, '[', ']', out);
		break;
	}
	default: gh_cedar_value_to_json(value, out);
	}
}

/* ---- policies and facts ---- */

gh_result gh_diff_policies(const struct gh_pack *pack, struct gh_diff_list *out)
{
	for (size_t i = 0; i < gh_cedar_policy_set_count(pack->set); i++) {
		const struct gh_cedar_policy *policy = gh_cedar_policy_set_at(pack->set, i);
		GH_CLEANUP(gh_buf_free) struct gh_buf name = { 0 }, text = { .limit = TEXT_LIMIT };
		gh_buf_add_slice(&name, gh_cedar_name_slice(policy->id));
		gh_cedar_format_policy(policy, &text);
		GH_TRY(add(out, &name, &text, policy));
	}
	return in_order(out);
}

static bool is_empty(const struct gh_cedar_record *record)
{
	return !record || record->count == 0;
}

gh_result gh_diff_entities(const struct gh_pack *pack, struct gh_diff_list *out)
{
	const struct gh_cedar_entity_data *data;

	for (size_t i = 0; (data = gh_cedar_entities_at(pack->entities, i)); i++) {
		GH_CLEANUP(gh_buf_free) struct gh_buf name = { 0 }, text = { .limit = TEXT_LIMIT };
		if (gh_cedar_schema_action(pack->schema, data->uid))
			continue; /* the schema tells of it */
		gh_diff_add_uid(data->uid, &name);
		gh_buf_add_str(&text, "in ");
		add_uids(data->parents, data->parent_count, &text);
		if (!is_empty(data->attributes)) {
			gh_buf_add_byte(&text, ' ');
			add_record(data->attributes, &text);
		}
		if (!is_empty(data->tags)) {
			gh_buf_add_str(&text, " tags ");
			add_record(data->tags, &text);
		}
		GH_TRY(add(out, &name, &text, NULL));
	}
	return in_order(out);
}

/* ---- declarations ---- */

static void add_type(const struct gh_cedar_type *type, struct gh_buf *out);

static void add_attributes(const struct gh_cedar_type *record, struct gh_buf *out)
{
	struct parts parts = parts_new(record->attribute_count);

	for (size_t i = 0; i < parts.count; i++) {
		const struct gh_cedar_attribute *attribute = &record->attributes[i];
		gh_cedar_json_add_string(&parts.items[i], gh_cedar_name_slice(attribute->name));
		gh_buf_add_str(&parts.items[i], attribute->required ? ": " : "?: ");
		add_type(attribute->type, &parts.items[i]);
	}
	join(&parts, '{', '}', out);
}

static void add_type(const struct gh_cedar_type *type, struct gh_buf *out)
{
	switch (type->kind) {
	case GH_CEDAR_TYPE_BOOL: gh_buf_add_str(out, "Bool"); break;
	case GH_CEDAR_TYPE_LONG: gh_buf_add_str(out, "Long"); break;
	case GH_CEDAR_TYPE_STRING: gh_buf_add_str(out, "String"); break;
	case GH_CEDAR_TYPE_ENTITY:
	case GH_CEDAR_TYPE_EXTENSION: gh_buf_add_slice(out, gh_cedar_name_slice(type->name)); break;
	case GH_CEDAR_TYPE_SET:
		gh_buf_add_str(out, "Set<");
		add_type(type->element, out);
		gh_buf_add_byte(out, '>');
		break;
	case GH_CEDAR_TYPE_RECORD: add_attributes(type, out); break;
	}
}

gh_result gh_diff_types(const struct gh_pack *pack, struct gh_diff_list *out)
{
	for (uint32_t i = 0; i < pack->schema->entity_count; i++) {
		const struct gh_cedar_schema_entity *entity = &pack->schema->entities[i];
		GH_CLEANUP(gh_buf_free) struct gh_buf name = { 0 }, text = { .limit = TEXT_LIMIT };
		gh_buf_add_slice(&name, gh_cedar_name_slice(entity->shape.type));
		gh_buf_add_str(&text, "in ");
		add_names(entity->ancestors, entity->ancestor_count, &text);
		gh_buf_add_byte(&text, ' ');
		add_type(entity->shape.attributes, &text);
		if (entity->shape.tags) {
			gh_buf_add_str(&text, " tags ");
			add_type(entity->shape.tags, &text);
		}
		if (entity->shape.ids) {
			gh_buf_add_str(&text, " enum ");
			add_names(entity->shape.ids, entity->shape.id_count, &text);
		}
		GH_TRY(add(out, &name, &text, NULL));
	}
	return in_order(out);
}

gh_result gh_diff_actions(const struct gh_pack *pack, struct gh_diff_list *out)
{
	for (uint32_t i = 0; i < pack->schema->action_count; i++) {
		const struct gh_cedar_schema_action *action = &pack->schema->actions[i];
		GH_CLEANUP(gh_buf_free) struct gh_buf name = { 0 }, text = { .limit = TEXT_LIMIT };
		gh_diff_add_uid(action->shape.uid, &name);
		gh_buf_add_str(&text, "in ");
		add_uids(action->ancestors, action->ancestor_count, &text);
		gh_buf_add_str(&text, " principal ");
		add_names(action->principals, action->principal_count, &text);
		gh_buf_add_str(&text, " resource ");
		add_names(action->resources, action->resource_count, &text);
		if (action->shape.context) {
			gh_buf_add_str(&text, " context ");
			add_type(action->shape.context, &text);
		}
		GH_TRY(add(out, &name, &text, NULL));
	}
	return in_order(out);
}
