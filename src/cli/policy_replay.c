#include "cli/policy_replay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static gh_result run(struct gh_replay *replay, FILE *file, const char *path, char **line)
{
	size_t capacity = 0;

	for (ssize_t len; (len = getline(line, &capacity, file)) >= 0;) {
		if (gh_replay_add(replay, gh_slice(*line, (size_t)len)) == GH_OK)
			continue;
		struct gh_error why = *gh_last_error();
		return gh_fail(why.code, "%.80s: %.110s", path, why.text);
	}
	GH_ENSURE(!ferror(file), GH_E_IO, "%s cannot be read: %s", path, strerror(errno));
	return GH_OK;
}

gh_result gh_cli_replay(const struct gh_pack *before, const struct gh_pack *after, const char *path,
                        struct gh_replay_counts *counts, json_t **report)
{
	GH_CLEANUP(gh_replay_close_ptr) struct gh_replay *replay = NULL;
	GH_CLEANUP(gh_free_ptr) char *line = NULL;

	GH_TRY(gh_replay_open(before, after, &replay));
	FILE *file = fopen(path, "re");
	GH_ENSURE(file, GH_E_IO, "%s cannot be opened: %s", path, strerror(errno));
	enum gh_code code = run(replay, file, path, &line);
	fclose(file);
	GH_TRY(code);
	GH_TRY(gh_replay_finish(replay, counts));
	return gh_replay_report(replay, report);
}
