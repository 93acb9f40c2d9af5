/* Gate 5: on record. The admitting event, the prompt as gate 4 left it and the vault rows are
 * durable in one transaction before a byte is forwarded or an effect happens. When the log cannot
 * take it the request is refused. This file also renders what every event says; raw personal data
 * and secrets have no way in: members are names, ids, counts. */
#include "gates/request.h"

#include "base/clock.h"
#include "base/json.h"
#include "gates/policy.h"
#include "pii/custom.h"
#include "pii/model.h"

#define MAX_MEMBERS   24
#define SCRATCH_LIMIT ((size_t)4 << 20)

enum step { SUBMIT, CAME_BACK };

static struct gh_slice json_text(struct gh_arena *arena, struct gh_slice text)
{
	struct gh_buf out = { 0 };

	gh_json_add_string(&out, text);
	struct gh_slice copy = gh_arena_copy(arena, gh_buf_slice(&out));
	gh_buf_free(&out);
	return copy;
}

static struct gh_slice claims_json(struct gh_request *request)
{
	struct gh_buf out = { 0 };
	struct gh_json_writer json;

	gh_json_begin(&json, &out);
	gh_json_key(&json, "caps");
	gh_buf_add_byte(&out, '[');
	for (size_t i = 0; i < request->claims->cap_count; i++) {
		if (i)
			gh_buf_add_byte(&out, ',');
		gh_json_add_string(&out, request->claims->caps[i]);
	}
	gh_buf_add_byte(&out, ']');
	gh_json_int(&json, "exp", request->claims->exp);
	gh_json_slice(&json, "sid", request->claims->sid);
	gh_json_slice(&json, "sub", request->claims->sub);
	gh_json_end(&json);
	struct gh_slice copy = gh_arena_copy(request->arena, gh_buf_slice(&out));
	gh_buf_free(&out);
	return copy;
}

static struct gh_slice number(struct gh_request *request, uint64_t value)
{
	return gh_slice_str(gh_arena_printf(request->arena, "%llu", (unsigned long long)value));
}

/* Insertion sort by name, which for our ASCII names is canonical order. */
static void put(struct gh_member *members, size_t *count, const char *name, struct gh_slice json)
{
	size_t at = *count;

	if (json.len == 0 || !json.data || *count == MAX_MEMBERS)
		return;
	for (; at > 0 && strcmp(members[at - 1].name, name) > 0; at--)
		members[at] = members[at - 1];
	members[at] = (struct gh_member){ name, json };
	(*count)++;
}

void gh_record_members(struct gh_request *request, const struct gh_member *extra,
                       size_t extra_count)
{
	struct gh_member members[MAX_MEMBERS];
	size_t count = 0;
	const struct gh_route *route = request->match.route;

	if (request->claims) {
		put(members, &count, "actor", json_text(request->arena, request->claims->sub));
		put(members, &count, "claims", claims_json(request));
	}
	if (request->client_request_id.len)
		put(members, &count, "client_request_id",
		    json_text(request->arena, request->client_request_id));
	if (route) {
		put(members, &count, "action",
		    json_text(request->arena, gh_slice_str(route->action)));
		put(members, &count, "route", json_text(request->arena, gh_slice_str(route->path)));
	}
	if (request->tenant)
		put(members, &count, "tenant_rows", number(request, request->tenant->rows));
	if (gh_policy_digest(request))
		put(members, &count, "policy",
		    json_text(request->arena, gh_slice_str(gh_policy_digest(request))));
	put(members, &count, "decision", request->decision);
	for (size_t i = 0; i < extra_count; i++)
		put(members, &count, extra[i].name, extra[i].json);

	gh_buf_clear(&request->members);
	gh_buf_add_byte(&request->members, '{');
	for (size_t i = 0; i < count; i++) {
		gh_buf_addf(&request->members, "%s\"%s\":", i ? "," : "", members[i].name);
		gh_buf_add_slice(&request->members, members[i].json);
	}
	gh_buf_add_byte(&request->members, '}');
}

/* On the loop: the acknowledgement is here. */
static void came_back(struct gh_loop_task *task)
{
	struct gh_request *request = GH_CONTAINER(task, struct gh_request, resume);
	void (*then)(struct gh_request * request) = request->on_record;

	request->pending = false;
	request->on_record = NULL;
	if (request->entry_key)
		gh_cached_release((struct gh_cached *)(uintptr_t)&request->entry_key->cached);
	request->entry_key = NULL;
	gh_metrics_observe(&request->gateway->metrics.audit_wait,
	                   gh_clock_mono_ns() - request->waited_since_ns);
	then(request);
	gh_request_settle(request);
}

/* On the sequencer's thread: one wake-up of the loop for the whole batch. */
static void deliver(void *context, struct gh_audit_entry *list)
{
	struct gh_front *front = context;
	struct gh_loop_task *first = NULL, **tail = &first;

	while (list) {
		struct gh_request *request = list->user;
		list = list->next;
		request->resume.run = came_back;
		request->resume.next = NULL;
		*tail = &request->resume;
		tail = &request->resume.next;
	}
	gh_loop_post_many(front->loop, first);
}

