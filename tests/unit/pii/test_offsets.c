/* Where matches begin and end when the text is not plain ASCII. */
#include "pii_rig.h"

static struct gh_pii_matches found;

static void scan(const char *text)
{
	assert_ok(gh_pii_scan(gh_slice_str(text), NULL, &found));
}

static bool is_boundary(const char *text, size_t at)
{
	return ((uint8_t)text[at] & 0xc0) != 0x80;
}

static void matches_end_behind_the_last_character_whatever_its_length(void **state)
{
	static const char *const texts[] = {
		/* full-width, mathematical and Arabic digits at the very end */
		"card \xef\xbc\x94"
		"111 1111 1111 111\xef\xbc\x91",
		"card 4111 1111 1111 111\xf0\x9d\x9f\x8f",
		"card 4111 1111 1111 111\xd9\xa1",
		"card 4111 1111 1111 111\xd9\xa1 and more",
		"key399\xf0\x9d\x9f\x9c\xf0\x9d\x9f\x99\xf0\x9d\x9f\x99",
	};

	for (size_t i = 0; i < GH_ARRAY_LEN(texts); i++) {
		size_t len = strlen(texts[i]);
		scan(texts[i]);
		assert_int_equal(found.count, 1);
		assert_true(is_boundary(texts[i], found.items[0].start));
		assert_true(is_boundary(texts[i], found.items[0].end));
		const char *more = strstr(texts[i], " and more");
		assert_int_equal(found.items[0].end, more ? (size_t)(more - texts[i]) : len);
	}
}

static void characters_that_vanish_stay_outside_at_the_end_and_inside_within(void **state)
{
	const char *text = "mail ada@exam\xe2\x80\x8bple.com\xe2\x80\x8b now";

	scan(text);
	assert_int_equal(found.count, 1);
	assert_int_equal(found.items[0].start, 5);
	assert_int_equal(found.items[0].end, strstr(text, ".com") + 4 - text);
	scan("mail ada@exampl\xef\xbd\x85.c\xef\xbd\x8f\xef\xbd\x8d\xc2\xad\xc2\xad");
	assert_int_equal(found.count, 1);
	assert_int_equal(found.items[0].end, 26);
}

/* Detectors cut what is too long to be looked at as a whole. */
static void a_match_that_is_cut_ends_between_characters(void **state)
{
	static const char *const heads[] = { "curl -u ada:Pa55w!rdx", "12 rue A\xc3\xa9",
		                             "x@a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a." };

	for (size_t i = 0; i < GH_ARRAY_LEN(heads); i++)
		for (int pad = 0; pad < 3; pad++) {
			char text[512] = { 0 };
			memcpy(text, "   ", (size_t)pad);
			strcat(text, heads[i]);
			for (int more = 0; more < 150; more++)
				strcat(text, "\xc3\xa9");
			scan(text);
			for (size_t m = 0; m < found.count; m++) {
				assert_true(is_boundary(text, found.items[m].start));
				assert_true(is_boundary(text, found.items[m].end));
			}
		}
}

static int free_found(void **state)
{
	gh_pii_matches_free(&found);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matches_end_behind_the_last_character_whatever_its_length),
		cmocka_unit_test(characters_that_vanish_stay_outside_at_the_end_and_inside_within),
		cmocka_unit_test(a_match_that_is_cut_ends_between_characters),
	};
	return cmocka_run_group_tests(tests, NULL, free_found);
}
