#include "rig.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/codec.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/merkle_verify.h"

/* ---- keys ---------------------------------------------------------------------------------- */

static gh_result key_hash(const struct rig *rig, uint8_t typed[33], uint8_t id[4])
{
	uint8_t hash[32];

	typed[0] = 1;
	GH_TRY(gh_key_to_ed25519(rig->key, typed + 1));
	const struct gh_slice parts[] = { GH_SLICE(RIG_ORIGIN "\n"), gh_slice(typed, 33) };
	gh_sha256_of(parts, 2, hash);
	memcpy(id, hash, 4);
	return GH_OK;
}

static gh_result vkey(void *context, struct gh_buf *out)
{
	uint8_t typed[33], id[4];
	char hex[9];

	GH_TRY(key_hash(context, typed, id));
	gh_hex_encode(gh_slice(id, 4), hex);
	gh_buf_addf(out, "%s+%s+", RIG_ORIGIN, hex);
	gh_base64_encode(gh_slice(typed, 33), out);
	return gh_buf_check(out);
}

static gh_result write_note(struct rig *rig, uint64_t size, const uint8_t root[32],
                            struct gh_buf *note)
{
	struct gh_buf signature = { 0 };
	uint8_t typed[33], id[4];
	size_t begin = note->len;

	GH_TRY(key_hash(rig, typed, id));
	gh_buf_addf(note, "%s\n%llu\n", RIG_ORIGIN, (unsigned long long)size);
	gh_base64_encode(gh_slice(root, 32), note);
	gh_buf_add_byte(note, '\n');
	gh_buf_add(&signature, id, 4);
	GH_TRY(gh_key_sign(rig->key, gh_slice(note->data + begin, note->len - begin), &signature));
	gh_buf_addf(note, "\n\u2014 %s ", RIG_ORIGIN);
	gh_base64_encode(gh_buf_slice(&signature), note);
	gh_buf_add_byte(note, '\n');
	gh_buf_free(&signature);
	return gh_buf_check(note);
}

static gh_result sign(void *context, uint64_t size, const uint8_t root[32],
                      const uint8_t (*proof)[32], size_t count, struct gh_buf *note)
{
	struct rig *rig = context;
	enum gh_code code = GH_OK;
	bool lose;

	pthread_mutex_lock(&rig->lock);
	if (rig->signed_size > 0 &&
	    gh_merkle_verify_consistency(rig->signed_size, size, rig->signed_root, root, proof,
	                                 count) != GH_OK)
		code = gh_fail(GH_E_CONFLICT, "it does not extend what was signed last");
	lose = rig->lose_next_note;
	if (code == GH_OK) {
		rig->signed_size = size;
		memcpy(rig->signed_root, root, 32);
		rig->signatures++;
		rig->lose_next_note = false;
	}
	pthread_mutex_unlock(&rig->lock);
	GH_TRY(code);
	GH_ENSURE(!lose, GH_E_UNAVAILABLE, "the signer's answer is lost");
	return write_note(rig, size, root, note);
}

static gh_result deployment_key(void *context, struct gh_uuid *tenant, struct gh_uuid *id,
                                uint8_t key[32])
{
	struct rig *rig = context;

	*tenant = rig->tenants[0];
	*id = rig->key_ids[0];
	memcpy(key, rig->keys[0], 32);
	return GH_OK;
}

static gh_result unwrap(void *context, const struct gh_uuid *tenant, struct gh_slice purpose,
                        struct gh_slice subject, struct gh_slice wrapped, uint8_t dek[32])
{
	struct rig *rig = context;
	GH_CLEANUP(gh_buf_free) struct gh_buf plain = { 0 };

	GH_TRY(gh_aead_open(rig->wrapping, gh_slice(tenant->bytes, 16), wrapped, &plain));
	GH_ENSURE(plain.len == 32, GH_E_CRYPTO, "not a key");
	memcpy(dek, plain.data, 32);
	return GH_OK;
}

struct gh_audit_keys rig_keys(struct rig *rig)
{
	return (struct gh_audit_keys){ rig, unwrap, vkey };
}

/* ---- database ------------------------------------------------------------------------------ */

gh_result rig_sql(struct rig *rig, const char *sql)
{
	return gh_db_script(rig->admin, sql, in_seconds(60));
}

