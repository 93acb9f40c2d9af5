#include "identity/api_key.h"

#include "base/buf.h"
#include "base/codec.h"
#include "base/secret.h"
#include "crypto/hash.h"

#define SECRET_CHARS   43
#define CHECKSUM_CHARS 6
#define PREFIX_CHARS   (sizeof GH_API_KEY_PREFIX - 1)
#define SECRET_AT      (PREFIX_CHARS + GH_API_KEY_ID_BYTES + 1)

static const char id_alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz"; /* Crockford: no i, l, o, u */
static const char base62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static uint32_t crc32_ieee(struct gh_slice data)
{
	uint32_t crc = 0xffffffffu;

	for (size_t i = 0; i < data.len; i++) {
		crc ^= data.data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (0xedb88320u & (0u - (crc & 1)));
	}
	return ~crc;
}

static void checksum(struct gh_slice body, char out[CHECKSUM_CHARS])
{
	uint32_t crc = crc32_ieee(body);

	for (int i = CHECKSUM_CHARS - 1; i >= 0; i--, crc /= 62)
		out[i] = base62[crc % 62];
}

void gh_api_key_generate(struct gh_api_key_text *out)
{
	uint8_t random[GH_API_KEY_ID_BYTES + 32];
	struct gh_buf secret = { .secret = true };
	char *at = out->text;

	gh_random(random, sizeof random);
	for (size_t i = 0; i < GH_API_KEY_ID_BYTES; i++)
		out->id[i] = id_alphabet[random[i] % 32];
	out->id[GH_API_KEY_ID_BYTES] = 0;
	gh_base64url_encode(gh_slice(random + GH_API_KEY_ID_BYTES, 32), &secret);

	memcpy(at, GH_API_KEY_PREFIX, PREFIX_CHARS);
	memcpy(at + PREFIX_CHARS, out->id, GH_API_KEY_ID_BYTES);
	at[SECRET_AT - 1] = '_';
	memcpy(at + SECRET_AT, secret.data, SECRET_CHARS);
	checksum(gh_slice(at, SECRET_AT + SECRET_CHARS), at + SECRET_AT + SECRET_CHARS);
	at[GH_API_KEY_TEXT_BYTES] = 0;
	gh_wipe(random, sizeof random);
	gh_buf_free(&secret);
}

bool gh_api_key_looks_like(struct gh_slice raw_text)
{
	return gh_slice_starts_with(raw_text, GH_SLICE(GH_API_KEY_PREFIX));
}

gh_result gh_api_key_parse(struct gh_slice raw_text, struct gh_slice *id)
{
	char expected[CHECKSUM_CHARS];

	GH_ENSURE(raw_text.len == GH_API_KEY_TEXT_BYTES && gh_api_key_looks_like(raw_text) &&
	              raw_text.data[SECRET_AT - 1] == '_',
	          GH_E_FORMAT, "not an API key");
	*id = gh_slice_sub(raw_text, PREFIX_CHARS, GH_API_KEY_ID_BYTES);
	for (size_t i = 0; i < id->len; i++)
		GH_ENSURE(id->data[i] && strchr(id_alphabet, id->data[i]), GH_E_FORMAT,
		          "not an API key");
	checksum(gh_slice_sub(raw_text, 0, SECRET_AT + SECRET_CHARS), expected);
	GH_ENSURE(gh_secret_eq(expected, raw_text.data + SECRET_AT + SECRET_CHARS, CHECKSUM_CHARS),
	          GH_E_FORMAT, "the API key's checksum does not match: was it copied whole?");
	return GH_OK;
}

void gh_api_key_digest(struct gh_slice text, uint8_t sha256[32])
{
	gh_sha256(text, sha256);
}
