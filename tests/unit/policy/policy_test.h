/* policy_test.h: policies, facts and requests from text, for the tests of the policy engine. */
#ifndef GH_POLICY_TEST_H
#define GH_POLICY_TEST_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gh_test.h"
#include "policy/cedar/authorize.h"

#define WORLD_LIMIT ((size_t)256 << 20)

struct world {
	struct gh_cedar_space *rules, *facts;
	struct gh_cedar_policy_set *set;
	struct gh_cedar_entities *entities;
	struct gh_cedar_scratch *scratch;
	struct gh_cedar_answer answer;
};

static inline void world_rules(struct world *world, const char *policies)
{
	struct gh_cedar_diagnostic why = { 0 };

	memset(world, 0, sizeof *world);
	world->rules = gh_cedar_space_new(NULL, WORLD_LIMIT);
	world->set = gh_cedar_policy_set_new(world->rules);
	world->scratch = gh_cedar_scratch_new(WORLD_LIMIT);
	if (gh_cedar_policy_set_parse(world->set, gh_slice_str(policies), NULL, false, &why) !=
	    GH_OK)
		fail_msg("%u:%u: %s", why.line, why.column, why.text);
}

/* Seals the rules and reads the facts into a space below them. */
static inline void world_facts(struct world *world, const char *entities)
{
	struct gh_cedar_diagnostic why = { 0 };

	assert_ok(gh_cedar_policy_set_seal(world->set));
	world->facts = gh_cedar_space_new(world->rules, WORLD_LIMIT);
	world->entities = gh_cedar_entities_new(world->facts, NULL);
	if (gh_cedar_entities_read(world->entities, gh_slice_str(entities), NULL, &why) != GH_OK)
		fail_msg("%u:%u: %s", why.line, why.column, why.text);
	assert_ok(gh_cedar_entities_seal(world->entities));
}

static inline void world_open(struct world *world, const char *policies, const char *entities)
{
	world_rules(world, policies);
	world_facts(world, entities);
}

static inline void world_close(struct world *world)
{
	gh_cedar_scratch_free(world->scratch);
	gh_cedar_entities_free(world->entities);
	gh_cedar_policy_set_free(world->set);
	gh_cedar_space_free(world->facts);
	gh_cedar_space_free(world->rules);
}

static inline const struct gh_cedar_uid *uid_in(struct gh_cedar_space *space, const char *type,
                                                const char *id)
{
	const struct gh_cedar_uid *uid =
	    gh_cedar_intern_uid(space, gh_cedar_intern(space, gh_slice_str(type)),
	                        gh_cedar_intern(space, gh_slice_str(id)));

	assert_non_null(uid);
	return uid;
}

static inline struct gh_cedar_request world_request(struct world *world, const char *user,
                                                    const char *action, const char *doc,
                                                    const char *context)
{
	struct gh_cedar_request request = {
		uid_in(world->facts, "User", user),
		uid_in(world->facts, "Action", action),
		uid_in(world->facts, "Doc", doc),
		{ 0 },
	};

	assert_ok(
	    gh_cedar_value_read(world->facts, gh_slice_str(context), NULL, &request.context, NULL));
	return request;
}

/* True when allowed; world->answer holds the rest. */
static inline bool world_ask(struct world *world, const char *user, const char *action,
                             const char *doc, const char *context)
{
	struct gh_cedar_request request = world_request(world, user, action, doc, context);

	assert_ok(gh_cedar_authorize(world->set, world->entities, &request, world->scratch,
	                             &world->answer));
	return world->answer.allow;
}

#endif
