/* A street whose number comes first: "1600 Amphitheatre Parkway", "12 rue de la Paix". */
#include "pii/address_inside.h"

#define STREET_WORDS 12
#define MAX_NAMES    6 /* words of a street's name */

struct street {
	struct gh_addr_reader *r;
	struct gh_addr_finding *out;
	size_t i; /* the word that is looked at */
	unsigned names, capitals, numbers;
	bool weak, front, direction; /* what kinds were seen */
};

enum step { GO_ON, COMPLETE, NO_STREET };

/* Whether the address is written without capitals: as its first word that is a name. */
static bool is_lower(struct gh_addr_reader *r)
{
	const struct gh_addr_word *w;

	for (size_t k = 1; k < 6 && (w = gh_addr_ahead(r, k)); k++)
		if (!(w->is_number || w->flags & (GH_A_FRONT | GH_A_PARTICLE)) || k == 5)
			return !w->is_capital && !w->is_number;
	return false;
}

/* Names of three letters and less alone are no street. */
static bool has_long_name(struct gh_addr_reader *r)
{
	const struct gh_addr_word *w;

	for (size_t k = 1; k <= MAX_NAMES && (w = gh_addr_ahead(r, k)); k++)
		if (!w->is_number && gh_addr_length(w) >= 4)
			return true;
	return false;
}

static bool ends_before(const struct street *s, const struct gh_addr_word *w)
{
	const struct gh_addr_word *before = w - 1;

	if (w->gap == STOP_SPACE)
		return !gh_addr_is_short(before) || w->flags & GH_A_OPENER;
	if (w->gap == COMMA)
		return !(w->flags & GH_A_UNIT && !s->front) &&
		       !(s->front && w->is_number && w->digits <= 4);
	return w->gap == LINE || w->gap == BRACKET;
}

static bool is_front(const struct street *s, const struct gh_addr_word *w)
{
	if (!(w->flags & GH_A_FRONT) || s->names > 0)
		return false;
	if (gh_addr_opens_street(s->r->scan, w))
		return true;
	const struct gh_addr_word *next =
	    gh_addr_length(w) > 1 ? gh_addr_ahead(s->r, s->i + 1) : NULL;
	return next && next->gap == STOP_SPACE;
}

static bool is_kind(const struct street *s, const struct gh_addr_word *w)
{
	return w->flags & GH_A_STREET &&
	       (s->names > 0 || gh_addr_text_is(s->r->scan, w, "broadway")) &&
	       !(s->i == 1 && gh_addr_text_is(s->r->scan, w, "st"));
}

/* "12 May" is a date, "9 Costa Mar Drive" is none. */
static bool is_named_month(const struct street *s)
{
	const struct gh_addr_word *next = gh_addr_ahead(s->r, s->i + 1);

	return s->names > 0 && next && next->gap == SPACE && next->flags & GH_A_STREET;
}

/* "48 12 Rue …", "12 1/2 Davis Street"; behind the name it is the house: "98 Bergvegur 25" */
static enum step take_number(struct street *s, const struct gh_addr_word *w)
{
	struct gh_addr_finding *out = s->out;

	if (s->names == 0 && s->numbers < 3 && (w->gap == SPACE || w->gap == JOINED)) {
		out->score += s->numbers == 1 && w->gap == SPACE && w->digits < 6;
		s->numbers++;
		return GO_ON;
	}
	const struct gh_addr_word *next = gh_addr_ahead(s->r, s->i + 1);
	if (s->names == 0 || w->digits > 5 || (next && next->flags & GH_A_FLOOR))
		return COMPLETE;
	out->score +=
	    s->front || gh_addr_is_compound(s->r->scan, w - 1) || w[-1].flags & GH_A_AFTER ? 2 : 1;
	out->end = w->end;
	s->i++;
	return COMPLETE;
}

static enum step take_box(struct street *s, const struct gh_addr_word *number)
{
	s->out->score += 4;
	s->out->end = number->end;
	s->out->street = true;
	s->i += 2;
	return COMPLETE;
}

