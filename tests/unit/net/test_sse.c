/* Server-sent events: the standard's own examples, limits, and that a cut changes nothing. */
#include "gh_test.h"

#include <stdlib.h>
#include <string.h>

#include "net/sse.h"

/* Events as text: "[event|data|id]". */
static enum gh_code note(void *user, const struct gh_sse_event *event)
{
	struct gh_buf *out = user;

	gh_buf_addf(out, "[%.*s|", GH_SLICE_ARG(event->event));
	gh_buf_add_slice(out, event->data);
	gh_buf_addf(out, "|%.*s%s]", GH_SLICE_ARG(event->id), event->has_id ? "!" : "");
	return GH_OK;
}

static void expect_split(const char *text, size_t first, const char *expected)
{
	struct gh_buf out = { 0 };
	GH_CLEANUP(gh_sse_reader_close_ptr) struct gh_sse_reader *reader = NULL;
	size_t len = strlen(text);

	assert_ok(gh_sse_reader_open(1000, &reader));
	assert_ok(gh_sse_feed(reader, gh_slice(text, first), note, &out));
	assert_ok(gh_sse_feed(reader, gh_slice(text + first, len - first), note, &out));
	if (strcmp(gh_buf_cstr(&out), expected) != 0)
		fail_msg("cut at %zu: %s, not %s", first, gh_buf_cstr(&out), expected);
	gh_buf_free(&out);
}

static void expect(const char *text, const char *expected)
{
	for (size_t first = 0; first <= strlen(text); first++)
		expect_split(text, first, expected);
}

static void events_are_read_whatever_the_split(void **state)
{
	expect("data: YHOO\ndata: +2\ndata: 10\n\n", "[|YHOO\n+2\n10|]");
	expect(": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  "
	       "third\n\n",
	       "[|first event|1!][|second event|!][| third|]");
	expect("data\n\ndata\ndata\n\ndata:", "[||][|\n|]");
	expect("data:test\n\ndata: test\n\n", "[|test|][|test|]");
	expect("event: a\r\ndata: x\r\n\r\nevent: b\rdata: y\r\revent: c\ndata: z\n\n",
	       "[a|x|][b|y|][c|z|]");
	expect("\xef\xbb\xbf"
	       "data: bom\n\n\xef\xbb\xbf"
	       "data: not a field\n\n",
	       "[|bom|]");
	expect("retry: 10\nfoo: bar\nevent: only\n\ndata: x\n\n", "[|x|]");
	expect("data: a:b: c\n\n", "[|a:b: c|]");
	expect("data: cut", "");
}

static void an_event_over_its_limit_is_refused_and_stays_refused(void **state)
{
	struct gh_buf out = { 0 };
	GH_CLEANUP(gh_sse_reader_close_ptr) struct gh_sse_reader *reader = NULL;

	assert_ok(gh_sse_reader_open(10, &reader));
	assert_ok(gh_sse_feed(reader, GH_SLICE("data:12345\n\ndata:12345\n\n"), note, &out));
	assert_code(gh_sse_feed(reader, GH_SLICE("data:123456"), note, &out), GH_E_LIMIT);
	assert_code(gh_sse_feed(reader, GH_SLICE("\n\n"), note, &out), GH_E_ARGUMENT);
	gh_sse_reader_close(GH_STEAL(reader));

	/* Many short lines of one event count together. */
	assert_ok(gh_sse_reader_open(10, &reader));
	for (int i = 0; i < 5; i++)
		assert_ok(gh_sse_feed(reader, GH_SLICE("data:1\n"), note, &out));
	assert_code(gh_sse_feed(reader, GH_SLICE("data:1\n"), note, &out), GH_E_LIMIT);
	assert_string_equal(gh_buf_cstr(&out), "[|12345|][|12345|]");
	gh_buf_free(&out);
}

static void a_cut_stream_is_told_from_a_whole_one(void **state)
{
	struct gh_buf out = { 0 };
	GH_CLEANUP(gh_sse_reader_close_ptr) struct gh_sse_reader *reader = NULL;

	assert_ok(gh_sse_reader_open(100, &reader));
	assert_false(gh_sse_is_partial(reader));
	assert_ok(gh_sse_feed(reader, GH_SLICE("data: x\n"), note, &out));
	assert_true(gh_sse_is_partial(reader));
	assert_ok(gh_sse_feed(reader, GH_SLICE("\nda"), note, &out));
	assert_true(gh_sse_is_partial(reader));
	assert_ok(gh_sse_feed(reader, GH_SLICE("ta: x\n\n"), note, &out));
	assert_false(gh_sse_is_partial(reader));
	gh_buf_free(&out);
}

static enum gh_code refuse(void *user, const struct gh_sse_event *event)
{
	return GH_E_DENIED;
}

static void a_callers_no_ends_the_feed(void **state)
{
	GH_CLEANUP(gh_sse_reader_close_ptr) struct gh_sse_reader *reader = NULL;

	assert_ok(gh_sse_reader_open(100, &reader));
	assert_int_equal(gh_sse_feed(reader, GH_SLICE("data: x\n\ndata: y\n\n"), refuse, NULL),
	                 GH_E_DENIED);
}

static void what_is_written_reads_the_same(void **state)
{
	struct gh_buf text = { 0 }, out = { 0 };
	GH_CLEANUP(gh_sse_reader_close_ptr) struct gh_sse_reader *reader = NULL;

	gh_sse_write_comment(&text, "keep-alive");
	assert_ok(gh_sse_write(&text, GH_SLICE("error"), GH_SLICE("7"), GH_SLICE("{\"a\":1}")));
	assert_ok(gh_sse_write(&text, GH_SLICE(""), GH_SLICE(""), GH_SLICE("1\n2\r\n3\r\n\n")));
	assert_ok(gh_sse_write(&text, GH_SLICE(""), GH_SLICE(""), GH_SLICE("")));
	assert_ok(gh_sse_reader_open(100, &reader));
	assert_ok(gh_sse_feed(reader, gh_buf_slice(&text), note, &out));
	assert_string_equal(gh_buf_cstr(&out), "[error|{\"a\":1}|7!][|1\n2\n3\n\n|][||]");
	assert_code(gh_sse_write(&text, GH_SLICE("a\nb"), GH_SLICE(""), GH_SLICE("")), GH_E_FORMAT);
	assert_code(gh_sse_write(&text, GH_SLICE(""), GH_SLICE("a\r"), GH_SLICE("")), GH_E_FORMAT);
	gh_buf_free(&text);
	gh_buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_are_read_whatever_the_split),
		cmocka_unit_test(an_event_over_its_limit_is_refused_and_stays_refused),
		cmocka_unit_test(a_cut_stream_is_told_from_a_whole_one),
		cmocka_unit_test(a_callers_no_ends_the_feed),
		cmocka_unit_test(what_is_written_reads_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
