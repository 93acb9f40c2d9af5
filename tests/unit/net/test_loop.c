/* The loop: posts from many threads, order, batches, deferred work, timers. */
#include "gh_test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "net/loop.h"

#define THREADS 4
#define POSTS   20000

struct item {
	struct gh_loop_task task;
	struct poster *poster;
	unsigned number;
};

struct poster {
	struct gh_loop *loop;
	pthread_t thread;
	struct item *items;
	unsigned next; /* on the loop's thread */
	bool in_order;
	unsigned *left;
};

static void arrive(struct gh_loop_task *task)
{
	struct item *item = GH_CONTAINER(task, struct item, task);
	struct poster *poster = item->poster;

	if (item->number != poster->next++)
		poster->in_order = false;
	if (--*poster->left == 0)
		gh_loop_stop(poster->loop);
}

/* One by one, and in lists of seven. */
static void *post_all(void *arg)
{
	struct poster *poster = arg;

	for (unsigned i = 0; i < POSTS;) {
		if (i % 2 == 0 || POSTS - i < 7) {
			gh_loop_post_task(poster->loop, &poster->items[i++].task);
			continue;
		}
		for (unsigned k = 0; k < 7; k++)
			poster->items[i + k].task.next =
			    k < 6 ? &poster->items[i + k + 1].task : NULL;
		gh_loop_post_many(poster->loop, &poster->items[i].task);
		i += 7;
	}
	return NULL;
}

static void posts_of_many_threads_arrive_each_in_its_order(void **state)
{
	struct poster posters[THREADS];
	struct gh_loop *loop;
	unsigned left = THREADS * POSTS;

	assert_ok(gh_loop_open(&loop));
	for (size_t i = 0; i < THREADS; i++) {
		posters[i] = (struct poster){ .loop = loop, .in_order = true, .left = &left };
		posters[i].items = calloc(POSTS, sizeof *posters[i].items);
		for (unsigned k = 0; k < POSTS; k++)
			posters[i].items[k] = (struct item){ { NULL, arrive }, &posters[i], k };
	}
	for (size_t i = 0; i < THREADS; i++)
		pthread_create(&posters[i].thread, NULL, post_all, &posters[i]);
	assert_ok(gh_loop_run(loop));
	for (size_t i = 0; i < THREADS; i++) {
		pthread_join(posters[i].thread, NULL);
		assert_true(posters[i].in_order);
		assert_int_equal(posters[i].next, POSTS);
		free(posters[i].items);
	}
	gh_loop_close(loop);
}

struct steps {
	struct gh_loop *loop;
	struct gh_loop_task deferred;
	char text[16];
	size_t len;
};

static void note(struct steps *steps, char what)
{
	steps->text[steps->len++] = what;
}

static void run_deferred(struct gh_loop_task *task)
{
	struct steps *steps = GH_CONTAINER(task, struct steps, deferred);

	note(steps, 'd');
	gh_loop_stop(steps->loop);
}

static void first(void *arg)
{
	struct steps *steps = arg;

	note(steps, '1');
	steps->deferred.run = run_deferred;
	gh_loop_defer(steps->loop, &steps->deferred);
}

static void second(void *arg)
{
	note(arg, '2');
}

static void deferred_work_runs_after_the_batch(void **state)
{
	struct steps steps = { 0 };

	assert_ok(gh_loop_open(&steps.loop));
	assert_ok(gh_loop_post(steps.loop, first, &steps));
	assert_ok(gh_loop_post(steps.loop, second, &steps));
	assert_ok(gh_loop_run(steps.loop));
	assert_string_equal(steps.text, "12d");
	gh_loop_close(steps.loop);
}

static void stop_from_timer(void *arg)
{
	gh_loop_stop(arg);
}

static void a_timer_fires_once_when_it_is_due(void **state)
{
	struct gh_loop *loop;
	struct gh_timer *timer, *stopped;
	uint64_t began_ns = gh_clock_mono_ns();

	assert_ok(gh_loop_open(&loop));
	assert_ok(gh_timer_open(loop, stop_from_timer, loop, &timer));
	assert_ok(gh_timer_open(loop, stop_from_timer, loop, &stopped));
	assert_ok(gh_timer_start(stopped, 5));
	assert_ok(gh_timer_start(timer, 10));
	assert_ok(gh_timer_start(timer, 60)); /* moves it */
	gh_timer_stop(stopped);
	assert_ok(gh_loop_run(loop));
	assert_in_range((gh_clock_mono_ns() - began_ns) / 1000000, 55, 2000);
	gh_timer_close(timer);
	gh_timer_close(stopped);
	gh_loop_close(loop);
}

static void *stop_soon(void *arg)
{
	gh_loop_stop(arg);
	return NULL;
}

static void a_loop_stops_from_another_thread_and_runs_again(void **state)
{
	struct gh_loop *loop;
	pthread_t thread;

	assert_ok(gh_loop_open(&loop));
	for (int i = 0; i < 20; i++) {
		assert_true(gh_loop_is_here(loop));
		pthread_create(&thread, NULL, stop_soon, loop);
		assert_ok(gh_loop_run(loop));
		pthread_join(thread, NULL);
	}
	gh_loop_close(loop);
}

static void what_was_posted_and_never_ran_is_dropped_without_a_leak(void **state)
{
	struct gh_loop *loop;
	struct steps steps = { 0 };

	assert_ok(gh_loop_open(&loop));
	assert_ok(gh_loop_post(loop, second, &steps));
	gh_loop_close(loop);
	assert_int_equal(steps.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(posts_of_many_threads_arrive_each_in_its_order),
		cmocka_unit_test(deferred_work_runs_after_the_batch),
		cmocka_unit_test(a_timer_fires_once_when_it_is_due),
		cmocka_unit_test(a_loop_stops_from_another_thread_and_runs_again),
		cmocka_unit_test(what_was_posted_and_never_ran_is_dropped_without_a_leak),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
