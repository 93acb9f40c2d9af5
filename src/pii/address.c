/* Postal addresses. The sign is a number: a house, a box, a unit or a postcode. What stands around
 * it is taken apart into a bounded number of words, and evidence is counted: a kind of street, a
 * house number, a unit, a state, a postcode, a country, words that say that an address follows. One
 * span covers the whole, over commas and single line breaks. */
#include "pii/address.h"

#include "address_table.h"
#include "pii/detect.h"

#define STREET_WORDS 12
#define AHEAD        30 /* words that are looked at behind the number */
#define BEHIND       8  /* and before it */
#define MAX_BYTES    240
#define MAX_NAMES    6 /* words of a street's name */
#define MAX_CITY     5
#define ENOUGH       5
#define MAX_LINES    5
#define COMPOUNDS    64

enum gap { JOINED, SPACE, COMMA, LINE, STOP_SPACE, HASH, AND, END };

struct word {
	uint32_t start, end;
	uint32_t flags; /* GH_A_… */
	uint8_t gap; /* to the word before it (of those behind the number: to the one after it) */
	uint8_t digits; /* how many digits it begins with */
	bool is_number, is_code, is_capital, is_ordinal;
};

struct reader {
	const struct gh_pii_scan *scan;
	struct word ahead[AHEAD], behind[BEHIND];
	size_t ahead_count, behind_count;
	size_t from, at; /* where reading ahead began, and where it goes on */
	bool ended;
};

/* What was found: score, bounds, and where the number's own part ends. */
struct finding {
	int score;
	size_t start, end;
	bool street, lower;
};

static bool is_word_byte(uint8_t c)
{
	return gh_pii_is_alnum(c) || c >= 0x80;
}

static uint32_t flags_of(const struct gh_pii_scan *scan, size_t start, size_t end)
{
	uint64_t hash = gh_pii_word_hash(gh_slice(scan->text.data + start, end - start),
	                                 scan->text.data + scan->text.len);
	uint32_t print = (uint32_t)hash ? (uint32_t)hash : 1;

	if (!hash)
		return 0;
	for (size_t at = hash >> 40 & (GH_PII_ADDRESS_SLOTS - 1); gh_pii_address_prints[at];
	     at = (at + 1) & (GH_PII_ADDRESS_SLOTS - 1))
		if (gh_pii_address_prints[at] == print)
			return gh_pii_address_flags[at];
	return 0;
}

static enum gap gap_between(const struct gh_pii_scan *scan, size_t from, size_t to)
{
	enum gap gap = JOINED;
	unsigned lines = 0;
	bool dot = false, blank = false;

	for (size_t i = from; i < to; i++) {
		switch (scan->text.data[i]) {
		case ' ':
		case '\t':
		case '\r': blank = true; break;
		case '\n': lines++; break;
		case ',': gap = COMMA; break;
		case '#': gap = HASH; break;
		case '&': gap = AND; break;
		case '.': dot = true; break;
		case '-':
		case '\'':
		case '/': break;
		default: return END;
		}
	}
	if (lines > 1 || to - from > 12)
		return END;
	if (lines)
		return LINE;
	if (gap != JOINED)
		return gap;
	return dot && blank ? STOP_SPACE : blank ? SPACE : JOINED;
}

static void look_at(const struct gh_pii_scan *scan, struct word *word)
{
	const uint8_t *text = scan->text.data + word->start;
	size_t len = word->end - word->start, digits = 0;

	while (digits < len && gh_pii_is_digit(text[digits]))
		digits++;
	word->digits = (uint8_t)(digits < 255 ? digits : 255);
	word->is_number = digits > 0;
	word->is_ordinal = digits > 0 && len == digits + 2 && gh_pii_is_alpha(text[digits]) &&
	                   gh_pii_is_alpha(text[digits + 1]);
	word->is_capital = (text[0] >= 'A' && text[0] <= 'Z') || text[0] >= 0xc3;
	word->is_code = false;
	for (size_t i = 0; i < len && i < 8 && digits == 0; i++)
		word->is_code = word->is_code || gh_pii_is_digit(text[i]);
	word->flags = digits || word->is_code ? 0 : flags_of(scan, word->start, word->end);
}

