/* Identifiers with letters in them, and IBANs: runs of letters and digits, printed in one piece or
 * in groups. Read from the token with the digit, or from the short one before it. */
#include "pii/detect.h"

#define MAX_CODE   34
#define MAX_GROUPS 9
#define HEAD_BYTES 5 /* letters that may stand alone before the digits: "AB 12 34 56 C" */

struct code {
	char text[MAX_CODE + 2];
	uint64_t letters, digits; /* which characters are which */
	size_t len, start, end, groups, first;
	bool looked;
	struct gh_pii_near near;
};

static size_t token_end(struct gh_slice text, size_t at)
{
	while (at < text.len && gh_pii_is_alnum(text.data[at]))
		at++;
	return at;
}

/* A sign stands only where the shape has one (Finland), and there stands nothing else. */
static bool signs_fit(const char *shape, const struct code *code)
{
	for (size_t i = 0; i < code->len; i++) {
		bool is_sign = code->text[i] == '-' || code->text[i] == '+';
		if (is_sign != (shape[i] == '-'))
			return false;
	}
	return true;
}

static const struct gh_pii_near *near(struct gh_pii_scan *scan, struct code *code)
{
	if (!code->looked)
		gh_pii_look_around(scan, code->start, code->end, &code->near);
	code->looked = true;
	return &code->near;
}

static bool is_bare(const struct gh_pii_scan *scan, const struct code *code)
{
	return scan->is_bare && code->start <= 2 && scan->text.len - code->end <= 2;
}

/* A commit's hash, a number of C ("1.61803399F"), words joined by different signs. */
static bool is_plain_code(struct gh_slice text, const struct code *code)
{
	bool hex = true, space = false, hyphen = false;

	for (size_t i = code->start; i < code->end; i++) {
		uint8_t c = text.data[i];
		hex = hex && (gh_pii_is_digit(c) || (c >= 'a' && c <= 'f'));
		space = space || c == ' ';
		hyphen = hyphen || c == '-';
	}
	bool is_fraction = code->start > 1 && text.data[code->start - 1] == '.' &&
	                   gh_pii_is_digit(text.data[code->start - 2]);
	return hex || (space && hyphen) || is_fraction;
}

static int id_confidence(struct gh_pii_scan *scan, struct code *code, const struct gh_pii_id *id)
{
	int says = gh_pii_says(near(scan, code), id->words);
	int confidence = code->groups == 1 || id->alone > 80 ? id->alone : 0;

	if (says == 2)
		return id->context;
	if (says == 1)
		return code->groups <= 2 || id->alone > 0 ? id->context - 6 : 0;
	if (is_bare(scan, code) && id->bare > confidence)
		return id->bare;
	if (is_plain_code(scan->text, code))
		return 0;
	if (code->near.label & GH_W_NEGATIVE)
		confidence -= 40;
	else if (code->near.label)
		confidence -= 30; /* it is called something else */
	else if (code->near.left & GH_W_NEGATIVE)
		confidence -= 12;
	/* Inside a path, a file name or a longer identifier. */
	uint8_t before = code->start > 0 ? scan->text.data[code->start - 1] : ' ';
	uint8_t after = gh_pii_byte(scan, code->end);
	if (before == '-' || before == '/' || before == '.' || after == '-' || after == '/')
		confidence -= 35;
	return confidence;
}

static void offer_ids(struct gh_pii_scan *scan, struct code *code)
{
	const struct gh_pii_id_index *index = gh_pii_id_rows(scan);

	if (code->len > GH_PII_ID_MAX)
		return;
	for (size_t i = index->of[code->len]; i < index->of[code->len + 1]; i++) {
		const struct gh_pii_id *id = &gh_pii_ids[index->row[i]];
		if (!id->has_letters || index->letters[i] & ~code->letters ||
		    index->digits[i] & ~code->digits || !signs_fit(id->shape, code))
			continue;
		if (id->valid(code->text))
			gh_pii_add(scan, code->start, code->end, id->class, id->kind,
			           id_confidence(scan, code, id));
	}
}

