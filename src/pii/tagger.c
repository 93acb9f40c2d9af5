/* The file of the model, little-endian:
 *
 *     0  "GHTAGGER", version, length of the file, bits of the rows, gazetteer and bare-word table
 *    32  moves [8][8], first [8], first behind a comma [8]: int16
 *   192  levels [32] int16, confidence [32] uint8
 *   288  zero up to 320, where the rows begin: 8 int8 each; then the gazetteer: print and flags,
 *        uint16 each, at the slot that a word's hash says or behind it; then one bit a bare word.
 */
#include "pii/tagger.h"

#include <string.h>

#include "crypto/hash.h"
#include "pii/detect.h"

#define VERSION     1
#define HEADER      320
#define AT_MOVES    32
#define AT_FIRST    160
#define AT_LEVELS   192
#define AT_SURENESS 256
#define LOW         -12000 /* no path scores less: sums stay within 16 bits */
#define NEVER       -4000  /* a token with a digit is no name */
#define MAX_PROBES  64

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the model is read in place");

static uint32_t word_at(const uint8_t *data, size_t at)
{
	uint32_t word;

	memcpy(&word, data + at, 4);
	return word;
}

gh_result gh_pii_tagger_open(struct gh_slice file, struct gh_pii_tagger *out)
{
	const uint8_t *data = file.data;

	GH_ENSURE(file.len > HEADER && memcmp(data, "GHTAGGER", 8) == 0, GH_E_CORRUPT,
	          "the name model is not one");
	GH_ENSURE(word_at(data, 8) == VERSION, GH_E_CORRUPT, "the name model has another version");
	unsigned row_bits = word_at(data, 16), gaz_bits = word_at(data, 20),
	         bare_bits = word_at(data, 24);
	GH_ENSURE(row_bits >= 4 && row_bits <= 20 && gaz_bits >= 4 && gaz_bits <= 20 &&
	              bare_bits >= 6 && bare_bits <= 24,
	          GH_E_CORRUPT, "the name model has impossible tables");
	size_t rows = (size_t)GH_PII_TAG_COUNT << row_bits, gaz = (size_t)4 << gaz_bits;
	GH_ENSURE(word_at(data, 12) == file.len &&
	              file.len == HEADER + rows + gaz + ((size_t)1 << bare_bits) / 8,
	          GH_E_CORRUPT, "the name model is cut short");
	GH_ENSURE((uintptr_t)data % 8 == 0, GH_E_ARGUMENT, "the name model is not aligned");
	out->row_bits = row_bits;
	out->gaz_bits = gaz_bits;
	out->bare_bits = bare_bits;
	out->levels = (const int16_t *)(const void *)(data + AT_LEVELS);
	out->confidence = data + AT_SURENESS;
	out->rows = (const int8_t *)data + HEADER;
	out->gaz = (const uint16_t *)(const void *)(data + HEADER + rows);
	out->bare = (const uint64_t *)(const void *)(data + HEADER + rows + gaz);
	memcpy(out->moves, data + AT_MOVES, sizeof out->moves);
	memcpy(&out->first, data + AT_FIRST, 16);
	memcpy(&out->first_on, data + AT_FIRST + 16, 16);
	for (int from = 0; from < GH_PII_TAG_COUNT; from++)
		for (int to = 0; to < GH_PII_TAG_COUNT; to++)
			out->moves_back[to][from] = out->moves[from][to];
	return GH_OK;
}

gh_result gh_pii_tagger_check(struct gh_slice file, const char *digest)
{
	static const char hex[] = "0123456789abcdef";
	struct gh_pii_tagger tagger;
	uint8_t sum[GH_SHA256_BYTES];
	char text[2 * GH_SHA256_BYTES];

	GH_TRY(gh_pii_tagger_open(file, &tagger));
	gh_sha256(file, sum);
	for (size_t i = 0; i < sizeof sum; i++) {
		text[2 * i] = hex[sum[i] >> 4];
		text[2 * i + 1] = hex[sum[i] & 15];
	}
	GH_ENSURE(gh_slice_eq_str(gh_slice(text, sizeof text), digest), GH_E_CORRUPT,
	          "the name model is not the one of this program");
	return GH_OK;
}

