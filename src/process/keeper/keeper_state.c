/* Opening order is dependency order; closing is the reverse. */
#include "process/keeper/keeper_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"

#define DATABASE_FILE "database.json"

gh_result gh_keeper_database_jwks(const struct gh_keeper *keeper, struct gh_buf *out)
{
	gh_buf_add_str(out, "{\"keys\":[");
	GH_TRY(gh_key_to_jwk(keeper->database, keeper->database_kid, out));
	gh_buf_add_str(out, "]}\n");
	return gh_buf_check(out);
}

static gh_result open_database_key(struct gh_keeper *keeper, int64_t now_s)
{
	GH_CLEANUP(gh_json_decref_ptr) json_t *doc = NULL;
	GH_CLEANUP(gh_buf_free) struct gh_buf sealed = { .limit = 65536 };
	const char *text;

	enum gh_code code = gh_keeper_doc_read(&keeper->store, DATABASE_FILE, &doc);
	if (code != GH_E_NOT_FOUND) {
		GH_TRY(code);
		GH_ENSURE(json_unpack(doc, "{s:s}", "sealed", &text) == 0, GH_E_CORRUPT,
		          "%s is damaged", DATABASE_FILE);
		GH_TRY(gh_keeper_open_key(&keeper->store, "database", text, &keeper->database));
		return gh_key_thumbprint(keeper->database, keeper->database_kid);
	}
	GH_TRY(gh_key_generate(GH_KEY_RSA, &keeper->database));
	GH_TRY(gh_key_thumbprint(keeper->database, keeper->database_kid));
	GH_TRY(gh_keeper_seal_key(&keeper->store, "database", keeper->database, &sealed));
	doc = json_pack("{s:s, s:I, s:s}", "kid", keeper->database_kid, "created",
	                (json_int_t)now_s, "sealed", gh_buf_cstr(&sealed));
	GH_ENSURE(doc, GH_E_MEMORY, "out of memory");
	return gh_keeper_doc_write(&keeper->store, DATABASE_FILE, doc);
}

/* The public half, where PostgreSQL reads it: left alone when it is right already. */
static gh_result publish_database_key(const struct gh_keeper *keeper)
{
	const char *path = keeper->config->database_jwks_path;
	GH_CLEANUP(gh_buf_free) struct gh_buf wanted = { .limit = 65536 };
	GH_CLEANUP(gh_buf_free) struct gh_buf present = { .limit = 65536 };
	char directory[4096];

	if (!path)
		return GH_OK;
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;
	GH_ENSURE(len > 0 && len < sizeof directory && slash[1] != 0, GH_E_ARGUMENT,
	          "the database JWKS path is not absolute");
	memcpy(directory, path, len);
	directory[len] = 0;
	GH_CLEANUP(gh_fd_close_ptr) int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	GH_ENSURE(fd >= 0, GH_E_IO, "%s cannot be opened: %s", directory, strerror(errno));
	GH_TRY(gh_keeper_database_jwks(keeper, &wanted));
	if (gh_keeper_read_file(fd, slash + 1, 65536, false, &present) == GH_OK &&
	    gh_slice_eq(gh_buf_slice(&present), gh_buf_slice(&wanted)))
		return GH_OK;
	return gh_keeper_write_file(fd, slash + 1, gh_buf_slice(&wanted), 0644);
}

static gh_result fill(struct gh_keeper *keeper, int64_t now_s)
{
	const struct gh_keeper_config *config = keeper->config;
	const struct gh_x509_names names = { config->tls_names, config->tls_name_count };

	GH_TRY(gh_keeper_store_open(config->dir, &keeper->store));
	GH_TRY(gh_access_keys_open(&keeper->store, now_s, &keeper->access));
	GH_TRY(open_database_key(keeper, now_s));
	GH_TRY(gh_checkpoint_open(&keeper->store, config->origin, &keeper->checkpoint));
	GH_TRY(gh_tls_identity_open(&keeper->store, &names, now_s, &keeper->tls));
	GH_TRY(gh_tenants_open(&keeper->store, &keeper->tenants));
	return publish_database_key(keeper);
}

gh_result gh_keeper_open(const struct gh_keeper_config *config, int64_t now_s,
                         struct gh_keeper **out)
{
	GH_ENSURE(config->dir && config->issuer && config->issuer[0] && config->audience &&
	              config->audience[0] && config->origin,
	          GH_E_ARGUMENT,
	          "the keeper needs a directory, an issuer, an audience and an origin");
	GH_CLEANUP(gh_keeper_close_ptr) struct gh_keeper *keeper = calloc(1, sizeof *keeper);
	GH_ENSURE(keeper, GH_E_MEMORY, "out of memory");
	keeper->config = config;
	keeper->store = (struct gh_keeper_store){ .dir_fd = -1, .lock_fd = -1 };
	GH_TRY(fill(keeper, now_s));
	*out = GH_STEAL(keeper);
	return GH_OK;
}

void gh_keeper_close(struct gh_keeper *keeper)
{
	if (!keeper)
		return;
	gh_tenants_close(keeper->tenants);
	gh_tls_identity_close(keeper->tls);
	gh_checkpoint_close(keeper->checkpoint);
	gh_key_free(keeper->database);
	gh_access_keys_close(keeper->access);
	gh_keeper_store_close(&keeper->store);
	free(keeper);
}

gh_result gh_keeper_tick(struct gh_keeper *keeper, int64_t now_s)
{
	GH_TRY(gh_access_keys_tick(keeper->access, now_s));
	return gh_tls_identity_tick(keeper->tls, now_s);
}

gh_result gh_keeper_init(const struct gh_keeper_config *config)
{
	GH_CLEANUP(gh_keeper_close_ptr) struct gh_keeper *keeper = NULL;

	return gh_keeper_open(config, gh_clock_unix_s(), &keeper);
}
