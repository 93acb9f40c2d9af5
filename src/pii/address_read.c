/* Bytes to words: where a word ends, what stands between two, and what a word can be by itself. */
#include "pii/address_inside.h"
#include "pii/token.h"

#define MAX_BYTES 240
#define MAX_WORD  64
#define MAX_GAP   12

/* What may stand in a gap; a byte that is none of it ends the address. */
enum {
	BLANK = 8,
	NEW_LINE = 16,
	DOT = 32,
	JOINS = 64,
	COMMAS = 128,
	HASHES = 256,
	ANDS = 512,
	OPENS = 1024
};

const uint16_t gh_pii_address_bytes[256] = {
	['0' ... '9'] = ADDR_B_WORD | ADDR_B_BARS,
	['A' ... 'Z'] = ADDR_B_WORD | ADDR_B_BARS,
	['a' ... 'z'] = ADDR_B_WORD | ADDR_B_BARS,
	[0x80 ... 0xff] = ADDR_B_WORD | ADDR_B_BARS,
	[' '] = BLANK,
	['\t'] = BLANK,
	['\r'] = BLANK,
	['\n'] = NEW_LINE,
	['.'] = DOT | ADDR_B_BARS,
	['-'] = JOINS,
	['\''] = JOINS,
	['/'] = JOINS | ADDR_B_BARS,
	[','] = COMMAS,
	['#'] = HASHES | ADDR_B_BARS,
	['&'] = ANDS,
	['('] = OPENS,
	['$'] = ADDR_B_BARS,
	[':'] = ADDR_B_BARS,
	['='] = ADDR_B_BARS,
	['_'] = ADDR_B_BARS,
	['@'] = ADDR_B_BARS,
	['%'] = ADDR_B_BARS,
	['+'] = ADDR_B_BARS,
};

/* `seen`: the kinds of all bytes between two words, 0 when there are none. */
static enum gh_addr_gap gap_of(unsigned seen, unsigned lines)
{
	if (seen & OPENS)
		return seen == (OPENS | BLANK) ? BRACKET : END;
	if (lines > 0)
		return lines > 1 ? END : LINE;
	if (seen & (COMMAS | HASHES | ANDS))
		return seen & HASHES ? HASH : seen & ANDS ? AND : COMMA;
	if (seen & BLANK)
		return seen & DOT ? STOP_SPACE : SPACE;
	return JOINED;
}

/* ---- eight bytes at a time: the top bit of each says what it is ---- */

static inline uint64_t words_of(uint64_t eight)
{
	return gh_pii_letters_of(eight) | gh_pii_digits_of(eight) | (eight & GH_PII_TOPS);
}

/* Where the run of word bytes from `start` ends, or after MAX_WORD of them. */
static size_t word_end(struct gh_slice text, size_t start)
{
	size_t at = start;

	for (; at < start + MAX_WORD; at += 8) {
		uint64_t others = ~words_of(gh_pii_eight(text, at)) & GH_PII_TOPS;
		if (others)
			return at + (size_t)__builtin_ctzll(others) / 8;
	}
	return at;
}

static size_t word_start(struct gh_slice text, size_t end)
{
	size_t at = end;

	for (; at >= 8 && at + MAX_WORD > end; at -= 8) {
		uint64_t others = ~words_of(gh_pii_eight(text, at - 8)) & GH_PII_TOPS;
		if (others)
			return at - (size_t)__builtin_clzll(others) / 8;
	}
	while (at > 0 && at + MAX_WORD > end && gh_addr_is_word_byte(text.data[at - 1]))
		at--;
	return at;
}

/* Of scripts with two cases Latin, Greek and Cyrillic are told apart; all others are capitals. */
static bool is_capital(const uint8_t *text, size_t len)
{
	if (text[0] < 0xc3 || text[0] > 0xd1 || len < 2)
		return (text[0] >= 'A' && text[0] <= 'Z') || text[0] >= 0xc3;
	unsigned point = (text[0] & 0x1fu) << 6 | (text[1] & 0x3fu);
	if (point < 0x100)
		return point < 0xdf; /* À to Þ */
	if (point < 0x180) {
		/* Capital and small letter in turn, twice the other way round. */
		bool odd = (point >= 0x139 && point <= 0x148) || point >= 0x179;
		return point % 2 == odd;
	}
	if (point >= 0x370 && point < 0x400)
		return point < 0x3ac;
	return point < 0x430 || point > 0x45f;
}

/* `digits`: of its first eight bytes. */
static size_t digit_count(const uint8_t *word, size_t len, uint64_t digits)
{
	size_t count = gh_pii_leading(digits);

	while (count >= 8 && count < len && gh_pii_is_digit(word[count]))
		count++;
	return count;
}

/* `eight`: its first bytes, which with its length tell nearly every word that is not in the table.
 */
static uint32_t flags_of(const struct gh_pii_scan *scan, const struct gh_addr_word *word,
                         uint64_t eight)
{
	const struct gh_slice text = gh_slice(scan->text.data + word->start, gh_addr_length(word));
	uint32_t four = ((uint32_t)eight | 0x20202020u) &
	                (uint32_t)gh_pii_word_masks[text.len < 4 ? text.len : 4][0];
	uint32_t bit =
	    (four ^ (uint32_t)text.len * 0x01000193u) * 2654435761u >> GH_PII_ADDRESS_FILTER_SHIFT;

	if (!(gh_pii_address_filter[bit / 64] >> bit % 64 & 1))
		return 0;
	uint64_t hash = gh_pii_word_hash(text, scan->text.data + scan->text.len);
	uint32_t print = (uint32_t)hash ? (uint32_t)hash : 1;
	for (size_t at = hash >> 40 & (GH_PII_ADDRESS_SLOTS - 1); gh_pii_address_prints[at];
	     at = (at + 1) & (GH_PII_ADDRESS_SLOTS - 1))
		if (gh_pii_address_prints[at] == print)
			return gh_pii_address_flags[gh_pii_address_kinds[at]];
	return 0;
}

