/* The event reader on any bytes: the same events and verdict for every split, and what it read can
 * be written and read again. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/sse.h"

#define LIMIT 512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
	if (!holds)
		abort();
}

/* Events with their lengths in front, so that no two lists look the same. */
static enum gh_code note(void *user, const struct gh_sse_event *event)
{
	struct gh_buf *out = user;

	gh_buf_addf(out, "%zu %zu %zu %d:", event->event.len, event->data.len, event->id.len,
	            event->has_id);
	gh_buf_add_slice(out, event->event);
	gh_buf_add_slice(out, event->data);
	gh_buf_add_slice(out, event->id);
	return GH_OK;
}

struct result {
	struct gh_buf events;
	enum gh_code code;
	bool partial;
};

static struct result read_events(const uint8_t *data, size_t size, size_t stride)
{
	struct result out = { .code = GH_OK };
	struct gh_sse_reader *reader;

	check(gh_sse_reader_open(LIMIT, &reader) == GH_OK);
	for (size_t at = 0; at < size && out.code == GH_OK; at += stride) {
		size_t len = size - at < stride ? size - at : stride;
		uint8_t *bytes = malloc(len);
		memcpy(bytes, data + at, len);
		out.code = gh_sse_feed(reader, gh_slice(bytes, len), note, &out.events);
		free(bytes);
	}
	out.partial = gh_sse_is_partial(reader);
	gh_sse_reader_close(reader);
	return out;
}

/* Writes each event again; `user` collects the text. */
static enum gh_code write_again(void *user, const struct gh_sse_event *event)
{
	/* A NUL in a name is legal to read and never written. */
	if (event->event.len && memchr(event->event.data, 0, event->event.len))
		return GH_E_FORMAT;
	return gh_sse_write(user, event->event, event->id, event->data);
}

static void check_round_trip(const uint8_t *data, size_t size, const struct gh_buf *events)
{
	struct gh_sse_reader *reader;
	struct gh_buf text = { 0 };

	check(gh_sse_reader_open(LIMIT, &reader) == GH_OK);
	if (gh_sse_feed(reader, gh_slice(data, size), write_again, &text) == GH_OK) {
		struct result again = read_events(text.data, text.len, text.len ? text.len : 1);
		/* "data: " in front of each line may lift an event over the limit of one line. */
		if (again.code == GH_OK) {
			size_t events_in = 0, events_out = 0;
			for (size_t i = 0; i < events->len; i++)
				events_in += events->data[i] == ':';
			for (size_t i = 0; i < again.events.len; i++)
				events_out += again.events.data[i] == ':';
			check(events_in == events_out);
		}
		gh_buf_free(&again.events);
	}
	gh_sse_reader_close(reader);
	gh_buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 4096)
		return 0;
	struct result whole = read_events(data, size, size ? size : 1);

	for (size_t stride = 1; stride < 6; stride++) {
		struct result parts = read_events(data, size, stride);
		check(parts.code == whole.code);
		check(parts.events.len == whole.events.len);
		check(whole.events.len == 0 ||
		      memcmp(parts.events.data, whole.events.data, whole.events.len) == 0);
		check(whole.code != GH_OK || parts.partial == whole.partial);
		gh_buf_free(&parts.events);
	}
	if (whole.code == GH_OK)
		check_round_trip(data, size, &whole.events);
	gh_buf_free(&whole.events);
	return 0;
}
