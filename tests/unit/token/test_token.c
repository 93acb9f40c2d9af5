/* Token rules one by one: a key of the test's own signs what each test wants, so that every refusal
 * is of the rule and not of the signature. */
#include "../gh_test.h"

#include <string.h>

#include "base/json.h"
#include "crypto/jws.h"
#include "token/issue.h"
#include "token/verify.h"

#define NOW   1767225600
#define KID   "k1"
#define HEAD  "{\"alg\":\"RS256\",\"typ\":\"at+jwt\",\"kid\":\"" KID "\"}"
#define THUMB "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"

struct signer {
	struct gh_key *key;
	struct gh_jwks *keys;
	struct gh_token_proof proof;
};

static int make_signer(void **state)
{
	static struct signer signer;
	struct gh_key *ec;
	struct gh_buf set = { 0 };

	assert_ok(gh_key_generate(GH_KEY_RSA, &signer.key));
	assert_ok(gh_key_generate(GH_KEY_P256, &ec));
	gh_buf_add_str(&set, "{\"keys\":[");
	assert_ok(gh_key_to_jwk(signer.key, KID, &set));
	gh_buf_add_byte(&set, ',');
	assert_ok(gh_key_to_jwk(ec, "k-ec", &set));
	gh_buf_add_str(&set, "]}");
	assert_ok(gh_jwks_parse(gh_buf_slice(&set), &signer.keys));
	gh_buf_free(&set);
	gh_key_free(ec);
	*state = &signer;
	return 0;
}

static int free_signer(void **state)
{
	struct signer *signer = *state;

	gh_key_free(signer->key);
	gh_jwks_free(signer->keys);
	return 0;
}

/* "ok" or the reason, of a token with this header and payload. `check` sees the claims. */
static const char *verdict_of(const struct signer *signer, struct gh_slice head,
                              struct gh_slice payload,
                              void (*check)(const struct gh_claims *claims))
{
	struct gh_arena *arena = gh_arena_new(1 << 20);
	struct gh_buf token = { 0 };
	const struct gh_claims *claims = NULL;
	const char *reason = "none given";

	assert_ok(gh_jws_sign(signer->key, head, payload, &token));
	const struct gh_token_rules rules = { .keys = signer->keys,
		                              .issuer = GH_SLICE("https://id.test"),
		                              .audience = GH_SLICE("https://gw.test"),
		                              .now_s = NOW,
		                              .proof = signer->proof };
	enum gh_code code = gh_token_verify(&rules, gh_buf_slice(&token), arena, &claims, &reason);
	if (code == GH_OK && check)
		check(claims);
	gh_arena_free(arena);
	gh_buf_free(&token);
	return code == GH_OK ? "ok" : reason;
}

/* A good payload as members; a case replaces one, or adds one. */
static const char *const members[][2] = {
	{ "iss", "\"https://id.test\"" },
	{ "aud", "\"https://gw.test\"" },
	{ "sub", "\"user:1\"" },
	{ "tenant_id", "\"11111111-1111-4111-8111-111111111111\"" },
	{ "caps", "[\"chat.completions\"]" },
	{ "sid", "\"s\"" },
	{ "jti", "\"j\"" },
	{ "iat", "1767225590" },
	{ "nbf", "1767225590" },
	{ "exp", "1767226490" },
};

static void add_member(struct gh_buf *out, const char *name, const char *value)
{
	gh_buf_addf(out, "%s\"%s\":%s", out->len > 1 ? "," : "", name, value);
}

/* `value` NULL leaves the member out. */
static void payload_with(const char *name, const char *value, struct gh_buf *out)
{
	bool known = false;

	gh_buf_clear(out);
	gh_buf_add_byte(out, '{');
	for (size_t i = 0; i < GH_ARRAY_LEN(members); i++) {
		bool here = strcmp(members[i][0], name) == 0;
		known |= here;
		if (!here)
			add_member(out, members[i][0], members[i][1]);
		else if (value)
			add_member(out, name, value);
	}
	if (!known && value)
		add_member(out, name, value);
	gh_buf_add_byte(out, '}');
}

