/* gateway_parts.h: inside process/: how gateway.c builds and runs its parts. */
#ifndef GH_PROCESS_GATEWAY_PARTS_H
#define GH_PROCESS_GATEWAY_PARTS_H

#include <openssl/types.h>
#include <signal.h>

#include "gates/gateway.h"
#include "net/tls.h"
#include "process/gateway.h"
#include "process/keeper/keeper_client.h"
#include "process/secrets.h"

#define GH_MAX_LOOPS 64

struct gh_process_gateway {
	const struct gh_gateway_process *config;
	struct gh_gateway gateway;
	struct gh_keeper_client *keeper;
	EVP_PKEY *tls_key;
	struct gh_tls *tls;
	char *upstream_authorization;
	char *upstream_url;
	struct gh_buf log_vkey;
	struct gh_database_secrets secrets;
	struct gh_db_param params[3][6]; /* app, identity, log */
	struct gh_front fronts[GH_MAX_LOOPS];
	pthread_t threads[GH_MAX_LOOPS];
	unsigned loop_count;
	pthread_t timekeeper;
	int stop_fd; /* eventfd: wakes the timekeeper */
	bool timekeeping;
	sigset_t signals;
};

/* gateway_keys.c: the key service over the keeper's client, and what is fetched from it. */
void gh_process_keys_bind(struct gh_process_gateway *process);
gh_result gh_process_access_keys(struct gh_process_gateway *process);
gh_result gh_process_deployment_key(struct gh_process_gateway *process);
gh_result gh_process_tls(struct gh_process_gateway *process);
gh_result gh_process_audit_open(struct gh_process_gateway *process);

/* gateway_time.c: the keeper of time: publishes keys, takes a new keeper's socket, puts falls on
 * record. */
gh_result gh_process_time_start(struct gh_process_gateway *process);
void gh_process_time_stop(struct gh_process_gateway *process);

/* An event of the process itself; waits until it is durable, at most 5 s. */
gh_result gh_process_record(struct gh_process_gateway *process, const char *kind,
                            struct gh_slice members);

#endif
