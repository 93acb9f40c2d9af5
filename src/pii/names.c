#include "pii/names.h"

#include <stdlib.h>

#include "base/secret.h"
#include "pii/detect.h"

#define AROUND      GH_PII_TAGGER_AROUND
#define LONG_RUN    12 /* words without a cut: from here on, some words are cuts themselves */
#define AHEAD       4  /* words that must be known behind the one that is settled */
#define MAX_WORDS   200
#define CODE_BEHIND 2 /* bytes behind a word that tell program text */

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

static __attribute__((noinline)) bool grow(struct gh_pii_names *names)
{
	size_t capacity = names->capacity ? names->capacity * 2 : 1024;
	struct gh_pii_tag_word *tokens = calloc(capacity, sizeof *tokens);

	if (!tokens) {
		names->failed = true;
		return false;
	}
	if (names->tokens) {
		memcpy(tokens, names->tokens, names->count * sizeof *tokens);
		gh_wipe(names->tokens, names->capacity * sizeof *tokens);
		free(names->tokens);
	}
	names->tokens = tokens;
	names->capacity = capacity;
	return true;
}

/* Room for `count` more and for those that stand behind the last. */
static inline struct gh_pii_tag_word *room_for_tokens(struct gh_pii_names *names, size_t count)
{
	while (names->count + count + AROUND > names->capacity)
		if (!grow(names))
			return NULL;
	return &names->tokens[names->count];
}

void gh_pii_names_begin(struct gh_pii_names *names)
{
	names->count = names->last_end = 0;
	names->found_count = names->found_next = names->found_token = 0;
	names->failed = false;
	struct gh_pii_tag_word *tokens = room_for_tokens(names, AROUND);
	if (!tokens)
		return;
	for (int i = 0; i < AROUND; i++)
		tokens[i] = (struct gh_pii_tag_word){ .asked = true, .ready = true };
	names->next = names->count = AROUND;
}

/* Both without a jump: of capitalised words as many are names as are none. */
static inline unsigned part_of_known(uint32_t gaz)
{
	unsigned part = gaz & GH_PII_GAZ_PARTICLE ? GH_PII_PART_MAY : GH_PII_PART_NONE;

	part = gaz & GH_PII_GAZ_BARE ? GH_PII_PART_OPENS : part;
	return gaz & (GH_PII_GAZ_INTRO | GH_PII_GAZ_TITLE) ? GH_PII_PART_INTRO : part;
}

static inline unsigned part_of_capital(uint32_t gaz, size_t len, unsigned is_inside)
{
	unsigned common = GH_PII_GAZ_COMMON(gaz);
	unsigned is_weak =
	    (unsigned)(GH_PII_GAZ_FIRST(gaz) < 2) & (unsigned)(GH_PII_GAZ_LAST(gaz) < 3);
	unsigned only_may = (unsigned)(len == 1) | (unsigned)((gaz & GH_PII_GAZ_CALENDAR) != 0) |
	                    (~is_inside & (unsigned)(common >= 6)) |
	                    (is_weak & (unsigned)(common >= 4));
	unsigned part = GH_PII_PART_OPENS - only_may;

	return gaz & (GH_PII_GAZ_INTRO | GH_PII_GAZ_TITLE) ? GH_PII_PART_INTRO : part;
}
_Static_assert(GH_PII_PART_OPENS - 1 == GH_PII_PART_MAY, "what only may be is one below");

/* What the first byte of a word says: nothing, that the table of bare words decides, that the
 * gazetteer must be asked. */
#define BARE_DECIDES 1
#define ASKS         2
static const uint8_t first_bytes[256] = { ['A' ... 'Z'] = ASKS,
	                                  ['a' ... 'z'] = BARE_DECIDES,
	                                  [0x80 ... 0xff] = ASKS };

/* Told without a jump: it is hard to guess. */
static inline bool must_ask(const struct gh_pii_tagger *tagger, uint8_t first, uint64_t hash)
{
	return first_bytes[first] & (ASKS | gh_pii_tagger_maybe_bare(tagger, hash));
}

/* Whether a word is a piece of an identifier: "user_name", "MAX_LEN". */
static bool is_piece(struct gh_slice text, const struct gh_pii_tag_word *token)
{
	return (token->end < text.len && text.data[token->end] == '_') ||
	       (token->start > 0 && text.data[token->start - 1] == '_');
}

