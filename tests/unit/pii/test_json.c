#include "pii_rig.h"

static enum gh_code rewrite(struct rig *rig, const char *json, struct gh_buf *out)
{
	gh_buf_clear(out);
	return gh_pii_rewrite_json(rig->session, GH_PII_PROMPT, gh_slice_str(json), out);
}

static void what_holds_no_personal_data_stays_byte_for_byte(void **state)
{
	static const char *const texts[] = {
		"{}",
		" { \"b\" : [ 1.50 , -0.0e+7, 12345678901234567890 , true,null ] "
		",\t\"a\":\"\\u00e9\\/\\n\" } ",
		"{\"unknown\":{\"z\":1,\"a\":{\"deep\":[[[\"x\"]]]}},\"messages\":[{\"role\":"
		"\"user\","
		"\"content\":\"plain words \\ud83d\\ude00 \xc3\xa9\"}],\"seed\":9007199254740993}",
		"{\"image_url\":{\"url\":\"data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUA\"}}",
	};
	struct gh_buf out = { 0 };
	struct rig rig;

	rig_open(&rig, GH_PII_STRICT);
	for (size_t i = 0; i < GH_ARRAY_LEN(texts); i++) {
		assert_ok(rewrite(&rig, texts[i], &out));
		assert_string_equal(gh_buf_cstr(&out), texts[i]);
	}
	gh_buf_free(&out);
	rig_close(&rig);
}

static void what_is_not_json_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"{",
		"{\"a\"}",
		"{\"a\":1,}",
		"[1,]",
		"01",
		"1.",
		"1e",
		"+1",
		".5",
		"nul",
		"truex",
		"{} {}",
		"{\"a\":1 \"b\":2}",
		"\"\\x\"",
		"\"\\u12g4\"",
		"\"\n\"",
		"\"\\ud800\"",
		"\"\\ud800\\u0041\"",
		"\"\\udc00\"",
		"\"\xff\"",
		"\"\xc0\xaf\"",
		"\"\xed\xa0\x80\"",
		"\"\xf5\x80\x80\x80\"",
		"\xef\xbb\xbf{}",
		"{'a':1}",
		"NaN",
		"\"open",
		"{\"a\":1,\"a\":2}",
		"{\"a\":1,\"\\u0061\":2}",
		"[{\"k\":{\"a\":1,\"b\":2,\"a\":3}}]",
	};
	struct gh_buf out = { 0 };
	struct rig rig;

	rig_open(&rig, GH_PII_STRICT);
	for (size_t i = 0; i < GH_ARRAY_LEN(texts); i++) {
		if (rewrite(&rig, texts[i], &out) != GH_E_FORMAT)
			fail_msg("taken as JSON: %s", texts[i]);
		assert_int_equal(out.len, 0);
	}
	gh_buf_free(&out);
	rig_close(&rig);
}

static void nesting_beyond_the_limit_is_refused_and_not_followed(void **state)
{
	char deep[4000];
	struct gh_buf out = { 0 };
	struct rig rig;

	rig_open(&rig, GH_PII_STRICT);
	memset(deep, '[', sizeof deep);
	deep[sizeof deep - 1] = 0;
	assert_code(rewrite(&rig, deep, &out), GH_E_LIMIT);
	gh_buf_free(&out);
	rig_close(&rig);
}

static void escapes_and_nested_json_hide_nothing(void **state)
{
	static const char *const texts[] = {
		"{\"content\":\"mail ada@example.com\"}",
		"{\"content\":\"mail \\u0061\\u0064\\u0061\\u0040example.com\"}",
		"{\"x\":[{\"y\":[\"ada@example.com\"]}]}",
		"{\"function\":{\"arguments\":\"{\\\"to\\\":\\\"ada@example.com\\\"}\"}}",
		"{\"arguments\":\"{\\\"to\\\":[\\\"\\\\u0061da@example.com\\\"]}\"}",
		"{\"description\":\"write to ada@example.com\",\"model\":\"m\"}",
	};
	struct gh_buf out = { 0 };
	struct rig rig;

	rig_open(&rig, GH_PII_STRICT);
	for (size_t i = 0; i < GH_ARRAY_LEN(texts); i++) {
		GH_CLEANUP(gh_json_decref_ptr) json_t *parsed = NULL;
		assert_ok(rewrite(&rig, texts[i], &out));
		assert_ok(gh_json_parse(gh_buf_slice(&out), &parsed));
		assert_null(strstr(gh_buf_cstr(&out), "example.com"));
		assert_non_null(strstr(gh_buf_cstr(&out), "[EMAIL_"));
	}
	gh_buf_free(&out);
	rig_close(&rig);
}

