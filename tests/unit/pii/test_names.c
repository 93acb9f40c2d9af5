#include "pii_rig.h"

#include "pii/model.h"
#include "pii/scan.h"
#include "pii/simd.h"
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

/* Each a text and the names in it. */
static void assert_names(const char *const (*cases)[2], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char *found = names_in(cases[i][0]);
		assert_string_equal(found, cases[i][1]);
		free(found);
	}
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

	assert_names(cases, GH_ARRAY_LEN(cases));
}

static void a_name_in_an_email_address_belongs_to_the_address(void **state)
{
	struct gh_pii_matches matches = { 0 };

	assert_ok(gh_pii_scan(gh_slice_str("mail anna.schmidt@example.com now"), NULL, &matches));
	assert_int_equal(matches.count, 1);
	assert_int_equal(matches.items[0].class, GH_PII_EMAIL);
	gh_pii_matches_free(&matches);
}

static size_t names_under(const char *key, const char *text)
{
	const struct gh_pii_context context = { .key = gh_slice_str(key) };
	struct gh_pii_matches matches = { 0 };
	size_t count = 0;

	assert_ok(gh_pii_scan(gh_slice_str(text), &context, &matches));
	for (size_t i = 0; i < matches.count; i++)
		count += matches.items[i].class == GH_PII_NAME && matches.items[i].confidence >= 50;
	gh_pii_matches_free(&matches);
	return count;
}

static void a_field_of_names_tells_a_name_from_a_word(void **state)
{
	assert_int_equal(names_under("product", "Sterling"), 0);
	assert_int_equal(names_under("last_name", "Sterling"), 1);
	assert_int_equal(names_under("customerName", "Sterling"), 1);
	assert_int_equal(names_under("name", "get_weather"), 0);
	assert_int_equal(names_under("name", "Acme Widget"), 0);
}

static void lists_of_names_are_told_from_names_turned_round(void **state)
{
	static const char *const cases[][2] = {
		{ "Guests: Maria, Hannah, Peter and Teresa.", "Maria|Hannah|Peter|Teresa" },
		{ "The patient, Lindqvist, Hannah, was seen.", "Lindqvist, Hannah" },
		{ "Signed, Okafor, Gabriel", "Okafor, Gabriel" },
		{ "Please ask Hannah  Lindqvist about it.", "Hannah  Lindqvist" },
	};

	assert_names(cases, GH_ARRAY_LEN(cases));
}

static void a_piece_of_an_identifier_is_no_name(void **state)
{
	static const char *const texts[] = {
		"return SARAH_CONNOR + get_Hannah(Gabriel_id);",
		"include hannah.h and Gabriel.c",
		"Hannah_Lindqvist",
	};

	for (size_t i = 0; i < GH_ARRAY_LEN(texts); i++) {
		char *found = names_in(texts[i]);
		assert_string_equal(found, "");
		free(found);
	}
}

static void a_header_speaks_for_the_names_in_its_column(void **state)
{
	static const char *const cases[][2] = {
		{ "customer,city\nSterling,Dover\nWolfe,Leeds\n", "Sterling|Wolfe" },
		{ "product,city\nJordan,Ulm\n", "" },
		{ "customer,city\nJordan,Ulm\n", "Jordan" },
		{ "Kunde;Ort\nSterling;Ulm\n", "Sterling" },
		{ "pr\xc3\xa9nom\tcity\nSterling\tLyon\n", "Sterling" },
		{ "id|last_name|city\n7|Sterling|Dover\n8|get_weather|Ulm\n", "Sterling" },
		{ "product name,city\nJordan,Ulm\n", "" },
		/* Behind the table it says nothing. */
		{ "customer,city\nJordan,Ulm\n\nJordan is a country.\n", "Jordan" },
	};

	assert_names(cases, GH_ARRAY_LEN(cases));
}

/* ---- names known from before ---- */

static const char introduction[] = "My name is Hannah Brindlemoor and I live in Boston.";
static const char later[] =
    "Is the Brindlemoor file complete? See Brindlemoor Street, brindlemoor_id.";

