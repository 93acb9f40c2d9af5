/* The extension functions on values, with Cedar's checks: the number of arguments, their kinds, and
 * 64-bit results that do not fit are errors of the policy, never wrapped. */
#include "policy/cedar/evaluate.h"

#define MS_PER_DAY INT64_C(86400000)

static bool is(const struct gh_cedar_value *value, enum gh_cedar_kind kind)
{
	return value->kind == kind;
}

static enum gh_cedar_fault construct(enum gh_cedar_function function,
                                     const struct gh_cedar_value *argument,
                                     struct gh_cedar_bump *bump, struct gh_cedar_value *out)
{
	struct gh_cedar_ip parsed;
	bool good = false;

	if (!is(argument, GH_CEDAR_STRING))
		return GH_CEDAR_FAULT_TYPE;
	struct gh_slice text = gh_cedar_name_slice(argument->string);
	switch (function) {
	case GH_CEDAR_FN_DECIMAL:
		out->kind = GH_CEDAR_DECIMAL;
		good = gh_cedar_parse_decimal(text, &out->number);
		break;
	case GH_CEDAR_FN_DATETIME:
		out->kind = GH_CEDAR_DATETIME;
		good = gh_cedar_parse_datetime(text, &out->number);
		break;
	case GH_CEDAR_FN_DURATION:
		out->kind = GH_CEDAR_DURATION;
		good = gh_cedar_parse_duration(text, &out->number);
		break;
	default: good = gh_cedar_parse_ip(text, &parsed); break;
	}
	if (!good)
		return GH_CEDAR_FAULT_EXTENSION;
	if (function == GH_CEDAR_FN_IP) {
		struct gh_cedar_ip *ip = gh_cedar_bump_take(bump, sizeof *ip);
		if (!ip)
			return GH_CEDAR_FAULT_LIMIT;
		*ip = parsed;
		*out = (struct gh_cedar_value){ .kind = GH_CEDAR_IPADDR, .ip = ip };
	}
	return GH_CEDAR_FAULT_NONE;
}

static bool compare_decimals(enum gh_cedar_function function, int64_t a, int64_t b)
{
	switch (function) {
	case GH_CEDAR_FN_LESS_THAN: return a < b;
	case GH_CEDAR_FN_LESS_THAN_OR_EQUAL: return a <= b;
	case GH_CEDAR_FN_GREATER_THAN: return a > b;
	default: return a >= b;
	}
}

/* The network of `inner` lies within that of `outer`. */
static bool in_range(const struct gh_cedar_ip *inner, const struct gh_cedar_ip *outer)
{
	size_t skip = outer->v6 ? 0 : 12;
	unsigned bits = outer->prefix;

	if (inner->v6 != outer->v6 || inner->prefix < outer->prefix)
		return false;
	for (size_t i = skip; bits; i++) {
		unsigned here = bits < 8 ? bits : 8;
		unsigned mask = 0xff00u >> here & 0xff;
		if ((inner->address[i] ^ outer->address[i]) & mask)
			return false;
		bits -= here;
	}
	return true;
}

static bool address_question(enum gh_cedar_function function, const struct gh_cedar_ip *ip)
{
	static const struct gh_cedar_ip loop4 = { .address = { [12] = 127 }, .prefix = 8 };
	static const struct gh_cedar_ip loop6 = { .address = { [15] = 1 },
		                                  .prefix = 128,
		                                  .v6 = true };
	static const struct gh_cedar_ip multi4 = { .address = { [12] = 224 }, .prefix = 4 };
	static const struct gh_cedar_ip multi6 = { .address = { 0xff }, .prefix = 8, .v6 = true };

	switch (function) {
	case GH_CEDAR_FN_IS_IPV4: return !ip->v6;
	case GH_CEDAR_FN_IS_IPV6: return ip->v6;
	case GH_CEDAR_FN_IS_LOOPBACK: return in_range(ip, ip->v6 ? &loop6 : &loop4);
	default: return in_range(ip, ip->v6 ? &multi6 : &multi4);
	}
}

/* Rounds down to midnight, also before 1970. */
static bool to_date(int64_t millis, int64_t *out)
{
	int64_t rest = millis % MS_PER_DAY;

	if (rest < 0)
		rest += MS_PER_DAY;
	return !__builtin_sub_overflow(millis, rest, out);
}

static int64_t to_time(int64_t millis)
{
	int64_t rest = millis % MS_PER_DAY;

	return rest < 0 ? rest + MS_PER_DAY : rest;
}

