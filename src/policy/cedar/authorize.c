/* The authorizer: candidates, scopes, conditions, and the rule that combines them. */
#include "policy/cedar/authorize.h"

#include <stdlib.h>

#include "policy/cedar/evaluate.h"
#include "policy/cedar/set.h"

#define BLOCK_BYTES   16384
#define LINEAR_BELOW  16 /* so few policies are scanned faster than they are looked up */
#define FIRST_RESULTS 64

struct gh_cedar_scratch {
	struct gh_cedar_bump bump;
	const struct gh_cedar_policy **satisfied;
	size_t satisfied_count, satisfied_capacity;
	struct gh_cedar_policy_fault *errors;
	size_t error_count, error_capacity;
	bool out_of_memory;
};

struct gh_cedar_scratch *gh_cedar_scratch_new(size_t limit_bytes)
{
	struct gh_cedar_scratch *scratch = calloc(1, sizeof *scratch);

	if (!scratch)
		return NULL;
	scratch->bump.block = malloc(BLOCK_BYTES);
	scratch->bump.size = BLOCK_BYTES;
	scratch->bump.limit_bytes = limit_bytes;
	scratch->satisfied = calloc(FIRST_RESULTS, sizeof *scratch->satisfied);
	scratch->satisfied_capacity = FIRST_RESULTS;
	scratch->errors = calloc(FIRST_RESULTS, sizeof *scratch->errors);
	scratch->error_capacity = FIRST_RESULTS;
	if (!scratch->bump.block || !scratch->satisfied || !scratch->errors) {
		gh_cedar_scratch_free(scratch);
		return NULL;
	}
	return scratch;
}

void gh_cedar_scratch_free(struct gh_cedar_scratch *scratch)
{
	if (!scratch)
		return;
	gh_cedar_bump_clear(&scratch->bump);
	free(scratch->bump.block);
	free(scratch->satisfied);
	free(scratch->errors);
	free(scratch);
}

const char *gh_cedar_fault_text(enum gh_cedar_fault fault)
{
	static const char *const texts[] = {
		[GH_CEDAR_FAULT_NONE] = "no fault",
		[GH_CEDAR_FAULT_TYPE] = "an operand has the wrong type",
		[GH_CEDAR_FAULT_ATTRIBUTE] = "there is no such attribute",
		[GH_CEDAR_FAULT_TAG] = "there is no such tag",
		[GH_CEDAR_FAULT_ENTITY] = "the entity does not exist",
		[GH_CEDAR_FAULT_OVERFLOW] = "a number leaves 64 bits",
		[GH_CEDAR_FAULT_EXTENSION] = "an extension value is malformed or out of range",
		[GH_CEDAR_FAULT_ARITY] = "a function got the wrong number of arguments",
		[GH_CEDAR_FAULT_LIMIT] = "the evaluation needs too much memory",
	};
	return texts[fault];
}

struct decision {
	struct gh_cedar_run run;
	struct gh_cedar_scratch *scratch;
};

bool gh_cedar_in_scope(const struct gh_cedar_scope *scope, const struct gh_cedar_uid *uid,
                       const struct gh_cedar_entity_data *data)
{
	switch (scope->kind) {
	case GH_CEDAR_SCOPE_ANY: return true;
	case GH_CEDAR_SCOPE_EQ: return uid == scope->uid;
	case GH_CEDAR_SCOPE_IS: return uid->type == scope->type;
	case GH_CEDAR_SCOPE_IS_IN:
		if (uid->type != scope->type)
			return false;
		/* fall through */
	case GH_CEDAR_SCOPE_IN:
		return uid == scope->uid || (data && gh_cedar_data_in(data, scope->uid));
	case GH_CEDAR_SCOPE_LIST:
		for (uint32_t i = 0; i < scope->uid_count; i++)
			if (uid == scope->uids[i] ||
			    (data && gh_cedar_data_in(data, scope->uids[i])))
				return true;
		return false;
	}
	return false;
}

