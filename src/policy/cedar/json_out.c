/* Policies and values as Cedar JSON. Numbers are written as integers of 64 bits; a reader that puts
 * them into doubles loses digits, which is why text is the form that packs sign. */
#include <inttypes.h>
#include <stdio.h>

#include "policy/cedar/build.h"
#include "policy/cedar/json_tree.h"
#include "policy/cedar/lex.h"
#include "policy/cedar/set.h"

static void add_name(struct gh_buf *out, const struct gh_cedar_name *name)
{
	gh_cedar_json_add_string(out, gh_cedar_name_slice(name));
}

static void add_uid(struct gh_buf *out, const struct gh_cedar_uid *uid)
{
	gh_buf_add_str(out, "{\"type\":");
	add_name(out, uid->type);
	gh_buf_add_str(out, ",\"id\":");
	add_name(out, uid->id);
	gh_buf_add_byte(out, '}');
}

static void add_extension(struct gh_buf *out, const char *function, const char *text)
{
	gh_buf_addf(out, "{\"__extn\":{\"fn\":\"%s\",\"arg\":\"%s\"}}", function, text);
}

static void add_decimal(struct gh_buf *out, int64_t number)
{
	uint64_t size = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
	char text[40];

	snprintf(text, sizeof text, "%s%" PRIu64 ".%04" PRIu64, number < 0 ? "-" : "", size / 10000,
	         size % 10000);
	add_extension(out, "decimal", text);
}

/* Years outside 0000 to 9999 have no literal: those are the epoch plus an offset. */
static void add_datetime(struct gh_buf *out, int64_t millis)
{
	gh_buf_addf(out,
	            "{\"__extn\":{\"fn\":\"offset\",\"args\":[{\"__extn\":{\"fn\":\"datetime\","
	            "\"arg\":\"1970-01-01\"}},{\"__extn\":{\"fn\":\"duration\",\"arg\":\"%" PRId64
	            "ms\"}}]}}",
	            millis);
}

static void add_ip(struct gh_buf *out, const struct gh_cedar_ip *ip)
{
	char text[64];
	size_t len = 0;

	if (ip->v6)
		for (size_t i = 0; i < 16; i += 2)
			len += (size_t)snprintf(text + len, sizeof text - len, "%s%x", i ? ":" : "",
			                        ip->address[i] << 8 | ip->address[i + 1]);
	else
		for (size_t i = 12; i < 16; i++)
			len += (size_t)snprintf(text + len, sizeof text - len, "%s%u",
			                        i > 12 ? "." : "", ip->address[i]);
	snprintf(text + len, sizeof text - len, "/%u", ip->prefix);
	add_extension(out, "ip", text);
}

void gh_cedar_value_to_json(const struct gh_cedar_value *value, struct gh_buf *out)
{
	char text[40];

	switch (value->kind) {
	case GH_CEDAR_BOOL: gh_buf_add_str(out, value->truth ? "true" : "false"); break;
	case GH_CEDAR_LONG: gh_buf_addf(out, "%" PRId64, value->number); break;
	case GH_CEDAR_STRING: add_name(out, value->string); break;
	case GH_CEDAR_ENTITY:
		gh_buf_add_str(out, "{\"__entity\":");
		add_uid(out, value->entity);
		gh_buf_add_byte(out, '}');
		break;
	case GH_CEDAR_SET:
		gh_buf_add_byte(out, '[');
		for (uint32_t i = 0; i < value->set->count; i++) {
			gh_buf_add_str(out, i ? "," : "");
			gh_cedar_value_to_json(&value->set->items[i], out);
		}
		gh_buf_add_byte(out, ']');
		break;
	case GH_CEDAR_RECORD:
		gh_buf_add_byte(out, '{');
		for (uint32_t i = 0; i < value->record->count; i++) {
			gh_buf_add_str(out, i ? "," : "");
			add_name(out, value->record->fields[i].name);
			gh_buf_add_byte(out, ':');
			gh_cedar_value_to_json(&value->record->fields[i].value, out);
		}
		gh_buf_add_byte(out, '}');
		break;
	case GH_CEDAR_DECIMAL: add_decimal(out, value->number); break;
	case GH_CEDAR_DATETIME: add_datetime(out, value->number); break;
	case GH_CEDAR_DURATION:
		snprintf(text, sizeof text, "%" PRId64 "ms", value->number);
		add_extension(out, "duration", text);
		break;
	case GH_CEDAR_IPADDR: add_ip(out, value->ip); break;
	}
}

