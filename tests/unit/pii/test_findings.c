#include "pii_rig.h"

/* Scans and says whether `class` was found over exactly `value`, at the default threshold. */
static bool finds(const char *text, enum gh_pii_class class, const char *value)
{
	struct gh_pii_matches matches = { 0 };
	bool found = false;

	assert_ok(gh_pii_scan(gh_slice_str(text), NULL, &matches));
	for (size_t i = 0; i < matches.count; i++) {
		const struct gh_pii_match *match = &matches.items[i];
		assert_true(match->start < match->end && match->end <= strlen(text));
		if (i)
			assert_true(matches.items[i - 1].end <= match->start);
		found = found || (match->class == class && match->confidence >= 50 &&
		                  match->end - match->start == strlen(value) &&
		                  memcmp(text + match->start, value, strlen(value)) == 0);
	}
	gh_pii_matches_free(&matches);
	return found;
}

static void the_structured_classes_are_found_with_their_bounds(void **state)
{
	static const struct {
		enum gh_pii_class class;
		const char *text, *value;
	} cases[] = {
		{ GH_PII_EMAIL, "write to ada.l+x@mail.example.co.uk.",
		  "ada.l+x@mail.example.co.uk" },
		{ GH_PII_PHONE, "call me at (415) 555-0132 tonight", "(415) 555-0132" },
		{ GH_PII_PHONE, "phone +49 30 901820 please", "+49 30 901820" },
		{ GH_PII_PAYMENT_CARD, "card 4111-1111-1111-1111 expires", "4111-1111-1111-1111" },
		{ GH_PII_PAYMENT_CARD, "amex 378282246310005.", "378282246310005" },
		{ GH_PII_PAYMENT_CARD, "to GB29 NWBK 6016 1331 9268 19 today",
		  "GB29 NWBK 6016 1331 9268 19" },
		{ GH_PII_PAYMENT_CARD, "IBAN DE89370400440532013000", "DE89370400440532013000" },
		{ GH_PII_GOV_ID, "my SSN is 536-90-4399.", "536-90-4399" },
		{ GH_PII_GOV_ID, "ITIN 912-75-1234", "912-75-1234" },
		{ GH_PII_GOV_ID, "NINO AB123456C on file", "AB123456C" },
		{ GH_PII_GOV_ID, "DNI 12345678Z", "12345678Z" },
		{ GH_PII_CREDENTIAL, "key AKIAIOSFODNN7EXAMPLQ used", "AKIAIOSFODNN7EXAMPLQ" },
		{ GH_PII_CREDENTIAL, "token ghp_16C7e42F292c6912E7710c838347Ae178B4a",
		  "ghp_16C7e42F292c6912E7710c838347Ae178B4a" },
		{ GH_PII_CREDENTIAL, "postgres://app:s3cr3tPw@db.example.com/x", "s3cr3tPw" },
	};

	for (size_t i = 0; i < GH_ARRAY_LEN(cases); i++)
		if (!finds(cases[i].text, cases[i].class, cases[i].value))
			fail_msg("not found: %s in: %s", cases[i].value, cases[i].text);
}

static void look_alikes_are_left_alone(void **state)
{
	static const char *const texts[] = {
		"version 10.15.7.2 of 2026-11-23 at 12:30:45",
		"commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
		"id 123e4567-e89b-12d3-a456-426614174000",
		"between 100000 and 200000 rows, 3.14159265358979",
		"the parts 4111 1111 1111 1112 have a wrong check digit",
		"password: ${DB_PASSWORD} or <your-password>",
		"user@localhost and @handle and a@b",
		"0x7fffdeadbeefcafe at 192.168.100.200:8080",
		"int x509_lookup_by_fingerprint(store *st, int minor_version);",
		"#define NODE_MINOR_VERSION 4",
		"* merged `ef4768754c` and `abfac9640e`",
		"oid 1.3.6.1.5.5.7.9.1 of a date",
		"license: 1989 - 1994, 2018 2020",
		"int cms_add0_recipient_password(CMS_ContentInfo *cms);",
		".memitem:nth-child(3) { n1.set_child, 4, l2 }",
		"#define A_C_80000000 0xcd",
		"phi = 1.61803399F;",
	};

	for (size_t i = 0; i < GH_ARRAY_LEN(texts); i++) {
		struct rig rig;
		rig_open(&rig, GH_PII_STRICT);
		char *out = rig_rewrite(&rig, texts[i]);
		if (strcmp(out, texts[i]) != 0)
			fail_msg("changed: %s -> %s", texts[i], out);
		free(out);
		rig_close(&rig);
	}
}

