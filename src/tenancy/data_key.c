#include "tenancy/data_key.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/secret.h"

#define PURPOSE           "content"
#define MAX_SUBJECT_BYTES 100
#define MAX_ENTRIES       16384
#define QUERY_LIMIT       2000000000ull
#define TOKEN_TTL_S       30
/* A data key does not change; an hour bounds how long an erased one can still be used. */
#define RENEW_NS (55ull * 60 * 1000000000)
#define STALE_NS (60ull * 60 * 1000000000)

struct gh_data_keys {
	struct gh_db_pool *pool;
	const struct gh_key_service *keys;
	struct gh_cache *cache;
};

/* The cache key: tenant, first day of the month as text, subject. */
#define MONTH_CHARS 10

static void this_month(char out[MONTH_CHARS + 1])
{
	time_t now = (time_t)gh_clock_unix_s();
	struct tm utc;

	gmtime_r(&now, &utc);
	strftime(out, MONTH_CHARS + 1, "%Y-%m-01", &utc);
}

static void destroy(struct gh_cached *value)
{
	struct gh_data_key *key = (struct gh_data_key *)value;

	gh_wipe(key->key, sizeof key->key);
	free(key);
}

static gh_result find(struct gh_data_keys *data_keys, struct gh_db *db, struct gh_slice token,
                      const struct gh_uuid *tenant, struct gh_slice subject, const char *month,
                      uint64_t deadline, struct gh_data_key *out)
{
	const struct gh_db_value values[] = { gh_db_str(PURPOSE), gh_db_text(subject),
		                              gh_db_str(month) };
	const struct gh_db_statement select = {
		.sql = "SELECT data_key_id, wrapped FROM gatehouse.data_key "
		       "WHERE purpose = $1 AND subject = $2 AND month = $3::text::date",
		.values = values,
		.value_count = 3,
		.reads = true,
	};
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;
	struct gh_slice wrapped;

	GH_TRY(gh_db_tenant(db, token, NULL, &select, 1, deadline, &rows, NULL));
	GH_ENSURE(gh_db_rows(rows) == 1, GH_E_NOT_FOUND, "no data key for this month yet");
	GH_TRY(gh_db_get_uuid(rows, 0, 0, &out->id));
	GH_TRY(gh_db_get_bytea(rows, 0, 1, &wrapped));
	return data_keys->keys->unwrap_dek(data_keys->keys->context, tenant, GH_SLICE(PURPOSE),
	                                   subject, wrapped, out->key);
}

/* Two gateways may do this at once: the unique key lets one row stand, and `find` reads that one.
 */
static gh_result make(struct gh_data_keys *data_keys, struct gh_db *db, struct gh_slice token,
                      const struct gh_uuid *tenant, struct gh_slice subject, const char *month,
                      uint64_t deadline)
{
	struct gh_buf wrapped = { 0 };
	struct gh_uuid id = gh_uuid_v7();
	uint8_t dek[32];

	enum gh_code code = data_keys->keys->new_dek(data_keys->keys->context, tenant,
	                                             GH_SLICE(PURPOSE), subject, dek, &wrapped);
	gh_wipe(dek, sizeof dek);
	if (code == GH_OK) {
		const struct gh_db_value values[] = {
			gh_db_uuid(tenant),  gh_db_uuid(&id),  gh_db_str(PURPOSE),
			gh_db_text(subject), gh_db_str(month), gh_db_bytea(gh_buf_slice(&wrapped))
		};
		const struct gh_db_statement insert = {
			.sql = "INSERT INTO gatehouse.data_key "
			       "(tenant_id, data_key_id, purpose, subject, month, wrapped) "
			       "VALUES ($1, $2, $3, $4, $5::text::date, $6) ON CONFLICT DO NOTHING",
			.values = values,
			.value_count = 6,
		};
		code = gh_db_tenant(db, token, NULL, &insert, 1, deadline, NULL, NULL);
	}
	gh_buf_free(&wrapped);
	return code;
}

static gh_result find_or_make(struct gh_data_keys *data_keys, struct gh_db *db,
                              const struct gh_uuid *tenant, struct gh_slice subject,
                              const char *month, uint64_t deadline, struct gh_data_key *out)
{
	struct gh_buf token = { .secret = true };
	enum gh_code code = data_keys->keys->sign_database(
	    data_keys->keys->context, tenant, GH_SLICE("gateway"), GH_SLICE("data_key"),
	    gh_slice(NULL, 0), TOKEN_TTL_S, &token);

	if (code == GH_OK)
		code = find(data_keys, db, gh_buf_slice(&token), tenant, subject, month, deadline,
		            out);
	if (code == GH_E_NOT_FOUND) {
		code = make(data_keys, db, gh_buf_slice(&token), tenant, subject, month, deadline);
		if (code == GH_OK)
			code = find(data_keys, db, gh_buf_slice(&token), tenant, subject, month,
			            deadline, out);
	}
	gh_buf_free(&token);
	return code;
}

