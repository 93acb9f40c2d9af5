/* The evaluator: a walk over the tree. Strings are names, so equality is a pointer; nothing is
 * interned and nothing shared is written. The depth of a tree is bounded when it is built, so the
 * stack is; what a policy builds goes into the bump, which is bounded too. */
#include "policy/cedar/evaluate.h"

#include "policy/cedar/lex.h"

void *gh_cedar_bump_take(struct gh_cedar_bump *bump, size_t size)
{
	size = (size + 15) & ~(size_t)15;
	if (size <= bump->size - bump->used) {
		void *taken = bump->block + bump->used;
		bump->used += size;
		return taken;
	}
	if (!bump->spill)
		bump->spill = gh_arena_new(bump->limit_bytes);
	return bump->spill ? gh_arena_alloc(bump->spill, size) : NULL;
}

void gh_cedar_bump_clear(struct gh_cedar_bump *bump)
{
	bump->used = 0;
	if (bump->spill) {
		gh_arena_free(bump->spill);
		bump->spill = NULL;
	}
}

typedef enum gh_cedar_fault fault;

#define NEED(condition, which)                                                                     \
	do {                                                                                       \
		if (__builtin_expect(!(condition), 0))                                             \
			return fail(run, expr, which);                                             \
	} while (0)

#define EVAL(child, into)                                                                          \
	do {                                                                                       \
		fault fault_ = gh_cedar_evaluate(run, child, into);                                \
		if (__builtin_expect(fault_ != GH_CEDAR_FAULT_NONE, 0))                            \
			return fault_;                                                             \
	} while (0)

static fault fail(struct gh_cedar_run *run, const struct gh_cedar_expr *expr, fault which)
{
	run->fault_expr = expr;
	return which;
}

static const struct gh_cedar_entity_data *data_of(const struct gh_cedar_run *run,
                                                  const struct gh_cedar_uid *uid)
{
	if (uid == run->request->principal)
		return run->principal;
	if (uid == run->request->resource)
		return run->resource;
	if (uid == run->request->action)
		return run->action;
	return gh_cedar_entities_get(run->entities, uid);
}

static bool within(const struct gh_cedar_run *run, const struct gh_cedar_uid *descendant,
                   const struct gh_cedar_uid *ancestor)
{
	if (descendant == ancestor)
		return true;
	const struct gh_cedar_entity_data *data = data_of(run, descendant);
	return data && gh_cedar_data_in(data, ancestor);
}

static fault eval_bool(struct gh_cedar_run *run, const struct gh_cedar_expr *expr, bool *out)
{
	struct gh_cedar_value value;

	EVAL(expr, &value);
	NEED(value.kind == GH_CEDAR_BOOL, GH_CEDAR_FAULT_TYPE);
	*out = value.truth;
	return GH_CEDAR_FAULT_NONE;
}

static void eval_var(const struct gh_cedar_run *run, enum gh_cedar_var var,
                     struct gh_cedar_value *out)
{
	switch (var) {
	case GH_CEDAR_PRINCIPAL: *out = gh_cedar_entity(run->request->principal); break;
	case GH_CEDAR_ACTION: *out = gh_cedar_entity(run->request->action); break;
	case GH_CEDAR_RESOURCE: *out = gh_cedar_entity(run->request->resource); break;
	case GH_CEDAR_CONTEXT: *out = run->request->context; break;
	}
}

static fault eval_logic(struct gh_cedar_run *run, const struct gh_cedar_expr *expr,
                        struct gh_cedar_value *out)
{
	bool truth;
	fault code = eval_bool(run, expr->a, &truth);

	if (code != GH_CEDAR_FAULT_NONE)
		return code;
	if (truth == (expr->kind == GH_CEDAR_EX_AND)) {
		code = eval_bool(run, expr->b, &truth);
		if (code != GH_CEDAR_FAULT_NONE)
			return code;
	}
	*out = gh_cedar_bool(truth);
	return GH_CEDAR_FAULT_NONE;
}

static fault eval_arithmetic(struct gh_cedar_run *run, const struct gh_cedar_expr *expr,
                             struct gh_cedar_value *out)
{
	struct gh_cedar_value a, b;
	int64_t result;
	bool overflow;

	EVAL(expr->a, &a);
	EVAL(expr->b, &b);
	NEED(a.kind == GH_CEDAR_LONG && b.kind == GH_CEDAR_LONG, GH_CEDAR_FAULT_TYPE);
	if (expr->kind == GH_CEDAR_EX_ADD)
		overflow = __builtin_add_overflow(a.number, b.number, &result);
	else if (expr->kind == GH_CEDAR_EX_SUB)
		overflow = __builtin_sub_overflow(a.number, b.number, &result);
	else
		overflow = __builtin_mul_overflow(a.number, b.number, &result);
	NEED(!overflow, GH_CEDAR_FAULT_OVERFLOW);
	*out = gh_cedar_long(result);
	return GH_CEDAR_FAULT_NONE;
}

