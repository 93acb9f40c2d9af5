/* entities.h: the facts a decision rests on. A store is built in a space and sealed; sealing closes
 * the parents transitively. A sealed store is read by any number of threads. A request lays its own
 * small store over a shared one. */
#ifndef GH_POLICY_CEDAR_ENTITIES_H
#define GH_POLICY_CEDAR_ENTITIES_H

#include "policy/cedar/diagnostic.h"
#include "policy/cedar/types.h"

struct gh_cedar_entities;

struct gh_cedar_entity_data {
	const struct gh_cedar_uid *uid;
	const struct gh_cedar_record *attributes;
	const struct gh_cedar_record *tags;
	const struct gh_cedar_uid *const *parents; /* as given */
	uint32_t parent_count;
	const struct gh_cedar_uid *const
	    *ancestors; /* closure, ascending by pointer, without itself */
	uint32_t ancestor_count;
};

/* Lives in `space` (not frozen; it may be frozen after sealing, and must be before other stores are
 * laid over). `base` may be NULL; it must be sealed and its space be a parent of `space`. */
struct gh_cedar_entities *gh_cedar_entities_new(struct gh_cedar_space *space,
                                                const struct gh_cedar_entities *base);
void gh_cedar_entities_free(struct gh_cedar_entities *entities); /* NULL is fine */
struct gh_cedar_space *gh_cedar_entities_space(const struct gh_cedar_entities *entities);

/* Error texts name types, not ids: those may be of persons. */

/* Adds one entity; what it points to must live as long as the store. GH_E_CONFLICT when the store
 * or its base has the uid already with other content, or when an entity of the base names it as an
 * ancestor and it has parents (the base's closure could not be kept true). */
gh_result gh_cedar_entities_add(struct gh_cedar_entities *entities, const struct gh_cedar_uid *uid,
                                const struct gh_cedar_value *attributes, /* RECORD or NULL */
                                const struct gh_cedar_value *tags,       /* RECORD or NULL */
                                const struct gh_cedar_uid *const *parents, size_t parent_count);

/* Reads a JSON array of {"uid","attrs","parents","tags"}. With `shapes` (may be NULL) the values
 * are read as the schema types them and the schema's actions are added. GH_E_FORMAT, GH_E_LIMIT or
 * GH_E_CONFLICT; *why (may be NULL) tells which entity and attribute. */
gh_result gh_cedar_entities_read(struct gh_cedar_entities *entities, struct gh_slice json,
                                 const struct gh_cedar_shapes *shapes,
                                 struct gh_cedar_diagnostic *why);

/* Computes the closure. GH_E_FORMAT when the parents run in a circle. */
gh_result gh_cedar_entities_seal(struct gh_cedar_entities *entities);

/* NULL when neither the store nor its base has it. */
const struct gh_cedar_entity_data *gh_cedar_entities_get(const struct gh_cedar_entities *entities,
                                                         const struct gh_cedar_uid *uid);
/* The store's own entities, without its base, 0 … until NULL, in order of adding. */
const struct gh_cedar_entity_data *gh_cedar_entities_at(const struct gh_cedar_entities *entities,
                                                        size_t index);
/* The same for an entity at hand, without itself. */
bool gh_cedar_data_in(const struct gh_cedar_entity_data *data, const struct gh_cedar_uid *ancestor);
/* descendant == ancestor, or ancestor in the closure of descendant. */
bool gh_cedar_entities_in(const struct gh_cedar_entities *entities,
                          const struct gh_cedar_uid *descendant,
                          const struct gh_cedar_uid *ancestor);

/* Reads one JSON value, such as a context; `type` may be NULL. It lives in the space's arena. */
gh_result gh_cedar_value_read(struct gh_cedar_space *space, struct gh_slice json,
                              const struct gh_cedar_type *type, struct gh_cedar_value *out,
                              struct gh_cedar_diagnostic *why);
/* {"type":…,"id":…}, also inside {"__entity":…}. */
gh_result gh_cedar_uid_read(struct gh_cedar_space *space, struct gh_slice json,
                            const struct gh_cedar_uid **out);
/* Both from JSON that is parsed already; `source` is what it was parsed from. */
struct gh_cedar_json;
gh_result gh_cedar_value_take(struct gh_cedar_space *space, struct gh_slice source,
                              const struct gh_cedar_json *json, const struct gh_cedar_type *type,
                              struct gh_cedar_value *out, struct gh_cedar_diagnostic *why);
gh_result gh_cedar_uid_take(struct gh_cedar_space *space, struct gh_slice source,
                            const struct gh_cedar_json *json, const struct gh_cedar_uid **out);
/* Type::"id", as policies write it. GH_E_FORMAT with *why (may be NULL). */
gh_result gh_cedar_uid_parse(struct gh_cedar_space *space, struct gh_slice text,
                             const struct gh_cedar_uid **out, struct gh_cedar_diagnostic *why);
/* Cedar JSON of a value: entities as {"__entity":…}, extension values as {"__extn":…}. */
void gh_cedar_value_to_json(const struct gh_cedar_value *value, struct gh_buf *out);

#endif
