/* custom_parse.h: inside this room: definitions as they are written, checked for form. */
#ifndef GH_PII_CUSTOM_PARSE_H
#define GH_PII_CUSTOM_PARSE_H

#include <jansson.h>

#include "pii/custom.h"

enum gh_pii_custom_type { GH_PII_CUSTOM_REGEX, GH_PII_CUSTOM_WORDS, GH_PII_CUSTOM_ALLOW };

/* Refers into `tree`. */
struct gh_pii_custom_form {
	json_t *tree; /* owned */
	char name[GH_PII_CUSTOM_NAME_MAX + 1];
	enum gh_pii_custom_type type;
	const json_t *values;           /* array of strings; the one regex is put into an array */
	const json_t *match, *no_match; /* arrays of strings, or NULL */
	bool caseless;
	uint8_t confidence;
	uint8_t mode[GH_PII_CHANNEL_COUNT]; /* GH_PII_MODE_COUNT: not said */
};

/* GH_E_FORMAT or GH_E_LIMIT; the text begins with the name. Never quotes a value. */
gh_result gh_pii_custom_parse(const struct gh_pii_definition *definition,
                              struct gh_pii_custom_form *out);
void gh_pii_custom_form_free(struct gh_pii_custom_form *form);

static inline struct gh_slice gh_pii_custom_string(const json_t *array, size_t i)
{
	const json_t *item = json_array_get(array, i);

	return gh_slice(json_string_value(item), json_string_length(item));
}

#endif
