/* The sequencer against a real server that is killed, cut off and shared while it writes. What was
 * acknowledged must be there, what was refused must not, and the tree must be the tree. */
#include "../gh_test.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/sequencer_parts.h"
#include "base/clock.h"
#include "rig.h"

static struct rig rig;

static int start(void **state)
{
	assert_ok(rig_open(&rig));
	return 0;
}

static int stop(void **state)
{
	return rig_close(&rig) == GH_OK ? 0 : -1;
}

static struct gh_audit_log *open_log(void)
{
	const struct gh_audit_config config = rig_config(&rig);
	struct gh_audit_log *log;

	assert_ok(gh_audit_log_open(&config, &log));
	return log;
}

/* Numbers, root and chains, from what is stored. */
static void assert_whole(void)
{
	int64_t size = rig_number(&rig, "SELECT size FROM gatehouse.log_head");
	struct gh_log_head head;
	uint8_t root[32];

	assert_true(size > 0);
	assert_int_equal(rig_number(&rig, "SELECT count(*) FROM gatehouse.log_entry"), size);
	assert_int_equal(rig_number(&rig, "SELECT max(seq) + 1 FROM gatehouse.log_entry"), size);
	assert_int_equal(rig_number(&rig, "SELECT count(*) FROM gatehouse.audit_event"), size);
	assert_int_equal(rig_number(&rig, "SELECT count(*) FROM gatehouse.audit_event e FULL JOIN "
	                                  "gatehouse.log_entry l USING (seq) "
	                                  "WHERE e.seq IS NULL OR l.seq IS NULL"),
	                 0);
	assert_int_equal(rig_number(&rig,
	                            "SELECT count(*) FROM (SELECT tenant_seq, row_number() OVER "
	                            "(PARTITION BY tenant_id ORDER BY seq) - 1 AS n FROM "
	                            "gatehouse.audit_event) t WHERE n <> tenant_seq"),
	                 0);
	assert_ok(gh_log_head_read(rig.admin, in_seconds(10), &head));
	assert_ok(gh_log_range_hash(rig.admin, 0, (uint64_t)size, in_seconds(60), root));
	assert_memory_equal(root, head.root, 32);
}

/* ---- producers ----------------------------------------------------------------------------- */

struct producer {
	struct gh_audit_log *log;
	struct rig_inbox *inbox;
	size_t count, submitted;
	unsigned pause_us;
	pthread_t thread;
};

static void *produce(void *context)
{
	struct producer *producer = context;

	for (size_t i = 0; i < producer->count; i++) {
		struct gh_audit_entry *entry =
		    rig_entry(&rig, i % RIG_TENANTS, i % 5 == 0, &producer->inbox->destination);

		if (gh_audit_submit(producer->log, entry) == GH_OK)
			producer->submitted++;
		else
			rig_entry_free(entry);
		if (producer->pause_us)
			usleep(producer->pause_us);
	}
	return NULL;
}

#define PRODUCERS 4

static void begin_load(struct producer *producers, struct gh_audit_log *log,
                       struct rig_inbox *inbox, size_t each, unsigned pause_us)
{
	for (size_t i = 0; i < PRODUCERS; i++) {
		producers[i] = (struct producer){ log, inbox, each, 0, pause_us, 0 };
		assert_int_equal(pthread_create(&producers[i].thread, NULL, produce, &producers[i]),
		                 0);
	}
}

static size_t end_load(struct producer *producers)
{
	size_t submitted = 0;

	for (size_t i = 0; i < PRODUCERS; i++) {
		pthread_join(producers[i].thread, NULL);
		submitted += producers[i].submitted;
	}
	return submitted;
}

/* ---- tests --------------------------------------------------------------------------------- */

static void an_acknowledged_event_is_in_the_database(void **state)
{
	struct gh_audit_log *log = open_log();
	struct rig_inbox inbox;

	rig_inbox_open(&inbox);
	assert_ok(gh_audit_submit(log, rig_entry(&rig, 1, true, &inbox.destination)));
	assert_true(rig_inbox_wait(&inbox, 1, 10));
	assert_int_equal(inbox.last_code, GH_OK);
	assert_int_equal(rig_missing(&rig, &inbox), 0);
	assert_int_equal(rig_number(&rig, "SELECT count(*) FROM gatehouse.exchange"), 1);
	assert_int_equal(rig_number(&rig, "SELECT count(*) FROM gatehouse.pii_vault"), 1);
	gh_audit_log_close(log);
	assert_whole();
	rig_inbox_close(&inbox);
}

