/* What must not work: smuggling, dripping, old TLS, too much of anything; and how a server stops.
 * Deadlines are short here, and the same code keeps the long ones. */
#include "gh_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "crypto/key.h"
#include "crypto/x509.h"
#include "front.h"
#include "peer.h"

#define WAIT_MS    5000
#define GET(path)  "GET " path " HTTP/1.1\r\nHost: localhost\r\n\r\n"
#define POST(path) "POST " path " HTTP/1.1\r\nHost: localhost\r\n"
/* Behind every probe: if this is ever answered, a request was smuggled. */
#define SECOND GET("/hello")

struct fixture {
	struct running running;
	struct gh_tls *tls;
	struct gh_buf ca_pem;
};

static int start_with(void **state, const struct gh_server_limits *limits, bool with_tls,
                      bool ask_clients)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);

	if (with_tls)
		fixture->tls = front_tls(&fixture->ca_pem, ask_clients);
	running_start(&fixture->running, 1, limits, fixture->tls);
	*state = fixture;
	return 0;
}

static struct gh_server_limits hurried(void)
{
	struct gh_server_limits limits = gh_server_limits_default;

	limits.handshake_ms = limits.head_ms = limits.body_ms = limits.idle_ms = 300;
	limits.write_progress_ms = 400;
	limits.linger_ms = 300;
	limits.connections = 4;
	limits.arena_bytes = 80 << 20;
	return limits;
}

static int start_plain(void **state)
{
	return start_with(state, NULL, false, false);
}

static int start_tls(void **state)
{
	return start_with(state, NULL, true, true);
}

static int start_hurried(void **state)
{
	const struct gh_server_limits limits = hurried();

	return start_with(state, &limits, false, false);
}

static int start_hurried_tls(void **state)
{
	const struct gh_server_limits limits = hurried();

	return start_with(state, &limits, true, false);
}

static int finish(void **state)
{
	struct fixture *fixture = *state;

	if (fixture->running.loops)
		running_stop(&fixture->running, 200);
	gh_tls_close(fixture->tls);
	gh_buf_free(&fixture->ca_pem);
	free(fixture);
	return 0;
}

static struct peer join(void **state)
{
	struct fixture *fixture = *state;
	struct peer peer;

	peer_open(&peer, fixture->running.port, fixture->tls ? &fixture->ca_pem : NULL);
	return peer;
}

static struct gh_front *front_of(void **state)
{
	return &((struct fixture *)*state)->running.front;
}

static void expect_count(atomic_ulong *counter, unsigned long wanted)
{
	for (int i = 0; i < WAIT_MS && atomic_load(counter) != wanted; i++)
		usleep(1000);
	assert_int_equal(atomic_load(counter), wanted);
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

/* ---- TLS ---- */

static void only_tls_1_2_and_1_3_are_spoken(void **state)
{
	static const struct {
		int version;
		bool good;
	} cases[] = { { TLS1_VERSION, false },
		      { TLS1_1_VERSION, false },
		      { TLS1_2_VERSION, true },
		      { TLS1_3_VERSION, true } };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < GH_ARRAY_LEN(cases); i++) {
		struct peer peer;
		struct gh_buf got = { 0 };
		bool joined = peer_open_tls(&peer, fixture->running.port, &fixture->ca_pem,
		                            cases[i].version, cases[i].version, NULL);
		assert_int_equal(joined, cases[i].good);
		if (joined) {
			assert_int_equal(SSL_version(peer.ssl), cases[i].version);
			assert_true(peer_say(&peer, GET("/hello")));
			assert_true(peer_read_until(&peer, &got, "world", WAIT_MS));
			assert_false(SSL_session_reused(peer.ssl));
			assert_int_equal(SSL_SESSION_has_ticket(SSL_get0_session(peer.ssl)), 0);
			assert_null(SSL_get_current_compression(peer.ssl));
		}
		gh_buf_free(&got);
		peer_close(&peer);
	}
}

static void renegotiation_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct peer peer;
	struct gh_buf got = { 0 };

	assert_true(peer_open_tls(&peer, fixture->running.port, &fixture->ca_pem, TLS1_2_VERSION,
	                          TLS1_2_VERSION, NULL));
	SSL_renegotiate(peer.ssl);
	assert_int_not_equal(SSL_do_handshake(peer.ssl), 1);
	gh_buf_free(&got);
	peer_close(&peer);
}

