/* Postal addresses. The sign is a number: a house, a box, a unit or a postcode. What stands around
 * it is taken apart into a bounded number of words, and evidence is counted: a kind of street, a
 * house number, a unit, a state, a postcode, a country, words that say that an address follows. One
 * span covers the whole, over commas and single line breaks. */
#include "pii/address.h"

#include "pii/address_inside.h"

#define ENOUGH     5
#define MAX_DIGITS 6 /* of a number that can be a house, a box or a postcode */

/* ---- is it worth reading? ---- */

/* A number before it and one behind it: most of a row of numbers ends here, before it is read. */
static bool is_among_numbers(const struct gh_pii_scan *scan, size_t start, size_t end)
{
	while (start > 0 && scan->text.data[start - 1] == ' ')
		start--;
	if (start == 0 || !gh_pii_is_digit(scan->text.data[start - 1]))
		return false;
	while (end < scan->text.len && scan->text.data[end] == ' ')
		end++;
	return gh_pii_is_digit(gh_pii_byte(scan, end));
}

static size_t skip_digits(const struct gh_pii_scan *scan, size_t at)
{
	size_t end = at;

	while (end - at <= MAX_DIGITS && gh_pii_is_digit(gh_pii_byte(scan, end)))
		end++;
	return end;
}

/* It begins a number of several groups, "2024-05-01", "1234 5678 9012", "1,234": no house's. */
static bool begins_groups(const struct gh_pii_scan *scan, size_t end)
{
	uint8_t between = gh_pii_byte(scan, end);

	if (between != ' ' && between != '-' && between != ',')
		return false;
	size_t second = skip_digits(scan, end + 1);
	if (second == end + 1)
		return false;
	uint8_t next = gh_pii_byte(scan, second);
	if (between == ',')
		return second == end + 4 && !gh_addr_is_word_byte(next);
	return (next == ' ' || next == '-') && gh_pii_is_digit(gh_pii_byte(scan, second + 1));
}

/* Something may be read on one of its sides: a word, or what can stand before one. */
static bool has_neighbour(const struct gh_pii_scan *scan, size_t start, size_t end)
{
	if (end < scan->text.len && gh_pii_address_bytes[scan->text.data[end]] & ~ADDR_B_BARS)
		return true;
	while (start > 0 && scan->text.data[start - 1] == ' ')
		start--;
	return start > 0 && gh_pii_address_bytes[scan->text.data[start - 1]] & ~ADDR_B_BARS;
}

static bool is_compass(uint8_t c)
{
	return c == 'N' || c == 'S' || c == 'E' || c == 'W';
}

/* By the bytes before it: money, versions, times, ids and the middle of words are no house numbers.
 */
static bool is_barred(const struct gh_pii_scan *scan, size_t at)
{
	const uint8_t *text = scan->text.data;

	if (at == 0)
		return false;
	if (gh_pii_address_bytes[text[at - 1]] & ADDR_B_BARS)
		return text[at - 1] != ':' || at == 1 || text[at - 2] <= '9';
	/* "af2989ec-8705-4786" */
	return at > 1 && text[at - 1] == '-' && gh_addr_is_word_byte(text[at - 2]);
}

/* A number goes on behind its digits: "2.4", "16:9", "1/2". */
static bool goes_on(const struct gh_pii_scan *scan, size_t end)
{
	uint8_t next = gh_pii_byte(scan, end);

	return (next == '.' || next == ':' || next == '/' || next == '%') &&
	       gh_pii_is_alnum(gh_pii_byte(scan, end + 1));
}

/* A word that is no number stands right behind it, and may be of an address. */
static bool opens_ahead(struct gh_addr_reader *r)
{
	const uint32_t opens = GH_A_FRONT | GH_A_BOX | GH_A_DIRECTION | GH_A_STREET | GH_A_UNIT;
	const struct gh_addr_word *next = gh_addr_ahead(r, 1), *third;

	if (!next || next->flags & GH_A_MONTH ||
	    !(next->is_capital || next->is_number || next->flags & opens))
		return false;
	if (!next->is_number && !next->is_code)
		return true;
	third = gh_addr_ahead(r, 2);
	if (third && !third->is_number && !third->is_code)
		return true;
	/* "12 1/2 Davis Street" */
	if (!third || next->digits != 1 || third->gap != JOINED)
		return false;
	const struct gh_addr_word *fourth = gh_addr_ahead(r, 3);
	return fourth && !fourth->is_number && !fourth->is_code;
}

