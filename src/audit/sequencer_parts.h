/* sequencer_parts.h: what the files of the sequencer share. Fields say which thread they belong to;
 * `lock` guards those that belong to both. */
#ifndef GH_AUDIT_SEQUENCER_PARTS_H
#define GH_AUDIT_SEQUENCER_PARTS_H

#include <pthread.h>

#include "audit/merkle.h"
#include "audit/sequencer.h"

#define GH_AUDIT_BATCH_MAX   1024
#define GH_AUDIT_BATCH_BYTES ((size_t)32 << 20) /* of content; one entry may be over it */
#define GH_SECOND_NS         UINT64_C(1000000000)
#define GH_MILLISECOND_NS    UINT64_C(1000000)

/* ---- tenant_heads.c: where each tenant's chain stands -------------------------------------- */

/* `next` and `prev` are durable; the pending ones include the batch that is being written. */
struct gh_tenant_head {
	struct gh_uuid tenant;
	bool used;
	bool loaded;
	uint64_t next, pending_next; /* tenant_seq; prev is there unless it is 0 */
	uint8_t prev[GH_AUDIT_COMMITMENT_BYTES];
	uint8_t pending_prev[GH_AUDIT_COMMITMENT_BYTES];
};

struct gh_tenant_heads {
	struct gh_tenant_head *slots;
	size_t capacity; /* a power of two, or 0 */
	size_t count;
};

/* Room for `more` tenants; pointers from gh_tenant_head_of stay valid until the next call. */
gh_result gh_tenant_heads_reserve(struct gh_tenant_heads *heads, size_t more);
struct gh_tenant_head *gh_tenant_head_of(struct gh_tenant_heads *heads,
                                         const struct gh_uuid *tenant); /* added when new */
void gh_tenant_heads_clear(struct gh_tenant_heads *heads);
void gh_tenant_heads_free(struct gh_tenant_heads *heads);
/* Loads those of `entries` that are not loaded yet. */
gh_result gh_tenant_heads_load(struct gh_tenant_heads *heads, struct gh_db *db,
                               struct gh_audit_entry *const *entries, size_t count,
                               uint64_t deadline_ns);

/* ---- batch.c: one statement's worth of entries --------------------------------------------- */

enum gh_batch_array {
	ENTRY_SEQ,
	ENTRY_COMMITMENT,
	EVENT_TENANT,
	EVENT_TENANT_SEQ,
	EVENT_ID,
	EVENT_REQUEST,
	EVENT_KEY,
	EVENT_BOX,
	EVENT_AT,
	EXCHANGE_TENANT,
	EXCHANGE_REQUEST,
	EXCHANGE_PART,
	EXCHANGE_KEY,
	EXCHANGE_BOX,
	VAULT_TENANT,
	VAULT_TOKEN,
	VAULT_CLASS,
	VAULT_KEY,
	VAULT_BOX,
	GH_BATCH_ARRAYS
};

struct gh_batch {
	/* NULL: answered before it was known what became of it. */
	struct gh_audit_entry *entries[GH_AUDIT_BATCH_MAX];
	size_t count;
	bool has_gaps; /* some are NULL */
	bool sent;     /* whether the database may have seen it */
	uint8_t commitments[GH_AUDIT_BATCH_MAX][GH_AUDIT_COMMITMENT_BYTES];
	struct gh_merkle before, after;
	struct gh_buf arrays[GH_BATCH_ARRAYS];
	struct gh_buf plain, box, aad;
	size_t exchanges, vault;
};

enum gh_batch_outcome {
	GH_BATCH_WRITTEN,   /* durable */
	GH_BATCH_LOST_RACE, /* not written: the head had moved */
	GH_BATCH_POISONED,  /* not written: some row of it is refused */
	GH_BATCH_BUSY,      /* not written: for now */
	GH_BATCH_REFUSED,   /* not written, and trying again will not help */
	GH_BATCH_IN_DOUBT,
	GH_BATCH_MUTILATED, /* the head moved and rows are missing: the schema is not ours */
};

void gh_batch_init(struct gh_batch *batch);
void gh_batch_free(struct gh_batch *batch);
/* Renders, hashes and seals all entries (no gaps). *failed is the entry that could not be, on
 * failure. */
gh_result gh_batch_build(struct gh_batch *batch, const struct gh_merkle *tree,
                         struct gh_tenant_heads *heads, int64_t at_unix_us, size_t *failed);
