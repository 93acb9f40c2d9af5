#include "cli/policy_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

gh_result gh_cli_read(const char *path, size_t limit_bytes, struct gh_buf *out)
{
	GH_CLEANUP(gh_fd_close_ptr) int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t chunk[16384];
	ssize_t got;

	GH_ENSURE(fd >= 0, GH_E_IO, "%s cannot be opened: %s", path, strerror(errno));
	out->limit = limit_bytes;
	while ((got = read(fd, chunk, sizeof chunk)) > 0) {
		gh_buf_add(out, chunk, (size_t)got);
		GH_ENSURE(!out->failed, GH_E_LIMIT, "%s is over %zu bytes", path, limit_bytes);
	}
	if (out->secret)
		explicit_bzero(chunk, sizeof chunk);
	GH_ENSURE(got == 0, GH_E_IO, "%s cannot be read: %s", path, strerror(errno));
	return GH_OK;
}

static gh_result write_all(int fd, struct gh_slice data, const char *path)
{
	while (data.len) {
		ssize_t put = write(fd, data.data, data.len);
		GH_ENSURE(put > 0, GH_E_IO, "%s cannot be written: %s", path, strerror(errno));
		data = gh_slice_sub(data, (size_t)put, data.len);
	}
	GH_ENSURE(fsync(fd) == 0, GH_E_IO, "%s cannot be written: %s", path, strerror(errno));
	return GH_OK;
}

static gh_result place(const char *temporary, const char *path, bool fresh)
{
	if (!fresh)
		GH_ENSURE(rename(temporary, path) == 0, GH_E_IO, "%s cannot be written: %s", path,
		          strerror(errno));
	else
		GH_ENSURE(link(temporary, path) == 0, errno == EEXIST ? GH_E_CONFLICT : GH_E_IO,
		          "%s cannot be written: %s", path, strerror(errno));
	return GH_OK;
}

gh_result gh_cli_write(const char *path, struct gh_slice data, mode_t mode, bool fresh)
{
	GH_CLEANUP(gh_free_ptr) char *temporary = NULL;

	GH_ENSURE(asprintf(&temporary, "%s.%d.new", path, (int)getpid()) > 0, GH_E_MEMORY,
	          "out of memory");
	int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	GH_ENSURE(fd >= 0, GH_E_IO, "%s cannot be written: %s", path, strerror(errno));
	enum gh_code code = write_all(fd, data, path);
	close(fd);
	if (code == GH_OK)
		code = place(temporary, path, fresh);
	if (code != GH_OK || fresh)
		unlink(temporary);
	return code;
}

gh_result gh_cli_pack_read(const char *path, struct gh_cli_pack *out)
{
	struct stat info;

	memset(out, 0, sizeof *out);
	out->path = path;
	GH_ENSURE(stat(path, &info) == 0, GH_E_IO, "%s cannot be opened: %s", path,
	          strerror(errno));
	if (S_ISDIR(info.st_mode)) {
		out->is_folder = true;
		GH_TRY(gh_pack_read_folder(path, &out->folder));
		out->count = out->folder.count;
		memcpy(out->members, out->folder.members, out->count * sizeof out->members[0]);
		GH_ENSURE(out->count > 0, GH_E_NOT_FOUND,
		          "%s holds no pack: schema.cedarschema, policies/, entities/, tests/",
		          path);
		return GH_OK;
	}
	GH_TRY(gh_cli_read(path, GH_PACK_MAX_BYTES, &out->raw));
	if (gh_tar_read(gh_buf_slice(&out->raw), out->members, &out->count) == GH_OK)
		return GH_OK;
	struct gh_error why = *gh_last_error();
	return gh_fail(GH_E_FORMAT, "%s is no policy pack: %.120s", path, why.text);
}

void gh_cli_pack_free(struct gh_cli_pack *pack)
{
	gh_pack_files_free(&pack->folder);
	gh_buf_free(&pack->raw);
}

void gh_cli_pack_file(const struct gh_cli_pack *pack, struct gh_slice member, struct gh_buf *out)
{
	size_t len = strlen(pack->path);

	gh_buf_add_str(out, pack->path);
	if (!pack->is_folder)
		gh_buf_add_byte(out, ':');
	else if (len == 0 || pack->path[len - 1] != '/')
		gh_buf_add_byte(out, '/');
	gh_buf_add_slice(out, member);
}

bool gh_cli_pack_open(const struct gh_cli_pack *files, bool with_tests, struct gh_pack **out,
                      int *status)
{
	struct gh_pack_refusal why;
	enum gh_code code =
	    with_tests
	        ? gh_pack_compile(files->members, files->count, gh_cedar_checker(), out, &why)
	        : gh_pack_check(files->members, files->count, gh_cedar_checker(), NULL, out, &why);

	if (code == GH_OK)
		return true;
	fprintf(stderr, "gatehouse: %s: %s: %s\n", files->path, gh_pack_reason_name(why.reason),
	        why.text);
	*status = GH_EXIT_CHECK;
	return false;
}

int gh_cli_print_json(json_t *tree, int status)
{
	GH_CLEANUP(gh_json_decref_ptr) json_t *owned = tree;
	GH_CLEANUP(gh_buf_free) struct gh_buf text = { 0 };

	if (!owned || gh_jcs(owned, &text) != GH_OK) {
		fprintf(stderr, "gatehouse: the answer cannot be written as JSON\n");
		return GH_EXIT_USAGE;
	}
	printf("%s\n", gh_buf_cstr(&text));
	return status;
}

bool gh_cli_time(const char *option, const char *text, int64_t *out)
{
	if (!text) {
		*out = gh_clock_unix_s();
		return true;
	}
	if (gh_pack_time_parse(gh_slice_str(text), out))
		return true;
	fprintf(stderr, "gatehouse: %s must be a time such as 2026-11-24T09:00:00Z, not %.40s\n",
	        option, text);
	return false;
}