static void add_expr(struct gh_buf *out, const struct gh_cedar_expr *expr);

static const char *const binary_names[] = {
	[GH_CEDAR_EX_AND] = "&&", [GH_CEDAR_EX_OR] = "||", [GH_CEDAR_EX_EQ] = "==",
	[GH_CEDAR_EX_NE] = "!=",  [GH_CEDAR_EX_LT] = "<",  [GH_CEDAR_EX_LE] = "<=",
	[GH_CEDAR_EX_GT] = ">",   [GH_CEDAR_EX_GE] = ">=", [GH_CEDAR_EX_ADD] = "+",
	[GH_CEDAR_EX_SUB] = "-",  [GH_CEDAR_EX_MUL] = "*", [GH_CEDAR_EX_IN] = "in",
};

static void add_binary(struct gh_buf *out, const char *name, const struct gh_cedar_expr *expr)
{
	gh_buf_addf(out, "{\"%s\":{\"left\":", name);
	add_expr(out, expr->a);
	gh_buf_add_str(out, ",\"right\":");
	add_expr(out, expr->b);
	gh_buf_add_str(out, "}}");
}

static void add_unary(struct gh_buf *out, const char *name, const struct gh_cedar_expr *expr)
{
	gh_buf_addf(out, "{\"%s\":{\"arg\":", name);
	add_expr(out, expr->a);
	gh_buf_add_str(out, "}}");
}

static void add_attribute(struct gh_buf *out, const char *name, const struct gh_cedar_expr *expr)
{
	gh_buf_addf(out, "{\"%s\":{\"left\":", name);
	add_expr(out, expr->a);
	gh_buf_add_str(out, ",\"attr\":");
	add_name(out, expr->name);
	gh_buf_add_str(out, "}}");
}

static void add_is(struct gh_buf *out, const struct gh_cedar_expr *expr)
{
	gh_buf_add_str(out, "{\"is\":{\"left\":");
	add_expr(out, expr->a);
	gh_buf_add_str(out, ",\"entity_type\":");
	add_name(out, expr->name);
	if (expr->b) {
		gh_buf_add_str(out, ",\"in\":");
		add_expr(out, expr->b);
	}
	gh_buf_add_str(out, "}}");
}

static void add_pattern(struct gh_buf *out, const struct gh_cedar_pattern *pattern)
{
	gh_buf_add_byte(out, '[');
	for (uint32_t i = 0; i < pattern->count;) {
		gh_buf_add_str(out, i ? "," : "");
		if (pattern->chars[i] == GH_CEDAR_WILDCARD) {
			gh_buf_add_str(out, "\"Wildcard\"");
			i++;
			continue;
		}
		struct gh_buf literal = { 0 };
		for (; i < pattern->count && pattern->chars[i] != GH_CEDAR_WILDCARD; i++)
			gh_cedar_add_utf8(&literal, pattern->chars[i]);
		gh_buf_add_str(out, "{\"Literal\":");
		gh_cedar_json_add_string(out, gh_buf_slice(&literal));
		gh_buf_add_byte(out, '}');
		gh_buf_free(&literal);
	}
	gh_buf_add_byte(out, ']');
}

static void add_list(struct gh_buf *out, const struct gh_cedar_expr *expr, char open, char close)
{
	gh_buf_add_byte(out, (uint8_t)open);
	for (uint32_t i = 0; i < expr->count; i++) {
		gh_buf_add_str(out, i ? "," : "");
		if (expr->kind == GH_CEDAR_EX_RECORD) {
			add_name(out, expr->names[i]);
			gh_buf_add_byte(out, ':');
		}
		add_expr(out, expr->items[i]);
	}
	gh_buf_add_byte(out, (uint8_t)close);
}

