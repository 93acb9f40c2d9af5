/* The pipeline: every request, gate by gate, then its handler; and every way a request can end. The
 * only caller of gates and the only caller of handlers. */
#include "gates/request.h"

#include "base/clock.h"
#include "base/codec.h"
#include "base/json.h"
#include "base/log.h"
#include "base/secret.h"
#include "crypto/hash.h"

#define PROOF_NS 20000000ull /* how old gates 1 to 3 may be when the body is whole */

const struct gh_gate gh_gates[GH_GATE_COUNT] = {
	[GH_GATE_IDENTITY] = { "identity", gh_gate_identity },
	[GH_GATE_TOKEN] = { "token", gh_gate_token },
	[GH_GATE_TENANCY] = { "tenancy", gh_gate_tenancy },
	[GH_GATE_PII] = { "pii", gh_gate_pii },
	[GH_GATE_AUDIT] = { "audit", gh_gate_audit },
};

static void run(struct gh_request *request);

enum gh_verdict gh_gate_refuse(struct gh_request *request, enum gh_problem_type type,
                               const char *reason, const char *detail)
{
	request->denial =
	    (struct gh_denial){ .type = type, .detail = detail, .reason = reason, .gate = -1 };
	return GH_REFUSE;
}

/* ---- the end of a request ---- */

static void release(const struct gh_cached *value)
{
	gh_cached_release((struct gh_cached *)(uintptr_t)value);
}

void gh_request_settle(struct gh_request *request)
{
	if (request->pending || !(request->answered || request->gone) || !request->exchange)
		return;
	struct gh_exchange *exchange = request->exchange;
	request->exchange = NULL;
	if (request->release_handler)
		request->release_handler(request);
	if (request->waiter.value)
		gh_cached_release(request->waiter.value);
	if (request->api_key)
		release(&request->api_key->cached);
	if (request->tenant)
		release(&request->tenant->cached);
	if (request->data_key)
		release(&request->data_key->cached);
	gh_pii_session_close(request->pii);
	gh_buf_free(&request->body);
	gh_buf_free(&request->members);
	gh_buf_free(&request->reply.body);
	gh_buf_free(&request->reply.members);
	gh_exchange_set_request(exchange, NULL);
	gh_exchange_release(exchange);
}

/* What the server refuses to send must not leave the client waiting. */
static void give_up(struct gh_request *request)
{
	gh_exchange_abort(request->exchange);
	request->gone = true;
}

static void count_response(struct gh_request *request, unsigned status)
{
	gh_metrics_count(&request->gateway->metrics.responses[status / 100 % 6], 1);
}

void gh_request_send(struct gh_request *request, unsigned status, const char *content_type,
                     struct gh_slice body)
{
	char overhead[24];
	snprintf(overhead, sizeof overhead, "%llu",
	         (unsigned long long)(request->overhead_ns / 1000));
	const struct gh_http_field fields[] = {
		{ GH_SLICE("content-type"), gh_slice_str(content_type) },
		{ GH_SLICE("x-request-id"), gh_slice_str(request->id_text) },
		{ GH_SLICE("cache-control"), GH_SLICE("no-store") },
		{ GH_SLICE("x-gateway-overhead-us"), gh_slice_str(overhead) },
		{ GH_SLICE("traceparent"), request->traceparent },
	};

	request->answered = true;
	count_response(request, status);
	if (gh_exchange_respond(request->exchange, status, fields, GH_ARRAY_LEN(fields), body) !=
	    GH_OK)
		give_up(request);
}

/* RFC 9110 section 15.5.6: a 405 names what would do. */
static struct gh_slice allowed_methods(struct gh_request *request)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf out = { 0 };

	gh_route_methods(request->gateway->routes, request->gateway->route_count,
	                 request->head->path, &out);
	return gh_arena_copy(request->arena, gh_buf_slice(&out));
}

void gh_request_send_problem(struct gh_request *request)
{
	const struct gh_denial *denial = &request->denial;
	const struct gh_problem problem = {
		.type = denial->type,
		.detail = denial->detail,
		.gate = denial->gate >= 0 ? gh_gates[denial->gate].name : NULL,
	};
	const struct gh_problem_place place = {
		.base_url = request->gateway->base_url,
		.request_id = &request->id,
		.dialect = request->match.route ? request->match.route->dialect : GH_DIALECT_OPENAI,
	};

	GH_CLEANUP(gh_buf_free) struct gh_buf body = { 0 };
	struct gh_http_field fields[GH_PROBLEM_FIELDS_MAX + 2];
	struct gh_problem_head head;

	gh_problem_head(&problem, &place, &head);
	gh_problem_write(&problem, &place, &body);
	memcpy(fields, head.fields, head.count * sizeof fields[0]);
	size_t count = head.count;
	fields[count++] = (struct gh_http_field){ GH_SLICE("traceparent"), request->traceparent };
	if (denial->type == GH_PROBLEM_METHOD_NOT_ALLOWED)
		fields[count++] =
		    (struct gh_http_field){ GH_SLICE("allow"), allowed_methods(request) };
	request->answered = true;
	count_response(request, head.status);
	if (gh_exchange_respond(request->exchange, head.status, fields, count,
	                        gh_buf_slice(&body)) != GH_OK)
		give_up(request);
}

