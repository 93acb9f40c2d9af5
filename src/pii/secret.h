/* secret.h: inside this room: secrets that only their place gives away. A name says where one may
 * stand (secret_name.c), a value whether it is worth the name (secret_value.c); the detectors join
 * the two: behind a ':' or '=' (secret.c), and in running text (secret_spoken.c). */
#ifndef GH_PII_SECRET_H
#define GH_PII_SECRET_H

#include "pii/detect.h"

/* What a byte may be to a name and to its value; several at once. */
enum gh_pii_mark {
	GH_M_NAME = 1,   /* of a name */
	GH_M_GAP = 2,    /* between a name and its sign */
	GH_M_END = 4,    /* ends a bare value */
	GH_M_SIGN = 8,   /* between the sign and the value */
	GH_M_TALK = 16,  /* between a word and the value it announces */
	GH_M_QUOTE = 32, /* opens a string */
	GH_M_STOP = 64,  /* no string behind it belongs to the name before it */
};
extern const uint8_t gh_pii_marks[256];

static inline bool gh_pii_marked(uint8_t c, unsigned marks)
{
	return gh_pii_marks[c] & marks;
}

/* Whether `left` bytes from `s` on begin with the lower-case `word`, in any case. */
static inline bool gh_pii_at_word(const uint8_t *s, size_t left, struct gh_slice word)
{
	size_t i = 0;

	if (left < word.len)
		return false;
	while (i < word.len && gh_pii_lower(s[i]) == word.data[i])
		i++;
	return i == word.len;
}

/* ---- names ---- */

enum gh_pii_strength { NO_NAME, PASSWORD_NAME, KEY_NAME, WEAK_NAME };

/* What the parts of a name promise: dbPassword, AwsSecretKey, MYSQL_PASS, api-key. */
enum gh_pii_strength gh_pii_name_strength(struct gh_slice name);
struct gh_pii_name {
	struct gh_slice text;
	bool may_promise; /* false: its strength is NO_NAME, as seen in passing */
};
/* The name before the sign at `at`: quotes and spaces between are passed over. */
struct gh_pii_name gh_pii_name_before(struct gh_slice text, size_t at);
/* The same with what stands around the name: "SECRET KEY", {"key": "db_password", "value": … */
enum gh_pii_strength gh_pii_place_strength(struct gh_slice text, size_t at,
                                           const struct gh_pii_name *name);

/* ---- values ---- */

/* The characters of a value, counted once for every question about it. */
struct gh_pii_form {
	struct gh_slice text;
	uint32_t digits, upper, lower;
	uint32_t joints;   /* of - _ . / */
	uint32_t fillers;  /* of X x * . - _ */
	uint32_t repeats;  /* of the character before */
	uint32_t changes;  /* of the kind of character */
	uint32_t distinct; /* characters of ASCII */
	bool has_sign;     /* a sign that passwords have and names have not */
	bool has_odd;      /* a space, a control character, a byte beyond ASCII */
	bool has_hint;     /* a character that references and URLs are told by */
};
struct gh_pii_form gh_pii_form_of(struct gh_slice value);

/* ${VAR}, {{…}}, <…>, os.environ[…], XXXX, ****, changeme, your-key-here … */
bool gh_pii_is_no_secret(const struct gh_pii_form *form);
/* What a password policy would ask for: digits and letters, or a sign among letters. */
bool gh_pii_is_mixed(const struct gh_pii_form *form);
/* What a generator makes: long, and none of: words, paths, versions, dates, UUID-less text. */
bool gh_pii_is_random(const struct gh_pii_form *form, size_t least);

#define GH_PII_MAX_VALUE 1000

struct gh_pii_value {
	size_t start, end;
	bool quoted;
};

/* From a quote, or from the first byte of a bare word. */
struct gh_pii_value gh_pii_read_value(struct gh_pii_scan *scan, size_t at);
/* Moves value->end on to the end of a bare word, over `most` bytes from its start. */
void gh_pii_extend_value(struct gh_slice text, struct gh_pii_value *value, size_t most);
/* Adds the value if it keeps what its name promises. */
bool gh_pii_add_value(struct gh_pii_scan *scan, const struct gh_pii_value *value,
                      enum gh_pii_strength strength, int confidence);

#endif
