/* Operators. The grammar's levels are one function each, from `if` down to signs. Bracket nesting
 * is bounded and chains are loops, so the stack is bounded too. */
#include "policy/cedar/parse.h"

/* -5 is a literal, so that the smallest number can be written; -5.x and -(5) negate. */
static gh_result negated_number(struct gh_cedar_parser *parser, uint32_t start,
                                const struct gh_cedar_expr **out, bool *done)
{
	struct gh_cedar_token after;
	uint64_t digits;

	*done = false;
	if (parser->token.kind != GH_CEDAR_TOK_NUMBER)
		return GH_OK;
	GH_TRY(gh_cedar_lex(parser->source, parser->token.span.end, &after, parser->why));
	if (after.kind == GH_CEDAR_TOK_PUNCT && strchr(".[(", after.mark < 128 ? after.mark : ' '))
		return GH_OK;
	*done = true;
	GH_TRY(gh_cedar_parser_number(parser, (uint64_t)INT64_MAX + 1, &digits));
	return gh_cedar_parser_literal(parser, start, gh_cedar_long((int64_t)(0 - digits)), out);
}

static gh_result unary(struct gh_cedar_parser *parser, const struct gh_cedar_expr **out)
{
	int mark = gh_cedar_parser_at(parser, '!')   ? '!'
	           : gh_cedar_parser_at(parser, '-') ? '-'
	                                             : 0;
	uint32_t starts[4];
	int count = 0;
	bool is_literal = false;

	while (mark && gh_cedar_parser_at(parser, mark)) {
		if (count == 4)
			return gh_cedar_parser_fail(parser, parser->token.span,
			                            "at most four `%c` may stand together", mark);
		starts[count++] = parser->token.span.start;
		GH_TRY(gh_cedar_parser_next(parser));
	}
	if (mark == '-')
		GH_TRY(negated_number(parser, starts[count - 1], out, &is_literal));
	if (is_literal)
		count--;
	else
		GH_TRY(gh_cedar_parse_member(parser, out));
	while (count > 0)
		GH_TRY(gh_cedar_parser_node(parser, starts[--count],
		                            mark == '!' ? GH_CEDAR_EX_NOT : GH_CEDAR_EX_NEG, *out,
		                            NULL, out));
	return GH_OK;
}

static gh_result product(struct gh_cedar_parser *parser, const struct gh_cedar_expr **out)
{
	uint32_t start = parser->token.span.start;
	const struct gh_cedar_expr *right;

	GH_TRY(unary(parser, out));
	while (gh_cedar_parser_at(parser, '*')) {
		GH_TRY(gh_cedar_parser_next(parser));
		GH_TRY(unary(parser, &right));
		GH_TRY(gh_cedar_parser_node(parser, start, GH_CEDAR_EX_MUL, *out, right, out));
	}
	if (gh_cedar_parser_at(parser, '/') || gh_cedar_parser_at(parser, '%'))
		return gh_cedar_parser_fail(parser, parser->token.span,
		                            "Cedar has no division and no remainder");
	return GH_OK;
}

static gh_result sum(struct gh_cedar_parser *parser, const struct gh_cedar_expr **out)
{
	uint32_t start = parser->token.span.start;
	const struct gh_cedar_expr *right;

	GH_TRY(product(parser, out));
	for (;;) {
		bool minus = gh_cedar_parser_at(parser, '-');
		if (!minus && !gh_cedar_parser_at(parser, '+'))
			return GH_OK;
		GH_TRY(gh_cedar_parser_next(parser));
		GH_TRY(product(parser, &right));
		GH_TRY(gh_cedar_parser_node(
		    parser, start, minus ? GH_CEDAR_EX_SUB : GH_CEDAR_EX_ADD, *out, right, out));
	}
}

