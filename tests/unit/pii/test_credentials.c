#include "pii_rig.h"

#include "pii/detect.h"
#include "pii/vendors.h"

/* Whether `value` was found as a credential, and by nothing else. */
static bool finds(const char *text, const char *value)
{
	struct gh_pii_matches matches = { 0 };
	bool found = false;

	assert_ok(gh_pii_scan(gh_slice_str(text), NULL, &matches));
	for (size_t i = 0; i < matches.count; i++) {
		const struct gh_pii_match *match = &matches.items[i];
		found = found || (match->class == GH_PII_CREDENTIAL && match->confidence >= 50 &&
		                  match->end - match->start == strlen(value) &&
		                  memcmp(text + match->start, value, strlen(value)) == 0);
	}
	gh_pii_matches_free(&matches);
	return found;
}

static bool finds_any(const char *text)
{
	struct gh_pii_matches matches = { 0 };
	bool found = false;

	assert_ok(gh_pii_scan(gh_slice_str(text), NULL, &matches));
	for (size_t i = 0; i < matches.count; i++)
		found = found || (matches.items[i].class == GH_PII_CREDENTIAL &&
		                  matches.items[i].confidence >= 50);
	gh_pii_matches_free(&matches);
	return found;
}

/* The prefix and `len` characters of the row's alphabet that no generator would repeat. */
static void make_key(const struct gh_pii_vendor *vendor, size_t len, unsigned seed, char *out)
{
	static const char pool[] = "b7Kq2fWz9dR4mXc8tLp5Yg3hNs6vJ1eA";
	size_t at = strlen(vendor->prefix);

	memcpy(out, vendor->prefix, at);
	for (size_t i = 0; i < len;) {
		seed = seed * 1103515245u + 12345u;
		char c = pool[seed >> 16 & 31];
		if (vendor->alphabet == HEX)
			c = "0123456789abcdef"[seed >> 16 & 15];
		if (vendor->alphabet == UPPER)
			c = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[seed >> 16 & 31];
		out[at + i++] = c;
	}
	out[at + len] = 0;
}

static void at_least_sixty_vendors_are_told_by_the_form_of_their_keys(void **state)
{
	size_t vendors = 0, failed = 0;

	for (size_t i = 0; i < gh_pii_vendor_count; i++) {
		const struct gh_pii_vendor *vendor = &gh_pii_vendors[i];
		size_t name = strcspn(vendor->kind, "-");
		bool is_new = true;
		for (size_t j = 0; j < i; j++)
			is_new =
			    is_new && !(strcspn(gh_pii_vendors[j].kind, "-") == name &&
			                memcmp(gh_pii_vendors[j].kind, vendor->kind, name) == 0);
		vendors += is_new;
		/* A check of its own is tested with a key of its own, below. */
		if (vendor->check || vendor->confidence < 55)
			continue;
		char key[2048], text[2100], cut[2100];
		bool found = false;
		for (unsigned seed = 1; seed < 4 && !found; seed++) {
			make_key(vendor, vendor->least, seed, key);
			snprintf(text, sizeof text, "see %s here", key);
			found = finds(text, key);
		}
		if (!found) {
			print_error("not found: %s\n", text);
			failed++;
		}
		/* One character short is another thing, unless another row takes it. */
		make_key(vendor, vendor->least, 1, key);
		snprintf(cut, sizeof cut, "see %.*s here", (int)strlen(key) - 1, key);
		if (strlen(vendor->prefix) > 4 && vendor->least == vendor->most &&
		    finds(cut, key)) {
			print_error("found though cut: %s\n", cut);
			failed++;
		}
	}
	assert_int_equal(failed, 0);
	assert_true(vendors >= 60);
	struct gh_pii_prefixes prefixes;
	gh_pii_prefixes_make(&prefixes);
	assert_true(prefixes.count <= GH_PII_PREFIX_NODES);
}

