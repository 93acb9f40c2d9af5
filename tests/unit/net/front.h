/* front.h: a small application on the real server, for tests and measurements: it echoes, waits,
 * streams and counts what the server told it. One front may serve several loops. */
#ifndef NET_TEST_FRONT_H
#define NET_TEST_FRONT_H

#include <pthread.h>
#include <stdatomic.h>

#include "net/server.h"

/* Answers on another thread and hands them back in batches, as an audit log does. */
struct completer {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t some;
	struct gh_request *first;
	bool stop;
};

struct gh_front {
	struct completer completer;
	atomic_ulong heads, bodies, done, gone, drained, malformed, body_refused;
	atomic_ulong most_queued;
	char reason[64]; /* of the last refusal; read after the answer has arrived */
	bool own_malformed_body;
};

extern const struct gh_server_callbacks front_callbacks;

void front_open(struct gh_front *front);
void front_close(struct gh_front *front);

#define FRONT_LOOPS_MAX 4

/* A front on `loops` threads, ready to be connected to. */
struct running {
	struct gh_front front;
	size_t loops;
	uint16_t port;
	struct {
		struct gh_loop *loop;
		struct gh_server *server;
		pthread_t thread;
	} at[FRONT_LOOPS_MAX];
};

/* `tls` may be NULL. Ends the test program when it cannot. */
void running_start(struct running *running, size_t loops, const struct gh_server_limits *limits,
                   struct gh_tls *tls);
/* Asks every server to stop within grace_ms and waits until it has. */
void running_stop(struct running *running, uint32_t grace_ms);
/* The sum over the servers. */
void running_stats(const struct running *running, struct gh_server_stats *out);

/* A TLS context with a fresh certificate for localhost; *ca_pem is filled when not NULL. */
struct gh_tls *front_tls(struct gh_buf *ca_pem, bool ask_clients);

#endif
