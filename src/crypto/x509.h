/* x509.h: a small certificate authority for `gatehouse up`, so that TLS works before anybody has
 * bought a certificate. ECDSA P-256 with SHA-256, RFC 5280 extensions, nothing else. */
#ifndef GH_CRYPTO_X509_H
#define GH_CRYPTO_X509_H

#include <stdint.h>

#include "base/buf.h"
#include "base/result.h"
#include "base/slice.h"
#include "crypto/key.h"

/* What browsers take from a server certificate at most. */
#define GH_X509_SERVER_MAX_DAYS 825

struct gh_x509_names {
	const char *const *names; /* DNS names or addresses beside localhost, 127.0.0.1 and ::1 */
	size_t count;             /* at most 32 */
};

/* A self-signed CA (CA:TRUE, pathlen 0, keyCertSign and cRLSign) valid from one hour before now.
 * Appends PEM. */
gh_result gh_x509_make_ca(const struct gh_key *ca_key, const char *common_name, int64_t now_s,
                          unsigned days, struct gh_buf *pem);

/* A server certificate under that CA: SAN, serverAuth, digitalSignature, SKI and AKI. `days` over
 * GH_X509_SERVER_MAX_DAYS or a name that is neither a DNS name nor an address: GH_E_ARGUMENT.
 * Appends PEM. */
gh_result gh_x509_make_server(const struct gh_key *ca_key, struct gh_slice ca_pem,
                              const struct gh_key *server_key, const struct gh_x509_names *names,
                              int64_t now_s, unsigned days, struct gh_buf *pem);

/* Of the first certificate in the PEM text. */
gh_result gh_x509_not_after(struct gh_slice pem, int64_t *unix_s);
gh_result gh_x509_public_key(struct gh_slice pem, struct gh_key **out);
/* GH_OK when the first certificate's public key is `key`'s, else GH_E_CORRUPT. */
gh_result gh_x509_matches_key(struct gh_slice pem, const struct gh_key *key);
/* GH_OK when the first certificate is good for this DNS name or address, else GH_E_NOT_FOUND. */
gh_result gh_x509_has_name(struct gh_slice pem, const char *name);

#endif
