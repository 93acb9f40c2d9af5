/* keyring.h: who may open what. A key-encryption key (KEK) in a file wraps one KEK a tenant; that
 * wraps the tenant's data keys (DEK). AES-256-GCM everywhere, and the additional data names format
 * version, tenant and purpose, so that a wrapped key opens only where it belongs. */
#ifndef GH_CRYPTO_KEYRING_H
#define GH_CRYPTO_KEYRING_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/result.h"
#include "base/slice.h"
#include "base/uuid.h"

#define GH_KEK_BYTES 32
/* One version byte and a sealed box over 32 bytes. */
#define GH_WRAPPED_KEY_BYTES 61
/* Purposes are names like "audit.body": [a-z0-9._-], 1 to this many characters. */
#define GH_PURPOSE_MAX_BYTES 64
/* A subject is an opaque id of at most this many bytes; it may be empty. */
#define GH_SUBJECT_MAX_BYTES 256

struct gh_kek; /* in locked memory; may be shared between threads */

/* Opens a KEK file below the directory `dir_fd`: a regular file, not a link, of exactly 32 bytes,
 * mode 0600, owned by the caller's effective user. Anything else is GH_E_DENIED with a text that
 * says how to mend it; an absent file is GH_E_NOT_FOUND. */
gh_result gh_kek_open(int dir_fd, const char *name, struct gh_kek **out);
/* Makes one from the kernel's randomness: temporary file, fsync, link into place, fsync of the
 * directory. GH_E_CONFLICT when the name exists: an existing KEK is never written over. */
gh_result gh_kek_create(int dir_fd, const char *name);
void gh_kek_free(struct gh_kek *kek); /* wipes; NULL is fine */
GH_DEFINE_CLEANUP(struct gh_kek *, gh_kek_free)

/* What a box is bound to. All of it is authenticated and none of it is stored in the box. */
struct gh_key_binding {
	struct gh_uuid tenant;   /* the nil UUID for the deployment's own */
	struct gh_slice purpose; /* see GH_PURPOSE_MAX_BYTES */
	struct gh_slice subject; /* may be empty */
};
bool gh_purpose_is_valid(struct gh_slice purpose);

/* Seals key material of any length under the KEK (private keys, tenant KEKs). Appends a version
 * byte and a box. Opening with another binding, or a changed box, is GH_E_CRYPTO; open into a
 * secret buffer. */
gh_result gh_kek_wrap(const struct gh_kek *kek, const struct gh_key_binding *binding,
                      struct gh_slice plain, struct gh_buf *out);
gh_result gh_kek_unwrap(const struct gh_kek *kek, const struct gh_key_binding *binding,
                        struct gh_slice wrapped, struct gh_buf *out);

/* HKDF-SHA-256 over the KEK, for what protects the keeper's own files. */
gh_result gh_kek_derive(const struct gh_kek *kek, struct gh_slice purpose,
                        uint8_t key[GH_KEK_BYTES]);

/* A tenant's KEK: made once, kept wrapped, opened by the keeper when the tenant is used. */
struct gh_tenant_kek;
gh_result gh_tenant_kek_create(const struct gh_kek *kek, const struct gh_uuid *tenant,
                               struct gh_buf *wrapped);
gh_result gh_tenant_kek_open(const struct gh_kek *kek, const struct gh_uuid *tenant,
                             struct gh_slice wrapped, struct gh_tenant_kek **out);
void gh_tenant_kek_free(struct gh_tenant_kek *tenant_kek); /* wipes; NULL is fine */
GH_DEFINE_CLEANUP(struct gh_tenant_kek *, gh_tenant_kek_free)

/* A new data key and its wrapped form (appended, GH_WRAPPED_KEY_BYTES); and back. */
gh_result gh_dek_create(const struct gh_tenant_kek *tenant_kek, struct gh_slice purpose,
                        struct gh_slice subject, uint8_t dek[GH_KEK_BYTES], struct gh_buf *wrapped);
gh_result gh_dek_unwrap(const struct gh_tenant_kek *tenant_kek, struct gh_slice purpose,
                        struct gh_slice subject, struct gh_slice wrapped,
                        uint8_t dek[GH_KEK_BYTES]);
/* A deterministic sub-key: HKDF-SHA-256 (RFC 5869) over the tenant's KEK, with tenant and purpose
 * in info. The same for ever; never the KEK or a DEK. */
gh_result gh_tenant_derive(const struct gh_tenant_kek *tenant_kek, struct gh_slice purpose,
                           uint8_t key[GH_KEK_BYTES]);

/* RFC 5869 with SHA-256, out_len at most 255 * 32. */
gh_result gh_hkdf_sha256(struct gh_slice key, struct gh_slice salt, struct gh_slice info,
                         uint8_t *out, size_t out_len);

#endif
