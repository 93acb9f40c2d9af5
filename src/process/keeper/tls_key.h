/* tls_key.h: a TLS private key that is not here. The EVP_PKEY holds the certificate's public point;
 * its private operation is the keeper's TLS_SIGN message, so that a gateway that is broken into
 * cannot carry the key away. OpenSSL 3.0 to 3.5, TLS 1.2 and 1.3, ECDSA P-256. */
#ifndef GH_PROCESS_KEEPER_TLS_KEY_H
#define GH_PROCESS_KEEPER_TLS_KEY_H

#include <openssl/types.h>

#include "base/result.h"
#include "base/slice.h"
#include "process/keeper/keeper_client.h"

/* The key of the first certificate in `chain_pem` (from GH_KEEPER_PUBLIC_TLS_CHAIN). The caller
 * owns *out (EVP_PKEY_free) and keeps `client` alive longer; give it to SSL_CTX_use_PrivateKey
 * after the certificate. A handshake fails when the keeper is away. Each signature blocks for one
 * keeper round trip. */
gh_result gh_tls_key_open(struct gh_slice chain_pem, struct gh_keeper_client *client,
                          EVP_PKEY **out);

#endif
