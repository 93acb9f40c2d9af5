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
};

/* `text` holds blocks * 64 readable bytes. */
typedef void gh_pii_classify_fn(const uint8_t *text, size_t blocks, struct gh_pii_bits *out);

struct gh_pii_classifier {
	const char *name;
	gh_pii_classify_fn *run;
	bool (*usable)(void);
};
/* Best first; the last one is scalar and always usable. */
extern const struct gh_pii_classifier gh_pii_classifiers[];
gh_pii_classify_fn *gh_pii_best_classifier(void);

/* For tests: scans into `matches` classify with `run` from now on. GH_E_MEMORY. */
struct gh_pii_matches;
gh_result gh_pii_scan_with(struct gh_pii_matches *matches, gh_pii_classify_fn *run);

void gh_pii_classify_scalar(const uint8_t *text, size_t blocks, struct gh_pii_bits *out);
bool gh_pii_always(void);

#endif
