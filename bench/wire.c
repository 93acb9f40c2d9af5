/* wire.c: shared by the benchmark's client and its upstream. */
#include "wire.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

uint64_t mono_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void stamp_write(uint64_t ns, char out[STAMP_CHARS])
{
	memcpy(out, STAMP_PREFIX, 2);
	for (int i = 0; i < 16; i++)
		out[2 + i] = (char)('a' + ((ns >> (60 - 4 * i)) & 15));
}

bool stamp_read(const char *text, uint64_t *ns)
{
	uint64_t value = 0;

	if (memcmp(text, STAMP_PREFIX, 2) != 0)
		return false;
	for (int i = 0; i < 16; i++) {
		char letter = text[2 + i];

		if (letter < 'a' || letter > 'p')
			return false;
		value = value << 4 | (uint64_t)(letter - 'a');
	}
	*ns = value;
	return true;
}

bool head_field(const char *head, size_t len, const char *name, const char **value,
                size_t *value_len)
{
	size_t name_len = strlen(name);
	const char *end = head + len;

	for (const char *line = head; line < end;) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));

		if (!stop)
			return false;
		if ((size_t)(stop - line) > name_len && strncasecmp(line, name, name_len) == 0) {
			const char *first = line + name_len;
			const char *last = stop;

			while (first < last && (*first == ' ' || *first == '\t'))
				first++;
			while (last > first && (last[-1] == '\r' || last[-1] == ' '))
				last--;
			*value = first;
			*value_len = (size_t)(last - first);
			return true;
		}
		line = stop + 1;
	}
	return false;
}

bool parse_decimal(const char *text, size_t len, uint64_t *out)
{
	uint64_t value = 0;

	if (len == 0 || len > 18)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(text[i] - '0');
	}
	*out = value;
	return true;
}

void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

void *must_alloc(void *old, size_t size)
{
	void *memory = realloc(old, size);

	if (!memory)
		die("out of memory");
	return memory;
}
