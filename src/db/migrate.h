/* migrate.h: numbered SQL files, compiled into the binary and applied in order, once each, under an
 * advisory lock and each in its own transaction together with its record (number, name, SHA-256) in
 * gatehouse.migration. A file that was applied and has changed since is refused: history is not
 * edited. Wants a connection of the database's administrator; the files themselves drop to
 * gatehouse_owner where they can. */
#ifndef GH_DB_MIGRATE_H
#define GH_DB_MIGRATE_H

#include "db/db.h"

struct gh_migration {
	int64_t number; /* from the file name: 1, 2, … without gaps */
	const char *name;
	const char *sql;
	uint8_t sha256[32]; /* of the file */
};

/* The files of sql/, in order. */
extern const struct gh_migration gh_migrations[];
extern const size_t gh_migration_count;

struct gh_migrate_report {
	size_t applied; /* by this call */
	size_t present; /* before it */
	int64_t failed; /* the number of the file that failed or differs, 0 when none */
};

/* GH_E_CORRUPT when an applied file has changed, is missing from the list, or the database is newer
 * than the binary; the text names the file. GH_E_UNAVAILABLE when the server is older than the
 * floor or another migration does not end in time. `report` may be NULL. */
gh_result gh_migrate(struct gh_db *admin, const struct gh_migration *list, size_t count,
                     uint64_t deadline_ns, struct gh_migrate_report *report);

/* Whether exactly this list is applied: GH_OK, or GH_E_UNAVAILABLE (behind) or GH_E_CORRUPT (as
 * above). Reads only; any gatehouse role may ask. */
gh_result gh_migrate_check(struct gh_db *db, const struct gh_migration *list, size_t count,
                           uint64_t deadline_ns);

#endif
