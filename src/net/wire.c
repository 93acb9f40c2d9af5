/* Bytes to and from one socket. OpenSSL gets a BIO of ours, for three reasons: a peer that is gone
 * must not raise SIGPIPE, a short read tells that the socket is drained (which saves a system call
 * for each request), and the counters see what is really on the wire. */
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/secret.h"
#include "net/conn.h"

#define OUT_FIRST_BYTES 4096
/* An emptied queue larger than this gives its memory back. */
#define OUT_KEEP_BYTES ((size_t)16 << 10)
#define RECORD_BYTES   16384

/* ---- the socket ---- */

static ssize_t socket_read(struct gh_conn *conn, void *to, size_t capacity)
{
	ssize_t n;

	if (!conn->readable)
		return GH_WIRE_AGAIN;
	do
		n = recv(conn->fd, to, capacity, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0) {
		conn->readable = false;
		return errno == EAGAIN || errno == EWOULDBLOCK ? GH_WIRE_AGAIN : GH_WIRE_ERROR;
	}
	gh_count(&conn->server->stats.bytes_in, (uint64_t)n);
	/* A short read drained the socket, and later bytes make a new edge. After a hang-up there
	 * is no new edge, so it is read to its end. */
	if ((size_t)n < capacity && !conn->hangup)
		conn->readable = false;
	return n;
}

static ssize_t socket_write(struct gh_conn *conn, const struct iovec *parts, int count)
{
	struct msghdr message = { .msg_iov = (struct iovec *)(uintptr_t)parts,
		                  .msg_iovlen = (size_t)count };
	ssize_t n;

	if (!conn->writable)
		return GH_WIRE_AGAIN;
	do
		n = sendmsg(conn->fd, &message, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0) {
		conn->writable = false;
		return errno == EAGAIN || errno == EWOULDBLOCK ? GH_WIRE_AGAIN : GH_WIRE_ERROR;
	}
	conn->sent += (uint64_t)n;
	gh_count(&conn->server->stats.bytes_out, (uint64_t)n);
	return n;
}

/* ---- OpenSSL's view of it ---- */

static int bio_read(BIO *bio, char *to, int capacity)
{
	ssize_t n = socket_read(BIO_get_data(bio), to, (size_t)capacity);

	BIO_clear_retry_flags(bio);
	if (n == GH_WIRE_AGAIN)
		BIO_set_retry_read(bio);
	return n < 0 ? -1 : (int)n;
}

static int bio_write(BIO *bio, const char *from, int len)
{
	const struct iovec part = { (void *)(uintptr_t)from, (size_t)len };
	ssize_t n = socket_write(BIO_get_data(bio), &part, 1);

	BIO_clear_retry_flags(bio);
	if (n == GH_WIRE_AGAIN)
		BIO_set_retry_write(bio);
	return n < 0 ? -1 : (int)n;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
	return command == BIO_CTRL_FLUSH;
}

static int bio_create(BIO *bio)
{
	BIO_set_init(bio, 1);
	return 1;
}

/* One method for the process; made once, never changed, kept until the end. */
static BIO_METHOD *bio_method(void)
{
	static BIO_METHOD *shared;
	BIO_METHOD *method = __atomic_load_n(&shared, __ATOMIC_ACQUIRE);

	if (method)
		return method;
	method = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "gatehouse socket");
	if (!method)
		return NULL;
	BIO_meth_set_read(method, bio_read);
	BIO_meth_set_write(method, bio_write);
	BIO_meth_set_ctrl(method, bio_ctrl);
	BIO_meth_set_create(method, bio_create);

	BIO_METHOD *expected = NULL;
	if (!__atomic_compare_exchange_n(&shared, &expected, method, false, __ATOMIC_ACQ_REL,
	                                 __ATOMIC_ACQUIRE)) {
		BIO_meth_free(method);
		method = expected;
	}
	return method;
}

