/* What one policy decision costs: three applications in the style of the OOPSLA-2024 Cedar paper
 * (drive, code hosting, lists; policies written for this file), then sets of 10 to 10,000 policies.
 * Every decision is timed on its own; the cost of reading the clock is taken off. The last column
 * is the whole path of a gateway: names interned and one entity and the context laid over the
 * store. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "policy/decide.h"

#define LIMIT     ((size_t)512 << 20)
#define PER_TYPE  50
#define REQUESTS  4096
#define DECISIONS 400000

struct world {
	struct gh_cedar_space *rules, *facts, *names;
	struct gh_cedar_policy_set *set;
	struct gh_cedar_entities *entities;
	struct gh_cedar_scratch *scratch;
	struct gh_cedar_request *requests;
	uint64_t state; /* of the random numbers */
};

static void must(enum gh_code code)
{
	if (code == GH_OK)
		return;
	fprintf(stderr, "policy_bench: %s\n", gh_last_error()->text);
	exit(2);
}

static uint32_t roll(struct world *world, uint32_t below)
{
	world->state ^= world->state << 13;
	world->state ^= world->state >> 7;
	world->state ^= world->state << 17;
	return (uint32_t)(world->state >> 33) % below;
}

static uint64_t ticks(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtscp" : "=a"(low), "=d"(high) : : "rcx", "memory");
	return (uint64_t)high << 32 | low;
}

static double ticks_per_ns(void)
{
	uint64_t ns = gh_clock_mono_ns(), start = ticks();

	while (gh_clock_mono_ns() - ns < 50000000)
		continue;
	return (double)(ticks() - start) / (double)(gh_clock_mono_ns() - ns);
}

static const struct gh_cedar_uid *uid(struct gh_cedar_space *space, const char *type,
                                      const char *prefix, uint32_t number)
{
	char id[64];
	int len = snprintf(id, sizeof id, "%s%u", prefix, number);
	const struct gh_cedar_uid *made =
	    gh_cedar_intern_uid(space, gh_cedar_intern(space, gh_slice_str(type)),
	                        gh_cedar_intern(space, gh_slice(id, (size_t)len)));

	if (!made)
		must(gh_fail(GH_E_MEMORY, "no memory"));
	return made;
}

static const struct gh_cedar_uid *action(struct gh_cedar_space *space, const char *name)
{
	return gh_cedar_intern_uid(space, gh_cedar_intern(space, GH_SLICE("Action")),
	                           gh_cedar_intern(space, gh_slice_str(name)));
}

static void open_world(struct world *world, struct gh_slice policies)
{
	struct gh_cedar_diagnostic why;

	*world = (struct world){ .state = 0x2545f4914f6cdd1d };
	world->rules = gh_cedar_space_new(NULL, LIMIT);
	world->set = gh_cedar_policy_set_new(world->rules);
	enum gh_code code = gh_cedar_policy_set_parse(world->set, policies, NULL, false, &why);
	if (code != GH_OK)
		fprintf(stderr, "%u:%u %s\n", why.line, why.column, why.text);
	must(code);
	must(gh_cedar_policy_set_seal(world->set));
	world->facts = gh_cedar_space_new(world->rules, LIMIT);
	world->entities = gh_cedar_entities_new(world->facts, NULL);
	world->scratch = gh_cedar_scratch_new(LIMIT);
	world->requests = calloc(REQUESTS, sizeof *world->requests);
}

static void close_world(struct world *world)
{
	free(world->requests);
	gh_cedar_scratch_free(world->scratch);
	gh_cedar_entities_free(world->entities);
	gh_cedar_policy_set_free(world->set);
	gh_cedar_space_free(world->names);
	gh_cedar_space_free(world->facts);
	gh_cedar_space_free(world->rules);
}

/* Facts as text, because that is how they read best. */
static void read_facts(struct world *world, struct gh_buf *json)
{
	struct gh_cedar_diagnostic why = { 0 };
	enum gh_code code = gh_cedar_entities_read(world->entities, gh_buf_slice(json), NULL, &why);

	if (code != GH_OK)
		fprintf(stderr, "facts: %s\n", why.text);
	must(code);
	must(gh_cedar_entities_seal(world->entities));
	gh_cedar_space_freeze(world->facts);
	world->names = gh_cedar_space_new(world->facts, LIMIT);
	gh_buf_free(json);
}

