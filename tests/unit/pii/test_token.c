#include "pii_rig.h"

#include "pii/detect.h"
#include "pii/token.h"

#define LONGEST 70

/* A copy on the heap, so that a read behind its end is seen. */
static struct gh_slice copy_of(const char *bytes, size_t len)
{
	uint8_t *data = test_malloc(len ? len : 1);

	memcpy(data, bytes, len);
	return gh_slice(data, len);
}

static void letters_and_digits_are_told_like_byte_by_byte(void **state)
{
	for (unsigned c = 0; c < 256; c++)
		for (unsigned place = 0; place < 8; place++) {
			uint64_t eight = (uint64_t)c << 8 * place, top = UINT64_C(0x80)
			                                                 << 8 * place;
			assert_int_equal(gh_pii_digits_of(eight),
			                 gh_pii_is_digit((uint8_t)c) ? top : 0);
			assert_int_equal(gh_pii_letters_of(eight),
			                 gh_pii_is_alpha((uint8_t)c) ? top : 0);
			assert_true(gh_pii_is_alnum((uint8_t)c) ==
			            (gh_pii_is_digit((uint8_t)c) || gh_pii_is_alpha((uint8_t)c)));
		}
}

static void a_token_of_any_length_ends_where_it_ends(void **state)
{
	char bytes[LONGEST + 1];

	for (size_t len = 0; len <= LONGEST; len++)
		for (int closed = 0; closed < 2; closed++) {
			uint64_t letters = 0;
			for (size_t i = 0; i < len; i++) {
				bool is_letter = i * 7 % 3 == 1;
				bytes[i] = is_letter ? 'q' : '7';
				letters |= i < 64 ? (uint64_t)is_letter << i : 0;
			}
			bytes[len] = '-';
			struct gh_slice text = copy_of(bytes, len + (size_t)closed);
			struct gh_pii_piece token = gh_pii_read_piece(text, 0);
			assert_int_equal(token.end, len);
			assert_int_equal(token.letters, letters);
			test_free((void *)text.data);
		}
}

static void a_run_of_digits_ends_where_it_ends(void **state)
{
	char bytes[LONGEST + 1];

	memset(bytes, '5', sizeof bytes);
	for (size_t len = 0; len <= LONGEST; len++) {
		struct gh_slice text = copy_of(bytes, len);
		for (size_t at = 0; at <= len; at++)
			assert_int_equal(gh_pii_digits_end(text, at), len);
		test_free((void *)text.data);
	}
}

static void a_short_word_is_found_in_a_list_whatever_its_case(void **state)
{
	static const char list[][8] = { "no", "numbers" };
	struct gh_slice text = GH_SLICE("Numbers no nos noonenow");

	assert_true(gh_pii_is_one_of(gh_pii_short_word(text, 0, 7), list, 2));
	assert_true(gh_pii_is_one_of(gh_pii_short_word(text, 8, 10), list, 2));
	assert_false(gh_pii_is_one_of(gh_pii_short_word(text, 11, 14), list, 2));
	assert_false(gh_pii_is_one_of(gh_pii_short_word(text, 15, 23), list, 2));
	assert_false(gh_pii_is_one_of(gh_pii_short_word(text, 8, 8), list, 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(letters_and_digits_are_told_like_byte_by_byte),
		cmocka_unit_test(a_token_of_any_length_ends_where_it_ends),
		cmocka_unit_test(a_run_of_digits_ends_where_it_ends),
		cmocka_unit_test(a_short_word_is_found_in_a_list_whatever_its_case),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
