/* cluster_files.h: the files and child processes of the embedded cluster. */
#ifndef GH_DB_CLUSTER_FILES_H
#define GH_DB_CLUSTER_FILES_H

#include "base/buf.h"
#include "base/result.h"

/* Writes a 0600 file under a temporary name, syncs it and renames it into place. */
gh_result gh_file_replace(const char *path, struct gh_slice content);
/* Removes a tree; a missing one is fine. Follows no symbolic link. */
gh_result gh_tree_remove(const char *path);
/* Makes a directory of mode 0700, or checks that an existing one is ours alone. */
gh_result gh_private_directory(const char *path);

/* Runs argv[0] with a bare environment and its standard output in `out` (at most its limit); the
 * rest goes to /dev/null. Killed at the deadline. GH_E_IO when it cannot run or does not exit 0;
 * *exit_code (may be NULL) is then what it said, or -1. */
gh_result gh_run_program(const char *const argv[], uint64_t deadline_ns, struct gh_buf *out,
                         int *exit_code);

#endif
