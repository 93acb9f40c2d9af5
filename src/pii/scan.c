/* The walk: classify, find the words that mean something, offer every sign to its detector, settle
 * overlaps. Words run one stretch ahead of the signs, so that a detector can look right as well as
 * left. */
#include "pii/detect.h"

#include <pthread.h>
#include <stdlib.h>
#include <strings.h>

#include "base/secret.h"
#include "pii/calibration.h"
#include "pii/address.h"
#include "pii/custom.h"
#include "pii/decode.h"
#include "pii/fold.h"
#include "pii/names.h"

#define MAX_PHRASES   4
#define KEEP_BEHIND   512 /* triggers that far behind a stretch are still of interest */
#define KEY_FAVOUR    GH_PII_KEY_FAVOUR
#define NAME_FAVOUR   8  /* a name that is missed costs more than one too many */
#define PATTERN_BYTES 14 /* a word this long may be a key that has no prefix */
#define BATCH_BLOCKS  16 /* of which the words are sifted together */
#define BATCH_BYTES   (BATCH_BLOCKS * GH_PII_BLOCK)
#define SUFFIX_WORD   7 /* the shortest illness that is told by its ending */
#define W_ACTS        (GH_W_SECRET | GH_W_SECRETISH | GH_W_BEGIN | GH_W_VENDOR | GH_W_PATTERN)

struct phrase {
	uint64_t hash;
	uint32_t start;
};

/* Tables like the generated ones, but that C cannot write down: made with the first scan of the
 * process and never changed again. A scanner is opened for every request, so it must cost little.
 */
static struct {
	struct gh_pii_prefixes prefixes;
	struct gh_pii_id_index ids;
} tables;
static pthread_once_t tables_once = PTHREAD_ONCE_INIT;

static void make_tables(void)
{
	gh_pii_prefixes_make(&tables.prefixes);
	gh_pii_id_index_make(&tables.ids);
}

struct gh_pii_scratch {
	gh_pii_classify_fn *classify;
	struct gh_pii_bits bits[2][GH_PII_BLOCKS];
	struct gh_pii_trigger *triggers;
	size_t trigger_count, trigger_capacity;
	struct gh_pii_table table;
	struct gh_pii_fold fold;
	struct gh_pii_decoder decoder;
	struct gh_pii_names names;
	/* the word pass */
	bool in_word;
	size_t word_start, last_end;
	uint32_t edges[BATCH_BYTES + 2];
	uint16_t kept[BATCH_BYTES / 2 + 2];
	struct phrase phrases[MAX_PHRASES];
	size_t phrase_count;
	/* the sign pass */
	size_t next_trigger;
};

static gh_result scratch_of(struct gh_pii_matches *matches, struct gh_pii_scratch **out)
{
	struct gh_pii_scratch *scratch = matches->scratch;

	if (!scratch) {
		scratch = calloc(1, sizeof *scratch);
		GH_ENSURE(scratch, GH_E_MEMORY, "out of memory");
		matches->scratch = scratch;
		scratch->classify = gh_pii_best_classifier();
		pthread_once(&tables_once, make_tables);
	}
	*out = scratch;
	return gh_pii_names_open(&scratch->names);
}

gh_result gh_pii_scan_with(struct gh_pii_matches *matches, gh_pii_classify_fn *run)
{
	struct gh_pii_scratch *scratch;

	GH_TRY(scratch_of(matches, &scratch));
	scratch->classify = run;
	return GH_OK;
}

void gh_pii_matches_free(struct gh_pii_matches *matches)
{
	struct gh_pii_scratch *scratch = matches->scratch;

	if (scratch) {
		free(scratch->triggers);
		free(scratch->table.columns);
		gh_pii_fold_free(&scratch->fold);
		gh_pii_decoder_free(&scratch->decoder);
		gh_pii_names_close(&scratch->names);
		free(scratch);
	}
	free(matches->items);
	*matches = (struct gh_pii_matches){ 0 };
}

