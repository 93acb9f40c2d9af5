/* The keeper's own rules, asked through the function that its process answers with. */
#include "place.h"

#include "base/codec.h"
#include "base/json.h"
#include "crypto/hash.h"
#include "crypto/jws.h"
#include "crypto/merkle_verify.h"
#include "process/keeper/keeper_client.h"
#include "process/keeper/message.h"
#include "token/issue.h"
#include "token/verify.h"

#define DAY_S 86400

/* One message; the first field of the answer in `out`, or the code of the refusal. */
static enum gh_code ask(struct gh_keeper *keeper, int64_t now_s, enum gh_keeper_message type,
                        const struct gh_slice *fields, unsigned count, struct gh_buf *out)
{
	struct gh_keeper_frame frame = { .type = type, .id = 5, .field_count = count },
	                       answer = { 0 };
	struct gh_buf packet = { 0 }, reply = { .secret = true };

	memcpy(frame.fields, fields, count * sizeof *fields);
	assert_ok(gh_keeper_encode(&frame, &packet));
	assert_ok(gh_keeper_answer(keeper, gh_buf_slice(&packet), now_s, &reply));
	assert_ok(gh_keeper_decode(gh_buf_slice(&reply), &answer));
	assert_true(answer.is_answer);
	assert_int_equal(answer.id, 5);
	gh_buf_clear(out);
	gh_buf_add_slice(out, answer.fields[0]);
	gh_buf_free(&packet);
	gh_buf_free(&reply);
	return answer.code;
}

static enum gh_code ask_public(struct gh_keeper *keeper, uint8_t what, struct gh_buf *out)
{
	const struct gh_slice field = gh_slice(&what, 1);

	return ask(keeper, TEST_NOW, GH_KEEPER_PUBLIC, &field, 1, out);
}

static enum gh_code ask_access(struct gh_keeper *keeper, int64_t now_s, const char *json,
                               struct gh_buf *out)
{
	const struct gh_slice field = gh_slice_str(json);

	return ask(keeper, now_s, GH_KEEPER_SIGN_ACCESS, &field, 1, out);
}

static enum gh_code ask_checkpoint(struct gh_keeper *keeper, uint64_t size, const uint8_t root[32],
                                   const uint8_t (*proof)[32], size_t count, struct gh_buf *out)
{
	uint8_t number[8];
	const struct gh_slice fields[] = { gh_slice(number, 8), gh_slice(root, 32),
		                           gh_slice(proof, 32 * count) };

	gh_keeper_put_u64(size, number);
	return ask(keeper, TEST_NOW, GH_KEEPER_SIGN_CHECKPOINT, fields, 3, out);
}

/* Whether the access token verifies with the keys that the keeper publishes. */
static enum gh_code check_access(struct gh_keeper *keeper, int64_t now_s, struct gh_slice token,
                                 const char **reason)
{
	struct gh_arena *arena = gh_arena_new(1 << 20);
	struct gh_buf jwks = { 0 };
	struct gh_jwks *keys = NULL;
	const struct gh_claims *claims = NULL;

	assert_int_equal(ask_public(keeper, GH_KEEPER_PUBLIC_ACCESS_JWKS, &jwks), GH_OK);
	assert_ok(gh_jwks_parse(gh_buf_slice(&jwks), &keys));
	const struct gh_token_rules rules = { .keys = keys,
		                              .issuer = GH_SLICE("https://id.test"),
		                              .audience = GH_SLICE("https://gw.test"),
		                              .now_s = now_s };
	enum gh_code code = gh_token_verify(&rules, token, arena, &claims, reason);
	gh_jwks_free(keys);
	gh_buf_free(&jwks);
	gh_arena_free(arena);
	return code;
}

static size_t count_access_keys(struct gh_keeper *keeper)
{
	struct gh_buf jwks = { 0 };
	struct gh_jwks *keys = NULL;

	assert_int_equal(ask_public(keeper, GH_KEEPER_PUBLIC_ACCESS_JWKS, &jwks), GH_OK);
	assert_ok(gh_jwks_parse(gh_buf_slice(&jwks), &keys));
	size_t count = gh_jwks_count(keys);
	gh_jwks_free(keys);
	gh_buf_free(&jwks);
	return count;
}

#define TENANT "\"tenant_id\":\"11111111-1111-4111-8111-111111111111\""

/* Good claims at `iat`, with `more` before the closing brace. */
static const char *claims_at(int64_t iat, int64_t exp, const char *more)
{
	static char json[2048];

	snprintf(json, sizeof json,
	         "{\"iss\":\"https://id.test\",\"aud\":\"https://gw.test\",\"sub\":\"u\"," TENANT
	         ","
	         "\"caps\":[\"chat.completions\"],\"sid\":\"s\",\"jti\":\"j\",\"iat\":%lld,"
	         "\"exp\":%lld%s}",
	         (long long)iat, (long long)exp, more);
	return json;
}

