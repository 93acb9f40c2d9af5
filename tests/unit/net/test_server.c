/* The server on real sockets: framing, keep-alive, streams, limits, refusals. Everything runs
 * twice, plain and over TLS. */
#include "fixture.h"

#include <stdio.h>
#include <unistd.h>

static struct gh_server_limits short_limits(void)
{
	struct gh_server_limits limits = gh_server_limits_default;

	limits.linger_ms = 1000;
	limits.body_bytes = 4 << 20;
	return limits;
}

static int start_plain(void **state)
{
	const struct gh_server_limits limits = short_limits();

	return fixture_start(state, &limits, false);
}

static int start_tls(void **state)
{
	const struct gh_server_limits limits = short_limits();

	return fixture_start(state, &limits, true);
}

static void a_request_is_answered_and_the_connection_stays(void **state)
{
	struct peer peer = join(state);
	struct gh_buf got = { 0 };

	for (int i = 0; i < 3; i++) {
		gh_buf_clear(&got);
		assert_true(peer_say(&peer, GET("/hello")));
		assert_true(peer_read_until(&peer, &got, "{\"hello\":\"world\"}\n", WAIT_MS));
		assert_int_equal(status_of(&got, 0), 200);
		assert_int_equal(count_of(&got, "Content-Length: 18\r\n"), 1);
		assert_int_equal(count_of(&got, "Date: "), 1);
		assert_int_equal(count_of(&got, "Connection:"), 0);
	}
	expect_count(&front_of(state)->done, 3);
	assert_int_equal(atomic_load(&front_of(state)->gone), 0);
	gh_buf_free(&got);
	peer_close(&peer);
}

static void bodies_of_all_sizes_come_back_as_they_went(void **state)
{
	static const size_t sizes[] = { 0, 1, 100, 4096, 8000, 8192, 9000, 16384, 70000, 3000000 };
	struct peer peer = join(state);

	for (size_t i = 0; i < GH_ARRAY_LEN(sizes); i++) {
		struct gh_buf request = { 0 }, got = { 0 };
		size_t at;
		gh_buf_addf(&request,
		            "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n\r\n",
		            sizes[i]);
		at = request.len;
		for (size_t k = 0; k < sizes[i]; k++)
			gh_buf_add_byte(&request, (uint8_t)(k * 31 + i));
		assert_true(peer_send(&peer, request.data, request.len));
		assert_true(peer_read_until(&peer, &got, "\r\n\r\n", WAIT_MS));
		size_t head =
		    (size_t)(strstr(gh_buf_cstr(&got), "\r\n\r\n") - gh_buf_cstr(&got)) + 4;
		while (got.len < head + sizes[i])
			assert_true(peer_read(&peer, &got, SIZE_MAX, WAIT_MS) > 0);
		assert_int_equal(got.len, head + sizes[i]);
		if (sizes[i])
			assert_memory_equal(got.data + head, request.data + at, sizes[i]);
		gh_buf_free(&request);
		gh_buf_free(&got);
	}
	peer_close(&peer);
}

static void a_chunked_body_comes_back_whole(void **state)
{
	struct peer peer = join(state);
	struct gh_buf got = { 0 };
	static const char request[] =
	    "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\n" GET("/hello");

	/* Byte by byte, with the next request right behind. */
	for (size_t i = 0; i + 1 < sizeof request; i++)
		assert_true(peer_send(&peer, request + i, 1));
	assert_true(peer_read_until(&peer, &got, "hello, world", WAIT_MS));
	assert_true(peer_read_until(&peer, &got, "{\"hello\"", WAIT_MS));
	assert_int_equal(count_of(&got, "HTTP/1.1 200"), 2);
	gh_buf_free(&got);
	peer_close(&peer);
}

