/* A token is written, then read back by the rules that will judge it: whatever would be refused by
 * a gateway never reaches the keeper. */
#include "token/issue.h"

#include "base/json.h"
#include "token/claims_read.h"
#include "token/verify.h"

/* Base64url grows the payload by a third; header, two dots and an RSA-2048 signature are the rest.
 */
#define HEADER_AND_SIGNATURE_BYTES 600

gh_result gh_token_claims_json(const struct gh_claims *claims, struct gh_buf *out)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf json = { .limit = 4 * GH_TOKEN_MAX_BYTES };
	char jti[GH_UUID_TEXT_BYTES];
	struct gh_claims complete = *claims;
	struct gh_claims *read = NULL;
	const char *reason = NULL;

	if (complete.jti.len == 0) {
		struct gh_uuid fresh = gh_uuid_v7();
		gh_uuid_format(&fresh, jti);
		complete.jti = gh_slice_str(jti);
	}
	if (complete.nbf == 0)
		complete.nbf = complete.iat;
	for (size_t i = 0; i < complete.cap_count; i++)
		GH_ENSURE(gh_cap_is_valid(complete.caps[i]), GH_E_ARGUMENT,
		          "a capability is not a name");
	gh_claims_to_json(&complete, &json);
	GH_ENSURE(!json.failed &&
	              json.len * 4 / 3 + HEADER_AND_SIGNATURE_BYTES <= GH_TOKEN_MAX_BYTES,
	          GH_E_LIMIT, "a token would be over %d bytes", GH_TOKEN_MAX_BYTES);

	const struct gh_claims_rules rules = { complete.iss, complete.aud, complete.iat };
	struct gh_arena *arena = gh_arena_new(64 * 1024);
	GH_ENSURE(arena, GH_E_MEMORY, "out of memory");
	enum gh_code code = gh_claims_read(gh_buf_slice(&json), &rules, arena, &read, &reason);
	gh_arena_free(arena);
	GH_ENSURE(code == GH_OK, GH_E_ARGUMENT, "claims would be refused: %s", reason);
	gh_buf_add_slice(out, gh_buf_slice(&json));
	return gh_buf_check(out);
}
