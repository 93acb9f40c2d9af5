/* setup.h: what stands before the first request: keys, cluster, schema, and for `gatehouse up` two
 * demo tenants with one API key each. Every step is idempotent: a second start finds all of it.
 * Each function runs in a short-lived child of the supervisor, as the directory's owner. */
#ifndef GH_PROCESS_SETUP_H
#define GH_PROCESS_SETUP_H

#include "db/cluster.h"
#include "process/keeper/keeper.h"
#include "process/state.h"

struct gh_setup {
	struct gh_state state;
	const char
	    *real_dir; /* the directory as the operator named it, for messages and demo.json */
	unsigned port;
	int module_fd;     /* gatehouse_claims.so, opened before privileges were dropped */
	char issuer[64];   /* "https://127.0.0.1:8443": iss of tokens, base of problem types */
	char audience[64]; /* aud of access tokens */
	char origin[64];   /* of the log's checkpoints */
};

/* Fixed for a state directory at its first start, so that tokens and checkpoints keep their issuer
 * and origin when the port changes later. Reads or makes DIR/identity.json. */
gh_result gh_setup_identity(struct gh_setup *setup);

/* Paths below the state directory. */
gh_result gh_setup_cluster_open(const struct gh_setup *setup, struct gh_cluster **out);
void gh_setup_keeper_config(const struct gh_setup *setup, char paths[2][GH_STATE_PATH_BYTES],
                            struct gh_keeper_config *out);

/* Before PostgreSQL starts: keys, initdb, configuration, our extension's module. */
gh_result gh_setup_before_database(const struct gh_setup *setup);
/* With PostgreSQL running: database, migrations, role passwords, tenants, DIR/demo.json. */
gh_result gh_setup_database(const struct gh_setup *setup);

#endif
