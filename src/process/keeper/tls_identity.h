/* tls_identity.h: the server's TLS key and certificate, under a CA of our own, made when there is
 * none. The private keys stay in the keeper. */
#ifndef GH_PROCESS_KEEPER_TLS_IDENTITY_H
#define GH_PROCESS_KEEPER_TLS_IDENTITY_H

#include "crypto/x509.h"
#include "process/keeper/store.h"

struct gh_tls_identity;

/* Reads or makes tls.json. */
gh_result gh_tls_identity_open(const struct gh_keeper_store *store,
                               const struct gh_x509_names *names, int64_t now_s,
                               struct gh_tls_identity **out);
void gh_tls_identity_close(struct gh_tls_identity *identity); /* NULL is fine */

/* Renews what has less than 30 days left (the keys stay), durably before it takes effect. */
gh_result gh_tls_identity_tick(struct gh_tls_identity *identity, int64_t now_s);

const struct gh_key *gh_tls_identity_key(const struct gh_tls_identity *identity);
/* Appends the server's certificate and the CA's, PEM. */
gh_result gh_tls_identity_chain(const struct gh_tls_identity *identity, struct gh_buf *out);

#endif
