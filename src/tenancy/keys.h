/* keys.h: what the gateway asks of whoever holds the keys: the keeper process, reached through
 * process/keeper/keeper_client.h, which process/gateway.c binds to this contract. Calls block for
 * at most the keeper's deadline and fail closed with GH_E_UNAVAILABLE. */
#ifndef GH_TENANCY_KEYS_H
#define GH_TENANCY_KEYS_H

#include "base/buf.h"
#include "base/result.h"
#include "base/uuid.h"

struct gh_key_service {
	void *context;
	/* A token for gatehouse.open(); `caps` are names separated by spaces. At most 60 s. */
	gh_result (*sign_database)(void *context, const struct gh_uuid *tenant,
	                           struct gh_slice subject, struct gh_slice role,
	                           struct gh_slice caps, unsigned ttl_s, struct gh_buf *token);
	/* Claims from token/issue.h. */
	gh_result (*sign_access)(void *context, struct gh_slice claims_json, struct gh_buf *token);
	gh_result (*new_dek)(void *context, const struct gh_uuid *tenant, struct gh_slice purpose,
	                     struct gh_slice subject, uint8_t dek[32], struct gh_buf *wrapped);
	gh_result (*unwrap_dek)(void *context, const struct gh_uuid *tenant,
	                        struct gh_slice purpose, struct gh_slice subject,
	                        struct gh_slice wrapped, uint8_t dek[32]);
	gh_result (*derive)(void *context, const struct gh_uuid *tenant, struct gh_slice purpose,
	                    uint8_t key[32]);
};

#endif