uint16_t gh_pii_tagger_gaz(const struct gh_pii_tagger *tagger, uint64_t hash)
{
	size_t mask = ((size_t)1 << tagger->gaz_bits) - 1, at = hash >> 20 & mask;
	uint16_t print = (uint16_t)(hash & 0xffff);

	print = print ? print : 1;
	for (unsigned probes = 0; probes < MAX_PROBES; probes++, at = (at + 1) & mask) {
		uint16_t found = tagger->gaz[2 * at];
		if (found == print)
			return tagger->gaz[2 * at + 1];
		if (found == 0)
			break;
	}
	return 0;
}

/* ---- a word ---- */

enum shape {
	LOWER,
	CAPITAL, /* Anna */
	UPPER,   /* ANNA */
	LETTER,  /* A */
	INNER,   /* iPhone, GmbH */
	CAMEL,   /* McDonald, DeVito */
	DIGITS,
	WITH_DIGITS,
	OTHER,
	WIDE, /* a script written without spaces */
};

/* Whether a character beyond ASCII is a capital: Latin-1, Latin Extended-A, Greek, Cyrillic. */
static bool is_wide_capital(uint8_t a, uint8_t b)
{
	switch (a) {
	case 0xc3: return b >= 0x80 && b <= 0x9e;
	case 0xc4:
	case 0xc5: return a == 0xc5 && (b >= 0xb9 || (b >= 0x81 && b <= 0x88)) ? b & 1 : !(b & 1);
	case 0xce: return b >= 0x86 && b <= 0xab;
	case 0xd0: return b >= 0x80 && b <= 0xaf;
	default: return false;
	}
}

static bool is_capital_at(const uint8_t *text, size_t len)
{
	return (text[0] >= 'A' && text[0] <= 'Z') ||
	       (text[0] >= 0xc3 && len > 1 && is_wide_capital(text[0], text[1]));
}

static enum shape shape_of(const uint8_t *word, size_t len)
{
	unsigned upper = 0, lower = 0, digit = 0, letters = 0;
	bool capital = is_capital_at(word, len);

	if (word[0] >= 0xe0)
		return WIDE;
	for (size_t i = 0; i < len; i++) {
		uint8_t c = word[i];
		if ((c & 0xc0) == 0x80)
			continue;
		letters++;
		if (gh_pii_is_digit(c))
			digit++;
		else if (is_capital_at(word + i, len - i))
			upper++;
		else
			lower++;
	}
	if (digit)
		return digit == letters ? DIGITS : WITH_DIGITS;
	if (upper == 0)
		return LOWER;
	if (letters == 1)
		return LETTER;
	if (lower == 0)
		return UPPER;
	if (!capital)
		return INNER;
	if (upper == 1)
		return CAPITAL;
	return upper == 2 && lower >= 3 && letters - upper == lower &&
	               !is_capital_at(word + len - 1, 1)
	           ? CAMEL
	           : INNER;
}

static enum gh_pii_gap gap_of(struct gh_slice text, size_t before, size_t start)
{
	const uint8_t *gap = text.data + before;
	size_t len = start - before;
	bool quote = false, colon = false;

	if (len == 0)
		return GH_PII_GAP_START;
	if (len == 1) {
		switch (gap[0]) {
		case ' ': return GH_PII_GAP_SPACE;
		case '-': return GH_PII_GAP_HYPHEN;
		case '\'': return GH_PII_GAP_APOSTROPHE;
		case '.': return GH_PII_GAP_DOT;
		case ',': return GH_PII_GAP_COMMA;
		case '_': return GH_PII_GAP_UNDERSCORE;
		default: break;
		}
	}
	if (len == 2 && gap[1] == ' ' && gap[0] == '.')
		return GH_PII_GAP_DOT_SPACE;
	if (len == 2 && gap[1] == ' ' && gap[0] == ',')
		return GH_PII_GAP_COMMA;
	/* What stands nearest to the word says most. */
	for (size_t i = len; i > 0 && len - i < 16; i--) {
		uint8_t c = gap[i - 1];
		if (c == '\n')
			return GH_PII_GAP_LINE;
		if (c == '@' || c == '#')
			return GH_PII_GAP_HANDLE;
		if (c == '(' || c == '[' || c == '<' || c == '{')
			return GH_PII_GAP_BRACKET;
		quote = quote || c == '"';
		colon = colon || c == ':';
		if (c == '=')
			return GH_PII_GAP_ASSIGN;
	}
	if (quote)
		return colon ? GH_PII_GAP_KEY : GH_PII_GAP_QUOTE;
	return colon ? GH_PII_GAP_COLON : GH_PII_GAP_OTHER;
}

