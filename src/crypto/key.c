/* Three kinds of key behind one type. Everything that could be chosen (curve, padding, digest,
 * encoding) is fixed by the kind, so that no input chooses it. The set-up of a verification is done
 * once when a key is made and copied for each signature: that is 15 % of an RSA verification, and
 * parsing a key each time would be six times one. */
#include "crypto/key.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/codec.h"
#include "base/secret.h"
#include "crypto/hash.h"
#include "crypto/key_internal.h"

#define P256_FIELD_BYTES 32
#define ED25519_BYTES    64

struct gh_key {
	EVP_PKEY *pkey;
	EVP_PKEY_CTX *verify_template; /* RSA and P-256 */
	EVP_PKEY_CTX *sign_template;   /* the same, of a private key */
	enum gh_key_type type;
	bool is_private;
};

static void free_pkey(EVP_PKEY **pkey)
{
	EVP_PKEY_free(*pkey);
}

static void free_context(EVP_PKEY_CTX **context)
{
	EVP_PKEY_CTX_free(*context);
}

static void free_md_context(EVP_MD_CTX **context)
{
	EVP_MD_CTX_free(*context);
}

static void free_bio(BIO **bio)
{
	BIO_free(*bio);
}

static void free_signature(ECDSA_SIG **signature)
{
	ECDSA_SIG_free(*signature);
}

static void free_bn(BIGNUM **number)
{
	BN_free(*number);
}

void gh_key_free(struct gh_key *key)
{
	if (!key)
		return;
	EVP_PKEY_CTX_free(key->verify_template);
	EVP_PKEY_CTX_free(key->sign_template);
	EVP_PKEY_free(key->pkey);
	free(key);
}

/* The modulus has the shape of keys made by Infineon's library (CVE-2017-15361, "ROCA"): for each
 * of these primes p, n mod p is a power of 65537. A random modulus has it with probability 2^-27,
 * and a key so lost is made again. */
static bool is_roca(const BIGNUM *n)
{
	static const uint8_t primes[] = { 3,   5,   7,   11,  13,  17,  19,  23,  29,  31,
		                          37,  41,  43,  47,  53,  59,  61,  67,  71,  73,
		                          79,  83,  89,  97,  101, 103, 107, 109, 113, 127,
		                          131, 137, 139, 149, 151, 157, 163, 167 };

	for (size_t i = 0; i < sizeof primes; i++) {
		BN_ULONG p = primes[i], rest = BN_mod_word(n, p), power = 1;
		do {
			power = power * (65537 % p) % p;
		} while (power != rest && power != 1);
		if (power != rest)
			return false;
	}
	return true;
}

gh_result gh_rsa_check(const BIGNUM *n, const BIGNUM *e, BN_ULONG least_e)
{
	GH_ENSURE(BN_num_bits(n) >= GH_RSA_MIN_BITS && BN_num_bits(n) <= GH_RSA_MAX_BITS,
	          GH_E_DENIED, "an RSA key of %d bits is not between %d and %d", BN_num_bits(n),
	          GH_RSA_MIN_BITS, GH_RSA_MAX_BITS);
	GH_ENSURE(BN_is_odd(n), GH_E_FORMAT, "an RSA modulus is even");
	GH_ENSURE(BN_is_odd(e) && BN_num_bits(e) <= 64, GH_E_FORMAT,
	          "an RSA exponent is even or over 64 bits");
	GH_ENSURE(BN_num_bits(e) > 31 || BN_get_word(e) >= least_e, GH_E_FORMAT,
	          "an RSA exponent is below %lu", (unsigned long)least_e);
	GH_ENSURE(!is_roca(n), GH_E_DENIED,
	          "an RSA key was made by a library whose keys can be factored (CVE-2017-15361)");
	return GH_OK;
}

static gh_result check_rsa(EVP_PKEY *pkey)
{
	GH_CLEANUP(free_bn) BIGNUM *n = NULL;
	GH_CLEANUP(free_bn) BIGNUM *e = NULL;

	GH_ENSURE(EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &n) == 1 &&
	              EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) == 1,
	          GH_E_CRYPTO, "an RSA key has no modulus or exponent");
	return gh_rsa_check(n, e, 3);
}

