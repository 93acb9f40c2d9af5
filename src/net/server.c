/* One listener on one loop, its connections, and their deadlines. Deadlines are absolute and kept
 * in one queue for each phase, looked at by a coarse tick: a request costs no timer. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "net/conn.h"

#define BACKLOG        4096
#define SCRATCH_BYTES  ((size_t)128 << 10)
#define TICK_MIN_MS    5
#define TICK_MAX_MS    250
#define REST_MS        100
#define STOP_FRESH_MS  1000
#define ACCEPT_A_BATCH 64

static const char *const phase_names[GH_PHASE_COUNT] = {
	[GH_PHASE_HANDSHAKE] = "handshake", [GH_PHASE_HEAD] = "head",
	[GH_PHASE_BODY] = "body",           [GH_PHASE_IDLE] = "idle",
	[GH_PHASE_WRITE] = "write",         [GH_PHASE_LINGER] = "linger",
};

const struct gh_server_limits gh_server_limits_default = {
	.head = { .head_bytes = 16384, .line_bytes = 8192, .field_count = GH_HTTP_FIELDS_MAX },
	.body_bytes = (size_t)10 << 20,
	.arena_bytes = (size_t)16 << 20,
	.stream_queue_bytes = (size_t)8 << 20,
	.high_water_bytes = (size_t)128 << 10,
	.low_water_bytes = (size_t)32 << 10,
	.connections = 10000,
	.handshake_ms = 10000,
	.head_ms = 10000,
	.body_ms = 30000,
	.idle_ms = 75000,
	.write_progress_ms = 30000,
	.linger_ms = 2000,
};

const char *gh_server_phase_name(size_t phase)
{
	return phase < GH_PHASE_COUNT ? phase_names[phase] : NULL;
}

/* ---- deadlines ---- */

static void unlink_due(struct gh_conn *conn)
{
	struct gh_server *server = conn->server;

	if (conn->due_prev)
		conn->due_prev->due_next = conn->due_next;
	else
		server->due[conn->phase].first = conn->due_next;
	if (conn->due_next)
		conn->due_next->due_prev = conn->due_prev;
	else
		server->due[conn->phase].last = conn->due_prev;
	conn->due_prev = conn->due_next = NULL;
}

void gh_server_set_phase(struct gh_conn *conn, enum gh_phase phase)
{
	struct gh_server *server = conn->server;

	if (conn->phase != GH_PHASE_NONE)
		unlink_due(conn);
	conn->phase = phase;
	if (phase == GH_PHASE_NONE)
		return;
	conn->due_ns = gh_clock_mono_ns() + server->due[phase].duration_ns;
	conn->write_mark = conn->sent;
	conn->due_prev = server->due[phase].last;
	if (conn->due_prev)
		conn->due_prev->due_next = conn;
	else
		server->due[phase].first = conn;
	server->due[phase].last = conn;
}

static void start_tick(struct gh_server *server)
{
	if (server->ticking || server->closed)
		return;
	if (gh_timer_start(server->tick, server->tick_ms) != GH_OK) {
		gh_log_error("server.tick");
		return;
	}
	server->ticking = true;
}

static void check_stop(struct gh_server *server, uint64_t now_ns)
{
	struct gh_conn *next;

	if (!server->stopping)
		return;
	for (struct gh_conn *conn = server->all; conn; conn = next) {
		next = conn->all_next;
		if (now_ns >= server->stop_ns ||
		    (now_ns >= server->stop_fresh_ns && gh_conn_is_idle(conn)))
			gh_conn_cut(conn);
	}
}

static void on_tick(void *arg)
{
	struct gh_server *server = arg;
	uint64_t now_ns = gh_clock_mono_ns();

	server->ticking = false;
	for (size_t phase = 0; phase < GH_PHASE_COUNT; phase++) {
		/* A timeout moves its connection out of the queue, or to its end. */
		struct gh_conn *conn;
		while ((conn = server->due[phase].first) && conn->due_ns <= now_ns)
			gh_conn_timeout(conn);
	}
	check_stop(server, now_ns);
	if (server->all)
		start_tick(server);
}