static void one_value_has_one_token_and_spelling_does_not_matter(void **state)
{
	struct rig rig, other;

	rig_open(&rig, GH_PII_REVERSIBLE);
	rig_open(&other, GH_PII_REVERSIBLE);
	char *a = rig_rewrite(&rig, "ada@example.com"), *b = rig_rewrite(&other, "Ada@Example.com");
	assert_string_equal(a, b);
	assert_memory_equal(a, "[EMAIL:", 7);
	char *again = rig_rewrite(&rig, a);
	assert_string_equal(again, a); /* a token is not redacted once more */
	free(a);
	free(b);
	free(again);
	rig_close(&rig);
	rig_close(&other);
}

static void a_forged_token_is_never_genuine(void **state)
{
	static const uint8_t foreign[32] = { 9 };
	enum gh_pii_class class;
	struct rig rig;

	rig_open(&rig, GH_PII_REVERSIBLE);
	char *token = rig_rewrite(&rig, "ada@example.com");
	assert_true(gh_pii_token_is_genuine(rig_key, gh_slice_str(token), &class));
	assert_int_equal(class, GH_PII_EMAIL);
	assert_false(gh_pii_token_is_genuine(foreign, gh_slice_str(token), &class));
	for (size_t i = 7; i + 1 < strlen(token); i++) {
		char kept = token[i];
		token[i] = kept == 'a' ? 'b' : 'a';
		assert_false(gh_pii_token_is_genuine(rig_key, gh_slice_str(token), &class));
		token[i] = kept;
	}
	assert_false(gh_pii_token_is_genuine(rig_key, GH_SLICE("[EMAIL:]"), &class));
	assert_false(gh_pii_token_is_genuine(rig_key, GH_SLICE(""), &class));
	free(token);
	rig_close(&rig);
}

static void a_strict_token_says_nothing_about_its_value(void **state)
{
	struct rig a, b;

	rig_open(&a, GH_PII_STRICT);
	rig_open(&b, GH_PII_STRICT);
	char *x = rig_rewrite(&a, "ada@example.com ada@example.com"),
	     *y = rig_rewrite(&b, "ada@example.com");
	assert_string_not_equal(x, y);
	assert_memory_equal(x, x + strlen(x) / 2 + 1,
	                    strlen(x) / 2); /* the same within a request */
	free(x);
	free(y);
	rig_close(&a);
	rig_close(&b);
}

static void the_summary_counts_classes_and_holds_no_value(void **state)
{
	struct gh_buf out = { 0 };
	struct rig rig;

	rig_open(&rig, GH_PII_FLAG);
	free(rig_rewrite(&rig, "ada@example.com bob@example.com card 4111 1111 1111 1111"));
	gh_pii_session_summary(rig.session, GH_PII_PROMPT, &out);
	assert_non_null(strstr(gh_buf_cstr(&out), "\"email\":{\"confidence\":"));
	assert_non_null(strstr(gh_buf_cstr(&out), "\"count\":2,\"mode\":\"flag\""));
	assert_null(strstr(gh_buf_cstr(&out), "example"));
	assert_null(strstr(gh_buf_cstr(&out), "4111"));
	gh_buf_free(&out);
	rig_close(&rig);
}

