/* showcase.h: what `gatehouse up` prints for a newcomer: the next command to try, and with --demo
 * one real request together with the five gates it passed, read back from the audit log. */
#ifndef GH_PROCESS_SHOWCASE_H
#define GH_PROCESS_SHOWCASE_H

#include "process/setup.h"

/* Base URL and a curl line. API keys are printed on the first start only: demo.json keeps them. */
void gh_showcase_print(const struct gh_setup *setup);
/* Sends the request, prints the gates, runs `gatehouse log verify`. */
gh_result gh_showcase_run(const struct gh_setup *setup);

#endif
