/* A tenant's own patterns: found as they say, refused when they cannot serve, the same in pieces.
 */
#include "pii_rig.h"

#include "pii/custom.h"

static struct gh_pii_custom *compiled(const char *name, const char *json)
{
	const struct gh_pii_definition definition = { gh_slice_str(name), gh_slice_str(json) };
	struct gh_pii_custom *custom;

	assert_ok(gh_pii_custom_compile(&definition, 1, &custom));
	return custom;
}

static size_t found(struct gh_pii_custom *custom, const char *text, const char *value)
{
	const struct gh_pii_context context = { .custom = custom };
	struct gh_pii_matches matches = { 0 };
	size_t count = 0;

	assert_ok(gh_pii_scan(gh_slice_str(text), &context, &matches));
	for (size_t i = 0; i < matches.count; i++) {
		const struct gh_pii_match *m = &matches.items[i];
		if (m->class != GH_PII_CUSTOM)
			continue;
		count++;
		if (value && (m->end - m->start != strlen(value) ||
		              memcmp(text + m->start, value, strlen(value)) != 0))
			fail_msg("%s: found %.*s", text, (int)(m->end - m->start), text + m->start);
	}
	gh_pii_matches_free(&matches);
	return count;
}

static void patterns_and_words_are_found_as_they_stand(void **state)
{
	struct gh_pii_custom *custom =
	    compiled("badge", "{\"regex\":\"EMP-[0-9]{6}\",\"match\":[\"EMP-123456\"]}");

	assert_int_equal(found(custom, "my badge is EMP-482915.", "EMP-482915"), 1);
	assert_int_equal(found(custom, "my badge is emp-482915, EMP-12", NULL), 0);
	gh_pii_custom_release(custom);
	custom = compiled("project", "{\"words\":[\"Blue Heron\",\"zeppelin\"]}");
	assert_int_equal(found(custom, "the blue heron flies", "blue heron"), 1);
	assert_int_equal(found(custom, "Zeppelins are not meant", NULL), 0);
	assert_int_equal(found(custom, "a ZEPPELIN", "ZEPPELIN"), 1);
	gh_pii_custom_release(custom);
}

static void an_allowed_value_is_never_reported(void **state)
{
	struct gh_pii_custom *custom = compiled("ours", "{\"allow\":[\"Press@Example.com\"]}");
	const struct gh_pii_context context = { .custom = custom };
	struct gh_pii_matches matches = { 0 };

	assert_ok(gh_pii_scan(GH_SLICE("press@example.com and jean.valjean@example.org"), &context,
	                      &matches));
	assert_int_equal(matches.count, 1);
	assert_int_equal(matches.items[0].start, 22);
	gh_pii_matches_free(&matches);
	gh_pii_custom_release(custom);
}

static void what_cannot_serve_is_refused_before_it_is_used(void **state)
{
	static const char *const bad[] = {
		"{}",
		"{\"regex\":\"(\",\"match\":[\"a\"]}",
		"{\"regex\":\"a*\",\"match\":[\"a\"]}",
		"{\"regex\":\"a+\",\"match\":[\"a\"]}",
		"{\"regex\":\"a$\",\"match\":[\"a\"]}",
		"{\"regex\":\"a{300}\",\"match\":[\"a\"]}",
		"{\"regex\":\"(a)\\\\1\",\"match\":[\"aa\"]}",
		"{\"regex\":\"EMP\",\"match\":[\"nothing\"]}",
		"{\"regex\":\"[a-z ]\",\"match\":[\"a\"]}",
		"{\"words\":[\"a\"]}",
		"{\"words\":[1]}",
		"{\"regex\":\"abc\",\"words\":[\"abc\"],\"match\":[\"abc\"]}",
		"{\"regex\":\"abc\",\"match\":[\"abc\"],\"modes\":{\"prompt\":\"maybe\"}}",
		"[1,2]",
		"not JSON",
	};
	struct gh_pii_trial trial;

	for (size_t i = 0; i < GH_ARRAY_LEN(bad); i++) {
		const struct gh_pii_definition definition = { GH_SLICE("bad"),
			                                      gh_slice_str(bad[i]) };
		enum gh_code code = gh_pii_custom_try(&definition, 1, &trial);
		if (code != GH_E_FORMAT && code != GH_E_LIMIT)
			fail_msg("%s: %s", bad[i], gh_code_name(code));
	}
}

static char *in_pieces(struct rig *rig, const char *text, size_t piece)
{
	struct gh_pii_text_stream *stream;
	struct gh_buf out = { 0 };

	assert_ok(gh_pii_text_stream_open(rig->session, GH_PII_OUTPUT, &stream));
	for (size_t at = 0; at < strlen(text); at += piece)
		assert_ok(gh_pii_text_stream_feed(
		    stream, gh_slice_sub(gh_slice_str(text), at, piece), &out));
	assert_ok(gh_pii_text_stream_flush(stream, &out));
	gh_pii_text_stream_close(stream);
	char *copy = strdup(gh_buf_cstr(&out));
	gh_buf_free(&out);
	return copy;
}

/* Strict tokens are random: only whether the secret is left shows. */
static void a_pattern_over_several_words_is_found_in_any_pieces(void **state)
{
	static const char text[] = "we call it operation quiet harvest moon among us, nothing more";
	struct gh_pii_custom *custom =
	    compiled("codename", "{\"regex\":\"operation( [a-z]{3,12}){3}\",\"match\":[\"operation "
	                         "one two three\"]}");

	for (size_t piece = 1; piece < sizeof text; piece++) {
		struct rig rig;
		rig_open(&rig, GH_PII_STRICT);
		rig.policy.custom = custom;
		char *out = in_pieces(&rig, text, piece);
		if (strstr(out, "harvest") || strstr(out, "operation") || !strstr(out, "[CUSTOM_"))
			fail_msg("pieces of %zu: %s", piece, out);
		free(out);
		rig_close(&rig);
	}
	gh_pii_custom_release(custom);
}

static void a_definitions_own_mode_goes_before_the_table(void **state)
{
	struct gh_pii_custom *custom = compiled(
	    "badge", "{\"regex\":\"EMP-[0-9]{6}\",\"match\":[\"EMP-123456\"],\"modes\":{\"prompt\":"
	             "\"flag\"}}");
	struct rig rig;

	rig_open(&rig, GH_PII_STRICT);
	rig.policy.custom = custom;
	char *out = rig_rewrite(&rig, "badge EMP-123456");
	assert_string_equal(out, "badge EMP-123456");
	assert_int_equal(gh_pii_session_count(rig.session, GH_PII_PROMPT, GH_PII_CUSTOM), 1);
	free(out);
	rig_close(&rig);
	gh_pii_custom_release(custom);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_and_words_are_found_as_they_stand),
		cmocka_unit_test(an_allowed_value_is_never_reported),
		cmocka_unit_test(what_cannot_serve_is_refused_before_it_is_used),
		cmocka_unit_test(a_pattern_over_several_words_is_found_in_any_pieces),
		cmocka_unit_test(a_definitions_own_mode_goes_before_the_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
