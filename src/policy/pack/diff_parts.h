/* diff_parts.h: the two sides of a diff as lists of named texts. For this folder only. */
#ifndef GH_POLICY_PACK_DIFF_PARTS_H
#define GH_POLICY_PACK_DIFF_PARTS_H

#include "policy/pack/pack.h"

struct gh_diff_entry {
	char *name; /* printable */
	char *text; /* one form for one meaning, whatever the order of sets and records in memory */
	const struct gh_cedar_policy *policy; /* of a policy; else NULL */
};

/* Ascending by name. */
struct gh_diff_list {
	struct gh_diff_entry *items;
	size_t count, capacity;
};
void gh_diff_list_free(struct gh_diff_list *list); /* for GH_CLEANUP too */

/* What of a pack is listed. */
typedef gh_result (*gh_diff_lister)(const struct gh_pack *pack, struct gh_diff_list *out);
gh_result gh_diff_policies(const struct gh_pack *pack, struct gh_diff_list *out);
gh_result gh_diff_entities(const struct gh_pack *pack, struct gh_diff_list *out);
gh_result gh_diff_types(const struct gh_pack *pack, struct gh_diff_list *out);
gh_result gh_diff_actions(const struct gh_pack *pack, struct gh_diff_list *out);

/* Type::"id". */
void gh_diff_add_uid(const struct gh_cedar_uid *uid, struct gh_buf *out);

#endif
