/* corpus_files.h: finding and reading the files of a corpus. For corpus.c only. */
#ifndef GH_POLICY_CEDAR_CORPUS_FILES_H
#define GH_POLICY_CEDAR_CORPUS_FILES_H

#include <stdbool.h>

#include "base/buf.h"

struct gh_cedar_file_list {
	char **paths; /* sorted */
	size_t count, capacity;
};

/* All files below `dir` that end in ".json", hidden ones and ._* left out; at most 16 levels. */
gh_result gh_cedar_corpus_list(const char *dir, struct gh_cedar_file_list *out);
void gh_cedar_corpus_list_free(struct gh_cedar_file_list *list);
/* The file with this base name; NULL when there is none. */
const char *gh_cedar_corpus_find(const struct gh_cedar_file_list *list, const char *base_name);

gh_result gh_cedar_corpus_read(const char *path, struct gh_buf *out); /* at most 64 MiB */
/* Reads the file that `test` calls `name`, wherever it lies. GH_E_NOT_FOUND. */
gh_result gh_cedar_corpus_resolve(const char *dir, const char *test, struct gh_slice name,
                                  struct gh_buf *out);
bool gh_cedar_corpus_ends_with(const char *text, const char *end);

#endif
