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

static void at_least_150_vendors_are_told_by_the_form_of_their_keys(void **state)
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
	assert_true(vendors >= 150);
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
		{ "curl -U ada:h0rse9bat example.com", "h0rse9bat" },
		{ "The password is: h0rse9bat", "h0rse9bat" },
		{ "the pw for the server is h0rse9bat", "h0rse9bat" },
		{ "**Password:** h0rse9bat", "h0rse9bat" },
		{ "| password | h0rse9BAT4k |", "h0rse9BAT4k" },
		{ "&quot;password&quot;: &quot;h0rse9bat&quot;", "h0rse9bat" },
		{ "let passwd: &str = \"h0rse9bat\";", "h0rse9bat" },
		{ "password?: string = \"h0rse9bat\"", "h0rse9bat" },
		{ "db.setPassword(\"h0rse9bat\")", "h0rse9bat" },
		{ "keytool -storepass h0rse9bat -list", "h0rse9bat" },
		{ "secretKey -> cdfc8e1490eaa279f97fffd559d55333",
		  "cdfc8e1490eaa279f97fffd559d55333" },
		{ "npm auth: \"0V2G1qOU8N66xLOkAC9FaEdewXqhQ3z\"",
		  "0V2G1qOU8N66xLOkAC9FaEdewXqhQ3z" },
		{ "git clone https://9fk2LmQ8zTx4Pq7Rw3YdAb5C@example.com/x",
		  "9fk2LmQ8zTx4Pq7Rw3YdAb5C" },
		{ "암호키=0c27610b9d58a581ac8cced55f70ecf0", "0c27610b9d58a581ac8cced55f70ecf0" },
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
		"key = OptionKey(name)",
		"pass: PassInfoMixin",
		"key_type == EVP_PKEY_ED25519",
		"initdb --auth=scram-sha-256",
		"https://ada-lovelace-of-london@example.com/",
		"the token for the parser is described below",
		"| password | required |",
		"author: WilliamShakespeare1564",
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

