/* server.h: the HTTP/1.1 server of one event loop. A request and its response are one exchange;
 * what happens to it is decided above this room, by callbacks. Bytes that never become a request
 * are refused here, reported, and their connection is closed.
 *
 *   on_head -> [gh_exchange_accept_body -> on_body | on_body_refused] -> respond or stream
 *           -> exactly one of on_done, on_gone
 *
 * Callbacks run on the loop's thread and are never called from inside a function of this header, so
 * state cannot change under a caller's feet. All functions are for the loop's thread only. */
#ifndef GH_NET_SERVER_H
#define GH_NET_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/types.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/result.h"
#include "base/slice.h"
#include "base/uuid.h"
#include "net/http_parse.h"
#include "net/loop.h"
#include "net/problem.h"
#include "net/tls.h"

struct gh_server;
struct gh_exchange;
struct gh_front;   /* the caller's: what its callbacks need; one a server */
struct gh_request; /* the caller's: what it knows about one exchange */

/* ---- what the caller decides ---- */

/* Bytes that never became a request. */
struct gh_refusal {
	enum gh_problem_type problem;
	const char *reason; /* stable: "bare-lf", "head-timeout", …; see gh_http_fault_name */
	const char *peer;   /* "192.0.2.1" */
	struct gh_uuid request_id; /* also in the answer */
};

struct gh_server_callbacks {
	/* The head is whole and valid, and no byte of a body was accepted. Respond, accept the
	 * body, or return and do either later. A request without a body also waits for accept_body.
	 */
	void (*on_head)(struct gh_exchange *exchange);
	/* The whole body, maybe empty; valid until the exchange is freed, and the caller may write
	 * into it. Only after accept_body. */
	void (*on_body)(struct gh_exchange *exchange, struct gh_slice body);
	/* The body did not arrive as it should: too large, too slow, malformed. The callee
	 * responds, at once or later; when the callback is absent the server does. The connection
	 * ends. */
	void (*on_body_refused)(struct gh_exchange *exchange, enum gh_problem_type problem,
	                        const char *reason);
	/* Less than the low-water mark is queued again, after it was above the high one. */
	void (*on_drain)(struct gh_exchange *exchange);
	/* The last byte of the response is with the kernel. */
	void (*on_done)(struct gh_exchange *exchange);
	/* The client vanished, did not read in time, or the exchange was aborted, before that. */
	void (*on_gone)(struct gh_exchange *exchange);
	/* Never became a request. Appends the response body; the server adds a problem document of
	 * its own when the callee (or the whole callback) is absent or appends nothing. */
	void (*on_malformed)(struct gh_front *front, const struct gh_refusal *refusal,
	                     struct gh_buf *body);
};

struct gh_server_limits {
	struct gh_http_limits head;
	size_t body_bytes;          /* upper bound of every accept_body; 10 MiB */
	size_t arena_bytes;         /* of one exchange; 16 MiB */
	size_t stream_queue_bytes;  /* a stream that queues more is aborted; 8 MiB */
	size_t high_water_bytes;    /* 128 KiB */
	size_t low_water_bytes;     /* 32 KiB */
	uint32_t connections;       /* of this server; over it 503; 10,000 */
	uint32_t handshake_ms;      /* TLS handshake; 10,000 */
	uint32_t head_ms;           /* first byte (or accept) to end of head; 10,000 */
	uint32_t body_ms;           /* accept_body to the last byte; 30,000 */
	uint32_t idle_ms;           /* between requests; 75,000 */
	uint32_t write_progress_ms; /* in which 16 KiB, or all that is queued, must leave; 30,000 */
	uint32_t linger_ms;         /* what a refused client may still send is discarded; 2,000 */
};
extern const struct gh_server_limits gh_server_limits_default;

struct gh_server_config {
	const char *address; /* "127.0.0.1", "::", …: an address, not a name */
	uint16_t port;       /* 0: the kernel picks; see gh_server_port */
	bool reuse_port;     /* several servers, each on its own loop, share the port */
	struct gh_tls *tls;  /* borrowed; NULL: plain HTTP */
	const struct gh_server_callbacks *callbacks; /* borrowed for the server's life */
	struct gh_front *front;
	struct gh_server_limits limits;
	const char *base_url; /* of the server's own problem documents; borrowed */
};

/* ---- the server ---- */

/* Binds, listens, and accepts as soon as the loop runs. */
gh_result gh_server_open(struct gh_loop *loop, const struct gh_server_config *config,
                         struct gh_server **out);
uint16_t gh_server_port(const struct gh_server *server);
/* For connections from now on; NULL is refused (GH_E_ARGUMENT) as is switching TLS on or off. */
gh_result gh_server_set_tls(struct gh_server *server, struct gh_tls *tls);
/* Takes what already waits in the backlog, accepts no more, closes idle connections, finishes
 * accepted requests; after `grace_ms` the rest is cut (on_gone). `on_stopped` is called once no
 * connection is left. */
