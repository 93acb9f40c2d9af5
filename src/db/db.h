/* db.h: libpq behind small verbs. A connection belongs to one thread at a time; every wait has an
 * absolute deadline on the monotonic clock (gh_clock_mono_ns), and a connection that missed one, or
 * that broke, is dead: it answers nothing more and is closed by its owner or its pool. Error texts
 * carry the SQLSTATE and never a value, since server messages quote data.
 *
 * Codes that every verb here may return, beyond the common ones:
 *   GH_E_UNAVAILABLE  no connection, shutting down, out of resources, or a read that got no answer
 *   GH_E_IN_DOUBT     the connection was lost or late after a write was sent: it may be durable
 *   GH_E_CONFLICT     unique or exclusion violation, serialization failure, deadlock, lock timeout
 *   GH_E_DENIED       privilege, row policy, a refused database token, a bad password
 *   GH_E_NOT_FOUND    foreign key to a row that is not there
 *   GH_E_FORMAT       the server refused a value (class 22, CHECK, NOT NULL)
 *   GH_E_LIMIT        a statement timeout or a program limit
 *   GH_E_INTERNAL     our SQL is wrong (class 42 and the rest) */
#ifndef GH_DB_DB_H
#define GH_DB_DB_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/result.h"
#include "base/slice.h"
#include "base/uuid.h"

/* ---- values -------------------------------------------------------------------------------- */

/* One bound parameter, always in binary form with its type named, so that the server guesses
 * nothing. Slices are borrowed until the call returns. For jsonb, inet and others bind text and
 * cast in the SQL: `$1::jsonb`. */
struct gh_db_value {
	uint32_t oid;
	bool null;
	bool small;            /* the bytes are in `inlined`, not in `bytes` */
	struct gh_slice bytes; /* in the type's binary form */
	uint8_t inlined[16];
};

struct gh_db_value
gh_db_text(struct gh_slice text);               /* NUL inside is refused by the server (22021) */
struct gh_db_value gh_db_str(const char *text); /* NULL pointer: SQL NULL */
struct gh_db_value gh_db_bytea(struct gh_slice bytes);
struct gh_db_value gh_db_uuid(const struct gh_uuid *uuid); /* NULL pointer: SQL NULL */
struct gh_db_value gh_db_int8(int64_t number);
struct gh_db_value gh_db_bool(bool truth);
struct gh_db_value gh_db_time(int64_t unix_us); /* timestamptz */
struct gh_db_value gh_db_null_text(void);
struct gh_db_value gh_db_null_bytea(void);
struct gh_db_value gh_db_null_time(void);

/* Arrays for `unnest($1::bytea[], $2::uuid[], …)`: begin, add exactly `count` elements of the one
 * kind, then bind with gh_db_array. The buffer must outlive the call. */
enum gh_db_element { GH_DB_BYTEA, GH_DB_TEXT, GH_DB_UUID, GH_DB_INT8, GH_DB_TIME };
void gh_db_array_begin(struct gh_buf *out, enum gh_db_element element, size_t count);
void gh_db_array_add(struct gh_buf *out, struct gh_slice bytes); /* bytea and text */
void gh_db_array_add_uuid(struct gh_buf *out, const struct gh_uuid *uuid);
void gh_db_array_add_int8(struct gh_buf *out, int64_t number);
void gh_db_array_add_time(struct gh_buf *out, int64_t unix_us);
void gh_db_array_add_null(struct gh_buf *out); /* in an array of any kind */
struct gh_db_value gh_db_array(const struct gh_buf *array, enum gh_db_element element);

/* ---- connections --------------------------------------------------------------------------- */

struct gh_db; /* one connection */

/* libpq keywords (host, port, dbname, user, password, sslmode, target_session_attrs, …). They go to
 * libpq as an array: never into argv, the environment or a log. `options` is refused, since it
 * carries settings in the startup packet. libpq keeps its own copy and wipes it at the
 * end. */
struct gh_db_param {
	const char *keyword;
	const char *value;
};

struct gh_db_config {
	const struct gh_db_param *params;
	size_t param_count;
	const char *application_name; /* fixed text such as "gatehouse" */
	bool unprepared; /* never prepare: behind a pooler that cannot carry statements */
};

gh_result gh_db_connect(const struct gh_db_config *config, uint64_t deadline_ns,
                        struct gh_db **out);
void gh_db_close(struct gh_db *db); /* NULL is fine */
GH_DEFINE_CLEANUP(struct gh_db *, gh_db_close)

/* Usable: connected, outside a transaction, nothing pending. */
bool gh_db_alive(const struct gh_db *db);
/* SQLSTATE of the last failure on this connection, "" when it had none ("08006" when it broke). */
const char *gh_db_sqlstate(const struct gh_db *db);
/* WARNINGs (PG_DIAG_SEVERITY_NONLOCALIZED) that arrived between sending the last call's statements
 * and the end of its transaction. A write is durable only when the call returned GH_OK and this is
 * 0: a cancelled synchronous-replication wait is a WARNING and then success. */
unsigned gh_db_warnings(const struct gh_db *db);
int gh_db_server_version(const struct gh_db *db); /* 150018 */
PGconn *gh_db_raw(struct gh_db *db); /* for what is not covered here; still owned by `db` */

/* ---- statements ---------------------------------------------------------------------------- */

/* `sql` is one statement, a literal of ours: it is also the key under which the connection keeps it
 * prepared (at most 256 a connection; beyond that, and with `once`, it is sent whole). */
