/* parse.h: the recursive-descent parser, inside the engine only. parse.c reads expressions,
 * parse_policy.c reads what stands around them. */
#ifndef GH_POLICY_CEDAR_PARSE_H
#define GH_POLICY_CEDAR_PARSE_H

#include "policy/cedar/build.h"
#include "policy/cedar/lex.h"

struct gh_cedar_parser {
	struct gh_cedar_space *space;
	struct gh_slice source;
	struct gh_cedar_token token; /* the one to be read next */
	uint32_t last_end;           /* end of the token read last */
	unsigned nesting;
	struct gh_cedar_diagnostic *why;
};

/* Lexes the first token. */
gh_result gh_cedar_parser_start(struct gh_cedar_parser *parser, struct gh_cedar_space *space,
                                struct gh_slice source, struct gh_cedar_diagnostic *why);
gh_result gh_cedar_parser_next(struct gh_cedar_parser *parser);
bool gh_cedar_parser_at(const struct gh_cedar_parser *parser, int mark);
bool gh_cedar_parser_at_word(const struct gh_cedar_parser *parser, const char *word);
struct gh_slice gh_cedar_parser_text(const struct gh_cedar_parser *parser); /* of the token */
/* Reads the mark when it stands there; *taken says whether it did. */
gh_result gh_cedar_parser_take(struct gh_cedar_parser *parser, int mark, bool *taken);
gh_result gh_cedar_parser_expect(struct gh_cedar_parser *parser, int mark, const char *what);
/* "expected <what>, found <token>", at the token. */
enum gh_code gh_cedar_parser_unexpected(struct gh_cedar_parser *parser, const char *what);
enum gh_code gh_cedar_parser_fail(struct gh_cedar_parser *parser, struct gh_cedar_span span,
                                  const char *format, ...) __attribute__((format(printf, 3, 4)));
/* One level of brackets deeper, refused beyond the limit. The caller counts back. */
gh_result gh_cedar_parser_deeper(struct gh_cedar_parser *parser);

/* The token is a string: its value, interned. Reads it. */
gh_result gh_cedar_parser_string(struct gh_cedar_parser *parser, const struct gh_cedar_name **out);
/* Any identifier, reserved or not (annotation keys). Reads it. */
gh_result gh_cedar_parser_any_ident(struct gh_cedar_parser *parser, const char *what,
                                    struct gh_slice *out);
/* A::B, none reserved; stops before a "::" that a string follows, and says so in *uid_follows
 * (NULL: then it is an error). */
gh_result gh_cedar_parser_path(struct gh_cedar_parser *parser, const char *what,
                               const struct gh_cedar_name **out, bool *uid_follows);
/* A::"id". */
gh_result gh_cedar_parser_uid(struct gh_cedar_parser *parser, const struct gh_cedar_uid **out);

/* Growing arrays of what stands between brackets. */
struct gh_cedar_items {
	const struct gh_cedar_expr **exprs;
	const struct gh_cedar_name **names;
	size_t count;
	size_t capacity;
};
void gh_cedar_items_free(struct gh_cedar_items *items);
gh_result gh_cedar_items_add(struct gh_cedar_items *items, const struct gh_cedar_name *name,
                             const struct gh_cedar_expr *expr);

/* From `start` to the end of what was read last. */
struct gh_cedar_span gh_cedar_parser_since(const struct gh_cedar_parser *parser, uint32_t start);
/* A limit met while building is shown where the node stands. Returns `code`. */
enum gh_code gh_cedar_parser_built(struct gh_cedar_parser *parser, struct gh_cedar_span span,
                                   enum gh_code code);
gh_result gh_cedar_parser_node(struct gh_cedar_parser *parser, uint32_t start,
                               enum gh_cedar_expr_kind kind, const struct gh_cedar_expr *a,
                               const struct gh_cedar_expr *b, const struct gh_cedar_expr **out);
gh_result gh_cedar_parser_literal(struct gh_cedar_parser *parser, uint32_t start,
                                  struct gh_cedar_value value, const struct gh_cedar_expr **out);
/* Reads a number token of at most `most`. */
gh_result gh_cedar_parser_number(struct gh_cedar_parser *parser, uint64_t most, uint64_t *out);
/* Reads an attribute name: an identifier that is not reserved. */
gh_result gh_cedar_parser_attribute(struct gh_cedar_parser *parser,
                                    const struct gh_cedar_name **out);

/* A value and what follows it: .name, .method(…), ["name"]. */
gh_result gh_cedar_parse_member(struct gh_cedar_parser *parser, const struct gh_cedar_expr **out);
gh_result gh_cedar_parse_expr(struct gh_cedar_parser *parser, const struct gh_cedar_expr **out);

/* A list of policies that grows while a text is read. */
struct gh_cedar_policy_list {
	struct gh_cedar_policy **items;
	size_t count;
	size_t capacity;
};
/* Policies to the end of the source; ids are left NULL. */
gh_result gh_cedar_parse_policies(struct gh_cedar_space *space, struct gh_slice source,
                                  struct gh_cedar_policy_list *out,
                                  struct gh_cedar_diagnostic *why);

#endif
