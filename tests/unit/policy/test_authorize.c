/* The authorizer: how effects combine, that the index finds what a scan finds, templates, and one
 * set under many threads. */
#include "policy_test.h"

#include <pthread.h>

/* Sanitizers make frames several times larger. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STACK_FACTOR 8
#else
#define STACK_FACTOR 1
#endif

static void a_forbid_wins_and_what_errs_is_skipped_and_listed(void **state)
{
	struct world world;

	(void)state;
	world_open(&world,
	           "permit(principal, action == Action::\"read\", resource);"
	           "permit(principal, action, resource) when { context.missing };"
	           "forbid(principal, action, resource == Doc::\"secret\");"
	           "forbid(principal, action, resource == Doc::\"odd\") when { 1 + true };"
	           "permit(principal == User::\"root\", action, resource);",
	           "[]");
	assert_true(world_ask(&world, "root", "read", "plain", "{}"));
	assert_int_equal(world.answer.determining_count, 2);
	assert_string_equal(world.answer.determining[0]->id->text, "policy0");
	assert_string_equal(world.answer.determining[1]->id->text, "policy4");
	assert_int_equal(world.answer.error_count, 1);
	assert_string_equal(world.answer.errors[0].policy->id->text, "policy1");
	assert_false(world.answer.forbid_errored);

	assert_false(world_ask(&world, "root", "read", "secret", "{}"));
	assert_int_equal(world.answer.determining_count, 1);
	assert_string_equal(world.answer.determining[0]->id->text, "policy2");

	assert_true(world_ask(&world, "ann", "read", "odd", "{\"missing\":false}"));
	assert_true(world.answer.forbid_errored);
	assert_int_equal(world.answer.errors[0].fault, GH_CEDAR_FAULT_TYPE);

	assert_false(world_ask(&world, "ann", "write", "plain", "{\"missing\":false}"));
	assert_int_equal(world.answer.determining_count, 0);
	world_close(&world);
}

static uint32_t roll(uint64_t *state, uint32_t below)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (uint32_t)(*state >> 33) % below;
}

static void add_scope(struct gh_buf *text, uint64_t *state, const char *name, const char *type)
{
	switch (roll(state, 5)) {
	case 0: gh_buf_addf(text, "%s == %s::\"%u\"", name, type, roll(state, 6)); break;
	case 1: gh_buf_addf(text, "%s in %s::\"%u\"", name, type, roll(state, 6)); break;
	case 2: gh_buf_addf(text, "%s is %s", name, roll(state, 3) ? type : "Other"); break;
	case 3:
		gh_buf_addf(text, "%s is %s in %s::\"%u\"", name, type, type, roll(state, 6));
		break;
	default: gh_buf_add_str(text, name);
	}
}

static void add_policy(struct gh_buf *text, uint64_t *state)
{
	gh_buf_add_str(text, roll(state, 4) ? "permit(" : "forbid(");
	add_scope(text, state, "principal", "User");
	gh_buf_add_str(text, ", ");
	switch (roll(state, 4)) {
	case 0: gh_buf_addf(text, "action == Action::\"%u\"", roll(state, 4)); break;
	case 1: gh_buf_addf(text, "action in Action::\"%u\"", roll(state, 4)); break;
	case 2:
		gh_buf_addf(text, "action in [Action::\"%u\", Action::\"%u\"]", roll(state, 4),
		            roll(state, 4));
		break;
	default: gh_buf_add_str(text, "action");
	}
	gh_buf_add_str(text, ", ");
	add_scope(text, state, "resource", "Doc");
	gh_buf_add_str(text, roll(state, 10) ? ");\n" : ") when { 1 };\n");
}

/* A parent has a higher number, so there is no circle. */
static void add_family(struct gh_buf *text, uint64_t *state, const char *type, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		gh_buf_addf(text,
		            "%s{\"uid\":{\"type\":\"%s\",\"id\":\"%u\"},\"attrs\":{},\"parents\":[",
		            text->len > 1 ? "," : "", type, i);
		for (uint32_t k = i + 1, first = 1; k < count; k++)
			if (roll(state, 3) == 0) {
				gh_buf_addf(text, "%s{\"type\":\"%s\",\"id\":\"%u\"}",
				            first ? "" : ",", type, k);
				first = 0;
			}
		gh_buf_add_str(text, "]}");
	}
}