static void a_signed_access_token_passes_the_gate(void **state)
{
	struct gh_keeper *keeper = place_open(*state, TEST_NOW);
	struct gh_buf token = { 0 }, json = { 0 };
	const char *reason = "";
	const struct gh_slice caps[] = { GH_SLICE("embeddings"), GH_SLICE("models.read") };
	struct gh_claims claims = { .iss = GH_SLICE("https://id.test"),
		                    .sub = GH_SLICE("user:1"),
		                    .aud = GH_SLICE("https://gw.test"),
		                    .client_id = GH_SLICE("console"),
		                    .tenant_id = gh_uuid_v7(),
		                    .caps = caps,
		                    .cap_count = 2,
		                    .sid = GH_SLICE("session"),
		                    .iat = TEST_NOW,
		                    .exp = TEST_NOW + 900 };

	assert_ok(gh_token_claims_json(&claims, &json));
	assert_int_equal(ask_access(keeper, TEST_NOW, gh_buf_cstr(&json), &token), GH_OK);
	assert_ok(check_access(keeper, TEST_NOW, gh_buf_slice(&token), &reason));
	assert_code(check_access(keeper, TEST_NOW + 900, gh_buf_slice(&token), &reason),
	            GH_E_EXPIRED);
	assert_string_equal(reason, "expired");
	gh_buf_free(&token);
	gh_buf_free(&json);
	gh_keeper_close(keeper);
}

static void claims_that_break_the_rules_are_not_signed(void **state)
{
	static const struct {
		int iat, exp;
		const char *more;
	} bad[] = {
		{ 0, 901, "" },                        /* over 15 minutes */
		{ 0, 100000, "" },                     /* far over */
		{ 0, 0, "" },                          /* over at once */
		{ 61, 900, "" },                       /* from the future */
		{ -61, 100, "" },                      /* backdated */
		{ 0, 900, ",\"nbf\":\"x\"" },          /* no time */
		{ 0, 900, ",\"admin\":true" },         /* not ours */
		{ 0, 900, ",\"iss\":\"https://x\"" },  /* twice */
		{ 0, 900, ",\"cnf\":{\"jkt\":\"x\"}" } /* no thumbprint */
	};
	static const char *const replaced[][2] = {
		{ "https://id.test", "https://if.test" },
		{ "https://gw.test", "https://gx.test" },
		{ "11111111-1111-4111-8111-111111111111", "00000000-0000-0000-0000-000000000000" },
		{ "tenant_id", "tenant_ie" },
		{ "chat.completions", "chat completions" },
		{ "\"sub\":\"u\"", "\"sub\":\"\" " },
	};
	struct gh_keeper *keeper = place_open(*state, TEST_NOW);
	struct gh_buf out = { 0 };

	for (size_t i = 0; i < GH_ARRAY_LEN(bad); i++)
		assert_int_equal(
		    ask_access(keeper, TEST_NOW,
		               claims_at(TEST_NOW + bad[i].iat, TEST_NOW + bad[i].exp, bad[i].more),
		               &out),
		    GH_E_DENIED);
	for (size_t i = 0; i < GH_ARRAY_LEN(replaced); i++) {
		char json[2048];
		snprintf(json, sizeof json, "%s", claims_at(TEST_NOW, TEST_NOW + 900, ""));
		char *at = strstr(json, replaced[i][0]);
		assert_non_null(at);
		memcpy(at, replaced[i][1], strlen(replaced[i][1]));
		assert_int_equal(ask_access(keeper, TEST_NOW, json, &out), GH_E_DENIED);
	}
	assert_int_equal(
	    ask_access(keeper, TEST_NOW, claims_at(TEST_NOW, TEST_NOW + 900, ""), &out), GH_OK);
	assert_int_equal(ask_access(keeper, TEST_NOW, "[]", &out), GH_E_DENIED);
	gh_buf_free(&out);
	gh_keeper_close(keeper);
}

static void what_is_signed_is_what_was_understood(void **state)
{
	static const struct gh_jws_limits limits = { 8192, 1024 };
	struct gh_keeper *keeper = place_open(*state, TEST_NOW);
	struct gh_arena *arena = gh_arena_new(65536);
	struct gh_buf token = { 0 };
	struct gh_jws jws = { 0 };
	char json[2048];

	/* A second audience and white space are not carried over. */
	snprintf(json, sizeof json, "%s", claims_at(TEST_NOW, TEST_NOW + 60, " "));
	char *aud = strstr(json, "\"https://gw.test\"");
	memmove(aud + 37, aud + 17, strlen(aud + 17) + 1);
	memcpy(aud, "[\"https://e.test\",\"https://gw.test\"]  ", 37);
	assert_int_equal(ask_access(keeper, TEST_NOW, json, &token), GH_OK);
	assert_ok(gh_jws_parse(gh_buf_slice(&token), &limits, arena, &jws));
	assert_null(memmem(jws.payload.data, jws.payload.len, "e.test", 6));
	assert_null(memchr(jws.payload.data, ' ', jws.payload.len));
	gh_jws_clear(&jws);
	gh_buf_free(&token);
	gh_arena_free(arena);
	gh_keeper_close(keeper);
}

