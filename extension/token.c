/* A database token: a JWS of at most 4 KiB and 60 seconds, RS256 and nothing else, made by the
 * gateway's key holder for this server only. The header is three members and no more; the payload
 * is looked at only after the signature holds. */
#include "gatehouse_claims.h"

#include <string.h>

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#define HEADER_MAX_BYTES 512

static int base64url_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

ssize_t base64url_decode(const char *text, size_t len, uint8 *out, size_t max)
{
	uint32 bits = 0;
	int held = 0;
	size_t made = 0;

	if (len % 4 == 1)
		return -1;
	for (size_t i = 0; i < len; i++) {
		int digit = base64url_digit(text[i]);

		if (digit < 0)
			return -1;
		bits = (bits << 6 | (uint32)digit) & 0xfff;
		held += 6;
		if (held < 8)
			continue;
		held -= 8;
		if (made == max)
			return -1;
		out[made++] = (uint8)(bits >> held);
	}
	/* RFC 4648 section 3.5: the bits that fall off the end must be 0. */
	return (bits & ((1u << held) - 1)) == 0 ? (ssize_t)made : -1;
}

Jsonb *parse_object(const uint8 *bytes, size_t len)
{
	MemoryContext context = CurrentMemoryContext;
	char *text = palloc(len + 1);
	Jsonb *volatile parsed = NULL;

	memcpy(text, bytes, len);
	text[len] = '\0';
	if (strlen(text) != len || !pg_verify_mbstr(PG_UTF8, text, (int)len, true))
		return NULL;

	/* The parser allocates and nothing else, so that its error can end here; every caller goes
	 * on to refuse what it was given. */
	PG_TRY();
	{
		parsed = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		FlushErrorState();
		parsed = NULL;
	}
	PG_END_TRY();
	return parsed && JB_ROOT_IS_OBJECT(parsed) ? parsed : NULL;
}

static JsonbValue *member(Jsonb *object, const char *name)
{
	JsonbValue key = { .type = jbvString,
		           .val.string = { .val = unconstify(char *, name),
		                           .len = (int)strlen(name) } };

	return findJsonbValueFromContainer(&object->root, JB_FOBJECT, &key);
}

bool jsonb_string(Jsonb *object, const char *name, const char **text, size_t *len)
{
	JsonbValue *value = member(object, name);

	if (!value || value->type != jbvString)
		return false;
	*text = value->val.string.val;
	*len = (size_t)value->val.string.len;
	return true;
}

static bool string_is(Jsonb *object, const char *name, const char *expected)
{
	const char *text;
	size_t len;

	return jsonb_string(object, name, &text, &len) && len == strlen(expected) &&
	       memcmp(text, expected, len) == 0;
}

/* A non-negative integer of at most 15 digits. */
static bool seconds_of(Jsonb *object, const char *name, int64 *out)
{
	JsonbValue *value = member(object, name);
	char *text;
	size_t len;

	if (!value || value->type != jbvNumeric)
		return false;
	text =
	    DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
	len = strlen(text);
	if (len == 0 || len > 15 || strspn(text, "0123456789") != len)
		return false;
	*out = strtoll(text, NULL, 10);
	return true;
}

/* Lower case, 8-4-4-4-12, and not the nil UUID, which is nobody. */
static bool tenant_of(Jsonb *object, pg_uuid_t *out)
{
	static const char digits[] = "0123456789abcdef";
	const char *text;
	size_t len, made = 0;
	uint8 any = 0;

	if (!jsonb_string(object, "tenant_id", &text, &len) || len != 36)
		return false;
	for (size_t i = 0; i < len;) {
		const char *high, *low;

		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (text[i++] != '-')
				return false;
			continue;
		}
		high = memchr(digits, text[i], 16);
		low = memchr(digits, text[i + 1], 16);
		if (!high || !low)
			return false;
		out->data[made] = (uint8)((high - digits) << 4 | (low - digits));
		any |= out->data[made++];
		i += 2;
	}
	return any != 0;
}

