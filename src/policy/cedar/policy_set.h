/* policy_set.h: policies ready to decide. A set is built from Cedar text, Cedar JSON and links,
 * then sealed: sealing builds the index by action, types and entities and freezes the space. A
 * sealed set is read by any number of threads. */
#ifndef GH_POLICY_CEDAR_POLICY_SET_H
#define GH_POLICY_CEDAR_POLICY_SET_H

#include "base/buf.h"
#include "policy/cedar/ast.h"

struct gh_cedar_policy_set;

/* The set builds in `space`, which must not be frozen and must outlive it. NULL: memory. */
struct gh_cedar_policy_set *gh_cedar_policy_set_new(struct gh_cedar_space *space);
void gh_cedar_policy_set_free(struct gh_cedar_policy_set *set); /* NULL is fine */

/* Adds the policies and templates of a Cedar text. They are named "<prefix>0", "<prefix>1", … by
 * their place in this text (`prefix` NULL: "policy"); with `ids_from_annotation` an @id("…") wins.
 * On failure the set is unchanged, GH_E_FORMAT or GH_E_LIMIT, and *why says where. */
gh_result gh_cedar_policy_set_parse(struct gh_cedar_policy_set *set, struct gh_slice source,
                                    const char *prefix, bool ids_from_annotation,
                                    struct gh_cedar_diagnostic *why);
/* Adds a Cedar JSON policy set {"staticPolicies":{},"templates":{},"templateLinks":[]}; *why holds
 * text, and line 0 when the fault is in the meaning and not in the JSON. */
gh_result gh_cedar_policy_set_parse_json(struct gh_cedar_policy_set *set, struct gh_slice json,
                                         struct gh_cedar_diagnostic *why);
/* Adds one policy or template in Cedar JSON under the id. */
gh_result gh_cedar_policy_set_add_json(struct gh_cedar_policy_set *set, struct gh_slice id,
                                       struct gh_slice json, struct gh_cedar_diagnostic *why);
/* Links a template. `principal` and `resource` are NULL exactly when the template has no such slot;
 * GH_E_NOT_FOUND for an unknown template, GH_E_CONFLICT for an id in use. */
gh_result gh_cedar_policy_set_link(struct gh_cedar_policy_set *set, struct gh_slice template_id,
                                   struct gh_slice link_id, const struct gh_cedar_uid *principal,
                                   const struct gh_cedar_uid *resource);
/* Builds the index and freezes the space: no more policies, links or names after this. */
gh_result gh_cedar_policy_set_seal(struct gh_cedar_policy_set *set);

struct gh_cedar_space *gh_cedar_policy_set_space(const struct gh_cedar_policy_set *set);
/* All of them: static policies and templates by order of adding, links among them. */
size_t gh_cedar_policy_set_count(const struct gh_cedar_policy_set *set);
const struct gh_cedar_policy *gh_cedar_policy_set_at(const struct gh_cedar_policy_set *set,
                                                     size_t index);
const struct gh_cedar_policy *gh_cedar_policy_set_find(const struct gh_cedar_policy_set *set,
                                                       struct gh_slice id);

/* Cedar text of one policy or of all static policies and templates: parse(format(p)) is p, and
 * format(parse(format(p))) is byte for byte format(p). Comments are not kept. */
void gh_cedar_format_policy(const struct gh_cedar_policy *policy, struct gh_buf *out);
void gh_cedar_format_set(const struct gh_cedar_policy_set *set, struct gh_buf *out);
/* Cedar JSON of one policy (of a link: its body with the slots filled), or of the whole set. */
gh_result gh_cedar_policy_to_json(const struct gh_cedar_policy *policy, struct gh_buf *out);
gh_result gh_cedar_policy_set_to_json(const struct gh_cedar_policy_set *set, struct gh_buf *out);

#endif