static void names_that_steer_the_protocol_are_left_alone(void **state)
{
	const char *text = "{\"model\":\"ada@example.com\",\"id\":\"4111111111111111\"}";
	struct gh_buf out = { 0 };
	struct rig rig;

	rig_open(&rig, GH_PII_STRICT);
	assert_ok(rewrite(&rig, text, &out));
	assert_string_equal(gh_buf_cstr(&out), text);
	gh_buf_free(&out);
	rig_close(&rig);
}

static void a_number_that_is_surely_a_card_is_replaced_and_others_are_not(void **state)
{
	struct gh_buf out = { 0 };
	struct rig rig;

	rig_open(&rig, GH_PII_STRICT);
	assert_ok(rewrite(&rig, "{\"card_number\":4111111111111111,\"created\":1767225600}", &out));
	assert_null(strstr(gh_buf_cstr(&out), "4111111111111111"));
	assert_non_null(strstr(gh_buf_cstr(&out), "\"created\":1767225600"));
	gh_buf_free(&out);
	rig_close(&rig);
}

static enum gh_code note(void *context, struct gh_slice path, const struct gh_pii_match *match,
                         enum gh_pii_mode mode)
{
	gh_buf_addf(context, "%.*s %s %u-%u\n", GH_SLICE_ARG(path), gh_pii_class_name(match->class),
	            match->start, match->end);
	return GH_OK;
}

static void a_report_names_the_place_and_changes_nothing(void **state)
{
	static const char text[] =
	    "{\"role\":\"ada@example.com\",\"a\":[1,{\"b/c~\":\"x \\u00e9 ada@example.com\"}],"
	    "\"j\":\"{\\\"to\\\":[\\\"ada@example.com\\\"]}\",\"bad\":\"[ada@example.com, ]\","
	    "\"n\":4242424242424242}";
	struct gh_buf said = { 0 };
	struct rig rig;

	rig_open(&rig, GH_PII_OFF);
	assert_ok(gh_pii_report_data(rig.session, GH_PII_DATA, gh_slice_str(text), note, &said));
	assert_string_equal(gh_buf_cstr(&said), "/role email 0-15\n"
	                                        "/a/1/b~1c~0 email 5-20\n"
	                                        "/j#/to/0 email 0-15\n"
	                                        "/bad email 1-16\n"
	                                        "/n payment_card 0-16\n");
	assert_int_equal(gh_pii_session_count(rig.session, GH_PII_DATA, GH_PII_EMAIL), 4);
	assert_null(gh_pii_session_tokens(rig.session));
	gh_buf_free(&said);
	rig_close(&rig);
}

static enum gh_code stop(void *context, struct gh_slice path, const struct gh_pii_match *match,
                         enum gh_pii_mode mode)
{
	return gh_fail(GH_E_LIMIT, "enough");
}

static void a_report_ends_when_its_reader_has_enough(void **state)
{
	struct rig rig;

	rig_open(&rig, GH_PII_OFF);
	assert_int_equal(gh_pii_report_data(rig.session, GH_PII_DATA,
	                                    GH_SLICE("[\"ada@example.com\",1]"), stop, NULL),
	                 GH_E_LIMIT);
	assert_int_equal(
	    gh_pii_report_data(rig.session, GH_PII_DATA, GH_SLICE("[\"a\""), note, NULL),
	    GH_E_FORMAT);
	rig_close(&rig);
}

