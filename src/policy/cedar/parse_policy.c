/* Policies: annotations, effect, the three scopes, conditions. */
#include "policy/cedar/parse.h"

#include <stdlib.h>

struct policy_parser {
	struct gh_cedar_parser in;
	struct gh_cedar_annotation *annotations;
	size_t annotation_count, annotation_capacity;
	struct gh_cedar_condition *conditions;
	size_t condition_count, condition_capacity;
	const struct gh_cedar_uid **uids;
	size_t uid_count, uid_capacity;
};

static void policy_parser_free(struct policy_parser *p)
{
	free(p->annotations);
	free(p->conditions);
	free(p->uids);
}

static gh_result grow(void *array, size_t count, size_t *capacity, size_t size)
{
	void *old, *bigger;

	if (count < *capacity)
		return GH_OK;
	memcpy(&old, array, sizeof old);
	size_t wanted = *capacity ? *capacity * 2 : 8;
	bigger = reallocarray(old, wanted, size);
	GH_ENSURE(bigger, GH_E_MEMORY, "no memory for the policies");
	memcpy(array, &bigger, sizeof bigger);
	*capacity = wanted;
	return GH_OK;
}

static gh_result keep(struct policy_parser *p, const void *data, size_t size, void *out)
{
	void *copy = NULL;

	if (size) {
		copy = gh_arena_alloc(gh_cedar_space_arena(p->in.space), size);
		GH_ENSURE(copy, GH_E_LIMIT, "no memory for the policies");
		memcpy(copy, data, size);
	}
	memcpy(out, &copy, sizeof copy);
	return GH_OK;
}

static gh_result annotation(struct policy_parser *p)
{
	struct gh_cedar_parser *in = &p->in;
	struct gh_cedar_annotation made = { 0 };
	struct gh_slice key;

	GH_TRY(gh_cedar_parser_next(in));
	struct gh_cedar_span at = in->token.span;
	GH_TRY(gh_cedar_parser_any_ident(in, "the name of an annotation", &key));
	made.key = gh_cedar_intern(in->space, key);
	made.value = gh_cedar_intern(in->space, gh_slice(NULL, 0));
	GH_ENSURE(made.key && made.value, GH_E_LIMIT, "no memory for the policies");
	GH_TRY(gh_cedar_parser_take(in, '(', &made.has_value));
	if (made.has_value) {
		if (in->token.kind != GH_CEDAR_TOK_STRING)
			return gh_cedar_parser_unexpected(in, "a quoted string");
		GH_TRY(gh_cedar_parser_string(in, &made.value));
		GH_TRY(gh_cedar_parser_expect(in, ')', "`)`"));
	}
	for (size_t i = 0; i < p->annotation_count; i++)
		if (p->annotations[i].key == made.key)
			return gh_cedar_parser_fail(in, at, "the annotation @%.*s is given twice",
			                            GH_SLICE_ARG(key));
	GH_TRY(grow(&p->annotations, p->annotation_count, &p->annotation_capacity, sizeof made));
	p->annotations[p->annotation_count++] = made;
	return GH_OK;
}

/* An entity, or the slot of this variable; parentheses around it are allowed. `slot` is NULL where
 * slots may not stand. */
static gh_result target(struct gh_cedar_parser *in, const char *slot, struct gh_cedar_scope *scope)
{
	if (gh_cedar_parser_at(in, '(')) {
		GH_TRY(gh_cedar_parser_next(in));
		GH_TRY(gh_cedar_parser_deeper(in));
		GH_TRY(target(in, slot, scope));
		in->nesting--;
		return gh_cedar_parser_expect(in, ')', "`)`");
	}
	if (in->token.kind != GH_CEDAR_TOK_SLOT)
		return gh_cedar_parser_uid(in, &scope->uid);
	if (!slot || !gh_slice_eq_str(gh_cedar_parser_text(in), slot))
		return gh_cedar_parser_fail(in, in->token.span,
		                            slot ? "only the slot %s may stand here"
		                                 : "no slot may stand here%s",
		                            slot ? slot : "");
	scope->slot = true;
	return gh_cedar_parser_next(in);
}

