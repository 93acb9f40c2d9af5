/* A note is taken apart from its end: the signatures are what follows the last blank line, so that
 * a text with blank lines of its own cannot pass for one that was signed shorter. */
#include "audit/note.h"

#include <string.h>

#include "base/codec.h"
#include "crypto/hash.h"

#define ED25519_TYPE 0x01
#define DASH         "\xe2\x80\x94 "

/* ---- verifier keys ------------------------------------------------------------------------- */

/* Non-empty, valid UTF-8 is not asked of us; no space of any kind, no '+'. Beyond ASCII nothing is
 * needed, and a name without it cannot hide a Unicode space. */
static bool is_name(struct gh_slice name)
{
	if (name.len == 0 || name.len > GH_NOTE_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (name.data[i] <= ' ' || name.data[i] >= 0x7f || name.data[i] == '+')
			return false;
	return true;
}

gh_result gh_note_verifier_parse(struct gh_slice vkey, struct gh_note_verifier *out)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf key = { .limit = 256 };
	struct gh_slice name, rest, hex, base64;
	uint8_t hash[32];

	memset(out, 0, sizeof *out);
	GH_ENSURE(gh_slice_split(vkey, '+', &name, &rest) && is_name(name) &&
	              gh_slice_split(rest, '+', &hex, &base64),
	          GH_E_FORMAT, "a verifier key is name+id+key");
	GH_TRY(gh_hex_decode(hex, out->id, sizeof out->id));
	GH_TRY(gh_base64_decode(base64, &key));
	GH_ENSURE(key.len == 33 && key.data[0] == ED25519_TYPE, GH_E_FORMAT,
	          "only Ed25519 verifier keys are known here");
	const struct gh_slice parts[] = { name, GH_SLICE("\n"), gh_buf_slice(&key) };
	gh_sha256_of(parts, GH_ARRAY_LEN(parts), hash);
	GH_ENSURE(memcmp(hash, out->id, sizeof out->id) == 0, GH_E_FORMAT,
	          "a verifier key's id is not its key's");
	memcpy(out->name, name.data, name.len);
	return gh_key_from_ed25519(key.data + 1, &out->key);
}

void gh_note_verifier_free(struct gh_note_verifier *verifier)
{
	gh_key_free(verifier->key);
	memset(verifier, 0, sizeof *verifier);
}

/* ---- notes --------------------------------------------------------------------------------- */

gh_result gh_note_split(struct gh_slice note, struct gh_slice *text, struct gh_slice *signatures)
{
	size_t blank = 0;

	GH_ENSURE(note.len >= 4 && note.len <= GH_NOTE_MAX_BYTES, GH_E_FORMAT,
	          "a note is of 4 to %d bytes", GH_NOTE_MAX_BYTES);
	for (size_t i = 0; i < note.len; i++)
		GH_ENSURE((note.data[i] >= ' ' && note.data[i] != 0x7f) || note.data[i] == '\n',
		          GH_E_FORMAT, "a note holds a control character");
	for (size_t i = note.len - 1; i > 0 && blank == 0; i--)
		if (note.data[i] == '\n' && note.data[i - 1] == '\n')
			blank = i;
	GH_ENSURE(blank > 1 && blank + 1 < note.len && note.data[note.len - 1] == '\n', GH_E_FORMAT,
	          "a note without signatures");
	*text = gh_slice(note.data, blank);
	*signatures = gh_slice_sub(note, blank + 1, SIZE_MAX);
	return GH_OK;
}

struct signature {
	struct gh_slice name;
	uint8_t id[4];
	struct gh_slice bytes; /* into the buffer */
};

/* "— name base64(id || signature)" */
static gh_result parse_line(struct gh_slice line, struct gh_buf *raw, struct signature *out)
{
	struct gh_slice base64;

	GH_ENSURE(gh_slice_starts_with(line, GH_SLICE(DASH)), GH_E_FORMAT,
	          "a signature line begins with a dash");
	line = gh_slice_sub(line, sizeof DASH - 1, SIZE_MAX);
	GH_ENSURE(gh_slice_split(line, ' ', &out->name, &base64) && out->name.len > 0, GH_E_FORMAT,
	          "a signature line has a name and a signature");
	gh_buf_clear(raw);
	GH_TRY(gh_base64_decode(base64, raw));
	GH_ENSURE(raw->len > sizeof out->id, GH_E_FORMAT, "a note's signature is too short");
	memcpy(out->id, raw->data, sizeof out->id);
	out->bytes = gh_slice(raw->data + sizeof out->id, raw->len - sizeof out->id);
	return GH_OK;
}

static bool is_of(const struct signature *signature, const struct gh_note_verifier *verifier)
{
	return gh_slice_eq_str(signature->name, verifier->name) &&
	       memcmp(signature->id, verifier->id, sizeof verifier->id) == 0;
}

gh_result gh_note_verify(struct gh_slice note, const struct gh_note_verifier *verifier,
                         struct gh_slice *text)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf raw = { .limit = GH_NOTE_MAX_BYTES };
	struct gh_slice rest, line;
	struct signature signature;
	size_t lines = 0, good = 0;

	GH_TRY(gh_note_split(note, text, &rest));
	while (rest.len > 0) {
		(void)gh_slice_split(rest, '\n', &line, &rest);
		GH_ENSURE(++lines <= GH_NOTE_SIGNATURES_MAX, GH_E_FORMAT,
		          "a note has too many signatures");
		GH_TRY(parse_line(line, &raw, &signature));
		if (!is_of(&signature, verifier))
			continue;
		GH_TRY(gh_key_verify(verifier->key, *text, signature.bytes));
		good++;
	}
	GH_ENSURE(good > 0, GH_E_NOT_FOUND, "a note is not signed by this key");
	return GH_OK;
}

/* ---- checkpoints --------------------------------------------------------------------------- */

gh_result gh_checkpoint_parse(struct gh_slice text, struct gh_checkpoint *out)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf root = { .limit = 64 };
	struct gh_slice rest = text, size, base64;

	GH_ENSURE(gh_slice_split(rest, '\n', &out->origin, &rest) && out->origin.len > 0 &&
	              gh_slice_split(rest, '\n', &size, &rest) &&
	              gh_slice_split(rest, '\n', &base64, &rest),
	          GH_E_FORMAT, "a checkpoint has three lines");
	GH_ENSURE(gh_slice_to_u64(size, INT64_MAX, &out->size), GH_E_FORMAT,
	          "a checkpoint's size is no number");
	GH_TRY(gh_base64_decode(base64, &root));
	GH_ENSURE(root.len == sizeof out->root, GH_E_FORMAT, "a checkpoint's root is of 32 bytes");
	memcpy(out->root, root.data, sizeof out->root);
	return GH_OK;
}

gh_result gh_checkpoint_verify(struct gh_slice note, const struct gh_note_verifier *verifier,
                               struct gh_checkpoint *out)
{
	struct gh_slice text;

	GH_TRY(gh_note_verify(note, verifier, &text));
	GH_TRY(gh_checkpoint_parse(text, out));
	GH_ENSURE(gh_slice_eq_str(out->origin, verifier->name), GH_E_CRYPTO,
	          "a checkpoint of another log");
	return GH_OK;
}
