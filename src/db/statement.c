/* Statements go out in one libpq pipeline that ends with one Sync: the server runs them as one
 * implicit transaction and one round trip carries them all. The commit happens at the Sync, after
 * each statement has already said that it is done; so nothing is taken for done before the answer
 * to the Sync is in, and a WARNING or an error that comes in between counts. */
#include "db/connection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATEMENTS_MAX 256 /* in one pipeline */
#define VALUES_MAX     64  /* in one statement */
#define NAME_BYTES     24

/* What we asked for, in order: the answers come in the same order. */
enum answer { ANSWER_PREPARE, ANSWER_ROWS };

struct pipeline {
	struct gh_db *db;
	uint64_t deadline_ns;
	bool reads;
	bool sent; /* the Sync is in libpq's hands: the server may act on it */
	enum answer answers[2 * STATEMENTS_MAX];
	size_t answer_count;
	size_t prepared_before; /* entries beyond it are not confirmed */
};

/* The connection is lost: whether a write took effect is known to nobody here. */
static enum gh_code lost(struct pipeline *line, const char *how)
{
	enum gh_code code = line->sent && !line->reads ? GH_E_IN_DOUBT : GH_E_UNAVAILABLE;

	gh_db_break(line->db);
	return gh_fail(code, "the database connection was lost: %s", how);
}

static enum gh_code lost_waiting(struct pipeline *line)
{
	bool late = gh_last_error()->code == GH_E_LIMIT;

	return lost(line, late ? "no answer in time" : "the socket failed");
}

static gh_result flush(struct pipeline *line)
{
	PGconn *pg = line->db->pg;
	int left;

	while ((left = PQflush(pg)) > 0) {
		/* The server stops reading while we do not take what it has to say. */
		if (gh_db_wait(pg, POLLIN | POLLOUT, line->deadline_ns) != GH_OK)
			return lost_waiting(line);
		if (PQconsumeInput(pg) == 0)
			return lost(line, "reading failed");
	}
	return left == 0 ? GH_OK : lost(line, "writing failed");
}

/* The next result, which is NULL at the end of each statement's. */
static gh_result next_result(struct pipeline *line, PGresult **out)
{
	PGconn *pg = line->db->pg;

	while (PQisBusy(pg)) {
		if (gh_db_wait(pg, POLLIN, line->deadline_ns) != GH_OK)
			return lost_waiting(line);
		if (PQconsumeInput(pg) == 0)
			return lost(line, "reading failed");
	}
	*out = PQgetResult(pg);
	return GH_OK;
}

/* ---- prepared statements ------------------------------------------------------------------- */

static uint64_t hash_of(const struct gh_db_statement *statement)
{
	uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */

	for (const char *c = statement->sql; *c; c++)
		hash = (hash ^ (uint8_t)*c) * UINT64_C(1099511628211);
	for (size_t i = 0; i < statement->value_count; i++)
		hash = (hash ^ statement->values[i].oid) * UINT64_C(1099511628211);
	return hash;
}

static bool is_same(const struct gh_db_prepared *known, const struct gh_db_statement *statement,
                    uint64_t hash)
{
	if (known->hash != hash || known->oid_count != statement->value_count ||
	    strcmp(known->sql, statement->sql) != 0)
		return false;
	for (size_t i = 0; i < known->oid_count; i++) {
		if (known->oids[i] != statement->values[i].oid)
			return false;
	}
	return true;
}

static void name_of(const struct gh_db *db, size_t index, char name[NAME_BYTES])
{
	snprintf(name, NAME_BYTES, "gh_%llu", (unsigned long long)db->prepared_name[index]);
}

/* Forgets what was asked for and never confirmed. */
static void forget_unconfirmed(struct pipeline *line)
{
	struct gh_db *db = line->db;

	while (db->prepared_count > line->prepared_before) {
		struct gh_db_prepared *entry = &db->prepared[--db->prepared_count];

		free(entry->sql);
		free(entry->oids);
	}
}

