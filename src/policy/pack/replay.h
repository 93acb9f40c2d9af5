/* replay.h: what would have been decided otherwise. Requests that were recorded (one JSON object a
 * line, question.h) are put to two packs, and every decision that flips is told. Reading is done
 * once for both packs; deciding touches no JSON. Memory is bounded by the batch, not by the file.
 * The report is shadow.json of a pack: counts, and for each flip its line, action and policies, but
 * neither principals nor context: those may be of persons. */
#ifndef GH_POLICY_PACK_REPLAY_H
#define GH_POLICY_PACK_REPLAY_H

#include <jansson.h>

#include "policy/pack/pack.h"

#define GH_REPLAY_BATCH      4096 /* lines that are decided together */
#define GH_REPLAY_FLIPS_KEPT 200  /* told one by one; all are counted */
#define GH_REPLAY_LINE_BYTES ((size_t)1 << 20)

struct gh_replay; /* one thread */

/* Both packs outlive it. */
gh_result gh_replay_open(const struct gh_pack *before, const struct gh_pack *after,
                         struct gh_replay **out);
void gh_replay_close(struct gh_replay *replay); /* NULL is fine */
GH_DEFINE_CLEANUP(struct gh_replay *, gh_replay_close)

/* One line, with or without its newline; an empty one is left out. It may be decided later, with
 * its batch. GH_E_FORMAT (the text names the line) when it is no request. */
gh_result gh_replay_add(struct gh_replay *replay, struct gh_slice line);

struct gh_replay_counts {
	uint64_t requests;
	uint64_t allow_to_deny, deny_to_allow;
	uint64_t allowed_before, allowed_after;
	uint64_t errors_before, errors_after; /* decisions in which a policy erred */
	uint64_t forbid_errors_after;         /* of these, in which a forbid did */
	uint64_t laxer;     /* allowed by both, with demands that are not at least as strict */
	uint64_t unfit;     /* requests that the schema of the later pack does not know */
	uint64_t decide_ns; /* both packs, without reading; not in the report */
};
/* Decides what waits; then the counts so far. */
gh_result gh_replay_finish(struct gh_replay *replay, struct gh_replay_counts *out);

/* After gh_replay_finish: the same for the same packs and lines. The caller owns *out.
 * {"v":1,"requests",…,"flips":[{"line","action","from","to","before":[ids],"after":[ids]}],
 *  "actions":[{"action","allow_to_deny","deny_to_allow"}]} */
gh_result gh_replay_report(const struct gh_replay *replay, json_t **out);

#endif
