/* A log that was tampered with by whoever owns the database. Every change below is one that the
 * server carries out without a word; each must be found, and named. Each mutation says how it is
 * undone, and the log must verify again afterwards: so that what was found was the mutation. */
#include "../gh_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/proof.h"
#include "audit/sequencer_parts.h"
#include "audit/tiles.h"
#include "base/codec.h"
#include "rig.h"

#define EVENTS 600

static struct rig rig;
static struct gh_note_verifier verifier;

static struct gh_verify_report verify(void)
{
	const struct gh_audit_keys keys = rig_keys(&rig);
	struct gh_verify_report report;

	assert_ok(gh_verify_log(rig.admin, &keys, in_seconds(120), &report));
	assert_int_equal(report.ok, report.place == GH_VERIFY_NOTHING);
	return report;
}

static int start(void **state)
{
	struct gh_audit_config config;
	struct gh_audit_log *log;
	struct gh_buf vkey = { 0 };
	struct rig_inbox inbox;

	assert_ok(rig_open(&rig));
	config = rig_config(&rig);
	assert_ok(gh_audit_log_open(&config, &log));
	rig_inbox_open(&inbox);
	for (size_t i = 0; i < EVENTS; i++) {
		assert_ok(gh_audit_submit(
		    log, rig_entry(&rig, i % RIG_TENANTS, i % 4 == 0, &inbox.destination)));
		if (i % 150 == 149)
			assert_ok(gh_audit_checkpoint_now(log, in_seconds(20), NULL));
	}
	gh_audit_log_close(log);
	assert_int_equal(inbox.acked, EVENTS);
	rig_inbox_close(&inbox);
	const struct gh_audit_keys keys = rig_keys(&rig);
	assert_ok(keys.vkey(keys.context, &vkey));
	assert_ok(gh_note_verifier_parse(gh_buf_slice(&vkey), &verifier));
	gh_buf_free(&vkey);
	/* What the tests do and undo must not trip over itself. */
	assert_ok(rig_sql(&rig,
	                  "CREATE TABLE public.kept_event AS SELECT * FROM "
	                  "gatehouse.audit_event; CREATE TABLE public.kept_entry AS SELECT * "
	                  "FROM gatehouse.log_entry; CREATE TABLE public.kept_head AS SELECT "
	                  "* FROM gatehouse.log_head; CREATE TABLE public.kept_note AS SELECT "
	                  "* FROM gatehouse.log_checkpoint; CREATE TABLE public.kept_exchange "
	                  "AS SELECT * FROM gatehouse.exchange; CREATE TABLE "
	                  "public.kept_vault AS SELECT * FROM gatehouse.pii_vault; CREATE "
	                  "TABLE public.kept_key AS SELECT * FROM gatehouse.data_key"));
	return 0;
}

static int stop(void **state)
{
	gh_note_verifier_free(&verifier);
	return rig_close(&rig) == GH_OK ? 0 : -1;
}

static void restore(void)
{
	assert_ok(rig_sql(
	    &rig, "TRUNCATE gatehouse.audit_event, gatehouse.log_entry, gatehouse.log_head, "
	          "gatehouse.log_checkpoint, gatehouse.exchange, gatehouse.pii_vault, "
	          "gatehouse.data_key; "
	          "INSERT INTO gatehouse.audit_event SELECT * FROM public.kept_event; "
	          "INSERT INTO gatehouse.log_entry SELECT * FROM public.kept_entry; "
	          "INSERT INTO gatehouse.log_head SELECT * FROM public.kept_head; "
	          "INSERT INTO gatehouse.log_checkpoint SELECT * FROM public.kept_note; "
	          "INSERT INTO gatehouse.exchange SELECT * FROM public.kept_exchange; "
	          "INSERT INTO gatehouse.pii_vault SELECT * FROM public.kept_vault; "
	          "INSERT INTO gatehouse.data_key SELECT * FROM public.kept_key"));
}

