/* Documents that anybody may read and that carry no tenant's data: health, metrics, keys, problem
 * pages and the transparency log. They pass no gate and have no effect. */
#include "api/api.h"

#include "audit/tiles.h"
#include "base/clock.h"
#include "base/json.h"

#define TILE_DEADLINE_NS 5000000000ull

static void send_text(struct gh_request *request, unsigned status, const char *type,
                      struct gh_slice body)
{
	gh_request_send(request, status, type, body);
}

void gh_api_health(struct gh_request *request)
{
	send_text(request, 200, "application/json", GH_SLICE("{\"status\":\"ok\"}\n"));
}

/* Ready: the log takes events. Everything else that a request needs is asked for on its way. */
void gh_api_ready(struct gh_request *request)
{
	struct gh_audit_metrics audit;
	bool ready = gh_audit_healthy(request->gateway->log) &&
	             !__atomic_load_n(&request->gateway->stopping, __ATOMIC_RELAXED);
	GH_CLEANUP(gh_buf_free) struct gh_buf out = { 0 };
	struct gh_json_writer json;
	static const char *const states[] = { "running", "away", "halted", "stopping" };

	gh_audit_metrics(request->gateway->log, &audit);
	gh_json_begin(&json, &out);
	gh_json_str(&json, "status", ready ? "ready" : "unavailable");
	gh_json_str(&json, "audit", states[audit.state]);
	gh_json_int(&json, "log_size", (int64_t)audit.size);
	gh_json_int(&json, "checkpoint_size", (int64_t)audit.checkpoint_size);
	gh_json_end(&json);
	gh_buf_add_byte(&out, '\n');
	send_text(request, ready ? 200 : 503, "application/json", gh_buf_slice(&out));
}

static void add_server_metrics(struct gh_request *request, struct gh_buf *out)
{
	struct gh_server_stats stats;

	/* Of this loop's server; a scrape meets one of them. */
	gh_server_stats(request->front->server, &stats);
	gh_metrics_line(out, "gatehouse_connections_open", "gauge", stats.connections_open);
	gh_metrics_line(out, "gatehouse_connections_total", "counter", stats.connections_accepted);
	gh_metrics_line(out, "gatehouse_requests_total", "counter", stats.requests);
	gh_metrics_line(out, "gatehouse_tls_failures_total", "counter", stats.tls_failures);
}

void gh_api_metrics(struct gh_request *request)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf out = { 0 };
	struct gh_audit_metrics audit;

	gh_metrics_render(&request->gateway->metrics, &out);
	gh_audit_metrics(request->gateway->log, &audit);
	gh_metrics_line(&out, "gatehouse_log_size", "gauge", audit.size);
	gh_metrics_line(&out, "gatehouse_log_checkpoint_size", "gauge", audit.checkpoint_size);
	gh_metrics_line(&out, "gatehouse_audit_queued", "gauge", audit.queued);
	gh_metrics_line(&out, "gatehouse_audit_batches_total", "counter", audit.batches);
	gh_metrics_line(&out, "gatehouse_audit_acked_total", "counter", audit.acked);
	gh_metrics_line(&out, "gatehouse_audit_refused_total", "counter", audit.refused);
	gh_metrics_line(&out, "gatehouse_audit_in_doubt_total", "counter", audit.in_doubt);
	gh_buf_addf(&out,
	            "# TYPE gatehouse_audit_commit_seconds_total counter\n"
	            "gatehouse_audit_commit_seconds_total %.9f\n",
	            (double)audit.commit_ns_sum / 1e9);
	gh_buf_addf(&out,
	            "# TYPE gatehouse_audit_build_seconds_total counter\n"
	            "gatehouse_audit_build_seconds_total %.9f\n",
	            (double)audit.build_ns_sum / 1e9);
	add_server_metrics(request, &out);
	send_text(request, 200, "text/plain; version=0.0.4; charset=utf-8", gh_buf_slice(&out));
}

void gh_api_jwks(struct gh_request *request)
{
	struct gh_access_keys *keys = gh_gateway_hold_access_keys(request->gateway);

	send_text(request, 200, "application/jwk-set+json", gh_buf_slice(&keys->json));
	gh_cached_release(&keys->cached);
}

