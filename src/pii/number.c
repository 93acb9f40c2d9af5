/* Numbers: phones, payment cards, accounts and the identifiers that are digits only. A run of digit
 * groups is read once; every span of neighbouring groups that may stand for itself is offered to
 * the verifiers, so that two numbers side by side are not taken for one. */
#include "pii/number.h"

#define GOV_LABELS                                                                                 \
	(GH_W_PASSPORT | GH_W_DRIVER | GH_W_VOTER | GH_W_AADHAAR | GH_W_ITIN | GH_W_EIN |          \
	 GH_W_SSN | GH_W_PH_TIN | GH_W_IT_CARD | GH_W_PAN_IN)

struct run {
	struct {
		size_t start, end;
	} group[GH_PII_MAX_GROUPS];
	size_t count, end;
	bool is_cut; /* there are more groups behind */
};

/* Length of a separator between groups at `at`, 0 when there is none. */
static size_t separator_length(struct gh_slice text, size_t at)
{
	size_t i = at;

	while (i < text.len && i - at < 3) {
		uint8_t c = text.data[i];
		if (c != ' ' && c != '-' && c != '.' && c != '/' && c != '(' && c != ')')
			break;
		i++;
	}
	return i < text.len && gh_pii_is_digit(text.data[i]) ? i - at : 0;
}

static void read_run(struct gh_slice text, size_t at, struct run *run)
{
	run->count = 0;
	run->is_cut = false;
	for (;;) {
		run->group[run->count].start = at;
		while (at < text.len && gh_pii_is_digit(text.data[at]))
			at++;
		run->group[run->count++].end = at;
		size_t gap = separator_length(text, at);
		if (gap == 0)
			break;
		if (run->count == GH_PII_MAX_GROUPS) {
			run->is_cut = true;
			break;
		}
		at += gap;
	}
	run->end = run->group[run->count - 1].end;
}

static bool copy_groups(struct gh_slice text, const struct run *run, size_t first, size_t last,
                        struct gh_pii_span *out)
{
	out->count = 0;
	out->is_even = true;
	out->separator = last > first ? (char)text.data[run->group[first].end] : 0;
	for (size_t g = first; g <= last; g++) {
		size_t len = run->group[g].end - run->group[g].start;
		if (out->count + len > GH_PII_MAX_DIGITS)
			return false;
		memcpy(out->digits + out->count, text.data + run->group[g].start, len);
		out->count += len;
		out->lengths[g - first] = (char)(len > 9 ? 'x' : '0' + (char)len);
		if (g < last)
			out->is_even = out->is_even &&
			               run->group[g + 1].start == run->group[g].end + 1 &&
			               text.data[run->group[g].end] == (uint8_t)out->separator;
	}
	out->groups = last - first + 1;
	out->is_decimal = out->groups == 2 && out->separator == '.' && out->lengths[0] <= '3';
	out->lengths[out->groups] = 0;
	out->digits[out->count] = 0;
	return true;
}

/* "+" and "(" in front belong to the number. */
static void take_head(struct gh_slice text, struct gh_pii_span *span)
{
	size_t at = span->start;

	if (at > 0 && text.data[at - 1] == '(') {
		span->paren = true;
		at--;
	}
	if (at > 0 && text.data[at - 1] == '+') {
		span->plus = true;
		at--;
	}
	/* "(+44) 20 …": the sign is inside. */
	if (span->plus && !span->paren && at > 0 && text.data[at - 1] == '(') {
		span->paren = true;
		at--;
	}
	span->start = at;
}

/* 'x' and a digit: an extension follows. */
static bool is_extension(struct gh_slice text, size_t at)
{
	return at + 1 < text.len && (text.data[at] == 'x' || text.data[at] == 'X') &&
	       gh_pii_is_digit(text.data[at + 1]);
}

/* A run of letters and digits at `at` (going `step`) that holds a digit. */
static bool has_digit_word(struct gh_slice text, size_t at, int step)
{
	for (size_t i = 0; i < 12 && at < text.len && gh_pii_is_alnum(text.data[at]); i++) {
		if (gh_pii_is_digit(text.data[at]))
			return true;
		at += (size_t)step; /* below 0 it wraps far beyond the text */
	}
	return false;
}

