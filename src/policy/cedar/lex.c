/* The lexer works on bytes of a source already known to be UTF-8 and makes one token at a time; it
 * holds no state, so the parser may look ahead by lexing again. */
#include "policy/cedar/lex.h"

#include "policy/cedar/ast.h"

gh_result gh_cedar_check_source(struct gh_slice source, struct gh_cedar_diagnostic *why)
{
	struct gh_cedar_span nowhere = { 0, 0 };

	if (source.len > GH_CEDAR_MAX_SOURCE) {
		gh_cedar_diagnose(why, gh_slice(NULL, 0), nowhere,
		                  "the text is larger than %zu bytes", GH_CEDAR_MAX_SOURCE);
		return gh_fail(GH_E_LIMIT, "policy text too large");
	}
	if (!gh_cedar_is_utf8(source)) {
		gh_cedar_diagnose(why, gh_slice(NULL, 0), nowhere, "the text is not valid UTF-8");
		return gh_fail(GH_E_FORMAT, "policy text is not valid UTF-8");
	}
	return GH_OK;
}

/* Unicode White_Space. */
static bool is_space(uint32_t c)
{
	return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
	       (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
	       c == 0x205f || c == 0x3000;
}

static size_t skip_blank(struct gh_slice source, size_t at)
{
	while (at < source.len) {
		size_t next = at;
		if (source.data[at] == '/' && at + 1 < source.len && source.data[at + 1] == '/') {
			while (at < source.len && source.data[at] != '\n' &&
			       source.data[at] != '\r')
				at++;
			continue;
		}
		if (!is_space(gh_cedar_next_scalar(source, &next)))
			break;
		at = next;
	}
	return at;
}

static gh_result lex_string(struct gh_slice source, size_t at, struct gh_cedar_token *out,
                            struct gh_cedar_diagnostic *why)
{
	size_t end = at + 1;

	while (end < source.len && source.data[end] != '"') {
		if (source.data[end] == '\\' && ++end < source.len && source.data[end] == '\n')
			break;
		end++;
	}
	if (end >= source.len || source.data[end] != '"') {
		gh_cedar_diagnose(why, source, (struct gh_cedar_span){ (uint32_t)at, (uint32_t)at },
		                  "this string does not end");
		return gh_fail(GH_E_FORMAT, "unterminated string in policy text");
	}
	out->kind = GH_CEDAR_TOK_STRING;
	out->span.end = (uint32_t)(end + 1);
	return GH_OK;
}

static int two_char_mark(uint8_t first, uint8_t second)
{
	static const struct {
		char text[3];
		int mark;
	} marks[] = {
		{ "::", GH_CEDAR_MARK_PATH }, { "==", GH_CEDAR_MARK_EQ },
		{ "!=", GH_CEDAR_MARK_NE },   { "<=", GH_CEDAR_MARK_LE },
		{ ">=", GH_CEDAR_MARK_GE },   { "&&", GH_CEDAR_MARK_AND },
		{ "||", GH_CEDAR_MARK_OR },
	};
	for (size_t i = 0; i < GH_ARRAY_LEN(marks); i++)
		if (first == (uint8_t)marks[i].text[0] && second == (uint8_t)marks[i].text[1])
			return marks[i].mark;
	return 0;
}

gh_result gh_cedar_lex(struct gh_slice source, uint32_t from, struct gh_cedar_token *out,
                       struct gh_cedar_diagnostic *why)
{
	size_t at = skip_blank(source, from), end = at;

	*out = (struct gh_cedar_token){ .kind = GH_CEDAR_TOK_END,
		                        .span = { (uint32_t)at, (uint32_t)at } };
	if (at >= source.len)
		return GH_OK;
	uint8_t c = source.data[at];
	if (c == '"')
		return lex_string(source, at, out, why);
	if (gh_cedar_is_ident_start(c) ||
	    (c == '?' && at + 1 < source.len && gh_cedar_is_ident_start(source.data[at + 1]))) {
		out->kind = c == '?' ? GH_CEDAR_TOK_SLOT : GH_CEDAR_TOK_IDENT;
		for (end = at + 1; end < source.len && gh_cedar_is_ident_char(source.data[end]);)
			end++;
	} else if (c >= '0' && c <= '9') {
		out->kind = GH_CEDAR_TOK_NUMBER;
		while (end < source.len && source.data[end] >= '0' && source.data[end] <= '9')
			end++;
	} else {
		int mark = at + 1 < source.len ? two_char_mark(c, source.data[at + 1]) : 0;
		out->kind = GH_CEDAR_TOK_PUNCT;
		out->mark = mark ? mark : c;
		end = at + (mark ? 2 : 1);
		if (!mark && (c >= 0x80 || c < 0x21 || !strchr("@.,;:(){}[]<>+-*/%!=?", c))) {
			size_t next = at;
			uint32_t scalar = gh_cedar_next_scalar(source, &next);
			gh_cedar_diagnose(why, source,
			                  (struct gh_cedar_span){ (uint32_t)at, (uint32_t)next },
			                  "the character U+%04X has no place here", scalar);
			return gh_fail(GH_E_FORMAT, "unexpected character in policy text");
		}
	}
	out->span.end = (uint32_t)end;
	return GH_OK;
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* \u{1F600}: one to six digits, underscores between them. *at stands on the brace. */
static const char *unescape_unicode(struct gh_slice text, size_t *at, uint32_t *out)
{
	uint32_t value = 0;
	int digits = 0;

	if (*at >= text.len || text.data[(*at)++] != '{')
		return "`\\u` needs a number in braces, as in \\u{1F600}";
	for (; *at < text.len && text.data[*at] != '}'; (*at)++) {
		int digit = hex_digit(text.data[*at]);
		if (text.data[*at] == '_' && digits)
			continue;
		if (digit < 0)
			return "not a hexadecimal digit in `\\u{…}`";
		if (++digits > 6)
			return "`\\u{…}` takes at most six digits";
		value = value << 4 | (uint32_t)digit;
	}
	if (*at >= text.len)
		return "`\\u{` is not closed";
	(*at)++;
	if (digits == 0)
		return "`\\u{}` holds no number";
	if (value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return "`\\u{…}` is not a Unicode character";
	*out = value;
	return NULL;
}

const char *gh_cedar_unescape(struct gh_slice text, size_t *at, struct gh_cedar_char *out)
{
	*out = (struct gh_cedar_char){ 0 };
	if (text.data[*at] != '\\') {
		out->scalar = gh_cedar_next_scalar(text, at);
		/* The official parser refuses a bare carriage return inside a string. */
		return out->scalar == '\r' ? "a carriage return must be written \\r" : NULL;
	}
	if (++*at >= text.len)
		return "a lone backslash";
	uint8_t c = text.data[(*at)++];
	switch (c) {
	case 'n': out->scalar = '\n'; return NULL;
	case 'r': out->scalar = '\r'; return NULL;
	case 't': out->scalar = '\t'; return NULL;
	case '0': out->scalar = 0; return NULL;
	case '\\':
	case '\'':
	case '"': out->scalar = c; return NULL;
	case '*':
		out->scalar = '*';
		out->escaped_star = true;
		return NULL;
	case 'u': return unescape_unicode(text, at, &out->scalar);
	case 'x': break;
	default: return "no such escape";
	}
	int high = *at < text.len ? hex_digit(text.data[*at]) : -1;
	int low = *at + 1 < text.len ? hex_digit(text.data[*at + 1]) : -1;
	if (high < 0 || low < 0)
		return "`\\x` needs two hexadecimal digits";
	if (high > 7)
		return "`\\x` reaches to 7F only; use \\u{…}";
	*at += 2;
	out->scalar = (uint32_t)(high << 4 | low);
	return NULL;
}

gh_result gh_cedar_unescape_string(struct gh_slice source, struct gh_cedar_span token,
                                   struct gh_buf *out, struct gh_cedar_diagnostic *why)
{
	struct gh_slice inside = gh_slice_sub(source, token.start + 1, token.end - token.start - 2);

	for (size_t at = 0; at < inside.len;) {
		struct gh_cedar_char c;
		size_t start = at;
		const char *fault = gh_cedar_unescape(inside, &at, &c);
		if (!fault && c.escaped_star)
			fault = "`\\*` is for patterns of `like` only";
		if (fault) {
			uint32_t base = token.start + 1;
			gh_cedar_diagnose(
			    why, source,
			    (struct gh_cedar_span){ base + (uint32_t)start, base + (uint32_t)at },
			    "%s", fault);
			return gh_fail(GH_E_FORMAT, "bad escape in policy text");
		}
		gh_cedar_add_utf8(out, c.scalar);
	}
	return gh_buf_check(out);
}

bool gh_cedar_is_reserved(struct gh_slice word)
{
	static const char *const words[] = { "true", "false", "if",   "then", "else",
		                             "in",   "is",    "like", "has",  "__cedar" };

	for (size_t i = 0; i < GH_ARRAY_LEN(words); i++)
		if (gh_slice_eq_str(word, words[i]))
			return true;
	return false;
}

bool gh_cedar_is_ident(struct gh_slice word)
{
	if (word.len == 0 || !gh_cedar_is_ident_start(word.data[0]))
		return false;
	for (size_t i = 1; i < word.len; i++)
		if (!gh_cedar_is_ident_char(word.data[i]))
			return false;
	return true;
}

bool gh_cedar_is_plain_attribute(struct gh_slice word)
{
	return gh_cedar_is_ident(word) && !gh_cedar_is_reserved(word);
}

bool gh_cedar_is_type_name(struct gh_slice text)
{
	size_t start = 0;

	for (size_t i = 0; i <= text.len; i++) {
		bool path = i + 1 < text.len && text.data[i] == ':' && text.data[i + 1] == ':';
		if (i != text.len && !path)
			continue;
		if (!gh_cedar_is_plain_attribute(gh_slice_sub(text, start, i - start)))
			return false;
		start = i + 2;
		i++;
	}
	return true;
}
