/* Numbers: phones, payment cards, accounts and the identifiers that are digits only. A run of digit
 * groups is read once; every span of neighbouring groups that may stand for itself is offered to
 * the verifiers, so that two numbers side by side are not taken for one. */
#include "pii/number.h"
#include "pii/token.h"

#define GOV_LABELS                                                                                 \
	(GH_W_PASSPORT | GH_W_DRIVER | GH_W_VOTER | GH_W_AADHAAR | GH_W_ITIN | GH_W_EIN |          \
	 GH_W_SSN | GH_W_PH_TIN | GH_W_IT_CARD | GH_W_PAN_IN)
#define CODE_CLASSES   (1u << GH_PII_GOV_ID | 1u << GH_PII_PAYMENT_CARD | 1u << GH_PII_HEALTH)
#define NUMBER_CLASSES (CODE_CLASSES | 1u << GH_PII_PHONE)
#define MAX_SPAN_BYTES (GH_PII_MAX_DIGITS + 16)

_Static_assert(GH_PII_MAX_DIGITS <= GH_PII_ID_MAX, "spans are looked up among identifiers");

/* What stands beside a span: left of its first group, or right of its last. Every group ends spans
 * of many beginnings, so its right side is judged once. */
struct side {
	bool is_judged;
	bool is_glued, is_fragment;
	bool is_edge; /* of a line or field */
	bool is_line; /* of a line */
};

struct run {
	struct {
		size_t start, end;
		struct side right;
		bool is_seen;
		uint64_t behind; /* what is mentioned there; when it is seen */
	} group[GH_PII_MAX_GROUPS];
	size_t count, end;
	bool is_cut; /* there are more groups behind */
};

static inline bool is_separator(uint8_t c)
{
	return c == ' ' || c == '-' || c == '.' || c == '/' || c == '(' || c == ')';
}

/* Length of a separator between groups at `at`, 0 when there is none. */
static inline size_t separator_length(struct gh_slice text, size_t at)
{
	size_t i = at;

	while (i < text.len && i - at < 3 && is_separator(text.data[i]))
		i++;
	return i > at && i < text.len && gh_pii_is_digit(text.data[i]) ? i - at : 0;
}

static void read_run(struct gh_slice text, size_t at, size_t end, struct run *run)
{
	run->count = 0;
	run->is_cut = false;
	for (;;) {
		run->group[run->count].start = at;
		run->group[run->count].right.is_judged = run->group[run->count].is_seen = false;
		run->group[run->count++].end = end;
		size_t gap = separator_length(text, end);
		if (gap == 0)
			break;
		if (run->count == GH_PII_MAX_GROUPS) {
			run->is_cut = true;
			break;
		}
		at = end + gap;
		end = gh_pii_digits_end(text, at);
	}
	run->end = run->group[run->count - 1].end;
}

/* Makes a span longer by the group behind its last one; false when it gets too long. */
static bool append_group(struct gh_slice text, const struct run *run, size_t g,
                         struct gh_pii_span *span)
{
	size_t start = run->group[g].start, len = run->group[g].end - start;