static void judge_edges(struct gh_slice text, struct gh_pii_span *span)
{
	size_t start = span->start, end = span->end;
	uint8_t before = start > 0 ? text.data[start - 1] : '\n';
	uint8_t after = end < text.len ? text.data[end] : '\n';
	uint8_t before2 = start > 1 ? text.data[start - 2] : '\n';
	uint8_t after2 = end + 1 < text.len ? text.data[end + 1] : '\n';

	span->is_glued =
	    ((before == '-' || before == '.' || before == '/' || before == '#') &&
	     gh_pii_is_alnum(before2)) ||
	    (before == ',' && gh_pii_is_digit(before2) && span->groups == 1 && span->count == 3) ||
	    before == '$' || before == '_' || after == '%' ||
	    ((after == '-' || after == '.' || after == ':') && has_digit_word(text, end + 1, 1));
	span->is_fragment = (before == ' ' && has_digit_word(text, start - 2, -1)) ||
	                    (after == ' ' && has_digit_word(text, end + 1, 1));
	bool opens = before == '\n' || before == '\t' || before == ',' || before == '>' ||
	             before == '"' || before == '|' || before == ';' || before >= 0x80;
	bool closes = after == '\n' || after == '\t' || after == ',' || after == '<' ||
	              after == '"' || after == '|' || after == ';' || after == '\r' ||
	              (after == '.' && (after2 == '\n' || after2 == ' ')) || after >= 0x80;
	span->is_line = before == '\n' && (after == '\n' || after == '\r');
	span->is_alone =
	    opens && closes &&
	    !(before == ',' && before2 != ' ' && gh_pii_is_digit(before2) && span->count <= 3);
}

/* Groups first..last as one number; false when it is too long or cut out of something. */
static bool make_span(struct gh_pii_scan *scan, const struct run *run, size_t first, size_t last,
                      struct gh_pii_span *out)
{
	struct gh_slice text = scan->text;

	out->start = run->group[first].start;
	out->end = run->group[last].end;
	out->plus = out->paren = false;
	if (!copy_groups(text, run, first, last, out) || out->count < 5)
		return false;
	take_head(text, out);
	if (first > 0 && !out->plus && !out->paren) {
		uint8_t c = text.data[out->start - 1];
		if (c != ' ' && c != '/')
			return false;
	}
	if (last + 1 < run->count) {
		uint8_t c = text.data[out->end];
		if (c != ' ' && c != '/')
			return false;
	}
	uint8_t before = out->start > 0 ? text.data[out->start - 1] : ' ';
	if (gh_pii_is_alnum(before))
		return false;
	if (out->end < text.len && gh_pii_is_alnum(text.data[out->end]) &&
	    !is_extension(text, out->end))
		return false;
	judge_edges(text, out);
	out->is_whole = scan->is_bare && out->start <= 2 && text.len - out->end <= 2;
	gh_pii_look_around(scan, out->start, out->end, &out->near);
	return true;
}

static int card_confidence(const struct gh_pii_span *span, const char **kind)
{
	int says = gh_pii_says(&span->near, GH_W_CARD | GH_W_ACCOUNT);

	if (span->count < 12 || span->count > 19 || span->plus || span->separator == '.' ||
	    span->separator == '/' || (span->is_glued && says < 2))
		return 0;
	*kind = "card";
	if (!gh_pii_luhn(span->digits, span->count))
		return says == 2 && strcmp(span->lengths, "4444") == 0 &&
		               gh_pii_card_prefix(span->digits, span->count, kind)
		           ? 62
		           : 0;
	if (!gh_pii_card_prefix(span->digits, span->count, kind))
		return says == 2 ? 72 : says ? 60 : 0;
	bool shaped = span->groups == 1 || (span->lengths[0] == '4' && span->groups <= 5);
	if (!shaped)
		return says ? 60 : 0;
	if (says)
		return 99;
	if (span->near.label & GH_W_NEGATIVE)
		return 40;
	if (span->is_fragment)
		return 48;
	return span->count == 12 ? 55 : 94;
}

static bool groups_fit(const struct gh_pii_id *id, const struct gh_pii_span *span)
{
	size_t len = strlen(span->lengths);

	for (const char *at = id->groups; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL)
		if (strncmp(at, span->lengths, len) == 0 && (!at[len] || at[len] == '|'))
			return true;
	return !id->groups;
}

static int id_confidence(const struct gh_pii_span *span, const struct gh_pii_id *id)
{
	int says = gh_pii_says(&span->near, id->words),
	    alone = groups_fit(id, span) ? id->alone : 0;
	bool is_proven = id->valid != gh_pii_valid_any;

	/* Of two that share digits the one that is printed so. */
	if (says == 2 && span->is_glued && !is_proven)
		return 0; /* a piece of a word of code */
	if (says == 2 && span->is_fragment && !is_proven)
		return id->context - 40; /* a piece of a longer row of digits */
	if (says == 2)
		return id->context - (groups_fit(id, span) ? 0 : 3);
	if (span->is_glued)
		return 0;
	if (says == 1)
		return is_proven ? id->context - 6
		       : span->is_fragment || span->near.right & GH_W_UNIT ||
		               !(span->near.left & id->words)
		           ? 0
		           : id->context - 22;
	if (span->is_whole) {
		int bare = groups_fit(id, span) || span->groups == 1 ? id->bare : id->bare - 26;
		return alone > bare ? alone : bare;
	}
	if (span->near.label)
		alone -= span->near.label & GH_W_NEGATIVE ? 45 : 22;
	else if (span->near.left & GH_W_NEGATIVE || span->near.right & GH_W_UNIT)
		alone -= 20;
	if (!span->is_even && span->groups > 1)
		alone -= span->count == 9 && span->groups == 3 ? 38 : 20;
	return span->is_fragment ? alone - 35 : alone;
}

