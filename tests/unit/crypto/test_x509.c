#include "../gh_test.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/clock.h"
#include "crypto/x509.h"

struct pair {
	struct gh_key *ca_key, *server_key;
	struct gh_buf ca, server;
};

static void make(struct pair *pair, const char *const *names, size_t count, unsigned days)
{
	const struct gh_x509_names wanted = { names, count };

	*pair = (struct pair){ 0 };
	assert_ok(gh_key_generate(GH_KEY_P256, &pair->ca_key));
	assert_ok(gh_key_generate(GH_KEY_P256, &pair->server_key));
	assert_ok(gh_x509_make_ca(pair->ca_key, "Test CA", gh_clock_unix_s(), 3650, &pair->ca));
	assert_ok(gh_x509_make_server(pair->ca_key, gh_buf_slice(&pair->ca), pair->server_key,
	                              &wanted, gh_clock_unix_s(), days, &pair->server));
}

static void drop(struct pair *pair)
{
	gh_key_free(pair->ca_key);
	gh_key_free(pair->server_key);
	gh_buf_free(&pair->ca);
	gh_buf_free(&pair->server);
}

static X509 *read(const struct gh_buf *pem)
{
	BIO *bio = BIO_new_mem_buf(pem->data, (int)pem->len);
	X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);

	assert_non_null(certificate);
	BIO_free(bio);
	return certificate;
}

/* OpenSSL's strictest reading of RFC 5280, for TLS servers, with a name. */
static int verify(const struct pair *pair, const char *host, const char *address)
{
	X509 *ca = read(&pair->ca), *server = read(&pair->server);
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *context = X509_STORE_CTX_new();

	X509_STORE_add_cert(store, ca);
	X509_STORE_CTX_init(context, store, server, NULL);
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(context);
	X509_VERIFY_PARAM_set_flags(param,
	                            X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE);
	X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER);
	if (host)
		X509_VERIFY_PARAM_set1_host(param, host, 0);
	if (address)
		X509_VERIFY_PARAM_set1_ip_asc(param, address);
	X509_verify_cert(context);
	int error = X509_STORE_CTX_get_error(context);
	X509_STORE_CTX_free(context);
	X509_STORE_free(store);
	X509_free(ca);
	X509_free(server);
	return error;
}

static void the_chain_verifies_strictly_for_its_names_only(void **state)
{
	static const char *const names[] = { "gate.example", "192.0.2.7" };
	struct pair pair;

	make(&pair, names, 2, 90);
	assert_int_equal(verify(&pair, "localhost", NULL), X509_V_OK);
	assert_int_equal(verify(&pair, "gate.example", NULL), X509_V_OK);
	assert_int_equal(verify(&pair, NULL, "127.0.0.1"), X509_V_OK);
	assert_int_equal(verify(&pair, NULL, "::1"), X509_V_OK);
	assert_int_equal(verify(&pair, NULL, "192.0.2.7"), X509_V_OK);
	assert_int_equal(verify(&pair, "other.example", NULL), X509_V_ERR_HOSTNAME_MISMATCH);
	assert_int_equal(verify(&pair, NULL, "192.0.2.8"), X509_V_ERR_IP_ADDRESS_MISMATCH);
	assert_ok(gh_x509_has_name(gh_buf_slice(&pair.server), "gate.example"));
	assert_ok(gh_x509_has_name(gh_buf_slice(&pair.server), "::1"));
	assert_code(gh_x509_has_name(gh_buf_slice(&pair.server), "gate.example.org"),
	            GH_E_NOT_FOUND);
	assert_code(gh_x509_has_name(gh_buf_slice(&pair.server), "192.0.2.8"), GH_E_NOT_FOUND);
	drop(&pair);
}

static void the_extensions_say_what_each_certificate_is_for(void **state)
{
	struct pair pair;

	make(&pair, NULL, 0, 90);
	X509 *ca = read(&pair.ca), *server = read(&pair.server);
	assert_true(X509_check_ca(ca) == 1);
	assert_int_equal(X509_get_pathlen(ca), 0);
	assert_int_equal(X509_get_key_usage(ca), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
	assert_int_equal(X509_check_ca(server), 0);
	assert_int_equal(X509_get_key_usage(server), KU_DIGITAL_SIGNATURE);
	assert_int_equal(X509_get_extended_key_usage(server), XKU_SSL_SERVER);
	assert_non_null(X509_get0_subject_key_id(server));
	assert_int_equal(
	    ASN1_OCTET_STRING_cmp(X509_get0_authority_key_id(server), X509_get0_subject_key_id(ca)),
	    0);
	X509_free(ca);
	X509_free(server);
	drop(&pair);
}

static void validity_and_key_can_be_read_back(void **state)
{
	int64_t until_s, now_s = gh_clock_unix_s();
	struct pair pair;
	struct gh_key *public = NULL;

	make(&pair, NULL, 0, 90);
	assert_ok(gh_x509_not_after(gh_buf_slice(&pair.server), &until_s));
	assert_in_range(until_s, now_s + 90 * 86400 - 7300, now_s + 90 * 86400);
	assert_ok(gh_x509_matches_key(gh_buf_slice(&pair.server), pair.server_key));
	assert_code(gh_x509_matches_key(gh_buf_slice(&pair.server), pair.ca_key), GH_E_CORRUPT);
	assert_ok(gh_x509_public_key(gh_buf_slice(&pair.server), &public));
	assert_false(gh_key_is_private(public));
	gh_key_free(public);
	drop(&pair);
}

static void long_lives_and_names_that_are_none_are_refused(void **state)
{
	static const char *const bad[] = { "",        "a b",        "-a.example", "a-.example",
		                           "a..b",    "*.",         "a.*.b",      "exa mple",
		                           "a_b.org", "DNS:x,IP:y", ".a",         "a\n" };
	struct pair pair;
	struct gh_buf out = { 0 };
	const struct gh_x509_names none = { NULL, 0 };

	make(&pair, NULL, 0, 825);
	for (size_t i = 0; i < GH_ARRAY_LEN(bad); i++) {
		const struct gh_x509_names names = { &bad[i], 1 };
		assert_code(gh_x509_make_server(pair.ca_key, gh_buf_slice(&pair.ca),
		                                pair.server_key, &names, 1700000000, 90, &out),
		            GH_E_ARGUMENT);
	}
	assert_code(gh_x509_make_server(pair.ca_key, gh_buf_slice(&pair.ca), pair.server_key, &none,
	                                1700000000, 826, &out),
	            GH_E_ARGUMENT);
	assert_code(gh_x509_make_server(pair.server_key, gh_buf_slice(&pair.ca), pair.server_key,
	                                &none, 1700000000, 90, &out),
	            GH_E_ARGUMENT);
	gh_buf_free(&out);
	drop(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_chain_verifies_strictly_for_its_names_only),
		cmocka_unit_test(the_extensions_say_what_each_certificate_is_for),
		cmocka_unit_test(validity_and_key_can_be_read_back),
		cmocka_unit_test(long_lives_and_names_that_are_none_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