static void set_durations(struct gh_server *server)
{
	const struct gh_server_limits *limits = &server->config.limits;
	const uint32_t ms[GH_PHASE_COUNT] = {
		[GH_PHASE_HANDSHAKE] = limits->handshake_ms,
		[GH_PHASE_HEAD] = limits->head_ms,
		[GH_PHASE_BODY] = limits->body_ms,
		[GH_PHASE_IDLE] = limits->idle_ms,
		[GH_PHASE_WRITE] = limits->write_progress_ms,
		[GH_PHASE_LINGER] = limits->linger_ms,
	};
	uint32_t least = TICK_MAX_MS * 8;

	for (size_t phase = 0; phase < GH_PHASE_COUNT; phase++) {
		server->due[phase].duration_ns = (uint64_t)ms[phase] * 1000000;
		if (ms[phase] < least)
			least = ms[phase];
	}
	server->tick_ms = least / 8 > TICK_MIN_MS ? least / 8 : TICK_MIN_MS;
}

/* ---- memory ---- */

struct gh_block *gh_server_block(struct gh_server *server, size_t capacity)
{
	struct gh_block *block = server->free_blocks;

	if (capacity <= GH_BLOCK_BYTES && block) {
		server->free_blocks = block->next;
		server->kept_blocks--;
		block->used = 0;
		return block;
	}
	if (capacity < GH_BLOCK_BYTES)
		capacity = GH_BLOCK_BYTES;
	block = malloc(sizeof *block + capacity);
	if (block) {
		block->capacity = capacity;
		block->used = 0;
	}
	return block;
}

void gh_server_free_block(struct gh_server *server, struct gh_block *block)
{
	gh_wipe(block->data, block->used);
	if (server->closed || block->capacity != GH_BLOCK_BYTES ||
	    server->kept_blocks >= GH_KEPT_MAX) {
		free(block);
		return;
	}
	block->next = server->free_blocks;
	server->free_blocks = block;
	server->kept_blocks++;
}

void gh_server_release(struct gh_server *server)
{
	if (--server->references > 0)
		return;
	for (struct gh_block *block = server->free_blocks, *next; block; block = next) {
		next = block->next;
		free(block);
	}
	for (struct gh_exchange *x = server->free_exchanges, *next; x; x = next) {
		next = x->next;
		free(x);
	}
	gh_buf_free(&server->scratch);
	SSL_CTX_free(server->ctx);
	free(server);
}

static void run_stopped(struct gh_loop_task *task)
{
	struct gh_server *server = GH_CONTAINER(task, struct gh_server, stopped);
	void (*on_stopped)(void *) = server->on_stopped;
	void *arg = server->stopped_arg;

	gh_server_release(server);
	if (on_stopped)
		on_stopped(arg);
}

static void tell_stopped(struct gh_server *server)
{
	if (!server->stopping || server->all || !server->on_stopped || server->stopped.run)
		return;
	server->stopped.run = run_stopped;
	server->references++;
	gh_loop_defer(server->loop, &server->stopped);
}

void gh_server_forget(struct gh_conn *conn)
{
	struct gh_server *server = conn->server;

	if (conn->all_prev)
		conn->all_prev->all_next = conn->all_next;
	else
		server->all = conn->all_next;
	if (conn->all_next)
		conn->all_next->all_prev = conn->all_prev;
	conn->all_prev = conn->all_next = NULL;
	gh_count(&server->stats.connections_open, (uint64_t)-1);
	tell_stopped(server);
}

/* ---- accepting ---- */

/* Out of descriptors or memory: the backlog waits a moment, instead of the loop spinning. */
static void rest(struct gh_server *server)
{
	gh_log(GH_LOG_WARN, "server.accept_paused", GH_LOG_TEXT("reason", strerrorname_np(errno)));
	event_del(server->listener);
	if (gh_timer_start(server->rest, REST_MS) != GH_OK)
		gh_log_error("server.accept_paused");
}

static void on_rested(void *arg)
{
	struct gh_server *server = arg;

	if (!server->stopping && event_add(server->listener, NULL) != 0)
		gh_log(GH_LOG_ERROR, "server.accept_stopped", GH_LOG_INT("port", server->port));
}

