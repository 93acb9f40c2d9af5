/* The loop is libevent's, driven one batch at a time so that work can be put off to the end of the
 * batch. Posts from other threads go onto a lock-free stack; whoever finds it empty wakes the loop,
 * everybody else rides along, so that a thousand audit acknowledgements cost one wake-up. It must
 * never run a task on a thread other than its own. */
#include "net/loop.h"

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct gh_loop {
	struct event_base *base;
	struct event *wake;
	int wake_fd;
	atomic_bool stop, running;
	pthread_t thread;
	_Atomic(struct gh_loop_task *) posted; /* newest first */
	struct gh_loop_task *deferred, **deferred_end;
};

struct gh_timer {
	struct event *event;
	void (*fire)(void *arg);
	void *arg;
};

/* A post that brought its own memory. */
struct owned_task {
	struct gh_loop_task task;
	void (*run)(void *arg);
	void *arg;
};

static void wake_up(struct gh_loop *loop)
{
	const uint64_t one = 1;
	ssize_t n;

	/* EAGAIN means that the counter is full, and thus that the loop is woken anyway. */
	do
		n = write(loop->wake_fd, &one, sizeof one);
	while (n < 0 && errno == EINTR);
}

static void run_posted(struct gh_loop *loop)
{
	struct gh_loop_task *newest =
	    atomic_exchange_explicit(&loop->posted, NULL, memory_order_acquire);
	struct gh_loop_task *oldest = NULL;

	while (newest) {
		struct gh_loop_task *next = newest->next;
		newest->next = oldest;
		oldest = newest;
		newest = next;
	}
	while (oldest) {
		struct gh_loop_task *task = oldest;
		oldest = task->next;
		task->next = NULL;
		task->run(task);
	}
}

static void on_wake(evutil_socket_t fd, short events, void *arg)
{
	uint64_t count;
	ssize_t n;

	do
		n = read(fd, &count, sizeof count);
	while (n < 0 && errno == EINTR);
	run_posted(arg);
}

static void run_deferred(struct gh_loop *loop)
{
	struct gh_loop_task *task = loop->deferred;

	loop->deferred = NULL;
	loop->deferred_end = &loop->deferred;
	while (task) {
		struct gh_loop_task *next = task->next;
		task->next = NULL;
		task->run(task);
		task = next;
	}
}

static gh_result open_base(struct gh_loop *loop)
{
	struct event_config *config = event_config_new();

	GH_ENSURE(config, GH_E_MEMORY, "no memory for an event loop");
	/* Connections rely on edges and on hearing of a peer that hangs up while we are busy. */
	if (event_config_require_features(config, EV_FEATURE_ET | EV_FEATURE_EARLY_CLOSE) == 0 &&
	    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) == 0)
		loop->base = event_base_new_with_config(config);
	event_config_free(config);
	GH_ENSURE(loop->base, GH_E_IO, "the system has no event loop that fits (epoll)");
	return GH_OK;
}

static gh_result open_wake(struct gh_loop *loop)
{
	loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	GH_ENSURE(loop->wake_fd >= 0, GH_E_IO, "eventfd: %s", strerror(errno));
	loop->wake =
	    event_new(loop->base, loop->wake_fd, EV_READ | EV_PERSIST | EV_ET, on_wake, loop);
	GH_ENSURE(loop->wake && event_add(loop->wake, NULL) == 0, GH_E_MEMORY,
	          "no memory for an event loop");
	return GH_OK;
}

gh_result gh_loop_open(struct gh_loop **out)
{
	GH_CLEANUP(gh_loop_close_ptr) struct gh_loop *loop = calloc(1, sizeof *loop);

	GH_ENSURE(loop, GH_E_MEMORY, "no memory for an event loop");
	loop->wake_fd = -1;
	loop->deferred_end = &loop->deferred;
	GH_TRY(open_base(loop));
	GH_TRY(open_wake(loop));
	*out = GH_STEAL(loop);
	return GH_OK;
}

static void run_owned(struct gh_loop_task *task)
{
	struct owned_task *owned = GH_CONTAINER(task, struct owned_task, task);
	void (*run)(void *) = owned->run;
	void *arg = owned->arg;

	free(owned);
	run(arg);
}

