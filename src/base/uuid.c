#include "base/uuid.h"

#include <stdlib.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/codec.h"

struct gh_uuid gh_uuid_v7(void)
{
	struct gh_uuid uuid;
	uint64_t ms = (uint64_t)gh_clock_unix_ms();

	if (getrandom(uuid.bytes, sizeof uuid.bytes, 0) != (ssize_t)sizeof uuid.bytes)
		abort();
	for (int i = 0; i < 6; i++)
		uuid.bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
	uuid.bytes[6] = (uint8_t)(0x70 | (uuid.bytes[6] & 0x0f));
	uuid.bytes[8] = (uint8_t)(0x80 | (uuid.bytes[8] & 0x3f));
	return uuid;
}

static const uint8_t group_lengths[] = { 4, 2, 2, 2, 6 };

void gh_uuid_format(const struct gh_uuid *uuid, char out[GH_UUID_TEXT_BYTES])
{
	const uint8_t *at = uuid->bytes;

	for (size_t group = 0; group < sizeof group_lengths; group++) {
		gh_hex_encode(gh_slice(at, group_lengths[group]), out);
		out += 2 * group_lengths[group];
		at += group_lengths[group];
		*out++ = group + 1 < sizeof group_lengths ? '-' : 0;
	}
}

gh_result gh_uuid_parse(struct gh_slice text, struct gh_uuid *out)
{
	size_t from = 0, to = 0;

	GH_ENSURE(text.len == GH_UUID_TEXT_BYTES - 1, GH_E_FORMAT, "not a UUID");
	for (size_t i = 0; i < text.len; i++)
		GH_ENSURE(text.data[i] < 'A' || text.data[i] > 'F', GH_E_FORMAT,
		          "a UUID is written in lower case");
	for (size_t group = 0; group < sizeof group_lengths; group++) {
		size_t len = group_lengths[group];
		GH_TRY(gh_hex_decode(gh_slice_sub(text, from, 2 * len), out->bytes + to, len));
		from += 2 * len;
		to += len;
		if (group + 1 < sizeof group_lengths)
			GH_ENSURE(text.data[from++] == '-', GH_E_FORMAT, "not a UUID");
	}
	return GH_OK;
}

bool gh_uuid_eq(const struct gh_uuid *a, const struct gh_uuid *b)
{
	return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}
