/* Tables inside a text: a header line whose fields name what stands below them ("name,email,phone")
 * gives its columns a label. Rows may have more fields than the header when a first field holds a
 * comma of its own ("Doe, Jane"): they are then counted from the right. */
#include "pii/detect.h"

#include <stdlib.h>

#include "pii/names.h"

#define MAX_HEADER_BYTES 2048
#define MAX_NAME_BYTES   40

static struct gh_slice line_at(struct gh_slice text, size_t at)
{
	const uint8_t *end = memchr(text.data + at, '\n', text.len - at);

	return gh_slice_sub(text, at, end ? (size_t)(end - text.data) - at : text.len - at);
}

static bool is_name(struct gh_slice field)
{
	size_t letters = 0;

	if (field.len == 0 || field.len > MAX_NAME_BYTES)
		return false;
	for (size_t i = 0; i < field.len; i++) {
		uint8_t c = field.data[i];
		letters += gh_pii_is_alpha(c) || c >= 0x80;
		if (!gh_pii_is_alnum(c) && c < 0x80 && !strchr(" _-\"'/#()\r", c))
			return false;
	}
	return letters > 0;
}

static size_t count_fields(struct gh_slice line, uint8_t separator, size_t most)
{
	size_t count = 1;

	for (size_t i = 0; i < line.len && count <= most; i++)
		count += line.data[i] == separator;
	return count;
}

/* What a byte says about a line's separator: nothing, that it is one, that it may be, that there
 * is none. */
enum sign { PLAIN, SEPARATOR, COMMA, NO_TABLE };
static const uint8_t signs[256] = {
	[','] = COMMA,    [';'] = COMMA,    ['\t'] = SEPARATOR, ['|'] = SEPARATOR, ['.'] = NO_TABLE,
	[':'] = NO_TABLE, ['='] = NO_TABLE, ['{'] = NO_TABLE,   ['@'] = NO_TABLE,
};

/* The separator that a header would use: the first of the four in the line. */
static uint8_t separator_of(struct gh_slice line)
{
	for (size_t i = 0; i < line.len && i <= MAX_NAME_BYTES; i++) {
		uint8_t c = line.data[i];
		switch ((enum sign)signs[c]) {
		case PLAIN: break;
		case SEPARATOR: return c;
		case COMMA:
			/* "Hello, my phone, …" is a sentence. */
			return i + 1 < line.len && line.data[i + 1] == ' ' ? 0 : c;
		case NO_TABLE: return 0;
		}
	}
	return 0;
}

static bool read_header(struct gh_slice line, const struct gh_pii_names *names,
                        struct gh_pii_header *out)
{
	bool useful = false;
	size_t at = 0;

	out->separator = line.len <= MAX_HEADER_BYTES ? separator_of(line) : 0;
	out->count = 0;
	out->persons = 0;
	if (!out->separator)
		return false;
	while (at <= line.len && out->count < GH_PII_MAX_FIELDS) {
		size_t end = at;
		while (end < line.len && line.data[end] != out->separator)
			end++;
		struct gh_slice field = gh_slice_sub(line, at, end - at);
		if (!is_name(field))
			return false;
		uint64_t groups = gh_pii_name_groups(field) & ~(GH_W_PERSON | GH_W_CHILD);
		bool person = names && gh_pii_names_column(names, field);
		out->persons |= (uint64_t)person << out->count;
		useful = useful || groups || person;
		out->groups[out->count++] = groups;
		at = end + 1;
	}
	return useful && out->count >= 2 && at > line.len;
}

static bool add(struct gh_pii_table *table, size_t start, size_t end, uint64_t groups, bool person)
{
	if (table->count == table->capacity) {
		size_t wanted = table->capacity ? table->capacity * 2 : 64;
		struct gh_pii_column *grown = realloc(table->columns, wanted * sizeof *grown);
		if (!grown)
			return false;
		table->columns = grown;
		table->capacity = wanted;
	}
	table->columns[table->count++] =
	    (struct gh_pii_column){ (uint32_t)start, (uint32_t)end, groups, person };
	return true;
}

