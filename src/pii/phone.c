/* Phone numbers: by their shape (+49 …, (555) 123-4567, 020 7946 0958) and by what is said about
 * them. Shapes that many other numbers have need a word nearby or a line of their own. */
#include "pii/number.h"

static bool is_between(int value, int first, int end)
{
	return value >= first && value < end;
}

bool gh_pii_is_date(const struct gh_pii_span *span)
{
	bool is_joined = span->separator != ' ';
	const char *d = span->digits;
	int a, b;

	switch (span->lengths) {
	case 0x44: /* "1989 - 1994", "1200/1300" */
		a = gh_pii_number_at(d, 4);
		b = gh_pii_number_at(d + 4, 4);
		return (is_between(a, 1900, 2100) && is_between(b, 1900, 2100)) ||
		       (is_joined && is_between(a, 1000, 2200) && is_between(b, 1000, 2200));
	case 0x422:
		return is_joined && gh_pii_number_at(d + 4, 2) <= 12 &&
		       is_between(gh_pii_number_at(d, 4), 1800, 2200);
	case 0x222:
	case 0x224:
		a = gh_pii_number_at(d, 2);
		b = gh_pii_number_at(d + 2, 2);
		return is_joined && a <= 31 && b <= 31 && (a <= 12 || b <= 12);
	default: return false;
	}
}

bool gh_pii_is_ip_address(const struct gh_pii_span *span)
{
	return span->separator == '.' && span->groups == 4 && span->is_even &&
	       gh_pii_groups_within(span, 3);
}

static bool is_version(const struct gh_pii_span *span)
{
	return span->separator == '.' && span->groups <= 4 && gh_pii_groups_within(span, 2);
}

/* The greatest numbers of 32 bits. */
static bool is_limit(const struct gh_pii_span *span)
{
	static const char limits[][11] = { "2147483647", "2147483648", "4294967295", "4294967296" };

	for (size_t i = 0; span->count == 10 && i < GH_ARRAY_LEN(limits); i++)
		if (memcmp(span->digits, limits[i], 10) == 0)
			return true;
	return false;
}

static bool is_nanp(const char *ten)
{
	return ten[0] >= '2' && ten[3] >= '2';
}

/* By its shape alone. */
static int by_shape(const struct gh_pii_span *span)
{
	const char *d = span->digits;
	size_t n = span->count;
	bool grouped = span->groups > 1;

	if (n == 10 && d[0] >= '2' && span->lengths == 0x334 && !span->is_even &&
	    span->separator == '.')
		return 40; /* 252.227-7013: a clause */
	if (n == 10 && d[0] >= '2' && span->lengths == 0x334)
		return span->paren || (span->is_even && d[3] >= '2') ? 88 : 78;
	if (n == 10 && d[0] == '0' && span->lengths == 0x22222)
		return 78; /* France */
	if (n == 10 && d[0] == '5' && span->lengths == 0x3322)
		return 66; /* Turkey */
	if (n == 11 && d[0] == '1' && d[1] >= '3' && span->lengths == 0x344)
		return 72; /* China */
	if (n == 11 && d[0] == '1' && is_nanp(d + 1) && span->lengths == 0x1334)
		return 88;
	if (memcmp(d, "001", 3) == 0 && n == 13 && span->lengths == 0x3334)
		return 88;
	if (span->paren && grouped && n >= 8)
		return 72;
	if (memcmp(d, "00", 2) == 0 && grouped && n >= 11 && d[2] != '0' &&
	    gh_pii_first_length(span) == 4)
		return 66;
	if (d[0] == '0' && d[1] != '0' && grouped && n >= 9 && n <= 12 && span->separator != '.')
		return 58;
	if (n == 11 && !grouped && d[0] == '1' && d[1] >= '3')
		return 56; /* mobile numbers of China */
	if (n == 11 && !grouped && d[0] == '0' && (d[1] == '9' || d[1] == '7' || d[1] == '5'))
		return 52;
	return 0;
}

