/* Outgoing calls against our own server, and against a server that answers whatever it was told. */
#include "gh_test.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "front.h"
#include "net/client.h"
#include "net/sse.h"

#define CALLS_MAX 64

/* One call and what came of it. */
struct probe {
	struct fixture *fixture;
	struct gh_call *call;
	struct gh_buf body;
	unsigned heads, status, pieces;
	bool done, cancel_on_head, cancel_on_data, pause_on_data, was_reused, was_sent;
	enum gh_call_result result;
	struct gh_timer *timer;
	struct gh_sse_reader *events;
	unsigned event_count;
	size_t at_pause;
};

struct fixture {
	struct running running;
	struct gh_tls *tls;
	struct gh_buf ca_pem;
	char ca_file[64];
	struct gh_loop *loop;
	struct gh_client *client;
	struct probe probes[CALLS_MAX];
	size_t running_calls;
};

static int start(void **state, bool with_tls)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	const struct gh_client_config config = { 0 };

	if (with_tls) {
		fixture->tls = front_tls(&fixture->ca_pem, false);
		strcpy(fixture->ca_file, "/tmp/net-ca-XXXXXX");
		int fd = mkstemp(fixture->ca_file);
		if (write(fd, fixture->ca_pem.data, fixture->ca_pem.len) !=
		    (ssize_t)fixture->ca_pem.len)
			abort();
		close(fd);
	}
	running_start(&fixture->running, 1, NULL, fixture->tls);
	assert_ok(gh_loop_open(&fixture->loop));
	assert_ok(gh_client_open(fixture->loop, &config, &fixture->client));
	*state = fixture;
	return 0;
}

static int start_plain(void **state)
{
	return start(state, false);
}

static int start_tls(void **state)
{
	return start(state, true);
}

static int finish(void **state)
{
	struct fixture *fixture = *state;

	gh_client_close(fixture->client);
	for (size_t i = 0; i < CALLS_MAX; i++) {
		gh_buf_free(&fixture->probes[i].body);
		gh_timer_close(fixture->probes[i].timer);
		gh_sse_reader_close(fixture->probes[i].events);
	}
	gh_loop_close(fixture->loop);
	running_stop(&fixture->running, 100);
	gh_tls_close(fixture->tls);
	gh_buf_free(&fixture->ca_pem);
	if (fixture->ca_file[0])
		unlink(fixture->ca_file);
	free(fixture);
	return 0;
}

/* ---- callbacks ---- */

static void on_head(struct gh_call *call, void *user, unsigned status,
                    const struct gh_http_field *fields, size_t count)
{
	struct probe *probe = user;

	probe->heads++;
	probe->status = status;
	for (size_t i = 0; i < count; i++)
		assert_true(fields[i].name.len > 0);
	if (probe->cancel_on_head)
		gh_call_cancel(call);
}

static enum gh_code on_event(void *user, const struct gh_sse_event *event)
{
	struct probe *probe = user;

	probe->event_count++;
	return GH_OK;
}

static void resume(void *arg)
{
	struct probe *probe = arg;

	/* Nothing came while it was paused. */
	assert_int_equal(probe->body.len, probe->at_pause);
	gh_call_resume(probe->call);
}

static void on_data(struct gh_call *call, void *user, struct gh_slice piece)
{
	struct probe *probe = user;

	probe->pieces++;
	gh_buf_add_slice(&probe->body, piece);
	if (probe->events)
		assert_ok(gh_sse_feed(probe->events, piece, on_event, probe));
	if (probe->cancel_on_data)
		gh_call_cancel(call);
	if (probe->pause_on_data && probe->pieces % 8 == 1) {
		gh_call_pause(call);
		probe->at_pause = probe->body.len;
		if (!probe->timer)
			assert_ok(
			    gh_timer_open(probe->fixture->loop, resume, probe, &probe->timer));
		assert_ok(gh_timer_start(probe->timer, 3));
	}
}

static void on_done(struct gh_call *call, void *user, const struct gh_call_outcome *outcome)
{
	struct probe *probe = user;

	assert_false(probe->done);
	probe->done = true;
	probe->result = outcome->result;
	probe->was_reused = outcome->reused;
	probe->was_sent = outcome->sent;
	assert_int_equal(outcome->status, probe->status);
	if (--probe->fixture->running_calls == 0)
		gh_loop_stop(probe->fixture->loop);
}

