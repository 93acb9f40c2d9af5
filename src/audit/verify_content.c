/* What was said, and what tokens stand for: each box opens under its key and its own name, or its
 * key was destroyed. Large boxes are fetched alone, so that a page of rows stays small. */
#include "audit/verify_parts.h"

#include <stdio.h>
#include <string.h>

#define PAGE 512

struct content {
	struct gh_db *db;
	struct gh_verify_keys *keys;
	uint64_t deadline_ns;
	struct gh_verify_report *report;
	struct gh_buf plain;
	/* The last row that was looked at. */
	struct gh_uuid tenant, request;
	char part[208];
	size_t page;
};

static void wrong(struct content *content, enum gh_verify_place place, const char *reason)
{
	if (gh_verify_stopped(content->report))
		return;
	gh_verify_wrong(content->report, place, 0, "%s", reason);
	content->report->tenant = content->tenant;
	content->report->id = content->request;
	memcpy(content->report->part, content->part, sizeof content->report->part);
}

static gh_result take_part(struct content *content, struct gh_slice part)
{
	GH_ENSURE(part.len < sizeof content->part, GH_E_CORRUPT, "a name is too long");
	memcpy(content->part, part.data, part.len);
	content->part[part.len] = '\0';
	return GH_OK;
}

struct sealed {
	struct content *content;
	enum gh_verify_place place;
	struct gh_slice box;
};

static gh_result try_box(void *context, const uint8_t key[32])
{
	const struct sealed *sealed = context;
	struct content *content = sealed->content;
	struct gh_slice part = gh_slice_str(content->part);

	gh_buf_clear(&content->plain);
	return sealed->place == GH_VERIFY_EXCHANGE
	           ? gh_audit_exchange_open(key, &content->tenant, &content->request, part,
	                                    sealed->box, &content->plain)
	           : gh_audit_vault_open(key, &content->tenant, part, sealed->box, &content->plain);
}

static gh_result open_box(struct content *content, enum gh_verify_place place,
                          const struct gh_uuid *key_id, struct gh_slice box)
{
	struct sealed sealed = { content, place, box };
	const struct gh_verify_key *key;
	enum gh_code code;
	bool opened;

	GH_TRY(gh_verify_key_of(content->keys, &content->tenant, key_id, &key));
	if (key->erased) {
		content->report->erased++;
		GH_TRY(
		    gh_verify_keys_try(content->keys, &content->tenant, try_box, &sealed, &opened));
		if (opened)
			wrong(content, place,
			      "it names another data key than the one that opens it");
		return GH_OK;
	}
	if (key->broken) {
		wrong(content, place, "its data key does not open");
		return GH_OK;
	}
	code = try_box(&sealed, key->key);
	if (code == GH_E_CRYPTO) {
		wrong(content, place, "its sealed box does not open");
		return GH_OK;
	}
	return code;
}

static gh_result open_large(struct content *content, const struct gh_uuid *key_id)
{
	const struct gh_db_value values[] = { gh_db_uuid(&content->tenant),
		                              gh_db_uuid(&content->request),
		                              gh_db_str(content->part) };
	const struct gh_db_statement statement = {
		.sql =
		    "SELECT box FROM gatehouse.exchange WHERE tenant_id = $1 AND request_id = $2 "
		    "AND part = $3",
		.values = values,
		.value_count = 3,
		.reads = true,
	};
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;
	struct gh_slice box;

	enum gh_code code = gh_db_exec(content->db, &statement, content->deadline_ns, &rows);
	if (code == GH_E_CORRUPT) {
		wrong(content, GH_VERIFY_EXCHANGE, "it cannot be read");
		return GH_OK;
	}
	GH_TRY(code);
	if (gh_db_rows(rows) == 0) /* erased since the page was read */
		return GH_OK;
	GH_TRY(gh_db_get_bytea(rows, 0, 0, &box));
	return open_box(content, GH_VERIFY_EXCHANGE, key_id, box);
}

