/* Texts of policies: UTF-8, and read scalar by scalar. */
#include "policy/cedar/lex.h"

#include "base/utf8.h"

bool gh_cedar_is_utf8(struct gh_slice text)
{
	for (size_t i = 0; i < text.len;) {
		size_t len = gh_utf8_length(text.data + i, text.len - i);
		if (len == 0)
			return false;
		i += len;
	}
	return true;
}

uint32_t gh_cedar_next_scalar(struct gh_slice text, size_t *at)
{
	const uint8_t *s = text.data + *at;

	if (s[0] < 0x80) {
		*at += 1;
		return s[0];
	}
	if (s[0] < 0xe0) {
		*at += 2;
		return (uint32_t)(s[0] & 0x1f) << 6 | (s[1] & 0x3f);
	}
	if (s[0] < 0xf0) {
		*at += 3;
		return (uint32_t)(s[0] & 0x0f) << 12 | (uint32_t)(s[1] & 0x3f) << 6 | (s[2] & 0x3f);
	}
	*at += 4;
	return (uint32_t)(s[0] & 0x07) << 18 | (uint32_t)(s[1] & 0x3f) << 12 |
	       (uint32_t)(s[2] & 0x3f) << 6 | (s[3] & 0x3f);
}

void gh_cedar_add_utf8(struct gh_buf *out, uint32_t scalar)
{
	uint8_t bytes[4];
	size_t len;

	if (scalar < 0x80) {
		bytes[0] = (uint8_t)scalar;
		len = 1;
	} else if (scalar < 0x800) {
		bytes[0] = (uint8_t)(0xc0 | scalar >> 6);
		bytes[1] = (uint8_t)(0x80 | (scalar & 0x3f));
		len = 2;
	} else if (scalar < 0x10000) {
		bytes[0] = (uint8_t)(0xe0 | scalar >> 12);
		bytes[1] = (uint8_t)(0x80 | (scalar >> 6 & 0x3f));
		bytes[2] = (uint8_t)(0x80 | (scalar & 0x3f));
		len = 3;
	} else {
		bytes[0] = (uint8_t)(0xf0 | scalar >> 18);
		bytes[1] = (uint8_t)(0x80 | (scalar >> 12 & 0x3f));
		bytes[2] = (uint8_t)(0x80 | (scalar >> 6 & 0x3f));
		bytes[3] = (uint8_t)(0x80 | (scalar & 0x3f));
		len = 4;
	}
	gh_buf_add(out, bytes, len);
}
