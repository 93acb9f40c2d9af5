/* The corpus runner. A test that cannot be read, or whose files cannot, fails: silence would look
 * like success. JSON files that are no tests (entities, schemas) are passed over. */
#include "policy/cedar/corpus.h"

#include <stdio.h>
#include <stdlib.h>

#include "policy/cedar/corpus_files.h"
#include "policy/cedar/json_tree.h"
#include "policy/cedar/parse.h"

#define SPACE_LIMIT   ((size_t)1 << 30)
#define SCRATCH_LIMIT ((size_t)64 << 20)

struct runner {
	const char *dir;
	const struct gh_cedar_checker *checker;
	void (*report)(void *user, const char *line);
	void *user;
	struct gh_cedar_corpus_counts *counts;
	struct gh_cedar_file_list files;
	struct gh_cedar_scratch *scratch;
};

/* What one test needs, made in this order and freed in the reverse. */
struct test {
	const char *path;
	struct gh_arena *arena;
	struct gh_buf text, policies_text, entities_text, schema_text;
	struct gh_cedar_json *json;
	struct gh_cedar_space *space, *facts;
	struct gh_cedar_schema *schema;
	const struct gh_cedar_shapes *shapes;
	struct gh_cedar_policy_set *set;
	struct gh_cedar_entities *entities;
	struct gh_cedar_diagnostic why;
};

static void test_free(struct runner *runner, struct test *test)
{
	gh_cedar_entities_free(test->entities);
	gh_cedar_policy_set_free(test->set);
	if (test->schema)
		runner->checker->free(test->schema);
	gh_cedar_space_free(test->facts);
	gh_cedar_space_free(test->space);
	gh_buf_free(&test->schema_text);
	gh_buf_free(&test->entities_text);
	gh_buf_free(&test->policies_text);
	gh_buf_free(&test->text);
	gh_arena_free(test->arena);
}

static void complain(struct runner *runner, const struct test *test, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void complain(struct runner *runner, const struct test *test, const char *format, ...)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf line = { 0 };
	va_list args;

	gh_buf_addf(&line, "%s: ", test->path);
	va_start(args, format);
	gh_buf_vaddf(&line, format, args);
	va_end(args);
	if (runner->report)
		runner->report(runner->user, gh_buf_cstr(&line));
}

static void count(struct runner *runner, bool good)
{
	if (good)
		runner->counts->passed++;
	else
		runner->counts->failed++;
}

static const struct gh_cedar_json *either(const struct gh_cedar_json *object, const char *key,
                                          const char *other)
{
	const struct gh_cedar_json *found = gh_cedar_json_get(object, key);

	return found ? found : gh_cedar_json_get(object, other);
}

static bool is_test(const struct gh_cedar_json *json)
{
	return gh_cedar_json_is(gh_cedar_json_get(json, "policies"), GH_CEDAR_JSON_STRING) &&
	       gh_cedar_json_is(either(json, "requests", "queries"), GH_CEDAR_JSON_ARRAY);
}

static gh_result load_policies(struct runner *runner, struct test *test)
{
	const struct gh_cedar_json *name = gh_cedar_json_get(test->json, "policies");

	GH_TRY(gh_cedar_corpus_resolve(runner->dir, test->path, name->text, &test->policies_text));
	test->space = gh_cedar_space_new(NULL, SPACE_LIMIT);
	GH_ENSURE(test->space, GH_E_MEMORY, "no memory for the test");
	test->set = gh_cedar_policy_set_new(test->space);
	GH_ENSURE(test->set, GH_E_MEMORY, "no memory for the test");
	struct gh_slice text = gh_buf_slice(&test->policies_text);
	if (name->text.len > 5 && memcmp(name->text.data + name->text.len - 5, ".json", 5) == 0)
		return gh_cedar_policy_set_parse_json(test->set, text, &test->why);
	return gh_cedar_policy_set_parse(test->set, text, NULL, false, &test->why);
}