static const struct gh_call_callbacks callbacks = { on_head, on_data, on_done };

static struct probe *begin_at(void **state, size_t i, const char *url,
                              struct gh_call_request request)
{
	struct fixture *fixture = *state;
	struct probe *probe = &fixture->probes[i];

	probe->fixture = fixture;
	if (!request.method)
		request.method = "GET";
	request.url = url;
	if (fixture->ca_file[0] && !request.ca_file)
		request.ca_file = fixture->ca_file;
	assert_ok(gh_client_call(fixture->client, &request, &callbacks, probe, &probe->call));
	fixture->running_calls++;
	return probe;
}

static struct probe *begin(void **state, size_t i, const char *path, struct gh_call_request request)
{
	struct fixture *fixture = *state;
	char url[200];

	snprintf(url, sizeof url, "%s://localhost:%u%s", fixture->tls ? "https" : "http",
	         fixture->running.port, path);
	return begin_at(state, i, url, request);
}

static void run(void **state)
{
	assert_ok(gh_loop_run(((struct fixture *)*state)->loop));
}

static struct gh_front *front_of(void **state)
{
	return &((struct fixture *)*state)->running.front;
}

static void expect_count(atomic_ulong *counter, unsigned long wanted)
{
	for (int i = 0; i < 5000 && atomic_load(counter) != wanted; i++)
		usleep(1000);
	assert_int_equal(atomic_load(counter), wanted);
}

/* ---- our own server ---- */

static void a_call_brings_head_and_body(void **state)
{
	struct probe *probe = begin(state, 0, "/hello", (struct gh_call_request){ 0 });

	run(state);
	assert_int_equal(probe->result, GH_CALL_OK);
	assert_int_equal(probe->heads, 1);
	assert_int_equal(probe->status, 200);
	assert_string_equal(gh_buf_cstr(&probe->body), "{\"hello\":\"world\"}\n");
}

static void bodies_are_sent_with_every_method(void **state)
{
	static const char *const methods[] = { "POST", "PUT", "PATCH", "DELETE" };

	for (size_t i = 0; i < GH_ARRAY_LEN(methods); i++) {
		struct probe *probe = begin(state, i, "/echo",
		                            (struct gh_call_request){ .method = methods[i],
		                                                      .body = GH_SLICE("{\"a\":1}"),
		                                                      .has_body = true });
		run(state);
		assert_int_equal(probe->status, 200);
		assert_string_equal(gh_buf_cstr(&probe->body), "{\"a\":1}");
	}
	struct probe *head =
	    begin(state, 10, "/hello", (struct gh_call_request){ .method = "HEAD" });
	run(state);
	assert_int_equal(head->result, GH_CALL_OK);
	assert_int_equal(head->body.len, 0);
	struct probe *empty =
	    begin(state, 11, "/echo", (struct gh_call_request){ .method = "POST" });
	run(state);
	assert_int_equal(empty->status, 200);
	struct probe *get = begin(state, 12, "/hello", (struct gh_call_request){ 0 });
	run(state);
	assert_int_equal(get->body.len, 18);
}

static void a_large_body_goes_and_comes_back(void **state)
{
	size_t len = 5 << 20;
	uint8_t *data = malloc(len);

	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)(i * 7);
	struct probe *probe =
	    begin(state, 0, "/echo",
	          (struct gh_call_request){
	              .method = "POST", .body = gh_slice(data, len), .has_body = true });
	run(state);
	assert_int_equal(probe->result, GH_CALL_OK);
	assert_int_equal(probe->body.len, len);
	assert_memory_equal(probe->body.data, data, len);
	free(data);
}

static void the_next_call_uses_the_same_connection(void **state)
{
	struct gh_server_stats stats;

	for (size_t i = 0; i < 10; i++) {
		struct probe *probe = begin(state, i, "/hello", (struct gh_call_request){ 0 });
		run(state);
		assert_int_equal(probe->was_reused, i > 0);
	}
	running_stats(&((struct fixture *)*state)->running, &stats);
	assert_int_equal(stats.connections_accepted, 1);
}

