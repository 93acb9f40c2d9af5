/* loop.h: one event loop, run by one thread. Everything that belongs to a loop (servers, clients,
 * exchanges, timers) is touched by that thread only; other threads hand it work with gh_loop_post*,
 * which never takes a lock and wakes the loop once for a whole batch. */
#ifndef GH_NET_LOOP_H
#define GH_NET_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"

struct event_base;
struct gh_loop;

gh_result gh_loop_open(struct gh_loop **out);
/* After gh_loop_run has returned, by the same thread, when all that belongs to the loop is closed.
 * What was deferred still runs; what was posted and never ran is dropped (its owners keep its
 * memory). NULL is fine. */
void gh_loop_close(struct gh_loop *loop);
GH_DEFINE_CLEANUP(struct gh_loop *, gh_loop_close)

/* Blocks until gh_loop_stop. The calling thread becomes the loop's thread. */
gh_result gh_loop_run(struct gh_loop *loop);
/* From any thread, and from a signal handler. The current batch is finished first. */
void gh_loop_stop(struct gh_loop *loop);
/* True in the loop's thread, and in any thread while the loop does not run. */
bool gh_loop_is_here(const struct gh_loop *loop);
struct event_base *gh_loop_base(struct gh_loop *loop); /* borrowed, for this room */

/* Work for a loop, embedded in what it works on, so that posting needs no memory. It must stay
 * alive, and must not be posted again, until `run` is called; `run` may free or re-post it. */
struct gh_loop_task {
	struct gh_loop_task *next; /* the loop's, while posted */
	void (*run)(struct gh_loop_task *task);
};

/* The struct in which a task (or any other member) is embedded. */
#define GH_CONTAINER(pointer, type, member)                                                        \
	((type *)(void *)((char *)(pointer) - __builtin_offsetof(type, member)))

/* From any thread: runs the task on the loop, in the order of this thread's posts. One wake-up
 * serves all that was posted until the loop looks. */
void gh_loop_post_task(struct gh_loop *loop, struct gh_loop_task *task);
/* The same for a NULL-terminated list linked through `next`, in its order: one atomic operation
 * and at most one wake-up for all of it. */
void gh_loop_post_many(struct gh_loop *loop, struct gh_loop_task *first);
/* The same with memory of its own, for rare posts. */
gh_result gh_loop_post(struct gh_loop *loop, void (*run)(void *arg), void *arg);

/* On the loop's thread: runs the task after every event of the current batch was handled. For
 * frees, flushes and calls that must not happen inside somebody's callback. */
void gh_loop_defer(struct gh_loop *loop, struct gh_loop_task *task);

/* Timers, on the loop's thread. */
struct gh_timer;
gh_result gh_timer_open(struct gh_loop *loop, void (*fire)(void *arg), void *arg,
                        struct gh_timer **out);
void gh_timer_close(struct gh_timer *timer); /* NULL is fine */
/* Fires once, `after_ms` from now; starting again moves it. */
gh_result gh_timer_start(struct gh_timer *timer, uint64_t after_ms);
void gh_timer_stop(struct gh_timer *timer); /* also when it does not run */

#endif
