/* Every wrapped key is one version byte and a sealed box; every box's additional data is written by
 * one function, so that two kinds of box can never stand in for each other. */
#include "crypto/keyring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "base/secret.h"
#include "crypto/aead.h"
#include "crypto/hash.h"

#define WRAP_VERSION      1
#define WRAPPED_MAX_BYTES (64 * 1024)

struct gh_kek {
	uint8_t bytes[GH_KEK_BYTES];
};

struct gh_tenant_kek {
	uint8_t bytes[GH_KEK_BYTES];
	struct gh_uuid tenant;
};

static gh_result check_kek_file(const char *name, const struct stat *info)
{
	GH_ENSURE(S_ISREG(info->st_mode), GH_E_DENIED, "%s is not a regular file", name);
	GH_ENSURE(info->st_uid == geteuid(), GH_E_DENIED, "%s belongs to user %u; chown it to %u",
	          name, info->st_uid, geteuid());
	GH_ENSURE((info->st_mode & 07777) == 0600, GH_E_DENIED,
	          "%s has mode %04o; chmod it to 0600", name, info->st_mode & 07777);
	GH_ENSURE(info->st_size == GH_KEK_BYTES, GH_E_CORRUPT,
	          "%s has %lld bytes instead of %d; restore it from its copy", name,
	          (long long)info->st_size, GH_KEK_BYTES);
	return GH_OK;
}

gh_result gh_kek_open(int dir_fd, const char *name, struct gh_kek **out)
{
	struct stat info;
	GH_CLEANUP(gh_fd_close_ptr)
	int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

	GH_ENSURE(fd >= 0 || errno != ENOENT, GH_E_NOT_FOUND, "%s does not exist", name);
	GH_ENSURE(fd >= 0 || errno != ELOOP, GH_E_DENIED, "%s is a symbolic link", name);
	GH_ENSURE(fd >= 0, GH_E_IO, "%s cannot be opened: %s", name, strerror(errno));
	GH_ENSURE(fstat(fd, &info) == 0, GH_E_IO, "%s: %s", name, strerror(errno));
	GH_TRY(check_kek_file(name, &info));

	GH_CLEANUP(gh_kek_free_ptr) struct gh_kek *kek = gh_secret_alloc(sizeof *kek);
	GH_ENSURE(kek, GH_E_MEMORY, "out of memory");
	ssize_t got = read(fd, kek->bytes, sizeof kek->bytes);
	GH_ENSURE(got == (ssize_t)sizeof kek->bytes, GH_E_IO, "%s cannot be read", name);
	*out = GH_STEAL(kek);
	return GH_OK;
}

static gh_result write_kek(int dir_fd, const char *temporary)
{
	uint8_t bytes[GH_KEK_BYTES];
	GH_CLEANUP(gh_fd_close_ptr)
	int fd = openat(dir_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	GH_ENSURE(fd >= 0, GH_E_IO, "a KEK file cannot be made: %s", strerror(errno));
	gh_random(bytes, sizeof bytes);
	bool ok = fchmod(fd, 0600) == 0 &&
	          write(fd, bytes, sizeof bytes) == (ssize_t)sizeof bytes && fsync(fd) == 0;
	gh_wipe(bytes, sizeof bytes);
	GH_ENSURE(ok, GH_E_IO, "a KEK file cannot be written: %s", strerror(errno));
	return GH_OK;
}

gh_result gh_kek_create(int dir_fd, const char *name)
{
	char temporary[256];
	int len = snprintf(temporary, sizeof temporary, "%s.%d.tmp", name, (int)getpid());

	GH_ENSURE(len > 0 && (size_t)len < sizeof temporary, GH_E_ARGUMENT, "a name is too long");
	enum gh_code code = write_kek(dir_fd, temporary);
	/* link, not rename: it fails where rename would write over an existing KEK. */
	if (code == GH_OK && linkat(dir_fd, temporary, dir_fd, name, 0) != 0)
		code = errno == EEXIST ? gh_fail(GH_E_CONFLICT, "%s exists already", name)
		                       : gh_fail(GH_E_IO, "%s: %s", name, strerror(errno));
	(void)unlinkat(dir_fd, temporary, 0);
	if (code == GH_OK && fsync(dir_fd) != 0)
		code = gh_fail(GH_E_IO, "a key directory cannot be synced: %s", strerror(errno));
	return code;
}

void gh_kek_free(struct gh_kek *kek)
{
	if (kek)
		gh_secret_free(kek, sizeof *kek);
}

bool gh_purpose_is_valid(struct gh_slice purpose)
{
	if (purpose.len == 0 || purpose.len > GH_PURPOSE_MAX_BYTES)
		return false;
	for (size_t i = 0; i < purpose.len; i++) {
		uint8_t c = purpose.data[i];
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '.' && c != '_' &&
		    c != '-')
			return false;
	}
	return true;
}