static gh_result has(struct gh_cedar_parser *parser, uint32_t start,
                     const struct gh_cedar_expr *left, const struct gh_cedar_expr **out)
{
	GH_CLEANUP(gh_cedar_items_free) struct gh_cedar_items path = { 0 };
	const struct gh_cedar_name *name;
	bool more = false;

	if (parser->token.kind == GH_CEDAR_TOK_STRING) {
		GH_TRY(gh_cedar_parser_string(parser, &name));
		GH_TRY(gh_cedar_items_add(&path, name, NULL));
	} else {
		do {
			GH_TRY(gh_cedar_parser_attribute(parser, &name));
			GH_TRY(gh_cedar_items_add(&path, name, NULL));
			GH_TRY(gh_cedar_parser_take(parser, '.', &more));
		} while (more);
	}
	struct gh_cedar_span span = gh_cedar_parser_since(parser, start);
	return gh_cedar_parser_built(
	    parser, span,
	    gh_cedar_build_has_path(parser->space, span, left, path.names, path.count, out));
}

static gh_result like(struct gh_cedar_parser *parser, uint32_t start,
                      const struct gh_cedar_expr *left, const struct gh_cedar_expr **out)
{
	struct gh_cedar_span token = parser->token.span;

	if (parser->token.kind != GH_CEDAR_TOK_STRING)
		return gh_cedar_parser_unexpected(parser, "a quoted pattern");
	struct gh_slice inside =
	    gh_slice_sub(parser->source, token.start + 1, token.end - token.start - 2);
	struct gh_cedar_pattern *pattern =
	    gh_arena_alloc(gh_cedar_space_arena(parser->space),
	                   sizeof *pattern + inside.len * sizeof pattern->chars[0]);
	GH_ENSURE(pattern, GH_E_LIMIT, "no memory for the policies");
	for (size_t at = 0; at < inside.len;) {
		struct gh_cedar_char c;
		size_t from = at;
		const char *fault = gh_cedar_unescape(inside, &at, &c);
		if (fault)
			return gh_cedar_parser_fail(
			    parser,
			    (struct gh_cedar_span){ token.start + 1 + (uint32_t)from,
			                            token.start + 1 + (uint32_t)at },
			    "%s", fault);
		bool wildcard = c.scalar == '*' && inside.data[from] == '*';
		pattern->chars[pattern->count++] = wildcard ? GH_CEDAR_WILDCARD : c.scalar;
	}
	GH_TRY(gh_cedar_parser_next(parser));
	struct gh_cedar_span span = gh_cedar_parser_since(parser, start);
	return gh_cedar_parser_built(parser, span,
	                             gh_cedar_build_like(parser->space, span, left, pattern, out));
}

static gh_result is(struct gh_cedar_parser *parser, uint32_t start,
                    const struct gh_cedar_expr *left, const struct gh_cedar_expr **out)
{
	const struct gh_cedar_name *type;
	const struct gh_cedar_expr *in = NULL;

	GH_TRY(gh_cedar_parser_path(parser, "an entity type", &type, NULL));
	if (gh_cedar_parser_at_word(parser, "in")) {
		GH_TRY(gh_cedar_parser_next(parser));
		GH_TRY(sum(parser, &in));
	}
	struct gh_cedar_span span = gh_cedar_parser_since(parser, start);
	return gh_cedar_parser_built(
	    parser, span,
	    gh_cedar_build_named(parser->space, span, GH_CEDAR_EX_IS, left, type, in, out));
}

static const struct {
	int mark;
	const char *word;
	enum gh_cedar_expr_kind kind;
} relations[] = {
	{ GH_CEDAR_MARK_EQ, NULL, GH_CEDAR_EX_EQ },
	{ GH_CEDAR_MARK_NE, NULL, GH_CEDAR_EX_NE },
	{ GH_CEDAR_MARK_LE, NULL, GH_CEDAR_EX_LE },
	{ GH_CEDAR_MARK_GE, NULL, GH_CEDAR_EX_GE },
	{ '<', NULL, GH_CEDAR_EX_LT },
	{ '>', NULL, GH_CEDAR_EX_GT },
	{ 0, "in", GH_CEDAR_EX_IN },
	{ 0, "has", GH_CEDAR_EX_HAS },
	{ 0, "like", GH_CEDAR_EX_LIKE },
	{ 0, "is", GH_CEDAR_EX_IS },
};

