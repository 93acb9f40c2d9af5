/* The form of an API key, what is taken for one, and which capabilities one may hand on. */
#include "identity/api_key.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "token/claims.h"
#include "../gh_test.h"

static void a_generated_key_is_parsed_and_gives_its_id(void **state)
{
	for (int i = 0; i < 1000; i++) {
		struct gh_api_key_text key;
		struct gh_slice id;
		gh_api_key_generate(&key);
		assert_int_equal(strlen(key.text), GH_API_KEY_TEXT_BYTES);
		assert_int_equal(strlen(key.id), GH_API_KEY_ID_BYTES);
		assert_ok(gh_api_key_parse(gh_slice_str(key.text), &id));
		assert_true(gh_slice_eq_str(id, key.id));
	}
}

static void two_keys_have_nothing_in_common(void **state)
{
	struct gh_api_key_text a, b;
	uint8_t digest_a[32], digest_b[32], again[32];

	gh_api_key_generate(&a);
	gh_api_key_generate(&b);
	assert_string_not_equal(a.id, b.id);
	assert_string_not_equal(a.text + 17, b.text + 17);
	gh_api_key_digest(gh_slice_str(a.text), digest_a);
	gh_api_key_digest(gh_slice_str(b.text), digest_b);
	gh_api_key_digest(gh_slice_str(a.text), again);
	assert_memory_not_equal(digest_a, digest_b, 32);
	assert_memory_equal(digest_a, again, 32);
}

static void one_changed_character_anywhere_is_noticed(void **state)
{
	struct gh_api_key_text key;
	struct gh_slice id;

	gh_api_key_generate(&key);
	for (size_t i = 0; i < GH_API_KEY_TEXT_BYTES; i++) {
		char right = key.text[i];
		key.text[i] = right == 'x' ? 'y' : 'x';
		assert_code(gh_api_key_parse(gh_slice_str(key.text), &id), GH_E_FORMAT);
		key.text[i] = right;
	}
	assert_ok(gh_api_key_parse(gh_slice_str(key.text), &id));
}

static void a_key_of_any_other_length_is_none(void **state)
{
	struct gh_api_key_text key;
	char longer[GH_API_KEY_TEXT_BYTES + 2];
	struct gh_slice id;

	gh_api_key_generate(&key);
	for (size_t len = 0; len < GH_API_KEY_TEXT_BYTES; len++)
		assert_code(gh_api_key_parse(gh_slice(key.text, len), &id), GH_E_FORMAT);
	snprintf(longer, sizeof longer, "%sA", key.text);
	assert_code(gh_api_key_parse(gh_slice_str(longer), &id), GH_E_FORMAT);
}

static void a_key_is_known_by_its_prefix_even_when_damaged(void **state)
{
	assert_true(gh_api_key_looks_like(GH_SLICE("gk_live_")));
	assert_true(gh_api_key_looks_like(GH_SLICE("gk_live_nonsense")));
	assert_false(gh_api_key_looks_like(GH_SLICE("gk_live")));
	assert_false(gh_api_key_looks_like(GH_SLICE("GK_LIVE_x")));
	assert_false(gh_api_key_looks_like(GH_SLICE("eyJhbGciOi.e30.x")));
	assert_false(gh_api_key_looks_like(gh_slice(NULL, 0)));
}

static void capabilities_are_a_subset_by_whole_names(void **state)
{
	const struct gh_slice all[] = { GH_SLICE("chat.completions"), GH_SLICE("models.read") };
	const struct gh_slice some[] = { GH_SLICE("models.read"), GH_SLICE("models.read") };
	const struct gh_slice prefix[] = { GH_SLICE("models") };
	const struct gh_slice longer[] = { GH_SLICE("models.read.all") };
	const struct gh_slice more[] = { GH_SLICE("models.read"), GH_SLICE("keys.manage") };

	assert_true(gh_caps_subset(some, 2, all, 2));
	assert_true(gh_caps_subset(all, 2, all, 2));
	assert_true(gh_caps_subset(NULL, 0, all, 2));
	assert_true(gh_caps_subset(NULL, 0, NULL, 0));
	assert_false(gh_caps_subset(prefix, 1, all, 2));
	assert_false(gh_caps_subset(longer, 1, all, 2));
	assert_false(gh_caps_subset(more, 2, all, 2));
	assert_false(gh_caps_subset(some, 1, NULL, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_generated_key_is_parsed_and_gives_its_id),
		cmocka_unit_test(two_keys_have_nothing_in_common),
		cmocka_unit_test(one_changed_character_anywhere_is_noticed),
		cmocka_unit_test(a_key_of_any_other_length_is_none),
		cmocka_unit_test(a_key_is_known_by_its_prefix_even_when_damaged),
		cmocka_unit_test(capabilities_are_a_subset_by_whole_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
