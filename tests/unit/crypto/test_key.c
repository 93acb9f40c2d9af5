#include "../gh_test.h"

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/codec.h"
#include "base/json.h"
#include "crypto/jws.h"
#include "crypto/key.h"

static const enum gh_key_type all_types[] = { GH_KEY_RSA, GH_KEY_P256, GH_KEY_ED25519 };

static struct gh_key *jwk_key(const char *text, enum gh_code expected)
{
	struct gh_key *key = NULL;
	json_t *jwk = NULL;

	assert_ok(gh_json_parse(gh_slice_str(text), &jwk));
	assert_code(gh_key_from_jwk(jwk, &key), expected);
	json_decref(jwk);
	return key;
}

static void each_kind_signs_and_its_public_half_verifies(void **state)
{
	for (size_t i = 0; i < GH_ARRAY_LEN(all_types); i++) {
		struct gh_buf signature = { 0 }, pem = { 0 }, der = { 0 };
		struct gh_key *key, *public, *again;

		assert_ok(gh_key_generate(all_types[i], &key));
		assert_ok(gh_key_sign(key, GH_SLICE("message"), &signature));
		assert_ok(gh_key_to_public_pem(key, &pem));
		assert_ok(gh_key_from_public_pem(gh_buf_slice(&pem), &public));
		assert_false(gh_key_is_private(public));
		assert_ok(gh_key_verify(public, GH_SLICE("message"), gh_buf_slice(&signature)));
		assert_code(gh_key_verify(public, GH_SLICE("massage"), gh_buf_slice(&signature)),
		            GH_E_CRYPTO);
		signature.data[signature.len - 1] ^= 1;
		assert_code(gh_key_verify(public, GH_SLICE("message"), gh_buf_slice(&signature)),
		            GH_E_CRYPTO);
		assert_code(gh_key_sign(public, GH_SLICE("message"), &signature), GH_E_ARGUMENT);

		assert_ok(gh_key_to_private_der(key, &der));
		assert_ok(gh_key_from_private_der(gh_buf_slice(&der), &again));
		gh_buf_add_byte(&der, 0);
		struct gh_key *none = NULL;
		assert_code(gh_key_from_private_der(gh_buf_slice(&der), &none), GH_E_FORMAT);
		char first[GH_THUMBPRINT_TEXT_BYTES], second[GH_THUMBPRINT_TEXT_BYTES];
		assert_ok(gh_key_thumbprint(key, first));
		assert_ok(gh_key_thumbprint(again, second));
		assert_string_equal(first, second);
		gh_key_free(key);
		gh_key_free(public);
		gh_key_free(again);
		gh_buf_free(&signature);
		gh_buf_free(&pem);
		gh_buf_free(&der);
	}
}

static void a_pem_text_is_one_block_of_the_right_name(void **state)
{
	struct gh_buf pem = { 0 };
	struct gh_key *key, *read = NULL;

	assert_ok(gh_key_generate(GH_KEY_P256, &key));
	assert_ok(gh_key_to_private_pem(key, &pem));
	assert_ok(gh_key_from_private_pem(gh_buf_slice(&pem), &read));
	gh_key_free(read);
	assert_code(gh_key_from_public_pem(gh_buf_slice(&pem), &read), GH_E_FORMAT);
	gh_buf_add_str(&pem, "more");
	assert_code(gh_key_from_private_pem(gh_buf_slice(&pem), &read), GH_E_FORMAT);
	assert_code(gh_key_from_private_pem(GH_SLICE("junk\n-----BEGIN PRIVATE KEY-----\n"), &read),
	            GH_E_FORMAT);
	gh_buf_free(&pem);
	gh_key_free(key);
}

static void an_encrypted_private_key_is_refused_without_asking(void **state)
{
	struct gh_key *key, *read = NULL;
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;

	assert_ok(gh_key_generate(GH_KEY_P256, &key));
	assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, gh_key_pkey(key), EVP_aes_128_cbc(),
	                                               "pw", 2, NULL, NULL),
	                 1);
	long len = BIO_get_mem_data(bio, &text);
	assert_code(gh_key_from_private_pem(gh_slice(text, (size_t)len), &read), GH_E_FORMAT);
	BIO_free(bio);
	gh_key_free(key);
}