/* Goes on until `count` words are known, or there are no more. */
static void read_ahead(struct reader *r, size_t count)
{
	const struct gh_slice text = r->scan->text;
	const size_t limit = r->from + MAX_BYTES < text.len ? r->from + MAX_BYTES : text.len;

	while (!r->ended && r->ahead_count < count) {
		struct word *word = &r->ahead[r->ahead_count];
		size_t start = r->at;
		while (start < limit && start - r->at < 16 && !is_word_byte(text.data[start]))
			start++;
		r->ended = start >= limit || !is_word_byte(text.data[start]);
		if (r->ended)
			return;
		size_t end = start;
		while (end < text.len && end - start < 64 && is_word_byte(text.data[end]))
			end++;
		*word = (struct word){ .start = (uint32_t)start, .end = (uint32_t)end };
		word->gap = (uint8_t)(r->ahead_count ? gap_between(r->scan, r->at, start) : JOINED);
		r->ended = word->gap == END;
		if (r->ended)
			return;
		look_at(r->scan, word);
		r->ahead_count++;
		r->at = end;
	}
}

static void read_behind(struct reader *r, size_t count)
{
	const struct gh_slice text = r->scan->text;
	size_t last = r->behind_count ? r->behind[r->behind_count - 1].start : r->from;

	while (last > 0 && r->behind_count < count) {
		struct word *word = &r->behind[r->behind_count];
		size_t end = last;
		while (end > 0 && last - end < 12 && !is_word_byte(text.data[end - 1]))
			end--;
		if (end == 0 || !is_word_byte(text.data[end - 1]))
			return;
		size_t start = end;
		while (start > 0 && end - start < 64 && is_word_byte(text.data[start - 1]))
			start--;
		*word = (struct word){ .start = (uint32_t)start, .end = (uint32_t)end };
		word->gap = (uint8_t)gap_between(r->scan, end, last);
		look_at(r->scan, word);
		r->behind_count++;
		last = start;
	}
}

/* ---- pieces ---- */

static bool is_short_dotted(const struct word *word)
{
	return word->end - word->start <= 5 && !word->is_number;
}

static bool text_is(const struct gh_pii_scan *scan, const struct word *word, const char *lower)
{
	size_t len = strlen(lower);

	if (word->end - word->start != len)
		return false;
	for (size_t i = 0; i < len; i++)
		if (gh_pii_lower(scan->text.data[word->start + i]) != (uint8_t)lower[i])
			return false;
	return true;
}