struct claim_case {
	const char *name, *value, *verdict;
};

static void run_cases(const struct signer *signer, const struct claim_case *cases, size_t count)
{
	struct gh_buf payload = { 0 };

	for (size_t i = 0; i < count; i++) {
		payload_with(cases[i].name, cases[i].value, &payload);
		const char *verdict =
		    verdict_of(signer, GH_SLICE(HEAD), gh_buf_slice(&payload), NULL);
		if (strcmp(verdict, cases[i].verdict) != 0)
			fail_msg("%s = %s gave %s, expected %s", cases[i].name,
			         cases[i].value ? cases[i].value : "(absent)", verdict,
			         cases[i].verdict);
	}
	gh_buf_free(&payload);
}

static void each_claim_is_there_and_right_or_the_token_is_refused(void **state)
{
	static const struct claim_case cases[] = {
		{ "none", NULL, "ok" },
		{ "iss", NULL, "iss" },
		{ "iss", "\"https://id.test/\"", "iss" },
		{ "iss", "\"HTTPS://id.test\"", "iss" },
		{ "iss", "[\"https://id.test\"]", "iss" },
		{ "iss", "null", "iss" },
		{ "aud", NULL, "aud" },
		{ "aud", "[]", "aud" },
		{ "aud", "[\"https://gw.test\"]", "ok" },
		{ "aud", "[\"https://a.test\",\"https://gw.test\"]", "ok" },
		{ "aud", "[\"https://gw.test\",1]", "aud" },
		{ "aud", "[[\"https://gw.test\"]]", "aud" },
		{ "aud", "[\"https://gw.test\",\"\"]", "aud" },
		{ "aud", "{\"https://gw.test\":1}", "aud" },
		{ "aud", "\"https://gw.test/\"", "aud" },
		{ "aud", "true", "aud" },
		{ "sub", NULL, "sub" },
		{ "sub", "\"\"", "sub" },
		{ "sub", "1", "sub" },
		{ "tenant_id", NULL, "tenant" },
		{ "tenant_id", "null", "tenant" },
		{ "tenant_id", "\"11111111-1111-4111-8111-11111111111A\"", "tenant" },
		{ "tenant_id", "\"{11111111-1111-4111-8111-111111111111}\"", "tenant" },
		{ "tenant_id", "\" 11111111-1111-4111-8111-111111111111\"", "tenant" },
		{ "tenant_id", "\"111111111111411181111111111111111111\"", "tenant" },
		{ "tenant_id", "\"00000000-0000-0000-0000-000000000000\"", "tenant" },
		{ "caps", NULL, "caps" },
		{ "caps", "\"chat.completions\"", "caps" },
		{ "caps", "[]", "ok" },
		{ "caps", "[\"root\",\"*\"]", "ok" },
		{ "caps", "[\"\"]", "caps" },
		{ "caps", "[\"a b\"]", "caps" },
		{ "caps", "[\"a\\n\"]", "caps" },
		{ "caps", "[1]", "caps" },
		{ "caps", "[null]", "caps" },
		{ "caps", "{\"chat.completions\":true}", "caps" },
		{ "sid", NULL, "sid" },
		{ "sid", "\"\"", "sid" },
		{ "jti", NULL, "jti" },
		{ "jti", "7", "jti" },
		{ "client_id", "\"c\"", "ok" },
		{ "client_id", "\"\"", "client-id" },
		{ "client_id", "null", "client-id" },
		{ "email", "\"x@example.org\"", "ok" },
		{ "x",
		  "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"
		  "]",
		  "ok" },
	};

	run_cases(*state, cases, GH_ARRAY_LEN(cases));
}

