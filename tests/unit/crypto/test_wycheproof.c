/* The Wycheproof vectors, through the functions that the product verifies with. Labels are
 * followed; where they are not, the vector is listed here with the reason. */
#include "../gh_test.h"
#include "shared.h"

#include "base/codec.h"
#include "base/json.h"
#include "crypto/jws.h"
#include "crypto/key.h"

#define DIRECTORY "vectors/identity/wycheproof/"

/* Faults of json_web_signature_test.json, and what is wrong with them. All are HMAC or PSS, which
 * the product refuses whatever the label. */
static const struct {
	int id;
	const char *why;
} faulty_jws[] = {
	{ 346, "a PS384 token under a key whose alg is PS256" },
	{ 350, "a PS384 token under a key whose alg is PS256" },
	{ 367, "labelled invalid, byte for byte the valid 357" },
	{ 370, "labelled invalid, byte for byte the valid 357" },
	{ 372, "a '?' inside base64url, labelled valid" },
	{ 373, "a '?' inside base64url, labelled valid" },
};

static void from_hex(const char *hex, struct gh_buf *out)
{
	size_t len = strlen(hex) / 2;
	uint8_t *at = gh_buf_reserve(out, len ? len : 1);

	assert_non_null(at);
	assert_ok(gh_hex_decode(gh_slice_str(hex), at, len));
	gh_buf_commit(out, len);
}

static struct gh_key *key_of(const json_t *group)
{
	struct gh_buf der = { 0 };
	struct gh_key *key = NULL;

	from_hex(text_of(group, "publicKeyDer"), &der);
	assert_ok(gh_key_from_public_der(gh_buf_slice(&der), &key));
	gh_buf_free(&der);
	return key;
}

static bool verifies(const struct gh_key *key, const json_t *test)
{
	struct gh_buf message = { 0 }, signature = { 0 };

	from_hex(text_of(test, "msg"), &message);
	from_hex(text_of(test, "sig"), &signature);
	bool good = gh_key_verify(key, gh_buf_slice(&message), gh_buf_slice(&signature)) == GH_OK;
	gh_buf_free(&message);
	gh_buf_free(&signature);
	return good;
}

/* Every vector of a file; "acceptable" ones (a missing NULL in PKCS#1's DigestInfo) are not one DER
 * form and must be refused. */
static void run_file(const char *name)
{
	char path[256];
	size_t i, j, total = 0;
	json_t *group, *test;

	snprintf(path, sizeof path, DIRECTORY "%s", name);
	json_t *data = shared_json(path);
	if (!data)
		skip();
	json_array_foreach(json_object_get(data, "testGroups"), i, group)
	{
		struct gh_key *key = key_of(group);
		json_array_foreach(json_object_get(group, "tests"), j, test)
		{
			bool expected = strcmp(text_of(test, "result"), "valid") == 0;
			int id = (int)json_integer_value(json_object_get(test, "tcId"));
			total++;
			if (verifies(key, test) != expected)
				fail_msg("%s: vector %d (%s) should be %s", name, id,
				         text_of(test, "comment"), text_of(test, "result"));
		}
		gh_key_free(key);
	}
	assert_int_equal(total, json_integer_value(json_object_get(data, "numberOfTests")));
	print_message("%s: %zu vectors\n", name, total);
	json_decref(data);
}

static void rsa_2048_signatures_are_judged_as_labelled(void **state)
{
	run_file("rsa_signature_2048_sha256_test.json");
}

static void rsa_3072_signatures_are_judged_as_labelled(void **state)
{
	run_file("rsa_signature_3072_sha256_test.json");
}

static void rsa_4096_signatures_are_judged_as_labelled(void **state)
{
	run_file("rsa_signature_4096_sha256_test.json");
}

static void rsa_8192_signatures_are_judged_as_labelled(void **state)
{
	run_file("rsa_signature_8192_sha256_test.json");
}

static void ed25519_signatures_are_judged_as_labelled(void **state)
{
	run_file("ed25519_test.json");
}

static void ecdsa_signatures_in_p1363_form_are_judged_as_labelled(void **state)
{
	run_file("ecdsa_secp256r1_sha256_p1363_test.json");
}

static bool takes(const json_t *jwk, struct gh_slice token)
{
	const struct gh_jws_limits limits = { 65536, 8192 };
	struct gh_arena *arena = gh_arena_new(1 << 20);
	struct gh_key *key = NULL;
	struct gh_jws jws = { 0 };

	bool good = gh_key_from_jwk(jwk, &key) == GH_OK &&
	            gh_jws_parse(token, &limits, arena, &jws) == GH_OK &&
	            gh_jws_verify(&jws, key) == GH_OK;
	gh_jws_clear(&jws);
	gh_key_free(key);
	gh_arena_free(arena);
	return good;
}

