/* gatehouse pii scan: what files, folders and standard input hold. Values are shown masked unless
 * asked for: what is printed ends up in build logs. */
#include "cli/pii_scan.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "cli/options.h"
#include "cli/pii_patterns.h"
#include "cli/pii_read.h"

#define MAX_PATHS      256
#define MAX_GLOBS      64
#define PROGRESS_FILES 64 /* between two updates */

struct scan_run {
	bool as_json, show, summary_only;
	unsigned threshold;
	bool wanted[GH_PII_CLASS_COUNT];
	char *globs[MAX_GLOBS];
	size_t glob_count;
	bool is_terminal;
	/* so far */
	size_t found[GH_PII_CLASS_COUNT], files_with[GH_PII_CLASS_COUNT];
	bool in_file[GH_PII_CLASS_COUNT];
	size_t total, files, files_found, binary, skipped, unreadable;
	struct pii_reader reader;
};

/* ---- one finding ---- */

/* Letters and digits become '*', but for the first and the last of eight and more. */
static void add_masked(struct gh_buf *out, struct gh_slice value)
{
	size_t characters = 0, at = 0;

	for (size_t i = 0; i < value.len; i++)
		characters += (value.data[i] & 0xc0) != 0x80;
	for (size_t i = 0; i < value.len; i++) {
		uint8_t c = value.data[i];
		bool begins = (c & 0xc0) != 0x80;
		at += begins;
		bool shown = characters >= 8 && (at == 1 || at == characters);
		bool is_sign = c < 0x80 && strchr(" -.,@:/_()+=", c) && c;
		if (shown || is_sign)
			gh_buf_add_byte(out, c);
		else if (begins)
			gh_buf_add_byte(out, '*');
	}
}

static void print_json(const struct scan_run *run, const struct pii_finding *finding)
{
	const struct gh_pii_match *match = finding->match;
	struct gh_buf out = { 0 }, masked = { 0 };
	struct gh_json_writer json;

	add_masked(&masked, finding->value);
	gh_json_begin(&json, &out);
	gh_json_str(&json, "file", finding->file);
	if (finding->path.len > 0)
		gh_json_slice(&json, "path", finding->path);
	gh_json_int(&json, "line", (int64_t)finding->line);
	gh_json_int(&json, "column", (int64_t)finding->column);
	gh_json_int(&json, "start", (int64_t)finding->start);
	gh_json_int(&json, "end", (int64_t)finding->end);
	gh_json_str(&json, "class", gh_pii_class_name(match->class));
	gh_json_str(&json, "kind", match->kind);
	gh_json_int(&json, "confidence", match->confidence);
	gh_json_slice(&json, "masked", gh_buf_slice(&masked));
	if (run->show)
		gh_json_slice(&json, "value", finding->value);
	gh_json_end(&json);
	printf("%s\n", gh_buf_cstr(&out));
	gh_buf_free(&out);
	gh_buf_free(&masked);
}

/* Line ends and other control characters would tear the line, or drive the terminal. */
static void print_value(struct gh_slice value)
{
	for (size_t i = 0; i < value.len; i++)
		putchar(value.data[i] < ' ' || value.data[i] == 0x7f ? ' ' : value.data[i]);
}

static void print_human(const struct scan_run *run, const struct pii_finding *finding)
{
	const struct gh_pii_match *match = finding->match;
	struct gh_buf masked = { 0 };

	printf("%s:%zu:%zu: %s (%s) %u  ", finding->file, finding->line, finding->column,
	       gh_pii_class_name(match->class), match->kind, match->confidence);
	add_masked(&masked, finding->value);
	print_value(run->show ? finding->value : gh_buf_slice(&masked));
	if (finding->path.len > 0)
		printf("  at %.*s", GH_SLICE_ARG(finding->path));
	putchar('\n');
	gh_buf_free(&masked);
}

static void on_finding(void *context, const struct pii_finding *finding)
{
	struct scan_run *run = context;
	unsigned class = finding->match->class;

	if (finding->match->confidence < run->threshold || !run->wanted[class])
		return;
	run->total++;
	run->found[class]++;
	run->in_file[class] = true;
	if (run->summary_only)
		return;
	if (run->as_json)
		print_json(run, finding);
	else
		print_human(run, finding);
}

/* ---- files ---- */

static void show_progress(const struct scan_run *run, bool now)
{
	if (run->is_terminal && (now || run->files % PROGRESS_FILES == 0))
		fprintf(stderr, "\r%zu files, %.1f MiB, %zu found \033[K", run->files,
		        (double)run->reader.bytes_read / 1048576.0, run->total);
}

static void complain(struct scan_run *run, const char *name, const char *why)
{
	if (run->is_terminal)
		fprintf(stderr, "\r\033[K");
	fprintf(stderr, "gatehouse: cannot read %s: %s\n", name, why);
	run->unreadable++;
}

