/* gatehouse policy build: an archive from a folder, unsigned. What comes out has been compiled and
 * has passed its tests; after a pack that is named, it carries the difference and, when recorded
 * requests are given, what they would have got. */
#include <stdio.h>

#include "cli/policy_files.h"
#include "cli/policy_replay.h"
#include "cli/verbs.h"
#include "policy/pack/diff.h"

#define DAY_S        INT64_C(86400)
#define DEFAULT_DAYS "365"

struct plan {
	const char *folder, *out, *after, *tenant, *name, *change, *from, *days, *rollback_of;
	const char *requests;
	bool strict_errors, as_json;
};

struct build {
	struct gh_cli_pack files, former;
	struct gh_pack *pack, *before;
	struct gh_manifest manifest;
	struct gh_buf diff, shadow; /* canonical JSON */
	struct gh_buf tar;
	struct gh_replay_counts counts;
};

static void build_free(struct build *build)
{
	gh_pack_close(build->pack);
	gh_pack_close(build->before);
	gh_cli_pack_free(&build->files);
	gh_cli_pack_free(&build->former);
	gh_buf_free(&build->diff);
	gh_buf_free(&build->shadow);
	gh_buf_free(&build->tar);
}

/* ---- the manifest ---- */

static int bad(const char *text)
{
	fprintf(stderr, "gatehouse: %s\n", text);
	return GH_EXIT_USAGE;
}

static bool set_text(char out[GH_MANIFEST_TEXT + 1], const char *text)
{
	if (!text || strlen(text) > GH_MANIFEST_TEXT)
		return false;
	strcpy(out, text);
	return true;
}

/* What follows from the pack before, or begins a chain. */
static int set_chain(const struct plan *plan, struct build *build)
{
	struct gh_manifest *manifest = &build->manifest;
	const struct gh_manifest *former = build->before ? &build->before->manifest : NULL;

	manifest->revision = former ? former->revision + 1 : 1;
	manifest->has_prev = former != NULL;
	if (former) {
		manifest->tenant = former->tenant;
		memcpy(manifest->prev_digest, build->before->digest_bytes, 32);
	}
	if (!former && !plan->tenant)
		return bad("say whose pack it is: --tenant UUID, or --after PACK");
	struct gh_uuid tenant;
	if (plan->tenant && gh_uuid_parse(gh_slice_str(plan->tenant), &tenant) != GH_OK)
		return bad("--tenant must be the tenant's id, a UUID");
	if (plan->tenant && former && !gh_uuid_eq(&tenant, &former->tenant))
		return bad("--tenant is not the tenant of the pack before");
	if (plan->tenant)
		manifest->tenant = tenant;
	const char *name = plan->name ? plan->name : former ? former->name : "policies";
	if (!name[0] || !set_text(manifest->name, name))
		return bad("--name must be 1 to 200 bytes");
	return GH_EXIT_OK;
}

static int set_rest(const struct plan *plan, const struct gh_command *command, struct build *build)
{
	struct gh_manifest *manifest = &build->manifest;
	unsigned long days, rollback_of = 0;

	if (!set_text(manifest->change, plan->change))
		return bad("say why, for the record: --change TEXT, at most 200 bytes");
	if (!gh_cli_time("--from", plan->from, &manifest->effective_from_s) ||
	    !gh_option_number(command, "--days", plan->days, 1, 3660, &days))
		return GH_EXIT_USAGE;
	manifest->expires_s = manifest->effective_from_s + (int64_t)days * DAY_S;
	manifest->strict_errors = plan->strict_errors;
	if (plan->rollback_of &&
	    !gh_option_number(command, "--rollback-of", plan->rollback_of, 1,
	                      manifest->revision > 1 ? manifest->revision - 1 : 1, &rollback_of))
		return GH_EXIT_USAGE;
	if (rollback_of && manifest->revision == 1)
		return bad("a first revision rolls nothing back");
	manifest->rollback_of = rollback_of;
	return GH_EXIT_OK;
}

