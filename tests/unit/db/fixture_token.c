/* Database tokens, good ones and one for each way of being bad. */
#include "fixture.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/codec.h"
#include "db/cluster_files.h"

#define HEADER "{\"alg\":\"RS256\",\"typ\":\"db+jwt\",\"kid\":\"test\"}"

struct kind {
	const char *name;
	const char *header;
	const char *iss;
	const char *aud;
	int iat_s; /* from now */
	int ttl_s;
	const char *extra; /* more members, each with a comma before it */
};

#define GOOD "gatehouse", "gatehouse-db", 0, 60, ",\"jti\":\"j\""

static const struct kind kinds[] = {
	{ "good", HEADER, GOOD },
	{ "caps", HEADER, "gatehouse", "gatehouse-db", 0, 60,
	  ",\"jti\":\"j\",\"sub\":\"s\",\"role\":\"app\",\"caps\":\"a b\"" },
	{ "short", HEADER, "gatehouse", "gatehouse-db", 0, 2, ",\"jti\":\"j\"" },
	{ "expired", HEADER, "gatehouse", "gatehouse-db", -61, 60, ",\"jti\":\"j\"" },
	{ "lasts-61s", HEADER, "gatehouse", "gatehouse-db", 0, 61, ",\"jti\":\"j\"" },
	{ "ends-before-it-began", HEADER, "gatehouse", "gatehouse-db", 3, -1, ",\"jti\":\"j\"" },
	{ "from-the-future", HEADER, "gatehouse", "gatehouse-db", 30, 60, ",\"jti\":\"j\"" },
	{ "other-issuer", HEADER, "elsewhere", "gatehouse-db", 0, 60, ",\"jti\":\"j\"" },
	{ "other-audience", HEADER, "gatehouse", "gatehouse", 0, 60, ",\"jti\":\"j\"" },
	{ "no-jti", HEADER, "gatehouse", "gatehouse-db", 0, 60, "" },
	{ "empty-jti", HEADER, "gatehouse", "gatehouse-db", 0, 60, ",\"jti\":\"\"" },
	{ "jti-is-a-number", HEADER, "gatehouse", "gatehouse-db", 0, 60, ",\"jti\":7" },
	{ "alg-none", "{\"alg\":\"none\",\"typ\":\"db+jwt\",\"kid\":\"test\"}", GOOD },
	{ "alg-hs256", "{\"alg\":\"HS256\",\"typ\":\"db+jwt\",\"kid\":\"test\"}", GOOD },
	{ "alg-rs512", "{\"alg\":\"RS512\",\"typ\":\"db+jwt\",\"kid\":\"test\"}", GOOD },
	{ "alg-ps256", "{\"alg\":\"PS256\",\"typ\":\"db+jwt\",\"kid\":\"test\"}", GOOD },
	{ "typ-at-jwt", "{\"alg\":\"RS256\",\"typ\":\"at+jwt\",\"kid\":\"test\"}", GOOD },
	{ "no-typ", "{\"alg\":\"RS256\",\"kid\":\"test\"}", GOOD },
	{ "no-kid", "{\"alg\":\"RS256\",\"typ\":\"db+jwt\"}", GOOD },
	{ "unknown-kid", "{\"alg\":\"RS256\",\"typ\":\"db+jwt\",\"kid\":\"other\"}", GOOD },
	{ "header-with-jwk", "{\"alg\":\"RS256\",\"typ\":\"db+jwt\",\"kid\":\"test\",\"jwk\":{}}",
	  GOOD },
	{ "header-with-crit",
	  "{\"alg\":\"RS256\",\"typ\":\"db+jwt\",\"kid\":\"test\",\"crit\":[\"x\"]}", GOOD },
	{ "header-says-alg-twice",
	  "{\"alg\":\"none\",\"alg\":\"RS256\",\"typ\":\"db+jwt\",\"kid\":\"test\"}", GOOD },
	{ "header-is-no-json", "{\"alg\":\"RS256\",\"typ\":\"db+jwt\",\"kid\":\"test\"", GOOD },
	{ "header-is-an-array", "[\"alg\",\"typ\",\"kid\"]", GOOD },
	{ "tampered", HEADER, GOOD },           /* a payload that was not signed */
	{ "signature-cut", HEADER, GOOD },      /* one byte less */
	{ "signature-padded", HEADER, GOOD },   /* base64 with '=' */
	{ "two-parts", HEADER, GOOD },          /* no signature at all */
	{ "four-parts", HEADER, GOOD },         /* one more dot */
	{ "over-4-kib", HEADER, GOOD },         /* a long member, properly signed */
	{ "payload-is-no-json", HEADER, GOOD }, /* properly signed */
	{ "payload-with-nul", HEADER, GOOD },   /* properly signed, \0 inside */
	{ "payload-not-utf8", HEADER, GOOD },   /* properly signed */
};

static bool is(const struct kind *kind, const char *name)
{
	return strcmp(kind->name, name) == 0;
}

