#include "base/result.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Thread_local struct gh_error last_error;

static const char *const code_names[GH_E_COUNT] = {
	[GH_OK] = "ok",
	[GH_E_ARGUMENT] = "argument",
	[GH_E_FORMAT] = "format",
	[GH_E_LIMIT] = "limit",
	[GH_E_MEMORY] = "memory",
	[GH_E_IO] = "io",
	[GH_E_CRYPTO] = "crypto",
	[GH_E_DENIED] = "denied",
	[GH_E_EXPIRED] = "expired",
	[GH_E_NOT_FOUND] = "not-found",
	[GH_E_CONFLICT] = "conflict",
	[GH_E_UNAVAILABLE] = "unavailable",
	[GH_E_CORRUPT] = "corrupt",
	[GH_E_IN_DOUBT] = "in-doubt",
	[GH_E_INTERNAL] = "internal",
};

enum gh_code gh_fail_at(const char *file, int line, enum gh_code code, const char *format, ...)
{
	/* Formatted aside first: the arguments may point into the record that is being replaced. */
	char text[sizeof last_error.text];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);

	const char *slash = strrchr(file, '/');
	last_error.code = code;
	last_error.file = slash ? slash + 1 : file;
	last_error.line = line;
	memcpy(last_error.text, text, sizeof text);
	return code;
}

const struct gh_error *gh_last_error(void)
{
	return &last_error;
}

const char *gh_code_name(enum gh_code code)
{
	return (unsigned)code < GH_E_COUNT ? code_names[code] : "unknown";
}

void gh_free_ptr(void *pointer_to_pointer)
{
	free(*(void **)pointer_to_pointer);
}

void gh_fd_close_ptr(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
