/* The embedded cluster: one place on disk, one socket, our roles, and a configuration that is
 * written anew before each start, so that nothing in it is left to chance or to an earlier version.
 */
#include "db/cluster.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/secret.h"
#include "crypto/hash.h"
#include "db/cluster_files.h"
#include "db/connection.h"

#define PORT                "5432"
#define SOCKET_NAME         "/.s.PGSQL." PORT
#define DEFAULT_MEMORY      ((size_t)256 << 20)
#define DEFAULT_CONNECTIONS 64
#define PROGRAM_NS          UINT64_C(10000000000)

struct gh_cluster {
	char *dir;
	char *data_dir;
	char *bindir;
	char *socket_dir;
	char *library_dir;
	char *key_file;
	char *issuer;
	char *log_path;
	char *postgres;
	const char *argv[4];
	size_t memory_bytes;
	unsigned connections;
};

static gh_result join(char **out, const char *first, const char *second)
{
	GH_ENSURE(asprintf(out, "%s%s", first, second) >= 0, GH_E_MEMORY, "out of memory");
	return GH_OK;
}

/* ---- finding the server -------------------------------------------------------------------- */

/* "postgres (PostgreSQL) 15.20 (Debian …)" -> 150020; 0 when it says something else. */
static int parse_version(const char *text)
{
	const char *number = strstr(text, "(PostgreSQL) ");
	int major = 0, minor = 0;

	if (!number || sscanf(number, "(PostgreSQL) %d.%d", &major, &minor) < 1 || major > 200 ||
	    minor > 9999)
		return 0;
	return major * 10000 + minor;
}

static int version_of(const char *bindir)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf said = { 0 };
	GH_CLEANUP(gh_free_ptr) char *program = NULL;

	if (join(&program, bindir, "/postgres") != GH_OK || access(program, X_OK) != 0)
		return 0;
	const char *const argv[] = { program, "--version", NULL };

	if (gh_run_program(argv, gh_clock_mono_ns() + PROGRAM_NS, &said, NULL) != GH_OK)
		return 0;
	return parse_version(gh_buf_cstr(&said));
}

/* The module in library_dir was built for one major version, and only that one can load it. */
static bool is_usable(int version)
{
	return version / 10000 == GH_DB_MODULE_MAJOR && gh_db_server_is_current(version);
}

static int try_pg_config(char **bindir)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf said = { 0 };
	const char *const argv[] = { "/usr/bin/pg_config", "--bindir", NULL };

	if (access(argv[0], X_OK) != 0 ||
	    gh_run_program(argv, gh_clock_mono_ns() + PROGRAM_NS, &said, NULL) != GH_OK)
		return 0;
	*bindir = strndup(gh_buf_cstr(&said), strcspn(gh_buf_cstr(&said), "\n"));
	return *bindir ? version_of(*bindir) : 0;
}

static int try_debian(char **bindir)
{
	glob_t found = { 0 };
	int best = 0;

	if (glob("/usr/lib/postgresql/*/bin", 0, NULL, &found) != 0)
		return 0;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		int version = version_of(found.gl_pathv[i]);

		if (version <= best || (is_usable(best) && !is_usable(version)))
			continue;
		best = version;
		free(*bindir);
		*bindir = strdup(found.gl_pathv[i]);
	}
	globfree(&found);
	return *bindir ? best : 0;
}

static gh_result find_bindir(const char *configured, char **out)
{
	GH_CLEANUP(gh_free_ptr) char *bindir = NULL;
	int version = 0;

	if (configured) {
		GH_TRY(join(&bindir, configured, ""));
		version = version_of(bindir);
	} else {
		version = try_pg_config(&bindir);
		if (!is_usable(version)) {
			free(GH_STEAL(bindir));
			version = try_debian(&bindir);
		}
	}
	GH_ENSURE(version > 0, GH_E_UNAVAILABLE,
	          "no PostgreSQL server found: install postgresql-%d", GH_DB_MODULE_MAJOR);
	GH_ENSURE(version / 10000 == GH_DB_MODULE_MAJOR, GH_E_UNAVAILABLE,
	          "PostgreSQL %d found, but gatehouse_claims was built for %d", version / 10000,
	          GH_DB_MODULE_MAJOR);
	GH_ENSURE(gh_db_server_is_current(version), GH_E_UNAVAILABLE,
	          "PostgreSQL %d.%d is below the security floor %d.%d: update postgresql-%d",
	          version / 10000, version % 10000, GH_DB_SERVER_FLOOR / 10000,
	          GH_DB_SERVER_FLOOR % 10000, GH_DB_MODULE_MAJOR);
	*out = GH_STEAL(bindir);
	return GH_OK;
}

