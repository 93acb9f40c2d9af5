/* The file of the model, little-endian:
 *
 *     0  "GHTAGGER", version, length of the file, bits of the rows, gazetteer and bare-word table
 *    32  moves [8][8], first [8], first behind a comma [8]: int16
 *   192  levels [32] int16, confidence [32] uint8
 *   288  zero up to 320, where the rows begin: 8 int8 each; then the gazetteer: print and flags,
 *        uint16 each, at the slot that a word's hash says or behind it; then two bits a bare word.
 */
#include "pii/tagger.h"

#include <string.h>

#include "crypto/hash.h"
#include "pii/detect.h"

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

static bool is_name(int label)
{
	return label == GH_PII_TAG_NAME || label == GH_PII_TAG_NAME_ON;
}

static int greater_of(int a, int b)
{
	return a > b ? a : b;
}

/* The most that moves can gain for each word of a name over no label at all: entering it, going on
 * in it, leaving it. */
static int name_gain(const struct gh_pii_tagger *tagger)
{
	int enter = INT16_MIN, on = INT16_MIN, leave = 0;

	for (int label = 0; label < GH_PII_TAG_COUNT; label++)
		for (int name = GH_PII_TAG_NAME; name <= GH_PII_TAG_NAME_ON; name++) {
			const gh_pii_scores *moves = tagger->moves;
			if (is_name(label)) {
				on = greater_of(on, moves[label][name] - moves[0][0]);
				continue;
			}
			enter = greater_of(enter, moves[label][name] - moves[label][0]);
			leave = greater_of(leave, moves[name][label] - moves[0][label]);
		}
	for (int name = GH_PII_TAG_NAME; name <= GH_PII_TAG_NAME_ON; name++) {
		enter = greater_of(enter, tagger->first[name] - tagger->first[0]);
		enter = greater_of(enter, tagger->first_on[name] - tagger->first_on[0]);
	}
	return greater_of(enter + leave, on);
}

gh_result gh_pii_tagger_open(struct gh_slice file, struct gh_pii_tagger *out)
{
	const uint8_t *data = file.data;

	GH_ENSURE(file.len > HEADER && memcmp(data, "GHTAGGER", 8) == 0, GH_E_CORRUPT,
	          "the name model is not one");
	GH_ENSURE(word_at(data, 8) == GH_PII_TAGGER_VERSION, GH_E_CORRUPT,
	          "the name model has another version");
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
	out->gaz_mask = (UINT64_C(1) << gaz_bits) - 1;
	out->bare_mask = (UINT64_C(1) << bare_bits) / 64 - 1;
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
	out->name_gain = name_gain(out);
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
	uint64_t mask = tagger->gaz_mask, at = hash >> 20 & mask;
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
bool gh_pii_is_wide_capital(uint8_t a, uint8_t b)
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

struct letters {
	unsigned lower, upper, digit;
};

static __attribute__((noinline)) struct letters count_any(const uint8_t *word, size_t len)
{
	struct letters sum = { 0 };

	for (size_t i = 0; i < len; i++) {
		if ((word[i] & 0xc0) == 0x80)
			continue;
		if (gh_pii_is_digit(word[i]))
			sum.digit++;
		else if (gh_pii_is_capital(word + i, len - i))
			sum.upper++;
		else
			sum.lower++;
	}
	return sum;
}

static __attribute__((noinline)) enum shape shape_by(struct letters sum, const uint8_t *word,
                                                     size_t len)
{
	if (sum.digit)
		return sum.lower + sum.upper ? WITH_DIGITS : DIGITS;
	if (sum.upper == 0)
		return LOWER;
	if (sum.lower == 0)
		return sum.upper == 1 ? LETTER : UPPER;
	if (!gh_pii_is_capital(word, len))
		return INNER;
	if (sum.upper == 1)
		return CAPITAL;
	return sum.upper == 2 && sum.lower >= 3 && !gh_pii_is_capital(word + len - 1, 1) ? CAMEL
	                                                                                 : INNER;
}

/* Near the end of readable memory. */
static __attribute__((noinline)) uint64_t last_letters(const uint8_t *word, size_t len)
{
	uint64_t bytes = UINT64_C(0x6161616161616161);

	while (len-- > 0)
		bytes = bytes << 8 | word[len];
	return bytes;
}

/* Up to eight bytes of a word, the rest as small letters. `limit`: the end of readable memory. */
static inline uint64_t eight_letters(const uint8_t *word, size_t len, const uint8_t *limit)
{
	uint64_t bytes;

	if (limit - word < 8)
		return last_letters(word, len);
	memcpy(&bytes, word, 8);
	if (len >= 8)
		return bytes;
	uint64_t beyond = ~UINT64_C(0) << 8 * len;
	return (bytes & ~beyond) | (UINT64_C(0x6161616161616161) & beyond);
}

/* Letters and digits differ by two bits: 0x20 is not set in capitals, 0x40 not in digits. */
static __attribute__((noinline)) enum shape any_shape(const uint8_t *word, size_t len,
                                                      const uint8_t *limit)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	struct letters sum = { 0 };

	if (word[0] >= 0xe0)
		return WIDE;
	for (size_t i = 0; i < len; i += 8) {
		uint64_t bytes = eight_letters(word + i, len - i, limit);
		if (bytes & ones << 7)
			return shape_by(count_any(word, len), word, len);
		sum.upper += (unsigned)((~bytes >> 5 & ones) * ones >> 56);
		sum.digit += (unsigned)((~bytes >> 6 & ones) * ones >> 56);
	}
	sum.lower = (unsigned)len - sum.upper - sum.digit;
	return shape_by(sum, word, len);
}

