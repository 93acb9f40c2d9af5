/* Credentials that only their place gives away: `password=…`, `"api_key": "…"`, `PW is …`, the
 * password inside a URL, a Bearer or Basic header, the string behind a function's name. */
#include "pii/secret.h"

#include <strings.h>

#define MAX_NAME       64
#define MAX_VALUE      1000
#define MAX_BARE_VALUE 400
#define QUOTE_GAP      48 /* from a name to a string that belongs to it */
#define URL_BYTES      300

enum strength { NO_NAME, PASSWORD_NAME, KEY_NAME, WEAK_NAME };

struct value {
	size_t start, end;
	bool quoted;
};

/* ---- names ---- */

static bool at_word(const uint8_t *s, size_t left, const char *word)
{
	size_t len = strlen(word);

	return left >= len && ((s[0] ^ (uint8_t)word[0]) | 0x20) == 0x20 &&
	       strncasecmp((const char *)s, word, len) == 0;
}

/* "apikey", but not "monkey". */
static bool names_key(struct gh_slice name)
{
	static const char *const heads[] = {
		"api",    "secret",     "access",  "private", "auth",    "account", "license",
		"master", "encryption", "app",     "shared",  "storage", "signing", "session",
		"client", "server",     "ssh",     "rsa",     "aes",     "crypt",   "hash",
		"pass",   "user",       "service", "sub"
	};

	for (size_t i = 0; i < GH_ARRAY_LEN(heads); i++) {
		size_t len = strlen(heads[i]);
		if (name.len >= len + 3 &&
		    strncasecmp((const char *)name.data + name.len - 3 - len, heads[i], len) == 0)
			return true;
	}
	return false;
}

/* What the parts of a name promise: dbPassword, AwsSecretKey, MYSQL_PASS, api-key. */
static enum strength strength_of(struct gh_slice name)
{
	enum strength best = NO_NAME;

	for (size_t i = 0; i < name.len; i++) {
		const uint8_t *s = name.data + i;
		size_t left = name.len - i;
		uint8_t before = i > 0 ? name.data[i - 1] : '_';
		bool begins = !gh_pii_is_alpha(before) || (s[0] <= 'Z' && before >= 'a');
		switch (s[0] | 0x20) {
		case 'p':
			if (at_word(s, left, "passw") || at_word(s, left, "passphrase") ||
			    at_word(s, left, "passcode") || at_word(s, left, "pswd") ||
			    at_word(s, left, "psswd") || at_word(s, left, "passwd") ||
			    at_word(s, left, "pswr") || at_word(s, left, "pssw") ||
			    at_word(s, left, "paswd") || at_word(s, left, "paswr") ||
			    at_word(s, left, "pasw") || at_word(s, left, "pswo") ||
			    (at_word(s, left, "pwd") &&
			     (left == 3 || !gh_pii_is_alpha(s[3]) || s[3] <= 'Z')) ||
			    (at_word(s, left, "pass") && left == 4) ||
			    (at_word(s, left, "psw") && left == 3) ||
			    (at_word(s, left, "pw") && left == 2 && (begins || i == 2)))
				return PASSWORD_NAME;
			break;
		case 's':
			if (at_word(s, left, "secret") || (begins && at_word(s, left, "salt")))
				best = KEY_NAME;
			break;
		case 't':
			if (at_word(s, left, "token") && !at_word(s, left, "tokens"))
				best = KEY_NAME;
			break;
		case 'a':
			if (at_word(s, left, "apikey") || at_word(s, left, "authorization") ||
			    (at_word(s, left, "authentication")) ||
			    (begins && left == 3 && at_word(s, left, "api")))
				best = KEY_NAME;
			break;
		case 'c':
			if (at_word(s, left, "credential"))
				best = KEY_NAME;
			break;
		case 'n':
			if (begins && at_word(s, left, "nonce"))
				best = KEY_NAME;
			break;
		case 'k':
			if (left == 3 && at_word(s, left, "key") && best == NO_NAME &&
			    (begins || names_key(name)))
				best = name.len > 3 ? KEY_NAME : WEAK_NAME;
			break;
		case 'o':
			if (begins && at_word(s, left, "oauth_signature"))
				best = KEY_NAME;
			break;
		}
	}
	return best;
}

