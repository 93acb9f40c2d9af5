#include "crypto/aead.h"

#include <openssl/evp.h>

#include "base/secret.h"
#include "crypto/hash.h"

#define NONCE_BYTES 12
#define TAG_BYTES   16

static void free_cipher(EVP_CIPHER_CTX **context)
{
	EVP_CIPHER_CTX_free(*context);
}

gh_result gh_aead_seal(const uint8_t key[GH_AEAD_KEY_BYTES], struct gh_slice aad,
                       struct gh_slice plain, struct gh_buf *out)
{
	GH_CLEANUP(free_cipher) EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	int len = 0, rest = 0;

	GH_ENSURE(plain.len < INT32_MAX && aad.len < INT32_MAX, GH_E_LIMIT, "too large to seal");
	uint8_t *box = gh_buf_reserve(out, plain.len + GH_AEAD_OVERHEAD_BYTES);
	GH_ENSURE(context && box, GH_E_MEMORY, "no room for a sealed box");
	uint8_t *cipher = box + NONCE_BYTES;

	gh_random(box, NONCE_BYTES);
	GH_ENSURE(EVP_EncryptInit_ex2(context, EVP_aes_256_gcm(), key, box, NULL) == 1 &&
	              EVP_EncryptUpdate(context, NULL, &len, aad.data, (int)aad.len) == 1 &&
	              EVP_EncryptUpdate(context, cipher, &len, plain.data, (int)plain.len) == 1 &&
	              EVP_EncryptFinal_ex(context, cipher + len, &rest) == 1 &&
	              EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, TAG_BYTES,
	                                  cipher + plain.len) == 1,
	          GH_E_CRYPTO, "AES-256-GCM failed to seal");
	gh_buf_commit(out, plain.len + GH_AEAD_OVERHEAD_BYTES);
	return GH_OK;
}

gh_result gh_aead_open(const uint8_t key[GH_AEAD_KEY_BYTES], struct gh_slice aad,
                       struct gh_slice box, struct gh_buf *out)
{
	GH_CLEANUP(free_cipher) EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	uint8_t tag[TAG_BYTES];
	int len = 0, rest = 0;

	GH_ENSURE(box.len >= GH_AEAD_OVERHEAD_BYTES && box.len < INT32_MAX, GH_E_CRYPTO,
	          "a sealed box is too short");
	size_t plain_len = box.len - GH_AEAD_OVERHEAD_BYTES;
	uint8_t *plain = gh_buf_reserve(out, plain_len);
	GH_ENSURE(context && plain, GH_E_MEMORY, "no room for a plaintext");
	const uint8_t *cipher = box.data + NONCE_BYTES;

	memcpy(tag, cipher + plain_len, TAG_BYTES);
	if (EVP_DecryptInit_ex2(context, EVP_aes_256_gcm(), key, box.data, NULL) != 1 ||
	    EVP_DecryptUpdate(context, NULL, &len, aad.data, (int)aad.len) != 1 ||
	    EVP_DecryptUpdate(context, plain, &len, cipher, (int)plain_len) != 1 ||
	    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, tag) != 1 ||
	    EVP_DecryptFinal_ex(context, plain + len, &rest) != 1) {
		gh_wipe(plain, plain_len);
		return gh_fail(GH_E_CRYPTO, "a sealed box does not open");
	}
	gh_buf_commit(out, plain_len);
	return GH_OK;
}
