/* gatehouse policy check: every fault of policies where it stands, as from a compiler. A pack is
 * checked whole; loose files are parsed, and validated when --schema says against what. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/policy_files.h"
#include "cli/verbs.h"

#define SPACE_LIMIT ((size_t)64 << 20)
#define MAX_FILES   256

struct check {
	bool as_json;
	const struct gh_cli_pack *pack; /* NULL: loose files, called as they are */
	json_t *faults, *warnings;
	size_t fault_count, warning_count;
	size_t policy_count;
};

static void tell(struct check *check, const char *file, struct gh_slice source,
                 const struct gh_cedar_diagnostic *at)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf text = { 0 };

	*(at->warning ? &check->warning_count : &check->fault_count) += 1;
	if (check->as_json) {
		json_array_append_new(at->warning ? check->warnings : check->faults,
		                      json_pack("{s:s, s:i, s:i, s:s}", "file", file, "line",
		                                (int)at->line, "column", (int)at->column, "text",
		                                at->text));
		return;
	}
	if (at->line)
		gh_cedar_diagnostic_print(at, file, source, &text);
	else
		gh_buf_addf(&text, "%s: %s: %s\n", file, at->warning ? "warning" : "error",
		            at->text);
	fprintf(stderr, "%s", gh_buf_cstr(&text));
}

/* ---- a pack ---- */

static void on_fault(void *user, const struct gh_pack_fault *fault)
{
	struct check *check = user;
	GH_CLEANUP(gh_buf_free) struct gh_buf file = { 0 };

	if (fault->path.len)
		gh_cli_pack_file(check->pack, fault->path, &file);
	else
		gh_buf_add_str(&file, check->pack->path);
	tell(check, gh_buf_cstr(&file), fault->source, &fault->where);
}

static int check_pack(struct check *check, const char *path)
{
	GH_CLEANUP(gh_cli_pack_free) struct gh_cli_pack files;
	GH_CLEANUP(gh_pack_close_ptr) struct gh_pack *pack = NULL;
	const struct gh_pack_listener listener = { .fault = on_fault, .user = check };
	struct gh_cedar_diagnostic whole = { 0 };
	struct gh_pack_refusal why;

	if (gh_cli_pack_read(path, &files) != GH_OK)
		return gh_cli_fail(GH_EXIT_USAGE);
	check->pack = &files;
	if (gh_pack_check(files.members, files.count, gh_cedar_checker(), &listener, &pack, &why) ==
	    GH_OK) {
		check->policy_count = gh_cedar_policy_set_count(pack->set);
		return GH_EXIT_OK;
	}
	if (check->fault_count == 0) {
		snprintf(whole.text, sizeof whole.text, "%s: %.150s",
		         gh_pack_reason_name(why.reason), why.text);
		tell(check, path, (struct gh_slice){ 0 }, &whole);
	}
	return GH_EXIT_CHECK;
}

/* ---- loose files ---- */

struct loose {
	struct check *check;
	struct gh_cedar_space *space;
	struct gh_cedar_policy_set *set;
	struct gh_cedar_schema *schema; /* NULL: not validated */
	const char *const *names;
	struct gh_buf texts[MAX_FILES];
	size_t first[MAX_FILES + 1]; /* index of the first policy of each file */
	size_t count;
};

/* In the file that holds the policy. */
static void tell_policy(struct loose *loose, const struct gh_cedar_policy *policy,
                        const struct gh_cedar_diagnostic *found)
{
	struct gh_cedar_diagnostic at = *found;
	size_t file = 0;

	while (policy && file + 1 < loose->count && policy->index >= loose->first[file + 1])
		file++;
	gh_cedar_diagnose(&at, gh_buf_slice(&loose->texts[file]), found->span, "%s", found->text);
	tell(loose->check, loose->names[file], gh_buf_slice(&loose->texts[file]), &at);
}

static void on_finding(void *user, const struct gh_cedar_finding *finding)
{
	tell_policy(user, finding->policy, &finding->where);
}

static int parse_files(struct loose *loose)
{
	for (size_t i = 0; i < loose->count; i++) {
		struct gh_cedar_diagnostic at = { 0 };
		loose->first[i] = gh_cedar_policy_set_count(loose->set);
		if (gh_cli_read(loose->names[i], GH_PACK_MAX_BYTES, &loose->texts[i]) != GH_OK)
			return gh_cli_fail(GH_EXIT_USAGE);
		char prefix[32];
		snprintf(prefix, sizeof prefix, "%zu.", i);
		if (gh_cedar_policy_set_parse(loose->set, gh_buf_slice(&loose->texts[i]), prefix,
		                              true, &at) != GH_OK)
			tell(loose->check, loose->names[i], gh_buf_slice(&loose->texts[i]), &at);
	}
	loose->check->policy_count = gh_cedar_policy_set_count(loose->set);
	return GH_EXIT_OK;
}

static void judge_files(struct loose *loose)
{
	if (loose->schema && loose->check->fault_count == 0 &&
	    gh_cedar_checker()->validate(loose->schema, loose->set, true, on_finding, loose) !=
	        GH_OK &&
	    loose->check->fault_count == 0) {
		/* It gave up: no policy is at fault, and none is known to be good. */
		struct gh_cedar_diagnostic why = { 0 };
		snprintf(why.text, sizeof why.text, "%s", gh_last_error()->text);
		tell(loose->check, loose->names[0], (struct gh_slice){ 0 }, &why);
	}
	for (size_t i = 0; i < loose->check->policy_count; i++) {
		const struct gh_cedar_policy *policy = gh_cedar_policy_set_at(loose->set, i);
		struct gh_cedar_diagnostic at = { .span = policy->span };
		struct gh_policy_obligations read;
		if (gh_policy_obligations_read(policy, &read) == GH_OK)
			continue;
		snprintf(at.text, sizeof at.text, "%s", gh_last_error()->text);
		tell_policy(loose, policy, &at);
	}
}

