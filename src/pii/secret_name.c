/* What the name in front of a value promises: a password, a key, or nothing. */
#include "pii/secret.h"

#define MAX_NAME    64
#define PAIR_WINDOW 96 /* from a member "value" back to the member that names it */

#define N (GH_M_NAME)
#define E (GH_M_END)
#define Q (GH_M_GAP | GH_M_END)
const uint8_t gh_pii_marks[256] = {
	[0 ... 8] = E,
	['\t'] = E | GH_M_SIGN | GH_M_TALK,
	['\n'] = E | GH_M_STOP,
	[0xb ... 0x1f] = E,
	[' '] = E | GH_M_GAP | GH_M_SIGN | GH_M_TALK,
	['!'] = GH_M_GAP,
	['"'] = Q | GH_M_QUOTE,
	['&'] = GH_M_STOP,
	['\''] = Q | GH_M_QUOTE,
	['('] = GH_M_SIGN | GH_M_TALK,
	[')'] = E | GH_M_GAP | GH_M_TALK,
	[','] = E,
	['-'] = N | GH_M_TALK,
	['.'] = N,
	['/'] = GH_M_TALK,
	['0' ... '9'] = N,
	[':'] = GH_M_SIGN | GH_M_TALK,
	[';'] = E,
	['<'] = E,
	['='] = GH_M_SIGN | GH_M_TALK,
	['>'] = E | GH_M_SIGN | GH_M_TALK,
	['?'] = GH_M_STOP,
	['A' ... 'Z'] = N,
	['['] = GH_M_SIGN,
	['\\'] = GH_M_GAP,
	[']'] = E | GH_M_GAP,
	['_'] = N,
	['`'] = Q,
	['a' ... 'z'] = N,
	['{'] = GH_M_STOP,
	['|'] = GH_M_TALK,
	['}'] = E | GH_M_STOP,
	['~'] = GH_M_SIGN,
	[0x7f] = E,
	[0x80 ... 0xff] = GH_M_STOP,
};
#undef N
#undef E
#undef Q

/* Where in a name a part has to stand. */
enum place { ANYWHERE, BEGINS, ENDS, STANDS_ALONE, ENDS_WORD, NOT_PLURAL };

/* The parts of names that promise something, in order of their first letter. */
static const struct part {
	struct gh_slice word;
	uint8_t place;
	uint8_t strength;
} parts[] = {
	{ GH_SLICE("apikey"), ANYWHERE, KEY_NAME },
	{ GH_SLICE("api"), STANDS_ALONE, KEY_NAME },
	{ GH_SLICE("auth"), STANDS_ALONE, KEY_NAME },
	{ GH_SLICE("authentication"), ANYWHERE, KEY_NAME },
	{ GH_SLICE("authorization"), ANYWHERE, KEY_NAME },
	{ GH_SLICE("credential"), ANYWHERE, KEY_NAME },
	{ GH_SLICE("key"), ENDS, WEAK_NAME },
	{ GH_SLICE("nonce"), BEGINS, KEY_NAME },
	{ GH_SLICE("oauth_signature"), BEGINS, KEY_NAME },
	{ GH_SLICE("passcode"), ANYWHERE, PASSWORD_NAME },
	{ GH_SLICE("passphrase"), ANYWHERE, PASSWORD_NAME },
	{ GH_SLICE("passw"), ANYWHERE, PASSWORD_NAME },
	{ GH_SLICE("pass"), ENDS, PASSWORD_NAME },
	{ GH_SLICE("pasw"), ANYWHERE, PASSWORD_NAME },
	{ GH_SLICE("pssw"), ANYWHERE, PASSWORD_NAME },
	{ GH_SLICE("psswd"), ANYWHERE, PASSWORD_NAME },
	{ GH_SLICE("pswd"), ANYWHERE, PASSWORD_NAME },
	{ GH_SLICE("pswo"), ANYWHERE, PASSWORD_NAME },
	{ GH_SLICE("pswr"), ANYWHERE, PASSWORD_NAME },
	{ GH_SLICE("psw"), ENDS, PASSWORD_NAME },
	{ GH_SLICE("pwd"), ENDS_WORD, PASSWORD_NAME },
	{ GH_SLICE("pw"), ENDS, PASSWORD_NAME },
	{ GH_SLICE("salt"), BEGINS, KEY_NAME },
	{ GH_SLICE("secret"), ANYWHERE, KEY_NAME },
	{ GH_SLICE("token"), NOT_PLURAL, KEY_NAME },
};

/* The second letters of the parts by their first: what nearly every place in a name fails. */
#define LETTER(c) (1u << ((c) - 'a' + 1))
static const uint32_t second_letters[32] = {
	['a' & 31] = LETTER('p') | LETTER('u'),
	['c' & 31] = LETTER('r'),
	['k' & 31] = LETTER('e'),
	['n' & 31] = LETTER('o'),
	['o' & 31] = LETTER('a'),
	['p' & 31] = LETTER('a') | LETTER('s') | LETTER('w'),
	['s' & 31] = LETTER('a') | LETTER('e'),
	['t' & 31] = LETTER('o'),
};

