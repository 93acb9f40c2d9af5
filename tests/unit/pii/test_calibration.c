#include "pii_rig.h"

#include "pii/calibration.h"
#include "pii/detect.h"
#include "pii/vendors.h"

/* A surer detector is never worth less, nothing is certain, and nothing is lost to nought. */
static void check(enum gh_pii_class class, const char *kind)
{
	uint8_t last = 0;

	for (uint8_t score = 1; score <= 100; score++) {
		uint8_t percent = gh_pii_calibrate(class, kind, score);
		if (percent < last || percent < 1 || percent > 100)
			fail_msg("%s: score %u gives %u after %u", kind, score, percent, last);
		last = percent;
	}
}

static void a_higher_score_is_never_worth_less(void **state)
{
	for (size_t i = 0; i < gh_pii_id_count; i++)
		check(gh_pii_ids[i].class, gh_pii_ids[i].kind);
	for (size_t i = 0; i < gh_pii_vendor_count; i++)
		check(GH_PII_CREDENTIAL, gh_pii_vendors[i].kind);
	static const char *const kinds[] = { "email", "phone",        "visa",   "iban",     "age",
		                             "minor", "secret-value", "health", "biometric" };
	for (int class = 0; class < GH_PII_CLASS_COUNT; class ++)
		for (size_t i = 0; i < GH_ARRAY_LEN(kinds); i++)
			check((enum gh_pii_class) class, kinds[i]);
}

static void what_was_not_measured_keeps_its_score(void **state)
{
	for (uint8_t score = 1; score < 100; score++) {
		assert_int_equal(gh_pii_calibrate(GH_PII_NAME, "person", score), score);
		assert_int_equal(gh_pii_calibrate(GH_PII_HEALTH, "condition", score), score);
	}
}

static void a_raw_scan_tells_the_scores_of_the_detectors(void **state)
{
	const struct gh_pii_context raw = { .raw = true };
	struct gh_pii_matches matches = { 0 };

	assert_ok(gh_pii_scan(GH_SLICE("call 020 7946 0958 now"), &raw, &matches));
	assert_int_equal(matches.count, 1);
	uint8_t score = matches.items[0].confidence;
	assert_ok(gh_pii_scan(GH_SLICE("call 020 7946 0958 now"), NULL, &matches));
	assert_int_equal(matches.count, 1);
	assert_int_equal(matches.items[0].confidence,
	                 gh_pii_calibrate(GH_PII_PHONE, "phone", score));
	gh_pii_matches_free(&matches);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_higher_score_is_never_worth_less),
		cmocka_unit_test(what_was_not_measured_keeps_its_score),
		cmocka_unit_test(a_raw_scan_tells_the_scores_of_the_detectors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
