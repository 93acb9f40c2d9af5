/* pii_patterns.h: the tenant's own patterns from a file, for work without a gateway. */
#ifndef GH_CLI_PII_PATTERNS_H
#define GH_CLI_PII_PATTERNS_H

#include "pii/custom.h"

/* A JSON object of definitions by name (pii/custom.h), each tried as the gateway tries it. */
gh_result gh_cli_pii_patterns_load(const char *path, struct gh_pii_custom **out);

#endif
