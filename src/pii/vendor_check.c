/* Checks of what follows a prefix: digits of a checksum, places of separators, what chance makes.
 */
#include "pii/vendor_check.h"

#include "pii/secret.h"
#include "pii/vendors.h"

/* GitHub and npm: the last six of 36 characters are the CRC-32 of the others in base 62. */
bool gh_pii_crc_fits(struct gh_slice body)
{
	static const char digits[] =
	    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	static const uint32_t of_nibble[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
		0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};
	uint32_t crc = 0xffffffff;

	if (body.len != 36)
		return false;
	for (size_t i = 0; i < 30; i++) {
		crc ^= body.data[i];
		crc = crc >> 4 ^ of_nibble[crc & 15];
		crc = crc >> 4 ^ of_nibble[crc & 15];
	}
	crc = ~crc;
	for (size_t i = 36; i > 30; i--, crc /= 62)
		if (body.data[i - 1] != (uint8_t)digits[crc % 62])
			return false;
	return true;
}

/* Keys of before 2021, and what others make up, have none. */
int gh_pii_check_crc(struct gh_slice body)
{
	return gh_pii_crc_fits(body) ? 0 : -6;
}

/* Base 32: no 0, 1, 8, 9. */
int gh_pii_check_aws(struct gh_slice body)
{
	for (size_t i = 0; i < body.len; i++)
		if (memchr("0189", body.data[i], 4))
			return -8;
	return 0;
}

/* BIP 173 over "age-secret-key-". */
int gh_pii_check_bech32(struct gh_slice body)
{
	static const char digits[] = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", head[] = "age-secret-key-";
	static const uint32_t turns[] = { 0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
		                          0x2a1462b3 };
	size_t head_len = sizeof head - 1, total = 2 * head_len + 1 + body.len;
	uint32_t sum = 1;

	for (size_t i = 0; i < total; i++) {
		uint32_t value = 0, top = sum >> 25;
		if (i < head_len) {
			value = (uint8_t)head[i] >> 5;
		} else if (i > head_len && i <= 2 * head_len) {
			value = (uint8_t)head[i - head_len - 1] & 31;
		} else if (i > 2 * head_len) {
			const char *digit = strchr(digits, body.data[i - 2 * head_len - 1]);
			if (!digit)
				return GH_PII_REFUSED;
			value = (uint32_t)(digit - digits);
		}
		sum = (sum & 0x1ffffff) << 5 ^ value;
		for (size_t bit = 0; bit < 5; bit++)
			sum ^= top >> bit & 1 ? turns[bit] : 0;
	}
	return sum == 1 ? 0 : GH_PII_REFUSED;
}

/* "OpenAI" in base64 stands in the middle of all but the newest. */
int gh_pii_check_openai(struct gh_slice body)
{
	return memmem(body.data, body.len, "T3BlbkFJ", 8) ? 0 : -10;
}

/* Digits and letters of both cases that change as often as chance makes them: no name, no path. */
int gh_pii_check_generated(struct gh_slice body)
{
	struct gh_pii_form form = gh_pii_form_of(body);

	return form.digits > 0 && form.digits * 48 >= body.len && form.upper > 0 &&
	               form.lower > 0 && form.changes * 2 >= body.len
	           ? 0
	           : GH_PII_REFUSED;
}

/* The same of an alphabet with one case. */
int gh_pii_check_one_case(struct gh_slice body)
{
	struct gh_pii_form form = gh_pii_form_of(body);

	return form.digits > 2 && (form.upper == 0) != (form.lower == 0) &&
	               form.changes * 4 >= body.len
	           ? 0
	           : GH_PII_REFUSED;
}

/* The number of the webhook, a '/' and its secret. */
int gh_pii_check_discord(struct gh_slice body)
{
	const uint8_t *slash = memchr(body.data, '/', body.len);
	size_t at = slash ? (size_t)(slash - body.data) + 1 : body.len;

	return gh_pii_check_generated(gh_slice_sub(body, at, body.len - at));
}

/* 8-4-4-4-12 hexadecimal digits (RFC 9562 section 4), at the end of the body. */
static bool ends_in_uuid(struct gh_slice body)
{
	struct gh_slice uuid = gh_slice_sub(body, body.len < 36 ? 0 : body.len - 36, 36);

	for (size_t i = 0; i < uuid.len; i++) {
		bool is_joint = i == 8 || i == 13 || i == 18 || i == 23;
		if (is_joint ? uuid.data[i] != '-' : !gh_pii_in_alphabet(uuid.data[i], HEX))
			return false;
	}
	return uuid.len == 36;
}

