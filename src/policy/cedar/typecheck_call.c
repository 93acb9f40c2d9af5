/* Extension functions: what they take and give. Constructors are tried on what is written out. */
#include "policy/cedar/typecheck_rules.h"

bool gh_type_is_extension(const struct gh_vtype *type, const char *name)
{
	return type->kind == GH_V_EXTENSION &&
	       gh_slice_eq_str(gh_cedar_name_slice(type->name), name);
}

#define V_BOOL "Bool"
/* Argument types and result; a constructor takes one String. */
static const struct {
	const char *result, *arguments[2];
} signatures[GH_CEDAR_FN_COUNT] = {
	[GH_CEDAR_FN_DECIMAL] = { "decimal", { "String" } },
	[GH_CEDAR_FN_LESS_THAN] = { V_BOOL, { "decimal", "decimal" } },
	[GH_CEDAR_FN_LESS_THAN_OR_EQUAL] = { V_BOOL, { "decimal", "decimal" } },
	[GH_CEDAR_FN_GREATER_THAN] = { V_BOOL, { "decimal", "decimal" } },
	[GH_CEDAR_FN_GREATER_THAN_OR_EQUAL] = { V_BOOL, { "decimal", "decimal" } },
	[GH_CEDAR_FN_IP] = { "ipaddr", { "String" } },
	[GH_CEDAR_FN_IS_IPV4] = { V_BOOL, { "ipaddr" } },
	[GH_CEDAR_FN_IS_IPV6] = { V_BOOL, { "ipaddr" } },
	[GH_CEDAR_FN_IS_LOOPBACK] = { V_BOOL, { "ipaddr" } },
	[GH_CEDAR_FN_IS_MULTICAST] = { V_BOOL, { "ipaddr" } },
	[GH_CEDAR_FN_IS_IN_RANGE] = { V_BOOL, { "ipaddr", "ipaddr" } },
	[GH_CEDAR_FN_DATETIME] = { "datetime", { "String" } },
	[GH_CEDAR_FN_DURATION] = { "duration", { "String" } },
	[GH_CEDAR_FN_OFFSET] = { "datetime", { "datetime", "duration" } },
	[GH_CEDAR_FN_DURATION_SINCE] = { "duration", { "datetime", "datetime" } },
	[GH_CEDAR_FN_TO_DATE] = { "datetime", { "datetime" } },
	[GH_CEDAR_FN_TO_TIME] = { "duration", { "datetime" } },
	[GH_CEDAR_FN_TO_MILLISECONDS] = { "Long", { "duration" } },
	[GH_CEDAR_FN_TO_SECONDS] = { "Long", { "duration" } },
	[GH_CEDAR_FN_TO_MINUTES] = { "Long", { "duration" } },
	[GH_CEDAR_FN_TO_HOURS] = { "Long", { "duration" } },
	[GH_CEDAR_FN_TO_DAYS] = { "Long", { "duration" } },
};

static bool constructs(enum gh_cedar_function function, struct gh_slice text)
{
	struct gh_cedar_ip ip;
	int64_t number;

	switch (function) {
	case GH_CEDAR_FN_DECIMAL: return gh_cedar_parse_decimal(text, &number);
	case GH_CEDAR_FN_IP: return gh_cedar_parse_ip(text, &ip);
	case GH_CEDAR_FN_DATETIME: return gh_cedar_parse_datetime(text, &number);
	default: return gh_cedar_parse_duration(text, &number);
	}
}

static gh_result named_type(struct gh_typing *t, const char *name, const struct gh_vtype **out)
{
	struct gh_vtype *type;

	if (strcmp(name, "Bool") == 0 || strcmp(name, "Long") == 0) {
		*out = name[0] == 'B' ? &gh_v_bool : &gh_v_long;
		return GH_OK;
	}
	type = gh_arena_alloc(t->types->arena, sizeof *type);
	GH_ENSURE(type, GH_E_LIMIT, "no memory for the validator");
	type->kind = GH_V_EXTENSION;
	type->name = gh_cedar_intern(t->types->space, gh_slice_str(name));
	GH_ENSURE(type->name, GH_E_LIMIT, "no memory for the validator");
	*out = type;
	return GH_OK;
}

gh_result gh_infer_call(struct gh_typing *t, const struct gh_cedar_expr *expr,
                        const struct gh_capability *known, struct gh_answer *out)
{
	const struct gh_cedar_function_info *info = &gh_cedar_functions[expr->function];

	for (uint32_t i = 0; i < expr->count; i++) {
		const char *wanted =
		    i < info->arguments ? signatures[expr->function].arguments[i] : NULL;
		struct gh_answer argument;
		GH_TRY(gh_type_infer(t, expr->items[i], known, &argument));
		if (!wanted)
			continue;
		bool fits = strcmp(wanted, "String") == 0
		                ? argument.type->kind == GH_V_STRING
		                : gh_type_is_extension(argument.type, wanted);
		if (!fits)
			return gh_type_unexpected(t, expr->items[i], wanted, argument.type);
	}
	if (expr->count != info->arguments)
		return gh_type_fault(t, expr, "%s takes %u argument%s, here are %u", info->name,
		                     info->arguments, info->arguments == 1 ? "" : "s", expr->count);
	if (strcmp(signatures[expr->function].arguments[0], "String") == 0) {
		const struct gh_cedar_expr *text = expr->items[0];
		bool literal = text->kind == GH_CEDAR_EX_LITERAL;
		if (!literal && t->strict)
			return gh_type_fault(t, expr, "%s takes a string that is written out",
			                     info->name);
		if (literal &&
		    !constructs(expr->function, gh_cedar_name_slice(text->constant.string)))
			return gh_type_fault(t, expr, "this is no %s", info->name);
	}
	return named_type(t, signatures[expr->function].result, &out->type);
}
