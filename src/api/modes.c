/* /v1/pii/modes: what happens to each class on each channel. A change is in use within the bound of
 * the tenant's snapshot, and on record with what held before. */
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

static struct gh_slice text_of(const json_t *json)
{
	return gh_slice(json_string_value(json), json_string_length(json));
}

struct change {
	enum gh_pii_class class;
	enum gh_pii_channel channel;
	enum gh_pii_mode mode;
};

static gh_result read_change(struct gh_request *request, struct change *out)
{
	GH_CLEANUP(gh_json_decref_ptr) json_t *body = NULL;

	GH_TRY(gh_api_body(request, &body));
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

void gh_api_pii_mode_put(struct gh_request *request)
{
	struct change change;
	struct gh_json_writer json;

	enum gh_code code = read_change(request, &change);
	if (code == GH_OK) {
		const struct gh_db_value values[] = {
			gh_db_uuid(&request->claims->tenant_id),
			gh_db_str(gh_pii_class_name(change.class)),
			gh_db_str(gh_pii_channel_name(change.channel)),
			gh_db_str(gh_pii_mode_name(change.mode)),
		};
		const struct gh_db_statement statement = {
			.sql = "INSERT INTO gatehouse.pii_mode (tenant_id, class, channel, mode) "
			       "VALUES ($1, $2, $3, $4) ON CONFLICT (tenant_id, class, channel) "
			       "DO UPDATE SET mode = excluded.mode",
			.values = values,
			.value_count = GH_ARRAY_LEN(values),
		};
		code = gh_api_db_once(request, &statement, 1, NULL);
	}
	if (code != GH_OK) {
		gh_api_fail(request, code);
		return;
	}
	request->reply.status = 200;
	gh_json_begin(&json, &request->reply.body);
	gh_json_str(&json, "channel", gh_pii_channel_name(change.channel));
	gh_json_str(&json, "class", gh_pii_class_name(change.class));
	gh_json_str(&json, "former",
	            gh_pii_mode_name(request->tenant->pii.mode[change.class][change.channel]));
	gh_json_str(&json, "mode", gh_pii_mode_name(change.mode));
	gh_json_end(&json);
	gh_buf_add_slice(&request->reply.members, gh_buf_slice(&request->reply.body));
}
