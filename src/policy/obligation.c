/* Obligations: one table says which annotation sets which demand and how it is read; merging takes
 * the stricter side of each. Limits are minima, modes are maxima, so the join is a lattice's. */
#include "policy/obligation.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#define MFA_ANY_AGE    (UINT64_MAX - 1)
#define MAX_DAYS       UINT64_C(365000)
#define PII_CLASS_MARK "pii_"

static const char *const pii_modes[] = {
	[GH_POLICY_PII_OFF] = "off",
	[GH_POLICY_PII_FLAG] = "flag",
	[GH_POLICY_PII_REVERSIBLE] = "reversible",
	[GH_POLICY_PII_STRICT] = "strict",
};

static bool read_mode(struct gh_slice text, enum gh_policy_pii_mode *out)
{
	for (size_t i = GH_POLICY_PII_OFF; i < GH_ARRAY_LEN(pii_modes); i++)
		if (gh_slice_eq_str(text, pii_modes[i])) {
			*out = (enum gh_policy_pii_mode)i;
			return true;
		}
	return false;
}

static bool read_number(struct gh_slice text, uint64_t *out)
{
	return gh_slice_to_u64(text, UINT64_MAX - 2, out);
}

/* ISO 8601 periods of one unit: P30D, P2W, P6M (of 30 days), P1Y (of 365 days). */
static bool read_days(struct gh_slice text, uint64_t *out)
{
	uint64_t unit_days, count;

	if (text.len < 3 || text.data[0] != 'P')
		return false;
	switch (text.data[text.len - 1]) {
	case 'D': unit_days = 1; break;
	case 'W': unit_days = 7; break;
	case 'M': unit_days = 30; break;
	case 'Y': unit_days = 365; break;
	default: return false;
	}
	if (!gh_slice_to_u64(gh_slice_sub(text, 1, text.len - 2), MAX_DAYS / unit_days, &count))
		return false;
	*out = count * unit_days;
	return true;
}

static void write_number(uint64_t value, char *out, size_t size)
{
	snprintf(out, size, "%" PRIu64, value);
}

static void write_days(uint64_t value, char *out, size_t size)
{
	snprintf(out, size, "P%" PRIu64 "D", value);
}

static void write_mfa(uint64_t value, char *out, size_t size)
{
	if (value == MFA_ANY_AGE)
		snprintf(out, size, "required");
	else
		write_number(value, out, size);
}

static bool read_mfa(struct gh_slice text, uint64_t *out)
{
	if (gh_slice_eq_str(text, "required")) {
		*out = MFA_ANY_AGE;
		return true;
	}
	return read_number(text, out);
}

static const struct {
	const char *key;
	size_t offset; /* of a uint64_t limit */
	bool (*read)(struct gh_slice text, uint64_t *out);
	void (*write)(uint64_t value, char *out, size_t size);
} limits[] = {
	{ "budget_tokens", offsetof(struct gh_policy_obligations, budget_tokens), read_number,
	  write_number },
	{ "budget_cents", offsetof(struct gh_policy_obligations, budget_cents), read_number,
	  write_number },
	{ "budget_requests", offsetof(struct gh_policy_obligations, budget_requests), read_number,
	  write_number },
	{ "max_output_tokens", offsetof(struct gh_policy_obligations, max_output_tokens),
	  read_number, write_number },
	{ "retention", offsetof(struct gh_policy_obligations, retention_days), read_days,
	  write_days },
	{ "mfa", offsetof(struct gh_policy_obligations, mfa_max_age_s), read_mfa, write_mfa },
};

static uint64_t *limit_at(struct gh_policy_obligations *obligations, size_t which)
{
	return (uint64_t *)(void *)((char *)obligations + limits[which].offset);
}

static uint64_t limit_of(const struct gh_policy_obligations *obligations, size_t which)
{
	uint64_t value;

	memcpy(&value, (const char *)obligations + limits[which].offset, sizeof value);
	return value;
}

