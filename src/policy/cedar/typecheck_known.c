/* What is known to be there behind a guard: a list that grows at its head and shares its tail.
 * Every step is counted, since both lists and expressions come from outside. */
#include "policy/cedar/typecheck_rules.h"

/* The same expression, wherever it stands. Counts the nodes it looked at. */
static bool same(const struct gh_cedar_expr *a, const struct gh_cedar_expr *b, uint64_t *steps)
{
	(*steps)++;
	if (a == b)
		return true;
	if (!a || !b || a->kind != b->kind || a->weight != b->weight)
		return false;
	switch (a->kind) {
	case GH_CEDAR_EX_LITERAL: return gh_cedar_equal(&a->constant, &b->constant);
	case GH_CEDAR_EX_VAR: return a->var == b->var;
	case GH_CEDAR_EX_LIKE:
		return a->pattern->count == b->pattern->count &&
		       memcmp(a->pattern->chars, b->pattern->chars,
		              a->pattern->count * sizeof *a->pattern->chars) == 0 &&
		       same(a->a, b->a, steps);
	case GH_CEDAR_EX_SET:
	case GH_CEDAR_EX_RECORD:
	case GH_CEDAR_EX_CALL:
		if (a->count != b->count ||
		    (a->kind == GH_CEDAR_EX_CALL && a->function != b->function))
			return false;
		for (uint32_t i = 0; i < a->count; i++)
			if ((a->kind == GH_CEDAR_EX_RECORD && a->names[i] != b->names[i]) ||
			    !same(a->items[i], b->items[i], steps))
				return false;
		return true;
	case GH_CEDAR_EX_IS:
	case GH_CEDAR_EX_GET:
	case GH_CEDAR_EX_HAS:
		return a->name == b->name && same(a->a, b->a, steps) && same(a->b, b->b, steps);
	default:
		return same(a->a, b->a, steps) && same(a->b, b->b, steps) &&
		       same(a->c, b->c, steps);
	}
}

gh_result gh_known(struct gh_typing *t, const struct gh_capability *known,
                   const struct gh_capability *asked, bool *out)
{
	*out = false;
	for (; known && !*out; known = known->next) {
		uint64_t steps = 1;
		*out = known->name == asked->name && same(known->expr, asked->expr, &steps) &&
		       same(known->tag, asked->tag, &steps);
		GH_TRY(gh_vtypes_spend(t->types, steps));
	}
	return GH_OK;
}

gh_result gh_known_add(struct gh_typing *t, const struct gh_capability *to,
                       const struct gh_capability *one, const struct gh_capability **out)
{
	struct gh_capability *copy = gh_arena_alloc(t->types->arena, sizeof *copy);

	GH_ENSURE(copy, GH_E_LIMIT, "no memory for the validator");
	*copy = *one;
	copy->next = to;
	*out = copy;
	return GH_OK;
}

gh_result gh_known_join(struct gh_typing *t, const struct gh_capability *a,
                        const struct gh_capability *b, const struct gh_capability **out)
{
	*out = b;
	for (; a && a != b; a = a->next) { /* from b on, the tail is shared */
		GH_TRY(gh_vtypes_spend(t->types, 1));
		GH_TRY(gh_known_add(t, *out, a, out));
	}
	return GH_OK;
}

gh_result gh_known_meet(struct gh_typing *t, const struct gh_capability *a,
                        const struct gh_capability *b, const struct gh_capability **out)
{
	bool shared;

	*out = NULL;
	for (; a; a = a->next) {
		GH_TRY(gh_known(t, b, a, &shared));
		if (shared)
			GH_TRY(gh_known_add(t, *out, a, out));
	}
	return GH_OK;
}
