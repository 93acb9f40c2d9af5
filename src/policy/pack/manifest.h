/* manifest.h: what a pack says of itself, in canonical JSON (RFC 8785): for which tenant, after
 * which pack, from when to when, and the digest of every file. The pack's own digest is SHA-256 of
 * these bytes; signatures are over them. */
#ifndef GH_POLICY_PACK_MANIFEST_H
#define GH_POLICY_PACK_MANIFEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/uuid.h"
#include "policy/pack/refusal.h"
#include "policy/pack/tar.h"

#define GH_PACK_MAX_BYTES     ((size_t)4 << 20)
#define GH_MANIFEST_MAX_BYTES 65536
#define GH_MANIFEST_TEXT      200
#define GH_PACK_LANGUAGE      "cedar 4.5" /* what this engine speaks */
#define GH_PACK_REVISION_MAX  9007199254740991ull

struct gh_manifest_file {
	char path[GH_TAR_PATH_BYTES + 1];
	uint64_t size;
	uint8_t sha256[32];
};

struct gh_manifest {
	struct gh_uuid tenant;
	char name[GH_MANIFEST_TEXT + 1];   /* of the pack */
	char change[GH_MANIFEST_TEXT + 1]; /* why this revision: a ticket, a sentence */
	uint64_t revision;
	bool has_prev;
	uint8_t prev_digest[32];
	uint64_t rollback_of; /* the revision whose content returns; 0: no rollback */
	int64_t effective_from_s, expires_s;
	bool strict_errors; /* any policy that errs denies, not only a forbid */
	size_t file_count;
	struct gh_manifest_file files[GH_TAR_MAX_MEMBERS];
};

/* GH_E_DENIED with *why: bad-manifest, not-canonical or language-too-new. *out is large: 40 KiB. */
gh_result gh_manifest_parse(struct gh_slice raw_json, struct gh_manifest *out,
                            struct gh_pack_refusal *why);
gh_result gh_manifest_write(const struct gh_manifest *manifest, struct gh_buf *out);

/* Seconds since 1970 from "2026-11-24T09:00:00Z", and back; times before 1970 are refused. */
bool gh_pack_time_parse(struct gh_slice text, int64_t *unix_s);
#define GH_PACK_TIME_BYTES 21
void gh_pack_time_format(int64_t unix_s, char out[GH_PACK_TIME_BYTES]);

#endif
