/* Archives: what is taken is exactly what we would have written. */
#include <stdlib.h>

#include "policy/pack/tar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool held)
{
	if (!held)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gh_tar_member members[GH_TAR_MAX_MEMBERS];
	struct gh_buf again = { 0 };
	size_t count;

	if (gh_tar_read(gh_slice(data, size), members, &count) != GH_OK)
		return 0;
	require(gh_tar_write(members, count, &again) == GH_OK);
	require(gh_slice_eq(gh_buf_slice(&again), gh_slice(data, size)));
	for (size_t i = 0; i < count; i++) {
		char path[GH_TAR_PATH_BYTES + 1] = { 0 };
		memcpy(path, members[i].path.data, members[i].path.len);
		require(gh_tar_find(members, count, path).data == members[i].content.data);
	}
	gh_buf_free(&again);
	return 0;
}
