/* value.h: what a Cedar expression can be. Values are immutable; sets and records point into the
 * arena they were built in. Names and uids are interned (symbol.h). */
#ifndef GH_POLICY_CEDAR_VALUE_H
#define GH_POLICY_CEDAR_VALUE_H

#include "policy/cedar/symbol.h"

enum gh_cedar_kind {
	GH_CEDAR_BOOL,
	GH_CEDAR_LONG,
	GH_CEDAR_STRING,
	GH_CEDAR_ENTITY,
	GH_CEDAR_SET,
	GH_CEDAR_RECORD,
	GH_CEDAR_DECIMAL,  /* number = value * 10^4 */
	GH_CEDAR_DATETIME, /* number = milliseconds since 1970-01-01T00:00:00Z */
	GH_CEDAR_DURATION, /* number = milliseconds */
	GH_CEDAR_IPADDR,
};

/* IPv4 is kept in the last four bytes of `address`. Host bits beyond the prefix are kept as
 * written: ip("10.0.0.1/8") and ip("10.0.0.0/8") are different values. */
struct gh_cedar_ip {
	uint8_t address[16];
	uint8_t prefix; /* 0..32 or 0..128 */
	bool v6;
};

struct gh_cedar_value {
	enum gh_cedar_kind kind;
	union {
		bool truth;
		int64_t number; /* LONG, DECIMAL, DATETIME, DURATION */
		const struct gh_cedar_name *string;
		const struct gh_cedar_uid *entity;
		const struct gh_cedar_set *set;
		const struct gh_cedar_record *record;
		const struct gh_cedar_ip *ip;
	};
};

struct gh_cedar_set {
	uint64_t hash;  /* of the items, whatever their order */
	uint32_t count; /* without duplicates */
	bool entities;  /* every item is an entity (true for the empty set) */
	bool sorted;    /* by kind and word: search by halves */
	struct gh_cedar_value items[];
};

struct gh_cedar_field {
	const struct gh_cedar_name *name;
	struct gh_cedar_value value;
};

struct gh_cedar_record {
	uint64_t hash;
	uint32_t count;
	struct gh_cedar_field fields[]; /* ascending by name pointer, no duplicates */
};

static inline struct gh_cedar_value gh_cedar_bool(bool truth)
{
	return (struct gh_cedar_value){ .kind = GH_CEDAR_BOOL, .truth = truth };
}
static inline struct gh_cedar_value gh_cedar_long(int64_t number)
{
	return (struct gh_cedar_value){ .kind = GH_CEDAR_LONG, .number = number };
}
static inline struct gh_cedar_value gh_cedar_string(const struct gh_cedar_name *string)
{
	return (struct gh_cedar_value){ .kind = GH_CEDAR_STRING, .string = string };
}
static inline struct gh_cedar_value gh_cedar_entity(const struct gh_cedar_uid *uid)
{
	return (struct gh_cedar_value){ .kind = GH_CEDAR_ENTITY, .entity = uid };
}

/* Equality of Cedar's `==`: false across kinds, sets without order. Never fails. */
bool gh_cedar_equal(const struct gh_cedar_value *a, const struct gh_cedar_value *b);
bool gh_cedar_set_has(const struct gh_cedar_set *set, const struct gh_cedar_value *value);
/* NULL when the record has no such field. */
const struct gh_cedar_value *gh_cedar_record_get(const struct gh_cedar_record *record,
                                                 const struct gh_cedar_name *name);

/* Build from `count` items or fields in any order; duplicates in a set are dropped, duplicate names
 * in a record are refused (GH_E_FORMAT). The input is copied into `arena`. */
gh_result gh_cedar_set_new(struct gh_arena *arena, const struct gh_cedar_value *items, size_t count,
                           struct gh_cedar_value *out);
gh_result gh_cedar_record_new(struct gh_arena *arena, const struct gh_cedar_field *fields,
                              size_t count, struct gh_cedar_value *out);

/* The same into memory of the caller with room for `count`; `items` may be the set's own, `fields`
 * the record's own. */
gh_result gh_cedar_set_fill(struct gh_cedar_set *set, const struct gh_cedar_value *items,
                            size_t count);
gh_result gh_cedar_record_fill(struct gh_cedar_record *record, const struct gh_cedar_field *fields,
                               size_t count);

/* The extension constructors, from their one string argument. False when the text has not the form
 * that Cedar asks for. */
bool gh_cedar_parse_decimal(struct gh_slice text, int64_t *out);
bool gh_cedar_parse_datetime(struct gh_slice text, int64_t *out);
bool gh_cedar_parse_duration(struct gh_slice text, int64_t *out);
bool gh_cedar_parse_ip(struct gh_slice text, struct gh_cedar_ip *out);

#endif
