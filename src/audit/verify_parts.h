/* verify_parts.h: what the files of the verifier share. */
#ifndef GH_AUDIT_VERIFY_PARTS_H
#define GH_AUDIT_VERIFY_PARTS_H

#include "audit/merkle.h"
#include "audit/verify.h"

/* ---- verify_keys.c: data keys, opened once each -------------------------------------------- */

struct gh_verify_key {
	struct gh_uuid tenant, id;
	bool used;
	bool erased; /* its row is gone */
	bool broken; /* its row does not open */
	uint8_t key[32];
};

struct gh_verify_keys {
	struct gh_db *db;
	const struct gh_audit_keys *source;
	uint64_t deadline_ns;
	struct gh_verify_key *slots;
	size_t capacity, count;
	/* For boxes whose key is gone: the ids that the tenant does have. */
	struct gh_uuid other_tenant;
	struct gh_uuid *others;
	size_t other_count;
	uint64_t attempts;
};

void gh_verify_keys_free(struct gh_verify_keys *keys); /* wipes */
/* *out is valid until the next call. */
gh_result gh_verify_key_of(struct gh_verify_keys *keys, const struct gh_uuid *tenant,
                           const struct gh_uuid *id, const struct gh_verify_key **out);

/* A box that names a key that is not there: either the key was destroyed, or the name was changed.
 * Tries the keys that the tenant has; *opened: one of them fits, so that the row was tampered with.
 * `open` returns GH_OK when the box opens under the key. */
typedef gh_result (*gh_verify_try)(void *context, const uint8_t key[32]);
gh_result gh_verify_keys_try(struct gh_verify_keys *keys, const struct gh_uuid *tenant,
                             gh_verify_try open, void *context, bool *opened);

/* ---- verify_window.c: a run of the log, entries and events side by side --------------------- */

#define GH_WINDOW_MAX 8192

struct gh_window_event {
	bool there, twice;
	struct gh_uuid tenant, event_id, request_id, data_key_id;
	bool has_request;
	uint64_t tenant_seq;
	int64_t at_unix_us;
	struct gh_slice box; /* into the rows */
};

struct gh_window {
	uint64_t begin, end;
	bool has_entry[GH_WINDOW_MAX];
	uint8_t commitments[GH_WINDOW_MAX][32];
	struct gh_window_event events[GH_WINDOW_MAX];
	struct gh_db_result *rows; /* what the boxes lie in */
	/* The tenants that have events, as an array for the server. */
	struct gh_buf tenants;
	size_t tenant_count;
};

/* On the heap: a window is large. NULL when memory is out. */
struct gh_window *gh_window_new(void);
void gh_window_free(struct gh_window *window);
GH_DEFINE_CLEANUP(struct gh_window *, gh_window_free)
gh_result gh_window_tenants(struct gh_window *window, struct gh_db *db, uint64_t deadline_ns);
/* Loads [begin, end), at most GH_WINDOW_MAX. GH_E_CORRUPT: the server cannot read all of it. */
gh_result gh_window_load(struct gh_window *window, struct gh_db *db, uint64_t begin, uint64_t end,
                         uint64_t deadline_ns);

/* ---- the report ---------------------------------------------------------------------------- */

/* Notes the first thing that is wrong; later ones are passed over. */
void gh_verify_wrong(struct gh_verify_report *report, enum gh_verify_place place, uint64_t seq,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));
static inline bool gh_verify_stopped(const struct gh_verify_report *report)
{
	return report->place != GH_VERIFY_NOTHING;
}

/* verify_content.c: exchanges and vault, in the order of their keys. */
gh_result gh_verify_content(struct gh_db *db, struct gh_verify_keys *keys, uint64_t deadline_ns,
                            struct gh_verify_report *report);

#endif
