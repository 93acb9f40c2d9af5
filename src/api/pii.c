/* /v1/pii/reveal: the value behind a reversible token. Needs its own capability and a reason; who
 * asked, why, and for which token is on record before the value leaves. */
#include "api/api.h"

#include "base/json.h"
#include "base/secret.h"
#include "tenancy/data_key.h"

#define MAX_REASON        500
#define KEY_PER_MINUTE    60
#define TENANT_PER_MINUTE 600

/* Takes one out of the key's bucket, and then one out of the tenant's; what has run in since the
 * last time counts. The columns say which of the two had one. */
#define REFILLED(limit)                                                                            \
	"least(" limit "::float8, b.left_over + greatest(0, extract(epoch FROM "                   \
	"clock_timestamp() - b.at)::float8) * " limit " / 60)"
#define TAKE(source, limit)                                                                        \
	"INSERT INTO gatehouse.pii_reveal_budget AS b (tenant_id, key_id, left_over, at) " source  \
	" ON CONFLICT (tenant_id, key_id) DO UPDATE SET left_over = " REFILLED(                    \
	    limit) " - 1, "                                                                        \
	           "at = clock_timestamp() WHERE " REFILLED(limit) " >= 1 RETURNING 1"
static const char take_one[] = "WITH of_key AS (" TAKE(
    "VALUES ($1::uuid, $2::text, $3::int8 - 1, clock_timestamp())",
    "$3::int8") "), "
                "of_tenant AS (" TAKE("SELECT $1::uuid, '', $4::int8 - 1, clock_timestamp() "
                                      "WHERE EXISTS (SELECT FROM of_key)",
                                      "$4::int8") ") "
                                                  "SELECT EXISTS (SELECT FROM of_key), EXISTS "
                                                  "(SELECT FROM of_tenant)";

enum allowance { ALLOWED, KEY_SPENT, TENANT_SPENT };

static gh_result read_allowance(const struct gh_db_result *rows, enum allowance *out)
{
	bool of_key, of_tenant;

	GH_TRY(gh_db_get_bool(rows, 0, 0, &of_key));
	GH_TRY(gh_db_get_bool(rows, 0, 1, &of_tenant));
	*out = !of_key ? KEY_SPENT : !of_tenant ? TENANT_SPENT : ALLOWED;
	return GH_OK;
}

/* Its own transaction, before anything is looked up: what is asked in vain counts as well. */
static gh_result ask_budget(struct gh_request *request, enum allowance *out)
{
	const struct gh_db_value values[] = {
		gh_db_uuid(&request->claims->tenant_id),
		gh_db_str(request->api_key->id),
		gh_db_int8(KEY_PER_MINUTE),
		gh_db_int8(TENANT_PER_MINUTE),
	};
	const struct gh_db_statement statement = { .sql = take_one,
		                                   .values = values,
		                                   .value_count = GH_ARRAY_LEN(values) };
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;

	GH_TRY(gh_api_db_once(request, &statement, 1, &rows));
	return read_allowance(rows, out);
}

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
		code = gh_api_db_run(request, &db, &statement, 1, &rows);
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
	struct gh_metrics *metrics = &request->gateway->metrics;
	enum allowance allowance = ALLOWED;
	enum gh_code code = ask_budget(request, &allowance);

	if (code == GH_OK && allowance != ALLOWED) {
		gh_metrics_count(&metrics->reveals_limited, 1);
		gh_api_deny(request, GH_PROBLEM_TOO_MANY_REQUESTS,
		            allowance == KEY_SPENT ? "reveal-limit-key" : "reveal-limit-tenant",
		            allowance == KEY_SPENT
		                ? "This key has revealed all that it may in a minute."
		                : "This tenant has revealed all that it may in a minute.");
		return;
	}
	if (code == GH_OK)
		code = reveal(request);
	if (code == GH_OK)
		gh_metrics_count(&metrics->reveals, 1);
	else
		gh_api_fail(request, code);
}