static void the_bare_name_of_somebody_named_before_is_found(void **state)
{
	struct rig rig;

	rig_open(&rig, GH_PII_STRICT);
	char *alone = rig_rewrite(&rig, later);
	char *named = rig_rewrite(&rig, introduction);
	char *after = rig_rewrite(&rig, later);
	assert_string_equal(alone, later);
	assert_null(strstr(named, "Brindlemoor"));
	assert_memory_equal(after, "Is the [NAME_", 13);
	assert_non_null(strstr(after, "] file complete? See Brindlemoor Street, brindlemoor_id."));
	free(alone);
	free(named);
	free(after);
	rig_close(&rig);
}

static void what_one_request_knows_no_other_does(void **state)
{
	struct rig first, second;

	rig_open(&first, GH_PII_STRICT);
	rig_open(&second, GH_PII_STRICT);
	free(rig_rewrite(&first, introduction));
	char *other = rig_rewrite(&second, later);
	assert_string_equal(other, later);
	free(other);
	rig_close(&first);
	rig_close(&second);
}

static void known_names_are_bounded(void **state)
{
	struct gh_buf text = { 0 };
	struct rig rig;

	rig_open(&rig, GH_PII_FLAG);
	for (int i = 0; i < 2000; i++)
		gh_buf_addf(&text, "My name is Zerelda Brindle%c%c%cmoor.\n", 'a' + i % 26,
		            'a' + i / 26 % 26, 'a' + i / 676);
	free(rig_rewrite(&rig, gh_buf_cstr(&text)));
	gh_buf_free(&text);
	rig_close(&rig);
}

/* ---- streams ---- */

static const char *const streamed_texts[] = {
	/* What is glued to a word behind it tells that it is program text. */
	"He saw de la Baker_id and van Baker_ in the file.",
	"Please tell Katherine Johnson that Dr. Okafor and maria rossi called, and then went home.",
	"Attendees: Johnson, Katherine; van der Berg, Anna; J. R. Ortiz and M\xc3\xbcller-L\xc3\xbc"
	"denscheid, Karl.",
	"Dear Mr. O\xe2\x80\x99"
	"Brien,\nthe answer for Jean de la Cruz is ready. Best,\nJes\xc3\xbas",
	"name is anna schmidt and the phone of Peter Smith is 555 010 0199, peter@example.com",
	"Anna Peter Maria John Karl Otto Emil Ida Rosa Hugo Paul Emma Lena Max Fritz Hans Kurt "
	"Olga "
	"Vera Nina Igor Ivan Boris Oleg Pavel Zoe Liam Noah",
	"Kim wrote: my name is Zerelda Brindlemoor. The Brindlemoor file and the Zerelda file are "
	"old.",
	"It was the best of times, it was the worst of times in New York and San Francisco.",
};

static char *stream_of(const char *text, size_t step, size_t *most_held)
{
	struct gh_pii_text_stream *stream;
	struct gh_buf out = { 0 };
	struct rig rig;
	size_t len = strlen(text);

	rig_open(&rig, GH_PII_REVERSIBLE);
	assert_ok(gh_pii_text_stream_open(rig.session, GH_PII_PROMPT, &stream));
	for (size_t at = 0; at < len; at += step) {
		assert_ok(gh_pii_text_stream_feed(
		    stream, gh_slice(text + at, len - at < step ? len - at : step), &out));
		if (gh_pii_text_stream_held(stream) > *most_held)
			*most_held = gh_pii_text_stream_held(stream);
	}
	assert_ok(gh_pii_text_stream_flush(stream, &out));
	char *copy = strdup(gh_buf_cstr(&out));
	gh_buf_free(&out);
	gh_pii_text_stream_close(stream);
	rig_close(&rig);
	return copy;
}

static void a_stream_finds_the_names_of_the_whole_text_for_every_cut(void **state)
{
	for (size_t i = 0; i < GH_ARRAY_LEN(streamed_texts); i++) {
		const char *text = streamed_texts[i];
		struct rig rig;
		rig_open(&rig, GH_PII_REVERSIBLE);
		char *whole = rig_rewrite(&rig, text);
		rig_close(&rig);
		for (size_t step = 1; step <= strlen(text); step++) {
			size_t held = 0;
			char *pieces = stream_of(text, step, &held);
			assert_string_equal(pieces, whole);
			assert_true(step > 1 || held <= 256);
			free(pieces);
		}
		free(whole);
	}
}

