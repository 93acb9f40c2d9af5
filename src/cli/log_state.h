/* log_state.h: a state directory opened for reading its log: a connection as the administrator and
 * the keys that open what is sealed. Starts the directory's cluster when it is not running, and
 * stops what it started. */
#ifndef GH_CLI_LOG_STATE_H
#define GH_CLI_LOG_STATE_H

#include "audit/verify.h"

struct gh_log_state {
	struct gh_db *db; /* as gatehouse_admin */
	struct gh_audit_keys keys;
	void *private; /* the implementation's */
};

/* GH_E_NOT_FOUND when `dir` is no state directory. */
gh_result gh_log_state_open(const char *dir, struct gh_log_state *out);
void gh_log_state_close(struct gh_log_state *state); /* zeroed is fine */

#endif
