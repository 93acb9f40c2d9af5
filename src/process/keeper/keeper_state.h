/* keeper_state.h: all that the keeper knows, and the one function that answers a message from it.
 * No sockets here, so that tests and the fuzzer meet the same code that the process runs. */
#ifndef GH_PROCESS_KEEPER_KEEPER_STATE_H
#define GH_PROCESS_KEEPER_KEEPER_STATE_H

#include "process/keeper/access_keys.h"
#include "process/keeper/checkpoint.h"
#include "process/keeper/keeper.h"
#include "process/keeper/store.h"
#include "process/keeper/tenants.h"
#include "process/keeper/tls_identity.h"

struct gh_keeper {
	const struct gh_keeper_config *config; /* borrowed */
	struct gh_keeper_store store;
	struct gh_access_keys *access;
	struct gh_key *database;
	char database_kid[GH_THUMBPRINT_TEXT_BYTES];
	struct gh_checkpoint_signer *checkpoint;
	struct gh_tls_identity *tls;
	struct gh_tenants *tenants;
};

/* Opens or makes everything; what gh_keeper_init does and gh_keeper_run begins with. */
gh_result gh_keeper_open(const struct gh_keeper_config *config, int64_t now_s,
                         struct gh_keeper **out);
void gh_keeper_close(struct gh_keeper *keeper); /* NULL is fine; wipes */
GH_DEFINE_CLEANUP(struct gh_keeper *, gh_keeper_close)

/* What time moves: signing keys, certificates. A failure is to be logged and tried again. */
gh_result gh_keeper_tick(struct gh_keeper *keeper, int64_t now_s);

/* Appends the database tokens' JWK set. */
gh_result gh_keeper_database_jwks(const struct gh_keeper *keeper, struct gh_buf *out);

/* Answers one packet into `answer` (a secret buffer), refusals included. Fails when the packet is
 * no request of the table: then there is nobody to answer, and the peer is to be dropped. */
gh_result gh_keeper_answer(struct gh_keeper *keeper, struct gh_slice raw_packet, int64_t now_s,
                           struct gh_buf *answer);

#endif
