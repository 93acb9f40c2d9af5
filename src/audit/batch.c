/* A batch is one statement: the head row moves from (epoch, size) to the new size, root and edge,
 * and everything is inserted where that moved, or nothing is. */
#include "audit/sequencer_parts.h"

#include <string.h>

#include "base/log.h"
#include "crypto/aead.h"
#include "crypto/hash.h"

#define ARRAY_LIMIT ((size_t)512 << 20)

static const enum gh_db_element element_of[GH_BATCH_ARRAYS] = {
	[ENTRY_SEQ] = GH_DB_INT8,        [ENTRY_COMMITMENT] = GH_DB_BYTEA,
	[EVENT_TENANT] = GH_DB_UUID,     [EVENT_TENANT_SEQ] = GH_DB_INT8,
	[EVENT_ID] = GH_DB_UUID,         [EVENT_REQUEST] = GH_DB_UUID,
	[EVENT_KEY] = GH_DB_UUID,        [EVENT_BOX] = GH_DB_BYTEA,
	[EVENT_AT] = GH_DB_TIME,         [EXCHANGE_TENANT] = GH_DB_UUID,
	[EXCHANGE_REQUEST] = GH_DB_UUID, [EXCHANGE_PART] = GH_DB_TEXT,
	[EXCHANGE_KEY] = GH_DB_UUID,     [EXCHANGE_BOX] = GH_DB_BYTEA,
	[VAULT_TENANT] = GH_DB_UUID,     [VAULT_TOKEN] = GH_DB_TEXT,
	[VAULT_CLASS] = GH_DB_TEXT,      [VAULT_KEY] = GH_DB_UUID,
	[VAULT_BOX] = GH_DB_BYTEA,
};

/* $1 epoch, $2 old size, $3 new size, $4 root, $5 edge, $6… the arrays in their order. */
static const char insert_batch[] =
    "WITH head AS (UPDATE gatehouse.log_head SET size = $3, root = $4, edge = $5 "
    "WHERE epoch = $1 AND size = $2 RETURNING 1), "
    "entry AS (INSERT INTO gatehouse.log_entry (seq, commitment) "
    "SELECT * FROM unnest($6::bigint[], $7::bytea[]) "
    "WHERE EXISTS (SELECT FROM head) RETURNING 1), "
    "event AS (INSERT INTO gatehouse.audit_event (seq, tenant_id, tenant_seq, event_id, "
    "request_id, data_key_id, box, at) SELECT * FROM unnest($6::bigint[], $8::uuid[], "
    "$9::bigint[], $10::uuid[], $11::uuid[], $12::uuid[], $13::bytea[], $14::timestamptz[]) "
    "WHERE EXISTS (SELECT FROM head) RETURNING 1), "
    "said AS (INSERT INTO gatehouse.exchange (tenant_id, request_id, part, data_key_id, box) "
    "SELECT * FROM unnest($15::uuid[], $16::uuid[], $17::text[], $18::uuid[], "
    "$19::bytea[]) WHERE EXISTS (SELECT FROM head) RETURNING 1), "
    "vault AS (INSERT INTO gatehouse.pii_vault (tenant_id, token, class, data_key_id, box) "
    "SELECT * FROM unnest($20::uuid[], $21::text[], $22::text[], $23::uuid[], "
    "$24::bytea[]) WHERE EXISTS (SELECT FROM head) ON CONFLICT DO NOTHING RETURNING 1) "
    "SELECT (SELECT count(*) FROM head), (SELECT count(*) FROM entry), "
    "(SELECT count(*) FROM event), (SELECT count(*) FROM said), (SELECT count(*) FROM vault)";

void gh_batch_init(struct gh_batch *batch)
{
	memset(batch, 0, sizeof *batch);
	for (size_t i = 0; i < GH_BATCH_ARRAYS; i++)
		gh_buf_init(&batch->arrays[i], ARRAY_LIMIT, false);
	gh_buf_init(&batch->plain, ARRAY_LIMIT, true);
	gh_buf_init(&batch->box, ARRAY_LIMIT, false);
	gh_buf_init(&batch->aad, GH_AUDIT_AAD_MAX, false);
}

void gh_batch_free(struct gh_batch *batch)
{
	for (size_t i = 0; i < GH_BATCH_ARRAYS; i++)
		gh_buf_free(&batch->arrays[i]);
	gh_buf_free(&batch->plain);
	gh_buf_free(&batch->box);
	gh_buf_free(&batch->aad);
}

/* ---- building ------------------------------------------------------------------------------ */

static void begin_arrays(struct gh_batch *batch)
{
	batch->exchanges = 0;
	batch->vault = 0;
	for (size_t i = 0; i < batch->count; i++)
		for (struct gh_audit_attachment *a = batch->entries[i]->attachments; a; a = a->next)
			*(a->kind == GH_AUDIT_VAULT ? &batch->vault : &batch->exchanges) += 1;
	for (int i = 0; i < GH_BATCH_ARRAYS; i++) {
		size_t count = i < EXCHANGE_TENANT ? batch->count
		               : i < VAULT_TENANT  ? batch->exchanges
		                                   : batch->vault;

		gh_db_array_begin(&batch->arrays[i], element_of[i], count);
	}
}

