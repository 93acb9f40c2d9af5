/* route.h: what a request may ask for. A route declares its capability, its PII channel, its event
 * and its handler in one row of one table (api/routes.c); nothing else is reachable. */
#ifndef GH_GATES_ROUTE_H
#define GH_GATES_ROUTE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/slice.h"
#include "net/problem.h"
#include "pii/classes.h"

struct gh_request;

/* The one `{…}` segment of a path. */
struct gh_route_match {
	const struct gh_route *route;
	struct gh_slice parameter;
	bool path_exists; /* with another method: 405, not 404 */
};

enum gh_route_kind {
	GH_ROUTE_PUBLIC,   /* constant documents without tenant data: no gates, no audit */
	GH_ROUTE_GATED,    /* five gates, then the handler on the event loop */
	GH_ROUTE_BLOCKING, /* five gates, then the handler on a worker thread */
};

struct gh_route {
	const char *method;
	const char *path; /* "/v1/keys/{id}"; a trailing "*" takes the rest of the path */
	enum gh_route_kind kind;
	const char *capability; /* NULL only where public, or where any identity will do */
	const char *action;     /* in audit events: "inference", "key.create" */
	enum gh_problem_dialect dialect;
	bool has_body; /* JSON; gate 4 reads it */
	/* The handler scans or stores the body as it came: gate 4 hands nothing of it on, and
	 * nothing of it is kept beside the event. */
	bool private_body;
	enum gh_pii_channel channel;
	size_t max_body_bytes; /* 0: the server's limit */
	void (*handle)(struct gh_request *request);
};

/* Finds the row; NULL route when there is none. */
struct gh_route_match gh_route_find(const struct gh_route *table, size_t count,
                                    struct gh_slice method, struct gh_slice path);

/* Appends the methods that `path` has, "GET, POST". */
void gh_route_methods(const struct gh_route *table, size_t count, struct gh_slice path,
                      struct gh_buf *out);

#endif
