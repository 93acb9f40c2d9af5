/* gate.h: the five gates, in the order in which every request passes them.
 *
 *     1 identity -> 2 token -> 3 tenancy -> [the body arrives] -> 4 pii -> 5 audit -> handler
 *
 * A gate passes, refuses with a problem, or waits and resumes on the same event loop. None calls
 * back into an earlier one, and pipeline.c is the only caller: a handler cannot be reached around
 * them. */
#ifndef GH_GATES_GATE_H
#define GH_GATES_GATE_H

#include <stdint.h>

struct gh_request;

enum gh_verdict {
	GH_PASS,
	GH_REFUSE, /* request->problem is set */
	GH_WAIT,   /* gh_pipeline_resume(request) will be called on the request's loop */
};

enum gh_gate_id {
	GH_GATE_IDENTITY,
	GH_GATE_TOKEN,
	GH_GATE_TENANCY,
	GH_GATE_PII,
	GH_GATE_AUDIT,
	GH_GATE_COUNT
};

struct gh_gate {
	const char *name; /* as in problem documents, logs and metrics */
	/* Called again, with the same request, after a wait. */
	enum gh_verdict (*enter)(struct gh_request *request);
};

extern const struct gh_gate gh_gates[GH_GATE_COUNT];

/* Who calls: exactly one credential, looked up and compared. */
enum gh_verdict gh_gate_identity(struct gh_request *request);
/* What it may do: verified claims, among them tenant_id and caps; the route's capability. */
enum gh_verdict gh_gate_token(struct gh_request *request);
/* For whom: the tenant as PostgreSQL shows it under those claims, and its keys. */
enum gh_verdict gh_gate_tenancy(struct gh_request *request);
/* With which personal data: found, and handled as the tenant's table says. */
enum gh_verdict gh_gate_pii(struct gh_request *request);
/* On record: the event is durable before anything is forwarded or acknowledged. */
enum gh_verdict gh_gate_audit(struct gh_request *request);

#endif
