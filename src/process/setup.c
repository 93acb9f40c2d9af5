#include "process/setup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/secret.h"
#include "db/migrate.h"
#include "process/demo.h"
#include "process/secrets.h"

#define MODULE_NAME       "gatehouse_claims.so"
#define DEADLINE(seconds) (gh_clock_mono_ns() + (uint64_t)(seconds)*1000000000u)

static gh_result make_dir(const struct gh_state *state, const char *name)
{
	GH_ENSURE(mkdirat(state->fd, name, 0700) == 0 || errno == EEXIST, GH_E_IO,
	          "cannot make %s in the state directory: %s", name, strerror(errno));
	return GH_OK;
}

/* Copied, so that PostgreSQL finds it whatever directories its user may enter, and so that a
 * rebuilt module cannot meet a running server. */
static gh_result install_module(const struct gh_setup *setup)
{
	struct gh_buf module = { .limit = (size_t)16 << 20 };
	enum gh_code code = GH_OK;
	ssize_t n = 0;
	off_t at = 0;

	GH_TRY(make_dir(&setup->state, "lib"));
	do {
		uint8_t *room = gh_buf_reserve(&module, 65536);
		n = room ? pread(setup->module_fd, room, 65536, at) : -1;
		if (n > 0) {
			gh_buf_commit(&module, (size_t)n);
			at += n;
		}
	} while (n > 0);
	if (n < 0)
		code = gh_fail(GH_E_IO, "cannot read %s: %s", MODULE_NAME, strerror(errno));
	else
		code = gh_state_write(&setup->state, "lib/" MODULE_NAME, module.data, module.len);
	gh_buf_free(&module);
	return code;
}

gh_result gh_setup_identity(struct gh_setup *setup)
{
	char path[GH_STATE_PATH_BYTES];
	GH_CLEANUP(gh_json_decref_ptr) json_t *file = NULL;

	gh_state_join(&setup->state, "identity.json", path);
	if (access(path, F_OK) != 0) {
		struct gh_buf text = { .limit = 4096 };
		struct gh_json_writer json;
		char name[64];

		gh_json_begin(&json, &text);
		snprintf(name, sizeof name, "https://127.0.0.1:%u", setup->port);
		gh_json_str(&json, "issuer", name);
		gh_json_str(&json, "audience", name);
		snprintf(name, sizeof name, "127.0.0.1/gatehouse/%08x",
		         (unsigned)gh_clock_unix_s());
		gh_json_str(&json, "origin", name);
		gh_json_end(&json);
		enum gh_code code =
		    gh_state_write(&setup->state, "identity.json", text.data, text.len);
		gh_buf_free(&text);
		GH_TRY(code);
	}
	json_error_t error;
	const char *issuer, *audience, *origin;
	file = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	GH_ENSURE(file && json_unpack(file, "{s:s,s:s,s:s}", "issuer", &issuer, "audience",
	                              &audience, "origin", &origin) == 0,
	          GH_E_CORRUPT, "identity.json in the state directory is damaged");
	snprintf(setup->issuer, sizeof setup->issuer, "%s", issuer);
	snprintf(setup->audience, sizeof setup->audience, "%s", audience);
	snprintf(setup->origin, sizeof setup->origin, "%s", origin);
	return GH_OK;
}

void gh_setup_keeper_config(const struct gh_setup *setup, char paths[2][GH_STATE_PATH_BYTES],
                            struct gh_keeper_config *out)
{
	gh_state_join(&setup->state, "keys", paths[0]);
	gh_state_join(&setup->state, "database-jwks.json", paths[1]);
	*out = (struct gh_keeper_config){ .dir = paths[0],
		                          .issuer = setup->issuer,
		                          .audience = setup->audience,
		                          .origin = setup->origin,
		                          .database_jwks_path = paths[1],
		                          .sandbox = true };
}

gh_result gh_setup_cluster_open(const struct gh_setup *setup, struct gh_cluster **out)
{
	char library_dir[GH_STATE_PATH_BYTES], key_file[GH_STATE_PATH_BYTES];

	gh_state_join(&setup->state, "lib", library_dir);
	gh_state_join(&setup->state, "database-jwks.json", key_file);
	const struct gh_cluster_config config = { .dir = setup->state.path,
		                                  .library_dir = library_dir,
		                                  .key_file = key_file };
	return gh_cluster_open(&config, out);
}

gh_result gh_setup_before_database(const struct gh_setup *setup)
{
	char paths[2][GH_STATE_PATH_BYTES];
	struct gh_keeper_config keeper;
	GH_CLEANUP(gh_cluster_close_ptr) struct gh_cluster *cluster = NULL;
	struct gh_database_secrets secrets;

	gh_setup_keeper_config(setup, paths, &keeper);
	GH_TRY(gh_keeper_init(&keeper));
	GH_TRY(install_module(setup));
	GH_TRY(gh_database_secrets_load(&setup->state, true, &secrets));
	enum gh_code code = gh_setup_cluster_open(setup, &cluster);
	if (code == GH_OK && !gh_cluster_exists(cluster))
		code = gh_cluster_init(cluster, secrets.admin, DEADLINE(120));
	gh_database_secrets_wipe(&secrets);
	GH_TRY(code);
	return gh_cluster_configure(cluster);
}

static gh_result prepare_database(const struct gh_setup *setup, const struct gh_cluster *cluster,
                                  const struct gh_database_secrets *secrets)
{
	GH_CLEANUP(gh_db_close_ptr) struct gh_db *admin = NULL;
	const struct gh_cluster_passwords passwords = { .app = secrets->app,
		                                        .identity = secrets->identity,
		                                        .log = secrets->log };

	GH_TRY(gh_cluster_create_database(cluster, secrets->admin, DEADLINE(30)));
	GH_TRY(gh_cluster_connect(cluster, GH_DB_NAME, GH_DB_ROLE_ADMIN, secrets->admin,
	                          DEADLINE(10), &admin));
	GH_TRY(gh_migrate(admin, gh_migrations, gh_migration_count, DEADLINE(60), NULL));
	GH_TRY(gh_cluster_set_passwords(admin, &passwords, DEADLINE(10)));
	return gh_demo_seed(admin, setup);
}

gh_result gh_setup_database(const struct gh_setup *setup)
{
	GH_CLEANUP(gh_cluster_close_ptr) struct gh_cluster *cluster = NULL;
	struct gh_database_secrets secrets;

	GH_TRY(gh_setup_cluster_open(setup, &cluster));
	GH_TRY(gh_database_secrets_load(&setup->state, false, &secrets));
	enum gh_code code = prepare_database(setup, cluster, &secrets);
	gh_database_secrets_wipe(&secrets);
	return code;
}
