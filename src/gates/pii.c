/* Gate 4: with which personal data. Every string of the body that can carry text is scanned and
 * handled as the tenant's table says, before anything of it is stored, logged or forwarded. */
#include "gates/request.h"

static bool is_object(struct gh_slice body)
{
	size_t i = 0;

	while (i < body.len && memchr(" \t\r\n", body.data[i], 4))
		i++;
	return i < body.len && body.data[i] == '{';
}

/* A path that is forwarded is text as well, and one that cannot be rewritten. */
static enum gh_verdict scan_path(struct gh_request *request)
{
	const struct gh_route *route = request->match.route;
	struct gh_slice text = request->match.parameter;
	GH_CLEANUP(gh_buf_free) struct gh_buf out = { .secret = true };
	bool changed = false;

	if (route->channel != GH_PII_PROMPT || text.len == 0)
		return GH_PASS;
	if (gh_pii_session_rewrite(request->pii, route->channel, gh_slice(NULL, 0), text, 0,
	                           text.len, &out, &changed) != GH_OK)
		return gh_gate_refuse(request, GH_PROBLEM_INTERNAL, "pii-scan", NULL);
	if (changed)
		return gh_gate_refuse(request, GH_PROBLEM_INVALID_PARAMETER,
		                      "personal-data-in-path",
		                      "The path carries personal data, which is not forwarded.");
	return GH_PASS;
}

enum gh_verdict gh_gate_pii(struct gh_request *request)
{
	const struct gh_route *route = request->match.route;
	size_t limit = request->raw_body.len * 4 + 65536;

	if (gh_pii_session_open(request->pii_policy, request->tenant->pii_key, request->arena,
	                        &request->pii) != GH_OK)
		return gh_gate_refuse(request, GH_PROBLEM_INTERNAL, "memory", NULL);
	gh_buf_init(&request->body, limit, true);
	if (!route->has_body)
		return scan_path(request);
	if (gh_slice_trim(request->raw_body).len == 0)
		return gh_gate_refuse(request, GH_PROBLEM_UNPROCESSABLE_JSON, "empty-body",
		                      "This call needs a JSON body.");

	if (!is_object(request->raw_body))
		return gh_gate_refuse(request, GH_PROBLEM_UNPROCESSABLE_JSON, "not-an-object",
		                      "The body must be a JSON object.");
	if (route->private_body)
		return GH_PASS;
	enum gh_code code =
	    gh_pii_rewrite_json(request->pii, route->channel, request->raw_body, &request->body);
	if (code == GH_E_FORMAT)
		return gh_gate_refuse(
		    request, GH_PROBLEM_UNPROCESSABLE_JSON, "not-json",
		    gh_arena_printf(request->arena, "%s.", gh_last_error()->text));
	if (code == GH_E_LIMIT)
		return gh_gate_refuse(
		    request, GH_PROBLEM_UNPROCESSABLE_JSON, "json-limit",
		    gh_arena_printf(request->arena, "%s.", gh_last_error()->text));
	if (code == GH_E_MEMORY) /* of this request: its arena is bounded */
		return gh_gate_refuse(request, GH_PROBLEM_PAYLOAD_TOO_LARGE, "too-many-findings",
		                      NULL);
	if (code != GH_OK)
		return gh_gate_refuse(request, GH_PROBLEM_INTERNAL, "pii-scan", NULL);
	for (int class = 0; class < GH_PII_CLASS_COUNT; class ++)
		gh_metrics_count(&request->gateway->metrics.pii_found[class],
		                 gh_pii_session_count(request->pii, route->channel, class));
	return GH_PASS;
}
