/* From segments to names: each segment is labelled, and the stretches of it that are names are kept
 * when nothing around them says otherwise: program text, a name turned round, a word that is none.
 */
#include "pii/names.h"

#include <stdlib.h>

#include "pii/detect.h"

#define PENDING_WORDS    128 /* whose weights are fetched ahead; at least a segment */
#define VARIABLE_PENALTY 160 /* of margin */
#define LIST_FAVOUR      60  /* the same */

/* Segments whose weights are on their way from memory. */
struct labelling {
	struct gh_slice text;
	const struct gh_pii_table *table;
	int16_t favour;
	size_t segment_count, word_count;
	struct {
		uint32_t first, count;
	} segments[PENDING_WORDS];
	uint32_t rows[PENDING_WORDS][GH_PII_TAGGER_FEATURES];
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

/* "Anna, " or "Anna and Bob": a list goes on behind tokens[at - 1]. */
static bool list_goes_on(const struct gh_pii_tag_word *tokens, size_t at)
{
	const struct gh_pii_tag_word *next = &tokens[at];

	if (next->gap == GH_PII_GAP_COMMA)
		return GH_PII_GAZ_FIRST(next->gaz) >= 2 && GH_PII_GAZ_COMMON(next->gaz) < 4;
	return next->gap == GH_PII_GAP_SPACE && next->end - next->start <= 3 &&
	       GH_PII_GAZ_COMMON(next->gaz) >= 5 && next[1].gap == GH_PII_GAP_SPACE &&
	       GH_PII_GAZ_FIRST(next[1].gaz) >= 2;
}

/* Whether the last name found stands directly behind the comma of the one before it. */
static bool is_behind_name(const struct gh_pii_names *names)
{
	const struct gh_pii_name *last = &names->found[names->found_count - 1];

	return names->found_count > 1 && last[-1].end + 2 == last->start;
}

/* A surname and a first name, as far as lists know. */
static bool looks_turned(const struct gh_pii_tag_word *last, const struct gh_pii_tag_word *first)
{
	return GH_PII_GAZ_LAST(last->gaz) > GH_PII_GAZ_FIRST(last->gaz) &&
	       (GH_PII_GAZ_FIRST(first->gaz) == 3 ||
	        GH_PII_GAZ_FIRST(first->gaz) > GH_PII_GAZ_LAST(first->gaz));
}

/* "Last, First" is one name, "First Last, First Last" are two, "First, First and First" three. */
static bool is_turned(const struct gh_pii_names *names, const struct gh_pii_name *last, size_t from,
                      size_t to)
{
	const struct gh_pii_tag_word *tokens = names->tokens;

	if (last->words > 2 || to - from > 2)
		return false;
	if (last->words == 2 && GH_PII_GAZ_FIRST(tokens[from - 2].gaz) >= 2 &&
	    GH_PII_GAZ_FIRST(tokens[from - 2].gaz) >= GH_PII_GAZ_LAST(tokens[from - 2].gaz))
		return false;
	if (last->words == 1 && to - from == 1) {
		uint32_t gaz = tokens[from - 1].gaz;
		bool listed = is_behind_name(names) || list_goes_on(tokens, to);
		if (GH_PII_GAZ_FIRST(gaz) > GH_PII_GAZ_LAST(gaz) ||
		    (listed && (GH_PII_GAZ_FIRST(gaz) >= 2 || GH_PII_GAZ_LAST(gaz) < 2)))
			return false;
	}
	return to - from == 1 || tokens[to - 1].end - tokens[to - 1].start == 1 ||
	       GH_PII_GAZ_FIRST(tokens[to - 1].gaz) >= 2;
}

/* "Anna, Peter": a first name right behind another name. */
static bool goes_on_list(const struct gh_pii_tag_word *tokens, size_t from, size_t to, bool follows)
{
	return follows && to - from == 1 && tokens[from].gap == GH_PII_GAP_COMMA &&
	       GH_PII_GAZ_FIRST(tokens[from].gaz) >= 2 && GH_PII_GAZ_COMMON(tokens[from].gaz) < 4;
}

static void add_name(struct gh_pii_names *names, size_t from, size_t to, const int16_t *margins,
                     bool goes_on)
{
	const struct gh_pii_tag_word *tokens = names->tokens;
	int sum = 0;

	for (size_t i = from; i < to; i++)
		sum += margins[i - from];
	int16_t margin = (int16_t)(sum / (int)(to - from));
	/* One word in lower case or of mixed case is as often somebody's variable. */
	struct gh_pii_name *last =
	    names->found_count ? &names->found[names->found_count - 1] : NULL;
	bool follows = last && names->found_token == from;
	if (goes_on_list(tokens, from, to, follows))
		margin = (int16_t)(margin + LIST_FAVOUR);
	if (to - from == 1 && !follows &&
	    (gh_pii_tag_word_is_lower(&tokens[from]) || gh_pii_tag_word_is_mixed(&tokens[from])))
		margin = (int16_t)(margin - VARIABLE_PENALTY);
	/* "Last, First": the comma cuts, the label goes on. */
	if (goes_on && follows && is_turned(names, last, from, to)) {
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

/* A name in lower case has a word that lists know as a name, or a title in front. */
static bool is_plausible(const struct gh_pii_tag_word *tokens, size_t count, struct gh_slice text)
{
	if (count == 1 && tokens[0].end - tokens[0].start == 1)
		return false;
	/* b'L' is a literal; only d', l' and o' begin a name. */
	uint8_t letter = text.data[tokens[0].start];
	if (count > 1 && tokens[0].end - tokens[0].start == 1 &&
	    tokens[1].gap == GH_PII_GAP_APOSTROPHE && letter >= 'a' && !strchr("dlo", letter))
		return false;
	for (size_t i = 0; i < count; i++)
		if (((GH_PII_GAZ_FIRST(tokens[i].gaz) >= 2 ||
		      GH_PII_GAZ_LAST(tokens[i].gaz) >= 2) &&
		     GH_PII_GAZ_COMMON(tokens[i].gaz) < 5) ||
		    gh_pii_tag_word_is_capital(text, &tokens[i]))
			return true;
	return (tokens[-1].gaz & GH_PII_GAZ_TITLE) &&
	       (tokens[0].gap == GH_PII_GAP_SPACE || tokens[0].gap == GH_PII_GAP_DOT_SPACE);
}

/* Words of Latin script go on with such: what is glued to a name in another is an accident. */
static bool is_latin(struct gh_slice text, const struct gh_pii_tag_word *token)
{
	return text.data[token->start] < 0xcd;
}

static bool is_in_person_column(const struct gh_pii_table *table, size_t start)
{
	size_t low = 0, high = table->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (table->columns[middle].end <= start)
			low = middle + 1;
		else
			high = middle;
	}
	return low < table->count && table->columns[low].start <= start &&
	       table->columns[low].is_person;
}

static void label_segment(struct gh_pii_names *names, const struct labelling *how, size_t first,
                          size_t count, const uint32_t rows[][GH_PII_TAGGER_FEATURES])
{
	__attribute__((uninitialized)) int16_t margins[GH_PII_TAGGER_SEGMENT];
	__attribute__((uninitialized)) uint8_t labels[GH_PII_TAGGER_SEGMENT];
	const struct gh_pii_tag_word *tokens = &names->tokens[first];

	int16_t favour = how->favour;
	if (how->table->count && is_in_person_column(how->table, tokens[0].start))
		favour = (int16_t)(favour + GH_PII_KEY_FAVOUR);
	if (!gh_pii_tagger_label(&names->tagger, tokens, rows, count, favour, labels, margins))
		return;
	for (size_t i = 0; i < count;) {
		if (labels[i] != GH_PII_TAG_NAME && labels[i] != GH_PII_TAG_NAME_ON) {
			i++;
			continue;
		}
		size_t end = i + 1;
		while (end < count && labels[end] == GH_PII_TAG_NAME_ON &&
		       is_latin(how->text, &tokens[end]) == is_latin(how->text, &tokens[i]))
			end++;
		bool is_variable = end - i == 1 && gh_pii_tag_word_is_lower(&tokens[i]);
		if (gh_pii_names_in_code(how->text, tokens[i].start, tokens[end - 1].end,
		                         is_variable) ||
		    !is_plausible(&tokens[i], end - i, how->text)) {
			i = end;
			continue;
		}
		bool goes_on =
		    i == 0 && tokens[0].gap == GH_PII_GAP_COMMA &&
		    (labels[0] == GH_PII_TAG_NAME_ON || looks_turned(&tokens[-1], &tokens[0]));
		add_name(names, first + i, first + end, margins + i, goes_on);
		i = end;
	}
}

static void label_pending(struct gh_pii_names *names, struct labelling *how)
{
	size_t word = 0;

	for (size_t i = 0; i < how->segment_count; i++) {
		size_t count = how->segments[i].count;
		label_segment(names, how, how->segments[i].first, count, how->rows + word);
		word += count;
	}
	how->segment_count = how->word_count = 0;
}

/* Asks memory for a segment's weights, which come while other segments are looked for. */
static void await_segment(void *context, struct gh_pii_names *names, size_t first, size_t count)
{
	struct labelling *how = context;

	if (how->word_count + count > PENDING_WORDS)
		label_pending(names, how);
	for (size_t i = 0; i < count; i++)
		gh_pii_tagger_fetch(&names->tagger, &names->tokens[first + i],
		                    how->rows[how->word_count++]);
	how->segments[how->segment_count].first = (uint32_t)first;
	how->segments[how->segment_count++].count = (uint32_t)count;
}

void gh_pii_names_label(struct gh_pii_names *names, struct gh_slice text,
                        const struct gh_pii_table *table, int16_t favour, bool ended)
{
	/* Not cleared: each segment is written before it is read. */
	__attribute__((uninitialized)) struct labelling how;

	how.text = text;
	how.table = table;
	how.favour = favour;
	how.segment_count = how.word_count = 0;
	gh_pii_names_segments(names, text, ended, await_segment, &how);
	label_pending(names, &how);
}
