/* What stands at the edges of a word tells program text from sentences. */
#include "pii/detect.h"
#include "pii/names.h"

/* Whether what stands in front is a part of program text: "->name", "obj.Name", "-Wname". */
static bool is_code_before(struct gh_slice text, size_t start)
{
	uint8_t before = start > 0 ? text.data[start - 1] : ' ';
	uint8_t first = start > 1 ? text.data[start - 2] : '\n';

	switch (before) {
	case '_':
	case '$':
	case '\\':
	case '`':
	case '~':
	case '%':
	case '&': return true;
	case '>': return first == '-';
	case '.': return gh_pii_is_alnum(first) || first == before || first == ' ';
	case ':': return gh_pii_is_alnum(first) || first == before;
	case '-': return first == ' ' || first == '-' || first == '\'' || first == '"';
	default: return false;
	}
}

/* Whether what stands behind is: "name(", "name =>", "name::", a statement of one small word. */
static bool is_code_behind(struct gh_slice text, size_t end, bool is_variable)
{
	uint8_t behind = end < text.len ? text.data[end] : ' ';
	uint8_t next = end + 1 < text.len ? text.data[end + 1] : ' ';

	switch (behind) {
	case '_':
	case '(':
	case '[':
	case '`':
	case '@':
	case '$': return true;
	case '-': return next == '>';
	case '=': return next == '>' || next == '=' || next == ' ';
	case ' ': return next == '=';
	case ';': return is_variable;
	case ':': return gh_pii_is_alpha(next) || next == '_' || next == ':';
	case '.': return gh_pii_is_alpha(next) || next == '_';
	default: return false;
	}
}

bool gh_pii_names_in_code(struct gh_slice text, size_t start, size_t end, bool is_variable)
{
	return is_code_before(text, start) || is_code_behind(text, end, is_variable);
}
