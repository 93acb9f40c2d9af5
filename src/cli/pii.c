/* gatehouse pii scan | eval: the scanner on files, for people and for pipelines. */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "cli/options.h"
#include "cli/pii_eval.h"
#include "cli/verbs.h"
#include "pii/scan.h"

#define MAX_FILE_BYTES ((size_t)512 << 20)

struct scan_run {
	bool as_json, show;
	unsigned threshold;
	size_t found, files;
	int status;
	struct gh_pii_matches matches;
};

/* nftw has no argument for its caller. */
static struct scan_run *walking;

static gh_result read_stream(FILE *file, struct gh_buf *out)
{
	for (size_t n = 1; n > 0;) {
		uint8_t *room = gh_buf_reserve(out, 65536);
		n = room ? fread(room, 1, 65536, file) : 0;
		if (n)
			gh_buf_commit(out, n);
	}
	GH_ENSURE(!ferror(file), GH_E_IO, "cannot read: %s", strerror(errno));
	return gh_buf_check(out);
}

static void print_match(const struct scan_run *run, const char *name, struct gh_slice text,
                        const struct gh_pii_match *match, size_t line)
{
	struct gh_slice value = gh_slice_sub(text, match->start, match->end - match->start);

	if (run->as_json) {
		struct gh_buf out = { 0 };
		struct gh_json_writer json;
		gh_json_begin(&json, &out);
		gh_json_str(&json, "file", name);
		gh_json_int(&json, "line", (int64_t)line);
		gh_json_int(&json, "start", match->start);
		gh_json_int(&json, "end", match->end);
		gh_json_str(&json, "class", gh_pii_class_name(match->class));
		gh_json_str(&json, "kind", match->kind);
		gh_json_int(&json, "confidence", match->confidence);
		if (run->show)
			gh_json_slice(&json, "value", value);
		gh_json_end(&json);
		printf("%s\n", gh_buf_cstr(&out));
		gh_buf_free(&out);
		return;
	}
	printf("%s:%zu: %s (%s) confidence %u, bytes %u-%u", name, line,
	       gh_pii_class_name(match->class), match->kind, match->confidence, match->start,
	       match->end);
	if (run->show)
		printf(": %.*s", GH_SLICE_ARG(value));
	printf("\n");
}

static void scan_text(struct scan_run *run, const char *name, struct gh_slice text)
{
	size_t line = 1, at = 0;

	if (gh_pii_scan(text, NULL, &run->matches) != GH_OK) {
		fprintf(stderr, "gatehouse: %s: %s\n", name, gh_last_error()->text);
		run->status = GH_EXIT_USAGE;
		return;
	}
	run->files++;
	for (size_t i = 0; i < run->matches.count; i++) {
		const struct gh_pii_match *match = &run->matches.items[i];
		for (; at < match->start; at++)
			line += text.data[at] == '\n';
		if (match->confidence < run->threshold)
			continue;
		run->found++;
		print_match(run, name, text, match, line);
	}
}

static void scan_file(struct scan_run *run, const char *path)
{
	struct gh_buf text = { .limit = MAX_FILE_BYTES };
	FILE *file = fopen(path, "re");

	if (!file || read_stream(file, &text) != GH_OK) {
		fprintf(stderr, "gatehouse: cannot read %s: %s\n", path,
		        file ? gh_last_error()->text : strerror(errno));
		run->status = GH_EXIT_USAGE;
	} else {
		scan_text(run, path, gh_buf_slice(&text));
	}
	if (file)
		fclose(file);
	gh_buf_free(&text);
}

static int on_entry(const char *path, const struct stat *info, int kind, struct FTW *at)
{
	if (kind == FTW_F && S_ISREG(info->st_mode)) {
		scan_file(walking, path);
		if (isatty(STDERR_FILENO))
			fprintf(stderr, "\r%zu files, %zu found", walking->files, walking->found);
	}
	return 0;
}

static int run_scan(int argc, char **argv)
{
	const char *threshold = "50", *paths[256];
	struct scan_run run = { 0 };
	unsigned long number;
	size_t count;
	const struct gh_option options[] = {
		{ "--json", NULL, "one JSON object a line", NULL, &run.as_json },
		{ "--threshold", "N", "least confidence that counts, 0 to 100 (50)", &threshold,
		  NULL },
		{ "--show", NULL, "print the values themselves too", NULL, &run.show },
	};
	const struct gh_command command = {
		.usage = "gatehouse pii scan [options] [FILE | DIRECTORY]…",
		.summary = "Finds personal data in files, folders or standard input. Exit status 1 "
		           "when something\nwas found at or above the threshold.",
		.options = options,
		.option_count = GH_ARRAY_LEN(options),
		.positional = paths,
		.positional_max = GH_ARRAY_LEN(paths),
	};

	int status = gh_options_parse(&command, argc, argv, &count);
	if (status >= 0)
		return status;
	if (!gh_option_number(&command, "--threshold", threshold, 0, 100, &number))
		return GH_EXIT_USAGE;
	run.threshold = (unsigned)number;
	if (count == 0) {
		struct gh_buf text = { .limit = MAX_FILE_BYTES };
		if (read_stream(stdin, &text) != GH_OK)
			return gh_cli_fail(GH_EXIT_USAGE);
		scan_text(&run, "stdin", gh_buf_slice(&text));
		gh_buf_free(&text);
	}
	walking = &run;
	for (size_t i = 0; i < count; i++) {
		struct stat info;
		if (stat(paths[i], &info) == 0 && S_ISDIR(info.st_mode))
			nftw(paths[i], on_entry, 32, FTW_PHYS);
		else
			scan_file(&run, paths[i]);
	}
	gh_pii_matches_free(&run.matches);
	if (isatty(STDERR_FILENO) && run.files > 1)
		fprintf(stderr, "\n");
	return run.status ? run.status : run.found ? GH_EXIT_CHECK : GH_EXIT_OK;
}

int gh_cli_pii(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "scan") == 0)
		return run_scan(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "eval") == 0)
		return gh_cli_pii_eval(argc - 1, argv + 1);
	printf("usage: gatehouse pii (scan | eval | reveal) [options]; each takes --help\n");
	return argc > 1 && strcmp(argv[1], "--help") == 0 ? GH_EXIT_OK : GH_EXIT_USAGE;
}
