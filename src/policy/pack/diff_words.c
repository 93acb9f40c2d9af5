/* A diff as a person reads it before putting a name under it: what was added, removed and changed,
 * a changed text line by line, and plainly when a demand became laxer. */
#include <stdlib.h>

#include "policy/pack/diff.h"

#define MAX_LINES 1000 /* of one text; a longer one is shown whole, before and after */

struct lines {
	struct gh_slice *items;
	size_t count;
};

static struct lines split(const char *text)
{
	struct gh_slice rest = gh_slice_str(text), line;
	struct lines lines = { calloc(MAX_LINES + 1, sizeof(struct gh_slice)), 0 };

	for (bool more = lines.items != NULL; more && lines.count <= MAX_LINES;) {
		more = gh_slice_split(rest, '\n', &line, &rest);
		if (more || line.len)
			lines.items[lines.count++] = line;
	}
	return lines;
}

static void put_line(struct gh_buf *out, char mark, struct gh_slice line)
{
	gh_buf_addf(out, "    %c ", mark);
	gh_buf_add_slice(out, line);
	gh_buf_add_byte(out, '\n');
}

static void put_all(struct gh_buf *out, char mark, const struct lines *lines)
{
	for (size_t i = 0; i < lines->count; i++)
		put_line(out, mark, lines->items[i]);
}

/* The longest common subsequence by table: texts are short. */
static void put_changes(struct gh_buf *out, const struct lines *a, const struct lines *b)
{
	size_t width = b->count + 1;
	uint16_t *longest = calloc((a->count + 1) * width, sizeof *longest);
	size_t i = 0, k = 0;

	if (!longest || a->count > MAX_LINES || b->count > MAX_LINES) {
		free(longest);
		put_all(out, '-', a);
		put_all(out, '+', b);
		return;
	}
	for (size_t x = a->count; x-- > 0;)
		for (size_t y = b->count; y-- > 0;) {
			uint16_t down = longest[(x + 1) * width + y];
			uint16_t right = longest[x * width + y + 1];
			longest[x * width + y] =
			    gh_slice_eq(a->items[x], b->items[y])
			        ? (uint16_t)(longest[(x + 1) * width + y + 1] + 1)
			    : down > right ? down
			                   : right;
		}
	while (i < a->count || k < b->count) {
		if (i < a->count && k < b->count && gh_slice_eq(a->items[i], b->items[k])) {
			put_line(out, ' ', a->items[i++]);
			k++;
		} else if (k == b->count || (i < a->count && longest[(i + 1) * width + k] >=
		                                                 longest[i * width + k + 1])) {
			put_line(out, '-', a->items[i++]);
		} else {
			put_line(out, '+', b->items[k++]);
		}
	}
	free(longest);
}

static const char *text_at(const json_t *item, const char *name)
{
	const char *text = json_string_value(json_object_get(item, name));

	return text ? text : "";
}

static void put_texts(struct gh_buf *out, const json_t *item)
{
	struct lines before = split(text_at(item, "before")), after = split(text_at(item, "after"));

	put_changes(out, &before, &after);
	free(before.items);
	free(after.items);
}

static void put_side(struct gh_buf *out, char mark, const json_t *item)
{
	struct lines lines = split(text_at(item, "text"));

	put_all(out, mark, &lines);
	free(lines.items);
}

/* "  @budget_tokens: 1000 -> 5000, laxer" */
static void put_demands(struct gh_buf *out, const json_t *list, const char *mark)
{
	json_t *item;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)list, i, item)
	{
		const char *before = json_string_value(json_object_get(item, "before"));
		const char *after = json_string_value(json_object_get(item, "after"));
		gh_buf_addf(out, "  %s%s: %s -> %s, %s\n", mark, text_at(item, "name"),
		            before ? before : "nothing", after ? after : "nothing",
		            text_at(item, "is"));
	}
}

static const struct {
	const char *section, *key, *noun;
	bool texts_of_one_side; /* shown for what was added and removed too */
} sections[] = {
	{ "policies", "id", "policy", true },
	{ "entities", "uid", "entity", true },
	{ "types", "name", "entity type", false },
	{ "actions", "name", "action", false },
};

static void put_section(struct gh_buf *out, const json_t *diff, size_t which)
{
	static const char *const names[] = { "removed", "added" };
	const json_t *section = json_object_get(diff, sections[which].section);
	json_t *item;
	size_t i;

	for (size_t side = 0; side < GH_ARRAY_LEN(names); side++)
		json_array_foreach(json_object_get(section, names[side]), i, item)
		{
			gh_buf_addf(out, "%s %s %s\n", sections[which].noun,
			            text_at(item, sections[which].key), names[side]);
			if (sections[which].texts_of_one_side)
				put_side(out, side ? '+' : '-', item);
		}
	json_array_foreach(json_object_get(section, "changed"), i, item)
	{
		gh_buf_addf(out, "%s %s changed\n", sections[which].noun,
		            text_at(item, sections[which].key));
		put_demands(out, json_object_get(item, "obligations"), "@");
		put_texts(out, item);
	}
}

void gh_pack_diff_words(const json_t *diff, struct gh_buf *out)
{
	if (gh_pack_diff_is_empty(diff)) {
		gh_buf_add_str(out, "Nothing differs.\n");
		return;
	}
	for (size_t i = 0; i < GH_ARRAY_LEN(sections); i++)
		put_section(out, diff, i);
	if (json_array_size(json_object_get(diff, "rules")))
		gh_buf_add_str(out, "rules of the manifest changed\n");
	put_demands(out, json_object_get(diff, "rules"), "");
}
