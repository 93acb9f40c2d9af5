/* gatehouse pii scan | eval: the scanner on files, for people and for pipelines. */
#include <stdio.h>
#include <string.h>

#include "cli/options.h"
#include "cli/pii_eval.h"
#include "cli/pii_scan.h"
#include "cli/verbs.h"

int gh_cli_pii(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "scan") == 0)
		return gh_cli_pii_scan(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "eval") == 0)
		return gh_cli_pii_eval(argc - 1, argv + 1);
	printf("usage: gatehouse pii (scan | eval | reveal | pattern | mode | threshold) "
	       "[options]; each takes --help\n");
	return argc > 1 && strcmp(argv[1], "--help") == 0 ? GH_EXIT_OK : GH_EXIT_USAGE;
}
