/* Cedar JSON policies: the same trees that the text parser builds, from the documented JSON
 * form. Every object has exactly the one key that names its operator. */
#include <stdlib.h>

#include "policy/cedar/build.h"
#include "policy/cedar/json_tree.h"
#include "policy/cedar/lex.h"
#include "policy/cedar/set.h"

#define TREE_LIMIT ((size_t)1 << 30)

typedef const struct gh_cedar_json json;

struct reader {
	struct gh_cedar_space *space;
	struct gh_slice source;
	struct gh_cedar_diagnostic *why;
};

static enum gh_code fault(struct reader *r, json *at, const char *text)
{
	gh_cedar_diagnose(r->why, r->source, at ? at->span : (struct gh_cedar_span){ 0, 0 }, "%s",
	                  text);
	return gh_fail(GH_E_FORMAT, "Cedar JSON policy: %s", text);
}

static gh_result built(struct reader *r, json *at, enum gh_code code)
{
	if (code != GH_OK)
		gh_cedar_diagnose(r->why, r->source, at->span, "%s", gh_last_error()->text);
	return code;
}

static gh_result name_of(struct reader *r, json *at, const struct gh_cedar_name **out)
{
	if (!gh_cedar_json_is(at, GH_CEDAR_JSON_STRING))
		return fault(r, at, "expected a string");
	*out = gh_cedar_intern(r->space, at->text);
	GH_ENSURE(*out, GH_E_LIMIT, "no memory for the policies");
	return GH_OK;
}

static gh_result type_of(struct reader *r, json *at, const struct gh_cedar_name **out)
{
	if (!gh_cedar_json_is(at, GH_CEDAR_JSON_STRING) || !gh_cedar_is_type_name(at->text))
		return fault(r, at, "expected the name of an entity type");
	return name_of(r, at, out);
}

static gh_result uid_of(struct reader *r, json *at, const struct gh_cedar_uid **out)
{
	json *escaped = gh_cedar_json_get(at, "__entity");
	const struct gh_cedar_name *type, *id;

	if (escaped)
		at = escaped;
	if (!gh_cedar_json_is(at, GH_CEDAR_JSON_OBJECT))
		return fault(r, at, "expected an entity: {\"type\":…,\"id\":…}");
	GH_TRY(type_of(r, gh_cedar_json_get(at, "type"), &type));
	GH_TRY(name_of(r, gh_cedar_json_get(at, "id"), &id));
	*out = gh_cedar_intern_uid(r->space, type, id);
	GH_ENSURE(*out, GH_E_LIMIT, "no memory for the policies");
	return GH_OK;
}

/* Growing arrays of sub-expressions. */
struct items {
	const struct gh_cedar_expr **exprs;
	const struct gh_cedar_name **names;
	size_t count;
};

static void items_free(struct items *items)
{
	free(items->exprs);
	free(items->names);
}

static gh_result items_new(struct items *items, size_t capacity)
{
	items->exprs = calloc(capacity + 1, sizeof *items->exprs);
	items->names = calloc(capacity + 1, sizeof *items->names);
	GH_ENSURE(items->exprs && items->names, GH_E_MEMORY, "no memory for the policies");
	return GH_OK;
}

static gh_result expr_of(struct reader *r, json *at, const struct gh_cedar_expr **out);

static gh_result list_of(struct reader *r, json *at, enum gh_cedar_expr_kind kind,
                         enum gh_cedar_function function, const struct gh_cedar_expr **out)
{
	GH_CLEANUP(items_free) struct items items = { 0 };
	bool record = kind == GH_CEDAR_EX_RECORD;

	if (!gh_cedar_json_is(at, record ? GH_CEDAR_JSON_OBJECT : GH_CEDAR_JSON_ARRAY))
		return fault(r, at, record ? "expected an object" : "expected a list");
	GH_TRY(items_new(&items, at->count));
	for (json *item = at->first; item; item = item->next, items.count++) {
		if (record) {
			items.names[items.count] = gh_cedar_intern(r->space, item->key);
			GH_ENSURE(items.names[items.count], GH_E_LIMIT,
			          "no memory for the policies");
		}
		GH_TRY(expr_of(r, item, &items.exprs[items.count]));
	}
	return built(r, at,
	             gh_cedar_build_list(r->space, at->span, kind, function, items.exprs,
	                                 record ? items.names : NULL, items.count, out));
}

