/* keeper_client.h: the gateway's side of the keeper. Calls block the caller for at most the
 * deadline; they may be made from any thread. When the keeper is away, slow or answers nonsense,
 * every call fails closed with GH_E_UNAVAILABLE until it is handed a new socket. Refusals by the
 * keeper come back with the keeper's code and text. */
#ifndef GH_PROCESS_KEEPER_CLIENT_H
#define GH_PROCESS_KEEPER_CLIENT_H

#include "base/buf.h"
#include "base/result.h"
#include "base/slice.h"
#include "base/uuid.h"

struct gh_keeper_client;

/* `fd` is one end of a SOCK_SEQPACKET socketpair whose other end gh_keeper_run serves; owned from
 * here on. -1 starts without one. `deadline_ms` bounds each call, waiting for other threads'
 * calls included. */
gh_result gh_keeper_client_new(int fd, unsigned deadline_ms, struct gh_keeper_client **out);
void gh_keeper_client_free(struct gh_keeper_client *client); /* no call may be under way */
/* After the keeper was restarted: closes the old socket and takes the new one. Calls under way on
 * the old one fail with GH_E_UNAVAILABLE. */
void gh_keeper_client_replace_fd(struct gh_keeper_client *client, int fd);

enum gh_keeper_public {
	GH_KEEPER_PUBLIC_ACCESS_JWKS = 1, /* JWK set: pending, active and verifying keys */
	GH_KEEPER_PUBLIC_DATABASE_JWKS,
	GH_KEEPER_PUBLIC_CHECKPOINT_VKEY, /* "origin+hex8+base64", C2SP signed-note */
	GH_KEEPER_PUBLIC_TLS_CHAIN,       /* PEM: server certificate, then the CA */
	GH_KEEPER_PUBLIC_COUNT
};

/* All append to their buffers. */
gh_result gh_keeper_public(struct gh_keeper_client *client, enum gh_keeper_public what,
                           struct gh_buf *out);

/* Signs the claims of token/issue.h. GH_E_DENIED when iss or aud is not the keeper's, the tenant is
 * missing, exp is over iat + 900 or iat is not about now (±60 s). */
gh_result gh_keeper_sign_access(struct gh_keeper_client *client, struct gh_slice claims_json,
                                struct gh_buf *token);

/* A token for gatehouse.open(): {aud: "gatehouse-db", tenant_id, sub, role, caps, iat, exp, jti},
 * typ db+jwt. `caps` are names separated by single spaces; ttl_s at most 60, else GH_E_DENIED. */
gh_result gh_keeper_sign_database(struct gh_keeper_client *client, const struct gh_uuid *tenant,
                                  struct gh_slice subject, struct gh_slice role,
                                  struct gh_slice caps, unsigned ttl_s, struct gh_buf *token);

/* A C2SP signed checkpoint for (size, root). `proof` is the RFC 6962 consistency proof from the
 * last signed size (empty for the first one, and for the very same size and root again).
 * GH_E_CONFLICT when it does not extend what the keeper signed last: the log has forked or gone
 * back; halt. The signed state is durable in the keeper before the answer. */
gh_result gh_keeper_sign_checkpoint(struct gh_keeper_client *client, uint64_t size,
                                    const uint8_t root[32], const uint8_t (*proof)[32],
                                    size_t proof_count, struct gh_buf *note);

/* Data keys (crypto/keyring.h). The nil UUID is the deployment itself. Wipe what you get. */
gh_result gh_keeper_new_dek(struct gh_keeper_client *client, const struct gh_uuid *tenant,
                            struct gh_slice purpose, struct gh_slice subject, uint8_t dek[32],
                            struct gh_buf *wrapped);
gh_result gh_keeper_unwrap_dek(struct gh_keeper_client *client, const struct gh_uuid *tenant,
                               struct gh_slice purpose, struct gh_slice subject,
                               struct gh_slice wrapped, uint8_t dek[32]);
gh_result gh_keeper_derive(struct gh_keeper_client *client, const struct gh_uuid *tenant,
                           struct gh_slice purpose, uint8_t key[32]);

/* ECDSA P-256 over a digest of 32, 48 or 64 bytes; ASN.1. See tls_key.h for the use. */
gh_result gh_keeper_tls_sign(struct gh_keeper_client *client, struct gh_slice digest,
                             struct gh_buf *signature);

#endif