static int load_schema(struct loose *loose, const char *path, struct gh_buf *text)
{
	struct gh_cedar_diagnostic at = { 0 };
	size_t len = strlen(path);
	bool is_json = len > 5 && strcmp(path + len - 5, ".json") == 0;

	if (gh_cli_read(path, GH_PACK_MAX_BYTES, text) != GH_OK)
		return gh_cli_fail(GH_EXIT_USAGE);
	if (gh_cedar_checker()->load(loose->space, gh_buf_slice(text), is_json, &loose->schema,
	                             &at) != GH_OK)
		tell(loose->check, path, gh_buf_slice(text), &at);
	return GH_EXIT_OK;
}

static void loose_free(struct loose *loose)
{
	gh_cedar_policy_set_free(loose->set);
	if (loose->schema)
		gh_cedar_checker()->free(loose->schema);
	gh_cedar_space_free(loose->space);
	for (size_t i = 0; i < loose->count; i++)
		gh_buf_free(&loose->texts[i]);
}

static int check_files(struct check *check, const char *const *names, size_t count,
                       const char *schema)
{
	GH_CLEANUP(loose_free)
	struct loose loose = { .check = check, .names = names, .count = count };
	GH_CLEANUP(gh_buf_free) struct gh_buf schema_text = { 0 };
	int status = GH_EXIT_OK;

	loose.space = gh_cedar_space_new(NULL, SPACE_LIMIT);
	loose.set = loose.space ? gh_cedar_policy_set_new(loose.space) : NULL;
	if (!loose.set) {
		fprintf(stderr, "gatehouse: out of memory\n");
		return GH_EXIT_USAGE;
	}
	if (schema)
		status = load_schema(&loose, schema, &schema_text);
	if (status == GH_EXIT_OK)
		status = parse_files(&loose);
	if (status != GH_EXIT_OK)
		return status;
	judge_files(&loose);
	return check->fault_count ? GH_EXIT_CHECK : GH_EXIT_OK;
}

static bool is_policy_file(const char *path)
{
	size_t len = strlen(path);

	return len > 6 && strcmp(path + len - 6, ".cedar") == 0;
}

static int run(struct check *check, const char *const *words, size_t count, const char *schema)
{
	for (size_t i = 0; i < count; i++)
		if (is_policy_file(words[i]) != is_policy_file(words[0]) ||
		    (!is_policy_file(words[i]) && count > 1)) {
			fprintf(stderr, "gatehouse: check one pack, or files that end in .cedar\n");
			return GH_EXIT_USAGE;
		}
	if (is_policy_file(words[0]))
		return check_files(check, words, count, schema);
	if (schema) {
		fprintf(stderr, "gatehouse: a pack has its own schema; --schema is for files that "
		                "end in .cedar\n");
		return GH_EXIT_USAGE;
	}
	return check_pack(check, words[0]);
}

int gh_cli_policy_check(int argc, char **argv)
{
	struct check check = { 0 };
	const char *words[MAX_FILES] = { NULL }, *schema = NULL;
	const struct gh_option options[] = {
		{ "--schema", "FILE", "what loose files are validated against (a pack has its own)",
		  &schema, NULL },
		{ "--json", NULL, "print the faults as JSON", NULL, &check.as_json },
	};
	const struct gh_command command = {
		.usage = "gatehouse policy check (PACK | FILE.cedar…) [options]",
		.summary = "Parses and validates the policies of a pack (a folder or an archive) "
		           "or of files,\nand shows every fault where it stands. Exit status 1 "
		           "when there is one.",
		.options = options,
		.option_count = GH_ARRAY_LEN(options),
		.positional = words,
		.positional_max = MAX_FILES,
	};
	size_t count;

	int status = gh_options_parse(&command, argc, argv, &count);
	if (status >= 0)
		return status;
	if (count == 0) {
		fprintf(stderr, "gatehouse: say what to check: %s\n", command.usage);
		return GH_EXIT_USAGE;
	}
	check.faults = json_array();
	check.warnings = json_array();
	status = run(&check, words, count, schema);
	if (status == GH_EXIT_USAGE) {
		json_decref(check.faults);
		json_decref(check.warnings);
		return status;
	}
	if (check.as_json)
		return gh_cli_print_json(
		    json_pack("{s:b, s:i, s:b, s:o, s:o}", "ok", status == GH_EXIT_OK, "policies",
		              (int)check.policy_count, "validated", check.pack || schema, "faults",
		              check.faults, "warnings", check.warnings),
		    status);
	json_decref(check.faults);
	json_decref(check.warnings);
	if (status == GH_EXIT_OK)
		printf("%zu policies, no fault%s%s\n", check.policy_count,
		       check.warning_count ? "; see the warnings" : "",
		       check.pack || schema ? "" : " (not validated: no --schema)");
	else
		fprintf(stderr, "%zu fault%s\n", check.fault_count,
		        check.fault_count == 1 ? "" : "s");
	return status;
}