static void a_string_that_only_begins_as_json_is_counted_once(void **state)
{
	struct gh_buf out = { 0 };
	struct rig rig;

	rig_open(&rig, GH_PII_STRICT);
	assert_ok(rewrite(&rig, "{\"a\":\"[\\\"ada@example.com\\\", and so on]\"}", &out));
	assert_null(strstr(gh_buf_cstr(&out), "ada@"));
	assert_int_equal(gh_pii_session_count(rig.session, GH_PII_PROMPT, GH_PII_EMAIL), 1);
	gh_buf_free(&out);
	rig_close(&rig);
}

/* What the prompt held may be in the answer; it is taken out and put back, and nobody shall see. */
static void what_goes_out_and_comes_back_keeps_its_spelling_and_its_type(void **state)
{
	static const char *const answers[] = {
		"{\"a\":\"mail \\u0061da@example.com\\/\"}",
		"{\"card\":4111111111111111}",
		"{\"arguments\":\"{ \\\"to\\\": \\\"\\\\u0061da@example.com\\\" }\"}",
	};
	struct gh_buf out = { 0 };
	struct rig rig;

	rig_open(&rig, GH_PII_REVERSIBLE);
	assert_ok(rewrite(&rig, "[\"ada@example.com\",4111111111111111]", &out));
	assert_null(strstr(gh_buf_cstr(&out), "ada@"));
	assert_null(strstr(gh_buf_cstr(&out), "4111"));
	for (size_t i = 0; i < GH_ARRAY_LEN(answers); i++) {
		gh_buf_clear(&out);
		assert_ok(gh_pii_rewrite_output(rig.session, gh_slice_str(answers[i]), &out));
		assert_string_equal(gh_buf_cstr(&out), answers[i]);
	}
	gh_buf_free(&out);
	rig_close(&rig);
}

/* Any tree of ours comes out as JSON again, with every value that holds no personal data equal. */
static void random_json_survives(void **state)
{
	uint64_t seed = 88172645463325252u;
	struct rig rig;

	rig_open(&rig, GH_PII_STRICT);
	for (int round = 0; round < 300; round++) {
		struct gh_buf text = { 0 }, out = { 0 };
		int depth = 0;
		gh_buf_add_str(&text, "{\"a\":[");
		for (int i = 0; i < 40; i++) {
			seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
			if (i)
				gh_buf_add_byte(&text, ',');
			switch (seed % 6) {
			case 0: gh_buf_addf(&text, "%d", (int)(seed % 1000)); break;
			case 1: gh_buf_addf(&text, "{\"k%d\":null}", i); break;
			case 2:
				gh_buf_addf(&text, "\"\\t w%c \\\\ \\\"q\\\" \xe2\x82\xac\"",
				            'a' + (int)(seed % 26));
				break;
			case 3: gh_buf_add_str(&text, "[[],{}]"); break;
			case 4:
				gh_buf_addf(&text, "-%d.%dE-2", (int)(seed % 9), (int)(seed % 7));
				break;
			default: gh_buf_add_str(&text, "true"); break;
			}
			depth++;
		}
		gh_buf_add_str(&text, "]}");
		assert_ok(
		    gh_pii_rewrite_json(rig.session, GH_PII_PROMPT, gh_buf_slice(&text), &out));
		assert_string_equal(gh_buf_cstr(&out), gh_buf_cstr(&text));
		gh_buf_free(&text);
		gh_buf_free(&out);
		assert_int_equal(depth, 40);
	}
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_holds_no_personal_data_stays_byte_for_byte),
		cmocka_unit_test(what_is_not_json_is_refused),
		cmocka_unit_test(nesting_beyond_the_limit_is_refused_and_not_followed),
		cmocka_unit_test(escapes_and_nested_json_hide_nothing),
		cmocka_unit_test(names_that_steer_the_protocol_are_left_alone),
		cmocka_unit_test(a_number_that_is_surely_a_card_is_replaced_and_others_are_not),
		cmocka_unit_test(a_report_names_the_place_and_changes_nothing),
		cmocka_unit_test(a_report_ends_when_its_reader_has_enough),
		cmocka_unit_test(what_goes_out_and_comes_back_keeps_its_spelling_and_its_type),
		cmocka_unit_test(a_string_that_only_begins_as_json_is_counted_once),
		cmocka_unit_test(random_json_survives),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
