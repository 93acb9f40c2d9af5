/* The tenant transaction: who sees what is decided by the token, inside the database. */
#include "../gh_test.h"

#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fixture.h"

#include "db/connection.h"

static struct fixture fixture;

static int start(void **state)
{
	static const char seed[] =
	    "INSERT INTO gatehouse.tenant (tenant_id, name) VALUES ('" TENANT_A
	    "', 'a'), ('" TENANT_B "', 'b');"
	    "CREATE TABLE gatehouse.deferred (n int UNIQUE DEFERRABLE INITIALLY DEFERRED);"
	    "GRANT INSERT, SELECT ON gatehouse.deferred TO gatehouse_app";
	GH_CLEANUP(gh_db_close_ptr) struct gh_db *admin = NULL;

	assert_ok(fixture_start(&fixture, getenv("GATEHOUSE_CLAIMS_MODULE")));
	assert_ok(fixture_connect(&fixture, GH_DB_ROLE_ADMIN, &admin));
	assert_ok(gh_db_script(admin, seed, in_seconds(10)));
	return 0;
}

static int stop(void **state)
{
	return fixture_stop(&fixture) == GH_OK ? 0 : -1;
}

static struct gh_db *app(void)
{
	struct gh_db *db;

	assert_ok(fixture_connect(&fixture, GH_DB_ROLE_APP, &db));
	return db;
}

static struct gh_buf token(const char *kind, const char *tenant)
{
	struct gh_buf out = { 0 };

	assert_true(fixture_token(fixture.key, kind, tenant, &out));
	return out;
}

static const struct gh_db_statement names = { .sql = "SELECT name FROM gatehouse.tenant",
	                                      .reads = true };

/* The names that a token of this tenant sees, "" for none. */
static void assert_sees(struct gh_db *db, const char *tenant, const char *expected)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf t = token("good", tenant);
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;
	struct gh_slice name;

	assert_ok(gh_db_tenant(db, gh_buf_slice(&t), NULL, &names, 1, in_seconds(10), &rows, NULL));
	assert_int_equal(gh_db_rows(rows), expected[0] ? 1 : 0);
	if (expected[0]) {
		assert_ok(gh_db_get_text(rows, 0, 0, &name));
		assert_true(gh_slice_eq_str(name, expected));
	}
}

static void a_token_opens_its_tenants_rows_and_no_others(void **state)
{
	GH_CLEANUP(gh_db_close_ptr) struct gh_db *db = app();

	assert_sees(db, TENANT_A, "a");
	assert_sees(db, TENANT_B, "b");
	assert_sees(db, "018f0000-0000-7000-8000-0000000000ff", "");
}

static void the_claim_is_gone_after_the_call(void **state)
{
	GH_CLEANUP(gh_db_close_ptr) struct gh_db *db = app();
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;
	const struct gh_db_statement after = {
		.sql = "SELECT gatehouse.tenant_id() IS NULL, count(*), "
		       "current_setting('request.jwt.claims') FROM gatehouse.tenant",
		.reads = true,
	};
	struct gh_slice claims;
	int64_t count;
	bool gone;

	assert_sees(db, TENANT_A, "a");
	assert_ok(gh_db_exec(db, &after, in_seconds(10), &rows));
	assert_ok(gh_db_get_bool(rows, 0, 0, &gone));
	assert_ok(gh_db_get_int(rows, 0, 1, &count));
	assert_ok(gh_db_get_text(rows, 0, 2, &claims));
	assert_true(gone);
	assert_int_equal(count, 0);
	assert_true(gh_slice_eq_str(claims, "{}"));
}

static void several_statements_see_one_tenant_and_its_request(void **state)
{
	GH_CLEANUP(gh_db_close_ptr) struct gh_db *db = app();
	GH_CLEANUP(gh_buf_free) struct gh_buf t = token("good", TENANT_A);
	const struct gh_uuid request = gh_uuid_v7();
	const struct gh_db_value value = gh_db_str("a");
	const struct gh_db_statement statements[] = {
		{ .sql = "SELECT gatehouse.request_id(), gatehouse.tenant_id()" },
		{ .sql = "UPDATE gatehouse.tenant SET name = $1",
		  .values = &value,
		  .value_count = 1 },
		{ .sql = "SELECT count(*) FROM gatehouse.tenant" },
	};
	struct gh_db_result *rows[3];
	struct gh_uuid seen;
	int64_t count;

	assert_ok(gh_db_tenant(db, gh_buf_slice(&t), &request, statements, 3, in_seconds(10), rows,
	                       NULL));
	assert_ok(gh_db_get_uuid(rows[0], 0, 0, &seen));
	assert_true(gh_uuid_eq(&seen, &request));
	assert_int_equal(gh_db_affected(rows[1]), 1); /* of two in the table */
	assert_ok(gh_db_get_int(rows[2], 0, 0, &count));
	assert_int_equal(count, 1);
	gh_db_results_free(rows, 3);
}

