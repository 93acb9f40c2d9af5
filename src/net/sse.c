/* The reader keeps one line and one event at a time. It decides byte by byte where a line ends, and
 * nothing else depends on where the input was cut, so that redaction sees the same events whatever
 * the network did. HTML Living Standard, section 9.2.6. */
#include "net/sse.h"

#include <stdlib.h>

struct gh_sse_reader {
	size_t limit;
	struct gh_buf line; /* the unfinished line */
	struct gh_buf event, data, id;
	bool has_data, has_id;
	bool after_cr;   /* an LF right now belongs to the line end before it */
	bool past_start; /* a byte order mark can no longer come */
	bool failed;
};

gh_result gh_sse_reader_open(size_t event_limit_bytes, struct gh_sse_reader **out)
{
	struct gh_sse_reader *reader;

	GH_ENSURE(event_limit_bytes > 0, GH_E_ARGUMENT, "an event needs a limit");
	reader = calloc(1, sizeof *reader);
	GH_ENSURE(reader, GH_E_MEMORY, "no memory for a stream of events");
	reader->limit = event_limit_bytes;
	gh_buf_init(&reader->line, event_limit_bytes, true);
	gh_buf_init(&reader->event, event_limit_bytes, true);
	gh_buf_init(&reader->data, event_limit_bytes + 1, true);
	gh_buf_init(&reader->id, event_limit_bytes, true);
	*out = reader;
	return GH_OK;
}

void gh_sse_reader_close(struct gh_sse_reader *reader)
{
	if (!reader)
		return;
	gh_buf_free(&reader->line);
	gh_buf_free(&reader->event);
	gh_buf_free(&reader->data);
	gh_buf_free(&reader->id);
	free(reader);
}

static void forget_event(struct gh_sse_reader *reader)
{
	gh_buf_clear(&reader->event);
	gh_buf_clear(&reader->data);
	gh_buf_clear(&reader->id);
	reader->has_data = reader->has_id = false;
}

static enum gh_code dispatch(struct gh_sse_reader *reader, gh_sse_event_fn on_event, void *user)
{
	enum gh_code code = GH_OK;

	if (reader->has_data) {
		/* Each data line brought an LF; the last one is not part of the data. */
		const struct gh_sse_event event = {
			.event = gh_buf_slice(&reader->event),
			.data = gh_slice(reader->data.data, reader->data.len - 1),
			.id = gh_buf_slice(&reader->id),
			.has_id = reader->has_id,
		};
		code = on_event(user, &event);
	}
	forget_event(reader);
	return code;
}

static void set_to(struct gh_buf *buf, struct gh_slice value)
{
	gh_buf_clear(buf);
	gh_buf_add_slice(buf, value);
}

static enum gh_code take_field(struct gh_sse_reader *reader, struct gh_slice line)
{
	struct gh_slice name, value;

	gh_slice_split(line, ':', &name, &value);
	if (value.len > 0 && value.data[0] == ' ')
		value = gh_slice_sub(value, 1, value.len);
	if (gh_slice_eq_str(name, "data")) {
		gh_buf_add_slice(&reader->data, value);
		gh_buf_add_byte(&reader->data, '\n');
		reader->has_data = true;
	} else if (gh_slice_eq_str(name, "event")) {
		set_to(&reader->event, value);
	} else if (gh_slice_eq_str(name, "id") &&
	           (!value.len || !memchr(value.data, 0, value.len))) {
		set_to(&reader->id, value);
		reader->has_id = true;
	}
	if (reader->event.len + reader->data.len + reader->id.len > reader->limit + 1 ||
	    reader->data.failed)
		return gh_fail(GH_E_LIMIT, "an event is longer than its limit");
	return GH_OK;
}

static enum gh_code take_line(struct gh_sse_reader *reader, struct gh_slice line,
                              gh_sse_event_fn on_event, void *user)
{
	static const struct gh_slice mark = GH_SLICE("\xef\xbb\xbf");

	if (!reader->past_start && gh_slice_starts_with(line, mark))
		line = gh_slice_sub(line, mark.len, line.len);
	reader->past_start = true;
	if (line.len == 0)
		return dispatch(reader, on_event, user);
	if (line.data[0] == ':')
		return GH_OK;
	return take_field(reader, line);
}