int64_t rig_number(struct rig *rig, const char *sql)
{
	const struct gh_db_statement statement = { .sql = sql, .once = true };
	struct gh_db_result *rows = NULL;
	int64_t number = -1;

	if (gh_db_exec(rig->admin, &statement, in_seconds(60), &rows) != GH_OK ||
	    gh_db_get_int(rows, 0, 0, &number) != GH_OK)
		number = INT64_MIN;
	gh_db_result_free(rows);
	return number;
}

static gh_result add_tenant(struct rig *rig, size_t i)
{
	struct gh_buf wrapped = { 0 };
	char name[16];

	rig->tenants[i] = gh_uuid_v7();
	rig->key_ids[i] = gh_uuid_v7();
	gh_random(rig->keys[i], 32);
	snprintf(name, sizeof name, "tenant %zu", i);
	GH_TRY(gh_aead_seal(rig->wrapping, gh_slice(rig->tenants[i].bytes, 16),
	                    gh_slice(rig->keys[i], 32), &wrapped));
	const struct gh_db_value tenant[] = { gh_db_uuid(&rig->tenants[i]), gh_db_str(name) };
	const struct gh_db_value key[] = { gh_db_uuid(&rig->tenants[i]),
		                           gh_db_uuid(&rig->key_ids[i]),
		                           gh_db_bytea(gh_buf_slice(&wrapped)) };
	const struct gh_db_statement statements[] = {
		{ .sql = "INSERT INTO gatehouse.tenant (tenant_id, name) VALUES ($1, $2)",
		  .values = tenant,
		  .value_count = 2 },
		{ .sql =
		      "INSERT INTO gatehouse.data_key (tenant_id, data_key_id, purpose, subject, "
		      "month, wrapped) VALUES ($1, $2, 'content', '', '2026-01-01', $3)",
		  .values = key,
		  .value_count = 3 },
	};
	enum gh_code code = gh_db_batch(rig->admin, statements, 2, in_seconds(10), NULL, NULL);
	gh_buf_free(&wrapped);
	return code;
}

gh_result rig_open(struct rig *rig)
{
	memset(rig, 0, sizeof *rig);
	pthread_mutex_init(&rig->lock, NULL);
	gh_random(rig->wrapping, sizeof rig->wrapping);
	GH_TRY(fixture_start(&rig->fixture, getenv("GATEHOUSE_CLAIMS_MODULE")));
	GH_TRY(gh_key_generate(GH_KEY_ED25519, &rig->key));
	GH_TRY(fixture_connect(&rig->fixture, GH_DB_ROLE_ADMIN, &rig->admin));
	for (size_t i = 0; i < RIG_TENANTS; i++)
		GH_TRY(add_tenant(rig, i));
	return GH_OK;
}

gh_result rig_close(struct rig *rig)
{
	gh_db_close(rig->admin);
	gh_key_free(rig->key);
	return fixture_stop(&rig->fixture);
}

struct gh_audit_config rig_config(struct rig *rig)
{
	rig->params[0] =
	    (struct gh_db_param){ "host", gh_cluster_socket_dir(rig->fixture.cluster) };
	rig->params[1] = (struct gh_db_param){ "port", "5432" };
	rig->params[2] = (struct gh_db_param){ "dbname", GH_DB_NAME };
	rig->params[3] = (struct gh_db_param){ "user", GH_DB_ROLE_LOG };
	rig->params[4] = (struct gh_db_param){ "password", FIXTURE_LOG_PASSWORD };
	return (struct gh_audit_config){
		.connection = { .params = rig->params,
		                .param_count = 5,
		                .application_name = "gatehouse-log" },
		.signer = { rig, sign },
		.deployment = { rig, deployment_key },
		.origin = RIG_ORIGIN,
	};
}

/* ---- entries ------------------------------------------------------------------------------- */

struct owned {
	struct gh_audit_entry entry;
	struct gh_audit_attachment prompt, vault;
	char token[40];
};

