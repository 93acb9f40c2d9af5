/* diff.h: what one pack allows otherwise than another, by meaning and not by bytes: policies by
 * their names in canonical form (comments and layout change nothing), the obligations that became
 * stricter or laxer, facts and declarations. The tree is diff.json of a pack and is made of strings
 * and integers only; the words are for whoever approves. */
#ifndef GH_POLICY_PACK_DIFF_H
#define GH_POLICY_PACK_DIFF_H

#include <jansson.h>

#include "policy/pack/pack.h"

/* {"v":1, "policies":{"added":[{"id","text"}],"removed":[…],
 *   "changed":[{"id","before","after","obligations":[{"name","before","after","is"}]}]},
 *  "entities":{"added":[{"uid","text"}],"removed":[…],"changed":[{"uid","before","after"}]},
 *  "types":{"added":[…],"removed":[…],"changed":[…]}, "actions":{…},
 *  "rules":[{"name","before","after","is"}]}
 * "is" says "stricter", "laxer" or "other". Lists are in order of names. `before` may be NULL: then
 * all is added. The caller owns *out. */
gh_result gh_pack_diff(const struct gh_pack *before, const struct gh_pack *after, json_t **out);
bool gh_pack_diff_is_empty(const json_t *diff);

/* A few lines of words for each difference; "Nothing differs.\n" when there is none. */
void gh_pack_diff_words(const json_t *diff, struct gh_buf *out);

#endif
