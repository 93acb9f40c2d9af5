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

	if (!hash)
		return 0;
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

/* How many of eight ASCII bytes are from `low` to `high`. */
static inline unsigned among(uint64_t bytes, uint8_t low, uint8_t high)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t in = (bytes + ones * (0x80u - low)) ^ (bytes + ones * (0x7fu - high));

	return (unsigned)((in >> 7 & ones) * ones >> 56);
}

struct letters {
	unsigned lower, upper, digit;
};

static struct letters count_any(const uint8_t *word, size_t len)
{
	struct letters sum = { 0 };

	for (size_t i = 0; i < len; i++) {
		if ((word[i] & 0xc0) == 0x80)
			continue;
		if (gh_pii_is_digit(word[i]))
			sum.digit++;
		else if (is_capital_at(word + i, len - i))
			sum.upper++;
		else
			sum.lower++;
	}
	return sum;
}

/* `limit`: the end of readable memory. */
static struct letters count_letters(const uint8_t *word, size_t len, const uint8_t *limit)
{
	struct letters sum = { .lower = (unsigned)len };

	for (size_t i = 0; i < len; i += 8) {
		uint64_t bytes = 0;
		if (limit - (word + i) >= 8)
			memcpy(&bytes, word + i, 8);
		else
			for (size_t b = len; b-- > i;)
				bytes = bytes << 8 | word[b];
		if (len - i < 8)
			bytes &= ~UINT64_C(0) >> (64 - 8 * (len - i));
		if (bytes & UINT64_C(0x8080808080808080))
			return count_any(word, len);
		sum.upper += among(bytes, 'A', 'Z');
		sum.digit += among(bytes, '0', '9');
	}
	sum.lower -= sum.upper + sum.digit;
	return sum;
}

static enum shape shape_of(const uint8_t *word, size_t len, const uint8_t *limit)
{
	if (word[0] >= 0xe0)
		return WIDE;
	struct letters sum = count_letters(word, len, limit);
	if (sum.digit)
		return sum.lower + sum.upper ? WITH_DIGITS : DIGITS;
	if (sum.upper == 0)
		return LOWER;
	if (sum.lower == 0)
		return sum.upper == 1 ? LETTER : UPPER;
	if (!is_capital_at(word, len))
		return INNER;
	if (sum.upper == 1)
		return CAPITAL;
	return sum.upper == 2 && sum.lower >= 3 && !is_capital_at(word + len - 1, 1) ? CAMEL
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
		case ',': return GH_PII_GAP_COMMA_TIGHT;
		case '_': return GH_PII_GAP_UNDERSCORE;
		default: break;
		}
	}
	if (len == 2 && gap[1] == ' ' && gap[0] == ' ')
		return GH_PII_GAP_SPACE;
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

	if (!token->asked)
		token->gaz = gh_pii_tagger_gaz(tagger, token->hash);
	token->asked = true;
	token->shape = (uint8_t)shape_of(word, len, text.data + text.len);
	token->gap = (uint8_t)gap_of(text, before, token->start);
	token->suffix = (uint32_t)word[len - 1] | 0x20u;
	if (len > 2)
		token->suffix |=
		    (uint32_t)word[len - 2] << 8 | (uint32_t)word[len - 3] << 16 | 0x202000u;
	token->ready = true;
}

bool gh_pii_tag_word_is_capital(struct gh_slice text, const struct gh_pii_tag_word *token)
{
	return is_capital_at(text.data + token->start, token->end - token->start);
}

bool gh_pii_tag_word_is_lower(const struct gh_pii_tag_word *token)
{
	return token->shape == LOWER;
}

bool gh_pii_tag_word_is_mixed(const struct gh_pii_tag_word *token)
{
	return token->shape == INNER || token->shape == CAMEL;
}

/* ---- features ---- */

/* Multiplicative hashing, by an odd number of the template's own. */
static inline uint32_t row_of(unsigned bits, unsigned template, uint64_t value)
{
	static const uint64_t odd[GH_PII_TAGGER_FEATURES] = {
		UINT64_C(0xF2A74DE452E6B439), UINT64_C(0xE513270E269E0D37),
		UINT64_C(0x9818E811892F902B), UINT64_C(0x9531985D5D9DC9F9),
		UINT64_C(0xE8E25D940ED90475), UINT64_C(0xB6F675CC81E74EF5),
		UINT64_C(0x9600A35A099950D9), UINT64_C(0xBD9C172411E20B8F),
		UINT64_C(0x8D116ECE1738F7D9), UINT64_C(0x8F21DDB66CAD4A27),
	};
	uint64_t h = value * odd[template];

	return (uint32_t)((h ^ h << 23) >> (64 - bits));
}

