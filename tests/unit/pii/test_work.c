/* That the room is linear, by counting: it is compiled once more so that every basic block calls
 * the counter below, and the library's searches add the bytes that they read. Twice the text may
 * cost little more than twice the work, and no byte more than a stated bound. Time plays no part.
 */
#include "pii_rig.h"

#include "hard_texts.h"

#define SCAN_BYTES     ((size_t)64 << 10)
#define STREAM_BYTES   ((size_t)16 << 10)
#define MOST_PER_BYTE  700   /* basic blocks: the dearest of hard_texts takes 600, prose takes 6 */
#define MOST_STREAMED  60000 /* a word of two bytes is seen twice, in a window of 130 to 350 */
#define TWICE_AND_MORE 2.6   /* the square would be 4 */

static uint64_t work;

void __sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_pc(void)
{
	work++;
}

void *__real_memchr(const void *s, int c, size_t n);
void *__wrap_memchr(const void *s, int c, size_t n);
void *__wrap_memchr(const void *s, int c, size_t n)
{
	void *at = n ? __real_memchr(s, c, n) : NULL;

	work += 1 + (at ? (size_t)((char *)at - (const char *)s) : n) / 16;
	return at;
}

void *__real_memmem(const void *s, size_t n, const void *what, size_t len);
void *__wrap_memmem(const void *s, size_t n, const void *what, size_t len);
void *__wrap_memmem(const void *s, size_t n, const void *what, size_t len)
{
	void *at = __real_memmem(s, n, what, len);

	work += 1 + (at ? (size_t)((char *)at - (const char *)s) : n) / 4;
	return at;
}

#define COUNT_COPY(name)                                                                           \
	void *__real_##name(void *to, const void *from, size_t n);                                 \
	void *__wrap_##name(void *to, const void *from, size_t n);                                 \
	void *__wrap_##name(void *to, const void *from, size_t n)                                  \
	{                                                                                          \
		work += 1 + n / 32;                                                                \
		return __real_##name(to, from, n);                                                 \
	}
COUNT_COPY(memcpy)
COUNT_COPY(memmove)

typedef uint64_t measure_fn(struct gh_slice text);

static uint64_t scan_work(struct gh_slice text)
{
	struct gh_pii_matches found = { 0 };

	work = 0;
	assert_ok(gh_pii_scan(text, NULL, &found));
	uint64_t done = work;
	gh_pii_matches_free(&found);
	return done;
}

/* As a tenant's request: matches become tokens, look-alikes of tokens are left alone. */
static uint64_t rewrite_work(struct gh_slice text)
{
	struct gh_buf out = { 0 };
	bool changed;
	struct rig rig;

	rig_open(&rig, GH_PII_REVERSIBLE);
	work = 0;
	enum gh_code code = gh_pii_session_rewrite(rig.session, GH_PII_PROMPT, gh_slice(NULL, 0),
	                                           text, 0, text.len, &out, &changed);
	assert_true(code == GH_OK || code == GH_E_LIMIT);
	gh_buf_clear(&out);
	assert_ok(gh_pii_session_restore(rig.session, GH_PII_OUTPUT, text, &out, &changed));
	uint64_t done = work;
	gh_buf_free(&out);
	rig_close(&rig);
	return done;
}

static uint64_t stream_work(struct gh_slice text)
{
	struct gh_pii_text_stream *stream;
	struct gh_buf out = { 0 };
	struct rig rig;

	rig_open(&rig, GH_PII_FLAG);
	assert_ok(gh_pii_text_stream_open(rig.session, GH_PII_OUTPUT, &stream));
	work = 0;
	for (size_t i = 0; i < text.len; i++) {
		assert_ok(gh_pii_text_stream_feed(stream, gh_slice(text.data + i, 1), &out));
		gh_buf_clear(&out);
	}
	assert_ok(gh_pii_text_stream_flush(stream, &out));
	uint64_t done = work;
	gh_buf_free(&out);
	gh_pii_text_stream_close(stream);
	rig_close(&rig);
	return done;
}

