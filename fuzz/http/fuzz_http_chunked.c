/* The chunked decoder on any bytes: the same body, end and verdict for every split, nothing outside
 * of the input, and a refusal that stays. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "net/http_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
	if (!holds)
		abort();
}

struct decoded {
	struct gh_buf body;
	enum gh_http_step step;
	size_t used;
};

static void feed(struct decoded *out, struct gh_http_chunked *chunked, const uint8_t *data,
                 size_t len)
{
	uint8_t *bytes = malloc(len ? len : 1);
	struct gh_slice in = gh_slice(bytes, len), piece;
	enum gh_http_fault fault;

	memcpy(bytes, data, len);
	while (in.len > 0 && out->step == GH_HTTP_MORE) {
		size_t before = in.len;
		out->step = gh_http_chunked(chunked, &in, &piece, &fault);
		check((out->step == GH_HTTP_REFUSED) == (fault != GH_HTTP_FAULT_NONE));
		check(out->step != GH_HTTP_MORE || in.len < before);
		check(piece.len == 0 ||
		      (piece.data >= bytes && piece.data + piece.len <= bytes + len));
		gh_buf_add_slice(&out->body, piece);
	}
	out->used += len - in.len;
	free(bytes);
}

static struct decoded decode(const uint8_t *data, size_t size, size_t stride)
{
	struct gh_http_chunked chunked = { 0 };
	struct decoded out = { .step = GH_HTTP_MORE };

	for (size_t at = 0; at < size && out.step == GH_HTTP_MORE; at += stride)
		feed(&out, &chunked, data + at, size - at < stride ? size - at : stride);
	if (out.step == GH_HTTP_REFUSED) {
		const uint8_t more[] = "0\r\n\r\n";
		struct decoded again = { .step = GH_HTTP_MORE };
		feed(&again, &chunked, more, sizeof more - 1);
		check(again.step == GH_HTTP_REFUSED);
		gh_buf_free(&again.body);
	}
	return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 8192)
		return 0;
	struct decoded whole = decode(data, size, size ? size : 1);

	check(whole.body.len <= size);
	for (size_t stride = 1; stride < 8; stride++) {
		struct decoded parts = decode(data, size, stride);
		check(parts.step == whole.step && parts.body.len == whole.body.len);
		check(whole.step == GH_HTTP_REFUSED || parts.used == whole.used);
		check(whole.body.len == 0 ||
		      memcmp(parts.body.data, whole.body.data, whole.body.len) == 0);
		gh_buf_free(&parts.body);
	}
	gh_buf_free(&whole.body);
	return 0;
}