/* Nearly all words are short and of small letters but for the first. */
static inline enum shape shape_of(const uint8_t *word, size_t len, const uint8_t *limit)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);

	if (len > 8 || limit - word < 8)
		return any_shape(word, len, limit);
	uint64_t bytes = eight_letters(word, len, limit);
	/* A capital in front, capitals behind it, digits, bytes beyond ASCII. */
	if ((~bytes & (ones << 5 & ~UINT64_C(0xff))) | (~bytes & ones << 6) | (bytes & ones << 7))
		return any_shape(word, len, limit);
	return (enum shape)((~bytes >> 5 & 1) * (unsigned)(len == 1 ? LETTER : CAPITAL));
}

/* One byte between two words; 0 for one of no meaning. */
static const uint8_t short_gaps[256] = {
	[' '] = GH_PII_GAP_SPACE,      ['-'] = GH_PII_GAP_HYPHEN,  ['\''] = GH_PII_GAP_APOSTROPHE,
	['.'] = GH_PII_GAP_DOT,        ['@'] = GH_PII_GAP_HANDLE,  [','] = GH_PII_GAP_COMMA_TIGHT,
	['_'] = GH_PII_GAP_UNDERSCORE, ['#'] = GH_PII_GAP_HANDLE,  ['\n'] = GH_PII_GAP_LINE,
	['('] = GH_PII_GAP_BRACKET,    ['['] = GH_PII_GAP_BRACKET, ['<'] = GH_PII_GAP_BRACKET,
	['{'] = GH_PII_GAP_BRACKET,    ['='] = GH_PII_GAP_ASSIGN,  [':'] = GH_PII_GAP_COLON,
	['"'] = GH_PII_GAP_QUOTE,
};

static inline enum gh_pii_gap short_gap(uint8_t c)
{
	return short_gaps[c] ? (enum gh_pii_gap)short_gaps[c] : GH_PII_GAP_OTHER;
}

