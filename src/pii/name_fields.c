/* Fields and columns that hold persons, told by the words of their own names. */
#include "pii/detect.h"
#include "pii/names.h"

#define MAX_FIELD_BYTES 64

/* Things that have a name as well. */
static const char *const things[] = {
	"product", "file",    "company",  "host",   "user",   "domain", "event",  "project",
	"city",    "street",  "country",  "state",  "item",   "brand",  "model",  "group",
	"team",    "class",   "type",     "table",  "field",  "column", "key",    "id",
	"number",  "no",      "code",     "status", "date",   "time",   "url",    "email",
	"mail",    "phone",   "address",  "price",  "amount", "count",  "total",  "page",
	"path",    "bank",    "place",    "school", "app",    "server", "device", "service",
	"job",     "village", "category",
};

/* The next word of "last_name", "customerName", "Full name" from *at on; empty behind the last. */
static struct gh_slice next_word(struct gh_slice field, size_t *at)
{
	size_t start = *at;

	while (start < field.len && !gh_pii_is_alpha(field.data[start]) && field.data[start] < 0x80)
		start++;
	size_t end = start;
	while (end < field.len && (gh_pii_is_alpha(field.data[end]) || field.data[end] >= 0x80) &&
	       !(end > start && field.data[end] <= 'Z' && field.data[end - 1] >= 'a'))
		end++;
	*at = end;
	return gh_slice_sub(field, start, end - start);
}

static bool is_thing(struct gh_slice word)
{
	for (size_t i = 0; i < GH_ARRAY_LEN(things); i++)
		if (gh_slice_eq_nocase(word, gh_slice_str(things[i])))
			return true;
	return false;
}

bool gh_pii_names_key(const struct gh_pii_names *names, struct gh_slice key)
{
	struct gh_slice word;

	if (key.len > MAX_FIELD_BYTES)
		return false;
	for (size_t at = 0; (word = next_word(key, &at)).len > 0;) {
		uint64_t hash = gh_pii_word_hash(word, key.data + key.len);
		if (gh_pii_tagger_gaz(&names->tagger, hash) & GH_PII_GAZ_INTRO)
			return true;
	}
	return false;
}

bool gh_pii_names_column(const struct gh_pii_names *names, struct gh_slice header)
{
	struct gh_slice word;

	if (!gh_pii_names_key(names, header))
		return false;
	for (size_t at = 0; (word = next_word(header, &at)).len > 0;)
		if (is_thing(word))
			return false;
	return true;
}
