/* The official corpus: every request decides as in Lean, with the same reasons and errors; and
 * every policy of it survives the formatter and Cedar JSON. Skips, and says so, when the vectors
 * are not there. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy_test.h"

#include "policy/cedar/corpus.h"
#include "policy/cedar/corpus_files.h"

static char folder[] = "/tmp/gatehouse-cedar-XXXXXX";
static bool present;

static const char *vectors(void)
{
	static char path[600];
	const char *shared = getenv("GATEHOUSE_SHARED");

	snprintf(path, sizeof path, "%s/vectors/cedar", shared ? shared : GH_SHARED_DEFAULT);
	return path;
}

static int unpack(void **state)
{
	char command[3000], tarball[700];

	(void)state;
	snprintf(tarball, sizeof tarball, "%s/corpus-tests.tar.gz", vectors());
	present = access(tarball, R_OK) == 0;
	if (!present)
		return 0;
	if (!mkdtemp(folder))
		return -1;
	/* What the validator says lies beside each test; schemas in JSON go into a folder of their
	 * own. */
	snprintf(command, sizeof command,
	         "cd '%s' && tar -xzf '%s' 2>/dev/null && tar -xzf "
	         "'%s/validation/corpus-tests-validation.tar.gz' --strip-components=1 -C "
	         "corpus-tests 2>/dev/null && mkdir json && tar -xzf "
	         "'%s/validation/corpus-tests-json-schemas.tar.gz' -C json 2>/dev/null",
	         folder, tarball, vectors(), vectors());
	return system(command) == 0 ? 0 : -1;
}

static int remove_folder(void **state)
{
	char command[200];

	(void)state;
	if (!present)
		return 0;
	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	return system(command) == 0 ? 0 : -1;
}

static void need_vectors(void)
{
	if (present)
		return;
	print_message("skipped: the Cedar vectors are not in %s\n", vectors());
	skip();
}

static void print_line(void *user, const char *line)
{
	int *left = user;

	if ((*left)-- > 0)
		print_message("%s\n", line);
}

static void every_request_and_validation_of_the_corpus_is_as_the_reference(void **state)
{
	char tests[100];

	struct gh_cedar_corpus_counts counts;
	int lines = 20;

	(void)state;
	need_vectors();
	snprintf(tests, sizeof tests, "%s/corpus-tests", folder);
	assert_ok(gh_cedar_corpus_run(tests, gh_cedar_checker(), print_line, &lines, &counts));
	print_message("corpus: %zu tests, %zu requests, %zu validation results, %zu failed\n",
	              counts.tests, counts.requests, counts.validations, counts.failed);
	assert_int_equal(counts.failed, 0);
	assert_true(counts.requests >= 8 * 5000);
	assert_true(counts.validations >= 82000);
	assert_int_equal(counts.passed, counts.requests + counts.validations);
}

static void the_hand_written_tests_pass_with_their_schemas(void **state)
{
	struct gh_cedar_corpus_counts counts;
	char tests[700];
	int lines = 20;

	(void)state;
	need_vectors();
	snprintf(tests, sizeof tests, "%s/tests", vectors());
	assert_ok(gh_cedar_corpus_run(tests, gh_cedar_checker(), print_line, &lines, &counts));
	assert_int_equal(counts.failed, 0);
	assert_int_equal(counts.requests, 74);
}

/* Both forms of one schema validate the same policies alike. */
static void a_schema_in_json_says_what_its_text_says(void **state)
{
	struct gh_cedar_file_list files = { 0 };
	const struct gh_cedar_checker *checker = gh_cedar_checker();
	size_t compared = 0;
	char path[4096];

	(void)state;
	need_vectors();
	snprintf(path, sizeof path, "%s/json", folder);
	assert_ok(gh_cedar_corpus_list(path, &files));
	for (size_t i = 0; i < files.count; i++) {
		const char *base = strrchr(files.paths[i], '/') + 1;
		enum gh_code valid[2];
		for (int form = 0; form < 2; form++) {
			struct gh_buf schema_text = { 0 }, policy_text = { 0 };
			struct gh_cedar_diagnostic why = { 0 };
			struct gh_cedar_schema *schema;
			struct world world;
			snprintf(path, sizeof path, "%s/corpus-tests/%.40s.cedar", folder, base);
			assert_ok(gh_cedar_corpus_read(path, &policy_text));
			world_rules(&world, gh_buf_cstr(&policy_text));
			snprintf(path, sizeof path, "%s/corpus-tests/%.40s.cedarschema", folder,
			         base);
			assert_ok(gh_cedar_corpus_read(form ? files.paths[i] : path, &schema_text));
			enum gh_code code = checker->load(world.rules, gh_buf_slice(&schema_text),
			                                  form, &schema, &why);
			if (code != GH_OK)
				fail_msg("%s: %s", files.paths[i], why.text);
			valid[form] = checker->validate(schema, world.set, true, NULL, NULL);
			checker->free(schema);
			world_close(&world);
			gh_buf_free(&schema_text);
			gh_buf_free(&policy_text);
		}
		if (valid[0] != valid[1])
			fail_msg("%s: text and JSON differ", files.paths[i]);
		compared++;
	}
	gh_cedar_corpus_list_free(&files);
	assert_true(compared >= 5000);
}

