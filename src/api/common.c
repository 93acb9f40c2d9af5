#include "api/api.h"

#include "base/clock.h"
#include "base/json.h"

#define DEADLINE_NS 5000000000ull
#define TOKEN_TTL_S 30

void gh_api_deny(struct gh_request *request, enum gh_problem_type type, const char *reason,
                 const char *detail)
{
	request->denied = true;
	(void)gh_gate_refuse(request, type, reason, detail);
}

void gh_api_fail(struct gh_request *request, enum gh_code code)
{
	const char *detail = gh_arena_printf(request->arena, "%s.", gh_last_error()->text);

	switch (code) {
	case GH_E_FORMAT:
	case GH_E_ARGUMENT:
	case GH_E_LIMIT:
		gh_api_deny(request, GH_PROBLEM_INVALID_PARAMETER, gh_code_name(code), detail);
		return;
	case GH_E_NOT_FOUND: gh_api_deny(request, GH_PROBLEM_NOT_FOUND, "not-found", NULL); return;
	case GH_E_DENIED:
		gh_api_deny(request, GH_PROBLEM_INSUFFICIENT_CAPABILITY, "denied", detail);
		return;
	case GH_E_CONFLICT: gh_api_deny(request, GH_PROBLEM_CONFLICT, "conflict", NULL); return;
	case GH_E_UNAVAILABLE:
	case GH_E_IN_DOUBT:
		gh_api_deny(request, GH_PROBLEM_DATABASE_UNAVAILABLE, gh_code_name(code), NULL);
		return;
	default: gh_api_deny(request, GH_PROBLEM_INTERNAL, gh_code_name(code), NULL); return;
	}
}

gh_result gh_api_body(struct gh_request *request, json_t **out)
{
	GH_TRY(gh_json_parse(gh_buf_slice(&request->body), out));
	GH_ENSURE(json_is_object(*out), GH_E_FORMAT, "the body must be a JSON object");
	return GH_OK;
}

gh_result gh_api_db_begin(struct gh_request *request, struct gh_api_db *out)
{
	struct gh_gateway *gateway = request->gateway;
	GH_CLEANUP(gh_buf_free) struct gh_buf caps = { 0 };

	*out = (struct gh_api_db){ .token = { .secret = true },
		                   .deadline_ns = gh_clock_mono_ns() + DEADLINE_NS };
	for (size_t i = 0; i < request->claims->cap_count; i++) {
		if (i)
			gh_buf_add_byte(&caps, ' ');
		gh_buf_add_slice(&caps, request->claims->caps[i]);
	}
	GH_TRY(gateway->keys.sign_database(gateway->keys.context, &request->claims->tenant_id,
	                                   request->claims->sub, GH_SLICE("api"),
	                                   gh_buf_slice(&caps), TOKEN_TTL_S, &out->token));
	return gh_db_pool_take(gateway->app_pool, out->deadline_ns, &out->db);
}

gh_result gh_api_db_run(struct gh_request *request, struct gh_api_db *db,
                        const struct gh_db_statement *statements, size_t count,
                        struct gh_db_result **results)
{
	return gh_db_tenant(db->db, gh_buf_slice(&db->token), &request->id, statements, count,
	                    db->deadline_ns, results, NULL);
}

void gh_api_db_end(struct gh_request *request, struct gh_api_db *db)
{
	if (db->db)
		gh_db_pool_give(request->gateway->app_pool, db->db);
	gh_buf_free(&db->token);
}

gh_result gh_api_db_once(struct gh_request *request, const struct gh_db_statement *statements,
                         size_t count, struct gh_db_result **results)
{
	struct gh_api_db db;

	enum gh_code code = gh_api_db_begin(request, &db);
	if (code == GH_OK)
		code = gh_api_db_run(request, &db, statements, count, results);
	gh_api_db_end(request, &db);
	return code;
}
