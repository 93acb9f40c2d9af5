/* custom_set.h: inside this room: a compiled set. */
#ifndef GH_PII_CUSTOM_SET_H
#define GH_PII_CUSTOM_SET_H

#include <hs.h>
#include <pthread.h>

#include "pii/custom_parse.h"

/* What a Hyperscan id stands for. */
struct gh_pii_custom_target {
	uint16_t definition;
	uint16_t len; /* of a word */
};

struct gh_pii_custom_entry {
	char name[GH_PII_CUSTOM_NAME_MAX + 1];
	uint8_t confidence;
	uint8_t mode[GH_PII_CHANNEL_COUNT];
};

/* Values that are never reported: an open-addressing table into one run of bytes. */
struct gh_pii_allowed {
	uint64_t hash;
	uint32_t at, len;
};

struct gh_pii_custom_scratch {
	hs_scratch_t *hs;
	struct gh_buf clean; /* the text without what is not UTF-8 */
	struct gh_pii_custom_scratch *next;
};

struct gh_pii_custom {
	unsigned references; /* atomic */
	uint8_t digest[32];
	struct gh_pii_custom_entry entries[GH_PII_CUSTOM_MAX];
	size_t entry_count;
	hs_database_t *regex_db, *word_db; /* NULL: none */
	struct gh_pii_custom_target *regexes, *words;
	size_t regex_count, word_count;
	struct gh_pii_allowed *allowed;
	size_t allowed_slots, allowed_count;
	struct gh_buf allowed_text;
	uint64_t seed;
	size_t width;

	/* One for each scan that runs at the same time, so one a thread; behind the lock. */
	pthread_mutex_t lock;
	struct gh_pii_custom_scratch *idle;
};

/* custom_find.c */
gh_result gh_pii_custom_allow(struct gh_pii_custom *custom, struct gh_slice value);
gh_result gh_pii_custom_scratch_take(struct gh_pii_custom *custom,
                                     struct gh_pii_custom_scratch **out);
void gh_pii_custom_scratch_give(struct gh_pii_custom *custom,
                                struct gh_pii_custom_scratch *scratch);
void gh_pii_custom_scratch_free(struct gh_pii_custom_scratch *scratch);

#endif