static enum gh_code ask_database(struct gh_keeper *keeper, const char *subject, const char *role,
                                 const char *caps, uint64_t ttl_s, struct gh_buf *out)
{
	static const uint8_t tenant[16] = { 1, 2, 3 };
	uint8_t ttl[8];
	const struct gh_slice fields[] = { gh_slice(tenant, 16), gh_slice_str(subject),
		                           gh_slice_str(role), gh_slice_str(caps),
		                           gh_slice(ttl, 8) };

	gh_keeper_put_u64(ttl_s, ttl);
	return ask(keeper, TEST_NOW, GH_KEEPER_SIGN_DATABASE, fields, 5, out);
}

static void a_database_token_lives_a_minute_and_says_so(void **state)
{
	static const struct gh_jws_limits limits = { 8192, 1024 };
	const struct place *place = *state;
	struct gh_keeper *keeper = place_open(place, TEST_NOW);
	struct gh_arena *arena = gh_arena_new(65536);
	struct gh_buf token = { 0 }, jwks = { 0 };
	struct gh_jwks *keys = NULL;
	struct gh_jws jws = { 0 };
	json_t *claims = NULL;
	struct gh_slice kid;

	assert_int_equal(
	    ask_database(keeper, "user:1", "gatehouse_app", "embeddings keys.manage", 60, &token),
	    GH_OK);
	assert_ok(gh_jws_parse(gh_buf_slice(&token), &limits, arena, &jws));
	assert_int_equal(json_object_size(jws.header), 3);
	assert_string_equal(json_string_value(json_object_get(jws.header, "typ")), "db+jwt");
	assert_int_equal(ask_public(keeper, GH_KEEPER_PUBLIC_DATABASE_JWKS, &jwks), GH_OK);
	assert_ok(gh_jwks_parse(gh_buf_slice(&jwks), &keys));
	assert_true(gh_jws_header_text(&jws, "kid", &kid));
	assert_ok(gh_jws_verify(&jws, gh_jwks_find(keys, kid)));
	assert_ok(gh_json_parse(jws.payload, &claims));
	assert_int_equal(json_integer_value(json_object_get(claims, "exp")), TEST_NOW + 60);
	assert_string_equal(json_string_value(json_object_get(claims, "aud")), "gatehouse-db");
	assert_string_equal(json_string_value(json_object_get(claims, "tenant_id")),
	                    "01020300-0000-0000-0000-000000000000");
	assert_int_equal(json_array_size(json_object_get(claims, "caps")), 2);
	json_decref(claims);
	gh_jws_clear(&jws);
	gh_jwks_free(keys);

	/* A database token is no access token, and the other way round. */
	const char *reason = "";
	assert_int_not_equal(check_access(keeper, TEST_NOW, gh_buf_slice(&token), &reason), GH_OK);
	assert_string_equal(reason, "typ-not-allowed");

	static const struct {
		const char *subject, *role, *caps;
		uint64_t ttl_s;
	} bad[] = { { "u", "r", "", 61 },     { "u", "r", "", 0 },     { "u", "r", "", UINT64_MAX },
		    { "u", "R", "", 60 },     { "u", "a-b", "", 60 },  { "u", "1a", "", 60 },
		    { "u", "r", "a  b", 60 }, { "u", "r", " a", 60 },  { "u", "r", "a ", 60 },
		    { "u", "r", "a\"b", 60 }, { "u\n", "r", "a", 60 }, { "\xff", "r", "a", 60 } };
	for (size_t i = 0; i < GH_ARRAY_LEN(bad); i++)
		assert_int_equal(ask_database(keeper, bad[i].subject, bad[i].role, bad[i].caps,
		                              bad[i].ttl_s, &token),
		                 GH_E_DENIED);

	/* What PostgreSQL reads is the same set. */
	struct gh_buf file = { 0 };
	int fd = open(place->root, O_RDONLY | O_DIRECTORY);
	assert_ok(gh_keeper_read_file(fd, "jwks.json", 65536, false, &file));
	assert_true(gh_slice_eq(gh_buf_slice(&file), gh_buf_slice(&jwks)));
	close(fd);
	gh_buf_free(&file);
	gh_buf_free(&token);
	gh_buf_free(&jwks);
	gh_arena_free(arena);
	gh_keeper_close(keeper);
}

