/* gatehouse policy explain: which policies decide one request, where they stand, what they demand;
 * and of those that did not decide, what they missed by. */
#include <stdio.h>

#include "cli/policy_files.h"
#include "cli/verbs.h"
#include "policy/pack/question.h"

#define SPACE_LIMIT   ((size_t)64 << 20)
#define SCRATCH_LIMIT ((size_t)8 << 20)
#define TREE_LIMIT    ((size_t)256 << 20)
#define REQUEST_BYTES ((size_t)1 << 20)

struct asked {
	const char *principal, *action, *resource, *context, *entities, *member_of, *request;
};

struct explain {
	const struct gh_cli_pack *files;
	const struct gh_pack *pack;
	struct gh_arena *arena;
	struct gh_cedar_space *space;
	struct gh_cedar_scratch *scratch;
	struct gh_cedar_entities *entities;
	struct gh_cedar_request request;
	struct gh_policy_decision decision;
	const char *unfit; /* why the schema does not know the request; NULL: it does */
	char unfit_text[200];
};

static void explain_free(struct explain *explain)
{
	gh_cedar_entities_free(explain->entities);
	gh_cedar_scratch_free(explain->scratch);
	gh_cedar_space_free(explain->space);
	gh_arena_free(explain->arena);
}

/* ---- the request ---- */

static gh_result read_uid(struct explain *explain, const char *option, const char *text,
                          const struct gh_cedar_uid **out)
{
	struct gh_cedar_diagnostic why = { 0 };

	GH_ENSURE(text, GH_E_ARGUMENT, "say %s, or give a whole --request", option);
	GH_ENSURE(gh_cedar_uid_parse(explain->space, gh_slice_str(text), out, &why) == GH_OK,
	          GH_E_FORMAT, "%s must be an entity such as User::\"ada\": %.120s", option,
	          why.text);
	return GH_OK;
}

/* One JSON object: --request, or what the single options say. */
static gh_result read_request(struct explain *explain, const struct asked *asked,
                              struct gh_buf *facts)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf text = { 0 };
	struct gh_cedar_diagnostic why = { 0 };
	struct gh_cedar_json *json;

	GH_TRY(gh_cli_read(asked->request, REQUEST_BYTES, &text));
	GH_ENSURE(gh_cedar_json_parse(explain->arena, gh_buf_slice(&text), &json, &why) == GH_OK,
	          GH_E_FORMAT, "%s:%u:%u: %.120s", asked->request, why.line, why.column, why.text);
	GH_TRY(gh_pack_question_read(explain->pack, explain->space, gh_buf_slice(&text), json,
	                             &explain->request));
	const struct gh_cedar_json *entities = gh_cedar_json_get(json, "entities");
	if (entities)
		gh_buf_add_slice(facts, gh_slice_sub(gh_buf_slice(&text), entities->span.start,
		                                     entities->span.end - entities->span.start));
	return GH_OK;
}

static gh_result make_request(struct explain *explain, const struct asked *asked,
                              struct gh_buf *facts)
{
	const struct gh_pack *pack = explain->pack;
	const struct gh_cedar_shapes *shapes = pack->checker->shapes(pack->schema);
	struct gh_cedar_request *request = &explain->request;
	struct gh_cedar_diagnostic why = { 0 };

	GH_TRY(read_uid(explain, "--principal", asked->principal, &request->principal));
	GH_TRY(read_uid(explain, "--action", asked->action, &request->action));
	GH_TRY(read_uid(explain, "--resource", asked->resource, &request->resource));
	const struct gh_cedar_action_shape *shape = shapes->action(shapes->schema, request->action);
	GH_ENSURE(gh_cedar_value_read(explain->space, gh_slice_str(asked->context),
	                              shape ? shape->context : NULL, &request->context,
	                              &why) == GH_OK &&
	              request->context.kind == GH_CEDAR_RECORD,
	          GH_E_FORMAT, "--context must be a JSON object: %.120s", why.text);
	if (asked->entities)
		GH_TRY(gh_cli_read(asked->entities, GH_PACK_MAX_BYTES, facts));
	return GH_OK;
}

/* --in: the principal as a member of one group and nothing else. */
static gh_result add_membership(struct explain *explain, const char *group, struct gh_buf *facts)
{
	const struct gh_cedar_uid *parent, *of = explain->request.principal;

	GH_TRY(read_uid(explain, "--in", group, &parent));
	GH_ENSURE(facts->len == 0, GH_E_ARGUMENT, "--in and entities do not go together");
	gh_buf_add_str(facts, "[{\"uid\":{\"type\":");
	gh_cedar_json_add_string(facts, gh_cedar_name_slice(of->type));
	gh_buf_add_str(facts, ",\"id\":");
	gh_cedar_json_add_string(facts, gh_cedar_name_slice(of->id));
	gh_buf_add_str(facts, "},\"attrs\":{},\"parents\":[{\"type\":");
	gh_cedar_json_add_string(facts, gh_cedar_name_slice(parent->type));
	gh_buf_add_str(facts, ",\"id\":");
	gh_cedar_json_add_string(facts, gh_cedar_name_slice(parent->id));
	gh_buf_add_str(facts, "}]}]");
	return GH_OK;
}

