/* live.h: verbs that ask the running gateway, as any client would, so that capabilities, policies
 * and audit are the same for everybody. */
#ifndef GH_CLI_LIVE_H
#define GH_CLI_LIVE_H

#include "base/json.h"
#include "cli/options.h"

struct gh_cli_live {
	const char *dir, *tenant;
	bool as_json;
};

/* The options that all of them take. */
#define GH_CLI_LIVE_OPTIONS(live)                                                                  \
	{ "--state", "DIR", "state directory of the running gateway", &(live).dir, NULL },         \
	    { "--tenant", "NAME", "tenant, by name or id (the first)", &(live).tenant, NULL },     \
	{                                                                                          \
		"--json", NULL, "print the gateway's answer as it is", NULL, &(live).as_json       \
	}

/* Asks, and prints the answer: as it is, or as `print` shows it. `body` NULL: none. The exit
 * status; of a refusal 2, of a failure of the gateway 1. */
int gh_cli_live_call(const struct gh_cli_live *live, const char *method, const char *path,
                     const char *body, void (*print)(const json_t *reply));

#endif