/* ---- the files ---- */

static int open_former(const struct plan *plan, struct build *build)
{
	int status = GH_EXIT_OK;

	if (!plan->after)
		return plan->requests ? bad("--replay needs --after PACK to compare with")
		                      : GH_EXIT_OK;
	if (gh_cli_pack_read(plan->after, &build->former) != GH_OK)
		return gh_cli_fail(GH_EXIT_USAGE);
	if (build->former.is_folder)
		return bad("--after must be an archive: a folder has no digest to follow");
	if (!gh_cli_pack_open(&build->former, false, &build->before, &status))
		return status;
	return build->before->manifest.revision ? GH_EXIT_OK
	                                        : bad("--after must be a pack with a manifest");
}

static gh_result write_json(json_t *tree, struct gh_buf *out)
{
	GH_CLEANUP(gh_json_decref_ptr) json_t *owned = tree;

	return gh_jcs(owned, out);
}

static gh_result compare(const struct plan *plan, struct build *build)
{
	json_t *tree;

	if (!build->before)
		return GH_OK;
	GH_TRY(gh_pack_diff(build->before, build->pack, &tree));
	GH_TRY(write_json(tree, &build->diff));
	if (!plan->requests)
		return GH_OK;
	GH_TRY(gh_cli_replay(build->before, build->pack, plan->requests, &build->counts, &tree));
	return write_json(tree, &build->shadow);
}

static bool is_made_here(struct gh_slice path)
{
	static const char *const names[] = { "manifest.json", "manifest.jws", "diff.json",
		                             "shadow.json" };

	for (size_t i = 0; i < GH_ARRAY_LEN(names); i++)
		if (gh_slice_eq_str(path, names[i]))
			return true;
	return false;
}

/* The folder's files and the two reports, in the order of the archive. */
static gh_result pack_up(struct build *build)
{
	const struct gh_tar_member made[] = {
		{ GH_SLICE("diff.json"), gh_buf_slice(&build->diff) },
		{ GH_SLICE("shadow.json"), gh_buf_slice(&build->shadow) },
	};
	struct gh_tar_member all[GH_TAR_MAX_MEMBERS + GH_ARRAY_LEN(made)];
	size_t count = 0;

	for (size_t i = 0; i < build->files.count; i++)
		if (!is_made_here(build->files.members[i].path))
			all[count++] = build->files.members[i];
	for (size_t i = 0; i < GH_ARRAY_LEN(made); i++)
		if (made[i].content.len)
			all[count++] = made[i];
	gh_tar_sort(all, count);
	build->tar.limit = GH_PACK_MAX_BYTES;
	return gh_pack_build(all, count, &build->manifest, &build->tar);
}

static int report(const struct plan *plan, const struct build *build, const char *digest)
{
	const struct gh_manifest *manifest = &build->manifest;
	char from[GH_PACK_TIME_BYTES], expires[GH_PACK_TIME_BYTES];

	gh_pack_time_format(manifest->effective_from_s, from);
	gh_pack_time_format(manifest->expires_s, expires);
	if (plan->as_json)
		return gh_cli_print_json(
		    json_pack("{s:s, s:s, s:I, s:i, s:i, s:s, s:s, s:I, s:I}", "file", plan->out,
		              "digest", digest, "revision", (json_int_t)manifest->revision,
		              "policies", (int)gh_cedar_policy_set_count(build->pack->set), "tests",
		              (int)build->pack->test_count, "effective_from", from, "expires",
		              expires, "allow_to_deny", (json_int_t)build->counts.allow_to_deny,
		              "deny_to_allow", (json_int_t)build->counts.deny_to_allow),
		    GH_EXIT_OK);
	printf("%s: revision %llu, %zu policies, %zu tests passed\n", plan->out,
	       (unsigned long long)manifest->revision, gh_cedar_policy_set_count(build->pack->set),
	       build->pack->test_count);
	printf("digest %s\nfrom %s to %s; not signed yet\n", digest, from, expires);
	if (build->shadow.len)
		printf("%llu recorded requests: %llu allow to deny, %llu deny to allow\n",
		       (unsigned long long)build->counts.requests,
		       (unsigned long long)build->counts.allow_to_deny,
		       (unsigned long long)build->counts.deny_to_allow);
	return GH_EXIT_OK;
}

