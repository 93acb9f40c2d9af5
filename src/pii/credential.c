/* Credentials that say what they are: vendors' prefixes with their own alphabet and length, private
 * keys, JSON Web Tokens, and keys without a prefix whose form is their own. One table; a prefix
 * alone proves nothing without the rest of its form. */
#include "pii/detect.h"

#include "pii/secret.h"
#include "pii/vendors.h"

#define MAX_PRIVATE_KEY 16384
#define MAX_JWT         8192

static void add_prefix(struct gh_pii_prefixes *out, size_t row, uint8_t third)
{
	const char *prefix = gh_pii_vendors[row].prefix;
	size_t len = strlen(prefix), eight = len < 8 ? len : 8;
	unsigned slot = gh_pii_prefix_hash((uint8_t)prefix[0], (uint8_t)prefix[1], third);
	struct gh_pii_prefix *node = &out->nodes[out->count];

	memcpy(&node->first, prefix, eight);
	memset(&node->mask, 0xff, eight);
	node->row = (uint16_t)row;
	node->next = out->head[slot];
	out->head[slot] = (uint16_t)++out->count;
}

/* Of prefixes that are shorter than four, with every byte that may follow. */
static void add_to_filter(struct gh_pii_prefixes *out, const char *prefix, uint8_t alphabet)
{
	uint8_t four[4];
	size_t len = strlen(prefix);

	memcpy(four, prefix, len < 4 ? len : 4);
	if (len < 3 || (len == 3 && gh_pii_is_alnum(four[2]) && memcmp(prefix, "eyJ", 3) != 0))
		return;
	for (unsigned c = len == 3 ? 1 : four[3]; c <= (len == 3 ? 127 : four[3]); c++) {
		four[3] = (uint8_t)c;
		if (len == 3 && !gh_pii_in_alphabet(four[3], alphabet))
			continue;
		unsigned bit = gh_pii_prefix_bit(four);
		out->may[bit / 64] |= UINT64_C(1) << bit % 64;
	}
}

/* The longest prefix first. */
void gh_pii_prefixes_make(struct gh_pii_prefixes *out)
{
	memset(out, 0, sizeof *out);
	for (size_t len = 2; len <= 64; len++)
		for (size_t i = gh_pii_vendor_count; i-- > 0;) {
			const struct gh_pii_vendor *vendor = &gh_pii_vendors[i];
			if (strlen(vendor->prefix) != len)
				continue;
			add_to_filter(out, vendor->prefix, vendor->alphabet);
			if (len > 2) {
				add_prefix(out, i, (uint8_t)vendor->prefix[2]);
				continue;
			}
			for (unsigned c = '0'; c <= 'z'; c++)
				if (gh_pii_in_alphabet((uint8_t)c, vendor->alphabet))
					add_prefix(out, i, (uint8_t)c);
		}
	add_to_filter(out, "eyJ", WORD); /* JSON Web Tokens, which have no row */
}

/* XXXX, 1234…, your-key-here: what documentation shows. */
static bool is_placeholder(struct gh_slice s)
{
	struct gh_pii_form form = gh_pii_form_of(s);

	return s.len >= 8 && (form.repeats * 2 > s.len || form.distinct < 5);
}

/* "1234567", "abcdef12", "…example": typed, not generated. */
static bool is_made_up(struct gh_slice s)
{
	static const struct gh_slice typed[] = {
		GH_SLICE("1234567"),    GH_SLICE("0123456"),    GH_SLICE("123456dead"),
		GH_SLICE("abcdef1234"), GH_SLICE("abcdef0123"), GH_SLICE("fedcba"),
		GH_SLICE("ffffff"),     GH_SLICE("xxxxx"),      GH_SLICE("012345"),
		GH_SLICE("76543210"),   GH_SLICE("yourtoken"),  GH_SLICE("your_token"),
	};
	/* The letters that one of them begins with, and the 'e' of "example". */
	static const bool begins[256] = {
		['0'] = true, ['1'] = true, ['7'] = true, ['a'] = true, ['e'] = true,
		['E'] = true, ['f'] = true, ['x'] = true, ['y'] = true,
	};

	for (size_t i = 0; i < s.len; i++) {
		struct gh_slice rest = gh_slice_sub(s, i, s.len - i);
		if (!begins[s.data[i]])
			continue;
		if (gh_pii_at_word(rest.data, rest.len, GH_SLICE("example")))
			return true;
		for (size_t t = 0; t < GH_ARRAY_LEN(typed); t++)
			if (typed[t].data[0] == rest.data[0] &&
			    gh_slice_starts_with(rest, typed[t]))
				return true;
	}
	return false;
}

