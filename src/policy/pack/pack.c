#include "policy/pack/pack_parts.h"

#include <stdlib.h>

#include "base/codec.h"
#include "crypto/hash.h"

/* ---- what is checked before anything is parsed ---- */

static bool is_signature_part(struct gh_slice path)
{
	return gh_slice_eq_str(path, "manifest.json") || gh_slice_eq_str(path, "manifest.jws");
}

/* The archive holds what the manifest lists, no file more, no byte other. */
gh_result gh_pack_check_files(const struct gh_manifest *manifest,
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

gh_result gh_pack_read_manifest(struct gh_pack *pack, const struct gh_tar_member *members,
                                size_t count, struct gh_pack_refusal *why)
{
	struct gh_slice manifest = gh_tar_find(members, count, "manifest.json");

	GH_TRY(gh_manifest_parse(manifest, &pack->manifest, why));
	pack->rules.any_error_denies = pack->manifest.strict_errors;
	gh_sha256(manifest, pack->digest_bytes);
	gh_hex_encode(gh_slice(pack->digest_bytes, 32), pack->digest);
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
	free(pack->places);
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
	GH_TRY(gh_pack_read_manifest(pack, members, count, why));
	GH_TRY(check_state(pack, state, why));
	GH_TRY(gh_pack_check_files(&pack->manifest, members, count, why));
	GH_TRY(gh_pack_load(pack, members, count, NULL, why));
	return gh_pack_try(pack, members, count, NULL, why);
}

/* A failure that no check has named is our own: memory. */
enum gh_code gh_pack_settle(struct gh_pack *pack, enum gh_code code, struct gh_pack **out,
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

struct gh_pack *gh_pack_new(const struct gh_cedar_checker *checker, struct gh_pack_refusal *why)
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
	struct gh_pack *pack = gh_pack_new(checker, why);

	*out = NULL;
	GH_ENSURE(pack, GH_E_MEMORY, "out of memory");
	return gh_pack_settle(pack, open_verified(pack, raw_tar, trust, state, why), out, why);
}
