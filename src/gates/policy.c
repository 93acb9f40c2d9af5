#include "gates/policy.h"

#include "base/clock.h"
#include "base/json.h"

#define SPACE_LIMIT ((size_t)256 << 10)
#define N           "Gatehouse::"

/* What one decision is made of. Lives in a space of its own, over the pack's. */
struct question {
	struct gh_request *request;
	struct gh_cedar_space *space;
	struct gh_cedar_entities *entities;
	struct gh_cedar_request asked;
	bool failed; /* memory ran out on the way */
};

static const struct gh_cedar_name *name(struct question *q, struct gh_slice text)
{
	const struct gh_cedar_name *found = gh_cedar_intern(q->space, text);

	q->failed = q->failed || !found;
	return found;
}

static const struct gh_cedar_uid *uid(struct question *q, const char *type, struct gh_slice id)
{
	const struct gh_cedar_name *of = name(q, gh_slice_str(type)), *is = name(q, id);
	const struct gh_cedar_uid *found = q->failed ? NULL : gh_cedar_intern_uid(q->space, of, is);

	q->failed = q->failed || !found;
	return found;
}

static void add_entity(struct question *q, const struct gh_cedar_uid *what,
                       const struct gh_cedar_value *attributes,
                       const struct gh_cedar_uid *const *parents, size_t parent_count)
{
	if (q->failed || gh_cedar_entities_add(q->entities, what, attributes, NULL, parents,
	                                       parent_count) != GH_OK)
		q->failed = true;
}

/* {"capabilities": Set<String>} */
static void add_principal(struct question *q, const struct gh_cedar_uid *tenant)
{
	const struct gh_claims *claims = q->request->claims;
	const struct gh_cedar_uid *parents[] = {
		uid(q, N "Role", gh_slice_str(q->request->api_key->role)), tenant
	};
	struct gh_cedar_value caps[GH_CAPS_MAX], attributes;
	struct gh_cedar_field field = { .name = name(q, GH_SLICE("capabilities")) };
	struct gh_arena *arena = gh_cedar_space_arena(q->space);

	for (size_t i = 0; i < claims->cap_count && !q->failed; i++)
		caps[i] = gh_cedar_string(name(q, claims->caps[i]));
	q->asked.principal = uid(q, N "Key", claims->client_id);
	if (q->failed || gh_cedar_set_new(arena, caps, claims->cap_count, &field.value) != GH_OK ||
	    gh_cedar_record_new(arena, &field, 1, &attributes) != GH_OK) {
		q->failed = true;
		return;
	}
	add_entity(q, q->asked.principal, &attributes, parents, GH_ARRAY_LEN(parents));
}

static void set_context(struct question *q)
{
	struct gh_cedar_field fields[4];
	struct gh_cedar_ip *ip = gh_arena_alloc(gh_cedar_space_arena(q->space), sizeof *ip);
	size_t count = 0;

	fields[count++] = (struct gh_cedar_field){ name(q, GH_SLICE("mfa")), gh_cedar_bool(false) };
	fields[count++] =
	    (struct gh_cedar_field){ name(q, GH_SLICE("break_glass")), gh_cedar_bool(false) };
	fields[count++] =
	    (struct gh_cedar_field){ name(q, GH_SLICE("time")),
		                     { .kind = GH_CEDAR_DATETIME, .number = gh_clock_unix_ms() } };
	if (ip && gh_cedar_parse_ip(gh_slice_str(gh_exchange_peer(q->request->exchange)), ip)) {
		fields[count].name = name(q, GH_SLICE("address"));
		fields[count].value.kind = GH_CEDAR_IPADDR;
		fields[count++].value.ip = ip;
	}
	if (q->failed || gh_cedar_record_new(gh_cedar_space_arena(q->space), fields, count,
	                                     &q->asked.context) != GH_OK)
		q->failed = true;
}

static const char *action_of(const struct gh_request *request)
{
	const struct gh_route *route = request->match.route;

	return route->capability ? route->capability : route->action;
}

