/* What became of a batch whose answer did not come. First a fence: a new epoch, committed like any
 * other write, behind which nothing older can still become durable. Then the head says it: our
 * root, the old root, or a tree that others have extended since, whose entries are read and checked
 * to be an extension of the one that we know. A head that is none of these halts the log for good.
 */
#include "audit/sequencer_parts.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"

#define ATTEMPT_NS     (2 * GH_SECOND_NS)
#define BACKOFF_MIN_NS (20 * GH_MILLISECOND_NS)
#define BACKOFF_MAX_NS (500 * GH_MILLISECOND_NS)
#define CATCH_UP_NS    (600 * GH_SECOND_NS)

gh_result gh_audit_connect(struct gh_audit_log *log, struct gh_log_head *head)
{
	uint64_t deadline_ns = gh_clock_mono_ns() + ATTEMPT_NS;
	GH_CLEANUP(gh_db_close_ptr) struct gh_db *db = NULL;

	gh_db_close(log->db);
	log->db = NULL;
	GH_TRY(gh_db_connect(&log->config.connection, deadline_ns, &db));
	GH_TRY(gh_log_assert_durable(db, deadline_ns));
	GH_TRY(gh_log_head_fence(db, deadline_ns, head));
	log->db = GH_STEAL(db);
	return GH_OK;
}

/* ---- reading on from the tree that we know ------------------------------------------------- */

struct extension {
	struct gh_merkle tree;
	const struct gh_batch *batch; /* may be NULL */
	size_t ours, others;          /* of the batch's places: with our commitment, with another */
};

static gh_result extend(void *context, uint64_t seq,
                        const uint8_t commitment[GH_AUDIT_COMMITMENT_BYTES])
{
	struct extension *extension = context;
	const struct gh_batch *batch = extension->batch;
	uint8_t leaf[32];

	if (batch && seq >= batch->before.size && seq < batch->after.size) {
		size_t place = (size_t)(seq - batch->before.size);

		if (memcmp(commitment, batch->commitments[place], GH_AUDIT_COMMITMENT_BYTES) == 0)
			extension->ours++;
		else
			extension->others++;
	}
	gh_audit_leaf(commitment, leaf);
	return gh_merkle_append_leaf(&extension->tree, leaf);
}

/* Takes a head that may have moved. GH_E_CORRUPT: it contradicts what was acknowledged. */
static gh_result adopt(struct gh_audit_log *log, const struct gh_log_head *head,
                       const struct gh_batch *batch, bool *written)
{
	struct extension extension = { .tree = log->tree, .batch = batch };
	uint8_t root[32];

	*written = false;
	GH_ENSURE(head->size >= log->tree.size, GH_E_CORRUPT,
	          "the log is shorter than what was acknowledged");
	GH_TRY(gh_log_entries(log->db, log->tree.size, head->size, gh_clock_mono_ns() + CATCH_UP_NS,
	                      extend, &extension));
	gh_merkle_root(&extension.tree, root);
	GH_ENSURE(memcmp(root, head->root, sizeof root) == 0, GH_E_CORRUPT,
	          "the log is no extension of what was acknowledged");
	GH_ENSURE(extension.ours == 0 || (batch && extension.ours == batch->count), GH_E_CORRUPT,
	          "a batch was written in part");
	*written = extension.ours > 0;
	if (head->size != log->tree.size)
		gh_tenant_heads_clear(&log->heads);
	log->tree = head->tree;
	log->epoch = head->epoch;
	pthread_mutex_lock(&log->lock);
	log->metrics.size = head->size;
	pthread_mutex_unlock(&log->lock);
	return GH_OK;
}

/* ---- away ---------------------------------------------------------------------------------- */

static void set_away(struct gh_audit_log *log, bool away)
{
	pthread_mutex_lock(&log->lock);
	log->metrics.reconnects += away && !log->away;
	log->away = away;
	pthread_mutex_unlock(&log->lock);
}

static void halt(struct gh_audit_log *log)
{
	gh_log_error("audit_log_halted");
	pthread_mutex_lock(&log->lock);
	log->halted = true;
	pthread_mutex_unlock(&log->lock);
}

/* Answers those of the batch whose time is over. Their rows stay in it: they may be durable. */
static bool give_up_late(struct gh_audit_log *log, struct gh_batch *batch)
{
	struct gh_audit_entry *late[GH_AUDIT_BATCH_MAX];
	uint64_t now = gh_clock_mono_ns();
	size_t count = 0, left = 0;

	for (size_t i = 0; i < batch->count; i++) {
		if (!batch->entries[i])
			continue;
		if (batch->entries[i]->deadline_ns > now) {
			left++;
			continue;
		}
		batch->entries[i]->code = batch->sent ? GH_E_IN_DOUBT : GH_E_UNAVAILABLE;
		late[count++] = batch->entries[i];
		batch->entries[i] = NULL;
		batch->has_gaps = true;
	}
	gh_audit_deliver(log, late, count);
	return left > 0;
}

static bool is_over(struct gh_audit_log *log)
{
	bool over;

	pthread_mutex_lock(&log->lock);
	over = log->draining && !log->queue.first;
	pthread_mutex_unlock(&log->lock);
	return over;
}

static void pause_ns(uint64_t ns)
{
	struct timespec time = { .tv_sec = (time_t)(ns / GH_SECOND_NS),
		                 .tv_nsec = (long)(ns % GH_SECOND_NS) };

	nanosleep(&time, NULL);
}

static enum gh_recovery settle(struct gh_audit_log *log, const struct gh_log_head *head,
                               struct gh_batch *batch, bool *again)
{
	bool written;
	enum gh_code code = adopt(log, head, batch, &written);

	*again = false;
	if (code == GH_OK)
		return written ? GH_RECOVERED_WRITTEN : GH_RECOVERED_NOT_WRITTEN;
	if (code == GH_E_CORRUPT) {
		halt(log);
		return GH_RECOVERED_HALTED;
	}
	gh_log_error("audit_log_unreadable");
	*again = true;
	return GH_RECOVERED_GIVEN_UP;
}

enum gh_recovery gh_audit_recover(struct gh_audit_log *log, struct gh_batch *batch)
{
	uint64_t backoff_ns = BACKOFF_MIN_NS;
	struct gh_log_head head;

	set_away(log, true);
	for (;;) {
		bool waiting = give_up_late(log, batch), again;
		enum gh_code code;

		gh_audit_refuse_queued(log, false);
		if (!waiting && is_over(log))
			return GH_RECOVERED_GIVEN_UP;
		code = gh_audit_connect(log, &head);
		if (code == GH_OK) {
			enum gh_recovery found = settle(log, &head, batch, &again);

			set_away(log, again);
			if (!again)
				return found;
		} else if (code == GH_E_CORRUPT) {
			halt(log);
			set_away(log, false);
			return GH_RECOVERED_HALTED;
		} else if (backoff_ns == BACKOFF_MIN_NS) {
			gh_log_error("audit_database_away");
		}
		pause_ns(backoff_ns);
		backoff_ns = backoff_ns * 2 < BACKOFF_MAX_NS ? backoff_ns * 2 : BACKOFF_MAX_NS;
	}
}

enum gh_recovery gh_audit_catch_up(struct gh_audit_log *log, struct gh_batch *batch)
{
	struct gh_log_head head;
	bool again;
	enum gh_recovery found;

	if (gh_log_head_read(log->db, gh_clock_mono_ns() + ATTEMPT_NS, &head) != GH_OK)
		return gh_audit_recover(log, batch);
	found = settle(log, &head, batch, &again);
	return again ? gh_audit_recover(log, batch) : found;
}
