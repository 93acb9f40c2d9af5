/* pii.c: what the scanner costs on one core. Reads groups of texts, {"name","texts":[…]} a line,
 * and prints one JSON object: for each group the median over its texts of the best of some rounds
 * (a busy machine makes a round slower and never faster), in microseconds: all texts in turn, so
 * that each finds caches and branch predictors full of the others, and for the scanner also each
 * text again and again, as microbenchmarks do; the same for a set of
 * regular expressions under Vectorscan, one an entity; rewriting of a chat body; a stream's lag by
 * token; and the throughput on texts that were made to be slow (tests/unit/pii/hard_texts.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "hard_texts.h"
#include "pii/rewrite.h"
#include "pii/text_stream.h"
#include "pii_regex.h"

#define ROUNDS      15
#define HARD_BYTES  ((size_t)1 << 20)
#define TOKEN_BYTES 4

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void must(enum gh_code code)
{
	if (code != GH_OK) {
		fprintf(stderr, "bench/pii: %s\n", gh_last_error()->text);
		exit(1);
	}
}

static void *must_have(void *memory)
{
	if (!memory) {
		fprintf(stderr, "bench/pii: out of memory\n");
		exit(1);
	}
	return memory;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double at_share(double *values, size_t count, double share)
{
	qsort(values, count, sizeof *values, compare);
	size_t rank = (size_t)(share * (double)count);
	return count ? values[rank < count ? rank : count - 1] : 0;
}

/* ---- what is measured: one text, one way ---- */

struct bench {
	struct gh_pii_matches matches;
	struct gh_pii_policy policy;
	struct pii_regex *regex;
	size_t found;
};

typedef void run_fn(struct bench *bench, struct gh_slice text);

static void run_scan(struct bench *bench, struct gh_slice text)
{
	must(gh_pii_scan(text, NULL, &bench->matches));
	bench->found += bench->matches.count;
}

/* E-mail, phones, identifiers, cards and credentials: what has a form of its own. */
static void run_structured(struct bench *bench, struct gh_slice text)
{
	const struct gh_pii_context context = { .without =
		                                    1u << GH_PII_NAME | 1u << GH_PII_ADDRESS |
		                                    1u << GH_PII_HEALTH | 1u << GH_PII_BIOMETRIC |
		                                    1u << GH_PII_MINOR };

	must(gh_pii_scan(text, &context, &bench->matches));
	bench->found += bench->matches.count;
}

static void run_regex(struct bench *bench, struct gh_slice text)
{
	bench->found += pii_regex_count(bench->regex, text);
}

/* A request of its own: a session, a body, its tokens. */
static void run_rewrite(struct bench *bench, struct gh_slice body)
{
	static const uint8_t key[32] = { 1 };
	struct gh_arena *arena = must_have(gh_arena_new((size_t)4 << 20));
	struct gh_pii_session *session;
	struct gh_buf out = { 0 };

	must(gh_pii_session_open(&bench->policy, key, arena, &session));
	must(gh_pii_rewrite_json(session, GH_PII_PROMPT, body, &out));
	bench->found += out.len;
	gh_buf_free(&out);
	gh_pii_session_close(session);
	gh_arena_free(arena);
}

static double took_us(struct bench *bench, run_fn *run, struct gh_slice text)
{
	double begin = now_us();

	run(bench, text);
	return now_us() - begin;
}

/* `in_turn`: round by round over all texts; else all rounds of a text at once. */
static void measure(struct bench *bench, run_fn *run, const struct gh_slice *texts, size_t count,
                    bool in_turn, const char *name)
{
	double *best = must_have(calloc(count ? count : 1, sizeof *best));
	size_t bytes = 0;

	bench->found = 0;
	for (size_t i = 0; i < count; i++) {
		best[i] = 1e18;
		bytes += texts[i].len;
	}
	for (size_t step = 0; step < ROUNDS * count; step++) {
		size_t i = in_turn ? step % count : step / ROUNDS;
		double took = took_us(bench, run, texts[i]);
		best[i] = took < best[i] ? took : best[i];
	}
	double sum = 0;
	for (size_t i = 0; i < count; i++)
		sum += best[i];
	printf("\"%s\":{\"p50_us\":%.2f,\"p90_us\":%.2f,\"mb_per_s\":%.1f,\"found\":%zu}", name,
	       at_share(best, count, .5), at_share(best, count, .9), (double)bytes / sum,
	       bench->found / ROUNDS);
	free(best);
}

/* ---- streams ---- */

