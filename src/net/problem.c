/* Documents, header fields and pages from the table. Written by hand into a buffer, since a refusal
 * under attack must stay cheap. */
#include "net/problem.h"

#include <stdio.h>

#include "base/json.h"
#include "net/problem_table.h"

static const struct gh_problem_info *info_of(const struct gh_problem *problem)
{
	return gh_problem_info(problem->type);
}

const struct gh_problem_info *gh_problem_info(enum gh_problem_type type)
{
	if ((unsigned)type >= GH_PROBLEM_COUNT)
		type = GH_PROBLEM_INTERNAL;
	return &gh_problem_table[type];
}

gh_result gh_problem_find(struct gh_slice slug, enum gh_problem_type *out)
{
	for (unsigned i = 0; i < GH_PROBLEM_COUNT; i++) {
		if (!gh_slice_eq_str(slug, gh_problem_table[i].slug))
			continue;
		*out = (enum gh_problem_type)i;
		return GH_OK;
	}
	return gh_fail(GH_E_NOT_FOUND, "no problem type has this name");
}

/* ---- documents ---- */

static const char *detail_of(const struct gh_problem *problem)
{
	return problem->detail ? problem->detail : info_of(problem)->detail;
}

static void string_or_null(struct gh_json_writer *writer, const char *key, const char *text)
{
	if (text)
		gh_json_str(writer, key, text);
	else
		gh_json_raw(writer, key, GH_SLICE("null"));
}

/* As the OpenAI SDKs read it: all four members, strings or null. */
static void add_openai_error(struct gh_buf *out, const struct gh_problem *problem)
{
	const struct gh_problem_info *info = info_of(problem);
	struct gh_json_writer error;

	gh_json_begin(&error, out);
	gh_json_str(&error, "message", detail_of(problem));
	gh_json_str(&error, "type", info->openai_type);
	string_or_null(&error, "param", problem->param);
	string_or_null(&error, "code", info->openai_code);
	gh_json_end(&error);
}

static void add_anthropic_error(struct gh_buf *out, const struct gh_problem *problem)
{
	struct gh_json_writer error;

	gh_json_begin(&error, out);
	gh_json_str(&error, "type", info_of(problem)->anthropic_type);
	gh_json_str(&error, "message", detail_of(problem));
	gh_json_end(&error);
}

static void add_type_uri(struct gh_json_writer *writer, const char *key,
                         const struct gh_problem *problem, const struct gh_problem_place *place)
{
	struct gh_buf uri = { 0 };

	gh_buf_addf(&uri, "%s/problems/%s", place->base_url, info_of(problem)->slug);
	gh_json_slice(writer, key, gh_buf_slice(&uri));
	gh_buf_free(&uri);
}

void gh_problem_write(const struct gh_problem *problem, const struct gh_problem_place *place,
                      struct gh_buf *out)
{
	const struct gh_problem_info *info = info_of(problem);
	char id[GH_UUID_TEXT_BYTES], instance[16 + GH_UUID_TEXT_BYTES];
	struct gh_json_writer writer;

	gh_uuid_format(place->request_id, id);
	snprintf(instance, sizeof instance, "urn:uuid:%s", id);
	gh_json_begin(&writer, out);
	/* Anthropic's SDKs want type "error", which is a legal relative URI reference; the
	 * problem's own URI moves to type_uri. */
	if (place->dialect == GH_DIALECT_ANTHROPIC) {
		gh_json_str(&writer, "type", "error");
		add_type_uri(&writer, "type_uri", problem, place);
	} else {
		add_type_uri(&writer, "type", problem, place);
	}
	gh_json_str(&writer, "title", info->title);
	gh_json_int(&writer, "status", info->status);
	gh_json_str(&writer, "detail", detail_of(problem));
	gh_json_str(&writer, "instance", instance);
	gh_json_str(&writer, "request_id", id);
	if (problem->gate)
		gh_json_str(&writer, "gate", problem->gate);
	if (place->dialect != GH_DIALECT_PLAIN) {
		gh_json_key(&writer, "error");
		if (place->dialect == GH_DIALECT_OPENAI)
			add_openai_error(out, problem);
		else
			add_anthropic_error(out, problem);
	}
	gh_json_end(&writer);
}

void gh_problem_write_stream(const struct gh_problem *problem, const struct gh_problem_place *place,
                             struct gh_buf *out)
{
	struct gh_json_writer writer;