static gh_result seal(struct gh_batch *batch, const struct gh_audit_entry *entry,
                      struct gh_slice plain, enum gh_batch_array array)
{
	gh_buf_clear(&batch->box);
	GH_TRY(gh_aead_seal(entry->data_key, gh_buf_slice(&batch->aad),
	                    plain.len ? plain : gh_slice("", 0), &batch->box));
	gh_db_array_add(&batch->arrays[array], gh_buf_slice(&batch->box));
	return gh_buf_check(&batch->arrays[array]);
}

static gh_result add_attachment(struct gh_batch *batch, const struct gh_audit_entry *entry,
                                const struct gh_audit_attachment *attachment)
{
	struct gh_buf *arrays = batch->arrays;
	struct gh_slice part =
	    attachment->kind == GH_AUDIT_PROMPT ? GH_SLICE("prompt") : GH_SLICE("output");

	gh_buf_clear(&batch->aad);
	if (attachment->kind == GH_AUDIT_VAULT) {
		gh_db_array_add_uuid(&arrays[VAULT_TENANT], &entry->tenant_id);
		gh_db_array_add(&arrays[VAULT_TOKEN], attachment->token);
		gh_db_array_add(&arrays[VAULT_CLASS], attachment->class_name);
		gh_db_array_add_uuid(&arrays[VAULT_KEY], &entry->data_key_id);
		GH_TRY(gh_audit_box_aad_vault(&entry->tenant_id, attachment->token, &batch->aad));
		return seal(batch, entry, attachment->plain, VAULT_BOX);
	}
	gh_db_array_add_uuid(&arrays[EXCHANGE_TENANT], &entry->tenant_id);
	gh_db_array_add_uuid(&arrays[EXCHANGE_REQUEST], &entry->request_id);
	gh_db_array_add(&arrays[EXCHANGE_PART], part);
	gh_db_array_add_uuid(&arrays[EXCHANGE_KEY], &entry->data_key_id);
	GH_TRY(gh_audit_box_aad_exchange(&entry->tenant_id, &entry->request_id, part, &batch->aad));
	return seal(batch, entry, attachment->plain, EXCHANGE_BOX);
}

/* salt || body into batch->plain, and its commitment. */
static gh_result render(struct gh_batch *batch, size_t i, struct gh_tenant_head *head,
                        int64_t at_unix_us)
{
	uint8_t salt[GH_AUDIT_SALT_BYTES];

	gh_random(salt, sizeof salt);
	gh_buf_clear(&batch->plain);
	gh_buf_add(&batch->plain, salt, sizeof salt);
	GH_TRY(gh_audit_body(batch->entries[i], at_unix_us, head->pending_next,
	                     head->pending_next > 0 ? head->pending_prev : NULL, &batch->plain));
	gh_audit_commitment(gh_buf_slice(&batch->plain), batch->commitments[i]);
	return GH_OK;
}

static gh_result add_entry(struct gh_batch *batch, size_t i, struct gh_tenant_heads *heads,
                           int64_t at_unix_us)
{
	struct gh_audit_entry *entry = batch->entries[i];
	struct gh_tenant_head *head = gh_tenant_head_of(heads, &entry->tenant_id);
	struct gh_buf *arrays = batch->arrays;
	uint8_t leaf[32];

	GH_TRY(render(batch, i, head, at_unix_us));
	gh_audit_leaf(batch->commitments[i], leaf);
	entry->seq = batch->after.size;
	entry->tenant_seq = head->pending_next;
	memcpy(entry->commitment, batch->commitments[i], sizeof entry->commitment);
	GH_TRY(gh_merkle_append_leaf(&batch->after, leaf));

	gh_db_array_add_int8(&arrays[ENTRY_SEQ], (int64_t)entry->seq);
	gh_db_array_add(&arrays[ENTRY_COMMITMENT],
	                gh_slice(entry->commitment, sizeof entry->commitment));
	gh_db_array_add_uuid(&arrays[EVENT_TENANT], &entry->tenant_id);
	gh_db_array_add_int8(&arrays[EVENT_TENANT_SEQ], (int64_t)entry->tenant_seq);
	gh_db_array_add_uuid(&arrays[EVENT_ID], &entry->event_id);
	if (entry->has_request)
		gh_db_array_add_uuid(&arrays[EVENT_REQUEST], &entry->request_id);
	else
		gh_db_array_add_null(&arrays[EVENT_REQUEST]);
	gh_db_array_add_uuid(&arrays[EVENT_KEY], &entry->data_key_id);
	gh_db_array_add_time(&arrays[EVENT_AT], at_unix_us);
	gh_buf_clear(&batch->aad);
	GH_TRY(gh_audit_box_aad_event(&entry->tenant_id, &entry->event_id, &batch->aad));
	GH_TRY(seal(batch, entry, gh_buf_slice(&batch->plain), EVENT_BOX));
	for (const struct gh_audit_attachment *a = entry->attachments; a; a = a->next)
		GH_TRY(add_attachment(batch, entry, a));

	head->pending_next++;
	memcpy(head->pending_prev, entry->commitment, sizeof head->pending_prev);
	return GH_OK;
}

