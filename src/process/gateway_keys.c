#include "process/gateway_parts.h"

#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/secret.h"
#include "process/keeper/tls_key.h"

/* ---- the key service (tenancy/keys.h) over the keeper's client ---- */

static enum gh_code sign_database(void *context, const struct gh_uuid *tenant,
                                  struct gh_slice subject, struct gh_slice role,
                                  struct gh_slice caps, unsigned ttl_s, struct gh_buf *token)
{
	return gh_keeper_sign_database(context, tenant, subject, role, caps, ttl_s, token);
}

static enum gh_code sign_access(void *context, struct gh_slice claims_json, struct gh_buf *token)
{
	return gh_keeper_sign_access(context, claims_json, token);
}

static enum gh_code new_dek(void *context, const struct gh_uuid *tenant, struct gh_slice purpose,
                            struct gh_slice subject, uint8_t dek[32], struct gh_buf *wrapped)
{
	return gh_keeper_new_dek(context, tenant, purpose, subject, dek, wrapped);
}

static enum gh_code unwrap_dek(void *context, const struct gh_uuid *tenant, struct gh_slice purpose,
                               struct gh_slice subject, struct gh_slice wrapped, uint8_t dek[32])
{
	return gh_keeper_unwrap_dek(context, tenant, purpose, subject, wrapped, dek);
}

static enum gh_code derive(void *context, const struct gh_uuid *tenant, struct gh_slice purpose,
                           uint8_t key[32])
{
	return gh_keeper_derive(context, tenant, purpose, key);
}

void gh_process_keys_bind(struct gh_process_gateway *process)
{
	process->gateway.keys = (struct gh_key_service){ .context = process->keeper,
		                                         .sign_database = sign_database,
		                                         .sign_access = sign_access,
		                                         .new_dek = new_dek,
		                                         .unwrap_dek = unwrap_dek,
		                                         .derive = derive };
}

/* ---- what the keeper publishes ---- */

static void destroy_access_keys(struct gh_cached *value)
{
	struct gh_access_keys *keys = (struct gh_access_keys *)value;

	gh_jwks_free(keys->jwks);
	gh_buf_free(&keys->json);
	free(keys);
}

gh_result gh_process_access_keys(struct gh_process_gateway *process)
{
	struct gh_access_keys *keys = calloc(1, sizeof *keys);

	GH_ENSURE(keys, GH_E_MEMORY, "out of memory");
	keys->cached = (struct gh_cached){ .references = 1, .destroy = destroy_access_keys };
	enum gh_code code =
	    gh_keeper_public(process->keeper, GH_KEEPER_PUBLIC_ACCESS_JWKS, &keys->json);
	if (code == GH_OK)
		code = gh_jwks_parse(gh_buf_slice(&keys->json), &keys->jwks);
	if (code != GH_OK) {
		destroy_access_keys(&keys->cached);
		return code;
	}
	gh_gateway_set_access_keys(&process->gateway, keys);
	return GH_OK;
}

gh_result gh_process_tls(struct gh_process_gateway *process)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf chain = { 0 };

	GH_TRY(gh_keeper_public(process->keeper, GH_KEEPER_PUBLIC_TLS_CHAIN, &chain));
	/* The last certificate is the CA: what clients are told to trust. */
	const char *text = gh_buf_cstr(&chain), *ca = text;
	for (const char *next = text; (next = strstr(next, "-----BEGIN CERTIFICATE-----")); next++)
		ca = next;
	GH_TRY(gh_state_write(&process->config->setup->state, "ca.pem", ca, strlen(ca)));
	GH_TRY(gh_tls_key_open(gh_buf_slice(&chain), process->keeper, &process->tls_key));
	const struct gh_tls_config config = { .chain_pem = gh_buf_slice(&chain),
		                              .key = process->tls_key };
	return gh_tls_open(&config, &process->tls);
}

/* ---- the deployment's own data key ---- */

struct wait {
	struct gh_cache_waiter waiter;
	sem_t done;
};

static void answered(struct gh_cache_waiter *waiter)
{
	sem_post(&((struct wait *)waiter)->done);
}

gh_result gh_process_deployment_key(struct gh_process_gateway *process)
{
	struct wait wait = { .waiter = { .answered = answered } };

	sem_init(&wait.done, 0, 0);
	if (!gh_data_keys_current(process->gateway.data_keys, &gh_tenant_deployment,
	                          GH_SLICE("deployment"), &wait.waiter))
		while (sem_wait(&wait.done) != 0)
			;
	sem_destroy(&wait.done);
	GH_ENSURE(wait.waiter.code == GH_OK, wait.waiter.code,
	          "the deployment's data key cannot be had");
	gh_gateway_set_deployment_key(&process->gateway, (struct gh_data_key *)wait.waiter.value);
	return GH_OK;
}

/* ---- the audit log ---- */

static enum gh_code sign_checkpoint(void *context, uint64_t size, const uint8_t root[32],
                                    const uint8_t (*proof)[32], size_t count, struct gh_buf *note)
{
	return gh_keeper_sign_checkpoint(context, size, root, proof, count, note);
}

static enum gh_code current_key(void *context, struct gh_uuid *tenant, struct gh_uuid *data_key_id,
                                uint8_t key[32])
{
	struct gh_process_gateway *process = context;
	struct gh_data_key *held = gh_gateway_hold_deployment_key(&process->gateway);

	*tenant = held->tenant_id;
	*data_key_id = held->id;
	memcpy(key, held->key, 32);
	gh_cached_release(&held->cached);
	return GH_OK;
}

gh_result gh_process_audit_open(struct gh_process_gateway *process)
{
	GH_TRY(gh_keeper_public(process->keeper, GH_KEEPER_PUBLIC_CHECKPOINT_VKEY,
	                        &process->log_vkey));
	process->gateway.log_vkey = gh_buf_cstr(&process->log_vkey);
	const struct gh_audit_config config = {
		.connection = { .params = process->params[2],
		                .param_count = 5,
		                .application_name = "gatehouse-log" },
		.signer = { process->keeper, sign_checkpoint },
		.deployment = { process, current_key },
		.origin = process->config->setup->origin,
		.checkpoint_lag_s = 1,
	};
	return gh_audit_log_open(&config, &process->gateway.log);
}

struct own_event {
	struct gh_audit_entry entry;
	sem_t done;
};

static void own_delivered(void *context, struct gh_audit_entry *list)
{
	while (list) {
		struct own_event *event = list->user;
		list = list->next;
		sem_post(&event->done);
	}
}

gh_result gh_process_record(struct gh_process_gateway *process, const char *kind,
                            struct gh_slice members)
{
	static const struct gh_audit_destination destination = { own_delivered, NULL };
	struct gh_data_key *key = gh_gateway_hold_deployment_key(&process->gateway);
	struct own_event event = { .entry = { .event_id = gh_uuid_v7(),
		                              .tenant_id = key->tenant_id,
		                              .kind = kind,
		                              .body_members = members,
		                              .data_key_id = key->id,
		                              .data_key = key->key,
		                              .destination = &destination,
		                              .user = &event } };

	sem_init(&event.done, 0, 0);
	enum gh_code code = gh_audit_submit(process->gateway.log, &event.entry);
	if (code == GH_OK) {
		while (sem_wait(&event.done) != 0)
			;
		code = event.entry.code;
	}
	sem_destroy(&event.done);
	gh_cached_release(&key->cached);
	GH_ENSURE(code == GH_OK, code, "an event of the process could not be put on record");
	return GH_OK;
}
