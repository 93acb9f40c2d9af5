/* Tables: the columns of any text are in order, disjoint and inside one line each, and a row that
 * is moved below a comment line is found there again. */
#include "fuzz_pii.h"

#include "pii/detect.h"

/* Classifies text[from, to) and reads the lines that begin in it. */
static void read_lines(struct gh_pii_table *table, struct gh_slice text, size_t from, size_t to)
{
	const size_t blocks = (to - from + GH_PII_BLOCK - 1) / GH_PII_BLOCK;
	struct gh_pii_bits *bits = calloc(blocks + 1, sizeof *bits);
	uint8_t *padded = calloc(blocks + 1, GH_PII_BLOCK);

	CHECK(bits && padded);
	memcpy(padded, text.data + from, to - from);
	gh_pii_best_classifier()->run(padded, blocks, bits);
	CHECK(gh_pii_table_read(table, text, bits, from, to));
	free(padded);
	free(bits);
}

static bool is_same(const struct gh_pii_column *a, const struct gh_pii_column *b)
{
	return a->start == b->start && a->end == b->end && a->groups == b->groups &&
	       a->is_person == b->is_person;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gh_pii_table whole = { 0 }, steps = { 0 };
	size_t done = 0, kept = 0;

	if (size > 65536)
		return 0;
	uint8_t *copy = fuzz_copy(gh_slice(data, size));
	const struct gh_slice text = gh_slice(copy, size);

	read_lines(&whole, text, 0, size);
	for (size_t i = 0; i < whole.count; i++) {
		CHECK(whole.columns[i].start >= done &&
		      whole.columns[i].end >= whole.columns[i].start);
		CHECK(whole.columns[i].end <= text.len &&
		      (whole.columns[i].groups || whole.columns[i].is_person));
		CHECK(!memchr(text.data + whole.columns[i].start, '\n',
		              whole.columns[i].end - whole.columns[i].start));
		done = whole.columns[i].end;
	}
	/* Step by step, forgetting what lies behind, comes to the same end. */
	gh_pii_table_begin(&steps);
	const size_t step = 1 + size / 7;
	for (size_t at = 0; at < size; at += step) {
		read_lines(&steps, text, at, size - at < step ? size : at + step);
		gh_pii_table_forget(&steps, at / 2);
	}
	CHECK(steps.count <= whole.count && steps.at == whole.at);
	kept = whole.count - steps.count;
	for (size_t i = 0; i < steps.count; i++)
		CHECK(is_same(&whole.columns[kept + i], &steps.columns[i]));
	free(whole.columns);
	free(steps.columns);
	free(copy);
	return 0;
}
