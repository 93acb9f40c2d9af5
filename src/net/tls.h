/* tls.h: the TLS side of the server, as one immutable context that many loops share. TLS 1.2 and
 * 1.3, forward secrecy and AEAD only; no tickets, no session cache (every connection proves its
 * certificate again), no renegotiation, no compression; ALPN http/1.1. */
#ifndef GH_NET_TLS_H
#define GH_NET_TLS_H

#include <stdbool.h>

#include <openssl/types.h>

#include "base/result.h"
#include "base/slice.h"

struct gh_tls;

struct gh_tls_config {
	struct gh_slice chain_pem; /* leaf first; nothing is added to it */
	EVP_PKEY *key;             /* borrowed (a reference is taken); may sign elsewhere */
	/* Ask clients for a certificate. It is optional, and one that does not verify is let
	 * through and flagged (gh_exchange_peer_verify): gate 1 refuses it on each request, on
	 * record. */
	bool request_client_certificate;
	struct gh_slice client_ca_pem; /* trust anchors for that flag; may be empty */
};

gh_result gh_tls_open(const struct gh_tls_config *config, struct gh_tls **out);
/* Connections keep what they use: a new context may replace this one at any time. */
void gh_tls_close(struct gh_tls *tls);
GH_DEFINE_CLEANUP(struct gh_tls *, gh_tls_close)
SSL_CTX *gh_tls_context(struct gh_tls *tls); /* borrowed, for this room */

#endif
