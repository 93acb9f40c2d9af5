/* Credentials that only their place gives away: `password=…`, `"api_key": "…"`, the password inside
 * a URL, a header of HTTP, the string behind a function's name. */
#include "pii/secret.h"

#define MAX_BARE_VALUE 400
#define URL_BYTES      300
#define URL_TOKEN      20 /* the least characters before a '@' that are no user's name */

/* ---- values ---- */

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

	while (end < text.len && end - at < GH_PII_MAX_VALUE &&
	       !gh_pii_marked(text.data[end], GH_M_END) &&
	       (text.data[end] != '&' || !is_query_joint(text, end)))
		end++;
	if (end > known->end)
		*known = (struct gh_pii_known){ at, end };
	return end - at < GH_PII_MAX_VALUE ? end : at + GH_PII_MAX_VALUE;
}

void gh_pii_extend_value(struct gh_slice text, struct gh_pii_value *value, size_t most)
{
	while (value->end < text.len && value->end - value->start < most &&
	       !gh_pii_marked(text.data[value->end], GH_M_END))
		value->end++;
}

static bool has_entity(struct gh_slice text, size_t at)
{
	return at < text.len && text.data[at] == '&' &&
	       gh_slice_starts_with(gh_slice_sub(text, at, 6), GH_SLICE("&quot;"));
}

/* Up to the quote, or to the end of the line. */
static size_t string_end(struct gh_slice text, size_t start, uint8_t quote)
{
	size_t end = start;

	while (end < text.len && end - start < GH_PII_MAX_VALUE && text.data[end] != quote &&
	       text.data[end] != '\n' && text.data[end] != '\r')
		end++;
	/* JSON inside a string: \"…\" */
	return end > start && text.data[end - 1] == '\\' ? end - 1 : end;
}

struct gh_pii_value gh_pii_read_value(struct gh_pii_scan *scan, size_t at)
{
	struct gh_slice text = scan->text;
	uint8_t first = gh_pii_byte(scan, at);
	size_t end;

	if (first == '\\' && at + 1 < text.len && gh_pii_marked(text.data[at + 1], GH_M_QUOTE))
		first = text.data[++at];
	if (gh_pii_marked(first, GH_M_QUOTE) || first == '`')
		return (struct gh_pii_value){ at + 1, string_end(text, at + 1, first), true };
	if (has_entity(text, at)) {
		at = end = at + 6;
		while (end < text.len && end - at < GH_PII_MAX_VALUE &&
		       !gh_pii_marked(text.data[end], GH_M_END) && !has_entity(text, end))
			end++;
		return (struct gh_pii_value){ at, end, false };
	}
	end = bare_end(scan, at);
	while (end > at && (text.data[end - 1] == '.' || text.data[end - 1] == '?' ||
	                    text.data[end - 1] == ':'))
		end--;
	return (struct gh_pii_value){ at, end, false };
}

static bool has_space(const struct gh_pii_form *form)
{
	return form->has_odd && (memchr(form->text.data, ' ', form->text.len) ||
	                         memchr(form->text.data, '\t', form->text.len));
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
	while (i < value.len &&
	       (gh_pii_is_alnum(value.data[i]) || value.data[i] == '_' || value.data[i] == '.'))
		i++;
	return i > 3 && i < value.len &&
	       (value.data[i] == '(' ||
	        gh_slice_starts_with(gh_slice_sub(value, i, 2), GH_SLICE("::")));
}

/* EVP_PKEY_ED25519: the name of a constant. */
static bool is_constant(const struct gh_pii_form *form)
{
	return form->lower == 0 && form->joints > 0 && gh_pii_is_alpha(form->text.data[0]) &&
	       form->upper + form->digits + form->joints == form->text.len &&
	       !memchr(form->text.data, '-', form->text.len);
}

bool gh_pii_add_value(struct gh_pii_scan *scan, const struct gh_pii_value *value,
                      enum gh_pii_strength strength, int confidence)
{
	struct gh_slice s = gh_slice_sub(scan->text, value->start, value->end - value->start);
	size_t most = value->quoted ? GH_PII_MAX_VALUE : MAX_BARE_VALUE;