/* Words that end like streets do in languages that write them as one: Hauptstraße, Lindenstraat. */
static bool is_compound(const struct gh_pii_scan *scan, const struct word *word)
{
#define E(text)                                                                                    \
	{                                                                                          \
		text, sizeof(text) - 1, (uint8_t)(text)[sizeof(text) - 2]                          \
	}
	static const struct {
		const char *text;
		uint8_t len, last;
	} ends[] = {
		E("straße"), E("strasse"), E("strase"),    E("gasse"),    E("platz"),
		E("allee"),  E("straat"),  E("laan"),      E("plein"),    E("gracht"),
		E("kade"),   E("dijk"),    E("singel"),    E("steeg"),    E("markt"),
		E("katu"),   E("kuja"),    E("tie"),       E("vägen"),    E("gatan"),
		E("gata"),   E("gränd"),   E("vej"),       E("gade"),     E("stræde"),
		E("veien"),  E("vegen"),   E("vegur"),     E("stræti"),   E("stígur"),
		E("utca"),   E("weg"),     E("ring"),      E("damm"),     E("ufer"),
		E("steig"),  E("stieg"),   E("str"),       E("hof"),      E("stíg"),
		E("braut"),  E("polku"),   E("väg"),       E("gaten"),    E("vei"),
		E("baan"),   E("pad"),     E("dreef"),     E("hofje"),    E("linja"),
		E("väylä"),  E("penger"),  E("raitti"),    E("gärdet"),   E("ranta"),
		E("kaari"),  E("backe"),   E("stig"),      E("plads"),    E("stien"),
		E("bakken"), E("park"),    E("esteenweg"), E("steenweg"), E("rinne"),
		E("torget"), E("torg"),    E("promenade"), E("chaussee"), E("graben"),
		E("berg"),   E("gässli"),  E("strass"),
	};
#undef E
	const uint8_t *end = scan->text.data + word->end;
	size_t len = word->end - word->start;
	uint8_t last = gh_pii_lower(end[-1]);

	for (size_t i = 0; i < GH_ARRAY_LEN(ends); i++) {
		size_t tail = ends[i].len, same = 0;
		if (ends[i].last != last || len < tail + 3)
			continue;
		while (same < tail && gh_pii_lower(end[(ptrdiff_t)same - (ptrdiff_t)tail]) ==
		                          (uint8_t)ends[i].text[same])
			same++;
		if (same == tail)
			return true;
	}
	return false;
}

/* "K2L 6B8", "EH1 1YZ", "SW1A 2AA": two codes side by side. */
static bool is_post_code(const struct gh_pii_scan *scan, const struct word *first,
                         const struct word *second)
{
	const uint8_t *a = scan->text.data + first->start, *b = scan->text.data + second->start;
	size_t a_len = first->end - first->start, b_len = second->end - second->start;

	if (!first->is_code || !second->is_number || second->gap != SPACE || b_len != 3)
		return false;
	bool canada = a_len == 3 && gh_pii_is_alpha(a[0]) && gh_pii_is_digit(a[1]) &&
	              gh_pii_is_alpha(a[2]) && gh_pii_is_digit(b[0]) && gh_pii_is_alpha(b[1]) &&
	              gh_pii_is_digit(b[2]);
	bool kingdom = a_len >= 2 && a_len <= 4 && gh_pii_is_alpha(a[0]) && gh_pii_is_digit(b[0]) &&
	               gh_pii_is_alpha(b[2]);
	return canada || kingdom;
}

static bool is_zip(const struct word *word)
{
	return word->digits == 5 && word->end - word->start == 5;
}

/* "20558-1234": the four belong to the five. */
static size_t zip_end(const struct reader *r, size_t i)
{
	if (i + 1 < r->ahead_count && r->ahead[i + 1].gap == JOINED &&
	    r->ahead[i + 1].digits == 4 && r->ahead[i + 1].end == r->ahead[i].end + 5)
		return i + 1;
	return i;
}

static bool has_unit_value(const struct reader *r, size_t i)
{
	const struct word *value = &r->ahead[i + 1];

	if (i + 1 >= r->ahead_count || value->gap == LINE || value->gap == COMMA)
		return false;
	return value->is_number || value->is_code || value->end - value->start == 1;
}

/* "12", "221B", "5th", "W211": not "9f8a". */
static bool is_house(const struct word *word)
{
	size_t len = word->end - word->start;

	return word->digits == 0 || word->is_ordinal || len <= (size_t)word->digits + 1;
}