/* One case only: a generator writes either. */
static bool mixes_cases(struct gh_slice s)
{
	bool upper = false, lower = false;

	for (size_t i = 0; i < s.len; i++) {
		upper = upper || (s.data[i] >= 'A' && s.data[i] <= 'Z');
		lower = lower || s.data[i] >= 'a';
	}
	return upper && lower;
}

static bool is_random(struct gh_slice s)
{
	struct gh_pii_form form = gh_pii_form_of(s);

	return gh_pii_is_random(&form, s.len);
}

/* In the middle of much base64, where every prefix comes by chance. */
static bool inside_base64(struct gh_slice text, size_t at)
{
	size_t start = at;

	if (at == 0 || (text.data[at - 1] != '/' && text.data[at - 1] != '+'))
		return false;
	while (start > 0 && at - start < 28 && gh_pii_in_alphabet(text.data[start - 1], BASE64) &&
	       text.data[start - 1] != '.')
		start--;
	return at - start >= 28;
}

#define PARTNER_BYTES 120

/* The secret that travels with a public id: the next random word of exactly `len` characters. */
static void add_partner(struct gh_pii_scan *scan, size_t from, size_t len, const char *kind)
{
	struct gh_slice text = scan->text;
	size_t to = from + PARTNER_BYTES < text.len ? from + PARTNER_BYTES : text.len;

	for (size_t i = from; i < to;) {
		size_t end = i;
		while (end < text.len && end - i <= len &&
		       (gh_pii_is_alnum(text.data[end]) || text.data[end] == '+' ||
		        text.data[end] == '/' || text.data[end] == '_' || text.data[end] == '-'))
			end++;
		if (end - i == len && is_random(gh_slice_sub(text, i, len))) {
			gh_pii_add(scan, i, end, GH_PII_CREDENTIAL, kind, 84);
			return;
		}
		if (end - i > len)
			while (end < to && gh_pii_in_alphabet(text.data[end], BASE64))
				end++;
		i = end + (end == i);
	}
}

static bool try_vendor(struct gh_pii_scan *scan, const struct gh_pii_vendor *vendor, size_t at)
{
	struct gh_slice text = scan->text;
	size_t len = strlen(vendor->prefix), end = at + len;

	if (text.len - at < len + vendor->least || memcmp(text.data + at, vendor->prefix, len) != 0)
		return false;
	struct gh_pii_known *known = &scan->known_run[vendor->alphabet];
	size_t from = end, most = end + vendor->most + 1;
	if (from >= known->start && from < known->end)
		end = known->end;
	while (end < text.len && end < most && gh_pii_in_alphabet(text.data[end], vendor->alphabet))
		end++;
	if (end > known->end)
		*known = (struct gh_pii_known){ from, end };
	end = end < most ? end : most;
	while (end > at + len && (text.data[end - 1] == '.' || text.data[end - 1] == '-'))
		end--;
	struct gh_slice body = gh_slice_sub(text, at + len, end - at - len);
	if (body.len < vendor->least || body.len > vendor->most ||
	    (end < text.len && gh_pii_is_alnum(text.data[end])))
		return false;
	int change = vendor->check ? vendor->check(body) : 0;
	if (change == GH_PII_REFUSED || (vendor->alphabet == HEX && mixes_cases(body)) ||
	    inside_base64(text, at))
		return false;
	if (is_placeholder(body) && !gh_pii_crc_fits(body))
		return false;
	/* The example keys of AWS are in every tutorial, and still keys in form. */
	bool doubtful = vendor->alphabet != UPPER && is_made_up(body);
	gh_pii_add(scan, at, end, GH_PII_CREDENTIAL, vendor->kind,
	           doubtful ? vendor->confidence - 52 : vendor->confidence + change);
	if (strcmp(vendor->kind, "aws-access-key") == 0)
		add_partner(scan, end, 40, "aws-secret-key");
	else if (strcmp(vendor->kind, "alibaba-key") == 0)
		add_partner(scan, end, 30, "alibaba-secret-key");
	return true;
}