/* ---- opening ------------------------------------------------------------------------------- */

/* What we put between quotes in a configuration file, or into a list of directories. */
static gh_result check_path(const char *path, const char *what)
{
	GH_ENSURE(path && path[0] == '/', GH_E_ARGUMENT, "%s must be an absolute path", what);
	for (const char *c = path; *c; c++)
		GH_ENSURE((unsigned char)*c >= ' ' && !strchr("'\"\\,:", *c), GH_E_ARGUMENT,
		          "%s must not contain quotes, commas, colons or control characters", what);
	return GH_OK;
}

static gh_result choose_socket_dir(struct gh_cluster *cluster)
{
	struct sockaddr_un address;
	uint8_t digest[GH_SHA256_BYTES];
	char hex[17];

	GH_TRY(join(&cluster->socket_dir, cluster->dir, "/run"));
	if (strlen(cluster->socket_dir) + sizeof SOCKET_NAME <= sizeof address.sun_path)
		return GH_OK;
	free(GH_STEAL(cluster->socket_dir));
	gh_sha256(gh_slice_str(cluster->dir), digest);
	gh_hex_encode(gh_slice(digest, 8), hex);
	GH_ENSURE(
	    asprintf(&cluster->socket_dir, "/tmp/gatehouse-%u-%s", (unsigned)geteuid(), hex) >= 0,
	    GH_E_MEMORY, "out of memory");
	return GH_OK;
}

static gh_result fill(struct gh_cluster *cluster, const struct gh_cluster_config *config)
{
	GH_TRY(join(&cluster->dir, config->dir, ""));
	GH_TRY(join(&cluster->data_dir, config->dir, "/pg"));
	GH_TRY(join(&cluster->log_path, config->dir, "/pg/log"));
	GH_TRY(join(&cluster->library_dir, config->library_dir, ""));
	GH_TRY(join(&cluster->key_file, config->key_file, ""));
	GH_TRY(join(&cluster->issuer, config->issuer ? config->issuer : "gatehouse", ""));
	GH_TRY(choose_socket_dir(cluster));
	cluster->memory_bytes = config->memory_bytes ? config->memory_bytes : DEFAULT_MEMORY;
	cluster->connections = config->connections ? config->connections : DEFAULT_CONNECTIONS;
	return GH_OK;
}

gh_result gh_cluster_open(const struct gh_cluster_config *config, struct gh_cluster **out)
{
	GH_CLEANUP(gh_cluster_close_ptr) struct gh_cluster *cluster = NULL;

	*out = NULL;
	GH_ENSURE(geteuid() != 0 && getuid() != 0, GH_E_DENIED,
	          "the database server does not run as root");
	GH_TRY(check_path(config->dir, "the state directory"));
	GH_TRY(check_path(config->library_dir, "the library directory"));
	GH_TRY(check_path(config->key_file, "the key file"));
	for (const char *c = config->issuer; c && *c; c++)
		GH_ENSURE((unsigned char)*c > ' ' && !strchr("'\\", *c), GH_E_ARGUMENT,
		          "the issuer must not contain quotes, backslashes or spaces");
	cluster = calloc(1, sizeof *cluster);
	GH_ENSURE(cluster, GH_E_MEMORY, "out of memory");
	GH_TRY(fill(cluster, config));
	GH_TRY(find_bindir(config->bindir, &cluster->bindir));
	GH_TRY(join(&cluster->postgres, cluster->bindir, "/postgres"));
	cluster->argv[0] = cluster->postgres;
	cluster->argv[1] = "-D";
	cluster->argv[2] = cluster->data_dir;
	*out = GH_STEAL(cluster);
	return GH_OK;
}

void gh_cluster_close(struct gh_cluster *cluster)
{
	if (!cluster)
		return;
	free(cluster->dir);
	free(cluster->data_dir);
	free(cluster->bindir);
	free(cluster->socket_dir);
	free(cluster->library_dir);
	free(cluster->key_file);
	free(cluster->issuer);
	free(cluster->log_path);
	free(cluster->postgres);
	free(cluster);
}

const char *gh_cluster_bindir(const struct gh_cluster *cluster)
{
	return cluster->bindir;
}

const char *gh_cluster_socket_dir(const struct gh_cluster *cluster)
{
	return cluster->socket_dir;
}

const char *gh_cluster_log_path(const struct gh_cluster *cluster)
{
	return cluster->log_path;
}