static void compare(struct world *world, const struct gh_cedar_request *request)
{
	struct gh_cedar_scratch *other = gh_cedar_scratch_new(WORLD_LIMIT);
	struct gh_cedar_answer by_index, by_scan;

	assert_ok(
	    gh_cedar_authorize(world->set, world->entities, request, world->scratch, &by_index));
	assert_ok(gh_cedar_authorize_linear(world->set, world->entities, request, other, &by_scan));
	assert_int_equal(by_index.allow, by_scan.allow);
	assert_int_equal(by_index.determining_count, by_scan.determining_count);
	for (size_t i = 0; i < by_scan.determining_count; i++)
		assert_ptr_equal(by_index.determining[i], by_scan.determining[i]);
	assert_int_equal(by_index.error_count, by_scan.error_count);
	for (size_t i = 0; i < by_scan.error_count; i++)
		assert_ptr_equal(by_index.errors[i].policy, by_scan.errors[i].policy);
	gh_cedar_scratch_free(other);
}

static void the_index_finds_exactly_what_a_scan_finds(void **state)
{
	uint64_t random = 88172645463325252u;

	(void)state;
	for (int round = 0; round < 60; round++) {
		struct gh_buf policies = { 0 }, facts = { 0 };
		struct world world;
		char ids[3][8];
		for (uint32_t i = 0; i < 20 + roll(&random, 200); i++)
			add_policy(&policies, &random);
		gh_buf_add_str(&facts, "[");
		add_family(&facts, &random, "User", 6);
		add_family(&facts, &random, "Doc", 6);
		add_family(&facts, &random, "Action", 4);
		gh_buf_add_str(&facts, "]");
		world_open(&world, gh_buf_cstr(&policies), gh_buf_cstr(&facts));
		for (int i = 0; i < 150; i++) {
			snprintf(ids[0], sizeof ids[0], "%u", roll(&random, 8));
			snprintf(ids[1], sizeof ids[1], "%u", roll(&random, 5));
			snprintf(ids[2], sizeof ids[2], "%u", roll(&random, 8));
			struct gh_cedar_request request =
			    world_request(&world, ids[0], ids[1], ids[2], "{}");
			compare(&world, &request);
		}
		world_close(&world);
		gh_buf_free(&policies);
		gh_buf_free(&facts);
	}
}

static void a_link_decides_for_its_values_and_a_template_never(void **state)
{
	struct world world;

	(void)state;
	world_rules(&world,
	            "@note(\"n\") permit(principal == ?principal, action, resource in ?resource)"
	            "  when { context.mfa };");
	const struct gh_cedar_uid *ann = uid_in(world.rules, "User", "ann");
	const struct gh_cedar_uid *doc = uid_in(world.rules, "Doc", "d");
	struct gh_slice id = GH_SLICE("policy0");
	assert_code(gh_cedar_policy_set_link(world.set, id, GH_SLICE("l"), ann, NULL),
	            GH_E_ARGUMENT);
	assert_code(gh_cedar_policy_set_link(world.set, GH_SLICE("x"), GH_SLICE("l"), ann, doc),
	            GH_E_NOT_FOUND);
	assert_ok(gh_cedar_policy_set_link(world.set, id, GH_SLICE("l"), ann, doc));
	assert_code(gh_cedar_policy_set_link(world.set, id, GH_SLICE("l"), ann, doc),
	            GH_E_CONFLICT);
	assert_code(gh_cedar_policy_set_link(world.set, GH_SLICE("l"), GH_SLICE("l2"), ann, doc),
	            GH_E_NOT_FOUND);
	world_facts(&world, "[]");
	assert_true(world_ask(&world, "ann", "read", "d", "{\"mfa\":true}"));
	assert_string_equal(world.answer.determining[0]->id->text, "l");
	assert_string_equal(gh_cedar_policy_annotation(world.answer.determining[0], "note")->text,
	                    "n");
	assert_false(world_ask(&world, "bob", "read", "d", "{\"mfa\":true}"));
	assert_int_equal(world.answer.error_count, 0);
	world_close(&world);
}

static void a_set_that_is_not_sealed_decides_nothing(void **state)
{
	struct world world;
	struct gh_cedar_request request = { 0 };

	(void)state;
	world_rules(&world, "permit(principal,action,resource);");
	assert_code(gh_cedar_authorize(world.set, NULL, &request, world.scratch, &world.answer),
	            GH_E_ARGUMENT);
	assert_ok(gh_cedar_policy_set_seal(world.set));
	assert_code(gh_cedar_authorize(world.set, NULL, &request, world.scratch, &world.answer),
	            GH_E_ARGUMENT);
	assert_code(gh_cedar_policy_set_parse(world.set, GH_SLICE(""), NULL, false, NULL),
	            GH_E_ARGUMENT);
	world_close(&world);
}

static void facts_of_another_space_are_refused(void **state)
{
	struct world world, other;

	(void)state;
	world_open(&world, "permit(principal,action,resource);", "[]");
	world_open(&other, "permit(principal,action,resource);", "[]");
	struct gh_cedar_request request = world_request(&world, "a", "b", "c", "{}");
	assert_code(
	    gh_cedar_authorize(world.set, other.entities, &request, world.scratch, &world.answer),
	    GH_E_ARGUMENT);
	world_close(&other);
	world_close(&world);
}

