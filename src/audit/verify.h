/* verify.h: checks the whole log against itself: every entry, event, checkpoint and sealed box, in
 * one pass in the order of the log, and names the first thing that is wrong. Reads as the
 * database's administrator and believes nothing that it reads. */
#ifndef GH_AUDIT_VERIFY_H
#define GH_AUDIT_VERIFY_H

#include "audit/event.h"
#include "audit/note.h"
#include "db/db.h"

/* How wrapped data keys are opened and which key signs checkpoints: the keeper, or its files. */
struct gh_audit_keys {
	void *context;
	gh_result (*unwrap_dek)(void *context, const struct gh_uuid *tenant,
	                        struct gh_slice purpose, struct gh_slice subject,
	                        struct gh_slice wrapped, uint8_t dek[32]);
	gh_result (*vkey)(void *context, struct gh_buf *out); /* appends "name+id+key" */
};

enum gh_verify_place {
	GH_VERIFY_NOTHING,    /* the log is whole */
	GH_VERIFY_ENTRY,      /* `seq` */
	GH_VERIFY_CHECKPOINT, /* of `size_at` */
	GH_VERIFY_EXCHANGE,   /* of `id`, a request id; `part` */
	GH_VERIFY_VAULT,      /* `part` is the token */
	GH_VERIFY_HEAD,       /* the head row */
	GH_VERIFY_TILE,       /* `part` is the path */
};

struct gh_verify_report {
	bool ok;
	uint64_t size; /* of the log, as its head says */
	uint8_t root[32];
	uint64_t entries, events, exchanges, vault, checkpoints; /* checked */
	uint64_t erased; /* boxes whose data key was destroyed: not opened, commitments stand */
	uint64_t tenants;
	uint64_t checkpoint_size; /* the newest checkpoint's */
	/* The first thing that is wrong. */
	enum gh_verify_place place;
	uint64_t seq;     /* ENTRY */
	uint64_t size_at; /* CHECKPOINT */
	struct gh_uuid id, tenant;
	char part[208];
	char reason[200]; /* one sentence */
};

/* GH_OK: the check was made and the report says how it came out. Failures are those that kept it
 * from being made (no connection, no memory, keys away). What is written meanwhile is not looked
 * at, so that it may run beside a writing gateway. */
gh_result gh_verify_log(struct gh_db *admin, const struct gh_audit_keys *keys, uint64_t deadline_ns,
                        struct gh_verify_report *report);

/* Where tiles come from: appends the resource at `path` ("tile/0/000"); GH_E_NOT_FOUND. */
struct gh_tile_source {
	void *context;
	gh_result (*fetch)(void *context, const char *path, struct gh_buf *out);
};
/* As an outsider: checkpoint signature, every level-0 hash against the entry bundles, the root, and
 * the hash tiles above. */
gh_result gh_verify_tiles(const struct gh_tile_source *source,
                          const struct gh_note_verifier *verifier, struct gh_verify_report *report);

/* One event, opened for an operator. */
struct gh_audit_record {
	struct gh_uuid tenant_id, event_id;
	uint64_t seq;
	uint8_t salt[GH_AUDIT_SALT_BYTES];
	struct gh_slice body; /* valid during the call that hands it over */
};
typedef gh_result (*gh_audit_visit)(void *context, const struct gh_audit_record *record);

/* Calls `visit` for the events from `from_seq` on, in order; *next_seq is where to go on. Events
 * whose data key was destroyed are handed over with an empty body. */
gh_result gh_audit_read(struct gh_db *admin, const struct gh_audit_keys *keys, uint64_t from_seq,
                        uint64_t deadline_ns, gh_audit_visit visit, void *context,
                        uint64_t *next_seq);
/* The one with this event id. GH_E_NOT_FOUND. */
gh_result gh_audit_find(struct gh_db *admin, const struct gh_audit_keys *keys,
                        const struct gh_uuid *event_id, uint64_t deadline_ns, gh_audit_visit visit,
                        void *context);

#endif