static unsigned base64_value(uint8_t c)
{
	return gh_pii_is_digit(c)     ? c - (unsigned)'0' + 52
	       : c >= 'a' && c <= 'z' ? c - (unsigned)'a' + 26
	       : c >= 'A' && c <= 'Z' ? c - (unsigned)'A'
	       : c == '-' || c == '+' ? 62
	                              : 63;
}

/* What the first segment of a token is: a whole JSON object that names an algorithm or a type; cut
 * or foreign JSON; or nothing that can be read. */
enum header { UNREADABLE, CUT, WHOLE };

static enum header read_header(struct gh_slice segment)
{
	uint8_t json[384];
	size_t len = 0, take = segment.len > 480 ? 480 : segment.len;
	uint32_t bits = 0;
	unsigned have = 0;

	for (size_t i = 0; i < take; i++) {
		bits = bits << 6 | base64_value(segment.data[i]);
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		json[len++] = (uint8_t)(bits >> have);
		if (json[len - 1] < ' ' || json[len - 1] >= 0x7f)
			if (json[len - 1] != '\n' && json[len - 1] != '\r' && json[len - 1] != '\t')
				return UNREADABLE;
	}
	while (len > 0 && json[len - 1] <= ' ')
		len--;
	bool is_whole = len > 2 && (json[len - 1] == '}' || take < segment.len) &&
	                (memmem(json, len, "\"alg\"", 5) || memmem(json, len, "\"typ\"", 5) ||
	                 memmem(json, len, "\"enc\"", 5) || memmem(json, len, "\":", 2));
	return is_whole ? WHOLE : CUT;
}

/* Two to five base64url segments (RFC 7515, RFC 7516). With three, the second begins a JSON object,
 * and the third is a signature of some length or none. */
static void try_jwt(struct gh_pii_scan *scan, size_t at)
{
	struct gh_slice text = scan->text;
	size_t end = at, dots = 0, dot[5] = { 0 };

	for (; end < text.len && end - at < MAX_JWT; end++) {
		uint8_t c = text.data[end];
		if (c == '.') {
			if (dots == 4)
				break;
			dot[dots++] = end;
		} else if (!gh_pii_is_alnum(c) && c != '_' && c != '-') {
			break;
		}
	}
	scan->jwt_done = end;
	bool is_unsigned = dots == 2 && dot[1] + 1 == end;
	while (end > at && text.data[end - 1] == '.')
		end--;
	if (dots == 0 || dot[0] - at < 10 || end <= dot[0] + 10)
		return;
	enum header header = read_header(gh_slice_sub(text, at, dot[0] - at));
	bool is_signed = dots != 2 || is_unsigned || end >= dot[1] + 20;
	bool has_claims = dots > 2 || text.data[dot[0] + 1] == 'e';
	if (header == CUT || (header == WHOLE && dots == 2 && (!is_signed || !has_claims)))
		return;
	gh_pii_add(scan, at, end, GH_PII_CREDENTIAL, "jwt",
	           header == WHOLE ? (dots > 1 ? 98 : 82) : (dots > 1 ? 84 : 72));
}

