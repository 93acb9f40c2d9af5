/* The walk: classify, find the words that mean something, offer every sign to its detector, settle
 * overlaps. Words run one stretch ahead of the signs, so that a detector can look right as well as
 * left. */
#include "pii/scratch.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/secret.h"
#include "pii/address.h"
#include "pii/calibration.h"
#include "pii/custom.h"

#define KEEP_BEHIND 512 /* triggers that far behind a stretch are still of interest */
#define SIGN_BLOCKS 64  /* that one detector goes over before the next does */
#define NAME_FAVOUR 8   /* a name that is missed costs more than one too many */
#define W_ACTS      (GH_W_SECRET | GH_W_SECRETISH | GH_W_BEGIN | GH_W_VENDOR | GH_W_PATTERN)

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

static gh_result scratch_of(struct gh_pii_matches *matches, struct gh_pii_scratch **out)
{
	struct gh_pii_scratch *scratch = matches->scratch;

	if (!scratch) {
		scratch = calloc(1, sizeof *scratch);
		GH_ENSURE(scratch, GH_E_MEMORY, "out of memory");
		matches->scratch = scratch;
		scratch->classifier = gh_pii_best_classifier();
		pthread_once(&tables_once, make_tables);
	}
	*out = scratch;
	return gh_pii_names_open(&scratch->names);
}

