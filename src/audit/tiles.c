/* Tiles are cut from the stored entries when asked. A full tile of level L stands over 256^(L+1)
 * leaves, all of which are read: level 0 and the bundles cost one small query, the rare upper
 * levels cost a pass over what they cover and are meant to be cached by their immutability. */
#include "audit/tiles.h"

#include "audit/merkle.h"
#include "audit/sequencer_parts.h"

#define LEVEL_MAX 6 /* 256^7 leaves are beyond any log of ours */

static gh_result newest_size(struct gh_db *db, uint64_t deadline_ns, uint64_t *size)
{
	static const struct gh_db_statement statement = {
		.sql = "SELECT coalesce(max(size), 0) FROM gatehouse.log_checkpoint",
		.reads = true,
	};
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;
	int64_t number;

	GH_TRY(gh_db_exec(db, &statement, deadline_ns, &rows));
	GH_TRY(gh_db_get_int(rows, 0, 0, &number));
	*size = (uint64_t)number;
	return GH_OK;
}

static gh_result checkpoint(struct gh_db *db, uint64_t deadline_ns, struct gh_buf *out)
{
	static const struct gh_db_statement statement = {
		.sql = "SELECT note FROM gatehouse.log_checkpoint ORDER BY size DESC LIMIT 1",
		.reads = true,
	};
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;
	struct gh_slice note;

	GH_TRY(gh_db_exec(db, &statement, deadline_ns, &rows));
	GH_ENSURE(gh_db_rows(rows) == 1, GH_E_NOT_FOUND, "the log has no checkpoint yet");
	GH_TRY(gh_db_get_text(rows, 0, 0, &note));
	gh_buf_add_slice(out, note);
	return gh_buf_check(out);
}

static gh_result add_entry(void *context, uint64_t seq,
                           const uint8_t commitment[GH_AUDIT_COMMITMENT_BYTES])
{
	struct gh_buf *out = context;

	gh_buf_add(out, "\x00\x21\x01", 3); /* the length of an entry, and its version */
	gh_buf_add(out, commitment, GH_AUDIT_COMMITMENT_BYTES);
	return gh_buf_check(out);
}

struct cut {
	struct gh_merkle tree; /* over the leaves of the hash that is being made */
	uint64_t leaves;       /* below one hash of the tile */
	struct gh_buf *out;
};

static gh_result add_leaf(void *context, uint64_t seq,
                          const uint8_t commitment[GH_AUDIT_COMMITMENT_BYTES])
{
	struct cut *cut = context;
	uint8_t hash[32];

	gh_audit_leaf(commitment, hash);
	GH_TRY(gh_merkle_append_leaf(&cut->tree, hash));
	if (cut->tree.size < cut->leaves)
		return GH_OK;
	gh_merkle_root(&cut->tree, hash);
	cut->tree = (struct gh_merkle){ 0 };
	gh_buf_add(cut->out, hash, sizeof hash);
	return gh_buf_check(cut->out);
}

/* Whether a log of `size` entries has this tile, or had it: all its hashes are over full subtrees
 * below `size`. */
static gh_result range_of(const struct gh_tile_path *path, uint64_t size, uint64_t *begin,
                          uint64_t *end)
{
	unsigned shift = 8 * path->level;

	GH_ENSURE(path->level <= LEVEL_MAX, GH_E_NOT_FOUND, "no such tile");
	uint64_t hashes = size >> shift;
	GH_ENSURE(path->index <= hashes / GH_TILE_WIDTH &&
	              path->index * GH_TILE_WIDTH + path->width <= hashes,
	          GH_E_NOT_FOUND, "no such tile");
	*begin = path->index * GH_TILE_WIDTH << shift;
	*end = (path->index * GH_TILE_WIDTH + path->width) << shift;
	return GH_OK;
}

gh_result gh_tiles_get(struct gh_db *db, struct gh_slice path, uint64_t deadline_ns,
                       const char **content_type, bool *immutable, struct gh_buf *out)
{
	struct gh_tile_path tile;
	uint64_t size, begin, end;

	GH_TRY(gh_tile_path_parse(path, &tile));
	*immutable = tile.kind != GH_TILE_CHECKPOINT;
	*content_type = *immutable ? "application/octet-stream" : "text/plain; charset=utf-8";
	if (tile.kind == GH_TILE_CHECKPOINT)
		return checkpoint(db, deadline_ns, out);
	GH_TRY(newest_size(db, deadline_ns, &size));
	GH_TRY(range_of(&tile, size, &begin, &end));
	if (tile.kind == GH_TILE_ENTRIES)
		return gh_log_entries(db, begin, end, deadline_ns, add_entry, out);
	struct cut cut = { .leaves = UINT64_C(1) << (8 * tile.level), .out = out };
	return gh_log_entries(db, begin, end, deadline_ns, add_leaf, &cut);
}
