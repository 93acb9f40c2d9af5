/* engine.h: what the two halves of our side of the differential test share. */
#ifndef FUZZ_POLICY_DIFF_ENGINE_H
#define FUZZ_POLICY_DIFF_ENGINE_H

#include "policy/cedar/authorize.h"
#include "policy/cedar/json_tree.h"

#define LIMIT ((size_t)256 << 20)

GH_DEFINE_CLEANUP(struct gh_cedar_space *, gh_cedar_space_free)
GH_DEFINE_CLEANUP(struct gh_cedar_entities *, gh_cedar_entities_free)

struct engine {
	struct gh_cedar_scratch *scratch;
	struct gh_buf out;
	struct gh_slice line;
};

/* The text of one node of the case. */
static inline struct gh_slice raw(const struct engine *engine, const struct gh_cedar_json *json)
{
	return gh_slice_sub(engine->line, json->span.start, json->span.end - json->span.start);
}

/* [{"templateId", "newId", "values": {"?principal": uid, "?resource": uid}}]; NULL is fine. A link
 * that is refused is an error. */
gh_result engine_links(struct engine *engine, struct gh_cedar_policy_set *set,
                       const struct gh_cedar_json *list);

/* {"schema": text or object, "policies": {id: text}, "templates": {id: text}, "links", "entities",
 * "requests": [[p, a, r, context]]}: which policies are not valid, whether each request and the
 * entities conform. */
gh_result engine_validate(struct engine *engine, const struct gh_cedar_json *test,
                          struct gh_cedar_policy_set *set);

#endif
