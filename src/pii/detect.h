/* detect.h: inside this room: what the scanner gives to its detectors. scan.c walks the text once,
 * in stretches of GH_PII_STRETCH bytes: bytes are classified, words that mean something become
 * triggers, and then each sign (a digit, an '@', a ':' or '=', a known prefix, a trigger) is
 * offered to the detector whose it is. A detector looks a bounded way around its sign, so the whole
 * is linear in the text, and adds candidates; scan.c settles overlaps. */
#ifndef GH_PII_DETECT_H
#define GH_PII_DETECT_H

#include "pii/checksum.h"
#include "pii/scan.h"
#include "pii/simd.h"
#include "pii/words.h"

#define GH_PII_STRETCH 16384
#define GH_PII_BLOCKS  (GH_PII_STRETCH / GH_PII_BLOCK)

/* A word or phrase of words.txt, where it stands. */
struct gh_pii_trigger {
	uint32_t start, end;
	uint64_t groups;
	uint8_t term;
};

/* A field of a CSV row, and what its header says. */
struct gh_pii_column {
	uint32_t start, end;
	uint64_t groups;
	bool is_person; /* its header names somebody: "customer" */
};

/* What stands around a value. */
struct gh_pii_near {
	uint64_t label; /* says at once what the value is: "card no: …", its key, its column */
	uint64_t left, right;
	bool in_column;
};

#define GH_PII_ALPHABETS 9

struct gh_pii_scratch;

struct gh_pii_scan {
	struct gh_slice text; /* folded */
	uint64_t key;         /* groups that the field's name stands for */
	uint32_t without;     /* as in gh_pii_context */
	const uint8_t *least; /* the same */
	int16_t name_favour;  /* margin that words have in advance of being a name */
	bool is_bare;         /* short text, no context of its own: a form field */
	bool is_inner;        /* the text was encoded itself: no second level */
	struct gh_pii_matches *out;
	struct gh_pii_scratch *scratch;
	const struct gh_pii_trigger *triggers;
	size_t trigger_count, trigger_hint;
	bool has_scripts; /* bytes of scripts that are written without spaces */
	/* what stands in front of the value looked at last */
	bool is_seen;
	size_t seen_start, seen_last;
	struct gh_pii_near seen;
	const struct gh_pii_table *table;
	size_t column_hint;
	/* already read by the detector of that name */
	size_t number_done, code_done, jwt_done, private_key_done, address_done;
	/* what is known of long runs, so that signs inside them do not read them again: of one
	 * alphabet each (credential.c), of an unquoted value (secret.c), of a sentence
	 * (indicator.c) and of a line (context.c) */
	struct gh_pii_known {
		size_t start, end;
	} known_run[GH_PII_ALPHABETS], known_value, known_sentence, known_line;
};

/* How much the surroundings speak for `group`: 2 its label, 1 it is mentioned nearby, 0. A label of
 * another kind outweighs what is farther away. */
static inline int gh_pii_says(const struct gh_pii_near *near, uint64_t group)
{
	if (near->label & group)
		return 2;
	if (near->label)
		return 0;
	return (near->left | near->right) & group ? 1 : 0;
}

/* Whether any of `classes` (1 << class) is looked for. */
static inline bool gh_pii_wants(const struct gh_pii_scan *scan, uint32_t classes)
{
	return (scan->without & classes) != classes;
}

/* What stands around a value. A number in groups is looked at from few starts to few ends, so its
 * sides may be looked at alone: `right` is not set by the left one, what it points to holds until
 * the next look, and there is nothing right of a value in a column. */
const struct gh_pii_near *gh_pii_look_left(struct gh_pii_scan *scan, size_t start);
uint64_t gh_pii_look_right(struct gh_pii_scan *scan, size_t end);
void gh_pii_look_around(struct gh_pii_scan *scan, size_t start, size_t end,
                        struct gh_pii_near *out);

/* The families. `at` is where their sign stands. */
void gh_pii_detect_email(struct gh_pii_scan *scan, size_t at);    /* '@' */
void gh_pii_detect_digits(struct gh_pii_scan *scan, size_t at);   /* first digit of a run */
void gh_pii_detect_assigned(struct gh_pii_scan *scan, size_t at); /* ':' or '=' */
void gh_pii_detect_spoken(struct gh_pii_scan *scan, const struct gh_pii_trigger *trigger);
void gh_pii_detect_login(struct gh_pii_scan *scan, size_t at);       /* where an address ends */
void gh_pii_detect_private_key(struct gh_pii_scan *scan, size_t at); /* "BEGIN" */
void gh_pii_detect_vendor(struct gh_pii_scan *scan, size_t at,
                          size_t end); /* a word's first byte */
void gh_pii_detect_pattern(struct gh_pii_scan *scan, size_t at,
                           size_t end);                      /* a word with digits */
void gh_pii_detect_mrz(struct gh_pii_scan *scan, size_t at); /* the same */
void gh_pii_detect_term(struct gh_pii_scan *scan, const struct gh_pii_trigger *trigger);
/* What else begins with a run of digits, [at, end). */
void gh_pii_detect_code(struct gh_pii_scan *scan, size_t at, size_t end); /* ids with letters */
void gh_pii_detect_age(struct gh_pii_scan *scan, size_t at, size_t end);

void gh_pii_add(struct gh_pii_scan *scan, size_t start, size_t end, enum gh_pii_class class,
                const char *kind, int confidence);

/* A match of the tenant's own; scan.c. */
void gh_pii_add_custom(struct gh_pii_matches *out, size_t start, size_t end, const char *name,
                       uint8_t confidence, uint16_t custom);

/* gh_pii_scan without a look behind encodings, for text that was encoded. */
gh_result gh_pii_scan_plain(struct gh_slice text, uint64_t key, struct gh_pii_matches *out);

