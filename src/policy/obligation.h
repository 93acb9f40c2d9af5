/* obligation.h: what an allowed request must still respect, and how demands of several policies
 * become one. Merging is a join in a lattice: associative, commutative, idempotent, and never laxer
 * than either side. The neutral element demands nothing.
 *
 * Annotations, on any policy:
 *   @pii("off|flag|reversible|strict")      every class
 *   @pii_<class>("…")                       one class, as @pii_email("strict")
 *   @budget_tokens("200000")                at most, per day
 *   @budget_cents("5000")                   at most, per day
 *   @budget_requests("1000")                at most, per day
 *   @max_output_tokens("4096")
 *   @retention("P180D")                     keep at most; whole days, weeks, months (30 d), years
 * (365 d)
 *   @mfa("required") or @mfa("900")         a second factor, at most so many seconds old
 *   @approval("required")                   a person must approve
 * Other keys are not obligations and are left alone; a value of these that is not understood makes
 * the decision a denial. */
#ifndef GH_POLICY_OBLIGATION_H
#define GH_POLICY_OBLIGATION_H

#include "policy/cedar/ast.h"

/* Ascending strictness. NONE: no policy said anything, the tenant's own table decides. */
enum gh_policy_pii_mode {
	GH_POLICY_PII_NONE,
	GH_POLICY_PII_OFF,
	GH_POLICY_PII_FLAG,
	GH_POLICY_PII_REVERSIBLE,
	GH_POLICY_PII_STRICT,
};

#define GH_POLICY_PII_CLASSES_MAX 32
#define GH_POLICY_NO_LIMIT        UINT64_MAX

struct gh_policy_pii_rule {
	const struct gh_cedar_name *pii_class; /* the key without "pii_" is at text + 4 */
	enum gh_policy_pii_mode mode;
};

struct gh_policy_obligations {
	enum gh_policy_pii_mode
	    pii; /* for every class without a rule of its own, and the least for those */
	struct gh_policy_pii_rule pii_rules[GH_POLICY_PII_CLASSES_MAX]; /* by name pointer */
	uint32_t pii_rule_count;
	uint64_t budget_tokens; /* GH_POLICY_NO_LIMIT: none; so are all limits */
	uint64_t budget_cents;
	uint64_t budget_requests;
	uint64_t max_output_tokens;
	uint64_t retention_days;
	uint64_t mfa_max_age_s; /* GH_POLICY_NO_LIMIT: not asked; "required" is UINT64_MAX - 1 */
	bool approval;
};

/* Demands nothing. */
void gh_policy_obligations_init(struct gh_policy_obligations *out);
/* Demands everything: what stands in a denial. */
void gh_policy_obligations_strictest(struct gh_policy_obligations *out);
/* Reads the annotations of one policy on top of a neutral element. GH_E_FORMAT: a value not
 * understood; GH_E_LIMIT: too many classes. Packs check this before activation. */
gh_result gh_policy_obligations_read(const struct gh_cedar_policy *policy,
                                     struct gh_policy_obligations *out);
/* into = join(into, other). GH_E_LIMIT when more classes than fit. */
gh_result gh_policy_obligations_merge(struct gh_policy_obligations *into,
                                      const struct gh_policy_obligations *other);
/* The mode for one class name such as "email" (without "pii_"). */
enum gh_policy_pii_mode gh_policy_obligations_pii(const struct gh_policy_obligations *obligations,
                                                  struct gh_slice pii_class);
/* One demand as its annotation would say it: "budget_tokens" "200000", "pii_email" "strict". */
struct gh_policy_demand {
	const char *name;
	const char *value;
	uint64_t strictness; /* of two values of one name the greater is the stricter */
};
/* Every demand that is made, limits first, then classes of personal data by name. What is handed
 * over lives for the call. */
void gh_policy_obligations_each(const struct gh_policy_obligations *obligations,
                                void (*each)(void *user, const struct gh_policy_demand *demand),
                                void *user);
/* a is at least as strict as b everywhere. */
bool gh_policy_obligations_at_least(const struct gh_policy_obligations *a,
                                    const struct gh_policy_obligations *b);

#endif
