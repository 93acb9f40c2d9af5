/* exchange.c: non-blocking HTTP/1.1 over TCP or TLS, edge-triggered: each step writes and reads
 * until the socket would block. Reads what servers of this benchmark send: a length or chunks. */
#include "exchange.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

bool exchange_open(struct exchange *exchange, const struct target *target)
{
	int one = 1;

	*exchange = (struct exchange){ .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
	if (exchange->fd < 0)
		return false;
	setsockopt(exchange->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(exchange->fd, (const struct sockaddr *)&target->address,
	            sizeof(target->address)) != 0) {
		exchange_close(exchange);
		return false;
	}
	if (target->tls) {
		exchange->tls = SSL_new(target->tls);
		if (!exchange->tls || SSL_set_fd(exchange->tls, exchange->fd) != 1 ||
		    SSL_connect(exchange->tls) != 1) {
			exchange_close(exchange);
			return false;
		}
	}
	fcntl(exchange->fd, F_SETFL, O_NONBLOCK);
	return true;
}

void exchange_close(struct exchange *exchange)
{
	SSL_free(exchange->tls);
	if (exchange->fd >= 0)
		close(exchange->fd);
	exchange->tls = NULL;
	exchange->fd = -1;
	exchange->busy = false;
}

/* Bytes moved, 0 when it would block, -1 at the end or on an error. */
static ssize_t link_write(struct exchange *exchange, const char *data, size_t len)
{
	ssize_t sent;

	if (exchange->tls) {
		int done = SSL_write(exchange->tls, data, (int)len);
		int why = done > 0 ? 0 : SSL_get_error(exchange->tls, done);

		if (done > 0)
			return done;
		return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? 0 : -1;
	}
	sent = send(exchange->fd, data, len, MSG_NOSIGNAL);
	if (sent < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	return sent;
}

static ssize_t link_read(struct exchange *exchange, char *data, size_t len)
{
	ssize_t got;

	if (exchange->tls) {
		int done = SSL_read(exchange->tls, data, (int)len);
		int why = done > 0 ? 0 : SSL_get_error(exchange->tls, done);

		if (done > 0)
			return done;
		return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? 0 : -1;
	}
	got = recv(exchange->fd, data, len, 0);
	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	return got == 0 ? -1 : got;
}

static void take_stamps(struct exchange *exchange, const char *data, size_t len, uint64_t now,
                        struct samples *lags)
{
	char window[2 * STAMP_CHARS];
	uint64_t stamp;

	/* A stamp across two reads: look at the carried bytes with the first new ones. */
	size_t fresh = len < STAMP_CHARS - 1 ? len : STAMP_CHARS - 1;
	memcpy(window, exchange->carry, exchange->carry_len);
	memcpy(window + exchange->carry_len, data, fresh);
	for (size_t i = 0;
	     i < exchange->carry_len && i + STAMP_CHARS <= exchange->carry_len + fresh; i++) {
		if (stamp_read(window + i, &stamp)) {
			samples_add(lags, now - stamp);
			exchange->tokens++;
		}
	}
	for (const char *at = data; (at = memmem(at, (size_t)(data + len - at), STAMP_PREFIX, 2));
	     at++) {
		if ((size_t)(data + len - at) < STAMP_CHARS)
			break;
		if (stamp_read(at, &stamp)) {
			samples_add(lags, now - stamp);
			exchange->tokens++;
		}
	}
	if (exchange->tokens > 0 && exchange->first_token_ns == 0)
		exchange->first_token_ns = now;

	size_t total = exchange->carry_len + fresh;
	size_t keep = STAMP_CHARS - 1;
	if (len >= keep) {
		memcpy(exchange->carry, data + len - keep, keep);
	} else {
		keep = total < keep ? total : keep;
		memcpy(exchange->carry, window + total - keep, keep);
	}
	exchange->carry_len = keep;
}

/* Reads the head's fields once it is whole. False when it is not HTTP as we expect it. */
static bool head_done(struct exchange *exchange)
{
	const char *value;
	size_t len;
	uint64_t status;

	if (exchange->head_len < 12 || memcmp(exchange->head, "HTTP/1.1 ", 9) != 0 ||
	    !parse_decimal(exchange->head + 9, 3, &status))
		return false;
	exchange->status = (int)status;
	if (head_field(exchange->head, exchange->head_len, "connection:", &value, &len))
		exchange->closing = len == 5 && strncasecmp(value, "close", 5) == 0;
	if (head_field(exchange->head, exchange->head_len, "transfer-encoding:", &value, &len)) {
		exchange->phase = PHASE_CHUNK_SIZE;
		return len == 7 && strncasecmp(value, "chunked", 7) == 0;
	}
	exchange->phase = PHASE_LENGTH;
	return head_field(exchange->head, exchange->head_len, "content-length:", &value, &len) &&
	       parse_decimal(value, len, &exchange->remaining);
}

/* Collects one CRLF-ended line; true when it is whole (without its end in exchange->line). */
static bool take_line(struct exchange *exchange, char byte)
{
	if (byte == '\n') {
		if (exchange->line_len > 0 && exchange->line[exchange->line_len - 1] == '\r')
			exchange->line_len--;
		exchange->line[exchange->line_len] = '\0';
		return true;
	}
	if (exchange->line_len < sizeof(exchange->line) - 1)
		exchange->line[exchange->line_len++] = byte;
	return false;
}

static enum progress take_byte(struct exchange *exchange, char byte)
{
	switch (exchange->phase) {
	case PHASE_HEAD:
		if (exchange->head_len == HEAD_BYTES)
			return PROGRESS_FAILED;
		exchange->head[exchange->head_len++] = byte;
		if (byte != '\n' || exchange->head_len < 4 ||
		    memcmp(exchange->head + exchange->head_len - 4, "\r\n\r\n", 4) != 0)
			return PROGRESS_WAIT;
		if (!head_done(exchange))
			return PROGRESS_FAILED;
		if (exchange->phase == PHASE_LENGTH && exchange->remaining == 0)
			return PROGRESS_DONE;
		return PROGRESS_WAIT;
	case PHASE_CHUNK_SIZE:
		if (!take_line(exchange, byte))
			return PROGRESS_WAIT;
		exchange->remaining = strtoull(exchange->line, NULL, 16);
		exchange->line_len = 0;
		exchange->phase = exchange->remaining > 0 ? PHASE_CHUNK : PHASE_TRAILER;
		return PROGRESS_WAIT;
	case PHASE_CHUNK_END:
		if (take_line(exchange, byte)) {
			exchange->line_len = 0;
			exchange->phase = PHASE_CHUNK_SIZE;
		}
		return PROGRESS_WAIT;
	case PHASE_TRAILER:
		if (!take_line(exchange, byte))
			return PROGRESS_WAIT;
		return exchange->line_len == 0 ? PROGRESS_DONE
		                               : (exchange->line_len = 0, PROGRESS_WAIT);
	default: return PROGRESS_FAILED;
	}
}

static enum progress take(struct exchange *exchange, const char *data, size_t len,
                          struct samples *lags)
{
	uint64_t now = lags ? mono_ns() : 0;

	for (size_t i = 0; i < len;) {
		if (exchange->phase == PHASE_LENGTH || exchange->phase == PHASE_CHUNK) {
			size_t run =
			    len - i < exchange->remaining ? len - i : (size_t)exchange->remaining;

			if (lags)
				take_stamps(exchange, data + i, run, now, lags);
			i += run;
			exchange->remaining -= run;
			if (exchange->remaining > 0)
				continue;
			if (exchange->phase == PHASE_LENGTH)
				return i == len ? PROGRESS_DONE : PROGRESS_FAILED;
			exchange->phase = PHASE_CHUNK_END;
			continue;
		}
		enum progress progress = take_byte(exchange, data[i++]);
		if (progress == PROGRESS_DONE)
			return i == len ? PROGRESS_DONE : PROGRESS_FAILED;
		if (progress == PROGRESS_FAILED)
			return progress;
	}
	return PROGRESS_WAIT;
}

enum progress exchange_step(struct exchange *exchange, const struct target *target,
                            struct samples *lags)
{
	static char buffer[65536];

	while (exchange->sent < target->request_len) {
		ssize_t sent = link_write(exchange, target->request + exchange->sent,
		                          target->request_len - exchange->sent);

		if (sent < 0)
			return PROGRESS_FAILED;
		if (sent == 0)
			break;
		exchange->sent += (size_t)sent;
	}
	for (;;) {
		ssize_t got = link_read(exchange, buffer, sizeof(buffer));
		enum progress progress;

		if (got < 0)
			return PROGRESS_FAILED;
		if (got == 0)
			return PROGRESS_WAIT;
		progress = take(exchange, buffer, (size_t)got, lags);
		if (progress != PROGRESS_WAIT)
			return progress;
	}
}

enum progress exchange_start(struct exchange *exchange, const struct target *target,
                             uint64_t intended_ns, struct samples *lags)
{
	exchange->busy = true;
	exchange->intended_ns = intended_ns;
	exchange->sent = 0;
	exchange->phase = PHASE_HEAD;
	exchange->head_len = exchange->line_len = exchange->carry_len = 0;
	exchange->status = 0;
	exchange->closing = false;
	exchange->tokens = exchange->first_token_ns = 0;
	return exchange_step(exchange, target, lags);
}
