/* Files are written whole or not at all; programs run with nothing of our environment. */
#include "db/cluster_files.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

static gh_result write_all(int fd, struct gh_slice content)
{
	while (content.len > 0) {
		ssize_t wrote = write(fd, content.data, content.len);

		if (wrote < 0 && errno == EINTR)
			continue;
		GH_ENSURE(wrote > 0, GH_E_IO, "cannot write a file (errno %d)", errno);
		content = gh_slice_sub(content, (size_t)wrote, content.len);
	}
	return GH_OK;
}

gh_result gh_file_replace(const char *path, struct gh_slice content)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf temporary = { 0 };
	GH_CLEANUP(gh_fd_close_ptr) int fd = -1;

	gh_buf_addf(&temporary, "%s.new", path);
	GH_TRY(gh_buf_check(&temporary));
	(void)unlink(gh_buf_cstr(&temporary)); /* left over, or not there */
	fd = open(gh_buf_cstr(&temporary), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
	          0600);
	GH_ENSURE(fd >= 0, GH_E_IO, "cannot make %s (errno %d)", path, errno);
	GH_TRY(write_all(fd, content));
	GH_ENSURE(fsync(fd) == 0 && rename(gh_buf_cstr(&temporary), path) == 0, GH_E_IO,
	          "cannot put %s in place (errno %d)", path, errno);
	return GH_OK;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
	return remove(path);
}

gh_result gh_tree_remove(const char *path)
{
	if (access(path, F_OK) != 0 && errno == ENOENT)
		return GH_OK;
	GH_ENSURE(nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) == 0, GH_E_IO,
	          "cannot remove %s (errno %d)", path, errno);
	return GH_OK;
}

gh_result gh_private_directory(const char *path)
{
	struct stat status;

	GH_ENSURE(mkdir(path, 0700) == 0 || errno == EEXIST, GH_E_IO, "cannot make %s (errno %d)",
	          path, errno);
	GH_ENSURE(lstat(path, &status) == 0 && S_ISDIR(status.st_mode) &&
	              status.st_uid == geteuid() && (status.st_mode & 077) == 0,
	          GH_E_DENIED, "%s is not a directory of this user alone (mode 0700)", path);
	return GH_OK;
}

/* Reads until the end of the pipe or the deadline. */
static gh_result drain(int fd, uint64_t deadline_ns, struct gh_buf *out)
{
	for (;;) {
		struct pollfd poller = { .fd = fd, .events = POLLIN };
		uint64_t now = gh_clock_mono_ns();
		char bytes[4096];
		ssize_t got;

		GH_ENSURE(now < deadline_ns, GH_E_LIMIT, "a program did not end in time");
		if (poll(&poller, 1, 100) <= 0)
			continue;
		got = read(fd, bytes, sizeof bytes);
		if (got < 0 && errno == EINTR)
			continue;
		GH_ENSURE(got >= 0, GH_E_IO, "cannot read from a program (errno %d)", errno);
		if (got == 0)
			return GH_OK;
		gh_buf_add(out, bytes, (size_t)got); /* beyond the limit it is dropped */
	}
}

static gh_result spawn(const char *const argv[], int output, pid_t *pid)
{
	static const char *const environment[] = { "PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=UTC",
		                                   NULL };
	posix_spawn_file_actions_t actions;
	int failed;

	GH_ENSURE(posix_spawn_file_actions_init(&actions) == 0, GH_E_MEMORY, "out of memory");
	failed = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0) ||
	         posix_spawn_file_actions_adddup2(&actions, output, 1) ||
	         posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	if (!failed)
		failed = posix_spawn(pid, argv[0], &actions, NULL, (char *const *)argv,
		                     (char *const *)environment);
	posix_spawn_file_actions_destroy(&actions);
	GH_ENSURE(!failed, GH_E_IO, "cannot run %s (error %d)", argv[0], failed);
	return GH_OK;
}

gh_result gh_run_program(const char *const argv[], uint64_t deadline_ns, struct gh_buf *out,
                         int *exit_code)
{
	GH_CLEANUP(gh_fd_close_ptr) int reader = -1;
	GH_CLEANUP(gh_fd_close_ptr) int writer = -1;
	enum gh_code code;
	int ends[2], status = -1;
	pid_t pid;

	if (exit_code)
		*exit_code = -1;
	GH_ENSURE(pipe2(ends, O_CLOEXEC) == 0, GH_E_IO, "pipe: errno %d", errno);
	reader = ends[0];
	writer = ends[1];
	GH_TRY(spawn(argv, writer, &pid));
	close(writer); /* so that the pipe ends with the program */
	writer = -1;
	code = drain(reader, deadline_ns, out);
	if (code != GH_OK)
		(void)kill(pid, SIGKILL); /* ours, and not reaped yet */
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	GH_TRY(code);
	if (WIFEXITED(status) && exit_code)
		*exit_code = WEXITSTATUS(status);
	GH_ENSURE(WIFEXITED(status) && WEXITSTATUS(status) == 0, GH_E_IO, "%s ended with status %d",
	          argv[0], WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	return GH_OK;
}