const struct gh_pii_prefixes *gh_pii_prefixes(const struct gh_pii_scan *scan)
{
	return &tables.prefixes;
}

const struct gh_pii_id_index *gh_pii_id_rows(const struct gh_pii_scan *scan)
{
	return &tables.ids;
}

static struct gh_pii_match *new_match(struct gh_pii_matches *out)
{
	if (out->count == out->capacity) {
		size_t capacity = out->capacity ? out->capacity * 2 : 64;
		struct gh_pii_match *items = capacity <= GH_PII_MAX_MATCHES
		                                 ? realloc(out->items, capacity * sizeof *items)
		                                 : NULL;
		if (!items) {
			out->truncated = true;
			return NULL;
		}
		out->items = items;
		out->capacity = capacity;
	}
	return &out->items[out->count++];
}

void gh_pii_add_custom(struct gh_pii_matches *out, size_t start, size_t end, const char *name,
                       uint8_t confidence, uint16_t custom)
{
	struct gh_pii_match *match = new_match(out);

	if (match)
		*match = (struct gh_pii_match){
			.start = (uint32_t)start,
			.end = (uint32_t)end,
			.class = GH_PII_CUSTOM,
			.confidence = confidence,
			.custom = custom,
			.kind = name,
		};
}

void gh_pii_add(struct gh_pii_scan *scan, size_t start, size_t end, enum gh_pii_class class,
                const char *kind, int confidence)
{
	if (confidence <= 0 || end <= start || scan->without >> class & 1)
		return;
	struct gh_pii_match *match = new_match(scan->out);
	if (match)
		*match = (struct gh_pii_match){
			.start = (uint32_t)start,
			.end = (uint32_t)end,
			.class = (uint8_t) class,
			.confidence = (uint8_t)(confidence > 100 ? 100 : confidence),
			.kind = kind,
		};
}

static bool looks_for_names(const struct gh_pii_scan *scan)
{
	const uint32_t both = 1u << GH_PII_NAME | 1u << GH_PII_ADDRESS;

	return (scan->without & both) != both;
}

/* ---- words ---- */

static void add_trigger(struct gh_pii_scan *scan, size_t start, size_t end, uint64_t groups,
                        uint8_t term)
{
	struct gh_pii_scratch *scratch = scan->scratch;

	if (scratch->trigger_count == scratch->trigger_capacity) {
		size_t capacity = scratch->trigger_capacity ? scratch->trigger_capacity * 2 : 256;
		struct gh_pii_trigger *triggers =
		    realloc(scratch->triggers, capacity * sizeof *triggers);
		if (!triggers) {
			scan->out->truncated = true;
			return;
		}
		scratch->triggers = triggers;
		scratch->trigger_capacity = capacity;
	}
	scratch->triggers[scratch->trigger_count++] =
	    (struct gh_pii_trigger){ (uint32_t)start, (uint32_t)end, groups, term };
}

/* Phrases go on over one space, hyphen, underscore, apostrophe or full stop. */
static bool joins(const struct gh_pii_scan *scan, size_t last_end, size_t start)
{
	if (start != last_end + 1)
		return false;
	uint8_t c = scan->text.data[last_end];
	return c == ' ' || c == '_' || c == '-' || c == '\'' || c == '.' || c == '/' || c == '\n';
}

/* False when the word is not in the table. */
static bool take_entry(struct gh_pii_scan *scan, uint64_t hash, size_t start, size_t end)
{
	struct gh_pii_scratch *scratch = scan->scratch;
	const struct gh_pii_word *entry = gh_pii_word_find(hash);

	if (!entry)
		return false;
	if (entry->groups || entry->term)
		add_trigger(scan, start, end, entry->groups, entry->term);
	if (entry->goes_on && scratch->phrase_count < MAX_PHRASES)
		scratch->phrases[scratch->phrase_count++] =
		    (struct phrase){ hash, (uint32_t)start };
	return true;
}