static gh_result check_p256(EVP_PKEY *pkey)
{
	char group[32];
	int explicit_parameters = 0;

	GH_ENSURE(EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME, group,
	                                         sizeof group, NULL) == 1 &&
	              strcmp(group, "prime256v1") == 0,
	          GH_E_DENIED, "an elliptic-curve key is not on P-256");
	/* A curve spelled out in the key may differ from the one it resembles (CVE-2020-0601). */
	GH_ENSURE(EVP_PKEY_get_int_param(pkey, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
	                                 &explicit_parameters) != 1 ||
	              !explicit_parameters,
	          GH_E_DENIED, "an elliptic-curve key spells out its curve");
	return GH_OK;
}

static gh_result classify(EVP_PKEY *pkey, enum gh_key_type *type)
{
	if (EVP_PKEY_is_a(pkey, "RSA")) {
		*type = GH_KEY_RSA;
		return check_rsa(pkey);
	}
	if (EVP_PKEY_is_a(pkey, "EC")) {
		*type = GH_KEY_P256;
		return check_p256(pkey);
	}
	*type = GH_KEY_ED25519;
	GH_ENSURE(EVP_PKEY_is_a(pkey, "ED25519"), GH_E_DENIED,
	          "a key is neither RSA, P-256 nor Ed25519");
	return GH_OK;
}

static bool prepare(EVP_PKEY *pkey, enum gh_key_type type, bool sign, EVP_PKEY_CTX **out)
{
	*out = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	if (!*out || (sign ? EVP_PKEY_sign_init(*out) : EVP_PKEY_verify_init(*out)) != 1)
		return false;
	if (type == GH_KEY_RSA && EVP_PKEY_CTX_set_rsa_padding(*out, RSA_PKCS1_PADDING) != 1)
		return false;
	return EVP_PKEY_CTX_set_signature_md(*out, EVP_sha256()) == 1;
}

/* Takes the reference to `pkey`, also when it fails. */
static gh_result adopt(EVP_PKEY *raw_pkey, bool is_private, struct gh_key **out)
{
	GH_CLEANUP(free_pkey) EVP_PKEY *pkey = raw_pkey;
	enum gh_key_type type;

	GH_TRY(classify(pkey, &type));
	GH_CLEANUP(gh_key_free_ptr) struct gh_key *key = calloc(1, sizeof *key);
	GH_ENSURE(key, GH_E_MEMORY, "out of memory");
	key->pkey = GH_STEAL(pkey);
	key->type = type;
	key->is_private = is_private;
	if (type != GH_KEY_ED25519) {
		GH_ENSURE(prepare(key->pkey, type, false, &key->verify_template) &&
		              (!is_private || prepare(key->pkey, type, true, &key->sign_template)),
		          GH_E_CRYPTO, "OpenSSL refused a key");
	}
	*out = GH_STEAL(key);
	return GH_OK;
}

gh_result gh_key_generate(enum gh_key_type type, struct gh_key **out)
{
	EVP_PKEY *pkey = NULL;

	switch (type) {
	case GH_KEY_RSA: pkey = EVP_RSA_gen(GH_RSA_MIN_BITS); break;
	case GH_KEY_P256: pkey = EVP_EC_gen("P-256"); break;
	case GH_KEY_ED25519: pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"); break;
	}
	GH_ENSURE(pkey, GH_E_CRYPTO, "OpenSSL could not make a key");
	return adopt(pkey, true, out);
}

gh_result gh_key_generate_rsa(unsigned bits, struct gh_key **out)
{
	GH_ENSURE(bits >= GH_RSA_MIN_BITS && bits <= GH_RSA_MAX_BITS, GH_E_ARGUMENT,
	          "an RSA key has %d to %d bits", GH_RSA_MIN_BITS, GH_RSA_MAX_BITS);
	EVP_PKEY *pkey = EVP_RSA_gen(bits);
	GH_ENSURE(pkey, GH_E_CRYPTO, "OpenSSL could not make a key");
	return adopt(pkey, true, out);
}

gh_result gh_key_from_pkey(EVP_PKEY *pkey, bool is_private, struct gh_key **out)
{
	GH_ENSURE(pkey && EVP_PKEY_up_ref(pkey) == 1, GH_E_ARGUMENT, "there is no key");
	return adopt(pkey, is_private, out);
}