static gh_result call_of(struct reader *r, json *at, struct gh_slice name,
                         const struct gh_cedar_expr **out)
{
	enum gh_cedar_function function = gh_cedar_find_function(name, false);

	if (function == GH_CEDAR_FN_COUNT)
		function = gh_cedar_find_function(name, true);
	if (function == GH_CEDAR_FN_COUNT)
		return fault(r, at, "there is no such operator or function");
	return list_of(r, at, GH_CEDAR_EX_CALL, function, out);
}

/* A literal value; sets and records in it become the expressions that make them. */
static gh_result value_of(struct reader *r, json *at, const struct gh_cedar_expr **out);

static gh_result values_of(struct reader *r, json *at, enum gh_cedar_expr_kind kind,
                           enum gh_cedar_function function, const struct gh_cedar_expr **out)
{
	GH_CLEANUP(items_free) struct items items = { 0 };

	GH_TRY(items_new(&items, at->count));
	for (json *item = at->first; item; item = item->next, items.count++) {
		items.names[items.count] = gh_cedar_intern(r->space, item->key);
		GH_ENSURE(items.names[items.count], GH_E_LIMIT, "no memory for the policies");
		GH_TRY(value_of(r, item, &items.exprs[items.count]));
	}
	return built(r, at,
	             gh_cedar_build_list(r->space, at->span, kind, function, items.exprs,
	                                 kind == GH_CEDAR_EX_RECORD ? items.names : NULL,
	                                 items.count, out));
}

static gh_result extension_of(struct reader *r, json *at, const struct gh_cedar_expr **out)
{
	json *fn = gh_cedar_json_get(at, "fn"), *arg = gh_cedar_json_get(at, "arg");
	json *args = gh_cedar_json_get(at, "args");

	if (!gh_cedar_json_is(fn, GH_CEDAR_JSON_STRING) ||
	    (!arg && !gh_cedar_json_is(args, GH_CEDAR_JSON_ARRAY)))
		return fault(r, at, "an extension value must have \"fn\" and \"arg\" or \"args\"");
	enum gh_cedar_function function = gh_cedar_find_function(fn->text, false);
	if (function == GH_CEDAR_FN_COUNT)
		function = gh_cedar_find_function(fn->text, true);
	if (function == GH_CEDAR_FN_COUNT)
		return fault(r, fn, "there is no such extension function");
	if (!arg)
		return values_of(r, args, GH_CEDAR_EX_CALL, function, out);
	struct gh_cedar_json only = *arg;
	only.next = NULL;
	struct gh_cedar_json list = { .kind = GH_CEDAR_JSON_ARRAY, .span = at->span };
	list.first = &only;
	list.count = 1;
	return values_of(r, &list, GH_CEDAR_EX_CALL, function, out);
}

static bool is_escape(json *at, const char *key)
{
	return at->count == 1 && at->first->kind == GH_CEDAR_JSON_OBJECT &&
	       gh_slice_eq_str(at->first->key, key);
}

static gh_result value_of(struct reader *r, json *at, const struct gh_cedar_expr **out)
{
	struct gh_cedar_value value = { 0 };
	const struct gh_cedar_name *text;

	switch (at->kind) {
	case GH_CEDAR_JSON_BOOL: value = gh_cedar_bool(at->truth); break;
	case GH_CEDAR_JSON_INTEGER: value = gh_cedar_long(at->number); break;
	case GH_CEDAR_JSON_STRING:
		GH_TRY(name_of(r, at, &text));
		value = gh_cedar_string(text);
		break;
	case GH_CEDAR_JSON_ARRAY: return values_of(r, at, GH_CEDAR_EX_SET, 0, out);
	case GH_CEDAR_JSON_OBJECT:
		if (is_escape(at, "__extn"))
			return extension_of(r, at->first, out);
		if (!is_escape(at, "__entity"))
			return values_of(r, at, GH_CEDAR_EX_RECORD, 0, out);
		value.kind = GH_CEDAR_ENTITY;
		GH_TRY(uid_of(r, at, &value.entity));
		break;
	default: return fault(r, at, "this is not a value of Cedar");
	}
	return built(r, at, gh_cedar_build_literal(r->space, at->span, value, out));
}