/* Whether words stand beside the number at all: rows of numbers and codes end here. */
static bool is_worth_it(struct reader *r)
{
	const struct word *near = &r->behind[0], *next = &r->ahead[1];
	const uint32_t opens = GH_A_FRONT | GH_A_BOX | GH_A_DIRECTION | GH_A_STREET | GH_A_UNIT;
	const uint32_t before = GH_A_UNIT | GH_A_BOX | GH_A_AFTER | GH_A_COUNTRY | GH_A_ZIP |
	                        GH_A_STATE | GH_A_MILITARY;

	if (r->ahead_count > 1 && (next->is_capital || next->is_number || next->flags & opens) &&
	    !(next->flags & GH_A_MONTH))
		for (size_t i = 1; i < r->ahead_count; i++)
			if (!r->ahead[i].is_number && !r->ahead[i].is_code)
				return true;
	if (r->behind_count && !near->is_number && !near->is_code &&
	    (near->flags & before || near->is_capital || is_compound(r->scan, near) ||
	     text_is(r->scan, near, "n")))
		return true;
	/* "zip code is 60614" */
	if (r->ahead_count && r->ahead[0].digits >= 4) {
		read_behind(r, 3);
		for (size_t i = 0; i < r->behind_count; i++)
			if (r->behind[i].flags & GH_A_ZIP)
				return true;
	}
	/* All in lower case: then a kind of street must be near. */
	if (r->ahead_count < 2 || next->is_number || next->gap != SPACE)
		return false;
	read_ahead(r, 6);
	for (size_t i = 2; i < r->ahead_count; i++)
		if (r->ahead[i].flags & (GH_A_STREET | GH_A_STATE))
			return true;
	return false;
}

/* A number before it and one behind it: most of a row of numbers ends here, before it is read. */
static bool is_among_numbers(const struct gh_pii_scan *scan, size_t start, size_t end)
{
	while (start > 0 && scan->text.data[start - 1] == ' ')
		start--;
	while (end < scan->text.len && scan->text.data[end] == ' ')
		end++;
	return start > 0 && end < scan->text.len && gh_pii_is_digit(scan->text.data[start - 1]) &&
	       gh_pii_is_digit(scan->text.data[end]);
}

/* ---- behind the street: unit, town, state, postcode, country ---- */

