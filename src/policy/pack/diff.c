#include "policy/pack/diff.h"

#include "policy/pack/diff_parts.h"

#define VERSION      1
#define MAX_DEMANDS  64
#define DEMAND_BYTES 64

static const struct {
	const char *section;
	const char *name, *text; /* what an entry's two members are called */
	gh_diff_lister list;
} sections[] = {
	{ "policies", "id", "text", gh_diff_policies },
	{ "entities", "uid", "text", gh_diff_entities },
	{ "types", "name", "text", gh_diff_types },
	{ "actions", "name", "text", gh_diff_actions },
};

/* ---- obligations ---- */

struct demands {
	struct {
		char name[DEMAND_BYTES], value[DEMAND_BYTES];
		uint64_t strictness;
	} items[MAX_DEMANDS];
	size_t count;
};

static void keep_demand(void *user, const struct gh_policy_demand *demand)
{
	struct demands *demands = user;

	if (demands->count == MAX_DEMANDS)
		return; /* 32 classes and 7 limits are all there can be */
	strncpy(demands->items[demands->count].name, demand->name, DEMAND_BYTES - 1);
	strncpy(demands->items[demands->count].value, demand->value, DEMAND_BYTES - 1);
	demands->items[demands->count++].strictness = demand->strictness;
}

static gh_result demands_of(const struct gh_cedar_policy *policy, struct demands *out)
{
	struct gh_policy_obligations obligations;

	memset(out, 0, sizeof *out);
	GH_TRY(gh_policy_obligations_read(policy, &obligations));
	gh_policy_obligations_each(&obligations, keep_demand, out);
	return GH_OK;
}

static size_t find(const struct demands *demands, const char *name)
{
	size_t i = 0;

	while (i < demands->count && strcmp(demands->items[i].name, name) != 0)
		i++;
	return i;
}

static json_t *text_or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}

static json_t *change(const char *name, const char *before, const char *after, const char *is)
{
	return json_pack("{s:s, s:o, s:o, s:s}", "name", name, "before", text_or_null(before),
	                 "after", text_or_null(after), "is", is);
}

/* A demand that was not made is laxer than any that is. */
static json_t *compare_demands(const struct demands *before, const struct demands *after)
{
	json_t *list = json_array();
	int bad = 0;

	for (size_t i = 0; i < before->count; i++) {
		const char *name = before->items[i].name;
		size_t at = find(after, name);
		if (at == after->count)
			bad |= json_array_append_new(
			    list, change(name, before->items[i].value, NULL, "laxer"));
		else if (before->items[i].strictness != after->items[at].strictness)
			bad |= json_array_append_new(
			    list, change(name, before->items[i].value, after->items[at].value,
			                 before->items[i].strictness < after->items[at].strictness
			                     ? "stricter"
			                     : "laxer"));
	}
	for (size_t i = 0; i < after->count; i++)
		if (find(before, after->items[i].name) == before->count)
			bad |=
			    json_array_append_new(list, change(after->items[i].name, NULL,
			                                       after->items[i].value, "stricter"));
	if (bad) {
		json_decref(list);
		return NULL;
	}
	return list;
}

/* ---- lists ---- */

struct section {
	json_t *added, *removed, *changed;
	const char *name, *text;
};

static gh_result append(json_t *list, json_t *item)
{
	GH_ENSURE(json_array_append_new(list, item) == 0, GH_E_MEMORY, "out of memory");
	return GH_OK;
}

static gh_result one_side(const struct section *section, json_t *list,
                          const struct gh_diff_entry *entry)
{
	return append(
	    list, json_pack("{s:s, s:s}", section->name, entry->name, section->text, entry->text));
}

static gh_result both_sides(const struct section *section, const struct gh_diff_entry *before,
                            const struct gh_diff_entry *after)
{
	struct demands first, second;
	json_t *item;

	if (strcmp(before->text, after->text) == 0)
		return GH_OK;
	item = json_pack("{s:s, s:s, s:s}", section->name, before->name, "before", before->text,
	                 "after", after->text);
	GH_TRY(append(section->changed, item));
	if (!before->policy)
		return GH_OK;
	GH_TRY(demands_of(before->policy, &first));
	GH_TRY(demands_of(after->policy, &second));
	GH_ENSURE(json_object_set_new(item, "obligations", compare_demands(&first, &second)) == 0,
	          GH_E_MEMORY, "out of memory");
	return GH_OK;
}

/* Both lists are in order: one walk. */
static gh_result walk(const struct section *section, const struct gh_diff_list *before,
                      const struct gh_diff_list *after)
{
	size_t i = 0, k = 0;

	while (i < before->count || k < after->count) {
		int order = i == before->count ? 1
		            : k == after->count
		                ? -1
		                : strcmp(before->items[i].name, after->items[k].name);
		if (order < 0)
			GH_TRY(one_side(section, section->removed, &before->items[i++]));
		else if (order > 0)
			GH_TRY(one_side(section, section->added, &after->items[k++]));
		else
			GH_TRY(both_sides(section, &before->items[i++], &after->items[k++]));
	}
	return GH_OK;
}

static gh_result add_section(json_t *diff, size_t which, const struct gh_pack *before,
                             const struct gh_pack *after)
{
	GH_CLEANUP(gh_diff_list_free) struct gh_diff_list first = { 0 };
	GH_CLEANUP(gh_diff_list_free) struct gh_diff_list second = { 0 };
	struct section section = { .added = json_array(),
		                   .removed = json_array(),
		                   .changed = json_array(),
		                   .name = sections[which].name,
		                   .text = sections[which].text };
	json_t *tree = json_pack("{s:o, s:o, s:o}", "added", section.added, "removed",
	                         section.removed, "changed", section.changed);

	GH_ENSURE(json_object_set_new(diff, sections[which].section, tree) == 0, GH_E_MEMORY,
	          "out of memory");
	if (before)
		GH_TRY(sections[which].list(before, &first));
	GH_TRY(sections[which].list(after, &second));
	return walk(&section, &first, &second);
}

static gh_result add_rules(json_t *diff, const struct gh_pack *before, const struct gh_pack *after)
{
	json_t *rules = json_array();
	bool was = before && before->rules.any_error_denies, is = after->rules.any_error_denies;

	GH_ENSURE(json_object_set_new(diff, "rules", rules) == 0, GH_E_MEMORY, "out of memory");
	if (was == is)
		return GH_OK;
	return append(rules, change("strict_errors", was ? "true" : "false", is ? "true" : "false",
	                            is ? "stricter" : "laxer"));
}

gh_result gh_pack_diff(const struct gh_pack *before, const struct gh_pack *after, json_t **out)
{
	json_t *diff = json_pack("{s:i}", "v", VERSION);
	enum gh_code code = diff ? GH_OK : gh_fail(GH_E_MEMORY, "out of memory");

	*out = NULL;
	for (size_t i = 0; i < GH_ARRAY_LEN(sections) && code == GH_OK; i++)
		code = add_section(diff, i, before, after);
	if (code == GH_OK)
		code = add_rules(diff, before, after);
	if (code == GH_OK)
		*out = diff;
	else
		json_decref(diff);
	return code;
}

bool gh_pack_diff_is_empty(const json_t *diff)
{
	for (size_t i = 0; i < GH_ARRAY_LEN(sections); i++) {
		const json_t *section = json_object_get(diff, sections[i].section);
		if (json_array_size(json_object_get(section, "added")) ||
		    json_array_size(json_object_get(section, "removed")) ||
		    json_array_size(json_object_get(section, "changed")))
			return false;
	}
	return json_array_size(json_object_get(diff, "rules")) == 0;
}
