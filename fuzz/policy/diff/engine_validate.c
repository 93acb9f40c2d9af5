/* Schemas, and what is held against them. Errors of a policy's text are errors of the case; of all
 * else it is told whether it is valid. */
#include "engine.h"

#include <stdio.h>
#include <stdlib.h>

#include "policy/cedar/checker.h"

#define MAX_POLICIES 100

/* The first of each policy. */
struct findings {
	struct gh_cedar_finding list[MAX_POLICIES];
	size_t count;
};

struct told {
	struct findings faults, warnings;
};

static void note(void *user, const struct gh_cedar_finding *finding)
{
	struct told *told = user;
	struct findings *into = finding->where.warning ? &told->warnings : &told->faults;

	if (finding->where.text[0] == 0 || finding->where.span.end <= finding->where.span.start)
		abort(); /* a finding says what and where */
	for (size_t i = 0; i < into->count; i++)
		if (into->list[i].policy == finding->policy)
			return;
	if (into->count < MAX_POLICIES)
		into->list[into->count++] = *finding;
}

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
                       const struct gh_cedar_policy_set *set)
{
	struct told told = { .faults.count = 0 };
	enum gh_code code = gh_cedar_checker()->validate(schema, set, true, note, &told);

	GH_ENSURE(code == GH_OK || code == GH_E_DENIED, code, "not validated: %s",
	          gh_last_error()->text);
	GH_ENSURE((code == GH_OK) == (told.faults.count == 0), GH_E_INTERNAL,
	          "the result and the findings differ");
	add_findings(engine, "invalid", &told.faults);
	add_findings(engine, "never", &told.warnings);
	return GH_OK;
}

static gh_result read_and_check(struct engine *engine, struct gh_cedar_space *space,
                                const struct gh_cedar_schema *schema,
                                const struct gh_cedar_json *one)
{
	const struct gh_cedar_shapes *shapes = gh_cedar_checker()->shapes(schema);
	struct gh_cedar_request asked;
	const struct gh_cedar_uid **const into[] = { &asked.principal, &asked.action,
		                                     &asked.resource };
	const struct gh_cedar_json *item = one->first;

	for (size_t i = 0; i < 3; i++, item = item->next)
		GH_TRY(gh_cedar_uid_read(space, raw(engine, item), into[i]));
	const struct gh_cedar_action_shape *action = shapes->action(shapes->schema, asked.action);
	GH_TRY(gh_cedar_value_read(space, raw(engine, item), action ? action->context : NULL,
	                           &asked.context, NULL));
	return gh_cedar_checker()->validate_request(schema, &asked);
}

static gh_result add_requests(struct engine *engine, const struct gh_cedar_space *below,
                              const struct gh_cedar_schema *schema, const struct gh_cedar_json *all)
{
	GH_CLEANUP(gh_cedar_space_free_ptr)
	struct gh_cedar_space *space = gh_cedar_space_new(below, LIMIT);

	GH_ENSURE(space, GH_E_MEMORY, "no memory");
	gh_buf_add_str(&engine->out, "\"requests\":[");
	for (const struct gh_cedar_json *one = all ? all->first : NULL; one; one = one->next) {
		bool conforms = read_and_check(engine, space, schema, one) == GH_OK;
		gh_buf_addf(&engine->out, "%s%s", conforms ? "true" : "false",
		            one->next ? "," : "");
	}
	gh_buf_add_str(&engine->out, "]");
	return GH_OK;
}

static gh_result conform(struct engine *engine, const struct gh_cedar_space *below,
                         const struct gh_cedar_schema *schema, const struct gh_cedar_json *json)
{
	GH_CLEANUP(gh_cedar_space_free_ptr)
	struct gh_cedar_space *space = gh_cedar_space_new(below, LIMIT);
	GH_CLEANUP(gh_cedar_entities_free_ptr) struct gh_cedar_entities *entities = NULL;

	GH_ENSURE(space, GH_E_MEMORY, "no memory");
	entities = gh_cedar_entities_new(space, NULL);
	GH_ENSURE(entities, GH_E_MEMORY, "no memory");
	GH_TRY(gh_cedar_entities_read(entities, raw(engine, json),
	                              gh_cedar_checker()->shapes(schema), NULL));
	GH_TRY(gh_cedar_entities_seal(entities));
	return gh_cedar_checker()->validate_entities(schema, entities);
}

static gh_result check_all(struct engine *engine, const struct gh_cedar_schema *schema,
                           const struct gh_cedar_json *test, struct gh_cedar_policy_set *set)
{
	const struct gh_cedar_space *space = gh_cedar_policy_set_space(set);
	const struct gh_cedar_json *entities = gh_cedar_json_get(test, "entities");

	GH_TRY(add_policies(set, gh_cedar_json_get(test, "policies")));
	GH_TRY(add_policies(set, gh_cedar_json_get(test, "templates")));
	GH_TRY(engine_links(engine, set, gh_cedar_json_get(test, "links")));
	GH_TRY(gh_cedar_policy_set_seal(set));
	gh_buf_add_byte(&engine->out, '{');
	GH_TRY(judge(engine, schema, set));
	GH_TRY(add_requests(engine, space, schema, gh_cedar_json_get(test, "requests")));
	if (entities) {
		bool fit = conform(engine, space, schema, entities) == GH_OK;
		gh_buf_addf(&engine->out, ",\"entities\":%s", fit ? "true" : "false");
	}
	gh_buf_add_byte(&engine->out, '}');
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
