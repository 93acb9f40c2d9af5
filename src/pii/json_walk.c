#include "pii/json_walk.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/utf8.h"
#include "crypto/hash.h"

struct walk {
	struct gh_slice raw;
	size_t at;   /* next byte to read */
	size_t done; /* bytes copied to out */
	gh_json_leaf_fn *leaf;
	void *context;
	struct gh_buf *out;
	struct gh_buf text, fresh; /* scratch: a decoded leaf, its replacement */
	struct gh_buf names;       /* uint64_t hashes of the open objects' names */
	uint64_t seed;
};

static gh_result value(struct walk *walk, struct gh_json_place place);

void gh_json_place_path(const struct gh_json_place *place, struct gh_buf *out)
{
	if (!place->up)
		return;
	gh_json_place_path(place->up, out);
	gh_buf_add_byte(out, '/');
	if (place->in_array) {
		gh_buf_addf(out, "%zu", place->index);
		return;
	}
	for (size_t i = 0; i < place->key.len; i++) {
		uint8_t c = place->key.data[i];
		if (c == '~' || c == '/')
			gh_buf_add_str(out, c == '~' ? "~0" : "~1");
		else
			gh_buf_add_byte(out, c);
	}
}

static int peek(const struct walk *walk)
{
	return walk->at < walk->raw.len ? walk->raw.data[walk->at] : -1;
}

static void skip_space(struct walk *walk)
{
	int c;

	while ((c = peek(walk)) == ' ' || c == '\t' || c == '\n' || c == '\r')
		walk->at++;
}

static gh_result not_json(const struct walk *walk)
{
	return gh_fail(GH_E_FORMAT, "the body is not valid JSON at byte %zu", walk->at);
}

