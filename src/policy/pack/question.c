#include "policy/pack/question.h"

static gh_result read_uid(struct gh_cedar_space *space, struct gh_slice source,
                          const struct gh_cedar_json *json, const char *name,
                          const struct gh_cedar_uid **out)
{
	const struct gh_cedar_json *member = gh_cedar_json_get(json, name);

	GH_ENSURE(member && gh_cedar_uid_take(space, source, member, out) == GH_OK, GH_E_FORMAT,
	          "\"%s\" is not {\"type\":…,\"id\":…}", name);
	return GH_OK;
}

gh_result gh_pack_question_read(const struct gh_pack *pack, struct gh_cedar_space *space,
                                struct gh_slice source, const struct gh_cedar_json *json,
                                struct gh_cedar_request *out)
{
	const struct gh_cedar_shapes *shapes = pack->checker->shapes(pack->schema);
	const struct gh_cedar_json *context = gh_cedar_json_get(json, "context");
	struct gh_cedar_diagnostic at = { 0 };

	GH_ENSURE(gh_cedar_json_is(json, GH_CEDAR_JSON_OBJECT), GH_E_FORMAT,
	          "the request is not a JSON object");
	GH_TRY(read_uid(space, source, json, "principal", &out->principal));
	GH_TRY(read_uid(space, source, json, "action", &out->action));
	GH_TRY(read_uid(space, source, json, "resource", &out->resource));
	const struct gh_cedar_action_shape *shape = shapes->action(shapes->schema, out->action);
	if (!context)
		return gh_cedar_record_new(gh_cedar_space_arena(space), NULL, 0, &out->context);
	GH_ENSURE(gh_cedar_value_take(space, source, context, shape ? shape->context : NULL,
	                              &out->context, &at) == GH_OK,
	          GH_E_FORMAT, "\"context\" cannot be read: %s", at.text);
	GH_ENSURE(out->context.kind == GH_CEDAR_RECORD, GH_E_FORMAT,
	          "\"context\" is not a JSON object");
	return GH_OK;
}

gh_result gh_pack_question_facts(const struct gh_pack *pack, struct gh_cedar_space *space,
                                 struct gh_slice entities, struct gh_cedar_entities **out,
                                 struct gh_cedar_diagnostic *why)
{
	struct gh_cedar_entities *made = gh_cedar_entities_new(space, pack->entities);
	enum gh_code code = GH_OK;

	*out = NULL;
	GH_ENSURE(made, GH_E_MEMORY, "out of memory");
	if (entities.len)
		code = gh_cedar_entities_read(made, entities, NULL, why);
	if (code == GH_OK)
		code = gh_cedar_entities_seal(made);
	if (code == GH_OK)
		*out = made;
	else
		gh_cedar_entities_free(made);
	return code;
}