static gh_result var_of(struct reader *r, json *at, const struct gh_cedar_expr **out)
{
	static const char *const vars[] = { "principal", "action", "resource", "context" };

	for (size_t i = 0; i < GH_ARRAY_LEN(vars); i++)
		if (gh_cedar_json_is(at, GH_CEDAR_JSON_STRING) &&
		    gh_slice_eq_str(at->text, vars[i]))
			return built(
			    r, at,
			    gh_cedar_build_var(r->space, at->span, (enum gh_cedar_var)i, out));
	return fault(r, at, "the variables are principal, action, resource and context");
}

static gh_result child_of(struct reader *r, json *at, const char *key,
                          const struct gh_cedar_expr **out)
{
	json *child = gh_cedar_json_get(at, key);

	if (!child)
		return fault(r, at, "an operand is missing");
	return expr_of(r, child, out);
}

static gh_result if_of(struct reader *r, json *at, const struct gh_cedar_expr **out)
{
	const struct gh_cedar_expr *a, *b, *c;

	GH_TRY(child_of(r, at, "if", &a));
	GH_TRY(child_of(r, at, "then", &b));
	GH_TRY(child_of(r, at, "else", &c));
	return built(r, at, gh_cedar_build_node(r->space, at->span, GH_CEDAR_EX_IF, a, b, c, out));
}

static gh_result is_of(struct reader *r, json *at, const struct gh_cedar_expr **out)
{
	const struct gh_cedar_expr *a, *b = NULL;
	const struct gh_cedar_name *type;

	GH_TRY(child_of(r, at, "left", &a));
	GH_TRY(type_of(r, gh_cedar_json_get(at, "entity_type"), &type));
	if (gh_cedar_json_get(at, "in"))
		GH_TRY(child_of(r, at, "in", &b));
	return built(r, at,
	             gh_cedar_build_named(r->space, at->span, GH_CEDAR_EX_IS, a, type, b, out));
}

static gh_result has_of(struct reader *r, json *at, const struct gh_cedar_expr **out)
{
	GH_CLEANUP(items_free) struct items items = { 0 };
	json *attr = gh_cedar_json_get(at, "attr");
	const struct gh_cedar_expr *a;

	GH_TRY(child_of(r, at, "left", &a));
	if (!gh_cedar_json_is(attr, GH_CEDAR_JSON_ARRAY)) {
		GH_TRY(items_new(&items, 1));
		GH_TRY(name_of(r, attr ? attr : at, &items.names[items.count++]));
	} else {
		GH_TRY(items_new(&items, attr->count));
		for (json *item = attr->first; item; item = item->next)
			GH_TRY(name_of(r, item, &items.names[items.count++]));
	}
	if (items.count == 0)
		return fault(r, at, "`has` needs an attribute");
	return built(r, at,
	             gh_cedar_build_has_path(r->space, at->span, a, items.names, items.count, out));
}

static gh_result get_of(struct reader *r, json *at, const struct gh_cedar_expr **out)
{
	const struct gh_cedar_expr *a;
	const struct gh_cedar_name *name;

	GH_TRY(child_of(r, at, "left", &a));
	GH_TRY(name_of(r, gh_cedar_json_get(at, "attr"), &name));
	return built(r, at,
	             gh_cedar_build_named(r->space, at->span, GH_CEDAR_EX_GET, a, name, NULL, out));
}

