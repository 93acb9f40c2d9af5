/* supervisor.h: starts the other processes, watches them, restarts what falls, stops them in order.
 * It holds no key, no password and no client connection, so that it has nothing to lose. */
#ifndef GH_PROCESS_SUPERVISOR_H
#define GH_PROCESS_SUPERVISOR_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/result.h"

/* What a child does after fork; its return value is the exit status. It runs with default signal
 * dispositions, the parent's death as SIGKILL, and no more descriptors than `run` opens or
 * inherits. */
typedef int gh_child_main(void *context);

/* One program to keep alive. Rows are started in table order and stopped in reverse. */
struct gh_child_spec {
	const char *name;
	gh_child_main *run;
	void *context;
	/* In the supervisor before each fork: what a new child needs made anew. NULL: nothing. */
	gh_result (*prepare)(void *context);
	/* Waits until the child serves; GH_OK, or why not. Runs in the supervisor; NULL: at once.
	 */
	gh_result (*wait_ready)(void *context, pid_t pid);
	int stop_signal;     /* SIGTERM, or SIGINT for PostgreSQL's fast shutdown */
	int stop_deadline_s; /* then SIGKILL */
	bool once; /* runs to its end before the next row starts; failure stops everything */
};

/* Called in the supervisor when a child ended that should not have: `status` as from waitpid. */
typedef void gh_child_fell(void *context, const char *name, pid_t pid, int status);

struct gh_supervisor_config {
	const struct gh_child_spec *children;
	size_t count; /* at most 8 */
	gh_child_fell *fell;
	void (*all_ready)(void *context); /* after the last row serves, the first time */
	void *context;
};

/* A child that falls more than 5 times in 60 s is a crash loop: everything stops with a clear word.
 * Returns GH_OK after a clean stop by SIGTERM or SIGINT; GH_E_UNAVAILABLE after a crash loop or
 * when a row could not be started. */
gh_result gh_supervise(const struct gh_supervisor_config *config);

#endif
