/* What follows the street: units, towns, state, postcode and country, each read by a function of
 * its own. What belongs to no address ends it: a sentence that begins, a line of something else. */
#include "pii/address_inside.h"

#define MAX_TOWNS     3 /* district, town, province */
#define MAX_TOWN      5 /* words of one */
#define MAX_NEAR_TOWN 3 /* where nothing but a space is before it */
#define MAX_BRIDGE    5 /* words that only a state or a postcode behind them can explain */
#define MAX_LINES     5

struct tail {
	struct gh_addr_reader *r;
	struct gh_addr_finding *out;
	unsigned lines, towns, bridge;
	bool state, zip;
	bool open; /* a comma, a line or a number has been: what follows may be a town */
	bool near; /* so it may without, right behind a kind of street or a unit */
};

static bool is_all_capital(const struct gh_pii_scan *scan, const struct gh_addr_word *w)
{
	for (size_t i = w->start; i < w->end; i++)
		if (scan->text.data[i] < 'A' || scan->text.data[i] > 'Z')
			return false;
	return true;
}

/* "MB", "NSW": letters that a postcode follows, or that stand for themselves between commas. */
static bool is_province(struct gh_addr_reader *r, size_t i)
{
	const struct gh_addr_word *w = &r->ahead[i], *next;

	if (gh_addr_length(w) < 2 || gh_addr_length(w) > 3 || !is_all_capital(r->scan, w))
		return false;
	next = gh_addr_ahead(r, i + 1);
	if (next && next->is_number)
		return gh_addr_post_code(r, i + 1);
	return (w->gap == COMMA || w->gap == LINE) &&
	       (!next || next->gap == COMMA || next->gap == LINE);
}

/* "Phone: ", "name=": what it says is something else. */
static bool is_label(const struct gh_pii_scan *scan, const struct gh_addr_word *w)
{
	uint8_t next = gh_pii_byte(scan, w->end);

	return next == ':' || next == '=';
}

static bool is_town_word(const struct gh_addr_word *w)
{
	return w->is_capital && !w->is_code && !(w->flags & (GH_A_OPENER | GH_A_MONTH));
}

static bool joins_town(const struct gh_addr_word *before, const struct gh_addr_word *w)
{
	return w->gap == SPACE || w->gap == JOINED ||
	       (w->gap == STOP_SPACE && before->flags & (GH_A_PARTICLE | GH_A_WEAK));
}

/* How many words from `i` on lead to the next of a town's name: "aan de Rijn" is three, 0 none do.
 */
static size_t town_step(struct gh_addr_reader *r, size_t i)
{
	const struct gh_addr_word *w;

	for (size_t k = i; k < i + 3 && (w = gh_addr_ahead(r, k)) && joins_town(w - 1, w); k++) {
		if (is_town_word(w) || (w->gap == JOINED && !w->is_number))
			return k - i + 1;
		if (!(w->flags & GH_A_PARTICLE))
			return 0;
	}
	return 0;
}

/* A state's letters, or a unit: no part of the town before it. */
static bool ends_town(struct gh_addr_reader *r, size_t i)
{
	const struct gh_addr_word *w = gh_addr_ahead(r, i);

	if (!w)
		return true;
	if (w->flags & GH_A_UNIT && gh_addr_has_unit_value(r, i))
		return true;
	return w->flags & GH_A_STATE && gh_addr_length(w) == 2 && is_all_capital(r->scan, w);
}

/* How many words from `i` on are a town's name: "Wells", "Stratford upon Avon", "St. Louis". */
static size_t town_length(struct gh_addr_reader *r, size_t i)
{
	size_t count = 1, step;

	if (!is_town_word(&r->ahead[i]))
		return 0;
	while (!ends_town(r, i + count) && (step = town_step(r, i + count)))
		count += step;
	if (count == 1 && r->ahead[i].flags & GH_A_STREET)
		return 0;
	return is_label(r->scan, &r->ahead[i + count - 1]) ? 0 : count;
}

/* Says alone that its line is of an address. */
static bool tells_line(struct gh_addr_reader *r, size_t i)
{
	const struct gh_addr_word *w = &r->ahead[i];

	if (w->flags & GH_A_MILITARY || gh_addr_post_code(r, i))
		return true;
	if (!w->is_capital)
		return false;
	return w->flags & GH_A_COUNTRY || (w->gap != SPACE && is_province(r, i));
}