static uint64_t json_work(struct gh_slice text)
{
	struct gh_buf out = { 0 };
	struct rig rig;

	rig_open(&rig, GH_PII_REVERSIBLE);
	work = 0;
	enum gh_code code = gh_pii_rewrite_json(rig.session, GH_PII_PROMPT, text, &out);
	assert_true(code == GH_OK || code == GH_E_LIMIT || code == GH_E_FORMAT);
	uint64_t done = work;
	gh_buf_free(&out);
	rig_close(&rig);
	return done;
}

/* True when twice the text is about twice the work, and the work of a byte is bounded. */
static bool is_linear(const struct hard_text *text, measure_fn *measure, size_t size, double most)
{
	char *bytes = malloc(2 * size);

	assert_non_null(bytes);
	hard_text_fill(text, bytes, 2 * size);
	double once = (double)measure(gh_slice(bytes, size));
	double twice = (double)measure(gh_slice(bytes, 2 * size));
	free(bytes);
	double each = twice / (double)(2 * size);
	bool fine = twice <= TWICE_AND_MORE * once && each <= most;
	if (!fine || getenv("GATEHOUSE_SHOW_WORK"))
		print_message("# %8.1f a byte, x%.2f: %s\n", each, twice / once, text->name);
	return fine;
}

static void all_are_linear(measure_fn *measure, size_t size, double most)
{
	size_t bad = 0;

	for (size_t i = 0; i < HARD_TEXT_COUNT; i++)
		bad += !is_linear(&hard_texts[i], measure, size, most);
	assert_int_equal(bad, 0);
}

static void twice_the_text_is_twice_the_work(void **state)
{
	all_are_linear(scan_work, SCAN_BYTES, MOST_PER_BYTE);
}

static void rewriting_and_restoring_are_linear(void **state)
{
	all_are_linear(rewrite_work, SCAN_BYTES, 2 * MOST_PER_BYTE);
}

static void a_stream_fed_byte_by_byte_is_linear(void **state)
{
	all_are_linear(stream_work, STREAM_BYTES, MOST_STREAMED);
}

static void json_bodies_are_linear(void **state)
{
	static const struct hard_text bodies[] = {
		{ "deep arrays", "", "[" },
		{ "deep objects", "", "{\"a\":" },
		{ "numbers", "[0", ",123456789" },
		{ "cards", "[0", ",4111111111111111" },
		{ "strings that are no JSON", "[0", ",\"[[[[[[[]\"" },
		{ "strings that are JSON", "[0", ",\"[1,\\\"ada@example.com\\\"]\"" },
		{ "one string of escapes", "\"", "\\u0041" },
		{ "small objects", "[0", ",{\"a\":\"b\",\"c\":1}" },
		{ "empty strings", "[\"\"", ",\"\"" },
	};
	size_t bad = 0;

	for (size_t i = 0; i < GH_ARRAY_LEN(bodies); i++)
		bad += !is_linear(&bodies[i], json_work, SCAN_BYTES, MOST_PER_BYTE);
	assert_int_equal(bad, 0);
}

/* The counter must be able to tell: each prefix scanned anew is the square of it. */
static uint64_t prefixes_work(struct gh_slice text)
{
	uint64_t all = 0;

	for (size_t len = 0; len <= text.len; len += 256)
		all += scan_work(gh_slice_sub(text, 0, len));
	return all;
}

static void the_counter_sees_what_is_not_linear(void **state)
{
	static const struct hard_text text = { "every prefix", "", "a@b.co " };

	assert_false(is_linear(&text, prefixes_work, (size_t)16 << 10, 1e9));
	assert_false(is_linear(&text, scan_work, (size_t)16 << 10, 1));
	assert_true(is_linear(&text, scan_work, (size_t)16 << 10, 1e9));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_counter_sees_what_is_not_linear),
		cmocka_unit_test(twice_the_text_is_twice_the_work),
		cmocka_unit_test(rewriting_and_restoring_are_linear),
		cmocka_unit_test(a_stream_fed_byte_by_byte_is_linear),
		cmocka_unit_test(json_bodies_are_linear),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
