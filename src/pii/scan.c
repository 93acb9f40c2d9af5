#include "pii/detect.h"

#include <stdlib.h>

void gh_pii_matches_free(struct gh_pii_matches *matches)
{
	free(matches->items);
	*matches = (struct gh_pii_matches){ 0 };
}

void gh_pii_add(struct gh_pii_scan *scan, size_t start, size_t end, enum gh_pii_class class,
                const char *kind, int confidence)
{
	struct gh_pii_matches *out = scan->out;

	if (confidence <= 0 || end <= start)
		return;
	if (out->count == out->capacity) {
		size_t capacity = out->capacity ? out->capacity * 2 : 64;
		struct gh_pii_match *items = capacity <= GH_PII_MAX_MATCHES
		                                 ? realloc(out->items, capacity * sizeof *items)
		                                 : NULL;
		if (!items) {
			out->truncated = true;
			return;
		}
		out->items = items;
		out->capacity = capacity;
	}
	out->items[out->count++] = (struct gh_pii_match){
		.start = (uint32_t)start,
		.end = (uint32_t)end,
		.class = (uint8_t) class,
		.confidence = (uint8_t)(confidence > 100 ? 100 : confidence),
		.kind = kind,
	};
}

/* Case-blind search for a whole word in [from, to); `word` is lower case and may hold spaces. */
static bool has_word(struct gh_slice text, size_t from, size_t to, const char *word)
{
	size_t len = strlen(word);

	for (size_t i = from; i + len <= to; i++) {
		if (gh_pii_lower(text.data[i]) != (uint8_t)word[0])
			continue;
		size_t j = 1;
		while (j < len && gh_pii_lower(text.data[i + j]) == (uint8_t)word[j])
			j++;
		if (j < len)
			continue;
		bool left = i == 0 || !gh_pii_is_alnum(text.data[i - 1]) ||
		            !gh_pii_is_alnum((uint8_t)word[0]);
		bool right = i + len >= text.len || !gh_pii_is_alpha(text.data[i + len]) ||
		             !gh_pii_is_alnum((uint8_t)word[len - 1]);
		if (left && right)
			return true;
	}
	return false;
}

bool gh_pii_in_key(const struct gh_pii_scan *scan, const char *const *words)
{
	/* Keys are glued together (account_number, phoneNumber): parts of words count. */
	for (; scan->key.len && *words; words++) {
		size_t len = strlen(*words);
		for (size_t i = 0; i + len <= scan->key.len; i++) {
			size_t j = 0;
			while (j < len &&
			       (gh_pii_lower(scan->key.data[i + j]) == (uint8_t)(*words)[j] ||
			        ((*words)[j] == ' ' &&
			         (scan->key.data[i + j] == '_' || scan->key.data[i + j] == '-'))))
				j++;
			if (j == len)
				return true;
		}
	}
	return false;
}

bool gh_pii_near(const struct gh_pii_scan *scan, size_t start, size_t end, size_t left,
                 size_t right, const char *const *words)
{
	size_t from = start > left ? start - left : 0;
	size_t to = scan->text.len - end > right ? end + right : scan->text.len;

	if (gh_pii_in_key(scan, words))
		return true;
	for (; *words; words++)
		if (has_word(scan->text, from, start, *words) ||
		    has_word(scan->text, end, to, *words))
			return true;
	return false;
}

/* By position; of those that begin together the longer first. */
static int by_position(const void *a, const void *b)
{
	const struct gh_pii_match *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->end != y->end)
		return x->end > y->end ? -1 : 1;
	return x->confidence != y->confidence ? (x->confidence > y->confidence ? -1 : 1)
	                                      : strcmp(x->kind, y->kind);
}

/* Which of two overlapping ones stays: the surer, then the longer. */
static bool beats(const struct gh_pii_match *a, const struct gh_pii_match *b)
{
	if (a->confidence != b->confidence)
		return a->confidence > b->confidence;
	return a->end - a->start > b->end - b->start;
}

/* One left-to-right pass keeps disjoint spans, so that a rewrite is one splice. */
static void settle(struct gh_pii_matches *matches)
{
	size_t kept = 0;

	if (matches->count > 1)
		qsort(matches->items, matches->count, sizeof *matches->items, by_position);
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

gh_result gh_pii_scan(struct gh_slice text, const struct gh_pii_context *context,
                      struct gh_pii_matches *out)
{
	struct gh_pii_scan scan = { .text = text, .out = out };

	GH_ENSURE(text.len <= GH_PII_MAX_TEXT_BYTES, GH_E_LIMIT, "a text is too long to scan");
	if (context)
		scan.key = context->key;
	scan.is_bare = text.len <= 40;
	out->count = 0;
	out->truncated = false;
	gh_pii_detect_email(&scan);
	gh_pii_detect_number(&scan);
	gh_pii_detect_code(&scan);
	gh_pii_detect_credential(&scan);
	gh_pii_detect_password(&scan);
	gh_pii_detect_indicator(&scan);
	GH_ENSURE(!out->truncated, GH_E_LIMIT, "a text holds too many matches");
	settle(out);
	return GH_OK;
}
