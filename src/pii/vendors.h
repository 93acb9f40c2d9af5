/* vendors.h: inside this room: the keys and tokens that say by their first letters whose they are.
 * One row a form; a prefix alone proves nothing without the rest of it. */
#ifndef GH_PII_VENDORS_H
#define GH_PII_VENDORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

enum gh_pii_alphabet {
	HEX,
	UPPER,
	ALNUM,
	WORD,
	BASE64,
	PERCENT,
	DOLLAR,
	SLASH,
	AIRTABLE,
	ALPHABETS
};

#define GH_PII_REFUSED (-100)

struct gh_pii_vendor {
	const char *prefix;
	uint8_t alphabet;
	uint16_t least, most; /* characters after the prefix */
	uint8_t confidence;
	const char *kind; /* "vendor-what" */
	/* What else the vendor promises about the characters after the prefix: 0 when they keep it,
	 * below 0 what to take off the confidence, GH_PII_REFUSED. */
	int (*check)(struct gh_slice body);
};

extern const struct gh_pii_vendor gh_pii_vendors[];
extern const size_t gh_pii_vendor_count;

/* A bit for each alphabet that the byte is in. */
extern const uint16_t gh_pii_alphabets[256];
static inline bool gh_pii_in_alphabet(uint8_t c, uint8_t alphabet)
{
	return gh_pii_alphabets[c] >> alphabet & 1;
}
/* GitHub and npm: the last six of 36 characters are the CRC-32 of the others in base 62. */
bool gh_pii_crc_fits(struct gh_slice body);

#endif
