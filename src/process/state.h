/* state.h: the state directory of `gatehouse up`, held by descriptor. Everybody below reaches it as
 * /proc/self/fd/N, inherited: it works when an unprivileged process may not walk the parents
 * (a 0700 home of root), and PostgreSQL's socket path stays far below the 107 bytes of sun_path. */
#ifndef GH_PROCESS_STATE_H
#define GH_PROCESS_STATE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/result.h"

#define GH_STATE_PATH_BYTES 96

struct gh_state {
	int fd;    /* inherited by every child on purpose; closed by gh_state_close */
	uid_t uid; /* who owns the directory and whom all processes run as; never 0 */
	gid_t gid;
	char path[GH_STATE_PATH_BYTES]; /* "/proc/self/fd/N" */
};

/* Opens DIR; with `create` makes it (mode 0700) when absent. As root, a fresh directory is given to
 * `user`, or to "gatehouse", or to "nobody": PostgreSQL and the gateway never run as root. A
 * directory that others may read is refused with GH_E_DENIED, as is one that the caller does not
 * own. Errors carry a text that names what to do. */
gh_result gh_state_open(const char *dir, bool create, const char *user, struct gh_state *out);
void gh_state_close(struct gh_state *state);

/* Leaves root for good (groups, gid, uid), when root. No effect otherwise. */
gh_result gh_state_drop_privileges(const struct gh_state *state);

/* "<path>/<name>" into a caller's buffer of GH_STATE_PATH_BYTES. */
void gh_state_join(const struct gh_state *state, const char *name, char out[GH_STATE_PATH_BYTES]);

/* Writes a whole file of mode 0600 so that it is there in full or not at all: temporary name,
 * fsync, rename, fsync of the directory. `name` is relative to the state directory. */
gh_result gh_state_write(const struct gh_state *state, const char *name, const void *data,
                         size_t len);

/* One supervisor a directory: takes the lock for the life of the process, or GH_E_CONFLICT. */
gh_result gh_state_lock(const struct gh_state *state);

#endif
