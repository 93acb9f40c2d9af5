/* Our side of the differential test: reads one case a line, writes one answer a line. The driver
 * (run.js) asks the official Cedar Wasm build the same and compares. */
#include <stdio.h>
#include <stdlib.h>

#include "engine.h"

GH_DEFINE_CLEANUP(struct gh_cedar_policy_set *, gh_cedar_policy_set_free)

static void add_ids(struct gh_buf *out, const struct gh_cedar_answer *answer)
{
	gh_buf_add_str(out, answer->allow ? "[\"A\",[" : "[\"D\",[");
	for (size_t i = 0; i < answer->determining_count; i++) {
		gh_buf_add_str(out, i ? "," : "");
		gh_cedar_json_add_string(out, gh_cedar_name_slice(answer->determining[i]->id));
	}
	gh_buf_add_str(out, "],[");
	for (size_t i = 0; i < answer->error_count; i++) {
		gh_buf_add_str(out, i ? "," : "");
		gh_cedar_json_add_string(out, gh_cedar_name_slice(answer->errors[i].policy->id));
	}
	gh_buf_add_str(out, "]]");
}

static bool same_answers(const struct gh_cedar_answer *answer, bool allow, size_t determining,
                         const struct gh_cedar_policy *first, size_t errors)
{
	return answer->allow == allow && answer->determining_count == determining &&
	       answer->error_count == errors &&
	       (determining == 0 || answer->determining[0] == first);
}

/* Both ways must agree before the answer counts: by index and by scan. */
static gh_result ask(struct engine *engine, const struct gh_cedar_policy_set *set,
                     const struct gh_cedar_entities *entities, struct gh_cedar_space *space,
                     const struct gh_cedar_json *request)
{
	struct gh_cedar_request asked;
	struct gh_cedar_answer answer;
	const struct gh_cedar_uid **const into[] = { &asked.principal, &asked.action,
		                                     &asked.resource };
	const struct gh_cedar_json *item = request->first;

	for (size_t i = 0; i < 3; i++, item = item->next)
		GH_TRY(gh_cedar_uid_read(space, raw(engine, item), into[i]));
	GH_TRY(gh_cedar_value_read(space, raw(engine, item), NULL, &asked.context, NULL));
	GH_TRY(gh_cedar_authorize_linear(set, entities, &asked, engine->scratch, &answer));
	bool allow = answer.allow;
	size_t determining = answer.determining_count, errors = answer.error_count;
	const struct gh_cedar_policy *first = determining ? answer.determining[0] : NULL;
	GH_TRY(gh_cedar_authorize(set, entities, &asked, engine->scratch, &answer));
	GH_ENSURE(same_answers(&answer, allow, determining, first, errors), GH_E_INTERNAL,
	          "the index and the scan differ");
	add_ids(&engine->out, &answer);
	return GH_OK;
}

gh_result engine_links(struct engine *engine, struct gh_cedar_policy_set *set,
                       const struct gh_cedar_json *list)
{
	for (const struct gh_cedar_json *link = list ? list->first : NULL; link;
	     link = link->next) {
		const struct gh_cedar_uid *uids[2] = { NULL, NULL };
		const char *const slots[] = { "?principal", "?resource" };
		for (size_t i = 0; i < 2; i++) {
			const struct gh_cedar_json *value =
			    gh_cedar_json_get(gh_cedar_json_get(link, "values"), slots[i]);
			if (value)
				GH_TRY(gh_cedar_uid_read(gh_cedar_policy_set_space(set),
				                         raw(engine, value), &uids[i]));
		}
		GH_TRY(gh_cedar_policy_set_link(set, gh_cedar_json_get(link, "templateId")->text,
		                                gh_cedar_json_get(link, "newId")->text, uids[0],
		                                uids[1]));
	}
	return GH_OK;
}

/* Policies, facts and requests each in a space of their own, one below the other, as the gateway
 * has them. */
static gh_result ask_all(struct engine *engine, const struct gh_cedar_policy_set *set,
                         const struct gh_cedar_json *test)
{
	GH_CLEANUP(gh_cedar_space_free_ptr)
	struct gh_cedar_space *facts = gh_cedar_space_new(gh_cedar_policy_set_space(set), LIMIT);
	GH_CLEANUP(gh_cedar_space_free_ptr) struct gh_cedar_space *asked = NULL;
	GH_CLEANUP(gh_cedar_entities_free_ptr) struct gh_cedar_entities *entities = NULL;

	GH_ENSURE(facts, GH_E_MEMORY, "no memory");
	entities = gh_cedar_entities_new(facts, NULL);
	GH_ENSURE(entities, GH_E_MEMORY, "no memory");
	GH_TRY(gh_cedar_entities_read(entities, raw(engine, gh_cedar_json_get(test, "e")), NULL,
	                              NULL));
	GH_TRY(gh_cedar_entities_seal(entities));
	gh_cedar_space_freeze(facts);
	asked = gh_cedar_space_new(facts, LIMIT);
	GH_ENSURE(asked, GH_E_MEMORY, "no memory");
	gh_buf_add_byte(&engine->out, '[');
	for (const struct gh_cedar_json *one = gh_cedar_json_get(test, "r")->first; one;
	     one = one->next) {
		GH_TRY(ask(engine, set, entities, asked, one));
		gh_buf_add_str(&engine->out, one->next ? "," : "]");
	}
	return GH_OK;
}

