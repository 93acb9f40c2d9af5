/* The inference path: what gate 4 left of the body goes to the model's endpoint, the answer comes
 * back through the output side of gate 4. It waits for two things: the audit acknowledgement and
 * the upstream. The completing event is durable before the last byte goes to the client. */
#include "api/api.h"

#include "base/clock.h"
#include "base/json.h"
#include "net/sse.h"
#include "pii/chat_stream.h"

#define MAX_ANSWER_BYTES ((size_t)32 << 20)
#define MAX_EVENT_BYTES  ((size_t)1 << 20)

struct inference {
	struct gh_request *request;
	struct gh_call *call;
	struct gh_sse_reader *sse;
	struct gh_pii_chat_stream *stream;
	struct gh_buf answer; /* as it came, of one piece */
	struct gh_buf output; /* as it goes out; what is kept */
	struct gh_buf piece;
	unsigned upstream_status;
	bool streaming, begun, done_seen, paused, broken;
	uint64_t sent_ns;
	const char *outcome; /* for the completing event */
};

static void release_inference(struct gh_request *request)
{
	struct inference *inference = request->handler_state;

	gh_sse_reader_close(inference->sse);
	gh_pii_chat_stream_close(inference->stream);
	gh_buf_free(&inference->answer);
	gh_buf_free(&inference->output);
	gh_buf_free(&inference->piece);
}

/* ---- the end ---- */

static void completed_plain(struct gh_request *request)
{
	struct inference *inference = request->handler_state;

	if (request->gone)
		return;
	if (request->entry.code != GH_OK) {
		request->denial = (struct gh_denial){ .type = GH_PROBLEM_AUDIT_UNAVAILABLE,
			                              .gate = GH_GATE_AUDIT };
		gh_request_send_problem(request);
		return;
	}
	gh_request_send(request, inference->upstream_status, "application/json",
	                gh_buf_slice(&inference->output));
}

static void completed_stream(struct gh_request *request)
{
	struct inference *inference = request->handler_state;
	bool recorded = request->entry.code == GH_OK;

	if (request->gone)
		return;
	gh_buf_clear(&inference->piece);
	if (recorded && !inference->broken) {
		gh_buf_add_str(&inference->piece, "data: [DONE]\n\n");
	} else {
		const struct gh_problem problem = {
			.type = recorded ? GH_PROBLEM_UPSTREAM_ERROR : GH_PROBLEM_AUDIT_UNAVAILABLE,
		};
		const struct gh_problem_place place = { .base_url = request->gateway->base_url,
			                                .request_id = &request->id,
			                                .dialect = GH_DIALECT_OPENAI };
		gh_buf_add_str(&inference->piece, "data: ");
		gh_problem_write_stream(&problem, &place, &inference->piece);
		gh_buf_add_str(&inference->piece, "\n\n");
	}
	request->answered = true;
	gh_metrics_count(&request->gateway->metrics.responses[2], 1);
	if (gh_exchange_stream_write(request->exchange, gh_buf_slice(&inference->piece)) != GH_OK ||
	    gh_exchange_stream_end(request->exchange) != GH_OK)
		request->gone = true;
}

static struct gh_slice number(struct gh_request *request, uint64_t value)
{
	return gh_slice_str(gh_arena_printf(request->arena, "%llu", (unsigned long long)value));
}

static void complete(struct gh_request *request, void (*then)(struct gh_request *request))
{
	struct inference *inference = request->handler_state;
	struct gh_audit_attachment *attachments = NULL;
	GH_CLEANUP(gh_buf_free) struct gh_buf summary = { 0 };
	const char *outcome = gh_arena_printf(request->arena, "\"%s\"", inference->outcome);

	if (!gh_record_attachments(request, GH_AUDIT_OUTPUT, gh_buf_slice(&inference->output),
	                           &attachments))
		inference->broken = true;
	gh_pii_session_summary(request->pii, GH_PII_OUTPUT, &summary);
	for (int class = 0; class < GH_PII_CLASS_COUNT; class ++)
		gh_metrics_count(&request->gateway->metrics.pii_found[class],
		                 gh_pii_session_count(request->pii, GH_PII_OUTPUT, class));
	const struct gh_member extra[] = {
		{ "bytes_out", number(request, inference->output.len) },
		{ "duration_us",
		  number(request, (gh_clock_mono_ns() - request->started_ns) / 1000) },
		{ "outcome", gh_slice_str(outcome) },
		{ "pii", gh_buf_slice(&summary) },
		{ "status", number(request, inference->upstream_status) },
		{ "stream", inference->streaming ? GH_SLICE("true") : GH_SLICE("false") },
	};
	gh_record_members(request, extra, GH_ARRAY_LEN(extra));
	gh_record(request, "inference.completed", attachments, then);
}

/* ---- failures ---- */

static void deny_upstream(struct gh_request *request, enum gh_problem_type type, const char *reason)
{
	gh_metrics_count(&request->gateway->metrics.upstream_failures, 1);
	gh_request_deny(request, type, reason, NULL);
}

