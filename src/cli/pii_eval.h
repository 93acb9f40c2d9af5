/* pii_eval.h: gatehouse pii eval. */
#ifndef GH_CLI_PII_EVAL_H
#define GH_CLI_PII_EVAL_H

int gh_cli_pii_eval(int argc, char **argv);

#endif
