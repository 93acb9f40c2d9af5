/* Certificates are built extension by extension, with nothing from a configuration file: what a
 * certificate of ours says can be read here. */
#include "crypto/x509.h"

#include <ctype.h>
#include <string.h>

#include <arpa/inet.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "crypto/hash.h"

#define NAMES_MAX    32
#define DNS_NAME_MAX 253
#define BACKDATE_S   3600
#define DAY_S        86400
#define SERIAL_BYTES 16

static void free_x509(X509 **certificate)
{
	X509_free(*certificate);
}

static void free_bio(BIO **bio)
{
	BIO_free(*bio);
}

static void free_names(GENERAL_NAMES **names)
{
	GENERAL_NAMES_free(*names);
}

static void free_bn(BIGNUM **number)
{
	BN_free(*number);
}

GH_DEFINE_CLEANUP(X509_EXTENSION *, X509_EXTENSION_free)

static gh_result read_certificate(struct gh_slice pem, X509 **out)
{
	GH_ENSURE(pem.len > 0 && pem.len <= 65536, GH_E_FORMAT, "not a certificate");
	GH_CLEANUP(free_bio) BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
	GH_ENSURE(bio, GH_E_MEMORY, "out of memory");
	*out = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	GH_ENSURE(*out, GH_E_FORMAT, "not a PEM certificate");
	return GH_OK;
}

static bool set_serial(X509 *certificate)
{
	uint8_t raw[SERIAL_BYTES];

	/* RFC 5280 section 4.1.2.2: positive, at most 20 octets; random, so that it never repeats.
	 */
	gh_random(raw, sizeof raw);
	raw[0] = (uint8_t)((raw[0] & 0x7f) | 0x40);
	GH_CLEANUP(free_bn) BIGNUM *number = BN_bin2bn(raw, sizeof raw, NULL);
	return number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
}

static bool set_name(X509_NAME *name, const char *common_name)
{
	return X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8,
	                                  (const unsigned char *)"Gatehouse", -1, -1, 0) == 1 &&
	       X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
	                                  (const unsigned char *)common_name, -1, -1, 0) == 1;
}

/* One extension in the words of x509v3_config(5). */
static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	GH_CLEANUP(X509_EXTENSION_free_ptr)
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	return extension && X509_add_ext(certificate, extension, -1) == 1;
}

/* Version 3, serial, validity and subject's key: what both certificates share. */
static bool begin(X509 *certificate, const struct gh_key *key, int64_t now_s, unsigned days)
{
	time_t from = (time_t)(now_s - BACKDATE_S), until = (time_t)(now_s + (int64_t)days * DAY_S);

	return X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
	       ASN1_TIME_set(X509_getm_notBefore(certificate), from) &&
	       ASN1_TIME_set(X509_getm_notAfter(certificate), until - BACKDATE_S) &&
	       X509_set_pubkey(certificate, gh_key_pkey(key)) == 1;
}

static gh_result finish(X509 *certificate, const struct gh_key *ca_key, struct gh_buf *pem)
{
	char *text = NULL;

	GH_ENSURE(X509_sign(certificate, gh_key_pkey(ca_key), EVP_sha256()) > 0, GH_E_CRYPTO,
	          "OpenSSL could not sign a certificate");
	GH_CLEANUP(free_bio) BIO *bio = BIO_new(BIO_s_mem());
	GH_ENSURE(bio && PEM_write_bio_X509(bio, certificate) == 1, GH_E_MEMORY, "out of memory");
	long len = BIO_get_mem_data(bio, &text);
	gh_buf_add(pem, text, (size_t)len);
	return gh_buf_check(pem);
}