/* Of the elements: "Wildcard", or {"Literal": text}. */
static gh_result pattern_of(struct reader *r, json *at, struct gh_cedar_pattern **out)
{
	size_t room = 0;

	if (!gh_cedar_json_is(at, GH_CEDAR_JSON_ARRAY))
		return fault(r, at, "a pattern is a list");
	for (json *item = at->first; item; item = item->next) {
		json *literal = gh_cedar_json_get(item, "Literal");
		bool wildcard = gh_cedar_json_is(item, GH_CEDAR_JSON_STRING) &&
		                gh_slice_eq_str(item->text, "Wildcard");
		if (!wildcard && !gh_cedar_json_is(literal, GH_CEDAR_JSON_STRING))
			return fault(r, item, "expected \"Wildcard\" or {\"Literal\":…}");
		room += wildcard ? 1 : literal->text.len;
	}
	struct gh_cedar_pattern *pattern = gh_arena_alloc(
	    gh_cedar_space_arena(r->space), sizeof *pattern + room * sizeof pattern->chars[0]);
	GH_ENSURE(pattern, GH_E_LIMIT, "no memory for the policies");
	for (json *item = at->first; item; item = item->next) {
		json *literal = gh_cedar_json_get(item, "Literal");
		if (!literal)
			pattern->chars[pattern->count++] = GH_CEDAR_WILDCARD;
		for (size_t i = 0; literal && i < literal->text.len;)
			pattern->chars[pattern->count++] = gh_cedar_next_scalar(literal->text, &i);
	}
	*out = pattern;
	return GH_OK;
}

static gh_result like_of(struct reader *r, json *at, const struct gh_cedar_expr **out)
{
	const struct gh_cedar_expr *a;
	struct gh_cedar_pattern *pattern = NULL;

	GH_TRY(child_of(r, at, "left", &a));
	GH_TRY(pattern_of(r, gh_cedar_json_get(at, "pattern"), &pattern));
	return built(r, at, gh_cedar_build_like(r->space, at->span, a, pattern, out));
}

static gh_result set_of(struct reader *r, json *at, const struct gh_cedar_expr **out)
{
	return list_of(r, at, GH_CEDAR_EX_SET, 0, out);
}

static gh_result record_of(struct reader *r, json *at, const struct gh_cedar_expr **out)
{
	return list_of(r, at, GH_CEDAR_EX_RECORD, 0, out);
}

static const struct {
	const char *key;
	gh_result (*read)(struct reader *r, json *at, const struct gh_cedar_expr **out);
} forms[] = {
	{ "Value", value_of }, { "Var", var_of }, { "if-then-else", if_of },
	{ "is", is_of },       { "has", has_of }, { ".", get_of },
	{ "like", like_of },   { "Set", set_of }, { "Record", record_of },
};

static const struct {
	const char *key;
	enum gh_cedar_expr_kind kind;
	bool unary;
} operators[] = {
	{ "!", GH_CEDAR_EX_NOT, true },
	{ "neg", GH_CEDAR_EX_NEG, true },
	{ "isEmpty", GH_CEDAR_EX_IS_EMPTY, true },
	{ "&&", GH_CEDAR_EX_AND, false },
	{ "||", GH_CEDAR_EX_OR, false },
	{ "==", GH_CEDAR_EX_EQ, false },
	{ "!=", GH_CEDAR_EX_NE, false },
	{ "<", GH_CEDAR_EX_LT, false },
	{ "<=", GH_CEDAR_EX_LE, false },
	{ ">", GH_CEDAR_EX_GT, false },
	{ ">=", GH_CEDAR_EX_GE, false },
	{ "+", GH_CEDAR_EX_ADD, false },
	{ "-", GH_CEDAR_EX_SUB, false },
	{ "*", GH_CEDAR_EX_MUL, false },
	{ "in", GH_CEDAR_EX_IN, false },
	{ "contains", GH_CEDAR_EX_CONTAINS, false },
	{ "containsAll", GH_CEDAR_EX_CONTAINS_ALL, false },
	{ "containsAny", GH_CEDAR_EX_CONTAINS_ANY, false },
	{ "getTag", GH_CEDAR_EX_GET_TAG, false },
	{ "hasTag", GH_CEDAR_EX_HAS_TAG, false },
};

