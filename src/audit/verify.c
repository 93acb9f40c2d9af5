/* One pass in the order of the log. What an entry commits to is only known from its event's box,
 * and what the tree commits to only from its entries, so that both are followed side by side; a
 * checkpoint is compared when the tree has its size. The first thing that is wrong ends the pass:
 * behind it nothing can be said with certainty. */
#include "audit/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/sequencer_parts.h"
#include "audit/verify_parts.h"
#include "base/clock.h"

#define CHECKPOINTS 1024 /* read at a time */

void gh_verify_wrong(struct gh_verify_report *report, enum gh_verify_place place, uint64_t seq,
                     const char *format, ...)
{
	va_list args;

	if (gh_verify_stopped(report))
		return;
	report->place = place;
	report->seq = place == GH_VERIFY_ENTRY ? seq : 0;
	report->size_at = place == GH_VERIFY_CHECKPOINT ? seq : 0;
	va_start(args, format);
	vsnprintf(report->reason, sizeof report->reason, format, args);
	va_end(args);
}

struct pass {
	struct gh_db *db;
	uint64_t deadline_ns;
	struct gh_verify_report *report;
	struct gh_log_head head;
	uint64_t newest_checkpoint; /* as stored when the pass began */
	struct gh_merkle tree;
	struct gh_window *window;
	struct gh_verify_keys keys;
	struct gh_tenant_heads tenants; /* next and prev, and in pending_next the last seq */
	struct gh_note_verifier verifier;
	struct gh_buf plain;
	/* Checkpoints ahead of the tree. */
	struct gh_db_result *notes;
	size_t note_at;
	uint64_t notes_after; /* sizes up to this were read */
	bool notes_begun, notes_ended;
};

/* ---- one event ----------------------------------------------------------------------------- */

/* The chain of its tenant, by what the log has committed to. */
static void follow_chain(struct pass *pass, uint64_t seq, const struct gh_window_event *event,
                         const struct gh_audit_body_view *view)
{
	struct gh_tenant_head *head = gh_tenant_head_of(&pass->tenants, &event->tenant);
	bool chained =
	    view && (head->next == 0 ? !view->has_prev
	                             : view->has_prev && memcmp(view->prev, head->prev, 32) == 0);

	if (event->tenant_seq != head->next) {
		gh_verify_wrong(pass->report, GH_VERIFY_ENTRY, seq,
		                "an event of its tenant is missing before it: number %llu follows "
		                "number %lld",
		                (unsigned long long)event->tenant_seq, (long long)head->next - 1);
		return;
	}
	/* The one before could not be opened, since its key was destroyed: then it is that one
	 * whose commitment was changed. */
	if (view && !chained)
		gh_verify_wrong(pass->report, GH_VERIFY_ENTRY,
		                head->next > 0 ? head->pending_next : seq,
		                "the next event of its tenant names another commitment");
	head->next++;
	head->pending_next = seq;
	memcpy(head->prev, pass->window->commitments[seq - pass->window->begin], 32);
}

static bool body_is_of(const struct gh_audit_body_view *view, const struct gh_window_event *event)
{
	char at[GH_TIME_TEXT_BYTES];

	gh_clock_format(event->at_unix_us, at);
	return gh_slice_eq_str(view->at, at) && gh_uuid_eq(&view->tenant_id, &event->tenant) &&
	       gh_uuid_eq(&view->event_id, &event->event_id) &&
	       view->tenant_seq == event->tenant_seq && view->has_request == event->has_request &&
	       (!view->has_request || gh_uuid_eq(&view->request_id, &event->request_id));
}

struct sealed {
	struct pass *pass;
	const struct gh_window_event *event;
};

static gh_result try_event(void *context, const uint8_t key[32])
{
	const struct sealed *sealed = context;

	gh_buf_clear(&sealed->pass->plain);
	return gh_audit_event_open(key, &sealed->event->tenant, &sealed->event->event_id,
	                           sealed->event->box, &sealed->pass->plain);
}

static gh_result check_erased(struct pass *pass, uint64_t seq, const struct gh_window_event *event)
{
	struct sealed sealed = { pass, event };
	bool opened;

	GH_TRY(gh_verify_keys_try(&pass->keys, &event->tenant, try_event, &sealed, &opened));
	if (opened)
		gh_verify_wrong(pass->report, GH_VERIFY_ENTRY, seq,
		                "its event names another data key than the one that opens it");
	pass->report->erased++;
	follow_chain(pass, seq, event, NULL);
	return GH_OK;
}

