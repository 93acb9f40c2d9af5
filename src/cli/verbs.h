/* verbs.h: one function a verb, each in the file of its name. argv[0] is the verb's last word; the
 * result is the exit status: 0 done, 1 a check failed, 2 wrong use or bad input. */
#ifndef GH_CLI_VERBS_H
#define GH_CLI_VERBS_H

int gh_cli_up(int argc, char **argv);
int gh_cli_model(int argc, char **argv); /* in src/model */
int gh_cli_key(int argc, char **argv);
int gh_cli_token(int argc, char **argv);
int gh_cli_pii(int argc, char **argv);
int gh_cli_pii_reveal(int argc, char **argv);
int gh_cli_pii_pattern(int argc, char **argv);
int gh_cli_pii_mode(int argc, char **argv);
int gh_cli_pii_threshold(int argc, char **argv);
int gh_cli_log(int argc, char **argv);
int gh_cli_policy_corpus(int argc, char **argv);
int gh_cli_policy_check(int argc, char **argv);
int gh_cli_policy_test(int argc, char **argv);
int gh_cli_policy_explain(int argc, char **argv);
int gh_cli_policy_diff(int argc, char **argv);
int gh_cli_policy_key(int argc, char **argv);
int gh_cli_policy_trust(int argc, char **argv);
int gh_cli_policy_build(int argc, char **argv);
int gh_cli_policy_sign(int argc, char **argv);
int gh_cli_policy_verify(int argc, char **argv);
int gh_cli_policy_activate(int argc, char **argv);
int gh_cli_policy_log(int argc, char **argv);
int gh_cli_policy_show(int argc, char **argv);
int gh_cli_policy_signers(int argc, char **argv);

#endif
