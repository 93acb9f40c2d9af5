/* The validator: for each policy, what it names must be declared, some action must apply to what
 * its scope allows, and its conditions must have a type under every request that the schema allows
 * and the scope matches. */
#include "policy/cedar/validate.h"

#include <stdio.h>
#include <stdlib.h>

#include "policy/cedar/build.h"
#include "policy/cedar/nearest.h"
#include "policy/cedar/typecheck.h"

#define TYPES_LIMIT      ((size_t)256 << 20)
#define MAX_ENVIRONMENTS 1000000u
#define MAX_WORK         200000000u /* steps over all policies: some seconds */
#define MAX_FINDINGS     20         /* of one policy */

struct validator {
	const struct gh_cedar_schema *schema;
	struct gh_vtypes types;
	bool strict;
	void (*report)(void *user, const struct gh_cedar_finding *finding);
	void *user;
	const struct gh_cedar_policy *policy;
	struct gh_cedar_span told[MAX_FINDINGS];
	size_t told_count;
	bool invalid;
};

static void tell(struct validator *v, struct gh_cedar_span at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void emit(struct validator *v, struct gh_cedar_span at, bool warning, const char *format,
                 va_list args) __attribute__((format(printf, 4, 0)));

static void emit(struct validator *v, struct gh_cedar_span at, bool warning, const char *format,
                 va_list args)
{
	struct gh_cedar_finding finding = { .policy = v->policy,
		                            .where = { .span = at, .warning = warning } };

	vsnprintf(finding.where.text, sizeof finding.where.text, format, args);
	if (v->report)
		v->report(v->user, &finding);
}

/* Each place once, however many environments it fails in. */
static void tell(struct validator *v, struct gh_cedar_span at, const char *format, ...)
{
	va_list args;

	v->invalid = true;
	for (size_t i = 0; i < v->told_count; i++)
		if (v->told[i].start == at.start && v->told[i].end == at.end)
			return;
	if (v->told_count == MAX_FINDINGS)
		return;
	v->told[v->told_count++] = at;
	va_start(args, format);
	emit(v, at, false, format, args);
	va_end(args);
}

static void warn(struct validator *v, struct gh_cedar_span at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void warn(struct validator *v, struct gh_cedar_span at, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	emit(v, at, true, format, args);
	va_end(args);
}

/* ---- names ---- */

/* Which action of the type was meant by an id that none has. */
static gh_result undeclared_action(struct validator *v, const struct gh_cedar_uid *uid,
                                   struct gh_cedar_span at)
{
	struct gh_nearest meant = { .wanted = uid->id };
	char hint[80];

	GH_TRY(gh_vtypes_spend(&v->types, (uint64_t)10 * v->schema->action_count));
	for (uint32_t i = 0; i < v->schema->action_count; i++)
		if (v->schema->actions[i].shape.uid->type == uid->type)
			gh_nearest_try(&meant, v->schema->actions[i].shape.uid->id);
	tell(v, at, "the action %.80s is not declared%s", uid->id->text,
	     gh_nearest_hint(&meant, hint));
	return GH_OK;
}

static gh_result undeclared_type(struct validator *v, const struct gh_cedar_name *type,
                                 struct gh_cedar_span at)
{
	struct gh_nearest meant = { .wanted = type };
	char hint[80];

	GH_TRY(gh_vtypes_spend(&v->types, (uint64_t)10 * v->schema->entity_count +
	                                      (uint64_t)10 * v->schema->action_type_count));
	for (uint32_t i = 0; i < v->schema->entity_count; i++)
		gh_nearest_try(&meant, v->schema->entities[i].shape.type);
	for (uint32_t i = 0; i < v->schema->action_type_count; i++)
		gh_nearest_try(&meant, v->schema->action_types[i].name);
	tell(v, at, "the entity type %.80s is not declared%s", type->text,
	     gh_nearest_hint(&meant, hint));
	return GH_OK;
}

static gh_result check_type_name(struct validator *v, const struct gh_cedar_name *type,
                                 struct gh_cedar_span at)
{
	/* `is Action` is as fine as in Cedar, whether there is an action of that type or not. */
	return gh_cedar_schema_entity(v->schema, type) || gh_cedar_is_action_type(type)
	           ? GH_OK
	           : undeclared_type(v, type, at);
}

static gh_result check_uid(struct validator *v, const struct gh_cedar_uid *uid,
                           struct gh_cedar_span at)
{
	const struct gh_cedar_schema_entity *entity = gh_cedar_schema_entity(v->schema, uid->type);

	if (entity) {
		if (!gh_cedar_schema_takes_id(entity, uid->id))
			tell(v, at, "%.60s is no id of the enumerated type %.60s", uid->id->text,
			     uid->type->text);
		return GH_OK;
	}
	if (!gh_cedar_schema_action_type(v->schema, uid->type))
		return undeclared_type(v, uid->type, at);
	return gh_cedar_schema_action(v->schema, uid) ? GH_OK : undeclared_action(v, uid, at);
}

/* Every literal and every `is`, whether it can be reached or not. */
static gh_result check_names(struct validator *v, const struct gh_cedar_expr *expr)
{
	if (!expr)
		return GH_OK;
	GH_TRY(gh_vtypes_spend(&v->types, 1));
	switch (expr->kind) {
	case GH_CEDAR_EX_LITERAL:
		return expr->constant.kind == GH_CEDAR_ENTITY
		           ? check_uid(v, expr->constant.entity, expr->span)
		           : GH_OK;
	case GH_CEDAR_EX_VAR: return GH_OK;
	case GH_CEDAR_EX_SET:
	case GH_CEDAR_EX_RECORD:
	case GH_CEDAR_EX_CALL:
		for (uint32_t i = 0; i < expr->count; i++)
			GH_TRY(check_names(v, expr->items[i]));
		return GH_OK;
	case GH_CEDAR_EX_IS: GH_TRY(check_type_name(v, expr->name, expr->span)); break;
	default: break;
	}
	GH_TRY(check_names(v, expr->a));
	GH_TRY(check_names(v, expr->b));
	return expr->kind == GH_CEDAR_EX_IF ? check_names(v, expr->c) : GH_OK;
}

static gh_result check_scope_names(struct validator *v, const struct gh_cedar_scope *scope)
{
	if (scope->uid)
		GH_TRY(check_uid(v, scope->uid, scope->span));
	if (scope->type)
		GH_TRY(check_type_name(v, scope->type, scope->span));
	for (uint32_t i = 0; i < scope->uid_count; i++)
		GH_TRY(check_uid(v, scope->uids[i], scope->span));
	return GH_OK;
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

/* What the environments of one policy came to. */
struct outcome {
	bool applies;  /* there was one */
	bool possible; /* in one of them, the conditions may hold */
};

static gh_result check_conditions(struct validator *v, struct gh_typing *typing, bool *possible)
{
	const struct gh_capability *known = NULL;
	const struct gh_vtype *type;

	for (uint32_t i = 0; i < v->policy->condition_count; i++) {
		const struct gh_cedar_condition *condition = &v->policy->conditions[i];
		const struct gh_capability *before = known;
		enum gh_code code = gh_typecheck_bool(typing, condition->expr, &known, &type);
		if (code == GH_E_DENIED) {
			tell(v, typing->at, "%s", typing->fault);
			*possible = true;
			return GH_OK;
		}
		GH_TRY(code);
		if (condition->unless)
			known = before; /* of what is not so, nothing is known */
		if (type->kind == (condition->unless ? GH_V_TRUE : GH_V_FALSE))
			return GH_OK; /* never so here: the rest is not looked at */
	}
	*possible = true;
	return GH_OK;
}

static gh_result check_environment(struct validator *v, const struct gh_cedar_schema_action *action,
                                   const struct gh_cedar_name *principal,
                                   const struct gh_cedar_name *resource, bool *possible)
{
	struct gh_typing typing = {
		.schema = v->schema, .types = &v->types, .strict = v->strict, .action = action
	};

	GH_TRY(gh_vtype_entity(&v->types, principal, &typing.principal));
	GH_TRY(gh_vtype_entity(&v->types, resource, &typing.resource));
	GH_TRY(gh_vtype_of(&v->types, action->shape.context, &typing.context));
	return check_conditions(v, &typing, possible);
}

/* All requests of one action that the scopes let through. */
static gh_result check_action(struct validator *v, const struct gh_cedar_schema_action *action,
                              struct outcome *outcome)
{
	const struct gh_cedar_policy *policy = v->policy;

	GH_TRY(gh_vtypes_spend(&v->types, action->principal_count));
	for (uint32_t i = 0; i < action->principal_count; i++) {
		if (scope_type(v, &policy->principal, action->principals[i]) == &gh_v_false)
			continue;
		GH_TRY(gh_vtypes_spend(&v->types, action->resource_count));
		for (uint32_t k = 0; k < action->resource_count; k++) {
			if (scope_type(v, &policy->resource, action->resources[k]) == &gh_v_false)
				continue;
			outcome->applies = true;
			GH_TRY(check_environment(v, action, action->principals[i],
			                         action->resources[k], &outcome->possible));
		}
	}
	return GH_OK;
}

static gh_result check_names_of_policy(struct validator *v)
{
	const struct gh_cedar_policy *policy = v->policy;

	GH_TRY(check_scope_names(v, &policy->principal));
	GH_TRY(check_scope_names(v, &policy->action));
	GH_TRY(check_scope_names(v, &policy->resource));
	for (uint32_t i = 0; i < policy->condition_count; i++)
		GH_TRY(check_names(v, policy->conditions[i].expr));
	if (v->strict)
		check_action_list(v, &policy->action);
	return GH_OK;
}

static gh_result check_in_environments(struct validator *v)
{
	const struct gh_cedar_policy *policy = v->policy;
	struct outcome outcome = { .applies = false };

	for (uint32_t i = 0; i < v->schema->action_count; i++) {
		const struct gh_cedar_schema_action *action = &v->schema->actions[i];
		GH_TRY(gh_vtypes_spend(&v->types, 1 + policy->action.uid_count));
		if (action->shape.context &&
		    scope_has_action(v, &policy->action, action->shape.uid))
			GH_TRY(check_action(v, action, &outcome));
	}
	if (!outcome.applies)
		tell(v, policy->span,
		     "no action applies to the principals and resources of this scope");
	else if (!outcome.possible)
		warn(v, policy->span,
		     "this policy never applies: its conditions are false for "
		     "every request of the schema");
	return GH_OK;
}

static gh_result check_policy(struct validator *v, const struct gh_cedar_policy *policy)
{
	v->policy = policy;
	v->told_count = 0;
	v->types.arena = gh_arena_new(TYPES_LIMIT);
	GH_ENSURE(v->types.arena, GH_E_MEMORY, "no memory for the validator");
	enum gh_code code = check_names_of_policy(v);
	if (code == GH_OK)
		code = check_in_environments(v);
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
	struct validator v = { .schema = schema, .strict = strict, .report = report, .user = user };

	v.types.space = schema->space;
	v.types.work = MAX_WORK;
	enum gh_code code = bound_environments(schema);
	for (size_t i = 0; i < gh_cedar_policy_set_count(set) && code == GH_OK; i++)
		code = check_policy(&v, gh_cedar_policy_set_at(set, i));
	GH_TRY(code);
	GH_ENSURE(!v.invalid, GH_E_DENIED, "the policies do not fit the schema");
	return GH_OK;
}
