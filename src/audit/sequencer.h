/* sequencer.h: the one thread that writes the log. Events of all threads are taken in batches; a
 * batch is one statement that compares and swaps the head row (epoch, size) and inserts everything.
 * An event is acknowledged when, and only when, that statement succeeded without a WARNING. What
 * became of a batch whose answer was lost is found out behind a fence (a new epoch), never guessed:
 *
 *            +--------- refused by the server, rolled back ---------> split, or wait
 *     idle -> building -> sent -> ok, no WARNING, all counts right -> acknowledged -> idle
 *            ^             |----> ok, 0 rows (somebody else wrote) -> reload, rebuild
 *            |             +----> anything else: in doubt -> reconnect, fence, read the head
 *            |                                                 | our root: acknowledged
 *            +---- head unchanged: send the same bytes --------| extended by others: look, rebuild
 *                                                              | contradiction: halted
 *
 * A second thread keeps time: every interval it appends log.heartbeat, lets the signer sign the
 * size right after it and stores the checkpoint before anybody can read it. */
#ifndef GH_AUDIT_SEQUENCER_H
#define GH_AUDIT_SEQUENCER_H

#include "audit/event.h"
#include "db/db.h"

/* Appends the signed note for (size, root) to `note`; `proof` is the consistency proof from the
 * last signed size (process/keeper). GH_E_CONFLICT when it does not extend what was signed last.
 * Called on the log's second thread and may block. */
struct gh_audit_signer {
	void *context;
	gh_result (*sign_checkpoint)(void *context, uint64_t size, const uint8_t root[32],
	                             const uint8_t (*proof)[32], size_t count, struct gh_buf *note);
};

/* The deployment's own tenant: under which heartbeats are written. `key` is wiped by the log.
 * Called on the log's second thread and may block. */
struct gh_audit_deployment {
	void *context;
	gh_result (*current_key)(void *context, struct gh_uuid *tenant, struct gh_uuid *data_key_id,
	                         uint8_t key[32]);
};

struct gh_audit_config {
	struct gh_db_config connection; /* as gatehouse_log; borrowed until the log is closed */
	struct gh_audit_signer signer;
	struct gh_audit_deployment deployment;
	const char *origin;             /* of the checkpoints, "example.com/log"; borrowed */
	unsigned checkpoint_interval_s; /* 0: 300; at most 300 */
	/* A checkpoint this soon after an entry, for proofs at hand; 0: with the interval only. */
	unsigned checkpoint_lag_s;
	size_t queue_limit;         /* entries waiting at most; 0: 65,536 */
	size_t batch_limit;         /* entries in one statement; 0: 1,024 (also the most) */
	uint64_t entry_timeout_ns;  /* of entries without a deadline; 0: 5 s */
	uint64_t commit_timeout_ns; /* an answer later than this is in doubt; 0: 10 s */
};

struct gh_audit_log;

/* Connects, asserts the server's durability (fsync, full_page_writes, synchronous_commit, no
 * recovery), takes the head, checks that the stored edge gives the stored root, and starts the
 * threads. GH_E_DENIED when the server would acknowledge what is not durable, GH_E_CORRUPT when the
 * head contradicts itself, GH_E_UNAVAILABLE when it cannot be reached. */
gh_result gh_audit_log_open(const struct gh_audit_config *config, struct gh_audit_log **out);

/* Refuses new entries, writes what waits (within the entries' deadlines), appends a last heartbeat
 * and checkpoint if it can, ends the threads. All entries were delivered when it returns. */
void gh_audit_log_close(struct gh_audit_log *log); /* NULL is fine */
GH_DEFINE_CLEANUP(struct gh_audit_log *, gh_audit_log_close)

/* From any thread, does not block. GH_OK: the entry will be delivered to its destination, whatever
 * happens. Otherwise it stays the caller's and is not written: GH_E_UNAVAILABLE (queue full,
 * stopping, halted, deadline over), GH_E_ARGUMENT or GH_E_LIMIT (its form). */
gh_result gh_audit_submit(struct gh_audit_log *log, struct gh_audit_entry *entry);

/* Waits for a heartbeat and a checkpoint that covers everything acknowledged before the call. *size
 * (may be NULL) is the checkpoint's. GH_E_UNAVAILABLE at the deadline, when stopping or halted. */
gh_result gh_audit_checkpoint_now(struct gh_audit_log *log, uint64_t deadline_ns, uint64_t *size);

enum gh_audit_state { GH_AUDIT_RUNNING, GH_AUDIT_AWAY, GH_AUDIT_HALTED, GH_AUDIT_STOPPING };

struct gh_audit_metrics {
	enum gh_audit_state state; /* AWAY: looking for the database */
	uint64_t size;             /* of the log, acknowledged */
	uint64_t checkpoint_size;  /* of the last stored checkpoint */
	int64_t checkpoint_unix_s; /* when; 0: none by this process */
	uint64_t queued;
	uint64_t batches, acked, refused;
	uint64_t in_doubt; /* batches whose answer was lost */
	uint64_t resent;   /* of them, sent again after the fence */
	uint64_t rebuilt;  /* batches made anew because another gateway wrote first */
	uint64_t reconnects;
	uint64_t checkpoints, checkpoint_failures;
	uint64_t commit_ns_sum; /* over `batches`: from sending the statement to its answer */
	uint64_t commit_ns_max;
	uint64_t build_ns_sum; /* over `batches`: hashing and sealing */
};
void gh_audit_metrics(struct gh_audit_log *log, struct gh_audit_metrics *out);

/* Ready: running, and the last checkpoint is not older than twice the interval. */
bool gh_audit_healthy(struct gh_audit_log *log);

#endif
