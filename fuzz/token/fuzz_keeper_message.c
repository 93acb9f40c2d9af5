/* A packet from a gateway that was broken into, to a real keeper on a real directory: it answers
 * what the table describes, with an answer that the table describes, and never breaks its rules. */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "process/keeper/keeper_state.h"
#include "process/keeper/message.h"

#define NOW 1767225600

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char root[64];
static char keys[80];
static struct gh_keeper *keeper;

static void require(bool held)
{
	if (!held)
		abort();
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
	(void)info;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void clean_up(void)
{
	gh_keeper_close(keeper);
	nftw(root, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void set_up(void)
{
	static struct gh_keeper_config config = { .issuer = "https://id.gw.test",
		                                  .audience = "https://gw.test",
		                                  .origin = "gw.test/log" };

	gh_log_open("fuzz", (enum gh_log_level)(GH_LOG_ERROR + 1));
	snprintf(root, sizeof root, "/tmp/gh-fuzz-keeper-XXXXXX");
	require(mkdtemp(root) != NULL);
	snprintf(keys, sizeof keys, "%s/keys", root);
	config.dir = keys;
	require(gh_keeper_open(&config, NOW, &keeper) == GH_OK);
	atexit(clean_up);
}

/* The same bytes again: there is one way to write a message. */
static void check_one_spelling(struct gh_slice packet, const struct gh_keeper_frame *frame)
{
	struct gh_buf again = { 0 };

	require(gh_keeper_encode(frame, &again) == GH_OK);
	require(gh_slice_eq(gh_buf_slice(&again), packet));
	gh_buf_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gh_keeper_frame request = { 0 }, answer = { 0 };
	struct gh_buf reply = { 0 };

	if (!keeper)
		set_up();
	bool good = gh_keeper_decode(gh_slice(data, size), &request) == GH_OK;
	if (good)
		check_one_spelling(gh_slice(data, size), &request);
	if (gh_keeper_answer(keeper, gh_slice(data, size), NOW, &reply) == GH_OK) {
		require(good && !request.is_answer);
		require(gh_keeper_decode(gh_buf_slice(&reply), &answer) == GH_OK);
		require(answer.is_answer && answer.id == request.id && answer.type == request.type);
		require(answer.code != GH_E_ARGUMENT && answer.code != GH_E_INTERNAL);
	}
	gh_buf_free(&reply);
	return 0;
}
