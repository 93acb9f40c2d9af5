/* Schemas: what is taken, what is refused and where, and that policies are held against them. */
#include "policy_test.h"

#include "policy/cedar/checker.h"
#include "policy/cedar/schema.h"

struct loaded {
	struct gh_cedar_space *space;
	struct gh_cedar_schema *schema;
	struct gh_cedar_diagnostic why;
	enum gh_code code;
};

static struct loaded load(const char *text)
{
	struct loaded out = { .space = gh_cedar_space_new(NULL, WORLD_LIMIT) };

	out.code = gh_cedar_checker()->load(out.space, gh_slice_str(text), text[0] == '{',
	                                    &out.schema, &out.why);
	return out;
}

static void unload(struct loaded *loaded)
{
	if (loaded->schema)
		gh_cedar_checker()->free(loaded->schema);
	gh_cedar_space_free(loaded->space);
}

static void a_schema_text_is_taken(void **state)
{
	static const char *const texts[] = {
		"",
		"// nothing but a comment",
		"entity User;",
		"entity User, Admin in [Group] = { name: String, age?: Long }; entity Group in "
		"[Group];",
		"entity User { \"a b\": Set<Long>, } tags Set<String>;",
		"entity Color enum [\"red\", \"blue\"];",
		"action view, \"edit all\" appliesTo { principal: U, resource: [U, V], context: { "
		"ip: "
		"ipaddr } }; entity U; entity V;",
		"action read; action view in [read]; action edit in Action::\"read\";",
		"type T = { u: U }; entity U = { next?: __cedar::Long, t: Set<Set<Bool>> }; action "
		"a "
		"appliesTo { principal: U, resource: U, context: T };",
		"namespace A { entity U in B::G = {}; action x appliesTo { principal: [U], "
		"resource: "
		"B::G }; } namespace B { entity G; }",
		"@doc(\"x\") namespace N { @id(\"e\") entity E = { @a b: Long }; @deprecated "
		"action "
		"c; }",
		"entity in_, principal, action, type, namespace_;",
		"action a attributes {};",
		"entity a = { \"if\": Long, \"true\": Bool, __cedar: Long }; action __cedar;",
		"entity U in []; entity C enum [\"a\", \"a\"];",
		"entity U { a: Action, b: N::Action }; action x; namespace N { action y; entity V "
		"tags "
		"Action; }",
		"{\"N\":{\"annotations\":{\"in\":\"x\"},\"entityTypes\":{\"U\":{\"annotations\":{"
		"\"a\":"
		"null},\"shape\":{\"type\":\"Record\",\"attributes\":{\"a\":{\"type\":\"Long\","
		"\"required\":false,\"annotations\":{\"b\":\"\"}}}}}},\"actions\":{}}}",
		"namespace N { type L = Long; entity E = { l: L }; }",
	};
	for (size_t i = 0; i < GH_ARRAY_LEN(texts); i++) {
		struct loaded loaded = load(texts[i]);
		if (loaded.code != GH_OK)
			fail_msg("%s: %u:%u: %s", texts[i], loaded.why.line, loaded.why.column,
			         loaded.why.text);
		unload(&loaded);
	}
}

