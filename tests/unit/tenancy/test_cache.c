/* The bounded cache with real workers: nothing is used longer than the bound, one query serves all
 * who wait for it, a failure is not kept, and every waiter is answered. */
#include "tenancy/cache.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../gh_test.h"

#define MS 1000000ull

struct value {
	struct gh_cached cached;
	unsigned number; /* of the load that made it */
};

/* The database's part, told what to say. */
struct source {
	struct gh_cache *cache;
	struct gh_workers *workers;
	enum gh_code code;     /* atomic */
	unsigned loads, alive; /* atomic */
	unsigned pause_ms;     /* atomic */
	sem_t begun, go;       /* when `gated`: a load says that it runs, and waits */
	bool gated;
};

struct waiter {
	struct gh_cache_waiter waiter;
	sem_t done;
};

static struct source *source_of_value; /* `destroy` has no context */

static void sleep_ms(unsigned ms)
{
	nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000l }, NULL);
}

static void destroy(struct gh_cached *cached)
{
	__atomic_sub_fetch(&source_of_value->alive, 1, __ATOMIC_RELAXED);
	free(cached);
}

static gh_result load(void *context, struct gh_slice key, struct gh_cached **out)
{
	struct source *source = context;
	unsigned number = __atomic_add_fetch(&source->loads, 1, __ATOMIC_RELAXED);

	(void)key;
	if (source->gated) {
		sem_post(&source->begun);
		sem_wait(&source->go);
	}
	sleep_ms(__atomic_load_n(&source->pause_ms, __ATOMIC_RELAXED));
	enum gh_code code = __atomic_load_n(&source->code, __ATOMIC_RELAXED);
	GH_ENSURE(code == GH_OK, code, "as told");
	struct value *value = calloc(1, sizeof *value);
	GH_ENSURE(value, GH_E_MEMORY, "out of memory");
	value->cached = (struct gh_cached){ .references = 1, .destroy = destroy };
	value->number = number;
	__atomic_add_fetch(&source->alive, 1, __ATOMIC_RELAXED);
	*out = &value->cached;
	return GH_OK;
}

static void open_cache(struct source *source, unsigned renew_ms, unsigned stale_ms, size_t entries)
{
	memset(source, 0, sizeof *source);
	source_of_value = source;
	sem_init(&source->begun, 0, 0);
	sem_init(&source->go, 0, 0);
	assert_ok(gh_workers_open(4, 64, &source->workers));
	const struct gh_cache_config config = { .load = load,
		                                .context = source,
		                                .workers = source->workers,
		                                .renew_ns = renew_ms * MS,
		                                .stale_ns = stale_ms * MS,
		                                .max_entries = entries };
	assert_ok(gh_cache_open(&config, &source->cache));
}

static void close_cache(struct source *source)
{
	gh_workers_close(source->workers);
	gh_cache_close(source->cache);
	assert_int_equal(source->alive, 0);
	sem_destroy(&source->begun);
	sem_destroy(&source->go);
}

static void answered(struct gh_cache_waiter *waiter)
{
	sem_post(&((struct waiter *)waiter)->done);
}

static bool ask(struct source *source, const char *key, struct waiter *waiter)
{
	*waiter = (struct waiter){ .waiter = { .answered = answered } };
	sem_init(&waiter->done, 0, 0);
	return gh_cache_get(source->cache, gh_slice_str(key), &waiter->waiter);
}

/* The number of the load behind the answer; 0 for none. */
static unsigned take(struct waiter *waiter)
{
	struct gh_cached *value = waiter->waiter.value;
	unsigned number = 0;

	if (value)
		number = ((struct value *)value)->number;
	assert_int_equal(waiter->waiter.code == GH_OK, value != NULL);
	gh_cached_release(value);
	sem_destroy(&waiter->done);
	return number;
}

/* Asks and waits. */
static unsigned get(struct source *source, const char *key, enum gh_code *code)
{
	struct waiter waiter;

	if (!ask(source, key, &waiter))
		sem_wait(&waiter.done);
	if (code)
		*code = waiter.waiter.code;
	return take(&waiter);
}