static size_t relation_at(const struct gh_cedar_parser *parser)
{
	size_t i = 0;

	while (i < GH_ARRAY_LEN(relations) &&
	       !(relations[i].word ? gh_cedar_parser_at_word(parser, relations[i].word)
	                           : gh_cedar_parser_at(parser, relations[i].mark)))
		i++;
	return i;
}

static gh_result relation(struct gh_cedar_parser *parser, const struct gh_cedar_expr **out)
{
	uint32_t start = parser->token.span.start;
	const struct gh_cedar_expr *left, *right;

	GH_TRY(sum(parser, &left));
	*out = left;
	if (gh_cedar_parser_at(parser, '='))
		return gh_cedar_parser_fail(parser, parser->token.span,
		                            "`=` is no operator; equality is `==`");
	size_t which = relation_at(parser);
	if (which == GH_ARRAY_LEN(relations))
		return GH_OK;
	GH_TRY(gh_cedar_parser_next(parser));
	switch (relations[which].kind) {
	case GH_CEDAR_EX_HAS: GH_TRY(has(parser, start, left, out)); break;
	case GH_CEDAR_EX_LIKE: GH_TRY(like(parser, start, left, out)); break;
	case GH_CEDAR_EX_IS: GH_TRY(is(parser, start, left, out)); break;
	default:
		GH_TRY(sum(parser, &right));
		GH_TRY(
		    gh_cedar_parser_node(parser, start, relations[which].kind, left, right, out));
	}
	if (relation_at(parser) != GH_ARRAY_LEN(relations))
		return gh_cedar_parser_fail(parser, parser->token.span,
		                            "comparisons do not chain; use parentheses");
	return GH_OK;
}

static gh_result conjunction(struct gh_cedar_parser *parser, const struct gh_cedar_expr **out)
{
	uint32_t start = parser->token.span.start;
	const struct gh_cedar_expr *right;

	GH_TRY(relation(parser, out));
	while (gh_cedar_parser_at(parser, GH_CEDAR_MARK_AND)) {
		GH_TRY(gh_cedar_parser_next(parser));
		GH_TRY(relation(parser, &right));
		GH_TRY(gh_cedar_parser_node(parser, start, GH_CEDAR_EX_AND, *out, right, out));
	}
	return GH_OK;
}

static gh_result condition(struct gh_cedar_parser *parser, const struct gh_cedar_expr **out)
{
	uint32_t start = parser->token.span.start;
	const struct gh_cedar_expr *parts[3];
	static const char *const words[] = { "if", "then", "else" };

	for (size_t i = 0; i < GH_ARRAY_LEN(words); i++) {
		if (!gh_cedar_parser_at_word(parser, words[i]))
			return gh_cedar_parser_unexpected(parser, i == 1 ? "`then`" : "`else`");
		GH_TRY(gh_cedar_parser_next(parser));
		GH_TRY(gh_cedar_parser_deeper(parser));
		GH_TRY(gh_cedar_parse_expr(parser, &parts[i]));
		parser->nesting--;
	}
	struct gh_cedar_span span = gh_cedar_parser_since(parser, start);
	return gh_cedar_parser_built(parser, span,
	                             gh_cedar_build_node(parser->space, span, GH_CEDAR_EX_IF,
	                                                 parts[0], parts[1], parts[2], out));
}

gh_result gh_cedar_parse_expr(struct gh_cedar_parser *parser, const struct gh_cedar_expr **out)
{
	uint32_t start = parser->token.span.start;
	const struct gh_cedar_expr *right;

	if (gh_cedar_parser_at_word(parser, "if"))
		return condition(parser, out);
	GH_TRY(conjunction(parser, out));
	while (gh_cedar_parser_at(parser, GH_CEDAR_MARK_OR)) {
		GH_TRY(gh_cedar_parser_next(parser));
		GH_TRY(conjunction(parser, &right));
		GH_TRY(gh_cedar_parser_node(parser, start, GH_CEDAR_EX_OR, *out, right, out));
	}
	return GH_OK;
}