/* Whether a line is one of an address: names up to its end, or a number that may be a postcode. */
static bool line_belongs(struct gh_addr_reader *r, size_t i, bool lower)
{
	const struct gh_addr_word *w, *last = NULL;

	if (r->ahead[i].flags & GH_A_OPENER && !is_province(r, i))
		return false;
	for (size_t k = i; (w = gh_addr_ahead(r, k)) && (k == i || w->gap != LINE); k++) {
		if (tells_line(r, k))
			return true;
		if (w->gap == AND)
			return false;
		if (k > i && w->gap == STOP_SPACE && !gh_addr_is_short(last))
			break;
		if (!w->is_capital && !w->is_number && !w->is_code && !lower &&
		    !(w->flags & GH_A_PARTICLE))
			return false;
		last = w;
	}
	return !is_label(r->scan, last);
}

/* A town, and on the next line or behind a comma what proves it: "Wells\n, MB" */
static bool is_proven_town(struct gh_addr_reader *r, size_t i)
{
	size_t count = town_length(r, i);
	const struct gh_addr_word *next = count ? gh_addr_ahead(r, i + count) : NULL;

	return next && (next->gap == COMMA || next->gap == LINE) && tells_line(r, i + count);
}

/* Whether the address ends before the word at `i`. */
static bool ends_before(struct tail *t, size_t i)
{
	struct gh_addr_reader *r = t->r;
	const struct gh_addr_word *w = &r->ahead[i], *before = w - (i > 0);

	if (w->gap == BRACKET)
		return !is_town_word(w) || gh_pii_byte(r->scan, w->end) != ')';
	if (t->out->corner && gh_addr_text_is(r->scan, w, "and"))
		return false;
	if (w->gap == AND)
		return true;
	if (w->gap != STOP_SPACE && w->gap != LINE)
		return false;
	/* "12. Apt. 5": a unit goes on with it whatever stands between. */
	if (w->flags & GH_A_UNIT && gh_addr_has_unit_value(r, i) && t->lines < MAX_LINES) {
		t->lines += w->gap == LINE;
		return false;
	}
	if (w->gap == STOP_SPACE)
		return !gh_addr_is_short(before) || w->flags & GH_A_OPENER;
	if (++t->lines > MAX_LINES)
		return true;
	/* A line that ends a sentence ends the address. */
	if (r->scan->text.data[before->end] == '.' &&
	    !(before->flags & (GH_A_STREET | GH_A_DIRECTION | GH_A_UNIT)) &&
	    !(before->is_number && is_proven_town(r, i)))
		return true;
	if (t->zip && !(w->flags & GH_A_COUNTRY))
		return true;
	return !line_belongs(r, i, t->out->lower);
}

/* ---- the pieces: how many words each takes from `i` on, 0: it is something else ---- */

static size_t take_to(struct tail *t, size_t i, size_t count, int score)
{
	t->out->score += score;
	t->out->end = t->r->ahead[i + count - 1].end;
	return count;
}

/* "3rd Street Ct NE": one kind more, when it is not the last word of a sentence */
static size_t take_kind(struct tail *t, size_t i)
{
	const struct gh_addr_word *w = &t->r->ahead[i], *next = gh_addr_ahead(t->r, i + 1);

	if (!t->near || !t->out->kind || !(w->flags & GH_A_STREET) || w->gap != SPACE || !next ||
	    !(w->is_capital || t->out->lower) || (next->gap != SPACE && next->gap != COMMA))
		return 0;
	return take_to(t, i, 1, 0);
}

/* "12 A": a letter that belongs to the number */
static size_t take_letter(struct tail *t, size_t i)
{
	const struct gh_addr_word *w = &t->r->ahead[i], *next;

	if (i != 1 || !w->is_capital || gh_addr_length(w) > 1 || w->gap != SPACE)
		return 0;
	next = gh_addr_ahead(t->r, i + 1);
	return next && next->gap == SPACE ? 0 : take_to(t, i, 1, 0);
}

/* "# 12" */
static size_t take_hash(struct tail *t, size_t i)
{
	const struct gh_addr_word *w = &t->r->ahead[i];

	return w->gap == HASH && (w->is_number || w->is_code) ? take_to(t, i, 1, 1) : 0;
}

/* "Drawer 7, PO Box 52": one box more */
static size_t take_box(struct tail *t, size_t i)
{
	const struct gh_addr_word *next;

	if (!(t->r->ahead[i].flags & GH_A_BOX) || !(next = gh_addr_ahead(t->r, i + 1)) ||
	    !next->is_number)
		return 0;
	t->near = true;
	return take_to(t, i, 2, 2);
}