static void times_hold_to_the_second(void **state)
{
	static const struct claim_case cases[] = {
		{ "exp", "1767225600", "expired" }, /* now */
		{ "exp", "1767225600.5", "ok" },
		{ "exp", "1767225601", "ok" },
		{ "exp", "1767225599", "expired" },
		{ "exp", "1767226490", "ok" },           /* 900 after iat */
		{ "exp", "1767226491", "ttl-too-long" }, /* 901 */
		{ "exp", "1767226490.5", "ttl-too-long" },
		{ "exp", "\"1767226490\"", "time-malformed" },
		{ "exp", "true", "time-malformed" },
		{ "exp", "null", "time-malformed" },
		{ "exp", "[1767226490]", "time-malformed" },
		{ "exp", "-1", "time-malformed" },
		{ "exp", "-0.5", "time-malformed" },
		{ "exp", "1e300", "time-malformed" },
		{ "exp", "1e400", "claims-malformed" },
		{ "exp", "1.76722649e9", "ok" },
		{ "exp", "253402300801", "time-malformed" },
		{ "exp", "9999999999", "ttl-too-long" },
		{ "exp", "18446744073709551617", "claims-malformed" },
		{ "exp", "01767226490", "claims-malformed" },
		{ "exp", "+1767226490", "claims-malformed" },
		{ "exp", "0x69555e80", "claims-malformed" },
		{ "exp", "NaN", "claims-malformed" },
		{ "exp", "Infinity", "claims-malformed" },
		{ "iat", NULL, "time-malformed" },
		{ "iat", "1767225660", "ok" }, /* 60 ahead */
		{ "iat", "1767225661", "issued-in-future" },
		{ "iat", "1767225660.1", "issued-in-future" },
		{ "iat", "\"1767225590\"", "time-malformed" },
		{ "iat", "0", "ttl-too-long" },
		{ "nbf", NULL, "ok" },
		{ "nbf", "1767225660", "ok" },
		{ "nbf", "1767225661", "not-yet-valid" },
		{ "nbf", "null", "time-malformed" },
		{ "nbf", "0", "ok" },
		{ "auth_time", "1767225000", "ok" },
		{ "auth_time", "1767225700", "authn" },
		{ "auth_time", "\"x\"", "authn" },
	};

	run_cases(*state, cases, GH_ARRAY_LEN(cases));
}

static void authentication_actor_and_binding_are_well_formed_or_absent(void **state)
{
	static const struct claim_case cases[] = {
		{ "amr", "[\"pwd\",\"otp\"]", "ok" },
		{ "amr", "\"pwd\"", "authn" },
		{ "amr", "[1]", "authn" },
		{ "acr", "\"urn:x\"", "ok" },
		{ "acr", "1", "authn" },
		{ "act", "{\"sub\":\"agent:1\"}", "ok" },
		{ "act",
		  "{\"sub\":\"a\",\"act\":{\"sub\":\"b\",\"act\":{\"sub\":\"c\",\"act\":{\"sub\":"
		  "\"d\"}}}}",
		  "ok" },
		{ "act",
		  "{\"sub\":\"a\",\"act\":{\"sub\":\"b\",\"act\":{\"sub\":\"c\",\"act\":{\"sub\":"
		  "\"d\",\"act\":{\"sub\":\"e\"}}}}}",
		  "act-malformed" },
		{ "act", "{}", "act-malformed" },
		{ "act", "{\"sub\":\"\"}", "act-malformed" },
		{ "act", "{\"sub\":\"a\",\"act\":null}", "act-malformed" },
		{ "act", "null", "act-malformed" },
		{ "act", "\"agent\"", "act-malformed" },
		{ "cnf", "{\"jkt\":\"" THUMB "\"}", "proof-missing" },
		{ "cnf", "{\"x5t#S256\":\"" THUMB "\"}", "proof-missing" },
		{ "cnf", "{\"jkt\":\"x\"}", "cnf-malformed" },
		{ "cnf", "{\"jkt\":\"" THUMB "\",\"x5t#S256\":\"" THUMB "\"}", "cnf-malformed" },
		{ "cnf", "{\"jkt\":\"" THUMB "\",\"kid\":\"x\"}", "cnf-malformed" },
		{ "cnf", "{\"jwk\":{}}", "cnf-malformed" },
		{ "cnf", "{\"jkt\":\"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xt\"}",
		  "cnf-malformed" },
		{ "cnf", "{}", "cnf-malformed" },
		{ "cnf", "null", "cnf-malformed" },
		{ "cnf", "[]", "cnf-malformed" },
	};

	run_cases(*state, cases, GH_ARRAY_LEN(cases));
}

