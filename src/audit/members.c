/* A value's end is found by counting brackets outside of strings; what is inside was rendered by
 * base/json or is only read by people. Never reads beyond the text. */
#include "audit/members.h"

#define DEPTH_MAX 64

static gh_result malformed(void)
{
	return gh_fail(GH_E_FORMAT, "not a canonical JSON object");
}

int gh_member_compare(struct gh_slice a, struct gh_slice b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len ? memcmp(a.data, b.data, len) : 0;

	return order ? order : (a.len > b.len) - (a.len < b.len);
}

gh_result gh_members_begin(struct gh_slice text, struct gh_members *out)
{
	*out = (struct gh_members){ .text = text, .at = 1 };
	if (text.len < 2 || text.data[0] != '{')
		return malformed();
	return GH_OK;
}

static bool is_name_byte(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/* "name": at members->at. */
static gh_result take_name(struct gh_members *members, struct gh_slice *name)
{
	struct gh_slice text = members->text;
	size_t at = members->at, start;

	if (at >= text.len || text.data[at] != '"')
		return malformed();
	start = ++at;
	while (at < text.len && is_name_byte(text.data[at]))
		at++;
	if (at == start || text.len - at < 2 || text.data[at] != '"' || text.data[at + 1] != ':')
		return malformed();
	*name = gh_slice(text.data + start, at - start);
	members->at = at + 2;
	return GH_OK;
}

/* The index after the string that begins at `at`, or 0. */
static size_t after_string(struct gh_slice text, size_t at)
{
	for (at++; at < text.len; at++) {
		if (text.data[at] == '\\')
			at++;
		else if (text.data[at] == '"')
			return at + 1;
		else if (text.data[at] < 0x20)
			return 0;
	}
	return 0;
}

static gh_result take_value(struct gh_members *members, struct gh_slice *value)
{
	struct gh_slice text = members->text;
	size_t at = members->at, start = at;
	char closers[DEPTH_MAX];
	unsigned depth = 0;

	while (at < text.len) {
		uint8_t c = text.data[at];

		if (depth == 0 && (c == ',' || c == '}'))
			break;
		if (c == '"') {
			at = after_string(text, at);
			if (at == 0)
				return malformed();
			continue;
		}
		if (c <= ' ' || (c == '{' || c == '[' ? depth == DEPTH_MAX : c >= 0x7f))
			return malformed();
		if (c == '{' || c == '[')
			closers[depth++] = c == '{' ? '}' : ']';
		else if ((c == '}' || c == ']') && (depth == 0 || (char)c != closers[--depth]))
			return malformed();
		at++;
	}
	if (at == start || at == text.len)
		return malformed();
	*value = gh_slice(text.data + start, at - start);
	members->at = at;
	return GH_OK;
}

gh_result gh_members_next(struct gh_members *members, struct gh_member *out, bool *more)
{
	struct gh_slice text = members->text;
	bool first = members->last.len == 0;

	*more = false;
	if (members->at < text.len && text.data[members->at] == '}' && members->at + 1 == text.len)
		return GH_OK;
	if (!first) {
		if (members->at >= text.len || text.data[members->at] != ',')
			return malformed();
		members->at++;
	}
	GH_TRY(take_name(members, &out->name));
	GH_TRY(take_value(members, &out->value));
	if (!first && gh_member_compare(members->last, out->name) >= 0)
		return malformed();
	members->last = out->name;
	*more = true;
	return GH_OK;
}
