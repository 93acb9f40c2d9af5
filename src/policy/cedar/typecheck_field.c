/* Attributes and tags: what `has` finds, what may be read without asking. */
#include "policy/cedar/nearest.h"
#include "policy/cedar/typecheck_rules.h"

/* The record of one entity type's attributes; NULL for actions, which have none. */
static gh_result record_of(struct gh_typing *t, const struct gh_cedar_name *type,
                           const struct gh_vtype **out)
{
	const struct gh_cedar_schema_entity *entity = gh_cedar_schema_entity(t->schema, type);

	*out = NULL;
	return entity ? gh_vtype_of(t->types, entity->shape.attributes, out) : GH_OK;
}

/* What is known of attribute `name` over all types that the value may have. */
struct found {
	const struct gh_vtype *type; /* NULL: nowhere, or with types that cannot be joined */
	bool anywhere, everywhere, required;
};

static gh_result look_at_record(struct gh_typing *t, const struct gh_vtype *record,
                                const struct gh_cedar_name *name, bool first, struct found *found)
{
	const struct gh_vattribute *attribute = record ? gh_vtype_attribute(record, name) : NULL;

	if (!attribute) {
		found->everywhere = false;
		found->anywhere = found->anywhere || (record && record->open);
		return GH_OK;
	}
	found->anywhere = true;
	found->required = (first || found->required) && attribute->required;
	if (first)
		found->type = attribute->type;
	else if (found->type)
		GH_TRY(
		    gh_vtype_join(t->types, found->type, attribute->type, t->strict, &found->type));
	return GH_OK;
}

static gh_result find_attribute(struct gh_typing *t, const struct gh_vtype *of,
                                const struct gh_cedar_name *name, struct found *out)
{
	const struct gh_vtype *record;

	*out = (struct found){ .everywhere = true };
	if (of->kind == GH_V_RECORD)
		return look_at_record(t, of, name, true, out);
	if (of->count == 0) {
		*out = (struct found){ .anywhere = true };
		return GH_OK;
	}
	for (uint32_t i = 0; i < of->count; i++) {
		GH_TRY(record_of(t, of->names[i], &record));
		GH_TRY(look_at_record(t, record, name, i == 0, out));
	}
	return GH_OK;
}

static gh_result expect_fields(struct gh_typing *t, const struct gh_cedar_expr *expr,
                               const struct gh_capability *known, const struct gh_vtype **out)
{
	struct gh_answer answer;

	GH_TRY(gh_type_infer(t, expr, known, &answer));
	*out = answer.type;
	return answer.type->kind == GH_V_RECORD || answer.type->kind == GH_V_ENTITY
	           ? GH_OK
	           : gh_type_unexpected(t, expr, "an entity or a record", answer.type);
}

gh_result gh_infer_has(struct gh_typing *t, const struct gh_cedar_expr *expr,
                       const struct gh_capability *known, struct gh_answer *out)
{
	const struct gh_capability one = { .expr = expr->a, .name = expr->name };
	const struct gh_vtype *of;
	struct found found;
	bool is_known;

	GH_TRY(expect_fields(t, expr->a, known, &of));
	GH_TRY(find_attribute(t, of, expr->name, &found));
	out->type = &gh_v_false;
	if (!found.anywhere)
		return GH_OK;
	/* An entity may not be there at all, so its required attributes are not certain. */
	bool certain = found.everywhere && found.required && of->kind == GH_V_RECORD;
	GH_TRY(gh_known(t, known, &one, &is_known));
	out->type = certain || is_known ? &gh_v_true : &gh_v_bool;
	return gh_known_add(t, NULL, &one, &out->adds);
}

/* Each candidate costs about as much as a hundred nodes. */
static gh_result suggest(struct gh_typing *t, const struct gh_vtype *record,
                         const struct gh_cedar_name *name, char out[80])
{
	struct gh_nearest nearest = { .wanted = name };

	for (uint32_t i = 0; record && i < record->count; i++) {
		GH_TRY(gh_vtypes_spend(t->types, 100));
		gh_nearest_try(&nearest, record->attributes[i].name);
	}
	gh_nearest_hint(&nearest, out);
	return GH_OK;
}

gh_result gh_infer_get(struct gh_typing *t, const struct gh_cedar_expr *expr,
                       const struct gh_capability *known, struct gh_answer *out)
{
	const struct gh_vtype *of, *record = NULL;
	const struct gh_capability asked = { .expr = expr->a, .name = expr->name };
	struct found found;
	char text[64], hint[80];
	bool is_there;

	GH_TRY(expect_fields(t, expr->a, known, &of));
	GH_TRY(find_attribute(t, of, expr->name, &found));
	if (of->kind == GH_V_RECORD)
		record = of;
	else if (of->count)
		GH_TRY(record_of(t, of->names[0], &record));
	if (!found.everywhere || !found.type) {
		GH_TRY(suggest(t, record, expr->name, hint));
		return gh_type_fault(t, expr, "%s has no attribute %.60s%s",
		                     gh_type_shown(of, text), expr->name->text, hint);
	}
	GH_TRY(gh_known(t, known, &asked, &is_there));
	if (!found.required && !is_there)
		return gh_type_fault(
		    t, expr, "the attribute %.40s is optional: ask `has %.40s` before it is read",
		    expr->name->text, expr->name->text);
	out->type = found.type;
	return GH_OK;
}

/* The join of the tags' types; NULL when one of the types has none. */
static gh_result tags_of(struct gh_typing *t, const struct gh_vtype *of, bool *anywhere,
                         const struct gh_vtype **out)
{
	*out = NULL;
	*anywhere = of->count == 0;
	for (uint32_t i = 0; i < of->count; i++) {
		const struct gh_cedar_schema_entity *entity =
		    gh_cedar_schema_entity(t->schema, of->names[i]);
		const struct gh_vtype *tags = NULL;
		if (entity && entity->shape.tags)
			GH_TRY(gh_vtype_of(t->types, entity->shape.tags, &tags));
		*anywhere = *anywhere || tags;
		if (i == 0)
			*out = tags;
		else if (!tags)
			*out = NULL;
		else if (*out)
			GH_TRY(gh_vtype_join(t->types, *out, tags, t->strict, out));
	}
	return GH_OK;
}

gh_result gh_infer_tag(struct gh_typing *t, const struct gh_cedar_expr *expr,
                       const struct gh_capability *known, struct gh_answer *out)
{
	const struct gh_capability one = { .expr = expr->a, .tag = expr->b };
	const struct gh_vtype *of, *unused, *tags;
	bool anywhere, is_there;
	char text[64];

	GH_TRY(gh_type_expect(t, expr->a, known, GH_V_ENTITY, "an entity", &of));
	GH_TRY(gh_type_expect(t, expr->b, known, GH_V_STRING, "String", &unused));
	GH_TRY(tags_of(t, of, &anywhere, &tags));
	GH_TRY(gh_known(t, known, &one, &is_there));
	if (expr->kind == GH_CEDAR_EX_HAS_TAG) {
		out->type = !anywhere ? &gh_v_false : is_there ? &gh_v_true : &gh_v_bool;
		return anywhere ? gh_known_add(t, NULL, &one, &out->adds) : GH_OK;
	}
	if (!tags)
		return gh_type_fault(t, expr, "%s has no tags", gh_type_shown(of, text));
	if (!is_there)
		return gh_type_fault(t, expr,
		                     "a tag may be missing: ask hasTag() before it is read");
	out->type = tags;
	return GH_OK;
}
