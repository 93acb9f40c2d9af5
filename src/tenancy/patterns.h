/* patterns.h: a tenant's own patterns, compiled once for each content and shared by the snapshots
 * that name it. */
#ifndef GH_TENANCY_PATTERNS_H
#define GH_TENANCY_PATTERNS_H

#include "base/uuid.h"
#include "db/db.h"
#include "pii/custom.h"

#define GH_PATTERNS_SQL                                                                            \
	"SELECT name, definition FROM gatehouse.pii_pattern ORDER BY name COLLATE \"C\""

struct gh_patterns;

gh_result gh_patterns_open(struct gh_patterns **out);
void gh_patterns_close(struct gh_patterns *patterns); /* NULL is fine */

/* From the rows of GH_PATTERNS_SQL; *out is NULL when there are none, else a reference. */
gh_result gh_patterns_get(struct gh_patterns *patterns, const struct gh_uuid *tenant,
                          const struct gh_db_result *rows, struct gh_pii_custom **out);
/* The rows as definitions that borrow from them. */
gh_result gh_patterns_read(const struct gh_db_result *rows,
                           struct gh_pii_definition definitions[GH_PII_CUSTOM_MAX], size_t *count);

#endif