static void add_other(struct gh_buf *out, const struct gh_cedar_expr *expr)
{
	static const char *const vars[] = { "principal", "action", "resource", "context" };

	switch (expr->kind) {
	case GH_CEDAR_EX_LITERAL:
		gh_buf_add_str(out, "{\"Value\":");
		gh_cedar_value_to_json(&expr->constant, out);
		gh_buf_add_byte(out, '}');
		break;
	case GH_CEDAR_EX_VAR: gh_buf_addf(out, "{\"Var\":\"%s\"}", vars[expr->var]); break;
	case GH_CEDAR_EX_IF:
		gh_buf_add_str(out, "{\"if-then-else\":{\"if\":");
		add_expr(out, expr->a);
		gh_buf_add_str(out, ",\"then\":");
		add_expr(out, expr->b);
		gh_buf_add_str(out, ",\"else\":");
		add_expr(out, expr->c);
		gh_buf_add_str(out, "}}");
		break;
	case GH_CEDAR_EX_LIKE:
		gh_buf_add_str(out, "{\"like\":{\"left\":");
		add_expr(out, expr->a);
		gh_buf_add_str(out, ",\"pattern\":");
		add_pattern(out, expr->pattern);
		gh_buf_add_str(out, "}}");
		break;
	case GH_CEDAR_EX_SET:
		gh_buf_add_str(out, "{\"Set\":");
		add_list(out, expr, '[', ']');
		gh_buf_add_byte(out, '}');
		break;
	case GH_CEDAR_EX_RECORD:
		gh_buf_add_str(out, "{\"Record\":");
		add_list(out, expr, '{', '}');
		gh_buf_add_byte(out, '}');
		break;
	default:
		gh_buf_addf(out, "{\"%s\":", gh_cedar_functions[expr->function].name);
		add_list(out, expr, '[', ']');
		gh_buf_add_byte(out, '}');
	}
}

static void add_expr(struct gh_buf *out, const struct gh_cedar_expr *expr)
{
	if (out->failed)
		return;
	switch (expr->kind) {
	case GH_CEDAR_EX_NOT: add_unary(out, "!", expr); break;
	case GH_CEDAR_EX_NEG: add_unary(out, "neg", expr); break;
	case GH_CEDAR_EX_IS_EMPTY: add_unary(out, "isEmpty", expr); break;
	case GH_CEDAR_EX_GET: add_attribute(out, ".", expr); break;
	case GH_CEDAR_EX_HAS: add_attribute(out, "has", expr); break;
	case GH_CEDAR_EX_IS: add_is(out, expr); break;
	case GH_CEDAR_EX_AND:
	case GH_CEDAR_EX_OR:
	case GH_CEDAR_EX_EQ:
	case GH_CEDAR_EX_NE:
	case GH_CEDAR_EX_LT:
	case GH_CEDAR_EX_LE:
	case GH_CEDAR_EX_GT:
	case GH_CEDAR_EX_GE:
	case GH_CEDAR_EX_ADD:
	case GH_CEDAR_EX_SUB:
	case GH_CEDAR_EX_MUL:
	case GH_CEDAR_EX_IN: add_binary(out, binary_names[expr->kind], expr); break;
	case GH_CEDAR_EX_CONTAINS:
	case GH_CEDAR_EX_CONTAINS_ALL:
	case GH_CEDAR_EX_CONTAINS_ANY:
	case GH_CEDAR_EX_GET_TAG:
	case GH_CEDAR_EX_HAS_TAG: add_binary(out, gh_cedar_method_name(expr->kind), expr); break;
	default: add_other(out, expr);
	}
}

static void add_target(struct gh_buf *out, const struct gh_cedar_scope *scope, const char *slot)
{
	if (scope->slot) {
		gh_buf_addf(out, "\"slot\":\"%s\"", slot);
	} else {
		gh_buf_add_str(out, "\"entity\":");
		add_uid(out, scope->uid);
	}
}

static void add_scope(struct gh_buf *out, const struct gh_cedar_scope *scope, const char *slot)
{
	switch (scope->kind) {
	case GH_CEDAR_SCOPE_ANY: gh_buf_add_str(out, "{\"op\":\"All\""); break;
	case GH_CEDAR_SCOPE_EQ:
	case GH_CEDAR_SCOPE_IN:
		gh_buf_addf(out, "{\"op\":\"%s\",", scope->kind == GH_CEDAR_SCOPE_EQ ? "==" : "in");
		add_target(out, scope, slot);
		break;
	case GH_CEDAR_SCOPE_IS:
	case GH_CEDAR_SCOPE_IS_IN:
		gh_buf_add_str(out, "{\"op\":\"is\",\"entity_type\":");
		add_name(out, scope->type);
		if (scope->kind == GH_CEDAR_SCOPE_IS_IN) {
			gh_buf_add_str(out, ",\"in\":{");
			add_target(out, scope, slot);
			gh_buf_add_byte(out, '}');
		}
		break;
	case GH_CEDAR_SCOPE_LIST:
		gh_buf_add_str(out, "{\"op\":\"in\",\"entities\":[");
		for (uint32_t i = 0; i < scope->uid_count; i++) {
			gh_buf_add_str(out, i ? "," : "");
			add_uid(out, scope->uids[i]);
		}
		gh_buf_add_byte(out, ']');
		break;
	}
	gh_buf_add_byte(out, '}');
}