static inline bool may_begin(uint8_t first, uint8_t second)
{
	return second_letters[first & 31] >> (second & 31) & 1;
}

/* "apikey", but not "monkey". */
static bool names_key(struct gh_slice name)
{
	static const struct gh_slice heads[] = {
		GH_SLICE("api"),     GH_SLICE("secret"),  GH_SLICE("access"),
		GH_SLICE("private"), GH_SLICE("auth"),    GH_SLICE("account"),
		GH_SLICE("license"), GH_SLICE("master"),  GH_SLICE("encryption"),
		GH_SLICE("app"),     GH_SLICE("shared"),  GH_SLICE("storage"),
		GH_SLICE("signing"), GH_SLICE("session"), GH_SLICE("client"),
		GH_SLICE("server"),  GH_SLICE("ssh"),     GH_SLICE("rsa"),
		GH_SLICE("aes"),     GH_SLICE("crypt"),   GH_SLICE("hash"),
		GH_SLICE("pass"),    GH_SLICE("user"),    GH_SLICE("service"),
		GH_SLICE("sub"),
	};

	for (size_t i = 0; i < GH_ARRAY_LEN(heads); i++)
		if (name.len >= heads[i].len + 3 &&
		    gh_pii_at_word(name.data + name.len - 3 - heads[i].len, heads[i].len, heads[i]))
			return true;
	return false;
}

/* What the part at name.data[at] is worth there; its letters fit. */
static enum gh_pii_strength worth(const struct part *part, struct gh_slice name, size_t at)
{
	const uint8_t *s = name.data + at;
	size_t left = name.len - at, len = part->word.len;
	uint8_t before = at > 0 ? s[-1] : '_';
	bool begins = !gh_pii_is_alpha(before) || (s[0] <= 'Z' && before >= 'a');
	bool holds = true;

	switch ((enum place)part->place) {
	case ANYWHERE: break;
	case BEGINS: holds = begins; break;
	case ENDS: holds = left == len; break;
	case STANDS_ALONE: holds = begins && left == len; break;
	case ENDS_WORD: holds = left == len || !gh_pii_is_alpha(s[len]) || s[len] <= 'Z'; break;
	case NOT_PLURAL: holds = left == len || (s[len] | 0x20) != 's'; break;
	}
	if (!holds)
		return NO_NAME;
	/* "db_pw", "dbpw": two letters at the end of a longer word are chance. */
	if (len == 2)
		return begins || at == 2 ? PASSWORD_NAME : NO_NAME;
	if (part->strength == WEAK_NAME) {
		if (name.len == len)
			return WEAK_NAME;
		return begins || names_key(name) ? KEY_NAME : NO_NAME;
	}
	return part->strength;
}

enum gh_pii_strength gh_pii_name_strength(struct gh_slice name)
{
	enum gh_pii_strength best = NO_NAME;

	for (size_t i = 0; i + 1 < name.len; i++) {
		const uint8_t *s = name.data + i;
		if (!may_begin(s[0], s[1]))
			continue;
		for (size_t p = 0; p < GH_ARRAY_LEN(parts); p++) {
			if (parts[p].word.data[0] > (s[0] | 0x20))
				break;
			if (!gh_pii_at_word(s, name.len - i, parts[p].word))
				continue;
			enum gh_pii_strength found = worth(&parts[p], name, i);
			if (found == PASSWORD_NAME)
				return PASSWORD_NAME;
			if (found != NO_NAME)
				best = found;
		}
	}
	return best;
}

/* The quote of a name in HTML: where it begins, or `at`. */
static size_t before_entity(struct gh_slice text, size_t at)
{
	return at >= 6 && text.data[at - 1] == ';' && memcmp(text.data + at - 6, "&quot;", 6) == 0
	           ? at - 6
	           : at;
}

struct gh_pii_name gh_pii_name_before(struct gh_slice text, size_t at)
{
	size_t end = at, start;
	bool may_promise = false;
	uint8_t next = 0;

	while (end > 0 && at - end < 6 && gh_pii_marked(text.data[end - 1], GH_M_GAP))
		end--;
	end = before_entity(text, end);
	for (start = end; start > 0 && end - start < MAX_NAME; start--) {
		uint8_t c = text.data[start - 1];
		if (!gh_pii_marked(c, GH_M_NAME))
			break;
		may_promise = may_promise || may_begin(c, next);
		next = c;
	}
	return (struct gh_pii_name){ gh_slice_sub(text, start, end - start), may_promise };
}

