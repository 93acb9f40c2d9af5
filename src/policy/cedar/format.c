/* The formatter: one layout for every policy. Parentheses are written only where the grammar needs
 * them, so what is read back is the same tree; long conditions break at && and ||. */
#include <inttypes.h>

#include "policy/cedar/build.h"
#include "policy/cedar/lex.h"
#include "policy/cedar/set.h"

/* The grammar's levels; an operand below the level it needs gets parentheses. */
enum level {
	LEVEL_EXPR,
	LEVEL_OR,
	LEVEL_AND,
	LEVEL_RELATION,
	LEVEL_SUM,
	LEVEL_PRODUCT,
	LEVEL_UNARY,
	LEVEL_MEMBER
};

#define LINE_WIDTH 80

static void add_escaped(struct gh_buf *out, uint32_t c)
{
	switch (c) {
	case '\n': gh_buf_add_str(out, "\\n"); return;
	case '\r': gh_buf_add_str(out, "\\r"); return;
	case '\t': gh_buf_add_str(out, "\\t"); return;
	case '\0': gh_buf_add_str(out, "\\0"); return;
	case '\\': gh_buf_add_str(out, "\\\\"); return;
	case '"': gh_buf_add_str(out, "\\\""); return;
	default: break;
	}
	/* What a terminal or a reviewer's eye would not show as itself is written by its number:
	 * controls, and the marks that turn the direction of text (CVE-2021-42574). */
	if (c < 0x20 || c == 0x7f || (c >= 0x80 && c < 0xa0) || (c >= 0x200b && c <= 0x200f) ||
	    (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x2069) || c == 0xfeff)
		gh_buf_addf(out, "\\u{%x}", c);
	else
		gh_cedar_add_utf8(out, c);
}

static void add_quoted(struct gh_buf *out, struct gh_slice text)
{
	gh_buf_add_byte(out, '"');
	for (size_t at = 0; at < text.len;)
		add_escaped(out, gh_cedar_next_scalar(text, &at));
	gh_buf_add_byte(out, '"');
}

static void add_uid(struct gh_buf *out, const struct gh_cedar_uid *uid)
{
	gh_buf_add_slice(out, gh_cedar_name_slice(uid->type));
	gh_buf_add_str(out, "::");
	add_quoted(out, gh_cedar_name_slice(uid->id));
}

static void add_expr(struct gh_buf *out, const struct gh_cedar_expr *expr, enum level level);

static enum level level_of(const struct gh_cedar_expr *expr)
{
	switch (expr->kind) {
	case GH_CEDAR_EX_IF: return LEVEL_EXPR;
	case GH_CEDAR_EX_OR: return LEVEL_OR;
	case GH_CEDAR_EX_AND: return LEVEL_AND;
	case GH_CEDAR_EX_EQ:
	case GH_CEDAR_EX_NE:
	case GH_CEDAR_EX_LT:
	case GH_CEDAR_EX_LE:
	case GH_CEDAR_EX_GT:
	case GH_CEDAR_EX_GE:
	case GH_CEDAR_EX_IN:
	case GH_CEDAR_EX_HAS:
	case GH_CEDAR_EX_LIKE:
	case GH_CEDAR_EX_IS: return LEVEL_RELATION;
	case GH_CEDAR_EX_ADD:
	case GH_CEDAR_EX_SUB: return LEVEL_SUM;
	case GH_CEDAR_EX_MUL: return LEVEL_PRODUCT;
	case GH_CEDAR_EX_NOT:
	case GH_CEDAR_EX_NEG: return LEVEL_UNARY;
	case GH_CEDAR_EX_LITERAL:
		return expr->constant.kind == GH_CEDAR_LONG && expr->constant.number < 0
		           ? LEVEL_UNARY
		           : LEVEL_MEMBER;
	default: return LEVEL_MEMBER;
	}
}

static void add_literal(struct gh_buf *out, const struct gh_cedar_value *value)
{
	switch (value->kind) {
	case GH_CEDAR_BOOL: gh_buf_add_str(out, value->truth ? "true" : "false"); break;
	case GH_CEDAR_LONG: gh_buf_addf(out, "%" PRId64, value->number); break;
	case GH_CEDAR_STRING: add_quoted(out, gh_cedar_name_slice(value->string)); break;
	default: add_uid(out, value->entity);
	}
}

static void add_binary(struct gh_buf *out, const char *mark, const struct gh_cedar_expr *expr,
                       enum level left, enum level right)
{
	add_expr(out, expr->a, left);
	gh_buf_addf(out, " %s ", mark);
	add_expr(out, expr->b, right);
}

