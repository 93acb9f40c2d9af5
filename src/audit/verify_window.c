/* Events are kept by tenant, the log by number. A window asks each tenant's index for its part of a
 * run of numbers, which costs a descent for each tenant and no sort of what is large. */
#include "audit/verify_parts.h"

#include <stdlib.h>
#include <string.h>

struct gh_window *gh_window_new(void)
{
	struct gh_window *window = calloc(1, sizeof *window);

	if (window)
		gh_buf_init(&window->tenants, (size_t)512 << 20, false);
	return window;
}

void gh_window_free(struct gh_window *window)
{
	if (!window)
		return;
	gh_db_result_free(window->rows);
	gh_buf_free(&window->tenants);
	free(window);
}

/* A loose scan of the index: one descent for each tenant. */
gh_result gh_window_tenants(struct gh_window *window, struct gh_db *db, uint64_t deadline_ns)
{
	static const struct gh_db_statement statement = {
		.sql = "WITH RECURSIVE t(id) AS ((SELECT tenant_id FROM gatehouse.audit_event "
		       "ORDER BY "
		       "tenant_id LIMIT 1) UNION ALL SELECT (SELECT tenant_id FROM "
		       "gatehouse.audit_event WHERE tenant_id > t.id ORDER BY tenant_id LIMIT 1) "
		       "FROM t "
		       "WHERE t.id IS NOT NULL) SELECT id FROM t WHERE id IS NOT NULL",
		.reads = true,
	};
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;
	struct gh_uuid tenant;

	GH_TRY(gh_db_exec(db, &statement, deadline_ns, &rows));
	window->tenant_count = gh_db_rows(rows);
	gh_db_array_begin(&window->tenants, GH_DB_UUID, window->tenant_count);
	for (size_t i = 0; i < window->tenant_count; i++) {
		GH_TRY(gh_db_get_uuid(rows, i, 0, &tenant));
		gh_db_array_add_uuid(&window->tenants, &tenant);
	}
	return gh_buf_check(&window->tenants);
}

static gh_result take_event(struct gh_window *window, size_t row)
{
	const struct gh_db_result *rows = window->rows;
	struct gh_window_event event = { .there = true };
	struct gh_window_event *place;
	int64_t seq, tenant_seq;

	GH_TRY(gh_db_get_int(rows, row, 0, &seq));
	GH_TRY(gh_db_get_uuid(rows, row, 1, &event.tenant));
	GH_TRY(gh_db_get_int(rows, row, 2, &tenant_seq));
	GH_TRY(gh_db_get_uuid(rows, row, 3, &event.event_id));
	event.has_request = !gh_db_is_null(rows, row, 4);
	if (event.has_request)
		GH_TRY(gh_db_get_uuid(rows, row, 4, &event.request_id));
	GH_TRY(gh_db_get_uuid(rows, row, 5, &event.data_key_id));
	GH_TRY(gh_db_get_bytea(rows, row, 6, &event.box));
	GH_TRY(gh_db_get_time(rows, row, 7, &event.at_unix_us));
	event.tenant_seq = (uint64_t)tenant_seq;
	GH_ENSURE((uint64_t)seq >= window->begin && (uint64_t)seq < window->end, GH_E_INTERNAL,
	          "an event outside of what was asked for");
	place = &window->events[(uint64_t)seq - window->begin];
	event.twice = place->there;
	*place = event;
	return GH_OK;
}

static gh_result load_events(struct gh_window *window, struct gh_db *db, uint64_t deadline_ns)
{
	const struct gh_db_value values[] = { gh_db_array(&window->tenants, GH_DB_UUID),
		                              gh_db_int8((int64_t)window->begin),
		                              gh_db_int8((int64_t)window->end) };
	const struct gh_db_statement statement = {
		.sql =
		    "SELECT e.seq, e.tenant_id, e.tenant_seq, e.event_id, e.request_id, "
		    "e.data_key_id, e.box, e.at FROM unnest($1::uuid[]) t(id) CROSS JOIN LATERAL "
		    "(SELECT * FROM gatehouse.audit_event a WHERE a.tenant_id = t.id AND a.seq "
		    ">= $2 "
		    "AND a.seq < $3 ORDER BY a.tenant_id, a.seq) e",
		.values = values,
		.value_count = 3,
		.reads = true,
	};

	gh_db_result_free(window->rows);
	window->rows = NULL;
	GH_TRY(gh_db_exec(db, &statement, deadline_ns, &window->rows));
	for (size_t i = 0; i < gh_db_rows(window->rows); i++)
		GH_TRY(take_event(window, i));
	return GH_OK;
}

gh_result gh_window_load(struct gh_window *window, struct gh_db *db, uint64_t begin, uint64_t end,
                         uint64_t deadline_ns)
{
	const struct gh_db_value values[] = { gh_db_int8((int64_t)begin),
		                              gh_db_int8((int64_t)end) };
	const struct gh_db_statement statement = {
		.sql =
		    "SELECT seq, commitment FROM gatehouse.log_entry WHERE seq >= $1 AND seq < $2",
		.values = values,
		.value_count = 2,
		.reads = true,
	};
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;
	int64_t seq;

	window->begin = begin;
	window->end = end;
	memset(window->has_entry, 0, sizeof window->has_entry);
	memset(window->events, 0, (size_t)(end - begin) * sizeof window->events[0]);
	GH_TRY(gh_db_exec(db, &statement, deadline_ns, &rows));
	for (size_t i = 0; i < gh_db_rows(rows); i++) {
		GH_TRY(gh_db_get_int(rows, i, 0, &seq));
		GH_ENSURE((uint64_t)seq >= begin && (uint64_t)seq < end, GH_E_INTERNAL,
		          "an entry outside of what was asked for");
		GH_TRY(gh_db_get_fixed(rows, i, 1, window->commitments[(uint64_t)seq - begin], 32));
		window->has_entry[(uint64_t)seq - begin] = true;
	}
	return load_events(window, db, deadline_ns);
}
