/* The driver of one connection: a table of states, each with one step that either makes progress or
 * waits for an edge, a deadline or the caller. Callbacks are called from here and nowhere else. Two
 * things must never happen: a byte of a body is taken before the caller asked for it, and a byte
 * behind a refused request is read as another request. */
#include "net/conn.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

/* So much is read, and so many requests are begun, before the other connections have their turn. */
#define TURN_BYTES    ((size_t)512 << 10)
#define TURN_REQUESTS 64

static void close_conn(struct gh_conn *conn)
{
	struct gh_server *server = conn->server;

	gh_server_set_phase(conn, GH_PHASE_NONE);
	conn->state = GH_CONN_CLOSED;
	event_del(&conn->event);
	gh_wire_close(conn);
	if (conn->in)
		gh_server_free_block(server, conn->in);
	conn->in = NULL;
	gh_server_forget(conn);
	gh_conn_schedule(conn); /* the memory goes at the end of the batch */
}

/* The exchange leaves the connection; what was read beyond it stays. */
static void drop_exchange(struct gh_conn *conn)
{
	struct gh_exchange *exchange = conn->exchange;
	size_t left = conn->in_end - conn->in_start;

	if (conn->in == exchange->block)
		conn->in = NULL;
	else if (left == 0) {
		gh_server_free_block(conn->server, conn->in);
		conn->in = NULL;
	}
	if (left > 0 && conn->in && conn->in_start > 0) {
		memmove(conn->in->data, conn->in->data + conn->in_start, left);
		conn->in_start = 0;
		conn->in_end = left;
	}
	if (left > 0 && !conn->in) {
		conn->in = gh_server_block(conn->server, left);
		if (conn->in)
			memcpy(conn->in->data, exchange->block->data + conn->in_start, left);
		else
			conn->broken = true;
		conn->in_end = left;
		conn->in_start = 0;
	}
	if (!conn->in)
		conn->in_start = conn->in_end = 0;
	conn->exchange = NULL;
	gh_exchange_end(exchange);
}

static void exchange_gone(struct gh_conn *conn)
{
	const struct gh_server_callbacks *callbacks = conn->server->config.callbacks;

	gh_count(&conn->server->stats.gone, 1);
	conn->broken = true;
	if (callbacks->on_gone)
		callbacks->on_gone(conn->exchange);
	drop_exchange(conn);
	close_conn(conn);
}

/* Half-closes and waits for the client to do the same, so that the kernel does not throw away an
 * answer that the client has not read yet (RFC 9112 section 9.6). */
static void begin_linger(struct gh_conn *conn)
{
	gh_wire_end(conn);
	conn->state = GH_CONN_LINGER;
	gh_server_set_phase(conn, GH_PHASE_LINGER);
}

static void refuse(struct gh_conn *conn, enum gh_problem_type problem, const char *reason)
{
	gh_count(&conn->server->stats.refused[problem], 1);
	conn->state = GH_CONN_REFUSED;
	gh_server_set_phase(conn, GH_PHASE_NONE);
	gh_response_send_refusal(conn, problem, reason);
}

static enum gh_problem_type problem_of(enum gh_http_fault fault)
{
	switch (gh_http_fault_status(fault)) {
	case 414: return GH_PROBLEM_URI_TOO_LONG;
	case 417: return GH_PROBLEM_EXPECTATION_FAILED;
	case 431: return GH_PROBLEM_HEADER_FIELDS_TOO_LARGE;
	case 501: return GH_PROBLEM_NOT_IMPLEMENTED;
	case 505: return GH_PROBLEM_VERSION_NOT_SUPPORTED;
	default: return GH_PROBLEM_MALFORMED_REQUEST;
	}
}

/* ---- handshake ---- */

static bool step_handshake(struct gh_conn *conn)
{
	bool again;

	if (gh_wire_handshake(conn, &again) != GH_OK) {
		gh_count(&conn->server->stats.tls_failures, 1);
		close_conn(conn);
		return false;
	}
	if (again)
		return false;
	gh_count(&conn->server->stats.tls_handshakes, 1);
	conn->state = GH_CONN_HEAD;
	gh_server_set_phase(conn, GH_PHASE_HEAD);
	return true;
}

/* ---- head ---- */

/* Room behind what was read; the block grows once, to hold any head that the limits allow. */
static bool make_room(struct gh_conn *conn)
{
	size_t most = conn->server->config.limits.head.head_bytes + 1024;
	struct gh_block *block;

	if (conn->in && conn->in_end < conn->in->capacity)
		return true;
	block = gh_server_block(conn->server, conn->in ? most : GH_BLOCK_BYTES);
	if (!block || (conn->in && block->capacity <= conn->in->capacity)) {
		if (block)
			gh_server_free_block(conn->server, block);
		return false;
	}
	if (conn->in) {
		memcpy(block->data, conn->in->data, conn->in_end);
		block->used = conn->in_end;
		gh_server_free_block(conn->server, conn->in);
	}
	conn->in = block;
	return true;
}