/* "Apt 4", "Suite C-4" */
static size_t take_unit(struct tail *t, size_t i)
{
	const struct gh_addr_word *w = &t->r->ahead[i], *more;
	size_t count = 2;

	if (!(w->flags & GH_A_UNIT) || !gh_addr_has_unit_value(t->r, i))
		return 0;
	while (count < 4 && (more = gh_addr_ahead(t->r, i + count)) && more->gap == JOINED &&
	       (more->is_number || more->is_code || gh_addr_length(more) == 1))
		count++;
	t->open = false;
	t->near = true;
	return take_to(t, i, count, w->flags & GH_A_APART ? 3 : 1);
}

/* "16th Floor", "2 hoog" */
static size_t take_floor(struct tail *t, size_t i)
{
	const struct gh_addr_word *w = &t->r->ahead[i], *next;

	if (!w->is_number || w->digits > 2 || !(next = gh_addr_ahead(t->r, i + 1)) ||
	    !(next->flags & GH_A_FLOOR) || next->gap != SPACE)
		return 0;
	t->open = false;
	t->near = true;
	return take_to(t, i, 2, 1);
}

static size_t take_post_code(struct tail *t, size_t i)
{
	const struct gh_addr_word *w = &t->r->ahead[i];
	size_t count = t->zip ? 0 : gh_addr_post_code(t->r, i);

	/* "IL 606061234": nine digits in one */
	if (t->state && w->digits == 9 && gh_addr_length(w) == 9)
		count = 1;
	if (count == 0)
		return 0;
	bool placed = t->state || t->towns > 0 || t->bridge > 0 || t->open;
	/* Where it comes before the town, that is still to come. */
	t->open = !t->state && t->towns == 0 && t->bridge == 0;
	t->zip = true;
	return take_to(t, i, count, placed ? 3 : 2);
}

static size_t take_number(struct tail *t, size_t i)
{
	const struct gh_addr_word *w = &t->r->ahead[i];

	if (!w->is_number || t->zip)
		return 0;
	if (w->is_ordinal)
		return ++t->bridge <= MAX_BRIDGE;
	/* "12-14": a range */
	if (w->gap == JOINED && w[-1].is_number && w->digits <= 4 && t->out->end == w[-1].end &&
	    t->r->scan->text.data[w[-1].end] == '-')
		return take_to(t, i, 1, 0);
	if (w[-1].flags & GH_A_PARTICLE && !w[-1].is_capital)
		return 0;
	if (w->digits > 6 || (w->gap != SPACE && w->gap != LINE && w->gap != COMMA))
		return 0;
	t->open = true;
	t->bridge = 0;
	return take_to(t, i, 1, w->digits >= 4);
}

static size_t take_direction(struct tail *t, size_t i)
{
	const struct gh_addr_word *w = &t->r->ahead[i];

	if (!(w->flags & GH_A_DIRECTION) || w->flags & GH_A_STATE || w->gap == LINE ||
	    gh_addr_length(w) > 2)
		return 0;
	return take_to(t, i, 1, t->out->lower);
}

/* In small letters: before a postcode, or behind a town at the very end. */
static bool ends_with_state(struct tail *t, size_t i)
{
	const struct gh_addr_word *w = &t->r->ahead[i], *next = gh_addr_ahead(t->r, i + 1);

	if (next && next->gap != LINE)
		return gh_addr_is_zip(next);
	return t->out->lower && t->bridge > 0 && gh_addr_length(w) == 2 &&
	       !(w->flags & (GH_A_OPENER | GH_A_PARTICLE));
}

static size_t take_state(struct tail *t, size_t i)
{
	const struct gh_addr_word *w = &t->r->ahead[i];

	if (t->zip || gh_addr_length(w) > 3)
		return 0;
	if (!(w->flags & GH_A_STATE))
		return t->towns > 0 && is_province(t->r, i) ? take_to(t, i, 1, 0) : 0;
	bool capital = w->flags & GH_A_OPENER ? is_all_capital(t->r->scan, w) : w->is_capital;
	if (!capital && !ends_with_state(t, i))
		return 0;
	t->state = true;
	t->open = t->near = false;
	return take_to(t, i, 1, 2);
}

/* "Norway", "New Zealand", "Czech Republic" */
static size_t take_country(struct tail *t, size_t i)
{
	const struct gh_addr_word *w = &t->r->ahead[i], *next;

	if (!w->is_capital && !t->out->lower)
		return 0;
	if (w->flags & (t->zip ? GH_A_COUNTRY : GH_A_STATENAME | GH_A_COUNTRY))
		return take_to(t, i, 1, 1);
	next = w->is_capital && (w->gap != SPACE || t->zip) ? gh_addr_ahead(t->r, i + 1) : NULL;
	if (next && next->is_capital && next->gap == SPACE && next->flags & GH_A_COUNTRY)
		return take_to(t, i, 2, 1);
	return 0;
}

