/* typecheck.h: one policy under one request environment. For the validator only. The rules are
 * those of the Cedar validator's formal model: expressions whose value is known are True or False,
 * what stands behind them is not looked at, and `has` gives the right to what it found. */
#ifndef GH_POLICY_CEDAR_TYPECHECK_H
#define GH_POLICY_CEDAR_TYPECHECK_H

#include "policy/cedar/ast.h"
#include "policy/cedar/diagnostic.h"
#include "policy/cedar/vtype.h"

/* `expr` has the attribute `name`, or the tag that `tag` gives. */
struct gh_capability {
	const struct gh_cedar_expr *expr;
	const struct gh_cedar_name *name;
	const struct gh_cedar_expr *tag;
	const struct gh_capability *next;
};

struct gh_typing {
	const struct gh_cedar_schema *schema;
	struct gh_vtypes *types;
	bool strict;
	const struct gh_vtype *principal, *resource, *context;
	const struct gh_cedar_schema_action *action;
	/* The first fault of this environment. */
	struct gh_cedar_span at;
	char fault[200];
};

/* The type of a condition; GH_E_DENIED with typing->fault when it has none. *capabilities (in and
 * out) is what is known to be there. */
gh_result gh_typecheck_bool(struct gh_typing *typing, const struct gh_cedar_expr *expr,
                            const struct gh_capability **capabilities, const struct gh_vtype **out);

#endif
