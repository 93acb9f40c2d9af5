#include "policy/pack/replay.h"

#include <stdlib.h>

#include "base/clock.h"
#include "policy/pack/diff_parts.h"
#include "policy/pack/question.h"

#define VERSION       1
#define BATCH_BYTES   ((size_t)16 << 20) /* of lines that wait */
#define SPACE_LIMIT   ((size_t)512 << 20)
#define TREE_LIMIT    ((size_t)128 << 20)
#define SCRATCH_LIMIT ((size_t)8 << 20)
#define STORE_SLOTS   (2 * GH_REPLAY_BATCH) /* a power of two */
/* Named in the report; flips of more are only counted. */
#define MAX_ACTIONS 1000

enum { BEFORE, AFTER, SIDES };

/* Requests often bring the same entities: one store for all that are written alike. */
struct store {
	struct gh_slice text; /* in the batch's arena; empty: a free slot */
	struct gh_cedar_entities *facts[SIDES];
};

struct asked {
	struct gh_cedar_request request[SIDES];
	const struct gh_cedar_entities *facts[SIDES];
	uint64_t line;
};

struct action_count {
	char *name;
	uint64_t allow_to_deny, deny_to_allow;
};

struct gh_replay {
	const struct gh_pack *pack[SIDES];
	struct gh_cedar_scratch *scratch[SIDES];
	/* Of the batch. */
	struct gh_cedar_space *space[SIDES];
	struct gh_arena *arena;
	size_t waiting, waiting_bytes;
	struct asked asked[GH_REPLAY_BATCH];
	struct store stores[STORE_SLOTS];
	/* Of all. */
	uint64_t line;
	struct gh_replay_counts counts;
	json_t *flips;
	struct action_count actions[MAX_ACTIONS];
	size_t action_count;
};

/* ---- batches ---- */

static void batch_clear(struct gh_replay *replay)
{
	for (size_t i = 0; i < STORE_SLOTS; i++)
		for (int side = 0; side < SIDES; side++)
			gh_cedar_entities_free(replay->stores[i].facts[side]);
	memset(replay->stores, 0, sizeof replay->stores);
	for (int side = 0; side < SIDES; side++) {
		gh_cedar_space_free(replay->space[side]);
		replay->space[side] = NULL;
	}
	gh_arena_free(replay->arena);
	replay->arena = NULL;
	replay->waiting = replay->waiting_bytes = 0;
}

static gh_result batch_begin(struct gh_replay *replay)
{
	if (replay->arena)
		return GH_OK;
	replay->arena = gh_arena_new(2 * BATCH_BYTES);
	for (int side = 0; side < SIDES; side++)
		replay->space[side] =
		    gh_cedar_space_new(replay->pack[side]->facts_space, SPACE_LIMIT);
	GH_ENSURE(replay->arena && replay->space[BEFORE] && replay->space[AFTER], GH_E_MEMORY,
	          "out of memory");
	return GH_OK;
}

gh_result gh_replay_open(const struct gh_pack *before, const struct gh_pack *after,
                         struct gh_replay **out)
{
	struct gh_replay *replay = calloc(1, sizeof *replay);

	*out = NULL;
	GH_ENSURE(replay, GH_E_MEMORY, "out of memory");
	replay->pack[BEFORE] = before;
	replay->pack[AFTER] = after;
	replay->flips = json_array();
	for (int side = 0; side < SIDES; side++)
		replay->scratch[side] = gh_cedar_scratch_new(SCRATCH_LIMIT);
	if (!replay->flips || !replay->scratch[BEFORE] || !replay->scratch[AFTER]) {
		gh_replay_close(replay);
		return gh_fail(GH_E_MEMORY, "out of memory");
	}
	*out = replay;
	return GH_OK;
}

void gh_replay_close(struct gh_replay *replay)
{
	if (!replay)
		return;
	batch_clear(replay);
	for (int side = 0; side < SIDES; side++)
		gh_cedar_scratch_free(replay->scratch[side]);
	for (size_t i = 0; i < replay->action_count; i++)
		free(replay->actions[i].name);
	json_decref(replay->flips);
	free(replay);
}

/* ---- deciding ---- */

static json_t *ids_of(const struct gh_policy_decision *decision)
{
	json_t *list = json_array();

	for (size_t i = 0; i < decision->cedar.determining_count; i++)
		json_array_append_new(list, json_string(decision->cedar.determining[i]->id->text));
	return list;
}

static struct action_count *count_of(struct gh_replay *replay, const char *name)
{
	for (size_t i = 0; i < replay->action_count; i++)
		if (strcmp(replay->actions[i].name, name) == 0)
			return &replay->actions[i];
	if (replay->action_count == MAX_ACTIONS)
		return NULL;
	struct action_count *count = &replay->actions[replay->action_count];
	count->name = strdup(name);
	if (!count->name)
		return NULL;
	replay->action_count++;
	return count;
}

