/* JSON of entities, values and policies. A policy taken from JSON must be written to JSON that is
 * taken again and is the same. */
#include <stdlib.h>

#include "policy/cedar/entities.h"
#include "policy/cedar/policy_set.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LIMIT ((size_t)64 << 20)

static void require(bool held)
{
	if (!held)
		abort();
}

static void facts(struct gh_slice json)
{
	struct gh_cedar_space *space = gh_cedar_space_new(NULL, LIMIT);
	struct gh_cedar_entities *entities = gh_cedar_entities_new(space, NULL);
	const struct gh_cedar_entity_data *data;
	struct gh_buf text = { 0 };

	if (gh_cedar_entities_read(entities, json, NULL, NULL) == GH_OK &&
	    gh_cedar_entities_seal(entities) == GH_OK)
		for (size_t i = 0; (data = gh_cedar_entities_at(entities, i)); i++) {
			struct gh_cedar_value record = { .kind = GH_CEDAR_RECORD,
				                         .record = data->attributes };
			struct gh_cedar_value back;
			gh_buf_clear(&text);
			gh_cedar_value_to_json(&record, &text);
			/* A record that only looks like an escape does not come back as one. */
			if (gh_cedar_value_read(space, gh_buf_slice(&text), NULL, &back, NULL) ==
			        GH_OK &&
			    back.kind == GH_CEDAR_RECORD)
				require(gh_cedar_equal(&record, &back));
		}
	gh_buf_free(&text);
	gh_cedar_entities_free(entities);
	gh_cedar_space_free(space);
}

static void policies(struct gh_slice json)
{
	struct gh_cedar_space *space = gh_cedar_space_new(NULL, LIMIT);
	struct gh_cedar_policy_set *set = gh_cedar_policy_set_new(space);
	struct gh_buf first = { 0 }, second = { 0 };

	if (gh_cedar_policy_set_add_json(set, GH_SLICE("p"), json, NULL) == GH_OK) {
		require(gh_cedar_policy_to_json(gh_cedar_policy_set_at(set, 0), &first) == GH_OK);
		require(gh_cedar_policy_set_add_json(set, GH_SLICE("q"), gh_buf_slice(&first),
		                                     NULL) == GH_OK);
		require(gh_cedar_policy_to_json(gh_cedar_policy_set_at(set, 1), &second) == GH_OK);
		require(gh_slice_eq(gh_buf_slice(&first), gh_buf_slice(&second)));
	}
	(void)!gh_cedar_policy_set_parse_json(set, json, NULL);
	gh_buf_free(&first);
	gh_buf_free(&second);
	gh_cedar_policy_set_free(set);
	gh_cedar_space_free(space);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	facts(gh_slice(data, size));
	policies(gh_slice(data, size));
	return 0;
}
