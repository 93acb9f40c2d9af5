/* The reference classification, and the choice among what this processor can run. */
#include "pii/simd.h"

static unsigned kind(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return 1 | 2;
	if (c >= 0x80 || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'))
		return 1;
	if (c == '@')
		return 4;
	return c == ':' || c == '=' ? 8 : 0;
}

void gh_pii_classify_scalar(const uint8_t *text, size_t blocks, struct gh_pii_bits *out)
{
	for (size_t b = 0; b < blocks; b++) {
		struct gh_pii_bits bits = { 0 };
		for (unsigned i = 0; i < GH_PII_BLOCK; i++) {
			unsigned k = kind(text[b * GH_PII_BLOCK + i]);
			bits.word |= (uint64_t)(k & 1) << i;
			bits.digit |= (uint64_t)(k >> 1 & 1) << i;
			bits.at |= (uint64_t)(k >> 2 & 1) << i;
			bits.assign |= (uint64_t)(k >> 3 & 1) << i;
		}
		out[b] = bits;
	}
}

bool gh_pii_always(void)
{
	return true;
}

gh_pii_classify_fn *gh_pii_best_classifier(void)
{
	const struct gh_pii_classifier *each = gh_pii_classifiers;

	while (!each->usable())
		each++;
	return each->run;
}
