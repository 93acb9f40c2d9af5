/* A pack's own tests. The decision is the gateway's (policy/decide.h), not Cedar's alone: a forbid
 * that errs denies here as it does in use. */
#include <stdio.h>
#include <stdlib.h>

#include "policy/pack/pack_parts.h"
#include "policy/pack/question.h"

#define TEST_LIMIT    ((size_t)32 << 20)
#define SCRATCH_LIMIT ((size_t)8 << 20)

/* One file. */
struct sheet {
	struct gh_pack *pack;
	const struct gh_tar_member *member;
	const struct gh_pack_listener *listener;
	struct gh_pack_refusal *why;
	struct gh_arena *arena;
	struct gh_cedar_space *space;
	struct gh_cedar_entities *entities;
	struct gh_cedar_scratch *scratch;
	bool failed;
};

static void sheet_clear(struct sheet *sheet)
{
	gh_cedar_scratch_free(sheet->scratch);
	gh_cedar_entities_free(sheet->entities);
	gh_cedar_space_free(sheet->space);
	gh_arena_free(sheet->arena);
}

static bool lists(const struct gh_cedar_json *list, const struct gh_cedar_policy *policy)
{
	for (const struct gh_cedar_json *item = list->first; item; item = item->next)
		if (item->kind == GH_CEDAR_JSON_STRING &&
		    gh_slice_eq(item->text, gh_cedar_name_slice(policy->id)))
			return true;
	return false;
}

/* The same policies, in any order; a list that is not there asks nothing. */
static bool same_reasons(const struct gh_cedar_json *list, const struct gh_cedar_answer *answer)
{
	if (!list)
		return true;
	if (list->kind != GH_CEDAR_JSON_ARRAY || list->count != answer->determining_count)
		return false;
	for (size_t i = 0; i < answer->determining_count; i++)
		if (!lists(list, answer->determining[i]))
			return false;
	return true;
}

static bool same_errors(const struct gh_cedar_json *list, const struct gh_cedar_answer *answer)
{
	if (!list)
		return true;
	if (list->kind != GH_CEDAR_JSON_ARRAY || list->count != answer->error_count)
		return false;
	for (size_t i = 0; i < answer->error_count; i++)
		if (!lists(list, answer->errors[i].policy))
			return false;
	return true;
}

static const struct gh_cedar_json *either(const struct gh_cedar_json *json, const char *name,
                                          const char *other)
{
	const struct gh_cedar_json *found = gh_cedar_json_get(json, name);

	return found ? found : gh_cedar_json_get(json, other);
}

static void name_policies(const struct gh_cedar_answer *answer, char *out, size_t size)
{
	size_t used = 0;

	out[0] = 0;
	for (size_t i = 0; i < answer->determining_count && used < size; i++)
		used += (size_t)snprintf(out + used, size - used, "%s%.60s", i ? ", " : "",
		                         answer->determining[i]->id->text);
}

/* Empty when the request went as the test says. */
static gh_result judge(struct sheet *sheet, const struct gh_cedar_json *json, char *out,
                       size_t size)
{
	const struct gh_cedar_json *decision = gh_cedar_json_get(json, "decision");
	struct gh_pack *pack = sheet->pack;
	struct gh_cedar_request request;
	struct gh_policy_decision decided;
	char names[200];

	out[0] = 0;
	if (gh_pack_question_read(pack, sheet->space, sheet->member->content, json, &request) !=
	        GH_OK ||
	    pack->checker->validate_request(pack->schema, &request) != GH_OK) {
		snprintf(out, size, "%s", gh_last_error()->text);
		return GH_OK;
	}
	if (!gh_cedar_json_is(decision, GH_CEDAR_JSON_STRING) ||
	    !(gh_slice_eq_str(decision->text, "allow") ||
	      gh_slice_eq_str(decision->text, "deny"))) {
		snprintf(out, size, "its \"decision\" is neither \"allow\" nor \"deny\"");
		return GH_OK;
	}
	GH_TRY(gh_policy_decide(pack->set, pack->rules, sheet->entities, &request, sheet->scratch,
	                        &decided));
	name_policies(&decided.cedar, names, sizeof names);
	if (gh_slice_eq_str(decision->text, "allow") != (decided.outcome == GH_POLICY_ALLOW))
		snprintf(out, size, "expected %.*s, got %s%s%s", GH_SLICE_ARG(decision->text),
		         gh_policy_outcome_name(decided.outcome), names[0] ? " by " : "", names);
	else if (!same_reasons(either(json, "reason", "reasons"), &decided.cedar))
		snprintf(out, size, "other policies decided: %s", names[0] ? names : "none");
	else if (!same_errors(gh_cedar_json_get(json, "errors"), &decided.cedar))
		snprintf(out, size, "other policies erred: %zu of them", decided.cedar.error_count);
	return GH_OK;
}

