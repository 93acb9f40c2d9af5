/* The word pass: every word of the text is hashed once. A filter sends nearly all of them away; the
 * rest are words and phrases of words.txt, what may begin a vendor's key, words that end like an
 * illness, and words long enough to be a key or encoded: they become triggers. */
#include "pii/scratch.h"

#include <stdlib.h>
#include <strings.h>

#define PATTERN_BYTES 14 /* a word this long may be a key that has no prefix */
#define SUFFIX_WORD   7  /* the shortest illness that is told by its ending */

/* Said of persons: of meaning to the indicators only. */
#define W_INDICATES (GH_W_PERSON | GH_W_CHILD | GH_W_AGE | GH_W_NEUTRAL)

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
static bool is_joint(uint8_t c)
{
	return c == ' ' || c == '_' || c == '-' || c == '\'' || c == '.' || c == '/' || c == '\n';
}

/* An entry of the table that a word or phrase has. */
static void take(struct gh_pii_scan *scan, const struct gh_pii_word *entry, uint64_t hash,
                 size_t start, size_t end)
{
	struct gh_pii_word_pass *pass = &scan->scratch->pass;

	if (entry->groups & ~W_INDICATES ||
	    ((entry->groups || entry->term) && gh_pii_wants(scan, GH_PII_INDICATORS)))
		add_trigger(scan, start, end, entry->groups, entry->term);
	if (entry->phrases & GH_PII_PHRASE_GOES_ON && pass->phrase_count < GH_PII_MAX_PHRASES)
		pass->phrases[pass->phrase_count++] =
		    (struct gh_pii_phrase){ hash, (uint32_t)start };
}

/* "a/c": the letter in front, a word by itself. */
static void look_back(struct gh_pii_scan *scan, uint64_t hash, size_t start, size_t end)
{
	const uint8_t *text = scan->text.data;

	if (start < 2 || !is_joint(text[start - 1]) || !gh_pii_is_alpha(text[start - 2]) ||
	    (start > 2 && gh_pii_is_word_byte(text[start - 3])))
		return;
	uint64_t letter = gh_pii_word_hash(gh_slice(text + start - 2, 1), text + scan->text.len);
	uint64_t phrase = gh_pii_word_join(hash, letter);
	const struct gh_pii_word *entry = gh_pii_word_find(phrase);
	if (entry)
		take(scan, entry, phrase, start - 2, end);
}

