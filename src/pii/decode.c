#include "pii/decode.h"

#include <stdlib.h>

#include "base/secret.h"
#include "pii/detect.h"

#define LEAST_CONFIDENCE 40 /* below it an encoded finding is a guess about a guess */
#define WRAPPED_LINE     60 /* base64 goes on over a line end behind a line this long */

/* Whether decoded bytes are text: UTF-8 without control characters, but for one byte in 16. */
struct judge {
	size_t seen, bad;
	unsigned more; /* bytes that a sequence still wants */
};

enum { PLAIN, MORE, NEVER, TWO, THREE, FOUR };
/* What a byte is to UTF-8; a sequence of n wants n - 1 more. */
static const uint8_t utf8[256] = {
	[0 ... 8] = NEVER,       [0xb ... 0xc] = NEVER,   [0xe ... 0x1f] = NEVER,
	[0x7f] = NEVER,          [0x80 ... 0xbf] = MORE,  [0xc0 ... 0xc1] = NEVER,
	[0xc2 ... 0xdf] = TWO,   [0xe0 ... 0xef] = THREE, [0xf0 ... 0xf4] = FOUR,
	[0xf5 ... 0xff] = NEVER,
};

/* What stands for `c` in the scanned text: itself, or a space. */
static inline uint8_t judge_byte(struct judge *judge, uint8_t c)
{
	uint8_t what = utf8[c];

	judge->seen++;
	if (what == PLAIN) {
		judge->bad += judge->more > 0;
		judge->more = 0;
		return c;
	}
	if (what == MORE && judge->more > 0) {
		judge->more--;
		return c;
	}
	judge->more = what >= TWO ? what - (unsigned)TWO + 1 : 0;
	if (what >= TWO)
		return c;
	judge->bad++;
	return ' ';
}

static bool is_text(const struct judge *judge)
{
	return judge->bad <= 1 + judge->seen / 16;
}

static void make_values(struct gh_pii_decoder *decoder)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_";

	memset(decoder->value, -1, sizeof decoder->value);
	for (size_t i = 0; digits[i]; i++)
		decoder->value[(uint8_t)digits[i]] = (int8_t)(i < 64 ? i : i - 2);
	decoder->is_made = true;
}

static gh_result make_room(struct gh_pii_decoder *decoder, size_t len)
{
	if (decoder->capacity >= len)
		return GH_OK;
	size_t capacity = len < 4096 ? 4096 : len;
	gh_wipe(decoder->text, decoder->capacity);
	free(decoder->text);
	decoder->text = malloc(capacity);
	decoder->capacity = decoder->text ? capacity : 0;
	GH_ENSURE(decoder->text, GH_E_MEMORY, "out of memory");
	return GH_OK;
}

void gh_pii_decoder_free(struct gh_pii_decoder *decoder)
{
	gh_wipe(decoder->text, decoder->capacity);
	free(decoder->text);
	free(decoder->runs);
	free(decoder->found);
	gh_pii_matches_free(&decoder->inner);
	*decoder = (struct gh_pii_decoder){ 0 };
}

/* ---- runs ---- */

/* Over a line end inside wrapped base64: the length of the line end, or 0. */
static size_t line_joint(const struct gh_pii_decoder *decoder, struct gh_slice text, size_t line,
                         size_t end)
{
	size_t joint = end;

	if (end - line < WRAPPED_LINE || (end - line) % 4 != 0)
		return 0;
	joint += joint < text.len && text.data[joint] == '\r';
	joint += joint < text.len && text.data[joint] == '\n';
	return joint > end && joint < text.len && text.data[joint - 1] == '\n' &&
	               decoder->value[text.data[joint]] >= 0
	           ? joint - end
	           : 0;
}

bool gh_pii_decoder_note(struct gh_pii_decoder *decoder, struct gh_slice text, size_t start,
                         size_t end)
{
	size_t floor = decoder->run_count > 0 ? decoder->runs[decoder->run_count - 1].end : 0;
	size_t joint, word = start;

	if (!decoder->is_made)
		make_values(decoder);
	if (start < floor)
		return true;
	while (start > floor && decoder->value[text.data[start - 1]] >= 0)
		start--;
	for (size_t line = start;;) {
		while (end < text.len && decoder->value[text.data[end]] >= 0)
			end++;
		joint = line_joint(decoder, text, line, end);
		if (joint == 0)
			break;
		end += joint;
		line = end;
	}
	for (joint = 0; joint < 2 && end < text.len && text.data[end] == '='; joint++)
		end++;
	if (end - start < GH_PII_ENCODED_LEAST)
		return true;
	if (decoder->run_count == decoder->run_capacity) {
		size_t capacity = decoder->run_capacity ? decoder->run_capacity * 2 : 64;
		struct gh_pii_run *runs = realloc(decoder->runs, capacity * sizeof *runs);
		if (!runs)
			return false;
		decoder->runs = runs;
		decoder->run_capacity = capacity;
	}
	decoder->runs[decoder->run_count++] =
	    (struct gh_pii_run){ (uint32_t)start, (uint32_t)end, (uint32_t)word };
	return true;
}

