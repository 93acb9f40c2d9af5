/* tar.h: the one form of an archive that a pack may have: POSIX ustar, names ascending by bytes, no
 * two alike, regular files only, mode 0644, owner 0, time 0, two zero blocks and nothing after
 * them. One content has one archive, so that a digest of it means something. Any tar reads it, and
 * GNU's writes it: tar --format=ustar --mode=0644 --owner=0 --group=0 --numeric-owner --mtime=@0
 * -b1 with the names in order. */
#ifndef GH_POLICY_PACK_TAR_H
#define GH_POLICY_PACK_TAR_H

#include "base/buf.h"
#include "base/result.h"
#include "base/slice.h"

#define GH_TAR_MAX_MEMBERS 256
#define GH_TAR_PATH_BYTES  99

struct gh_tar_member {
	struct gh_slice path;    /* [A-Za-z0-9._-]+ joined by '/', no part "." or ".." */
	struct gh_slice content; /* at most 8 GiB - 1 by the format; by callers' limits less */
};

bool gh_tar_path_is_fine(struct gh_slice path);

/* Into the order of an archive. */
void gh_tar_sort(struct gh_tar_member *members, size_t count);

/* Appends the archive. GH_E_ARGUMENT when a path is not fine or they do not ascend. */
gh_result gh_tar_write(const struct gh_tar_member *members, size_t count, struct gh_buf *out);

/* Takes it apart; slices point into `raw_tar`. GH_E_FORMAT for every byte that gh_tar_write would
 * not have written, GH_E_LIMIT for more than GH_TAR_MAX_MEMBERS. */
gh_result gh_tar_read(struct gh_slice raw_tar, struct gh_tar_member members[GH_TAR_MAX_MEMBERS],
                      size_t *count);

/* NULL content when there is no such member. */
struct gh_slice gh_tar_find(const struct gh_tar_member *members, size_t count, const char *path);

#endif
