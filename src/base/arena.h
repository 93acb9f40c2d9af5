/* arena.h: memory with one owner and one lifetime, such as a request. Freed in one go; nothing in
 * it is freed alone. Not shared between threads. */
#ifndef GH_BASE_ARENA_H
#define GH_BASE_ARENA_H

#include <stddef.h>

#include "base/slice.h"

struct gh_arena;

/* `limit_bytes` bounds all that is ever taken from it. NULL when memory is out. */
struct gh_arena *gh_arena_new(size_t limit_bytes);
void gh_arena_free(struct gh_arena *arena); /* wipes everything: requests carry personal data */

/* Zeroed, aligned for any type; NULL beyond the limit or when memory is out. */
void *gh_arena_alloc(struct gh_arena *arena, size_t size) __attribute__((malloc));
/* A NUL-terminated copy; NULL as above. */
char *gh_arena_strndup(struct gh_arena *arena, const void *data, size_t len);
char *gh_arena_printf(struct gh_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A copy of the bytes; data is NULL when memory is out (and for an empty slice is not). */
struct gh_slice gh_arena_copy(struct gh_arena *arena, struct gh_slice slice);
size_t gh_arena_used(const struct gh_arena *arena); /* bytes handed out */

#endif