/* Whether a word stands inside a sentence, where capitals mean something. */
static inline unsigned is_inside(struct gh_slice text, const struct gh_pii_tag_word *token)
{
	if (token->start < 2)
		return 0;
	uint8_t gap = text.data[token->start - 1], before = text.data[token->start - 2];
	return (unsigned)(gap == ' ') &
	       ((unsigned)(before == ',') | (unsigned)gh_pii_is_alnum(before) |
	        (unsigned)(before >= 0x80));
}

static void ask(struct gh_pii_names *names, struct gh_slice text, struct gh_pii_tag_word *token)
{
	bool capital = gh_pii_tag_word_is_capital(text, token);

	if (token->hash == 0 || is_piece(text, token))
		return; /* too long a word, or none by itself */
	token->gaz = gh_pii_tagger_gaz(&names->tagger, token->hash);
	token->asked = true;
	token->is_lower = !capital;
	unsigned lower = part_of_known(token->gaz);
	unsigned upper =
	    part_of_capital(token->gaz, token->end - token->start, is_inside(text, token));
	token->part = (uint8_t)(capital ? upper : lower);
}

void gh_pii_names_words(struct gh_pii_names *names, struct gh_slice text, size_t base,
                        const uint16_t *starts, const uint16_t *ends, const uint64_t *hashes,
                        size_t count)
{
	struct gh_pii_tag_word *tokens = room_for_tokens(names, count);
	/* Not cleared: each is written before it is read. */
	__attribute__((uninitialized)) uint16_t asked[GH_PII_NAMES_BATCH];
	size_t ask_count = 0;

	if (!tokens)
		return;
	for (size_t w = 0; w < count; w++) {
		size_t start = base + starts[w];
		tokens[w] = (struct gh_pii_tag_word){ .hash = hashes[w],
			                              .start = (uint32_t)start,
			                              .end = (uint32_t)(base + ends[w]) };
		asked[ask_count] = (uint16_t)w;
		ask_count += must_ask(&names->tagger, text.data[start], hashes[w]);
	}
	/* All places in the gazetteer are on their way before the first is read; then those of the
	 * words around what opens a window. */
	for (size_t i = 0; i < ask_count; i++)
		__builtin_prefetch(gh_pii_tagger_slot(&names->tagger, tokens[asked[i]].hash));
	for (size_t i = 0; i < ask_count; i++) {
		ask(names, text, &tokens[asked[i]]);
		if (tokens[asked[i]].part < GH_PII_PART_OPENS)
			continue;
		for (int near = -AROUND; near <= AROUND; near++)
			__builtin_prefetch(
			    gh_pii_tagger_slot(&names->tagger, tokens[asked[i] + near].hash));
	}
	names->count += count;
}

void gh_pii_names_word(struct gh_pii_names *names, struct gh_slice text, size_t start, size_t end,
                       uint64_t hash)
{
	struct gh_pii_tag_word *token = room_for_tokens(names, 1);

	if (!token)
		return;
	*token = (struct gh_pii_tag_word){ .hash = hash,
		                           .start = (uint32_t)start,
		                           .end = (uint32_t)end };
	if (must_ask(&names->tagger, text.data[start], hash))
		ask(names, text, token);
	names->count++;
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
	case GH_PII_GAP_APOSTROPHE: return false;
	case GH_PII_GAP_DOT: /* "J.R.", "Mr.Smith", but "lex.c" */
	case GH_PII_GAP_DOT_SPACE:
		return token[-1].end - token[-1].start > 2 && !(token[-1].gaz & GH_PII_GAZ_TITLE);
	case GH_PII_GAP_COMMA: /* "Last, First" */ return true;
	default: return true;
	}
}

/* How many words a title or an introduction opens, itself among them: up to four; 0 when none of
 * the next three could be a name. What is not there yet could. */
static unsigned reach_of_intro(struct gh_pii_names *names, struct gh_slice text, size_t at,
                               bool ended)
{
	for (size_t i = at + 1; i < at + 4; i++) {
		if (i >= names->count)
			return ended ? 0 : 4;
		struct gh_pii_tag_word *next = &names->tokens[i];
		if (text.data[next->start] < 'A')
			continue;
		if (gh_pii_tag_word_is_capital(text, next))
			return (unsigned)(i - at) + 1;
		if (!next->asked)
			next->gaz = gh_pii_tagger_gaz(&names->tagger, next->hash);
		next->asked = true;
		if (GH_PII_GAZ_COMMON(next->gaz) < 4)
			return 4;
	}
	return 0;
}

