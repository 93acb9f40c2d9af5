/* The pool: bounded, waiting with a deadline, and never handing out a connection with a past. */
#include "../gh_test.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "db/connection.h"
#include "fixture.h"

static struct fixture fixture;

static int start(void **state)
{
	return fixture_start(&fixture, getenv("GATEHOUSE_CLAIMS_MODULE")) == GH_OK ? 0 : -1;
}

static int stop(void **state)
{
	return fixture_stop(&fixture) == GH_OK ? 0 : -1;
}

static struct gh_db_pool *pool_of(size_t max)
{
	const struct gh_db_param params[] = {
		{ "host", gh_cluster_socket_dir(fixture.cluster) },
		{ "port", "5432" },
		{ "user", GH_DB_ROLE_APP },
		{ "dbname", GH_DB_NAME },
		{ "password", FIXTURE_APP_PASSWORD },
	};
	const struct gh_db_pool_config config = {
		.connection = { .params = params, .param_count = GH_ARRAY_LEN(params) },
		.max = max,
		.connect_timeout_ns = UINT64_C(5000000000),
	};
	struct gh_db_pool *pool;

	assert_ok(gh_db_pool_open(&config, &pool));
	return pool;
}

static int backend_of(struct gh_db *db)
{
	return PQbackendPID(gh_db_raw(db));
}

static void run_on(struct gh_db *db, const char *sql, enum gh_code expected)
{
	const struct gh_db_statement statement = { .sql = sql };

	assert_code(gh_db_exec(db, &statement, in_seconds(10), NULL), expected);
}

static void a_connection_is_used_again(void **state)
{
	GH_CLEANUP(gh_db_pool_close_ptr) struct gh_db_pool *pool = pool_of(2);
	struct gh_db *db;
	int first;

	assert_ok(gh_db_pool_take(pool, in_seconds(10), &db));
	first = backend_of(db);
	gh_db_pool_give(pool, db);
	assert_ok(gh_db_pool_take(pool, in_seconds(10), &db));
	assert_int_equal(backend_of(db), first);
	gh_db_pool_give(pool, db);
}

static void a_full_pool_makes_one_wait_until_the_deadline(void **state)
{
	GH_CLEANUP(gh_db_pool_close_ptr) struct gh_db_pool *pool = pool_of(1);
	uint64_t began = gh_clock_mono_ns(), waited;
	struct gh_db *db, *none;

	assert_ok(gh_db_pool_take(pool, in_seconds(10), &db));
	began = gh_clock_mono_ns();
	assert_code(gh_db_pool_take(pool, began + 100000000, &none), GH_E_UNAVAILABLE);
	waited = gh_clock_mono_ns() - began;
	assert_null(none);
	assert_true(waited >= 100000000 && waited < UINT64_C(2000000000));
	gh_db_pool_give(pool, db);
}

static void a_connection_that_was_lost_is_replaced(void **state)
{
	GH_CLEANUP(gh_db_pool_close_ptr) struct gh_db_pool *pool = pool_of(1);
	GH_CLEANUP(gh_db_close_ptr) struct gh_db *admin = NULL;
	struct gh_db *db;
	int first;

	assert_ok(gh_db_pool_take(pool, in_seconds(10), &db));
	first = backend_of(db);
	gh_db_pool_give(pool, db);

	assert_ok(fixture_connect(&fixture, GH_DB_ROLE_ADMIN, &admin));
	const struct gh_db_value pid = gh_db_int8(first);
	const struct gh_db_statement end = { .sql = "SELECT pg_terminate_backend($1::int, 5000)",
		                             .values = &pid,
		                             .value_count = 1 };
	assert_ok(gh_db_exec(admin, &end, in_seconds(10), NULL));
	assert_ok(gh_db_pool_take(pool, in_seconds(10), &db));
	assert_true(backend_of(db) != first);
	run_on(db, "SELECT 1", GH_OK);
	gh_db_pool_give(pool, db);
}

static void a_connection_that_was_late_is_not_used_again(void **state)
{
	GH_CLEANUP(gh_db_pool_close_ptr) struct gh_db_pool *pool = pool_of(1);
	const struct gh_db_statement slow = { .sql = "SELECT pg_sleep(5)", .reads = true };
	struct gh_db *db;
	int first;

	assert_ok(gh_db_pool_take(pool, in_seconds(10), &db));
	first = backend_of(db);
	assert_code(gh_db_exec(db, &slow, gh_clock_mono_ns() + 100000000, NULL), GH_E_UNAVAILABLE);
	gh_db_pool_give(pool, db);
	assert_ok(gh_db_pool_take(pool, in_seconds(10), &db));
	assert_true(backend_of(db) != first);
	gh_db_pool_give(pool, db);
}