static gh_result ask(struct question *q, const struct gh_pack *pack)
{
	const struct gh_request *request = q->request;
	char tenant_id[GH_UUID_TEXT_BYTES];

	q->space = gh_cedar_space_new(pack->facts_space, SPACE_LIMIT);
	GH_ENSURE(q->space, GH_E_MEMORY, "out of memory");
	q->entities = gh_cedar_entities_new(q->space, pack->entities);
	GH_ENSURE(q->entities, GH_E_MEMORY, "out of memory");
	gh_uuid_format(&request->claims->tenant_id, tenant_id);
	const struct gh_cedar_uid *tenant = uid(q, N "Tenant", gh_slice_str(tenant_id));
	add_principal(q, tenant);
	q->asked.action = uid(q, N "Action", gh_slice_str(action_of(request)));
	q->asked.resource = uid(q, N "Route", gh_slice_str(request->match.route->path));
	add_entity(q, q->asked.resource, NULL, &tenant, 1);
	set_context(q);
	GH_ENSURE(!q->failed, GH_E_MEMORY, "no memory to ask the policies");
	return gh_cedar_entities_seal(q->entities);
}

/* ---- what came of it ---- */

static void put_ids(struct gh_buf *out, const struct gh_policy_decision *decision)
{
	gh_buf_add_byte(out, '[');
	for (size_t i = 0; i < decision->cedar.determining_count; i++) {
		if (i)
			gh_buf_add_byte(out, ',');
		gh_json_add_string(out, gh_cedar_name_slice(decision->cedar.determining[i]->id));
	}
	gh_buf_add_byte(out, ']');
}

static void put_errors(struct gh_buf *out, const struct gh_policy_decision *decision)
{
	gh_buf_add_byte(out, '[');
	for (size_t i = 0; i < decision->cedar.error_count; i++) {
		if (i)
			gh_buf_add_byte(out, ',');
		gh_json_add_string(out, gh_cedar_name_slice(decision->cedar.errors[i].policy->id));
	}
	gh_buf_add_byte(out, ']');
}

/* Canonical JSON. Enough to ask the same again: `policy diff --replay`. */
static struct gh_slice describe(struct gh_request *request,
                                const struct gh_policy_decision *decision, const char *outcome)
{
	struct gh_buf out = { 0 };
	struct gh_json_writer json;

	gh_json_begin(&json, &out);
	gh_json_str(&json, "action", action_of(request));
	if (decision->cedar.error_count) {
		gh_json_key(&json, "errors");
		put_errors(&out, decision);
	}
	gh_json_str(&json, "outcome", outcome);
	gh_json_key(&json, "policies");
	put_ids(&out, decision);
	if (decision->outcome == GH_POLICY_ALLOW &&
	    decision->obligations.retention_days != GH_POLICY_NO_LIMIT)
		gh_json_int(&json, "retention_days", (int64_t)decision->obligations.retention_days);
	gh_json_str(&json, "role", request->api_key->role);
	gh_json_end(&json);
	struct gh_slice copy = gh_arena_copy(request->arena, gh_buf_slice(&out));
	gh_buf_free(&out);
	return copy;
}

/* The stricter of the tenant's table and what the policies ask, class by class. */
static bool set_pii_policy(struct gh_request *request,
                           const struct gh_policy_obligations *obligations)
{
	struct gh_pii_policy *merged;

	request->pii_policy = &request->tenant->pii;
	if (obligations->pii == GH_POLICY_PII_NONE && obligations->pii_rule_count == 0)
		return true;
	merged = gh_arena_alloc(request->arena, sizeof *merged);
	if (!merged)
		return false;
	*merged = request->tenant->pii;
	for (int class = 0; class < GH_PII_CLASS_COUNT; class ++) {
		enum gh_policy_pii_mode asked =
		    gh_policy_obligations_pii(obligations, gh_slice_str(gh_pii_class_name(class)));
		if (asked == GH_POLICY_PII_NONE)
			continue;
		enum gh_pii_mode mode = (enum gh_pii_mode)(asked - GH_POLICY_PII_OFF);
		for (int channel = 0; channel < GH_PII_CHANNEL_COUNT; channel++)
			if (mode > merged->mode[class][channel])
				merged->mode[class][channel] = mode;
		/* A threshold of the tenant's cannot hollow out what a policy asks. */
		if (merged->threshold[class] > GH_PII_LEAST)
			merged->threshold[class] = GH_PII_LEAST;
	}
	request->pii_policy = merged;
	return true;
}

