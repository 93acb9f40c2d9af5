#include "pii/names.h"

#include <stdlib.h>

#include "base/secret.h"
#include "pii/detect.h"

#define AROUND    GH_PII_TAGGER_AROUND
#define LONG_RUN  12 /* words without a cut: from here on, some words are cuts themselves */
#define AHEAD     4  /* words that must be known behind the one that is settled */
#define MAX_WORDS 200

gh_result gh_pii_names_open(struct gh_pii_names *names)
{
	if (names->is_open)
		return GH_OK;
	GH_TRY(gh_pii_tagger_open(gh_pii_model_file(), &names->tagger));
	names->is_open = true;
	return GH_OK;
}

void gh_pii_names_close(struct gh_pii_names *names)
{
	gh_wipe(names->tokens, names->capacity * sizeof *names->tokens);
	free(names->tokens);
	free(names->found);
	*names = (struct gh_pii_names){ 0 };
}

/* ---- words ---- */

static struct gh_pii_tag_word *room_for_token(struct gh_pii_names *names)
{
	/* Words beyond the end are written without a look at the capacity. */
	if (names->count + AROUND >= names->capacity) {
		size_t capacity = names->capacity ? names->capacity * 2 : 512;
		struct gh_pii_tag_word *tokens = calloc(capacity, sizeof *tokens);
		if (!tokens) {
			names->failed = true;
			return NULL;
		}
		if (names->tokens) {
			memcpy(tokens, names->tokens, names->count * sizeof *tokens);
			gh_wipe(names->tokens, names->capacity * sizeof *tokens);
			free(names->tokens);
		}
		names->tokens = tokens;
		names->capacity = capacity;
	}
	return &names->tokens[names->count];
}

void gh_pii_names_begin(struct gh_pii_names *names)
{
	names->count = names->last_end = 0;
	names->found_count = names->found_next = names->found_token = 0;
	names->failed = false;
	for (int i = 0; i < AROUND; i++) {
		struct gh_pii_tag_word *token = room_for_token(names);
		if (!token)
			return;
		*token = (struct gh_pii_tag_word){ .ready = true };
		names->count++;
	}
	names->next = names->count;
}

static enum gh_pii_part part_of_known(uint32_t gaz)
{
	if (gaz & (GH_PII_GAZ_INTRO | GH_PII_GAZ_TITLE))
		return GH_PII_PART_INTRO;
	if (gaz & GH_PII_GAZ_BARE)
		return GH_PII_PART_OPENS;
	return gaz & GH_PII_GAZ_PARTICLE ? GH_PII_PART_MAY : GH_PII_PART_NONE;
}

static enum gh_pii_part part_of_capital(uint32_t gaz, size_t len)
{
	if (gaz & (GH_PII_GAZ_INTRO | GH_PII_GAZ_TITLE))
		return GH_PII_PART_INTRO;
	if (len == 1)
		return GH_PII_PART_MAY;
	if ((gaz & GH_PII_GAZ_CALENDAR) ||
	    (GH_PII_GAZ_COMMON(gaz) >= 4 && GH_PII_GAZ_FIRST(gaz) < 2 && GH_PII_GAZ_LAST(gaz) < 3))
		return GH_PII_PART_MAY;
	return GH_PII_PART_OPENS;
}

void gh_pii_names_word(struct gh_pii_names *names, struct gh_slice text, size_t start, size_t end,
                       uint64_t hash)
{
	struct gh_pii_tag_word *token = room_for_token(names);
	uint8_t first = text.data[start];

	if (!token)
		return;
	*token = (struct gh_pii_tag_word){ .hash = hash,
		                           .start = (uint32_t)start,
		                           .end = (uint32_t)end };
	names->count++;
	if (first >= 'a' && first <= 'z') {
		if (gh_pii_tagger_maybe_bare(&names->tagger, hash)) {
			token->gaz = gh_pii_tagger_gaz(&names->tagger, hash);
			token->part = (uint8_t)part_of_known(token->gaz);
		}
	} else if (gh_pii_tag_word_is_capital(text, token)) {
		token->gaz = hash ? gh_pii_tagger_gaz(&names->tagger, hash) : 0;
		token->part = (uint8_t)part_of_capital(token->gaz, end - start);
	} else if (first >= 0x80 && gh_pii_tagger_maybe_bare(&names->tagger, hash)) {
		token->gaz = gh_pii_tagger_gaz(&names->tagger, hash);
		token->part = (uint8_t)part_of_known(token->gaz);
	}
}

