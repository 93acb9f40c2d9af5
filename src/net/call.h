/* call.h: what client.c (libcurl and the loop) and call.c (one call) share. */
#ifndef GH_NET_CALL_H
#define GH_NET_CALL_H

#include <curl/curl.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/client.h"

#define GH_CALL_FIELDS_MAX 128

/* A socket of libcurl's. */
struct gh_watch {
	struct gh_client *client;
	struct event read, write;
	int wanted; /* CURL_POLL_* */
	bool reading, writing;
	bool is_connection; /* ours from open to close; others are libcurl's own pipes */
};

struct gh_client {
	struct gh_loop *loop;
	CURLM *multi;
	struct gh_timer *timer;
	struct gh_loop_task kick;
	struct gh_watch **watches; /* by descriptor */
	size_t watch_count;
	struct gh_call *calls; /* in flight */
	struct gh_call *pool;
	size_t pooled, pool_max;
	bool inside; /* libcurl is on the stack */
	bool kicked, closed;
};

struct gh_call {
	struct gh_loop_task work; /* at the end of the batch: start, resume, cancel */
	struct gh_client *client;
	struct gh_call *prev, *next;
	CURL *easy;
	const struct gh_call_callbacks *callbacks;
	void *user;
	struct gh_timer *timer; /* first byte, then idle */
	uint64_t started_ns, heard_ns;
	uint32_t first_byte_ms, idle_ms, total_ms;
	uint64_t bytes_in, bytes_max;
	unsigned status;
	bool head_done, added, cancelled, paused, stalled, scheduled, has_own_ca;
	bool has_override;
	enum gh_call_result override; /* why we ended it, whatever libcurl says */
	struct gh_buf head;           /* of the response, as lines */
	struct gh_buf lines;          /* of the request */
	struct curl_slist nodes[GH_HTTP_FIELDS_MAX + 2];
};

gh_result gh_client_prepare(struct gh_client *client, CURL *easy);
void gh_client_reap(struct gh_client *client);
void gh_call_finish(struct gh_call *call, CURLcode code);
void gh_call_free_pool(struct gh_client *client);

#endif
