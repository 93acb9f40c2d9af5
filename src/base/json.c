#include "base/json.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#define MAX_DEPTH 64

/* jansson bounds depth at 2048 by recursion; ours is counted on the text before a node is made. */
static bool depth_is_sane(struct gh_slice text)
{
	int depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];
		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		} else if (c == '"') {
			in_string = true;
		} else if (c == '{' || c == '[') {
			if (++depth > MAX_DEPTH)
				return false;
		} else if (c == '}' || c == ']') {
			depth--;
		}
	}
	return true;
}

gh_result gh_json_parse(struct gh_slice text, json_t **out)
{
	json_error_t error;

	GH_ENSURE(depth_is_sane(text), GH_E_LIMIT, "JSON is nested deeper than %d", MAX_DEPTH);
	/* Jansson takes a NUL behind the value for the end. */
	GH_ENSURE(!text.len || !memchr(text.data, 0, text.len), GH_E_FORMAT,
	          "not valid JSON: it holds a NUL");
	*out = json_loadb(text.len ? (const char *)text.data : "", text.len,
	                  JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	GH_ENSURE(*out, GH_E_FORMAT, "not valid JSON at line %d, column %d", error.line,
	          error.column);
	return GH_OK;
}

void gh_json_decref_ptr(json_t **value)
{
	json_decref(*value);
}

static void add_escape(struct gh_buf *out, uint8_t c)
{
	switch (c) {
	case '"': gh_buf_add_str(out, "\\\""); break;
	case '\\': gh_buf_add_str(out, "\\\\"); break;
	case '\b': gh_buf_add_str(out, "\\b"); break;
	case '\f': gh_buf_add_str(out, "\\f"); break;
	case '\n': gh_buf_add_str(out, "\\n"); break;
	case '\r': gh_buf_add_str(out, "\\r"); break;
	case '\t': gh_buf_add_str(out, "\\t"); break;
	default: gh_buf_addf(out, "\\u%04x", c); break;
	}
}

/* The top bit of each of eight bytes that is 0; bits above a byte that is may be set as well. */
static uint64_t zeros(uint64_t eight)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);

	return (eight - ones) & ~eight & ones << 7;
}

size_t gh_json_plain(const uint8_t *text, size_t len)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	size_t i = 0;
	uint64_t eight;

	for (; len - i >= 8; i += 8) {
		memcpy(&eight, text + i, 8);
		if (zeros(eight ^ ones * '"') | zeros(eight ^ ones * '\\') |
		    zeros(eight & ones * 0xe0) | (eight & ones << 7))
			break;
	}
	while (i < len && text[i] >= 0x20 && text[i] < 0x80 && text[i] != '"' && text[i] != '\\')
		i++;
	return i;
}

void gh_json_add_string(struct gh_buf *out, struct gh_slice text)
{
	size_t plain = 0, i = 0;

	gh_buf_add_byte(out, '"');
	while ((i += gh_json_plain(text.data + i, text.len - i)) < text.len) {
		uint8_t c = text.data[i];
		size_t len = c < 0x80 ? 0 : gh_utf8_length(text.data + i, text.len - i);
		if (len) {
			i += len;
			continue;
		}
		gh_buf_add(out, text.data + plain, i - plain);
		if (c < 0x80)
			add_escape(out, c);
		else
			gh_buf_add_str(out, "\xef\xbf\xbd");
		plain = ++i;
	}
	gh_buf_add(out, text.data + plain, i - plain);
	gh_buf_add_byte(out, '"');
}

/* RFC 8785 section 3.2.3 sorts keys by UTF-16 code units. UTF-8 bytes sort the same way except that
 * U+E000..U+FFFF come after the supplementary planes in UTF-16's order; ours are compared so. */
static uint32_t next_utf16_rank(const uint8_t **s)
{
	const uint8_t *p = *s;
	uint32_t c;

	if (p[0] < 0x80) {
		*s += 1;
		return p[0];
	}
	if (p[0] < 0xe0) {
		*s += 2;
		return (uint32_t)(p[0] & 0x1f) << 6 | (p[1] & 0x3f);
	}
	if (p[0] < 0xf0) {
		*s += 3;
		c = (uint32_t)(p[0] & 0x0f) << 12 | (uint32_t)(p[1] & 0x3f) << 6 | (p[2] & 0x3f);
		return c >= 0xe000 ? c + 0x200000 : c;
	}
	*s += 4;
	return (uint32_t)(p[0] & 0x07) << 18 | (uint32_t)(p[1] & 0x3f) << 12 |
	       (uint32_t)(p[2] & 0x3f) << 6 | (p[3] & 0x3f);
}

