/* Classification for x86-64: AVX-512 and AVX2, chosen when the program runs. */
#include "pii/simd.h"

#include <immintrin.h>

#define AVX2   __attribute__((target("avx2,bmi,popcnt")))
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vbmi2,popcnt")))

/* Unsigned `low <= c <= high` by one saturating difference: (c - low) wraps above the width. */
AVX2 static __m256i within(__m256i c, char low, char width)
{
	__m256i off = _mm256_sub_epi8(c, _mm256_set1_epi8(low));

	return _mm256_cmpeq_epi8(_mm256_min_epu8(off, _mm256_set1_epi8(width)), off);
}

AVX2 static uint64_t pair(__m256i low, __m256i high)
{
	return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high)
	                                                 << 32;
}

AVX2 static uint64_t equal(__m256i x, __m256i y, char c)
{
	__m256i all = _mm256_set1_epi8(c);

	return pair(_mm256_cmpeq_epi8(x, all), _mm256_cmpeq_epi8(y, all));
}

AVX2 static void classify_avx2(const uint8_t *text, size_t blocks, struct gh_pii_bits *out)
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
		out[b].at = equal(x, y, '@');
		out[b].assign = equal(x, y, ':') | equal(x, y, '=');
		out[b].line = equal(x, y, '\n');
		out[b].column =
		    equal(x, y, ',') | equal(x, y, ';') | equal(x, y, '|') | equal(x, y, '\t');
	}
}

/* Four at a time, the last ones of no meaning: how many there are is hard to guess for a jump. */
AVX2 static size_t places_avx2(const uint64_t *masks, size_t count, uint16_t *out)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t mask = masks[i];
		size_t end = n + (size_t)_mm_popcnt_u64(mask);
		for (; n < end; n += 4)
			for (unsigned k = 0; k < 4; k++) {
				out[n + k] = (uint16_t)(i * 64 + _tzcnt_u64(mask));
				mask = _blsr_u64(mask);
			}
		n = end;
	}
	return n;
}

AVX512 static void classify_avx512(const uint8_t *text, size_t blocks, struct gh_pii_bits *out)
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
		out[b].line = _mm512_cmpeq_epi8_mask(x, _mm512_set1_epi8('\n'));
		out[b].column = _mm512_cmpeq_epi8_mask(x, _mm512_set1_epi8(',')) |
		                _mm512_cmpeq_epi8_mask(x, _mm512_set1_epi8(';')) |
		                _mm512_cmpeq_epi8_mask(x, _mm512_set1_epi8('|')) |
		                _mm512_cmpeq_epi8_mask(x, _mm512_set1_epi8('\t'));
	}
}

static const uint8_t counting[64] = {
	0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
	22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
	44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63,
};

/* The places of a block are pressed together in a register and stored all at once: 32, and the
 * others when there are any. */
AVX512 static size_t places_avx512(const uint64_t *masks, size_t count, uint16_t *out)
{
	const __m512i all = _mm512_loadu_si512((const void *)counting);
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		__m512i places = _mm512_maskz_compress_epi8(masks[i], all);
		__m512i base = _mm512_set1_epi16((short)(i * 64));
		size_t some = (size_t)_mm_popcnt_u64(masks[i]);
		_mm512_storeu_si512(
		    out + n,
		    _mm512_add_epi16(base, _mm512_cvtepu8_epi16(_mm512_castsi512_si256(places))));
		if (some > 32)
			_mm512_storeu_si512(
			    out + n + 32,
			    _mm512_add_epi16(
			        base, _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64(places, 1))));
		n += some;
	}
	return n;
}

static bool has_avx2(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
	       __builtin_cpu_supports("popcnt");
}

static bool has_avx512(void)
{
	return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi2") &&
	       __builtin_cpu_supports("popcnt");
}

const struct gh_pii_classifier gh_pii_classifiers[] = {
	{ "avx512", classify_avx512, places_avx512, has_avx512 },
	{ "avx2", classify_avx2, places_avx2, has_avx2 },
	{ "scalar", gh_pii_classify_scalar, gh_pii_places_scalar, gh_pii_always },
};