/* One statement that must change at least one row. */
static void mutate(const char *sql)
{
	const struct gh_db_statement statement = { .sql = sql, .once = true };
	struct gh_db_result *rows = NULL;

	assert_ok(gh_db_exec(rig.admin, &statement, in_seconds(20), &rows));
	if (gh_db_affected(rows) == 0)
		fail_msg("nothing changed: %s", sql);
	gh_db_result_free(rows);
}

/* ---- tests --------------------------------------------------------------------------------- */

static void a_log_that_nobody_touched_verifies(void **state)
{
	struct gh_verify_report report = verify();

	if (!report.ok)
		fail_msg("%s (place %d, entry %llu)", report.reason, report.place,
		         (unsigned long long)report.seq);
	assert_true(report.size >= EVENTS + 5);
	assert_int_equal(report.entries, report.size);
	assert_int_equal(report.events, report.size);
	assert_int_equal(report.exchanges, EVENTS / 4);
	assert_int_equal(report.vault, EVENTS / 4);
	assert_int_equal(report.tenants, RIG_TENANTS);
	assert_true(report.checkpoints >= 5);
	assert_int_equal(report.checkpoint_size, report.size);
	assert_int_equal(report.erased, 0);
}

static void a_changed_bit_of_an_entry_or_event_names_the_entry(void **state)
{
	static const char *const changes[] = {
		"UPDATE gatehouse.log_entry SET commitment = set_byte(commitment, %d, "
		"get_byte(commitment, %d) # 1) WHERE seq = %d",
		"UPDATE gatehouse.audit_event SET box = set_byte(box, %d, get_byte(box, %d) # 128) "
		"WHERE seq = %d",
	};
	static const int entries[] = { 0, 1, 255, 256, 300, EVENTS };
	static const int bytes[] = { 0, 11, 12, 31 };
	char sql[300];

	for (size_t c = 0; c < GH_ARRAY_LEN(changes); c++)
		for (size_t e = 0; e < GH_ARRAY_LEN(entries); e++)
			for (size_t b = 0; b < GH_ARRAY_LEN(bytes); b++) {
				struct gh_verify_report report;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
				snprintf(sql, sizeof sql, changes[c], bytes[b], bytes[b],
				         entries[e]);
#pragma GCC diagnostic pop
				mutate(sql);
				report = verify();
				assert_int_equal(report.place, GH_VERIFY_ENTRY);
				assert_int_equal(report.seq, entries[e]);
				mutate(sql); /* its own inverse */
			}
	assert_true(verify().ok);
}

struct mutation {
	const char *sql;
	enum gh_verify_place place;
	int64_t seq; /* of an entry; -1: not asked */
};