static void refuse_first(struct sheet *sheet, const char *text)
{
	if (!sheet->failed)
		(void)gh_pack_refuse(sheet->why, GH_PACK_TEST_FAILED, "%s", text);
	sheet->failed = true;
}

static gh_result try_request(struct sheet *sheet, const struct gh_cedar_json *json, size_t number)
{
	const struct gh_cedar_json *description = gh_cedar_json_get(json, "description");
	struct gh_pack_trial trial = { .path = sheet->member->path, .number = number };
	char text[400], where[600];

	GH_TRY(judge(sheet, json, text, sizeof text));
	sheet->pack->test_count++;
	trial.passed = !text[0];
	trial.text = text;
	if (gh_cedar_json_is(description, GH_CEDAR_JSON_STRING))
		trial.description = description->text;
	if (sheet->listener && sheet->listener->trial)
		sheet->listener->trial(sheet->listener->user, &trial);
	if (trial.passed)
		return GH_OK;
	snprintf(where, sizeof where, "%.*s, request %zu: %s", GH_SLICE_ARG(sheet->member->path),
	         number, text);
	refuse_first(sheet, where);
	return GH_OK;
}

/* The file as a whole cannot be used. */
static void cannot_use(struct sheet *sheet, const char *text)
{
	const struct gh_pack_fault fault = { .path = sheet->member->path,
		                             .source = sheet->member->content };
	struct gh_pack_fault told = fault;
	char where[400];

	snprintf(told.where.text, sizeof told.where.text, "%s", text);
	if (sheet->listener && sheet->listener->fault)
		sheet->listener->fault(sheet->listener->user, &told);
	snprintf(where, sizeof where, "%.*s: %s", GH_SLICE_ARG(sheet->member->path), text);
	refuse_first(sheet, where);
}

static gh_result run(struct sheet *sheet)
{
	const struct gh_cedar_json *requests = NULL, *facts;
	struct gh_slice content = sheet->member->content, entities = { NULL, 0 };
	struct gh_cedar_diagnostic at = { 0 };
	struct gh_cedar_json *test;
	size_t number = 0;

	sheet->arena = gh_arena_new(TEST_LIMIT);
	sheet->scratch = gh_cedar_scratch_new(SCRATCH_LIMIT);
	sheet->space = gh_cedar_space_new(sheet->pack->facts_space, TEST_LIMIT);
	GH_ENSURE(sheet->arena && sheet->scratch && sheet->space, GH_E_MEMORY, "out of memory");
	if (gh_cedar_json_parse(sheet->arena, content, &test, NULL) == GH_OK)
		requests = gh_cedar_json_get(test, "requests");
	if (!gh_cedar_json_is(requests, GH_CEDAR_JSON_ARRAY) || requests->count == 0) {
		cannot_use(sheet, "a test is JSON with \"requests\":[…], at least one");
		return GH_OK;
	}
	facts = gh_cedar_json_get(test, "entities");
	if (facts)
		entities =
		    gh_slice_sub(content, facts->span.start, facts->span.end - facts->span.start);
	if (gh_pack_question_facts(sheet->pack, sheet->space, entities, &sheet->entities, &at) !=
	    GH_OK) {
		cannot_use(sheet, at.text[0] ? at.text : gh_last_error()->text);
		return GH_OK;
	}
	for (const struct gh_cedar_json *one = requests->first;
	     one && (sheet->listener || !sheet->failed); one = one->next)
		GH_TRY(try_request(sheet, one, number++));
	return GH_OK;
}

gh_result gh_pack_try(struct gh_pack *pack, const struct gh_tar_member *members, size_t count,
                      const struct gh_pack_listener *listener, struct gh_pack_refusal *why)
{
	bool failed = false;

	pack->test_count = 0;
	for (size_t i = 0; i < count && (listener || !failed); i++) {
		struct sheet sheet = { .pack = pack,
			               .member = &members[i],
			               .listener = listener,
			               .why = why,
			               .failed = failed };
		if (!gh_pack_member_is(&members[i], "tests/", ".json"))
			continue;
		enum gh_code code = run(&sheet);
		sheet_clear(&sheet);
		GH_TRY(code);
		failed = sheet.failed;
	}
	if (failed)
		return GH_E_DENIED;
	if (pack->test_count == 0)
		return gh_pack_refuse(why, GH_PACK_TEST_FAILED, "there is no test under tests/");
	return GH_OK;
}
