#include "pii_rig.h"

#include "pii/model.h"
#include "pii/scan.h"
#include "pii/tagger.h"

static void the_model_of_the_program_is_whole(void **state)
{
	assert_ok(gh_pii_model_verify());
	assert_int_equal(strlen(gh_pii_model_digest()), 64);
}

/* A copy in memory of its own length, so that a read beyond it is seen. */
static struct gh_slice copy_model(size_t len)
{
	uint8_t *copy = aligned_alloc(64, (len + 63) / 64 * 64);

	assert_non_null(copy);
	memcpy(copy, gh_pii_model_file().data, len);
	return gh_slice(copy, len);
}

static void a_model_with_one_byte_changed_is_refused(void **state)
{
	struct gh_slice whole = gh_pii_model_file();
	struct gh_slice copy = copy_model(whole.len);
	uint8_t *bytes = (uint8_t *)(uintptr_t)copy.data;

	assert_ok(gh_pii_tagger_check(copy, gh_pii_model_digest()));
	for (size_t at = 0; at < whole.len; at += at < 400 ? 1 : whole.len / 50) {
		bytes[at] ^= 1;
		assert_int_equal(gh_pii_tagger_check(copy, gh_pii_model_digest()), GH_E_CORRUPT);
		bytes[at] ^= 1;
	}
	free(bytes);
}

static void a_model_cut_short_is_refused(void **state)
{
	struct gh_slice whole = gh_pii_model_file();
	struct gh_pii_tagger tagger;

	for (size_t len = 0; len < whole.len; len += len < 400 ? 1 : whole.len / 20) {
		struct gh_slice copy = copy_model(len);
		assert_int_equal(gh_pii_tagger_open(copy, &tagger), GH_E_CORRUPT);
		free((void *)(uintptr_t)copy.data);
	}
}

/* The names found in `text`, joined by '|'; the caller frees. */
static char *names_in(const char *text)
{
	struct gh_pii_matches matches = { 0 };
	struct gh_buf out = { 0 };

	assert_ok(gh_pii_scan(gh_slice_str(text), NULL, &matches));
	for (size_t i = 0; i < matches.count; i++) {
		const struct gh_pii_match *match = &matches.items[i];
		if (match->class != GH_PII_NAME || match->confidence < 50)
			continue;
		if (out.len)
			gh_buf_add_byte(&out, '|');
		gh_buf_add(&out, text + match->start, match->end - match->start);
	}
	gh_pii_matches_free(&matches);
	char *copy = strdup(gh_buf_cstr(&out));
	gh_buf_free(&out);
	return copy;
}

static void names_are_found_in_plain_sentences(void **state)
{
	static const char *const cases[][2] = {
		{ "My name is Katherine Johnson and I need a new card.", "Katherine Johnson" },
		{ "Please ask Mr. Okafor or Dr. Anna Lindqvist.", "Okafor|Anna Lindqvist" },
		{ "my boss jessica keeps emailing me", "jessica" },
		{ "Ich hei\xc3\x9f"
		  "e J\xc3\xbcrgen M\xc3\xbcller und wohne in Berlin.",
		  "J\xc3\xbcrgen M\xc3\xbcller" },
		{ "Nothing here but words about the weather in Boston.", "" },
	};

	for (size_t i = 0; i < GH_ARRAY_LEN(cases); i++) {
		char *found = names_in(cases[i][0]);
		assert_string_equal(found, cases[i][1]);
		free(found);
	}
}

static void a_name_in_an_email_address_belongs_to_the_address(void **state)
{
	struct gh_pii_matches matches = { 0 };

	assert_ok(gh_pii_scan(gh_slice_str("mail anna.schmidt@example.com now"), NULL, &matches));
	assert_int_equal(matches.count, 1);
	assert_int_equal(matches.items[0].class, GH_PII_EMAIL);
	gh_pii_matches_free(&matches);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_model_of_the_program_is_whole),
		cmocka_unit_test(a_model_with_one_byte_changed_is_refused),
		cmocka_unit_test(a_model_cut_short_is_refused),
		cmocka_unit_test(names_are_found_in_plain_sentences),
		cmocka_unit_test(a_name_in_an_email_address_belongs_to_the_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
