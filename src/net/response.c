/* Response heads and what follows them. Head and body leave in one write; the pieces of a stream
 * are gathered until the batch ends. No field that a caller gives can break out of its line. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "net/conn.h"
#include "net/http_chars.h"

/* Bodies up to this are copied behind the head: one TLS record, one write. */
#define SMALL_BODY_BYTES 14336
/* A stream's queue is offered to the kernel before the batch ends when it grows to this. */
#define EAGER_BYTES ((size_t)64 << 10)

static const struct {
	uint16_t status;
	const char *phrase;
} phrases[] = {
	{ 200, "OK" },
	{ 201, "Created" },
	{ 202, "Accepted" },
	{ 204, "No Content" },
	{ 206, "Partial Content" },
	{ 301, "Moved Permanently" },
	{ 302, "Found" },
	{ 303, "See Other" },
	{ 304, "Not Modified" },
	{ 307, "Temporary Redirect" },
	{ 308, "Permanent Redirect" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 406, "Not Acceptable" },
	{ 408, "Request Timeout" },
	{ 409, "Conflict" },
	{ 410, "Gone" },
	{ 411, "Length Required" },
	{ 412, "Precondition Failed" },
	{ 413, "Content Too Large" },
	{ 414, "URI Too Long" },
	{ 415, "Unsupported Media Type" },
	{ 416, "Range Not Satisfiable" },
	{ 417, "Expectation Failed" },
	{ 421, "Misdirected Request" },
	{ 422, "Unprocessable Content" },
	{ 428, "Precondition Required" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 502, "Bad Gateway" },
	{ 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" },
	{ 505, "HTTP Version Not Supported" },
};

/* RFC 9112 section 4 lets the phrase be empty. */
static const char *phrase_of(unsigned status)
{
	for (size_t i = 0; i < GH_ARRAY_LEN(phrases); i++)
		if (phrases[i].status == status)
			return phrases[i].phrase;
	return "";
}

static bool is_ours(struct gh_slice name)
{
	return gh_slice_eq_nocase(name, GH_SLICE("date")) ||
	       gh_slice_eq_nocase(name, GH_SLICE("connection")) ||
	       gh_slice_eq_nocase(name, GH_SLICE("content-length")) ||
	       gh_slice_eq_nocase(name, GH_SLICE("transfer-encoding"));
}

static gh_result check_fields(unsigned status, const struct gh_http_field *fields, size_t count)
{
	GH_ENSURE(status >= 200 && status <= 599, GH_E_ARGUMENT, "no final HTTP status: %u",
	          status);
	for (size_t i = 0; i < count; i++) {
		struct gh_slice name = fields[i].name, value = fields[i].value;
		GH_ENSURE(name.len > 0 && !is_ours(name), GH_E_ARGUMENT,
		          "a response field that is the server's own");
		for (size_t k = 0; k < name.len; k++)
			GH_ENSURE(gh_http_char_is(name.data[k], GH_CHAR_TOKEN), GH_E_ARGUMENT,
			          "a response field with a malformed name");
		for (size_t k = 0; k < value.len; k++)
			GH_ENSURE(gh_http_char_is(value.data[k], GH_CHAR_VALUE), GH_E_ARGUMENT,
			          "a response field with a control byte");
	}
	return GH_OK;
}

/* IMF-fixdate (RFC 9110 section 5.6.7), made once a second, in English whatever the locale. */
static const char *date_of(struct gh_server *server)
{
	static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
		                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	int64_t now_s = gh_clock_unix_s();
	time_t when = (time_t)now_s;
	struct tm tm;

	if (now_s == server->date_s || !gmtime_r(&when, &tm))
		return server->date;
	snprintf(server->date, sizeof server->date, "%s, %02d %s %04d %02d:%02d:%02d GMT",
	         days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon], (tm.tm_year + 1900) % 10000,
	         tm.tm_hour, tm.tm_min, tm.tm_sec);
	server->date_s = now_s;
	return server->date;
}

static void add_number(struct gh_buf *out, uint64_t number)
{
	char digits[20];
	size_t at = sizeof digits;

	do
		digits[--at] = (char)('0' + number % 10);
	while (number /= 10);
	gh_buf_add(out, digits + at, sizeof digits - at);
}