static void sign(EVP_PKEY *key, const char *alg, struct gh_slice input, struct gh_buf *out)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pkey_context = NULL;
	uint8_t signature[1024];
	size_t len = sizeof signature;

	if (strcmp(alg, "alg-hs256") ==
	    0) { /* keyed with something public, as the old attack has it */
		unsigned mac_len = 0;

		HMAC(EVP_sha256(), "test", 4, input.data, input.len, signature, &mac_len);
		gh_base64url_encode(gh_slice(signature, mac_len), out);
		EVP_MD_CTX_free(context);
		return;
	}
	if (EVP_DigestSignInit(context, &pkey_context,
	                       strcmp(alg, "alg-rs512") == 0 ? EVP_sha512() : EVP_sha256(), NULL,
	                       key) == 1 &&
	    EVP_DigestSign(context, signature, &len, input.data, input.len) == 1)
		gh_base64url_encode(gh_slice(signature, len), out);
	EVP_MD_CTX_free(context);
}

static void add_payload(const struct kind *kind, const char *tenant, struct gh_buf *out)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf json = { 0 };
	long long iat = (long long)gh_clock_unix_s() + kind->iat_s;

	gh_buf_addf(&json, "{\"iss\":\"%s\",\"aud\":\"%s\",\"iat\":%lld,\"exp\":%lld%s", kind->iss,
	            kind->aud, iat, iat + kind->ttl_s, kind->extra);
	if (is(kind, "over-4-kib")) {
		gh_buf_add_str(&json, ",\"pad\":\"");
		for (int i = 0; i < 4000; i++)
			gh_buf_add_byte(&json, 'x');
		gh_buf_add_str(&json, "\"");
	}
	if (is(kind, "payload-not-utf8"))
		gh_buf_add(&json, ",\"sub\":\"\xff\"", 9);
	if (tenant[0] != '\0')
		gh_buf_addf(&json, ",\"tenant_id\":\"%s\"", tenant);
	if (!is(kind, "payload-is-no-json"))
		gh_buf_add_str(&json, "}");
	if (is(kind, "payload-with-nul"))
		gh_buf_add(&json, "\0{}", 3);
	gh_base64url_encode(gh_buf_slice(&json), out);
}

static void build(EVP_PKEY *key, const struct kind *kind, const char *tenant, struct gh_buf *out)
{
	gh_base64url_encode(gh_slice_str(kind->header), out);
	gh_buf_add_byte(out, '.');
	add_payload(kind, tenant, out);
	if (is(kind, "two-parts"))
		return;

	GH_CLEANUP(gh_buf_free) struct gh_buf signature = { 0 };

	sign(key, kind->name, gh_buf_slice(out), &signature);
	if (is(kind, "tampered")) {
		gh_buf_clear(out);
		gh_base64url_encode(gh_slice_str(kind->header), out);
		gh_buf_add_byte(out, '.');
		add_payload(&kinds[1], tenant, out);
	}
	gh_buf_add_byte(out, '.');
	if (is(kind, "alg-none"))
		return;
	if (is(kind, "signature-cut"))
		signature.len -= 2;
	gh_buf_add_slice(out, gh_buf_slice(&signature));
	if (is(kind, "signature-padded"))
		gh_buf_add_str(out, "==");
	if (is(kind, "four-parts"))
		gh_buf_add_str(out, ".e30");
}

bool fixture_token(EVP_PKEY *key, const char *kind, const char *tenant, struct gh_buf *out)
{
	for (size_t i = 0; i < GH_ARRAY_LEN(kinds); i++) {
		if (is(&kinds[i], kind)) {
			build(key, &kinds[i], tenant, out);
			return true;
		}
	}
	return false;
}

static void add_number(struct gh_buf *out, const EVP_PKEY *key, const char *name)
{
	BIGNUM *number = NULL;
	uint8_t bytes[1024];

	if (EVP_PKEY_get_bn_param(key, name, &number) == 1)
		gh_base64url_encode(gh_slice(bytes, (size_t)BN_bn2bin(number, bytes)), out);
	BN_free(number);
}

gh_result fixture_write_jwks(const char *path, EVP_PKEY *key, const char *kid)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf jwks = { 0 };

	gh_buf_addf(&jwks,
	            "{\"keys\":[{\"kty\":\"RSA\",\"use\":\"sig\",\"alg\":\"RS256\",\"kid\":"
	            "\"%s\",\"n\":\"",
	            kid);
	add_number(&jwks, key, OSSL_PKEY_PARAM_RSA_N);
	gh_buf_add_str(&jwks, "\",\"e\":\"");
	add_number(&jwks, key, OSSL_PKEY_PARAM_RSA_E);
	gh_buf_add_str(&jwks, "\"}]}\n");
	GH_TRY(gh_buf_check(&jwks));
	return gh_file_replace(path, gh_buf_slice(&jwks));
}
