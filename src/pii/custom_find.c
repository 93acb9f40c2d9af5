/* A compiled set on a text. Hyperscan tells every end of a match; matches of one pattern that
 * overlap are one finding, so that no byte that the pattern can cover is left out. */
#include <stdlib.h>

#include "base/secret.h"
#include "base/utf8.h"
#include "pii/custom_set.h"
#include "pii/detect.h"
#include "pii/fold.h"

#define NOT_UTF8 0x1a /* stands for a byte that is none; no pattern of characters finds it */

/* ---- scratch ---- */

void gh_pii_custom_scratch_free(struct gh_pii_custom_scratch *scratch)
{
	hs_free_scratch(scratch->hs);
	gh_buf_free(&scratch->clean);
	free(scratch);
}

static gh_result make_scratch(const struct gh_pii_custom *custom,
                              struct gh_pii_custom_scratch **out)
{
	struct gh_pii_custom_scratch *scratch = calloc(1, sizeof *scratch);

	GH_ENSURE(scratch, GH_E_MEMORY, "out of memory");
	scratch->clean = (struct gh_buf){ .limit = GH_PII_MAX_TEXT_BYTES, .secret = true };
	if ((custom->regex_db && hs_alloc_scratch(custom->regex_db, &scratch->hs) != HS_SUCCESS) ||
	    (custom->word_db && hs_alloc_scratch(custom->word_db, &scratch->hs) != HS_SUCCESS)) {
		gh_pii_custom_scratch_free(scratch);
		return gh_fail(GH_E_MEMORY, "out of memory");
	}
	*out = scratch;
	return GH_OK;
}

gh_result gh_pii_custom_scratch_take(struct gh_pii_custom *custom,
                                     struct gh_pii_custom_scratch **out)
{
	pthread_mutex_lock(&custom->lock);
	struct gh_pii_custom_scratch *scratch = custom->idle;
	if (scratch)
		custom->idle = scratch->next;
	pthread_mutex_unlock(&custom->lock);
	if (!scratch)
		return make_scratch(custom, out);
	*out = scratch;
	return GH_OK;
}

void gh_pii_custom_scratch_give(struct gh_pii_custom *custom, struct gh_pii_custom_scratch *scratch)
{
	gh_buf_clear(&scratch->clean);
	pthread_mutex_lock(&custom->lock);
	scratch->next = custom->idle;
	custom->idle = scratch;
	pthread_mutex_unlock(&custom->lock);
}

/* ---- UTF-8 ---- */

/* The first byte from `at` on that belongs to no character; text.len when there is none. */
static size_t next_fault(struct gh_slice text, size_t at)
{
	while (at < text.len) {
		uint64_t eight;
		if (at + sizeof eight <= text.len) {
			memcpy(&eight, text.data + at, sizeof eight);
			if (!(eight & 0x8080808080808080u)) {
				at += sizeof eight;
				continue;
			}
		}
		size_t len = gh_utf8_length(text.data + at, text.len - at);
		if (len == 0)
			return at;
		at += len;
	}
	return text.len;
}

/* What Hyperscan may be shown in UTF-8 mode: on other bytes it promises nothing. Same length. */
static gh_result clean_text(struct gh_slice text, struct gh_buf *copy, struct gh_slice *out)
{
	size_t fault = next_fault(text, 0);

	*out = text;
	if (fault == text.len)
		return GH_OK;
	gh_buf_clear(copy);
	gh_buf_add_slice(copy, text);
	GH_TRY(gh_buf_check(copy));
	for (; fault < text.len; fault = next_fault(gh_buf_slice(copy), fault))
		copy->data[fault] = NOT_UTF8;
	*out = gh_buf_slice(copy);
	return GH_OK;
}

/* ---- matches ---- */

struct found {
	const struct gh_pii_custom *custom;
	struct gh_slice text;
	struct gh_pii_matches *out;
	/* By regex: the finding that may still grow; to 0: none. */
	struct {
		uint32_t from, to;
	} open[GH_PII_CUSTOM_MAX_REGEXES];
};

static void add(struct found *found, size_t definition, size_t from, size_t to)
{
	const struct gh_pii_custom_entry *entry = &found->custom->entries[definition];

	gh_pii_add_custom(found->out, from, to, entry->name, entry->confidence,
	                  (uint16_t)definition);
}

static int on_regex(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
                    void *context)
{
	struct found *found = context;

	if (found->open[id].to > from) {
		if (from < found->open[id].from)
			found->open[id].from = (uint32_t)from;
		found->open[id].to = (uint32_t)to;
		return 0;
	}
	if (found->open[id].to)
		add(found, found->custom->regexes[id].definition, found->open[id].from,
		    found->open[id].to);
	found->open[id].from = (uint32_t)from;
	found->open[id].to = (uint32_t)to;
	return found->out->truncated;
}

/* Letters and digits of scripts that put spaces between words: ASCII, and what takes two bytes
 * (Latin, Greek, Cyrillic, Hebrew, Arabic). */
static bool goes_on_after(struct gh_slice text, size_t at)
{
	return at < text.len && (gh_pii_is_alnum(text.data[at]) || text.data[at] == '_' ||
	                         (text.data[at] >= 0xc3 && text.data[at] <= 0xdf));
}

static bool goes_on_before(struct gh_slice text, size_t at)
{
	if (at == 0)
		return false;
	uint8_t c = text.data[at - 1];
	if ((c & 0xc0) == 0x80)
		return at >= 2 && text.data[at - 2] >= 0xc3 && text.data[at - 2] <= 0xdf;
	return gh_pii_is_alnum(c) || c == '_';
}

