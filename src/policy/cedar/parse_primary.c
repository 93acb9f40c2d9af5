/* The innermost level of expressions: literals, names, brackets, and what may follow a value. What
 * the official parser refuses only after parsing (a name that is no variable, an index that is no
 * literal) is refused here where it stands. */
#include "policy/cedar/parse.h"

#include <stdlib.h>

void gh_cedar_items_free(struct gh_cedar_items *items)
{
	free(items->exprs);
	free(items->names);
}

gh_result gh_cedar_items_add(struct gh_cedar_items *items, const struct gh_cedar_name *name,
                             const struct gh_cedar_expr *expr)
{
	if (items->count == items->capacity) {
		size_t capacity = items->capacity ? items->capacity * 2 : 8;
		void *exprs = reallocarray(items->exprs, capacity, sizeof *items->exprs);
		GH_ENSURE(exprs, GH_E_MEMORY, "no memory for the policies");
		items->exprs = exprs;
		void *names = reallocarray(items->names, capacity, sizeof *items->names);
		GH_ENSURE(names, GH_E_MEMORY, "no memory for the policies");
		items->names = names;
		items->capacity = capacity;
	}
	items->exprs[items->count] = expr;
	items->names[items->count++] = name;
	return GH_OK;
}

/* From `start` to the end of what was read last. */
struct gh_cedar_span gh_cedar_parser_since(const struct gh_cedar_parser *parser, uint32_t start)
{
	return (struct gh_cedar_span){ start, parser->last_end };
}

/* A limit met while building is shown where the node stands. */
enum gh_code gh_cedar_parser_built(struct gh_cedar_parser *parser, struct gh_cedar_span span,
                                   enum gh_code code)
{
	if (code != GH_OK)
		gh_cedar_diagnose(parser->why, parser->source, span, "%s", gh_last_error()->text);
	return code;
}

gh_result gh_cedar_parser_node(struct gh_cedar_parser *parser, uint32_t start,
                               enum gh_cedar_expr_kind kind, const struct gh_cedar_expr *a,
                               const struct gh_cedar_expr *b, const struct gh_cedar_expr **out)
{
	struct gh_cedar_span span = gh_cedar_parser_since(parser, start);

	return gh_cedar_parser_built(
	    parser, span, gh_cedar_build_node(parser->space, span, kind, a, b, NULL, out));
}

gh_result gh_cedar_parser_literal(struct gh_cedar_parser *parser, uint32_t start,
                                  struct gh_cedar_value value, const struct gh_cedar_expr **out)
{
	struct gh_cedar_span span = gh_cedar_parser_since(parser, start);

	return gh_cedar_parser_built(parser, span,
	                             gh_cedar_build_literal(parser->space, span, value, out));
}

/* An attribute name: an identifier that is not reserved. */
gh_result gh_cedar_parser_attribute(struct gh_cedar_parser *parser,
                                    const struct gh_cedar_name **out)
{
	struct gh_slice word = gh_cedar_parser_text(parser);

	if (parser->token.kind != GH_CEDAR_TOK_IDENT)
		return gh_cedar_parser_unexpected(parser, "an attribute name");
	if (gh_cedar_is_reserved(word))
		return gh_cedar_parser_fail(parser, parser->token.span,
		                            "`%.*s` is reserved; write it as a quoted string",
		                            GH_SLICE_ARG(word));
	*out = gh_cedar_intern(parser->space, word);
	GH_ENSURE(*out, GH_E_LIMIT, "no memory for the policies");
	return gh_cedar_parser_next(parser);
}

/* Expressions up to `close`, with commas, a trailing one allowed. Reads the closing mark. */
static gh_result list(struct gh_cedar_parser *parser, int close, const char *what,
                      struct gh_cedar_items *items)
{
	bool more = true;

	GH_TRY(gh_cedar_parser_deeper(parser));
	while (more && !gh_cedar_parser_at(parser, close)) {
		const struct gh_cedar_expr *expr;
		GH_TRY(gh_cedar_parse_expr(parser, &expr));
		GH_TRY(gh_cedar_items_add(items, NULL, expr));
		GH_TRY(gh_cedar_parser_take(parser, ',', &more));
	}
	parser->nesting--;
	return gh_cedar_parser_expect(parser, close, what);
}