/* The word before it may be of an address that ends with it. */
static bool opens_behind(struct gh_addr_reader *r)
{
	const uint32_t any = GH_A_UNIT | GH_A_BOX | GH_A_AFTER | GH_A_MILITARY;
	const uint32_t post = GH_A_COUNTRY | GH_A_ZIP | GH_A_STATE;
	const struct gh_addr_word *near = gh_addr_behind(r, 0);
	const bool may_be_post = r->ahead[0].digits >= 4;

	if (!near)
		return false;
	/* "rr 4 box 283" */
	const struct gh_addr_word *next = gh_addr_ahead(r, 1);
	if (next && next->flags & GH_A_BOX)
		return true;
	if (!near->is_number && !near->is_code &&
	    (near->is_capital || near->flags & (may_be_post ? any | post : any) ||
	     gh_addr_is_compound(r->scan, near) || gh_addr_text_is(r->scan, near, "n")))
		return true;
	/* "zip code is 60614" */
	for (size_t i = 0; i < 3 && may_be_post; i++)
		if ((near = gh_addr_behind(r, i)) && near->flags & GH_A_ZIP)
			return true;
	return false;
}

/* All in lower case: then a kind of street must be near. */
static bool opens_lower(struct gh_addr_reader *r)
{
	const struct gh_addr_word *w = gh_addr_ahead(r, 1);

	if (!w || w->is_number || w->gap != SPACE)
		return false;
	if (gh_addr_is_compound(r->scan, w))
		return true;
	for (size_t i = 2; i < 6 && (w = gh_addr_ahead(r, i)); i++)
		if (w->flags & (GH_A_STREET | GH_A_STATE | GH_A_APART))
			return true;
	return false;
}

/* By the number's own form. */
static bool is_house_number(struct gh_addr_reader *r)
{
	const struct gh_addr_word *number = gh_addr_ahead(r, 0), *next;

	if (!number || !gh_addr_is_house(r->scan, number))
		return false;
	next = gh_addr_ahead(r, 1);
	if (number->is_ordinal)
		return next && next->is_capital && next->flags & GH_A_STREET;
	/* "14-year-old" */
	return !next || next->gap != JOINED || r->scan->text.data[number->end] != '-' ||
	       next->is_number || next->is_code || gh_addr_length(next) <= 1;
}

/* ---- what the surroundings add ---- */

/* How much the words before say that an address follows. */
static int context_of(struct gh_addr_reader *r)
{
	const struct gh_addr_word *w;

	for (size_t i = 0; (w = gh_addr_behind(r, i)); i++) {
		if (w->flags & GH_A_CONTEXT)
			return i < 3 ? 3 : 2;
		if (w->gap == STOP_SPACE && i > 0)
			return 0;
	}
	return 0;
}

/* It is all that stands on its line or in its quotes. */
static bool stands_alone(const struct gh_pii_scan *scan, const struct gh_addr_finding *found)
{
	size_t start = found->start;
	uint8_t after = found->end < scan->text.len ? scan->text.data[found->end] : '\n';

	while (start > 0 && memchr(" >?*|\t", scan->text.data[start - 1], 6))
		start--;
	uint8_t before = start ? scan->text.data[start - 1] : '\n';
	return (before == '\n' || before == '"' || before == '\'') &&
	       (after == '\n' || after == '\r' || after == '"' || after == '\'');
}

/* ---- the judgement ---- */

/* Letters only up to the begin of the line: "New Zealand 60110" */
static bool line_is_words(const struct gh_pii_scan *scan, size_t last)
{
	const uint8_t *text = scan->text.data;
	size_t start = last;

	while (start > 0 && last - start < 25 &&
	       (gh_pii_is_alpha(text[start - 1]) || memchr(" >?()", text[start - 1], 5)))
		start--;
	return start == 0 || text[start - 1] == '\n';
}

/* "zip code 60614", "PLZ: 10115"; "Denmark 21000" at the begin of a line. */
static bool is_post_number(struct gh_addr_reader *r)
{
	const struct gh_addr_word *number = &r->ahead[0], *w;
	size_t len = gh_addr_length(number);

	if (len != number->digits || len < 4 || len > 6)
		return false;
	for (size_t i = 0; i < 3 && (w = gh_addr_behind(r, i)); i++) {
		if (w->is_number || w->gap == STOP_SPACE || w->gap == LINE)
			break;
		if (w->flags & GH_A_ZIP)
			return w->start == 0 || r->scan->text.data[w->start - 1] != '.';
	}
	w = gh_addr_behind(r, 0);
	return w && w->flags & GH_A_COUNTRY && len == 5 && w->gap == SPACE &&
	       line_is_words(r->scan, w->start);
}

