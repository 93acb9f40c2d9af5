#include "cli/pii_read.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/json.h"
#include "pii/json_walk.h"

#define WINDOW_BYTES  ((size_t)4 << 20)
#define OVERLAP_BYTES ((size_t)64 << 10) /* longer than the longest match: a private key */
#define CONTEXT_BYTES ((size_t)512)      /* in front of what is looked at: labels stand there */
#define SNIFF_BYTES   ((size_t)8192)
#define HEADER_BYTES  ((size_t)2048)
#define NUMBER_DIGITS 9
#define NUMBER_SURE   90

struct reading {
	struct pii_reader *reader;
	const char *name;
	int fd;
	bool ended;
	size_t head;   /* bytes of the table's header that stand in front of every window */
	uint64_t base; /* where window[head] stands in the file */
	/* how far lines were counted, and what stands there */
	uint64_t counted;
	size_t line, column;
};

/* ---- bytes ---- */

static gh_result fill(struct reading *r, size_t want)
{
	struct gh_buf *window = &r->reader->window;

	while (!r->ended && window->len < want) {
		uint8_t *room = gh_buf_reserve(window, want - window->len);
		GH_ENSURE(room, GH_E_MEMORY, "out of memory");
		ssize_t got = read(r->fd, room, want - window->len);
		if (got < 0 && errno == EINTR)
			continue;
		GH_ENSURE(got >= 0, GH_E_IO, "%s", strerror(errno));
		r->ended = got == 0;
		r->reader->bytes_read += (size_t)got;
		gh_buf_commit(window, (size_t)got);
	}
	return GH_OK;
}

/* The bytes of the file that are at hand. */
static struct gh_slice at_hand(const struct reading *r)
{
	struct gh_slice window = gh_buf_slice(&r->reader->window);

	return gh_slice_sub(window, r->head, window.len);
}

static void count_to(struct reading *r, uint64_t offset)
{
	struct gh_slice bytes = at_hand(r);

	for (; r->counted < offset; r->counted++) {
		uint8_t c = bytes.data[r->counted - r->base];
		r->column += (c & 0xc0) != 0x80;
		if (c == '\n') {
			r->line++;
			r->column = 1;
		}
	}
}

/* Lets the first `len` bytes go. */
static void let_go(struct reading *r, size_t len)
{
	struct gh_buf *window = &r->reader->window;

	count_to(r, r->base + len);
	memmove(window->data + r->head, window->data + r->head + len, window->len - r->head - len);
	window->len -= len;
	r->base += len;
}

static void report(struct reading *r, struct gh_slice path, const struct gh_pii_match *match,
                   uint64_t start, uint64_t end, struct gh_slice value)
{
	count_to(r, start);
	const struct pii_finding finding = { .file = r->name,
		                             .path = path,
		                             .line = r->line,
		                             .column = r->column,
		                             .start = start,
		                             .end = end,
		                             .match = match,
		                             .value = value };
	r->reader->found(r->reader->context, &finding);
}

/* ---- text and tables ---- */

/* Where this window ends for good: a line's end, away from what the next window will see better. */
static size_t cut_of(struct gh_slice bytes)
{
	size_t cut = bytes.len - OVERLAP_BYTES;
	const uint8_t *end = memrchr(bytes.data + cut - OVERLAP_BYTES, '\n', OVERLAP_BYTES);

	if (end)
		return (size_t)(end - bytes.data) + 1;
	while (cut > 0 && (bytes.data[cut] & 0xc0) == 0x80)
		cut--;
	return cut;
}

static gh_result read_text(struct reading *r)
{
	const struct gh_pii_context own = { .custom = r->reader->custom };
	struct gh_pii_matches *matches = &r->reader->matches;
	size_t from = 0; /* what lies before was told, and is context */

	for (;;) {
		GH_TRY(fill(r, r->head + WINDOW_BYTES));
		struct gh_slice bytes = at_hand(r);
		size_t cut = r->ended ? bytes.len : cut_of(bytes);
		GH_TRY(gh_pii_scan(gh_buf_slice(&r->reader->window), &own, matches));
		for (size_t i = 0; i < matches->count; i++) {
			const struct gh_pii_match *match = &matches->items[i];
			if (match->start < r->head + from || match->start >= r->head + cut)
				continue;
			size_t start = match->start - r->head, end = match->end - r->head;
			report(r, gh_slice(NULL, 0), match, r->base + start, r->base + end,
			       gh_slice_sub(bytes, start, end - start));
			from = end;
		}
		if (r->ended)
			return GH_OK;
		from = from > cut ? from : cut;
		size_t keep = from > CONTEXT_BYTES ? from - CONTEXT_BYTES : 0;
		/* A table's rows are whole, or its columns would not be known. */
		const uint8_t *line = keep ? memrchr(bytes.data, '\n', keep) : NULL;
		if (r->head > 0 && line)
			keep = (size_t)(line - bytes.data) + 1;
		else
			while (keep > 0 && (bytes.data[keep] & 0xc0) == 0x80)
				keep--;
		let_go(r, keep);
		from -= keep;
	}
}

