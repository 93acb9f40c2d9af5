/* The table is the interface: docs list these names, and a test holds that none changes unseen. */
#include "token/reason.h"

#include "token/verify.h"

static const struct {
	const char *name;
	enum gh_code code;
	const char *text;
} reasons[GH_REASON_COUNT] = {
	[GH_REASON_NONE] = { "internal", GH_E_INTERNAL, "no reason was given" },
	[GH_REASON_MEMORY] = { "memory", GH_E_MEMORY, "no room to check a token" },
	[GH_REASON_TOO_LONG] = { "too-long", GH_E_LIMIT, "the token is over 8192 bytes" },
	[GH_REASON_MALFORMED] = { "malformed", GH_E_FORMAT,
	                          "the token is not three segments of base64url with a JSON "
	                          "header" },
	[GH_REASON_HEADER] = { "header-too-large", GH_E_LIMIT,
	                       "the header is over 1024 bytes or nested too deep" },
	[GH_REASON_HEADER_MEMBER] = { "header-member-not-allowed", GH_E_DENIED,
	                              "the header holds more than alg, typ and kid" },
	[GH_REASON_ALG] = { "alg-not-allowed", GH_E_DENIED, "alg is not RS256" },
	[GH_REASON_TYP] = { "typ-not-allowed", GH_E_DENIED, "typ is not at+jwt" },
	[GH_REASON_KID] = { "kid-malformed", GH_E_FORMAT, "kid is absent or no short string" },
	[GH_REASON_UNKNOWN_KEY] = { "unknown-key", GH_E_DENIED, "no key has this kid" },
	[GH_REASON_KEY_MISMATCH] = { "key-mismatch", GH_E_DENIED, "the key is not for RS256" },
	[GH_REASON_SIGNATURE] = { "signature", GH_E_CRYPTO, "the signature does not verify" },
	[GH_REASON_CLAIMS] = { "claims-malformed", GH_E_FORMAT,
	                       "the payload is not a JSON object" },
	[GH_REASON_ISS] = { "iss", GH_E_DENIED, "iss is not our issuer" },
	[GH_REASON_AUD] = { "aud", GH_E_DENIED, "aud does not name us" },
	[GH_REASON_SUB] = { "sub", GH_E_FORMAT, "sub is absent, empty or too long" },
	[GH_REASON_CLIENT_ID] = { "client-id", GH_E_FORMAT, "client_id is empty or no string" },
	[GH_REASON_TENANT] = { "tenant", GH_E_FORMAT, "tenant_id is absent or no lower-case UUID" },
	[GH_REASON_CAPS] = { "caps", GH_E_FORMAT, "caps is absent or no array of 256 names" },
	[GH_REASON_SID] = { "sid", GH_E_FORMAT, "sid is absent, empty or too long" },
	[GH_REASON_JTI] = { "jti", GH_E_FORMAT, "jti is absent, empty or too long" },
	[GH_REASON_TIME] = { "time-malformed", GH_E_FORMAT,
	                     "exp, iat, nbf or auth_time is absent or no time" },
	[GH_REASON_EXPIRED] = { "expired", GH_E_EXPIRED, "exp is past" },
	[GH_REASON_NOT_YET_VALID] = { "not-yet-valid", GH_E_EXPIRED, "nbf is to come" },
	[GH_REASON_ISSUED_IN_FUTURE] = { "issued-in-future", GH_E_EXPIRED, "iat is to come" },
	[GH_REASON_TTL] = { "ttl-too-long", GH_E_DENIED,
	                    "exp is over 900 s after iat, or before it" },
	[GH_REASON_AUTHN] = { "authn", GH_E_FORMAT, "amr, acr or auth_time is malformed" },
	[GH_REASON_CNF] = { "cnf-malformed", GH_E_DENIED,
	                    "cnf is not one thumbprint under jkt or x5t#S256" },
	[GH_REASON_PROOF_MISSING] = { "proof-missing", GH_E_DENIED,
	                              "the token is bound to a key that was not shown" },
	[GH_REASON_PROOF_MISMATCH] = { "proof-mismatch", GH_E_DENIED,
	                               "the token is bound to another key" },
	[GH_REASON_ACT] = { "act-malformed", GH_E_FORMAT,
	                    "act is no chain of at most 4 actors with a sub" },
};

enum gh_code gh_refuse(enum gh_reason reason, const char **out)
{
	*out = reasons[reason].name;
	return gh_fail(reasons[reason].code, "%s", reasons[reason].text);
}

const char *gh_token_reason(size_t index)
{
	return index < GH_REASON_COUNT ? reasons[index].name : NULL;
}