static const struct gh_cedar_value *context(struct world *world, const char *json)
{
	struct gh_cedar_value *value =
	    gh_arena_alloc(gh_cedar_space_arena(world->names), sizeof *value);

	must(gh_cedar_value_read(world->names, gh_slice_str(json), NULL, value, NULL));
	return value;
}

static const char drive_policies[] =
    "permit(principal, action in [Action::\"read\", Action::\"write\", Action::\"share\"], "
    "resource)"
    "  when { principal has documents && resource in principal.documents };\n"
    "permit(principal, action == Action::\"read\", resource)"
    "  when { resource has viewers && principal in resource.viewers };\n"
    "permit(principal, action == Action::\"read\", resource)"
    "  when { resource has isPublic && resource.isPublic };\n"
    "permit(principal, action == Action::\"make\", resource is Drive)"
    "  when { resource in principal.drives };\n"
    "forbid(principal, action == Action::\"share\", resource)"
    "  when { resource has frozen && resource.frozen };\n";

static void drive(struct world *world)
{
	static const char *const actions[] = { "read", "write", "share", "make" };
	struct gh_buf json = { 0 };

	open_world(world, gh_slice_str(drive_policies));
	gh_buf_add_str(&json, "[");
	for (uint32_t i = 0; i < PER_TYPE; i++) {
		gh_buf_addf(
		    &json,
		    "%s{\"uid\":{\"type\":\"Group\",\"id\":\"g%u\"},\"attrs\":{},\"parents\":"
		    "[%s]},",
		    i ? "," : "", i, "");
		gh_buf_addf(&json,
		            "{\"uid\":{\"type\":\"User\",\"id\":\"u%u\"},\"attrs\":{\"documents\":"
		            "{\"__entity\":{\"type\":\"View\",\"id\":\"own%u\"}},\"drives\":"
		            "{\"__entity\":{\"type\":\"View\",\"id\":\"drv%u\"}}},\"parents\":[",
		            i, i, i);
		for (uint32_t k = 0; k < 6; k++)
			gh_buf_addf(&json, "%s{\"type\":\"Group\",\"id\":\"g%u\"}", k ? "," : "",
			            roll(world, PER_TYPE));
		gh_buf_addf(
		    &json,
		    "]},{\"uid\":{\"type\":\"Document\",\"id\":\"d%u\"},\"attrs\":{"
		    "\"isPublic\":%s,\"viewers\":{\"__entity\":{\"type\":\"Group\",\"id\":"
		    "\"g%u\"}}},\"parents\":[{\"type\":\"View\",\"id\":\"own%u\"},{\"type\":"
		    "\"Folder\",\"id\":\"f%u\"}]}",
		    i, roll(world, 10) ? "false" : "true", roll(world, PER_TYPE),
		    roll(world, PER_TYPE), roll(world, PER_TYPE));
		gh_buf_addf(
		    &json,
		    ",{\"uid\":{\"type\":\"Folder\",\"id\":\"f%u\"},\"attrs\":{\"frozen\":%s},"
		    "\"parents\":[{\"type\":\"View\",\"id\":\"own%u\"}]}",
		    i, roll(world, 2) ? "true" : "false", roll(world, PER_TYPE));
	}
	gh_buf_add_str(&json, "]");
	read_facts(world, &json);
	for (size_t i = 0; i < REQUESTS; i++)
		world->requests[i] = (struct gh_cedar_request){
			uid(world->names, "User", "u", roll(world, PER_TYPE)),
			action(world->names, actions[roll(world, 4)]),
			roll(world, 3) ? uid(world->names, "Document", "d", roll(world, PER_TYPE))
			               : uid(world->names, "Folder", "f", roll(world, PER_TYPE)),
			*context(world, "{}"),
		};
}

