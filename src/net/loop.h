/* loop.h: one event loop, one thread. Everything that belongs to a loop is touched on its thread
 * only; other threads reach it by posting. Posting wakes the loop once however many tasks wait, so
 * that the audit sequencer hands back a whole batch for one wake-up. */
#ifndef GH_NET_LOOP_H
#define GH_NET_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"

struct event_base;
struct gh_loop;

/* Lives inside whatever is posted; must stay until `run` was called. No allocation. */
struct gh_loop_task {
	void (*run)(struct gh_loop_task *task); /* on the loop's thread */
	struct gh_loop_task *next;
};

gh_result gh_loop_open(struct gh_loop **out);
void gh_loop_close(struct gh_loop *loop); /* after gh_loop_run returned; NULL is fine */
/* Runs on the calling thread until gh_loop_stop. */
void gh_loop_run(struct gh_loop *loop);
void gh_loop_stop(struct gh_loop *loop); /* from any thread */

/* From any thread; tasks run in the order of posting. */
void gh_loop_post(struct gh_loop *loop, struct gh_loop_task *task);
/* A chain linked by `next`, in order. */
void gh_loop_post_many(struct gh_loop *loop, struct gh_loop_task *first, struct gh_loop_task *last);

/* On the loop's thread: runs after the events of this turn, when nothing on the stack can still
 * refer to what it frees. */
void gh_loop_defer(struct gh_loop *loop, struct gh_loop_task *task);

/* Calls `tick` every `every_ms` on the loop's thread, until the loop closes. At most 4 a loop. */
gh_result gh_loop_every(struct gh_loop *loop, unsigned every_ms, void (*tick)(void *context),
			void *context);

struct event_base *gh_loop_base(struct gh_loop *loop);
uint64_t gh_loop_now_ns(struct gh_loop *loop); /* monotonic, read once a turn */

#endif