char *const *gh_cluster_argv(const struct gh_cluster *cluster)
{
	return (char *const *)cluster->argv; /* as execv wants it; it changes nothing */
}

/* ---- making -------------------------------------------------------------------------------- */

bool gh_cluster_exists(const struct gh_cluster *cluster)
{
	GH_CLEANUP(gh_free_ptr) char *version = NULL;

	return join(&version, cluster->data_dir, "/PG_VERSION") == GH_OK &&
	       access(version, F_OK) == 0;
}

/* Over the bytes first: the file system may keep what is merely unlinked. */
static gh_result wipe_file(const char *path, size_t len)
{
	GH_CLEANUP(gh_fd_close_ptr) int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	static const char zero;
	bool done = fd >= 0;

	for (size_t i = 0; i < len && done; i++)
		done = write(fd, &zero, 1) == 1;
	done = done && fsync(fd) == 0;
	GH_ENSURE(unlink(path) == 0 && done, GH_E_IO,
	          "cannot overwrite and remove the password file (errno %d)", errno);
	return GH_OK;
}

static gh_result run_initdb(struct gh_cluster *cluster, const char *target, const char *pwfile,
                            uint64_t deadline_ns)
{
	GH_CLEANUP(gh_free_ptr) char *program = NULL;
	GH_CLEANUP(gh_free_ptr) char *pwfile_option = NULL;
	GH_CLEANUP(gh_buf_free) struct gh_buf said = { 0 };

	GH_TRY(join(&program, cluster->bindir, "/initdb"));
	GH_TRY(join(&pwfile_option, "--pwfile=", pwfile));
	const char *const argv[] = { program,
		                     "--pgdata",
		                     target,
		                     "--username=" GH_DB_ROLE_ADMIN,
		                     pwfile_option,
		                     "--auth=scram-sha-256",
		                     "--encoding=UTF8",
		                     "--locale=C",
		                     "--data-checksums",
		                     "--no-instructions",
		                     NULL };

	return gh_run_program(argv, deadline_ns, &said, NULL);
}

gh_result gh_cluster_init(struct gh_cluster *cluster, const char *admin_password,
                          uint64_t deadline_ns)
{
	GH_CLEANUP(gh_free_ptr) char *pwfile = NULL;
	GH_CLEANUP(gh_free_ptr) char *fresh = NULL;
	enum gh_code made, wiped;

	GH_ENSURE(!gh_cluster_exists(cluster), GH_E_CONFLICT, "%s exists already",
	          cluster->data_dir);
	GH_ENSURE(strlen(admin_password) >= 16 && !strchr(admin_password, '\n'), GH_E_ARGUMENT,
	          "the administrator's password is too short or has a line break");
	GH_TRY(join(&fresh, cluster->data_dir, ".new"));
	GH_TRY(join(&pwfile, cluster->data_dir, ".pw"));
	GH_TRY(gh_tree_remove(fresh));
	GH_TRY(gh_file_replace(pwfile, gh_slice_str(admin_password)));
	made = run_initdb(cluster, fresh, pwfile, deadline_ns);
	wiped = wipe_file(pwfile, strlen(admin_password));
	GH_TRY(made);
	GH_TRY(wiped);
	/* Complete, or not there: a cluster that initdb did not finish never gets this name. */
	GH_ENSURE(rename(fresh, cluster->data_dir) == 0, GH_E_IO,
	          "cannot put %s in place (errno %d)", cluster->data_dir, errno);
	return GH_OK;
}

/* Sizes for a small box: a quarter for shared pages, the rest is the kernel's cache and the
 * backends'. A private cluster needs no more than it is told it may have. */
static void add_sizes(const struct gh_cluster *cluster, struct gh_buf *conf)
{
	size_t mib = cluster->memory_bytes >> 20;
	size_t shared = mib / 4 > 16 ? mib / 4 : 16;

	gh_buf_addf(conf,
	            "max_connections = %u\nsuperuser_reserved_connections = 3\n"
	            "shared_buffers = %zuMB\neffective_cache_size = %zuMB\nwork_mem = 4MB\n"
	            "maintenance_work_mem = %zuMB\nmin_wal_size = 80MB\nmax_wal_size = 512MB\n"
	            "max_worker_processes = 4\nmax_parallel_workers = 2\n"
	            "max_parallel_workers_per_gather = 2\nhuge_pages = off\njit = off\n",
	            cluster->connections, shared, mib / 2 > shared ? mib / 2 : shared,
	            mib / 8 > 16 ? mib / 8 : 16);
}

