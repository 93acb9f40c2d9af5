/* Applies what is missing, in order. The record of a file is written by the transaction that runs
 * it, so that a file is applied and recorded, or neither. */
#include "db/migrate.h"

#include <ctype.h>
#include <string.h>

#include "base/codec.h"
#include "base/secret.h"
#include "db/connection.h"

/* Any number that other programs on this database are unlikely to use; "gatehous" in ASCII. */
#define LOCK_KEY INT64_C(0x67617465686f7573)

static const char bookkeeping[] =
    "CREATE SCHEMA IF NOT EXISTS gatehouse;"
    "CREATE TABLE IF NOT EXISTS gatehouse.migration ("
    "	number     bigint PRIMARY KEY CHECK (number > 0),"
    "	name       text NOT NULL,"
    "	sha256     bytea NOT NULL CHECK (octet_length(sha256) = 32),"
    "	applied_at timestamptz NOT NULL DEFAULT now())";

static gh_result read_applied(struct gh_db *db, uint64_t deadline_ns, struct gh_db_result **out)
{
	const struct gh_db_statement statement = {
		.sql = "SELECT number, name, sha256 FROM gatehouse.migration ORDER BY number",
		.reads = true,
		.once = true,
	};

	return gh_db_exec(db, &statement, deadline_ns, out);
}

/* The applied files must be the first ones of the list, unchanged. */
static gh_result compare(const struct gh_db_result *applied, const struct gh_migration *list,
                         size_t count, int64_t *differs)
{
	for (size_t i = 0; i < gh_db_rows(applied); i++) {
		struct gh_slice name;
		uint8_t sha256[32];
		int64_t number;

		GH_TRY(gh_db_get_int(applied, i, 0, &number));
		GH_TRY(gh_db_get_text(applied, i, 1, &name));
		GH_TRY(gh_db_get_fixed(applied, i, 2, sha256, sizeof sha256));
		*differs = number;
		GH_ENSURE(
		    i < count, GH_E_CORRUPT,
		    "the database has migration %04lld, which this program does not know: it is "
		    "older than the database",
		    (long long)number);
		GH_ENSURE(number == list[i].number && gh_slice_eq_str(name, list[i].name),
		          GH_E_CORRUPT, "migration %04lld_%s is not the one that was applied",
		          (long long)list[i].number, list[i].name);
		GH_ENSURE(
		    memcmp(sha256, list[i].sha256, sizeof sha256) == 0, GH_E_CORRUPT,
		    "migration %04lld_%s was changed after it was applied; add a new one instead",
		    (long long)number, list[i].name);
	}
	*differs = 0;
	return GH_OK;
}

static bool is_plain_name(const char *name)
{
	for (const char *c = name; *c; c++) {
		if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c) && *c != '_')
			return false;
	}
	return *name != '\0';
}

static gh_result apply(struct gh_db *admin, const struct gh_migration *migration,
                       uint64_t deadline_ns)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf script = { 0 };
	char hex[65];
	enum gh_code code;

	GH_ENSURE(is_plain_name(migration->name), GH_E_ARGUMENT, "a migration has a plain name");
	gh_hex_encode(gh_slice(migration->sha256, sizeof migration->sha256), hex);
	gh_buf_add_str(&script, "BEGIN;\n");
	gh_buf_add_str(&script, migration->sql);
	gh_buf_addf(&script,
	            "\n;RESET ROLE;INSERT INTO gatehouse.migration (number, name, sha256) VALUES "
	            "(%lld, '%s', '\\x%s');COMMIT",
	            (long long)migration->number, migration->name, hex);
	GH_TRY(gh_buf_check(&script));
	code = gh_db_script(admin, gh_buf_cstr(&script), deadline_ns);
	if (code != GH_OK)
		return gh_fail(code, "migration %04lld_%s failed (SQLSTATE %s)",
		               (long long)migration->number, migration->name,
		               gh_db_sqlstate(admin));
	return GH_OK;
}

static gh_result apply_missing(struct gh_db *admin, const struct gh_migration *list, size_t count,
                               uint64_t deadline_ns, struct gh_migrate_report *report)
{
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *applied = NULL;

	GH_TRY(gh_db_script(admin, bookkeeping, deadline_ns));
	GH_TRY(read_applied(admin, deadline_ns, &applied));
	GH_TRY(compare(applied, list, count, &report->failed));
	report->present = gh_db_rows(applied);
	for (size_t i = report->present; i < count; i++) {
		report->failed = list[i].number;
		GH_TRY(apply(admin, &list[i], deadline_ns));
		report->failed = 0;
		report->applied++;
	}
	return GH_OK;
}

static gh_result lock(struct gh_db *admin, uint64_t deadline_ns)
{
	const struct gh_db_value key = gh_db_int8(LOCK_KEY);
	const struct gh_db_statement statement = { .sql = "SELECT pg_advisory_lock($1)",
		                                   .values = &key,
		                                   .value_count = 1,
		                                   .reads = true,
		                                   .once = true,
		                                   .text_result = true };

	/* Waits for another migrator; at the deadline the connection is closed, and the wait ends.
	 */
	if (gh_db_exec(admin, &statement, deadline_ns, NULL) != GH_OK)
		return gh_fail(GH_E_UNAVAILABLE, "another migration is under way (SQLSTATE %s)",
		               gh_db_sqlstate(admin));
	return GH_OK;
}

static gh_result unlock(struct gh_db *admin, uint64_t deadline_ns)
{
	const struct gh_db_value key = gh_db_int8(LOCK_KEY);
	const struct gh_db_statement statement = { .sql = "SELECT pg_advisory_unlock($1)",
		                                   .values = &key,
		                                   .value_count = 1,
		                                   .reads = true,
		                                   .once = true };

	return gh_db_exec(admin, &statement, deadline_ns, NULL);
}

gh_result gh_migrate(struct gh_db *admin, const struct gh_migration *list, size_t count,
                     uint64_t deadline_ns, struct gh_migrate_report *report)
{
	struct gh_migrate_report own = { 0 };
	struct gh_error why;
	enum gh_code code;

	if (!report)
		report = &own;
	memset(report, 0, sizeof *report);
	GH_ENSURE(gh_db_server_is_current(gh_db_server_version(admin)), GH_E_UNAVAILABLE,
	          "PostgreSQL %d is below the security floor (15.18, 16.14, 17.10, 18.4)",
	          gh_db_server_version(admin));
	GH_TRY(lock(admin, deadline_ns));
	code = apply_missing(admin, list, count, deadline_ns, report);
	if (code == GH_OK || !gh_db_alive(admin))
		return code == GH_OK ? unlock(admin, deadline_ns) : code;
	why = *gh_last_error();
	/* A failed unlock closes with the connection; the first failure is the one to tell. */
	if (unlock(admin, deadline_ns) != GH_OK && gh_db_alive(admin))
		gh_db_break(admin);
	return gh_fail(why.code, "%s", why.text);
}

gh_result gh_migrate_check(struct gh_db *db, const struct gh_migration *list, size_t count,
                           uint64_t deadline_ns)
{
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *applied = NULL;
	int64_t differs;

	if (read_applied(db, deadline_ns, &applied) != GH_OK)
		return gh_fail(GH_E_UNAVAILABLE, "the schema cannot be read (SQLSTATE %s)",
		               gh_db_sqlstate(db));
	GH_TRY(compare(applied, list, count, &differs));
	GH_ENSURE(gh_db_rows(applied) == count, GH_E_UNAVAILABLE,
	          "the schema is at migration %zu of %zu: run gatehouse migrate",
	          gh_db_rows(applied), count);
	return GH_OK;
}
