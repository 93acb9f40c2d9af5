/* What row security costs: one indexed row, read in one round trip, without it and under it with a
 * token that PostgreSQL verifies. Every form runs in turn, round by round on one connection each,
 * so that what disturbs one disturbs all. Prints a table, and JSON with --json.
 *   GATEHOUSE_CLAIMS_MODULE=BUILD/src/db/gatehouse_claims.so BUILD/tests/unit/db/bench_rls [--json]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fixture.h"

#define ROUNDS      120
#define READS       300
#define TENANTS     200
#define ROWS        1000 /* of each tenant */
#define TARGET      1.35 /* of the same query without row security */
#define ROW_QUERY   "SELECT body FROM bench.note WHERE id = $1"
#define PLAIN_QUERY "SELECT body FROM bench.plain WHERE tenant_id = $1 AND id = $2"

enum form { PLAIN, PLAIN_BEGIN, VERIFIED, LITERAL, FRESH_TOKEN, FOUR_TRIPS, FORMS };

static const char *const titles[FORMS] = {
	[PLAIN] = "no row security, one round trip",
	[PLAIN_BEGIN] = "no row security, BEGIN .. COMMIT, three round trips",
	[VERIFIED] = "verified token, policy with tenant_id(), one round trip",
	[LITERAL] = "verified token, policy with request.jwt.claims, one round trip",
	[FRESH_TOKEN] = "the same, a token never seen before (RS256 each time)",
	[FOUR_TRIPS] = "verified token, BEGIN, open, query, COMMIT, four round trips",
};

struct series {
	double best_us[ROUNDS];
	double median_us[ROUNDS];
};

static struct gh_buf tokens[TENANTS];
static struct gh_uuid tenants[TENANTS];

static const char schema[] =
    "CREATE SCHEMA bench;"
    "CREATE TABLE bench.note (tenant_id uuid, id bigint, body text, PRIMARY KEY (tenant_id, id));"
    "INSERT INTO bench.note SELECT ('018f0000-0000-7000-8000-' || lpad(to_hex(t), 12, '0'))::uuid,"
    "  i, repeat('x', 100) FROM generate_series(1, 200) t, generate_series(1, 1000) i;"
    "CREATE TABLE bench.plain (LIKE bench.note INCLUDING ALL);"
    "INSERT INTO bench.plain SELECT * FROM bench.note;"
    "CREATE TABLE bench.literal (LIKE bench.note INCLUDING ALL);"
    "INSERT INTO bench.literal SELECT * FROM bench.note;"
    "ALTER TABLE bench.note ENABLE ROW LEVEL SECURITY; ALTER TABLE bench.note FORCE ROW LEVEL "
    "SECURITY;"
    "ALTER TABLE bench.literal ENABLE ROW LEVEL SECURITY; ALTER TABLE bench.literal FORCE ROW "
    "LEVEL "
    "SECURITY;"
    "CREATE POLICY isolation ON bench.note USING (tenant_id = (SELECT gatehouse.tenant_id()));"
    "CREATE POLICY isolation ON bench.literal USING (tenant_id = "
    "  (current_setting('request.jwt.claims')::jsonb #>> '{tenant_id}')::uuid);"
    "GRANT USAGE ON SCHEMA bench TO gatehouse_app;"
    "GRANT SELECT ON ALL TABLES IN SCHEMA bench TO gatehouse_app";