/* ---- values ---- */

static bool ends_value(uint8_t c)
{
	return c <= ' ' || c == '"' || c == '\'' || c == '`' || c == ',' || c == ';' || c == '<' ||
	       c == '>' || c == ')' || c == '}' || c == ']' || c == 0x7f;
}

/* "&name=" or "&lt;": the value ends; any other '&' is one of its characters. */
static bool is_query_joint(struct gh_slice text, size_t at)
{
	size_t i = at + 1;

	while (i < text.len && i - at < 24 &&
	       (gh_pii_is_alnum(text.data[i]) || text.data[i] == '_' || text.data[i] == '-'))
		i++;
	return i > at + 1 && i < text.len && (text.data[i] == '=' || text.data[i] == ';');
}

/* Where the bare word at `at` ends; the signs within one word share what was read. */
static size_t bare_end(struct gh_pii_scan *scan, size_t at)
{
	struct gh_pii_known *known = &scan->known_value;
	struct gh_slice text = scan->text;
	size_t end = at >= known->start && at < known->end ? known->end : at;

	while (end < text.len && end - at < MAX_VALUE && !ends_value(text.data[end]) &&
	       (text.data[end] != '&' || !is_query_joint(text, end)))
		end++;
	if (end > known->end)
		*known = (struct gh_pii_known){ at, end };
	return end - at < MAX_VALUE ? end : at + MAX_VALUE;
}

/* From a quote, or from the first byte of a bare word. */
static struct value read_value(struct gh_pii_scan *scan, size_t at)
{
	struct gh_slice text = scan->text;
	struct value value = { .start = at, .end = at };
	uint8_t quote = 0;

	/* JSON inside a string: \"…\" */
	if (at + 1 < text.len && text.data[at] == '\\' &&
	    (text.data[at + 1] == '"' || text.data[at + 1] == '\''))
		at++;
	if (gh_slice_starts_with(gh_slice_sub(text, at, 6), GH_SLICE("&quot;"))) {
		value.start = value.end = at + 6;
		while (value.end < text.len && value.end - value.start < MAX_VALUE &&
		       !ends_value(text.data[value.end]) &&
		       !gh_slice_starts_with(gh_slice_sub(text, value.end, 6), GH_SLICE("&quot;")))
			value.end++;
		return value;
	}
	if (at < text.len &&
	    (text.data[at] == '"' || text.data[at] == '\'' || text.data[at] == '`'))
		quote = text.data[at++];
	value.start = value.end = at;
	value.quoted = quote != 0;
	if (!quote)
		value.end = bare_end(scan, at);
	while (quote && value.end < text.len && value.end - value.start < MAX_VALUE) {
		uint8_t c = text.data[value.end];
		if (c == quote || c == '\n' || c == '\r')
			break;
		value.end++;
	}
	if (quote && value.end > value.start && text.data[value.end - 1] == '\\')
		value.end--;
	while (!quote && value.end > value.start && strchr(".?:", text.data[value.end - 1]))
		value.end--;
	return value;
}

static bool has_space(struct gh_slice s)
{
	return memchr(s.data, ' ', s.len) || memchr(s.data, '\t', s.len);
}

/* user.password, getPassword(), self.token: code that fetches a secret, and none itself. */
static bool is_code(struct gh_slice value)
{
	size_t words = 0;

	for (size_t i = 0; i < value.len; i++) {
		uint8_t c = value.data[i];
		if (c == '(' || c == '[' ||
		    (c == '-' && i + 1 < value.len && value.data[i + 1] == '>'))
			return true;
		if (!gh_pii_is_alpha(c) && c != '_' && c != '.')
			words++;
	}
	return words == 0;
}

