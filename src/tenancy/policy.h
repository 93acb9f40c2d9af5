/* policy.h: the pack that decides for a tenant now. What the database says is live is verified and
 * compiled once, when its digest is new, and shared by the snapshots that follow. A pack that does
 * not verify, or a tenant without one, leaves nothing to decide with: its requests are refused. */
#ifndef GH_TENANCY_POLICY_H
#define GH_TENANCY_POLICY_H

#include "base/uuid.h"
#include "db/db.h"
#include "policy/pack/pack.h"
#include "tenancy/cache.h"

/* Immutable; hold a reference to keep it. */
struct gh_live_policy {
	struct gh_cached cached;
	struct gh_uuid tenant;
	uint8_t digest[32];
	struct gh_pack *pack; /* NULL: it could not be opened, `why` tells */
	struct gh_pack_refusal why;
};

struct gh_live_policies;

gh_result gh_live_policies_open(struct gh_live_policies **out);
void gh_live_policies_close(struct gh_live_policies *policies);

/* What the tenant's snapshot asks: the row of the live pack, if there is one. */
#define GH_LIVE_POLICY_SQL                                                                         \
	"SELECT revision, digest, epoch FROM gatehouse.policy_pack "                               \
	"WHERE effective_at <= now() ORDER BY revision DESC LIMIT 1"

/* From that row: *out is NULL when there is none, else a reference for the caller. `token` is a
 * database token of the tenant. */
gh_result gh_live_policies_get(struct gh_live_policies *policies, const struct gh_uuid *tenant,
                               const struct gh_db_result *row, struct gh_db *db,
                               struct gh_slice token, uint64_t deadline_ns,
                               const struct gh_live_policy **out);

/* The trust documents of a tenant, oldest first: (epoch, document, signatures). */
#define GH_TRUST_SQL "SELECT epoch, document, signatures FROM gatehouse.policy_trust ORDER BY epoch"
/* Walks them: each is signed as the one before asks. *out is that of `epoch` (0: the last);
 * *last_epoch may be NULL. GH_E_DENIED with *why, GH_E_NOT_FOUND when there is none. */
gh_result gh_trust_walk(const struct gh_db_result *rows, uint64_t epoch, struct gh_trust *out,
                        uint64_t *last_epoch, struct gh_pack_refusal *why);

#endif
