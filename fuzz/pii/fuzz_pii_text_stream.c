/* Text in pieces: what comes out is the same for every cut, what is held back is bounded, and a
 * policy that is off changes nothing. The first eight bytes say where to cut. */
#include "fuzz_pii.h"

#include "pii/text_stream.h"

#define CUT_BYTES  8
#define HELD_LIMIT 32768

static void stream(struct gh_slice text, const uint8_t *cuts, enum gh_pii_mode mode,
                   struct gh_buf *out)
{
	struct gh_buf token = { 0 };
	struct gh_pii_text_stream *stream;
	struct fuzz_session fuzz;
	size_t at = 0;

	if (mode == GH_PII_REVERSIBLE)
		fuzz_open_met(&fuzz, &token);
	else
		fuzz_open(&fuzz, mode);
	OK(gh_pii_text_stream_open(fuzz.session, GH_PII_OUTPUT, &stream));
	for (size_t i = 0; at < text.len; i++) {
		size_t len = cuts ? cuts[i % CUT_BYTES] : text.len;
		struct gh_slice piece = gh_slice_sub(text, at, len);
		uint8_t *copy = fuzz_copy(piece);
		OK(gh_pii_text_stream_feed(stream, gh_slice(copy, piece.len), out));
		CHECK(gh_pii_text_stream_held(stream) <= HELD_LIMIT);
		free(copy);
		at += piece.len;
		/* All cuts zero would never end. */
		if (piece.len == 0 && i % CUT_BYTES == CUT_BYTES - 1) {
			OK(gh_pii_text_stream_feed(stream, gh_slice_sub(text, at, 1), out));
			at++;
		}
	}
	OK(gh_pii_text_stream_flush(stream, out));
	CHECK(gh_pii_text_stream_held(stream) == 0);
	gh_pii_text_stream_close(stream);
	fuzz_close(&fuzz);
	gh_buf_free(&token);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t ones[CUT_BYTES] = { 1, 1, 1, 1, 1, 1, 1, 1 };
	struct gh_buf whole = { 0 }, pieces = { 0 };

	if (size < CUT_BYTES || size > 40000)
		return 0;
	const struct gh_slice text = gh_slice(data + CUT_BYTES, size - CUT_BYTES);

	stream(text, NULL, GH_PII_REVERSIBLE, &whole);
	stream(text, data, GH_PII_REVERSIBLE, &pieces);
	CHECK(gh_slice_eq(gh_buf_slice(&whole), gh_buf_slice(&pieces)));
	if (text.len <= 2048) {
		gh_buf_clear(&pieces);
		stream(text, ones, GH_PII_REVERSIBLE, &pieces);
		CHECK(gh_slice_eq(gh_buf_slice(&whole), gh_buf_slice(&pieces)));
	}
	gh_buf_clear(&pieces);
	stream(text, data, GH_PII_FLAG, &pieces);
	CHECK(gh_slice_eq(gh_buf_slice(&pieces), text));
	gh_buf_free(&whole);
	gh_buf_free(&pieces);
	return 0;
}