ssize_t gh_conn_read_block(struct gh_conn *conn)
{
	struct gh_block *block = conn->in;
	ssize_t n = gh_wire_read(conn, block->data + conn->in_end, block->capacity - conn->in_end);

	if (n > 0) {
		conn->in_end += (size_t)n;
		if (conn->in_end > block->used)
			block->used = conn->in_end;
	}
	return n;
}

static void wait_for_head(struct gh_conn *conn)
{
	if (conn->in_end > 0 || conn->requests == 0) {
		/* One deadline for the whole head, however its bytes drip in. */
		if (conn->phase != GH_PHASE_HEAD)
			gh_server_set_phase(conn, GH_PHASE_HEAD);
		return;
	}
	if (conn->in)
		gh_server_free_block(conn->server, conn->in);
	conn->in = NULL;
	if (conn->server->stopping)
		begin_linger(conn);
	else if (conn->phase != GH_PHASE_IDLE)
		gh_server_set_phase(conn, GH_PHASE_IDLE);
}

static bool read_head(struct gh_conn *conn)
{
	ssize_t n;

	if (conn->broken || !gh_wire_can_read(conn)) {
		if (conn->broken)
			close_conn(conn);
		else
			wait_for_head(conn);
		return false;
	}
	n = make_room(conn) ? gh_conn_read_block(conn) : GH_WIRE_ERROR;
	if (n > 0)
		return true;
	if (n == GH_WIRE_AGAIN)
		wait_for_head(conn);
	else
		close_conn(conn);
	return false;
}

static void begin_exchange(struct gh_conn *conn, struct gh_exchange *exchange)
{
	exchange->block = conn->in;
	exchange->id = gh_uuid_v7();
	exchange->started_ns = gh_clock_mono_ns();
	memcpy(exchange->peer, conn->peer, sizeof exchange->peer);
	exchange->is_tls = conn->ssl != NULL;
	exchange->verify = X509_V_OK;
	if (conn->certificate && X509_up_ref(conn->certificate) == 1) {
		exchange->certificate = conn->certificate;
		exchange->verify = SSL_get_verify_result(conn->ssl);
	}
	conn->in_start = exchange->head.head_len;
	conn->scan = (struct gh_http_scan){ 0 };
	conn->requests++;
	conn->keep_alive = exchange->head.keep_alive;
	conn->exchange = exchange;
	conn->state = GH_CONN_EXCHANGE;
	gh_server_set_phase(conn, GH_PHASE_NONE);
	gh_count(&conn->server->stats.requests, 1);
	conn->server->config.callbacks->on_head(exchange);
}

static bool step_head(struct gh_conn *conn)
{
	struct gh_exchange *exchange;
	enum gh_http_fault fault;
	enum gh_http_step step;

	if (conn->in_end == 0)
		return read_head(conn);
	exchange = gh_exchange_new(conn);
	if (!exchange) {
		refuse(conn, GH_PROBLEM_OVERLOADED, "memory");
		return true;
	}
	step = gh_http_parse(&conn->scan, &conn->server->config.limits.head,
	                     gh_slice(conn->in->data, conn->in_end), &exchange->head, &fault);
	if (step == GH_HTTP_DONE && !conn->over_limit) {
		begin_exchange(conn, exchange);
		return true;
	}
	gh_exchange_release(exchange);
	if (step == GH_HTTP_MORE)
		return read_head(conn);
	if (step == GH_HTTP_DONE)
		refuse(conn, GH_PROBLEM_OVERLOADED, "connections");
	else
		refuse(conn, problem_of(fault), gh_http_fault_name(fault));
	return true;
}

/* ---- the response ---- */

/* What of the request's body is still to come. UINT64_MAX: nobody knows. */
static uint64_t body_to_come(const struct gh_conn *conn)
{
	const struct gh_exchange *exchange = conn->exchange;
	uint64_t len = exchange->head.content_length;

	if (exchange->body_state == GH_BODY_DELIVERED)
		return 0;
	if (exchange->head.chunked)
		return UINT64_MAX;
	return exchange->body_own ? len - exchange->body_len : len;
}

bool gh_conn_may_stay(const struct gh_conn *conn)
{
	uint64_t left = body_to_come(conn);

	/* A client that waits for 100 Continue may send its body or not: no way to tell. */
	return conn->keep_alive && !conn->server->stopping && left <= GH_SKIP_BYTES &&
	       !(left > 0 && conn->exchange->head.expect_continue);
}