static const char hosting_policies[] =
    "permit(principal, action in [Action::\"pull\", Action::\"fork\"], resource is Repo)"
    "  when { principal in resource.readers };\n"
    "permit(principal, action == Action::\"push\", resource is Repo)"
    "  when { principal in resource.writers };\n"
    "permit(principal, action in [Action::\"grant\", Action::\"delete\"], resource is Repo)"
    "  when { principal in resource.admins };\n"
    "permit(principal, action == Action::\"edit\", resource is Issue)"
    "  when { resource has owner && principal == resource.owner && principal in "
    "resource.repo.readers };\n"
    "permit(principal, action == Action::\"edit\", resource is Issue)"
    "  when { principal in resource.repo.writers };\n"
    "permit(principal, action == Action::\"assign\", resource is Issue)"
    "  when { principal in resource.repo.triagers };\n"
    "forbid(principal, action, resource is Repo) when { resource.archived && action != "
    "Action::\"pull\" };\n"
    "forbid(principal, action == Action::\"delete\", resource) unless { context.mfa };\n";

static void hosting(struct world *world)
{
	static const char *const on_repo[] = { "pull", "fork", "push", "grant", "delete" };
	static const char *const roles[] = { "readers", "writers", "admins", "triagers" };
	struct gh_buf json = { 0 };

	open_world(world, gh_slice_str(hosting_policies));
	gh_buf_add_str(&json, "[");
	for (uint32_t i = 0; i < PER_TYPE; i++) {
		gh_buf_addf(&json, "%s{\"uid\":{\"type\":\"Repo\",\"id\":\"r%u\"},\"attrs\":{",
		            i ? "," : "", i);
		for (size_t k = 0; k < GH_ARRAY_LEN(roles); k++)
			gh_buf_addf(&json,
			            "\"%s\":{\"__entity\":{\"type\":\"Role\",\"id\":\"%s%u\"}},",
			            roles[k], roles[k], i);
		gh_buf_addf(
		    &json,
		    "\"archived\":%s},\"parents\":[]},{\"uid\":{\"type\":\"Issue\",\"id\":"
		    "\"i%u\"},\"attrs\":{\"repo\":{\"__entity\":{\"type\":\"Repo\",\"id\":"
		    "\"r%u\"}},\"owner\":{\"__entity\":{\"type\":\"User\",\"id\":\"u%u\"}}},"
		    "\"parents\":[]},{\"uid\":{\"type\":\"User\",\"id\":\"u%u\"},\"attrs\":{},"
		    "\"parents\":[",
		    roll(world, 10) ? "false" : "true", i, roll(world, PER_TYPE),
		    roll(world, PER_TYPE), i);
		for (uint32_t k = 0; k < 12; k++)
			gh_buf_addf(&json, "%s{\"type\":\"Role\",\"id\":\"%s%u\"}", k ? "," : "",
			            roles[roll(world, 4)], roll(world, PER_TYPE));
		gh_buf_add_str(&json, "]}");
	}
	gh_buf_add_str(&json, "]");
	read_facts(world, &json);
	for (size_t i = 0; i < REQUESTS; i++) {
		bool repo = roll(world, 3) > 0;
		world->requests[i] = (struct gh_cedar_request){
			uid(world->names, "User", "u", roll(world, PER_TYPE)),
			action(world->names, repo ? on_repo[roll(world, 5)]
			                          : (roll(world, 2) ? "edit" : "assign")),
			repo ? uid(world->names, "Repo", "r", roll(world, PER_TYPE))
			     : uid(world->names, "Issue", "i", roll(world, PER_TYPE)),
			*context(world, roll(world, 2) ? "{\"mfa\":true}" : "{\"mfa\":false}"),
		};
	}
}

static const char list_policies[] =
    "permit(principal, action in [Action::\"create\", Action::\"listAll\"], resource == "
    "App::\"lists\");\n"
    "permit(principal, action, resource is List)"
    "  when { resource has owner && resource.owner == principal };\n"
    "permit(principal, action == Action::\"see\", resource is List)"
    "  when { principal in resource.readers || principal in resource.editors };\n"
    "permit(principal, action in [Action::\"add\", Action::\"change\"], resource is List)"
    "  when { principal in resource.editors };\n"
    "forbid(principal in Team::\"interns\", action == Action::\"create\", resource == "
    "App::\"lists\");\n"
    "permit(principal in Team::\"admin\", action, resource in App::\"lists\");\n";

