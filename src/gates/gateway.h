/* gateway.h: everything a request needs that outlives it, reached from one struct and built by
 * process/gateway.c. Immutable while requests run, but for what says otherwise. */
#ifndef GH_GATES_GATEWAY_H
#define GH_GATES_GATEWAY_H

#include <pthread.h>

#include "audit/sequencer.h"
#include "gates/metrics.h"
#include "gates/route.h"
#include "identity/credentials.h"
#include "net/client.h"
#include "net/loop.h"
#include "net/server.h"
#include "policy/decide.h"
#include "tenancy/data_key.h"
#include "tenancy/keys.h"
#include "tenancy/tenant.h"
#include "token/verify.h"

/* Where inference requests go. */
struct gh_upstream {
	const char *base_url;      /* "https://api.example.com/v1", without a trailing slash */
	const char *authorization; /* "Bearer …" or NULL; secret */
	const char *ca_file;       /* NULL: the system's */
};

/* The published access-token keys, replaced as a whole when the keeper has new ones. */
struct gh_access_keys {
	struct gh_cached cached;
	struct gh_jwks *jwks;
	struct gh_buf json;
};

struct gh_gateway {
	const char *base_url; /* of problem types: "https://127.0.0.1:8443" */
	const char *issuer, *audience;

	struct gh_key_service keys;
	/* Of lookups, of blocking handlers, of what anybody may ask: none waits for another. */
	struct gh_workers *workers, *handlers, *public_workers;
	struct gh_db_pool *app_pool, *identity_pool;
	struct gh_credentials *credentials;
	struct gh_tenancy *tenants;
	struct gh_data_keys *data_keys;
	struct gh_audit_log *log;
	const char *log_vkey; /* who signs its checkpoints: "origin+id+key" */
	struct gh_upstream upstream;

	const struct gh_route *routes;
	size_t route_count;
	struct gh_metrics metrics;

	/* Behind the lock; see gh_gateway_hold_*. */
	pthread_mutex_t lock;
	struct gh_access_keys *access_keys;
	struct gh_data_key *deployment_key; /* for events that belong to no tenant */
	bool stopping;
};

/* One a loop: what its callbacks need. */
struct gh_front {
	struct gh_gateway *gateway;
	struct gh_loop *loop;
	struct gh_server *server;
	struct gh_client *client;
	struct gh_audit_destination audit; /* acknowledgements come back to this loop */
	struct gh_cedar_scratch *scratch;  /* of policy decisions on this loop */
};

/* A reference to what holds now; released with gh_cached_release. */
struct gh_access_keys *gh_gateway_hold_access_keys(struct gh_gateway *gateway);
struct gh_data_key *gh_gateway_hold_deployment_key(struct gh_gateway *gateway);
/* Put new ones in place; take over the caller's reference. */
void gh_gateway_set_access_keys(struct gh_gateway *gateway, struct gh_access_keys *keys);
void gh_gateway_set_deployment_key(struct gh_gateway *gateway, struct gh_data_key *key);

#endif