/* RFC 8414. */
void gh_api_oauth_metadata(struct gh_request *request)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf out = { 0 };
	struct gh_json_writer json;
	const char *base = request->gateway->base_url;

	gh_json_begin(&json, &out);
	gh_json_str(&json, "issuer", request->gateway->issuer);
	gh_json_str(&json, "token_endpoint",
	            gh_arena_printf(request->arena, "%s/oauth2/token", base));
	gh_json_str(&json, "jwks_uri",
	            gh_arena_printf(request->arena, "%s/.well-known/jwks.json", base));
	gh_json_raw(&json, "grant_types_supported", GH_SLICE("[\"client_credentials\"]"));
	gh_json_raw(&json, "response_types_supported", GH_SLICE("[]"));
	gh_json_raw(&json, "token_endpoint_auth_methods_supported",
	            GH_SLICE("[\"client_secret_basic\"]"));
	gh_json_end(&json);
	send_text(request, 200, "application/json", gh_buf_slice(&out));
}

static bool wants_html(const struct gh_request *request)
{
	struct gh_slice accept;

	return gh_http_find(request->head, "accept", &accept) > 0 &&
	       memmem(accept.data, accept.len, "text/html", 9);
}

void gh_api_problems(struct gh_request *request)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf out = { 0 };
	bool html = wants_html(request);

	gh_problem_index(html, &out);
	send_text(request, 200, html ? "text/html; charset=utf-8" : "text/plain; charset=utf-8",
	          gh_buf_slice(&out));
}

static void not_found(struct gh_request *request)
{
	request->denial = (struct gh_denial){ .type = GH_PROBLEM_NOT_FOUND, .gate = -1 };
	gh_request_send_problem(request);
}

void gh_api_problem(struct gh_request *request)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf out = { 0 };
	bool html = wants_html(request);
	enum gh_problem_type type;

	if (gh_problem_find(request->match.parameter, &type) != GH_OK) {
		not_found(request);
		return;
	}
	gh_problem_page(type, html, &out);
	send_text(request, 200, html ? "text/html; charset=utf-8" : "text/plain; charset=utf-8",
	          gh_buf_slice(&out));
}

/* ---- the transparency log ---- */

static void tile_done(struct gh_loop_task *task)
{
	struct gh_request *request = GH_CONTAINER(task, struct gh_request, resume);
	enum gh_code code = (enum gh_code)request->step;

	request->pending = false;
	if (!request->gone) {
		if (code == GH_OK) {
			send_text(request, 200, request->reply.content_type,
			          gh_buf_slice(&request->reply.body));
		} else if (code == GH_E_NOT_FOUND || code == GH_E_FORMAT) {
			not_found(request);
		} else {
			request->denial =
			    (struct gh_denial){ .type = GH_PROBLEM_DATABASE_UNAVAILABLE,
				                .gate = -1 };
			gh_request_send_problem(request);
		}
	}
	gh_request_settle(request);
}

static void read_tile(void *context)
{
	struct gh_request *request = context;
	uint64_t deadline = gh_clock_mono_ns() + TILE_DEADLINE_NS;
	struct gh_db *db;
	bool immutable;

	enum gh_code code = gh_db_pool_take(request->gateway->app_pool, deadline, &db);
	if (code == GH_OK) {
		code = gh_tiles_get(db, request->match.parameter, deadline,
		                    &request->reply.content_type, &immutable, &request->reply.body);
		gh_db_pool_give(request->gateway->app_pool, db);
	}
	request->step = (int)code;
	request->resume.run = tile_done;
	gh_loop_post_task(request->front->loop, &request->resume);
}

/* The log's public key, for convenience: an auditor compares it with a copy from elsewhere. */
void gh_api_log_vkey(struct gh_request *request)
{
	send_text(
	    request, 200, "text/plain; charset=utf-8",
	    gh_slice_str(gh_arena_printf(request->arena, "%s\n", request->gateway->log_vkey)));
}

void gh_api_tiles(struct gh_request *request)
{
	request->pending = true;
	if (gh_workers_submit(request->gateway->public_workers, read_tile, request) == GH_OK)
		return;
	request->pending = false;
	request->denial = (struct gh_denial){ .type = GH_PROBLEM_OVERLOADED, .gate = -1 };
	gh_request_send_problem(request);
}
