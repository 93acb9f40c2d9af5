/* cluster.h: the private PostgreSQL cluster of `gatehouse up`. It lives in DIR/pg, listens on a
 * UNIX socket in a directory of mode 0700 and nowhere else, and knows only our roles, by
 * SCRAM-SHA-256. The server runs as a foreground child of the supervisor and never as root. */
#ifndef GH_DB_CLUSTER_H
#define GH_DB_CLUSTER_H

#include <sys/types.h>

#include "db/db.h"

#define GH_DB_NAME          "gatehouse"
#define GH_DB_ROLE_ADMIN    "gatehouse_admin"    /* superuser of the embedded cluster: migrations */
#define GH_DB_ROLE_APP      "gatehouse_app"      /* tenant work */
#define GH_DB_ROLE_IDENTITY "gatehouse_identity" /* credential look-ups across tenants */
#define GH_DB_ROLE_LOG      "gatehouse_log"      /* the audit sequencer */

/* The oldest server that has the row-security fixes we rely on, as server_version_num. */
#define GH_DB_SERVER_FLOOR 150018

struct gh_cluster_config {
	const char *dir;         /* state directory, absolute, exists */
	const char *bindir;      /* NULL: pg_config --bindir, then /usr/lib/postgresql/NN/bin */
	const char *library_dir; /* absolute: where gatehouse_claims.so lies */
	const char *key_file;    /* absolute: JWKS with the public keys of database tokens */
	const char *issuer;      /* iss of database tokens; NULL: "gatehouse" */
	size_t memory_bytes;     /* what the server may plan with; 0: 256 MiB */
	unsigned connections;    /* max_connections; 0: 64 */
};

struct gh_cluster;

/* Finds the server programs, checks their version against the floor and chooses the socket
 * directory (DIR/run, or a private one under /tmp when that does not fit into sun_path). Touches
 * nothing. Refuses uid 0 (GH_E_DENIED). */
gh_result gh_cluster_open(const struct gh_cluster_config *config, struct gh_cluster **out);
void gh_cluster_close(struct gh_cluster *cluster); /* stops nothing; NULL is fine */
GH_DEFINE_CLEANUP(struct gh_cluster *, gh_cluster_close)

/* Whether DIR/pg is a complete cluster. */
bool gh_cluster_exists(const struct gh_cluster *cluster);
/* initdb into DIR/pg: checksums, SCRAM, UTF8, C locale. The password reaches initdb through a 0600
 * file that is overwritten and removed. An interrupted attempt is removed by the next one. */
gh_result gh_cluster_init(struct gh_cluster *cluster, const char *admin_password,
                          uint64_t deadline_ns);
/* Writes postgresql.conf and pg_hba.conf anew, and makes the socket directory. Before each start.
 */
gh_result gh_cluster_configure(struct gh_cluster *cluster);
/* argv for execv(argv[0], argv): postgres in the foreground. Owned by the cluster. */
char *const *gh_cluster_argv(const struct gh_cluster *cluster);
/* Until it accepts connections. GH_E_UNAVAILABLE at the deadline or as soon as `pid` (our child,
 * not reaped here; 0: not known) has ended. */
gh_result gh_cluster_wait_ready(const struct gh_cluster *cluster, pid_t pid, uint64_t deadline_ns);
/* Fast shutdown (SIGINT), then SIGQUIT at the deadline; reaps the child. */
gh_result gh_cluster_stop(const struct gh_cluster *cluster, pid_t pid, uint64_t deadline_ns);

/* The major version's binaries and where to connect: host=<socket dir>, port=5432. */
const char *gh_cluster_bindir(const struct gh_cluster *cluster);
const char *gh_cluster_socket_dir(const struct gh_cluster *cluster);
const char *gh_cluster_log_path(const struct gh_cluster *cluster);
/* Connects over the socket. */
gh_result gh_cluster_connect(const struct gh_cluster *cluster, const char *database,
                             const char *role, const char *password, uint64_t deadline_ns,
                             struct gh_db **out);

/* Creates the database when it is missing and takes what PUBLIC may do there and in the others. */
gh_result gh_cluster_create_database(const struct gh_cluster *cluster, const char *admin_password,
                                     uint64_t deadline_ns);

/* Set after gh_migrate made the roles; the server sees SCRAM verifiers only. NULL: left alone. */
struct gh_cluster_passwords {
	const char *app;
	const char *identity;
	const char *log;
};
gh_result gh_cluster_set_passwords(struct gh_db *admin,
                                   const struct gh_cluster_passwords *passwords,
                                   uint64_t deadline_ns);

#endif
