#include "cli/log_state.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/secret.h"
#include "process/keeper/checkpoint.h"
#include "process/keeper/tenants.h"
#include "process/secrets.h"
#include "process/setup.h"

#define SECONDS(n) (gh_clock_mono_ns() + (uint64_t)(n)*1000000000u)

struct opened {
	struct gh_setup setup;
	struct gh_cluster *cluster;
	struct gh_database_secrets secrets;
	struct gh_keeper_store store;
	struct gh_tenants *tenants;
	struct gh_checkpoint_signer *signer;
	pid_t postgres; /* started by us; 0: it ran already */
};

static enum gh_code unwrap_dek(void *context, const struct gh_uuid *tenant, struct gh_slice purpose,
                               struct gh_slice subject, struct gh_slice wrapped, uint8_t dek[32])
{
	struct opened *opened = context;
	const struct gh_tenant_kek *kek;

	GH_TRY(gh_tenants_get(opened->tenants, tenant, false, &kek));
	return gh_dek_unwrap(kek, purpose, subject, wrapped, dek);
}

static enum gh_code vkey(void *context, struct gh_buf *out)
{
	struct opened *opened = context;

	return gh_checkpoint_vkey(opened->signer, out);
}

static gh_result open_keys(struct opened *opened)
{
	char dir[GH_STATE_PATH_BYTES];

	gh_state_join(&opened->setup.state, "keys", dir);
	GH_TRY(gh_keeper_store_open_shared(dir, &opened->store));
	GH_TRY(gh_tenants_open(&opened->store, &opened->tenants));
	return gh_checkpoint_open(&opened->store, opened->setup.origin, &opened->signer);
}

static gh_result start_postgres(struct opened *opened)
{
	GH_TRY(gh_state_lock(&opened->setup.state));
	GH_TRY(gh_cluster_configure(opened->cluster));
	char *const *argv = gh_cluster_argv(opened->cluster);
	pid_t parent = getpid();

	opened->postgres = fork();
	GH_ENSURE(opened->postgres >= 0, GH_E_IO, "cannot start PostgreSQL: %s", strerror(errno));
	if (opened->postgres == 0) {
		prctl(PR_SET_PDEATHSIG, SIGINT);
		if (getppid() == parent)
			execv(argv[0], argv);
		_exit(127);
	}
	return gh_cluster_wait_ready(opened->cluster, opened->postgres, SECONDS(60));
}

static gh_result connect_admin(struct opened *opened, struct gh_db **out)
{
	return gh_cluster_connect(opened->cluster, GH_DB_NAME, GH_DB_ROLE_ADMIN,
	                          opened->secrets.admin, SECONDS(5), out);
}

static gh_result open_all(const char *dir, struct opened *opened, struct gh_log_state *out)
{
	GH_TRY(gh_state_open(dir, false, NULL, &opened->setup.state));
	GH_TRY(gh_state_drop_privileges(&opened->setup.state));
	GH_ENSURE(faccessat(opened->setup.state.fd, "identity.json", R_OK, 0) == 0, GH_E_NOT_FOUND,
	          "%s is no state directory of `gatehouse up`", dir);
	GH_TRY(gh_setup_identity(&opened->setup));
	GH_TRY(gh_database_secrets_load(&opened->setup.state, false, &opened->secrets));
	GH_TRY(open_keys(opened));
	GH_TRY(gh_setup_cluster_open(&opened->setup, &opened->cluster));
	if (connect_admin(opened, &out->db) == GH_OK)
		return GH_OK;
	/* Not running: start it for as long as this takes. */
	GH_TRY(start_postgres(opened));
	return connect_admin(opened, &out->db);
}

gh_result gh_log_state_open(const char *dir, struct gh_log_state *out)
{
	struct opened *opened = calloc(1, sizeof *opened);

	memset(out, 0, sizeof *out);
	GH_ENSURE(opened, GH_E_MEMORY, "out of memory");
	opened->setup.state.fd = -1;
	opened->store = (struct gh_keeper_store){ .dir_fd = -1, .lock_fd = -1 };
	out->private = opened;
	out->keys = (struct gh_audit_keys){ opened, unwrap_dek, vkey };
	enum gh_code code = open_all(dir, opened, out);
	if (code != GH_OK) {
		struct gh_error why = *gh_last_error();
		gh_log_state_close(out);
		return gh_fail(code, "%s", why.text);
	}
	return GH_OK;
}

void gh_log_state_close(struct gh_log_state *state)
{
	struct opened *opened = state->private;

	gh_db_close(state->db);
	if (opened) {
		if (opened->postgres > 0 &&
		    gh_cluster_stop(opened->cluster, opened->postgres, SECONDS(30)) != GH_OK)
			kill(opened->postgres, SIGQUIT);
		gh_checkpoint_close(opened->signer);
		gh_tenants_close(opened->tenants);
		gh_keeper_store_close(&opened->store);
		gh_database_secrets_wipe(&opened->secrets);
		gh_cluster_close(opened->cluster);
		gh_state_close(&opened->setup.state);
		free(opened);
	}
	memset(state, 0, sizeof *state);
}
