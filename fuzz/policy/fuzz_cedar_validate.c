/* A schema, policies, entities and requests, parted by lines of "%%". Whatever they are, validation
 * ends and says where; what is valid strictly is valid permissively; and validation keeps its
 * promise (sound.h): for a request that conforms over entities that conform, a valid policy meets
 * no wrong type. */
#include <stdlib.h>
#include <string.h>

#include "policy/cedar/json_tree.h"
#include "sound.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LIMIT    ((size_t)64 << 20)
#define PARTS    4
#define MARK     "\n%%\n"
#define MARK_LEN (sizeof MARK - 1)

struct input {
	struct gh_slice schema, policies, entities, requests;
};

struct run {
	struct gh_cedar_space *space;
	struct gh_cedar_schema *schema;
	struct gh_cedar_policy_set *set;
	struct told strict, loose;
};

static void require(bool held)
{
	if (!held)
		abort();
}

static struct input cut(struct gh_slice rest)
{
	struct gh_slice parts[PARTS] = { GH_SLICE(""), GH_SLICE(""), GH_SLICE("[]"),
		                         GH_SLICE("[]") };

	for (size_t i = 0; i < PARTS; i++) {
		const uint8_t *mark = rest.len ? memmem(rest.data, rest.len, MARK, MARK_LEN) : NULL;
		size_t len = mark ? (size_t)(mark - rest.data) : rest.len;
		parts[i] = gh_slice_sub(rest, 0, len);
		if (!mark)
			break;
		rest = gh_slice_sub(rest, len + MARK_LEN, rest.len - len - MARK_LEN);
	}
	return (struct input){ parts[0], parts[1], parts[2], parts[3] };
}

static bool load(struct run *run, const struct input *input)
{
	bool is_json = gh_slice_starts_with(input->schema, GH_SLICE("{"));
	struct gh_cedar_diagnostic why = { 0 };

	enum gh_code code =
	    gh_cedar_checker()->load(run->space, input->schema, is_json, &run->schema, &why);
	if (code != GH_OK) {
		require(run->schema == NULL);
		require(code != GH_E_FORMAT || why.text[0] != '\0');
		require(why.span.end <= input->schema.len);
		return false;
	}
	return gh_cedar_policy_set_parse(run->set, input->policies, NULL, false, NULL) == GH_OK &&
	       gh_cedar_policy_set_seal(run->set) == GH_OK;
}

/* False when validation gave up. */
static bool validate(const struct run *run, bool strict, struct told *told)
{
	enum gh_code code =
	    gh_cedar_checker()->validate(run->schema, run->set, strict, told_note, told);

	require(code == GH_OK || code == GH_E_DENIED || code == GH_E_LIMIT);
	if (code == GH_E_LIMIT)
		return false;
	require((code == GH_OK) == (told->faults.count == 0));
	return true;
}

static void strict_is_stricter(const struct run *run)
{
	for (size_t i = 0; i < run->loose.faults.count; i++)
		require(run->strict.faults.count == SOUND_MAX_POLICIES ||
		        findings_of(&run->strict.faults, run->loose.faults.list[i].policy));
}

static void ask(const struct run *run, const struct gh_cedar_entities *entities,
                struct gh_slice json)
{
	struct gh_cedar_space *space = gh_cedar_space_new(gh_cedar_entities_space(entities), LIMIT);
	struct gh_cedar_scratch *scratch = gh_cedar_scratch_new(LIMIT);
	struct gh_arena *arena = gh_arena_new(LIMIT);
	struct gh_cedar_json *all;

	require(space && scratch && arena);
	if (gh_cedar_json_parse(arena, json, &all, NULL) != GH_OK ||
	    all->kind != GH_CEDAR_JSON_ARRAY)
		all = NULL;
	for (struct gh_cedar_json *one = all ? all->first : NULL; one; one = one->next) {
		struct gh_slice raw[4] = { GH_SLICE(""), GH_SLICE(""), GH_SLICE(""), GH_SLICE("") };
		const struct gh_cedar_json *item =
		    one->kind == GH_CEDAR_JSON_ARRAY ? one->first : NULL;
		struct gh_cedar_request request;
		struct gh_cedar_answer answer;
		for (size_t i = 0; i < GH_ARRAY_LEN(raw) && item; i++, item = item->next)
			raw[i] =
			    gh_slice_sub(json, item->span.start, item->span.end - item->span.start);
		if (sound_request(space, run->schema, raw, &request) != GH_OK)
			continue;
		require(gh_cedar_authorize(run->set, entities, &request, scratch, &answer) ==
		        GH_OK);
		require(!sound_breach(&run->strict, &answer));
		require(!sound_breach(&run->loose, &answer));
	}
	gh_arena_free(arena);
	gh_cedar_scratch_free(scratch);
	gh_cedar_space_free(space);
}

static void hold_to_promise(const struct run *run, const struct input *input)
{
	struct gh_cedar_space *space = gh_cedar_space_new(run->space, LIMIT);
	struct gh_cedar_entities *entities = gh_cedar_entities_new(space, NULL);

	require(space && entities);
	if (gh_cedar_entities_read(entities, input->entities,
	                           gh_cedar_checker()->shapes(run->schema), NULL) == GH_OK &&
	    gh_cedar_entities_seal(entities) == GH_OK &&
	    gh_cedar_checker()->validate_entities(run->schema, entities) == GH_OK) {
		gh_cedar_space_freeze(space);
		ask(run, entities, input->requests);
	}
	gh_cedar_entities_free(entities);
	gh_cedar_space_free(space);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = cut(gh_slice(data, size));
	struct run *run = calloc(1, sizeof *run);

	require(run);
	run->space = gh_cedar_space_new(NULL, LIMIT);
	run->set = gh_cedar_policy_set_new(run->space);
	require(run->set);
	if (load(run, &input) && gh_cedar_policy_set_count(run->set) <= SOUND_MAX_POLICIES &&
	    validate(run, true, &run->strict) && validate(run, false, &run->loose)) {
		strict_is_stricter(run);
		hold_to_promise(run, &input);
	}
	gh_cedar_policy_set_free(run->set);
	gh_cedar_checker()->free(run->schema);
	gh_cedar_space_free(run->space);
	free(run);
	return 0;
}
