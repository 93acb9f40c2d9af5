/* proof.h: a C2SP tlog-proof: everything that shows that one entry is in the log, in one text that
 * verifies offline. */
#ifndef GH_AUDIT_PROOF_H
#define GH_AUDIT_PROOF_H

#include "audit/note.h"
#include "crypto/merkle_verify.h"
#include "db/db.h"

/* Appends the proof of entry `seq` against the newest checkpoint. GH_E_NOT_FOUND when no checkpoint
 * covers it yet. Reads the leaves below the checkpoint's size: for operators and exports. */
gh_result gh_proof_make(struct gh_db *db, uint64_t seq, uint64_t deadline_ns, struct gh_buf *out);

struct gh_proof {
	uint64_t index;
	uint8_t hashes[GH_MERKLE_PROOF_MAX][GH_MERKLE_HASH_BYTES];
	size_t count;
	struct gh_slice checkpoint; /* the note, into the text */
};
/* GH_E_FORMAT for what is no tlog-proof. */
gh_result gh_proof_parse(struct gh_slice text, struct gh_proof *out);
/* The entry (0x01 || commitment) is at the proof's index below a checkpoint of the verifier's.
 * *out may be NULL. GH_E_FORMAT, GH_E_CRYPTO, GH_E_NOT_FOUND as in note.h. */
gh_result gh_proof_verify(struct gh_slice text, struct gh_slice entry,
                          const struct gh_note_verifier *verifier, struct gh_checkpoint *out);

#endif