static void closing_leaves_a_checkpoint_over_everything(void **state)
{
	struct gh_audit_log *log = open_log();
	struct rig_inbox inbox;

	rig_inbox_open(&inbox);
	assert_ok(gh_audit_submit(log, rig_entry(&rig, 1, false, &inbox.destination)));
	gh_audit_log_close(log);
	assert_int_equal(inbox.acked, 1);
	assert_int_equal(rig_number(&rig, "SELECT size - (SELECT max(size) FROM "
	                                  "gatehouse.log_checkpoint) FROM gatehouse.log_head"),
	                 0);
	rig_inbox_close(&inbox);
}

static void many_producers_share_batches(void **state)
{
	struct gh_audit_log *log = open_log();
	struct producer producers[PRODUCERS];
	struct gh_audit_metrics metrics;
	struct rig_inbox inbox;
	size_t submitted;

	rig_inbox_open(&inbox);
	begin_load(producers, log, &inbox, 2000, 0);
	submitted = end_load(producers);
	assert_int_equal(submitted, PRODUCERS * 2000);
	assert_true(rig_inbox_wait(&inbox, submitted, 60));
	assert_int_equal(inbox.acked, submitted);
	gh_audit_metrics(log, &metrics);
	assert_true(metrics.batches < submitted / 4);
	assert_int_equal(metrics.in_doubt, 0);
	gh_audit_log_close(log);
	assert_int_equal(rig_missing(&rig, &inbox), 0);
	assert_whole();
	rig_inbox_close(&inbox);
}

static void terminated_backends_lose_nothing_that_was_acknowledged(void **state)
{
	struct gh_audit_log *log = open_log();
	struct producer producers[PRODUCERS];
	struct gh_audit_metrics metrics;
	struct rig_inbox inbox;
	size_t submitted;

	rig_inbox_open(&inbox);
	begin_load(producers, log, &inbox, 3000, 300);
	for (int i = 0; i < 12; i++) {
		usleep(100000);
		assert_ok(rig_sql(&rig, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
		                        "WHERE usename = 'gatehouse_log'"));
	}
	submitted = end_load(producers);
	assert_true(rig_inbox_wait(&inbox, submitted, 60));
	gh_audit_metrics(log, &metrics);
	assert_true(metrics.reconnects > 0);
	gh_audit_log_close(log);
	assert_int_equal(inbox.answered, submitted);
	assert_int_equal(inbox.acked, submitted); /* all within their deadlines */
	assert_int_equal(rig_missing(&rig, &inbox), 0);
	assert_whole();
	rig_inbox_close(&inbox);
}

/* kill -QUIT of the postmaster: every connection is cut, nothing is flushed that was not. */
static void an_immediate_stop_loses_nothing_that_was_acknowledged(void **state)
{
	struct gh_audit_log *log = open_log();
	struct producer producers[PRODUCERS];
	struct rig_inbox inbox;
	size_t submitted;

	rig_inbox_open(&inbox);
	begin_load(producers, log, &inbox, 3000, 500);
	for (int i = 0; i < 2; i++) {
		usleep(400000);
		gh_db_close(rig.admin);
		rig.admin = NULL;
		assert_int_equal(kill(rig.fixture.server, SIGQUIT), 0);
		assert_int_equal(waitpid(rig.fixture.server, NULL, 0), rig.fixture.server);
		assert_ok(fixture_start_server(&rig.fixture));
		assert_ok(fixture_connect(&rig.fixture, GH_DB_ROLE_ADMIN, &rig.admin));
	}
	submitted = end_load(producers);
	assert_true(rig_inbox_wait(&inbox, submitted, 60));
	gh_audit_log_close(log);
	assert_true(inbox.acked > 0);
	assert_int_equal(rig_missing(&rig, &inbox), 0);
	assert_whole();
	rig_inbox_close(&inbox);
}

