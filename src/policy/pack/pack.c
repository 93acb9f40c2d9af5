#include "policy/pack/pack_parts.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/codec.h"
#include "crypto/hash.h"

#define SPACE_LIMIT ((size_t)64 << 20)

static bool ends_with(struct gh_slice path, const char *end)
{
	size_t len = strlen(end);

	return path.len > len && memcmp(path.data + path.len - len, end, len) == 0;
}

bool gh_pack_member_is(const struct gh_tar_member *member, const char *folder, const char *end)
{
	return gh_slice_starts_with(member->path, gh_slice_str(folder)) &&
	       ends_with(member->path, end);
}

static enum gh_code invalid(struct gh_pack_refusal *why, struct gh_slice path,
                            const struct gh_cedar_diagnostic *at)
{
	if (at->line == 0)
		return gh_pack_refuse(why, GH_PACK_POLICY_INVALID, "%.*s: %s", GH_SLICE_ARG(path),
		                      at->text[0] ? at->text : gh_last_error()->text);
	return gh_pack_refuse(why, GH_PACK_POLICY_INVALID, "%.*s:%u:%u: %s", GH_SLICE_ARG(path),
	                      at->line, at->column, at->text);
}

/* ---- what is checked before anything is parsed ---- */

static bool is_signature_part(struct gh_slice path)
{
	return gh_slice_eq_str(path, "manifest.json") || gh_slice_eq_str(path, "manifest.jws");
}

/* The archive holds what the manifest lists, no file more, no byte other. */
static gh_result check_files(const struct gh_manifest *manifest,
                             const struct gh_tar_member *members, size_t count,
                             struct gh_pack_refusal *why)
{
	size_t listed = 0;

	for (size_t i = 0; i < count; i++) {
		const struct gh_tar_member *member = &members[i];
		uint8_t digest[32];
		if (is_signature_part(member->path))
			continue;
		if (listed == manifest->file_count ||
		    !gh_slice_eq_str(member->path, manifest->files[listed].path))
			return gh_pack_refuse(why, GH_PACK_ALTERED_FILE,
			                      "%.*s is not where the manifest has it",
			                      GH_SLICE_ARG(member->path));
		gh_sha256(member->content, digest);
		if (member->content.len != manifest->files[listed].size ||
		    memcmp(digest, manifest->files[listed].sha256, sizeof digest) != 0)
			return gh_pack_refuse(why, GH_PACK_ALTERED_FILE,
			                      "%.*s is not what the manifest lists",
			                      GH_SLICE_ARG(member->path));
		listed++;
	}
	if (listed < manifest->file_count)
		return gh_pack_refuse(why, GH_PACK_ALTERED_FILE, "%s is missing",
		                      manifest->files[listed].path);
	return GH_OK;
}

static gh_result check_chain(const struct gh_manifest *manifest, const struct gh_pack_state *state,
                             struct gh_pack_refusal *why)
{
	if (manifest->revision <= state->revision)
		return gh_pack_refuse(why, GH_PACK_ROLLED_BACK,
		                      "revision %llu is not above %llu; a rollback is a new "
		                      "revision with the old content",
		                      (unsigned long long)manifest->revision,
		                      (unsigned long long)state->revision);
	if (manifest->has_prev != (state->revision > 0) ||
	    (manifest->has_prev && memcmp(manifest->prev_digest, state->digest, 32) != 0))
		return gh_pack_refuse(why, GH_PACK_BROKEN_CHAIN,
		                      "prev_digest does not name the newest pack%s",
		                      state->revision ? "" : " (there is none yet: null)");
	return GH_OK;
}

static gh_result check_state(const struct gh_pack *pack, const struct gh_pack_state *state,
                             struct gh_pack_refusal *why)
{
	const struct gh_manifest *manifest = &pack->manifest;

	if (!gh_uuid_eq(&manifest->tenant, &state->tenant))
		return gh_pack_refuse(why, GH_PACK_WRONG_TENANT, "the pack is another tenant's");
	if (state->now_s >= manifest->expires_s)
		return gh_pack_refuse(why, GH_PACK_EXPIRED, "the pack has expired");
	if (!state->loaded_digest)
		return check_chain(manifest, state, why);
	if (memcmp(pack->digest_bytes, state->loaded_digest, 32) != 0)
		return gh_pack_refuse(why, GH_PACK_ALTERED_FILE,
		                      "the pack is not the one that was activated");
	return GH_OK;
}

/* ---- what is parsed afterwards ---- */

