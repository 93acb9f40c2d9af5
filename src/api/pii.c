/* /v1/pii/reveal: the value behind a reversible token. Needs its own capability and a reason; who
 * asked, why, and for which token is on record before the value leaves. */
#include "api/api.h"

#include "base/json.h"
#include "base/secret.h"
#include "tenancy/data_key.h"

#define MAX_REASON 500

static gh_result find_value(struct gh_request *request, struct gh_slice token, struct gh_buf *out)
{
	const struct gh_db_value value = gh_db_text(token);
	const struct gh_db_statement statement = {
		.sql = "SELECT data_key_id, box FROM gatehouse.pii_vault WHERE token = $1",
		.values = &value,
		.value_count = 1,
		.reads = true,
	};
	const struct gh_uuid *tenant = &request->claims->tenant_id;
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;
	struct gh_uuid key_id;
	struct gh_slice box;
	struct gh_api_db db;
	uint8_t key[32];

	enum gh_code code = gh_api_db_begin(request, &db);
	if (code == GH_OK)
		code = gh_db_tenant(db.db, gh_buf_slice(&db.token), &request->id, &statement, 1,
		                    db.deadline_ns, &rows, NULL);
	if (code == GH_OK && gh_db_rows(rows) != 1)
		code = gh_fail(GH_E_NOT_FOUND, "no such token");
	if (code == GH_OK)
		code = gh_db_get_uuid(rows, 0, 0, &key_id);
	if (code == GH_OK)
		code = gh_db_get_bytea(rows, 0, 1, &box);
	if (code == GH_OK)
		code = gh_data_key_load(db.db, &request->gateway->keys, gh_buf_slice(&db.token),
		                        tenant, &key_id, db.deadline_ns, key);
	gh_api_db_end(request, &db);
	GH_TRY(code);
	code = gh_audit_vault_open(key, tenant, token, box, out);
	gh_wipe(key, sizeof key);
	return code;
}

static gh_result reveal(struct gh_request *request)
{
	GH_CLEANUP(gh_json_decref_ptr) json_t *body = NULL;
	GH_CLEANUP(gh_buf_free) struct gh_buf value = { .secret = true };
	struct gh_json_writer json;
	enum gh_pii_class class;

	GH_TRY(gh_api_body(request, &body));
	const json_t *token = json_object_get(body, "token"),
	             *reason = json_object_get(body, "reason");
	GH_ENSURE(json_is_string(token) && json_string_length(token) <= GH_AUDIT_TOKEN_MAX,
	          GH_E_FORMAT, "token must be a reversible token such as [EMAIL:…]");
	GH_ENSURE(json_is_string(reason) && json_string_length(reason) >= 3 &&
	              json_string_length(reason) <= MAX_REASON,
	          GH_E_FORMAT, "reason must say why, in 3 to 500 bytes");
	struct gh_slice text = gh_slice(json_string_value(token), json_string_length(token));

	/* A forged or a foreign tenant's token never reaches the vault. */
	GH_ENSURE(gh_pii_token_is_genuine(request->tenant->pii_key, text, &class), GH_E_NOT_FOUND,
	          "no such token");
	GH_TRY(find_value(request, text, &value));

	gh_json_begin(&json, &request->reply.members);
	gh_json_str(&json, "class", gh_pii_class_name(class));
	gh_json_str(&json, "reason", json_string_value(reason));
	gh_json_slice(&json, "token", text);
	gh_json_end(&json);
	gh_json_begin(&json, &request->reply.body);
	gh_json_slice(&json, "token", text);
	gh_json_str(&json, "class", gh_pii_class_name(class));
	gh_json_slice(&json, "value", gh_buf_slice(&value));
	gh_json_end(&json);
	request->reply.status = 200;
	return GH_OK;
}

void gh_api_pii_reveal(struct gh_request *request)
{
	enum gh_code code = reveal(request);

	if (code != GH_OK)
		gh_api_fail(request, code);
}