static gh_result call(struct gh_cedar_parser *parser, uint32_t start,
                      enum gh_cedar_function function, const struct gh_cedar_items *items,
                      const struct gh_cedar_expr **out)
{
	struct gh_cedar_span span = gh_cedar_parser_since(parser, start);

	return gh_cedar_parser_built(parser, span,
	                             gh_cedar_build_list(parser->space, span, GH_CEDAR_EX_CALL,
	                                                 function, items->exprs, NULL, items->count,
	                                                 out));
}

static gh_result function_call(struct gh_cedar_parser *parser, uint32_t start,
                               const struct gh_cedar_name *name, const struct gh_cedar_expr **out)
{
	GH_CLEANUP(gh_cedar_items_free) struct gh_cedar_items items = { 0 };
	struct gh_cedar_span at = gh_cedar_parser_since(parser, start);
	struct gh_slice text = gh_cedar_name_slice(name);
	enum gh_cedar_function function = gh_cedar_find_function(text, false);
	enum gh_cedar_expr_kind kind;
	size_t arguments;

	if (function == GH_CEDAR_FN_COUNT) {
		bool method = gh_cedar_find_function(text, true) != GH_CEDAR_FN_COUNT ||
		              gh_cedar_find_method(text, &kind, &arguments);
		return gh_cedar_parser_fail(parser, at,
		                            method ? "`%.*s` is a method; write it after a value, "
		                                     "as in a.%.*s(…)"
		                                   : "there is no function `%.*s`%.*s",
		                            GH_SLICE_ARG(text), method ? (int)text.len : 0,
		                            (const char *)text.data);
	}
	GH_TRY(gh_cedar_parser_next(parser));
	GH_TRY(list(parser, ')', "`,` or `)`", &items));
	return call(parser, start, function, &items, out);
}

static gh_result method_call(struct gh_cedar_parser *parser, uint32_t start,
                             struct gh_cedar_span name_span, const struct gh_cedar_name *name,
                             const struct gh_cedar_expr *receiver, const struct gh_cedar_expr **out)
{
	GH_CLEANUP(gh_cedar_items_free) struct gh_cedar_items items = { 0 };
	struct gh_slice text = gh_cedar_name_slice(name);
	enum gh_cedar_function function = gh_cedar_find_function(text, true);
	enum gh_cedar_expr_kind kind;
	size_t arguments;

	GH_TRY(gh_cedar_parser_next(parser));
	GH_TRY(gh_cedar_items_add(&items, NULL, receiver));
	GH_TRY(list(parser, ')', "`,` or `)`", &items));
	if (gh_cedar_find_method(text, &kind, &arguments)) {
		if (items.count != arguments + 1)
			return gh_cedar_parser_fail(parser, name_span,
			                            "`%.*s` takes %zu argument%s, not %zu",
			                            GH_SLICE_ARG(text), arguments,
			                            arguments == 1 ? "" : "s", items.count - 1);
		return gh_cedar_parser_node(parser, start, kind, receiver,
		                            arguments ? items.exprs[1] : NULL, out);
	}
	if (function == GH_CEDAR_FN_COUNT)
		return gh_cedar_parser_fail(parser, name_span, "there is no method `%.*s`",
		                            GH_SLICE_ARG(text));
	return call(parser, start, function, &items, out);
}

static gh_result get(struct gh_cedar_parser *parser, uint32_t start,
                     const struct gh_cedar_expr *receiver, const struct gh_cedar_name *name,
                     const struct gh_cedar_expr **out)
{
	struct gh_cedar_span span = gh_cedar_parser_since(parser, start);

	return gh_cedar_parser_built(
	    parser, span,
	    gh_cedar_build_named(parser->space, span, GH_CEDAR_EX_GET, receiver, name, NULL, out));
}