gh_result gh_key_from_private_der(struct gh_slice pkcs8, struct gh_key **out)
{
	const unsigned char *p = pkcs8.data;

	GH_ENSURE(pkcs8.len > 0 && pkcs8.len <= 16384, GH_E_FORMAT, "a private key is no PKCS#8");
	PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)pkcs8.len);
	EVP_PKEY *pkey = info && p == pkcs8.data + pkcs8.len ? EVP_PKCS82PKEY(info) : NULL;
	PKCS8_PRIV_KEY_INFO_free(info);
	GH_ENSURE(pkey, GH_E_FORMAT, "a private key is no PKCS#8");
	return adopt(pkey, true, out);
}

gh_result gh_key_from_public_der(struct gh_slice spki, struct gh_key **out)
{
	const unsigned char *p = spki.data;

	GH_ENSURE(spki.len > 0 && spki.len <= 16384, GH_E_FORMAT, "a public key is no SPKI");
	GH_CLEANUP(free_pkey) EVP_PKEY *pkey = d2i_PUBKEY(NULL, &p, (long)spki.len);
	GH_ENSURE(pkey && p == spki.data + spki.len, GH_E_FORMAT, "a public key is no SPKI");
	return adopt(GH_STEAL(pkey), false, out);
}

static bool is_blank(struct gh_slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!memchr(" \t\r\n", text.data[i], 4))
			return false;
	return true;
}

/* The one block of a PEM text, as DER. OpenSSL's readers skip what surrounds a block and ask for a
 * passphrase on the terminal; neither may happen here. */
static gh_result read_pem(struct gh_slice pem, const char *label, struct gh_buf *der)
{
	size_t start = 0;
	char *name = NULL, *header = NULL;
	unsigned char *data = NULL;
	long len = 0;

	while (start < pem.len && is_blank(gh_slice_sub(pem, start, 1)))
		start++;
	GH_ENSURE(pem.len <= 32768 &&
	              gh_slice_starts_with(gh_slice_sub(pem, start, 11), GH_SLICE("-----BEGIN ")),
	          GH_E_FORMAT, "not a PEM text that begins with \"%s\"", label);
	GH_CLEANUP(free_bio) BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
	GH_ENSURE(bio, GH_E_MEMORY, "out of memory");
	bool ok = PEM_read_bio(bio, &name, &header, &data, &len) == 1 && strcmp(name, label) == 0 &&
	          header[0] == 0;
	if (ok) {
		char *rest = NULL;
		long rest_len = BIO_get_mem_data(bio, &rest);
		ok = is_blank(gh_slice(rest, rest_len > 0 ? (size_t)rest_len : 0));
		gh_buf_add(der, data, (size_t)len);
	}
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_clear_free(data, len > 0 ? (size_t)len : 0);
	GH_ENSURE(ok, GH_E_FORMAT, "not one PEM block \"%s\" and nothing else", label);
	return gh_buf_check(der);
}

gh_result gh_key_from_private_pem(struct gh_slice pem, struct gh_key **out)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf der = { .limit = 16384, .secret = true };

	GH_TRY(read_pem(pem, "PRIVATE KEY", &der));
	return gh_key_from_private_der(gh_buf_slice(&der), out);
}

gh_result gh_key_from_public_pem(struct gh_slice pem, struct gh_key **out)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf der = { .limit = 16384 };

	GH_TRY(read_pem(pem, "PUBLIC KEY", &der));
	return gh_key_from_public_der(gh_buf_slice(&der), out);
}

/* A memory BIO's bytes at the end of `out`. Such a BIO wipes its memory when it is freed. */
static gh_result drain(BIO *bio, bool written, struct gh_buf *out)
{
	char *data = NULL;
	long len = BIO_get_mem_data(bio, &data);

	GH_ENSURE(written && len > 0, GH_E_CRYPTO, "OpenSSL could not write a key");
	gh_buf_add(out, data, (size_t)len);
	return gh_buf_check(out);
}

gh_result gh_key_to_private_pem(const struct gh_key *key, struct gh_buf *out)
{
	GH_ENSURE(key->is_private, GH_E_ARGUMENT, "there is no private key to write");
	GH_CLEANUP(free_bio) BIO *bio = BIO_new(BIO_s_secmem());
	GH_ENSURE(bio, GH_E_MEMORY, "out of memory");
	return drain(bio,
	             PEM_write_bio_PKCS8PrivateKey(bio, key->pkey, NULL, NULL, 0, NULL, NULL) == 1,
	             out);
}

