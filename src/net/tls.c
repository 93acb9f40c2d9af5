/* The TLS context and its rules: only what is listed here is offered. The client's certificate is
 * asked for and never decided about here: the handshake proves that the client holds its key, and
 * whether it is welcome is gate 1's question, on each request and on record. */
#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

static const char ciphers_1_2[] = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                                  "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
                                  "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
static const char ciphers_1_3[] =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
static const char groups[] = "X25519:P-256:P-384";
static const unsigned char alpn[] = "\x08http/1.1";

/* What a client may send as its certificates; edge agents have a chain of two. */
#define CLIENT_CHAIN_BYTES 16384
#define CLIENT_CHAIN_DEPTH 4

struct gh_tls {
	SSL_CTX *ctx;
};

static enum gh_code openssl_failed(const char *what)
{
	unsigned long error = ERR_peek_last_error();
	const char *reason = ERR_reason_error_string(error);

	enum gh_code code =
	    gh_fail(GH_E_CRYPTO, "%s: %s", what, reason ? reason : "OpenSSL gives no reason");
	ERR_clear_error();
	return code;
}

static int select_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                       const unsigned char *in, unsigned int in_len, void *arg)
{
	unsigned char *chosen = NULL;

	if (SSL_select_next_proto(&chosen, out_len, alpn, sizeof alpn - 1, in, in_len) !=
	    OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static int accept_any_certificate(int ok, X509_STORE_CTX *store)
{
	/* The error stays in the connection's verify result (gh_exchange_peer_verify). */
	return 1;
}

static gh_result set_rules(SSL_CTX *ctx)
{
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
	                             SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE |
	                             SSL_OP_PRIORITIZE_CHACHA);
	/* Auto-chain costs a quarter of a handshake and could add what was not configured. Partial
	 * writes and moving buffers fit a queue that grows while a write waits. */
	SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN | SSL_MODE_RELEASE_BUFFERS |
	                          SSL_MODE_ENABLE_PARTIAL_WRITE |
	                          SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	/* One read(2) for several records; wire.c reads until OpenSSL has nothing left. */
	SSL_CTX_set_read_ahead(ctx, 1);
	SSL_CTX_set_security_level(ctx, 2);
	SSL_CTX_set_max_cert_list(ctx, CLIENT_CHAIN_BYTES);
	SSL_CTX_set_alpn_select_cb(ctx, select_alpn, NULL);
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) != 1 ||
	    SSL_CTX_set_num_tickets(ctx, 0) != 1 ||
	    SSL_CTX_set_cipher_list(ctx, ciphers_1_2) != 1 ||
	    SSL_CTX_set_ciphersuites(ctx, ciphers_1_3) != 1 ||
	    SSL_CTX_set1_groups_list(ctx, groups) != 1 ||
	    SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"gatehouse", 9) != 1)
		return openssl_failed("TLS rules");
	return GH_OK;
}

/* Calls `take` for each certificate of the text; `take` keeps or frees it. */
static gh_result each_certificate(struct gh_slice pem, SSL_CTX *ctx,
                                  int (*take)(SSL_CTX *ctx, X509 *certificate, size_t index),
                                  size_t *count)
{
	BIO *bio;
	int taken = 1;

	GH_ENSURE(pem.len > 0 && pem.len <= 1 << 20, GH_E_FORMAT, "no certificates in the text");
	bio = BIO_new_mem_buf(pem.data, (int)pem.len);
	GH_ENSURE(bio, GH_E_MEMORY, "no memory for certificates");
	*count = 0;
	while (taken == 1) {
		X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		if (!certificate)
			break;
		taken = take(ctx, certificate, (*count)++);
		X509_free(certificate);
	}
	BIO_free(bio);
	if (taken != 1)
		return openssl_failed("certificate");
	/* Running out of PEM blocks is how the text ends. */
	if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return openssl_failed("certificate text");
	ERR_clear_error();
	GH_ENSURE(*count > 0, GH_E_FORMAT, "no certificates in the text");
	return GH_OK;
}

static int take_own(SSL_CTX *ctx, X509 *certificate, size_t index)
{
	if (index == 0)
		return SSL_CTX_use_certificate(ctx, certificate);
	return (int)SSL_CTX_add1_chain_cert(ctx, certificate);
}

static int take_client_ca(SSL_CTX *ctx, X509 *certificate, size_t index)
{
	if (X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), certificate) != 1)
		return 0;
	return SSL_CTX_add_client_CA(ctx, certificate);
}

static gh_result set_client_certificates(SSL_CTX *ctx, const struct gh_tls_config *config)
{
	size_t count;

	if (!config->request_client_certificate)
		return GH_OK;
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, accept_any_certificate);
	SSL_CTX_set_verify_depth(ctx, CLIENT_CHAIN_DEPTH);
	if (config->client_ca_pem.len > 0)
		GH_TRY(each_certificate(config->client_ca_pem, ctx, take_client_ca, &count));
	return GH_OK;
}

gh_result gh_tls_open(const struct gh_tls_config *config, struct gh_tls **out)
{
	GH_CLEANUP(gh_tls_close_ptr) struct gh_tls *tls = calloc(1, sizeof *tls);
	size_t count;

	GH_ENSURE(tls, GH_E_MEMORY, "no memory for TLS");
	GH_ENSURE(config->key, GH_E_ARGUMENT, "TLS needs a private key");
	tls->ctx = SSL_CTX_new(TLS_server_method());
	if (!tls->ctx)
		return openssl_failed("TLS context");
	GH_TRY(set_rules(tls->ctx));
	GH_TRY(each_certificate(config->chain_pem, tls->ctx, take_own, &count));
	if (SSL_CTX_use_PrivateKey(tls->ctx, config->key) != 1)
		return openssl_failed("the private key does not belong to the certificate");
	GH_TRY(set_client_certificates(tls->ctx, config));
	*out = GH_STEAL(tls);
	return GH_OK;
}

void gh_tls_close(struct gh_tls *tls)
{
	if (!tls)
		return;
	SSL_CTX_free(tls->ctx);
	free(tls);
}

SSL_CTX *gh_tls_context(struct gh_tls *tls)
{
	return tls->ctx;
}