/* ---- decoding; each gives the number of bytes, 0 when they are no text ---- */

static unsigned nibble(uint8_t c)
{
	return gh_pii_is_digit(c) ? c - (unsigned)'0' : (c | 0x20u) - 'a' + 10;
}

static bool is_hex(uint8_t c)
{
	return gh_pii_is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static size_t from_hex(struct gh_slice in, uint8_t *out)
{
	struct judge judge = { 0 };
	size_t len = 0;

	if (in.len % 2)
		return 0;
	for (size_t i = 0; i < in.len; i += 2) {
		if (!is_hex(in.data[i]) || !is_hex(in.data[i + 1]))
			return 0;
		out[len++] =
		    judge_byte(&judge, (uint8_t)(nibble(in.data[i]) << 4 | nibble(in.data[i + 1])));
		if (!is_text(&judge))
			return 0;
	}
	return len;
}

static size_t from_base64(const struct gh_pii_decoder *decoder, struct gh_slice in, uint8_t *out)
{
	struct judge judge = { 0 };
	uint32_t bits = 0;
	unsigned have = 0;
	size_t len = 0;

	for (size_t i = 0; i < in.len; i++) {
		int value = decoder->value[in.data[i]];
		if (value < 0)
			continue; /* a line end, or the padding */
		bits = bits << 6 | (uint32_t)value;
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		out[len++] = judge_byte(&judge, (uint8_t)(bits >> have));
		if (!is_text(&judge))
			return 0;
	}
	return len >= 6 ? len : 0;
}

/* A run may begin inside another, as a stream's windows do: all four alignments are tried. What is
 * no text fails within a few bytes. */
static size_t decode_run(struct gh_pii_decoder *decoder, struct gh_slice in)
{
	size_t len = from_hex(in, decoder->text);

	for (size_t skip = 0; len == 0 && skip < 4; skip++)
		len = from_base64(decoder, gh_slice_sub(in, skip, in.len - skip), decoder->text);
	return len;
}

static bool is_escape(struct gh_slice text, size_t at)
{
	return at + 2 < text.len && text.data[at] == '%' && is_hex(text.data[at + 1]) &&
	       is_hex(text.data[at + 2]);
}

/* How many bytes the next decoded one takes. */
static size_t escape_length(struct gh_slice text, size_t at)
{
	return is_escape(text, at) ? 3 : 1;
}

/* '+' is a space in forms, which are told by their '='. */
static size_t from_percent(struct gh_slice in, uint8_t *out)
{
	bool is_form = memchr(in.data, '=', in.len) != NULL;
	struct judge judge = { 0 };
	size_t len = 0;

	for (size_t i = 0; i < in.len; i += escape_length(in, i)) {
		uint8_t c = in.data[i];
		if (is_escape(in, i))
			c = (uint8_t)(nibble(in.data[i + 1]) << 4 | nibble(in.data[i + 2]));
		else if (c == '+' && is_form)
			c = ' ';
		out[len++] = judge_byte(&judge, c);
	}
	return is_text(&judge) ? len : 0;
}

/* ---- findings ---- */

static gh_result keep(struct gh_pii_decoder *decoder, const struct gh_pii_match *match)
{
	if (decoder->found_count == decoder->found_capacity) {
		size_t capacity = decoder->found_capacity ? decoder->found_capacity * 2 : 16;
		struct gh_pii_match *found = realloc(decoder->found, capacity * sizeof *found);
		GH_ENSURE(found, GH_E_MEMORY, "out of memory");
		decoder->found = found;
		decoder->found_capacity = capacity;
	}
	decoder->found[decoder->found_count++] = *match;
	return GH_OK;
}

/* A run has one class only: that of its most harmful finding. */
static unsigned harm(const struct gh_pii_match *match)
{
	static const uint8_t rank[GH_PII_CLASS_COUNT] = {
		[GH_PII_CREDENTIAL] = 9, [GH_PII_PAYMENT_CARD] = 8, [GH_PII_GOV_ID] = 7,
		[GH_PII_EMAIL] = 6,      [GH_PII_PHONE] = 5,        [GH_PII_ADDRESS] = 4,
		[GH_PII_NAME] = 3,       [GH_PII_HEALTH] = 2,       [GH_PII_BIOMETRIC] = 1,
	};

	return (match->confidence >= 50 ? 1000u : 0u) + rank[match->class] * 10u +
	       match->confidence / 11u;
}

static gh_result look_into_run(struct gh_pii_decoder *decoder, struct gh_slice text,
                               const struct gh_pii_run *run, uint64_t key)
{
	const struct gh_pii_match *worst = NULL;
	size_t start = run->start;

	GH_TRY(make_room(decoder, run->end - start));
	size_t len = decode_run(decoder, gh_slice_sub(text, start, run->end - start));
	/* "/files/…": a '/' in front is a digit of base64, and no part of it. */
	if (len == 0 && run->word > start && run->end - run->word >= GH_PII_ENCODED_LEAST) {
		start = run->word;
		len = decode_run(decoder, gh_slice_sub(text, start, run->end - start));
	}
	if (len == 0)
		return GH_OK;
	GH_TRY(gh_pii_scan_plain(gh_slice(decoder->text, len), key, &decoder->inner));
	for (size_t i = 0; i < decoder->inner.count; i++) {
		const struct gh_pii_match *match = &decoder->inner.items[i];
		if (match->confidence >= LEAST_CONFIDENCE && (!worst || harm(match) > harm(worst)))
			worst = match;
	}
	if (!worst)
		return GH_OK;
	struct gh_pii_match found = *worst;
	found.start = (uint32_t)start;
	found.end = run->end;
	return keep(decoder, &found);
}

/* Inner places become outer ones in one walk: matches are disjoint and in order. */
static gh_result keep_percent(struct gh_pii_decoder *decoder, struct gh_slice in, size_t base)
{
	size_t outer = 0, inner = 0;

	for (size_t i = 0; i < decoder->inner.count; i++) {
		struct gh_pii_match match = decoder->inner.items[i];
		for (; inner < match.start; inner++)
			outer += escape_length(in, outer);
		size_t start = outer;
		for (; inner < match.end; inner++)
			outer += escape_length(in, outer);
		match.start = (uint32_t)(base + start);
		match.end = (uint32_t)(base + outer);
		if (match.confidence >= LEAST_CONFIDENCE)
			GH_TRY(keep(decoder, &match));
	}
	return GH_OK;
}

static bool ends_encoded(uint8_t c)
{
	return c <= ' ' || c == '"' || c == '\'' || c == '<' || c == '>' || c == '`' || c == '\\';
}

static gh_result look_into_percent(struct gh_pii_decoder *decoder, struct gh_slice text,
                                   uint64_t key)
{
	size_t done = 0;

	while (done < text.len) {
		const uint8_t *sign = memchr(text.data + done, '%', text.len - done);
		if (!sign)
			return GH_OK;
		size_t start = (size_t)(sign - text.data), end = start + 1, floor = done;
		done = end;
		if (!is_escape(text, start))
			continue;
		while (start > floor && !ends_encoded(text.data[start - 1]))
			start--;
		while (end < text.len && !ends_encoded(text.data[end]))
			end++;
		done = end;
		struct gh_slice in = gh_slice_sub(text, start, end - start);
		GH_TRY(make_room(decoder, in.len));
		size_t len = from_percent(in, decoder->text);
		if (len < 6)
			continue;
		GH_TRY(gh_pii_scan_plain(gh_slice(decoder->text, len), key, &decoder->inner));
		GH_TRY(keep_percent(decoder, in, start));
	}
	return GH_OK;
}

/* ---- merging ---- */

static bool starts_before(const struct gh_pii_match *a, const struct gh_pii_match *b)
{
	return a->start != b->start ? a->start < b->start : a->end > b->end;
}

static int by_place(const void *a, const void *b)
{
	return starts_before(a, b) ? -1 : starts_before(b, a);
}

/* Both lists are in order: the outer one moves up to make room, then they interleave. */
static gh_result merge(struct gh_pii_decoder *decoder, struct gh_pii_matches *out)
{
	size_t total = out->count + decoder->found_count, at = total;
	size_t outer = out->count, inner = decoder->found_count;

	GH_ENSURE(total <= GH_PII_MAX_MATCHES, GH_E_LIMIT, "a text holds too many matches");
	qsort(decoder->found, inner, sizeof *decoder->found, by_place);
	if (total > out->capacity) {
		struct gh_pii_match *items = realloc(out->items, total * sizeof *items);
		GH_ENSURE(items, GH_E_MEMORY, "out of memory");
		out->items = items;
		out->capacity = total;
	}
	while (inner > 0) {
		bool take_outer =
		    outer > 0 && starts_before(&decoder->found[inner - 1], &out->items[outer - 1]);
		out->items[--at] = take_outer ? out->items[--outer] : decoder->found[--inner];
	}
	out->count = total;
	return GH_OK;
}

/* Whether a credential stands in the run already. `*next` walks along with the runs. */
static bool holds_credential(const struct gh_pii_matches *out, const struct gh_pii_run *run,
                             size_t *next)
{
	while (*next < out->count && out->items[*next].end <= run->start)
		++*next;
	for (size_t i = *next; i < out->count && out->items[i].start < run->end; i++)
		if (out->items[i].class == GH_PII_CREDENTIAL && out->items[i].confidence >= 50)
			return true;
	return false;
}

gh_result gh_pii_decoder_look(struct gh_pii_decoder *decoder, struct gh_slice text, uint64_t key,
                              struct gh_pii_matches *out)
{
	enum gh_code code = GH_OK;
	size_t next = 0;

	decoder->found_count = 0;
	for (size_t i = 0; i < decoder->run_count && code == GH_OK; i++)
		if (!holds_credential(out, &decoder->runs[i], &next))
			code = look_into_run(decoder, text, &decoder->runs[i], key);
	decoder->run_count = 0;
	if (code == GH_OK)
		code = look_into_percent(decoder, text, key);
	GH_TRY(code);
	return decoder->found_count > 0 ? merge(decoder, out) : GH_OK;
}