static gh_result send_prepare(struct pipeline *line, const struct gh_db_statement *statement,
                              uint64_t hash, size_t *index)
{
	struct gh_db *db = line->db;
	GH_CLEANUP(gh_free_ptr) char *sql = strdup(statement->sql);
	GH_CLEANUP(gh_free_ptr)
	uint32_t *oids = calloc(statement->value_count + 1, sizeof *oids);
	char name[NAME_BYTES];

	GH_ENSURE(sql && oids, GH_E_MEMORY, "out of memory");
	for (size_t i = 0; i < statement->value_count; i++)
		oids[i] = statement->values[i].oid;
	*index = db->prepared_count;
	db->prepared_name[*index] = db->prepared_serial++;
	name_of(db, *index, name);
	if (PQsendPrepare(db->pg, name, sql, (int)statement->value_count, oids) != 1)
		return lost(line, "sending failed");
	line->answers[line->answer_count++] = ANSWER_PREPARE;
	db->prepared[db->prepared_count++] = (struct gh_db_prepared){
		.hash = hash,
		.sql = GH_STEAL(sql),
		.oids = GH_STEAL(oids),
		.oid_count = statement->value_count,
	};
	return GH_OK;
}

/* The index among the prepared statements, or GH_DB_PREPARED_MAX: send it whole. */
static gh_result find_prepared(struct pipeline *line, const struct gh_db_statement *statement,
                               size_t *index)
{
	struct gh_db *db = line->db;
	uint64_t hash;

	*index = GH_DB_PREPARED_MAX;
	if (db->unprepared || statement->once)
		return GH_OK;
	hash = hash_of(statement);
	for (size_t i = 0; i < db->prepared_count; i++) {
		if (is_same(&db->prepared[i], statement, hash)) {
			*index = i;
			return GH_OK;
		}
	}
	if (db->prepared_count == GH_DB_PREPARED_MAX)
		return GH_OK;
	return send_prepare(line, statement, hash, index);
}

/* ---- sending ------------------------------------------------------------------------------- */

struct wire_values {
	Oid oids[VALUES_MAX];
	const char *bytes[VALUES_MAX];
	int lengths[VALUES_MAX];
	int formats[VALUES_MAX];
};

static gh_result bind_values(const struct gh_db_statement *statement, struct wire_values *wire)
{
	GH_ENSURE(statement->value_count <= VALUES_MAX, GH_E_ARGUMENT,
	          "more than %d values for one statement", VALUES_MAX);
	for (size_t i = 0; i < statement->value_count; i++) {
		const struct gh_db_value *value = &statement->values[i];
		const void *bytes = value->small ? value->inlined : value->bytes.data;

		GH_ENSURE(value->bytes.len <= INT32_MAX, GH_E_LIMIT, "a value is over 2 GiB");
		wire->oids[i] = value->oid;
		/* An empty slice may have no address, and NULL would mean SQL NULL. */
		wire->bytes[i] = value->null ? NULL : bytes ? bytes : "";
		wire->lengths[i] = (int)value->bytes.len;
		wire->formats[i] = 1;
	}
	return GH_OK;
}

static gh_result send_statement(struct pipeline *line, const struct gh_db_statement *statement)
{
	PGconn *pg = line->db->pg;
	struct wire_values wire;
	int count = (int)statement->value_count;
	int binary = !statement->text_result;
	char name[NAME_BYTES];
	size_t index;
	int sent;

	GH_TRY(bind_values(statement, &wire));
	GH_TRY(find_prepared(line, statement, &index));
	if (index < GH_DB_PREPARED_MAX) {
		name_of(line->db, index, name);
		sent = PQsendQueryPrepared(pg, name, count, wire.bytes, wire.lengths, wire.formats,
		                           binary);
	} else {
		sent = PQsendQueryParams(pg, statement->sql, count, wire.oids, wire.bytes,
		                         wire.lengths, wire.formats, binary);
	}
	if (sent != 1)
		return lost(line, "sending failed");
	line->answers[line->answer_count++] = ANSWER_ROWS;
	return GH_OK;
}

/* ---- receiving ----------------------------------------------------------------------------- */

struct outcome {
	enum gh_code code;
	size_t failed_at;      /* counted in statements */
	struct gh_error error; /* of the first failure */
};

static void note_failure(struct outcome *outcome, enum gh_code code, size_t at)
{
	if (outcome->code != GH_OK)
		return;
	outcome->code = code;
	outcome->failed_at = at;
	outcome->error = *gh_last_error();
}

