/* JWK in and out (RFC 7517, RFC 7518 section 6, RFC 8037). Reading is strict because a key set
 * comes from outside: one spelling for each number, and a key that says what it is for is taken at
 * its word. */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "base/codec.h"
#include "base/json.h"
#include "crypto/hash.h"
#include "crypto/key.h"
#include "crypto/key_internal.h"

#define LEAST_JWK_EXPONENT 65537

static void free_bn(BIGNUM **number)
{
	BN_free(*number);
}

static void free_bld(OSSL_PARAM_BLD **builder)
{
	OSSL_PARAM_BLD_free(*builder);
}

static void free_params(OSSL_PARAM **params)
{
	OSSL_PARAM_free(*params);
}

static void free_pkey(EVP_PKEY **pkey)
{
	EVP_PKEY_free(*pkey);
}

static void free_context(EVP_PKEY_CTX **context)
{
	EVP_PKEY_CTX_free(*context);
}

static void add_number(const BIGNUM *number, size_t pad_bytes, struct gh_buf *out)
{
	uint8_t raw[GH_RSA_MAX_BITS / 8];
	size_t len = pad_bytes ? pad_bytes : (size_t)BN_num_bytes(number);

	if (len > sizeof raw || BN_bn2binpad(number, raw, (int)len) < 0) {
		out->failed = true;
		return;
	}
	gh_base64url_encode(gh_slice(raw, len), out);
}

static void add_parameter(EVP_PKEY *pkey, const char *name, size_t pad_bytes, struct gh_buf *out)
{
	GH_CLEANUP(free_bn) BIGNUM *number = NULL;

	if (EVP_PKEY_get_bn_param(pkey, name, &number) != 1)
		out->failed = true;
	else
		add_number(number, pad_bytes, out);
}

