/* /v1/pii/scan: what the scanner finds in a text, in several, or in a JSON document, under the
 * caller's own table. The body is read as it came and kept nowhere; the answer shows classes and
 * places, and the text itself only when the caller asks for it rewritten. */
#include "api/api.h"

#include "base/json.h"
#include "pii/json_walk.h"
#include "pii/rewrite.h"

#define MAX_TEXTS    1000
#define MAX_FINDINGS 10000

struct scan {
	struct gh_request *request;
	struct gh_slice text, texts, document; /* raw JSON; one of them is there */
	enum gh_pii_channel channel;
	bool rewrite;
	struct gh_pii_policy policy;    /* the tenant's, with the caller's threshold */
	struct gh_pii_session *session; /* of the report; the rewriting has the request's */
	char text_path[24];             /* of the one of `texts` at hand */
	size_t found;
};

/* ---- the request ---- */

static void skip_space(struct gh_slice raw, size_t *at)
{
	while (*at < raw.len && memchr(" \t\r\n", raw.data[*at], 4))
		(*at)++;
}

/* Behind the string whose opening quote is at *at. */
static void skip_string(struct gh_slice raw, size_t *at)
{
	for ((*at)++; *at < raw.len && raw.data[*at] != '"'; (*at)++)
		if (raw.data[*at] == '\\')
			(*at)++;
	(*at)++;
}

static struct gh_slice take_value(struct gh_slice raw, size_t *at)
{
	size_t start = *at;

	for (int depth = 0; *at < raw.len;) {
		uint8_t c = raw.data[*at];
		if (c == '"') {
			skip_string(raw, at);
			continue;
		}
		if (depth == 0 && (c == ',' || c == '}'))
			break;
		depth += (c == '{' || c == '[') - (c == '}' || c == ']');
		(*at)++;
	}
	return gh_slice_sub(raw, start, *at - start);
}

static gh_result read_choice(struct scan *scan, struct gh_slice name, struct gh_slice value)
{
	GH_CLEANUP(gh_json_decref_ptr) json_t *parsed = NULL;

	GH_TRY(gh_json_parse(value, &parsed));
	if (gh_slice_eq_str(name, "channel")) {
		GH_ENSURE(json_is_string(parsed) &&
		              gh_pii_channel_parse(gh_slice_str(json_string_value(parsed)),
		                                   &scan->channel) == GH_OK,
		          GH_E_FORMAT,
		          "channel must be prompt, output, tool, data, agent, webhook or log");
	} else if (gh_slice_eq_str(name, "threshold")) {
		json_int_t threshold = json_integer_value(parsed);
		GH_ENSURE(json_is_integer(parsed) && threshold >= 0 && threshold <= 100,
		          GH_E_FORMAT, "threshold must be a whole number from 0 to 100");
		memset(scan->policy.threshold, (int)threshold, sizeof scan->policy.threshold);
	} else if (gh_slice_eq_str(name, "rewrite")) {
		GH_ENSURE(json_is_boolean(parsed), GH_E_FORMAT, "rewrite must be true or false");
		scan->rewrite = json_is_true(parsed);
	} else {
		return gh_fail(GH_E_FORMAT,
		               "the body may hold text, texts or json, and channel, threshold and "
		               "rewrite");
	}
	return GH_OK;
}

static gh_result read_member(struct scan *scan, struct gh_slice name, struct gh_slice value)
{
	if (gh_slice_eq_str(name, "text"))
		scan->text = value;
	else if (gh_slice_eq_str(name, "texts"))
		scan->texts = value;
	else if (gh_slice_eq_str(name, "json"))
		scan->document = value;
	else
		return read_choice(scan, name, value);
	return GH_OK;
}

static enum gh_code ignore(void *context, const struct gh_json_leaf *leaf, struct gh_buf *out,
                           bool *changed)
{
	return GH_OK;
}

/* The members of the body as raw text, so that a document goes back as it came. What it walks over
 * was found to be valid JSON, each name once. */