static bool is_success(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

static gh_result keep(PGresult *pg, struct gh_db_result **slot)
{
	if (!slot || *slot) {
		PQclear(pg);
		return slot ? gh_fail(GH_E_INTERNAL, "a statement answered twice") : GH_OK;
	}
	*slot = calloc(1, sizeof **slot);
	if (!*slot) {
		PQclear(pg);
		return gh_fail(GH_E_MEMORY, "out of memory");
	}
	(*slot)->pg = pg;
	return GH_OK;
}

/* All results of one answer, up to its NULL. */
static gh_result take_answer(struct pipeline *line, struct gh_db_result **slot, size_t at,
                             struct outcome *outcome)
{
	PGresult *result;

	for (;;) {
		GH_TRY(next_result(line, &result));
		if (!result)
			return GH_OK;
		if (is_success(result)) {
			enum gh_code kept = keep(result, slot);

			if (kept != GH_OK)
				note_failure(outcome, kept, at);
			continue;
		}
		/* ABORTED: an earlier statement failed, and that one is on record already. */
		if (PQresultStatus(result) != PGRES_PIPELINE_ABORTED)
			note_failure(outcome, gh_db_refused(line->db, result), at);
		PQclear(result);
		if (PQstatus(line->db->pg) == CONNECTION_BAD)
			return lost(line, "the server closed it");
	}
}

/* The answer to the Sync: the transaction is over. An error before it is the commit's. */
static gh_result take_sync(struct pipeline *line, size_t count, struct outcome *outcome)
{
	PGresult *result;

	for (unsigned empty = 0; empty < 4;) {
		GH_TRY(next_result(line, &result));
		if (!result) {
			empty++;
			continue;
		}
		if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
			PQclear(result);
			return PQexitPipelineMode(line->db->pg) == 1
			           ? GH_OK
			           : lost(line, "the pipeline did not end");
		}
		note_failure(outcome, gh_db_refused(line->db, result), count);
		PQclear(result);
		if (PQstatus(line->db->pg) == CONNECTION_BAD)
			return lost(line, "the server closed it");
	}
	return lost(line, "no end of the transaction");
}

static gh_result receive(struct pipeline *line, struct gh_db_result **slots, size_t count,
                         struct outcome *outcome)
{
	size_t statement = 0;

	for (size_t i = 0; i < line->answer_count; i++) {
		bool rows = line->answers[i] == ANSWER_ROWS;

		GH_TRY(take_answer(line, rows ? &slots[statement] : NULL, statement, outcome));
		if (!rows && outcome->code == GH_OK)
			line->prepared_before++;
		statement += rows;
	}
	return take_sync(line, count, outcome);
}

/* ---- the whole ----------------------------------------------------------------------------- */

static gh_result send_all(struct pipeline *line, const struct gh_db_statement *const *statements,
                          size_t count)
{
	if (PQenterPipelineMode(line->db->pg) != 1)
		return lost(line, "no pipeline");
	for (size_t i = 0; i < count; i++)
		GH_TRY(send_statement(line, statements[i]));
	line->sent = true;
	if (PQpipelineSync(line->db->pg) != 1)
		return lost(line, "sending failed");
	return flush(line);
}

/* slots[0..count) must be NULL; on failure some may be set and the caller frees them. */
static gh_result run(struct gh_db *db, const struct gh_db_statement *const *statements,
                     size_t count, uint64_t deadline_ns, struct gh_db_result **slots,
                     size_t *failed_at)
{
	struct pipeline line = { .db = db, .deadline_ns = deadline_ns, .reads = true };
	struct outcome outcome = { .code = GH_OK };
	enum gh_code code;

	*failed_at = 0;
	db->warnings = 0;
	db->sqlstate[0] = '\0';
	GH_ENSURE(gh_db_alive(db), GH_E_UNAVAILABLE, "the database connection is closed or busy");
	for (size_t i = 0; i < count; i++)
		line.reads = line.reads && statements[i]->reads;
	line.prepared_before = db->prepared_count;

	code = send_all(&line, statements, count);
	if (code != GH_OK && db->pg) {
		struct gh_error why = *gh_last_error();

		/* Refused here, with a part of the pipeline already in the buffer. */
		gh_db_break(db);
		forget_unconfirmed(&line);
		return gh_fail(why.code, "%s", why.text);
	}
	if (code == GH_OK)
		code = receive(&line, slots, count, &outcome);
	forget_unconfirmed(&line);
	if (code != GH_OK)
		return code;
	*failed_at = outcome.failed_at;
	return outcome.code == GH_OK ? GH_OK : gh_fail(outcome.code, "%s", outcome.error.text);
}

static gh_result run_with(struct gh_db *db, const struct gh_db_statement *first,
                          const struct gh_db_statement *statements, size_t count,
                          uint64_t deadline_ns, struct gh_db_result **slots, size_t *failed_at)
{
	const struct gh_db_statement *all[STATEMENTS_MAX];
	size_t total = 0;

	GH_ENSURE(count > 0 && count < STATEMENTS_MAX, GH_E_ARGUMENT,
	          "a batch is of 1 to %d statements", STATEMENTS_MAX - 1);
	if (first)
		all[total++] = first;
	for (size_t i = 0; i < count; i++)
		all[total++] = &statements[i];
	return run(db, all, total, deadline_ns, slots, failed_at);
}

