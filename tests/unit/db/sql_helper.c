/* For tests/sql/run and bench/rls: a throw-away cluster with the schema of the product.
 *   sql_helper serve            prints NAME=value lines and "ready", then runs until its input ends
 *   sql_helper mint KIND TENANT prints a token, signed by the PEM key named by GATEHOUSE_TEST_KEY
 */
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"

static int complain(void)
{
	fprintf(stderr, "sql_helper: %s (%s:%d)\n", gh_last_error()->text, gh_last_error()->file,
	        gh_last_error()->line);
	return 1;
}

static bool write_key(const struct fixture *fixture, const char *path)
{
	FILE *file = fopen(path, "w");
	bool done =
	    file && PEM_write_PrivateKey(file, fixture->key, NULL, NULL, 0, NULL, NULL) == 1;

	if (file)
		done = fclose(file) == 0 && done;
	return done;
}

static int serve(void)
{
	struct fixture fixture;
	char key_path[96], byte;
	int status = 0;

	if (fixture_start(&fixture, getenv("GATEHOUSE_CLAIMS_MODULE")) != GH_OK)
		status = complain();
	snprintf(key_path, sizeof key_path, "%s/key.pem", fixture.dir);
	if (status == 0 && !write_key(&fixture, key_path))
		status = 1;
	if (status == 0) {
		printf("SOCKET=%s\nKEY=%s\nADMIN_PASSWORD=%s\nAPP_PASSWORD=%s\n"
		       "IDENTITY_PASSWORD=%s\nLOG_PASSWORD=%s\nready\n",
		       gh_cluster_socket_dir(fixture.cluster), key_path, FIXTURE_ADMIN_PASSWORD,
		       FIXTURE_APP_PASSWORD, FIXTURE_IDENTITY_PASSWORD, FIXTURE_LOG_PASSWORD);
		fflush(stdout);
		while (read(0, &byte, 1) > 0)
			;
	}
	return fixture_stop(&fixture) == GH_OK ? status : complain();
}

static int mint(const char *kind, const char *tenant)
{
	const char *path = getenv("GATEHOUSE_TEST_KEY");
	FILE *file = path ? fopen(path, "r") : NULL;
	EVP_PKEY *key = file ? PEM_read_PrivateKey(file, NULL, NULL, NULL) : NULL;
	struct gh_buf token = { 0 };
	bool done = key && fixture_token(key, kind, tenant, &token);

	if (done)
		puts(gh_buf_cstr(&token));
	else
		fprintf(stderr, "sql_helper: no key or no such kind of token\n");
	gh_buf_free(&token);
	EVP_PKEY_free(key);
	if (file)
		fclose(file);
	return !done;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "serve") == 0)
		return serve();
	if (argc == 4 && strcmp(argv[1], "mint") == 0)
		return mint(argv[2], argv[3]);
	fprintf(stderr, "usage: sql_helper serve | mint KIND TENANT\n");
	return 2;
}