void gh_pii_tagger_ready(const struct gh_pii_tagger *tagger, struct gh_slice text, size_t before,
                         struct gh_pii_tag_word *token)
{
	const uint8_t *word = text.data + token->start;
	size_t len = token->end - token->start;

	if (!token->gaz && token->hash)
		token->gaz = gh_pii_tagger_gaz(tagger, token->hash);
	token->shape = (uint8_t)shape_of(word, len);
	token->gap = (uint8_t)gap_of(text, before, token->start);
	token->suffix = 0;
	for (size_t i = len > 3 ? len - 3 : 0; i < len; i++)
		token->suffix = token->suffix << 8 | (word[i] | 0x20u);
	token->ready = true;
}

bool gh_pii_tag_word_is_capital(struct gh_slice text, const struct gh_pii_tag_word *token)
{
	return is_capital_at(text.data + token->start, token->end - token->start);
}

/* ---- features ---- */

static uint32_t row_of(unsigned bits, uint64_t template, uint64_t value)
{
	uint64_t h =
	    (value + template * UINT64_C(0x9E3779B97F4A7C15)) * UINT64_C(0xD6E8FEB86659FD93);

	h ^= h >> 32;
	return (uint32_t)(h * UINT64_C(0xC2B2AE3D27D4EB4F) >> (64 - bits));
}

static uint64_t both(uint64_t a, uint64_t b)
{
	return (a << 27 | a >> 37) ^ b * UINT64_C(0x165667B19E3779F9);
}

/* The gazetteer's flags, coarser. */
static uint32_t brief(const struct gh_pii_tag_word *token)
{
	static const uint8_t common[8] = { 0, 1, 1, 2, 2, 3, 3, 3 };
	uint32_t f = token->gaz;

	return (f & 15u) | (GH_PII_GAZ_PLACE(f) >= 2) << 4 |
	       (uint32_t)common[GH_PII_GAZ_COMMON(f)] << 5 | (f >> 9 & 63u) << 7;
}

static uint32_t length_class(const struct gh_pii_tag_word *token)
{
	uint32_t len = token->end - token->start;

	return len <= 3 ? len : len <= 5 ? 4 : len <= 8 ? 5 : len <= 12 ? 6 : 7;
}

void gh_pii_tagger_features(const struct gh_pii_tagger *tagger, const struct gh_pii_tag_word *t,
                            uint32_t rows[GH_PII_TAGGER_FEATURES])
{
	uint64_t b2 = brief(t - 2), b1 = brief(t - 1), n0 = brief(t), n1 = brief(t + 1);
	uint64_t shape = t->shape, gap = t->gap, next = t[1].gap;
	uint64_t gaps = gap << 4 | next;
	unsigned bits = tagger->row_bits;

	rows[0] = row_of(bits, 1, t->hash + shape);
	rows[1] = row_of(bits, 2, t[-1].hash);
	rows[2] = row_of(bits, 3, t[1].hash);
	rows[3] = row_of(bits, 4, both(t[-2].hash, t[-1].hash));
	rows[4] = row_of(bits, 5, t[-2].hash);
	rows[5] = row_of(bits, 6, t[2].hash);
	rows[6] = row_of(bits, 7, (uint64_t)t->suffix << 4 | shape);
	rows[7] = row_of(bits, 8, (uint64_t)t->gaz << 4 | shape);
	rows[8] = row_of(bits, 9, ((b1 << 4 | t[-1].shape) << 4 | gap) << 4 | shape);
	rows[9] = row_of(bits, 10, ((n1 << 4 | t[1].shape) << 4 | next) << 4 | shape);
	rows[10] = row_of(bits, 11, (b1 << 13 | n0) << 4 | gap);
	rows[11] = row_of(bits, 12, (n0 << 13 | n1) << 4 | next);
	rows[12] = row_of(bits, 13,
	                  ((((uint64_t)t[-2].shape << 4 | t[-1].shape) << 4 | shape) << 8 |
	                   (uint64_t)t[1].shape << 4 | t[2].shape)
	                          << 8 |
	                      gaps);
	rows[13] = row_of(bits, 14, (gaps << 4 | shape) << 3 | length_class(t));
	rows[14] = row_of(bits, 15, both(t[-1].hash, n0 << 4 | gap));
	rows[15] = row_of(bits, 16, both(t[1].hash, n0 << 4 | next));
	rows[16] = row_of(bits, 17, (b1 << 13 | n0) << 13 | n1);
	rows[17] = row_of(bits, 18, both(t[-1].hash, gap << 4 | shape));
	rows[18] = row_of(bits, 19, both(t[1].hash, t[2].hash));
	rows[19] = row_of(bits, 20, both(t[-1].hash, t[1].hash));
	rows[20] = row_of(bits, 21, (b2 << 13 | b1) << 13 | n0);
	rows[21] = row_of(bits, 22, both(t->hash, t[1].hash));
}