int gh_pii_check_uuid(struct gh_slice body)
{
	return ends_in_uuid(body) ? 0 : GH_PII_REFUSED;
}

/* A region of two letters and a digit, and a UUID. */
int gh_pii_check_hubspot(struct gh_slice body)
{
	return gh_pii_is_alpha(body.data[0]) && gh_pii_is_alpha(body.data[1]) &&
	               gh_pii_is_digit(body.data[2]) && body.data[3] == '-' && ends_in_uuid(body)
	           ? 0
	           : GH_PII_REFUSED;
}

/* Two halves of sixteen. */
int gh_pii_check_akamai(struct gh_slice body)
{
	return body.data[16] == '-' && !memchr(body.data, '.', body.len) ? 0 : GH_PII_REFUSED;
}

/* A letter, two digits, a public part of 24 and a secret of 64. */
int gh_pii_check_dynatrace(struct gh_slice body)
{
	return gh_pii_is_alpha(body.data[0]) && gh_pii_is_digit(body.data[1]) &&
	               gh_pii_is_digit(body.data[2]) && body.data[3] == '.' && body.data[28] == '.'
	           ? 0
	           : GH_PII_REFUSED;
}

/* An account of 22, an id of 24 and a secret of 20. */
int gh_pii_check_harness(struct gh_slice body)
{
	return body.data[22] == '.' && body.data[47] == '.' ? 0 : GH_PII_REFUSED;
}

/* An instance of sixteen digits before the secret. */
int gh_pii_check_sourcegraph(struct gh_slice body)
{
	return body.data[16] == '_' ? 0 : GH_PII_REFUSED;
}

/* The number of the user before 32 characters. */
int gh_pii_check_clickup(struct gh_slice body)
{
	size_t digits = 0;

	while (digits < body.len && gh_pii_is_digit(body.data[digits]))
		digits++;
	return digits >= 6 && body.len == digits + 33 && body.data[digits] == '_' ? 0
	                                                                          : GH_PII_REFUSED;
}

/* Base64 of DER: a sequence that begins with version 0 and goes on with the modulus (RFC 8017
 * section A.1.2) or with an algorithm (RFC 5208 section 5). Certificates and public keys do not. */
int gh_pii_check_der(struct gh_slice body)
{
	struct gh_slice version = gh_slice_sub(body, 3, 5);

	return gh_slice_eq(version, GH_SLICE("IBAAK")) || gh_slice_eq(version, GH_SLICE("IBADA"))
	           ? 0
	           : GH_PII_REFUSED;
}

/* Twenty characters, a few more where a kind has a short head of its own, or routing behind a dot;
 * longer ones only if no hand wrote them. */
int gh_pii_check_gitlab(struct gh_slice body)
{
	return body.len <= 26 || memchr(body.data, '.', body.len) ? 0
	                                                          : gh_pii_check_generated(body);
}

/* The same of kinds that are hexadecimal, or were. */
int gh_pii_check_gitlab_hex(struct gh_slice body)
{
	return gh_pii_check_one_case(body) == 0 ? 0 : gh_pii_check_gitlab(body);
}

/* 16 or 20 to 24 characters in all. */
int gh_pii_check_alibaba(struct gh_slice body)
{
	return body.len == 12 || (body.len >= 16 && body.len <= 20) ? 0 : GH_PII_REFUSED;
}

/* Messages of type 1, 2 and 3 ([MS-NLMP] section 2.2.1). */
int gh_pii_check_ntlm(struct gh_slice body)
{
	return body.data[0] >= 'B' && body.data[0] <= 'D' ? 0 : GH_PII_REFUSED;
}

/* An id of 22 characters and a secret of 43. */
int gh_pii_check_sendgrid(struct gh_slice body)
{
	return body.len == 66 && body.data[22] == '.' ? 0 : -10;
}

/* The number of the workspace leads. */
int gh_pii_check_slack(struct gh_slice body)
{
	return gh_pii_is_digit(body.data[0]) && gh_pii_is_digit(body.data[8]) ? 0 : -8;
}
