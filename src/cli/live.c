#include "cli/live.h"

#include <stdio.h>

#include "process/operator.h"

int gh_cli_live_call(const struct gh_cli_live *live, const char *method, const char *path,
                     const char *body, void (*print)(const json_t *reply))
{
	struct gh_operator client;
	struct gh_operator_reply reply = { 0 };
	GH_CLEANUP(gh_json_decref_ptr) json_t *parsed = NULL;
	int status = GH_EXIT_OK;

	if (gh_operator_open(live->dir, live->tenant, &client) != GH_OK)
		return gh_cli_fail(GH_EXIT_USAGE);
	if (gh_operator_call(&client, method, path, body, &reply) != GH_OK)
		status = gh_cli_fail(GH_EXIT_USAGE);
	else if (reply.status >= 300 && gh_operator_problem(&reply) != GH_OK)
		status = gh_cli_fail(reply.status >= 500 ? GH_EXIT_CHECK : GH_EXIT_USAGE);
	else if (live->as_json)
		printf("%s\n", gh_buf_cstr(&reply.body));
	else if (gh_json_parse(gh_buf_slice(&reply.body), &parsed) == GH_OK)
		print(parsed);
	gh_operator_reply_free(&reply);
	gh_operator_close(&client);
	return status;
}
