/* AST nodes and what can be known of them without a request: depth, and the values of literals, of
 * sets of constants and of extension constructors on literal strings. Folding only ever replaces
 * what cannot fail; a constructor that refuses its string stays a call, and errs when evaluated. */
#include "policy/cedar/build.h"

#include <stdlib.h>

const struct gh_cedar_function_info gh_cedar_functions[GH_CEDAR_FN_COUNT] = {
	[GH_CEDAR_FN_DECIMAL] = { "decimal", 1, false },
	[GH_CEDAR_FN_LESS_THAN] = { "lessThan", 2, true },
	[GH_CEDAR_FN_LESS_THAN_OR_EQUAL] = { "lessThanOrEqual", 2, true },
	[GH_CEDAR_FN_GREATER_THAN] = { "greaterThan", 2, true },
	[GH_CEDAR_FN_GREATER_THAN_OR_EQUAL] = { "greaterThanOrEqual", 2, true },
	[GH_CEDAR_FN_IP] = { "ip", 1, false },
	[GH_CEDAR_FN_IS_IPV4] = { "isIpv4", 1, true },
	[GH_CEDAR_FN_IS_IPV6] = { "isIpv6", 1, true },
	[GH_CEDAR_FN_IS_LOOPBACK] = { "isLoopback", 1, true },
	[GH_CEDAR_FN_IS_MULTICAST] = { "isMulticast", 1, true },
	[GH_CEDAR_FN_IS_IN_RANGE] = { "isInRange", 2, true },
	[GH_CEDAR_FN_DATETIME] = { "datetime", 1, false },
	[GH_CEDAR_FN_DURATION] = { "duration", 1, false },
	[GH_CEDAR_FN_OFFSET] = { "offset", 2, true },
	[GH_CEDAR_FN_DURATION_SINCE] = { "durationSince", 2, true },
	[GH_CEDAR_FN_TO_DATE] = { "toDate", 1, true },
	[GH_CEDAR_FN_TO_TIME] = { "toTime", 1, true },
	[GH_CEDAR_FN_TO_MILLISECONDS] = { "toMilliseconds", 1, true },
	[GH_CEDAR_FN_TO_SECONDS] = { "toSeconds", 1, true },
	[GH_CEDAR_FN_TO_MINUTES] = { "toMinutes", 1, true },
	[GH_CEDAR_FN_TO_HOURS] = { "toHours", 1, true },
	[GH_CEDAR_FN_TO_DAYS] = { "toDays", 1, true },
};

static const struct {
	const char *name;
	enum gh_cedar_expr_kind kind;
	size_t arguments;
} methods[] = {
	{ "contains", GH_CEDAR_EX_CONTAINS, 1 },
	{ "containsAll", GH_CEDAR_EX_CONTAINS_ALL, 1 },
	{ "containsAny", GH_CEDAR_EX_CONTAINS_ANY, 1 },
	{ "getTag", GH_CEDAR_EX_GET_TAG, 1 },
	{ "hasTag", GH_CEDAR_EX_HAS_TAG, 1 },
	{ "isEmpty", GH_CEDAR_EX_IS_EMPTY, 0 },
};

enum gh_cedar_function gh_cedar_find_function(struct gh_slice name, bool method)
{
	int i = 0;

	while (i < GH_CEDAR_FN_COUNT && (gh_cedar_functions[i].method != method ||
	                                 !gh_slice_eq_str(name, gh_cedar_functions[i].name)))
		i++;
	return (enum gh_cedar_function)i;
}

bool gh_cedar_find_method(struct gh_slice name, enum gh_cedar_expr_kind *kind, size_t *arguments)
{
	for (size_t i = 0; i < GH_ARRAY_LEN(methods); i++)
		if (gh_slice_eq_str(name, methods[i].name)) {
			*kind = methods[i].kind;
			*arguments = methods[i].arguments;
			return true;
		}
	return false;
}

const char *gh_cedar_method_name(enum gh_cedar_expr_kind kind)
{
	for (size_t i = 0; i < GH_ARRAY_LEN(methods); i++)
		if (methods[i].kind == kind)
			return methods[i].name;
	return NULL;
}

bool gh_cedar_is_action_type(const struct gh_cedar_name *type)
{
	static const struct gh_slice last = GH_SLICE("Action");
	struct gh_slice text = gh_cedar_name_slice(type);

	if (text.len < last.len ||
	    !gh_slice_eq(gh_slice_sub(text, text.len - last.len, last.len), last))
		return false;
	return text.len == last.len || text.data[text.len - last.len - 1] == ':';
}