static void two_sequencers_share_one_log(void **state)
{
	struct gh_audit_log *one = open_log(), *two = open_log();
	struct producer first[PRODUCERS], second[PRODUCERS];
	struct rig_inbox inbox;
	size_t submitted;

	rig_inbox_open(&inbox);
	begin_load(first, one, &inbox, 500, 500);
	begin_load(second, two, &inbox, 500, 500);
	submitted = end_load(first) + end_load(second);
	assert_true(rig_inbox_wait(&inbox, submitted, 60));
	gh_audit_log_close(one);
	gh_audit_log_close(two);
	assert_int_equal(inbox.acked, submitted);
	assert_int_equal(rig_missing(&rig, &inbox), 0);
	assert_whole();
	rig_inbox_close(&inbox);
}

#define HEARD "SELECT count(*) FROM gatehouse.audit_event WHERE request_id IS NOT NULL"

static void what_is_late_while_the_database_is_away_is_refused_and_never_written(void **state)
{
	struct gh_audit_log *log = open_log();
	struct gh_audit_entry *entry;
	struct rig_inbox inbox;
	int64_t heard;

	rig_inbox_open(&inbox);
	assert_ok(gh_audit_checkpoint_now(log, in_seconds(10), NULL));
	heard = rig_number(&rig, HEARD);
	gh_db_close(rig.admin);
	rig.admin = NULL;
	assert_ok(fixture_stop_server(&rig.fixture));
	for (size_t i = 0; i < 20; i++) {
		entry = rig_entry(&rig, 2, false, &inbox.destination);
		entry->deadline_ns = gh_clock_mono_ns() + 700 * GH_MILLISECOND_NS;
		assert_ok(gh_audit_submit(log, entry));
	}
	assert_true(rig_inbox_wait(&inbox, 20, 10));
	assert_int_equal(inbox.acked, 0);
	assert_ok(fixture_start_server(&rig.fixture));
	assert_ok(fixture_connect(&rig.fixture, GH_DB_ROLE_ADMIN, &rig.admin));
	assert_ok(gh_audit_checkpoint_now(log, in_seconds(20), NULL));
	gh_audit_log_close(log);
	/* Heartbeats only. */
	assert_int_equal(rig_number(&rig, HEARD), heard);
	assert_whole();
	rig_inbox_close(&inbox);
}

static void an_event_id_that_is_taken_is_refused_alone(void **state)
{
	struct gh_audit_log *log = open_log();
	struct gh_audit_entry *entry, *again;
	struct rig_inbox good, bad;
	struct gh_uuid id;

	rig_inbox_open(&good);
	rig_inbox_open(&bad);
	entry = rig_entry(&rig, 3, false, &good.destination);
	id = entry->event_id;
	assert_ok(gh_audit_submit(log, entry));
	assert_true(rig_inbox_wait(&good, 1, 10));
	for (size_t i = 0; i < 50; i++)
		assert_ok(gh_audit_submit(log, rig_entry(&rig, 3, false, &good.destination)));
	again = rig_entry(&rig, 3, false, &bad.destination);
	again->event_id = id;
	assert_ok(gh_audit_submit(log, again));
	for (size_t i = 0; i < 50; i++)
		assert_ok(gh_audit_submit(log, rig_entry(&rig, 3, false, &good.destination)));
	assert_true(rig_inbox_wait(&good, 101, 20));
	assert_true(rig_inbox_wait(&bad, 1, 20));
	assert_int_equal(good.acked, 101);
	assert_int_equal(bad.last_code, GH_E_CONFLICT);
	gh_audit_log_close(log);
	assert_whole();
	rig_inbox_close(&good);
	rig_inbox_close(&bad);
}

static void a_full_queue_refuses_at_once(void **state)
{
	struct gh_audit_config config = rig_config(&rig);
	struct gh_audit_log *log;
	struct rig_inbox inbox;
	size_t refused = 0, taken = 0;

	config.queue_limit = 10;
	assert_ok(gh_audit_log_open(&config, &log));
	rig_inbox_open(&inbox);
	PQclear(PQexec(gh_db_raw(rig.admin), "BEGIN; LOCK TABLE gatehouse.audit_event"));
	assert_int_equal(PQtransactionStatus(gh_db_raw(rig.admin)), PQTRANS_INTRANS);
	for (size_t i = 0; i < 2000 && refused < 5; i++) {
		struct gh_audit_entry *entry = rig_entry(&rig, 1, false, &inbox.destination);
		enum gh_code code = gh_audit_submit(log, entry);

		taken += code == GH_OK;
		refused += code == GH_E_UNAVAILABLE;
		if (code != GH_OK)
			rig_entry_free(entry);
	}
	assert_int_equal(refused, 5);
	PQclear(PQexec(gh_db_raw(rig.admin), "ROLLBACK"));
	assert_true(rig_inbox_wait(&inbox, taken, 20));
	gh_audit_log_close(log);
	assert_int_equal(inbox.acked, taken);
	assert_whole();
	rig_inbox_close(&inbox);
}

