/* Turns a byte span into what a person reads: line, column, the line itself and a caret. Control
 * characters of a hostile source never reach the terminal. */
#include "policy/cedar/diagnostic.h"

#include <stdio.h>

#define SHOWN_BYTES 160 /* of the source line */

static bool is_continuation(uint8_t c)
{
	return (c & 0xc0) == 0x80;
}

static size_t line_start(struct gh_slice source, size_t at)
{
	while (at > 0 && source.data[at - 1] != '\n')
		at--;
	return at;
}

void gh_cedar_diagnose(struct gh_cedar_diagnostic *out, struct gh_slice source,
                       struct gh_cedar_span span, const char *format, ...)
{
	va_list args;

	if (!out)
		return;
	if (span.start > source.len)
		span.start = (uint32_t)source.len;
	if (span.end < span.start)
		span.end = span.start;
	out->span = span;
	out->line = 1;
	for (size_t i = 0; i < span.start; i++)
		if (source.data[i] == '\n')
			out->line++;
	out->column = 1;
	for (size_t i = line_start(source, span.start); i < span.start; i++)
		if (!is_continuation(source.data[i]))
			out->column++;
	va_start(args, format);
	vsnprintf(out->text, sizeof out->text, format, args);
	va_end(args);
	for (char *c = out->text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
}

static void add_printable(struct gh_buf *out, struct gh_slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];
		gh_buf_add_byte(out, c < 0x20 || c == 0x7f ? ' ' : c);
	}
}

void gh_cedar_diagnostic_print(const struct gh_cedar_diagnostic *diagnostic, const char *file,
                               struct gh_slice source, struct gh_buf *out)
{
	size_t at = diagnostic->span.start <= source.len ? diagnostic->span.start : source.len;
	size_t start = line_start(source, at), end = at;

	gh_buf_addf(out, "%s:%u:%u: %s: %s\n", file, diagnostic->line, diagnostic->column,
	            diagnostic->warning ? "warning" : "error", diagnostic->text);
	if (diagnostic->line == 0 || source.len == 0)
		return;
	while (end < source.len && source.data[end] != '\n')
		end++;
	/* A very long line is shown around the fault only. */
	if (at - start > SHOWN_BYTES / 2) {
		start = at - SHOWN_BYTES / 2;
		while (start < at && is_continuation(source.data[start]))
			start++;
	}
	if (end - start > SHOWN_BYTES) {
		end = start + SHOWN_BYTES;
		while (end > at && end < source.len && is_continuation(source.data[end]))
			end--;
	}
	int margin = (int)gh_buf_slice(out).len;
	gh_buf_addf(out, "%5u | ", diagnostic->line);
	margin = (int)gh_buf_slice(out).len - margin;
	add_printable(out, gh_slice(source.data + start, end - start));
	gh_buf_add_byte(out, '\n');
	for (int i = 0; i < margin - 2; i++)
		gh_buf_add_byte(out, ' ');
	gh_buf_add_str(out, "| ");
	for (size_t i = start; i < at; i++)
		if (!is_continuation(source.data[i]))
			gh_buf_add_byte(out, ' ');
	size_t carets = 0;
	for (size_t i = at; i < diagnostic->span.end && i < end; i++)
		if (!is_continuation(source.data[i]) && ++carets)
			gh_buf_add_byte(out, '^');
	gh_buf_add_str(out, carets ? "\n" : "^\n");
}