/* Every piece's own cost, and how much is held back behind it. */
static void measure_stream(const struct gh_pii_policy *policy, const struct gh_slice *texts,
                           size_t count, const char *name)
{
	static const uint8_t key[32] = { 1 };
	size_t capacity = 0, pieces = 0;

	for (size_t i = 0; i < count; i++)
		capacity += texts[i].len / TOKEN_BYTES + 1;
	double *took = must_have(calloc(capacity, sizeof *took));
	double *held = must_have(calloc(capacity, sizeof *held));
	for (size_t i = 0; i < count; i++) {
		struct gh_arena *arena = must_have(gh_arena_new((size_t)16 << 20));
		struct gh_pii_text_stream *stream;
		struct gh_pii_session *session;
		struct gh_buf out = { 0 };
		must(gh_pii_session_open(policy, key, arena, &session));
		must(gh_pii_text_stream_open(session, GH_PII_OUTPUT, &stream));
		for (size_t at = 0; at < texts[i].len; at += TOKEN_BYTES, pieces++) {
			double begin = now_us();
			must(gh_pii_text_stream_feed(
			    stream, gh_slice_sub(texts[i], at, TOKEN_BYTES), &out));
			took[pieces] = now_us() - begin;
			held[pieces] = (double)gh_pii_text_stream_held(stream);
		}
		must(gh_pii_text_stream_flush(stream, &out));
		gh_buf_free(&out);
		gh_pii_text_stream_close(stream);
		gh_pii_session_close(session);
		gh_arena_free(arena);
	}
	double sum = 0;
	for (size_t i = 0; i < pieces; i++)
		sum += took[i];
	printf("\"%s\":{\"tokens\":%zu,\"mean_us\":%.2f,\"p50_us\":%.2f,\"p99_us\":%.2f,", name,
	       pieces, sum / (double)(pieces ? pieces : 1), at_share(took, pieces, .5),
	       at_share(took, pieces, .99));
	printf("\"held_p50\":%.0f,\"held_p99\":%.0f,\"held_most\":%.0f}",
	       at_share(held, pieces, .5), at_share(held, pieces, .99), at_share(held, pieces, 1));
	free(took);
	free(held);
}

/* ---- texts made to be slow ---- */

static void measure_hard(struct bench *bench, size_t size)
{
	char *text = must_have(malloc(size));

	printf("\"hard\":{\"bytes\":%zu", size);
	for (size_t i = 0; i < HARD_TEXT_COUNT; i++) {
		double best = 1e18;
		hard_text_fill(&hard_texts[i], text, size);
		bool refused = false;
		for (int round = 0; round < 3; round++) {
			double begin = now_us();
			refused = gh_pii_scan(gh_slice(text, size), NULL, &bench->matches) != GH_OK;
			double took = now_us() - begin;
			best = took < best ? took : best;
		}
		printf(",\"%s%s\":%.1f", hard_texts[i].name, refused ? " (refused)" : "",
		       (double)size / best);
	}
	printf("}");
	free(text);
}

/* ---- groups ---- */

/* A chat request around the text. */
static struct gh_slice body_of(struct gh_slice text)
{
	struct gh_buf body = { 0 };

	gh_buf_add_str(&body,
	               "{\"model\":\"m\",\"temperature\":0.2,\"messages\":[{\"role\":\"system\","
	               "\"content\":\"Be kind.\"},{\"role\":\"user\",\"content\":");
	gh_json_add_string(&body, text);
	gh_buf_add_str(&body, "}]}");
	must(gh_buf_check(&body));
	return gh_buf_slice(&body);
}

static void measure_group(struct bench *bench, const json_t *group)
{
	const json_t *list = json_object_get(group, "texts");
	size_t count = json_array_size(list);
	struct gh_slice *texts = must_have(calloc(count ? count : 1, sizeof *texts));
	struct gh_slice *bodies = must_have(calloc(count ? count : 1, sizeof *bodies));

	for (size_t i = 0; i < count; i++) {
		const json_t *text = json_array_get(list, i);
		texts[i] = gh_slice(json_string_value(text), json_string_length(text));
		bodies[i] = body_of(texts[i]);
	}
	printf("\"%s\":{", json_string_value(json_object_get(group, "name")));
	measure(bench, run_scan, texts, count, true, "scan");
	printf(",");
	measure(bench, run_scan, texts, count, false, "scan_again");
	printf(",");
	measure(bench, run_structured, texts, count, true, "structured");
	printf(",");
	measure(bench, run_structured, texts, count, false, "structured_again");
	if (bench->regex) {
		printf(",");
		measure(bench, run_regex, texts, count, true, "regex");
	}
	if (count > 1) {
		printf(",");
		measure(bench, run_rewrite, bodies, count, true, "rewrite");
		printf(",");
		measure_stream(&bench->policy, texts, count, "stream");
		printf(",");
		struct gh_pii_policy names = bench->policy;
		names.mode[GH_PII_NAME][GH_PII_OUTPUT] = GH_PII_REVERSIBLE;
		measure_stream(&names, texts, count, "stream_names");
	}
	printf("}");
	for (size_t i = 0; i < count; i++)
		free((void *)(uintptr_t)bodies[i].data);
	free(texts);
	free(bodies);
}

int main(void)
{
	struct bench bench = { .regex = pii_regex_open() };
	size_t capacity = 0;
	char *line = NULL;
	ssize_t len;

	gh_pii_policy_default(&bench.policy);
	printf("{\"groups\":{");
	for (size_t i = 0; (len = getline(&line, &capacity, stdin)) > 0; i++) {
		json_error_t error;
		json_t *group = json_loadb(line, (size_t)len, 0, &error);
		if (!group) {
			fprintf(stderr, "bench/pii: line %zu: %s\n", i + 1, error.text);
			return 1;
		}
		printf("%s", i ? "," : "");
		measure_group(&bench, group);
		json_decref(group);
	}
	printf("},\"regexes\":%zu,", pii_regex_size(bench.regex));
	measure_hard(&bench, HARD_BYTES);
	printf("}\n");
	free(line);
	pii_regex_close(bench.regex);
	gh_pii_matches_free(&bench.matches);
	return 0;
}