static gh_result read_body(struct scan *scan)
{
	struct gh_slice raw = scan->request->raw_body;
	struct gh_buf copy = { .limit = raw.len + 16, .secret = true };
	enum gh_code code = gh_json_walk(raw, ignore, NULL, &copy);
	size_t at = 0;

	gh_buf_free(&copy);
	GH_TRY(code);
	skip_space(raw, &at);
	for (at++;;) {
		skip_space(raw, &at);
		if (raw.data[at] == ',') {
			at++;
			continue;
		}
		if (raw.data[at] == '}')
			break;
		size_t start = at + 1;
		skip_string(raw, &at);
		struct gh_slice name = gh_slice_sub(raw, start, at - 1 - start);
		skip_space(raw, &at);
		at++; /* ':' */
		skip_space(raw, &at);
		GH_TRY(read_member(scan, name, take_value(raw, &at)));
	}
	int given = (scan->text.len > 0) + (scan->texts.len > 0) + (scan->document.len > 0);
	GH_ENSURE(given == 1, GH_E_FORMAT, "the body must hold one of text, texts and json");
	return GH_OK;
}

/* ---- the answer ---- */

static gh_result on_finding(void *context, struct gh_slice path, const struct gh_pii_match *match,
                            enum gh_pii_mode mode)
{
	struct scan *scan = context;
	struct gh_buf *out = &scan->request->reply.body;
	struct gh_json_writer json;

	GH_ENSURE(scan->found < MAX_FINDINGS, GH_E_LIMIT,
	          "there are more than %d findings: send less at once, or raise the threshold",
	          MAX_FINDINGS);
	if (scan->found++)
		gh_buf_add_byte(out, ',');
	gh_json_begin(&json, out);
	gh_json_str(&json, "class", gh_pii_class_name(match->class));
	gh_json_str(&json, "kind", match->kind);
	gh_json_int(&json, "start", match->start);
	gh_json_int(&json, "end", match->end);
	gh_json_int(&json, "confidence", match->confidence);
	gh_json_str(&json, "mode", gh_pii_mode_name(mode));
	if (path.len)
		gh_json_slice(&json, "path", path);
	gh_json_end(&json);
	return gh_buf_check(out);
}

static gh_result on_text_finding(void *context, const struct gh_pii_match *match,
                                 enum gh_pii_mode mode)
{
	const struct scan *scan = context;

	return on_finding(context, gh_slice_str(scan->text_path), match, mode);
}

/* A string, or an array of strings. */
static gh_result check_strings(const json_t *value, bool array)
{
	json_t *item;
	size_t i;

	if (!array) {
		GH_ENSURE(json_is_string(value), GH_E_FORMAT, "text must be a string");
		return GH_OK;
	}
	GH_ENSURE(json_is_array(value) && json_array_size(value) <= MAX_TEXTS, GH_E_FORMAT,
	          "texts must be an array of at most %d strings", MAX_TEXTS);
	json_array_foreach((json_t *)(uintptr_t)value, i, item)
	    GH_ENSURE(json_is_string(item), GH_E_FORMAT, "texts must be an array of strings");
	return GH_OK;
}

static struct gh_slice string_of(const json_t *value)
{
	return gh_slice(json_string_value(value), json_string_length(value));
}

/* Texts are texts: one that looks like JSON is not taken apart, as its offsets are those of the
 * text. */
static gh_result report_strings(struct scan *scan, const json_t *value, bool array)
{
	size_t count = array ? json_array_size(value) : 1;

	for (size_t i = 0; i < count; i++) {
		if (array)
			snprintf(scan->text_path, sizeof scan->text_path, "/%zu", i);
		GH_TRY(gh_pii_session_scan(scan->session, scan->channel, gh_slice(NULL, 0),
		                           string_of(array ? json_array_get(value, i) : value),
		                           on_text_finding, scan));
	}
	return GH_OK;
}

static gh_result rewrite_string(struct scan *scan, struct gh_slice text, struct gh_buf *out)
{
	struct gh_buf fresh = { .limit = 4 * text.len + 65536, .secret = true };
	bool changed;
	enum gh_code code =
	    gh_pii_session_rewrite(scan->request->pii, scan->channel, gh_slice(NULL, 0), text, 0,
	                           text.len, &fresh, &changed);

	if (code == GH_OK)
		gh_json_add_string(out, gh_buf_slice(&fresh));
	gh_buf_free(&fresh);
	return code;
}

