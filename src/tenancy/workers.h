/* workers.h: threads that may block. Event loops hand them what waits for PostgreSQL or the keeper;
 * results go back by gh_loop_post. The queue is bounded: a full one is said at once. */
#ifndef GH_TENANCY_WORKERS_H
#define GH_TENANCY_WORKERS_H

#include "base/result.h"

struct gh_workers;

/* `count` threads, at most `queue_limit` jobs waiting. */
gh_result gh_workers_open(unsigned count, size_t queue_limit, struct gh_workers **out);
/* GH_E_LIMIT when the queue is full, GH_E_UNAVAILABLE while closing; `job` did not and will not run
 * then. `context` stays the caller's until the job ends. */
gh_result gh_workers_submit(struct gh_workers *workers, void (*job)(void *context), void *context);
/* Runs what is queued, then joins the threads. NULL is fine. */
void gh_workers_close(struct gh_workers *workers);

#endif