/* STACK_OF(x), Scanner::token_1, *d2i_key(FILE: a name, and what calls or finds it; "#anchor". */
static bool is_call(struct gh_slice value)
{
	size_t i = value.len > 0 && value.data[0] == '*';

	if (value.len > 0 && value.data[0] == '#') {
		for (i = 1; i < value.len; i++)
			if (value.data[i] < 'a' && value.data[i] != '-' &&
			    !gh_pii_is_digit(value.data[i]))
				return false;
		return true;
	}
	while (i < value.len && (gh_pii_is_alnum(value.data[i]) || value.data[i] == '_'))
		i++;
	return i > 3 && i + 1 < value.len &&
	       (value.data[i] == '(' || (value.data[i] == ':' && value.data[i + 1] == ':'));
}

static bool add_value(struct gh_pii_scan *scan, const struct value *value, enum strength strength,
                      int confidence)
{
	struct gh_slice s = gh_slice_sub(scan->text, value->start, value->end - value->start);

	size_t most = value->quoted ? MAX_VALUE : MAX_BARE_VALUE;
	if (s.len < 4 || s.len >= most || gh_pii_is_no_secret(s) ||
	    (is_call(s) && (!value->quoted || s.data[0] == '#')))
		return false;
	switch (strength) {
	case PASSWORD_NAME:
		if (!value->quoted && is_code(s) && !gh_pii_is_random(s, 8))
			return false;
		if (has_space(s) || (!gh_pii_is_mixed(s) && (s.len < 6 || s.len > 40)))
			return false;
		if (!gh_pii_is_mixed(s) && !gh_pii_is_random(s, 8))
			confidence -= 34;
		break;
	case KEY_NAME:
		if (!gh_pii_is_random(s, 8) && !(value->quoted && s.len >= 8 && s.len <= 40 &&
		                                 gh_pii_is_mixed(s) && !has_space(s)))
			return false;
		if (s.len < 12)
			confidence -= 16;
		break;
	case WEAK_NAME:
		if (!gh_pii_is_random(s, 16))
			return false;
		confidence -= 30;
		break;
	case NO_NAME: return false;
	}
	gh_pii_add(scan, value->start, value->end, GH_PII_CREDENTIAL, "secret-value", confidence);
	return true;
}

/* ---- URLs ---- */

