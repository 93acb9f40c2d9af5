/* The claim rules (RFC 7519 section 4.1, RFC 9068 section 2.2, RFC 8705 section 3.1, RFC 9449
 * section 6.1, RFC 8693 section 4.1): a claim is there and right, or the token is refused. Nothing
 * is repaired, defaulted or converted. */
#include "token/claims_read.h"

#include <math.h>

#include "base/codec.h"
#include "base/json.h"
#include "token/reason.h"
#include "token/verify.h"

#define SUB_MAX_BYTES  512
#define ID_MAX_BYTES   256
#define AUD_MAX        16
#define AUD_MAX_BYTES  1024
#define TIME_MAX       253402300800.0 /* the year 10000 */
#define THUMBPRINT_LEN 43

/* What the readers below share. */
struct reader {
	const json_t *payload;
	const struct gh_claims_rules *rules;
	struct gh_arena *arena;
	struct gh_claims *claims;
};

typedef enum gh_reason read_claim(const struct reader *reader);

static struct gh_slice text_of(const json_t *value)
{
	return gh_slice(json_string_value(value), json_string_length(value));
}

/* A non-empty string of at most `max` bytes, copied; false when it is anything else. */
static bool copy_text(const struct reader *reader, const json_t *value, size_t max,
                      struct gh_slice *out)
{
	if (!json_is_string(value) || json_string_length(value) == 0 ||
	    json_string_length(value) > max)
		return false;
	*out = gh_arena_copy(reader->arena, text_of(value));
	return out->data != NULL;
}

static bool copy_claim(const struct reader *reader, const char *name, size_t max,
                       struct gh_slice *out)
{
	return copy_text(reader, json_object_get(reader->payload, name), max, out);
}

static enum gh_reason read_issuer(const struct reader *reader)
{
	const json_t *iss = json_object_get(reader->payload, "iss");

	if (!json_is_string(iss) || !gh_slice_eq(text_of(iss), reader->rules->issuer))
		return GH_REASON_ISS;
	reader->claims->iss = gh_arena_copy(reader->arena, reader->rules->issuer);
	return reader->claims->iss.data ? GH_REASON_NONE : GH_REASON_MEMORY;
}

/* RFC 7519 section 4.1.3: one string, or an array of strings that names us among others. */
static enum gh_reason read_audience(const struct reader *reader)
{
	const json_t *aud = json_object_get(reader->payload, "aud");
	size_t count = json_is_array(aud) ? json_array_size(aud) : 1;
	bool found = false;

	if (count > AUD_MAX)
		return GH_REASON_AUD;
	for (size_t i = 0; i < count; i++) {
		const json_t *one = json_is_array(aud) ? json_array_get(aud, i) : aud;
		if (!json_is_string(one) || json_string_length(one) == 0 ||
		    json_string_length(one) > AUD_MAX_BYTES)
			return GH_REASON_AUD;
		found |= gh_slice_eq(text_of(one), reader->rules->audience);
	}
	if (!found)
		return GH_REASON_AUD;
	reader->claims->aud = gh_arena_copy(reader->arena, reader->rules->audience);
	return reader->claims->aud.data ? GH_REASON_NONE : GH_REASON_MEMORY;
}

/* RFC 7519 section 2, NumericDate: an integer or a fraction, finite, not before 1970. */
static bool read_time(const struct reader *reader, const char *name, double *out)
{
	const json_t *value = json_object_get(reader->payload, name);

	if (!json_is_number(value))
		return false;
	*out = json_number_value(value);
	return isfinite(*out) && *out >= 0 && *out <= TIME_MAX;
}

static enum gh_reason read_times(const struct reader *reader)
{
	double iat, exp, nbf, now = (double)reader->rules->now_s;
	bool has_nbf = json_object_get(reader->payload, "nbf") != NULL;

	if (!read_time(reader, "exp", &exp) || !read_time(reader, "iat", &iat))
		return GH_REASON_TIME;
	nbf = iat;
	if (has_nbf && !read_time(reader, "nbf", &nbf))
		return GH_REASON_TIME;
	if (now >= exp)
		return GH_REASON_EXPIRED;
	if (iat > now + GH_TOKEN_FUTURE_SKEW_S)
		return GH_REASON_ISSUED_IN_FUTURE;
	if (nbf > now + GH_TOKEN_FUTURE_SKEW_S)
		return GH_REASON_NOT_YET_VALID;
	if (exp - iat > GH_TOKEN_MAX_TTL_S || exp <= iat)
		return GH_REASON_TTL;
	if (nbf >= exp)
		return GH_REASON_TIME;
	reader->claims->exp = (int64_t)exp;
	reader->claims->iat = (int64_t)iat;
	reader->claims->nbf = has_nbf ? (int64_t)nbf : 0;
	return GH_REASON_NONE;
}