/* {"p": text, "t": text of templates, "l": links, "e": entities, "r": [[p, a, r, context]]} */
static gh_result decide(struct engine *engine, const struct gh_cedar_json *test,
                        struct gh_cedar_policy_set *set)
{
	const struct gh_cedar_json *templates = gh_cedar_json_get(test, "t");

	GH_TRY(
	    gh_cedar_policy_set_parse(set, gh_cedar_json_get(test, "p")->text, NULL, false, NULL));
	if (templates)
		GH_TRY(gh_cedar_policy_set_parse(set, templates->text, "template", false, NULL));
	GH_TRY(engine_links(engine, set, gh_cedar_json_get(test, "l")));
	GH_TRY(gh_cedar_policy_set_seal(set));
	return ask_all(engine, set, test);
}

/* {"parse": text}: Cedar JSON of the policy, its formatted text, and that again from JSON. */
static gh_result convert(struct engine *engine, const struct gh_cedar_json *test,
                         struct gh_cedar_policy_set *set)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf text = { 0 };
	GH_CLEANUP(gh_buf_free) struct gh_buf json = { 0 };
	GH_CLEANUP(gh_buf_free) struct gh_buf again = { 0 };
	const struct gh_cedar_json *theirs = gh_cedar_json_get(test, "json");

	GH_TRY(gh_cedar_policy_set_parse(set, gh_cedar_json_get(test, "parse")->text, NULL, false,
	                                 NULL));
	gh_buf_add_str(&engine->out, "{\"policies\":[");
	for (size_t i = 0; i < gh_cedar_policy_set_count(set); i++) {
		gh_buf_add_str(&engine->out, i ? "," : "");
		GH_TRY(gh_cedar_policy_to_json(gh_cedar_policy_set_at(set, i), &engine->out));
	}
	gh_cedar_format_set(set, &text);
	gh_buf_add_str(&engine->out, "],\"text\":");
	gh_cedar_json_add_string(&engine->out, gh_buf_slice(&text));
	if (theirs) {
		GH_TRY(gh_cedar_policy_set_add_json(set, GH_SLICE("theirs"), raw(engine, theirs),
		                                    NULL));
		gh_cedar_format_policy(gh_cedar_policy_set_find(set, GH_SLICE("theirs")), &again);
		gh_buf_add_str(&engine->out, ",\"again\":");
		gh_cedar_json_add_string(&engine->out, gh_buf_slice(&again));
	}
	gh_buf_add_byte(&engine->out, '}');
	return GH_OK;
}

static gh_result run(struct engine *engine, const struct gh_cedar_json *test)
{
	GH_CLEANUP(gh_cedar_space_free_ptr)
	struct gh_cedar_space *space = gh_cedar_space_new(NULL, LIMIT);
	GH_CLEANUP(gh_cedar_policy_set_free_ptr) struct gh_cedar_policy_set *set = NULL;

	GH_ENSURE(space, GH_E_MEMORY, "no memory");
	set = gh_cedar_policy_set_new(space);
	GH_ENSURE(set, GH_E_MEMORY, "no memory");
	if (gh_cedar_json_get(test, "schema"))
		return engine_validate(engine, test, set);
	return gh_cedar_json_get(test, "parse") ? convert(engine, test, set)
	                                        : decide(engine, test, set);
}

/* "null" stands for: refused. */
static bool answer(struct engine *engine, const char *line, size_t len)
{
	struct gh_arena *arena = gh_arena_new(LIMIT);
	struct gh_cedar_json *test;
	bool good = arena != NULL;

	engine->line = gh_slice(line, len);
	gh_buf_clear(&engine->out);
	good = good && gh_cedar_json_parse(arena, engine->line, &test, NULL) == GH_OK;
	if (!good) {
		fprintf(stderr, "not a case: %s\n", gh_last_error()->text);
	} else if (run(engine, test) != GH_OK) {
		gh_buf_clear(&engine->out);
		gh_buf_add_str(&engine->out, "{\"refused\":");
		gh_cedar_json_add_string(&engine->out, gh_slice_str(gh_last_error()->text));
		gh_buf_add_byte(&engine->out, '}');
	}
	gh_arena_free(arena);
	puts(gh_buf_cstr(&engine->out));
	fflush(stdout);
	return good;
}

int main(void)
{
	struct engine engine = { .scratch = gh_cedar_scratch_new(LIMIT) };
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	int status = engine.scratch ? 0 : 2;

	while (status == 0 && (len = getline(&line, &room, stdin)) > 0)
		if (!answer(&engine, line, (size_t)len))
			status = 2;
	free(line);
	gh_buf_free(&engine.out);
	gh_cedar_scratch_free(engine.scratch);
	return status;
}
