/* A JWK set, with every key made ready once: parsing a key costs six verifications. */
#include <stdlib.h>

#include "base/json.h"
#include "token/verify.h"

#define KID_MAX_BYTES 256

struct entry {
	struct gh_key *key;
	uint8_t kid[KID_MAX_BYTES];
	size_t kid_len;
};

struct gh_jwks {
	size_t count;
	struct entry entries[];
};

void gh_jwks_free(struct gh_jwks *jwks)
{
	if (!jwks)
		return;
	for (size_t i = 0; i < jwks->count; i++)
		gh_key_free(jwks->entries[i].key);
	free(jwks);
}

size_t gh_jwks_count(const struct gh_jwks *jwks)
{
	return jwks->count;
}

static struct gh_slice kid_of(const struct entry *entry)
{
	return gh_slice(entry->kid, entry->kid_len);
}

const struct gh_key *gh_jwks_find(const struct gh_jwks *jwks, struct gh_slice kid)
{
	if (kid.len == 0)
		return NULL;
	for (size_t i = 0; i < jwks->count; i++)
		if (gh_slice_eq(kid_of(&jwks->entries[i]), kid))
			return jwks->entries[i].key;
	return NULL;
}

const struct gh_key *gh_jwks_at(const struct gh_jwks *jwks, size_t index, struct gh_slice *kid)
{
	if (index >= jwks->count)
		return NULL;
	*kid = kid_of(&jwks->entries[index]);
	return jwks->entries[index].key;
}

/* Such a set was published by mistake: whoever reads it may sign, so that it proves nothing. */
static bool holds_secrets(const json_t *jwk)
{
	const json_t *kty = json_object_get(jwk, "kty");

	return json_object_get(jwk, "d") || json_object_get(jwk, "k") ||
	       (json_is_string(kty) && strcmp(json_string_value(kty), "oct") == 0);
}

static gh_result add(struct gh_jwks *jwks, const json_t *jwk)
{
	struct entry *entry = &jwks->entries[jwks->count];
	const json_t *kid = json_object_get(jwk, "kid");

	GH_ENSURE(json_is_object(jwk), GH_E_FORMAT, "a key of a JWK set is no object");
	GH_ENSURE(!holds_secrets(jwk), GH_E_DENIED, "a JWK set holds private or symmetric keys");
	if (kid && (!json_is_string(kid) || json_string_length(kid) == 0 ||
	            json_string_length(kid) > KID_MAX_BYTES))
		return GH_OK;
	if (gh_key_from_jwk(jwk, &entry->key) != GH_OK)
		return GH_OK;
	jwks->count++;
	if (!kid)
		return GH_OK;
	struct gh_slice text = gh_slice(json_string_value(kid), json_string_length(kid));
	GH_ENSURE(!gh_jwks_find(jwks, text), GH_E_DENIED, "a JWK set has two keys for one kid");
	memcpy(entry->kid, text.data, text.len);
	entry->kid_len = text.len;
	return GH_OK;
}

gh_result gh_jwks_parse(struct gh_slice json, struct gh_jwks **out)
{
	GH_CLEANUP(gh_json_decref_ptr) json_t *set = NULL;

	GH_ENSURE(json.len <= GH_JWKS_MAX_BYTES, GH_E_LIMIT, "a JWK set is over %d bytes",
	          GH_JWKS_MAX_BYTES);
	GH_TRY(gh_json_parse(json, &set));
	const json_t *keys = json_object_get(set, "keys");
	GH_ENSURE(json_is_array(keys), GH_E_FORMAT, "a JWK set has no array \"keys\"");
	size_t count = json_array_size(keys);
	GH_ENSURE(count <= GH_JWKS_MAX_KEYS, GH_E_LIMIT, "a JWK set has over %d keys",
	          GH_JWKS_MAX_KEYS);

	GH_CLEANUP(gh_jwks_free_ptr)
	struct gh_jwks *jwks = calloc(1, sizeof *jwks + count * sizeof jwks->entries[0]);
	GH_ENSURE(jwks, GH_E_MEMORY, "out of memory");
	for (size_t i = 0; i < count; i++)
		GH_TRY(add(jwks, json_array_get(keys, i)));
	*out = GH_STEAL(jwks);
	return GH_OK;
}
