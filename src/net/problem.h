/* problem.h: what a refusal looks like (RFC 9457). Every type is a row of one table: its slug, its
 * status, and the error object that the model SDKs know. A document carries the standard members
 * and, in a dialect, that error object as an extension member, so that SDKs raise their own typed
 * errors and people get a page that explains it under <base URL>/problems/<slug>. */
#ifndef GH_NET_PROBLEM_H
#define GH_NET_PROBLEM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/result.h"
#include "base/slice.h"
#include "base/uuid.h"
#include "net/http_parse.h"

enum gh_problem_type {
	GH_PROBLEM_BAD_REQUEST,        /* 400 */
	GH_PROBLEM_MALFORMED_REQUEST,  /* 400: not HTTP as RFC 9112 has it; the connection ends */
	GH_PROBLEM_UNPROCESSABLE_JSON, /* 400 */
	GH_PROBLEM_INVALID_PARAMETER,  /* 400 */
	GH_PROBLEM_AMBIGUOUS_CREDENTIALS,   /* 400 */
	GH_PROBLEM_UNAUTHENTICATED,         /* 401 */
	GH_PROBLEM_INVALID_API_KEY,         /* 401 */
	GH_PROBLEM_INVALID_TOKEN,           /* 401 */
	GH_PROBLEM_EXPIRED_TOKEN,           /* 401 */
	GH_PROBLEM_INVALID_CERTIFICATE,     /* 401 */
	GH_PROBLEM_INVALID_SESSION,         /* 401 */
	GH_PROBLEM_INSUFFICIENT_CAPABILITY, /* 403 */
	GH_PROBLEM_POLICY_DENIED,           /* 403 */
	GH_PROBLEM_PII_BLOCKED,             /* 403 */
	GH_PROBLEM_STEP_UP_REQUIRED,        /* 403: a fresher or stronger login is needed */
	GH_PROBLEM_CROSS_ORIGIN,            /* 403 */
	GH_PROBLEM_NOT_FOUND,               /* 404 */
	GH_PROBLEM_MODEL_NOT_FOUND,         /* 404 */
	GH_PROBLEM_METHOD_NOT_ALLOWED,      /* 405 */
	GH_PROBLEM_NOT_ACCEPTABLE,          /* 406 */
	GH_PROBLEM_REQUEST_TIMEOUT,         /* 408 */
	GH_PROBLEM_CONFLICT,                /* 409 */
	GH_PROBLEM_LENGTH_REQUIRED,         /* 411 */
	GH_PROBLEM_PRECONDITION_FAILED,     /* 412 */
	GH_PROBLEM_PAYLOAD_TOO_LARGE,       /* 413 */
	GH_PROBLEM_URI_TOO_LONG,            /* 414 */
	GH_PROBLEM_UNSUPPORTED_MEDIA_TYPE,  /* 415 */
	GH_PROBLEM_EXPECTATION_FAILED,      /* 417 */
	GH_PROBLEM_MISDIRECTED_REQUEST,     /* 421 */
	GH_PROBLEM_TOO_MANY_REQUESTS,       /* 429 */
	GH_PROBLEM_BUDGET_EXHAUSTED,        /* 429 */
	GH_PROBLEM_HEADER_FIELDS_TOO_LARGE, /* 431 */
	GH_PROBLEM_INTERNAL,                /* 500 */
	GH_PROBLEM_NOT_IMPLEMENTED,         /* 501 */
	GH_PROBLEM_UPSTREAM_UNAVAILABLE,    /* 502 */
	GH_PROBLEM_UPSTREAM_ERROR,          /* 502 */
	GH_PROBLEM_UPSTREAM_REFUSED,        /* 502: the model service rejects our own credentials */
	GH_PROBLEM_TENANT_UNAVAILABLE,      /* 503 */
	GH_PROBLEM_AUDIT_UNAVAILABLE,       /* 503, never retried by SDKs */
	GH_PROBLEM_DATABASE_UNAVAILABLE,    /* 503 */
	GH_PROBLEM_KEEPER_UNAVAILABLE,      /* 503 */
	GH_PROBLEM_OVERLOADED,              /* 503 */
	GH_PROBLEM_SHUTTING_DOWN,           /* 503 */
	GH_PROBLEM_UPSTREAM_TIMEOUT,        /* 504 */
	GH_PROBLEM_VERSION_NOT_SUPPORTED,   /* 505 */
	GH_PROBLEM_COUNT
};

/* Whose error object the body also carries. */
enum gh_problem_dialect { GH_DIALECT_PLAIN, GH_DIALECT_OPENAI, GH_DIALECT_ANTHROPIC };

/* One row of the table. Texts are constant. */
struct gh_problem_info {
	const char *slug, *title;
	uint16_t status;
	bool retryable;             /* false on 408, 409, 429, 5xx: x-should-retry: false is sent */
	uint16_t retry_after_s;     /* 0: no Retry-After unless the problem says so */
	const char *openai_type;    /* "invalid_request_error", … */
	const char *openai_code;    /* "invalid_api_key", …; NULL: null */
	const char *anthropic_type; /* "authentication_error", … */
	const char *challenge;      /* WWW-Authenticate; NULL unless 401 */
	const char *detail;         /* default */
	const char *advice;         /* what to do about it, for the page */
};

/* One refusal. Texts are borrowed and may be shown to the caller: no secrets, no personal data. */
struct gh_problem {
	enum gh_problem_type type;
	const char *detail;     /* NULL: the type's default */
	const char *gate;       /* NULL: left out */
	const char *param;      /* of the error object; NULL: null */
	uint32_t retry_after_s; /* 0: the type's default */
};

/* What a document needs from the request that it answers. */
struct gh_problem_place {
	const char *base_url; /* public, without a trailing slash */
	const struct gh_uuid *request_id;
	enum gh_problem_dialect dialect;
};

#define GH_PROBLEM_FIELDS_MAX 6
/* Status and header fields of a problem response: content type, Cache-Control: no-store,
 * x-request-id, and where due WWW-Authenticate, Retry-After, x-should-retry. Points into itself:
 * not to be copied. Content-Length is the server's business. */
struct gh_problem_head {
	uint16_t status;
	struct gh_http_field fields[GH_PROBLEM_FIELDS_MAX];
	size_t count;
	char request_id[GH_UUID_TEXT_BYTES];
	char retry_after[12];
};

/* Never NULL; an unknown type gives GH_PROBLEM_INTERNAL. */
const struct gh_problem_info *gh_problem_info(enum gh_problem_type type);
/* By slug; GH_E_NOT_FOUND. */
gh_result gh_problem_find(struct gh_slice slug, enum gh_problem_type *out);

/* Appends the JSON document. */
void gh_problem_write(const struct gh_problem *problem, const struct gh_problem_place *place,
                      struct gh_buf *out);
void gh_problem_head(const struct gh_problem *problem, const struct gh_problem_place *place,
                     struct gh_problem_head *out);
/* Appends the payload for a failure inside a stream that has begun: OpenAI (and plain)
 * `{"error":{…}}`, Anthropic `{"type":"error","error":{…},"request_id":…}`; no line breaks. The
 * caller sends it as SSE data (with `event: error` in the Anthropic dialect). */
void gh_problem_write_stream(const struct gh_problem *problem, const struct gh_problem_place *place,
                             struct gh_buf *out);

/* The page under /problems/<slug>, as HTML or as plain text; and the list of all of them. */
void gh_problem_page(enum gh_problem_type type, bool html, struct gh_buf *out);
void gh_problem_index(bool html, struct gh_buf *out);

#endif