static int on_word(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
                   void *context)
{
	struct found *found = context;
	const struct gh_pii_custom_target *word = &found->custom->words[id];
	size_t start = (size_t)to - word->len, end = (size_t)to;

	if ((goes_on_after(found->text, start) && goes_on_before(found->text, start)) ||
	    (goes_on_before(found->text, end) && goes_on_after(found->text, end)))
		return 0;
	add(found, word->definition, start, end);
	return found->out->truncated;
}

static gh_result scan(struct gh_pii_custom *custom, struct gh_pii_custom_scratch *scratch,
                      struct found *found)
{
	const char *data = (const char *)found->text.data;
	unsigned len = (unsigned)found->text.len;
	hs_error_t error = HS_SUCCESS;

	if (custom->regex_db)
		error = hs_scan(custom->regex_db, data, len, 0, scratch->hs, on_regex, found);
	for (size_t id = 0; error == HS_SUCCESS && id < custom->regex_count; id++)
		if (found->open[id].to)
			add(found, custom->regexes[id].definition, found->open[id].from,
			    found->open[id].to);
	if (error == HS_SUCCESS && custom->word_db)
		error = hs_scan(custom->word_db, data, len, 0, scratch->hs, on_word, found);
	/* Stopped by us: the caller sees that the matches are truncated. */
	GH_ENSURE(error == HS_SUCCESS || error == HS_SCAN_TERMINATED, GH_E_INTERNAL,
	          "Hyperscan failed with %d", error);
	return GH_OK;
}

gh_result gh_pii_custom_find(struct gh_pii_custom *custom, struct gh_slice text,
                             struct gh_pii_matches *out)
{
	struct gh_pii_custom_scratch *scratch;

	if (!custom->regex_db && !custom->word_db)
		return GH_OK;
	GH_TRY(gh_pii_custom_scratch_take(custom, &scratch));
	struct found found = { .custom = custom, .out = out };
	enum gh_code code = clean_text(text, &scratch->clean, &found.text);
	if (code == GH_OK)
		code = scan(custom, scratch, &found);
	gh_pii_custom_scratch_give(custom, scratch);
	return code;
}

/* ---- values that are never reported ---- */

/* FNV-1a, seeded for each set, so that nobody can make values meet on purpose. */
static uint64_t hash_of(const struct gh_pii_custom *custom, struct gh_slice value)
{
	uint64_t hash = custom->seed ^ 14695981039346656037u;

	for (size_t i = 0; i < value.len; i++)
		hash = (hash ^ gh_pii_lower(value.data[i])) * 1099511628211u;
	hash ^= hash >> 32;
	return hash ? hash : 1;
}

static bool same(const struct gh_pii_custom *custom, const struct gh_pii_allowed *slot,
                 struct gh_slice value)
{
	if (slot->len != value.len)
		return false;
	for (size_t i = 0; i < value.len; i++)
		if (custom->allowed_text.data[slot->at + i] != gh_pii_lower(value.data[i]))
			return false;
	return true;
}

/* The slot of the value, or the free one where it belongs. */
static struct gh_pii_allowed *slot_of(const struct gh_pii_custom *custom, struct gh_slice value)
{
	uint64_t hash = hash_of(custom, value);
	size_t mask = custom->allowed_slots - 1;

	for (size_t i = hash & mask;; i = (i + 1) & mask) {
		struct gh_pii_allowed *slot = &custom->allowed[i];
		if (slot->hash == 0 || (slot->hash == hash && same(custom, slot, value)))
			return slot;
	}
}

bool gh_pii_custom_allows(const struct gh_pii_custom *custom, struct gh_slice value)
{
	return custom->allowed_count > 0 && slot_of(custom, value)->hash != 0;
}

static gh_result add_allowed(struct gh_pii_custom *custom, struct gh_slice value)
{
	struct gh_pii_allowed *slot = slot_of(custom, value);

	if (slot->hash)
		return GH_OK;
	slot->at = (uint32_t)custom->allowed_text.len;
	slot->len = (uint32_t)value.len;
	for (size_t i = 0; i < value.len; i++)
		gh_buf_add_byte(&custom->allowed_text, gh_pii_lower(value.data[i]));
	GH_TRY(gh_buf_check(&custom->allowed_text));
	slot->hash = hash_of(custom, value);
	custom->allowed_count++;
	return GH_OK;
}

gh_result gh_pii_custom_allow(struct gh_pii_custom *custom, struct gh_slice value)
{
	struct gh_pii_fold fold = { 0 };
	struct gh_slice folded;

	if (!custom->allowed) {
		custom->allowed_slots =
		    32768; /* a power of two, over twice the most there can be */
		custom->allowed = calloc(custom->allowed_slots, sizeof *custom->allowed);
		GH_ENSURE(custom->allowed, GH_E_MEMORY, "out of memory");
	}
	GH_ENSURE(custom->allowed_count < GH_PII_CUSTOM_MAX_WORDS, GH_E_LIMIT,
	          "all lists together allow at most %d values", GH_PII_CUSTOM_MAX_WORDS);
	/* As the scanner will see it. */
	enum gh_code code = gh_pii_fold_text(&fold, value, &folded);
	if (code == GH_OK)
		code = add_allowed(custom, folded);
	gh_pii_fold_free(&fold);
	return code;
}
