/* One function a message. Each checks what it is asked against the keeper's own state and rules, as
 * if the gateway had fallen: the message table has bounded the lengths, nothing else is believed.
 */
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/log.h"
#include "base/secret.h"
#include "crypto/jws.h"
#include "process/keeper/keeper_client.h"
#include "process/keeper/keeper_state.h"
#include "process/keeper/message.h"
#include "token/claims_read.h"
#include "token/verify.h"

#define DATABASE_TTL_MAX_S 60
#define CLOCK_SKEW_S       60

struct exchange {
	struct gh_keeper *keeper;
	const struct gh_keeper_frame *request;
	int64_t now_s;
	struct gh_buf *out; /* one buffer for each field of the answer */
};

typedef enum gh_code handler(const struct exchange *exchange);

static struct gh_uuid uuid_field(const struct exchange *exchange)
{
	struct gh_uuid uuid;

	memcpy(uuid.bytes, exchange->request->fields[0].data, sizeof uuid.bytes);
	return uuid;
}

static enum gh_code answer_public(const struct exchange *exchange)
{
	struct gh_keeper *keeper = exchange->keeper;

	switch (exchange->request->fields[0].data[0]) {
	case GH_KEEPER_PUBLIC_ACCESS_JWKS:
		return gh_access_keys_jwks(keeper->access, exchange->out);
	case GH_KEEPER_PUBLIC_DATABASE_JWKS: return gh_keeper_database_jwks(keeper, exchange->out);
	case GH_KEEPER_PUBLIC_CHECKPOINT_VKEY:
		return gh_checkpoint_vkey(keeper->checkpoint, exchange->out);
	case GH_KEEPER_PUBLIC_TLS_CHAIN: return gh_tls_identity_chain(keeper->tls, exchange->out);
	default: return gh_fail(GH_E_NOT_FOUND, "there is no such public key");
	}
}

static gh_result sign_token(const struct gh_key *key, const char *kid, const char *typ,
                            struct gh_slice claims, struct gh_buf *out)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf header = { .limit = 256 };

	gh_buf_addf(&header, "{\"alg\":\"%s\",\"kid\":\"%s\",\"typ\":\"%s\"}", gh_key_alg(key), kid,
	            typ);
	GH_TRY(gh_buf_check(&header));
	GH_TRY(gh_jws_sign(key, gh_buf_slice(&header), claims, out));
	GH_ENSURE(out->len <= GH_TOKEN_MAX_BYTES, GH_E_LIMIT, "a token would be over %d bytes",
	          GH_TOKEN_MAX_BYTES);
	return GH_OK;
}

/* What is signed is written here from what was understood, not what came in: a member that was
 * overlooked cannot be signed. */
static gh_result sign_claims(const struct exchange *exchange, struct gh_arena *arena)
{
	const struct gh_keeper *keeper = exchange->keeper;
	const struct gh_claims_rules rules = { gh_slice_str(keeper->config->issuer),
		                               gh_slice_str(keeper->config->audience),
		                               exchange->now_s };
	GH_CLEANUP(gh_buf_free) struct gh_buf json = { .limit = 65536 };
	struct gh_claims *claims = NULL;
	const char *reason = "", *kid;

	GH_ENSURE(gh_claims_read(exchange->request->fields[0], &rules, arena, &claims, &reason) ==
	              GH_OK,
	          GH_E_DENIED, "the keeper refuses these claims: %s", reason);
	GH_ENSURE(gh_claims_are_closed(exchange->request->fields[0]), GH_E_DENIED,
	          "the keeper refuses claims that are not ours");
	GH_ENSURE(claims->iat >= exchange->now_s - CLOCK_SKEW_S, GH_E_DENIED,
	          "the keeper refuses an iat that is past");
	for (size_t i = 0; i < claims->cap_count; i++)
		GH_ENSURE(gh_cap_is_valid(claims->caps[i]), GH_E_DENIED,
		          "the keeper refuses a capability that is not a name");
	gh_claims_to_json(claims, &json);
	GH_TRY(gh_buf_check(&json));
	const struct gh_key *key = gh_access_keys_active(keeper->access, &kid);
	return sign_token(key, kid, "at+jwt", gh_buf_slice(&json), exchange->out);
}

static enum gh_code answer_sign_access(const struct exchange *exchange)
{
	struct gh_arena *arena = gh_arena_new(256 * 1024);

	GH_ENSURE(arena, GH_E_MEMORY, "out of memory");
	enum gh_code code = sign_claims(exchange, arena);
	gh_arena_free(arena);
	return code;
}