void gh_loop_close(struct gh_loop *loop)
{
	if (!loop)
		return;
	while (loop->deferred)
		run_deferred(loop);
	for (struct gh_loop_task *task = atomic_load(&loop->posted), *next; task; task = next) {
		next = task->next;
		if (task->run == run_owned)
			free(GH_CONTAINER(task, struct owned_task, task));
	}
	if (loop->wake)
		event_free(loop->wake);
	if (loop->base)
		event_base_free(loop->base);
	if (loop->wake_fd >= 0)
		close(loop->wake_fd);
	free(loop);
}

gh_result gh_loop_run(struct gh_loop *loop)
{
	enum gh_code code = GH_OK;

	loop->thread = pthread_self();
	atomic_store(&loop->running, true);
	while (!atomic_load_explicit(&loop->stop, memory_order_acquire)) {
		int flags = EVLOOP_ONCE | (loop->deferred ? EVLOOP_NONBLOCK : 0);
		if (event_base_loop(loop->base, flags) < 0) {
			code = gh_fail(GH_E_IO, "the event loop failed: %s", strerror(errno));
			break;
		}
		run_deferred(loop);
	}
	atomic_store(&loop->stop, false);
	atomic_store(&loop->running, false);
	return code;
}

void gh_loop_stop(struct gh_loop *loop)
{
	int saved = errno;

	atomic_store_explicit(&loop->stop, true, memory_order_release);
	wake_up(loop);
	errno = saved;
}

bool gh_loop_is_here(const struct gh_loop *loop)
{
	return !atomic_load(&loop->running) || pthread_equal(loop->thread, pthread_self());
}

struct event_base *gh_loop_base(struct gh_loop *loop)
{
	return loop->base;
}

/* Puts newest..oldest (linked, newest first) on top of the stack. */
static void push(struct gh_loop *loop, struct gh_loop_task *newest, struct gh_loop_task *oldest)
{
	struct gh_loop_task *top = atomic_load_explicit(&loop->posted, memory_order_relaxed);

	do
		oldest->next = top;
	while (!atomic_compare_exchange_weak_explicit(&loop->posted, &top, newest,
	                                              memory_order_release, memory_order_relaxed));
	if (!top)
		wake_up(loop);
}

void gh_loop_post_task(struct gh_loop *loop, struct gh_loop_task *task)
{
	push(loop, task, task);
}

void gh_loop_post_many(struct gh_loop *loop, struct gh_loop_task *first)
{
	struct gh_loop_task *newest = NULL;

	for (struct gh_loop_task *task = first, *next; task; task = next) {
		next = task->next;
		task->next = newest;
		newest = task;
	}
	if (newest)
		push(loop, newest, first);
}

gh_result gh_loop_post(struct gh_loop *loop, void (*run)(void *arg), void *arg)
{
	struct owned_task *owned = malloc(sizeof *owned);

	GH_ENSURE(owned, GH_E_MEMORY, "no memory for a post");
	*owned = (struct owned_task){ { NULL, run_owned }, run, arg };
	gh_loop_post_task(loop, &owned->task);
	return GH_OK;
}

void gh_loop_defer(struct gh_loop *loop, struct gh_loop_task *task)
{
	task->next = NULL;
	*loop->deferred_end = task;
	loop->deferred_end = &task->next;
}

static void on_timer(evutil_socket_t fd, short events, void *arg)
{
	struct gh_timer *timer = arg;

	timer->fire(timer->arg);
}

gh_result gh_timer_open(struct gh_loop *loop, void (*fire)(void *arg), void *arg,
                        struct gh_timer **out)
{
	struct gh_timer *timer = malloc(sizeof *timer);

	GH_ENSURE(timer, GH_E_MEMORY, "no memory for a timer");
	*timer = (struct gh_timer){ event_new(loop->base, -1, 0, on_timer, timer), fire, arg };
	if (!timer->event) {
		free(timer);
		return gh_fail(GH_E_MEMORY, "no memory for a timer");
	}
	*out = timer;
	return GH_OK;
}

void gh_timer_close(struct gh_timer *timer)
{
	if (!timer)
		return;
	event_free(timer->event);
	free(timer);
}

gh_result gh_timer_start(struct gh_timer *timer, uint64_t after_ms)
{
	struct timeval after = { .tv_sec = (time_t)(after_ms / 1000),
		                 .tv_usec = (suseconds_t)(after_ms % 1000 * 1000) };

	GH_ENSURE(event_add(timer->event, &after) == 0, GH_E_MEMORY, "no memory for a timer");
	return GH_OK;
}

void gh_timer_stop(struct gh_timer *timer)
{
	event_del(timer->event);
}
