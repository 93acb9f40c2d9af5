/* The record of what was signed is written, fsynced and in its place before a signature leaves. A
 * crash in between loses a signature that nobody has seen, never the memory of one. */
#include "process/keeper/checkpoint.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/json.h"
#include "crypto/hash.h"
#include "crypto/merkle_verify.h"

#define KEY_FILE     "checkpoint-key.json"
#define LAST_FILE    "checkpoint-last.json"
#define KEY_TYPE     0x01 /* C2SP signed-note: Ed25519 */
#define ORIGIN_MAX   200
#define EM_DASH      "\xe2\x80\x94"
#define KEY_ID_BYTES 4

struct gh_checkpoint_signer {
	const struct gh_keeper_store *store;
	char origin[ORIGIN_MAX + 1];
	struct gh_key *key;
	uint8_t public_key[32];
	uint8_t key_id[KEY_ID_BYTES];
	uint64_t size;
	uint8_t root[GH_MERKLE_HASH_BYTES];
};

void gh_checkpoint_close(struct gh_checkpoint_signer *signer)
{
	if (!signer)
		return;
	gh_key_free(signer->key);
	free(signer);
}

GH_DEFINE_CLEANUP(struct gh_checkpoint_signer *, gh_checkpoint_close)

/* C2SP signed-note: a key name has no Unicode space and no plus. Ours keeps to visible ASCII. */
static gh_result check_origin(const char *origin)
{
	size_t len = strlen(origin);

	GH_ENSURE(len > 0 && len <= ORIGIN_MAX, GH_E_ARGUMENT,
	          "a log's origin has 1 to %d characters", ORIGIN_MAX);
	for (size_t i = 0; i < len; i++)
		GH_ENSURE(origin[i] > ' ' && origin[i] < 0x7f && origin[i] != '+', GH_E_ARGUMENT,
		          "a log's origin is visible ASCII without '+'");
	return GH_OK;
}

static gh_result save_last(const struct gh_checkpoint_signer *signer, uint64_t size,
                           const uint8_t root[GH_MERKLE_HASH_BYTES])
{
	char size_text[24], root_text[2 * GH_MERKLE_HASH_BYTES + 1];

	snprintf(size_text, sizeof size_text, "%" PRIu64, size);
	gh_hex_encode(gh_slice(root, GH_MERKLE_HASH_BYTES), root_text);
	GH_CLEANUP(gh_json_decref_ptr)
	json_t *doc = json_pack("{s:s, s:s, s:s}", "origin", signer->origin, "size", size_text,
	                        "root", root_text);
	GH_ENSURE(doc, GH_E_MEMORY, "out of memory");
	return gh_keeper_doc_write(signer->store, LAST_FILE, doc);
}

static gh_result load_last(struct gh_checkpoint_signer *signer)
{
	GH_CLEANUP(gh_json_decref_ptr) json_t *doc = NULL;
	const char *origin, *size, *root;

	enum gh_code code = gh_keeper_doc_read(signer->store, LAST_FILE, &doc);
	GH_ENSURE(code != GH_E_NOT_FOUND, GH_E_CORRUPT,
	          "%s is missing: without it the log could be forked; restore it from its copy",
	          LAST_FILE);
	GH_TRY(code);
	GH_ENSURE(json_unpack(doc, "{s:s, s:s, s:s}", "origin", &origin, "size", &size, "root",
	                      &root) == 0 &&
	              strcmp(origin, signer->origin) == 0 &&
	              gh_slice_to_u64(gh_slice_str(size), UINT64_MAX, &signer->size) &&
	              gh_hex_decode(gh_slice_str(root), signer->root, sizeof signer->root) == GH_OK,
	          GH_E_CORRUPT, "%s is damaged or of another log", LAST_FILE);
	return GH_OK;
}

static gh_result create(struct gh_checkpoint_signer *signer)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf sealed = { .limit = 65536 };

	GH_TRY(gh_key_generate(GH_KEY_ED25519, &signer->key));
	GH_TRY(gh_keeper_seal_key(signer->store, "checkpoint", signer->key, &sealed));
	/* The record first: a key is never there without one. */
	gh_merkle_hash_empty(signer->root);
	GH_TRY(save_last(signer, 0, signer->root));
	GH_CLEANUP(gh_json_decref_ptr)
	json_t *doc =
	    json_pack("{s:s, s:s}", "origin", signer->origin, "sealed", gh_buf_cstr(&sealed));
	GH_ENSURE(doc, GH_E_MEMORY, "out of memory");
	return gh_keeper_doc_write(signer->store, KEY_FILE, doc);
}

static gh_result load(struct gh_checkpoint_signer *signer, json_t *doc)
{
	const char *origin, *sealed;

	GH_ENSURE(json_unpack(doc, "{s:s, s:s}", "origin", &origin, "sealed", &sealed) == 0,
	          GH_E_CORRUPT, "%s is damaged", KEY_FILE);
	GH_ENSURE(strcmp(origin, signer->origin) == 0, GH_E_DENIED,
	          "the checkpoint key is of the log \"%.64s\", not \"%.64s\"", origin,
	          signer->origin);
	GH_TRY(gh_keeper_open_key(signer->store, "checkpoint", sealed, &signer->key));
	return load_last(signer);
}

