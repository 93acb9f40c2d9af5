/* Classification for AArch64, where NEON is always there. */
#include "pii/simd.h"

#include <arm_neon.h>

/* One bit of each of 64 comparison bytes (0x00 or 0xff). */
static uint64_t gather(const uint8x16_t part[4])
{
	static const uint8_t weights[16] = { 1, 2, 4, 8, 16, 32, 64, 128,
		                             1, 2, 4, 8, 16, 32, 64, 128 };
	const uint8x16_t weight = vld1q_u8(weights);
	uint8x16_t ab = vpaddq_u8(vandq_u8(part[0], weight), vandq_u8(part[1], weight));
	uint8x16_t cd = vpaddq_u8(vandq_u8(part[2], weight), vandq_u8(part[3], weight));
	uint8x16_t all = vpaddq_u8(ab, cd);

	return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(all, all)), 0);
}

static void classify_neon(const uint8_t *text, size_t blocks, struct gh_pii_bits *out)
{
	for (size_t b = 0; b < blocks; b++, text += GH_PII_BLOCK) {
		uint8x16_t word[4], digit[4], at[4], assign[4], line[4], column[4];
		for (size_t i = 0; i < 4; i++) {
			uint8x16_t x = vld1q_u8(text + 16 * i);
			uint8x16_t low = vorrq_u8(x, vdupq_n_u8(0x20));
			digit[i] = vcleq_u8(vsubq_u8(x, vdupq_n_u8('0')), vdupq_n_u8(9));
			uint8x16_t alpha = vcleq_u8(vsubq_u8(low, vdupq_n_u8('a')), vdupq_n_u8(25));
			word[i] =
			    vorrq_u8(vorrq_u8(digit[i], alpha), vcgeq_u8(x, vdupq_n_u8(0x80)));
			at[i] = vceqq_u8(x, vdupq_n_u8('@'));
			assign[i] =
			    vorrq_u8(vceqq_u8(x, vdupq_n_u8(':')), vceqq_u8(x, vdupq_n_u8('=')));
			line[i] = vceqq_u8(x, vdupq_n_u8('\n'));
			column[i] = vorrq_u8(
			    vorrq_u8(vceqq_u8(x, vdupq_n_u8(',')), vceqq_u8(x, vdupq_n_u8(';'))),
			    vorrq_u8(vceqq_u8(x, vdupq_n_u8('|')), vceqq_u8(x, vdupq_n_u8('\t'))));
		}
		out[b] = (struct gh_pii_bits){ .word = gather(word),
			                       .digit = gather(digit),
			                       .at = gather(at),
			                       .assign = gather(assign),
			                       .line = gather(line),
			                       .column = gather(column) };
	}
}

const struct gh_pii_classifier gh_pii_classifiers[] = {
	{ "neon", classify_neon, gh_pii_places_scalar, gh_pii_always },
	{ "scalar", gh_pii_classify_scalar, gh_pii_places_scalar, gh_pii_always },
};