/* A log of three entries and another one with the same first entry. */
struct logs {
	uint8_t leaves[4][32], root1[32], root2[32], root3[32], forked2[32];
};

static struct logs make_logs(void)
{
	struct logs logs;

	for (int i = 0; i < 4; i++) {
		uint8_t entry = (uint8_t)i;
		gh_merkle_hash_leaf(gh_slice(&entry, 1), logs.leaves[i]);
	}
	memcpy(logs.root1, logs.leaves[0], 32);
	gh_merkle_hash_node(logs.leaves[0], logs.leaves[1], logs.root2);
	gh_merkle_hash_node(logs.root2, logs.leaves[2], logs.root3);
	gh_merkle_hash_node(logs.leaves[0], logs.leaves[3], logs.forked2);
	return logs;
}

/* The note's text and signature, checked against the published verifier key as C2SP says. */
static void check_note(struct gh_keeper *keeper, const struct gh_buf *note, uint64_t size,
                       const uint8_t root[32])
{
	struct gh_buf vkey = { 0 }, key_bytes = { 0 }, signature = { 0 }, root_bytes = { 0 };
	char origin[64], id[9], key_text[64], text_origin[64], root_text[64], signed_by[64],
	    signature_text[128];
	unsigned long long text_size;
	struct gh_key *key = NULL;

	assert_int_equal(ask_public(keeper, GH_KEEPER_PUBLIC_CHECKPOINT_VKEY, &vkey), GH_OK);
	assert_int_equal(
	    sscanf(gh_buf_cstr(&vkey), "%63[^+]+%8[0-9a-f]+%63s", origin, id, key_text), 3);
	assert_ok(gh_base64_decode(gh_slice_str(key_text), &key_bytes));
	assert_int_equal(key_bytes.len, 33);
	assert_int_equal(key_bytes.data[0], 1);
	assert_ok(gh_key_from_ed25519(key_bytes.data + 1, &key));

	const char *blank = strstr(gh_buf_cstr(note), "\n\n");
	assert_non_null(blank);
	assert_int_equal(sscanf(gh_buf_cstr(note), "%63s\n%llu\n%63s\n\n\xe2\x80\x94 %63s %127s\n",
	                        text_origin, &text_size, root_text, signed_by, signature_text),
	                 5);
	assert_string_equal(text_origin, "gw.test/log");
	assert_string_equal(signed_by, "gw.test/log");
	assert_int_equal(text_size, size);
	assert_ok(gh_base64_decode(gh_slice_str(root_text), &root_bytes));
	assert_memory_equal(root_bytes.data, root, 32);
	assert_ok(gh_base64_decode(gh_slice_str(signature_text), &signature));
	assert_int_equal(signature.len, 68);
	struct gh_slice text = gh_slice(note->data, (size_t)(blank - gh_buf_cstr(note)) + 1);
	assert_ok(gh_key_verify(key, text, gh_slice(signature.data + 4, 64)));

	/* The id is a hash of name, newline, type and key. */
	uint8_t digest[32];
	char digest_text[65];
	const struct gh_slice parts[] = { gh_slice_str(origin), GH_SLICE("\n"),
		                          gh_buf_slice(&key_bytes) };
	gh_sha256_of(parts, 3, digest);
	gh_hex_encode(gh_slice(digest, 32), digest_text);
	assert_memory_equal(digest_text, id, 8);
	assert_memory_equal(digest, signature.data, 4);
	gh_key_free(key);
	gh_buf_free(&vkey);
	gh_buf_free(&key_bytes);
	gh_buf_free(&signature);
	gh_buf_free(&root_bytes);
}

static void a_checkpoint_is_signed_when_it_extends_the_last_one(void **state)
{
	struct gh_keeper *keeper = place_open(*state, TEST_NOW);
	struct logs logs = make_logs();
	struct gh_buf note = { 0 }, again = { 0 };

	assert_int_equal(ask_checkpoint(keeper, 2, logs.root2, NULL, 0, &note), GH_OK);
	check_note(keeper, &note, 2, logs.root2);
	assert_int_equal(ask_checkpoint(keeper, 2, logs.root2, NULL, 0, &again), GH_OK);
	assert_true(gh_slice_eq(gh_buf_slice(&note), gh_buf_slice(&again)));
	assert_int_equal(ask_checkpoint(keeper, 3, logs.root3, &logs.leaves[2], 1, &note), GH_OK);
	check_note(keeper, &note, 3, logs.root3);
	gh_buf_free(&note);
	gh_buf_free(&again);
	gh_keeper_close(keeper);
}