/* `!` and `-` stand at most four times in a row, and never one before the other; a `-` right before
 * digits would become part of the number. */
static void add_unary(struct gh_buf *out, const struct gh_cedar_expr *expr)
{
	const struct gh_cedar_expr *inner = expr->a;
	int count = 1;

	gh_buf_add_byte(out, expr->kind == GH_CEDAR_EX_NOT ? '!' : '-');
	for (; inner->kind == expr->kind && count < 3; inner = inner->a, count++)
		gh_buf_add_byte(out, expr->kind == GH_CEDAR_EX_NOT ? '!' : '-');
	bool negative = level_of(inner) == LEVEL_UNARY && inner->kind == GH_CEDAR_EX_LITERAL;
	bool number = inner->kind == GH_CEDAR_EX_LITERAL && inner->constant.kind == GH_CEDAR_LONG;
	if (expr->kind == GH_CEDAR_EX_NEG && negative)
		add_literal(out, &inner->constant);
	else if (expr->kind == GH_CEDAR_EX_NEG && number)
		gh_buf_addf(out, "(%" PRId64 ")", inner->constant.number);
	else
		add_expr(out, inner, LEVEL_MEMBER);
}

static void add_items(struct gh_buf *out, const struct gh_cedar_expr *expr, uint32_t from)
{
	for (uint32_t i = from; i < expr->count; i++) {
		gh_buf_add_str(out, i > from ? ", " : "");
		add_expr(out, expr->items[i], LEVEL_EXPR);
	}
}

static void add_attribute_name(struct gh_buf *out, const struct gh_cedar_name *name)
{
	struct gh_slice text = gh_cedar_name_slice(name);

	if (gh_cedar_is_plain_attribute(text))
		gh_buf_add_slice(out, text);
	else
		add_quoted(out, text);
}

static void add_get(struct gh_buf *out, const struct gh_cedar_expr *expr)
{
	struct gh_slice name = gh_cedar_name_slice(expr->name);

	add_expr(out, expr->a, LEVEL_MEMBER);
	if (gh_cedar_is_plain_attribute(name)) {
		gh_buf_add_byte(out, '.');
		gh_buf_add_slice(out, name);
	} else {
		gh_buf_add_byte(out, '[');
		add_quoted(out, name);
		gh_buf_add_byte(out, ']');
	}
}

static void add_pattern(struct gh_buf *out, const struct gh_cedar_pattern *pattern)
{
	gh_buf_add_byte(out, '"');
	for (uint32_t i = 0; i < pattern->count; i++) {
		if (pattern->chars[i] == GH_CEDAR_WILDCARD)
			gh_buf_add_byte(out, '*');
		else if (pattern->chars[i] == '*')
			gh_buf_add_str(out, "\\*");
		else
			add_escaped(out, pattern->chars[i]);
	}
	gh_buf_add_byte(out, '"');
}

static void add_call(struct gh_buf *out, const struct gh_cedar_expr *expr)
{
	const struct gh_cedar_function_info *info = &gh_cedar_functions[expr->function];

	if (info->method) {
		add_expr(out, expr->items[0], LEVEL_MEMBER);
		gh_buf_add_byte(out, '.');
	}
	gh_buf_addf(out, "%s(", info->name);
	add_items(out, expr, info->method ? 1 : 0);
	gh_buf_add_byte(out, ')');
}

static void add_record(struct gh_buf *out, const struct gh_cedar_expr *expr)
{
	gh_buf_add_str(out, expr->count ? "{ " : "{");
	for (uint32_t i = 0; i < expr->count; i++) {
		gh_buf_add_str(out, i ? ", " : "");
		add_attribute_name(out, expr->names[i]);
		gh_buf_add_str(out, ": ");
		add_expr(out, expr->items[i], LEVEL_EXPR);
	}
	gh_buf_add_str(out, expr->count ? " }" : "}");
}

static void add_if(struct gh_buf *out, const struct gh_cedar_expr *expr)
{
	gh_buf_add_str(out, "if ");
	add_expr(out, expr->a, LEVEL_EXPR);
	gh_buf_add_str(out, " then ");
	add_expr(out, expr->b, LEVEL_EXPR);
	gh_buf_add_str(out, " else ");
	add_expr(out, expr->c, LEVEL_EXPR);
}