/* A PostgreSQL role as we name them: lower case, no quoting needed. */
static bool is_role(struct gh_slice role)
{
	for (size_t i = 0; i < role.len; i++) {
		uint8_t c = role.data[i];
		if (!(c >= 'a' && c <= 'z') && c != '_' && (i == 0 || c < '0' || c > '9'))
			return false;
	}
	return role.len > 0;
}

/* Names separated by single spaces, as a JSON array. */
static gh_result add_caps(struct gh_slice caps, struct gh_buf *out)
{
	struct gh_slice cap;
	bool more = caps.len > 0;

	gh_buf_add_byte(out, '[');
	for (size_t count = 0; more; count++) {
		more = gh_slice_split(caps, ' ', &cap, &caps);
		GH_ENSURE(count < GH_CAPS_MAX && gh_cap_is_valid(cap), GH_E_DENIED,
		          "the keeper refuses a capability that is not a name");
		if (count)
			gh_buf_add_byte(out, ',');
		gh_json_add_string(out, cap);
	}
	gh_buf_add_byte(out, ']');
	return gh_buf_check(out);
}

static bool is_printable(struct gh_slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] <= 0x20 || text.data[i] >= 0x7f)
			return false;
	return true;
}

static enum gh_code answer_sign_database(const struct exchange *exchange)
{
	static const struct gh_uuid nil;
	const struct gh_keeper *keeper = exchange->keeper;
	const struct gh_slice *fields = exchange->request->fields;
	GH_CLEANUP(gh_buf_free) struct gh_buf json = { .limit = 16384 };
	const struct gh_uuid tenant = uuid_field(exchange), id = gh_uuid_v7();
	char tenant_text[GH_UUID_TEXT_BYTES], id_text[GH_UUID_TEXT_BYTES];
	uint64_t ttl_s = gh_keeper_get_u64(fields[4]);
	struct gh_json_writer writer;

	GH_ENSURE(!gh_uuid_eq(&tenant, &nil), GH_E_DENIED, "the keeper refuses the nil tenant");
	GH_ENSURE(is_printable(fields[1]) && is_role(fields[2]), GH_E_DENIED,
	          "the keeper refuses a subject or role that is not a name");
	GH_ENSURE(ttl_s > 0 && ttl_s <= DATABASE_TTL_MAX_S, GH_E_DENIED,
	          "the keeper refuses a database token of over %d s", DATABASE_TTL_MAX_S);
	gh_uuid_format(&tenant, tenant_text);
	gh_uuid_format(&id, id_text);

	gh_json_begin(&writer, &json);
	gh_json_str(&writer, "iss", GH_KEEPER_DATABASE_ISSUER);
	gh_json_str(&writer, "aud", GH_KEEPER_DATABASE_AUDIENCE);
	gh_json_slice(&writer, "sub", fields[1]);
	gh_json_str(&writer, "tenant_id", tenant_text);
	gh_json_slice(&writer, "role", fields[2]);
	gh_json_key(&writer, "caps");
	GH_TRY(add_caps(fields[3], &json));
	gh_json_str(&writer, "jti", id_text);
	gh_json_int(&writer, "iat", exchange->now_s);
	gh_json_int(&writer, "exp", exchange->now_s + (int64_t)ttl_s);
	gh_json_end(&writer);
	GH_TRY(gh_buf_check(&json));
	return sign_token(keeper->database, keeper->database_kid, "db+jwt", gh_buf_slice(&json),
	                  exchange->out);
}

static enum gh_code answer_sign_checkpoint(const struct exchange *exchange)
{
	const struct gh_slice *fields = exchange->request->fields;

	return gh_checkpoint_sign(exchange->keeper->checkpoint, gh_keeper_get_u64(fields[0]),
	                          fields[1].data, (const uint8_t(*)[32])fields[2].data,
	                          fields[2].len / 32, exchange->out);
}

static enum gh_code answer_new_dek(const struct exchange *exchange)
{
	const struct gh_slice *fields = exchange->request->fields;
	const struct gh_uuid tenant = uuid_field(exchange);
	const struct gh_tenant_kek *kek;
	uint8_t dek[GH_KEK_BYTES];

	GH_ENSURE(gh_purpose_is_valid(fields[1]), GH_E_DENIED, "not the name of a purpose");
	GH_TRY(gh_tenants_get(exchange->keeper->tenants, &tenant, true, &kek));
	GH_TRY(gh_dek_create(kek, fields[1], fields[2], dek, &exchange->out[1]));
	gh_buf_add(&exchange->out[0], dek, sizeof dek);
	gh_wipe(dek, sizeof dek);
	return GH_OK;
}

