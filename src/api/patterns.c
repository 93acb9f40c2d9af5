/* /v1/pii/patterns: what a tenant adds to the scanner. A definition is compiled together with the
 * tenant's others and tried on its own examples, in a child process of bounded time and memory,
 * before its row is written. It is taken as it was sent: a pattern that gate 4 rewrites would be
 * another one. */
#include "api/api.h"

#include "base/json.h"
#include "tenancy/patterns.h"

/* The tenant's definitions with this one in its place; sorted by name as the rows are. */
static gh_result with_new(const struct gh_db_result *rows, struct gh_slice name,
                          struct gh_slice json,
                          struct gh_pii_definition definitions[GH_PII_CUSTOM_MAX], size_t *count)
{
	size_t at = 0;

	GH_TRY(gh_patterns_read(rows, definitions, count));
	while (at < *count) {
		struct gh_slice other = definitions[at].name;
		size_t shorter = other.len < name.len ? other.len : name.len;
		int order = memcmp(other.data, name.data, shorter);
		if (order == 0 && other.len == name.len) {
			definitions[at].json = json;
			return GH_OK;
		}
		if (order > 0 || (order == 0 && other.len > name.len))
			break;
		at++;
	}
	GH_ENSURE(*count < GH_PII_CUSTOM_MAX, GH_E_LIMIT, "a tenant has at most %d patterns",
	          GH_PII_CUSTOM_MAX);
	memmove(definitions + at + 1, definitions + at, (*count - at) * sizeof *definitions);
	definitions[at] = (struct gh_pii_definition){ name, json };
	(*count)++;
	return GH_OK;
}

static gh_result store(struct gh_request *request, struct gh_api_db *db, struct gh_slice name,
                       struct gh_slice json)
{
	const struct gh_db_value values[] = { gh_db_uuid(&request->claims->tenant_id),
		                              gh_db_text(name), gh_db_text(json),
		                              gh_db_text(request->claims->sub) };
	const struct gh_db_statement statement = {
		.sql =
		    "INSERT INTO gatehouse.pii_pattern (tenant_id, name, definition, changed_by) "
		    "VALUES ($1, $2, $3, $4) ON CONFLICT (tenant_id, name) DO UPDATE SET "
		    "definition = excluded.definition, changed_by = excluded.changed_by, "
		    "changed_at = now()",
		.values = values,
		.value_count = GH_ARRAY_LEN(values),
	};
	return gh_api_db_run(request, db, &statement, 1, NULL);
}

static gh_result put(struct gh_request *request, struct gh_api_db *db, struct gh_slice name,
                     struct gh_slice json, struct gh_pii_trial *trial)
{
	static const struct gh_db_statement select = { .sql = GH_PATTERNS_SQL, .reads = true };
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;
	struct gh_pii_definition definitions[GH_PII_CUSTOM_MAX];
	size_t count;

	GH_TRY(gh_api_db_run(request, db, &select, 1, &rows));
	GH_TRY(with_new(rows, name, json, definitions, &count));
	GH_TRY(gh_pii_custom_try(definitions, count, trial));
	return store(request, db, name, json);
}

static gh_result read_definition(struct gh_request *request, struct gh_buf *out)
{
	GH_CLEANUP(gh_json_decref_ptr) json_t *body = NULL;

	GH_TRY(gh_json_parse(request->raw_body, &body));
	out->limit = GH_PII_CUSTOM_MAX_BYTES;
	return gh_jcs(body, out);
}

void gh_api_pii_pattern_put(struct gh_request *request)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf json = { 0 };
	struct gh_slice name = request->match.parameter;
	struct gh_pii_trial trial = { 0 };
	struct gh_json_writer writer;
	struct gh_api_db db;

	enum gh_code code = gh_pii_custom_name_check(name);
	if (code == GH_OK)
		code = read_definition(request, &json);
	if (code == GH_OK) {
		code = gh_api_db_begin(request, &db);
		if (code == GH_OK)
			code = put(request, &db, name, gh_buf_slice(&json), &trial);
		gh_api_db_end(request, &db);
	}
	if (code != GH_OK) {
		gh_api_fail(request, code);
		return;
	}
	request->reply.status = 200;
	gh_json_begin(&writer, &request->reply.body);
	gh_json_slice(&writer, "name", name);
	gh_json_int(&writer, "compile_us", (int64_t)trial.compile_us);
	gh_json_int(&writer, "database_bytes", (int64_t)trial.database_bytes);
	gh_json_int(&writer, "bytes_per_second", (int64_t)trial.bytes_per_second);
	gh_json_end(&writer);
	gh_json_begin(&writer, &request->reply.members);
	gh_json_slice(&writer, "pattern", name);
	gh_json_end(&writer);
}

void gh_api_pii_pattern_delete(struct gh_request *request)
{
	const struct gh_db_value value = gh_db_text(request->match.parameter);
	const struct gh_db_statement statement = {
		.sql = "DELETE FROM gatehouse.pii_pattern WHERE name = $1 RETURNING name",
		.values = &value,
		.value_count = 1,
	};
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;
	struct gh_json_writer writer;

	enum gh_code code = gh_api_db_once(request, &statement, 1, &rows);
	if (code == GH_OK && gh_db_rows(rows) == 0)
		code = gh_fail(GH_E_NOT_FOUND, "no such pattern");
	if (code != GH_OK) {
		gh_api_fail(request, code);
		return;
	}
	request->reply.status = 200;
	gh_json_begin(&writer, &request->reply.body);
	gh_json_slice(&writer, "name", request->match.parameter);
	gh_json_bool(&writer, "deleted", true);
	gh_json_end(&writer);
	gh_json_begin(&writer, &request->reply.members);
	gh_json_slice(&writer, "pattern", request->match.parameter);
	gh_json_end(&writer);
}

static gh_result list(struct gh_request *request)
{
	static const struct gh_db_statement select = { .sql = GH_PATTERNS_SQL, .reads = true };
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;
	struct gh_buf *out = &request->reply.body;
	struct gh_pii_definition definitions[GH_PII_CUSTOM_MAX];
	size_t count = 0;

	GH_TRY(gh_api_db_once(request, &select, 1, &rows));
	GH_TRY(gh_patterns_read(rows, definitions, &count));
	gh_buf_add_str(out, "{\"object\":\"list\",\"data\":[");
	for (size_t i = 0; i < count; i++) {
		gh_buf_addf(out, "%s{\"name\":", i ? "," : "");
		gh_json_add_string(out, definitions[i].name);
		gh_buf_add_str(out, ",\"definition\":");
		gh_buf_add_slice(out, definitions[i].json);
		gh_buf_add_byte(out, '}');
	}
	gh_buf_add_str(out, "]}");
	request->reply.status = 200;
	return gh_buf_check(out);
}

void gh_api_pii_pattern_list(struct gh_request *request)
{
	enum gh_code code = list(request);

	if (code != GH_OK)
		gh_api_fail(request, code);
}
