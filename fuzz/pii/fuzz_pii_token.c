/* Tokens in a text that somebody else wrote: only those that this session has minted come back as
 * their values, byte for byte as minted; everything else stays as it is. A '\1' in the input stands
 * for the minted token, so that the fuzzer can cut it up and build on it. */
#include "fuzz_pii.h"

static void expand(struct gh_slice in, struct gh_slice token, struct gh_buf *out)
{
	for (size_t i = 0; i < in.len; i++) {
		if (in.data[i] == 1)
			gh_buf_add_slice(out, token);
		else if (in.data[i] == 2) /* without its end */
			gh_buf_add_slice(out, gh_slice_sub(token, 0, token.len / 2));
		else if (in.data[i] == 3)
			gh_buf_add_slice(out, gh_slice_sub(token, token.len / 2, token.len));
		else
			gh_buf_add_byte(out, in.data[i]);
	}
}

/* The plain way to say what restoring means. */
static void expect(struct gh_slice in, struct gh_slice token, struct gh_buf *out)
{
	for (size_t i = 0; i < in.len;) {
		if (gh_slice_starts_with(gh_slice_sub(in, i, token.len), token)) {
			gh_buf_add_str(out, FUZZ_ADDRESS);
			i += token.len;
		} else {
			gh_buf_add_byte(out, in.data[i++]);
		}
	}
}

static void check_genuine(struct gh_slice text, struct gh_slice token)
{
	enum gh_pii_class class;

	for (size_t i = 0; i < text.len; i++) {
		struct gh_slice piece = gh_slice_sub(text, i, token.len);
		if (!gh_pii_token_is_genuine(fuzz_key, piece, &class))
			continue;
		CHECK(class == GH_PII_EMAIL || piece.data[0] == '[');
		/* Another identity with a check that fits is one in a million: not an error. What
		 * looks like ours up to the check must be ours. */
		if (memcmp(piece.data, token.data, token.len - 5) == 0)
			CHECK(gh_slice_eq(piece, token));
	}
	CHECK(gh_pii_token_is_genuine(fuzz_key, token, &class) && class == GH_PII_EMAIL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gh_buf token = { 0 }, text = { 0 }, restored = { 0 }, wanted = { 0 };
	struct fuzz_session fuzz;
	bool changed;

	if (size > 1024)
		return 0;
	fuzz_open_met(&fuzz, &token);
	expand(gh_slice(data, size), gh_buf_slice(&token), &text);
	uint8_t *copy = fuzz_copy(gh_buf_slice(&text));
	const struct gh_slice in = gh_slice(copy, text.len);

	OK(gh_pii_session_restore(fuzz.session, GH_PII_OUTPUT, in, &restored, &changed));
	expect(in, gh_buf_slice(&token), &wanted);
	CHECK(gh_slice_eq(gh_buf_slice(&restored), gh_buf_slice(&wanted)));
	CHECK(changed == !gh_slice_eq(gh_buf_slice(&restored), in));
	/* Not on the channel that it was taken out of. */
	gh_buf_clear(&restored);
	OK(gh_pii_session_restore(fuzz.session, GH_PII_PROMPT, in, &restored, &changed));
	CHECK(!changed && gh_slice_eq(gh_buf_slice(&restored), in));
	check_genuine(in, gh_buf_slice(&token));
	/* Tokens are not personal data: a second pass leaves them alone. */
	gh_buf_clear(&restored);
	OK(gh_pii_session_rewrite(fuzz.session, GH_PII_PROMPT, gh_slice(NULL, 0),
	                          gh_buf_slice(&token), 0, token.len, &restored, &changed));
	CHECK(!changed);
	fuzz_close(&fuzz);
	gh_buf_free(&token);
	gh_buf_free(&text);
	gh_buf_free(&restored);
	gh_buf_free(&wanted);
	free(copy);
	return 0;
}
