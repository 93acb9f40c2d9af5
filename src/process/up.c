#include "process/up.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "model/model.h"
#include "process/control.h"
#include "process/gateway.h"
#include "process/setup.h"
#include "process/showcase.h"
#include "process/supervisor.h"

#define SECONDS(n)  ((uint64_t)(n)*1000000000u)
#define MODULE_NAME "gatehouse_claims.so"
#define PATH_ROOM   (PATH_MAX + 64)

struct up {
	const struct gh_up_options *options;
	struct gh_setup setup;
	struct gh_cluster *cluster;
	int control[2]; /* [0] supervisor's, [1] gateway's */
	int keeper[2];  /* [0] gateway's, [1] keeper's; made anew for each keeper */
	unsigned model_port;
	char model_url[64];
	char real_dir[PATH_MAX];
};

/* ---- the children's main functions ---- */

static int run_step(const char *name, gh_result (*step)(const struct gh_setup *setup),
                    struct up *up)
{
	gh_log_open(name, GH_LOG_INFO);
	if (step(&up->setup) == GH_OK)
		return 0;
	gh_log_error("setup.failed");
	fprintf(stderr, "gatehouse: %s\n", gh_last_error()->text);
	return 1;
}

static int run_before_database(void *context)
{
	return run_step("setup", gh_setup_before_database, context);
}

static int run_setup_database(void *context)
{
	return run_step("setup", gh_setup_database, context);
}

static int run_postgres(void *context)
{
	struct up *up = context;
	char *const *argv = gh_cluster_argv(up->cluster);

	execv(argv[0], argv);
	return 127;
}

static int run_keeper(void *context)
{
	struct up *up = context;
	char paths[2][GH_STATE_PATH_BYTES];
	struct gh_keeper_config config;

	gh_log_open("keeper", GH_LOG_INFO);
	gh_process_harden();
	close(up->control[0]);
	close(up->control[1]);
	close(up->keeper[0]);
	gh_setup_keeper_config(&up->setup, paths, &config);
	if (gh_keeper_run(&up->keeper[1], 1, &config) == GH_OK)
		return 0;
	gh_log_error("keeper.failed");
	return 1;
}

static int run_model(void *context)
{
	struct up *up = context;
	char port[16], verb[] = "model", option[] = "--port";
	char *argv[] = { verb, option, port, NULL };
	int quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);

	/* These lead to the supervisor and to the keeper: not a model's business. */
	close(up->control[0]);
	close(up->control[1]);
	close(up->keeper[0]);

	snprintf(port, sizeof port, "%u", up->model_port);
	/* Its "ready" line is not ours to show. */
	if (quiet >= 0)
		dup2(quiet, STDOUT_FILENO);
	gh_log_open("model", GH_LOG_WARN);
	return gh_cli_model(3, argv);
}

static int run_gateway(void *context)
{
	struct up *up = context;
	const struct gh_gateway_process config = {
		.setup = &up->setup,
		.cluster = up->cluster,
		.control_fd = up->control[1],
		.keeper_fd = up->keeper[0],
		.listen_address = up->options->listen_address,
		.port = up->options->port,
		.loops = up->options->loops,
		.upstream_url =
		    up->options->upstream_url ? up->options->upstream_url : up->model_url,
		.upstream_key_file = up->options->upstream_key_file,
		.upstream_ca_file = up->options->upstream_ca_file,
	};

	close(up->control[0]);
	return gh_gateway_main(&config);
}

/* ---- what the supervisor does around them ---- */

static gh_result prepare_keeper(void *context)
{
	struct up *up = context;

	for (int i = 0; i < 2; i++)
		if (up->keeper[i] >= 0)
			close(up->keeper[i]);
	GH_ENSURE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, up->keeper) == 0, GH_E_IO,
	          "no socket pair for the keeper: %s", strerror(errno));
	return GH_OK;
}

/* The keeper has its end. A second holder would hide its fall from the gateway, whose calls would
 * then run into their deadlines instead of failing at once. */
static gh_result release_keeper(void *context, pid_t pid)
{
	struct up *up = context;

	(void)pid;
	close(up->keeper[1]);
	up->keeper[1] = -1;
	return GH_OK;
}

static gh_result wait_postgres(void *context, pid_t pid)
{
	struct up *up = context;

	return gh_cluster_wait_ready(up->cluster, pid, gh_clock_mono_ns() + SECONDS(60));
}

static gh_result wait_model(void *context, pid_t pid)
{
	struct up *up = context;
	struct sockaddr_in address = { .sin_family = AF_INET,
		                       .sin_port = htons((uint16_t)up->model_port),
		                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	for (uint64_t deadline = gh_clock_mono_ns() + SECONDS(10); gh_clock_mono_ns() < deadline;
	     usleep(20000)) {
		GH_CLEANUP(gh_fd_close_ptr) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
			return GH_OK;
		if (waitid(P_PID, (id_t)pid, &(siginfo_t){ 0 }, WEXITED | WNOHANG | WNOWAIT) != 0)
			break;
	}
	return gh_fail(GH_E_UNAVAILABLE, "the demo model does not answer on port %u",
	               up->model_port);
}

static gh_result wait_gateway(void *context, pid_t pid)
{
	struct up *up = context;
	struct gh_control_message message;
	int fd;

	for (uint64_t deadline = gh_clock_mono_ns() + SECONDS(60); gh_clock_mono_ns() < deadline;) {
		siginfo_t info = { 0 };
		if (gh_control_receive(up->control[0], 100, &message, &fd) == GH_OK)
			if (message.kind == GH_CONTROL_READY && message.pid == pid)
				return GH_OK;
		if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
		    info.si_pid == pid)
			return gh_fail(
			    GH_E_UNAVAILABLE,
			    "the gateway ended before it served: its lines above say why");
	}
	return gh_fail(GH_E_UNAVAILABLE, "the gateway does not serve after 60 s");
}

