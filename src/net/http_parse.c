#include "net/http_parse.h"

#include <string.h>

/* RFC 9110 section 5.6.2: tchar. */
static bool is_token_char(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_token(struct gh_slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_token_char(s.data[i]))
			return false;
	return s.len > 0;
}

static enum gh_http_outcome bad(struct gh_http_error *error, int status, const char *reason)
{
	*error = (struct gh_http_error){ status, reason };
	return GH_HTTP_BAD;
}

static const char *const methods[] = { "GET",	"HEAD",	 "POST",   "PUT",
				       "PATCH", "DELETE", "OPTIONS" };

static enum gh_http_outcome parse_target(struct gh_http_request *out, struct gh_http_error *error)
{
	struct gh_slice target = out->target;

	if (target.len == 0)
		return bad(error, 400, "target");
	for (size_t i = 0; i < target.len; i++)
		if (target.data[i] <= 0x20 || target.data[i] >= 0x7f || target.data[i] == '#')
			return bad(error, 400, "target");
	/* Origin form only (RFC 9112 section 3.2.1); "*" is for OPTIONS. The absolute form belongs
	 * to proxies and would bring a second authority beside Host. */
	if (gh_slice_eq_str(target, "*") && gh_slice_eq_str(out->method, "OPTIONS")) {
		out->path = target;
		return GH_HTTP_DONE;
	}
	if (target.data[0] != '/')
		return bad(error, 400, "target-form");
	gh_slice_split(target, '?', &out->path, &out->query);
	return GH_HTTP_DONE;
}

static enum gh_http_outcome parse_request_line(struct gh_slice line, struct gh_http_request *out,
					       struct gh_http_error *error)
{
	struct gh_slice rest, version;
	bool known = false;

	if (!gh_slice_split(line, ' ', &out->method, &rest) ||
	    !gh_slice_split(rest, ' ', &out->target, &version) || !is_token(out->method))
		return bad(error, 400, "request-line");
	if (version.len != 8 || memcmp(version.data, "HTTP/1.", 7) != 0 ||
	    (version.data[7] != '0' && version.data[7] != '1'))
		return bad(error, version.len == 8 && memcmp(version.data, "HTTP/", 5) == 0 ? 505 : 400,
			   "version");
	out->minor = version.data[7] - '0';
	for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
		known = known || gh_slice_eq_str(out->method, methods[i]);
	if (!known)
		return bad(error, 501, "method");
	return parse_target(out, error);
}

static enum gh_http_outcome parse_field(struct gh_slice line, struct gh_http_request *out,
					const struct gh_http_limits *limits,
					struct gh_http_error *error)
{
	struct gh_http_field *field;

	/* A line that begins with white space is obs-fold (RFC 9112 section 5.2). */
	if (line.data[0] == ' ' || line.data[0] == '\t')
		return bad(error, 400, "obs-fold");
	if (out->field_count >= limits->fields || out->field_count >= GH_HTTP_MAX_FIELDS)
		return bad(error, 431, "too-many-fields");
	field = &out->fields[out->field_count++];
	if (!gh_slice_split(line, ':', &field->name, &field->value) || !is_token(field->name))
		return bad(error, 400, "field-name");
	field->value = gh_slice_trim(field->value);
	for (size_t i = 0; i < field->value.len; i++) {
		uint8_t c = field->value.data[i];
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return bad(error, 400, "field-value");
	}
	return GH_HTTP_DONE;
}

size_t gh_http_header_find(const struct gh_http_request *request, const char *name,
			   struct gh_slice *value)
{
	struct gh_slice wanted = gh_slice_str(name);
	size_t count = 0;

	*value = gh_slice(NULL, 0);
	for (size_t i = 0; i < request->field_count; i++) {
		if (!gh_slice_eq_nocase(request->fields[i].name, wanted))
			continue;
		if (count++ == 0)
			*value = request->fields[i].value;
	}
	return count;
}

