/* From a detector's score, which its author set, to the probability that a finding is right, as it
 * was measured: a small table, made by tools/pii-calibrate, with a line for a class and lines for
 * the kinds of which there was enough to measure. */
#include "pii/calibration.h"

#define MAX_STEPS 12
#define MAX_KINDS 24

static const struct line {
	const char *kind;
	struct {
		uint8_t score, percent;
	} step[MAX_STEPS];
} lines[GH_PII_CLASS_COUNT][MAX_KINDS] = {
#include "pii/calibration.inc"
};

/* Straight between two steps; below the first never more than the score itself. */
static uint8_t percent_of(const struct line *line, uint8_t score)
{
	size_t at = 0;

	if (score < line->step[0].score)
		return score < line->step[0].percent ? score : line->step[0].percent;
	while (at + 1 < MAX_STEPS && line->step[at + 1].score > 0 &&
	       line->step[at + 1].score <= score)
		at++;
	int low = line->step[at].score, from = line->step[at].percent;
	if (at + 1 == MAX_STEPS || line->step[at + 1].score == 0)
		return (uint8_t)from;
	int high = line->step[at + 1].score, to = line->step[at + 1].percent;
	return (uint8_t)(from +
	                 ((to - from) * (score - low) * 2 + (high - low)) / (2 * (high - low)));
}

/* Nearly all differ in their first letter. */
static bool is_kind(const struct line *line, const char *kind)
{
	return line->kind[0] == kind[0] && strcmp(line->kind, kind) == 0;
}

uint8_t gh_pii_calibrate(enum gh_pii_class class, const char *kind, uint8_t score)
{
	const struct line *line = lines[class];

	/* Lines of kinds stand before that of their class. */
	while (line->kind && !is_kind(line, kind))
		line++;
	return line->step[0].score > 0 ? percent_of(line, score) : score;
}
