/* Identifiers with letters in them, and IBANs: runs of letters and digits, printed in one piece or
 * in groups. Read from the token with the digit, or from the short one before it. */
#include "pii/detect.h"
#include "pii/token.h"

#define MAX_CODE   34
#define MAX_GROUPS 9
#define MIN_CODE   8 /* characters of the shortest identifier */
#define HEAD_BYTES 5 /* letters that may stand alone before the digits: "AB 12 34 56 C" */

struct code {
	uint64_t letters, digits; /* which characters are which */
	size_t len, start, end, groups, first;
	bool is_spaced; /* a space joins two of its groups */
	bool looked;
	struct gh_pii_near near;
	char text[MAX_CODE + 2]; /* what text_of() made */
};

/* Its characters in upper case, without what stands between its groups. Made for the few whose
 * letters and digits stand where those of an identifier do. */
static const char *text_of(const struct gh_pii_scan *scan, struct code *code)
{
	uint64_t signs = ~(code->letters | code->digits);
	size_t len = 0;

	for (size_t i = code->start; i < code->end && len < code->len; i++) {
		uint8_t c = scan->text.data[i];
		if (gh_pii_is_alnum(c) || signs >> len & 1)
			code->text[len++] = (char)(c >= 'a' ? c - 0x20 : c);
	}
	code->text[len] = 0;
	return code->text;
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

	if (!(index->code_lengths[code->letters & 15] >> code->len & 1))
		return;
	uint64_t signs = ((UINT64_C(1) << code->len) - 1) & ~(code->letters | code->digits);
	for (size_t i = index->codes_of[code->len]; i < index->codes_of[code->len + 1]; i++) {
		const struct gh_pii_code_row *row = &index->codes[i];
		if ((row->letters & ~code->letters) | (row->digits & ~code->digits) |
		    (row->signs ^ signs))
			continue;
		/* Cheaper than most check digits. */
		int confidence = id_confidence(scan, code, row->id);
		if (confidence > 0 && row->id->valid(text_of(scan, code)))
			gh_pii_add(scan, code->start, code->end, row->id->class, row->id->kind,
			           confidence);
	}
}

/* "GB29 NWBK …" or one piece: a first group of four, the rest of at most four each. */
static bool may_be_iban(const struct code *code)
{
	return (code->letters & 3) == 3 && (code->digits & 12) == 12 &&
	       (code->groups <= 1 || code->first == 4);
}

static void offer_iban(struct gh_pii_scan *scan, struct code *code)
{
	if (code->len < 15 || !may_be_iban(code))
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
	if (gh_pii_iban_valid(text_of(scan, code), code->len))
		gh_pii_add(scan, code->start, code->end, GH_PII_PAYMENT_CARD, "iban", 98);
	else if (code->groups == 1 && near(scan, code)->label & GH_W_IBAN)
		gh_pii_add(scan, code->start, code->end, GH_PII_PAYMENT_CARD, "iban", 60);
}

/* Turkish number plates: province 01 to 81, one to three letters, two to four digits. */
static void offer_plate(struct gh_pii_scan *scan, struct code *code)
{
	if ((int)(code->len > 9) | (int)((code->digits & 3) != 3))
		return;
	size_t letters = (size_t)__builtin_ctzll(~(code->letters >> 2));
	size_t digits = (size_t)__builtin_ctzll(~(code->digits >> (2 + letters)));
	if (letters < 1 || letters > 3 || digits < 2 || digits > 4 ||
	    2 + letters + digits != code->len)
		return;
	const char *t = text_of(scan, code);
	int province = (t[0] - '0') * 10 + t[1] - '0';
	if (province < 1 || province > 81)
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
		end = gh_pii_read_piece(text, end + 1).end;
	gh_pii_add(scan, start, end, GH_PII_HEALTH, "icd", 88);
	return true;
}

/* Makes a code longer by a token, or by its first characters. */
static void append(struct code *code, const struct gh_pii_piece *token, size_t len)
{
	uint64_t mine = (UINT64_C(1) << len) - 1;

	code->letters |= (token->letters & mine) << code->len;
	code->digits |= (~token->letters & mine) << code->len;
	code->len += len;
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
	if (code->len >= MIN_CODE) {
		offer_ids(scan, code);
		offer_iban(scan, code);
	}
	offer_labelled(scan, code);
}

/* So many letters in a row are a word; and nothing but an IBAN is longer than 20. */
static bool is_too_long(const struct code *code, size_t last_len)
{
	return (code->len > 20 && !may_be_iban(code)) ||
	       (last_len > 6 &&
	        code->letters >> (code->len - last_len) == (UINT64_C(1) << last_len) - 1);
}

static inline bool is_join(uint8_t c)
{
	return (int)(c == ' ') | (int)(c == '-');
}

