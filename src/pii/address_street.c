/* The street, with the number before or behind it, and what stands for one: boxes, units. */
#include "pii/address_inside.h"

#define STREET_WORDS 12
#define MAX_NAMES    6 /* words of a street's name */

/* ---- number, name, kind: "1600 Amphitheatre Parkway" ---- */

struct street {
	struct addr_reader *r;
	struct addr_finding *out;
	size_t i; /* the word that is looked at */
	unsigned names, capitals, numbers;
	bool weak, front, direction; /* what kinds were seen */
};

enum step { GO_ON, COMPLETE, NO_STREET };

/* Whether the address is written without capitals: as its first word that is a name. */
static bool is_lower(struct addr_reader *r)
{
	const struct addr_word *w;

	for (size_t k = 1; k < 6 && (w = addr_ahead(r, k)); k++)
		if (!(w->flags & (GH_A_FRONT | GH_A_PARTICLE)) || k == 5)
			return !w->is_capital && !w->is_number;
	return false;
}

/* Names of three letters and less alone are no street. */
static bool has_long_name(struct addr_reader *r)
{
	const struct addr_word *w;

	for (size_t k = 1; k <= MAX_NAMES && (w = addr_ahead(r, k)); k++)
		if (!w->is_number && addr_length(w) >= 4)
			return true;
	return false;
}

static bool ends_before(const struct street *s, const struct addr_word *w)
{
	const struct addr_word *before = w - 1;

	if (w->gap == STOP_SPACE)
		return !addr_is_short(before);
	if (w->gap == COMMA)
		return !(w->flags & GH_A_UNIT && !s->front) &&
		       !(s->front && w->is_number && w->digits <= 4);
	return w->gap == LINE;
}

static bool is_front(const struct street *s, const struct addr_word *w)
{
	if (!(w->flags & GH_A_FRONT) || s->names > 0)
		return false;
	if (addr_length(w) > 2 || w->gap == STOP_SPACE)
		return true;
	const struct addr_word *next = addr_ahead(s->r, s->i + 1);
	return next && next->gap == STOP_SPACE;
}

static bool is_kind(const struct street *s, const struct addr_word *w)
{
	return w->flags & GH_A_STREET && (s->names > 0 || addr_text_is(s->r->scan, w, "broadway")) &&
	       !(s->i == 1 && addr_text_is(s->r->scan, w, "st"));
}

/* "48 12 Rue …", "12 1/2 Davis Street"; behind the name it is the house: "98 Bergvegur 25" */
static enum step take_number(struct street *s, const struct addr_word *w)
{
	struct addr_finding *out = s->out;

	if (s->names == 0 && s->numbers < 3 && (w->gap == SPACE || w->gap == JOINED)) {
		out->score += s->numbers == 1 && w->gap == SPACE && w->digits < 6;
		s->numbers++;
		return GO_ON;
	}
	if (s->names == 0 || w->digits > 5)
		return COMPLETE;
	out->score += s->front || addr_is_compound(s->r->scan, w - 1) ? 2 : 1;
	out->end = w->end;
	s->i++;
	return COMPLETE;
}

static enum step take_box(struct street *s, const struct addr_word *number)
{
	s->out->score += 4;
	s->out->end = number->end;
	s->out->street = true;
	s->i += 2;
	return COMPLETE;
}

static enum step take_kind(struct street *s, const struct addr_word *w)
{
	const struct addr_word *next = addr_ahead(s->r, ++s->i);

	s->out->score += 4;
	s->out->end = w->end;
	s->out->street = true;
	/* "Highway 71", "Route 9" */
	if (s->i < STREET_WORDS && next && next->is_number && next->gap == SPACE &&
	    next->digits <= 4) {
		s->out->end = next->end;
		s->i++;
	}
	return COMPLETE;
}

static enum step take_direction(struct street *s, const struct addr_word *w)
{
	s->out->score += !s->direction;
	s->direction = true;
	if (addr_length(w) > 2) {
		s->names++;
		s->capitals += w->is_capital;
	}
	if (s->weak)
		s->out->end = w->end;
	return GO_ON;
}