/* What may follow a value: .name, .method(…), ["name"]. */
static gh_result accesses(struct gh_cedar_parser *parser, uint32_t start,
                          const struct gh_cedar_expr *value, const struct gh_cedar_expr **out)
{
	const struct gh_cedar_name *name;

	for (;;) {
		if (gh_cedar_parser_at(parser, '.')) {
			GH_TRY(gh_cedar_parser_next(parser));
			struct gh_cedar_span at = parser->token.span;
			GH_TRY(gh_cedar_parser_attribute(parser, &name));
			if (gh_cedar_parser_at(parser, '('))
				GH_TRY(method_call(parser, start, at, name, value, &value));
			else
				GH_TRY(get(parser, start, value, name, &value));
		} else if (gh_cedar_parser_at(parser, '[')) {
			GH_TRY(gh_cedar_parser_next(parser));
			if (parser->token.kind != GH_CEDAR_TOK_STRING)
				return gh_cedar_parser_unexpected(parser,
				                                  "a quoted attribute name");
			GH_TRY(gh_cedar_parser_string(parser, &name));
			GH_TRY(gh_cedar_parser_expect(parser, ']', "`]`"));
			GH_TRY(get(parser, start, value, name, &value));
		} else if (gh_cedar_parser_at(parser, '(')) {
			return gh_cedar_parser_fail(parser, parser->token.span,
			                            "only functions and methods can be called");
		} else {
			*out = value;
			return GH_OK;
		}
	}
}

static gh_result record_key(struct gh_cedar_parser *parser, const struct gh_cedar_name **out)
{
	if (parser->token.kind == GH_CEDAR_TOK_STRING)
		return gh_cedar_parser_string(parser, out);
	return gh_cedar_parser_attribute(parser, out);
}

static int by_pointer(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t) * (const void *const *)a,
	          y = (uintptr_t) * (const void *const *)b;

	return x < y ? -1 : x > y;
}

static gh_result refuse_double_keys(struct gh_cedar_parser *parser, uint32_t start,
                                    const struct gh_cedar_items *items)
{
	GH_CLEANUP(gh_free_ptr) const struct gh_cedar_name **sorted = NULL;

	if (items->count < 2)
		return GH_OK;
	sorted = calloc(items->count, sizeof *sorted);
	GH_ENSURE(sorted, GH_E_MEMORY, "no memory for the policies");
	memcpy(sorted, items->names, items->count * sizeof *sorted);
	qsort(sorted, items->count, sizeof *sorted, by_pointer);
	for (size_t i = 1; i < items->count; i++)
		if (sorted[i] == sorted[i - 1])
			return gh_cedar_parser_fail(parser, gh_cedar_parser_since(parser, start),
			                            "this record gives `%.60s` twice",
			                            sorted[i]->text);
	return GH_OK;
}

static gh_result record(struct gh_cedar_parser *parser, const struct gh_cedar_expr **out)
{
	GH_CLEANUP(gh_cedar_items_free) struct gh_cedar_items items = { 0 };
	uint32_t start = parser->token.span.start;
	bool more = true;

	GH_TRY(gh_cedar_parser_next(parser));
	GH_TRY(gh_cedar_parser_deeper(parser));
	while (more && !gh_cedar_parser_at(parser, '}')) {
		const struct gh_cedar_name *name;
		const struct gh_cedar_expr *expr;
		GH_TRY(record_key(parser, &name));
		GH_TRY(gh_cedar_parser_expect(parser, ':', "`:`"));
		GH_TRY(gh_cedar_parse_expr(parser, &expr));
		GH_TRY(gh_cedar_items_add(&items, name, expr));
		GH_TRY(gh_cedar_parser_take(parser, ',', &more));
	}
	parser->nesting--;
	GH_TRY(gh_cedar_parser_expect(parser, '}', "`,` or `}`"));
	GH_TRY(refuse_double_keys(parser, start, &items));
	struct gh_cedar_span span = gh_cedar_parser_since(parser, start);
	return gh_cedar_parser_built(parser, span,
	                             gh_cedar_build_list(parser->space, span, GH_CEDAR_EX_RECORD, 0,
	                                                 items.exprs, items.names, items.count,
	                                                 out));
}

static gh_result set(struct gh_cedar_parser *parser, const struct gh_cedar_expr **out)
{
	GH_CLEANUP(gh_cedar_items_free) struct gh_cedar_items items = { 0 };
	uint32_t start = parser->token.span.start;

	GH_TRY(gh_cedar_parser_next(parser));
	GH_TRY(list(parser, ']', "`,` or `]`", &items));
	struct gh_cedar_span span = gh_cedar_parser_since(parser, start);
	return gh_cedar_parser_built(parser, span,
	                             gh_cedar_build_list(parser->space, span, GH_CEDAR_EX_SET, 0,
	                                                 items.exprs, NULL, items.count, out));
}