static bool looks_like_json(struct gh_slice text)
{
	size_t at = 0;

	while (at < text.len && strchr(" \t\r\n", text.data[at]) && text.data[at])
		at++;
	return at < text.len && text.data[at] == '{';
}

static gh_result load_schema(struct runner *runner, struct test *test)
{
	const struct gh_cedar_json *name = gh_cedar_json_get(test->json, "schema");

	if (!runner->checker || !gh_cedar_json_is(name, GH_CEDAR_JSON_STRING) || !name->text.len)
		return GH_OK;
	GH_TRY(gh_cedar_corpus_resolve(runner->dir, test->path, name->text, &test->schema_text));
	struct gh_slice text = gh_buf_slice(&test->schema_text);
	GH_TRY(runner->checker->load(test->space, text, looks_like_json(text), &test->schema,
	                             &test->why));
	test->shapes = runner->checker->shapes(test->schema);
	return GH_OK;
}

static gh_result load_entities(struct runner *runner, struct test *test)
{
	const struct gh_cedar_json *name = gh_cedar_json_get(test->json, "entities");

	test->facts = gh_cedar_space_new(test->space, SPACE_LIMIT);
	GH_ENSURE(test->facts, GH_E_MEMORY, "no memory for the test");
	test->entities = gh_cedar_entities_new(test->facts, NULL);
	GH_ENSURE(test->entities, GH_E_MEMORY, "no memory for the test");
	if (gh_cedar_json_is(name, GH_CEDAR_JSON_STRING) && name->text.len) {
		GH_TRY(gh_cedar_corpus_resolve(runner->dir, test->path, name->text,
		                               &test->entities_text));
		GH_TRY(gh_cedar_entities_read(test->entities, gh_buf_slice(&test->entities_text),
		                              test->shapes, &test->why));
	}
	return gh_cedar_entities_seal(test->entities);
}

/* Today {"type","id"}; older corpora write User::"alice". */
static gh_result read_uid(struct test *test, const struct gh_cedar_json *json,
                          const struct gh_cedar_uid **out)
{
	struct gh_slice whole = gh_buf_slice(&test->text);
	struct gh_cedar_parser parser;

	GH_ENSURE(json, GH_E_FORMAT, "the request lacks its principal, action or resource");
	if (json->kind != GH_CEDAR_JSON_STRING)
		return gh_cedar_uid_read(
		    test->facts,
		    gh_slice_sub(whole, json->span.start, json->span.end - json->span.start), out);
	GH_TRY(gh_cedar_parser_start(&parser, test->facts, json->text, &test->why));
	return gh_cedar_parser_uid(&parser, out);
}

static gh_result read_request(struct test *test, const struct gh_cedar_json *json,
                              struct gh_cedar_request *out)
{
	const struct gh_cedar_json *context = gh_cedar_json_get(json, "context");
	struct gh_slice text = GH_SLICE("{}");
	const struct gh_cedar_action_shape *shape = NULL;

	GH_TRY(read_uid(test, gh_cedar_json_get(json, "principal"), &out->principal));
	GH_TRY(read_uid(test, gh_cedar_json_get(json, "action"), &out->action));
	GH_TRY(read_uid(test, gh_cedar_json_get(json, "resource"), &out->resource));
	if (context && context->kind != GH_CEDAR_JSON_NULL)
		text = gh_slice_sub(gh_buf_slice(&test->text), context->span.start,
		                    context->span.end - context->span.start);
	if (test->shapes)
		shape = test->shapes->action(test->shapes->schema, out->action);
	GH_TRY(gh_cedar_value_read(test->facts, text, shape ? shape->context : NULL, &out->context,
	                           &test->why));
	GH_ENSURE(out->context.kind == GH_CEDAR_RECORD, GH_E_FORMAT, "the context is no record");
	return GH_OK;
}

