/* starter.h: the first policy pack of a tenant that `gatehouse up` makes: examples/policy/starter,
 * signed by two keys of the demo, so that the chain of packs begins with a signed one. A real
 * tenant has its signers' keys elsewhere; these lie in the state directory and say so. */
#ifndef GH_PROCESS_STARTER_H
#define GH_PROCESS_STARTER_H

#include "db/db.h"
#include "policy/pack/tar.h"
#include "process/state.h"

extern const struct gh_tar_member gh_starter_members[];
extern const size_t gh_starter_count;

/* Nothing when the tenant has a pack. Makes DIR/policy/{author,approver}.key when they are missing,
 * a trust document of epoch 1, and revision 1. `admin` is over row-level security. */
gh_result gh_starter_seed(struct gh_db *admin, const struct gh_state *state,
                          const struct gh_uuid *tenant, const char *tenant_name);

#endif
