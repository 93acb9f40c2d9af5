/* One call at a time on one socket: a signature costs more than a round trip, and the keeper is
 * single-minded anyway. The mutex guards the fields and is never held while waiting for the keeper,
 * so that a new socket can be put in at any time. */
#include "process/keeper/keeper_client.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/secret.h"
#include "process/keeper/message.h"

#define MS 1000000ull

struct gh_keeper_client {
	pthread_mutex_t mutex;
	pthread_cond_t idle; /* a call is over */
	bool busy;
	int fd;        /* -1: the keeper is away */
	bool replaced; /* the fd of the call under way is no longer ours to keep */
	uint64_t next_id;
	unsigned deadline_ms;
	uint8_t packet[GH_KEEPER_MESSAGE_MAX_BYTES]; /* of the call under way */
};

gh_result gh_keeper_client_new(int fd, unsigned deadline_ms, struct gh_keeper_client **out)
{
	struct gh_keeper_client *client = calloc(1, sizeof *client);
	pthread_condattr_t attributes;

	GH_ENSURE(client && deadline_ms > 0, GH_E_MEMORY, "out of memory");
	pthread_mutex_init(&client->mutex, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&client->idle, &attributes);
	pthread_condattr_destroy(&attributes);
	client->fd = fd;
	client->deadline_ms = deadline_ms;
	client->next_id = gh_clock_mono_ns(); /* above those of a fallen predecessor, whose answers
	                                         may still come */
	*out = client;
	return GH_OK;
}

void gh_keeper_client_free(struct gh_keeper_client *client)
{
	if (!client)
		return;
	gh_fd_close_ptr(&client->fd);
	pthread_cond_destroy(&client->idle);
	pthread_mutex_destroy(&client->mutex);
	gh_wipe(client->packet, sizeof client->packet);
	free(client);
}

void gh_keeper_client_replace_fd(struct gh_keeper_client *client, int fd)
{
	pthread_mutex_lock(&client->mutex);
	if (client->busy && !client->replaced && client->fd >= 0) {
		/* Wakes the call; it closes the descriptor, so that the number is not used again
		 * under its feet. */
		(void)shutdown(client->fd, SHUT_RDWR);
		client->replaced = true;
	} else if (client->fd >= 0) {
		close(client->fd);
	}
	client->fd = fd;
	pthread_mutex_unlock(&client->mutex);
}

/* Waits for the turn; on GH_OK the caller owns *fd and the packet until end_call. */
static gh_result begin_call(struct gh_keeper_client *client, uint64_t deadline_ns, int *fd,
                            uint64_t *id)
{
	const struct timespec until = { (time_t)(deadline_ns / 1000000000ull),
		                        (long)(deadline_ns % 1000000000ull) };
	int status = 0;

	pthread_mutex_lock(&client->mutex);
	while (client->busy && status != ETIMEDOUT)
		status = pthread_cond_timedwait(&client->idle, &client->mutex, &until);
	bool ours = !client->busy && client->fd >= 0;
	bool away = client->fd < 0;
	if (ours) {
		client->busy = true;
		client->replaced = false;
		*fd = client->fd;
		*id = client->next_id++;
	}
	pthread_mutex_unlock(&client->mutex);
	GH_ENSURE(!away, GH_E_UNAVAILABLE, "the keeper is away");
	GH_ENSURE(ours, GH_E_UNAVAILABLE, "the keeper is busy beyond the deadline");
	return GH_OK;
}

/* `healthy` is false when the peer spoke nonsense or is gone: then the socket is of no more use. */
static void end_call(struct gh_keeper_client *client, int fd, bool healthy)
{
	pthread_mutex_lock(&client->mutex);
	client->busy = false;
	if (client->replaced) {
		close(fd);
	} else if (!healthy) {
		close(fd);
		client->fd = -1;
	}
	client->replaced = false;
	pthread_cond_broadcast(&client->idle);
	pthread_mutex_unlock(&client->mutex);
}

