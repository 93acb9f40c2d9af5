/* The head parser. It first looks for the empty line and only then reads, so that a slow sender
 * buys no repeated work and every slice it hands out lies inside bytes that are there. When in
 * doubt it refuses: an API gateway has no old clients to please. RFC 9112, RFC 9110. */
#include "net/http_parse.h"

#include "net/http_chars.h"

static const char *const method_names[GH_HTTP_METHOD_COUNT] = { "GET",   "HEAD",   "POST",   "PUT",
	                                                        "PATCH", "DELETE", "OPTIONS" };

static const struct {
	const char *name;
	uint16_t status;
} faults[GH_HTTP_FAULT_COUNT] = {
	[GH_HTTP_FAULT_NONE] = { "none", 200 },
	[GH_HTTP_FAULT_BARE_LF] = { "bare-lf", 400 },
	[GH_HTTP_FAULT_CONTROL_BYTE] = { "control-byte", 400 },
	[GH_HTTP_FAULT_REQUEST_LINE] = { "request-line", 400 },
	[GH_HTTP_FAULT_METHOD] = { "method", 501 },
	[GH_HTTP_FAULT_VERSION] = { "version", 505 },
	[GH_HTTP_FAULT_TARGET] = { "target", 400 },
	[GH_HTTP_FAULT_FIELD_NAME] = { "field-name", 400 },
	[GH_HTTP_FAULT_OBS_FOLD] = { "obs-fold", 400 },
	[GH_HTTP_FAULT_HOST] = { "host", 400 },
	[GH_HTTP_FAULT_CONTENT_LENGTH] = { "content-length", 400 },
	[GH_HTTP_FAULT_TRANSFER_ENCODING] = { "transfer-encoding", 400 },
	[GH_HTTP_FAULT_TRANSFER_CODING] = { "transfer-coding", 501 },
	[GH_HTTP_FAULT_EXPECT] = { "expect", 417 },
	[GH_HTTP_FAULT_CONNECTION] = { "connection", 400 },
	[GH_HTTP_FAULT_LINE_TOO_LONG] = { "line-too-long", 414 },
	[GH_HTTP_FAULT_HEAD_TOO_LONG] = { "head-too-long", 431 },
	[GH_HTTP_FAULT_TOO_MANY_FIELDS] = { "too-many-fields", 431 },
	[GH_HTTP_FAULT_CHUNK] = { "chunk", 400 },
};

const char *gh_http_fault_name(enum gh_http_fault fault)
{
	return fault < GH_HTTP_FAULT_COUNT ? faults[fault].name : "unknown";
}

uint16_t gh_http_fault_status(enum gh_http_fault fault)
{
	return fault < GH_HTTP_FAULT_COUNT ? faults[fault].status : 400;
}

/* ---- where the head ends ---- */

/* Looks at one line, which ends with the LF at `lf`. DONE: it is the empty line. */
static enum gh_http_step scan_line(struct gh_http_scan *scan, const struct gh_http_limits *limits,
                                   const uint8_t *data, size_t lf, enum gh_http_fault *fault)
{
	size_t start = scan->line_start;

	if (lf == start || data[lf - 1] != '\r') {
		*fault = GH_HTTP_FAULT_BARE_LF;
		return GH_HTTP_REFUSED;
	}
	if (!scan->past_line && lf - 1 - start > limits->line_bytes) {
		*fault = GH_HTTP_FAULT_LINE_TOO_LONG;
		return GH_HTTP_REFUSED;
	}
	if (!scan->past_line && lf - 1 == start) {
		*fault = GH_HTTP_FAULT_REQUEST_LINE;
		return GH_HTTP_REFUSED;
	}
	scan->past_line = true;
	scan->line_start = scan->seen = lf + 1;
	return lf - 1 == start ? GH_HTTP_DONE : GH_HTTP_MORE;
}

/* Advances until the empty line (DONE: scan->seen is the head's length) or the end of the bytes. */
static enum gh_http_step scan_head(struct gh_http_scan *scan, const struct gh_http_limits *limits,
                                   struct gh_slice bytes, enum gh_http_fault *fault)
{
	enum gh_http_step step = GH_HTTP_MORE;

