/* buf.h: an owned, growable run of bytes with a hard limit. A failed append marks the buffer, later
 * appends do nothing, and gh_buf_check reports it once: writers stay free of error ladders.
 * A secret buffer is wiped whenever its memory is left behind. */
#ifndef GH_BASE_BUF_H
#define GH_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"
#include "base/slice.h"

struct gh_buf {
	uint8_t *data; /* NULL until the first append; always NUL-terminated beyond len */
	size_t len;
	size_t capacity;
	size_t limit; /* bytes; appends beyond it fail */
	bool secret;
	bool failed;
};

#define GH_BUF_DEFAULT_LIMIT ((size_t)64 << 20)

/* Zero-initialised (`struct gh_buf b = { 0 }`) is a valid empty buffer with the default limit. */
void gh_buf_init(struct gh_buf *buf, size_t limit_bytes, bool secret);
void gh_buf_free(struct gh_buf *buf);  /* wipes when secret; leaves it empty and usable */
void gh_buf_clear(struct gh_buf *buf); /* keeps the memory; wipes when secret */

void gh_buf_add(struct gh_buf *buf, const void *data, size_t len);
void gh_buf_add_slice(struct gh_buf *buf, struct gh_slice slice);
void gh_buf_add_str(struct gh_buf *buf, const char *text);
void gh_buf_add_byte(struct gh_buf *buf, uint8_t byte);
void gh_buf_addf(struct gh_buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void gh_buf_vaddf(struct gh_buf *buf, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* Room for `len` more bytes at the end, to be filled by the caller and claimed by gh_buf_commit.
 * NULL when the limit or memory refuses (the buffer is then marked). */
uint8_t *gh_buf_reserve(struct gh_buf *buf, size_t len);
void gh_buf_commit(struct gh_buf *buf, size_t len);

/* Removes `len` bytes at the front. */
void gh_buf_consume(struct gh_buf *buf, size_t len);

gh_result gh_buf_check(const struct gh_buf *buf); /* GH_E_LIMIT when an append failed */

static inline struct gh_slice gh_buf_slice(const struct gh_buf *buf)
{
	return gh_slice(buf->data, buf->len);
}

/* The bytes as a C string; "" when empty. Valid until the next append. */
static inline const char *gh_buf_cstr(const struct gh_buf *buf)
{
	return buf->data ? (const char *)buf->data : "";
}

#endif
