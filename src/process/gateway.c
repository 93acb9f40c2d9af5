/* The gateway process: builds its parts in the order in which they need each other, serves, and
 * takes them down in reverse. */
#include "process/gateway.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "api/api.h"
#include "base/log.h"
#include "base/secret.h"
#include "pii/model.h"
#include "process/control.h"
#include "process/gateway_parts.h"
#include "process/sandbox.h"

#define KEEPER_DEADLINE_MS 2000
#define WORKERS            4
#define WORKER_QUEUE       8192
#define HANDLER_QUEUE      2048
#define PUBLIC_QUEUE       256
#define STOP_GRACE_MS      20000

/* ---- build ---- */

static gh_result open_pool(struct gh_process_gateway *process, int which, const char *role,
                           const char *password, size_t max, struct gh_db_pool **out)
{
	struct gh_db_param *params = process->params[which];

	params[0] = (struct gh_db_param){ "host", gh_cluster_socket_dir(process->config->cluster) };
	params[1] = (struct gh_db_param){ "port", "5432" };
	params[2] = (struct gh_db_param){ "dbname", GH_DB_NAME };
	params[3] = (struct gh_db_param){ "user", role };
	params[4] = (struct gh_db_param){ "password", password };
	if (!out)
		return GH_OK;
	const struct gh_db_pool_config config = {
		.connection = { .params = params,
		                .param_count = 5,
		                .application_name = "gatehouse" },
		.max = max,
		.connect_timeout_ns = 2000000000ull,
	};
	return gh_db_pool_open(&config, out);
}

static gh_result open_database(struct gh_process_gateway *process)
{
	struct gh_database_secrets *secrets = &process->secrets;

	GH_TRY(gh_database_secrets_load(&process->config->setup->state, false, secrets));
	GH_TRY(open_pool(process, 0, GH_DB_ROLE_APP, secrets->app, 2 * WORKERS + 2,
	                 &process->gateway.app_pool));
	GH_TRY(open_pool(process, 1, GH_DB_ROLE_IDENTITY, secrets->identity, WORKERS,
	                 &process->gateway.identity_pool));
	return open_pool(process, 2, GH_DB_ROLE_LOG, secrets->log, 1, NULL);
}

/* "Bearer " and the first line of a file. */
static gh_result read_upstream_key(struct gh_process_gateway *process, const char *path)
{
	char line[1024] = { 0 };
	FILE *file = fopen(path, "re");

	GH_ENSURE(file, GH_E_IO, "cannot read the upstream's key from %s: %s", path,
	          strerror(errno));
	bool read = fgets(line, sizeof line, file) != NULL;
	fclose(file);
	line[strcspn(line, "\r\n")] = 0;
	GH_ENSURE(read && line[0], GH_E_FORMAT, "%s holds no key in its first line", path);
	process->upstream_authorization = malloc(strlen(line) + sizeof "Bearer ");
	GH_ENSURE(process->upstream_authorization, GH_E_MEMORY, "out of memory");
	sprintf(process->upstream_authorization, "Bearer %s", line);
	gh_wipe(line, sizeof line);
	return GH_OK;
}

static gh_result open_upstream(struct gh_process_gateway *process)
{
	const struct gh_gateway_process *config = process->config;
	size_t len = strlen(config->upstream_url);

	while (len > 0 && config->upstream_url[len - 1] == '/')
		len--;
	process->upstream_url = strndup(config->upstream_url, len);
	GH_ENSURE(process->upstream_url, GH_E_MEMORY, "out of memory");
	if (config->upstream_key_file)
		GH_TRY(read_upstream_key(process, config->upstream_key_file));
	process->gateway.upstream =
	    (struct gh_upstream){ .base_url = process->upstream_url,
		                  .authorization = process->upstream_authorization,
		                  .ca_file = config->upstream_ca_file };
	return GH_OK;
}

static gh_result open_gates(struct gh_process_gateway *process)
{
	struct gh_gateway *gateway = &process->gateway;

	gateway->base_url = process->config->setup->issuer;
	gateway->issuer = process->config->setup->issuer;
	gateway->audience = process->config->setup->audience;
	gateway->routes = gh_routes;
	gateway->route_count = gh_route_count;
	pthread_mutex_init(&gateway->lock, NULL);
	GH_TRY(
	    gh_keeper_client_new(process->config->keeper_fd, KEEPER_DEADLINE_MS, &process->keeper));
	gh_process_keys_bind(process);
	GH_TRY(gh_process_access_keys(process));
	GH_TRY(gh_process_tls(process));
	GH_TRY(open_database(process));
	GH_TRY(open_upstream(process));
	/* All files were read; threads that start from here on inherit the walls. */
	GH_TRY(gh_sandbox_gateway(process->config->upstream_ca_file));
	GH_TRY(gh_workers_open(WORKERS, WORKER_QUEUE, &gateway->workers));
	GH_TRY(gh_workers_open(WORKERS, HANDLER_QUEUE, &gateway->handlers));
	GH_TRY(gh_workers_open(1, PUBLIC_QUEUE, &gateway->public_workers));
	GH_TRY(
	    gh_credentials_open(gateway->identity_pool, gateway->workers, &gateway->credentials));
	GH_TRY(gh_tenancy_open(gateway->app_pool, gateway->workers, &gateway->keys,
	                       &gateway->tenants));
	GH_TRY(gh_data_keys_open(gateway->app_pool, gateway->workers, &gateway->keys,
	                         &gateway->data_keys));
	GH_TRY(gh_process_deployment_key(process));
	return gh_process_audit_open(process);
}

