/* What the margins of a trained model are worth, measured on the folds kept out, with the weights
 * as they are in the file. */
#include "train.h"

#include <stdio.h>
#include <stdlib.h>

struct guess {
	int margin;
	bool right;
};

static int by_margin(const void *a, const void *b)
{
	return ((const struct guess *)a)->margin - ((const struct guess *)b)->margin;
}

static void weigh_quantised(const struct trainer *t, const uint8_t *file, struct example *e,
                            int32_t *sum)
{
	const int8_t *rows = (const int8_t *)file + HEADER;

	for (int l = 0; l < LABELS; l++)
		sum[l] = 0;
	for (int f = 0; f < FEATURES; f++)
		for (int l = 0; l < LABELS; l++)
			sum[l] += rows[(size_t)e->rows[f] * LABELS + (size_t)l];
}

/* How sure a margin makes us that a word is part of a name: isotonic regression over words of the
 * folds kept out, in at most GH_PII_TAGGER_LEVELS steps. */
void calibrate(struct trainer *t, uint8_t *file)
{
	int16_t moves[LABELS][LABELS], first[2][LABELS];
	struct guess *guesses = malloc(t->example_count * sizeof *guesses);
	size_t count = 0, strict[SOURCES] = { 0 }, in_window[SOURCES] = { 0 },
	       guessed[SOURCES] = { 0 };

	memcpy(moves, file + 32, sizeof moves);
	memcpy(first, file + 160, sizeof first);
	for (size_t n = 0; n < t->segment_count; n++) {
		const struct segment *s = &t->segments[n];
		int32_t e[GH_PII_TAGGER_SEGMENT][LABELS], a[GH_PII_TAGGER_SEGMENT][LABELS],
		    rest[LABELS] = { 0 };
		uint8_t labels[GH_PII_TAGGER_SEGMENT];
		if (s->fold < KEPT_OUT)
			continue;
		for (size_t i = 0; i < s->count; i++) {
			weigh_quantised(t, file, &t->examples[s->first + i], e[i]);
			for (int l = 0; l < LABELS; l++) {
				int32_t best = i == 0 ? first[s->comma][l] : INT32_MIN;
				for (int j = 0; i > 0 && j < LABELS; j++)
					if (a[i - 1][j] + moves[j][l] > best)
						best = a[i - 1][j] + moves[j][l];
				if (t->examples[s->first + i].digit &&
				    (l == GH_PII_TAG_NAME || l == GH_PII_TAG_NAME_ON))
					e[i][l] -= 4000;
				a[i][l] = best + e[i][l];
			}
		}
		for (size_t i = s->count; i-- > 0;) {
			int32_t name = INT32_MIN, other = INT32_MIN;
			labels[i] = 0;
			for (int l = 0; l < LABELS; l++) {
				int32_t all = a[i][l] + rest[l];
				bool is_name = l == GH_PII_TAG_NAME || l == GH_PII_TAG_NAME_ON;
				if (is_name && all > name)
					name = all;
				if (!is_name && all > other)
					other = all;
				if (all > a[i][labels[i]] + rest[labels[i]])
					labels[i] = (uint8_t)l;
			}
			uint8_t gold = t->examples[s->first + i].gold;
			guesses[count++] =
			    (struct guess){ name - other,
				            gold == GH_PII_TAG_NAME || gold == GH_PII_TAG_NAME_ON };
			int32_t before[LABELS];
			for (int j = 0; j < LABELS; j++) {
				before[j] = INT32_MIN;
				for (int l = 0; l < LABELS; l++)
					if (moves[j][l] + e[i][l] + rest[l] > before[j])
						before[j] = moves[j][l] + e[i][l] + rest[l];
			}
			memcpy(rest, before, sizeof rest);
		}
		for (size_t i = 0; i < s->count; i++) {
			const struct example *x = &t->examples[s->first + i];
			bool begins = x->gold == GH_PII_TAG_NAME,
			     same = begins && labels[i] == x->gold;
			in_window[s->source] += begins;
			guessed[s->source] += labels[i] == GH_PII_TAG_NAME;
			size_t j = i + 1;
			for (; begins && j < s->count && x[j - i].gold == GH_PII_TAG_NAME_ON; j++)
				same = same && labels[j] == GH_PII_TAG_NAME_ON;
			if (same && (j >= s->count || labels[j] != GH_PII_TAG_NAME_ON))
				strict[s->source]++;
		}
	}
	for (size_t i = 0; i < SOURCES; i++) {
		if (t->kept_out[i] + guessed[i] == 0)
			continue;
		double p = guessed[i] ? (double)strict[i] / (double)guessed[i] : 0,
		       r = t->kept_out[i] ? (double)strict[i] / (double)t->kept_out[i] : 0;
		fprintf(
		    stderr,
		    "source %2zu kept out: %5zu names, %5zu in windows; strict P %.3f R %.3f F1 "
		    "%.3f\n",
		    i, t->kept_out[i], in_window[i], p, r, p + r > 0 ? 2 * p * r / (p + r) : 0);
	}
	if (count == 0) {
		free(guesses);
		return;
	}
	qsort(guesses, count, sizeof *guesses, by_margin);
	/* Pools of adjacent violators, then merged until they are few. */
	struct pool {
		int least;
		double right, all;
	} *pools = malloc(count * sizeof *pools);
	size_t pool_count = 0;
	for (size_t i = 0; i < count; i++) {
		if (pool_count > 0 && pools[pool_count - 1].all < 60) {
			pools[pool_count - 1].all++;
			pools[pool_count - 1].right += guesses[i].right;
		} else {
			pools[pool_count++] =
			    (struct pool){ guesses[i].margin, guesses[i].right, 1 };
		}
		while (pool_count > 1 &&
		       pools[pool_count - 2].right / pools[pool_count - 2].all >=
		           pools[pool_count - 1].right / pools[pool_count - 1].all &&
		       pools[pool_count - 1].all >= 60) {
			pools[pool_count - 2].right += pools[pool_count - 1].right;
			pools[pool_count - 2].all += pools[pool_count - 1].all;
			pool_count--;
		}
	}
	while (pool_count > GH_PII_TAGGER_LEVELS) {
		size_t least = 0;
		double nearest = 2;
		for (size_t i = 0; i + 1 < pool_count; i++) {
			double gap =
			    pools[i + 1].right / pools[i + 1].all - pools[i].right / pools[i].all;
			if (gap < nearest) {
				nearest = gap;
				least = i;
			}
		}
		pools[least].right += pools[least + 1].right;
		pools[least].all += pools[least + 1].all;
		memmove(&pools[least + 1], &pools[least + 2],
		        (pool_count - least - 2) * sizeof *pools);
		pool_count--;
	}
	int16_t levels[GH_PII_TAGGER_LEVELS];
	uint8_t sure[GH_PII_TAGGER_LEVELS];
	for (size_t i = 0; i < GH_PII_TAGGER_LEVELS; i++) {
		const struct pool *pool = &pools[i < pool_count ? i : pool_count - 1];
		levels[i] = (int16_t)(i == 0                                      ? INT16_MIN
		                      : i < pool_count && pool->least < INT16_MAX ? pool->least
		                                                                  : INT16_MAX);
		sure[i] = (uint8_t)(100 * (pool->right + 0.5) / (pool->all + 1) + 0.5);
		if (i > 0 && sure[i] < sure[i - 1])
			sure[i] = sure[i - 1];
	}
	memcpy(file + 192, levels, sizeof levels);
	memcpy(file + 256, sure, sizeof sure);
	for (size_t i = 0; i < pool_count; i++)
		fprintf(stderr, "%d:%u ", levels[i], sure[i]);
	fprintf(stderr, "\n");
	free(pools);
	free(guesses);
}
