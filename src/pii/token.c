/* What each byte is, for those who look at one: a table where two comparisons would be a jump that
 * is hard to guess. */
#include "pii/detect.h"

const bool gh_pii_alnum[256] = {
	['0' ... '9'] = true,
	['A' ... 'Z'] = true,
	['a' ... 'z'] = true,
};
