/* Statements, pipelines, deadlines and errors against a real server. */
#include "../gh_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "db/connection.h"
#include "fixture.h"

static struct fixture fixture;
static struct gh_db *db; /* the administrator's, anew for each test */

static int start(void **state)
{
	return fixture_start(&fixture, getenv("GATEHOUSE_CLAIMS_MODULE")) == GH_OK ? 0 : -1;
}

static int stop(void **state)
{
	return fixture_stop(&fixture) == GH_OK ? 0 : -1;
}

static int connect_admin(void **state)
{
	assert_ok(fixture_connect(&fixture, GH_DB_ROLE_ADMIN, &db));
	assert_ok(gh_db_script(db,
	                       "CREATE TABLE IF NOT EXISTS public.t (n bigint PRIMARY KEY CHECK "
	                       "(n <> 13)); TRUNCATE public.t",
	                       in_seconds(10)));
	return 0;
}

static int disconnect(void **state)
{
	gh_db_close(db);
	db = NULL;
	return 0;
}

static enum gh_code run(const char *sql)
{
	const struct gh_db_statement statement = { .sql = sql, .once = true };

	return gh_db_exec(db, &statement, in_seconds(10), NULL);
}

static int64_t number_of(const char *sql)
{
	const struct gh_db_statement statement = { .sql = sql };
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;
	int64_t number = -1;

	assert_ok(gh_db_exec(db, &statement, in_seconds(10), &rows));
	assert_ok(gh_db_get_int(rows, 0, 0, &number));
	return number;
}

static void every_kind_of_value_comes_back_as_it_went(void **state)
{
	const struct gh_uuid uuid = gh_uuid_v7();
	const struct gh_db_value values[] = {
		gh_db_str("text"),
		gh_db_bytea(gh_slice("\0\xff", 2)),
		gh_db_uuid(&uuid),
		gh_db_int8(INT64_MIN),
		gh_db_bool(true),
		gh_db_time(INT64_C(1763931022123456)),
		gh_db_text(gh_slice(NULL, 0)),
		gh_db_null_bytea(),
		gh_db_str("{\"a\": 1}"),
	};
	const struct gh_db_statement statement = {
		.sql =
		    "SELECT $1, $2, $3, $4, $5, $6, $7, $8, ($9)::jsonb, (-2)::int2, (-3)::int4, "
		    "ARRAY['x', '', 'yz']",
		.values = values,
		.value_count = GH_ARRAY_LEN(values),
	};
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;
	struct gh_slice text, list[3];
	struct gh_uuid uuid_back;
	uint8_t fixed[2];
	int64_t number;
	size_t count;
	bool truth;

	assert_ok(gh_db_exec(db, &statement, in_seconds(10), &rows));
	assert_ok(gh_db_get_text(rows, 0, 0, &text));
	assert_true(gh_slice_eq_str(text, "text"));
	assert_ok(gh_db_get_fixed(rows, 0, 1, fixed, 2));
	assert_memory_equal(fixed, "\0\xff", 2);
	assert_ok(gh_db_get_uuid(rows, 0, 2, &uuid_back));
	assert_true(gh_uuid_eq(&uuid, &uuid_back));
	assert_ok(gh_db_get_int(rows, 0, 3, &number));
	assert_true(number == INT64_MIN);
	assert_ok(gh_db_get_bool(rows, 0, 4, &truth));
	assert_true(truth);
	assert_ok(gh_db_get_time(rows, 0, 5, &number));
	assert_true(number == INT64_C(1763931022123456));
	assert_ok(gh_db_get_text(rows, 0, 6, &text));
	assert_int_equal(text.len, 0);
	assert_true(gh_db_is_null(rows, 0, 7));
	assert_ok(gh_db_get_text(rows, 0, 8, &text));
	assert_true(gh_slice_eq_str(text, "{\"a\": 1}"));
	assert_ok(gh_db_get_int(rows, 0, 9, &number));
	assert_int_equal(number, -2);
	assert_ok(gh_db_get_int(rows, 0, 10, &number));
	assert_int_equal(number, -3);
	assert_ok(gh_db_get_text_array(rows, 0, 11, list, 3, &count));
	assert_int_equal(count, 3);
	assert_true(gh_slice_eq_str(list[2], "yz"));
	assert_code(gh_db_get_text_array(rows, 0, 11, list, 2, &count), GH_E_LIMIT);
}