static inline uint64_t both(uint64_t a, uint64_t b)
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
	uint64_t b1 = brief(t - 1), n0 = brief(t), n1 = brief(t + 1);
	uint64_t shape = t->shape, gap = t->gap, next = t[1].gap, before = t[-1].shape;
	unsigned bits = tagger->row_bits;
	const uint64_t values[GH_PII_TAGGER_FEATURES] = {
		t->hash + shape,
		both(t[-1].hash, gap << 4 | shape),
		(uint64_t)t->suffix << 4 | shape,
		(uint64_t)t->gaz << 4 | shape,
		(b1 << 13 | before << 9) | gap << 4 | shape,
		(n1 << 13 | (uint64_t)t[1].shape << 9) | next << 4 | shape,
		(b1 << 13 | n0) << 5 | gap,
		((((uint64_t)t[-2].shape << 4 | before) << 4 | shape) << 4 | t[1].shape) << 14 |
		    (uint64_t)t[2].shape << 10 | gap << 5 | next,
		((gap << 5 | next) << 4 | shape) << 3 | length_class(t),
		both(t[-2].hash + t[-1].hash * 3, gap << 4 | shape),
	};

	for (unsigned i = 0; i < GH_PII_TAGGER_FEATURES; i++)
		rows[i] = row_of(bits, i, values[i]);
}

/* ---- decoding ---- */

typedef int8_t row_bytes __attribute__((vector_size(8)));

#ifdef __SSE2__
#include <emmintrin.h>
static inline gh_pii_scores greater(gh_pii_scores a, gh_pii_scores b)
{
	return (gh_pii_scores)_mm_max_epi16((__m128i)a, (__m128i)b);
}
#else
static inline gh_pii_scores greater(gh_pii_scores a, gh_pii_scores b)
{
	gh_pii_scores mask = a > b;

	return (a & mask) | (b & ~mask);
}
#endif

static inline gh_pii_scores spread(int16_t value)
{
	return (gh_pii_scores){ 0 } + value;
}

/* The greatest in every place. */
static inline gh_pii_scores greatest(gh_pii_scores a)
{
	a = greater(a, __builtin_shufflevector(a, a, 4, 5, 6, 7, 0, 1, 2, 3));
	a = greater(a, __builtin_shufflevector(a, a, 2, 3, 0, 1, 6, 7, 4, 5));
	return greater(a, __builtin_shufflevector(a, a, 1, 0, 3, 2, 5, 4, 7, 6));
}

/* So that the best is 0 and nothing is below LOW. */
static inline gh_pii_scores level(gh_pii_scores a)
{
	return greater(a - greatest(a), spread(LOW));
}

static gh_pii_scores weigh(const struct gh_pii_tagger *tagger,
                           const uint32_t rows[GH_PII_TAGGER_FEATURES],
                           const struct gh_pii_tag_word *token, int16_t favour)
{
	gh_pii_scores sum = { 0 };

	for (unsigned i = 0; i < GH_PII_TAGGER_FEATURES; i++) {
		row_bytes row;
		memcpy(&row, tagger->rows + (size_t)rows[i] * GH_PII_TAG_COUNT, sizeof row);
		sum += __builtin_convertvector(row, gh_pii_scores);
	}
	if (token->shape == DIGITS || token->shape == WITH_DIGITS)
		favour = NEVER;
	return sum + (gh_pii_scores){ 0, favour, favour };
}

/* The rows of the next word are on their way from memory while the one before is weighed. */
static void fetch(const struct gh_pii_tagger *tagger, const struct gh_pii_tag_word *token,
                  uint32_t rows[GH_PII_TAGGER_FEATURES])
{
	gh_pii_tagger_features(tagger, token, rows);
	for (unsigned i = 0; i < GH_PII_TAGGER_FEATURES; i++)
		__builtin_prefetch(tagger->rows + (size_t)rows[i] * GH_PII_TAG_COUNT);
}

/* max over i of a[i] + moves[i]. */
static inline gh_pii_scores step(const gh_pii_scores *moves, gh_pii_scores a)
{
	gh_pii_scores best = moves[0] + spread(a[0]);

	for (int i = 1; i < GH_PII_TAG_COUNT; i++)
		best = greater(best, moves[i] + spread(a[i]));
	return best;
}

void gh_pii_tagger_label(const struct gh_pii_tagger *tagger, const struct gh_pii_tag_word *tokens,
                         size_t count, int16_t favour, uint8_t *labels, int16_t *margins)
{
	/* Not cleared: each is written before it is read. */
	__attribute__((uninitialized)) gh_pii_scores weight[GH_PII_TAGGER_SEGMENT];
	__attribute__((uninitialized)) gh_pii_scores path[GH_PII_TAGGER_SEGMENT];
	__attribute__((uninitialized)) uint32_t rows[2][GH_PII_TAGGER_FEATURES];
	gh_pii_scores rest = { 0 };

	fetch(tagger, &tokens[0], rows[0]);
	for (size_t i = 0; i < count; i++) {
		if (i + 1 < count)
			fetch(tagger, &tokens[i + 1], rows[(i + 1) & 1]);
		weight[i] = weigh(tagger, rows[i & 1], &tokens[i], favour);
		path[i] = level(weight[i] + (i > 0 ? step(tagger->moves, path[i - 1])
		                             : tokens[0].gap == GH_PII_GAP_COMMA ? tagger->first_on
		                                                                 : tagger->first));
	}
	for (size_t i = count; i-- > 0;) {
		static const gh_pii_scores no_name = { 0, LOW, LOW };
		static const gh_pii_scores only_name = { LOW, 0, 0, LOW, LOW, LOW, LOW, LOW };
		gh_pii_scores all = level(path[i] + rest);
		uint8_t best = 0;
		while (all[best] != 0)
			best++;
		labels[i] = best;
		margins[i] = (int16_t)(greatest(all + only_name)[0] - greatest(all + no_name)[0]);
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
