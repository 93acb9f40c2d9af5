#include "base/codec.h"

static const char hex_digits[] = "0123456789abcdef";
static const char alphabet_std[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char alphabet_url[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void gh_hex_encode(struct gh_slice in, char *out)
{
	for (size_t i = 0; i < in.len; i++) {
		*out++ = hex_digits[in.data[i] >> 4];
		*out++ = hex_digits[in.data[i] & 15];
	}
	*out = 0;
}

static int hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

gh_result gh_hex_decode(struct gh_slice text, uint8_t *out, size_t out_len)
{
	GH_ENSURE(text.len == out_len * 2, GH_E_FORMAT, "hex text has the wrong length");
	for (size_t i = 0; i < out_len; i++) {
		int high = hex_value(text.data[2 * i]), low = hex_value(text.data[2 * i + 1]);
		GH_ENSURE(high >= 0 && low >= 0, GH_E_FORMAT, "not a hex digit");
		out[i] = (uint8_t)(high << 4 | low);
	}
	return GH_OK;
}

static void encode(struct gh_slice in, const char *alphabet, bool padded, struct gh_buf *out)
{
	size_t i = 0;
	uint8_t *at = gh_buf_reserve(out, (in.len + 2) / 3 * 4);

	if (!at)
		return;
	uint8_t *start = at;
	for (; i + 3 <= in.len; i += 3) {
		uint32_t v =
		    (uint32_t)in.data[i] << 16 | (uint32_t)in.data[i + 1] << 8 | in.data[i + 2];
		*at++ = (uint8_t)alphabet[v >> 18];
		*at++ = (uint8_t)alphabet[v >> 12 & 63];
		*at++ = (uint8_t)alphabet[v >> 6 & 63];
		*at++ = (uint8_t)alphabet[v & 63];
	}
	size_t rest = in.len - i;
	if (rest) {
		uint32_t v = (uint32_t)in.data[i] << 16;
		if (rest == 2)
			v |= (uint32_t)in.data[i + 1] << 8;
		*at++ = (uint8_t)alphabet[v >> 18];
		*at++ = (uint8_t)alphabet[v >> 12 & 63];
		if (rest == 2)
			*at++ = (uint8_t)alphabet[v >> 6 & 63];
		else if (padded)
			*at++ = '=';
		if (padded)
			*at++ = '=';
	}
	gh_buf_commit(out, (size_t)(at - start));
}

void gh_base64_encode(struct gh_slice in, struct gh_buf *out)
{
	encode(in, alphabet_std, true, out);
}

void gh_base64url_encode(struct gh_slice in, struct gh_buf *out)
{
	encode(in, alphabet_url, false, out);
}

static int base64_value(uint8_t c, bool url)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == (url ? '-' : '+'))
		return 62;
	if (c == (url ? '_' : '/'))
		return 63;
	return -1;
}

static gh_result decode(struct gh_slice text, bool url, struct gh_buf *out)
{
	if (!url) {
		GH_ENSURE(text.len % 4 == 0, GH_E_FORMAT, "base64 text has the wrong length");
		for (int i = 0; i < 2 && text.len && text.data[text.len - 1] == '='; i++)
			text.len--;
	}
	GH_ENSURE(text.len % 4 != 1, GH_E_FORMAT, "base64 text has the wrong length");

	uint32_t bits = 0;
	int count = 0;
	for (size_t i = 0; i < text.len; i++) {
		int value = base64_value(text.data[i], url);
		GH_ENSURE(value >= 0, GH_E_FORMAT, "not a base64 character");
		bits = bits << 6 | (uint32_t)value;
		count += 6;
		if (count >= 8) {
			count -= 8;
			gh_buf_add_byte(out, (uint8_t)(bits >> count));
		}
	}
	GH_ENSURE((bits & ((1u << count) - 1)) == 0, GH_E_FORMAT, "base64 text has stray bits");
	return gh_buf_check(out);
}

gh_result gh_base64_decode(struct gh_slice text, struct gh_buf *out)
{
	return decode(text, false, out);
}

gh_result gh_base64url_decode(struct gh_slice text, struct gh_buf *out)
{
	return decode(text, true, out);
}