static enum gh_cedar_fault on_datetime(enum gh_cedar_function function,
                                       const struct gh_cedar_value *a,
                                       const struct gh_cedar_value *b, struct gh_cedar_value *out)
{
	bool fits = true;

	if (!is(a, GH_CEDAR_DATETIME))
		return GH_CEDAR_FAULT_TYPE;
	if (function == GH_CEDAR_FN_OFFSET) {
		if (!is(b, GH_CEDAR_DURATION))
			return GH_CEDAR_FAULT_TYPE;
		out->kind = GH_CEDAR_DATETIME;
		fits = !__builtin_add_overflow(a->number, b->number, &out->number);
	} else if (function == GH_CEDAR_FN_DURATION_SINCE) {
		if (!is(b, GH_CEDAR_DATETIME))
			return GH_CEDAR_FAULT_TYPE;
		out->kind = GH_CEDAR_DURATION;
		fits = !__builtin_sub_overflow(a->number, b->number, &out->number);
	} else if (function == GH_CEDAR_FN_TO_DATE) {
		out->kind = GH_CEDAR_DATETIME;
		fits = to_date(a->number, &out->number);
	} else {
		out->kind = GH_CEDAR_DURATION;
		out->number = to_time(a->number);
	}
	return fits ? GH_CEDAR_FAULT_NONE : GH_CEDAR_FAULT_EXTENSION;
}

static enum gh_cedar_fault on_duration(enum gh_cedar_function function,
                                       const struct gh_cedar_value *a, struct gh_cedar_value *out)
{
	static const int64_t unit_ms[] = { 1, 1000, 60000, 3600000, MS_PER_DAY };

	if (!is(a, GH_CEDAR_DURATION))
		return GH_CEDAR_FAULT_TYPE;
	*out = gh_cedar_long(a->number / unit_ms[function - GH_CEDAR_FN_TO_MILLISECONDS]);
	return GH_CEDAR_FAULT_NONE;
}

static enum gh_cedar_fault on_ip(enum gh_cedar_function function, const struct gh_cedar_value *a,
                                 const struct gh_cedar_value *b, struct gh_cedar_value *out)
{
	if (!is(a, GH_CEDAR_IPADDR))
		return GH_CEDAR_FAULT_TYPE;
	if (function != GH_CEDAR_FN_IS_IN_RANGE) {
		*out = gh_cedar_bool(address_question(function, a->ip));
		return GH_CEDAR_FAULT_NONE;
	}
	if (!is(b, GH_CEDAR_IPADDR))
		return GH_CEDAR_FAULT_TYPE;
	*out = gh_cedar_bool(in_range(a->ip, b->ip));
	return GH_CEDAR_FAULT_NONE;
}

enum gh_cedar_fault gh_cedar_apply(enum gh_cedar_function function,
                                   const struct gh_cedar_value *arguments, size_t count,
                                   struct gh_cedar_bump *bump, struct gh_cedar_value *out)
{
	if (count != gh_cedar_functions[function].arguments)
		return GH_CEDAR_FAULT_ARITY;
	const struct gh_cedar_value *a = &arguments[0], *b = &arguments[count - 1];
	switch (function) {
	case GH_CEDAR_FN_DECIMAL:
	case GH_CEDAR_FN_IP:
	case GH_CEDAR_FN_DATETIME:
	case GH_CEDAR_FN_DURATION: return construct(function, a, bump, out);
	case GH_CEDAR_FN_LESS_THAN:
	case GH_CEDAR_FN_LESS_THAN_OR_EQUAL:
	case GH_CEDAR_FN_GREATER_THAN:
	case GH_CEDAR_FN_GREATER_THAN_OR_EQUAL:
		if (!is(a, GH_CEDAR_DECIMAL) || !is(b, GH_CEDAR_DECIMAL))
			return GH_CEDAR_FAULT_TYPE;
		*out = gh_cedar_bool(compare_decimals(function, a->number, b->number));
		return GH_CEDAR_FAULT_NONE;
	case GH_CEDAR_FN_IS_IPV4:
	case GH_CEDAR_FN_IS_IPV6:
	case GH_CEDAR_FN_IS_LOOPBACK:
	case GH_CEDAR_FN_IS_MULTICAST:
	case GH_CEDAR_FN_IS_IN_RANGE: return on_ip(function, a, b, out);
	case GH_CEDAR_FN_OFFSET:
	case GH_CEDAR_FN_DURATION_SINCE:
	case GH_CEDAR_FN_TO_DATE:
	case GH_CEDAR_FN_TO_TIME: return on_datetime(function, a, b, out);
	default: return on_duration(function, a, out);
	}
}
