#include "tenancy/cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define BUCKETS       1024
#define MAX_KEY_BYTES 160

struct entry {
	struct entry *next;
	struct gh_cached *value; /* NULL with code NOT_FOUND, or before the first answer */
	struct gh_cache_waiter *waiters;
	struct gh_cache *cache;
	uint64_t asked_ns; /* when the query behind `value` began; 0: never answered */
	enum gh_code code;
	bool loading, dropped;
	size_t key_len;
	uint8_t key[];
};

struct gh_cache {
	struct gh_cache_config config;
	pthread_mutex_t lock;
	size_t count;
	struct entry *bucket[BUCKETS];
};

void gh_cached_hold(struct gh_cached *value)
{
	__atomic_add_fetch(&value->references, 1, __ATOMIC_RELAXED);
}

void gh_cached_release(struct gh_cached *value)
{
	if (value && __atomic_sub_fetch(&value->references, 1, __ATOMIC_ACQ_REL) == 0)
		value->destroy(value);
}

/* FNV-1a; keys are our own ids or were checked for form, and max_entries bounds a chain. */
static size_t bucket_of(struct gh_slice key)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < key.len; i++)
		hash = (hash ^ key.data[i]) * 16777619u;
	return hash % BUCKETS;
}

static struct entry **find(struct gh_cache *cache, struct gh_slice key)
{
	struct entry **at = &cache->bucket[bucket_of(key)];

	while (*at && !gh_slice_eq(gh_slice((*at)->key, (*at)->key_len), key))
		at = &(*at)->next;
	return at;
}

static void free_entry(struct entry *entry)
{
	gh_cached_release(entry->value);
	free(entry);
}

/* Makes room: what has run out goes; when that is not enough, whatever nobody waits for. */
static void sweep(struct gh_cache *cache, uint64_t now)
{
	for (int pass = 0; pass < 2 && cache->count >= cache->config.max_entries; pass++) {
		for (size_t i = 0; i < BUCKETS; i++) {
			for (struct entry **at = &cache->bucket[i]; *at;) {
				struct entry *entry = *at;
				bool out = now - entry->asked_ns > cache->config.stale_ns;
				if (entry->loading || !(out || pass == 1)) {
					at = &entry->next;
					continue;
				}
				*at = entry->next;
				cache->count--;
				free_entry(entry);
			}
		}
	}
}

static struct entry *insert(struct gh_cache *cache, struct gh_slice key, uint64_t now)
{
	if (cache->count >= cache->config.max_entries)
		sweep(cache, now);
	if (cache->count >= cache->config.max_entries || key.len > MAX_KEY_BYTES)
		return NULL;
	struct entry *entry = calloc(1, sizeof *entry + key.len);
	if (!entry)
		return NULL;
	entry->cache = cache;
	entry->key_len = key.len;
	memcpy(entry->key, key.data, key.len);
	entry->next = cache->bucket[bucket_of(key)];
	cache->bucket[bucket_of(key)] = entry;
	cache->count++;
	return entry;
}

static void answer(struct gh_cache_waiter *waiter, enum gh_code code, struct gh_cached *value)
{
	waiter->code = code;
	waiter->value = code == GH_OK ? value : NULL;
	if (waiter->value)
		gh_cached_hold(waiter->value);
}

static void run_load(void *context)
{
	struct entry *entry = context;
	struct gh_cache *cache = entry->cache;
	struct gh_cached *value = NULL;
	uint64_t asked = gh_clock_mono_ns();
	enum gh_code code =
	    cache->config.load(cache->config.context, gh_slice(entry->key, entry->key_len), &value);

	/* An answer that took longer than it may be kept says nothing about now. */
	if (gh_clock_mono_ns() - asked > cache->config.stale_ns) {
		gh_cached_release(value);
		value = NULL;
		code = GH_E_UNAVAILABLE;
	}

	pthread_mutex_lock(&cache->lock);
	struct gh_cache_waiter *waiters = entry->waiters;
	entry->waiters = NULL;
	entry->loading = false;
	/* An answer to a question asked before the row changed is not kept. */
	if ((code == GH_OK || code == GH_E_NOT_FOUND) && !entry->dropped) {
		gh_cached_release(entry->value);
		entry->value = value;
		if (value)
			gh_cached_hold(value);
		entry->code = code;
		entry->asked_ns = asked;
	}
	entry->dropped = false;
	for (struct gh_cache_waiter *waiter = waiters; waiter; waiter = waiter->next)
		answer(waiter, code, value);
	pthread_mutex_unlock(&cache->lock);

	gh_cached_release(value);
	while (waiters) {
		struct gh_cache_waiter *next = waiters->next;
		waiters->answered(waiters);
		waiters = next;
	}
}

/* Called with the lock held. False when the workers take no more. */
static bool begin_load(struct entry *entry)
{
	if (entry->loading)
		return true;
	if (gh_workers_submit(entry->cache->config.workers, run_load, entry) != GH_OK)
		return false;
	entry->loading = true;
	return true;
}

bool gh_cache_get(struct gh_cache *cache, struct gh_slice key, struct gh_cache_waiter *waiter)
{
	uint64_t now = gh_clock_mono_ns();
	bool answered = true;

	pthread_mutex_lock(&cache->lock);
	struct entry *entry = *find(cache, key);
	if (!entry)
		entry = insert(cache, key, now);
	uint64_t age = entry && entry->asked_ns ? now - entry->asked_ns : UINT64_MAX;
	if (!entry) {
		answer(waiter, GH_E_UNAVAILABLE, NULL);
	} else if (age <= cache->config.stale_ns) {
		answer(waiter, entry->code, entry->value);
		/* A renewal that finds no worker is tried again by the next request. */
		if (age > cache->config.renew_ns)
			(void)begin_load(entry);
	} else if (begin_load(entry)) {
		waiter->next = entry->waiters;
		entry->waiters = waiter;
		answered = false;
	} else {
		answer(waiter, GH_E_UNAVAILABLE, NULL);
	}
	pthread_mutex_unlock(&cache->lock);
	return answered;
}

void gh_cache_drop(struct gh_cache *cache, struct gh_slice key)
{
	pthread_mutex_lock(&cache->lock);
	struct entry *entry = *find(cache, key);
	if (entry) {
		entry->asked_ns = 0;
		entry->dropped = entry->loading;
	}
	pthread_mutex_unlock(&cache->lock);
}

gh_result gh_cache_open(const struct gh_cache_config *config, struct gh_cache **out)
{
	struct gh_cache *cache = calloc(1, sizeof *cache);

	GH_ENSURE(cache, GH_E_MEMORY, "out of memory");
	cache->config = *config;
	pthread_mutex_init(&cache->lock, NULL);
	*out = cache;
	return GH_OK;
}

void gh_cache_close(struct gh_cache *cache)
{
	if (!cache)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		while (cache->bucket[i]) {
			struct entry *entry = cache->bucket[i];
			cache->bucket[i] = entry->next;
			free_entry(entry);
		}
	}
	pthread_mutex_destroy(&cache->lock);
	free(cache);
}
