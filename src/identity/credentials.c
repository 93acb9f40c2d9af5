#include "identity/credentials.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/secret.h"
#include "token/claims.h"

#define RENEW_NS     1000000000ull
#define STALE_NS     2000000000ull
#define QUERY_LIMIT  1500000000ull /* within the staleness bound, or the answer is worth nothing */
#define MAX_ENTRIES  65536
#define DIGEST_BYTES 32
#define BY_SECRET    'S' /* S id digest */
#define BY_ID        'T' /* T tenant id */

struct gh_credentials {
	struct gh_db_pool *pool;
	struct gh_cache *cache;
};

static void destroy(struct gh_cached *value)
{
	free(value);
}

/* One allocation: the struct, the slices, the names. */
static gh_result make_key(const struct gh_db_result *rows, size_t row, struct gh_cached **out)
{
	struct gh_slice caps[GH_CAPS_MAX], id, role;
	size_t count, bytes = 0;

	GH_TRY(gh_db_get_text_array(rows, row, 3, caps, GH_CAPS_MAX, &count));
	for (size_t i = 0; i < count; i++)
		bytes += caps[i].len;
	struct gh_api_key *key = calloc(1, sizeof *key + count * sizeof(struct gh_slice) + bytes);
	GH_ENSURE(key, GH_E_MEMORY, "out of memory");
	GH_CLEANUP(gh_free_ptr) void *guard = key;

	key->cached = (struct gh_cached){ .references = 1, .destroy = destroy };
	key->caps = (struct gh_slice *)(key + 1);
	key->cap_count = count;
	uint8_t *text = (uint8_t *)(key->caps + count);
	for (size_t i = 0; i < count; i++) {
		memcpy(text, caps[i].data, caps[i].len);
		key->caps[i] = gh_slice(text, caps[i].len);
		text += caps[i].len;
	}
	GH_TRY(gh_db_get_uuid(rows, row, 0, &key->tenant_id));
	GH_TRY(gh_db_get_text(rows, row, 1, &id));
	GH_ENSURE(id.len == GH_API_KEY_ID_BYTES, GH_E_CORRUPT,
	          "an API key's id has a wrong length");
	memcpy(key->id, id.data, id.len);
	GH_TRY(gh_db_get_text(rows, row, 6, &role));
	GH_ENSURE(role.len <= GH_ROLE_MAX_BYTES, GH_E_CORRUPT, "an API key's role is too long");
	memcpy(key->role, role.data, role.len);
	if (!gh_db_is_null(rows, row, 4)) {
		int64_t unix_us;
		GH_TRY(gh_db_get_time(rows, row, 4, &unix_us));
		key->expires_at_s = unix_us / 1000000;
	}
	GH_TRY(gh_db_get_bool(rows, row, 5, &key->revoked));
	*out = &key->cached;
	guard = NULL;
	return GH_OK;
}

static gh_result choose(const struct gh_db_result *rows, struct gh_slice digest,
                        struct gh_cached **out)
{
	/* Ids of 40 random bits may meet across tenants: the digest says whose row it is. */
	for (size_t row = 0; row < gh_db_rows(rows); row++) {
		uint8_t stored[DIGEST_BYTES];
		GH_TRY(gh_db_get_fixed(rows, row, 2, stored, sizeof stored));
		if (digest.len == 0 || gh_secret_eq(stored, digest.data, sizeof stored))
			return make_key(rows, row, out);
	}
	return gh_fail(GH_E_NOT_FOUND, "no such API key");
}

#define COLUMNS                                                                                    \
	"SELECT tenant_id, key_id, secret_sha256, caps, expires_at, revoked_at IS NOT NULL, "      \
	"role FROM gatehouse.api_key WHERE "

static gh_result load(void *context, struct gh_slice cache_key, struct gh_cached **out)
{
	struct gh_credentials *credentials = context;
	bool by_secret = cache_key.data[0] == BY_SECRET;
	uint64_t deadline = gh_clock_mono_ns() + QUERY_LIMIT;
	struct gh_slice id, digest = { 0 };
	struct gh_db_value values[2];
	struct gh_db_statement statement = { .values = values, .reads = true };
	struct gh_uuid tenant;

	if (by_secret) {
		id = gh_slice_sub(cache_key, 1, GH_API_KEY_ID_BYTES);
		digest = gh_slice_sub(cache_key, 1 + GH_API_KEY_ID_BYTES, DIGEST_BYTES);
		statement.sql = COLUMNS "key_id = $1";
		statement.value_count = 1;
	} else {
		memcpy(tenant.bytes, cache_key.data + 1, sizeof tenant.bytes);
		id = gh_slice_sub(cache_key, 1 + sizeof tenant.bytes, GH_API_KEY_ID_BYTES);
		statement.sql = COLUMNS "key_id = $1 AND tenant_id = $2";
		statement.value_count = 2;
		values[1] = gh_db_uuid(&tenant);
	}
	values[0] = gh_db_text(id);

	struct gh_db *db;
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;
	GH_TRY(gh_db_pool_take(credentials->pool, deadline, &db));
	enum gh_code code = gh_db_exec(db, &statement, deadline, &rows);
	gh_db_pool_give(credentials->pool, db);
	GH_TRY(code);
	return choose(rows, digest, out);
}

gh_result gh_credentials_open(struct gh_db_pool *pool, struct gh_workers *workers,
                              struct gh_credentials **out)
{
	struct gh_credentials *credentials = calloc(1, sizeof *credentials);

	GH_ENSURE(credentials, GH_E_MEMORY, "out of memory");
	credentials->pool = pool;
	struct gh_cache_config config = { .load = load,
		                          .context = credentials,
		                          .workers = workers,
		                          .renew_ns = RENEW_NS,
		                          .stale_ns = STALE_NS,
		                          .max_entries = MAX_ENTRIES };
	enum gh_code code = gh_cache_open(&config, &credentials->cache);
	if (code != GH_OK) {
		free(credentials);
		return code;
	}
	*out = credentials;
	return GH_OK;
}

void gh_credentials_close(struct gh_credentials *credentials)
{
	if (!credentials)
		return;
	gh_cache_close(credentials->cache);
	free(credentials);
}

bool gh_credentials_by_secret(struct gh_credentials *credentials, struct gh_slice id,
                              const uint8_t digest[32], struct gh_cache_waiter *waiter)
{
	uint8_t key[1 + GH_API_KEY_ID_BYTES + DIGEST_BYTES] = { BY_SECRET };

	memcpy(key + 1, id.data, GH_API_KEY_ID_BYTES);
	memcpy(key + 1 + GH_API_KEY_ID_BYTES, digest, DIGEST_BYTES);
	return gh_cache_get(credentials->cache, gh_slice(key, sizeof key), waiter);
}

bool gh_credentials_by_id(struct gh_credentials *credentials, const struct gh_uuid *tenant,
                          struct gh_slice id, struct gh_cache_waiter *waiter)
{
	uint8_t key[1 + sizeof tenant->bytes + GH_API_KEY_ID_BYTES] = { BY_ID };

	if (id.len != GH_API_KEY_ID_BYTES) {
		waiter->code = GH_E_NOT_FOUND;
		waiter->value = NULL;
		return true;
	}
	memcpy(key + 1, tenant->bytes, sizeof tenant->bytes);
	memcpy(key + 1 + sizeof tenant->bytes, id.data, id.len);
	return gh_cache_get(credentials->cache, gh_slice(key, sizeof key), waiter);
}
