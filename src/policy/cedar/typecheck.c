#include "policy/cedar/typecheck.h"

#include <stdio.h>

#include "policy/cedar/build.h"

#define MAX_SET_ITEMS 100000

struct answer {
	const struct gh_vtype *type;
	const struct gh_capability *adds; /* known when the expression is true */
};

static gh_result infer(struct gh_typing *t, const struct gh_cedar_expr *expr,
                       const struct gh_capability *known, struct answer *out);

static enum gh_code fault(struct gh_typing *t, const struct gh_cedar_expr *expr, const char *format,
                          ...) __attribute__((format(printf, 3, 4)));

static enum gh_code fault(struct gh_typing *t, const struct gh_cedar_expr *expr, const char *format,
                          ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(t->fault, sizeof t->fault, format, args);
	va_end(args);
	t->at = expr->span;
	return gh_fail(GH_E_DENIED, "%.180s", t->fault);
}

static gh_result spend(struct gh_typing *t)
{
	GH_ENSURE(*t->work > 0, GH_E_LIMIT,
	          "validation takes too long: fewer types per action, or shorter policies");
	(*t->work)--;
	return GH_OK;
}

/* ---- what is known to be there ---- */

bool gh_cedar_expr_same(const struct gh_cedar_expr *a, const struct gh_cedar_expr *b)
{
	if (a == b)
		return true;
	if (!a || !b || a->kind != b->kind || a->weight != b->weight)
		return false;
	switch (a->kind) {
	case GH_CEDAR_EX_LITERAL: return gh_cedar_equal(&a->constant, &b->constant);
	case GH_CEDAR_EX_VAR: return a->var == b->var;
	case GH_CEDAR_EX_LIKE:
		return a->pattern->count == b->pattern->count &&
		       memcmp(a->pattern->chars, b->pattern->chars,
		              a->pattern->count * sizeof *a->pattern->chars) == 0 &&
		       gh_cedar_expr_same(a->a, b->a);
	case GH_CEDAR_EX_SET:
	case GH_CEDAR_EX_RECORD:
	case GH_CEDAR_EX_CALL:
		if (a->count != b->count ||
		    (a->kind == GH_CEDAR_EX_CALL && a->function != b->function))
			return false;
		for (uint32_t i = 0; i < a->count; i++)
			if ((a->kind == GH_CEDAR_EX_RECORD && a->names[i] != b->names[i]) ||
			    !gh_cedar_expr_same(a->items[i], b->items[i]))
				return false;
		return true;
	case GH_CEDAR_EX_IS:
	case GH_CEDAR_EX_GET:
	case GH_CEDAR_EX_HAS:
		return a->name == b->name && gh_cedar_expr_same(a->a, b->a) &&
		       gh_cedar_expr_same(a->b, b->b);
	default:
		return gh_cedar_expr_same(a->a, b->a) && gh_cedar_expr_same(a->b, b->b) &&
		       gh_cedar_expr_same(a->c, b->c);
	}
}

static bool is_known(const struct gh_capability *known, const struct gh_cedar_expr *expr,
                     const struct gh_cedar_name *name, const struct gh_cedar_expr *tag)
{
	for (; known; known = known->next)
		if (known->name == name && gh_cedar_expr_same(known->expr, expr) &&
		    (tag == known->tag ||
		     (tag && known->tag && gh_cedar_expr_same(known->tag, tag))))
			return true;
	return false;
}

static gh_result add(struct gh_typing *t, const struct gh_capability *to,
                     const struct gh_capability *one, const struct gh_capability **out)
{
	struct gh_capability *copy = gh_arena_alloc(t->types->arena, sizeof *copy);

	GH_ENSURE(copy, GH_E_LIMIT, "no memory for the validator");
	*copy = *one;
	copy->next = to;
	*out = copy;
	return GH_OK;
}

static gh_result both(struct gh_typing *t, const struct gh_capability *a,
                      const struct gh_capability *b, const struct gh_capability **out)
{
	*out = b;
	for (; a; a = a->next) {
		GH_TRY(spend(t));
		if (a == b) /* the rest is shared */
			break;
		GH_TRY(add(t, *out, a, out));
	}
	return GH_OK;
}