/* The refusal is on record, or could not be put there: then that is what the caller is told. */
static void refusal_recorded(struct gh_request *request)
{
	if (request->gone)
		return;
	if (request->entry.code != GH_OK)
		request->denial = (struct gh_denial){ .type = GH_PROBLEM_AUDIT_UNAVAILABLE,
			                              .reason = "audit-unavailable",
			                              .gate = GH_GATE_AUDIT };
	gh_request_send_problem(request);
}

static struct gh_slice quoted(struct gh_request *request, const char *text)
{
	struct gh_buf out = { 0 };

	gh_json_add_string(&out, gh_slice_str(text));
	struct gh_slice copy = gh_arena_copy(request->arena, gh_buf_slice(&out));
	gh_buf_free(&out);
	return copy;
}

static void record_refusal(struct gh_request *request, int gate, const char *kind)
{
	const struct gh_problem_info *info = gh_problem_info(request->denial.type);
	char *status = gh_arena_printf(request->arena, "%u", info->status);
	const struct gh_member extra[] = {
		{ "gate", gate >= 0 ? quoted(request, gh_gates[gate].name) : gh_slice(NULL, 0) },
		{ "outcome", GH_SLICE("\"refused\"") },
		{ "problem", quoted(request, info->slug) },
		{ "reason", quoted(request, request->denial.reason) },
		{ "status", gh_slice_str(status) },
	};

	request->denied = true;
	request->denial.gate = gate;
	if (gate >= 0)
		gh_metrics_count(&request->gateway->metrics.refused[gate], 1);
	gh_record_members(request, extra, GH_ARRAY_LEN(extra));
	gh_record(request, kind, NULL, refusal_recorded);
}

/* Gate 5 itself failed: there is nowhere to put that on record. */
static void refuse_at(struct gh_request *request, int gate)
{
	if (gate == GH_GATE_AUDIT && request->denial.type == GH_PROBLEM_AUDIT_UNAVAILABLE) {
		request->denied = true;
		request->denial.gate = gate;
		gh_metrics_count(&request->gateway->metrics.refused[gate], 1);
		gh_request_send_problem(request);
		return;
	}
	record_refusal(request, gate, "request.refused");
}

static const char *completed_kind(const struct gh_request *request)
{
	return strcmp(request->match.route->action, "inference") == 0 ? "inference.completed"
	                                                              : "request.completed";
}

void gh_request_deny(struct gh_request *request, enum gh_problem_type type, const char *reason,
                     const char *detail)
{
	(void)gh_gate_refuse(request, type, reason, detail);
	record_refusal(request, -1, completed_kind(request));
}

static void reply_recorded(struct gh_request *request)
{
	const struct gh_reply *reply = &request->reply;

	if (request->gone)
		return;
	if (request->entry.code != GH_OK) {
		refusal_recorded(request);
		return;
	}
	gh_request_send(request, reply->status,
	                reply->content_type ? reply->content_type : "application/json",
	                gh_buf_slice(&reply->body));
}

void gh_request_finish(struct gh_request *request)
{
	char *status = gh_arena_printf(request->arena, "%u", request->reply.status);
	const struct gh_member extra[] = {
		{ "details", gh_buf_slice(&request->reply.members) },
		{ "outcome", GH_SLICE("\"done\"") },
		{ "status", gh_slice_str(status) },
	};

	struct gh_audit_attachment *vault;

	/* Tokens that the handler made are in the vault before anybody sees them. */
	if (!gh_record_attachments(request, GH_AUDIT_OUTPUT, gh_slice(NULL, 0), &vault)) {
		gh_request_deny(request, GH_PROBLEM_PAYLOAD_TOO_LARGE, "too-many-findings", NULL);
		return;
	}
	gh_record_members(request, extra, GH_ARRAY_LEN(extra));
	gh_record(request, completed_kind(request), vault, reply_recorded);
}

/* ---- the way in ---- */

void gh_pipeline_resume(struct gh_request *request)
{
	/* Once an effect may follow, a vanished client does not stop what must be on record. */
	if (request->gone && !request->admitted)
		return;
	run(request);
}

static void on_answer_posted(struct gh_loop_task *task)
{
	struct gh_request *request = GH_CONTAINER(task, struct gh_request, resume);

	request->pending = false;
	gh_pipeline_resume(request);
	gh_request_settle(request);
}

