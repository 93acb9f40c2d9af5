#include "policy/cedar/typecheck.h"

#include <stdio.h>

#include "policy/cedar/typecheck_rules.h"

enum gh_code gh_type_fault(struct gh_typing *t, const struct gh_cedar_expr *expr,
                           const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(t->fault, sizeof t->fault, format, args);
	va_end(args);
	t->at = expr->span;
	return gh_fail(GH_E_DENIED, "%.180s", t->fault);
}

/* ---- helpers ---- */

const char *gh_type_shown(const struct gh_vtype *type, char out[64])
{
	gh_vtype_print(type, out, 64);
	return out;
}

enum gh_code gh_type_unexpected(struct gh_typing *t, const struct gh_cedar_expr *expr,
                                const char *wanted, const struct gh_vtype *found)
{
	char text[64];

	return gh_type_fault(t, expr, "expected %s, this is %s", wanted,
	                     gh_type_shown(found, text));
}

bool gh_type_literal_of(const struct gh_typing *t, const struct gh_cedar_expr *expr,
                        struct gh_cedar_value *out)
{
	if (expr->kind == GH_CEDAR_EX_LITERAL ||
	    (expr->kind == GH_CEDAR_EX_NEG && expr->a->kind == GH_CEDAR_EX_LITERAL &&
	     expr->has_constant)) {
		*out = expr->constant;
		return true;
	}
	if (expr->kind == GH_CEDAR_EX_VAR && expr->var == GH_CEDAR_ACTION) {
		*out = gh_cedar_entity(t->action->shape.uid);
		return true;
	}
	return false;
}

const struct gh_cedar_uid *gh_type_uid_of(const struct gh_typing *t,
                                          const struct gh_cedar_expr *expr)
{
	struct gh_cedar_value value;

	return gh_type_literal_of(t, expr, &value) && value.kind == GH_CEDAR_ENTITY ? value.entity
	                                                                            : NULL;
}

gh_result gh_type_expect_bool(struct gh_typing *t, const struct gh_cedar_expr *expr,
                              const struct gh_capability *known, struct gh_answer *out)
{
	GH_TRY(gh_type_infer(t, expr, known, out));
	return gh_vtype_is_bool(out->type) ? GH_OK : gh_type_unexpected(t, expr, "Bool", out->type);
}

gh_result gh_type_expect(struct gh_typing *t, const struct gh_cedar_expr *expr,
                         const struct gh_capability *known, enum gh_vtype_kind kind,
                         const char *wanted, const struct gh_vtype **out)
{
	struct gh_answer answer;

	GH_TRY(gh_type_infer(t, expr, known, &answer));
	*out = answer.type;
	return answer.type->kind == kind ? GH_OK : gh_type_unexpected(t, expr, wanted, answer.type);
}

gh_result gh_type_join(struct gh_typing *t, const struct gh_cedar_expr *expr,
                       const struct gh_vtype *a, const struct gh_vtype *b,
                       const struct gh_vtype **out)
{
	char left[64], right[64];

	GH_TRY(gh_vtype_join(t->types, a, b, t->strict, out));
	if (!*out)
		return gh_type_fault(t, expr, "the types %s and %s are not compatible",
		                     gh_type_shown(a, left), gh_type_shown(b, right));
	return GH_OK;
}

/* ---- conditions ---- */

static gh_result infer_and(struct gh_typing *t, const struct gh_cedar_expr *expr,
                           const struct gh_capability *known, struct gh_answer *out)
{
	const struct gh_capability *inside;
	struct gh_answer left, right;

	GH_TRY(gh_type_expect_bool(t, expr->a, known, &left));
	*out = (struct gh_answer){ &gh_v_false, NULL };
	if (left.type->kind == GH_V_FALSE)
		return GH_OK;
	GH_TRY(gh_known_join(t, left.adds, known, &inside));
	GH_TRY(gh_type_expect_bool(t, expr->b, inside, &right));
	if (right.type->kind == GH_V_FALSE)
		return GH_OK;
	out->type = left.type->kind == GH_V_TRUE    ? right.type
	            : right.type->kind == GH_V_TRUE ? left.type
	                                            : &gh_v_bool;
	return gh_known_join(t, left.adds, right.adds, &out->adds);
}

static gh_result infer_or(struct gh_typing *t, const struct gh_cedar_expr *expr,
                          const struct gh_capability *known, struct gh_answer *out)
{
	struct gh_answer left, right;

	GH_TRY(gh_type_expect_bool(t, expr->a, known, &left));
	*out = (struct gh_answer){ &gh_v_true, NULL };
	if (left.type->kind == GH_V_TRUE)
		return GH_OK;
	GH_TRY(gh_type_expect_bool(t, expr->b, known, &right));
	if (right.type->kind == GH_V_TRUE)
		return GH_OK;
	if (left.type->kind == GH_V_FALSE) {
		*out = right;
		return GH_OK;
	}
	if (right.type->kind == GH_V_FALSE) {
		*out = left;
		return GH_OK;
	}
	out->type = &gh_v_bool;
	return gh_known_meet(t, left.adds, right.adds, &out->adds);
}