static EVP_PKEY *key_of_header(const char *text, size_t len, const char **fault)
{
	uint8 raw[HEADER_MAX_BYTES];
	ssize_t raw_len = base64url_decode(text, len, raw, sizeof raw);
	Jsonb *header = raw_len > 0 ? parse_object(raw, (size_t)raw_len) : NULL;
	const char *kid;
	size_t kid_len;
	EVP_PKEY *key;

	*fault = "header";
	if (!header || JB_ROOT_COUNT(header) != 3 || !string_is(header, "alg", "RS256") ||
	    !string_is(header, "typ", "db+jwt") || !jsonb_string(header, "kid", &kid, &kid_len))
		return NULL;
	/* jsonb drops duplicate members; their bytes would still make the text too long for its
	 * three. */
	if (memchr(raw, '\\', (size_t)raw_len))
		return NULL;
	for (size_t i = 0, quotes = 0; i < (size_t)raw_len; i++)
		if (raw[i] == '"' && ++quotes > 12)
			return NULL;
	*fault = "unknown key";
	key = keys_find(kid, kid_len);
	return key;
}

static bool signature_holds(EVP_PKEY *key, const char *input, size_t input_len,
                            const uint8 *signature, size_t signature_len)
{
	static EVP_MD_CTX
	    *context; /* kept, so that an error between here and its free cannot leak */
	EVP_PKEY_CTX *pkey_context;

	if (!context)
		context = EVP_MD_CTX_new();
	return context && EVP_MD_CTX_reset(context) == 1 &&
	       EVP_DigestVerifyInit_ex(context, &pkey_context, "SHA256", NULL, NULL, key, NULL) ==
	           1 &&
	       EVP_DigestVerify(context, signature, signature_len, (const uint8 *)input,
	                        input_len) == 1;
}

static const char *check_claims(Jsonb *payload, const char *issuer, int64 now_s,
                                struct db_claims *out)
{
	const char *jti;
	size_t jti_len;
	int64 iat;

	if (!string_is(payload, "iss", issuer))
		return "issuer";
	if (!string_is(payload, "aud", "gatehouse-db"))
		return "audience";
	if (!seconds_of(payload, "iat", &iat) || !seconds_of(payload, "exp", &out->exp))
		return "times";
	if (out->exp <= iat || out->exp - iat > TOKEN_MAX_TTL_S)
		return "lifetime";
	if (out->exp <= now_s)
		return "expired";
	if (iat > now_s + TOKEN_SKEW_S)
		return "issued in the future";
	if (!jsonb_string(payload, "jti", &jti, &jti_len) || jti_len == 0 || jti_len > 128)
		return "jti";
	if (!tenant_of(payload, &out->tenant))
		return "tenant_id";
	return NULL;
}

const char *token_verify(const char *token, size_t len, const char *issuer, int64 now_s,
                         struct db_claims *out)
{
	const char *dot = memchr(token, '.', len);
	const char *second = dot ? memchr(dot + 1, '.', len - (size_t)(dot + 1 - token)) : NULL;
	const char *fault;
	uint8 *bytes;
	ssize_t bytes_len;
	EVP_PKEY *key;
	Jsonb *payload;

	if (len > TOKEN_MAX_BYTES)
		return "too long";
	if (!second)
		return "form";
	key = key_of_header(token, (size_t)(dot - token), &fault);
	if (!key)
		return fault;

	bytes = palloc(TOKEN_MAX_BYTES);
	bytes_len = base64url_decode(second + 1, len - (size_t)(second + 1 - token), bytes,
	                             TOKEN_MAX_BYTES);
	/* RFC 8017 section 8.2.2: a signature is exactly as long as the modulus. */
	if (bytes_len != EVP_PKEY_get_size(key) ||
	    !signature_holds(key, token, (size_t)(second - token), bytes, (size_t)bytes_len))
		return "signature";

	bytes_len = base64url_decode(dot + 1, (size_t)(second - dot - 1), bytes, TOKEN_MAX_BYTES);
	payload = bytes_len > 0 ? parse_object(bytes, (size_t)bytes_len) : NULL;
	if (!payload)
		return "payload";
	fault = check_claims(payload, issuer, now_s, out);
	if (fault)
		return fault;
	out->json = JsonbToCString(NULL, &payload->root, (int)VARSIZE(payload));
	return NULL;
}