/* The scan runs on the event loop: work must not grow faster than the text, and has an end. */
static void more_personal_data_than_the_limit_is_refused(void **state)
{
	struct gh_buf text = { 0 }, out = { 0 };
	struct rig rig;
	bool changed;

	rig_open(&rig, GH_PII_REVERSIBLE);
	for (int i = 0; i < GH_PII_MAX_TOKENS; i++)
		gh_buf_addf(&text, "u%d@example.com ", i);
	assert_ok(gh_pii_session_rewrite(rig.session, GH_PII_PROMPT, gh_slice(NULL, 0),
	                                 gh_buf_slice(&text), 0, text.len, &out, &changed));
	char *again = rig_rewrite(&rig, "u7@example.com");
	assert_memory_equal(again, "[EMAIL:", 7);
	free(again);
	gh_buf_clear(&out);
	assert_code(gh_pii_session_rewrite(rig.session, GH_PII_PROMPT, gh_slice(NULL, 0),
	                                   GH_SLICE("one.more@example.com"), 0, 20, &out, &changed),
	            GH_E_LIMIT);
	gh_buf_free(&text);
	gh_buf_free(&out);
	rig_close(&rig);
}

static void classes_that_are_left_out_are_not_found_and_leave_the_others_alone(void **state)
{
	static const char text[] = "Ada Lovelace, ada@example.com, YWRhQGV4YW1wbGUuY29tIG9r";
	struct gh_pii_context context = { .without = 0 };
	struct gh_pii_matches found = { 0 };
	size_t all, mails = 0;

	assert_ok(gh_pii_scan(gh_slice_str(text), &context, &found));
	all = found.count;
	for (size_t i = 0; i < all; i++)
		mails += found.items[i].class == GH_PII_EMAIL;
	assert_int_equal(mails, 2);
	context.without = 1u << GH_PII_EMAIL;
	assert_ok(gh_pii_scan(gh_slice_str(text), &context, &found));
	assert_int_equal(found.count, all - mails);
	context.without = 1u << GH_PII_NAME | 1u << GH_PII_ADDRESS;
	assert_ok(gh_pii_scan(gh_slice_str(text), &context, &found));
	assert_int_equal(found.count, mails);
	gh_pii_matches_free(&found);
}

/* What a tenant does not want to hear of must not hide what it does. */
static void a_finding_below_its_threshold_does_not_stand_in_the_way_of_another(void **state)
{
	static const char text[] = "Ship to 9 Elm Street, Springfield Anna Schmidt";
	uint8_t least[GH_PII_CLASS_COUNT];
	struct gh_pii_context context = { .least = least };
	struct gh_pii_matches found = { 0 };

	memset(least, GH_PII_LEAST, sizeof least);
	assert_ok(gh_pii_scan(gh_slice_str(text), &context, &found));
	assert_int_equal(found.count, 1);
	assert_int_equal(found.items[0].class, GH_PII_ADDRESS);
	least[GH_PII_ADDRESS] = 100;
	assert_ok(gh_pii_scan(gh_slice_str(text), &context, &found));
	assert_int_equal(found.count, 1);
	assert_int_equal(found.items[0].class, GH_PII_NAME);
	gh_pii_matches_free(&found);
}

/* Words are dropped once nothing looks at them, wherever a stretch of the text ends. */
static void names_are_found_beyond_every_stretch(void **state)
{
	for (size_t pad = 0; pad < 80; pad += 3) {
		struct gh_pii_matches matches = { 0 };
		struct gh_buf text = { 0 };
		size_t names = 0, said = 0;

		gh_buf_addf(&text, "%.*s", (int)pad,
		            "x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x "
		            "x x x x x ");
		for (; text.len < 3 * 16384; said++)
			gh_buf_addf(&text, "then Mary Johnson called us and left again with "
			                   "nothing at all to show for it; ");
		assert_ok(gh_pii_scan(gh_buf_slice(&text), NULL, &matches));
		for (size_t i = 0; i < matches.count; i++)
			names += matches.items[i].class == GH_PII_NAME;
		assert_int_equal(names, said);
		gh_pii_matches_free(&matches);
		gh_buf_free(&text);
	}
}

