#include "process/demo.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/secret.h"
#include "gates/capability.h"
#include "identity/api_key.h"
#include "process/starter.h"
#include "tenancy/tenant.h"

#define FILE_NAME    "demo.json"
#define DEADLINE     (gh_clock_mono_ns() + 10000000000u)
#define ALL_CHANNELS "{prompt,output,tool,data,agent,webhook,log}"

struct demo_tenant {
	const char *name;
	/* class -> mode, on every channel */
	const char *modes[10][2];
};

/* Two tenants that differ, so that the demo shows a table at work and not a constant. */
static const struct demo_tenant demo_tenants[] = {
	{ "acme",
	  { { "email", "reversible" },
	    { "phone", "reversible" },
	    { "name", "reversible" },
	    { "address", "reversible" },
	    { "gov_id", "strict" },
	    { "payment_card", "strict" },
	    { "credential", "strict" },
	    { "health", "flag" },
	    { "biometric", "flag" },
	    { "minor", "flag" } } },
	{ "globex",
	  { { "email", "strict" },
	    { "phone", "flag" },
	    { "name", "flag" },
	    { "address", "flag" },
	    { "gov_id", "strict" },
	    { "payment_card", "strict" },
	    { "credential", "strict" },
	    { "health", "flag" },
	    { "biometric", "flag" },
	    { "minor", "flag" } } },
};

static gh_result run(struct gh_db *db, const char *sql, const struct gh_db_value *values,
                     size_t count)
{
	const struct gh_db_statement statement = { .sql = sql,
		                                   .values = values,
		                                   .value_count = count };
	return gh_db_exec(db, &statement, DEADLINE, NULL);
}

static gh_result seed_deployment(struct gh_db *admin)
{
	const struct gh_db_value values[] = { gh_db_uuid(&gh_tenant_deployment) };

	return run(admin,
	           "INSERT INTO gatehouse.tenant (tenant_id, name) VALUES ($1, 'deployment') "
	           "ON CONFLICT DO NOTHING",
	           values, 1);
}

static gh_result seed_tenant(struct gh_db *admin, const struct demo_tenant *demo,
                             struct gh_uuid *tenant)
{
	const struct gh_db_value name = gh_db_str(demo->name);
	const struct gh_db_statement find = {
		.sql = "SELECT tenant_id FROM gatehouse.tenant WHERE name = $1",
		.values = &name,
		.value_count = 1,
	};
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;

	GH_TRY(gh_db_exec(admin, &find, DEADLINE, &rows));
	if (gh_db_rows(rows) > 0)
		return gh_db_get_uuid(rows, 0, 0, tenant);

	*tenant = gh_uuid_v7();
	const struct gh_db_value values[] = { gh_db_uuid(tenant), gh_db_str(demo->name) };
	GH_TRY(run(admin, "INSERT INTO gatehouse.tenant (tenant_id, name) VALUES ($1, $2)", values,
	           2));
	for (size_t i = 0; i < GH_ARRAY_LEN(demo->modes); i++) {
		const struct gh_db_value mode[] = { gh_db_uuid(tenant),
			                            gh_db_str(demo->modes[i][0]),
			                            gh_db_str(demo->modes[i][1]) };
		GH_TRY(run(admin,
		           "INSERT INTO gatehouse.pii_mode (tenant_id, class, channel, mode) "
		           "SELECT $1, $2, unnest('" ALL_CHANNELS "'::text[]), $3",
		           mode, 3));
	}
	return GH_OK;
}

static gh_result seed_key(struct gh_db *admin, const struct gh_uuid *tenant,
                          struct gh_api_key_text *key)
{
	struct gh_buf caps = { 0 };
	uint8_t digest[32];

	gh_api_key_generate(key);
	gh_api_key_digest(gh_slice_str(key->text), digest);
	gh_db_array_begin(&caps, GH_DB_TEXT, gh_capability_count);
	for (size_t i = 0; i < gh_capability_count; i++)
		gh_db_array_add(&caps, gh_slice_str(gh_capabilities[i]));

