/* Making, starting and stopping the embedded cluster, and what it is like on disk. */
#include "../gh_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "db/cluster_files.h"
#include "fixture.h"

static struct fixture fixture;
static bool was_root;

static int start(void **state)
{
	was_root = geteuid() == 0;
	if (was_root) { /* before root is given up */
		const struct gh_cluster_config config = { .dir = "/tmp",
			                                  .library_dir = "/tmp",
			                                  .key_file = "/tmp/k" };
		struct gh_cluster *none;

		if (gh_cluster_open(&config, &none) != GH_E_DENIED)
			return -1;
	}
	return fixture_start(&fixture, getenv("GATEHOUSE_CLAIMS_MODULE")) == GH_OK ? 0 : -1;
}

static int stop(void **state)
{
	return fixture_stop(&fixture) == GH_OK ? 0 : -1;
}

static struct gh_cluster_config config(void)
{
	return (struct gh_cluster_config){ .dir = fixture.dir,
		                           .library_dir = fixture.library_dir,
		                           .key_file = fixture.key_file };
}

static void root_is_refused(void **state)
{
	if (!was_root)
		skip(); /* start() checked it when there was root to refuse */
	assert_true(geteuid() != 0);
}

static void the_password_file_is_gone_and_the_files_are_private(void **state)
{
	char path[128];
	struct stat status;

	snprintf(path, sizeof path, "%s/pg.pw", fixture.dir);
	assert_int_not_equal(access(path, F_OK), 0);
	snprintf(path, sizeof path, "%s/pg", fixture.dir);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 077, 0);
	assert_int_equal(stat(gh_cluster_socket_dir(fixture.cluster), &status), 0);
	assert_int_equal(status.st_mode & 077, 0);
	snprintf(path, sizeof path, "%s/pg/pg_hba.conf", fixture.dir);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 077, 0);
}

static void the_server_has_the_settings_that_the_log_relies_on(void **state)
{
	static const char *const expected[][2] = {
		{ "fsync", "on" },
		{ "synchronous_commit", "on" },
		{ "full_page_writes", "on" },
		{ "data_checksums", "on" },
		{ "listen_addresses", "" },
		{ "password_encryption", "scram-sha-256" },
		{ "server_encoding", "UTF8" },
		{ "lc_collate", "C" },
		{ "shared_preload_libraries", "gatehouse_claims" },
		{ "log_min_error_statement", "panic" },
		{ "track_activities", "off" },
		{ "max_prepared_transactions", "0" },
	};
	GH_CLEANUP(gh_db_close_ptr) struct gh_db *db = NULL;

	assert_ok(fixture_connect(&fixture, GH_DB_ROLE_ADMIN, &db));
	for (size_t i = 0; i < GH_ARRAY_LEN(expected); i++) {
		const struct gh_db_value name = gh_db_str(expected[i][0]);
		const struct gh_db_statement show = { .sql = "SELECT current_setting($1)",
			                              .values = &name,
			                              .value_count = 1 };
		GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;
		struct gh_slice value;

		assert_ok(gh_db_exec(db, &show, in_seconds(10), &rows));
		assert_ok(gh_db_get_text(rows, 0, 0, &value));
		assert_true(gh_slice_eq_str(value, expected[i][1]));
	}
}

static void nothing_of_a_failed_statement_reaches_the_servers_log(void **state)
{
	static const char needle[] = "needle-in-a-statement";
	GH_CLEANUP(gh_db_close_ptr) struct gh_db *db = NULL;
	GH_CLEANUP(gh_buf_free) struct gh_buf log = { 0 };
	char path[160];

	assert_ok(fixture_connect(&fixture, GH_DB_ROLE_ADMIN, &db));
	const struct gh_db_value value = gh_db_str(needle);
	const struct gh_db_statement failing = {
		.sql = "SELECT 1/0 WHERE $1 = 'needle-in-a-statement'",
		.values = &value,
		.value_count = 1,
	};
	assert_code(gh_db_exec(db, &failing, in_seconds(10), NULL), GH_E_FORMAT);
	const struct gh_db_statement duplicate = {
		.sql = "INSERT INTO gatehouse.tenant SELECT gen_random_uuid(), $1, now(), '[]'",
		.values = &value,
		.value_count = 1,
	};
	assert_code(gh_db_exec(db, &duplicate, in_seconds(10), NULL), GH_E_FORMAT);

	snprintf(path, sizeof path, "cat %s/*", gh_cluster_log_path(fixture.cluster));
	const char *const argv[] = { "/bin/sh", "-c", path, NULL };

	assert_ok(gh_run_program(argv, in_seconds(10), &log, NULL));
	assert_non_null(strstr(gh_buf_cstr(&log), "division by zero"));
	assert_null(strstr(gh_buf_cstr(&log), needle));
}

static void an_existing_cluster_is_not_made_again(void **state)
{
	assert_true(gh_cluster_exists(fixture.cluster));
	assert_code(gh_cluster_init(fixture.cluster, FIXTURE_ADMIN_PASSWORD, in_seconds(60)),
	            GH_E_CONFLICT);
}

