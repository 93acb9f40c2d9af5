/* Notes, checkpoints, verifier keys and proofs on any bytes: nothing outside of the input, and
 * nothing but the signer's own note passes for signed. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "audit/members.h"
#include "audit/proof.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The vector of the signed-note specification's reference implementation. */
#define VKEY "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"

static void inside(struct gh_slice part, const uint8_t *bytes, size_t size)
{
	if (part.len > 0 && (part.data < bytes || part.data + part.len > bytes + size))
		abort();
}

static void try_note(struct gh_slice note, const struct gh_note_verifier *verifier)
{
	struct gh_slice text, signatures;
	struct gh_checkpoint checkpoint;

	if (gh_note_split(note, &text, &signatures) == GH_OK) {
		inside(text, note.data, note.len);
		inside(signatures, note.data, note.len);
		if (text.len + 1 + signatures.len != note.len || text.data[text.len - 1] != '\n')
			abort();
	}
	if (gh_note_verify(note, verifier, &text) == GH_OK)
		inside(text, note.data, note.len);
	if (gh_checkpoint_parse(note, &checkpoint) == GH_OK)
		inside(checkpoint.origin, note.data, note.len);
	if (gh_checkpoint_verify(note, verifier, &checkpoint) == GH_OK)
		abort(); /* that key has signed no checkpoint */
}

static void try_members(struct gh_slice text)
{
	struct gh_members members;
	struct gh_member member;
	bool more = true;

	if (gh_members_begin(text, &members) != GH_OK)
		return;
	while (more && gh_members_next(&members, &member, &more) == GH_OK && more) {
		inside(member.name, text.data, text.len);
		inside(member.value, text.data, text.len);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct gh_note_verifier known;
	struct gh_note_verifier other;
	uint8_t *exact = malloc(size ? size : 1);
	struct gh_slice in = gh_slice(exact, size);
	struct gh_proof proof;

	memcpy(exact, data, size);
	if (!known.key && gh_note_verifier_parse(GH_SLICE(VKEY), &known) != GH_OK)
		abort();
	try_note(in, &known);
	try_members(in);
	if (gh_note_verifier_parse(in, &other) == GH_OK)
		gh_note_verifier_free(&other);
	if (gh_proof_parse(in, &proof) == GH_OK) {
		inside(proof.checkpoint, in.data, in.len);
		if (proof.count > GH_MERKLE_PROOF_MAX)
			abort();
	}
	if (gh_proof_verify(in, GH_SLICE("x"), &known, NULL) == GH_OK)
		abort();
	free(exact);
	return 0;
}
