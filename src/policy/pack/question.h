/* question.h: a request in JSON, put to a pack. One form for the tests of a pack, for requests that
 * were recorded and for those that a person asks about:
 *
 *   {"principal":{"type","id"},"action":{…},"resource":{…},"context":{…},"entities":[…]}
 *
 * Members that are not known are left alone. */
#ifndef GH_POLICY_PACK_QUESTION_H
#define GH_POLICY_PACK_QUESTION_H

#include "policy/cedar/json_tree.h"
#include "policy/pack/pack.h"

/* Reads the request; the context as the pack's schema types it. `json` is a tree over `source`;
 * `space` lies below the pack's facts and is where the request lives. GH_E_FORMAT names the member.
 */
gh_result gh_pack_question_read(const struct gh_pack *pack, struct gh_cedar_space *space,
                                struct gh_slice source, const struct gh_cedar_json *json,
                                struct gh_cedar_request *out);

/* A sealed store over the pack's facts, with the entities of a JSON array (an empty text: none), in
 * `space`. The caller frees it. */
gh_result gh_pack_question_facts(const struct gh_pack *pack, struct gh_cedar_space *space,
                                 struct gh_slice entities, struct gh_cedar_entities **out,
                                 struct gh_cedar_diagnostic *why);

#endif
