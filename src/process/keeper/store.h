/* store.h: the keeper's directory. One process at a time; files appear in full or not at all; what
 * must not change is authenticated under the KEK, together with its file's name, and private keys
 * are sealed. For the keeper's own files only. */
#ifndef GH_PROCESS_KEEPER_STORE_H
#define GH_PROCESS_KEEPER_STORE_H

#include <sys/types.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/result.h"
#include "crypto/key.h"
#include "crypto/keyring.h"

struct gh_keeper_store {
	int dir_fd;
	int lock_fd;
	struct gh_kek *kek;
	uint8_t mac_key[GH_KEK_BYTES];
};

/* Makes the directory (0700) and the KEK when there is nothing yet. GH_E_DENIED when others may
 * read it, GH_E_CONFLICT when another process holds it, GH_E_CORRUPT when there are keys and no
 * KEK. */
gh_result gh_keeper_store_open(const char *dir, struct gh_keeper_store *out);
/* For an operator's verbs beside a running keeper: reads only, makes nothing, takes no lock. */
gh_result gh_keeper_store_open_shared(const char *dir, struct gh_keeper_store *out);
void gh_keeper_store_close(struct gh_keeper_store *store);

/* A whole file through a temporary name, fsync, rename and fsync of the directory. */
gh_result gh_keeper_write_file(int dir_fd, const char *name, struct gh_slice data, mode_t mode);
/* A regular file of ours of at most `max` bytes; with `is_private`, no access for others.
 * GH_E_NOT_FOUND when there is none. */
gh_result gh_keeper_read_file(int dir_fd, const char *name, size_t max, bool is_private,
                              struct gh_buf *out);

/* A JSON object and its HMAC. Reading one that was changed, truncated or renamed is GH_E_CORRUPT
 * and names the file; an absent one GH_E_NOT_FOUND. */
gh_result gh_keeper_doc_write(const struct gh_keeper_store *store, const char *name,
                              const json_t *doc);
gh_result gh_keeper_doc_read(const struct gh_keeper_store *store, const char *name, json_t **out);

/* A private key as base64 of its sealed PKCS#8, bound to `id` (its kid, or a role). */
gh_result gh_keeper_seal_key(const struct gh_keeper_store *store, const char *id,
                             const struct gh_key *key, struct gh_buf *text);
gh_result gh_keeper_open_key(const struct gh_keeper_store *store, const char *id, const char *text,
                             struct gh_key **out);

#endif