static size_t line_length(struct gh_slice bytes)
{
	const uint8_t *lf = memchr(bytes.data, '\n', bytes.len);
	size_t len = lf ? (size_t)(lf - bytes.data) : bytes.len;
	const uint8_t *cr = memchr(bytes.data, '\r', len);

	return cr ? (size_t)(cr - bytes.data) : len;
}

static enum gh_code feed(struct gh_sse_reader *reader, struct gh_slice bytes,
                         gh_sse_event_fn on_event, void *user)
{
	while (bytes.len > 0) {
		if (reader->after_cr && bytes.data[0] == '\n') {
			reader->after_cr = false;
			bytes = gh_slice_sub(bytes, 1, bytes.len);
			continue;
		}
		reader->after_cr = false;
		size_t len = line_length(bytes);
		struct gh_slice line = gh_slice_sub(bytes, 0, len);
		bool ended = len < bytes.len;

		/* A whole line in one piece needs no copy. */
		if (!ended || reader->line.len > 0) {
			gh_buf_add_slice(&reader->line, line);
			GH_TRY(gh_buf_check(&reader->line));
			line = gh_buf_slice(&reader->line);
		}
		if (line.len > reader->limit)
			return gh_fail(GH_E_LIMIT, "an event is longer than its limit");
		if (!ended)
			return GH_OK;
		reader->after_cr = bytes.data[len] == '\r';
		GH_TRY(take_line(reader, line, on_event, user));
		gh_buf_clear(&reader->line);
		bytes = gh_slice_sub(bytes, len + 1, bytes.len);
	}
	return GH_OK;
}

gh_result gh_sse_feed(struct gh_sse_reader *reader, struct gh_slice bytes, gh_sse_event_fn on_event,
                      void *user)
{
	enum gh_code code;

	GH_ENSURE(!reader->failed, GH_E_ARGUMENT, "this stream of events has failed before");
	code = feed(reader, bytes, on_event, user);
	reader->failed = code != GH_OK;
	return code;
}

bool gh_sse_is_partial(const struct gh_sse_reader *reader)
{
	return reader->line.len > 0 || reader->has_data || reader->event.len > 0 || reader->has_id;
}

static bool is_one_line(struct gh_slice text)
{
	return text.len == 0 ||
	       (!memchr(text.data, '\n', text.len) && !memchr(text.data, '\r', text.len) &&
	        !memchr(text.data, 0, text.len));
}

gh_result gh_sse_write(struct gh_buf *out, struct gh_slice event, struct gh_slice id,
                       struct gh_slice data)
{
	GH_ENSURE(is_one_line(event) && is_one_line(id), GH_E_FORMAT,
	          "an event's name and id are one line each");
	if (event.len > 0) {
		gh_buf_add_slice(out, GH_SLICE("event: "));
		gh_buf_add_slice(out, event);
		gh_buf_add_byte(out, '\n');
	}
	if (id.len > 0) {
		gh_buf_add_slice(out, GH_SLICE("id: "));
		gh_buf_add_slice(out, id);
		gh_buf_add_byte(out, '\n');
	}
	for (;;) {
		size_t len = data.len ? line_length(data) : 0;
		gh_buf_add_slice(out, GH_SLICE("data: "));
		gh_buf_add(out, data.data, len);
		gh_buf_add_byte(out, '\n');
		if (len == data.len)
			break;
		bool pair =
		    data.data[len] == '\r' && len + 1 < data.len && data.data[len + 1] == '\n';
		data = gh_slice_sub(data, len + (pair ? 2 : 1), data.len);
	}
	gh_buf_add_byte(out, '\n');
	return gh_buf_check(out);
}

void gh_sse_write_comment(struct gh_buf *out, const char *text)
{
	gh_buf_add_slice(out, GH_SLICE(": "));
	gh_buf_add_str(out, text);
	gh_buf_add_slice(out, GH_SLICE("\n\n"));
}