/* The members that RFC 7638 hashes, in its order, without the braces. */
static void add_required_members(const struct gh_key *key, struct gh_buf *out)
{
	EVP_PKEY *pkey = gh_key_pkey(key);
	uint8_t raw[32];

	switch (gh_key_type(key)) {
	case GH_KEY_RSA:
		gh_buf_add_str(out, "\"e\":\"");
		add_parameter(pkey, OSSL_PKEY_PARAM_RSA_E, 0, out);
		gh_buf_add_str(out, "\",\"kty\":\"RSA\",\"n\":\"");
		add_parameter(pkey, OSSL_PKEY_PARAM_RSA_N, 0, out);
		break;
	case GH_KEY_P256:
		gh_buf_add_str(out, "\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"");
		add_parameter(pkey, OSSL_PKEY_PARAM_EC_PUB_X, 32, out);
		gh_buf_add_str(out, "\",\"y\":\"");
		add_parameter(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, 32, out);
		break;
	case GH_KEY_ED25519:
		gh_buf_add_str(out, "\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"");
		if (gh_key_to_ed25519(key, raw) == GH_OK)
			gh_base64url_encode(gh_slice(raw, sizeof raw), out);
		else
			out->failed = true;
		break;
	}
	gh_buf_add_byte(out, '"');
}

gh_result gh_key_thumbprint(const struct gh_key *key, char out[GH_THUMBPRINT_TEXT_BYTES])
{
	GH_CLEANUP(gh_buf_free) struct gh_buf json = { .limit = 4096 };
	GH_CLEANUP(gh_buf_free) struct gh_buf text = { .limit = 64 };
	uint8_t digest[GH_SHA256_BYTES];

	gh_buf_add_byte(&json, '{');
	add_required_members(key, &json);
	gh_buf_add_byte(&json, '}');
	GH_TRY(gh_buf_check(&json));
	gh_sha256(gh_buf_slice(&json), digest);
	gh_base64url_encode(gh_slice(digest, sizeof digest), &text);
	GH_TRY(gh_buf_check(&text));
	memcpy(out, gh_buf_cstr(&text), GH_THUMBPRINT_TEXT_BYTES);
	return GH_OK;
}

gh_result gh_key_to_jwk(const struct gh_key *key, const char *kid, struct gh_buf *out)
{
	char thumbprint[GH_THUMBPRINT_TEXT_BYTES];

	if (!kid) {
		GH_TRY(gh_key_thumbprint(key, thumbprint));
		kid = thumbprint;
	}
	gh_buf_addf(out, "{\"alg\":\"%s\",\"kid\":", gh_key_alg(key));
	gh_json_add_string(out, gh_slice_str(kid));
	gh_buf_add_str(out, ",\"use\":\"sig\",");
	add_required_members(key, out);
	gh_buf_add_byte(out, '}');
	return gh_buf_check(out);
}

static gh_result text_member(const json_t *jwk, const char *name, struct gh_slice *out)
{
	const json_t *value = json_object_get(jwk, name);

	GH_ENSURE(json_is_string(value), GH_E_FORMAT, "a JWK's \"%s\" is absent or no string",
	          name);
	*out = gh_slice(json_string_value(value), json_string_length(value));
	return GH_OK;
}

static gh_result bytes_member(const json_t *jwk, const char *name, struct gh_buf *out)
{
	struct gh_slice text;

	GH_TRY(text_member(jwk, name, &text));
	return gh_base64url_decode(text, out);
}

/* RFC 7518 section 2, Base64urlUInt: the fewest octets, and "AA" for zero, which no key has. */
static gh_result number_member(const json_t *jwk, const char *name, BIGNUM **out)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf raw = { .limit = 2 * GH_RSA_MAX_BITS / 8 };

	GH_TRY(bytes_member(jwk, name, &raw));
	GH_ENSURE(raw.len > 0 && raw.data[0] != 0, GH_E_FORMAT,
	          "a JWK's \"%s\" is empty or has leading zeros", name);
	*out = BN_bin2bn(raw.data, (int)raw.len, NULL);
	GH_ENSURE(*out, GH_E_MEMORY, "out of memory");
	return GH_OK;
}

/* Takes the parameters into a public key and wraps it. */
static gh_result build(const char *type, OSSL_PARAM_BLD *builder, struct gh_key **out)
{
	GH_CLEANUP(free_pkey) EVP_PKEY *pkey = NULL;
	GH_CLEANUP(free_params) OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
	GH_CLEANUP(free_context)
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);

	GH_ENSURE(params && context, GH_E_MEMORY, "out of memory");
	GH_ENSURE(EVP_PKEY_fromdata_init(context) == 1 &&
	              EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, params) == 1,
	          GH_E_FORMAT, "a JWK is no key on its curve or modulus");
	return gh_key_from_pkey(pkey, false, out);
}

static gh_result read_rsa(const json_t *jwk, struct gh_key **out)
{
	GH_CLEANUP(free_bn) BIGNUM *n = NULL;
	GH_CLEANUP(free_bn) BIGNUM *e = NULL;
	GH_CLEANUP(free_bld) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();

	GH_TRY(number_member(jwk, "n", &n));
	GH_TRY(number_member(jwk, "e", &e));
	GH_TRY(gh_rsa_check(n, e, LEAST_JWK_EXPONENT));
	GH_ENSURE(builder && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
	              OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1,
	          GH_E_MEMORY, "out of memory");
	return build("RSA", builder, out);
}

static gh_result expect_curve(const json_t *jwk, const char *curve)
{
	struct gh_slice crv;

	GH_TRY(text_member(jwk, "crv", &crv));
	GH_ENSURE(gh_slice_eq_str(crv, curve), GH_E_DENIED, "a JWK is not on %s", curve);
	return GH_OK;
}