static void add(struct gh_pii_scan *scan, const struct gh_addr_finding *found, const char *kind)
{
	int confidence = 48 + 6 * found->score;

	if (confidence > 97)
		confidence = 97;
	gh_pii_add(scan, found->start, found->end, GH_PII_ADDRESS, kind, confidence);
	if (found->end > scan->address_done)
		scan->address_done = found->end;
}

/* The street or box ends with the number. */
static bool read_from_end(struct gh_addr_reader *r, struct gh_addr_finding *out)
{
	size_t next = 1;

	if (gh_addr_read_box(r, out) || gh_addr_read_front(r, out))
		gh_addr_begin_corner(r, out);
	else if (!gh_addr_read_corner(r, out))
		return false;
	const struct gh_addr_word *box = gh_addr_ahead(r, 1), *number = gh_addr_ahead(r, 2);
	if (number && box->flags & GH_A_BOX) {
		out->end = number->end;
		next = 3;
	}
	out->score++;
	gh_addr_read_tail(r, next, out);
	return true;
}

/* It begins with the number. */
static void read_from_begin(struct gh_addr_reader *r, size_t digits, struct gh_addr_finding *out)
{
	const uint8_t *text = r->scan->text.data;
	const struct gh_addr_word *number = &r->ahead[0], *next = gh_addr_ahead(r, 1);
	const uint8_t *year = text + number->start;

	out->score = digits >= 3 ? 2 : 1;
	/* A range is a house number's: 132-146. */
	if (next && next->gap == JOINED && next->is_number && next->start == number->end + 1 &&
	    text[number->end] == '-')
		gh_addr_drop_ahead(r, 1);
	if (digits == 4 && (year[0] == '1' || year[0] == '2') && (year[1] == '9' || year[1] == '0'))
		out->score--;
	gh_addr_begin_corner(r, out);
	gh_addr_read_street(r, out);
}

/* Out of line: what it keeps is large, and most numbers do not come this far. */
static __attribute__((noinline)) void read_address(struct gh_pii_scan *scan, size_t at,
                                                   size_t digits)
{
	struct gh_addr_finding found = { .start = at };
	/* Not cleared: a word is written before it is counted, and only counted ones are read. */
	__attribute__((uninitialized)) struct gh_addr_reader r;

	r.scan = scan;
	r.from = r.at = at;
	r.ahead_count = r.behind_count = 0;
	r.ended = r.has_brackets = false;
	if (!is_house_number(&r))
		return;
	bool behind = opens_behind(&r), ahead = opens_ahead(&r) || opens_lower(&r);
	if (!behind && !ahead)
		return;
	found.end = r.ahead[0].end;
	if (is_post_number(&r)) {
		found.score = ENOUGH + 1;
		size_t words = gh_addr_post_code(&r, 0);
		found.end = r.ahead[words ? words - 1 : 0].end;
		add(scan, &found, "postcode");
		return;
	}
	if (!(behind && read_from_end(&r, &found)) && ahead)
		read_from_begin(&r, digits, &found);
	if (found.score <= 0 || found.end <= found.start)
		return;
	if (found.score < ENOUGH && found.score >= ENOUGH - 3)
		found.score += context_of(&r) + 2 * stands_alone(scan, &found);
	if (found.score < ENOUGH)
		return;
	gh_addr_extend_begin(&r, &found);
	add(scan, &found, "street-address");
}

void gh_pii_detect_address(struct gh_pii_scan *scan, size_t at)
{
	const uint8_t *text = scan->text.data;
	size_t start = at, end;

	if (at < scan->address_done || (scan->without >> GH_PII_ADDRESS & 1))
		return;
	/* "W120N9330 Oak Rd" */
	if (at > 0 && is_compass(text[at - 1]) && (at == 1 || !gh_addr_is_word_byte(text[at - 2])))
		start--;
	if (is_barred(scan, start))
		return;
	end = skip_digits(scan, at);
	if (end - at <= MAX_DIGITS && !goes_on(scan, end) && !is_among_numbers(scan, start, end) &&
	    !begins_groups(scan, end) && has_neighbour(scan, start, end))
		read_address(scan, start, end - at);
}