/* What the word is by itself. A code has its first digit within eight bytes. */
static void look_at(const struct gh_pii_scan *scan, struct gh_addr_word *word)
{
	const uint8_t *text = scan->text.data + word->start;
	size_t len = gh_addr_length(word);
	uint64_t eight = gh_pii_eight(scan->text, word->start), digits = gh_pii_digits_of(eight);

	if (len < 8)
		digits &= (UINT64_C(1) << 8 * len) - 1;
	word->digits = 0;
	word->is_number = word->is_code = word->is_ordinal = false;
	word->is_capital = is_capital(text, len);
	if (!digits) {
		word->flags = flags_of(scan, word, eight);
		return;
	}
	word->flags = 0;
	if (!(digits & 0x80)) {
		word->is_code = true;
		return;
	}
	size_t count = digit_count(text, len, digits);
	word->is_number = true;
	word->digits = (uint8_t)count; /* a word has 64 bytes at most */
	word->is_ordinal =
	    len == count + 2 && gh_pii_is_alpha(text[count]) && gh_pii_is_alpha(text[count + 1]);
}

/* Where the next word begins and what stands before it; END when there is none. */
static enum gh_addr_gap find_next(const struct gh_pii_scan *scan, size_t at, size_t limit,
                                  size_t *start)
{
	const uint8_t *text = scan->text.data;
	unsigned seen = 0, lines = 0;

	if (at + 1 < limit && text[at] == ' ' && gh_addr_is_word_byte(text[at + 1])) {
		*start = at + 1;
		return SPACE;
	}
	for (size_t next = at; next < limit && next - at <= MAX_GAP; next++) {
		unsigned kind = gh_pii_address_bytes[text[next]];
		*start = next;
		if (kind & ADDR_B_WORD)
			return gap_of(seen, lines);
		if (!(kind & ~(unsigned)ADDR_B_BARS))
			return END;
		seen |= kind & ~(unsigned)ADDR_B_BARS;
		lines += kind == NEW_LINE;
	}
	return END;
}

/* The same to the left, where END is a gap like others: a label's colon stands there. False: there
 * is no word. */
static bool find_last(const struct gh_pii_scan *scan, size_t at, size_t *end, enum gh_addr_gap *gap)
{
	const uint8_t *text = scan->text.data;
	unsigned seen = 0, lines = 0;
	bool ends = false;

	for (size_t last = at; last > 0 && at - last <= MAX_GAP; last--) {
		unsigned kind = gh_pii_address_bytes[text[last - 1]];
		if (kind & ADDR_B_WORD) {
			*end = last;
			*gap = ends ? END : gap_of(seen, lines);
			return true;
		}
		ends = ends || kind == OPENS || !(kind & ~(unsigned)ADDR_B_BARS);
		seen |= kind & ~(unsigned)ADDR_B_BARS;
		lines += kind == NEW_LINE;
	}
	return false;
}

const struct gh_addr_word *gh_addr_read_ahead(struct gh_addr_reader *r, size_t i)
{
	const struct gh_slice text = r->scan->text;
	const size_t limit = r->from + MAX_BYTES < text.len ? r->from + MAX_BYTES : text.len;

	while (!r->ended && r->ahead_count <= i && r->ahead_count < ADDR_AHEAD) {
		struct gh_addr_word *word = &r->ahead[r->ahead_count];
		size_t start = r->at;
		enum gh_addr_gap gap = JOINED; /* of the number itself */
		if (r->ahead_count > 0) {
			bool is_inside =
			    word[-1].gap == BRACKET && gh_pii_byte(r->scan, start) == ')';
			gap = find_next(r->scan, start + is_inside, limit, &start);
		}
		r->ended = gap == END || start >= limit || (gap == BRACKET && !r->has_brackets);
		if (r->ended)
			break;
		word->gap = (uint8_t)gap;
		word->start = (uint32_t)start;
		r->at = word_end(text, start);
		word->end = (uint32_t)r->at;
		look_at(r->scan, word);
		r->ahead_count++;
	}
	return i < r->ahead_count ? &r->ahead[i] : NULL;
}

const struct gh_addr_word *gh_addr_read_behind(struct gh_addr_reader *r, size_t i)
{
	while (r->behind_count <= i && r->behind_count < ADDR_BEHIND) {
		struct gh_addr_word *word = &r->behind[r->behind_count];
		size_t end, last = r->behind_count ? word[-1].start : r->from;
		enum gh_addr_gap gap;
		if (!find_last(r->scan, last, &end, &gap))
			break;
		word->gap = (uint8_t)gap;
		word->start = (uint32_t)word_start(r->scan->text, end);
		word->end = (uint32_t)end;
		look_at(r->scan, word);
		r->behind_count++;
	}
	return i < r->behind_count ? &r->behind[i] : NULL;
}

void gh_addr_allow_brackets(struct gh_addr_reader *r)
{
	r->ended = r->has_brackets;
	r->has_brackets = true;
}

void gh_addr_drop_ahead(struct gh_addr_reader *r, size_t i)
{
	r->ahead_count--;
	memmove(r->ahead + i, r->ahead + i + 1, (r->ahead_count - i) * sizeof *r->ahead);
}

void gh_addr_drop_behind(struct gh_addr_reader *r, size_t count)
{
	r->behind_count -= count;
	memmove(r->behind, r->behind + count, r->behind_count * sizeof *r->behind);
}