gh_result gh_wire_open(struct gh_conn *conn)
{
	BIO_METHOD *method = bio_method();
	BIO *bio;

	if (!conn->server->ctx)
		return GH_OK;
	GH_ENSURE(method, GH_E_MEMORY, "no memory for TLS");
	conn->ssl = SSL_new(conn->server->ctx);
	bio = conn->ssl ? BIO_new(method) : NULL;
	if (!bio) {
		ERR_clear_error();
		return gh_fail(GH_E_MEMORY, "no memory for a TLS connection");
	}
	BIO_set_data(bio, conn);
	SSL_set_bio(conn->ssl, bio, bio);
	SSL_set_accept_state(conn->ssl);
	return GH_OK;
}

void gh_wire_close(struct gh_conn *conn)
{
	X509_free(conn->certificate);
	conn->certificate = NULL;
	SSL_free(conn->ssl);
	conn->ssl = NULL;
	if (conn->fd >= 0)
		close(conn->fd);
	conn->fd = -1;
	if (conn->out.data)
		gh_wipe(conn->out.data, conn->out.capacity);
	free(conn->out.data);
	conn->out = (struct gh_out){ 0 };
}

gh_result gh_wire_handshake(struct gh_conn *conn, bool *again)
{
	int n, error;

	*again = false;
	ERR_clear_error();
	n = SSL_do_handshake(conn->ssl);
	if (n == 1) {
		conn->certificate = SSL_get1_peer_certificate(conn->ssl);
		return GH_OK;
	}
	error = SSL_get_error(conn->ssl, n);
	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
		*again = true;
		return GH_OK;
	}
	ERR_clear_error();
	return gh_fail(GH_E_CRYPTO, "a TLS handshake failed");
}

bool gh_wire_can_read(const struct gh_conn *conn)
{
	return conn->ssl ? !conn->tls_drained : conn->readable;
}

static ssize_t tls_read(struct gh_conn *conn, void *to, size_t capacity)
{
	size_t n;
	int ok, error;

	ERR_clear_error();
	ok = SSL_read_ex(conn->ssl, to, capacity, &n);
	if (ok == 1) {
		conn->tls_drained = !conn->readable && !SSL_has_pending(conn->ssl);
		return (ssize_t)n;
	}
	error = SSL_get_error(conn->ssl, ok);
	conn->tls_drained = true;
	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
		return GH_WIRE_AGAIN;
	ERR_clear_error();
	return error == SSL_ERROR_ZERO_RETURN ? 0 : GH_WIRE_ERROR;
}

ssize_t gh_wire_read(struct gh_conn *conn, void *to, size_t capacity)
{
	return conn->ssl ? tls_read(conn, to, capacity) : socket_read(conn, to, capacity);
}

/* As much as the socket takes of some bytes; 0 when it takes none. */
static size_t write_some(struct gh_conn *conn, const uint8_t *data, size_t len)
{
	size_t done = 0;

	while (done < len && conn->writable && !conn->broken) {
		if (conn->ssl) {
			size_t n = 0, piece = len - done < RECORD_BYTES ? len - done : RECORD_BYTES;
			ERR_clear_error();
			int ok = SSL_write_ex(conn->ssl, data + done, piece, &n);
			int error = ok == 1 ? SSL_ERROR_NONE : SSL_get_error(conn->ssl, ok);
			if (error == SSL_ERROR_WANT_WRITE || error == SSL_ERROR_WANT_READ)
				break;
			if (ok != 1) {
				ERR_clear_error();
				conn->broken = true;
				break;
			}
			done += n;
			continue;
		}
		const struct iovec part = { (void *)(uintptr_t)(data + done), len - done };
		ssize_t n = socket_write(conn, &part, 1);
		if (n == GH_WIRE_ERROR)
			conn->broken = true;
		if (n < 0)
			break;
		done += (size_t)n;
		/* A short write filled the socket; its edge will tell when there is room. */
		if (done < len)
			conn->writable = false;
	}
	return done;
}