static bool lists_id(const struct gh_cedar_json *list, const struct gh_cedar_policy *policy)
{
	for (const struct gh_cedar_json *item = list ? list->first : NULL; item; item = item->next)
		if (item->kind == GH_CEDAR_JSON_STRING &&
		    gh_slice_eq(item->text, gh_cedar_name_slice(policy->id)))
			return true;
	return false;
}

/* The listed ids are those of these policies, which differ, and no more. */
static bool same_ids(const struct gh_cedar_json *list, const struct gh_cedar_policy *const *have,
                     size_t have_count)
{
	if ((gh_cedar_json_is(list, GH_CEDAR_JSON_ARRAY) ? list->count : 0) != have_count)
		return false;
	for (size_t i = 0; i < have_count; i++)
		if (!lists_id(list, have[i]))
			return false;
	return true;
}

static bool same_errors(const struct gh_cedar_json *list, const struct gh_cedar_answer *answer)
{
	GH_CLEANUP(gh_free_ptr)
	const struct gh_cedar_policy **policies = calloc(answer->error_count + 1, sizeof *policies);

	if (!policies)
		return false;
	for (size_t i = 0; i < answer->error_count; i++)
		policies[i] = answer->errors[i].policy;
	return same_ids(list, policies, answer->error_count);
}

static bool wants_allow(const struct gh_cedar_json *json)
{
	const struct gh_cedar_json *decision = gh_cedar_json_get(json, "decision");

	return gh_cedar_json_is(decision, GH_CEDAR_JSON_STRING) &&
	       gh_slice_eq_nocase(decision->text, GH_SLICE("allow"));
}

static bool wants_deny(const struct gh_cedar_json *json)
{
	const struct gh_cedar_json *decision = gh_cedar_json_get(json, "decision");

	return gh_cedar_json_is(decision, GH_CEDAR_JSON_STRING) &&
	       gh_slice_eq_nocase(decision->text, GH_SLICE("deny"));
}

static bool run_request(struct runner *runner, struct test *test, const struct gh_cedar_json *json,
                        size_t number)
{
	const struct gh_cedar_json *conform = gh_cedar_json_get(json, "validateRequest");
	struct gh_cedar_request request;
	struct gh_cedar_answer answer;

	runner->counts->requests++;
	if (read_request(test, json, &request) != GH_OK ||
	    gh_cedar_authorize(test->set, test->entities, &request, runner->scratch, &answer) !=
	        GH_OK) {
		complain(runner, test, "request %zu: %s", number, gh_last_error()->text);
		return false;
	}
	if (test->schema && gh_cedar_json_is(conform, GH_CEDAR_JSON_BOOL) && conform->truth &&
	    runner->checker->validate_request(test->schema, &request) != GH_OK) {
		complain(runner, test, "request %zu does not conform: %s", number,
		         gh_last_error()->text);
		return false;
	}
	if (answer.allow != wants_allow(json) || wants_allow(json) == wants_deny(json)) {
		complain(runner, test, "request %zu: decided %s", number,
		         answer.allow ? "allow" : "deny");
		return false;
	}
	if (!same_ids(either(json, "reason", "reasons"), answer.determining,
	              answer.determining_count)) {
		complain(runner, test, "request %zu: other reasons", number);
		return false;
	}
	if (!same_errors(gh_cedar_json_get(json, "errors"), &answer)) {
		complain(runner, test, "request %zu: other errors (%zu policies erred)", number,
		         answer.error_count);
		return false;
	}
	return true;
}

static void check_result(struct runner *runner, struct test *test, const char *what, bool expected,
                         enum gh_code code)
{
	bool decided = code == GH_OK || code == GH_E_DENIED;

	runner->counts->validations++;
	count(runner, decided && (code == GH_OK) == expected);
	if (!decided || (code == GH_OK) != expected)
		complain(runner, test, "%s: %s, expected %s", what,
		         code == GH_OK ? "valid" : gh_last_error()->text,
		         expected ? "valid" : "not valid");
}