/* Whether a comma-separated list holds `token`. */
static bool list_has(struct gh_slice list, const char *token)
{
	struct gh_slice item;
	bool more = true;

	while (more) {
		more = gh_slice_split(list, ',', &item, &list);
		if (gh_slice_eq_nocase(gh_slice_trim(item), gh_slice_str(token)))
			return true;
	}
	return false;
}

/* RFC 9112 section 6: what ends the message. One reading only, or none. */
static enum gh_http_outcome parse_framing(struct gh_http_request *out, struct gh_http_error *error)
{
	struct gh_slice value;
	size_t lengths = gh_http_header_find(out, "content-length", &value);

	if (lengths > 1)
		return bad(error, 400, "several-content-lengths");
	if (lengths == 1) {
		/* No list, no sign, no leading zero; 2^53 is beyond any limit of ours. */
		if (!gh_slice_to_u64(value, UINT64_C(1) << 53, &out->content_length))
			return bad(error, 400, "content-length");
		out->has_length = true;
	}
	size_t codings = gh_http_header_find(out, "transfer-encoding", &value);
	if (codings == 0)
		return GH_HTTP_DONE;
	if (lengths > 0)
		return bad(error, 400, "content-length-and-transfer-encoding");
	if (codings > 1 || out->minor == 0)
		return bad(error, 400, "transfer-encoding");
	if (!gh_slice_eq_nocase(value, GH_SLICE("chunked")))
		return bad(error, 501, "transfer-coding");
	out->chunked = true;
	return GH_HTTP_DONE;
}

static enum gh_http_outcome parse_connection(struct gh_http_request *out,
					     struct gh_http_error *error)
{
	struct gh_slice value;
	size_t hosts = gh_http_header_find(out, "host", &value);

	if (hosts > 1 || (hosts == 0 && out->minor == 1))
		return bad(error, 400, "host");
	for (size_t i = 0; i < value.len; i++)
		if (value.data[i] == ' ' || value.data[i] == '/' || value.data[i] == '@' ||
		    value.data[i] == ',' || value.data[i] >= 0x7f)
			return bad(error, 400, "host");
	out->keep_alive = out->minor == 1;
	for (size_t i = 0; i < out->field_count; i++) {
		if (!gh_slice_eq_nocase(out->fields[i].name, GH_SLICE("connection")))
			continue;
		if (list_has(out->fields[i].value, "close"))
			out->keep_alive = false;
	}
	if (gh_http_header_find(out, "expect", &value) > 0) {
		if (!gh_slice_eq_nocase(value, GH_SLICE("100-continue")))
			return bad(error, 417, "expect");
		out->expect_continue = out->minor == 1;
	}
	return GH_HTTP_DONE;
}

/* Finds the empty line. CRLF only: a bare CR or LF is refused where it stands. */
static enum gh_http_outcome find_end(struct gh_slice raw, const struct gh_http_limits *limits,
				     size_t *scanned, size_t *head_len, size_t *line_len,
				     struct gh_http_error *error)
{
	size_t limit = raw.len < limits->head_bytes ? raw.len : limits->head_bytes;
	const uint8_t *p = raw.data;

	for (size_t i = *scanned; i < limit; i++) {
		if (p[i] == 0)
			return bad(error, 400, "nul");
		if (p[i] != '\n') {
			if (i > 0 && p[i - 1] == '\r')
				return bad(error, 400, "bare-cr");
			continue;
		}
		if (i == 0 || p[i - 1] != '\r')
			return bad(error, 400, "bare-lf");
		if (i >= 3 && p[i - 2] == '\n') {
			*head_len = i + 1;
			const uint8_t *end = memchr(p, '\n', i);
			*line_len = (size_t)(end - p) - 1;
			return *line_len > limits->line_bytes ? bad(error, 414, "line-too-long") :
								GH_HTTP_DONE;
		}
		if (i == 1)
			return bad(error, 400, "empty-line");
	}
	*scanned = limit;
	if (raw.len > limits->line_bytes && !memchr(p, '\n', limits->line_bytes + 1))
		return bad(error, 414, "line-too-long");
	if (raw.len >= limits->head_bytes)
		return bad(error, 431, "head-too-large");
	return GH_HTTP_MORE;
}

