/* pack_parts.h: shared by the files that make a pack. For this folder only. */
#ifndef GH_POLICY_PACK_PACK_PARTS_H
#define GH_POLICY_PACK_PACK_PARTS_H

#include "policy/pack/pack.h"

/* "policies/" and ".cedar". */
bool gh_pack_member_is(const struct gh_tar_member *member, const char *folder, const char *end);

/* Tries every request under tests/ against the sealed set: its decision, and its reasons and errors
 * where the test names them. GH_E_DENIED with *why at the first that differs. */
gh_result gh_pack_run_tests(struct gh_pack *pack, const struct gh_tar_member *members, size_t count,
                            struct gh_pack_refusal *why);

#endif