static enum step take_kind(struct street *s, const struct gh_addr_word *w)
{
	const struct gh_addr_word *next = gh_addr_ahead(s->r, ++s->i);

	s->out->score += 4;
	s->out->end = w->end;
	s->out->street = s->out->kind = true;
	/* "Highway 71", "Route 9" */
	if (s->i < STREET_WORDS && next && next->is_number &&
	    (next->gap == SPACE || next->gap == STOP_SPACE) && next->digits <= 4) {
		s->out->end = next->end;
		s->i++;
	}
	return COMPLETE;
}

static enum step take_direction(struct street *s, const struct gh_addr_word *w)
{
	s->out->score += !s->direction;
	s->direction = true;
	if (gh_addr_length(w) > 2) {
		s->names++;
		s->capitals += w->is_capital;
	}
	if (s->weak)
		s->out->end = w->end;
	return GO_ON;
}

static enum step take_name(struct street *s, const struct gh_addr_word *w)
{
	if (++s->names > MAX_NAMES)
		return COMPLETE;
	s->capitals += w->is_capital;
	bool compound =
	    gh_addr_is_compound(s->r->scan, w) || (w->flags & GH_A_AFTER && s->names > 1);
	if (compound || (w->flags & GH_A_WEAK && s->names > 1)) {
		s->out->score += compound ? s->weak ? 1 : 3 : s->weak ? 0 : 2;
		s->out->end = w->end;
		s->weak = true;
	}
	return GO_ON;
}

static enum step take_word(struct street *s, const struct gh_addr_word *w)
{
	const struct gh_addr_word *next;

	if (ends_before(s, w))
		return COMPLETE;
	if (w->flags & GH_A_MONTH && !is_named_month(s))
		return NO_STREET;
	if (w->is_ordinal || w->gap == AND) {
		s->names++;
		s->capitals++;
		return GO_ON;
	}
	if (w->is_number)
		return take_number(s, w);
	if (w->flags & GH_A_UNIT && s->names && gh_addr_has_unit_value(s->r, s->i))
		return COMPLETE;
	if (w->flags & GH_A_BOX && (next = gh_addr_ahead(s->r, s->i + 1)) && next->is_number)
		return take_box(s, next);
	if (is_front(s, w)) {
		s->front = true;
		s->out->score += 3;
		s->names += (w->flags & GH_A_STREET) != 0;
		s->capitals += w->is_capital;
		return GO_ON;
	}
	/* "the rue Cler street": the kind is named already */
	if (is_kind(s, w))
		return s->front && !w->is_capital ? COMPLETE : take_kind(s, w);
	if (w->flags & GH_A_DIRECTION && w->gap != COMMA)
		return take_direction(s, w);
	if (w->is_capital || s->out->lower ||
	    (s->names > 0 && (w->flags & GH_A_AFTER || w->gap == JOINED)))
		return take_name(s, w);
	return w->flags & GH_A_PARTICLE ? GO_ON : COMPLETE;
}

/* What was read is weighed once more as a whole; false: it is no street. */
static bool weigh(struct street *s)
{
	struct gh_addr_reader *r = s->r;
	struct gh_addr_finding *out = s->out;
	const struct gh_addr_word *last = &r->ahead[s->i - 1];

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

void gh_addr_read_street(struct gh_addr_reader *r, struct gh_addr_finding *out)
{
	struct street s = { .r = r, .out = out, .i = 1, .numbers = 1 };
	enum step step = GO_ON;
	const struct gh_addr_word *w;

	out->lower = is_lower(r);
	while (s.i < STREET_WORDS && (w = gh_addr_ahead(r, s.i))) {
		step = take_word(&s, w);
		if (step != GO_ON)
			break;
		s.i++;
	}
	if (step == NO_STREET || !weigh(&s))
		out->score = 0;
	else if (out->score >= 1)
		gh_addr_read_tail(r, s.i, out);
}