gh_result gh_front_init(struct gh_front *front)
{
	front->audit = (struct gh_audit_destination){ deliver, front };
	front->scratch = gh_cedar_scratch_new(SCRATCH_LIMIT);
	GH_ENSURE(front->scratch, GH_E_MEMORY, "out of memory");
	return GH_OK;
}

void gh_record(struct gh_request *request, const char *kind,
               struct gh_audit_attachment *attachments, void (*then)(struct gh_request *request))
{
	struct gh_audit_entry *entry = &request->entry;
	const struct gh_data_key *key = request->data_key;

	if (key)
		gh_cached_hold((struct gh_cached *)(uintptr_t)&key->cached);
	else
		key = gh_gateway_hold_deployment_key(request->gateway);
	*entry = (struct gh_audit_entry){ .event_id = gh_uuid_v7(),
		                          .tenant_id = key->tenant_id,
		                          .request_id = request->id,
		                          .has_request = true,
		                          .kind = kind,
		                          .body_members = gh_buf_slice(&request->members),
		                          .data_key_id = key->id,
		                          .data_key = key->key,
		                          .attachments = attachments,
		                          .destination = &request->front->audit,
		                          .user = request };
	request->entry_key = key;
	request->on_record = then;
	request->pending = true;
	request->waited_since_ns = gh_clock_mono_ns();
	entry->code = gh_audit_submit(request->gateway->log, entry);
	if (entry->code == GH_OK)
		return;
	/* Not taken: the same way back, without the detour over the sequencer. */
	request->resume.run = came_back;
	gh_loop_defer(request->front->loop, &request->resume);
}

static struct gh_audit_attachment *attach(struct gh_request *request,
                                          struct gh_audit_attachment *list, enum gh_audit_part kind,
                                          struct gh_slice plain)
{
	struct gh_audit_attachment *item = gh_arena_alloc(request->arena, sizeof *item);

	if (!item)
		return NULL;
	item->kind = kind;
	item->plain = plain;
	item->next = list;
	return item;
}

bool gh_record_attachments(struct gh_request *request, enum gh_audit_part part,
                           struct gh_slice content, struct gh_audit_attachment **out)
{
	const struct gh_pii_token *newest = gh_pii_session_tokens(request->pii);

	*out = NULL;
	if (content.len) {
		*out = attach(request, NULL, part, content);
		if (!*out)
			return false;
	}
	for (const struct gh_pii_token *token = newest; token && token != request->vaulted;
	     token = token->next) {
		if (token->mode != GH_PII_REVERSIBLE)
			continue;
		struct gh_audit_attachment *item =
		    attach(request, *out, GH_AUDIT_VAULT, token->value);
		if (!item)
			return false;
		item->token = token->token;
		item->class_name = gh_slice_str(gh_pii_class_name(token->class));
		*out = item;
	}
	request->vaulted = newest;
	return true;
}

static void admitted(struct gh_request *request)
{
	request->admitted = request->entry.code == GH_OK;
	gh_pipeline_resume(request);
}

/* Which scanner it was: the first 64 bits of its model's digest, and of the tenant's patterns. */
static struct gh_slice model_digest(struct gh_request *request)
{
	const struct gh_pii_custom *custom = request->tenant->pii.custom;
	char patterns[GH_PII_CUSTOM_DIGEST_HEX] = "";

	if (custom)
		gh_pii_custom_digest_hex(custom, patterns);
	return gh_slice_str(gh_arena_printf(request->arena, "\"%.16s%s%.16s\"",
	                                    gh_pii_model_digest(), custom ? "+" : "", patterns));
}

enum gh_verdict gh_gate_audit(struct gh_request *request)
{
	const struct gh_route *route = request->match.route;
	struct gh_audit_attachment *list;
	struct gh_buf summary = { 0 };

	if (request->step == CAME_BACK) {
		if (request->admitted)
			return GH_PASS;
		return gh_gate_refuse(request, GH_PROBLEM_AUDIT_UNAVAILABLE, "audit-unavailable",
		                      NULL);
	}
	if (!gh_record_attachments(request, GH_AUDIT_PROMPT, gh_buf_slice(&request->body), &list))
		return gh_gate_refuse(request, GH_PROBLEM_PAYLOAD_TOO_LARGE, "too-many-findings",
		                      NULL);
	gh_pii_session_summary(request->pii, route->channel, &summary);
	const struct gh_member extra[] = { { "bytes_in", number(request, request->raw_body.len) },
		                           { "pii", gh_buf_slice(&summary) },
		                           { "pii_model", model_digest(request) } };
	gh_record_members(request, extra, GH_ARRAY_LEN(extra));
	gh_buf_free(&summary);
	request->step = CAME_BACK;
	gh_record(request,
	          strcmp(route->action, "inference") == 0 ? "inference.admitted"
	                                                  : "request.admitted",
	          list, admitted);
	return GH_WAIT;
}
