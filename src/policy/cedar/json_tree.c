/* A small strict JSON reader: one pass, nesting bounded, strings unescaped into the arena. */
#include "policy/cedar/json_tree.h"

#include <stdlib.h>

#include "policy/cedar/lex.h"

struct reader {
	struct gh_arena *arena;
	struct gh_slice source;
	size_t at;
	unsigned depth;
	struct gh_cedar_diagnostic *why;
};

static enum gh_code fault(struct reader *r, size_t at, const char *text)
{
	gh_cedar_diagnose(r->why, r->source, (struct gh_cedar_span){ (uint32_t)at, (uint32_t)at },
	                  "%s", text);
	return gh_fail(GH_E_FORMAT, "JSON: %s", text);
}

static void skip_blank(struct reader *r)
{
	while (r->at < r->source.len && strchr(" \t\n\r", r->source.data[r->at]) &&
	       r->source.data[r->at])
		r->at++;
}

static bool take(struct reader *r, uint8_t c)
{
	skip_blank(r);
	if (r->at >= r->source.len || r->source.data[r->at] != c)
		return false;
	r->at++;
	return true;
}

static bool hex4(struct reader *r, uint32_t *out)
{
	uint32_t value = 0;

	if (r->source.len - r->at < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		uint8_t c = r->source.data[r->at++];
		uint8_t low = c | 0x20;
		if (c >= '0' && c <= '9')
			value = value << 4 | (uint32_t)(c - '0');
		else if (low >= 'a' && low <= 'f')
			value = value << 4 | (uint32_t)(low - 'a' + 10);
		else
			return false;
	}
	*out = value;
	return true;
}

/* RFC 8259 section 7; a surrogate must have its other half. */
static gh_result escape(struct reader *r, struct gh_buf *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	size_t start = r->at - 1;
	uint32_t scalar, low;

	if (r->at >= r->source.len)
		return fault(r, start, "a string does not end");
	uint8_t c = r->source.data[r->at++];
	const char *known = c ? strchr(from, c) : NULL;
	if (known) {
		gh_buf_add_byte(out, (uint8_t)to[known - from]);
		return GH_OK;
	}
	if (c != 'u' || !hex4(r, &scalar))
		return fault(r, start, "no such escape");
	if (scalar >= 0xd800 && scalar <= 0xdbff) {
		if (r->source.len - r->at < 6 || r->source.data[r->at] != '\\' ||
		    r->source.data[r->at + 1] != 'u')
			return fault(r, start, "half of a surrogate pair");
		r->at += 2;
		if (!hex4(r, &low) || low < 0xdc00 || low > 0xdfff)
			return fault(r, start, "half of a surrogate pair");
		scalar = 0x10000 + ((scalar - 0xd800) << 10) + (low - 0xdc00);
	} else if (scalar >= 0xdc00 && scalar <= 0xdfff) {
		return fault(r, start, "half of a surrogate pair");
	}
	gh_cedar_add_utf8(out, scalar);
	return GH_OK;
}

static gh_result string(struct reader *r, struct gh_slice *out)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf text = { 0 };
	size_t start = r->at;

	if (!take(r, '"'))
		return fault(r, r->at, "expected a string");
	size_t from = r->at;
	while (r->at < r->source.len && r->source.data[r->at] != '"' &&
	       r->source.data[r->at] != '\\' && r->source.data[r->at] >= 0x20)
		r->at++;
	if (r->at < r->source.len &&
	    r->source.data[r->at] == '"') { /* the usual case: as written */
		*out = gh_slice(r->source.data + from, r->at++ - from);
		return GH_OK;
	}
	r->at = from;
	for (;;) {
		if (r->at >= r->source.len)
			return fault(r, start, "a string does not end");
		uint8_t c = r->source.data[r->at++];
		if (c == '"')
			break;
		if (c < 0x20)
			return fault(r, r->at - 1, "a control character in a string");
		if (c == '\\')
			GH_TRY(escape(r, &text));
		else
			gh_buf_add_byte(&text, c);
	}
	GH_TRY(gh_buf_check(&text));
	*out = gh_arena_copy(r->arena, gh_buf_slice(&text));
	GH_ENSURE(out->data, GH_E_LIMIT, "no memory for JSON");
	return GH_OK;
}

static bool digits(struct reader *r)
{
	size_t start = r->at;

	while (r->at < r->source.len && r->source.data[r->at] >= '0' &&
	       r->source.data[r->at] <= '9')
		r->at++;
	return r->at > start;
}

static gh_result number(struct reader *r, struct gh_cedar_json *out)
{
	size_t start = r->at;
	bool negative = take(r, '-'), other = false;
	size_t first = r->at;

	if (!digits(r) || (r->source.data[first] == '0' && r->at - first > 1))
		return fault(r, start, "not a number");
	size_t last = r->at;
	if (r->at < r->source.len && r->source.data[r->at] == '.') {
		r->at++;
		other = true;
		if (!digits(r))
			return fault(r, start, "not a number");
	}
	if (r->at < r->source.len && (r->source.data[r->at] | 0x20) == 'e') {
		r->at++;
		other = true;
		if (r->at < r->source.len && strchr("+-", r->source.data[r->at]))
			r->at++;
		if (!digits(r))
			return fault(r, start, "not a number");
	}
	int64_t value = 0;
	for (size_t i = first; i < last && !other; i++) {
		int64_t digit = r->source.data[i] - '0';
		other = __builtin_mul_overflow(value, 10, &value) ||
		        (negative ? __builtin_sub_overflow(value, digit, &value)
		                  : __builtin_add_overflow(value, digit, &value));
	}
	out->kind = other ? GH_CEDAR_JSON_OTHER_NUMBER : GH_CEDAR_JSON_INTEGER;
	out->number = other ? 0 : value;
	return GH_OK;
}

