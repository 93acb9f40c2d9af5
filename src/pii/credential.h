/* credential.h: inside this room: what keys with a prefix (credential.c) and keys with a form of
 * their own (credential_form.c) share. */
#ifndef GH_PII_CREDENTIAL_H
#define GH_PII_CREDENTIAL_H

#include "pii/secret.h"
#include "pii/vendors.h"

static inline unsigned gh_pii_base64_value(uint8_t c)
{
	return gh_pii_is_digit(c)     ? c - (unsigned)'0' + 52
	       : c >= 'a' && c <= 'z' ? c - (unsigned)'a' + 26
	       : c >= 'A' && c <= 'Z' ? c - (unsigned)'A'
	       : c == '-' || c == '+' ? 62
	                              : 63;
}

/* One case only: a generator writes either. */
static inline bool gh_pii_mixes_cases(struct gh_slice s)
{
	bool upper = false, lower = false;

	for (size_t i = 0; i < s.len; i++) {
		upper = upper || (s.data[i] >= 'A' && s.data[i] <= 'Z');
		lower = lower || s.data[i] >= 'a';
	}
	return upper && lower;
}

static inline bool gh_pii_all_random(struct gh_slice s)
{
	struct gh_pii_form form = gh_pii_form_of(s);

	return gh_pii_is_random(&form, s.len);
}

/* The secret that travels with a public id: the next random word of exactly `len` characters. */
void gh_pii_add_partner(struct gh_pii_scan *scan, size_t from, size_t len, const char *kind);

#endif
