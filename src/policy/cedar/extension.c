/* The texts of the extension types, read exactly as Cedar reads them: decimal (four digits, 64
 * bits), datetime (five forms, proleptic Gregorian calendar, no leap second), duration (units once
 * each, from large to small) and ip (no leading zeros, no zone, no IPv4 inside IPv6). */
#include "policy/cedar/value.h"

struct cursor {
	const uint8_t *at, *end;
};

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool take(struct cursor *cursor, char c)
{
	if (cursor->at == cursor->end || *cursor->at != (uint8_t)c)
		return false;
	cursor->at++;
	return true;
}

/* acc * 10 ± digit without leaving 64 bits; works downwards for negatives so that INT64_MIN fits.
 */
static bool push_digit(int64_t *acc, uint8_t c, bool negative)
{
	int64_t digit = c - '0';

	return !__builtin_mul_overflow(*acc, 10, acc) &&
	       !(negative ? __builtin_sub_overflow(*acc, digit, acc)
	                  : __builtin_add_overflow(*acc, digit, acc));
}

bool gh_cedar_parse_decimal(struct gh_slice text, int64_t *out)
{
	struct cursor cursor = { text.data, text.data ? text.data + text.len : NULL };
	bool negative = take(&cursor, '-');
	size_t whole = 0, fraction = 0;
	int64_t value = 0;

	for (; cursor.at < cursor.end && is_digit(*cursor.at); cursor.at++, whole++)
		if (!push_digit(&value, *cursor.at, negative))
			return false;
	if (whole == 0 || !take(&cursor, '.'))
		return false;
	for (; cursor.at < cursor.end && is_digit(*cursor.at); cursor.at++, fraction++)
		if (fraction >= 4 || !push_digit(&value, *cursor.at, negative))
			return false;
	if (fraction == 0 || cursor.at != cursor.end)
		return false;
	for (; fraction < 4; fraction++)
		if (!push_digit(&value, '0', negative))
			return false;
	*out = value;
	return true;
}

/* Exactly `count` digits. */
static bool fixed_digits(struct cursor *cursor, int count, int *out)
{
	int value = 0;

	for (int i = 0; i < count; i++) {
		if (cursor->at == cursor->end || !is_digit(*cursor->at))
			return false;
		value = value * 10 + (*cursor->at++ - '0');
	}
	*out = value;
	return true;
}

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(int year, int month)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Days since 1970-01-01 of the proleptic Gregorian calendar, years 0 to 9999. */
static int64_t days_from_date(int year, int month, int day)
{
	static const uint16_t before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
	int64_t y = year - 1; /* full years since year 1; -1 for year 0 */
	int64_t leaps = y >= 0 ? y / 4 - y / 100 + y / 400 : -1;
	int64_t days = y * 365 + leaps + before[month - 1] + day - 1;

	if (month > 2 && is_leap(year))
		days++;
	return days - 719162; /* 0001-01-01 to 1970-01-01 */
}

static bool parse_zone(struct cursor *cursor, int64_t *offset_ms)
{
	int hours, minutes;

	*offset_ms = 0;
	if (take(cursor, 'Z'))
		return true;
	bool minus = take(cursor, '-');
	if (!minus && !take(cursor, '+'))
		return false;
	if (!fixed_digits(cursor, 2, &hours) || !fixed_digits(cursor, 2, &minutes) || hours > 23 ||
	    minutes > 59)
		return false;
	int64_t offset = ((int64_t)hours * 60 + minutes) * 60000;
	*offset_ms = minus ? -offset : offset;
	return true;
}

bool gh_cedar_parse_datetime(struct gh_slice text, int64_t *out)
{
	struct cursor cursor = { text.data, text.data ? text.data + text.len : NULL };
	int year, month, day, hour, minute, second, millis = 0;
	int64_t offset_ms;

	if (!fixed_digits(&cursor, 4, &year) || !take(&cursor, '-') ||
	    !fixed_digits(&cursor, 2, &month) || !take(&cursor, '-') ||
	    !fixed_digits(&cursor, 2, &day))
		return false;
	if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
		return false;
	int64_t base = days_from_date(year, month, day) * 86400000;
	if (cursor.at == cursor.end) {
		*out = base;
		return true;
	}
	if (!take(&cursor, 'T') || !fixed_digits(&cursor, 2, &hour) || !take(&cursor, ':') ||
	    !fixed_digits(&cursor, 2, &minute) || !take(&cursor, ':') ||
	    !fixed_digits(&cursor, 2, &second))
		return false;
	if (take(&cursor, '.') && !fixed_digits(&cursor, 3, &millis))
		return false;
	if (hour > 23 || minute > 59 || second > 59 || !parse_zone(&cursor, &offset_ms) ||
	    cursor.at != cursor.end)
		return false;
	*out = base + (((int64_t)hour * 60 + minute) * 60 + second) * 1000 + millis - offset_ms;
	return true;
}

