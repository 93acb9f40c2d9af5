/* utf8.h: UTF-8 as Unicode defines it (table 3-7, RFC 3629): no overlong forms, no surrogates,
 * nothing past U+10FFFF. */
#ifndef GH_BASE_UTF8_H
#define GH_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of the character that begins at `s`, of which `left` (at least 1) can be read; 0: it is
 * none. */
size_t gh_utf8_length(const uint8_t *s, size_t left);

#endif