static void an_unknown_protocol_in_alpn_is_refused_and_ours_is_chosen(void **state)
{
	struct fixture *fixture = *state;
	static const unsigned char h2[] = "\x02h2", both[] = "\x02h2\x08http/1.1";

	for (int i = 0; i < 2; i++) {
		struct peer peer;
		const unsigned char *chosen = NULL;
		unsigned chosen_len = 0;
		peer_open(&peer, fixture->running.port, NULL);
		peer.ctx = SSL_CTX_new(TLS_client_method());
		peer.ssl = SSL_new(peer.ctx);
		SSL_set_fd(peer.ssl, peer.fd);
		SSL_set_alpn_protos(peer.ssl, i ? both : h2, i ? sizeof both - 1 : sizeof h2 - 1);
		assert_int_equal(SSL_connect(peer.ssl) == 1, i == 1);
		SSL_get0_alpn_selected(peer.ssl, &chosen, &chosen_len);
		if (i)
			assert_memory_equal(chosen, "http/1.1", 8);
		peer_close(&peer);
	}
}

/* A certificate and its key, signed by an authority that the server does not know. */
static void make_own(struct gh_buf *out)
{
	struct gh_key *ca_key, *key;
	struct gh_buf ca = { 0 };
	const struct gh_x509_names none = { NULL, 0 };
	int64_t now_s = gh_clock_unix_s();

	assert_ok(gh_key_generate(GH_KEY_P256, &ca_key));
	assert_ok(gh_key_generate(GH_KEY_P256, &key));
	assert_ok(gh_x509_make_ca(ca_key, "stranger", now_s, 10, &ca));
	assert_ok(gh_x509_make_server(ca_key, gh_buf_slice(&ca), key, &none, now_s, 9, out));
	assert_ok(gh_key_to_private_pem(key, out));
	gh_buf_free(&ca);
	gh_key_free(ca_key);
	gh_key_free(key);
}

static void a_strange_client_certificate_is_let_through_and_flagged(void **state)
{
	struct fixture *fixture = *state;
	struct gh_buf own = { 0 }, got = { 0 };
	struct peer peer;

	make_own(&own);
	for (int with = 0; with < 2; with++) {
		gh_buf_clear(&got);
		assert_true(peer_open_tls(&peer, fixture->running.port, &fixture->ca_pem,
		                          TLS1_2_VERSION, TLS1_3_VERSION, with ? &own : NULL));
		assert_true(peer_say(&peer, GET("/certificate")));
		assert_true(peer_read_until(&peer, &got, "}", WAIT_MS));
		assert_non_null(
		    strstr(gh_buf_cstr(&got), with ? "{\"certificate\":true,\"verified\":false}"
		                                   : "{\"certificate\":false,\"verified\":true}"));
		peer_close(&peer);
	}
	gh_buf_free(&own);
	gh_buf_free(&got);
}

static void plain_http_on_a_tls_port_gets_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct gh_buf got = { 0 };
	struct peer peer;

	peer_open(&peer, fixture->running.port, NULL);
	assert_true(peer_say(&peer, GET("/hello")));
	assert_true(peer_read_all(&peer, &got, WAIT_MS));
	assert_int_equal(count_of(&got, "HTTP"), 0);
	assert_int_equal(atomic_load(&front_of(state)->heads), 0);
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
#test, test, start, finish, NULL                                                   \
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
		WITH(more_connections_than_allowed_are_told_so, start_hurried),
		WITH(more_connections_than_allowed_are_told_so, start_hurried_tls),
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
		WITH(only_tls_1_2_and_1_3_are_spoken, start_tls),
		WITH(renegotiation_is_refused, start_tls),
		WITH(an_unknown_protocol_in_alpn_is_refused_and_ours_is_chosen, start_tls),
		WITH(a_strange_client_certificate_is_let_through_and_flagged, start_tls),
		WITH(plain_http_on_a_tls_port_gets_nothing, start_tls),
		WITH(a_stopping_server_finishes_what_it_accepted, start_plain),
		WITH(a_stopping_server_finishes_what_it_accepted, start_tls),
		WITH(a_stopping_server_cuts_what_does_not_end, start_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
