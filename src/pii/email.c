/* E-mail addresses (RFC 5321 in practice: dot-atoms, and letters beyond ASCII as RFC 6531 allows).
 */
#include "pii/detect.h"

#define MAX_LOCAL  64
#define MAX_DOMAIN 253

/* Which bytes an address may hold, a bit each: in its local part, in its domain. */
#define LOCAL  1
#define DOMAIN 2
static const uint8_t kinds[256] = {
	['a' ... 'z'] = LOCAL | DOMAIN,
	['A' ... 'Z'] = LOCAL | DOMAIN,
	['0' ... '9'] = LOCAL | DOMAIN,
	[0x80 ... 0xff] = LOCAL | DOMAIN,
	['-'] = LOCAL | DOMAIN,
	['.'] = LOCAL | DOMAIN,
	['_'] = LOCAL,
	['+'] = LOCAL,
	['!'] = LOCAL,
	['#'] = LOCAL,
	['$'] = LOCAL,
	['%'] = LOCAL,
	['&'] = LOCAL,
	['*'] = LOCAL,
	['/'] = LOCAL,
	['?'] = LOCAL,
	['^'] = LOCAL,
	['~'] = LOCAL,
	['\''] = LOCAL,
	['='] = LOCAL,
};

/* Top-level domains of letters; "xn--…" besides. */
static bool is_top_label(struct gh_slice label)
{
	size_t letters = 0;

	if (label.len > 4 && memcmp(label.data, "xn--", 4) == 0)
		return true;
	for (size_t i = 0; i < label.len; i++)
		letters += label.data[i] >= 0x80 || gh_pii_is_alpha(label.data[i]);
	return label.len >= 2 && label.len <= 63 && letters == label.len;
}

/* The end of the domain after `at`, or 0. What is glued to the last label ("acme.com123-45") and
 * scripts without spaces end it. */
static size_t domain_end(struct gh_slice text, size_t at)
{
	size_t end = at + 1, label = at + 1, last = 0;

	if (end >= text.len || text.data[end] == '.' || text.data[end] == '-')
		return 0;
	while (end < text.len && end - at <= MAX_DOMAIN && kinds[text.data[end]] & DOMAIN &&
	       text.data[end] < 0xe2) {
		if (text.data[end] == '.') {
			if (end == label)
				break;
			if (label > at + 1 && is_top_label(gh_slice_sub(text, label, end - label)))
				last = end;
			label = end + 1;
		}
		end++;
	}
	size_t stop = end;
	while (stop > label && text.data[stop - 1] == '-')
		stop--;
	if (label > at + 1 && is_top_label(gh_slice_sub(text, label, stop - label)))
		return stop;
	/* "acme.com123": the letters that begin the last label. */
	size_t letters = label;
	while (letters < stop && gh_pii_is_alpha(text.data[letters]))
		letters++;
	if (label > at + 1 && letters - label >= 2 && letters - label <= 4 && letters < stop &&
	    gh_pii_is_digit(text.data[letters]))
		return letters;
	return last;
}

/* Where the local part begins. Signs that are allowed in it, but stand at its head or belong to the
 * text around it (quotes, slashes, a key before '='), stay outside. */
static size_t local_start(struct gh_slice text, size_t at)
{
	size_t start = at, floor = at > MAX_LOCAL ? at - MAX_LOCAL : 0;

	while (start > floor && kinds[text.data[start - 1]] & LOCAL &&
	       text.data[start - 1] < 0xe2) {
		/* A three-byte character begins with 0xe2 or more: its tail is not ours either. */
		if ((text.data[start - 1] & 0xc0) == 0x80 &&
		    (start < 2 || text.data[start - 2] < 0xc2 || text.data[start - 2] >= 0xe0))
			break;
		start--;
	}
	for (size_t i = at; i > start; i--) {
		uint8_t c = text.data[i - 1];
		if (c == '=' || c == '/' || c == '\'' || c == '?' || c == '&') {
			start = i;
			break;
		}
		if (c == '.' && i - 1 > start && text.data[i - 2] == '.')
			return at; /* two dots: not an address */
	}
	while (start < at && (text.data[start] == '.' || text.data[start] == '-' ||
	                      text.data[start] == '+' || text.data[start] == '%' ||
	                      (!gh_pii_is_alnum(text.data[start]) && text.data[start] < 0x80 &&
	                       text.data[start] != '_')))
		start++;
	return start;
}

/* user:password@host in a URL is a credential, and the other detector's. */
static bool in_userinfo(struct gh_slice text, size_t start)
{
	size_t from = start > 96 ? start - 96 : 0;
	bool colon = false;

	for (size_t i = start; i > from + 2; i--) {
		uint8_t c = text.data[i - 1];
		if (c <= ' ' || c == '"' || c == '<' || c == '>')
			return false;
		if (c == '/' && text.data[i - 2] == '/' && text.data[i - 3] == ':')
			return colon;
		colon = colon || (c == ':' && text.data[i] != '/');
	}
	return false;
}

void gh_pii_detect_email(struct gh_pii_scan *scan, size_t at)
{
	struct gh_slice text = scan->text;
	size_t end = domain_end(text, at);

	if (end == 0)
		return;
	size_t start = local_start(text, at);
	if (start == at || text.data[at - 1] == '.')
		return;
	bool is_userinfo = in_userinfo(text, start);
	gh_pii_add(scan, start, end, GH_PII_EMAIL, "email", is_userinfo ? 40 : 99);
	if (!is_userinfo)
		gh_pii_detect_login(scan, end);
}
