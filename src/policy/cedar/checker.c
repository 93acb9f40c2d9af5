#include "policy/cedar/checker.h"

#include "policy/cedar/schema.h"
#include "policy/cedar/validate.h"

static enum gh_code load(struct gh_cedar_space *space, struct gh_slice text, bool is_json,
                         struct gh_cedar_schema **out, struct gh_cedar_diagnostic *why)
{
	return is_json ? gh_cedar_schema_parse_json(space, text, out, why)
	               : gh_cedar_schema_parse(space, text, out, why);
}

static const struct gh_cedar_shapes *shapes(const struct gh_cedar_schema *schema)
{
	return &schema->shapes;
}

const struct gh_cedar_checker *gh_cedar_checker(void)
{
	static const struct gh_cedar_checker checker = {
		.load = load,
		.free = gh_cedar_schema_free,
		.shapes = shapes,
		.validate = gh_cedar_validate,
		.validate_request = gh_cedar_validate_request,
		.validate_entities = gh_cedar_validate_entities,
	};
	return &checker;
}
