/* Wrapped data keys are opened when the first box under them comes by. */
#include "audit/verify_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

/* A log with very many destroyed keys is not searched for ever. */
#define ATTEMPTS_MAX UINT64_C(2000000)

void gh_verify_keys_free(struct gh_verify_keys *keys)
{
	if (keys->slots)
		gh_wipe(keys->slots, keys->capacity * sizeof *keys->slots);
	free(keys->slots);
	free(keys->others);
	keys->others = NULL;
	keys->other_count = 0;
	keys->slots = NULL;
	keys->capacity = 0;
	keys->count = 0;
}

static struct gh_verify_key *slot_of(struct gh_verify_key *slots, size_t capacity,
                                     const struct gh_uuid *tenant, const struct gh_uuid *id)
{
	uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a; ids are random at their end */

	for (size_t i = 0; i < sizeof id->bytes; i++)
		hash = (hash ^ id->bytes[i]) * UINT64_C(1099511628211);
	for (size_t at = hash & (capacity - 1);; at = (at + 1) & (capacity - 1)) {
		struct gh_verify_key *slot = &slots[at];

		if (!slot->used || (gh_uuid_eq(&slot->id, id) && gh_uuid_eq(&slot->tenant, tenant)))
			return slot;
	}
}

static gh_result grow(struct gh_verify_keys *keys)
{
	struct gh_verify_keys grown = *keys;

	if (2 * (keys->count + 1) <= keys->capacity)
		return GH_OK;
	grown.capacity = keys->capacity ? 2 * keys->capacity : 1024;
	grown.slots = calloc(grown.capacity, sizeof *grown.slots);
	GH_ENSURE(grown.slots, GH_E_MEMORY, "out of memory");
	for (size_t i = 0; i < keys->capacity; i++)
		if (keys->slots[i].used)
			*slot_of(grown.slots, grown.capacity, &keys->slots[i].tenant,
			         &keys->slots[i].id) = keys->slots[i];
	gh_wipe(keys->slots, keys->capacity * sizeof *keys->slots);
	free(keys->slots);
	*keys = grown;
	return GH_OK;
}

static gh_result load(struct gh_verify_keys *keys, struct gh_verify_key *slot)
{
	const struct gh_db_value values[] = { gh_db_uuid(&slot->tenant), gh_db_uuid(&slot->id) };
	const struct gh_db_statement statement = {
		.sql = "SELECT purpose, subject, wrapped FROM gatehouse.data_key "
		       "WHERE tenant_id = $1 AND data_key_id = $2",
		.values = values,
		.value_count = 2,
		.reads = true,
	};
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;
	struct gh_slice purpose, subject, wrapped;

	GH_TRY(gh_db_exec(keys->db, &statement, keys->deadline_ns, &rows));
	slot->erased = gh_db_rows(rows) == 0;
	if (slot->erased)
		return GH_OK;
	GH_TRY(gh_db_get_text(rows, 0, 0, &purpose));
	GH_TRY(gh_db_get_text(rows, 0, 1, &subject));
	GH_TRY(gh_db_get_bytea(rows, 0, 2, &wrapped));
	enum gh_code code = keys->source->unwrap_dek(keys->source->context, &slot->tenant, purpose,
	                                             subject, wrapped, slot->key);
	slot->broken = code == GH_E_CRYPTO || code == GH_E_FORMAT || code == GH_E_CORRUPT ||
	               code == GH_E_NOT_FOUND;
	return slot->broken ? GH_OK : code;
}

gh_result gh_verify_key_of(struct gh_verify_keys *keys, const struct gh_uuid *tenant,
                           const struct gh_uuid *id, const struct gh_verify_key **out)
{
	struct gh_verify_key *slot;

	GH_TRY(grow(keys));
	slot = slot_of(keys->slots, keys->capacity, tenant, id);
	if (!slot->used) {
		struct gh_verify_key fresh = { .tenant = *tenant, .id = *id, .used = true };

		GH_TRY(load(keys, &fresh));
		*slot = fresh;
		gh_wipe(&fresh, sizeof fresh);
		keys->count++;
	}
	*out = slot;
	return GH_OK;
}

static gh_result load_others(struct gh_verify_keys *keys, const struct gh_uuid *tenant)
{
	const struct gh_db_value values[] = { gh_db_uuid(tenant) };
	const struct gh_db_statement statement = {
		.sql = "SELECT data_key_id FROM gatehouse.data_key WHERE tenant_id = $1",
		.values = values,
		.value_count = 1,
		.reads = true,
	};
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;

	if (keys->others && gh_uuid_eq(&keys->other_tenant, tenant))
		return GH_OK;
	free(keys->others);
	keys->others = NULL;
	keys->other_count = 0;
	GH_TRY(gh_db_exec(keys->db, &statement, keys->deadline_ns, &rows));
	keys->others = calloc(gh_db_rows(rows) + 1, sizeof *keys->others);
	GH_ENSURE(keys->others, GH_E_MEMORY, "out of memory");
	for (; keys->other_count < gh_db_rows(rows); keys->other_count++)
		GH_TRY(
		    gh_db_get_uuid(rows, keys->other_count, 0, &keys->others[keys->other_count]));
	keys->other_tenant = *tenant;
	return GH_OK;
}

gh_result gh_verify_keys_try(struct gh_verify_keys *keys, const struct gh_uuid *tenant,
                             gh_verify_try open, void *context, bool *opened)
{
	const struct gh_verify_key *key;

	*opened = false;
	GH_TRY(load_others(keys, tenant));
	for (size_t i = 0; i < keys->other_count && keys->attempts < ATTEMPTS_MAX; i++) {
		GH_TRY(gh_verify_key_of(keys, tenant, &keys->others[i], &key));
		keys->attempts++;
		if (!key->erased && !key->broken && open(context, key->key) == GH_OK) {
			*opened = true;
			return GH_OK;
		}
	}
	return GH_OK;
}
