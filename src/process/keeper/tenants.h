/* tenants.h: one KEK a tenant, each in a file of its own, so that a tenant's data can be made
 * unreadable for good by removing one file. */
#ifndef GH_PROCESS_KEEPER_TENANTS_H
#define GH_PROCESS_KEEPER_TENANTS_H

#include "base/uuid.h"
#include "process/keeper/store.h"

/* So many tenants may have a KEK: a gateway that was broken into cannot fill the disk. */
#define GH_KEEPER_TENANTS_MAX 100000

struct gh_tenants;

gh_result gh_tenants_open(const struct gh_keeper_store *store, struct gh_tenants **out);
void gh_tenants_close(struct gh_tenants *tenants); /* NULL is fine; wipes */

/* A tenant's KEK, borrowed until the next call. With `create` it is made (durably) when there is
 * none; without, GH_E_NOT_FOUND. */
gh_result gh_tenants_get(struct gh_tenants *tenants, const struct gh_uuid *tenant, bool create,
                         const struct gh_tenant_kek **out);

#endif