static gh_result rewrite_strings(struct scan *scan, const json_t *value, bool array)
{
	struct gh_buf *out = &scan->request->reply.body;

	if (!array)
		return rewrite_string(scan, string_of(value), out);
	gh_buf_add_byte(out, '[');
	for (size_t i = 0; i < json_array_size(value); i++) {
		if (i)
			gh_buf_add_byte(out, ',');
		GH_TRY(rewrite_string(scan, string_of(json_array_get(value, i)), out));
	}
	gh_buf_add_byte(out, ']');
	return GH_OK;
}

static gh_result scan_strings(struct scan *scan, bool array)
{
	GH_CLEANUP(gh_json_decref_ptr) json_t *value = NULL;
	struct gh_buf *out = &scan->request->reply.body;

	GH_TRY(gh_json_parse(array ? scan->texts : scan->text, &value));
	GH_TRY(check_strings(value, array));
	GH_TRY(report_strings(scan, value, array));
	gh_buf_add_byte(out, ']');
	if (!scan->rewrite)
		return GH_OK;
	gh_buf_add_str(out, array ? ",\"texts\":" : ",\"text\":");
	return rewrite_strings(scan, value, array);
}

static gh_result scan_document(struct scan *scan)
{
	struct gh_buf *out = &scan->request->reply.body;

	GH_TRY(gh_pii_report_data(scan->session, scan->channel, scan->document, on_finding, scan));
	gh_buf_add_byte(out, ']');
	if (!scan->rewrite)
		return GH_OK;
	gh_buf_add_str(out, ",\"json\":");
	return gh_pii_rewrite_data(scan->request->pii, scan->channel, scan->document, out);
}

static gh_result run(struct scan *scan)
{
	struct gh_request *request = scan->request;
	struct gh_pii_session *session;

	/* The tenant's table, as gate 4 has it, but for the threshold that was asked for. */
	GH_TRY(
	    gh_pii_session_open(&scan->policy, request->tenant->pii_key, request->arena, &session));
	gh_pii_session_close(request->pii);
	request->pii = session;
	GH_TRY(gh_pii_session_open(&scan->policy, request->tenant->pii_key, request->arena,
	                           &scan->session));
	gh_buf_add_str(&request->reply.body, "{\"findings\":[");
	enum gh_code code =
	    scan->document.len ? scan_document(scan) : scan_strings(scan, scan->texts.len > 0);
	gh_buf_add_byte(&request->reply.body, '}');
	return code == GH_OK ? gh_buf_check(&request->reply.body) : code;
}

static void record(struct scan *scan)
{
	struct gh_request *request = scan->request;
	GH_CLEANUP(gh_buf_free) struct gh_buf summary = { 0 };
	struct gh_json_writer json;

	gh_pii_session_summary(scan->session, scan->channel, &summary);
	for (int class = 0; class < GH_PII_CLASS_COUNT; class ++)
		gh_metrics_count(&request->gateway->metrics.pii_found[class],
		                 gh_pii_session_count(scan->session, scan->channel, class));
	gh_json_begin(&json, &request->reply.members);
	gh_json_str(&json, "channel", gh_pii_channel_name(scan->channel));
	gh_json_int(&json, "findings", (int64_t)scan->found);
	gh_json_raw(&json, "pii", gh_buf_slice(&summary));
	gh_json_bool(&json, "rewrite", scan->rewrite);
	gh_json_end(&json);
}

void gh_api_pii_scan(struct gh_request *request)
{
	struct scan *scan = gh_arena_alloc(request->arena, sizeof *scan);

	if (!scan) {
		gh_api_deny(request, GH_PROBLEM_INTERNAL, "memory", NULL);
		return;
	}
	scan->request = request;
	scan->channel = GH_PII_DATA;
	scan->policy = *request->pii_policy;
	enum gh_code code = read_body(scan);
	if (code == GH_OK)
		code = run(scan);
	if (code == GH_OK)
		record(scan);
	gh_pii_session_close(scan->session);
	request->reply.status = 200;
	if (code == GH_E_MEMORY) /* of this request: its arena is bounded */
		gh_api_deny(request, GH_PROBLEM_PAYLOAD_TOO_LARGE, "too-many-findings", NULL);
	else if (code != GH_OK)
		gh_api_fail(request, code);
}