/* ---- segments ---- */

static void make_ready(struct gh_pii_names *names, struct gh_slice text, size_t at)
{
	struct gh_pii_tag_word *token = &names->tokens[at];

	if (!token->ready)
		gh_pii_tagger_ready(&names->tagger, text, token[-1].end, token);
}

/* Whether no name goes on from the word before tokens[at] to it; tokens[at] is ready. */
static bool is_cut(const struct gh_pii_names *names, size_t at)
{
	const struct gh_pii_tag_word *token = &names->tokens[at];

	switch (token->gap) {
	case GH_PII_GAP_SPACE:
	case GH_PII_GAP_HYPHEN:
	case GH_PII_GAP_APOSTROPHE:
	case GH_PII_GAP_DOT: return false;
	case GH_PII_GAP_DOT_SPACE:
		return token[-1].end - token[-1].start > 3 && !(token[-1].gaz & GH_PII_GAZ_TITLE);
	default: return true;
	}
}

static unsigned reach_of(const struct gh_pii_names *names, struct gh_slice text, size_t at)
{
	const struct gh_pii_tag_word *token = &names->tokens[at];

	if (token->part == GH_PII_PART_INTRO)
		return 4;
	return gh_pii_tag_word_is_capital(text, token) ? 2 : 3;
}

/* Cuts tokens[from, to) where no name goes on. In a long run without such a place, words whose hash
 * says so are cuts: the text decides, not where the run began. */
static void visit_run(struct gh_pii_names *names, size_t from, size_t to, gh_pii_segment_fn *visit,
                      void *context)
{
	size_t begin = from, run = 0;

	for (size_t at = from; at < to; at++, run++) {
		bool natural = at > from && is_cut(names, at);
		if (natural)
			run = 0;
		if (at > begin && (natural || at - begin == GH_PII_TAGGER_SEGMENT ||
		                   (run >= LONG_RUN && (names->tokens[at].hash >> 7 & 3) == 0))) {
			visit(context, names, begin, at - begin);
			begin = at;
		}
	}
	if (to > begin)
		visit(context, names, begin, to - begin);
}

/* The end of the run of words that begins at `from`, a part of a name; 0: not known yet. *opens:
 * whether any word in it opens a window. */
static size_t run_end(struct gh_pii_names *names, struct gh_slice text, size_t from, bool ended,
                      bool *opens)
{
	size_t reach = from, at = from;

	*opens = false;
	for (; at < names->count; at++) {
		const struct gh_pii_tag_word *token = &names->tokens[at];
		if (token->part >= GH_PII_PART_OPENS) {
			if (at - from > LONG_RUN) {
				/* A cut anyway: what follows is a run of its own. */
				make_ready(names, text, at);
				if (is_cut(names, at) || at - from > MAX_WORDS)
					break;
			}
			size_t far = at + reach_of(names, text, at);
			reach = far > reach ? far : reach;
			*opens = true;
			continue;
		}
		if (at < reach)
			continue;
		if (token->part == GH_PII_PART_NONE)
			break;
		make_ready(names, text, at);
		if (at > from && is_cut(names, at))
			break;
		if (!*opens && at - from > MAX_WORDS)
			break;
	}
	if (!ended && at + AHEAD > names->count)
		return 0;
	return at;
}

/* Drops what no later word looks at. Making a neighbour ready looks at the word before it. */
static void compact(struct gh_pii_names *names)
{
	const size_t keep = AROUND + 1;

	if (names->next < keep + 64)
		return;
	size_t drop = names->next - keep;
	names->count -= drop;
	memmove(names->tokens, names->tokens + drop, names->count * sizeof *names->tokens);
	names->next = keep;
	names->found_token = names->found_token > drop ? names->found_token - drop : 0;
}

