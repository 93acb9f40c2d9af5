/* json_tree.h: JSON as Cedar needs it. Apart from base/json.h because Cedar's ids and attribute
 * names may hold NUL, its numbers are 64-bit integers and nothing else, and its policies nest
 * deeper. The tree lives in one arena. Inside the engine only. */
#ifndef GH_POLICY_CEDAR_JSON_TREE_H
#define GH_POLICY_CEDAR_JSON_TREE_H

#include "base/arena.h"
#include "policy/cedar/diagnostic.h"

#define GH_CEDAR_JSON_MAX_DEPTH 1000
#define GH_CEDAR_JSON_MAX_BYTES ((size_t)64 << 20)

enum gh_cedar_json_kind {
	GH_CEDAR_JSON_NULL,
	GH_CEDAR_JSON_BOOL,
	GH_CEDAR_JSON_INTEGER,
	GH_CEDAR_JSON_OTHER_NUMBER, /* a fraction, an exponent, or beyond 64 bits */
	GH_CEDAR_JSON_STRING,
	GH_CEDAR_JSON_ARRAY,
	GH_CEDAR_JSON_OBJECT,
};

struct gh_cedar_json {
	enum gh_cedar_json_kind kind;
	struct gh_cedar_span span;
	union {
		bool truth;
		int64_t number;
		struct gh_slice text;
		struct {
			struct gh_cedar_json *first; /* items or members in order */
			uint32_t count;
		};
	};
	struct gh_slice key;        /* of a member */
	struct gh_cedar_json *next; /* sibling */
};

/* RFC 8259; duplicate names are refused. GH_E_FORMAT or GH_E_LIMIT with *why (may be NULL). */
gh_result gh_cedar_json_parse(struct gh_arena *arena, struct gh_slice source,
                              struct gh_cedar_json **out, struct gh_cedar_diagnostic *why);
/* The member of an object; NULL when there is none or it is no object. */
const struct gh_cedar_json *gh_cedar_json_get(const struct gh_cedar_json *object, const char *key);
bool gh_cedar_json_is(const struct gh_cedar_json *json, enum gh_cedar_json_kind kind);

/* A quoted string with JSON's escapes. */
void gh_cedar_json_add_string(struct gh_buf *out, struct gh_slice text);

#endif
