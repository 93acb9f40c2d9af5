#include "base/slice.h"

static uint8_t lower(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') ? (uint8_t)(c + 32) : c;
}

bool gh_slice_eq_nocase(struct gh_slice a, struct gh_slice b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (lower(a.data[i]) != lower(b.data[i]))
			return false;
	return true;
}

bool gh_slice_split(struct gh_slice s, uint8_t separator, struct gh_slice *head,
                    struct gh_slice *rest)
{
	const uint8_t *at = s.len ? memchr(s.data, separator, s.len) : NULL;

	if (!at) {
		*head = s;
		*rest = gh_slice(s.data ? s.data + s.len : NULL, 0);
		return false;
	}
	*head = gh_slice(s.data, (size_t)(at - s.data));
	*rest = gh_slice(at + 1, s.len - head->len - 1);
	return true;
}

struct gh_slice gh_slice_trim(struct gh_slice s)
{
	while (s.len && (s.data[0] == ' ' || s.data[0] == '\t'))
		s = gh_slice(s.data + 1, s.len - 1);
	while (s.len && (s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t'))
		s.len--;
	return s;
}

bool gh_slice_to_u64(struct gh_slice s, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;

	if (s.len == 0 || s.len > 20 || (s.len > 1 && s.data[0] == '0'))
		return false;
	for (size_t i = 0; i < s.len; i++) {
		unsigned digit = (unsigned)s.data[i] - '0';
		if (digit > 9 || value > (UINT64_MAX - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	if (value > max)
		return false;
	*out = value;
	return true;
}