struct invalid_policies {
	const struct gh_cedar_policy **list;
	size_t count, capacity;
};

static void note_invalid(void *user, const struct gh_cedar_finding *finding)
{
	struct invalid_policies *invalid = user;

	if (finding->where.warning)
		return;
	for (size_t i = 0; i < invalid->count; i++)
		if (invalid->list[i] == finding->policy)
			return;
	if (invalid->count < invalid->capacity && finding->policy)
		invalid->list[invalid->count++] = finding->policy;
}

static bool expects_valid(const struct gh_cedar_json *result, const char *mode)
{
	const struct gh_cedar_json *found = gh_cedar_json_get(result, mode);

	return !found || (found->kind == GH_CEDAR_JSON_BOOL && found->truth);
}

/* policyValidation of cedar-go's files: the set, and policy by policy. */
static void check_policies(struct runner *runner, struct test *test,
                           const struct gh_cedar_json *expected, bool strict)
{
	const char *mode = strict ? "strict" : "permissive";
	size_t total = gh_cedar_policy_set_count(test->set);
	GH_CLEANUP(gh_free_ptr)
	const struct gh_cedar_policy **list = calloc(total + 1, sizeof *list);
	struct invalid_policies invalid = { list, 0, list ? total : 0 };
	enum gh_code code =
	    runner->checker->validate(test->schema, test->set, strict, note_invalid, &invalid);
	const struct gh_cedar_json *each = gh_cedar_json_get(expected, "perPolicy");

	check_result(runner, test, mode, expects_valid(expected, mode), code);
	for (const struct gh_cedar_json *one = each ? each->first : NULL; one; one = one->next) {
		bool found = false;
		for (size_t i = 0; i < invalid.count; i++)
			found = found ||
			        gh_slice_eq(one->key, gh_cedar_name_slice(invalid.list[i]->id));
		runner->counts->validations++;
		count(runner, found != expects_valid(one, mode));
		if (found == expects_valid(one, mode))
			complain(runner, test, "%s: %.*s is %s", mode, GH_SLICE_ARG(one->key),
			         found ? "not valid, expected valid" : "valid, expected not");
	}
}

static void check_requests(struct runner *runner, struct test *test,
                           const struct gh_cedar_json *expected)
{
	const struct gh_cedar_json *json = either(test->json, "requests", "queries")->first;
	struct gh_cedar_request request;

	for (const struct gh_cedar_json *one = expected ? expected->first : NULL; one && json;
	     one = one->next, json = json->next) {
		enum gh_code code = read_request(test, json, &request);
		if (code == GH_OK)
			code = runner->checker->validate_request(test->schema, &request);
		if (code == GH_E_FORMAT)
			code = GH_E_DENIED;
		check_result(runner, test, "request validation", expects_valid(one, "strict"),
		             code);
	}
}

/* entityValidation: {perEntity: {uid: {}}}, an entity that is not valid with members. The store is
 * valid when each of them is. */
static void check_entities(struct runner *runner, struct test *test,
                           const struct gh_cedar_json *expected)
{
	const struct gh_cedar_json *each = gh_cedar_json_get(expected, "perEntity");
	bool valid = true;

	if (!each)
		return;
	for (const struct gh_cedar_json *one = each->first; one; one = one->next)
		valid = valid && one->count == 0;
	check_result(runner, test, "entity validation", valid,
	             runner->checker->validate_entities(test->schema, test->entities));
}

