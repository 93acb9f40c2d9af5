/* build.h: constructors of AST nodes, shared by the text parser and the JSON reader, so that both
 * hold the same limits and fold the same constants. Inside the engine only. */
#ifndef GH_POLICY_CEDAR_BUILD_H
#define GH_POLICY_CEDAR_BUILD_H

#include "policy/cedar/ast.h"

/* Nodes go into the space's arena. All fail with GH_E_LIMIT when memory or depth is out. */
gh_result gh_cedar_build_literal(struct gh_cedar_space *space, struct gh_cedar_span span,
                                 struct gh_cedar_value value, const struct gh_cedar_expr **out);
gh_result gh_cedar_build_var(struct gh_cedar_space *space, struct gh_cedar_span span,
                             enum gh_cedar_var var, const struct gh_cedar_expr **out);
/* Kinds with a, b, c; those not used are NULL. */
gh_result gh_cedar_build_node(struct gh_cedar_space *space, struct gh_cedar_span span,
                              enum gh_cedar_expr_kind kind, const struct gh_cedar_expr *a,
                              const struct gh_cedar_expr *b, const struct gh_cedar_expr *c,
                              const struct gh_cedar_expr **out);
/* GET, HAS, IS (with b for `in`). */
gh_result gh_cedar_build_named(struct gh_cedar_space *space, struct gh_cedar_span span,
                               enum gh_cedar_expr_kind kind, const struct gh_cedar_expr *a,
                               const struct gh_cedar_name *name, const struct gh_cedar_expr *b,
                               const struct gh_cedar_expr **out);
/* `a has n0.n1.…`, unfolded. */
gh_result gh_cedar_build_has_path(struct gh_cedar_space *space, struct gh_cedar_span span,
                                  const struct gh_cedar_expr *a,
                                  const struct gh_cedar_name *const *names, size_t count,
                                  const struct gh_cedar_expr **out);
gh_result gh_cedar_build_like(struct gh_cedar_space *space, struct gh_cedar_span span,
                              const struct gh_cedar_expr *a, const struct gh_cedar_pattern *pattern,
                              const struct gh_cedar_expr **out);
/* SET, RECORD (with names) and CALL; the arrays are copied. */
gh_result gh_cedar_build_list(struct gh_cedar_space *space, struct gh_cedar_span span,
                              enum gh_cedar_expr_kind kind, enum gh_cedar_function function,
                              const struct gh_cedar_expr *const *items,
                              const struct gh_cedar_name *const *names, size_t count,
                              const struct gh_cedar_expr **out);

/* GH_CEDAR_FN_COUNT when there is none of that name and style. */
enum gh_cedar_function gh_cedar_find_function(struct gh_slice name, bool method);
/* contains … hasTag, isEmpty: their kind and number of arguments. False when it is none of them. */
bool gh_cedar_find_method(struct gh_slice name, enum gh_cedar_expr_kind *kind, size_t *arguments);
const char *gh_cedar_method_name(enum gh_cedar_expr_kind kind); /* NULL when the kind is none */

/* The types of an action must end in "Action". */
bool gh_cedar_is_action_type(const struct gh_cedar_name *type);

#endif