static void a_cell_that_is_not_what_was_asked_for_is_refused(void **state)
{
	const struct gh_db_statement statement = {
		.sql = "SELECT 'x'::text, NULL::bigint, '\\x0102'::bytea, 'infinity'::timestamptz"
	};
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;
	struct gh_slice text;
	uint8_t fixed[3];
	int64_t number;

	assert_ok(gh_db_exec(db, &statement, in_seconds(10), &rows));
	assert_code(gh_db_get_int(rows, 0, 0, &number), GH_E_CORRUPT);
	assert_code(gh_db_get_int(rows, 0, 1, &number), GH_E_CORRUPT);
	assert_code(gh_db_get_text(rows, 0, 2, &text), GH_E_CORRUPT);
	assert_code(gh_db_get_fixed(rows, 0, 2, fixed, 3), GH_E_CORRUPT);
	assert_code(gh_db_get_time(rows, 0, 3, &number), GH_E_CORRUPT);
	assert_code(gh_db_get_text(rows, 1, 0, &text), GH_E_CORRUPT);
	assert_code(gh_db_get_text(rows, 0, 9, &text), GH_E_CORRUPT);
}

static void a_batch_is_one_transaction(void **state)
{
	const struct gh_db_statement good[] = { { .sql = "INSERT INTO public.t VALUES (1)" },
		                                { .sql = "INSERT INTO public.t VALUES (2)" },
		                                { .sql = "SELECT count(*) FROM public.t" } };
	const struct gh_db_statement bad[] = { { .sql = "INSERT INTO public.t VALUES (3)" },
		                               { .sql = "INSERT INTO public.t VALUES (1)" },
		                               { .sql = "INSERT INTO public.t VALUES (4)" } };
	struct gh_db_result *rows[3];
	size_t failed_at;

	assert_ok(gh_db_batch(db, good, 3, in_seconds(10), rows, NULL));
	assert_int_equal(gh_db_affected(rows[0]), 1);
	gh_db_results_free(rows, 3);
	assert_code(gh_db_batch(db, bad, 3, in_seconds(10), rows, &failed_at), GH_E_CONFLICT);
	assert_int_equal(failed_at, 1);
	assert_null(rows[0]);
	assert_string_equal(gh_db_sqlstate(db), "23505");
	assert_int_equal(number_of("SELECT count(*) FROM public.t"), 2);
}

static void a_statement_is_prepared_once_and_stays_after_an_error(void **state)
{
	const struct gh_db_value one = gh_db_int8(1);
	const struct gh_db_statement insert = { .sql = "INSERT INTO public.t VALUES ($1)",
		                                .values = &one,
		                                .value_count = 1 };
	static const char kept[] =
	    "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE "
	    "'INSERT INTO public.t%'";

	assert_ok(gh_db_exec(db, &insert, in_seconds(10), NULL));
	for (int i = 0; i < 3; i++)
		assert_code(gh_db_exec(db, &insert, in_seconds(10), NULL), GH_E_CONFLICT);
	assert_int_equal(number_of(kept), 1);
	/* Refused before it was prepared: not remembered as prepared. */
	const struct gh_db_statement broken = { .sql = "SELECT * FROM public.absent" };

	assert_code(gh_db_exec(db, &broken, in_seconds(10), NULL), GH_E_INTERNAL);
	assert_code(gh_db_exec(db, &broken, in_seconds(10), NULL), GH_E_INTERNAL);
	assert_string_equal(gh_db_sqlstate(db), "42P01");
}

static void more_statements_than_can_be_kept_prepared_still_run(void **state)
{
	for (int i = 0; i < GH_DB_PREPARED_MAX + 20; i++) {
		char sql[40];

		snprintf(sql, sizeof sql, "SELECT %d::bigint", i);
		assert_int_equal(number_of(sql), i);
	}
	assert_int_equal(number_of("SELECT count(*) FROM pg_prepared_statements"),
	                 GH_DB_PREPARED_MAX);
}

static void errors_carry_a_code_and_no_values(void **state)
{
	assert_code(run("INSERT INTO public.t VALUES (13)"), GH_E_FORMAT);
	assert_null(strstr(gh_last_error()->text, "13,"));
	assert_non_null(strstr(gh_last_error()->text, "23514"));
	assert_code(run("SELECT 'secret-value'::bigint"), GH_E_FORMAT);
	assert_null(strstr(gh_last_error()->text, "secret-value"));
	assert_code(run("SELEC"), GH_E_INTERNAL);
	assert_code(run("SET ROLE gatehouse_log"), GH_OK);
	assert_code(run("SELECT box FROM gatehouse.audit_event"), GH_E_DENIED);
}

