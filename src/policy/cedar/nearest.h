/* nearest.h: the declared name that a misspelt one was meant to be, for findings. */
#ifndef GH_POLICY_CEDAR_NEAREST_H
#define GH_POLICY_CEDAR_NEAREST_H

#include "policy/cedar/symbol.h"

struct gh_nearest {
	const struct gh_cedar_name *wanted;
	const struct gh_cedar_name *found; /* NULL: none is near */
	unsigned edits;
};

/* Keeps the candidate when it is nearer than those before, and at most two edits away (one in names
 * of up to three bytes), or the same but for a namespace before it. */
void gh_nearest_try(struct gh_nearest *nearest, const struct gh_cedar_name *candidate);
/* "; is NAME meant?", or nothing. */
const char *gh_nearest_hint(const struct gh_nearest *nearest, char out[80]);

#endif