/* "SECRET KEY", "api key": the word before says which key it is. */
static enum gh_pii_strength with_word_before(struct gh_slice text, struct gh_slice name)
{
	static const char *const kinds[] = { "secret", "api",        "access",  "private",
		                             "auth",   "encryption", "license", "signing" };
	size_t start = (size_t)(name.data - text.data), end = start;

	if (start == 0 || text.data[start - 1] != ' ')
		return WEAK_NAME;
	end = --start;
	while (start > 0 && end - start < 12 && gh_pii_is_alpha(text.data[start - 1]))
		start--;
	for (size_t i = 0; i < GH_ARRAY_LEN(kinds); i++)
		if (gh_slice_eq_nocase(gh_slice_sub(text, start, end - start),
		                       gh_slice_str(kinds[i])))
			return KEY_NAME;
	return WEAK_NAME;
}

/* Names in other scripts, right before the sign. */
static enum gh_pii_strength scripted_strength(struct gh_slice text, size_t at)
{
	static const struct {
		const char *name;
		enum gh_pii_strength strength;
	} names[] = {
		{ "密码", PASSWORD_NAME },
		{ "密碼", PASSWORD_NAME },
		{ "口令", PASSWORD_NAME },
		{ "パスワード", PASSWORD_NAME },
		{ "暗証番号", PASSWORD_NAME },
		{ "비밀번호", PASSWORD_NAME },
		{ "비번", PASSWORD_NAME },
		{ "암호", PASSWORD_NAME },
		{ "패스워드", PASSWORD_NAME },
		{ "пароль", PASSWORD_NAME },
		{ "Пароль", PASSWORD_NAME },
		{ "密钥", KEY_NAME },
		{ "令牌", KEY_NAME },
		{ "토큰", KEY_NAME },
		{ "키", KEY_NAME },
		{ "암호화", KEY_NAME },
		{ "סיסמה", PASSWORD_NAME },
		{ "كلمة المرور", PASSWORD_NAME },
		{ "รหัสผ่าน", PASSWORD_NAME },
		{ "κωδικός", PASSWORD_NAME },
	};

	while (at > 0 && text.data[at - 1] == ' ')
		at--;
	if (at == 0 || text.data[at - 1] < 0x80)
		return NO_NAME;
	for (size_t i = 0; i < GH_ARRAY_LEN(names); i++) {
		size_t len = strlen(names[i].name);
		if (at >= len && memcmp(text.data + at - len, names[i].name, len) == 0)
			return names[i].strength;
	}
	return NO_NAME;
}

/* {"key": "db_password", "value": "…"}, <add key="ApiSecret" value="…"/>, "- name: TOKEN\n  value:
 * …": the name stands in the member before. */
static enum gh_pii_strength strength_of_pair(struct gh_slice text, struct gh_slice name)
{
	size_t end = (size_t)(name.data - text.data), from = end;
	size_t floor = end > PAIR_WINDOW ? end - PAIR_WINDOW : 0;

	if (!gh_slice_eq_nocase(name, GH_SLICE("value")) &&
	    !gh_slice_eq_nocase(name, GH_SLICE("val")))
		return NO_NAME;
	for (; from > floor + 4; from--) {
		const uint8_t *s = text.data + from - 4;
		if (s[3] == '{' || s[3] == '<')
			return NO_NAME;
		size_t len = gh_pii_at_word(s, 4, GH_SLICE("name"))      ? 4
		             : gh_pii_at_word(s + 1, 3, GH_SLICE("key")) ? 3
		                                                         : 0;
		if (len == 0 || gh_pii_is_alnum(text.data[from]) ||
		    (from > len && gh_pii_is_alnum(text.data[from - len - 1])))
			continue;
		size_t at = from;
		while (at < end && at - from < 6 && strchr("\"' :=", text.data[at]))
			at++;
		size_t stop = at;
		while (stop < end && gh_pii_marked(text.data[stop], GH_M_NAME))
			stop++;
		return gh_pii_name_strength(gh_slice_sub(text, at, stop - at));
	}
	return NO_NAME;
}

/* "d": "…" of a JSON Web Key: the private part (RFC 7518 section 6). */
static bool is_jwk_member(struct gh_slice text, size_t at, struct gh_slice name)
{
	return name.len == 1 && (name.data[0] == 'd' || name.data[0] == 'k') && at > 2 &&
	       text.data[at - 1] == '"';
}

enum gh_pii_strength gh_pii_place_strength(struct gh_slice text, size_t at,
                                           const struct gh_pii_name *found)
{
	struct gh_slice name = found->text;
	enum gh_pii_strength strength = found->may_promise ? gh_pii_name_strength(name) : NO_NAME;

	if (strength == WEAK_NAME)
		return with_word_before(text, name);
	if (strength != NO_NAME)
		return strength;
	if (name.len == 0)
		return scripted_strength(text, at);
	if (name.len == 5 || name.len == 3)
		return strength_of_pair(text, name);
	return is_jwk_member(text, at, name) ? WEAK_NAME : NO_NAME;
}