/* "retinoblastoma", "cardiomyopathy": an illness by its ending. */
static __attribute__((noinline)) void take_suffix(struct gh_pii_scan *scan, size_t start,
                                                  size_t end)
{
	const char *behind = (const char *)scan->text.data + end;
	uint32_t four;

	memcpy(&four, behind - 4, 4);
	for (size_t i = 0; i < GH_PII_SUFFIXES; i++) {
		const struct gh_pii_suffix *suffix = &gh_pii_suffixes[i];
		if (suffix->four == (four | 0x20202020u) && end - start > suffix->len + 1u &&
		    strncasecmp(behind - suffix->len, suffix->text, suffix->len) == 0) {
			add_trigger(scan, start, end, 0, GH_PII_SUFFIX_TERM);
			return;
		}
	}
}

/* A word that means something, may begin a key, or goes on with a phrase. */
static void on_word(struct gh_pii_scan *scan, size_t start, size_t end)
{
	struct gh_pii_scratch *scratch = scan->scratch;
	const uint8_t *word = scan->text.data + start;
	uint64_t hash =
	    gh_pii_word_hash(gh_slice(word, end - start), scan->text.data + scan->text.len);

	if (end - start >= PATTERN_BYTES)
		add_trigger(scan, start, end, GH_W_PATTERN, 0);
	else if (scan->text.len - start >= 4 && gh_pii_may_be_key(&tables.prefixes, word))
		add_trigger(scan, start, end, GH_W_VENDOR, 0);
	if (scratch->phrase_count > 0) {
		struct phrase open[MAX_PHRASES];
		size_t count = joins(scan, scratch->last_end, start) ? scratch->phrase_count : 0;
		memcpy(open, scratch->phrases, count * sizeof *open);
		scratch->phrase_count = 0;
		for (size_t i = 0; i < count; i++)
			take_entry(scan, gh_pii_word_join(open[i].hash, hash), open[i].start, end);
	}
	scratch->last_end = end;
	if (hash && !take_entry(scan, hash, start, end) && end - start >= SUFFIX_WORD &&
	    gh_pii_may_have_suffix(word + (end - start)))
		take_suffix(scan, start, end);
}

/* Where words begin and end in turn: a word that is open at the end has its begin at the end of the
 * list. */
static size_t find_edges(const struct gh_pii_bits *bits, size_t blocks, size_t base, bool in_word,
                         uint32_t *edges)
{
	uint64_t carry = in_word;
	size_t count = 0;

	for (size_t b = 0; b < blocks; b++) {
		uint64_t change = bits[b].word ^ (bits[b].word << 1 | carry);
		carry = bits[b].word >> 63;
		for (; change; change &= change - 1)
			edges[count++] =
			    (uint32_t)(base + b * GH_PII_BLOCK + (unsigned)__builtin_ctzll(change));
	}
	return count;
}

/* Whether a word needs a closer look, without a jump: most need none, and which is hard to guess.
 */
static inline bool needs_look(const struct gh_pii_prefixes *prefixes, const uint8_t *word,
                              size_t len)
{
	const uint8_t *tail = word + (len < SUFFIX_WORD ? SUFFIX_WORD : len);

	return (int)gh_pii_may_begin(word, len) | (int)(len >= PATTERN_BYTES) |
	       (int)gh_pii_may_be_key(prefixes, word) |
	       ((int)(len >= SUFFIX_WORD) & (int)gh_pii_may_have_suffix(tail));
}