static int run(const struct plan *plan, const struct gh_command *command, struct build *build)
{
	struct gh_cli_pack made = { .path = plan->out };
	struct gh_pack *packed = NULL;
	int status = open_former(plan, build);

	if (status == GH_EXIT_OK)
		status = set_chain(plan, build);
	if (status == GH_EXIT_OK)
		status = set_rest(plan, command, build);
	if (status != GH_EXIT_OK)
		return status;
	if (gh_cli_pack_read(plan->folder, &build->files) != GH_OK)
		return gh_cli_fail(GH_EXIT_USAGE);
	if (!build->files.is_folder)
		return bad("a pack is built from a folder");
	if (!gh_cli_pack_open(&build->files, true, &build->pack, &status))
		return status;
	build->pack->rules.any_error_denies = plan->strict_errors;
	if (compare(plan, build) != GH_OK || pack_up(build) != GH_OK ||
	    gh_tar_read(gh_buf_slice(&build->tar), made.members, &made.count) != GH_OK)
		return gh_cli_fail(GH_EXIT_USAGE);
	/* Once more as it will be opened, manifest and rules and all. */
	if (!gh_cli_pack_open(&made, true, &packed, &status))
		return status;
	if (gh_cli_write(plan->out, gh_buf_slice(&build->tar), 0644, false) != GH_OK)
		status = gh_cli_fail(GH_EXIT_USAGE);
	else
		status = report(plan, build, packed->digest);
	gh_pack_close(packed);
	return status;
}

int gh_cli_policy_build(int argc, char **argv)
{
	struct plan plan = { .days = DEFAULT_DAYS };
	const char *folder[1] = { NULL };
	const struct gh_option options[] = {
		GH_OUT_OPTION("the archive to write", &plan.out),
		{ "--change", "TEXT", "why: a ticket, a sentence; it is signed with the rest",
		  &plan.change, NULL },
		{ "--after", "PACK", "the newest pack: revision, chain and diff follow from it",
		  &plan.after, NULL },
		{ "--tenant", "UUID", "whose pack (that of --after)", &plan.tenant, NULL },
		{ "--name", "TEXT", "of the pack (that of --after, or \"policies\")", &plan.name,
		  NULL },
		{ "--from", "TIME", "not before, such as 2026-11-24T09:00:00Z (now)", &plan.from,
		  NULL },
		{ "--days", "N", "until it expires (" DEFAULT_DAYS ")", &plan.days, NULL },
		{ "--rollback-of", "N", "the revision whose content returns", &plan.rollback_of,
		  NULL },
		{ "--strict-errors", NULL, "any policy that errs denies, not only a forbid", NULL,
		  &plan.strict_errors },
		{ "--replay", "FILE", "recorded requests, put to both packs: shadow.json",
		  &plan.requests, NULL },
		{ "--json", NULL, "print what was built as JSON", NULL, &plan.as_json },
	};
	const struct gh_command command = {
		.usage = "gatehouse policy build FOLDER -o FILE --change TEXT [options]",
		.summary = "Makes a pack of a folder: compiled, tested, in one canonical archive. "
		           "Sign it next.",
		.options = options,
		.option_count = GH_ARRAY_LEN(options),
		.positional = folder,
		.positional_max = 1,
	};
	GH_CLEANUP(build_free) struct build build = { 0 };
	size_t count;

	int status = gh_options_parse(&command, argc, argv, &count);
	if (status >= 0)
		return status;
	if (count != 1 || !plan.out) {
		fprintf(stderr, "gatehouse: say which folder and which file: %s\n", command.usage);
		return GH_EXIT_USAGE;
	}
	plan.folder = folder[0];
	return run(&plan, &command, &build);
}