static void a_wrong_schema_is_refused_where_it_is_wrong(void **state)
{
	static const struct {
		const char *text;
		unsigned line, column;
	} cases[] = {
		{ "entity", 1, 7 },
		{ "entity User", 1, 12 },
		{ "entity User;\nentity User;", 2, 8 },
		{ "entity Action;", 1, 8 },
		{ "type Long = String;", 1, 6 },
		{ "type A = B; type B = A;", 1, 22 },
		{ "entity U = { a: Missing };", 1, 17 },
		{ "entity U in Missing;", 1, 13 },
		{ "entity U = { a: Long, a: Long };", 1, 12 },
		{ "entity E enum [];", 1, 16 },
		{ "entity E enum [\"a\",];", 1, 20 },
		{ "entity U in [G,]; entity G;", 1, 16 },
		{ "action a in [b,]; action b;", 1, 16 },
		{ "action a in [];", 1, 14 },
		{ "action a in [is]; action \"is\";", 1, 14 },
		{ "action in;", 1, 8 },
		{ "entity U = { if: Long };", 1, 14 },
		{ "action a in [b];", 1, 14 },
		{ "action a in [b]; action b in [a];", 1, 8 },
		{ "action a appliesTo { principal: U };", 1, 36 },
		{ "action a appliesTo { principal: [], resource: U }; entity U;", 1, 33 },
		{ "action a appliesTo { principal: U, resource: U, context: Long }; entity U;", 1,
		  58 },
		{ "entity U; namespace N { entity U; }", 1, 32 },
		{ "action a; namespace N { action a; }", 1, 32 },
		{ "namespace N {} namespace N {}", 1, 26 },
		{ "namespace __cedar { entity U; }", 1, 11 },
		{ "entity if;", 1, 8 },
		{ "@a @a entity U;", 1, 5 },
		{ "entity U = Set<Long>;", 1, 12 },
		{ "entity U = { a: Set<Long };", 1, 26 },
		{ "{\"\":{\"entityTypes\":{},\"actions\":{},\"x\":1}}", 1, 40 },
		{ "{\"\":{\"entityTypes\":{}}}", 1, 5 },
		{ "entity U { a: Action };", 1, 15 },
		{ "entity U in Action; action x;", 1, 13 },
		{ "{\"\":{\"annotations\":{},\"entityTypes\":{},\"actions\":{}}}", 1, 5 },
		{ "{\"\":{\"entityTypes\":{\"U\":{\"annotations\":[]}},\"actions\":{}}}", 1, 40 },
		{ "{\"\":{\"entityTypes\":{\"U\":{\"annotations\":{\"a "
		  "b\":\"\"}}},\"actions\":{}}}",
		  1, 47 },
		{ "{\"\":{\"entityTypes\":{\"U\":{\"tags\":{\"type\":\"Long\",\"required\":true}}},"
		  "\"actions\":{}}}",
		  1, 59 },
		{ "{\"\":{\"entityTypes\":{\"U\":{\"shape\":{\"type\":\"Record\",\"attributes\":{"
		  "\"a\":{"
		  "\"type\":\"Nope\"}}}}},\"actions\":{}}}",
		  1, 69 },
		{ "{\"\":{\"entityTypes\":{\"U\":{\"shape\":{\"type\":\"Record\",\"attributes\":{},"
		  "\"additionalAttributes\":true}}},\"actions\":{}}}",
		  1, 90 },
	};
	for (size_t i = 0; i < GH_ARRAY_LEN(cases); i++) {
		struct loaded loaded = load(cases[i].text);
		if (loaded.code != GH_E_FORMAT || loaded.why.line != cases[i].line ||
		    loaded.why.column != cases[i].column)
			fail_msg("%s: %s at %u:%u: %s", cases[i].text, gh_code_name(loaded.code),
			         loaded.why.line, loaded.why.column, loaded.why.text);
		unload(&loaded);
	}
}

static void deep_nesting_and_long_chains_are_bounded(void **state)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf text = { 0 };

	gh_buf_add_str(&text, "entity U = { a: ");
	for (int i = 0; i < 100000; i++)
		gh_buf_add_str(&text, "Set<");
	struct loaded loaded = load(gh_buf_cstr(&text));
	assert_int_not_equal(loaded.code, GH_OK);
	unload(&loaded);
	gh_buf_clear(&text);
	for (int i = 0; i < 5000; i++)
		gh_buf_addf(&text, "type T%d = { a: T%d };", i, i + 1);
	gh_buf_add_str(&text, "type T5000 = Long;");
	loaded = load(gh_buf_cstr(&text));
	assert_int_equal(loaded.code, GH_E_LIMIT);
	unload(&loaded);
}

/* A type that holds two of the one before: 2^60 leaves when it is walked instead of shared. */
static void a_type_that_doubles_costs_no_more_than_its_text(void **state)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf text = { 0 };
	struct world world;
	struct gh_cedar_schema *schema;
	struct gh_cedar_diagnostic why;

	gh_buf_add_str(&text, "type T0 = Long;");
	for (int i = 0; i < 60; i++)
		gh_buf_addf(&text, "type T%d = { a: T%d, b: T%d };", i + 1, i, i);
	gh_buf_add_str(&text, "entity U = { t: T60, u: T60 }; action x appliesTo { principal: U, "
	                      "resource: U };");
	world_rules(&world,
	            "permit(principal, action, resource) when { principal.t == resource.u };");
	assert_ok(gh_cedar_checker()->load(world.rules, gh_buf_slice(&text), false, &schema, &why));
	assert_ok(gh_cedar_checker()->validate(schema, world.set, true, NULL, NULL));
	gh_cedar_checker()->free(schema);
	world_close(&world);
}

/* ---- policies ---- */

static const char photos[] =
    "entity Group; entity User in Group = { name: String, age?: Long, boss?: User, tags_: "
    "Set<String> } tags String;"
    "entity Album; entity Photo in Album = { owner: User, meta: { size: Long, note?: String } };"
    "entity Color enum [\"red\", \"blue\"];"
    "action all; action view, edit in all appliesTo { principal: User, resource: Photo, context: "
    "{ ip: ipaddr, at?: datetime } };"
    "action list in all appliesTo { principal: [User, Group], resource: Album };";