void gh_pii_detect_vendor(struct gh_pii_scan *scan, size_t at, size_t end)
{
	const uint8_t *word = scan->text.data + at;
	uint64_t first;

	if (scan->without >> GH_PII_CREDENTIAL & 1)
		return;
	if (end - at >= 3 && at >= scan->jwt_done && memcmp(word, "eyJ", 3) == 0)
		try_jwt(scan, at);
	/* No key is that short, prefix and all. */
	if (scan->text.len - at < sizeof first)
		return;
	memcpy(&first, word, sizeof first);
	const struct gh_pii_prefixes *prefixes = gh_pii_prefixes(scan);
	const struct gh_pii_prefix *node;
	unsigned slot = gh_pii_prefix_hash(word[0], word[1], word[2]);
	for (unsigned i = prefixes->head[slot]; i; i = node->next) {
		node = &prefixes->nodes[i - 1];
		if ((first & node->mask) == node->first &&
		    try_vendor(scan, &gh_pii_vendors[node->row], at))
			return;
	}
}

/* -----BEGIN … PRIVATE KEY----- up to its END line; without one, as far as it looks like a key. */
void gh_pii_detect_private_key(struct gh_pii_scan *scan, size_t at)
{
	struct gh_slice text = scan->text;

	if (scan->without >> GH_PII_CREDENTIAL & 1 || at < scan->private_key_done || at < 5 ||
	    memcmp(text.data + at - 5, "-----", 5) != 0)
		return;
	struct gh_slice head = gh_slice_sub(text, at, 80);
	bool is_private = memmem(head.data, head.len, "PRIVATE KEY", 11) ||
	                  memmem(head.data, head.len, "NKEY SEED", 9) ||
	                  memmem(head.data, head.len, "OpenVPN Static key", 18);
	if (!is_private)
		return;
	struct gh_slice rest = gh_slice_sub(text, at, MAX_PRIVATE_KEY);
	const uint8_t *tail = memmem(rest.data, rest.len, "-----END ", 9);
	size_t end;
	if (tail) {
		struct gh_slice line = gh_slice_sub(text, (size_t)(tail - text.data) + 9, 60);
		const uint8_t *close = memmem(line.data, line.len, "-----", 5);
		end = close ? (size_t)(close - text.data) + 5 : (size_t)(tail - text.data) + 9;
	} else {
		size_t run = 0, longest = 0;
		for (end = at; end < at + rest.len; end++) {
			uint8_t c = text.data[end];
			if (!gh_pii_is_alnum(c) && (!c || !strchr("+/=-\\:,. \r\n\t", c)))
				break;
			run = gh_pii_in_alphabet(c, BASE64) ? run + 1 : 0;
			longest = run > longest ? run : longest;
		}
		/* The header alone, in a sentence about keys. */
		if (longest < 40)
			is_private = false;
	}
	scan->private_key_done = end;
	if (!is_private)
		return;
	gh_pii_add(scan, at - 5, end, GH_PII_CREDENTIAL, "private-key", 99);
}

/* ---- forms without a prefix ---- */

static size_t run_of(struct gh_slice text, size_t at, uint8_t alphabet, size_t most)
{
	size_t end = at;

	while (end < text.len && end - at <= most && gh_pii_in_alphabet(text.data[end], alphabet))
		end++;
	return end - at;
}

/* MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs: an id in base64, a time, a MAC. */
static size_t discord_token(struct gh_slice text, size_t at, size_t end)
{
	if (end - at < 23 || end - at > 28 || !strchr("MNO", text.data[at]) || end >= text.len ||
	    text.data[end] != '.')
		return 0;
	size_t time = end + 1, len = 0;
	while (time + len < text.len && len < 8 && text.data[time + len] != '.' &&
	       gh_pii_in_alphabet(text.data[time + len], WORD))
		len++;
	if (len < 5 || len > 7 || time + len >= text.len || text.data[time + len] != '.')
		return 0;
	size_t mac = run_of(text, time + len + 1, WORD, 40);
	return mac >= 27 && mac <= 39 ? time + len + 1 + mac : 0;
}