gh_result gh_key_to_private_der(const struct gh_key *key, struct gh_buf *out)
{
	GH_ENSURE(key->is_private, GH_E_ARGUMENT, "there is no private key to write");
	GH_CLEANUP(free_bio) BIO *bio = BIO_new(BIO_s_secmem());
	GH_ENSURE(bio, GH_E_MEMORY, "out of memory");
	return drain(bio, i2d_PKCS8PrivateKeyInfo_bio(bio, key->pkey) == 1, out);
}

gh_result gh_key_to_public_pem(const struct gh_key *key, struct gh_buf *out)
{
	GH_CLEANUP(free_bio) BIO *bio = BIO_new(BIO_s_mem());
	GH_ENSURE(bio, GH_E_MEMORY, "out of memory");
	return drain(bio, PEM_write_bio_PUBKEY(bio, key->pkey) == 1, out);
}

gh_result gh_key_to_public_der(const struct gh_key *key, struct gh_buf *out)
{
	GH_CLEANUP(free_bio) BIO *bio = BIO_new(BIO_s_mem());
	GH_ENSURE(bio, GH_E_MEMORY, "out of memory");
	return drain(bio, i2d_PUBKEY_bio(bio, key->pkey) == 1, out);
}

gh_result gh_key_to_ed25519(const struct gh_key *key, uint8_t out[32])
{
	size_t len = 32;

	GH_ENSURE(key->type == GH_KEY_ED25519, GH_E_ARGUMENT, "not an Ed25519 key");
	GH_ENSURE(EVP_PKEY_get_raw_public_key(key->pkey, out, &len) == 1 && len == 32, GH_E_CRYPTO,
	          "OpenSSL gave no public key");
	return GH_OK;
}

gh_result gh_key_from_ed25519(const uint8_t raw_public[32], struct gh_key **out)
{
	EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, raw_public, 32);

	GH_ENSURE(pkey, GH_E_FORMAT, "not an Ed25519 public key");
	return adopt(pkey, false, out);
}

enum gh_key_type gh_key_type(const struct gh_key *key)
{
	return key->type;
}

bool gh_key_is_private(const struct gh_key *key)
{
	return key->is_private;
}

EVP_PKEY *gh_key_pkey(const struct gh_key *key)
{
	return key->pkey;
}

const char *gh_key_alg(const struct gh_key *key)
{
	static const char *const names[] = {
		[GH_KEY_RSA] = "RS256", [GH_KEY_P256] = "ES256", [GH_KEY_ED25519] = "EdDSA"
	};

	return names[key->type];
}

static gh_result sign_digest(const struct gh_key *key, struct gh_slice digest, uint8_t *out,
                             size_t *len)
{
	GH_CLEANUP(free_context) EVP_PKEY_CTX *context = EVP_PKEY_CTX_dup(key->sign_template);

	GH_ENSURE(context && EVP_PKEY_sign(context, out, len, digest.data, digest.len) == 1,
	          GH_E_CRYPTO, "OpenSSL could not sign");
	return GH_OK;
}

static gh_result sign_ed25519(const struct gh_key *key, struct gh_slice data, struct gh_buf *out)
{
	GH_CLEANUP(free_md_context) EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t *signature = gh_buf_reserve(out, ED25519_BYTES);
	size_t len = ED25519_BYTES;

	GH_ENSURE(context && signature, GH_E_MEMORY, "out of memory");
	GH_ENSURE(EVP_DigestSignInit(context, NULL, NULL, NULL, key->pkey) == 1 &&
	              EVP_DigestSign(context, signature, &len, data.data, data.len) == 1 &&
	              len == ED25519_BYTES,
	          GH_E_CRYPTO, "OpenSSL could not sign");
	gh_buf_commit(out, len);
	return GH_OK;
}

/* ASN.1 to r || s. */
static gh_result add_p1363(struct gh_slice der, struct gh_buf *out)
{
	const unsigned char *p = der.data;
	uint8_t *raw = gh_buf_reserve(out, 2 * P256_FIELD_BYTES);

	GH_CLEANUP(free_signature) ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &p, (long)der.len);
	GH_ENSURE(pair && raw, GH_E_MEMORY, "out of memory");
	GH_ENSURE(
	    BN_bn2binpad(ECDSA_SIG_get0_r(pair), raw, P256_FIELD_BYTES) >= 0 &&
	        BN_bn2binpad(ECDSA_SIG_get0_s(pair), raw + P256_FIELD_BYTES, P256_FIELD_BYTES) >= 0,
	    GH_E_CRYPTO, "an ECDSA signature does not fit");
	gh_buf_commit(out, 2 * P256_FIELD_BYTES);
	return GH_OK;
}