static enum step take_name(struct street *s, const struct addr_word *w)
{
	if (++s->names > MAX_NAMES)
		return COMPLETE;
	s->capitals += w->is_capital;
	bool compound = addr_is_compound(s->r->scan, w);
	if (compound || (w->flags & GH_A_WEAK && s->names > 1)) {
		s->out->score += compound ? s->weak ? 1 : 3 : s->weak ? 0 : 2;
		s->out->end = w->end;
		s->weak = true;
	}
	return GO_ON;
}

static enum step take_word(struct street *s, const struct addr_word *w)
{
	const struct addr_word *next;

	if (ends_before(s, w))
		return COMPLETE;
	if (w->flags & GH_A_MONTH)
		return NO_STREET; /* a date */
	if (w->is_ordinal || w->gap == AND) {
		s->names++;
		s->capitals++;
		return GO_ON;
	}
	if (w->is_number)
		return take_number(s, w);
	if (w->flags & GH_A_UNIT && s->names && addr_has_unit_value(s->r, s->i))
		return COMPLETE;
	if (w->flags & GH_A_BOX && (next = addr_ahead(s->r, s->i + 1)) && next->is_number)
		return take_box(s, next);
	if (is_front(s, w)) {
		s->front = true;
		s->out->score += 3;
		s->names += (w->flags & GH_A_STREET) != 0;
		s->capitals += w->is_capital;
		return GO_ON;
	}
	if (is_kind(s, w))
		return take_kind(s, w);
	if (w->flags & GH_A_DIRECTION && w->gap != COMMA)
		return take_direction(s, w);
	if (w->is_capital || s->out->lower)
		return take_name(s, w);
	return w->flags & GH_A_PARTICLE ? GO_ON : COMPLETE;
}

/* What was read is weighed once more as a whole; false: it is no street. */
static bool weigh(struct street *s)
{
	struct addr_reader *r = s->r;
	struct addr_finding *out = s->out;
	const struct addr_word *last = &r->ahead[s->i - 1];

	if (s->front && s->names) {
		out->street = true;
		if (last->end > out->end)
			out->end = last->end;
	}
	out->street = out->street || s->weak;
	out->score += (s->capitals > 0) + (s->names > 1 && s->capitals > 1 && !out->street);
	if (out->lower)
		out->score -= 2;
	if (out->street)
		return true;
	if (s->names == 0 || !has_long_name(r))
		return false;
	if (out->end == r->ahead[0].end) {
		/* Number and names alone: only what follows can make an address of it. */
		if (s->i > 1)
			out->end = last->end;
		out->score--;
	}
	return true;
}

void addr_read_street(struct addr_reader *r, struct addr_finding *out)
{
	struct street s = { .r = r, .out = out, .i = 1, .numbers = 1 };
	enum step step = GO_ON;
	const struct addr_word *w;

	out->lower = is_lower(r);
	while (s.i < STREET_WORDS && (w = addr_ahead(r, s.i))) {
		step = take_word(&s, w);
		if (step != GO_ON)
			break;
		s.i++;
	}
	if (step == NO_STREET || !weigh(&s))
		out->score = 0;
	else if (out->score >= 1)
		addr_read_tail(r, s.i, out);
}

/* ---- kind, name, number: "Via Garibaldi 41", "Hauptstraße 5" ---- */

/* "Calle Mayor s/n, 28013 Madrid": without a number, which is told and does not count. */
static void drop_without_number(struct addr_reader *r)
{
	const struct addr_word *n = addr_behind(r, 0);

	if (!n || !addr_text_is(r->scan, n, "n"))
		return;
	const struct addr_word *s = addr_behind(r, 1);
	if (!s || !addr_text_is(r->scan, s, "s") || !addr_behind(r, 2))
		return;
	addr_drop_behind(r, 2);
	r->behind[0].gap = SPACE;
}

static bool begin_at(struct addr_finding *out, const struct addr_word *w, int score)
{
	out->start = w->start;
	out->score += score;
	out->street = true;
	return true;
}

/* What a word before the number's own says of the street: "Via", "Calle", "Avenida". */
static bool opens_street(const struct addr_word *w)
{
	return w->flags & GH_A_FRONT && (addr_length(w) > 2 || w->gap == STOP_SPACE);
}