static gh_result expr_of(struct reader *r, json *at, const struct gh_cedar_expr **out)
{
	const struct gh_cedar_expr *a, *b = NULL;

	if (!gh_cedar_json_is(at, GH_CEDAR_JSON_OBJECT) || at->count != 1)
		return fault(r, at, "an expression is an object with one key, its operator");
	json *body = at->first;
	for (size_t i = 0; i < GH_ARRAY_LEN(forms); i++)
		if (gh_slice_eq_str(body->key, forms[i].key))
			return forms[i].read(r, body, out);
	for (size_t i = 0; i < GH_ARRAY_LEN(operators); i++) {
		if (!gh_slice_eq_str(body->key, operators[i].key))
			continue;
		GH_TRY(child_of(r, body, operators[i].unary ? "arg" : "left", &a));
		if (!operators[i].unary)
			GH_TRY(child_of(r, body, "right", &b));
		return built(
		    r, at,
		    gh_cedar_build_node(r->space, at->span, operators[i].kind, a, b, NULL, out));
	}
	return call_of(r, body, body->key, out);
}

static bool op_is(json *at, const char *op)
{
	json *found = gh_cedar_json_get(at, "op");

	return gh_cedar_json_is(found, GH_CEDAR_JSON_STRING) && gh_slice_eq_str(found->text, op);
}

static gh_result target_of(struct reader *r, json *at, const char *slot,
                           struct gh_cedar_scope *scope)
{
	json *given = gh_cedar_json_get(at, "slot");

	if (!given)
		return uid_of(r, gh_cedar_json_get(at, "entity"), &scope->uid);
	if (!slot || !gh_cedar_json_is(given, GH_CEDAR_JSON_STRING) ||
	    !gh_slice_eq_str(given->text, slot))
		return fault(r, given, "this slot may not stand here");
	scope->slot = true;
	return GH_OK;
}

static gh_result person_of(struct reader *r, json *at, const char *slot,
                           struct gh_cedar_scope *scope)
{
	if (op_is(at, "All"))
		return GH_OK;
	if (op_is(at, "==") || op_is(at, "in")) {
		scope->kind = op_is(at, "in") ? GH_CEDAR_SCOPE_IN : GH_CEDAR_SCOPE_EQ;
		return target_of(r, at, slot, scope);
	}
	if (!op_is(at, "is"))
		return fault(r, at, "the scope's op must be All, ==, in or is");
	GH_TRY(type_of(r, gh_cedar_json_get(at, "entity_type"), &scope->type));
	json *in = gh_cedar_json_get(at, "in");
	scope->kind = in ? GH_CEDAR_SCOPE_IS_IN : GH_CEDAR_SCOPE_IS;
	return in ? target_of(r, in, slot, scope) : GH_OK;
}

static gh_result actions_of(struct reader *r, json *at, struct gh_cedar_scope *scope)
{
	json *list = gh_cedar_json_get(at, "entities");

	if (op_is(at, "All"))
		return GH_OK;
	if (op_is(at, "==") || (op_is(at, "in") && !list)) {
		scope->kind = op_is(at, "in") ? GH_CEDAR_SCOPE_IN : GH_CEDAR_SCOPE_EQ;
		GH_TRY(target_of(r, at, NULL, scope));
		if (!gh_cedar_is_action_type(scope->uid->type))
			return fault(r, at, "the type of an action is Action");
		return GH_OK;
	}
	if (!op_is(at, "in") || list->kind != GH_CEDAR_JSON_ARRAY)
		return fault(r, at, "the action's op must be All, == or in");
	scope->kind = GH_CEDAR_SCOPE_LIST;
	const struct gh_cedar_uid **uids =
	    gh_arena_alloc(gh_cedar_space_arena(r->space), (list->count + 1) * sizeof(void *));
	GH_ENSURE(uids, GH_E_LIMIT, "no memory for the policies");
	for (json *item = list->first; item; item = item->next) {
		GH_TRY(uid_of(r, item, &uids[scope->uid_count]));
		if (!gh_cedar_is_action_type(uids[scope->uid_count++]->type))
			return fault(r, item, "the type of an action is Action");
	}
	scope->uids = uids;
	return GH_OK;
}

