/* The request parser on any bytes. Memory has the exact size of the input, so that every over-read
 * is seen; the input is parsed whole and byte by byte, and both must agree; every slice must lie
 * inside the head; and what was accepted must obey the rules that smuggling depends on. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/http_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
	if (!holds)
		abort();
}

static void check_inside(const uint8_t *bytes, size_t len, struct gh_slice slice)
{
	if (slice.len == 0)
		return;
	check(slice.data >= bytes && slice.data + slice.len <= bytes + len);
	for (size_t i = 0; i < slice.len; i++)
		check(slice.data[i] != '\r' && slice.data[i] != '\n' && slice.data[i] != 0);
}

static void check_accepted(const uint8_t *bytes, const struct gh_http_limits *limits,
                           const struct gh_http_head *head)
{
	struct gh_slice value;

	check(head->head_len >= 4 && head->head_len <= limits->head_bytes);
	check(memcmp(bytes + head->head_len - 4, "\r\n\r\n", 4) == 0);
	check(head->field_count <= limits->field_count);
	check_inside(bytes, head->head_len, head->target);
	check_inside(bytes, head->head_len, head->query);
	check_inside(bytes, head->head_len, head->host);
	/* The path of "http://host" is a literal "/". */
	check(head->path.len > 0 && (head->path.data[0] == '/' || head->path.data[0] == '*'));
	for (size_t i = 0; i < head->field_count; i++) {
		check(head->fields[i].name.len > 0);
		check_inside(bytes, head->head_len, head->fields[i].name);
		check_inside(bytes, head->head_len, head->fields[i].value);
	}
	check(gh_http_find(head, "host", &value) <= 1);
	check(gh_http_find(head, "content-length", &value) == (size_t)head->has_length);
	check(gh_http_find(head, "transfer-encoding", &value) == (size_t)head->chunked);
	check(!(head->chunked && head->has_length) && !(head->chunked && head->minor == 0));
}

static enum gh_http_step parse(const uint8_t *data, size_t len, const struct gh_http_limits *limits,
                               struct gh_http_scan *scan, enum gh_http_fault *fault,
                               size_t *head_len)
{
	uint8_t *bytes = malloc(len ? len : 1);
	struct gh_http_head head;
	enum gh_http_step step;

	memcpy(bytes, data, len);
	step = gh_http_parse(scan, limits, gh_slice(bytes, len), &head, fault);
	if (step == GH_HTTP_DONE) {
		check_accepted(bytes, limits, &head);
		*head_len = head.head_len;
	}
	check((step == GH_HTTP_REFUSED) == (*fault != GH_HTTP_FAULT_NONE));
	free(bytes);
	return step;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* The first byte chooses the limits. */
	const struct gh_http_limits small = { .head_bytes = 256,
		                              .line_bytes = 64,
		                              .field_count = 4 };
	const struct gh_http_limits large = GH_HTTP_LIMITS_DEFAULT;
	struct gh_http_scan scan = { 0 };
	enum gh_http_fault whole_fault, fault;
	enum gh_http_step whole, step = GH_HTTP_MORE;
	size_t whole_len = 0, len = 0;

	if (size == 0 || size > 20000)
		return 0;
	const struct gh_http_limits *limits = data[0] & 1 ? &small : &large;
	data++;
	size--;
	whole = parse(data, size, limits, &scan, &whole_fault, &whole_len);

	scan = (struct gh_http_scan){ 0 };
	/* All splits of long inputs take too long; a stride still crosses every kind of place. */
	size_t stride = size > 600 ? size / 300 : 1;
	for (size_t at = 1; step == GH_HTTP_MORE && at < size + stride; at += stride)
		step = parse(data, at < size ? at : size, limits, &scan, &fault, &len);
	if (size == 0)
		return 0;
	check(step == whole);
	/* A limit may be met before another fault is seen, and the other way round. */
	check(step != GH_HTTP_DONE || len == whole_len);
	return 0;
}