/* Status line, fields, Date and Connection; the framing field and the empty line are to follow. */
static struct gh_buf *begin_head(struct gh_server *server, unsigned status,
                                 const struct gh_http_field *fields, size_t count, bool keep_alive)
{
	struct gh_buf *out = &server->scratch;

	gh_buf_clear(out);
	gh_buf_add_slice(out, GH_SLICE("HTTP/1.1 "));
	add_number(out, status);
	gh_buf_add_byte(out, ' ');
	gh_buf_add_str(out, phrase_of(status));
	gh_buf_add_slice(out, GH_SLICE("\r\nDate: "));
	gh_buf_add_str(out, date_of(server));
	for (size_t i = 0; i < count; i++) {
		gh_buf_add_slice(out, GH_SLICE("\r\n"));
		gh_buf_add_slice(out, fields[i].name);
		gh_buf_add_slice(out, GH_SLICE(": "));
		gh_buf_add_slice(out, fields[i].value);
	}
	gh_buf_add_slice(out, GH_SLICE("\r\n"));
	if (!keep_alive)
		gh_buf_add_slice(out, GH_SLICE("Connection: close\r\n"));
	return out;
}

static void add_length(struct gh_buf *out, unsigned status, size_t len)
{
	/* RFC 9110 section 8.6: never on 204; on 304 it would speak of another response. */
	if (status != 204 && status != 304) {
		gh_buf_add_slice(out, GH_SLICE("Content-Length: "));
		add_number(out, len);
		gh_buf_add_slice(out, GH_SLICE("\r\n"));
	}
	gh_buf_add_slice(out, GH_SLICE("\r\n"));
}

static gh_result begin_response(struct gh_exchange *exchange, unsigned status,
                                const struct gh_http_field *fields, size_t count)
{
	GH_ENSURE(gh_exchange_is_open(exchange), GH_E_UNAVAILABLE, "the client is gone");
	GH_ENSURE(exchange->response == GH_RESPONSE_NONE, GH_E_ARGUMENT,
	          "an exchange has one response");
	GH_TRY(check_fields(status, fields, count));
	exchange->conn->keep_alive = gh_conn_may_stay(exchange->conn);
	exchange->head_only =
	    exchange->head.method == GH_HTTP_HEAD || status == 204 || status == 304;
	return GH_OK;
}

gh_result gh_exchange_respond(struct gh_exchange *exchange, unsigned status,
                              const struct gh_http_field *fields, size_t count,
                              struct gh_slice body)
{
	struct gh_conn *conn = exchange->conn;
	struct gh_buf *out;

	GH_TRY(begin_response(exchange, status, fields, count));
	out = begin_head(conn->server, status, fields, count, conn->keep_alive);
	add_length(out, status, body.len);
	if (exchange->head_only)
		body = gh_slice(NULL, 0);
	exchange->bytes_out = body.len;
	if (body.len <= SMALL_BODY_BYTES) {
		gh_buf_add_slice(out, body);
		body = gh_slice(NULL, 0);
	}
	GH_TRY(gh_buf_check(out));
	exchange->response = GH_RESPONSE_WHOLE;
	gh_wire_send(conn, gh_buf_slice(out), body);
	gh_buf_clear(out);
	if (!conn->driving)
		gh_conn_schedule(conn);
	return GH_OK;
}

gh_result gh_exchange_respond_problem(struct gh_exchange *exchange,
                                      const struct gh_problem *problem,
                                      const struct gh_problem_place *place)
{
	struct gh_problem_head head;
	struct gh_buf body = { 0 };
	enum gh_code code;

	gh_problem_head(problem, place, &head);
	gh_problem_write(problem, place, &body);
	code = gh_buf_check(&body);
	if (code == GH_OK)
		code = gh_exchange_respond(exchange, head.status, head.fields, head.count,
		                           gh_buf_slice(&body));
	gh_buf_free(&body);
	return code;
}

