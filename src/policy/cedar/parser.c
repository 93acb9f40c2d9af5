/* The parser's hands: reading tokens, names and strings, and saying what was expected. */
#include "policy/cedar/parse.h"

#include <stdio.h>

#include "policy/cedar/entities.h"

gh_result gh_cedar_parser_start(struct gh_cedar_parser *parser, struct gh_cedar_space *space,
                                struct gh_slice source, struct gh_cedar_diagnostic *why)
{
	*parser = (struct gh_cedar_parser){ .space = space, .source = source, .why = why };
	return gh_cedar_lex(source, 0, &parser->token, why);
}

gh_result gh_cedar_parser_next(struct gh_cedar_parser *parser)
{
	parser->last_end = parser->token.span.end;
	return gh_cedar_lex(parser->source, parser->token.span.end, &parser->token, parser->why);
}

bool gh_cedar_parser_at(const struct gh_cedar_parser *parser, int mark)
{
	return parser->token.kind == GH_CEDAR_TOK_PUNCT && parser->token.mark == mark;
}

struct gh_slice gh_cedar_parser_text(const struct gh_cedar_parser *parser)
{
	struct gh_cedar_span span = parser->token.span;

	return gh_slice_sub(parser->source, span.start, span.end - span.start);
}

bool gh_cedar_parser_at_word(const struct gh_cedar_parser *parser, const char *word)
{
	return parser->token.kind == GH_CEDAR_TOK_IDENT &&
	       gh_slice_eq_str(gh_cedar_parser_text(parser), word);
}

enum gh_code gh_cedar_parser_fail(struct gh_cedar_parser *parser, struct gh_cedar_span span,
                                  const char *format, ...)
{
	char text[sizeof((struct gh_cedar_diagnostic *)0)->text];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	gh_cedar_diagnose(parser->why, parser->source, span, "%s", text);
	return gh_fail(GH_E_FORMAT, "policy text: %.150s", text);
}

/* The text of the token, cut, with a mark when it was longer. */
enum gh_code gh_cedar_parser_unexpected(struct gh_cedar_parser *parser, const char *what)
{
	struct gh_slice text = gh_cedar_parser_text(parser);
	size_t shown = text.len <= 40 ? text.len : 40;

	if (parser->token.kind == GH_CEDAR_TOK_END)
		return gh_cedar_parser_fail(parser, parser->token.span,
		                            "expected %s, found the end of the text", what);
	while (shown < text.len && shown > 0 && (text.data[shown] & 0xc0) == 0x80)
		shown--;
	return gh_cedar_parser_fail(parser, parser->token.span, "expected %s, found `%.*s%s`", what,
	                            (int)shown, (const char *)text.data,
	                            shown < text.len ? "…" : "");
}

gh_result gh_cedar_parser_take(struct gh_cedar_parser *parser, int mark, bool *taken)
{
	*taken = gh_cedar_parser_at(parser, mark);
	return *taken ? gh_cedar_parser_next(parser) : GH_OK;
}

gh_result gh_cedar_parser_expect(struct gh_cedar_parser *parser, int mark, const char *what)
{
	if (!gh_cedar_parser_at(parser, mark))
		return gh_cedar_parser_unexpected(parser, what);
	return gh_cedar_parser_next(parser);
}

gh_result gh_cedar_parser_deeper(struct gh_cedar_parser *parser)
{
	if (++parser->nesting <= GH_CEDAR_MAX_NESTING)
		return GH_OK;
	(void)gh_cedar_parser_fail(parser, parser->token.span, "nested deeper than %d levels",
	                           GH_CEDAR_MAX_NESTING);
	return gh_fail(GH_E_LIMIT, "policy text is nested deeper than %d", GH_CEDAR_MAX_NESTING);
}