static gh_result check_exchange(struct content *content, const struct gh_db_result *rows,
                                size_t row)
{
	struct gh_slice part, box;
	struct gh_uuid key_id;

	GH_TRY(gh_db_get_uuid(rows, row, 0, &content->tenant));
	GH_TRY(gh_db_get_uuid(rows, row, 1, &content->request));
	GH_TRY(gh_db_get_text(rows, row, 2, &part));
	GH_TRY(take_part(content, part));
	GH_TRY(gh_db_get_uuid(rows, row, 3, &key_id));
	content->report->exchanges++;
	if (gh_db_is_null(rows, row, 4))
		return open_large(content, &key_id);
	GH_TRY(gh_db_get_bytea(rows, row, 4, &box));
	return open_box(content, GH_VERIFY_EXCHANGE, &key_id, box);
}

static gh_result check_vault(struct content *content, const struct gh_db_result *rows, size_t row)
{
	struct gh_slice token, box;
	struct gh_uuid key_id;

	GH_TRY(gh_db_get_uuid(rows, row, 0, &content->tenant));
	GH_TRY(gh_db_get_text(rows, row, 1, &token));
	GH_TRY(take_part(content, token));
	GH_TRY(gh_db_get_uuid(rows, row, 2, &key_id));
	GH_TRY(gh_db_get_bytea(rows, row, 3, &box));
	content->report->vault++;
	return open_box(content, GH_VERIFY_VAULT, &key_id, box);
}

static const char exchange_page[] =
    "SELECT tenant_id, request_id, part, data_key_id, CASE WHEN octet_length(box) <= 65536 THEN "
    "box END FROM gatehouse.exchange WHERE (tenant_id, request_id, part) > ($1, $2, $3) "
    "ORDER BY tenant_id, request_id, part LIMIT $4";
static const char vault_page[] =
    "SELECT tenant_id, token, data_key_id, box FROM gatehouse.pii_vault "
    "WHERE (tenant_id, token) > ($1, $3) AND $2::uuid IS NOT NULL ORDER BY tenant_id, token "
    "LIMIT $4";

/* One page; *more is false behind the last. */
static gh_result check_page(struct content *content, enum gh_verify_place place, bool *more)
{
	const struct gh_db_value values[] = { gh_db_uuid(&content->tenant),
		                              gh_db_uuid(&content->request),
		                              gh_db_str(content->part),
		                              gh_db_int8((int64_t)content->page) };
	const struct gh_db_statement statement = {
		.sql = place == GH_VERIFY_EXCHANGE ? exchange_page : vault_page,
		.values = values,
		.value_count = 4,
		.reads = true,
	};
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;

	GH_TRY(gh_db_exec(content->db, &statement, content->deadline_ns, &rows));
	*more = gh_db_rows(rows) == content->page;
	for (size_t i = 0; i < gh_db_rows(rows) && !gh_verify_stopped(content->report); i++)
		GH_TRY(place == GH_VERIFY_EXCHANGE ? check_exchange(content, rows, i)
		                                   : check_vault(content, rows, i));
	return GH_OK;
}

static gh_result check_table(struct content *content, enum gh_verify_place place)
{
	bool more = true;

	memset(&content->tenant, 0, sizeof content->tenant);
	memset(&content->request, 0, sizeof content->request);
	content->part[0] = '\0';
	content->page = PAGE;
	while (more && !gh_verify_stopped(content->report)) {
		enum gh_code code = check_page(content, place, &more);

		/* A page of the file that the server cannot read: nearer, row by row. */
		if (code == GH_E_CORRUPT && content->page > 1) {
			content->page = 1;
			more = true;
			continue;
		}
		if (code == GH_E_CORRUPT) {
			wrong(content, place, "the row after this one cannot be read");
			return GH_OK;
		}
		GH_TRY(code);
	}
	return GH_OK;
}

gh_result gh_verify_content(struct gh_db *db, struct gh_verify_keys *keys, uint64_t deadline_ns,
                            struct gh_verify_report *report)
{
	struct content content = {
		.db = db, .keys = keys, .deadline_ns = deadline_ns, .report = report
	};
	enum gh_code code;

	gh_buf_init(&content.plain, (size_t)128 << 20, true);
	code = check_table(&content, GH_VERIFY_EXCHANGE);
	if (code == GH_OK)
		code = check_table(&content, GH_VERIFY_VAULT);
	gh_buf_free(&content.plain);
	return code;
}
