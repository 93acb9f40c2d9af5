/* Detached signatures over a manifest or a trust document. What a header says selects a signer by
 * its kid and nothing else: the scheme is the key's. */
#include "base/codec.h"
#include "base/json.h"
#include "policy/pack/trust.h"

#define HEADER_MAX_BYTES 512
#define MAX_SIGNATURES   64

/* One element of "signatures", taken apart. */
struct one {
	struct gh_slice protected64; /* as it stands */
	char kid[GH_THUMBPRINT_TEXT_BYTES];
	char alg[8];
	int64_t iat;
	struct gh_buf signature;
};

/* {"alg","iat","kid"} and nothing else: no "crit", no "b64", no "jwk" that somebody could follow.
 */
static bool read_header(struct gh_slice text, struct one *out)
{
	GH_CLEANUP(gh_json_decref_ptr) json_t *header = NULL;
	const char *alg, *kid;
	json_int_t iat;

	if (gh_json_parse(text, &header) != GH_OK || !json_is_object(header) ||
	    json_object_size(header) != 3 ||
	    json_unpack(header, "{s:s, s:I, s:s}", "alg", &alg, "iat", &iat, "kid", &kid) != 0 ||
	    strlen(alg) >= sizeof out->alg || strlen(kid) >= sizeof out->kid)
		return false;
	strcpy(out->alg, alg);
	strcpy(out->kid, kid);
	out->iat = iat;
	return true;
}

static bool read_one(const json_t *item, struct one *out)
{
	const json_t *protected = json_object_get(item, "protected");
	const json_t *signature = json_object_get(item, "signature");
	GH_CLEANUP(gh_buf_free) struct gh_buf header = { .limit = HEADER_MAX_BYTES };

	if (!json_is_object(item) || json_object_size(item) != 2 || !json_is_string(protected) ||
	    !json_is_string(signature))
		return false;
	out->protected64 = gh_slice(json_string_value(protected), json_string_length(protected));
	out->signature.limit = GH_SIGNATURE_MAX_BYTES;
	return gh_base64url_decode(out->protected64, &header) == GH_OK &&
	       gh_base64url_decode(
	           gh_slice(json_string_value(signature), json_string_length(signature)),
	           &out->signature) == GH_OK &&
	       read_header(gh_buf_slice(&header), out);
}

static void signing_input(struct gh_slice protected64, struct gh_slice payload, struct gh_buf *out)
{
	gh_buf_add_slice(out, protected64);
	gh_buf_add_byte(out, '.');
	gh_base64url_encode(payload, out);
}

static bool verifies(const struct one *one, struct gh_slice payload, const struct gh_key *key)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf input = { 0 };

	if (strcmp(one->alg, gh_key_alg(key)) != 0)
		return false;
	signing_input(one->protected64, payload, &input);
	return gh_buf_check(&input) == GH_OK &&
	       gh_key_verify(key, gh_buf_slice(&input), gh_buf_slice(&one->signature)) == GH_OK;
}

static gh_result parse(struct gh_slice raw_jws, json_t **out, json_t **signatures)
{
	GH_ENSURE(raw_jws.len <= GH_SIGNATURES_MAX_BYTES, GH_E_LIMIT,
	          "the signatures are too long");
	GH_TRY(gh_json_parse(raw_jws, out));
	*signatures = json_object_get(*out, "signatures");
	GH_ENSURE(json_is_object(*out) && json_object_size(*out) == 1 &&
	              json_is_array(*signatures) && json_array_size(*signatures) > 0 &&
	              json_array_size(*signatures) <= MAX_SIGNATURES,
	          GH_E_FORMAT, "not {\"signatures\":[…]}");
	return GH_OK;
}

/* Enough persons, of both roles, and nobody approved what they wrote. */
static gh_result weigh(const struct gh_trust *trust, const struct gh_signed_by *by,
                       struct gh_pack_refusal *why)
{
	unsigned people = 0, authors = 0, approvers = 0;

	for (size_t i = 0; i < by->count; i++) {
		const struct gh_signer *signer = &trust->signers[by->signer[i]];
		bool first = true;
		for (size_t k = 0; k < by->count; k++) {
			const struct gh_signer *other = &trust->signers[by->signer[k]];
			if (k == i || strcmp(other->person, signer->person) != 0)
				continue;
			if (other->role != signer->role)
				return gh_pack_refuse(why, GH_PACK_AUTHOR_APPROVED_OWN,
				                      "%.100s signed as author and as approver",
				                      signer->person);
			first = first && k > i;
		}
		people += first;
		authors += signer->role == GH_SIGNER_AUTHOR;
		approvers += signer->role == GH_SIGNER_APPROVER;
	}
	if (authors == 0)
		return gh_pack_refuse(why, GH_PACK_UNSIGNED, "no author has signed");
	if (approvers == 0 || people < trust->threshold)
		return gh_pack_refuse(why, GH_PACK_NOT_ENOUGH_APPROVALS,
		                      "signed by %u of the %u persons needed, %u of them approvers",
		                      people, trust->threshold, approvers);
	return GH_OK;
}

