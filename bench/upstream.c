/* upstream.c: a model endpoint that costs as little as possible, so that what a benchmark measures
 * is the gateway before it. One thread, plain epoll, HTTP/1.1 with Content-Length only. A chat
 * completion is answered at once; with "stream":true it sends 64 events at a fixed pace, each token
 * stamped with the time it was written. It answers trusted benchmark clients on loopback, nothing
 * else. `upstream PORT [TOKENS_PER_SECOND]` */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "wire.h"

#define TOKENS_PER_STREAM 64
#define BUFFER_BYTES      ((size_t)1 << 20)
#define MAX_CONNECTIONS   4096

struct peer {
	int fd;
	char *in;
	size_t in_len;
	unsigned tokens_left; /* of the stream being sent; 0 = none */
	bool leading_space;   /* " word" as real models send it, or "word " */
	uint64_t next_ns;
	struct peer *next;
	struct peer *previous;
};

struct upstream {
	int epoll;
	int timer;
	int listener;
	uint64_t pace_ns;
	struct peer *streams; /* doubly linked: those with tokens_left > 0 */
};

static const char answer_body[] =
    "{\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion\",\"created\":1700000000,"
    "\"model\":\"bench\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":"
    "\"The quick answer of a model that takes no time at all, long enough to be a sentence or two. "
    "It names nobody and holds no number.\",\"refusal\":null},\"logprobs\":null,"
    "\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1000,\"completion_tokens\":32,"
    "\"total_tokens\":1032}}";

static const char stream_head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                                  "Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n";

/* The benchmark's answers are small and its clients read: a full socket buffer is an error here. */
static bool send_all(struct peer *peer, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t sent = send(peer->fd, data, len, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return false;
		data += sent;
		len -= (size_t)sent;
	}
	return true;
}

static void stream_unlink(struct upstream *up, struct peer *peer)
{
	if (peer->previous)
		peer->previous->next = peer->next;
	else if (up->streams == peer)
		up->streams = peer->next;
	if (peer->next)
		peer->next->previous = peer->previous;
	peer->next = peer->previous = NULL;
	peer->tokens_left = 0;
}

static void peer_close(struct upstream *up, struct peer *peer)
{
	if (peer->tokens_left > 0)
		stream_unlink(up, peer);
	close(peer->fd);
	free(peer->in);
	free(peer);
}

