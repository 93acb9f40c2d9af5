/* Gate 3: for whom. The tenant is what PostgreSQL shows under a database token that carries the
 * caller's tenant_id; a tenant that it does not show does not exist. Nothing here filters rows: the
 * policies in sql/ do. Then the tenant's own policies decide (policy.c). */
#include "gates/policy.h"

enum step { ASK_TENANT, TENANT_CAME, DATA_KEY_CAME };

static enum gh_verdict unavailable(struct gh_request *request, const char *reason)
{
	return gh_gate_refuse(request, GH_PROBLEM_DATABASE_UNAVAILABLE, reason, NULL);
}

static enum gh_verdict take_data_key(struct gh_request *request)
{
	if (request->waiter.code != GH_OK)
		return unavailable(request, "data-key");
	request->data_key = (const struct gh_data_key *)request->waiter.value;
	request->waiter.value = NULL;
	return gh_policy_enter(request);
}

static enum gh_verdict take_tenant(struct gh_request *request)
{
	if (request->waiter.code == GH_E_NOT_FOUND)
		return gh_gate_refuse(request, GH_PROBLEM_INVALID_TOKEN, "tenant-unknown", NULL);
	if (request->waiter.code != GH_OK)
		return unavailable(request, "tenant");
	request->tenant = (const struct gh_tenant *)request->waiter.value;
	request->waiter.value = NULL;

	request->step = DATA_KEY_CAME;
	if (!gh_data_keys_current(request->gateway->data_keys, &request->claims->tenant_id,
	                          request->claims->sub, &request->waiter))
		return GH_WAIT;
	return take_data_key(request);
}

enum gh_verdict gh_gate_tenancy(struct gh_request *request)
{
	switch (request->step) {
	case ASK_TENANT: break;
	case TENANT_CAME: return take_tenant(request);
	default: return take_data_key(request);
	}
	request->step = TENANT_CAME;
	if (!gh_tenancy_get(request->gateway->tenants, &request->claims->tenant_id,
	                    &request->waiter))
		return GH_WAIT;
	return take_tenant(request);
}
