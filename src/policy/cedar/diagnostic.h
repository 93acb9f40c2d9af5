/* diagnostic.h: an error or a warning in a source text as a compiler shows it: where, what, the
 * line and a caret. Shared by the policy parser, the schema parser and the validator. */
#ifndef GH_POLICY_CEDAR_DIAGNOSTIC_H
#define GH_POLICY_CEDAR_DIAGNOSTIC_H

#include "base/buf.h"
#include "base/slice.h"

/* Byte offsets into the source that was parsed. Sources are at most 16 MiB. */
struct gh_cedar_span {
	uint32_t start;
	uint32_t end; /* exclusive; >= start */
};

struct gh_cedar_diagnostic {
	struct gh_cedar_span span;
	uint32_t line;   /* from 1 */
	uint32_t column; /* from 1, in characters (UTF-8 sequences) */
	char text[200];  /* one line; quotes from the source are escaped and cut */
	bool warning;    /* the source is taken all the same */
};

/* Fills line and column from the span, and the text. */
void gh_cedar_diagnose(struct gh_cedar_diagnostic *out, struct gh_slice source,
                       struct gh_cedar_span span, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* "file:3:14: error: text" (or warning), the source line, and a caret line under it; each ends with
 * '\n'. */
void gh_cedar_diagnostic_print(const struct gh_cedar_diagnostic *diagnostic, const char *file,
                               struct gh_slice source, struct gh_buf *out);

#endif