static gh_result infer_if(struct gh_typing *t, const struct gh_cedar_expr *expr,
                          const struct gh_capability *known, struct gh_answer *out)
{
	const struct gh_capability *inside, *then_adds;
	struct gh_answer test, yes, no;

	GH_TRY(gh_type_expect_bool(t, expr->a, known, &test));
	if (test.type->kind == GH_V_FALSE)
		return gh_type_infer(t, expr->c, known, out);
	GH_TRY(gh_known_join(t, test.adds, known, &inside));
	GH_TRY(gh_type_infer(t, expr->b, inside, &yes));
	GH_TRY(gh_known_join(t, test.adds, yes.adds, &then_adds));
	if (test.type->kind == GH_V_TRUE) {
		*out = (struct gh_answer){ yes.type, then_adds };
		return GH_OK;
	}
	GH_TRY(gh_type_infer(t, expr->c, known, &no));
	GH_TRY(gh_type_join(t, expr, yes.type, no.type, &out->type));
	return gh_known_meet(t, then_adds, no.adds, &out->adds);
}

static gh_result infer_not(struct gh_typing *t, const struct gh_cedar_expr *expr,
                           const struct gh_capability *known, struct gh_answer *out)
{
	struct gh_answer inner;

	GH_TRY(gh_type_expect_bool(t, expr->a, known, &inner));
	out->type = inner.type->kind == GH_V_TRUE    ? &gh_v_false
	            : inner.type->kind == GH_V_FALSE ? &gh_v_true
	                                             : &gh_v_bool;
	return GH_OK;
}

static gh_result infer_arithmetic(struct gh_typing *t, const struct gh_cedar_expr *expr,
                                  const struct gh_capability *known, struct gh_answer *out)
{
	const struct gh_vtype *unused;

	GH_TRY(gh_type_expect(t, expr->a, known, GH_V_LONG, "Long", &unused));
	if (expr->b)
		GH_TRY(gh_type_expect(t, expr->b, known, GH_V_LONG, "Long", &unused));
	out->type = &gh_v_long;
	return GH_OK;
}

/* ---- sets ---- */

static gh_result infer_set_method(struct gh_typing *t, const struct gh_cedar_expr *expr,
                                  const struct gh_capability *known, struct gh_answer *out)
{
	const struct gh_vtype *set, *other, *joined;
	struct gh_answer argument;

	GH_TRY(gh_type_expect(t, expr->a, known, GH_V_SET, "a set", &set));
	out->type = &gh_v_bool;
	if (expr->kind == GH_CEDAR_EX_IS_EMPTY)
		return GH_OK;
	if (expr->kind == GH_CEDAR_EX_CONTAINS) {
		GH_TRY(gh_type_infer(t, expr->b, known, &argument));
		if (t->strict && set->element)
			GH_TRY(gh_type_join(t, expr, set->element, argument.type, &joined));
		return GH_OK;
	}
	GH_TRY(gh_type_expect(t, expr->b, known, GH_V_SET, "a set", &other));
	if (t->strict)
		GH_TRY(gh_type_join(t, expr, set, other, &joined));
	return GH_OK;
}

static gh_result infer_set(struct gh_typing *t, const struct gh_cedar_expr *expr,
                           const struct gh_capability *known, struct gh_answer *out)
{
	const struct gh_vtype *element = NULL;

	if (expr->count == 0 && t->strict)
		return gh_type_fault(t, expr,
		                     "an empty set has no type: compare with isEmpty() instead");
	for (uint32_t i = 0; i < expr->count; i++) {
		struct gh_answer item;
		GH_TRY(gh_type_infer(t, expr->items[i], known, &item));
		if (!element)
			element = item.type;
		else
			GH_TRY(gh_type_join(t, expr, element, item.type, &element));
	}
	return gh_vtype_set(t->types, element, &out->type);
}

static gh_result infer_record(struct gh_typing *t, const struct gh_cedar_expr *expr,
                              const struct gh_capability *known, struct gh_answer *out)
{
	struct gh_vattribute *attributes =
	    gh_arena_alloc(t->types->arena, expr->count * sizeof *attributes + 1);

	GH_ENSURE(attributes, GH_E_LIMIT, "no memory for the validator");
	for (uint32_t i = 0; i < expr->count; i++) {
		struct gh_answer item;
		GH_TRY(gh_type_infer(t, expr->items[i], known, &item));
		attributes[i] = (struct gh_vattribute){ expr->names[i], item.type, true };
	}
	return gh_vtype_record(t->types, attributes, expr->count, &out->type);
}

/* ---- the whole ---- */

