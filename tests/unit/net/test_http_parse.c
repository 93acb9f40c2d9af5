/* The request parser: what it takes, what it refuses and why, and that neither depends on how the
 * bytes arrive. Inputs stand in memory of their exact size, so that a sanitizer sees any over-read.
 */
#include "gh_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "net/http_parse.h"

#define HEAD "POST /v1/chat HTTP/1.1\r\nHost: a\r\n"

struct parsed {
	enum gh_http_step step;
	enum gh_http_fault fault;
	struct gh_http_head head;
	uint8_t *bytes; /* freed by the test */
};

static struct parsed parse_limited(const void *data, size_t len,
                                   const struct gh_http_limits *limits)
{
	struct parsed out = { 0 };
	struct gh_http_scan scan = { 0 };

	out.bytes = malloc(len ? len : 1);
	memcpy(out.bytes, data, len);
	out.step = gh_http_parse(&scan, limits, gh_slice(out.bytes, len), &out.head, &out.fault);
	return out;
}

static struct parsed parse(const char *text)
{
	return parse_limited(text, strlen(text), &GH_HTTP_LIMITS_DEFAULT);
}

static void a_plain_request_is_read(void **state)
{
	struct parsed got = parse("POST /v1/x?a=1&b=%20 HTTP/1.1\r\nHost: api.example.com:8443\r\n"
	                          "Content-Length: 5\r\nX-Empty:\r\nX-Blank: \t v \t\r\n\r\nhello");
	struct gh_slice value;

	assert_int_equal(got.step, GH_HTTP_DONE);
	assert_int_equal(got.head.method, GH_HTTP_POST);
	assert_true(gh_slice_eq_str(got.head.path, "/v1/x"));
	assert_true(gh_slice_eq_str(got.head.query, "a=1&b=%20"));
	assert_true(gh_slice_eq_str(got.head.host, "api.example.com:8443"));
	assert_true(got.head.keep_alive && got.head.has_length && !got.head.chunked);
	assert_int_equal(got.head.content_length, 5);
	assert_int_equal(gh_http_find(&got.head, "x-empty", &value), 1);
	assert_int_equal(value.len, 0);
	assert_int_equal(gh_http_find(&got.head, "X-BLANK", &value), 1);
	assert_true(gh_slice_eq_str(value, "v"));
	assert_int_equal(gh_http_find(&got.head, "absent", &value), 0);
	assert_memory_equal(got.bytes + got.head.head_len, "hello", 5);
	free(got.bytes);
}

static void every_method_of_the_list_is_read_and_no_other(void **state)
{
	static const char *const good[] = { "GET",   "HEAD",   "POST",   "PUT",
		                            "PATCH", "DELETE", "OPTIONS" };
	static const char *const bad[] = { "CONNECT", "TRACE", "get", "PRI", "GETX", "PROPFIND" };
	char text[64];

	for (size_t i = 0; i < GH_ARRAY_LEN(good); i++) {
		snprintf(text, sizeof text, "%s / HTTP/1.1\r\nHost: a\r\n\r\n", good[i]);
		struct parsed got = parse(text);
		assert_int_equal(got.step, GH_HTTP_DONE);
		assert_int_equal(got.head.method, i);
		free(got.bytes);
	}
	for (size_t i = 0; i < GH_ARRAY_LEN(bad); i++) {
		snprintf(text, sizeof text, "%s / HTTP/1.1\r\nHost: a\r\n\r\n", bad[i]);
		struct parsed got = parse(text);
		assert_int_equal(got.step, GH_HTTP_REFUSED);
		assert_int_equal(got.fault, GH_HTTP_FAULT_METHOD);
		assert_int_equal(gh_http_fault_status(got.fault), 501);
		free(got.bytes);
	}
}