static void a_fresh_answer_needs_no_query(void **state)
{
	struct source source;
	struct waiter waiter;

	open_cache(&source, 10000, 20000, 16);
	assert_int_equal(get(&source, "a", NULL), 1);
	for (int i = 0; i < 100; i++) {
		assert_true(ask(&source, "a", &waiter));
		assert_int_equal(take(&waiter), 1);
	}
	assert_int_equal(get(&source, "b", NULL), 2);
	assert_int_equal(source.loads, 2);
	close_cache(&source);
}

static void an_ageing_answer_is_renewed_behind_the_callers_back(void **state)
{
	struct source source;
	struct waiter waiter;

	open_cache(&source, 20, 10000, 16);
	assert_int_equal(get(&source, "a", NULL), 1);
	sleep_ms(40);
	assert_true(ask(&source, "a", &waiter)); /* at once, with what is there */
	assert_int_equal(take(&waiter), 1);
	for (int i = 0; i < 100 && get(&source, "a", NULL) == 1; i++)
		sleep_ms(5);
	assert_true(get(&source, "a", NULL) > 1);
	close_cache(&source);
}

static void an_old_answer_is_not_used(void **state)
{
	struct source source;
	struct waiter waiter;
	enum gh_code code;

	open_cache(&source, 20, 50, 16);
	assert_int_equal(get(&source, "a", NULL), 1);
	sleep_ms(80);
	assert_false(ask(&source, "a", &waiter));
	sem_wait(&waiter.done);
	assert_int_equal(take(&waiter), 2);
	/* The database is away: then there is no answer, and not an old one. */
	__atomic_store_n(&source.code, GH_E_UNAVAILABLE, __ATOMIC_RELAXED);
	sleep_ms(80);
	assert_int_equal(get(&source, "a", &code), 0);
	assert_int_equal(code, GH_E_UNAVAILABLE);
	close_cache(&source);
}

static void one_query_serves_all_who_wait(void **state)
{
	struct source source;
	struct waiter waiters[50];

	open_cache(&source, 10000, 20000, 16);
	source.gated = true;
	for (size_t i = 0; i < GH_ARRAY_LEN(waiters); i++)
		assert_false(ask(&source, "a", &waiters[i]));
	sem_wait(&source.begun);
	sem_post(&source.go);
	for (size_t i = 0; i < GH_ARRAY_LEN(waiters); i++) {
		sem_wait(&waiters[i].done);
		assert_int_equal(take(&waiters[i]), 1);
	}
	assert_int_equal(source.loads, 1);
	close_cache(&source);
}

static void a_failure_is_not_kept_and_absence_is(void **state)
{
	struct source source;
	enum gh_code code;

	open_cache(&source, 10000, 20000, 16);
	source.code = GH_E_UNAVAILABLE;
	assert_int_equal(get(&source, "a", &code), 0);
	assert_int_equal(code, GH_E_UNAVAILABLE);
	__atomic_store_n(&source.code, GH_E_NOT_FOUND, __ATOMIC_RELAXED);
	assert_int_equal(get(&source, "a", &code), 0);
	assert_int_equal(code, GH_E_NOT_FOUND);
	__atomic_store_n(&source.code, GH_OK, __ATOMIC_RELAXED);
	assert_int_equal(get(&source, "a", &code), 0);
	assert_int_equal(code, GH_E_NOT_FOUND);
	assert_int_equal(source.loads, 2);
	close_cache(&source);
}

static void an_answer_slower_than_the_bound_is_refused(void **state)
{
	struct source source;
	enum gh_code code;

	open_cache(&source, 10, 30, 16);
	source.pause_ms = 60;
	assert_int_equal(get(&source, "a", &code), 0);
	assert_int_equal(code, GH_E_UNAVAILABLE);
	__atomic_store_n(&source.pause_ms, 0, __ATOMIC_RELAXED);
	assert_int_equal(get(&source, "a", NULL), 2);
	close_cache(&source);
}

static void an_entry_dropped_during_its_query_is_asked_for_again(void **state)
{
	struct source source;
	struct waiter before, after;

	open_cache(&source, 10000, 20000, 16);
	source.gated = true;
	assert_false(ask(&source, "a", &before));
	sem_wait(&source.begun);
	gh_cache_drop(source.cache, GH_SLICE("a"));
	sem_post(&source.go);
	sem_wait(&before.done);
	assert_int_equal(take(&before), 1); /* asked before the row changed */
	assert_false(ask(&source, "a", &after));
	sem_wait(&source.begun);
	sem_post(&source.go);
	sem_wait(&after.done);
	assert_int_equal(take(&after), 2);
	close_cache(&source);
}

