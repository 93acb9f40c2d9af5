/* pii_rig.h: a session under a policy that redacts, for the tests of this room. */
#ifndef PII_RIG_H
#define PII_RIG_H

#include "../gh_test.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "pii/chat_stream.h"
#include "pii/json_walk.h"
#include "pii/rewrite.h"
#include "pii/session.h"
#include "pii/text_stream.h"

static const uint8_t rig_key[32] = { 7, 1, 2, 3 };

struct rig {
	struct gh_arena *arena;
	struct gh_pii_policy policy;
	struct gh_pii_session *session;
};

static inline void rig_open(struct rig *rig, enum gh_pii_mode mode)
{
	rig->arena = gh_arena_new((size_t)16 << 20);
	gh_pii_policy_default(&rig->policy);
	for (int class = 0; class < GH_PII_CLASS_COUNT; class ++)
		for (int channel = 0; channel < GH_PII_CHANNEL_COUNT; channel++)
			rig->policy.mode[class][channel] = mode;
	assert_ok(gh_pii_session_open(&rig->policy, rig_key, rig->arena, &rig->session));
}

static inline void rig_close(struct rig *rig)
{
	gh_pii_session_close(rig->session);
	gh_arena_free(rig->arena);
}

/* Rewrites one text as a prompt; the caller frees. */
static inline char *rig_rewrite(struct rig *rig, const char *text)
{
	struct gh_buf out = { 0 };
	bool changed;

	assert_ok(gh_pii_session_rewrite(rig->session, GH_PII_PROMPT, gh_slice(NULL, 0),
	                                 gh_slice_str(text), 0, strlen(text), &out, &changed));
	char *copy = strdup(gh_buf_cstr(&out));
	gh_buf_free(&out);
	return copy;
}

#endif