static void read_tail(struct reader *r, size_t from, struct finding *out)
{
	const struct gh_pii_scan *scan = r->scan;

	read_ahead(r, AHEAD);
	unsigned city = 0, lines = 0;
	bool state = false, zip = false, open_city = false, town = false;

	for (size_t i = from; i < r->ahead_count; i++) {
		const struct word *w = &r->ahead[i], *before = &r->ahead[i ? i - 1 : 0];
		if (w->gap == STOP_SPACE && !is_short_dotted(before))
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
		} else if ((w->flags & GH_A_UNIT) && has_unit_value(r, i)) {
			out->score += w->flags & GH_A_APART ? 3 : 1;
			out->end = r->ahead[++i].end;
			open_city = false;
		} else if (w->is_number) {
			if (zip)
				return;
			if (is_zip(w)) {
				zip = true;
				out->score += state || city || open_city ? 3 : 2;
				i = zip_end(r, i);
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
		} else if (i + 1 < r->ahead_count && is_post_code(scan, w, &r->ahead[i + 1])) {
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
		            (i + 1 < r->ahead_count && is_zip(&r->ahead[i + 1])))) {
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
			bool last = i + 1 == r->ahead_count || r->ahead[i + 1].gap != SPACE ||
			            r->ahead[i + 1].is_capital || r->ahead[i + 1].is_number ||
			            (r->ahead[i + 1].flags & GH_A_PARTICLE);
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

/* ---- number, name, kind: "1600 Amphitheatre Parkway" ---- */

static void read_street(struct reader *r, struct finding *out)
{
	const struct gh_pii_scan *scan = r->scan;
	unsigned names = 0, capitals = 0, numbers = 1, longest = 0;
	bool weak = false, front = false, direction = false;
	size_t i = 1;

	for (size_t k = 1; k < r->ahead_count && k <= MAX_NAMES; k++)
		if (!r->ahead[k].is_number && r->ahead[k].end - r->ahead[k].start > longest)
			longest = r->ahead[k].end - r->ahead[k].start;
	for (size_t k = 1; k < r->ahead_count && k < 6; k++)
		if (!(r->ahead[k].flags & (GH_A_FRONT | GH_A_PARTICLE)) || k == 5) {
			out->lower = !r->ahead[k].is_capital && !r->ahead[k].is_number;
			break;
		}
	for (; i < r->ahead_count; i++) {
		const struct word *w = &r->ahead[i], *before = &r->ahead[i - 1];
		if (w->gap == STOP_SPACE && !is_short_dotted(before))
			break;
		if (w->gap == LINE ||
		    (w->gap == COMMA && !(w->flags & GH_A_UNIT) && !(front && w->digits <= 4)))
			break;
		if (w->gap == COMMA && front && !w->is_number)
			break;
		if (w->flags & GH_A_MONTH) {
			out->score = 0; /* a date */
			return;
		}
		if (w->is_ordinal || w->gap == AND) {
			names++;
			capitals++;
		} else if (w->is_number) {
			/* "48 12 Rue …", "12 1/2 Davis Street" */
			if (names == 0 && numbers < 3 && (w->gap == SPACE || w->gap == JOINED)) {
				out->score += numbers == 1 && w->gap == SPACE && w->digits < 6;
				numbers++;
				continue;
			}
			if (names == 0 || w->digits > 5)
				break;
			/* "98 Bergvegur 25" */
			out->score += front || is_compound(scan, before) ? 2 : 1;
			out->end = w->end;
			i++;
			break;
		} else if ((w->flags & GH_A_UNIT) && names && has_unit_value(r, i)) {
			break;
		} else if ((w->flags & GH_A_BOX) && i + 1 < r->ahead_count &&
		           r->ahead[i + 1].is_number) {
			out->score += 4;
			out->end = r->ahead[i + 1].end;
			out->street = true;
			i += 2;
			break;
		} else if ((w->flags & GH_A_FRONT) && names == 0 &&
		           (w->end - w->start > 2 || w->gap == STOP_SPACE ||
		            (i + 1 < r->ahead_count && r->ahead[i + 1].gap == STOP_SPACE))) {
			front = true;
			out->score += 3;
			names += (w->flags & GH_A_STREET) != 0;
			capitals += w->is_capital;
		} else if ((w->flags & GH_A_STREET) &&
		           (names > 0 || text_is(scan, w, "broadway")) &&
		           !(text_is(scan, w, "st") && i == 1)) {
			out->score += 4;
			out->end = w->end;
			out->street = true;
			i++;
			/* "Highway 71", "Route 9" */
			if (i < r->ahead_count && r->ahead[i].is_number &&
			    r->ahead[i].gap == SPACE && r->ahead[i].digits <= 4)
				out->end = r->ahead[i++].end;
			break;
		} else if ((w->flags & GH_A_DIRECTION) && w->gap != COMMA) {
			out->score += direction ? 0 : 1;
			direction = true;
			if (w->end - w->start > 2) {
				names++;
				capitals += w->is_capital;
			}
			if (weak)
				out->end = w->end;
		} else if (w->is_capital || out->lower) {
			if (++names > MAX_NAMES)
				break;
			capitals += w->is_capital;
			if (is_compound(scan, w)) {
				out->score += weak ? 1 : 3;
				out->end = w->end;
				weak = true;
			} else if ((w->flags & GH_A_WEAK) && names > 1) {
				out->score += weak ? 0 : 2;
				out->end = w->end;
				weak = true;
			}
		} else if (!(w->flags & GH_A_PARTICLE)) {
			break;
		}
	}
	if (front && names) {
		out->street = true;
		const struct word *last = &r->ahead[i - 1];
		if (last->end > out->end)
			out->end = last->end;
	}
	out->street = out->street || weak;
	out->score += (capitals > 0) + (names > 1 && capitals > 1 && !out->street);
	if (out->lower)
		out->score -= 2;
	if ((names == 0 || longest < 4) && !out->street) {
		out->score = 0;
		return;
	}
	if (!out->street && out->end == r->ahead[0].end) {
		/* Number and names alone: only what follows can make an address of it. */
		if (i > 1)
			out->end = r->ahead[i - 1].end;
		out->score--;
	}
	if (out->score >= 1)
		read_tail(r, i, out);
}

/* ---- kind, name, number: "Via Garibaldi 41", "Hauptstraße 5" ---- */

static bool read_front(struct reader *r, struct finding *out)
{
	const struct gh_pii_scan *scan = r->scan;
	const struct word *near = &r->behind[0];

	/* "Calle Mayor s/n, 28013 Madrid": without a number */
	if (r->behind_count > 2 && text_is(scan, near, "n") && text_is(scan, near + 1, "s")) {
		r->behind_count -= 2;
		memmove(r->behind, r->behind + 2, r->behind_count * sizeof *r->behind);
		r->behind[0].gap = SPACE;
	}
	if (r->behind_count == 0 || near->is_number || near->gap == LINE || near->gap == END ||
	    near->gap == HASH)
		return false;
	bool near_by = near->gap == SPACE || near->gap == JOINED || near->gap == STOP_SPACE;
	if (near_by && is_compound(scan, near)) {
		out->start = near->start;
		out->score += near->is_capital ? 4 : 2;
		out->street = true;
		return true;
	}
	/* "Weinhäuser Str. 122", "Dahls Gata 38" */
	if (near_by && (near->flags & GH_A_AFTER) && r->behind_count > 1 &&
	    r->behind[1].is_capital && r->behind[1].gap == SPACE) {
		out->start = r->behind[1].start;
		out->score += 4;
		out->street = true;
		return true;
	}
	for (size_t i = 0; i < r->behind_count && i < MAX_NAMES; i++) {
		const struct word *w = &r->behind[i];
		if (i > 0 && (w->gap == COMMA || w->gap == LINE || w->gap == END || w->is_number ||
		              (w->gap == STOP_SPACE && !is_short_dotted(w))))
			return false;
		if ((w->flags & GH_A_FRONT) && i > 0 &&
		    (w->end - w->start > 2 || w->gap == STOP_SPACE)) {
			out->start = w->start;
			out->score += w->end - w->start > 2 ? 4 : 3;
			out->score += r->behind[0].is_capital;
			/* "via", "place", "route" are words of English too */
			out->score -= w->is_capital ? 0 : 2;
			out->street = true;
			return true;
		}
		if (!w->is_capital && !(w->flags & GH_A_PARTICLE))
			return false;
	}
	return false;
}

/* "P.O. Box 52", "Postfach 12", "Unit 4021 Box 77", "Apt. 12" on a line of its own. */
static bool read_box(const struct reader *r, struct finding *out)
{
	const struct gh_pii_scan *scan = r->scan;
	const struct word *near = &r->behind[0];

	if (r->behind_count == 0 || near->gap == LINE || near->gap == END || near->gap == COMMA)
		return false;
	if (near->flags & GH_A_BOX) {
		bool po = r->behind_count > 1 && (text_is(scan, &r->behind[1], "po") ||
		                                  text_is(scan, &r->behind[1], "office"));
		bool p_o = r->behind_count > 2 && text_is(scan, &r->behind[1], "o") &&
		           text_is(scan, &r->behind[2], "p");
		bool own = near->end - near->start >= 6 || text_is(scan, near, "pob");
		if (!po && !p_o && !own)
			return false;
		out->start = own ? near->start : r->behind[po ? 1 : 2].start;
		out->score += 5;
		out->street = true;
		return true;
	}
	/* "FPO AP 96350" */
	if ((near->flags & GH_A_STATE) && r->behind_count > 1 &&
	    (r->behind[1].flags & GH_A_MILITARY) && is_zip(&r->ahead[0])) {
		out->start = r->behind[1].start;
		out->score += 5;
		out->street = true;
		return true;
	}
	bool military = r->ahead_count > 2 && (r->ahead[1].flags & GH_A_BOX) &&
	                r->ahead[2].is_number &&
	                (text_is(scan, near, "unit") || text_is(scan, near, "rr") ||
	                 text_is(scan, near, "rte") || text_is(scan, near, "cmr") ||
	                 (near->flags & GH_A_MILITARY));
	size_t start = near->start;
	bool line_start =
	    start == 0 || scan->text.data[start - 1] == '\n' ||
	    (start > 1 && scan->text.data[start - 1] == ' ' &&
	     !is_word_byte(scan->text.data[start - 2]) && scan->text.data[start - 2] != ',' &&
	     scan->text.data[start - 2] != '.') ||
	    scan->text.data[start - 1] == '>';
	if (!military && !((near->flags & GH_A_APART) && line_start))
		return false;
	out->start = start;
	out->score += 4;
	out->street = true;
	return true;
}

/* How much the words before say that an address follows. */
static int context_of(const struct reader *r)
{
	for (size_t i = 0; i < r->behind_count; i++) {
		if (r->behind[i].flags & GH_A_CONTEXT)
			return i < 3 ? 3 : 2;
		if (r->behind[i].gap == STOP_SPACE && i > 0)
			return 0;
	}
	return 0;
}

/* It is all that stands on its line or in its quotes. */
static bool stands_alone(const struct gh_pii_scan *scan, const struct finding *found)
{
	size_t start = found->start;
	uint8_t after = found->end < scan->text.len ? scan->text.data[found->end] : '\n';

	while (start > 0 && memchr(" >?*|\t", scan->text.data[start - 1], 6))
		start--;
	uint8_t before = start ? scan->text.data[start - 1] : '\n';
	return (before == '\n' || before == '"' || before == '\'') &&
	       (after == '\n' || after == '\r' || after == '"' || after == '\'');
}

/* "zip code 60614", "PLZ: 10115"; "Denmark 21000" at the begin of a line. */
static bool is_post_number(const struct reader *r)
{
	const struct word *number = &r->ahead[0], *near = &r->behind[0];
	size_t len = number->end - number->start;

	if (len != number->digits || len < 4 || len > 6 || r->behind_count == 0)
		return false;
	for (size_t i = 0; i < r->behind_count && i < 3; i++) {
		const struct word *w = &r->behind[i];
		if (w->is_number || w->gap == STOP_SPACE || w->gap == LINE)
			break;
		if (w->flags & GH_A_ZIP)
			return w->start == 0 || r->scan->text.data[w->start - 1] != '.';
	}
	if (!(near->flags & GH_A_COUNTRY) || len != 5 || near->gap != SPACE)
		return false;
	/* "New Zealand 60110": letters only up to the begin of the line */
	size_t start = near->start;
	const uint8_t *text = r->scan->text.data;
	while (start > 0 && near->start - start < 25 &&
	       (gh_pii_is_alpha(text[start - 1]) || memchr(" >?()", text[start - 1], 5)))
		start--;
	return start == 0 || text[start - 1] == '\n';
}

static void add(struct gh_pii_scan *scan, const struct finding *found, const char *kind)
{
	int confidence = 48 + 6 * found->score;

	if (confidence > 97)
		confidence = 97;
	gh_pii_add(scan, found->start, found->end, GH_PII_ADDRESS, kind, confidence);
	if (found->end > scan->address_done)
		scan->address_done = found->end;
}

void gh_pii_detect_address(struct gh_pii_scan *scan, size_t at)
{
	struct reader r = { .scan = scan };
	const uint8_t *text = scan->text.data;
	struct finding found = { .start = at };
	const size_t at_digits = at;

	if (at < scan->address_done || (scan->without >> GH_PII_ADDRESS & 1))
		return;
	/* "W120N9330 Oak Rd" */
	if (at > 0 && memchr("NSEW", text[at - 1], 4) && (at == 1 || !is_word_byte(text[at - 2])))
		found.start = --at;
	/* Money, versions, times, ids and the middle of words are no house numbers. */
	if (at > 0 && (is_word_byte(text[at - 1]) || memchr("$.:/=_@%+#", text[at - 1], 10)) &&
	    !(text[at - 1] == ':' && at > 1 && text[at - 2] > '9'))
		return;
	/* "af2989ec-8705-4786" */
	if (at > 1 && text[at - 1] == '-' && is_word_byte(text[at - 2]))
		return;
	size_t digits = at_digits;
	while (digits < scan->text.len && digits - at_digits < 8 && gh_pii_is_digit(text[digits]))
		digits++;
	if (digits - at_digits > 6)
		return;
	uint8_t next = gh_pii_byte(scan, digits);
	if ((next == '.' || next == ':' || next == '/' || next == '%') &&
	    gh_pii_is_alnum(gh_pii_byte(scan, digits + 1)))
		return;
	if (is_among_numbers(scan, at, digits))
		return;
	r.from = r.at = at;
	read_ahead(&r, 1);
	if (r.ahead_count == 0 || !is_house(&r.ahead[0]))
		return;
	read_ahead(&r, 3);
	if (r.ahead[0].is_ordinal &&
	    (r.ahead_count < 2 || !r.ahead[1].is_capital || !(r.ahead[1].flags & GH_A_STREET)))
		return;
	/* "14-year-old" */
	if (r.ahead_count > 1 && r.ahead[1].gap == JOINED && text[r.ahead[0].end] == '-' &&
	    !r.ahead[1].is_number && !r.ahead[1].is_code && r.ahead[1].end - r.ahead[1].start > 1)
		return;
	if (r.ahead_count == 3 && r.ahead[1].digits == 1 && r.ahead[2].gap == JOINED)
		read_ahead(&r, 4); /* "12 1/2 Davis Street" */
	read_behind(&r, 1);
	if (!is_worth_it(&r))
		return;
	read_ahead(&r, STREET_WORDS);
	read_behind(&r, BEHIND);
	found.end = r.ahead[0].end;
	if (is_post_number(&r)) {
		found.score = ENOUGH + 1;
		found.end = r.ahead[zip_end(&r, 0)].end;
		add(scan, &found, "postcode");
		return;
	}
	bool behind = read_box(&r, &found) || read_front(&r, &found);
	if (behind) {
		found.score++;
		found.lower = false;
		size_t from = r.ahead_count > 2 && (r.ahead[1].flags & GH_A_BOX) ? 3 : 1;
		if (from == 3)
			found.end = r.ahead[2].end;
		read_tail(&r, from, &found);
	} else {
		found.score = digits - at_digits >= 3 ? 2 : 1;
		/* A range or a letter is a house number's: 132-146, 221B. */
		size_t range = r.ahead_count > 1 && r.ahead[1].gap == JOINED &&
		               r.ahead[1].is_number && r.ahead[1].start == r.ahead[0].end + 1 &&
		               text[r.ahead[0].end] == '-';
		if (range) {
			memmove(r.ahead + 1, r.ahead + 2, (r.ahead_count - 2) * sizeof *r.ahead);
			r.ahead_count--;
		}
		if (digits - at_digits == 4 && (text[at] == '1' || text[at] == '2') &&
		    (text[at + 1] == '9' || text[at + 1] == '0'))
			found.score--; /* perhaps a year */
		read_street(&r, &found);
	}
	if (found.score <= 0 || found.end <= found.start)
		return;
	if (found.score < ENOUGH && found.score >= ENOUGH - 3)
		found.score += context_of(&r) + 2 * stands_alone(scan, &found);
	if (found.score >= ENOUGH)
		add(scan, &found, "street-address");
}