/* Made once for each scratch: which words may begin a vendor's key. The filter tells by their first
 * four bytes, the list by their first three; a prefix of two letters has a node for each third.
 * Prefixes of two or three letters and digits are not in the filter: their words are long enough to
 * be looked at anyway. */
#define GH_PII_PREFIX_FILTER 32768
#define GH_PII_PREFIX_SLOTS  2048
#define GH_PII_PREFIX_NODES  640
struct gh_pii_prefix {
	uint64_t first, mask; /* its first eight bytes, and which of them it has */
	uint16_t next;        /* index + 1 of the next one of the slot */
	uint16_t row;
};
struct gh_pii_prefixes {
	uint64_t may[GH_PII_PREFIX_FILTER / 64];
	uint16_t head[GH_PII_PREFIX_SLOTS]; /* index + 1 of a node */
	struct gh_pii_prefix nodes[GH_PII_PREFIX_NODES];
	size_t count;
};
void gh_pii_prefixes_make(struct gh_pii_prefixes *out);
static inline unsigned gh_pii_prefix_hash(uint8_t a, uint8_t b, uint8_t c)
{
	unsigned three = (unsigned)a | (unsigned)b << 8 | (unsigned)c << 16;

	return three * 2654435761u >> 21;
}
static inline unsigned gh_pii_prefix_bit(const uint8_t *four)
{
	uint32_t bytes;

	memcpy(&bytes, four, 4);
	/* In 64 bits, or the last letter would hardly count. */
	return (unsigned)(bytes * UINT64_C(0x9E3779B97F4A7C15) >> 49);
}
static inline bool gh_pii_may_be_key(const struct gh_pii_prefixes *prefixes, const uint8_t *four)
{
	unsigned bit = gh_pii_prefix_bit(four);

	return prefixes->may[bit / 64] >> bit % 64 & 1;
}
const struct gh_pii_prefixes *gh_pii_prefixes(const struct gh_pii_scan *scan);

/* Rows of gh_pii_ids by number of characters, those of digits alone and those with letters: rows
 * [of[n], of[n + 1]). */
#define GH_PII_ID_MAX  24
#define GH_PII_ID_ROWS 192
struct gh_pii_digit_row {
	const struct gh_pii_id *id;
	uint64_t words;      /* of the identifier */
	uint32_t printed[2]; /* its groups as in a span's lengths; 0: no second way */
};
struct gh_pii_code_row {
	const struct gh_pii_id *id;
	uint32_t letters, digits, signs; /* which characters must be which, lowest bit first */
};
struct gh_pii_id_index {
	struct gh_pii_digit_row digits[GH_PII_ID_ROWS];
	struct gh_pii_code_row codes[GH_PII_ID_ROWS];
	/* lengths of codes, a bit each, by which of their first four characters are letters */
	uint64_t code_lengths[16];
	uint8_t digits_of[GH_PII_ID_MAX + 2], codes_of[GH_PII_ID_MAX + 2];
};
void gh_pii_id_index_make(struct gh_pii_id_index *out);
const struct gh_pii_id_index *gh_pii_id_rows(const struct gh_pii_scan *scan);

/* Rows of comma-separated tables whose header holds triggers, read as the text is walked. Zeroed is
 * empty; only the columns near by are kept. csv.c */
#define GH_PII_MAX_FIELDS 64
struct gh_pii_table {
	struct gh_pii_column *columns; /* in order of position */
	size_t count, capacity;
	size_t at;                        /* the next line */
	const struct gh_pii_names *names; /* know who is a person; NULL: nobody asks */
	struct gh_pii_header {
		uint64_t groups[GH_PII_MAX_FIELDS];
		uint64_t persons; /* a bit each */
		size_t count;     /* 0: not inside a table */
		uint8_t separator;
	} header;
};
void gh_pii_table_begin(struct gh_pii_table *table);
/* Reads the lines that begin before `to`; `bits` are of the bytes [from, to). False: out of memory.
 */
bool gh_pii_table_read(struct gh_pii_table *table, struct gh_slice text,
                       const struct gh_pii_bits *bits, size_t from, size_t to);
/* Drops columns that end before `before`; whether there were any. */
bool gh_pii_table_forget(struct gh_pii_table *table, size_t before);
/* The groups of every word in a field's name, camelCase and snake_case parts included. */
uint64_t gh_pii_name_groups(struct gh_slice name);

static inline bool gh_pii_is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static inline bool gh_pii_is_alpha(uint8_t c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

extern const bool gh_pii_alnum[256];
static inline bool gh_pii_is_alnum(uint8_t c)
{
	return gh_pii_alnum[c];
}

/* Of what the word pass takes for a word. */
static inline bool gh_pii_is_word_byte(uint8_t c)
{
	return gh_pii_is_alnum(c) || c >= 0x80;
}

static inline uint8_t gh_pii_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

static inline uint8_t gh_pii_byte(const struct gh_pii_scan *scan, size_t at)
{
	return at < scan->text.len ? scan->text.data[at] : ' ';
}

/* A national identifier: how it looks once separators are gone, and how it is proven. */
struct gh_pii_id {
	const char *kind;
	const char *shape;  /* '9' digit, 'A' letter, 'X' either; upper-cased before comparing */
	const char *groups; /* lengths of its printed groups, "324" or "324|x"; NULL: any */
	bool (*valid)(const char *text);
	uint8_t alone;   /* confidence without context, in its groups; 0: context needed */
	uint8_t bare;    /* when it is all that a field holds */
	uint8_t context; /* with a trigger word */
	uint64_t words;
	uint8_t class;
	uint8_t len;
	bool has_letters;
};
extern const struct gh_pii_id gh_pii_ids[];
extern const size_t gh_pii_id_count;

#endif