void gh_wire_queue(struct gh_conn *conn, struct gh_slice bytes)
{
	struct gh_out *out = &conn->out;

	if (bytes.len == 0 || conn->broken)
		return;
	if (out->start == out->end)
		out->start = out->end = 0;
	if (out->capacity - out->end < bytes.len && out->start > 0) {
		memmove(out->data, out->data + out->start, gh_out_len(out));
		out->end -= out->start;
		out->start = 0;
	}
	if (out->capacity - out->end < bytes.len) {
		size_t capacity = out->capacity ? out->capacity : OUT_FIRST_BYTES;
		while (capacity - out->end < bytes.len)
			capacity *= 2;
		uint8_t *data = malloc(capacity);
		if (!data) {
			conn->broken = true;
			return;
		}
		if (out->data) {
			memcpy(data, out->data, out->end);
			gh_wipe(out->data, out->capacity);
			free(out->data);
		}
		out->data = data;
		out->capacity = capacity;
	}
	memcpy(out->data + out->end, bytes.data, bytes.len);
	out->end += bytes.len;
}

void gh_wire_flush(struct gh_conn *conn)
{
	struct gh_out *out = &conn->out;

	if (out->start == out->end)
		return;
	out->start += write_some(conn, out->data + out->start, gh_out_len(out));
	if (out->start < out->end)
		return;
	gh_wipe(out->data, out->end);
	out->start = out->end = 0;
	if (out->capacity > OUT_KEEP_BYTES || !conn->exchange) {
		free(out->data);
		*out = (struct gh_out){ 0 };
	}
}

void gh_wire_send(struct gh_conn *conn, struct gh_slice head, struct gh_slice body)
{
	size_t done = 0;

	if (conn->broken)
		return;
	if (gh_out_len(&conn->out) == 0 && body.len == 0) {
		done = write_some(conn, head.data, head.len);
	} else if (gh_out_len(&conn->out) == 0 && !conn->ssl) {
		const struct iovec parts[2] = { { (void *)(uintptr_t)head.data, head.len },
			                        { (void *)(uintptr_t)body.data, body.len } };
		ssize_t n = socket_write(conn, parts, 2);
		if (n == GH_WIRE_ERROR)
			conn->broken = true;
		done = n > 0 ? (size_t)n : 0;
		if (n >= 0 && done < head.len + body.len)
			conn->writable = false;
	}
	if (done < head.len)
		gh_wire_queue(conn, gh_slice_sub(head, done, head.len));
	gh_wire_queue(conn, done > head.len ? gh_slice_sub(body, done - head.len, body.len) : body);
	if (conn->ssl)
		gh_wire_flush(conn);
}

void gh_wire_end(struct gh_conn *conn)
{
	if (conn->ssl && !conn->broken && SSL_is_init_finished(conn->ssl)) {
		ERR_clear_error();
		/* Best effort: a client that takes no more bytes does not get its close_notify. */
		(void)SSL_shutdown(conn->ssl);
		ERR_clear_error();
	}
	shutdown(conn->fd, SHUT_WR);
}

bool gh_wire_discard(struct gh_conn *conn)
{
	uint8_t waste[4096];
	ssize_t n;

	for (unsigned i = 0; i < 64; i++) {
		n = socket_read(conn, waste, sizeof waste);
		if (n == GH_WIRE_AGAIN)
			return true;
		if (n <= 0)
			return false;
	}
	gh_conn_schedule(conn);
	return true;
}

bool gh_wire_is_gone(const struct gh_conn *conn)
{
	struct pollfd query = { .fd = conn->fd, .events = POLLRDHUP };

	if (conn->hangup || conn->broken)
		return true;
	return poll(&query, 1, 0) > 0 && (query.revents & (POLLRDHUP | POLLERR | POLLHUP)) != 0;
}
