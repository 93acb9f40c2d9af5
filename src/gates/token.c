/* Gate 2: what the caller may do. Everything becomes claims: an access token's by verifying it, an
 * API key's from its row. Then the route's capability must be among them. A token is as good as the
 * key it came from: when that is revoked, its tokens end with it. */
#include "base/clock.h"
#include "gates/request.h"

enum step { VERIFY, PARENT_LOOKED_UP };

static enum gh_verdict check_capability(struct gh_request *request)
{
	const char *capability = request->match.route->capability;

	if (capability && !gh_claims_has_cap(request->claims, capability)) {
		char *detail = gh_arena_printf(request->arena,
		                               "This call needs the capability %s, which the "
		                               "credential does not carry.",
		                               capability);
		return gh_gate_refuse(request, GH_PROBLEM_INSUFFICIENT_CAPABILITY,
		                      "capability-missing", detail);
	}
	return GH_PASS;
}

/* Claims of the lifetime of this request. */
static enum gh_verdict claims_of_key(struct gh_request *request)
{
	const struct gh_api_key *key = request->api_key;
	struct gh_claims *claims = gh_arena_alloc(request->arena, sizeof *claims);
	char *subject = gh_arena_printf(request->arena, "key:%s", key->id);

	if (!claims || !subject)
		return gh_gate_refuse(request, GH_PROBLEM_INTERNAL, "memory", NULL);
	claims->iss = gh_slice_str(request->gateway->issuer);
	claims->aud = gh_slice_str(request->gateway->audience);
	claims->sub = gh_slice_str(subject);
	claims->client_id = gh_slice_str(key->id);
	claims->sid = gh_slice_str(key->id);
	claims->jti = gh_slice_str(request->id_text);
	claims->tenant_id = key->tenant_id;
	claims->caps = key->caps; /* alive as long as the request's reference */
	claims->cap_count = key->cap_count;
	claims->iat = gh_clock_unix_s();
	claims->exp = claims->iat + GH_TOKEN_MAX_TTL_S;
	request->claims = claims;
	return check_capability(request);
}

static enum gh_verdict judge_parent(struct gh_request *request)
{
	const struct gh_api_key *key = (const struct gh_api_key *)request->waiter.value;

	if (request->waiter.code == GH_E_NOT_FOUND)
		return gh_gate_refuse(request, GH_PROBLEM_INVALID_TOKEN, "parent-key-unknown",
		                      NULL);
	if (request->waiter.code != GH_OK)
		return gh_gate_refuse(request, GH_PROBLEM_DATABASE_UNAVAILABLE, "revocation-lookup",
		                      NULL);
	request->api_key = key;
	request->waiter.value = NULL;
	if (key->revoked)
		return gh_gate_refuse(request, GH_PROBLEM_INVALID_TOKEN, "parent-key-revoked",
		                      NULL);
	if (key->expires_at_s && key->expires_at_s <= gh_clock_unix_s())
		return gh_gate_refuse(request, GH_PROBLEM_INVALID_TOKEN, "parent-key-expired",
		                      NULL);
	/* A right that was taken from the key is gone from its tokens too. */
	if (!gh_caps_subset(request->claims->caps, request->claims->cap_count, key->caps,
	                    key->cap_count))
		return gh_gate_refuse(request, GH_PROBLEM_INVALID_TOKEN, "more-than-parent", NULL);
	return check_capability(request);
}

static enum gh_verdict verify_token(struct gh_request *request)
{
	struct gh_access_keys *keys = gh_gateway_hold_access_keys(request->gateway);
	const struct gh_token_rules rules = { .keys = keys->jwks,
		                              .issuer = gh_slice_str(request->gateway->issuer),
		                              .audience = gh_slice_str(request->gateway->audience),
		                              .now_s = gh_clock_unix_s() };
	const char *reason = "malformed";

	enum gh_code code =
	    gh_token_verify(&rules, request->raw_token, request->arena, &request->claims, &reason);
	if (code != GH_OK) {
		request->claims = NULL;
		return gh_gate_refuse(request,
		                      code == GH_E_EXPIRED ? GH_PROBLEM_EXPIRED_TOKEN
		                                           : GH_PROBLEM_INVALID_TOKEN,
		                      reason, NULL);
	}
	request->step = PARENT_LOOKED_UP;
	if (!gh_credentials_by_id(request->gateway->credentials, &request->claims->tenant_id,
	                          request->claims->client_id, &request->waiter))
		return GH_WAIT;
	return judge_parent(request);
}

enum gh_verdict gh_gate_token(struct gh_request *request)
{
	if (request->step == PARENT_LOOKED_UP)
		return judge_parent(request);
	return request->api_key ? claims_of_key(request) : verify_token(request);
}