static const struct {
	const char *text;
	enum gh_http_fault fault;
} refused[] = {
	/* line ends and control bytes: RFC 9112 section 2.2 */
	{ "GET / HTTP/1.1\nHost: a\n\n", GH_HTTP_FAULT_BARE_LF },
	{ "GET / HTTP/1.1\r\nHost: a\n\r\n", GH_HTTP_FAULT_BARE_LF },
	{ "GET / HTTP/1.1\r\nHost: a\r\n\n", GH_HTTP_FAULT_BARE_LF },
	{ "GET / HTTP/1.1\r\nHost: a\rX: y\r\n\r\n", GH_HTTP_FAULT_CONTROL_BYTE },
	{ HEAD "X: a\rb\r\n\r\n", GH_HTTP_FAULT_CONTROL_BYTE },
	{ HEAD "X: a\x01\r\n\r\n", GH_HTTP_FAULT_CONTROL_BYTE },
	{ HEAD "X: a\x7f\r\n\r\n", GH_HTTP_FAULT_CONTROL_BYTE },
	{ "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", GH_HTTP_FAULT_REQUEST_LINE },
	{ " GET / HTTP/1.1\r\nHost: a\r\n\r\n", GH_HTTP_FAULT_REQUEST_LINE },
	{ "\x16\x03\x01", GH_HTTP_FAULT_REQUEST_LINE },
	/* the request line */
	{ "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", GH_HTTP_FAULT_REQUEST_LINE },
	{ "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", GH_HTTP_FAULT_REQUEST_LINE },
	{ "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", GH_HTTP_FAULT_REQUEST_LINE },
	{ "GET /\r\nHost: a\r\n\r\n", GH_HTTP_FAULT_REQUEST_LINE },
	{ "GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n", GH_HTTP_FAULT_REQUEST_LINE },
	{ "GET / http/1.1\r\nHost: a\r\n\r\n", GH_HTTP_FAULT_REQUEST_LINE },
	{ "GET / HTTP/1.10\r\nHost: a\r\n\r\n", GH_HTTP_FAULT_REQUEST_LINE },
	{ "GET / HTTP/2.0\r\nHost: a\r\n\r\n", GH_HTTP_FAULT_VERSION },
	{ "GET / HTTP/1.2\r\nHost: a\r\n\r\n", GH_HTTP_FAULT_VERSION },
	{ "GET / HTTP/0.9\r\nHost: a\r\n\r\n", GH_HTTP_FAULT_VERSION },
	{ "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", GH_HTTP_FAULT_REQUEST_LINE },
	/* the target: RFC 9112 section 3.2 */
	{ "GET x HTTP/1.1\r\nHost: a\r\n\r\n", GH_HTTP_FAULT_TARGET },
	{ "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", GH_HTTP_FAULT_TARGET },
	{ "GET /a?b#c HTTP/1.1\r\nHost: a\r\n\r\n", GH_HTTP_FAULT_TARGET },
	{ "GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n", GH_HTTP_FAULT_TARGET },
	{ "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", GH_HTTP_FAULT_TARGET },
	{ "GET /a%2 HTTP/1.1\r\nHost: a\r\n\r\n", GH_HTTP_FAULT_TARGET },
	{ "GET /a%zz HTTP/1.1\r\nHost: a\r\n\r\n", GH_HTTP_FAULT_TARGET },
	{ "GET /a\\b HTTP/1.1\r\nHost: a\r\n\r\n", GH_HTTP_FAULT_TARGET },
	{ "GET /a/../b HTTP/1.1\r\nHost: a\r\n\r\n", GH_HTTP_FAULT_TARGET },
	{ "GET /a/%2e%2E/b HTTP/1.1\r\nHost: a\r\n\r\n", GH_HTTP_FAULT_TARGET },
	{ "GET /a/.%2e HTTP/1.1\r\nHost: a\r\n\r\n", GH_HTTP_FAULT_TARGET },
	{ "GET /./a HTTP/1.1\r\nHost: a\r\n\r\n", GH_HTTP_FAULT_TARGET },
	{ "GET * HTTP/1.1\r\nHost: a\r\n\r\n", GH_HTTP_FAULT_TARGET },
	{ "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", GH_HTTP_FAULT_TARGET },
	{ "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", GH_HTTP_FAULT_TARGET },
	{ "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", GH_HTTP_FAULT_HOST },
	{ "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", GH_HTTP_FAULT_HOST },
	{ "GET http://a/ HTTP/1.0\r\n\r\n", GH_HTTP_FAULT_HOST },
	/* fields: RFC 9112 section 5 */
	{ HEAD "X : y\r\n\r\n", GH_HTTP_FAULT_FIELD_NAME },
	{ HEAD "Content-Length : 5\r\n\r\n", GH_HTTP_FAULT_FIELD_NAME },
	{ HEAD "X\r\n\r\n", GH_HTTP_FAULT_FIELD_NAME },
	{ HEAD ": y\r\n\r\n", GH_HTTP_FAULT_FIELD_NAME },
	{ HEAD "X\x80: y\r\n\r\n", GH_HTTP_FAULT_FIELD_NAME },
	{ HEAD "X: a\r\n b\r\n\r\n", GH_HTTP_FAULT_OBS_FOLD },
	{ HEAD "X: a\r\n\tb\r\n\r\n", GH_HTTP_FAULT_OBS_FOLD },
	{ "GET / HTTP/1.1\r\n Host: a\r\n\r\n", GH_HTTP_FAULT_OBS_FOLD },
	/* Host */
	{ "GET / HTTP/1.1\r\n\r\n", GH_HTTP_FAULT_HOST },
	{ "GET / HTTP/1.1\r\nHost:\r\n\r\n", GH_HTTP_FAULT_HOST },
	{ "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", GH_HTTP_FAULT_HOST },
	{ "GET / HTTP/1.1\r\nHost: a\r\nhOsT: b\r\n\r\n", GH_HTTP_FAULT_HOST },
	{ "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", GH_HTTP_FAULT_HOST },
	{ "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", GH_HTTP_FAULT_HOST },
	{ "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", GH_HTTP_FAULT_HOST },
	{ "GET / HTTP/1.1\r\nHost: a:\r\n\r\n", GH_HTTP_FAULT_HOST },
	{ "GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n", GH_HTTP_FAULT_HOST },
	{ "GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n", GH_HTTP_FAULT_HOST },
	{ "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", GH_HTTP_FAULT_HOST },
	{ "GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n", GH_HTTP_FAULT_HOST },
	{ "GET / HTTP/1.1\r\nHost: []\r\n\r\n", GH_HTTP_FAULT_HOST },
	/* the length of the body: RFC 9112 section 6 */
	{ HEAD "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", GH_HTTP_FAULT_CONTENT_LENGTH },
	{ HEAD "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", GH_HTTP_FAULT_CONTENT_LENGTH },
	{ HEAD "Content-Length: 5, 5\r\n\r\n", GH_HTTP_FAULT_CONTENT_LENGTH },
	{ HEAD "Content-Length: +5\r\n\r\n", GH_HTTP_FAULT_CONTENT_LENGTH },
	{ HEAD "Content-Length: -5\r\n\r\n", GH_HTTP_FAULT_CONTENT_LENGTH },
	{ HEAD "Content-Length: 0x5\r\n\r\n", GH_HTTP_FAULT_CONTENT_LENGTH },
	{ HEAD "Content-Length: 05\r\n\r\n", GH_HTTP_FAULT_CONTENT_LENGTH },
	{ HEAD "Content-Length: 5 5\r\n\r\n", GH_HTTP_FAULT_CONTENT_LENGTH },
	{ HEAD "Content-Length:\r\n\r\n", GH_HTTP_FAULT_CONTENT_LENGTH },
	{ HEAD "Content-Length: 99999999999999999999\r\n\r\n", GH_HTTP_FAULT_CONTENT_LENGTH },
	{ HEAD "Content-Length: 18446744073709551616\r\n\r\n", GH_HTTP_FAULT_CONTENT_LENGTH },
	{ HEAD "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
	  GH_HTTP_FAULT_TRANSFER_ENCODING },
	{ HEAD "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
	  GH_HTTP_FAULT_TRANSFER_ENCODING },
	{ HEAD "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
	  GH_HTTP_FAULT_TRANSFER_ENCODING },
	{ "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
	  GH_HTTP_FAULT_TRANSFER_ENCODING },
	{ HEAD "Transfer-Encoding: xchunked\r\n\r\n", GH_HTTP_FAULT_TRANSFER_CODING },
	{ HEAD "Transfer-Encoding: identity\r\n\r\n", GH_HTTP_FAULT_TRANSFER_CODING },
	{ HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n", GH_HTTP_FAULT_TRANSFER_CODING },
	{ HEAD "Transfer-Encoding: chunked, chunked\r\n\r\n", GH_HTTP_FAULT_TRANSFER_CODING },
	{ HEAD "Transfer-Encoding: Chunked\r\n\r\n", GH_HTTP_FAULT_TRANSFER_CODING },
	{ HEAD "Transfer-Encoding: \x0b"
	       "chunked\r\n\r\n",
	  GH_HTTP_FAULT_CONTROL_BYTE },
	{ HEAD "Transfer-Encoding : chunked\r\n\r\n", GH_HTTP_FAULT_FIELD_NAME },
	{ HEAD "Transfer-Encoding:\r\n\r\n", GH_HTTP_FAULT_TRANSFER_CODING },
	/* others */
	{ HEAD "Expect: 200-ok\r\n\r\n", GH_HTTP_FAULT_EXPECT },
	{ HEAD "Connection: a b\r\n\r\n", GH_HTTP_FAULT_CONNECTION },
};

static void ambiguous_requests_are_refused_each_for_its_reason(void **state)
{
	for (size_t i = 0; i < GH_ARRAY_LEN(refused); i++) {
		struct parsed got = parse(refused[i].text);
		if (got.step != GH_HTTP_REFUSED || got.fault != refused[i].fault)
			fail_msg("%s\ngave step %d, fault %s, not %s", refused[i].text, got.step,
			         gh_http_fault_name(got.fault),
			         gh_http_fault_name(refused[i].fault));
		assert_true(gh_http_fault_status(got.fault) >= 400);
		free(got.bytes);
	}
}

static void a_nul_is_refused_wherever_it_stands(void **state)
{
	static const char good[] = "GET /abc HTTP/1.1\r\nHost: abc\r\nX-Y: abc\r\n\r\n";

	for (size_t at = 0; at + 2 < sizeof good; at++) {
		char text[sizeof good];
		memcpy(text, good, sizeof good);
		text[at] = 0;
		/* With one more line end behind it the head is whole, whatever was overwritten. */
		struct parsed got = parse_limited(text, sizeof good - 1, &GH_HTTP_LIMITS_DEFAULT);
		if (got.step == GH_HTTP_DONE)
			fail_msg("a NUL at %zu was let through", at);
		free(got.bytes);
	}
}

static void what_is_legal_and_unusual_is_read(void **state)
{
	static const char *const good[] = {
		"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET http://a.example/x?y HTTP/1.1\r\nHost: A.example\r\n\r\n",
		"GET HTTPS://a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
		"GET http://a?q HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: my_service.local\r\n\r\n",
		"GET /a..b/...%2f HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET /t?x=in.(\"a\",\"b\")&y=cs.{1} HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET / HTTP/1.0\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nX: \xc3\xa4\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\n",
	};

	for (size_t i = 0; i < GH_ARRAY_LEN(good); i++) {
		struct parsed got = parse(good[i]);
		if (got.step != GH_HTTP_DONE)
			fail_msg("%s refused: %s", good[i], gh_http_fault_name(got.fault));
		assert_int_equal(got.head.head_len, strlen(good[i]));
		free(got.bytes);
	}
}

static void the_connection_stays_only_when_both_want_it(void **state)
{
	struct parsed stays = parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
	struct parsed goes = parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n");
	struct parsed old = parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");

	assert_true(stays.head.keep_alive);
	assert_false(goes.head.keep_alive);
	assert_false(old.head.keep_alive);
	free(stays.bytes);
	free(goes.bytes);
	free(old.bytes);
}

static void how_the_bytes_arrive_changes_nothing(void **state)
{
	for (size_t i = 0; i < GH_ARRAY_LEN(refused); i++) {
		const char *text = refused[i].text;
		struct gh_http_scan scan = { 0 };
		struct gh_http_head head;
		enum gh_http_fault fault = GH_HTTP_FAULT_NONE;
		enum gh_http_step step = GH_HTTP_MORE;

		for (size_t len = 1; step == GH_HTTP_MORE && len <= strlen(text); len++) {
			uint8_t *bytes = malloc(len);
			memcpy(bytes, text, len);
			step = gh_http_parse(&scan, &GH_HTTP_LIMITS_DEFAULT, gh_slice(bytes, len),
			                     &head, &fault);
			free(bytes);
		}
		assert_int_equal(step, GH_HTTP_REFUSED);
		if (fault != refused[i].fault)
			fail_msg("%s dripped gave %s", text, gh_http_fault_name(fault));
	}
}

/* Lengths around each limit, whole and cut off before the end. */
static void limits_are_exact(void **state)
{
	const struct gh_http_limits limits = { .head_bytes = 60,
		                               .line_bytes = 20,
		                               .field_count = 2 };
	static const struct {
		const char *text;
		enum gh_http_fault fault;
	} cases[] = {
		{ "GET /345678 HTTP/1.1\r\nHost: a\r\n\r\n", GH_HTTP_FAULT_NONE },
		{ "GET /3456789 HTTP/1.1\r\nHost: a\r\n\r\n", GH_HTTP_FAULT_LINE_TOO_LONG },
		{ "GET /3456789012345678901", GH_HTTP_FAULT_LINE_TOO_LONG },
		{ "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n\r\n", GH_HTTP_FAULT_NONE },
		{ "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\nY: 2\r\n\r\n",
		  GH_HTTP_FAULT_TOO_MANY_FIELDS },
		{ "GET / HTTP/1.1\r\nHost: a\r\nX: 1345678901234567890123456789\r\n\r\n",
		  GH_HTTP_FAULT_NONE },
		{ "GET / HTTP/1.1\r\nHost: a\r\nX: 13456789012345678901234567890\r\n\r\n",
		  GH_HTTP_FAULT_HEAD_TOO_LONG },
		{ "GET / HTTP/1.1\r\nHost: a\r\nX: 34567890123456789012345678901234567890",
		  GH_HTTP_FAULT_HEAD_TOO_LONG },
	};

	for (size_t i = 0; i < GH_ARRAY_LEN(cases); i++) {
		struct parsed got = parse_limited(cases[i].text, strlen(cases[i].text), &limits);
		if (got.fault != cases[i].fault)
			fail_msg("%s gave %s", cases[i].text, gh_http_fault_name(got.fault));
		assert_int_equal(got.step, cases[i].fault ? GH_HTTP_REFUSED : GH_HTTP_DONE);
		free(got.bytes);
	}
}

/* ---- chunked ---- */

/* Decodes in pieces of `step` bytes; returns what gh_http_chunked said last. */
static enum gh_http_step decode(const char *text, size_t len, size_t step, struct gh_buf *body,
                                size_t *used)
{
	struct gh_http_chunked chunked = { 0 };
	enum gh_http_step result = GH_HTTP_MORE;
	enum gh_http_fault fault;

	*used = 0;
	for (size_t at = 0; at < len && result == GH_HTTP_MORE; at += step) {
		size_t n = len - at < step ? len - at : step;
		uint8_t *bytes = malloc(n);
		memcpy(bytes, text + at, n);
		struct gh_slice in = gh_slice(bytes, n), piece;
		while (in.len > 0 && result == GH_HTTP_MORE) {
			result = gh_http_chunked(&chunked, &in, &piece, &fault);
			gh_buf_add_slice(body, piece);
		}
		*used = at + n - in.len;
		free(bytes);
	}
	return result;
}

static void a_chunked_body_is_decoded_whatever_the_split(void **state)
{
	static const char text[] = "5\r\nhello\r\n000A\r\n, world!\r\n\r\n0\r\n\r\nGET /";

	for (size_t step = 1; step < sizeof text; step++) {
		struct gh_buf body = { 0 };
		size_t used;
		assert_int_equal(decode(text, sizeof text - 1, step, &body, &used), GH_HTTP_DONE);
		assert_string_equal(gh_buf_cstr(&body), "hello, world!\r\n");
		assert_int_equal(used, sizeof text - 1 - strlen("GET /"));
		gh_buf_free(&body);
	}
}

static void odd_chunks_are_refused(void **state)
{
	static const char *const bad[] = {
		"0x5\r\nhello\r\n",
		"+5\r\nhello\r\n",
		"-5\r\n",
		" 5\r\nhello\r\n",
		"5 \r\nhello\r\n",
		"5;a=b\r\nhello\r\n",
		"5\nhello\r\n",
		"\r\nhello",
		"5\r\nhelloX\r\n",
		"5\r\nhello\n0\r\n",
		"5\r\nhello0\r\n\r\n",
		"g\r\n",
		"123456789\r\n",
		"0\r\nTrailer: x\r\n",
		"0\r\n\n",
		"5\r\rhello",
		"ffffffffffffffff\r\n",
		"0;x\r\n\r\n",
	};

	for (size_t i = 0; i < GH_ARRAY_LEN(bad); i++) {
		for (size_t step = 1; step <= strlen(bad[i]); step++) {
			struct gh_buf body = { 0 };
			size_t used;
			if (decode(bad[i], strlen(bad[i]), step, &body, &used) != GH_HTTP_REFUSED)
				fail_msg("%s was let through", bad[i]);
			gh_buf_free(&body);
		}
	}
}

/* ---- targets ---- */

static void query_pairs_and_escapes_are_decoded(void **state)
{
	struct gh_arena *arena = gh_arena_new(4096);
	struct gh_slice query = GH_SLICE("a=1&&b=%41+c&d"), name, value, out;

	assert_true(gh_http_query_next(&query, &name, &value));
	assert_true(gh_slice_eq_str(name, "a") && gh_slice_eq_str(value, "1"));
	assert_true(gh_http_query_next(&query, &name, &value));
	assert_ok(gh_http_unescape(arena, value, true, &out));
	assert_true(gh_slice_eq_str(out, "A c"));
	assert_ok(gh_http_unescape(arena, value, false, &out));
	assert_true(gh_slice_eq_str(out, "A+c"));
	assert_true(gh_http_query_next(&query, &name, &value));
	assert_true(gh_slice_eq_str(name, "d") && value.len == 0);
	assert_false(gh_http_query_next(&query, &name, &value));
	assert_code(gh_http_unescape(arena, GH_SLICE("%4"), false, &out), GH_E_FORMAT);
	assert_code(gh_http_unescape(arena, GH_SLICE("%g1"), false, &out), GH_E_FORMAT);
	assert_code(gh_http_unescape(arena, GH_SLICE("a%00"), false, &out), GH_E_FORMAT);
	assert_code(gh_http_unescape(arena, GH_SLICE("%0d%0a"), false, &out), GH_E_FORMAT);
	gh_arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plain_request_is_read),
		cmocka_unit_test(every_method_of_the_list_is_read_and_no_other),
		cmocka_unit_test(ambiguous_requests_are_refused_each_for_its_reason),
		cmocka_unit_test(a_nul_is_refused_wherever_it_stands),
		cmocka_unit_test(what_is_legal_and_unusual_is_read),
		cmocka_unit_test(the_connection_stays_only_when_both_want_it),
		cmocka_unit_test(how_the_bytes_arrive_changes_nothing),
		cmocka_unit_test(limits_are_exact),
		cmocka_unit_test(a_chunked_body_is_decoded_whatever_the_split),
		cmocka_unit_test(odd_chunks_are_refused),
		cmocka_unit_test(query_pairs_and_escapes_are_decoded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
