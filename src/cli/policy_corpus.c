/* gatehouse policy corpus DIR: conformance as a verb. Runs a folder of tests in the format of the
 * Cedar integration tests and ends with one line, "N passed, N failed". */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/verbs.h"
#include "policy/cedar/corpus.h"

static void print_line(void *user, const char *line)
{
	(void)user;
	fprintf(stderr, "%s\n", line);
}

static int usage(void)
{
	fprintf(stderr, "usage: gatehouse policy corpus [--json] DIR\n");
	return 2;
}

static void print_counts(const struct gh_cedar_corpus_counts *counts, bool json)
{
	if (json)
		printf("{\"tests\":%zu,\"requests\":%zu,\"validations\":%zu,\"passed\":%zu,"
		       "\"failed\":%zu}\n",
		       counts->tests, counts->requests, counts->validations, counts->passed,
		       counts->failed);
	else
		printf("%zu tests, %zu requests, %zu validation results\n%zu passed, %zu failed\n",
		       counts->tests, counts->requests, counts->validations, counts->passed,
		       counts->failed);
}

int gh_cli_policy_corpus(int argc, char **argv)
{
	struct gh_cedar_corpus_counts counts;
	const char *dir = NULL;
	bool json = false;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			json = true;
		else if (argv[i][0] == '-' || dir)
			return usage();
		else
			dir = argv[i];
	}
	if (!dir)
		return usage();
	if (gh_cedar_corpus_run(dir, gh_cedar_checker(), print_line, NULL, &counts) != GH_OK) {
		fprintf(stderr, "gatehouse policy corpus: %s\n", gh_last_error()->text);
		return 2;
	}
	if (counts.tests == 0 && counts.failed == 0) {
		fprintf(stderr, "gatehouse policy corpus: there is no test in %s\n", dir);
		return 2;
	}
	print_counts(&counts, json);
	return counts.failed ? 1 : 0;
}
