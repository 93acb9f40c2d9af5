/* symbol.h: interned names and entity uids, so that the evaluator compares pointers. A space is
 * filled while a policy set or an entity store is built, then frozen, and from then on read by any
 * number of threads. What a request brings goes into a child space: a name that the frozen parents
 * know is theirs, so pointers stay comparable along the whole chain; nothing is ever written to a
 * parent. */
#ifndef GH_POLICY_CEDAR_SYMBOL_H
#define GH_POLICY_CEDAR_SYMBOL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/result.h"
#include "base/slice.h"

/* A string of UTF-8; may hold NUL bytes, so `len` counts; text is NUL-terminated beyond len. Two
 * names of one chain of spaces are equal exactly when their pointers are. */
struct gh_cedar_name {
	uint32_t hash;
	uint32_t len;
	char text[];
};

/* Type::"id". Same rule: pointer identity is equality. */
struct gh_cedar_uid {
	const struct gh_cedar_name *type;
	const struct gh_cedar_name *id;
	uint32_t hash;
};

struct gh_cedar_space;

/* `parent` may be NULL; otherwise it must be frozen and outlive the child. `limit_bytes` bounds all
 * memory taken from this space. NULL when memory is out. */
struct gh_cedar_space *gh_cedar_space_new(const struct gh_cedar_space *parent, size_t limit_bytes);
void gh_cedar_space_free(struct gh_cedar_space *space); /* NULL is fine */
/* After this, the space only answers. */
void gh_cedar_space_freeze(struct gh_cedar_space *space);
bool gh_cedar_space_is_frozen(const struct gh_cedar_space *space);
/* True when `ancestor` is `space` or one of its parents. */
bool gh_cedar_space_descends(const struct gh_cedar_space *space,
                             const struct gh_cedar_space *ancestor);
/* The space's own memory, for what lives as long as it does (AST, values, stores). */
struct gh_arena *gh_cedar_space_arena(struct gh_cedar_space *space);

/* Finds or adds. NULL when memory or the limit is out, or when the space is frozen and knows it
 * not.
 */
const struct gh_cedar_name *gh_cedar_intern(struct gh_cedar_space *space, struct gh_slice text);
const struct gh_cedar_uid *gh_cedar_intern_uid(struct gh_cedar_space *space,
                                               const struct gh_cedar_name *type,
                                               const struct gh_cedar_name *id);
/* Finds only. NULL when unknown. */
const struct gh_cedar_name *gh_cedar_find(const struct gh_cedar_space *space, struct gh_slice text);
const struct gh_cedar_uid *gh_cedar_find_uid(const struct gh_cedar_space *space,
                                             const struct gh_cedar_name *type,
                                             const struct gh_cedar_name *id);

static inline struct gh_slice gh_cedar_name_slice(const struct gh_cedar_name *name)
{
	return gh_slice(name->text, name->len);
}

#endif
