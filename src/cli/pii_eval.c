/* gatehouse pii eval: scores the scanner on labelled rows
 * {"text","spans":[{"start","end","class"}], "ignore":[{"start","end"}]}. Strict: same class and
 * bounds; overlap: same class and at least one byte shared. A prediction that overlaps only an
 * `ignore` span counts neither way. */
#include "cli/pii_eval.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cli/options.h"
#include "pii/scan.h"

struct score {
	size_t gold, predicted;
	size_t strict, overlap_gold, overlap_predicted; /* matched */
};

struct file_score {
	const char *name;
	size_t rows;
	bool each; /* print every verdict */
	bool raw;  /* scores as they are, before calibration */
	struct score class[GH_PII_CLASS_COUNT];
	struct score all;
};

struct span {
	size_t start, end;
	enum gh_pii_class class;
	uint8_t confidence;
	const char *kind;
};

#define MAX_SPANS 4096

static size_t read_spans(const json_t *list, struct span *out, bool with_class)
{
	json_t *item;
	size_t i, count = 0;

	json_array_foreach((json_t *)(uintptr_t)list, i, item)
	{
		json_int_t start, end;
		const char *class = "name";
		if (count == MAX_SPANS ||
		    json_unpack(item, "{s:I,s:I,s?s}", "start", &start, "end", &end, "class",
		                &class) != 0 ||
		    start < 0 || end <= start)
			continue;
		struct span *span = &out[count];
		if (with_class && gh_pii_class_parse(gh_slice_str(class), &span->class) != GH_OK)
			continue;
		span->kind = NULL;
		span->confidence = 0;
		span->start = (size_t)start;
		span->end = (size_t)end;
		count++;
	}
	return count;
}

static bool overlaps(const struct span *a, const struct span *b)
{
	return a->start < b->end && b->start < a->end;
}

static void count(struct score *one, struct score *all, size_t offset)
{
	(*(size_t *)((char *)one + offset))++;
	(*(size_t *)((char *)all + offset))++;
}
#define COUNT(file, class_, field)                                                                 \
	count(&(file)->class[class_], &(file) -> all, offsetof(struct score, field))

/* One line a span, without what stands in it: rows and offsets lead there. */
static void print_verdict(const struct file_score *file, const struct span *span,
                          const char *verdict)
{
	if (file->each)
		printf("{\"file\":\"%s\",\"row\":%zu,\"start\":%zu,\"end\":%zu,\"class\":\"%s\","
		       "\"kind\":\"%s\",\"confidence\":%u,\"verdict\":\"%s\"}\n",
		       file->name, file->rows + 1, span->start, span->end,
		       gh_pii_class_name(span->class), span->kind ? span->kind : "",
		       span->confidence, verdict);
}

static void score_row(struct file_score *file, const struct span *gold, size_t golds,
                      const struct span *ignored, size_t ignores, const struct span *predicted,
                      size_t predictions)
{
	for (size_t g = 0; g < golds; g++) {
		bool touched = false;
		COUNT(file, gold[g].class, gold);
		for (size_t p = 0; p < predictions && !touched; p++)
			touched = predicted[p].class == gold[g].class &&
			          overlaps(&predicted[p], &gold[g]);
		if (touched)
			COUNT(file, gold[g].class, overlap_gold);
		else
			print_verdict(file, &gold[g], "missed");
	}
	for (size_t p = 0; p < predictions; p++) {
		bool touched = false, exact = false, any_gold = false, ignorable = false;
		for (size_t g = 0; g < golds; g++) {
			bool shares = overlaps(&predicted[p], &gold[g]);
			any_gold = any_gold || shares;
			touched = touched || (shares && predicted[p].class == gold[g].class);
			exact = exact || (predicted[p].class == gold[g].class &&
			                  predicted[p].start == gold[g].start &&
			                  predicted[p].end == gold[g].end);
		}
		for (size_t i = 0; i < ignores; i++)
			ignorable = ignorable || overlaps(&predicted[p], &ignored[i]);
		print_verdict(file, &predicted[p],
		              exact                    ? "exact"
		              : touched                ? "overlap"
		              : !any_gold && ignorable ? "ignored"
		                                       : "wrong");
		if (!any_gold && ignorable)
			continue;
		COUNT(file, predicted[p].class, predicted);
		if (touched)
			COUNT(file, predicted[p].class, overlap_predicted);
		if (exact)
			COUNT(file, predicted[p].class, strict);
	}
}