static gh_result person_scope(struct gh_cedar_parser *in, const char *slot,
                              struct gh_cedar_scope *scope)
{
	if (gh_cedar_parser_at_word(in, "is")) {
		GH_TRY(gh_cedar_parser_next(in));
		GH_TRY(gh_cedar_parser_path(in, "an entity type", &scope->type, NULL));
		scope->kind = GH_CEDAR_SCOPE_IS;
		if (!gh_cedar_parser_at_word(in, "in"))
			return GH_OK;
		scope->kind = GH_CEDAR_SCOPE_IS_IN;
		GH_TRY(gh_cedar_parser_next(in));
		return target(in, slot, scope);
	}
	bool equal = gh_cedar_parser_at(in, GH_CEDAR_MARK_EQ);
	if (!equal && !gh_cedar_parser_at_word(in, "in"))
		return GH_OK;
	scope->kind = equal ? GH_CEDAR_SCOPE_EQ : GH_CEDAR_SCOPE_IN;
	GH_TRY(gh_cedar_parser_next(in));
	return target(in, slot, scope);
}

static gh_result action_list(struct policy_parser *p, struct gh_cedar_scope *scope)
{
	struct gh_cedar_parser *in = &p->in;
	bool more = true;

	p->uid_count = 0;
	GH_TRY(gh_cedar_parser_next(in));
	while (more && !gh_cedar_parser_at(in, ']')) {
		struct gh_cedar_scope one = { 0 };
		GH_TRY(target(in, NULL, &one));
		GH_TRY(grow(&p->uids, p->uid_count, &p->uid_capacity, sizeof *p->uids));
		p->uids[p->uid_count++] = one.uid;
		GH_TRY(gh_cedar_parser_take(in, ',', &more));
	}
	GH_TRY(gh_cedar_parser_expect(in, ']', "`,` or `]`"));
	scope->uid_count = (uint32_t)p->uid_count;
	return keep(p, p->uids, p->uid_count * sizeof *p->uids, &scope->uids);
}

/* What follows `action in`: an entity or a list, in parentheses or not. */
static gh_result action_in(struct policy_parser *p, struct gh_cedar_scope *scope)
{
	struct gh_cedar_parser *in = &p->in;

	if (gh_cedar_parser_at(in, '(')) {
		GH_TRY(gh_cedar_parser_next(in));
		GH_TRY(gh_cedar_parser_deeper(in));
		GH_TRY(action_in(p, scope));
		in->nesting--;
		return gh_cedar_parser_expect(in, ')', "`)`");
	}
	if (!gh_cedar_parser_at(in, '[')) {
		scope->kind = GH_CEDAR_SCOPE_IN;
		return target(in, NULL, scope);
	}
	scope->kind = GH_CEDAR_SCOPE_LIST;
	return action_list(p, scope);
}

static gh_result action_scope(struct policy_parser *p, struct gh_cedar_scope *scope)
{
	struct gh_cedar_parser *in = &p->in;
	uint32_t start = in->token.span.start;

	if (gh_cedar_parser_at_word(in, "is"))
		return gh_cedar_parser_fail(in, in->token.span,
		                            "`is` cannot be used with action; use == or in");
	bool equal = gh_cedar_parser_at(in, GH_CEDAR_MARK_EQ);
	if (!equal && !gh_cedar_parser_at_word(in, "in"))
		return GH_OK;
	GH_TRY(gh_cedar_parser_next(in));
	if (equal) {
		scope->kind = GH_CEDAR_SCOPE_EQ;
		GH_TRY(target(in, NULL, scope));
	} else {
		GH_TRY(action_in(p, scope));
	}
	struct gh_cedar_span span = { start, in->last_end };
	if (scope->uid && !gh_cedar_is_action_type(scope->uid->type))
		return gh_cedar_parser_fail(in, span, "the type of an action is Action, not %.60s",
		                            scope->uid->type->text);
	for (uint32_t i = 0; i < scope->uid_count; i++)
		if (!gh_cedar_is_action_type(scope->uids[i]->type))
			return gh_cedar_parser_fail(in, span,
			                            "the type of an action is Action, not %.60s",
			                            scope->uids[i]->type->text);
	return GH_OK;
}

