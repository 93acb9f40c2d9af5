/* access_keys.h: the keys that sign access tokens, and their life:
 *
 *   pending --(10 min published, and the active one is 30 days old)--> active
 *   active --(the pending one takes over)--> verifying --(16 min)--> gone
 *
 * One active and one pending key at any time, all of them published. */
#ifndef GH_PROCESS_KEEPER_ACCESS_KEYS_H
#define GH_PROCESS_KEEPER_ACCESS_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "process/keeper/store.h"

struct gh_access_keys;

/* Reads access.json, or makes the first two keys. GH_E_CORRUPT when what is there is not one
 * active, one pending and any verifying keys. */
gh_result gh_access_keys_open(const struct gh_keeper_store *store, int64_t now_s,
                              struct gh_access_keys **out);
void gh_access_keys_close(struct gh_access_keys *keys); /* NULL is fine */

/* Moves keys on when it is time, durably before it takes effect; on failure nothing has moved. */
gh_result gh_access_keys_tick(struct gh_access_keys *keys, int64_t now_s);
const struct gh_key *gh_access_keys_active(const struct gh_access_keys *keys, const char **kid);
/* Appends the JWK set of all of them. */
gh_result gh_access_keys_jwks(const struct gh_access_keys *keys, struct gh_buf *out);

#endif