static gh_result load_schema(struct gh_pack *pack, const struct gh_tar_member *members,
                             size_t count, struct gh_pack_refusal *why)
{
	struct gh_slice text = gh_tar_find(members, count, "schema.cedarschema");
	struct gh_cedar_diagnostic at = { 0 };

	if (!text.data)
		return gh_pack_refuse(why, GH_PACK_POLICY_INVALID,
		                      "there is no schema.cedarschema");
	if (pack->checker->load(pack->space, text, false, &pack->schema, &at) != GH_OK)
		return invalid(why, GH_SLICE("schema.cedarschema"), &at);
	return GH_OK;
}

/* Policies are called by their @id, or by their file and place: "access0". */
static gh_result load_policies(struct gh_pack *pack, const struct gh_tar_member *members,
                               size_t count, struct gh_pack_refusal *why)
{
	pack->set = gh_cedar_policy_set_new(pack->space);
	GH_ENSURE(pack->set, GH_E_MEMORY, "out of memory");
	for (size_t i = 0; i < count; i++) {
		const struct gh_tar_member *member = &members[i];
		struct gh_cedar_diagnostic at = { 0 };
		char prefix[GH_TAR_PATH_BYTES + 1];
		if (!gh_pack_member_is(member, "policies/", ".cedar"))
			continue;
		snprintf(prefix, sizeof prefix, "%.*s",
		         (int)(member->path.len - strlen("policies/") - strlen(".cedar")),
		         (const char *)member->path.data + strlen("policies/"));
		if (gh_cedar_policy_set_parse(pack->set, member->content, prefix, true, &at) !=
		    GH_OK)
			return invalid(why, member->path, &at);
	}
	if (gh_cedar_policy_set_count(pack->set) == 0)
		return gh_pack_refuse(why, GH_PACK_POLICY_INVALID,
		                      "there is no policy under policies/");
	return GH_OK;
}

struct first_finding {
	char text[300];
};

static void keep_first(void *user, const struct gh_cedar_finding *finding)
{
	struct first_finding *first = user;
	struct gh_slice id =
	    finding->policy ? gh_cedar_name_slice(finding->policy->id) : GH_SLICE("the policies");

	if (!first->text[0])
		snprintf(first->text, sizeof first->text, "%.*s (%u:%u): %s",
		         id.len > 60 ? 60 : (int)id.len, (const char *)id.data, finding->where.line,
		         finding->where.column, finding->where.text);
}

static gh_result validate(struct gh_pack *pack, struct gh_pack_refusal *why)
{
	struct first_finding first = { "" };

	if (pack->checker->validate(pack->schema, pack->set, true, keep_first, &first) != GH_OK)
		return gh_pack_refuse(why, GH_PACK_POLICY_INVALID, "%s",
		                      first.text[0] ? first.text : gh_last_error()->text);
	for (size_t i = 0; i < gh_cedar_policy_set_count(pack->set); i++) {
		const struct gh_cedar_policy *policy = gh_cedar_policy_set_at(pack->set, i);
		struct gh_policy_obligations read;
		if (gh_policy_obligations_read(policy, &read) != GH_OK)
			return gh_pack_refuse(why, GH_PACK_POLICY_INVALID, "%.*s: %s",
			                      policy->id->len > 60 ? 60 : (int)policy->id->len,
			                      policy->id->text, gh_last_error()->text);
	}
	return GH_OK;
}

static gh_result load_entities(struct gh_pack *pack, const struct gh_tar_member *members,
                               size_t count, struct gh_pack_refusal *why)
{
	const struct gh_cedar_shapes *shapes = pack->checker->shapes(pack->schema);
	bool any = false;

	pack->facts_space = gh_cedar_space_new(pack->space, SPACE_LIMIT);
	GH_ENSURE(pack->facts_space, GH_E_MEMORY, "out of memory");
	pack->entities = gh_cedar_entities_new(pack->facts_space, NULL);
	GH_ENSURE(pack->entities, GH_E_MEMORY, "out of memory");
	for (size_t i = 0; i <= count; i++) {
		struct gh_cedar_diagnostic at = { 0 };
		struct gh_slice path = GH_SLICE("schema.cedarschema"), text = GH_SLICE("[]");
		if (i < count) {
			if (!gh_pack_member_is(&members[i], "entities/", ".json"))
				continue;
			path = members[i].path;
			text = members[i].content;
		} else if (any) {
			break; /* else the schema's actions alone */
		}
		any = true;
		if (gh_cedar_entities_read(pack->entities, text, shapes, &at) != GH_OK)
			return invalid(why, path, &at);
	}
	GH_TRY(gh_cedar_entities_seal(pack->entities));
	if (pack->checker->validate_entities(pack->schema, pack->entities) != GH_OK)
		return gh_pack_refuse(why, GH_PACK_POLICY_INVALID, "entities/: %s",
		                      gh_last_error()->text);
	gh_cedar_space_freeze(pack->facts_space);
	return GH_OK;
}

