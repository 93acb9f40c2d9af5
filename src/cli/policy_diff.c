/* gatehouse policy diff: what differs between two packs, in words, and with --replay what would
 * have been decided otherwise. */
#include <inttypes.h>
#include <stdio.h>

#include "cli/policy_files.h"
#include "cli/policy_replay.h"
#include "cli/verbs.h"
#include "policy/pack/diff.h"

static void print_replay(const json_t *report, const struct gh_replay_counts *counts)
{
	json_t *flip;
	size_t i;

	printf("%" PRIu64 " recorded requests: %" PRIu64 " allowed before, %" PRIu64 " after\n",
	       counts->requests, counts->allowed_before, counts->allowed_after);
	printf("  allow to deny: %" PRIu64 "\n  deny to allow: %" PRIu64 "\n",
	       counts->allow_to_deny, counts->deny_to_allow);
	printf("  allowed with laxer demands: %" PRIu64 "\n  decisions with an error: %" PRIu64
	       " (%" PRIu64 " of a forbid)\n  not known to the schema: %" PRIu64 "\n",
	       counts->laxer, counts->errors_after, counts->forbid_errors_after, counts->unfit);
	json_array_foreach(json_object_get(report, "flips"), i, flip)
	    printf("  line %" JSON_INTEGER_FORMAT ": %s: %s -> %s\n",
	           json_integer_value(json_object_get(flip, "line")),
	           json_string_value(json_object_get(flip, "action")),
	           json_string_value(json_object_get(flip, "from")),
	           json_string_value(json_object_get(flip, "to")));
	if (counts->allow_to_deny + counts->deny_to_allow > i)
		printf("  … and more: the first %d are listed\n", GH_REPLAY_FLIPS_KEPT);
}

/* Timing is for whoever measures; it is no part of a report. */
static json_t *timing(const struct gh_replay_counts *counts)
{
	return json_pack("{s:I, s:I}", "decisions", (json_int_t)(2 * counts->requests), "decide_us",
	                 (json_int_t)(counts->decide_ns / 1000));
}

static int show(const json_t *diff, const json_t *report, const struct gh_replay_counts *counts,
                bool as_json, int status)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf words = { 0 };

	if (as_json) {
		json_t *tree = json_pack("{s:O}", "diff", diff);
		if (report) {
			json_object_set(tree, "replay", (json_t *)(uintptr_t)report);
			json_object_set_new(tree, "timing", timing(counts));
		}
		return gh_cli_print_json(tree, status);
	}
	gh_pack_diff_words(diff, &words);
	printf("%s", gh_buf_cstr(&words));
	if (report)
		print_replay(report, counts);
	return status;
}

/* A flip that nobody asked for, or a forbid that can no longer be computed. */
static bool is_clean(const struct gh_replay_counts *counts)
{
	return counts->allow_to_deny + counts->deny_to_allow + counts->forbid_errors_after == 0;
}

static int compare(const struct gh_pack *before, const struct gh_pack *after, const char *requests,
                   bool no_flips, bool as_json)
{
	GH_CLEANUP(gh_json_decref_ptr) json_t *diff = NULL;
	GH_CLEANUP(gh_json_decref_ptr) json_t *report = NULL;
	struct gh_replay_counts counts = { 0 };

	if (gh_pack_diff(before, after, &diff) != GH_OK)
		return gh_cli_fail(GH_EXIT_USAGE);
	if (requests && gh_cli_replay(before, after, requests, &counts, &report) != GH_OK)
		return gh_cli_fail(GH_EXIT_USAGE);
	return show(diff, report, &counts, as_json,
	            no_flips && !is_clean(&counts) ? GH_EXIT_CHECK : GH_EXIT_OK);
}

int gh_cli_policy_diff(int argc, char **argv)
{
	const char *paths[2] = { NULL }, *requests = NULL;
	bool as_json = false, no_flips = false;
	const struct gh_option options[] = {
		{ "--replay", "FILE", "recorded requests, one JSON object a line", &requests,
		  NULL },
		{ "--no-flips", NULL, "exit status 1 when a decision flips or a forbid errs", NULL,
		  &no_flips },
		{ "--json", NULL, "print the differences as JSON", NULL, &as_json },
	};
	const struct gh_command command = {
		.usage = "gatehouse policy diff BEFORE AFTER [options]",
		.summary = "What differs between two packs (folders or archives): policies by "
		           "their names, what\nthey demand, facts and declarations; and what "
		           "recorded requests would have got.",
		.options = options,
		.option_count = GH_ARRAY_LEN(options),
		.positional = paths,
		.positional_max = 2,
	};
	GH_CLEANUP(gh_cli_pack_free) struct gh_cli_pack earlier = { 0 };
	GH_CLEANUP(gh_cli_pack_free) struct gh_cli_pack later = { 0 };
	GH_CLEANUP(gh_pack_close_ptr) struct gh_pack *before = NULL;
	GH_CLEANUP(gh_pack_close_ptr) struct gh_pack *after = NULL;
	size_t count;

	int status = gh_options_parse(&command, argc, argv, &count);
	if (status >= 0)
		return status;
	if (count != 2) {
		fprintf(stderr, "gatehouse: say which two packs: %s\n", command.usage);
		return GH_EXIT_USAGE;
	}
	if (no_flips && !requests) {
		fprintf(stderr, "gatehouse: --no-flips needs --replay FILE\n");
		return GH_EXIT_USAGE;
	}
	if (gh_cli_pack_read(paths[0], &earlier) != GH_OK ||
	    gh_cli_pack_read(paths[1], &later) != GH_OK)
		return gh_cli_fail(GH_EXIT_USAGE);
	if (!gh_cli_pack_open(&earlier, false, &before, &status) ||
	    !gh_cli_pack_open(&later, false, &after, &status))
		return status;
	return compare(before, after, requests, no_flips, as_json);
}