/* Made up, each by the form that its vendor gives its keys. */
static const char *const checked_keys[] = {
	"p8e-iwizw6k6f0w7d3vrzyisto6itlei9ie7",
	"AVNS_89Dr7MmpHZveyqXJ9yF",
	"akab-ik5l1j32btcf84a5-0ikrlge1bf6pkexa",
	"pk_30923280_GAPCZGM7TI46IS0GCNPHRQ2W1Y0V1T12",
	"4b1dN7S8uxEU2aXdu1a3jcgZotsCI2Q75TA9M4lElF",
	"ak_ag2br3nXxyUL6c5ag8uP",
	"uak_yAGWQPwP1zW09pTxKbLE",
	"cioBJVhNkraQsD6mD8sCDrnPD0pBg22wzpR",
	"sl.M71BfAwLxALm0fffJk3LLwjPfgDJNGZf0j8yKzB4XslcVgWWbFdyi-31LDZR7jCzhqQ"
	"l8nsQsqmdEMGH-FBRxzNTpv4JDxYk10giF-zq3d_nO7RMxo0UukatRFawmIROhifNMJa",
	"dt0i61.6K057AESPLBXZ2255GMQIT3E.XGBRAJJGFAPEN4S376CC29TML56KYI8D3Q4G2X"
	"BCTIOGAWTXAJ7N9UILIWPO7NIA",
	"MIICXQIBAAKBgQATn7T29B0jqb2hJfNs0n/wWD0pZyZxvF+ghO6fzee+wvm/j00KZR4Vpp"
	"rcChAR+f9EGSkFnMEGiOSSB7vJVRrf89OjOmCC8GFK+T6CaDwN3BGdSEl/2yfo3T99AiXc"
	"2j8RN3FkajWtXnIm1HWM",
	"MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDqTj4ElmQNDyg+Hxlz6C"
	"693IHLkZWy7NItZGAsCuMoen7GJ/F1Pxj3pXLlHjEEd13wRXVOPmqG9kkd9BdxIeO35ov2"
	"YQBK4evQrmoC52S7h9nv",
	"endr+eGEv4Ifwc2F7f_N9",
	"EAADz6tT6wsC6RvXPLN26pLi1B6S6EabI2waXoBar6chqaHKOGEdYal1S6v1HSZPJUDZAl"
	"m9sirvF3Hc2wQcFazVX4tSjYd7jjB3y3nHBwPLVR0guTrhJup45H9FVKPTB9",
	"fw_z53BWyEgSmQpyKwu2jhcD3hC",
	"glagent-uR9m_VY2o4Js5PFUyqsS",
	"glptt-b7fd216d63d17418e52d2d058b3abc4aa0df28d2",
	"gloas-v6kDtrxipKu0MYcG5Jq7",
	"glrt-t1_fuYkkVyi_Apw7JBzOsJu",
	"pat.ScaKyA2K0BNiWHvLmaFsXw.b8102453678ef5b9daef9436.1YCpqAxFvhZpnYyXPW"
	"xt",
	"sat.YfihtqAsv9ur9dPnxyYneR.41a7a8068bc162492eb10cf7.s62tAZ8n3X5yRWz61x"
	"JO",
	"ico-sErWzgsfiD0ThttfIrGJMdLhnKrDylng",
	"sdk-9313aa81-f675-e694-3044-eccb50d2e3f7",
	"api-bd2d00c8-addd-4d99-ad86-0fc3e98646b8",
	"key-6v8kzu2lpo9k7twbo7mgqurcqiguwfhg",
	"API-ORSD2ORG0T28JL88OZCZRJ1B1S",
	"sk-admin-RlqP5dT0Hyfox9k7mf310YkvlyhZv6FELGmYb_VC-O5eyOJOB4NGG_TjiHT3B"
	"lbkFJK1ri5MxTtg84lOKZA632vbrhYTke6KxP8r9DWvbOH3LnpyKmkPTKLi-pOi",
	"sha256~9N3bos_b0vm2tSHeo3CFtI6n34mPFIZUF5MWd3nhq4Y",
	"access-development-49f92939-4239-9d28-ee4a-2a33048f11ce",
	"RGAPI-2860e835-e25d-5100-a0b0-c77008eb5ca1",
	"3MVG9EjQotzrsA4jOx9XS6I58ybfESLpU8kFvYnzri2hIeyiHQa4cTXPyN34yHOArkwhPm"
	"sE3sQ9EhVxG8Bo9",
	"tk-us-mL0hN04_hso_R1pUsPq_4ZiQhiO7X4sLGEXDqZwhLkfhRG4T",
	"sgp_f102993e52c4dadb_d96776b3579435565a6567476badbc9c64ee27fb",
	"pa-vnYdRrxHnJgkkmafX8OrwXedqHWBfrqd_vVREko_YVG",
	"waka_7730351e-8cf5-7b3c-4f3c-95188e24e5de",
	"AQVNnLhZQrkyxFPTzxw-4KihXxXkgljFDEFCTz06",
	"csk-7yj3m89bpu1uuk6jd1pqw4k1bjafvozuoibyiueip3vc7ssu",
	"CAfcc7f1ccf21fba0ad497503cf4672909",
	"PNd8ab1e739a8c1e76d5337ce08fbbbd14",
	"rRyv6hpue2UAAAAAAAAAAWtG2wIH6bVT3kpCrzlI8OlCQhKmuhPPdLAIVNS0Hfas",
	"49Y8Q~WyLmN_Gx4a3CjWqaQ0yk.NF2c5LnTe3T9t",
	"FO4WIfj1iiwLjmXVUa5MvevVl2uRj6gqBlMrXqBtjtguAp6U8cIJJQQJ99KLbyAAaqQHwz"
	"F5GmpZnTHeEEhf",
	"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",
	"discord.com/api/webhooks/426683832803856979/5D6yuaCYkouv-PFRUZmyMyRxHT"
	"aZKJ9kYkX9fsh7mW6sTD49m3ZPEORkFETzaFahITbU",
	"ATCTT3xFfGN0B0CKaj-owOuSBjA34tRRNgmWLUq5qqS19FxuPeiOA85JEBBR-ZdfhlTP1o"
	"SJH9rCAnMZIWKdRAR0s3QHaQaupY51nEkH0x0C277wteZzb7Cyv3C9JRT4v5ra0lqeXHMl"
	"PfEehFTq6Crh1Bw-fBpGi7_ZNYNyU-BZ_dgLO0EvsQ7=DD865936",
	"hvr.KcFO7dHH1aGker7ranboTsdiFf2Cm6rR7Pn_vWC0mMkHBaH--CEpyIJ2uWs8REIXNr"
	"dUx7vN0pjRN5_kTE_-AI11Ni",
	"SWMKEY-1-yDgW7PL27WhHIydvgIsYnXrQnFK7AaDYIKhw6yVPsAY",
	"k4.secret-pw.luS8ubfzpLdjUACyNW3_yQ_lqRq6CAJygnMCBH-Gh_xqst9qHklADop25"
	"ODJRk6kZQ89qt",
	"v3.public.ddYqS_xS8bXwhEzde30Fk8pYI8O-ilIKurJQNti1L1UxgM1ou-zb2IQ-59Oo"
	"LvtPLmQBm1k5Btirr82-VYSuaEcu8yOmCzgKFxne6LLQQxKwBs5lTnr0nPHG",
	"NRJS-ci06o5t36t8hfcs5yv6",
	"pat-na2-fe5dc94f-a78e-5fa0-39c7-7d2f50540a7e",
	"SCW1YVKXJ22ZAVA49SQ6",
};

