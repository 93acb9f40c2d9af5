/* A cluster for one test program, in a directory of its own. */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <openssl/rsa.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "db/cluster_files.h"
#include "db/migrate.h"

uint64_t in_seconds(unsigned seconds)
{
	return gh_clock_mono_ns() + seconds * UINT64_C(1000000000);
}

static gh_result copy_file(const char *from, const char *to)
{
	GH_CLEANUP(gh_fd_close_ptr) int in = open(from, O_RDONLY | O_CLOEXEC);
	GH_CLEANUP(gh_fd_close_ptr)
	int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	struct stat status;

	GH_ENSURE(in >= 0 && out >= 0 && fstat(in, &status) == 0, GH_E_IO, "cannot copy %s", from);
	for (off_t left = status.st_size; left > 0;) {
		ssize_t moved = sendfile(out, in, NULL, (size_t)left);

		GH_ENSURE(moved > 0, GH_E_IO, "cannot copy %s", from);
		left -= moved;
	}
	return GH_OK;
}

/* To postgres, or nobody, when we are root. The directory is theirs by then. */
static gh_result give_up_root(const char *dir, const char *library_dir)
{
	const struct passwd *user = getpwnam("postgres");

	if (geteuid() != 0)
		return GH_OK;
	if (!user)
		user = getpwnam("nobody");
	GH_ENSURE(user && chown(dir, user->pw_uid, user->pw_gid) == 0 &&
	              chown(library_dir, user->pw_uid, user->pw_gid) == 0 &&
	              setgroups(0, NULL) == 0 && setgid(user->pw_gid) == 0 &&
	              setuid(user->pw_uid) == 0,
	          GH_E_IO, "cannot become another user (errno %d)", errno);
	/* The leak checker must still be able to look at us. */
	(void)prctl(PR_SET_DUMPABLE, 1);
	return GH_OK;
}

gh_result fixture_prepare(struct fixture *fixture, const char *module)
{
	char copy[128];

	memset(fixture, 0, sizeof *fixture);
	GH_ENSURE(module && module[0] == '/', GH_E_ARGUMENT, "GATEHOUSE_CLAIMS_MODULE is not set");
	snprintf(fixture->dir, sizeof fixture->dir, "/tmp/gatehouse-test-XXXXXX");
	GH_ENSURE(mkdtemp(fixture->dir), GH_E_IO, "mkdtemp: errno %d", errno);
	snprintf(fixture->library_dir, sizeof fixture->library_dir, "%s/lib", fixture->dir);
	snprintf(fixture->key_file, sizeof fixture->key_file, "%s/keys.json", fixture->dir);
	GH_ENSURE(mkdir(fixture->library_dir, 0755) == 0, GH_E_IO, "mkdir: errno %d", errno);
	snprintf(copy, sizeof copy, "%s/gatehouse_claims.so", fixture->library_dir);
	GH_TRY(copy_file(module, copy));
	GH_TRY(give_up_root(fixture->dir, fixture->library_dir));
	fixture->key = EVP_RSA_gen(2048);
	GH_ENSURE(fixture->key, GH_E_CRYPTO, "cannot make a key");
	return fixture_write_jwks(fixture->key_file, fixture->key, "test");
}

gh_result fixture_start_server(struct fixture *fixture)
{
	GH_TRY(gh_cluster_configure(fixture->cluster));
	fixture->server = fork();
	GH_ENSURE(fixture->server >= 0, GH_E_IO, "fork: errno %d", errno);
	if (fixture->server == 0) {
		char *const *argv = gh_cluster_argv(fixture->cluster);
		int null = open("/dev/null", O_RDWR);

		/* The server ends with the test, however that ends. */
		prctl(PR_SET_PDEATHSIG, SIGQUIT);
		dup2(null, 0);
		dup2(null, 1);
		execv(argv[0], argv);
		_exit(127);
	}
	return gh_cluster_wait_ready(fixture->cluster, fixture->server, in_seconds(60));
}

static gh_result make_schema(struct fixture *fixture)
{
	const struct gh_cluster_passwords passwords = { .app = FIXTURE_APP_PASSWORD,
		                                        .identity = FIXTURE_IDENTITY_PASSWORD,
		                                        .log = FIXTURE_LOG_PASSWORD };
	GH_CLEANUP(gh_db_close_ptr) struct gh_db *admin = NULL;

	GH_TRY(
	    gh_cluster_create_database(fixture->cluster, FIXTURE_ADMIN_PASSWORD, in_seconds(60)));
	GH_TRY(fixture_connect(fixture, GH_DB_ROLE_ADMIN, &admin));
	GH_TRY(gh_migrate(admin, gh_migrations, gh_migration_count, in_seconds(60), NULL));
	return gh_cluster_set_passwords(admin, &passwords, in_seconds(10));
}

gh_result fixture_start(struct fixture *fixture, const char *module)
{
	GH_TRY(fixture_prepare(fixture, module));
	const struct gh_cluster_config config = {
		.dir = fixture->dir,
		.library_dir = fixture->library_dir,
		.key_file = fixture->key_file,
	};

	GH_TRY(gh_cluster_open(&config, &fixture->cluster));
	GH_TRY(gh_cluster_init(fixture->cluster, FIXTURE_ADMIN_PASSWORD, in_seconds(120)));
	GH_TRY(fixture_start_server(fixture));
	return make_schema(fixture);
}

gh_result fixture_stop_server(struct fixture *fixture)
{
	pid_t server = fixture->server;

	fixture->server = 0;
	return server > 0 ? gh_cluster_stop(fixture->cluster, server, in_seconds(30)) : GH_OK;
}

gh_result fixture_stop(struct fixture *fixture)
{
	enum gh_code stopped = fixture_stop_server(fixture);

	gh_cluster_close(fixture->cluster);
	EVP_PKEY_free(fixture->key);
	GH_TRY(gh_tree_remove(fixture->dir));
	return stopped;
}

gh_result fixture_connect(const struct fixture *fixture, const char *role, struct gh_db **out)
{
	static const struct {
		const char *role;
		const char *password;
	} known[] = {
		{ GH_DB_ROLE_ADMIN, FIXTURE_ADMIN_PASSWORD },
		{ GH_DB_ROLE_APP, FIXTURE_APP_PASSWORD },
		{ GH_DB_ROLE_IDENTITY, FIXTURE_IDENTITY_PASSWORD },
		{ GH_DB_ROLE_LOG, FIXTURE_LOG_PASSWORD },
	};

	for (size_t i = 0; i < GH_ARRAY_LEN(known); i++) {
		if (strcmp(known[i].role, role) == 0)
			return gh_cluster_connect(fixture->cluster, GH_DB_NAME, role,
			                          known[i].password, in_seconds(10), out);
	}
	return gh_fail(GH_E_ARGUMENT, "no such role");
}
