/* A model file that is not the program's own: refused, or read within its bounds whatever its
 * tables say. The same model labels the same text alike. */
#include "fuzz_pii.h"

#include "pii/detect.h"
#include "pii/names.h"

static const char text[] =
    "Dear Mr. O'Neil, this is anna van der Berg-Ruiz (J. R. Ortiz) of Acme Ltd, "
    "12 Main St.\nname: \xc3\x89lodie; 555 \xe4\xbd\xa0\xe5\xa5\xbd x_y";

static void words_of(struct gh_pii_names *names, struct gh_slice s)
{
	gh_pii_names_begin(names);
	for (size_t at = 0; at < s.len;) {
		size_t end = at;
		while (end < s.len && (gh_pii_is_alnum(s.data[end]) || s.data[end] >= 0x80))
			end++;
		if (end > at)
			gh_pii_names_word(
			    names, s, at, end,
			    gh_pii_word_hash(gh_slice_sub(s, at, end - at), s.data + s.len));
		at = end > at ? end : at + 1;
	}
	const struct gh_pii_table none = { 0 };
	gh_pii_names_label(names, s, &none, 0, true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct gh_slice s = gh_slice(text, sizeof text - 1);
	struct gh_pii_names names = { 0 };
	uint64_t first = 0;

	if (size > 65536)
		return 0;
	uint8_t *copy = aligned_alloc(64, (size + 64) / 64 * 64);
	CHECK(copy);
	memcpy(copy, data, size);
	if (gh_pii_tagger_open(gh_slice(copy, size), &names.tagger) == GH_OK) {
		names.is_open = true;
		for (int round = 0; round < 2; round++) {
			uint64_t sum = 0;
			words_of(&names, s);
			CHECK(!names.failed);
			for (size_t i = 0; i < names.found_count; i++) {
				CHECK(names.found[i].start < names.found[i].end);
				CHECK(names.found[i].end <= s.len);
				sum =
				    sum * 31 + names.found[i].start + names.found[i].end * 7u +
				    gh_pii_tagger_confidence(&names.tagger, names.found[i].margin);
			}
			CHECK(round == 0 || sum == first);
			first = sum;
		}
	}
	gh_pii_names_close(&names);
	free(copy);
	return 0;
}