/* On a worker thread. */
static void on_cache_answer(struct gh_cache_waiter *waiter)
{
	struct gh_request *request = GH_CONTAINER(waiter, struct gh_request, waiter);

	request->resume.run = on_answer_posted;
	gh_loop_post_task(request->front->loop, &request->resume);
}

/* A blocking handler: on a worker thread, and back. */
static void blocking_done(struct gh_loop_task *task)
{
	struct gh_request *request = GH_CONTAINER(task, struct gh_request, resume);

	request->pending = false;
	if (request->denied)
		record_refusal(request, -1, completed_kind(request));
	else
		gh_request_finish(request);
	gh_request_settle(request);
}

static void run_blocking(void *context)
{
	struct gh_request *request = context;

	request->match.route->handle(request);
	request->resume.run = blocking_done;
	gh_loop_post_task(request->front->loop, &request->resume);
}

static void hand_over(struct gh_request *request)
{
	const struct gh_route *route = request->match.route;

	if (route->kind != GH_ROUTE_BLOCKING) {
		route->handle(request);
		return;
	}
	gh_buf_init(&request->reply.body, (size_t)64 << 20, true);
	request->pending = true;
	if (gh_workers_submit(request->gateway->handlers, run_blocking, request) != GH_OK) {
		request->pending = false;
		gh_request_deny(request, GH_PROBLEM_OVERLOADED, "workers-busy", NULL);
	}
}

/* What is compressed or is no JSON cannot be scanned, so it is not let in. */
static bool is_readable(const struct gh_request *request)
{
	struct gh_slice type, encoding, rest;

	if (!request->match.route->has_body)
		return true;
	if (gh_http_find(request->head, "content-encoding", &encoding) > 0 &&
	    !gh_slice_eq_nocase(encoding, GH_SLICE("identity")))
		return false;
	if (gh_http_find(request->head, "content-type", &type) == 0)
		return true;
	gh_slice_split(type, ';', &type, &rest);
	return gh_slice_eq_nocase(gh_slice_trim(type), GH_SLICE("application/json"));
}

/* Between gates 3 and 4. */
static void want_body(struct gh_request *request)
{
	const struct gh_route *route = request->match.route;
	size_t limit = route->max_body_bytes ? route->max_body_bytes : SIZE_MAX;

	if (!is_readable(request)) {
		(void)gh_gate_refuse(
		    request, GH_PROBLEM_UNSUPPORTED_MEDIA_TYPE, "media-type",
		    "The body must be plain JSON: Content-Type application/json, no "
		    "Content-Encoding.");
		refuse_at(request, GH_GATE_PII);
		return;
	}

	request->proven_ns = gh_clock_mono_ns();
	switch (gh_exchange_accept_body(request->exchange, limit)) {
	case GH_OK: return;
	case GH_E_LIMIT:
		(void)gh_gate_refuse(request, GH_PROBLEM_PAYLOAD_TOO_LARGE, "content-length", NULL);
		refuse_at(request, GH_GATE_PII);
		return;
	default: request->gone = true;
	}
}

static void run(struct gh_request *request)
{
	while (request->gate < GH_GATE_COUNT) {
		int gate = request->gate;
		if (gate == GH_GATE_PII && !request->raw_body.data) {
			want_body(request);
			return;
		}
		uint64_t before = gh_clock_mono_ns();
		enum gh_verdict verdict = gh_gates[gate].enter(request);
		uint64_t spent = gh_clock_mono_ns() - before;
		gh_metrics_observe(&request->gateway->metrics.gate[gate], spent);
		switch (verdict) {
		case GH_PASS:
			request->gate++;
			request->step = 0;
			break;
		case GH_REFUSE: refuse_at(request, gate); return;
		case GH_WAIT: request->pending = true; return;
		}
	}
	request->overhead_ns = gh_clock_mono_ns() - request->started_ns;
	hand_over(request);
}