static void a_secret_is_found_by_its_place(void **state)
{
	static const struct {
		const char *text, *value;
	} cases[] = {
		{ "password=Tr0ub4dor&3", "Tr0ub4dor&3" },
		{ "DB_PASSWORD: \"c0rrect-h0rse\"", "c0rrect-h0rse" },
		{ "<password>s3cretPw9</password>", "s3cretPw9" },
		{ "<add key=\"ApiSecret\" value=\"9fk2LmQ8zTx4\" />", "9fk2LmQ8zTx4" },
		{ "- name: DB_PASSWORD\n  value: h0rse9battery\n", "h0rse9battery" },
		{ "{\"key\": \"api_token\", \"value\": \"QMEFk2TZGlkGcOkG9UwV1\"}",
		  "QMEFk2TZGlkGcOkG9UwV1" },
		{ "machine db.example.com login ada password h0rse9bat\n", "h0rse9bat" },
		{ "root:h0rse9bat@tcp(db:3306)/shop", "h0rse9bat" },
		{ "mongodb+srv://ada:h0rse9bat@c0.example.net/x", "h0rse9bat" },
		{ "redis://:h0rse9bat@cache:6379", "h0rse9bat" },
		{ "Server=db;User Id=sa;Password=h0rse9Bat!;", "h0rse9Bat!" },
		{ "Authorization: Bearer 9fk2LmQ8zTx4Pq7Rw3Yd", "9fk2LmQ8zTx4Pq7Rw3Yd" },
		{ "Authorization: NTLM TlRMTVNTUAABABoITVNIAAZI1AQBuOh4cSAQ8B1A=",
		  "TlRMTVNTUAABABoITVNIAAZI1AQBuOh4cSAQ8B1A=" },
		{ "pw = os.getenv(\"DB_PW\", \"h0rse9bat\")", "h0rse9bat" },
		{ "密码：h0rse9bat", "h0rse9bat" },
		{ "пароль: h0rse9bat", "h0rse9bat" },
		{ "ada@example.com:h0rse9bat!", "h0rse9bat!" },
		{ "login ada@example.com / W!nter2024.", "W!nter2024" },
		{ "SECRET KEY:AIhq5Xyb1Gga9Q3", "AIhq5Xyb1Gga9Q3" },
		{ "ConvertTo-SecureString -AsPlainText -Force \"h0rse9Bat!\"", "h0rse9Bat!" },
		{ "sshpass -p h0rse9bat ssh ada@db", "h0rse9bat" },
		{ "ALTER USER ada IDENTIFIED BY 'h0rse9bat'", "h0rse9bat" },
		/* the secret beside a public id */
		{ "f.write(LTAIwRQQQIlUKh25, AIu0vKQhkLAmcfDiTmCyCvfgKKXNLT)",
		  "AIu0vKQhkLAmcfDiTmCyCvfgKKXNLT" },
		{ "AKIAQWADE5R42RDZ4JEM\nwJalrXUtnF3Mi7K7MDENGbPxRf9CY2zKEY3q9T0a\n",
		  "wJalrXUtnF3Mi7K7MDENGbPxRf9CY2zKEY3q9T0a" },
		/* "123456789012:" and 20 bytes */
		{ "PAT MTIzNDU2Nzg5MDEyOmZ1cVpLYmdoWUp0aGVuYXJrYWJj end",
		  "MTIzNDU2Nzg5MDEyOmZ1cVpLYmdoWUp0aGVuYXJrYWJj" },
		{ "curl -u ada:h0rse9bat https://example.com", "h0rse9bat" },
	};

	int failed = 0;
	for (size_t i = 0; i < GH_ARRAY_LEN(cases); i++)
		if (!finds(cases[i].text, cases[i].value)) {
			print_error("not found: %s\n", cases[i].text);
			failed++;
		}
	assert_int_equal(failed, 0);
}

static void placeholders_and_code_are_no_secrets(void **state)
{
	static const char *const texts[] = {
		"password=${DB_PASSWORD}",
		"password: <your-password>",
		"password = {{ vault.password }}",
		"api_key=YOUR_API_KEY",
		"token: xxxxxxxxxxxxxxxxxxxx",
		"password = os.environ[\"PASSWORD\"]",
		"const token = getToken(user)",
		"the password must be changed every 90 days",
		"monkey: SheCoolHuh9",
		"curl https://ada@example.com:465",
		"see ada@example.com / bob@example.com",
		"-----BEGIN PRIVATE KEY----- is how it begins",
		"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ.eyJzdWIiOiIxMjM0NTY3ODkwIn0.SflKxwRJS",
		"ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
	};

	for (size_t i = 0; i < GH_ARRAY_LEN(texts); i++)
		if (finds_any(texts[i]))
			fail_msg("found in: %s", texts[i]);
}

/* The check digits of BIP 173 and of GitHub's CRC. */
static void what_a_vendor_promises_is_checked(void **state)
{
	assert_true(finds_any("AGE-SECRET-KEY-1KZYHJJGJ5DEC3RXGPEUA97WG99HU4Z3Z9ZK69GHAFZWJ08SFVF0Q"
	                      "Z3WFSS"));
	assert_false(finds_any("AGE-SECRET-KEY-1KZYHJJGJ5DEC3RXGPEUA97WG99HU4Z3Z9ZK69GHAFZWJ08SFVF0"
	                       "QZ3WFSX"));
	assert_true(gh_pii_crc_fits(GH_SLICE("0000000000000000000000000000002C8GjS")));
	assert_false(gh_pii_crc_fits(GH_SLICE("0000000000000000000000000000002C8GjT")));
	assert_false(finds_any("GR1348941PREfix_helloworld380_testin_pretty_long_token_long_"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_least_sixty_vendors_are_told_by_the_form_of_their_keys),
		cmocka_unit_test(a_secret_is_found_by_its_place),
		cmocka_unit_test(placeholders_and_code_are_no_secrets),
		cmocka_unit_test(what_a_vendor_promises_is_checked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
