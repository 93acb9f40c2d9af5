/* key_internal.h: what key.c and jwk.c share; for nobody else. */
#ifndef GH_CRYPTO_KEY_INTERNAL_H
#define GH_CRYPTO_KEY_INTERNAL_H

#include <openssl/bn.h>

#include "base/result.h"

/* Size, parity, exponent (at least `least_e`) and known-weak shape of an RSA public key. */
gh_result gh_rsa_check(const BIGNUM *n, const BIGNUM *e, BN_ULONG least_e);

#endif
