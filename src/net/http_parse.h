/* http_parse.h: the head of an HTTP/1.1 request (RFC 9112) and the chunked coding, over bytes that
 * an enemy chose. It refuses and never guesses: whatever two parties could read differently is an
 * error. Allocates nothing; slices point into the caller's bytes. */
#ifndef GH_NET_HTTP_PARSE_H
#define GH_NET_HTTP_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

#define GH_HTTP_MAX_FIELDS 64

struct gh_http_field {
	struct gh_slice name, value; /* the value without outer white space */
};

struct gh_http_request {
	struct gh_slice method, target;
	struct gh_slice path, query; /* of the target; query without '?' */
	int minor;		     /* HTTP/1.minor: 0 or 1 */
	struct gh_http_field fields[GH_HTTP_MAX_FIELDS];
	size_t field_count;
	bool chunked, has_length, keep_alive, expect_continue;
	uint64_t content_length; /* bytes; 0 without a body */
};

struct gh_http_limits {
	size_t head_bytes; /* request line and fields; over it: 431 */
	size_t line_bytes; /* request line; over it: 414 */
	size_t fields;	   /* at most GH_HTTP_MAX_FIELDS; over it: 431 */
};

enum gh_http_outcome { GH_HTTP_MORE, GH_HTTP_DONE, GH_HTTP_BAD };

/* Why it is bad: a status, and a stable name for logs and the audit event. */
struct gh_http_error {
	int status;
	const char *reason;
};

/* Looks for a whole head at the start of `raw`. *scanned is how far earlier calls looked (0 at
 * first), so that a head which comes in drips costs linear time. DONE: *head_len bytes were used. */
enum gh_http_outcome gh_http_parse_head(struct gh_slice raw, const struct gh_http_limits *limits,
					size_t *scanned, struct gh_http_request *out,
					size_t *head_len, struct gh_http_error *error);

/* How often a field is there (name in lower case); *value is the first one's. */
size_t gh_http_header_find(const struct gh_http_request *request, const char *name,
			   struct gh_slice *value);

/* The chunked coding (RFC 9112 section 7.1): no extensions, no trailer fields. Zero-initialised. */
struct gh_http_chunked {
	int state;
	unsigned digits;
	uint64_t left;
};

/* Takes bytes from `raw`, appends content to `body`; *used is how many it took. BAD when the form is
 * wrong (400) or the body grows over `max_bytes` (413). */
enum gh_http_outcome gh_http_chunked_take(struct gh_http_chunked *chunked, struct gh_slice raw,
					  size_t max_bytes, struct gh_buf *body, size_t *used,
					  struct gh_http_error *error);

#endif
