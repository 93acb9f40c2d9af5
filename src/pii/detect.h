/* detect.h: inside this room: what detectors share. A detector adds candidates with a confidence;
 * scan.c settles overlaps. */
#ifndef GH_PII_DETECT_H
#define GH_PII_DETECT_H

#include "pii/checksum.h"
#include "pii/scan.h"

struct gh_pii_scan {
	struct gh_slice text;
	struct gh_slice key;
	bool is_bare; /* short text, no context of its own: a form field */
	struct gh_pii_matches *out;
};

/* The families; each walks the text once. */
void gh_pii_detect_email(struct gh_pii_scan *scan);
void gh_pii_detect_number(struct gh_pii_scan *scan);     /* phones, cards, ids: digits */
void gh_pii_detect_code(struct gh_pii_scan *scan);       /* ids and IBANs with letters */
void gh_pii_detect_credential(struct gh_pii_scan *scan); /* vendors, PEM, JWT */
void gh_pii_detect_password(struct gh_pii_scan *scan);   /* password=…, URLs */
void gh_pii_detect_indicator(struct gh_pii_scan *scan);  /* health, biometric, minors */

void gh_pii_add(struct gh_pii_scan *scan, size_t start, size_t end, enum gh_pii_class class,
                const char *kind, int confidence);

/* Whether one of the NULL-terminated lower-case words stands (as a whole word) within `left` bytes
 * before `start`, `right` bytes after `end`, or in the key. */
bool gh_pii_near(const struct gh_pii_scan *scan, size_t start, size_t end, size_t left,
                 size_t right, const char *const *words);
bool gh_pii_in_key(const struct gh_pii_scan *scan, const char *const *words);

static inline bool gh_pii_is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static inline bool gh_pii_is_alpha(uint8_t c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static inline bool gh_pii_is_alnum(uint8_t c)
{
	return gh_pii_is_digit(c) || gh_pii_is_alpha(c);
}

static inline uint8_t gh_pii_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

/* A national identifier: how it looks once separators are gone, and how it is proven. */
struct gh_pii_id {
	const char *kind;
	const char *shape;  /* '9' digit, 'A' letter, 'X' either; upper-cased before comparing */
	const char *groups; /* lengths of its printed groups, "324"; NULL: any */
	bool (*valid)(const char *text);
	uint8_t alone;   /* confidence without context, in its groups; 0: context needed */
	uint8_t bare;    /* when it is all that a field holds */
	uint8_t context; /* with a trigger word */
	const char *const *words;
	enum gh_pii_class class;
};
extern const struct gh_pii_id gh_pii_ids[];
extern const size_t gh_pii_id_count;

#endif