static enum gh_reason read_subject(const struct reader *reader)
{
	return copy_claim(reader, "sub", SUB_MAX_BYTES, &reader->claims->sub) ? GH_REASON_NONE
	                                                                      : GH_REASON_SUB;
}

static enum gh_reason read_session(const struct reader *reader)
{
	return copy_claim(reader, "sid", ID_MAX_BYTES, &reader->claims->sid) ? GH_REASON_NONE
	                                                                     : GH_REASON_SID;
}

static enum gh_reason read_token_id(const struct reader *reader)
{
	return copy_claim(reader, "jti", ID_MAX_BYTES, &reader->claims->jti) ? GH_REASON_NONE
	                                                                     : GH_REASON_JTI;
}

static enum gh_reason read_client(const struct reader *reader)
{
	if (!json_object_get(reader->payload, "client_id"))
		return GH_REASON_NONE;
	return copy_claim(reader, "client_id", SUB_MAX_BYTES, &reader->claims->client_id)
	           ? GH_REASON_NONE
	           : GH_REASON_CLIENT_ID;
}

/* The nil UUID stands for the deployment itself inside the keeper; no caller is that. */
static enum gh_reason read_tenant(const struct reader *reader)
{
	static const struct gh_uuid nil;
	const json_t *value = json_object_get(reader->payload, "tenant_id");

	if (!json_is_string(value) ||
	    gh_uuid_parse(text_of(value), &reader->claims->tenant_id) != GH_OK ||
	    gh_uuid_eq(&reader->claims->tenant_id, &nil))
		return GH_REASON_TENANT;
	return GH_REASON_NONE;
}

/* RFC 6749 section 3.3 scope-token characters: visible ASCII without quote and backslash. Names
 * that nothing grants are kept; they match nothing. */
static bool is_scope_token(struct gh_slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];
		if (c <= 0x20 || c >= 0x7f || c == '"' || c == '\\')
			return false;
	}
	return true;
}

/* An array of at most `max` strings, each at most `max_bytes`. */
static bool read_list(const struct reader *reader, const json_t *array, size_t max,
                      size_t max_bytes, const struct gh_slice **out, size_t *count)
{
	if (!json_is_array(array) || json_array_size(array) > max)
		return false;
	*count = json_array_size(array);
	struct gh_slice *items =
	    gh_arena_alloc(reader->arena, (*count ? *count : 1) * sizeof *items);
	if (!items)
		return false;
	for (size_t i = 0; i < *count; i++)
		if (!copy_text(reader, json_array_get(array, i), max_bytes, &items[i]) ||
		    !is_scope_token(items[i]))
			return false;
	*out = items;
	return true;
}

static enum gh_reason read_caps(const struct reader *reader)
{
	const json_t *caps = json_object_get(reader->payload, "caps");

	return read_list(reader, caps, GH_CAPS_MAX, GH_CAP_MAX_BYTES, &reader->claims->caps,
	                 &reader->claims->cap_count)
	           ? GH_REASON_NONE
	           : GH_REASON_CAPS;
}

/* How and when the person logged in: optional, and well formed when there. */
static enum gh_reason read_authentication(const struct reader *reader)
{
	const json_t *amr = json_object_get(reader->payload, "amr");
	double auth_time;

	if (amr && !read_list(reader, amr, GH_AMR_MAX, ID_MAX_BYTES, &reader->claims->amr,
	                      &reader->claims->amr_count))
		return GH_REASON_AUTHN;
	if (json_object_get(reader->payload, "acr") &&
	    !copy_claim(reader, "acr", ID_MAX_BYTES, &reader->claims->acr))
		return GH_REASON_AUTHN;
	if (json_object_get(reader->payload, "auth_time")) {
		if (!read_time(reader, "auth_time", &auth_time) ||
		    auth_time > (double)reader->rules->now_s + GH_TOKEN_FUTURE_SKEW_S)
			return GH_REASON_AUTHN;
		reader->claims->auth_time = (int64_t)auth_time;
	}
	return GH_REASON_NONE;
}

/* RFC 7800 section 3: exactly one method, and one that we can check. */
static enum gh_reason read_confirmation(const struct reader *reader)
{
	const json_t *cnf = json_object_get(reader->payload, "cnf"), *value;
	uint8_t raw[64];
	struct gh_buf decoded = { .data = raw, .capacity = sizeof raw, .limit = sizeof raw - 1 };

