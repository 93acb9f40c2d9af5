/* simd.h: inside this room: what each byte is, 64 at a time. Every variant gives the same bits as
 * the scalar one; the processor decides which runs. */
#ifndef GH_PII_SIMD_H
#define GH_PII_SIMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"

#define GH_PII_BLOCK 64

/* One bit a byte, the first byte lowest. */
struct gh_pii_bits {
	uint64_t word; /* letters, digits, bytes beyond ASCII */
	uint64_t digit;
	uint64_t at;     /* '@' */
	uint64_t assign; /* ':' and '=' */
	uint64_t line;   /* '\n' */
	uint64_t column; /* ',', ';', '|' and the tabulator: what may part the fields of a table */
};

/* `text` holds blocks * 64 readable bytes. */
typedef void gh_pii_classify_fn(const uint8_t *text, size_t blocks, struct gh_pii_bits *out);

/* Writes the place of each set bit, in order, the lowest of masks[0] being 0; returns how many
 * there are. `out` has room for count * 64 + GH_PII_PLACES_SPARE. `count` is at most 1024: places
 * are of 16 bits. */
typedef size_t gh_pii_places_fn(const uint64_t *masks, size_t count, uint16_t *out);
#define GH_PII_PLACES_SPARE 64

struct gh_pii_classifier {
	const char *name;
	gh_pii_classify_fn *run;
	gh_pii_places_fn *places;
	bool (*usable)(void);
};
/* Best first; the last one is scalar and always usable. */
extern const struct gh_pii_classifier gh_pii_classifiers[];
const struct gh_pii_classifier *gh_pii_best_classifier(void);

/* For tests: scans into `matches` classify with that one from now on. GH_E_MEMORY. */
struct gh_pii_matches;
gh_result gh_pii_scan_with(struct gh_pii_matches *matches,
                           const struct gh_pii_classifier *classifier);

void gh_pii_classify_scalar(const uint8_t *text, size_t blocks, struct gh_pii_bits *out);
size_t gh_pii_places_scalar(const uint64_t *masks, size_t count, uint16_t *out);
bool gh_pii_always(void);

#endif