/* C2SP signed-note: SHA-256(name || 0x0A || type || key), the first four bytes. */
static gh_result make_key_id(struct gh_checkpoint_signer *signer)
{
	uint8_t digest[GH_SHA256_BYTES];
	const uint8_t type = KEY_TYPE;

	GH_TRY(gh_key_to_ed25519(signer->key, signer->public_key));
	const struct gh_slice parts[] = { gh_slice_str(signer->origin), GH_SLICE("\n"),
		                          gh_slice(&type, 1),
		                          gh_slice(signer->public_key, sizeof signer->public_key) };
	gh_sha256_of(parts, GH_ARRAY_LEN(parts), digest);
	memcpy(signer->key_id, digest, sizeof signer->key_id);
	return GH_OK;
}

gh_result gh_checkpoint_open(const struct gh_keeper_store *store, const char *origin,
                             struct gh_checkpoint_signer **out)
{
	GH_CLEANUP(gh_json_decref_ptr) json_t *doc = NULL;
	GH_CLEANUP(gh_checkpoint_close_ptr)
	struct gh_checkpoint_signer *signer = calloc(1, sizeof *signer);

	GH_ENSURE(signer, GH_E_MEMORY, "out of memory");
	GH_TRY(check_origin(origin));
	signer->store = store;
	snprintf(signer->origin, sizeof signer->origin, "%s", origin);
	enum gh_code code = gh_keeper_doc_read(store, KEY_FILE, &doc);
	if (code == GH_E_NOT_FOUND)
		code = create(signer);
	else if (code == GH_OK)
		code = load(signer, doc);
	GH_TRY(code);
	GH_TRY(make_key_id(signer));
	*out = GH_STEAL(signer);
	return GH_OK;
}

gh_result gh_checkpoint_vkey(const struct gh_checkpoint_signer *signer, struct gh_buf *out)
{
	uint8_t key[1 + 32] = { KEY_TYPE };
	char id[2 * KEY_ID_BYTES + 1];

	memcpy(key + 1, signer->public_key, sizeof signer->public_key);
	gh_hex_encode(gh_slice(signer->key_id, sizeof signer->key_id), id);
	gh_buf_addf(out, "%s+%s+", signer->origin, id);
	gh_base64_encode(gh_slice(key, sizeof key), out);
	return gh_buf_check(out);
}

/* C2SP tlog-checkpoint: origin, size, root; no extension lines. */
static gh_result add_note(const struct gh_checkpoint_signer *signer, struct gh_buf *note)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf text = { .limit = 1024 };
	GH_CLEANUP(gh_buf_free) struct gh_buf signature = { .limit = 128 };

	gh_buf_addf(&text, "%s\n%" PRIu64 "\n", signer->origin, signer->size);
	gh_base64_encode(gh_slice(signer->root, sizeof signer->root), &text);
	gh_buf_add_byte(&text, '\n');
	GH_TRY(gh_buf_check(&text));
	gh_buf_add(&signature, signer->key_id, sizeof signer->key_id);
	GH_TRY(gh_key_sign(signer->key, gh_buf_slice(&text), &signature));

	gh_buf_add_slice(note, gh_buf_slice(&text));
	gh_buf_addf(note, "\n" EM_DASH " %s ", signer->origin);
	gh_base64_encode(gh_buf_slice(&signature), note);
	gh_buf_add_byte(note, '\n');
	return gh_buf_check(note);
}

/* From the empty log everything extends; an empty log has one root. */
static gh_result check_extends(const struct gh_checkpoint_signer *signer, uint64_t size,
                               const uint8_t root[32], const uint8_t (*proof)[32], size_t count)
{
	if (signer->size > 0)
		return gh_merkle_verify_consistency(signer->size, size, signer->root, root, proof,
		                                    count);
	GH_ENSURE(count == 0, GH_E_FORMAT, "a proof from the empty log has no nodes");
	GH_ENSURE(size > 0 || memcmp(root, signer->root, GH_MERKLE_HASH_BYTES) == 0, GH_E_CRYPTO,
	          "an empty log has another root");
	return GH_OK;
}

gh_result gh_checkpoint_sign(struct gh_checkpoint_signer *signer, uint64_t size,
                             const uint8_t root[32], const uint8_t (*proof)[32], size_t count,
                             struct gh_buf *note)
{
	if (check_extends(signer, size, root, proof, count) != GH_OK) {
		struct gh_error why = *gh_last_error();
		return gh_fail(GH_E_CONFLICT,
		               "a checkpoint of size %" PRIu64 " does not extend the last one, of "
		               "size %" PRIu64 ": %.80s",
		               size, signer->size, why.text);
	}
	if (size != signer->size) {
		GH_TRY(save_last(signer, size, root));
		signer->size = size;
		memcpy(signer->root, root, sizeof signer->root);
	}
	return add_note(signer, note);
}
