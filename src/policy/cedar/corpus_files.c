/* Corpora are packed in different ways: file names inside a test are relative to the root of the
 * official repository, to the folder that was unpacked, or to the test itself. */
#include "policy/cedar/corpus_files.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define MAX_LEVELS    16
#define MAX_FILE_SIZE ((size_t)64 << 20)

bool gh_cedar_corpus_ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), tail = strlen(end);

	return len >= tail && strcmp(text + len - tail, end) == 0;
}

static gh_result add(struct gh_cedar_file_list *list, const char *path)
{
	if (list->count == list->capacity) {
		size_t wanted = list->capacity ? list->capacity * 2 : 256;
		void *paths = reallocarray(list->paths, wanted, sizeof(char *));
		GH_ENSURE(paths, GH_E_MEMORY, "no memory for the corpus");
		list->paths = paths;
		list->capacity = wanted;
	}
	list->paths[list->count] = strdup(path);
	GH_ENSURE(list->paths[list->count], GH_E_MEMORY, "no memory for the corpus");
	list->count++;
	return GH_OK;
}

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static gh_result walk(const char *path, int level, struct gh_cedar_file_list *list)
{
	GH_CLEANUP(close_dir) DIR *dir = opendir(path);
	char child[PATH_MAX];
	struct stat status;
	const struct dirent *entry;

	GH_ENSURE(dir, GH_E_IO, "cannot read the folder %.100s: %s", path, strerror(errno));
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		int len = snprintf(child, sizeof child, "%s/%s", path, entry->d_name);
		if (len < 0 || (size_t)len >= sizeof child || stat(child, &status) != 0)
			continue;
		if (S_ISDIR(status.st_mode)) {
			GH_ENSURE(level < MAX_LEVELS, GH_E_LIMIT,
			          "the corpus has more than %d levels of folders", MAX_LEVELS);
			GH_TRY(walk(child, level + 1, list));
		} else if (S_ISREG(status.st_mode) && gh_cedar_corpus_ends_with(child, ".json")) {
			GH_TRY(add(list, child));
		}
	}
	return GH_OK;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

gh_result gh_cedar_corpus_list(const char *dir, struct gh_cedar_file_list *out)
{
	GH_TRY(walk(dir, 0, out));
	if (out->count)
		qsort(out->paths, out->count, sizeof(char *), by_path);
	return GH_OK;
}

void gh_cedar_corpus_list_free(struct gh_cedar_file_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->paths[i]);
	free(list->paths);
	*list = (struct gh_cedar_file_list){ 0 };
}

const char *gh_cedar_corpus_find(const struct gh_cedar_file_list *list, const char *base_name)
{
	for (size_t i = 0; i < list->count; i++) {
		const char *slash = strrchr(list->paths[i], '/');
		if (strcmp(slash ? slash + 1 : list->paths[i], base_name) == 0)
			return list->paths[i];
	}
	return NULL;
}

static void close_file(FILE **file)
{
	if (*file)
		fclose(*file);
}

gh_result gh_cedar_corpus_read(const char *path, struct gh_buf *out)
{
	struct stat status;
	GH_CLEANUP(close_file) FILE *file = fopen(path, "rb");

	GH_ENSURE(file, GH_E_NOT_FOUND, "cannot open %.150s: %s", path, strerror(errno));
	GH_ENSURE(fstat(fileno(file), &status) == 0 && S_ISREG(status.st_mode), GH_E_NOT_FOUND,
	          "%.150s is not a file", path);
	gh_buf_init(out, MAX_FILE_SIZE, false);
	uint8_t *room = gh_buf_reserve(out, (size_t)status.st_size + 1);
	GH_ENSURE(room, GH_E_LIMIT, "%.150s is too large", path);
	size_t got = fread(room, 1, (size_t)status.st_size, file);
	GH_ENSURE(!ferror(file), GH_E_IO, "cannot read %.150s", path);
	gh_buf_commit(out, got);
	return GH_OK;
}

static bool exists(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

static bool try_join(const char *folder, size_t folder_len, struct gh_slice name, char *out)
{
	int len = snprintf(out, PATH_MAX, "%.*s/%.*s", (int)folder_len, folder, GH_SLICE_ARG(name));

	return len > 0 && len < PATH_MAX && exists(out);
}

static struct gh_slice base_of(struct gh_slice name)
{
	size_t at = name.len;

	while (at > 0 && name.data[at - 1] != '/')
		at--;
	return gh_slice_sub(name, at, SIZE_MAX);
}

static bool find(const char *dir, const char *test, struct gh_slice name, char *out)
{
	const char *slash = strrchr(test, '/');
	size_t beside = slash ? (size_t)(slash - test) : 0;
	char parent[PATH_MAX];

	if (name.len && name.data[0] == '/') {
		snprintf(out, PATH_MAX, "%.*s", GH_SLICE_ARG(name));
		return exists(out);
	}
	if (try_join(dir, strlen(dir), name, out))
		return true;
	/* From the test's folder upwards to the corpus. */
	for (size_t len = beside; len > 0; len--) {
		bool cut = len == beside || test[len] == '/';
		if (cut && try_join(test, len, name, out))
			return true;
	}
	int len = snprintf(parent, sizeof parent, "%s/..", dir);
	if (len > 0 && (size_t)len < sizeof parent && try_join(parent, (size_t)len, name, out))
		return true;
	return beside && try_join(test, beside, base_of(name), out);
}

gh_result gh_cedar_corpus_resolve(const char *dir, const char *test, struct gh_slice name,
                                  struct gh_buf *out)
{
	char path[PATH_MAX];

	GH_ENSURE(name.len < PATH_MAX && find(dir, test, name, path), GH_E_NOT_FOUND,
	          "the file %.*s is not there", name.len < 120 ? (int)name.len : 120,
	          (const char *)name.data);
	return gh_cedar_corpus_read(path, out);
}