static void failed(struct gh_request *request, const struct gh_call_outcome *outcome)
{
	switch (outcome->result) {
	case GH_CALL_CONNECT_TIMEOUT:
	case GH_CALL_FIRST_BYTE_TIMEOUT:
	case GH_CALL_IDLE_TIMEOUT:
	case GH_CALL_TOTAL_TIMEOUT:
		deny_upstream(request, GH_PROBLEM_UPSTREAM_TIMEOUT,
		              gh_call_result_name(outcome->result));
		return;
	case GH_CALL_CONNECT:
	case GH_CALL_TLS:
	case GH_CALL_BAD_URL:
		deny_upstream(request, GH_PROBLEM_UPSTREAM_UNAVAILABLE,
		              gh_call_result_name(outcome->result));
		return;
	default:
		deny_upstream(request, GH_PROBLEM_UPSTREAM_ERROR,
		              gh_call_result_name(outcome->result));
		return;
	}
}

/* Statuses that mean something to the client; whatever else the upstream says is a 502. */
static bool passes_on(unsigned status)
{
	return (status >= 200 && status < 300) || status == 400 || status == 404 || status == 413 ||
	       status == 422 || status == 429;
}

static void finish_plain(struct inference *inference)
{
	struct gh_request *request = inference->request;

	if (inference->upstream_status == 401 || inference->upstream_status == 403) {
		deny_upstream(request, GH_PROBLEM_UPSTREAM_REFUSED, "upstream-credentials");
		return;
	}
	if (!passes_on(inference->upstream_status)) {
		deny_upstream(request, GH_PROBLEM_UPSTREAM_ERROR, "upstream-status");
		return;
	}
	gh_buf_init(&inference->output, inference->answer.len * 4 + 65536, true);
	if (gh_pii_rewrite_output(request->pii, gh_buf_slice(&inference->answer),
	                          &inference->output) != GH_OK) {
		/* What cannot be read cannot be let through. */
		deny_upstream(request, GH_PROBLEM_UPSTREAM_ERROR, "upstream-not-json");
		return;
	}
	inference->outcome = inference->upstream_status < 300 ? "done" : "upstream-error";
	complete(request, completed_plain);
}

/* ---- streams ---- */

static void push(struct inference *inference)
{
	struct gh_request *request = inference->request;

	if (inference->piece.len == 0)
		return;
	gh_buf_add_slice(&inference->output, gh_buf_slice(&inference->piece));
	if (gh_buf_check(&inference->output) != GH_OK) {
		/* What cannot be kept is not sent. */
		inference->broken = true;
		gh_buf_clear(&inference->piece);
		return;
	}
	if (!request->gone &&
	    gh_exchange_stream_write(request->exchange, gh_buf_slice(&inference->piece)) != GH_OK)
		request->gone = true;
	gh_buf_clear(&inference->piece);
}

static enum gh_code on_event(void *context, const struct gh_sse_event *event)
{
	struct inference *inference = context;

	if (gh_slice_eq_str(event->data, "[DONE]")) {
		inference->done_seen = true;
		return gh_pii_chat_stream_flush(inference->stream, &inference->piece);
	}
	return gh_pii_chat_stream_event(inference->stream, event->data, &inference->piece);
}

static void feed(struct inference *inference, struct gh_slice bytes)
{
	struct gh_request *request = inference->request;

	if (inference->broken || inference->done_seen)
		return;
	if (gh_sse_feed(inference->sse, bytes, on_event, inference) != GH_OK)
		inference->broken = true;
	push(inference);
	if (!request->gone && !inference->paused &&
	    gh_exchange_queued(request->exchange) > gh_server_limits_default.high_water_bytes) {
		inference->paused = true;
		gh_call_pause(inference->call);
	}
}

static void drained(struct gh_request *request)
{
	struct inference *inference = request->handler_state;

	if (inference->paused && inference->call) {
		inference->paused = false;
		gh_call_resume(inference->call);
	}
}

static void begin_stream(struct inference *inference)
{
	struct gh_request *request = inference->request;
	const struct gh_http_field fields[] = {
		{ GH_SLICE("content-type"), GH_SLICE("text/event-stream; charset=utf-8") },
		{ GH_SLICE("cache-control"), GH_SLICE("no-cache, no-transform") },
		{ GH_SLICE("x-accel-buffering"), GH_SLICE("no") },
		{ GH_SLICE("x-request-id"), gh_slice_str(request->id_text) },
		{ GH_SLICE("traceparent"), request->traceparent },
	};

	gh_buf_init(&inference->output, MAX_ANSWER_BYTES, true);
	inference->piece.secret = true;
	inference->broken = gh_sse_reader_open(MAX_EVENT_BYTES, &inference->sse) != GH_OK ||
	                    gh_pii_chat_stream_open(request->pii, &inference->stream) != GH_OK;
	inference->begun = true;
	if (gh_exchange_stream_begin(request->exchange, inference->upstream_status, fields,
	                             GH_ARRAY_LEN(fields)) != GH_OK)
		request->gone = true;
}