static void timer_arm(const struct upstream *up)
{
	struct itimerspec when = { 0 };
	uint64_t first = UINT64_MAX;

	for (const struct peer *peer = up->streams; peer; peer = peer->next)
		first = peer->next_ns < first ? peer->next_ns : first;
	if (first != UINT64_MAX) {
		when.it_value.tv_sec = (time_t)(first / 1000000000u);
		when.it_value.tv_nsec = (long)(first % 1000000000u);
	}
	timerfd_settime(up->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

/* One token: an event in a chunk of its own, stamped as late as possible. */
static bool send_token(struct peer *peer)
{
	static const char form[] =
	    "data: {\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\","
	    "\"created\":1700000000,\"model\":\"bench\",\"choices\":[{\"index\":0,\"delta\":"
	    "{\"content\":\"%s%.*s%s\"},\"finish_reason\":null}]}\n\n";
	char stamp[STAMP_CHARS], event[512], chunk[600];
	int event_len, chunk_len;

	stamp_write(mono_ns(), stamp);
	event_len = snprintf(event, sizeof(event), form, peer->leading_space ? " " : "",
	                     STAMP_CHARS, stamp, peer->leading_space ? "" : " ");
	chunk_len = snprintf(chunk, sizeof(chunk), "%x\r\n%s\r\n", (unsigned)event_len, event);
	return send_all(peer, chunk, (size_t)chunk_len);
}

static bool send_stream_end(struct peer *peer)
{
	static const char stop[] =
	    "data: {\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\","
	    "\"created\":1700000000,\"model\":\"bench\",\"choices\":[{\"index\":0,\"delta\":{},"
	    "\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
	char tail[512];
	int len =
	    snprintf(tail, sizeof(tail), "%x\r\n%s\r\n0\r\n\r\n", (unsigned)sizeof(stop) - 1, stop);

	return send_all(peer, tail, (size_t)len);
}

static void stream_start(struct upstream *up, struct peer *peer)
{
	peer->tokens_left = TOKENS_PER_STREAM;
	peer->next_ns = mono_ns() + up->pace_ns;
	peer->previous = NULL;
	peer->next = up->streams;
	if (up->streams)
		up->streams->previous = peer;
	up->streams = peer;
	timer_arm(up);
}

static void streams_tick(struct upstream *up)
{
	uint64_t now = mono_ns();

	for (struct peer *peer = up->streams, *next; peer; peer = next) {
		bool alive = true;

		next = peer->next;
		if (peer->next_ns > now)
			continue;
		alive = send_token(peer);
		peer->next_ns += up->pace_ns;
		if (alive && peer->tokens_left == 1) {
			stream_unlink(up, peer);
			alive = send_stream_end(peer);
		} else {
			peer->tokens_left--;
		}
		if (!alive)
			peer_close(up, peer);
	}
	timer_arm(up);
}

/* Answers one whole request of `len` bytes. False when the client is gone. */
static bool answer(struct upstream *up, struct peer *peer, size_t head_len, size_t len)
{
	const char *body = peer->in + head_len;
	char head[160];
	int head_out;

	if (memmem(body, len - head_len, "\"stream\":true", 13)) {
		peer->leading_space = memmem(body, len - head_len, "leading-space", 13) != NULL;
		if (!send_all(peer, stream_head, sizeof(stream_head) - 1))
			return false;
		stream_start(up, peer);
		return true;
	}
	head_out = snprintf(head, sizeof(head),
	                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	                    "Content-Length: %zu\r\n\r\n",
	                    sizeof(answer_body) - 1);
	char out[sizeof(head) + sizeof(answer_body)];
	memcpy(out, head, (size_t)head_out);
	memcpy(out + head_out, answer_body, sizeof(answer_body) - 1);
	return send_all(peer, out, (size_t)head_out + sizeof(answer_body) - 1);
}

/* Answers what has arrived whole. False when the connection is to be closed. */
static bool take_requests(struct upstream *up, struct peer *peer)
{
	while (peer->in_len > 0 && peer->tokens_left == 0) {
		const char *end = memmem(peer->in, peer->in_len, "\r\n\r\n", 4);
		const char *value;
		size_t head_len, value_len;
		uint64_t body_len = 0;

		if (!end)
			return peer->in_len < BUFFER_BYTES;
		head_len = (size_t)(end - peer->in) + 4;
		if (head_field(peer->in, head_len, "content-length:", &value, &value_len) &&
		    !parse_decimal(value, value_len, &body_len))
			return false;
		if (body_len > BUFFER_BYTES - head_len)
			return false;
		if (peer->in_len < head_len + body_len)
			return true;
		if (!answer(up, peer, head_len, head_len + body_len))
			return false;
		peer->in_len -= head_len + body_len;
		memmove(peer->in, peer->in + head_len + body_len, peer->in_len);
	}
	return true;
}

static void peer_readable(struct upstream *up, struct peer *peer)
{
	ssize_t got = recv(peer->fd, peer->in + peer->in_len, BUFFER_BYTES - peer->in_len, 0);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		peer_close(up, peer);
		return;
	}
	peer->in_len += (size_t)got;
	if (!take_requests(up, peer))
		peer_close(up, peer);
}

static void accept_peer(struct upstream *up)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct peer *peer;
	int one = 1;
	int fd = accept4(up->listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	peer = must_alloc(NULL, sizeof(*peer));
	*peer = (struct peer){ .fd = fd, .in = must_alloc(NULL, BUFFER_BYTES) };
	event.data.ptr = peer;
	epoll_ctl(up->epoll, EPOLL_CTL_ADD, fd, &event);
}

static int listen_on(uint16_t port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
	int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(fd, MAX_CONNECTIONS) != 0)
		die("upstream: port %u: %s", port, strerror(errno));
	return fd;
}

static void watch(const struct upstream *up, int fd, void *what)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = what };

	if (epoll_ctl(up->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
		die("upstream: epoll: %s", strerror(errno));
}

int main(int argc, char **argv)
{
	struct upstream up = { 0 };
	unsigned long rate = argc > 2 ? strtoul(argv[2], NULL, 10) : 200;
	unsigned long port = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;

	if (port == 0 || port > 65535 || rate == 0)
		die("usage: upstream PORT [TOKENS_PER_SECOND]");
	signal(SIGPIPE, SIG_IGN);
	up.pace_ns = 1000000000u / rate;
	up.listener = listen_on((uint16_t)port);
	up.epoll = epoll_create1(EPOLL_CLOEXEC);
	up.timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	watch(&up, up.listener, &up.listener);
	watch(&up, up.timer, &up.timer);

	for (;;) {
		struct epoll_event events[64];
		int count = epoll_wait(up.epoll, events, 64, -1);
		bool tick = false;

		for (int i = 0; i < count; i++) {
			uint64_t fired;

			if (events[i].data.ptr == &up.listener)
				accept_peer(&up);
			else if (events[i].data.ptr == &up.timer)
				tick = read(up.timer, &fired, sizeof(fired)) > 0;
			else
				peer_readable(&up, events[i].data.ptr);
		}
		/* After the batch: a tick closes peers, and events of this batch may name them. */
		if (tick)
			streams_tick(&up);
	}
}
