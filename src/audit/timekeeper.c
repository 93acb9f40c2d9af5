/* The log's second thread. A checkpoint is always taken at the size right after a heartbeat, which
 * ends its batch: so that, should the signer have signed a size whose note was lost before it was
 * stored, that size can be found again among the deployment's own events. */
#include "audit/sequencer_parts.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"

#define DB_NS        (30 * GH_SECOND_NS)
#define HASH_NS      (600 * GH_SECOND_NS)
#define CANDIDATES   64
#define STEP_BACK_US INT64_C(1000000)

/* ---- own events ---------------------------------------------------------------------------- */

static void heartbeat_delivered(void *context, struct gh_audit_entry *list)
{
	struct gh_audit_log *log = context;

	pthread_mutex_lock(&log->lock);
	log->heartbeat = list;
	pthread_cond_broadcast(&log->tick);
	pthread_mutex_unlock(&log->lock);
}

/* Appends one event of the deployment and waits for it; *mark is the tree right after it. */
static gh_result append(struct gh_audit_log *log, const char *kind, struct gh_slice members,
                        struct gh_uuid *tenant, struct gh_merkle *mark)
{
	const struct gh_audit_destination destination = { heartbeat_delivered, log };
	struct gh_audit_entry entry = { .event_id = gh_uuid_v7(),
		                        .kind = kind,
		                        .body_members = members,
		                        .destination = &destination,
		                        .last_of_batch = true };
	uint8_t key[32];
	enum gh_code code;

	code = log->config.deployment.current_key(log->config.deployment.context, &entry.tenant_id,
	                                          &entry.data_key_id, key);
	entry.data_key = key;
	log->heartbeat = NULL;
	if (code == GH_OK)
		code = gh_audit_push(log, &entry, true);
	if (code == GH_OK) {
		pthread_mutex_lock(&log->lock);
		while (!log->heartbeat)
			pthread_cond_wait(&log->tick, &log->lock);
		*mark = log->mark;
		pthread_mutex_unlock(&log->lock);
		code = entry.code;
		if (code != GH_OK)
			(void)gh_fail(code, "the log did not take the deployment's event");
	}
	gh_wipe(key, sizeof key);
	*tenant = entry.tenant_id;
	return code;
}

/* ---- signing ------------------------------------------------------------------------------- */

/* A connection that has idled since the last checkpoint may be gone without a word. */
static gh_result connect_clock(struct gh_audit_log *log)
{
	uint64_t deadline_ns = gh_clock_mono_ns() + DB_NS;

	if (log->clock_db && gh_db_alive(log->clock_db) &&
	    gh_log_assert_durable(log->clock_db, deadline_ns) == GH_OK)
		return GH_OK;
	gh_db_close(log->clock_db);
	log->clock_db = NULL;
	GH_TRY(gh_db_connect(&log->config.connection, deadline_ns, &log->clock_db));
	return gh_log_assert_durable(log->clock_db, deadline_ns);
}

/* The size of the newest stored checkpoint; 0 when there is none. */
static gh_result stored_size(struct gh_audit_log *log, uint64_t *size)
{
	static const struct gh_db_statement statement = {
		.sql = "SELECT coalesce(max(size), 0) FROM gatehouse.log_checkpoint",
		.reads = true,
	};
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;
	int64_t number;

	GH_TRY(gh_db_exec(log->clock_db, &statement, gh_clock_mono_ns() + DB_NS, &rows));
	GH_TRY(gh_db_get_int(rows, 0, 0, &number));
	*size = (uint64_t)number;
	return GH_OK;
}

static void note_checkpoint(struct gh_audit_log *log, uint64_t size)
{
	pthread_mutex_lock(&log->lock);
	log->metrics.checkpoints++;
	log->metrics.checkpoint_size = size;
	log->metrics.checkpoint_unix_s = gh_clock_unix_s();
	pthread_mutex_unlock(&log->lock);
}

struct hashes {
	struct gh_audit_log *log;
	const struct gh_merkle *now;
};

/* What the two edges do not hold is made from the stored entries. */
static gh_result range_hash(void *context, uint64_t begin, uint64_t end, uint8_t hash[32])
{
	struct hashes *hashes = context;
	const uint8_t *node = gh_merkle_edge_node(&hashes->log->signed_tree, begin, end);

	if (!node)
		node = gh_merkle_edge_node(hashes->now, begin, end);
	if (!node)
		return gh_log_range_hash(hashes->log->clock_db, begin, end,
		                         gh_clock_mono_ns() + HASH_NS, hash);
	memcpy(hash, node, 32);
	return GH_OK;
}

