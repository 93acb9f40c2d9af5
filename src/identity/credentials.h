/* credentials.h: looks credentials up in PostgreSQL, with the least that can do it: a role of its
 * own that may read API keys of all tenants (hashes, never secrets) and nothing else. Answers are
 * kept for at most 2.0 s (tenancy/cache.h), which bounds how long a revoked key can still work. */
#ifndef GH_IDENTITY_CREDENTIALS_H
#define GH_IDENTITY_CREDENTIALS_H

#include "base/uuid.h"
#include "db/db.h"
#include "identity/api_key.h"
#include "tenancy/cache.h"

#define GH_ROLE_MAX_BYTES 64

/* One row of gatehouse.api_key. Immutable; hold a reference (gh_cached_hold) to keep it. */
struct gh_api_key {
	struct gh_cached cached;
	struct gh_uuid tenant_id;
	char id[GH_API_KEY_ID_BYTES + 1];
	char role[GH_ROLE_MAX_BYTES + 1]; /* what policies know it as: "application" */
	struct gh_slice *caps;
	size_t cap_count;
	int64_t expires_at_s; /* 0: never */
	bool revoked;
};

struct gh_credentials;

/* `pool` connects as gatehouse_identity; both are borrowed. */
gh_result gh_credentials_open(struct gh_db_pool *pool, struct gh_workers *workers,
                              struct gh_credentials **out);
void gh_credentials_close(struct gh_credentials *credentials);

/* By what a caller sent: `id` from gh_api_key_parse and the digest of the whole text. The value is
 * a struct gh_api_key whose stored digest matched in constant time; GH_E_NOT_FOUND for an unknown
 * id and for a wrong secret alike. Returns and waits as gh_cache_get does. */
bool gh_credentials_by_secret(struct gh_credentials *credentials, struct gh_slice id,
                              const uint8_t digest[32], struct gh_cache_waiter *waiter);
/* The key behind an access token: is it still good? */
bool gh_credentials_by_id(struct gh_credentials *credentials, const struct gh_uuid *tenant,
                          struct gh_slice id, struct gh_cache_waiter *waiter);

#endif