static const char fixed_settings[] =
    "listen_addresses = ''\nport = " PORT "\nunix_socket_permissions = 0700\n"
    "password_encryption = 'scram-sha-256'\nssl = off\nbonjour = off\n"
    /* The log's promise is that what was acknowledged survives. */
    "fsync = on\nsynchronous_commit = on\nfull_page_writes = on\nwal_level = replica\n"
    "max_wal_senders = 0\nmax_prepared_transactions = 0\n"
    "shared_preload_libraries = 'gatehouse_claims'\nsession_preload_libraries = ''\n"
    "local_preload_libraries = ''\nrow_security = on\n"
    /* Statements of a client that left, or that waits for ever, hold nobody up. */
    "client_connection_check_interval = '1s'\nidle_in_transaction_session_timeout = '60s'\n"
    "lock_timeout = '10s'\n"
    /* Neither statements, nor parameters, nor the DETAIL that quotes rows reach a file. */
    "track_activities = off\nlog_statement = 'none'\nlog_min_error_statement = 'panic'\n"
    "log_error_verbosity = 'terse'\nlog_parameter_max_length = 0\n"
    "log_parameter_max_length_on_error = 0\nlog_min_messages = 'warning'\n"
    "log_destination = 'stderr'\nlogging_collector = on\nlog_directory = 'log'\n"
    "log_filename = 'postgresql-%w.log'\nlog_file_mode = 0600\nlog_rotation_age = '1d'\n"
    "log_rotation_size = 0\nlog_truncate_on_rotation = on\nlog_line_prefix = '%m [%p] '\n"
    "log_timezone = 'UTC'\ntimezone = 'UTC'\nlc_messages = 'C'\ndatestyle = 'iso, ymd'\n";

static const char access_rules[] = "# Written by gatehouse before each start.\n"
                                   "local all " GH_DB_ROLE_ADMIN " scram-sha-256\n"
                                   "local " GH_DB_NAME " " GH_DB_ROLE_APP "," GH_DB_ROLE_IDENTITY
                                   "," GH_DB_ROLE_LOG " scram-sha-256\n"
                                   "local all all reject\n";

gh_result gh_cluster_configure(struct gh_cluster *cluster)
{
	GH_CLEANUP(gh_free_ptr) char *conf_path = NULL;
	GH_CLEANUP(gh_free_ptr) char *hba_path = NULL;
	GH_CLEANUP(gh_buf_free) struct gh_buf conf = { 0 };

	GH_ENSURE(gh_cluster_exists(cluster), GH_E_NOT_FOUND, "there is no cluster in %s",
	          cluster->data_dir);
	GH_TRY(gh_private_directory(cluster->socket_dir));
	GH_TRY(join(&conf_path, cluster->data_dir, "/postgresql.conf"));
	GH_TRY(join(&hba_path, cluster->data_dir, "/pg_hba.conf"));
	gh_buf_add_str(&conf, "# Written by gatehouse before each start.\n");
	gh_buf_add_str(&conf, fixed_settings);
	add_sizes(cluster, &conf);
	gh_buf_addf(&conf,
	            "unix_socket_directories = '%s'\ndynamic_library_path = '%s:$libdir'\n"
	            "gatehouse.key_file = '%s'\ngatehouse.issuer = '%s'\n",
	            cluster->socket_dir, cluster->library_dir, cluster->key_file, cluster->issuer);
	GH_TRY(gh_buf_check(&conf));
	GH_TRY(gh_file_replace(conf_path, gh_buf_slice(&conf)));
	return gh_file_replace(hba_path, gh_slice_str(access_rules));
}

/* ---- running ------------------------------------------------------------------------------- */

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000 }, NULL);
}

/* Without reaping: the supervisor waits for its children itself. */
static bool has_ended(pid_t pid)
{
	siginfo_t info = { 0 };

	return pid > 0 && waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == pid;
}

gh_result gh_cluster_wait_ready(const struct gh_cluster *cluster, pid_t pid, uint64_t deadline_ns)
{
	const char *const keywords[] = {
		"host", "port", "dbname", "user", "connect_timeout", NULL
	};
	const char *const values[] = { cluster->socket_dir, PORT, "postgres",
		                       GH_DB_ROLE_ADMIN,    "2",  NULL };

	while (PQpingParams(keywords, values, 0) != PQPING_OK) {
		GH_ENSURE(!has_ended(pid), GH_E_UNAVAILABLE,
		          "the database server ended at its start; see %s", cluster->log_path);
		GH_ENSURE(gh_clock_mono_ns() < deadline_ns, GH_E_UNAVAILABLE,
		          "the database server is not ready in time; see %s", cluster->log_path);
		pause_ms(20);
	}
	return GH_OK;
}