static void every_other_change_is_found_and_named(void **state)
{
	static const struct mutation mutations[] = {
		/* Rows against their bodies. */
		{ "UPDATE gatehouse.audit_event SET tenant_seq = tenant_seq + 100000 WHERE seq = "
		  "77",
		  GH_VERIFY_ENTRY, 77 },
		{ "UPDATE gatehouse.audit_event SET event_id = gen_random_uuid() WHERE seq = 77",
		  GH_VERIFY_ENTRY, 77 },
		{ "UPDATE gatehouse.audit_event SET request_id = gen_random_uuid() WHERE seq = 77",
		  GH_VERIFY_ENTRY, 77 },
		{ "UPDATE gatehouse.audit_event SET request_id = NULL WHERE seq = 77 AND "
		  "request_id IS "
		  "NOT NULL",
		  GH_VERIFY_ENTRY, 77 },
		{ "UPDATE gatehouse.audit_event SET at = at + interval '1 microsecond' WHERE seq = "
		  "77",
		  GH_VERIFY_ENTRY, 77 },
		{ "UPDATE gatehouse.audit_event SET tenant_id = gen_random_uuid() WHERE seq = 77",
		  GH_VERIFY_ENTRY, 77 },
		{ "UPDATE gatehouse.audit_event SET data_key_id = gen_random_uuid() WHERE seq = 77",
		  GH_VERIFY_ENTRY, 77 },
		{ "UPDATE gatehouse.audit_event SET seq = seq + 1000000 WHERE seq = 77",
		  GH_VERIFY_ENTRY, 77 },
		{ "UPDATE gatehouse.audit_event a SET box = b.box FROM gatehouse.audit_event b "
		  "WHERE a.seq = 77 AND b.seq = 78",
		  GH_VERIFY_ENTRY, 77 },
		{ "UPDATE gatehouse.audit_event SET box = substr(box, 1, octet_length(box) - 1) "
		  "WHERE "
		  "seq = 77",
		  GH_VERIFY_ENTRY, 77 },
		/* Rows that go, come, or change places. */
		{ "DELETE FROM gatehouse.audit_event WHERE seq = 77", GH_VERIFY_ENTRY, 77 },
		{ "DELETE FROM gatehouse.log_entry WHERE seq = 77", GH_VERIFY_ENTRY, 77 },
		{ "DELETE FROM gatehouse.log_entry WHERE seq = (SELECT max(seq) FROM "
		  "gatehouse.log_entry)",
		  GH_VERIFY_ENTRY, -1 },
		{ "UPDATE gatehouse.log_entry a SET commitment = b.commitment FROM "
		  "gatehouse.log_entry "
		  "b WHERE (a.seq, b.seq) IN ((2, 6), (6, 2))",
		  GH_VERIFY_ENTRY, 2 },
		{ "INSERT INTO gatehouse.log_entry SELECT max(seq) + 1, sha256('x') FROM "
		  "gatehouse.log_entry",
		  GH_VERIFY_ENTRY, -1 },
		{ "INSERT INTO gatehouse.audit_event SELECT tenant_id, seq + 5000, tenant_seq + "
		  "5000, "
		  "gen_random_uuid(), request_id, data_key_id, box, at FROM gatehouse.audit_event "
		  "WHERE "
		  "seq = 77",
		  GH_VERIFY_ENTRY, 5077 },
		{ "INSERT INTO gatehouse.audit_event SELECT gen_random_uuid(), seq, tenant_seq, "
		  "event_id, request_id, data_key_id, box, at FROM gatehouse.audit_event WHERE seq "
		  "= 77",
		  GH_VERIFY_ENTRY, 77 },
		/* Keys. */
		{ "UPDATE gatehouse.data_key SET wrapped = set_byte(wrapped, 20, get_byte(wrapped, "
		  "20) "
		  "# 1) WHERE subject = ''",
		  GH_VERIFY_ENTRY, 0 },
		/* The head. */
		{ "UPDATE gatehouse.log_head SET root = set_byte(root, 0, get_byte(root, 0) # 1)",
		  GH_VERIFY_HEAD, -1 },
		{ "UPDATE gatehouse.log_head SET edge = set_byte(edge, 40, get_byte(edge, 40) # 1)",
		  GH_VERIFY_HEAD, -1 },
		/* Checkpoints. */
		{ "UPDATE gatehouse.log_checkpoint SET note = overlay(note placing 'x' from 3 for "
		  "1) "
		  "WHERE size = (SELECT min(size) FROM gatehouse.log_checkpoint)",
		  GH_VERIFY_CHECKPOINT, -1 },
		{ "UPDATE gatehouse.log_checkpoint SET note = overlay(note placing 'A' from "
		  "length(note) - 20 for 1) WHERE size = (SELECT max(size) FROM "
		  "gatehouse.log_checkpoint)",
		  GH_VERIFY_CHECKPOINT, -1 },
		{ "UPDATE gatehouse.log_checkpoint SET size = size - 1 WHERE size = (SELECT "
		  "min(size) "
		  "FROM gatehouse.log_checkpoint)",
		  GH_VERIFY_CHECKPOINT, -1 },
		{ "UPDATE gatehouse.log_checkpoint SET size = size + 10 WHERE size = (SELECT "
		  "max(size) "
		  "FROM gatehouse.log_checkpoint)",
		  GH_VERIFY_CHECKPOINT, -1 },
		/* What was said. */
		{ "UPDATE gatehouse.exchange SET box = set_byte(box, 15, get_byte(box, 15) # 1) "
		  "WHERE "
		  "request_id = (SELECT request_id FROM gatehouse.audit_event WHERE seq = (SELECT "
		  "min(seq) FROM gatehouse.audit_event WHERE request_id IN (SELECT request_id FROM "
		  "gatehouse.exchange)))",
		  GH_VERIFY_EXCHANGE, -1 },
		{ "UPDATE gatehouse.exchange SET part = 'output' WHERE request_id = (SELECT "
		  "request_id FROM gatehouse.exchange LIMIT 1)",
		  GH_VERIFY_EXCHANGE, -1 },
		{ "UPDATE gatehouse.exchange SET data_key_id = gen_random_uuid() WHERE request_id "
		  "= "
		  "(SELECT request_id FROM gatehouse.exchange LIMIT 1)",
		  GH_VERIFY_EXCHANGE, -1 },
		{ "UPDATE gatehouse.pii_vault SET box = set_byte(box, 0, get_byte(box, 0) # 1) "
		  "WHERE "
		  "token = (SELECT max(token) FROM gatehouse.pii_vault)",
		  GH_VERIFY_VAULT, -1 },
		{ "UPDATE gatehouse.pii_vault SET token = token || 'x' WHERE token = (SELECT "
		  "max(token) FROM gatehouse.pii_vault)",
		  GH_VERIFY_VAULT, -1 },
	};

	for (size_t i = 0; i < GH_ARRAY_LEN(mutations); i++) {
		struct gh_verify_report report;

		mutate(mutations[i].sql);
		report = verify();
		if (report.place != mutations[i].place ||
		    (mutations[i].seq >= 0 && report.seq != (uint64_t)mutations[i].seq))
			fail_msg("place %d entry %llu (%s) after: %s", report.place,
			         (unsigned long long)report.seq, report.reason, mutations[i].sql);
		restore();
	}
	assert_true(verify().ok);
}