struct gh_audit_entry *rig_entry(struct rig *rig, size_t tenant, bool with_exchange,
                                 const struct gh_audit_destination *destination)
{
	struct owned *owned = calloc(1, sizeof *owned);

	owned->entry = (struct gh_audit_entry){
		.event_id = gh_uuid_v7(),
		.tenant_id = rig->tenants[tenant],
		.request_id = gh_uuid_v7(),
		.has_request = true,
		.kind = with_exchange ? "inference.admitted" : "request.admitted",
		.body_members = GH_SLICE("{\"actor\":\"key:abcdefgh\",\"method\":\"POST\","
		                         "\"pii\":{\"email\":{\"count\":1,\"mode\":\"strict\"}}}"),
		.data_key_id = rig->key_ids[tenant],
		.data_key = rig->keys[tenant],
		.destination = destination,
	};
	if (with_exchange) {
		gh_uuid_format(&owned->entry.event_id, owned->token);
		owned->prompt = (struct gh_audit_attachment){ .kind = GH_AUDIT_PROMPT,
			                                      .plain = GH_SLICE("what was said"),
			                                      .next = &owned->vault };
		owned->vault = (struct gh_audit_attachment){ .kind = GH_AUDIT_VAULT,
			                                     .token = gh_slice_str(owned->token),
			                                     .class_name = GH_SLICE("email"),
			                                     .plain = GH_SLICE("a@example.org") };
		owned->entry.attachments = &owned->prompt;
	}
	return &owned->entry;
}

void rig_entry_free(struct gh_audit_entry *entry)
{
	free(entry); /* the first member of its struct owned */
}

static void deliver(void *context, struct gh_audit_entry *list)
{
	struct rig_inbox *inbox = context;

	pthread_mutex_lock(&inbox->lock);
	for (struct gh_audit_entry *entry = list, *next; entry; entry = next) {
		next = entry->next;
		if (entry->code == GH_OK) {
			if (inbox->acked == inbox->id_capacity) {
				inbox->id_capacity =
				    inbox->id_capacity ? 2 * inbox->id_capacity : 1024;
				inbox->ids =
				    realloc(inbox->ids, inbox->id_capacity * sizeof *inbox->ids);
			}
			inbox->ids[inbox->acked++] = entry->event_id;
			inbox->last_seq = entry->seq;
		} else if (entry->code == GH_E_IN_DOUBT) {
			inbox->in_doubt++;
		} else {
			inbox->refused++;
		}
		inbox->last_code = entry->code;
		inbox->answered++;
		rig_entry_free(entry);
	}
	pthread_cond_broadcast(&inbox->news);
	pthread_mutex_unlock(&inbox->lock);
}

void rig_inbox_open(struct rig_inbox *inbox)
{
	memset(inbox, 0, sizeof *inbox);
	pthread_mutex_init(&inbox->lock, NULL);
	pthread_cond_init(&inbox->news, NULL);
	inbox->destination = (struct gh_audit_destination){ deliver, inbox };
}

void rig_inbox_close(struct rig_inbox *inbox)
{
	free(inbox->ids);
}

bool rig_inbox_wait(struct rig_inbox *inbox, size_t answered, unsigned seconds)
{
	struct timespec until;
	bool there;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += seconds;
	pthread_mutex_lock(&inbox->lock);
	while (inbox->answered < answered)
		if (pthread_cond_timedwait(&inbox->news, &inbox->lock, &until) != 0)
			break;
	there = inbox->answered >= answered;
	pthread_mutex_unlock(&inbox->lock);
	return there;
}

int64_t rig_missing(struct rig *rig, const struct rig_inbox *inbox)
{
	struct gh_buf array = { 0 };
	struct gh_db_result *rows = NULL;
	int64_t missing = -1;

	gh_db_array_begin(&array, GH_DB_UUID, inbox->acked);
	for (size_t i = 0; i < inbox->acked; i++)
		gh_db_array_add_uuid(&array, &inbox->ids[i]);
	const struct gh_db_value values[] = { gh_db_array(&array, GH_DB_UUID) };
	const struct gh_db_statement statement = {
		.sql =
		    "SELECT count(*) FROM unnest($1::uuid[]) a(id) WHERE NOT EXISTS (SELECT FROM "
		    "gatehouse.audit_event e WHERE e.event_id = a.id)",
		.values = values,
		.value_count = 1,
		.once = true,
	};
	if (gh_db_exec(rig->admin, &statement, in_seconds(60), &rows) == GH_OK)
		(void)!gh_db_get_int(rows, 0, 0, &missing);
	gh_db_result_free(rows);
	gh_buf_free(&array);
	return missing;
}
