/* Starts and ends what a socket test needs. */
#include "fixture.h"

#include <stdlib.h>
#include <unistd.h>

int fixture_start(void **state, const struct gh_server_limits *limits, bool with_tls)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);

	if (!fixture)
		return -1;
	if (with_tls)
		fixture->tls = front_tls(&fixture->ca_pem, true);
	running_start(&fixture->running, 1, limits, fixture->tls);
	*state = fixture;
	return 0;
}

int fixture_finish(void **state)
{
	struct fixture *fixture = *state;

	if (fixture->running.loops)
		running_stop(&fixture->running, 200);
	gh_tls_close(fixture->tls);
	gh_buf_free(&fixture->ca_pem);
	free(fixture);
	return 0;
}

struct peer join(void **state)
{
	struct fixture *fixture = *state;
	struct peer peer;

	peer_open(&peer, fixture->running.port, fixture->tls ? &fixture->ca_pem : NULL);
	return peer;
}

struct gh_front *front_of(void **state)
{
	return &((struct fixture *)*state)->running.front;
}

void expect_count(atomic_ulong *counter, unsigned long wanted)
{
	for (int i = 0; i < WAIT_MS && atomic_load(counter) != wanted; i++)
		usleep(1000);
	assert_int_equal(atomic_load(counter), wanted);
}
