#include "policy/pack/build.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "crypto/hash.h"
#include "policy/pack/trust.h"

void gh_pack_files_free(struct gh_pack_files *files)
{
	gh_arena_free(files->arena);
	files->arena = NULL;
	files->count = 0;
}

static gh_result read_all(int fd, const char *name, struct gh_buf *out)
{
	for (ssize_t n = 1; n > 0;) {
		uint8_t *room = gh_buf_reserve(out, 65536);
		GH_ENSURE(room, GH_E_LIMIT, "the files are over %zu bytes", GH_PACK_MAX_BYTES);
		n = read(fd, room, 65536);
		GH_ENSURE(n >= 0, GH_E_IO, "cannot read %s: %s", name, strerror(errno));
		gh_buf_commit(out, (size_t)n);
	}
	return GH_OK;
}

/* One regular file, if it is there; symbolic links are not followed. */
static gh_result add_file(struct gh_pack_files *files, int dir, const char *path, const char *name)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf text = { .limit = GH_PACK_MAX_BYTES };
	GH_CLEANUP(gh_fd_close_ptr) int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat info;

	if (fd < 0 && errno == ENOENT)
		return GH_OK;
	GH_ENSURE(fd >= 0 && fstat(fd, &info) == 0, GH_E_IO, "cannot read %s: %s", path,
	          strerror(errno));
	GH_ENSURE(S_ISREG(info.st_mode), GH_E_FORMAT, "%s is no regular file", path);
	GH_ENSURE(gh_tar_path_is_fine(gh_slice_str(path)), GH_E_FORMAT,
	          "%s: a file's name in a pack is letters, digits and ._- only", path);
	GH_ENSURE(files->count < GH_TAR_MAX_MEMBERS, GH_E_LIMIT, "a pack holds at most %d files",
	          GH_TAR_MAX_MEMBERS);
	GH_TRY(read_all(fd, path, &text));
	struct gh_tar_member *member = &files->members[files->count];
	member->path = gh_arena_copy(files->arena, gh_slice_str(path));
	member->content = gh_arena_copy(files->arena, gh_buf_slice(&text));
	GH_ENSURE(member->path.data && member->content.data, GH_E_LIMIT,
	          "the files are over %zu bytes", GH_PACK_MAX_BYTES);
	files->count++;
	return GH_OK;
}

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), tail = strlen(end);

	return name[0] != '.' && len > tail && strcmp(name + len - tail, end) == 0;
}

static gh_result add_folder(struct gh_pack_files *files, int root, const char *folder,
                            const char *end)
{
	int fd = openat(root, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	enum gh_code code = GH_OK;

	if (fd < 0 && errno == ENOENT)
		return GH_OK;
	GH_ENSURE(fd >= 0, GH_E_IO, "cannot read %s: %s", folder, strerror(errno));
	DIR *dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return gh_fail(GH_E_IO, "cannot read %s: %s", folder, strerror(errno));
	}
	for (struct dirent *entry; code == GH_OK && (entry = readdir(dir));) {
		char path[300];
		if (!ends_with(entry->d_name, end))
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		code = add_file(files, dirfd(dir), path, entry->d_name);
	}
	closedir(dir);
	return code;
}

static gh_result read_folder(int root, struct gh_pack_files *out)
{
	static const char *const single[] = { "schema.cedarschema", "diff.json", "shadow.json" };

	for (size_t i = 0; i < GH_ARRAY_LEN(single); i++)
		GH_TRY(add_file(out, root, single[i], single[i]));
	GH_TRY(add_folder(out, root, "policies", ".cedar"));
	GH_TRY(add_folder(out, root, "entities", ".json"));
	GH_TRY(add_folder(out, root, "tests", ".json"));
	gh_tar_sort(out->members, out->count);
	return GH_OK;
}

gh_result gh_pack_read_folder(const char *dir, struct gh_pack_files *out)
{
	GH_CLEANUP(gh_fd_close_ptr) int root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	out->count = 0;
	out->arena = NULL;
	GH_ENSURE(root >= 0, errno == ENOENT ? GH_E_NOT_FOUND : GH_E_IO, "cannot read %s: %s", dir,
	          strerror(errno));
	out->arena = gh_arena_new(2 * GH_PACK_MAX_BYTES);
	GH_ENSURE(out->arena, GH_E_MEMORY, "out of memory");
	enum gh_code code = read_folder(root, out);
	if (code != GH_OK)
		gh_pack_files_free(out);
	return code;
}

/* The manifest, and the signatures when there are some, among the other files. */
static gh_result write_pack(const struct gh_tar_member *members, size_t count,
                            struct gh_slice manifest, struct gh_slice jws, struct gh_buf *out)
{
	struct gh_tar_member all[GH_TAR_MAX_MEMBERS + 2];
	size_t n = 0;

	all[n++] = (struct gh_tar_member){ GH_SLICE("manifest.json"), manifest };
	if (jws.len)
		all[n++] = (struct gh_tar_member){ GH_SLICE("manifest.jws"), jws };
	for (size_t i = 0; i < count; i++)
		if (!gh_slice_eq_str(members[i].path, "manifest.json") &&
		    !gh_slice_eq_str(members[i].path, "manifest.jws"))
			all[n++] = members[i];
	gh_tar_sort(all, n);
	return gh_tar_write(all, n, out);
}

gh_result gh_pack_build(const struct gh_tar_member *members, size_t count,
                        struct gh_manifest *manifest, struct gh_buf *out)
{
	static const struct gh_slice unsigned_yet = { NULL, 0 };
	GH_CLEANUP(gh_buf_free) struct gh_buf json = { .limit = GH_MANIFEST_MAX_BYTES };

	GH_ENSURE(count > 0 && count <= GH_TAR_MAX_MEMBERS - 2, GH_E_LIMIT,
	          "a pack holds 1 to %d files", GH_TAR_MAX_MEMBERS - 2);
	manifest->file_count = count;
	for (size_t i = 0; i < count; i++) {
		struct gh_manifest_file *file = &manifest->files[i];
		GH_ENSURE(gh_tar_path_is_fine(members[i].path), GH_E_ARGUMENT,
		          "a file's name in a pack is letters, digits and ._- only");
		snprintf(file->path, sizeof file->path, "%.*s", GH_SLICE_ARG(members[i].path));
		file->size = members[i].content.len;
		gh_sha256(members[i].content, file->sha256);
	}
	GH_TRY(gh_manifest_write(manifest, &json));
	return write_pack(members, count, gh_buf_slice(&json), unsigned_yet, out);
}

gh_result gh_pack_sign(struct gh_slice raw_tar, const struct gh_key *key, int64_t now_s,
                       struct gh_buf *out)
{
	struct gh_tar_member members[GH_TAR_MAX_MEMBERS];
	GH_CLEANUP(gh_buf_free) struct gh_buf jws = { .limit = GH_SIGNATURES_MAX_BYTES };
	size_t count;

	GH_TRY(gh_tar_read(raw_tar, members, &count));
	struct gh_slice manifest = gh_tar_find(members, count, "manifest.json");
	GH_ENSURE(manifest.data, GH_E_FORMAT, "this tar is no policy pack: no manifest.json");
	GH_TRY(gh_signatures_add(gh_tar_find(members, count, "manifest.jws"), manifest, key, now_s,
	                         &jws));
	return write_pack(members, count, manifest, gh_buf_slice(&jws), out);
}
