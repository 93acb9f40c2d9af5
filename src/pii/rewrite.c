#include "pii/rewrite.h"

#include "pii/json_walk.h"

#define NUMBER_DIGITS     9
#define NUMBER_CONFIDENCE 90

/* Tells instead of rewriting. */
struct report {
	gh_pii_report_fn *found;
	void *context;
	struct gh_buf path;
};

struct rewrite {
	struct gh_pii_session *session;
	enum gh_pii_channel channel;
	bool nested;   /* inside a string that is JSON */
	bool restore;  /* put tokens back afterwards */
	bool protocol; /* members such as "role" are not text */
	struct report *report;
};

bool gh_pii_is_structural(struct gh_slice key)
{
	static const char *const names[] = {
		"model",
		"role",
		"id",
		"type",
		"object",
		"tool_call_id",
		"finish_reason",
		"encoding_format",
		"call_id",
		"item_id",
		"system_fingerprint",
		"service_tier",
		"previous_response_id",
		"stop_reason",
		"detail_level",
		"format",
	};

	for (size_t i = 0; i < GH_ARRAY_LEN(names); i++)
		if (gh_slice_eq_str(key, names[i]))
			return true;
	return false;
}

static enum gh_code on_leaf(void *context, const struct gh_json_leaf *leaf, struct gh_buf *out,
                            bool *changed);

static bool looks_like_json(struct gh_slice text)
{
	size_t i = 0, end = text.len;

	while (i < end && text.data[i] <= ' ')
		i++;
	while (end > i && text.data[end - 1] <= ' ')
		end--;
	return end - i >= 2 && ((text.data[i] == '{' && text.data[end - 1] == '}') ||
	                        (text.data[i] == '[' && text.data[end - 1] == ']'));
}

/* Media is not text: data: URLs are passed on, and scanned by nobody. */
static bool is_media(struct gh_slice key, struct gh_slice text)
{
	return (gh_slice_eq_str(key, "url") || gh_slice_eq_str(key, "file_data")) &&
	       gh_slice_starts_with(text, GH_SLICE("data:"));
}

static enum gh_code restore(struct rewrite *rewrite, struct gh_buf *out, bool *changed)
{
	struct gh_buf shown = { .limit = out->limit, .secret = true };
	bool restored = false;
	enum gh_code code = gh_pii_session_restore(rewrite->session, rewrite->channel,
	                                           gh_buf_slice(out), &shown, &restored);

	if (code == GH_OK && restored) {
		gh_buf_clear(out);
		gh_buf_add_slice(out, gh_buf_slice(&shown));
		*changed = true;
	}
	gh_buf_free(&shown);
	return code;
}

static enum gh_code ignore(void *context, const struct gh_json_leaf *leaf, struct gh_buf *out,
                           bool *changed)
{
	return GH_OK;
}

/* Whether a string is JSON to its end. It is read once more for that: of what turns out to be text,
 * nothing may have been told, counted or replaced before. */
static bool is_json(struct gh_slice text)
{
	struct gh_buf copy = { .limit = text.len + 16, .secret = true };
	bool fine = looks_like_json(text) && gh_json_walk(text, ignore, NULL, &copy) == GH_OK;

	gh_buf_free(&copy);
	return fine;
}

static enum gh_code rewrite_nested(struct rewrite *rewrite, struct gh_slice text,
                                   struct gh_buf *out, bool *changed)
{
	struct rewrite inner = *rewrite;

	inner.nested = true;
	enum gh_code code = gh_json_walk(text, on_leaf, &inner, out);
	if (code == GH_OK)
		*changed = !gh_slice_eq(gh_buf_slice(out), text);
	return code;
}

static enum gh_code report_nested(struct rewrite *rewrite, const struct gh_json_place *place,
                                  struct gh_slice text)
{
	struct rewrite inner = *rewrite;
	struct gh_buf copy = { .limit = text.len + 16, .secret = true };
	struct gh_buf *path = &rewrite->report->path;
	size_t before = path->len;

	inner.nested = true;
	gh_json_place_path(place, path);
	gh_buf_add_byte(path, '#');
	enum gh_code code = gh_json_walk(text, on_leaf, &inner, &copy);
	path->len = before;
	gh_buf_free(&copy);
	return code;
}

static enum gh_code tell(void *context, const struct gh_pii_match *match, enum gh_pii_mode mode)
{
	struct report *report = context;

