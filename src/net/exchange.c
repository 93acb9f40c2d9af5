/* An exchange: the request as the caller sees it, from the end of its head until the caller lets
 * go. It owns the bytes that its slices point into, so that it stays readable when its connection
 * is long gone. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/secret.h"
#include "net/conn.h"

struct gh_exchange *gh_exchange_new(struct gh_conn *conn)
{
	struct gh_server *server = conn->server;
	struct gh_exchange *exchange = server->free_exchanges;

	if (exchange) {
		server->free_exchanges = exchange->next;
		server->kept_exchanges--;
	} else {
		exchange = malloc(sizeof *exchange);
		if (!exchange)
			return NULL;
	}
	memset(exchange, 0, offsetof(struct gh_exchange, head));
	exchange->server = server;
	exchange->conn = conn;
	exchange->loop = server->loop;
	exchange->front = server->config.front;
	exchange->references = 1;
	server->references++;
	return exchange;
}

struct gh_exchange *gh_exchange_hold(struct gh_exchange *exchange)
{
	exchange->references++;
	return exchange;
}

void gh_exchange_release(struct gh_exchange *exchange)
{
	struct gh_server *server;

	if (!exchange || --exchange->references > 0)
		return;
	server = exchange->server;
	gh_arena_free(exchange->arena);
	if (exchange->block)
		gh_server_free_block(server, exchange->block);
	if (exchange->body_own)
		gh_wipe(exchange->body_own, exchange->body_len);
	free(exchange->body_own);
	X509_free(exchange->certificate);
	if (!server->closed && server->kept_exchanges < GH_KEPT_MAX) {
		exchange->next = server->free_exchanges;
		server->free_exchanges = exchange;
		server->kept_exchanges++;
	} else {
		free(exchange);
	}
	gh_server_release(server);
}

void gh_exchange_end(struct gh_exchange *exchange)
{
	exchange->conn = NULL;
	gh_exchange_release(exchange);
}

const struct gh_http_head *gh_exchange_head(const struct gh_exchange *exchange)
{
	return &exchange->head;
}

const struct gh_uuid *gh_exchange_id(const struct gh_exchange *exchange)
{
	return &exchange->id;
}

struct gh_arena *gh_exchange_arena(struct gh_exchange *exchange)
{
	if (!exchange->arena)
		exchange->arena = gh_arena_new(exchange->server->config.limits.arena_bytes);
	return exchange->arena;
}

struct gh_loop *gh_exchange_loop(const struct gh_exchange *exchange)
{
	return exchange->loop;
}

struct gh_front *gh_exchange_front(const struct gh_exchange *exchange)
{
	return exchange->front;
}

const char *gh_exchange_peer(const struct gh_exchange *exchange)
{
	return exchange->peer;
}

uint64_t gh_exchange_started_ns(const struct gh_exchange *exchange)
{
	return exchange->started_ns;
}

uint64_t gh_exchange_bytes_out(const struct gh_exchange *exchange)
{
	return exchange->bytes_out;
}

bool gh_exchange_is_tls(const struct gh_exchange *exchange)
{
	return exchange->is_tls;
}

void gh_exchange_set_request(struct gh_exchange *exchange, struct gh_request *request)
{
	exchange->request = request;
}

struct gh_request *gh_exchange_request(const struct gh_exchange *exchange)
{
	return exchange->request;
}

X509 *gh_exchange_peer_certificate(const struct gh_exchange *exchange)
{
	return exchange->certificate;
}

long gh_exchange_peer_verify(const struct gh_exchange *exchange)
{
	return exchange->verify;
}

bool gh_exchange_is_open(const struct gh_exchange *exchange)
{
	return exchange->conn && !exchange->conn->broken;
}

size_t gh_exchange_queued(const struct gh_exchange *exchange)
{
	return exchange->conn ? gh_out_len(&exchange->conn->out) : 0;
}

gh_result gh_exchange_accept_body(struct gh_exchange *exchange, size_t max_bytes)
{
	static const struct gh_slice go_on = GH_SLICE("HTTP/1.1 100 Continue\r\n\r\n");
	const struct gh_http_head *head = &exchange->head;
	struct gh_conn *conn = exchange->conn;
	size_t limit = exchange->server->config.limits.body_bytes;

	GH_ENSURE(gh_exchange_is_open(exchange), GH_E_UNAVAILABLE, "the client is gone");
	GH_ENSURE(exchange->body_state == GH_BODY_WAITS && exchange->response == GH_RESPONSE_NONE,
	          GH_E_ARGUMENT, "a body can be accepted once, before the response");
	exchange->body_max = max_bytes < limit ? max_bytes : limit;
	GH_ENSURE(head->content_length <= exchange->body_max, GH_E_LIMIT,
	          "the announced body is over the limit");
	exchange->body_state = GH_BODY_READING;
	/* RFC 9110 section 10.1.1: not when some of it is here already. */
	if (head->expect_continue && (head->chunked || head->content_length > 0) &&
	    conn->in_end == conn->in_start)
		gh_wire_send(conn, go_on, gh_slice(NULL, 0));
	if (!conn->driving)
		gh_conn_schedule(conn);
	return GH_OK;
}

void gh_exchange_abort(struct gh_exchange *exchange)
{
	if (!exchange->conn)
		return;
	exchange->conn->broken = true;
	if (!exchange->conn->driving)
		gh_conn_schedule(exchange->conn);
}
