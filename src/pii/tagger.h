/* tagger.h: inside this room: a linear model over hashed features that tells the words of a short
 * segment apart: names, addresses, places, organisations. Weights, gazetteer and calibration are
 * one file (tools/pii-train makes it), linked into the program and read in place. Integers only, so
 * that every machine gives the same labels; nothing is allocated. */
#ifndef GH_PII_TAGGER_H
#define GH_PII_TAGGER_H

#include "base/result.h"
#include "base/slice.h"

enum gh_pii_label {
	GH_PII_TAG_O,
	GH_PII_TAG_NAME, /* begins a name */
	GH_PII_TAG_NAME_ON,
	GH_PII_TAG_ADDRESS,
	GH_PII_TAG_ADDRESS_ON,
	GH_PII_TAG_PLACE,
	GH_PII_TAG_ORG,
	GH_PII_TAG_MISC,
	GH_PII_TAG_COUNT
};

/* What the gazetteer knows of a word, case forgotten. The first three are strengths, 0 to 3; the
 * fourth how common the word is in lower case, 0 (unheard of) to 7. */
#define GH_PII_GAZ_FIRST(f)  ((f)&3u)
#define GH_PII_GAZ_LAST(f)   ((f) >> 2 & 3u)
#define GH_PII_GAZ_PLACE(f)  ((f) >> 4 & 3u)
#define GH_PII_GAZ_COMMON(f) ((f) >> 6 & 7u)
#define GH_PII_GAZ_PARTICLE  (1u << 9)  /* van, de, bin */
#define GH_PII_GAZ_TITLE     (1u << 10) /* Mr, Dr */
#define GH_PII_GAZ_ORG       (1u << 11) /* Ltd, University */
#define GH_PII_GAZ_STREET    (1u << 12)
#define GH_PII_GAZ_INTRO     (1u << 13) /* a name may follow: "named", "Dear" */
#define GH_PII_GAZ_CALENDAR  (1u << 14) /* capitalised and no name: months, languages, peoples */
#define GH_PII_GAZ_BARE      (1u << 15) /* a first name even in lower case */

/* Whether a word may be part of a name, or open a window. */
enum gh_pii_part {
	GH_PII_PART_NONE,
	GH_PII_PART_MAY,   /* only beside one that opens: capitalised common words, particles */
	GH_PII_PART_OPENS, /* and the two words behind it */
	GH_PII_PART_INTRO, /* opens for the three words behind it */
};

/* What stands between a word and the one before it. */
enum gh_pii_gap {
	GH_PII_GAP_START,
	GH_PII_GAP_SPACE,
	GH_PII_GAP_HYPHEN,
	GH_PII_GAP_APOSTROPHE,
	GH_PII_GAP_DOT_SPACE,
	GH_PII_GAP_DOT,
	GH_PII_GAP_COMMA,       /* ", " */
	GH_PII_GAP_COMMA_TIGHT, /* "," */
	GH_PII_GAP_COLON,
	GH_PII_GAP_LINE,
	GH_PII_GAP_QUOTE,
	GH_PII_GAP_BRACKET,
	GH_PII_GAP_UNDERSCORE,
	GH_PII_GAP_ASSIGN,
	GH_PII_GAP_HANDLE,
	GH_PII_GAP_OTHER,
	GH_PII_GAP_KEY, /* `": "` */
};

struct gh_pii_tag_word {
	uint64_t hash; /* gh_pii_word_hash; 0: too long a word */
	uint32_t start, end;
	uint32_t suffix;     /* its last three bytes, lower-cased */
	uint16_t gaz, brief; /* brief: gaz in fewer steps, for features of two words */
	uint8_t shape, gap, part;
	bool is_lower;
	bool asked; /* gaz is filled in */
	bool ready; /* so are the others */
};

/* One score a label. */
typedef int16_t gh_pii_scores __attribute__((vector_size(16)));

#define GH_PII_TAGGER_VERSION 2
#define GH_PII_TAGGER_LEVELS  32

struct gh_pii_tagger {
	const int8_t *rows;    /* GH_PII_TAG_COUNT weights each */
	const uint16_t *gaz;   /* pairs of print and flags */
	const uint64_t *bare;  /* two bits a hash: lower-case words that open or may be part */
	const int16_t *levels; /* the least margin of each confidence, rising */
	const uint8_t *confidence;
	unsigned row_bits;
	uint64_t gaz_mask, bare_mask; /* places in the tables less one; of 64 bare words each */
	/* Scores of a label behind another, in both directions; and of the first label of a
	 * segment, which may go on with a name behind a comma. */
	gh_pii_scores moves[GH_PII_TAG_COUNT], moves_back[GH_PII_TAG_COUNT];
	gh_pii_scores first, first_on;
	int name_gain; /* what moves can at most gain for a word of a name */
};