/* A name: a variable, an entity, or a function that is called. */
static gh_result named(struct gh_cedar_parser *parser, const struct gh_cedar_expr **out)
{
	static const char *const vars[] = { "principal", "action", "resource", "context" };
	uint32_t start = parser->token.span.start;
	const struct gh_cedar_name *name, *id;
	bool uid_follows;

	GH_TRY(gh_cedar_parser_path(parser, "an expression", &name, &uid_follows));
	if (uid_follows) {
		GH_TRY(gh_cedar_parser_string(parser, &id));
		const struct gh_cedar_uid *uid = gh_cedar_intern_uid(parser->space, name, id);
		GH_ENSURE(uid, GH_E_LIMIT, "no memory for the policies");
		return gh_cedar_parser_literal(parser, start, gh_cedar_entity(uid), out);
	}
	for (size_t i = 0; i < GH_ARRAY_LEN(vars); i++)
		if (gh_slice_eq_str(gh_cedar_name_slice(name), vars[i])) {
			struct gh_cedar_span span = gh_cedar_parser_since(parser, start);
			return gh_cedar_parser_built(
			    parser, span,
			    gh_cedar_build_var(parser->space, span, (enum gh_cedar_var)i, out));
		}
	if (gh_cedar_parser_at(parser, '('))
		return function_call(parser, start, name, out);
	return gh_cedar_parser_fail(parser, gh_cedar_parser_since(parser, start),
	                            "`%.60s` is no variable; there are principal, action, resource "
	                            "and context, and entities such as User::\"alice\"",
	                            name->text);
}

/* Digits as u64; leading zeros are allowed. */
static bool digits_to_u64(struct gh_slice text, uint64_t *out)
{
	uint64_t value = 0;

	for (size_t i = 0; i < text.len; i++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(text.data[i] - '0'), &value))
			return false;
	*out = value;
	return true;
}

gh_result gh_cedar_parser_number(struct gh_cedar_parser *parser, uint64_t most, uint64_t *out)
{
	if (!digits_to_u64(gh_cedar_parser_text(parser), out) || *out > most)
		return gh_cedar_parser_fail(parser, parser->token.span,
		                            "this number does not fit in 64 bits");
	return gh_cedar_parser_next(parser);
}

static gh_result primary(struct gh_cedar_parser *parser, const struct gh_cedar_expr **out)
{
	uint32_t start = parser->token.span.start;
	const struct gh_cedar_name *string;
	uint64_t digits;

	switch (parser->token.kind) {
	case GH_CEDAR_TOK_NUMBER:
		GH_TRY(gh_cedar_parser_number(parser, INT64_MAX, &digits));
		return gh_cedar_parser_literal(parser, start, gh_cedar_long((int64_t)digits), out);
	case GH_CEDAR_TOK_STRING:
		GH_TRY(gh_cedar_parser_string(parser, &string));
		return gh_cedar_parser_literal(parser, start, gh_cedar_string(string), out);
	case GH_CEDAR_TOK_SLOT:
		return gh_cedar_parser_fail(parser, parser->token.span,
		                            "a slot may stand in the scope of a template only");
	case GH_CEDAR_TOK_IDENT:
		for (int truth = 0; truth < 2; truth++)
			if (gh_cedar_parser_at_word(parser, truth ? "true" : "false")) {
				GH_TRY(gh_cedar_parser_next(parser));
				return gh_cedar_parser_literal(parser, start, gh_cedar_bool(truth),
				                               out);
			}
		return named(parser, out);
	default: break;
	}
	if (gh_cedar_parser_at(parser, '['))
		return set(parser, out);
	if (gh_cedar_parser_at(parser, '{'))
		return record(parser, out);
	if (!gh_cedar_parser_at(parser, '('))
		return gh_cedar_parser_unexpected(parser, "an expression");
	GH_TRY(gh_cedar_parser_next(parser));
	GH_TRY(gh_cedar_parser_deeper(parser));
	GH_TRY(gh_cedar_parse_expr(parser, out));
	parser->nesting--;
	return gh_cedar_parser_expect(parser, ')', "`)`");
}

gh_result gh_cedar_parse_member(struct gh_cedar_parser *parser, const struct gh_cedar_expr **out)
{
	uint32_t start = parser->token.span.start;
	const struct gh_cedar_expr *value;

	GH_TRY(primary(parser, &value));
	return accesses(parser, start, value, out);
}
