/* Picks the verb. What exists can be read off the table; each verb is one file in cli/. */
#include <stdio.h>
#include <string.h>

#include "base/result.h"
#include "cli/verbs.h"

struct verb {
	const char *name;
	const char *sub;                   /* the second word, or NULL for all of them */
	int (*run)(int argc, char **argv); /* argv[0] is the last word of the verb */
	const char *help;
};

static int run_version(int argc, char **argv)
{
	printf("gatehouse %s\n", GH_VERSION);
	return 0;
}

static const struct verb verbs[] = {
	{ "up", NULL, gh_cli_up, "run everything on an embedded database, for a first look" },
	{ "model", NULL, gh_cli_model, "run the small deterministic demo model" },
	{ "key", NULL, gh_cli_key, "create, list and revoke API keys" },
	{ "token", NULL, gh_cli_token, "check access tokens against a JWK set" },
	{ "pii", "reveal", gh_cli_pii_reveal, "give back the value behind a reversible token" },
	{ "pii", "pattern", gh_cli_pii_pattern, "a tenant's own classes of personal data" },
	{ "pii", "mode", gh_cli_pii_mode, "what happens to each class on each channel" },
	{ "pii", "threshold", gh_cli_pii_threshold, "how sure a finding must be to count" },
	{ "pii", NULL, gh_cli_pii, "scan files for personal data; evaluate the scanner" },
	{ "log", NULL, gh_cli_log, "verify, prove and follow the audit log" },
	{ "policy", "check", gh_cli_policy_check, "show every fault of policies where it stands" },
	{ "policy", "test", gh_cli_policy_test, "try the requests that a pack brings" },
	{ "policy", "explain", gh_cli_policy_explain, "which policies decide a request, and why" },
	{ "policy", "diff", gh_cli_policy_diff, "what differs between two packs" },
	{ "policy", "key", gh_cli_policy_key, "make a signer's key" },
	{ "policy", "trust", gh_cli_policy_trust, "say who may sign" },
	{ "policy", "build", gh_cli_policy_build, "make a pack of a folder" },
	{ "policy", "sign", gh_cli_policy_sign, "add a signature to a pack" },
	{ "policy", "verify", gh_cli_policy_verify, "judge a signed pack" },
	{ "policy", "activate", gh_cli_policy_activate, "make a signed pack the one that decides" },
	{ "policy", "log", gh_cli_policy_log, "which pack was live from when" },
	{ "policy", "show", gh_cli_policy_show, "give back a pack as it was activated" },
	{ "policy", "signers", gh_cli_policy_signers, "who may sign packs" },
	{ "policy", "corpus", gh_cli_policy_corpus, "run a folder of Cedar conformance tests" },
	{ "version", NULL, run_version, "print the version" },
};

static void print_help(FILE *out)
{
	fprintf(out, "usage: gatehouse VERB [options]\n\n");
	for (size_t i = 0; i < GH_ARRAY_LEN(verbs); i++) {
		char name[32];
		snprintf(name, sizeof name, "%s%s%s", verbs[i].name, verbs[i].sub ? " " : "",
		         verbs[i].sub ? verbs[i].sub : "");
		fprintf(out, "  %-16s %s\n", name, verbs[i].help);
	}
	fprintf(out, "\ngatehouse VERB --help says more about each.\n");
}

int main(int argc, char **argv)
{
	if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		print_help(argc < 2 ? stderr : stdout);
		return argc < 2 ? 2 : 0;
	}
	for (size_t i = 0; i < GH_ARRAY_LEN(verbs); i++) {
		if (strcmp(argv[1], verbs[i].name) != 0)
			continue;
		if (!verbs[i].sub)
			return verbs[i].run(argc - 1, argv + 1);
		if (argc > 2 && strcmp(argv[2], verbs[i].sub) == 0)
			return verbs[i].run(argc - 2, argv + 2);
	}
	fprintf(stderr, "gatehouse: there is no verb %s; gatehouse --help lists them\n", argv[1]);
	return 2;
}
