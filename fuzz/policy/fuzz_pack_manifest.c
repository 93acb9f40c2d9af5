/* Manifests: what is taken has one spelling, the one that we write. */
#include <stdlib.h>

#include "policy/pack/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool held)
{
	if (!held)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct gh_manifest manifest;
	struct gh_pack_refusal why = { 0 };
	struct gh_buf again = { 0 };

	if (gh_manifest_parse(gh_slice(data, size), &manifest, &why) != GH_OK) {
		require(why.reason != GH_PACK_FINE && why.text[0]);
		return 0;
	}
	require(manifest.expires_s > manifest.effective_from_s && manifest.revision > 0 &&
	        manifest.rollback_of < manifest.revision);
	require(gh_manifest_write(&manifest, &again) == GH_OK);
	/* We write our own version of the language, and read older ones. */
	if (memmem(data, size, "\"" GH_PACK_LANGUAGE "\"", strlen(GH_PACK_LANGUAGE) + 2))
		require(gh_slice_eq(gh_buf_slice(&again), gh_slice(data, size)));
	gh_buf_free(&again);
	return 0;
}
