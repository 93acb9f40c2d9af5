/* ast.h: policies as parsed. Built once in the arena of a space, then read only: by the evaluator,
 * the validator, the formatter and the JSON writer. The tree keeps the surface operators (`!=`,
 * `>`, `is … in`), so that it can be written back; only `has a.b.c` is unfolded, into `e has a &&
 * e.a has b && e.a.b has c` (RFC 62), whose nodes then share `e`. */
#ifndef GH_POLICY_CEDAR_AST_H
#define GH_POLICY_CEDAR_AST_H

#include "policy/cedar/diagnostic.h"
#include "policy/cedar/value.h"

/* Nesting of brackets in a source, and depth of any tree (chains of && count). Both bound stacks.
 */
#define GH_CEDAR_MAX_NESTING 400
#define GH_CEDAR_MAX_DEPTH   2000
/* Nodes of one expression when shared ones are counted each time they are reached: bounds the work
 * of
 * `(e has a.b) …` nested in itself. */
#define GH_CEDAR_MAX_WEIGHT (1u << 20)
#define GH_CEDAR_MAX_SOURCE ((size_t)16 << 20) /* bytes in one parsed text */

enum gh_cedar_var { GH_CEDAR_PRINCIPAL, GH_CEDAR_ACTION, GH_CEDAR_RESOURCE, GH_CEDAR_CONTEXT };

/* Which members of struct gh_cedar_expr a kind uses is said at each line. */
enum gh_cedar_expr_kind {
	GH_CEDAR_EX_LITERAL, /* literal: BOOL, LONG, STRING or ENTITY */
	GH_CEDAR_EX_VAR,     /* var */
	GH_CEDAR_EX_IF,      /* a then b else c */
	GH_CEDAR_EX_AND,     /* a, b */
	GH_CEDAR_EX_OR,      /* a, b */
	GH_CEDAR_EX_NOT,     /* a */
	GH_CEDAR_EX_NEG,     /* a */
	GH_CEDAR_EX_EQ,      /* a, b; so are all up to IN */
	GH_CEDAR_EX_NE,
	GH_CEDAR_EX_LT,
	GH_CEDAR_EX_LE,
	GH_CEDAR_EX_GT,
	GH_CEDAR_EX_GE,
	GH_CEDAR_EX_ADD,
	GH_CEDAR_EX_SUB,
	GH_CEDAR_EX_MUL,
	GH_CEDAR_EX_IN,
	GH_CEDAR_EX_CONTAINS, /* a.contains(b); so are all up to HAS_TAG */
	GH_CEDAR_EX_CONTAINS_ALL,
	GH_CEDAR_EX_CONTAINS_ANY,
	GH_CEDAR_EX_GET_TAG,
	GH_CEDAR_EX_HAS_TAG,
	GH_CEDAR_EX_IS_EMPTY, /* a.isEmpty() */
	GH_CEDAR_EX_LIKE,     /* a like pattern */
	GH_CEDAR_EX_IS,       /* a is name, and when b is not NULL: `in b` too */
	GH_CEDAR_EX_GET,      /* a.name (or a["name"]) */
	GH_CEDAR_EX_HAS,      /* a has name */
	GH_CEDAR_EX_SET,      /* items[0..count) */
	GH_CEDAR_EX_RECORD,   /* names[0..count), items[0..count); no name twice */
	GH_CEDAR_EX_CALL,     /* function; items[0..count): arguments, the receiver first */
};

/* The extension functions; methods take their receiver as first argument. The table with names,
 * arity and style is gh_cedar_functions. */
