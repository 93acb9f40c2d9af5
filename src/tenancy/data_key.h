/* data_key.h: the keys that a tenant's stored content is encrypted under: one per (tenant, purpose,
 * subject, month), wrapped by the tenant's key in the keeper, kept wrapped in gatehouse.data_key.
 * Destroying one row makes one person's month unreadable, which is how erasure works. */
#ifndef GH_TENANCY_DATA_KEY_H
#define GH_TENANCY_DATA_KEY_H

#include "base/uuid.h"
#include "db/db.h"
#include "tenancy/cache.h"
#include "tenancy/keys.h"

struct gh_data_key {
	struct gh_cached cached;
	struct gh_uuid id;
	struct gh_uuid tenant_id;
	uint8_t key[32]; /* wiped on release */
};

struct gh_data_keys;

/* `pool` connects as gatehouse_app; all are borrowed. */
gh_result gh_data_keys_open(struct gh_db_pool *pool, struct gh_workers *workers,
                            const struct gh_key_service *keys, struct gh_data_keys **out);
void gh_data_keys_close(struct gh_data_keys *data_keys);

/* This month's key for new content of `subject` (a claim's sub, at most 100 bytes), made when there
 * is none. The value is a struct gh_data_key. Returns and waits as gh_cache_get does. */
bool gh_data_keys_current(struct gh_data_keys *data_keys, const struct gh_uuid *tenant,
                          struct gh_slice subject, struct gh_cache_waiter *waiter);

/* A key that content names, read under `token` (a database token). Blocks: for worker threads.
 * GH_E_NOT_FOUND when it was erased, or belongs to somebody else. */
gh_result gh_data_key_load(struct gh_db *db, const struct gh_key_service *keys,
                           struct gh_slice token, const struct gh_uuid *tenant,
                           const struct gh_uuid *id, uint64_t deadline_ns, uint8_t key[32]);

#endif