static void a_refused_token_skips_every_statement_behind_it(void **state)
{
	static const char *const bad[] = { "expired",        "alg-none",  "alg-hs256",  "tampered",
		                           "other-audience", "lasts-61s", "unknown-kid" };
	GH_CLEANUP(gh_db_close_ptr) struct gh_db *db = app();
	char first[sizeof gh_last_error()->text] = "";

	for (size_t i = 0; i < GH_ARRAY_LEN(bad); i++) {
		GH_CLEANUP(gh_buf_free) struct gh_buf t = token(bad[i], TENANT_A);
		/* No policy is on this table: only the abort keeps the row out. */
		const struct gh_db_statement insert = {
			.sql = "INSERT INTO gatehouse.deferred VALUES (1)"
		};
		struct gh_db_result *rows = (struct gh_db_result *)1;

		assert_code(gh_db_tenant(db, gh_buf_slice(&t), NULL, &insert, 1, in_seconds(10),
		                         &rows, NULL),
		            GH_E_DENIED);
		assert_null(rows);
		assert_string_equal(gh_db_sqlstate(db), "42501");
		if (i == 0)
			memcpy(first, gh_last_error()->text, sizeof first);
		assert_string_equal(gh_last_error()->text, first);
		assert_true(gh_db_alive(db));
	}
	const struct gh_db_statement count = { .sql = "SELECT count(*) FROM gatehouse.deferred" };
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;
	int64_t number;

	assert_ok(gh_db_exec(db, &count, in_seconds(10), &rows));
	assert_ok(gh_db_get_int(rows, 0, 0, &number));
	assert_int_equal(number, 0);
	assert_sees(db, TENANT_A, "a");
}

static void a_write_for_another_tenant_is_denied_and_nothing_stays(void **state)
{
	GH_CLEANUP(gh_db_close_ptr) struct gh_db *db = app();
	GH_CLEANUP(gh_buf_free) struct gh_buf t = token("good", TENANT_A);
	struct gh_uuid other;
	size_t failed_at;

	assert_ok(gh_uuid_parse(GH_SLICE(TENANT_B), &other));
	const struct gh_db_value values[] = { gh_db_uuid(&other) };
	const struct gh_db_statement statements[] = {
		{ .sql = "UPDATE gatehouse.tenant SET name = 'changed'" },
		{ .sql = "INSERT INTO gatehouse.pii_mode VALUES ($1, 'name', 'prompt', 'off')",
		  .values = values,
		  .value_count = 1 },
	};

	assert_code(gh_db_tenant(db, gh_buf_slice(&t), NULL, statements, 2, in_seconds(10), NULL,
	                         &failed_at),
	            GH_E_DENIED);
	assert_int_equal(failed_at, 1);
	assert_sees(db, TENANT_A, "a");
}

static void a_commit_that_fails_fails_the_call(void **state)
{
	GH_CLEANUP(gh_db_close_ptr) struct gh_db *db = app();
	GH_CLEANUP(gh_buf_free) struct gh_buf t = token("good", TENANT_A);
	const struct gh_db_statement twice[] = {
		{ .sql = "INSERT INTO gatehouse.deferred VALUES (7)" },
		{ .sql = "INSERT INTO gatehouse.deferred VALUES (7)" },
	};
	size_t failed_at;

	/* Both statements succeed; the deferred constraint is checked at the Sync. */
	assert_code(
	    gh_db_tenant(db, gh_buf_slice(&t), NULL, twice, 2, in_seconds(10), NULL, &failed_at),
	    GH_E_CONFLICT);
	assert_int_equal(failed_at, 2);
	assert_true(gh_db_alive(db));
	assert_code(gh_db_batch(db, twice, 2, in_seconds(10), NULL, &failed_at), GH_E_CONFLICT);
	assert_int_equal(failed_at, 2);
	assert_sees(db, TENANT_A, "a");
}