static gh_result intern(struct gh_cedar_parser *parser, struct gh_slice text,
                        const struct gh_cedar_name **out)
{
	*out = gh_cedar_intern(parser->space, text);
	if (*out)
		return GH_OK;
	(void)gh_cedar_parser_fail(parser, parser->token.span, "the policies need too much memory");
	return gh_fail(GH_E_LIMIT, "no memory for the policies");
}

gh_result gh_cedar_parser_string(struct gh_cedar_parser *parser, const struct gh_cedar_name **out)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf text = { 0 };

	GH_TRY(gh_cedar_unescape_string(parser->source, parser->token.span, &text, parser->why));
	GH_TRY(intern(parser, gh_buf_slice(&text), out));
	return gh_cedar_parser_next(parser);
}

gh_result gh_cedar_parser_any_ident(struct gh_cedar_parser *parser, const char *what,
                                    struct gh_slice *out)
{
	if (parser->token.kind != GH_CEDAR_TOK_IDENT)
		return gh_cedar_parser_unexpected(parser, what);
	*out = gh_cedar_parser_text(parser);
	return gh_cedar_parser_next(parser);
}

static gh_result path_word(struct gh_cedar_parser *parser, const char *what, struct gh_buf *into)
{
	struct gh_slice word = gh_cedar_parser_text(parser);

	if (parser->token.kind != GH_CEDAR_TOK_IDENT)
		return gh_cedar_parser_unexpected(parser, what);
	if (gh_cedar_is_reserved(word))
		return gh_cedar_parser_fail(parser, parser->token.span,
		                            "`%.*s` is reserved and cannot be part of a name",
		                            GH_SLICE_ARG(word));
	gh_buf_add_slice(into, word);
	return gh_cedar_parser_next(parser);
}

gh_result gh_cedar_parser_path(struct gh_cedar_parser *parser, const char *what,
                               const struct gh_cedar_name **out, bool *uid_follows)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf text = { 0 };
	bool more;

	GH_TRY(path_word(parser, what, &text));
	GH_TRY(gh_cedar_parser_take(parser, GH_CEDAR_MARK_PATH, &more));
	while (more && !(uid_follows && parser->token.kind == GH_CEDAR_TOK_STRING)) {
		gh_buf_add_str(&text, "::");
		GH_TRY(path_word(parser, uid_follows ? "a name or a quoted id" : "a name", &text));
		GH_TRY(gh_cedar_parser_take(parser, GH_CEDAR_MARK_PATH, &more));
	}
	if (uid_follows)
		*uid_follows = more;
	GH_TRY(gh_buf_check(&text));
	return intern(parser, gh_buf_slice(&text), out);
}

gh_result gh_cedar_parser_uid(struct gh_cedar_parser *parser, const struct gh_cedar_uid **out)
{
	const struct gh_cedar_name *type, *id;
	bool uid_follows;

	GH_TRY(
	    gh_cedar_parser_path(parser, "an entity such as User::\"alice\"", &type, &uid_follows));
	if (!uid_follows)
		return gh_cedar_parser_unexpected(parser, "`::` and a quoted id");
	GH_TRY(gh_cedar_parser_string(parser, &id));
	*out = gh_cedar_intern_uid(parser->space, type, id);
	GH_ENSURE(*out, GH_E_LIMIT, "no memory for the policies");
	return GH_OK;
}

gh_result gh_cedar_uid_parse(struct gh_cedar_space *space, struct gh_slice text,
                             const struct gh_cedar_uid **out, struct gh_cedar_diagnostic *why)
{
	struct gh_cedar_diagnostic local;
	struct gh_cedar_parser parser;

	if (!why)
		why = &local;
	GH_TRY(gh_cedar_check_source(text, why));
	GH_TRY(gh_cedar_parser_start(&parser, space, text, why));
	GH_TRY(gh_cedar_parser_uid(&parser, out));
	return parser.token.kind == GH_CEDAR_TOK_END
	           ? GH_OK
	           : gh_cedar_parser_unexpected(&parser, "nothing more");
}