	if (s.len < 4 || s.len >= most)
		return false;
	struct gh_pii_form form = gh_pii_form_of(s);
	bool is_mixed = gh_pii_is_mixed(&form), is_random = gh_pii_is_random(&form, 8);
	switch (strength) {
	case PASSWORD_NAME:
		if ((!is_mixed && (s.len < 6 || s.len > 40)) || has_space(&form) ||
		    (!value->quoted && !is_random && is_code(s)))
			return false;
		confidence -= is_mixed || is_random ? 0 : 34;
		break;
	case KEY_NAME:
		if (!is_random &&
		    !(value->quoted && is_mixed && s.len >= 8 && s.len <= 40 && !has_space(&form)))
			return false;
		confidence -= s.len < 12 ? 16 : 0;
		break;
	case WEAK_NAME:
		if (!gh_pii_is_random(&form, 16))
			return false;
		confidence -= 30;
		break;
	case NO_NAME: return false;
	}
	if (gh_pii_is_no_secret(&form) || (!value->quoted && is_constant(&form)) ||
	    (is_call(s) && (!value->quoted || s.data[0] == '#')))
		return false;
	gh_pii_add(scan, value->start, value->end, GH_PII_CREDENTIAL, "secret-value", confidence);
	return true;
}

/* Whether what stands there is no secret for sure. */
static bool is_no_secret(struct gh_slice value)
{
	struct gh_pii_form form = gh_pii_form_of(value);

	return gh_pii_is_no_secret(&form);
}

/* ---- URLs ---- */

/* https://token@host: surer than the address of e-mail that it looks like. */
static void try_url_token(struct gh_pii_scan *scan, size_t start, size_t end)
{
	struct gh_pii_form form = gh_pii_form_of(gh_slice_sub(scan->text, start, end - start));

	if (gh_pii_is_random(&form, URL_TOKEN) && !gh_pii_is_no_secret(&form))
		gh_pii_add(scan, start, end, GH_PII_CREDENTIAL, "url-token", 100);
}

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
	if (!colon && last_at > 0)
		try_url_token(scan, at + 3, last_at);
	if (!colon || last_at <= colon + 1)
		return;
	struct gh_slice value = gh_slice_sub(text, colon + 1, last_at - colon - 1);
	if (!is_no_secret(value) || (value.data[0] == '$' && value.data[1] != '{'))
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

/* getenv("NAME", "…"): what is taken when the variable is not set. */
static bool try_default(struct gh_pii_scan *scan, size_t at, enum gh_pii_strength strength)
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
		struct gh_pii_value value = gh_pii_read_value(scan, i);
		return gh_pii_add_value(scan, &value, strength, 80);
	}
	return false;
}

/* root:secret@tcp(db:3306)/x, the form of Go's MySQL driver. */
static bool try_dsn(struct gh_pii_scan *scan, size_t at)
{
	struct gh_slice text = scan->text;
	size_t end = at + 1;

	while (end < text.len && end - at < 64 && text.data[end] > ' ' && text.data[end] != '@' &&
	       text.data[end] != '"')
		end++;
	struct gh_slice after = gh_slice_sub(text, end, 6);
	if (end - at < 4 || (!gh_slice_starts_with(after, GH_SLICE("@tcp(")) &&
	                     !gh_slice_starts_with(after, GH_SLICE("@unix("))))
		return false;
	if (!is_no_secret(gh_slice_sub(text, at + 1, end - at - 1)))
		gh_pii_add(scan, at + 1, end, GH_PII_CREDENTIAL, "url-password", 94);
	return true;
}

/* curl -u name:password */
static void try_curl_user(struct gh_pii_scan *scan, size_t at, struct gh_slice name)
{
	struct gh_slice text = scan->text;
	size_t start = (size_t)(name.data - text.data);
	struct gh_pii_value value = { .start = at + 1, .end = at + 1 };

	if (start > 0 && (text.data[start - 1] == '"' || text.data[start - 1] == '\''))
		start--;
	if (start < 4 || (memcmp(text.data + start - 3, "-u ", 3) != 0 &&
	                  memcmp(text.data + start - 3, "-U ", 3) != 0 &&
	                  memcmp(text.data + start - 4, "ser ", 4) != 0))
		return;
	gh_pii_extend_value(text, &value, GH_PII_MAX_VALUE);
	gh_pii_add_value(scan, &value, PASSWORD_NAME, 84);
}

