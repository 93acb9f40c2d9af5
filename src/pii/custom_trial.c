/* A set is tried before it is taken: in a child process, since Hyperscan can need minutes and
 * gigabytes for a pattern of twenty characters and cannot be interrupted. The child has no
 * descriptor but the pipe on which it tells what it measured. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "pii/custom.h"
#include "pii/custom_parse.h"
#include "pii/fold.h"

#define TEXT_BYTES   65536
#define RUNS         3
#define MOST_PERCENT 25 /* of ordinary text that a pattern may cover */

/* Ordinary text, which a useful pattern mostly leaves alone. */
static const char ordinary[] =
    "Dear colleagues, the meeting about the third quarter was moved to Tuesday at 14:30 in room "
    "2.17. Please read pages 12 to 48 of the report before, above all the table on page 31 (costs "
    "rose by 4.5%, from 1,280,000 to 1,337,600 euros). If you cannot come, tell Mrs Brandt.\n"
    "Sehr geehrte Damen und Herren, anbei erhalten Sie die Unterlagen zu Ihrer Anfrage vom 3. "
    "M\xc3\xa4rz 2024; f\xc3\xbcr R\xc3\xbc"
    "ckfragen stehen wir gern zur Verf\xc3\xbcgung. Die Lieferung erfolgt "
    "voraussichtlich innerhalb von 10 bis 14 Tagen.\n"
    "for (size_t i = 0; i < count; i++) {\n\ttotal += items[i].price * items[i].amount;\n}\n"
    "SELECT id, created_at FROM orders WHERE status = 'open' AND total > 100 LIMIT 50;\n"
    "Error 404: /api/v2/users/1234/settings was not found on server-07.example.com "
    "(request 7f3a9c, 2024-03-18T09:41:07Z, 183 ms, build 1.14.2-rc3).\n";

struct verdict {
	enum gh_code code;
	struct gh_pii_trial trial;
	char text[400];
};

static uint64_t cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* ---- in the child ---- */

/* How many bytes of a text definition `index` covers, after folding. */
static gh_result covered(struct gh_pii_custom *custom, size_t index, struct gh_slice text,
                         size_t *out)
{
	struct gh_pii_matches matches = { 0 };
	struct gh_pii_fold fold = { 0 };
	struct gh_slice folded;

	*out = 0;
	enum gh_code code = gh_pii_fold_text(&fold, text, &folded);
	if (code == GH_OK)
		code = gh_pii_custom_find(custom, folded, &matches);
	for (size_t i = 0; code == GH_OK && i < matches.count; i++)
		if (matches.items[i].custom == index)
			*out += matches.items[i].end - matches.items[i].start;
	gh_pii_matches_free(&matches);
	gh_pii_fold_free(&fold);
	return code;
}

static gh_result run_examples(struct gh_pii_custom *custom, size_t index,
                              const struct gh_pii_custom_form *form)
{
	size_t bytes;

	for (size_t i = 0; i < json_array_size(form->match); i++) {
		GH_TRY(covered(custom, index, gh_pii_custom_string(form->match, i), &bytes));
		GH_ENSURE(bytes > 0, GH_E_FORMAT, "%s: nothing is found in text %zu of match",
		          form->name, i + 1);
	}
	for (size_t i = 0; i < json_array_size(form->no_match); i++) {
		GH_TRY(covered(custom, index, gh_pii_custom_string(form->no_match, i), &bytes));
		GH_ENSURE(bytes == 0, GH_E_FORMAT, "%s: something is found in text %zu of no_match",
		          form->name, i + 1);
	}
	GH_TRY(covered(custom, index, gh_slice_str(ordinary), &bytes));
	GH_ENSURE(bytes * 100 <= MOST_PERCENT * (sizeof ordinary - 1), GH_E_FORMAT,
	          "%s: it is found nearly everywhere, in %zu%% of ordinary text: narrow it",
	          form->name, bytes * 100 / (sizeof ordinary - 1));
	return GH_OK;
}

/* Runs of one character, changes at every byte, and what is nearly a match. */
static void slow_text(const struct gh_pii_definition *definitions, size_t count,
                      uint8_t text[TEXT_BYTES])
{
	static const char mixed[] = "a0-a0_A0.z9 Zz-99 ";
	size_t at = 3 * TEXT_BYTES / 4;

	memset(text, 'a', TEXT_BYTES / 4);
	memset(text + TEXT_BYTES / 4, '0', TEXT_BYTES / 4);
	for (size_t i = TEXT_BYTES / 2; i < TEXT_BYTES; i++)
		text[i] = (uint8_t)mixed[i % (sizeof mixed - 1)];
	for (size_t d = 0; d < count; d++) {
		struct gh_pii_custom_form form;
		if (gh_pii_custom_parse(&definitions[d], &form) != GH_OK)
			continue;
		const json_t *samples = form.match ? form.match : form.values;
		for (size_t i = 0; i < json_array_size(samples) && at < TEXT_BYTES; i++) {
			struct gh_slice sample = gh_pii_custom_string(samples, i);
			for (size_t b = 0; b + 1 < sample.len && at < TEXT_BYTES; b++)
				text[at++] = sample.data[b];
		}
		gh_pii_custom_form_free(&form);
	}
}

static gh_result measure_speed(struct gh_pii_custom *custom,
                               const struct gh_pii_definition *definitions, size_t count,
                               struct gh_pii_trial *out)
{
	static uint8_t text[TEXT_BYTES];
	struct gh_pii_matches matches = { 0 };
	uint64_t best = UINT64_MAX;
	enum gh_code code = GH_OK;