gh_result gh_db_exec(struct gh_db *db, const struct gh_db_statement *statement,
                     uint64_t deadline_ns, struct gh_db_result **out)
{
	return gh_db_batch(db, statement, 1, deadline_ns, out, NULL);
}

gh_result gh_db_batch(struct gh_db *db, const struct gh_db_statement *statements, size_t count,
                      uint64_t deadline_ns, struct gh_db_result **results, size_t *failed_at)
{
	struct gh_db_result *slots[STATEMENTS_MAX] = { NULL };
	size_t at = 0;
	enum gh_code code = run_with(db, NULL, statements, count, deadline_ns, slots, &at);

	if (failed_at)
		*failed_at = at;
	if (results)
		memset(results, 0, count * sizeof *results);
	if (results && code == GH_OK)
		memcpy(results, slots, count * sizeof *results);
	else
		gh_db_results_free(slots, STATEMENTS_MAX);
	return code;
}

gh_result gh_db_tenant(struct gh_db *db, struct gh_slice token, const struct gh_uuid *request_id,
                       const struct gh_db_statement *statements, size_t count, uint64_t deadline_ns,
                       struct gh_db_result **results, size_t *failed_at)
{
	struct gh_db_result *slots[STATEMENTS_MAX] = { NULL };
	const struct gh_db_value values[] = { gh_db_text(token), gh_db_uuid(request_id) };
	/* It raises on a bad token, so that the server skips what follows. `reads` is true, since
	 * it changes nothing that outlives the transaction. */
	const struct gh_db_statement open = { .sql = "SELECT gatehouse.open($1, $2)",
		                              .values = values,
		                              .value_count = 2,
		                              .reads = true };
	bool opened = false;
	size_t at = 0;
	enum gh_code code = run_with(db, &open, statements, count, deadline_ns, slots, &at);

	if (code == GH_OK)
		code = gh_db_get_bool(slots[0], 0, 0, &opened);
	if (code == GH_OK && !opened)
		code = gh_fail(GH_E_DENIED, "the database token was not accepted");
	else if (code != GH_OK && at == 0 && code == GH_E_DENIED)
		code = gh_fail(GH_E_DENIED, "the database token was not accepted");
	if (failed_at)
		*failed_at = at > 0 ? at - 1 : 0;
	if (results)
		memset(results, 0, count * sizeof *results);
	if (results && code == GH_OK) {
		memcpy(results, slots + 1, count * sizeof *results);
		gh_db_result_free(slots[0]);
	} else {
		gh_db_results_free(slots, STATEMENTS_MAX);
	}
	return code;
}

gh_result gh_db_script(struct gh_db *db, const char *sql, uint64_t deadline_ns)
{
	struct pipeline line = { .db = db, .deadline_ns = deadline_ns };
	struct outcome outcome = { .code = GH_OK };
	PGresult *result;

	db->warnings = 0;
	db->sqlstate[0] = '\0';
	GH_ENSURE(gh_db_alive(db), GH_E_UNAVAILABLE, "the database connection is closed or busy");
	line.sent = true;
	if (PQsendQuery(db->pg, sql) != 1)
		return lost(&line, "sending failed");
	GH_TRY(flush(&line));
	for (;;) {
		GH_TRY(next_result(&line, &result));
		if (!result)
			break;
		if (!is_success(result) && PQresultStatus(result) != PGRES_EMPTY_QUERY)
			note_failure(&outcome, gh_db_refused(db, result), 0);
		PQclear(result);
		if (PQstatus(db->pg) == CONNECTION_BAD)
			return lost(&line, "the server closed it");
	}
	/* A script that opened a transaction and failed in it leaves it open: nothing of it stays.
	 */
	if (PQtransactionStatus(db->pg) != PQTRANS_IDLE) {
		note_failure(&outcome, gh_fail(GH_E_INTERNAL, "a script left its transaction open"),
		             0);
		if (PQsendQuery(db->pg, "ROLLBACK") != 1)
			return lost(&line, "sending failed");
		GH_TRY(flush(&line));
		do {
			GH_TRY(next_result(&line, &result));
			PQclear(result);
		} while (result);
	}
	return outcome.code == GH_OK ? GH_OK : gh_fail(outcome.code, "%s", outcome.error.text);
}
