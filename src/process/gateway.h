/* gateway.h: the process that reads the network. It holds no long-term key: passwords of its
 * database roles, and tenants' data keys for as long as they are in use. */
#ifndef GH_PROCESS_GATEWAY_H
#define GH_PROCESS_GATEWAY_H

#include "db/cluster.h"
#include "process/setup.h"

struct gh_gateway_process {
	const struct gh_setup *setup;
	const struct gh_cluster *cluster;
	int control_fd; /* to the supervisor */
	int keeper_fd;  /* to the keeper */
	const char *listen_address;
	unsigned port, loops; /* loops 0: one a core */
	const char *upstream_url, *upstream_key_file, *upstream_ca_file;
};

/* The main function of the process: serves until SIGTERM, then finishes what it accepted. */
int gh_gateway_main(const struct gh_gateway_process *config);

#endif