/* Only the counted part of pii_rules is ever read, so it is not cleared: decisions are hot. */
void gh_policy_obligations_init(struct gh_policy_obligations *out)
{
	out->pii = GH_POLICY_PII_NONE;
	out->pii_rule_count = 0;
	out->approval = false;
	for (size_t i = 0; i < GH_ARRAY_LEN(limits); i++)
		*limit_at(out, i) = GH_POLICY_NO_LIMIT;
}

void gh_policy_obligations_strictest(struct gh_policy_obligations *out)
{
	gh_policy_obligations_init(out);
	out->pii = GH_POLICY_PII_STRICT;
	out->approval = true;
	for (size_t i = 0; i < GH_ARRAY_LEN(limits); i++)
		*limit_at(out, i) = 0;
}

/* Rules stay sorted by pointer, so that equal demands have one form. */
static gh_result join_class(struct gh_policy_obligations *into, const struct gh_cedar_name *name,
                            enum gh_policy_pii_mode mode)
{
	uint32_t at = 0;

	while (at < into->pii_rule_count &&
	       (uintptr_t)into->pii_rules[at].pii_class < (uintptr_t)name)
		at++;
	if (at < into->pii_rule_count && into->pii_rules[at].pii_class == name) {
		if (mode > into->pii_rules[at].mode)
			into->pii_rules[at].mode = mode;
		return GH_OK;
	}
	GH_ENSURE(into->pii_rule_count < GH_POLICY_PII_CLASSES_MAX, GH_E_LIMIT,
	          "more than %d classes of personal data in one decision",
	          GH_POLICY_PII_CLASSES_MAX);
	memmove(&into->pii_rules[at + 1], &into->pii_rules[at],
	        (into->pii_rule_count - at) * sizeof into->pii_rules[0]);
	into->pii_rules[at] = (struct gh_policy_pii_rule){ name, mode };
	into->pii_rule_count++;
	return GH_OK;
}

static gh_result refuse(const struct gh_cedar_policy *policy,
                        const struct gh_cedar_annotation *annotation)
{
	return gh_fail(GH_E_FORMAT, "policy %.60s: @%.40s(\"%.40s\") is not understood",
	               policy->id ? policy->id->text : "", annotation->key->text,
	               annotation->value->text);
}

static gh_result read_one(const struct gh_cedar_policy *policy,
                          const struct gh_cedar_annotation *annotation,
                          struct gh_policy_obligations *out)
{
	struct gh_slice key = gh_cedar_name_slice(annotation->key);
	struct gh_slice value = gh_cedar_name_slice(annotation->value);
	enum gh_policy_pii_mode mode;

	for (size_t i = 0; i < GH_ARRAY_LEN(limits); i++)
		if (gh_slice_eq_str(key, limits[i].key))
			return limits[i].read(value, limit_at(out, i)) ? GH_OK
			                                               : refuse(policy, annotation);
	if (gh_slice_eq_str(key, "approval")) {
		out->approval = true;
		return gh_slice_eq_str(value, "required") ? GH_OK : refuse(policy, annotation);
	}
	bool all = gh_slice_eq_str(key, "pii");
	if (!all && !gh_slice_starts_with(key, GH_SLICE(PII_CLASS_MARK)))
		return GH_OK;
	if (!read_mode(value, &mode) || (!all && key.len == strlen(PII_CLASS_MARK)))
		return refuse(policy, annotation);
	if (!all)
		return join_class(out, annotation->key, mode);
	out->pii = mode;
	return GH_OK;
}

gh_result gh_policy_obligations_read(const struct gh_cedar_policy *policy,
                                     struct gh_policy_obligations *out)
{
	gh_policy_obligations_init(out);
	for (uint32_t i = 0; i < policy->annotation_count; i++)
		GH_TRY(read_one(policy, &policy->annotations[i], out));
	return GH_OK;
}