static size_t take_military(struct tail *t, size_t i)
{
	if (t->zip || !(t->r->ahead[i].flags & GH_A_MILITARY))
		return 0;
	t->open = true;
	return take_to(t, i, 1, 3);
}

static size_t take_code(struct tail *t, size_t i)
{
	const struct gh_addr_word *w = &t->r->ahead[i];

	return w->is_code && w->gap == SPACE && t->open && !t->zip ? take_to(t, i, 1, 0) : 0;
}

/* "Halle (Saale)" */
static size_t take_bracket(struct tail *t, size_t i)
{
	if (t->r->ahead[i].gap != BRACKET)
		return 0;
	take_to(t, i, 1, 0);
	t->out->end++;
	return 1;
}

/* "the corner of Elm Street and Fifth Avenue" */
static size_t take_corner(struct tail *t, size_t i)
{
	const struct gh_addr_word *w = &t->r->ahead[i], *next = gh_addr_ahead(t->r, i + 1);

	if (!t->out->corner || !next || !gh_addr_text_is(t->r->scan, w, "and"))
		return 0;
	size_t first = town_step(t->r, i + 1), more = first ? town_length(t->r, i + first) : 0;
	if (more == 0)
		return 0;
	t->out->corner = false;
	return take_to(t, i, first + more, 2);
}

/* "…, Anna will": words that go on in small letters are a sentence, unless it is one like "by". */
static bool goes_on(struct gh_addr_reader *r, size_t i)
{
	const struct gh_addr_word *w = gh_addr_ahead(r, i);

	return w && w->gap == SPACE && !w->is_capital && !w->is_number && !w->is_code &&
	       !(w->flags & (GH_A_OPENER | GH_A_PARTICLE | GH_A_CONTEXT));
}

static size_t take_town(struct tail *t, size_t i)
{
	const struct gh_addr_word *w = &t->r->ahead[i];
	size_t count = town_length(t->r, i), most = t->open ? MAX_TOWN : MAX_NEAR_TOWN;

	if (count == 0 || count > most || t->towns >= MAX_TOWNS || (t->zip && !t->open) ||
	    !(t->open || (t->near && w->gap == SPACE)))
		return 0;
	if (!t->zip && w->gap != LINE && goes_on(t->r, i + count))
		return 0;
	bool placed = t->open && t->towns == 0 && (w->gap == COMMA || w->gap == LINE);
	t->towns++;
	t->open = t->near = false;
	return take_to(t, i, count, placed);
}

/* Words that belong to the address when a state or a postcode comes behind them. */
static size_t take_bridge(struct tail *t, size_t i)
{
	const struct gh_addr_word *w = &t->r->ahead[i];
	bool opens = w->flags & GH_A_OPENER && !(w->flags & GH_A_PARTICLE) &&
	             !(w->is_capital && w->gap == SPACE);

	if (t->zip || opens || !(w->is_capital || t->out->lower || w->flags & GH_A_PARTICLE))
		return 0;
	t->near = false;
	return ++t->bridge <= MAX_BRIDGE;
}

static size_t (*const pieces[])(struct tail *, size_t) = {
	take_hash,     take_letter,    take_kind,   take_bracket,   take_box,    take_unit,
	take_floor,    take_post_code, take_number, take_direction, take_state,  take_country,
	take_military, take_code,      take_corner, take_town,      take_bridge,
};

void gh_addr_read_tail(struct gh_addr_reader *r, size_t from, struct gh_addr_finding *out)
{
	struct tail t = {
		.r = r,
		.out = out,
		.near = out->kind || out->box,
		.zip = out->bare && gh_addr_is_zip(&r->ahead[0]),
		.open = out->bare,
	};
	size_t taken = 0;

	gh_addr_allow_brackets(r);
	for (size_t i = from; gh_addr_ahead(r, i); i += taken) {
		const struct gh_addr_word *w = &r->ahead[i];
		if (ends_before(&t, i))
			return;
		if (w->gap == COMMA || w->gap == LINE) {
			t.bridge = 0;
			t.open = t.open || !t.zip;
		}
		taken = 0;
		for (size_t k = 0; k < GH_ARRAY_LEN(pieces) && taken == 0; k++)
			taken = pieces[k](&t, i);
		if (taken == 0)
			return;
	}
}