static gh_result conditions_of(struct reader *r, json *at, struct gh_cedar_policy *policy)
{
	if (!gh_cedar_json_is(at, GH_CEDAR_JSON_ARRAY))
		return fault(r, at, "\"conditions\" must be a list");
	struct gh_cedar_condition *list =
	    gh_arena_alloc(gh_cedar_space_arena(r->space), (at->count + 1) * sizeof *list);
	GH_ENSURE(list, GH_E_LIMIT, "no memory for the policies");
	for (json *item = at->first; item; item = item->next) {
		json *kind = gh_cedar_json_get(item, "kind");
		bool text = gh_cedar_json_is(kind, GH_CEDAR_JSON_STRING);
		bool unless = text && gh_slice_eq_str(kind->text, "unless");
		if (!unless && !(text && gh_slice_eq_str(kind->text, "when")))
			return fault(r, item, "a condition's kind is when or unless");
		list[policy->condition_count].unless = unless;
		GH_TRY(child_of(r, item, "body", &list[policy->condition_count++].expr));
	}
	policy->conditions = list;
	return GH_OK;
}

static gh_result annotations_of(struct reader *r, json *at, struct gh_cedar_policy *policy)
{
	if (!at)
		return GH_OK;
	if (at->kind != GH_CEDAR_JSON_OBJECT)
		return fault(r, at, "\"annotations\" must be an object");
	struct gh_cedar_annotation *list =
	    gh_arena_alloc(gh_cedar_space_arena(r->space), (at->count + 1) * sizeof *list);
	GH_ENSURE(list, GH_E_LIMIT, "no memory for the policies");
	for (json *item = at->first; item; item = item->next) {
		struct gh_cedar_annotation *one = &list[policy->annotation_count++];
		if (!gh_cedar_is_ident(item->key))
			return fault(r, item, "the name of an annotation is an identifier");
		one->has_value = item->kind != GH_CEDAR_JSON_NULL;
		one->key = gh_cedar_intern(r->space, item->key);
		one->value = gh_cedar_intern(r->space, gh_slice(NULL, 0));
		GH_ENSURE(one->key && one->value, GH_E_LIMIT, "no memory for the policies");
		if (one->has_value)
			GH_TRY(name_of(r, item, &one->value));
	}
	policy->annotations = list;
	return GH_OK;
}

static gh_result policy_of(struct reader *r, json *at, struct gh_cedar_policy **out)
{
	struct gh_cedar_policy *policy =
	    gh_arena_alloc(gh_cedar_space_arena(r->space), sizeof *policy);
	json *effect = gh_cedar_json_get(at, "effect");
	bool text = gh_cedar_json_is(effect, GH_CEDAR_JSON_STRING);

	GH_ENSURE(policy, GH_E_LIMIT, "no memory for the policies");
	policy->forbid = text && gh_slice_eq_str(effect->text, "forbid");
	if (!policy->forbid && !(text && gh_slice_eq_str(effect->text, "permit")))
		return fault(r, at, "a policy's effect is permit or forbid");
	GH_TRY(person_of(r, gh_cedar_json_get(at, "principal"), "?principal", &policy->principal));
	GH_TRY(actions_of(r, gh_cedar_json_get(at, "action"), &policy->action));
	GH_TRY(person_of(r, gh_cedar_json_get(at, "resource"), "?resource", &policy->resource));
	GH_TRY(conditions_of(r, gh_cedar_json_get(at, "conditions"), policy));
	GH_TRY(annotations_of(r, gh_cedar_json_get(at, "annotations"), policy));
	policy->is_template = policy->principal.slot || policy->resource.slot;
	policy->span = at->span;
	*out = policy;
	return GH_OK;
}

static void arena_free_ptr(struct gh_arena **arena)
{
	gh_arena_free(*arena);
}