	while (step == GH_HTTP_MORE && scan->seen < bytes.len) {
		const uint8_t *from = bytes.data + scan->seen;
		const uint8_t *lf = memchr(from, '\n', bytes.len - scan->seen);
		if (!lf) {
			scan->seen = bytes.len;
			break;
		}
		step = scan_line(scan, limits, bytes.data, (size_t)(lf - bytes.data), fault);
	}
	if (step == GH_HTTP_REFUSED)
		return step;
	/* One byte more than the limit may be the CR of a line that just fits. */
	if (!scan->past_line && scan->seen > limits->line_bytes + 1) {
		*fault = GH_HTTP_FAULT_LINE_TOO_LONG;
		return GH_HTTP_REFUSED;
	}
	if (scan->seen > limits->head_bytes) {
		*fault = GH_HTTP_FAULT_HEAD_TOO_LONG;
		return GH_HTTP_REFUSED;
	}
	return step;
}

/* ---- the request line ---- */

static bool all_are(struct gh_slice text, unsigned kind)
{
	for (size_t i = 0; i < text.len; i++)
		if (!gh_http_char_is(text.data[i], kind))
			return false;
	return true;
}

static enum gh_http_fault read_method(struct gh_slice text, struct gh_http_head *head)
{
	if (text.len == 0 || !all_are(text, GH_CHAR_TOKEN))
		return GH_HTTP_FAULT_REQUEST_LINE;
	for (unsigned i = 0; i < GH_HTTP_METHOD_COUNT; i++) {
		if (!gh_slice_eq_str(text, method_names[i]))
			continue;
		head->method = (enum gh_http_method)i;
		head->method_text = text;
		return GH_HTTP_FAULT_NONE;
	}
	return GH_HTTP_FAULT_METHOD;
}

static enum gh_http_fault read_version(struct gh_slice text, struct gh_http_head *head)
{
	if (text.len != 8 || memcmp(text.data, "HTTP/", 5) != 0 || text.data[6] != '.' ||
	    !gh_http_char_is(text.data[5], GH_CHAR_DIGIT) ||
	    !gh_http_char_is(text.data[7], GH_CHAR_DIGIT))
		return GH_HTTP_FAULT_REQUEST_LINE;
	if (text.data[5] != '1' || text.data[7] > '1')
		return GH_HTTP_FAULT_VERSION;
	head->minor = (uint8_t)(text.data[7] - '0');
	return GH_HTTP_FAULT_NONE;
}

/* "." and "..", also escaped: no client sends them, only who wants two readers to disagree. */
static bool is_dot_segment(struct gh_slice segment)
{
	size_t dots = 0, i = 0;

	while (i < segment.len && dots < 3) {
		if (segment.data[i] == '.')
			i++;
		else if (segment.len - i >= 3 && segment.data[i] == '%' &&
		         segment.data[i + 1] == '2' && (segment.data[i + 2] | 0x20) == 'e')
			i += 3;
		else
			return false;
		dots++;
	}
	return i == segment.len && (dots == 1 || dots == 2);
}

static bool path_is_good(struct gh_slice path)
{
	struct gh_slice rest = path, segment;

	for (size_t i = 0; i < path.len; i++) {
		if (!gh_http_char_is(path.data[i], GH_CHAR_PATH))
			return false;
		if (path.data[i] == '%' &&
		    (path.len - i < 3 || gh_hex_value(path.data[i + 1]) < 0 ||
		     gh_hex_value(path.data[i + 2]) < 0))
			return false;
	}
	/* Cheap for the many paths that hold neither "." nor an escape. */
	if (!memchr(path.data, '.', path.len) && !memchr(path.data, '%', path.len))
		return true;
	for (bool more = true; more;) {
		more = gh_slice_split(rest, '/', &segment, &rest);
		if (is_dot_segment(segment))
			return false;
	}
	return true;
}