enum gh_cedar_function {
	GH_CEDAR_FN_DECIMAL,
	GH_CEDAR_FN_LESS_THAN,
	GH_CEDAR_FN_LESS_THAN_OR_EQUAL,
	GH_CEDAR_FN_GREATER_THAN,
	GH_CEDAR_FN_GREATER_THAN_OR_EQUAL,
	GH_CEDAR_FN_IP,
	GH_CEDAR_FN_IS_IPV4,
	GH_CEDAR_FN_IS_IPV6,
	GH_CEDAR_FN_IS_LOOPBACK,
	GH_CEDAR_FN_IS_MULTICAST,
	GH_CEDAR_FN_IS_IN_RANGE,
	GH_CEDAR_FN_DATETIME,
	GH_CEDAR_FN_DURATION,
	GH_CEDAR_FN_OFFSET,
	GH_CEDAR_FN_DURATION_SINCE,
	GH_CEDAR_FN_TO_DATE,
	GH_CEDAR_FN_TO_TIME,
	GH_CEDAR_FN_TO_MILLISECONDS,
	GH_CEDAR_FN_TO_SECONDS,
	GH_CEDAR_FN_TO_MINUTES,
	GH_CEDAR_FN_TO_HOURS,
	GH_CEDAR_FN_TO_DAYS,
	GH_CEDAR_FN_COUNT
};

struct gh_cedar_function_info {
	const char *name;
	uint8_t arguments; /* with the receiver; the parser does not hold it, the evaluator does */
	bool method;       /* written a.f(b), not f(a, b) */
};
extern const struct gh_cedar_function_info gh_cedar_functions[GH_CEDAR_FN_COUNT];

/* A pattern of `like`: the characters as Unicode scalar values, a wildcard as GH_CEDAR_WILDCARD. */
#define GH_CEDAR_WILDCARD UINT32_MAX
struct gh_cedar_pattern {
	uint32_t count;
	uint32_t chars[];
};

struct gh_cedar_expr {
	enum gh_cedar_expr_kind kind;
	uint16_t depth;    /* of the tree below, at least 1 */
	uint32_t weight;   /* nodes below and this one, at most GH_CEDAR_MAX_WEIGHT */
	bool has_constant; /* `constant` holds the value: literals, and what folding found */
	struct gh_cedar_span span;
	struct gh_cedar_value constant; /* EX_LITERAL: the literal */
	union {
		enum gh_cedar_var var;
		struct {
			const struct gh_cedar_expr *a, *b, *c;
			union {
				const struct gh_cedar_name *name;
				const struct gh_cedar_pattern *pattern;
			};
		};
		struct {
			const struct gh_cedar_expr *const *items;
			const struct gh_cedar_name *const *names;
			uint32_t count;
			enum gh_cedar_function function;
		};
	};
};

enum gh_cedar_scope_kind {
	GH_CEDAR_SCOPE_ANY,   /* principal */
	GH_CEDAR_SCOPE_EQ,    /* principal == uid (or slot) */
	GH_CEDAR_SCOPE_IN,    /* principal in uid (or slot) */
	GH_CEDAR_SCOPE_IS,    /* principal is type */
	GH_CEDAR_SCOPE_IS_IN, /* principal is type in uid (or slot) */
	GH_CEDAR_SCOPE_LIST,  /* action in [uids]; actions only */
};

struct gh_cedar_scope {
	enum gh_cedar_scope_kind kind;
	bool slot;                      /* ?principal or ?resource stands where uid would */
	const struct gh_cedar_uid *uid; /* NULL when slot, or when the kind has none */
	const struct gh_cedar_name *type;
	const struct gh_cedar_uid *const *uids; /* LIST */
	uint32_t uid_count;
	struct gh_cedar_span span;
};

struct gh_cedar_condition {
	bool unless;
	const struct gh_cedar_expr *expr;
};

struct gh_cedar_annotation {
	const struct gh_cedar_name *key;
	const struct gh_cedar_name *value; /* "" when written without one */
	bool has_value;
};

struct gh_cedar_policy {
	const struct gh_cedar_name *id; /* "policy0", … in file order unless told otherwise */
	uint32_t index;                 /* position in its set: policies, then links */
	bool forbid;
	bool is_template;                            /* has slots and is no link: never evaluated */
	const struct gh_cedar_policy *template_body; /* of a link; else NULL */
	struct gh_cedar_scope principal, action, resource; /* of a link: with the slots filled */
	const struct gh_cedar_condition *conditions;
	uint32_t condition_count;
	const struct gh_cedar_annotation *annotations;
	uint32_t annotation_count;
	struct gh_cedar_span span;
};

/* NULL when the policy does not carry it; the empty string when it was written without a value. */
const struct gh_cedar_name *gh_cedar_policy_annotation(const struct gh_cedar_policy *policy,
                                                       const char *key);

#endif