gh_result gh_x509_make_ca(const struct gh_key *ca_key, const char *common_name, int64_t now_s,
                          unsigned days, struct gh_buf *pem)
{
	GH_ENSURE(gh_key_is_private(ca_key) && gh_key_type(ca_key) == GH_KEY_P256, GH_E_ARGUMENT,
	          "a CA has a private P-256 key");
	GH_ENSURE(days > 0 && days <= 36500, GH_E_ARGUMENT, "a CA lives 1 to 36500 days");
	GH_CLEANUP(free_x509) X509 *ca = X509_new();
	GH_ENSURE(ca, GH_E_MEMORY, "out of memory");
	GH_ENSURE(begin(ca, ca_key, now_s, days) &&
	              set_name(X509_get_subject_name(ca), common_name) &&
	              X509_set_issuer_name(ca, X509_get_subject_name(ca)) == 1 &&
	              add_extension(ca, ca, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
	              add_extension(ca, ca, NID_key_usage, "critical,keyCertSign,cRLSign") &&
	              add_extension(ca, ca, NID_subject_key_identifier, "hash") &&
	              add_extension(ca, ca, NID_authority_key_identifier, "keyid:always"),
	          GH_E_CRYPTO, "OpenSSL could not build a CA certificate");
	return finish(ca, ca_key, pem);
}

/* Letters, digits and inner hyphens in labels of at most 63 (RFC 1123 section 2.1); a wildcard only
 * as the whole first label of three or more. */
static bool is_dns_name(const char *name)
{
	size_t len = strlen(name), label = 0, labels = 1;
	bool wildcard = strncmp(name, "*.", 2) == 0;

	if (len == 0 || len > DNS_NAME_MAX)
		return false;
	for (size_t i = wildcard ? 2 : 0; i < len; i++) {
		char c = name[i];
		if (c == '.') {
			if (label == 0 || name[i - 1] == '-')
				return false;
			label = 0;
			labels++;
		} else if (!isalnum((unsigned char)c) && (c != '-' || label == 0)) {
			return false;
		} else if (++label > 63) {
			return false;
		}
	}
	return label > 0 && name[len - 1] != '-' && (!wildcard || labels >= 2);
}

static bool push_name(GENERAL_NAMES *names, const char *name)
{
	uint8_t address[16];
	int address_len = inet_pton(AF_INET, name, address) == 1    ? 4
	                  : inet_pton(AF_INET6, name, address) == 1 ? 16
	                                                            : 0;
	GENERAL_NAME *one = GENERAL_NAME_new();
	ASN1_STRING *value = address_len ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();

	if (!one || !value ||
	    ASN1_STRING_set(value, address_len ? (const void *)address : name,
	                    address_len ? address_len : -1) != 1) {
		GENERAL_NAME_free(one);
		ASN1_STRING_free(value);
		return false;
	}
	GENERAL_NAME_set0_value(one, address_len ? GEN_IPADD : GEN_DNS, value);
	if (sk_GENERAL_NAME_push(names, one) <= 0) {
		GENERAL_NAME_free(one);
		return false;
	}
	return true;
}

static gh_result add_subject_names(X509 *certificate, const struct gh_x509_names *wanted)
{
	static const char *const always[] = { "localhost", "127.0.0.1", "::1" };
	GH_CLEANUP(free_names) GENERAL_NAMES *names = GENERAL_NAMES_new();
	uint8_t address[16];

	GH_ENSURE(names, GH_E_MEMORY, "out of memory");
	GH_ENSURE(wanted->count <= NAMES_MAX, GH_E_ARGUMENT, "a certificate has at most %d names",
	          NAMES_MAX);
	for (size_t i = 0; i < GH_ARRAY_LEN(always); i++)
		GH_ENSURE(push_name(names, always[i]), GH_E_MEMORY, "out of memory");
	for (size_t i = 0; i < wanted->count; i++) {
		const char *name = wanted->names[i];
		GH_ENSURE(inet_pton(AF_INET, name, address) == 1 ||
		              inet_pton(AF_INET6, name, address) == 1 || is_dns_name(name),
		          GH_E_ARGUMENT, "\"%.64s\" is neither a DNS name nor an address", name);
		GH_ENSURE(push_name(names, name), GH_E_MEMORY, "out of memory");
	}
	GH_ENSURE(
	    X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) == 1,
	    GH_E_CRYPTO, "OpenSSL refused the names of a certificate");
	return GH_OK;
}