static void note_error(struct gh_cedar_scratch *scratch, const struct gh_cedar_policy *policy,
                       const struct gh_cedar_expr *expr, enum gh_cedar_fault fault)
{
	if (scratch->error_count == scratch->error_capacity) {
		size_t wanted = scratch->error_capacity * 2;
		void *more = reallocarray(scratch->errors, wanted, sizeof *scratch->errors);
		if (!more) {
			scratch->out_of_memory = true;
			return;
		}
		scratch->errors = more;
		scratch->error_capacity = wanted;
	}
	scratch->errors[scratch->error_count++] =
	    (struct gh_cedar_policy_fault){ .policy = policy, .expr = expr, .fault = fault };
}

static void note_satisfied(struct gh_cedar_scratch *scratch, const struct gh_cedar_policy *policy)
{
	if (scratch->satisfied_count == scratch->satisfied_capacity) {
		size_t wanted = scratch->satisfied_capacity * 2;
		void *more = reallocarray(scratch->satisfied, wanted, sizeof *scratch->satisfied);
		if (!more) {
			scratch->out_of_memory = true;
			return;
		}
		scratch->satisfied = more;
		scratch->satisfied_capacity = wanted;
	}
	scratch->satisfied[scratch->satisfied_count++] = policy;
}

/* The conditions as one && chain: the first that is false or errs ends it. */
static void try_policy(void *user, const struct gh_cedar_policy *policy)
{
	struct decision *decision = user;
	struct gh_cedar_run *run = &decision->run;
	const struct gh_cedar_request *request = run->request;

	if (!gh_cedar_in_scope(&policy->action, request->action, run->action) ||
	    !gh_cedar_in_scope(&policy->principal, request->principal, run->principal) ||
	    !gh_cedar_in_scope(&policy->resource, request->resource, run->resource))
		return;
	if (decision->scratch->bump.used || decision->scratch->bump.spill)
		gh_cedar_bump_clear(run->bump);
	for (uint32_t i = 0; i < policy->condition_count; i++) {
		const struct gh_cedar_condition *condition = &policy->conditions[i];
		struct gh_cedar_value value;
		enum gh_cedar_fault fault = gh_cedar_evaluate(run, condition->expr, &value);
		if (fault == GH_CEDAR_FAULT_NONE && value.kind != GH_CEDAR_BOOL) {
			fault = GH_CEDAR_FAULT_TYPE;
			run->fault_expr = NULL;
		}
		if (fault != GH_CEDAR_FAULT_NONE) {
			note_error(decision->scratch, policy, run->fault_expr, fault);
			return;
		}
		if (value.truth == condition->unless)
			return;
	}
	note_satisfied(decision->scratch, policy);
}

static int by_index(const void *a, const void *b)
{
	uint32_t x = (*(const struct gh_cedar_policy *const *)a)->index;
	uint32_t y = (*(const struct gh_cedar_policy *const *)b)->index;

	return x < y ? -1 : x > y;
}

static int by_error_index(const void *a, const void *b)
{
	return by_index(&((const struct gh_cedar_policy_fault *)a)->policy,
	                &((const struct gh_cedar_policy_fault *)b)->policy);
}

/* Order of the set; a candidate met twice counts once. */
static void tidy(struct gh_cedar_scratch *scratch)
{
	size_t kept = 0;

	if (scratch->satisfied_count > 1) {
		qsort(scratch->satisfied, scratch->satisfied_count, sizeof(void *), by_index);
		for (size_t i = 0; i < scratch->satisfied_count; i++)
			if (kept == 0 || scratch->satisfied[kept - 1] != scratch->satisfied[i])
				scratch->satisfied[kept++] = scratch->satisfied[i];
		scratch->satisfied_count = kept;
	}
	if (scratch->error_count > 1) {
		qsort(scratch->errors, scratch->error_count, sizeof *scratch->errors,
		      by_error_index);
		kept = 0;
		for (size_t i = 0; i < scratch->error_count; i++)
			if (kept == 0 ||
			    scratch->errors[kept - 1].policy != scratch->errors[i].policy)
				scratch->errors[kept++] = scratch->errors[i];
		scratch->error_count = kept;
	}
}

