/* scan.h: finds personal data in a text. Candidates come from cheap signs (an '@', a run of digits,
 * a vendor's prefix, a trigger word), verifiers decide, context raises or lowers the confidence.
 * Linear in the text; offsets are bytes, and never cut a UTF-8 sequence. */
#ifndef GH_PII_SCAN_H
#define GH_PII_SCAN_H

#include "base/result.h"
#include "base/slice.h"
#include "pii/classes.h"

struct gh_pii_match {
	uint32_t start, end; /* bytes, end exclusive */
	uint8_t class;       /* enum gh_pii_class */
	uint8_t confidence;  /* 0..100: percent of such findings that are right */
	uint16_t custom;     /* of GH_PII_CUSTOM: which one of the tenant's set */
	/* "ssn", "iban", "aws-access-key", …: a constant; of GH_PII_CUSTOM its name, in the set. */
	const char *kind;
};

struct gh_pii_scratch;

/* Growable; free with gh_pii_matches_free. Reused over scans without allocating; used by one scan
 * at a time. */
struct gh_pii_matches {
	struct gh_pii_match *items;
	size_t count, capacity;
	struct gh_pii_scratch *scratch; /* the scanner's own */
	bool truncated; /* memory or GH_PII_MAX_MATCHES ran out: treat the text as unscanned */
};

#define GH_PII_MAX_MATCHES    (1u << 20)
#define GH_PII_MAX_TEXT_BYTES (1u << 30)

/* What a scan takes from the allocator beside the matches' own growth: at most this, and that much
 * for each byte of the text. Kept from text to text, so that a second one of the size takes none.
 */
#define GH_PII_SCRATCH_BYTES    ((size_t)512 << 10)
#define GH_PII_SCRATCH_PER_BYTE ((size_t)24)

void gh_pii_matches_free(struct gh_pii_matches *matches);

struct gh_pii_context {
	struct gh_slice key; /* JSON key or CSV header that the text stands under; may be empty */
	uint32_t without; /* 1 << class: not looked for. Names and addresses cost most of a scan */
	struct gh_pii_custom *custom; /* the tenant's own patterns; NULL: none */
	/* Of each class the confidence below which a finding must not stand in the way of another;
	 * NULL: none. Up to GH_PII_LEAST it changes nothing: so much decides between rivals. */
	const uint8_t *least;
	bool raw; /* confidence as the detectors score it, before calibration */
};

/* Replaces the content of `out` by disjoint matches in order of position, whatever their
 * confidence. GH_E_LIMIT when the text or the number of matches is over its bound. */
gh_result gh_pii_scan(struct gh_slice text, const struct gh_pii_context *context,
                      struct gh_pii_matches *out);

#endif