static void finish_exchange(struct gh_conn *conn)
{
	const struct gh_server_callbacks *callbacks = conn->server->config.callbacks;
	uint64_t left = body_to_come(conn), have = conn->in_end - conn->in_start;

	gh_count(&conn->server->stats.responses, 1);
	if (conn->keep_alive && left > 0) {
		uint64_t take = left < have ? left : have;
		conn->in_start += (size_t)take;
		conn->skip_left = left - take;
	}
	if (callbacks->on_done)
		callbacks->on_done(conn->exchange);
	drop_exchange(conn);
	if (!conn->keep_alive || conn->broken) {
		begin_linger(conn);
		return;
	}
	conn->state = conn->skip_left ? GH_CONN_SKIP : GH_CONN_HEAD;
	gh_server_set_phase(conn, GH_PHASE_NONE);
}

static bool step_exchange(struct gh_conn *conn)
{
	struct gh_exchange *exchange = conn->exchange;
	const struct gh_server_callbacks *callbacks = conn->server->config.callbacks;
	size_t queued;

	gh_wire_flush(conn);
	queued = gh_out_len(&conn->out);
	if (conn->broken) {
		exchange_gone(conn);
		return false;
	}
	if (queued == 0 && exchange->response == GH_RESPONSE_WHOLE) {
		finish_exchange(conn);
		return true;
	}
	if (queued > 0 && conn->phase != GH_PHASE_WRITE)
		gh_server_set_phase(conn, GH_PHASE_WRITE);
	else if (queued == 0 &&
	         (conn->phase == GH_PHASE_WRITE || exchange->response != GH_RESPONSE_NONE))
		gh_server_set_phase(conn, GH_PHASE_NONE);
	if (exchange->above_high && queued < conn->server->config.limits.low_water_bytes) {
		exchange->above_high = false;
		if (callbacks->on_drain && exchange->response == GH_RESPONSE_STREAM)
			callbacks->on_drain(exchange);
		return true;
	}
	if (exchange->response == GH_RESPONSE_WHOLE)
		return false;
	if (exchange->response == GH_RESPONSE_NONE && exchange->body_state == GH_BODY_READING)
		return gh_conn_read_body(conn);
	if (conn->hangup)
		exchange_gone(conn);
	return false;
}

/* ---- after it ---- */

static bool step_skip(struct gh_conn *conn)
{
	uint8_t waste[4096];
	ssize_t n = GH_WIRE_AGAIN;

	if (conn->skip_left == 0) {
		conn->state = GH_CONN_HEAD;
		return true;
	}
	if (gh_wire_can_read(conn))
		n = gh_wire_read(conn, waste,
		                 conn->skip_left < sizeof waste ? (size_t)conn->skip_left
		                                                : sizeof waste);
	if (n > 0) {
		conn->skip_left -= (uint64_t)n;
		return true;
	}
	if (n != GH_WIRE_AGAIN)
		close_conn(conn);
	else if (conn->phase != GH_PHASE_BODY)
		gh_server_set_phase(conn, GH_PHASE_BODY);
	return false;
}

static bool step_refused(struct gh_conn *conn)
{
	gh_wire_flush(conn);
	if (conn->broken) {
		close_conn(conn);
		return false;
	}
	if (gh_out_len(&conn->out) > 0) {
		if (conn->phase != GH_PHASE_WRITE)
			gh_server_set_phase(conn, GH_PHASE_WRITE);
		return false;
	}
	begin_linger(conn);
	return true;
}

static bool step_linger(struct gh_conn *conn)
{
	if (conn->broken || !gh_wire_discard(conn))
		close_conn(conn);
	return false;
}

static bool step_closed(struct gh_conn *conn)
{
	return false;
}

static bool (*const steps[])(struct gh_conn *conn) = {
	[GH_CONN_HANDSHAKE] = step_handshake, [GH_CONN_HEAD] = step_head,
	[GH_CONN_EXCHANGE] = step_exchange,   [GH_CONN_SKIP] = step_skip,
	[GH_CONN_REFUSED] = step_refused,     [GH_CONN_LINGER] = step_linger,
	[GH_CONN_CLOSED] = step_closed,
};

void gh_conn_drive(struct gh_conn *conn)
{
	uint64_t bytes = conn->server->stats.bytes_in;
	uint32_t requests = conn->requests;

	if (conn->driving)
		return;
	conn->driving = true;
	while (steps[conn->state](conn)) {
		if (conn->server->stats.bytes_in - bytes < TURN_BYTES &&
		    conn->requests - requests < TURN_REQUESTS)
			continue;
		/* No edge tells of what is already there, so the driver calls itself. */
		gh_conn_schedule(conn);
		break;
	}
	conn->driving = false;
}