static void a_forked_or_shrunken_log_is_not_signed_not_even_after_a_restart(void **state)
{
	struct logs logs = make_logs();
	struct gh_buf note = { 0 };
	struct gh_keeper *keeper = place_open(*state, TEST_NOW);

	assert_int_equal(ask_checkpoint(keeper, 2, logs.root2, NULL, 0, &note), GH_OK);
	for (int start = 0; start < 2; start++) {
		assert_int_equal(ask_checkpoint(keeper, 2, logs.forked2, NULL, 0, &note),
		                 GH_E_CONFLICT);
		assert_int_equal(ask_checkpoint(keeper, 1, logs.root1, NULL, 0, &note),
		                 GH_E_CONFLICT);
		assert_int_equal(ask_checkpoint(keeper, 3, logs.root3, NULL, 0, &note),
		                 GH_E_CONFLICT);
		assert_int_equal(ask_checkpoint(keeper, 3, logs.root3, &logs.leaves[1], 1, &note),
		                 GH_E_CONFLICT);
		assert_int_equal(ask_checkpoint(keeper, 0, logs.root1, NULL, 0, &note),
		                 GH_E_CONFLICT);
		gh_keeper_close(keeper);
		keeper = place_open(*state, TEST_NOW);
	}
	assert_int_equal(ask_checkpoint(keeper, 3, logs.root3, &logs.leaves[2], 1, &note), GH_OK);
	gh_buf_free(&note);
	gh_keeper_close(keeper);
}

static void a_lost_record_of_what_was_signed_stops_the_keeper(void **state)
{
	const struct place *place = *state;
	struct gh_keeper *keeper = place_open(place, TEST_NOW);

	gh_keeper_close(keeper);
	assert_int_equal(unlink(place_file(place, "checkpoint-last.json")), 0);
	assert_code(gh_keeper_open(&place->config, TEST_NOW, &keeper), GH_E_CORRUPT);
}

static enum gh_code ask_dek(struct gh_keeper *keeper, enum gh_keeper_message type,
                            const struct gh_uuid *tenant, const char *purpose, const char *subject,
                            struct gh_slice wrapped, struct gh_keeper_frame *answer,
                            struct gh_buf *reply)
{
	struct gh_keeper_frame frame = { .type = type,
		                         .field_count = type == GH_KEEPER_NEW_DEK  ? 3
		                                        : type == GH_KEEPER_DERIVE ? 2
		                                                                   : 4,
		                         .fields = { gh_slice(tenant->bytes, 16),
		                                     gh_slice_str(purpose), gh_slice_str(subject),
		                                     wrapped } };
	struct gh_buf packet = { 0 };

	assert_ok(gh_keeper_encode(&frame, &packet));
	assert_ok(gh_keeper_answer(keeper, gh_buf_slice(&packet), TEST_NOW, reply));
	assert_ok(gh_keeper_decode(gh_buf_slice(reply), answer));
	gh_buf_free(&packet);
	return answer->code;
}

static void data_keys_open_again_after_a_restart_and_only_for_their_tenant(void **state)
{
	struct gh_keeper *keeper = place_open(*state, TEST_NOW);
	struct gh_uuid tenant = gh_uuid_v7(), other = gh_uuid_v7(), nobody = gh_uuid_v7();
	struct gh_keeper_frame made = { 0 }, opened = { 0 };
	struct gh_buf first = { 0 }, second = { 0 };
	uint8_t derived[32];

	assert_int_equal(ask_dek(keeper, GH_KEEPER_NEW_DEK, &tenant, "audit.body", "s",
	                         GH_SLICE(""), &made, &first),
	                 GH_OK);
	assert_int_equal(ask_dek(keeper, GH_KEEPER_DERIVE, &tenant, "pii.vault", "", GH_SLICE(""),
	                         &opened, &second),
	                 GH_OK);
	memcpy(derived, opened.fields[0].data, 32);
	assert_int_equal(ask_dek(keeper, GH_KEEPER_DERIVE, &other, "pii.vault", "", GH_SLICE(""),
	                         &opened, &second),
	                 GH_OK);
	assert_memory_not_equal(derived, opened.fields[0].data, 32);
	gh_keeper_close(keeper);

	keeper = place_open(*state, TEST_NOW);
	assert_int_equal(ask_dek(keeper, GH_KEEPER_UNWRAP_DEK, &tenant, "audit.body", "s",
	                         made.fields[1], &opened, &second),
	                 GH_OK);
	assert_memory_equal(made.fields[0].data, opened.fields[0].data, 32);
	assert_int_equal(ask_dek(keeper, GH_KEEPER_DERIVE, &tenant, "pii.vault", "", GH_SLICE(""),
	                         &opened, &second),
	                 GH_OK);
	assert_memory_equal(derived, opened.fields[0].data, 32);
	assert_int_equal(ask_dek(keeper, GH_KEEPER_UNWRAP_DEK, &other, "audit.body", "s",
	                         made.fields[1], &opened, &second),
	                 GH_E_CRYPTO);
	assert_int_equal(ask_dek(keeper, GH_KEEPER_UNWRAP_DEK, &nobody, "audit.body", "s",
	                         made.fields[1], &opened, &second),
	                 GH_E_NOT_FOUND);
	assert_int_equal(ask_dek(keeper, GH_KEEPER_NEW_DEK, &tenant, "Bad Purpose", "s",
	                         GH_SLICE(""), &opened, &second),
	                 GH_E_DENIED);
	gh_buf_free(&first);
	gh_buf_free(&second);
	gh_keeper_close(keeper);
}