static gh_result read_p256(const json_t *jwk, struct gh_key **out)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf point = { .limit = 512 };
	GH_CLEANUP(free_bld) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();

	GH_TRY(expect_curve(jwk, "P-256"));
	gh_buf_add_byte(&point, 4);
	GH_TRY(bytes_member(jwk, "x", &point));
	GH_ENSURE(point.len == 33, GH_E_FORMAT, "a P-256 coordinate has not 32 bytes");
	GH_TRY(bytes_member(jwk, "y", &point));
	GH_ENSURE(point.len == 65, GH_E_FORMAT, "a P-256 coordinate has not 32 bytes");
	GH_ENSURE(builder &&
	              OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME,
	                                              "prime256v1", 0) == 1 &&
	              OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point.data,
	                                               point.len) == 1,
	          GH_E_MEMORY, "out of memory");
	return build("EC", builder, out); /* OpenSSL refuses a point off the curve */
}

static gh_result read_ed25519(const json_t *jwk, struct gh_key **out)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf raw = { .limit = 256 };

	GH_TRY(expect_curve(jwk, "Ed25519"));
	GH_TRY(bytes_member(jwk, "x", &raw));
	GH_ENSURE(raw.len == 32, GH_E_FORMAT, "an Ed25519 key has not 32 bytes");
	return gh_key_from_ed25519(raw.data, out);
}

/* RFC 7517 section 4.3: values are unique; ours must be among them when the member is there. */
static gh_result check_key_ops(const json_t *key_ops)
{
	bool verify = false;

	GH_ENSURE(json_is_array(key_ops) && json_array_size(key_ops) <= 16, GH_E_FORMAT,
	          "a JWK's \"key_ops\" is no short array");
	for (size_t i = 0; i < json_array_size(key_ops); i++) {
		const json_t *one = json_array_get(key_ops, i);
		GH_ENSURE(json_is_string(one), GH_E_FORMAT, "a key operation is no string");
		for (size_t j = 0; j < i; j++)
			GH_ENSURE(!json_equal(one, json_array_get(key_ops, j)), GH_E_FORMAT,
			          "a key operation is named twice");
		verify |= strcmp(json_string_value(one), "verify") == 0;
	}
	GH_ENSURE(verify, GH_E_DENIED, "a JWK is not for verifying");
	return GH_OK;
}

static gh_result check_purpose(const json_t *jwk, const char *alg)
{
	static const char *const private_members[] = {
		"d", "p", "q", "dp", "dq", "qi", "oth", "k"
	};
	const json_t *key_ops = json_object_get(jwk, "key_ops");
	struct gh_slice text;

	for (size_t i = 0; i < GH_ARRAY_LEN(private_members); i++)
		GH_ENSURE(!json_object_get(jwk, private_members[i]), GH_E_DENIED,
		          "a JWK holds private or symmetric key material");
	if (json_object_get(jwk, "use")) {
		GH_TRY(text_member(jwk, "use", &text));
		GH_ENSURE(gh_slice_eq_str(text, "sig"), GH_E_DENIED, "a JWK is not for signatures");
	}
	if (json_object_get(jwk, "alg")) {
		GH_TRY(text_member(jwk, "alg", &text));
		GH_ENSURE(gh_slice_eq_str(text, alg), GH_E_DENIED,
		          "a JWK is for another algorithm than %s", alg);
	}
	if (key_ops)
		GH_TRY(check_key_ops(key_ops));
	return GH_OK;
}

gh_result gh_key_from_jwk(const json_t *jwk, struct gh_key **out)
{
	static const struct {
		const char *kty, *alg;
		enum gh_code (*read)(const json_t *jwk, struct gh_key **out);
	} kinds[] = { { "RSA", "RS256", read_rsa },
		      { "EC", "ES256", read_p256 },
		      { "OKP", "EdDSA", read_ed25519 } };
	struct gh_slice kty;

	GH_ENSURE(json_is_object(jwk), GH_E_FORMAT, "a JWK is no object");
	GH_TRY(text_member(jwk, "kty", &kty));
	for (size_t i = 0; i < GH_ARRAY_LEN(kinds); i++) {
		if (!gh_slice_eq_str(kty, kinds[i].kty))
			continue;
		GH_TRY(check_purpose(jwk, kinds[i].alg));
		return kinds[i].read(jwk, out);
	}
	return gh_fail(GH_E_DENIED, "a JWK is of a kind that is not used here");
}
