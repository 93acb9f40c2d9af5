/* Rewriting a JSON body: what comes out is JSON when what went in was, its shape is the same, and
 * every leaf that was left alone stands there byte for byte. Jansson is the second opinion. */
#include "fuzz_pii.h"

#include "base/json.h"
#include "pii/json_walk.h"
#include "pii/rewrite.h"

#define MAX_LEAVES 4096

struct leaves {
	struct gh_buf text[MAX_LEAVES];
	bool is_number[MAX_LEAVES];
	size_t count;
};

static enum gh_code collect(void *context, const struct gh_json_leaf *leaf, struct gh_buf *out,
                            bool *changed)
{
	struct leaves *leaves = context;

	CHECK(leaves->count < MAX_LEAVES);
	leaves->is_number[leaves->count] = leaf->is_number;
	gh_buf_clear(&leaves->text[leaves->count]);
	gh_buf_add_slice(&leaves->text[leaves->count++], leaf->text);
	return GH_OK;
}

/* Blanks the leaves that differ between `before` and `after`. */
struct blank {
	const struct leaves *before, *after;
	size_t at;
};

static enum gh_code blank_changed(void *context, const struct gh_json_leaf *leaf,
                                  struct gh_buf *out, bool *changed)
{
	struct blank *blank = context;
	size_t i = blank->at++;

	*changed = blank->before->is_number[i] != blank->after->is_number[i] ||
	           !gh_slice_eq(gh_buf_slice(&blank->before->text[i]),
	                        gh_buf_slice(&blank->after->text[i]));
	return GH_OK;
}

static void check_rest_is_untouched(struct gh_slice in, struct gh_slice rewritten)
{
	static struct leaves before, after; /* their buffers are kept from input to input */
	struct gh_buf a = { 0 }, b = { 0 }, none = { 0 };
	struct blank blank = { &before, &after, 0 };

	before.count = after.count = 0;
	OK(gh_json_walk(in, collect, &before, &none));
	CHECK(gh_slice_eq(gh_buf_slice(&none), in));
	gh_buf_clear(&none);
	OK(gh_json_walk(rewritten, collect, &after, &none));
	CHECK(before.count == after.count);
	OK(gh_json_walk(in, blank_changed, &blank, &a));
	blank.at = 0;
	OK(gh_json_walk(rewritten, blank_changed, &blank, &b));
	CHECK(gh_slice_eq(gh_buf_slice(&a), gh_buf_slice(&b)));
	gh_buf_free(&a);
	gh_buf_free(&b);
	gh_buf_free(&none);
}

static bool jansson_reads(struct gh_slice text)
{
	GH_CLEANUP(gh_json_decref_ptr) json_t *value = NULL;

	return gh_json_parse(text, &value) == GH_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gh_buf out = { 0 }, token = { 0 };
	struct fuzz_session fuzz;

	if (size > 4000)
		return 0;
	uint8_t *copy = fuzz_copy(gh_slice(data, size));
	const struct gh_slice in = gh_slice(copy, size);

	fuzz_open_met(&fuzz, &token);
	enum gh_code code = gh_pii_rewrite_json(fuzz.session, GH_PII_PROMPT, in, &out);
	if (code == GH_OK) {
		check_rest_is_untouched(in, gh_buf_slice(&out));
		CHECK(!jansson_reads(in) || jansson_reads(gh_buf_slice(&out)));
		gh_buf_clear(&out);
		/* The way out may put the address back, so that leaves change both ways. */
		if (gh_pii_rewrite_output(fuzz.session, in, &out) == GH_OK)
			check_rest_is_untouched(in, gh_buf_slice(&out));
	} else {
		CHECK(out.len == 0);
		CHECK(code == GH_E_LIMIT || !jansson_reads(in));
	}
	fuzz_close(&fuzz);
	gh_buf_free(&out);
	gh_buf_free(&token);
	free(copy);
	return 0;
}
