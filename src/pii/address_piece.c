/* Pieces of an address that one or two words make. */
#include "pii/address_inside.h"

bool addr_text_is(const struct gh_pii_scan *scan, const struct addr_word *word, const char *lower)
{
	size_t len = strlen(lower);

	if (addr_length(word) != len)
		return false;
	for (size_t i = 0; i < len; i++)
		if (gh_pii_lower(scan->text.data[word->start + i]) != (uint8_t)lower[i])
			return false;
	return true;
}

bool addr_is_compound(const struct gh_pii_scan *scan, const struct addr_word *word)
{
	const uint8_t *end = scan->text.data + word->end;
	size_t len = addr_length(word), group = end[-1] % GH_PII_ADDRESS_END_GROUPS;

	for (size_t i = gh_pii_address_end_of[group]; i < gh_pii_address_end_of[group + 1]; i++) {
		const struct gh_pii_address_end *row = &gh_pii_address_ends[i];
		const uint8_t *tail = end - row->len;
		size_t same = 0;
		if (len < row->len + 3u)
			continue;
		while (same < row->len && gh_pii_lower(tail[same]) == (uint8_t)row->text[same])
			same++;
		if (same == row->len)
			return true;
	}
	return false;
}

bool addr_is_house(const struct addr_word *word)
{
	return word->digits == 0 || word->is_ordinal || addr_length(word) <= word->digits + 1u;
}

bool addr_is_short(const struct addr_word *word)
{
	return addr_length(word) <= 5 && !word->is_number;
}

bool addr_is_zip(const struct addr_word *word)
{
	return word->digits == 5 && addr_length(word) == 5;
}

size_t addr_zip_end(struct addr_reader *r, size_t i)
{
	const struct addr_word *next = addr_ahead(r, i + 1);

	if (next && next->gap == JOINED && next->digits == 4 && next->end == r->ahead[i].end + 5)
		return i + 1;
	return i;
}

bool addr_is_post_code(struct addr_reader *r, size_t i)
{
	const struct addr_word *first = &r->ahead[i];
	const struct addr_word *second = first->is_code ? addr_ahead(r, i + 1) : NULL;

	if (!second || !second->is_number || second->gap != SPACE || addr_length(second) != 3)
		return false;
	const uint8_t *a = r->scan->text.data + first->start;
	const uint8_t *b = r->scan->text.data + second->start;
	size_t len = addr_length(first);
	bool canada = len == 3 && gh_pii_is_alpha(a[0]) && gh_pii_is_digit(a[1]) &&
	              gh_pii_is_alpha(a[2]) && gh_pii_is_digit(b[0]) && gh_pii_is_alpha(b[1]) &&
	              gh_pii_is_digit(b[2]);
	bool kingdom = len >= 2 && len <= 4 && gh_pii_is_alpha(a[0]) && gh_pii_is_digit(b[0]) &&
	               gh_pii_is_alpha(b[2]);
	return canada || kingdom;
}

bool addr_has_unit_value(struct addr_reader *r, size_t i)
{
	const struct addr_word *value = addr_ahead(r, i + 1);

	if (!value || value->gap == LINE || value->gap == COMMA)
		return false;
	return value->is_number || value->is_code || addr_length(value) == 1;
}
