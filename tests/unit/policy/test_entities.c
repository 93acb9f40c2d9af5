/* Entity stores: what JSON they take, the closure, one store over another, and reading by type. */
#include "policy_test.h"

static enum gh_code read_facts(const char *json)
{
	struct gh_cedar_space *space = gh_cedar_space_new(NULL, WORLD_LIMIT);
	struct gh_cedar_entities *entities = gh_cedar_entities_new(space, NULL);
	enum gh_code code = gh_cedar_entities_read(entities, gh_slice_str(json), NULL, NULL);

	if (code == GH_OK)
		code = gh_cedar_entities_seal(entities);
	gh_cedar_entities_free(entities);
	gh_cedar_space_free(space);
	return code;
}

#define X(attrs)   "[{\"uid\":{\"type\":\"A\",\"id\":\"x\"},\"attrs\":" attrs ",\"parents\":[]}]"
#define P(parents) "[{\"uid\":{\"type\":\"A\",\"id\":\"x\"},\"attrs\":{},\"parents\":" parents "}]"

static void the_json_that_cedar_takes_is_taken(void **state)
{
	static const char *const good[] = {
		"[]",
		X("{\"a\":{\"__entity\":{\"type\":\"A::B\",\"id\":\"\\u0000\\ud83d\\ude00\"}}}"),
		X("{\"a\":{\"__extn\":{\"fn\":\"ip\",\"arg\":\"1.2.3.4\"}}}"),
		X("{\"a\":{\"__extn\":{\"fn\":\"offset\",\"args\":[{\"__extn\":{\"fn\":"
		  "\"datetime\","
		  "\"arg\":\"2020-01-01\"}},{\"__extn\":{\"fn\":\"duration\",\"arg\":\"1d\"}}]}}}"),
		X("{\"a\":[[],{}],\"\":-9223372036854775808,\"\\u0000\":true}"),
		X("{\"a\":{\"__entity\":\"not an escape\"}}"),
		P("[{\"__entity\":{\"type\":\"A\",\"id\":\"y\"}},{\"type\":\"A\",\"id\":\"y\"}]"),
		"[{\"uid\":{\"type\":\"A\",\"id\":\"x\"},\"attrs\":{},\"parents\":[]},"
		"{\"uid\":{\"type\":\"A\",\"id\":\"x\"},\"attrs\":{},\"parents\":[],\"more\":1}]",
	};

	(void)state;
	for (size_t i = 0; i < GH_ARRAY_LEN(good); i++)
		assert_ok(read_facts(good[i]));
}

static void other_json_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"{}",
		"[1]",
		"[{}]",
		"[]]",
		"[] x",
		X("{\"a\":null}"),
		X("{\"a\":1.5}"),
		X("{\"a\":1e3}"),
		X("{\"a\":9223372036854775808}"),
		X("{\"a\":1,\"a\":1}"),
		X("[]"),
		X("{\"a\":{\"__expr\":\"A::\\\"x\\\"\"}}"),
		X("{\"a\":{\"__extn\":{\"fn\":\"ip\",\"arg\":\"bad\"}}}"),
		X("{\"a\":{\"__extn\":{\"fn\":\"nope\",\"arg\":\"1\"}}}"),
		X("{\"a\":{\"__extn\":{\"fn\":\"ip\",\"args\":[]}}}"),
		X("{\"a\":{\"__entity\":{\"type\":\"A B\",\"id\":\"x\"}}}"),
		X("{\"a\":{\"__entity\":{\"type\":\"__cedar\",\"id\":\"x\"}}}"),
		X("{\"a\":\"\\ud800\"}"),
		X("{\"a\":\"\\q\"}"),
		X("{\"a\":01}"),
		X("{\"a\":-}"),
		X("{\"a\":\"\xff\"}"),
		P("null"),
		P("[\"A::x\"]"),
		P("[{\"type\":\"A\",\"id\":\"x\"}]"),
		"[{\"uid\":{\"type\":\"A\",\"id\":\"x\"},\"attrs\":{}}]",
		"[{\"uid\":{\"type\":\"A\",\"id\":\"x\"},\"parents\":[]}]",
		"[{\"uid\":{\"type\":\"Action\",\"id\":\"x\"},\"attrs\":{},\"parents\":[{\"type\":"
		"\"A\","
		"\"id\":\"y\"}]}]",
	};

	(void)state;
	for (size_t i = 0; i < GH_ARRAY_LEN(bad); i++)
		if (read_facts(bad[i]) != GH_E_FORMAT)
			fail_msg("taken: %s", bad[i]);
	assert_code(
	    read_facts("[{\"uid\":{\"type\":\"A\",\"id\":\"x\"},\"attrs\":{},\"parents\":[]},"
	               "{\"uid\":{\"type\":\"A\",\"id\":\"x\"},\"attrs\":{\"a\":1},"
	               "\"parents\":[]}]"),
	    GH_E_CONFLICT);
}

