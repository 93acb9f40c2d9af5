/* token.h: inside this room: runs of digits, and of letters and digits, read eight bytes at a time:
 * most end within the first eight, so that there is no loop whose end is hard to guess. */
#ifndef GH_PII_TOKEN_H
#define GH_PII_TOKEN_H

#include <string.h>

#include "base/slice.h"

#define GH_PII_EACH UINT64_C(0x0101010101010101)
#define GH_PII_TOPS (GH_PII_EACH * 0x80)

/* Eight bytes from `at` on, which is not behind the text's end; zero beyond it. */
static inline uint64_t gh_pii_eight(struct gh_slice text, size_t at)
{
	uint64_t bytes = 0;

	if (text.len - at >= 8)
		memcpy(&bytes, text.data + at, 8);
	else
		for (size_t i = at; i < text.len; i++)
			bytes |= (uint64_t)text.data[i] << 8 * (i - at);
	return bytes;
}

/* The top bit of each byte that is from `low` to `high`, both below 0x80. */
static inline uint64_t gh_pii_within(uint64_t bytes, uint8_t low, uint8_t high)
{
	uint64_t seven = bytes & ~GH_PII_TOPS;

	return (seven + GH_PII_EACH * (0x80u - low)) & ~(seven + GH_PII_EACH * (0x7fu - high)) &
	       ~bytes & GH_PII_TOPS;
}

static inline uint64_t gh_pii_digits_of(uint64_t bytes)
{
	return gh_pii_within(bytes, '0', '9');
}

static inline uint64_t gh_pii_letters_of(uint64_t bytes)
{
	return gh_pii_within(bytes | GH_PII_EACH * 0x20, 'a', 'z');
}

/* How many bytes in front of the first whose top bit is not set; 8: all are. */
static inline size_t gh_pii_leading(uint64_t tops)
{
	uint64_t others = ~tops & GH_PII_TOPS;

	return others ? (size_t)__builtin_ctzll(others) / 8 : 8;
}

/* One bit a byte, the first byte lowest, for top bits. */
static inline unsigned gh_pii_gather(uint64_t tops)
{
	return (unsigned)((tops >> 7) * UINT64_C(0x0102040810204080) >> 56);
}

/* Where the run of digits that goes through `at` ends. */
static inline size_t gh_pii_digits_end(struct gh_slice text, size_t at)
{
	size_t more;

	do {
		more = gh_pii_leading(gh_pii_digits_of(gh_pii_eight(text, at)));
		at += more;
	} while (more == 8);
	return at;
}

/* A run of letters and digits from `start` on. */
struct gh_pii_piece {
	size_t start, end;
	uint64_t letters; /* which of the first 64 are letters, the first one lowest */
};

static inline struct gh_pii_piece gh_pii_read_piece(struct gh_slice text, size_t at)
{
	struct gh_pii_piece token = { .start = at, .end = at };
	size_t more;

	do {
		uint64_t eight = gh_pii_eight(text, token.end);
		uint64_t letters = gh_pii_letters_of(eight);
		more = gh_pii_leading(gh_pii_digits_of(eight) | letters);
		uint64_t mine = gh_pii_gather(letters) & ((1u << more) - 1);
		if (token.end - at < 64)
			token.letters |= mine << (token.end - at);
		token.end += more;
	} while (more == 8);
	return token;
}

/* A word of up to eight letters as a number, lower-cased; 0 for a longer one. Of no other bytes
 * than letters, digits, apostrophes and those beyond ASCII. */
static inline uint64_t gh_pii_short_word(struct gh_slice text, size_t start, size_t end)
{
	size_t len = end - start;

	if (len == 0 || len > 8)
		return 0;
	return (gh_pii_eight(text, start) | GH_PII_EACH * 0x20) & ~UINT64_C(0) >> (64 - 8 * len);
}

/* Whether a word is in a list of words, each below eight letters and lower-case. */
static inline bool gh_pii_is_one_of(uint64_t word, const char (*list)[8], size_t count)
{
	uint64_t each;

	for (size_t i = 0; i < count; i++) {
		memcpy(&each, list[i], 8);
		if (each == word)
			return true;
	}
	return false;
}

#endif