static gh_result sign_from(struct gh_audit_log *log, uint64_t from, const struct gh_merkle *tree,
                           struct gh_buf *note)
{
	uint8_t proof[GH_MERKLE_PROOF_MAX][GH_MERKLE_HASH_BYTES], root[32];
	struct hashes hashes = { log, tree };
	size_t count;

	gh_merkle_root(tree, root);
	GH_TRY(gh_merkle_consistency(from, tree->size, range_hash, &hashes, proof, &count));
	return log->config.signer.sign_checkpoint(log->config.signer.context, tree->size, root,
	                                          (const uint8_t(*)[32])proof, count, note);
}

/* The signer is ahead of the stored checkpoints: a note was lost between the two. */
static gh_result sign_from_lost(struct gh_audit_log *log, const struct gh_uuid *tenant,
                                uint64_t stored, const struct gh_merkle *tree, struct gh_buf *note)
{
	const struct gh_db_value values[] = { gh_db_uuid(tenant), gh_db_int8((int64_t)stored),
		                              gh_db_int8((int64_t)tree->size),
		                              gh_db_int8(CANDIDATES) };
	const struct gh_db_statement statement = {
		.sql = "SELECT seq + 1 FROM gatehouse.audit_event WHERE tenant_id = $1 AND seq + 1 "
		       "> $2 "
		       "AND seq + 1 <= $3 ORDER BY seq DESC LIMIT $4",
		.values = values,
		.value_count = 4,
		.reads = true,
	};
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;
	int64_t size;

	GH_TRY(gh_db_exec(log->clock_db, &statement, gh_clock_mono_ns() + DB_NS, &rows));
	for (size_t i = 0; i < gh_db_rows(rows); i++) {
		GH_TRY(gh_db_get_int(rows, i, 0, &size));
		gh_buf_clear(note);
		enum gh_code code = sign_from(log, (uint64_t)size, tree, note);
		if (code != GH_E_CONFLICT)
			return code;
	}
	return gh_fail(GH_E_CONFLICT, "the signer has signed a log that is not this one");
}

static gh_result sign(struct gh_audit_log *log, const struct gh_uuid *tenant,
                      const struct gh_merkle *tree)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf note = { .limit = 65536 };
	enum gh_code code;
	uint64_t stored;

	GH_TRY(stored_size(log, &stored));
	/* Another gateway has signed more than this already: its checkpoint covers us. */
	if (stored >= tree->size) {
		note_checkpoint(log, stored);
		return GH_OK;
	}
	if (stored != log->signed_tree.size)
		memset(&log->signed_tree, 0, sizeof log->signed_tree);
	code = sign_from(log, stored, tree, &note);
	if (code == GH_E_CONFLICT) {
		gh_buf_clear(&note);
		code = sign_from_lost(log, tenant, stored, tree, &note);
	}
	GH_TRY(code);
	GH_TRY(gh_buf_check(&note));
	gh_buf_clear(&log->pending_note);
	gh_buf_add_slice(&log->pending_note, gh_buf_slice(&note));
	GH_TRY(gh_buf_check(&log->pending_note));
	log->pending_size = tree->size;
	log->signed_tree = *tree;
	return GH_OK;
}

/* Durable before anybody can read it. A note stays pending until that is certain. */
static gh_result store(struct gh_audit_log *log)
{
	const struct gh_db_value values[] = { gh_db_int8((int64_t)log->pending_size),
		                              gh_db_text(gh_buf_slice(&log->pending_note)) };
	const struct gh_db_statement statement = {
		.sql = "INSERT INTO gatehouse.log_checkpoint (size, note) VALUES ($1, $2) "
		       "ON CONFLICT (size) DO NOTHING",
		.values = values,
		.value_count = 2,
	};

	if (log->pending_size == 0)
		return GH_OK;
	GH_TRY(gh_db_exec(log->clock_db, &statement, gh_clock_mono_ns() + DB_NS, NULL));
	GH_ENSURE(gh_db_warnings(log->clock_db) == 0, GH_E_IN_DOUBT,
	          "a checkpoint may not be durable");
	note_checkpoint(log, log->pending_size);
	log->pending_size = 0;
	return GH_OK;
}

static gh_result checkpoint(struct gh_audit_log *log, const char *reason)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf members = { .limit = 256 };
	struct gh_merkle tree;
	struct gh_uuid tenant;

	gh_buf_addf(&members, "{\"checkpoint_size\":%llu,\"reason\":\"%s\"}",
	            (unsigned long long)log->metrics.checkpoint_size, reason);
	GH_TRY(gh_buf_check(&members));
	GH_TRY(append(log, "log.heartbeat", gh_buf_slice(&members), &tenant, &tree));
	GH_TRY(connect_clock(log));
	GH_TRY(store(log)); /* what an earlier attempt left */
	GH_TRY(sign(log, &tenant, &tree));
	return store(log);
}