static void lists(struct world *world)
{
	static const char *const actions[] = { "create", "listAll", "see", "add", "change" };
	struct gh_buf json = { 0 };

	open_world(world, gh_slice_str(list_policies));
	gh_buf_add_str(
	    &json, "[{\"uid\":{\"type\":\"App\",\"id\":\"lists0\"},\"attrs\":{},\"parents\":[]}");
	for (uint32_t i = 0; i < PER_TYPE; i++) {
		gh_buf_addf(
		    &json,
		    ",{\"uid\":{\"type\":\"List\",\"id\":\"l%u\"},\"attrs\":{\"owner\":"
		    "{\"__entity\":{\"type\":\"User\",\"id\":\"u%u\"}},\"readers\":"
		    "{\"__entity\":{\"type\":\"Team\",\"id\":\"t%u\"}},\"editors\":{\"__entity\":"
		    "{\"type\":\"Team\",\"id\":\"t%u\"}}},\"parents\":[{\"type\":\"App\",\"id\":"
		    "\"lists\"}]},{\"uid\":{\"type\":\"User\",\"id\":\"u%u\"},\"attrs\":{},"
		    "\"parents\":[{\"type\":\"Team\",\"id\":\"%s\"}",
		    i, roll(world, PER_TYPE), roll(world, PER_TYPE), roll(world, PER_TYPE), i,
		    i % 9 ? "staff" : "interns");
		for (uint32_t k = 0; k < 8; k++)
			gh_buf_addf(&json, ",{\"type\":\"Team\",\"id\":\"t%u\"}",
			            roll(world, PER_TYPE));
		gh_buf_add_str(&json, "]}");
	}
	gh_buf_add_str(&json, "]");
	read_facts(world, &json);
	const struct gh_cedar_uid *app =
	    gh_cedar_intern_uid(world->names, gh_cedar_intern(world->names, GH_SLICE("App")),
	                        gh_cedar_intern(world->names, GH_SLICE("lists")));
	for (size_t i = 0; i < REQUESTS; i++) {
		uint32_t which = roll(world, 5);
		world->requests[i] = (struct gh_cedar_request){
			uid(world->names, "User", "u", roll(world, PER_TYPE)),
			action(world->names, actions[which]),
			which < 2 ? app : uid(world->names, "List", "l", roll(world, PER_TYPE)),
			*context(world, "{}"),
		};
	}
}