static gh_result wait_for(int fd, short events, uint64_t deadline_ns)
{
	for (;;) {
		uint64_t now_ns = gh_clock_mono_ns();
		GH_ENSURE(now_ns < deadline_ns, GH_E_UNAVAILABLE,
		          "the keeper did not answer in time");
		struct pollfd polled = { .fd = fd, .events = events };
		int ready = poll(&polled, 1, (int)((deadline_ns - now_ns + MS - 1) / MS));
		if (ready > 0)
			return GH_OK;
		GH_ENSURE(ready == 0 || errno == EINTR, GH_E_UNAVAILABLE, "the keeper is away");
	}
}

static gh_result send_packet(int fd, struct gh_slice packet, uint64_t deadline_ns, bool *healthy)
{
	for (;;) {
		ssize_t put = send(fd, packet.data, packet.len, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (put == (ssize_t)packet.len)
			return GH_OK;
		if (put >= 0 || (errno != EAGAIN && errno != EINTR)) {
			*healthy = false;
			return gh_fail(GH_E_UNAVAILABLE, "the keeper is away");
		}
		GH_TRY(wait_for(fd, POLLOUT, deadline_ns));
	}
}

/* The answer to `id`. Answers to calls that gave up earlier are passed over. */
static gh_result receive_answer(struct gh_keeper_client *client, int fd,
                                const struct gh_keeper_frame *request, uint64_t deadline_ns,
                                struct gh_keeper_frame *answer, bool *healthy)
{
	for (;;) {
		GH_TRY(wait_for(fd, POLLIN, deadline_ns));
		struct iovec space = { client->packet, sizeof client->packet };
		struct msghdr message = { .msg_iov = &space, .msg_iovlen = 1 };
		ssize_t got = recvmsg(fd, &message, MSG_DONTWAIT);
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		*healthy = false;
		GH_ENSURE(got > 0, GH_E_UNAVAILABLE, "the keeper is away");
		GH_ENSURE(!(message.msg_flags & MSG_TRUNC) &&
		              gh_keeper_decode(gh_slice(client->packet, (size_t)got), answer) ==
		                  GH_OK &&
		              answer->is_answer && answer->id <= request->id,
		          GH_E_UNAVAILABLE, "the keeper's answer is no answer");
		if (answer->id == request->id) {
			GH_ENSURE(answer->type == request->type, GH_E_UNAVAILABLE,
			          "the keeper's answer is no answer");
			*healthy = true;
			return GH_OK;
		}
		*healthy = true;
	}
}

/* Copies the answer's fields out before the packet is wiped. */
static gh_result take_answer(const struct gh_keeper_frame *answer, struct gh_buf *const *out)
{
	if (answer->code != GH_OK)
		return gh_fail(answer->code, "%.*s", GH_SLICE_ARG(answer->fields[0]));
	for (unsigned i = 0; i < answer->field_count; i++) {
		gh_buf_add_slice(out[i], answer->fields[i]);
		GH_TRY(gh_buf_check(out[i]));
	}
	return GH_OK;
}

/* One exchange. `fields` and `out` have as many members as the message's schema. */
static gh_result call(struct gh_keeper_client *client, enum gh_keeper_message type,
                      const struct gh_slice *fields, struct gh_buf *const *out)
{
	GH_CLEANUP(gh_buf_free)
	struct gh_buf packet = { .limit = GH_KEEPER_MESSAGE_MAX_BYTES, .secret = true };
	struct gh_keeper_frame request = { .type = type }, answer = { 0 };
	uint64_t deadline_ns = gh_clock_mono_ns() + client->deadline_ms * MS;
	bool healthy = true;
	int fd = -1;

	request.field_count = gh_keeper_schema(type)->request_count;
	memcpy(request.fields, fields, request.field_count * sizeof fields[0]);
	/* A request that breaks the table never leaves. */
	GH_TRY(gh_keeper_encode(&request, &packet));
	GH_TRY(begin_call(client, deadline_ns, &fd, &request.id));
	enum gh_code code = gh_keeper_encode(&request, &packet);
	if (code == GH_OK)
		code = send_packet(fd, gh_buf_slice(&packet), deadline_ns, &healthy);
	if (code == GH_OK)
		code = receive_answer(client, fd, &request, deadline_ns, &answer, &healthy);
	if (code == GH_OK)
		code = take_answer(&answer, out);
	gh_wipe(client->packet, sizeof client->packet);
	end_call(client, fd, healthy);
	return code;
}

static struct gh_slice uuid_slice(const struct gh_uuid *uuid)
{
	return gh_slice(uuid->bytes, sizeof uuid->bytes);
}

gh_result gh_keeper_public(struct gh_keeper_client *client, enum gh_keeper_public what,
                           struct gh_buf *out)
{
	const uint8_t code = (uint8_t)what;
	const struct gh_slice fields[] = { gh_slice(&code, 1) };

	return call(client, GH_KEEPER_PUBLIC, fields, &out);
}

gh_result gh_keeper_sign_access(struct gh_keeper_client *client, struct gh_slice claims_json,
                                struct gh_buf *token)
{
	return call(client, GH_KEEPER_SIGN_ACCESS, &claims_json, &token);
}

gh_result gh_keeper_sign_database(struct gh_keeper_client *client, const struct gh_uuid *tenant,
                                  struct gh_slice subject, struct gh_slice role,
                                  struct gh_slice caps, unsigned ttl_s, struct gh_buf *token)
{
	uint8_t ttl[8];
	const struct gh_slice fields[] = { uuid_slice(tenant), subject, role, caps,
		                           gh_slice(ttl, sizeof ttl) };

	gh_keeper_put_u64(ttl_s, ttl);
	return call(client, GH_KEEPER_SIGN_DATABASE, fields, &token);
}

gh_result gh_keeper_sign_checkpoint(struct gh_keeper_client *client, uint64_t size,
                                    const uint8_t root[32], const uint8_t (*proof)[32],
                                    size_t proof_count, struct gh_buf *note)
{
	uint8_t number[8];
	const struct gh_slice fields[] = { gh_slice(number, sizeof number), gh_slice(root, 32),
		                           gh_slice(proof, proof_count * 32) };

	gh_keeper_put_u64(size, number);
	return call(client, GH_KEEPER_SIGN_CHECKPOINT, fields, &note);
}

/* Fixed-length keys come through a small secret buffer. */
static gh_result call_for_key(struct gh_keeper_client *client, enum gh_keeper_message type,
                              const struct gh_slice *fields, uint8_t key[32],
                              struct gh_buf *wrapped)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf plain = { .limit = 64, .secret = true };
	struct gh_buf *const out[] = { &plain, wrapped };

	GH_TRY(call(client, type, fields, out));
	memcpy(key, plain.data, 32);
	return GH_OK;
}

