/* http_parse.h: reads HTTP/1.1 requests as RFC 9112 writes them and nothing else. Where two readers
 * of one byte stream could disagree about where a request ends, the request is refused: that
 * disagreement is what request smuggling lives on. No allocation; all results are slices of the
 * caller's bytes. */
#ifndef GH_NET_HTTP_PARSE_H
#define GH_NET_HTTP_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/result.h"
#include "base/slice.h"

#define GH_HTTP_FIELDS_MAX 64 /* hard limit; gh_http_limits may ask for less */

enum gh_http_method {
	GH_HTTP_GET,
	GH_HTTP_HEAD,
	GH_HTTP_POST,
	GH_HTTP_PUT,
	GH_HTTP_PATCH,
	GH_HTTP_DELETE,
	GH_HTTP_OPTIONS,
	GH_HTTP_METHOD_COUNT
};

struct gh_http_field {
	struct gh_slice name, value; /* value without the blanks around it */
};

/* A whole, valid request head. Slices borrow the bytes that were parsed. */
struct gh_http_head {
	enum gh_http_method method;
	struct gh_slice method_text;
	struct gh_slice target; /* as sent */
	struct gh_slice path;   /* begins with "/", still percent-encoded; "*" for OPTIONS * */
	struct gh_slice query;  /* after "?", empty when absent */
	struct gh_slice host;   /* as sent; empty on HTTP/1.0 without Host */
	uint8_t minor;          /* 1, or 0 for HTTP/1.0 */
	bool keep_alive;        /* 1.1 without Connection: close; 1.0 never */
	bool expect_continue;   /* Expect: 100-continue */
	bool chunked;           /* Transfer-Encoding: chunked */
	bool has_length;        /* Content-Length was there */
	uint64_t content_length;
	size_t head_len; /* bytes up to and with the empty line: where the body begins */
	size_t field_count;
	struct gh_http_field fields[GH_HTTP_FIELDS_MAX];
};

struct gh_http_limits {
	size_t head_bytes;  /* whole head, with the empty line; over it: 431 */
	size_t line_bytes;  /* request line without CRLF; over it: 414 */
	size_t field_count; /* at most GH_HTTP_FIELDS_MAX; over it: 431 */
};
#define GH_HTTP_LIMITS_DEFAULT                                                                     \
	((struct gh_http_limits){                                                                  \
	    .head_bytes = 16384, .line_bytes = 8192, .field_count = GH_HTTP_FIELDS_MAX })

/* Why bytes are refused. Names (gh_http_fault_name) are stable: audit and metrics use them. */
enum gh_http_fault {
	GH_HTTP_FAULT_NONE,
	GH_HTTP_FAULT_BARE_LF,
	GH_HTTP_FAULT_CONTROL_BYTE,
	GH_HTTP_FAULT_REQUEST_LINE,
	GH_HTTP_FAULT_METHOD,  /* unknown: 501 */
	GH_HTTP_FAULT_VERSION, /* HTTP, but not 1.0 or 1.1: 505 */
	GH_HTTP_FAULT_TARGET,
	GH_HTTP_FAULT_FIELD_NAME, /* also white space before the colon */
	GH_HTTP_FAULT_OBS_FOLD,
	GH_HTTP_FAULT_HOST, /* missing, several, malformed, or not the target's authority */
	GH_HTTP_FAULT_CONTENT_LENGTH,
	GH_HTTP_FAULT_TRANSFER_ENCODING, /* with Content-Length, on 1.0, or twice */
	GH_HTTP_FAULT_TRANSFER_CODING,   /* other than "chunked": 501 */
	GH_HTTP_FAULT_EXPECT,            /* other than 100-continue: 417 */
	GH_HTTP_FAULT_CONNECTION,
	GH_HTTP_FAULT_LINE_TOO_LONG, /* 414 */
	GH_HTTP_FAULT_HEAD_TOO_LONG, /* 431 */
	GH_HTTP_FAULT_TOO_MANY_FIELDS,
	GH_HTTP_FAULT_CHUNK, /* size, extension, missing CRLF or trailer field */
	GH_HTTP_FAULT_COUNT
};
const char *gh_http_fault_name(enum gh_http_fault fault); /* "bare-lf", … */
uint16_t gh_http_fault_status(enum gh_http_fault fault);

enum gh_http_step { GH_HTTP_MORE, GH_HTTP_DONE, GH_HTTP_REFUSED };

/* Where the search for the end of the head stands, so that a head which arrives byte by byte costs
 * no more than one that arrives at once. Zero it for each request. */
struct gh_http_scan {
	size_t seen, line_start;
	bool past_line;
};

/* `bytes` is everything received of this request so far, and may be more than the head. DONE fills
 * `out` (which need not be zeroed); REFUSED sets `fault`; MORE asks for more bytes. */
enum gh_http_step gh_http_parse(struct gh_http_scan *scan, const struct gh_http_limits *limits,
                                struct gh_slice bytes, struct gh_http_head *out,
                                enum gh_http_fault *fault);

/* How often a field occurs (names compare without case); *value is the first one's, if any. Where a
 * second value would be ambiguous, refuse a count above 1. */
size_t gh_http_find(const struct gh_http_head *head, const char *name, struct gh_slice *value);

/* Incremental decoder of Transfer-Encoding: chunked. Zero it first. Extensions and trailer fields
 * are refused. */
struct gh_http_chunked {
	uint8_t state, digits;
	uint64_t left;
};
/* Takes bytes off the front of *in. *data is a run of body bytes (a slice of *in), maybe empty.
 * MORE: call again while *in is not empty. DONE: the body is over, *in starts behind it. */
enum gh_http_step gh_http_chunked(struct gh_http_chunked *chunked, struct gh_slice *in,
                                  struct gh_slice *data, enum gh_http_fault *fault);

/* Splits "a=1&b=2" one pair at a time, still encoded. False when nothing is left. */
bool gh_http_query_next(struct gh_slice *query, struct gh_slice *name, struct gh_slice *value);
/* Percent-decoding (RFC 3986 section 2.1); with `plus` also "+" to a space, as forms do. Refuses
 * malformed escapes, and control bytes that were escaped (GH_E_FORMAT). */
gh_result gh_http_unescape(struct gh_arena *arena, struct gh_slice text, bool plus,
                           struct gh_slice *out);

#endif