	if (span->count + len > GH_PII_MAX_DIGITS)
		return false;
	size_t i = 0;
	do {
		uint64_t eight = gh_pii_eight(text, start + i);
		memcpy(span->digits + span->count + i, &eight, 8);
		i += 8;
	} while (i < len);
	span->count += len;
	span->digits[span->count] = 0;
	span->lengths = span->lengths << 4 | (len > 9 ? 10 : len);
	span->end = run->group[g].end;
	if (span->groups++ > 0) {
		size_t before = run->group[g - 1].end;
		if (span->groups == 2)
			span->separator = (char)text.data[before];
		span->is_even = span->is_even && start == before + 1 &&
		                text.data[before] == (uint8_t)span->separator;
	}
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

static void judge_left(struct gh_slice text, size_t start, struct side *out)
{
	uint8_t before = start > 0 ? text.data[start - 1] : '\n';
	uint8_t before2 = start > 1 ? text.data[start - 2] : '\n';

	out->is_judged = true;
	out->is_glued = ((before == '-' || before == '.' || before == '/' || before == '#') &&
	                 gh_pii_is_alnum(before2)) ||
	                before == '$' || before == '_';
	out->is_fragment = before == ' ' && has_digit_word(text, start - 2, -1);
	out->is_line = before == '\n';
	out->is_edge = before == '\n' || before == '\t' || before == ',' || before == '>' ||
	               before == '"' || before == '|' || before == ';' || before >= 0x80;
}

static void judge_right(struct gh_slice text, size_t end, struct side *out)
{
	uint8_t after = end < text.len ? text.data[end] : '\n';
	uint8_t after2 = end + 1 < text.len ? text.data[end + 1] : '\n';
	bool has_digits = (after == ' ' || after == '-' || after == '.' || after == ':') &&
	                  has_digit_word(text, end + 1, 1);

	out->is_judged = true;
	out->is_glued = after == '%' || (has_digits && after != ' ');
	out->is_fragment = has_digits && after == ' ';
	out->is_line = after == '\n' || after == '\r';
	out->is_edge = out->is_line || after == '\t' || after == ',' || after == '<' ||
	               after == '"' || after == '|' || after == ';' ||
	               (after == '.' && (after2 == '\n' || after2 == ' ')) || after >= 0x80;
}

/* Begins spans at group `first`; false when every one would be cut out of something. */
static bool begin_span(struct gh_slice text, const struct run *run, size_t first,
                       struct gh_pii_span *span)
{
	span->start = run->group[first].start;
	span->count = span->groups = span->lengths = 0;
	span->separator = 0;
	span->is_even = true;
	span->plus = span->paren = false;
	take_head(text, span);
	if (span->start == 0)
		return true;
	uint8_t before = text.data[span->start - 1];
	if (first > 0 && !span->plus && !span->paren)
		return before == ' ' || before == '/';
	return !gh_pii_is_alnum(before);
}

/* Whether it may end where it does, behind group `last`. */
static bool may_end(struct gh_slice text, const struct run *run, size_t last)
{
	size_t end = run->group[last].end;
	uint8_t after = end < text.len ? text.data[end] : ' ';

	if (last + 1 < run->count)
		return after == ' ' || after == '/';
	return !gh_pii_is_alnum(after) || is_extension(text, end);
}

static int card_confidence(const struct gh_pii_span *span, const char **kind)
{
	int says = gh_pii_says(&span->near, GH_W_CARD | GH_W_ACCOUNT);

	if (span->count < 12 || span->count > 19 || span->plus || span->separator == '.' ||
	    span->separator == '/' || (span->is_glued && says < 2))
		return 0;
	bool shaped = span->groups == 1 || (gh_pii_first_length(span) == 4 && span->groups <= 5);
	if (!says && !shaped)
		return 0;
	*kind = "card";
	if (!gh_pii_luhn(span->digits, span->count))
		return says == 2 && span->lengths == 0x4444 &&
		               gh_pii_card_prefix(span->digits, span->count, kind)
		           ? 62
		           : 0;
	if (!gh_pii_card_prefix(span->digits, span->count, kind))
		return says == 2 ? 72 : says ? 60 : 0;
	if (!shaped)
		return 60;
	if (says)
		return 99;
	if (span->near.label & GH_W_NEGATIVE)
		return 40;
	if (span->is_fragment)
		return 48;
	return span->count == 12 ? 55 : 94;
}

/* What a number loses that nothing calls by its name. */
static int doubt(const struct gh_pii_span *span)
{
	int loss = 0;

	if (span->near.label)
		loss = span->near.label & GH_W_NEGATIVE ? 45 : 22;
	else if (span->near.left & GH_W_NEGATIVE || span->near.right & GH_W_UNIT)
		loss = 20;
	if (!span->is_even && span->groups > 1)
		loss += span->count == 9 && span->groups == 3 ? 38 : 20;
	return span->is_fragment ? loss + 35 : loss;
}

static int called_confidence(const struct gh_pii_span *span, const struct gh_pii_id *id, int says,
                             bool fits)
{
	bool is_proven = id->valid != gh_pii_valid_any;

	/* Of two that share digits the one that is printed so. */
	if (says == 2 && span->is_glued && !is_proven)
		return 0; /* a piece of a word of code */
	if (says == 2 && span->is_fragment && !is_proven)
		return id->context - 40; /* a piece of a longer row of digits */
	if (says == 2)
		return id->context - (fits ? 0 : 3);
	if (span->is_glued)
		return 0;
	return is_proven ? id->context - 6
	       : span->is_fragment || span->near.right & GH_W_UNIT || !(span->near.left & id->words)
	           ? 0
	           : id->context - 22;
}

/* `fits`: printed in its groups; `loss`: what doubt() says. */
static int id_confidence(const struct gh_pii_span *span, const struct gh_pii_id *id, bool fits,
                         int loss)
{
	int says = gh_pii_says(&span->near, id->words);

	if (says)
		return called_confidence(span, id, says, fits);
	if (span->is_glued)
		return 0;
	int alone = fits ? id->alone : 0;
	if (!span->is_whole)
		return alone - loss;
	int bare = fits || span->groups == 1 ? id->bare : id->bare - 26;
	return alone > bare ? alone : bare;
}

/* A label for a government's number, and a number that no checksum of ours fits. */
static int labelled_confidence(const struct gh_pii_span *span, const char **kind)
{
	uint64_t label = span->near.label & GOV_LABELS;

	if (!label || span->count < 6 || span->count > 16 ||
	    (span->near.label & (GH_W_PHONE | GH_W_NEGATIVE)))
		return 0;
	*kind = label & GH_W_PASSPORT ? "passport"
	        : label & GH_W_DRIVER ? "driver-license"
	        : label & GH_W_SSN    ? "ssn"
	                              : "national-id";
	if (label & GH_W_SSN)
		return span->lengths == 0x324 ? 76 : 0;
	return span->near.in_column ? 60 : 70;
}

/* Adds what the digits may be; the confidence of the best. */
static int offer_rows(struct gh_pii_scan *scan, const struct gh_pii_span *span)
{
	const struct gh_pii_id_index *index = gh_pii_id_rows(scan);
	const uint64_t named = span->near.label | span->near.left | span->near.right;
	int best = 0, loss = doubt(span);

	for (size_t i = index->digits_of[span->count]; i < index->digits_of[span->count + 1]; i++) {
		const struct gh_pii_digit_row *row = &index->digits[i];
		int fits = (int)(row->printed[0] == span->lengths) |
		           (int)(row->printed[1] == span->lengths);
		/* Most are neither named nor printed so. */
		if (!(fits | (int)((row->words & named) != 0) | (int)span->is_whole))
			continue;
		int confidence = id_confidence(span, row->id, fits, loss);
		if (confidence <= 0 || !row->id->valid(span->digits))
			continue;
		if (confidence > best)
			best = confidence;
		gh_pii_add(scan, span->start, span->end, row->id->class, row->id->kind, confidence);
	}
	return best;
}

static void offer_ids(struct gh_pii_scan *scan, const struct gh_pii_span *span)
{
	const char *kind = "national-id";

	if (span->lengths == 0x54)
		return;
	if (offer_rows(scan, span) < 50) {
		int confidence = labelled_confidence(span, &kind);
		gh_pii_add(scan, span->start, span->end, GH_PII_GOV_ID, kind, confidence);
	}
	if ((span->near.label & GH_W_MRN) && span->count <= 12)
		gh_pii_add(scan, span->start, span->end, GH_PII_HEALTH, "mrn", 88);
}

/* 3.14159: not digits in groups. */
static bool is_decimal(const struct gh_pii_span *span)
{
	return span->groups == 2 && span->separator == '.' && gh_pii_first_length(span) <= 3;
}

static void offer(struct gh_pii_scan *scan, const struct gh_pii_span *span)
{
	const char *kind = "card";
	int card = card_confidence(span, &kind);

	if (card > 0)
		gh_pii_add(scan, span->start, span->end, GH_PII_PAYMENT_CARD, kind, card);
	if (is_decimal(span) || gh_pii_is_date(span) || gh_pii_is_ip_address(span))
		return;
	if (!span->plus)
		offer_ids(scan, span);
	int phone = gh_pii_phone_confidence(span);
	if (phone > 0)
		gh_pii_add(scan, span->start, gh_pii_phone_end(scan->text, span->end), GH_PII_PHONE,
		           "phone", phone);
}

/* "1 2 3 4 5 6 7": a part of a row of single digits is no number of its own. */
static bool is_counting(const struct run *run, const struct gh_pii_span *span)
{
	return span->groups >= 5 && (span->groups < run->count || run->is_cut) &&
	       span->count + 1 < 2 * span->groups;
}

/* What is mentioned behind group `last`. */
static uint64_t look_behind(struct gh_pii_scan *scan, struct run *run, size_t last)
{
	if (!run->group[last].is_seen)
		run->group[last].behind = gh_pii_look_right(scan, run->group[last].end);
	run->group[last].is_seen = true;
	return run->group[last].behind;
}

/* Both sides of a span that ends with group `last`. */
static void look_beside(struct gh_pii_scan *scan, struct run *run, size_t last, struct side *left,
                        struct gh_pii_span *span)
{
	struct side *right = &run->group[last].right;