/* Only "GB29 NWBK …" or one piece: a first group of four, the rest of at most four each. */
static void offer_iban(struct gh_pii_scan *scan, struct code *code)
{
	const char *t = code->text;

	if (code->len < 15 || !gh_pii_is_alpha((uint8_t)t[0]) || !gh_pii_is_alpha((uint8_t)t[1]) ||
	    !gh_pii_is_digit((uint8_t)t[2]) || !gh_pii_is_digit((uint8_t)t[3]) ||
	    (code->groups > 1 && code->first != 4))
		return;
	bool upper = false, lower = false;
	for (size_t i = code->start; i < code->end; i++) {
		uint8_t c = scan->text.data[i];
		upper = upper || (c >= 'A' && c <= 'Z');
		lower = lower || (c >= 'a' && c <= 'z');
	}
	/* "LV80 bANK …": nobody prints it so. */
	if (upper && lower && !(near(scan, code)->label & GH_W_IBAN))
		return;
	if (gh_pii_iban_valid(t, code->len))
		gh_pii_add(scan, code->start, code->end, GH_PII_PAYMENT_CARD, "iban", 98);
	else if (code->groups == 1 && near(scan, code)->label & GH_W_IBAN)
		gh_pii_add(scan, code->start, code->end, GH_PII_PAYMENT_CARD, "iban", 60);
}

/* Turkish number plates: province 01 to 81, one to three letters, two to four digits. */
static void offer_plate(struct gh_pii_scan *scan, struct code *code)
{
	const char *t = code->text;
	size_t letters = 0, digits = 0;
	int province = (t[0] - '0') * 10 + t[1] - '0';

	if (code->len < 5 || code->len > 9 || !gh_pii_is_digit((uint8_t)t[0]) ||
	    !gh_pii_is_digit((uint8_t)t[1]) || province < 1 || province > 81)
		return;
	while (gh_pii_is_alpha((uint8_t)t[2 + letters]))
		letters++;
	while (gh_pii_is_digit((uint8_t)t[2 + letters + digits]))
		digits++;
	if (letters < 1 || letters > 3 || digits < 2 || digits > 4 ||
	    2 + letters + digits != code->len)
		return;
	int says = gh_pii_says(near(scan, code), GH_W_PLATE);
	bool is_upper = true;
	for (size_t i = code->start; i < code->end; i++)
		is_upper = is_upper && !(scan->text.data[i] >= 'a' && scan->text.data[i] <= 'z');
	int confidence = says ? 80 : is_bare(scan, code) && is_upper ? 58 : 0;
	gh_pii_add(scan, code->start, code->end, GH_PII_GOV_ID, "number-plate", confidence);
}

/* One piece, or all of the pieces that hyphens join. */
static bool is_joined(struct gh_slice text, const struct code *code)
{
	if (code->groups > 1 && memchr(text.data + code->start, ' ', code->end - code->start))
		return false;
	return code->end + 1 >= text.len || text.data[code->end] != '-' ||
	       !gh_pii_is_alnum(text.data[code->end + 1]);
}

/* A label names a document, and what follows fits no shape of ours. */
static void offer_labelled(struct gh_pii_scan *scan, struct code *code)
{
	const uint64_t gov = GH_W_PASSPORT | GH_W_DRIVER | GH_W_VOTER | GH_W_PAN_IN | GH_W_IT_CARD;
	size_t digits = 0;

	for (size_t i = 0; i < code->len; i++)
		digits += gh_pii_is_digit((uint8_t)code->text[i]);
	if (!is_joined(scan->text, code) || digits < (code->groups > 1 ? 5u : 3u) ||
	    code->len < 6 || code->len > 20)
		return;
	uint64_t label = near(scan, code)->label;
	if (label & GH_W_NEGATIVE || code->near.in_column)
		return;
	if (label & gov)
		gh_pii_add(scan, code->start, code->end, GH_PII_GOV_ID,
		           label & GH_W_PASSPORT ? "passport"
		           : label & GH_W_DRIVER ? "driver-license"
		                                 : "national-id",
		           68);
	else if (label & GH_W_ACCOUNT && digits >= 5)
		gh_pii_add(scan, code->start, code->end, GH_PII_PAYMENT_CARD, "bank-account", 66);
	else if (label & GH_W_MRN && digits >= 4)
		gh_pii_add(scan, code->start, code->end, GH_PII_HEALTH, "mrn", 86);
}

/* "ICD-10 J45.909": a code, and a subcode behind a full stop. */
static bool offer_icd(struct gh_pii_scan *scan, size_t start, size_t end)
{
	struct gh_slice text = scan->text;
	struct gh_pii_near around;

	if (end - start != 3 || !gh_pii_is_alpha(text.data[start]) ||
	    !gh_pii_is_digit(text.data[start + 1]))
		return false;
	gh_pii_look_around(scan, start, end, &around);
	/* "ICD-10 I10": the 10 of the name stands between. */
	if (!(around.left & GH_W_ICD))
		return false;
	if (gh_pii_byte(scan, end) == '.' && gh_pii_is_digit(gh_pii_byte(scan, end + 1)))
		end = token_end(text, end + 1);
	gh_pii_add(scan, start, end, GH_PII_HEALTH, "icd", 88);
	return true;
}

