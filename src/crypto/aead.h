/* aead.h: AES-256-GCM (NIST SP 800-38D), the only symmetric encryption here. A sealed box is
 * nonce (12 bytes, random) || ciphertext || tag (16 bytes). */
#ifndef GH_CRYPTO_AEAD_H
#define GH_CRYPTO_AEAD_H

#include "base/buf.h"
#include "base/result.h"
#include "base/slice.h"

#define GH_AEAD_KEY_BYTES      32
#define GH_AEAD_OVERHEAD_BYTES 28

/* Appends the box to `out`. `aad` names what the box is for (version, tenant, purpose, id): it is
 * not in the box and must be given again to open it. */
gh_result gh_aead_seal(const uint8_t key[GH_AEAD_KEY_BYTES], struct gh_slice aad,
                       struct gh_slice plain, struct gh_buf *out);
/* Appends the plaintext to `out`. GH_E_CRYPTO when the box, the aad or the key is not the right
 * one; nothing is appended then. */
gh_result gh_aead_open(const uint8_t key[GH_AEAD_KEY_BYTES], struct gh_slice aad,
                       struct gh_slice box, struct gh_buf *out);

#endif