static void other_curves_and_small_rsa_keys_are_refused(void **state)
{
	EVP_PKEY *pkeys[] = { EVP_EC_gen("P-384"), EVP_EC_gen("secp256k1"), EVP_RSA_gen(1024),
		              EVP_PKEY_Q_keygen(NULL, NULL, "ED448") };

	for (size_t i = 0; i < GH_ARRAY_LEN(pkeys); i++) {
		struct gh_key *key = NULL;
		unsigned char *der = NULL;
		int len = i2d_PUBKEY(pkeys[i], &der);
		assert_true(len > 0);
		assert_code(gh_key_from_public_der(gh_slice(der, (size_t)len), &key), GH_E_DENIED);
		OPENSSL_free(der);
		EVP_PKEY_free(pkeys[i]);
	}
}

/* RFC 7638 section 3.1 and RFC 8037 appendix A.3. */
static void thumbprints_are_those_of_the_specifications(void **state)
{
	static const char rsa[] =
	    "{\"kty\":\"RSA\",\"n\":"
	    "\"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86z"
	    "wu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_"
	    "RN5w6Cf0h4QyQ5v-65YGjQR0_"
	    "FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91C"
	    "bOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-"
	    "kE"
	    "gU8awapJzKnqDKgw\",\"e\":\"AQAB\",\"alg\":\"RS256\",\"kid\":\"2011-04-29\"}";
	static const char okp[] = "{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
	                          "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}";
	char text[GH_THUMBPRINT_TEXT_BYTES];
	struct gh_key *key = jwk_key(rsa, GH_OK);

	assert_ok(gh_key_thumbprint(key, text));
	assert_string_equal(text, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
	gh_key_free(key);
	key = jwk_key(okp, GH_OK);
	assert_ok(gh_key_thumbprint(key, text));
	assert_string_equal(text, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
	gh_key_free(key);
}

static void a_jwk_that_was_written_is_read_back(void **state)
{
	for (size_t i = 0; i < GH_ARRAY_LEN(all_types); i++) {
		struct gh_buf jwk = { 0 };
		struct gh_key *key;
		char first[GH_THUMBPRINT_TEXT_BYTES], second[GH_THUMBPRINT_TEXT_BYTES];

		assert_ok(gh_key_generate(all_types[i], &key));
		assert_ok(gh_key_to_jwk(key, NULL, &jwk));
		assert_null(strstr(gh_buf_cstr(&jwk), "\"d\""));
		struct gh_key *read = jwk_key(gh_buf_cstr(&jwk), GH_OK);
		assert_ok(gh_key_thumbprint(key, first));
		assert_ok(gh_key_thumbprint(read, second));
		assert_string_equal(first, second);
		gh_key_free(read);
		gh_key_free(key);
		gh_buf_free(&jwk);
	}
}

/* One good P-256 JWK and what one change makes of it. */
static void a_jwk_is_taken_at_its_word(void **state)
{
	static const char good[] = "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"X9wQkS-1i-"
	                           "UUoPDDSVXocLUfVcS61TbbYnmxPGPhIus\","
	                           "\"y\":\"1Clq1O3xQpXvooXEhOo6HyiQfc47Ter77SSkIAfdRgc\"";
	static const struct {
		const char *more;
		enum gh_code expected;
	} cases[] = {
		{ "", GH_OK },
		{ ",\"use\":\"sig\",\"alg\":\"ES256\",\"key_ops\":[\"verify\"]", GH_OK },
		{ ",\"unknown\":[1]", GH_OK },
		{ ",\"use\":\"enc\"", GH_E_DENIED },
		{ ",\"use\":1", GH_E_FORMAT },
		{ ",\"alg\":\"ES384\"", GH_E_DENIED },
		{ ",\"alg\":\"RS256\"", GH_E_DENIED },
		{ ",\"key_ops\":[]", GH_E_DENIED },
		{ ",\"key_ops\":[\"sign\"]", GH_E_DENIED },
		{ ",\"key_ops\":[\"verify\",\"verify\"]", GH_E_FORMAT },
		{ ",\"key_ops\":\"verify\"", GH_E_FORMAT },
		{ ",\"d\":\"AA\"", GH_E_DENIED },
		{ ",\"k\":\"AA\"", GH_E_DENIED },
	};

	for (size_t i = 0; i < GH_ARRAY_LEN(cases); i++) {
		char text[1024];
		snprintf(text, sizeof text, "{%s%s}", good, cases[i].more);
		gh_key_free(jwk_key(text, cases[i].expected));
	}
}

static void malformed_coordinates_are_refused(void **state)
{
	/* off the curve; 31 bytes; a leading zero byte; padding; a stray bit; another curve */
	static const char *const members[] = {
		"\"x\":\"X9wQkS-1i-UUoPDDSVXocLUfVcS61TbbYnmxPGPhIus\","
		"\"y\":\"1Clq1O3xQpXvooXEhOo6HyiQfc47Ter77SSkIAfdRgY\",\"crv\":\"P-256\"",
		"\"x\":\"X9wQkS-1i-UUoPDDSVXocLUfVcS61TbbYnmxPGPhIg\","
		"\"y\":\"1Clq1O3xQpXvooXEhOo6HyiQfc47Ter77SSkIAfdRgc\",\"crv\":\"P-256\"",
		"\"x\":\"AF_cEJEvtYvlFKDww0lV6HC1H1XEutU222J5sTxj4SLr\","
		"\"y\":\"1Clq1O3xQpXvooXEhOo6HyiQfc47Ter77SSkIAfdRgc\",\"crv\":\"P-256\"",
		"\"x\":\"X9wQkS-1i-UUoPDDSVXocLUfVcS61TbbYnmxPGPhIus=\","
		"\"y\":\"1Clq1O3xQpXvooXEhOo6HyiQfc47Ter77SSkIAfdRgc\",\"crv\":\"P-256\"",
		"\"x\":\"X9wQkS-1i-UUoPDDSVXocLUfVcS61TbbYnmxPGPhIut\","
		"\"y\":\"1Clq1O3xQpXvooXEhOo6HyiQfc47Ter77SSkIAfdRgc\",\"crv\":\"P-256\"",
		"\"x\":1,\"y\":\"1Clq1O3xQpXvooXEhOo6HyiQfc47Ter77SSkIAfdRgc\",\"crv\":\"P-256\"",
	};

	for (size_t i = 0; i < GH_ARRAY_LEN(members); i++) {
		char text[512];
		snprintf(text, sizeof text, "{\"kty\":\"EC\",%s}", members[i]);
		assert_null(jwk_key(text, GH_E_FORMAT));
	}
	assert_null(
	    jwk_key("{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"AA\",\"y\":\"AA\"}", GH_E_DENIED));
	assert_null(jwk_key("{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"AA\"}", GH_E_DENIED));
	assert_null(jwk_key("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\"}", GH_E_FORMAT));
	assert_null(jwk_key("{\"kty\":\"oct\",\"k\":\"AAAA\"}", GH_E_DENIED));
	assert_null(jwk_key("{}", GH_E_FORMAT));
	assert_null(jwk_key("[]", GH_E_FORMAT));
}

/* An RSA JWK with this modulus and exponent. */
static void rsa_jwk(const BIGNUM *n, const char *e, size_t leading_zeros, enum gh_code expected)
{
	uint8_t raw[1100] = { 0 };
	struct gh_buf json = { 0 };

	BN_bn2bin(n, raw + leading_zeros);
	gh_buf_add_str(&json, "{\"kty\":\"RSA\",\"n\":\"");
	gh_base64url_encode(gh_slice(raw, (size_t)BN_num_bytes(n) + leading_zeros), &json);
	gh_buf_addf(&json, "\",\"e\":\"%s\"}", e);
	gh_key_free(jwk_key(gh_buf_cstr(&json), expected));
	gh_buf_free(&json);
}

static void rsa_moduli_and_exponents_are_bounded(void **state)
{
	struct gh_key *key;
	BIGNUM *n = NULL;

	assert_ok(gh_key_generate(GH_KEY_RSA, &key));
	assert_int_equal(EVP_PKEY_get_bn_param(gh_key_pkey(key), "n", &n), 1);
	rsa_jwk(n, "AQAB", 0, GH_OK);
	rsa_jwk(n, "AQAB", 1, GH_E_FORMAT);   /* leading zero in n */
	rsa_jwk(n, "AAEAAQ", 0, GH_E_FORMAT); /* leading zero in e */
	rsa_jwk(n, "AQ", 0, GH_E_FORMAT);     /* 1 */
	rsa_jwk(n, "Aw", 0, GH_E_FORMAT);     /* 3 */
	rsa_jwk(n, "AQAA", 0, GH_E_FORMAT);   /* 65536 */
	rsa_jwk(n, "AQAD", 0, GH_OK);         /* 65539 */
	rsa_jwk(n, "", 0, GH_E_FORMAT);
	rsa_jwk(n, "AQAAAAAAAAAB", 0, GH_E_FORMAT); /* 9 bytes */
	BN_sub_word(n, 1);
	rsa_jwk(n, "AQAB", 0, GH_E_FORMAT); /* even */
	BN_add_word(n, 1);
	BN_rshift1(n, n);
	BN_set_bit(n, 0);
	rsa_jwk(n, "AQAB", 0, GH_E_DENIED); /* 2047 bits */
	BN_zero(n);
	BN_set_bit(n, 8192);
	BN_set_bit(n, 0);
	rsa_jwk(n, "AQAB", 0, GH_E_DENIED); /* 8193 bits */
	BN_free(n);
	gh_key_free(key);
}

/* n = 65537^a mod M plus a multiple of M, for M the product of the small primes: the shape of keys
 * that Infineon's library made. */
static void a_modulus_in_the_shape_of_roca_keys_is_refused(void **state)
{
	static const unsigned primes[] = { 2,   3,   5,   7,   11,  13,  17,  19,  23,  29,
		                           31,  37,  41,  43,  47,  53,  59,  61,  67,  71,
		                           73,  79,  83,  89,  97,  101, 103, 107, 109, 113,
		                           127, 131, 137, 139, 149, 151, 157, 163, 167 };
	BN_CTX *context = BN_CTX_new();
	BIGNUM *m = BN_new(), *power = BN_new(), *n = BN_new(), *exponent = BN_new();

	BN_one(m);
	for (size_t i = 0; i < GH_ARRAY_LEN(primes); i++)
		BN_mul_word(m, primes[i]);
	BN_set_word(exponent, 123457);
	BN_set_word(n, 65537);
	assert_int_equal(BN_mod_exp(power, n, exponent, m, context), 1);
	BN_zero(n);
	BN_set_bit(n, 2047);
	BN_set_bit(n, 1024);
	BN_div(NULL, exponent, n, m, context);
	BN_sub(n, n, exponent); /* a multiple of M */
	BN_add(n, n, m);
	BN_add(n, n, power);
	rsa_jwk(n, "AQAB", 0, GH_E_DENIED);
	BN_add_word(n, 2);
	rsa_jwk(n, "AQAB", 0, GH_OK); /* two further it is an ordinary number */
	BN_free(m);
	BN_free(power);
	BN_free(n);
	BN_free(exponent);
	BN_CTX_free(context);
}

static void a_jws_has_three_canonical_segments_and_a_plain_header(void **state)
{
	static const struct gh_jws_limits limits = { 512, 64 };
	static const char *const bad[] = {
		"",          ".",         "..",        "e30",           "e30.",         "e30.e30",
		"e30.e30.A", "e30..=",    "e31..",     "W10..",         "e30.e30.e30.", "e30 .e30.",
		"bnVsbA..",  "e30.e3 0.", "\"e30\"..", "eyJhIjoxfX0..", "e30.e30.A==",  "e30\n..",
	};
	struct gh_arena *arena = gh_arena_new(65536);
	struct gh_jws jws = { 0 };

	for (size_t i = 0; i < GH_ARRAY_LEN(bad); i++)
		assert_int_not_equal(gh_jws_parse(gh_slice_str(bad[i]), &limits, arena, &jws),
		                     GH_OK);
	assert_ok(gh_jws_parse(GH_SLICE("e30.."), &limits, arena, &jws));
	assert_int_equal(jws.payload.len, 0);
	gh_jws_clear(&jws);
	/* {"a":1,"\u0061":2} */
	assert_code(gh_jws_parse(GH_SLICE("eyJhIjoxLCJcdTAwNjEiOjJ9.."), &limits, arena, &jws),
	            GH_E_FORMAT);
	gh_arena_free(arena);
}

static void a_signed_jws_verifies_with_its_own_scheme_only(void **state)
{
	static const struct gh_jws_limits limits = { 4096, 256 };
	struct gh_key *rsa, *ec;
	struct gh_buf token = { 0 };
	struct gh_arena *arena = gh_arena_new(65536);
	struct gh_jws jws;

	assert_ok(gh_key_generate(GH_KEY_RSA, &rsa));
	assert_ok(gh_key_generate(GH_KEY_P256, &ec));
	assert_ok(gh_jws_sign(ec, GH_SLICE("{\"alg\":\"ES256\"}"), GH_SLICE("hello"), &token));
	assert_ok(gh_jws_parse(gh_buf_slice(&token), &limits, arena, &jws));
	assert_true(gh_slice_eq_str(jws.payload, "hello"));
	assert_ok(gh_jws_verify(&jws, ec));
	assert_code(gh_jws_verify(&jws, rsa), GH_E_DENIED);
	gh_jws_clear(&jws);

	static const char *const headers[] = { "{\"alg\":\"RS256\"}",
		                               "{\"alg\":\"ES256\",\"crit\":[\"x\"]}",
		                               "{\"alg\":\"ES256\",\"b64\":false}",
		                               "{\"alg\":\"ES256\",\"zip\":\"DEF\"}", "{}" };
	for (size_t i = 0; i < GH_ARRAY_LEN(headers); i++) {
		gh_buf_clear(&token);
		assert_ok(gh_jws_sign(ec, gh_slice_str(headers[i]), GH_SLICE("x"), &token));
		assert_ok(gh_jws_parse(gh_buf_slice(&token), &limits, arena, &jws));
		assert_code(gh_jws_verify(&jws, ec), GH_E_DENIED);
		gh_jws_clear(&jws);
	}
	gh_buf_free(&token);
	gh_arena_free(arena);
	gh_key_free(rsa);
	gh_key_free(ec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_signs_and_its_public_half_verifies),
		cmocka_unit_test(a_pem_text_is_one_block_of_the_right_name),
		cmocka_unit_test(an_encrypted_private_key_is_refused_without_asking),
		cmocka_unit_test(other_curves_and_small_rsa_keys_are_refused),
		cmocka_unit_test(thumbprints_are_those_of_the_specifications),
		cmocka_unit_test(a_jwk_that_was_written_is_read_back),
		cmocka_unit_test(a_jwk_is_taken_at_its_word),
		cmocka_unit_test(malformed_coordinates_are_refused),
		cmocka_unit_test(rsa_moduli_and_exponents_are_bounded),
		cmocka_unit_test(a_modulus_in_the_shape_of_roca_keys_is_refused),
		cmocka_unit_test(a_jws_has_three_canonical_segments_and_a_plain_header),
		cmocka_unit_test(a_signed_jws_verifies_with_its_own_scheme_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
