/* The order is: form, header profile, key, signature, claims, proof. Nothing of the payload is read
 * before the signature is good, and nothing of the header chooses more than which of our keys. */
#include "token/verify.h"

#include "base/secret.h"
#include "crypto/jws.h"
#include "token/claims_read.h"
#include "token/reason.h"

static const struct gh_jws_limits limits = { GH_TOKEN_MAX_BYTES, GH_JWS_HEADER_MAX_BYTES };

/* Two spellings of one media type: RFC 7515 section 4.1.9 lets "application/" be left out. */
static bool is_access_token_type(struct gh_slice typ)
{
	return gh_slice_eq_str(typ, "at+jwt") || gh_slice_eq_str(typ, "application/at+jwt");
}

/* Exactly alg, typ and kid: jwk, jku, x5u, x5c, crit, b64, zip, cty and whatever comes next have no
 * place in our tokens (RFC 8725 sections 3.1, 3.10 and 3.11). */
static enum gh_reason check_header(const struct gh_jws *jws, struct gh_slice *kid)
{
	struct gh_slice alg, typ;
	const char *member;
	json_t *value;

	json_object_foreach(jws->header, member,
	                    value) if (strcmp(member, "alg") != 0 && strcmp(member, "typ") != 0 &&
	                               strcmp(member, "kid") != 0) return GH_REASON_HEADER_MEMBER;
	if (!gh_jws_header_text(jws, "alg", &alg) || !gh_slice_eq_str(alg, "RS256"))
		return GH_REASON_ALG;
	if (!gh_jws_header_text(jws, "typ", &typ) || !is_access_token_type(typ))
		return GH_REASON_TYP;
	if (!gh_jws_header_text(jws, "kid", kid) || kid->len == 0)
		return GH_REASON_KID;
	return GH_REASON_NONE;
}

/* The codes of the parser, in our names: its only limit left, once the token's length is known to
 * be right, is that of the header. */
static enum gh_reason parse(struct gh_slice raw_token, struct gh_arena *arena, struct gh_jws *jws)
{
	if (raw_token.len > GH_TOKEN_MAX_BYTES)
		return GH_REASON_TOO_LONG;
	switch (gh_jws_parse(raw_token, &limits, arena, jws)) {
	case GH_OK: return GH_REASON_NONE;
	case GH_E_MEMORY: return GH_REASON_MEMORY;
	case GH_E_LIMIT: return GH_REASON_HEADER;
	default: return GH_REASON_MALFORMED;
	}
}

static enum gh_reason check_signature(const struct gh_jws *jws, const struct gh_key *key)
{
	if (!key)
		return GH_REASON_UNKNOWN_KEY;
	if (gh_key_type(key) != GH_KEY_RSA)
		return GH_REASON_KEY_MISMATCH;
	return gh_jws_verify(jws, key) == GH_OK ? GH_REASON_NONE : GH_REASON_SIGNATURE;
}

/* A bound token is good only with the proof that it asks for. */
static enum gh_reason check_proof(const struct gh_claims *claims,
                                  const struct gh_token_proof *proof)
{
	if (claims->cnf == GH_CNF_NONE)
		return GH_REASON_NONE;
	struct gh_slice shown = claims->cnf == GH_CNF_JKT ? proof->jkt : proof->x5t_s256;
	if (shown.len == 0)
		return GH_REASON_PROOF_MISSING;
	if (shown.len != claims->cnf_value.len ||
	    !gh_secret_eq(shown.data, claims->cnf_value.data, shown.len))
		return GH_REASON_PROOF_MISMATCH;
	return GH_REASON_NONE;
}

gh_result gh_token_verify(const struct gh_token_rules *rules, struct gh_slice raw_token,
                          struct gh_arena *arena, const struct gh_claims **out, const char **reason)
{
	const struct gh_claims_rules claims_rules = { rules->issuer, rules->audience,
		                                      rules->now_s };
	GH_CLEANUP(gh_jws_clear) struct gh_jws jws = { 0 };
	struct gh_claims *claims = NULL;
	struct gh_slice kid = { 0 };

	enum gh_reason refused = parse(raw_token, arena, &jws);
	if (refused == GH_REASON_NONE)
		refused = check_header(&jws, &kid);
	if (refused == GH_REASON_NONE)
		refused = check_signature(&jws, gh_jwks_find(rules->keys, kid));
	if (refused != GH_REASON_NONE)
		return gh_refuse(refused, reason);

	GH_TRY(gh_claims_read(jws.payload, &claims_rules, arena, &claims, reason));
	refused = check_proof(claims, &rules->proof);
	if (refused != GH_REASON_NONE)
		return gh_refuse(refused, reason);
	claims->kid = gh_arena_copy(arena, kid);
	if (!claims->kid.data)
		return gh_refuse(GH_REASON_MEMORY, reason);
	*out = claims;
	return GH_OK;
}
