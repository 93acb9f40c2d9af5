/* Who is too slow is cut off, whatever it drips, and nobody else is; and how a server stops.
 * Deadlines are short here, and the same code keeps the long ones. */
#include "fixture.h"

#include <unistd.h>

#include "base/clock.h"

static struct gh_server_limits hurried(void)
{
	struct gh_server_limits limits = gh_server_limits_default;

	limits.handshake_ms = limits.head_ms = limits.body_ms = limits.idle_ms = 300;
	limits.write_progress_ms = 400;
	limits.linger_ms = 300;
	limits.arena_bytes = 80 << 20;
	return limits;
}

static int start_plain(void **state)
{
	return fixture_start(state, NULL, false);
}

static int start_tls(void **state)
{
	return fixture_start(state, NULL, true);
}

static int start_hurried(void **state)
{
	const struct gh_server_limits limits = hurried();

	return fixture_start(state, &limits, false);
}

static int start_hurried_tls(void **state)
{
	const struct gh_server_limits limits = hurried();

	return fixture_start(state, &limits, true);
}

/* ---- too slow ---- */

/* Sends one byte at a time until the server has had enough. Returns after how long, or fails. */
static uint64_t drip(struct peer *peer, const char *first, char byte, struct gh_buf *got)
{
	uint64_t began_ns = gh_clock_mono_ns();

	if (first)
		peer_say(peer, first);
	for (int i = 0; i < 200; i++) {
		peer_send(peer, &byte, 1);
		if (peer_read(peer, got, SIZE_MAX, 20) < 0)
			return (gh_clock_mono_ns() - began_ns) / 1000000;
	}
	fail_msg("a dripping client was never cut off");
	return 0;
}

static void a_head_that_drips_is_cut_off(void **state)
{
	struct peer peer = join(state);
	struct gh_buf got = { 0 };

	assert_in_range(drip(&peer, "GET / HTTP/1.1\r\nX: ", 'a', &got), 250, 2000);
	assert_int_equal(status_of(&got, 0), 408);
	assert_string_equal(front_of(state)->reason, "head-timeout");
	gh_buf_free(&got);
	peer_close(&peer);
}

static void a_body_that_drips_is_cut_off(void **state)
{
	struct peer peer = join(state);
	struct gh_buf got = { 0 };

	assert_in_range(drip(&peer, POST("/echo") "Content-Length: 5000\r\n\r\n", 'a', &got), 250,
	                2000);
	assert_int_equal(status_of(&got, 0), 408);
	assert_string_equal(front_of(state)->reason, "body-timeout");
	peer_close(&peer);

	gh_buf_clear(&got);
	peer = join(state);
	assert_in_range(
	    drip(&peer, POST("/echo") "Transfer-Encoding: chunked\r\n\r\n1000\r\n", 'a', &got), 250,
	    2000);
	assert_int_equal(status_of(&got, 0), 408);
	gh_buf_free(&got);
	peer_close(&peer);
}

static void a_body_nobody_wanted_may_not_drip_either(void **state)
{
	struct peer peer = join(state);
	struct gh_buf got = { 0 };

	assert_in_range(drip(&peer, POST("/refuse") "Content-Length: 5000\r\n\r\n", 'a', &got), 250,
	                2000);
	assert_int_equal(status_of(&got, 0), 401);
	assert_int_equal(status_of(&got, 1), 0);
	gh_buf_free(&got);
	peer_close(&peer);
}

static void silent_and_idle_connections_are_closed(void **state)
{
	struct peer silent = join(state), idle = join(state);
	struct gh_buf got = { 0 };

	assert_true(peer_say(&idle, GET("/hello")));
	assert_true(peer_read_until(&idle, &got, "world", WAIT_MS));
	gh_buf_clear(&got);
	assert_true(peer_read_all(&silent, &got, 2000));
	assert_true(peer_read_all(&idle, &got, 2000));
	assert_int_equal(got.len, 0);
	gh_buf_free(&got);
	peer_close(&silent);
	peer_close(&idle);
}

static void a_handshake_that_drips_is_cut_off(void **state)
{
	struct fixture *fixture = *state;
	struct peer peer;
	struct gh_buf got = { 0 };

	peer_open(&peer, fixture->running.port, NULL);
	assert_in_range(drip(&peer, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 'a', &got), 250,
	                2000);
	assert_int_equal(got.len, 0);
	gh_buf_free(&got);
	peer_close(&peer);
}

static void a_reader_that_takes_nothing_is_cut_off(void **state)
{
	struct peer peer = join(state);
	struct gh_buf got = { 0 };

	assert_true(peer_say(&peer, GET("/big?size=60000000")));
	expect_count(&front_of(state)->gone, 1);
	gh_buf_free(&got);
	peer_close(&peer);
}

