/* The writing thread, and the log's beginning and end. */
#include "audit/sequencer.h"

#include <stdlib.h>
#include <string.h>

#include "audit/sequencer_parts.h"
#include "base/clock.h"
#include "base/log.h"

#define READ_NS  (5 * GH_SECOND_NS)
#define GRACE_NS GH_SECOND_NS /* an answer is waited for at least this long */
#define BUSY_NS  (20 * GH_MILLISECOND_NS)

/* ---- one batch ----------------------------------------------------------------------------- */

static void answer_all(struct gh_audit_log *log, struct gh_batch *batch, enum gh_code code)
{
	for (size_t i = 0; i < batch->count; i++)
		if (batch->entries[i])
			batch->entries[i]->code = code;
	gh_audit_deliver(log, batch->entries, batch->count);
	batch->count = 0;
}

static void answer_one(struct gh_audit_log *log, struct gh_batch *batch, size_t i,
                       enum gh_code code)
{
	struct gh_audit_entry *entry = batch->entries[i];

	memmove(&batch->entries[i], &batch->entries[i + 1],
	        (batch->count - i - 1) * sizeof batch->entries[0]);
	batch->count--;
	entry->code = code;
	gh_audit_deliver(log, &entry, 1);
}

/* Only while the batch is not written: removes what was answered already and refuses what is late,
 * so that neither is ever written. True when something left. */
static bool drop_late(struct gh_audit_log *log, struct gh_batch *batch)
{
	struct gh_audit_entry *late[GH_AUDIT_BATCH_MAX];
	uint64_t now = gh_clock_mono_ns();
	size_t count = 0, kept = 0, before = batch->count;

	for (size_t i = 0; i < batch->count; i++) {
		struct gh_audit_entry *entry = batch->entries[i];

		if (!entry)
			continue;
		if (entry->deadline_ns > now) {
			batch->entries[kept++] = entry;
			continue;
		}
		entry->code = GH_E_UNAVAILABLE;
		late[count++] = entry;
	}
	batch->count = kept;
	batch->has_gaps = false;
	gh_audit_deliver(log, late, count);
	return kept != before;
}

/* Record time never goes back, whatever the wall clock does. */
static int64_t record_time(struct gh_audit_log *log)
{
	int64_t now = gh_clock_unix_us();

	if (now > log->last_at_us)
		log->last_at_us = now;
	return log->last_at_us;
}

/* The batch is durable. */
static void commit(struct gh_audit_log *log, struct gh_batch *batch, bool recovered)
{
	struct gh_audit_entry *last = batch->entries[batch->count - 1];

	for (size_t i = 0; !recovered && i < batch->count; i++) {
		struct gh_tenant_head *head =
		    gh_tenant_head_of(&log->heads, &batch->entries[i]->tenant_id);

		head->next = head->pending_next;
		memcpy(head->prev, head->pending_prev, sizeof head->prev);
	}
	/* After a recovery the log's tree is the head's, which others may have moved on. */
	if (!recovered)
		log->tree = batch->after;
	pthread_mutex_lock(&log->lock);
	log->metrics.size = log->tree.size;
	if (last && last->last_of_batch)
		log->mark = batch->after;
	pthread_mutex_unlock(&log->lock);
	answer_all(log, batch, GH_OK);
}

/* Not before `GRACE_NS`, so that one impatient entry does not break the connection; not after the
 * first deadline, so that its owner gets its answer. */
static uint64_t answer_deadline(const struct gh_audit_log *log, const struct gh_batch *batch)
{
	uint64_t now = gh_clock_mono_ns(), deadline_ns = now + log->config.commit_timeout_ns;

	for (size_t i = 0; i < batch->count; i++)
		if (batch->entries[i]->deadline_ns < deadline_ns)
			deadline_ns = batch->entries[i]->deadline_ns;
	return deadline_ns > now + GRACE_NS ? deadline_ns : now + GRACE_NS;
}

static enum gh_batch_outcome send(struct gh_audit_log *log, struct gh_batch *batch)
{
	uint64_t begin = gh_clock_mono_ns(), took;

	batch->sent = true;
	enum gh_batch_outcome outcome =
	    gh_batch_send(batch, log->db, log->epoch, answer_deadline(log, batch));

	took = gh_clock_mono_ns() - begin;
	pthread_mutex_lock(&log->lock);
	log->metrics.batches++;
	log->metrics.commit_ns_sum += took;
	if (took > log->metrics.commit_ns_max)
		log->metrics.commit_ns_max = took;
	log->metrics.in_doubt += outcome == GH_BATCH_IN_DOUBT;
	log->metrics.rebuilt += outcome == GH_BATCH_LOST_RACE;
	pthread_mutex_unlock(&log->lock);
	return outcome;
}