static void finish_stream(struct inference *inference, bool whole)
{
	if (!inference->broken && !inference->done_seen) {
		/* Ended without its mark: what was held back still belongs to the client. */
		if (gh_pii_chat_stream_flush(inference->stream, &inference->piece) != GH_OK)
			inference->broken = true;
		push(inference);
		inference->broken = inference->broken || !whole;
	}
	inference->outcome = inference->broken ? "stream-broken" : "done";
	complete(inference->request, completed_stream);
}

/* ---- the call ---- */

static bool is_event_stream(const struct gh_http_field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (gh_slice_eq_nocase(fields[i].name, GH_SLICE("content-type")))
			return gh_slice_starts_with(fields[i].value, GH_SLICE("text/event-stream"));
	return false;
}

static void on_head(struct gh_call *call, void *user, unsigned status,
                    const struct gh_http_field *fields, size_t count)
{
	struct inference *inference = user;

	inference->upstream_status = status;
	inference->streaming = status == 200 && is_event_stream(fields, count);
	if (inference->streaming)
		begin_stream(inference);
}

static void on_data(struct gh_call *call, void *user, struct gh_slice piece)
{
	struct inference *inference = user;

	if (!inference->streaming) {
		gh_buf_add_slice(&inference->answer, piece);
		return;
	}
	feed(inference, piece);
	if (!inference->broken)
		return;
	/* Nothing of what may still come will be let through: the client need not wait for it. */
	gh_call_cancel(call);
	inference->call = NULL;
	inference->request->pending = false;
	finish_stream(inference, false);
}

static void on_done(struct gh_call *call, void *user, const struct gh_call_outcome *outcome)
{
	struct inference *inference = user;
	struct gh_request *request = inference->request;
	uint64_t now = gh_clock_mono_ns();

	inference->call = NULL;
	request->pending = false;
	if (inference->begun)
		finish_stream(inference, outcome->result == GH_CALL_OK);
	else if (outcome->result != GH_CALL_OK)
		failed(request, outcome);
	else
		finish_plain(inference);
	/* All that was not the upstream's time. */
	request->overhead_ns += gh_clock_mono_ns() - now;
	gh_metrics_observe(&request->gateway->metrics.overhead, request->overhead_ns);
	gh_request_settle(request);
}

static const struct gh_call_callbacks callbacks = { on_head, on_data, on_done };

/* The client left: the upstream need not go on, and the record says how it ended. */
static void client_gone(struct gh_request *request)
{
	struct inference *inference = request->handler_state;

	if (!inference->call)
		return;
	gh_call_cancel(inference->call);
	inference->call = NULL;
	request->pending = false;
	inference->outcome = "client-gone";
	complete(request, inference->begun ? completed_stream : completed_plain);
}

static gh_result start_call(struct inference *inference)
{
	struct gh_request *request = inference->request;
	const struct gh_upstream *upstream = &request->gateway->upstream;
	struct gh_slice path = gh_slice_sub(request->head->path, 3, request->head->path.len);
	struct gh_http_field fields[5];
	size_t count = 0;

	fields[count++] =
	    (struct gh_http_field){ GH_SLICE("content-type"), GH_SLICE("application/json") };
	fields[count++] =
	    (struct gh_http_field){ GH_SLICE("x-request-id"), gh_slice_str(request->id_text) };
	if (upstream->authorization)
		fields[count++] = (struct gh_http_field){ GH_SLICE("authorization"),
			                                  gh_slice_str(upstream->authorization) };
	fields[count++] = (struct gh_http_field){ GH_SLICE("traceparent"), request->traceparent };
	const struct gh_call_request call = {
		.method = request->match.route->method,
		.url = gh_arena_printf(request->arena, "%s%.*s", upstream->base_url,
		                       GH_SLICE_ARG(path)),
		.fields = fields,
		.field_count = count,
		.body = gh_buf_slice(&request->body),
		.has_body = request->match.route->has_body,
		.ca_file = upstream->ca_file,
		.max_response_bytes = MAX_ANSWER_BYTES,
	};
	return gh_client_call(request->front->client, &call, &callbacks, inference,
	                      &inference->call);
}

void gh_api_inference(struct gh_request *request)
{
	struct inference *inference = gh_arena_alloc(request->arena, sizeof *inference);

	if (!inference) {
		gh_request_deny(request, GH_PROBLEM_INTERNAL, "memory", NULL);
		return;
	}
	inference->request = request;
	gh_buf_init(&inference->answer, MAX_ANSWER_BYTES, true);
	inference->sent_ns = gh_clock_mono_ns();
	request->handler_state = inference;
	request->release_handler = release_inference;
	request->client_gone = client_gone;
	request->drained = drained;
	if (request->gone) {
		inference->outcome = "client-gone";
		complete(request, completed_plain);
		return;
	}
	if (start_call(inference) != GH_OK) {
		deny_upstream(request, GH_PROBLEM_UPSTREAM_UNAVAILABLE, "call");
		return;
	}
	request->pending = true;
}
