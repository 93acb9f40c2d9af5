/* One spelling for each path, so that caches hold one copy and nothing hides behind another. */
#include "audit/tiles.h"

/* Three digits. */
static bool take_group(struct gh_slice *rest, uint64_t *number)
{
	unsigned value = 0;

	if (rest->len < 3)
		return false;
	for (size_t i = 0; i < 3; i++) {
		if (rest->data[i] < '0' || rest->data[i] > '9')
			return false;
		value = value * 10 + rest->data[i] - '0';
	}
	/* 64 bits hold any index of a tree of 2^63 entries; more groups are no such index. */
	if (*number > (UINT64_C(1) << 55) / 1000)
		return false;
	*number = *number * 1000 + value;
	*rest = gh_slice_sub(*rest, 3, SIZE_MAX);
	return true;
}

/* x001/x234/067: the first of several groups is not 000. */
static bool take_index(struct gh_slice *rest, uint64_t *index)
{
	bool first = true;

	*index = 0;
	while (rest->len > 0 && rest->data[0] == 'x') {
		*rest = gh_slice_sub(*rest, 1, SIZE_MAX);
		if (!take_group(rest, index) || (first && *index == 0) || rest->len == 0 ||
		    rest->data[0] != '/')
			return false;
		*rest = gh_slice_sub(*rest, 1, SIZE_MAX);
		first = false;
	}
	return take_group(rest, index);
}

static bool parse_tile(struct gh_slice path, struct gh_tile_path *out)
{
	struct gh_slice level, rest;
	uint64_t number;

	if (!gh_slice_split(path, '/', &level, &rest))
		return false;
	out->kind = gh_slice_eq_str(level, "entries") ? GH_TILE_ENTRIES : GH_TILE_HASHES;
	out->level = 0;
	if (out->kind == GH_TILE_HASHES) {
		if (!gh_slice_to_u64(level, 63, &number))
			return false;
		out->level = (unsigned)number;
	}
	if (!take_index(&rest, &out->index))
		return false;
	out->width = GH_TILE_WIDTH;
	if (rest.len == 0)
		return true;
	if (!gh_slice_starts_with(rest, GH_SLICE(".p/")) ||
	    !gh_slice_to_u64(gh_slice_sub(rest, 3, SIZE_MAX), GH_TILE_WIDTH - 1, &number) ||
	    number == 0)
		return false;
	out->width = (unsigned)number;
	return true;
}

gh_result gh_tile_path_parse(struct gh_slice path, struct gh_tile_path *out)
{
	*out = (struct gh_tile_path){ .kind = GH_TILE_CHECKPOINT };
	if (gh_slice_eq_str(path, "checkpoint"))
		return GH_OK;
	GH_ENSURE(gh_slice_starts_with(path, GH_SLICE("tile/")) &&
	              parse_tile(gh_slice_sub(path, 5, SIZE_MAX), out),
	          GH_E_FORMAT, "not the path of a tile");
	return GH_OK;
}
