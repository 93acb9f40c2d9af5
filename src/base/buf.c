#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

void gh_buf_init(struct gh_buf *buf, size_t limit_bytes, bool secret)
{
	*buf = (struct gh_buf){ .limit = limit_bytes, .secret = secret };
}

void gh_buf_free(struct gh_buf *buf)
{
	if (buf->secret)
		gh_wipe(buf->data, buf->capacity);
	free(buf->data);
	gh_buf_init(buf, buf->limit, buf->secret);
}

void gh_buf_clear(struct gh_buf *buf)
{
	if (buf->secret)
		gh_wipe(buf->data, buf->len);
	buf->len = 0;
	buf->failed = false;
	if (buf->data)
		buf->data[0] = 0;
}

/* Moves to larger memory; a secret buffer never lets realloc leave an unwiped copy behind. */
static bool grow(struct gh_buf *buf, size_t need)
{
	size_t limit = buf->limit ? buf->limit : GH_BUF_DEFAULT_LIMIT;
	size_t capacity = buf->capacity ? buf->capacity : 128;

	if (need > limit) {
		buf->failed = true;
		return false;
	}
	while (capacity < need + 1)
		capacity *= 2;

	uint8_t *data = buf->secret ? malloc(capacity) : realloc(buf->data, capacity);
	if (!data) {
		buf->failed = true;
		return false;
	}
	if (buf->secret && buf->data) {
		memcpy(data, buf->data, buf->len);
		gh_wipe(buf->data, buf->capacity);
		free(buf->data);
	}
	buf->data = data;
	buf->capacity = capacity;
	return true;
}

uint8_t *gh_buf_reserve(struct gh_buf *buf, size_t len)
{
	if (buf->failed || len > SIZE_MAX - buf->len - 1) {
		buf->failed = true;
		return NULL;
	}
	size_t limit = buf->limit ? buf->limit : GH_BUF_DEFAULT_LIMIT;
	if (buf->len + len > limit || buf->len + len + 1 > buf->capacity)
		if (!grow(buf, buf->len + len))
			return NULL;
	return buf->data + buf->len;
}

void gh_buf_commit(struct gh_buf *buf, size_t len)
{
	buf->len += len;
	buf->data[buf->len] = 0;
}

void gh_buf_add(struct gh_buf *buf, const void *data, size_t len)
{
	uint8_t *at = gh_buf_reserve(buf, len);

	if (!at)
		return;
	if (len)
		memcpy(at, data, len);
	gh_buf_commit(buf, len);
}

void gh_buf_add_slice(struct gh_buf *buf, struct gh_slice slice)
{
	gh_buf_add(buf, slice.data, slice.len);
}

void gh_buf_add_str(struct gh_buf *buf, const char *text)
{
	gh_buf_add(buf, text, strlen(text));
}

void gh_buf_add_byte(struct gh_buf *buf, uint8_t byte)
{
	gh_buf_add(buf, &byte, 1);
}

void gh_buf_vaddf(struct gh_buf *buf, const char *format, va_list args)
{
	va_list again;

	va_copy(again, args);
	int len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (len < 0) {
		buf->failed = true;
		return;
	}
	uint8_t *at = gh_buf_reserve(buf, (size_t)len);
	if (!at)
		return;
	vsnprintf((char *)at, (size_t)len + 1, format, args);
	gh_buf_commit(buf, (size_t)len);
}

void gh_buf_addf(struct gh_buf *buf, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	gh_buf_vaddf(buf, format, args);
	va_end(args);
}

void gh_buf_consume(struct gh_buf *buf, size_t len)
{
	if (len > buf->len)
		len = buf->len;
	if (len == 0)
		return;
	size_t rest = buf->len - len;
	memmove(buf->data, buf->data + len, rest);
	if (buf->secret)
		gh_wipe(buf->data + rest, len);
	buf->len = rest;
	buf->data[rest] = 0;
}

gh_result gh_buf_check(const struct gh_buf *buf)
{
	GH_ENSURE(!buf->failed, GH_E_LIMIT, "a buffer reached its limit");
	return GH_OK;
}
