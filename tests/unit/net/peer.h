/* peer.h: a client that does what it is told, byte by byte, with or without TLS. Blocking, with a
 * deadline on every read. */
#ifndef NET_TEST_PEER_H
#define NET_TEST_PEER_H

#include <openssl/ssl.h>

#include "base/buf.h"

struct peer {
	int fd;
	SSL_CTX *ctx;
	SSL *ssl;
};

/* NULL ca_pem: plain. Ends the test program when it cannot connect. */
void peer_open(struct peer *peer, uint16_t port, const struct gh_buf *ca_pem);
/* TLS with chosen versions; false when the handshake fails. `own` is a certificate and key in PEM,
 * or NULL. */
bool peer_open_tls(struct peer *peer, uint16_t port, const struct gh_buf *ca_pem, int least,
                   int most, const struct gh_buf *own);
void peer_close(struct peer *peer);
void peer_reset(struct peer *peer); /* closes with RST */

bool peer_send(struct peer *peer, const void *data, size_t len);
bool peer_say(struct peer *peer, const char *text);
/* Appends what comes within wait_ms, at most `most` bytes; -1 when the server closed. */
ssize_t peer_read(struct peer *peer, struct gh_buf *out, size_t most, int wait_ms);
/* Reads until `mark` is in *out; false when the connection ended or wait_ms passed. */
bool peer_read_until(struct peer *peer, struct gh_buf *out, const char *mark, int wait_ms);
/* Reads until the server closes; false when wait_ms passed first. */
bool peer_read_all(struct peer *peer, struct gh_buf *out, int wait_ms);

size_t count_of(const struct gh_buf *text, const char *mark);
/* Status of the n-th response (from 0) in the text, by its "HTTP/1.1 "; 0: none. */
unsigned status_of(const struct gh_buf *text, size_t n);

#endif
