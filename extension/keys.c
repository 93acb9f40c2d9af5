/* The public keys that sign database tokens, from a JWK set on the server's disk (RFC 7517). The
 * file is named by the server's configuration and never by a client. A file that cannot be read or
 * that holds anything but RSA public keys of at least 2048 bits gives no keys at all: then no token
 * verifies and every tenant's rows are out of reach, which is the safe end. */
#include "gatehouse_claims.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <sys/stat.h>

#include "storage/fd.h"
#include "utils/memutils.h"

#include "settings.h"

struct verify_key {
	char kid[KID_MAX_BYTES];
	size_t kid_len;
	EVP_PKEY *key;
};

static struct verify_key keys[KEYS_MAX];
static int key_count;
static uint32 generation = 1;
static TimestampTz looked_at;
static struct stat seen; /* of the file the keys came from; zero when there is none */

static EVP_PKEY *rsa_public_key(const uint8 *modulus, size_t modulus_len, const uint8 *exponent,
                                size_t exponent_len)
{
	EVP_PKEY *key = NULL;
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	BIGNUM *n = BN_bin2bn(modulus, (int)modulus_len, NULL);
	BIGNUM *e = BN_bin2bn(exponent, (int)exponent_len, NULL);
	OSSL_PARAM *params = NULL;

	if (context && builder && n && e && BN_num_bits(n) >= 2048 && BN_num_bits(n) <= 8192 &&
	    BN_is_word(e, 65537) && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) &&
	    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e))
		params = OSSL_PARAM_BLD_to_param(builder);
	if (params && EVP_PKEY_fromdata_init(context) > 0 &&
	    EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) <= 0)
		key = NULL;

	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(builder);
	BN_free(n);
	BN_free(e);
	EVP_PKEY_CTX_free(context);
	return key;
}

/* One member of "keys". False when it is not an RSA signature key that we would use. */
static bool key_from_jwk(Jsonb *jwk, struct verify_key *out)
{
	const char *text, *kid;
	size_t len, kid_len;
	uint8 modulus[1024], exponent[8];
	ssize_t modulus_len, exponent_len;

	if (!jsonb_string(jwk, "kty", &text, &len) || len != 3 || memcmp(text, "RSA", 3) != 0)
		return false;
	if (jsonb_string(jwk, "alg", &text, &len) && (len != 5 || memcmp(text, "RS256", 5) != 0))
		return false;
	if (jsonb_string(jwk, "use", &text, &len) && (len != 3 || memcmp(text, "sig", 3) != 0))
		return false;
	if (jsonb_string(jwk, "d", &text, &len)) /* a private key does not belong here */
		return false;
	if (!jsonb_string(jwk, "kid", &kid, &kid_len) || kid_len == 0 || kid_len > KID_MAX_BYTES)
		return false;
	if (!jsonb_string(jwk, "n", &text, &len))
		return false;
	modulus_len = base64url_decode(text, len, modulus, sizeof modulus);
	if (!jsonb_string(jwk, "e", &text, &len))
		return false;
	exponent_len = base64url_decode(text, len, exponent, sizeof exponent);
	if (modulus_len <= 0 || exponent_len <= 0)
		return false;

	memcpy(out->kid, kid, kid_len);
	out->kid_len = kid_len;
	out->key = rsa_public_key(modulus, (size_t)modulus_len, exponent, (size_t)exponent_len);
	return out->key != NULL;
}

static bool kid_is_known(const struct verify_key *set, int count,
                         const struct verify_key *candidate)
{
	for (int i = 0; i < count; i++)
		if (set[i].kid_len == candidate->kid_len &&
		    memcmp(set[i].kid, candidate->kid, candidate->kid_len) == 0)
			return true;
	return false;
}

