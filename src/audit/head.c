/* The head row is believed only when its edge gives its root; the entries only when no number is
 * missing. */
#include "audit/sequencer_parts.h"

#include <string.h>

#define CHUNK 16384 /* entries a query */

gh_result gh_log_assert_durable(struct gh_db *db, uint64_t deadline_ns)
{
	static const struct gh_db_statement statement = {
		.sql = "SELECT fsync, full_page_writes, synchronous_commit, in_recovery, "
		       "synchronous_standby_names <> '' FROM gatehouse.log_durability()",
		.reads = true,
	};
	static const char *const settings[] = { "fsync", "full_page_writes" };
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;
	struct gh_slice text;
	bool in_recovery, zones;

	GH_TRY(gh_db_exec(db, &statement, deadline_ns, &rows));
	for (size_t i = 0; i < GH_ARRAY_LEN(settings); i++) {
		GH_TRY(gh_db_get_text(rows, 0, i, &text));
		GH_ENSURE(gh_slice_eq_str(text, "on"), GH_E_DENIED,
		          "the database has %s off: nothing it acknowledges is durable",
		          settings[i]);
	}
	GH_TRY(gh_db_get_text(rows, 0, 2, &text));
	GH_TRY(gh_db_get_bool(rows, 0, 3, &in_recovery));
	GH_TRY(gh_db_get_bool(rows, 0, 4, &zones));
	/* `local` is as good as `on` while there is nobody to wait for. */
	GH_ENSURE(gh_slice_eq_str(text, "on") || gh_slice_eq_str(text, "remote_apply") ||
	              (!zones && gh_slice_eq_str(text, "local")),
	          GH_E_DENIED, "the database has synchronous_commit = %.20s",
	          text.len ? (const char *)text.data : "");
	GH_ENSURE(!in_recovery, GH_E_UNAVAILABLE, "the database is a standby");
	return GH_OK;
}

static gh_result take_head(const struct gh_db_result *rows, struct gh_log_head *out)
{
	int64_t epoch, size;
	struct gh_slice edge;
	uint8_t root[32];

	GH_ENSURE(gh_db_rows(rows) == 1, GH_E_CORRUPT, "the log has no head");
	GH_TRY(gh_db_get_int(rows, 0, 0, &epoch));
	GH_TRY(gh_db_get_int(rows, 0, 1, &size));
	GH_TRY(gh_db_get_fixed(rows, 0, 2, out->root, sizeof out->root));
	GH_TRY(gh_db_get_bytea(rows, 0, 3, &edge));
	out->epoch = (uint64_t)epoch;
	out->size = (uint64_t)size;
	GH_TRY(gh_merkle_open(out->size, edge, &out->tree));
	gh_merkle_root(&out->tree, root);
	GH_ENSURE(memcmp(root, out->root, sizeof root) == 0, GH_E_CORRUPT,
	          "the log's edge does not give its root");
	return GH_OK;
}

gh_result gh_log_head_read(struct gh_db *db, uint64_t deadline_ns, struct gh_log_head *out)
{
	static const struct gh_db_statement statement = {
		.sql = "SELECT epoch, size, root, edge FROM gatehouse.log_head",
		.reads = true,
	};
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;

	GH_TRY(gh_db_exec(db, &statement, deadline_ns, &rows));
	return take_head(rows, out);
}

gh_result gh_log_head_fence(struct gh_db *db, uint64_t deadline_ns, struct gh_log_head *out)
{
	static const struct gh_db_statement statement = {
		.sql = "UPDATE gatehouse.log_head SET epoch = epoch + 1 "
		       "RETURNING epoch, size, root, edge",
	};
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;

	GH_TRY(gh_db_exec(db, &statement, deadline_ns, &rows));
	GH_ENSURE(gh_db_warnings(db) == 0, GH_E_UNAVAILABLE, "the fence may not be durable");
	return take_head(rows, out);
}

static gh_result visit_rows(const struct gh_db_result *rows, uint64_t *seq,
                            gh_commitment_visit visit, void *context)
{
	uint8_t commitment[GH_AUDIT_COMMITMENT_BYTES];
	int64_t number;

	for (size_t i = 0; i < gh_db_rows(rows); i++, (*seq)++) {
		GH_TRY(gh_db_get_int(rows, i, 0, &number));
		GH_TRY(gh_db_get_fixed(rows, i, 1, commitment, sizeof commitment));
		GH_ENSURE((uint64_t)number == *seq, GH_E_CORRUPT,
		          "entry %llu of the log is missing", (unsigned long long)*seq);
		GH_TRY(visit(context, *seq, commitment));
	}
	return GH_OK;
}

gh_result gh_log_entries(struct gh_db *db, uint64_t begin, uint64_t end, uint64_t deadline_ns,
                         gh_commitment_visit visit, void *context)
{
	while (begin < end) {
		uint64_t stop = end - begin > CHUNK ? begin + CHUNK : end;
		const struct gh_db_value values[] = { gh_db_int8((int64_t)begin),
			                              gh_db_int8((int64_t)stop) };
		const struct gh_db_statement statement = {
			.sql = "SELECT seq, commitment FROM gatehouse.log_entry "
			       "WHERE seq >= $1 AND seq < $2 ORDER BY seq",
			.values = values,
			.value_count = 2,
			.reads = true,
		};
		GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;

		GH_TRY(gh_db_exec(db, &statement, deadline_ns, &rows));
		GH_TRY(visit_rows(rows, &begin, visit, context));
		GH_ENSURE(begin == stop, GH_E_CORRUPT, "entry %llu of the log is missing",
		          (unsigned long long)begin);
	}
	return GH_OK;
}

static gh_result append_entry(void *context, uint64_t seq,
                              const uint8_t commitment[GH_AUDIT_COMMITMENT_BYTES])
{
	uint8_t leaf[32];

	gh_audit_leaf(commitment, leaf);
	return gh_merkle_append_leaf(context, leaf);
}

gh_result gh_log_range_hash(struct gh_db *db, uint64_t begin, uint64_t end, uint64_t deadline_ns,
                            uint8_t hash[32])
{
	struct gh_merkle tree = { 0 };

	GH_TRY(gh_log_entries(db, begin, end, deadline_ns, append_entry, &tree));
	gh_merkle_root(&tree, hash);
	return GH_OK;
}