static void a_changed_exchange_is_named_by_its_request(void **state)
{
	struct gh_verify_report report;
	char sql[300], id[GH_UUID_TEXT_BYTES];

	mutate(
	    "UPDATE gatehouse.exchange SET box = set_byte(box, 14, get_byte(box, 14) # 2) WHERE "
	    "request_id = (SELECT request_id FROM gatehouse.exchange ORDER BY request_id LIMIT 1 "
	    "OFFSET 40)");
	report = verify();
	assert_int_equal(report.place, GH_VERIFY_EXCHANGE);
	assert_string_equal(report.part, "prompt");
	gh_uuid_format(&report.id, id);
	snprintf(sql, sizeof sql,
	         "SELECT count(*) FROM (SELECT request_id FROM gatehouse.exchange ORDER BY "
	         "request_id LIMIT 1 OFFSET 40) t WHERE request_id = '%s'",
	         id);
	assert_int_equal(rig_number(&rig, sql), 1);
	restore();
}

/* The log cut back to an earlier state that was true then: only the signature knows better. */
static void a_log_that_was_rolled_back_is_found_by_its_checkpoints(void **state)
{
	struct gh_merkle tree = { 0 };
	struct gh_verify_report report;
	struct gh_db_result *rows = NULL;
	uint8_t root[32], leaf[32], commitment[32];
	const struct gh_db_statement all = { .sql = "SELECT commitment FROM gatehouse.log_entry "
		                                    "WHERE seq < 500 ORDER BY seq",
		                             .once = true };

	assert_ok(gh_db_exec(rig.admin, &all, in_seconds(20), &rows));
	for (size_t i = 0; i < 500; i++) {
		assert_ok(gh_db_get_fixed(rows, i, 0, commitment, 32));
		gh_audit_leaf(commitment, leaf);
		assert_ok(gh_merkle_append_leaf(&tree, leaf));
	}
	gh_db_result_free(rows);
	gh_merkle_root(&tree, root);
	const struct gh_db_value values[] = { gh_db_bytea(gh_slice(root, 32)),
		                              gh_db_bytea(gh_merkle_edge(&tree)) };
	const struct gh_db_statement head = {
		.sql = "UPDATE gatehouse.log_head SET size = 500, root = $1, edge = $2",
		.values = values,
		.value_count = 2,
		.once = true,
	};
	mutate("DELETE FROM gatehouse.audit_event WHERE seq >= 500");
	mutate("DELETE FROM gatehouse.log_entry WHERE seq >= 500");
	assert_ok(gh_db_exec(rig.admin, &head, in_seconds(20), NULL));
	report = verify();
	assert_int_equal(report.place, GH_VERIFY_CHECKPOINT);
	assert_true(report.size_at > 500);
	restore();
}