/* Jira and Confluence: base64 of a number of about twelve digits, a colon and 20 bytes. */
static size_t atlassian_pat(struct gh_slice text, size_t at)
{
	uint8_t head[15];
	uint32_t bits = 0;
	size_t len = 0, run = at;

	if (!strchr("MNO", text.data[at]))
		return 0;
	while (run < text.len && run - at <= 44 && gh_pii_in_alphabet(text.data[run], BASE64) &&
	       !strchr("=._-", text.data[run]))
		run++;
	if (run - at != 44)
		return 0;
	for (size_t i = 0; i < 20; i++) {
		bits = bits << 6 | base64_value(text.data[at + i]);
		if (i % 4 == 3) {
			head[len++] = (uint8_t)(bits >> 16);
			head[len++] = (uint8_t)(bits >> 8);
			head[len++] = (uint8_t)bits;
		}
	}
	size_t digits = 0;
	while (digits < len && gh_pii_is_digit(head[digits]))
		digits++;
	return digits >= 8 && digits < len && head[digits] == ':' ? run : 0;
}

/* https://….webhook.office.com/webhookb2/…/IncomingWebhook/…: all of the URL around the word. */
static size_t teams_webhook(struct gh_slice text, size_t *at, size_t end)
{
	size_t start = *at, stop = end;

	if (end - start != 15 || memcmp(text.data + start, "IncomingWebhook", 15) != 0)
		return 0;
	while (start > 0 && *at - start < 256 && text.data[start - 1] > ' ' &&
	       !strchr("\"'<>()", text.data[start - 1]))
		start--;
	while (stop < text.len && stop - end < 128 && text.data[stop] > ' ' &&
	       !strchr("\"'<>()", text.data[stop]))
		stop++;
	if (stop - end < 60 || memcmp(text.data + start, "https", 5) != 0)
		return 0;
	*at = start;
	return stop;
}

/* Keys of Azure's services carry a sign of their own: JQQJ99 in the middle of those of 84
 * characters, four letters near the end of those in base64 of 32 and 64 bytes. */
static size_t azure_key(struct gh_slice text, size_t at, size_t end)
{
	static const char *const signs[] = { "AzFu", "AzSe", "AzCa", "ACDb", "+ASt", "+ABa", "+AMC",
		                             "AIoT", "+AEh", "+ARm", "+ACR", "APIM", "ASt" };

	if (end - at == 84 && memcmp(text.data + at + 52, "JQQJ9", 5) == 0)
		return end;
	if (end >= text.len || !memchr("+/=", text.data[end], 3))
		return 0;
	size_t start = at, stop = end;
	while (start > 0 && at - start < 90 && gh_pii_in_alphabet(text.data[start - 1], BASE64) &&
	       text.data[start - 1] != '=')
		start--;
	while (stop < text.len && stop - start < 90 &&
	       gh_pii_in_alphabet(text.data[stop], BASE64) && text.data[stop] != '=')
		stop++;
	size_t len = stop - start, sign = len == 86 ? 76 : len == 43 ? 33 : 0;
	if (start != at || sign == 0)
		return 0;
	for (size_t i = 0; i < GH_ARRAY_LEN(signs); i++)
		if (memcmp(text.data + start + sign - 1, signs[i], strlen(signs[i])) == 0 ||
		    memcmp(text.data + start + sign, signs[i], strlen(signs[i])) == 0)
			return stop +
			       (gh_slice_starts_with(gh_slice_sub(text, stop, 2), GH_SLICE("=="))
			            ? 2u
			            : 1u);
	return 0;
}

static bool all_in(struct gh_slice s, uint8_t alphabet)
{
	for (size_t i = 0; i < s.len; i++)
		if (!gh_pii_in_alphabet(s.data[i], alphabet))
			return false;
	return true;
}

static bool all_digits(struct gh_slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!gh_pii_is_digit(s.data[i]))
			return false;
	return true;
}

