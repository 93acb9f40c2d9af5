/* Credentials that only their place gives away: what follows `password=`, `"api_key":` and the
 * like, the password inside a URL, a Bearer or Basic header. Placeholders and variables are left
 * alone. */
#include "pii/detect.h"

#include <ctype.h>

struct label {
	const char *word; /* lower case */
	uint8_t least;    /* characters of a value worth the name */
	uint8_t confidence;
	bool needs_mix; /* the value must not be a plain word */
};

static const struct label labels[] = {
	{ "password", 4, 90, false },
	{ "passwd", 4, 90, false },
	{ "passphrase", 6, 88, false },
	{ "pwd", 4, 85, false },
	{ "pass", 5, 78, true },
	{ "passcode", 4, 85, false },
	{ "api_key", 10, 88, true },
	{ "api-key", 10, 88, true },
	{ "apikey", 10, 88, true },
	{ "api key", 10, 85, true },
	{ "secret", 8, 80, true },
	{ "secret_key", 8, 88, true },
	{ "client_secret", 8, 92, true },
	{ "access_key", 10, 85, true },
	{ "access_token", 10, 90, true },
	{ "auth_token", 10, 90, true },
	{ "refresh_token", 10, 90, true },
	{ "private_key", 10, 88, true },
	{ "token", 12, 72, true },
	{ "credential", 8, 72, true },
	{ "credentials", 8, 72, true },
	{ "pin", 4, 66, true },
	{ "otp", 4, 66, true },
	{ "key", 16, 56, true },
};

static const char *const placeholders[] = { "password", "changeme", "example", "placeholder",
	                                    "your",     "none",     "null",    "undefined",
	                                    "true",     "false",    "string",  "required",
	                                    "redacted", "secret",   "hidden",  "reset",
	                                    NULL };

static bool value_char(uint8_t c)
{
	return c > 0x20 && c != '"' && c != '\'' && c != '`' && c != ',' && c != ';' && c != '<' &&
	       c != '>' && c != ')' && c != '}' && c != ']' && c != 0x7f;
}

/* ${VAR}, $VAR, {{…}}, <…>, %s, os.environ[…], XXXX, ****, plain placeholder words. */
static bool is_no_secret(struct gh_slice value)
{
	size_t stars = 0, letters = 0, digits = 0;

	if (value.data[0] == '$' || value.data[0] == '{' || value.data[0] == '%' ||
	    value.data[0] == '[' || value.data[0] == '(')
		return true;
	if (memmem(value.data, value.len, "environ", 7) ||
	    memmem(value.data, value.len, "getenv", 6) ||
	    memmem(value.data, value.len, "process.env", 11))
		return true;
	for (size_t i = 0; i < value.len; i++) {
		stars += value.data[i] == '*' || value.data[i] == 'X' || value.data[i] == 'x' ||
		         value.data[i] == '.';
		letters += gh_pii_is_alpha(value.data[i]);
		digits += gh_pii_is_digit(value.data[i]);
	}
	if (stars * 2 > value.len)
		return true;
	for (const char *const *word = placeholders; *word; word++) {
		size_t len = strlen(*word);
		if (value.len >= len && value.len <= len + 4 && digits == 0 &&
		    strncasecmp((const char *)value.data, *word, len) == 0)
			return true;
	}
	return false;
}

static bool is_mixed(struct gh_slice value)
{
	bool digit = false, alpha = false, other = false, upper = false, lower = false;

	for (size_t i = 0; i < value.len; i++) {
		uint8_t c = value.data[i];
		digit = digit || gh_pii_is_digit(c);
		alpha = alpha || gh_pii_is_alpha(c);
		upper = upper || (c >= 'A' && c <= 'Z');
		lower = lower || (c >= 'a' && c <= 'z');
		other =
		    other || (!gh_pii_is_alnum(c) && c != '.' && c != '/' && c != '_' && c != '(');
	}
	return (digit && alpha) || (other && alpha && value.len >= 8) ||
	       (digit && value.len <= 8) || (upper && lower && value.len >= 20);
}

/* Behind a label: closing quote, spaces, one of = : => or "is"; then the value's start, or 0. */
static size_t after_label(struct gh_slice text, size_t at)
{
	size_t i = at;
	bool separated = false;

	if (i < text.len && (text.data[i] == '"' || text.data[i] == '\'' || text.data[i] == '`'))
		i++;
	while (i < text.len && text.data[i] == ' ' && i - at < 6)
		i++;
	if (i < text.len && (text.data[i] == '=' || text.data[i] == ':')) {
		separated = true;
		i++;
		if (i < text.len && (text.data[i] == '>' || text.data[i] == '='))
			i++;
	} else if (text.len - i > 3 && i > at &&
	           strncasecmp((const char *)text.data + i, "is ", 3) == 0) {
		separated = true;
		i += 3;
	}
	if (!separated)
		return 0;
	for (size_t space = 0; i < text.len && space < 4 &&
	                       (text.data[i] == ' ' || text.data[i] == '"' ||
	                        text.data[i] == '\'' || text.data[i] == '`' || text.data[i] == ':');
	     space++)
		i++;
	return i;
}

