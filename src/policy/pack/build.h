/* build.h: packs from files, and signatures onto packs. Making a pack checks nothing that opening
 * it checks again; what is made from the same files and the same manifest is the same, byte by
 * byte. */
#ifndef GH_POLICY_PACK_BUILD_H
#define GH_POLICY_PACK_BUILD_H

#include "crypto/key.h"
#include "policy/pack/manifest.h"

/* The files of a folder, in the order of an archive. Owned; gh_pack_files_free. */
struct gh_pack_files {
	struct gh_tar_member members[GH_TAR_MAX_MEMBERS];
	size_t count;
	struct gh_arena *arena;
};

/* Reads policies/, entities/, tests/, schema.cedarschema, diff.json and shadow.json below `dir`;
 * other files are left out. GH_E_NOT_FOUND, GH_E_IO, GH_E_LIMIT, GH_E_FORMAT (a name that an
 * archive cannot have). */
gh_result gh_pack_read_folder(const char *dir, struct gh_pack_files *out);
void gh_pack_files_free(struct gh_pack_files *files); /* for GH_CLEANUP too */

/* Fills manifest->files from the members and appends the archive, unsigned. */
gh_result gh_pack_build(const struct gh_tar_member *members, size_t count,
                        struct gh_manifest *manifest, struct gh_buf *out);

/* Appends the archive with one signature more. GH_E_CONFLICT when the key has signed; GH_E_FORMAT
 * when raw_tar is no pack. */
gh_result gh_pack_sign(struct gh_slice raw_tar, const struct gh_key *key, int64_t now_s,
                       struct gh_buf *out);

#endif