/* The header stands once more in front of every window, so that each knows its columns. */
static gh_result read_table(struct reading *r)
{
	struct gh_buf *window = &r->reader->window;
	const uint8_t *end = window->len ? memchr(window->data, '\n', window->len) : NULL;
	size_t len = end ? (size_t)(end - window->data) + 1 : 0;

	if (len > 0 && len <= HEADER_BYTES) {
		GH_ENSURE(gh_buf_reserve(window, len), GH_E_MEMORY, "out of memory");
		memmove(window->data + len, window->data, window->len);
		window->len += len;
		r->head = len;
	}
	return read_text(r);
}

/* ---- JSON ---- */

struct document {
	struct reading *reading;
	struct gh_slice raw;
	size_t offset; /* of raw, in what is at hand */
	struct gh_buf path;
};

static enum gh_code on_leaf(void *context, const struct gh_json_leaf *leaf, struct gh_buf *out,
                            bool *changed)
{
	struct document *document = context;
	struct reading *r = document->reading;
	struct gh_pii_matches *matches = &r->reader->matches;
	const struct gh_pii_context around = { .key = leaf->place->key,
		                               .custom = r->reader->custom };
	struct gh_json_cursor cursor = { leaf->at + !leaf->is_number, 0 };

	if (leaf->is_number && leaf->text.len < NUMBER_DIGITS)
		return GH_OK;
	GH_TRY(gh_pii_scan(leaf->text, &around, matches));
	/* A number is an identifier only when its name or its checksum leaves no doubt. */
	if (leaf->is_number && (matches->count != 1 || matches->items[0].confidence < NUMBER_SURE))
		return GH_OK;
	if (matches->count == 0)
		return GH_OK;
	gh_buf_clear(&document->path);
	gh_json_place_path(leaf->place, &document->path);
	for (size_t i = 0; i < matches->count; i++) {
		const struct gh_pii_match *match = &matches->items[i];
		gh_json_advance(document->raw, &cursor, match->start);
		uint64_t start = r->base + document->offset + cursor.raw;
		gh_json_advance(document->raw, &cursor, match->end);
		report(r, gh_buf_slice(&document->path), match, start,
		       r->base + document->offset + cursor.raw,
		       gh_slice_sub(leaf->text, match->start, match->end - match->start));
	}
	return gh_buf_check(&document->path);
}

static enum gh_code on_any_leaf(void *context, const struct gh_json_leaf *leaf, struct gh_buf *out,
                                bool *changed)
{
	return GH_OK;
}

/* Whether it is JSON as a whole: nothing is told of what turns out to be none at its end. */
static bool is_json(struct gh_slice raw)
{
	struct gh_buf none = { .limit = raw.len + 1, .secret = true };
	bool fine = raw.len > 0 && gh_json_walk(raw, on_any_leaf, NULL, &none) == GH_OK;

	gh_buf_free(&none);
	return fine;
}

static gh_result read_document(struct reading *r, size_t offset, size_t len)
{
	struct document document = { .reading = r,
		                     .raw = gh_slice_sub(at_hand(r), offset, len),
		                     .offset = offset };
	struct gh_buf none = { .limit = len + 1, .secret = true };

	enum gh_code code = gh_json_walk(document.raw, on_leaf, &document, &none);
	gh_buf_free(&none);
	gh_buf_free(&document.path);
	return code;
}