/* What a decision asks beside allowing, and this gateway does not do: then it is not allowed. */
static const char *unmet(const struct gh_policy_obligations *obligations)
{
	if (obligations->mfa_max_age_s != GH_POLICY_NO_LIMIT)
		return "mfa-required"; /* no credential of today carries a second factor */
	if (obligations->approval)
		return "approval-required";
	if (obligations->budget_tokens != GH_POLICY_NO_LIMIT ||
	    obligations->budget_cents != GH_POLICY_NO_LIMIT ||
	    obligations->budget_requests != GH_POLICY_NO_LIMIT ||
	    obligations->max_output_tokens != GH_POLICY_NO_LIMIT)
		return "budget-not-kept";
	return NULL;
}

static enum gh_verdict judge(struct gh_request *request, const struct gh_policy_decision *decision)
{
	const char *outcome = gh_policy_outcome_name(decision->outcome);
	const char *missing = NULL;

	if (decision->outcome == GH_POLICY_ALLOW) {
		missing = unmet(&decision->obligations);
		if (missing)
			outcome = missing;
	}
	request->decision = describe(request, decision, outcome);
	if (!request->decision.data)
		return gh_gate_refuse(request, GH_PROBLEM_INTERNAL, "memory", NULL);
	if (decision->outcome != GH_POLICY_ALLOW)
		return gh_gate_refuse(request, GH_PROBLEM_POLICY_DENIED, outcome, NULL);
	if (missing)
		return gh_gate_refuse(request,
		                      decision->obligations.mfa_max_age_s != GH_POLICY_NO_LIMIT
		                          ? GH_PROBLEM_STEP_UP_REQUIRED
		                          : GH_PROBLEM_POLICY_DENIED,
		                      missing, NULL);
	if (!set_pii_policy(request, &decision->obligations))
		return gh_gate_refuse(request, GH_PROBLEM_INTERNAL, "memory", NULL);
	return GH_PASS;
}

const char *gh_policy_digest(const struct gh_request *request)
{
	return request->tenant && request->tenant->policy && request->tenant->policy->pack
	           ? request->tenant->policy->pack->digest
	           : NULL;
}

enum gh_verdict gh_policy_enter(struct gh_request *request)
{
	const struct gh_live_policy *live = request->tenant->policy;
	struct question q = { .request = request };
	struct gh_policy_decision decision;

	if (!live)
		return gh_gate_refuse(request, GH_PROBLEM_POLICY_DENIED, "no-policy-pack",
		                      "The tenant has no policy pack yet, so nothing is allowed.");
	if (!live->pack)
		return gh_gate_refuse(request, GH_PROBLEM_TENANT_UNAVAILABLE,
		                      "policy-pack-unusable", NULL);
	if (gh_clock_unix_s() >= live->pack->manifest.expires_s)
		return gh_gate_refuse(request, GH_PROBLEM_POLICY_DENIED, "policy-pack-expired",
		                      "The tenant's policy pack has expired.");
	enum gh_code code = ask(&q, live->pack);
	if (code == GH_OK)
		code = gh_policy_decide(live->pack->set, live->pack->rules, q.entities, &q.asked,
		                        request->front->scratch, &decision);
	enum gh_verdict verdict =
	    code == GH_OK ? judge(request, &decision)
	                  : gh_gate_refuse(request, GH_PROBLEM_INTERNAL, "policy", NULL);
	gh_cedar_entities_free(q.entities);
	gh_cedar_space_free(q.space);
	return verdict;
}
