/* What a SQLSTATE means to us (PostgreSQL documentation, appendix A). The server's own words stay
 * out of our error texts: they quote values. */
#include "db/connection.h"

#include <string.h>

static const struct {
	const char *prefix; /* of the SQLSTATE; the first match counts */
	enum gh_code code;
} meanings[] = {
	{ "23505", GH_E_CONFLICT },    /* unique_violation */
	{ "23P01", GH_E_CONFLICT },    /* exclusion_violation */
	{ "23503", GH_E_NOT_FOUND },   /* foreign_key_violation */
	{ "23", GH_E_FORMAT },         /* NOT NULL, CHECK */
	{ "22", GH_E_FORMAT },         /* data exception */
	{ "42501", GH_E_DENIED },      /* insufficient_privilege: grants, policies, tokens */
	{ "44", GH_E_DENIED },         /* WITH CHECK OPTION */
	{ "28", GH_E_DENIED },         /* authorization at connect */
	{ "40003", GH_E_IN_DOUBT },    /* statement_completion_unknown */
	{ "40", GH_E_CONFLICT },       /* serialization failure, deadlock */
	{ "55P03", GH_E_CONFLICT },    /* lock_not_available */
	{ "25006", GH_E_UNAVAILABLE }, /* read-only: a standby */
	{ "25P03", GH_E_UNAVAILABLE }, /* idle_in_transaction_session_timeout */
	{ "57014", GH_E_LIMIT },       /* query_canceled, statement_timeout */
	{ "57", GH_E_UNAVAILABLE },    /* shutting down, starting up */
	{ "53", GH_E_UNAVAILABLE },    /* disk full, too many connections */
	{ "58", GH_E_UNAVAILABLE },    /* system error */
	{ "08", GH_E_UNAVAILABLE },    /* connection exception */
	{ "54", GH_E_LIMIT },          /* program limit exceeded */
	{ "XX001", GH_E_CORRUPT },     /* data_corrupted */
	{ "XX002", GH_E_CORRUPT },     /* index_corrupted */
};

/* The minor releases that closed the row-security faults of 2026-05. A newer major than these was
 * made after them. */
static const struct {
	int major;
	int minor;
} floors[] = { { 15, 18 }, { 16, 14 }, { 17, 10 }, { 18, 4 } };

enum gh_code gh_db_code_of(const char *sqlstate)
{
	for (size_t i = 0; i < GH_ARRAY_LEN(meanings); i++) {
		if (strncmp(sqlstate, meanings[i].prefix, strlen(meanings[i].prefix)) == 0)
			return meanings[i].code;
	}
	return GH_E_INTERNAL;
}

enum gh_code gh_db_refused(struct gh_db *db, const PGresult *result)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	enum gh_code code;

	/* libpq's own failures carry none: the connection is gone or spoke nonsense. */
	if (!sqlstate || strlen(sqlstate) != 5)
		sqlstate = "08006";
	memcpy(db->sqlstate, sqlstate, sizeof db->sqlstate);
	db->tainted = true;
	code = gh_db_code_of(db->sqlstate);
	return gh_fail(code, "the database refused the statement (SQLSTATE %s)", db->sqlstate);
}

bool gh_db_server_is_current(int version)
{
	for (size_t i = 0; i < GH_ARRAY_LEN(floors); i++) {
		if (version / 10000 == floors[i].major)
			return version % 10000 >= floors[i].minor;
	}
	return version / 10000 > floors[GH_ARRAY_LEN(floors) - 1].major;
}