/* Nothing else stands in the line or field. */
static int by_place(const struct gh_pii_span *span)
{
	const char *d = span->digits;
	size_t n = span->count;
	bool grouped = span->groups > 1;

	if (n == 11 && !grouped && d[0] == '0' && d[1] >= '5')
		return 74;
	if (n == 11 && !grouped && d[0] == '1' && d[1] >= '3')
		return 72;
	if (n == 10 && !grouped && is_nanp(d))
		return span->is_whole ? 56 : 60;
	/* Below a signature: shapes that say nothing in a field of their own. */
	if (span->is_line && !span->is_whole && n >= 7 && n <= 12 &&
	    (grouped || n == 8 || d[0] == '0' || n == 9))
		return 54;
	return 0;
}

int gh_pii_phone_confidence(const struct gh_pii_span *span)
{
	int says = gh_pii_says(&span->near, GH_W_PHONE), shape;
	bool other = span->near.label && says == 0;

	if (span->count < 6 || span->count > 15 || is_version(span) ||
	    (span->digits[0] == '0' && gh_pii_all_same(span->digits)) || is_limit(span))
		return 0;
	/* 1.3.6.1.5.5.7: the name of an object. */
	if (span->separator == '.' && span->groups > 5)
		return 0;
	if (span->plus)
		return span->count >= 8 && span->digits[0] != '0' ? 95 : says ? 80 : 0;
	if (says == 2)
		return span->count >= 9 ? 94 : span->count >= 7 || span->groups > 1 ? 88 : 44;
	if (span->is_glued || span->count < 7)
		return 0;
	/* The shapes of a ZIP+4 code and of a social security number. */
	if (span->lengths == 0x54)
		return 0;
	if (span->lengths == 0x324)
		return says && !other ? 60 : 0;
	shape = by_shape(span);
	if (says == 1 && !other) {
		int near = span->count >= 9 && span->count <= 12 ? 80 : span->groups > 1 ? 76 : 62;
		if (span->near.left & GH_W_NEGATIVE || span->near.right & GH_W_UNIT)
			near -= span->groups > 1 ? 15 : 35;
		return near > shape ? near : shape;
	}
	if (span->is_fragment)
		return shape >= 80 ? 55 : 0;
	if (span->is_alone && !other) {
		int place = by_place(span);
		shape = place > shape ? place : shape;
	}
	if (other)
		shape -= span->near.label & GH_W_NEGATIVE ? 45 : 25;
	else if (span->near.left & GH_W_NEGATIVE || span->near.right & GH_W_UNIT)
		shape -= 18;
	return shape > 0 ? shape : 0;
}

size_t gh_pii_phone_end(struct gh_slice text, size_t end)
{
	static const struct gh_slice marks[] = { GH_SLICE("extension"), GH_SLICE("ext."),
		                                 GH_SLICE("ext"), GH_SLICE("x"), GH_SLICE("#") };
	size_t at = end;

	while (at < text.len && at - end < 2 && (text.data[at] == ' ' || text.data[at] == ','))
		at++;
	uint8_t first = at < text.len ? gh_pii_lower(text.data[at]) : 0;
	if (first != 'e' && first != 'x' && first != '#')
		return end;
	for (size_t m = 0; m < GH_ARRAY_LEN(marks); m++) {
		size_t len = marks[m].len;
		if (!gh_slice_eq_nocase(gh_slice_sub(text, at, len), marks[m]))
			continue;
		size_t digits = at + len;
		while (digits < text.len && digits - at - len < 2 &&
		       (text.data[digits] == ' ' || text.data[digits] == ':'))
			digits++;
		size_t stop = digits;
		while (stop < text.len && stop - digits < 6 && gh_pii_is_digit(text.data[stop]))
			stop++;
		if (stop > digits && (stop == text.len || !gh_pii_is_alnum(text.data[stop])))
			return stop;
	}
	return end;
}
