/* pii_read.h: personal data in one file, whatever it is: text, a table, JSON, JSON lines. A file is
 * read once, through a window of a few MiB, however long it is; only a single JSON document is held
 * as a whole, and read as text when it is longer than PII_READ_MAX_JSON. */
#ifndef GH_CLI_PII_READ_H
#define GH_CLI_PII_READ_H

#include <stdint.h>

#include "base/buf.h"
#include "pii/scan.h"

#define PII_READ_MAX_JSON ((size_t)64 << 20)

struct pii_finding {
	const char *file;
	struct gh_slice path; /* JSON pointer; empty outside of JSON */
	size_t line, column;  /* from 1; columns are characters */
	uint64_t start, end;  /* bytes in the file, end exclusive */
	const struct gh_pii_match *match;
	struct gh_slice value; /* borrowed, decoded */
};

/* Called for every finding, in order, whatever its confidence. */
typedef void pii_finding_fn(void *context, const struct pii_finding *finding);

/* Zeroed is ready; memory is kept from file to file and wiped by pii_reader_free. */
struct pii_reader {
	pii_finding_fn *found;
	void *context;
	struct gh_pii_custom *custom; /* one's own patterns; NULL: none; borrowed */
	struct gh_buf window;
	struct gh_pii_matches matches;
	uint64_t bytes_read; /* of all files so far */
};

enum pii_kind { PII_TEXT, PII_TABLE, PII_JSON, PII_JSON_LINES, PII_BINARY };

/* Reads `fd` to its end. `name` tells the kind when its ending is known, the content otherwise.
 * *kind PII_BINARY: it holds NUL bytes, and nothing was looked for. GH_E_IO, GH_E_LIMIT. */
gh_result pii_read(struct pii_reader *reader, int fd, const char *name, enum pii_kind *kind);
void pii_reader_free(struct pii_reader *reader);

#endif