/* Splits what stands behind the authority (or is the whole target in origin-form). */
static enum gh_http_fault read_path(struct gh_slice text, struct gh_http_head *head)
{
	bool has_query = gh_slice_split(text, '?', &head->path, &head->query);

	if (!has_query)
		head->query = gh_slice(text.data + text.len, 0);
	if (head->path.len == 0 || head->path.data[0] != '/' || !path_is_good(head->path) ||
	    !all_are(head->query, GH_CHAR_QUERY))
		return GH_HTTP_FAULT_TARGET;
	return GH_HTTP_FAULT_NONE;
}

static size_t scheme_len(struct gh_slice target)
{
	if (target.len >= 7 && gh_slice_eq_nocase(gh_slice_sub(target, 0, 7), GH_SLICE("http://")))
		return 7;
	if (target.len >= 8 && gh_slice_eq_nocase(gh_slice_sub(target, 0, 8), GH_SLICE("https://")))
		return 8;
	return 0;
}

/* RFC 9112 section 3.2. `authority` stays empty unless the target is in absolute-form. */
static enum gh_http_fault read_target(struct gh_slice target, struct gh_http_head *head,
                                      struct gh_slice *authority)
{
	size_t scheme, end;

	*authority = gh_slice(NULL, 0);
	head->target = target;
	if (target.len == 0 || !all_are(target, GH_CHAR_QUERY))
		return GH_HTTP_FAULT_TARGET;
	if (target.data[0] == '/')
		return read_path(target, head);
	if (target.len == 1 && target.data[0] == '*' && head->method == GH_HTTP_OPTIONS) {
		head->path = target;
		head->query = gh_slice(target.data + 1, 0);
		return GH_HTTP_FAULT_NONE;
	}
	scheme = scheme_len(target);
	if (scheme == 0)
		return GH_HTTP_FAULT_TARGET;
	for (end = scheme; end < target.len && target.data[end] != '/' && target.data[end] != '?';)
		end++;
	*authority = gh_slice_sub(target, scheme, end - scheme);
	if (authority->len == 0)
		return GH_HTTP_FAULT_TARGET;
	if (end < target.len && target.data[end] == '/')
		return read_path(gh_slice_sub(target, end, target.len), head);
	/* "http://host?q" has an empty path, which means "/". */
	head->path = GH_SLICE("/");
	head->query = gh_slice_sub(target, end + 1, target.len);
	return all_are(head->query, GH_CHAR_QUERY) ? GH_HTTP_FAULT_NONE : GH_HTTP_FAULT_TARGET;
}

static enum gh_http_fault read_request_line(struct gh_slice line, struct gh_http_head *head,
                                            struct gh_slice *authority)
{
	struct gh_slice method, target, version, rest;
	enum gh_http_fault fault;

	if (!gh_slice_split(line, ' ', &method, &rest) ||
	    !gh_slice_split(rest, ' ', &target, &version))
		return GH_HTTP_FAULT_REQUEST_LINE;
	fault = read_version(version, head);
	if (fault == GH_HTTP_FAULT_NONE)
		fault = read_method(method, head);
	if (fault == GH_HTTP_FAULT_NONE)
		fault = read_target(target, head, authority);
	return fault;
}

/* ---- the fields ---- */

/* uri-host [":" port], without userinfo, percent-escapes or future address forms. */
static bool host_is_good(struct gh_slice host)
{
	struct gh_slice name = host, port = { 0 };
	uint64_t number;
	bool has_port;

	if (host.len == 0 || !all_are(host, GH_CHAR_HOST))
		return false;
	if (host.data[0] == '[') {
		const uint8_t *close = memchr(host.data, ']', host.len);
		if (!close)
			return false;
		size_t after = (size_t)(close - host.data) + 1;
		name = gh_slice_sub(host, 1, after - 2);
		port = gh_slice_sub(host, after, host.len);
		has_port = port.len > 0;
		if (has_port && port.data[0] != ':')
			return false;
		port = gh_slice_sub(port, 1, port.len);
	} else {
		has_port = gh_slice_split(host, ':', &name, &port);
		if (memchr(name.data, ']', name.len))
			return false;
	}
	if (name.len == 0 || memchr(name.data, '[', name.len))
		return false;
	return !has_port || gh_slice_to_u64(port, 65535, &number);
}