void gh_server_stop(struct gh_server *server, uint32_t grace_ms, void (*on_stopped)(void *arg),
                    void *arg);
/* Cuts what is left (on_gone is called) and frees. Exchanges that are still held stay readable.
 * Not from within a callback. */
void gh_server_close(struct gh_server *server); /* NULL is fine */

/* Counters since the start, readable from any thread. */
struct gh_server_stats {
	uint64_t connections_accepted, connections_open, connections_refused;
	uint64_t tls_handshakes, tls_failures;
	uint64_t requests, responses, gone;
	uint64_t bytes_in, bytes_out; /* on the wire */
	uint64_t refused[GH_PROBLEM_COUNT];
	uint64_t timeouts[6]; /* by phase: see gh_server_phase_name */
};
void gh_server_stats(const struct gh_server *server, struct gh_server_stats *out);
const char *gh_server_phase_name(size_t phase); /* "handshake", …; NULL beyond the last */

/* ---- one exchange ---- */

struct gh_exchange *gh_exchange_hold(struct gh_exchange *exchange);
/* The server holds one reference until on_done or on_gone has returned. */
void gh_exchange_release(struct gh_exchange *exchange); /* NULL is fine */

const struct gh_http_head *gh_exchange_head(const struct gh_exchange *exchange);
const struct gh_uuid *gh_exchange_id(const struct gh_exchange *exchange); /* made at end of head */
struct gh_arena *gh_exchange_arena(struct gh_exchange *exchange);         /* NULL: memory is out */
struct gh_loop *gh_exchange_loop(const struct gh_exchange *exchange);
struct gh_front *gh_exchange_front(const struct gh_exchange *exchange);
const char *gh_exchange_peer(const struct gh_exchange *exchange);    /* "2001:db8::1" */
uint64_t gh_exchange_started_ns(const struct gh_exchange *exchange); /* monotonic, end of head */
uint64_t gh_exchange_bytes_out(const struct gh_exchange *exchange);  /* body, before TLS */
bool gh_exchange_is_tls(const struct gh_exchange *exchange);
void gh_exchange_set_request(struct gh_exchange *exchange, struct gh_request *request);
struct gh_request *gh_exchange_request(const struct gh_exchange *exchange);

/* The client's TLS certificate, proven by the handshake to be the client's; NULL without one. Alive
 * as long as the exchange. `verify` is X509_V_OK or why it does not lead to client_ca_pem. */
X509 *gh_exchange_peer_certificate(const struct gh_exchange *exchange);
long gh_exchange_peer_verify(const struct gh_exchange *exchange);

/* Once: lets the body in, at most `max_bytes` (and the server's body limit); sends 100 Continue
 * when asked for. GH_E_LIMIT when Content-Length is over it: nothing was read, respond with 413.
 * GH_E_UNAVAILABLE when the client is gone. */
gh_result gh_exchange_accept_body(struct gh_exchange *exchange, size_t max_bytes);

/* The whole response, in one write when the socket takes it; what it does not take is copied. The
 * server adds Date, Content-Length and Connection; giving one of these, Transfer-Encoding, or a
 * field with a control byte is GH_E_ARGUMENT and nothing is sent. Status 200 to 599. Responding
 * without having accepted the body is fine: a small one is skipped, a large one ends the
 * connection. GH_E_UNAVAILABLE when the client is gone, GH_E_ARGUMENT the second time. */
gh_result gh_exchange_respond(struct gh_exchange *exchange, unsigned status,
                              const struct gh_http_field *fields, size_t count,
                              struct gh_slice body);
/* A problem document with its header fields. */
gh_result gh_exchange_respond_problem(struct gh_exchange *exchange,
                                      const struct gh_problem *problem,
                                      const struct gh_problem_place *place);

/* A response in pieces: chunked, or up to the end of the connection for HTTP/1.0. Pieces written in
 * one batch of events leave in one write at its end. GH_E_LIMIT: more queued than
 * stream_queue_bytes; the connection is cut. */
gh_result gh_exchange_stream_begin(struct gh_exchange *exchange, unsigned status,
                                   const struct gh_http_field *fields, size_t count);
gh_result gh_exchange_stream_write(struct gh_exchange *exchange, struct gh_slice piece);
gh_result gh_exchange_stream_end(struct gh_exchange *exchange);
/* Bytes that the kernel has not taken. Above high_water_bytes: pause the source until on_drain. */
size_t gh_exchange_queued(const struct gh_exchange *exchange);

/* Cuts the connection: the client sees an incomplete response. on_gone follows. */
void gh_exchange_abort(struct gh_exchange *exchange);
/* True until on_done or on_gone. */
bool gh_exchange_is_open(const struct gh_exchange *exchange);

#endif