static int by_key(const void *a, const void *b)
{
	const struct gh_slice *x = a, *y = b;
	size_t len = x->len < y->len ? x->len : y->len;
	int order = len ? memcmp(x->data, y->data, len) : 0;

	return order ? order : (x->len > y->len) - (x->len < y->len);
}

static gh_result refuse_double_keys(struct reader *r, const struct gh_cedar_json *object)
{
	GH_CLEANUP(gh_free_ptr) struct gh_slice *keys = NULL;
	size_t count = 0;

	if (object->count < 2)
		return GH_OK;
	keys = calloc(object->count, sizeof *keys);
	GH_ENSURE(keys, GH_E_MEMORY, "no memory for JSON");
	for (const struct gh_cedar_json *m = object->first; m; m = m->next)
		keys[count++] = m->key;
	qsort(keys, count, sizeof *keys, by_key);
	for (size_t i = 1; i < count; i++)
		if (gh_slice_eq(keys[i - 1], keys[i]))
			return fault(r, object->span.start, "an object has the same name twice");
	return GH_OK;
}

static gh_result value(struct reader *r, struct gh_cedar_json **out);

static gh_result members(struct reader *r, struct gh_cedar_json *parent, uint8_t close)
{
	struct gh_cedar_json **tail = &parent->first;
	struct gh_slice key = { 0 };

	GH_ENSURE(++r->depth <= GH_CEDAR_JSON_MAX_DEPTH, GH_E_LIMIT,
	          "JSON is nested deeper than %d", GH_CEDAR_JSON_MAX_DEPTH);
	if (take(r, close)) {
		r->depth--;
		return GH_OK;
	}
	for (;;) {
		if (close == '}') {
			skip_blank(r);
			GH_TRY(string(r, &key));
			if (!take(r, ':'))
				return fault(r, r->at, "expected `:`");
		}
		GH_TRY(value(r, tail));
		(*tail)->key = key;
		tail = &(*tail)->next;
		parent->count++;
		if (take(r, close))
			break;
		if (!take(r, ','))
			return fault(r, r->at,
			             close == '}' ? "expected `,` or `}`" : "expected `,` or `]`");
	}
	r->depth--;
	return close == '}' ? refuse_double_keys(r, parent) : GH_OK;
}

static bool word(struct reader *r, const char *text)
{
	if (!gh_slice_starts_with(gh_slice_sub(r->source, r->at, SIZE_MAX), gh_slice_str(text)))
		return false;
	r->at += strlen(text);
	return true;
}

static gh_result value(struct reader *r, struct gh_cedar_json **out)
{
	struct gh_cedar_json *json = gh_arena_alloc(r->arena, sizeof *json);

	GH_ENSURE(json, GH_E_LIMIT, "no memory for JSON");
	*out = json;
	skip_blank(r);
	json->span.start = (uint32_t)r->at;
	if (r->at >= r->source.len)
		return fault(r, r->at, "expected a value");
	uint8_t c = r->source.data[r->at];
	if (c == '{' || c == '[') {
		json->kind = c == '{' ? GH_CEDAR_JSON_OBJECT : GH_CEDAR_JSON_ARRAY;
		r->at++;
		GH_TRY(members(r, json, c == '{' ? '}' : ']'));
	} else if (c == '"') {
		json->kind = GH_CEDAR_JSON_STRING;
		GH_TRY(string(r, &json->text));
	} else if (c == '-' || (c >= '0' && c <= '9')) {
		GH_TRY(number(r, json));
	} else if (word(r, "true") || word(r, "false")) {
		json->kind = GH_CEDAR_JSON_BOOL;
		json->truth = c == 't';
	} else if (!word(r, "null")) {
		return fault(r, r->at, "expected a value");
	}
	json->span.end = (uint32_t)r->at;
	return GH_OK;
}

gh_result gh_cedar_json_parse(struct gh_arena *arena, struct gh_slice source,
                              struct gh_cedar_json **out, struct gh_cedar_diagnostic *why)
{
	struct reader r = { .arena = arena, .source = source, .why = why };

	if (why)
		*why = (struct gh_cedar_diagnostic){ .text = "the JSON is too large or too deep" };
	GH_ENSURE(source.len <= GH_CEDAR_JSON_MAX_BYTES, GH_E_LIMIT,
	          "JSON is larger than %zu bytes", GH_CEDAR_JSON_MAX_BYTES);
	if (!gh_cedar_is_utf8(source))
		return fault(&r, 0, "not valid UTF-8");
	GH_TRY(value(&r, out));
	skip_blank(&r);
	if (r.at != source.len)
		return fault(&r, r.at, "more after the value");
	return GH_OK;
}

const struct gh_cedar_json *gh_cedar_json_get(const struct gh_cedar_json *object, const char *key)
{
	if (!gh_cedar_json_is(object, GH_CEDAR_JSON_OBJECT))
		return NULL;
	for (const struct gh_cedar_json *m = object->first; m; m = m->next)
		if (gh_slice_eq_str(m->key, key))
			return m;
	return NULL;
}

bool gh_cedar_json_is(const struct gh_cedar_json *json, enum gh_cedar_json_kind kind)
{
	return json && json->kind == kind;
}

void gh_cedar_json_add_string(struct gh_buf *out, struct gh_slice text)
{
	gh_buf_add_byte(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];
		if (c == '"' || c == '\\') {
			gh_buf_add_byte(out, '\\');
			gh_buf_add_byte(out, c);
		} else if (c < 0x20) {
			gh_buf_addf(out, "\\u%04x", c);
		} else {
			gh_buf_add_byte(out, c);
		}
	}
	gh_buf_add_byte(out, '"');
}