static gh_result eval_line(struct file_score *file, struct gh_slice line, unsigned threshold,
                           struct gh_pii_matches *matches)
{
	static struct span gold[MAX_SPANS], ignored[MAX_SPANS], predicted[MAX_SPANS];
	GH_CLEANUP(gh_json_decref_ptr) json_t *row = NULL;
	const struct gh_pii_context context = { .raw = file->raw };
	size_t predictions = 0;

	GH_TRY(gh_json_parse(line, &row));
	const json_t *text = json_object_get(row, "text");
	GH_ENSURE(json_is_string(text), GH_E_FORMAT, "a row has no text");
	GH_TRY(gh_pii_scan(gh_slice(json_string_value(text), json_string_length(text)), &context,
	                   matches));
	for (size_t i = 0; i < matches->count && predictions < MAX_SPANS; i++) {
		if (matches->items[i].confidence < threshold)
			continue;
		predicted[predictions++] = (struct span){
			.start = matches->items[i].start,
			.end = matches->items[i].end,
			.class = matches->items[i].class,
			.confidence = matches->items[i].confidence,
			.kind = matches->items[i].kind,
		};
	}
	size_t golds = read_spans(json_object_get(row, "spans"), gold, true);
	size_t ignores = read_spans(json_object_get(row, "ignore"), ignored, false);
	score_row(file, gold, golds, ignored, ignores, predicted, predictions);
	file->rows++;
	return GH_OK;
}

static gh_result eval_file(struct file_score *file, unsigned threshold)
{
	GH_CLEANUP(gh_free_ptr) char *line = NULL;
	struct gh_pii_matches matches = { 0 };
	enum gh_code code = GH_OK;
	size_t capacity = 0;
	ssize_t len;

	FILE *in = fopen(file->name, "re");
	GH_ENSURE(in, GH_E_IO, "cannot read %s: %s", file->name, strerror(errno));
	while (code == GH_OK && (len = getline(&line, &capacity, in)) > 0)
		if (line[0] != '\n')
			code = eval_line(file, gh_slice(line, (size_t)len), threshold, &matches);
	fclose(in);
	gh_pii_matches_free(&matches);
	if (code != GH_OK) {
		char reason[200];
		snprintf(reason, sizeof reason, "%s", gh_last_error()->text);
		return gh_fail(code, "%s, row %zu: %s", file->name, file->rows + 1, reason);
	}
	return GH_OK;
}

static double ratio(size_t a, size_t b)
{
	return b ? (double)a / (double)b : 0.0;
}

static double f1(double precision, double recall)
{
	return precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0.0;
}

static void print_human(const char *name, const struct score *s)
{
	double ps = ratio(s->strict, s->predicted), rs = ratio(s->strict, s->gold);
	double po = ratio(s->overlap_predicted, s->predicted), ro = ratio(s->overlap_gold, s->gold);

	if (s->gold + s->predicted == 0)
		return;
	printf("  %-14s %6zu %6zu   %.3f %.3f %.3f   %.3f %.3f %.3f\n", name, s->gold, s->predicted,
	       ps, rs, f1(ps, rs), po, ro, f1(po, ro));
}

static json_t *as_json(const struct score *s)
{
	double ps = ratio(s->strict, s->predicted), rs = ratio(s->strict, s->gold);
	double po = ratio(s->overlap_predicted, s->predicted), ro = ratio(s->overlap_gold, s->gold);

	return json_pack("{s:I,s:I,s:{s:f,s:f,s:f},s:{s:f,s:f,s:f}}", "gold", (json_int_t)s->gold,
	                 "predicted", (json_int_t)s->predicted, "strict", "precision", ps, "recall",
	                 rs, "f1", f1(ps, rs), "overlap", "precision", po, "recall", ro, "f1",
	                 f1(po, ro));
}