	gh_json_begin(&writer, out);
	if (place->dialect == GH_DIALECT_ANTHROPIC) {
		char id[GH_UUID_TEXT_BYTES];
		gh_uuid_format(place->request_id, id);
		gh_json_str(&writer, "type", "error");
		gh_json_key(&writer, "error");
		add_anthropic_error(out, problem);
		gh_json_str(&writer, "request_id", id);
	} else {
		gh_json_key(&writer, "error");
		add_openai_error(out, problem);
	}
	gh_json_end(&writer);
}

/* ---- header fields ---- */

static void add_field(struct gh_problem_head *head, struct gh_slice name, const char *value)
{
	head->fields[head->count++] = (struct gh_http_field){ name, gh_slice_str(value) };
}

void gh_problem_head(const struct gh_problem *problem, const struct gh_problem_place *place,
                     struct gh_problem_head *out)
{
	const struct gh_problem_info *info = info_of(problem);
	uint32_t retry_after_s =
	    problem->retry_after_s ? problem->retry_after_s : info->retry_after_s;
	bool retried_by_default = info->status == 408 || info->status == 409 ||
	                          info->status == 429 || info->status >= 500;

	out->status = info->status;
	out->count = 0;
	gh_uuid_format(place->request_id, out->request_id);
	add_field(out, GH_SLICE("Content-Type"), "application/problem+json");
	add_field(out, GH_SLICE("Cache-Control"), "no-store");
	add_field(out, GH_SLICE("x-request-id"), out->request_id);
	if (info->challenge)
		add_field(out, GH_SLICE("WWW-Authenticate"), info->challenge);
	if (retry_after_s > 0) {
		snprintf(out->retry_after, sizeof out->retry_after, "%u", retry_after_s);
		add_field(out, GH_SLICE("Retry-After"), out->retry_after);
	}
	if (retried_by_default && !info->retryable)
		add_field(out, GH_SLICE("x-should-retry"), "false");
}

/* ---- pages ---- */

/* The table's own texts, which hold no more than quotes and ampersands at the worst. */
static void add_html(struct gh_buf *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '&': gh_buf_add_str(out, "&amp;"); break;
		case '<': gh_buf_add_str(out, "&lt;"); break;
		case '>': gh_buf_add_str(out, "&gt;"); break;
		case '"': gh_buf_add_str(out, "&quot;"); break;
		default: gh_buf_add_byte(out, (uint8_t)*text); break;
		}
	}
}

static void begin_html(struct gh_buf *out, const char *title)
{
	gh_buf_add_str(out,
	               "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	               "<meta name=\"viewport\" content=\"width=device-width\">\n<title>");
	add_html(out, title);
	gh_buf_add_str(out, "</title>\n</head>\n<body>\n<main>\n<h1>");
	add_html(out, title);
	gh_buf_add_str(out, "</h1>\n");
}

static const char *retry_text(const struct gh_problem_info *info)
{
	return info->retryable ? "The same request may succeed later."
	                       : "Retrying the same request does not help.";
}

void gh_problem_page(enum gh_problem_type type, bool html, struct gh_buf *out)
{
	const struct gh_problem_info *info = gh_problem_info(type);

	if (!html) {
		gh_buf_addf(out, "%s (%s, HTTP status %u)\n\n%s\n\n%s\n%s\n", info->title,
		            info->slug, info->status, info->detail, info->advice, retry_text(info));
		return;
	}
	begin_html(out, info->title);
	gh_buf_addf(out, "<p><code>%s</code>, HTTP status %u</p>\n<p>", info->slug, info->status);
	add_html(out, info->detail);
	gh_buf_add_str(out, "</p>\n<p>");
	add_html(out, info->advice);
	gh_buf_addf(out,
	            "</p>\n<p>%s</p>\n<p><a href=\"/problems/\">All problem types</a></p>\n"
	            "</main>\n</body>\n</html>\n",
	            retry_text(info));
}

void gh_problem_index(bool html, struct gh_buf *out)
{
	if (html) {
		begin_html(out, "Problem types");
		gh_buf_add_str(out, "<table>\n");
	}
	for (unsigned i = 0; i < GH_PROBLEM_COUNT; i++) {
		const struct gh_problem_info *info = &gh_problem_table[i];
		if (!html) {
			gh_buf_addf(out, "%u %s: %s\n", info->status, info->slug, info->title);
			continue;
		}
		gh_buf_addf(out, "<tr><td>%u</td><td><a href=\"/problems/%s\">%s</a></td><td>",
		            info->status, info->slug, info->slug);
		add_html(out, info->title);
		gh_buf_add_str(out, "</td></tr>\n");
	}
	if (html)
		gh_buf_add_str(out, "</table>\n</main>\n</body>\n</html>\n");
}