static void a_note_that_was_signed_and_lost_does_not_end_the_checkpoints(void **state)
{
	struct gh_audit_log *log = open_log();
	struct rig_inbox inbox;
	uint64_t size = 0;

	rig_inbox_open(&inbox);
	assert_ok(gh_audit_checkpoint_now(log, in_seconds(10), NULL));
	rig.lose_next_note = true;
	assert_code(gh_audit_checkpoint_now(log, in_seconds(10), NULL), GH_E_UNAVAILABLE);
	for (size_t i = 0; i < 30; i++)
		assert_ok(gh_audit_submit(log, rig_entry(&rig, 1, false, &inbox.destination)));
	assert_true(rig_inbox_wait(&inbox, 30, 10));
	gh_audit_log_close(log);
	/* Another process, which knows nothing of it. */
	log = open_log();
	assert_ok(gh_audit_checkpoint_now(log, in_seconds(10), &size));
	assert_true(gh_audit_healthy(log));
	gh_audit_log_close(log);
	assert_true(size > inbox.last_seq);
	rig_inbox_close(&inbox);
}

static void a_server_that_does_not_wait_for_its_disk_is_refused(void **state)
{
	const struct gh_audit_config config = rig_config(&rig);
	struct gh_audit_log *log;

	assert_ok(rig_sql(&rig, "ALTER ROLE gatehouse_log SET synchronous_commit = off"));
	assert_code(gh_audit_log_open(&config, &log), GH_E_DENIED);
	assert_ok(rig_sql(&rig, "ALTER ROLE gatehouse_log RESET synchronous_commit"));
}

/* Last: the log is not whole after it. */
static void a_log_that_was_cut_short_halts_the_sequencer(void **state)
{
	const struct gh_audit_config config = rig_config(&rig);
	struct gh_audit_log *log = open_log(), *other;
	struct gh_audit_entry *entry;
	struct gh_audit_metrics metrics;
	struct rig_inbox inbox;

	rig_inbox_open(&inbox);
	assert_ok(gh_audit_checkpoint_now(log, in_seconds(10), NULL));
	assert_ok(
	    rig_sql(&rig, "UPDATE gatehouse.log_head SET size = 0, root = sha256(''), edge = ''"));
	assert_ok(gh_audit_submit(log, rig_entry(&rig, 1, false, &inbox.destination)));
	assert_true(rig_inbox_wait(&inbox, 1, 10));
	assert_int_equal(inbox.acked, 0);
	gh_audit_metrics(log, &metrics);
	assert_int_equal(metrics.state, GH_AUDIT_HALTED);
	entry = rig_entry(&rig, 1, false, &inbox.destination);
	assert_code(gh_audit_submit(log, entry), GH_E_UNAVAILABLE);
	rig_entry_free(entry);
	gh_audit_log_close(log);
	assert_ok(rig_sql(&rig, "UPDATE gatehouse.log_head SET root = sha256('x')"));
	assert_code(gh_audit_log_open(&config, &other), GH_E_CORRUPT);
	rig_inbox_close(&inbox);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_acknowledged_event_is_in_the_database),
		cmocka_unit_test(closing_leaves_a_checkpoint_over_everything),
		cmocka_unit_test(many_producers_share_batches),
		cmocka_unit_test(an_event_id_that_is_taken_is_refused_alone),
		cmocka_unit_test(a_full_queue_refuses_at_once),
		cmocka_unit_test(two_sequencers_share_one_log),
		cmocka_unit_test(terminated_backends_lose_nothing_that_was_acknowledged),
		cmocka_unit_test(an_immediate_stop_loses_nothing_that_was_acknowledged),
		cmocka_unit_test(
		    what_is_late_while_the_database_is_away_is_refused_and_never_written),
		cmocka_unit_test(a_note_that_was_signed_and_lost_does_not_end_the_checkpoints),
		cmocka_unit_test(a_server_that_does_not_wait_for_its_disk_is_refused),
		cmocka_unit_test(a_log_that_was_cut_short_halts_the_sequencer),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