static gh_result note_flip(struct gh_replay *replay, const struct asked *asked,
                           const struct gh_policy_decision decided[SIDES])
{
	GH_CLEANUP(gh_buf_free) struct gh_buf action = { .limit = 4096 };
	bool allowed = decided[AFTER].outcome == GH_POLICY_ALLOW;

	gh_diff_add_uid(asked->request[BEFORE].action, &action);
	struct action_count *count = count_of(replay, gh_buf_cstr(&action));
	if (count && allowed)
		count->deny_to_allow++;
	else if (count)
		count->allow_to_deny++;
	if (json_array_size(replay->flips) >= GH_REPLAY_FLIPS_KEPT)
		return GH_OK;
	json_t *flip =
	    json_pack("{s:I, s:s, s:s, s:s, s:o, s:o}", "line", (json_int_t)asked->line, "action",
	              gh_buf_cstr(&action), "from", gh_policy_outcome_name(decided[BEFORE].outcome),
	              "to", gh_policy_outcome_name(decided[AFTER].outcome), "before",
	              ids_of(&decided[BEFORE]), "after", ids_of(&decided[AFTER]));
	GH_ENSURE(json_array_append_new(replay->flips, flip) == 0, GH_E_MEMORY, "out of memory");
	return GH_OK;
}

static gh_result compare(struct gh_replay *replay, const struct asked *asked,
                         const struct gh_policy_decision decided[SIDES])
{
	struct gh_replay_counts *counts = &replay->counts;
	bool was = decided[BEFORE].outcome == GH_POLICY_ALLOW;
	bool is = decided[AFTER].outcome == GH_POLICY_ALLOW;

	counts->requests++;
	counts->allowed_before += was;
	counts->allowed_after += is;
	counts->errors_before += decided[BEFORE].cedar.error_count > 0;
	counts->errors_after += decided[AFTER].cedar.error_count > 0;
	counts->forbid_errors_after += decided[AFTER].cedar.forbid_errored;
	counts->allow_to_deny += was && !is;
	counts->deny_to_allow += !was && is;
	if (was && is)
		counts->laxer += !gh_policy_obligations_at_least(&decided[AFTER].obligations,
		                                                 &decided[BEFORE].obligations);
	return was == is ? GH_OK : note_flip(replay, asked, decided);
}

static gh_result decide_batch(struct gh_replay *replay)
{
	uint64_t start = gh_clock_mono_ns();
	struct gh_policy_decision decided[SIDES];

	for (size_t i = 0; i < replay->waiting; i++) {
		const struct asked *asked = &replay->asked[i];
		for (int side = 0; side < SIDES; side++)
			GH_TRY(gh_policy_decide(replay->pack[side]->set, replay->pack[side]->rules,
			                        asked->facts[side], &asked->request[side],
			                        replay->scratch[side], &decided[side]));
		GH_TRY(compare(replay, asked, decided));
	}
	replay->counts.decide_ns += gh_clock_mono_ns() - start;
	return GH_OK;
}

static gh_result settle_batch(struct gh_replay *replay)
{
	enum gh_code code = decide_batch(replay);

	batch_clear(replay);
	return code;
}

/* ---- reading ---- */

/* FNV-1a: who writes lines that collide waits for themselves only. */
static size_t slot_of(struct gh_slice text)
{
	uint64_t hash = 14695981039346656037u;

	for (size_t i = 0; i < text.len; i++)
		hash = (hash ^ text.data[i]) * 1099511628211u;
	return (size_t)(hash ^ hash >> 32) & (STORE_SLOTS - 1);
}

static gh_result read_facts(struct gh_replay *replay, struct gh_slice entities, struct store *store)
{
	for (int side = 0; side < SIDES; side++) {
		struct gh_cedar_diagnostic why = { 0 };
		if (gh_pack_question_facts(replay->pack[side], replay->space[side], entities,
		                           &store->facts[side], &why) == GH_OK)
			continue;
		gh_cedar_entities_free(store->facts[BEFORE]);
		store->facts[BEFORE] = NULL;
		return gh_fail(GH_E_FORMAT, "line %llu: \"entities\" cannot be read: %.120s",
		               (unsigned long long)replay->line,
		               why.text[0] ? why.text : gh_last_error()->text);
	}
	store->text = gh_arena_copy(replay->arena, entities);
	GH_ENSURE(store->text.data, GH_E_MEMORY, "out of memory");
	return GH_OK;
}

static gh_result facts_for(struct gh_replay *replay, struct gh_slice entities, struct asked *asked)
{
	size_t at = slot_of(entities);

	while (replay->stores[at].text.len && !gh_slice_eq(replay->stores[at].text, entities))
		at = (at + 1) & (STORE_SLOTS - 1);
	if (!replay->stores[at].text.len)
		GH_TRY(read_facts(replay, entities, &replay->stores[at]));
	for (int side = 0; side < SIDES; side++)
		asked->facts[side] = replay->stores[at].facts[side];
	return GH_OK;
}

