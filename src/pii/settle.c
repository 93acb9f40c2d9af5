/* Overlaps: of matches that share bytes one stays, so that a rewrite is one splice. */
#include "pii/scratch.h"

static bool comes_before(const struct gh_pii_match *a, const struct gh_pii_match *b)
{
	if (a->start != b->start)
		return a->start < b->start;
	if (a->end != b->end)
		return a->end > b->end;
	if (a->confidence != b->confidence)
		return a->confidence > b->confidence;
	return strcmp(a->kind, b->kind) < 0;
}

int gh_pii_compare_matches(const void *a, const void *b)
{
	return comes_before(a, b) ? -1 : comes_before(b, a) ? 1 : 0;
}

/* Candidates come nearly in order: out of place by no more than a detector looks around. */
void gh_pii_sort_matches(struct gh_pii_matches *matches)
{
	for (size_t i = 1; i < matches->count; i++) {
		struct gh_pii_match item = matches->items[i];
		size_t at = i;
		for (; at > 0 && comes_before(&item, &matches->items[at - 1]); at--)
			matches->items[at] = matches->items[at - 1];
		matches->items[at] = item;
	}
}

/* Which of two overlapping ones stays: the surer, then the longer; of one class the longer as long
 * as it is about as sure. */
static bool beats(const struct gh_pii_match *a, const struct gh_pii_match *b)
{
	uint32_t a_len = a->end - a->start, b_len = b->end - b->start;

	/* Words look like a name; what has a form of its own is proven by it. */
	if (a->class == GH_PII_NAME && b->class != GH_PII_NAME && b->confidence >= 50)
		return false;
	if (b->class == GH_PII_NAME && a->class != GH_PII_NAME && a->confidence >= 50)
		return true;
	if (a->class == b->class && a_len != b_len) {
		int gap = a->confidence - b->confidence;
		if (gap >= -12 && gap <= 12)
			return a_len > b_len;
	}
	if (a->confidence != b->confidence)
		return a->confidence > b->confidence;
	return a_len > b_len;
}

void gh_pii_settle_matches(struct gh_pii_matches *matches)
{
	size_t kept = 0;

	for (size_t i = 0; i < matches->count; i++) {
		struct gh_pii_match item = matches->items[i];
		size_t rivals = 0;
		bool stays = true;
		/* Only who beats every rival replaces them: nobody is dropped for a loser. */
		while (rivals < kept && matches->items[kept - 1 - rivals].end > item.start && stays)
			stays = beats(&item, &matches->items[kept - 1 - rivals++]);
		if (!stays)
			continue;
		kept -= rivals;
		matches->items[kept++] = item;
	}
	matches->count = kept;
}