enum gh_batch_outcome gh_batch_send(struct gh_batch *batch, struct gh_db *db, uint64_t epoch,
                                    uint64_t deadline_ns);

/* ---- head.c: the head row and the entries -------------------------------------------------- */

struct gh_log_head {
	uint64_t epoch, size;
	uint8_t root[32];
	struct gh_merkle tree; /* its edge; gives `root` */
};

/* Refuses a server that would acknowledge what is not durable: GH_E_DENIED. */
gh_result gh_log_assert_durable(struct gh_db *db, uint64_t deadline_ns);
gh_result gh_log_head_read(struct gh_db *db, uint64_t deadline_ns, struct gh_log_head *out);
/* Takes a new epoch: whatever an older one has in flight is over when this returns GH_OK. */
gh_result gh_log_head_fence(struct gh_db *db, uint64_t deadline_ns, struct gh_log_head *out);

/* Calls `visit` with each commitment of [begin, end), in order. GH_E_CORRUPT at a gap. */
typedef gh_result (*gh_commitment_visit)(void *context, uint64_t seq,
                                         const uint8_t commitment[GH_AUDIT_COMMITMENT_BYTES]);
gh_result gh_log_entries(struct gh_db *db, uint64_t begin, uint64_t end, uint64_t deadline_ns,
                         gh_commitment_visit visit, void *context);
/* MTH(D[begin:end]) from the stored entries. */
gh_result gh_log_range_hash(struct gh_db *db, uint64_t begin, uint64_t end, uint64_t deadline_ns,
                            uint8_t hash[32]);

/* ---- the log ------------------------------------------------------------------------------- */

struct gh_audit_queue {
	struct gh_audit_entry *first, *last;
};

struct gh_audit_log {
	struct gh_audit_config config;
	pthread_t sequencer, timekeeper;
	bool has_sequencer, has_timekeeper;

	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t work;  /* for the sequencer */
	pthread_cond_t tick;  /* for the timekeeper */
	pthread_cond_t done;  /* for gh_audit_checkpoint_now */
	struct gh_audit_queue queue;
	size_t queued;
	bool stopping; /* nothing new from outside */
	bool draining; /* nothing new at all */
	bool halted, away;
	struct gh_audit_metrics metrics;
	struct gh_merkle mark; /* the tree right after the last heartbeat */
	bool heartbeat_done;
	struct gh_audit_entry *heartbeat; /* delivered */
	uint64_t ticket_wanted, ticket_done;
	enum gh_code ticket_code;

	/* The sequencer's own. */
	struct gh_db *db;
	uint64_t epoch;
	struct gh_merkle tree; /* what is durable */
	struct gh_tenant_heads heads;
	struct gh_batch batch;
	int64_t last_at_us;

	/* The timekeeper's own. */
	struct gh_db *clock_db;
	struct gh_merkle signed_tree; /* what the signer signed last */
	struct gh_buf pending_note;   /* signed and not stored yet */
	uint64_t pending_size;
	int64_t clock_offset_us; /* wall minus monotonic */
};

/* queue.c */
gh_result gh_audit_push(struct gh_audit_log *log, struct gh_audit_entry *entry, bool internal);
/* Waits for entries and moves some to the batch; false: the log ends. */
bool gh_audit_take(struct gh_audit_log *log, struct gh_batch *batch);
/* Refuses what waits and is late (or everything). */
void gh_audit_refuse_queued(struct gh_audit_log *log, bool everything);
/* Answers the given entries (some may be NULL), one call for each destination. */
void gh_audit_deliver(struct gh_audit_log *log, struct gh_audit_entry **entries, size_t count);

/* recover.c */
enum gh_recovery {
	GH_RECOVERED_WRITTEN,
	GH_RECOVERED_NOT_WRITTEN,
	GH_RECOVERED_HALTED,
	GH_RECOVERED_GIVEN_UP
};
gh_result gh_audit_connect(struct gh_audit_log *log, struct gh_log_head *head);
/* Gets to a connection with a fence, whatever it takes, and finds out about the batch. */
enum gh_recovery gh_audit_recover(struct gh_audit_log *log, struct gh_batch *batch);
/* After a lost race, on the same connection. */
enum gh_recovery gh_audit_catch_up(struct gh_audit_log *log, struct gh_batch *batch);

/* timekeeper.c */
void *gh_audit_timekeeper(void *log);

#endif
