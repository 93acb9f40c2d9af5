/* What a tenant may read of its own record: the events of one request with their place in the log
 * and the salt that proves them, and the exchange as gate 4 left it. Rows come under row-level
 * security: another tenant's request has none, and cannot be told from one that never was. */
#include "api/api.h"

#include "base/codec.h"
#include "base/json.h"
#include "base/secret.h"
#include "tenancy/data_key.h"

/* Looks the key up once for rows that follow each other under the same one. */
struct key_cache {
	struct gh_uuid id;
	uint8_t key[32];
	bool known;
};

static gh_result key_for(struct gh_request *request, struct gh_api_db *db, struct key_cache *cache,
                         const struct gh_uuid *id)
{
	if (cache->known && gh_uuid_eq(&cache->id, id))
		return GH_OK;
	GH_TRY(gh_data_key_load(db->db, &request->gateway->keys, gh_buf_slice(&db->token),
	                        &request->claims->tenant_id, id, db->deadline_ns, cache->key));
	cache->id = *id;
	cache->known = true;
	return GH_OK;
}

static gh_result render_event(struct gh_request *request, struct gh_api_db *db,
                              const struct gh_db_result *rows, size_t row, struct key_cache *cache)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf opened = { .secret = true };
	struct gh_buf *out = &request->reply.body;
	struct gh_uuid event_id, key_id;
	char id_text[GH_UUID_TEXT_BYTES], salt[2 * GH_AUDIT_SALT_BYTES + 1];
	char hex[2 * GH_AUDIT_COMMITMENT_BYTES + 1];
	uint8_t commitment[GH_AUDIT_COMMITMENT_BYTES];
	struct gh_json_writer json;
	struct gh_slice box;
	int64_t seq;

	GH_TRY(gh_db_get_int(rows, row, 0, &seq));
	GH_TRY(gh_db_get_uuid(rows, row, 1, &event_id));
	GH_TRY(gh_db_get_uuid(rows, row, 2, &key_id));
	GH_TRY(gh_db_get_bytea(rows, row, 3, &box));
	GH_TRY(key_for(request, db, cache, &key_id));
	GH_TRY(
	    gh_audit_event_open(cache->key, &request->claims->tenant_id, &event_id, box, &opened));
	gh_audit_commitment(gh_buf_slice(&opened), commitment);
	gh_uuid_format(&event_id, id_text);
	gh_hex_encode(gh_slice_sub(gh_buf_slice(&opened), 0, GH_AUDIT_SALT_BYTES), salt);
	gh_hex_encode(gh_slice(commitment, sizeof commitment), hex);
	gh_json_begin(&json, out);
	gh_json_int(&json, "seq", seq);
	gh_json_str(&json, "event_id", id_text);
	gh_json_str(&json, "salt", salt);
	gh_json_str(&json, "commitment", hex);
	gh_json_raw(&json, "body",
	            gh_slice_sub(gh_buf_slice(&opened), GH_AUDIT_SALT_BYTES, opened.len));
	gh_json_end(&json);
	return GH_OK;
}

static gh_result events_of(struct gh_request *request, const struct gh_uuid *id)
{
	const struct gh_db_value value = gh_db_uuid(id);
	const struct gh_db_statement statement = {
		.sql = "SELECT seq, event_id, data_key_id, box FROM gatehouse.audit_event "
		       "WHERE request_id = $1 ORDER BY seq LIMIT 100",
		.values = &value,
		.value_count = 1,
		.reads = true,
	};
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;
	struct key_cache cache = { 0 };
	struct gh_api_db db;

	enum gh_code code = gh_api_db_begin(request, &db);
	if (code == GH_OK)
		code = gh_api_db_run(request, &db, &statement, 1, &rows);
	if (code == GH_OK && gh_db_rows(rows) == 0)
		code = gh_fail(GH_E_NOT_FOUND, "no such request");
	gh_buf_add_str(&request->reply.body, "{\"object\":\"list\",\"data\":[");
	for (size_t row = 0; code == GH_OK && row < gh_db_rows(rows); row++) {
		if (row)
			gh_buf_add_byte(&request->reply.body, ',');
		code = render_event(request, &db, rows, row, &cache);
	}
	gh_buf_add_str(&request->reply.body, "]}");
	gh_wipe(cache.key, sizeof cache.key);
	gh_api_db_end(request, &db);
	GH_TRY(code);
	request->reply.status = 200;
	return gh_buf_check(&request->reply.body);
}

static gh_result exchange_of(struct gh_request *request, const struct gh_uuid *id)
{
	const struct gh_db_value value = gh_db_uuid(id);
	const struct gh_db_statement statement = {
		.sql = "SELECT part, data_key_id, box FROM gatehouse.exchange "
		       "WHERE request_id = $1 ORDER BY part DESC",
		.values = &value,
		.value_count = 1,
		.reads = true,
	};
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;
	struct key_cache cache = { 0 };
	struct gh_json_writer json;
	struct gh_api_db db;

	enum gh_code code = gh_api_db_begin(request, &db);
	if (code == GH_OK)
		code = gh_api_db_run(request, &db, &statement, 1, &rows);
	if (code == GH_OK && gh_db_rows(rows) == 0)
		code = gh_fail(GH_E_NOT_FOUND, "no such exchange");
	gh_json_begin(&json, &request->reply.body);
	for (size_t row = 0; code == GH_OK && row < gh_db_rows(rows); row++) {
		GH_CLEANUP(gh_buf_free) struct gh_buf content = { .secret = true };
		struct gh_slice part, box;
		struct gh_uuid key_id;
		code = gh_db_get_text(rows, row, 0, &part);
		if (code == GH_OK)
			code = gh_db_get_uuid(rows, row, 1, &key_id);
		if (code == GH_OK)
			code = gh_db_get_bytea(rows, row, 2, &box);
		if (code == GH_OK)
			code = key_for(request, &db, &cache, &key_id);
		if (code == GH_OK)
			code = gh_audit_exchange_open(cache.key, &request->claims->tenant_id, id,
			                              part, box, &content);
		if (code == GH_OK)
			gh_json_slice(&json, gh_slice_eq_str(part, "prompt") ? "prompt" : "output",
			              gh_buf_slice(&content));
	}
	gh_json_end(&json);
	gh_wipe(cache.key, sizeof cache.key);
	gh_api_db_end(request, &db);
	GH_TRY(code);
	request->reply.status = 200;
	return gh_buf_check(&request->reply.body);
}

static void by_request_id(struct gh_request *request,
                          gh_result (*work)(struct gh_request *, const struct gh_uuid *))
{
	struct gh_uuid id;
	enum gh_code code = gh_uuid_parse(request->match.parameter, &id);

	if (code == GH_OK)
		code = work(request, &id);
	if (code != GH_OK)
		gh_api_fail(request, code);
}

void gh_api_audit_request(struct gh_request *request)
{
	by_request_id(request, events_of);
}

void gh_api_exchange(struct gh_request *request)
{
	by_request_id(request, exchange_of);
}
