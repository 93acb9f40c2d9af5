#include "tenancy/tenant.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/secret.h"

#define RENEW_NS    1000000000ull
#define STALE_NS    2000000000ull
#define QUERY_LIMIT 1500000000ull
#define MAX_ENTRIES 16384
#define TOKEN_TTL_S 30

const struct gh_uuid gh_tenant_deployment = { { [6] = 0x70, [8] = 0x80 } };

struct gh_tenancy {
	struct gh_db_pool *pool;
	const struct gh_key_service *keys;
	struct gh_live_policies *policies;
	struct gh_patterns *patterns;
	struct gh_cache *cache;
};

static void destroy(struct gh_cached *value)
{
	struct gh_tenant *tenant = (struct gh_tenant *)value;

	if (tenant->policy)
		gh_cached_release((struct gh_cached *)(uintptr_t)&tenant->policy->cached);
	gh_pii_custom_release(tenant->pii.custom);
	gh_wipe(tenant->pii_key, sizeof tenant->pii_key);
	free(tenant);
}

/* The table's rows over the default. A row that we do not understand is not skipped: the tenant is
 * unavailable until it is mended. */
static gh_result read_modes(const struct gh_db_result *rows, struct gh_pii_policy *policy)
{
	gh_pii_policy_default(policy);
	for (size_t row = 0; row < gh_db_rows(rows); row++) {
		struct gh_slice text;
		enum gh_pii_class class;
		enum gh_pii_channel channel;
		GH_TRY(gh_db_get_text(rows, row, 0, &text));
		GH_TRY(gh_pii_class_parse(text, &class));
		GH_TRY(gh_db_get_text(rows, row, 1, &text));
		GH_TRY(gh_pii_channel_parse(text, &channel));
		GH_TRY(gh_db_get_text(rows, row, 2, &text));
		GH_TRY(gh_pii_mode_parse(text, &policy->mode[class][channel]));
	}
	return GH_OK;
}

static gh_result read_thresholds(const struct gh_db_result *rows, struct gh_pii_policy *policy)
{
	for (size_t row = 0; row < gh_db_rows(rows); row++) {
		struct gh_slice text;
		enum gh_pii_class class;
		int64_t threshold;
		GH_TRY(gh_db_get_text(rows, row, 0, &text));
		GH_TRY(gh_pii_class_parse(text, &class));
		GH_TRY(gh_db_get_int(rows, row, 1, &threshold));
		GH_ENSURE(threshold >= 0 && threshold <= 100, GH_E_CORRUPT,
		          "a threshold is not within 0 and 100");
		policy->threshold[class] = (uint8_t)threshold;
	}
	return GH_OK;
}

/* What a snapshot asks for; no WHERE: what these return is the policies' decision and nobody
 * else's. */
enum { TENANT, MODES, THRESHOLDS, LIVE_POLICY, PATTERNS, RESULT_COUNT };
static const struct gh_db_statement statements[RESULT_COUNT] = {
	[TENANT] = { .sql = "SELECT tenant_id, name FROM gatehouse.tenant", .reads = true },
	[MODES] = { .sql = "SELECT class, channel, mode FROM gatehouse.pii_mode", .reads = true },
	[THRESHOLDS] = { .sql = "SELECT class, threshold FROM gatehouse.pii_threshold",
	                 .reads = true },
	[LIVE_POLICY] = { .sql = GH_LIVE_POLICY_SQL, .reads = true },
	[PATTERNS] = { .sql = GH_PATTERNS_SQL, .reads = true },
};

static gh_result read_tenant(const struct gh_db_result *const *results, struct gh_tenant *tenant)
{
	struct gh_slice name;

	GH_ENSURE(gh_db_rows(results[TENANT]) == 1, GH_E_NOT_FOUND, "no such tenant");
	GH_TRY(gh_db_get_uuid(results[TENANT], 0, 0, &tenant->id));
	GH_TRY(gh_db_get_text(results[TENANT], 0, 1, &name));
	GH_ENSURE(name.len < sizeof tenant->name, GH_E_CORRUPT, "a tenant's name is too long");
	memcpy(tenant->name, name.data, name.len);
	tenant->rows = (unsigned)(gh_db_rows(results[TENANT]) + gh_db_rows(results[MODES]) +
	                          gh_db_rows(results[THRESHOLDS]));
	GH_TRY(read_modes(results[MODES], &tenant->pii));
	return read_thresholds(results[THRESHOLDS], &tenant->pii);
}