gh_result gh_key_sign(const struct gh_key *key, struct gh_slice data, struct gh_buf *out)
{
	uint8_t digest[GH_SHA256_BYTES], signature[GH_SIGNATURE_MAX_BYTES];
	size_t len = sizeof signature;

	GH_ENSURE(key->is_private, GH_E_ARGUMENT, "a public key cannot sign");
	if (key->type == GH_KEY_ED25519)
		return sign_ed25519(key, data, out);
	gh_sha256(data, digest);
	GH_TRY(sign_digest(key, gh_slice(digest, sizeof digest), signature, &len));
	if (key->type == GH_KEY_P256)
		return add_p1363(gh_slice(signature, len), out);
	gh_buf_add(out, signature, len);
	return gh_buf_check(out);
}

gh_result gh_key_sign_digest_der(const struct gh_key *key, struct gh_slice digest,
                                 struct gh_buf *out)
{
	uint8_t signature[80];
	size_t len = sizeof signature;

	GH_ENSURE(key->is_private && key->type == GH_KEY_P256, GH_E_ARGUMENT,
	          "only a private P-256 key signs digests");
	GH_ENSURE(digest.len == 32 || digest.len == 48 || digest.len == 64, GH_E_ARGUMENT,
	          "a digest has 32, 48 or 64 bytes");
	/* The template holds SHA-256's length; a context without a digest takes any. */
	GH_CLEANUP(free_context)
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
	GH_ENSURE(context && EVP_PKEY_sign_init(context) == 1 &&
	              EVP_PKEY_sign(context, signature, &len, digest.data, digest.len) == 1,
	          GH_E_CRYPTO, "OpenSSL could not sign");
	gh_buf_add(out, signature, len);
	return gh_buf_check(out);
}

static bool verify_ed25519(const struct gh_key *key, struct gh_slice data,
                           struct gh_slice signature)
{
	GH_CLEANUP(free_md_context) EVP_MD_CTX *context = EVP_MD_CTX_new();

	return signature.len == ED25519_BYTES && context &&
	       EVP_DigestVerifyInit(context, NULL, NULL, NULL, key->pkey) == 1 &&
	       EVP_DigestVerify(context, signature.data, signature.len, data.data, data.len) == 1;
}

/* r || s to ASN.1; the length written, or 0. */
static size_t to_der(struct gh_slice signature, uint8_t out[80])
{
	unsigned char *p = out;
	GH_CLEANUP(free_signature) ECDSA_SIG *pair = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(signature.data, P256_FIELD_BYTES, NULL);
	BIGNUM *s = BN_bin2bn(signature.data + P256_FIELD_BYTES, P256_FIELD_BYTES, NULL);

	if (!pair || !r || !s || ECDSA_SIG_set0(pair, r, s) != 1) {
		BN_free(r);
		BN_free(s);
		return 0;
	}
	int len = i2d_ECDSA_SIG(pair, NULL);
	if (len <= 0 || len > 80)
		return 0;
	return (size_t)i2d_ECDSA_SIG(pair, &p);
}

gh_result gh_key_verify(const struct gh_key *key, struct gh_slice data, struct gh_slice signature)
{
	uint8_t digest[GH_SHA256_BYTES], der[80];
	bool right_length = true;

	if (key->type == GH_KEY_ED25519) {
		GH_ENSURE(verify_ed25519(key, data, signature), GH_E_CRYPTO,
		          "a signature does not verify");
		return GH_OK;
	}
	if (key->type == GH_KEY_P256) {
		right_length = signature.len == 2 * P256_FIELD_BYTES;
		signature = gh_slice(der, right_length ? to_der(signature, der) : 0);
	} else {
		right_length = signature.len == (size_t)EVP_PKEY_get_size(key->pkey);
	}
	GH_ENSURE(right_length && signature.len > 0, GH_E_CRYPTO,
	          "a signature has the wrong length");
	gh_sha256(data, digest);
	GH_CLEANUP(free_context) EVP_PKEY_CTX *context = EVP_PKEY_CTX_dup(key->verify_template);
	GH_ENSURE(context && EVP_PKEY_verify(context, signature.data, signature.len, digest,
	                                     sizeof digest) == 1,
	          GH_E_CRYPTO, "a signature does not verify");
	return GH_OK;
}