static void run_deferred(struct gh_loop_task *task)
{
	struct gh_conn *conn = GH_CONTAINER(task, struct gh_conn, drive);
	struct gh_server *server = conn->server;

	conn->scheduled = false;
	if (conn->state != GH_CONN_CLOSED) {
		gh_conn_drive(conn);
		return;
	}
	free(conn);
	gh_server_release(server);
}

void gh_conn_schedule(struct gh_conn *conn)
{
	if (conn->scheduled)
		return;
	conn->scheduled = true;
	gh_loop_defer(conn->server->loop, &conn->drive);
}

static void on_event(evutil_socket_t fd, short events, void *arg)
{
	struct gh_conn *conn = arg;

	if (events & (EV_READ | EV_CLOSED)) {
		conn->readable = true;
		conn->tls_drained = false;
	}
	if (events & EV_WRITE)
		conn->writable = true;
	if (events & EV_CLOSED)
		conn->hangup = true;
	/* A reset comes as "readable"; while nothing is read, only asking finds it. */
	else if ((events & EV_READ) && conn->state == GH_CONN_EXCHANGE &&
	         conn->exchange->body_state != GH_BODY_READING && gh_wire_is_gone(conn))
		conn->hangup = true;
	gh_conn_drive(conn);
}

void gh_conn_timeout(struct gh_conn *conn)
{
	enum gh_phase phase = conn->phase;

	if (phase == GH_PHASE_WRITE && conn->sent - conn->write_mark >= GH_PROGRESS_BYTES) {
		gh_server_set_phase(conn, GH_PHASE_WRITE);
		return;
	}
	gh_count(&conn->server->stats.timeouts[phase], 1);
	conn->driving = true;
	if (phase == GH_PHASE_HEAD && conn->in_end > 0)
		refuse(conn, GH_PROBLEM_REQUEST_TIMEOUT, "head-timeout");
	else if (phase == GH_PHASE_BODY && conn->state == GH_CONN_EXCHANGE)
		gh_conn_refuse_body(conn, GH_PROBLEM_REQUEST_TIMEOUT, "body-timeout");
	else if (conn->state == GH_CONN_EXCHANGE)
		exchange_gone(conn);
	else
		close_conn(conn);
	conn->driving = false;
	gh_conn_drive(conn);
}

void gh_conn_cut(struct gh_conn *conn)
{
	conn->driving = true;
	if (conn->state == GH_CONN_EXCHANGE)
		exchange_gone(conn);
	else if (conn->state != GH_CONN_CLOSED)
		close_conn(conn);
	conn->driving = false;
}

bool gh_conn_is_idle(const struct gh_conn *conn)
{
	return conn->state == GH_CONN_HEAD && conn->in_end == 0;
}

static void format_peer(const struct sockaddr_storage *address, char out[INET6_ADDRSTRLEN])
{
	const void *raw;

	if (address->ss_family == AF_INET6)
		raw = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
	else
		raw = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
	if (!inet_ntop(address->ss_family, raw, out, INET6_ADDRSTRLEN))
		memcpy(out, "unknown", sizeof "unknown");
}

gh_result gh_conn_open(struct gh_server *server, int fd, const struct sockaddr_storage *address,
                       bool over_limit)
{
	static const int one = 1;
	struct gh_conn *conn = calloc(1, sizeof *conn);

	if (!conn) {
		close(fd);
		return gh_fail(GH_E_MEMORY, "no memory for a connection");
	}
	*conn = (struct gh_conn){ .drive.run = run_deferred,
		                  .server = server,
		                  .phase = GH_PHASE_NONE,
		                  .state = server->ctx ? GH_CONN_HANDSHAKE : GH_CONN_HEAD,
		                  .fd = fd,
		                  .over_limit = over_limit };
	format_peer(address, conn->peer);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	enum gh_code code = gh_wire_open(conn);
	if (code == GH_OK && (event_assign(&conn->event, gh_loop_base(server->loop), fd,
	                                   EV_READ | EV_WRITE | EV_CLOSED | EV_PERSIST | EV_ET,
	                                   on_event, conn) != 0 ||
	                      event_add(&conn->event, NULL) != 0))
		code = gh_fail(GH_E_IO, "a connection cannot be watched");
	if (code != GH_OK) {
		gh_wire_close(conn);
		free(conn);
		return code;
	}
	server->references++;
	conn->all_next = server->all;
	if (server->all)
		server->all->all_prev = conn;
	server->all = conn;
	gh_count(&server->stats.connections_open, 1);
	gh_server_set_phase(conn, server->ctx ? GH_PHASE_HANDSHAKE : GH_PHASE_HEAD);
	return GH_OK;
}
