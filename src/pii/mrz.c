/* The machine-readable zone of travel documents (ICAO 9303 parts 3 to 6): two lines of 44 or 36
 * characters, or three of 30. The line with the dates proves it by its check digits; the lines
 * around it, with the name, belong to it. */
#include "pii/detect.h"

#define MAX_LINE 44

static bool zone_char(uint8_t c)
{
	return gh_pii_is_digit(c) || (c >= 'A' && c <= 'Z') || c == '<';
}

/* The check digit behind [from, from + count): weights 7, 3, 1; letters from 10, '<' is 0. */
static bool check_fits(const uint8_t *line, size_t from, size_t count)
{
	static const unsigned weights[] = { 7, 3, 1 };
	unsigned sum = 0;

	for (size_t i = 0; i < count; i++) {
		uint8_t c = line[from + i];
		unsigned value = gh_pii_is_digit(c) ? c - (unsigned)'0' : c == '<' ? 0 : c - 55u;
		sum += value * weights[i % 3];
	}
	return line[from + count] == '0' + sum % 10;
}

/* Where the dates stand: birth, check, sex, expiry, check. */
static bool dates_fit(const uint8_t *line, size_t at)
{
	for (size_t i = 0; i < 15; i++)
		if (i != 7 && !gh_pii_is_digit(line[at + i]))
			return false;
	return (line[at + 7] == 'M' || line[at + 7] == 'F' || line[at + 7] == '<') &&
	       check_fits(line, at, 6) && check_fits(line, at + 8, 6);
}

/* The line of `len` zone characters that ends before a line end at `end`; its start, or `none`. */
static size_t line_before(struct gh_slice text, size_t end, size_t len, size_t none)
{
	size_t at = end;

	if (at > 0 && text.data[at - 1] == '\n')
		at--;
	if (at > 0 && text.data[at - 1] == '\r')
		at--;
	if (at == end || at < len)
		return none;
	for (size_t i = at - len; i < at; i++)
		if (!zone_char(text.data[i]))
			return none;
	return at - len;
}

static size_t line_after(struct gh_slice text, size_t end, size_t len)
{
	size_t at = end;

	at += at < text.len && text.data[at] == '\r';
	at += at < text.len && text.data[at] == '\n';
	if (at == end || text.len - at < len)
		return end;
	for (size_t i = at; i < at + len; i++)
		if (!zone_char(text.data[i]))
			return end;
	return at + len;
}

void gh_pii_detect_mrz(struct gh_pii_scan *scan, size_t at)
{
	struct gh_slice text = scan->text;
	size_t start = at, end = at;

	while (start > 0 && at - start < MAX_LINE && zone_char(text.data[start - 1]))
		start--;
	while (end < text.len && end - start <= MAX_LINE && zone_char(text.data[end]))
		end++;
	size_t len = end - start;
	const uint8_t *line = text.data + start;
	bool second = (len == 44 || len == 36) && dates_fit(line, 13) && check_fits(line, 0, 9);
	bool middle = len == 30 && dates_fit(line, 0);
	if (!second && !middle)
		return;
	start = line_before(text, start, len, start);
	if (middle)
		end = line_after(text, end, len);
	gh_pii_add(scan, start, end, GH_PII_GOV_ID, "mrz", 99);
}