static gh_result check_event(struct pass *pass, uint64_t seq, const struct gh_window_event *event)
{
	const struct gh_verify_key *key;
	struct gh_audit_body_view view;
	uint8_t commitment[32];

	GH_TRY(gh_verify_key_of(&pass->keys, &event->tenant, &event->data_key_id, &key));
	if (key->erased)
		return check_erased(pass, seq, event);
	gh_buf_clear(&pass->plain);
	if (key->broken || gh_audit_event_open(key->key, &event->tenant, &event->event_id,
	                                       event->box, &pass->plain) != GH_OK) {
		gh_verify_wrong(pass->report, GH_VERIFY_ENTRY, seq,
		                key->broken ? "its event's data key does not open"
		                            : "its event's sealed box does not open");
		return GH_OK;
	}
	gh_audit_commitment(gh_buf_slice(&pass->plain), commitment);
	if (memcmp(commitment, pass->window->commitments[seq - pass->window->begin], 32) != 0) {
		gh_verify_wrong(pass->report, GH_VERIFY_ENTRY, seq,
		                "its event is not the one that the log committed to");
		return GH_OK;
	}
	if (pass->plain.len < GH_AUDIT_SALT_BYTES ||
	    gh_audit_body_view(
	        gh_slice_sub(gh_buf_slice(&pass->plain), GH_AUDIT_SALT_BYTES, SIZE_MAX), &view) !=
	        GH_OK ||
	    !body_is_of(&view, event)) {
		gh_verify_wrong(pass->report, GH_VERIFY_ENTRY, seq,
		                "its event's row and body disagree");
		return GH_OK;
	}
	follow_chain(pass, seq, event, &view);
	return GH_OK;
}

static gh_result check_entry(struct pass *pass, uint64_t seq)
{
	size_t place = (size_t)(seq - pass->window->begin);
	const struct gh_window_event *event = &pass->window->events[place];
	uint8_t leaf[32];

	if (!pass->window->has_entry[place])
		gh_verify_wrong(pass->report, GH_VERIFY_ENTRY, seq, "it is missing from the log");
	else if (!event->there)
		gh_verify_wrong(pass->report, GH_VERIFY_ENTRY, seq, "its event is missing");
	else if (event->twice)
		gh_verify_wrong(pass->report, GH_VERIFY_ENTRY, seq, "it has two events");
	if (gh_verify_stopped(pass->report))
		return GH_OK;
	gh_audit_leaf(pass->window->commitments[place], leaf);
	GH_TRY(gh_merkle_append_leaf(&pass->tree, leaf));
	GH_TRY(check_event(pass, seq, event));
	pass->report->entries++;
	pass->report->events++;
	return GH_OK;
}

/* ---- checkpoints --------------------------------------------------------------------------- */

static gh_result read_notes(struct pass *pass)
{
	const struct gh_db_value values[] = {
		gh_db_int8(pass->notes_begun ? (int64_t)pass->notes_after : -1),
		gh_db_int8((int64_t)pass->newest_checkpoint), gh_db_int8(CHECKPOINTS)
	};
	const struct gh_db_statement statement = {
		.sql = "SELECT size, note FROM gatehouse.log_checkpoint WHERE size > $1 AND size "
		       "<= $2 "
		       "ORDER BY size LIMIT $3",
		.values = values,
		.value_count = 3,
		.reads = true,
	};

	gh_db_result_free(pass->notes);
	pass->notes = NULL;
	pass->note_at = 0;
	pass->notes_begun = true;
	GH_TRY(gh_db_exec(pass->db, &statement, pass->deadline_ns, &pass->notes));
	pass->notes_ended = gh_db_rows(pass->notes) == 0;
	return GH_OK;
}

/* The next one's size, UINT64_MAX behind the last. */
static gh_result next_checkpoint(struct pass *pass, uint64_t *size)
{
	int64_t number;

	if (!pass->notes_ended && (!pass->notes || pass->note_at == gh_db_rows(pass->notes))) {
		enum gh_code code = read_notes(pass);

		if (code == GH_E_CORRUPT) {
			gh_verify_wrong(pass->report, GH_VERIFY_CHECKPOINT, pass->notes_after,
			                "one of those after it cannot be read");
			pass->notes_ended = true;
		} else {
			GH_TRY(code);
		}
	}
	*size = UINT64_MAX;
	if (pass->notes_ended)
		return GH_OK;
	GH_TRY(gh_db_get_int(pass->notes, pass->note_at, 0, &number));
	*size = (uint64_t)number;
	return GH_OK;
}