gh_result gh_pii_scan_with(struct gh_pii_matches *matches,
                           const struct gh_pii_classifier *classifier)
{
	struct gh_pii_scratch *scratch;

	GH_TRY(scratch_of(matches, &scratch));
	scratch->classifier = classifier;
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

/* Whether a finding may stand in the way of others. */
static bool reaches(const struct gh_pii_scan *scan, enum gh_pii_class class, const char *kind,
                    int confidence)
{
	return !scan->least || scan->least[class] <= GH_PII_LEAST ||
	       gh_pii_calibrate(class, kind, (uint8_t)confidence) >= scan->least[class];
}

/* Detectors cut what is too long, and may cut inside a character: the whole of it counts. */
static size_t border_before(struct gh_slice text, size_t at)
{
	for (int back = 0; back < 3 && at > 0 && at < text.len; back++) {
		if ((text.data[at] & 0xc0) != 0x80)
			break;
		at--;
	}
	return at;
}

static size_t border_behind(struct gh_slice text, size_t at)
{
	for (int more = 0; more < 3 && at < text.len && (text.data[at] & 0xc0) == 0x80; more++)
		at++;
	return at;
}

void gh_pii_add(struct gh_pii_scan *scan, size_t start, size_t end, enum gh_pii_class class,
                const char *kind, int confidence)
{
	confidence = confidence > 100 ? 100 : confidence;
	if (confidence <= 0 || end <= start || scan->without >> class & 1 ||
	    !reaches(scan, class, kind, confidence))
		return;
	start = border_before(scan->text, start);
	end = border_behind(scan->text, end);
	struct gh_pii_match *match = new_match(scan->out);
	if (match)
		*match = (struct gh_pii_match){
			.start = (uint32_t)start,
			.end = (uint32_t)end,
			.class = (uint8_t) class,
			.confidence = (uint8_t)confidence,
			.kind = kind,
		};
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
	scratch->classifier->run(scan->text.data + from, len / GH_PII_BLOCK, bits);
	if (len % GH_PII_BLOCK) {
		uint8_t tail[GH_PII_BLOCK] = { 0 };
		memcpy(tail, scan->text.data + from + len / GH_PII_BLOCK * GH_PII_BLOCK,
		       len % GH_PII_BLOCK);
		scratch->classifier->run(tail, 1, bits + len / GH_PII_BLOCK);
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
	if (!gh_pii_table_read(&scratch->table, scan->text, bits, from, from + len))
		scan->out->truncated = true;
	size_t blocks = (len + GH_PII_BLOCK - 1) / GH_PII_BLOCK;
	for (size_t b = 0; b < blocks; b += GH_PII_BATCH_BLOCKS) {
		bool is_last = from + len == scan->text.len && b + GH_PII_BATCH_BLOCKS >= blocks;
		gh_pii_words_of_blocks(scan, bits + b, is_last ? blocks - b : GH_PII_BATCH_BLOCKS,
		                       from + b * GH_PII_BLOCK, is_last);
		if (gh_pii_wants(scan, GH_PII_PERSONS))
			gh_pii_names_label(&scratch->names, scan->text, &scratch->table,
			                   scan->name_favour, is_last);
	}
	scan->is_seen = false;
	scan->triggers = scratch->triggers;
	scan->trigger_count = scratch->trigger_count;
}

/* ---- signs ---- */

static void act_on_trigger(struct gh_pii_scan *scan, const struct gh_pii_trigger *trigger)
{
	if (trigger->term && gh_pii_wants(scan, GH_PII_INDICATORS))
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

/* Of the lowest bit set. */
static inline size_t place_of(size_t base, size_t block, uint64_t bits)
{
	return base + block * GH_PII_BLOCK + (unsigned)__builtin_ctzll(bits);
}

/* Where runs of digits begin in a block. */
static uint64_t digit_runs(const struct gh_pii_scan *scan, const struct gh_pii_bits *bits,
                           size_t base)
{
	uint64_t before = base > 0 && gh_pii_is_digit(scan->text.data[base - 1]);

	return bits->digit & ~(bits->digit << 1 | before);
}

static void words_and_names(struct gh_pii_scan *scan, size_t to)
{
	struct gh_pii_scratch *scratch = scan->scratch;

	while (scratch->next_trigger < scratch->trigger_count &&
	       scratch->triggers[scratch->next_trigger].start < to) {
		const struct gh_pii_trigger *trigger = &scratch->triggers[scratch->next_trigger++];
		if (trigger->term || (trigger->groups & W_ACTS))
			act_on_trigger(scan, trigger);
	}
	add_names(scan, to);
}

/* One detector after the other, each over some blocks: its code and tables stay at hand. */
static void signs_of_blocks(struct gh_pii_scan *scan, const struct gh_pii_bits *bits, size_t blocks,
                            size_t base)
{
	words_and_names(scan, base + blocks * GH_PII_BLOCK);
	for (size_t b = 0; b < blocks; b++)
		for (uint64_t at = bits[b].at; at; at &= at - 1)
			gh_pii_detect_email(scan, place_of(base, b, at));
	for (size_t b = 0; b < blocks; b++)
		for (uint64_t at = bits[b].assign; at; at &= at - 1)
			gh_pii_detect_assigned(scan, place_of(base, b, at));
	for (size_t b = 0; b < blocks; b++)
		for (uint64_t at = digit_runs(scan, &bits[b], base + b * GH_PII_BLOCK); at;
		     at &= at - 1)
			gh_pii_detect_digits(scan, place_of(base, b, at));
	for (size_t b = 0; b < blocks && gh_pii_wants(scan, 1u << GH_PII_ADDRESS); b++)
		for (uint64_t at = digit_runs(scan, &bits[b], base + b * GH_PII_BLOCK); at;
		     at &= at - 1)
			gh_pii_detect_address(scan, place_of(base, b, at));
}

static void signs_of_stretch(struct gh_pii_scan *scan, size_t from)
{
	const struct gh_pii_bits *bits = scan->scratch->bits[from / GH_PII_STRETCH & 1];
	size_t len = scan->text.len - from;

	if (len > GH_PII_STRETCH)
		len = GH_PII_STRETCH;
	const size_t blocks = (len + GH_PII_BLOCK - 1) / GH_PII_BLOCK;
	for (size_t b = 0; b < blocks; b += SIGN_BLOCKS)
		signs_of_blocks(scan, bits + b, blocks - b < SIGN_BLOCKS ? blocks - b : SIGN_BLOCKS,
		                from + b * GH_PII_BLOCK);
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

/* The tenant's own patterns, behind all the others: these are in any order. */
static gh_result find_custom(struct gh_pii_scan *scan, struct gh_pii_custom *custom)
{
	struct gh_pii_matches *out = scan->out;
	size_t before = out->count;

	GH_TRY(gh_pii_custom_find(custom, scan->text, out));
	GH_ENSURE(!out->truncated, GH_E_LIMIT, "a text holds too many matches");
	const uint8_t least = scan->least ? scan->least[GH_PII_CUSTOM] : 0;
	size_t kept = before;
	for (size_t i = before; i < out->count; i++)
		if (least <= GH_PII_LEAST || out->items[i].confidence >= least)
			out->items[kept++] = out->items[i];
	out->count = kept;
	if (out->count > before)
		qsort(out->items, out->count, sizeof *out->items, gh_pii_compare_matches);
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
	gh_pii_words_begin(scan);
	gh_pii_names_begin(&scratch->names);
	gh_pii_table_begin(&scratch->table);
	scratch->table.names = gh_pii_wants(scan, GH_PII_PERSONS) ? &scratch->names : NULL;
	scan->table = &scratch->table;
	scan->has_scripts = !scratch->fold.is_ascii && has_scripts(scan->text);
	walk(scan);
	scan->out->truncated = scan->out->truncated || scratch->names.failed;
	GH_ENSURE(!scan->out->truncated, GH_E_LIMIT, "a text holds too many matches");
	gh_pii_sort_matches(scan->out);
	gh_pii_settle_matches(scan->out);
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
		scan.name_favour += GH_PII_KEY_FAVOUR;
	if (context && context->key.len > 0)
		scan.key = gh_pii_name_groups(context->key);
	scan.without = context ? context->without : 0;
	scan.least = context ? context->least : NULL;
	GH_TRY(scan_folded(&scan));
	GH_TRY(gh_pii_decoder_look(&scan.scratch->decoder, scan.text, scan.key, out));
	if (scan.without)
		leave_out(out, scan.without);
	if (context && context->custom)
		GH_TRY(find_custom(&scan, context->custom));
	gh_pii_settle_matches(out);
	if (context && context->custom)
		drop_allowed(&scan, context->custom);
	unfold(&scan.scratch->fold, out);
	for (size_t i = 0; i < out->count && !(context && context->raw); i++)
		if (out->items[i].class != GH_PII_CUSTOM)
			out->items[i].confidence = gh_pii_calibrate(
			    out->items[i].class, out->items[i].kind, out->items[i].confidence);
	return GH_OK;
}
