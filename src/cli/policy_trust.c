/* gatehouse policy trust: the document that says who may sign a tenant's packs, from public keys.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cli/policy_files.h"
#include "cli/verbs.h"
#include "policy/pack/trust.h"

#define KEY_BYTES 16384

/* "author:ada:ada.pub.pem": role, person, file with a public key in PEM or as JWK. */
static gh_result read_signer(const char *word, struct gh_trust *trust)
{
	struct gh_slice rest = gh_slice_str(word), role, person;
	struct gh_signer *signer = &trust->signers[trust->signer_count];
	GH_CLEANUP(gh_buf_free) struct gh_buf text = { 0 };
	GH_CLEANUP(gh_json_decref_ptr) json_t *jwk = NULL;

	GH_ENSURE(gh_slice_split(rest, ':', &role, &rest) &&
	              gh_slice_split(rest, ':', &person, &rest) && rest.len > 0,
	          GH_E_FORMAT, "a signer is ROLE:PERSON:FILE, such as author:ada:ada.pub.pem");
	GH_ENSURE(trust->signer_count < GH_TRUST_MAX_SIGNERS, GH_E_LIMIT, "at most %d signers",
	          GH_TRUST_MAX_SIGNERS);
	GH_ENSURE(gh_slice_eq_str(role, "author") || gh_slice_eq_str(role, "approver"), GH_E_FORMAT,
	          "a signer's role is author or approver, not %.*s",
	          role.len > 40 ? 40 : (int)role.len, (const char *)role.data);
	GH_ENSURE(person.len > 0 && person.len <= GH_TRUST_PERSON_BYTES, GH_E_FORMAT,
	          "a signer's person has 1 to %d bytes", GH_TRUST_PERSON_BYTES);
	signer->role = gh_slice_eq_str(role, "author") ? GH_SIGNER_AUTHOR : GH_SIGNER_APPROVER;
	memcpy(signer->person, person.data, person.len);
	GH_TRY(gh_cli_read((const char *)rest.data, KEY_BYTES, &text));
	enum gh_code code = text.len && text.data[0] == '{'
	                        ? (gh_json_parse(gh_buf_slice(&text), &jwk) == GH_OK
	                               ? gh_key_from_jwk(jwk, &signer->key)
	                               : GH_E_FORMAT)
	                        : gh_key_from_public_pem(gh_buf_slice(&text), &signer->key);
	if (code != GH_OK) {
		struct gh_error why = *gh_last_error();
		return gh_fail(code, "%.60s is no public key: %.100s", (const char *)rest.data,
		               why.text);
	}
	trust->signer_count++;
	return gh_key_thumbprint(signer->key, signer->kid);
}

static gh_result make(const char *const *words, size_t count, struct gh_trust *trust,
                      struct gh_buf *out)
{
	struct gh_pack_refusal why;
	struct gh_trust again;

	for (size_t i = 0; i < count; i++)
		GH_TRY(read_signer(words[i], trust));
	GH_TRY(gh_trust_write(trust, out));
	/* What nobody would accept is not written. */
	GH_TRY(gh_trust_parse(gh_buf_slice(out), &again, &why));
	gh_trust_clear(&again);
	return GH_OK;
}

int gh_cli_policy_trust(int argc, char **argv)
{
	const char *words[GH_TRUST_MAX_SIGNERS] = { NULL };
	const char *tenant = NULL, *threshold_text = "2", *epoch_text = "1", *path = NULL;
	const struct gh_option options[] = {
		GH_OUT_OPTION("the document to write", &path),
		{ "--tenant", "UUID", "whose packs", &tenant, NULL },
		{ "--threshold", "N", "persons who must sign (2)", &threshold_text, NULL },
		{ "--epoch", "N", "1 for the first, then one more each time (1)", &epoch_text,
		  NULL },
	};
	const struct gh_command command = {
		.usage = "gatehouse policy trust ROLE:PERSON:FILE… --tenant UUID -o FILE [options]",
		.summary = "Says who may sign a tenant's packs. Roles are author and approver; a "
		           "FILE holds a\npublic key in PEM or as JWK. A later epoch must be "
		           "signed as the one before asks:\ngatehouse policy sign.",
		.options = options,
		.option_count = GH_ARRAY_LEN(options),
		.positional = words,
		.positional_max = GH_TRUST_MAX_SIGNERS,
	};
	GH_CLEANUP(gh_trust_clear) struct gh_trust trust = { 0 };
	GH_CLEANUP(gh_buf_free) struct gh_buf text = { .limit = GH_TRUST_MAX_BYTES };
	unsigned long threshold, epoch;
	size_t count;

	int status = gh_options_parse(&command, argc, argv, &count);
	if (status >= 0)
		return status;
	if (count == 0 || !path || !tenant) {
		fprintf(stderr, "gatehouse: say who, whose and where: %s\n", command.usage);
		return GH_EXIT_USAGE;
	}
	if (!gh_option_number(&command, "--threshold", threshold_text, 2, GH_TRUST_MAX_SIGNERS,
	                      &threshold) ||
	    !gh_option_number(&command, "--epoch", epoch_text, 1, GH_PACK_REVISION_MAX, &epoch))
		return GH_EXIT_USAGE;
	trust.threshold = (unsigned)threshold;
	trust.epoch = epoch;
	if (gh_uuid_parse(gh_slice_str(tenant), &trust.tenant) != GH_OK) {
		fprintf(stderr, "gatehouse: --tenant must be the tenant's id, a UUID\n");
		return GH_EXIT_USAGE;
	}
	if (make(words, count, &trust, &text) != GH_OK ||
	    gh_cli_write(path, gh_buf_slice(&text), 0644, false) != GH_OK)
		return gh_cli_fail(GH_EXIT_USAGE);
	printf("%s: epoch %lu, %lu persons must sign\n", path, epoch, threshold);
	for (size_t i = 0; i < trust.signer_count; i++)
		printf("  %-8s  %s  %s\n", gh_signer_role_name(trust.signers[i].role),
		       trust.signers[i].kid, trust.signers[i].person);
	return GH_EXIT_OK;
}
