/* C2SP tlog-proof: a version line, the index, the hashes from the leaf's sibling up, a blank line
 * and the checkpoint as it was signed. */
#include "audit/proof.h"

#include <string.h>

#include "audit/merkle.h"
#include "audit/sequencer_parts.h"
#include "base/codec.h"

#define VERSION_LINE "c2sp.org/tlog-proof@v1\n"

struct source {
	struct gh_db *db;
	uint64_t deadline_ns;
};

static gh_result range_hash(void *context, uint64_t begin, uint64_t end, uint8_t hash[32])
{
	const struct source *source = context;

	return gh_log_range_hash(source->db, begin, end, source->deadline_ns, hash);
}

static gh_result newest(struct gh_db *db, uint64_t deadline_ns, struct gh_db_result **rows,
                        struct gh_slice *note, uint64_t *size)
{
	static const struct gh_db_statement statement = {
		.sql = "SELECT size, note FROM gatehouse.log_checkpoint ORDER BY size DESC LIMIT 1",
		.reads = true,
	};
	int64_t number;

	GH_TRY(gh_db_exec(db, &statement, deadline_ns, rows));
	GH_ENSURE(gh_db_rows(*rows) == 1, GH_E_NOT_FOUND, "the log has no checkpoint yet");
	GH_TRY(gh_db_get_int(*rows, 0, 0, &number));
	*size = (uint64_t)number;
	return gh_db_get_text(*rows, 0, 1, note);
}

gh_result gh_proof_make(struct gh_db *db, uint64_t seq, uint64_t deadline_ns, struct gh_buf *out)
{
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;
	uint8_t proof[GH_MERKLE_PROOF_MAX][GH_MERKLE_HASH_BYTES];
	struct source source = { db, deadline_ns };
	struct gh_slice note;
	uint64_t size;
	size_t count;

	GH_TRY(newest(db, deadline_ns, &rows, &note, &size));
	GH_ENSURE(seq < size, GH_E_NOT_FOUND, "no checkpoint covers entry %llu yet",
	          (unsigned long long)seq);
	GH_TRY(gh_merkle_inclusion(seq, size, range_hash, &source, proof, &count));
	gh_buf_addf(out, VERSION_LINE "index %llu\n", (unsigned long long)seq);
	for (size_t i = 0; i < count; i++) {
		gh_base64_encode(gh_slice(proof[i], sizeof proof[i]), out);
		gh_buf_add_byte(out, '\n');
	}
	gh_buf_add_byte(out, '\n');
	gh_buf_add_slice(out, note);
	return gh_buf_check(out);
}

static gh_result parse_hash(struct gh_slice line, struct gh_proof *out)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf hash = { .limit = 64 };

	GH_ENSURE(out->count < GH_MERKLE_PROOF_MAX, GH_E_FORMAT, "a proof is too long");
	GH_TRY(gh_base64_decode(line, &hash));
	GH_ENSURE(hash.len == GH_MERKLE_HASH_BYTES, GH_E_FORMAT, "a proof's hash is of 32 bytes");
	memcpy(out->hashes[out->count++], hash.data, GH_MERKLE_HASH_BYTES);
	return GH_OK;
}

gh_result gh_proof_parse(struct gh_slice text, struct gh_proof *out)
{
	struct gh_slice rest, line;

	memset(out, 0, sizeof *out);
	GH_ENSURE(gh_slice_starts_with(text, GH_SLICE(VERSION_LINE)), GH_E_FORMAT,
	          "not a tlog-proof");
	rest = gh_slice_sub(text, sizeof VERSION_LINE - 1, SIZE_MAX);
	GH_ENSURE(gh_slice_split(rest, '\n', &line, &rest), GH_E_FORMAT, "a proof ends early");
	if (gh_slice_starts_with(line, GH_SLICE("extra ")))
		GH_ENSURE(gh_slice_split(rest, '\n', &line, &rest), GH_E_FORMAT,
		          "a proof ends early");
	GH_ENSURE(gh_slice_starts_with(line, GH_SLICE("index ")) &&
	              gh_slice_to_u64(gh_slice_sub(line, 6, SIZE_MAX), INT64_MAX, &out->index),
	          GH_E_FORMAT, "a proof has no index");
	for (;;) {
		GH_ENSURE(gh_slice_split(rest, '\n', &line, &rest), GH_E_FORMAT,
		          "a proof ends early");
		if (line.len == 0)
			break;
		GH_TRY(parse_hash(line, out));
	}
	out->checkpoint = rest;
	return GH_OK;
}

gh_result gh_proof_verify(struct gh_slice text, struct gh_slice entry,
                          const struct gh_note_verifier *verifier, struct gh_checkpoint *out)
{
	struct gh_checkpoint checkpoint;
	struct gh_proof proof;
	uint8_t leaf[GH_MERKLE_HASH_BYTES];

	GH_TRY(gh_proof_parse(text, &proof));
	GH_TRY(gh_checkpoint_verify(proof.checkpoint, verifier, &checkpoint));
	gh_merkle_hash_leaf(entry, leaf);
	GH_TRY(gh_merkle_verify_inclusion(proof.index, checkpoint.size, leaf,
	                                  (const uint8_t(*)[32])proof.hashes, proof.count,
	                                  checkpoint.root));
	if (out)
		*out = checkpoint;
	return GH_OK;
}
