/* Starts and stops the test application on threads of its own. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "crypto/key.h"
#include "crypto/x509.h"
#include "front.h"

static void must(enum gh_code code, const char *what)
{
	if (code == GH_OK)
		return;
	fprintf(stderr, "running: %s: %s\n", what, gh_last_error()->text);
	abort();
}

static void *run(void *arg)
{
	must(gh_loop_run(arg), "loop");
	return NULL;
}

void running_start(struct running *running, size_t loops, const struct gh_server_limits *limits,
                   struct gh_tls *tls)
{
	struct gh_server_config config = {
		.address = "127.0.0.1",
		.reuse_port = loops > 1,
		.tls = tls,
		.callbacks = &front_callbacks,
		.front = &running->front,
		.limits = limits ? *limits : gh_server_limits_default,
		.base_url = "https://gatehouse.test",
	};

	front_open(&running->front);
	running->loops = loops;
	for (size_t i = 0; i < loops; i++) {
		must(gh_loop_open(&running->at[i].loop), "loop");
		must(gh_server_open(running->at[i].loop, &config, &running->at[i].server),
		     "server");
		config.port = gh_server_port(running->at[i].server);
	}
	running->port = config.port;
	for (size_t i = 0; i < loops; i++)
		if (pthread_create(&running->at[i].thread, NULL, run, running->at[i].loop) != 0)
			abort();
}

struct stopping {
	struct gh_server *server;
	struct gh_loop *loop;
	uint32_t grace_ms;
};

static void stopped(void *arg)
{
	gh_loop_stop(arg);
}

static void stop(void *arg)
{
	struct stopping *stopping = arg;

	gh_server_stop(stopping->server, stopping->grace_ms, stopped, stopping->loop);
}

void running_stop(struct running *running, uint32_t grace_ms)
{
	struct stopping stopping[FRONT_LOOPS_MAX];

	for (size_t i = 0; i < running->loops; i++) {
		stopping[i] =
		    (struct stopping){ running->at[i].server, running->at[i].loop, grace_ms };
		must(gh_loop_post(running->at[i].loop, stop, &stopping[i]), "post");
	}
	for (size_t i = 0; i < running->loops; i++)
		pthread_join(running->at[i].thread, NULL);
	front_close(&running->front);
	for (size_t i = 0; i < running->loops; i++) {
		gh_server_close(running->at[i].server);
		gh_loop_close(running->at[i].loop);
	}
}

void running_stats(const struct running *running, struct gh_server_stats *out)
{
	*out = (struct gh_server_stats){ 0 };
	for (size_t i = 0; i < running->loops; i++) {
		struct gh_server_stats one;
		gh_server_stats(running->at[i].server, &one);
		for (size_t k = 0; k < sizeof one / sizeof(uint64_t); k++)
			((uint64_t *)out)[k] += ((const uint64_t *)&one)[k];
	}
}

struct gh_tls *front_tls(struct gh_buf *ca_pem, bool ask_clients)
{
	static const char *const names[] = { "localhost" };
	const struct gh_x509_names all = { names, 1 };
	GH_CLEANUP(gh_key_free_ptr) struct gh_key *ca_key = NULL;
	GH_CLEANUP(gh_key_free_ptr) struct gh_key *key = NULL;
	struct gh_buf ca = { 0 }, chain = { 0 };
	struct gh_tls *tls;
	int64_t now_s = gh_clock_unix_s();

	must(gh_key_generate(GH_KEY_P256, &ca_key), "key");
	must(gh_key_generate(GH_KEY_P256, &key), "key");
	must(gh_x509_make_ca(ca_key, "test", now_s, 10, &ca), "ca");
	must(gh_x509_make_server(ca_key, gh_buf_slice(&ca), key, &all, now_s, 9, &chain),
	     "certificate");
	const struct gh_tls_config config = { .chain_pem = gh_buf_slice(&chain),
		                              .key = gh_key_pkey(key),
		                              .request_client_certificate = ask_clients,
		                              .client_ca_pem = gh_buf_slice(&ca) };
	must(gh_tls_open(&config, &tls), "tls");
	if (ca_pem)
		gh_buf_add_slice(ca_pem, gh_buf_slice(&ca));
	gh_buf_free(&ca);
	gh_buf_free(&chain);
	return tls;
}
