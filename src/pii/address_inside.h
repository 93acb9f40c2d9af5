/* address_inside.h: shared by the files of the address detector and by nobody else. A reader takes
 * the text around a number apart into words, one at a time and only those that are asked for, since
 * most numbers are dismissed by the first. Everything is bounded: by words, and by bytes. */
#ifndef GH_PII_ADDRESS_INSIDE_H
#define GH_PII_ADDRESS_INSIDE_H

#include "address_table.h"
#include "pii/detect.h"

#define ADDR_AHEAD  30 /* words that are looked at behind the number */
#define ADDR_BEHIND 8  /* and before it */

/* What stands between two words. */
enum addr_gap { JOINED, SPACE, COMMA, LINE, STOP_SPACE, HASH, AND, END };

struct addr_word {
	uint32_t start, end;
	uint32_t flags; /* GH_A_… */
	uint8_t gap; /* to the word before it (of those behind the number: to the one after it) */
	uint8_t digits; /* how many digits it begins with */
	bool is_number, is_code, is_capital, is_ordinal;
};

struct addr_reader {
	const struct gh_pii_scan *scan;
	size_t ahead_count, behind_count;
	size_t from, at; /* where reading ahead began, and where it goes on */
	bool ended;
	struct addr_word ahead[ADDR_AHEAD], behind[ADDR_BEHIND];
};

/* What was found: score and bounds. */
struct addr_finding {
	int score;
	size_t start, end;
	bool street, lower; /* a kind of street was named; it is written without capitals */
};

/* ---- address_read.c: bytes to words ---- */

#define ADDR_B_WORD  1 /* letters, digits, bytes beyond ASCII */
#define ADDR_B_DIGIT 2
#define ADDR_B_BARS  4 /* before a number it says that this is no house: money, times, versions, ids */
extern const uint16_t gh_pii_address_bytes[256];

static inline bool addr_is_word_byte(uint8_t c)
{
	return gh_pii_address_bytes[c] & ADDR_B_WORD;
}

const struct addr_word *addr_read_ahead(struct addr_reader *r, size_t i);
const struct addr_word *addr_read_behind(struct addr_reader *r, size_t i);

/* The words from the number on (it is the first), and those before it, the nearest first. NULL:
 * there are no more. */
static inline const struct addr_word *addr_ahead(struct addr_reader *r, size_t i)
{
	return i < r->ahead_count ? &r->ahead[i] : addr_read_ahead(r, i);
}

static inline const struct addr_word *addr_behind(struct addr_reader *r, size_t i)
{
	return i < r->behind_count ? &r->behind[i] : addr_read_behind(r, i);
}

/* Takes a word out, as if it had not been there. */
void addr_drop_ahead(struct addr_reader *r, size_t i);
void addr_drop_behind(struct addr_reader *r, size_t count);

static inline size_t addr_length(const struct addr_word *word)
{
	return word->end - word->start;
}

/* ---- address_piece.c: what a word or two can be ---- */

bool addr_text_is(const struct gh_pii_scan *scan, const struct addr_word *word, const char *lower);
/* Ends like streets do in languages that write them as one word: Hauptstraße, Lindenstraat. */
bool addr_is_compound(const struct gh_pii_scan *scan, const struct addr_word *word);
/* "12", "221B", "5th", "W211": not "9f8a". */
bool addr_is_house(const struct addr_word *word);
/* An abbreviation may end in a full stop that ends no sentence. */
bool addr_is_short(const struct addr_word *word);
/* Five digits. */
bool addr_is_zip(const struct addr_word *word);
/* Index of the last word of the postcode that begins at `i`: "20558-1234" is two. */
size_t addr_zip_end(struct addr_reader *r, size_t i);
/* "K2L 6B8", "EH1 1YZ", "SW1A 2AA": whether the words at `i` and behind it are a postcode. */
bool addr_is_post_code(struct addr_reader *r, size_t i);
/* "Apt 4", "Suite B": whether a number or letter follows the word at `i`. */
bool addr_has_unit_value(struct addr_reader *r, size_t i);

/* ---- address_street.c and address_tail.c ---- */

/* "1600 Amphitheatre Parkway": the number comes first. Reads the tail too. */
void addr_read_street(struct addr_reader *r, struct addr_finding *out);
/* "Via Garibaldi 41", "Hauptstraße 5": the number comes last. False: it is none. */
bool addr_read_front(struct addr_reader *r, struct addr_finding *out);
/* "P.O. Box 52", "Postfach 12", "Unit 4021 Box 77", "Apt. 12" on a line of its own. */
bool addr_read_box(struct addr_reader *r, struct addr_finding *out);
/* Unit, town, state, postcode and country, from the word at `from` on. */
void addr_read_tail(struct addr_reader *r, size_t from, struct addr_finding *out);

#endif
