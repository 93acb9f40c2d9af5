#include "pii_rig.h"

#include <openssl/evp.h>

/* Whether exactly [start, start + len) was found as `class`. */
static bool finds_at(const char *text, size_t text_len, enum gh_pii_class class, size_t start,
                     size_t len)
{
	struct gh_pii_matches matches = { 0 };
	bool found = false;

	assert_ok(gh_pii_scan(gh_slice(text, text_len), NULL, &matches));
	for (size_t i = 0; i < matches.count; i++) {
		const struct gh_pii_match *match = &matches.items[i];
		found = found || (match->class == class && match->start == start &&
		                  match->end == start + len && match->confidence >= 50);
	}
	gh_pii_matches_free(&matches);
	return found;
}

static bool finds(const char *text, enum gh_pii_class class, const char *value)
{
	return finds_at(text, strlen(text), class, (size_t)(strstr(text, value) - text),
	                strlen(value));
}

static void base64(const char *text, char *out)
{
	EVP_EncodeBlock((unsigned char *)out, (const unsigned char *)text, (int)strlen(text));
}

static void a_value_behind_one_level_of_encoding_is_found(void **state)
{
	/* "contact ada@example.com", "card 4111 1111 1111 1111", "my ssn is 536-90-4399" */
	assert_true(finds("x Y29udGFjdCBhZGFAZXhhbXBsZS5jb20= y", GH_PII_EMAIL,
	                  "Y29udGFjdCBhZGFAZXhhbXBsZS5jb20="));
	assert_true(finds("x Y29udGFjdCBhZGFAZXhhbXBsZS5jb20, y", GH_PII_EMAIL,
	                  "Y29udGFjdCBhZGFAZXhhbXBsZS5jb20"));
	assert_true(finds("636172642034313131203131313120313131312031313131", GH_PII_PAYMENT_CARD,
	                  "636172642034313131203131313120313131312031313131"));
	assert_true(finds("{\"blob\":\"bXkgc3NuIGlzIDUzNi05MC00Mzk5\"}", GH_PII_GOV_ID,
	                  "bXkgc3NuIGlzIDUzNi05MC00Mzk5"));
	/* base64url: "who? ada~lovelace@example.com >>" */
	assert_true(finds("?q=d2hvPyBhZGF-bG92ZWxhY2VAZXhhbXBsZS5jb20gPj4", GH_PII_EMAIL,
	                  "d2hvPyBhZGF-bG92ZWxhY2VAZXhhbXBsZS5jb20gPj4"));
	/* A path in front is not a part of it. */
	assert_true(finds("/v1/YWRhLmxvdmVsYWNlQGV4YW1wbGUuY29t", GH_PII_EMAIL,
	                  "YWRhLmxvdmVsYWNlQGV4YW1wbGUuY29t"));
}

static void percent_encoding_is_told_in_its_very_bytes(void **state)
{
	assert_true(finds("https://a.example/?m=ada%2Elovelace%40example.com&x=1", GH_PII_EMAIL,
	                  "ada%2Elovelace%40example.com"));
	assert_true(
	    finds("tel=%2B1%20415%20555%200132&z", GH_PII_PHONE, "%2B1%20415%20555%200132"));
	assert_true(finds("card=4111+1111+1111+1111&exp=12%2F29", GH_PII_PAYMENT_CARD,
	                  "4111+1111+1111+1111"));
	assert_false(finds("100%25ada%zzexample.com ada%40", GH_PII_EMAIL, "ada"));
}

static void only_one_level_is_decoded(void **state)
{
	char once[256], twice[512];
	struct gh_pii_matches matches = { 0 };

	base64("write to ada.lovelace@example.com please", once);
	base64(once, twice);
	assert_true(finds(once, GH_PII_EMAIL, once));
	assert_ok(gh_pii_scan(gh_slice_str(twice), NULL, &matches));
	assert_int_equal(matches.count, 0);
	gh_pii_matches_free(&matches);
}

/* A token that holds an address is a credential, and stays one. */
static void credentials_stay_what_they_are(void **state)
{
	static const char jwt[] = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
	                          "eyJzdWIiOiJhZGFAZXhhbXBsZS5jb20iLCJuYW1lIjoiQWRhIn0."
	                          "dGhpc2lzbm90YXJlYWxzaWduYXR1cmVhdGFsbDEyMw";
	struct gh_pii_matches matches = { 0 };

	assert_ok(gh_pii_scan(gh_slice_str(jwt), NULL, &matches));
	assert_int_equal(matches.count, 1);
	assert_int_equal(matches.items[0].class, GH_PII_CREDENTIAL);
	assert_int_equal(matches.items[0].end, strlen(jwt));
	gh_pii_matches_free(&matches);
	/* "user:ada@example.com" */
	assert_true(finds("Authorization: Basic dXNlcjphZGFAZXhhbXBsZS5jb20=", GH_PII_CREDENTIAL,
	                  "dXNlcjphZGFAZXhhbXBsZS5jb20="));
}

static void what_decodes_to_no_text_is_left_alone(void **state)
{
	static const char *const texts[] = {
		"9fceb02d0ae598e95dc970b74767f19372d61af8",
		"aVeryLongCamelCaseIdentifierThatMeansNothing",
		"/usr/share/applications/somewhere/else/entirely",
		"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk",
	};

	for (size_t i = 0; i < GH_ARRAY_LEN(texts); i++) {
		struct gh_pii_matches matches = { 0 };
		assert_ok(gh_pii_scan(gh_slice_str(texts[i]), NULL, &matches));
		assert_int_equal(matches.count, 0);
		gh_pii_matches_free(&matches);
	}
}

static void a_mebibyte_of_base64_is_looked_through(void **state)
{
	size_t size = 768 * 1024;
	char *plain = malloc(size + 1), *encoded = malloc(size / 3 * 4 + 1);

	memset(plain, 'x', size);
	for (size_t i = 0; i < size; i += 7)
		plain[i] = ' ';
	plain[size] = 0;
	memcpy(plain + size - 40, " write ada.lovelace@example.com ", 32);
	base64(plain, encoded);
	assert_true(finds_at(encoded, strlen(encoded), GH_PII_EMAIL, 0, strlen(encoded)));
	free(plain);
	free(encoded);
}

static void wrapped_lines_are_one_run(void **state)
{
	/* Lines of 64 as PEM has them: the address stands over the line end. */
	char once[512], wrapped[600];

	base64("A letter of some length: the address in it, ada.lovelace@example.com, is "
	       "what matters here.",
	       once);
	snprintf(wrapped, sizeof wrapped, "%.64s\r\n%s", once, once + 64);
	assert_true(finds(wrapped, GH_PII_EMAIL, wrapped));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_behind_one_level_of_encoding_is_found),
		cmocka_unit_test(percent_encoding_is_told_in_its_very_bytes),
		cmocka_unit_test(only_one_level_is_decoded),
		cmocka_unit_test(credentials_stay_what_they_are),
		cmocka_unit_test(what_decodes_to_no_text_is_left_alone),
		cmocka_unit_test(a_mebibyte_of_base64_is_looked_through),
		cmocka_unit_test(wrapped_lines_are_one_run),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
