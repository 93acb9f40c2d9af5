/* Trust documents: what is taken can be written, read again, and is then the same; nobody can reach
 * the threshold alone. */
#include <stdlib.h>

#include "policy/pack/trust.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool held)
{
	if (!held)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gh_pack_refusal why = { 0 };
	struct gh_buf first = { 0 }, second = { 0 };
	struct gh_trust trust, again;

	if (gh_trust_parse(gh_slice(data, size), &trust, &why) != GH_OK) {
		require(why.reason != GH_PACK_FINE && why.text[0]);
		return 0;
	}
	require(trust.threshold >= 2 && trust.signer_count >= trust.threshold);
	require(gh_trust_write(&trust, &first) == GH_OK);
	require(gh_trust_parse(gh_buf_slice(&first), &again, &why) == GH_OK);
	require(gh_trust_write(&again, &second) == GH_OK);
	require(gh_slice_eq(gh_buf_slice(&first), gh_buf_slice(&second)));
	gh_buf_free(&first);
	gh_buf_free(&second);
	gh_trust_clear(&trust);
	gh_trust_clear(&again);
	return 0;
}
