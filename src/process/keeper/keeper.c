/* The process: a loop over its sockets, one message at a time. It never waits for a peer: one that
 * does not take its answer is dropped. */
#include "process/keeper/keeper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "process/keeper/keeper_state.h"
#include "process/keeper/message.h"
#include "process/keeper/sandbox.h"

#define PEERS_MAX    16
#define TICK_MS      10000
#define SIGNAL_INDEX 0

struct loop {
	struct gh_keeper *keeper;
	struct pollfd polled[1 + PEERS_MAX]; /* the signals, then the peers */
	size_t peer_count;
	struct gh_buf answer;
	uint8_t packet[GH_KEEPER_MESSAGE_MAX_BYTES];
};

static void drop(struct loop *loop, size_t index, const char *why)
{
	gh_log(GH_LOG_WARN, "keeper.peer.dropped", GH_LOG_TEXT("why", why),
	       GH_LOG_INT("peer", index));
	close(loop->polled[index].fd);
	loop->polled[index].fd = -1;
	loop->peer_count--;
}

static void serve(struct loop *loop, size_t index)
{
	int fd = loop->polled[index].fd;
	struct iovec space = { loop->packet, sizeof loop->packet };
	struct msghdr message = { .msg_iov = &space, .msg_iovlen = 1 };
	ssize_t got = recvmsg(fd, &message, MSG_DONTWAIT);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		drop(loop, index, "closed");
		return;
	}
	enum gh_code code =
	    message.msg_flags & MSG_TRUNC
	        ? gh_fail(GH_E_LIMIT, "a packet is over %d bytes", GH_KEEPER_MESSAGE_MAX_BYTES)
	        : gh_keeper_answer(loop->keeper, gh_slice(loop->packet, (size_t)got),
	                           gh_clock_unix_s(), &loop->answer);
	gh_wipe(loop->packet, (size_t)got);
	if (code != GH_OK) {
		gh_log_error("keeper.packet.refused");
		drop(loop, index, "not a request");
		return;
	}
	ssize_t put = send(fd, loop->answer.data, loop->answer.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	bool sent = put == (ssize_t)loop->answer.len;
	gh_buf_clear(&loop->answer);
	if (!sent)
		drop(loop, index, "does not read");
}

static gh_result run_loop(struct loop *loop)
{
	int64_t ticked_s = gh_clock_unix_s();

	while (loop->peer_count > 0) {
		int ready = poll(loop->polled, GH_ARRAY_LEN(loop->polled), TICK_MS);
		GH_ENSURE(ready >= 0 || errno == EINTR, GH_E_IO, "poll: %s", strerror(errno));
		if (loop->polled[SIGNAL_INDEX].revents)
			return GH_OK;
		for (size_t i = 1; ready > 0 && i < GH_ARRAY_LEN(loop->polled); i++)
			if (loop->polled[i].revents)
				serve(loop, i);
		int64_t now_s = gh_clock_unix_s();
		if (now_s - ticked_s >= TICK_MS / 1000 || now_s < ticked_s) {
			ticked_s = now_s;
			if (gh_keeper_tick(loop->keeper, now_s) != GH_OK)
				gh_log_error("keeper.tick.failed");
		}
	}
	return GH_OK;
}

/* SIGTERM and SIGINT as a descriptor: no handler, no flag. */
static gh_result open_signals(int *fd)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	GH_ENSURE(sigprocmask(SIG_BLOCK, &set, NULL) == 0, GH_E_IO, "sigprocmask: %s",
	          strerror(errno));
	*fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	GH_ENSURE(*fd >= 0, GH_E_IO, "signalfd: %s", strerror(errno));
	return GH_OK;
}

/* One of each operation, so that what OpenSSL fetches and opens lazily is there before the doors
 * close. */
static gh_result warm_up(struct gh_keeper *keeper)
{
	static const uint8_t digest[32];
	GH_CLEANUP(gh_buf_free) struct gh_buf out = { .limit = 65536, .secret = true };
	const char *kid;

	GH_TRY(gh_key_sign(gh_access_keys_active(keeper->access, &kid), GH_SLICE("warm"), &out));
	GH_TRY(gh_key_sign(keeper->database, GH_SLICE("warm"), &out));
	GH_TRY(gh_access_keys_jwks(keeper->access, &out));
	return gh_key_sign_digest_der(gh_tls_identity_key(keeper->tls),
	                              gh_slice(digest, sizeof digest), &out);
}

static gh_result run(struct loop *loop, const struct gh_keeper_config *config)
{
	GH_TRY(open_signals(&loop->polled[SIGNAL_INDEX].fd));
	GH_TRY(gh_keeper_open(config, gh_clock_unix_s(), &loop->keeper));
	GH_TRY(warm_up(loop->keeper));
	if (config->sandbox)
		GH_TRY(gh_keeper_lock_in(loop->keeper->store.dir_fd));
	gh_log(GH_LOG_INFO, "keeper.ready", GH_LOG_INT("peers", loop->peer_count));
	return run_loop(loop);
}

gh_result gh_keeper_run(const int *fds, size_t count, const struct gh_keeper_config *config)
{
	struct loop loop = { .peer_count = count };

	GH_ENSURE(count > 0 && count <= PEERS_MAX, GH_E_ARGUMENT, "a keeper serves 1 to %d sockets",
	          PEERS_MAX);
	gh_buf_init(&loop.answer, GH_KEEPER_MESSAGE_MAX_BYTES, true);
	for (size_t i = 0; i < GH_ARRAY_LEN(loop.polled); i++)
		loop.polled[i] = (struct pollfd){ .fd = i >= 1 && i <= count ? fds[i - 1] : -1,
			                          .events = POLLIN };
	enum gh_code code = run(&loop, config);
	gh_keeper_close(loop.keeper);
	gh_buf_free(&loop.answer);
	for (size_t i = 0; i < GH_ARRAY_LEN(loop.polled); i++)
		gh_fd_close_ptr(&loop.polled[i].fd);
	return code;
}