static gh_result query(struct gh_tenancy *tenants, struct gh_slice token, uint64_t deadline,
                       struct gh_tenant *tenant)
{
	struct gh_db_result *results[RESULT_COUNT] = { NULL };
	struct gh_db *db;

	GH_TRY(gh_db_pool_take(tenants->pool, deadline, &db));
	enum gh_code code =
	    gh_db_tenant(db, token, NULL, statements, RESULT_COUNT, deadline, results, NULL);
	if (code == GH_OK)
		code = read_tenant((const struct gh_db_result *const *)results, tenant);
	if (code == GH_OK)
		code = gh_live_policies_get(tenants->policies, &tenant->id, results[LIVE_POLICY],
		                            db, token, deadline, &tenant->policy);
	gh_db_pool_give(tenants->pool, db);
	if (code == GH_OK)
		code = gh_patterns_get(tenants->patterns, &tenant->id, results[PATTERNS],
		                       &tenant->pii.custom);
	gh_db_results_free(results, RESULT_COUNT);
	return code;
}

static gh_result load(void *context, struct gh_slice key, struct gh_cached **out)
{
	struct gh_tenancy *tenants = context;
	struct gh_buf token = { .secret = true };
	struct gh_tenant *tenant = calloc(1, sizeof *tenant);
	struct gh_uuid id;

	GH_ENSURE(tenant, GH_E_MEMORY, "out of memory");
	tenant->cached = (struct gh_cached){ .references = 1, .destroy = destroy };
	memcpy(id.bytes, key.data, sizeof id.bytes);

	enum gh_code code = tenants->keys->sign_database(tenants->keys->context, &id,
	                                                 GH_SLICE("gateway"), GH_SLICE("snapshot"),
	                                                 gh_slice(NULL, 0), TOKEN_TTL_S, &token);
	if (code == GH_OK)
		code =
		    query(tenants, gh_buf_slice(&token), gh_clock_mono_ns() + QUERY_LIMIT, tenant);
	if (code == GH_OK && !gh_uuid_eq(&id, &tenant->id))
		code =
		    gh_fail(GH_E_CORRUPT, "PostgreSQL showed another tenant than the claims name");
	if (code == GH_OK)
		code = tenants->keys->derive(tenants->keys->context, &id, GH_SLICE("pii.token"),
		                             tenant->pii_key);
	gh_buf_free(&token);
	if (code != GH_OK) {
		destroy(&tenant->cached);
		return code;
	}
	*out = &tenant->cached;
	return GH_OK;
}

gh_result gh_tenancy_open(struct gh_db_pool *pool, struct gh_workers *workers,
                          const struct gh_key_service *keys, struct gh_tenancy **out)
{
	struct gh_tenancy *tenants = calloc(1, sizeof *tenants);

	GH_ENSURE(tenants, GH_E_MEMORY, "out of memory");
	tenants->pool = pool;
	tenants->keys = keys;
	struct gh_cache_config config = { .load = load,
		                          .context = tenants,
		                          .workers = workers,
		                          .renew_ns = RENEW_NS,
		                          .stale_ns = STALE_NS,
		                          .max_entries = MAX_ENTRIES };
	enum gh_code code = gh_live_policies_open(&tenants->policies);
	if (code == GH_OK)
		code = gh_patterns_open(&tenants->patterns);
	if (code == GH_OK)
		code = gh_cache_open(&config, &tenants->cache);
	if (code != GH_OK) {
		gh_patterns_close(tenants->patterns);
		gh_live_policies_close(tenants->policies);
		free(tenants);
		return code;
	}
	*out = tenants;
	return GH_OK;
}

void gh_tenancy_close(struct gh_tenancy *tenants)
{
	if (!tenants)
		return;
	gh_cache_close(tenants->cache);
	gh_patterns_close(tenants->patterns);
	gh_live_policies_close(tenants->policies);
	free(tenants);
}

bool gh_tenancy_get(struct gh_tenancy *tenants, const struct gh_uuid *id,
                    struct gh_cache_waiter *waiter)
{
	return gh_cache_get(tenants->cache, gh_slice(id->bytes, sizeof id->bytes), waiter);
}
