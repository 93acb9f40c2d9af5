/* /v1/pii/modes and /v1/pii/thresholds: what happens to each class on each channel, and from which
 * confidence on a finding of it counts. A change is in use within the bound of the tenant's
 * snapshot, and on record with what held before. It is taken as it was sent: a change that the
 * tenant's own table rewrites could not be made. */
#include "api/api.h"

#include "base/json.h"

/* The snapshot's table is what holds now: the rows over the default. */
void gh_api_pii_modes(struct gh_request *request)
{
	const struct gh_pii_policy *policy = &request->tenant->pii;
	struct gh_buf *out = &request->reply.body;

	gh_buf_add_byte(out, '{');
	for (int class = 0; class < GH_PII_CLASS_COUNT; class ++) {
		gh_buf_addf(out, "%s\"%s\":{", class ? "," : "", gh_pii_class_name(class));
		for (int channel = 0; channel < GH_PII_CHANNEL_COUNT; channel++)
			gh_buf_addf(out, "%s\"%s\":\"%s\"", channel ? "," : "",
			            gh_pii_channel_name(channel),
			            gh_pii_mode_name(policy->mode[class][channel]));
		gh_buf_add_byte(out, '}');
	}
	gh_buf_add_byte(out, '}');
	request->reply.status = 200;
}

void gh_api_pii_thresholds(struct gh_request *request)
{
	const struct gh_pii_policy *policy = &request->tenant->pii;
	struct gh_json_writer json;

	gh_json_begin(&json, &request->reply.body);
	for (int class = 0; class < GH_PII_CLASS_COUNT; class ++)
		gh_json_int(&json, gh_pii_class_name(class), policy->threshold[class]);
	gh_json_end(&json);
	request->reply.status = 200;
}

static struct gh_slice text_of(const json_t *json)
{
	return gh_slice(json_string_value(json), json_string_length(json));
}

/* `values` are the row: tenant_id, the rest of its key, and what it holds. `former` gives what the
 * row of that key held until now; no row: the default. Changes of a tenant wait for each other, so
 * that each finds what the one before it left. */
static gh_result change_row(struct gh_request *request, const char *former, const char *write,
                            const struct gh_db_value *values, size_t count,
                            struct gh_db_result **out)
{
	const struct gh_db_statement statements[] = {
		{ .sql = "SELECT 1 FROM gatehouse.tenant FOR NO KEY UPDATE" },
		{ .sql = former, .values = values + 1, .value_count = count - 2, .reads = true },
		{ .sql = write, .values = values, .value_count = count },
	};
	struct gh_db_result *results[GH_ARRAY_LEN(statements)] = { NULL };

	GH_TRY(gh_api_db_once(request, statements, GH_ARRAY_LEN(statements), results));
	*out = results[1];
	results[1] = NULL;
	gh_db_results_free(results, GH_ARRAY_LEN(statements));
	return GH_OK;
}

/* The answer is what the event holds as well. */
static void answer(struct gh_request *request, enum gh_code code)
{
	if (code != GH_OK) {
		gh_api_fail(request, code);
		return;
	}
	request->reply.status = 200;
	gh_buf_add_slice(&request->reply.members, gh_buf_slice(&request->reply.body));
}

/* ---- modes ---- */

struct mode_change {
	enum gh_pii_class class;
	enum gh_pii_channel channel;
	enum gh_pii_mode mode;
};

static gh_result read_mode(struct gh_request *request, struct mode_change *out)
{
	GH_CLEANUP(gh_json_decref_ptr) json_t *body = NULL;

	GH_TRY(gh_json_parse(request->raw_body, &body));
	GH_ENSURE(
	    json_object_size(body) == 3 &&
	        gh_pii_class_parse(text_of(json_object_get(body, "class")), &out->class) == GH_OK &&
	        gh_pii_channel_parse(text_of(json_object_get(body, "channel")), &out->channel) ==
	            GH_OK &&
	        gh_pii_mode_parse(text_of(json_object_get(body, "mode")), &out->mode) == GH_OK,
	    GH_E_FORMAT,
	    "the body names a class, a channel (prompt, output, tool, data, agent, webhook, "
	    "log) and a mode (off, flag, reversible, strict)");
	return GH_OK;
}