static void many_calls_at_once_all_end(void **state)
{
	for (size_t i = 0; i < CALLS_MAX; i++)
		begin(state, i, i % 2 ? "/late?gap=5" : "/hop",
		      (struct gh_call_request){
		          .method = "POST", .body = GH_SLICE("body"), .has_body = true });
	run(state);
	for (size_t i = 0; i < CALLS_MAX; i++) {
		struct probe *probe = &((struct fixture *)*state)->probes[i];
		assert_int_equal(probe->result, GH_CALL_OK);
		assert_string_equal(gh_buf_cstr(&probe->body), "body");
	}
}

static void events_arrive_as_they_are_sent(void **state)
{
	struct probe *probe = begin(state, 0, "/trickle?n=20&gap=5", (struct gh_call_request){ 0 });

	assert_ok(gh_sse_reader_open(1000, &probe->events));
	run(state);
	assert_int_equal(probe->event_count, 20);
	assert_true(probe->pieces >= 10);
	assert_false(gh_sse_is_partial(probe->events));
}

static void a_paused_call_slows_its_server_down(void **state)
{
	struct probe *probe =
	    begin(state, 0, "/stream?n=640&size=32768", (struct gh_call_request){ 0 });

	probe->pause_on_data = true;
	run(state);
	assert_int_equal(probe->result, GH_CALL_OK);
	assert_int_equal(probe->body.len, 640 * (32768 + 8));
	assert_true(atomic_load(&front_of(state)->most_queued) < (128 << 10) + 40000);
}

static void a_cancelled_call_calls_nobody_and_is_noticed_by_the_server(void **state)
{
	struct fixture *fixture = *state;
	struct probe *waits = begin(state, 0, "/wait", (struct gh_call_request){ 0 });
	struct probe *on_head_probe =
	    begin(state, 1, "/trickle?n=100000&gap=1", (struct gh_call_request){ 0 });
	struct probe *on_data_probe =
	    begin(state, 2, "/trickle?n=100000&gap=1", (struct gh_call_request){ 0 });
	struct probe *other =
	    begin(state, 3, "/late?gap=200", (struct gh_call_request){ .method = "POST" });

	on_head_probe->cancel_on_head = true;
	on_data_probe->cancel_on_data = true;
	fixture->running_calls = 1; /* only the last one ends */
	run(state);
	assert_true(other->done);
	gh_call_cancel(waits->call);
	expect_count(&front_of(state)->gone, 3);
	assert_false(waits->done || on_head_probe->done || on_data_probe->done);
	assert_int_equal(on_head_probe->pieces, 0);
	assert_int_equal(on_data_probe->pieces, 1);
}

static void timeouts_are_told_apart(void **state)
{
	struct probe *first =
	    begin(state, 0, "/wait", (struct gh_call_request){ .first_byte_timeout_ms = 100 });
	struct probe *idle = begin(
	    state, 1, "/trickle?n=3&gap=3000",
	    (struct gh_call_request){ .first_byte_timeout_ms = 9000, .idle_timeout_ms = 150 });
	struct probe *total = begin(state, 2, "/trickle?n=100000&gap=5",
	                            (struct gh_call_request){ .total_timeout_ms = 200 });

	run(state);
	assert_int_equal(first->result, GH_CALL_FIRST_BYTE_TIMEOUT);
	assert_true(first->was_sent);
	assert_int_equal(idle->result, GH_CALL_IDLE_TIMEOUT);
	assert_int_equal(total->result, GH_CALL_TOTAL_TIMEOUT);
}

static void an_answer_over_the_limit_is_refused(void **state)
{
	struct probe *probe = begin(state, 0, "/big?size=100000",
	                            (struct gh_call_request){ .max_response_bytes = 50000 });

	run(state);
	assert_int_equal(probe->result, GH_CALL_TOO_LARGE);
	assert_true(probe->body.len <= 50000);
}

static void a_cut_answer_is_not_a_whole_one(void **state)
{
	struct probe *probe = begin(state, 0, "/cut", (struct gh_call_request){ 0 });

	run(state);
	assert_int_equal(probe->result, GH_CALL_BROKEN);
}

static void an_untrusted_certificate_ends_the_call(void **state)
{
	struct fixture *fixture = *state;
	char url[100];

	snprintf(url, sizeof url, "https://localhost:%u/hello", fixture->running.port);
	fixture->ca_file[0] = 0;
	struct probe *strange = begin_at(state, 0, url, (struct gh_call_request){ 0 });
	run(state);
	assert_int_equal(strange->result, GH_CALL_TLS);
	assert_false(strange->was_sent);
	assert_int_equal(atomic_load(&front_of(state)->heads), 0);
}