/* Longs, datetimes and durations have an order; decimals have methods instead. */
static fault eval_order(struct gh_cedar_run *run, const struct gh_cedar_expr *expr,
                        struct gh_cedar_value *out)
{
	struct gh_cedar_value a, b;
	bool truth;

	EVAL(expr->a, &a);
	EVAL(expr->b, &b);
	NEED(a.kind == b.kind && (a.kind == GH_CEDAR_LONG || a.kind == GH_CEDAR_DATETIME ||
	                          a.kind == GH_CEDAR_DURATION),
	     GH_CEDAR_FAULT_TYPE);
	switch (expr->kind) {
	case GH_CEDAR_EX_LT: truth = a.number < b.number; break;
	case GH_CEDAR_EX_LE: truth = a.number <= b.number; break;
	case GH_CEDAR_EX_GT: truth = a.number > b.number; break;
	default: truth = a.number >= b.number; break;
	}
	*out = gh_cedar_bool(truth);
	return GH_CEDAR_FAULT_NONE;
}

static fault eval_in(struct gh_cedar_run *run, const struct gh_cedar_expr *expr,
                     struct gh_cedar_value *out)
{
	struct gh_cedar_value a, b;
	bool truth = false;

	EVAL(expr->a, &a);
	NEED(a.kind == GH_CEDAR_ENTITY, GH_CEDAR_FAULT_TYPE);
	EVAL(expr->b, &b);
	if (b.kind == GH_CEDAR_ENTITY) {
		truth = within(run, a.entity, b.entity);
	} else {
		/* Every element must be an entity, also when an earlier one matches. */
		NEED(b.kind == GH_CEDAR_SET && b.set->entities, GH_CEDAR_FAULT_TYPE);
		for (uint32_t i = 0; i < b.set->count && !truth; i++)
			truth = within(run, a.entity, b.set->items[i].entity);
	}
	*out = gh_cedar_bool(truth);
	return GH_CEDAR_FAULT_NONE;
}

static fault eval_contains(struct gh_cedar_run *run, const struct gh_cedar_expr *expr,
                           struct gh_cedar_value *out)
{
	struct gh_cedar_value a, b;
	bool all = expr->kind == GH_CEDAR_EX_CONTAINS_ALL, truth = all;

	EVAL(expr->a, &a);
	EVAL(expr->b, &b);
	NEED(a.kind == GH_CEDAR_SET, GH_CEDAR_FAULT_TYPE);
	if (expr->kind == GH_CEDAR_EX_CONTAINS) {
		*out = gh_cedar_bool(gh_cedar_set_has(a.set, &b));
		return GH_CEDAR_FAULT_NONE;
	}
	NEED(b.kind == GH_CEDAR_SET, GH_CEDAR_FAULT_TYPE);
	for (uint32_t i = 0; i < b.set->count && truth == all; i++)
		truth = gh_cedar_set_has(a.set, &b.set->items[i]);
	*out = gh_cedar_bool(truth);
	return GH_CEDAR_FAULT_NONE;
}

static fault eval_tag(struct gh_cedar_run *run, const struct gh_cedar_expr *expr,
                      struct gh_cedar_value *out)
{
	struct gh_cedar_value a, b;

	EVAL(expr->a, &a);
	EVAL(expr->b, &b);
	NEED(a.kind == GH_CEDAR_ENTITY && b.kind == GH_CEDAR_STRING, GH_CEDAR_FAULT_TYPE);
	const struct gh_cedar_entity_data *data = data_of(run, a.entity);
	const struct gh_cedar_value *tag = data ? gh_cedar_record_get(data->tags, b.string) : NULL;
	if (expr->kind == GH_CEDAR_EX_HAS_TAG) {
		*out = gh_cedar_bool(tag != NULL);
		return GH_CEDAR_FAULT_NONE;
	}
	NEED(data, GH_CEDAR_FAULT_ENTITY);
	NEED(tag, GH_CEDAR_FAULT_TAG);
	*out = *tag;
	return GH_CEDAR_FAULT_NONE;
}

/* e.name and e has name. */
static fault eval_attribute(struct gh_cedar_run *run, const struct gh_cedar_expr *expr,
                            struct gh_cedar_value *out)
{
	struct gh_cedar_value a;
	const struct gh_cedar_value *found = NULL;
	bool exists = true;

