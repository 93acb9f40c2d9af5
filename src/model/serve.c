/* serve.c: the demo model on the wire: plain HTTP on the loopback address, on the net room's
 * server. All of an answer's events are queued at once: they are small and bounded. */
#include "model/model.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <event2/event.h>

#include "base/log.h"
#include "model/answer.h"
#include "net/loop.h"
#include "net/server.h"

#define USAGE           "usage: gatehouse model --port N\n"
#define BODY_BYTES      ((size_t)16 << 20)
#define STOP_GRACE_MS   5000
#define SIGNALS_WATCHED 2

struct gh_front {
	struct gh_loop *loop;
	struct gh_server *server;
	struct event *signals[SIGNALS_WATCHED];
	bool stopping;
};

static const struct gh_http_field json_fields[] = {
	{ .name = GH_SLICE("Content-Type"), .value = GH_SLICE("application/json") },
};
static const struct gh_http_field stream_fields[] = {
	{ .name = GH_SLICE("Content-Type"), .value = GH_SLICE("text/event-stream") },
	{ .name = GH_SLICE("Cache-Control"), .value = GH_SLICE("no-cache") },
};

static gh_result send_answer(struct gh_exchange *exchange, const struct gh_model_answer *answer)
{
	struct gh_slice body = gh_buf_slice(&answer->body);
	size_t at = 0;

	if (!answer->stream)
		return gh_exchange_respond(exchange, (unsigned)answer->status, json_fields,
		                           GH_ARRAY_LEN(json_fields), body);
	GH_TRY(gh_exchange_stream_begin(exchange, 200, stream_fields, GH_ARRAY_LEN(stream_fields)));
	for (size_t i = 0; i < answer->part_count; at = answer->part_end[i++])
		GH_TRY(gh_exchange_stream_write(exchange,
		                                gh_slice_sub(body, at, answer->part_end[i] - at)));
	return gh_exchange_stream_end(exchange);
}

/* What goes wrong here is memory, or a client that left: either way its connection is cut. */
static void settle(struct gh_exchange *exchange, enum gh_code code)
{
	if (code == GH_OK || !gh_exchange_is_open(exchange))
		return;
	gh_log_error("model.answer-failed");
	gh_exchange_abort(exchange);
}

static void on_head(struct gh_exchange *exchange)
{
	struct gh_model_answer refusal = { 0 };
	enum gh_code code = gh_exchange_accept_body(exchange, BODY_BYTES);

	if (code == GH_E_LIMIT) {
		gh_buf_add_str(&refusal.body,
		               "{\"error\":{\"message\":\"the body is over 16 MiB\",\"type\":"
		               "\"invalid_request_error\",\"param\":null,\"code\":null}}");
		refusal.status = 413;
		code = send_answer(exchange, &refusal);
		gh_model_answer_free(&refusal);
	}
	settle(exchange, code);
}

static void on_body(struct gh_exchange *exchange, struct gh_slice body)
{
	const struct gh_http_head *head = gh_exchange_head(exchange);
	struct gh_model_answer answer = { 0 };
	enum gh_code code = gh_model_answer(head->method_text, head->target, body, &answer);

	if (code == GH_OK)
		code = send_answer(exchange, &answer);
	gh_model_answer_free(&answer);
	settle(exchange, code);
}

static const struct gh_server_callbacks callbacks = { .on_head = on_head, .on_body = on_body };

static void on_stopped(void *context)
{
	struct gh_front *front = context;

	gh_loop_stop(front->loop);
}

static void on_signal(evutil_socket_t number, short what, void *context)
{
	struct gh_front *front = context;

	if (!front->stopping)
		gh_server_stop(front->server, STOP_GRACE_MS, on_stopped, front);
	front->stopping = true;
}

static gh_result watch_signals(struct gh_front *front)
{
	static const int numbers[SIGNALS_WATCHED] = { SIGTERM, SIGINT };

	for (size_t i = 0; i < SIGNALS_WATCHED; i++) {
		front->signals[i] =
		    evsignal_new(gh_loop_base(front->loop), numbers[i], on_signal, front);
		GH_ENSURE(front->signals[i] && evsignal_add(front->signals[i], NULL) == 0,
		          GH_E_MEMORY, "cannot watch for signals");
	}
	return GH_OK;
}

static gh_result serve(struct gh_front *front, uint16_t port)
{
	const struct gh_server_config config = {
		.address = "127.0.0.1",
		.port = port,
		.callbacks = &callbacks,
		.front = front,
		.limits = gh_server_limits_default,
		.base_url = "http://127.0.0.1",
	};

	GH_TRY(gh_loop_open(&front->loop));
	GH_TRY(watch_signals(front));
	GH_TRY(gh_server_open(front->loop, &config, &front->server));
	printf("ready %u\n", gh_server_port(front->server));
	fflush(stdout);
	return gh_loop_run(front->loop);
}

static bool read_port(int argc, char **argv, uint16_t *port)
{
	uint64_t number;

	if (argc != 3 || strcmp(argv[1], "--port") != 0 ||
	    !gh_slice_to_u64(gh_slice_str(argv[2]), UINT16_MAX, &number))
		return false;
	*port = (uint16_t)number;
	return true;
}

int gh_cli_model(int argc, char **argv)
{
	struct gh_front front = { 0 };
	enum gh_code code;
	uint16_t port;

	if (!read_port(argc, argv, &port)) {
		fputs(USAGE, stderr);
		return 2;
	}
	code = serve(&front, port);
	if (code != GH_OK)
		fprintf(stderr, "gatehouse: the demo model cannot serve: %s\n",
		        gh_last_error()->text);
	gh_server_close(front.server);
	for (size_t i = 0; i < SIGNALS_WATCHED; i++)
		if (front.signals[i])
			event_free(front.signals[i]);
	gh_loop_close(front.loop);
	return code == GH_OK ? 0 : 1;
}