gh_result gh_exchange_stream_begin(struct gh_exchange *exchange, unsigned status,
                                   const struct gh_http_field *fields, size_t count)
{
	struct gh_conn *conn = exchange->conn;
	struct gh_buf *out;

	GH_TRY(begin_response(exchange, status, fields, count));
	exchange->chunked_out = exchange->head.minor == 1 && !exchange->head_only;
	if (exchange->head.minor == 0)
		conn->keep_alive = false;
	out = begin_head(conn->server, status, fields, count, conn->keep_alive);
	if (exchange->head.minor == 1 && status != 204 && status != 304)
		gh_buf_add_slice(out, GH_SLICE("Transfer-Encoding: chunked\r\n"));
	gh_buf_add_slice(out, GH_SLICE("\r\n"));
	GH_TRY(gh_buf_check(out));
	exchange->response = GH_RESPONSE_STREAM;
	gh_wire_queue(conn, gh_buf_slice(out));
	gh_buf_clear(out);
	if (!conn->driving)
		gh_conn_schedule(conn);
	return GH_OK;
}

static gh_result check_stream(const struct gh_exchange *exchange)
{
	GH_ENSURE(gh_exchange_is_open(exchange), GH_E_UNAVAILABLE, "the client is gone");
	GH_ENSURE(exchange->response == GH_RESPONSE_STREAM, GH_E_ARGUMENT, "no stream is open");
	return GH_OK;
}

/* The size line of a chunk, in lower-case hex. */
static void queue_size(struct gh_conn *conn, size_t len)
{
	char line[20];
	size_t at = sizeof line;

	line[--at] = '\n';
	line[--at] = '\r';
	for (; len > 0; len >>= 4)
		line[--at] = "0123456789abcdef"[len & 15];
	gh_wire_queue(conn, gh_slice(line + at, sizeof line - at));
}

gh_result gh_exchange_stream_write(struct gh_exchange *exchange, struct gh_slice piece)
{
	struct gh_conn *conn = exchange->conn;
	const struct gh_server_limits *limits = &exchange->server->config.limits;

	GH_TRY(check_stream(exchange));
	/* An empty chunk would end the body. */
	if (piece.len == 0 || exchange->head_only)
		return GH_OK;
	if (piece.len > limits->stream_queue_bytes ||
	    gh_out_len(&conn->out) > limits->stream_queue_bytes - piece.len) {
		gh_exchange_abort(exchange);
		return gh_fail(GH_E_LIMIT, "a stream queued more than its limit");
	}
	if (exchange->chunked_out)
		queue_size(conn, piece.len);
	gh_wire_queue(conn, piece);
	if (exchange->chunked_out)
		gh_wire_queue(conn, GH_SLICE("\r\n"));
	exchange->bytes_out += piece.len;
	if (gh_out_len(&conn->out) >= EAGER_BYTES)
		gh_wire_flush(conn);
	if (gh_out_len(&conn->out) > limits->high_water_bytes)
		exchange->above_high = true;
	if (!conn->driving)
		gh_conn_schedule(conn);
	return GH_OK;
}

gh_result gh_exchange_stream_end(struct gh_exchange *exchange)
{
	GH_TRY(check_stream(exchange));
	if (exchange->chunked_out)
		gh_wire_queue(exchange->conn, GH_SLICE("0\r\n\r\n"));
	exchange->response = GH_RESPONSE_WHOLE;
	if (!exchange->conn->driving)
		gh_conn_schedule(exchange->conn);
	return GH_OK;
}

void gh_response_send_refusal(struct gh_conn *conn, enum gh_problem_type type, const char *reason)
{
	struct gh_server *server = conn->server;
	struct gh_refusal refusal = { type, reason, conn->peer, gh_uuid_v7() };
	const struct gh_problem problem = { .type = type };
	const struct gh_problem_place place = { server->config.base_url, &refusal.request_id,
		                                GH_DIALECT_PLAIN };
	struct gh_problem_head head;
	struct gh_buf body = { 0 };
	struct gh_buf *out;

	if (server->config.callbacks->on_malformed)
		server->config.callbacks->on_malformed(server->config.front, &refusal, &body);
	if (body.len == 0 || body.failed) {
		gh_buf_clear(&body);
		gh_problem_write(&problem, &place, &body);
	}
	gh_problem_head(&problem, &place, &head);
	out = begin_head(server, head.status, head.fields, head.count, false);
	add_length(out, head.status, body.len);
	gh_wire_send(conn, gh_buf_slice(out), gh_buf_slice(&body));
	gh_buf_clear(out);
	gh_buf_free(&body);
}
