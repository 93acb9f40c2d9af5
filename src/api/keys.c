/* /v1/keys: a tenant's API keys. A new key's capabilities are a subset of its creator's, its role
 * is its creator's unless that one may assign roles; its text is in the answer once and stored
 * nowhere.
 */
#include "api/api.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/secret.h"
#include "gates/capability.h"
#include "identity/api_key.h"

static bool capability_exists(struct gh_slice name)
{
	for (size_t i = 0; i < gh_capability_count; i++)
		if (gh_slice_eq_str(name, gh_capabilities[i]))
			return true;
	return false;
}

static bool is_role(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return len >= 1 && len <= GH_ROLE_MAX_BYTES && !name[len] && name[0] >= 'a';
}

struct new_key {
	const char *name, *role;
	struct gh_slice caps[GH_CAPS_MAX];
	size_t cap_count;
	int64_t expires_at_s; /* 0: never */
};

static gh_result read_new_key(const json_t *body, struct new_key *out)
{
	const json_t *caps = json_object_get(body, "capabilities");
	const json_t *name = json_object_get(body, "name");
	const json_t *ttl = json_object_get(body, "expires_in");
	const json_t *role = json_object_get(body, "role");
	json_t *cap;
	size_t i;

	GH_ENSURE(json_is_string(name) && json_string_length(name) >= 1 &&
	              json_string_length(name) <= 200,
	          GH_E_FORMAT, "name must be a string of 1 to 200 bytes");
	GH_ENSURE(json_is_array(caps) && json_array_size(caps) >= 1 && json_array_size(caps) <= 64,
	          GH_E_FORMAT, "capabilities must be an array of 1 to 64 names");
	out->name = json_string_value(name);
	json_array_foreach((json_t *)(uintptr_t)caps, i, cap)
	{
		struct gh_slice text = gh_slice(json_string_value(cap), json_string_length(cap));
		GH_ENSURE(json_is_string(cap) && capability_exists(text), GH_E_FORMAT,
		          "capabilities names one that does not exist");
		out->caps[out->cap_count++] = text;
	}
	if (role) {
		GH_ENSURE(json_is_string(role) && is_role(json_string_value(role)), GH_E_FORMAT,
		          "role must be 1 to 64 characters of a-z, 0-9 and -, a letter first");
		out->role = json_string_value(role);
	}
	if (ttl) {
		GH_ENSURE(json_is_integer(ttl) && json_integer_value(ttl) >= 60 &&
		              json_integer_value(ttl) <= 400 * 86400,
		          GH_E_FORMAT,
		          "expires_in must be a number of seconds from 60 to 34560000");
		out->expires_at_s = gh_clock_unix_s() + json_integer_value(ttl);
	}
	return GH_OK;
}

static gh_result insert_key(struct gh_request *request, const struct new_key *new_key,
                            const struct gh_api_key_text *text)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf caps = { 0 };
	uint8_t digest[32];

	gh_api_key_digest(gh_slice_str(text->text), digest);
	gh_db_array_begin(&caps, GH_DB_TEXT, new_key->cap_count);
	for (size_t i = 0; i < new_key->cap_count; i++)
		gh_db_array_add(&caps, new_key->caps[i]);
	const struct gh_db_value values[] = {
		gh_db_uuid(&request->claims->tenant_id),
		gh_db_str(text->id),
		gh_db_bytea(gh_slice(digest, sizeof digest)),
		gh_db_array(&caps, GH_DB_TEXT),
		gh_db_str(new_key->name),
		gh_db_text(request->claims->sub),
		gh_db_str(new_key->role),
		new_key->expires_at_s ? gh_db_time(new_key->expires_at_s * 1000000)
		                      : gh_db_null_time(),
	};
	const struct gh_db_statement statement = {
		.sql =
		    "INSERT INTO gatehouse.api_key (tenant_id, key_id, secret_sha256, caps, "
		    "name, created_by, role, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
		.values = values,
		.value_count = GH_ARRAY_LEN(values),
	};
	return gh_api_db_once(request, &statement, 1, NULL);
}

static void render_caps(struct gh_buf *out, const struct gh_slice *caps, size_t count)
{
	gh_buf_add_byte(out, '[');
	for (size_t i = 0; i < count; i++) {
		if (i)
			gh_buf_add_byte(out, ',');
		gh_json_add_string(out, caps[i]);
	}
	gh_buf_add_byte(out, ']');
}