static void append(struct code *code, struct gh_slice text, size_t from, size_t to)
{
	for (; from < to; from++) {
		uint8_t c = gh_pii_lower(text.data[from]);
		bool is_letter = gh_pii_is_alpha(c);
		code->letters |= (uint64_t)is_letter << code->len;
		code->digits |= (uint64_t)!is_letter << code->len;
		code->text[code->len++] = (char)(is_letter ? c - 'a' + 'A' : c);
	}
	code->text[code->len] = 0;
}

static void extend(struct gh_pii_scan *scan, size_t start, size_t first_end)
{
	struct gh_slice text = scan->text;
	struct code code = { .start = start, .first = first_end - start };
	size_t at = start, end = first_end;

	while (code.groups < MAX_GROUPS && end - at + code.len <= MAX_CODE) {
		append(&code, text, at, end);
		bool digits = code.digits, letters = code.letters;
		/* Only an IBAN is longer than 20, and only words have so many letters in a row. */
		if ((code.len > 20 && code.groups > 0 && code.first != 4) ||
		    (end - at > 6 &&
		     code.letters >> (code.len - (end - at)) == (UINT64_C(1) << (end - at)) - 1))
			return;
		code.end = end;
		code.groups++;
		code.looked = false;
		uint8_t next = gh_pii_byte(scan, end);
		/* Hong Kong puts its check digit in brackets. */
		if (next == '(' && code.groups == 1 && letters && code.len >= 7 && code.len <= 8 &&
		    gh_pii_is_alnum(gh_pii_byte(scan, end + 1)) &&
		    gh_pii_byte(scan, end + 2) == ')') {
			append(&code, text, end + 1, end + 2);
			code.end = end + 3;
			offer_ids(scan, &code);
			return;
		}
		if (digits && letters && code.len >= 5 && next != '_') {
			offer_plate(scan, &code);
			if (code.len >= 8) {
				offer_ids(scan, &code);
				offer_iban(scan, &code);
			}
			offer_labelled(scan, &code);
		}
		/* Finland writes its century as a sign. */
		if ((next == '-' || next == '+') && code.len == 6 && code.groups == 1 && !letters) {
			code.text[code.len++] = (char)next;
			code.text[code.len] = 0;
		}
		if ((next != ' ' && next != '-') || end + 1 >= text.len ||
		    !gh_pii_is_alnum(text.data[end + 1]))
			return;
		at = end + 1;
		end = token_end(text, at);
	}
}

static size_t token_start(struct gh_slice text, size_t at, size_t most)
{
	size_t start = at;

	while (start > 0 && at - start < most && gh_pii_is_alnum(text.data[start - 1]))
		start--;
	return start;
}

/* Whether a token with letters follows over one space or hyphen: "131052-308T", "06 A 123". */
static bool letters_follow(struct gh_slice text, size_t end)
{
	if (end + 1 >= text.len || (text.data[end] != ' ' && text.data[end] != '-'))
		return false;
	size_t stop = token_end(text, end + 1);
	size_t letters = 0, len = stop - end - 1;
	for (size_t i = end + 1; i < stop && len <= 8; i++)
		letters += gh_pii_is_alpha(text.data[i]);
	return letters > 0 && (letters < len || len <= 3);
}

void gh_pii_detect_code(struct gh_pii_scan *scan, size_t at)
{
	struct gh_slice text = scan->text;

	if (at < scan->code_done)
		return;
	size_t start = token_start(text, at, MAX_CODE + 1), end = token_end(text, at);
	scan->code_done = end;
	if (end - start > MAX_CODE)
		return;
	uint8_t before = start > 0 ? text.data[start - 1] : ' ';
	if (before == '_')
		return;
	if (end - start == 3 && offer_icd(scan, start, end))
		return;
	bool mixed = at > start;
	for (size_t i = at; i < end && !mixed; i++)
		mixed = gh_pii_is_alpha(text.data[i]);
	if (mixed || letters_follow(text, end))
		extend(scan, start, end);
	/* "AB 12 34 56 C" and "C 0123456": short letters in front. */
	if ((before == ' ' || before == '-') && start >= 2 &&
	    gh_pii_is_alpha(text.data[start - 2])) {
		size_t head = token_start(text, start - 1, HEAD_BYTES + 1);
		bool plain = start - 1 - head <= HEAD_BYTES, small = start - 1 - head <= 2;
		for (size_t i = head; i < start - 1 && plain; i++)
			plain = gh_pii_is_alpha(text.data[i]) && (small || text.data[i] <= 'Z');
		if (plain)
			extend(scan, head, start - 1);
	}
}
