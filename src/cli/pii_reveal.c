/* gatehouse pii reveal: asks the running gateway for the value behind a reversible token. Needs the
 * capability pii.reveal and a reason; both the request and the answer are on record. */
#include <stdio.h>

#include "cli/live.h"
#include "cli/verbs.h"

static void print_value(const json_t *reply)
{
	printf("%s\n", json_string_value(json_object_get(reply, "value")));
}

int gh_cli_pii_reveal(int argc, char **argv)
{
	struct gh_cli_live live = { .dir = "gatehouse-state" };
	const char *reason = NULL, *token = NULL;
	const struct gh_option options[] = {
		GH_CLI_LIVE_OPTIONS(live),
		{ "--reason", "TEXT", "why; kept in the audit log", &reason, NULL },
	};
	const struct gh_command command = {
		.usage = "gatehouse pii reveal TOKEN --reason TEXT [options]",
		.summary = "Prints the value that a reversible token stands for.",
		.options = options,
		.option_count = sizeof options / sizeof options[0],
		.positional = &token,
		.positional_max = 1,
	};
	GH_CLEANUP(gh_buf_free) struct gh_buf body = { .limit = 65536 };
	struct gh_json_writer json;

	int status = gh_options_parse(&command, argc, argv, NULL);
	if (status >= 0)
		return status;
	if (!token || !reason) {
		fprintf(stderr, "gatehouse: a token and a reason are needed: %s\n", command.usage);
		return GH_EXIT_USAGE;
	}
	gh_json_begin(&json, &body);
	gh_json_str(&json, "token", token);
	gh_json_str(&json, "reason", reason);
	gh_json_end(&json);
	return gh_cli_live_call(&live, "POST", "/v1/pii/reveal", gh_buf_cstr(&body), print_value);
}
