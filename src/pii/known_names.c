#include "pii/known_names.h"

#include <stdlib.h>

#include "base/secret.h"
#include "pii/detect.h"
#include "pii/token.h"

#define SURE       90 /* a name becomes known from here on */
#define CONFIDENCE 75 /* of a bare first or last name of somebody known */
#define SHORTEST   3  /* bytes of a word that is kept */
#define SLOTS      (2 * GH_PII_KNOWN_NAMES)

gh_result gh_pii_known_names_open(struct gh_pii_known_names *known, uint64_t key)
{
	GH_TRY(gh_pii_tagger_open(gh_pii_model_file(), &known->tagger));
	known->key = key;
	known->is_open = true;
	return GH_OK;
}

void gh_pii_known_names_close(struct gh_pii_known_names *known)
{
	free(known->found);
	gh_wipe(known, sizeof *known);
}

static uint64_t keyed(const struct gh_pii_known_names *known, uint64_t hash)
{
	uint64_t h = (hash ^ known->key) * UINT64_C(0xD6E8FEB86659FD93);

	h ^= h >> 32;
	return h ? h : 1;
}

static bool has(const struct gh_pii_known_names *known, uint64_t word)
{
	for (size_t at = word % SLOTS; known->words[at]; at = (at + 1) % SLOTS)
		if (known->words[at] == word)
			return true;
	return false;
}

/* A word that says nothing by itself (a month, "Street", a common word) is not kept. */
static void learn(struct gh_pii_known_names *known, struct gh_slice word, const uint8_t *limit)
{
	uint64_t hash = word.len >= SHORTEST ? gh_pii_word_hash(word, limit) : 0;
	uint32_t gaz = gh_pii_tagger_gaz(&known->tagger, hash);
	size_t at;

	if (!hash || !gh_pii_is_capital(word.data, word.len) ||
	    known->count == GH_PII_KNOWN_NAMES || GH_PII_GAZ_COMMON(gaz) >= 3 ||
	    GH_PII_GAZ_PLACE(gaz) == 3 ||
	    (gaz & (GH_PII_GAZ_CALENDAR | GH_PII_GAZ_ORG | GH_PII_GAZ_STREET | GH_PII_GAZ_TITLE |
	            GH_PII_GAZ_PARTICLE)))
		return;
	uint64_t key = keyed(known, hash);
	if (has(known, key))
		return;
	for (at = key % SLOTS; known->words[at]; at = (at + 1) % SLOTS)
		;
	known->words[at] = key;
	known->count++;
}

static size_t word_end(struct gh_slice text, size_t at)
{
	while (at < text.len && gh_pii_is_word_byte(text.data[at]))
		at++;
	return at;
}

/* First and last word of a name of two or more. */
static void learn_match(struct gh_pii_known_names *known, struct gh_slice text,
                        const struct gh_pii_match *match)
{
	size_t first = word_end(text, match->start), last = match->end;

	while (last > match->start && gh_pii_is_word_byte(text.data[last - 1]))
		last--;
	if (first >= last)
		return;
	const uint8_t *limit = text.data + text.len;
	learn(known, gh_slice_sub(text, match->start, first - match->start), limit);
	learn(known, gh_slice_sub(text, last, match->end - last), limit);
}

/* Part of a longer thing, or the name of a firm or street: "Quill_id", "Quill Street". */
static bool is_something_else(const struct gh_pii_known_names *known, struct gh_slice text,
                              size_t start, size_t end)
{
	uint8_t before = start > 0 ? text.data[start - 1] : ' ';

	if (memchr("_@#/\\$.", before, 7) ||
	    (end < text.len && memchr("_@/\\(", text.data[end], 5)))
		return true;
	if (end + 1 >= text.len || text.data[end] != ' ')
		return false;
	size_t next = word_end(text, end + 1);
	if (next == end + 1 || next == text.len)
		return false;
	struct gh_slice word = gh_slice_sub(text, end + 1, next - end - 1);
	uint64_t hash = gh_pii_word_hash(word, text.data + text.len);
	return gh_pii_tagger_gaz(&known->tagger, hash) & (GH_PII_GAZ_ORG | GH_PII_GAZ_STREET);
}