static void keys_that_keep_more_than_an_alphabet_are_found(void **state)
{
	int failed = 0;

	for (size_t i = 0; i < GH_ARRAY_LEN(checked_keys); i++) {
		char text[1200];
		snprintf(text, sizeof text, "see %s here", checked_keys[i]);
		if (!finds(text, checked_keys[i])) {
			print_error("not found: %s\n", text);
			failed++;
		}
	}
	assert_int_equal(failed, 0);
}

static void what_only_begins_like_a_key_is_none(void **state)
{
	static const char *const texts[] = {
		"ck_assert_that_the_list_is_empty_and_sorted_again(list)",
		"pat-na1-the-quick-brown-fox-jumps-over-a-lazy-dog",
		"sdk-12345678-build-2024-release-candidate-4-x",
		"cioAbstractFactoryBeanProviderImplxx",
		"key-value-store-benchmark-results-of-2024",
		"api-gateway-health-check-endpoint-of-region-1",
		/* a certificate and a public key, not a private one */
		"MIIDXTCCAkWgAwIBAgIJAKl3qR8vX2mPMA0GCSqGSIb3DQEBCwUAMEUxCzAJBgNVBAYTAkFV",
		"MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAu1SU1LfVLPHCozMxH2Mo4lgOEePz",
		"https://discord.com/api/webhooks/148392840000482200/"
		"these-are-only-words-that-somebody-wrote-to-show-where-the-secret-would-be",
		"EAAwhatAFineBookThisIsItGoesOnAndOnWithoutEndAndNobodyEverReadsItToTheLastLetterOf"
		"It1",
		"sl.the-name-of-a-host-that-is-very-long-but-still-a-name.and-so-on.and-on.example."
		"com",
		"CAfe0123456789abcdef0123456789abcdef",
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
		cmocka_unit_test(at_least_150_vendors_are_told_by_the_form_of_their_keys),
		cmocka_unit_test(a_secret_is_found_by_its_place),
		cmocka_unit_test(placeholders_and_code_are_no_secrets),
		cmocka_unit_test(keys_that_keep_more_than_an_alphabet_are_found),
		cmocka_unit_test(what_only_begins_like_a_key_is_none),
		cmocka_unit_test(what_a_vendor_promises_is_checked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
