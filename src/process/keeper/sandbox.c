/* Landlock's numbers are written out, since the headers of Debian 12 know its first versions only;
 * the kernel says which version it has and gets no bit that it does not know. */
#include "process/keeper/sandbox.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <seccomp.h>

#include "base/log.h"

#define SYS_LANDLOCK_CREATE_RULESET 444
#define SYS_LANDLOCK_ADD_RULE       445
#define SYS_LANDLOCK_RESTRICT_SELF  446
#define LANDLOCK_VERSION_QUERY      1u
#define LANDLOCK_PATH_BENEATH       1

#define FS_EXECUTE     (1ull << 0)
#define FS_WRITE_FILE  (1ull << 1)
#define FS_READ_FILE   (1ull << 2)
#define FS_READ_DIR    (1ull << 3)
#define FS_REMOVE_FILE (1ull << 5)
#define FS_MAKE_REG    (1ull << 8)
#define FS_ALL_V1      ((1ull << 13) - 1)
#define FS_REFER       (1ull << 13) /* version 2 */
#define FS_TRUNCATE    (1ull << 14) /* version 3 */
#define FS_IOCTL_DEV   (1ull << 15) /* version 5 */
#define NET_BIND_TCP   (1ull << 0)  /* version 4 */
#define NET_CONNECT    (1ull << 1)

struct landlock_ruleset {
	uint64_t handled_fs;
	uint64_t handled_net;
};

struct landlock_path {
	uint64_t allowed;
	int32_t parent_fd;
} __attribute__((packed));

static gh_result restrict_files(int dir_fd, long version)
{
	struct landlock_ruleset rules = { .handled_fs = FS_ALL_V1 };

	if (version >= 2)
		rules.handled_fs |= FS_REFER;
	if (version >= 3)
		rules.handled_fs |= FS_TRUNCATE;
	if (version >= 5)
		rules.handled_fs |= FS_IOCTL_DEV;
	if (version >= 4)
		rules.handled_net = NET_BIND_TCP | NET_CONNECT;
	GH_CLEANUP(gh_fd_close_ptr)
	int ruleset = (int)syscall(SYS_LANDLOCK_CREATE_RULESET, &rules,
	                           version >= 4 ? sizeof rules : sizeof rules.handled_fs, 0);
	const struct landlock_path path = { .allowed = FS_WRITE_FILE | FS_READ_FILE | FS_READ_DIR |
		                                       FS_REMOVE_FILE | FS_MAKE_REG |
		                                       (rules.handled_fs & FS_TRUNCATE),
		                            .parent_fd = dir_fd };
	GH_ENSURE(ruleset >= 0 &&
	              syscall(SYS_LANDLOCK_ADD_RULE, ruleset, LANDLOCK_PATH_BENEATH, &path, 0) ==
	                  0 &&
	              syscall(SYS_LANDLOCK_RESTRICT_SELF, ruleset, 0) == 0,
	          GH_E_UNAVAILABLE, "Landlock refused: %s", strerror(errno));
	return GH_OK;
}

/* What reading, sealing, signing, logging and exiting need, as glibc and OpenSSL do them. */
static const int allowed[] = {
	SCMP_SYS(read),         SCMP_SYS(write),        SCMP_SYS(readv),
	SCMP_SYS(writev),       SCMP_SYS(pread64),      SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),      SCMP_SYS(sendto),       SCMP_SYS(sendmsg),
	SCMP_SYS(poll),         SCMP_SYS(ppoll),        SCMP_SYS(openat),
	SCMP_SYS(close),        SCMP_SYS(fstat),        SCMP_SYS(newfstatat),
	SCMP_SYS(statx),        SCMP_SYS(lseek),        SCMP_SYS(fsync),
	SCMP_SYS(fdatasync),    SCMP_SYS(fchmod),       SCMP_SYS(renameat),
	SCMP_SYS(renameat2),    SCMP_SYS(unlinkat),     SCMP_SYS(getdents64),
	SCMP_SYS(fcntl),        SCMP_SYS(flock),        SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2),   SCMP_SYS(mmap),         SCMP_SYS(mremap),
	SCMP_SYS(munmap),       SCMP_SYS(mprotect),     SCMP_SYS(madvise),
	SCMP_SYS(mlock),        SCMP_SYS(munlock),      SCMP_SYS(brk),
	SCMP_SYS(futex),        SCMP_SYS(getrandom),    SCMP_SYS(clock_gettime),
	SCMP_SYS(gettimeofday), SCMP_SYS(time),         SCMP_SYS(clock_nanosleep),
	SCMP_SYS(nanosleep),    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack),  SCMP_SYS(restart_syscall),
	SCMP_SYS(getpid),       SCMP_SYS(gettid),       SCMP_SYS(geteuid),
	SCMP_SYS(getuid),       SCMP_SYS(sched_yield),  SCMP_SYS(set_robust_list),
	SCMP_SYS(rseq),         SCMP_SYS(tgkill),       SCMP_SYS(exit),
	SCMP_SYS(exit_group),
};

/* Nothing that goes wrong by accident asks for these. */
static const int deadly[] = {
	SCMP_SYS(execve),
	SCMP_SYS(execveat),
	SCMP_SYS(fork),
	SCMP_SYS(vfork),
	SCMP_SYS(clone),
	SCMP_SYS(clone3),
	SCMP_SYS(socket),
	SCMP_SYS(connect),
	SCMP_SYS(bind),
	SCMP_SYS(listen),
	SCMP_SYS(accept),
	SCMP_SYS(accept4),
	SCMP_SYS(ptrace),
	SCMP_SYS(bpf),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(keyctl),
	SCMP_SYS(mount),
	SCMP_SYS(unshare),
	SCMP_SYS(process_vm_writev),
	SCMP_SYS(setns),
	SCMP_SYS(init_module),
	SCMP_SYS(io_uring_setup),
};

static gh_result restrict_calls(void)
{
	/* Not EPERM: with ENOSYS glibc falls back to the older call of the same purpose. */
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	int status = filter ? 0 : -ENOMEM;

	for (size_t i = 0; status == 0 && i < GH_ARRAY_LEN(allowed); i++)
		status = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	for (size_t i = 0; status == 0 && i < GH_ARRAY_LEN(deadly); i++)
		status = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, deadly[i], 0);
	if (status == 0)
		status = seccomp_load(filter);
	seccomp_release(filter);
	GH_ENSURE(status == 0, GH_E_UNAVAILABLE, "seccomp refused: %s", strerror(-status));
	return GH_OK;
}

gh_result gh_keeper_lock_in(int dir_fd)
{
	long version = syscall(SYS_LANDLOCK_CREATE_RULESET, NULL, 0, LANDLOCK_VERSION_QUERY);

	GH_ENSURE(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, GH_E_UNAVAILABLE,
	          "no_new_privs was refused: %s", strerror(errno));
	if (version < 1)
		gh_log(GH_LOG_WARN, "keeper.landlock.absent",
		       GH_LOG_TEXT("effect", "the keeper's files are fenced by seccomp only"));
	else
		GH_TRY(restrict_files(dir_fd, version));
	return restrict_calls();
}