static gh_result add_found(struct gh_pii_known_names *known, size_t start, size_t end)
{
	if (known->found_count == known->found_capacity) {
		size_t capacity = known->found_capacity ? known->found_capacity * 2 : 16;
		struct gh_pii_match *found = realloc(known->found, capacity * sizeof *found);
		GH_ENSURE(found, GH_E_MEMORY, "out of memory");
		known->found = found;
		known->found_capacity = capacity;
	}
	known->found[known->found_count++] = (struct gh_pii_match){
		.start = (uint32_t)start,
		.end = (uint32_t)end,
		.class = GH_PII_NAME,
		.confidence = CONFIDENCE,
		.kind = "person",
	};
	return GH_OK;
}

/* What was found takes its place among the others, and those below the threshold that it touches
 * leave. */
static gh_result merge(struct gh_pii_known_names *known,
                       const uint8_t threshold[GH_PII_CLASS_COUNT], struct gh_pii_matches *matches)
{
	size_t count = matches->count + known->found_count;

	if (known->found_count == 0)
		return GH_OK;
	if (count > matches->capacity) {
		struct gh_pii_match *items = realloc(matches->items, count * sizeof *items);
		GH_ENSURE(items, GH_E_MEMORY, "out of memory");
		matches->items = items;
		matches->capacity = count;
	}
	size_t a = matches->count, b = known->found_count;
	for (size_t at = count; b > 0;) {
		bool old = a > 0 && matches->items[a - 1].start > known->found[b - 1].start;
		matches->items[--at] = old ? matches->items[--a] : known->found[--b];
	}
	size_t kept = 0;
	for (size_t i = 0; i < count; i++) {
		struct gh_pii_match item = matches->items[i];
		if (kept > 0 && matches->items[kept - 1].end > item.start) {
			const struct gh_pii_match *last = &matches->items[kept - 1];
			if (last->confidence >= threshold[last->class] &&
			    last->confidence >= item.confidence)
				continue;
			kept--;
		}
		matches->items[kept++] = item;
	}
	matches->count = kept;
	return GH_OK;
}

/* The first byte at or behind `at` that a capital may begin with; `to`: there is none before it. */
static size_t next_capital(struct gh_slice text, size_t at, size_t to)
{
	for (; at < to && text.len - at >= 8; at += 8) {
		uint64_t eight = gh_pii_eight(text, at);
		if (gh_pii_within(eight, 'A', 'Z') | (eight & GH_PII_TOPS))
			break;
	}
	while (at < to && text.data[at] < 0x80 && (uint8_t)(text.data[at] - 'A') >= 26)
		at++;
	return at < to ? at : to;
}

gh_result gh_pii_known_names_apply(struct gh_pii_known_names *known, struct gh_slice text,
                                   size_t from, size_t to,
                                   const uint8_t threshold[GH_PII_CLASS_COUNT],
                                   struct gh_pii_matches *matches)
{
	size_t m = 0, at = from;

	known->found_count = 0;
	if (from > 0 && from < to && gh_pii_is_word_byte(text.data[from - 1]))
		at = word_end(text, from); /* a word that began before */
	while (at < to) {
		while (m < matches->count &&
		       (matches->items[m].end <= at ||
		        matches->items[m].confidence < threshold[matches->items[m].class]))
			m++;
		if (m < matches->count && matches->items[m].start <= at) {
			const struct gh_pii_match *match = &matches->items[m++];
			if (match->class == GH_PII_NAME && match->confidence >= SURE)
				learn_match(known, text, match);
			at = match->end;
			continue;
		}
		if (known->count == 0) {
			/* Nothing to look for before the next match. */
			at = m < matches->count ? matches->items[m].start : to;
			continue;
		}
		size_t stop = m < matches->count && matches->items[m].start < to
		                  ? matches->items[m].start
		                  : to;
		size_t next = next_capital(text, at, stop);
		if (next == stop) {
			at = stop;
			continue;
		}
		size_t end = word_end(text, next);
		if (next > at && gh_pii_is_word_byte(text.data[next - 1])) {
			at = end;
			continue;
		}
		at = next;
		struct gh_slice word = gh_slice_sub(text, at, end - at);
		if (word.len >= SHORTEST && gh_pii_is_capital(word.data, word.len) &&
		    !(m < matches->count && matches->items[m].start < end)) {
			uint64_t hash = gh_pii_word_hash(word, text.data + text.len);
			if (hash && has(known, keyed(known, hash)) &&
			    !is_something_else(known, text, at, end))
				GH_TRY(add_found(known, at, end));
		}
		at = end;
	}
	return merge(known, threshold, matches);
}