const struct gh_cedar_name *gh_cedar_policy_annotation(const struct gh_cedar_policy *policy,
                                                       const char *key)
{
	for (uint32_t i = 0; i < policy->annotation_count; i++)
		if (gh_slice_eq_str(gh_cedar_name_slice(policy->annotations[i].key), key))
			return policy->annotations[i].value;
	return NULL;
}

struct size {
	unsigned depth;
	uint64_t weight;
};

static void grow(struct size *size, const struct gh_cedar_expr *child)
{
	if (!child)
		return;
	if (child->depth > size->depth)
		size->depth = child->depth;
	size->weight += child->weight;
}

static gh_result new_node(struct gh_cedar_space *space, struct gh_cedar_span span,
                          enum gh_cedar_expr_kind kind, struct size below,
                          struct gh_cedar_expr **out)
{
	GH_ENSURE(below.weight < GH_CEDAR_MAX_WEIGHT, GH_E_LIMIT,
	          "the expression has more than %u nodes", GH_CEDAR_MAX_WEIGHT);
	GH_ENSURE(below.depth < GH_CEDAR_MAX_DEPTH, GH_E_LIMIT,
	          "the expression is deeper than %d operators", GH_CEDAR_MAX_DEPTH);
	struct gh_cedar_expr *expr = gh_arena_alloc(gh_cedar_space_arena(space), sizeof *expr);
	GH_ENSURE(expr, GH_E_LIMIT, "no memory for the policies");
	expr->kind = kind;
	expr->span = span;
	expr->depth = (uint16_t)(below.depth + 1);
	expr->weight = (uint32_t)(below.weight + 1);
	*out = expr;
	return GH_OK;
}

gh_result gh_cedar_build_literal(struct gh_cedar_space *space, struct gh_cedar_span span,
                                 struct gh_cedar_value value, const struct gh_cedar_expr **out)
{
	struct gh_cedar_expr *expr;

	GH_TRY(new_node(space, span, GH_CEDAR_EX_LITERAL, (struct size){ 0 }, &expr));
	expr->has_constant = true;
	expr->constant = value;
	*out = expr;
	return GH_OK;
}

gh_result gh_cedar_build_var(struct gh_cedar_space *space, struct gh_cedar_span span,
                             enum gh_cedar_var var, const struct gh_cedar_expr **out)
{
	struct gh_cedar_expr *expr;

	GH_TRY(new_node(space, span, GH_CEDAR_EX_VAR, (struct size){ 0 }, &expr));
	expr->var = var;
	*out = expr;
	return GH_OK;
}

gh_result gh_cedar_build_node(struct gh_cedar_space *space, struct gh_cedar_span span,
                              enum gh_cedar_expr_kind kind, const struct gh_cedar_expr *a,
                              const struct gh_cedar_expr *b, const struct gh_cedar_expr *c,
                              const struct gh_cedar_expr **out)
{
	struct gh_cedar_expr *expr;
	struct size below = { 0 };

	grow(&below, a);
	grow(&below, b);
	grow(&below, c);
	GH_TRY(new_node(space, span, kind, below, &expr));
	expr->a = a;
	expr->b = b;
	expr->c = c;
	*out = expr;
	return GH_OK;
}

gh_result gh_cedar_build_named(struct gh_cedar_space *space, struct gh_cedar_span span,
                               enum gh_cedar_expr_kind kind, const struct gh_cedar_expr *a,
                               const struct gh_cedar_name *name, const struct gh_cedar_expr *b,
                               const struct gh_cedar_expr **out)
{
	struct gh_cedar_expr *expr;
	struct size below = { 0 };

	grow(&below, a);
	grow(&below, b);
	GH_TRY(new_node(space, span, kind, below, &expr));
	expr->a = a;
	expr->b = b;
	expr->name = name;
	*out = expr;
	return GH_OK;
}

gh_result gh_cedar_build_has_path(struct gh_cedar_space *space, struct gh_cedar_span span,
                                  const struct gh_cedar_expr *a,
                                  const struct gh_cedar_name *const *names, size_t count,
                                  const struct gh_cedar_expr **out)
{
	const struct gh_cedar_expr *all = NULL, *at = a;

	for (size_t i = 0; i < count; i++) {
		const struct gh_cedar_expr *has;
		GH_TRY(
		    gh_cedar_build_named(space, span, GH_CEDAR_EX_HAS, at, names[i], NULL, &has));
		if (all)
			GH_TRY(gh_cedar_build_node(space, span, GH_CEDAR_EX_AND, all, has, NULL,
			                           &all));
		else
			all = has;
		if (i + 1 < count)
			GH_TRY(gh_cedar_build_named(space, span, GH_CEDAR_EX_GET, at, names[i],
			                            NULL, &at));
	}
	*out = all;
	return GH_OK;
}

