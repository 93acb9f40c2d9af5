/* A name like "password" says where a secret stands; these tests say whether what stands there is
 * one, or a variable, a placeholder, a type, a path. */
#include "pii/secret.h"

/* Kinds of characters, and what else they tell. */
enum { ODD, DIGIT, UPPER, LOWER, JOINT, SIGN, KINDS };
#define KIND   7
#define FILLER 8  /* XXXX, ****, ..., ___ */
#define STRONG 16 /* a sign of passwords, not of names, paths or calls */
#define HINT   32 /* environ, process.env, ${…}, {{…}}, ://, secrets.… */
static const uint8_t characters[256] = {
	[0] = ODD,
	[1 ... ' '] = ODD | STRONG,
	['!' ... '\''] = SIGN | STRONG,
	['('] = SIGN,
	[')'] = SIGN | STRONG,
	['*'] = SIGN | STRONG | FILLER,
	['+'] = SIGN | STRONG,
	[','] = SIGN | STRONG,
	['-'] = JOINT | FILLER,
	['.'] = JOINT | FILLER | HINT,
	['/'] = JOINT,
	['0' ... '9'] = DIGIT,
	[':'] = SIGN | HINT,
	[';' ... '@'] = SIGN | STRONG,
	['A' ... 'W'] = UPPER,
	['X'] = UPPER | FILLER,
	['Y'] = UPPER,
	['Z'] = UPPER,
	['['] = SIGN | STRONG,
	['\\'] = SIGN,
	[']'] = SIGN | STRONG,
	['^'] = SIGN | STRONG,
	['_'] = JOINT | FILLER,
	['`'] = SIGN | STRONG,
	['a' ... 'u'] = LOWER,
	['v'] = LOWER | HINT,
	['w'] = LOWER,
	['x'] = LOWER | FILLER,
	['y'] = LOWER,
	['z'] = LOWER,
	['{'] = SIGN | STRONG | HINT,
	['|' ... '~'] = SIGN | STRONG,
	[0x7f] = ODD | STRONG,
	[0x80 ... 0xff] = ODD,
};

struct gh_pii_form gh_pii_form_of(struct gh_slice value)
{
	uint32_t of[KINDS] = { 0 }, fillers = 0, repeats = 0, changes = 0;
	uint64_t seen[4] = { 0 };
	unsigned all = 0, last = 0, previous = 256;

	for (size_t i = 0; i < value.len; i++) {
		uint8_t c = value.data[i];
		unsigned traits = characters[c], kind = traits & KIND;
		of[kind]++;
		fillers += traits / FILLER & 1;
		repeats += c == previous;
		changes += kind != last;
		seen[c / 64] |= UINT64_C(1) << c % 64;
		all |= traits;
		last = kind;
		previous = c;
	}
	return (struct gh_pii_form){
		.text = value,
		.digits = of[DIGIT],
		.upper = of[UPPER],
		.lower = of[LOWER],
		.joints = of[JOINT],
		.fillers = fillers,
		.repeats = repeats,
		.changes = changes,
		/* Of ASCII: with anything else in it a value is not judged by that. */
		.distinct = (uint32_t)__builtin_popcountll(seen[0]) +
		            (uint32_t)__builtin_popcountll(seen[1]),
		.has_sign = all & STRONG,
		.has_odd = of[ODD] > 0,
		.has_hint = all & HINT,
	};
}

/* What stands for a secret, by its first letter; of those that fit, the first decides. */
static const char *const placeholders[26][10] = {
	['a' - 'a'] = { "a-fake" },
	['b' - 'a'] = { "basic", "bearer" },
	['c' - 'a'] = { "changeme", "change_me", "change-me", "confirm" },
	['d' - 'a'] = { "default", "disabled", "dummy" },
	['e' - 'a'] = { "example", "enabled", "enter", "environment", "empty", "expired" },
	['f' - 'a'] = { "false", "foobar", "fake", "file", "forgot" },
	['h' - 'a'] = { "hidden" },
	['i' - 'a'] = { "insert", "invalid", "incorrect" },
	['m' - 'a'] = { "mypassword", "my_secret", "my-secret", "mock" },
	['n' - 'a'] = { "none", "null", "nil" },
	['o' - 'a'] = { "optional" },
	['p' - 'a'] = { "password", "passwd", "placeholder", "plaintext" },
	['r' - 'a'] = { "required", "redacted", "reset" },
	['s' - 'a'] = { "string", "secret", "sample", "str" },
	['t' - 'a'] = { "true", "todo", "test", "token" },
	['u' - 'a'] = { "undefined", "username", "unknown" },
	['v' - 'a'] = { "variable", "value" },
	['y' - 'a'] = { "your", "yourpass" },
};

