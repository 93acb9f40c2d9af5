/* Secrets in running text and in what leaks look like: "PW is …", `--token …`, "Bearer …", the
 * string behind a function's name, the password behind an address. */
#include "pii/secret.h"

#define QUOTE_GAP 48 /* from a name to a string that belongs to it */
#define MAX_OWNER 64 /* "for ada@example.com" */

static uint8_t byte_at(struct gh_slice text, size_t at)
{
	return at < text.len ? text.data[at] : ' ';
}

/* The length of the first of `words` that stands at `at` alone, or 0. */
static size_t word_at(struct gh_slice text, size_t at, const struct gh_slice *words, size_t count)
{
	for (size_t i = 0; at < text.len && i < count; i++)
		if (gh_pii_at_word(text.data + at, text.len - at, words[i]) &&
		    gh_pii_marked(byte_at(text, at + words[i].len), GH_M_TALK))
			return words[i].len;
	return 0;
}

/* Over "is" or "was", which announce a value, or "for admin", "of the master"; the same place when
 * there is nothing of the kind. */
static size_t skip_words(struct gh_slice text, size_t at, bool *is_said)
{
	static const struct gh_slice verbs[] = { GH_SLICE("is"), GH_SLICE("was"), GH_SLICE("are"),
		                                 GH_SLICE("were") };
	static const struct gh_slice owners[] = { GH_SLICE("for"), GH_SLICE("of") };
	static const struct gh_slice articles[] = { GH_SLICE("the"), GH_SLICE("my"),
		                                    GH_SLICE("our"), GH_SLICE("your") };
	size_t len = word_at(text, at, verbs, GH_ARRAY_LEN(verbs));

	if (len > 0) {
		*is_said = true;
		return at + len;
	}
	len = word_at(text, at, owners, GH_ARRAY_LEN(owners));
	if (len == 0)
		return at;
	at += len + 1;
	len = word_at(text, at, articles, GH_ARRAY_LEN(articles));
	at += len > 0 ? len + 1 : 0;
	size_t end = at;
	while (end < text.len && end - at < MAX_OWNER && text.data[end] > ' ' &&
	       text.data[end] != ':')
		end++;
	return end;
}

/* Up to a value in running text. */
static size_t skip_to_value(struct gh_slice text, size_t at, bool *is_said)
{
	size_t i = at, marks = 0;

	*is_said = false;
	for (int round = 0; round < 3; round++) {
		for (; i < text.len && marks < 6 && gh_pii_marked(text.data[i], GH_M_TALK); i++) {
			uint8_t c = text.data[i];
			*is_said =
			    *is_said || c == ':' || c == '=' || c == '(' || (c == '>' && i == at);
			marks++;
		}
		size_t next = skip_words(text, i, is_said);
		if (next == i)
			break;
		i = next;
	}
	return i;
}

/* A name in quotes of its own: of a variable, of a member. */
static bool is_quoted_name(struct gh_pii_scan *scan, size_t at, const struct gh_pii_value *value)
{
	return (at > 3 && memcmp(scan->text.data + at - 4, "env(", 4) == 0) ||
	       gh_pii_byte(scan, value->end + 1) == ':';
}

/* "password?: string", "passwd: &str": no query of a URL. */
static bool is_of_type(struct gh_slice text, size_t at)
{
	return text.data[at] == '?' ? byte_at(text, at + 1) == ':'
	                            : text.data[at] == '&' && at > 0 && text.data[at - 1] == ' ';
}

/* The first string on the same line, not far behind the name: #define PASSWORD "…", setopt(c,
 * CURLOPT_PASSWORD, "…"), val password: String = "…". */
