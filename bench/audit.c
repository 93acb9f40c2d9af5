/* What the audit log carries: acknowledged events a second when there is always more to write, the
 * time from submit to acknowledgement at a steady rate, and the verification of all of it. On a
 * cluster of its own, fsync on, no replicas.
 *   GATEHOUSE_CLAIMS_MODULE=BUILD/src/db/gatehouse_claims.so BUILD/tests/unit/audit/bench_audit
 *       [EVENTS (200000)] [RATE (10000)]
 */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "rig.h"

#define PRODUCERS    4
#define IN_FLIGHT    4096
#define RATE_SECONDS 10

struct run {
	struct rig *rig;
	struct gh_audit_log *log;
	struct gh_audit_destination destination;
	atomic_size_t answered, acked;
};

/* When it should have been submitted, and how long after that it was acknowledged. */
struct sample {
	uint64_t due_ns, took_ns;
};

static void die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, gh_last_error()->text);
	exit(1);
}

static void deliver(void *context, struct gh_audit_entry *list)
{
	struct run *run = context;
	uint64_t now = gh_clock_mono_ns();

	for (struct gh_audit_entry *entry = list, *next; entry; entry = next) {
		next = entry->next;
		atomic_fetch_add(&run->acked, entry->code == GH_OK);
		if (entry->user) {
			struct sample *sample = entry->user;

			sample->took_ns = now - sample->due_ns;
		}
		rig_entry_free(entry);
		atomic_fetch_add(&run->answered, 1);
	}
}

struct producer {
	struct run *run;
	size_t count;
	pthread_t thread;
};

static void *produce(void *context)
{
	struct producer *producer = context;
	struct run *run = producer->run;

	for (size_t i = 0; i < producer->count;) {
		struct gh_audit_entry *entry =
		    rig_entry(run->rig, i % RIG_TENANTS, false, &run->destination);

		if (gh_audit_submit(run->log, entry) == GH_OK) {
			i++;
			continue;
		}
		rig_entry_free(entry);
		nanosleep(&(const struct timespec){ .tv_nsec = 200000 }, NULL);
	}
	return NULL;
}

static void wait_for(struct run *run, size_t count)
{
	while (atomic_load(&run->answered) < count)
		nanosleep(&(const struct timespec){ .tv_nsec = 1000000 }, NULL);
}

static void measure_throughput(struct run *run, size_t events)
{
	struct producer producers[PRODUCERS];
	struct gh_audit_metrics before, after;
	uint64_t begin = gh_clock_mono_ns();

	gh_audit_metrics(run->log, &before);
	for (size_t i = 0; i < PRODUCERS; i++) {
		producers[i] = (struct producer){ run, events / PRODUCERS, 0 };
		if (pthread_create(&producers[i].thread, NULL, produce, &producers[i]) != 0)
			die("pthread_create");
	}
	for (size_t i = 0; i < PRODUCERS; i++)
		pthread_join(producers[i].thread, NULL);
	wait_for(run, events / PRODUCERS * PRODUCERS);
	double seconds = (double)(gh_clock_mono_ns() - begin) / 1e9;
	gh_audit_metrics(run->log, &after);
	uint64_t batches = after.batches - before.batches;
	printf("acknowledged            %10zu events in %.2f s: %.0f events/s\n",
	       atomic_load(&run->acked), seconds, (double)atomic_load(&run->acked) / seconds);
	printf("batches                 %10" PRIu64
	       ", %.0f events each, commit %.2f ms, build %.2f ms\n",
	       batches, (double)atomic_load(&run->acked) / (double)batches,
	       (double)(after.commit_ns_sum - before.commit_ns_sum) / 1e6 / (double)batches,
	       (double)(after.build_ns_sum - before.build_ns_sum) / 1e6 / (double)batches);
}

static int by_time(const void *a, const void *b)
{
	uint64_t x = ((const struct sample *)a)->took_ns, y = ((const struct sample *)b)->took_ns;

	return (x > y) - (x < y);
}

/* An open loop: what is late stays late. */
static void measure_latency(struct run *run, size_t rate)
{
	size_t count = rate * RATE_SECONDS;
	struct sample *samples = calloc(count, sizeof *samples);
	uint64_t begin = gh_clock_mono_ns();

	if (!samples)
		die("memory");
	atomic_store(&run->answered, 0);
	for (size_t i = 0; i < count; i++) {
		struct gh_audit_entry *entry =
		    rig_entry(run->rig, i % RIG_TENANTS, false, &run->destination);
		uint64_t at = begin + i * UINT64_C(1000000000) / rate;
		struct timespec until = { .tv_sec = (time_t)(at / 1000000000),
			                  .tv_nsec = (long)(at % 1000000000) };

		samples[i].due_ns = at;
		entry->user = &samples[i];
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
		if (gh_audit_submit(run->log, entry) != GH_OK)
			die("submit");
	}
	wait_for(run, count);
	qsort(samples, count, sizeof *samples, by_time);
	printf("at %zu events/s       p50 %.2f ms, p99 %.2f ms, max %.2f ms\n", rate,
	       (double)samples[count / 2].took_ns / 1e6,
	       (double)samples[count * 99 / 100].took_ns / 1e6,
	       (double)samples[count - 1].took_ns / 1e6);
	free(samples);
}

static void measure_verify(struct rig *rig)
{
	const struct gh_audit_keys keys = rig_keys(rig);
	struct gh_verify_report report;
	uint64_t begin = gh_clock_mono_ns();

	if (gh_verify_log(rig->admin, &keys, in_seconds(3600), &report) != GH_OK || !report.ok)
		die("verify");
	double seconds = (double)(gh_clock_mono_ns() - begin) / 1e9;
	printf("verified                %10llu events in %.2f s: %.2f s a million\n",
	       (unsigned long long)report.events, seconds, seconds * 1e6 / (double)report.events);
}

int main(int argc, char **argv)
{
	size_t events = argc > 1 ? strtoul(argv[1], NULL, 10) : 200000;
	size_t rate = argc > 2 ? strtoul(argv[2], NULL, 10) : 10000;
	static struct rig rig;
	struct run run = { .rig = &rig };
	struct gh_audit_config config;

	if (rig_open(&rig) != GH_OK)
		die("cluster");
	run.destination = (struct gh_audit_destination){ deliver, &run };
	config = rig_config(&rig);
	config.queue_limit = IN_FLIGHT;
	if (gh_audit_log_open(&config, &run.log) != GH_OK)
		die("log");
	measure_throughput(&run, events);
	measure_latency(&run, rate);
	gh_audit_log_close(run.log);
	measure_verify(&rig);
	return rig_close(&rig) == GH_OK ? 0 : 1;
}
