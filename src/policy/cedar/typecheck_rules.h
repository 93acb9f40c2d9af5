/* typecheck_rules.h: what the files of the typechecker share. A rule gives an expression of one
 * kind its type, or GH_E_DENIED with the fault told, or GH_E_LIMIT. For them only. */
#ifndef GH_POLICY_CEDAR_TYPECHECK_RULES_H
#define GH_POLICY_CEDAR_TYPECHECK_RULES_H

#include "policy/cedar/typecheck.h"

struct gh_answer {
	const struct gh_vtype *type;
	const struct gh_capability *adds; /* known when the expression is true */
};

/* ---- typecheck.c ---- */

gh_result gh_type_infer(struct gh_typing *t, const struct gh_cedar_expr *expr,
                        const struct gh_capability *known, struct gh_answer *out);
gh_result gh_type_expect_bool(struct gh_typing *t, const struct gh_cedar_expr *expr,
                              const struct gh_capability *known, struct gh_answer *out);
gh_result gh_type_expect(struct gh_typing *t, const struct gh_cedar_expr *expr,
                         const struct gh_capability *known, enum gh_vtype_kind kind,
                         const char *wanted, const struct gh_vtype **out);
/* The type above both, or a fault. */
gh_result gh_type_join(struct gh_typing *t, const struct gh_cedar_expr *expr,
                       const struct gh_vtype *a, const struct gh_vtype *b,
                       const struct gh_vtype **out);
/* Both give back GH_E_DENIED. */
enum gh_code gh_type_fault(struct gh_typing *t, const struct gh_cedar_expr *expr,
                           const char *format, ...) __attribute__((format(printf, 3, 4)));
enum gh_code gh_type_unexpected(struct gh_typing *t, const struct gh_cedar_expr *expr,
                                const char *wanted, const struct gh_vtype *found);
const char *gh_type_shown(const struct gh_vtype *type, char out[64]);
/* The literal that an expression is in this environment: `action` stands for its uid. */
bool gh_type_literal_of(const struct gh_typing *t, const struct gh_cedar_expr *expr,
                        struct gh_cedar_value *out);
const struct gh_cedar_uid *gh_type_uid_of(const struct gh_typing *t,
                                          const struct gh_cedar_expr *expr); /* NULL: no entity */

/* ---- typecheck_known.c ---- */

/* Whether `expr` is known to have the attribute `name`, or the tag. */
gh_result gh_known(struct gh_typing *t, const struct gh_capability *known,
                   const struct gh_capability *asked, bool *out);
gh_result gh_known_add(struct gh_typing *t, const struct gh_capability *to,
                       const struct gh_capability *one, const struct gh_capability **out);
/* What either knows; what both know. */
gh_result gh_known_join(struct gh_typing *t, const struct gh_capability *a,
                        const struct gh_capability *b, const struct gh_capability **out);
gh_result gh_known_meet(struct gh_typing *t, const struct gh_capability *a,
                        const struct gh_capability *b, const struct gh_capability **out);

/* ---- typecheck_call.c ---- */

bool gh_type_is_extension(const struct gh_vtype *type, const char *name);

/* ---- the rules of the other files ---- */

#define GH_RULE(name)                                                                              \
	gh_result name(struct gh_typing *t, const struct gh_cedar_expr *expr,                      \
	               const struct gh_capability *known, struct gh_answer *out)
GH_RULE(gh_infer_equal);
GH_RULE(gh_infer_order);
GH_RULE(gh_infer_in);
GH_RULE(gh_infer_is);
GH_RULE(gh_infer_has);
GH_RULE(gh_infer_get);
GH_RULE(gh_infer_tag);
GH_RULE(gh_infer_call);

#endif
