/* A blocking client on a raw socket. */
#include "peer.h"

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

static int connect_to(uint16_t port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
		perror("connect");
		abort();
	}
	return fd;
}

static void trust(SSL_CTX *ctx, const struct gh_buf *ca_pem)
{
	BIO *bio = BIO_new_mem_buf(ca_pem->data, (int)ca_pem->len);
	X509 *ca = PEM_read_bio_X509(bio, NULL, NULL, NULL);

	if (!ca || X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), ca) != 1)
		abort();
	X509_free(ca);
	BIO_free(bio);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
}

static void use_own(SSL_CTX *ctx, const struct gh_buf *own)
{
	BIO *bio = BIO_new_mem_buf(own->data, (int)own->len);
	X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	EVP_PKEY *key;

	BIO_free(bio);
	bio = BIO_new_mem_buf(own->data, (int)own->len);
	key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	BIO_free(bio);
	if (!certificate || !key || SSL_CTX_use_certificate(ctx, certificate) != 1 ||
	    SSL_CTX_use_PrivateKey(ctx, key) != 1)
		abort();
	X509_free(certificate);
	EVP_PKEY_free(key);
}

bool peer_open_tls(struct peer *peer, uint16_t port, const struct gh_buf *ca_pem, int least,
                   int most, const struct gh_buf *own)
{
	/* A server that refuses may close while we still write. */
	signal(SIGPIPE, SIG_IGN);
	peer->fd = connect_to(port);
	peer->ctx = SSL_CTX_new(TLS_client_method());
	/* So that old versions are really offered. */
	SSL_CTX_set_security_level(peer->ctx, 0);
	SSL_CTX_set_min_proto_version(peer->ctx, least);
	SSL_CTX_set_max_proto_version(peer->ctx, most);
	if (own)
		use_own(peer->ctx, own);
	trust(peer->ctx, ca_pem);
	peer->ssl = SSL_new(peer->ctx);
	SSL_set1_host(peer->ssl, "localhost");
	SSL_set_fd(peer->ssl, peer->fd);
	return SSL_connect(peer->ssl) == 1;
}

void peer_open(struct peer *peer, uint16_t port, const struct gh_buf *ca_pem)
{
	*peer = (struct peer){ .fd = -1 };
	if (!ca_pem)
		peer->fd = connect_to(port);
	else if (!peer_open_tls(peer, port, ca_pem, TLS1_2_VERSION, TLS1_3_VERSION, NULL))
		abort();
}

void peer_close(struct peer *peer)
{
	SSL_free(peer->ssl);
	SSL_CTX_free(peer->ctx);
	if (peer->fd >= 0)
		close(peer->fd);
	*peer = (struct peer){ .fd = -1 };
}

void peer_reset(struct peer *peer)
{
	const struct linger now = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	peer_close(peer);
}

bool peer_send(struct peer *peer, const void *data, size_t len)
{
	const char *from = data;
	ssize_t n;

	if (peer->ssl)
		return SSL_write(peer->ssl, data, (int)len) == (int)len;
	for (size_t done = 0; done < len; done += (size_t)n) {
		n = send(peer->fd, from + done, len - done, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
	}
	return true;
}

bool peer_say(struct peer *peer, const char *text)
{
	return peer_send(peer, text, strlen(text));
}

ssize_t peer_read(struct peer *peer, struct gh_buf *out, size_t most, int wait_ms)
{
	struct pollfd ready = { .fd = peer->fd, .events = POLLIN };
	uint8_t data[16384];
	ssize_t n;

	if (most > sizeof data)
		most = sizeof data;
	if (!(peer->ssl && SSL_pending(peer->ssl) > 0) && poll(&ready, 1, wait_ms) <= 0)
		return 0;
	n = peer->ssl ? SSL_read(peer->ssl, data, (int)most) : recv(peer->fd, data, most, 0);
	if (n <= 0)
		return -1;
	gh_buf_add(out, data, (size_t)n);
	return n;
}

static int ms_left(uint64_t until_ns)
{
	uint64_t now_ns = gh_clock_mono_ns();

	return now_ns < until_ns ? (int)((until_ns - now_ns) / 1000000) + 1 : 0;
}

bool peer_read_until(struct peer *peer, struct gh_buf *out, const char *mark, int wait_ms)
{
	uint64_t until_ns = gh_clock_mono_ns() + (uint64_t)wait_ms * 1000000;

	while (!memmem(out->data ? (const char *)out->data : "", out->len, mark, strlen(mark))) {
		int left = ms_left(until_ns);
		if (left == 0 || peer_read(peer, out, SIZE_MAX, left) < 0)
			return false;
	}
	return true;
}

bool peer_read_all(struct peer *peer, struct gh_buf *out, int wait_ms)
{
	uint64_t until_ns = gh_clock_mono_ns() + (uint64_t)wait_ms * 1000000;

	for (int left; (left = ms_left(until_ns)) > 0;)
		if (peer_read(peer, out, SIZE_MAX, left) < 0)
			return true;
	return false;
}

size_t count_of(const struct gh_buf *text, const char *mark)
{
	size_t count = 0;

	for (const char *at = gh_buf_cstr(text); (at = strstr(at, mark)); at += strlen(mark))
		count++;
	return count;
}

unsigned status_of(const struct gh_buf *text, size_t n)
{
	const char *at = gh_buf_cstr(text);

	for (;; at++, n--) {
		at = strstr(at, "HTTP/1.1 ");
		if (!at)
			return 0;
		if (n == 0)
			return (unsigned)strtoul(at + 9, NULL, 10);
	}
}
