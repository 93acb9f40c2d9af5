/* lex.h: the tokens of Cedar policies and Cedar schemas, and the escapes in their strings. */
#ifndef GH_POLICY_CEDAR_LEX_H
#define GH_POLICY_CEDAR_LEX_H

#include "base/buf.h"
#include "policy/cedar/diagnostic.h"

enum gh_cedar_token_kind {
	GH_CEDAR_TOK_END,
	GH_CEDAR_TOK_IDENT,
	GH_CEDAR_TOK_NUMBER, /* digits only */
	GH_CEDAR_TOK_STRING, /* span with the quotes; escapes not yet looked at */
	GH_CEDAR_TOK_SLOT,   /* ?name */
	GH_CEDAR_TOK_PUNCT,  /* one of the marks below, in `mark` */
};

/* Two-character marks have their own codes, others are their character. */
enum gh_cedar_mark {
	GH_CEDAR_MARK_PATH = 256, /* :: */
	GH_CEDAR_MARK_EQ,         /* == */
	GH_CEDAR_MARK_NE,         /* != */
	GH_CEDAR_MARK_LE,         /* <= */
	GH_CEDAR_MARK_GE,         /* >= */
	GH_CEDAR_MARK_AND,        /* && */
	GH_CEDAR_MARK_OR,         /* || */
};

struct gh_cedar_token {
	enum gh_cedar_token_kind kind;
	int mark;
	struct gh_cedar_span span;
};

/* The next token at or after byte `at`, over white space and // comments. On failure *why is filled
 * (GH_E_FORMAT). The source must be valid UTF-8 (gh_cedar_check_source). */
gh_result gh_cedar_lex(struct gh_slice source, uint32_t at, struct gh_cedar_token *out,
                       struct gh_cedar_diagnostic *why);

/* At most GH_CEDAR_MAX_SOURCE bytes of valid UTF-8. */
gh_result gh_cedar_check_source(struct gh_slice source, struct gh_cedar_diagnostic *why);

/* One character of a string's inside. `escaped_star` is true for `\*`, which only patterns have. */
struct gh_cedar_char {
	uint32_t scalar;
	bool escaped_star;
};
/* Reads one character or escape at *at (< text.len) and moves on; NULL, or why it is none. */
const char *gh_cedar_unescape(struct gh_slice text, size_t *at, struct gh_cedar_char *out);
/* The inside of a string token, unescaped, appended to `out`. On a bad escape *why is filled. */
gh_result gh_cedar_unescape_string(struct gh_slice source, struct gh_cedar_span token,
                                   struct gh_buf *out, struct gh_cedar_diagnostic *why);

void gh_cedar_add_utf8(struct gh_buf *out, uint32_t scalar);
/* One scalar value at text.data[*at], moves on. The text must be valid UTF-8. */
uint32_t gh_cedar_next_scalar(struct gh_slice text, size_t *at);
bool gh_cedar_is_utf8(struct gh_slice text);

static inline bool gh_cedar_is_ident_start(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
static inline bool gh_cedar_is_ident_char(uint8_t c)
{
	return gh_cedar_is_ident_start(c) || (c >= '0' && c <= '9');
}
/* Words that cannot be a name or an attribute after a dot: true false if then else in is like has,
 * and __cedar. */
bool gh_cedar_is_reserved(struct gh_slice word);
bool gh_cedar_is_ident(struct gh_slice word); /* reserved or not */
/* An identifier that may be written bare as an attribute name. */
bool gh_cedar_is_plain_attribute(struct gh_slice word);
/* Idents joined by "::", none reserved. */
bool gh_cedar_is_type_name(struct gh_slice text);

#endif