static gh_result infer_literal(struct gh_typing *t, const struct gh_cedar_expr *expr,
                               struct gh_answer *out)
{
	switch (expr->constant.kind) {
	case GH_CEDAR_BOOL:
		out->type = expr->constant.truth ? &gh_v_true : &gh_v_false;
		return GH_OK;
	case GH_CEDAR_LONG: out->type = &gh_v_long; return GH_OK;
	case GH_CEDAR_STRING: out->type = &gh_v_string; return GH_OK;
	default: break;
	}
	const struct gh_cedar_uid *uid = expr->constant.entity;
	if (!gh_cedar_schema_entity(t->schema, uid->type) &&
	    !gh_cedar_schema_action(t->schema, uid))
		return gh_type_fault(t, expr, "%.80s is not declared", uid->type->text);
	return gh_vtype_entity(t->types, uid->type, &out->type);
}

static gh_result infer_var(struct gh_typing *t, const struct gh_cedar_expr *expr,
                           struct gh_answer *out)
{
	switch (expr->var) {
	case GH_CEDAR_PRINCIPAL: out->type = t->principal; return GH_OK;
	case GH_CEDAR_RESOURCE: out->type = t->resource; return GH_OK;
	case GH_CEDAR_CONTEXT: out->type = t->context; return GH_OK;
	case GH_CEDAR_ACTION: break;
	}
	return gh_vtype_entity(t->types, t->action->shape.uid->type, &out->type);
}

static gh_result infer_like(struct gh_typing *t, const struct gh_cedar_expr *expr,
                            const struct gh_capability *known, struct gh_answer *out)
{
	const struct gh_vtype *unused;

	GH_TRY(gh_type_expect(t, expr->a, known, GH_V_STRING, "String", &unused));
	out->type = &gh_v_bool;
	return GH_OK;
}

gh_result gh_type_infer(struct gh_typing *t, const struct gh_cedar_expr *expr,
                        const struct gh_capability *known, struct gh_answer *out)
{
	GH_TRY(gh_vtypes_spend(t->types, 1));
	*out = (struct gh_answer){ 0 };
	switch (expr->kind) {
	case GH_CEDAR_EX_LITERAL: return infer_literal(t, expr, out);
	case GH_CEDAR_EX_VAR: return infer_var(t, expr, out);
	case GH_CEDAR_EX_IF: return infer_if(t, expr, known, out);
	case GH_CEDAR_EX_AND: return infer_and(t, expr, known, out);
	case GH_CEDAR_EX_OR: return infer_or(t, expr, known, out);
	case GH_CEDAR_EX_NOT: return infer_not(t, expr, known, out);
	case GH_CEDAR_EX_EQ:
	case GH_CEDAR_EX_NE: return gh_infer_equal(t, expr, known, out);
	case GH_CEDAR_EX_LT:
	case GH_CEDAR_EX_LE:
	case GH_CEDAR_EX_GT:
	case GH_CEDAR_EX_GE: return gh_infer_order(t, expr, known, out);
	case GH_CEDAR_EX_NEG:
	case GH_CEDAR_EX_ADD:
	case GH_CEDAR_EX_SUB:
	case GH_CEDAR_EX_MUL: return infer_arithmetic(t, expr, known, out);
	case GH_CEDAR_EX_IN: return gh_infer_in(t, expr, known, out);
	case GH_CEDAR_EX_CONTAINS:
	case GH_CEDAR_EX_CONTAINS_ALL:
	case GH_CEDAR_EX_CONTAINS_ANY:
	case GH_CEDAR_EX_IS_EMPTY: return infer_set_method(t, expr, known, out);
	case GH_CEDAR_EX_GET_TAG:
	case GH_CEDAR_EX_HAS_TAG: return gh_infer_tag(t, expr, known, out);
	case GH_CEDAR_EX_LIKE: return infer_like(t, expr, known, out);
	case GH_CEDAR_EX_IS: return gh_infer_is(t, expr, known, out);
	case GH_CEDAR_EX_GET: return gh_infer_get(t, expr, known, out);
	case GH_CEDAR_EX_HAS: return gh_infer_has(t, expr, known, out);
	case GH_CEDAR_EX_SET: return infer_set(t, expr, known, out);
	case GH_CEDAR_EX_RECORD: return infer_record(t, expr, known, out);
	case GH_CEDAR_EX_CALL: return gh_infer_call(t, expr, known, out);
	}
	return gh_fail(GH_E_INTERNAL, "an expression of no kind");
}

gh_result gh_typecheck_bool(struct gh_typing *typing, const struct gh_cedar_expr *expr,
                            const struct gh_capability **capabilities, const struct gh_vtype **out)
{
	struct gh_answer answer;

	GH_TRY(gh_type_expect_bool(typing, expr, *capabilities, &answer));
	*out = answer.type;
	return gh_known_join(typing, answer.adds, *capabilities, capabilities);
}
