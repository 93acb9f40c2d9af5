/* checkpoint.h: the log's signature key and the last thing it signed. A checkpoint that does not
 * extend the last one is never signed: that is the promise that makes the log append-only to those
 * who cannot see its inside. C2SP signed-note and tlog-checkpoint, Ed25519 (type 0x01). */
#ifndef GH_PROCESS_KEEPER_CHECKPOINT_H
#define GH_PROCESS_KEEPER_CHECKPOINT_H

#include "process/keeper/store.h"

struct gh_checkpoint_signer;

/* Reads or makes checkpoint-key.json and checkpoint-last.json. GH_E_CORRUPT when there is a key and
 * no record of what it signed; GH_E_DENIED when it belongs to another origin; GH_E_ARGUMENT when
 * `origin` is no key name. */
gh_result gh_checkpoint_open(const struct gh_keeper_store *store, const char *origin,
                             struct gh_checkpoint_signer **out);
void gh_checkpoint_close(struct gh_checkpoint_signer *signer); /* NULL is fine */

/* Appends the signed note. GH_E_CONFLICT when (size, root) does not extend the last signed one by
 * `proof`; what is signed is durable before this returns. */
gh_result gh_checkpoint_sign(struct gh_checkpoint_signer *signer, uint64_t size,
                             const uint8_t root[32], const uint8_t (*proof)[32], size_t count,
                             struct gh_buf *note);

/* Appends "origin+keyid+key", the C2SP verifier key. */
gh_result gh_checkpoint_vkey(const struct gh_checkpoint_signer *signer, struct gh_buf *out);

#endif
