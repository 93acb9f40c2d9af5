/* The one place that uses OpenSSL's EC_KEY_METHOD: deprecated since 3.0 and there in all of 3.x, it
 * lets a key's private operation be ours with forty lines, where a provider takes five hundred. The
 * key carries a pointer to the client in its ex_data. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "process/keeper/tls_key.h"

#include <pthread.h>

#include <openssl/ec.h>
#include <openssl/evp.h>

#include "base/log.h"
#include "crypto/x509.h"

#define SIGNATURE_MAX_BYTES 72 /* P-256, ASN.1: what ECDSA_size() promises to callers */

/* OpenSSL keeps methods and indexes for the life of the process. */
static EC_KEY_METHOD *remote_method;
static int client_index;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static int sign_remotely(int type, const unsigned char *digest, int digest_len,
                         unsigned char *signature, unsigned int *signature_len,
                         const BIGNUM *unused_kinv, const BIGNUM *unused_r, EC_KEY *key)
{
	struct gh_keeper_client *client = EC_KEY_get_ex_data(key, client_index);
	GH_CLEANUP(gh_buf_free) struct gh_buf out = { .limit = 128 };

	(void)type;
	(void)unused_kinv;
	(void)unused_r;
	if (!client || digest_len <= 0 ||
	    gh_keeper_tls_sign(client, gh_slice(digest, (size_t)digest_len), &out) != GH_OK ||
	    out.len > SIGNATURE_MAX_BYTES) {
		gh_log_error("tls.signature.failed");
		return 0;
	}
	memcpy(signature, out.data, out.len);
	*signature_len = (unsigned int)out.len;
	return 1;
}

static ECDSA_SIG *sign_remotely_raw(const unsigned char *digest, int digest_len, const BIGNUM *kinv,
                                    const BIGNUM *r, EC_KEY *key)
{
	unsigned char der[SIGNATURE_MAX_BYTES];
	const unsigned char *p = der;
	unsigned int len = 0;

	if (sign_remotely(0, digest, digest_len, der, &len, kinv, r, key) != 1)
		return NULL;
	return d2i_ECDSA_SIG(NULL, &p, (long)len);
}

static void make_method(void)
{
	remote_method = EC_KEY_METHOD_new(EC_KEY_OpenSSL());
	client_index = EC_KEY_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	if (remote_method)
		EC_KEY_METHOD_set_sign(remote_method, sign_remotely, NULL, sign_remotely_raw);
}

static void free_key(EC_KEY **key)
{
	EC_KEY_free(*key);
}

gh_result gh_tls_key_open(struct gh_slice chain_pem, struct gh_keeper_client *client,
                          EVP_PKEY **out)
{
	GH_CLEANUP(gh_key_free_ptr) struct gh_key *certified = NULL;

	pthread_once(&once, make_method);
	GH_ENSURE(remote_method && client_index >= 0, GH_E_MEMORY, "out of memory");
	GH_TRY(gh_x509_public_key(chain_pem, &certified));
	GH_ENSURE(gh_key_type(certified) == GH_KEY_P256, GH_E_ARGUMENT,
	          "the keeper signs for P-256 certificates only");
	GH_CLEANUP(free_key) EC_KEY *key = EVP_PKEY_get1_EC_KEY(gh_key_pkey(certified));
	EVP_PKEY *pkey = EVP_PKEY_new();
	if (!key || !pkey || EC_KEY_set_method(key, remote_method) != 1 ||
	    EC_KEY_set_ex_data(key, client_index, client) != 1 ||
	    EVP_PKEY_set1_EC_KEY(pkey, key) != 1) {
		EVP_PKEY_free(pkey);
		return gh_fail(GH_E_CRYPTO, "OpenSSL refused a remote key");
	}
	*out = pkey;
	return GH_OK;
}