gh_result gh_cedar_policy_to_json(const struct gh_cedar_policy *policy, struct gh_buf *out)
{
	gh_buf_addf(out, "{\"effect\":\"%s\",\"principal\":", policy->forbid ? "forbid" : "permit");
	add_scope(out, &policy->principal, "?principal");
	gh_buf_add_str(out, ",\"action\":");
	add_scope(out, &policy->action, "");
	gh_buf_add_str(out, ",\"resource\":");
	add_scope(out, &policy->resource, "?resource");
	gh_buf_add_str(out, ",\"conditions\":[");
	for (uint32_t i = 0; i < policy->condition_count; i++) {
		gh_buf_addf(out, "%s{\"kind\":\"%s\",\"body\":", i ? "," : "",
		            policy->conditions[i].unless ? "unless" : "when");
		add_expr(out, policy->conditions[i].expr);
		gh_buf_add_byte(out, '}');
	}
	gh_buf_add_byte(out, ']');
	for (uint32_t i = 0; i < policy->annotation_count; i++) {
		gh_buf_add_str(out, i ? "," : ",\"annotations\":{");
		add_name(out, policy->annotations[i].key);
		gh_buf_add_byte(out, ':');
		if (policy->annotations[i].has_value)
			add_name(out, policy->annotations[i].value);
		else
			gh_buf_add_str(out, "null");
	}
	gh_buf_add_str(out, policy->annotation_count ? "}}" : "}");
	return gh_buf_check(out);
}

static gh_result add_members(const struct gh_cedar_policy_set *set, bool templates,
                             struct gh_buf *out)
{
	bool comma = false;

	for (size_t i = 0; i < set->policies.count; i++) {
		const struct gh_cedar_policy *policy = set->policies.items[i];
		if (policy->template_body || policy->is_template != templates)
			continue;
		gh_buf_add_str(out, comma ? "," : "");
		comma = true;
		add_name(out, policy->id);
		gh_buf_add_byte(out, ':');
		GH_TRY(gh_cedar_policy_to_json(policy, out));
	}
	return GH_OK;
}

static void add_link(struct gh_buf *out, const struct gh_cedar_policy *link)
{
	const struct gh_cedar_policy *body = link->template_body;

	gh_buf_add_str(out, "{\"templateId\":");
	add_name(out, body->id);
	gh_buf_add_str(out, ",\"newId\":");
	add_name(out, link->id);
	gh_buf_add_str(out, ",\"values\":{");
	if (body->principal.slot) {
		gh_buf_add_str(out, "\"?principal\":");
		add_uid(out, link->principal.uid);
	}
	if (body->resource.slot) {
		gh_buf_add_str(out, body->principal.slot ? ",\"?resource\":" : "\"?resource\":");
		add_uid(out, link->resource.uid);
	}
	gh_buf_add_str(out, "}}");
}

gh_result gh_cedar_policy_set_to_json(const struct gh_cedar_policy_set *set, struct gh_buf *out)
{
	bool comma = false;

	gh_buf_add_str(out, "{\"staticPolicies\":{");
	GH_TRY(add_members(set, false, out));
	gh_buf_add_str(out, "},\"templates\":{");
	GH_TRY(add_members(set, true, out));
	gh_buf_add_str(out, "},\"templateLinks\":[");
	for (size_t i = 0; i < set->policies.count; i++) {
		if (!set->policies.items[i]->template_body)
			continue;
		gh_buf_add_str(out, comma ? "," : "");
		comma = true;
		add_link(out, set->policies.items[i]);
	}
	gh_buf_add_str(out, "]}");
	return gh_buf_check(out);
}