/* Our three schemes; a key without alg counts by its kind. */
static bool is_our_key(const json_t *jwk)
{
	const char *alg = text_of(jwk, "alg"), *kty = text_of(jwk, "kty");

	if (!*alg)
		return strcmp(kty, "oct") != 0;
	return strcmp(alg, "RS256") == 0 || strcmp(alg, "ES256") == 0 || strcmp(alg, "EdDSA") == 0;
}

static const char *fault_of(int id)
{
	for (size_t i = 0; i < GH_ARRAY_LEN(faulty_jws); i++)
		if (faulty_jws[i].id == id)
			return faulty_jws[i].why;
	return NULL;
}

/* The token as text; a vector that is a JSON object is one in the JSON serialisation. */
static char *token_of(const json_t *test)
{
	const json_t *jws = json_object_get(test, "jws");

	return json_is_string(jws) ? strdup(json_string_value(jws)) : json_dumps(jws, JSON_COMPACT);
}

static void compact_jws_are_judged_as_labelled_and_other_schemes_refused(void **state)
{
	size_t i, j, as_labelled = 0, refused_scheme = 0, faulty = 0, ours_valid = 0;
	json_t *group, *test;
	json_t *data = shared_json(DIRECTORY "json_web_signature_test.json");

	if (!data)
		skip();
	json_array_foreach(json_object_get(data, "testGroups"), i, group)
	{
		const json_t *jwk = json_object_get(group, "public");
		if (!jwk)
			jwk = json_object_get(group, "private");
		json_array_foreach(json_object_get(group, "tests"), j, test)
		{
			char *text = token_of(test);
			int id = (int)json_integer_value(json_object_get(test, "tcId"));
			bool expected = strcmp(text_of(test, "result"), "valid") == 0;
			bool taken = takes(jwk, gh_slice_str(text));
			if (fault_of(id) || (expected && !is_our_key(jwk))) {
				if (taken)
					fail_msg("JWS %d is of a scheme that is not ours", id);
				faulty += fault_of(id) != NULL;
				refused_scheme += fault_of(id) == NULL;
			} else if (taken != expected) {
				fail_msg("JWS %d (%s) should be %s", id, text_of(test, "comment"),
				         text_of(test, "result"));
			} else {
				as_labelled++;
				ours_valid += expected;
			}
			free(text);
		}
	}
	print_message("JWS: %zu as labelled (%zu of them valid), %zu valid ones of other schemes "
	              "refused, %zu faulty vectors refused\n",
	              as_labelled, ours_valid, refused_scheme, faulty);
	assert_int_equal(as_labelled + refused_scheme + faulty, 401);
	assert_int_equal(faulty, GH_ARRAY_LEN(faulty_jws));
	assert_int_equal(ours_valid, 10);
	json_decref(data);
}

static void edge_cases_of_json_web_keys_are_judged_as_labelled(void **state)
{
	size_t i, j, as_labelled = 0, other = 0;
	json_t *group, *test;
	json_t *data = shared_json(DIRECTORY "json_web_key_test.json");

	if (!data)
		skip();
	json_array_foreach(json_object_get(data, "testGroups"), i, group)
	{
		const json_t *set = json_object_get(group, "public");
		if (!set)
			set = json_object_get(group, "private");
		const json_t *keys = json_object_get(set, "keys");
		/* The sets of several keys are all symmetric and tested as sets in the token room.
		 */
		const json_t *jwk = keys ? json_array_get(keys, 0) : set;
		json_array_foreach(json_object_get(group, "tests"), j, test)
		{
			char *text = token_of(test);
			int id = (int)json_integer_value(json_object_get(test, "tcId"));
			bool expected = strcmp(text_of(test, "result"), "valid") == 0;
			bool taken = takes(jwk, gh_slice_str(text));
			if (expected && !is_our_key(jwk)) {
				assert_false(taken);
				other++;
			} else if (taken != expected) {
				fail_msg("JWK %d (%s) should be %s", id, text_of(test, "comment"),
				         text_of(test, "result"));
			} else {
				as_labelled++;
			}
			free(text);
		}
	}
	print_message("JWK: %zu as labelled, %zu valid ones of other schemes refused\n",
	              as_labelled, other);
	assert_int_equal(as_labelled + other, 26);
	json_decref(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rsa_2048_signatures_are_judged_as_labelled),
		cmocka_unit_test(rsa_3072_signatures_are_judged_as_labelled),
		cmocka_unit_test(rsa_4096_signatures_are_judged_as_labelled),
		cmocka_unit_test(rsa_8192_signatures_are_judged_as_labelled),
		cmocka_unit_test(ed25519_signatures_are_judged_as_labelled),
		cmocka_unit_test(ecdsa_signatures_in_p1363_form_are_judged_as_labelled),
		cmocka_unit_test(compact_jws_are_judged_as_labelled_and_other_schemes_refused),
		cmocka_unit_test(edge_cases_of_json_web_keys_are_judged_as_labelled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
