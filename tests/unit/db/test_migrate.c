/* Migrations: in order, once, all or nothing, and never edited afterwards. */
#include "../gh_test.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "db/migrate.h"
#include "fixture.h"

static struct fixture fixture;
static struct gh_db *admin;

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
	return fixture_connect(&fixture, GH_DB_ROLE_ADMIN, &admin) == GH_OK ? 0 : -1;
}

static int disconnect(void **state)
{
	gh_db_close(admin);
	return 0;
}

/* The real list and some more behind it. */
static size_t extended(struct gh_migration *out, const char *const *sql, size_t count)
{
	memcpy(out, gh_migrations, gh_migration_count * sizeof *out);
	for (size_t i = 0; i < count; i++) {
		int64_t number = (int64_t)(gh_migration_count + i + 1);

		out[gh_migration_count + i] =
		    (struct gh_migration){ .number = number,
			                   .name = "more",
			                   .sql = sql[i],
			                   .sha256 = { (uint8_t)number } };
	}
	return gh_migration_count + count;
}

static bool exists(const char *table)
{
	const struct gh_db_value name = gh_db_str(table);
	const struct gh_db_statement statement = { .sql = "SELECT to_regclass($1) IS NOT NULL",
		                                   .values = &name,
		                                   .value_count = 1 };
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;
	bool there = false;

	assert_ok(gh_db_exec(admin, &statement, in_seconds(10), &rows));
	assert_ok(gh_db_get_bool(rows, 0, 0, &there));
	return there;
}

static void a_second_run_applies_nothing(void **state)
{
	struct gh_migrate_report report;

	assert_ok(gh_migrate(admin, gh_migrations, gh_migration_count, in_seconds(10), &report));
	assert_int_equal(report.applied, 0);
	assert_int_equal(report.present, gh_migration_count);
	assert_true(gh_migration_count >= 7);
}

static void every_role_can_check_the_schema(void **state)
{
	static const char *const roles[] = { GH_DB_ROLE_APP, GH_DB_ROLE_IDENTITY, GH_DB_ROLE_LOG };

	for (size_t i = 0; i < GH_ARRAY_LEN(roles); i++) {
		GH_CLEANUP(gh_db_close_ptr) struct gh_db *db = NULL;

		assert_ok(fixture_connect(&fixture, roles[i], &db));
		assert_ok(gh_migrate_check(db, gh_migrations, gh_migration_count, in_seconds(10)));
		assert_code(gh_migrate(db, gh_migrations, gh_migration_count, in_seconds(10), NULL),
		            GH_E_UNAVAILABLE); /* it may not take the lock */
	}
}

static void a_changed_file_is_refused_by_name(void **state)
{
	struct gh_migration list[32];
	struct gh_migrate_report report;
	size_t count = extended(list, NULL, 0);

	list[2].sha256[0] ^= 1;
	assert_code(gh_migrate(admin, list, count, in_seconds(10), &report), GH_E_CORRUPT);
	assert_int_equal(report.failed, 3);
	assert_non_null(strstr(gh_last_error()->text, "0003_tenant was changed"));
	assert_true(gh_db_alive(admin));
	assert_code(gh_migrate_check(admin, list, count, in_seconds(10)), GH_E_CORRUPT);
}

static void a_database_newer_than_the_program_is_refused(void **state)
{
	assert_code(gh_migrate(admin, gh_migrations, gh_migration_count - 1, in_seconds(10), NULL),
	            GH_E_CORRUPT);
	assert_non_null(strstr(gh_last_error()->text, "does not know"));
}

static void a_file_that_fails_leaves_nothing_and_those_before_it_stay(void **state)
{
	static const char *const sql[] = {
		"CREATE TABLE public.first (n int)",
		"CREATE TABLE public.second (n int); SELECT 1/0; CREATE TABLE public.third (n int)",
	};
	struct gh_migration list[32];
	struct gh_migrate_report report;
	size_t count = extended(list, sql, 2);

	assert_code(gh_migrate_check(admin, list, count, in_seconds(10)), GH_E_UNAVAILABLE);
	assert_code(gh_migrate(admin, list, count, in_seconds(10), &report), GH_E_FORMAT);
	assert_int_equal(report.applied, 1);
	assert_int_equal(report.failed, (int)count);
	assert_true(exists("public.first"));
	assert_false(exists("public.second"));
	assert_ok(gh_migrate_check(admin, list, count - 1, in_seconds(10)));

	/* Repaired, it goes on from there. */
	list[count - 1].sql = "CREATE TABLE public.second (n int) -- no newline at the end";
	assert_ok(gh_migrate(admin, list, count, in_seconds(10), &report));
	assert_int_equal(report.applied, 1);
	assert_true(exists("public.second"));
	assert_ok(gh_db_script(admin,
	                       "DELETE FROM gatehouse.migration WHERE name = 'more';"
	                       "DROP TABLE public.first, public.second",
	                       in_seconds(10)));
}

static void *migrate_slowly(void *arg)
{
	static const char *const sql[] = {
		"SELECT pg_sleep(0.5); CREATE TABLE public.once (n int)"
	};
	struct gh_migration list[32];
	struct gh_db *db;
	size_t count = extended(list, sql, 1);
	intptr_t code = fixture_connect(&fixture, GH_DB_ROLE_ADMIN, &db);

	if (code == GH_OK)
		code = gh_migrate(db, list, count, in_seconds(20), NULL);
	gh_db_close(db);
	return (void *)code;
}

static void two_migrators_at_once_apply_a_file_once(void **state)
{
	pthread_t threads[2];
	void *code;

	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, migrate_slowly, NULL), 0);
	for (int i = 0; i < 2; i++) {
		pthread_join(threads[i], &code);
		assert_int_equal((intptr_t)code, GH_OK);
	}
	assert_true(exists("public.once"));
	assert_ok(gh_db_script(admin, "DELETE FROM gatehouse.migration WHERE name = 'more'",
	                       in_seconds(10)));
}

static void a_migration_does_not_wait_for_another_beyond_its_deadline(void **state)
{
	GH_CLEANUP(gh_db_close_ptr) struct gh_db *other = NULL;

	assert_ok(fixture_connect(&fixture, GH_DB_ROLE_ADMIN, &other));
	assert_ok(gh_db_script(other, "SELECT pg_advisory_lock(x'67617465686f7573'::bigint)",
	                       in_seconds(10)));
	assert_code(gh_migrate(admin, gh_migrations, gh_migration_count, in_seconds(1), NULL),
	            GH_E_UNAVAILABLE);
}

#define MIGRATE_TEST(name) cmocka_unit_test_setup_teardown(name, connect_admin, disconnect)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MIGRATE_TEST(a_second_run_applies_nothing),
		MIGRATE_TEST(every_role_can_check_the_schema),
		MIGRATE_TEST(a_changed_file_is_refused_by_name),
		MIGRATE_TEST(a_database_newer_than_the_program_is_refused),
		MIGRATE_TEST(a_file_that_fails_leaves_nothing_and_those_before_it_stay),
		MIGRATE_TEST(two_migrators_at_once_apply_a_file_once),
		MIGRATE_TEST(a_migration_does_not_wait_for_another_beyond_its_deadline),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
