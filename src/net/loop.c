#include "net/loop.h"

#include <event2/event.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"

#define MAX_TICKERS 4

struct ticker {
	struct event *event;
	void (*tick)(void *context);
	void *context;
};

struct gh_loop {
	struct event_base *base;
	struct event *wake;
	int wake_fd;
	bool stopping; /* atomic */
	pthread_mutex_t lock;
	struct gh_loop_task *posted_first, *posted_last;
	struct gh_loop_task *deferred_first, *deferred_last;
	struct ticker tickers[MAX_TICKERS];
	size_t ticker_count;
	uint64_t now_ns;
};

static void on_wake(evutil_socket_t fd, short what, void *context)
{
	struct gh_loop *loop = context;
	uint64_t count;

	/* Read first: a post after this read wakes us again. */
	if (read(fd, &count, sizeof count) < 0)
		count = 0;
	pthread_mutex_lock(&loop->lock);
	struct gh_loop_task *task = loop->posted_first;
	loop->posted_first = loop->posted_last = NULL;
	pthread_mutex_unlock(&loop->lock);
	while (task) {
		struct gh_loop_task *next = task->next;
		task->run(task);
		task = next;
	}
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
	struct ticker *ticker = context;

	ticker->tick(ticker->context);
}

gh_result gh_loop_open(struct gh_loop **out)
{
	struct gh_loop *loop = calloc(1, sizeof *loop);

	GH_ENSURE(loop, GH_E_MEMORY, "out of memory");
	pthread_mutex_init(&loop->lock, NULL);
	loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct event_config *config = event_config_new();
	if (config) {
		/* Edge triggers and early close need epoll; nothing here works with less. */
		event_config_require_features(config, EV_FEATURE_ET | EV_FEATURE_EARLY_CLOSE);
		event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
		loop->base = event_base_new_with_config(config);
		event_config_free(config);
	}
	if (loop->base && loop->wake_fd >= 0)
		loop->wake = event_new(loop->base, loop->wake_fd, EV_READ | EV_PERSIST, on_wake, loop);
	if (!loop->wake || event_add(loop->wake, NULL) != 0) {
		gh_loop_close(loop);
		return gh_fail(GH_E_IO, "cannot make an event loop");
	}
	loop->now_ns = gh_clock_mono_ns();
	*out = loop;
	return GH_OK;
}

static void run_deferred(struct gh_loop *loop)
{
	while (loop->deferred_first) {
		struct gh_loop_task *task = loop->deferred_first;
		loop->deferred_first = task->next;
		if (!loop->deferred_first)
			loop->deferred_last = NULL;
		task->run(task);
	}
}

void gh_loop_run(struct gh_loop *loop)
{
	while (!__atomic_load_n(&loop->stopping, __ATOMIC_ACQUIRE)) {
		event_base_loop(loop->base, EVLOOP_ONCE);
		loop->now_ns = gh_clock_mono_ns();
		run_deferred(loop);
	}
	run_deferred(loop);
}

static void wake(struct gh_loop *loop)
{
	uint64_t one = 1;

	/* Fails only when the counter is full, and then the loop is awake anyway. */
	if (write(loop->wake_fd, &one, sizeof one) < 0)
		return;
}

void gh_loop_stop(struct gh_loop *loop)
{
	__atomic_store_n(&loop->stopping, true, __ATOMIC_RELEASE);
	wake(loop);
}

void gh_loop_post_many(struct gh_loop *loop, struct gh_loop_task *first, struct gh_loop_task *last)
{
	last->next = NULL;
	pthread_mutex_lock(&loop->lock);
	bool was_empty = !loop->posted_first;
	if (was_empty)
		loop->posted_first = first;
	else
		loop->posted_last->next = first;
	loop->posted_last = last;
	pthread_mutex_unlock(&loop->lock);
	if (was_empty)
		wake(loop);
}

void gh_loop_post(struct gh_loop *loop, struct gh_loop_task *task)
{
	gh_loop_post_many(loop, task, task);
}

void gh_loop_defer(struct gh_loop *loop, struct gh_loop_task *task)
{
	task->next = NULL;
	if (loop->deferred_last)
		loop->deferred_last->next = task;
	else
		loop->deferred_first = task;
	loop->deferred_last = task;
}

gh_result gh_loop_every(struct gh_loop *loop, unsigned every_ms, void (*tick)(void *context),
			void *context)
{
	struct timeval period = { every_ms / 1000, (suseconds_t)(every_ms % 1000) * 1000 };

	GH_ENSURE(loop->ticker_count < MAX_TICKERS, GH_E_LIMIT, "too many tickers on a loop");
	struct ticker *ticker = &loop->tickers[loop->ticker_count++];
	ticker->tick = tick;
	ticker->context = context;
	ticker->event = event_new(loop->base, -1, EV_PERSIST, on_tick, ticker);
	GH_ENSURE(ticker->event && event_add(ticker->event, &period) == 0, GH_E_MEMORY,
		  "out of memory");
	return GH_OK;
}

struct event_base *gh_loop_base(struct gh_loop *loop)
{
	return loop->base;
}

uint64_t gh_loop_now_ns(struct gh_loop *loop)
{
	return loop->now_ns;
}

void gh_loop_close(struct gh_loop *loop)
{
	if (!loop)
		return;
	run_deferred(loop);
	for (size_t i = 0; i < loop->ticker_count; i++)
		if (loop->tickers[i].event)
			event_free(loop->tickers[i].event);
	if (loop->wake)
		event_free(loop->wake);
	if (loop->base)
		event_base_free(loop->base);
	if (loop->wake_fd >= 0)
		close(loop->wake_fd);
	pthread_mutex_destroy(&loop->lock);
	free(loop);
}