static enum gh_code answer_unwrap_dek(const struct exchange *exchange)
{
	const struct gh_slice *fields = exchange->request->fields;
	const struct gh_uuid tenant = uuid_field(exchange);
	const struct gh_tenant_kek *kek;
	uint8_t dek[GH_KEK_BYTES];

	GH_ENSURE(gh_purpose_is_valid(fields[1]), GH_E_DENIED, "not the name of a purpose");
	GH_TRY(gh_tenants_get(exchange->keeper->tenants, &tenant, false, &kek));
	GH_TRY(gh_dek_unwrap(kek, fields[1], fields[2], fields[3], dek));
	gh_buf_add(exchange->out, dek, sizeof dek);
	gh_wipe(dek, sizeof dek);
	return GH_OK;
}

static enum gh_code answer_derive(const struct exchange *exchange)
{
	const struct gh_uuid tenant = uuid_field(exchange);
	const struct gh_tenant_kek *kek;
	uint8_t key[GH_KEK_BYTES];

	GH_ENSURE(gh_purpose_is_valid(exchange->request->fields[1]), GH_E_DENIED,
	          "not the name of a purpose");
	GH_TRY(gh_tenants_get(exchange->keeper->tenants, &tenant, true, &kek));
	GH_TRY(gh_tenant_derive(kek, exchange->request->fields[1], key));
	gh_buf_add(exchange->out, key, sizeof key);
	gh_wipe(key, sizeof key);
	return GH_OK;
}

static enum gh_code answer_tls_sign(const struct exchange *exchange)
{
	return gh_key_sign_digest_der(gh_tls_identity_key(exchange->keeper->tls),
	                              exchange->request->fields[0], exchange->out);
}

static handler *const handlers[GH_KEEPER_MESSAGE_COUNT] = {
	[GH_KEEPER_PUBLIC] = answer_public,
	[GH_KEEPER_SIGN_ACCESS] = answer_sign_access,
	[GH_KEEPER_SIGN_DATABASE] = answer_sign_database,
	[GH_KEEPER_SIGN_CHECKPOINT] = answer_sign_checkpoint,
	[GH_KEEPER_NEW_DEK] = answer_new_dek,
	[GH_KEEPER_UNWRAP_DEK] = answer_unwrap_dek,
	[GH_KEEPER_DERIVE] = answer_derive,
	[GH_KEEPER_TLS_SIGN] = answer_tls_sign,
};

static void log_refusal(const struct gh_keeper_schema *schema, enum gh_code code)
{
	gh_log(GH_LOG_WARN, "keeper.refused", GH_LOG_TEXT("message", schema->name),
	       GH_LOG_TEXT("code", gh_code_name(code)), GH_LOG_TEXT("why", gh_last_error()->text));
}

gh_result gh_keeper_answer(struct gh_keeper *keeper, struct gh_slice raw_packet, int64_t now_s,
                           struct gh_buf *answer)
{
	struct gh_keeper_frame request = { 0 }, reply;
	struct gh_buf out[GH_KEEPER_MESSAGE_FIELDS];

	GH_TRY(gh_keeper_decode(raw_packet, &request));
	GH_ENSURE(!request.is_answer, GH_E_FORMAT, "the keeper was sent an answer");
	const struct gh_keeper_schema *schema = gh_keeper_schema(request.type);
	for (size_t i = 0; i < GH_ARRAY_LEN(out); i++)
		gh_buf_init(&out[i], GH_KEEPER_MESSAGE_MAX_BYTES, true);

	const struct exchange exchange = { keeper, &request, now_s, out };
	reply = (struct gh_keeper_frame){ .type = request.type,
		                          .is_answer = true,
		                          .code = handlers[request.type](&exchange),
		                          .id = request.id,
		                          .field_count = schema->answer_count };
	for (unsigned i = 0; i < reply.field_count; i++)
		reply.fields[i] = gh_buf_slice(&out[i]);
	if (reply.code != GH_OK) {
		log_refusal(schema, reply.code);
		reply.field_count = 1;
		reply.fields[0] = gh_slice_str(gh_last_error()->text);
	}
	enum gh_code code = gh_keeper_encode(&reply, answer);
	for (size_t i = 0; i < GH_ARRAY_LEN(out); i++)
		gh_buf_free(&out[i]);
	return code;
}