static void combine(struct gh_cedar_scratch *scratch, struct gh_cedar_answer *out)
{
	bool forbidden = false;
	size_t kept = 0;

	for (size_t i = 0; i < scratch->satisfied_count; i++)
		forbidden = forbidden || scratch->satisfied[i]->forbid;
	for (size_t i = 0; i < scratch->satisfied_count; i++)
		if (scratch->satisfied[i]->forbid == forbidden)
			scratch->satisfied[kept++] = scratch->satisfied[i];
	*out = (struct gh_cedar_answer){
		.allow = !forbidden && kept > 0,
		.determining = scratch->satisfied,
		.determining_count = kept,
		.errors = scratch->errors,
		.error_count = scratch->error_count,
	};
	for (size_t i = 0; i < scratch->error_count; i++)
		out->forbid_errored = out->forbid_errored || scratch->errors[i].policy->forbid;
}

static gh_result authorize(const struct gh_cedar_policy_set *set,
                           const struct gh_cedar_entities *entities,
                           const struct gh_cedar_request *request, struct gh_cedar_scratch *scratch,
                           bool linear, struct gh_cedar_answer *out)
{
	struct decision decision = {
		.run = { .entities = entities, .request = request, .bump = &scratch->bump },
		.scratch = scratch
	};
	struct gh_cedar_run *run = &decision.run;

	GH_ENSURE(set->sealed, GH_E_ARGUMENT, "the policy set is not sealed");
	GH_ENSURE(request->principal && request->action && request->resource &&
	              request->context.kind == GH_CEDAR_RECORD,
	          GH_E_ARGUMENT, "the request is not complete");
	/* Names are compared by pointer: facts from elsewhere would never match, and allow or deny
	 * by that alone. */
	GH_ENSURE(!entities ||
	              gh_cedar_space_descends(gh_cedar_entities_space(entities), set->space),
	          GH_E_ARGUMENT, "the entities are not of a space below the policies'");
	scratch->satisfied_count = scratch->error_count = 0;
	scratch->out_of_memory = false;
	run->principal = gh_cedar_entities_get(entities, request->principal);
	run->action = gh_cedar_entities_get(entities, request->action);
	run->resource = gh_cedar_entities_get(entities, request->resource);
	if (linear || set->policies.count <= LINEAR_BELOW) {
		for (size_t i = 0; i < set->policies.count; i++)
			if (!set->policies.items[i]->is_template)
				try_policy(&decision, set->policies.items[i]);
	} else {
		struct gh_cedar_probe probe = { request->principal, request->action,
			                        request->resource,  run->principal,
			                        run->action,        run->resource };
		gh_cedar_index_probe(set->index, &probe, try_policy, &decision);
		tidy(scratch);
	}
	GH_ENSURE(!scratch->out_of_memory, GH_E_MEMORY, "no memory for a decision");
	combine(scratch, out);
	return GH_OK;
}

gh_result gh_cedar_authorize(const struct gh_cedar_policy_set *set,
                             const struct gh_cedar_entities *entities,
                             const struct gh_cedar_request *request,
                             struct gh_cedar_scratch *scratch, struct gh_cedar_answer *out)
{
	return authorize(set, entities, request, scratch, false, out);
}

gh_result gh_cedar_authorize_linear(const struct gh_cedar_policy_set *set,
                                    const struct gh_cedar_entities *entities,
                                    const struct gh_cedar_request *request,
                                    struct gh_cedar_scratch *scratch, struct gh_cedar_answer *out)
{
	return authorize(set, entities, request, scratch, true, out);
}