enum gh_http_outcome gh_http_parse_head(struct gh_slice raw, const struct gh_http_limits *limits,
					size_t *scanned, struct gh_http_request *out,
					size_t *head_len, struct gh_http_error *error)
{
	size_t line_len;
	enum gh_http_outcome outcome =
	    find_end(raw, limits, scanned, head_len, &line_len, error);

	if (outcome != GH_HTTP_DONE)
		return outcome;
	memset(out, 0, sizeof *out);
	outcome = parse_request_line(gh_slice(raw.data, line_len), out, error);
	/* Lines end in CRLF, which find_end made sure of; the last one is empty. */
	for (size_t at = line_len + 2; outcome == GH_HTTP_DONE && at + 2 < *head_len;) {
		const uint8_t *end = memchr(raw.data + at, '\n', *head_len - at);
		size_t len = (size_t)(end - (raw.data + at)) - 1;
		outcome = parse_field(gh_slice(raw.data + at, len), out, limits, error);
		at += len + 2;
	}
	if (outcome == GH_HTTP_DONE)
		outcome = parse_framing(out, error);
	if (outcome == GH_HTTP_DONE)
		outcome = parse_connection(out, error);
	return outcome;
}

enum chunk_state { SIZE, SIZE_LF, DATA, DATA_CR, DATA_LF, END_CR, END_LF };

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One byte outside chunk data. */
static enum gh_http_outcome chunk_byte(struct gh_http_chunked *chunked, uint8_t c,
				       struct gh_http_error *error)
{
	int digit;

	switch ((enum chunk_state)chunked->state) {
	case SIZE:
		digit = hex_digit(c);
		if (digit >= 0 && chunked->digits < 8) {
			chunked->left = chunked->left << 4 | (uint64_t)digit;
			chunked->digits++;
			return GH_HTTP_MORE;
		}
		if (c != '\r' || chunked->digits == 0)
			return bad(error, 400, "chunk-size");
		chunked->state = SIZE_LF;
		return GH_HTTP_MORE;
	case SIZE_LF:
		if (c != '\n')
			return bad(error, 400, "chunk-size");
		chunked->digits = 0;
		chunked->state = chunked->left ? DATA : END_CR;
		return GH_HTTP_MORE;
	case DATA_CR:
		chunked->state = DATA_LF;
		return c == '\r' ? GH_HTTP_MORE : bad(error, 400, "chunk-end");
	case DATA_LF:
		chunked->state = SIZE;
		return c == '\n' ? GH_HTTP_MORE : bad(error, 400, "chunk-end");
	case END_CR:
		chunked->state = END_LF;
		return c == '\r' ? GH_HTTP_MORE : bad(error, 400, "trailer");
	case END_LF: return c == '\n' ? GH_HTTP_DONE : bad(error, 400, "trailer");
	case DATA: break;
	}
	return bad(error, 400, "chunk");
}

enum gh_http_outcome gh_http_chunked_take(struct gh_http_chunked *chunked, struct gh_slice raw,
					  size_t max_bytes, struct gh_buf *body, size_t *used,
					  struct gh_http_error *error)
{
	enum gh_http_outcome outcome = GH_HTTP_MORE;
	size_t i = 0;

	while (outcome == GH_HTTP_MORE && i < raw.len) {
		if (chunked->state != DATA) {
			outcome = chunk_byte(chunked, raw.data[i++], error);
			continue;
		}
		size_t take = raw.len - i < chunked->left ? raw.len - i : (size_t)chunked->left;
		if (take > max_bytes - body->len) {
			outcome = bad(error, 413, "body-too-large");
			break;
		}
		gh_buf_add(body, raw.data + i, take);
		i += take;
		chunked->left -= take;
		if (chunked->left == 0)
			chunked->state = DATA_CR;
	}
	*used = i;
	return outcome;
}