static void signing_keys_rotate_without_a_token_that_stops_verifying(void **state)
{
	struct gh_keeper *keeper = place_open(*state, TEST_NOW);
	struct gh_buf old_token = { 0 }, new_token = { 0 };
	const char *kid, *reason = "";
	char first[64];
	int64_t turn = TEST_NOW + 30 * DAY_S;

	gh_access_keys_active(keeper->access, &kid);
	snprintf(first, sizeof first, "%s", kid);
	assert_int_equal(count_access_keys(keeper), 2);
	assert_ok(gh_keeper_tick(keeper, turn - 1));
	gh_access_keys_active(keeper->access, &kid);
	assert_string_equal(kid, first);
	assert_int_equal(
	    ask_access(keeper, turn - 1, claims_at(turn - 1, turn + 899, ""), &old_token), GH_OK);

	assert_ok(gh_keeper_tick(keeper, turn));
	gh_access_keys_active(keeper->access, &kid);
	assert_string_not_equal(kid, first);
	assert_int_equal(count_access_keys(keeper), 3);
	assert_int_equal(ask_access(keeper, turn, claims_at(turn, turn + 900, ""), &new_token),
	                 GH_OK);
	assert_ok(check_access(keeper, turn + 898, gh_buf_slice(&old_token), &reason));
	assert_ok(check_access(keeper, turn + 898, gh_buf_slice(&new_token), &reason));

	/* The same after a restart in between; then the old one is gone, and no token outlives it.
	 */
	gh_keeper_close(keeper);
	keeper = place_open(*state, turn + 10);
	assert_int_equal(count_access_keys(keeper), 3);
	assert_ok(check_access(keeper, turn + 898, gh_buf_slice(&old_token), &reason));
	assert_ok(gh_keeper_tick(keeper, turn + 16 * 60 - 1));
	assert_int_equal(count_access_keys(keeper), 3);
	assert_ok(gh_keeper_tick(keeper, turn + 16 * 60));
	assert_int_equal(count_access_keys(keeper), 2);
	/* A clock that goes back moves nothing. */
	assert_ok(gh_keeper_tick(keeper, TEST_NOW - DAY_S));
	assert_int_equal(count_access_keys(keeper), 2);
	gh_buf_free(&old_token);
	gh_buf_free(&new_token);
	gh_keeper_close(keeper);
}

static void a_key_is_published_ten_minutes_before_it_signs(void **state)
{
	struct gh_keeper *keeper = place_open(*state, TEST_NOW);
	int64_t turn = TEST_NOW + 30 * DAY_S;
	const char *kid;
	char second[64];

	/* Rotating twice in a row: the new pending key has to wait its turn in the set. */
	assert_ok(gh_keeper_tick(keeper, turn));
	gh_access_keys_active(keeper->access, &kid);
	snprintf(second, sizeof second, "%s", kid);
	assert_ok(gh_keeper_tick(keeper, turn + 599));
	gh_access_keys_active(keeper->access, &kid);
	assert_string_equal(kid, second);
	gh_keeper_close(keeper);
}

static void certificates_are_renewed_in_time_and_for_new_names(void **state)
{
	struct place *place = *state;
	static const char *const names[] = { "gate.example" };
	struct gh_keeper *keeper = place_open(place, TEST_NOW);
	struct gh_buf chain = { 0 }, later = { 0 };
	int64_t until_s, later_s;

	assert_int_equal(ask_public(keeper, GH_KEEPER_PUBLIC_TLS_CHAIN, &chain), GH_OK);
	assert_ok(gh_x509_not_after(gh_buf_slice(&chain), &until_s));
	assert_ok(gh_keeper_tick(keeper, until_s - 30 * DAY_S - 1));
	assert_int_equal(ask_public(keeper, GH_KEEPER_PUBLIC_TLS_CHAIN, &later), GH_OK);
	assert_true(gh_slice_eq(gh_buf_slice(&chain), gh_buf_slice(&later)));
	assert_ok(gh_keeper_tick(keeper, until_s - 30 * DAY_S + 1));
	assert_int_equal(ask_public(keeper, GH_KEEPER_PUBLIC_TLS_CHAIN, &later), GH_OK);
	assert_ok(gh_x509_not_after(gh_buf_slice(&later), &later_s));
	assert_true(later_s > until_s);
	gh_keeper_close(keeper);

	place->config.tls_names = names;
	place->config.tls_name_count = 1;
	keeper = place_open(place, until_s - 29 * DAY_S);
	assert_int_equal(ask_public(keeper, GH_KEEPER_PUBLIC_TLS_CHAIN, &chain), GH_OK);
	assert_ok(gh_x509_has_name(gh_buf_slice(&chain), "gate.example"));
	gh_buf_free(&chain);
	gh_buf_free(&later);
	gh_keeper_close(keeper);
}