#define GH_PII_TAGGER_SEGMENT 64 /* words; a longer one is cut */
#define GH_PII_TAGGER_AROUND  2  /* words on both sides that features look at */

/* Reads a model in place; `file` must stay. GH_E_CORRUPT when magic, version or a size is not as it
 * must be. */
gh_result gh_pii_tagger_open(struct gh_slice file, struct gh_pii_tagger *out);
/* The same, for a file that must be the one whose SHA-256 this is, in hexadecimal. */
gh_result gh_pii_tagger_check(struct gh_slice file, const char *digest);
/* The model that is part of the program. */
struct gh_slice gh_pii_model_file(void);

uint16_t gh_pii_tagger_gaz(const struct gh_pii_tagger *tagger, uint64_t hash);
/* Without capitals and digits; "TypedDict", "iPhone": capitals inside. The word is ready. */
bool gh_pii_tag_word_is_lower(const struct gh_pii_tag_word *token);
bool gh_pii_tag_word_is_mixed(const struct gh_pii_tag_word *token);
bool gh_pii_is_wide_capital(uint8_t a, uint8_t b);
/* Whether a letter of two bytes or less is a capital. */
static inline bool gh_pii_is_capital(const uint8_t *letter, size_t len)
{
	return (uint8_t)(letter[0] - 'A') < 26 ||
	       (letter[0] >= 0xc3 && len > 1 && gh_pii_is_wide_capital(letter[0], letter[1]));
}

static inline bool gh_pii_tag_word_is_capital(struct gh_slice text,
                                              const struct gh_pii_tag_word *token)
{
	return gh_pii_is_capital(text.data + token->start, token->end - token->start);
}

/* Where the lookup of a hash begins, to be fetched ahead. */
static inline const void *gh_pii_tagger_slot(const struct gh_pii_tagger *tagger, uint64_t hash)
{
	return &tagger->gaz[2 * (hash >> 20 & tagger->gaz_mask)];
}

/* The two bits of a hash in its group of 64 of the table of bare words. */
static inline uint64_t gh_pii_tagger_bare_bits(uint64_t hash)
{
	return UINT64_C(1) << (hash >> 40 & 63) | UINT64_C(1) << (hash >> 50 & 63);
}

static inline bool gh_pii_tagger_maybe_bare(const struct gh_pii_tagger *tagger, uint64_t hash)
{
	uint64_t bits = gh_pii_tagger_bare_bits(hash);

	return (tagger->bare[hash >> 11 & tagger->bare_mask] & bits) == bits;
}

/* Fills gaz, shape and gap of a word; `before` is the end of the word before it. */
void gh_pii_tagger_ready(const struct gh_pii_tagger *tagger, struct gh_slice text, size_t before,
                         struct gh_pii_tag_word *token);

/* The rows of a word's features; both neighbours at GH_PII_TAGGER_AROUND must be there and ready.
 */
#define GH_PII_TAGGER_FEATURES 10
void gh_pii_tagger_features(const struct gh_pii_tagger *tagger, const struct gh_pii_tag_word *token,
                            uint32_t rows[GH_PII_TAGGER_FEATURES]);
/* The same, and their weights will soon be asked for. */
void gh_pii_tagger_fetch(const struct gh_pii_tagger *tagger, const struct gh_pii_tag_word *token,
                         uint32_t rows[GH_PII_TAGGER_FEATURES]);

/* Labels tokens[0, count) by their rows, count at most GH_PII_TAGGER_SEGMENT. `favour` is added for
 * a name. margins[i] is how much better the best path with token i in a name is than the best one
 * without. False: none of them is a name, and nothing is written. */
bool gh_pii_tagger_label(const struct gh_pii_tagger *tagger, const struct gh_pii_tag_word *tokens,
                         const uint32_t rows[][GH_PII_TAGGER_FEATURES], size_t count,
                         int16_t favour, uint8_t *labels, int16_t *margins);

/* 0 to 100. */
uint8_t gh_pii_tagger_confidence(const struct gh_pii_tagger *tagger, int margin);

#endif
