/* schema_raw.h: a schema as written, before names are resolved: what both readers produce and the
 * resolver takes. For the schema files only. */
#ifndef GH_POLICY_CEDAR_SCHEMA_RAW_H
#define GH_POLICY_CEDAR_SCHEMA_RAW_H

#include "base/arena.h"
#include "policy/cedar/schema.h"

enum gh_raw_kind {
	GH_RAW_NAME,      /* a path: common type, entity type or built-in, in this order */
	GH_RAW_ENTITY,    /* JSON's {"type":"Entity","name":…}: an entity type only */
	GH_RAW_EXTENSION, /* JSON's {"type":"Extension","name":…} */
	GH_RAW_COMMON,    /* JSON's {"type":"Name"}: a common type only */
	GH_RAW_PRIMITIVE, /* JSON's String, Long, Boolean; also what a built-in name becomes */
	GH_RAW_SET,
	GH_RAW_RECORD,
};

struct gh_raw_attribute;

struct gh_raw_type {
	enum gh_raw_kind kind;
	struct gh_cedar_span span;
	struct gh_slice path;                /* NAME, ENTITY, EXTENSION, COMMON */
	enum gh_cedar_type_kind primitive;   /* PRIMITIVE */
	struct gh_raw_type *element;         /* SET */
	struct gh_raw_attribute *attributes; /* RECORD, in a list */
};

struct gh_raw_attribute {
	const struct gh_cedar_name *name;
	struct gh_raw_type *type;
	bool required;
	struct gh_cedar_span span;
	struct gh_raw_attribute *next;
};

struct gh_raw_path {
	struct gh_slice path;
	struct gh_cedar_span span;
	struct gh_raw_path *next;
};

/* One kind of thing for all declarations; each is in a list in order of the text. */
struct gh_raw_entity {
	struct gh_slice space, name; /* "" and "User"; the namespace's path */
	struct gh_cedar_span span;
	struct gh_raw_path *parents;
	struct gh_raw_type *shape; /* NULL: no attributes */
	struct gh_raw_type *tags;
	bool is_enum;
	const struct gh_cedar_name **ids;
	uint32_t id_count;
	struct gh_raw_entity *next;
};

struct gh_raw_common {
	struct gh_slice space, name;
	struct gh_cedar_span span;
	struct gh_raw_type *type;
	/* the resolver's own */
	const struct gh_cedar_type *resolved;
	bool busy;
	struct gh_raw_common *next;
};

struct gh_raw_reference { /* to an action; `type` empty: Action of the namespace */
	struct gh_slice type;
	const struct gh_cedar_name *id;
	struct gh_cedar_span span;
	struct gh_raw_reference *next;
};

struct gh_raw_action {
	struct gh_slice space;
	const struct gh_cedar_name *id;
	struct gh_cedar_span span;
	struct gh_raw_reference *parents;
	bool applies;
	struct gh_raw_path *principals, *resources;
	struct gh_raw_type *context; /* NULL: empty */
	struct gh_raw_action *next;
};

struct gh_raw_schema {
	struct gh_arena *arena; /* of the raw form only */
	struct gh_cedar_space *space;
	struct gh_slice source;
	struct gh_cedar_diagnostic *why;
	struct gh_raw_entity *entities, **entity_tail;
	struct gh_raw_common *commons, **common_tail;
	struct gh_raw_action *actions, **action_tail;
	uint32_t entity_count, common_count, action_count;
};

/* Zeroed, or NULL with the error recorded. */
#define GH_RAW_NEW(raw, type) ((type *)gh_raw_alloc((raw)->arena, sizeof(type)))
void *gh_raw_alloc(struct gh_arena *arena, size_t size);

gh_result gh_raw_open(struct gh_cedar_space *space, struct gh_slice source,
                      struct gh_cedar_diagnostic *why, struct gh_raw_schema *out);
/* Append to the list and count. GH_E_LIMIT. */
gh_result gh_raw_add_entity(struct gh_raw_schema *raw, struct gh_raw_entity *entity);
gh_result gh_raw_add_common(struct gh_raw_schema *raw, struct gh_raw_common *common);
gh_result gh_raw_add_action(struct gh_raw_schema *raw, struct gh_raw_action *action);

enum gh_code gh_raw_fail(const struct gh_raw_schema *raw, struct gh_cedar_span span,
                         const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Checks, resolves and closes. */
gh_result gh_raw_resolve(struct gh_raw_schema *raw, struct gh_cedar_schema **out);

#endif
