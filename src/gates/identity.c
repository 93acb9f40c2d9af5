/* Gate 1: who calls. Exactly one credential; an API key is looked up by its id and compared by its
 * SHA-256 in constant time. An access token is taken here as presented and proven at gate 2. What a
 * caller learns from a refusal is the same for an unknown key and a wrong secret. */
#include "base/clock.h"
#include "base/codec.h"
#include "gates/request.h"

enum step { READ_CREDENTIAL, LOOKED_UP };

/* "Bearer" SP token (RFC 6750 section 2.1); the scheme's name has no case (RFC 9110). */
static bool bearer_token(struct gh_slice value, struct gh_slice *token)
{
	struct gh_slice scheme;

	return gh_slice_split(value, ' ', &scheme, token) &&
	       gh_slice_eq_nocase(scheme, GH_SLICE("bearer")) && token->len > 0 &&
	       !memchr(token->data, ' ', token->len);
}

/* "Basic" SP base64(key id ":" API key): how OAuth clients authenticate (RFC 6749 section 2.3.1).
 */
static bool basic_password(struct gh_request *request, struct gh_slice value,
                           struct gh_slice *password)
{
	struct gh_slice scheme, encoded, decoded, id;
	GH_CLEANUP(gh_buf_free) struct gh_buf text = { .limit = 1024, .secret = true };

	if (!gh_slice_split(value, ' ', &scheme, &encoded) ||
	    !gh_slice_eq_nocase(scheme, GH_SLICE("basic")) ||
	    gh_base64_decode(encoded, &text) != GH_OK)
		return false;
	decoded = gh_arena_copy(request->arena, gh_buf_slice(&text)); /* wiped with the arena */
	return decoded.data && gh_slice_split(decoded, ':', &id, password);
}

static enum gh_verdict judge_key(struct gh_request *request)
{
	switch (request->waiter.code) {
	case GH_OK: break;
	case GH_E_NOT_FOUND:
		return gh_gate_refuse(request, GH_PROBLEM_INVALID_API_KEY, "unknown-api-key", NULL);
	default:
		return gh_gate_refuse(request, GH_PROBLEM_DATABASE_UNAVAILABLE, "credential-lookup",
		                      NULL);
	}
	request->api_key = (const struct gh_api_key *)request->waiter.value;
	request->waiter.value = NULL;
	if (request->api_key->revoked)
		return gh_gate_refuse(request, GH_PROBLEM_INVALID_API_KEY, "revoked-api-key", NULL);
	if (request->api_key->expires_at_s && request->api_key->expires_at_s <= gh_clock_unix_s())
		return gh_gate_refuse(request, GH_PROBLEM_INVALID_API_KEY, "expired-api-key", NULL);
	return GH_PASS;
}

static enum gh_verdict look_up_key(struct gh_request *request, struct gh_slice text)
{
	struct gh_slice id;
	uint8_t digest[32];

	if (gh_api_key_parse(text, &id) != GH_OK)
		return gh_gate_refuse(request, GH_PROBLEM_INVALID_API_KEY, "malformed-api-key",
		                      "The API key is malformed: was it copied whole?");
	gh_api_key_digest(text, digest);
	request->step = LOOKED_UP;
	if (!gh_credentials_by_secret(request->gateway->credentials, id, digest, &request->waiter))
		return GH_WAIT;
	return judge_key(request);
}

enum gh_verdict gh_gate_identity(struct gh_request *request)
{
	struct gh_slice authorization, api_key_header, credential;
	size_t authorizations, api_keys;

	if (request->step == LOOKED_UP)
		return judge_key(request);

	authorizations = gh_http_find(request->head, "authorization", &authorization);
	api_keys = gh_http_find(request->head, "x-api-key", &api_key_header);
	if (authorizations + api_keys > 1)
		return gh_gate_refuse(request, GH_PROBLEM_AMBIGUOUS_CREDENTIALS,
		                      "several-credentials", NULL);
	if (authorizations + api_keys == 0)
		return gh_gate_refuse(request, GH_PROBLEM_UNAUTHENTICATED, "no-credential", NULL);
	if (api_keys)
		credential = api_key_header; /* how Anthropic's clients send it */
	else if (!bearer_token(authorization, &credential) &&
	         !basic_password(request, authorization, &credential))
		return gh_gate_refuse(
		    request, GH_PROBLEM_UNAUTHENTICATED, "not-bearer",
		    "The Authorization header must be: Bearer, a space, and an API key "
		    "or an access token.");

	if (gh_api_key_looks_like(credential))
		return look_up_key(request, credential);
	if (api_keys || !memchr(credential.data, '.', credential.len))
		return gh_gate_refuse(request, GH_PROBLEM_INVALID_API_KEY, "not-a-credential",
		                      NULL);
	request->raw_token = credential;
	return GH_PASS;
}