/* GH_E_UNAVAILABLE: the database went away while reading the tenants' heads. */
static gh_result build(struct gh_audit_log *log, struct gh_batch *batch)
{
	uint64_t begin = gh_clock_mono_ns();

	while (batch->count > 0) {
		size_t failed = 0;

		GH_TRY(gh_tenant_heads_load(&log->heads, log->db, batch->entries, batch->count,
		                            begin + READ_NS));
		enum gh_code code =
		    gh_batch_build(batch, &log->tree, &log->heads, record_time(log), &failed);
		if (code == GH_OK)
			break;
		gh_log_error("audit_event_refused");
		if (failed == batch->count)
			answer_all(log, batch, GH_E_LIMIT);
		else
			answer_one(log, batch, failed, code);
	}
	pthread_mutex_lock(&log->lock);
	log->metrics.build_ns_sum += gh_clock_mono_ns() - begin;
	pthread_mutex_unlock(&log->lock);
	return GH_OK;
}

static void process(struct gh_audit_log *log, struct gh_batch *batch);

/* One of them is refused by the database: each goes alone, and the culprit is answered. */
static void process_singly(struct gh_audit_log *log, struct gh_batch *batch)
{
	struct gh_audit_entry *entries[GH_AUDIT_BATCH_MAX];
	size_t count = batch->count;

	memcpy(entries, batch->entries, count * sizeof entries[0]);
	for (size_t i = 0; i < count; i++) {
		batch->entries[0] = entries[i];
		batch->count = 1;
		process(log, batch);
	}
}

static enum gh_code poison_code(const struct gh_db *db)
{
	const char *sqlstate = gh_db_sqlstate(db);

	return strcmp(sqlstate, "23505") == 0 ? GH_E_CONFLICT
	       : sqlstate[0] == '5'           ? GH_E_LIMIT
	                                      : GH_E_FORMAT;
}

/* What to do next with a batch; true: it is answered in full. */
static bool handle(struct gh_audit_log *log, struct gh_batch *batch, enum gh_batch_outcome outcome,
                   bool *resend)
{
	enum gh_recovery found;

	*resend = false;
	switch (outcome) {
	case GH_BATCH_WRITTEN: commit(log, batch, false); return true;
	case GH_BATCH_POISONED:
		if (batch->count > 1)
			process_singly(log, batch);
		else
			answer_all(log, batch, poison_code(log->db));
		return true;
	case GH_BATCH_REFUSED: answer_all(log, batch, GH_E_UNAVAILABLE); return true;
	case GH_BATCH_BUSY: {
		const struct timespec pause = { .tv_nsec = (long)BUSY_NS };

		nanosleep(&pause, NULL);
		gh_audit_refuse_queued(log, false);
		return false;
	}
	case GH_BATCH_MUTILATED:
		pthread_mutex_lock(&log->lock);
		log->halted = true;
		pthread_mutex_unlock(&log->lock);
		gh_log(GH_LOG_ERROR, "audit_batch_mutilated",
		       GH_LOG_INT("size", batch->after.size));
		found = GH_RECOVERED_HALTED;
		break;
	case GH_BATCH_LOST_RACE: found = gh_audit_catch_up(log, batch); break;
	default: found = gh_audit_recover(log, batch); break;
	}
	if (found == GH_RECOVERED_WRITTEN) {
		commit(log, batch, true);
		return true;
	}
	if (found != GH_RECOVERED_NOT_WRITTEN) {
		answer_all(log, batch, GH_E_IN_DOUBT);
		return true;
	}
	*resend = outcome == GH_BATCH_IN_DOUBT && !batch->has_gaps &&
	          batch->before.size == log->tree.size;
	return false;
}

/* The database went away before anything was sent. False: it is over, all is answered. */
static bool wait_unsent(struct gh_audit_log *log, struct gh_batch *batch)
{
	batch->before = log->tree;
	batch->after = log->tree;
	batch->sent = false;
	if (gh_audit_recover(log, batch) == GH_RECOVERED_NOT_WRITTEN)
		return true;
	answer_all(log, batch, GH_E_UNAVAILABLE);
	return false;
}

/* Ends with every entry answered. */
static void process(struct gh_audit_log *log, struct gh_batch *batch)
{
	bool resend = false;

	for (;;) {
		/* Late ones must not be in the statement, so that leaving means building anew. */
		resend = !drop_late(log, batch) && resend;
		if (batch->count == 0)
			return;
		if (!resend && build(log, batch) != GH_OK) {
			if (!wait_unsent(log, batch))
				return;
			continue;
		}
		if (batch->count == 0)
			return;
		if (resend) {
			pthread_mutex_lock(&log->lock);
			log->metrics.resent++;
			pthread_mutex_unlock(&log->lock);
		}
		if (handle(log, batch, send(log, batch), &resend))
			return;
	}
}

static void *run(void *context)
{
	struct gh_audit_log *log = context;

	while (gh_audit_take(log, &log->batch)) {
		bool halted;

		pthread_mutex_lock(&log->lock);
		halted = log->halted;
		pthread_mutex_unlock(&log->lock);
		if (halted) {
			answer_all(log, &log->batch, GH_E_UNAVAILABLE);
			continue;
		}
		process(log, &log->batch);
	}
	return NULL;
}