/* Bounds, confidence and cuts of characters, with each classification that this machine can run. */
static void every_instruction_set_finds_the_same_names_between_characters(void **state)
{
	for (size_t i = 0; i < GH_ARRAY_LEN(streamed_texts); i++) {
		const struct gh_slice text = gh_slice_str(streamed_texts[i]);
		struct gh_pii_matches first = { 0 };
		const struct gh_pii_classifier *scalar = gh_pii_classifiers;
		while (scalar->run != gh_pii_classify_scalar)
			scalar++;
		assert_ok(gh_pii_scan_with(&first, scalar));
		assert_ok(gh_pii_scan(text, NULL, &first));
		for (size_t m = 0; m < first.count; m++) {
			assert_int_not_equal(text.data[first.items[m].start] & 0xc0, 0x80);
			if (first.items[m].end < text.len)
				assert_int_not_equal(text.data[first.items[m].end] & 0xc0, 0x80);
		}
		for (const struct gh_pii_classifier *each = gh_pii_classifiers;; each++) {
			struct gh_pii_matches other = { 0 };
			if (each->usable()) {
				assert_ok(gh_pii_scan_with(&other, each));
				assert_ok(gh_pii_scan(text, NULL, &other));
				assert_int_equal(other.count, first.count);
				for (size_t m = 0; m < first.count; m++) {
					assert_int_equal(other.items[m].start,
					                 first.items[m].start);
					assert_int_equal(other.items[m].end, first.items[m].end);
					assert_int_equal(other.items[m].confidence,
					                 first.items[m].confidence);
				}
				gh_pii_matches_free(&other);
			}
			if (each->run == gh_pii_classify_scalar)
				break;
		}
		gh_pii_matches_free(&first);
	}
}

/* A long text of words and names without much punctuation, by the words of others. */
static void a_long_stream_agrees_with_the_whole_text(void **state)
{
	static const char *const words[] = {
		"Anna",     "said",     "the",   "Smith,", "in",     "London",  "van",
		"Okafor",   "john",     "and",   "Mr.",    "report", "Garcia",  "name",
		"is",       "of",       "Maria", "to",     "Peter",  "Bank.",   "with",
		"O'Neil",   "Rossi",    "a",     "Emma",   "market", "Dr.",     "Hannah,",
		"Gabriel,", "Johnson,", "Emma,", "Rossi,", "Simon,", "Garcia,", "Anna,",
	};
	struct gh_buf text = { 0 };
	unsigned random = 7;

	for (int round = 0; round < 20; round++) {
		gh_buf_clear(&text);
		for (int i = 0; i < 150; i++) {
			random = random * 1103515245 + 12345;
			gh_buf_addf(&text, "%s%s", i ? " " : "",
			            words[(random >> 16) % GH_ARRAY_LEN(words)]);
		}
		struct rig rig;
		rig_open(&rig, GH_PII_REVERSIBLE);
		char *whole = rig_rewrite(&rig, gh_buf_cstr(&text));
		rig_close(&rig);
		size_t held = 0;
		for (size_t step = 1; step < 400; step = step * 3 + 1) {
			char *pieces = stream_of(gh_buf_cstr(&text), step, &held);
			assert_string_equal(pieces, whole);
			free(pieces);
		}
		free(whole);
	}
	gh_buf_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_model_of_the_program_is_whole),
		cmocka_unit_test(a_model_with_one_byte_changed_is_refused),
		cmocka_unit_test(a_model_cut_short_is_refused),
		cmocka_unit_test(names_are_found_in_plain_sentences),
		cmocka_unit_test(a_name_in_an_email_address_belongs_to_the_address),
		cmocka_unit_test(a_field_of_names_tells_a_name_from_a_word),
		cmocka_unit_test(lists_of_names_are_told_from_names_turned_round),
		cmocka_unit_test(a_piece_of_an_identifier_is_no_name),
		cmocka_unit_test(a_header_speaks_for_the_names_in_its_column),
		cmocka_unit_test(the_bare_name_of_somebody_named_before_is_found),
		cmocka_unit_test(what_one_request_knows_no_other_does),
		cmocka_unit_test(known_names_are_bounded),
		cmocka_unit_test(a_stream_finds_the_names_of_the_whole_text_for_every_cut),
		cmocka_unit_test(every_instruction_set_finds_the_same_names_between_characters),
		cmocka_unit_test(a_long_stream_agrees_with_the_whole_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
