/* The validator: for each policy, what it names must be declared, some action must apply to what
 * its scope allows, and its conditions must have a type under every request that the schema allows
 * and the scope matches. */
#include "policy/cedar/validate.h"

#include <stdio.h>
#include <stdlib.h>

#include "policy/cedar/typecheck.h"

#define TYPES_LIMIT      ((size_t)256 << 20)
#define MAX_ENVIRONMENTS 1000000u
#define MAX_WORK         200000000u /* nodes looked at, over all policies */
#define MAX_FINDINGS     20         /* of one policy */

struct validator {
	const struct gh_cedar_schema *schema;
	struct gh_vtypes types;
	bool strict;
	uint64_t work;
	void (*report)(void *user, const struct gh_cedar_finding *finding);
	void *user;
	const struct gh_cedar_policy *policy;
	struct gh_cedar_span told[MAX_FINDINGS];
	size_t told_count;
	bool invalid;
};

static void tell(struct validator *v, struct gh_cedar_span at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Each place once, however many environments it fails in. */
static void tell(struct validator *v, struct gh_cedar_span at, const char *format, ...)
{
	struct gh_cedar_finding finding = { .policy = v->policy, .where.span = at };
	va_list args;

	v->invalid = true;
	for (size_t i = 0; i < v->told_count; i++)
		if (v->told[i].start == at.start && v->told[i].end == at.end)
			return;
	if (v->told_count == MAX_FINDINGS)
		return;
	v->told[v->told_count++] = at;
	va_start(args, format);
	vsnprintf(finding.where.text, sizeof finding.where.text, format, args);
	va_end(args);
	if (v->report)
		v->report(v->user, &finding);
}

/* ---- names ---- */

static bool is_action_type(const struct validator *v, const struct gh_cedar_name *type)
{
	for (uint32_t i = 0; i < v->schema->action_count; i++)
		if (v->schema->actions[i].shape.uid->type == type)
			return true;
	return false;
}

static void check_type_name(struct validator *v, const struct gh_cedar_name *type,
                            struct gh_cedar_span at)
{
	if (!gh_cedar_schema_entity(v->schema, type) && !is_action_type(v, type))
		tell(v, at, "the entity type %.80s is not declared", type->text);
}

static void check_uid(struct validator *v, const struct gh_cedar_uid *uid, struct gh_cedar_span at)
{
	const struct gh_cedar_schema_entity *entity = gh_cedar_schema_entity(v->schema, uid->type);

	if (!entity) {
		if (!is_action_type(v, uid->type))
			tell(v, at, "the entity type %.80s is not declared", uid->type->text);
		else if (!gh_cedar_schema_action(v->schema, uid))
			tell(v, at, "the action %.80s is not declared", uid->id->text);
		return;
	}
	bool listed = entity->shape.ids == NULL;
	for (uint32_t i = 0; i < entity->shape.id_count && !listed; i++)
		listed = entity->shape.ids[i] == uid->id;
	if (!listed)
		tell(v, at, "%.60s is no id of the enumerated type %.60s", uid->id->text,
		     uid->type->text);
}

/* Every literal and every `is`, whether it can be reached or not. */
static gh_result check_names(struct validator *v, const struct gh_cedar_expr *expr)
{
	if (!expr)
		return GH_OK;
	GH_ENSURE(v->work > 0, GH_E_LIMIT, "validation takes too long: shorter policies");
	v->work--;
	switch (expr->kind) {
	case GH_CEDAR_EX_LITERAL:
		if (expr->constant.kind == GH_CEDAR_ENTITY)
			check_uid(v, expr->constant.entity, expr->span);
		return GH_OK;
	case GH_CEDAR_EX_VAR: return GH_OK;
	case GH_CEDAR_EX_SET:
	case GH_CEDAR_EX_RECORD:
	case GH_CEDAR_EX_CALL:
		for (uint32_t i = 0; i < expr->count; i++)
			GH_TRY(check_names(v, expr->items[i]));
		return GH_OK;
	case GH_CEDAR_EX_IS: check_type_name(v, expr->name, expr->span); break;
	default: break;
	}
	GH_TRY(check_names(v, expr->a));
	GH_TRY(check_names(v, expr->b));
	return expr->kind == GH_CEDAR_EX_IF ? check_names(v, expr->c) : GH_OK;
}

static void check_scope_names(struct validator *v, const struct gh_cedar_scope *scope)
{
	if (scope->uid)
		check_uid(v, scope->uid, scope->span);
	if (scope->type)
		check_type_name(v, scope->type, scope->span);
	for (uint32_t i = 0; i < scope->uid_count; i++)
		check_uid(v, scope->uids[i], scope->span);
}

/* Strictly, a list is a set, whose items are of one type. */
static void check_action_list(struct validator *v, const struct gh_cedar_scope *scope)
{
	if (scope->kind != GH_CEDAR_SCOPE_LIST)
		return;
	if (scope->uid_count == 0)
		tell(v, scope->span, "an empty list of actions matches nothing");
	for (uint32_t i = 1; i < scope->uid_count; i++)
		if (scope->uids[i]->type != scope->uids[0]->type) {
			tell(
			    v, scope->span,
			    "the types %.60s and %.60s are not compatible: write a policy for each",
			    scope->uids[0]->type->text, scope->uids[i]->type->text);
			return;
		}
}

/* ---- scopes ---- */

/* What a scope says of a principal or resource of this type: certain, impossible or open. */
static const struct gh_vtype *scope_type(const struct validator *v,
                                         const struct gh_cedar_scope *scope,
                                         const struct gh_cedar_name *type)
{
	bool may_be_in =
	    !scope->uid || gh_cedar_schema_may_be_in(v->schema, type, scope->uid->type);

	switch (scope->kind) {
	case GH_CEDAR_SCOPE_ANY: return &gh_v_true;
	case GH_CEDAR_SCOPE_EQ:
		return scope->uid && scope->uid->type != type ? &gh_v_false : &gh_v_bool;
	case GH_CEDAR_SCOPE_IN: return may_be_in ? &gh_v_bool : &gh_v_false;
	case GH_CEDAR_SCOPE_IS: return scope->type == type ? &gh_v_true : &gh_v_false;
	case GH_CEDAR_SCOPE_IS_IN:
		return scope->type == type && may_be_in ? &gh_v_bool : &gh_v_false;
	case GH_CEDAR_SCOPE_LIST: break;
	}
	return &gh_v_false;
}

static bool scope_has_action(const struct validator *v, const struct gh_cedar_scope *scope,
                             const struct gh_cedar_uid *action)
{
	switch (scope->kind) {
	case GH_CEDAR_SCOPE_ANY: return true;
	case GH_CEDAR_SCOPE_EQ: return scope->uid == action;
	case GH_CEDAR_SCOPE_IN: return gh_cedar_schema_action_in(v->schema, action, scope->uid);
	case GH_CEDAR_SCOPE_LIST:
		for (uint32_t i = 0; i < scope->uid_count; i++)
			if (gh_cedar_schema_action_in(v->schema, action, scope->uids[i]))
				return true;
		return false;
	default: return false;
	}
}

/* ---- one policy ---- */

static gh_result check_conditions(struct validator *v, struct gh_typing *typing)
{
	const struct gh_capability *known = NULL;
	const struct gh_vtype *type;

	for (uint32_t i = 0; i < v->policy->condition_count; i++) {
		const struct gh_cedar_condition *condition = &v->policy->conditions[i];
		const struct gh_capability *before = known;
		enum gh_code code = gh_typecheck_bool(typing, condition->expr, &known, &type);
		if (code == GH_E_DENIED) {
			tell(v, typing->at, "%s", typing->fault);
			return GH_OK;
		}
		GH_TRY(code);
		if (condition->unless)
			known = before; /* of what is not so, nothing is known */
		if (type->kind == (condition->unless ? GH_V_TRUE : GH_V_FALSE))
			return GH_OK; /* never so here: the rest is not looked at */
	}
	return GH_OK;
}

static gh_result check_environment(struct validator *v, const struct gh_cedar_schema_action *action,
                                   const struct gh_cedar_name *principal,
                                   const struct gh_cedar_name *resource)
{
	struct gh_typing typing = { .schema = v->schema,
		                    .types = &v->types,
		                    .strict = v->strict,
		                    .action = action,
		                    .work = &v->work };

	GH_TRY(gh_vtype_entity(&v->types, principal, &typing.principal));
	GH_TRY(gh_vtype_entity(&v->types, resource, &typing.resource));
	GH_TRY(gh_vtype_of(&v->types, action->shape.context, &typing.context));
	return check_conditions(v, &typing);
}

/* All requests of one action that the scopes let through; *any tells whether there are some. */
static gh_result check_action(struct validator *v, const struct gh_cedar_schema_action *action,
                              bool *any)
{
	const struct gh_cedar_policy *policy = v->policy;

	for (uint32_t i = 0; i < action->principal_count; i++) {
		if (scope_type(v, &policy->principal, action->principals[i]) == &gh_v_false)
			continue;
		for (uint32_t k = 0; k < action->resource_count; k++) {
			if (scope_type(v, &policy->resource, action->resources[k]) == &gh_v_false)
				continue;
			*any = true;
			GH_TRY(check_environment(v, action, action->principals[i],
			                         action->resources[k]));
		}
	}
	return GH_OK;
}

static gh_result check_policy(struct validator *v, const struct gh_cedar_policy *policy)
{
	bool any = false;

	v->policy = policy;
	v->told_count = 0;
	v->types.arena = gh_arena_new(TYPES_LIMIT);
	GH_ENSURE(v->types.arena, GH_E_MEMORY, "no memory for the validator");
	check_scope_names(v, &policy->principal);
	check_scope_names(v, &policy->action);
	check_scope_names(v, &policy->resource);
	enum gh_code code = GH_OK;
	for (uint32_t i = 0; i < policy->condition_count && code == GH_OK; i++)
		code = check_names(v, policy->conditions[i].expr);
	if (v->strict)
		check_action_list(v, &policy->action);
	for (uint32_t i = 0; i < v->schema->action_count && code == GH_OK; i++) {
		const struct gh_cedar_schema_action *action = &v->schema->actions[i];
		if (action->shape.context &&
		    scope_has_action(v, &policy->action, action->shape.uid))
			code = check_action(v, action, &any);
	}
	if (code == GH_OK && !any)
		tell(v, policy->span,
		     "no action applies to the principals and resources of this scope");
	gh_vtypes_free(&v->types);
	gh_arena_free(v->types.arena);
	return code;
}

static gh_result bound_environments(const struct gh_cedar_schema *schema)
{
	uint64_t count = 0;

	for (uint32_t i = 0; i < schema->action_count; i++)
		count += (uint64_t)schema->actions[i].principal_count *
		         schema->actions[i].resource_count;
	GH_ENSURE(count <= MAX_ENVIRONMENTS, GH_E_LIMIT,
	          "the schema allows more than %u kinds of requests", MAX_ENVIRONMENTS);
	return GH_OK;
}

gh_result gh_cedar_validate(const struct gh_cedar_schema *schema,
                            const struct gh_cedar_policy_set *set, bool strict,
                            void (*report)(void *user, const struct gh_cedar_finding *finding),
                            void *user)
{
	struct validator v = {
		.schema = schema, .strict = strict, .work = MAX_WORK, .report = report, .user = user
	};

	v.types.space = schema->space;
	enum gh_code code = bound_environments(schema);
	for (size_t i = 0; i < gh_cedar_policy_set_count(set) && code == GH_OK; i++)
		code = check_policy(&v, gh_cedar_policy_set_at(set, i));
	GH_TRY(code);
	GH_ENSURE(!v.invalid, GH_E_DENIED, "the policies do not fit the schema");
	return GH_OK;
}