static gh_result take(struct reader *r, struct gh_cedar_policy_set *set, json *at,
                      struct gh_slice id, int wants_template)
{
	struct gh_cedar_policy *policy;

	GH_TRY(policy_of(r, at, &policy));
	if (wants_template >= 0 && policy->is_template != (wants_template == 1))
		return fault(r, at,
		             wants_template ? "a template needs a slot"
		                            : "a static policy has no slots");
	policy->id = gh_cedar_intern(r->space, id);
	GH_ENSURE(policy->id, GH_E_LIMIT, "no memory for the policies");
	return built(r, at,
	             gh_cedar_policy_set_take(
	                 set, &(struct gh_cedar_policy_list){ .items = &policy, .count = 1 }));
}

gh_result gh_cedar_policy_set_add_json(struct gh_cedar_policy_set *set, struct gh_slice id,
                                       struct gh_slice source, struct gh_cedar_diagnostic *why)
{
	GH_CLEANUP(arena_free_ptr) struct gh_arena *arena = gh_arena_new(TREE_LIMIT);
	struct reader r = { set->space, source, why };
	struct gh_cedar_json *tree;

	GH_ENSURE(!set->sealed, GH_E_ARGUMENT, "the policy set is sealed");
	GH_ENSURE(arena, GH_E_MEMORY, "no memory for the policies");
	GH_TRY(gh_cedar_json_parse(arena, source, &tree, why));
	return take(&r, set, tree, id, -1);
}

static gh_result link_of(struct reader *r, struct gh_cedar_policy_set *set, json *at)
{
	json *template_id = gh_cedar_json_get(at, "templateId");
	json *new_id = gh_cedar_json_get(at, "newId"), *values = gh_cedar_json_get(at, "values");
	json *principal = gh_cedar_json_get(values, "?principal");
	json *resource = gh_cedar_json_get(values, "?resource");
	const struct gh_cedar_uid *principal_uid = NULL, *resource_uid = NULL;

	if (!gh_cedar_json_is(template_id, GH_CEDAR_JSON_STRING) ||
	    !gh_cedar_json_is(new_id, GH_CEDAR_JSON_STRING) ||
	    !gh_cedar_json_is(values, GH_CEDAR_JSON_OBJECT))
		return fault(r, at, "a link has templateId, newId and values");
	if (principal)
		GH_TRY(uid_of(r, principal, &principal_uid));
	if (resource)
		GH_TRY(uid_of(r, resource, &resource_uid));
	enum gh_code code = gh_cedar_policy_set_link(set, template_id->text, new_id->text,
	                                             principal_uid, resource_uid);
	return built(r, at, code);
}

gh_result gh_cedar_policy_set_parse_json(struct gh_cedar_policy_set *set, struct gh_slice source,
                                         struct gh_cedar_diagnostic *why)
{
	GH_CLEANUP(arena_free_ptr) struct gh_arena *arena = gh_arena_new(TREE_LIMIT);
	static const char *const groups[] = { "staticPolicies", "templates" };
	struct reader r = { set->space, source, why };
	struct gh_cedar_json *tree;

	GH_ENSURE(!set->sealed, GH_E_ARGUMENT, "the policy set is sealed");
	GH_ENSURE(arena, GH_E_MEMORY, "no memory for the policies");
	GH_TRY(gh_cedar_json_parse(arena, source, &tree, why));
	for (int i = 0; i < 2; i++) {
		json *group = gh_cedar_json_get(tree, groups[i]);
		if (group && group->kind != GH_CEDAR_JSON_OBJECT)
			return fault(&r, group, "policies are an object from id to policy");
		for (json *one = group ? group->first : NULL; one; one = one->next)
			GH_TRY(take(&r, set, one, one->key, i));
	}
	json *links = gh_cedar_json_get(tree, "templateLinks");
	if (links && links->kind != GH_CEDAR_JSON_ARRAY)
		return fault(&r, links, "templateLinks is a list");
	for (json *one = links ? links->first : NULL; one; one = one->next)
		GH_TRY(link_of(&r, set, one));
	return GH_OK;
}