/* "gatehouse", version, layer, tenant, then purpose and subject with their lengths: no two
 * different bindings have the same bytes. */
static gh_result add_binding(const char *layer, const struct gh_key_binding *binding,
                             struct gh_buf *aad)
{
	GH_ENSURE(gh_purpose_is_valid(binding->purpose), GH_E_ARGUMENT,
	          "not the name of a purpose");
	GH_ENSURE(binding->subject.len <= GH_SUBJECT_MAX_BYTES, GH_E_LIMIT,
	          "a subject is over %d bytes", GH_SUBJECT_MAX_BYTES);
	gh_buf_addf(aad, "gatehouse/%d/%s", WRAP_VERSION, layer);
	gh_buf_add_byte(aad, 0);
	gh_buf_add(aad, binding->tenant.bytes, sizeof binding->tenant.bytes);
	gh_buf_add_byte(aad, (uint8_t)binding->purpose.len);
	gh_buf_add_slice(aad, binding->purpose);
	gh_buf_add_byte(aad, (uint8_t)(binding->subject.len >> 8));
	gh_buf_add_byte(aad, (uint8_t)binding->subject.len);
	gh_buf_add_slice(aad, binding->subject);
	return gh_buf_check(aad);
}

static gh_result wrap(const uint8_t key[GH_KEK_BYTES], const char *layer,
                      const struct gh_key_binding *binding, struct gh_slice plain,
                      struct gh_buf *out)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf aad = { .limit = 1024 };

	GH_TRY(add_binding(layer, binding, &aad));
	GH_ENSURE(plain.len <= WRAPPED_MAX_BYTES, GH_E_LIMIT, "too large to wrap");
	gh_buf_add_byte(out, WRAP_VERSION);
	return gh_aead_seal(key, gh_buf_slice(&aad), plain, out);
}

static gh_result unwrap(const uint8_t key[GH_KEK_BYTES], const char *layer,
                        const struct gh_key_binding *binding, struct gh_slice wrapped,
                        struct gh_buf *out)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf aad = { .limit = 1024 };

	GH_TRY(add_binding(layer, binding, &aad));
	GH_ENSURE(wrapped.len > 1 && wrapped.len <= 2 * WRAPPED_MAX_BYTES, GH_E_CRYPTO,
	          "a wrapped key has the wrong length");
	GH_ENSURE(wrapped.data[0] == WRAP_VERSION, GH_E_CRYPTO,
	          "a wrapped key has an unknown version");
	return gh_aead_open(key, gh_buf_slice(&aad), gh_slice_sub(wrapped, 1, SIZE_MAX), out);
}

/* Unwraps what must be exactly one 32-byte key. */
static gh_result unwrap_key(const uint8_t key[GH_KEK_BYTES], const char *layer,
                            const struct gh_key_binding *binding, struct gh_slice wrapped,
                            uint8_t out[GH_KEK_BYTES])
{
	GH_CLEANUP(gh_buf_free) struct gh_buf plain = { .limit = 256, .secret = true };

	GH_ENSURE(wrapped.len == GH_WRAPPED_KEY_BYTES, GH_E_CRYPTO,
	          "a wrapped key has the wrong length");
	GH_TRY(unwrap(key, layer, binding, wrapped, &plain));
	memcpy(out, plain.data, GH_KEK_BYTES);
	return GH_OK;
}

gh_result gh_kek_wrap(const struct gh_kek *kek, const struct gh_key_binding *binding,
                      struct gh_slice plain, struct gh_buf *out)
{
	return wrap(kek->bytes, "kek", binding, plain, out);
}

gh_result gh_kek_unwrap(const struct gh_kek *kek, const struct gh_key_binding *binding,
                        struct gh_slice wrapped, struct gh_buf *out)
{
	return unwrap(kek->bytes, "kek", binding, wrapped, out);
}

gh_result gh_kek_derive(const struct gh_kek *kek, struct gh_slice purpose,
                        uint8_t key[GH_KEK_BYTES])
{
	GH_CLEANUP(gh_buf_free) struct gh_buf info = { .limit = 1024 };
	const struct gh_key_binding binding = { .purpose = purpose };

	GH_TRY(add_binding("kek-derive", &binding, &info));
	return gh_hkdf_sha256(gh_slice(kek->bytes, sizeof kek->bytes), gh_slice("", 0),
	                      gh_buf_slice(&info), key, GH_KEK_BYTES);
}