static gh_result open_front(struct gh_process_gateway *process, struct gh_front *front)
{
	const struct gh_gateway_process *config = process->config;
	const struct gh_server_config server = {
		.address = config->listen_address,
		.port = (uint16_t)config->port,
		.reuse_port = true,
		.tls = process->tls,
		.callbacks = &gh_pipeline_callbacks,
		.front = front,
		.limits = gh_server_limits_default,
		.base_url = process->gateway.base_url,
	};
	const struct gh_client_config client = { 0 };

	front->gateway = &process->gateway;
	GH_TRY(gh_front_init(front));
	GH_TRY(gh_loop_open(&front->loop));
	GH_TRY(gh_client_open(front->loop, &client, &front->client));
	return gh_server_open(front->loop, &server, &front->server);
}

/* ---- run ---- */

static void *run_loop(void *context)
{
	struct gh_front *front = context;

	if (gh_loop_run(front->loop) != GH_OK)
		gh_log_error("loop.failed");
	return NULL;
}

static void server_stopped(void *context)
{
	struct gh_front *front = context;

	gh_loop_stop(front->loop);
}

static void stop_front(void *context)
{
	struct gh_front *front = context;

	gh_server_stop(front->server, STOP_GRACE_MS, server_stopped, front);
}

static void close_front(struct gh_front *front)
{
	gh_server_close(front->server);
	gh_client_close(front->client);
	gh_loop_close(front->loop);
	gh_cedar_scratch_free(front->scratch);
}

static gh_result tell_ready(struct gh_process_gateway *process)
{
	struct gh_control_message ready = { .kind = GH_CONTROL_READY, .pid = getpid() };

	GH_TRY(gh_process_record(
	    process, "process.started",
	    GH_SLICE("{\"process\":\"gateway\",\"version\":\"" GH_VERSION "\"}")));
	return gh_control_send(process->config->control_fd, &ready, -1);
}

static gh_result serve(struct gh_process_gateway *process)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned wanted =
	    process->config->loops ? process->config->loops : (unsigned)(cores > 0 ? cores : 1);
	int signal_number;

	wanted = wanted > GH_MAX_LOOPS ? GH_MAX_LOOPS : wanted;
	for (unsigned i = 0; i < wanted; i++)
		GH_TRY(open_front(process, &process->fronts[i]));
	for (; process->loop_count < wanted; process->loop_count++)
		GH_ENSURE(pthread_create(&process->threads[process->loop_count], NULL, run_loop,
		                         &process->fronts[process->loop_count]) == 0,
		          GH_E_IO, "cannot start an event loop");
	GH_TRY(gh_process_time_start(process));
	GH_TRY(tell_ready(process));
	gh_log(GH_LOG_INFO, "gateway.serving", GH_LOG_INT("port", process->config->port),
	       GH_LOG_INT("loops", wanted));
	do {
		sigwait(&process->signals, &signal_number);
	} while (signal_number != SIGTERM && signal_number != SIGINT);
	gh_log_write(GH_LOG_INFO, "gateway.stopping", NULL, 0);
	return GH_OK;
}

/* Accepted requests finish; then the record says that we stopped; then everything closes. */
static void stop(struct gh_process_gateway *process)
{
	struct gh_gateway *gateway = &process->gateway;

	__atomic_store_n(&gateway->stopping, true, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < process->loop_count; i++)
		if (gh_loop_post(process->fronts[i].loop, stop_front, &process->fronts[i]) != GH_OK)
			gh_loop_stop(process->fronts[i].loop);
	for (unsigned i = 0; i < process->loop_count; i++)
		pthread_join(process->threads[i], NULL);
	gh_process_time_stop(process);
	if (gh_process_record(process, "process.stopped", GH_SLICE("{\"process\":\"gateway\"}")) !=
	    GH_OK)
		gh_log_error("gateway.stop-not-recorded");
	gh_audit_log_close(gateway->log);
	/* Workers and the log hand back to loops: the loops go last. */
	gh_workers_close(gateway->public_workers);
	gh_workers_close(gateway->handlers);
	gh_workers_close(gateway->workers);
	for (unsigned i = 0; i < process->loop_count; i++)
		close_front(&process->fronts[i]);
	gh_data_keys_close(gateway->data_keys);
	gh_tenancy_close(gateway->tenants);
	gh_credentials_close(gateway->credentials);
	gh_gateway_set_access_keys(gateway, NULL);
	gh_gateway_set_deployment_key(gateway, NULL);
	gh_db_pool_close(gateway->app_pool);
	gh_db_pool_close(gateway->identity_pool);
	gh_tls_close(process->tls);
	gh_keeper_client_free(process->keeper);
	gh_wipe_free(process->upstream_authorization);
	free(process->upstream_url);
	gh_buf_free(&process->log_vkey);
	gh_database_secrets_wipe(&process->secrets);
}

int gh_gateway_main(const struct gh_gateway_process *config)
{
	struct gh_process_gateway *process = calloc(1, sizeof *process);

	gh_log_open("gateway", GH_LOG_INFO);
	gh_process_harden();
	if (!process)
		return 1;
	process->config = config;
	sigemptyset(&process->signals);
	sigaddset(&process->signals, SIGTERM);
	sigaddset(&process->signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, &process->signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 65536, 65536 });

	if (gh_pii_model_verify() != GH_OK || open_gates(process) != GH_OK ||
	    serve(process) != GH_OK) {
		gh_log_error("gateway.failed");
		return 1; /* the process ends here: the kernel takes down what stands */
	}
	stop(process);
	free(process);
	return 0;
}
