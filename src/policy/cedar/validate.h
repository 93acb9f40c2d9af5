/* validate.h: whether policies, requests and entities fit a schema. See checker.h for what each
 * returns. */
#ifndef GH_POLICY_CEDAR_VALIDATE_H
#define GH_POLICY_CEDAR_VALIDATE_H

#include "policy/cedar/checker.h"

gh_result gh_cedar_validate(const struct gh_cedar_schema *schema,
                            const struct gh_cedar_policy_set *set, bool strict,
                            void (*report)(void *user, const struct gh_cedar_finding *finding),
                            void *user);
gh_result gh_cedar_validate_request(const struct gh_cedar_schema *schema,
                                    const struct gh_cedar_request *request);
gh_result gh_cedar_validate_entities(const struct gh_cedar_schema *schema,
                                     const struct gh_cedar_entities *entities);

#endif