	const struct gh_db_value revoke[] = { gh_db_uuid(tenant) };
	enum gh_code code =
	    run(admin,
	        "UPDATE gatehouse.api_key SET revoked_at = now() WHERE tenant_id = $1 AND "
	        "name = 'demo' AND revoked_at IS NULL",
	        revoke, 1);
	if (code == GH_OK) {
		const struct gh_db_value values[] = { gh_db_uuid(tenant), gh_db_str(key->id),
			                              gh_db_bytea(gh_slice(digest, sizeof digest)),
			                              gh_db_array(&caps, GH_DB_TEXT) };
		code = run(admin,
		           "INSERT INTO gatehouse.api_key "
		           "(tenant_id, key_id, secret_sha256, caps, name, created_by, role) "
		           "VALUES ($1, $2, $3, $4, 'demo', 'gatehouse up', 'admin')",
		           values, 4);
	}
	gh_buf_free(&caps);
	return code;
}

/* The key of tenant `id` in a former demo.json, or NULL. */
static const char *former_key(const json_t *former, const char *id)
{
	json_t *tenant;
	size_t i;

	json_array_foreach(json_object_get(former, "tenants"), i, tenant)
	{
		const char *former_id = json_string_value(json_object_get(tenant, "id"));
		if (former_id && strcmp(former_id, id) == 0)
			return json_string_value(json_object_get(tenant, "api_key"));
	}
	return NULL;
}

static gh_result write_tenant(struct gh_db *admin, const struct gh_setup *setup,
                              const struct demo_tenant *demo, const json_t *former,
                              struct gh_buf *out)
{
	struct gh_uuid tenant;
	char id[GH_UUID_TEXT_BYTES];
	struct gh_api_key_text made = { 0 };
	struct gh_json_writer json;
	struct gh_slice key_id;

	GH_TRY(seed_tenant(admin, demo, &tenant));
	GH_TRY(gh_starter_seed(admin, &setup->state, &tenant, demo->name));
	gh_uuid_format(&tenant, id);
	const char *key = former_key(former, id);
	if (!key || gh_api_key_parse(gh_slice_str(key), &key_id) != GH_OK) {
		GH_TRY(seed_key(admin, &tenant, &made));
		key = made.text;
		key_id = gh_slice_str(made.id);
	}
	gh_json_begin(&json, out);
	gh_json_str(&json, "id", id);
	gh_json_str(&json, "name", demo->name);
	gh_json_slice(&json, "key_id", key_id);
	gh_json_str(&json, "api_key", key);
	gh_json_end(&json);
	gh_wipe(&made, sizeof made);
	return GH_OK;
}

static gh_result write_all(struct gh_db *admin, const struct gh_setup *setup, const json_t *former,
                           struct gh_buf *out)
{
	char text[512];
	struct gh_json_writer json;

	gh_json_begin(&json, out);
	snprintf(text, sizeof text, "https://127.0.0.1:%u", setup->port);
	gh_json_str(&json, "base_url", text);
	snprintf(text, sizeof text, "%.400s/ca.pem", setup->real_dir);
	gh_json_str(&json, "ca_file", text);
	gh_json_str(&json, "issuer", setup->issuer);
	gh_json_str(&json, "audience", setup->audience);
	gh_json_str(&json, "log_origin", setup->origin);
	gh_json_str(&json, "model", "gatehouse-demo");
	gh_json_key(&json, "tenants");
	gh_buf_add_byte(out, '[');
	for (size_t i = 0; i < GH_ARRAY_LEN(demo_tenants); i++) {
		if (i)
			gh_buf_add_byte(out, ',');
		GH_TRY(write_tenant(admin, setup, &demo_tenants[i], former, out));
	}
	gh_buf_add_byte(out, ']');
	gh_json_end(&json);
	gh_buf_add_byte(out, '\n');
	GH_TRY(gh_buf_check(out));
	return gh_state_write(&setup->state, FILE_NAME, out->data, out->len);
}

gh_result gh_demo_seed(struct gh_db *admin, const struct gh_setup *setup)
{
	char path[GH_STATE_PATH_BYTES];
	struct gh_buf out = { .limit = 65536, .secret = true };

	GH_TRY(seed_deployment(admin));
	gh_state_join(&setup->state, FILE_NAME, path);
	/* Absent or damaged: new keys are made, which is what its loss calls for. */
	GH_CLEANUP(gh_json_decref_ptr) json_t *former = json_load_file(path, 0, NULL);
	enum gh_code code = write_all(admin, setup, former, &out);
	gh_buf_free(&out);
	return code;
}
