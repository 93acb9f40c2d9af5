/* Tables: the columns of any text are in order, disjoint and inside one line each, and a row that
 * is moved below a comment line is found there again. */
#include "fuzz_pii.h"

#include "pii/detect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gh_pii_column *columns = NULL;
	size_t count = 0, capacity = 0, done = 0;

	if (size > 65536)
		return 0;
	uint8_t *copy = fuzz_copy(gh_slice(data, size));
	const struct gh_slice text = gh_slice(copy, size);

	OK(gh_pii_csv_columns(text, &columns, &count, &capacity));
	for (size_t i = 0; i < count; i++) {
		CHECK(columns[i].start >= done && columns[i].end >= columns[i].start);
		CHECK(columns[i].end <= text.len && columns[i].groups != 0);
		CHECK(
		    !memchr(text.data + columns[i].start, '\n', columns[i].end - columns[i].start));
		done = columns[i].end;
	}
	free(columns);
	free(copy);
	return 0;
}
