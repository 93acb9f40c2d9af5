/* A key set from an identity provider, and one key: what is taken must be writable, and read back
 * as the same key. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "crypto/key.h"
#include "token/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool held)
{
	if (!held)
		abort();
}

static void write_and_read(const struct gh_key *key)
{
	char first[GH_THUMBPRINT_TEXT_BYTES], second[GH_THUMBPRINT_TEXT_BYTES];
	struct gh_buf text = { 0 };
	struct gh_key *again = NULL;
	json_t *jwk = NULL;

	require(gh_key_to_jwk(key, "k", &text) == GH_OK);
	require(gh_json_parse(gh_buf_slice(&text), &jwk) == GH_OK);
	require(gh_key_from_jwk(jwk, &again) == GH_OK);
	require(gh_key_thumbprint(key, first) == GH_OK);
	require(gh_key_thumbprint(again, second) == GH_OK);
	require(strcmp(first, second) == 0);
	require(gh_key_verify(key, GH_SLICE("x"), gh_slice(first, 43)) == GH_E_CRYPTO);
	json_decref(jwk);
	gh_key_free(again);
	gh_buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gh_jwks *set = NULL;
	struct gh_key *key = NULL;
	json_t *jwk = NULL;
	struct gh_slice kid;

	if (gh_jwks_parse(gh_slice(data, size), &set) == GH_OK)
		for (size_t i = 0; gh_jwks_at(set, i, &kid); i++)
			write_and_read(gh_jwks_at(set, i, &kid));
	gh_jwks_free(set);
	if (gh_json_parse(gh_slice(data, size), &jwk) == GH_OK) {
		if (gh_key_from_jwk(jwk, &key) == GH_OK)
			write_and_read(key);
		gh_key_free(key);
		json_decref(jwk);
	}
	return 0;
}
