/* Events in the clear, for an operator who holds the keys. */
#include <stdlib.h>
#include <string.h>

#include "audit/sequencer_parts.h"
#include "audit/verify_parts.h"

struct reader {
	struct gh_verify_keys keys;
	struct gh_buf plain;
	gh_audit_visit visit;
	void *context;
};

static void open_reader(struct reader *reader, struct gh_db *db, const struct gh_audit_keys *keys,
                        uint64_t deadline_ns, gh_audit_visit visit, void *context)
{
	*reader = (struct reader){ .keys = { .db = db, .source = keys, .deadline_ns = deadline_ns },
		                   .visit = visit,
		                   .context = context };
	gh_buf_init(&reader->plain, (size_t)4 << 20, true);
}

static void close_reader(struct reader *reader)
{
	gh_verify_keys_free(&reader->keys);
	gh_buf_free(&reader->plain);
}

static gh_result show(struct reader *reader, uint64_t seq, const struct gh_uuid *tenant,
                      const struct gh_uuid *event_id, const struct gh_uuid *key_id,
                      struct gh_slice box)
{
	struct gh_audit_record record = { .tenant_id = *tenant, .event_id = *event_id, .seq = seq };
	const struct gh_verify_key *key;

	GH_TRY(gh_verify_key_of(&reader->keys, tenant, key_id, &key));
	GH_ENSURE(!key->broken, GH_E_CORRUPT, "the data key of entry %llu does not open",
	          (unsigned long long)seq);
	if (!key->erased) {
		gh_buf_clear(&reader->plain);
		GH_ENSURE(
		    gh_audit_event_open(key->key, tenant, event_id, box, &reader->plain) == GH_OK &&
		        reader->plain.len >= GH_AUDIT_SALT_BYTES,
		    GH_E_CORRUPT, "the event of entry %llu does not open", (unsigned long long)seq);
		memcpy(record.salt, reader->plain.data, sizeof record.salt);
		record.body =
		    gh_slice_sub(gh_buf_slice(&reader->plain), GH_AUDIT_SALT_BYTES, SIZE_MAX);
	}
	return reader->visit(reader->context, &record);
}

static gh_result read_all(struct reader *reader, struct gh_window *window, uint64_t *at)
{
	struct gh_verify_keys *keys = &reader->keys;
	struct gh_log_head head;

	GH_TRY(gh_log_head_read(keys->db, keys->deadline_ns, &head));
	GH_TRY(gh_window_tenants(window, keys->db, keys->deadline_ns));
	while (*at < head.size) {
		uint64_t end = head.size - *at > GH_WINDOW_MAX ? *at + GH_WINDOW_MAX : head.size;

		GH_TRY(gh_window_load(window, keys->db, *at, end, keys->deadline_ns));
		for (; *at < end; (*at)++) {
			const struct gh_window_event *event = &window->events[*at - window->begin];

			if (event->there)
				GH_TRY(show(reader, *at, &event->tenant, &event->event_id,
				            &event->data_key_id, event->box));
		}
	}
	return GH_OK;
}

gh_result gh_audit_read(struct gh_db *admin, const struct gh_audit_keys *keys, uint64_t from_seq,
                        uint64_t deadline_ns, gh_audit_visit visit, void *context,
                        uint64_t *next_seq)
{
	GH_CLEANUP(gh_window_free_ptr) struct gh_window *window = gh_window_new();
	struct reader reader;
	enum gh_code code;

	*next_seq = from_seq;
	GH_ENSURE(window, GH_E_MEMORY, "out of memory");
	open_reader(&reader, admin, keys, deadline_ns, visit, context);
	code = read_all(&reader, window, next_seq);
	close_reader(&reader);
	return code;
}

static gh_result find(struct reader *reader, struct gh_window *window,
                      const struct gh_uuid *event_id)
{
	struct gh_verify_keys *keys = &reader->keys;
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;
	struct gh_uuid tenant, key_id;
	struct gh_slice box;
	int64_t seq;

	GH_TRY(gh_window_tenants(window, keys->db, keys->deadline_ns));
	const struct gh_db_value values[] = { gh_db_array(&window->tenants, GH_DB_UUID),
		                              gh_db_uuid(event_id) };
	const struct gh_db_statement statement = {
		.sql =
		    "SELECT e.seq, e.tenant_id, e.data_key_id, e.box FROM unnest($1::uuid[]) t(id) "
		    "JOIN gatehouse.audit_event e ON e.tenant_id = t.id AND e.event_id = $2 LIMIT "
		    "1",
		.values = values,
		.value_count = 2,
		.reads = true,
	};
	GH_TRY(gh_db_exec(keys->db, &statement, keys->deadline_ns, &rows));
	GH_ENSURE(gh_db_rows(rows) == 1, GH_E_NOT_FOUND, "no event has this id");
	GH_TRY(gh_db_get_int(rows, 0, 0, &seq));
	GH_TRY(gh_db_get_uuid(rows, 0, 1, &tenant));
	GH_TRY(gh_db_get_uuid(rows, 0, 2, &key_id));
	GH_TRY(gh_db_get_bytea(rows, 0, 3, &box));
	return show(reader, (uint64_t)seq, &tenant, event_id, &key_id, box);
}

gh_result gh_audit_find(struct gh_db *admin, const struct gh_audit_keys *keys,
                        const struct gh_uuid *event_id, uint64_t deadline_ns, gh_audit_visit visit,
                        void *context)
{
	GH_CLEANUP(gh_window_free_ptr) struct gh_window *window = gh_window_new();
	struct reader reader;
	enum gh_code code;

	GH_ENSURE(window, GH_E_MEMORY, "out of memory");
	open_reader(&reader, admin, keys, deadline_ns, visit, context);
	code = find(&reader, window, event_id);
	close_reader(&reader);
	return code;
}