static void a_token_that_was_good_ends_with_its_time(void **state)
{
	GH_CLEANUP(gh_db_close_ptr) struct gh_db *db = app();
	GH_CLEANUP(gh_buf_free) struct gh_buf t = token("short", TENANT_A);

	assert_ok(gh_db_tenant(db, gh_buf_slice(&t), NULL, &names, 1, in_seconds(10), NULL, NULL));
	sleep(3);
	assert_code(gh_db_tenant(db, gh_buf_slice(&t), NULL, &names, 1, in_seconds(10), NULL, NULL),
	            GH_E_DENIED);
}

static void a_withdrawn_key_ends_its_tokens_and_a_new_one_is_taken_up(void **state)
{
	GH_CLEANUP(gh_db_close_ptr) struct gh_db *db = app();
	GH_CLEANUP(gh_buf_free) struct gh_buf old = token("good", TENANT_A);
	EVP_PKEY *next = EVP_RSA_gen(2048);
	struct gh_buf fresh = { 0 };

	assert_ok(
	    gh_db_tenant(db, gh_buf_slice(&old), NULL, &names, 1, in_seconds(10), NULL, NULL));
	assert_ok(fixture_write_jwks(fixture.key_file, next, "test"));
	usleep(1200 * 1000);
	assert_code(
	    gh_db_tenant(db, gh_buf_slice(&old), NULL, &names, 1, in_seconds(10), NULL, NULL),
	    GH_E_DENIED);
	assert_true(fixture_token(next, "good", TENANT_A, &fresh));
	assert_ok(
	    gh_db_tenant(db, gh_buf_slice(&fresh), NULL, &names, 1, in_seconds(10), NULL, NULL));

	/* No file, no tokens; and back again. */
	assert_int_equal(unlink(fixture.key_file), 0);
	usleep(1200 * 1000);
	assert_code(
	    gh_db_tenant(db, gh_buf_slice(&fresh), NULL, &names, 1, in_seconds(10), NULL, NULL),
	    GH_E_DENIED);
	assert_ok(fixture_write_jwks(fixture.key_file, fixture.key, "test"));
	usleep(1200 * 1000);
	assert_sees(db, TENANT_A, "a");
	gh_buf_free(&fresh);
	EVP_PKEY_free(next);
}

static void many_tokens_do_not_grow_the_server(void **state)
{
	const struct gh_db_statement used = {
		.sql = "SELECT sum(total_bytes)::bigint FROM pg_backend_memory_contexts",
		.reads = true,
	};
	GH_CLEANUP(gh_db_close_ptr) struct gh_db *admin = NULL;
	int64_t before = 0, after = 0;

	assert_ok(fixture_connect(&fixture, GH_DB_ROLE_ADMIN, &admin));
	for (int i = 0; i < 2500; i++) {
		GH_CLEANUP(gh_buf_free) struct gh_buf t = { 0 };
		GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;
		const char *kind = i % 5 == 0 ? "tampered" : i % 2 ? "caps" : "good";
		char tenant[40];

		snprintf(tenant, sizeof tenant, "018f0000-0000-7000-8000-%012x", i + 1);
		assert_true(fixture_token(fixture.key, kind, tenant, &t));
		assert_code(gh_db_tenant(admin, gh_buf_slice(&t), NULL, &names, 1, in_seconds(10),
		                         NULL, NULL),
		            i % 5 == 0 ? GH_E_DENIED : GH_OK);
		if (i != 500 && i != 2499)
			continue;
		assert_ok(gh_db_exec(admin, &used, in_seconds(10), &rows));
		assert_ok(gh_db_get_int(rows, 0, 0, i == 500 ? &before : &after));
	}
	assert_true(after <= before + 16384);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_opens_its_tenants_rows_and_no_others),
		cmocka_unit_test(the_claim_is_gone_after_the_call),
		cmocka_unit_test(several_statements_see_one_tenant_and_its_request),
		cmocka_unit_test(a_refused_token_skips_every_statement_behind_it),
		cmocka_unit_test(a_write_for_another_tenant_is_denied_and_nothing_stays),
		cmocka_unit_test(a_commit_that_fails_fails_the_call),
		cmocka_unit_test(a_token_that_was_good_ends_with_its_time),
		cmocka_unit_test(a_withdrawn_key_ends_its_tokens_and_a_new_one_is_taken_up),
		cmocka_unit_test(many_tokens_do_not_grow_the_server),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