static void destroyed_keys_are_counted_and_the_rest_verifies(void **state)
{
	struct gh_verify_report report;

	mutate("DELETE FROM gatehouse.data_key WHERE tenant_id = (SELECT tenant_id FROM "
	       "gatehouse.audit_event WHERE seq = 100)");
	report = verify();
	assert_true(report.ok);
	assert_true(report.erased >= EVENTS / RIG_TENANTS);
	restore();
}

static void a_page_that_the_server_cannot_read_is_narrowed_down(void **state)
{
	struct gh_verify_report report;

	/* The server's own error for a damaged page, raised where the row is read. */
	assert_ok(rig_sql(&rig,
	                  "CREATE FUNCTION public.damaged(b bytea, s bigint) RETURNS bytea "
	                  "LANGUAGE plpgsql STABLE AS $$ BEGIN IF s = 345 THEN RAISE EXCEPTION "
	                  "'invalid page in block 7' USING ERRCODE = 'data_corrupted'; END IF; "
	                  "RETURN b; END $$; "
	                  "ALTER TABLE gatehouse.log_entry RENAME TO log_entry_below; "
	                  "CREATE VIEW gatehouse.log_entry AS SELECT seq, "
	                  "public.damaged(commitment, seq) AS commitment FROM "
	                  "gatehouse.log_entry_below"));
	report = verify();
	assert_int_equal(report.place, GH_VERIFY_ENTRY);
	assert_int_equal(report.seq, 345);
	assert_ok(rig_sql(&rig, "DROP VIEW gatehouse.log_entry; ALTER TABLE "
	                        "gatehouse.log_entry_below RENAME TO log_entry"));
	assert_true(verify().ok);
}

/* ---- tiles and proofs ---------------------------------------------------------------------- */

struct shop {
	const char *path; /* whose bytes are changed */
	size_t at;
	bool changed;
};

static gh_result fetch(void *context, const char *path, struct gh_buf *out)
{
	struct shop *shop = context;
	const char *type;
	bool immutable;

	GH_TRY(gh_tiles_get(rig.admin, gh_slice_str(path), in_seconds(20), &type, &immutable, out));
	if (shop->path && strcmp(shop->path, path) == 0) {
		assert_true(shop->at < out->len);
		out->data[shop->at] ^= 1;
		shop->changed = true;
	}
	return GH_OK;
}

static void the_tiles_verify_for_an_outsider_and_not_with_a_changed_byte(void **state)
{
	static const struct shop shops[] = {
		{ "checkpoint", 30, false },      { "tile/entries/000", 1, false },
		{ "tile/entries/000", 2, false }, { "tile/entries/001", 77 * 35 + 9, false },
		{ "tile/0/000", 0, false },       { "tile/0/001", 8191, false },
		{ "tile/1/000.p/2", 40, false },
	};
	struct shop good = { NULL, 0, false };
	const struct gh_tile_source source = { &good, fetch };
	struct gh_verify_report report;

	assert_ok(gh_verify_tiles(&source, &verifier, &report));
	assert_true(report.ok);
	assert_int_equal(report.entries, report.size);
	for (size_t i = 0; i < GH_ARRAY_LEN(shops); i++) {
		struct shop shop = shops[i];
		const struct gh_tile_source bad = { &shop, fetch };

		assert_ok(gh_verify_tiles(&bad, &verifier, &report));
		assert_true(shop.changed);
		if (report.ok)
			fail_msg("a changed byte of %s was not seen", shop.path);
	}
}

