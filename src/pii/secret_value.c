/* A name like "password" says where a secret stands; these tests say whether what stands there is
 * one, or a variable, a placeholder, a type, a path. */
#include "pii/secret.h"

#include <strings.h>

static const char *const placeholders[] = {
	"password",  "passwd",   "changeme", "change_me",   "change-me", "example", "placeholder",
	"your",      "none",     "null",     "undefined",   "true",      "false",   "string",
	"required",  "redacted", "secret",   "hidden",      "reset",     "default", "optional",
	"disabled",  "enabled",  "yourpass", "foobar",      "insert",    "enter",   "todo",
	"fake",      "dummy",    "sample",   "mypassword",  "my_secret", "a-fake",  "my-secret",
	"test",      "mock",     "file",     "environment", "variable",  "nil",     "empty",
	"confirm",   "str",      "invalid",  "token",       "basic",     "bearer",  "username",
	"plaintext", "unknown",  "expired",  "forgot",      "incorrect", "<none>",  "value",
};

static bool contains(struct gh_slice value, const char *what)
{
	return value.data && memmem(value.data, value.len, what, strlen(what)) != NULL;
}

static bool begins_with_word(struct gh_slice value, const char *word)
{
	size_t len = strlen(word);

	return value.len >= len && (value.data[0] | 0x20) == (uint8_t)word[0] &&
	       strncasecmp((const char *)value.data, word, len) == 0;
}

bool gh_pii_is_no_secret(struct gh_slice value)
{
	size_t stars = 0, digits = 0, runs = 0;

	if (value.len == 0 || strchr("${%[(<", value.data[0]))
		return value.len == 0 || value.data[0] != '%' || value.len < 8 ||
		       value.data[1] == '(' || value.data[value.len - 1] == '%';
	if (memchr(value.data, 'e', value.len) &&
	    (contains(value, "environ") || contains(value, "getenv") ||
	     contains(value, "process.env") || contains(value, "secrets.")))
		return true;
	if (gh_slice_starts_with(value, GH_SLICE("ENC(")) ||
	    gh_slice_starts_with(value, GH_SLICE("0x")))
		return true;
	if (memchr(value.data, '{', value.len) && (contains(value, "${") || contains(value, "{{")))
		return true;
	if (memchr(value.data, ':', value.len) && contains(value, "://"))
		return true;
	for (size_t i = 0; i < value.len; i++) {
		uint8_t c = value.data[i];
		stars += c == '*' || c == 'X' || c == 'x' || c == '.' || c == '-' || c == '_';
		digits += gh_pii_is_digit(c);
		runs += i > 0 && c == value.data[i - 1];
	}
	if (stars * 2 > value.len || (runs + 1) * 2 > value.len + 2)
		return true;
	for (size_t i = 0; i < GH_ARRAY_LEN(placeholders); i++) {
		size_t len = strlen(placeholders[i]);
		if (begins_with_word(value, placeholders[i]) &&
		    (value.len <= len + 2 || (digits == 0 && value.len <= len + 16)))
			return value.len != len + 2 || digits == 0;
	}
	return false;
}

bool gh_pii_is_mixed(struct gh_slice value)
{
	bool digit = false, alpha = false, other = false;

	for (size_t i = 0; i < value.len; i++) {
		uint8_t c = value.data[i];
		digit = digit || gh_pii_is_digit(c);
		alpha = alpha || gh_pii_is_alpha(c);
		other = other || (!gh_pii_is_alnum(c) && !strchr("./_(-:\\", c) && c < 0x80);
	}
	return (digit && alpha) || (other && alpha && value.len >= 6);
}

bool gh_pii_is_random(struct gh_slice value, size_t least)
{
	size_t digits = 0, upper = 0, lower = 0, joints = 0, changes = 0, distinct = 0;
	bool seen[256] = { false };
	int last = 0;

	if (value.len < least)
		return false;
	for (size_t i = 0; i < value.len; i++) {
		uint8_t c = value.data[i];
		int kind = gh_pii_is_digit(c)                             ? 1
		           : c >= 'A' && c <= 'Z'                         ? 2
		           : gh_pii_is_alpha(c)                           ? 3
		           : c == '-' || c == '_' || c == '.' || c == '/' ? 4
		                                                          : 5;
		if (c <= ' ' || c >= 0x7f)
			return false;
		digits += kind == 1;
		upper += kind == 2;
		lower += kind == 3;
		joints += kind == 4;
		changes += kind != last;
		last = kind;
		distinct += !seen[c];
		seen[c] = true;
	}
	size_t need = value.len / 4 < 7 ? value.len / 4 + 3 : 10;
	if (distinct < need || digits + upper + lower < value.len / 2)
		return false;
	if (digits == 0)
		/* CamelCase changes its kind less often than chance does. */
		return upper > 1 && lower > 1 && joints * 8 < value.len &&
		       changes * 20 > value.len * 9;
	/* Words with a number at the end change their kind seldom. */
	return (upper + lower > 0) && (changes * 5 >= value.len || value.len >= 24) &&
	       joints * 4 < value.len;
}