static void add_is(struct gh_buf *out, const struct gh_cedar_expr *expr)
{
	add_expr(out, expr->a, LEVEL_SUM);
	gh_buf_add_str(out, " is ");
	gh_buf_add_slice(out, gh_cedar_name_slice(expr->name));
	if (expr->b) {
		gh_buf_add_str(out, " in ");
		add_expr(out, expr->b, LEVEL_SUM);
	}
}

static void add_method(struct gh_buf *out, const struct gh_cedar_expr *expr)
{
	add_expr(out, expr->a, LEVEL_MEMBER);
	gh_buf_addf(out, ".%s(", gh_cedar_method_name(expr->kind));
	if (expr->b)
		add_expr(out, expr->b, LEVEL_EXPR);
	gh_buf_add_byte(out, ')');
}

static void add_bare(struct gh_buf *out, const struct gh_cedar_expr *expr)
{
	static const char *const vars[] = { "principal", "action", "resource", "context" };
	static const char *const relations[] = {
		[GH_CEDAR_EX_EQ] = "==", [GH_CEDAR_EX_NE] = "!=", [GH_CEDAR_EX_LT] = "<",
		[GH_CEDAR_EX_LE] = "<=", [GH_CEDAR_EX_GT] = ">",  [GH_CEDAR_EX_GE] = ">=",
		[GH_CEDAR_EX_IN] = "in",
	};

	switch (expr->kind) {
	case GH_CEDAR_EX_LITERAL: add_literal(out, &expr->constant); break;
	case GH_CEDAR_EX_VAR: gh_buf_add_str(out, vars[expr->var]); break;
	case GH_CEDAR_EX_IF: add_if(out, expr); break;
	case GH_CEDAR_EX_AND: add_binary(out, "&&", expr, LEVEL_AND, LEVEL_RELATION); break;
	case GH_CEDAR_EX_OR: add_binary(out, "||", expr, LEVEL_OR, LEVEL_AND); break;
	case GH_CEDAR_EX_NOT:
	case GH_CEDAR_EX_NEG: add_unary(out, expr); break;
	case GH_CEDAR_EX_ADD: add_binary(out, "+", expr, LEVEL_SUM, LEVEL_PRODUCT); break;
	case GH_CEDAR_EX_SUB: add_binary(out, "-", expr, LEVEL_SUM, LEVEL_PRODUCT); break;
	case GH_CEDAR_EX_MUL: add_binary(out, "*", expr, LEVEL_PRODUCT, LEVEL_UNARY); break;
	case GH_CEDAR_EX_LIKE:
		add_expr(out, expr->a, LEVEL_SUM);
		gh_buf_add_str(out, " like ");
		add_pattern(out, expr->pattern);
		break;
	case GH_CEDAR_EX_HAS:
		add_expr(out, expr->a, LEVEL_SUM);
		gh_buf_add_str(out, " has ");
		add_attribute_name(out, expr->name);
		break;
	case GH_CEDAR_EX_IS: add_is(out, expr); break;
	case GH_CEDAR_EX_GET: add_get(out, expr); break;
	case GH_CEDAR_EX_SET:
		gh_buf_add_byte(out, '[');
		add_items(out, expr, 0);
		gh_buf_add_byte(out, ']');
		break;
	case GH_CEDAR_EX_RECORD: add_record(out, expr); break;
	case GH_CEDAR_EX_CALL: add_call(out, expr); break;
	case GH_CEDAR_EX_CONTAINS:
	case GH_CEDAR_EX_CONTAINS_ALL:
	case GH_CEDAR_EX_CONTAINS_ANY:
	case GH_CEDAR_EX_GET_TAG:
	case GH_CEDAR_EX_HAS_TAG:
	case GH_CEDAR_EX_IS_EMPTY: add_method(out, expr); break;
	default: add_binary(out, relations[expr->kind], expr, LEVEL_SUM, LEVEL_SUM);
	}
}

static void add_expr(struct gh_buf *out, const struct gh_cedar_expr *expr, enum level level)
{
	if (out->failed)
		return;
	bool brackets = level_of(expr) < level;
	gh_buf_add_str(out, brackets ? "(" : "");
	add_bare(out, expr);
	gh_buf_add_str(out, brackets ? ")" : "");
}

/* A condition that fits stays on its line; otherwise its topmost && or || chain breaks. */
static void add_chain(struct gh_buf *out, const struct gh_cedar_expr *expr,
                      enum gh_cedar_expr_kind kind)
{
	bool and = kind == GH_CEDAR_EX_AND;

