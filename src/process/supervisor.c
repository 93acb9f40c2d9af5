#include "process/supervisor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#define MAX_CHILDREN      8
#define CRASH_LOOP_COUNT  5
#define CRASH_LOOP_WINDOW (60ull * 1000000000ull)

struct child {
	pid_t pid; /* 0: not running */
	uint64_t falls_ns[CRASH_LOOP_COUNT];
	unsigned falls;
};

struct supervisor {
	const struct gh_supervisor_config *config;
	struct child children[MAX_CHILDREN];
	sigset_t watched;
	bool stopping;
};

static pid_t spawn(const struct supervisor *supervisor, const struct gh_child_spec *spec)
{
	pid_t parent = getpid(), pid = fork();

	if (pid != 0)
		return pid;
	/* A terminal's Ctrl-C is the supervisor's to take: it stops the others in their order. */
	setpgid(0, 0);
	/* The supervisor's death must not leave a gateway without its watcher. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	signal(SIGCHLD, SIG_DFL);
	sigprocmask(SIG_UNBLOCK, &supervisor->watched, NULL);
	_exit(spec->run(spec->context));
}

static gh_result start(struct supervisor *supervisor, size_t index)
{
	const struct gh_child_spec *spec = &supervisor->config->children[index];
	struct child *child = &supervisor->children[index];
	int status;

	if (spec->prepare)
		GH_TRY(spec->prepare(spec->context));
	child->pid = spawn(supervisor, spec);
	GH_ENSURE(child->pid > 0, GH_E_IO, "cannot start %s: %s", spec->name, strerror(errno));
	if (spec->once) {
		while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
			;
		child->pid = 0;
		GH_ENSURE(WIFEXITED(status) && WEXITSTATUS(status) == 0, GH_E_UNAVAILABLE,
		          "%s failed: its lines above say why", spec->name);
		return GH_OK;
	}
	gh_log(GH_LOG_INFO, "child.started", GH_LOG_TEXT("child", spec->name),
	       GH_LOG_INT("child_pid", child->pid));
	return spec->wait_ready ? spec->wait_ready(spec->context, child->pid) : GH_OK;
}

/* False when this fall completes a crash loop. */
static bool may_restart(struct child *child)
{
	uint64_t now = gh_clock_mono_ns();
	uint64_t *oldest = &child->falls_ns[child->falls % CRASH_LOOP_COUNT];
	bool loop = child->falls >= CRASH_LOOP_COUNT && now - *oldest < CRASH_LOOP_WINDOW;

	*oldest = now;
	child->falls++;
	return !loop;
}

/* A start that fails is a fall as well: PostgreSQL, for one, cannot start while orphans of a killed
 * postmaster still hold its memory. The pause grows with the falls. */
static gh_result restart(struct supervisor *supervisor, size_t index)
{
	const char *name = supervisor->config->children[index].name;
	struct child *child = &supervisor->children[index];

	while (may_restart(child)) {
		long pause_ms = child->falls > 1 ? 200l * child->falls : 0;
		pause_ms = pause_ms > 900 ? 900 : pause_ms;
		nanosleep(&(struct timespec){ .tv_nsec = pause_ms * 1000000 }, NULL);
		if (start(supervisor, index) == GH_OK)
			return GH_OK;
		gh_log_error("child.restart-failed");
		if (child->pid > 0) {
			kill(child->pid, SIGKILL);
			waitpid(child->pid, NULL, 0);
			child->pid = 0;
		}
	}
	return gh_fail(GH_E_UNAVAILABLE, "%s falls again and again (%d times in 60 s): stopping",
	               name, CRASH_LOOP_COUNT + 1);
}

static gh_result reap(struct supervisor *supervisor)
{
	const struct gh_supervisor_config *config = supervisor->config;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (size_t i = 0; i < config->count; i++) {
			const struct gh_child_spec *spec = &config->children[i];
			if (supervisor->children[i].pid != pid)
				continue;
			supervisor->children[i].pid = 0;
			if (supervisor->stopping)
				break;
			gh_log(GH_LOG_ERROR, "child.fell", GH_LOG_TEXT("child", spec->name),
			       GH_LOG_INT("child_pid", pid),
			       GH_LOG_INT("signal", WIFSIGNALED(status) ? WTERMSIG(status) : 0),
			       GH_LOG_INT("exit_status",
			                  WIFEXITED(status) ? WEXITSTATUS(status) : -1));
			GH_TRY(restart(supervisor, i));
			if (config->fell)
				config->fell(config->context, spec->name, pid, status);
			break;
		}
	}
	return GH_OK;
}

static void stop_child(struct supervisor *supervisor, size_t index)
{
	const struct gh_child_spec *spec = &supervisor->config->children[index];
	struct child *child = &supervisor->children[index];
	uint64_t deadline = gh_clock_mono_ns() + (uint64_t)spec->stop_deadline_s * 1000000000u;

	if (child->pid <= 0)
		return;
	kill(child->pid, spec->stop_signal);
	while (waitpid(child->pid, NULL, WNOHANG) == 0) {
		if (gh_clock_mono_ns() > deadline) {
			gh_log(GH_LOG_WARN, "child.killed", GH_LOG_TEXT("child", spec->name));
			kill(child->pid, SIGKILL);
			waitpid(child->pid, NULL, 0);
			break;
		}
		nanosleep(&(struct timespec){ .tv_nsec = 10 * 1000000 }, NULL);
	}
	child->pid = 0;
}

static gh_result watch(struct supervisor *supervisor)
{
	for (;;) {
		siginfo_t info;
		int signal_number = sigwaitinfo(&supervisor->watched, &info);
		if (signal_number == SIGTERM || signal_number == SIGINT) {
			gh_log_write(GH_LOG_INFO, "supervisor.stopping", NULL, 0);
			return GH_OK;
		}
		if (signal_number == SIGCHLD)
			GH_TRY(reap(supervisor));
	}
}

gh_result gh_supervise(const struct gh_supervisor_config *config)
{
	struct supervisor supervisor = { .config = config };
	enum gh_code result = GH_OK;

	GH_ENSURE(config->count <= MAX_CHILDREN, GH_E_ARGUMENT, "too many children");
	sigemptyset(&supervisor.watched);
	sigaddset(&supervisor.watched, SIGTERM);
	sigaddset(&supervisor.watched, SIGINT);
	sigaddset(&supervisor.watched, SIGCHLD);
	sigprocmask(SIG_BLOCK, &supervisor.watched, NULL);
	signal(SIGPIPE, SIG_IGN);

	for (size_t i = 0; i < config->count && result == GH_OK; i++)
		result = start(&supervisor, i);
	if (result == GH_OK && config->all_ready)
		config->all_ready(config->context);
	if (result == GH_OK)
		result = watch(&supervisor);

	supervisor.stopping = true;
	for (size_t i = config->count; i-- > 0;)
		stop_child(&supervisor, i);
	return result;
}