static void text_with_a_nul_is_refused_by_the_server(void **state)
{
	const struct gh_db_value value = gh_db_text(gh_slice("a\0b", 3));
	const struct gh_db_statement statement = { .sql = "SELECT $1",
		                                   .values = &value,
		                                   .value_count = 1 };

	assert_code(gh_db_exec(db, &statement, in_seconds(10), NULL), GH_E_FORMAT);
	assert_string_equal(gh_db_sqlstate(db), "22021");
}

static void a_late_read_is_unavailable_and_a_late_write_is_in_doubt(void **state)
{
	const struct gh_db_statement read = { .sql = "SELECT pg_sleep(5)", .reads = true };
	const struct gh_db_statement write = {
		.sql = "INSERT INTO public.t SELECT 5 FROM pg_sleep(5)"
	};
	uint64_t began = gh_clock_mono_ns();

	assert_code(gh_db_exec(db, &read, began + 200000000, NULL), GH_E_UNAVAILABLE);
	assert_true(gh_clock_mono_ns() - began < UINT64_C(2000000000));
	assert_false(gh_db_alive(db));
	assert_null(gh_db_raw(db));
	assert_code(gh_db_exec(db, &read, in_seconds(10), NULL), GH_E_UNAVAILABLE);
	gh_db_close(db);
	assert_ok(fixture_connect(&fixture, GH_DB_ROLE_ADMIN, &db));
	assert_code(gh_db_exec(db, &write, gh_clock_mono_ns() + 200000000, NULL), GH_E_IN_DOUBT);
	assert_false(gh_db_alive(db));
}

static void a_server_that_ends_the_session_leaves_a_write_in_doubt(void **state)
{
	assert_code(
	    run("INSERT INTO public.t SELECT 6 FROM pg_terminate_backend(pg_backend_pid())"),
	    GH_E_IN_DOUBT);
	assert_false(gh_db_alive(db));
}

static void warnings_are_counted_and_notices_are_not(void **state)
{
	assert_ok(
	    run("DO $$ BEGIN RAISE WARNING 'w'; RAISE NOTICE 'n'; RAISE WARNING 'w'; END $$"));
	assert_int_equal(gh_db_warnings(db), 2);
	assert_ok(run("SELECT 1"));
	assert_int_equal(gh_db_warnings(db), 0);
}

/* Raised by a deferred trigger: after the INSERT has said that it is done, before the commit has.
 */
static void a_warning_at_commit_is_counted_too(void **state)
{
	assert_ok(gh_db_script(
	    db,
	    "CREATE OR REPLACE FUNCTION public.warn() RETURNS trigger LANGUAGE plpgsql AS "
	    "$$ BEGIN RAISE WARNING 'at commit'; RETURN NULL; END $$;"
	    "CREATE TABLE public.late (n int);"
	    "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON public.late DEFERRABLE INITIALLY "
	    "DEFERRED "
	    "FOR EACH ROW EXECUTE FUNCTION public.warn()",
	    in_seconds(10)));
	assert_ok(run("INSERT INTO public.late VALUES (1)"));
	assert_int_equal(gh_db_warnings(db), 1);
}

static void large_values_go_both_ways_in_one_pipeline(void **state)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf big = { 0 };
	struct gh_db_statement statements[4];
	struct gh_db_result *rows[4];
	struct gh_slice back;

	for (int i = 0; i < 300000; i++)
		gh_buf_add(&big, "0123456789", 10);
	const struct gh_db_value value = gh_db_bytea(gh_buf_slice(&big));

	for (int i = 0; i < 4; i++)
		statements[i] = (struct gh_db_statement){
			.sql = "SELECT $1", .values = &value, .value_count = 1, .once = true
		};
	assert_ok(gh_db_batch(db, statements, 4, in_seconds(30), rows, NULL));
	for (int i = 0; i < 4; i++) {
		assert_ok(gh_db_get_bytea(rows[i], 0, 0, &back));
		assert_true(gh_slice_eq(back, gh_buf_slice(&big)));
	}
	gh_db_results_free(rows, 4);
}

