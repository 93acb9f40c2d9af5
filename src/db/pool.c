/* A bounded set of connections for threads that come and go. The lock is never held while the
 * database is waited for. */
#include "db/connection.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/secret.h"

#define POOL_MAX 256

struct gh_db_pool {
	pthread_mutex_t lock;
	pthread_cond_t given;         /* a connection or the room for one came free */
	struct gh_db *idle[POOL_MAX]; /* the last one given is the first one taken: it is warm */
	size_t idle_count;
	size_t open_count; /* idle, taken and being made */
	size_t max;
	uint64_t connect_timeout_ns;
	struct gh_db_config connection; /* params point at our copies */
	struct gh_db_param *params;
	char *application_name;
};

static gh_result copy_config(struct gh_db_pool *pool, const struct gh_db_config *from)
{
	pool->params = calloc(from->param_count + 1, sizeof *pool->params);
	GH_ENSURE(pool->params, GH_E_MEMORY, "out of memory");
	pool->connection = *from;
	pool->connection.params = pool->params;
	for (size_t i = 0; i < from->param_count; i++) {
		pool->params[i].keyword = strdup(from->params[i].keyword);
		pool->params[i].value = strdup(from->params[i].value ? from->params[i].value : "");
		GH_ENSURE(pool->params[i].keyword && pool->params[i].value, GH_E_MEMORY,
		          "out of memory");
	}
	pool->application_name =
	    strdup(from->application_name ? from->application_name : "gatehouse");
	GH_ENSURE(pool->application_name, GH_E_MEMORY, "out of memory");
	pool->connection.application_name = pool->application_name;
	return GH_OK;
}

gh_result gh_db_pool_open(const struct gh_db_pool_config *config, struct gh_db_pool **out)
{
	struct gh_db_pool *pool;
	pthread_condattr_t attributes;
	enum gh_code code;

	*out = NULL;
	GH_ENSURE(config->max >= 1 && config->max <= POOL_MAX, GH_E_ARGUMENT,
	          "a pool has 1 to %d connections", POOL_MAX);
	pool = calloc(1, sizeof *pool);
	GH_ENSURE(pool, GH_E_MEMORY, "out of memory");
	pthread_mutex_init(&pool->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&pool->given, &attributes);
	pthread_condattr_destroy(&attributes);
	pool->max = config->max;
	pool->connect_timeout_ns = config->connect_timeout_ns;
	code = copy_config(pool, &config->connection);
	if (code != GH_OK) {
		gh_db_pool_close(pool);
		return code;
	}
	*out = pool;
	return GH_OK;
}

void gh_db_pool_close(struct gh_db_pool *pool)
{
	if (!pool)
		return;
	while (pool->idle_count > 0)
		gh_db_close(pool->idle[--pool->idle_count]);
	for (size_t i = 0; pool->params && i < pool->connection.param_count; i++) {
		free((char *)pool->params[i].keyword);
		gh_wipe_free((char *)pool->params[i].value);
	}
	free(pool->params);
	free(pool->application_name);
	pthread_cond_destroy(&pool->given);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

/* Whether an idle connection is still there: a server that went away said so, or hung up. */
static bool is_whole(struct gh_db *db)
{
	struct pollfd poller = { .fd = gh_db_alive(db) ? PQsocket(db->pg) : -1, .events = POLLIN };

	if (poller.fd < 0)
		return false;
	for (unsigned rounds = 0; poll(&poller, 1, 0) > 0; rounds++) {
		if (rounds > 8 || PQconsumeInput(db->pg) == 0 || !gh_db_alive(db))
			return false;
	}
	return true;
}

static void give_up_place(struct gh_db_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->open_count--;
	pthread_cond_signal(&pool->given);
	pthread_mutex_unlock(&pool->lock);
}

/* An idle connection (*out set), or the right to make one (*out NULL). */
static gh_result take_place(struct gh_db_pool *pool, uint64_t deadline_ns, struct gh_db **out)
{
	const struct timespec until = { .tv_sec = (time_t)(deadline_ns / 1000000000),
		                        .tv_nsec = (long)(deadline_ns % 1000000000) };
	enum gh_code code = GH_OK;

	*out = NULL;
	pthread_mutex_lock(&pool->lock);
	while (pool->idle_count == 0 && pool->open_count == pool->max && code == GH_OK) {
		if (pthread_cond_timedwait(&pool->given, &pool->lock, &until) != 0 &&
		    gh_clock_mono_ns() >= deadline_ns)
			code = GH_E_UNAVAILABLE;
	}
	if (pool->idle_count > 0) {
		*out = pool->idle[--pool->idle_count];
		code = GH_OK;
	} else if (code == GH_OK) {
		pool->open_count++;
	}
	pthread_mutex_unlock(&pool->lock);
	return code == GH_OK ? GH_OK : gh_fail(code, "no database connection came free in time");
}

static gh_result make(struct gh_db_pool *pool, uint64_t deadline_ns, struct gh_db **out)
{
	uint64_t attempt_ns = gh_clock_mono_ns() + pool->connect_timeout_ns;
	enum gh_code code = gh_db_connect(&pool->connection,
	                                  attempt_ns < deadline_ns ? attempt_ns : deadline_ns, out);

	if (code != GH_OK)
		give_up_place(pool);
	return code;
}

gh_result gh_db_pool_take(struct gh_db_pool *pool, uint64_t deadline_ns, struct gh_db **out)
{
	struct gh_db *db;

	*out = NULL;
	GH_TRY(take_place(pool, deadline_ns, &db));
	if (db && is_whole(db) && (!db->tainted || gh_db_reset(db, deadline_ns) == GH_OK)) {
		*out = db;
		return GH_OK;
	}
	/* Its place stays ours, for a new one. */
	gh_db_close(db);
	return make(pool, deadline_ns, out);
}

void gh_db_pool_give(struct gh_db_pool *pool, struct gh_db *db)
{
	if (!db)
		return;
	if (!gh_db_alive(db)) {
		gh_db_close(db);
		give_up_place(pool);
		return;
	}
	pthread_mutex_lock(&pool->lock);
	pool->idle[pool->idle_count++] = db;
	pthread_cond_signal(&pool->given);
	pthread_mutex_unlock(&pool->lock);
}