static void tiles_beyond_the_checkpoint_are_not_served(void **state)
{
	static const char *const absent[] = { "tile/0/002.p/255",     "tile/0/003",
		                              "tile/1/000",           "tile/2/000.p/1",
		                              "tile/63/000",          "tile/1/000.p/3",
		                              "tile/entries/x999/999" };
	static const char *const malformed[] = { "",
		                                 "/checkpoint",
		                                 "tile/0/0",
		                                 "tile/0/x000/001",
		                                 "tile/00/000",
		                                 "tile/0/000.p/0",
		                                 "tile/0/000.p/256",
		                                 "tile/0/000.p/01",
		                                 "tile/64/000",
		                                 "tile/0/000/",
		                                 "tile/0/x001",
		                                 "tile/data/000",
		                                 "tile/-1/000",
		                                 "tile/0/1000",
		                                 "tile/0/000.p/" };
	struct gh_buf out = { 0 };
	const char *type;
	bool immutable;

	for (size_t i = 0; i < GH_ARRAY_LEN(absent); i++)
		assert_code(gh_tiles_get(rig.admin, gh_slice_str(absent[i]), in_seconds(10), &type,
		                         &immutable, &out),
		            GH_E_NOT_FOUND);
	for (size_t i = 0; i < GH_ARRAY_LEN(malformed); i++)
		assert_code(gh_tiles_get(rig.admin, gh_slice_str(malformed[i]), in_seconds(10),
		                         &type, &immutable, &out),
		            GH_E_FORMAT);
	gh_buf_free(&out);
}

static void every_entry_can_be_proved_and_a_changed_proof_cannot(void **state)
{
	static const uint64_t seqs[] = { 0, 1, 255, 256, 511, 512, EVENTS };

	for (size_t i = 0; i < GH_ARRAY_LEN(seqs); i++) {
		struct gh_buf proof = { 0 };
		struct gh_db_result *rows = NULL;
		uint8_t entry[33] = { 1 };
		const struct gh_db_value values[] = { gh_db_int8((int64_t)seqs[i]) };
		const struct gh_db_statement one = {
			.sql = "SELECT commitment FROM gatehouse.log_entry WHERE seq = $1",
			.values = values,
			.value_count = 1,
		};

		assert_ok(gh_db_exec(rig.admin, &one, in_seconds(10), &rows));
		assert_ok(gh_db_get_fixed(rows, 0, 0, entry + 1, 32));
		gh_db_result_free(rows);
		assert_ok(gh_proof_make(rig.admin, seqs[i], in_seconds(10), &proof));
		assert_ok(
		    gh_proof_verify(gh_buf_slice(&proof), gh_slice(entry, 33), &verifier, NULL));
		entry[7] ^= 1;
		assert_code(
		    gh_proof_verify(gh_buf_slice(&proof), gh_slice(entry, 33), &verifier, NULL),
		    GH_E_CRYPTO);
		entry[7] ^= 1;
		for (size_t at = 0; at < proof.len; at++) {
			proof.data[at] ^= 1;
			if (gh_proof_verify(gh_buf_slice(&proof), gh_slice(entry, 33), &verifier,
			                    NULL) == GH_OK)
				fail_msg("byte %zu of the proof of %llu does not matter", at,
				         (unsigned long long)seqs[i]);
			proof.data[at] ^= 1;
		}
		gh_buf_free(&proof);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_log_that_nobody_touched_verifies),
		cmocka_unit_test(the_tiles_verify_for_an_outsider_and_not_with_a_changed_byte),
		cmocka_unit_test(tiles_beyond_the_checkpoint_are_not_served),
		cmocka_unit_test(every_entry_can_be_proved_and_a_changed_proof_cannot),
		cmocka_unit_test(a_changed_bit_of_an_entry_or_event_names_the_entry),
		cmocka_unit_test(every_other_change_is_found_and_named),
		cmocka_unit_test(a_changed_exchange_is_named_by_its_request),
		cmocka_unit_test(a_log_that_was_rolled_back_is_found_by_its_checkpoints),
		cmocka_unit_test(destroyed_keys_are_counted_and_the_rest_verifies),
		cmocka_unit_test(a_page_that_the_server_cannot_read_is_narrowed_down),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
