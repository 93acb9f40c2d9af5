/* What follows the street: unit, town, state, postcode, country. */
#include "pii/address_inside.h"

#define MAX_CITY  5
#define MAX_LINES 5

void addr_read_tail(struct addr_reader *r, size_t from, struct addr_finding *out)
{
	const struct gh_pii_scan *scan = r->scan;
	unsigned city = 0, lines = 0;
	bool state = false, zip = false, open_city = false, town = false;
	const struct addr_word *w;

	for (size_t i = from; (w = addr_ahead(r, i)); i++) {
		const struct addr_word *before = &r->ahead[i ? i - 1 : 0], *next;
		if (w->gap == STOP_SPACE && !addr_is_short(before))
			return;
		if (w->gap == LINE && (zip || ++lines > MAX_LINES))
			return;
		/* A line that ends a sentence ends the address. */
		if (w->gap == LINE && scan->text.data[before->end] == '.' &&
		    !(before->flags & (GH_A_STREET | GH_A_DIRECTION | GH_A_UNIT)))
			return;
		if (w->gap == COMMA || w->gap == LINE) {
			city = 0;
			open_city = true;
		}
		if (w->gap == HASH && (w->is_number || w->is_code)) {
			out->score++;
			out->end = w->end;
		} else if ((w->flags & GH_A_UNIT) && addr_has_unit_value(r, i)) {
			out->score += w->flags & GH_A_APART ? 3 : 1;
			out->end = r->ahead[++i].end;
			open_city = false;
		} else if (w->is_number) {
			if (zip)
				return;
			if (addr_is_zip(w)) {
				zip = true;
				out->score += state || city || open_city ? 3 : 2;
				i = addr_zip_end(r, i);
				out->end = r->ahead[i].end;
			} else if (w->digits <= 6 && !w->is_ordinal) {
				if (w->gap != SPACE && w->gap != LINE && w->gap != COMMA)
					return;
				out->score += w->digits >= 4 ? 1 : 0;
				out->end = w->end;
				open_city = true;
				city = 0;
			} else if (w->is_ordinal) {
				city++;
			} else {
				return;
			}
		} else if (addr_is_post_code(r, i)) {
			out->score += 3;
			zip = true;
			out->end = r->ahead[++i].end;
			open_city = true;
		} else if (zip && (w->flags & (GH_A_COUNTRY | GH_A_DIRECTION)) == 0 &&
		           !(open_city && w->is_capital && w->gap != LINE)) {
			return;
		} else if (w->flags & GH_A_DIRECTION && w->gap != LINE && w->end - w->start <= 2 &&
		           !(w->flags & GH_A_STATE)) {
			out->score += out->lower;
			out->end = w->end;
		} else if ((w->flags & GH_A_STATE) && w->end - w->start <= 3 &&
		           (w->is_capital ||
		            ((next = addr_ahead(r, i + 1)) && addr_is_zip(next)))) {
			state = true;
			out->score += 2;
			out->end = w->end;
		} else if (w->flags & (GH_A_STATENAME | GH_A_COUNTRY)) {
			if (w->is_capital || out->lower) {
				out->score += 1;
				out->end = w->end;
			}
		} else if (w->flags & GH_A_MILITARY) {
			out->score += 3;
			out->end = w->end;
			open_city = true;
		} else if (w->is_code) {
			if (w->gap != SPACE || !open_city)
				return;
			out->end = w->end;
		} else if (w->is_capital || out->lower) {
			if (++city > MAX_CITY)
				return;
			/* A town behind a comma or on a line of its own; elsewhere only when a
			 * state or a postcode follows. */
			next = addr_ahead(r, i + 1);
			bool last = !next || next->gap != SPACE || next->is_capital ||
			            next->is_number || (next->flags & GH_A_PARTICLE);
			if (open_city && w->is_capital && last) {
				out->score += city == 1 && !town;
				town = true;
				out->end = w->end;
			}
		} else if (!(w->flags & GH_A_PARTICLE) || ++city > MAX_CITY) {
			return;
		}
	}
}
