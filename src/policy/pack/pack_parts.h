/* pack_parts.h: shared by the files that make a pack. For this folder only. */
#ifndef GH_POLICY_PACK_PACK_PARTS_H
#define GH_POLICY_PACK_PACK_PARTS_H

#include "policy/pack/compile.h"

/* "policies/" and ".cedar". */
bool gh_pack_member_is(const struct gh_tar_member *member, const char *folder, const char *end);

/* Empty, with *why cleared. NULL: memory. */
struct gh_pack *gh_pack_new(const struct gh_cedar_checker *checker, struct gh_pack_refusal *why);
/* Hands the pack to *out, or closes it; a failure that no check has named becomes "internal". */
enum gh_code gh_pack_settle(struct gh_pack *pack, enum gh_code code, struct gh_pack **out,
                            struct gh_pack_refusal *why);
/* manifest.json among the members: its members, its rules and the pack's digest. */
gh_result gh_pack_read_manifest(struct gh_pack *pack, const struct gh_tar_member *members,
                                size_t count, struct gh_pack_refusal *why);
/* The archive holds what the manifest lists, no file more, no byte other. */
gh_result gh_pack_check_files(const struct gh_manifest *manifest,
                              const struct gh_tar_member *members, size_t count,
                              struct gh_pack_refusal *why);
/* The work of gh_pack_check on a new pack. */
gh_result gh_pack_load(struct gh_pack *pack, const struct gh_tar_member *members, size_t count,
                       const struct gh_pack_listener *listener, struct gh_pack_refusal *why);

#endif
