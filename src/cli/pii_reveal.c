/* gatehouse pii reveal: asks the running gateway for the value behind a reversible token. Needs the
 * capability pii.reveal and a reason; both the request and the answer are on record. */
#include <stdio.h>

#include "cli/options.h"
#include "cli/verbs.h"
#include "process/operator.h"

int gh_cli_pii_reveal(int argc, char **argv)
{
	const char *dir = "gatehouse-state", *tenant = NULL, *reason = NULL, *token = NULL;
	bool as_json = false;
	const struct gh_option options[] = {
		{ "--state", "DIR", "state directory of the running gateway", &dir, NULL },
		{ "--tenant", "NAME", "tenant, by name or id (the first)", &tenant, NULL },
		{ "--reason", "TEXT", "why; kept in the audit log", &reason, NULL },
		{ "--json", NULL, "print the gateway's answer as it is", NULL, &as_json },
	};
	const struct gh_command command = {
		.usage = "gatehouse pii reveal TOKEN --reason TEXT [options]",
		.summary = "Prints the value that a reversible token stands for.",
		.options = options,
		.option_count = sizeof options / sizeof options[0],
		.positional = &token,
		.positional_max = 1,
	};
	struct gh_operator client;
	struct gh_operator_reply reply = { 0 };
	GH_CLEANUP(gh_json_decref_ptr) json_t *parsed = NULL;
	struct gh_buf body = { .limit = 65536 };
	struct gh_json_writer json;

	int status = gh_options_parse(&command, argc, argv, NULL);
	if (status >= 0)
		return status;
	if (!token || !reason) {
		fprintf(stderr, "gatehouse: a token and a reason are needed: %s\n", command.usage);
		return GH_EXIT_USAGE;
	}
	if (gh_operator_open(dir, tenant, &client) != GH_OK)
		return gh_cli_fail(GH_EXIT_USAGE);
	gh_json_begin(&json, &body);
	gh_json_str(&json, "token", token);
	gh_json_str(&json, "reason", reason);
	gh_json_end(&json);

	status = GH_EXIT_OK;
	if (gh_operator_call(&client, "POST", "/v1/pii/reveal", gh_buf_cstr(&body), &reply) !=
	    GH_OK)
		status = gh_cli_fail(GH_EXIT_USAGE);
	else if (reply.status != 200 && gh_operator_problem(&reply) != GH_OK)
		status = gh_cli_fail(reply.status >= 500 ? GH_EXIT_CHECK : GH_EXIT_USAGE);
	else if (as_json)
		printf("%s\n", gh_buf_cstr(&reply.body));
	else if (gh_json_parse(gh_buf_slice(&reply.body), &parsed) == GH_OK)
		printf("%s\n", json_string_value(json_object_get(parsed, "value")));
	gh_operator_reply_free(&reply);
	gh_buf_free(&body);
	gh_operator_close(&client);
	return status;
}
