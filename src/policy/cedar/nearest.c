#include "policy/cedar/nearest.h"

#include <stdio.h>

#define MAX_LEN 32

/* Levenshtein's distance, a row at a time. */
static unsigned distance(struct gh_slice a, struct gh_slice b)
{
	unsigned row[MAX_LEN + 1];

	for (size_t k = 0; k <= b.len; k++)
		row[k] = (unsigned)k;
	for (size_t i = 1; i <= a.len; i++) {
		unsigned corner = row[0];
		row[0] = (unsigned)i;
		for (size_t k = 1; k <= b.len; k++) {
			unsigned change = corner + (a.data[i - 1] != b.data[k - 1]);
			unsigned gap = 1 + (row[k] < row[k - 1] ? row[k] : row[k - 1]);
			corner = row[k];
			row[k] = change < gap ? change : gap;
		}
	}
	return row[b.len];
}

/* "A::B::C" for "C" or "B::C": the namespace was left out. */
static bool is_tail(struct gh_slice tail, struct gh_slice path)
{
	size_t head = path.len - tail.len;

	return path.len > tail.len + 2 && memcmp(path.data + head, tail.data, tail.len) == 0 &&
	       memcmp(path.data + head - 2, "::", 2) == 0;
}

void gh_nearest_try(struct gh_nearest *nearest, const struct gh_cedar_name *candidate)
{
	struct gh_slice a = gh_cedar_name_slice(candidate);
	struct gh_slice b = gh_cedar_name_slice(nearest->wanted);
	unsigned most = b.len > 3 ? 2 : 1; /* letters that changed places are two */

	if (is_tail(b, a)) {
		nearest->found = candidate;
		nearest->edits = 0;
		return;
	}
	if (candidate == nearest->wanted || a.len > MAX_LEN || b.len > MAX_LEN)
		return;
	if (a.len > b.len + most || b.len > a.len + most)
		return;
	unsigned edits = distance(a, b);
	if (edits > most || (nearest->found && edits >= nearest->edits))
		return;
	nearest->found = candidate;
	nearest->edits = edits;
}

const char *gh_nearest_hint(const struct gh_nearest *nearest, char out[80])
{
	out[0] = 0;
	if (nearest->found)
		snprintf(out, 80, "; is %.40s meant?", nearest->found->text);
	return out;
}
