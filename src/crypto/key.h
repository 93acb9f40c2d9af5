/* key.h: one asymmetric key and what it may be used for. Three kinds only, each with the one
 * signature scheme that we use: RSA (RS256), P-256 (ES256), Ed25519 (EdDSA). A key never changes
 * after it was made, so that threads may share it; private parts are wiped when it is freed. */
#ifndef GH_CRYPTO_KEY_H
#define GH_CRYPTO_KEY_H

#include <stdbool.h>

#include <jansson.h>
#include <openssl/types.h>

#include "base/buf.h"
#include "base/result.h"
#include "base/slice.h"

enum gh_key_type { GH_KEY_RSA, GH_KEY_P256, GH_KEY_ED25519 };

/* base64url(SHA-256), 43 characters and NUL. */
#define GH_THUMBPRINT_TEXT_BYTES 44
/* RSA keys below the first are refused everywhere, above the second too (they only cost time). */
#define GH_RSA_MIN_BITS 2048
#define GH_RSA_MAX_BITS 8192
/* The longest signature that any key here makes or takes. */
#define GH_SIGNATURE_MAX_BYTES (GH_RSA_MAX_BITS / 8)

struct gh_key;

void gh_key_free(struct gh_key *key); /* NULL is fine */
GH_DEFINE_CLEANUP(struct gh_key *, gh_key_free)

/* RSA is 2048 bits with e = 65537. */
gh_result gh_key_generate(enum gh_key_type type, struct gh_key **out);
/* RSA of another size, for keys that must last: GH_RSA_MIN_BITS to GH_RSA_MAX_BITS. */
gh_result gh_key_generate_rsa(unsigned bits, struct gh_key **out);

/* PEM "PRIVATE KEY" (PKCS#8, not encrypted) and "PUBLIC KEY" (SPKI): exactly one block, nothing but
 * white space around it. GH_E_FORMAT when it is not that, GH_E_DENIED for a kind, curve or size
 * that we do not use. The DER forms refuse trailing bytes. */
gh_result gh_key_from_private_pem(struct gh_slice pem, struct gh_key **out);
gh_result gh_key_from_public_pem(struct gh_slice pem, struct gh_key **out);
gh_result gh_key_from_private_der(struct gh_slice pkcs8, struct gh_key **out);
gh_result gh_key_from_public_der(struct gh_slice spki, struct gh_key **out);
/* Takes a reference of its own. For certificates and for TLS. */
gh_result gh_key_from_pkey(EVP_PKEY *pkey, bool is_private, struct gh_key **out);

/* Append to `out`; give a secret buffer for private forms. GH_E_ARGUMENT when there is no private
 * part. */
gh_result gh_key_to_private_pem(const struct gh_key *key, struct gh_buf *out);
gh_result gh_key_to_public_pem(const struct gh_key *key, struct gh_buf *out);
gh_result gh_key_to_private_der(const struct gh_key *key, struct gh_buf *out);
gh_result gh_key_to_public_der(const struct gh_key *key, struct gh_buf *out);
/* Ed25519 only: the 32 bytes of RFC 8032. */
gh_result gh_key_to_ed25519(const struct gh_key *key, uint8_t out[32]);
gh_result gh_key_from_ed25519(const uint8_t raw_public[32], struct gh_key **out);

enum gh_key_type gh_key_type(const struct gh_key *key);
bool gh_key_is_private(const struct gh_key *key);
EVP_PKEY *gh_key_pkey(const struct gh_key *key); /* borrowed */
const char *
gh_key_alg(const struct gh_key *key); /* "RS256", "ES256", "EdDSA": RFC 7518, RFC 8037 */

/* Signs `data` with the key's scheme; ES256 gives r || s (RFC 7518 section 3.4). Appends. */
gh_result gh_key_sign(const struct gh_key *key, struct gh_slice data, struct gh_buf *out);
/* GH_E_CRYPTO unless the signature is right in form and value: exact length, r and s in range, RSA
 * value below n, PKCS#1 v1.5 padding in its one DER form. */
gh_result gh_key_verify(const struct gh_key *key, struct gh_slice data, struct gh_slice signature);
/* P-256 only: an ASN.1 ECDSA signature over a digest that the caller made (TLS). Appends. */
gh_result gh_key_sign_digest_der(const struct gh_key *key, struct gh_slice digest,
                                 struct gh_buf *out);

/* RFC 7638 (and RFC 8037 section 2 for Ed25519). */
gh_result gh_key_thumbprint(const struct gh_key *key, char out[GH_THUMBPRINT_TEXT_BYTES]);

/* Appends the public JWK {kty, …, kid, use: "sig", alg}; kid is the thumbprint when NULL. */
gh_result gh_key_to_jwk(const struct gh_key *key, const char *kid, struct gh_buf *out);

/* A public JWK that may verify signatures of its kind's one scheme. GH_E_FORMAT for what is not a
 * JWK of RFC 7518 section 6 (non-canonical base64url, leading zeros, wrong coordinate length, a
 * point off the curve, even e or e < 65537), GH_E_DENIED for what is one but not for us: another
 * kty or crv, private or symmetric members, RSA sizes out of range, `use` other than "sig",
 * `key_ops` without "verify", an `alg` that is not the kind's. Unknown members are ignored, as
 * RFC 7517 section 4 asks. */
gh_result gh_key_from_jwk(const json_t *jwk, struct gh_key **out);

#endif
