/* Pieces of an address that one or two words make. */
#include "pii/address_inside.h"

bool gh_addr_text_is(const struct gh_pii_scan *scan, const struct gh_addr_word *word,
                     const char *lower)
{
	size_t len = strlen(lower);

	if (gh_addr_length(word) != len)
		return false;
	for (size_t i = 0; i < len; i++)
		if (gh_pii_lower(scan->text.data[word->start + i]) != (uint8_t)lower[i])
			return false;
	return true;
}

bool gh_addr_is_compound(const struct gh_pii_scan *scan, const struct gh_addr_word *word)
{
	const uint8_t *end = scan->text.data + word->end;
	size_t len = gh_addr_length(word);

	if (len < GH_PII_ADDRESS_COMPOUND)
		return false;
	/* Of the last two bytes: most words end here. */
	size_t pair = end[-1] % GH_PII_ADDRESS_END_GROUPS * GH_PII_ADDRESS_END_GROUPS +
	              end[-2] % GH_PII_ADDRESS_END_GROUPS,
	       group = end[-1] % GH_PII_ADDRESS_END_GROUPS;
	if (!(gh_pii_address_end_filter[pair / 64] >> pair % 64 & 1))
		return false;
	for (size_t i = gh_pii_address_end_of[group]; i < gh_pii_address_end_of[group + 1]; i++) {
		const struct gh_pii_address_end *row = &gh_pii_address_ends[i];
		const uint8_t *tail = end - row->len;
		size_t same = 0;
		/* What stands before it is a word too; two letters do for a long ending. */
		if (len < row->len + (row->len > 4 ? 2u : 3u))
			continue;
		while (same < row->len && gh_pii_lower(tail[same]) == (uint8_t)row->text[same])
			same++;
		if (same == row->len)
			return true;
	}
	return false;
}

bool gh_addr_opens_street(const struct gh_pii_scan *scan, const struct gh_addr_word *word)
{
	size_t len = gh_addr_length(word);

	return word->flags & GH_A_FRONT && (len > 2 || (len == 2 && word->gap == STOP_SPACE) ||
	                                    gh_pii_byte(scan, word->end) == '/');
}

bool gh_addr_is_floor(const struct gh_pii_scan *scan, const struct gh_addr_word *word)
{
	const uint8_t *tail = scan->text.data + word->start + word->digits;

	return word->digits > 0 && gh_addr_length(word) == word->digits + 2u && tail[0] == 0xc2 &&
	       (tail[1] == 0xba || tail[1] == 0xaa);
}

bool gh_addr_is_house(const struct gh_pii_scan *scan, const struct gh_addr_word *word)
{
	return word->digits == 0 || word->is_ordinal || gh_addr_length(word) <= word->digits + 1u ||
	       gh_addr_is_floor(scan, word);
}

bool gh_addr_is_short(const struct gh_addr_word *word)
{
	return gh_addr_length(word) <= 5 && !word->is_number;
}

bool gh_addr_is_zip(const struct gh_addr_word *word)
{
	return word->digits == 5 && gh_addr_length(word) == 5;
}

/* 9 a digit, A a letter, C a capital, U a digit or a capital, X a digit or a letter. */
static bool fits(char shape, uint8_t c)
{
	bool digit = gh_pii_is_digit(c), letter = gh_pii_is_alpha(c), capital = letter && c < 'a';

	switch (shape) {
	case '9': return digit;
	case 'A': return letter;
	case 'C': return capital;
	case 'U': return digit || capital;
	case 'X': return digit || letter;
	default: return false;
	}
}

static bool has_shape(const struct gh_pii_scan *scan, const struct gh_addr_word *word,
                      const char *shape)
{
	size_t len = gh_addr_length(word);

	for (size_t i = 0; i < len; i++)
		if (!fits(shape[i], scan->text.data[word->start + i]))
			return false;
	return shape[len] == '\0';
}

/* Postcodes of two words, by what stands between them. Those of one word are five digits. */
static const struct {
	char first[6], second[5];
	char between;
} post_codes[] = {
	{ "99999", "9999", '-' }, /* United States */
	{ "99999", "999", '-' },  /* Brazil */
	{ "9999", "999", '-' },   /* Portugal */
	{ "999", "9999", '-' },   /* Japan */
	{ "99", "999", '-' },     /* Poland */
	{ "9999", "CC", ' ' },    /* Netherlands */
	{ "999", "99", ' ' },     /* Sweden, Czechia, Slovakia, Greece */
	{ "999", "999", ' ' },    /* India */
	{ "A9A", "9A9", ' ' },    /* Canada */
	{ "AX", "9XA", ' ' },     /* United Kingdom: two to four before the space */
	{ "AXX", "9XA", ' ' },    /* the same */
	{ "AXXX", "9XA", ' ' },   /* the same */
	{ "A9U", "UUUU", ' ' },   /* Ireland */
};

size_t gh_addr_post_code(struct gh_addr_reader *r, size_t i)
{
	const struct gh_addr_word *first = &r->ahead[i], *second;

	if (!first->is_number && !first->is_code)
		return 0;
	second = gh_addr_ahead(r, i + 1);
	for (size_t k = 0; second && k < GH_ARRAY_LEN(post_codes); k++)
		if (r->scan->text.data[first->end] == (uint8_t)post_codes[k].between &&
		    second->start == first->end + 1 &&
		    has_shape(r->scan, first, post_codes[k].first) &&
		    has_shape(r->scan, second, post_codes[k].second))
			return 2;
	return gh_addr_is_zip(first);
}

bool gh_addr_has_unit_value(struct gh_addr_reader *r, size_t i)
{
	const struct gh_addr_word *value = gh_addr_ahead(r, i + 1);

	if (!value || value->gap == LINE || value->gap == COMMA)
		return false;
	/* "no. I": a letter behind a full stop begins a sentence */
	return value->is_number || value->is_code ||
	       (gh_addr_length(value) == 1 && value->gap != STOP_SPACE);
}