/* scheme://user:password@host, the last @ before the path ends it. */
static void try_url(struct gh_pii_scan *scan, size_t at)
{
	struct gh_slice text = scan->text;
	size_t colon = 0, last_at = 0;

	for (size_t i = at + 3; i < text.len && i - at < URL_BYTES; i++) {
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
	if (!gh_pii_is_no_secret(value) || (value.data[0] == '$' && value.data[1] != '{'))
		gh_pii_add(scan, colon + 1, last_at, GH_PII_CREDENTIAL, "url-password", 96);
}

/* 123456789:AA… : a bot of Telegram. */
static bool try_telegram(struct gh_pii_scan *scan, size_t at)
{
	struct gh_slice text = scan->text;
	size_t start = at, end = at + 1;

	while (start > 0 && at - start < 11 && gh_pii_is_digit(text.data[start - 1]))
		start--;
	if (at - start < 8 || at - start > 10 || gh_pii_byte(scan, end) != 'A')
		return false;
	while (end < text.len && end - at <= 40 &&
	       (gh_pii_is_alnum(text.data[end]) || text.data[end] == '_' || text.data[end] == '-'))
		end++;
	if (end - at - 1 != 35)
		return false;
	gh_pii_add(scan, start, end, GH_PII_CREDENTIAL, "telegram-token", 95);
	return true;
}

/* ---- the signs ---- */

/* The name before `at`: quotes and spaces between are passed over. */
static struct gh_slice name_before(struct gh_slice text, size_t at)
{
	size_t end = at, start;

	while (end > 0 && at - end < 6 &&
	       (text.data[end - 1] == ' ' || text.data[end - 1] == '"' ||
	        text.data[end - 1] == '\'' || text.data[end - 1] == '`' ||
	        text.data[end - 1] == '\\' || text.data[end - 1] == '!' ||
	        text.data[end - 1] == ')' || text.data[end - 1] == ']'))
		end--;
	start = end;
	while (start > 0 && end - start < MAX_NAME &&
	       (gh_pii_is_alnum(text.data[start - 1]) || text.data[start - 1] == '_' ||
	        text.data[start - 1] == '-' || text.data[start - 1] == '.'))
		start--;
	return gh_slice_sub(text, start, end - start);
}

/* "SECRET KEY", "api key": the word before says which key it is. */
static enum strength with_word_before(struct gh_slice text, struct gh_slice name)
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
static enum strength scripted_strength(struct gh_slice text, size_t at)
{
	static const struct {
		const char *name;
		enum strength strength;
	} names[] = {
		{ "密码", PASSWORD_NAME },     { "密碼", PASSWORD_NAME },
		{ "口令", PASSWORD_NAME },     { "パスワード", PASSWORD_NAME },
		{ "暗証番号", PASSWORD_NAME }, { "비밀번호", PASSWORD_NAME },
		{ "비번", PASSWORD_NAME },     { "암호", PASSWORD_NAME },
		{ "패스워드", PASSWORD_NAME }, { "пароль", PASSWORD_NAME },
		{ "Пароль", PASSWORD_NAME },   { "密钥", KEY_NAME },
		{ "令牌", KEY_NAME },          { "토큰", KEY_NAME },
		{ "סיסמה", PASSWORD_NAME },    { "كلمة المرور", PASSWORD_NAME },
		{ "รหัสผ่าน", PASSWORD_NAME },   { "κωδικός", PASSWORD_NAME },
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
static enum strength strength_of_pair(struct gh_slice text, struct gh_slice name)
{
	size_t end = (size_t)(name.data - text.data), floor = end > 96 ? end - 96 : 0, from = end;

	if (!gh_slice_eq_nocase(name, GH_SLICE("value")) &&
	    !gh_slice_eq_nocase(name, GH_SLICE("val")))
		return NO_NAME;
	for (; from > floor + 4; from--) {
		const uint8_t *s = text.data + from - 4;
		if (s[3] == '{' || s[3] == '<')
			return NO_NAME;
		size_t len = at_word(s, 4, "name") ? 4 : at_word(s + 1, 3, "key") ? 3 : 0;
		if (len == 0 || gh_pii_is_alnum(text.data[from]) ||
		    (from > len && gh_pii_is_alnum(text.data[from - len - 1])))
			continue;
		size_t at = from;
		while (at < end && at - from < 6 && strchr("\"' :=", text.data[at]))
			at++;
		size_t stop = at;
		while (stop < end && (gh_pii_is_alnum(text.data[stop]) || text.data[stop] == '_' ||
		                      text.data[stop] == '-' || text.data[stop] == '.'))
			stop++;
		return strength_of(gh_slice_sub(text, at, stop - at));
	}
	return NO_NAME;
}

/* getenv("NAME", "…"): what is taken when the variable is not set. */
static bool try_default(struct gh_pii_scan *scan, size_t at, enum strength strength)
{
	struct gh_slice text = scan->text;
	struct gh_slice head = gh_slice_sub(text, at, 24);
	size_t line = at;

	if (!memmem(head.data, head.len, "env", 3))
		return false;
	while (line < text.len && line - at < 160 && text.data[line] != '\n')
		line++;
	const uint8_t *comma = memchr(text.data + at, ',', line - at);
	if (!comma)
		return false;
	for (size_t i = (size_t)(comma - text.data); i < line; i++) {
		if (text.data[i] != '"' && text.data[i] != '\'')
			continue;
		struct value value = read_value(scan, i);
		return add_value(scan, &value, strength, 80);
	}
	return false;
}

/* root:secret@tcp(db:3306)/x, the form of Go's MySQL driver. */
static bool try_dsn(struct gh_pii_scan *scan, size_t at, struct gh_slice name)
{
	struct gh_slice text = scan->text;
	size_t end = at + 1;

	if (name.len == 0)
		return false;
	while (end < text.len && end - at < 64 && text.data[end] > ' ' && text.data[end] != '@' &&
	       text.data[end] != '"')
		end++;
	struct gh_slice after = gh_slice_sub(text, end, 6);
	if (end - at < 4 || (!gh_slice_starts_with(after, GH_SLICE("@tcp(")) &&
	                     !gh_slice_starts_with(after, GH_SLICE("@unix("))))
		return false;
	if (!gh_pii_is_no_secret(gh_slice_sub(text, at + 1, end - at - 1)))
		gh_pii_add(scan, at + 1, end, GH_PII_CREDENTIAL, "url-password", 94);
	return true;
}

/* "d": "…" of a JSON Web Key: the private part (RFC 7518 section 6). */
static bool is_jwk_member(struct gh_slice text, size_t at, struct gh_slice name)
{
	return name.len == 1 && (name.data[0] == 'd' || name.data[0] == 'k') && at > 2 &&
	       text.data[at - 1] == '"';
}

/* curl -u name:password */
static void try_curl_user(struct gh_pii_scan *scan, size_t at, struct gh_slice name)
{
	struct gh_slice text = scan->text;
	size_t start = name.len > 0 ? (size_t)(name.data - text.data) : at;
	struct value value = { .start = at + 1, .end = at + 1 };

	if (start > 0 && (text.data[start - 1] == '"' || text.data[start - 1] == '\''))
		start--;
	if (name.len == 0 || start < 4 ||
	    (memcmp(text.data + start - 3, "-u ", 3) != 0 &&
	     memcmp(text.data + start - 4, "ser ", 4) != 0))
		return;
	while (value.end < text.len && !ends_value(text.data[value.end]) &&
	       value.end - value.start < 128)
		value.end++;
	add_value(scan, &value, PASSWORD_NAME, 84);
}

void gh_pii_detect_assigned(struct gh_pii_scan *scan, size_t at)
{
	struct gh_slice text = scan->text;
	uint8_t before = at > 0 ? text.data[at - 1] : 0;

	if (text.data[at] == ':' && gh_pii_byte(scan, at + 1) == '/' &&
	    gh_pii_byte(scan, at + 2) == '/') {
		try_url(scan, at);
		return;
	}
	if (before == ':' || before == '=' || (gh_pii_is_digit(before) && try_telegram(scan, at)))
		return;
	struct gh_slice name = name_before(text, at);
	enum strength strength = name.len >= 2 ? strength_of(name) : NO_NAME;
	if (strength == WEAK_NAME)
		strength = with_word_before(text, name);
	if (strength == NO_NAME && name.len == 0)
		strength = scripted_strength(text, at);
	if (strength == NO_NAME && (name.len == 5 || name.len == 3))
		strength = strength_of_pair(text, name);
	if (strength == NO_NAME && is_jwk_member(text, at, name))
		strength = WEAK_NAME;
	if (strength == NO_NAME) {
		if (text.data[at] == ':' && !try_dsn(scan, at, name))
			try_curl_user(scan, at, name);
		return;
	}
	size_t value_at = at + 1;
	while (value_at < text.len && value_at - at < 8 && text.data[value_at] &&
	       strchr(":=> ~\t([", text.data[value_at]))
		value_at++;
	/* b"…", r'…', u"…" */
	if (value_at + 1 < text.len && strchr("bru", text.data[value_at]) && text.data[value_at] &&
	    (text.data[value_at + 1] == '"' || text.data[value_at + 1] == '\''))
		value_at++;
	if (try_default(scan, value_at, strength))
		return;
	/* JSON in a string in a string. */
	while (value_at + 1 < text.len && value_at - at < 16 && text.data[value_at] == '\\' &&
	       text.data[value_at + 1] == '\\')
		value_at++;
	struct value value = read_value(scan, value_at);
	/* "Authorization: Bearer …": the scheme is not the value. */
	static const char *const schemes[] = { "Bearer ",    "Basic ",  "Token ", "NTLM ",
		                               "Negotiate ", "ApiKey ", "Digest " };
	bool is_header = false;
	for (size_t i = 0; i < GH_ARRAY_LEN(schemes); i++)
		if (at_word(text.data + value.start, text.len - value.start, schemes[i])) {
			value.start += strlen(schemes[i]);
			while (value.end < text.len && value.end - value.start < MAX_VALUE &&
			       !ends_value(
			           text.data[value.end < value.start ? value.start : value.end]))
				value.end =
				    value.end < value.start ? value.start + 1 : value.end + 1;
			if (value.end < value.start)
				return;
			is_header = true;
		}
	struct gh_slice body = gh_slice_sub(text, value.start, value.end - value.start);
	if (is_header && body.len >= 16 && body.len < MAX_VALUE && !gh_pii_is_no_secret(body) &&
	    gh_pii_is_mixed(body)) {
		gh_pii_add(scan, value.start, value.end, GH_PII_CREDENTIAL, "authorization", 86);
		return;
	}
	add_value(scan, &value, strength, strength == PASSWORD_NAME ? 90 : 88);
}

/* Up to a value in running text: "is", separators, "for admin", "of master is". */
static size_t skip_to_value(struct gh_slice text, size_t at, bool *is_said)
{
	size_t i = at, marks = 0;

	*is_said = false;
	for (int round = 0; round < 3; round++) {
		while (i < text.len && marks < 6 && text.data[i] &&
		       strchr(" :=()>/-\t", text.data[i])) {
			*is_said = *is_said || text.data[i] == ':' || text.data[i] == '=' ||
			           text.data[i] == '(' || (text.data[i] == '>' && i == at);
			marks++;
			i++;
		}
		if (at_word(text.data + i, text.len - i, "is ") ||
		    at_word(text.data + i, text.len - i, "was ")) {
			*is_said = true;
			i += text.data[i] == 'i' || text.data[i] == 'I' ? 3 : 4;
		} else if (at_word(text.data + i, text.len - i, "for ") ||
		           at_word(text.data + i, text.len - i, "of ")) {
			i += (text.data[i] | 0x20) == 'f' ? 4 : 3;
			while (i < text.len && text.data[i] > ' ' && text.data[i] != ':')
				i++;
		} else {
			break;
		}
	}
	return i;
}

/* The first string on the same line, not far behind the name: #define PASSWORD "…", setopt(c,
 * CURLOPT_PASSWORD, "…"), val password: String = "…". */
static void try_quoted(struct gh_pii_scan *scan, size_t end, enum strength strength)
{
	struct gh_slice text = scan->text;

	for (size_t i = end; i < text.len && i - end < QUOTE_GAP; i++) {
		uint8_t c = text.data[i];
		if (c == '\n' || c == '{' || c == '}' || c == '?' || c == '&' || c >= 0x80)
			return;
		if ((c != '"' && c != '\'') || i <= end + 1)
			continue;
		struct value value = read_value(scan, i);
		struct gh_slice s = gh_slice_sub(text, value.start, value.end - value.start);
		/* The name of a variable, the name of a member. */
		bool is_name = (i > 3 && memcmp(text.data + i - 4, "env(", 4) == 0) ||
		               gh_pii_byte(scan, value.end + 1) == ':';
		if (!is_name && s.len >= 6 && (gh_pii_is_mixed(s) || gh_pii_is_random(s, 12)) &&
		    add_value(scan, &value, strength, strength == PASSWORD_NAME ? 78 : 70))
			return;
		if (value.end <= i)
			return;
		i = value.end;
	}
}

static bool is_number_word(struct gh_slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!gh_pii_is_digit(s.data[i]))
			return false;
	return s.len > 0;
}

/* 10.0.0.4, 10.0.0.4:8080 */
static bool is_address(struct gh_slice s)
{
	size_t dots = 0;

	for (size_t i = 0; i < s.len; i++)
		dots += s.data[i] == '.';
	return dots == 3 && gh_pii_is_digit(s.data[0]) && gh_pii_is_digit(s.data[2]);
}

static void try_header(struct gh_pii_scan *scan, size_t at)
{
	at += gh_pii_byte(scan, at) == '"' || gh_pii_byte(scan, at) == '\'';
	struct value value = { .start = at, .end = at };
	while (value.end < scan->text.len && !ends_value(scan->text.data[value.end]) &&
	       value.end - value.start < MAX_VALUE)
		value.end++;
	if (value.end - value.start >= 16)
		add_value(scan, &value, KEY_NAME, 88);
}

/* .netrc: "machine … login ada password …". */
static bool follows_login(struct gh_slice text, size_t at)
{
	static const char *const words[] = { "login", "user", "username", "account" };
	size_t i = at;

	while (i > 0 && at - i < 8 &&
	       (text.data[i - 1] == ' ' || text.data[i - 1] == '\n' || text.data[i - 1] == '\t'))
		i--;
	while (i > 0 && at - i < 64 && text.data[i - 1] > ' ')
		i--;
	if (i < 2 || i == at || text.data[i - 1] != ' ')
		return false;
	for (size_t w = 0; w < GH_ARRAY_LEN(words); w++) {
		size_t len = strlen(words[w]);
		if (i > len && at_word(text.data + i - 1 - len, len, words[w]) &&
		    (i == len + 1 || text.data[i - 2 - len] <= ' '))
			return true;
	}
	return false;
}

/* "--password x", "-AsPlainText -Force x", "sshpass -p x": over options to the value. */
static size_t skip_options(struct gh_slice text, size_t at)
{
	for (int options = 0; options < 3; options++) {
		size_t i = at;
		while (i < text.len && text.data[i] == ' ')
			i++;
		if (i == at || i + 1 >= text.len || text.data[i] != '-' ||
		    !gh_pii_is_alpha(text.data[i + 1]))
			return at;
		while (i < text.len && text.data[i] > ' ')
			i++;
		at = i;
	}
	return at;
}

void gh_pii_detect_spoken(struct gh_pii_scan *scan, const struct gh_pii_trigger *trigger)
{
	struct gh_slice text = scan->text;
	struct gh_slice word = gh_slice_sub(text, trigger->start, trigger->end - trigger->start);
	bool is_password = trigger->groups & GH_W_SECRET, is_said;

	if (gh_pii_byte(scan, trigger->end) == ' ' &&
	    (gh_slice_eq_nocase(word, GH_SLICE("bearer")) ||
	     gh_slice_eq_nocase(word, GH_SLICE("basic")))) {
		try_header(scan, trigger->end + 1);
		return;
	}
	if (gh_slice_eq_nocase(word, GH_SLICE("basic")))
		return;
	/* A part of a longer name, or of a key that was refused: "AGE-SECRET-KEY-1…". */
	if (gh_pii_byte(scan, trigger->end) == '-' &&
	    gh_pii_is_alnum(gh_pii_byte(scan, trigger->end + 1)) && trigger->start > 0 &&
	    text.data[trigger->start - 1] == '-')
		return;
	/* "name":, name = …: the other sign's, unless the name is no ASCII word. */
	size_t joint = trigger->end;
	while (joint < text.len && joint - trigger->end < 3 && strchr("\"' `", text.data[joint]) &&
	       text.data[joint])
		joint++;
	if ((gh_pii_byte(scan, joint) == ':' || gh_pii_byte(scan, joint) == '=') &&
	    word.data[word.len - 1] < 0x80 && strength_of(word) != NO_NAME &&
	    gh_pii_byte(scan, joint + 1) != ' ')
		return;
	/* Only commands that are named so take options before their secret. */
	bool is_command =
	    at_word(word.data, word.len, "sshpass") || at_word(word.data, word.len, "convertto");
	size_t behind = is_command ? skip_options(text, trigger->end) : trigger->end;
	size_t at = skip_to_value(text, behind, &is_said);
	is_said = is_said || is_command;
	struct value value = read_value(scan, at);
	struct gh_slice s = gh_slice_sub(text, value.start, value.end - value.start);
	bool is_pin = word.len == 3 && is_password && is_number_word(s) && s.len >= 4 && s.len <= 8;
	if (is_pin && is_said) {
		gh_pii_add(scan, value.start, value.end, GH_PII_CREDENTIAL, "pin", 66);
		return;
	}
	if (word.len == 3 && (word.data[0] | 0x20) == 'p' && (word.data[1] | 0x20) == 'i')
		return; /* a PIN is digits */
	enum strength strength = is_password ? PASSWORD_NAME : KEY_NAME;
	/* "--token x", "-secret x": an option and its argument. */
	bool is_option = trigger->start > 0 && text.data[trigger->start - 1] == '-' &&
	                 (trigger->start < 2 || !gh_pii_is_alnum(text.data[trigger->start - 2]));
	bool is_firm = is_said || value.quoted || is_option || follows_login(text, trigger->start);
	bool fits = is_password ? gh_pii_is_mixed(s) || (is_firm && gh_pii_is_random(s, 8))
	                        : gh_pii_is_random(s, is_firm ? 10 : 20);
	if (at > trigger->end && s.len >= 5 && fits && !is_address(s) &&
	    (is_firm || gh_pii_is_random(s, 7)) &&
	    add_value(scan, &value, strength, is_firm ? 84 : 66))
		return;
	if (gh_pii_byte(scan, trigger->end) != ';')
		try_quoted(scan, trigger->end, strength);
}

/* "ada@example.com:Passw0rd" and "ada@example.com / W!nter2024": what a leak looks like. `at` is
 * where the address ends. */
void gh_pii_detect_login(struct gh_pii_scan *scan, size_t at)
{
	struct gh_slice text = scan->text;
	size_t i = at, marks = 0;

	while (i < text.len && i - at < 3 && text.data[i] && strchr(" :/|;", text.data[i]))
		marks += text.data[i++] != ' ';
	if (marks != 1 || i >= text.len)
		return;
	struct value value = { .start = i, .end = i };
	while (value.end < text.len && value.end - i <= 40 && text.data[value.end] > ' ' &&
	       !strchr("\"'<>,;", text.data[value.end]))
		value.end++;
	while (value.end > i && strchr(".)]", text.data[value.end - 1]))
		value.end--;
	struct gh_slice s = gh_slice_sub(text, value.start, value.end - value.start);
	size_t letters = 0, others = 0, slashes = 0;
	for (size_t c = 0; c < s.len; c++) {
		letters += gh_pii_is_alpha(s.data[c]);
		others += !gh_pii_is_alpha(s.data[c]);
		slashes += s.data[c] == '/' || s.data[c] == '@' || s.data[c] == ':';
	}
	/* "smtps://a@b.c:465" is a port, "a@b.c / d@e.f" another address. */
	if (s.len < 6 || s.len > 40 || letters < 2 || others < 1 || slashes > 0 ||
	    gh_pii_is_no_secret(s) || !gh_pii_is_mixed(s))
		return;
	gh_pii_add(scan, value.start, value.end, GH_PII_CREDENTIAL, "login-password", 72);
}
