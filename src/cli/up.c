#include <stdio.h>

#include "cli/options.h"
#include "cli/verbs.h"
#include "process/up.h"

int gh_cli_up(int argc, char **argv)
{
	const char *dir = "gatehouse-state", *port = "8443", *loops = "0";
	struct gh_up_options up = { .listen_address = "127.0.0.1" };
	const struct gh_option options[] = {
		{ "--state", "DIR", "state directory, made when absent (gatehouse-state)", &dir,
		  NULL },
		{ "--port", "N", "HTTPS port (8443)", &port, NULL },
		{ "--listen", "ADDRESS", "address to listen on (127.0.0.1)", &up.listen_address,
		  NULL },
		{ "--user", "NAME", "whom to run as when started as root (gatehouse, else nobody)",
		  &up.user, NULL },
		{ "--loops", "N", "event-loop threads; 0: one a core (0)", &loops, NULL },
		{ "--upstream", "URL", "OpenAI-compatible endpoint instead of the demo model",
		  &up.upstream_url, NULL },
		{ "--upstream-key-file", "FILE", "its API key, in a file's first line",
		  &up.upstream_key_file, NULL },
		{ "--upstream-ca-file", "FILE", "its CA, when the system does not know it",
		  &up.upstream_ca_file, NULL },
		{ "--demo", NULL, "send one request and show the gates that it passed", NULL,
		  &up.show_demo },
	};
	const struct gh_command command = {
		.usage = "gatehouse up [options]",
		.summary = "Runs gateway, keeper, an embedded PostgreSQL and a demo model in the "
		           "foreground;\nprints `ready` when it serves and writes DIR/demo.json.",
		.options = options,
		.option_count = sizeof options / sizeof options[0],
	};
	unsigned long number;

	int status = gh_options_parse(&command, argc, argv, NULL);
	if (status >= 0)
		return status;
	if (!gh_option_number(&command, "--port", port, 1, 65535, &number))
		return GH_EXIT_USAGE;
	up.port = (unsigned)number;
	if (!gh_option_number(&command, "--loops", loops, 0, 64, &number))
		return GH_EXIT_USAGE;
	up.loops = (unsigned)number;
	up.dir = dir;
	return gh_up(&up) == GH_OK ? GH_EXIT_OK : gh_cli_fail(GH_EXIT_USAGE);
}
