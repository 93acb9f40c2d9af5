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
enum gh_addr_gap { JOINED, SPACE, COMMA, LINE, STOP_SPACE, HASH, AND, BRACKET, END };

struct gh_addr_word {
	uint32_t start, end;
	uint32_t flags; /* GH_A_… */
	uint8_t gap; /* to the word before it (of those behind the number: to the one after it) */
	uint8_t digits; /* how many digits it begins with */
	bool is_number, is_code, is_capital, is_ordinal;
};

struct gh_addr_reader {
	const struct gh_pii_scan *scan;
	size_t ahead_count, behind_count;
	size_t from, at; /* where reading ahead began, and where it goes on */
	bool ended, has_brackets;
	struct gh_addr_word ahead[ADDR_AHEAD], behind[ADDR_BEHIND];
};

/* What was found: score and bounds. */
struct gh_addr_finding {
	int score;
	size_t start, end;
	bool street, kind; /* a street was named; its kind was the last word of it */
	bool lower;        /* it is written without capitals */
	bool box;          /* it is a post box's or a route's number */
	bool bare;         /* a street without a number, told so: the number is behind it */
	bool corner;       /* "the corner of" it and another */
};

/* ---- address_read.c: bytes to words ---- */

#define ADDR_B_WORD 1 /* letters, digits, bytes beyond ASCII */
/* before a number it says that this is no house: money, times, versions, ids */
#define ADDR_B_BARS 2
extern const uint16_t gh_pii_address_bytes[256];

static inline bool gh_addr_is_word_byte(uint8_t c)
{
	return gh_pii_address_bytes[c] & ADDR_B_WORD;
}

const struct gh_addr_word *gh_addr_read_ahead(struct gh_addr_reader *r, size_t i);
const struct gh_addr_word *gh_addr_read_behind(struct gh_addr_reader *r, size_t i);

/* The words from the number on (it is the first), and those before it, the nearest first. NULL:
 * there are no more. */
static inline const struct gh_addr_word *gh_addr_ahead(struct gh_addr_reader *r, size_t i)
{
	return i < r->ahead_count ? &r->ahead[i] : gh_addr_read_ahead(r, i);
}

static inline const struct gh_addr_word *gh_addr_behind(struct gh_addr_reader *r, size_t i)
{
	return i < r->behind_count ? &r->behind[i] : gh_addr_read_behind(r, i);
}

/* From here on one word in brackets is read over, "Halle (Saale) 06108"; else they end the text. */
void gh_addr_allow_brackets(struct gh_addr_reader *r);

/* Takes a word out, as if it had not been there. */
void gh_addr_drop_ahead(struct gh_addr_reader *r, size_t i);
void gh_addr_drop_behind(struct gh_addr_reader *r, size_t count);

static inline size_t gh_addr_length(const struct gh_addr_word *word)
{
	return word->end - word->start;
}

/* ---- address_piece.c: what a word or two can be ---- */

bool gh_addr_text_is(const struct gh_pii_scan *scan, const struct gh_addr_word *word,
                     const char *lower);
/* Ends like streets do in languages that write them as one word: Hauptstraße, Lindenstraat. */
bool gh_addr_is_compound(const struct gh_pii_scan *scan, const struct gh_addr_word *word);
/* A kind of street that stands before its name: "Via", "Calle", "ul.", "C/". */
bool gh_addr_opens_street(const struct gh_pii_scan *scan, const struct gh_addr_word *word);
/* "12", "221B", "5th", "W211": not "9f8a". */
bool gh_addr_is_house(const struct gh_pii_scan *scan, const struct gh_addr_word *word);
/* "3º", "2ª" */
bool gh_addr_is_floor(const struct gh_pii_scan *scan, const struct gh_addr_word *word);
/* An abbreviation may end in a full stop that ends no sentence. */
bool gh_addr_is_short(const struct gh_addr_word *word);
/* Five digits. */
bool gh_addr_is_zip(const struct gh_addr_word *word);
/* How many words from `i` on are a postcode of whatever country: "20558-1234" is two, 0 none. */
size_t gh_addr_post_code(struct gh_addr_reader *r, size_t i);
/* "Apt 4", "Suite B": whether a number or letter follows the word at `i`. */
bool gh_addr_has_unit_value(struct gh_addr_reader *r, size_t i);

/* ---- address_street.c, address_front.c, address_begin.c, address_tail.c ---- */

/* "1600 Amphitheatre Parkway": the number comes first. Reads the tail too. */
void gh_addr_read_street(struct gh_addr_reader *r, struct gh_addr_finding *out);
/* "Via Garibaldi 41", "Hauptstraße 5": the number comes last. False: it is none. */
bool gh_addr_read_front(struct gh_addr_reader *r, struct gh_addr_finding *out);
/* "P.O. Box 52", "Postfach 12", "Unit 4021 Box 77", "Apt. 12" on a line of its own. */
bool gh_addr_read_box(struct gh_addr_reader *r, struct gh_addr_finding *out);
/* "the corner of Elm 12 and Oak": a number behind any name. */
bool gh_addr_read_corner(struct gh_addr_reader *r, struct gh_addr_finding *out);
/* "the corner of" stands before what was found, and belongs to it. */
bool gh_addr_begin_corner(struct gh_addr_reader *r, struct gh_addr_finding *out);
/* Takes in the unit, the ship or the attribute that stands before. */
void gh_addr_extend_begin(struct gh_addr_reader *r, struct gh_addr_finding *out);
/* Unit, town, state, postcode and country, from the word at `from` on. */
void gh_addr_read_tail(struct gh_addr_reader *r, size_t from, struct gh_addr_finding *out);

#endif