/* All of the set or nothing: -1 with what was built so far freed. */
static int keys_from_set(Jsonb *set, struct verify_key *out)
{
	JsonbValue name = { .type = jbvString, .val.string = { .val = pstrdup("keys"), .len = 4 } };
	JsonbValue *array = findJsonbValueFromContainer(&set->root, JB_FOBJECT, &name);
	uint32 members;
	int count = 0;

	if (!array || array->type != jbvBinary || !JsonContainerIsArray(array->val.binary.data))
		return -1;
	members = JsonContainerSize(array->val.binary.data);
	if (members > KEYS_MAX)
		return -1;
	for (uint32 i = 0; i < members; i++) {
		JsonbValue *value = getIthJsonbValueFromContainer(array->val.binary.data, i);
		bool good = value && value->type == jbvBinary &&
		            JsonContainerIsObject(value->val.binary.data) &&
		            key_from_jwk(JsonbValueToJsonb(value), &out[count]);

		if (good && !kid_is_known(out, count, &out[count])) {
			count++;
			continue;
		}
		if (good)
			EVP_PKEY_free(out[count].key);
		while (count > 0)
			EVP_PKEY_free(out[--count].key);
		return -1;
	}
	return count;
}

/* NULL, or why the file is not used. */
static const char *read_key_file(const char *path, struct verify_key *out, int *count,
                                 struct stat *status)
{
	FILE *file = AllocateFile(path, "r");
	uint8 *bytes;
	size_t len;
	Jsonb *set;

	if (!file)
		return "cannot be opened";
	if (fstat(fileno(file), status) != 0 || !S_ISREG(status->st_mode) ||
	    (status->st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		FreeFile(file);
		return "is not a regular file that only its owner can write";
	}
	bytes = palloc(KEY_FILE_MAX + 1);
	len = fread(bytes, 1, KEY_FILE_MAX + 1, file);
	FreeFile(file);
	if (len == 0 || len > KEY_FILE_MAX)
		return "is empty or over 64 KiB";
	set = parse_object(bytes, len);
	if (!set)
		return "is not a JSON object";
	*count = keys_from_set(set, out);
	return *count < 0 ? "holds something else than at most 16 RSA public keys" : NULL;
}

static void load(void)
{
	MemoryContext scratch =
	    AllocSetContextCreate(CurrentMemoryContext, "gatehouse keys", ALLOCSET_DEFAULT_SIZES);
	MemoryContext before = MemoryContextSwitchTo(scratch);
	struct verify_key fresh[KEYS_MAX];
	struct stat status = { 0 };
	int count = 0;
	const char *fault = read_key_file(gatehouse_key_file, fresh, &count, &status);

	MemoryContextSwitchTo(before);
	MemoryContextDelete(scratch);
	if (fault) {
		ereport(LOG_SERVER_ONLY,
		        (errmsg("gatehouse: the key file %s; no database token will be accepted",
		                fault),
		         errhidestmt(true)));
		count = 0;
		memset(&status, 0, sizeof status);
	}

	while (key_count > 0)
		EVP_PKEY_free(keys[--key_count].key);
	memcpy(keys, fresh, sizeof keys[0] * (size_t)count);
	key_count = count;
	seen = status;
	generation++;
}

uint32 keys_generation(void)
{
	TimestampTz now = GetCurrentTimestamp();
	struct stat status = { 0 };

	if (looked_at != 0 && now >= looked_at && now - looked_at < USECS_PER_SEC)
		return generation;
	looked_at = now;

	if (!gatehouse_key_file || gatehouse_key_file[0] == '\0' ||
	    stat(gatehouse_key_file, &status) != 0) {
		if (key_count > 0 || generation == 1)
			load();
		return generation;
	}
	if (key_count == 0 || status.st_ino != seen.st_ino || status.st_size != seen.st_size ||
	    status.st_mode != seen.st_mode || status.st_mtim.tv_sec != seen.st_mtim.tv_sec ||
	    status.st_mtim.tv_nsec != seen.st_mtim.tv_nsec)
		load();
	return generation;
}

EVP_PKEY *keys_find(const char *kid, size_t kid_len)
{
	for (int i = 0; i < key_count; i++)
		if (keys[i].kid_len == kid_len && memcmp(keys[i].kid, kid, kid_len) == 0)
			return keys[i].key;
	return NULL;
}
