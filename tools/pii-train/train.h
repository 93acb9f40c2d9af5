/* train.h: what the two halves of the trainer share: the examples, and where things stand in a
 * model. */
#ifndef PII_TRAIN_H
#define PII_TRAIN_H

#include "pii/detect.h"
#include "pii/names.h"

#define ROW_BITS  16
#define GAZ_BITS  18
#define BARE_BITS 19
#define HEADER    320
#define MARGIN    60 /* how much better than a wrong label the right one must score */
#define FEATURES  GH_PII_TAGGER_FEATURES
#define LABELS    GH_PII_TAG_COUNT
#define FORBIDDEN -6000
#define SOURCES   32
#define KEPT_OUT  8 /* folds from here on */
#ifndef RUNS
#define RUNS 4 /* whose weights are averaged */
#endif
#ifndef HIDDEN
#define HIDDEN 40 /* of 256 features */
#endif
#ifndef FORGOTTEN
#define FORGOTTEN 10 /* percent of names */
#endif

struct example {
	uint32_t rows[FEATURES];
	uint8_t gold, digit;
};

struct segment {
	uint32_t first, source;
	uint8_t count, comma, fold;
};

struct trainer {
	struct example *examples;
	size_t example_count, example_capacity;
	struct segment *segments;
	size_t segment_count, segment_capacity;
	/* the row at hand */
	const uint8_t *gold; /* a label for each byte of the text; | 0x80 on the first of a span */
	uint8_t fold;
	uint32_t source;
	uint64_t row;
	size_t kept_out[SOURCES]; /* names in the folds kept out */
	/* weights and their sums over time */
	int32_t *weight;
	int64_t *total;
	int32_t *since;
	int32_t moves[LABELS][LABELS], first[2][LABELS];
	int64_t moves_total[LABELS][LABELS], first_total[2][LABELS];
	int32_t now;
	uint32_t hidden[GH_PII_TAGGER_SEGMENT]; /* features of the segment at hand, a bit each */
	uint64_t random;
};

/* Writes the levels of confidence into `file`, from the folds kept out, and prints their scores. */
void calibrate(struct trainer *t, uint8_t *file);

#endif
