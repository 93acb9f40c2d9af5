/* What an outsider can check with the checkpoint, the bundles and the tiles alone: the entries hash
 * to the tiles, the tiles to each other, and all of it to the signed root. */
#include <stdio.h>
#include <string.h>

#include "audit/sequencer_parts.h"
#include "audit/tiles.h"
#include "audit/verify_parts.h"

#define LEVELS       8
#define BUNDLE_LIMIT (256 * (2 + 65535))

struct level {
	uint8_t hashes[GH_TILE_WIDTH][32];
	unsigned count;
	uint64_t index; /* of the tile that is being filled */
};

struct walk {
	const struct gh_tile_source *source;
	struct gh_verify_report *report;
	struct gh_merkle tree;
	struct level levels[LEVELS];
	struct gh_buf bytes;
};

/* "tile/0/x001/x234/067", ".p/W" when it is not full. `level` -1: entries. */
static void format_path(char *out, size_t size, int level, uint64_t index, unsigned width)
{
	char groups[40] = "", name[16] = "entries", partial[8] = "";
	uint64_t rest = index / 1000;

	snprintf(groups, sizeof groups, "%03u", (unsigned)(index % 1000));
	for (; rest > 0; rest /= 1000) {
		char more[40];

		snprintf(more, sizeof more, "x%03u/%.30s", (unsigned)(rest % 1000), groups);
		memcpy(groups, more, sizeof groups);
	}
	if (level >= 0)
		snprintf(name, sizeof name, "%d", level);
	if (width < GH_TILE_WIDTH)
		snprintf(partial, sizeof partial, ".p/%u", width);
	snprintf(out, size, "tile/%s/%s%s", name, groups, partial);
}

static void wrong_tile(struct walk *walk, const char *path, const char *reason)
{
	if (gh_verify_stopped(walk->report))
		return;
	gh_verify_wrong(walk->report, GH_VERIFY_TILE, 0, "%s", reason);
	snprintf(walk->report->part, sizeof walk->report->part, "%s", path);
}

/* False: it is not there, and the report says so. */
static gh_result fetch(struct walk *walk, const char *path, bool *there)
{
	enum gh_code code;

	gh_buf_clear(&walk->bytes);
	code = walk->source->fetch(walk->source->context, path, &walk->bytes);
	*there = code == GH_OK;
	if (code == GH_E_NOT_FOUND) {
		wrong_tile(walk, path, "it is not served");
		return GH_OK;
	}
	return code;
}

/* Compares the hashes that we made with the tile that is served, and passes their root up. */
static gh_result close_tile(struct walk *walk, unsigned number)
{
	struct level *level = &walk->levels[number];
	struct gh_merkle tree = { 0 };
	uint8_t root[32];
	char path[80];
	bool there;

	format_path(path, sizeof path, (int)number, level->index, level->count);
	GH_TRY(fetch(walk, path, &there));
	if (!there)
		return GH_OK;
	if (walk->bytes.len != 32 * (size_t)level->count) {
		wrong_tile(walk, path, "it has another length");
		return GH_OK;
	}
	for (unsigned i = 0; i < level->count; i++) {
		if (memcmp(walk->bytes.data + 32 * (size_t)i, level->hashes[i], 32) != 0) {
			if (number == 0)
				gh_verify_wrong(walk->report, GH_VERIFY_ENTRY,
				                level->index * GH_TILE_WIDTH + i,
				                "its bundle and its tile disagree");
			wrong_tile(walk, path, "it does not follow from the tiles below");
			return GH_OK;
		}
		GH_TRY(gh_merkle_append_leaf(&tree, level->hashes[i]));
	}
	if (level->count < GH_TILE_WIDTH)
		return GH_OK;
	level->count = 0;
	level->index++;
	GH_ENSURE(number + 1 < LEVELS, GH_E_LIMIT, "the log is too large to check");
	gh_merkle_root(&tree, root);
	struct level *above = &walk->levels[number + 1];
	memcpy(above->hashes[above->count++], root, sizeof root);
	return above->count == GH_TILE_WIDTH ? close_tile(walk, number + 1) : GH_OK;
}