static void pipelined_requests_are_answered_one_by_one_in_order(void **state)
{
	struct peer peer = join(state);
	struct gh_buf request = { 0 }, got = { 0 };
	size_t at = 0;

	for (int i = 0; i < 200; i++) {
		/* Some are answered at once, some after a turn through another thread. */
		const char *path = i % 3 == 0 ? "/echo" : i % 3 == 1 ? "/hop" : "/late";
		gh_buf_addf(
		    &request,
		    "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\n\r\n<%04d>", path,
		    i);
	}
	assert_true(peer_send(&peer, request.data, request.len));
	assert_true(peer_read_until(&peer, &got, "<0199>", WAIT_MS));
	for (int i = 0; i < 200; i++) {
		char mark[16];
		snprintf(mark, sizeof mark, "<%04d>", i);
		const char *found = strstr(gh_buf_cstr(&got) + at, mark);
		assert_non_null(found);
		at = (size_t)(found - gh_buf_cstr(&got));
	}
	assert_int_equal(count_of(&got, "HTTP/1.1 200"), 200);
	gh_buf_free(&request);
	gh_buf_free(&got);
	peer_close(&peer);
}

static void head_has_the_length_and_no_body(void **state)
{
	struct peer peer = join(state);
	struct gh_buf got = { 0 };

	assert_true(
	    peer_say(&peer, "HEAD /hello HTTP/1.1\r\nHost: localhost\r\n\r\n" GET("/hello")));
	assert_true(peer_read_until(&peer, &got, "{\"hello\"", WAIT_MS));
	assert_int_equal(count_of(&got, "Content-Length: 18"), 2);
	assert_int_equal(count_of(&got, "{\"hello\""), 1);
	gh_buf_free(&got);
	peer_close(&peer);
}