/* ---- beginning and end --------------------------------------------------------------------- */

static void free_log(struct gh_audit_log *log)
{
	gh_db_close(log->db);
	gh_db_close(log->clock_db);
	gh_tenant_heads_free(&log->heads);
	gh_batch_free(&log->batch);
	gh_buf_free(&log->pending_note);
	pthread_cond_destroy(&log->work);
	pthread_cond_destroy(&log->tick);
	pthread_cond_destroy(&log->done);
	pthread_mutex_destroy(&log->lock);
	free(log);
}

static void init_locks(struct gh_audit_log *log)
{
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&log->lock, NULL);
	pthread_cond_init(&log->work, &monotonic);
	pthread_cond_init(&log->tick, &monotonic);
	pthread_cond_init(&log->done, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

static void set_defaults(struct gh_audit_config *config)
{
	if (config->checkpoint_interval_s == 0 || config->checkpoint_interval_s > 300)
		config->checkpoint_interval_s = 300;
	if (config->queue_limit == 0)
		config->queue_limit = 65536;
	if (config->batch_limit == 0 || config->batch_limit > GH_AUDIT_BATCH_MAX)
		config->batch_limit = GH_AUDIT_BATCH_MAX;
	if (config->entry_timeout_ns == 0)
		config->entry_timeout_ns = 5 * GH_SECOND_NS;
	if (config->commit_timeout_ns == 0)
		config->commit_timeout_ns = 10 * GH_SECOND_NS;
}

static gh_result start(struct gh_audit_log *log)
{
	struct gh_log_head head;

	GH_TRY(gh_audit_connect(log, &head));
	log->epoch = head.epoch;
	log->tree = head.tree;
	log->metrics.size = head.size;
	GH_ENSURE(pthread_create(&log->sequencer, NULL, run, log) == 0, GH_E_IO,
	          "cannot start the sequencer's thread");
	log->has_sequencer = true;
	GH_ENSURE(pthread_create(&log->timekeeper, NULL, gh_audit_timekeeper, log) == 0, GH_E_IO,
	          "cannot start the log's second thread");
	log->has_timekeeper = true;
	return GH_OK;
}

gh_result gh_audit_log_open(const struct gh_audit_config *config, struct gh_audit_log **out)
{
	struct gh_audit_log *log;

	*out = NULL;
	GH_ENSURE(config->origin && config->signer.sign_checkpoint &&
	              config->deployment.current_key,
	          GH_E_ARGUMENT, "an audit log wants an origin, a signer and a deployment key");
	log = calloc(1, sizeof *log);
	GH_ENSURE(log, GH_E_MEMORY, "out of memory");
	log->config = *config;
	set_defaults(&log->config);
	init_locks(log);
	gh_batch_init(&log->batch);
	gh_buf_init(&log->pending_note, 65536, false);
	enum gh_code code = start(log);
	if (code != GH_OK) {
		struct gh_error why = *gh_last_error();

		gh_audit_log_close(log);
		return gh_fail(code, "%s", why.text);
	}
	*out = log;
	return GH_OK;
}

void gh_audit_log_close(struct gh_audit_log *log)
{
	if (!log)
		return;
	pthread_mutex_lock(&log->lock);
	log->stopping = true;
	pthread_cond_broadcast(&log->tick);
	pthread_mutex_unlock(&log->lock);
	/* First the timekeeper, whose last heartbeat stands behind everything that waits. */
	if (log->has_timekeeper)
		pthread_join(log->timekeeper, NULL);
	pthread_mutex_lock(&log->lock);
	log->draining = true;
	pthread_cond_broadcast(&log->work);
	pthread_cond_broadcast(&log->done);
	pthread_mutex_unlock(&log->lock);
	if (log->has_sequencer)
		pthread_join(log->sequencer, NULL);
	gh_audit_refuse_queued(log, true);
	free_log(log);
}

gh_result gh_audit_submit(struct gh_audit_log *log, struct gh_audit_entry *entry)
{
	GH_TRY(gh_audit_entry_check(entry));
	entry->last_of_batch = false;
	return gh_audit_push(log, entry, false);
}

void gh_audit_metrics(struct gh_audit_log *log, struct gh_audit_metrics *out)
{
	pthread_mutex_lock(&log->lock);
	*out = log->metrics;
	out->queued = log->queued;
	out->state = log->halted     ? GH_AUDIT_HALTED
	             : log->stopping ? GH_AUDIT_STOPPING
	             : log->away     ? GH_AUDIT_AWAY
	                             : GH_AUDIT_RUNNING;
	pthread_mutex_unlock(&log->lock);
}

bool gh_audit_healthy(struct gh_audit_log *log)
{
	struct gh_audit_metrics now;

	gh_audit_metrics(log, &now);
	return now.state == GH_AUDIT_RUNNING && now.checkpoint_unix_s > 0 &&
	       gh_clock_unix_s() - now.checkpoint_unix_s <=
	           2 * (int64_t)log->config.checkpoint_interval_s;
}
