/* cache.h: what the database said, kept for a bounded time. This is how a revocation takes effect
 * within 2.0 s without a feed that could lose a row: an entry is used for at most `stale_ns` after
 * its query *began*, is renewed in the background from `renew_ns` on, and is never stretched. When
 * the database is away, requests are refused as entries run out. Absence is cached as well. */
#ifndef GH_TENANCY_CACHE_H
#define GH_TENANCY_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"
#include "base/slice.h"
#include "tenancy/workers.h"

struct gh_cache;

/* The first member of every cached struct; the rest is immutable once loaded. */
struct gh_cached {
	unsigned references; /* atomic; only gh_cached_* touch it */
	void (*destroy)(struct gh_cached *value);
};

void gh_cached_hold(struct gh_cached *value);
void gh_cached_release(struct gh_cached *value); /* NULL is fine */

/* Asks the database for `key` on a worker thread. GH_OK with a value of one reference;
 * GH_E_NOT_FOUND when there is none (kept as well); any other code is not kept. */
typedef gh_result gh_cache_load(void *context, struct gh_slice key, struct gh_cached **out);

struct gh_cache_config {
	gh_cache_load *load;
	void *context;
	struct gh_workers *workers;
	uint64_t renew_ns, stale_ns;
	size_t max_entries;
};

gh_result gh_cache_open(const struct gh_cache_config *config, struct gh_cache **out);
void gh_cache_close(struct gh_cache *cache); /* after its workers are closed */

/* One caller that waits for an answer. Lives in the request; must stay until `answered` ran. */
struct gh_cache_waiter {
	void (*answered)(struct gh_cache_waiter *waiter); /* on a worker thread */
	enum gh_code code;
	struct gh_cached *value; /* with a reference for the waiter when code is GH_OK */
	struct gh_cache_waiter *next;
};

/* True: answered at once in waiter->code and waiter->value. False: `answered` will run later. */
bool gh_cache_get(struct gh_cache *cache, struct gh_slice key, struct gh_cache_waiter *waiter);
/* Drops an entry that this process knows to be out of date (it just changed the row). */
void gh_cache_drop(struct gh_cache *cache, struct gh_slice key);

#endif
