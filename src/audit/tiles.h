/* tiles.h: the log as C2SP tlog-tiles (v0.1.0), made from the database when asked: the paths below
 * <prefix>/ on which anybody can check it without us. Nothing here belongs to a tenant. */
#ifndef GH_AUDIT_TILES_H
#define GH_AUDIT_TILES_H

#include "db/db.h"

#define GH_TILE_WIDTH 256

enum gh_tile_kind { GH_TILE_CHECKPOINT, GH_TILE_HASHES, GH_TILE_ENTRIES };

struct gh_tile_path {
	enum gh_tile_kind kind;
	unsigned level; /* of GH_TILE_HASHES, 0..63 */
	uint64_t index;
	unsigned width; /* 1..256; 256: a full tile */
};

/* "checkpoint", "tile/<L>/<N>[.p/<W>]", "tile/entries/<N>[.p/<W>]", without a leading slash. One
 * spelling for each path: GH_E_FORMAT for any other. */
gh_result gh_tile_path_parse(struct gh_slice path, struct gh_tile_path *out);

/* Appends the resource. *content_type is a literal; *immutable says that it never changes (tiles;
 * the checkpoint does). Serves what the newest checkpoint covers and nothing beyond:
 * GH_E_NOT_FOUND. GH_E_FORMAT for a path that is none; what db.h says else. Any gatehouse role that
 * may read the log's tables will do (app or log). */
gh_result gh_tiles_get(struct gh_db *db, struct gh_slice path, uint64_t deadline_ns,
                       const char **content_type, bool *immutable, struct gh_buf *out);

#endif