static void a_dropped_entry_is_asked_for_again(void **state)
{
	struct source source;

	open_cache(&source, 10000, 20000, 16);
	assert_int_equal(get(&source, "a", NULL), 1);
	gh_cache_drop(source.cache, GH_SLICE("a"));
	gh_cache_drop(source.cache, GH_SLICE("never met"));
	assert_int_equal(get(&source, "a", NULL), 2);
	close_cache(&source);
}

static void a_full_cache_makes_room(void **state)
{
	struct source source;
	char key[16];

	open_cache(&source, 10000, 20000, 8);
	for (int i = 0; i < 100; i++) {
		snprintf(key, sizeof key, "key %d", i);
		assert_int_equal(get(&source, key, NULL), i + 1);
		assert_true(__atomic_load_n(&source.alive, __ATOMIC_RELAXED) <= 9);
	}
	close_cache(&source);
}

static void a_cache_full_of_questions_answers_unavailable(void **state)
{
	struct source source;
	struct waiter waiters[4], more;
	char key[16];

	open_cache(&source, 10000, 20000, 4);
	source.gated = true;
	for (int i = 0; i < 4; i++) {
		snprintf(key, sizeof key, "key %d", i);
		assert_false(ask(&source, key, &waiters[i]));
	}
	assert_true(ask(&source, "one more", &more));
	assert_int_equal(more.waiter.code, GH_E_UNAVAILABLE);
	assert_int_equal(take(&more), 0);
	for (int i = 0; i < 4; i++)
		sem_post(&source.go);
	for (int i = 0; i < 4; i++) {
		sem_wait(&waiters[i].done);
		assert_true(take(&waiters[i]) > 0);
	}
	close_cache(&source);
}

static void every_waiter_is_answered_when_the_workers_close(void **state)
{
	struct source source;
	struct waiter waiters[40];
	char key[16];

	open_cache(&source, 10000, 20000, 64);
	source.pause_ms = 2;
	for (int i = 0; i < 40; i++) {
		snprintf(key, sizeof key, "key %d", i);
		assert_false(ask(&source, key, &waiters[i]));
	}
	gh_workers_close(source.workers);
	for (int i = 0; i < 40; i++) {
		assert_int_equal(sem_trywait(&waiters[i].done), 0);
		assert_true(take(&waiters[i]) > 0);
	}
	source.workers = NULL;
	close_cache(&source);
}

static void *hammer(void *context)
{
	struct source *source = context;
	char key[16];

	for (unsigned i = 0; i < 3000; i++) {
		snprintf(key, sizeof key, "key %u", i * 7 % 20);
		(void)get(source, key, NULL);
		if (i % 50 == 0)
			gh_cache_drop(source->cache, gh_slice_str(key));
	}
	return NULL;
}

static void many_threads_lose_and_leak_nothing(void **state)
{
	struct source source;
	pthread_t threads[8];

	open_cache(&source, 1, 2, 12);
	for (size_t i = 0; i < GH_ARRAY_LEN(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hammer, &source), 0);
	for (size_t i = 0; i < GH_ARRAY_LEN(threads); i++)
		pthread_join(threads[i], NULL);
	close_cache(&source);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fresh_answer_needs_no_query),
		cmocka_unit_test(an_ageing_answer_is_renewed_behind_the_callers_back),
		cmocka_unit_test(an_old_answer_is_not_used),
		cmocka_unit_test(one_query_serves_all_who_wait),
		cmocka_unit_test(a_failure_is_not_kept_and_absence_is),
		cmocka_unit_test(an_answer_slower_than_the_bound_is_refused),
		cmocka_unit_test(an_entry_dropped_during_its_query_is_asked_for_again),
		cmocka_unit_test(a_dropped_entry_is_asked_for_again),
		cmocka_unit_test(a_full_cache_makes_room),
		cmocka_unit_test(a_cache_full_of_questions_answers_unavailable),
		cmocka_unit_test(every_waiter_is_answered_when_the_workers_close),
		cmocka_unit_test(many_threads_lose_and_leak_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
