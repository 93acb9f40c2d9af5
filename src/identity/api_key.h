/* api_key.h: the form of an API key and what is stored of it.
 *
 *     gk_live_ 8-character id _ 43 characters of secret, 6 of checksum
 *
 * The id finds the row; the secret is 32 random bytes (base64url); the checksum (CRC-32, base 62)
 * lets scanners and typists tell a key from a look-alike without asking anybody. Stored is only
 * SHA-256 over the whole text: 256 random bits need no slow hash. */
#ifndef GH_IDENTITY_API_KEY_H
#define GH_IDENTITY_API_KEY_H

#include "base/result.h"
#include "base/slice.h"

#define GH_API_KEY_PREFIX     "gk_live_"
#define GH_API_KEY_ID_BYTES   8
#define GH_API_KEY_TEXT_BYTES 66 /* without NUL */

struct gh_api_key_text {
	char text[GH_API_KEY_TEXT_BYTES + 1]; /* secret: wipe after showing it once */
	char id[GH_API_KEY_ID_BYTES + 1];
};

void gh_api_key_generate(struct gh_api_key_text *out);

/* Checks form and checksum only; `id` points into the text. GH_E_FORMAT. */
gh_result gh_api_key_parse(struct gh_slice raw_text, struct gh_slice *id);

void gh_api_key_digest(struct gh_slice text, uint8_t sha256[32]);

/* Whether a text claims to be an API key, well formed or not. */
bool gh_api_key_looks_like(struct gh_slice raw_text);

#endif