static void a_reader_that_drips_is_cut_off(void **state)
{
	struct peer peer = join(state);
	struct gh_buf got = { 0 };

	assert_true(peer_say(&peer, GET("/big?size=60000000")));
	/* Some bytes now and then are no progress. */
	for (int i = 0; i < 200 && atomic_load(&front_of(state)->gone) == 0; i++) {
		peer_read(&peer, &got, 10, 20);
		usleep(20000);
	}
	expect_count(&front_of(state)->gone, 1);
	gh_buf_free(&got);
	peer_close(&peer);
}

static void a_refused_client_that_sends_for_ever_is_cut_off(void **state)
{
	struct peer peer = join(state);
	uint8_t waste[1000] = { 0 };
	uint64_t began_ns = gh_clock_mono_ns();

	assert_true(peer_say(&peer, "BAD\r\n\r\n"));
	while (peer_send(&peer, waste, sizeof waste)) {
		assert_true(gh_clock_mono_ns() - began_ns < 3000000000u);
		usleep(1000);
	}
	peer_close(&peer);
}

static void waiting_for_the_application_has_no_deadline_here(void **state)
{
	struct peer peer = join(state);
	struct gh_buf got = { 0 };

	assert_true(peer_say(&peer, POST("/late?gap=900") "Content-Length: 2\r\n\r\nhi"));
	assert_true(peer_read_until(&peer, &got, "\r\n\r\nhi", WAIT_MS));
	gh_buf_free(&got);
	peer_close(&peer);
}

/* ---- stopping ---- */

static void *stop_slowly(void *arg)
{
	running_stop(arg, 3000);
	return NULL;
}

static void a_stopping_server_finishes_what_it_accepted(void **state)
{
	struct fixture *fixture = *state;
	struct peer busy = join(state), idle = join(state);
	struct gh_buf got = { 0 };
	pthread_t thread;
	uint64_t began_ns;

	assert_true(peer_say(&idle, GET("/hello")));
	assert_true(peer_read_until(&idle, &got, "world", WAIT_MS));
	assert_true(peer_say(&busy, POST("/late?gap=400") "Content-Length: 2\r\n\r\nhi"));
	expect_count(&front_of(state)->bodies, 1);
	began_ns = gh_clock_mono_ns();
	assert_int_equal(pthread_create(&thread, NULL, stop_slowly, &fixture->running), 0);

	gh_buf_clear(&got);
	assert_true(peer_read_all(&idle, &got, WAIT_MS));
	assert_int_equal(got.len, 0);
	assert_true(peer_read_all(&busy, &got, WAIT_MS));
	assert_int_equal(count_of(&got, "\r\n\r\nhi"), 1);
	assert_int_equal(count_of(&got, "Connection: close"), 1);
	peer_close(&busy);
	peer_close(&idle);
	pthread_join(thread, NULL);
	assert_in_range((gh_clock_mono_ns() - began_ns) / 1000000, 100, 2500);
	fixture->running.loops = 0;
	gh_buf_free(&got);
}

static void a_stopping_server_cuts_what_does_not_end(void **state)
{
	struct fixture *fixture = *state;
	struct peer busy = join(state);

	assert_true(peer_say(&busy, GET("/wait")));
	expect_count(&front_of(state)->heads, 1);
	running_stop(&fixture->running, 100);
	assert_int_equal(atomic_load(&front_of(state)->gone), 1);
	fixture->running.loops = 0;
	peer_close(&busy);
}

#define WITH(test, start)                                                                          \
	{                                                                                          \
#test " (" #start ")", test, start, fixture_finish, NULL                           \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(a_head_that_drips_is_cut_off, start_hurried),
		WITH(a_head_that_drips_is_cut_off, start_hurried_tls),
		WITH(a_body_that_drips_is_cut_off, start_hurried),
		WITH(a_body_that_drips_is_cut_off, start_hurried_tls),
		WITH(a_body_nobody_wanted_may_not_drip_either, start_hurried),
		WITH(silent_and_idle_connections_are_closed, start_hurried),
		WITH(silent_and_idle_connections_are_closed, start_hurried_tls),
		WITH(a_handshake_that_drips_is_cut_off, start_hurried_tls),
		WITH(a_reader_that_takes_nothing_is_cut_off, start_hurried),
		WITH(a_reader_that_takes_nothing_is_cut_off, start_hurried_tls),
		WITH(a_reader_that_drips_is_cut_off, start_hurried),
		WITH(a_refused_client_that_sends_for_ever_is_cut_off, start_hurried),
		WITH(waiting_for_the_application_has_no_deadline_here, start_hurried),
		WITH(a_stopping_server_finishes_what_it_accepted, start_plain),
		WITH(a_stopping_server_finishes_what_it_accepted, start_tls),
		WITH(a_stopping_server_cuts_what_does_not_end, start_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