static void a_changed_or_cut_file_is_refused_and_never_written_over(void **state)
{
	static const char *const names[] = { "access.json", "database.json", "checkpoint-key.json",
		                             "checkpoint-last.json", "tls.json" };
	const struct place *place = *state;
	struct gh_keeper *keeper = place_open(place, TEST_NOW);
	static char before[65536], after[65536];

	gh_keeper_close(keeper);
	for (size_t i = 0; i < GH_ARRAY_LEN(names); i++) {
		const char *path = place_file(place, names[i]);
		int fd = open(path, O_RDWR);
		ssize_t len = read(fd, before, sizeof before);
		assert_true(len > 100);
		for (ssize_t at = 0; at < len; at += len / 23 + 1) {
			char changed = (char)(before[at] ^ 1);
			assert_int_equal(pwrite(fd, &changed, 1, at), 1);
			enum gh_code code = gh_keeper_open(&place->config, TEST_NOW, &keeper);
			if (code != GH_E_CORRUPT)
				fail_msg("%s with byte %zd changed gave %s", names[i], at,
				         gh_code_name(code));
			assert_non_null(strstr(gh_last_error()->text, names[i]));
			assert_int_equal(pwrite(fd, before + at, 1, at), 1);
		}
		assert_int_equal(ftruncate(fd, len / 2), 0);
		assert_code(gh_keeper_open(&place->config, TEST_NOW, &keeper), GH_E_CORRUPT);
		assert_int_equal(pread(fd, after, sizeof after, 0), len / 2);
		assert_memory_equal(before, after, (size_t)len / 2);
		assert_int_equal(pwrite(fd, before, (size_t)len, 0), len);
		close(fd);
	}
	keeper = place_open(place, TEST_NOW);
	gh_keeper_close(keeper);
}

static void files_cannot_stand_in_for_one_another(void **state)
{
	const struct place *place = *state;
	struct gh_keeper *keeper = place_open(place, TEST_NOW);
	char from[256], to[256];

	gh_keeper_close(keeper);
	snprintf(from, sizeof from, "%s", place_file(place, "database.json"));
	snprintf(to, sizeof to, "%s", place_file(place, "access.json"));
	assert_int_equal(rename(from, to), 0);
	assert_code(gh_keeper_open(&place->config, TEST_NOW, &keeper), GH_E_CORRUPT);
}

static void a_lost_kek_is_not_replaced(void **state)
{
	const struct place *place = *state;
	struct gh_keeper *keeper = place_open(place, TEST_NOW);

	gh_keeper_close(keeper);
	assert_int_equal(unlink(place_file(place, "kek.bin")), 0);
	assert_code(gh_keeper_open(&place->config, TEST_NOW, &keeper), GH_E_CORRUPT);
	assert_int_not_equal(access(place_file(place, "kek.bin"), F_OK), 0);
}