static enum gh_http_fault read_connection(struct gh_slice value, struct gh_http_head *head)
{
	struct gh_slice token;

	for (bool more = true; more;) {
		more = gh_slice_split(value, ',', &token, &value);
		token = gh_slice_trim(token);
		if (token.len == 0 || !all_are(token, GH_CHAR_TOKEN))
			return GH_HTTP_FAULT_CONNECTION;
		if (gh_slice_eq_nocase(token, GH_SLICE("close")))
			head->keep_alive = false;
	}
	return GH_HTTP_FAULT_NONE;
}

/* What framing and routing depend on, as it is met. */
struct framing {
	bool has_host, has_encoding, has_expect;
};

static enum gh_http_fault read_framing(const struct gh_http_field *field, struct gh_http_head *head,
                                       struct framing *framing)
{
	struct gh_slice name = field->name, value = field->value;

	switch (name.len) {
	case 4:
		if (!gh_slice_eq_nocase(name, GH_SLICE("host")))
			break;
		if (framing->has_host || !host_is_good(value))
			return GH_HTTP_FAULT_HOST;
		framing->has_host = true;
		head->host = value;
		break;
	case 6:
		if (!gh_slice_eq_nocase(name, GH_SLICE("expect")))
			break;
		if (framing->has_expect || !gh_slice_eq_nocase(value, GH_SLICE("100-continue")))
			return GH_HTTP_FAULT_EXPECT;
		framing->has_expect = true;
		break;
	case 10:
		if (gh_slice_eq_nocase(name, GH_SLICE("connection")))
			return read_connection(value, head);
		break;
	case 14:
		if (!gh_slice_eq_nocase(name, GH_SLICE("content-length")))
			break;
		/* A second one is refused even when it agrees: RFC 9112 section 6.3 lets us. */
		if (head->has_length || !gh_slice_to_u64(value, INT64_MAX, &head->content_length))
			return GH_HTTP_FAULT_CONTENT_LENGTH;
		head->has_length = true;
		break;
	case 17:
		if (!gh_slice_eq_nocase(name, GH_SLICE("transfer-encoding")))
			break;
		if (framing->has_encoding)
			return GH_HTTP_FAULT_TRANSFER_ENCODING;
		if (!gh_slice_eq_str(value, "chunked"))
			return GH_HTTP_FAULT_TRANSFER_CODING;
		framing->has_encoding = head->chunked = true;
		break;
	default: break;
	}
	return GH_HTTP_FAULT_NONE;
}

static enum gh_http_fault read_field(struct gh_slice line, struct gh_http_field *field)
{
	size_t colon = 0;

	if (line.data[0] == ' ' || line.data[0] == '\t')
		return GH_HTTP_FAULT_OBS_FOLD;
	while (colon < line.len && gh_http_char_is(line.data[colon], GH_CHAR_TOKEN))
		colon++;
	if (colon == 0 || colon == line.len || line.data[colon] != ':')
		return GH_HTTP_FAULT_FIELD_NAME;
	field->name = gh_slice(line.data, colon);
	field->value = gh_slice_trim(gh_slice_sub(line, colon + 1, line.len));
	return all_are(field->value, GH_CHAR_VALUE) ? GH_HTTP_FAULT_NONE
	                                            : GH_HTTP_FAULT_CONTROL_BYTE;
}

/* `rest` is the field lines without the empty line; each ends with CRLF, as the scan has seen. */
static enum gh_http_fault read_fields(struct gh_slice rest, const struct gh_http_limits *limits,
                                      struct gh_http_head *head, struct framing *framing)
{
	size_t most =
	    limits->field_count < GH_HTTP_FIELDS_MAX ? limits->field_count : GH_HTTP_FIELDS_MAX;
	enum gh_http_fault fault;

