#include "process/starter.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/hash.h"
#include "policy/pack/build.h"
#include "policy/pack/pack.h"

#define DEADLINE   (gh_clock_mono_ns() + 10000000000u)
#define LIFETIME_S (5 * 365 * 86400)
#define KEY_BYTES  8192

static const char *const roles[] = { "author", "approver" };

static gh_result read_key(const char *path, struct gh_key **out)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf pem = { .limit = KEY_BYTES, .secret = true };
	FILE *file = fopen(path, "re");

	GH_ENSURE(file, GH_E_NOT_FOUND, "no policy key yet");
	uint8_t *room = gh_buf_reserve(&pem, KEY_BYTES - 1);
	size_t n = room ? fread(room, 1, KEY_BYTES - 1, file) : 0;
	fclose(file);
	if (room)
		gh_buf_commit(&pem, n);
	return gh_key_from_private_pem(gh_buf_slice(&pem), out);
}

/* RSA, so that Debian's jose and openssl verify without conversion. */
static gh_result read_or_make_key(const struct gh_state *state, const char *role,
                                  struct gh_key **out)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf pem = { .limit = KEY_BYTES, .secret = true };
	char name[64], path[GH_STATE_PATH_BYTES];

	GH_ENSURE(mkdirat(state->fd, "policy", 0700) == 0 || errno == EEXIST, GH_E_IO,
	          "cannot make policy in the state directory: %s", strerror(errno));
	snprintf(name, sizeof name, "policy/%s.key", role);
	gh_state_join(state, name, path);
	if (access(path, F_OK) == 0)
		return read_key(path, out);
	GH_TRY(gh_key_generate(GH_KEY_RSA, out));
	GH_TRY(gh_key_to_private_pem(*out, &pem));
	return gh_state_write(state, name, pem.data, pem.len);
}

static gh_result make_trust(struct gh_key *const keys[2], const struct gh_uuid *tenant,
                            struct gh_buf *out)
{
	GH_CLEANUP(gh_trust_clear)
	struct gh_trust trust = { .tenant = *tenant, .epoch = 1, .threshold = 2 };

	for (size_t i = 0; i < GH_ARRAY_LEN(roles); i++) {
		struct gh_signer *signer = &trust.signers[trust.signer_count];
		GH_CLEANUP(gh_buf_free) struct gh_buf pem = { 0 };
		GH_TRY(gh_key_to_public_pem(keys[i], &pem));
		GH_TRY(gh_key_from_public_pem(gh_buf_slice(&pem), &signer->key));
		trust.signer_count++;
		GH_TRY(gh_key_thumbprint(signer->key, signer->kid));
		snprintf(signer->person, sizeof signer->person, "the demo's %s", roles[i]);
		signer->role = i == 0 ? GH_SIGNER_AUTHOR : GH_SIGNER_APPROVER;
	}
	return gh_trust_write(&trust, out);
}

static gh_result make_pack(struct gh_key *const keys[2], const struct gh_uuid *tenant,
                           const char *tenant_name, struct gh_buf *out)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf raw = { 0 }, once = { 0 };
	int64_t now = gh_clock_unix_s();
	struct gh_manifest manifest = { .tenant = *tenant,
		                        .revision = 1,
		                        .effective_from_s = now,
		                        .expires_s = now + LIFETIME_S };

	snprintf(manifest.name, sizeof manifest.name, "%.100s", tenant_name);
	snprintf(manifest.change, sizeof manifest.change, "The starter pack");
	GH_TRY(gh_pack_build(gh_starter_members, gh_starter_count, &manifest, &raw));
	GH_TRY(gh_pack_sign(gh_buf_slice(&raw), keys[0], now, &once));
	return gh_pack_sign(gh_buf_slice(&once), keys[1], now, out);
}

static gh_result insert(struct gh_db *admin, const struct gh_uuid *tenant, struct gh_slice trust,
                        struct gh_slice pack)
{
	struct gh_tar_member members[GH_TAR_MAX_MEMBERS];
	uint8_t digest[32];
	size_t count;

	GH_TRY(gh_tar_read(pack, members, &count));
	gh_sha256(gh_tar_find(members, count, "manifest.json"), digest);
	const struct gh_db_value trust_values[] = { gh_db_uuid(tenant), gh_db_bytea(trust) };
	const struct gh_db_value pack_values[] = { gh_db_uuid(tenant),
		                                   gh_db_bytea(gh_slice(digest, sizeof digest)),
		                                   gh_db_bytea(pack) };
	const struct gh_db_statement statements[] = {
		{ .sql =
		      "INSERT INTO gatehouse.policy_trust (tenant_id, epoch, document, created_by) "
		      "VALUES ($1, 1, $2, 'gatehouse up')",
		  .values = trust_values,
		  .value_count = GH_ARRAY_LEN(trust_values) },
		{ .sql = "INSERT INTO gatehouse.policy_pack (tenant_id, revision, digest, epoch, "
		         "pack, "
		         "effective_at, activated_by) VALUES ($1, 1, $2, 1, $3, now(), 'gatehouse "
		         "up')",
		  .values = pack_values,
		  .value_count = GH_ARRAY_LEN(pack_values) },
	};
	return gh_db_batch(admin, statements, GH_ARRAY_LEN(statements), DEADLINE, NULL, NULL);
}

static gh_result has_pack(struct gh_db *admin, const struct gh_uuid *tenant, bool *out)
{
	const struct gh_db_value value = gh_db_uuid(tenant);
	const struct gh_db_statement find = {
		.sql = "SELECT 1 FROM gatehouse.policy_trust WHERE tenant_id = $1 LIMIT 1",
		.values = &value,
		.value_count = 1,
		.reads = true,
	};
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;

	GH_TRY(gh_db_exec(admin, &find, DEADLINE, &rows));
	*out = gh_db_rows(rows) > 0;
	return GH_OK;
}

gh_result gh_starter_seed(struct gh_db *admin, const struct gh_state *state,
                          const struct gh_uuid *tenant, const char *tenant_name)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf trust = { 0 }, pack = { 0 };
	GH_CLEANUP(gh_key_free_ptr) struct gh_key *author = NULL;
	GH_CLEANUP(gh_key_free_ptr) struct gh_key *approver = NULL;
	bool has;

	GH_TRY(has_pack(admin, tenant, &has));
	if (has)
		return GH_OK;
	GH_TRY(read_or_make_key(state, roles[0], &author));
	GH_TRY(read_or_make_key(state, roles[1], &approver));
	struct gh_key *const keys[] = { author, approver };
	GH_TRY(make_trust(keys, tenant, &trust));
	GH_TRY(make_pack(keys, tenant, tenant_name, &pack));
	return insert(admin, tenant, gh_buf_slice(&trust), gh_buf_slice(&pack));
}