/* Any number of bytes but one. */
static __attribute__((noinline)) enum gh_pii_gap long_gap(const uint8_t *gap, size_t len)
{
	bool quote = false, colon = false;

	if (len == 0)
		return GH_PII_GAP_START;
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

/* The last three letters of a word, or the last one of a shorter word. */
static inline uint32_t suffix_of(const uint8_t *word, size_t len)
{
	size_t is_long = len > 2;
	uint32_t one = word[len - 1], two = word[len - 1 - is_long],
	         three = word[len - 1 - 2 * is_long];

	return one | 0x20u | (two << 8 | three << 16 | 0x202000u) * (uint32_t)is_long;
}

/* The gazetteer's flags in 13 bits: places in two steps, how common a word is in four (0 is one of
 * them: unheard of), no bare names. */
static inline uint16_t brief(uint32_t f)
{
	uint32_t common = GH_PII_GAZ_COMMON(f);

	return (uint16_t)((f & 15u) | (f >> 5 & 1u) << 4 | (common + (common < 7)) >> 1 << 5 |
	                  (f >> 9 & 63u) << 7);
}

void gh_pii_tagger_ready(const struct gh_pii_tagger *tagger, struct gh_slice text, size_t before,
                         struct gh_pii_tag_word *token)
{
	const uint8_t *word = text.data + token->start;
	size_t len = token->end - token->start;

	if (!token->asked)
		token->gaz = gh_pii_tagger_gaz(tagger, token->hash);
	token->asked = true;
	token->brief = brief(token->gaz);
	token->shape = (uint8_t)shape_of(word, len, text.data + text.len);
	token->gap = (uint8_t)(token->start == before + 1
	                           ? short_gap(word[-1])
	                           : long_gap(text.data + before, token->start - before));
	token->suffix = suffix_of(word, len);
	token->ready = true;
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
static inline uint32_t row_of(unsigned bits, uint64_t odd, uint64_t value)
{
	uint64_t h = value * odd;

	return (uint32_t)((h ^ h << 23) >> (64 - bits));
}

static inline uint64_t both(uint64_t a, uint64_t b)
{
	return (a << 27 | a >> 37) ^ b * UINT64_C(0x165667B19E3779F9);
}

static uint32_t length_class(const struct gh_pii_tag_word *token)
{
	static const uint8_t classes[] = { 0, 1, 2, 3, 4, 4, 5, 5, 5, 6, 6, 6, 6, 7 };
	uint32_t len = token->end - token->start, last = GH_ARRAY_LEN(classes) - 1;

	return classes[len < last ? len : last];
}

void gh_pii_tagger_features(const struct gh_pii_tagger *tagger, const struct gh_pii_tag_word *t,
                            uint32_t rows[GH_PII_TAGGER_FEATURES])
{
	uint64_t b1 = t[-1].brief, n0 = t->brief, n1 = t[1].brief;
	uint64_t shape = t->shape, gap = t->gap, next = t[1].gap, before = t[-1].shape;
	unsigned bits = tagger->row_bits;
	uint64_t shapes = (((uint64_t)t[-2].shape << 4 | before) << 4 | shape) << 4 | t[1].shape;

	rows[0] = row_of(bits, UINT64_C(0xF2A74DE452E6B439), t->hash + shape);
	rows[1] = row_of(bits, UINT64_C(0xE513270E269E0D37), both(t[-1].hash, gap << 4 | shape));
	rows[2] = row_of(bits, UINT64_C(0x9818E811892F902B), (uint64_t)t->suffix << 4 | shape);
	rows[3] = row_of(bits, UINT64_C(0x9531985D5D9DC9F9), (uint64_t)t->gaz << 4 | shape);
	rows[4] =
	    row_of(bits, UINT64_C(0xE8E25D940ED90475), (b1 << 13 | before << 9) | gap << 4 | shape);
	rows[5] = row_of(bits, UINT64_C(0xB6F675CC81E74EF5),
	                 (n1 << 13 | (uint64_t)t[1].shape << 9) | next << 4 | shape);
	rows[6] = row_of(bits, UINT64_C(0x9600A35A099950D9), (b1 << 13 | n0) << 5 | gap);
	rows[7] = row_of(bits, UINT64_C(0xBD9C172411E20B8F),
	                 shapes << 14 | (uint64_t)t[2].shape << 10 | gap << 5 | next);
	rows[8] = row_of(bits, UINT64_C(0x8D116ECE1738F7D9),
	                 ((gap << 5 | next) << 4 | shape) << 3 | length_class(t));
	rows[9] = row_of(bits, UINT64_C(0x8F21DDB66CAD4A27),
	                 both(t[-2].hash + t[-1].hash * 3, gap << 4 | shape));
}

/* ---- decoding ---- */

#ifdef __SSE2__
#include <emmintrin.h>
static inline gh_pii_scores greater(gh_pii_scores a, gh_pii_scores b)
{
	return (gh_pii_scores)_mm_max_epi16((__m128i)a, (__m128i)b);
}

/* Each byte in the upper half of a number, then shifted down. */
static inline gh_pii_scores widen(const int8_t *row)
{
	__m128i bytes = _mm_loadl_epi64((const __m128i *)(const void *)row);

	return (gh_pii_scores)_mm_srai_epi16(_mm_unpacklo_epi8(_mm_setzero_si128(), bytes), 8);
}
#else
static inline gh_pii_scores greater(gh_pii_scores a, gh_pii_scores b)
{
	gh_pii_scores mask = a > b;

	return (a & mask) | (b & ~mask);
}

static inline gh_pii_scores widen(const int8_t *row)
{
	typedef int8_t bytes __attribute__((vector_size(GH_PII_TAG_COUNT)));
	bytes eight;

	memcpy(&eight, row, sizeof eight);
	return __builtin_convertvector(eight, gh_pii_scores);
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

	for (unsigned i = 0; i < GH_PII_TAGGER_FEATURES; i++)
		sum += widen(tagger->rows + (size_t)rows[i] * GH_PII_TAG_COUNT);
	if (token->shape == DIGITS || token->shape == WITH_DIGITS)
		favour = NEVER;
	return sum + (gh_pii_scores){ 0, favour, favour };
}

void gh_pii_tagger_fetch(const struct gh_pii_tagger *tagger, const struct gh_pii_tag_word *token,
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

/* Whether no labelling with a name in it can be the best one: if in each place the name's weight is
 * so far below that of no label at all that no move between labels makes up for it. */
static bool is_nameless(const struct gh_pii_tagger *tagger, const gh_pii_scores *weight,
                        size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int name = greater_of(weight[i][GH_PII_TAG_NAME], weight[i][GH_PII_TAG_NAME_ON]);
		if (name + tagger->name_gain >= weight[i][GH_PII_TAG_O])
			return false;
	}
	return true;
}

/* The first place that holds 0, which one does; told without a jump. */
static inline uint8_t first_zero(gh_pii_scores a)
{
	uint8_t at = GH_PII_TAG_COUNT - 1;

	for (uint8_t i = GH_PII_TAG_COUNT - 1; i-- > 0;)
		at = a[i] == 0 ? i : at;
	return at;
}

/* The best path through each label, from both ends. */
static void decode(const struct gh_pii_tagger *tagger, const struct gh_pii_tag_word *tokens,
                   const gh_pii_scores *weight, size_t count, uint8_t *labels, int16_t *margins)
{
	/* Not cleared: each is written before it is read. */
	__attribute__((uninitialized)) gh_pii_scores path[GH_PII_TAGGER_SEGMENT];
	static const gh_pii_scores no_name = { 0, LOW, LOW };
	static const gh_pii_scores only_name = { LOW, 0, 0, LOW, LOW, LOW, LOW, LOW };
	gh_pii_scores rest = { 0 };

	path[0] = level(weight[0] +
	                (tokens[0].gap == GH_PII_GAP_COMMA ? tagger->first_on : tagger->first));
	for (size_t i = 1; i < count; i++)
		path[i] = level(weight[i] + step(tagger->moves, path[i - 1]));
	for (size_t i = count; i-- > 0;) {
		gh_pii_scores all = level(path[i] + rest);
		labels[i] = first_zero(all);
		margins[i] = (int16_t)(greatest(all + only_name)[0] - greatest(all + no_name)[0]);
		if (i > 0)
			rest = level(step(tagger->moves_back, rest + weight[i]));
	}
}

bool gh_pii_tagger_label(const struct gh_pii_tagger *tagger, const struct gh_pii_tag_word *tokens,
                         const uint32_t rows[][GH_PII_TAGGER_FEATURES], size_t count,
                         int16_t favour, uint8_t *labels, int16_t *margins)
{
	/* Not cleared: each is written before it is read. */
	__attribute__((uninitialized)) gh_pii_scores weight[GH_PII_TAGGER_SEGMENT];

	for (size_t i = 0; i < count; i++)
		weight[i] = weigh(tagger, rows[i], &tokens[i], favour);
	if (is_nameless(tagger, weight, count))
		return false;
	decode(tagger, tokens, weight, count, labels, margins);
	return true;
}

uint8_t gh_pii_tagger_confidence(const struct gh_pii_tagger *tagger, int margin)
{
	unsigned i = 0;

	for (unsigned step = GH_PII_TAGGER_LEVELS / 2; step > 0; step /= 2)
		if (margin >= tagger->levels[i + step])
			i += step;
	return tagger->confidence[i];
}
