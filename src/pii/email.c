/* E-mail addresses (RFC 5321 in practice: dot-atoms, and letters beyond ASCII as RFC 6531 allows).
 */
#include "pii/detect.h"

#define MAX_LOCAL  64
#define MAX_DOMAIN 253

static bool local_char(uint8_t c)
{
	return gh_pii_is_alnum(c) || c >= 0x80 || (c && strchr("!#$%&*+-/=?^_.~", c));
}

static bool domain_char(uint8_t c)
{
	return gh_pii_is_alnum(c) || c >= 0x80 || c == '-' || c == '.';
}

/* The end of the domain after `at`, or 0: at least two labels, the last one letters (or xn--). */
static size_t domain_end(struct gh_slice text, size_t at)
{
	size_t end = at + 1, label, letters = 0;

	while (end < text.len && end - at <= MAX_DOMAIN && domain_char(text.data[end]))
		end++;
	while (end > at + 1 && (text.data[end - 1] == '.' || text.data[end - 1] == '-'))
		end--;
	for (label = end; label > at + 1 && text.data[label - 1] != '.'; label--)
		letters += text.data[label - 1] >= 0x80 || gh_pii_is_alpha(text.data[label - 1]);
	bool punycode = end - label > 4 && memcmp(text.data + label, "xn--", 4) == 0;
	if (label <= at + 2 || end - label < 2 || end - label > 63)
		return 0;
	if (!punycode && letters != end - label)
		return 0;
	for (size_t i = at + 1; i + 1 < end; i++)
		if (text.data[i] == '.' && text.data[i + 1] == '.')
			return 0;
	return text.data[at + 1] == '.' || text.data[at + 1] == '-' ? 0 : end;
}

void gh_pii_detect_email(struct gh_pii_scan *scan)
{
	struct gh_slice text = scan->text;
	const uint8_t *found = text.data;

	while (text.len && (found = memchr(found, '@', text.len - (size_t)(found - text.data)))) {
		size_t at = (size_t)(found - text.data), start = at;
		size_t end = domain_end(text, at);
		found++;
		while (start > 0 && at - start < MAX_LOCAL && local_char(text.data[start - 1]))
			start--;
		/* A cut inside a UTF-8 sequence, and punctuation that belongs to the sentence. */
		while (start < at && ((text.data[start] & 0xc0) == 0x80 ||
		                      strchr(".!#$%&*+-/=?^~", text.data[start])))
			start++;
		if (end == 0 || start == at || text.data[at - 1] == '.')
			continue;
		/* user:password@host in a URL is a credential, and the other detector's. */
		bool in_url = start > 0 && text.data[start - 1] == ':' &&
		              gh_slice_sub(text, start > 80 ? start - 80 : 0, 80).len > 0 &&
		              memmem(text.data + (start > 80 ? start - 80 : 0),
		                     start - (start > 80 ? start - 80 : 0), "://", 3);
		gh_pii_add(scan, start, end, GH_PII_EMAIL, "email", in_url ? 40 : 99);
		found = text.data + (end > at + 1 ? end - 1 : at + 1);
	}
}
