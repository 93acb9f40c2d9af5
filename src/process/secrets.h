/* secrets.h: the passwords of the embedded cluster's roles. Random, made once, kept in one 0600
 * file of the state directory, read by a process before it locks itself in. Never in argv,
 * environment or logs. */
#ifndef GH_PROCESS_SECRETS_H
#define GH_PROCESS_SECRETS_H

#include "base/result.h"
#include "process/state.h"

#define GH_PASSWORD_BYTES 44 /* 32 random bytes in base64url, and NUL */

struct gh_database_secrets {
	char admin[GH_PASSWORD_BYTES];
	char app[GH_PASSWORD_BYTES];
	char identity[GH_PASSWORD_BYTES];
	char log[GH_PASSWORD_BYTES];
};

/* Reads them, or makes them when the file is absent and `create` is set. Wipe after use. */
gh_result gh_database_secrets_load(const struct gh_state *state, bool create,
                                   struct gh_database_secrets *out);
void gh_database_secrets_wipe(struct gh_database_secrets *secrets);

#endif
