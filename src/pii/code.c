/* Identifiers with letters in them, and IBANs: runs of letters and digits, printed in one piece or
 * in groups. Only tokens with a digit are looked at, and at most nine groups from each. */
#include "pii/detect.h"

#define MAX_CODE   34
#define MAX_GROUPS 9

static const char *const iban_words[] = { "iban",   "account",  "bank", "konto", "cuenta",
	                                  "compte", "transfer", "wire", NULL };

struct code {
	char text[MAX_CODE + 2];
	size_t len, start, end, groups;
};

static size_t token_end(struct gh_slice text, size_t at)
{
	while (at < text.len && gh_pii_is_alnum(text.data[at]))
		at++;
	return at;
}

static bool shape_fits(const char *shape, const char *text)
{
	for (; *shape && *text; shape++, text++) {
		uint8_t c = (uint8_t)*text;
		if ((*shape == '9' && !gh_pii_is_digit(c)) ||
		    (*shape == 'A' && !gh_pii_is_alpha(c)))
			return false;
		if (*shape == '-' && c != '-' && c != '+')
			return false;
	}
	return *shape == *text;
}

static void offer_ids(struct gh_pii_scan *scan, const struct code *code)
{
	for (size_t i = 0; i < gh_pii_id_count; i++) {
		const struct gh_pii_id *id = &gh_pii_ids[i];
		if (!shape_fits(id->shape, code->text) || !strpbrk(id->shape, "AX") ||
		    !id->valid(code->text))
			continue;
		int confidence = code->groups == 1 || id->alone > 80 ? id->alone : 0;
		if (gh_pii_near(scan, code->start, code->end, 56, 24, id->words))
			confidence = id->context;
		else if (scan->is_bare && code->start <= 2 && scan->text.len - code->end <= 2 &&
		         id->bare > confidence)
			confidence = id->bare;
		gh_pii_add(scan, code->start, code->end, id->class, id->kind, confidence);
	}
}

static void offer_iban(struct gh_pii_scan *scan, const struct code *code)
{
	const char *t = code->text;

	if (code->len < 15 || !gh_pii_is_alpha((uint8_t)t[0]) || !gh_pii_is_alpha((uint8_t)t[1]) ||
	    !gh_pii_is_digit((uint8_t)t[2]) || !gh_pii_is_digit((uint8_t)t[3]))
		return;
	if (gh_pii_iban_valid(t, code->len))
		gh_pii_add(scan, code->start, code->end, GH_PII_PAYMENT_CARD, "iban", 98);
	else if (code->groups == 1 && code->len <= 34 &&
	         gh_pii_near(scan, code->start, code->end, 40, 0, iban_words))
		gh_pii_add(scan, code->start, code->end, GH_PII_PAYMENT_CARD, "iban", 55);
}

static void extend(struct gh_pii_scan *scan, size_t start, size_t first_end)
{
	struct gh_slice text = scan->text;
	struct code code = { .start = start };
	size_t at = start, end = first_end;
	bool digits = false, letters = false;

	while (code.groups < MAX_GROUPS && end - at + code.len <= MAX_CODE) {
		for (; at < end; at++) {
			uint8_t c = gh_pii_lower(text.data[at]);
			digits = digits || gh_pii_is_digit(c);
			letters = letters || gh_pii_is_alpha(c);
			code.text[code.len++] = (char)(gh_pii_is_alpha(c) ? c - 'a' + 'A' : c);
		}
		code.text[code.len] = 0;
		code.end = end;
		code.groups++;
		uint8_t next = end < text.len ? text.data[end] : 0;
		if (digits && letters && code.len >= 8 && next != '_' && next < 0x80) {
			offer_ids(scan, &code);
			offer_iban(scan, &code);
		}
		/* Finland writes its century as a sign. */
		if ((next == '-' || next == '+') && code.len == 6 && code.groups == 1) {
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

/* Whether a code may begin with the word [at, end): it holds a digit, or it is a prefix of up to
 * three letters in front of one ("AB 12 34 56 C"). */
static bool may_begin(struct gh_slice text, size_t at, size_t end)
{
	for (size_t i = at; i < end; i++)
		if (gh_pii_is_digit(text.data[i]))
			return true;
	return end - at <= 3 && end + 1 < text.len &&
	       (text.data[end] == ' ' || text.data[end] == '-') &&
	       gh_pii_is_digit(text.data[end + 1]);
}

void gh_pii_detect_code(struct gh_pii_scan *scan)
{
	struct gh_slice text = scan->text;

	for (size_t at = 0; at < text.len;) {
		if (!gh_pii_is_alnum(text.data[at])) {
			at++;
			continue;
		}
		size_t end = token_end(text, at);
		uint8_t before = at > 0 ? text.data[at - 1] : ' ';
		if (before != '_' && before < 0x80 && end - at <= MAX_CODE &&
		    may_begin(text, at, end))
			extend(scan, at, end);
		at = end;
	}
}