static void take_value(struct gh_pii_scan *scan, const struct label *label, size_t start)
{
	struct gh_slice text = scan->text;
	size_t end = start;

	while (end < text.len && end - start < 512 && value_char(text.data[end]))
		end++;
	while (end > start && (text.data[end - 1] == '.' || text.data[end - 1] == '?' ||
	                       text.data[end - 1] == ':'))
		end--;
	struct gh_slice value = gh_slice_sub(text, start, end - start);
	if (value.len < label->least || is_no_secret(value) ||
	    (label->needs_mix && !is_mixed(value)))
		return;
	gh_pii_add(scan, start, end, GH_PII_CREDENTIAL, "secret-value", label->confidence);
}

static void at_word(struct gh_pii_scan *scan, size_t at)
{
	struct gh_slice text = scan->text;

	uint8_t first = gh_pii_lower(text.data[at]), second = gh_pii_lower(text.data[at + 1]);

	for (size_t i = 0; i < GH_ARRAY_LEN(labels); i++) {
		if ((uint8_t)labels[i].word[0] != first || (uint8_t)labels[i].word[1] != second)
			continue;
		size_t len = strlen(labels[i].word);
		if (text.len - at <= len ||
		    gh_pii_lower(text.data[at]) != (uint8_t)labels[i].word[0] ||
		    strncasecmp((const char *)text.data + at, labels[i].word, len) != 0 ||
		    gh_pii_is_alnum(text.data[at + len]))
			continue;
		size_t value = after_label(text, at + len);
		if (value)
			take_value(scan, &labels[i], value);
	}
}

/* scheme://user:password@host, the last @ before the path ends it. */
static void at_url(struct gh_pii_scan *scan, size_t at)
{
	struct gh_slice text = scan->text;
	size_t colon = 0, last_at = 0, i = at + 3;

	for (; i < text.len && i - at < 300; i++) {
		uint8_t c = text.data[i];
		if (c <= 0x20 || c == '"' || c == '\'' || c == '<' || c == '>' || c == '/')
			break;
		if (c == ':' && !colon)
			colon = i;
		if (c == '@')
			last_at = i;
	}
	if (!colon || last_at <= colon + 1)
		return;
	struct gh_slice value = gh_slice_sub(text, colon + 1, last_at - colon - 1);
	if (!is_no_secret(value))
		gh_pii_add(scan, colon + 1, last_at, GH_PII_CREDENTIAL, "url-password", 96);
}

static void at_header(struct gh_pii_scan *scan, size_t at, size_t len)
{
	struct gh_slice text = scan->text;
	size_t start = at + len, end = start;

	while (end < text.len &&
	       (gh_pii_is_alnum(text.data[end]) || strchr("-._~+/=", text.data[end])) &&
	       text.data[end])
		end++;
	struct gh_slice value = gh_slice_sub(text, start, end - start);
	if (value.len >= 16 && !is_no_secret(value) && is_mixed(value))
		gh_pii_add(scan, start, end, GH_PII_CREDENTIAL, "authorization", 88);
}

/* Case-blind; `word` is lower case. */
static bool begins(struct gh_slice text, size_t at, const char *word)
{
	for (; *word; word++, at++)
		if (at >= text.len || gh_pii_lower(text.data[at]) != (uint8_t)*word)
			return false;
	return true;
}

void gh_pii_detect_password(struct gh_pii_scan *scan)
{
	static const char *const secret_keys[] = { "password", "passwd",     "pwd",
		                                   "secret",   "api key",    "apikey",
		                                   "token",    "passphrase", NULL };
	struct gh_slice text = scan->text;

	/* A field whose name says it all: the whole text is the value. */
	if (scan->key.len && text.len >= 4 && text.len <= 512 && gh_pii_in_key(scan, secret_keys) &&
	    !memchr(text.data, ' ', text.len) && !is_no_secret(text) &&
	    (text.len >= 8 || is_mixed(text)))
		gh_pii_add(scan, 0, text.len, GH_PII_CREDENTIAL, "secret-value", 85);
	for (size_t at = 0; at + 5 < text.len; at++) {
		uint8_t c = gh_pii_lower(text.data[at]);
		if (c == ':' && text.data[at + 1] == '/' && text.data[at + 2] == '/')
			at_url(scan, at);
		if (!gh_pii_is_alpha(c) || (at > 0 && gh_pii_is_alnum(text.data[at - 1])))
			continue;
		at_word(scan, at);
		if (c == 'b' && begins(text, at, "bearer "))
			at_header(scan, at, 7);
		else if (c == 'b' && begins(text, at, "basic "))
			at_header(scan, at, 6);
	}
}