static void connection_close_is_honoured(void **state)
{
	struct peer peer = join(state);
	struct gh_buf got = { 0 };

	assert_true(peer_say(&peer, "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
	assert_true(peer_read_all(&peer, &got, WAIT_MS));
	assert_int_equal(count_of(&got, "Connection: close\r\n"), 1);
	assert_int_equal(count_of(&got, "world"), 1);
	gh_buf_free(&got);
	peer_close(&peer);
}

static void a_stream_to_http_1_0_ends_with_the_connection(void **state)
{
	struct peer peer = join(state);
	struct gh_buf got = { 0 };

	assert_true(peer_say(&peer, "GET /stream?n=3 HTTP/1.0\r\n\r\n"));
	assert_true(peer_read_all(&peer, &got, WAIT_MS));
	assert_int_equal(count_of(&got, "Transfer-Encoding"), 0);
	assert_int_equal(count_of(&got, "Connection: close"), 1);
	assert_non_null(strstr(gh_buf_cstr(&got), "\r\n\r\ndata: xxxxxxxxxxxxxxxx\n\n"));
	assert_int_equal(count_of(&got, "data: "), 3);
	gh_buf_free(&got);
	peer_close(&peer);
}

static void a_stream_is_chunked_and_the_connection_stays(void **state)
{
	struct peer peer = join(state);
	struct gh_buf got = { 0 };

	assert_true(peer_say(&peer, GET("/trickle?n=5&gap=2&size=10") GET("/hello")));
	assert_true(peer_read_until(&peer, &got, "{\"hello\"", WAIT_MS));
	assert_int_equal(count_of(&got, "12\r\ndata: xxxxxxxxxx\n\n\r\n"), 5);
	assert_int_equal(count_of(&got, "\r\n0\r\n\r\nHTTP/1.1 200"), 1);
	gh_buf_free(&got);
	peer_close(&peer);
}

static void a_slow_reader_pauses_the_source(void **state)
{
	struct peer peer = join(state);
	struct gh_buf got = { 0 };
	size_t total = 0;
	ssize_t n;

	/* 40 MiB, far more than the kernel's buffers on both sides. */
	assert_true(peer_say(&peer, "GET /stream?n=1280&size=32768 HTTP/1.1\r\nHost: a\r\n"
	                            "Connection: close\r\n\r\n"));
	usleep(200000);
	while ((n = peer_read(&peer, &got, SIZE_MAX, WAIT_MS)) > 0) {
		total += (size_t)n;
		gh_buf_clear(&got);
	}
	assert_int_equal(n, -1);
	assert_true(total > 1280 * 32768);
	expect_count(&front_of(state)->done, 1);
	assert_true(atomic_load(&front_of(state)->drained) > 0);
	/* High water, and the one event that crossed it. */
	assert_true(atomic_load(&front_of(state)->most_queued) < (128 << 10) + 40000);
	gh_buf_free(&got);
	peer_close(&peer);
}

static void a_stream_that_ignores_the_queue_is_cut(void **state)
{
	struct peer peer = join(state);

	assert_true(peer_say(&peer, GET("/flood?n=2000&size=32768")));
	expect_count(&front_of(state)->gone, 1);
	assert_true(atomic_load(&front_of(state)->most_queued) <= 8 << 20);
	peer_close(&peer);
}

static void an_aborted_stream_is_seen_as_incomplete(void **state)
{
	struct peer peer = join(state);
	struct gh_buf got = { 0 };

	assert_true(peer_say(&peer, GET("/cut")));
	assert_true(peer_read_all(&peer, &got, WAIT_MS));
	assert_int_equal(count_of(&got, "0\r\n\r\n"), 0);
	expect_count(&front_of(state)->gone, 1);
	gh_buf_free(&got);
	peer_close(&peer);
}

static void a_client_that_leaves_while_it_waits_is_noticed(void **state)
{
	struct peer peer = join(state);

	assert_true(peer_say(&peer, GET("/wait")));
	expect_count(&front_of(state)->heads, 1);
	peer_close(&peer);
	expect_count(&front_of(state)->gone, 1);

	peer = join(state);
	assert_true(peer_say(&peer, GET("/wait")));
	expect_count(&front_of(state)->heads, 2);
	peer_reset(&peer);
	expect_count(&front_of(state)->gone, 2);

	/* Also when unread bytes stand before the reset. */
	peer = join(state);
	assert_true(peer_say(&peer, GET("/wait") GET("/wait")));
	expect_count(&front_of(state)->heads, 3);
	assert_true(peer_say(&peer, GET("/wait")));
	peer_reset(&peer);
	expect_count(&front_of(state)->gone, 3);
	assert_int_equal(atomic_load(&front_of(state)->heads), 3);
}

static void a_client_that_leaves_inside_its_body_is_noticed(void **state)
{
	struct peer peer = join(state);

	assert_true(
	    peer_say(&peer, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc"));
	expect_count(&front_of(state)->heads, 1);
	peer_close(&peer);
	expect_count(&front_of(state)->gone, 1);
	assert_int_equal(atomic_load(&front_of(state)->bodies), 0);
}

static void a_body_over_the_limit_is_refused_before_it_is_read(void **state)
{
	struct peer peer = join(state);
	struct gh_buf got = { 0 };

	/* Announced, and never sent. */
	assert_true(
	    peer_say(&peer, "POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n"));
	assert_true(peer_read_all(&peer, &got, WAIT_MS));
	assert_int_equal(status_of(&got, 0), 413);
	assert_int_equal(count_of(&got, "Connection: close"), 1);
	gh_buf_free(&got);
	peer_close(&peer);
}

static void the_answer_to_a_body_too_large_survives_its_sending(void **state)
{
	struct peer peer = join(state);
	struct gh_buf got = { 0 }, body = { 0 };

	memset(gh_buf_reserve(&body, 3000000), 'x', 3000000);
	assert_true(
	    peer_say(&peer, "POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n"));
	/* Sent on, as SDKs do, although the answer is there already. */
	for (size_t i = 0; i < 30; i++)
		if (!peer_send(&peer, body.data, 100000))
			break;
	assert_true(peer_read_until(&peer, &got, "payload-too-large", WAIT_MS));
	assert_int_equal(status_of(&got, 0), 413);
	gh_buf_free(&got);
	gh_buf_free(&body);
	peer_close(&peer);
}

static void a_chunked_body_over_the_limit_is_refused(void **state)
{
	struct peer peer = join(state);
	struct gh_buf got = { 0 };

	assert_true(peer_say(
	    &peer, "POST /small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"));
	for (int i = 0; i < 11; i++) {
		char chunk[120];
		int len = snprintf(chunk, sizeof chunk, "64\r\n%0100d\r\n", i);
		peer_send(&peer, chunk, (size_t)len);
	}
	assert_true(peer_read_all(&peer, &got, WAIT_MS));
	assert_int_equal(status_of(&got, 0), 413);
	assert_int_equal(count_of(&got, "HTTP/1.1 "), 1);
	assert_int_equal(atomic_load(&front_of(state)->body_refused), 1);
	assert_string_equal(front_of(state)->reason, "body-too-large");
	gh_buf_free(&got);
	peer_close(&peer);
}

static void a_small_body_nobody_wanted_is_skipped(void **state)
{
	struct peer peer = join(state);
	struct gh_buf got = { 0 }, body = { 0 };

	assert_true(
	    peer_say(&peer, "POST /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"));
	assert_true(peer_read_until(&peer, &got, "unauthenticated", WAIT_MS));
	for (int i = 0; i < 2500; i++)
		gh_buf_add_str(&body, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n12345678");
	assert_int_equal(body.len, 100000);
	assert_true(peer_send(&peer, body.data, body.len));
	assert_true(peer_say(&peer, GET("/hello")));
	assert_true(peer_read_until(&peer, &got, "{\"hello\"", WAIT_MS));
	/* None of the body was taken for a request. */
	assert_int_equal(count_of(&got, "HTTP/1.1 "), 2);
	assert_int_equal(atomic_load(&front_of(state)->heads), 2);
	gh_buf_free(&got);
	gh_buf_free(&body);
	peer_close(&peer);
}

static void expect_100_continue_is_answered_once_the_body_is_wanted(void **state)
{
	struct peer peer = join(state);
	struct gh_buf got = { 0 };

	assert_true(peer_say(&peer,
	                     "POST /think?gap=30 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
	                     "Expect: 100-continue\r\n\r\n"));
	assert_true(peer_read_until(&peer, &got, "HTTP/1.1 100 Continue\r\n\r\n", WAIT_MS));
	assert_int_equal(atomic_load(&front_of(state)->bodies), 0);
	assert_true(peer_say(&peer, "hello"));
	assert_true(peer_read_until(&peer, &got, "\r\n\r\nhello", WAIT_MS));
	assert_int_equal(status_of(&got, 1), 200);
	gh_buf_clear(&got);

	/* Refused at the head: no 100, and the connection ends, since the body may come or not. */
	assert_true(peer_say(&peer, "POST /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
	                            "Expect: 100-continue\r\n\r\n"));
	assert_true(peer_read_all(&peer, &got, WAIT_MS));
	assert_int_equal(status_of(&got, 0), 401);
	gh_buf_free(&got);
	peer_close(&peer);
}

static void a_large_answer_arrives_whole(void **state)
{
	struct peer peer = join(state);
	struct gh_buf got = { 0 };

	assert_true(peer_say(
	    &peer, "GET /big?size=5000000 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
	usleep(100000);
	assert_true(peer_read_all(&peer, &got, WAIT_MS));
	assert_int_equal(count_of(&got, "Content-Length: 5000000"), 1);
	const char *body = strstr(gh_buf_cstr(&got), "\r\n\r\n") + 4;
	assert_int_equal(strspn(body, "b"), 5000000);
	gh_buf_free(&got);
	peer_close(&peer);
}

static void the_caller_may_write_the_answer_to_what_is_malformed(void **state)
{
	struct peer peer = join(state);
	struct gh_buf got = { 0 };

	front_of(state)->own_malformed_body = true;
	assert_true(peer_say(&peer, "GET / HTTP/1.1\r\n\r\n"));
	assert_true(peer_read_all(&peer, &got, WAIT_MS));
	assert_non_null(strstr(gh_buf_cstr(&got), "\r\n\r\n{\"own\":true}"));
	assert_int_equal(count_of(&got, "x-request-id: "), 1);
	gh_buf_free(&got);
	peer_close(&peer);
}

static void counters_tell_what_happened(void **state)
{
	struct fixture *fixture = *state;
	struct peer peer = join(state);
	struct gh_buf got = { 0 };
	struct gh_server_stats stats;

	assert_true(peer_say(&peer, GET("/hello") "BAD\r\n\r\n"));
	assert_true(peer_read_all(&peer, &got, WAIT_MS));
	peer_close(&peer);
	for (int i = 0; i < WAIT_MS; i++) {
		running_stats(&fixture->running, &stats);
		if (stats.connections_open == 0)
			break;
		usleep(1000);
	}
	assert_int_equal(stats.connections_accepted, 1);
	assert_int_equal(stats.connections_open, 0);
	assert_int_equal(stats.requests, 1);
	assert_int_equal(stats.responses, 1);
	assert_int_equal(stats.refused[GH_PROBLEM_MALFORMED_REQUEST], 1);
	assert_int_equal(stats.tls_handshakes, fixture->tls ? 1 : 0);
	assert_true(stats.bytes_in >= strlen(GET("/hello")) && stats.bytes_out >= got.len);
	gh_buf_free(&got);
}

static void two_loops_share_a_port(void **state)
{
	struct running running;
	struct peer peers[64];
	struct gh_server_stats all, one;

	running_start(&running, 2, NULL, NULL);
	for (size_t i = 0; i < GH_ARRAY_LEN(peers); i++) {
		peer_open(&peers[i], running.port, NULL);
		assert_true(peer_say(&peers[i], GET("/hop") GET("/hop")));
	}
	for (size_t i = 0; i < GH_ARRAY_LEN(peers); i++) {
		struct gh_buf got = { 0 };
		while (count_of(&got, "{\"hop\":true}") < 2)
			assert_true(peer_read(&peers[i], &got, SIZE_MAX, WAIT_MS) > 0);
		gh_buf_free(&got);
		peer_close(&peers[i]);
	}
	expect_count(&running.front.done, 2 * GH_ARRAY_LEN(peers));
	running_stats(&running, &all);
	gh_server_stats(running.at[0].server, &one);
	assert_int_equal(all.connections_accepted, GH_ARRAY_LEN(peers));
	assert_in_range(one.connections_accepted, 1, GH_ARRAY_LEN(peers) - 1);
	running_stop(&running, 100);
}

#define BOTH(test)                                                                                 \
	{ #test " (plain)", test, start_plain, fixture_finish, NULL },                             \
	{                                                                                          \
#test " (TLS)", test, start_tls, fixture_finish, NULL                              \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(a_request_is_answered_and_the_connection_stays),
		BOTH(bodies_of_all_sizes_come_back_as_they_went),
		BOTH(a_chunked_body_comes_back_whole),
		BOTH(pipelined_requests_are_answered_one_by_one_in_order),
		BOTH(head_has_the_length_and_no_body),
		BOTH(connection_close_is_honoured),
		BOTH(a_stream_to_http_1_0_ends_with_the_connection),
		BOTH(a_stream_is_chunked_and_the_connection_stays),
		BOTH(a_slow_reader_pauses_the_source),
		BOTH(a_stream_that_ignores_the_queue_is_cut),
		BOTH(an_aborted_stream_is_seen_as_incomplete),
		BOTH(a_client_that_leaves_while_it_waits_is_noticed),
		BOTH(a_client_that_leaves_inside_its_body_is_noticed),
		BOTH(a_body_over_the_limit_is_refused_before_it_is_read),
		BOTH(the_answer_to_a_body_too_large_survives_its_sending),
		BOTH(a_chunked_body_over_the_limit_is_refused),
		BOTH(a_small_body_nobody_wanted_is_skipped),
		BOTH(expect_100_continue_is_answered_once_the_body_is_wanted),
		BOTH(a_large_answer_arrives_whole),
		BOTH(the_caller_may_write_the_answer_to_what_is_malformed),
		BOTH(counters_tell_what_happened),
		cmocka_unit_test(two_loops_share_a_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
