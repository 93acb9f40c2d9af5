#include "tenancy/policy.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"

#define KEPT 1024 /* tenants whose compiled pack is kept while nobody asks */

struct gh_live_policies {
	pthread_mutex_t lock;
	struct gh_live_policy *kept[KEPT]; /* by tenant; a newcomer takes the place of another */
};

static void destroy(struct gh_cached *value)
{
	struct gh_live_policy *policy = (struct gh_live_policy *)value;

	gh_pack_close(policy->pack);
	free(policy);
}

gh_result gh_live_policies_open(struct gh_live_policies **out)
{
	struct gh_live_policies *policies = calloc(1, sizeof *policies);

	GH_ENSURE(policies, GH_E_MEMORY, "out of memory");
	pthread_mutex_init(&policies->lock, NULL);
	*out = policies;
	return GH_OK;
}

void gh_live_policies_close(struct gh_live_policies *policies)
{
	if (!policies)
		return;
	for (size_t i = 0; i < KEPT; i++)
		if (policies->kept[i])
			gh_cached_release(&policies->kept[i]->cached);
	pthread_mutex_destroy(&policies->lock);
	free(policies);
}

static struct gh_live_policy **place_of(struct gh_live_policies *policies,
                                        const struct gh_uuid *tenant)
{
	unsigned hash = 0;

	for (size_t i = 0; i < sizeof tenant->bytes; i++)
		hash = hash * 31 + tenant->bytes[i];
	return &policies->kept[hash % KEPT];
}

static struct gh_live_policy *find(struct gh_live_policies *policies, const struct gh_uuid *tenant,
                                   const uint8_t digest[32])
{
	struct gh_live_policy *found = NULL;

	pthread_mutex_lock(&policies->lock);
	struct gh_live_policy *kept = *place_of(policies, tenant);
	if (kept && gh_uuid_eq(&kept->tenant, tenant) && memcmp(kept->digest, digest, 32) == 0) {
		found = kept;
		gh_cached_hold(&found->cached);
	}
	pthread_mutex_unlock(&policies->lock);
	return found;
}

static void keep(struct gh_live_policies *policies, struct gh_live_policy *policy)
{
	pthread_mutex_lock(&policies->lock);
	struct gh_live_policy **place = place_of(policies, &policy->tenant);
	struct gh_live_policy *former = *place;
	*place = policy;
	gh_cached_hold(&policy->cached);
	pthread_mutex_unlock(&policies->lock);
	if (former)
		gh_cached_release(&former->cached);
}

/* ---- trust ---- */

gh_result gh_trust_walk(const struct gh_db_result *rows, uint64_t epoch, struct gh_trust *out,
                        uint64_t *last_epoch, struct gh_pack_refusal *why)
{
	GH_CLEANUP(gh_trust_clear) struct gh_trust trust = { 0 };
	size_t count = gh_db_rows(rows);

	GH_ENSURE(count > 0, GH_E_NOT_FOUND, "the tenant has no policy signers yet");
	for (size_t row = 0; row < count; row++) {
		struct gh_trust next;
		struct gh_slice document, signatures = { 0 };
		int64_t number;
		GH_TRY(gh_db_get_int(rows, row, 0, &number));
		GH_TRY(gh_db_get_bytea(rows, row, 1, &document));
		if (!gh_db_is_null(rows, row, 2))
			GH_TRY(gh_db_get_bytea(rows, row, 2, &signatures));
		if (row > 0)
			GH_TRY(gh_signatures_check(signatures, document, &trust, NULL, why));
		GH_TRY(gh_trust_parse(document, &next, why));
		bool follows = next.epoch == (uint64_t)number && next.epoch == row + 1 &&
		               (row == 0 || gh_uuid_eq(&next.tenant, &trust.tenant));
		gh_trust_clear(&trust);
		trust = next;
		if (!follows)
			return gh_pack_refuse(why, GH_PACK_BAD_TRUST,
			                      "the trust documents do not follow each other");
		if (last_epoch)
			*last_epoch = next.epoch;
		if (epoch && next.epoch == epoch)
			break;
	}
	GH_ENSURE(!epoch || trust.epoch == epoch, GH_E_NOT_FOUND,
	          "there are no signers of that epoch");
	*out = trust;
	memset(&trust, 0, sizeof trust);
	return GH_OK;
}

