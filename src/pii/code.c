/* Identifiers with letters in them, and IBANs: runs of letters and digits, printed in one piece or
 * in groups. Read from the token with the digit, or from the short one before it. */
#include "pii/detect.h"
#include "pii/token.h"

#define MAX_CODE   34
#define MAX_GROUPS 9
#define HEAD_BYTES 5 /* letters that may stand alone before the digits: "AB 12 34 56 C" */

struct code {
	char text[MAX_CODE + 8];  /* upper case, ends with a zero; eight are copied at a time */
	uint64_t letters, digits; /* which characters are which */
	size_t len, start, end, groups, first;
	bool is_spaced; /* a space joins two of its groups */
	bool looked;
	struct gh_pii_near near;
};

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
	return confidence > 0 && is_plain_code(scan->text, code) ? 0 : confidence;
}

static void offer_ids(struct gh_pii_scan *scan, struct code *code)
{
	const struct gh_pii_id_index *index = gh_pii_id_rows(scan);

	if (code->len > GH_PII_ID_MAX)
		return;
	uint64_t signs = ((UINT64_C(1) << code->len) - 1) & ~(code->letters | code->digits);
	for (size_t i = index->codes_of[code->len]; i < index->codes_of[code->len + 1]; i++) {
		const struct gh_pii_code_row *row = &index->codes[i];
		if (row->letters & ~code->letters || row->digits & ~code->digits ||
		    row->signs != signs)
			continue;
		/* Cheaper than most check digits. */
		int confidence = id_confidence(scan, code, row->id);
		if (confidence > 0 && row->id->valid(code->text))
			gh_pii_add(scan, code->start, code->end, row->id->class, row->id->kind,
			           confidence);
	}
}