static void trust_in_a_file_ends_with_the_call_that_named_it(void **state)
{
	struct fixture *fixture = *state;
	char url[100], name[sizeof fixture->ca_file];

	snprintf(url, sizeof url, "https://localhost:%u/hello", fixture->running.port);
	assert_int_equal(begin(state, 0, "/hello", (struct gh_call_request){ 0 })->done, false);
	run(state);
	assert_int_equal(fixture->probes[0].result, GH_CALL_OK);
	memcpy(name, fixture->ca_file, sizeof name);
	fixture->ca_file[0] = 0;
	/* The same handle, and a kept connection that it may not use. */
	struct probe *after = begin_at(state, 1, url, (struct gh_call_request){ 0 });
	run(state);
	assert_int_equal(after->result, GH_CALL_TLS);
	memcpy(fixture->ca_file, name, sizeof name);
}

/* ---- other servers ---- */

struct canned {
	int fd;
	uint16_t port;
	const char *answer;
	pthread_t thread;
};

static void *serve_canned(void *arg)
{
	struct canned *canned = arg;
	char waste[4096];
	int fd = accept(canned->fd, NULL, NULL);

	if (recv(fd, waste, sizeof waste, 0) > 0)
		send(fd, canned->answer, strlen(canned->answer), MSG_NOSIGNAL);
	close(fd);
	return NULL;
}

static int listen_somewhere(uint16_t *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t len = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)&address, len) != 0 || listen(fd, 8) != 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &len) != 0)
		abort();
	*port = ntohs(address.sin_port);
	return fd;
}

static const struct {
	const char *answer;
	enum gh_call_result result;
	unsigned status;
	const char *body;
} canned_answers[] = {
	{ "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", GH_CALL_OK, 200, "ok" },
	{ "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nX: y\r\n\r\n"
	  "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n",
	  GH_CALL_OK, 201, "" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\ncut", GH_CALL_BROKEN, 200, "cut" },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", GH_CALL_BROKEN,
	  200, "hello" },
	{ "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
	  GH_CALL_OK, 302, "" },
	{ "this is not HTTP\r\n\r\n", GH_CALL_BROKEN, 0, "" },
	{ "", GH_CALL_BROKEN, 0, "" },
	{ "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nzz", GH_CALL_OK,
	  200, "zz" },
};

static void odd_servers_are_told_from_good_ones(void **state)
{
	for (size_t i = 0; i < GH_ARRAY_LEN(canned_answers); i++) {
		struct canned canned = { .answer = canned_answers[i].answer };
		char url[100];
		canned.fd = listen_somewhere(&canned.port);
		snprintf(url, sizeof url, "http://127.0.0.1:%u/", canned.port);
		pthread_create(&canned.thread, NULL, serve_canned, &canned);
		struct probe *probe = begin_at(state, i, url, (struct gh_call_request){ 0 });
		run(state);
		pthread_join(canned.thread, NULL);
		close(canned.fd);
		if (probe->result != canned_answers[i].result)
			fail_msg("answer %zu gave %s", i, gh_call_result_name(probe->result));
		assert_int_equal(probe->status, canned_answers[i].status);
		assert_string_equal(gh_buf_cstr(&probe->body), canned_answers[i].body);
	}
}

static void a_server_that_is_not_there_is_a_connect_failure(void **state)
{
	uint16_t port;
	char url[100];

	close(listen_somewhere(&port));
	snprintf(url, sizeof url, "http://127.0.0.1:%u/", port);
	struct probe *refused = begin_at(state, 0, url, (struct gh_call_request){ 0 });
	struct probe *unknown =
	    begin_at(state, 1, "http://no-such-host.invalid/", (struct gh_call_request){ 0 });
	run(state);
	assert_int_equal(refused->result, GH_CALL_CONNECT);
	assert_false(refused->was_sent);
	assert_int_equal(unknown->result, GH_CALL_CONNECT);
}

