#include "pii/text_stream.h"

#include <stdlib.h>

#include "pii/custom.h"
#include "pii/detect.h"
#include "pii/fold.h"
#include "pii/names.h"

#define CONTEXT_BYTES     64  /* already out, still in view */
#define NAME_CONTEXT      160 /* the same where a name may stand */
#define LOOKAHEAD_BYTES   64
#define NAME_BYTES        192 /* behind a word, for whether it is part of a name */
#define MAX_WORD_BYTES    256
#define MAX_ENCODED_BYTES 4096 /* of a word that may be base64, hexadecimal or percent-encoded */
#define MAX_HELD_BYTES                                                                             \
	16384 /* a private key, a token; beyond it the unit is taken as it stands                  \
	       */

struct gh_pii_text_stream {
	struct gh_pii_session *session;
	enum gh_pii_channel channel;
	size_t custom_width;   /* the longest match of the tenant's own patterns; 0: none */
	bool holds_names;      /* names are replaced, not only told */
	bool holds_addresses;  /* the same */
	struct gh_buf context; /* raw */
	struct gh_buf held;    /* raw, not yet out */
	size_t wanted;         /* that much must be held before anything can be decided */
	struct gh_buf window, fresh;
	struct gh_pii_matches matches;
	struct gh_pii_names names;
	struct gh_pii_fold fold;
	bool in_names; /* the unit at hand may be one */
	size_t looked; /* held[0, looked) did not say what is a name; 0: nothing asks */
	/* A unit that waits for more text: what begins it, and where a match leaves it (0: none
	 * known). */
	size_t settled, reach;
	/* The word that has not ended yet: held[word_from, word_seen) was read. */
	size_t word_from, word_seen;
	bool word_encoded;
};

gh_result gh_pii_text_stream_open(struct gh_pii_session *session, enum gh_pii_channel channel,
                                  struct gh_pii_text_stream **out)
{
	struct gh_pii_text_stream *stream = calloc(1, sizeof *stream);

	GH_ENSURE(stream, GH_E_MEMORY, "out of memory");
	stream->session = session;
	stream->channel = channel;
	if (gh_pii_session_custom(session))
		stream->custom_width = gh_pii_custom_width(gh_pii_session_custom(session));
	stream->holds_names = gh_pii_session_replaces(session, channel, GH_PII_NAME);
	stream->holds_addresses = gh_pii_session_replaces(session, channel, GH_PII_ADDRESS);
	stream->context.secret = stream->held.secret = true;
	stream->window.secret = stream->fresh.secret = true;
	*out = stream;
	enum gh_code code = gh_pii_names_open(&stream->names);
	if (code != GH_OK) {
		gh_pii_text_stream_close(stream);
		*out = NULL;
	}
	return code;
}

void gh_pii_text_stream_close(struct gh_pii_text_stream *stream)
{
	if (!stream)
		return;
	gh_buf_free(&stream->context);
	gh_buf_free(&stream->held);
	gh_buf_free(&stream->window);
	gh_buf_free(&stream->fresh);
	gh_pii_matches_free(&stream->matches);
	gh_pii_names_close(&stream->names);
	gh_pii_fold_free(&stream->fold);
	free(stream);
}

size_t gh_pii_text_stream_held(const struct gh_pii_text_stream *stream)
{
	return stream->held.len;
}

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static bool may_be_encoded(uint8_t c)
{
	return gh_pii_is_alnum(c) || (c && strchr("+/=_-%&.?:", c));
}

/* The end of the unit that begins at `from`: behind a white-space byte, or behind a character of a
 * script that is written without spaces; at most MAX_WORD_BYTES, or MAX_ENCODED_BYTES for what may
 * be encoded. 0: not known yet. */
static size_t word_end(struct gh_pii_text_stream *stream, size_t from)
{
	struct gh_slice text = gh_buf_slice(&stream->held);

	/* What was read of this word before the last piece came is not read again. */
	if (stream->word_from != from || stream->word_seen <= from) {
		stream->word_from = stream->word_seen = from;
		stream->word_encoded = true;
	}
	bool encoded = stream->word_encoded;
	size_t i = stream->word_seen;
	for (; i < text.len; i++) {
		uint8_t c = text.data[i];
		if (is_space(c))
			return i + 1;
		if (c >= 0xe2) {
			size_t len = c >= 0xf0 ? 4 : 3, have = 1;
			while (have < len && i + have < text.len &&
			       (text.data[i + have] & 0xc0) == 0x80)
				have++;
			if (have == len)
				return i + len;
			if (i + have == text.len)
				break;
		}
		encoded = encoded && may_be_encoded(c);
		if (i - from >= (encoded ? MAX_ENCODED_BYTES : MAX_WORD_BYTES) &&
		    (c & 0xc0) != 0x80)
			return i;
	}
	stream->word_seen = i;
	stream->word_encoded = encoded;
	return 0;
}

