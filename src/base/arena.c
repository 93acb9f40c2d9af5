#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

#define CHUNK_BYTES 4096
#define ALIGNMENT   16

struct chunk {
	struct chunk *next;
	size_t size, used;
	_Alignas(ALIGNMENT) uint8_t data[];
};

struct gh_arena {
	struct chunk *head;
	size_t limit, used;
};

struct gh_arena *gh_arena_new(size_t limit_bytes)
{
	struct gh_arena *arena = calloc(1, sizeof *arena);

	if (arena)
		arena->limit = limit_bytes;
	return arena;
}

void gh_arena_free(struct gh_arena *arena)
{
	if (!arena)
		return;
	for (struct chunk *chunk = arena->head, *next; chunk; chunk = next) {
		next = chunk->next;
		gh_wipe(chunk->data, chunk->used);
		free(chunk);
	}
	free(arena);
}

static struct chunk *add_chunk(struct gh_arena *arena, size_t need)
{
	size_t size = need > CHUNK_BYTES ? need : CHUNK_BYTES;
	struct chunk *chunk = malloc(sizeof *chunk + size);

	if (!chunk)
		return NULL;
	chunk->size = size;
	chunk->used = 0;
	chunk->next = arena->head;
	arena->head = chunk;
	return chunk;
}

void *gh_arena_alloc(struct gh_arena *arena, size_t size)
{
	if (size > arena->limit - arena->used)
		return NULL;
	size_t rounded = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	struct chunk *chunk = arena->head;
	if (!chunk || chunk->size - chunk->used < rounded)
		chunk = add_chunk(arena, rounded);
	if (!chunk)
		return NULL;
	void *data = chunk->data + chunk->used;
	chunk->used += rounded;
	arena->used += size;
	return memset(data, 0, size);
}

char *gh_arena_strndup(struct gh_arena *arena, const void *data, size_t len)
{
	char *copy = len < SIZE_MAX ? gh_arena_alloc(arena, len + 1) : NULL;

	if (copy && len)
		memcpy(copy, data, len);
	return copy;
}

char *gh_arena_printf(struct gh_arena *arena, const char *format, ...)
{
	va_list args, again;

	va_start(args, format);
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	char *text = len >= 0 ? gh_arena_alloc(arena, (size_t)len + 1) : NULL;
	if (text)
		vsnprintf(text, (size_t)len + 1, format, args);
	va_end(args);
	return text;
}

struct gh_slice gh_arena_copy(struct gh_arena *arena, struct gh_slice slice)
{
	void *copy = gh_arena_alloc(arena, slice.len ? slice.len : 1);

	if (copy && slice.len)
		memcpy(copy, slice.data, slice.len);
	return gh_slice(copy, copy ? slice.len : 0);
}

size_t gh_arena_used(const struct gh_arena *arena)
{
	return arena->used;
}
