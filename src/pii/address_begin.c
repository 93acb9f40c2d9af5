/* What stands before the street and belongs to it: a unit, a corner, a ship, "Old" and "New". */
#include "pii/address_inside.h"

#define MAX_CORNER 6 /* words of a street's name */
#define MAX_SHIP   4 /* words of a ship's name, its kind among them */

/* The first word before the finding, of those behind the number. */
static size_t first_before(struct gh_addr_reader *r, const struct gh_addr_finding *out)
{
	const struct gh_addr_word *w;
	size_t i = 0;

	while ((w = gh_addr_behind(r, i)) && w->start >= out->start)
		i++;
	return i;
}

static bool is_beside(const struct gh_addr_word *w)
{
	return w->gap == SPACE || w->gap == STOP_SPACE || w->gap == COMMA || w->gap == HASH;
}

/* "the corner of": the words from `i` on say it. */
static bool begin_corner(struct gh_addr_reader *r, size_t i, struct gh_addr_finding *out)
{
	const struct gh_addr_word *of = gh_addr_behind(r, i), *corner, *the;

	if (!of || of->gap != SPACE || !gh_addr_text_is(r->scan, of, "of"))
		return false;
	corner = gh_addr_behind(r, i + 1);
	if (!corner || corner->gap != SPACE || !gh_addr_text_is(r->scan, corner, "corner"))
		return false;
	the = gh_addr_behind(r, i + 2);
	out->start = the && the->gap == SPACE && gh_addr_text_is(r->scan, the, "the")
	                 ? the->start
	                 : corner->start;
	out->corner = true;
	out->score += 2;
	return true;
}

bool gh_addr_begin_corner(struct gh_addr_reader *r, struct gh_addr_finding *out)
{
	return begin_corner(r, first_before(r, out), out);
}

bool gh_addr_read_corner(struct gh_addr_reader *r, struct gh_addr_finding *out)
{
	const struct gh_addr_word *w;

	for (size_t i = 0; i < MAX_CORNER && (w = gh_addr_behind(r, i)); i++) {
		if (w->gap != SPACE && w->gap != STOP_SPACE && w->gap != JOINED)
			return false;
		if (i > 0 && begin_corner(r, i, out)) {
			out->score += 2;
			out->street = true;
			return true;
		}
		if (!w->is_capital && !(w->flags & (GH_A_PARTICLE | GH_A_FRONT | GH_A_AFTER)))
			return false;
	}
	return false;
}

/* "Apt. 5 12 Main Street": the number is a unit's. Words of two letters are other words as well. */
static bool begin_unit(struct gh_addr_reader *r, size_t i, struct gh_addr_finding *out)
{
	const struct gh_addr_word *w = gh_addr_behind(r, i), *unit = NULL;

	if (!w || !is_beside(w))
		return false;
	/* The finding begins with the unit's number, or that is before it. */
	if (w->is_number || w->is_code || gh_addr_length(w) == 1)
		unit = gh_addr_behind(r, i + 1);
	else if (i == 0 && gh_addr_ahead(r, 1) && r->ahead[1].is_number)
		unit = w;
	if (!unit || !(unit->flags & (GH_A_UNIT | GH_A_BOX)) || !is_beside(unit) ||
	    unit->gap == COMMA)
		return false;
	if (!(unit->flags & GH_A_APART) &&
	    (gh_addr_length(unit) < 3 || !(unit->is_capital || out->box)))
		return false;
	out->start = unit->start;
	return true;
}

/* "USS Example\nFPO AP 96543" */
static bool begin_ship(struct gh_addr_reader *r, size_t i, struct gh_addr_finding *out)
{
	const struct gh_addr_word *w = gh_addr_behind(r, i);

	if (i == 0 || !w || w->gap != LINE || !(r->behind[i - 1].flags & GH_A_MILITARY))
		return false;
	for (size_t k = i; k < i + MAX_SHIP && (w = gh_addr_behind(r, k)); k++) {
		if (k > i && w->gap != SPACE && w->gap != STOP_SPACE)
			return false;
		if (w->flags & GH_A_SHIP) {
			out->start = w->start;
			return true;
		}
	}
	return false;
}