/* Its first letter is a capital of Latin, or of a script whose letters take two bytes. */
static bool is_capitalised(struct gh_slice word)
{
	size_t i = 0;

	while (i < word.len && word.data[i] < 0x80 && !gh_pii_is_alpha(word.data[i]))
		i++;
	if (i == word.len)
		return false;
	uint8_t c = word.data[i];
	return c >= 'Z' + 1 ? c >= 0xc3 && c < 0xe2 : true;
}

/* Nothing in it that could begin or belong to a match that is replaced. */
static bool is_quiet(const struct gh_pii_text_stream *stream, struct gh_slice word)
{
	if (stream->holds_addresses && is_capitalised(word))
		return false;
	if (word.len > 24 || stream->custom_width > 0)
		return false;
	for (size_t i = 0; i < word.len; i++) {
		uint8_t c = word.data[i];
		if (gh_pii_is_digit(c) || c == '@' || c == '+' || c == '(' || c == '[' ||
		    (c == '-' && i + 1 < word.len && word.data[i + 1] == '-'))
			return false;
	}
	return true;
}

/* To whole words, where there are any: half of one may look like another. */
static void trim_context(struct gh_pii_text_stream *stream)
{
	const struct gh_buf *context = &stream->context;

	if (context->len <= NAME_CONTEXT)
		return;
	size_t from = context->len - NAME_CONTEXT, at = from;
	while (at < context->len && !is_space(context->data[at - 1]))
		at++;
	gh_buf_consume(&stream->context, at < context->len ? at : from);
}

/* Puts the end of the context and held[0, seen) in the window; returns where held begins in it. */
static size_t fill_window(struct gh_pii_text_stream *stream, size_t seen, size_t most_context)
{
	struct gh_slice context = gh_buf_slice(&stream->context);
	size_t drop = context.len > most_context ? context.len - most_context : 0;

	gh_buf_clear(&stream->window);
	gh_buf_add_slice(&stream->window, gh_slice_sub(context, drop, most_context));
	gh_buf_add(&stream->window, stream->held.data, seen);
	return stream->window.len - seen;
}

static size_t context_of(const struct gh_pii_text_stream *stream)
{
	return stream->in_names ? NAME_CONTEXT : CONTEXT_BYTES;
}

/* How much of held must be seen before it is settled what in held[0, end) is a name. *far 0: more
 * than there is. *touched: whether anything in it may be one. */
static gh_result name_horizon(struct gh_pii_text_stream *stream, size_t end, bool ended,
                              size_t *far, bool *touched)
{
	size_t most = end + NAME_BYTES;
	struct gh_slice folded = { 0 };

	*far = end;
	*touched = false;
	if (!stream->holds_names)
		return GH_OK;

	if (most > stream->held.len)
		most = stream->held.len;
	size_t from = fill_window(stream, most, NAME_CONTEXT);
	GH_TRY(gh_buf_check(&stream->window));
	GH_TRY(gh_pii_fold_text(&stream->fold, gh_buf_slice(&stream->window), &folded));
	size_t seen =
	    gh_pii_names_horizon(&stream->names, folded, gh_pii_fold_of(&stream->fold, from),
	                         gh_pii_fold_of(&stream->fold, from + end), touched);
	GH_ENSURE(!stream->names.failed, GH_E_MEMORY, "out of memory");
	if (seen > 0) {
		*far = gh_pii_fold_end(&stream->fold, seen) - from;
		if (*far < end)
			*far = end;
	} else {
		*far = ended || most == end + NAME_BYTES ? most : 0;
		*touched = true;
	}
	return GH_OK;
}

/* Scans context + held[0, seen) and appends held[0, unit) as it may go. */
static gh_result emit(struct gh_pii_text_stream *stream, size_t unit, size_t seen,
                      struct gh_buf *out)
{
	bool changed;
	size_t from = fill_window(stream, seen, context_of(stream));

	gh_buf_clear(&stream->fresh);
	GH_TRY(gh_pii_session_rewrite(stream->session, stream->channel, gh_slice(NULL, 0),
	                              gh_buf_slice(&stream->window), from, from + unit,
	                              &stream->fresh, &changed));
	GH_TRY(gh_pii_session_restore(stream->session, stream->channel,
	                              gh_buf_slice(&stream->fresh), out, &changed));
	gh_buf_add(&stream->context, stream->held.data, unit);
	trim_context(stream);
	gh_buf_consume(&stream->held, unit);
	stream->word_from = stream->word_seen = stream->looked = 0;
	stream->in_names = false;
	return gh_buf_check(out);
}