/* The tree has the checkpoint's size now. */
static gh_result check_checkpoint(struct pass *pass, uint64_t size)
{
	struct gh_checkpoint checkpoint;
	struct gh_slice note;
	uint8_t root[32];

	GH_TRY(gh_db_get_text(pass->notes, pass->note_at, 1, &note));
	gh_merkle_root(&pass->tree, root);
	if (gh_checkpoint_verify(note, &pass->verifier, &checkpoint) != GH_OK)
		gh_verify_wrong(pass->report, GH_VERIFY_CHECKPOINT, size,
		                "its signature is not the log's");
	else if (checkpoint.size != size)
		gh_verify_wrong(pass->report, GH_VERIFY_CHECKPOINT, size,
		                "it was signed for size %llu", (unsigned long long)checkpoint.size);
	else if (memcmp(checkpoint.root, root, sizeof root) != 0)
		gh_verify_wrong(pass->report, GH_VERIFY_CHECKPOINT, size,
		                "the entries below it do not give the root that was signed");
	pass->report->checkpoints++;
	pass->report->checkpoint_size = size;
	pass->notes_after = size;
	pass->note_at++;
	return GH_OK;
}

static gh_result check_checkpoints_here(struct pass *pass)
{
	uint64_t size;

	for (;;) {
		GH_TRY(next_checkpoint(pass, &size));
		if (size > pass->tree.size || gh_verify_stopped(pass->report))
			return GH_OK;
		GH_TRY(check_checkpoint(pass, size));
	}
}

/* ---- the pass ------------------------------------------------------------------------------ */

static gh_result begin(struct pass *pass, const struct gh_audit_keys *keys)
{
	static const struct gh_db_statement newest = {
		.sql = "SELECT coalesce(max(size), 0) FROM gatehouse.log_checkpoint",
		.reads = true,
	};
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;
	GH_CLEANUP(gh_buf_free) struct gh_buf vkey = { .limit = 1024 };
	enum gh_code code;
	int64_t size;

	GH_TRY(keys->vkey(keys->context, &vkey));
	GH_TRY(gh_note_verifier_parse(gh_slice_trim(gh_buf_slice(&vkey)), &pass->verifier));
	/* Before the head, so that each of them must be covered by it. */
	GH_TRY(gh_db_exec(pass->db, &newest, pass->deadline_ns, &rows));
	GH_TRY(gh_db_get_int(rows, 0, 0, &size));
	pass->newest_checkpoint = (uint64_t)size;
	code = gh_log_head_read(pass->db, pass->deadline_ns, &pass->head);
	if (code == GH_E_CORRUPT) {
		gh_verify_wrong(pass->report, GH_VERIFY_HEAD, 0, "%s", gh_last_error()->text);
		return GH_OK;
	}
	GH_TRY(code);
	pass->report->size = pass->head.size;
	memcpy(pass->report->root, pass->head.root, 32);
	GH_TRY(gh_window_tenants(pass->window, pass->db, pass->deadline_ns));
	pass->report->tenants = pass->window->tenant_count;
	return GH_OK;
}

/* Where the server cannot read a page, the window shrinks to the first entry that is on it. */
static gh_result load_window(struct pass *pass, uint64_t at, uint64_t *end)
{
	uint64_t width = pass->head.size - at;

	if (width > GH_WINDOW_MAX)
		width = GH_WINDOW_MAX;
	for (;; width /= 2) {
		enum gh_code code;

		*end = at + width;
		code = gh_window_load(pass->window, pass->db, at, *end, pass->deadline_ns);
		if (code != GH_E_CORRUPT)
			return code;
		if (width == 1) {
			gh_verify_wrong(pass->report, GH_VERIFY_ENTRY, at,
			                "the database cannot read it or its event");
			return GH_OK;
		}
	}
}