/* `count` policies of a company that shares folders with teams, some for everybody. */
static void many(struct world *world, uint32_t count)
{
	static const char *const actions[] = { "read", "write", "share", "delete" };
	struct gh_buf text = { 0 }, json = { 0 };
	uint32_t teams = count / 4 + 1;

	for (uint32_t i = 0; i < count; i++) {
		if (i % (count / 8 + 1) == 0) /* eight rules for everybody, whatever the size */
			gh_buf_addf(
			    &text,
			    "forbid(principal, action == Action::\"%s\", resource is Doc) when { "
			    "resource.level > %u && !context.mfa };\n",
			    actions[i % 4], i % 7 + 3);
		else if (i % 3)
			gh_buf_addf(
			    &text,
			    "permit(principal in Team::\"t%u\", action in [Action::\"read\", "
			    "Action::\"%s\"], resource in Folder::\"f%u\") when { resource.level < "
			    "%u };\n",
			    i % teams, actions[i % 4], i / 2, i % 9);
		else
			gh_buf_addf(&text,
			            "permit(principal == User::\"u%u\", action, resource == "
			            "Doc::\"d%u\") when { context.mfa };\n",
			            i, i * 7 % count);
	}
	open_world(world, gh_buf_slice(&text));
	gh_buf_free(&text);
	gh_buf_add_str(&json, "[");
	for (uint32_t i = 0; i < 1000; i++) {
		gh_buf_addf(
		    &json,
		    "%s{\"uid\":{\"type\":\"User\",\"id\":\"u%u\"},\"attrs\":{},\"parents\":[",
		    i ? "," : "", i);
		for (uint32_t k = 0; k < 5; k++)
			gh_buf_addf(&json, "%s{\"type\":\"Team\",\"id\":\"t%u\"}", k ? "," : "",
			            roll(world, teams));
		gh_buf_addf(
		    &json,
		    "]},{\"uid\":{\"type\":\"Doc\",\"id\":\"d%u\"},\"attrs\":{\"level\":%u},"
		    "\"parents\":[{\"type\":\"Folder\",\"id\":\"f%u\"},{\"type\":\"Folder\",\"id\":"
		    "\"f%u\"}]}",
		    i, roll(world, 10), roll(world, count), roll(world, count));
	}
	gh_buf_add_str(&json, "]");
	read_facts(world, &json);
	for (size_t i = 0; i < REQUESTS; i++)
		world->requests[i] = (struct gh_cedar_request){
			uid(world->names, "User", "u", roll(world, 1000)),
			action(world->names, actions[roll(world, 4)]),
			uid(world->names, "Doc", "d", roll(world, 1000)),
			*context(world, roll(world, 2) ? "{\"mfa\":true}" : "{\"mfa\":false}"),
		};
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* One line of JSON an application, for the same measurement of other engines (policy_wasm.js). */
static void export_world(const char *name, const char *policies, const struct world *world)
{
	struct gh_buf out = { 0 };

	gh_buf_addf(&out, "{\"name\":\"%s\",\"policies\":", name);
	gh_json_add_string(&out, gh_slice_str(policies));
	gh_buf_add_str(&out, ",\"entities\":[");
	const struct gh_cedar_entity_data *data;
	for (size_t i = 0; (data = gh_cedar_entities_at(world->entities, i)); i++) {
		struct gh_cedar_value record = { .kind = GH_CEDAR_RECORD,
			                         .record = data->attributes };
		struct gh_cedar_value id = gh_cedar_entity(data->uid);
		gh_buf_add_str(&out, i ? ",{\"uid\":" : "{\"uid\":");
		gh_cedar_value_to_json(&id, &out);
		gh_buf_add_str(&out, ",\"attrs\":");
		gh_cedar_value_to_json(&record, &out);
		gh_buf_add_str(&out, ",\"parents\":[");
		for (uint32_t k = 0; k < data->parent_count; k++) {
			id = gh_cedar_entity(data->parents[k]);
			gh_buf_add_str(&out, k ? "," : "");
			gh_cedar_value_to_json(&id, &out);
		}
		gh_buf_add_str(&out, "]}");
	}
	gh_buf_add_str(&out, "],\"requests\":[");
	for (size_t i = 0; i < 200; i++) {
		const struct gh_cedar_request *request = &world->requests[i];
		const struct gh_cedar_uid *const uids[] = { request->principal, request->action,
			                                    request->resource };
		gh_buf_add_str(&out, i ? ",[" : "[");
		for (size_t k = 0; k < 3; k++) {
			struct gh_cedar_value id = gh_cedar_entity(uids[k]);
			gh_cedar_value_to_json(&id, &out);
			gh_buf_add_byte(&out, ',');
		}
		gh_cedar_value_to_json(&request->context, &out);
		gh_buf_add_byte(&out, ']');
	}
	gh_buf_add_str(&out, "]}");
	must(gh_buf_check(&out));
	puts(gh_buf_cstr(&out));
	gh_buf_free(&out);
}

struct figures {
	double p50, p99;
	size_t allowed;
};

static struct figures timed(struct world *world, double rate, uint64_t clock_cost, bool linear)
{
	size_t count = linear ? DECISIONS / 20 : DECISIONS, allowed = 0;
	uint64_t *samples = calloc(count, sizeof *samples);
	struct gh_policy_decision decision;
	struct gh_cedar_answer answer;

	for (size_t i = 0; i < count; i++) {
		const struct gh_cedar_request *request = &world->requests[i % REQUESTS];
		uint64_t start = ticks();
		if (linear)
			must(gh_cedar_authorize_linear(world->set, world->entities, request,
			                               world->scratch, &answer));
		else
			must(gh_policy_decide(world->set, (struct gh_policy_rules){ 0 },
			                      world->entities, request, world->scratch, &decision));
		uint64_t took = ticks() - start;
		samples[i] = took > clock_cost ? took - clock_cost : 0;
		allowed += linear ? answer.allow : decision.outcome == GH_POLICY_ALLOW;
	}
	qsort(samples, count, sizeof *samples, by_size);
	struct figures figures = { (double)samples[count / 2] / rate,
		                   (double)samples[count / 100 * 99] / rate,
		                   allowed * 100 / count };
	free(samples);
	return figures;
}

static double whole_path(struct world *world, double rate)
{
	uint64_t *samples = calloc(REQUESTS, sizeof *samples);
	struct gh_policy_decision decision;

	for (size_t i = 0; i < REQUESTS; i++) {
		const struct gh_cedar_request *like = &world->requests[i];
		uint64_t start = ticks();
		struct gh_cedar_space *space = gh_cedar_space_new(world->names, 1 << 20);
		struct gh_cedar_entities *over = gh_cedar_entities_new(space, world->entities);
		struct gh_cedar_request request = { .action = like->action,
			                            .resource = like->resource };
		request.principal = uid(space, "User", "visitor-0192f0c1-7a2b-", (uint32_t)i);
		struct gh_cedar_field mfa = { gh_cedar_intern(space, GH_SLICE("mfa")),
			                      gh_cedar_bool(true) };
		must(gh_cedar_record_new(gh_cedar_space_arena(space), &mfa, 1, &request.context));
		must(gh_cedar_entities_add(over, request.principal, NULL, NULL, NULL, 0));
		must(gh_cedar_entities_seal(over));
		must(gh_policy_decide(world->set, (struct gh_policy_rules){ 0 }, over, &request,
		                      world->scratch, &decision));
		gh_cedar_entities_free(over);
		gh_cedar_space_free(space);
		samples[i] = ticks() - start;
	}
	qsort(samples, REQUESTS, sizeof *samples, by_size);
	double p50 = (double)samples[REQUESTS / 2] / rate;
	free(samples);
	return p50;
}

static void report(const char *name, struct world *world, double rate, uint64_t clock_cost)
{
	struct figures best = { 1e9, 1e9, 0 };

	/* The machine is shared: of five rounds the quietest counts. */
	for (int round = 0; round < 5; round++) {
		struct figures now = timed(world, rate, clock_cost, false);
		if (now.p99 < best.p99)
			best = now;
	}
	struct figures scan = timed(world, rate, clock_cost, true);
	gh_cedar_space_freeze(world->names);
	printf("%-16s %6zu %8.0f %8.0f %10.0f %6zu%% %10.0f\n", name,
	       gh_cedar_policy_set_count(world->set), best.p50, best.p99, scan.p50, best.allowed,
	       whole_path(world, rate));
	close_world(world);
}

static const struct {
	const char *name, *policies;
	void (*open)(struct world *world);
} apps[] = {
	{ "drive", drive_policies, drive },
	{ "hosting", hosting_policies, hosting },
	{ "lists", list_policies, lists },
};

static int export_apps(void)
{
	for (size_t i = 0; i < GH_ARRAY_LEN(apps); i++) {
		struct world world;
		apps[i].open(&world);
		export_world(apps[i].name, apps[i].policies, &world);
		close_world(&world);
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const uint32_t sizes[] = { 10, 100, 1000, 10000 };
	uint64_t clock_cost = UINT64_MAX;
	struct world world;

	if (argc == 2 && strcmp(argv[1], "--export") == 0)
		return export_apps();
	double rate = ticks_per_ns();

	for (int i = 0; i < 1000; i++) {
		uint64_t start = ticks(), took = ticks() - start;
		clock_cost = took < clock_cost ? took : clock_cost;
	}
	printf("%-16s %6s %8s %8s %10s %7s %10s\n", "ns per decision", "rules", "p50", "p99",
	       "scan p50", "allow", "whole p50");
	for (size_t i = 0; i < GH_ARRAY_LEN(apps); i++) {
		apps[i].open(&world);
		report(apps[i].name, &world, rate, clock_cost);
	}
	for (size_t i = 0; i < GH_ARRAY_LEN(sizes); i++) {
		char name[32];
		many(&world, sizes[i]);
		snprintf(name, sizeof name, "sharing %u", sizes[i]);
		report(name, &world, rate, clock_cost);
	}
	return 0;
}
