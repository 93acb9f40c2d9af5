/* classes.h: what counts as personal data, where it is met, and what may happen to it. The names
 * are stable: policies, audit bodies, metrics and the database hold them. */
#ifndef GH_PII_CLASSES_H
#define GH_PII_CLASSES_H

#include "base/result.h"
#include "base/slice.h"

enum gh_pii_class {
	GH_PII_NAME,
	GH_PII_EMAIL,
	GH_PII_PHONE,
	GH_PII_ADDRESS,
	GH_PII_GOV_ID,
	GH_PII_PAYMENT_CARD, /* cards, IBAN, bank accounts */
	GH_PII_HEALTH,
	GH_PII_BIOMETRIC,
	GH_PII_CREDENTIAL,
	GH_PII_MINOR,
	GH_PII_CUSTOM, /* what a tenant defined: custom.h */
	GH_PII_CLASS_COUNT
};

enum gh_pii_channel {
	GH_PII_PROMPT,
	GH_PII_OUTPUT,
	GH_PII_TOOL,
	GH_PII_DATA,
	GH_PII_AGENT,
	GH_PII_WEBHOOK,
	GH_PII_LOG,
	GH_PII_CHANNEL_COUNT
};

/* In the order of strictness: merging two rules takes the greater. */
enum gh_pii_mode {
	GH_PII_OFF,
	GH_PII_FLAG,       /* reported, left as it is */
	GH_PII_REVERSIBLE, /* replaced by a token that the tenant can resolve */
	GH_PII_STRICT,     /* replaced by a token that nobody can */
	GH_PII_MODE_COUNT
};

const char *gh_pii_class_name(enum gh_pii_class class);
const char *gh_pii_channel_name(enum gh_pii_channel channel);
const char *gh_pii_mode_name(enum gh_pii_mode mode);
/* GH_E_FORMAT for a name that is none. */
gh_result gh_pii_class_parse(struct gh_slice name, enum gh_pii_class *out);
gh_result gh_pii_channel_parse(struct gh_slice name, enum gh_pii_channel *out);
gh_result gh_pii_mode_parse(struct gh_slice name, enum gh_pii_mode *out);

struct gh_pii_custom;

/* What a tenant wants. A table that could not be read is never replaced by a lenient one. */
struct gh_pii_policy {
	enum gh_pii_mode mode[GH_PII_CLASS_COUNT][GH_PII_CHANNEL_COUNT];
	uint8_t threshold[GH_PII_CLASS_COUNT]; /* confidence from which on a match counts; 0..100 */
	struct gh_pii_custom *custom;          /* the tenant's own patterns; NULL: none; borrowed */
};

#define GH_PII_LEAST 50 /* the threshold of a class where a tenant set none */

/* What holds where a tenant said nothing: strict for whatever has a structure of its own, flag for
 * indicators, names and addresses. */
void gh_pii_policy_default(struct gh_pii_policy *out);

#endif
