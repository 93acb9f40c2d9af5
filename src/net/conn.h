/* conn.h: what the files of the server share, and nobody else. A connection belongs to its server's
 * loop thread. Its driver (conn.c) is the only place that calls the caller's callbacks; everything
 * else changes state and asks for the driver.
 *
 *   accept -> [handshake] -> head -> exchange -> (body | discard)* -> head … -> [linger] -> closed
 */
#ifndef GH_NET_CONN_H
#define GH_NET_CONN_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/uio.h>

#include "net/server.h"

/* First block of a connection: most heads with a small body fit. */
#define GH_BLOCK_BYTES 8192
/* A body that is not wanted and not longer than this is skipped, to keep the connection. */
#define GH_SKIP_BYTES ((uint64_t)256 << 10)
/* A slow reader must take this much in each write_progress_ms. */
#define GH_PROGRESS_BYTES ((uint64_t)16 << 10)
/* Free blocks and exchanges that a server keeps. */
#define GH_KEPT_MAX 64

/* What a deadline is for. Each phase has one duration, so its connections form a queue in order of
 * their deadlines, and setting one is O(1). */
enum gh_phase {
	GH_PHASE_HANDSHAKE,
	GH_PHASE_HEAD,
	GH_PHASE_BODY,
	GH_PHASE_IDLE,
	GH_PHASE_WRITE,
	GH_PHASE_LINGER,
	GH_PHASE_COUNT,
	GH_PHASE_NONE = GH_PHASE_COUNT /* the caller is at work: its own deadlines count */
};

/* Received bytes; wiped when let go, since requests carry personal data. */
struct gh_block {
	struct gh_block *next;
	size_t capacity, used; /* used: highest byte ever written */
	uint8_t data[];
};

/* Bytes that wait for the kernel. */
struct gh_out {
	uint8_t *data;
	size_t start, end, capacity;
};

enum gh_conn_state {
	GH_CONN_HANDSHAKE,
	GH_CONN_HEAD,     /* waits for a request */
	GH_CONN_EXCHANGE, /* one exchange is open */
	GH_CONN_SKIP,     /* discards the rest of an unwanted body */
	GH_CONN_REFUSED,  /* flushes a last answer, then lingers */
	GH_CONN_LINGER,   /* discards what the client still sends, so that it can read the answer */
	GH_CONN_CLOSED
};

struct gh_conn {
	struct gh_loop_task drive; /* deferred run of the driver, and the free */
	struct gh_server *server;
	struct gh_conn *all_prev, *all_next;
	struct gh_conn *due_prev, *due_next; /* in the queue of `phase` */
	uint64_t due_ns, write_mark;
	enum gh_phase phase;
	enum gh_conn_state state;
	int fd;
	SSL *ssl;
	X509 *certificate; /* the client's; owned */
	struct event event;
	struct gh_exchange *exchange;
	struct gh_block *in; /* NULL while idle; bytes [in_start, in_end) are unread */
	size_t in_start, in_end;
	struct gh_http_scan scan;
	struct gh_out out;
	uint64_t skip_left, sent; /* sent: wire bytes the kernel took */
	uint32_t requests;
	bool readable, writable; /* what the last edge said; cleared by a short read or write */
	bool tls_drained;        /* OpenSSL has nothing until the next edge */
	bool hangup;             /* the client closed its side, or the connection is dead */
	bool broken;             /* nothing can be sent any more */
	bool keep_alive;
	bool over_limit; /* accepted only to be told that we are full */
	bool driving, scheduled;
	char peer[INET6_ADDRSTRLEN];
};

enum gh_body_state { GH_BODY_WAITS, GH_BODY_READING, GH_BODY_REFUSED, GH_BODY_DELIVERED };
enum gh_response_state { GH_RESPONSE_NONE, GH_RESPONSE_STREAM, GH_RESPONSE_WHOLE };

struct gh_exchange {
	struct gh_exchange *next; /* in the server's pool */
	struct gh_server *server; /* counted */
	struct gh_conn *conn;     /* NULL once over */
	struct gh_loop *loop;
	struct gh_front *front;
	struct gh_request *request;
	struct gh_arena *arena;
	struct gh_block *block; /* holds the head, and a body that fits behind it */
	uint32_t references;
	enum gh_body_state body_state;
	enum gh_response_state response;
	bool chunked_out, head_only, above_high;
	/* The body: in the block, or in memory of its own. */
	size_t body_max, body_len;
	uint8_t *body_own;
	size_t body_own_capacity;
	struct gh_http_chunked chunked;
	X509 *certificate;
	long verify;
	uint64_t started_ns, bytes_out;
	struct gh_uuid id;
	bool is_tls;
	char peer[INET6_ADDRSTRLEN];
	struct gh_http_head head; /* last: only as far as fields go is it ever written */
};

