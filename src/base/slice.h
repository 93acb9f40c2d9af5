/* slice.h: a borrowed run of bytes. It never owns; whoever made the bytes keeps them alive. */
#ifndef GH_BASE_SLICE_H
#define GH_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct gh_slice {
	const uint8_t *data;
	size_t len;
};

static inline struct gh_slice gh_slice(const void *data, size_t len)
{
	return (struct gh_slice){ (const uint8_t *)data, len };
}

static inline struct gh_slice gh_slice_str(const char *text)
{
	return gh_slice(text, text ? strlen(text) : 0);
}

/* A slice over a string literal, usable in static tables. */
#define GH_SLICE(literal) ((struct gh_slice){ (const uint8_t *)(literal), sizeof(literal) - 1 })

/* printf("%.*s", GH_SLICE_ARG(s)) */
#define GH_SLICE_ARG(slice) (int)(slice).len, (const char *)(slice).data

static inline bool gh_slice_eq(struct gh_slice a, struct gh_slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline bool gh_slice_eq_str(struct gh_slice a, const char *text)
{
	return gh_slice_eq(a, gh_slice_str(text));
}

static inline bool gh_slice_starts_with(struct gh_slice a, struct gh_slice prefix)
{
	return a.len >= prefix.len &&
	       (prefix.len == 0 || memcmp(a.data, prefix.data, prefix.len) == 0);
}

/* ASCII only, as HTTP field names and auth schemes compare (RFC 9110 section 5.1). */
bool gh_slice_eq_nocase(struct gh_slice a, struct gh_slice b);

/* From `offset`, at most `len` bytes; clamped to the slice, so that it cannot go outside. */
static inline struct gh_slice gh_slice_sub(struct gh_slice s, size_t offset, size_t len)
{
	if (offset > s.len)
		offset = s.len;
	if (len > s.len - offset)
		len = s.len - offset;
	return gh_slice(s.data ? s.data + offset : NULL, len);
}

/* Splits at the first `separator`: head before it, *rest after it. False (head = all, rest empty)
 * when there is none. */
bool gh_slice_split(struct gh_slice s, uint8_t separator, struct gh_slice *head,
                    struct gh_slice *rest);

/* Removes spaces and tabs at both ends (RFC 9110 OWS). */
struct gh_slice gh_slice_trim(struct gh_slice s);

/* Strict decimal, no sign, no leading zero unless the number is 0. False when malformed or > max.
 */
bool gh_slice_to_u64(struct gh_slice s, uint64_t max, uint64_t *out);

#endif