struct first {
	char text[200];
	struct gh_cedar_span span;
	size_t count;
};

static void keep(void *user, const struct gh_cedar_finding *finding)
{
	struct first *first = user;

	if (first->count++ == 0) {
		snprintf(first->text, sizeof first->text, "%s", finding->where.text);
		first->span = finding->where.span;
	}
}

static enum gh_code check(const char *policy, bool strict, struct first *first)
{
	struct gh_cedar_schema *schema;
	struct gh_cedar_diagnostic why;
	struct world world;

	memset(first, 0, sizeof *first);
	world_rules(&world, policy);
	assert_ok(
	    gh_cedar_checker()->load(world.rules, gh_slice_str(photos), false, &schema, &why));
	enum gh_code code = gh_cedar_checker()->validate(schema, world.set, strict, keep, first);
	gh_cedar_checker()->free(schema);
	world_close(&world);
	return code;
}

#define VIEW(condition)                                                                            \
	"permit(principal, action == Action::\"view\", resource) when { " condition " };"

static void a_policy_that_fits_is_valid(void **state)
{
	static const char *const policies[] = {
		"permit(principal, action, resource);",
		"permit(principal == User::\"a\", action in Action::\"all\", resource in "
		"Album::\"x\");",
		"permit(principal in Group::\"g\", action in [Action::\"view\", Action::\"edit\"], "
		"resource is Photo in Album::\"x\");",
		VIEW("principal.name == \"x\" && resource.meta.size > 3"),
		VIEW("principal has age && principal.age > 17"),
		VIEW("principal has boss && principal.boss has age && principal.boss.age > 1"),
		VIEW("principal has boss.age && principal.boss.age > 1"),
		VIEW("resource.meta has note && resource.meta.note like \"a*\""),
		VIEW("context.ip.isInRange(ip(\"10.0.0.0/8\"))"),
		VIEW("context has at && context.at < datetime(\"2030-01-01\")"),
		VIEW("if principal has age then principal.age == 3 else false"),
		VIEW("principal.hasTag(\"t\") && principal.getTag(\"t\") == \"v\""),
		VIEW("principal.tags_.contains(\"x\") || principal.tags_.isEmpty()"),
		VIEW("resource.owner == principal"),
		VIEW("principal != resource"),
		VIEW("Color::\"red\" == Color::\"blue\""),
		/* behind what is known to be false nothing is looked at */
		VIEW("action == Action::\"edit\" && principal.missing"),
		VIEW("false && principal.missing == 3"),
		"permit(principal, action, resource) when { principal is User && principal.name == "
		"\"x\" };",
		"permit(principal, action, resource) unless { resource is Album || "
		"resource.meta.size == 1 };",
		"permit(principal == ?principal, action == Action::\"view\", resource in "
		"?resource);",
	};
	for (size_t i = 0; i < GH_ARRAY_LEN(policies); i++) {
		struct first first;
		if (check(policies[i], true, &first) != GH_OK)
			fail_msg("%s: %s", policies[i], first.text);
	}
}

