/* Numbers: phones, payment cards and the identifiers that are digits only. A run of digit groups is
 * read once; every span of neighbouring groups is offered to the verifiers, so that two numbers
 * that stand side by side are not taken for one. */
#include "pii/detect.h"

#define MAX_GROUPS 12
#define MAX_DIGITS 24

struct group {
	size_t start, end; /* of its digits */
};

struct run {
	struct group group[MAX_GROUPS];
	size_t count, end;
	bool plus;    /* "+" before the first digit */
	bool paren;   /* "(" before the first digit */
	size_t start; /* with "+" or "(" */
};

struct span {
	char digits[MAX_DIGITS + 1];
	char lengths[MAX_GROUPS + 1]; /* of the groups: "334" */
	size_t count, start, end;
	size_t first, last;
	char separator; /* of the first gap; 0: none */
	bool plus, paren;
};

static const char *const phone_words[] = {
	"phone",   "telephone", "tel",      "mobile",   "cell",      "cellphone",
	"call",    "fax",       "dial",     "text",     "sms",       "whatsapp",
	"contact", "reach",     "hotline",  "landline", "number",    "ring",
	"handy",   "telefon",   "telefono", "teléfono", "téléphone", "móvil",
	"ph",      "telefone",  "celular",  "telefoon", "voicemail", NULL
};
static const char *const card_words[] = { "card",   "credit",  "debit", "visa",     "mastercard",
	                                  "amex",   "cc",      "pan",   "discover", "cvv",
	                                  "charge", "payment", NULL };
static const char *const other_words[] = { "order",    "invoice", "ref",     "reference",
	                                   "tracking", "ticket",  "version", "build",
	                                   "commit",   "isbn",    "sku",     "part",
	                                   "serial",   "between", "id",      NULL };

/* Length of a separator between groups at `at`, 0 when there is none. */
static size_t separator_length(struct gh_slice text, size_t at)
{
	size_t i = at;

	while (i < text.len && i - at < 3) {
		uint8_t c = text.data[i];
		if (c == ' ' || c == '-' || c == '.' || c == '/' || c == '(' || c == ')')
			i++;
		else if (c == 0xc2 && i + 1 < text.len && text.data[i + 1] == 0xa0)
			i += 2;
		else
			break;
	}
	return i < text.len && gh_pii_is_digit(text.data[i]) ? i - at : 0;
}

static void read_run(struct gh_slice text, size_t at, struct run *run)
{
	memset(run, 0, sizeof *run);
	run->start = at;
	if (at > 0 && text.data[at - 1] == '(') {
		run->paren = true;
		run->start--;
	}
	if (run->start > 0 && text.data[run->start - 1] == '+') {
		run->plus = true;
		run->start--;
	}
	while (run->count < MAX_GROUPS) {
		struct group *group = &run->group[run->count++];
		group->start = at;
		while (at < text.len && gh_pii_is_digit(text.data[at]))
			at++;
		group->end = at;
		size_t gap = separator_length(text, at);
		if (gap == 0)
			break;
		at += gap;
	}
	run->end = run->group[run->count - 1].end;
}

/* Groups first..last as one number; false when it is too long or cut out of something. */
static bool make_span(const struct gh_pii_scan *scan, const struct run *run, size_t first,
                      size_t last, struct span *out)
{
	struct gh_slice text = scan->text;

	memset(out, 0, sizeof *out);
	for (size_t g = first; g <= last; g++) {
		size_t len = run->group[g].end - run->group[g].start;
		if (out->count + len > MAX_DIGITS)
			return false;
		memcpy(out->digits + out->count, text.data + run->group[g].start, len);
		out->count += len;
		out->lengths[g - first] = (char)(len > 9 ? 'x' : '0' + (char)len);
	}
	out->first = first;
	out->last = last;
	out->start = first == 0 ? run->start : run->group[first].start;
	out->end = run->group[last].end;
	out->plus = first == 0 && run->plus;
	out->paren = first == 0 && run->paren;
	if (first > 0) {
		/* "+" and "(" may open a later group too: "call (555) 123-4567 or +44 …". */
		if (text.data[out->start - 1] == '(') {
			out->paren = true;
			out->start--;
		} else if (text.data[out->start - 1] != ' ' && text.data[out->start - 1] != '/') {
			return false;
		}
	}
	if (last + 1 < run->count && text.data[out->end] != ' ' && text.data[out->end] != '/')
		return false;
	out->separator = last > first ? (char)text.data[run->group[first].end] : 0;
	uint8_t before = out->start > 0 ? text.data[out->start - 1] : ' ';
	uint8_t after = out->end < text.len ? text.data[out->end] : ' ';
	return !gh_pii_is_alnum(before) && before != '_' && !gh_pii_is_alnum(after) && after != '_';
}

static int number_at(const char *digits, size_t count)
{
	int value = 0;

	for (size_t i = 0; i < count; i++)
		value = value * 10 + (digits[i] - '0');
	return value;
}

static bool looks_like_date(const struct span *span)
{
	const char *d = span->digits;

	if (strcmp(span->lengths, "422") == 0)
		return number_at(d + 4, 2) <= 12 && number_at(d, 4) >= 1900 &&
		       number_at(d, 4) < 2100;
	if (strcmp(span->lengths, "224") == 0)
		return number_at(d, 2) <= 31 && number_at(d + 2, 2) <= 31 &&
		       number_at(d + 4, 4) >= 1900 && number_at(d + 4, 4) < 2100;
	return false;
}

