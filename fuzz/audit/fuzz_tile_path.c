/* Tile paths on any bytes: what is taken has exactly one spelling, so that writing it again gives
 * the input back. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/tiles.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_index(char *out, size_t size, uint64_t index)
{
	char groups[64];

	snprintf(groups, sizeof groups, "%03u", (unsigned)(index % 1000));
	for (index /= 1000; index > 0; index /= 1000) {
		char more[64];

		snprintf(more, sizeof more, "x%03u/%.50s", (unsigned)(index % 1000), groups);
		memcpy(groups, more, sizeof groups);
	}
	snprintf(out, size, "%s", groups);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gh_tile_path path;
	uint8_t *exact = malloc(size ? size : 1);
	char again[160], index[64], level[16] = "entries", partial[8] = "";

	memcpy(exact, data, size);
	if (gh_tile_path_parse(gh_slice(exact, size), &path) == GH_OK) {
		if (path.kind != GH_TILE_CHECKPOINT &&
		    (path.width < 1 || path.width > GH_TILE_WIDTH || path.level > 63))
			abort();
		if (path.kind == GH_TILE_HASHES)
			snprintf(level, sizeof level, "%u", path.level);
		if (path.width < GH_TILE_WIDTH)
			snprintf(partial, sizeof partial, ".p/%u", path.width);
		write_index(index, sizeof index, path.index);
		snprintf(again, sizeof again, "tile/%s/%s%s", level, index, partial);
		if (path.kind == GH_TILE_CHECKPOINT)
			snprintf(again, sizeof again, "checkpoint");
		if (strlen(again) != size || memcmp(again, exact, size) != 0)
			abort();
	}
	free(exact);
	return 0;
}