/* A line that is no JSON is text. */
static gh_result read_line(struct reading *r, size_t offset, size_t len)
{
	const struct gh_pii_context own = { .custom = r->reader->custom };
	struct gh_pii_matches *matches = &r->reader->matches;
	struct gh_slice line = gh_slice_sub(at_hand(r), offset, len);

	if (is_json(line))
		return read_document(r, offset, len);
	GH_TRY(gh_pii_scan(line, &own, matches));
	for (size_t i = 0; i < matches->count; i++) {
		const struct gh_pii_match *match = &matches->items[i];
		report(r, gh_slice(NULL, 0), match, r->base + offset + match->start,
		       r->base + offset + match->end,
		       gh_slice_sub(line, match->start, match->end - match->start));
	}
	return GH_OK;
}

static gh_result read_lines(struct reading *r)
{
	for (;;) {
		GH_TRY(fill(r, WINDOW_BYTES));
		struct gh_slice bytes = at_hand(r);
		size_t at = 0;
		for (const uint8_t *end;
		     (end = memchr(bytes.data + at, '\n', bytes.len - at)) != NULL;) {
			size_t len = (size_t)(end - bytes.data) - at;
			GH_TRY(read_line(r, at, len));
			at += len + 1;
		}
		if (r->ended)
			return at < bytes.len ? read_line(r, at, bytes.len - at) : GH_OK;
		/* A line that fills the window: the rest is text. */
		if (at == 0)
			return read_text(r);
		let_go(r, at);
	}
}

/* ---- what it is ---- */

static bool ends_with(const char *name, const char *ending)
{
	size_t len = strlen(name), tail = strlen(ending);

	return len > tail && strcasecmp(name + len - tail, ending) == 0;
}

static uint8_t first_sign(struct gh_slice bytes)
{
	size_t at = 0;

	while (at < bytes.len && bytes.data[at] <= ' ')
		at++;
	return at < bytes.len ? bytes.data[at] : 0;
}

static bool begins_with_json_line(struct gh_slice bytes)
{
	const uint8_t *end = memchr(bytes.data, '\n', bytes.len);

	return end &&
	       first_sign(gh_slice((uint8_t *)(uintptr_t)end,
	                           bytes.len - (size_t)(end - bytes.data))) == '{' &&
	       is_json(gh_slice(bytes.data, (size_t)(end - bytes.data)));
}

static gh_result kind_of(struct reading *r, enum pii_kind *kind)
{
	static const struct {
		const char *ending;
		enum pii_kind kind;
	} endings[] = {
		{ ".jsonl", PII_JSON_LINES }, { ".ndjson", PII_JSON_LINES }, { ".csv", PII_TABLE },
		{ ".tsv", PII_TABLE },        { ".psv", PII_TABLE },
	};
	struct gh_slice bytes = at_hand(r);

	*kind = PII_BINARY;
	if (bytes.len > 0 &&
	    memchr(bytes.data, 0, bytes.len < SNIFF_BYTES ? bytes.len : SNIFF_BYTES))
		return GH_OK;
	for (size_t i = 0; i < GH_ARRAY_LEN(endings); i++) {
		*kind = endings[i].kind;
		if (ends_with(r->name, endings[i].ending))
			return GH_OK;
	}
	*kind = PII_TEXT;
	uint8_t sign = first_sign(bytes);
	if (sign != '{' && sign != '[')
		return GH_OK;
	if (sign == '{' && begins_with_json_line(bytes)) {
		*kind = PII_JSON_LINES;
		return GH_OK;
	}
	GH_TRY(fill(r, PII_READ_MAX_JSON));
	if (r->ended && is_json(at_hand(r)))
		*kind = PII_JSON;
	return GH_OK;
}

gh_result pii_read(struct pii_reader *reader, int fd, const char *name, enum pii_kind *kind)
{
	struct reading r = { .reader = reader, .name = name, .fd = fd, .line = 1, .column = 1 };

	reader->window.limit = PII_READ_MAX_JSON + 2 * HEADER_BYTES;
	reader->window.secret = true;
	gh_buf_clear(&reader->window);
	GH_TRY(fill(&r, WINDOW_BYTES));
	GH_TRY(kind_of(&r, kind));
	switch (*kind) {
	case PII_TABLE: return read_table(&r);
	case PII_JSON: return read_document(&r, 0, reader->window.len);
	case PII_JSON_LINES: return read_lines(&r);
	case PII_BINARY: return GH_OK;
	case PII_TEXT: break;
	}
	return read_text(&r);
}

void pii_reader_free(struct pii_reader *reader)
{
	gh_buf_free(&reader->window);
	gh_pii_matches_free(&reader->matches);
}