static gh_result decide(struct explain *explain, const struct asked *asked)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf facts = { 0 };
	struct gh_cedar_diagnostic why = { 0 };

	explain->arena = gh_arena_new(TREE_LIMIT);
	explain->space = gh_cedar_space_new(explain->pack->facts_space, SPACE_LIMIT);
	explain->scratch = gh_cedar_scratch_new(SCRATCH_LIMIT);
	GH_ENSURE(explain->arena && explain->space && explain->scratch, GH_E_MEMORY,
	          "out of memory");
	GH_TRY(asked->request ? read_request(explain, asked, &facts)
	                      : make_request(explain, asked, &facts));
	if (asked->member_of)
		GH_TRY(add_membership(explain, asked->member_of, &facts));
	GH_ENSURE(gh_pack_question_facts(explain->pack, explain->space, gh_buf_slice(&facts),
	                                 &explain->entities, &why) == GH_OK,
	          GH_E_FORMAT, "the entities cannot be read: %.120s",
	          why.text[0] ? why.text : gh_last_error()->text);
	if (explain->pack->checker->validate_request(explain->pack->schema, &explain->request) !=
	    GH_OK) {
		snprintf(explain->unfit_text, sizeof explain->unfit_text, "%s",
		         gh_last_error()->text);
		explain->unfit = explain->unfit_text;
	}
	return gh_policy_decide(explain->pack->set, explain->pack->rules, explain->entities,
	                        &explain->request, explain->scratch, &explain->decision);
}

/* ---- the answer ---- */

static json_t *place_of(const struct explain *explain, const struct gh_cedar_policy *policy)
{
	const struct gh_pack_place *place = gh_pack_place(explain->pack, policy);
	GH_CLEANUP(gh_buf_free) struct gh_buf file = { 0 };

	gh_cli_pack_file(explain->files, gh_slice_str(place ? place->path : ""), &file);
	return json_pack("{s:s, s:s, s:i, s:s}", "id", policy->id->text, "file", gh_buf_cstr(&file),
	                 "line", place ? (int)place->line : 0, "effect",
	                 policy->forbid ? "forbid" : "permit");
}

static void add_demand(void *user, const struct gh_policy_demand *demand)
{
	json_object_set_new(user, demand->name, json_string(demand->value));
}

/* The one thing that kept a policy from deciding; NULL when more than one did. */
static const char *missed_by(const struct explain *explain, const struct gh_cedar_policy *policy)
{
	const struct gh_cedar_request *request = &explain->request;
	const struct {
		const struct gh_cedar_scope *scope;
		const struct gh_cedar_uid *uid;
		const char *text;
	} parts[] = {
		{ &policy->principal, request->principal, "the principal is not in its scope" },
		{ &policy->action, request->action, "the action is not in its scope" },
		{ &policy->resource, request->resource, "the resource is not in its scope" },
	};
	const char *found = NULL;

	for (size_t i = 0; i < GH_ARRAY_LEN(parts); i++) {
		if (gh_cedar_in_scope(parts[i].scope, parts[i].uid,
		                      gh_cedar_entities_get(explain->entities, parts[i].uid)))
			continue;
		if (found)
			return NULL;
		found = parts[i].text;
	}
	return found ? found : "its conditions do not hold";
}

static bool took_part(const struct gh_cedar_answer *answer, const struct gh_cedar_policy *policy)
{
	for (size_t i = 0; i < answer->determining_count; i++)
		if (answer->determining[i] == policy)
			return true;
	for (size_t i = 0; i < answer->error_count; i++)
		if (answer->errors[i].policy == policy)
			return true;
	return false;
}

/* When nothing allowed it: the permits that nearly did. */
static json_t *near_misses(const struct explain *explain)
{
	const struct gh_cedar_policy_set *set = explain->pack->set;
	json_t *list = json_array();

	for (size_t i = 0; i < gh_cedar_policy_set_count(set); i++) {
		const struct gh_cedar_policy *policy = gh_cedar_policy_set_at(set, i);
		if (policy->forbid || policy->is_template ||
		    took_part(&explain->decision.cedar, policy))
			continue;
		const char *text = missed_by(explain, policy);
		if (!text)
			continue;
		json_t *item = place_of(explain, policy);
		json_object_set_new(item, "missed", json_string(text));
		json_array_append_new(list, item);
	}
	return list;
}

