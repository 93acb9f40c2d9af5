/* What must not work: smuggling, and too much of anything. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"

/* Behind every probe: if this is ever answered, a request was smuggled. */
#define SECOND GET("/hello")

static int start_plain(void **state)
{
	return fixture_start(state, NULL, false);
}

static int start_tls(void **state)
{
	return fixture_start(state, NULL, true);
}

static int start_few(void **state)
{
	struct gh_server_limits limits = gh_server_limits_default;

	limits.connections = 4;
	return fixture_start(state, &limits, false);
}

static int start_few_tls(void **state)
{
	struct gh_server_limits limits = gh_server_limits_default;

	limits.connections = 4;
	return fixture_start(state, &limits, true);
}

/* ---- smuggling ---- */

static const struct {
	const char *probe;
	unsigned status;
	const char *reason;
	size_t len; /* 0: strlen */
} probes[] = {
	{ POST("/echo") "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG", 400,
	  "transfer-encoding", 0 },
	{ POST("/echo") "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\nG", 400,
	  "transfer-encoding", 0 },
	{ POST("/echo") "Content-Length: 5\r\nContent-Length: 0\r\n\r\nhello", 400,
	  "content-length", 0 },
	{ POST("/echo") "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400,
	  "content-length", 0 },
	{ POST("/echo") "Content-Length : 5\r\n\r\nhello", 400, "field-name", 0 },
	{ POST("/echo") "Content-Length: +5\r\n\r\nhello", 400, "content-length", 0 },
	{ POST("/echo") "Content-Length: 5, 5\r\n\r\nhello", 400, "content-length", 0 },
	{ POST("/echo") "Transfer-Encoding: xchunked\r\n\r\n", 501, "transfer-coding", 0 },
	{ POST("/echo") "Transfer-Encoding: identity\r\n\r\n", 501, "transfer-coding", 0 },
	{ POST("/echo") "Transfer-Encoding: gzip, chunked\r\n\r\n", 501, "transfer-coding", 0 },
	{ POST("/echo") "Transfer-Encoding\r\n\t: chunked\r\n\r\n", 400, "field-name", 0 },
	{ POST("/echo") "X: y\r\n Transfer-Encoding: chunked\r\n\r\n", 400, "obs-fold", 0 },
	{ POST("/echo") "Foo: a\0b\r\n\r\n", 400, "control-byte",
	  sizeof(POST("/echo") "Foo: a\0b\r\n\r\n") - 1 },
	{ "POST /echo HTTP/1.1\nHost: localhost\nContent-Length: 0\n\n", 400, "bare-lf", 0 },
	{ "POST /echo HTTP/1.1\r\nHost: localhost\r\nX: a\nContent-Length: 30\r\n\r\n", 400,
	  "bare-lf", 0 },
	{ "POST /echo HTTP/1.1\r\nHost: localhost\r\nX: a\rContent-Length: 30\r\n\r\n", 400,
	  "control-byte", 0 },
	{ "POST /echo HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	  400, "transfer-encoding", 0 },
	{ "GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "host", 0 },
	{ "GET /hello HTTP/1.1\r\n\r\n", 400, "host", 0 },
	{ "GET http://evil/hello HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "host", 0 },
	{ "GET /hello HTTP/3.0\r\nHost: localhost\r\n\r\n", 505, "version", 0 },
	{ "BREW /hello HTTP/1.1\r\nHost: localhost\r\n\r\n", 501, "method", 0 },
	{ "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "version", 0 },
	/* The head is good, the chunks are not. */
	{ POST("/echo") "Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n", 400, "chunk",
	  0 },
	{ POST("/echo") "Transfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n", 400, "chunk",
	  0 },
	{ POST("/echo") "Transfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\n\r\n", 400,
	  "chunk", 0 },
	{ POST("/echo") "Transfer-Encoding: chunked\r\n\r\n5\r\nhello0\r\n\r\n", 400, "chunk", 0 },
	{ POST("/echo") "Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n", 400, "chunk",
	  0 },
	{ POST("/echo") "Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\r\n", 400, "chunk", 0 },
};

static void expect_refused(void **state, size_t i, size_t step)
{
	struct peer peer = join(state);
	struct gh_buf got = { 0 };
	size_t len = probes[i].len ? probes[i].len : strlen(probes[i].probe);

	for (size_t at = 0; at < len; at += step)
		peer_send(&peer, probes[i].probe + at, len - at < step ? len - at : step);
	peer_say(&peer, SECOND);
	if (!peer_read_all(&peer, &got, WAIT_MS))
		fail_msg("probe %zu was not closed: %s", i, gh_buf_cstr(&got));
	if (status_of(&got, 0) != probes[i].status || status_of(&got, 1) != 0)
		fail_msg("probe %zu: %s", i, gh_buf_cstr(&got));
	assert_int_equal(count_of(&got, "world"), 0);
	assert_int_equal(count_of(&got, "Connection: close\r\n"), 1);
	assert_int_equal(count_of(&got, "application/problem+json"), 1);
	if (strcmp(front_of(state)->reason, probes[i].reason) != 0)
		fail_msg("probe %zu: %s", i, front_of(state)->reason);
	gh_buf_free(&got);
	peer_close(&peer);
}

static void nothing_is_smuggled(void **state)
{
	for (size_t i = 0; i < GH_ARRAY_LEN(probes); i++)
		expect_refused(state, i, SIZE_MAX / 2);
	assert_int_equal(atomic_load(&front_of(state)->malformed) +
	                     atomic_load(&front_of(state)->body_refused),
	                 GH_ARRAY_LEN(probes));
}

static void nothing_is_smuggled_byte_by_byte(void **state)
{
	for (size_t i = 0; i < GH_ARRAY_LEN(probes); i++)
		expect_refused(state, i, 1);
}

static void a_refusal_is_a_problem_document_with_its_request_id(void **state)
{
	struct peer peer = join(state);
	struct gh_buf got = { 0 };
	json_t *json;

	peer_say(&peer, "GET / HTTP/1.1\r\n\r\n");
	assert_true(peer_read_all(&peer, &got, WAIT_MS));
	const char *body = strstr(gh_buf_cstr(&got), "\r\n\r\n") + 4;
	assert_ok(gh_json_parse(gh_slice_str(body), &json));
	assert_string_equal(json_string_value(json_object_get(json, "type")),
	                    "https://gatehouse.test/problems/malformed-request");
	char field[80];
	snprintf(field, sizeof field, "x-request-id: %s\r\n",
	         json_string_value(json_object_get(json, "request_id")));
	assert_int_equal(count_of(&got, field), 1);
	json_decref(json);
	gh_buf_free(&got);
	peer_close(&peer);
}

/* ---- too much ---- */

static unsigned answer_to(void **state, const struct gh_buf *request)
{
	struct peer peer = join(state);
	struct gh_buf got = { 0 };
	unsigned status;

	peer_send(&peer, request->data, request->len);
	assert_true(peer_read_all(&peer, &got, WAIT_MS));
	status = status_of(&got, 0);
	assert_int_equal(status_of(&got, 1), 0);
	gh_buf_free(&got);
	peer_close(&peer);
	return status;
}

static void heads_over_the_limits_are_refused(void **state)
{
	struct gh_buf request = { 0 };

	gh_buf_add_str(&request, "GET /");
	for (int i = 0; i < 8300; i++)
		gh_buf_add_byte(&request, 'a');
	assert_int_equal(answer_to(state, &request), 414);

	gh_buf_clear(&request);
	gh_buf_add_str(&request, "GET /hello HTTP/1.1\r\nHost: a\r\nCookie: ");
	for (int i = 0; i < 17000; i++)
		gh_buf_add_byte(&request, 'a');
	assert_int_equal(answer_to(state, &request), 431);

	gh_buf_clear(&request);
	gh_buf_add_str(&request, "GET /hello HTTP/1.1\r\nHost: a\r\n");
	for (int i = 0; i < 64; i++)
		gh_buf_addf(&request, "X-%d: y\r\n", i);
	gh_buf_add_str(&request, "\r\n");
	assert_int_equal(answer_to(state, &request), 431);
	gh_buf_free(&request);
}

static void a_head_of_nearly_the_limit_is_read(void **state)
{
	struct peer peer = join(state);
	struct gh_buf request = { 0 }, got = { 0 };

	gh_buf_add_str(&request, POST("/echo") "Content-Length: 5\r\nCookie: ");
	for (int i = 0; i < 16000; i++)
		gh_buf_add_byte(&request, 'a');
	gh_buf_add_str(&request, "\r\n\r\nhello");
	assert_true(peer_send(&peer, request.data, request.len));
	assert_true(peer_read_until(&peer, &got, "\r\n\r\nhello", WAIT_MS));
	gh_buf_free(&request);
	gh_buf_free(&got);
	peer_close(&peer);
}

static void more_connections_than_allowed_are_told_so(void **state)
{
	struct peer peers[5];
	struct gh_buf got = { 0 };

	for (size_t i = 0; i < 5; i++) {
		peers[i] = join(state);
		if (i < 4) {
			assert_true(peer_say(&peers[i], GET("/wait")));
			expect_count(&front_of(state)->heads, i + 1);
		}
	}
	assert_true(peer_say(&peers[4], GET("/hello")));
	assert_true(peer_read_all(&peers[4], &got, WAIT_MS));
	assert_int_equal(status_of(&got, 0), 503);
	assert_int_equal(count_of(&got, "Retry-After: 1\r\n"), 1);
	assert_int_equal(count_of(&got, "problems/overloaded"), 1);
	for (size_t i = 0; i < 5; i++)
		peer_close(&peers[i]);
	expect_count(&front_of(state)->gone, 4);
	gh_buf_free(&got);
}

#define WITH(test, start)                                                                          \
	{                                                                                          \
#test " (" #start ")", test, start, fixture_finish, NULL                           \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(nothing_is_smuggled, start_plain),
		WITH(nothing_is_smuggled, start_tls),
		WITH(nothing_is_smuggled_byte_by_byte, start_plain),
		WITH(a_refusal_is_a_problem_document_with_its_request_id, start_plain),
		WITH(heads_over_the_limits_are_refused, start_plain),
		WITH(heads_over_the_limits_are_refused, start_tls),
		WITH(a_head_of_nearly_the_limit_is_read, start_plain),
		WITH(a_head_of_nearly_the_limit_is_read, start_tls),
		WITH(more_connections_than_allowed_are_told_so, start_few),
		WITH(more_connections_than_allowed_are_told_so, start_few_tls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