static bool follows(struct gh_slice text, size_t at, const char *what)
{
	size_t len = strlen(what);

	return at <= text.len && text.len - at >= len && memcmp(text.data + at, what, len) == 0;
}

/* "123456789012-….apps.googleusercontent.com" */
static bool try_google_client(struct gh_pii_scan *scan, size_t at, size_t end)
{
	static const char host[] = ".apps.googleusercontent.com";
	struct gh_slice text = scan->text;
	size_t start = at;

	if (!follows(text, end, host))
		return false;
	if (start > 0 && text.data[start - 1] == '-')
		start--;
	while (start > 0 && at - start < 14 && gh_pii_is_digit(text.data[start - 1]))
		start--;
	gh_pii_add(scan, start, end + sizeof host - 1, GH_PII_CREDENTIAL, "google-client-id", 80);
	add_partner(scan, end + sizeof host - 1, 24, "google-oauth-secret");
	return true;
}

void gh_pii_detect_pattern(struct gh_pii_scan *scan, size_t at, size_t end)
{
	struct gh_slice text = scan->text, word = gh_slice_sub(text, at, end - at);
	const char *kind = NULL;
	size_t stop = 0;

	if (scan->without >> GH_PII_CREDENTIAL & 1)
		return;
	if ((stop = discord_token(text, at, end)) > 0) {
		kind = "discord-token";
	} else if (word.len == 32 && all_in(word, HEX) && !mixes_cases(word)) {
		size_t more = run_of(text, end + 1, HEX, 8);
		if (follows(text, end, "-us") && gh_pii_is_digit(gh_pii_byte(scan, end + 3))) {
			kind = "mailchimp-key";
			stop = end + 4 + gh_pii_is_digit(gh_pii_byte(scan, end + 4));
		} else if (gh_pii_byte(scan, end) == '-' && more == 8 &&
		           gh_pii_byte(scan, end + 9) == '-' &&
		           run_of(text, end + 10, HEX, 8) == 8) {
			kind = "mailgun-key";
			stop = end + 18;
		}
	} else if (word.len == 40 && follows(text, end - 4, "NRAL")) {
		kind = "newrelic-key";
		stop = end;
	} else if ((stop = atlassian_pat(text, at)) > 0) {
		kind = "atlassian-token";
	} else if ((stop = teams_webhook(text, &at, end)) > 0) {
		kind = "teams-webhook";
	} else if (word.len >= 15 && word.len <= 18 && memcmp(word.data, "00D", 3) == 0 &&
	           gh_pii_byte(scan, end) == '!' && run_of(text, end + 1, WORD, 130) >= 80) {
		kind = "salesforce-token";
		stop = end + 1 + run_of(text, end + 1, WORD, 130);
	} else if (word.len == 24 && at >= 2 && memcmp(word.data - 2, "s.", 2) == 0 &&
	           (at == 2 || !gh_pii_is_alnum(text.data[at - 3])) && is_random(word)) {
		kind = "vault-token";
		stop = end;
		at -= 2;
	} else if ((stop = azure_key(text, at, end)) > 0) {
		kind = "azure-key";
	} else if (word.len == 58 && word.data[0] == 'S' && all_in(word, UPPER)) {
		kind = "nkey-seed";
		stop = end;
	} else if (at >= 7 && text.data[at - 1] == '~' && text.data[at - 2] == 'Q' &&
	           gh_pii_is_digit(text.data[at - 3]) && word.len >= 30 && word.len <= 38) {
		kind = "azure-client-secret";
		stop = end;
		at -= 6;
	} else if (gh_pii_byte(scan, end) == '|' && word.len >= 13 && word.len <= 17 &&
	           all_digits(word)) {
		size_t more = run_of(text, end + 1, WORD, 40);
		if (more >= 24 && more <= 36) {
			kind = "facebook-app-token";
			stop = end + 1 + more;
		}
	}
	if (kind)
		gh_pii_add(scan, at, stop, GH_PII_CREDENTIAL, kind, 92);
	else
		try_google_client(scan, at, end);
}