static void scan_fd(struct scan_run *run, int fd, const char *name)
{
	size_t before = run->total;
	enum pii_kind kind;

	memset(run->in_file, 0, sizeof run->in_file);
	if (pii_read(&run->reader, fd, name, &kind) != GH_OK) {
		complain(run, name, gh_last_error()->text);
		return;
	}
	if (kind == PII_BINARY)
		run->binary++;
	else
		run->files++;
	run->files_found += run->total > before;
	for (unsigned class = 0; class < GH_PII_CLASS_COUNT; class ++)
		run->files_with[class] += run->in_file[class];
	show_progress(run, false);
}

/* Opened without following a link or waiting for a pipe; what is no file by then is left. */
static void scan_entry(struct scan_run *run, const char *path, const char *name)
{
	GH_CLEANUP(gh_fd_close_ptr)
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat info;

	if (fd < 0 || fstat(fd, &info) != 0)
		complain(run, name, strerror(errno));
	else if (S_ISREG(info.st_mode))
		scan_fd(run, fd, name);
	else
		run->skipped++;
}

static bool is_excluded(const struct scan_run *run, const FTSENT *entry)
{
	for (size_t i = 0; i < run->glob_count; i++)
		if (fnmatch(run->globs[i], entry->fts_name, 0) == 0 ||
		    fnmatch(run->globs[i], entry->fts_path, 0) == 0)
			return true;
	return false;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static void scan_tree(struct scan_run *run, char *root)
{
	char *roots[] = { root, NULL };
	FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);

	if (!walk) {
		complain(run, root, strerror(errno));
		return;
	}
	for (FTSENT *entry; (entry = fts_read(walk)) != NULL;) {
		if (entry->fts_level > 0 && is_excluded(run, entry)) {
			if (entry->fts_info == FTS_D)
				fts_set(walk, entry, FTS_SKIP);
			continue;
		}
		switch (entry->fts_info) {
		case FTS_F: scan_entry(run, entry->fts_accpath, entry->fts_path); break;
		case FTS_DNR:
		case FTS_ERR:
		case FTS_NS: complain(run, entry->fts_path, strerror(entry->fts_errno)); break;
		case FTS_SL:
		case FTS_SLNONE:
		case FTS_DEFAULT: run->skipped++; break;
		default: break;
		}
	}
	fts_close(walk);
}

/* What is named on the command line is followed and waited for: it was meant. */
static void scan_path(struct scan_run *run, const char *path)
{
	struct stat info;

	if (stat(path, &info) == 0 && S_ISDIR(info.st_mode)) {
		GH_CLEANUP(gh_free_ptr) char *root = strdup(path);
		if (root)
			scan_tree(run, root);
		else
			complain(run, path, "out of memory");
		return;
	}
	GH_CLEANUP(gh_fd_close_ptr) int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		complain(run, path, strerror(errno));
	else
		scan_fd(run, fd, path);
}

/* ---- the end ---- */

static void print_summary_json(const struct scan_run *run)
{
	json_t *classes = json_object();

	for (unsigned class = 0; class < GH_PII_CLASS_COUNT; class ++)
		if (run->found[class])
			json_object_set_new(classes, gh_pii_class_name((enum gh_pii_class) class),
			                    json_pack("{s:I,s:I}", "found",
			                              (json_int_t)run->found[class], "files",
			                              (json_int_t)run->files_with[class]));
	GH_CLEANUP(gh_json_decref_ptr)
	json_t *all =
	    json_pack("{s:o,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "classes", classes, "found",
	              (json_int_t)run->total, "files", (json_int_t)run->files,
	              "files_with_findings", (json_int_t)run->files_found, "binary",
	              (json_int_t)run->binary, "skipped", (json_int_t)run->skipped, "unreadable",
	              (json_int_t)run->unreadable, "bytes", (json_int_t)run->reader.bytes_read);
	GH_CLEANUP(gh_free_ptr) char *text = json_dumps(all, JSON_COMPACT);
	printf("%s\n", text ? text : "{}");
}

static void print_summary(const struct scan_run *run)
{
	if (run->total > 0)
		printf("%s%-14s %8s %8s\n", run->summary_only ? "" : "\n", "class", "found",
		       "files");
	for (unsigned class = 0; class < GH_PII_CLASS_COUNT; class ++)
		if (run->found[class])
			printf("%-14s %8zu %8zu\n", gh_pii_class_name((enum gh_pii_class) class),
			       run->found[class], run->files_with[class]);
	printf("%zu found in %zu of %zu files, %.1f MiB", run->total, run->files_found, run->files,
	       (double)run->reader.bytes_read / 1048576.0);
	if (run->binary)
		printf("; binary files skipped: %zu", run->binary);
	if (run->skipped)
		printf("; links and special files skipped: %zu", run->skipped);
	if (run->unreadable)
		printf("; could not be read: %zu", run->unreadable);
	printf("\n");
}

