#include "process/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"

/* Written out: Debian 12's headers know the first versions only. */
#define SYS_LANDLOCK_CREATE_RULESET 444
#define SYS_LANDLOCK_ADD_RULE       445
#define SYS_LANDLOCK_RESTRICT_SELF  446
#define LANDLOCK_VERSION_QUERY      1u
#define LANDLOCK_PATH_BENEATH       1
#define FS_WRITE_FILE               (1ull << 1)
#define FS_READ_FILE                (1ull << 2)
#define FS_READ_DIR                 (1ull << 3)
#define FS_ALL_V1                   ((1ull << 13) - 1)
#define FS_REFER                    (1ull << 13) /* version 2 */
#define FS_TRUNCATE                 (1ull << 14) /* version 3 */
#define FS_IOCTL_DEV                (1ull << 15) /* version 5 */
#define SCOPE_ALL                   3ull         /* version 6: abstract sockets, signals */

struct landlock_rules {
	uint64_t fs, net, scoped;
};

struct landlock_path {
	uint64_t allowed;
	int32_t parent_fd;
} __attribute__((packed));

/* What TLS, name resolution and libraries read. Everything else, the state directory above all, is
 * out of reach: its sockets were and can be connected to, its files cannot be opened. */
static const char *const readable[] = { "/etc",
	                                "/usr",
	                                "/lib",
	                                "/lib64",
	                                "/run/systemd/resolve",
	                                "/proc/sys",
	                                "/sys/devices/system/cpu" };

static gh_result allow(int ruleset, const char *path, uint64_t rights)
{
	GH_CLEANUP(gh_fd_close_ptr) int fd = open(path, O_PATH | O_CLOEXEC);
	const struct landlock_path rule = { rights, fd };

	if (fd < 0)
		return GH_OK; /* what is not there needs no rule */
	GH_ENSURE(syscall(SYS_LANDLOCK_ADD_RULE, ruleset, LANDLOCK_PATH_BENEATH, &rule, 0) == 0,
	          GH_E_UNAVAILABLE, "Landlock refused a rule: %s", strerror(errno));
	return GH_OK;
}

/* All that this kernel can refuse: without the later rights, a file that cannot be opened could
 * still be truncated, and the keeper be killed. */
static gh_result restrict_files(long version, const char *also_readable)
{
	const struct landlock_rules rules = { .fs = FS_ALL_V1 | (version >= 2 ? FS_REFER : 0) |
		                                    (version >= 3 ? FS_TRUNCATE : 0) |
		                                    (version >= 5 ? FS_IOCTL_DEV : 0),
		                              .scoped = version >= 6 ? SCOPE_ALL : 0 };
	size_t size = version >= 6 ? sizeof rules : sizeof rules.fs;
	GH_CLEANUP(gh_fd_close_ptr)
	int ruleset = (int)syscall(SYS_LANDLOCK_CREATE_RULESET, &rules, size, 0);

	GH_ENSURE(ruleset >= 0, GH_E_UNAVAILABLE, "Landlock refused: %s", strerror(errno));
	for (size_t i = 0; i < GH_ARRAY_LEN(readable); i++)
		GH_TRY(allow(ruleset, readable[i], FS_READ_FILE | FS_READ_DIR));
	if (also_readable)
		GH_TRY(allow(ruleset, also_readable, FS_READ_FILE));
	GH_TRY(allow(ruleset, "/dev/null", FS_READ_FILE | FS_WRITE_FILE));
	GH_TRY(allow(ruleset, "/dev/urandom", FS_READ_FILE));
	GH_ENSURE(syscall(SYS_LANDLOCK_RESTRICT_SELF, ruleset, 0) == 0, GH_E_UNAVAILABLE,
	          "Landlock refused: %s", strerror(errno));
	return GH_OK;
}

/* No program is ever started from here, nobody is traced, nothing is mounted, no file's mode or
 * length is changed (Landlock does not know modes, and lengths only in later versions). */
static const int deadly[] = {
	SCMP_SYS(execve),
	SCMP_SYS(execveat),
	SCMP_SYS(fork),
	SCMP_SYS(vfork),
	SCMP_SYS(chmod),
	SCMP_SYS(fchmod),
	SCMP_SYS(fchmodat),
	SCMP_SYS(truncate),
	SCMP_SYS(ptrace),
	SCMP_SYS(bpf),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev),
	SCMP_SYS(keyctl),
	SCMP_SYS(add_key),
	SCMP_SYS(request_key),
	SCMP_SYS(mount),
	SCMP_SYS(umount2),
	SCMP_SYS(pivot_root),
	SCMP_SYS(chroot),
	SCMP_SYS(unshare),
	SCMP_SYS(setns),
	SCMP_SYS(init_module),
	SCMP_SYS(finit_module),
	SCMP_SYS(delete_module),
	SCMP_SYS(kexec_load),
	SCMP_SYS(io_uring_setup),
	SCMP_SYS(userfaultfd),
	SCMP_SYS(perf_event_open),
	SCMP_SYS(open_by_handle_at),
	SCMP_SYS(swapon),
	SCMP_SYS(reboot),
};

static gh_result restrict_calls(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int status = filter ? 0 : -ENOMEM;

	for (size_t i = 0; status == 0 && i < GH_ARRAY_LEN(deadly); i++)
		status = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, deadly[i], 0);
	if (status == 0)
		status = seccomp_load(filter);
	seccomp_release(filter);
	GH_ENSURE(status == 0, GH_E_UNAVAILABLE, "seccomp refused: %s", strerror(-status));
	return GH_OK;
}

gh_result gh_sandbox_gateway(const char *also_readable)
{
	long version = syscall(SYS_LANDLOCK_CREATE_RULESET, NULL, 0, LANDLOCK_VERSION_QUERY);

	GH_ENSURE(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, GH_E_UNAVAILABLE,
	          "no_new_privs was refused: %s", strerror(errno));
	if (version < 1)
		gh_log(GH_LOG_WARN, "gateway.landlock.absent",
		       GH_LOG_TEXT("effect", "file modes alone keep the gateway from the keys"));
	else
		GH_TRY(restrict_files(version, also_readable));
	return restrict_calls();
}