	EVAL(expr->a, &a);
	if (a.kind == GH_CEDAR_RECORD) {
		found = gh_cedar_record_get(a.record, expr->name);
	} else {
		NEED(a.kind == GH_CEDAR_ENTITY, GH_CEDAR_FAULT_TYPE);
		const struct gh_cedar_entity_data *data = data_of(run, a.entity);
		exists = data != NULL;
		found = data ? gh_cedar_record_get(data->attributes, expr->name) : NULL;
	}
	if (expr->kind == GH_CEDAR_EX_HAS) {
		*out = gh_cedar_bool(found != NULL);
		return GH_CEDAR_FAULT_NONE;
	}
	NEED(exists, GH_CEDAR_FAULT_ENTITY);
	NEED(found, GH_CEDAR_FAULT_ATTRIBUTE);
	*out = *found;
	return GH_CEDAR_FAULT_NONE;
}

/* Greedy with one point of return: a later star makes an earlier one's choices final. */
static bool matches(const struct gh_cedar_pattern *pattern, struct gh_slice text)
{
	size_t at = 0, star_at = 0;
	uint32_t p = 0, star = UINT32_MAX;

	while (at < text.len) {
		size_t next = at;
		if (p < pattern->count && pattern->chars[p] == GH_CEDAR_WILDCARD) {
			star = p++;
			star_at = at;
		} else if (p < pattern->count &&
		           pattern->chars[p] == gh_cedar_next_scalar(text, &next)) {
			p++;
			at = next;
		} else if (star != UINT32_MAX) {
			(void)gh_cedar_next_scalar(text, &star_at);
			at = star_at;
			p = star + 1;
		} else {
			return false;
		}
	}
	while (p < pattern->count && pattern->chars[p] == GH_CEDAR_WILDCARD)
		p++;
	return p == pattern->count;
}

static fault eval_is(struct gh_cedar_run *run, const struct gh_cedar_expr *expr,
                     struct gh_cedar_value *out)
{
	struct gh_cedar_value a;

	EVAL(expr->a, &a);
	NEED(a.kind == GH_CEDAR_ENTITY, GH_CEDAR_FAULT_TYPE);
	if (expr->b && a.entity->type == expr->name)
		return eval_in(run, expr, out); /* a and b are where `in` has them */
	*out = gh_cedar_bool(a.entity->type == expr->name);
	return GH_CEDAR_FAULT_NONE;
}

static fault eval_set(struct gh_cedar_run *run, const struct gh_cedar_expr *expr,
                      struct gh_cedar_value *out)
{
	struct gh_cedar_set *set = gh_cedar_bump_take(
	    run->bump, sizeof *set + expr->count * sizeof(struct gh_cedar_value));

	NEED(set, GH_CEDAR_FAULT_LIMIT);
	for (uint32_t i = 0; i < expr->count; i++)
		EVAL(expr->items[i], &set->items[i]);
	NEED(gh_cedar_set_fill(set, set->items, expr->count) == GH_OK, GH_CEDAR_FAULT_LIMIT);
	*out = (struct gh_cedar_value){ .kind = GH_CEDAR_SET, .set = set };
	return GH_CEDAR_FAULT_NONE;
}

static fault eval_record(struct gh_cedar_run *run, const struct gh_cedar_expr *expr,
                         struct gh_cedar_value *out)
{
	struct gh_cedar_record *record = gh_cedar_bump_take(
	    run->bump, sizeof *record + expr->count * sizeof(struct gh_cedar_field));

	NEED(record, GH_CEDAR_FAULT_LIMIT);
	for (uint32_t i = 0; i < expr->count; i++) {
		record->fields[i].name = expr->names[i];
		EVAL(expr->items[i], &record->fields[i].value);
	}
	NEED(gh_cedar_record_fill(record, record->fields, expr->count) == GH_OK,
	     GH_CEDAR_FAULT_LIMIT);
	*out = (struct gh_cedar_value){ .kind = GH_CEDAR_RECORD, .record = record };
	return GH_CEDAR_FAULT_NONE;
}

static fault eval_call(struct gh_cedar_run *run, const struct gh_cedar_expr *expr,
                       struct gh_cedar_value *out)
{
	struct gh_cedar_value arguments[2];

	/* Arguments beyond what any function takes are evaluated only for their own faults. */
	for (uint32_t i = 0; i < expr->count; i++)
		EVAL(expr->items[i], &arguments[i < 2 ? i : 1]);
	fault code = gh_cedar_apply(expr->function, arguments, expr->count, run->bump, out);
	NEED(code == GH_CEDAR_FAULT_NONE, code);
	return GH_CEDAR_FAULT_NONE;
}