static void child_fell(void *context, const char *name, pid_t pid, int status)
{
	struct up *up = context;
	struct gh_control_message message = {
		.kind = GH_CONTROL_FELL,
		.pid = pid,
		.signal_number = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
		.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
	};

	snprintf(message.child, sizeof message.child, "%s", name);
	if (gh_control_send(up->control[0], &message, -1) != GH_OK)
		gh_log_error("supervisor.fall-not-told");
	if (strcmp(name, "keeper") == 0) {
		message.kind = GH_CONTROL_KEEPER;
		if (gh_control_send(up->control[0], &message, up->keeper[0]) != GH_OK)
			gh_log_error("supervisor.keeper-not-handed-over");
	}
}

static void all_ready(void *context)
{
	struct up *up = context;

	printf("ready\n");
	gh_showcase_print(&up->setup);
	fflush(stdout);
	if (up->options->show_demo && gh_showcase_run(&up->setup) != GH_OK)
		fprintf(stderr, "gatehouse: the demo request failed: %s\n", gh_last_error()->text);
	fflush(stdout);
}

/* ---- start ---- */

static gh_result find_module(int *out)
{
	char self[PATH_ROOM];
	ssize_t len = readlink("/proc/self/exe", self, PATH_MAX);
	static const char *const places[] = { "src/db/" MODULE_NAME,
		                              "../lib/gatehouse/" MODULE_NAME };

	GH_ENSURE(len > 0, GH_E_IO, "cannot find this program's own folder");
	self[len] = 0;
	*strrchr(self, '/') = 0;
	for (size_t i = 0; i < GH_ARRAY_LEN(places); i++) {
		char path[PATH_ROOM + 64];
		snprintf(path, sizeof path, "%s/%s", self, places[i]);
		*out = open(path, O_RDONLY | O_CLOEXEC);
		if (*out >= 0)
			return GH_OK;
	}
	return gh_fail(GH_E_NOT_FOUND, "%s is not beside the program: build it with `make`",
	               MODULE_NAME);
}

/* A port that is free now, for the demo model on the loopback address. */
static gh_result free_port(unsigned *out)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof address;
	GH_CLEANUP(gh_fd_close_ptr) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	GH_ENSURE(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
	              getsockname(fd, (struct sockaddr *)&address, &len) == 0,
	          GH_E_IO, "no free port on 127.0.0.1: %s", strerror(errno));
	*out = ntohs(address.sin_port);
	return GH_OK;
}

static gh_result open_all(struct up *up)
{
	struct gh_setup *setup = &up->setup;

	GH_TRY(find_module(&setup->module_fd));
	GH_TRY(gh_state_open(up->options->dir, true, up->options->user, &setup->state));
	if (!realpath(up->options->dir, up->real_dir))
		snprintf(up->real_dir, sizeof up->real_dir, "%s", up->options->dir);
	setup->real_dir = up->real_dir;
	setup->port = up->options->port;
	GH_TRY(gh_state_drop_privileges(&setup->state));
	GH_TRY(gh_state_lock(&setup->state));
	GH_TRY(gh_setup_identity(setup));
	GH_TRY(gh_setup_cluster_open(setup, &up->cluster));
	GH_ENSURE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, up->control) == 0, GH_E_IO,
	          "no socket pair for the gateway: %s", strerror(errno));
	GH_TRY(free_port(&up->model_port));
	snprintf(up->model_url, sizeof up->model_url, "http://127.0.0.1:%u/v1", up->model_port);
	return GH_OK;
}

gh_result gh_up(const struct gh_up_options *options)
{
	struct up up = { .options = options, .control = { -1, -1 }, .keeper = { -1, -1 } };

	gh_log_open("supervisor", GH_LOG_INFO);
	GH_TRY(open_all(&up));

	struct gh_child_spec children[6];
	size_t n = 0;
	children[n++] = (struct gh_child_spec){
		.name = "setup", .run = run_before_database, .context = &up, .once = true
	};
	children[n++] = (struct gh_child_spec){ .name = "postgres",
		                                .run = run_postgres,
		                                .context = &up,
		                                .wait_ready = wait_postgres,
		                                .stop_signal = SIGINT,
		                                .stop_deadline_s = 30 };
	children[n++] = (struct gh_child_spec){
		.name = "setup", .run = run_setup_database, .context = &up, .once = true
	};
	children[n++] = (struct gh_child_spec){ .name = "keeper",
		                                .run = run_keeper,
		                                .context = &up,
		                                .prepare = prepare_keeper,
		                                .wait_ready = release_keeper,
		                                .stop_signal = SIGTERM,
		                                .stop_deadline_s = 5 };
	if (!options->upstream_url)
		children[n++] = (struct gh_child_spec){ .name = "model",
			                                .run = run_model,
			                                .context = &up,
			                                .wait_ready = wait_model,
			                                .stop_signal = SIGTERM,
			                                .stop_deadline_s = 10 };
	children[n++] = (struct gh_child_spec){ .name = "gateway",
		                                .run = run_gateway,
		                                .context = &up,
		                                .wait_ready = wait_gateway,
		                                .stop_signal = SIGTERM,
		                                .stop_deadline_s = 40 };
	const struct gh_supervisor_config config = { .children = children,
		                                     .count = n,
		                                     .fell = child_fell,
		                                     .all_ready = all_ready,
		                                     .context = &up };
	enum gh_code code = gh_supervise(&config);
	gh_cluster_close(up.cluster);
	gh_state_close(&up.setup.state);
	return code;
}