/* Whether a match crosses `end` in held[0, seen); *to is where it ends. */
static gh_result crosses(struct gh_pii_text_stream *stream, size_t end, size_t seen, size_t *to)
{
	const struct gh_pii_context around =
	    gh_pii_session_context(stream->session, stream->channel, gh_slice(NULL, 0));
	const struct gh_pii_matches *matches = &stream->matches;
	size_t from = fill_window(stream, seen, context_of(stream));

	*to = end;
	GH_TRY(gh_pii_scan(gh_buf_slice(&stream->window), &around, &stream->matches));
	for (size_t i = 0; i < matches->count; i++)
		if (matches->items[i].start < from + end && matches->items[i].end > from + *to)
			*to = matches->items[i].end - from;
	return GH_OK;
}

/* How far to look behind a unit. A long one looks farther, so that growing it to its end takes a
 * few scans and not one for every 64 bytes. */
static size_t lookahead(const struct gh_pii_text_stream *stream, size_t unit)
{
	size_t least =
	    stream->custom_width > LOOKAHEAD_BYTES ? stream->custom_width : LOOKAHEAD_BYTES;

	return unit > 4 * least ? unit / 4 : least;
}

/* What must be seen behind held[0, end). *seen 0: more than there is. */
static gh_result look_ahead(struct gh_pii_text_stream *stream, size_t end, bool ended, bool noisy,
                            size_t *seen, bool *touched)
{
	size_t far = 0;

	*seen = noisy ? end + lookahead(stream, end) : end;
	if (*seen > stream->held.len && !ended) {
		stream->wanted = *seen;
		*seen = 0;
		return GH_OK;
	}
	GH_TRY(name_horizon(stream, end, ended, &far, touched));
	if (far == 0) {
		stream->looked = stream->held.len;
		*seen = 0;
		return GH_OK;
	}
	*seen = *seen > far ? *seen : far;
	*seen = *seen < stream->held.len ? *seen : stream->held.len;
	return GH_OK;
}

/* Grows a unit until no match crosses its end. *unit 0: more text is needed to know; what is known
 * by then is kept, so that no window is scanned twice however small the pieces are. A quiet unit
 * that no name touches goes as it is. */
static gh_result settle(struct gh_pii_text_stream *stream, bool ended, size_t *unit, size_t *seen)
{
	struct gh_slice held = gh_buf_slice(&stream->held);
	size_t end = stream->settled ? stream->settled : *unit;
	bool noisy = stream->settled || !is_quiet(stream, gh_slice_sub(held, 0, end)), touched;

	for (;;) {
		if (stream->reach <= end) {
			GH_TRY(look_ahead(stream, end, ended, noisy, seen, &touched));
			if (*seen == 0) {
				stream->settled = noisy ? end : 0;
				*unit = 0;
				return GH_OK;
			}
			stream->in_names = stream->in_names || touched;
			if (!noisy && !touched)
				return GH_OK;
			noisy = true;
			GH_TRY(crosses(stream, end, *seen, &stream->reach));
		}
		if (stream->reach <= end || end >= MAX_HELD_BYTES) {
			stream->settled = stream->reach = 0;
			*unit = end;
			return GH_OK;
		}
		size_t next = word_end(stream, stream->reach);
		if (next == 0 && !ended) {
			stream->settled = end;
			*unit = 0;
			return GH_OK;
		}
		end = next ? next : held.len;
	}
}

/* Whether a word has ended since names were last looked for in vain. */
static bool has_news(const struct gh_pii_text_stream *stream)
{
	for (size_t i = stream->looked; i < stream->held.len; i++)
		if (!gh_pii_is_alnum(stream->held.data[i]) && stream->held.data[i] < 0x80)
			return true;
	return stream->held.len >= stream->looked + MAX_WORD_BYTES;
}

static gh_result advance(struct gh_pii_text_stream *stream, bool ended, struct gh_buf *out)
{
	if (!ended && (stream->held.len < stream->wanted || (stream->looked && !has_news(stream))))
		return GH_OK;
	stream->wanted = stream->looked = 0;
	while (stream->held.len > 0) {
		struct gh_slice held = gh_buf_slice(&stream->held);
		size_t unit = stream->settled ? stream->settled : word_end(stream, 0), seen = 0;
		if (unit == 0) {
			if (!ended)
				return GH_OK;
			unit = held.len;
		}
		seen = unit;
		GH_TRY(settle(stream, ended, &unit, &seen));
		if (unit == 0)
			return GH_OK;
		GH_TRY(emit(stream, unit, seen, out));
	}
	return GH_OK;
}

gh_result gh_pii_text_stream_feed(struct gh_pii_text_stream *stream, struct gh_slice piece,
                                  struct gh_buf *out)
{
	gh_buf_add_slice(&stream->held, piece);
	GH_TRY(gh_buf_check(&stream->held));
	return advance(stream, false, out);
}

gh_result gh_pii_text_stream_flush(struct gh_pii_text_stream *stream, struct gh_buf *out)
{
	return advance(stream, true, out);
}