	if (!left->is_judged) {
		judge_left(scan->text, span->start, left);
		span->near = *gh_pii_look_left(scan, span->start);
	}
	if (!right->is_judged)
		judge_right(scan->text, span->end, right);
	span->near.right = span->near.in_column ? 0 : look_behind(scan, run, last);
	span->is_glued = left->is_glued || right->is_glued;
	span->is_fragment = left->is_fragment || right->is_fragment;
	span->is_alone = left->is_edge && right->is_edge;
	span->is_line = left->is_line && right->is_line;
	span->is_whole = scan->is_bare && span->start <= 2 && scan->text.len - span->end <= 2;
}

/* Every span that begins with group `first`. */
static void offer_spans(struct gh_pii_scan *scan, struct run *run, size_t first)
{
	struct gh_slice text = scan->text;
	/* Not zeroed: every field is set before it is read. */
	__attribute__((uninitialized)) struct gh_pii_span span;
	struct side left = { 0 };

	if (!begin_span(text, run, first, &span))
		return;
	for (size_t last = first; last < run->count; last++) {
		if (run->group[last].end - run->group[first].start > MAX_SPAN_BYTES ||
		    !append_group(text, run, last, &span))
			return;
		if (span.count < 5 || is_counting(run, &span) || !may_end(text, run, last))
			continue;
		look_beside(scan, run, last, &left, &span);
		offer(scan, &span);
	}
}

/* Apart: most runs are too short to need so much of the stack. */
static __attribute__((noinline)) void read_number(struct gh_pii_scan *scan, size_t at, size_t end)
{
	/* Not zeroed: of the groups only those are looked at that were read. */
	__attribute__((uninitialized)) struct run run;

	read_run(scan->text, at, end, &run);
	/* A run that was cut is read on from its middle, so that no number falls into the cut. */
	size_t firsts = run.is_cut ? GH_PII_MAX_GROUPS / 2 : run.count;
	scan->number_done = run.is_cut ? run.group[firsts].start : run.end;
	if (run.end - run.group[0].start < 5)
		return;
	for (size_t first = 0; first < firsts; first++)
		offer_spans(scan, &run, first);
}

/* A year, a count: not a longer number and no further group. Most are. */
static bool is_short(struct gh_slice text, size_t at, size_t end)
{
	return end - at < 5 && separator_length(text, end) == 0;
}

void gh_pii_detect_digits(struct gh_pii_scan *scan, size_t at)
{
	size_t end = gh_pii_digits_end(scan->text, at);

	if (gh_pii_wants(scan, NUMBER_CLASSES) && at >= scan->number_done &&
	    !is_short(scan->text, at, end))
		read_number(scan, at, end);
	if (gh_pii_wants(scan, CODE_CLASSES) && at >= scan->code_done)
		gh_pii_detect_code(scan, at, end);
	if (gh_pii_wants(scan, 1u << GH_PII_MINOR) && end - at < 3)
		gh_pii_detect_age(scan, at, end);
}