static void a_bound_token_needs_its_own_proof(void **state)
{
	struct signer signer = *(const struct signer *)*state;
	struct gh_buf payload = { 0 };

	payload_with("cnf", "{\"jkt\":\"" THUMB "\"}", &payload);
	signer.proof.jkt = GH_SLICE(THUMB);
	assert_string_equal(verdict_of(&signer, GH_SLICE(HEAD), gh_buf_slice(&payload), NULL),
	                    "ok");
	signer.proof.jkt = GH_SLICE("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
	assert_string_equal(verdict_of(&signer, GH_SLICE(HEAD), gh_buf_slice(&payload), NULL),
	                    "proof-mismatch");
	/* A proof of the other kind with the same value is no proof. */
	signer.proof = (struct gh_token_proof){ .x5t_s256 = GH_SLICE(THUMB) };
	assert_string_equal(verdict_of(&signer, GH_SLICE(HEAD), gh_buf_slice(&payload), NULL),
	                    "proof-missing");
	payload_with("cnf", "{\"x5t#S256\":\"" THUMB "\"}", &payload);
	assert_string_equal(verdict_of(&signer, GH_SLICE(HEAD), gh_buf_slice(&payload), NULL),
	                    "ok");
	gh_buf_free(&payload);
}

static void the_header_is_alg_typ_and_kid_and_nothing_else(void **state)
{
	static const struct {
		const char *head, *verdict;
	} cases[] = {
		{ HEAD, "ok" },
		{ " {\n\"kid\" : \"k1\", \"typ\":\"at+jwt\",\t\"alg\":\"RS256\"} ", "ok" },
		{ "{\"\\u0061lg\":\"RS256\",\"typ\":\"at\\u002bjwt\",\"kid\":\"k1\"}", "ok" },
		{ "{\"alg\":\"RS256\",\"typ\":\"application/at+jwt\",\"kid\":\"k1\"}", "ok" },
		{ "{\"alg\":\"RS256\",\"typ\":\"AT+JWT\",\"kid\":\"k1\"}", "typ-not-allowed" },
		{ "{\"alg\":\"RS256\",\"kid\":\"k1\"}", "typ-not-allowed" },
		{ "{\"typ\":\"at+jwt\",\"kid\":\"k1\"}", "alg-not-allowed" },
		{ "{\"alg\":\"RS256\",\"typ\":\"at+jwt\"}", "kid-malformed" },
		{ "{\"alg\":\"RS256\",\"typ\":\"at+jwt\",\"kid\":\"\"}", "kid-malformed" },
		{ "{\"alg\":\"RS256\",\"typ\":\"at+jwt\",\"kid\":\"K1\"}", "unknown-key" },
		{ "{\"alg\":\"RS256\",\"typ\":\"at+jwt\",\"kid\":\"k-ec\"}", "key-mismatch" },
		{ "{\"alg\":\"RS384\",\"typ\":\"at+jwt\",\"kid\":\"k1\"}", "alg-not-allowed" },
		{ "{\"alg\":\"PS256\",\"typ\":\"at+jwt\",\"kid\":\"k1\"}", "alg-not-allowed" },
		{ "{\"alg\":\"RS256\",\"typ\":\"at+jwt\",\"kid\":\"k1\",\"x\":null}",
		  "header-member-not-allowed" },
		{ "{\"alg\":\"RS256\",\"typ\":\"at+jwt\",\"kid\":\"k1\",\"\":1}",
		  "header-member-not-allowed" },
		{ "{\"alg\":\"RS256\",\"\\u0061lg\":\"RS256\",\"typ\":\"at+jwt\",\"kid\":\"k1\"}",
		  "malformed" },
		{ "{\"alg\":\"RS256\",\"typ\":\"at+jwt\",\"kid\":\"k1\"}\xef\xbb\xbf",
		  "malformed" },
		{ "{\"alg\":\"RS256\",\"typ\":\"at+jwt\",\"kid\":\"\\ud800\"}", "malformed" },
		{ "{\"alg\":\"RS256\",\"typ\":\"at+jwt\",\"kid\":\"k1\",}", "malformed" },
		{ "{'alg':'RS256'}", "malformed" },
		{ "null", "malformed" },
	};
	struct gh_buf payload = { 0 };

	payload_with("none", NULL, &payload);
	for (size_t i = 0; i < GH_ARRAY_LEN(cases); i++) {
		const char *verdict =
		    verdict_of(*state, gh_slice_str(cases[i].head), gh_buf_slice(&payload), NULL);
		if (strcmp(verdict, cases[i].verdict) != 0)
			fail_msg("%s gave %s, expected %s", cases[i].head, verdict,
			         cases[i].verdict);
	}
	gh_buf_free(&payload);
}

static void payloads_that_two_parsers_could_read_differently_are_refused(void **state)
{
	static const char *const tails[] = {
		",\"tenant_id\":\"99999999-9999-4999-8999-999999999999\"}",
		",\"tenant\\u005fid\":\"99999999-9999-4999-8999-999999999999\"}",
		",\"exp\":1767226000}",
		",\"x\":{\"a\":1,\"a\":2}}",
		",\"x\":\"\\ud800\"}",
		",\"x\":\"\\udc00\\ud800\"}",
		",\"x\":\"a\\u0000b\"}",
		",\"x\\u0000\":1}",
		",\"x\":\"\xc3(\"}",
		",\"x\":\"\xc0\x80\"}",
		",\"x\":\"\xed\xa0\x80\"}",
		",\"x\":\"\xf4\x90\x80\x80\"}",
		",\"x\":\"\t\"}",
		",\"x\":1}}",
		",\"x\":1,}",
		",\"x\":01}",
		",\"x\":.5}",
		",/**/\"x\":1}",
		"",
	};
	struct gh_buf payload = { 0 };

	for (size_t i = 0; i < GH_ARRAY_LEN(tails); i++) {
		payload_with("none", NULL, &payload);
		payload.len--; /* its brace */
		gh_buf_add_str(&payload, tails[i]);
		const char *verdict =
		    verdict_of(*state, GH_SLICE(HEAD), gh_buf_slice(&payload), NULL);
		if (strcmp(verdict, "claims-malformed") != 0)
			fail_msg("%s gave %s", tails[i], verdict);
	}
	gh_buf_clear(&payload);
	gh_buf_add_str(&payload, "\xef\xbb\xbf{}");
	assert_string_equal(verdict_of(*state, GH_SLICE(HEAD), gh_buf_slice(&payload), NULL),
	                    "claims-malformed");
	/* A NUL byte in the text itself, and nesting beyond the limit. */
	payload_with("none", NULL, &payload);
	payload.data[payload.len - 1] = 0;
	assert_string_equal(verdict_of(*state, GH_SLICE(HEAD), gh_buf_slice(&payload), NULL),
	                    "claims-malformed");
	payload_with("none", NULL, &payload);
	payload.len--;
	gh_buf_add_str(&payload, ",\"x\":");
	for (int i = 0; i < 64; i++)
		gh_buf_add_byte(&payload, '[');
	for (int i = 0; i < 64; i++)
		gh_buf_add_byte(&payload, ']');
	gh_buf_add_byte(&payload, '}');
	assert_string_equal(verdict_of(*state, GH_SLICE(HEAD), gh_buf_slice(&payload), NULL),
	                    "claims-malformed");
	gh_buf_free(&payload);
}

static void a_token_has_at_most_8192_bytes_256_caps_and_a_header_of_1024(void **state)
{
	struct gh_buf payload = { 0 }, caps = { 0 }, head = { 0 };

	for (int count = 256; count <= 257; count++) {
		gh_buf_clear(&caps);
		for (int i = 0; i < count; i++)
			gh_buf_addf(&caps, "%s\"c%d\"", i ? "," : "[", i);
		gh_buf_add_byte(&caps, ']');
		payload_with("caps", gh_buf_cstr(&caps), &payload);
		assert_string_equal(
		    verdict_of(*state, GH_SLICE(HEAD), gh_buf_slice(&payload), NULL),
		    count == 256 ? "ok" : "caps");
	}
	/* 58 (header) + 1 + payload + 1 + 342 (signature) */
	gh_buf_clear(&caps);
	gh_buf_add_byte(&caps, '"');
	for (int i = 0; i < 5470; i++)
		gh_buf_add_byte(&caps, 'x');
	gh_buf_add_byte(&caps, '"');
	payload_with("x", gh_buf_cstr(&caps), &payload);
	bool was_ok = false;
	while (strcmp(verdict_of(*state, GH_SLICE(HEAD), gh_buf_slice(&payload), NULL), "ok") ==
	       0) {
		payload.data[payload.len - 1] = ' ';
		gh_buf_add_byte(&payload, '}');
		was_ok = true;
	}
	assert_true(was_ok);
	assert_string_equal(verdict_of(*state, GH_SLICE(HEAD), gh_buf_slice(&payload), NULL),
	                    "too-long");
	assert_in_range((payload.len * 4 + 2) / 3 + 402, 8193, 8196);

	gh_buf_add_str(&head, "{\"alg\":\"RS256\",\"typ\":\"at+jwt\",\"kid\":\"");
	for (int i = 0; i < 1000; i++)
		gh_buf_add_byte(&head, 'k');
	gh_buf_add_str(&head, "\"}");
	payload_with("none", NULL, &payload);
	assert_string_equal(verdict_of(*state, gh_buf_slice(&head), gh_buf_slice(&payload), NULL),
	                    "header-too-large");
	gh_buf_free(&head);
	gh_buf_free(&caps);
	gh_buf_free(&payload);
}

static void check_full_claims(const struct gh_claims *claims)
{
	assert_true(gh_slice_eq_str(claims->kid, KID));
	assert_true(gh_slice_eq_str(claims->client_id, "console"));
	assert_true(gh_claims_has_cap(claims, "embeddings"));
	assert_false(gh_claims_has_cap(claims, "embedding"));
	assert_false(gh_claims_has_cap(claims, "keys.manage"));
	assert_int_equal(claims->amr_count, 2);
	assert_true(claims->has_act);
	assert_int_equal(claims->act_depth, 1);
	assert_true(gh_slice_eq_str(claims->act_sub, "agent:1"));
	assert_int_equal(claims->exp, NOW + 600);
	assert_true(claims->jti.len == 36);
}

static void what_is_issued_is_taken_back_as_it_was(void **state)
{
	const struct gh_slice caps[] = { GH_SLICE("embeddings"), GH_SLICE("models.read") };
	const struct gh_slice amr[] = { GH_SLICE("pwd"), GH_SLICE("hwk") };
	struct gh_claims claims = { .iss = GH_SLICE("https://id.test"),
		                    .sub = GH_SLICE("user:\"1\"\xc3\xa9"),
		                    .aud = GH_SLICE("https://gw.test"),
		                    .client_id = GH_SLICE("console"),
		                    .tenant_id = gh_uuid_v7(),
		                    .caps = caps,
		                    .cap_count = 2,
		                    .sid = GH_SLICE("s"),
		                    .iat = NOW,
		                    .exp = NOW + 600,
		                    .amr = amr,
		                    .amr_count = 2,
		                    .acr = GH_SLICE("2"),
		                    .auth_time = NOW - 5,
		                    .has_act = true,
		                    .act_sub = GH_SLICE("agent:1") };
	struct gh_buf json = { 0 };

	assert_ok(gh_token_claims_json(&claims, &json));
	assert_string_equal(
	    verdict_of(*state, GH_SLICE(HEAD), gh_buf_slice(&json), check_full_claims), "ok");

	static const struct gh_slice bad_cap[] = { GH_SLICE("Chat *") };
	struct gh_claims wrong = claims;
	wrong.exp = NOW + 901;
	assert_code(gh_token_claims_json(&wrong, &json), GH_E_ARGUMENT);
	wrong = claims;
	wrong.tenant_id = (struct gh_uuid){ { 0 } };
	assert_code(gh_token_claims_json(&wrong, &json), GH_E_ARGUMENT);
	wrong = claims;
	wrong.sub = GH_SLICE("");
	assert_code(gh_token_claims_json(&wrong, &json), GH_E_ARGUMENT);
	wrong = claims;
	wrong.caps = bad_cap;
	wrong.cap_count = 1;
	assert_code(gh_token_claims_json(&wrong, &json), GH_E_ARGUMENT);
	static struct gh_slice many[257];
	for (size_t i = 0; i < 257; i++)
		many[i] = GH_SLICE("a");
	wrong.caps = many;
	wrong.cap_count = 257;
	assert_code(gh_token_claims_json(&wrong, &json), GH_E_ARGUMENT);
	static char long_cap[128];
	memset(long_cap, 'a', sizeof long_cap);
	for (size_t i = 0; i < 257; i++)
		many[i] = gh_slice(long_cap, sizeof long_cap);
	wrong.cap_count = 256;
	assert_code(gh_token_claims_json(&wrong, &json), GH_E_LIMIT);
	gh_buf_free(&json);
}

static void capabilities_compare_exactly(void **state)
{
	const struct gh_slice all[] = { GH_SLICE("chat.completions"), GH_SLICE("audit.read") };
	const struct gh_slice some[] = { GH_SLICE("audit.read") };
	const struct gh_slice prefix[] = { GH_SLICE("audit") };
	static const char *const bad[] = {
		"", ".a", "A", "a b", "a*", "*", "a/b", "-", "\xc3\xa9"
	};

	assert_true(gh_caps_subset(some, 1, all, 2));
	assert_true(gh_caps_subset(NULL, 0, all, 2));
	assert_false(gh_caps_subset(all, 2, some, 1));
	assert_false(gh_caps_subset(prefix, 1, all, 2));
	assert_true(gh_cap_is_valid(GH_SLICE("pii.reveal")));
	assert_true(gh_cap_is_valid(GH_SLICE("mcp:tool_1-x")));
	for (size_t i = 0; i < GH_ARRAY_LEN(bad); i++)
		assert_false(gh_cap_is_valid(gh_slice_str(bad[i])));
}

static void a_key_set_leaves_out_what_cannot_verify_and_refuses_secrets(void **state)
{
#define EC                                                                                         \
	"\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"X9wQkS-1i-UUoPDDSVXocLUfVcS61TbbYnmxPGPhIus\","  \
	"\"y\":\"1Clq1O3xQpXvooXEhOo6HyiQfc47Ter77SSkIAfdRgc\""
	static const struct {
		const char *set;
		enum gh_code code;
		size_t count;
	} cases[] = {
		{ "{\"keys\":[]}", GH_OK, 0 },
		{ "{\"keys\":[{" EC ",\"kid\":\"a\"}]}", GH_OK, 1 },
		{ "{\"keys\":[{" EC "}]}", GH_OK, 1 },
		{ "{\"keys\":[{" EC "},{" EC "}]}", GH_OK, 2 },
		{ "{\"keys\":[{" EC ",\"kid\":\"a\"},{" EC ",\"kid\":\"a\"}]}", GH_E_DENIED, 0 },
		{ "{\"keys\":[{" EC ",\"kid\":\"a\"},{" EC ",\"kid\":\"a\",\"use\":\"enc\"}]}",
		  GH_OK, 1 },
		{ "{\"keys\":[{" EC ",\"kid\":1}]}", GH_OK, 0 },
		{ "{\"keys\":[{\"kty\":\"NEW\"},{" EC ",\"kid\":\"a\"}]}", GH_OK, 1 },
		{ "{\"keys\":[{" EC ",\"kid\":\"a\",\"d\":\"AA\"}]}", GH_E_DENIED, 0 },
		{ "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AA\"},{" EC ",\"kid\":\"a\"}]}", GH_E_DENIED,
		  0 },
		{ "{\"keys\":[1]}", GH_E_FORMAT, 0 },
		{ "{\"keys\":{}}", GH_E_FORMAT, 0 },
		{ "[]", GH_E_FORMAT, 0 },
		{ "", GH_E_FORMAT, 0 },
		{ "{\"keys\":[],\"keys\":[]}", GH_E_FORMAT, 0 },
	};

	for (size_t i = 0; i < GH_ARRAY_LEN(cases); i++) {
		struct gh_jwks *set = NULL;
		assert_code(gh_jwks_parse(gh_slice_str(cases[i].set), &set), cases[i].code);
		if (set) {
			assert_int_equal(gh_jwks_count(set), cases[i].count);
			assert_null(gh_jwks_find(set, GH_SLICE("")));
			assert_null(gh_jwks_find(set, GH_SLICE("b")));
		}
		gh_jwks_free(set);
	}
}

/* Logs, audit events and scripts hold on to these names: one that changes is a break. */
static void the_names_of_the_reasons_are_stable(void **state)
{
	static const char *const names[] = {
		"internal",
		"memory",
		"too-long",
		"malformed",
		"header-too-large",
		"header-member-not-allowed",
		"alg-not-allowed",
		"typ-not-allowed",
		"kid-malformed",
		"unknown-key",
		"key-mismatch",
		"signature",
		"claims-malformed",
		"iss",
		"aud",
		"sub",
		"client-id",
		"tenant",
		"caps",
		"sid",
		"jti",
		"time-malformed",
		"expired",
		"not-yet-valid",
		"issued-in-future",
		"ttl-too-long",
		"authn",
		"cnf-malformed",
		"proof-missing",
		"proof-mismatch",
		"act-malformed",
	};

	for (size_t i = 0; i < GH_ARRAY_LEN(names); i++)
		assert_string_equal(gh_token_reason(i), names[i]);
	assert_null(gh_token_reason(GH_ARRAY_LEN(names)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_claim_is_there_and_right_or_the_token_is_refused),
		cmocka_unit_test(times_hold_to_the_second),
		cmocka_unit_test(authentication_actor_and_binding_are_well_formed_or_absent),
		cmocka_unit_test(a_bound_token_needs_its_own_proof),
		cmocka_unit_test(the_header_is_alg_typ_and_kid_and_nothing_else),
		cmocka_unit_test(payloads_that_two_parsers_could_read_differently_are_refused),
		cmocka_unit_test(a_token_has_at_most_8192_bytes_256_caps_and_a_header_of_1024),
		cmocka_unit_test(what_is_issued_is_taken_back_as_it_was),
		cmocka_unit_test(capabilities_compare_exactly),
		cmocka_unit_test(a_key_set_leaves_out_what_cannot_verify_and_refuses_secrets),
		cmocka_unit_test(the_names_of_the_reasons_are_stable),
	};

	return cmocka_run_group_tests(tests, make_signer, free_signer);
}
