/* gatehouse policy verify: the judgement of the gateway over a pack, or over the next trust
 * document, with files and nothing else: no server, no database, a clock that can be given. */
#include <stdio.h>
#include <stdlib.h>

#include "base/codec.h"
#include "cli/policy_files.h"
#include "cli/verbs.h"
#include "crypto/hash.h"
#include "policy/pack/trust.h"

struct given {
	const char *path, *trust, *now, *after, *signatures;
	bool as_json;
};

static int refused(const struct given *given, const struct gh_pack_refusal *why)
{
	if (given->as_json)
		return gh_cli_print_json(json_pack("{s:b, s:s, s:s}", "ok", 0, "reason",
		                                   gh_pack_reason_name(why->reason), "text",
		                                   why->text),
		                         GH_EXIT_CHECK);
	fprintf(stderr, "%s: refused: %s: %s\n", given->path, gh_pack_reason_name(why->reason),
	        why->text);
	return GH_EXIT_CHECK;
}

static json_t *signers_of(const struct gh_trust *trust, const struct gh_signed_by *by)
{
	json_t *list = json_array();

	for (size_t i = 0; i < by->count; i++) {
		const struct gh_signer *signer = &trust->signers[by->signer[i]];
		char at[GH_PACK_TIME_BYTES];
		gh_pack_time_format(by->at_s[i], at);
		json_array_append_new(list,
		                      json_pack("{s:s, s:s, s:s, s:s}", "person", signer->person,
		                                "role", gh_signer_role_name(signer->role), "kid",
		                                signer->kid, "at", at));
	}
	return list;
}

static void print_signers(const json_t *signers)
{
	json_t *signer;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)signers, i, signer)
	    printf("  %-8s  %s  %s  %s\n", json_string_value(json_object_get(signer, "role")),
	           json_string_value(json_object_get(signer, "at")),
	           json_string_value(json_object_get(signer, "kid")),
	           json_string_value(json_object_get(signer, "person")));
}

/* ---- a pack ---- */

/* The newest pack, named by --after, or the pack itself: then its place in the chain is open. */
static gh_result set_state(const struct given *given, struct gh_slice raw,
                           struct gh_pack_state *state, uint8_t itself[32])
{
	GH_CLEANUP(gh_cli_pack_free) struct gh_cli_pack former = { 0 };
	struct gh_tar_member members[GH_TAR_MAX_MEMBERS];
	struct gh_manifest manifest;
	struct gh_pack_refusal why;
	size_t count;

	if (!given->after) {
		if (gh_tar_read(raw, members, &count) == GH_OK)
			gh_sha256(gh_tar_find(members, count, "manifest.json"), itself);
		state->loaded_digest = itself;
		return GH_OK;
	}
	GH_TRY(gh_cli_pack_read(given->after, &former));
	struct gh_slice json = gh_tar_find(former.members, former.count, "manifest.json");
	GH_ENSURE(json.data, GH_E_FORMAT, "%s holds no manifest.json", given->after);
	GH_TRY(gh_manifest_parse(json, &manifest, &why));
	state->revision = manifest.revision;
	gh_sha256(json, state->digest);
	return GH_OK;
}

static int report(const struct given *given, const struct gh_trust *trust,
                  const struct gh_pack *pack, int64_t now_s)
{
	const struct gh_manifest *manifest = &pack->manifest;
	char from[GH_PACK_TIME_BYTES], expires[GH_PACK_TIME_BYTES], tenant[GH_UUID_TEXT_BYTES];
	GH_CLEANUP(gh_json_decref_ptr) json_t *signers = signers_of(trust, &pack->signed_by);

	gh_pack_time_format(manifest->effective_from_s, from);
	gh_pack_time_format(manifest->expires_s, expires);
	gh_uuid_format(&manifest->tenant, tenant);
	if (given->as_json)
		return gh_cli_print_json(
		    json_pack("{s:b, s:s, s:s, s:s, s:I, s:s, s:s, s:s, s:b, s:b, s:i, s:O}", "ok",
		              1, "digest", pack->digest, "tenant", tenant, "pack", manifest->name,
		              "revision", (json_int_t)manifest->revision, "change",
		              manifest->change, "effective_from", from, "expires", expires,
		              "effective", now_s >= manifest->effective_from_s, "chain_checked",
		              given->after != NULL, "tests", (int)pack->test_count, "signed_by",
		              signers),
		    GH_EXIT_OK);
	printf("%s: good\ndigest %s\n%s, revision %llu: %s\nfrom %s to %s%s\n%zu tests passed; %s\n"
	       "signed by\n",
	       given->path, pack->digest, manifest->name, (unsigned long long)manifest->revision,
	       manifest->change, from, expires,
	       now_s < manifest->effective_from_s ? " (not in effect yet)" : "", pack->test_count,
	       given->after ? "it follows the pack before"
	                    : "its place in the chain was not checked (--after)");
	print_signers(signers);
	return GH_EXIT_OK;
}