/* ---- decoding ---- */

typedef int8_t row_bytes __attribute__((vector_size(8)));

static gh_pii_scores greater(gh_pii_scores a, gh_pii_scores b)
{
	gh_pii_scores mask = a > b;

	return (a & mask) | (b & ~mask);
}

static gh_pii_scores spread(int16_t value)
{
	return (gh_pii_scores){ 0 } + value;
}

static int16_t greatest(gh_pii_scores a)
{
	int16_t best = a[0];

	for (int i = 1; i < GH_PII_TAG_COUNT; i++)
		best = a[i] > best ? a[i] : best;
	return best;
}

/* So that the best is 0 and nothing is below LOW. */
static gh_pii_scores level(gh_pii_scores a)
{
	return greater(a - spread(greatest(a)), spread(LOW));
}

static gh_pii_scores weigh(const struct gh_pii_tagger *tagger, const struct gh_pii_tag_word *token,
                           int16_t favour)
{
	uint32_t rows[GH_PII_TAGGER_FEATURES];
	gh_pii_scores sum = { 0 };

	gh_pii_tagger_features(tagger, token, rows);
	for (unsigned i = 0; i < GH_PII_TAGGER_FEATURES; i++) {
		row_bytes row;
		memcpy(&row, tagger->rows + (size_t)rows[i] * GH_PII_TAG_COUNT, sizeof row);
		sum += __builtin_convertvector(row, gh_pii_scores);
	}
	if (token->shape == DIGITS || token->shape == WITH_DIGITS)
		favour = NEVER;
	sum[GH_PII_TAG_NAME] = (int16_t)(sum[GH_PII_TAG_NAME] + favour);
	sum[GH_PII_TAG_NAME_ON] = (int16_t)(sum[GH_PII_TAG_NAME_ON] + favour);
	return sum;
}

/* max over i of a[i] + moves[i]. */
static gh_pii_scores step(const gh_pii_scores *moves, gh_pii_scores a)
{
	gh_pii_scores best = moves[0] + spread(a[0]);

	for (int i = 1; i < GH_PII_TAG_COUNT; i++)
		best = greater(best, moves[i] + spread(a[i]));
	return best;
}

void gh_pii_tagger_label(const struct gh_pii_tagger *tagger, const struct gh_pii_tag_word *tokens,
                         size_t count, const int16_t *favour, uint8_t *labels, int16_t *margins)
{
	gh_pii_scores weight[GH_PII_TAGGER_SEGMENT], path[GH_PII_TAGGER_SEGMENT];
	gh_pii_scores rest = { 0 };

	for (size_t i = 0; i < count; i++) {
		weight[i] = weigh(tagger, &tokens[i], favour[i]);
		path[i] = level(weight[i] + (i > 0 ? step(tagger->moves, path[i - 1])
		                             : tokens[0].gap == GH_PII_GAP_COMMA ? tagger->first_on
		                                                                 : tagger->first));
	}
	for (size_t i = count; i-- > 0;) {
		gh_pii_scores all = path[i] + rest;
		int16_t name = all[GH_PII_TAG_NAME] > all[GH_PII_TAG_NAME_ON]
		                   ? all[GH_PII_TAG_NAME]
		                   : all[GH_PII_TAG_NAME_ON];
		int16_t other = INT16_MIN;
		uint8_t best = 0;
		for (uint8_t l = 0; l < GH_PII_TAG_COUNT; l++) {
			if (all[l] > all[best])
				best = l;
			if (l != GH_PII_TAG_NAME && l != GH_PII_TAG_NAME_ON && all[l] > other)
				other = all[l];
		}
		labels[i] = best;
		margins[i] = (int16_t)(name - other);
		if (i > 0)
			rest = level(step(tagger->moves_back, rest + weight[i]));
	}
}

uint8_t gh_pii_tagger_confidence(const struct gh_pii_tagger *tagger, int margin)
{
	unsigned i = 0;

	while (i + 1 < GH_PII_TAGGER_LEVELS && margin >= tagger->levels[i + 1])
		i++;
	return tagger->confidence[i];
}