static void a_directory_or_file_that_others_may_read_is_refused(void **state)
{
	const struct place *place = *state;
	struct gh_keeper *keeper = place_open(place, TEST_NOW);
	struct stat info;

	assert_int_equal(stat(place->dir, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0700);
	assert_int_equal(stat(place_file(place, "access.json"), &info), 0);
	assert_int_equal(info.st_mode & 07777, 0600);
	gh_keeper_close(keeper);
	assert_int_equal(chmod(place->dir, 0750), 0);
	assert_code(gh_keeper_open(&place->config, TEST_NOW, &keeper), GH_E_DENIED);
	assert_int_equal(chmod(place->dir, 0700), 0);
	assert_int_equal(chmod(place_file(place, "access.json"), 0640), 0);
	assert_code(gh_keeper_open(&place->config, TEST_NOW, &keeper), GH_E_DENIED);
	assert_int_equal(chmod(place_file(place, "access.json"), 0600), 0);
	assert_int_equal(chmod(place_file(place, "kek.bin"), 0644), 0);
	assert_code(gh_keeper_open(&place->config, TEST_NOW, &keeper), GH_E_DENIED);
}

static void only_one_keeper_holds_a_directory(void **state)
{
	const struct place *place = *state;
	struct gh_keeper *keeper = place_open(place, TEST_NOW), *second = NULL;

	assert_code(gh_keeper_open(&place->config, TEST_NOW, &second), GH_E_CONFLICT);
	gh_keeper_close(keeper);
	assert_ok(gh_keeper_init(&place->config));
}

static void another_origin_is_another_log(void **state)
{
	struct place *place = *state;
	struct gh_keeper *keeper = place_open(place, TEST_NOW);

	gh_keeper_close(keeper);
	place->config.origin = "gw.test/other";
	assert_code(gh_keeper_open(&place->config, TEST_NOW, &keeper), GH_E_DENIED);
	place->config.origin = "gw test";
	assert_code(gh_keeper_open(&place->config, TEST_NOW, &keeper), GH_E_ARGUMENT);
	place->config.origin = "gw+test";
	assert_code(gh_keeper_open(&place->config, TEST_NOW, &keeper), GH_E_ARGUMENT);
}

static void no_private_key_is_in_the_clear_on_disk(void **state)
{
	const struct place *place = *state;
	struct gh_keeper *keeper = place_open(place, TEST_NOW);
	static const char *const names[] = { "access.json", "database.json", "checkpoint-key.json",
		                             "tls.json" };
	struct gh_buf der = { 0 }, text = { 0 };
	const char *kid;

	assert_ok(gh_key_to_private_der(gh_access_keys_active(keeper->access, &kid), &der));
	gh_base64_encode(gh_slice(der.data + 300, 300), &text);
	for (size_t i = 0; i < GH_ARRAY_LEN(names); i++) {
		struct gh_buf file = { 0 };
		assert_ok(
		    gh_keeper_read_file(keeper->store.dir_fd, names[i], 1 << 20, true, &file));
		assert_null(strstr(gh_buf_cstr(&file), "PRIVATE KEY"));
		assert_null(memmem(file.data, file.len, text.data, 64));
		assert_null(memmem(file.data, file.len, der.data + 300, 64));
		gh_buf_free(&file);
	}
	gh_buf_free(&der);
	gh_buf_free(&text);
	gh_keeper_close(keeper);
}

static void answers_and_nonsense_are_not_answered(void **state)
{
	struct gh_keeper *keeper = place_open(*state, TEST_NOW);
	struct gh_keeper_frame frame = { .type = GH_KEEPER_DERIVE,
		                         .is_answer = true,
		                         .code = GH_E_DENIED,
		                         .field_count = 1,
		                         .fields = { GH_SLICE("x") } };
	struct gh_buf packet = { 0 }, reply = { 0 };

	assert_ok(gh_keeper_encode(&frame, &packet));
	assert_code(gh_keeper_answer(keeper, gh_buf_slice(&packet), TEST_NOW, &reply), GH_E_FORMAT);
	assert_code(gh_keeper_answer(keeper, GH_SLICE("GET / HTTP/1.1\r\n\r\n"), TEST_NOW, &reply),
	            GH_E_FORMAT);
	assert_int_equal(ask_public(keeper, 0, &reply), GH_E_NOT_FOUND);
	assert_int_equal(ask_public(keeper, 255, &reply), GH_E_NOT_FOUND);
	gh_buf_free(&packet);
	gh_buf_free(&reply);
	gh_keeper_close(keeper);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_place(a_signed_access_token_passes_the_gate),
		in_place(claims_that_break_the_rules_are_not_signed),
		in_place(what_is_signed_is_what_was_understood),
		in_place(a_database_token_lives_a_minute_and_says_so),
		in_place(a_checkpoint_is_signed_when_it_extends_the_last_one),
		in_place(a_forked_or_shrunken_log_is_not_signed_not_even_after_a_restart),
		in_place(a_lost_record_of_what_was_signed_stops_the_keeper),
		in_place(data_keys_open_again_after_a_restart_and_only_for_their_tenant),
		in_place(signing_keys_rotate_without_a_token_that_stops_verifying),
		in_place(a_key_is_published_ten_minutes_before_it_signs),
		in_place(certificates_are_renewed_in_time_and_for_new_names),
		in_place(a_changed_or_cut_file_is_refused_and_never_written_over),
		in_place(files_cannot_stand_in_for_one_another),
		in_place(a_lost_kek_is_not_replaced),
		in_place(a_directory_or_file_that_others_may_read_is_refused),
		in_place(only_one_keeper_holds_a_directory),
		in_place(another_origin_is_another_log),
		in_place(no_private_key_is_in_the_clear_on_disk),
		in_place(answers_and_nonsense_are_not_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