/* ---- loading ---- */

static gh_result open_pack(const struct gh_db_result *const *results, const struct gh_uuid *tenant,
                           uint64_t epoch, const uint8_t digest[32], struct gh_live_policy *out)
{
	GH_CLEANUP(gh_trust_clear) struct gh_trust trust = { 0 };
	const struct gh_pack_state state = { .tenant = *tenant,
		                             .now_s = gh_clock_unix_s(),
		                             .loaded_digest = digest };
	struct gh_slice bytes;

	GH_ENSURE(gh_db_rows(results[1]) == 1, GH_E_CORRUPT, "the live policy pack is gone");
	GH_TRY(gh_db_get_bytea(results[1], 0, 0, &bytes));
	GH_TRY(gh_trust_walk(results[0], epoch, &trust, NULL, &out->why));
	return gh_pack_open(bytes, &trust, &state, gh_cedar_checker(), &out->pack, &out->why);
}

static gh_result load(const struct gh_uuid *tenant, uint64_t revision, uint64_t epoch,
                      const uint8_t digest[32], struct gh_db *db, struct gh_slice token,
                      uint64_t deadline_ns, struct gh_live_policy *out)
{
	const struct gh_db_value value = gh_db_int8((int64_t)revision);
	const struct gh_db_statement statements[] = {
		{ .sql = GH_TRUST_SQL, .reads = true },
		{ .sql = "SELECT pack FROM gatehouse.policy_pack WHERE revision = $1",
		  .values = &value,
		  .value_count = 1,
		  .reads = true },
	};
	struct gh_db_result *results[2] = { NULL, NULL };

	GH_TRY(gh_db_tenant(db, token, NULL, statements, 2, deadline_ns, results, NULL));
	enum gh_code code =
	    open_pack((const struct gh_db_result *const *)results, tenant, epoch, digest, out);
	gh_db_results_free(results, 2);
	/* What is wrong with the pack stays wrong: it is kept with its reason. */
	if (code != GH_OK && code != GH_E_MEMORY && out->why.reason != GH_PACK_INTERNAL) {
		gh_log(GH_LOG_ERROR, "policy.unusable",
		       GH_LOG_TEXT("reason", gh_pack_reason_name(out->why.reason)),
		       GH_LOG_TEXT("detail", out->why.text));
		return GH_OK;
	}
	return code;
}

gh_result gh_live_policies_get(struct gh_live_policies *policies, const struct gh_uuid *tenant,
                               const struct gh_db_result *row, struct gh_db *db,
                               struct gh_slice token, uint64_t deadline_ns,
                               const struct gh_live_policy **out)
{
	int64_t revision, epoch;
	uint8_t digest[32];

	*out = NULL;
	if (gh_db_rows(row) == 0)
		return GH_OK;
	GH_TRY(gh_db_get_int(row, 0, 0, &revision));
	GH_TRY(gh_db_get_fixed(row, 0, 1, digest, sizeof digest));
	GH_TRY(gh_db_get_int(row, 0, 2, &epoch));
	*out = find(policies, tenant, digest);
	if (*out)
		return GH_OK;
	struct gh_live_policy *policy = calloc(1, sizeof *policy);
	GH_ENSURE(policy, GH_E_MEMORY, "out of memory");
	policy->cached = (struct gh_cached){ .references = 1, .destroy = destroy };
	policy->tenant = *tenant;
	memcpy(policy->digest, digest, sizeof digest);
	enum gh_code code = load(tenant, (uint64_t)revision, (uint64_t)epoch, digest, db, token,
	                         deadline_ns, policy);
	if (code != GH_OK) {
		destroy(&policy->cached);
		return code;
	}
	keep(policies, policy);
	*out = policy;
	return GH_OK;
}