gh_result gh_keeper_new_dek(struct gh_keeper_client *client, const struct gh_uuid *tenant,
                            struct gh_slice purpose, struct gh_slice subject, uint8_t dek[32],
                            struct gh_buf *wrapped)
{
	const struct gh_slice fields[] = { uuid_slice(tenant), purpose, subject };

	return call_for_key(client, GH_KEEPER_NEW_DEK, fields, dek, wrapped);
}

gh_result gh_keeper_unwrap_dek(struct gh_keeper_client *client, const struct gh_uuid *tenant,
                               struct gh_slice purpose, struct gh_slice subject,
                               struct gh_slice wrapped, uint8_t dek[32])
{
	const struct gh_slice fields[] = { uuid_slice(tenant), purpose, subject, wrapped };

	return call_for_key(client, GH_KEEPER_UNWRAP_DEK, fields, dek, NULL);
}

gh_result gh_keeper_derive(struct gh_keeper_client *client, const struct gh_uuid *tenant,
                           struct gh_slice purpose, uint8_t key[32])
{
	const struct gh_slice fields[] = { uuid_slice(tenant), purpose };

	return call_for_key(client, GH_KEEPER_DERIVE, fields, key, NULL);
}

gh_result gh_keeper_tls_sign(struct gh_keeper_client *client, struct gh_slice digest,
                             struct gh_buf *signature)
{
	return call(client, GH_KEEPER_TLS_SIGN, &digest, &signature);
}