bool gh_cedar_parse_duration(struct gh_slice text, int64_t *out)
{
	static const struct {
		const char *suffix;
		int64_t millis;
	} units[] = {
		{ "d", 86400000 }, { "h", 3600000 }, { "m", 60000 }, { "s", 1000 }, { "ms", 1 }
	};
	struct cursor cursor = { text.data, text.data ? text.data + text.len : NULL };
	bool negative = take(&cursor, '-');
	size_t unit = 0, parts = 0;
	int64_t total = 0;

	while (cursor.at < cursor.end) {
		int64_t amount = 0;
		const uint8_t *start = cursor.at;
		for (; cursor.at < cursor.end && is_digit(*cursor.at); cursor.at++)
			if (!push_digit(&amount, *cursor.at, negative))
				return false;
		if (cursor.at == start)
			return false;
		const uint8_t *suffix = cursor.at;
		while (cursor.at < cursor.end && !is_digit(*cursor.at))
			cursor.at++;
		struct gh_slice word = gh_slice(suffix, (size_t)(cursor.at - suffix));
		while (unit < GH_ARRAY_LEN(units) && !gh_slice_eq_str(word, units[unit].suffix))
			unit++;
		if (unit == GH_ARRAY_LEN(units) ||
		    __builtin_mul_overflow(amount, units[unit].millis, &amount) ||
		    __builtin_add_overflow(total, amount, &total))
			return false;
		unit++;
		parts++;
	}
	*out = total;
	return parts > 0;
}

/* "/24" up to the end; without it the full width. */
static bool parse_prefix(struct cursor *cursor, uint8_t width, uint8_t *out)
{
	unsigned value = 0;
	size_t digits = 0;

	*out = width;
	if (cursor->at == cursor->end)
		return true;
	if (!take(cursor, '/'))
		return false;
	for (; cursor->at < cursor->end && is_digit(*cursor->at) && digits < 3;
	     cursor->at++, digits++) {
		if (digits == 1 && value == 0)
			return false;
		value = value * 10 + (unsigned)(*cursor->at - '0');
	}
	if (digits == 0 || cursor->at != cursor->end || value > width)
		return false;
	*out = (uint8_t)value;
	return true;
}

static bool parse_v4(struct cursor *cursor, uint8_t out[4])
{
	for (int part = 0; part < 4; part++) {
		unsigned value = 0;
		size_t digits = 0;
		if (part && !take(cursor, '.'))
			return false;
		for (; cursor->at < cursor->end && is_digit(*cursor->at); cursor->at++, digits++) {
			if (digits == 3 || (digits == 1 && value == 0))
				return false;
			value = value * 10 + (unsigned)(*cursor->at - '0');
		}
		if (digits == 0 || value > 255)
			return false;
		out[part] = (uint8_t)value;
	}
	return true;
}

static int hex_value(uint8_t c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One to four hexadecimal digits. */
static bool parse_group(struct cursor *cursor, uint16_t *out)
{
	unsigned value = 0;
	int digits = 0;

	for (; cursor->at < cursor->end && digits < 4; digits++, cursor->at++) {
		int digit = hex_value(*cursor->at);
		if (digit < 0)
			break;
		value = value << 4 | (unsigned)digit;
	}
	*out = (uint16_t)value;
	return digits > 0;
}

/* RFC 4291 section 2.2 forms 1 and 2. Form 3 (a dotted tail) is refused, as Cedar does. */
static bool parse_v6(struct cursor *cursor, uint8_t out[16])
{
	uint16_t groups[8];
	int count = 0, gap = -1;

	if (cursor->end - cursor->at >= 2 && cursor->at[0] == ':' && cursor->at[1] == ':') {
		gap = 0;
		cursor->at += 2;
	}
	while (cursor->at < cursor->end && *cursor->at != '/') {
		if (count == 8 || !parse_group(cursor, &groups[count]))
			return false;
		count++;
		if (cursor->at == cursor->end || *cursor->at == '/')
			break;
		if (!take(cursor, ':'))
			return false;
		if (cursor->at < cursor->end && *cursor->at == ':') {
			if (gap >= 0)
				return false;
			gap = count;
			cursor->at++;
		} else if (cursor->at == cursor->end || *cursor->at == '/') {
			return false;
		}
	}
	if (gap < 0 ? count != 8 : count > 7)
		return false;
	int tail = gap < 0 ? 0 : count - gap;
	for (int i = 0; i < count; i++) {
		int place = gap >= 0 && i >= gap ? 8 - tail + (i - gap) : i;
		out[place * 2] = (uint8_t)(groups[i] >> 8);
		out[place * 2 + 1] = (uint8_t)groups[i];
	}
	return true;
}

bool gh_cedar_parse_ip(struct gh_slice text, struct gh_cedar_ip *out)
{
	struct cursor cursor = { text.data, text.data ? text.data + text.len : NULL };

	if (text.len == 0 || text.len > 43) /* 39 characters and "/128" */
		return false;
	memset(out, 0, sizeof *out);
	out->v6 = memchr(text.data, ':', text.len) != NULL;
	if (out->v6 ? !parse_v6(&cursor, out->address) : !parse_v4(&cursor, out->address + 12))
		return false;
	return parse_prefix(&cursor, out->v6 ? 128 : 32, &out->prefix);
}