static void json_that_nests_without_end_is_refused(void **state)
{
	struct gh_buf text = { 0 };

	(void)state;
	for (int i = 0; i < 100000; i++)
		gh_buf_add_str(&text, "[");
	assert_code(read_facts(gh_buf_cstr(&text)), GH_E_LIMIT);
	gh_buf_free(&text);
}

/* A chain of n, a diamond at its end, and a circle. */
static void ancestors_are_the_transitive_closure(void **state)
{
	struct gh_cedar_space *space = gh_cedar_space_new(NULL, WORLD_LIMIT);
	struct gh_cedar_entities *entities = gh_cedar_entities_new(space, NULL);
	const struct gh_cedar_uid *chain[200];
	char id[16];

	(void)state;
	for (size_t i = 0; i < GH_ARRAY_LEN(chain); i++) {
		snprintf(id, sizeof id, "%zu", i);
		chain[i] = uid_in(space, "N", id);
	}
	for (size_t i = 0; i + 1 < GH_ARRAY_LEN(chain); i++)
		assert_ok(gh_cedar_entities_add(entities, chain[i], NULL, NULL, &chain[i + 1], 1));
	assert_ok(gh_cedar_entities_seal(entities));
	for (size_t i = 0; i < GH_ARRAY_LEN(chain); i += 7)
		for (size_t k = 0; k < GH_ARRAY_LEN(chain); k++)
			assert_int_equal(gh_cedar_entities_in(entities, chain[i], chain[k]),
			                 k >= i);
	gh_cedar_entities_free(entities);

	entities = gh_cedar_entities_new(space, NULL);
	assert_ok(gh_cedar_entities_add(entities, chain[0], NULL, NULL, &chain[1], 2));
	assert_ok(gh_cedar_entities_add(entities, chain[1], NULL, NULL, &chain[3], 1));
	assert_ok(gh_cedar_entities_add(entities, chain[2], NULL, NULL, &chain[3], 1));
	assert_ok(gh_cedar_entities_add(entities, chain[3], NULL, NULL, &chain[0], 1));
	assert_code(gh_cedar_entities_seal(entities), GH_E_FORMAT);
	gh_cedar_entities_free(entities);
	gh_cedar_space_free(space);
}

