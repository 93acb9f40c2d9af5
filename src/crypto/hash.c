#include "crypto/hash.h"

#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <pthread.h>

static EVP_MD *sha256;
static pthread_once_t sha256_once = PTHREAD_ONCE_INIT;
static pthread_key_t context_key;

static void free_context(void *context)
{
	EVP_MD_CTX_free(context);
}

static void fetch_sha256(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (!sha256 || pthread_key_create(&context_key, free_context) != 0)
		abort();
}

static EVP_MD_CTX *thread_context(void)
{
	static _Thread_local EVP_MD_CTX *context;

	if (!context) {
		pthread_once(&sha256_once, fetch_sha256);
		context = EVP_MD_CTX_new();
		if (!context || EVP_DigestInit_ex2(context, sha256, NULL) != 1)
			abort();
		pthread_setspecific(context_key, context);
	} else if (EVP_DigestInit_ex2(context, NULL, NULL) != 1) {
		abort();
	}
	return context;
}

void gh_sha256_of(const struct gh_slice *parts, size_t count, uint8_t out[GH_SHA256_BYTES])
{
	EVP_MD_CTX *context = thread_context();

	for (size_t i = 0; i < count; i++)
		if (EVP_DigestUpdate(context, parts[i].data, parts[i].len) != 1)
			abort();
	if (EVP_DigestFinal_ex(context, out, NULL) != 1)
		abort();
}

void gh_sha256(struct gh_slice data, uint8_t out[GH_SHA256_BYTES])
{
	gh_sha256_of(&data, 1, out);
}

void gh_hmac_sha256(struct gh_slice key, struct gh_slice data, uint8_t out[GH_SHA256_BYTES])
{
	static const uint8_t empty[1];
	unsigned len = GH_SHA256_BYTES;

	if (!HMAC(EVP_sha256(), key.len ? key.data : empty, (int)key.len,
	          data.len ? data.data : empty, data.len, out, &len))
		abort();
}

void gh_random(void *out, size_t len)
{
	if (RAND_bytes(out, (int)len) != 1)
		abort();
}