/* Only "GB29 NWBK …" or one piece: a first group of four, the rest of at most four each. */
static void offer_iban(struct gh_pii_scan *scan, struct code *code)
{
	if (code->len < 15 || (code->letters & 3) != 3 || (code->digits & 12) != 12 ||
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
	if (gh_pii_iban_valid(code->text, code->len))
		gh_pii_add(scan, code->start, code->end, GH_PII_PAYMENT_CARD, "iban", 98);
	else if (code->groups == 1 && near(scan, code)->label & GH_W_IBAN)
		gh_pii_add(scan, code->start, code->end, GH_PII_PAYMENT_CARD, "iban", 60);
}

/* Turkish number plates: province 01 to 81, one to three letters, two to four digits. */
static void offer_plate(struct gh_pii_scan *scan, struct code *code)
{
	const char *t = code->text;

	if (code->len > 9 || (code->digits & 3) != 3)
		return;
	int province = (t[0] - '0') * 10 + t[1] - '0';
	size_t letters = (size_t)__builtin_ctzll(~(code->letters >> 2));
	size_t digits = (size_t)__builtin_ctzll(~(code->digits >> (2 + letters)));
	if (province < 1 || province > 81 || letters < 1 || letters > 3 || digits < 2 ||
	    digits > 4 || 2 + letters + digits != code->len)
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
	return !code->is_spaced && (code->end + 1 >= text.len || text.data[code->end] != '-' ||
	                            !gh_pii_is_alnum(text.data[code->end + 1]));
}

/* A label names a document, and what follows fits no shape of ours. */
static void offer_labelled(struct gh_pii_scan *scan, struct code *code)
{
	const uint64_t gov = GH_W_PASSPORT | GH_W_DRIVER | GH_W_VOTER | GH_W_PAN_IN | GH_W_IT_CARD;
	int digits = __builtin_popcountll(code->digits);

	if (!is_joined(scan->text, code) || digits < (code->groups > 1 ? 5 : 3) || code->len < 6 ||
	    code->len > 20)
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
		end = gh_pii_token_end(text, end + 1);
	gh_pii_add(scan, start, end, GH_PII_HEALTH, "icd", 88);
	return true;
}

/* The letters and digits of [from, to). */
static void append(struct code *code, struct gh_slice text, size_t from, size_t to)
{
	for (size_t i = from; i < to; i += 8) {
		uint64_t eight = gh_pii_eight(text, i);
		uint64_t letters = gh_pii_letters_of(eight);
		size_t len = code->len + (i - from);
		code->letters |= (uint64_t)gh_pii_gather(letters) << len;
		code->digits |= (uint64_t)gh_pii_gather(gh_pii_digits_of(eight)) << len;
		eight &= ~(letters >> 2); /* 0x20: upper case */
		memcpy(code->text + len, &eight, 8);
	}
	code->len += to - from;
	/* What stands behind `to` is not of the code. */
	uint64_t mine = (UINT64_C(1) << code->len) - 1;
	code->letters &= mine;
	code->digits &= mine;
	code->text[code->len] = 0;
}

/* Hong Kong puts its check digit in brackets. */
static bool has_bracket(const struct gh_pii_scan *scan, const struct code *code)
{
	return code->groups == 1 && code->letters && code->len >= 7 && code->len <= 8 &&
	       gh_pii_is_alnum(gh_pii_byte(scan, code->end + 1)) &&
	       gh_pii_byte(scan, code->end + 2) == ')';
}

static void offer(struct gh_pii_scan *scan, struct code *code)
{
	offer_plate(scan, code);
	if (code->len >= 8) {
		offer_ids(scan, code);
		offer_iban(scan, code);
	}
	offer_labelled(scan, code);
}

/* A word that no identifier has in it: so many letters in a row. Only an IBAN is longer than 20. */
static bool is_wordy(const struct code *code, size_t last_len)
{
	return (code->len > 20 && code->groups > 0 && code->first != 4) ||
	       (last_len > 6 &&
	        code->letters >> (code->len - last_len) == (UINT64_C(1) << last_len) - 1);
}

static void extend(struct gh_pii_scan *scan, size_t start, size_t first_end)
{
	struct gh_slice text = scan->text;
	struct code code = { .start = start, .first = first_end - start };
	size_t at = start, end = first_end;

	while (code.groups < MAX_GROUPS && end - at + code.len <= MAX_CODE) {
		append(&code, text, at, end);
		if (is_wordy(&code, end - at))
			return;
		code.end = end;
		code.groups++;
		code.looked = false;
		uint8_t next = gh_pii_byte(scan, end);
		if (next == '(' && has_bracket(scan, &code)) {
			append(&code, text, end + 1, end + 2);
			code.end = end + 3;
			offer_ids(scan, &code);
			return;
		}
		if (code.digits && code.letters && code.len >= 5 && next != '_')
			offer(scan, &code);
		if ((next != ' ' && next != '-') || end + 1 >= text.len ||
		    !gh_pii_is_alnum(text.data[end + 1]))
			return;
		/* Finland writes its century as a sign. */
		if (next == '-' && code.len == 6 && code.groups == 1 && !code.letters)
			code.text[code.len++] = '-';
		code.is_spaced = code.is_spaced || next == ' ';
		at = end + 1;
		end = gh_pii_token_end(text, at);
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
	size_t len = gh_pii_token_end(text, end + 1) - end - 1;
	if (len == 0 || len > 8)
		return false;
	unsigned letters =
	    gh_pii_gather(gh_pii_letters_of(gh_pii_eight(text, end + 1))) & ((1u << len) - 1);
	return letters && (letters != (1u << len) - 1 || len <= 3);
}

/* "AB 12 34 56 C" and "C 0123456": short letters in front of the token at `start`. */
static void read_headed(struct gh_pii_scan *scan, size_t start)
{
	struct gh_slice text = scan->text;

	if (start < 2 || (text.data[start - 1] != ' ' && text.data[start - 1] != '-') ||
	    !gh_pii_is_alpha(text.data[start - 2]))
		return;
	size_t head = token_start(text, start - 1, HEAD_BYTES + 1);
	bool plain = start - 1 - head <= HEAD_BYTES, small = start - 1 - head <= 2;
	for (size_t i = head; i < start - 1 && plain; i++)
		plain = gh_pii_is_alpha(text.data[i]) && (small || text.data[i] <= 'Z');
	if (plain)
		extend(scan, head, start - 1);
}

void gh_pii_detect_code(struct gh_pii_scan *scan, size_t at, size_t digits_end)
{
	struct gh_slice text = scan->text;
	size_t start = token_start(text, at, MAX_CODE + 1);
	size_t end = gh_pii_token_end(text, digits_end);

	scan->code_done = end;
	if (end - start > MAX_CODE || (start > 0 && text.data[start - 1] == '_'))
		return;
	if (end - start == 3 && offer_icd(scan, start, end))
		return;
	/* A token with letters: one of digits only ends where they do. */
	if (start < at || digits_end < end || letters_follow(text, end))
		extend(scan, start, end);
	read_headed(scan, start);
}