static gh_result read_line(struct gh_replay *replay, struct gh_slice line,
                           const struct gh_cedar_json *json)
{
	const struct gh_cedar_json *entities = gh_cedar_json_get(json, "entities");
	struct asked *asked = &replay->asked[replay->waiting];

	asked->line = replay->line;
	for (int side = 0; side < SIDES; side++) {
		const struct gh_pack *pack = replay->pack[side];
		asked->facts[side] = pack->entities;
		GH_ENSURE(gh_pack_question_read(pack, replay->space[side], line, json,
		                                &asked->request[side]) == GH_OK,
		          GH_E_FORMAT, "line %llu: %.150s", (unsigned long long)replay->line,
		          gh_last_error()->text);
	}
	if (entities)
		GH_TRY(facts_for(replay,
		                 gh_slice_sub(line, entities->span.start,
		                              entities->span.end - entities->span.start),
		                 asked));
	replay->counts.unfit += replay->pack[AFTER]->checker->validate_request(
	                            replay->pack[AFTER]->schema, &asked->request[AFTER]) != GH_OK;
	replay->waiting++;
	replay->waiting_bytes += line.len;
	return GH_OK;
}

static void arena_free(struct gh_arena **arena)
{
	gh_arena_free(*arena);
}

gh_result gh_replay_add(struct gh_replay *replay, struct gh_slice line)
{
	GH_CLEANUP(arena_free) struct gh_arena *arena = NULL;
	struct gh_cedar_diagnostic why = { 0 };
	struct gh_cedar_json *json;

	replay->line++;
	while (line.len && (line.data[line.len - 1] == '\n' || line.data[line.len - 1] == '\r'))
		line.len--;
	if (line.len == 0)
		return GH_OK;
	GH_ENSURE(line.len <= GH_REPLAY_LINE_BYTES, GH_E_LIMIT, "line %llu is over %zu bytes",
	          (unsigned long long)replay->line, GH_REPLAY_LINE_BYTES);
	if (replay->waiting == GH_REPLAY_BATCH || replay->waiting_bytes + line.len > BATCH_BYTES)
		GH_TRY(settle_batch(replay));
	GH_TRY(batch_begin(replay));
	arena = gh_arena_new(TREE_LIMIT);
	GH_ENSURE(arena, GH_E_MEMORY, "out of memory");
	GH_ENSURE(gh_cedar_json_parse(arena, line, &json, &why) == GH_OK, GH_E_FORMAT,
	          "line %llu:%u: %.150s", (unsigned long long)replay->line, why.column, why.text);
	return read_line(replay, line, json);
}

gh_result gh_replay_finish(struct gh_replay *replay, struct gh_replay_counts *out)
{
	GH_TRY(settle_batch(replay));
	*out = replay->counts;
	return GH_OK;
}

/* ---- the report ---- */

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct action_count *)a)->name,
	              ((const struct action_count *)b)->name);
}

static json_t *actions_of(const struct gh_replay *replay)
{
	struct action_count sorted[MAX_ACTIONS];
	json_t *list = json_array();

	memcpy(sorted, replay->actions, replay->action_count * sizeof sorted[0]);
	if (replay->action_count)
		qsort(sorted, replay->action_count, sizeof sorted[0], by_name);
	for (size_t i = 0; i < replay->action_count; i++)
		json_array_append_new(
		    list, json_pack("{s:s, s:I, s:I}", "action", sorted[i].name, "allow_to_deny",
		                    (json_int_t)sorted[i].allow_to_deny, "deny_to_allow",
		                    (json_int_t)sorted[i].deny_to_allow));
	return list;
}

gh_result gh_replay_report(const struct gh_replay *replay, json_t **out)
{
	const struct gh_replay_counts *counts = &replay->counts;
	const struct {
		const char *name;
		uint64_t count;
	} numbers[] = {
		{ "requests", counts->requests },
		{ "allow_to_deny", counts->allow_to_deny },
		{ "deny_to_allow", counts->deny_to_allow },
		{ "allowed_before", counts->allowed_before },
		{ "allowed_after", counts->allowed_after },
		{ "errors_before", counts->errors_before },
		{ "errors_after", counts->errors_after },
		{ "forbid_errors_after", counts->forbid_errors_after },
		{ "laxer_obligations", counts->laxer },
		{ "unfit", counts->unfit },
	};
	json_t *report = json_pack("{s:i, s:O, s:o}", "v", VERSION, "flips", replay->flips,
	                           "actions", actions_of(replay));
	int bad = report ? 0 : 1;

	for (size_t i = 0; i < GH_ARRAY_LEN(numbers); i++)
		bad |= json_object_set_new(report, numbers[i].name,
		                           json_integer((json_int_t)numbers[i].count));
	*out = bad ? NULL : report;
	if (bad)
		json_decref(report);
	GH_ENSURE(!bad, GH_E_MEMORY, "out of memory");
	return GH_OK;
}
