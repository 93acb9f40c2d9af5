/* The reference classification, and the choice among what this processor can run. */
#include "pii/simd.h"

/* One bit for each member of gh_pii_bits, in its order. */
static unsigned kind(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return 1 | 2;
	if (c >= 0x80 || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'))
		return 1;
	switch (c) {
	case '@': return 4;
	case ':':
	case '=': return 8;
	case '\n': return 16;
	case ',':
	case ';':
	case '|':
	case '\t': return 32;
	default: return 0;
	}
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
			bits.line |= (uint64_t)(k >> 4 & 1) << i;
			bits.column |= (uint64_t)(k >> 5 & 1) << i;
		}
		out[b] = bits;
	}
}

size_t gh_pii_places_scalar(const uint64_t *masks, size_t count, uint16_t *out)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		for (uint64_t mask = masks[i]; mask; mask &= mask - 1)
			out[n++] = (uint16_t)(i * 64 + (unsigned)__builtin_ctzll(mask));
	return n;
}

bool gh_pii_always(void)
{
	return true;
}

const struct gh_pii_classifier *gh_pii_best_classifier(void)
{
	const struct gh_pii_classifier *each = gh_pii_classifiers;

	while (!each->usable())
		each++;
	return each;
}