static json_t *tree_of(const struct explain *explain)
{
	const struct gh_policy_decision *decision = &explain->decision;
	json_t *policies = json_array(), *errors = json_array(), *demands = json_object();
	bool allow = decision->outcome == GH_POLICY_ALLOW;

	for (size_t i = 0; i < decision->cedar.determining_count; i++)
		json_array_append_new(policies, place_of(explain, decision->cedar.determining[i]));
	for (size_t i = 0; i < decision->cedar.error_count; i++) {
		const struct gh_cedar_policy_fault *fault = &decision->cedar.errors[i];
		json_t *item = place_of(explain, fault->policy);
		json_object_set_new(item, "error", json_string(gh_cedar_fault_text(fault->fault)));
		json_array_append_new(errors, item);
	}
	if (allow)
		gh_policy_obligations_each(&decision->obligations, add_demand, demands);
	json_t *tree = json_pack(
	    "{s:s, s:s, s:o, s:o, s:o, s:o}", "decision", allow ? "allow" : "deny", "outcome",
	    gh_policy_outcome_name(decision->outcome), "policies", policies, "errors", errors,
	    "obligations", demands, "near",
	    decision->outcome == GH_POLICY_DENY_DEFAULT ? near_misses(explain) : json_array());
	if (tree && explain->unfit)
		json_object_set_new(tree, "unfit", json_string(explain->unfit));
	return tree;
}

static const char *text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "";
}

static void print_policies(const json_t *list, const char *lead, const char *more)
{
	json_t *item;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)list, i, item)
	{
		printf("%s %s (%s)\n     %s:%d\n", lead, text(item, "id"), text(item, "effect"),
		       text(item, "file"), (int)json_integer_value(json_object_get(item, "line")));
		if (more)
			printf("     %s\n", text(item, more));
	}
}

static void print_words(const json_t *tree)
{
	const json_t *demands = json_object_get(tree, "obligations");
	json_t *value;
	const char *name;

	printf("%s\n", text(tree, "outcome"));
	if (json_object_get(tree, "unfit"))
		printf("  !  the schema does not know this request: %s\n", text(tree, "unfit"));
	print_policies(json_object_get(tree, "policies"), "  by", NULL);
	print_policies(json_object_get(tree, "errors"), "  erred:", "error");
	print_policies(json_object_get(tree, "near"), "  not", "missed");
	json_object_foreach((json_t *)(uintptr_t)demands, name, value)
	    printf("  demands %s: %s\n", name, json_string_value(value));
}

int gh_cli_policy_explain(int argc, char **argv)
{
	struct asked asked = { .context = "{}" };
	const char *path[1] = { NULL };
	bool as_json = false;
	const struct gh_option options[] = {
		{ "--principal", "UID", "who asks, such as User::\"ada\"", &asked.principal, NULL },
		{ "--action", "UID", "for what", &asked.action, NULL },
		{ "--resource", "UID", "of what", &asked.resource, NULL },
		{ "--context", "JSON", "the context ({})", &asked.context, NULL },
		{ "--in", "UID", "what the principal is a member of", &asked.member_of, NULL },
		{ "--entities", "FILE", "facts beside the pack's own, Cedar JSON", &asked.entities,
		  NULL },
		{ "--request", "FILE", "all of this in one JSON object", &asked.request, NULL },
		{ "--json", NULL, "print the answer as JSON", NULL, &as_json },
	};
	const struct gh_command command = {
		.usage = "gatehouse policy explain PACK [options]",
		.summary = "Decides one request by a pack (a folder or an archive) and says which "
		           "policies\ndecided, where they stand and what they demand; or which "
		           "nearly did.",
		.options = options,
		.option_count = GH_ARRAY_LEN(options),
		.positional = path,
		.positional_max = 1,
	};
	GH_CLEANUP(gh_cli_pack_free) struct gh_cli_pack files = { 0 };
	GH_CLEANUP(gh_pack_close_ptr) struct gh_pack *pack = NULL;
	GH_CLEANUP(explain_free) struct explain explain = { .files = &files };
	size_t count;

	int status = gh_options_parse(&command, argc, argv, &count);
	if (status >= 0)
		return status;
	if (count != 1) {
		fprintf(stderr, "gatehouse: say which pack: %s\n", command.usage);
		return GH_EXIT_USAGE;
	}
	if (gh_cli_pack_read(path[0], &files) != GH_OK)
		return gh_cli_fail(GH_EXIT_USAGE);
	if (!gh_cli_pack_open(&files, false, &pack, &status))
		return status;
	explain.pack = pack;
	if (decide(&explain, &asked) != GH_OK)
		return gh_cli_fail(GH_EXIT_USAGE);
	json_t *tree = tree_of(&explain);
	if (as_json || !tree)
		return gh_cli_print_json(tree, GH_EXIT_OK);
	print_words(tree);
	json_decref(tree);
	return GH_EXIT_OK;
}