static gh_result load(void *context, struct gh_slice cache_key, struct gh_cached **out)
{
	struct gh_data_keys *data_keys = context;
	uint64_t deadline = gh_clock_mono_ns() + QUERY_LIMIT;
	char month[MONTH_CHARS + 1] = { 0 };
	struct gh_db *db;

	struct gh_data_key *key = calloc(1, sizeof *key);
	GH_ENSURE(key, GH_E_MEMORY, "out of memory");
	key->cached = (struct gh_cached){ .references = 1, .destroy = destroy };
	memcpy(key->tenant_id.bytes, cache_key.data, sizeof key->tenant_id.bytes);
	memcpy(month, cache_key.data + sizeof key->tenant_id.bytes, MONTH_CHARS);
	struct gh_slice subject =
	    gh_slice_sub(cache_key, sizeof key->tenant_id.bytes + MONTH_CHARS, cache_key.len);

	enum gh_code code = gh_db_pool_take(data_keys->pool, deadline, &db);
	if (code == GH_OK) {
		code = find_or_make(data_keys, db, &key->tenant_id, subject, month, deadline, key);
		gh_db_pool_give(data_keys->pool, db);
	}
	if (code != GH_OK) {
		destroy(&key->cached);
		return code;
	}
	*out = &key->cached;
	return GH_OK;
}

gh_result gh_data_keys_open(struct gh_db_pool *pool, struct gh_workers *workers,
                            const struct gh_key_service *keys, struct gh_data_keys **out)
{
	struct gh_data_keys *data_keys = calloc(1, sizeof *data_keys);

	GH_ENSURE(data_keys, GH_E_MEMORY, "out of memory");
	data_keys->pool = pool;
	data_keys->keys = keys;
	struct gh_cache_config config = { .load = load,
		                          .context = data_keys,
		                          .workers = workers,
		                          .renew_ns = RENEW_NS,
		                          .stale_ns = STALE_NS,
		                          .max_entries = MAX_ENTRIES };
	enum gh_code code = gh_cache_open(&config, &data_keys->cache);
	if (code != GH_OK) {
		free(data_keys);
		return code;
	}
	*out = data_keys;
	return GH_OK;
}

void gh_data_keys_close(struct gh_data_keys *data_keys)
{
	if (!data_keys)
		return;
	gh_cache_close(data_keys->cache);
	free(data_keys);
}

bool gh_data_keys_current(struct gh_data_keys *data_keys, const struct gh_uuid *tenant,
                          struct gh_slice subject, struct gh_cache_waiter *waiter)
{
	uint8_t key[sizeof tenant->bytes + MONTH_CHARS + MAX_SUBJECT_BYTES];
	char month[MONTH_CHARS + 1];

	if (subject.len > MAX_SUBJECT_BYTES) {
		waiter->code =
		    gh_fail(GH_E_LIMIT, "a subject is longer than %d bytes", MAX_SUBJECT_BYTES);
		waiter->value = NULL;
		return true;
	}
	this_month(month);
	memcpy(key, tenant->bytes, sizeof tenant->bytes);
	memcpy(key + sizeof tenant->bytes, month, MONTH_CHARS);
	if (subject.len)
		memcpy(key + sizeof tenant->bytes + MONTH_CHARS, subject.data, subject.len);
	return gh_cache_get(data_keys->cache,
	                    gh_slice(key, sizeof tenant->bytes + MONTH_CHARS + subject.len),
	                    waiter);
}

gh_result gh_data_key_load(struct gh_db *db, const struct gh_key_service *keys,
                           struct gh_slice token, const struct gh_uuid *tenant,
                           const struct gh_uuid *id, uint64_t deadline_ns, uint8_t key[32])
{
	const struct gh_db_value value = gh_db_uuid(id);
	const struct gh_db_statement select = {
		.sql = "SELECT purpose, subject, wrapped FROM gatehouse.data_key "
		       "WHERE data_key_id = $1",
		.values = &value,
		.value_count = 1,
		.reads = true,
	};
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;
	struct gh_slice purpose, subject, wrapped;

	GH_TRY(gh_db_tenant(db, token, NULL, &select, 1, deadline_ns, &rows, NULL));
	GH_ENSURE(gh_db_rows(rows) == 1, GH_E_NOT_FOUND, "the data key is not there");
	GH_TRY(gh_db_get_text(rows, 0, 0, &purpose));
	GH_TRY(gh_db_get_text(rows, 0, 1, &subject));
	GH_TRY(gh_db_get_bytea(rows, 0, 2, &wrapped));
	return keys->unwrap_dek(keys->context, tenant, purpose, subject, wrapped, key);
}