static void add_utf8(struct gh_buf *out, uint32_t c)
{
	if (c < 0x80) {
		gh_buf_add_byte(out, (uint8_t)c);
	} else if (c < 0x800) {
		gh_buf_add_byte(out, (uint8_t)(0xc0 | c >> 6));
		gh_buf_add_byte(out, (uint8_t)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		gh_buf_add_byte(out, (uint8_t)(0xe0 | c >> 12));
		gh_buf_add_byte(out, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
		gh_buf_add_byte(out, (uint8_t)(0x80 | (c & 0x3f)));
	} else {
		gh_buf_add_byte(out, (uint8_t)(0xf0 | c >> 18));
		gh_buf_add_byte(out, (uint8_t)(0x80 | (c >> 12 & 0x3f)));
		gh_buf_add_byte(out, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
		gh_buf_add_byte(out, (uint8_t)(0x80 | (c & 0x3f)));
	}
}

/* Four hex digits at `at`; -1 when they are not. */
static long hex4(const struct walk *walk, size_t at)
{
	long result = 0;

	if (walk->raw.len < at + 4)
		return -1;
	for (size_t i = at; i < at + 4; i++) {
		uint8_t c = walk->raw.data[i];
		int digit = c >= '0' && c <= '9'                     ? c - '0'
		            : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
		                                                     : -1;
		if (digit < 0)
			return -1;
		result = result << 4 | digit;
	}
	return result;
}

/* Behind the backslash. A surrogate without its half is no character: refused. */
static gh_result escape(struct walk *walk, struct gh_buf *text)
{
	static const char names[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
	int c = peek(walk);
	const char *known = c > 0 ? strchr(names, c) : NULL;

	if (known) {
		walk->at++;
		gh_buf_add_byte(text, (uint8_t)bytes[known - names]);
		return GH_OK;
	}
	long unit = c == 'u' ? hex4(walk, walk->at + 1) : -1;
	if (unit < 0)
		return not_json(walk);
	walk->at += 5;
	if (unit >= 0xd800 && unit < 0xdc00 && peek(walk) == '\\' && walk->at + 1 < walk->raw.len &&
	    walk->raw.data[walk->at + 1] == 'u') {
		long low = hex4(walk, walk->at + 2);
		if (low >= 0xdc00 && low < 0xe000) {
			walk->at += 6;
			add_utf8(text,
			         (uint32_t)(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00)));
			return GH_OK;
		}
	}
	if (unit >= 0xd800 && unit < 0xe000)
		return not_json(walk);
	add_utf8(text, (uint32_t)unit);
	return GH_OK;
}

/* Reads a string, with its quotes, decoding into `text`. */
static gh_result string(struct walk *walk, struct gh_buf *text)
{
	size_t plain;

	gh_buf_clear(text);
	if (peek(walk) != '"')
		return not_json(walk);
	plain = ++walk->at;
	for (;;) {
		walk->at += gh_json_plain(walk->raw.data + walk->at, walk->raw.len - walk->at);
		int c = peek(walk);
		if (c < 0x20)
			return not_json(walk);
		if (c == '"' || c == '\\') {
			gh_buf_add(text, walk->raw.data + plain, walk->at - plain);
			walk->at++;
			if (c == '"')
				return gh_buf_check(text);
			GH_TRY(escape(walk, text));
			plain = walk->at;
			continue;
		}
		size_t len = gh_utf8_length(walk->raw.data + walk->at, walk->raw.len - walk->at);
		if (len == 0)
			return not_json(walk);
		walk->at += len;
	}
}

/* Offers the leaf; copies everything up to it when it changes. */
static gh_result offer(struct walk *walk, size_t start, const struct gh_json_leaf *leaf)
{
	bool changed = false;

	gh_buf_clear(&walk->fresh);
	GH_TRY(walk->leaf(walk->context, leaf, &walk->fresh, &changed));
	/* A replacement that says the same is none: the leaf keeps its spelling, a number its type.
	 */
	if (!changed || gh_slice_eq(gh_buf_slice(&walk->fresh), leaf->text))
		return GH_OK;
	gh_buf_add(walk->out, walk->raw.data + walk->done, start - walk->done);
	gh_json_add_string(walk->out, gh_buf_slice(&walk->fresh));
	walk->done = walk->at;
	return gh_buf_check(walk->out);
}

static gh_result number(struct walk *walk, const struct gh_json_place *place)
{
	size_t start = walk->at, digits = 0;

	if (peek(walk) == '-')
		walk->at++;
	bool zero = peek(walk) == '0';
	for (int c; (c = peek(walk)) >= '0' && c <= '9'; digits++)
		walk->at++;
	if (digits == 0 || (zero && digits > 1))
		return not_json(walk);
	if (peek(walk) == '.') {
		walk->at++;
		for (digits = 0; peek(walk) >= '0' && peek(walk) <= '9'; digits++)
			walk->at++;
		if (digits == 0)
			return not_json(walk);
	}
	if (peek(walk) == 'e' || peek(walk) == 'E') {
		walk->at++;
		if (peek(walk) == '+' || peek(walk) == '-')
			walk->at++;
		for (digits = 0; peek(walk) >= '0' && peek(walk) <= '9'; digits++)
			walk->at++;
		if (digits == 0)
			return not_json(walk);
	}
	const struct gh_json_leaf leaf = { .place = place,
		                           .text = gh_slice_sub(walk->raw, start, walk->at - start),
		                           .at = start,
		                           .is_number = true };
	return offer(walk, start, &leaf);
}

static gh_result literal(struct walk *walk, const char *word)
{
	size_t len = strlen(word);

	if (walk->raw.len - walk->at < len || memcmp(walk->raw.data + walk->at, word, len) != 0)
		return not_json(walk);
	walk->at += len;
	return GH_OK;
}

/* FNV-1a, seeded anew for each walk, so that nobody can make two names meet on purpose. */
static uint64_t name_hash(const struct walk *walk)
{
	uint64_t hash = walk->seed;

	for (size_t i = 0; i < walk->text.len; i++)
		hash = (hash ^ walk->text.data[i]) * 1099511628211u;
	return hash;
}

static int compare_hashes(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* A name that stands twice is read differently by different parsers: refused (RFC 8259 section 4).
 * `before` is where this object's names begin. */
static gh_result no_duplicates(struct walk *walk, size_t before)
{
	uint64_t *names = (uint64_t *)(void *)(walk->names.data + before);
	size_t count = (walk->names.len - before) / sizeof *names;

	if (count > 1)
		qsort(names, count, sizeof *names, compare_hashes);
	for (size_t i = 1; i < count; i++)
		GH_ENSURE(names[i] != names[i - 1], GH_E_FORMAT,
		          "the body names a member twice in one object");
	walk->names.len = before;
	return GH_OK;
}

static gh_result object(struct walk *walk, struct gh_json_place place)
{
	struct gh_json_place member = place;
	size_t before = walk->names.len;

	member.parent = place.key;
	member.depth++;
	member.up = &place;
	member.in_array = false;
	walk->at++;
	skip_space(walk);
	if (peek(walk) == '}') {
		walk->at++;
		return GH_OK;
	}
	for (;;) {
		size_t start = walk->at + 1;
		GH_TRY(string(walk, &walk->text));
		/* The raw spelling: an escaped key is unusual and is no structural name of ours. */
		member.key = gh_slice_sub(walk->raw, start, walk->at - 1 - start);
		uint64_t hash = name_hash(walk);
		gh_buf_add(&walk->names, &hash, sizeof hash);
		skip_space(walk);
		if (peek(walk) != ':')
			return not_json(walk);
		walk->at++;
		GH_TRY(value(walk, member));
		skip_space(walk);
		int c = peek(walk);
		if (c != ',' && c != '}')
			return not_json(walk);
		walk->at++;
		if (c == '}')
			return no_duplicates(walk, before);
		skip_space(walk);
	}
}

static gh_result array(struct walk *walk, struct gh_json_place place)
{
	bool choices = gh_slice_eq_str(place.key, "choices");
	struct gh_json_place item = place;

	item.depth++;
	item.up = &place;
	item.in_array = true;
	walk->at++;
	skip_space(walk);
	if (peek(walk) == ']') {
		walk->at++;
		return GH_OK;
	}
	for (size_t i = 0;; i++) {
		if (choices)
			item.choice = i;
		item.index = i;
		GH_TRY(value(walk, item));
		skip_space(walk);
		int c = peek(walk);
		if (c != ',' && c != ']')
			return not_json(walk);
		walk->at++;
		if (c == ']')
			return GH_OK;
	}
}

static gh_result value(struct walk *walk, struct gh_json_place place)
{
	GH_ENSURE(place.depth <= GH_JSON_WALK_DEPTH, GH_E_LIMIT,
	          "the body is nested deeper than %d", GH_JSON_WALK_DEPTH);
	skip_space(walk);
	size_t start = walk->at;
	switch (peek(walk)) {
	case '{': return object(walk, place);
	case '[': return array(walk, place);
	case 't': return literal(walk, "true");
	case 'f': return literal(walk, "false");
	case 'n': return literal(walk, "null");
	case '"': {
		GH_TRY(string(walk, &walk->text));
		const struct gh_json_leaf leaf = { .place = &place,
			                           .text = gh_buf_slice(&walk->text),
			                           .at = start };
		return offer(walk, start, &leaf);
	}
	default: return number(walk, &place);
	}
}

void gh_json_advance(struct gh_slice raw, struct gh_json_cursor *cursor, size_t decoded)
{
	const struct walk walk = { .raw = raw };

	while (cursor->decoded < decoded && cursor->raw < raw.len) {
		bool is_escape = raw.data[cursor->raw] == '\\' && cursor->raw + 1 < raw.len;
		if (!is_escape || raw.data[cursor->raw + 1] != 'u') {
			cursor->raw += is_escape ? 2 : 1;
			cursor->decoded++;
			continue;
		}
		long unit = hex4(&walk, cursor->raw + 2);
		bool is_pair = unit >= 0xd800 && unit < 0xe000;
		cursor->raw += is_pair ? 12 : 6;
		cursor->decoded += is_pair ? 4 : unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3;
	}
}

static gh_result whole(struct walk *walk)
{
	GH_TRY(value(walk, (struct gh_json_place){ 0 }));
	skip_space(walk);
	if (walk->at != walk->raw.len)
		return not_json(walk);
	gh_buf_add(walk->out, walk->raw.data + walk->done, walk->raw.len - walk->done);
	return gh_buf_check(walk->out);
}

gh_result gh_json_walk(struct gh_slice raw, gh_json_leaf_fn *leaf, void *context,
                       struct gh_buf *out)
{
	struct walk walk = { .raw = raw,
		             .leaf = leaf,
		             .context = context,
		             .out = out,
		             .text = { .limit = raw.len + 16, .secret = true },
		             .fresh = { .limit = 4 * raw.len + 65536, .secret = true } };
	size_t before = out->len;

	gh_random(&walk.seed, sizeof walk.seed);
	enum gh_code code = whole(&walk);
	gh_buf_free(&walk.names);

	gh_buf_free(&walk.text);
	gh_buf_free(&walk.fresh);
	if (code != GH_OK && out->len > before)
		out->len = before;
	return code;
}
