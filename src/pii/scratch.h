/* scratch.h: inside this room: what a scan keeps from text to text, so that a second one of the
 * size takes nothing from the allocator. */
#ifndef GH_PII_SCRATCH_H
#define GH_PII_SCRATCH_H

#include "pii/decode.h"
#include "pii/detect.h"
#include "pii/fold.h"
#include "pii/names.h"

#define GH_PII_BATCH_BLOCKS 16 /* of which the words are sifted together */
#define GH_PII_BATCH_WORDS  (GH_PII_BATCH_BLOCKS * GH_PII_BLOCK / 2)
#define GH_PII_MAX_PHRASES  4
_Static_assert(GH_PII_BATCH_WORDS <= GH_PII_NAMES_BATCH, "a batch goes to the names as a whole");

/* A phrase that the next word may go on with. */
struct gh_pii_phrase {
	uint64_t hash;
	uint32_t start;
};

/* The word pass: triggers.c. */
struct gh_pii_word_pass {
	bool in_word;
	size_t word_start, last_end;
	struct gh_pii_phrase phrases[GH_PII_MAX_PHRASES];
	size_t phrase_count;
	/* of one batch */
	uint16_t starts[GH_PII_BATCH_WORDS + GH_PII_PLACES_SPARE];
	uint16_t ends[GH_PII_BATCH_WORDS + GH_PII_PLACES_SPARE];
	uint16_t kept[GH_PII_BATCH_WORDS + 1];
	uint64_t hashes[GH_PII_BATCH_WORDS];
};

struct gh_pii_scratch {
	const struct gh_pii_classifier *classifier;
	struct gh_pii_bits bits[2][GH_PII_BLOCKS];
	struct gh_pii_trigger *triggers;
	size_t trigger_count, trigger_capacity;
	size_t next_trigger; /* the first that no detector was offered yet */
	struct gh_pii_table table;
	struct gh_pii_fold fold;
	struct gh_pii_decoder decoder;
	struct gh_pii_names names;
	struct gh_pii_word_pass pass;
};

#define GH_PII_PERSONS    (1u << GH_PII_NAME | 1u << GH_PII_ADDRESS)
#define GH_PII_INDICATORS (1u << GH_PII_HEALTH | 1u << GH_PII_BIOMETRIC | 1u << GH_PII_MINOR)

void gh_pii_words_begin(struct gh_pii_scan *scan);

/* The words of some blocks, at most GH_PII_BATCH_BLOCKS: what means something becomes a trigger,
 * and all of them go to the names. A word goes on from batch to batch; `is_last` ends it. */
void gh_pii_words_of_blocks(struct gh_pii_scan *scan, const struct gh_pii_bits *bits, size_t blocks,
                            size_t base, bool is_last);

/* Leaves disjoint matches: of those that overlap the surest. They come nearly in order. settle.c */
void gh_pii_sort_matches(struct gh_pii_matches *matches);
void gh_pii_settle_matches(struct gh_pii_matches *matches);
int gh_pii_compare_matches(const void *a, const void *b);

#endif