/* Over signs, what closes bold type, and the letter of b"…" to the value's first byte. */
static size_t value_behind(struct gh_slice text, size_t at)
{
	size_t i = at + 1;

	while (i < text.len && i - at < 8 && gh_pii_marked(text.data[i], GH_M_SIGN))
		i++;
	/* "**Password:** …" */
	if (gh_slice_starts_with(gh_slice_sub(text, i, 3), GH_SLICE("** ")))
		i += 3;
	if (i + 1 < text.len &&
	    (text.data[i] == 'b' || text.data[i] == 'r' || text.data[i] == 'u') &&
	    gh_pii_marked(text.data[i + 1], GH_M_QUOTE))
		i++;
	return i;
}

/* "Authorization: Bearer …": the scheme is not the value. False: nothing stands behind it. */
static bool skip_scheme(struct gh_slice text, struct gh_pii_value *value, bool *is_header)
{
	static const struct gh_slice schemes[] = {
		GH_SLICE("bearer "),    GH_SLICE("basic "),  GH_SLICE("token "),  GH_SLICE("ntlm "),
		GH_SLICE("negotiate "), GH_SLICE("apikey "), GH_SLICE("digest "),
	};

	*is_header = false;
	for (size_t i = 0; i < GH_ARRAY_LEN(schemes); i++) {
		if (!gh_pii_at_word(text.data + value->start, text.len - value->start, schemes[i]))
			continue;
		value->start += schemes[i].len;
		if (value->end < value->start)
			return false;
		gh_pii_extend_value(text, value, GH_PII_MAX_VALUE);
		*is_header = true;
	}
	return true;
}

/* Whether a header's value was taken. */
static bool try_authorization(struct gh_pii_scan *scan, const struct gh_pii_value *value)
{
	struct gh_slice body = gh_slice_sub(scan->text, value->start, value->end - value->start);

	if (body.len < 16 || body.len >= GH_PII_MAX_VALUE)
		return false;
	struct gh_pii_form form = gh_pii_form_of(body);
	if (gh_pii_is_no_secret(&form) || !gh_pii_is_mixed(&form))
		return false;
	gh_pii_add(scan, value->start, value->end, GH_PII_CREDENTIAL, "authorization", 86);
	return true;
}

/* What stands behind a name that promises something. */
static void try_value(struct gh_pii_scan *scan, size_t at, enum gh_pii_strength strength)
{
	struct gh_slice text = scan->text;
	size_t value_at = value_behind(text, at);
	bool is_header;

	if (try_default(scan, value_at, strength))
		return;
	/* JSON in a string in a string. */
	while (value_at + 1 < text.len && value_at - at < 16 && text.data[value_at] == '\\' &&
	       text.data[value_at + 1] == '\\')
		value_at++;
	struct gh_pii_value value = gh_pii_read_value(scan, value_at);
	if (!skip_scheme(text, &value, &is_header) ||
	    (is_header && try_authorization(scan, &value)))
		return;
	gh_pii_add_value(scan, &value, strength, strength == PASSWORD_NAME ? 90 : 88);
}

void gh_pii_detect_assigned(struct gh_pii_scan *scan, size_t at)
{
	struct gh_slice text = scan->text;
	uint8_t before = at > 0 ? text.data[at - 1] : 0;
	bool is_colon = text.data[at] == ':';

	if (scan->without >> GH_PII_CREDENTIAL & 1)
		return;
	if (is_colon && gh_pii_byte(scan, at + 1) == '/' && gh_pii_byte(scan, at + 2) == '/') {
		try_url(scan, at);
		return;
	}
	if (before == ':' || before == '=' || (gh_pii_is_digit(before) && try_telegram(scan, at)))
		return;
	struct gh_pii_name name = gh_pii_name_before(text, at);
	enum gh_pii_strength strength = gh_pii_place_strength(text, at, &name);
	if (strength != NO_NAME)
		try_value(scan, at, strength);
	else if (is_colon && name.text.len > 0 && !try_dsn(scan, at))
		try_curl_user(scan, at, name.text);
}
