/* Tables: the columns of any text are in order, disjoint and inside one line each, and a row that
 * is moved below a comment line is found there again. */
#include "fuzz_pii.h"

#include "pii/detect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gh_pii_table whole = { 0 }, steps = { 0 };
	size_t done = 0, kept = 0;

	if (size > 65536)
		return 0;
	uint8_t *copy = fuzz_copy(gh_slice(data, size));
	const struct gh_slice text = gh_slice(copy, size);

	CHECK(gh_pii_table_read(&whole, text, size));
	for (size_t i = 0; i < whole.count; i++) {
		CHECK(whole.columns[i].start >= done &&
		      whole.columns[i].end >= whole.columns[i].start);
		CHECK(whole.columns[i].end <= text.len && whole.columns[i].groups != 0);
		CHECK(!memchr(text.data + whole.columns[i].start, '\n',
		              whole.columns[i].end - whole.columns[i].start));
		done = whole.columns[i].end;
	}
	/* Step by step, forgetting what lies behind, comes to the same end. */
	gh_pii_table_begin(&steps);
	for (size_t at = 0; at < size; at += 1 + size / 7) {
		CHECK(gh_pii_table_read(&steps, text, at));
		gh_pii_table_forget(&steps, at / 2);
	}
	CHECK(gh_pii_table_read(&steps, text, size));
	CHECK(steps.count <= whole.count && steps.at == whole.at);
	kept = whole.count - steps.count;
	CHECK(steps.count == 0 || memcmp(whole.columns + kept, steps.columns,
	                                 steps.count * sizeof *steps.columns) == 0);
	free(whole.columns);
	free(steps.columns);
	free(copy);
	return 0;
}
