/* up.h: `gatehouse up`: supervisor, embedded PostgreSQL, keeper, demo model and gateway on one
 * state directory, in the foreground. */
#ifndef GH_PROCESS_UP_H
#define GH_PROCESS_UP_H

#include <stdbool.h>

#include "base/result.h"

struct gh_up_options {
	const char *dir;
	const char *user; /* NULL: gatehouse, or nobody; used when started as root */
	const char *listen_address;
	unsigned port;
	unsigned loops;                /* event-loop threads; 0: one a core */
	const char *upstream_url;      /* NULL: the demo model */
	const char *upstream_key_file; /* first line: the upstream's API key; NULL: none */
	const char *upstream_ca_file;  /* NULL: the system's */
	bool show_demo;                /* send one request and show the gates that it passed */
};

/* Runs until SIGTERM or SIGINT. Prints "ready" on standard output when it serves. */
gh_result gh_up(const struct gh_up_options *options);

#endif
