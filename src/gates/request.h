/* request.h: one request on its way through the gates. Lives in its exchange's arena, on one event
 * loop; what a gate learned is written by that gate and read by the later ones. */
#ifndef GH_GATES_REQUEST_H
#define GH_GATES_REQUEST_H

#include "audit/event.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/uuid.h"
#include "gates/gate.h"
#include "gates/gateway.h"
#include "gates/route.h"
#include "pii/rewrite.h"
#include "tenancy/cache.h"
#include "token/claims.h"

/* Why a request ends here. `detail` is shown to the caller: no secrets, no personal data. */
struct gh_denial {
	enum gh_problem_type type;
	const char *detail; /* NULL: the type's own */
	const char *reason; /* for the audit log: stable, machine-readable */
	int gate;           /* enum gh_gate_id, or -1 before the first and after the last */
};

/* What a blocking handler answers. */
struct gh_reply {
	unsigned status;
	const char *content_type; /* NULL: application/json */
	struct gh_buf body;       /* secret: it may show a key or a value */
	struct gh_buf members;    /* canonical members for the completing event, or empty */
};

struct gh_request {
	struct gh_gateway *gateway;
	struct gh_front *front;
	struct gh_exchange *exchange; /* held until the request is released */
	struct gh_arena *arena;       /* the exchange's */
	const struct gh_http_head *head;
	struct gh_uuid id;
	char id_text[GH_UUID_TEXT_BYTES];
	struct gh_slice client_request_id; /* the caller's, checked for form; never ours */
	struct gh_slice traceparent;       /* the caller's, checked for form */
	struct gh_route_match match;
	uint64_t started_ns, overhead_ns; /* monotonic; time that we added */

	/* pipeline.c */
	int gate; /* the next one to enter; GH_GATE_COUNT: through */
	int step; /* within the gate; 0 when it is entered, kept over a wait */
	bool denied, gone, pending, answered;
	struct gh_denial denial;
	struct gh_loop_task resume;
	struct gh_cache_waiter waiter; /* the one look-up that this request waits for */
	uint64_t waited_since_ns;
	uint64_t proven_ns; /* when gates 1 to 3 were last passed */

	/* 1 identity */
	const struct gh_api_key *api_key; /* a reference; also the one behind an access token */
	struct gh_slice raw_token;        /* an access token, not yet verified */
	/* 2 token */
	const struct gh_claims *claims;
	/* 3 tenancy */
	const struct gh_tenant *tenant;     /* a reference */
	const struct gh_data_key *data_key; /* a reference */
	struct gh_slice decision;           /* JSON: what the policies decided, and why */
	const struct gh_pii_policy
	    *pii_policy; /* the tenant's table, and stricter where they ask */
	/* 4 pii */
	struct gh_slice raw_body; /* as it came */
	struct gh_buf body;       /* as it may go on; secret */
	struct gh_pii_session *pii;
	/* 5 audit */
	struct gh_audit_entry entry; /* one at a time */
	struct gh_buf members;
	const struct gh_data_key *entry_key; /* a reference, while the entry is on its way */
	const struct gh_pii_token *vaulted;  /* the newest token whose vault row was submitted */
	bool admitted;                       /* the admitting event is durable */
	void (*on_record)(struct gh_request *request); /* when the entry came back; see audit.c */

	/* handlers */
	struct gh_reply reply;
	void *handler_state;
	void (*release_handler)(struct gh_request *request);
	void (*drained)(struct gh_request *request);     /* the client reads again */
	void (*client_gone)(struct gh_request *request); /* the client is away */
};

/* From a gate: remembers why, returns GH_REFUSE. */
enum gh_verdict gh_gate_refuse(struct gh_request *request, enum gh_problem_type type,
                               const char *reason, const char *detail);

/* Puts an event on record; `then` runs on the loop with request->entry.code. The event is the
 * request's tenant's, or the deployment's as long as no tenant is known. `members`: canonical JSON
 * members of its own, in request->members (or empty). */
void gh_record(struct gh_request *request, const char *kind,
               struct gh_audit_attachment *attachments, void (*then)(struct gh_request *request));

/* What belongs beside the next event: `content` (may be empty) as `part`, and a vault row for each
 * reversible token that has none yet. False when memory is out. */
bool gh_record_attachments(struct gh_request *request, enum gh_audit_part part,
                           struct gh_slice content, struct gh_audit_attachment **out);

/* Starts request->members with what every event says: actor, claims, route, client's id, … in the
 * order of canonical JSON. `extra` rows are merged by name. */
struct gh_member {
	const char *name;
	struct gh_slice json; /* a rendered JSON value; empty: left out */
};
void gh_record_members(struct gh_request *request, const struct gh_member *extra, size_t count);

/* Goes on after a wait; on the request's loop. */
void gh_pipeline_resume(struct gh_request *request);
/* Puts on record what never became a request. */
void gh_malformed_refused(struct gh_front *front, const struct gh_refusal *refusal,
                          struct gh_buf *body);

/* ---- how a request ends (pipeline.c) ---- */

/* Denied after the gates, by a handler: on record as completed, then the problem document. */
void gh_request_deny(struct gh_request *request, enum gh_problem_type type, const char *reason,
                     const char *detail);
/* Answers with request->reply; the completing event comes first. */
void gh_request_finish(struct gh_request *request);
/* Sends the problem of request->denial now, without an event (the event is on record, or the log
 * is what failed). */
void gh_request_send_problem(struct gh_request *request);
/* Sends the reply now. */
void gh_request_send(struct gh_request *request, unsigned status, const char *content_type,
                     struct gh_slice body);
/* Lets go when nobody refers to it any more; called by the pipeline. */
void gh_request_settle(struct gh_request *request);

extern const struct gh_server_callbacks gh_pipeline_callbacks;
/* The audit destination of a front, which takes acknowledgements back to its loop, and the scratch
 * of its policy decisions; the owner frees the latter. */
gh_result gh_front_init(struct gh_front *front);

#endif
