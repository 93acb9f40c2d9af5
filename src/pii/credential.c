/* Credentials that say what they are: vendors' prefixes with their own alphabet and length, private
 * keys and JSON Web Tokens. A prefix alone proves nothing without the rest of its form. */
#include "pii/credential.h"

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
	if (len < 3 || (len == 3 && gh_pii_is_alpha(four[2]) && memcmp(prefix, "eyJ", 3) != 0))
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

/* Which ids travel with a secret, and of how many characters it is. */
static const struct {
	const char *of;
	size_t len;
	const char *kind;
} partners[] = {
	{ "aws-access-key", 40, "aws-secret-key" },
	{ "alibaba-key", 30, "alibaba-secret-key" },
	{ "twilio-sid", 32, "twilio-auth-token" },
	{ "twilio-key", 32, "twilio-secret" },
};

void gh_pii_add_partner(struct gh_pii_scan *scan, size_t from, size_t len, const char *kind)
{
	struct gh_slice text = scan->text;
	size_t to = from + PARTNER_BYTES < text.len ? from + PARTNER_BYTES : text.len;

	for (size_t i = from; i < to;) {
		size_t end = i;
		while (end < text.len && end - i <= len &&
		       (gh_pii_is_alnum(text.data[end]) || text.data[end] == '+' ||
		        text.data[end] == '/' || text.data[end] == '_' || text.data[end] == '-'))
			end++;
		if (end - i == len && gh_pii_all_random(gh_slice_sub(text, i, len))) {
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
	/* What a sentence adds; a key of a fixed length may end in it. */
	while (end - at - len > vendor->least &&
	       (text.data[end - 1] == '.' || text.data[end - 1] == '-'))
		end--;
	struct gh_slice body = gh_slice_sub(text, at + len, end - at - len);
	if (body.len < vendor->least || body.len > vendor->most ||
	    (end < text.len && gh_pii_is_alnum(text.data[end])))
		return false;
	int change = vendor->check ? vendor->check(body) : 0;
	if (change == GH_PII_REFUSED || (vendor->alphabet == HEX && gh_pii_mixes_cases(body)) ||
	    inside_base64(text, at))
		return false;
	if (is_placeholder(body) && !gh_pii_crc_fits(body))
		return false;
	/* The example keys of AWS are in every tutorial, and still keys in form. */
	bool doubtful = vendor->alphabet != UPPER && is_made_up(body);
	gh_pii_add(scan, at, end, GH_PII_CREDENTIAL, vendor->kind,
	           doubtful ? vendor->confidence - 52 : vendor->confidence + change);
	for (size_t i = 0; i < GH_ARRAY_LEN(partners); i++)
		if (strcmp(vendor->kind, partners[i].of) == 0)
			gh_pii_add_partner(scan, end, partners[i].len, partners[i].kind);
	return true;
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
		bits = bits << 6 | gh_pii_base64_value(segment.data[i]);
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