/* "Alte Bergstraße 7", "Östra Storgatan 4" */
static bool begin_attribute(struct gh_addr_reader *r, size_t i, struct gh_addr_finding *out)
{
	const struct gh_addr_word *w = gh_addr_behind(r, i);

	if (i == 0 || !w || w->gap != SPACE || !(w->flags & GH_A_ATTRIBUTE) || !w->is_capital)
		return false;
	out->start = w->start;
	return true;
}

/* "Jan van Galenstraat 12", "Jan van der Heydenstraat 3": somebody's name that a compound ends */
static bool begin_person(struct gh_addr_reader *r, size_t i, struct gh_addr_finding *out)
{
	const struct gh_addr_word *w = gh_addr_behind(r, i), *first;

	if (i == 0 || !gh_addr_is_compound(r->scan, &r->behind[i - 1]))
		return false;
	if (w && w->gap == SPACE &&
	    (gh_addr_text_is(r->scan, w, "der") || gh_addr_text_is(r->scan, w, "den")))
		w = gh_addr_behind(r, ++i);
	if (!w || w->gap != SPACE || !gh_addr_text_is(r->scan, w, "van"))
		return false;
	first = gh_addr_behind(r, i + 1);
	if (!first || !first->is_capital || first->gap != SPACE || first->flags & GH_A_OPENER)
		return false;
	out->start = first->start;
	return true;
}

/* "Highway Contract Route 7 Box 12", "Star Route 3 Box 9" */
static bool begin_route(struct gh_addr_reader *r, size_t i, struct gh_addr_finding *out)
{
	static const char *const words[] = { "hc", "contract", "highway", "hwy", "star", "rural" };
	const struct gh_addr_word *w = gh_addr_behind(r, i);

	for (size_t k = 0; out->box && w && w->gap == SPACE && k < GH_ARRAY_LEN(words); k++)
		if (gh_addr_text_is(r->scan, w, words[k])) {
			out->start = w->start;
			return true;
		}
	return false;
}

/* "12 P.O. Box 5": a number right before a box belongs to it. */
static bool begin_number(struct gh_addr_reader *r, size_t i, struct gh_addr_finding *out)
{
	const struct gh_addr_word *w = gh_addr_behind(r, i);
	const uint8_t *text = r->scan->text.data;

	if (!out->box || !w || w->gap != SPACE || gh_addr_length(w) != w->digits || w->digits > 5)
		return false;
	if (w->start > 0 && gh_pii_address_bytes[text[w->start - 1]] & ADDR_B_BARS)
		return false;
	out->start = w->start;
	return true;
}

/* "Elm and Bergstraße 7": a crossing, told by the number behind its second street */
static bool begin_crossing(struct gh_addr_reader *r, size_t i, struct gh_addr_finding *out)
{
	const struct gh_addr_word *w = gh_addr_behind(r, i), *first, *before;

	if (i == 0 || !w || w->gap != SPACE || !gh_addr_text_is(r->scan, w, "and"))
		return false;
	first = gh_addr_behind(r, i + 1);
	before = gh_addr_behind(r, i + 2);
	if (!first || !first->is_capital || first->gap != SPACE ||
	    (before && before->is_capital && before->gap == SPACE))
		return false;
	out->start = first->start;
	return true;
}

void gh_addr_extend_begin(struct gh_addr_reader *r, struct gh_addr_finding *out)
{
	static bool (*const each[])(struct gh_addr_reader *, size_t, struct gh_addr_finding *) = {
		begin_attribute, begin_person, begin_ship, begin_crossing, begin_route,
		begin_route,     begin_unit,   begin_unit, begin_number,
	};

	for (size_t i = 0; i < GH_ARRAY_LEN(each); i++)
		each[i](r, first_before(r, out), out);
}