/* The words of some blocks: sifted first, then those that are left looked at in turn. */
static void words_of_blocks(struct gh_pii_scan *scan, const struct gh_pii_bits *bits, size_t blocks,
                            size_t base, bool is_last)
{
	struct gh_pii_scratch *scratch = scan->scratch;
	const uint8_t *data = scan->text.data, *limit = data + scan->text.len;
	uint32_t *edges = scratch->edges;
	const bool names = looks_for_names(scan);
	size_t kept = 0, next = 0;

	edges[0] = (uint32_t)scratch->word_start;
	size_t count = find_edges(bits, blocks, base, scratch->in_word, edges + scratch->in_word) +
	               scratch->in_word;
	if (is_last && count % 2)
		edges[count++] = (uint32_t)scan->text.len;
	size_t words = count / 2;
	scratch->in_word = count % 2;
	if (scratch->in_word)
		scratch->word_start = edges[count - 1];
	for (size_t w = 0; w < words; w++) {
		const uint8_t *word = data + edges[2 * w];
		size_t len = edges[2 * w + 1] - edges[2 * w];
		if (names)
			gh_pii_names_word(&scratch->names, scan->text, edges[2 * w],
			                  edges[2 * w + 1],
			                  gh_pii_word_hash(gh_slice(word, len), limit));
		scratch->kept[kept] = (uint16_t)w;
		kept += limit - word < 16 || needs_look(&tables.prefixes, word, len);
	}
	/* A phrase may go on with the first word, whatever it is; and with what follows a kept one.
	 */
	for (size_t i = 0; i <= kept; i++) {
		size_t w = i == 0 ? 0 : scratch->kept[i - 1];
		if (i == 0 && scratch->phrase_count == 0)
			continue;
		for (w = w < next ? next : w; w < words; next = ++w) {
			on_word(scan, edges[2 * w], edges[2 * w + 1]);
			if (scratch->phrase_count == 0) {
				next = w + 1;
				break;
			}
		}
	}
}

/* Classifies one stretch and collects its triggers. The last block is read from a padded copy. */
static void words_of_stretch(struct gh_pii_scan *scan, size_t from)
{
	struct gh_pii_scratch *scratch = scan->scratch;
	struct gh_pii_bits *bits = scratch->bits[from / GH_PII_STRETCH & 1];
	size_t len = scan->text.len - from;
	size_t drop = 0;

	if (len > GH_PII_STRETCH)
		len = GH_PII_STRETCH;
	scratch->classify(scan->text.data + from, len / GH_PII_BLOCK, bits);
	if (len % GH_PII_BLOCK) {
		uint8_t tail[GH_PII_BLOCK] = { 0 };
		memcpy(tail, scan->text.data + from + len / GH_PII_BLOCK * GH_PII_BLOCK,
		       len % GH_PII_BLOCK);
		scratch->classify(tail, 1, bits + len / GH_PII_BLOCK);
		gh_wipe(tail, sizeof tail);
	}
	/* Triggers of the stretch before the last are behind every detector. */
	while (from > GH_PII_STRETCH && drop < scratch->trigger_count &&
	       scratch->triggers[drop].end + KEEP_BEHIND < from - GH_PII_STRETCH)
		drop++;
	if (drop > 0) {
		scratch->trigger_count -= drop;
		memmove(scratch->triggers, scratch->triggers + drop,
		        scratch->trigger_count * sizeof *scratch->triggers);
		scratch->next_trigger -= drop;
		scan->trigger_hint = 0;
	}
	if (from > GH_PII_STRETCH &&
	    gh_pii_table_forget(&scratch->table, from - GH_PII_STRETCH - KEEP_BEHIND))
		scan->column_hint = 0;
	if (!gh_pii_table_read(&scratch->table, scan->text, from + len))
		scan->out->truncated = true;
	size_t blocks = (len + GH_PII_BLOCK - 1) / GH_PII_BLOCK;
	for (size_t b = 0; b < blocks; b += BATCH_BLOCKS) {
		bool is_last = from + len == scan->text.len && b + BATCH_BLOCKS >= blocks;
		words_of_blocks(scan, bits + b, is_last ? blocks - b : BATCH_BLOCKS,
		                from + b * GH_PII_BLOCK, is_last);
	}
	scan->is_seen = false;
	scan->triggers = scratch->triggers;
	scan->trigger_count = scratch->trigger_count;
	if (looks_for_names(scan))
		gh_pii_names_label(&scratch->names, scan->text, &scratch->table, scan->name_favour,
		                   from + len == scan->text.len);
}

/* ---- signs ---- */

