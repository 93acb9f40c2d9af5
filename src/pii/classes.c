#include "pii/classes.h"

static const char *const class_names[] = { "name",       "email",        "phone",  "address",
	                                   "gov_id",     "payment_card", "health", "biometric",
	                                   "credential", "minor",        "custom" };
static const char *const channel_names[] = { "prompt", "output",  "tool", "data",
	                                     "agent",  "webhook", "log" };
static const char *const mode_names[] = { "off", "flag", "reversible", "strict" };

_Static_assert(GH_ARRAY_LEN(class_names) == GH_PII_CLASS_COUNT, "a class has no name");
_Static_assert(GH_ARRAY_LEN(channel_names) == GH_PII_CHANNEL_COUNT, "a channel has no name");
_Static_assert(GH_ARRAY_LEN(mode_names) == GH_PII_MODE_COUNT, "a mode has no name");

const char *gh_pii_class_name(enum gh_pii_class class)
{
	return class_names[class];
}

const char *gh_pii_channel_name(enum gh_pii_channel channel)
{
	return channel_names[channel];
}

const char *gh_pii_mode_name(enum gh_pii_mode mode)
{
	return mode_names[mode];
}

static gh_result find(const char *const *names, size_t count, struct gh_slice name, unsigned *out)
{
	for (unsigned i = 0; i < count; i++) {
		if (gh_slice_eq_str(name, names[i])) {
			*out = i;
			return GH_OK;
		}
	}
	return gh_fail(GH_E_FORMAT, "not a name of this kind");
}

gh_result gh_pii_class_parse(struct gh_slice name, enum gh_pii_class *out)
{
	return find(class_names, GH_PII_CLASS_COUNT, name, out);
}

gh_result gh_pii_channel_parse(struct gh_slice name, enum gh_pii_channel *out)
{
	return find(channel_names, GH_PII_CHANNEL_COUNT, name, out);
}

gh_result gh_pii_mode_parse(struct gh_slice name, enum gh_pii_mode *out)
{
	return find(mode_names, GH_PII_MODE_COUNT, name, out);
}

void gh_pii_policy_default(struct gh_pii_policy *out)
{
	out->custom = NULL;
	for (int class = 0; class < GH_PII_CLASS_COUNT; class ++) {
		bool structured = class == GH_PII_EMAIL || class == GH_PII_PHONE ||
		                  class == GH_PII_GOV_ID || class == GH_PII_PAYMENT_CARD ||
		                  class == GH_PII_CREDENTIAL || class == GH_PII_CUSTOM;
		for (int channel = 0; channel < GH_PII_CHANNEL_COUNT; channel++)
			out->mode[class][channel] = structured ? GH_PII_STRICT : GH_PII_FLAG;
		out->threshold[class] = GH_PII_LEAST;
	}
}
