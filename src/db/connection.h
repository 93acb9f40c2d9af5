/* connection.h: what the files of this room share about a connection. */
#ifndef GH_DB_CONNECTION_H
#define GH_DB_CONNECTION_H

#include <poll.h>

#include "db/db.h"

#define GH_DB_PREPARED_MAX 256

struct gh_db_prepared {
	uint64_t hash;
	char *sql;
	uint32_t *oids;
	size_t oid_count;
};

struct gh_db {
	PGconn *pg; /* NULL once it broke or was late */
	bool unprepared;
	bool tainted; /* something failed since the last reset */
	unsigned warnings;
	char sqlstate[6];
	struct gh_db_prepared prepared[GH_DB_PREPARED_MAX];
	size_t prepared_count;
	uint64_t prepared_serial; /* names are never used twice on a connection */
	uint64_t prepared_name[GH_DB_PREPARED_MAX];
};

struct gh_db_result {
	PGresult *pg;
};

/* Waits until the socket is ready for `events`. GH_E_LIMIT at the deadline, GH_E_IO else. */
gh_result gh_db_wait(PGconn *pg, short events, uint64_t deadline_ns);
/* The connection is of no more use: closed now, so that the server may end what it was doing. */
void gh_db_break(struct gh_db *db);
/* Back to a fresh session: DISCARD ALL. */
gh_result gh_db_reset(struct gh_db *db, uint64_t deadline_ns);
void gh_db_forget_prepared(struct gh_db *db);

/* error.c */
enum gh_code gh_db_code_of(const char *sqlstate);
/* Records the server's refusal `result` and returns its code; the text names the SQLSTATE. */
enum gh_code gh_db_refused(struct gh_db *db, const PGresult *result);
/* Whether this server has the security fixes that we rely on (a table of minor versions). */
bool gh_db_server_is_current(int version);

#endif