static int compare_keys(const void *a, const void *b)
{
	const uint8_t *x = *(const uint8_t *const *)a, *y = *(const uint8_t *const *)b;

	while (*x && *y) {
		uint32_t rank_x = next_utf16_rank(&x), rank_y = next_utf16_rank(&y);
		if (rank_x != rank_y)
			return rank_x < rank_y ? -1 : 1;
	}
	return *x ? 1 : *y ? -1 : 0;
}

static gh_result jcs_object(const json_t *object, struct gh_buf *out)
{
	size_t count = json_object_size(object), n = 0;
	GH_CLEANUP(gh_free_ptr) const char **keys = calloc(count ? count : 1, sizeof *keys);
	const char *key;
	json_t *value;

	GH_ENSURE(keys, GH_E_MEMORY, "out of memory");
	json_object_foreach((json_t *)object, key, value) keys[n++] = key;
	qsort(keys, count, sizeof *keys, compare_keys);

	gh_buf_add_byte(out, '{');
	for (size_t i = 0; i < count; i++) {
		if (i)
			gh_buf_add_byte(out, ',');
		gh_json_add_string(out, gh_slice_str(keys[i]));
		gh_buf_add_byte(out, ':');
		GH_TRY(gh_jcs(json_object_get(object, keys[i]), out));
	}
	gh_buf_add_byte(out, '}');
	return GH_OK;
}

static gh_result jcs_array(const json_t *array, struct gh_buf *out)
{
	gh_buf_add_byte(out, '[');
	for (size_t i = 0; i < json_array_size(array); i++) {
		if (i)
			gh_buf_add_byte(out, ',');
		GH_TRY(gh_jcs(json_array_get(array, i), out));
	}
	gh_buf_add_byte(out, ']');
	return GH_OK;
}

gh_result gh_jcs(const json_t *value, struct gh_buf *out)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT: GH_TRY(jcs_object(value, out)); break;
	case JSON_ARRAY: GH_TRY(jcs_array(value, out)); break;
	case JSON_STRING:
		gh_json_add_string(out,
		                   gh_slice(json_string_value(value), json_string_length(value)));
		break;
	case JSON_INTEGER: {
		json_int_t n = json_integer_value(value);
		GH_ENSURE(n >= -9007199254740991 && n <= 9007199254740991, GH_E_ARGUMENT,
		          "an integer is beyond what canonical JSON carries");
		gh_buf_addf(out, "%" JSON_INTEGER_FORMAT, n);
		break;
	}
	case JSON_REAL: return gh_fail(GH_E_ARGUMENT, "canonical JSON here carries integers only");
	case JSON_TRUE: gh_buf_add_str(out, "true"); break;
	case JSON_FALSE: gh_buf_add_str(out, "false"); break;
	case JSON_NULL: gh_buf_add_str(out, "null"); break;
	}
	return gh_buf_check(out);
}

void gh_json_begin(struct gh_json_writer *writer, struct gh_buf *out)
{
	*writer = (struct gh_json_writer){ .out = out };
	gh_buf_add_byte(out, '{');
}

void gh_json_key(struct gh_json_writer *writer, const char *key)
{
	if (writer->comma)
		gh_buf_add_byte(writer->out, ',');
	writer->comma = true;
	gh_json_add_string(writer->out, gh_slice_str(key));
	gh_buf_add_byte(writer->out, ':');
}

void gh_json_str(struct gh_json_writer *writer, const char *key, const char *value)
{
	gh_json_slice(writer, key, gh_slice_str(value));
}

void gh_json_slice(struct gh_json_writer *writer, const char *key, struct gh_slice value)
{
	gh_json_key(writer, key);
	gh_json_add_string(writer->out, value);
}

void gh_json_int(struct gh_json_writer *writer, const char *key, int64_t value)
{
	gh_json_key(writer, key);
	gh_buf_addf(writer->out, "%" PRId64, value);
}

void gh_json_bool(struct gh_json_writer *writer, const char *key, bool value)
{
	gh_json_key(writer, key);
	gh_buf_add_str(writer->out, value ? "true" : "false");
}

void gh_json_raw(struct gh_json_writer *writer, const char *key, struct gh_slice json)
{
	gh_json_key(writer, key);
	gh_buf_add_slice(writer->out, json);
}

void gh_json_end(struct gh_json_writer *writer)
{
	gh_buf_add_byte(writer->out, '}');
}
