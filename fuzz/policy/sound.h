/* sound.h: what validation promises, checked against evaluation. A policy that is valid meets no
 * wrong type, no missing attribute or tag and no wrong number of arguments in a request that
 * conforms over entities that conform; one that is said never to apply decides nothing. What may
 * still go wrong: numbers and dates out of range, and entities that are not there. Shared by the
 * fuzz target and the differential test. */
#ifndef FUZZ_POLICY_SOUND_H
#define FUZZ_POLICY_SOUND_H

#include <stdlib.h>

#include "policy/cedar/authorize.h"
#include "policy/cedar/checker.h"

#define SOUND_MAX_POLICIES 100

/* The first of each policy. */
struct findings {
	struct gh_cedar_finding list[SOUND_MAX_POLICIES];
	size_t count;
};

struct told {
	struct findings faults, warnings;
};

static inline const struct gh_cedar_finding *findings_of(const struct findings *findings,
                                                         const struct gh_cedar_policy *policy)
{
	for (size_t i = 0; i < findings->count; i++)
		if (findings->list[i].policy == policy)
			return &findings->list[i];
	return NULL;
}

/* For gh_cedar_checker.validate. A finding says what and where. */
static inline void told_note(void *user, const struct gh_cedar_finding *finding)
{
	struct told *told = user;
	struct findings *into = finding->where.warning ? &told->warnings : &told->faults;

	if (finding->where.text[0] == 0 || finding->where.span.end <= finding->where.span.start)
		abort();
	if (!findings_of(into, finding->policy) && into->count < SOUND_MAX_POLICIES)
		into->list[into->count++] = *finding;
}

static inline bool sound_excludes(enum gh_cedar_fault fault)
{
	return fault == GH_CEDAR_FAULT_TYPE || fault == GH_CEDAR_FAULT_ATTRIBUTE ||
	       fault == GH_CEDAR_FAULT_TAG || fault == GH_CEDAR_FAULT_ARITY;
}

/* The policy that broke the promise, or NULL. */
static inline const struct gh_cedar_policy *sound_breach(const struct told *told,
                                                         const struct gh_cedar_answer *answer)
{
	for (size_t i = 0; i < answer->error_count; i++)
		if (sound_excludes(answer->errors[i].fault) &&
		    !findings_of(&told->faults, answer->errors[i].policy))
			return answer->errors[i].policy;
	for (size_t i = 0; i < answer->determining_count; i++)
		if (findings_of(&told->warnings, answer->determining[i]) &&
		    !findings_of(&told->faults, answer->determining[i]))
			return answer->determining[i];
	return NULL;
}

/* Reads a request as its schema asks and holds it against that. `raw` are principal, action,
 * resource and context as JSON. GH_E_DENIED or GH_E_FORMAT when it does not conform. */
static inline gh_result sound_request(struct gh_cedar_space *space,
                                      const struct gh_cedar_schema *schema,
                                      const struct gh_slice raw[4], struct gh_cedar_request *out)
{
	const struct gh_cedar_shapes *shapes = gh_cedar_checker()->shapes(schema);

	GH_TRY(gh_cedar_uid_read(space, raw[0], &out->principal));
	GH_TRY(gh_cedar_uid_read(space, raw[1], &out->action));
	GH_TRY(gh_cedar_uid_read(space, raw[2], &out->resource));
	const struct gh_cedar_action_shape *action = shapes->action(shapes->schema, out->action);
	GH_TRY(gh_cedar_value_read(space, raw[3], action ? action->context : NULL, &out->context,
	                           NULL));
	return gh_cedar_checker()->validate_request(schema, out);
}

#endif