void gh_pii_names_segments(struct gh_pii_names *names, struct gh_slice text, bool ended,
                           gh_pii_segment_fn *visit, void *context)
{
	bool opens;

	if (names->failed)
		return;
	if (ended)
		for (int i = 0; i < AROUND; i++)
			names->tokens[names->count + i] =
			    (struct gh_pii_tag_word){ .ready = true, .gap = GH_PII_GAP_START };
	while (names->next < names->count) {
		size_t from = names->next;
		if (names->tokens[from].part == GH_PII_PART_NONE) {
			names->next++;
			continue;
		}
		size_t to = run_end(names, text, from, ended, &opens);
		if (to == 0)
			break;
		if (opens) {
			for (size_t at = from - AROUND; at < to + AROUND && at < names->count; at++)
				make_ready(names, text, at);
			visit_run(names, from, to, visit, context);
		}
		names->next = to;
	}
	compact(names);
}

/* ---- names ---- */

struct labelling {
	struct gh_slice text;
	int16_t favour;
};

static struct gh_pii_name *room_for_name(struct gh_pii_names *names)
{
	if (names->found_count == names->found_capacity) {
		size_t capacity = names->found_capacity ? names->found_capacity * 2 : 64;
		struct gh_pii_name *found = realloc(names->found, capacity * sizeof *found);
		if (!found) {
			names->failed = true;
			return NULL;
		}
		names->found = found;
		names->found_capacity = capacity;
	}
	return &names->found[names->found_count];
}

static void add_name(struct gh_pii_names *names, size_t from, size_t to, const int16_t *margins,
                     bool goes_on)
{
	const struct gh_pii_tag_word *tokens = names->tokens;
	int sum = 0;

	for (size_t i = from; i < to; i++)
		sum += margins[i - from];
	int16_t margin = (int16_t)(sum / (int)(to - from));
	struct gh_pii_name *last =
	    names->found_count ? &names->found[names->found_count - 1] : NULL;
	/* "Last, First": the comma cuts, the label goes on. */
	if (goes_on && last && names->found_token == from) {
		last->end = tokens[to - 1].end;
		last->margin = margin > last->margin ? margin : last->margin;
		last->words = (uint8_t)(last->words + (to - from));
	} else {
		struct gh_pii_name *name = room_for_name(names);
		if (!name)
			return;
		*name = (struct gh_pii_name){ tokens[from].start, tokens[to - 1].end, margin,
			                      (uint8_t)(to - from) };
		names->found_count++;
	}
	names->found_token = to;
}

static void label_segment(void *context, struct gh_pii_names *names, size_t first, size_t count)
{
	const struct labelling *how = context;
	int16_t favour[GH_PII_TAGGER_SEGMENT] = { 0 }, margins[GH_PII_TAGGER_SEGMENT];
	uint8_t labels[GH_PII_TAGGER_SEGMENT];

	for (size_t i = 0; i < count; i++)
		favour[i] = how->favour;
	gh_pii_tagger_label(&names->tagger, &names->tokens[first], count, favour, labels, margins);
	for (size_t i = 0; i < count;) {
		if (labels[i] != GH_PII_TAG_NAME && labels[i] != GH_PII_TAG_NAME_ON) {
			i++;
			continue;
		}
		size_t end = i + 1;
		while (end < count && labels[end] == GH_PII_TAG_NAME_ON)
			end++;
		bool goes_on = i == 0 && labels[0] == GH_PII_TAG_NAME_ON;
		add_name(names, first + i, first + end, margins + i, goes_on);
		i = end;
	}
}

void gh_pii_names_label(struct gh_pii_names *names, struct gh_slice text, int16_t favour,
                        bool ended)
{
	struct labelling how = { text, favour };

	gh_pii_names_segments(names, text, ended, label_segment, &how);
}