	slow_text(definitions, count, text);
	for (int run = 0; code == GH_OK && run < RUNS; run++) {
		uint64_t before = cpu_us();
		matches.count = 0;
		code = gh_pii_custom_find(custom, gh_slice(text, sizeof text), &matches);
		uint64_t spent = cpu_us() - before;
		best = spent < best ? spent : best;
	}
	gh_pii_matches_free(&matches);
	out->bytes_per_second = (uint64_t)TEXT_BYTES * 1000000 / (best ? best : 1);
	return code;
}

static gh_result check_trial(const struct gh_pii_trial *trial)
{
	GH_ENSURE(
	    trial->compile_us <= GH_PII_TRIAL_COMPILE_US, GH_E_LIMIT,
	    "the patterns take %llu ms to compile, and %d are allowed: fewer words, or simpler "
	    "patterns",
	    (unsigned long long)(trial->compile_us / 1000), GH_PII_TRIAL_COMPILE_US / 1000);
	GH_ENSURE(trial->database_bytes <= GH_PII_TRIAL_DATABASE, GH_E_LIMIT,
	          "the compiled patterns take %llu KiB, and %llu are allowed: fewer words, or "
	          "simpler patterns",
	          (unsigned long long)(trial->database_bytes / 1024),
	          (unsigned long long)(GH_PII_TRIAL_DATABASE / 1024));
	GH_ENSURE(
	    trial->bytes_per_second >= GH_PII_TRIAL_PER_SECOND, GH_E_LIMIT,
	    "the patterns are slow: %llu MB/s on difficult text, and at least %llu are wanted",
	    (unsigned long long)(trial->bytes_per_second / 1000000),
	    (unsigned long long)(GH_PII_TRIAL_PER_SECOND / 1000000));
	return GH_OK;
}

static gh_result try_here(const struct gh_pii_definition *definitions, size_t count,
                          struct gh_pii_trial *out)
{
	struct gh_pii_custom *custom;
	uint64_t before = cpu_us();

	GH_TRY(gh_pii_custom_compile(definitions, count, &custom));
	out->compile_us = cpu_us() - before;
	out->database_bytes = gh_pii_custom_database_bytes(custom);
	for (size_t d = 0, index = 0; d < count; d++) {
		struct gh_pii_custom_form form;
		GH_TRY(gh_pii_custom_parse(&definitions[d], &form));
		if (form.type != GH_PII_CUSTOM_ALLOW)
			GH_TRY(run_examples(custom, index++, &form));
		gh_pii_custom_form_free(&form);
	}
	GH_TRY(measure_speed(custom, definitions, count, out));
	GH_TRY(check_trial(out));
	gh_pii_custom_release(custom);
	return GH_OK;
}

static void limit(__rlimit_resource_t resource, uint64_t value)
{
	setrlimit(resource, &(struct rlimit){ value, value });
}

/* What is mapped already does not count against it. */
static uint64_t mapped_bytes(void)
{
	unsigned long long pages = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	if (file) {
		if (fscanf(file, "%llu", &pages) != 1)
			pages = 0;
		fclose(file);
	}
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static _Noreturn void run_child(int pipe_end, uint64_t mapped,
                                const struct gh_pii_definition *definitions, size_t count)
{
	struct verdict verdict = { 0 };

	/* A connection that the parent closes must not stay open here. */
	if (pipe_end > 0)
		close_range(0, (unsigned)pipe_end - 1, 0);
	close_range((unsigned)pipe_end + 1, ~0u, 0);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_CPU, GH_PII_TRIAL_CPU_S);
	limit(RLIMIT_AS, mapped + GH_PII_TRIAL_MEMORY);
	verdict.code = try_here(definitions, count, &verdict.trial);
	if (verdict.code != GH_OK)
		snprintf(verdict.text, sizeof verdict.text, "%s", gh_last_error()->text);
	_exit(write(pipe_end, &verdict, sizeof verdict) == (ssize_t)sizeof verdict ? 0 : 1);
}

/* ---- in the parent ---- */

/* False when the child told nothing in time. */
static bool read_verdict(int pipe_end, struct verdict *verdict)
{
	struct pollfd watch = { .fd = pipe_end, .events = POLLIN };
	uint64_t deadline = gh_clock_mono_ns() + 2000000000ull * GH_PII_TRIAL_CPU_S;
	int ready = 0;

	do {
		uint64_t now = gh_clock_mono_ns();
		if (now >= deadline)
			return false;
		ready = poll(&watch, 1, (int)((deadline - now) / 1000000) + 1);
	} while (ready < 0 && errno == EINTR);
	return ready > 0 && read(pipe_end, verdict, sizeof *verdict) == (ssize_t)sizeof *verdict;
}

static void end_child(pid_t child)
{
	int status;

	kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
}

gh_result gh_pii_custom_try(const struct gh_pii_definition *definitions, size_t count,
                            struct gh_pii_trial *out)
{
	struct verdict verdict = { 0 };
	uint64_t mapped = mapped_bytes();
	int ends[2];

	GH_ENSURE(pipe2(ends, O_CLOEXEC) == 0, GH_E_IO, "cannot make a pipe: %s", strerror(errno));
	pid_t child = fork();
	if (child == 0)
		run_child(ends[1], mapped, definitions, count);
	close(ends[1]);
	bool told = child > 0 && read_verdict(ends[0], &verdict);
	close(ends[0]);
	if (child > 0)
		end_child(child);
	GH_ENSURE(child > 0, GH_E_IO, "cannot start a trial: %s", strerror(errno));
	GH_ENSURE(
	    told, GH_E_LIMIT,
	    "the patterns cannot be compiled in %d s: repeat less, above all of classes such as "
	    "\\p{L}",
	    GH_PII_TRIAL_CPU_S);
	*out = verdict.trial;
	if (verdict.code != GH_OK)
		return gh_fail(verdict.code, "%s", verdict.text);
	return GH_OK;
}
