/* A street whose number comes last, "Via Garibaldi 41", and what stands for a street: boxes, units.
 */
#include "pii/address_inside.h"

#define MAX_NAMES 6 /* words of a street's name */
#define MAX_AFTER 3 /* and of one whose kind comes behind it */

/* ---- kind, name, number: "Via Garibaldi 41", "Hauptstraße 5" ---- */

/* "Calle Mayor s/n, 28013 Madrid", "… s/n. Puerta 6": that it has no number is told, and does not
 * count; nor does the kind of unit between. */
static bool drop_without_number(struct gh_addr_reader *r)
{
	const struct gh_addr_word *n = gh_addr_behind(r, 0);
	size_t unit = n && n->flags & GH_A_UNIT && gh_addr_length(n) > 1;

	n = gh_addr_behind(r, unit);
	if (!n || !gh_addr_text_is(r->scan, n, "n"))
		return false;
	const struct gh_addr_word *s = gh_addr_behind(r, unit + 1);
	if (!s || !gh_addr_text_is(r->scan, s, "s") || !gh_addr_behind(r, unit + 2))
		return false;
	gh_addr_drop_behind(r, unit + 2);
	r->behind[0].gap = SPACE;
	return true;
}

static bool begin_at(struct gh_addr_finding *out, const struct gh_addr_word *w, int score)
{
	out->start = w->start;
	out->score += score;
	out->street = true;
	return true;
}

static bool is_name(const struct gh_addr_word *w)
{
	return w->is_capital && !w->is_code && !(w->flags & (GH_A_OPENER | GH_A_CONTEXT));
}

/* "Karl Johans gate 31", "Konrad-Adenauer-Platz 2": the kind is a word of its own. */
static bool read_kind_behind(struct gh_addr_reader *r, struct gh_addr_finding *out)
{
	const struct gh_addr_word *w, *first = NULL;

	if (!(r->behind[0].flags & GH_A_AFTER))
		return false;
	for (size_t i = 1; i <= MAX_AFTER && (w = gh_addr_behind(r, i)); i++) {
		if (!is_name(w) || (w->gap != SPACE && w->gap != JOINED))
			break;
		first = w;
	}
	return first && begin_at(out, first, 4);
}

/* "Via Garibaldi", "Calle de la Luna": the kind is before the name. */
static bool read_kind_before(struct gh_addr_reader *r, struct gh_addr_finding *out)
{
	const struct gh_addr_word *near = &r->behind[0], *w;

	for (size_t i = 0; i < MAX_NAMES && (w = gh_addr_behind(r, i)); i++) {
		if (i > 0 && (w->gap == COMMA || w->gap == LINE || w->gap == END || w->is_number ||
		              (w->gap == STOP_SPACE && !gh_addr_is_short(w))))
			return false;
		if (i > 0 && gh_addr_opens_street(r->scan, w)) {
			/* "via", "place", "route" are words of English too */
			bool plain = !w->is_capital && w->gap != STOP_SPACE;
			return begin_at(
			    out, w, (gh_addr_length(w) > 2 ? 4 : 3) + near->is_capital - 2 * plain);
		}
		if (!w->is_capital && !(w->flags & GH_A_PARTICLE))
			return false;
	}
	return false;
}

bool gh_addr_read_front(struct gh_addr_reader *r, struct gh_addr_finding *out)
{
	out->bare = drop_without_number(r);
	const struct gh_addr_word *near = gh_addr_behind(r, 0);
	if (!near || near->is_number || near->gap == LINE || near->gap == END || near->gap == HASH)
		return false;
	if (near->gap == SPACE || near->gap == JOINED || near->gap == STOP_SPACE) {
		if (gh_addr_is_compound(r->scan, near))
			return begin_at(out, near, near->is_capital ? 4 : 2);
		if (read_kind_behind(r, out))
			return true;
	}
	return read_kind_before(r, out);
}

/* ---- boxes and units ---- */

/* "P.O. Box", "Post Office Box", or a word that says it alone. */
static bool read_post_box(struct gh_addr_reader *r, struct gh_addr_finding *out)
{
	const struct gh_pii_scan *scan = r->scan;
	const struct gh_addr_word *near = gh_addr_behind(r, 0);

	if (gh_addr_length(near) >= 6 || gh_addr_text_is(scan, near, "pob"))
		return begin_at(out, near, 5);
	const struct gh_addr_word *second = gh_addr_behind(r, 1);
	if (!second)
		return false;
	if (gh_addr_text_is(scan, second, "po"))
		return begin_at(out, second, 5);
	const struct gh_addr_word *third = gh_addr_behind(r, 2);
	if (gh_addr_text_is(scan, second, "office")) {
		bool post = third && gh_addr_text_is(scan, third, "post");
		return begin_at(out, post ? third : second, 5);
	}
	if (third && gh_addr_text_is(scan, second, "o") && gh_addr_text_is(scan, third, "p"))
		return begin_at(out, third, 5);
	return false;
}

/* "Unit 4021 Box 77", "RR 2 Box 11": military and rural routes */
static bool read_route(struct gh_addr_reader *r, struct gh_addr_finding *out)
{
	static const char *const kinds[] = { "unit", "cmr",   "rr", "rt", "rte",
		                             "rfd",  "route", "hc", "hcr" };
	const struct gh_addr_word *near = gh_addr_behind(r, 0);
	const struct gh_addr_word *box = gh_addr_ahead(r, 1), *number = gh_addr_ahead(r, 2);

	if (!number || !(box->flags & GH_A_BOX) || !number->is_number)
		return false;
	bool found = near->flags & GH_A_MILITARY;
	for (size_t i = 0; i < GH_ARRAY_LEN(kinds) && !found; i++)
		found = gh_addr_text_is(r->scan, near, kinds[i]);
	return found && begin_at(out, near, 4);
}

static bool begins_line(const struct gh_pii_scan *scan, size_t start)
{
	const uint8_t *text = scan->text.data;

	if (start == 0 || text[start - 1] == '\n' || text[start - 1] == '>')
		return true;
	return start > 1 && text[start - 1] == ' ' && !gh_addr_is_word_byte(text[start - 2]) &&
	       text[start - 2] != ',' && text[start - 2] != '.';
}

bool gh_addr_read_box(struct gh_addr_reader *r, struct gh_addr_finding *out)
{
	const struct gh_addr_word *near = gh_addr_behind(r, 0), *second;

	if (!near || near->gap == LINE || near->gap == END || near->gap == COMMA)
		return false;
	if (near->flags & GH_A_BOX ? read_post_box(r, out) : read_route(r, out)) {
		out->box = true;
		out->lower = !near->is_capital;
		return true;
	}
	/* "FPO AP 96350" */
	if (near->flags & GH_A_STATE && (second = gh_addr_behind(r, 1)) &&
	    second->flags & GH_A_MILITARY && gh_addr_is_zip(&r->ahead[0]))
		return begin_at(out, second, 5);
	return near->flags & GH_A_APART && begins_line(r->scan, near->start) &&
	       begin_at(out, near, 4);
}