/* A label for a government's number, and a number that no checksum of ours fits. */
static int labelled_confidence(const struct gh_pii_span *span, const char **kind)
{
	uint64_t label = span->near.label & GOV_LABELS;

	if (!label || span->count < 6 || span->count > 16 || gh_pii_is_date(span) ||
	    (span->near.label & (GH_W_PHONE | GH_W_NEGATIVE)))
		return 0;
	*kind = label & GH_W_PASSPORT ? "passport"
	        : label & GH_W_DRIVER ? "driver-license"
	        : label & GH_W_SSN    ? "ssn"
	                              : "national-id";
	if (label & GH_W_SSN)
		return strcmp(span->lengths, "324") == 0 ? 76 : 0;
	return span->near.in_column ? 60 : 70;
}

static void offer_ids(struct gh_pii_scan *scan, const struct gh_pii_span *span)
{
	const struct gh_pii_id_index *index = gh_pii_id_rows(scan);
	const char *kind = "national-id";
	int best = 0;

	if (span->count > GH_PII_ID_MAX || span->is_decimal || gh_pii_is_date(span) ||
	    strcmp(span->lengths, "54") == 0 || gh_pii_is_ip_address(span))
		return;
	for (size_t i = index->of[span->count]; i < index->of[span->count + 1]; i++) {
		const struct gh_pii_id *id = &gh_pii_ids[index->row[i]];
		if (id->has_letters || !id->valid(span->digits))
			continue;
		int confidence = id_confidence(span, id);
		if (confidence > best)
			best = confidence;
		gh_pii_add(scan, span->start, span->end, id->class, id->kind, confidence);
	}
	if (best < 50) {
		best = labelled_confidence(span, &kind);
		gh_pii_add(scan, span->start, span->end, GH_PII_GOV_ID, kind, best);
	}
	if ((span->near.label & GH_W_MRN) && span->count <= 12)
		gh_pii_add(scan, span->start, span->end, GH_PII_HEALTH, "mrn", 88);
}

static void offer(struct gh_pii_scan *scan, const struct gh_pii_span *span)
{
	const char *kind = "card";
	int card = card_confidence(span, &kind);

	gh_pii_add(scan, span->start, span->end, GH_PII_PAYMENT_CARD, kind, card);
	if (!span->plus)
		offer_ids(scan, span);
	int phone = gh_pii_phone_confidence(span);
	if (phone > 0)
		gh_pii_add(scan, span->start, gh_pii_phone_end(scan->text, span->end), GH_PII_PHONE,
		           "phone", phone);
}

/* Not a longer number and no further group: a year, a count. Most are. */
static bool is_short(struct gh_slice text, size_t at)
{
	size_t end = at;

	while (end < text.len && end - at < 5 && gh_pii_is_digit(text.data[end]))
		end++;
	return end - at < 5 && separator_length(text, end) == 0;
}

/* "1 2 3 4 5 6 7": a part of a row of single digits is no number of its own. */
static bool is_counting(const struct run *run, size_t first, size_t last)
{
	size_t groups = last - first + 1, digits = 0;

	if (groups < 5 || (groups == run->count && !run->is_cut))
		return false;
	for (size_t g = first; g <= last; g++)
		digits += run->group[g].end - run->group[g].start;
	return digits + 1 < 2 * groups;
}

static __attribute__((noinline)) void read_number(struct gh_pii_scan *scan, size_t at)
{
	struct gh_pii_span span;
	struct run run;

	read_run(scan->text, at, &run);
	/* A run that was cut is read on from its middle, so that no number falls into the cut. */
	size_t firsts = run.is_cut ? GH_PII_MAX_GROUPS / 2 : run.count;
	scan->number_done = run.is_cut ? run.group[firsts].start : run.end;
	if (run.end - run.group[0].start < 5)
		return;
	for (size_t first = 0; first < firsts; first++)
		for (size_t last = first; last < run.count; last++) {
			if (run.group[last].end - run.group[first].start > GH_PII_MAX_DIGITS + 16)
				break;
			if (is_counting(&run, first, last))
				continue;
			if (make_span(scan, &run, first, last, &span))
				offer(scan, &span);
		}
}

void gh_pii_detect_number(struct gh_pii_scan *scan, size_t at)
{
	if (at >= scan->number_done && !is_short(scan->text, at))
		read_number(scan, at);
}
