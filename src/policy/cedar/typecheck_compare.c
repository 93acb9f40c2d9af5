/* Comparison and hierarchy: == and the orders, `in`, `is`. What the schema rules out is False, what
 * it makes certain is True. */
#include "policy/cedar/typecheck_rules.h"

gh_result gh_infer_equal(struct gh_typing *t, const struct gh_cedar_expr *expr,
                         const struct gh_capability *known, struct gh_answer *out)
{
	struct gh_answer left, right;
	struct gh_cedar_value x, y;
	const struct gh_vtype *joined;
	char a[64], b[64];

	GH_TRY(gh_type_infer(t, expr->a, known, &left));
	GH_TRY(gh_type_infer(t, expr->b, known, &right));
	out->type = &gh_v_bool;
	if (gh_type_literal_of(t, expr->a, &x) && gh_type_literal_of(t, expr->b, &y)) {
		out->type = gh_cedar_equal(&x, &y) ? &gh_v_true : &gh_v_false;
	} else {
		GH_TRY(gh_vtype_join(t->types, left.type, right.type, true, &joined));
		bool entities = left.type->kind == GH_V_ENTITY && right.type->kind == GH_V_ENTITY;
		if (!joined && entities && left.type->count == 1 && right.type->count == 1)
			out->type = &gh_v_false;
		else if (!joined && !entities && t->strict)
			return gh_type_fault(t, expr, "the types %s and %s are not compatible",
			                     gh_type_shown(left.type, a),
			                     gh_type_shown(right.type, b));
	}
	if (expr->kind == GH_CEDAR_EX_NE)
		out->type = out->type == &gh_v_true    ? &gh_v_false
		            : out->type == &gh_v_false ? &gh_v_true
		                                       : &gh_v_bool;
	return GH_OK;
}

static bool is_ordered(const struct gh_vtype *type)
{
	return type->kind == GH_V_LONG || gh_type_is_extension(type, "datetime") ||
	       gh_type_is_extension(type, "duration");
}

gh_result gh_infer_order(struct gh_typing *t, const struct gh_cedar_expr *expr,
                         const struct gh_capability *known, struct gh_answer *out)
{
	struct gh_answer left, right;
	char text[64];

	GH_TRY(gh_type_infer(t, expr->a, known, &left));
	if (!is_ordered(left.type))
		return gh_type_unexpected(t, expr->a, "Long, datetime or duration", left.type);
	GH_TRY(gh_type_infer(t, expr->b, known, &right));
	if (left.type->kind != right.type->kind ||
	    (left.type->kind == GH_V_EXTENSION && left.type->name != right.type->name))
		return gh_type_unexpected(t, expr->b, gh_type_shown(left.type, text), right.type);
	out->type = &gh_v_bool;
	return GH_OK;
}

/* ---- hierarchy ---- */

static bool types_may_be_in(const struct gh_typing *t, const struct gh_vtype *left,
                            const struct gh_vtype *right)
{
	if (left->count == 0 || right->count == 0)
		return true;
	for (uint32_t i = 0; i < left->count; i++)
		for (uint32_t k = 0; k < right->count; k++)
			if (gh_cedar_schema_may_be_in(t->schema, left->names[i], right->names[k]))
				return true;
	return false;
}

/* False: not all of them are literals. */
static bool action_in_any(const struct gh_typing *t, const struct gh_cedar_uid *action,
                          const struct gh_cedar_expr *set, const struct gh_vtype **out)
{
	*out = &gh_v_false;
	for (uint32_t i = 0; i < set->count; i++) {
		const struct gh_cedar_uid *uid = gh_type_uid_of(t, set->items[i]);
		if (!uid)
			return false;
		if (gh_cedar_schema_action_in(t->schema, action, uid))
			*out = &gh_v_true;
	}
	return true;
}

static const struct gh_vtype *type_of_in(const struct gh_typing *t,
                                         const struct gh_cedar_expr *left,
                                         const struct gh_vtype *left_type,
                                         const struct gh_cedar_expr *right,
                                         const struct gh_vtype *right_type)
{
	const struct gh_cedar_uid *action = gh_type_uid_of(t, left),
	                          *uid = gh_type_uid_of(t, right);
	const struct gh_vtype *decided;

	if (action && !gh_cedar_schema_action(t->schema, action))
		action = NULL;
	if (action && uid)
		return gh_cedar_schema_action_in(t->schema, action, uid) ? &gh_v_true : &gh_v_false;
	if (action && right->kind == GH_CEDAR_EX_SET && action_in_any(t, action, right, &decided))
		return decided;
	if (!right_type)
		return &gh_v_false;
	return types_may_be_in(t, left_type, right_type) ? &gh_v_bool : &gh_v_false;
}

gh_result gh_infer_in(struct gh_typing *t, const struct gh_cedar_expr *expr,
                      const struct gh_capability *known, struct gh_answer *out)
{
	const struct gh_vtype *left;
	struct gh_answer right;

	GH_TRY(gh_type_expect(t, expr->a, known, GH_V_ENTITY, "an entity", &left));
	GH_TRY(gh_type_infer(t, expr->b, known, &right));
	const struct gh_vtype *of = right.type;
	if (of->kind == GH_V_SET)
		of = of->element;
	if (of && of->kind != GH_V_ENTITY)
		return gh_type_unexpected(t, expr->b, "an entity or a set of entities", right.type);
	out->type = type_of_in(t, expr->a, left, expr->b, of);
	return GH_OK;
}

/* a is T, or a is T in b. */
gh_result gh_infer_is(struct gh_typing *t, const struct gh_cedar_expr *expr,
                      const struct gh_capability *known, struct gh_answer *out)
{
	const struct gh_vtype *left;
	struct gh_answer right;
	bool has = false;

	GH_TRY(gh_type_expect(t, expr->a, known, GH_V_ENTITY, "an entity", &left));
	for (uint32_t i = 0; i < left->count; i++)
		has = has || left->names[i] == expr->name;
	out->type = left->count == 0   ? &gh_v_bool
	            : !has             ? &gh_v_false
	            : left->count == 1 ? &gh_v_true
	                               : &gh_v_bool;
	if (!expr->b || out->type == &gh_v_false)
		return GH_OK;
	GH_TRY(gh_type_infer(t, expr->b, known, &right));
	const struct gh_vtype *of = right.type->kind == GH_V_SET ? right.type->element : right.type;
	if (of && of->kind != GH_V_ENTITY)
		return gh_type_unexpected(t, expr->b, "an entity or a set of entities", right.type);
	const struct gh_vtype *in = type_of_in(t, expr->a, left, expr->b, of);
	if (in == &gh_v_false || out->type == &gh_v_true)
		out->type = in;
	return GH_OK;
}