static void try_quoted(struct gh_pii_scan *scan, size_t end, enum gh_pii_strength strength)
{
	struct gh_slice text = scan->text;

	for (size_t i = end; i < text.len && i - end < QUOTE_GAP; i++) {
		uint8_t c = text.data[i];
		if (gh_pii_marked(c, GH_M_STOP) && !is_of_type(text, i))
			return;
		if (!gh_pii_marked(c, GH_M_QUOTE) || i <= end + 1)
			continue;
		struct gh_pii_value value = gh_pii_read_value(scan, i);
		struct gh_slice s = gh_slice_sub(text, value.start, value.end - value.start);
		if (s.len >= 6 && !is_quoted_name(scan, i, &value)) {
			struct gh_pii_form form = gh_pii_form_of(s);
			if ((gh_pii_is_mixed(&form) || gh_pii_is_random(&form, 12)) &&
			    gh_pii_add_value(scan, &value, strength,
			                     strength == PASSWORD_NAME ? 78 : 70))
				return;
		}
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
	struct gh_pii_value value = { .start = at, .end = at };
	gh_pii_extend_value(scan->text, &value, GH_PII_MAX_VALUE);
	if (value.end - value.start >= 16)
		gh_pii_add_value(scan, &value, KEY_NAME, 88);
}

/* .netrc: "machine … login ada password …". */
static bool follows_login(struct gh_slice text, size_t at)
{
	static const struct gh_slice words[] = { GH_SLICE("login"), GH_SLICE("user"),
		                                 GH_SLICE("username"), GH_SLICE("account") };
	size_t i = at;

	while (i > 0 && at - i < 8 &&
	       (text.data[i - 1] == ' ' || text.data[i - 1] == '\n' || text.data[i - 1] == '\t'))
		i--;
	while (i > 0 && at - i < 64 && text.data[i - 1] > ' ')
		i--;
	if (i < 2 || i == at || text.data[i - 1] != ' ')
		return false;
	for (size_t w = 0; w < GH_ARRAY_LEN(words); w++) {
		size_t len = words[w].len;
		if (i > len && gh_pii_at_word(text.data + i - 1 - len, len, words[w]) &&
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

/* Words that are headers of HTTP and nothing else: "Bearer …", "Basic …". */
static bool is_scheme(struct gh_slice word)
{
	return (word.data[0] | 0x20) == 'b' && (gh_slice_eq_nocase(word, GH_SLICE("bearer")) ||
	                                        gh_slice_eq_nocase(word, GH_SLICE("basic")));
}

/* A PIN is digits. */
static bool is_pin(struct gh_slice word)
{
	return word.len == 3 && (word.data[0] | 0x20) == 'p' && (word.data[1] | 0x20) == 'i';
}

/* "name":, name = …: the other sign's, unless the name is no ASCII word. */
static bool is_assigned(struct gh_pii_scan *scan, size_t end, struct gh_slice word)
{
	size_t joint = end;

	while (joint - end < 3 && joint < scan->text.len &&
	       (scan->text.data[joint] == ' ' || scan->text.data[joint] == '`' ||
	        gh_pii_marked(scan->text.data[joint], GH_M_QUOTE)))
		joint++;
	uint8_t sign = gh_pii_byte(scan, joint);
	return (sign == ':' || sign == '=') && gh_pii_byte(scan, joint + 1) != ' ' &&
	       word.data[word.len - 1] < 0x80 && gh_pii_name_strength(word) != NO_NAME;
}

/* "--token x", "-secret x": an option and its argument. */
static bool is_option(struct gh_slice text, size_t at)
{
	return at > 0 && text.data[at - 1] == '-' &&
	       (at < 2 || !gh_pii_is_alnum(text.data[at - 2]));
}

/* The value that a word announces; whether it was taken. */
static bool try_announced(struct gh_pii_scan *scan, const struct gh_pii_trigger *trigger,
                          const struct gh_pii_value *value, bool is_said)
{
	struct gh_slice s = gh_slice_sub(scan->text, value->start, value->end - value->start);
	bool is_password = trigger->groups & GH_W_SECRET;

	if (s.len < 5 || is_address(s))
		return false;
	struct gh_pii_form form = gh_pii_form_of(s);
	/* Nothing that the closer look at its surroundings could save. */
	if (!gh_pii_is_random(&form, 7) && !(is_password && gh_pii_is_mixed(&form)))
		return false;
	bool is_firm = is_said || value->quoted || is_option(scan->text, trigger->start) ||
	               follows_login(scan->text, trigger->start);
	bool fits = is_password ? gh_pii_is_mixed(&form) || (is_firm && gh_pii_is_random(&form, 8))
	                        : gh_pii_is_random(&form, is_firm ? 10 : 20);
	return fits && (is_firm || gh_pii_is_random(&form, 7)) &&
	       gh_pii_add_value(scan, value, is_password ? PASSWORD_NAME : KEY_NAME,
	                        is_firm ? 84 : 66);
}

void gh_pii_detect_spoken(struct gh_pii_scan *scan, const struct gh_pii_trigger *trigger)
{
	struct gh_slice text = scan->text;
	struct gh_slice word = gh_slice_sub(text, trigger->start, trigger->end - trigger->start);
	bool is_password = trigger->groups & GH_W_SECRET, is_said;
	uint8_t behind = gh_pii_byte(scan, trigger->end);

	if (scan->without >> GH_PII_CREDENTIAL & 1)
		return;
	if (is_scheme(word) && (behind == ' ' || word.len == 5)) {
		if (behind == ' ')
			try_header(scan, trigger->end + 1);
		return;
	}
	/* A part of a longer name, or of a key that was refused: "AGE-SECRET-KEY-1…". */
	if (behind == '-' && gh_pii_is_alnum(gh_pii_byte(scan, trigger->end + 1)) &&
	    trigger->start > 0 && text.data[trigger->start - 1] == '-')
		return;
	if (is_assigned(scan, trigger->end, word))
		return;
	/* Only commands that are named so take options before their secret. */
	bool is_command = gh_pii_at_word(word.data, word.len, GH_SLICE("sshpass")) ||
	                  gh_pii_at_word(word.data, word.len, GH_SLICE("convertto"));
	size_t at = skip_to_value(
	    text, is_command ? skip_options(text, trigger->end) : trigger->end, &is_said);
	is_said = is_said || is_command;
	if (at > trigger->end) {
		struct gh_pii_value value = gh_pii_read_value(scan, at);
		struct gh_slice s = gh_slice_sub(text, value.start, value.end - value.start);
		if (word.len == 3 && is_password && is_said && s.len >= 4 && s.len <= 8 &&
		    is_number_word(s)) {
			gh_pii_add(scan, value.start, value.end, GH_PII_CREDENTIAL, "pin", 66);
			return;
		}
		if (!is_pin(word) && try_announced(scan, trigger, &value, is_said))
			return;
	}
	if (!is_pin(word) && behind != ';')
		try_quoted(scan, trigger->end, is_password ? PASSWORD_NAME : KEY_NAME);
}

/* "ada@example.com:Passw0rd" and "ada@example.com / W!nter2024": what a leak looks like. `at` is
 * where the address ends. */
void gh_pii_detect_login(struct gh_pii_scan *scan, size_t at)
{
	struct gh_slice text = scan->text;
	size_t i = at, marks = 0;

	if (scan->without >> GH_PII_CREDENTIAL & 1)
		return;
	while (i < text.len && i - at < 3 && text.data[i] && strchr(" :/|;", text.data[i]))
		marks += text.data[i++] != ' ';
	if (marks != 1 || i >= text.len)
		return;
	struct gh_pii_value value = { .start = i, .end = i };
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
	if (s.len < 6 || s.len > 40 || letters < 2 || others < 1 || slashes > 0)
		return;
	struct gh_pii_form form = gh_pii_form_of(s);
	if (gh_pii_is_no_secret(&form) || !gh_pii_is_mixed(&form))
		return;
	gh_pii_add(scan, value.start, value.end, GH_PII_CREDENTIAL, "login-password", 72);
}
