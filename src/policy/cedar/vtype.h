/* vtype.h: the types that the validator reasons with: those of a schema, and besides them True,
 * False (an expression whose value is known), sets of nothing, and, in permissive mode, entities of
 * one of several types and records that may hold more. Types are immutable and live in an arena.
 * For the validator only. */
#ifndef GH_POLICY_CEDAR_VTYPE_H
#define GH_POLICY_CEDAR_VTYPE_H

#include "base/buf.h"
#include "policy/cedar/schema.h"

enum gh_vtype_kind {
	GH_V_FALSE,
	GH_V_TRUE,
	GH_V_BOOL,
	GH_V_LONG,
	GH_V_STRING,
	GH_V_EXTENSION, /* name */
	GH_V_ENTITY,    /* names[0..count), ascending by pointer; none: any entity (a slot) */
	GH_V_SET,       /* element; NULL: the empty set */
	GH_V_RECORD,    /* attributes[0..count), ascending by name pointer; open: perhaps more */
};

struct gh_vtype;

struct gh_vattribute {
	const struct gh_cedar_name *name;
	const struct gh_vtype *type;
	bool required;
};

struct gh_vtype {
	enum gh_vtype_kind kind;
	bool open;
	uint32_t count;
	union {
		const struct gh_cedar_name *name;
		const struct gh_cedar_name *const *names;
		const struct gh_vtype *element;
		const struct gh_vattribute *attributes;
	};
};

extern const struct gh_vtype gh_v_false, gh_v_true, gh_v_bool, gh_v_long, gh_v_string;

/* Makes types and keeps them; `seen` maps types of the schema to ours, so that a type that many
 * others contain is made once. */
struct gh_vtypes {
	struct gh_arena *arena;
	struct gh_cedar_space *space; /* of the schema: names of extension types */
	struct gh_vtype_seen *seen;
	size_t seen_count, seen_capacity;
	uint64_t work; /* steps that may still be taken */
};
/* Counts steps of any kind; GH_E_LIMIT when there are no more. */
gh_result gh_vtypes_spend(struct gh_vtypes *types, uint64_t steps);
void gh_vtypes_free(struct gh_vtypes *types); /* not the arena */

/* All GH_E_LIMIT when memory is out. */
gh_result gh_vtype_of(struct gh_vtypes *types, const struct gh_cedar_type *type,
                      const struct gh_vtype **out);
gh_result gh_vtype_entity(struct gh_vtypes *types, const struct gh_cedar_name *name,
                          const struct gh_vtype **out);
gh_result gh_vtype_set(struct gh_vtypes *types, const struct gh_vtype *element,
                       const struct gh_vtype **out);
gh_result gh_vtype_record(struct gh_vtypes *types, const struct gh_vattribute *attributes,
                          uint32_t count, const struct gh_vtype **out);

/* The least type above both; *out is NULL when there is none. Strict: entity types must be the
 * same, records have the same attributes. */
gh_result gh_vtype_join(struct gh_vtypes *types, const struct gh_vtype *a, const struct gh_vtype *b,
                        bool strict, const struct gh_vtype **out);
const struct gh_vattribute *gh_vtype_attribute(const struct gh_vtype *record,
                                               const struct gh_cedar_name *name);
static inline bool gh_vtype_is_bool(const struct gh_vtype *type)
{
	return type->kind <= GH_V_BOOL;
}
/* For people: "Set<Long>", cut when it is long. */
void gh_vtype_print(const struct gh_vtype *type, char *out, size_t size);

#endif
