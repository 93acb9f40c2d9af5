#include "process/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whom a root caller's processes run as. */
static gh_result find_user(const char *user, uid_t *uid, gid_t *gid)
{
	const char *const candidates[] = { "gatehouse", "nobody" };
	struct passwd *entry = user ? getpwnam(user) : NULL;

	GH_ENSURE(entry || !user, GH_E_NOT_FOUND,
	          "there is no user %s: name one that exists with --user", user);
	for (size_t i = 0; !entry && i < GH_ARRAY_LEN(candidates); i++)
		entry = getpwnam(candidates[i]);
	GH_ENSURE(entry && entry->pw_uid != 0, GH_E_DENIED,
	          "Gatehouse does not run as root: name an unprivileged user with --user");
	*uid = entry->pw_uid;
	*gid = entry->pw_gid;
	return GH_OK;
}

static bool is_empty(const struct gh_state *state)
{
	DIR *listing = opendir(state->path);
	int entries = 0;

	while (listing && readdir(listing) && entries <= 2)
		entries++;
	if (listing)
		closedir(listing);
	return listing && entries <= 2; /* "." and ".." */
}

static gh_result adopt(struct gh_state *state, const struct stat *info, const char *user,
                       bool fresh)
{
	if (geteuid() != 0) {
		GH_ENSURE(info->st_uid == geteuid(), GH_E_DENIED,
		          "the state directory belongs to another user: choose one of your own");
		state->uid = geteuid();
		state->gid = getegid();
		return GH_OK;
	}
	if (info->st_uid != 0 && !fresh) {
		state->uid = info->st_uid;
		state->gid = info->st_gid;
		return GH_OK;
	}
	/* Never chown what may be somebody's: "--state /" must not end badly. */
	GH_ENSURE(fresh || is_empty(state), GH_E_DENIED,
	          "the state directory is root's and not empty: name a new or empty one");
	GH_TRY(find_user(user, &state->uid, &state->gid));
	GH_ENSURE(fchown(state->fd, state->uid, state->gid) == 0, GH_E_IO,
	          "the state directory cannot be given to its user: %s", strerror(errno));
	return GH_OK;
}

gh_result gh_state_open(const char *dir, bool create, const char *user, struct gh_state *out)
{
	bool fresh = create && mkdir(dir, 0700) == 0;
	struct stat info;

	*out = (struct gh_state){ .fd = -1 };
	/* Not close-on-exec: PostgreSQL reaches its data through it. */
	int fd = open(dir, O_RDONLY | O_DIRECTORY);
	GH_ENSURE(fd >= 0, errno == ENOENT ? GH_E_NOT_FOUND : GH_E_IO,
	          "cannot open the state directory %s: %s", dir, strerror(errno));
	/* A high number stays clear of the descriptors that shells and test harnesses pass on. */
	out->fd = fcntl(fd, F_DUPFD, 100);
	close(fd);
	GH_ENSURE(out->fd >= 0, GH_E_IO, "no descriptor for the state directory: %s",
	          strerror(errno));
	snprintf(out->path, sizeof out->path, "/proc/self/fd/%d", out->fd);

	GH_ENSURE(fstat(out->fd, &info) == 0, GH_E_IO, "cannot look at the state directory: %s",
	          strerror(errno));
	GH_TRY(adopt(out, &info, user, fresh));
	GH_ENSURE(!(info.st_mode & 0077) || fchmod(out->fd, 0700) == 0, GH_E_DENIED,
	          "the state directory may be read by others: chmod 700 %s", dir);
	return GH_OK;
}

void gh_state_close(struct gh_state *state)
{
	if (state->fd >= 0)
		close(state->fd);
	state->fd = -1;
}

gh_result gh_state_drop_privileges(const struct gh_state *state)
{
	if (geteuid() != 0)
		return GH_OK;
	GH_ENSURE(setgroups(0, NULL) == 0 && setresgid(state->gid, state->gid, state->gid) == 0 &&
	              setresuid(state->uid, state->uid, state->uid) == 0 && setuid(0) != 0,
	          GH_E_DENIED, "cannot leave root: %s", strerror(errno));
	return GH_OK;
}

void gh_state_join(const struct gh_state *state, const char *name, char out[GH_STATE_PATH_BYTES])
{
	snprintf(out, GH_STATE_PATH_BYTES, "%.24s/%.60s", state->path, name);
}

gh_result gh_state_write(const struct gh_state *state, const char *name, const void *data,
                         size_t len)
{
	char temporary[80];
	size_t done = 0;

	snprintf(temporary, sizeof temporary, "%.60s.new", name);
	GH_CLEANUP(gh_fd_close_ptr)
	int fd = openat(state->fd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	GH_ENSURE(fd >= 0, GH_E_IO, "cannot create %s: %s", temporary, strerror(errno));
	while (done < len) {
		ssize_t n = write(fd, (const char *)data + done, len - done);
		GH_ENSURE(n > 0 || (n < 0 && errno == EINTR), GH_E_IO, "cannot write %s: %s",
		          temporary, strerror(errno));
		done += n > 0 ? (size_t)n : 0;
	}
	GH_ENSURE(fsync(fd) == 0 && renameat(state->fd, temporary, state->fd, name) == 0 &&
	              fsync(state->fd) == 0,
	          GH_E_IO, "cannot put %s in place: %s", name, strerror(errno));
	return GH_OK;
}

gh_result gh_state_lock(const struct gh_state *state)
{
	/* On the directory itself: nothing to leave behind, released with the last descriptor. */
	int fd = open(state->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	GH_ENSURE(fd >= 0, GH_E_IO, "cannot open the state directory: %s", strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		close(fd);
		return gh_fail(GH_E_CONFLICT,
		               "another gatehouse runs on this state directory: stop it first");
	}
	return GH_OK; /* held until the process ends */
}