static void a_store_over_another_sees_both_and_changes_neither(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "permit(principal in Team::\"top\", action, resource);",
	           "[{\"uid\":{\"type\":\"Team\",\"id\":\"t\"},\"attrs\":{},\"parents\":[{\"type\":"
	           "\"Team\",\"id\":\"top\"},{\"type\":\"Team\",\"id\":\"later\"}]}]");
	const struct gh_cedar_uid *team = uid_in(world.facts, "Team", "t");
	const struct gh_cedar_uid *later = uid_in(world.facts, "Team", "later");
	gh_cedar_space_freeze(world.facts);

	struct gh_cedar_space *space = gh_cedar_space_new(world.facts, WORLD_LIMIT);
	struct gh_cedar_entities *over = gh_cedar_entities_new(space, world.entities);
	const struct gh_cedar_uid *guest = uid_in(space, "User", "guest");
	assert_ok(gh_cedar_entities_add(over, guest, NULL, NULL, &team, 1));
	/* The base's closure names it as a parent: it may be there, but not with parents. */
	assert_code(gh_cedar_entities_add(over, later, NULL, NULL, &team, 1), GH_E_CONFLICT);
	assert_ok(gh_cedar_entities_add(over, later, NULL, NULL, NULL, 0));
	assert_code(gh_cedar_entities_add(over, team, NULL, NULL, NULL, 0), GH_E_CONFLICT);
	assert_ok(gh_cedar_entities_seal(over));
	assert_true(gh_cedar_entities_in(over, guest, uid_in(space, "Team", "top")));
	assert_null(gh_cedar_entities_get(world.entities, guest));
	assert_null(gh_cedar_find(world.facts, GH_SLICE("guest")));

	struct gh_cedar_request request = { guest, uid_in(space, "Action", "a"), later, { 0 } };
	assert_ok(gh_cedar_value_read(space, GH_SLICE("{}"), NULL, &request.context, NULL));
	assert_ok(gh_cedar_authorize(world.set, over, &request, world.scratch, &world.answer));
	assert_true(world.answer.allow);
	gh_cedar_entities_free(over);
	gh_cedar_space_free(space);
	world_close(&world);
}

static void a_frozen_space_takes_no_names_and_a_child_shares_its_parents(void **state)
{
	struct gh_cedar_space *parent = gh_cedar_space_new(NULL, WORLD_LIMIT);
	const struct gh_cedar_name *known = gh_cedar_intern(parent, GH_SLICE("known"));

	(void)state;
	assert_null(gh_cedar_space_new(parent, WORLD_LIMIT));
	gh_cedar_space_freeze(parent);
	assert_null(gh_cedar_intern(parent, GH_SLICE("new")));
	struct gh_cedar_space *child = gh_cedar_space_new(parent, WORLD_LIMIT);
	assert_ptr_equal(gh_cedar_intern(child, GH_SLICE("known")), known);
	const struct gh_cedar_name *fresh = gh_cedar_intern(child, GH_SLICE("new"));
	assert_non_null(fresh);
	assert_ptr_equal(gh_cedar_find(child, GH_SLICE("new")), fresh);
	assert_null(gh_cedar_find(parent, GH_SLICE("new")));
	gh_cedar_space_free(child);
	gh_cedar_space_free(parent);
}

static void a_space_never_takes_more_than_its_limit(void **state)
{
	struct gh_cedar_space *space = gh_cedar_space_new(NULL, 64 * 1024);
	char text[32];
	int taken = 0;

	(void)state;
	while (taken < 100000) {
		int len = snprintf(text, sizeof text, "name-%d", taken);
		if (!gh_cedar_intern(space, gh_slice(text, (size_t)len)))
			break;
		taken++;
	}
	assert_in_range(taken, 100, 4000);
	gh_cedar_space_free(space);
}

/* The types a schema would give: one entity type with an address, an entity and a set. */
struct tiny_schema {
	struct gh_cedar_type address, friend, list, record, tag;
	struct gh_cedar_attribute attributes[2];
	struct gh_cedar_entity_shape user;
	struct gh_cedar_action_shape read;
	const struct gh_cedar_uid *all;
};

static const struct gh_cedar_entity_shape *entity_shape(const void *schema,
                                                        const struct gh_cedar_name *type)
{
	const struct tiny_schema *tiny = schema;

	return type == tiny->user.type ? &tiny->user : NULL;
}

static const struct gh_cedar_action_shape *action_shape(const void *schema,
                                                        const struct gh_cedar_uid *action)
{
	const struct tiny_schema *tiny = schema;

	return action == tiny->read.uid ? &tiny->read : NULL;
}

static const struct gh_cedar_action_shape *action_at(const void *schema, size_t index)
{
	return index ? NULL : &((const struct tiny_schema *)schema)->read;
}