	return report->found(report->context, gh_buf_slice(&report->path), match, mode);
}

static enum gh_code report_leaf(struct rewrite *rewrite, const struct gh_json_leaf *leaf)
{
	struct gh_buf *path = &rewrite->report->path;
	size_t before = path->len;

	gh_json_place_path(leaf->place, path);
	enum gh_code code = gh_buf_check(path);
	if (code == GH_OK)
		code = gh_pii_session_scan(rewrite->session, rewrite->channel, leaf->place->key,
		                           leaf->text, tell, rewrite->report);
	path->len = before;
	return code;
}

/* A number is only taken for an identifier when its name or its checksum leaves no doubt. */
static enum gh_code rewrite_number(struct rewrite *rewrite, const struct gh_json_leaf *leaf,
                                   struct gh_buf *out, bool *changed)
{
	if (leaf->text.len < NUMBER_DIGITS || leaf->text.len > 19 ||
	    memchr(leaf->text.data, '.', leaf->text.len))
		return GH_OK;
	bool sure = false;
	GH_TRY(gh_pii_session_is_sure(rewrite->session, leaf->place->key, leaf->text,
	                              NUMBER_CONFIDENCE, &sure));
	if (!sure)
		return GH_OK;
	if (rewrite->report)
		return report_leaf(rewrite, leaf);
	return gh_pii_session_rewrite(rewrite->session, rewrite->channel, leaf->place->key,
	                              leaf->text, 0, leaf->text.len, out, changed);
}

static enum gh_code on_leaf(void *context, const struct gh_json_leaf *leaf, struct gh_buf *out,
                            bool *changed)
{
	struct rewrite *rewrite = context;
	struct gh_slice key = leaf->place->key;

	if (leaf->is_number) {
		GH_TRY(rewrite_number(rewrite, leaf, out, changed));
		return *changed && rewrite->restore ? restore(rewrite, out, changed) : GH_OK;
	}
	if (leaf->text.len == 0 || is_media(key, leaf->text) ||
	    (rewrite->protocol && !rewrite->nested && gh_pii_is_structural(key)))
		return GH_OK;
	bool nested = !rewrite->nested && is_json(leaf->text);
	if (rewrite->report)
		return nested ? report_nested(rewrite, leaf->place, leaf->text)
		              : report_leaf(rewrite, leaf);
	if (nested)
		return rewrite_nested(rewrite, leaf->text, out, changed);
	enum gh_code code = gh_pii_session_rewrite(rewrite->session, rewrite->channel, key,
	                                           leaf->text, 0, leaf->text.len, out, changed);
	if (code == GH_OK && rewrite->restore)
		code = restore(rewrite, out, changed);
	return code;
}

gh_result gh_pii_rewrite_json(struct gh_pii_session *session, enum gh_pii_channel channel,
                              struct gh_slice raw, struct gh_buf *out)
{
	struct rewrite rewrite = { .session = session, .channel = channel, .protocol = true };

	return gh_json_walk(raw, on_leaf, &rewrite, out);
}

gh_result gh_pii_rewrite_data(struct gh_pii_session *session, enum gh_pii_channel channel,
                              struct gh_slice raw, struct gh_buf *out)
{
	struct rewrite rewrite = { .session = session, .channel = channel };

	return gh_json_walk(raw, on_leaf, &rewrite, out);
}

gh_result gh_pii_report_data(struct gh_pii_session *session, enum gh_pii_channel channel,
                             struct gh_slice raw, gh_pii_report_fn *found, void *context)
{
	struct report report = { .found = found, .context = context, .path = { .secret = true } };
	struct rewrite rewrite = { .session = session, .channel = channel, .report = &report };
	struct gh_buf copy = { .limit = raw.len + 16, .secret = true };

	enum gh_code code = gh_json_walk(raw, on_leaf, &rewrite, &copy);
	gh_buf_free(&copy);
	gh_buf_free(&report.path);
	return code;
}

gh_result gh_pii_rewrite_output(struct gh_pii_session *session, struct gh_slice raw,
                                struct gh_buf *out)
{
	struct rewrite rewrite = {
		.session = session, .channel = GH_PII_OUTPUT, .restore = true, .protocol = true
	};

	return gh_json_walk(raw, on_leaf, &rewrite, out);
}