static gh_result check_one(const json_t *item, struct gh_slice payload,
                           const struct gh_trust *trust, struct gh_signed_by *by,
                           struct gh_pack_refusal *why)
{
	struct one one = { 0 };
	bool fine = read_one(item, &one), good = false;
	size_t which = trust->signer_count;

	for (size_t i = 0; fine && i < trust->signer_count; i++)
		if (strcmp(trust->signers[i].kid, one.kid) == 0)
			which = i;
	if (which < trust->signer_count)
		good = verifies(&one, payload, trust->signers[which].key);
	gh_buf_free(&one.signature);
	if (!fine)
		return gh_pack_refuse(why, GH_PACK_BAD_SIGNATURE,
		                      "a signature is not in the form of RFC 7515 section 7.2.1");
	if (which == trust->signer_count)
		return GH_OK;
	if (!good)
		return gh_pack_refuse(why, GH_PACK_BAD_SIGNATURE,
		                      "the signature of %.100s does not verify",
		                      trust->signers[which].person);
	for (size_t i = 0; i < by->count; i++)
		if (by->signer[i] == which)
			return gh_pack_refuse(why, GH_PACK_BAD_SIGNATURE,
			                      "%.100s signed twice with one key",
			                      trust->signers[which].person);
	by->signer[by->count] = which;
	by->at_s[by->count++] = one.iat;
	return GH_OK;
}

gh_result gh_signatures_check(struct gh_slice raw_jws, struct gh_slice payload,
                              const struct gh_trust *trust, struct gh_signed_by *out,
                              struct gh_pack_refusal *why)
{
	GH_CLEANUP(gh_json_decref_ptr) json_t *json = NULL;
	struct gh_signed_by local, *by = out ? out : &local;
	json_t *signatures, *item;
	size_t i;

	memset(by, 0, sizeof *by);
	if (raw_jws.len == 0)
		return gh_pack_refuse(why, GH_PACK_UNSIGNED, "nobody has signed");
	if (parse(raw_jws, &json, &signatures) != GH_OK)
		return gh_pack_refuse(why, GH_PACK_BAD_SIGNATURE,
		                      "the signatures are no JWS in JSON form: %.150s",
		                      gh_last_error()->text);
	json_array_foreach(signatures, i, item) GH_TRY(check_one(item, payload, trust, by, why));
	return weigh(trust, by, why);
}

static gh_result sign(struct gh_slice payload, const struct gh_key *key, int64_t now_s,
                      json_t **out)
{
	char kid[GH_THUMBPRINT_TEXT_BYTES];
	GH_CLEANUP(gh_buf_free) struct gh_buf header = { 0 }, input = { 0 }, text = { 0 };
	GH_CLEANUP(gh_buf_free) struct gh_buf signature = { 0 };

	GH_TRY(gh_key_thumbprint(key, kid));
	gh_buf_addf(&text, "{\"alg\":\"%s\",\"iat\":%lld,\"kid\":\"%s\"}", gh_key_alg(key),
	            (long long)now_s, kid);
	gh_base64url_encode(gh_buf_slice(&text), &header);
	signing_input(gh_buf_slice(&header), payload, &input);
	GH_TRY(gh_buf_check(&input));
	gh_buf_clear(&text);
	GH_TRY(gh_key_sign(key, gh_buf_slice(&input), &text));
	gh_base64url_encode(gh_buf_slice(&text), &signature);
	*out = json_pack("{s:s%, s:s%}", "protected", gh_buf_cstr(&header), header.len, "signature",
	                 gh_buf_cstr(&signature), signature.len);
	GH_ENSURE(*out, GH_E_MEMORY, "out of memory");
	return GH_OK;
}

gh_result gh_signatures_add(struct gh_slice raw_jws, struct gh_slice payload,
                            const struct gh_key *key, int64_t now_s, struct gh_buf *out)
{
	GH_CLEANUP(gh_json_decref_ptr) json_t *json = NULL;
	char kid[GH_THUMBPRINT_TEXT_BYTES];
	json_t *signatures, *item;
	size_t i;

	GH_TRY(gh_key_thumbprint(key, kid));
	if (raw_jws.len == 0)
		json = json_pack("{s:[]}", "signatures");
	else
		GH_TRY(parse(raw_jws, &json, &signatures));
	signatures = json_object_get(json, "signatures");
	GH_ENSURE(signatures, GH_E_MEMORY, "out of memory");
	json_array_foreach(signatures, i, item)
	{
		struct one one = { 0 };
		bool fine = read_one(item, &one);
		gh_buf_free(&one.signature);
		GH_ENSURE(fine, GH_E_FORMAT, "a signature is not in the form of RFC 7515");
		GH_ENSURE(strcmp(one.kid, kid) != 0, GH_E_CONFLICT, "this key has signed already");
	}
	GH_TRY(sign(payload, key, now_s, &item));
	GH_ENSURE(json_array_append_new(signatures, item) == 0, GH_E_MEMORY, "out of memory");
	return gh_jcs(json, out);
}
