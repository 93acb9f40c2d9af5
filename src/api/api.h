/* api.h: the HTTP resources, one file each, and the table that names them all. */
#ifndef GH_API_API_H
#define GH_API_API_H

#include "gates/request.h"

extern const struct gh_route gh_routes[];
extern const size_t gh_route_count;

/* Inference (on the event loop). */
void gh_api_inference(struct gh_request *request);

/* On worker threads. They fill request->reply, or call gh_api_deny. */
void gh_api_key_create(struct gh_request *request);
void gh_api_key_list(struct gh_request *request);
void gh_api_key_revoke(struct gh_request *request);
void gh_api_pii_reveal(struct gh_request *request);
void gh_api_pii_scan(struct gh_request *request);
void gh_api_audit_request(struct gh_request *request);
void gh_api_exchange(struct gh_request *request);
void gh_api_token(struct gh_request *request);
void gh_api_pii_modes(struct gh_request *request);
void gh_api_pii_mode_put(struct gh_request *request);
void gh_api_pii_thresholds(struct gh_request *request);
void gh_api_pii_threshold_put(struct gh_request *request);
void gh_api_pii_pattern_put(struct gh_request *request);
void gh_api_pii_pattern_delete(struct gh_request *request);
void gh_api_pii_pattern_list(struct gh_request *request);
void gh_api_policy_activate(struct gh_request *request);
void gh_api_policy_list(struct gh_request *request);
void gh_api_policy_show(struct gh_request *request);
void gh_api_policy_trust_add(struct gh_request *request);
void gh_api_policy_trust_show(struct gh_request *request);

/* Public documents (on the event loop; the log's tiles on a worker). */
void gh_api_health(struct gh_request *request);
void gh_api_ready(struct gh_request *request);
void gh_api_metrics(struct gh_request *request);
void gh_api_jwks(struct gh_request *request);
void gh_api_oauth_metadata(struct gh_request *request);
void gh_api_problems(struct gh_request *request);
void gh_api_problem(struct gh_request *request);
void gh_api_log_vkey(struct gh_request *request);
void gh_api_tiles(struct gh_request *request);

/* ---- shared by the handlers ---- */

/* From a blocking handler: the request is denied. */
void gh_api_deny(struct gh_request *request, enum gh_problem_type type, const char *reason,
                 const char *detail);
/* Maps a failure of a lower room to a problem. */
void gh_api_fail(struct gh_request *request, enum gh_code code);
/* The body as gate 4 left it, parsed. */
gh_result gh_api_body(struct gh_request *request, json_t **out);
/* A database connection of the application role and a token that carries the caller's claims.
 * gh_api_db_end gives both back. */
struct gh_api_db {
	struct gh_db *db;
	struct gh_buf token;
	uint64_t deadline_ns;
};
gh_result gh_api_db_begin(struct gh_request *request, struct gh_api_db *out);
/* gh_db_tenant with what gh_api_db_begin gave; results as there. */
gh_result gh_api_db_run(struct gh_request *request, struct gh_api_db *db,
                        const struct gh_db_statement *statements, size_t count,
                        struct gh_db_result **results);
void gh_api_db_end(struct gh_request *request, struct gh_api_db *db);
/* All three, for those who need the connection once. */
gh_result gh_api_db_once(struct gh_request *request, const struct gh_db_statement *statements,
                         size_t count, struct gh_db_result **results);

#endif
