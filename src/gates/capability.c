#include "gates/capability.h"

const char *const gh_capabilities[] = {
	GH_CAP_CHAT,
	GH_CAP_COMPLETIONS,
	GH_CAP_EMBEDDINGS,
	GH_CAP_MODELS,
	GH_CAP_KEYS,
	GH_CAP_PII_SCAN,
	GH_CAP_PII_ADMIN,
	GH_CAP_PII_REVEAL,
	GH_CAP_AUDIT_READ,
	GH_CAP_EXCHANGES,
	GH_CAP_ROLES,
	GH_CAP_POLICY_READ,
	GH_CAP_POLICY_ACTIVATE,
	GH_CAP_POLICY_TRUST,
};
const size_t gh_capability_count = sizeof gh_capabilities / sizeof gh_capabilities[0];
