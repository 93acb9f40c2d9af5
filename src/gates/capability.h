/* capability.h: every right that a claim can carry, by name. A key's capabilities are a subset of
 * its creator's; a route names the one that it needs. */
#ifndef GH_GATES_CAPABILITY_H
#define GH_GATES_CAPABILITY_H

#include <stddef.h>

#define GH_CAP_CHAT            "chat.completions"
#define GH_CAP_COMPLETIONS     "completions"
#define GH_CAP_EMBEDDINGS      "embeddings"
#define GH_CAP_MODELS          "models.read"
#define GH_CAP_KEYS            "keys.manage"
#define GH_CAP_PII_SCAN        "pii.scan"
#define GH_CAP_PII_ADMIN       "pii.admin"
#define GH_CAP_PII_REVEAL      "pii.reveal"
#define GH_CAP_AUDIT_READ      "audit.read"
#define GH_CAP_EXCHANGES       "exchanges.read"
#define GH_CAP_ROLES           "roles.assign"
#define GH_CAP_POLICY_READ     "policy.read"
#define GH_CAP_POLICY_ACTIVATE "policy.activate"
#define GH_CAP_POLICY_TRUST    "policy.trust"

extern const char *const gh_capabilities[];
extern const size_t gh_capability_count;

#endif