static gh_result take_bundle(struct walk *walk, const char *path, unsigned width)
{
	struct gh_slice rest = gh_buf_slice(&walk->bytes);
	struct level *level = &walk->levels[0];

	for (unsigned i = 0; i < width; i++) {
		size_t len = rest.len >= 2 ? (size_t)rest.data[0] << 8 | rest.data[1] : SIZE_MAX;

		if (len > rest.len - 2 || len == SIZE_MAX) {
			wrong_tile(walk, path, "it ends early");
			return GH_OK;
		}
		gh_merkle_hash_leaf(gh_slice(rest.data + 2, len), level->hashes[level->count]);
		GH_TRY(gh_merkle_append_leaf(&walk->tree, level->hashes[level->count++]));
		rest = gh_slice_sub(rest, 2 + len, SIZE_MAX);
	}
	if (rest.len > 0)
		wrong_tile(walk, path, "it is too long");
	return GH_OK;
}

static gh_result walk_entries(struct walk *walk, uint64_t size)
{
	while (walk->tree.size < size && !gh_verify_stopped(walk->report)) {
		uint64_t left = size - walk->tree.size;
		unsigned width = left < GH_TILE_WIDTH ? (unsigned)left : GH_TILE_WIDTH;
		char path[80];
		bool there;

		format_path(path, sizeof path, -1, walk->tree.size / GH_TILE_WIDTH, width);
		GH_TRY(fetch(walk, path, &there));
		if (!there)
			return GH_OK;
		GH_TRY(take_bundle(walk, path, width));
		if (gh_verify_stopped(walk->report))
			return GH_OK;
		walk->report->entries += width;
		if (width == GH_TILE_WIDTH)
			GH_TRY(close_tile(walk, 0));
	}
	for (unsigned i = 0; i < LEVELS && !gh_verify_stopped(walk->report); i++)
		if (walk->levels[i].count > 0)
			GH_TRY(close_tile(walk, i));
	return GH_OK;
}

static gh_result check(struct walk *walk, const struct gh_note_verifier *verifier)
{
	struct gh_checkpoint checkpoint;
	uint8_t root[32];
	bool there;

	GH_TRY(fetch(walk, "checkpoint", &there));
	if (!there)
		return GH_OK;
	if (gh_checkpoint_verify(gh_buf_slice(&walk->bytes), verifier, &checkpoint) != GH_OK) {
		gh_verify_wrong(walk->report, GH_VERIFY_CHECKPOINT, 0, "%s", gh_last_error()->text);
		return GH_OK;
	}
	walk->report->size = checkpoint.size;
	walk->report->checkpoint_size = checkpoint.size;
	walk->report->checkpoints = 1;
	memcpy(walk->report->root, checkpoint.root, 32);
	GH_TRY(walk_entries(walk, checkpoint.size));
	gh_merkle_root(&walk->tree, root);
	if (!gh_verify_stopped(walk->report) && memcmp(root, walk->report->root, 32) != 0)
		gh_verify_wrong(walk->report, GH_VERIFY_CHECKPOINT, checkpoint.size,
		                "the entries below it do not give the root that was signed");
	return GH_OK;
}

gh_result gh_verify_tiles(const struct gh_tile_source *source,
                          const struct gh_note_verifier *verifier, struct gh_verify_report *report)
{
	struct walk walk = { .source = source, .report = report };
	enum gh_code code;

	memset(report, 0, sizeof *report);
	gh_buf_init(&walk.bytes, BUNDLE_LIMIT, false);
	code = check(&walk, verifier);
	gh_buf_free(&walk.bytes);
	report->ok = code == GH_OK && !gh_verify_stopped(report);
	return code;
}