static bool is_placeholder(const struct gh_pii_form *form)
{
	struct gh_slice value = form->text;
	unsigned letter = (value.data[0] | 0x20u) - 'a';

	if (letter >= GH_ARRAY_LEN(placeholders))
		return false;
	for (const char *const *word = placeholders[letter]; *word; word++) {
		size_t len = strlen(*word);
		if (gh_pii_at_word(value.data, value.len, gh_slice(*word, len)) &&
		    (value.len <= len + 2 || (form->digits == 0 && value.len <= len + 16)))
			/* "secret12": the two digits are more than a word. */
			return value.len != len + 2 || form->digits == 0;
	}
	return false;
}

static bool contains(struct gh_slice value, struct gh_slice what)
{
	return value.data && memmem(value.data, value.len, what.data, what.len) != NULL;
}

/* Where a secret is fetched, and none itself. */
static bool is_reference(struct gh_slice value)
{
	return contains(value, GH_SLICE("environ")) || contains(value, GH_SLICE("getenv")) ||
	       contains(value, GH_SLICE("process.env")) || contains(value, GH_SLICE("secrets.")) ||
	       contains(value, GH_SLICE("${")) || contains(value, GH_SLICE("{{")) ||
	       contains(value, GH_SLICE("://"));
}

bool gh_pii_is_no_secret(const struct gh_pii_form *form)
{
	struct gh_slice value = form->text;

	if (value.len == 0)
		return true;
	switch (value.data[0]) {
	case 0:
	case '$':
	case '{':
	case '[':
	case '(':
	case '<': return true;
	case '%': return value.len < 8 || value.data[1] == '(' || value.data[value.len - 1] == '%';
	case '0':
		if (gh_slice_starts_with(value, GH_SLICE("0x")))
			return true;
		break;
	case 'E':
		if (gh_slice_starts_with(value, GH_SLICE("ENC(")))
			return true;
		break;
	}
	if (form->fillers * 2 > value.len || (form->repeats + 1) * 2 > value.len + 2)
		return true;
	return (form->has_hint && is_reference(value)) || is_placeholder(form);
}

bool gh_pii_is_mixed(const struct gh_pii_form *form)
{
	bool has_letters = form->upper + form->lower > 0;

	return has_letters && (form->digits > 0 || (form->has_sign && form->text.len >= 6));
}

/* some-words-in_a.row, scram-sha-256: at least three in four parts are letters only, or a short
 * number. */
static bool is_words(struct gh_slice value)
{
	size_t parts = 0, words = 0, start = 0, letters = 0, digits = 0;

	for (size_t i = 0; i <= value.len; i++) {
		unsigned kind = i < value.len ? characters[value.data[i]] & KIND : JOINT;
		if (kind != JOINT) {
			letters += kind == UPPER || kind == LOWER;
			digits += kind == DIGIT;
			continue;
		}
		size_t len = i - start;
		parts += len > 0;
		words += (len > 1 && letters == len) || (len > 0 && len < 5 && digits == len);
		start = i + 1;
		letters = digits = 0;
	}
	return words * 4 >= parts * 3;
}

bool gh_pii_is_random(const struct gh_pii_form *form, size_t least)
{
	size_t len = form->text.len, letters = form->upper + form->lower;
	size_t need = len / 4 < 7 ? len / 4 + 3 : 10;

	if (len < least || form->has_odd || form->distinct < need ||
	    form->digits + letters < len / 2)
		return false;
	if (form->digits == 0)
		/* CamelCase has few capitals, and changes its kind less often than chance does. */
		return form->upper * 10 >= len * 3 && form->lower > 1 && form->joints * 8 < len &&
		       form->changes * 5 > len * 2;
	/* Words with a number at the end change their kind seldom. */
	return letters > 0 && form->changes * 5 >= len && form->joints * 4 < len &&
	       (form->joints < 2 || !is_words(form->text));
}
