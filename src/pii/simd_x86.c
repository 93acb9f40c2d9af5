/* Classification for x86-64: AVX-512BW and AVX2, chosen when the program runs. */
#include "pii/simd.h"

#include <immintrin.h>

/* Unsigned `low <= c <= high` by one saturating difference: (c - low) wraps above the width. */
__attribute__((target("avx2"))) static __m256i within(__m256i c, char low, char width)
{
	__m256i off = _mm256_sub_epi8(c, _mm256_set1_epi8(low));

	return _mm256_cmpeq_epi8(_mm256_min_epu8(off, _mm256_set1_epi8(width)), off);
}

__attribute__((target("avx2"))) static uint64_t pair(__m256i low, __m256i high)
{
	return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high)
	                                                 << 32;
}

__attribute__((target("avx2"))) static void classify_avx2(const uint8_t *text, size_t blocks,
                                                          struct gh_pii_bits *out)
{
	const __m256i lower = _mm256_set1_epi8(0x20);

	for (size_t b = 0; b < blocks; b++, text += GH_PII_BLOCK) {
		__m256i x = _mm256_loadu_si256((const __m256i *)(const void *)text);
		__m256i y = _mm256_loadu_si256((const __m256i *)(const void *)(text + 32));
		__m256i dx = within(x, '0', 9), dy = within(y, '0', 9);
		__m256i ax = within(_mm256_or_si256(x, lower), 'a', 25);
		__m256i ay = within(_mm256_or_si256(y, lower), 'a', 25);
		/* The top bit of a byte is the movemask bit: bytes beyond ASCII come for free. */
		out[b].word = pair(_mm256_or_si256(_mm256_or_si256(dx, ax), x),
		                   _mm256_or_si256(_mm256_or_si256(dy, ay), y));
		out[b].digit = pair(dx, dy);
		out[b].at = pair(_mm256_cmpeq_epi8(x, _mm256_set1_epi8('@')),
		                 _mm256_cmpeq_epi8(y, _mm256_set1_epi8('@')));
		out[b].assign = pair(_mm256_or_si256(_mm256_cmpeq_epi8(x, _mm256_set1_epi8(':')),
		                                     _mm256_cmpeq_epi8(x, _mm256_set1_epi8('='))),
		                     _mm256_or_si256(_mm256_cmpeq_epi8(y, _mm256_set1_epi8(':')),
		                                     _mm256_cmpeq_epi8(y, _mm256_set1_epi8('='))));
	}
}

__attribute__((target("avx512f,avx512bw"))) static void
classify_avx512(const uint8_t *text, size_t blocks, struct gh_pii_bits *out)
{
	for (size_t b = 0; b < blocks; b++, text += GH_PII_BLOCK) {
		__m512i x = _mm512_loadu_si512((const void *)text);
		__m512i low = _mm512_or_si512(x, _mm512_set1_epi8(0x20));
		uint64_t digit = _mm512_cmple_epu8_mask(_mm512_sub_epi8(x, _mm512_set1_epi8('0')),
		                                        _mm512_set1_epi8(9));
		uint64_t alpha = _mm512_cmple_epu8_mask(_mm512_sub_epi8(low, _mm512_set1_epi8('a')),
		                                        _mm512_set1_epi8(25));
		out[b].word = digit | alpha | _mm512_movepi8_mask(x);
		out[b].digit = digit;
		out[b].at = _mm512_cmpeq_epi8_mask(x, _mm512_set1_epi8('@'));
		out[b].assign = _mm512_cmpeq_epi8_mask(x, _mm512_set1_epi8(':')) |
		                _mm512_cmpeq_epi8_mask(x, _mm512_set1_epi8('='));
	}
}

static bool has_avx2(void)
{
	return __builtin_cpu_supports("avx2");
}

static bool has_avx512(void)
{
	return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
}

const struct gh_pii_classifier gh_pii_classifiers[] = {
	{ "avx512", classify_avx512, has_avx512 },
	{ "avx2", classify_avx2, has_avx2 },
	{ "scalar", gh_pii_classify_scalar, gh_pii_always },
};