static void act_on_trigger(struct gh_pii_scan *scan, const struct gh_pii_trigger *trigger)
{
	if (trigger->term)
		gh_pii_detect_term(scan, trigger);
	if (trigger->groups & (GH_W_VENDOR | GH_W_PATTERN))
		gh_pii_detect_vendor(scan, trigger->start, trigger->end);
	if (trigger->groups & GH_W_PATTERN) {
		gh_pii_detect_pattern(scan, trigger->start, trigger->end);
		gh_pii_detect_mrz(scan, trigger->start);
		if (!scan->is_inner && !gh_pii_decoder_note(&scan->scratch->decoder, scan->text,
		                                            trigger->start, trigger->end))
			scan->out->truncated = true;
	}
	if (trigger->groups & GH_W_BEGIN)
		gh_pii_detect_private_key(scan, trigger->start);
	if (trigger->groups & (GH_W_SECRET | GH_W_SECRETISH))
		gh_pii_detect_spoken(scan, trigger);
}

/* The names that begin before `to`. */
static void add_names(struct gh_pii_scan *scan, size_t to)
{
	struct gh_pii_names *names = &scan->scratch->names;

	while (names->found_next < names->found_count &&
	       names->found[names->found_next].start < to) {
		const struct gh_pii_name *name = &names->found[names->found_next++];
		gh_pii_add(scan, name->start, name->end, GH_PII_NAME, "person",
		           gh_pii_tagger_confidence(&names->tagger, name->margin));
	}
}

static void signs_of_block(struct gh_pii_scan *scan, const struct gh_pii_bits *bits, size_t base,
                           bool *in_digits)
{
	struct gh_pii_scratch *scratch = scan->scratch;
	uint64_t digits = bits->digit & ~(bits->digit << 1 | *in_digits);

	*in_digits = bits->digit >> 63;
	while (scratch->next_trigger < scratch->trigger_count &&
	       scratch->triggers[scratch->next_trigger].start < base + GH_PII_BLOCK) {
		const struct gh_pii_trigger trigger = scratch->triggers[scratch->next_trigger++];
		if (trigger.term || (trigger.groups & W_ACTS))
			act_on_trigger(scan, &trigger);
	}
	add_names(scan, base + GH_PII_BLOCK);
	for (uint64_t at = bits->at; at; at &= at - 1)
		gh_pii_detect_email(scan, base + (unsigned)__builtin_ctzll(at));
	for (uint64_t at = bits->assign; at; at &= at - 1)
		gh_pii_detect_assigned(scan, base + (unsigned)__builtin_ctzll(at));
	for (uint64_t at = digits; at; at &= at - 1) {
		size_t where = base + (unsigned)__builtin_ctzll(at);
		gh_pii_detect_number(scan, where);
		gh_pii_detect_code(scan, where);
		gh_pii_detect_age(scan, where);
		gh_pii_detect_address(scan, where);
	}
}

static void signs_of_stretch(struct gh_pii_scan *scan, size_t from)
{
	const struct gh_pii_bits *bits = scan->scratch->bits[from / GH_PII_STRETCH & 1];
	size_t len = scan->text.len - from;
	bool in_digits = from > 0 && gh_pii_is_digit(scan->text.data[from - 1]);

	if (len > GH_PII_STRETCH)
		len = GH_PII_STRETCH;
	for (size_t b = 0; b * GH_PII_BLOCK < len; b++)
		signs_of_block(scan, &bits[b], from + b * GH_PII_BLOCK, &in_digits);
}

static void walk(struct gh_pii_scan *scan)
{
	size_t len = scan->text.len;

	words_of_stretch(scan, 0);
	for (size_t from = 0; from < len; from += GH_PII_STRETCH) {
		if (from + GH_PII_STRETCH < len)
			words_of_stretch(scan, from + GH_PII_STRETCH);
		signs_of_stretch(scan, from);
	}
}

/* ---- overlaps ---- */

static bool comes_before(const struct gh_pii_match *a, const struct gh_pii_match *b)
{
	if (a->start != b->start)
		return a->start < b->start;
	if (a->end != b->end)
		return a->end > b->end;
	if (a->confidence != b->confidence)
		return a->confidence > b->confidence;
	return strcmp(a->kind, b->kind) < 0;
}

