/* What comes behind the head or inside its target: chunked bodies (RFC 9112 section 7.1), query
 * pairs and percent-escapes. Chunk extensions and trailer fields have no use here and are a known
 * way to make two readers disagree, so they are refused. */
#include "net/http_chars.h"
#include "net/http_parse.h"

/* Eight hex digits: a chunk below 4 GiB; the body's limit is the caller's. */
#define CHUNK_DIGITS_MAX 8

enum chunk_state { SIZE, SIZE_LF, DATA, DATA_CR, DATA_LF, END_CR, END_LF, OVER, BROKEN };

/* One byte outside of chunk data. False: it may not stand there. */
static bool take_byte(struct gh_http_chunked *chunked, uint8_t byte)
{
	int digit = gh_hex_value(byte);

	switch (chunked->state) {
	case SIZE:
		if (byte == '\r' && chunked->digits > 0) {
			chunked->state = SIZE_LF;
			return true;
		}
		if (digit < 0 || chunked->digits == CHUNK_DIGITS_MAX)
			return false;
		chunked->left = chunked->left << 4 | (unsigned)digit;
		chunked->digits++;
		return true;
	case SIZE_LF: chunked->state = chunked->left ? DATA : END_CR; return byte == '\n';
	case DATA_CR: chunked->state = DATA_LF; return byte == '\r';
	case DATA_LF:
		chunked->state = SIZE;
		chunked->digits = 0;
		return byte == '\n';
	case END_CR: chunked->state = END_LF; return byte == '\r';
	case END_LF: chunked->state = OVER; return byte == '\n';
	default: return false;
	}
}

enum gh_http_step gh_http_chunked(struct gh_http_chunked *chunked, struct gh_slice *in,
                                  struct gh_slice *data, enum gh_http_fault *fault)
{
	*data = gh_slice(NULL, 0);
	*fault = GH_HTTP_FAULT_NONE;
	while (in->len > 0 && chunked->state != OVER) {
		if (chunked->state == DATA) {
			size_t len = chunked->left < in->len ? (size_t)chunked->left : in->len;
			*data = gh_slice(in->data, len);
			*in = gh_slice_sub(*in, len, in->len);
			chunked->left -= len;
			if (chunked->left == 0)
				chunked->state = DATA_CR;
			return GH_HTTP_MORE;
		}
		if (!take_byte(chunked, in->data[0])) {
			chunked->state = BROKEN;
			*fault = GH_HTTP_FAULT_CHUNK;
			return GH_HTTP_REFUSED;
		}
		*in = gh_slice_sub(*in, 1, in->len);
	}
	return chunked->state == OVER ? GH_HTTP_DONE : GH_HTTP_MORE;
}

bool gh_http_query_next(struct gh_slice *query, struct gh_slice *name, struct gh_slice *value)
{
	struct gh_slice pair;

	while (query->len > 0) {
		gh_slice_split(*query, '&', &pair, query);
		if (pair.len == 0)
			continue;
		gh_slice_split(pair, '=', name, value);
		return true;
	}
	return false;
}

gh_result gh_http_unescape(struct gh_arena *arena, struct gh_slice text, bool plus,
                           struct gh_slice *out)
{
	uint8_t *to = gh_arena_alloc(arena, text.len ? text.len : 1);
	size_t len = 0;

	GH_ENSURE(to, GH_E_LIMIT, "no room to decode a part of a URL");
	for (size_t i = 0; i < text.len; i++) {
		uint8_t byte = text.data[i];
		if (byte == '%') {
			int high = text.len - i >= 3 ? gh_hex_value(text.data[i + 1]) : -1;
			int low = high >= 0 ? gh_hex_value(text.data[i + 2]) : -1;
			GH_ENSURE(low >= 0, GH_E_FORMAT, "a URL holds a malformed escape");
			byte = (uint8_t)(high << 4 | low);
			i += 2;
			GH_ENSURE(byte >= 0x20 && byte != 0x7f, GH_E_FORMAT,
			          "a URL holds an escaped control byte");
		} else if (plus && byte == '+') {
			byte = ' ';
		}
		to[len++] = byte;
	}
	*out = gh_slice(to, len);
	return GH_OK;
}