static bool add_row(struct gh_pii_table *table, struct gh_slice line, size_t base, size_t fields)
{
	const struct gh_pii_header *header = &table->header;
	size_t extra = fields - header->count, at = 0;

	for (size_t field = 0; field < fields; field++) {
		size_t end = at;
		while (end < line.len && line.data[end] != header->separator)
			end++;
		uint64_t groups = field >= extra ? header->groups[field - extra] : 0;
		bool person = field >= extra && (header->persons >> (field - extra) & 1);
		if ((groups || person) && !add(table, base + at, base + end, groups, person))
			return false;
		at = end + 1;
	}
	return true;
}

void gh_pii_table_begin(struct gh_pii_table *table)
{
	table->at = table->count = table->header.count = 0;
	table->names = NULL;
}

bool gh_pii_table_forget(struct gh_pii_table *table, size_t before)
{
	size_t drop = 0;

	while (drop < table->count && table->columns[drop].end < before)
		drop++;
	if (drop == 0)
		return false;
	table->count -= drop;
	memmove(table->columns, table->columns + drop, table->count * sizeof *table->columns);
	return true;
}

/* Where bytes of the stretch at hand are. */
struct view {
	const struct gh_pii_bits *bits;
	size_t from, to;
};

/* The first line end at or behind `at`, or view->to. */
static size_t next_line_end(const struct view *view, size_t at)
{
	size_t block = (at - view->from) / GH_PII_BLOCK;
	const size_t blocks = (view->to - view->from + GH_PII_BLOCK - 1) / GH_PII_BLOCK;
	uint64_t mask = view->bits[block].line >> (at - view->from) % GH_PII_BLOCK;

	if (mask)
		return at + (unsigned)__builtin_ctzll(mask);
	while (++block < blocks)
		if (view->bits[block].line)
			return view->from + block * GH_PII_BLOCK +
			       (unsigned)__builtin_ctzll(view->bits[block].line);
	return view->to;
}

/* The first byte of [at, at + GH_PII_BLOCK) that may part fields; at + GH_PII_BLOCK: none. */
static size_t next_column(const struct view *view, size_t at)
{
	size_t block = (at - view->from) / GH_PII_BLOCK, shift = (at - view->from) % GH_PII_BLOCK;
	uint64_t mask = view->bits[block].column >> shift;

	if (shift > 0 && view->from + (block + 1) * GH_PII_BLOCK < view->to)
		mask |= view->bits[block + 1].column << (GH_PII_BLOCK - shift);
	return at + (mask ? (unsigned)__builtin_ctzll(mask) : GH_PII_BLOCK);
}

/* Whether the line at `at` is no header for certain, as nearly all are: nothing parts fields near
 * its beginning, or a comma of a sentence does. *end: where it ends. */
static bool is_plain_line(const struct view *view, struct gh_slice text, size_t at, size_t *end)
{
	size_t mark;

	if (at + GH_PII_BLOCK >= view->to)
		return false; /* what stands behind the stretch is not known yet */
	*end = next_line_end(view, at);
	if (*end == view->to)
		return false;
	mark = next_column(view, at);
	return mark > *end || mark - at > MAX_NAME_BYTES ||
	       ((text.data[mark] == ',' || text.data[mark] == ';') && text.data[mark + 1] == ' ');
}

bool gh_pii_table_read(struct gh_pii_table *table, struct gh_slice text,
                       const struct gh_pii_bits *bits, size_t from, size_t to)
{
	const struct view view = { bits, from, to };
	struct gh_pii_header *header = &table->header;
	size_t end;

	while (table->at < to && table->at < text.len) {
		if (header->count == 0 && is_plain_line(&view, text, table->at, &end)) {
			table->at = end + 1;
			continue;
		}
		struct gh_slice line = line_at(text, table->at);
		if (header->count > 0) {
			size_t fields = count_fields(line, header->separator, header->count + 2);
			if (fields < header->count || fields > header->count + 2)
				header->count = 0;
			else if (!add_row(table, line, table->at, fields))
				return false;
		}
		if (header->count == 0 && !read_header(line, table->names, header))
			header->count = 0;
		table->at += line.len + 1;
	}
	return true;
}