static void take(struct gh_server *server, int fd, const struct sockaddr_storage *address)
{
	uint64_t limit = server->config.limits.connections, open = server->stats.connections_open;

	gh_count(&server->stats.connections_accepted, 1);
	/* A few more than the limit are let in to be told so; beyond that there is no room even
	 * for words. */
	if (open >= limit + limit / 16 + 16) {
		gh_count(&server->stats.connections_refused, 1);
		close(fd);
		return;
	}
	if (open >= limit)
		gh_count(&server->stats.connections_refused, 1);
	if (gh_conn_open(server, fd, address, open >= limit) != GH_OK)
		gh_log_error("server.connection");
	start_tick(server);
}

static void on_acceptable(evutil_socket_t listener, short events, void *arg)
{
	struct gh_server *server = arg;

	for (unsigned i = 0; i < ACCEPT_A_BATCH; i++) {
		struct sockaddr_storage address = { 0 };
		socklen_t len = sizeof address;
		int fd = accept4(listener, (struct sockaddr *)&address, &len,
		                 SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			take(server, fd, &address);
			continue;
		}
		if (errno == EINTR || errno == ECONNABORTED)
			continue;
		if (errno != EAGAIN && errno != EWOULDBLOCK)
			rest(server);
		return;
	}
}

/* ---- opening ---- */

static gh_result parse_address(const char *text, uint16_t port, struct sockaddr_storage *out,
                               socklen_t *len)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)out;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)out;

	memset(out, 0, sizeof *out);
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		*len = sizeof *v4;
		return GH_OK;
	}
	if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		*len = sizeof *v6;
		return GH_OK;
	}
	return gh_fail(GH_E_ARGUMENT, "not an address to listen on: %s", text);
}