static void a_connection_that_does_not_come_about_times_out(void **state)
{
	int listener, filler[16];
	struct sockaddr_in address = { .sin_family = AF_INET };
	uint16_t port;
	char url[100];

	/* A backlog that is full and never emptied: further SYNs are dropped. */
	listener = listen_somewhere(&port);
	listen(listener, 0);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.sin_port = htons(port);
	for (size_t i = 0; i < GH_ARRAY_LEN(filler); i++) {
		filler[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		(void)connect(filler[i], (struct sockaddr *)&address, sizeof address);
	}
	snprintf(url, sizeof url, "http://127.0.0.1:%u/", port);
	struct probe *probe =
	    begin_at(state, 0, url, (struct gh_call_request){ .connect_timeout_ms = 150 });
	run(state);
	assert_int_equal(probe->result, GH_CALL_CONNECT_TIMEOUT);
	assert_false(probe->was_sent);
	for (size_t i = 0; i < GH_ARRAY_LEN(filler); i++)
		close(filler[i]);
	close(listener);
}

static void what_could_split_a_request_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct gh_call *call;
	static const char *const urls[] = { "file:///etc/passwd", "ftp://a/",    "gopher://a/",
		                            "http://a/\r\nX: y",  "http://a/ b", "//a/",
		                            "http://a/\x7f" };
	static const struct gh_http_field bad[] = {
		{ GH_SLICE("X"), GH_SLICE("a\r\nY: b") },
		{ GH_SLICE("X Y"), GH_SLICE("a") },
		{ GH_SLICE("X:"), GH_SLICE("a") },
		{ GH_SLICE("Host"), GH_SLICE("b") },
		{ GH_SLICE(""), GH_SLICE("b") },
		{ GH_SLICE("content-length"), GH_SLICE("1") },
	};

	for (size_t i = 0; i < GH_ARRAY_LEN(urls); i++) {
		const struct gh_call_request request = { .method = "GET", .url = urls[i] };
		assert_code(gh_client_call(fixture->client, &request, &callbacks, NULL, &call),
		            GH_E_ARGUMENT);
	}
	for (size_t i = 0; i < GH_ARRAY_LEN(bad); i++) {
		const struct gh_call_request request = {
			.method = "GET", .url = "http://a/", .fields = &bad[i], .field_count = 1
		};
		assert_code(gh_client_call(fixture->client, &request, &callbacks, NULL, &call),
		            GH_E_ARGUMENT);
	}
	const struct gh_call_request method = { .method = "GET / HTTP/1.1\r\nX:",
		                                .url = "http://a/" };
	assert_code(gh_client_call(fixture->client, &method, &callbacks, NULL, &call),
	            GH_E_ARGUMENT);
}

#define PLAIN(test)                                                                                \
	{                                                                                          \
#test " (plain)", test, start_plain, finish, NULL                                  \
	}
#define TLS(test)                                                                                  \
	{                                                                                          \
#test " (TLS)", test, start_tls, finish, NULL                                      \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAIN(a_call_brings_head_and_body),
		TLS(a_call_brings_head_and_body),
		PLAIN(bodies_are_sent_with_every_method),
		PLAIN(a_large_body_goes_and_comes_back),
		TLS(a_large_body_goes_and_comes_back),
		PLAIN(the_next_call_uses_the_same_connection),
		TLS(the_next_call_uses_the_same_connection),
		PLAIN(many_calls_at_once_all_end),
		TLS(many_calls_at_once_all_end),
		PLAIN(events_arrive_as_they_are_sent),
		TLS(events_arrive_as_they_are_sent),
		PLAIN(a_paused_call_slows_its_server_down),
		TLS(a_paused_call_slows_its_server_down),
		PLAIN(a_cancelled_call_calls_nobody_and_is_noticed_by_the_server),
		TLS(a_cancelled_call_calls_nobody_and_is_noticed_by_the_server),
		PLAIN(timeouts_are_told_apart),
		PLAIN(an_answer_over_the_limit_is_refused),
		PLAIN(a_cut_answer_is_not_a_whole_one),
		TLS(a_cut_answer_is_not_a_whole_one),
		TLS(an_untrusted_certificate_ends_the_call),
		TLS(trust_in_a_file_ends_with_the_call_that_named_it),
		PLAIN(odd_servers_are_told_from_good_ones),
		PLAIN(a_server_that_is_not_there_is_a_connect_failure),
		PLAIN(a_connection_that_does_not_come_about_times_out),
		PLAIN(what_could_split_a_request_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