gh_result gh_cedar_build_like(struct gh_cedar_space *space, struct gh_cedar_span span,
                              const struct gh_cedar_expr *a, const struct gh_cedar_pattern *pattern,
                              const struct gh_cedar_expr **out)
{
	struct gh_cedar_expr *expr;

	struct size below = { 0 };

	grow(&below, a);
	GH_TRY(new_node(space, span, GH_CEDAR_EX_LIKE, below, &expr));
	expr->a = a;
	expr->pattern = pattern;
	*out = expr;
	return GH_OK;
}

static gh_result fold_set(struct gh_cedar_space *space, struct gh_cedar_expr *expr)
{
	GH_CLEANUP(gh_free_ptr) struct gh_cedar_value *values = NULL;

	for (uint32_t i = 0; i < expr->count; i++)
		if (!expr->items[i]->has_constant)
			return GH_OK;
	values = calloc(expr->count + 1, sizeof *values);
	GH_ENSURE(values, GH_E_MEMORY, "no memory for a set");
	for (uint32_t i = 0; i < expr->count; i++)
		values[i] = expr->items[i]->constant;
	GH_TRY(gh_cedar_set_new(gh_cedar_space_arena(space), values, expr->count, &expr->constant));
	expr->has_constant = true;
	return GH_OK;
}

static gh_result fold_call(struct gh_cedar_space *space, struct gh_cedar_expr *expr)
{
	if (expr->count != 1 || !expr->items[0]->has_constant ||
	    expr->items[0]->constant.kind != GH_CEDAR_STRING)
		return GH_OK;
	struct gh_slice text = gh_cedar_name_slice(expr->items[0]->constant.string);
	struct gh_cedar_value *value = &expr->constant;
	if (expr->function == GH_CEDAR_FN_IP) {
		struct gh_cedar_ip parsed;
		if (!gh_cedar_parse_ip(text, &parsed))
			return GH_OK;
		struct gh_cedar_ip *ip = gh_arena_alloc(gh_cedar_space_arena(space), sizeof *ip);
		GH_ENSURE(ip, GH_E_LIMIT, "no memory for the policies");
		*ip = parsed;
		*value = (struct gh_cedar_value){ .kind = GH_CEDAR_IPADDR, .ip = ip };
		expr->has_constant = true;
	} else if (expr->function == GH_CEDAR_FN_DECIMAL) {
		value->kind = GH_CEDAR_DECIMAL;
		expr->has_constant = gh_cedar_parse_decimal(text, &value->number);
	} else if (expr->function == GH_CEDAR_FN_DATETIME) {
		value->kind = GH_CEDAR_DATETIME;
		expr->has_constant = gh_cedar_parse_datetime(text, &value->number);
	} else if (expr->function == GH_CEDAR_FN_DURATION) {
		value->kind = GH_CEDAR_DURATION;
		expr->has_constant = gh_cedar_parse_duration(text, &value->number);
	}
	return GH_OK;
}

static gh_result copy_array(struct gh_cedar_space *space, const void *from, size_t count, void *out)
{
	if (count == 0 || !from)
		return GH_OK;
	void **copy = gh_arena_alloc(gh_cedar_space_arena(space), count * sizeof *copy);
	GH_ENSURE(copy, GH_E_LIMIT, "no memory for the policies");
	memcpy(copy, from, count * sizeof *copy);
	memcpy(out, &copy, sizeof copy);
	return GH_OK;
}

gh_result gh_cedar_build_list(struct gh_cedar_space *space, struct gh_cedar_span span,
                              enum gh_cedar_expr_kind kind, enum gh_cedar_function function,
                              const struct gh_cedar_expr *const *items,
                              const struct gh_cedar_name *const *names, size_t count,
                              const struct gh_cedar_expr **out)
{
	struct gh_cedar_expr *expr;
	struct size below = { 0 };

	GH_ENSURE(kind != GH_CEDAR_EX_CALL || count || !gh_cedar_functions[function].method,
	          GH_E_FORMAT, "the method %s needs a value to be called on",
	          gh_cedar_functions[function].name);
	for (size_t i = 0; i < count; i++)
		grow(&below, items[i]);
	GH_TRY(new_node(space, span, kind, below, &expr));
	GH_TRY(copy_array(space, items, count, &expr->items));
	GH_TRY(copy_array(space, names, count, &expr->names));
	expr->count = (uint32_t)count;
	expr->function = function;
	if (kind == GH_CEDAR_EX_SET)
		GH_TRY(fold_set(space, expr));
	else if (kind == GH_CEDAR_EX_CALL)
		GH_TRY(fold_call(space, expr));
	*out = expr;
	return GH_OK;
}