static unsigned reach_of(struct gh_pii_names *names, struct gh_slice text, size_t at, bool ended)
{
	const struct gh_pii_tag_word *token = &names->tokens[at];

	if (token->part == GH_PII_PART_INTRO)
		return reach_of_intro(names, text, at, ended);
	return token->is_lower ? 3 : 1;
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
		unsigned far =
		    token->part >= GH_PII_PART_OPENS ? reach_of(names, text, at, ended) : 0;
		if (far > 0) {
			if (at - from > LONG_RUN) {
				/* A cut anyway: what follows is a run of its own. */
				make_ready(names, text, at);
				if (is_cut(names, at) || at - from > MAX_WORDS)
					break;
			}
			reach = at + far > reach ? at + far : reach;
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
		if (at - from > MAX_WORDS)
			break;
	}
	if (!ended && (at == names->count || (*opens && at + AHEAD > names->count)))
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

/* The next word that is part of a window: not one that only may be, with none behind it. */
static size_t next_part(const struct gh_pii_names *names, size_t at)
{
	const struct gh_pii_tag_word *tokens = names->tokens;

	/* Nearly every word is passed over, so both questions are one jump. */
	while (at + 1 < names->count &&
	       ((tokens[at].part == GH_PII_PART_NONE) |
	        ((tokens[at].part == GH_PII_PART_MAY) & (tokens[at + 1].part == GH_PII_PART_NONE))))
		at++;
	return at + 1 == names->count && tokens[at].part == GH_PII_PART_NONE ? at + 1 : at;
}

void gh_pii_names_segments(struct gh_pii_names *names, struct gh_slice text, bool ended,
                           gh_pii_segment_fn *visit, void *context)
{
	bool opens;

	if (names->failed)
		return;
	compact(names);
	if (ended)
		for (int i = 0; i < AROUND; i++)
			names->tokens[names->count + i] = (struct gh_pii_tag_word){
				.asked = true, .ready = true, .gap = GH_PII_GAP_START
			};
	while ((names->next = next_part(names, names->next)) < names->count) {
		size_t from = names->next;
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
}

/* ---- streams ---- */

struct touching {
	size_t from, end;
	bool touched;
};

static void note_segment(void *context, struct gh_pii_names *names, size_t first, size_t count)
{
	struct touching *touching = context;

	if (names->tokens[first].start < touching->end &&
	    names->tokens[first + count - 1].end > touching->from)
		touching->touched = true;
}

/* Whether the first word that is not settled lies behind `end`. */
static bool is_settled(const struct gh_pii_names *names, size_t end)
{
	return names->next < names->count ? names->tokens[names->next].start >= end
	                                  : names->last_end >= end;
}

size_t gh_pii_names_horizon(struct gh_pii_names *names, struct gh_slice text, size_t from,
                            size_t end, bool *touched)
{
	struct touching touching = { from, end, false };
	size_t at = 0, last = end;

	while (last > 0 && !gh_pii_is_word_byte(text.data[last - 1]))
		last--;
	*touched = false;
	if (last <= from)
		return end; /* no word in it */
	gh_pii_names_begin(names);
	while (at < text.len) {
		size_t stop = at;
		while (stop < text.len && gh_pii_is_word_byte(text.data[stop]))
			stop++;
		if (stop == at) {
			at++;
			continue;
		}
		if (text.len - stop < CODE_BEHIND)
			break; /* the word, or what is glued to it, may go on */
		struct gh_slice word = gh_slice_sub(text, at, stop - at);
		gh_pii_names_word(names, text, at, stop,
		                  gh_pii_word_hash(word, text.data + text.len));
		names->last_end = stop;
		if (stop >= last) {
			gh_pii_names_segments(names, text, false, note_segment, &touching);
			if (is_settled(names, last)) {
				*touched = touching.touched;
				return stop + CODE_BEHIND > end ? stop + CODE_BEHIND : end;
			}
		}
		at = stop;
	}
	return 0;
}
