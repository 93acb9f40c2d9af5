/* Schemas, and what is held against them. Errors of a policy's text are errors of the case; of all
 * else it is told whether it is valid. */
#include "engine.h"

#include <stdio.h>

#include "../sound.h"

/* {id: text}: named "<id>/0". */
static gh_result add_policies(struct gh_cedar_policy_set *set, const struct gh_cedar_json *all)
{
	for (const struct gh_cedar_json *one = all ? all->first : NULL; one; one = one->next) {
		char prefix[40];
		snprintf(prefix, sizeof prefix, "%.*s/", GH_SLICE_ARG(one->key));
		GH_TRY(gh_cedar_policy_set_parse(set, one->text, prefix, false, NULL));
	}
	return GH_OK;
}

static void add_findings(struct engine *engine, const char *name, const struct findings *findings)
{
	gh_buf_addf(&engine->out, "\"%s\":{", name);
	for (size_t i = 0; i < findings->count; i++) {
		gh_buf_add_str(&engine->out, i ? "," : "");
		gh_cedar_json_add_string(&engine->out,
		                         gh_cedar_name_slice(findings->list[i].policy->id));
		gh_buf_add_byte(&engine->out, ':');
		gh_cedar_json_add_string(&engine->out, gh_slice_str(findings->list[i].where.text));
	}
	gh_buf_add_str(&engine->out, "},");
}

static gh_result judge(struct engine *engine, const struct gh_cedar_schema *schema,
                       const struct gh_cedar_policy_set *set, struct told *told)
{
	enum gh_code code = gh_cedar_checker()->validate(schema, set, true, told_note, told);

	GH_ENSURE(code == GH_OK || code == GH_E_DENIED, code, "not validated: %s",
	          gh_last_error()->text);
	GH_ENSURE((code == GH_OK) == (told->faults.count == 0), GH_E_INTERNAL,
	          "the result and the findings differ");
	add_findings(engine, "invalid", &told->faults);
	add_findings(engine, "never", &told->warnings);
	return GH_OK;
}

/* A valid policy that meets a wrong type ends the run. */
static gh_result keeps_promise(struct engine *engine, const struct gh_cedar_policy_set *set,
                               const struct gh_cedar_entities *entities,
                               const struct gh_cedar_request *request, const struct told *told)
{
	struct gh_cedar_answer answer;

	GH_TRY(gh_cedar_authorize(set, entities, request, engine->scratch, &answer));
	const struct gh_cedar_policy *broken = sound_breach(told, &answer);
	GH_ENSURE(!broken, GH_E_INTERNAL, "%s is valid and was evaluated otherwise",
	          broken->id->text);
	return GH_OK;
}

/* `entities` is NULL when they do not conform. */
static gh_result add_requests(struct engine *engine, const struct gh_cedar_policy_set *set,
                              const struct gh_cedar_schema *schema,
                              const struct gh_cedar_entities *entities,
                              const struct gh_cedar_json *all, const struct told *told)
{
	GH_CLEANUP(gh_cedar_space_free_ptr)
	struct gh_cedar_space *space = gh_cedar_space_new(
	    entities ? gh_cedar_entities_space(entities) : gh_cedar_policy_set_space(set), LIMIT);

	GH_ENSURE(space, GH_E_MEMORY, "no memory");
	gh_buf_add_str(&engine->out, "\"requests\":[");
	for (const struct gh_cedar_json *one = all ? all->first : NULL; one; one = one->next) {
		struct gh_cedar_request request;
		struct gh_slice parts[4];
		const struct gh_cedar_json *item = one->first;
		for (size_t i = 0; i < 4; i++, item = item->next)
			parts[i] = raw(engine, item);
		bool conforms = sound_request(space, schema, parts, &request) == GH_OK;
		if (conforms && entities)
			GH_TRY(keeps_promise(engine, set, entities, &request, told));
		gh_buf_addf(&engine->out, "%s%s", conforms ? "true" : "false",
		            one->next ? "," : "");
	}
	gh_buf_add_str(&engine->out, "]");
	return GH_OK;
}

static gh_result conform(struct gh_cedar_entities *entities, const struct gh_cedar_schema *schema,
                         struct gh_slice json)
{
	GH_TRY(gh_cedar_entities_read(entities, json, gh_cedar_checker()->shapes(schema), NULL));
	GH_TRY(gh_cedar_entities_seal(entities));
	GH_TRY(gh_cedar_checker()->validate_entities(schema, entities));
	gh_cedar_space_freeze(gh_cedar_entities_space(entities));
	return GH_OK;
}

static gh_result check_all(struct engine *engine, const struct gh_cedar_schema *schema,
                           const struct gh_cedar_json *test, struct gh_cedar_policy_set *set)
{
	GH_CLEANUP(gh_cedar_space_free_ptr) struct gh_cedar_space *facts = NULL;
	GH_CLEANUP(gh_cedar_entities_free_ptr) struct gh_cedar_entities *entities = NULL;
	const struct gh_cedar_json *listed = gh_cedar_json_get(test, "entities");
	struct told told = { .faults.count = 0 };

	GH_TRY(add_policies(set, gh_cedar_json_get(test, "policies")));
	GH_TRY(add_policies(set, gh_cedar_json_get(test, "templates")));
	GH_TRY(engine_links(engine, set, gh_cedar_json_get(test, "links")));
	GH_TRY(gh_cedar_policy_set_seal(set));
	gh_buf_add_byte(&engine->out, '{');
	GH_TRY(judge(engine, schema, set, &told));
	facts = gh_cedar_space_new(gh_cedar_policy_set_space(set), LIMIT);
	entities = facts ? gh_cedar_entities_new(facts, NULL) : NULL;
	GH_ENSURE(entities, GH_E_MEMORY, "no memory");
	bool fit = listed && conform(entities, schema, raw(engine, listed)) == GH_OK;
	GH_TRY(add_requests(engine, set, schema, fit ? entities : NULL,
	                    gh_cedar_json_get(test, "requests"), &told));
	gh_buf_addf(&engine->out, ",\"entities\":%s}", fit ? "true" : "false");
	return GH_OK;
}

gh_result engine_validate(struct engine *engine, const struct gh_cedar_json *test,
                          struct gh_cedar_policy_set *set)
{
	const struct gh_cedar_json *json = gh_cedar_json_get(test, "schema");
	bool is_text = gh_cedar_json_is(json, GH_CEDAR_JSON_STRING);
	struct gh_cedar_schema *schema = NULL;
	struct gh_cedar_diagnostic why = { 0 };

	if (gh_cedar_checker()->load(gh_cedar_policy_set_space(set),
	                             is_text ? json->text : raw(engine, json), !is_text, &schema,
	                             &why) != GH_OK)
		return gh_fail(gh_last_error()->code, "schema: %u:%u: %s", why.line, why.column,
		               why.text);
	enum gh_code code = check_all(engine, schema, test, set);
	gh_cedar_checker()->free(schema);
	return code;
}