/* ---- time ---------------------------------------------------------------------------------- */

/* The wall clock went back: on record, since times in the log stand still meanwhile. */
static void watch_clock(struct gh_audit_log *log)
{
	int64_t offset = gh_clock_unix_us() - (int64_t)(gh_clock_mono_ns() / 1000);
	int64_t back = log->clock_offset_us - offset;
	GH_CLEANUP(gh_buf_free) struct gh_buf members = { .limit = 64 };
	struct gh_merkle tree;
	struct gh_uuid tenant;

	if (log->clock_offset_us != 0 && back > STEP_BACK_US) {
		gh_buf_addf(&members, "{\"back_us\":%lld}", (long long)back);
		if (append(log, "clock.stepped", gh_buf_slice(&members), &tenant, &tree) != GH_OK)
			gh_log_error("audit_clock_event_failed");
	}
	log->clock_offset_us = offset;
}

enum due { NOT_YET, DUE, LAST };

/* Waits for at most a second. */
static enum due wait_until_due(struct gh_audit_log *log, uint64_t next_ns, uint64_t retry_ns,
                               const char **reason, uint64_t *ticket)
{
	struct timespec until;
	uint64_t now;
	enum due due = NOT_YET;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += next_ns != 0; /* the first one is due at once */
	pthread_mutex_lock(&log->lock);
	if (!log->stopping && log->ticket_wanted == log->ticket_done)
		pthread_cond_timedwait(&log->tick, &log->lock, &until);
	now = gh_clock_mono_ns();
	*ticket = log->ticket_wanted;
	if (log->stopping) {
		due = LAST;
		*reason = "stop";
	} else if (log->ticket_wanted != log->ticket_done) {
		due = DUE;
		*reason = "request";
	} else if (now >= next_ns && now >= retry_ns) {
		due = DUE;
		*reason = "interval";
	} else if (log->config.checkpoint_lag_s > 0 && now >= retry_ns &&
	           log->metrics.size > log->metrics.checkpoint_size &&
	           now + log->config.checkpoint_interval_s * GH_SECOND_NS >=
	               next_ns + log->config.checkpoint_lag_s * GH_SECOND_NS) {
		due = DUE;
		*reason = "entries";
	}
	pthread_mutex_unlock(&log->lock);
	return due;
}

static void answer_tickets(struct gh_audit_log *log, uint64_t ticket, enum gh_code code)
{
	pthread_mutex_lock(&log->lock);
	log->ticket_done = ticket;
	log->ticket_code = code;
	log->metrics.checkpoint_failures += code != GH_OK;
	pthread_cond_broadcast(&log->done);
	pthread_mutex_unlock(&log->lock);
}

void *gh_audit_timekeeper(void *context)
{
	struct gh_audit_log *log = context;
	uint64_t next_ns = 0, retry_ns = 0, ticket;
	const char *reason = "start";

	for (;;) {
		enum due due = wait_until_due(log, next_ns, retry_ns, &reason, &ticket);
		enum gh_code code;

		watch_clock(log);
		if (due == NOT_YET)
			continue;
		code = checkpoint(log, reason);
		if (code != GH_OK)
			gh_log_error("audit_checkpoint_failed");
		answer_tickets(log, ticket, code);
		retry_ns = gh_clock_mono_ns() + (code == GH_OK ? 0 : GH_SECOND_NS);
		if (code == GH_OK)
			next_ns =
			    gh_clock_mono_ns() + log->config.checkpoint_interval_s * GH_SECOND_NS;
		if (due == LAST)
			return NULL;
	}
}

gh_result gh_audit_checkpoint_now(struct gh_audit_log *log, uint64_t deadline_ns, uint64_t *size)
{
	struct timespec until = { .tv_sec = (time_t)(deadline_ns / GH_SECOND_NS),
		                  .tv_nsec = (long)(deadline_ns % GH_SECOND_NS) };
	enum gh_code code = GH_E_UNAVAILABLE;
	uint64_t ticket;

	pthread_mutex_lock(&log->lock);
	if (!log->stopping && !log->halted) {
		ticket = ++log->ticket_wanted;
		pthread_cond_broadcast(&log->tick);
		while (log->ticket_done < ticket && !log->draining)
			if (pthread_cond_timedwait(&log->done, &log->lock, &until) != 0)
				break;
		if (log->ticket_done >= ticket)
			code = log->ticket_code;
	}
	if (size)
		*size = log->metrics.checkpoint_size;
	pthread_mutex_unlock(&log->lock);
	GH_ENSURE(code == GH_OK, code, "no checkpoint could be made");
	return GH_OK;
}