static gh_result put_mode(struct gh_request *request)
{
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;
	struct gh_pii_policy standard;
	struct mode_change change;
	struct gh_json_writer json;

	GH_TRY(read_mode(request, &change));
	const struct gh_db_value values[] = {
		gh_db_uuid(&request->claims->tenant_id),
		gh_db_str(gh_pii_class_name(change.class)),
		gh_db_str(gh_pii_channel_name(change.channel)),
		gh_db_str(gh_pii_mode_name(change.mode)),
	};
	GH_TRY(change_row(request,
	                  "SELECT mode FROM gatehouse.pii_mode WHERE class = $1 AND channel = $2",
	                  "INSERT INTO gatehouse.pii_mode (tenant_id, class, channel, mode) "
	                  "VALUES ($1, $2, $3, $4) ON CONFLICT (tenant_id, class, channel) "
	                  "DO UPDATE SET mode = excluded.mode",
	                  values, GH_ARRAY_LEN(values), &rows));
	gh_pii_policy_default(&standard);
	struct gh_slice former =
	    gh_slice_str(gh_pii_mode_name(standard.mode[change.class][change.channel]));
	if (gh_db_rows(rows))
		GH_TRY(gh_db_get_text(rows, 0, 0, &former));
	gh_json_begin(&json, &request->reply.body);
	gh_json_str(&json, "channel", gh_pii_channel_name(change.channel));
	gh_json_str(&json, "class", gh_pii_class_name(change.class));
	gh_json_slice(&json, "former", former);
	gh_json_str(&json, "mode", gh_pii_mode_name(change.mode));
	gh_json_end(&json);
	return GH_OK;
}

void gh_api_pii_mode_put(struct gh_request *request)
{
	answer(request, put_mode(request));
}

/* ---- thresholds ---- */

static gh_result read_threshold(struct gh_request *request, enum gh_pii_class *class,
                                int64_t *threshold)
{
	GH_CLEANUP(gh_json_decref_ptr) json_t *body = NULL;

	GH_TRY(gh_json_parse(request->raw_body, &body));
	const json_t *number = json_object_get(body, "threshold");
	*threshold = json_integer_value(number);
	GH_ENSURE(json_object_size(body) == 2 && json_is_integer(number) && *threshold >= 0 &&
	              *threshold <= 100 &&
	              gh_pii_class_parse(text_of(json_object_get(body, "class")), class) == GH_OK,
	          GH_E_FORMAT,
	          "the body names a class and a threshold, a whole number from 0 to 100");
	return GH_OK;
}

static gh_result put_threshold(struct gh_request *request)
{
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;
	struct gh_pii_policy standard;
	struct gh_json_writer json;
	enum gh_pii_class class;
	int64_t threshold;

	GH_TRY(read_threshold(request, &class, &threshold));
	const struct gh_db_value values[] = {
		gh_db_uuid(&request->claims->tenant_id),
		gh_db_str(gh_pii_class_name(class)),
		gh_db_int8(threshold),
	};
	GH_TRY(change_row(request, "SELECT threshold FROM gatehouse.pii_threshold WHERE class = $1",
	                  "INSERT INTO gatehouse.pii_threshold (tenant_id, class, threshold) "
	                  "VALUES ($1, $2, $3) ON CONFLICT (tenant_id, class) "
	                  "DO UPDATE SET threshold = excluded.threshold",
	                  values, GH_ARRAY_LEN(values), &rows));
	gh_pii_policy_default(&standard);
	int64_t former = standard.threshold[class];
	if (gh_db_rows(rows))
		GH_TRY(gh_db_get_int(rows, 0, 0, &former));
	gh_json_begin(&json, &request->reply.body);
	gh_json_str(&json, "class", gh_pii_class_name(class));
	gh_json_int(&json, "former", former);
	gh_json_int(&json, "threshold", threshold);
	gh_json_end(&json);
	return GH_OK;
}

void gh_api_pii_threshold_put(struct gh_request *request)
{
	answer(request, put_threshold(request));
}