/* Another token follows `end` over one space or hyphen. */
static inline bool goes_on(struct gh_slice text, size_t end)
{
	return end + 1 < text.len &&
	       ((int)is_join(text.data[end]) & (int)gh_pii_is_alnum(text.data[end + 1]));
}

static void extend(struct gh_pii_scan *scan, struct gh_pii_piece token)
{
	struct gh_slice text = scan->text;
	/* Not zeroed: its text, and what stands around it before it was looked at. */
	__attribute__((uninitialized)) struct code code;

	code.letters = code.digits = code.len = code.groups = 0;
	code.start = token.start;
	code.first = token.end - token.start;
	code.is_spaced = false;
	for (;;) {
		size_t at = token.start, end = token.end;
		append(&code, &token, end - at);
		code.end = end;
		code.groups++;
		if (is_too_long(&code, end - at))
			return;
		code.looked = false;
		uint8_t next = gh_pii_byte(scan, end);
		if (next == '(' && has_bracket(scan, &code)) {
			token = gh_pii_read_piece(text, end + 1);
			append(&code, &token, 1);
			code.end = end + 3;
			offer_ids(scan, &code);
			return;
		}
		if (code.digits && code.letters && code.len >= 5 && next != '_')
			offer(scan, &code);
		if (!goes_on(text, end) || code.groups == MAX_GROUPS)
			return;
		/* Finland writes its century as a sign. */
		code.len += next == '-' && code.len == 6 && code.groups == 1 && !code.letters;
		code.is_spaced = code.is_spaced || next == ' ';
		token = gh_pii_read_piece(text, end + 1);
		if (token.end - token.start + code.len > MAX_CODE)
			return;
	}
}

static size_t token_start(struct gh_slice text, size_t at, size_t most)
{
	size_t start = at;

	while (start > 0 && at - start < most && gh_pii_is_alnum(text.data[start - 1]))
		start--;
	return start;
}

/* "in 2019,", "7 of": two tokens apart, the last ones of their row. What is printed so is at least
 * MIN_CODE long, unless letters stand within the second one. */
static bool is_too_short(struct gh_slice text, size_t start, size_t first_end, size_t end)
{
	return end - start - 1 < MIN_CODE && text.data[first_end] == ' ' && !goes_on(text, end);
}

/* Whether a token with letters follows that of digits alone: "131052-308T", "06 A 123". */
static bool letters_follow(struct gh_slice text, size_t start, size_t end)
{
	if (!goes_on(text, end))
		return false;
	struct gh_pii_piece token = gh_pii_read_piece(text, end + 1);
	size_t len = token.end - token.start;
	if (!token.letters || len > 8)
		return false;
	if (token.letters != (UINT64_C(1) << len) - 1)
		return true;
	return len <= 3 && !is_too_short(text, start, end, token.end);
}

/* "AB 12 34 56 C" and "C 0123456": short letters in front of the token [start, end). */
static void read_headed(struct gh_pii_scan *scan, size_t start, size_t end)
{
	struct gh_slice text = scan->text;

	if (start < 2 ||
	    !((int)is_join(text.data[start - 1]) & (int)gh_pii_is_alpha(text.data[start - 2])))
		return;
	size_t at = token_start(text, start - 1, HEAD_BYTES + 1), len = start - 1 - at;
	bool plain = len <= HEAD_BYTES && !is_too_short(text, at, start - 1, end);
	for (size_t i = at; i < at + len && plain; i++)
		plain = gh_pii_is_alpha(text.data[i]) && (len <= 2 || text.data[i] <= 'Z');
	if (plain)
		extend(scan, (struct gh_pii_piece){ at, start - 1, (UINT64_C(1) << len) - 1 });
}

/* A token with letters and digits. */
static void read_mixed(struct gh_pii_scan *scan, size_t at)
{
	struct gh_slice text = scan->text;
	size_t start = token_start(text, at, MAX_CODE + 1);
	struct gh_pii_piece token = gh_pii_read_piece(text, start);
	size_t len = token.end - start;

	scan->code_done = token.end;
	if (len > MAX_CODE || (start > 0 && text.data[start - 1] == '_') ||
	    (len == 3 && offer_icd(scan, start, token.end)))
		return;
	extend(scan, token);
	read_headed(scan, start, token.end);
}

void gh_pii_detect_code(struct gh_pii_scan *scan, size_t at, size_t end)
{
	struct gh_slice text = scan->text;
	uint8_t before = at > 0 ? text.data[at - 1] : ' ';

	if ((int)gh_pii_is_alnum(before) | (int)gh_pii_is_alnum(gh_pii_byte(scan, end))) {
		read_mixed(scan, at);
		return;
	}
	scan->code_done = end;
	if (end - at > MAX_CODE || before == '_')
		return;
	if (letters_follow(text, at, end))
		extend(scan, (struct gh_pii_piece){ at, end, 0 });
	read_headed(scan, at, end);
}