bool addr_read_front(struct addr_reader *r, struct addr_finding *out)
{
	drop_without_number(r);
	const struct addr_word *near = addr_behind(r, 0), *w;
	if (!near || near->is_number || near->gap == LINE || near->gap == END || near->gap == HASH)
		return false;
	bool near_by = near->gap == SPACE || near->gap == JOINED || near->gap == STOP_SPACE;
	if (near_by && addr_is_compound(r->scan, near))
		return begin_at(out, near, near->is_capital ? 4 : 2);
	/* "Weinhäuser Str. 122", "Dahls Gata 38" */
	if (near_by && near->flags & GH_A_AFTER && (w = addr_behind(r, 1)) && w->is_capital &&
	    w->gap == SPACE)
		return begin_at(out, w, 4);
	for (size_t i = 0; i < MAX_NAMES && (w = addr_behind(r, i)); i++) {
		if (i > 0 && (w->gap == COMMA || w->gap == LINE || w->gap == END || w->is_number ||
		              (w->gap == STOP_SPACE && !addr_is_short(w))))
			return false;
		if (i > 0 && opens_street(w))
			/* "via", "place", "route" are words of English too */
			return begin_at(out, w,
			                (addr_length(w) > 2 ? 4 : 3) + near->is_capital -
			                    (w->is_capital ? 0 : 2));
		if (!w->is_capital && !(w->flags & GH_A_PARTICLE))
			return false;
	}
	return false;
}

/* ---- boxes and units ---- */

/* "P.O. Box", "Post Office Box", or a word that says it alone. */
static bool read_post_box(struct addr_reader *r, struct addr_finding *out)
{
	const struct gh_pii_scan *scan = r->scan;
	const struct addr_word *near = addr_behind(r, 0);

	if (addr_length(near) >= 6 || addr_text_is(scan, near, "pob"))
		return begin_at(out, near, 5);
	const struct addr_word *second = addr_behind(r, 1);
	if (!second)
		return false;
	if (addr_text_is(scan, second, "po") || addr_text_is(scan, second, "office"))
		return begin_at(out, second, 5);
	const struct addr_word *third = addr_behind(r, 2);
	if (third && addr_text_is(scan, second, "o") && addr_text_is(scan, third, "p"))
		return begin_at(out, third, 5);
	return false;
}

/* "Unit 4021 Box 77", "RR 2 Box 11" */
static bool is_military(struct addr_reader *r, const struct addr_word *near)
{
	static const char *const kinds[] = { "unit", "rr", "rte", "cmr" };
	const struct addr_word *box = addr_ahead(r, 1), *number = addr_ahead(r, 2);

	if (!number || !(box->flags & GH_A_BOX) || !number->is_number)
		return false;
	for (size_t i = 0; i < GH_ARRAY_LEN(kinds); i++)
		if (addr_text_is(r->scan, near, kinds[i]))
			return true;
	return near->flags & GH_A_MILITARY;
}

static bool begins_line(const struct gh_pii_scan *scan, size_t start)
{
	const uint8_t *text = scan->text.data;

	if (start == 0 || text[start - 1] == '\n' || text[start - 1] == '>')
		return true;
	return start > 1 && text[start - 1] == ' ' && !addr_is_word_byte(text[start - 2]) &&
	       text[start - 2] != ',' && text[start - 2] != '.';
}

bool addr_read_box(struct addr_reader *r, struct addr_finding *out)
{
	const struct addr_word *near = addr_behind(r, 0), *second;

	if (!near || near->gap == LINE || near->gap == END || near->gap == COMMA)
		return false;
	if (near->flags & GH_A_BOX)
		return read_post_box(r, out);
	/* "FPO AP 96350" */
	if (near->flags & GH_A_STATE && (second = addr_behind(r, 1)) &&
	    second->flags & GH_A_MILITARY && addr_is_zip(&r->ahead[0]))
		return begin_at(out, second, 5);
	if (is_military(r, near) || (near->flags & GH_A_APART && begins_line(r->scan, near->start)))
		return begin_at(out, near, 4);
	return false;
}
