/* exchange.h: one kept-alive connection of the load program, and one request at a time on it. */
#ifndef BENCH_EXCHANGE_H
#define BENCH_EXCHANGE_H

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "samples.h"
#include "wire.h"

struct target {
	struct sockaddr_in address;
	SSL_CTX *tls;  /* NULL for plain HTTP */
	char *request; /* head and body, sent as is each time */
	size_t request_len;
};

enum phase {
	PHASE_HEAD,
	PHASE_LENGTH,
	PHASE_CHUNK_SIZE,
	PHASE_CHUNK,
	PHASE_CHUNK_END,
	PHASE_TRAILER
};

#define HEAD_BYTES ((size_t)16384)

struct exchange {
	int fd;
	SSL *tls;
	bool busy;
	uint64_t intended_ns; /* when the request was due, which is not always when it was sent */
	size_t sent;
	enum phase phase;
	char head[HEAD_BYTES];
	size_t head_len;
	int status;
	bool closing;       /* the server said Connection: close */
	uint64_t remaining; /* bytes of the body or of the chunk */
	char line[64];      /* a chunk-size or trailer line being read */
	size_t line_len;
	char carry[STAMP_CHARS]; /* the last bytes of the body, in which a stamp may have begun */
	size_t carry_len;
	uint64_t tokens;
	uint64_t first_token_ns;
};

enum progress { PROGRESS_WAIT, PROGRESS_DONE, PROGRESS_FAILED };

/* Connects (and shakes hands) before any time is taken; false when the server refuses. */
bool exchange_open(struct exchange *exchange, const struct target *target);
void exchange_close(struct exchange *exchange);

/* Starts one request, then goes as far as the socket allows; call step on every readiness. Token
 * lags (now minus stamp) are added to `lags` when it is not NULL. */
enum progress exchange_start(struct exchange *exchange, const struct target *target,
                             uint64_t intended_ns, struct samples *lags);
enum progress exchange_step(struct exchange *exchange, const struct target *target,
                            struct samples *lags);

#endif