gh_result gh_x509_make_server(const struct gh_key *ca_key, struct gh_slice ca_pem,
                              const struct gh_key *server_key, const struct gh_x509_names *names,
                              int64_t now_s, unsigned days, struct gh_buf *pem)
{
	GH_CLEANUP(free_x509) X509 *ca = NULL;
	GH_CLEANUP(free_x509) X509 *server = X509_new();

	GH_ENSURE(server, GH_E_MEMORY, "out of memory");
	GH_ENSURE(days > 0 && days <= GH_X509_SERVER_MAX_DAYS, GH_E_ARGUMENT,
	          "a server certificate lives 1 to %d days", GH_X509_SERVER_MAX_DAYS);
	GH_TRY(read_certificate(ca_pem, &ca));
	GH_ENSURE(X509_check_private_key(ca, gh_key_pkey(ca_key)) == 1, GH_E_ARGUMENT,
	          "the CA's key is not the one of its certificate");
	GH_ENSURE(begin(server, server_key, now_s, days) &&
	              set_name(X509_get_subject_name(server), "Gatehouse server") &&
	              X509_set_issuer_name(server, X509_get_subject_name(ca)) == 1 &&
	              add_extension(server, ca, NID_basic_constraints, "critical,CA:FALSE") &&
	              add_extension(server, ca, NID_key_usage, "critical,digitalSignature") &&
	              add_extension(server, ca, NID_ext_key_usage, "serverAuth") &&
	              add_extension(server, ca, NID_subject_key_identifier, "hash") &&
	              add_extension(server, ca, NID_authority_key_identifier, "keyid:always"),
	          GH_E_CRYPTO, "OpenSSL could not build a server certificate");
	GH_TRY(add_subject_names(server, names));
	return finish(server, ca_key, pem);
}

gh_result gh_x509_not_after(struct gh_slice pem, int64_t *unix_s)
{
	GH_CLEANUP(free_x509) X509 *certificate = NULL;
	struct tm when;

	GH_TRY(read_certificate(pem, &certificate));
	GH_ENSURE(ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &when) == 1, GH_E_FORMAT,
	          "a certificate's end cannot be read");
	*unix_s = (int64_t)timegm(&when);
	return GH_OK;
}

gh_result gh_x509_public_key(struct gh_slice pem, struct gh_key **out)
{
	GH_CLEANUP(free_x509) X509 *certificate = NULL;

	GH_TRY(read_certificate(pem, &certificate));
	EVP_PKEY *pkey = X509_get0_pubkey(certificate);
	GH_ENSURE(pkey, GH_E_FORMAT, "a certificate's key cannot be read");
	return gh_key_from_pkey(pkey, false, out);
}

gh_result gh_x509_matches_key(struct gh_slice pem, const struct gh_key *key)
{
	GH_CLEANUP(free_x509) X509 *certificate = NULL;

	GH_TRY(read_certificate(pem, &certificate));
	GH_ENSURE(X509_check_private_key(certificate, gh_key_pkey(key)) == 1, GH_E_CORRUPT,
	          "a certificate and a key do not belong together");
	return GH_OK;
}

gh_result gh_x509_has_name(struct gh_slice pem, const char *name)
{
	GH_CLEANUP(free_x509) X509 *certificate = NULL;
	uint8_t address[16];

	GH_TRY(read_certificate(pem, &certificate));
	bool is_address =
	    inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1;
	int found = is_address ? X509_check_ip_asc(certificate, name, 0)
	                       : X509_check_host(certificate, name, 0,
	                                         X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL);
	GH_ENSURE(found == 1, GH_E_NOT_FOUND, "a certificate does not name \"%.64s\"", name);
	return GH_OK;
}
