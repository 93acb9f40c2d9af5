#include "pii_rig.h"

/* The confidence and kind of what was found over exactly `value`; 0 when nothing was. */
static int confidence_of(const char *text, enum gh_pii_class class, const char *value,
                         const char **kind)
{
	struct gh_pii_matches matches = { 0 };
	int confidence = 0;

	assert_ok(gh_pii_scan(gh_slice_str(text), NULL, &matches));
	for (size_t i = 0; i < matches.count; i++) {
		const struct gh_pii_match *match = &matches.items[i];
		if (match->class == class && match->end - match->start == strlen(value) &&
		    memcmp(text + match->start, value, strlen(value)) == 0) {
			confidence = match->confidence;
			*kind = match->kind;
		}
	}
	gh_pii_matches_free(&matches);
	return confidence;
}

static void an_illness_of_somebody_is_a_finding(void **state)
{
	static const struct {
		const char *text, *value;
	} cases[] = {
		{ "My wife was diagnosed with retinoblastoma.", "retinoblastoma" },
		{ "The patient suffers from Becker muscular dystrophy now.",
		  "Becker muscular dystrophy" },
		{ "He has cardiomyopathy.", "cardiomyopathy" },
		{ "I take sertraline every day.", "sertraline" },
		{ "Her breast cancer came back.", "breast cancer" },
		{ "My son has asthma.", "asthma" },
	};

	for (size_t i = 0; i < GH_ARRAY_LEN(cases); i++) {
		const char *kind = "";
		if (confidence_of(cases[i].text, GH_PII_HEALTH, cases[i].value, &kind) < 65)
			fail_msg("not found: %s", cases[i].text);
		assert_string_equal(kind, "health");
	}
}

/* What is said of nobody has a kind of its own, less sure: a threshold can tell them apart. */
static void an_illness_of_nobody_is_a_condition(void **state)
{
	const char *kind = "";
	int confidence = confidence_of("Retinoblastoma begins in cells of the retina.",
	                               GH_PII_HEALTH, "Retinoblastoma", &kind);

	assert_in_range(confidence, 1, 79);
	assert_string_equal(kind, "condition");
}

static void a_question_in_general_is_no_finding(void **state)
{
	static const struct {
		enum gh_pii_class class;
		const char *text, *value;
	} cases[] = {
		{ GH_PII_HEALTH, "What are the symptoms of diabetes?", "diabetes" },
		{ GH_PII_HEALTH, "Explain how epilepsy is treated.", "epilepsy" },
		{ GH_PII_BIOMETRIC, "How does facial recognition work?", "facial recognition" },
		{ GH_PII_BIOMETRIC, "Genomic DNA of patients was amplified by PCR.", "DNA" },
		{ GH_PII_MINOR, "We fixed a minor issue for the user.", "minor" },
		{ GH_PII_HEALTH, "His diagnosis of the bug was right.", "diagnosis" },
		{ GH_PII_HEALTH, "My sympathy, and a diploma from Oklahoma.", "sympathy" },
	};

	for (size_t i = 0; i < GH_ARRAY_LEN(cases); i++) {
		const char *kind;
		if (confidence_of(cases[i].text, cases[i].class, cases[i].value, &kind) >= 50)
			fail_msg("found: %s", cases[i].text);
	}
}

static void biometrics_and_minors_need_somebody(void **state)
{
	const char *kind;

	assert_true(confidence_of("Her fingerprint is on file.", GH_PII_BIOMETRIC, "fingerprint",
	                          &kind) >= 65);
	assert_true(confidence_of("They sold my DNA to a lab.", GH_PII_BIOMETRIC, "DNA", &kind) >=
	            50);
	assert_true(
	    confidence_of("My daughter is 9 years old.", GH_PII_MINOR, "9 years old", &kind) >= 65);
	assert_true(
	    confidence_of("The whisky is 9 years old.", GH_PII_MINOR, "9 years old", &kind) < 65);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_illness_of_somebody_is_a_finding),
		cmocka_unit_test(an_illness_of_nobody_is_a_condition),
		cmocka_unit_test(a_question_in_general_is_no_finding),
		cmocka_unit_test(biometrics_and_minors_need_somebody),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
