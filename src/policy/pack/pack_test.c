/* A pack's own tests. The decision is the gateway's (policy/decide.h), not Cedar's alone: a forbid
 * that errs denies here as it does in use. */
#include "policy/pack/pack_parts.h"

#include <stdlib.h>

#include "policy/cedar/json_tree.h"

#define TEST_LIMIT    ((size_t)32 << 20)
#define SCRATCH_LIMIT ((size_t)8 << 20)

struct trial {
	struct gh_pack *pack;
	const struct gh_tar_member *member;
	struct gh_arena *arena;
	struct gh_cedar_space *space;
	struct gh_cedar_entities *entities;
	struct gh_cedar_scratch *scratch;
	struct gh_pack_refusal *why;
};

static struct gh_slice source_of(const struct trial *trial, const struct gh_cedar_json *json)
{
	return gh_slice_sub(trial->member->content, json->span.start,
	                    json->span.end - json->span.start);
}

static enum gh_code failed(const struct trial *trial, size_t number, const char *what)
{
	return gh_pack_refuse(trial->why, GH_PACK_TEST_FAILED, "%.*s, request %zu: %s",
	                      GH_SLICE_ARG(trial->member->path), number, what);
}

static bool read_uid(struct trial *trial, const struct gh_cedar_json *request, const char *name,
                     const struct gh_cedar_uid **out)
{
	const struct gh_cedar_json *json = gh_cedar_json_get(request, name);

	return json && gh_cedar_uid_read(trial->space, source_of(trial, json), out) == GH_OK;
}

static bool read_request(struct trial *trial, const struct gh_cedar_json *json,
                         struct gh_cedar_request *out)
{
	const struct gh_cedar_shapes *shapes = trial->pack->checker->shapes(trial->pack->schema);
	const struct gh_cedar_json *context = gh_cedar_json_get(json, "context");
	struct gh_slice text = GH_SLICE("{}");

	if (!read_uid(trial, json, "principal", &out->principal) ||
	    !read_uid(trial, json, "action", &out->action) ||
	    !read_uid(trial, json, "resource", &out->resource))
		return false;
	const struct gh_cedar_action_shape *shape = shapes->action(shapes->schema, out->action);
	if (context)
		text = source_of(trial, context);
	return gh_cedar_value_read(trial->space, text, shape ? shape->context : NULL, &out->context,
	                           NULL) == GH_OK &&
	       out->context.kind == GH_CEDAR_RECORD;
}

static bool lists(const struct gh_cedar_json *list, const struct gh_cedar_policy *policy)
{
	for (const struct gh_cedar_json *item = list->first; item; item = item->next)
		if (item->kind == GH_CEDAR_JSON_STRING &&
		    gh_slice_eq(item->text, gh_cedar_name_slice(policy->id)))
			return true;
	return false;
}

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

static gh_result try_request(struct trial *trial, const struct gh_cedar_json *json, size_t number)
{
	const struct gh_cedar_json *decision = gh_cedar_json_get(json, "decision");
	const struct gh_cedar_json *reasons = gh_cedar_json_get(json, "reason");
	struct gh_cedar_request request;
	struct gh_policy_decision decided;

	if (!read_request(trial, json, &request))
		return failed(trial, number, "the request cannot be read");
	if (trial->pack->checker->validate_request(trial->pack->schema, &request) != GH_OK)
		return failed(trial, number, gh_last_error()->text);
	GH_TRY(gh_policy_decide(trial->pack->set, trial->pack->rules, trial->entities, &request,
	                        trial->scratch, &decided));
	if (!gh_cedar_json_is(decision, GH_CEDAR_JSON_STRING) ||
	    !(gh_slice_eq_str(decision->text, "allow") || gh_slice_eq_str(decision->text, "deny")))
		return failed(trial, number, "its decision is neither allow nor deny");
	if (gh_slice_eq_str(decision->text, "allow") != (decided.outcome == GH_POLICY_ALLOW))
		return failed(trial, number, gh_policy_outcome_name(decided.outcome));
	if (!same_reasons(reasons ? reasons : gh_cedar_json_get(json, "reasons"), &decided.cedar))
		return failed(trial, number, "other policies decided");
	trial->pack->test_count++;
	return GH_OK;
}

static gh_result read_facts(struct trial *trial, const struct gh_cedar_json *test)
{
	const struct gh_cedar_json *facts = gh_cedar_json_get(test, "entities");
	struct gh_cedar_diagnostic at = { 0 };

	trial->space = gh_cedar_space_new(trial->pack->facts_space, TEST_LIMIT);
	GH_ENSURE(trial->space, GH_E_MEMORY, "out of memory");
	trial->entities = gh_cedar_entities_new(trial->space, trial->pack->entities);
	GH_ENSURE(trial->entities, GH_E_MEMORY, "out of memory");
	if (facts &&
	    gh_cedar_entities_read(trial->entities, source_of(trial, facts), NULL, &at) != GH_OK)
		return gh_pack_refuse(trial->why, GH_PACK_TEST_FAILED, "%.*s, entities: %s",
		                      GH_SLICE_ARG(trial->member->path),
		                      at.text[0] ? at.text : gh_last_error()->text);
	return gh_cedar_entities_seal(trial->entities);
}

static gh_result run(struct trial *trial)
{
	struct gh_cedar_json *test;
	size_t number = 0;

	trial->arena = gh_arena_new(TEST_LIMIT);
	trial->scratch = gh_cedar_scratch_new(SCRATCH_LIMIT);
	GH_ENSURE(trial->arena && trial->scratch, GH_E_MEMORY, "out of memory");
	const struct gh_cedar_json *requests = NULL;
	if (gh_cedar_json_parse(trial->arena, trial->member->content, &test, NULL) == GH_OK)
		requests = gh_cedar_json_get(test, "requests");
	if (!gh_cedar_json_is(requests, GH_CEDAR_JSON_ARRAY) || requests->count == 0)
		return gh_pack_refuse(trial->why, GH_PACK_TEST_FAILED,
		                      "%.*s is not JSON with \"requests\":[…]",
		                      GH_SLICE_ARG(trial->member->path));
	GH_TRY(read_facts(trial, test));
	for (const struct gh_cedar_json *one = requests->first; one; one = one->next)
		GH_TRY(try_request(trial, one, number++));
	return GH_OK;
}

gh_result gh_pack_run_tests(struct gh_pack *pack, const struct gh_tar_member *members, size_t count,
                            struct gh_pack_refusal *why)
{
	enum gh_code code = GH_OK;

	for (size_t i = 0; i < count && code == GH_OK; i++) {
		struct trial trial = { .pack = pack, .member = &members[i], .why = why };
		if (!gh_pack_member_is(&members[i], "tests/", ".json"))
			continue;
		code = run(&trial);
		gh_cedar_scratch_free(trial.scratch);
		gh_cedar_entities_free(trial.entities);
		gh_cedar_space_free(trial.space);
		gh_arena_free(trial.arena);
	}
	if (code == GH_OK && pack->test_count == 0)
		return gh_pack_refuse(why, GH_PACK_TEST_FAILED, "there is no test under tests/");
	return code;
}