static void a_policy_that_does_not_fit_is_refused_with_a_reason(void **state)
{
	static const struct {
		const char *policy, *says;
	} cases[] = {
		{ "permit(principal is Usr, action, resource);", "Usr is not declared" },
		{ "permit(principal == Group::\"g\", action == Action::\"view\", resource);",
		  "no action applies" },
		{ "permit(principal, action == Action::\"veiw\", resource);", "veiw is not" },
		{ "permit(principal, action in [], resource);", "empty list" },
		{ VIEW("principal.nam == \"x\""), "is name meant?" },
		{ VIEW("principal.age > 3"), "ask `has age`" },
		{ VIEW("principal has age || principal.age > 3"), "ask `has age`" },
		{ VIEW("!(principal has age) && principal.age > 3"), "ask `has age`" },
		{ VIEW("resource has age && principal.age > 3"), "" },
		{ VIEW("principal has boss && principal.boss.age > 1"), "ask `has age`" },
		{ VIEW("principal.name > 3"), "expected Long, datetime or duration" },
		{ VIEW("principal.name == 3"), "String and Long are not compatible" },
		{ VIEW("principal.tags_.contains(3)"), "not compatible" },
		{ VIEW("[] == principal.tags_"), "empty set" },
		{ VIEW("[1, \"a\"].contains(1)"), "not compatible" },
		{ VIEW("principal.getTag(\"t\") == \"v\""), "ask hasTag()" },
		{ VIEW("principal.hasTag(\"t\") && principal.getTag(\"u\") == \"v\""), "hasTag()" },
		{ VIEW("resource.hasTag(\"t\") || resource.getTag(\"t\") == \"x\""), "no tags" },
		{ VIEW("ip(principal.name).isIpv4()"), "written out" },
		{ VIEW("ip(\"300.0.0.1\").isIpv4()"), "no ip" },
		{ VIEW("context.ip.isInRange(ip(\"1.1.1.1\"), 3)"), "takes 2 arguments" },
		{ VIEW("context.at < datetime(\"2030-01-01\")"), "ask `has at`" },
		{ VIEW("principal"), "expected Bool" },
		{ VIEW("principal in 3"), "an entity or a set" },
		{ VIEW("principal + 1 == 2"), "expected Long" },
		{ VIEW("Color::\"green\" == Color::\"red\""), "enumerated" },
		{ VIEW("false && User::\"x\" == Missing::\"y\""), "Missing is not declared" },
		{ "permit(principal, action, resource) when { principal.name == \"x\" };",
		  "Group has no attribute" },
	};
	for (size_t i = 0; i < GH_ARRAY_LEN(cases); i++) {
		struct first first;
		enum gh_code code = check(cases[i].policy, true, &first);
		if (cases[i].says[0] == 0) {
			assert_int_equal(code, GH_OK); /* never true, so never looked at */
			continue;
		}
		if (code != GH_E_DENIED || !strstr(first.text, cases[i].says))
			fail_msg("%s: %s: %s", cases[i].policy, gh_code_name(code), first.text);
		assert_true(first.span.end > first.span.start);
		assert_true(first.span.end <= strlen(cases[i].policy));
	}
}

static void a_list_of_actions_of_two_types_is_refused_strictly(void **state)
{
	static const char text[] =
	    "entity U; action a appliesTo { principal: U, resource: U };"
	    "namespace N { action b appliesTo { principal: U, resource: U }; }";
	struct gh_cedar_schema *schema;
	struct gh_cedar_diagnostic why;
	struct first first = { .count = 0 };
	struct world world;

	world_rules(&world,
	            "permit(principal, action in [Action::\"a\", N::Action::\"b\"], resource);");
	assert_ok(gh_cedar_checker()->load(world.rules, gh_slice_str(text), false, &schema, &why));
	assert_code(gh_cedar_checker()->validate(schema, world.set, true, keep, &first),
	            GH_E_DENIED);
	assert_string_equal(first.text, "the types Action and N::Action are not compatible: write "
	                                "a policy for each");
	assert_ok(gh_cedar_checker()->validate(schema, world.set, false, NULL, NULL));
	gh_cedar_checker()->free(schema);
	world_close(&world);
}

static void permissive_validation_allows_what_cannot_err(void **state)
{
	static const char *const policies[] = {
		VIEW("principal.name == 3"),
		VIEW("[principal, resource].contains(principal)"),
		VIEW("principal.tags_.contains(3)"),
		VIEW("[] == principal.tags_"),
	};
	for (size_t i = 0; i < GH_ARRAY_LEN(policies); i++) {
		struct first first;
		assert_code(check(policies[i], true, &first), GH_E_DENIED);
		assert_ok(check(policies[i], false, &first));
	}
}

static void a_place_is_told_once_however_many_requests_it_fails_for(void **state)
{
	struct first first;

	assert_code(
	    check("permit(principal, action, resource) when { context.nothing };", true, &first),
	    GH_E_DENIED);
	assert_int_equal(first.count, 1);
}

/* ---- requests and entities ---- */

static void a_request_that_does_not_fit_is_refused(void **state)
{
	static const struct {
		const char *user_type, *action, *doc_type, *context;
		bool fits;
	} cases[] = {
		{ "User", "view", "Photo",
		  "{\"ip\":{\"__extn\":{\"fn\":\"ip\",\"arg\":\"1.1.1.1\"}}}", true },
		{ "User", "view", "Photo", "{}", false },
		{ "User", "view", "Photo", "{\"ip\":\"1.1.1.1\"}", false },
		{ "User", "view", "Photo",
		  "{\"ip\":{\"__extn\":{\"fn\":\"ip\",\"arg\":\"1.1.1.1\"}},\"more\":1}", false },
		{ "Group", "view", "Photo",
		  "{\"ip\":{\"__extn\":{\"fn\":\"ip\",\"arg\":\"1.1.1.1\"}}}", false },
		{ "Group", "list", "Album", "{}", true },
		{ "Group", "list", "Photo", "{}", false },
		{ "User", "all", "Photo", "{}", false },
		{ "User", "nothing", "Photo", "{}", false },
	};
	for (size_t i = 0; i < GH_ARRAY_LEN(cases); i++) {
		struct gh_cedar_schema *schema;
		struct gh_cedar_diagnostic why;
		struct world world;
		struct gh_cedar_request request;
		world_rules(&world, "");
		assert_ok(gh_cedar_checker()->load(world.rules, gh_slice_str(photos), false,
		                                   &schema, &why));
		request.principal = uid_in(world.rules, cases[i].user_type, "a");
		request.action = uid_in(world.rules, "Action", cases[i].action);
		request.resource = uid_in(world.rules, cases[i].doc_type, "d");
		assert_ok(gh_cedar_value_read(world.rules, gh_slice_str(cases[i].context), NULL,
		                              &request.context, &why));
		assert_int_equal(gh_cedar_checker()->validate_request(schema, &request) == GH_OK,
		                 cases[i].fits);
		gh_cedar_checker()->free(schema);
		world_close(&world);
	}
}

