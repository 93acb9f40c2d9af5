/* The body of a request, after the caller asked for it: behind the head in the same block when it
 * fits there, else in memory of its own. Never more of it than was announced or allowed. */
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "net/conn.h"

void gh_conn_refuse_body(struct gh_conn *conn, enum gh_problem_type problem, const char *reason)
{
	struct gh_exchange *exchange = conn->exchange;
	const struct gh_server_callbacks *callbacks = conn->server->config.callbacks;

	exchange->body_state = GH_BODY_REFUSED;
	conn->keep_alive = false;
	gh_count(&conn->server->stats.refused[problem], 1);
	gh_server_set_phase(conn, GH_PHASE_NONE);
	if (callbacks->on_body_refused) {
		callbacks->on_body_refused(exchange, problem, reason);
		return;
	}
	const struct gh_problem answer = { .type = problem };
	const struct gh_problem_place place = { conn->server->config.base_url, &exchange->id,
		                                GH_DIALECT_PLAIN };
	if (gh_exchange_respond_problem(exchange, &answer, &place) != GH_OK)
		conn->broken = true;
}

static void deliver(struct gh_conn *conn, uint8_t *data, size_t len)
{
	struct gh_exchange *exchange = conn->exchange;

	exchange->body_state = GH_BODY_DELIVERED;
	if (conn->phase != GH_PHASE_NONE)
		gh_server_set_phase(conn, GH_PHASE_NONE);
	conn->server->config.callbacks->on_body(exchange, gh_slice(data, len));
}

/* Room for `need` body bytes in memory of its own. */
static bool grow_body(struct gh_exchange *exchange, size_t need, bool exact)
{
	size_t capacity = exchange->body_own_capacity ? exchange->body_own_capacity : 4096;
	uint8_t *data;

	if (need <= exchange->body_own_capacity)
		return true;
	while (capacity < need)
		capacity *= 2;
	data = malloc(exact ? need : capacity);
	if (!data)
		return false;
	if (exchange->body_own) {
		memcpy(data, exchange->body_own, exchange->body_len);
		gh_wipe(exchange->body_own, exchange->body_len);
		free(exchange->body_own);
	}
	exchange->body_own = data;
	exchange->body_own_capacity = exact ? need : capacity;
	return true;
}

/* Nothing came: waits under the body's deadline, or has the driver end the exchange. */
static bool nothing_read(struct gh_conn *conn, ssize_t n)
{
	if (n == GH_WIRE_AGAIN) {
		if (conn->phase != GH_PHASE_BODY)
			gh_server_set_phase(conn, GH_PHASE_BODY);
		return false;
	}
	conn->broken = true;
	return true;
}

/* Behind the head, in the same block: nothing is copied. */
static bool read_inline_body(struct gh_conn *conn, size_t len)
{
	ssize_t n = GH_WIRE_AGAIN;

	if (conn->in_end - conn->in_start >= len) {
		uint8_t *data = conn->in->data + conn->in_start;
		conn->in_start += len;
		deliver(conn, data, len);
		return true;
	}
	if (gh_wire_can_read(conn))
		n = gh_conn_read_block(conn);
	return n > 0 || nothing_read(conn, n);
}

static bool read_long_body(struct gh_conn *conn, size_t len)
{
	struct gh_exchange *exchange = conn->exchange;
	ssize_t n = GH_WIRE_AGAIN;

	if (!exchange->body_own) {
		size_t have = conn->in_end - conn->in_start;
		if (!grow_body(exchange, len, true)) {
			gh_conn_refuse_body(conn, GH_PROBLEM_OVERLOADED, "memory");
			return true;
		}
		memcpy(exchange->body_own, conn->in->data + conn->in_start, have);
		exchange->body_len = have;
		conn->in_start = conn->in_end;
	}
	if (exchange->body_len == len) {
		deliver(conn, exchange->body_own, len);
		return true;
	}
	if (gh_wire_can_read(conn))
		n = gh_wire_read(conn, exchange->body_own + exchange->body_len,
		                 len - exchange->body_len);
	if (n <= 0)
		return nothing_read(conn, n);
	exchange->body_len += (size_t)n;
	return true;
}

/* Decodes what is there. GH_HTTP_MORE also when all of it was used. */
static enum gh_http_step decode_chunks(struct gh_conn *conn, enum gh_problem_type *problem,
                                       const char **reason)
{
	struct gh_exchange *exchange = conn->exchange;
	struct gh_slice in =
	    gh_slice(conn->in->data + conn->in_start, conn->in_end - conn->in_start);
	enum gh_http_step step = GH_HTTP_MORE;
	enum gh_http_fault fault;
	struct gh_slice piece;

	while (step == GH_HTTP_MORE && in.len > 0) {
		step = gh_http_chunked(&exchange->chunked, &in, &piece, &fault);
		if (step == GH_HTTP_REFUSED) {
			*problem = GH_PROBLEM_MALFORMED_REQUEST;
			*reason = gh_http_fault_name(fault);
			return step;
		}
		if (piece.len == 0)
			continue;
		if (piece.len > exchange->body_max - exchange->body_len ||
		    !grow_body(exchange, exchange->body_len + piece.len, false)) {
			*problem = GH_PROBLEM_PAYLOAD_TOO_LARGE;
			*reason = "body-too-large";
			return GH_HTTP_REFUSED;
		}
		memcpy(exchange->body_own + exchange->body_len, piece.data, piece.len);
		exchange->body_len += piece.len;
	}
	conn->in_start = conn->in_end - in.len;
	return step;
}

/* The coded bytes need a block of their own: the head's must stay as it is. */
static bool leave_head_block(struct gh_conn *conn)
{
	size_t have = conn->in_end - conn->in_start;
	struct gh_block *block = gh_server_block(conn->server, have + GH_BLOCK_BYTES);

	if (!block)
		return false;
	memcpy(block->data, conn->in->data + conn->in_start, have);
	block->used = have;
	conn->in = block;
	conn->in_start = 0;
	conn->in_end = have;
	return true;
}

static bool read_chunked_body(struct gh_conn *conn)
{
	struct gh_exchange *exchange = conn->exchange;
	enum gh_problem_type problem;
	const char *reason;
	ssize_t n = GH_WIRE_AGAIN;

	if (conn->in == exchange->block && !leave_head_block(conn)) {
		gh_conn_refuse_body(conn, GH_PROBLEM_OVERLOADED, "memory");
		return true;
	}
	switch (decode_chunks(conn, &problem, &reason)) {
	case GH_HTTP_REFUSED: gh_conn_refuse_body(conn, problem, reason); return true;
	case GH_HTTP_DONE: deliver(conn, exchange->body_own, exchange->body_len); return true;
	case GH_HTTP_MORE: conn->in_start = conn->in_end = 0; break;
	}
	if (gh_wire_can_read(conn))
		n = gh_conn_read_block(conn);
	return n > 0 || nothing_read(conn, n);
}

bool gh_conn_read_body(struct gh_conn *conn)
{
	struct gh_exchange *exchange = conn->exchange;
	size_t len = (size_t)exchange->head.content_length;

	if (exchange->head.chunked)
		return read_chunked_body(conn);
	if (len <= exchange->block->capacity - exchange->head.head_len)
		return read_inline_body(conn, len);
	return read_long_body(conn, len);
}