static void must(enum gh_code code)
{
	if (code == GH_OK)
		return;
	fprintf(stderr, "bench_rls: %s (%s:%d)\n", gh_last_error()->text, gh_last_error()->file,
	        gh_last_error()->line);
	exit(1);
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void expect_one(struct gh_db_result *rows)
{
	if (gh_db_rows(rows) != 1) {
		fprintf(stderr, "bench_rls: a read gave %zu rows\n", gh_db_rows(rows));
		exit(1);
	}
	gh_db_result_free(rows);
}

static void exec(struct gh_db *db, const char *sql)
{
	const struct gh_db_statement statement = { .sql = sql, .reads = true };

	must(gh_db_exec(db, &statement, in_seconds(10), NULL));
}

static void read_plain(struct gh_db *db, size_t tenant, int64_t id)
{
	const struct gh_db_value values[] = { gh_db_uuid(&tenants[tenant]), gh_db_int8(id) };
	const struct gh_db_statement query = {
		.sql = PLAIN_QUERY, .values = values, .value_count = 2, .reads = true
	};
	struct gh_db_result *rows;

	must(gh_db_exec(db, &query, in_seconds(10), &rows));
	expect_one(rows);
}

static void read_tenant(struct gh_db *db, const struct gh_buf *token, const char *sql, int64_t id)
{
	const struct gh_db_value value = gh_db_int8(id);
	const struct gh_db_statement query = {
		.sql = sql, .values = &value, .value_count = 1, .reads = true
	};
	struct gh_db_result *rows;

	must(gh_db_tenant(db, gh_buf_slice(token), NULL, &query, 1, in_seconds(10), &rows, NULL));
	expect_one(rows);
}

/* Through libpq itself: gh_db_exec refuses to run inside an open transaction. */
static void four_trips(struct gh_db *db, const struct gh_buf *token, int64_t id)
{
	PGconn *pg = gh_db_raw(db);
	char number[24];
	const char *const open_values[] = { gh_buf_cstr(token) }, *const values[] = { number };

	snprintf(number, sizeof number, "%" PRId64, id);
	PQclear(PQexec(pg, "BEGIN"));
	PQclear(PQexecPrepared(pg, "bench_open", 1, open_values, NULL, NULL, 1));
	PGresult *rows = PQexecPrepared(pg, "bench_row", 1, values, NULL, NULL, 1);

	if (PQntuples(rows) != 1) {
		fprintf(stderr, "bench_rls: %s\n", PQerrorMessage(pg));
		exit(1);
	}
	PQclear(rows);
	PQclear(PQexec(pg, "COMMIT"));
}

static void plain_trips(struct gh_db *db, size_t tenant, int64_t id)
{
	PGconn *pg = gh_db_raw(db);
	char number[24], uuid[GH_UUID_TEXT_BYTES];
	const char *const values[] = { uuid, number };

	gh_uuid_format(&tenants[tenant], uuid);
	snprintf(number, sizeof number, "%" PRId64, id);
	PQclear(PQexec(pg, "BEGIN"));
	PQclear(PQexecPrepared(pg, "bench_plain", 2, values, NULL, NULL, 1));
	PQclear(PQexec(pg, "COMMIT"));
}

static void one_read(enum form form, struct gh_db *db, const struct gh_buf *fresh, size_t n)
{
	/* 16 tenants at a time, as many as a backend's cache holds with ease. */
	size_t tenant = n % 16;
	int64_t id = (int64_t)(n * 7919 % ROWS) + 1;

	switch (form) {
	case PLAIN: read_plain(db, tenant, id); break;
	case PLAIN_BEGIN: plain_trips(db, tenant, id); break;
	case VERIFIED: read_tenant(db, &tokens[tenant], ROW_QUERY, id); break;
	case LITERAL:
		read_tenant(db, &tokens[tenant], "SELECT body FROM bench.literal WHERE id = $1",
		            id);
		break;
	case FRESH_TOKEN: read_tenant(db, fresh, ROW_QUERY, id); break;
	case FOUR_TRIPS: four_trips(db, &tokens[tenant], id); break;
	default: break;
	}
}

/* A token ends after 60 seconds; new ones well before that, outside what is timed. */
static void renew(EVP_PKEY *key)
{
	for (size_t i = 0; i < 16; i++) {
		char text[GH_UUID_TEXT_BYTES];

		gh_uuid_format(&tenants[i], text);
		gh_buf_clear(&tokens[i]);
		fixture_token(key, "good", text, &tokens[i]);
	}
}

static void run_round(enum form form, struct gh_db *db, EVP_PKEY *key, size_t round,
                      struct series *out)
{
	static struct gh_buf fresh[READS];
	double took_us[READS];

	for (size_t i = 0; form == FRESH_TOKEN && i < READS / 6; i++) {
		char text[GH_UUID_TEXT_BYTES];

		/* Each differs from any before by its tenant or its second. */
		gh_uuid_format(&tenants[(round * 50 + i) % TENANTS], text);
		gh_buf_clear(&fresh[i]);
		fixture_token(key, "good", text, &fresh[i]);
	}
	size_t reads = form == FRESH_TOKEN ? READS / 6 : READS;

	for (size_t i = 0; i < reads; i++) {
		uint64_t began = gh_clock_mono_ns();

		one_read(form, db, &fresh[i], round * READS + i);
		took_us[i] = (double)(gh_clock_mono_ns() - began) / 1000;
	}
	qsort(took_us, reads, sizeof took_us[0], ascending);
	out->best_us[round] = took_us[0];
	out->median_us[round] = took_us[reads / 2];
}

static void report(struct series *series, bool json)
{
	double best[FORMS], median[FORMS];

	for (size_t i = 0; i < FORMS; i++) {
		qsort(series[i].best_us, ROUNDS, sizeof(double), ascending);
		qsort(series[i].median_us, ROUNDS, sizeof(double), ascending);
		/* The lower quartile of the rounds' medians: the others were disturbed by
		 * neighbours. */
		best[i] = series[i].best_us[0];
		median[i] = series[i].median_us[ROUNDS / 4];
	}
	if (json)
		printf("{\"benchmark\":\"rls\",\"unit\":\"us\",\"target_ratio\":%.2f,\"forms\":[",
		       TARGET);
	else
		printf(
		    "| one indexed row | best us | ratio | p50 us | ratio |\n|--|--|--|--|--|\n");
	for (size_t i = 0; i < FORMS; i++)
		printf(json ? "%s{\"form\":\"%s\",\"best\":%.1f,\"best_ratio\":%.2f,\"p50\":%.1f,"
		              "\"p50_ratio\":%.2f}"
		            : "%s| %s | %.1f | %.2f | %.1f | %.2f |\n",
		       json && i ? "," : "", titles[i], best[i], best[i] / best[PLAIN], median[i],
		       median[i] / median[PLAIN]);
	if (json)
		printf("],\"holds\":%s}\n",
		       median[VERIFIED] / median[PLAIN] <= TARGET ? "true" : "false");
	else
		printf(
		    "\ntarget: at most %.2f of the same query without row security; measured %.2f "
		    "(p50)\n",
		    TARGET, median[VERIFIED] / median[PLAIN]);
}

static void prepare(struct gh_db *db)
{
	exec(db, "PREPARE bench_open (text) AS SELECT gatehouse.open($1)");
	exec(db, "PREPARE bench_row (bigint) AS " ROW_QUERY);
	exec(db, "PREPARE bench_plain (uuid, bigint) AS " PLAIN_QUERY);
}

int main(int argc, char **argv)
{
	static struct series series[FORMS];
	struct fixture fixture;
	struct gh_db *admin, *db[FORMS];

	must(fixture_start(&fixture, getenv("GATEHOUSE_CLAIMS_MODULE")));
	must(fixture_connect(&fixture, GH_DB_ROLE_ADMIN, &admin));
	must(gh_db_script(admin, schema, in_seconds(120)));
	must(gh_db_script(admin, "VACUUM ANALYZE", in_seconds(120)));
	gh_db_close(admin);
	for (size_t i = 0; i < TENANTS; i++) {
		char text[GH_UUID_TEXT_BYTES];

		snprintf(text, sizeof text, "018f0000-0000-7000-8000-%012zx", i + 1);
		must(gh_uuid_parse(gh_slice_str(text), &tenants[i]));
	}
	for (size_t i = 0; i < FORMS; i++) {
		must(fixture_connect(&fixture, GH_DB_ROLE_APP, &db[i]));
		prepare(db[i]);
	}
	for (size_t round = 0; round < ROUNDS; round++) {
		if (round % 20 == 0)
			renew(fixture.key);
		for (size_t i = 0; i < FORMS; i++)
			run_round((enum form)i, db[i], fixture.key, round, &series[i]);
	}
	report(series, argc > 1 && strcmp(argv[1], "--json") == 0);
	for (size_t i = 0; i < FORMS; i++)
		gh_db_close(db[i]);
	for (size_t i = 0; i < TENANTS; i++)
		gh_buf_free(&tokens[i]);
	must(fixture_stop(&fixture));
	return 0;
}
