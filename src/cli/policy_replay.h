/* policy_replay.h: a file of recorded requests through two packs, for `policy diff` and `policy
 * build`. */
#ifndef GH_CLI_POLICY_REPLAY_H
#define GH_CLI_POLICY_REPLAY_H

#include "policy/pack/replay.h"

/* The caller owns *report. Errors name the file and the line. */
gh_result gh_cli_replay(const struct gh_pack *before, const struct gh_pack *after, const char *path,
                        struct gh_replay_counts *counts, json_t **report);

#endif
