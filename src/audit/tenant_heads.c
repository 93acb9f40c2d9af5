/* An open-addressed table of tenants. It is a cache of what the database says and is dropped whole
 * whenever somebody else may have written. */
#include "audit/sequencer_parts.h"

#include <stdlib.h>
#include <string.h>

#define TENANTS_MAX ((size_t)1 << 20) /* kept at most; then the table starts anew */

static size_t slot_of(const struct gh_tenant_heads *heads, const struct gh_uuid *tenant)
{
	uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */

	for (size_t i = 0; i < sizeof tenant->bytes; i++)
		hash = (hash ^ tenant->bytes[i]) * UINT64_C(1099511628211);
	for (size_t at = hash & (heads->capacity - 1);; at = (at + 1) & (heads->capacity - 1))
		if (!heads->slots[at].used || gh_uuid_eq(&heads->slots[at].tenant, tenant))
			return at;
}

gh_result gh_tenant_heads_reserve(struct gh_tenant_heads *heads, size_t more)
{
	struct gh_tenant_heads grown = { .capacity = 4096 };

	if (heads->count > TENANTS_MAX)
		gh_tenant_heads_clear(heads);
	if (2 * (heads->count + more) <= heads->capacity)
		return GH_OK;
	while (grown.capacity < 4 * (heads->count + more))
		grown.capacity *= 2;
	grown.slots = calloc(grown.capacity, sizeof *grown.slots);
	GH_ENSURE(grown.slots, GH_E_MEMORY, "out of memory");
	for (size_t i = 0; i < heads->capacity; i++)
		if (heads->slots[i].used)
			grown.slots[slot_of(&grown, &heads->slots[i].tenant)] = heads->slots[i];
	grown.count = heads->count;
	free(heads->slots);
	*heads = grown;
	return GH_OK;
}

struct gh_tenant_head *gh_tenant_head_of(struct gh_tenant_heads *heads,
                                         const struct gh_uuid *tenant)
{
	struct gh_tenant_head *head = &heads->slots[slot_of(heads, tenant)];

	if (!head->used) {
		*head = (struct gh_tenant_head){ .tenant = *tenant, .used = true };
		heads->count++;
	}
	return head;
}

void gh_tenant_heads_clear(struct gh_tenant_heads *heads)
{
	if (heads->slots)
		memset(heads->slots, 0, heads->capacity * sizeof *heads->slots);
	heads->count = 0;
}

void gh_tenant_heads_free(struct gh_tenant_heads *heads)
{
	free(heads->slots);
	*heads = (struct gh_tenant_heads){ 0 };
}

static gh_result take_row(struct gh_tenant_heads *heads, const struct gh_db_result *rows,
                          size_t row)
{
	struct gh_tenant_head *head;
	struct gh_uuid tenant;
	int64_t seq;

	GH_TRY(gh_db_get_uuid(rows, row, 0, &tenant));
	head = gh_tenant_head_of(heads, &tenant);
	head->next = 0;
	if (!gh_db_is_null(rows, row, 1)) {
		GH_TRY(gh_db_get_int(rows, row, 1, &seq));
		GH_TRY(gh_db_get_fixed(rows, row, 2, head->prev, sizeof head->prev));
		head->next = (uint64_t)seq + 1;
	}
	head->pending_next = head->next;
	memcpy(head->pending_prev, head->prev, sizeof head->prev);
	head->loaded = true;
	return GH_OK;
}

gh_result gh_tenant_heads_load(struct gh_tenant_heads *heads, struct gh_db *db,
                               struct gh_audit_entry *const *entries, size_t count,
                               uint64_t deadline_ns)
{
	static const char sql[] =
	    "SELECT t.id, e.tenant_seq, l.commitment FROM (SELECT DISTINCT id FROM "
	    "unnest($1::uuid[]) u(id)) t LEFT JOIN LATERAL (SELECT seq, tenant_seq FROM "
	    "gatehouse.audit_event a WHERE a.tenant_id = t.id ORDER BY tenant_seq DESC LIMIT 1) e "
	    "ON true LEFT JOIN gatehouse.log_entry l ON l.seq = e.seq";
	GH_CLEANUP(gh_buf_free) struct gh_buf array = { 0 };
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;
	size_t unknown = 0;

	GH_TRY(gh_tenant_heads_reserve(heads, count));
	for (size_t i = 0; i < count; i++)
		unknown += !gh_tenant_head_of(heads, &entries[i]->tenant_id)->loaded;
	if (unknown == 0)
		return GH_OK;
	gh_db_array_begin(&array, GH_DB_UUID, unknown);
	for (size_t i = 0; i < count; i++)
		if (!gh_tenant_head_of(heads, &entries[i]->tenant_id)->loaded)
			gh_db_array_add_uuid(&array, &entries[i]->tenant_id);
	GH_TRY(gh_buf_check(&array));

	const struct gh_db_value values[] = { gh_db_array(&array, GH_DB_UUID) };
	const struct gh_db_statement statement = {
		.sql = sql, .values = values, .value_count = 1, .reads = true
	};
	GH_TRY(gh_db_exec(db, &statement, deadline_ns, &rows));
	for (size_t i = 0; i < gh_db_rows(rows); i++)
		GH_TRY(take_row(heads, rows, i));
	for (size_t i = 0; i < count; i++)
		GH_ENSURE(gh_tenant_head_of(heads, &entries[i]->tenant_id)->loaded, GH_E_INTERNAL,
		          "a tenant's head was not loaded");
	return GH_OK;
}
