/* fuzz_pii.h: what the targets of this room share: a session under a policy that rewrites, exact
 * copies (so that an over-read is seen), and text made of any bytes. */
#ifndef FUZZ_PII_H
#define FUZZ_PII_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "pii/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(holds)                                                                               \
	do {                                                                                       \
		if (!(holds)) {                                                                    \
			fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #holds);  \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

#define FUZZ_ADDRESS "ada@example.com"

/* A result that must be fine; says why it is not. */
#define OK(call)                                                                                   \
	do {                                                                                       \
		if ((call) != GH_OK) {                                                             \
			fprintf(stderr, "%s:%d: %s: %s (%s:%d)\n", __FILE__, __LINE__, #call,      \
			        gh_last_error()->text, gh_last_error()->file,                      \
			        gh_last_error()->line);                                            \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

static const uint8_t fuzz_key[32] = { 7, 1, 2, 3 };

struct fuzz_session {
	struct gh_arena *arena;
	struct gh_pii_policy policy;
	struct gh_pii_session *session;
};

static inline void fuzz_open(struct fuzz_session *fuzz, enum gh_pii_mode mode)
{
	fuzz->arena = gh_arena_new((size_t)64 << 20);
	gh_pii_policy_default(&fuzz->policy);
	for (int class = 0; class < GH_PII_CLASS_COUNT; class ++)
		for (int channel = 0; channel < GH_PII_CHANNEL_COUNT; channel++)
			fuzz->policy.mode[class][channel] = mode;
	OK(gh_pii_session_open(&fuzz->policy, fuzz_key, fuzz->arena, &fuzz->session));
}

/* A session that has met FUZZ_ADDRESS in the prompt, and the token that stands for it now. */
static inline void fuzz_open_met(struct fuzz_session *fuzz, struct gh_buf *token)
{
	bool changed;

	fuzz_open(fuzz, GH_PII_REVERSIBLE);
	gh_buf_clear(token);
	OK(gh_pii_session_rewrite(fuzz->session, GH_PII_PROMPT, gh_slice(NULL, 0),
	                          GH_SLICE(FUZZ_ADDRESS), 0, sizeof FUZZ_ADDRESS - 1, token,
	                          &changed));
	CHECK(changed);
}

static inline void fuzz_close(struct fuzz_session *fuzz)
{
	gh_pii_session_close(fuzz->session);
	gh_arena_free(fuzz->arena);
}

/* The caller frees; never NULL. */
static inline uint8_t *fuzz_copy(struct gh_slice from)
{
	uint8_t *copy = malloc(from.len ? from.len : 1);

	CHECK(copy);
	if (from.len)
		memcpy(copy, from.data, from.len);
	return copy;
}

static inline bool fuzz_is_utf8(struct gh_slice text)
{
	for (size_t at = 0, len; at < text.len; at += len)
		if ((len = gh_utf8_length(text.data + at, text.len - at)) == 0)
			return false;
	return true;
}

/* Bytes that are no UTF-8, and NUL, become '?'. */
static inline void fuzz_to_utf8(uint8_t *text, size_t size)
{
	for (size_t at = 0, len; at < size; at += len) {
		len = gh_utf8_length(text + at, size - at);
		if (len == 0 || text[at] == 0) {
			text[at] = '?';
			len = 1;
		}
	}
}

#endif