static fault eval_simple(struct gh_cedar_run *run, const struct gh_cedar_expr *expr,
                         struct gh_cedar_value *out)
{
	struct gh_cedar_value a, b;

	EVAL(expr->a, &a);
	switch (expr->kind) {
	case GH_CEDAR_EX_NOT:
		NEED(a.kind == GH_CEDAR_BOOL, GH_CEDAR_FAULT_TYPE);
		*out = gh_cedar_bool(!a.truth);
		return GH_CEDAR_FAULT_NONE;
	case GH_CEDAR_EX_NEG:
		NEED(a.kind == GH_CEDAR_LONG, GH_CEDAR_FAULT_TYPE);
		NEED(a.number != INT64_MIN, GH_CEDAR_FAULT_OVERFLOW);
		*out = gh_cedar_long(-a.number);
		return GH_CEDAR_FAULT_NONE;
	case GH_CEDAR_EX_IS_EMPTY:
		NEED(a.kind == GH_CEDAR_SET, GH_CEDAR_FAULT_TYPE);
		*out = gh_cedar_bool(a.set->count == 0);
		return GH_CEDAR_FAULT_NONE;
	case GH_CEDAR_EX_LIKE:
		NEED(a.kind == GH_CEDAR_STRING, GH_CEDAR_FAULT_TYPE);
		*out = gh_cedar_bool(matches(expr->pattern, gh_cedar_name_slice(a.string)));
		return GH_CEDAR_FAULT_NONE;
	default: /* == and != never err across kinds */
		EVAL(expr->b, &b);
		*out = gh_cedar_bool(gh_cedar_equal(&a, &b) == (expr->kind == GH_CEDAR_EX_EQ));
		return GH_CEDAR_FAULT_NONE;
	}
}

fault gh_cedar_evaluate(struct gh_cedar_run *run, const struct gh_cedar_expr *expr,
                        struct gh_cedar_value *out)
{
	bool truth;

	if (expr->has_constant) {
		*out = expr->constant;
		return GH_CEDAR_FAULT_NONE;
	}
	switch (expr->kind) {
	case GH_CEDAR_EX_LITERAL: break; /* is a constant */
	case GH_CEDAR_EX_VAR: eval_var(run, expr->var, out); return GH_CEDAR_FAULT_NONE;
	case GH_CEDAR_EX_IF: {
		fault code = eval_bool(run, expr->a, &truth);
		if (code != GH_CEDAR_FAULT_NONE)
			return code;
		return gh_cedar_evaluate(run, truth ? expr->b : expr->c, out);
	}
	case GH_CEDAR_EX_AND:
	case GH_CEDAR_EX_OR: return eval_logic(run, expr, out);
	case GH_CEDAR_EX_LT:
	case GH_CEDAR_EX_LE:
	case GH_CEDAR_EX_GT:
	case GH_CEDAR_EX_GE: return eval_order(run, expr, out);
	case GH_CEDAR_EX_ADD:
	case GH_CEDAR_EX_SUB:
	case GH_CEDAR_EX_MUL: return eval_arithmetic(run, expr, out);
	case GH_CEDAR_EX_IN: return eval_in(run, expr, out);
	case GH_CEDAR_EX_CONTAINS:
	case GH_CEDAR_EX_CONTAINS_ALL:
	case GH_CEDAR_EX_CONTAINS_ANY: return eval_contains(run, expr, out);
	case GH_CEDAR_EX_GET_TAG:
	case GH_CEDAR_EX_HAS_TAG: return eval_tag(run, expr, out);
	case GH_CEDAR_EX_GET:
	case GH_CEDAR_EX_HAS: return eval_attribute(run, expr, out);
	case GH_CEDAR_EX_IS: return eval_is(run, expr, out);
	case GH_CEDAR_EX_SET: return eval_set(run, expr, out);
	case GH_CEDAR_EX_RECORD: return eval_record(run, expr, out);
	case GH_CEDAR_EX_CALL: return eval_call(run, expr, out);
	case GH_CEDAR_EX_NOT:
	case GH_CEDAR_EX_NEG:
	case GH_CEDAR_EX_EQ:
	case GH_CEDAR_EX_NE:
	case GH_CEDAR_EX_IS_EMPTY:
	case GH_CEDAR_EX_LIKE: return eval_simple(run, expr, out);
	}
	return fail(run, expr, GH_CEDAR_FAULT_TYPE);
}
