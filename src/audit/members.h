/* members.h: walks the top level of a canonical JSON object without building it. Names must be
 * [a-z0-9_]+ and ascending; values are balanced and, at this level, without white space. */
#ifndef GH_AUDIT_MEMBERS_H
#define GH_AUDIT_MEMBERS_H

#include "base/result.h"
#include "base/slice.h"

struct gh_member {
	struct gh_slice name; /* without quotes */
	struct gh_slice value;
};

struct gh_members {
	struct gh_slice text;
	size_t at;
	struct gh_slice last; /* name */
};

gh_result gh_members_begin(struct gh_slice text, struct gh_members *out); /* GH_E_FORMAT */
/* *more is false at the end of the object, which must be the end of the text. GH_E_FORMAT. */
gh_result gh_members_next(struct gh_members *members, struct gh_member *out, bool *more);
int gh_member_compare(struct gh_slice a, struct gh_slice b); /* by code units */

#endif