static void session_state_does_not_survive_an_error(void **state)
{
	GH_CLEANUP(gh_db_pool_close_ptr) struct gh_db_pool *pool = pool_of(1);
	const struct gh_db_statement show = { .sql = "SELECT current_setting('work_mem')" };
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;
	struct gh_slice value;
	struct gh_db *db;
	int first;

	assert_ok(gh_db_pool_take(pool, in_seconds(10), &db));
	first = backend_of(db);
	run_on(db, "SET work_mem = '123kB'", GH_OK);
	run_on(db, "SELECT 1/0", GH_E_FORMAT);
	gh_db_pool_give(pool, db);
	assert_ok(gh_db_pool_take(pool, in_seconds(10), &db));
	assert_int_equal(backend_of(db), first);
	assert_ok(gh_db_exec(db, &show, in_seconds(10), &rows));
	assert_ok(gh_db_get_text(rows, 0, 0, &value));
	assert_false(gh_slice_eq_str(value, "123kB"));
	gh_db_pool_give(pool, db);
}

static void an_open_transaction_does_not_go_back_to_the_pool(void **state)
{
	GH_CLEANUP(gh_db_pool_close_ptr) struct gh_db_pool *pool = pool_of(1);
	struct gh_db *db;
	int first;

	assert_ok(gh_db_pool_take(pool, in_seconds(10), &db));
	first = backend_of(db);
	run_on(db, "BEGIN", GH_OK);
	gh_db_pool_give(pool, db);
	assert_ok(gh_db_pool_take(pool, in_seconds(10), &db));
	assert_true(backend_of(db) != first);
	gh_db_pool_give(pool, db);
}

struct worker {
	pthread_t thread;
	struct gh_db_pool *pool;
	const struct gh_buf *token;
	const char *expected;
	unsigned wrong;
};

static void *work(void *arg)
{
	struct worker *worker = arg;
	const struct gh_db_statement who = { .sql = "SELECT gatehouse.tenant_id()::text",
		                             .reads = true };

	for (int i = 0; i < 100; i++) {
		GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;
		struct gh_slice tenant;
		struct gh_db *db;

		if (gh_db_pool_take(worker->pool, in_seconds(20), &db) != GH_OK) {
			worker->wrong++;
			continue;
		}
		if (gh_db_tenant(db, gh_buf_slice(worker->token), NULL, &who, 1, in_seconds(20),
		                 &rows, NULL) != GH_OK ||
		    gh_db_get_text(rows, 0, 0, &tenant) != GH_OK ||
		    !gh_slice_eq_str(tenant, worker->expected))
			worker->wrong++;
		gh_db_pool_give(worker->pool, db);
	}
	return NULL;
}

static void threads_share_two_connections_and_keep_their_tenants(void **state)
{
	static const char *const tenants[] = { TENANT_A, TENANT_B };
	GH_CLEANUP(gh_db_pool_close_ptr) struct gh_db_pool *pool = pool_of(2);
	struct gh_buf tokens[2] = { 0 };
	struct worker workers[8] = { 0 };

	for (size_t i = 0; i < 2; i++)
		assert_true(fixture_token(fixture.key, "good", tenants[i], &tokens[i]));
	for (size_t i = 0; i < 8; i++) {
		workers[i].pool = pool;
		workers[i].token = &tokens[i % 2];
		workers[i].expected = tenants[i % 2];
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (size_t i = 0; i < 8; i++) {
		pthread_join(workers[i].thread, NULL);
		assert_int_equal(workers[i].wrong, 0);
	}
	gh_buf_free(&tokens[0]);
	gh_buf_free(&tokens[1]);
}

static void a_server_that_comes_back_is_found_again(void **state)
{
	GH_CLEANUP(gh_db_pool_close_ptr) struct gh_db_pool *pool = pool_of(2);
	struct gh_db *db;

	assert_ok(gh_db_pool_take(pool, in_seconds(10), &db));
	gh_db_pool_give(pool, db);
	assert_ok(fixture_stop_server(&fixture));
	assert_code(gh_db_pool_take(pool, in_seconds(2), &db), GH_E_UNAVAILABLE);
	assert_ok(fixture_start_server(&fixture));
	for (int i = 0; i < 3; i++) {
		assert_ok(gh_db_pool_take(pool, in_seconds(10), &db));
		run_on(db, "SELECT 1", GH_OK);
		gh_db_pool_give(pool, db);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_is_used_again),
		cmocka_unit_test(a_full_pool_makes_one_wait_until_the_deadline),
		cmocka_unit_test(a_connection_that_was_lost_is_replaced),
		cmocka_unit_test(a_connection_that_was_late_is_not_used_again),
		cmocka_unit_test(session_state_does_not_survive_an_error),
		cmocka_unit_test(an_open_transaction_does_not_go_back_to_the_pool),
		cmocka_unit_test(threads_share_two_connections_and_keep_their_tenants),
		cmocka_unit_test(a_server_that_comes_back_is_found_again),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
