/* note.h: C2SP signed notes (v1.0.0) and the checkpoint in them (tlog-checkpoint v1.0.0), for those
 * who verify. Signing is the keeper's. */
#ifndef GH_AUDIT_NOTE_H
#define GH_AUDIT_NOTE_H

#include "base/buf.h"
#include "base/result.h"
#include "base/slice.h"
#include "crypto/key.h"

#define GH_NOTE_MAX_BYTES      65536
#define GH_NOTE_SIGNATURES_MAX 64
#define GH_NOTE_NAME_MAX       256

/* A verifier key, "name+hex8+base64(0x01 || Ed25519 key)". */
struct gh_note_verifier {
	char name[GH_NOTE_NAME_MAX + 1];
	uint8_t id[4];
	struct gh_key *key;
};
gh_result gh_note_verifier_parse(struct gh_slice vkey, struct gh_note_verifier *out);
void gh_note_verifier_free(struct gh_note_verifier *verifier); /* empties it; zeroed is fine */

/* Checks the form of the whole note and that the verifier signed it. *text (into `note`) is what
 * was signed, with its last newline. GH_E_FORMAT for what is no note, GH_E_CRYPTO when a signature
 * of the verifier's key is wrong, GH_E_NOT_FOUND when there is none of it. */
gh_result gh_note_verify(struct gh_slice note, const struct gh_note_verifier *verifier,
                         struct gh_slice *text);
/* The same form, no signature looked at. */
gh_result gh_note_split(struct gh_slice note, struct gh_slice *text, struct gh_slice *signatures);

struct gh_checkpoint {
	struct gh_slice origin; /* into the text */
	uint64_t size;
	uint8_t root[32];
};
/* From a note's text. Extension lines are passed over. GH_E_FORMAT. */
gh_result gh_checkpoint_parse(struct gh_slice text, struct gh_checkpoint *out);

/* Both: the note is the verifier's and its origin is the verifier's name. */
gh_result gh_checkpoint_verify(struct gh_slice note, const struct gh_note_verifier *verifier,
                               struct gh_checkpoint *out);

#endif
