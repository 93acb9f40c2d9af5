/* POST /oauth2/token (RFC 6749 section 4.4, RFC 9068): an API key is exchanged for an access token
 * of at most 15 minutes that carries the same capabilities or fewer. The keeper signs; this process
 * could not. */
#include "api/api.h"

#include "base/clock.h"
#include "base/json.h"
#include "token/issue.h"

struct grant {
	struct gh_slice type, scope;
	bool has_scope;
};

static gh_result read_grant(struct gh_request *request, struct grant *out)
{
	struct gh_slice rest = request->raw_body, name, value;

	while (gh_http_query_next(&rest, &name, &value)) {
		struct gh_slice *field = gh_slice_eq_str(name, "grant_type") ? &out->type
		                         : gh_slice_eq_str(name, "scope")    ? &out->scope
		                                                             : NULL;
		if (!field)
			continue;
		GH_ENSURE(!field->data, GH_E_FORMAT, "a parameter is there twice");
		GH_TRY(gh_http_unescape(request->arena, value, true, field));
	}
	out->has_scope = out->scope.len > 0;
	GH_ENSURE(gh_slice_eq_str(out->type, "client_credentials"), GH_E_FORMAT,
	          "grant_type must be client_credentials, in a form-encoded body");
	return GH_OK;
}

/* The asked-for capabilities, or all of the key's. */
static gh_result choose_caps(struct gh_request *request, const struct grant *grant,
                             struct gh_claims *claims)
{
	struct gh_slice *caps, rest = grant->scope, cap;
	bool more = true;

	if (!grant->has_scope) {
		claims->caps = request->claims->caps;
		claims->cap_count = request->claims->cap_count;
		return GH_OK;
	}
	caps = gh_arena_alloc(request->arena, GH_CAPS_MAX * sizeof *caps);
	GH_ENSURE(caps, GH_E_MEMORY, "out of memory");
	while (more) {
		more = gh_slice_split(rest, ' ', &cap, &rest);
		GH_ENSURE(gh_cap_is_valid(cap) && claims->cap_count < GH_CAPS_MAX, GH_E_FORMAT,
		          "scope must be capability names, separated by single spaces");
		caps[claims->cap_count++] = cap;
	}
	claims->caps = caps;
	GH_ENSURE(gh_caps_subset(caps, claims->cap_count, request->claims->caps,
	                         request->claims->cap_count),
	          GH_E_DENIED, "the scope asks for more than the API key carries");
	return GH_OK;
}

static gh_result issue(struct gh_request *request)
{
	struct gh_gateway *gateway = request->gateway;
	GH_CLEANUP(gh_buf_free) struct gh_buf text = { .secret = true };
	GH_CLEANUP(gh_buf_free) struct gh_buf token = { .secret = true };
	struct grant grant = { 0 };
	struct gh_claims claims = *request->claims;
	struct gh_json_writer json;

	GH_ENSURE(!request->raw_token.len, GH_E_DENIED,
	          "an access token cannot be exchanged for another one: use the API key");
	GH_TRY(read_grant(request, &grant));
	claims.cap_count = 0;
	GH_TRY(choose_caps(request, &grant, &claims));
	claims.iat = gh_clock_unix_s();
	claims.nbf = claims.iat;
	claims.exp = claims.iat + GH_TOKEN_MAX_TTL_S;
	claims.jti = gh_slice(NULL, 0);
	GH_TRY(gh_token_claims_json(&claims, &text));
	GH_TRY(gateway->keys.sign_access(gateway->keys.context, gh_buf_slice(&text), &token));

	gh_json_begin(&json, &request->reply.body);
	gh_json_slice(&json, "access_token", gh_buf_slice(&token));
	gh_json_str(&json, "token_type", "Bearer");
	gh_json_int(&json, "expires_in", GH_TOKEN_MAX_TTL_S);
	gh_json_key(&json, "scope");
	gh_buf_add_byte(&request->reply.body, '"');
	for (size_t i = 0; i < claims.cap_count; i++) {
		if (i)
			gh_buf_add_byte(&request->reply.body, ' ');
		gh_buf_add_slice(&request->reply.body, claims.caps[i]);
	}
	gh_buf_add_byte(&request->reply.body, '"');
	gh_json_end(&json);
	request->reply.status = 200;
	return GH_OK;
}

void gh_api_token(struct gh_request *request)
{
	enum gh_code code = issue(request);

	if (code == GH_E_UNAVAILABLE)
		gh_api_deny(request, GH_PROBLEM_KEEPER_UNAVAILABLE, "keeper", NULL);
	else if (code != GH_OK)
		gh_api_fail(request, code);
}