static void it_stops_and_starts_again_with_its_data(void **state)
{
	GH_CLEANUP(gh_db_close_ptr) struct gh_db *db = NULL;

	assert_ok(fixture_stop_server(&fixture));
	assert_code(fixture_connect(&fixture, GH_DB_ROLE_ADMIN, &db), GH_E_UNAVAILABLE);
	assert_ok(fixture_start_server(&fixture));
	assert_ok(fixture_connect(&fixture, GH_DB_ROLE_APP, &db));
}

static void a_server_that_cannot_start_is_noticed_at_once(void **state)
{
	struct fixture broken = fixture;
	struct gh_cluster_config wrong = config();
	uint64_t began;

	/* Without its module it does not come up at all: no module, no tenants. */
	wrong.library_dir = "/nowhere";
	assert_ok(fixture_stop_server(&fixture));
	assert_ok(gh_cluster_open(&wrong, &broken.cluster));
	began = gh_clock_mono_ns();
	assert_code(fixture_start_server(&broken), GH_E_UNAVAILABLE);
	assert_true(gh_clock_mono_ns() - began < UINT64_C(20000000000));
	assert_non_null(strstr(gh_last_error()->text, "ended at its start"));
	assert_int_equal(waitpid(broken.server, NULL, 0), broken.server); /* left to us to reap */
	gh_cluster_close(broken.cluster);
	assert_ok(fixture_start_server(&fixture));
}

static void a_long_state_directory_gets_a_short_socket_directory(void **state)
{
	struct gh_cluster_config long_dir = config();
	struct gh_cluster *cluster;
	char dir[200];

	snprintf(dir, sizeof dir, "%s/%0100d", fixture.dir, 0);
	long_dir.dir = dir;
	assert_ok(gh_cluster_open(&long_dir, &cluster));
	assert_true(strlen(gh_cluster_socket_dir(cluster)) < 60);
	assert_ptr_equal(strstr(gh_cluster_socket_dir(cluster), "/tmp/gatehouse-"),
	                 gh_cluster_socket_dir(cluster));
	gh_cluster_close(cluster);
}

static void a_path_that_could_end_a_setting_is_refused(void **state)
{
	static const char *const bad[] = { "/a'b", "/a\nb", "relative", "/a,b", "/a\\b" };
	struct gh_cluster *none;

	for (size_t i = 0; i < GH_ARRAY_LEN(bad); i++) {
		struct gh_cluster_config wrong = config();

		wrong.library_dir = bad[i];
		assert_code(gh_cluster_open(&wrong, &none), GH_E_ARGUMENT);
	}
}

static void an_absent_or_foreign_server_is_named_in_the_error(void **state)
{
	struct gh_cluster_config absent = config();
	struct gh_cluster *none;

	absent.bindir = "/nowhere";
	assert_code(gh_cluster_open(&absent, &none), GH_E_UNAVAILABLE);
	assert_non_null(strstr(gh_last_error()->text, "postgresql-"));
}

/* A program that calls itself an old server. */
static void a_server_below_the_floor_is_refused_with_its_version(void **state)
{
	struct gh_cluster_config old = config();
	struct gh_cluster *none;
	char dir[96], path[112];

	snprintf(dir, sizeof dir, "%s/old", fixture.dir);
	snprintf(path, sizeof path, "%s/postgres", dir);
	assert_int_equal(mkdir(dir, 0700), 0);
	assert_ok(
	    gh_file_replace(path, GH_SLICE("#!/bin/sh\necho 'postgres (PostgreSQL) 15.17'\n")));
	assert_int_equal(chmod(path, 0700), 0);
	old.bindir = dir;
	assert_code(gh_cluster_open(&old, &none), GH_E_UNAVAILABLE);
	assert_non_null(strstr(gh_last_error()->text, "15.17 is below"));
	assert_ok(
	    gh_file_replace(path, GH_SLICE("#!/bin/sh\necho 'postgres (PostgreSQL) 14.99'\n")));
	assert_int_equal(chmod(path, 0700), 0);
	assert_code(gh_cluster_open(&old, &none), GH_E_UNAVAILABLE);
	assert_non_null(strstr(gh_last_error()->text, "14 found"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(root_is_refused),
		cmocka_unit_test(the_password_file_is_gone_and_the_files_are_private),
		cmocka_unit_test(the_server_has_the_settings_that_the_log_relies_on),
		cmocka_unit_test(nothing_of_a_failed_statement_reaches_the_servers_log),
		cmocka_unit_test(an_existing_cluster_is_not_made_again),
		cmocka_unit_test(it_stops_and_starts_again_with_its_data),
		cmocka_unit_test(a_server_that_cannot_start_is_noticed_at_once),
		cmocka_unit_test(a_long_state_directory_gets_a_short_socket_directory),
		cmocka_unit_test(a_path_that_could_end_a_setting_is_refused),
		cmocka_unit_test(an_absent_or_foreign_server_is_named_in_the_error),
		cmocka_unit_test(a_server_below_the_floor_is_refused_with_its_version),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