static int verify_pack(const struct given *given, const struct gh_trust *trust, struct gh_slice raw,
                       int64_t now_s)
{
	struct gh_pack_state state = { .tenant = trust->tenant, .now_s = now_s };
	GH_CLEANUP(gh_pack_close_ptr) struct gh_pack *pack = NULL;
	uint8_t itself[32] = { 0 };
	struct gh_pack_refusal why;

	if (set_state(given, raw, &state, itself) != GH_OK)
		return gh_cli_fail(GH_EXIT_USAGE);
	if (gh_pack_open(raw, trust, &state, gh_cedar_checker(), &pack, &why) != GH_OK)
		return refused(given, &why);
	return report(given, trust, pack, now_s);
}

/* ---- the next trust document ---- */

static int verify_trust(const struct given *given, const struct gh_trust *trust,
                        struct gh_slice document)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf jws = { 0 };
	GH_CLEANUP(gh_trust_clear) struct gh_trust next = { 0 };
	struct gh_signed_by by;
	struct gh_pack_refusal why;

	if (!given->signatures) {
		fprintf(stderr, "gatehouse: say where the signatures over it are: --signatures "
		                "FILE\n");
		return GH_EXIT_USAGE;
	}
	if (gh_cli_read(given->signatures, GH_SIGNATURES_MAX_BYTES, &jws) != GH_OK)
		return gh_cli_fail(GH_EXIT_USAGE);
	if (gh_signatures_check(gh_buf_slice(&jws), document, trust, &by, &why) != GH_OK ||
	    gh_trust_parse(document, &next, &why) != GH_OK)
		return refused(given, &why);
	if (next.epoch != trust->epoch + 1 || !gh_uuid_eq(&next.tenant, &trust->tenant)) {
		(void)gh_pack_refuse(&why, GH_PACK_BAD_TRUST,
		                     "it is not epoch %llu of the same tenant",
		                     (unsigned long long)trust->epoch + 1);
		return refused(given, &why);
	}
	json_t *signers = signers_of(trust, &by);
	if (given->as_json)
		return gh_cli_print_json(json_pack("{s:b, s:I, s:o}", "ok", 1, "epoch",
		                                   (json_int_t)next.epoch, "signed_by", signers),
		                         GH_EXIT_OK);
	printf("%s: good, epoch %llu\nsigned by\n", given->path, (unsigned long long)next.epoch);
	print_signers(signers);
	json_decref(signers);
	return GH_EXIT_OK;
}

static int verify(const struct given *given, int64_t now_s)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf trust_text = { 0 }, raw = { 0 };
	GH_CLEANUP(gh_trust_clear) struct gh_trust trust = { 0 };
	struct gh_pack_refusal why;

	if (gh_cli_read(given->trust, GH_TRUST_MAX_BYTES, &trust_text) != GH_OK ||
	    gh_cli_read(given->path, GH_PACK_MAX_BYTES + 1, &raw) != GH_OK)
		return gh_cli_fail(GH_EXIT_USAGE);
	if (gh_trust_parse(gh_buf_slice(&trust_text), &trust, &why) != GH_OK) {
		fprintf(stderr, "gatehouse: %s: %s\n", given->trust, why.text);
		return GH_EXIT_USAGE;
	}
	return raw.len && raw.data[0] == '{'
	           ? verify_trust(given, &trust, gh_buf_slice(&raw))
	           : verify_pack(given, &trust, gh_buf_slice(&raw), now_s);
}

int gh_cli_policy_verify(int argc, char **argv)
{
	const char *path[1] = { NULL };
	struct given given = { 0 };
	const struct gh_option options[] = {
		{ "--trust", "FILE", "who may sign", &given.trust, NULL },
		{ "--after", "PACK", "the newest activated pack, which this one must follow",
		  &given.after, NULL },
		{ "--now", "TIME", "judge as of then, such as 2026-11-24T09:00:00Z (now)",
		  &given.now, NULL },
		{ "--signatures", "FILE", "over a trust document", &given.signatures, NULL },
		{ "--json", NULL, "print the verdict as JSON", NULL, &given.as_json },
	};
	const struct gh_command command = {
		.usage = "gatehouse policy verify (PACK | TRUST.json) --trust FILE [options]",
		.summary = "Judges a signed pack as the gateway does before it decides by it, or "
		           "the next trust\ndocument. Exit status 1, with the reason, when it is "
		           "refused.",
		.options = options,
		.option_count = GH_ARRAY_LEN(options),
		.positional = path,
		.positional_max = 1,
	};
	size_t count;
	int64_t now_s;

	int status = gh_options_parse(&command, argc, argv, &count);
	if (status >= 0)
		return status;
	if (count != 1 || !given.trust) {
		fprintf(stderr, "gatehouse: say what and by whose trust: %s\n", command.usage);
		return GH_EXIT_USAGE;
	}
	given.path = path[0];
	if (!gh_cli_time("--now", given.now, &now_s))
		return GH_EXIT_USAGE;
	return verify(&given, now_s);
}
