/* The scanner on any bytes: matches are disjoint, in order, inside the text and between characters;
 * the same whatever instructions classified the bytes, and the same twice. The first byte picks the
 * name of the field. */
#include "fuzz_pii.h"

#include "pii/scan.h"
#include "pii/simd.h"

static void check_matches(struct gh_slice text, const struct gh_pii_matches *matches)
{
	bool is_utf8 = fuzz_is_utf8(text);
	size_t done = 0;

	for (size_t i = 0; i < matches->count; i++) {
		const struct gh_pii_match *match = &matches->items[i];
		CHECK(match->start >= done && match->end > match->start);
		CHECK(match->end <= text.len);
		CHECK(match->class < GH_PII_CLASS_COUNT && match->kind && match->kind[0]);
		CHECK(match->confidence >= 1 && match->confidence <= 100);
		CHECK(!is_utf8 || (text.data[match->start] & 0xc0) != 0x80);
		CHECK(!is_utf8 || match->end == text.len || (text.data[match->end] & 0xc0) != 0x80);
		done = match->end;
	}
}

static void check_same(const struct gh_pii_matches *a, const struct gh_pii_matches *b)
{
	CHECK(a->count == b->count);
	for (size_t i = 0; i < a->count; i++) {
		const struct gh_pii_match *x = &a->items[i], *y = &b->items[i];
		CHECK(x->start == y->start && x->end == y->end && x->class == y->class);
		CHECK(x->confidence == y->confidence && strcmp(x->kind, y->kind) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const keys[] = { "",          "phone",     "ssn",     "password",
		                            "cardNo",    "iban",      "message", "passport_number",
		                            "birthDate", "full_name", "address", "mrn" };
	struct gh_pii_matches best = { 0 }, again = { 0 };

	if (size < 1 || size > 65536)
		return 0;
	const struct gh_pii_context context = { .key = gh_slice_str(
		                                    keys[data[0] % GH_ARRAY_LEN(keys)]) };
	uint8_t *copy = fuzz_copy(gh_slice(data + 1, size - 1));
	const struct gh_slice text = gh_slice(copy, size - 1);

	OK(gh_pii_scan(text, &context, &best));
	check_matches(text, &best);
	for (const struct gh_pii_classifier *each = gh_pii_classifiers;; each++) {
		if (each->usable()) {
			OK(gh_pii_scan_with(&again, each));
			OK(gh_pii_scan(text, &context, &again));
			check_same(&best, &again);
		}
		if (each->run == gh_pii_classify_scalar)
			break;
	}
	gh_pii_matches_free(&best);
	gh_pii_matches_free(&again);
	free(copy);
	return 0;
}
