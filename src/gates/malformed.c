/* What never became a request is on record too: when, from where, and what was wrong with it. The
 * answer does not wait for that: nothing was acknowledged. */
#include <stdlib.h>

#include "base/json.h"
#include "base/log.h"
#include "gates/request.h"

struct malformed {
	struct gh_audit_entry entry;
	struct gh_data_key *key;
	struct gh_buf members;
};

static void deliver(void *context, struct gh_audit_entry *list)
{
	while (list) {
		struct malformed *event = list->user;
		list = list->next;
		gh_cached_release(&event->key->cached);
		gh_buf_free(&event->members);
		free(event);
	}
}

static const struct gh_audit_destination nobody = { deliver, NULL };

void gh_malformed_refused(struct gh_front *front, const struct gh_refusal *refusal,
                          struct gh_buf *body)
{
	const struct gh_problem_info *info = gh_problem_info(refusal->problem);
	struct malformed *event = calloc(1, sizeof *event);
	struct gh_json_writer json;

	gh_metrics_count(&front->gateway->metrics.malformed, 1);
	gh_metrics_count(&front->gateway->metrics.responses[info->status / 100 % 6], 1);
	if (!event)
		return;
	gh_json_begin(&json, &event->members);
	gh_json_str(&json, "outcome", "refused");
	gh_json_str(&json, "peer", refusal->peer);
	gh_json_str(&json, "problem", info->slug);
	gh_json_str(&json, "reason", refusal->reason);
	gh_json_int(&json, "status", info->status);
	gh_json_end(&json);
	event->key = gh_gateway_hold_deployment_key(front->gateway);
	event->entry = (struct gh_audit_entry){ .event_id = gh_uuid_v7(),
		                                .tenant_id = event->key->tenant_id,
		                                .request_id = refusal->request_id,
		                                .has_request = true,
		                                .kind = "request.refused",
		                                .body_members = gh_buf_slice(&event->members),
		                                .data_key_id = event->key->id,
		                                .data_key = event->key->key,
		                                .destination = &nobody,
		                                .user = event };
	if (gh_audit_submit(front->gateway->log, &event->entry) == GH_OK)
		return;
	gh_log_error("malformed.not-recorded");
	event->entry.next = NULL;
	deliver(NULL, &event->entry);
}