gh_result gh_tenant_kek_create(const struct gh_kek *kek, const struct gh_uuid *tenant,
                               struct gh_buf *wrapped)
{
	const struct gh_key_binding binding = { .tenant = *tenant, .purpose = GH_SLICE("tenant") };
	uint8_t bytes[GH_KEK_BYTES];

	gh_random(bytes, sizeof bytes);
	enum gh_code code =
	    wrap(kek->bytes, "tenant-kek", &binding, gh_slice(bytes, sizeof bytes), wrapped);
	gh_wipe(bytes, sizeof bytes);
	return code;
}

gh_result gh_tenant_kek_open(const struct gh_kek *kek, const struct gh_uuid *tenant,
                             struct gh_slice wrapped, struct gh_tenant_kek **out)
{
	const struct gh_key_binding binding = { .tenant = *tenant, .purpose = GH_SLICE("tenant") };
	GH_CLEANUP(gh_tenant_kek_free_ptr) struct gh_tenant_kek *opened = calloc(1, sizeof *opened);

	GH_ENSURE(opened, GH_E_MEMORY, "out of memory");
	opened->tenant = *tenant;
	GH_TRY(unwrap_key(kek->bytes, "tenant-kek", &binding, wrapped, opened->bytes));
	*out = GH_STEAL(opened);
	return GH_OK;
}

void gh_tenant_kek_free(struct gh_tenant_kek *tenant_kek)
{
	if (!tenant_kek)
		return;
	gh_wipe(tenant_kek, sizeof *tenant_kek);
	free(tenant_kek);
}

gh_result gh_dek_create(const struct gh_tenant_kek *tenant_kek, struct gh_slice purpose,
                        struct gh_slice subject, uint8_t dek[GH_KEK_BYTES], struct gh_buf *wrapped)
{
	const struct gh_key_binding binding = { tenant_kek->tenant, purpose, subject };

	gh_random(dek, GH_KEK_BYTES);
	enum gh_code code =
	    wrap(tenant_kek->bytes, "dek", &binding, gh_slice(dek, GH_KEK_BYTES), wrapped);
	if (code != GH_OK)
		gh_wipe(dek, GH_KEK_BYTES);
	return code;
}

gh_result gh_dek_unwrap(const struct gh_tenant_kek *tenant_kek, struct gh_slice purpose,
                        struct gh_slice subject, struct gh_slice wrapped, uint8_t dek[GH_KEK_BYTES])
{
	const struct gh_key_binding binding = { tenant_kek->tenant, purpose, subject };

	return unwrap_key(tenant_kek->bytes, "dek", &binding, wrapped, dek);
}

gh_result gh_tenant_derive(const struct gh_tenant_kek *tenant_kek, struct gh_slice purpose,
                           uint8_t key[GH_KEK_BYTES])
{
	GH_CLEANUP(gh_buf_free) struct gh_buf info = { .limit = 1024 };
	const struct gh_key_binding binding = { .tenant = tenant_kek->tenant, .purpose = purpose };

	GH_TRY(add_binding("derive", &binding, &info));
	return gh_hkdf_sha256(gh_slice(tenant_kek->bytes, sizeof tenant_kek->bytes),
	                      gh_slice("", 0), gh_buf_slice(&info), key, GH_KEK_BYTES);
}

gh_result gh_hkdf_sha256(struct gh_slice key, struct gh_slice salt, struct gh_slice info,
                         uint8_t *out, size_t out_len)
{
	static const uint8_t nothing[1];
	EVP_KDF *hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *context = EVP_KDF_CTX_new(hkdf);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY,
		                                  (void *)(key.len ? key.data : nothing), key.len),
		OSSL_PARAM_construct_octet_string(
		    OSSL_KDF_PARAM_SALT, (void *)(salt.len ? salt.data : nothing), salt.len),
		OSSL_PARAM_construct_octet_string(
		    OSSL_KDF_PARAM_INFO, (void *)(info.len ? info.data : nothing), info.len),
		OSSL_PARAM_construct_end()
	};
	bool ok = context && EVP_KDF_derive(context, out, out_len, params) == 1;

	EVP_KDF_CTX_free(context);
	EVP_KDF_free(hkdf);
	GH_ENSURE(ok, GH_E_CRYPTO, "HKDF failed");
	return GH_OK;
}