struct gh_server {
	struct gh_loop *loop;
	struct gh_server_config config;
	SSL_CTX *ctx; /* NULL: plain */
	int fd;
	uint16_t port;
	struct event *listener;
	struct gh_timer *tick, *rest; /* deadlines; a pause after the system ran out of files */
	uint32_t tick_ms;
	uint32_t references; /* the owner, connections, exchanges */
	struct gh_conn *all;
	struct {
		struct gh_conn *first, *last;
		uint64_t duration_ns;
	} due[GH_PHASE_COUNT];
	struct gh_block *free_blocks;
	struct gh_exchange *free_exchanges;
	size_t kept_blocks, kept_exchanges;
	struct gh_buf scratch;       /* one response head (and small body) at a time */
	struct gh_loop_task stopped; /* calls on_stopped outside of everything else */
	int64_t date_s;
	char date[40];
	bool stopping, ticking, closed;
	uint64_t stop_fresh_ns, stop_ns; /* when to cut fresh connections, and all of them */
	void (*on_stopped)(void *arg);
	void *stopped_arg;
	struct gh_server_stats stats;
};

/* Written by the loop's thread only, read by any. */
static inline void gh_count(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, __atomic_load_n(counter, __ATOMIC_RELAXED) + n, __ATOMIC_RELAXED);
}

/* wire.c: bytes to and from the socket, through TLS or not. */
enum gh_wire { GH_WIRE_AGAIN = -1, GH_WIRE_ERROR = -2 };
gh_result gh_wire_open(struct gh_conn *conn); /* makes conn->ssl */
void gh_wire_close(struct gh_conn *conn);
/* GH_OK when done; *again when it must wait for the socket. */
gh_result gh_wire_handshake(struct gh_conn *conn, bool *again);
bool gh_wire_can_read(const struct gh_conn *conn);
/* Bytes read, 0 at the end, or a gh_wire. */
ssize_t gh_wire_read(struct gh_conn *conn, void *to, size_t capacity);
/* Sends what the socket takes and queues the rest; marks the connection broken on failure. */
void gh_wire_send(struct gh_conn *conn, struct gh_slice head, struct gh_slice body);
/* Only queues; the flush comes with the driver. */
void gh_wire_queue(struct gh_conn *conn, struct gh_slice bytes);
void gh_wire_flush(struct gh_conn *conn);
void gh_wire_end(struct gh_conn *conn);     /* close_notify and FIN */
bool gh_wire_discard(struct gh_conn *conn); /* raw; false when the client is through */
/* True when the client hung up or the connection is dead, whatever is still unread. */
bool gh_wire_is_gone(const struct gh_conn *conn);
static inline size_t gh_out_len(const struct gh_out *out)
{
	return out->end - out->start;
}

/* conn.c */
gh_result gh_conn_open(struct gh_server *server, int fd, const struct sockaddr_storage *address,
                       bool over_limit);
void gh_conn_schedule(struct gh_conn *conn); /* the driver runs at the end of the batch */
void gh_conn_drive(struct gh_conn *conn);
void gh_conn_timeout(struct gh_conn *conn);
void gh_conn_cut(struct gh_conn *conn); /* on_gone and closed, now; from outside of the driver */
/* Whatever there is behind in_end, at most to the end of the block; as gh_wire_read. */
ssize_t gh_conn_read_block(struct gh_conn *conn);
bool gh_conn_is_idle(const struct gh_conn *conn);
/* Whether another request may follow the open exchange on its connection. */
bool gh_conn_may_stay(const struct gh_conn *conn);

/* conn_body.c: one step; true when there was progress. */
bool gh_conn_read_body(struct gh_conn *conn);
void gh_conn_refuse_body(struct gh_conn *conn, enum gh_problem_type problem, const char *reason);

/* exchange.c */
struct gh_exchange *gh_exchange_new(struct gh_conn *conn);
void gh_exchange_end(struct gh_exchange *exchange); /* the connection lets go of it */

/* response.c: builds heads. */
void gh_response_send_refusal(struct gh_conn *conn, enum gh_problem_type type, const char *reason);

/* server.c */
void gh_server_set_phase(struct gh_conn *conn, enum gh_phase phase);
struct gh_block *gh_server_block(struct gh_server *server, size_t capacity);
void gh_server_free_block(struct gh_server *server, struct gh_block *block);
void gh_server_forget(struct gh_conn *conn); /* no longer among the open ones */
void gh_server_release(struct gh_server *server);

#endif
