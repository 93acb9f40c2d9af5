/* fixture.h: what the socket tests share: one running front, and clients that join it. */
#ifndef NET_TEST_FIXTURE_H
#define NET_TEST_FIXTURE_H

#include "gh_test.h"

#include "front.h"
#include "peer.h"

/* Nothing in these tests should take longer. */
#define WAIT_MS    5000
#define GET(path)  "GET " path " HTTP/1.1\r\nHost: localhost\r\n\r\n"
#define POST(path) "POST " path " HTTP/1.1\r\nHost: localhost\r\n"

struct fixture {
	struct running running; /* loops is 0 once the test has stopped it */
	struct gh_tls *tls;
	struct gh_buf ca_pem;
};

/* For cmocka's setup and teardown; NULL limits are the defaults. */
int fixture_start(void **state, const struct gh_server_limits *limits, bool with_tls);
int fixture_finish(void **state);

struct peer join(void **state);
struct gh_front *front_of(void **state);
/* Waits until a counter of the front has a value. */
void expect_count(atomic_ulong *counter, unsigned long wanted);

#endif