/* Candidates come nearly in order: out of place by no more than a detector looks around. */
static void sort_matches(struct gh_pii_matches *matches)
{
	for (size_t i = 1; i < matches->count; i++) {
		struct gh_pii_match item = matches->items[i];
		size_t at = i;
		for (; at > 0 && comes_before(&item, &matches->items[at - 1]); at--)
			matches->items[at] = matches->items[at - 1];
		matches->items[at] = item;
	}
}

/* Which of two overlapping ones stays: the surer, then the longer; of one class the longer as long
 * as it is about as sure. */
static bool beats(const struct gh_pii_match *a, const struct gh_pii_match *b)
{
	uint32_t a_len = a->end - a->start, b_len = b->end - b->start;

	/* Words look like a name; what has a form of its own is proven by it. */
	if (a->class == GH_PII_NAME && b->class != GH_PII_NAME && b->confidence >= 50)
		return false;
	if (b->class == GH_PII_NAME && a->class != GH_PII_NAME && a->confidence >= 50)
		return true;
	if (a->class == b->class && a_len != b_len) {
		int gap = a->confidence - b->confidence;
		if (gap >= -12 && gap <= 12)
			return a_len > b_len;
	}
	if (a->confidence != b->confidence)
		return a->confidence > b->confidence;
	return a_len > b_len;
}

static int compare_matches(const void *a, const void *b)
{
	return comes_before(a, b) ? -1 : comes_before(b, a) ? 1 : 0;
}

/* The tenant's own patterns, behind all the others: these are in any order. */
static gh_result find_custom(struct gh_pii_scan *scan, struct gh_pii_custom *custom)
{
	struct gh_pii_matches *out = scan->out;
	size_t before = out->count;

	GH_TRY(gh_pii_custom_find(custom, scan->text, out));
	GH_ENSURE(!out->truncated, GH_E_LIMIT, "a text holds too many matches");
	if (out->count > before)
		qsort(out->items, out->count, sizeof *out->items, compare_matches);
	return GH_OK;
}

/* Once overlaps are settled, so that nothing smaller comes up in the place of what is allowed. */
static void drop_allowed(const struct gh_pii_scan *scan, const struct gh_pii_custom *custom)
{
	struct gh_pii_matches *out = scan->out;
	size_t kept = 0;

	for (size_t i = 0; i < out->count; i++) {
		struct gh_pii_match match = out->items[i];
		if (!gh_pii_custom_allows(
		        custom, gh_slice_sub(scan->text, match.start, match.end - match.start)))
			out->items[kept++] = match;
	}
	out->count = kept;
}

/* One left-to-right pass keeps disjoint spans, so that a rewrite is one splice. */
static void settle(struct gh_pii_matches *matches)
{
	size_t kept = 0;

	for (size_t i = 0; i < matches->count; i++) {
		struct gh_pii_match item = matches->items[i];
		size_t rivals = 0;
		bool stays = true;
		/* Only who beats every rival replaces them: nobody is dropped for a loser. */
		while (rivals < kept && matches->items[kept - 1 - rivals].end > item.start && stays)
			stays = beats(&item, &matches->items[kept - 1 - rivals++]);
		if (!stays)
			continue;
		kept -= rivals;
		matches->items[kept++] = item;
	}
	matches->count = kept;
}

/* What was found behind an encoding, and is not looked for. */
static void leave_out(struct gh_pii_matches *matches, uint32_t without)
{
	size_t kept = 0;

	for (size_t i = 0; i < matches->count; i++)
		if (!(without >> matches->items[i].class & 1))
			matches->items[kept++] = matches->items[i];
	matches->count = kept;
}

static void unfold(const struct gh_pii_fold *fold, struct gh_pii_matches *matches)
{
	for (size_t i = 0; fold->point_count > 0 && i < matches->count; i++) {
		struct gh_pii_match *match = &matches->items[i];
		match->start = (uint32_t)gh_pii_fold_start(fold, match->start);
		match->end = (uint32_t)gh_pii_fold_end(fold, match->end);
	}
}

