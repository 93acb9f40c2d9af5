/* words.h: inside this room: words that give a value its meaning, found by hash. A word is a run of
 * letters, digits and bytes beyond ASCII; its hash forgets case. The table is made from words.txt
 * when the program is built. */
#ifndef GH_PII_WORDS_H
#define GH_PII_WORDS_H

#include <string.h>

#include "base/slice.h"
#include "pii/classes.h"
#include "word_groups.h"

#define GH_PII_MAX_WORD   32
#define GH_PII_SHORT_WORD 16

/* Not words of the table, but triggers as well: what may begin a vendor's key; long words. */
#define GH_W_VENDOR  (UINT64_C(1) << 62)
#define GH_W_PATTERN (UINT64_C(1) << 63)

struct gh_pii_word {
	uint64_t groups; /* GH_W_… */
	uint8_t term;    /* index in gh_pii_terms; 0: none */
	uint8_t phrases; /* GH_PII_PHRASE_… */
};

#define GH_PII_PHRASE_GOES_ON    1 /* it begins a longer phrase */
#define GH_PII_PHRASE_LOOKS_BACK 2 /* with the letter before it, it is one: "a/c" */

/* An indicator: confidence when a person is near, and when nobody is. */
struct gh_pii_term {
	uint8_t class;
	uint8_t personal, alone;
	uint8_t head; /* what stands before it belongs to it: 1 "… disease", 2 "… cancer", which
	                 says enough alone; 0 no */
};

/* One bit for each hash in the table: nearly every word ends here; and one for each that says more
 * than that a person is meant. Then the low halves of the hashes (0: empty slot), apart from the
 * entries, so that a miss touches little. */
extern const uint64_t gh_pii_word_filter[GH_PII_WORD_FILTER / 64];
extern const uint64_t gh_pii_value_filter[GH_PII_WORD_FILTER / 64];
extern const uint32_t gh_pii_word_prints[GH_PII_WORD_SLOTS];
extern const struct gh_pii_word gh_pii_words[GH_PII_WORD_SLOTS];
extern const struct gh_pii_term gh_pii_terms[];
/* What words end in that name an illness, and a byte for each hash of four last letters. */
struct gh_pii_suffix {
	const char *text;
	uint32_t four; /* its last four bytes */
	uint8_t len;
};
extern const struct gh_pii_suffix gh_pii_suffixes[GH_PII_SUFFIXES];
extern const bool gh_pii_suffix_filter[1024];

/* Eight bytes of the word from `at` on, lower-cased, zero beyond its end. */
static inline uint64_t gh_pii_word_load(struct gh_slice word, size_t at, const uint8_t *limit)
{
	uint64_t bytes = 0, lower = UINT64_C(0x2020202020202020);

	if (at >= word.len)
		return 0;
	size_t left = word.len - at;
	if (left >= 8) {
		memcpy(&bytes, word.data + at, 8);
		return bytes | lower;
	}
	if (limit - (word.data + at) >= 8)
		memcpy(&bytes, word.data + at, 8);
	else
		memcpy(&bytes, word.data + at, left);
	return (bytes | lower) & (~UINT64_C(0) >> (64 - 8 * left));
}

/* The first bytes of two times eight, by how many there are. */
extern const uint64_t gh_pii_word_masks[GH_PII_SHORT_WORD + 1][2];

/* Of a word of at most GH_PII_SHORT_WORD bytes, of which that many can be read. */
static inline uint64_t gh_pii_short_hash(const uint8_t *word, size_t len)
{
	uint64_t h, bytes[2], lower = UINT64_C(0x2020202020202020);

	memcpy(bytes, word, sizeof bytes);
	h = ((bytes[0] | lower) & gh_pii_word_masks[len][0]) * UINT64_C(0x9E3779B97F4A7C15);
	h ^= h >> 29;
	h = (h ^ ((bytes[1] | lower) & gh_pii_word_masks[len][1])) * UINT64_C(0xBF58476D1CE4E5B9);
	h ^= h >> 32;
	return h ^ h >> 31;
}

/* 0 for a word that is too long to be in the table. `limit`: the end of readable memory. */
static inline uint64_t gh_pii_word_hash(struct gh_slice word, const uint8_t *limit)
{
	if (word.len > GH_PII_MAX_WORD)
		return 0;
	if (limit - word.data >= GH_PII_SHORT_WORD && word.len <= GH_PII_SHORT_WORD)
		return gh_pii_short_hash(word.data, word.len);
	uint64_t h = gh_pii_word_load(word, 0, limit) * UINT64_C(0x9E3779B97F4A7C15);
	h ^= h >> 29;
	h = (h ^ gh_pii_word_load(word, 8, limit)) * UINT64_C(0xBF58476D1CE4E5B9);
	h ^= h >> 32;
	if (word.len > 16)
		h = (h ^ gh_pii_word_load(word, 16, limit) ^
		     gh_pii_word_load(word, 24, limit) * 3) *
		    UINT64_C(0x94D049BB133111EB);
	return h ^ h >> 31;
}

/* By its length and first four bytes, of which four can be read: false for a word that is not in
 * gh_pii_value_filter's table. Cheaper than its hash, and most words end here. */
extern const uint64_t gh_pii_first_filter[32768 / 64];
static inline bool gh_pii_may_begin(const uint8_t *word, size_t len)
{
	uint32_t four, most = (uint32_t)gh_pii_word_masks[len < 4 ? len : 4][0];

	memcpy(&four, word, 4);
	four = ((four | 0x20202020u) & most) ^ (uint32_t)len * 0x01000193u;
	uint32_t bit = four * 2654435761u >> 17;
	return gh_pii_first_filter[bit / 64] >> bit % 64 & 1;
}

/* Whether a word of `len` letters that ends before `end` may end in one of the suffixes. */
static inline bool gh_pii_may_have_suffix(const uint8_t *end)
{
	uint32_t four;

	memcpy(&four, end - 4, 4);
	return gh_pii_suffix_filter[(four | 0x20202020u) * 2654435761u >> 22];
}

static inline uint64_t gh_pii_word_join(uint64_t phrase, uint64_t word)
{
	uint64_t h = ((phrase << 23 | phrase >> 41) ^ word) * UINT64_C(0x9E3779B97F4A7C15);

	return h ^ h >> 32;
}

/* False for a hash that is not in the filter's table. */
static inline bool gh_pii_filter_has(const uint64_t *filter, uint64_t hash)
{
	uint64_t bit = hash >> 24 & (GH_PII_WORD_FILTER - 1);

	return filter[bit / 64] >> bit % 64 & 1;
}

static inline const struct gh_pii_word *gh_pii_word_find(uint64_t hash)
{
	uint32_t print = (uint32_t)hash ? (uint32_t)hash : 1;

	if (!gh_pii_filter_has(gh_pii_word_filter, hash))
		return NULL;
	for (size_t at = hash >> 40 & (GH_PII_WORD_SLOTS - 1); gh_pii_word_prints[at];
	     at = (at + 1) & (GH_PII_WORD_SLOTS - 1))
		if (gh_pii_word_prints[at] == print)
			return &gh_pii_words[at];
	return NULL;
}

#endif