static void a_schema_makes_plain_strings_and_objects_typed_values(void **state)
{
	struct gh_cedar_space *space = gh_cedar_space_new(NULL, WORLD_LIMIT);
	struct gh_cedar_entities *entities = gh_cedar_entities_new(space, NULL);
	struct tiny_schema tiny = { 0 };
	struct gh_cedar_shapes shapes = { &tiny, entity_shape, action_shape, action_at };

	(void)state;
	tiny.address.kind = tiny.tag.kind = GH_CEDAR_TYPE_EXTENSION;
	tiny.address.name = gh_cedar_intern(space, GH_SLICE("ipaddr"));
	tiny.tag.name = gh_cedar_intern(space, GH_SLICE("decimal"));
	tiny.friend.kind = GH_CEDAR_TYPE_ENTITY;
	tiny.list = (struct gh_cedar_type){ .kind = GH_CEDAR_TYPE_SET, .element = &tiny.friend };
	tiny.attributes[0] = (struct gh_cedar_attribute){ gh_cedar_intern(space, GH_SLICE("from")),
		                                          &tiny.address, true };
	tiny.attributes[1] =
	    (struct gh_cedar_attribute){ gh_cedar_intern(space, GH_SLICE("friends")), &tiny.list,
		                         true };
	tiny.record = (struct gh_cedar_type){ .kind = GH_CEDAR_TYPE_RECORD,
		                              .attributes = tiny.attributes,
		                              .attribute_count = 2 };
	tiny.user =
	    (struct gh_cedar_entity_shape){ .type = gh_cedar_intern(space, GH_SLICE("User")),
		                            .attributes = &tiny.record,
		                            .tags = &tiny.tag };
	tiny.all = uid_in(space, "Action", "all");
	tiny.read = (struct gh_cedar_action_shape){ .uid = uid_in(space, "Action", "read"),
		                                    .parents = &tiny.all,
		                                    .parent_count = 1 };
	assert_ok(gh_cedar_entities_read(
	    entities,
	    GH_SLICE(
	        "[{\"uid\":{\"type\":\"User\",\"id\":\"a\"},\"attrs\":{\"from\":\"10.0.0.1\","
	        "\"friends\":[{\"type\":\"User\",\"id\":\"b\"}]},\"parents\":[],\"tags\":{\"t\":"
	        "\"1.5\"}}]"),
	    &shapes, NULL));
	assert_ok(gh_cedar_entities_seal(entities));
	const struct gh_cedar_entity_data *data =
	    gh_cedar_entities_get(entities, uid_in(space, "User", "a"));
	assert_int_equal(gh_cedar_record_get(data->attributes, tiny.attributes[0].name)->kind,
	                 GH_CEDAR_IPADDR);
	const struct gh_cedar_value *friends =
	    gh_cedar_record_get(data->attributes, tiny.attributes[1].name);
	assert_int_equal(friends->kind, GH_CEDAR_SET);
	assert_ptr_equal(friends->set->items[0].entity, uid_in(space, "User", "b"));
	assert_int_equal(
	    gh_cedar_record_get(data->tags, gh_cedar_intern(space, GH_SLICE("t")))->number, 15000);
	assert_true(gh_cedar_entities_in(entities, tiny.read.uid, tiny.all));
	gh_cedar_entities_free(entities);
	gh_cedar_space_free(space);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_json_that_cedar_takes_is_taken),
		cmocka_unit_test(other_json_is_refused),
		cmocka_unit_test(json_that_nests_without_end_is_refused),
		cmocka_unit_test(ancestors_are_the_transitive_closure),
		cmocka_unit_test(a_store_over_another_sees_both_and_changes_neither),
		cmocka_unit_test(a_frozen_space_takes_no_names_and_a_child_shares_its_parents),
		cmocka_unit_test(a_space_never_takes_more_than_its_limit),
		cmocka_unit_test(a_schema_makes_plain_strings_and_objects_typed_values),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