/* "x123", "ext. 45" behind a phone number; the new end. */
static size_t with_extension(struct gh_slice text, size_t end)
{
	static const char *const marks[] = { "extension", "ext.", "ext", "x", NULL };
	size_t at = end;

	while (at < text.len && at - end < 2 && text.data[at] == ' ')
		at++;
	for (const char *const *mark = marks; *mark; mark++) {
		size_t len = strlen(*mark), i = 0;
		while (i < len && at + i < text.len &&
		       gh_pii_lower(text.data[at + i]) == (uint8_t)(*mark)[i])
			i++;
		if (i < len)
			continue;
		size_t digits = at + len;
		if (digits < text.len && text.data[digits] == ' ')
			digits++;
		size_t stop = digits;
		while (stop < text.len && stop - digits < 6 && gh_pii_is_digit(text.data[stop]))
			stop++;
		if (stop > digits && (stop == text.len || !gh_pii_is_alnum(text.data[stop])))
			return stop;
	}
	return end;
}

static int phone_confidence(const struct gh_pii_scan *scan, const struct span *span)
{
	const char *d = span->digits;
	bool grouped = span->last > span->first;
	bool words = gh_pii_near(scan, span->start, span->end, 40, 12, phone_words);
	bool nanp_area =
	    span->count >= 10 && d[span->count - 10] >= '2' && d[span->count - 7] >= '2';

	if (span->count < 7 || span->count > 15 || looks_like_date(span) ||
	    strcmp(span->lengths, "54") == 0)
		return 0;
	if (span->plus)
		return span->count >= 8 && d[0] != '0' ? 95 : 0;
	if (strcmp(span->lengths, "324") == 0 && !words)
		return 0; /* a social security number's shape */
	if (span->count == 10 && nanp_area && strcmp(span->lengths, "334") == 0)
		return words || span->paren ? 97 : 85;
	if (span->count == 11 && d[0] == '1' && nanp_area && strcmp(span->lengths, "1334") == 0)
		return words ? 97 : 88;
	if (span->paren && grouped && span->count >= 8)
		return words ? 93 : 72;
	if (memcmp(d, "00", 2) == 0 && grouped && span->count >= 10)
		return words ? 92 : 70;
	if (d[0] == '0' && grouped && span->count >= 9 && span->count <= 12 &&
	    span->separator != '.')
		return words ? 92 : 62;
	if (words)
		return span->count == 10 || grouped ? 82 : 65;
	if (scan->is_bare && grouped && span->count >= 9 && span->count <= 12)
		return 58;
	return 0;
}

static int card_confidence(const struct gh_pii_scan *scan, const struct span *span,
                           const char **kind)
{
	bool words;

	if (span->count < 12 || span->count > 19 || span->plus || span->separator == '.' ||
	    span->separator == '/' || !gh_pii_luhn(span->digits, span->count))
		return 0;
	words = gh_pii_near(scan, span->start, span->end, 64, 24, card_words);
	if (!gh_pii_card_prefix(span->digits, span->count, kind)) {
		*kind = "card";
		return words ? 72 : 0;
	}
	bool shaped = span->last == span->first || span->lengths[0] == '4';
	if (!shaped)
		return words ? 60 : 0;
	return words ? 99 : 94;
}

static void offer_ids(struct gh_pii_scan *scan, const struct span *span)
{
	for (size_t i = 0; i < gh_pii_id_count; i++) {
		const struct gh_pii_id *id = &gh_pii_ids[i];
		const char *p = id->shape;
		while (*p == '9')
			p++;
		if (*p || (size_t)(p - id->shape) != span->count || !id->valid(span->digits))
			continue;
		int confidence = id->alone;
		if (id->groups)
			confidence = strcmp(span->lengths, id->groups) == 0 ? id->alone : 0;
		if (gh_pii_near(scan, span->start, span->end, 56, 24, id->words))
			confidence = id->context;
		else if (scan->is_bare && span->start <= 2 && scan->text.len - span->end <= 2 &&
		         id->bare > confidence)
			confidence = id->bare;
		else if (gh_pii_near(scan, span->start, span->end, 24, 0, other_words))
			confidence -= 30;
		gh_pii_add(scan, span->start, span->end, id->class, id->kind, confidence);
	}
}

static void offer(struct gh_pii_scan *scan, const struct span *span)
{
	const char *kind = "card";
	int card = card_confidence(scan, span, &kind);

	gh_pii_add(scan, span->start, span->end, GH_PII_PAYMENT_CARD, kind, card);
	if (!span->plus)
		offer_ids(scan, span);
	int phone = phone_confidence(scan, span);
	if (phone > 0 && !span->plus &&
	    gh_pii_near(scan, span->start, span->end, 20, 0, other_words))
		phone -= 25;
	if (phone > 0)
		gh_pii_add(scan, span->start, with_extension(scan->text, span->end), GH_PII_PHONE,
		           "phone", phone);
}

/* Apart from the loop that looks for digits: these structs are large, and most bytes are no digits.
 */
static size_t at_digits(struct gh_pii_scan *scan, size_t at)
{
	struct run run;
	struct span span;

	read_run(scan->text, at, &run);
	for (size_t first = 0; first < run.count; first++)
		for (size_t last = first; last < run.count; last++)
			if (make_span(scan, &run, first, last, &span) && span.count >= 7)
				offer(scan, &span);
	return run.end;
}

void gh_pii_detect_number(struct gh_pii_scan *scan)
{
	struct gh_slice text = scan->text;

	for (size_t at = 0; at < text.len;)
		at = gh_pii_is_digit(text.data[at]) ? at_digits(scan, at) : at + 1;
}