static void an_entity_that_does_not_fit_is_refused(void **state)
{
#define USER(rest) "[{\"uid\":{\"type\":\"User\",\"id\":\"a\"}," rest "}]"
	static const struct {
		const char *json;
		bool fits;
	} cases[] = {
		{ USER("\"attrs\":{\"name\":\"n\",\"tags_\":[]},\"parents\":[]"), true },
		{ USER("\"attrs\":{\"name\":\"n\",\"tags_\":[\"x\"],\"age\":3},\"parents\":[{"
		       "\"type\":"
		       "\"Group\",\"id\":\"g\"}],\"tags\":{\"k\":\"v\"}"),
		  true },
		{ USER("\"attrs\":{\"name\":\"n\"},\"parents\":[]"), false },
		{ USER("\"attrs\":{\"name\":1,\"tags_\":[]},\"parents\":[]"), false },
		{ USER("\"attrs\":{\"name\":\"n\",\"tags_\":[1]},\"parents\":[]"), false },
		{ USER("\"attrs\":{\"name\":\"n\",\"tags_\":[],\"x\":1},\"parents\":[]"), false },
		{ USER("\"attrs\":{\"name\":\"n\",\"tags_\":[]},\"parents\":[{\"type\":\"Album\","
		       "\"id\":\"g\"}]"),
		  false },
		{ USER("\"attrs\":{\"name\":\"n\",\"tags_\":[]},\"parents\":[],\"tags\":{\"k\":1}"),
		  false },
		{ "[{\"uid\":{\"type\":\"Color\",\"id\":\"red\"},\"attrs\":{},\"parents\":[]}]",
		  true },
		{ "[{\"uid\":{\"type\":\"Color\",\"id\":\"pink\"},\"attrs\":{},\"parents\":[]}]",
		  false },
		{ "[{\"uid\":{\"type\":\"Nope\",\"id\":\"a\"},\"attrs\":{},\"parents\":[]}]",
		  false },
		{ "[{\"uid\":{\"type\":\"Action\",\"id\":\"view\"},\"attrs\":{},\"parents\":[]}]",
		  false },
	};
	for (size_t i = 0; i < GH_ARRAY_LEN(cases); i++) {
		struct gh_cedar_schema *schema;
		struct gh_cedar_diagnostic why;
		struct world world;
		world_rules(&world, "");
		assert_ok(gh_cedar_checker()->load(world.rules, gh_slice_str(photos), false,
		                                   &schema, &why));
		world_facts(&world, cases[i].json);
		if ((gh_cedar_checker()->validate_entities(schema, world.entities) == GH_OK) !=
		    cases[i].fits)
			fail_msg("%s: %s", cases[i].json, gh_last_error()->text);
		gh_cedar_checker()->free(schema);
		world_close(&world);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_schema_text_is_taken),
		cmocka_unit_test(a_wrong_schema_is_refused_where_it_is_wrong),
		cmocka_unit_test(deep_nesting_and_long_chains_are_bounded),
		cmocka_unit_test(a_type_that_doubles_costs_no_more_than_its_text),
		cmocka_unit_test(a_policy_that_fits_is_valid),
		cmocka_unit_test(a_policy_that_does_not_fit_is_refused_with_a_reason),
		cmocka_unit_test(a_list_of_actions_of_two_types_is_refused_strictly),
		cmocka_unit_test(permissive_validation_allows_what_cannot_err),
		cmocka_unit_test(a_place_is_told_once_however_many_requests_it_fails_for),
		cmocka_unit_test(a_request_that_does_not_fit_is_refused),
		cmocka_unit_test(an_entity_that_does_not_fit_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
