/* Policy text: what is taken must format to text that is taken again, to the same text, and must
 * decide without a fault of ours, by index as by scan. */
#include <stdlib.h>
#include <string.h>

#include "policy/decide.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LIMIT ((size_t)64 << 20)

static void require(bool held)
{
	if (!held)
		abort();
}

static const struct gh_cedar_uid *uid(struct gh_cedar_space *space, struct gh_slice type)
{
	return gh_cedar_intern_uid(space, gh_cedar_intern(space, type),
	                           gh_cedar_intern(space, GH_SLICE("a")));
}

static void decide(const struct gh_cedar_policy_set *set)
{
	struct gh_cedar_space *space = gh_cedar_space_new(gh_cedar_policy_set_space(set), LIMIT);
	struct gh_cedar_scratch *scratch = gh_cedar_scratch_new(1 << 20);
	struct gh_policy_decision decision;
	struct gh_cedar_answer scan;
	struct gh_cedar_request request = { uid(space, GH_SLICE("User")),
		                            uid(space, GH_SLICE("Action")),
		                            uid(space, GH_SLICE("Doc")),
		                            { 0 } };

	require(gh_cedar_value_read(space, GH_SLICE("{\"n\":1,\"s\":\"a\",\"flag\":true}"), NULL,
	                            &request.context, NULL) == GH_OK);
	require(gh_policy_decide(set, (struct gh_policy_rules){ 0 }, NULL, &request, scratch,
	                         &decision) == GH_OK);
	bool allow = decision.cedar.allow;
	size_t determining = decision.cedar.determining_count, errors = decision.cedar.error_count;
	require(gh_cedar_authorize_linear(set, NULL, &request, scratch, &scan) == GH_OK);
	require(scan.allow == allow && scan.determining_count == determining &&
	        scan.error_count == errors);
	gh_cedar_scratch_free(scratch);
	gh_cedar_space_free(space);
}

static void write_back(const struct gh_cedar_policy_set *set)
{
	struct gh_cedar_space *space = gh_cedar_space_new(NULL, LIMIT);
	struct gh_cedar_policy_set *again = gh_cedar_policy_set_new(space);
	struct gh_buf text = { 0 }, second = { 0 };

	gh_cedar_format_set(set, &text);
	if (gh_buf_check(&text) == GH_OK && text.len < LIMIT / 64) {
		require(gh_cedar_policy_set_parse(again, gh_buf_slice(&text), NULL, false, NULL) ==
		        GH_OK);
		gh_cedar_format_set(again, &second);
		require(gh_slice_eq(gh_buf_slice(&text), gh_buf_slice(&second)));
	}
	gh_buf_free(&second);
	gh_buf_free(&text);
	gh_cedar_policy_set_free(again);
	gh_cedar_space_free(space);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gh_cedar_space *space = gh_cedar_space_new(NULL, LIMIT);
	struct gh_cedar_policy_set *set = gh_cedar_policy_set_new(space);
	struct gh_slice source = gh_slice(data, size);
	struct gh_cedar_diagnostic why;
	struct gh_buf shown = { 0 };

	if (gh_cedar_policy_set_parse(set, source, NULL, false, &why) == GH_OK) {
		write_back(set);
		require(gh_cedar_policy_set_seal(set) == GH_OK);
		decide(set);
	} else {
		require(why.text[0] != '\0');
		gh_cedar_diagnostic_print(&why, "fuzz", source, &shown);
		gh_buf_free(&shown);
	}
	gh_cedar_policy_set_free(set);
	gh_cedar_space_free(space);
	return 0;
}