void gh_api_key_create(struct gh_request *request)
{
	GH_CLEANUP(gh_json_decref_ptr) json_t *body = NULL;
	struct new_key new_key = { 0 };
	struct gh_api_key_text text;
	struct gh_json_writer json;

	enum gh_code code = gh_api_body(request, &body);
	if (code == GH_OK)
		code = read_new_key(body, &new_key);
	if (code != GH_OK) {
		gh_api_fail(request, code);
		return;
	}
	if (!gh_caps_subset(new_key.caps, new_key.cap_count, request->claims->caps,
	                    request->claims->cap_count)) {
		gh_api_deny(request, GH_PROBLEM_INSUFFICIENT_CAPABILITY, "more-than-creator",
		            "A key cannot carry a capability that its creator does not have.");
		return;
	}
	if (!new_key.role)
		new_key.role = request->api_key->role;
	if (strcmp(new_key.role, request->api_key->role) != 0 &&
	    !gh_claims_has_cap(request->claims, GH_CAP_ROLES)) {
		gh_api_deny(request, GH_PROBLEM_INSUFFICIENT_CAPABILITY, "role-not-own",
		            "A key has its creator's role, unless the creator carries the "
		            "capability " GH_CAP_ROLES ".");
		return;
	}
	gh_api_key_generate(&text);
	code = insert_key(request, &new_key, &text);
	if (code != GH_OK) {
		gh_wipe(&text, sizeof text);
		gh_api_fail(request, code);
		return;
	}
	request->reply.status = 201;
	gh_json_begin(&json, &request->reply.body);
	gh_json_str(&json, "id", text.id);
	gh_json_str(&json, "name", new_key.name);
	gh_json_str(&json, "role", new_key.role);
	gh_json_str(&json, "api_key", text.text);
	gh_json_key(&json, "capabilities");
	render_caps(&request->reply.body, new_key.caps, new_key.cap_count);
	gh_json_end(&json);
	gh_json_begin(&json, &request->reply.members);
	gh_json_key(&json, "capabilities");
	render_caps(&request->reply.members, new_key.caps, new_key.cap_count);
	gh_json_str(&json, "key_id", text.id);
	gh_json_str(&json, "role", new_key.role);
	gh_json_end(&json);
	gh_wipe(&text, sizeof text);
}

static gh_result render_key(const struct gh_db_result *rows, size_t row, struct gh_buf *out)
{
	struct gh_slice id, name, by, role, caps[GH_CAPS_MAX];
	struct gh_json_writer json;
	size_t count;
	static const char *const times[] = { "created_at", "expires_at", "revoked_at" };

	GH_TRY(gh_db_get_text(rows, row, 0, &id));
	GH_TRY(gh_db_get_text(rows, row, 1, &name));
	GH_TRY(gh_db_get_text(rows, row, 2, &by));
	GH_TRY(gh_db_get_text_array(rows, row, 3, caps, GH_CAPS_MAX, &count));
	gh_json_begin(&json, out);
	gh_json_slice(&json, "id", id);
	gh_json_slice(&json, "name", name);
	GH_TRY(gh_db_get_text(rows, row, 7, &role));
	gh_json_slice(&json, "created_by", by);
	gh_json_slice(&json, "role", role);
	gh_json_key(&json, "capabilities");
	render_caps(out, caps, count);
	for (size_t i = 0; i < GH_ARRAY_LEN(times); i++) {
		char text[GH_TIME_TEXT_BYTES];
		int64_t unix_us;
		if (gh_db_is_null(rows, row, 4 + i)) {
			gh_json_raw(&json, times[i], GH_SLICE("null"));
			continue;
		}
		GH_TRY(gh_db_get_time(rows, row, 4 + i, &unix_us));
		gh_clock_format(unix_us, text);
		gh_json_str(&json, times[i], text);
	}
	gh_json_end(&json);
	return GH_OK;
}

static gh_result list_keys(struct gh_request *request)
{
	static const struct gh_db_statement statement = {
		.sql = "SELECT key_id, name, created_by, caps, created_at, expires_at, revoked_at, "
		       "role FROM gatehouse.api_key ORDER BY created_at, key_id LIMIT 1000",
		.reads = true,
	};
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;
	struct gh_buf *out = &request->reply.body;

	GH_TRY(gh_api_db_once(request, &statement, 1, &rows));
	gh_buf_add_str(out, "{\"object\":\"list\",\"data\":[");
	for (size_t row = 0; row < gh_db_rows(rows); row++) {
		if (row)
			gh_buf_add_byte(out, ',');
		GH_TRY(render_key(rows, row, out));
	}
	gh_buf_add_str(out, "]}");
	request->reply.status = 200;
	return gh_buf_check(out);
}

void gh_api_key_list(struct gh_request *request)
{
	enum gh_code code = list_keys(request);

	if (code != GH_OK)
		gh_api_fail(request, code);
}

static gh_result revoke_key(struct gh_request *request, struct gh_slice id)
{
	const struct gh_db_value value = gh_db_text(id);
	const struct gh_db_statement statement = {
		.sql = "UPDATE gatehouse.api_key SET revoked_at = coalesce(revoked_at, now()) "
		       "WHERE key_id = $1 RETURNING key_id",
		.values = &value,
		.value_count = 1,
	};
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;

	GH_TRY(gh_api_db_once(request, &statement, 1, &rows));
	GH_ENSURE(gh_db_rows(rows) == 1, GH_E_NOT_FOUND, "no such key");
	return GH_OK;
}

void gh_api_key_revoke(struct gh_request *request)
{
	struct gh_slice id = request->match.parameter;
	struct gh_json_writer json;

	enum gh_code code = id.len == GH_API_KEY_ID_BYTES ? revoke_key(request, id)
	                                                  : gh_fail(GH_E_NOT_FOUND, "no such key");
	if (code != GH_OK) {
		gh_api_fail(request, code);
		return;
	}
	request->reply.status = 200;
	gh_json_begin(&json, &request->reply.body);
	gh_json_slice(&json, "id", id);
	gh_json_bool(&json, "revoked", true);
	gh_json_end(&json);
	gh_json_begin(&json, &request->reply.members);
	gh_json_slice(&json, "key_id", id);
	gh_json_end(&json);
}