static gh_result scopes(struct policy_parser *p, struct gh_cedar_policy *policy)
{
	static const char *const names[] = { "principal", "action", "resource" };
	static const char *const wanted[] = { "`principal`", "`, action`", "`, resource`" };
	struct gh_cedar_scope *const into[] = { &policy->principal, &policy->action,
		                                &policy->resource };
	struct gh_cedar_parser *in = &p->in;
	bool comma = true;

	GH_TRY(gh_cedar_parser_expect(in, '(', "`(`"));
	for (size_t i = 0; i < GH_ARRAY_LEN(names); i++) {
		uint32_t start = in->token.span.start;
		if (!comma || !gh_cedar_parser_at_word(in, names[i]))
			return gh_cedar_parser_unexpected(in, wanted[i]);
		GH_TRY(gh_cedar_parser_next(in));
		if (i == 1)
			GH_TRY(action_scope(p, into[i]));
		else
			GH_TRY(person_scope(in, i ? "?resource" : "?principal", into[i]));
		into[i]->span = (struct gh_cedar_span){ start, in->last_end };
		GH_TRY(gh_cedar_parser_take(in, ',', &comma));
	}
	policy->is_template = policy->principal.slot || policy->resource.slot;
	return gh_cedar_parser_expect(in, ')', "`)`");
}

static gh_result condition(struct policy_parser *p)
{
	struct gh_cedar_parser *in = &p->in;
	struct gh_cedar_condition made = { .unless = gh_cedar_parser_at_word(in, "unless") };

	GH_TRY(gh_cedar_parser_next(in));
	GH_TRY(gh_cedar_parser_expect(in, '{', "`{`"));
	GH_TRY(gh_cedar_parse_expr(in, &made.expr));
	GH_TRY(gh_cedar_parser_expect(in, '}', "`}`"));
	GH_TRY(grow(&p->conditions, p->condition_count, &p->condition_capacity, sizeof made));
	p->conditions[p->condition_count++] = made;
	return GH_OK;
}

static gh_result policy(struct policy_parser *p, struct gh_cedar_policy *out)
{
	struct gh_cedar_parser *in = &p->in;
	uint32_t start = in->token.span.start;

	p->annotation_count = p->condition_count = 0;
	while (gh_cedar_parser_at(in, '@'))
		GH_TRY(annotation(p));
	out->forbid = gh_cedar_parser_at_word(in, "forbid");
	if (!out->forbid && !gh_cedar_parser_at_word(in, "permit"))
		return gh_cedar_parser_unexpected(in, "`permit` or `forbid`");
	GH_TRY(gh_cedar_parser_next(in));
	GH_TRY(scopes(p, out));
	while (gh_cedar_parser_at_word(in, "when") || gh_cedar_parser_at_word(in, "unless"))
		GH_TRY(condition(p));
	GH_TRY(gh_cedar_parser_expect(in, ';', "`when`, `unless` or `;`"));
	out->span = (struct gh_cedar_span){ start, in->last_end };
	out->annotation_count = (uint32_t)p->annotation_count;
	out->condition_count = (uint32_t)p->condition_count;
	GH_TRY(keep(p, p->annotations, p->annotation_count * sizeof *p->annotations,
	            &out->annotations));
	return keep(p, p->conditions, p->condition_count * sizeof *p->conditions, &out->conditions);
}

gh_result gh_cedar_parse_policies(struct gh_cedar_space *space, struct gh_slice source,
                                  struct gh_cedar_policy_list *out, struct gh_cedar_diagnostic *why)
{
	GH_CLEANUP(policy_parser_free) struct policy_parser p = { 0 };

	GH_TRY(gh_cedar_check_source(source, why));
	GH_TRY(gh_cedar_parser_start(&p.in, space, source, why));
	while (p.in.token.kind != GH_CEDAR_TOK_END) {
		struct gh_cedar_policy *made =
		    gh_arena_alloc(gh_cedar_space_arena(space), sizeof *made);
		GH_ENSURE(made, GH_E_LIMIT, "no memory for the policies");
		GH_TRY(policy(&p, made));
		GH_TRY(grow(&out->items, out->count, &out->capacity, sizeof *out->items));
		out->items[out->count++] = made;
	}
	return GH_OK;
}