/* Half of what a thread of the gateway has at the least. */
#define SMALL_STACK ((size_t)1 << 20)

static void *evaluate_deeply(void *argument)
{
	static const struct {
		const char *open, *middle, *close;
		size_t times;
	} shapes[] = {
		{ "true && ", "true", "", 1990 },
		{ "true == (", "true", ")", 390 },
		{ "(if true then ", "true", " else false)", 190 },
		{ "[", "1", "]", 390 },
		{ "principal in principal || ", "true", "", 1900 },
	};

	for (size_t i = 0; i < GH_ARRAY_LEN(shapes); i++) {
		struct gh_buf text = { 0 };
		struct world world;
		gh_buf_add_str(&text, "permit(principal,action,resource) when { ");
		for (size_t k = 0; k < shapes[i].times; k++)
			gh_buf_add_str(&text, shapes[i].open);
		gh_buf_add_str(&text, shapes[i].middle);
		for (size_t k = 0; k < shapes[i].times; k++)
			gh_buf_add_str(&text, shapes[i].close);
		gh_buf_add_str(&text, " };");
		world_open(&world, gh_buf_cstr(&text), "[]");
		(void)world_ask(&world, "a", "b", "c", "{}");
		gh_buf_clear(&text);
		gh_cedar_format_set(world.set, &text);
		gh_buf_clear(&text);
		assert_ok(gh_cedar_policy_set_to_json(world.set, &text));
		gh_buf_free(&text);
		world_close(&world);
	}
	return argument;
}

static void the_deepest_policies_fit_a_small_stack(void **state)
{
	pthread_attr_t attributes;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_attr_init(&attributes), 0);
	assert_int_equal(pthread_attr_setstacksize(&attributes, SMALL_STACK * STACK_FACTOR), 0);
	assert_int_equal(pthread_create(&thread, &attributes, evaluate_deeply, NULL), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	pthread_attr_destroy(&attributes);
}

struct worker {
	pthread_t thread;
	struct world *world;
	int number;
	size_t allowed;
};

static void *work(void *argument)
{
	struct worker *worker = argument;
	struct gh_cedar_scratch *scratch = gh_cedar_scratch_new(WORLD_LIMIT);
	char id[32];

	for (int i = 0; i < 2000; i++) {
		struct gh_cedar_space *space = gh_cedar_space_new(worker->world->facts, 1 << 20);
		struct gh_cedar_entities *over =
		    gh_cedar_entities_new(space, worker->world->entities);
		struct gh_cedar_request request = { 0 };
		struct gh_cedar_answer answer;
		snprintf(id, sizeof id, "guest-%d-%d", worker->number, i);
		request.principal = uid_in(space, "User", id);
		request.action = uid_in(space, "Action", "read");
		request.resource = uid_in(space, "Doc", i % 2 ? "d" : id);
		const struct gh_cedar_uid *team = uid_in(space, "Team", "t");
		assert_ok(gh_cedar_entities_add(over, request.principal, NULL, NULL, &team, 1));
		assert_ok(gh_cedar_entities_seal(over));
		assert_ok(gh_cedar_value_read(space, GH_SLICE("{\"tags\":[\"x\"]}"), NULL,
		                              &request.context, NULL));
		assert_ok(gh_cedar_authorize(worker->world->set, over, &request, scratch, &answer));
		worker->allowed += answer.allow;
		gh_cedar_entities_free(over);
		gh_cedar_space_free(space);
	}
	gh_cedar_scratch_free(scratch);
	return NULL;
}

static void one_sealed_set_serves_many_threads(void **state)
{
	struct worker workers[4] = { 0 };
	struct world world;

	(void)state;
	world_open(
	    &world,
	    "permit(principal in Team::\"top\", action, resource == Doc::\"d\")"
	    "  when { [principal, resource].contains(principal) && context.tags.contains(\"x\") };",
	    "[{\"uid\":{\"type\":\"Team\",\"id\":\"t\"},\"attrs\":{},\"parents\":[{\"type\":"
	    "\"Team\",\"id\":\"top\"}]}]");
	gh_cedar_space_freeze(world.facts);
	for (int i = 0; i < 4; i++) {
		workers[i].world = &world;
		workers[i].number = i;
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (int i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
		assert_int_equal(workers[i].allowed, 1000);
	}
	world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_forbid_wins_and_what_errs_is_skipped_and_listed),
		cmocka_unit_test(the_index_finds_exactly_what_a_scan_finds),
		cmocka_unit_test(a_link_decides_for_its_values_and_a_template_never),
		cmocka_unit_test(a_set_that_is_not_sealed_decides_nothing),
		cmocka_unit_test(facts_of_another_space_are_refused),
		cmocka_unit_test(the_deepest_policies_fit_a_small_stack),
		cmocka_unit_test(one_sealed_set_serves_many_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