/* Found by reading: text in the form of a token was left alone whoever wrote it. */
static void a_look_alike_of_a_token_hides_nothing(void **state)
{
	static const char *const texts[] = {
		"[EMAIL:4111 1111 1111 1111 ]",
		"card [NAME: 4111 1111 1111 1111] ok",
	};
	for (size_t i = 0; i < GH_ARRAY_LEN(texts); i++) {
		struct rig rig;
		rig_open(&rig, GH_PII_STRICT);
		char *out = rig_rewrite(&rig, texts[i]);
		if (strstr(out, "4111 1111 1111 1111"))
			fail_msg("%s: %s", texts[i], out);
		free(out);
		rig_close(&rig);
	}
}

static void a_genuine_token_is_left_as_it_is(void **state)
{
	struct rig rig;

	rig_open(&rig, GH_PII_REVERSIBLE);
	char *once = rig_rewrite(&rig, "card 4111111111111111 and jean.valjean@example.org");
	char *twice = rig_rewrite(&rig, once);
	assert_string_equal(once, twice);
	free(once);
	free(twice);
	rig_close(&rig);
}

/* "219-09-9998" alone is less sure than behind its label, and an address is not concerned. */
static void a_finding_counts_from_its_classs_threshold_on(void **state)
{
	static const struct {
		const char *text;
		int threshold; /* of gov_id */
		bool counts;
	} cases[] = {
		{ "look at 219-09-9998 there", 0, true },
		{ "look at 219-09-9998 there", 50, true },
		{ "look at 219-09-9998 there", 90, false },
		{ "my ssn is 219-09-9998 there", 90, true },
		{ "my ssn is 219-09-9998 there", 100, false },
	};

	for (size_t i = 0; i < GH_ARRAY_LEN(cases); i++) {
		GH_CLEANUP(gh_buf_free) struct gh_buf out = { 0 };
		char text[128], *rewritten;
		struct gh_pii_text_stream *stream;
		struct rig rig;
		rig_open(&rig, GH_PII_STRICT);
		rig.policy.threshold[GH_PII_GOV_ID] = (uint8_t)cases[i].threshold;
		snprintf(text, sizeof text, "%s, ada@example.com", cases[i].text);
		rewritten = rig_rewrite(&rig, text);
		assert_int_equal(!strstr(rewritten, "219-09-9998"), cases[i].counts);
		assert_null(strstr(rewritten, "ada@example.com"));
		assert_int_equal(gh_pii_session_count(rig.session, GH_PII_PROMPT, GH_PII_GOV_ID),
		                 cases[i].counts);
		free(rewritten);

		assert_ok(gh_pii_text_stream_open(rig.session, GH_PII_OUTPUT, &stream));
		for (size_t k = 0; text[k]; k++)
			assert_ok(gh_pii_text_stream_feed(stream, gh_slice(text + k, 1), &out));
		assert_ok(gh_pii_text_stream_flush(stream, &out));
		assert_int_equal(!strstr(gh_buf_cstr(&out), "219-09-9998"), cases[i].counts);
		assert_null(strstr(gh_buf_cstr(&out), "ada@example.com"));
		gh_pii_text_stream_close(stream);
		rig_close(&rig);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_finding_counts_from_its_classs_threshold_on),
		cmocka_unit_test(a_look_alike_of_a_token_hides_nothing),
		cmocka_unit_test(a_genuine_token_is_left_as_it_is),
		cmocka_unit_test(the_structured_classes_are_found_with_their_bounds),
		cmocka_unit_test(look_alikes_are_left_alone),
		cmocka_unit_test(one_value_has_one_token_and_spelling_does_not_matter),
		cmocka_unit_test(a_forged_token_is_never_genuine),
		cmocka_unit_test(a_strict_token_says_nothing_about_its_value),
		cmocka_unit_test(the_summary_counts_classes_and_holds_no_value),
		cmocka_unit_test(more_personal_data_than_the_limit_is_refused),
		cmocka_unit_test(names_are_found_beyond_every_stretch),
		cmocka_unit_test(
		    a_finding_below_its_threshold_does_not_stand_in_the_way_of_another),
		cmocka_unit_test(
		    classes_that_are_left_out_are_not_found_and_leave_the_others_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
