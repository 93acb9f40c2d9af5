/* http_chars.h: which bytes may stand where (RFC 9110 section 5.6.2, RFC 3986 section 3.3). For
 * this room only. */
#ifndef GH_NET_HTTP_CHARS_H
#define GH_NET_HTTP_CHARS_H

#include <stdbool.h>
#include <stdint.h>

enum {
	GH_CHAR_TOKEN = 1, /* tchar */
	GH_CHAR_VALUE = 2, /* field-vchar, space, tab */
	GH_CHAR_PATH = 4,  /* pchar, "/" and "%" */
	GH_CHAR_QUERY = 8, /* any visible ASCII but "#" */
	GH_CHAR_HOST = 16, /* of a name or address with port; "_" is common in container names */
	GH_CHAR_DIGIT = 32,
};
extern const uint8_t gh_http_chars[256];

static inline bool gh_http_char_is(uint8_t byte, unsigned kind)
{
	return (gh_http_chars[byte] & kind) != 0;
}

/* The value of a hex digit, or -1. */
static inline int gh_hex_value(uint8_t byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	if (byte >= 'a' && byte <= 'f')
		return byte - 'a' + 10;
	if (byte >= 'A' && byte <= 'F')
		return byte - 'A' + 10;
	return -1;
}

#endif