	if (expr->kind != kind) {
		add_expr(out, expr, and? LEVEL_AND : LEVEL_OR);
		return;
	}
	add_chain(out, expr->a, kind);
	gh_buf_add_str(out, and? " &&\n  " : " ||\n  ");
	add_expr(out, expr->b, and? LEVEL_RELATION : LEVEL_AND);
}

static void add_condition(struct gh_buf *out, const struct gh_cedar_condition *condition)
{
	const struct gh_cedar_expr *expr = condition->expr;
	size_t before = out->len;

	gh_buf_add_str(out, condition->unless ? "\nunless { " : "\nwhen { ");
	add_expr(out, expr, LEVEL_EXPR);
	gh_buf_add_str(out, " }");
	if (out->failed || out->len - before <= LINE_WIDTH)
		return;
	out->len = before;
	gh_buf_add_str(out, condition->unless ? "\nunless {\n  " : "\nwhen {\n  ");
	if (expr->kind == GH_CEDAR_EX_AND || expr->kind == GH_CEDAR_EX_OR)
		add_chain(out, expr, expr->kind);
	else
		add_expr(out, expr, LEVEL_EXPR);
	gh_buf_add_str(out, "\n}");
}

static void add_target(struct gh_buf *out, const struct gh_cedar_scope *scope, const char *slot)
{
	if (scope->slot)
		gh_buf_add_str(out, slot);
	else
		add_uid(out, scope->uid);
}

static void add_scope(struct gh_buf *out, const struct gh_cedar_scope *scope, const char *name,
                      const char *slot)
{
	gh_buf_add_str(out, name);
	if (scope->kind == GH_CEDAR_SCOPE_IS || scope->kind == GH_CEDAR_SCOPE_IS_IN) {
		gh_buf_add_str(out, " is ");
		gh_buf_add_slice(out, gh_cedar_name_slice(scope->type));
	}
	switch (scope->kind) {
	case GH_CEDAR_SCOPE_ANY:
	case GH_CEDAR_SCOPE_IS: break;
	case GH_CEDAR_SCOPE_EQ:
		gh_buf_add_str(out, " == ");
		add_target(out, scope, slot);
		break;
	case GH_CEDAR_SCOPE_IN:
	case GH_CEDAR_SCOPE_IS_IN:
		gh_buf_add_str(out, " in ");
		add_target(out, scope, slot);
		break;
	case GH_CEDAR_SCOPE_LIST:
		gh_buf_add_str(out, " in [");
		for (uint32_t i = 0; i < scope->uid_count; i++) {
			gh_buf_add_str(out, i ? ", " : "");
			add_uid(out, scope->uids[i]);
		}
		gh_buf_add_byte(out, ']');
		break;
	}
}

void gh_cedar_format_policy(const struct gh_cedar_policy *policy, struct gh_buf *out)
{
	for (uint32_t i = 0; i < policy->annotation_count; i++) {
		gh_buf_add_byte(out, '@');
		gh_buf_add_slice(out, gh_cedar_name_slice(policy->annotations[i].key));
		if (policy->annotations[i].has_value) {
			gh_buf_add_byte(out, '(');
			add_quoted(out, gh_cedar_name_slice(policy->annotations[i].value));
			gh_buf_add_byte(out, ')');
		}
		gh_buf_add_byte(out, '\n');
	}
	bool bare = policy->principal.kind == GH_CEDAR_SCOPE_ANY &&
	            policy->action.kind == GH_CEDAR_SCOPE_ANY &&
	            policy->resource.kind == GH_CEDAR_SCOPE_ANY;
	gh_buf_add_str(out, policy->forbid ? "forbid (" : "permit (");
	gh_buf_add_str(out, bare ? "" : "\n  ");
	add_scope(out, &policy->principal, "principal", "?principal");
	gh_buf_add_str(out, bare ? ", " : ",\n  ");
	add_scope(out, &policy->action, "action", "");
	gh_buf_add_str(out, bare ? ", " : ",\n  ");
	add_scope(out, &policy->resource, "resource", "?resource");
	gh_buf_add_str(out, bare ? ")" : "\n)");
	for (uint32_t i = 0; i < policy->condition_count; i++)
		add_condition(out, &policy->conditions[i]);
	gh_buf_add_str(out, ";\n");
}

void gh_cedar_format_set(const struct gh_cedar_policy_set *set, struct gh_buf *out)
{
	bool first = true;

	for (size_t i = 0; i < set->policies.count; i++) {
		if (set->policies.items[i]->template_body)
			continue;
		gh_buf_add_str(out, first ? "" : "\n");
		first = false;
		gh_cedar_format_policy(set->policies.items[i], out);
	}
}