gh_result gh_policy_obligations_merge(struct gh_policy_obligations *into,
                                      const struct gh_policy_obligations *other)
{
	for (size_t i = 0; i < GH_ARRAY_LEN(limits); i++)
		if (limit_of(other, i) < limit_of(into, i))
			*limit_at(into, i) = limit_of(other, i);
	if (other->pii > into->pii)
		into->pii = other->pii;
	into->approval = into->approval || other->approval;
	for (uint32_t i = 0; i < other->pii_rule_count; i++)
		GH_TRY(join_class(into, other->pii_rules[i].pii_class, other->pii_rules[i].mode));
	return GH_OK;
}

enum gh_policy_pii_mode gh_policy_obligations_pii(const struct gh_policy_obligations *obligations,
                                                  struct gh_slice pii_class)
{
	enum gh_policy_pii_mode mode = obligations->pii;

	for (uint32_t i = 0; i < obligations->pii_rule_count; i++) {
		const struct gh_policy_pii_rule *rule = &obligations->pii_rules[i];
		struct gh_slice name = gh_cedar_name_slice(rule->pii_class);
		name = gh_slice_sub(name, strlen(PII_CLASS_MARK), SIZE_MAX);
		if (rule->mode > mode && gh_slice_eq(name, pii_class))
			mode = rule->mode;
	}
	return mode;
}

static enum gh_policy_pii_mode rule_mode(const struct gh_policy_obligations *obligations,
                                         const struct gh_cedar_name *pii_class)
{
	struct gh_slice name = gh_cedar_name_slice(pii_class);

	return gh_policy_obligations_pii(obligations,
	                                 gh_slice_sub(name, strlen(PII_CLASS_MARK), SIZE_MAX));
}

static int by_class(const void *a, const void *b)
{
	const struct gh_policy_pii_rule *x = a, *y = b;

	return strcmp(x->pii_class->text, y->pii_class->text);
}

void gh_policy_obligations_each(const struct gh_policy_obligations *obligations,
                                void (*each)(void *user, const struct gh_policy_demand *demand),
                                void *user)
{
	struct gh_policy_pii_rule rules[GH_POLICY_PII_CLASSES_MAX];
	uint32_t count = obligations->pii_rule_count;

	for (size_t i = 0; i < GH_ARRAY_LEN(limits); i++) {
		uint64_t value = limit_of(obligations, i);
		char text[32];
		if (value == GH_POLICY_NO_LIMIT)
			continue;
		limits[i].write(value, text, sizeof text);
		each(user, &(struct gh_policy_demand){ limits[i].key, text, UINT64_MAX - value });
	}
	if (obligations->approval)
		each(user, &(struct gh_policy_demand){ "approval", "required", 1 });
	if (obligations->pii != GH_POLICY_PII_NONE)
		each(user, &(struct gh_policy_demand){ "pii", pii_modes[obligations->pii],
		                                       obligations->pii });
	/* They are kept by pointer, which says nothing to a person. */
	memcpy(rules, obligations->pii_rules, count * sizeof rules[0]);
	qsort(rules, count, sizeof rules[0], by_class);
	for (uint32_t i = 0; i < count; i++)
		each(user, &(struct gh_policy_demand){ rules[i].pii_class->text,
		                                       pii_modes[rules[i].mode], rules[i].mode });
}

bool gh_policy_obligations_at_least(const struct gh_policy_obligations *a,
                                    const struct gh_policy_obligations *b)
{
	for (size_t i = 0; i < GH_ARRAY_LEN(limits); i++)
		if (limit_of(a, i) > limit_of(b, i))
			return false;
	for (uint32_t i = 0; i < b->pii_rule_count; i++)
		if (rule_mode(a, b->pii_rules[i].pii_class) < b->pii_rules[i].mode)
			return false;
	return a->pii >= b->pii && (a->approval || !b->approval);
}
