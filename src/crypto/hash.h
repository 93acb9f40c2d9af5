/* hash.h: SHA-256 and HMAC-SHA-256 (FIPS 180-4, RFC 2104). They end the process when OpenSSL cannot
 * provide them: a gateway without SHA-256 can decide nothing. */
#ifndef GH_CRYPTO_HASH_H
#define GH_CRYPTO_HASH_H

#include "base/slice.h"

#define GH_SHA256_BYTES 32

/* Threads each keep a fetched context, so that a short hash costs no provider look-up. */
void gh_sha256(struct gh_slice data, uint8_t out[GH_SHA256_BYTES]);
/* Over the concatenation of several slices. */
void gh_sha256_of(const struct gh_slice *parts, size_t count, uint8_t out[GH_SHA256_BYTES]);
void gh_hmac_sha256(struct gh_slice key, struct gh_slice data, uint8_t out[GH_SHA256_BYTES]);
/* Bytes from the kernel-seeded DRBG; ends the process when there are none. */
void gh_random(void *out, size_t len);

#endif
