/* known_names.h: inside this room: who was named with certainty in a request. The bare first or
 * last name of such a person counts as a name in what follows, whatever stands around it. Holds
 * keyed hashes of at most GH_PII_KNOWN_NAMES words, no text; wiped with the session. */
#ifndef GH_PII_KNOWN_NAMES_H
#define GH_PII_KNOWN_NAMES_H

#include "pii/scan.h"
#include "pii/tagger.h"

#define GH_PII_KNOWN_NAMES 256

/* Zeroed is empty, with no key. */
struct gh_pii_known_names {
	uint64_t words[2 * GH_PII_KNOWN_NAMES]; /* open addressing; 0: free */
	size_t count;
	struct gh_pii_tagger tagger;
	struct gh_pii_match *found; /* scratch */
	size_t found_count, found_capacity;
	uint64_t key;
	bool is_open;
};

gh_result gh_pii_known_names_open(struct gh_pii_known_names *known, uint64_t key);
void gh_pii_known_names_close(struct gh_pii_known_names *known); /* wipes */

/* Reads text[from, to) once, left to right: sure names among `matches` become known, and words that
 * are known by then and lie in no match become matches too. `threshold`: from which confidence on a
 * match stands. GH_E_MEMORY. */
gh_result gh_pii_known_names_apply(struct gh_pii_known_names *known, struct gh_slice text,
                                   size_t from, size_t to,
                                   const uint8_t threshold[GH_PII_CLASS_COUNT],
                                   struct gh_pii_matches *matches);

#endif
