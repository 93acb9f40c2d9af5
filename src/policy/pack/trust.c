#include "policy/pack/trust.h"

#include <stdio.h>

#include "base/json.h"
#include "policy/pack/manifest.h"

#define VERSION 1
#define MEMBERS 5

const char *gh_signer_role_name(enum gh_signer_role role)
{
	return role == GH_SIGNER_AUTHOR ? "author" : "approver";
}

void gh_trust_clear(struct gh_trust *trust)
{
	for (size_t i = 0; i < trust->signer_count; i++)
		gh_key_free(trust->signers[i].key);
	memset(trust, 0, sizeof *trust);
}

static bool read_role(const json_t *json, enum gh_signer_role *out)
{
	const char *text = json_string_value(json);

	*out = text && strcmp(text, "author") == 0 ? GH_SIGNER_AUTHOR : GH_SIGNER_APPROVER;
	return text && strcmp(text, gh_signer_role_name(*out)) == 0;
}

static bool is_person(const json_t *json)
{
	const char *text = json_string_value(json);
	size_t len = json_string_length(json);

	if (!text || len == 0 || len > GH_TRUST_PERSON_BYTES)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20)
			return false;
	return true;
}

static bool read_signer(const json_t *json, struct gh_signer *out)
{
	const json_t *person = json_object_get(json, "person");
	const json_t *kid = json_object_get(json, "kid");

	if (!json_is_object(json) || json_object_size(json) != 4 || !is_person(person) ||
	    !json_is_string(kid) || !read_role(json_object_get(json, "role"), &out->role) ||
	    gh_key_from_jwk(json_object_get(json, "jwk"), &out->key) != GH_OK)
		return false;
	snprintf(out->person, sizeof out->person, "%s", json_string_value(person));
	/* The name of a key is made from it: nobody can give one key another's name. */
	return gh_key_thumbprint(out->key, out->kid) == GH_OK &&
	       strcmp(out->kid, json_string_value(kid)) == 0;
}

static const char *read_signers(const json_t *json, struct gh_trust *out)
{
	json_t *item;
	size_t i;

	if (!json_is_array(json) || json_array_size(json) > GH_TRUST_MAX_SIGNERS)
		return "signers";
	json_array_foreach((json_t *)(uintptr_t)json, i, item)
	{
		struct gh_signer *signer = &out->signers[i];
		out->signer_count++;
		if (!read_signer(item, signer))
			return "a signer";
		for (size_t k = 0; k < i; k++)
			if (strcmp(out->signers[k].kid, signer->kid) == 0)
				return "a key that is there twice";
	}
	return NULL;
}

static unsigned persons(const struct gh_trust *trust, bool approvers_only)
{
	unsigned count = 0;

	for (size_t i = 0; i < trust->signer_count; i++) {
		bool first = !approvers_only || trust->signers[i].role == GH_SIGNER_APPROVER;
		for (size_t k = 0; k < i && first; k++)
			first = strcmp(trust->signers[k].person, trust->signers[i].person) != 0 ||
			        (approvers_only && trust->signers[k].role != GH_SIGNER_APPROVER);
		count += first;
	}
	return count;
}

static const char *read_members(const json_t *json, struct gh_trust *out)
{
	const json_t *epoch = json_object_get(json, "epoch");
	const json_t *threshold = json_object_get(json, "threshold");
	const json_t *tenant = json_object_get(json, "tenant");

	if (json_integer_value(json_object_get(json, "v")) != VERSION)
		return "v";
	if (gh_uuid_parse(gh_slice(json_string_value(tenant), json_string_length(tenant)),
	                  &out->tenant) != GH_OK)
		return "tenant";
	if (!json_is_integer(epoch) || json_integer_value(epoch) < 1 ||
	    (uint64_t)json_integer_value(epoch) > GH_PACK_REVISION_MAX)
		return "epoch";
	out->epoch = (uint64_t)json_integer_value(epoch);
	if (!json_is_integer(threshold) || json_integer_value(threshold) < 2 ||
	    json_integer_value(threshold) > GH_TRUST_MAX_SIGNERS)
		return "threshold (at least 2: one person never suffices)";
	out->threshold = (unsigned)json_integer_value(threshold);
	const char *fault = read_signers(json_object_get(json, "signers"), out);
	if (fault)
		return fault;
	return persons(out, false) >= out->threshold && persons(out, true) >= 1
	           ? NULL
	           : "signers (too few persons to reach the threshold, or no approver)";
}

gh_result gh_trust_parse(struct gh_slice raw_json, struct gh_trust *out,
                         struct gh_pack_refusal *why)
{
	GH_CLEANUP(gh_json_decref_ptr) json_t *json = NULL;
	GH_CLEANUP(gh_buf_free) struct gh_buf canonical = { .limit = GH_TRUST_MAX_BYTES };

	memset(out, 0, sizeof *out);
	if (raw_json.len > GH_TRUST_MAX_BYTES)
		return gh_pack_refuse(why, GH_PACK_TOO_LARGE, "the trust document is too large");
	if (gh_json_parse(raw_json, &json) != GH_OK || !json_is_object(json))
		return gh_pack_refuse(why, GH_PACK_BAD_TRUST,
		                      "the trust document is not one JSON object");
	if (gh_jcs(json, &canonical) != GH_OK || !gh_slice_eq(gh_buf_slice(&canonical), raw_json))
		return gh_pack_refuse(why, GH_PACK_NOT_CANONICAL,
		                      "the trust document is not canonical JSON (RFC 8785)");
	const char *fault = read_members(json, out);
	if (!fault && json_object_size(json) != MEMBERS)
		fault = "a member that is not known";
	if (!fault)
		return GH_OK;
	gh_trust_clear(out);
	return gh_pack_refuse(why, GH_PACK_BAD_TRUST, "the trust document: %s is missing or wrong",
	                      fault);
}

static json_t *jwk_of(const struct gh_signer *signer)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf text = { 0 };
	json_t *jwk = NULL;

	if (gh_key_to_jwk(signer->key, signer->kid, &text) != GH_OK ||
	    gh_json_parse(gh_buf_slice(&text), &jwk) != GH_OK)
		return NULL;
	return jwk;
}

gh_result gh_trust_write(const struct gh_trust *trust, struct gh_buf *out)
{
	char tenant[GH_UUID_TEXT_BYTES];
	json_t *signers = json_array();
	GH_CLEANUP(gh_json_decref_ptr) json_t *json = NULL;
	int bad = 0;

	gh_uuid_format(&trust->tenant, tenant);
	for (size_t i = 0; i < trust->signer_count; i++) {
		const struct gh_signer *signer = &trust->signers[i];
		bad |= json_array_append_new(signers, json_pack("{s:o, s:s, s:s, s:s}", "jwk",
		                                                jwk_of(signer), "kid", signer->kid,
		                                                "person", signer->person, "role",
		                                                gh_signer_role_name(signer->role)));
	}
	json =
	    json_pack("{s:I, s:o, s:s, s:i, s:i}", "epoch", (json_int_t)trust->epoch, "signers",
	              signers, "tenant", tenant, "threshold", (int)trust->threshold, "v", VERSION);
	GH_ENSURE(json && !bad, GH_E_MEMORY, "out of memory");
	return gh_jcs(json, out);
}