static void arrays_feed_unnest(void **state)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf numbers = { 0 };

	gh_db_array_begin(&numbers, GH_DB_INT8, 1000);
	for (int i = 0; i < 1000; i++)
		gh_db_array_add_int8(&numbers, 1000 + i);
	const struct gh_db_value value = gh_db_array(&numbers, GH_DB_INT8);
	const struct gh_db_statement insert = {
		.sql = "INSERT INTO public.t SELECT * FROM unnest($1)",
		.values = &value,
		.value_count = 1,
	};
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;

	assert_ok(gh_db_exec(db, &insert, in_seconds(10), &rows));
	assert_int_equal(gh_db_affected(rows), 1000);
	assert_int_equal(number_of("SELECT sum(n)::bigint FROM public.t"), 1499500);
}

static void a_script_that_fails_leaves_no_transaction_open(void **state)
{
	assert_code(gh_db_script(db, "BEGIN; INSERT INTO public.t VALUES (1); SELECT 1/0; COMMIT",
	                         in_seconds(10)),
	            GH_E_FORMAT);
	assert_true(gh_db_alive(db));
	assert_code(gh_db_script(db, "BEGIN; INSERT INTO public.t VALUES (1)", in_seconds(10)),
	            GH_E_INTERNAL);
	assert_int_equal(number_of("SELECT count(*) FROM public.t"), 0);
}

static void a_wrong_password_is_denied_and_an_absent_server_is_unavailable(void **state)
{
	struct gh_db_param params[] = {
		{ "host", gh_cluster_socket_dir(fixture.cluster) },
		{ "port", "5432" },
		{ "user", GH_DB_ROLE_APP },
		{ "dbname", GH_DB_NAME },
		{ "password", "not-the-password" },
	};
	const struct gh_db_config config = { .params = params, .param_count = 5 };
	struct gh_db *none;

	assert_code(gh_db_connect(&config, in_seconds(10), &none), GH_E_DENIED);
	assert_null(strstr(gh_last_error()->text, "not-the-password"));
	params[0].value = "/nowhere";
	assert_code(gh_db_connect(&config, in_seconds(10), &none), GH_E_UNAVAILABLE);
	params[0] = (struct gh_db_param){ "options", "-c request.jwt.claims=x" };
	assert_code(gh_db_connect(&config, in_seconds(10), &none), GH_E_ARGUMENT);
	assert_null(none);
}

static void only_our_roles_get_in_and_only_to_our_database(void **state)
{
	struct gh_db *none;

	assert_ok(gh_db_script(db, "CREATE ROLE outsider LOGIN PASSWORD 'outsider-password'",
	                       in_seconds(10)));
	assert_code(gh_cluster_connect(fixture.cluster, GH_DB_NAME, "outsider", "outsider-password",
	                               in_seconds(10), &none),
	            GH_E_UNAVAILABLE); /* rejected before a password is asked for */
	assert_code(gh_cluster_connect(fixture.cluster, "postgres", GH_DB_ROLE_APP,
	                               FIXTURE_APP_PASSWORD, in_seconds(10), &none),
	            GH_E_UNAVAILABLE);
}

#define DB_TEST(name) cmocka_unit_test_setup_teardown(name, connect_admin, disconnect)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DB_TEST(every_kind_of_value_comes_back_as_it_went),
		DB_TEST(a_cell_that_is_not_what_was_asked_for_is_refused),
		DB_TEST(a_batch_is_one_transaction),
		DB_TEST(a_statement_is_prepared_once_and_stays_after_an_error),
		DB_TEST(more_statements_than_can_be_kept_prepared_still_run),
		DB_TEST(errors_carry_a_code_and_no_values),
		DB_TEST(text_with_a_nul_is_refused_by_the_server),
		DB_TEST(a_late_read_is_unavailable_and_a_late_write_is_in_doubt),
		DB_TEST(a_server_that_ends_the_session_leaves_a_write_in_doubt),
		DB_TEST(warnings_are_counted_and_notices_are_not),
		DB_TEST(a_warning_at_commit_is_counted_too),
		DB_TEST(large_values_go_both_ways_in_one_pipeline),
		DB_TEST(arrays_feed_unnest),
		DB_TEST(a_script_that_fails_leaves_no_transaction_open),
		DB_TEST(a_wrong_password_is_denied_and_an_absent_server_is_unavailable),
		DB_TEST(only_our_roles_get_in_and_only_to_our_database),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