static json_t *file_as_json(const struct file_score *file)
{
	json_t *classes = json_object();

	for (int c = 0; c < GH_PII_CLASS_COUNT; c++)
		if (file->class[c].gold + file->class[c].predicted > 0)
			json_object_set_new(classes, gh_pii_class_name(c),
			                    as_json(&file->class[c]));
	return json_pack("{s:I,s:o,s:o}", "rows", (json_int_t)file->rows, "classes", classes, "all",
	                 as_json(&file->all));
}

static void print_file(const struct file_score *file)
{
	printf("%s: %zu rows\n  %-14s %6s %6s   strict P     R    F1   overlap P    R    F1\n",
	       file->name, file->rows, "class", "gold", "found");
	for (int c = 0; c < GH_PII_CLASS_COUNT; c++)
		print_human(gh_pii_class_name(c), &file->class[c]);
	print_human("all", &file->all);
}

static void add_score(struct score *to, const struct score *from)
{
	to->gold += from->gold;
	to->predicted += from->predicted;
	to->strict += from->strict;
	to->overlap_gold += from->overlap_gold;
	to->overlap_predicted += from->overlap_predicted;
}

int gh_cli_pii_eval(int argc, char **argv)
{
	const char *threshold = "50", *paths[64];
	bool want_json = false, each = false, raw = false;
	unsigned long number;
	size_t files;
	const struct gh_option options[] = {
		{ "--json", NULL, "print JSON", NULL, &want_json },
		{ "--threshold", "N", "least confidence that counts, 0 to 100 (50)", &threshold,
		  NULL },
		{ "--each", NULL, "print a JSON line for every span found or missed, nothing else",
		  NULL, &each },
		{ "--raw", NULL, "scores of the detectors, before calibration", NULL, &raw },
	};
	const struct gh_command command = {
		.usage = "gatehouse pii eval FILE.jsonl… [options]",
		.summary =
		    "Scores the scanner on labelled rows: precision, recall and F1 per class.",
		.options = options,
		.option_count = GH_ARRAY_LEN(options),
		.positional = paths,
		.positional_max = GH_ARRAY_LEN(paths),
	};
	static struct file_score scores[64], total = { .name = "total" };

	int status = gh_options_parse(&command, argc, argv, &files);
	if (status >= 0)
		return status;
	if (!gh_option_number(&command, "--threshold", threshold, 0, 100, &number))
		return GH_EXIT_USAGE;
	if (files == 0) {
		fprintf(stderr, "gatehouse: name at least one labelled file: %s\n", command.usage);
		return GH_EXIT_USAGE;
	}
	GH_CLEANUP(gh_json_decref_ptr) json_t *per_file = json_object();
	for (size_t i = 0; i < files; i++) {
		scores[i].name = paths[i];
		scores[i].each = each;
		scores[i].raw = raw;
		if (eval_file(&scores[i], (unsigned)number) != GH_OK)
			return gh_cli_fail(GH_EXIT_USAGE);
		for (int c = 0; c < GH_PII_CLASS_COUNT; c++)
			add_score(&total.class[c], &scores[i].class[c]);
		add_score(&total.all, &scores[i].all);
		total.rows += scores[i].rows;
		if (each)
			continue;
		if (want_json)
			json_object_set_new(per_file, paths[i], file_as_json(&scores[i]));
		else
			print_file(&scores[i]);
	}
	if (each)
		return GH_EXIT_OK;
	if (want_json) {
		GH_CLEANUP(gh_json_decref_ptr)
		json_t *answer =
		    json_pack("{s:O,s:o}", "files", per_file, "total", file_as_json(&total));
		GH_CLEANUP(gh_free_ptr) char *text = json_dumps(answer, JSON_REAL_PRECISION(4));
		printf("%s\n", text ? text : "{}");
	} else {
		print_file(&total);
	}
	return GH_EXIT_OK;
}
