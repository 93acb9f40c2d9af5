/* Headers are made, never interpreted: reading takes a name and a size, makes the header that these
 * would have, and compares all of it. POSIX.1-2017 pax, "ustar Interchange Format". */
#include "policy/pack/tar.h"

#include <stdio.h>
#include <stdlib.h>

#define BLOCK 512

struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type;
	char link[100], magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[155];
	char pad[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "a tar header is one block");

static const uint8_t zeros[2 * BLOCK];

static bool path_char(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '_' || c == '-';
}

bool gh_tar_path_is_fine(struct gh_slice path)
{
	struct gh_slice part, rest = path;

	if (path.len == 0 || path.len > GH_TAR_PATH_BYTES)
		return false;
	for (bool more = true; more;) {
		more = gh_slice_split(rest, '/', &part, &rest);
		if (part.len == 0 || part.data[0] == '.')
			return false;
		for (size_t i = 0; i < part.len; i++)
			if (!path_char(part.data[i]))
				return false;
	}
	return true;
}

static int compare(struct gh_slice a, struct gh_slice b)
{
	size_t shorter = a.len < b.len ? a.len : b.len;
	int order = memcmp(a.data, b.data, shorter);

	return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int by_path(const void *a, const void *b)
{
	return compare(((const struct gh_tar_member *)a)->path,
	               ((const struct gh_tar_member *)b)->path);
}

void gh_tar_sort(struct gh_tar_member *members, size_t count)
{
	if (count)
		qsort(members, count, sizeof *members, by_path);
}

static void make_header(const struct gh_tar_member *member, struct header *out)
{
	unsigned sum = 0;
	const uint8_t *bytes = (const uint8_t *)out;

	memset(out, 0, sizeof *out);
	memcpy(out->name, member->path.data, member->path.len);
	memcpy(out->mode, "0000644", 8);
	memcpy(out->uid, "0000000", 8);
	memcpy(out->gid, "0000000", 8);
	snprintf(out->size, sizeof out->size, "%011llo", (unsigned long long)member->content.len);
	memcpy(out->mtime, "00000000000", 12);
	memset(out->checksum, ' ', sizeof out->checksum);
	out->type = '0';
	memcpy(out->magic, "ustar", 6);
	memcpy(out->version, "00", 2);
	memcpy(out->major, "0000000", 8);
	memcpy(out->minor, "0000000", 8);
	for (size_t i = 0; i < sizeof *out; i++)
		sum += bytes[i];
	/* Six digits, NUL, space: as the format has it. */
	snprintf(out->checksum, sizeof out->checksum, "%06o", sum);
	out->checksum[7] = ' ';
}

gh_result gh_tar_write(const struct gh_tar_member *members, size_t count, struct gh_buf *out)
{
	GH_ENSURE(count <= GH_TAR_MAX_MEMBERS, GH_E_LIMIT, "a pack holds at most %d files",
	          GH_TAR_MAX_MEMBERS);
	for (size_t i = 0; i < count; i++) {
		const struct gh_tar_member *member = &members[i];
		struct header header;
		GH_ENSURE(gh_tar_path_is_fine(member->path), GH_E_ARGUMENT,
		          "a file's name in a pack is letters, digits and ._- only: %.*s",
		          member->path.len > 80 ? 80 : (int)member->path.len,
		          (const char *)member->path.data);
		GH_ENSURE(i == 0 || compare(members[i - 1].path, member->path) < 0, GH_E_ARGUMENT,
		          "the files of a pack are not in order");
		GH_ENSURE(member->content.len < 1ull << 33, GH_E_LIMIT, "a file is too large");
		make_header(member, &header);
		gh_buf_add(out, &header, sizeof header);
		gh_buf_add_slice(out, member->content);
		gh_buf_add(out, zeros, (BLOCK - member->content.len % BLOCK) % BLOCK);
	}
	gh_buf_add(out, zeros, 2 * BLOCK);
	return gh_buf_check(out);
}

static bool read_octal(const char *text, size_t len, uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '7')
			return false;
		*out = *out << 3 | (unsigned)(text[i] - '0');
	}
	return true;
}

static bool all_zero(struct gh_slice bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		if (bytes.data[i])
			return false;
	return true;
}

/* The member whose header stands at `at`. */
static bool read_member(struct gh_slice tar, size_t at, struct gh_tar_member *out)
{
	const struct header *have = (const void *)(tar.data + at);
	struct header want;
	uint64_t size;
	const char *end = memchr(have->name, 0, sizeof have->name);

	if (!end || !read_octal(have->size, 11, &size) || size > tar.len - at - BLOCK)
		return false;
	out->path = gh_slice(have->name, (size_t)(end - have->name));
	out->content = gh_slice_sub(tar, at + BLOCK, (size_t)size);
	if (!gh_tar_path_is_fine(out->path))
		return false;
	make_header(out, &want);
	return memcmp(have, &want, sizeof want) == 0;
}

gh_result gh_tar_read(struct gh_slice raw_tar, struct gh_tar_member members[GH_TAR_MAX_MEMBERS],
                      size_t *count)
{
	size_t at = 0, found = 0;

	*count = 0;
	GH_ENSURE(raw_tar.len >= 2 * BLOCK && raw_tar.len % BLOCK == 0, GH_E_FORMAT,
	          "this is no pack: not a tar of whole blocks");
	while (at + 2 * BLOCK < raw_tar.len) {
		GH_ENSURE(found < GH_TAR_MAX_MEMBERS, GH_E_LIMIT, "a pack holds at most %d files",
		          GH_TAR_MAX_MEMBERS);
		struct gh_tar_member *member = &members[found];
		GH_ENSURE(read_member(raw_tar, at, member), GH_E_FORMAT,
		          "the tar is not in canonical form at byte %zu", at);
		GH_ENSURE(found == 0 || compare(members[found - 1].path, member->path) < 0,
		          GH_E_FORMAT, "the tar's files are not in order at byte %zu", at);
		size_t padded = (member->content.len + BLOCK - 1) / BLOCK * BLOCK;
		GH_ENSURE(padded <= raw_tar.len - at - BLOCK &&
		              all_zero(gh_slice_sub(raw_tar, at + BLOCK + member->content.len,
		                                    padded - member->content.len)),
		          GH_E_FORMAT, "the tar is not in canonical form at byte %zu", at);
		at += BLOCK + padded;
		found++;
	}
	GH_ENSURE(at + 2 * BLOCK == raw_tar.len && all_zero(gh_slice_sub(raw_tar, at, 2 * BLOCK)),
	          GH_E_FORMAT, "the tar does not end in two zero blocks");
	*count = found;
	return GH_OK;
}

struct gh_slice gh_tar_find(const struct gh_tar_member *members, size_t count, const char *path)
{
	for (size_t i = 0; i < count; i++)
		if (gh_slice_eq_str(members[i].path, path))
			return members[i].content;
	return gh_slice(NULL, 0);
}