/* ---- the command line ---- */

static bool read_classes(struct scan_run *run, const char *list)
{
	struct gh_slice rest = gh_slice_str(list), name;

	for (unsigned class = 0; class < GH_PII_CLASS_COUNT; class ++)
		run->wanted[class] = !list;
	while (rest.len > 0) {
		enum gh_pii_class class;
		gh_slice_split(rest, ',', &name, &rest);
		if (gh_pii_class_parse(gh_slice_trim(name), &class) != GH_OK) {
			fprintf(stderr, "gatehouse: --classes: there is no class %.*s; there are",
			        GH_SLICE_ARG(name));
			for (unsigned i = 0; i < GH_PII_CLASS_COUNT; i++)
				fprintf(stderr, " %s", gh_pii_class_name((enum gh_pii_class)i));
			fprintf(stderr, "\n");
			return false;
		}
		run->wanted[class] = true;
	}
	return true;
}

static bool read_globs(struct scan_run *run, char *list)
{
	for (char *save = NULL, *glob = list ? strtok_r(list, ",", &save) : NULL; glob;
	     glob = strtok_r(NULL, ",", &save)) {
		if (run->glob_count == MAX_GLOBS) {
			fprintf(stderr, "gatehouse: --exclude takes at most %d patterns\n",
			        MAX_GLOBS);
			return false;
		}
		run->globs[run->glob_count++] = glob;
	}
	return true;
}

int gh_cli_pii_scan(int argc, char **argv)
{
	const char *threshold = "50", *classes = NULL, *exclude = NULL, *patterns = NULL;
	const char *paths[MAX_PATHS];
	struct scan_run run = { .is_terminal = isatty(STDERR_FILENO) };
	unsigned long number;
	size_t count;
	const struct gh_option options[] = {
		{ "--json", NULL, "one JSON object a line for each finding", NULL, &run.as_json },
		{ "--classes", "A,B…", "only these: name email phone address gov_id …", &classes,
		  NULL },
		{ "--threshold", "N", "least confidence that counts, 0 to 100 (50)", &threshold,
		  NULL },
		{ "--exclude", "GLOB,…", "names or paths in folders to leave out: '*.min.js,.git'",
		  &exclude, NULL },
		{ "--patterns", "FILE", "your own classes: JSON, definitions by name", &patterns,
		  NULL },
		{ "--summary", NULL, "only the table at the end (with --json, one object)", NULL,
		  &run.summary_only },
		{ "--show", NULL, "print the values themselves, not masked", NULL, &run.show },
	};
	const struct gh_command command = {
		.usage = "gatehouse pii scan [options] [FILE | DIRECTORY | -]…",
		.summary =
		    "Finds personal data in files, folders or standard input: text, tables,\nJSON "
		    "and JSON lines. Binary files are skipped, links in folders are not\nfollowed. "
		    "Exit status 1 when something was found at or above the\nthreshold, 2 when "
		    "something could not be read.",
		.options = options,
		.option_count = GH_ARRAY_LEN(options),
		.positional = paths,
		.positional_max = GH_ARRAY_LEN(paths),
	};

	int status = gh_options_parse(&command, argc, argv, &count);
	if (status >= 0)
		return status;
	GH_CLEANUP(gh_free_ptr) char *globs = exclude ? strdup(exclude) : NULL;
	if (!gh_option_number(&command, "--threshold", threshold, 0, 100, &number) ||
	    !read_classes(&run, classes) || !read_globs(&run, globs))
		return GH_EXIT_USAGE;
	run.threshold = (unsigned)number;
	run.reader = (struct pii_reader){ .found = on_finding, .context = &run };
	if (patterns && gh_cli_pii_patterns_load(patterns, &run.reader.custom) != GH_OK)
		return gh_cli_fail(GH_EXIT_USAGE);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(paths[i], "-") == 0)
			scan_fd(&run, STDIN_FILENO, "stdin");
		else
			scan_path(&run, paths[i]);
	}
	if (count == 0)
		scan_fd(&run, STDIN_FILENO, "stdin");
	gh_pii_custom_release(run.reader.custom);
	pii_reader_free(&run.reader);
	if (run.is_terminal)
		fprintf(stderr, "\r\033[K");
	if (!run.as_json)
		print_summary(&run);
	else if (run.summary_only)
		print_summary_json(&run);
	if (run.unreadable)
		return GH_EXIT_USAGE;
	return run.total ? GH_EXIT_CHECK : GH_EXIT_OK;
}