static gh_result open_socket(struct gh_server *server)
{
	static const int one = 1;
	const struct gh_server_config *config = &server->config;
	struct sockaddr_storage address;
	socklen_t len;

	GH_TRY(parse_address(config->address, config->port, &address, &len));
	server->fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	GH_ENSURE(server->fd >= 0, GH_E_IO, "socket: %s", strerror(errno));
	setsockopt(server->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (config->reuse_port)
		GH_ENSURE(setsockopt(server->fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) == 0,
		          GH_E_IO, "SO_REUSEPORT: %s", strerror(errno));
	GH_ENSURE(bind(server->fd, (struct sockaddr *)&address, len) == 0, GH_E_IO,
	          "cannot listen on %s port %u: %s", config->address, config->port,
	          strerror(errno));
	GH_ENSURE(listen(server->fd, BACKLOG) == 0, GH_E_IO, "listen: %s", strerror(errno));
	len = sizeof address;
	GH_ENSURE(getsockname(server->fd, (struct sockaddr *)&address, &len) == 0, GH_E_IO,
	          "getsockname: %s", strerror(errno));
	/* The port stands at the same place in both families. */
	server->port = ntohs(((struct sockaddr_in *)(void *)&address)->sin_port);
	return GH_OK;
}

static gh_result check_config(const struct gh_server_config *config)
{
	const struct gh_server_limits *limits = &config->limits;

	GH_ENSURE(config->address && config->base_url && config->callbacks, GH_E_ARGUMENT,
	          "a server needs an address, a base URL and callbacks");
	GH_ENSURE(config->callbacks->on_head && config->callbacks->on_body, GH_E_ARGUMENT,
	          "a server needs on_head and on_body");
	GH_ENSURE(limits->head.head_bytes >= 256 && limits->head.line_bytes > 0 &&
	              limits->head.field_count > 0 && limits->body_bytes > 0 &&
	              limits->arena_bytes > 0 && limits->connections > 0 &&
	              limits->low_water_bytes <= limits->high_water_bytes &&
	              limits->high_water_bytes < limits->stream_queue_bytes,
	          GH_E_ARGUMENT, "server limits contradict themselves");
	GH_ENSURE(limits->handshake_ms && limits->head_ms && limits->body_ms && limits->idle_ms &&
	              limits->write_progress_ms && limits->linger_ms,
	          GH_E_ARGUMENT, "every phase of a connection needs a deadline");
	return GH_OK;
}

gh_result gh_server_open(struct gh_loop *loop, const struct gh_server_config *config,
                         struct gh_server **out)
{
	GH_TRY(check_config(config));
	struct gh_server *server = calloc(1, sizeof *server);
	GH_ENSURE(server, GH_E_MEMORY, "no memory for a server");
	server->loop = loop;
	server->config = *config;
	server->config.tls = NULL; /* its context is counted; the rest is the caller's */
	server->fd = -1;
	server->references = 1;
	gh_buf_init(&server->scratch, SCRATCH_BYTES, true);
	if (config->tls) {
		server->ctx = gh_tls_context(config->tls);
		SSL_CTX_up_ref(server->ctx);
	}
	set_durations(server);

	enum gh_code code = gh_timer_open(loop, on_tick, server, &server->tick);
	if (code == GH_OK)
		code = gh_timer_open(loop, on_rested, server, &server->rest);
	if (code == GH_OK)
		code = open_socket(server);
	if (code == GH_OK) {
		server->listener = event_new(gh_loop_base(loop), server->fd, EV_READ | EV_PERSIST,
		                             on_acceptable, server);
		if (!server->listener || event_add(server->listener, NULL) != 0)
			code = gh_fail(GH_E_MEMORY, "no memory for a listener");
	}
	if (code != GH_OK) {
		gh_server_close(server);
		return code;
	}
	*out = server;
	return GH_OK;
}

uint16_t gh_server_port(const struct gh_server *server)
{
	return server->port;
}

gh_result gh_server_set_tls(struct gh_server *server, struct gh_tls *tls)
{
	GH_ENSURE(tls && server->ctx, GH_E_ARGUMENT, "TLS cannot be switched on or off");
	SSL_CTX *ctx = gh_tls_context(tls);
	SSL_CTX_up_ref(ctx);
	SSL_CTX_free(server->ctx);
	server->ctx = ctx;
	return GH_OK;
}

static void close_listener(struct gh_server *server)
{
	gh_timer_stop(server->rest);
	if (server->listener)
		event_free(server->listener);
	server->listener = NULL;
	if (server->fd >= 0)
		close(server->fd);
	server->fd = -1;
}

void gh_server_stop(struct gh_server *server, uint32_t grace_ms, void (*on_stopped)(void *arg),
                    void *arg)
{
	uint64_t now_ns = gh_clock_mono_ns();
	struct gh_conn *next;

	if (server->stopping)
		return;
	if (server->fd >= 0)
		on_acceptable(server->fd, EV_READ, server);
	server->stopping = true;
	close_listener(server);
	server->stop_ns = now_ns + (uint64_t)grace_ms * 1000000;
	server->stop_fresh_ns = now_ns + (uint64_t)STOP_FRESH_MS * 1000000;
	server->on_stopped = on_stopped;
	server->stopped_arg = arg;
	for (struct gh_conn *conn = server->all; conn; conn = next) {
		next = conn->all_next;
		if (gh_conn_is_idle(conn) && conn->requests > 0)
			gh_conn_cut(conn);
	}
	tell_stopped(server);
}

void gh_server_close(struct gh_server *server)
{
	if (!server)
		return;
	server->stopping = true;
	server->on_stopped = NULL;
	while (server->all)
		gh_conn_cut(server->all);
	if (server->rest)
		close_listener(server);
	gh_timer_close(server->tick);
	gh_timer_close(server->rest);
	server->tick = server->rest = NULL;
	server->closed = true;
	gh_server_release(server);
}

void gh_server_stats(const struct gh_server *server, struct gh_server_stats *out)
{
	const uint64_t *from = (const uint64_t *)&server->stats;
	uint64_t *to = (uint64_t *)out;

	_Static_assert(sizeof *out % sizeof *to == 0, "counters only");
	for (size_t i = 0; i < sizeof *out / sizeof *to; i++)
		to[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
}