static gh_result common(struct gh_typing *t, const struct gh_capability *a,
                        const struct gh_capability *b, const struct gh_capability **out)
{
	*out = NULL;
	for (; a; a = a->next) {
		GH_TRY(spend(t));
		if (is_known(b, a->expr, a->name, a->tag))
			GH_TRY(add(t, *out, a, out));
	}
	return GH_OK;
}

/* ---- helpers ---- */

static const char *shown(const struct gh_vtype *type, char out[64])
{
	gh_vtype_print(type, out, 64);
	return out;
}

static enum gh_code unexpected(struct gh_typing *t, const struct gh_cedar_expr *expr,
                               const char *wanted, const struct gh_vtype *found)
{
	char text[64];

	return fault(t, expr, "expected %s, this is %s", wanted, shown(found, text));
}

/* The literal that an expression is in this environment: action stands for its uid. */
static bool literal_of(const struct gh_typing *t, const struct gh_cedar_expr *expr,
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

static const struct gh_cedar_uid *uid_of(const struct gh_typing *t,
                                         const struct gh_cedar_expr *expr)
{
	struct gh_cedar_value value;

	return literal_of(t, expr, &value) && value.kind == GH_CEDAR_ENTITY ? value.entity : NULL;
}

static gh_result expect_bool(struct gh_typing *t, const struct gh_cedar_expr *expr,
                             const struct gh_capability *known, struct answer *out)
{
	GH_TRY(infer(t, expr, known, out));
	return gh_vtype_is_bool(out->type) ? GH_OK : unexpected(t, expr, "Bool", out->type);
}

static gh_result expect(struct gh_typing *t, const struct gh_cedar_expr *expr,
                        const struct gh_capability *known, enum gh_vtype_kind kind,
                        const char *wanted, const struct gh_vtype **out)
{
	struct answer answer;

	GH_TRY(infer(t, expr, known, &answer));
	*out = answer.type;
	return answer.type->kind == kind ? GH_OK : unexpected(t, expr, wanted, answer.type);
}

static gh_result join_or_fail(struct gh_typing *t, const struct gh_cedar_expr *expr,
                              const struct gh_vtype *a, const struct gh_vtype *b,
                              const struct gh_vtype **out)
{
	char left[64], right[64];

	GH_TRY(gh_vtype_join(t->types, a, b, t->strict, out));
	if (!*out)
		return fault(t, expr, "the types %s and %s are not compatible", shown(a, left),
		             shown(b, right));
	return GH_OK;
}

/* ---- conditions ---- */

static gh_result infer_and(struct gh_typing *t, const struct gh_cedar_expr *expr,
                           const struct gh_capability *known, struct answer *out)
{
	const struct gh_capability *inside;
	struct answer left, right;

	GH_TRY(expect_bool(t, expr->a, known, &left));
	*out = (struct answer){ &gh_v_false, NULL };
	if (left.type->kind == GH_V_FALSE)
		return GH_OK;
	GH_TRY(both(t, left.adds, known, &inside));
	GH_TRY(expect_bool(t, expr->b, inside, &right));
	if (right.type->kind == GH_V_FALSE)
		return GH_OK;
	out->type = left.type->kind == GH_V_TRUE    ? right.type
	            : right.type->kind == GH_V_TRUE ? left.type
	                                            : &gh_v_bool;
	return both(t, left.adds, right.adds, &out->adds);
}

static gh_result infer_or(struct gh_typing *t, const struct gh_cedar_expr *expr,
                          const struct gh_capability *known, struct answer *out)
{
	struct answer left, right;

	GH_TRY(expect_bool(t, expr->a, known, &left));
	*out = (struct answer){ &gh_v_true, NULL };
	if (left.type->kind == GH_V_TRUE)
		return GH_OK;
	GH_TRY(expect_bool(t, expr->b, known, &right));
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
	return common(t, left.adds, right.adds, &out->adds);
}

static gh_result infer_if(struct gh_typing *t, const struct gh_cedar_expr *expr,
                          const struct gh_capability *known, struct answer *out)
{
	const struct gh_capability *inside, *then_adds;
	struct answer test, yes, no;

	GH_TRY(expect_bool(t, expr->a, known, &test));
	if (test.type->kind == GH_V_FALSE)
		return infer(t, expr->c, known, out);
	GH_TRY(both(t, test.adds, known, &inside));
	GH_TRY(infer(t, expr->b, inside, &yes));
	GH_TRY(both(t, test.adds, yes.adds, &then_adds));
	if (test.type->kind == GH_V_TRUE) {
		*out = (struct answer){ yes.type, then_adds };
		return GH_OK;
	}
	GH_TRY(infer(t, expr->c, known, &no));
	GH_TRY(join_or_fail(t, expr, yes.type, no.type, &out->type));
	return common(t, then_adds, no.adds, &out->adds);
}

static gh_result infer_not(struct gh_typing *t, const struct gh_cedar_expr *expr,
                           const struct gh_capability *known, struct answer *out)
{
	struct answer inner;

	GH_TRY(expect_bool(t, expr->a, known, &inner));
	out->type = inner.type->kind == GH_V_TRUE    ? &gh_v_false
	            : inner.type->kind == GH_V_FALSE ? &gh_v_true
	                                             : &gh_v_bool;
	return GH_OK;
}

/* ---- comparison ---- */

static gh_result infer_equal(struct gh_typing *t, const struct gh_cedar_expr *expr,
                             const struct gh_capability *known, struct answer *out)
{
	struct answer left, right;
	struct gh_cedar_value x, y;
	const struct gh_vtype *joined;
	char a[64], b[64];

	GH_TRY(infer(t, expr->a, known, &left));
	GH_TRY(infer(t, expr->b, known, &right));
	out->type = &gh_v_bool;
	if (literal_of(t, expr->a, &x) && literal_of(t, expr->b, &y)) {
		out->type = gh_cedar_equal(&x, &y) ? &gh_v_true : &gh_v_false;
	} else {
		GH_TRY(gh_vtype_join(t->types, left.type, right.type, true, &joined));
		bool entities = left.type->kind == GH_V_ENTITY && right.type->kind == GH_V_ENTITY;
		if (!joined && entities && left.type->count == 1 && right.type->count == 1)
			out->type = &gh_v_false;
		else if (!joined && !entities && t->strict)
			return fault(t, expr, "the types %s and %s are not compatible",
			             shown(left.type, a), shown(right.type, b));
	}
	if (expr->kind == GH_CEDAR_EX_NE)
		out->type = out->type == &gh_v_true    ? &gh_v_false
		            : out->type == &gh_v_false ? &gh_v_true
		                                       : &gh_v_bool;
	return GH_OK;
}

static bool is_extension(const struct gh_vtype *type, const char *name)
{
	return type->kind == GH_V_EXTENSION &&
	       gh_slice_eq_str(gh_cedar_name_slice(type->name), name);
}

static bool is_ordered(const struct gh_vtype *type)
{
	return type->kind == GH_V_LONG || is_extension(type, "datetime") ||
	       is_extension(type, "duration");
}

static gh_result infer_order(struct gh_typing *t, const struct gh_cedar_expr *expr,
                             const struct gh_capability *known, struct answer *out)
{
	struct answer left, right;
	char text[64];

	GH_TRY(infer(t, expr->a, known, &left));
	if (!is_ordered(left.type))
		return unexpected(t, expr->a, "Long, datetime or duration", left.type);
	GH_TRY(infer(t, expr->b, known, &right));
	if (left.type->kind != right.type->kind ||
	    (left.type->kind == GH_V_EXTENSION && left.type->name != right.type->name))
		return unexpected(t, expr->b, shown(left.type, text), right.type);
	out->type = &gh_v_bool;
	return GH_OK;
}

static gh_result infer_arithmetic(struct gh_typing *t, const struct gh_cedar_expr *expr,
                                  const struct gh_capability *known, struct answer *out)
{
	const struct gh_vtype *unused;

	GH_TRY(expect(t, expr->a, known, GH_V_LONG, "Long", &unused));
	if (expr->b)
		GH_TRY(expect(t, expr->b, known, GH_V_LONG, "Long", &unused));
	out->type = &gh_v_long;
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
		const struct gh_cedar_uid *uid = uid_of(t, set->items[i]);
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
	const struct gh_cedar_uid *action = uid_of(t, left), *uid = uid_of(t, right);
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

static gh_result infer_in(struct gh_typing *t, const struct gh_cedar_expr *expr,
                          const struct gh_capability *known, struct answer *out)
{
	const struct gh_vtype *left;
	struct answer right;

	GH_TRY(expect(t, expr->a, known, GH_V_ENTITY, "an entity", &left));
	GH_TRY(infer(t, expr->b, known, &right));
	const struct gh_vtype *of = right.type;
	if (of->kind == GH_V_SET)
		of = of->element;
	if (of && of->kind != GH_V_ENTITY)
		return unexpected(t, expr->b, "an entity or a set of entities", right.type);
	out->type = type_of_in(t, expr->a, left, expr->b, of);
	return GH_OK;
}

/* a is T, or a is T in b. */
static gh_result infer_is(struct gh_typing *t, const struct gh_cedar_expr *expr,
                          const struct gh_capability *known, struct answer *out)
{
	const struct gh_vtype *left;
	struct answer right;
	bool has = false;

	GH_TRY(expect(t, expr->a, known, GH_V_ENTITY, "an entity", &left));
	for (uint32_t i = 0; i < left->count; i++)
		has = has || left->names[i] == expr->name;
	out->type = left->count == 0   ? &gh_v_bool
	            : !has             ? &gh_v_false
	            : left->count == 1 ? &gh_v_true
	                               : &gh_v_bool;
	if (!expr->b || out->type == &gh_v_false)
		return GH_OK;
	GH_TRY(infer(t, expr->b, known, &right));
	const struct gh_vtype *of = right.type->kind == GH_V_SET ? right.type->element : right.type;
	if (of && of->kind != GH_V_ENTITY)
		return unexpected(t, expr->b, "an entity or a set of entities", right.type);
	const struct gh_vtype *in = type_of_in(t, expr->a, left, expr->b, of);
	if (in == &gh_v_false || out->type == &gh_v_true)
		out->type = in;
	return GH_OK;
}

/* ---- sets ---- */

static gh_result infer_set_method(struct gh_typing *t, const struct gh_cedar_expr *expr,
                                  const struct gh_capability *known, struct answer *out)
{
	const struct gh_vtype *set, *other, *joined;
	struct answer argument;

	GH_TRY(expect(t, expr->a, known, GH_V_SET, "a set", &set));
	out->type = &gh_v_bool;
	if (expr->kind == GH_CEDAR_EX_IS_EMPTY)
		return GH_OK;
	if (expr->kind == GH_CEDAR_EX_CONTAINS) {
		GH_TRY(infer(t, expr->b, known, &argument));
		if (t->strict && set->element)
			GH_TRY(join_or_fail(t, expr, set->element, argument.type, &joined));
		return GH_OK;
	}
	GH_TRY(expect(t, expr->b, known, GH_V_SET, "a set", &other));
	if (t->strict)
		GH_TRY(join_or_fail(t, expr, set, other, &joined));
	return GH_OK;
}

static gh_result infer_set(struct gh_typing *t, const struct gh_cedar_expr *expr,
                           const struct gh_capability *known, struct answer *out)
{
	const struct gh_vtype *element = NULL;

	if (expr->count == 0 && t->strict)
		return fault(t, expr, "an empty set has no type: compare with isEmpty() instead");
	for (uint32_t i = 0; i < expr->count; i++) {
		struct answer item;
		GH_TRY(infer(t, expr->items[i], known, &item));
		if (!element)
			element = item.type;
		else
			GH_TRY(join_or_fail(t, expr, element, item.type, &element));
	}
	return gh_vtype_set(t->types, element, &out->type);
}

static gh_result infer_record(struct gh_typing *t, const struct gh_cedar_expr *expr,
                              const struct gh_capability *known, struct answer *out)
{
	struct gh_vattribute *attributes =
	    gh_arena_alloc(t->types->arena, expr->count * sizeof *attributes + 1);

	GH_ENSURE(attributes, GH_E_LIMIT, "no memory for the validator");
	for (uint32_t i = 0; i < expr->count; i++) {
		struct answer item;
		GH_TRY(infer(t, expr->items[i], known, &item));
		attributes[i] = (struct gh_vattribute){ expr->names[i], item.type, true };
	}
	return gh_vtype_record(t->types, attributes, expr->count, &out->type);
}

/* ---- attributes and tags ---- */

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
	struct answer answer;

	GH_TRY(infer(t, expr, known, &answer));
	*out = answer.type;
	return answer.type->kind == GH_V_RECORD || answer.type->kind == GH_V_ENTITY
	           ? GH_OK
	           : unexpected(t, expr, "an entity or a record", answer.type);
}

static gh_result infer_has(struct gh_typing *t, const struct gh_cedar_expr *expr,
                           const struct gh_capability *known, struct answer *out)
{
	const struct gh_capability one = { .expr = expr->a, .name = expr->name };
	const struct gh_vtype *of;
	struct found found;

	GH_TRY(expect_fields(t, expr->a, known, &of));
	GH_TRY(find_attribute(t, of, expr->name, &found));
	out->type = &gh_v_false;
	if (!found.anywhere)
		return GH_OK;
	/* An entity may not be there at all, so its required attributes are not certain. */
	bool certain = found.everywhere && found.required && of->kind == GH_V_RECORD;
	out->type = certain || is_known(known, expr->a, expr->name, NULL) ? &gh_v_true : &gh_v_bool;
	return add(t, NULL, &one, &out->adds);
}

/* The declared name closest to a misspelt one, within two edits. */
static unsigned distance(struct gh_slice a, struct gh_slice b)
{
	unsigned row[34];

	if (a.len > 32 || b.len > 32)
		return 99;
	for (size_t k = 0; k <= b.len; k++)
		row[k] = (unsigned)k;
	for (size_t i = 1; i <= a.len; i++) {
		unsigned corner = row[0];
		row[0] = (unsigned)i;
		for (size_t k = 1; k <= b.len; k++) {
			unsigned change = corner + (a.data[i - 1] != b.data[k - 1]);
			unsigned gap = 1 + (row[k] < row[k - 1] ? row[k] : row[k - 1]);
			corner = row[k];
			row[k] = change < gap ? change : gap;
		}
	}
	return row[b.len];
}

static const char *suggestion(const struct gh_vtype *record, const struct gh_cedar_name *name,
                              char out[80])
{
	unsigned best = 3;

	out[0] = 0;
	for (uint32_t i = 0; record && i < record->count; i++) {
		const struct gh_cedar_name *other = record->attributes[i].name;
		unsigned far = distance(gh_cedar_name_slice(other), gh_cedar_name_slice(name));
		if (far < best) {
			best = far;
			snprintf(out, 80, "; is %.40s meant?", other->text);
		}
	}
	return out;
}

static gh_result infer_get(struct gh_typing *t, const struct gh_cedar_expr *expr,
                           const struct gh_capability *known, struct answer *out)
{
	const struct gh_vtype *of, *record = NULL;
	struct found found;
	char text[64], hint[80];

	GH_TRY(expect_fields(t, expr->a, known, &of));
	GH_TRY(find_attribute(t, of, expr->name, &found));
	if (of->kind == GH_V_RECORD)
		record = of;
	else if (of->count)
		GH_TRY(record_of(t, of->names[0], &record));
	if (!found.everywhere || !found.type)
		return fault(t, expr, "%s has no attribute %.60s%s", shown(of, text),
		             expr->name->text, suggestion(record, expr->name, hint));
	if (!found.required && !is_known(known, expr->a, expr->name, NULL))
		return fault(t, expr,
		             "the attribute %.40s is optional: ask `has %.40s` before it is read",
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

static gh_result infer_tag(struct gh_typing *t, const struct gh_cedar_expr *expr,
                           const struct gh_capability *known, struct answer *out)
{
	const struct gh_capability one = { .expr = expr->a, .tag = expr->b };
	const struct gh_vtype *of, *unused, *tags;
	bool anywhere;
	char text[64];

	GH_TRY(expect(t, expr->a, known, GH_V_ENTITY, "an entity", &of));
	GH_TRY(expect(t, expr->b, known, GH_V_STRING, "String", &unused));
	GH_TRY(tags_of(t, of, &anywhere, &tags));
	bool is_there = is_known(known, expr->a, NULL, expr->b);
	if (expr->kind == GH_CEDAR_EX_HAS_TAG) {
		out->type = !anywhere ? &gh_v_false : is_there ? &gh_v_true : &gh_v_bool;
		return anywhere ? add(t, NULL, &one, &out->adds) : GH_OK;
	}
	if (!tags)
		return fault(t, expr, "%s has no tags", shown(of, text));
	if (!is_there)
		return fault(t, expr, "a tag may be missing: ask hasTag() before it is read");
	out->type = tags;
	return GH_OK;
}

/* ---- extension functions ---- */

#define V_BOOL "Bool"
/* Argument types and result; a constructor takes one String. */
static const struct {
	const char *result, *arguments[2];
} signatures[GH_CEDAR_FN_COUNT] = {
	[GH_CEDAR_FN_DECIMAL] = { "decimal", { "String" } },
	[GH_CEDAR_FN_LESS_THAN] = { V_BOOL, { "decimal", "decimal" } },
	[GH_CEDAR_FN_LESS_THAN_OR_EQUAL] = { V_BOOL, { "decimal", "decimal" } },
	[GH_CEDAR_FN_GREATER_THAN] = { V_BOOL, { "decimal", "decimal" } },
	[GH_CEDAR_FN_GREATER_THAN_OR_EQUAL] = { V_BOOL, { "decimal", "decimal" } },
	[GH_CEDAR_FN_IP] = { "ipaddr", { "String" } },
	[GH_CEDAR_FN_IS_IPV4] = { V_BOOL, { "ipaddr" } },
	[GH_CEDAR_FN_IS_IPV6] = { V_BOOL, { "ipaddr" } },
	[GH_CEDAR_FN_IS_LOOPBACK] = { V_BOOL, { "ipaddr" } },
	[GH_CEDAR_FN_IS_MULTICAST] = { V_BOOL, { "ipaddr" } },
	[GH_CEDAR_FN_IS_IN_RANGE] = { V_BOOL, { "ipaddr", "ipaddr" } },
	[GH_CEDAR_FN_DATETIME] = { "datetime", { "String" } },
	[GH_CEDAR_FN_DURATION] = { "duration", { "String" } },
	[GH_CEDAR_FN_OFFSET] = { "datetime", { "datetime", "duration" } },
	[GH_CEDAR_FN_DURATION_SINCE] = { "duration", { "datetime", "datetime" } },
	[GH_CEDAR_FN_TO_DATE] = { "datetime", { "datetime" } },
	[GH_CEDAR_FN_TO_TIME] = { "duration", { "datetime" } },
	[GH_CEDAR_FN_TO_MILLISECONDS] = { "Long", { "duration" } },
	[GH_CEDAR_FN_TO_SECONDS] = { "Long", { "duration" } },
	[GH_CEDAR_FN_TO_MINUTES] = { "Long", { "duration" } },
	[GH_CEDAR_FN_TO_HOURS] = { "Long", { "duration" } },
	[GH_CEDAR_FN_TO_DAYS] = { "Long", { "duration" } },
};

static bool constructs(enum gh_cedar_function function, struct gh_slice text)
{
	struct gh_cedar_ip ip;
	int64_t number;

	switch (function) {
	case GH_CEDAR_FN_DECIMAL: return gh_cedar_parse_decimal(text, &number);
	case GH_CEDAR_FN_IP: return gh_cedar_parse_ip(text, &ip);
	case GH_CEDAR_FN_DATETIME: return gh_cedar_parse_datetime(text, &number);
	default: return gh_cedar_parse_duration(text, &number);
	}
}

static gh_result named_type(struct gh_typing *t, const char *name, const struct gh_vtype **out)
{
	struct gh_vtype *type;

	if (strcmp(name, "Bool") == 0 || strcmp(name, "Long") == 0) {
		*out = name[0] == 'B' ? &gh_v_bool : &gh_v_long;
		return GH_OK;
	}
	type = gh_arena_alloc(t->types->arena, sizeof *type);
	GH_ENSURE(type, GH_E_LIMIT, "no memory for the validator");
	type->kind = GH_V_EXTENSION;
	type->name = gh_cedar_intern(t->types->space, gh_slice_str(name));
	GH_ENSURE(type->name, GH_E_LIMIT, "no memory for the validator");
	*out = type;
	return GH_OK;
}

static gh_result infer_call(struct gh_typing *t, const struct gh_cedar_expr *expr,
                            const struct gh_capability *known, struct answer *out)
{
	const struct gh_cedar_function_info *info = &gh_cedar_functions[expr->function];

	for (uint32_t i = 0; i < expr->count; i++) {
		const char *wanted =
		    i < info->arguments ? signatures[expr->function].arguments[i] : NULL;
		struct answer argument;
		GH_TRY(infer(t, expr->items[i], known, &argument));
		if (!wanted)
			continue;
		bool fits = strcmp(wanted, "String") == 0 ? argument.type->kind == GH_V_STRING
		                                          : is_extension(argument.type, wanted);
		if (!fits)
			return unexpected(t, expr->items[i], wanted, argument.type);
	}
	if (expr->count != info->arguments)
		return fault(t, expr, "%s takes %u argument%s, here are %u", info->name,
		             info->arguments, info->arguments == 1 ? "" : "s", expr->count);
	if (strcmp(signatures[expr->function].arguments[0], "String") == 0) {
		const struct gh_cedar_expr *text = expr->items[0];
		bool literal = text->kind == GH_CEDAR_EX_LITERAL;
		if (!literal && t->strict)
			return fault(t, expr, "%s takes a string that is written out", info->name);
		if (literal &&
		    !constructs(expr->function, gh_cedar_name_slice(text->constant.string)))
			return fault(t, expr, "this is no %s", info->name);
	}
	return named_type(t, signatures[expr->function].result, &out->type);
}

/* ---- the whole ---- */

static gh_result infer_literal(struct gh_typing *t, const struct gh_cedar_expr *expr,
                               struct answer *out)
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
		return fault(t, expr, "%.80s is not declared", uid->type->text);
	return gh_vtype_entity(t->types, uid->type, &out->type);
}

static gh_result infer_var(struct gh_typing *t, const struct gh_cedar_expr *expr,
                           struct answer *out)
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
                            const struct gh_capability *known, struct answer *out)
{
	const struct gh_vtype *unused;

	GH_TRY(expect(t, expr->a, known, GH_V_STRING, "String", &unused));
	out->type = &gh_v_bool;
	return GH_OK;
}

static gh_result infer(struct gh_typing *t, const struct gh_cedar_expr *expr,
                       const struct gh_capability *known, struct answer *out)
{
	GH_TRY(spend(t));
	*out = (struct answer){ 0 };
	switch (expr->kind) {
	case GH_CEDAR_EX_LITERAL: return infer_literal(t, expr, out);
	case GH_CEDAR_EX_VAR: return infer_var(t, expr, out);
	case GH_CEDAR_EX_IF: return infer_if(t, expr, known, out);
	case GH_CEDAR_EX_AND: return infer_and(t, expr, known, out);
	case GH_CEDAR_EX_OR: return infer_or(t, expr, known, out);
	case GH_CEDAR_EX_NOT: return infer_not(t, expr, known, out);
	case GH_CEDAR_EX_EQ:
	case GH_CEDAR_EX_NE: return infer_equal(t, expr, known, out);
	case GH_CEDAR_EX_LT:
	case GH_CEDAR_EX_LE:
	case GH_CEDAR_EX_GT:
	case GH_CEDAR_EX_GE: return infer_order(t, expr, known, out);
	case GH_CEDAR_EX_NEG:
	case GH_CEDAR_EX_ADD:
	case GH_CEDAR_EX_SUB:
	case GH_CEDAR_EX_MUL: return infer_arithmetic(t, expr, known, out);
	case GH_CEDAR_EX_IN: return infer_in(t, expr, known, out);
	case GH_CEDAR_EX_CONTAINS:
	case GH_CEDAR_EX_CONTAINS_ALL:
	case GH_CEDAR_EX_CONTAINS_ANY:
	case GH_CEDAR_EX_IS_EMPTY: return infer_set_method(t, expr, known, out);
	case GH_CEDAR_EX_GET_TAG:
	case GH_CEDAR_EX_HAS_TAG: return infer_tag(t, expr, known, out);
	case GH_CEDAR_EX_LIKE: return infer_like(t, expr, known, out);
	case GH_CEDAR_EX_IS: return infer_is(t, expr, known, out);
	case GH_CEDAR_EX_GET: return infer_get(t, expr, known, out);
	case GH_CEDAR_EX_HAS: return infer_has(t, expr, known, out);
	case GH_CEDAR_EX_SET: return infer_set(t, expr, known, out);
	case GH_CEDAR_EX_RECORD: return infer_record(t, expr, known, out);
	case GH_CEDAR_EX_CALL: return infer_call(t, expr, known, out);
	}
	return gh_fail(GH_E_INTERNAL, "an expression of no kind");
}

gh_result gh_typecheck_bool(struct gh_typing *typing, const struct gh_cedar_expr *expr,
                            const struct gh_capability **capabilities, const struct gh_vtype **out)
{
	struct answer answer;

	GH_TRY(expect_bool(typing, expr, *capabilities, &answer));
	*out = answer.type;
	return both(typing, answer.adds, *capabilities, capabilities);
}
