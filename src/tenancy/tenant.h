/* tenant.h: what a request needs to know of its tenant, read from PostgreSQL under row-level
 * security with a database token of that tenant, and kept for at most 2.0 s (cache.h). */
#ifndef GH_TENANCY_TENANT_H
#define GH_TENANCY_TENANT_H

#include "base/uuid.h"
#include "db/db.h"
#include "pii/classes.h"
#include "tenancy/cache.h"
#include "tenancy/keys.h"
#include "tenancy/patterns.h"
#include "tenancy/policy.h"

/* Immutable; hold a reference (gh_cached_hold) to keep it. */
struct gh_tenant {
	struct gh_cached cached;
	struct gh_uuid id;
	char name[201];
	struct gh_pii_policy pii;            /* pii.custom is a reference of the snapshot's */
	uint8_t pii_key[32];                 /* of reversible tokens; wiped on release */
	const struct gh_live_policy *policy; /* a reference; NULL: no pack was activated */
	unsigned rows;                       /* rows that PostgreSQL showed under the claims */
};

/* The deployment's own tenant: refusals before anybody is known, heartbeats, falls. Nobody's
 * credential can name it. 00000000-0000-7000-8000-000000000000. */
extern const struct gh_uuid gh_tenant_deployment;

struct gh_tenancy;

/* `pool` connects as gatehouse_app; all are borrowed. */
gh_result gh_tenancy_open(struct gh_db_pool *pool, struct gh_workers *workers,
                          const struct gh_key_service *keys, struct gh_tenancy **out);
void gh_tenancy_close(struct gh_tenancy *tenants);

/* The value is a struct gh_tenant; GH_E_NOT_FOUND when PostgreSQL shows no such tenant. Returns and
 * waits as gh_cache_get does. */
bool gh_tenancy_get(struct gh_tenancy *tenants, const struct gh_uuid *id,
                    struct gh_cache_waiter *waiter);

#endif
