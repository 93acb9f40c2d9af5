/* client.h: every call that Gatehouse makes to others, on an event loop, through one libcurl multi
 * handle a loop. http and https only, no redirects, no proxy, no cookies, no netrc, certificates
 * verified, no Accept-Encoding (what is compressed cannot be redacted). All functions are for the
 * loop's thread; callbacks are never called from inside them. */
#ifndef GH_NET_CLIENT_H
#define GH_NET_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/result.h"
#include "base/slice.h"
#include "net/http_parse.h"
#include "net/loop.h"

struct gh_client;
struct gh_call;

struct gh_client_config {
	uint32_t kept_connections; /* idle ones kept open; 0: 512 */
	uint32_t host_connections; /* to one host at a time, more calls wait; 0: no limit */
	uint32_t pooled_handles;   /* easy handles kept for reuse; 0: 256 */
};

gh_result gh_client_open(struct gh_loop *loop, const struct gh_client_config *config,
                         struct gh_client **out);
/* Cancels what is in flight without calling back. NULL is fine. */
void gh_client_close(struct gh_client *client);
GH_DEFINE_CLEANUP(struct gh_client *, gh_client_close)

enum gh_call_result {
	GH_CALL_OK,                 /* a whole response, whatever its status */
	GH_CALL_BAD_URL,            /* not an http(s) URL that we would call */
	GH_CALL_CONNECT,            /* name not found, refused, unreachable */
	GH_CALL_CONNECT_TIMEOUT,    /* no connection in time */
	GH_CALL_TLS,                /* handshake or certificate */
	GH_CALL_FIRST_BYTE_TIMEOUT, /* connected, and no response head in time */
	GH_CALL_IDLE_TIMEOUT,       /* nothing for too long inside a body */
	GH_CALL_TOTAL_TIMEOUT,
	GH_CALL_BROKEN,    /* the connection ended inside the exchange, or it was not HTTP */
	GH_CALL_TOO_LARGE, /* head or body over its limit */
	GH_CALL_INTERNAL,  /* memory, or libcurl broke a promise */
};
const char *gh_call_result_name(enum gh_call_result result); /* "connect-timeout", … */

/* How it ended and what it cost; borrowed until on_done returns. */
struct gh_call_outcome {
	enum gh_call_result result;
	unsigned status; /* 0: no head arrived */
	bool sent;       /* the request may have reached the peer: retrying may do it twice */
	bool reused;     /* on a connection of an earlier call */
	uint64_t bytes_in;
	uint64_t connect_us, first_byte_us, total_us;
	const char *detail; /* libcurl's words, without the URL; for logs */
};

struct gh_call_callbacks {
	/* Status and fields of the final response (never 1xx). Slices hold until it returns. May be
	 * NULL. */
	void (*on_head)(struct gh_call *call, void *user, unsigned status,
	                const struct gh_http_field *fields, size_t count);
	/* A piece of the body; holds until it returns. */
	void (*on_data)(struct gh_call *call, void *user, struct gh_slice piece);
	/* The end; the call is freed after it returns. Not called for a cancelled call. */
	void (*on_done)(struct gh_call *call, void *user, const struct gh_call_outcome *outcome);
};

struct gh_call_request {
	const char *method; /* "GET", "POST", … */
	const char *url;
	const struct gh_http_field
	    *fields;          /* copied; no control bytes. Host and Content-Length are */
	size_t field_count;   /* libcurl's and refused here */
	struct gh_slice body; /* borrowed until on_done or cancel; sent when has_body */
	bool has_body;
	const char *ca_file;            /* PEM; NULL: the system's */
	uint32_t connect_timeout_ms;    /* 0: 5,000 */
	uint32_t first_byte_timeout_ms; /* from the start to the response head; 0: 60,000 */
	uint32_t idle_timeout_ms;       /* between pieces, pauses left out; 0: 60,000 */
	uint32_t total_timeout_ms;      /* 0: 600,000 */
	size_t max_response_bytes;      /* body; 0: 64 MiB */
};

/* Starts a call. `callbacks` must outlive it. GH_E_ARGUMENT for a URL or field that is refused. */
gh_result gh_client_call(struct gh_client *client, const struct gh_call_request *request,
                         const struct gh_call_callbacks *callbacks, void *user,
                         struct gh_call **out);
/* Ends a call at once, also from its own on_head and on_data: nothing is called any more, the
 * connection is closed and the call is freed. From another call's callback, its body must stay
 * until the batch of events ends. */
void gh_call_cancel(struct gh_call *call);
/* After pause no on_data until resume: the peer is slowed down by its full window. Both may be
 * called from on_data; twice does no harm. */
void gh_call_pause(struct gh_call *call);
void gh_call_resume(struct gh_call *call);

#endif
