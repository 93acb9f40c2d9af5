/* gatehouse policy test: a pack's own requests, tried as the gateway would decide them. */
#include <stdio.h>

#include "cli/policy_files.h"
#include "cli/verbs.h"

struct tally {
	const struct gh_cli_pack *files;
	bool as_json;
	size_t passed, failed;
	json_t *trials;
};

static void on_trial(void *user, const struct gh_pack_trial *trial)
{
	struct tally *tally = user;
	GH_CLEANUP(gh_buf_free) struct gh_buf file = { 0 };

	gh_cli_pack_file(tally->files, trial->path, &file);
	if (trial->passed)
		tally->passed++;
	else
		tally->failed++;
	json_array_append_new(
	    tally->trials,
	    json_pack("{s:s, s:i, s:s%, s:b, s:s}", "file", gh_buf_cstr(&file), "request",
	              (int)trial->number, "description",
	              trial->description.len ? (const char *)trial->description.data : "",
	              trial->description.len, "passed", trial->passed, "text", trial->text));
	if (!trial->passed && !tally->as_json)
		fprintf(stderr, "%s: request %zu%s%.*s: %s\n", gh_buf_cstr(&file), trial->number,
		        trial->description.len ? ", " : "", GH_SLICE_ARG(trial->description),
		        trial->text);
}

/* A file that is no test at all counts as one that failed. */
static void on_fault(void *user, const struct gh_pack_fault *fault)
{
	const struct gh_pack_trial trial = { .path = fault->path, .text = fault->where.text };

	on_trial(user, &trial);
}

int gh_cli_policy_test(int argc, char **argv)
{
	const char *path[1] = { NULL };
	struct tally tally = { 0 };
	const struct gh_option options[] = {
		{ "--json", NULL, "print every request and how it went as JSON", NULL,
		  &tally.as_json },
	};
	const struct gh_command command = {
		.usage = "gatehouse policy test PACK [options]",
		.summary = "Tries the requests under tests/ of a pack (a folder or an archive). "
		           "Exit status 1\nwhen one is decided otherwise than it says.",
		.options = options,
		.option_count = GH_ARRAY_LEN(options),
		.positional = path,
		.positional_max = 1,
	};
	GH_CLEANUP(gh_cli_pack_free) struct gh_cli_pack files = { 0 };
	GH_CLEANUP(gh_pack_close_ptr) struct gh_pack *pack = NULL;
	const struct gh_pack_listener listener = { on_fault, on_trial, &tally };
	struct gh_pack_refusal why;
	size_t count;

	int status = gh_options_parse(&command, argc, argv, &count);
	if (status >= 0)
		return status;
	if (count != 1) {
		fprintf(stderr, "gatehouse: say which pack: %s\n", command.usage);
		return GH_EXIT_USAGE;
	}
	if (gh_cli_pack_read(path[0], &files) != GH_OK)
		return gh_cli_fail(GH_EXIT_USAGE);
	if (!gh_cli_pack_open(&files, false, &pack, &status))
		return status;
	tally.files = &files;
	tally.trials = json_array();
	status = gh_pack_try(pack, files.members, files.count, &listener, &why) == GH_OK
	             ? GH_EXIT_OK
	             : GH_EXIT_CHECK;
	if (status != GH_EXIT_OK && tally.failed == 0)
		fprintf(stderr, "gatehouse: %s: %s\n", path[0], why.text);
	if (tally.as_json)
		return gh_cli_print_json(json_pack("{s:b, s:i, s:i, s:o}", "ok",
		                                   status == GH_EXIT_OK, "passed",
		                                   (int)tally.passed, "failed", (int)tally.failed,
		                                   "requests", tally.trials),
		                         status);
	json_decref(tally.trials);
	printf("%zu passed, %zu failed\n", tally.passed, tally.failed);
	return status;
}