/* Ids of others: short, and of characters that no log or header minds. */
static struct gh_slice checked_id(struct gh_slice raw)
{
	if (raw.len > 128)
		return gh_slice(NULL, 0);
	for (size_t i = 0; i < raw.len; i++) {
		uint8_t c = raw.data[i];
		bool fine = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
		            (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.' || c == ':';
		if (!fine)
			return gh_slice(NULL, 0);
	}
	return raw;
}

/* W3C Trace Context, version 00: the caller's trace when it is well formed, a new one otherwise;
 * the span is ours. */
static void set_traceparent(struct gh_request *request)
{
	struct gh_slice value;
	uint8_t random[24];
	char hex[49];
	bool fits = gh_http_find(request->head, "traceparent", &value) == 1 && value.len == 55 &&
	            memcmp(value.data, "00-", 3) == 0 && value.data[35] == '-' &&
	            value.data[52] == '-';

	gh_random(random, sizeof random);
	gh_hex_encode(gh_slice(random, sizeof random), hex);
	for (size_t i = 3; fits && i < 35; i++)
		fits = (value.data[i] >= '0' && value.data[i] <= '9') ||
		       (value.data[i] >= 'a' && value.data[i] <= 'f');
	fits = fits && memcmp(value.data + 3, "00000000000000000000000000000000", 32) != 0;
	request->traceparent = gh_slice_str(
	    fits ? gh_arena_printf(request->arena, "00-%.32s-%.16s-01",
	                           (const char *)value.data + 3, hex + 32)
	         : gh_arena_printf(request->arena, "00-%.32s-%.16s-01", hex, hex + 32));
}

static void start(struct gh_request *request)
{
	const struct gh_http_head *head = request->head;
	struct gh_slice value;

	if (gh_http_find(head, "x-request-id", &value) == 1)
		request->client_request_id = checked_id(value);
	set_traceparent(request);
	request->match = gh_route_find(request->gateway->routes, request->gateway->route_count,
	                               head->method_text, head->path);
	if (!request->match.route) {
		(void)gh_gate_refuse(request,
		                     request->match.path_exists ? GH_PROBLEM_METHOD_NOT_ALLOWED
		                                                : GH_PROBLEM_NOT_FOUND,
		                     request->match.path_exists ? "method" : "route", NULL);
		record_refusal(request, -1, "request.refused");
		return;
	}
	if (request->match.route->kind == GH_ROUTE_PUBLIC) {
		request->match.route->handle(request);
		return;
	}
	run(request);
}

static void on_head(struct gh_exchange *exchange)
{
	struct gh_front *front = gh_exchange_front(exchange);
	struct gh_arena *arena = gh_exchange_arena(exchange);
	struct gh_request *request = arena ? gh_arena_alloc(arena, sizeof *request) : NULL;

	if (!request) {
		gh_exchange_abort(exchange);
		return;
	}
	request->gateway = front->gateway;
	request->front = front;
	request->exchange = gh_exchange_hold(exchange);
	request->arena = arena;
	request->head = gh_exchange_head(exchange);
	request->id = *gh_exchange_id(exchange);
	gh_uuid_format(&request->id, request->id_text);
	request->started_ns = gh_exchange_started_ns(exchange);
	request->waiter.answered = on_cache_answer;
	gh_exchange_set_request(exchange, request);
	start(request);
	gh_request_settle(request);
}

/* What was proven at the head is old when the body took its time: a revocation does not wait for
 * slow senders, so they pass the first three gates again. */
static void prove_again(struct gh_request *request)
{
	if (gh_clock_mono_ns() - request->proven_ns < PROOF_NS)
		return;
	if (request->api_key)
		release(&request->api_key->cached);
	if (request->tenant)
		release(&request->tenant->cached);
	if (request->data_key)
		release(&request->data_key->cached);
	request->api_key = NULL;
	request->tenant = NULL;
	request->data_key = NULL;
	request->claims = NULL;
	request->decision = gh_slice(NULL, 0);
	request->pii_policy = NULL;
	request->raw_token = gh_slice(NULL, 0);
	request->gate = GH_GATE_IDENTITY;
	request->step = 0;
}

static void on_body(struct gh_exchange *exchange, struct gh_slice body)
{
	struct gh_request *request = gh_exchange_request(exchange);

	if (!request || request->denied || request->answered)
		return;
	request->raw_body = body.data ? body : GH_SLICE("");
	prove_again(request);
	run(request);
	gh_request_settle(request);
}

static void on_body_refused(struct gh_exchange *exchange, enum gh_problem_type problem,
                            const char *reason)
{
	struct gh_request *request = gh_exchange_request(exchange);

	if (!request || request->denied || request->answered)
		return;
	(void)gh_gate_refuse(request, problem, reason, NULL);
	refuse_at(request, GH_GATE_PII);
	gh_request_settle(request);
}

static void on_done(struct gh_exchange *exchange)
{
	struct gh_request *request = gh_exchange_request(exchange);

	if (!request)
		return;
	request->answered = true;
	gh_request_settle(request);
}

static void on_gone(struct gh_exchange *exchange)
{
	struct gh_request *request = gh_exchange_request(exchange);

	if (!request)
		return;
	request->gone = true;
	if (request->client_gone)
		request->client_gone(request);
	gh_request_settle(request);
}

static void on_drain(struct gh_exchange *exchange)
{
	struct gh_request *request = gh_exchange_request(exchange);

	if (request && request->drained)
		request->drained(request);
}

const struct gh_server_callbacks gh_pipeline_callbacks = {
	.on_head = on_head,
	.on_body = on_body,
	.on_body_refused = on_body_refused,
	.on_drain = on_drain,
	.on_done = on_done,
	.on_gone = on_gone,
	.on_malformed = gh_malformed_refused,
};