	if (!cnf)
		return GH_REASON_NONE;
	if (!json_is_object(cnf) || json_object_size(cnf) != 1)
		return GH_REASON_CNF;
	if ((value = json_object_get(cnf, "jkt")))
		reader->claims->cnf = GH_CNF_JKT;
	else if ((value = json_object_get(cnf, "x5t#S256")))
		reader->claims->cnf = GH_CNF_X5T_S256;
	if (!value || !copy_text(reader, value, THUMBPRINT_LEN, &reader->claims->cnf_value) ||
	    reader->claims->cnf_value.len != THUMBPRINT_LEN ||
	    gh_base64url_decode(reader->claims->cnf_value, &decoded) != GH_OK)
		return GH_REASON_CNF;
	return GH_REASON_NONE;
}

static enum gh_reason read_actor(const struct reader *reader)
{
	const json_t *act = json_object_get(reader->payload, "act");
	GH_CLEANUP(gh_buf_free) struct gh_buf json = { .limit = GH_TOKEN_MAX_BYTES };
	unsigned depth = 0;

	if (!act)
		return GH_REASON_NONE;
	for (const json_t *one = act; one; one = json_object_get(one, "act")) {
		const json_t *sub = json_object_get(one, "sub");
		if (!json_is_object(one) || ++depth > GH_TOKEN_ACT_MAX_DEPTH ||
		    !json_is_string(sub) || json_string_length(sub) == 0 ||
		    json_string_length(sub) > SUB_MAX_BYTES)
			return GH_REASON_ACT;
	}
	/* Kept whole for the audit record; numbers with fractions have no place in it. */
	if (gh_jcs(act, &json) != GH_OK)
		return GH_REASON_ACT;
	reader->claims->has_act = true;
	reader->claims->act_depth = depth;
	reader->claims->act_json = gh_arena_copy(reader->arena, gh_buf_slice(&json));
	return reader->claims->act_json.data && copy_text(reader, json_object_get(act, "sub"),
	                                                  SUB_MAX_BYTES, &reader->claims->act_sub)
	           ? GH_REASON_NONE
	           : GH_REASON_MEMORY;
}

static const struct {
	const char *names[4];
	read_claim *read;
} claim_table[] = {
	{ { "iss" }, read_issuer },
	{ { "aud" }, read_audience },
	{ { "exp", "iat", "nbf" }, read_times },
	{ { "sub" }, read_subject },
	{ { "tenant_id" }, read_tenant },
	{ { "caps" }, read_caps },
	{ { "sid" }, read_session },
	{ { "jti" }, read_token_id },
	{ { "client_id" }, read_client },
	{ { "amr", "acr", "auth_time" }, read_authentication },
	{ { "cnf" }, read_confirmation },
	{ { "act" }, read_actor },
};

gh_result gh_claims_read(struct gh_slice raw_payload, const struct gh_claims_rules *rules,
                         struct gh_arena *arena, struct gh_claims **out, const char **reason)
{
	GH_CLEANUP(gh_json_decref_ptr) json_t *payload = NULL;
	struct gh_claims *claims = gh_arena_alloc(arena, sizeof *claims);

	if (!claims)
		return gh_refuse(GH_REASON_MEMORY, reason);
	if (gh_json_parse(raw_payload, &payload) != GH_OK || !json_is_object(payload))
		return gh_refuse(GH_REASON_CLAIMS, reason);

	const struct reader reader = { payload, rules, arena, claims };
	for (size_t i = 0; i < GH_ARRAY_LEN(claim_table); i++) {
		enum gh_reason refused = claim_table[i].read(&reader);
		if (refused != GH_REASON_NONE)
			return gh_refuse(refused, reason);
	}
	*out = claims;
	return GH_OK;
}

static bool is_ours(const char *member)
{
	for (size_t i = 0; i < GH_ARRAY_LEN(claim_table); i++)
		for (size_t j = 0; j < GH_ARRAY_LEN(claim_table[i].names); j++)
			if (claim_table[i].names[j] && strcmp(member, claim_table[i].names[j]) == 0)
				return true;
	return false;
}

bool gh_claims_are_closed(struct gh_slice payload)
{
	GH_CLEANUP(gh_json_decref_ptr) json_t *object = NULL;
	const char *member;
	json_t *value;

	if (gh_json_parse(payload, &object) != GH_OK || !json_is_object(object))
		return false;
	json_object_foreach(object, member, value) if (!is_ours(member)) return false;
	return true;
}
