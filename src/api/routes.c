/* Everything that can be asked for. One row a resource and method; what is not here does not exist.
 */
#include "api/api.h"
#include "gates/capability.h"

#define INFERENCE(method_, path_, capability_, has_body_)                                          \
	{                                                                                          \
		.method = method_, .path = path_, .kind = GH_ROUTE_GATED,                          \
		.capability = capability_, .action = "inference", .dialect = GH_DIALECT_OPENAI,    \
		.has_body = has_body_, .channel = GH_PII_PROMPT, .handle = gh_api_inference        \
	}
#define RESOURCE(method_, path_, capability_, action_, has_body_, handle_)                         \
	{                                                                                          \
		.method = method_, .path = path_, .kind = GH_ROUTE_BLOCKING,                       \
		.capability = capability_, .action = action_, .dialect = GH_DIALECT_OPENAI,        \
		.has_body = has_body_, .channel = GH_PII_DATA, .max_body_bytes = 65536,            \
		.handle = handle_                                                                  \
	}
/* The body is the handler's own: see gates/route.h. */
#define PRIVATE(method_, path_, capability_, action_, max_body_bytes_, handle_)                    \
	{                                                                                          \
		.method = method_, .path = path_, .kind = GH_ROUTE_BLOCKING,                       \
		.capability = capability_, .action = action_, .dialect = GH_DIALECT_OPENAI,        \
		.has_body = true, .private_body = true, .channel = GH_PII_DATA,                    \
		.max_body_bytes = max_body_bytes_, .handle = handle_                               \
	}
#define PUBLIC(path_, handle_)                                                                     \
	{                                                                                          \
		.method = "GET", .path = path_, .kind = GH_ROUTE_PUBLIC, .action = "public",       \
		.dialect = GH_DIALECT_PLAIN, .handle = handle_                                     \
	}

const struct gh_route gh_routes[] = {
	INFERENCE("POST", "/v1/chat/completions", GH_CAP_CHAT, true),
	INFERENCE("POST", "/v1/completions", GH_CAP_COMPLETIONS, true),
	INFERENCE("POST", "/v1/embeddings", GH_CAP_EMBEDDINGS, true),
	INFERENCE("GET", "/v1/models", GH_CAP_MODELS, false),
	INFERENCE("GET", "/v1/models/{id}", GH_CAP_MODELS, false),

	RESOURCE("POST", "/v1/keys", GH_CAP_KEYS, "key.create", true, gh_api_key_create),
	RESOURCE("GET", "/v1/keys", GH_CAP_KEYS, "key.list", false, gh_api_key_list),
	RESOURCE("DELETE", "/v1/keys/{id}", GH_CAP_KEYS, "key.revoke", false, gh_api_key_revoke),
	PRIVATE("POST", "/v1/pii/scan", GH_CAP_PII_SCAN, "pii.scan", 1 << 20, gh_api_pii_scan),
	RESOURCE("POST", "/v1/pii/reveal", GH_CAP_PII_REVEAL, "pii.reveal", true,
	         gh_api_pii_reveal),
	RESOURCE("GET", "/v1/audit/{request_id}", GH_CAP_AUDIT_READ, "audit.read", false,
	         gh_api_audit_request),
	RESOURCE("GET", "/v1/exchanges/{request_id}", GH_CAP_EXCHANGES, "exchange.read", false,
	         gh_api_exchange),
	{ .method = "PUT",
	  .path = "/v1/pii/patterns/{name}",
	  .kind = GH_ROUTE_BLOCKING,
	  .capability = GH_CAP_PII_ADMIN,
	  .action = "pii.pattern",
	  .dialect = GH_DIALECT_OPENAI,
	  .has_body = true,
	  .private_body = true,
	  .channel = GH_PII_DATA,
	  .max_body_bytes = 1u << 20,
	  .handle = gh_api_pii_pattern_put },
	RESOURCE("GET", "/v1/pii/modes", GH_CAP_PII_ADMIN, "pii.modes", false, gh_api_pii_modes),
	PRIVATE("PUT", "/v1/pii/modes", GH_CAP_PII_ADMIN, "pii.mode", 65536, gh_api_pii_mode_put),
	RESOURCE("GET", "/v1/pii/thresholds", GH_CAP_PII_ADMIN, "pii.thresholds", false,
	         gh_api_pii_thresholds),
	PRIVATE("PUT", "/v1/pii/thresholds", GH_CAP_PII_ADMIN, "pii.threshold", 65536,
	        gh_api_pii_threshold_put),
	RESOURCE("GET", "/v1/pii/patterns", GH_CAP_PII_ADMIN, "pii.patterns", false,
	         gh_api_pii_pattern_list),
	RESOURCE("DELETE", "/v1/pii/patterns/{name}", GH_CAP_PII_ADMIN, "pii.pattern.delete", false,
	         gh_api_pii_pattern_delete),
	/* A pack of 4 MiB in base64. */
	{ .method = "POST",
	  .path = "/v1/policies",
	  .kind = GH_ROUTE_BLOCKING,
	  .capability = GH_CAP_POLICY_ACTIVATE,
	  .action = "policy.activate",
	  .dialect = GH_DIALECT_OPENAI,
	  .has_body = true,
	  .private_body = true,
	  .channel = GH_PII_DATA,
	  .max_body_bytes = 6u << 20,
	  .handle = gh_api_policy_activate },
	RESOURCE("GET", "/v1/policies", GH_CAP_POLICY_READ, "policy.list", false,
	         gh_api_policy_list),
	RESOURCE("GET", "/v1/policies/{revision}", GH_CAP_POLICY_READ, "policy.read", false,
	         gh_api_policy_show),
	{ .method = "POST",
	  .path = "/v1/policy-signers",
	  .kind = GH_ROUTE_BLOCKING,
	  .capability = GH_CAP_POLICY_TRUST,
	  .action = "policy.trust",
	  .dialect = GH_DIALECT_OPENAI,
	  .has_body = true,
	  .private_body = true,
	  .channel = GH_PII_DATA,
	  .max_body_bytes = 256u << 10,
	  .handle = gh_api_policy_trust_add },
	RESOURCE("GET", "/v1/policy-signers", GH_CAP_POLICY_READ, "policy.signers", false,
	         gh_api_policy_trust_show),
	/* Any API key may exchange itself for a short token; OAuth's form body is read raw. */
	RESOURCE("POST", "/oauth2/token", NULL, "token.issue", false, gh_api_token),

	PUBLIC("/healthz", gh_api_health),
	PUBLIC("/readyz", gh_api_ready),
	PUBLIC("/metrics", gh_api_metrics),
	PUBLIC("/.well-known/jwks.json", gh_api_jwks),
	PUBLIC("/.well-known/oauth-authorization-server", gh_api_oauth_metadata),
	PUBLIC("/problems", gh_api_problems),
	PUBLIC("/problems/{slug}", gh_api_problem),
	PUBLIC("/log/vkey", gh_api_log_vkey),
	PUBLIC("/log/*", gh_api_tiles),
};
const size_t gh_route_count = GH_ARRAY_LEN(gh_routes);
