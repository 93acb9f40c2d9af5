#include "pii_rig.h"

#include "pii/simd.h"

#define BLOCKS 64

/* Every variant that runs here gives the bits of the scalar one, whatever the bytes. */
static void every_variant_gives_the_bits_of_the_scalar_one(void **state)
{
	static uint8_t text[BLOCKS * GH_PII_BLOCK];
	struct gh_pii_bits expected[BLOCKS], got[BLOCKS];
	uint64_t random = 88172645463325252u;

	for (int round = 0; round < 200; round++) {
		for (size_t i = 0; i < sizeof text; i++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			/* First every byte value beside every other place, then mostly ASCII. */
			text[i] = round < 4 ? (uint8_t)(i + (size_t)round * 63)
			                    : (uint8_t)(random >> 32 & (round & 1 ? 0xff : 0x7f));
		}
		gh_pii_classify_scalar(text, BLOCKS, expected);
		for (const struct gh_pii_classifier *each = gh_pii_classifiers;; each++) {
			if (each->usable()) {
				memset(got, 0xa5, sizeof got);
				each->run(text, BLOCKS, got);
				if (memcmp(got, expected, sizeof got) != 0)
					fail_msg("%s differs from scalar", each->name);
			}
			if (each->run == gh_pii_classify_scalar)
				break;
		}
	}
}

/* The same for the places of set bits: none, all, and in between. */
static void every_variant_finds_the_places_of_the_scalar_one(void **state)
{
	static uint16_t expected[BLOCKS * 64 + GH_PII_PLACES_SPARE],
	    got[BLOCKS * 64 + GH_PII_PLACES_SPARE];
	uint64_t masks[BLOCKS], random = 88172645463325252u;

	for (unsigned round = 0; round < 256; round++) {
		for (size_t i = 0; i < BLOCKS; i++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			masks[i] = round % 4 == 0   ? 0
			           : round % 4 == 1 ? ~UINT64_C(0) >> i
			           : round % 4 == 2 ? random & random << 9 & random >> 11
			                            : random;
		}
		size_t count = round % BLOCKS + 1;
		size_t places = gh_pii_places_scalar(masks, count, expected);
		for (const struct gh_pii_classifier *each = gh_pii_classifiers;; each++) {
			if (each->usable() && (each->places(masks, count, got) != places ||
			                       memcmp(got, expected, places * sizeof *got) != 0))
				fail_msg("%s differs from scalar", each->name);
			if (each->run == gh_pii_classify_scalar)
				break;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_variant_gives_the_bits_of_the_scalar_one),
		cmocka_unit_test(every_variant_finds_the_places_of_the_scalar_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