gh_result gh_cluster_stop(const struct gh_cluster *cluster, pid_t pid, uint64_t deadline_ns)
{
	bool late = false;

	GH_ENSURE(pid > 1, GH_E_ARGUMENT, "no process to stop");
	GH_ENSURE(kill(pid, SIGINT) == 0, GH_E_IO, "cannot signal the database server (errno %d)",
	          errno);
	for (;;) {
		pid_t done = waitpid(pid, NULL, WNOHANG);

		if (done == pid)
			break;
		GH_ENSURE(done == 0 || errno == EINTR, GH_E_IO,
		          "the database server is not our child (errno %d)", errno);
		if (!late && gh_clock_mono_ns() >= deadline_ns) {
			late = true; /* immediate: recovery at the next start makes it whole */
			(void)kill(pid, SIGQUIT);
		}
		pause_ms(10);
	}
	return late ? gh_fail(GH_E_LIMIT, "the database server had to be stopped at once") : GH_OK;
}

gh_result gh_cluster_connect(const struct gh_cluster *cluster, const char *database,
                             const char *role, const char *password, uint64_t deadline_ns,
                             struct gh_db **out)
{
	const struct gh_db_param params[] = {
		{ "host", cluster->socket_dir }, { "port", PORT },
		{ "dbname", database },          { "user", role },
		{ "password", password },
	};
	const struct gh_db_config config = { .params = params,
		                             .param_count = GH_ARRAY_LEN(params) };

	return gh_db_connect(&config, deadline_ns, out);
}

gh_result gh_cluster_create_database(const struct gh_cluster *cluster, const char *admin_password,
                                     uint64_t deadline_ns)
{
	GH_CLEANUP(gh_db_close_ptr) struct gh_db *db = NULL;
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *found = NULL;
	const struct gh_db_value name = gh_db_str(GH_DB_NAME);
	const struct gh_db_statement statement = {
		.sql = "SELECT datname FROM pg_database WHERE datname = $1::name",
		.values = &name,
		.value_count = 1,
		.reads = true,
	};

	GH_TRY(gh_cluster_connect(cluster, "postgres", GH_DB_ROLE_ADMIN, admin_password,
	                          deadline_ns, &db));
	GH_TRY(gh_db_exec(db, &statement, deadline_ns, &found));
	if (gh_db_rows(found) == 0)
		GH_TRY(gh_db_script(db,
		                    "CREATE DATABASE " GH_DB_NAME
		                    " TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'",
		                    deadline_ns));
	return gh_db_script(db,
	                    "REVOKE ALL ON DATABASE postgres FROM PUBLIC;"
	                    "REVOKE ALL ON DATABASE template1 FROM PUBLIC;"
	                    "REVOKE ALL ON DATABASE " GH_DB_NAME " FROM PUBLIC",
	                    deadline_ns);
}

static gh_result set_password(struct gh_db *admin, const char *role, const char *password,
                              uint64_t deadline_ns)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf sql = { .secret = true };
	char *verifier, *literal;

	if (!password)
		return GH_OK;
	GH_ENSURE(gh_db_alive(admin), GH_E_UNAVAILABLE,
	          "the database connection is closed or busy");
	verifier = PQencryptPasswordConn(admin->pg, password, role, "scram-sha-256");
	GH_ENSURE(verifier, GH_E_CRYPTO, "cannot make a SCRAM verifier");
	literal = PQescapeLiteral(admin->pg, verifier, strlen(verifier));
	PQfreemem(verifier);
	GH_ENSURE(literal, GH_E_MEMORY, "out of memory");
	gh_buf_init(&sql, 1024, true);
	gh_buf_addf(&sql, "ALTER ROLE %s PASSWORD %s", role, literal);
	PQfreemem(literal);
	GH_TRY(gh_buf_check(&sql));
	return gh_db_script(admin, gh_buf_cstr(&sql), deadline_ns);
}

gh_result gh_cluster_set_passwords(struct gh_db *admin,
                                   const struct gh_cluster_passwords *passwords,
                                   uint64_t deadline_ns)
{
	GH_TRY(set_password(admin, GH_DB_ROLE_APP, passwords->app, deadline_ns));
	GH_TRY(set_password(admin, GH_DB_ROLE_IDENTITY, passwords->identity, deadline_ns));
	return set_password(admin, GH_DB_ROLE_LOG, passwords->log, deadline_ns);
}
