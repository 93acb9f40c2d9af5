/* fixture.h: a throw-away cluster, made the way the product makes its own, with tokens signed by a
 * real key. Started as root (in a container) it gives up root first: PostgreSQL refuses it. */
#ifndef GH_TEST_DB_FIXTURE_H
#define GH_TEST_DB_FIXTURE_H

#include <openssl/evp.h>
#include <sys/types.h>

#include "base/buf.h"
#include "db/cluster.h"

#define FIXTURE_ADMIN_PASSWORD    "admin-password-of-a-test"
#define FIXTURE_APP_PASSWORD      "app-password-of-a-test"
#define FIXTURE_IDENTITY_PASSWORD "identity-password-of-a-test"
#define FIXTURE_LOG_PASSWORD      "log-password-of-a-test"

#define TENANT_A "018f0000-0000-7000-8000-00000000000a"
#define TENANT_B "018f0000-0000-7000-8000-00000000000b"

struct fixture {
	char dir[64];
	char library_dir[80];
	char key_file[80];
	struct gh_cluster *cluster;
	pid_t server;
	EVP_PKEY *key;
};

/* Deadline `seconds` from now. */
uint64_t in_seconds(unsigned seconds);

/* `module` is the built gatehouse_claims.so. Each step fails with a gh_code. */
gh_result fixture_prepare(struct fixture *fixture, const char *module); /* files, no server */
gh_result fixture_start_server(struct fixture *fixture);
gh_result fixture_start(struct fixture *fixture, const char *module); /* all, with the schema */
gh_result fixture_stop_server(struct fixture *fixture);
gh_result fixture_stop(struct fixture *fixture); /* and removes everything */

gh_result fixture_connect(const struct fixture *fixture, const char *role, struct gh_db **out);

/* A token of the given kind, see the table in fixture_token.c; false when there is no such kind. */
bool fixture_token(EVP_PKEY *key, const char *kind, const char *tenant, struct gh_buf *out);
/* The public half as a JWK set. */
gh_result fixture_write_jwks(const char *path, EVP_PKEY *key, const char *kid);

#endif