static gh_result check_entries(struct pass *pass)
{
	uint64_t end;

	GH_TRY(check_checkpoints_here(pass)); /* of size 0 */
	while (pass->tree.size < pass->head.size && !gh_verify_stopped(pass->report)) {
		uint64_t begin_at = pass->tree.size;

		GH_TRY(load_window(pass, begin_at, &end));
		/* A tenant whose first event lies here came after the list was made. */
		GH_TRY(gh_tenant_heads_reserve(&pass->tenants, GH_WINDOW_MAX));
		for (uint64_t seq = begin_at; seq < end && !gh_verify_stopped(pass->report);
		     seq++) {
			GH_TRY(check_entry(pass, seq));
			if (!gh_verify_stopped(pass->report))
				GH_TRY(check_checkpoints_here(pass));
		}
	}
	return GH_OK;
}

static gh_result check_head(struct pass *pass)
{
	uint8_t root[32];
	uint64_t size;

	gh_merkle_root(&pass->tree, root);
	if (memcmp(root, pass->head.root, sizeof root) != 0) {
		gh_verify_wrong(pass->report, GH_VERIFY_HEAD, 0,
		                "the entries do not give the head's root");
		return GH_OK;
	}
	GH_TRY(next_checkpoint(pass, &size));
	if (size != UINT64_MAX)
		gh_verify_wrong(pass->report, GH_VERIFY_CHECKPOINT, size,
		                "the log is shorter than it: %llu entries",
		                (unsigned long long)pass->head.size);
	return GH_OK;
}

/* Rows that no head covers. One statement, so that a writing gateway does not disturb it. */
static gh_result check_beyond(struct pass *pass)
{
	const struct gh_db_value values[] = { gh_db_array(&pass->window->tenants, GH_DB_UUID) };
	const struct gh_db_statement statement = {
		.sql =
		    "SELECT least((SELECT min(seq) FROM gatehouse.log_entry l WHERE l.seq >= "
		    "h.size), "
		    "(SELECT min(e.seq) FROM unnest($1::uuid[]) t(id) CROSS JOIN LATERAL (SELECT "
		    "a.seq FROM gatehouse.audit_event a WHERE a.tenant_id = t.id AND a.seq >= "
		    "h.size "
		    "ORDER BY a.tenant_id, a.seq LIMIT 1) e)) FROM gatehouse.log_head h",
		.values = values,
		.value_count = 1,
		.reads = true,
	};
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;
	int64_t seq;

	GH_TRY(gh_db_exec(pass->db, &statement, pass->deadline_ns, &rows));
	if (gh_db_rows(rows) == 0 || gh_db_is_null(rows, 0, 0))
		return GH_OK;
	GH_TRY(gh_db_get_int(rows, 0, 0, &seq));
	gh_verify_wrong(pass->report, GH_VERIFY_ENTRY, (uint64_t)seq,
	                "it lies beyond the log's head");
	return GH_OK;
}

static gh_result run(struct pass *pass, const struct gh_audit_keys *keys)
{
	GH_TRY(begin(pass, keys));
	if (!gh_verify_stopped(pass->report))
		GH_TRY(check_entries(pass));
	if (!gh_verify_stopped(pass->report))
		GH_TRY(check_head(pass));
	if (!gh_verify_stopped(pass->report))
		GH_TRY(check_beyond(pass));
	if (!gh_verify_stopped(pass->report))
		GH_TRY(gh_verify_content(pass->db, &pass->keys, pass->deadline_ns, pass->report));
	pass->report->ok = !gh_verify_stopped(pass->report);
	return GH_OK;
}

gh_result gh_verify_log(struct gh_db *admin, const struct gh_audit_keys *keys, uint64_t deadline_ns,
                        struct gh_verify_report *report)
{
	struct pass *pass = calloc(1, sizeof *pass);
	enum gh_code code = GH_E_MEMORY;

	GH_ENSURE(pass, GH_E_MEMORY, "out of memory");
	memset(report, 0, sizeof *report);
	pass->db = admin;
	pass->deadline_ns = deadline_ns;
	pass->report = report;
	pass->keys =
	    (struct gh_verify_keys){ .db = admin, .source = keys, .deadline_ns = deadline_ns };
	gh_buf_init(&pass->plain, (size_t)4 << 20, true);
	pass->window = gh_window_new();
	if (pass->window)
		code = run(pass, keys);
	else
		(void)gh_fail(code, "out of memory");
	gh_window_free(pass->window);
	gh_verify_keys_free(&pass->keys);
	gh_tenant_heads_free(&pass->tenants);
	gh_note_verifier_free(&pass->verifier);
	gh_db_result_free(pass->notes);
	gh_buf_free(&pass->plain);
	free(pass);
	return code;
}