gh_result gh_batch_build(struct gh_batch *batch, const struct gh_merkle *tree,
                         struct gh_tenant_heads *heads, int64_t at_unix_us, size_t *failed)
{
	batch->before = *tree;
	batch->after = *tree;
	batch->has_gaps = false;
	begin_arrays(batch);
	for (*failed = 0; *failed < batch->count; (*failed)++) {
		struct gh_tenant_head *head =
		    gh_tenant_head_of(heads, &batch->entries[*failed]->tenant_id);

		/* What an earlier attempt left pending was not written. */
		head->pending_next = head->next;
		memcpy(head->pending_prev, head->prev, sizeof head->prev);
	}
	for (*failed = 0; *failed < batch->count; (*failed)++)
		GH_TRY(add_entry(batch, *failed, heads, at_unix_us));
	for (size_t i = 0; i < GH_BATCH_ARRAYS; i++)
		GH_TRY(gh_buf_check(&batch->arrays[i]));
	return GH_OK;
}

/* ---- sending ------------------------------------------------------------------------------- */

/* A refusal that the server itself spoke, on a connection that goes on: the transaction was rolled
 * back. Anything less is doubt. */
static enum gh_batch_outcome outcome_of_failure(struct gh_db *db)
{
	const char *sqlstate = gh_db_sqlstate(db);

	if (!gh_db_alive(db) || gh_db_warnings(db) > 0 || strlen(sqlstate) != 5 ||
	    strcmp(sqlstate, "40003") == 0)
		return GH_BATCH_IN_DOUBT;
	if (strncmp(sqlstate, "23", 2) == 0 || strncmp(sqlstate, "22", 2) == 0 ||
	    strncmp(sqlstate, "54", 2) == 0)
		return GH_BATCH_POISONED;
	if (strncmp(sqlstate, "40", 2) == 0 || strncmp(sqlstate, "53", 2) == 0 ||
	    strncmp(sqlstate, "55", 2) == 0 || strncmp(sqlstate, "57", 2) == 0 ||
	    strncmp(sqlstate, "58", 2) == 0)
		return GH_BATCH_BUSY;
	return GH_BATCH_REFUSED;
}

static enum gh_batch_outcome judge(const struct gh_batch *batch, struct gh_db *db,
                                   const struct gh_db_result *rows)
{
	const uint64_t expected[] = { 1, batch->count, batch->count, batch->exchanges,
		                      batch->vault };
	int64_t counts[GH_ARRAY_LEN(expected)];
	bool all = true, none = true;

	if (gh_db_warnings(db) > 0 || gh_db_rows(rows) != 1)
		return GH_BATCH_IN_DOUBT;
	for (size_t i = 0; i < GH_ARRAY_LEN(expected); i++) {
		if (gh_db_get_int(rows, 0, i, &counts[i]) != GH_OK)
			return GH_BATCH_IN_DOUBT;
		/* A vault row that is there already says the same: one value, one token. */
		bool vault = i == GH_ARRAY_LEN(expected) - 1;
		all = all && (vault ? (uint64_t)counts[i] <= expected[i]
		                    : (uint64_t)counts[i] == expected[i]);
		none = none && counts[i] == 0;
	}
	return all ? GH_BATCH_WRITTEN : none ? GH_BATCH_LOST_RACE : GH_BATCH_MUTILATED;
}

enum gh_batch_outcome gh_batch_send(struct gh_batch *batch, struct gh_db *db, uint64_t epoch,
                                    uint64_t deadline_ns)
{
	struct gh_db_value values[5 + GH_BATCH_ARRAYS];
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;
	uint8_t root[32];

	gh_merkle_root(&batch->after, root);
	values[0] = gh_db_int8((int64_t)epoch);
	values[1] = gh_db_int8((int64_t)batch->before.size);
	values[2] = gh_db_int8((int64_t)batch->after.size);
	values[3] = gh_db_bytea(gh_slice(root, sizeof root));
	values[4] = gh_db_bytea(gh_merkle_edge(&batch->after));
	for (size_t i = 0; i < GH_BATCH_ARRAYS; i++)
		values[5 + i] = gh_db_array(&batch->arrays[i], element_of[i]);

	const struct gh_db_statement statement = { .sql = insert_batch,
		                                   .values = values,
		                                   .value_count = GH_ARRAY_LEN(values) };
	if (gh_db_exec(db, &statement, deadline_ns, &rows) == GH_OK)
		return judge(batch, db, rows);
	gh_log_error("audit_batch_failed");
	return outcome_of_failure(db);
}
