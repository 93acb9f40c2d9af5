/* keeper.h: the process that holds the private keys. It reads no network and no database; it
 * answers the messages of message.h over inherited sockets, and checks each against its own state:
 * it signs no token over its lifetime, for no other issuer, and no checkpoint that does not extend
 * the last one. Its files (DIR, mode 0700) are sealed under a KEK, except what is public. */
#ifndef GH_PROCESS_KEEPER_KEEPER_H
#define GH_PROCESS_KEEPER_KEEPER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"

#define GH_KEEPER_ACCESS_SIGN_S     (30 * 86400) /* an access key signs so long, */
#define GH_KEEPER_ACCESS_VERIFY_S   (16 * 60)    /* verifies so long after its last signature, */
#define GH_KEEPER_ACCESS_PENDING_S  (10 * 60)    /* and was published so long before its first */
#define GH_KEEPER_DATABASE_ISSUER   "gatehouse"  /* what gatehouse.issuer expects */
#define GH_KEEPER_DATABASE_AUDIENCE "gatehouse-db"

struct gh_keeper_config {
	const char *dir;      /* key directory; opened once, may be /proc/self/fd/N/keys */
	const char *issuer;   /* iss of access tokens */
	const char *audience; /* aud of access tokens */
	const char *origin;   /* checkpoint origin and key name: no '+', no white space */
	const char
	    *database_jwks_path;      /* NULL, or where PostgreSQL reads it (gatehouse.key_file) */
	const char *const *tls_names; /* beside localhost, 127.0.0.1 and ::1 */
	size_t tls_name_count;
	bool sandbox; /* seccomp, Landlock, no_new_privs; false only in tests */
};

/* Makes what is missing in config->dir (made with mode 0700 when absent), renews a TLS certificate
 * with less than 30 days left or without a wanted name, writes the database JWKS file, and checks
 * all that is there. GH_E_CORRUPT or GH_E_DENIED names the file that is damaged or too open;
 * nothing is ever written over because it could not be read. Idempotent; one process at a time
 * (GH_E_CONFLICT when another keeper holds the directory). */
gh_result gh_keeper_init(const struct gh_keeper_config *config);

/* Runs the keeper on `count` SOCK_SEQPACKET sockets until all peers are gone or SIGTERM. Calls
 * gh_keeper_init first. Owns the descriptors. To be called in a process of its own: with
 * config->sandbox it locks itself in for good. */
gh_result gh_keeper_run(const int *fds, size_t count, const struct gh_keeper_config *config);

#endif
