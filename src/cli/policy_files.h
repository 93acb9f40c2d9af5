/* policy_files.h: what the offline policy verbs share: packs that lie in a folder or in an archive,
 * whole files in and out, and faults as a compiler shows them. */
#ifndef GH_CLI_POLICY_FILES_H
#define GH_CLI_POLICY_FILES_H

#include <sys/types.h>

#include "base/json.h"
#include "cli/options.h"
#include "policy/pack/build.h"
#include "policy/pack/compile.h"

/* `-o FILE` and `--out FILE`. */
#define GH_OUT_OPTION(help_, into_)                                                                \
	{ "-o", "FILE", help_, into_, NULL },                                                      \
	{                                                                                          \
		"--out", "FILE", "the same", into_, NULL                                           \
	}

/* Both errors name the path. */
gh_result gh_cli_read(const char *path, size_t limit_bytes, struct gh_buf *out);
/* In full or not at all: a temporary name beside it, then renamed. With `fresh`, a file that is
 * there is left alone: GH_E_CONFLICT. */
gh_result gh_cli_write(const char *path, struct gh_slice data, mode_t mode, bool fresh);

/* The files of a pack, wherever they lie. Owned; gh_cli_pack_free (for GH_CLEANUP too). */
struct gh_cli_pack {
	const char *path; /* as given */
	bool is_folder;
	struct gh_pack_files folder;
	struct gh_buf raw; /* the archive; empty for a folder */
	struct gh_tar_member members[GH_TAR_MAX_MEMBERS];
	size_t count;
};
gh_result gh_cli_pack_read(const char *path, struct gh_cli_pack *out);
void gh_cli_pack_free(struct gh_cli_pack *pack);
/* "rules/policies/a.cedar", or "pack.tar:policies/a.cedar". */
void gh_cli_pack_file(const struct gh_cli_pack *pack, struct gh_slice member, struct gh_buf *out);

/* Checks the pack (compile.h) without its tests, or with them. On failure one line on standard
 * error says what is wrong first, and *status is the exit status. */
bool gh_cli_pack_open(const struct gh_cli_pack *files, bool with_tests, struct gh_pack **out,
                      int *status);

/* One line of canonical JSON on standard output; takes the tree over. GH_EXIT_USAGE when it could
 * not be written, else `status`. */
int gh_cli_print_json(json_t *tree, int status);

/* "2026-11-24T09:00:00Z", or a line on standard error and false. `text` NULL: now. */
bool gh_cli_time(const char *option, const char *text, int64_t *out);

#endif
