/* demo.h: the two tenants that `gatehouse up` brings, and the file that tells clients of them. */
#ifndef GH_PROCESS_DEMO_H
#define GH_PROCESS_DEMO_H

#include "db/db.h"
#include "process/setup.h"

/* Makes what is missing: the deployment's own tenant (for refusals before anybody is known), two
 * demo tenants with their PII tables, and one API key each. The keys' only copy is DIR/demo.json
 * (0600); when that file is gone, new keys are made and the old ones revoked. `admin` bypasses row
 * security: this is the one place where rows are made without a tenant. */
gh_result gh_demo_seed(struct gh_db *admin, const struct gh_setup *setup);

#endif