/* cedar-go's <name>.validation.json, when the corpus has it. */
static void check_validation_file(struct runner *runner, struct test *test)
{
	const char *slash = strrchr(test->path, '/');
	char name[300];
	GH_CLEANUP(gh_buf_free) struct gh_buf text = { 0 };
	struct gh_cedar_json *json;

	const char *base = slash ? slash + 1 : test->path;
	int len = snprintf(name, sizeof name, "%.*s.validation.json", (int)strlen(base) - 5, base);
	if (len < 0 || (size_t)len >= sizeof name)
		return;
	const char *path = gh_cedar_corpus_find(&runner->files, name);
	if (!path)
		return;
	if (gh_cedar_corpus_read(path, &text) != GH_OK ||
	    gh_cedar_json_parse(test->arena, gh_buf_slice(&text), &json, NULL) != GH_OK) {
		count(runner, false);
		complain(runner, test, "%s: %s", path, gh_last_error()->text);
		return;
	}
	const struct gh_cedar_json *policies = gh_cedar_json_get(json, "policyValidation");
	if (policies) {
		check_policies(runner, test, policies, true);
		check_policies(runner, test, policies, false);
	}
	check_entities(runner, test, gh_cedar_json_get(json, "entityValidation"));
	check_requests(runner, test, gh_cedar_json_get(json, "requestValidation"));
}

static void check_validation(struct runner *runner, struct test *test)
{
	const struct gh_cedar_json *wanted =
	    either(test->json, "shouldValidate", "should_validate");

	if (!test->schema)
		return;
	if (gh_cedar_json_is(wanted, GH_CEDAR_JSON_BOOL))
		check_result(runner, test, "shouldValidate", wanted->truth,
		             runner->checker->validate(test->schema, test->set, true, NULL, NULL));
	check_validation_file(runner, test);
}

static gh_result load(struct runner *runner, struct test *test)
{
	GH_TRY(load_policies(runner, test));
	GH_TRY(load_schema(runner, test));
	GH_TRY(gh_cedar_policy_set_seal(test->set));
	return load_entities(runner, test);
}

static void run_test(struct runner *runner, struct test *test)
{
	const struct gh_cedar_json *requests = either(test->json, "requests", "queries");
	size_t number = 0;

	runner->counts->tests++;
	if (load(runner, test) != GH_OK) {
		complain(runner, test, "%s%s%s", gh_last_error()->text,
		         test->why.text[0] ? ": " : "", test->why.text);
		/* Each of its requests fails with it. */
		runner->counts->requests += requests->count;
		runner->counts->failed += requests->count ? requests->count : 1;
		return;
	}
	for (const struct gh_cedar_json *one = requests->first; one; one = one->next)
		count(runner, run_request(runner, test, one, number++));
	check_validation(runner, test);
}

static void run_file(struct runner *runner, const char *path)
{
	struct test test = { .path = path, .arena = gh_arena_new(SPACE_LIMIT) };

	if (!test.arena || gh_cedar_corpus_read(path, &test.text) != GH_OK ||
	    gh_cedar_json_parse(test.arena, gh_buf_slice(&test.text), &test.json, &test.why) !=
	        GH_OK) {
		complain(runner, &test, "%s", gh_last_error()->text);
		count(runner, false);
	} else if (is_test(test.json)) {
		run_test(runner, &test);
	}
	test_free(runner, &test);
}

gh_result gh_cedar_corpus_run(const char *dir, const struct gh_cedar_checker *checker,
                              void (*report)(void *user, const char *line), void *user,
                              struct gh_cedar_corpus_counts *out)
{
	struct runner runner = {
		.dir = dir, .checker = checker, .report = report, .user = user, .counts = out
	};

	*out = (struct gh_cedar_corpus_counts){ 0 };
	enum gh_code code = gh_cedar_corpus_list(dir, &runner.files);
	if (code == GH_OK) {
		runner.scratch = gh_cedar_scratch_new(SCRATCH_LIMIT);
		if (!runner.scratch)
			code = gh_fail(GH_E_MEMORY, "no memory for the corpus");
	}
	for (size_t i = 0; code == GH_OK && i < runner.files.count; i++) {
		const char *path = runner.files.paths[i];
		if (!gh_cedar_corpus_ends_with(path, ".validation.json"))
			run_file(&runner, path);
	}
	gh_cedar_scratch_free(runner.scratch);
	gh_cedar_corpus_list_free(&runner.files);
	return code;
}