struct gh_db_statement {
	const char *sql;
	const struct gh_db_value *values;
	size_t value_count;
	bool once;        /* composed text: do not keep it prepared */
	bool text_result; /* columns come as text instead of binary, for types without a getter */
	bool reads;       /* changes nothing: losing the connection is UNAVAILABLE, not IN_DOUBT */
};

struct gh_db_result; /* rows of one statement, owned by the caller */

/* One statement, its own transaction. `out` may be NULL when the rows do not matter. */
gh_result gh_db_exec(struct gh_db *db, const struct gh_db_statement *statement,
                     uint64_t deadline_ns, struct gh_db_result **out);

/* `count` statements in one pipeline and one implicit transaction: one round trip, all or nothing.
 * results[0..count) are set on GH_OK and NULL otherwise; `results` may be NULL. *failed_at (may be
 * NULL) is the index of the statement that failed, or `count` when the commit did. */
gh_result gh_db_batch(struct gh_db *db, const struct gh_db_statement *statements, size_t count,
                      uint64_t deadline_ns, struct gh_db_result **results, size_t *failed_at);

/* The same, as a tenant: `SELECT gatehouse.open(token, request_id)` goes first in the same pipeline
 * and the database decides from the verified token what the statements see. A token that it does
 * not accept aborts the rest unseen: GH_E_DENIED, one text for every cause. There is no BEGIN, so
 * the claim dies with the Sync and cannot outlive the call. `request_id` may be NULL. */
gh_result gh_db_tenant(struct gh_db *db, struct gh_slice token, const struct gh_uuid *request_id,
                       const struct gh_db_statement *statements, size_t count, uint64_t deadline_ns,
                       struct gh_db_result **results, size_t *failed_at);

/* Several statements in one simple query, for migrations; one transaction unless the text says
 * otherwise. */
gh_result gh_db_script(struct gh_db *db, const char *sql, uint64_t deadline_ns);

/* ---- rows ---------------------------------------------------------------------------------- */

void gh_db_result_free(struct gh_db_result *result); /* NULL is fine; wipes nothing */
void gh_db_results_free(struct gh_db_result **results, size_t count);
GH_DEFINE_CLEANUP(struct gh_db_result *, gh_db_result_free)

size_t gh_db_rows(const struct gh_db_result *result);
size_t gh_db_columns(const struct gh_db_result *result);
const char *gh_db_column_name(const struct gh_db_result *result, size_t column);
uint64_t gh_db_affected(const struct gh_db_result *result); /* rows of the command tag */
bool gh_db_is_null(const struct gh_db_result *result, size_t row, size_t column);

/* Strict: the cell must exist, not be NULL and be of the type (else GH_E_CORRUPT: the schema is not
 * the one we know). Slices live as long as the result. */
gh_result gh_db_get_text(const struct gh_db_result *result, size_t row, size_t column,
                         struct gh_slice *out); /* text, varchar, name, json, jsonb; any as text */
gh_result gh_db_get_bytea(const struct gh_db_result *result, size_t row, size_t column,
                          struct gh_slice *out);
/* Exactly `len` bytes, else GH_E_CORRUPT. */
gh_result gh_db_get_fixed(const struct gh_db_result *result, size_t row, size_t column, void *out,
                          size_t len);
gh_result gh_db_get_uuid(const struct gh_db_result *result, size_t row, size_t column,
                         struct gh_uuid *out);
gh_result gh_db_get_int(const struct gh_db_result *result, size_t row, size_t column,
                        int64_t *out); /* int2, int4, int8 */
gh_result gh_db_get_bool(const struct gh_db_result *result, size_t row, size_t column, bool *out);
gh_result gh_db_get_time(const struct gh_db_result *result, size_t row, size_t column,
                         int64_t *unix_us); /* timestamptz; infinity is GH_E_CORRUPT */
/* One-dimensional array without NULLs; `text_array` elements are slices into the result. At most
 * `max` (else GH_E_LIMIT). */
gh_result gh_db_get_text_array(const struct gh_db_result *result, size_t row, size_t column,
                               struct gh_slice *out, size_t max, size_t *count);
const PGresult *gh_db_pg(const struct gh_db_result *result);

/* ---- pool ---------------------------------------------------------------------------------- */

struct gh_db_pool; /* thread-safe */

struct gh_db_pool_config {
	struct gh_db_config connection;
	size_t max;                  /* connections at most, 1..256; opened when first needed */
	uint64_t connect_timeout_ns; /* for one attempt, within the caller's deadline */
};

/* Opens no connection yet. */
gh_result gh_db_pool_open(const struct gh_db_pool_config *config, struct gh_db_pool **out);
/* Waits until a connection is free or may be made. GH_E_UNAVAILABLE at the deadline or when the
 * server cannot be reached. A pooled connection that died while idle is replaced unseen. */
gh_result gh_db_pool_take(struct gh_db_pool *pool, uint64_t deadline_ns, struct gh_db **out);
/* Gives it back. After any failed call it is reset (DISCARD ALL) before the next taker sees it, and
 * closed when it is not idle and whole. */
void gh_db_pool_give(struct gh_db_pool *pool, struct gh_db *db);
/* All connections must have been given back. NULL is fine. */
void gh_db_pool_close(struct gh_db_pool *pool);
GH_DEFINE_CLEANUP(struct gh_db_pool *, gh_db_pool_close)

#endif
