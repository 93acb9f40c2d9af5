/* The keeper of time: one thread that does what comes due, and listens to the supervisor. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "process/control.h"
#include "process/gateway_parts.h"

#define TURN_MS    1000
#define RENEW_KEYS 30 /* turns between two looks at the keeper's published keys */

static void record_fall(struct gh_process_gateway *process,
                        const struct gh_control_message *message)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf members = { 0 };
	struct gh_json_writer json;

	gh_json_begin(&json, &members);
	gh_json_int(&json, "exit_status", message->exit_status);
	gh_json_int(&json, "fallen_pid", message->pid);
	gh_json_str(&json, "process", message->child);
	gh_json_int(&json, "signal", message->signal_number);
	gh_json_end(&json);
	if (gh_process_record(process, "process.fell", gh_buf_slice(&members)) != GH_OK)
		gh_log_error("gateway.fall-not-recorded");
}

static void on_message(struct gh_process_gateway *process)
{
	struct gh_control_message message;
	int fd;

	if (gh_control_receive(process->config->control_fd, 0, &message, &fd) != GH_OK)
		return;
	if (message.kind == GH_CONTROL_KEEPER && fd >= 0)
		gh_keeper_client_replace_fd(process->keeper, fd);
	else if (message.kind == GH_CONTROL_FELL)
		record_fall(process, &message);
}

static void renew(struct gh_process_gateway *process)
{
	if (gh_process_access_keys(process) != GH_OK)
		gh_log_error("gateway.access-keys-not-renewed");
	if (gh_process_deployment_key(process) != GH_OK)
		gh_log_error("gateway.deployment-key-not-renewed");
}

static void *keep_time(void *context)
{
	struct gh_process_gateway *process = context;
	struct pollfd wait[2] = { { process->config->control_fd, POLLIN, 0 },
		                  { process->stop_fd, POLLIN, 0 } };
	uint64_t next_renewal = gh_clock_mono_ns() + RENEW_KEYS * 1000000000ull;

	for (;;) {
		if (poll(wait, 2, TURN_MS) < 0 && errno != EINTR)
			break;
		if (wait[1].revents)
			break;
		if (wait[0].revents & POLLIN)
			on_message(process);
		if (gh_clock_mono_ns() >= next_renewal) {
			renew(process);
			next_renewal = gh_clock_mono_ns() + RENEW_KEYS * 1000000000ull;
		}
	}
	return NULL;
}

gh_result gh_process_time_start(struct gh_process_gateway *process)
{
	process->stop_fd = eventfd(0, EFD_CLOEXEC);
	GH_ENSURE(process->stop_fd >= 0 &&
	              pthread_create(&process->timekeeper, NULL, keep_time, process) == 0,
	          GH_E_IO, "cannot start the keeper of time: %s", strerror(errno));
	process->timekeeping = true;
	return GH_OK;
}

void gh_process_time_stop(struct gh_process_gateway *process)
{
	uint64_t one = 1;

	if (!process->timekeeping)
		return;
	if (write(process->stop_fd, &one, sizeof one) == (ssize_t)sizeof one)
		pthread_join(process->timekeeper, NULL);
	process->timekeeping = false;
	close(process->stop_fd);
}