/* Bytes from 0xe0 on: the three upper bits, eight bytes at a time. */
static bool has_scripts(struct gh_slice text)
{
	uint64_t eight, any = 0;
	size_t i = 0;

	for (; text.len - i >= 8; i += 8) {
		memcpy(&eight, text.data + i, 8);
		any |= eight & eight << 1 & eight << 2;
	}
	for (; i < text.len; i++)
		any |= (uint64_t)(text.data[i] >= 0xe0) << 7;
	return any & UINT64_C(0x8080808080808080);
}

/* Everything but folding and what is encoded: leaves settled matches of scan->text. */
static gh_result scan_folded(struct gh_pii_scan *scan)
{
	struct gh_pii_scratch *scratch = scan->scratch;

	scratch->trigger_count = scratch->next_trigger = 0;
	scratch->phrase_count = scratch->last_end = 0;
	scratch->in_word = false;
	gh_pii_names_begin(&scratch->names);
	gh_pii_table_begin(&scratch->table);
	scratch->table.names = looks_for_names(scan) ? &scratch->names : NULL;
	scan->table = &scratch->table;
	scan->has_scripts = has_scripts(scan->text);
	walk(scan);
	scan->out->truncated = scan->out->truncated || scratch->names.failed;
	GH_ENSURE(!scan->out->truncated, GH_E_LIMIT, "a text holds too many matches");
	sort_matches(scan->out);
	settle(scan->out);
	return GH_OK;
}

static gh_result begin(struct gh_pii_scan *scan, struct gh_slice text)
{
	struct gh_pii_matches *out = scan->out;

	GH_ENSURE(text.len <= GH_PII_MAX_TEXT_BYTES, GH_E_LIMIT, "a text is too long to scan");
	GH_TRY(scratch_of(out, &scan->scratch));
	out->count = 0;
	out->truncated = false;
	scan->scratch->decoder.run_count = 0;
	scan->name_favour = NAME_FAVOUR;
	return gh_pii_fold_text(&scan->scratch->fold, text, &scan->text);
}

gh_result gh_pii_scan_plain(struct gh_slice text, uint64_t key, struct gh_pii_matches *out)
{
	struct gh_pii_scan scan = { .out = out, .key = key, .is_inner = true };

	GH_TRY(begin(&scan, text));
	if (scan.text.len == 0)
		return GH_OK;
	GH_TRY(scan_folded(&scan));
	unfold(&scan.scratch->fold, out);
	return GH_OK;
}

gh_result gh_pii_scan(struct gh_slice text, const struct gh_pii_context *context,
                      struct gh_pii_matches *out)
{
	struct gh_pii_scan scan = { .out = out, .is_bare = text.len <= 40 };

	GH_TRY(begin(&scan, text));
	if (scan.text.len == 0)
		return GH_OK;
	if (context && gh_pii_names_key(&scan.scratch->names, context->key))
		scan.name_favour += KEY_FAVOUR;
	if (context && context->key.len > 0)
		scan.key = gh_pii_name_groups(context->key);
	scan.without = context ? context->without : 0;
	GH_TRY(scan_folded(&scan));
	GH_TRY(gh_pii_decoder_look(&scan.scratch->decoder, scan.text, scan.key, out));
	if (scan.without)
		leave_out(out, scan.without);
	if (context && context->custom)
		GH_TRY(find_custom(&scan, context->custom));
	settle(out);
	if (context && context->custom)
		drop_allowed(&scan, context->custom);
	unfold(&scan.scratch->fold, out);
	for (size_t i = 0; i < out->count && !(context && context->raw); i++)
		if (out->items[i].class != GH_PII_CUSTOM)
			out->items[i].confidence = gh_pii_calibrate(
			    out->items[i].class, out->items[i].kind, out->items[i].confidence);
	return GH_OK;
}
