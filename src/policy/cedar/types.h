/* types.h: what a schema says about entities and contexts, in the form that reading JSON needs. The
 * schema room fills it; the reader of entities and contexts asks through gh_cedar_shapes and so
 * does not depend on how schemas are parsed or stored. */
#ifndef GH_POLICY_CEDAR_TYPES_H
#define GH_POLICY_CEDAR_TYPES_H

#include "policy/cedar/value.h"

enum gh_cedar_type_kind {
	GH_CEDAR_TYPE_BOOL,
	GH_CEDAR_TYPE_LONG,
	GH_CEDAR_TYPE_STRING,
	GH_CEDAR_TYPE_ENTITY,    /* name: the entity type */
	GH_CEDAR_TYPE_SET,       /* element */
	GH_CEDAR_TYPE_RECORD,    /* attributes */
	GH_CEDAR_TYPE_EXTENSION, /* name: ipaddr, decimal, datetime, duration */
};

struct gh_cedar_attribute;

struct gh_cedar_type {
	enum gh_cedar_type_kind kind;
	const struct gh_cedar_name *name;
	const struct gh_cedar_type *element;
	const struct gh_cedar_attribute *attributes; /* ascending by name pointer */
	uint32_t attribute_count;
};

struct gh_cedar_attribute {
	const struct gh_cedar_name *name;
	const struct gh_cedar_type *type;
	bool required;
};

struct gh_cedar_entity_shape {
	const struct gh_cedar_name *type;
	const struct gh_cedar_type *attributes; /* always a record */
	const struct gh_cedar_type *tags;       /* NULL: no tags */
	const struct gh_cedar_name *const *ids; /* enum, ascending by pointer; NULL: any id */
	uint32_t id_count;
};

struct gh_cedar_action_shape {
	const struct gh_cedar_uid *uid;
	const struct gh_cedar_uid *const *parents; /* direct */
	uint32_t parent_count;
	const struct gh_cedar_type *context; /* a record; NULL when it applies to nothing */
};

/* The contract. `schema` is handed back to the functions; results live as long as the schema. Names
 * are of a space in the reader's chain, so that pointers compare. */
struct gh_cedar_shapes {
	const void *schema;
	/* NULL when the schema does not declare the type. */
	const struct gh_cedar_entity_shape *(*entity)(const void *schema,
	                                              const struct gh_cedar_name *type);
	const struct gh_cedar_action_shape *(*action)(const void *schema,
	                                              const struct gh_cedar_uid *action);
	/* All actions, 0 … until NULL: the reader adds them to the store with their ancestors. */
	const struct gh_cedar_action_shape *(*action_at)(const void *schema, size_t index);
};

#endif