	while (rest.len > 0) {
		const uint8_t *lf = memchr(rest.data, '\n', rest.len);
		size_t len = (size_t)(lf - rest.data) - 1;
		struct gh_http_field *field = &head->fields[head->field_count];

		if (head->field_count == most)
			return GH_HTTP_FAULT_TOO_MANY_FIELDS;
		fault = read_field(gh_slice(rest.data, len), field);
		if (fault == GH_HTTP_FAULT_NONE)
			fault = read_framing(field, head, framing);
		if (fault != GH_HTTP_FAULT_NONE)
			return fault;
		head->field_count++;
		rest = gh_slice(lf + 1, rest.len - len - 2);
	}
	return GH_HTTP_FAULT_NONE;
}

/* What only the whole head can tell: RFC 9112 sections 3.2, 6.1 and 6.3. */
static enum gh_http_fault check_whole(struct gh_http_head *head, const struct framing *framing,
                                      struct gh_slice authority)
{
	if (!framing->has_host && (head->minor == 1 || authority.len > 0))
		return GH_HTTP_FAULT_HOST;
	if (authority.len > 0 && !gh_slice_eq_nocase(authority, head->host))
		return GH_HTTP_FAULT_HOST;
	if (head->chunked && (head->has_length || head->minor == 0))
		return GH_HTTP_FAULT_TRANSFER_ENCODING;
	head->expect_continue = framing->has_expect && head->minor == 1;
	return GH_HTTP_FAULT_NONE;
}

static enum gh_http_fault read_head(struct gh_slice bytes, const struct gh_http_limits *limits,
                                    struct gh_http_head *head)
{
	const uint8_t *lf = memchr(bytes.data, '\n', bytes.len);
	size_t line_len = (size_t)(lf - bytes.data) - 1;
	struct framing framing = { 0 };
	struct gh_slice authority;
	enum gh_http_fault fault;

	fault = read_request_line(gh_slice(bytes.data, line_len), head, &authority);
	if (fault != GH_HTTP_FAULT_NONE)
		return fault;
	head->keep_alive = head->minor == 1;
	fault = read_fields(gh_slice(lf + 1, bytes.len - line_len - 4), limits, head, &framing);
	if (fault != GH_HTTP_FAULT_NONE)
		return fault;
	return check_whole(head, &framing, authority);
}

/* ---- public ---- */

enum gh_http_step gh_http_parse(struct gh_http_scan *scan, const struct gh_http_limits *limits,
                                struct gh_slice bytes, struct gh_http_head *out,
                                enum gh_http_fault *fault)
{
	enum gh_http_step step;

	*fault = GH_HTTP_FAULT_NONE;
	/* Something else than HTTP, such as TLS on a plain port, need not wait for a deadline. */
	if (bytes.len > 0 && !gh_http_char_is(bytes.data[0], GH_CHAR_TOKEN)) {
		*fault = GH_HTTP_FAULT_REQUEST_LINE;
		return GH_HTTP_REFUSED;
	}
	step = scan_head(scan, limits, bytes, fault);
	if (step != GH_HTTP_DONE)
		return step;

	/* All but the fields, which are valid up to field_count. */
	memset(out, 0, offsetof(struct gh_http_head, fields));
	out->head_len = scan->seen;
	*fault = read_head(gh_slice(bytes.data, scan->seen), limits, out);
	return *fault == GH_HTTP_FAULT_NONE ? GH_HTTP_DONE : GH_HTTP_REFUSED;
}

size_t gh_http_find(const struct gh_http_head *head, const char *name, struct gh_slice *value)
{
	struct gh_slice wanted = gh_slice_str(name);
	size_t count = 0;

	*value = gh_slice(NULL, 0);
	for (size_t i = 0; i < head->field_count; i++) {
		if (head->fields[i].name.len != wanted.len ||
		    !gh_slice_eq_nocase(head->fields[i].name, wanted))
			continue;
		if (count++ == 0)
			*value = head->fields[i].value;
	}
	return count;
}