/* False when the word is not in the table. */
static bool take_word_of_table(struct gh_pii_scan *scan, uint64_t hash, size_t start, size_t end)
{
	const struct gh_pii_word *entry = gh_pii_word_find(hash);

	if (!entry)
		return false;
	take(scan, entry, hash, start, end);
	if (entry->phrases & GH_PII_PHRASE_LOOKS_BACK)
		look_back(scan, hash, start, end);
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

static void take_phrases(struct gh_pii_scan *scan, uint64_t hash, size_t start, size_t end)
{
	struct gh_pii_word_pass *pass = &scan->scratch->pass;
	/* Not cleared: each is written before it is read. */
	__attribute__((uninitialized)) struct gh_pii_phrase open[GH_PII_MAX_PHRASES];
	bool goes_on = start == pass->last_end + 1 && is_joint(scan->text.data[pass->last_end]);
	size_t count = goes_on ? pass->phrase_count : 0;

	memcpy(open, pass->phrases, count * sizeof *open);
	pass->phrase_count = 0;
	for (size_t i = 0; i < count; i++) {
		uint64_t phrase = gh_pii_word_join(open[i].hash, hash);
		const struct gh_pii_word *entry = gh_pii_word_find(phrase);
		if (entry)
			take(scan, entry, phrase, open[i].start, end);
	}
}

/* A word that the filter kept, or one that a phrase may go on with. */
static void on_word(struct gh_pii_scan *scan, size_t start, size_t end)
{
	struct gh_pii_word_pass *pass = &scan->scratch->pass;
	const uint8_t *word = scan->text.data + start;
	size_t len = end - start;
	uint64_t hash = gh_pii_word_hash(gh_slice(word, len), scan->text.data + scan->text.len);

	if (len >= PATTERN_BYTES)
		add_trigger(scan, start, end, GH_W_PATTERN, 0);
	else if (scan->text.len - start >= 4 && gh_pii_may_be_key(gh_pii_prefixes(scan), word))
		add_trigger(scan, start, end, GH_W_VENDOR, 0);
	if (pass->phrase_count > 0)
		take_phrases(scan, hash, start, end);
	pass->last_end = end;
	if (hash && !take_word_of_table(scan, hash, start, end) && len >= SUFFIX_WORD &&
	    gh_pii_may_have_suffix(word + len) && gh_pii_wants(scan, 1u << GH_PII_HEALTH))
		take_suffix(scan, start, end);
}

/* Words that have 16 readable bytes from their first on are sifted without a jump: most need no
 * closer look, and which is hard to guess. Both return how many of them are kept. */
static inline uint64_t hash_of(const uint8_t *word, size_t len, const uint8_t *limit)
{
	return len > GH_PII_SHORT_WORD ? gh_pii_word_hash(gh_slice(word, len), limit)
	                               : gh_pii_short_hash(word, len);
}

/* Long enough for a key without a prefix, or it may begin one that has one. */
static inline unsigned may_be_secret(const struct gh_pii_prefixes *prefixes, const uint8_t *word,
                                     size_t len)
{
	return (unsigned)gh_pii_may_be_key(prefixes, word) | (unsigned)(len >= PATTERN_BYTES);
}

static __attribute__((noinline)) size_t sift_all(struct gh_pii_word_pass *pass, const uint8_t *text,
                                                 const uint8_t *limit, size_t count,
                                                 const struct gh_pii_prefixes *prefixes)
{
	size_t kept = 0;

	for (size_t w = 0; w < count; w++) {
		const uint8_t *word = text + pass->starts[w];
		size_t len = (size_t)pass->ends[w] - pass->starts[w];
		size_t tail = len < SUFFIX_WORD ? SUFFIX_WORD : len;
		uint64_t hash = hash_of(word, len, limit);
		pass->hashes[w] = hash;
		pass->kept[kept] = (uint16_t)w;
		kept += (unsigned)gh_pii_filter_has(gh_pii_word_filter, hash) |
		        may_be_secret(prefixes, word, len) |
		        ((unsigned)(len >= SUFFIX_WORD) &
		         (unsigned)gh_pii_may_have_suffix(word + tail));
	}
	return kept;
}

/* Without what only says that somebody is meant or ill, and with hashes of those only that are not
 * sent away by their first letters; a word behind one may go on with a phrase. */
static __attribute__((noinline)) size_t sift_values(struct gh_pii_word_pass *pass,
                                                    const uint8_t *text, const uint8_t *limit,
                                                    size_t count,
                                                    const struct gh_pii_prefixes *prefixes)
{
	size_t first = 0, kept = 0;

	for (size_t w = 0; w < count; w++) {
		const uint8_t *word = text + pass->starts[w];
		size_t len = (size_t)pass->ends[w] - pass->starts[w];
		pass->kept[first] = (uint16_t)w;
		first += (unsigned)gh_pii_may_begin(word, len) | may_be_secret(prefixes, word, len);
	}
	for (size_t i = 0; i < first; i++) {
		size_t w = pass->kept[i];
		const uint8_t *word = text + pass->starts[w];
		size_t len = (size_t)pass->ends[w] - pass->starts[w];
		uint64_t hash = hash_of(word, len, limit);
		pass->kept[kept] = (uint16_t)w;
		kept += (unsigned)gh_pii_filter_has(gh_pii_value_filter, hash) |
		        may_be_secret(prefixes, word, len);
	}
	return kept;
}

/* The first and the last ones of a batch. */
static void take_word(struct gh_pii_scan *scan, size_t start, size_t end)
{
	struct gh_slice word = gh_slice_sub(scan->text, start, end - start);

	if (gh_pii_wants(scan, GH_PII_PERSONS))
		gh_pii_names_word(&scan->scratch->names, scan->text, start, end,
		                  gh_pii_word_hash(word, scan->text.data + scan->text.len));
	on_word(scan, start, end);
}

/* A phrase may go on with the first word, whatever it is; and with what follows a kept one. */
static void take_kept(struct gh_pii_scan *scan, size_t base, size_t words, size_t kept)
{
	struct gh_pii_word_pass *pass = &scan->scratch->pass;
	size_t next = 0, w = 0;

	for (;;) {
		if (pass->phrase_count == 0) {
			while (next < kept && pass->kept[next] < w)
				next++;
			if (next == kept)
				return;
			w = pass->kept[next++];
		}
		if (w >= words)
			return;
		on_word(scan, base + pass->starts[w], base + pass->ends[w]);
		w++;
	}
}

/* Where words begin and where they end; words that began before the first block end first. */
static size_t find_words(const struct gh_pii_scratch *scratch, struct gh_pii_word_pass *pass,
                         const struct gh_pii_bits *bits, size_t blocks, size_t *ends)
{
	/* Not cleared: each is written before it is read. */
	__attribute__((uninitialized)) uint64_t begin[GH_PII_BATCH_BLOCKS];
	__attribute__((uninitialized)) uint64_t end[GH_PII_BATCH_BLOCKS];
	uint64_t carry = pass->in_word;

	for (size_t b = 0; b < blocks; b++) {
		uint64_t word = bits[b].word, behind = word << 1 | carry;
		begin[b] = word & ~behind;
		end[b] = behind & ~word;
		carry = word >> 63;
	}
	pass->in_word = carry;
	*ends = scratch->classifier->places(end, blocks, pass->ends);
	return scratch->classifier->places(begin, blocks, pass->starts);
}

void gh_pii_words_begin(struct gh_pii_scan *scan)
{
	struct gh_pii_word_pass *pass = &scan->scratch->pass;

	pass->in_word = false;
	pass->word_start = pass->last_end = pass->phrase_count = 0;
}

void gh_pii_words_of_blocks(struct gh_pii_scan *scan, const struct gh_pii_bits *bits, size_t blocks,
                            size_t base, bool is_last)
{
	struct gh_pii_scratch *scratch = scan->scratch;
	struct gh_pii_word_pass *pass = &scratch->pass;
	size_t ends, open_start = pass->word_start;
	const bool was_open = pass->in_word;
	size_t words = find_words(scratch, pass, bits, blocks, &ends);

	if (was_open && ends > 0) {
		take_word(scan, open_start, base + pass->ends[0]);
		memmove(pass->ends, pass->ends + 1, --ends * sizeof *pass->ends);
	}
	if (pass->in_word && words > ends)
		pass->word_start = base + pass->starts[--words];
	size_t quick = words;
	while (quick > 0 && scan->text.len - (base + pass->starts[quick - 1]) < 16)
		quick--;
	const bool all = gh_pii_wants(scan, GH_PII_INDICATORS | GH_PII_PERSONS);
	size_t kept = (all ? sift_all : sift_values)(pass, scan->text.data + base,
	                                             scan->text.data + scan->text.len, quick,
	                                             gh_pii_prefixes(scan));
	if (gh_pii_wants(scan, GH_PII_PERSONS))
		gh_pii_names_words(&scratch->names, scan->text, base, pass->starts, pass->ends,
		                   pass->hashes, quick);
	take_kept(scan, base, quick, kept);
	for (size_t w = quick; w < words; w++)
		take_word(scan, base + pass->starts[w], base + pass->ends[w]);
	if (is_last && pass->in_word)
		take_word(scan, pass->word_start, scan->text.len);
}