static void write_and_read_back(const char *path)
{
	struct gh_buf source = { 0 }, text = { 0 }, again = { 0 }, json = { 0 }, json_again = { 0 };
	struct world first, second, third;

	assert_ok(gh_cedar_corpus_read(path, &source));
	world_rules(&first, gh_buf_cstr(&source));
	gh_cedar_format_set(first.set, &text);
	assert_ok(gh_cedar_policy_set_to_json(first.set, &json));
	world_rules(&second, gh_buf_cstr(&text));
	gh_cedar_format_set(second.set, &again);
	assert_ok(gh_cedar_policy_set_to_json(second.set, &json_again));
	if (text.len != again.len || memcmp(text.data, again.data, text.len) != 0)
		fail_msg("%s: formatting is no fixed point", path);
	if (json.len != json_again.len || memcmp(json.data, json_again.data, json.len) != 0)
		fail_msg("%s: formatted policies are others", path);
	world_rules(&third, "");
	assert_ok(gh_cedar_policy_set_parse_json(third.set, gh_buf_slice(&json), NULL));
	gh_buf_clear(&json_again);
	assert_ok(gh_cedar_policy_set_to_json(third.set, &json_again));
	assert_int_equal(json.len, json_again.len);
	assert_memory_equal(json.data, json_again.data, json.len);
	world_close(&first);
	world_close(&second);
	world_close(&third);
	gh_buf_free(&source);
	gh_buf_free(&text);
	gh_buf_free(&again);
	gh_buf_free(&json);
	gh_buf_free(&json_again);
}

static void every_policy_of_the_corpus_survives_the_formatter_and_json(void **state)
{
	struct gh_cedar_file_list files = { 0 };
	char path[4096];
	size_t seen = 0;

	(void)state;
	need_vectors();
	snprintf(path, sizeof path, "%s/corpus-tests", folder);
	assert_ok(gh_cedar_corpus_list(path, &files));
	for (size_t i = 0; i < files.count; i++) {
		size_t len = strlen(files.paths[i]);
		if (gh_cedar_corpus_ends_with(files.paths[i], ".entities.json") ||
		    gh_cedar_corpus_ends_with(files.paths[i], ".validation.json"))
			continue;
		snprintf(path, sizeof path, "%.*s.cedar", (int)len - 5, files.paths[i]);
		write_and_read_back(path);
		seen++;
	}
	assert_true(seen >= 5000);
	gh_cedar_corpus_list_free(&files);
}

static void write_file(const char *name, const char *text)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

/* A runner that cannot fail proves nothing: each of these tests is wrong in one way. */
static void a_wrong_expectation_or_a_missing_file_is_a_failure(void **state)
{
#define REQUEST(decision, reason, errors)                                                          \
	"{\"policies\":\"p.cedar\",\"entities\":\"e.json\",\"requests\":[{\"principal\":{"         \
	"\"type\":\"U\","                                                                          \
	"\"id\":\"a\"},\"action\":{\"type\":\"Action\",\"id\":\"x\"},\"resource\":{\"type\":"      \
	"\"D\",\"id\":"                                                                            \
	"\"d\"},\"context\":{},\"decision\":\"" decision "\",\"reason\":[" reason                  \
	"],\"errors\":[" errors "]}]}"
	static const struct {
		const char *text;
		size_t passed, failed;
	} tests[] = {
		{ REQUEST("allow", "\"policy0\"", "\"policy1\""), 1, 0 },
		{ REQUEST("deny", "\"policy0\"", "\"policy1\""), 0, 1 },
		{ REQUEST("allow", "", "\"policy1\""), 0, 1 },
		{ REQUEST("allow", "\"policy0\"", ""), 0, 1 },
		{ REQUEST("perhaps", "\"policy0\"", "\"policy1\""), 0, 1 },
		{ "{\"policies\":\"gone.cedar\",\"requests\":[{},{}]}", 0, 2 },
		{ "{ not json", 0, 1 },
		{ "{\"policies\":1}", 0, 0 },
	};
	struct gh_cedar_corpus_counts counts;

	(void)state;
	if (!present)
		assert_non_null(mkdtemp(folder));
	char saved[sizeof folder];
	memcpy(saved, folder, sizeof folder);
	char own[64] = "/tmp/gatehouse-cedar-XXXXXX";
	assert_non_null(mkdtemp(own));
	memcpy(folder, own, sizeof folder);
	write_file("p.cedar", "permit(principal,action,resource);permit(principal,action,resource) "
	                      "when {1};");
	write_file("e.json", "[]");
	for (size_t i = 0; i < GH_ARRAY_LEN(tests); i++) {
		write_file("t.json", tests[i].text);
		assert_ok(gh_cedar_corpus_run(folder, NULL, NULL, NULL, &counts));
		assert_int_equal(counts.passed, tests[i].passed);
		assert_int_equal(counts.failed, tests[i].failed);
	}
	assert_code(gh_cedar_corpus_run("/nonexistent-folder", NULL, NULL, NULL, &counts), GH_E_IO);
	char command[100];
	snprintf(command, sizeof command, "rm -rf '%s'", own);
	assert_int_equal(system(command), 0);
	memcpy(folder, saved, sizeof folder);
	if (!present)
		assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_request_and_validation_of_the_corpus_is_as_the_reference),
		cmocka_unit_test(the_hand_written_tests_pass_with_their_schemas),
		cmocka_unit_test(a_schema_in_json_says_what_its_text_says),
		cmocka_unit_test(every_policy_of_the_corpus_survives_the_formatter_and_json),
		cmocka_unit_test(a_wrong_expectation_or_a_missing_file_is_a_failure),
	};
	return cmocka_run_group_tests(tests, unpack, remove_folder);
}
