/* schema.h: what a schema declares, resolved: entity types with their attributes, tags and
 * ancestry, actions with what they apply to. Read from Cedar schema text (RFCs 24, 48, 53, 70, 82)
 * or from its JSON form, checked to be well formed, and read only from then on. Everything lives in
 * the arena of the space that it was loaded into; pointers of names and uids are of that space. */
#ifndef GH_POLICY_CEDAR_SCHEMA_H
#define GH_POLICY_CEDAR_SCHEMA_H

#include "policy/cedar/diagnostic.h"
#include "policy/cedar/types.h"

struct gh_cedar_schema_entity {
	struct gh_cedar_entity_shape shape;
	const struct gh_cedar_name *const *ancestors; /* closure of `in`, ascending by pointer */
	uint32_t ancestor_count;
};

struct gh_cedar_schema_action {
	struct gh_cedar_action_shape shape;
	const struct gh_cedar_uid *const *ancestors; /* closure, without itself; ascending */
	uint32_t ancestor_count;
	const struct gh_cedar_name *const *principals; /* entity types it applies to */
	uint32_t principal_count;
	const struct gh_cedar_name *const *resources;
	uint32_t resource_count;
};

/* N::Action of a namespace that declares actions. A type like others: an attribute may have it. */
struct gh_cedar_schema_action_type {
	const struct gh_cedar_name *name;
	const struct gh_cedar_name *const
	    *ancestors; /* types of what its actions are in; ascending */
	uint32_t ancestor_count;
};

struct gh_cedar_schema {
	struct gh_cedar_space *space;
	const struct gh_cedar_schema_entity *entities;
	uint32_t entity_count;
	const struct gh_cedar_schema_action *actions;
	uint32_t action_count;
	const struct gh_cedar_schema_action_type *action_types;
	uint32_t action_type_count;
	struct gh_cedar_shapes shapes; /* for reading entities and contexts */
};

#define GH_CEDAR_SCHEMA_MAX_DECLARATIONS 20000

/* Both: GH_E_FORMAT with *why (line 0 when the fault has no place), GH_E_LIMIT. The space must not
 * be frozen and must outlive the schema; gh_cedar_schema_free gives back only the struct. */
gh_result gh_cedar_schema_parse(struct gh_cedar_space *space, struct gh_slice text,
                                struct gh_cedar_schema **out, struct gh_cedar_diagnostic *why);
gh_result gh_cedar_schema_parse_json(struct gh_cedar_space *space, struct gh_slice json,
                                     struct gh_cedar_schema **out, struct gh_cedar_diagnostic *why);
void gh_cedar_schema_free(struct gh_cedar_schema *schema);

/* NULL when it is not declared. */
const struct gh_cedar_schema_entity *gh_cedar_schema_entity(const struct gh_cedar_schema *schema,
                                                            const struct gh_cedar_name *type);
const struct gh_cedar_schema_action *gh_cedar_schema_action(const struct gh_cedar_schema *schema,
                                                            const struct gh_cedar_uid *action);
const struct gh_cedar_schema_action_type *
gh_cedar_schema_action_type(const struct gh_cedar_schema *schema, const struct gh_cedar_name *type);
/* False: the type is enumerated and does not list the id. */
bool gh_cedar_schema_takes_id(const struct gh_cedar_schema_entity *entity,
                              const struct gh_cedar_name *id);
/* Whether an entity of type `descendant` may be in one of type `ancestor`: equal types (an entity
 * is in itself) or declared so; of actions, whether one of them is. */
bool gh_cedar_schema_may_be_in(const struct gh_cedar_schema *schema,
                               const struct gh_cedar_name *descendant,
                               const struct gh_cedar_name *ancestor);
/* Whether the entity type is declared to be in `ancestor`; in itself only when that is declared. */
bool gh_cedar_schema_declares_in(const struct gh_cedar_schema_entity *entity,
                                 const struct gh_cedar_name *ancestor);
/* descendant == ancestor or below it. */
bool gh_cedar_schema_action_in(const struct gh_cedar_schema *schema,
                               const struct gh_cedar_uid *descendant,
                               const struct gh_cedar_uid *ancestor);

#endif