static gh_result load(struct gh_pack *pack, const struct gh_tar_member *members, size_t count,
                      struct gh_pack_refusal *why)
{
	pack->space = gh_cedar_space_new(NULL, SPACE_LIMIT);
	GH_ENSURE(pack->space, GH_E_MEMORY, "out of memory");
	GH_TRY(load_schema(pack, members, count, why));
	GH_TRY(load_policies(pack, members, count, why));
	GH_TRY(validate(pack, why));
	GH_TRY(gh_cedar_policy_set_seal(pack->set));
	GH_TRY(load_entities(pack, members, count, why));
	return gh_pack_run_tests(pack, members, count, why);
}

void gh_pack_close(struct gh_pack *pack)
{
	if (!pack)
		return;
	gh_cedar_entities_free(pack->entities);
	gh_cedar_space_free(pack->facts_space);
	gh_cedar_policy_set_free(pack->set);
	if (pack->schema)
		pack->checker->free(pack->schema);
	gh_cedar_space_free(pack->space);
	free(pack);
}

/* Verify, then parse. */
static gh_result open_verified(struct gh_pack *pack, struct gh_slice raw_tar,
                               const struct gh_trust *trust, const struct gh_pack_state *state,
                               struct gh_pack_refusal *why)
{
	struct gh_tar_member members[GH_TAR_MAX_MEMBERS];
	size_t count;

	if (raw_tar.len > GH_PACK_MAX_BYTES)
		return gh_pack_refuse(why, GH_PACK_TOO_LARGE, "a pack is at most %zu bytes",
		                      GH_PACK_MAX_BYTES);
	if (gh_tar_read(raw_tar, members, &count) != GH_OK)
		return gh_pack_refuse(why, GH_PACK_NOT_CANONICAL, "%s", gh_last_error()->text);
	struct gh_slice manifest = gh_tar_find(members, count, "manifest.json");
	if (!manifest.data)
		return gh_pack_refuse(why, GH_PACK_BAD_MANIFEST, "there is no manifest.json");
	if (!gh_uuid_eq(&trust->tenant, &state->tenant))
		return gh_pack_refuse(why, GH_PACK_WRONG_TENANT,
		                      "the trust document is another tenant's");
	GH_TRY(gh_signatures_check(gh_tar_find(members, count, "manifest.jws"), manifest, trust,
	                           &pack->signed_by, why));
	GH_TRY(gh_manifest_parse(manifest, &pack->manifest, why));
	gh_sha256(manifest, pack->digest_bytes);
	gh_hex_encode(gh_slice(pack->digest_bytes, 32), pack->digest);
	GH_TRY(check_state(pack, state, why));
	GH_TRY(check_files(&pack->manifest, members, count, why));
	pack->rules.any_error_denies = pack->manifest.strict_errors;
	return load(pack, members, count, why);
}

/* A failure that no check has named is our own: memory. */
static enum gh_code settle(struct gh_pack *pack, enum gh_code code, struct gh_pack **out,
                           struct gh_pack_refusal *why)
{
	if (code == GH_OK) {
		*out = pack;
		return GH_OK;
	}
	if (why && why->reason == GH_PACK_FINE)
		(void)gh_pack_refuse(why, GH_PACK_INTERNAL, "%s", gh_last_error()->text);
	gh_pack_close(pack);
	return code;
}

static struct gh_pack *make(const struct gh_cedar_checker *checker, struct gh_pack_refusal *why)
{
	struct gh_pack *pack = calloc(1, sizeof *pack);

	if (why)
		*why = (struct gh_pack_refusal){ 0 };
	if (pack)
		pack->checker = checker;
	return pack;
}

gh_result gh_pack_open(struct gh_slice raw_tar, const struct gh_trust *trust,
                       const struct gh_pack_state *state, const struct gh_cedar_checker *checker,
                       struct gh_pack **out, struct gh_pack_refusal *why)
{
	struct gh_pack *pack = make(checker, why);

	*out = NULL;
	GH_ENSURE(pack, GH_E_MEMORY, "out of memory");
	return settle(pack, open_verified(pack, raw_tar, trust, state, why), out, why);
}

gh_result gh_pack_compile(const struct gh_tar_member *members, size_t count,
                          const struct gh_cedar_checker *checker, struct gh_pack **out,
                          struct gh_pack_refusal *why)
{
	struct gh_pack *pack = make(checker, why);

	*out = NULL;
	GH_ENSURE(pack, GH_E_MEMORY, "out of memory");
	return settle(pack, load(pack, members, count, why), out, why);
}
