/* /v1/policies: the chain of a tenant's policy packs. A pack is verified against the tenant's
 * signers, compiled, validated and tried before its row is written; whatever is wrong with it, the
 * pack that was live stays. The bytes are taken as they came: a signed text cannot be rewritten,
 * and what it is for is in the pack that the database keeps. */
#include "api/api.h"

#include "base/clock.h"
#include "base/codec.h"
#include "base/json.h"
#include "policy/pack/pack.h"

/* What stands in the database before anything is added. */
struct chain {
	struct gh_db_result *results[2]; /* trust, newest pack */
	struct gh_trust trust;
	uint64_t last_epoch;
	struct gh_pack_state state;
};

static void chain_free(struct chain *chain)
{
	gh_db_results_free(chain->results, 2);
	gh_trust_clear(&chain->trust);
}

static gh_result read_chain(struct gh_request *request, struct gh_api_db *db, struct chain *chain,
                            struct gh_pack_refusal *why)
{
	static const struct gh_db_statement statements[] = {
		{ .sql = GH_TRUST_SQL, .reads = true },
		{ .sql = "SELECT revision, digest FROM gatehouse.policy_pack "
		         "ORDER BY revision DESC LIMIT 1",
		  .reads = true },
	};
	int64_t revision;

	chain->state.tenant = request->claims->tenant_id;
	chain->state.now_s = gh_clock_unix_s();
	GH_TRY(gh_api_db_run(request, db, statements, GH_ARRAY_LEN(statements), chain->results));
	GH_TRY(gh_trust_walk(chain->results[0], 0, &chain->trust, &chain->last_epoch, why));
	if (gh_db_rows(chain->results[1]) == 0)
		return GH_OK;
	GH_TRY(gh_db_get_int(chain->results[1], 0, 0, &revision));
	chain->state.revision = (uint64_t)revision;
	return gh_db_get_fixed(chain->results[1], 0, 1, chain->state.digest, 32);
}

/* ---- activation ---- */

struct order {
	struct gh_buf pack;
	int64_t at_s; /* not before; 0: as soon as may be */
};

static gh_result read_order(struct gh_request *request, struct order *out)
{
	GH_CLEANUP(gh_json_decref_ptr) json_t *body = NULL;

	GH_TRY(gh_json_parse(request->raw_body, &body));
	const json_t *pack = json_object_get(body, "pack");
	const json_t *at = json_object_get(body, "effective_at");
	GH_ENSURE(json_is_string(pack), GH_E_FORMAT, "pack must be a policy pack in base64");
	GH_ENSURE(json_object_size(body) == (at ? 2 : 1), GH_E_FORMAT,
	          "there is nothing to say but pack and effective_at");
	GH_ENSURE(!at || gh_pack_time_parse(gh_slice(json_string_value(at), json_string_length(at)),
	                                    &out->at_s),
	          GH_E_FORMAT, "effective_at must be a time such as 2026-11-24T09:00:00Z");
	out->pack.limit = GH_PACK_MAX_BYTES;
	GH_ENSURE(gh_base64_decode(gh_slice(json_string_value(pack), json_string_length(pack)),
	                           &out->pack) == GH_OK,
	          GH_E_FORMAT, "pack must be a policy pack in base64, of at most 4 MiB");
	return GH_OK;
}

static gh_result insert_pack(struct gh_request *request, struct gh_api_db *db,
                             const struct chain *chain, const struct order *order,
                             const struct gh_pack *pack, int64_t effective_s)
{
	const struct gh_manifest *manifest = &pack->manifest;
	const struct gh_db_value values[] = {
		gh_db_uuid(&request->claims->tenant_id),
		gh_db_int8((int64_t)manifest->revision),
		gh_db_bytea(gh_slice(pack->digest_bytes, 32)),
		manifest->has_prev ? gh_db_bytea(gh_slice(manifest->prev_digest, 32))
		                   : gh_db_null_bytea(),
		gh_db_int8((int64_t)chain->last_epoch),
		gh_db_bytea(gh_buf_slice(&order->pack)),
		gh_db_time(effective_s * 1000000),
		gh_db_text(request->claims->sub),
	};
	const struct gh_db_statement statement = {
		.sql =
		    "INSERT INTO gatehouse.policy_pack (tenant_id, revision, digest, prev_digest, "
		    "epoch, pack, effective_at, activated_by) "
		    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
		.values = values,
		.value_count = GH_ARRAY_LEN(values),
	};
	return gh_api_db_run(request, db, &statement, 1, NULL);
}

static void describe(struct gh_buf *out, const struct gh_pack *pack, uint64_t epoch,
                     int64_t effective_s)
{
	char time[GH_PACK_TIME_BYTES];
	struct gh_json_writer json;

	gh_json_begin(&json, out);
	gh_json_str(&json, "digest", pack->digest);
	gh_pack_time_format(effective_s, time);
	gh_json_str(&json, "effective_at", time);
	gh_json_int(&json, "epoch", (int64_t)epoch);
	gh_pack_time_format(pack->manifest.expires_s, time);
	gh_json_str(&json, "expires", time);
	gh_json_int(&json, "revision", (int64_t)pack->manifest.revision);
	gh_json_end(&json);
}

static gh_result activate(struct gh_request *request, struct gh_api_db *db, struct chain *chain,
                          const struct order *order, struct gh_pack_refusal *why)
{
	GH_CLEANUP(gh_pack_close_ptr) struct gh_pack *pack = NULL;

	GH_TRY(read_chain(request, db, chain, why));
	GH_TRY(gh_pack_open(gh_buf_slice(&order->pack), &chain->trust, &chain->state,
	                    gh_cedar_checker(), &pack, why));
	int64_t effective_s = chain->state.now_s;
	if (effective_s < pack->manifest.effective_from_s)
		effective_s = pack->manifest.effective_from_s;
	if (effective_s < order->at_s)
		effective_s = order->at_s;
	if (effective_s >= pack->manifest.expires_s)
		return gh_pack_refuse(why, GH_PACK_EXPIRED,
		                      "the pack expires before it would take effect");
	GH_TRY(insert_pack(request, db, chain, order, pack, effective_s));
	request->reply.status = 201;
	describe(&request->reply.body, pack, chain->last_epoch, effective_s);
	describe(&request->reply.members, pack, chain->last_epoch, effective_s);
	return GH_OK;
}

/* A refusal of the pack, or of the database. */
static void fail(struct gh_request *request, enum gh_code code, const struct gh_pack_refusal *why)
{
	if (why->reason == GH_PACK_FINE || why->reason == GH_PACK_INTERNAL) {
		gh_api_fail(request, code);
		return;
	}
	char *reason =
	    gh_arena_printf(request->arena, "policy-pack-%s", gh_pack_reason_name(why->reason));
	char *detail = gh_arena_printf(request->arena, "The pack is refused (%s): %s.",
	                               gh_pack_reason_name(why->reason), why->text);
	bool lost = why->reason == GH_PACK_ROLLED_BACK || why->reason == GH_PACK_BROKEN_CHAIN;
	gh_api_deny(request, lost ? GH_PROBLEM_CONFLICT : GH_PROBLEM_INVALID_PARAMETER, reason,
	            detail);
}

void gh_api_policy_activate(struct gh_request *request)
{
	struct order order = { 0 };
	struct gh_pack_refusal why = { 0 };
	struct chain chain = { 0 };
	struct gh_api_db db;

	enum gh_code code = read_order(request, &order);
	if (code == GH_OK) {
		code = gh_api_db_begin(request, &db);
		if (code == GH_OK)
			code = activate(request, &db, &chain, &order, &why);
		gh_api_db_end(request, &db);
	}
	if (code != GH_OK)
		fail(request, code, &why);
	chain_free(&chain);
	gh_buf_free(&order.pack);
}

/* ---- reading ---- */

static gh_result render_pack(const struct gh_db_result *rows, size_t row, struct gh_buf *out)
{
	static const char *const times[] = { "effective_at", "activated_at" };
	struct gh_json_writer json;
	struct gh_slice by;
	uint8_t digest[32];
	char hex[65];
	int64_t number;
	bool is_live;

	GH_TRY(gh_db_get_int(rows, row, 0, &number));
	gh_json_begin(&json, out);
	gh_json_int(&json, "revision", number);
	GH_TRY(gh_db_get_fixed(rows, row, 1, digest, sizeof digest));
	gh_hex_encode(gh_slice(digest, sizeof digest), hex);
	gh_json_str(&json, "digest", hex);
	GH_TRY(gh_db_get_int(rows, row, 2, &number));
	gh_json_int(&json, "epoch", number);
	for (size_t i = 0; i < GH_ARRAY_LEN(times); i++) {
		char text[GH_TIME_TEXT_BYTES];
		int64_t unix_us;
		GH_TRY(gh_db_get_time(rows, row, 3 + i, &unix_us));
		gh_clock_format(unix_us, text);
		gh_json_str(&json, times[i], text);
	}
	GH_TRY(gh_db_get_text(rows, row, 5, &by));
	gh_json_slice(&json, "activated_by", by);
	GH_TRY(gh_db_get_bool(rows, row, 6, &is_live));
	gh_json_bool(&json, "live", is_live);
	gh_json_end(&json);
	return GH_OK;
}

static gh_result list(struct gh_request *request)
{
	static const struct gh_db_statement statement = {
		.sql = "SELECT revision, digest, epoch, effective_at, activated_at, activated_by, "
		       "revision = (SELECT max(revision) FROM gatehouse.policy_pack "
		       "WHERE effective_at <= now()) IS TRUE "
		       "FROM gatehouse.policy_pack ORDER BY revision DESC LIMIT 1000",
		.reads = true,
	};
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;
	struct gh_buf *out = &request->reply.body;

	GH_TRY(gh_api_db_once(request, &statement, 1, &rows));
	gh_buf_add_str(out, "{\"object\":\"list\",\"data\":[");
	for (size_t row = 0; row < gh_db_rows(rows); row++) {
		if (row)
			gh_buf_add_byte(out, ',');
		GH_TRY(render_pack(rows, row, out));
	}
	gh_buf_add_str(out, "]}");
	request->reply.status = 200;
	return gh_buf_check(out);
}

void gh_api_policy_list(struct gh_request *request)
{
	enum gh_code code = list(request);

	if (code != GH_OK)
		gh_api_fail(request, code);
}

static gh_result show(struct gh_request *request, uint64_t revision)
{
	const struct gh_db_value value = gh_db_int8((int64_t)revision);
	const struct gh_db_statement statement = {
		.sql = "SELECT pack FROM gatehouse.policy_pack WHERE revision = $1",
		.values = &value,
		.value_count = 1,
		.reads = true,
	};
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;
	struct gh_json_writer json;
	struct gh_slice pack;

	GH_TRY(gh_api_db_once(request, &statement, 1, &rows));
	GH_ENSURE(gh_db_rows(rows) == 1, GH_E_NOT_FOUND, "no such revision");
	GH_TRY(gh_db_get_bytea(rows, 0, 0, &pack));
	gh_json_begin(&json, &request->reply.body);
	gh_json_int(&json, "revision", (int64_t)revision);
	gh_json_key(&json, "pack");
	gh_buf_add_byte(&request->reply.body, '"');
	gh_base64_encode(pack, &request->reply.body);
	gh_buf_add_byte(&request->reply.body, '"');
	gh_json_end(&json);
	request->reply.status = 200;
	return gh_buf_check(&request->reply.body);
}

void gh_api_policy_show(struct gh_request *request)
{
	uint64_t revision;
	enum gh_code code =
	    gh_slice_to_u64(request->match.parameter, GH_PACK_REVISION_MAX, &revision)
	        ? show(request, revision)
	        : gh_fail(GH_E_NOT_FOUND, "no such revision");

	if (code != GH_OK)
		gh_api_fail(request, code);
}

/* ---- signers ---- */

static gh_result read_bytes(const json_t *json, size_t limit, struct gh_buf *out)
{
	out->limit = limit;
	GH_ENSURE(json_is_string(json) &&
	              gh_base64_decode(gh_slice(json_string_value(json), json_string_length(json)),
	                               out) == GH_OK,
	          GH_E_FORMAT, "document and signatures must be in base64, of at most 64 KiB");
	return GH_OK;
}

/* The signers of the next epoch, signed by those of this one. */
static gh_result add_trust(struct gh_request *request, struct gh_api_db *db, struct chain *chain,
                           struct gh_slice document, struct gh_slice signatures,
                           struct gh_pack_refusal *why)
{
	GH_CLEANUP(gh_trust_clear) struct gh_trust next = { 0 };
	struct gh_json_writer json;

	GH_TRY(read_chain(request, db, chain, why));
	GH_TRY(gh_signatures_check(signatures, document, &chain->trust, NULL, why));
	GH_TRY(gh_trust_parse(document, &next, why));
	if (!gh_uuid_eq(&next.tenant, &chain->state.tenant))
		return gh_pack_refuse(why, GH_PACK_WRONG_TENANT,
		                      "the trust document is another tenant's");
	if (next.epoch != chain->last_epoch + 1)
		return gh_pack_refuse(why, GH_PACK_BROKEN_CHAIN, "the next epoch is %llu",
		                      (unsigned long long)chain->last_epoch + 1);
	const struct gh_db_value values[] = { gh_db_uuid(&next.tenant),
		                              gh_db_int8((int64_t)next.epoch),
		                              gh_db_bytea(document), gh_db_bytea(signatures),
		                              gh_db_text(request->claims->sub) };
	const struct gh_db_statement statement = {
		.sql =
		    "INSERT INTO gatehouse.policy_trust (tenant_id, epoch, document, signatures, "
		    "created_by) VALUES ($1, $2, $3, $4, $5)",
		.values = values,
		.value_count = GH_ARRAY_LEN(values),
	};
	GH_TRY(gh_api_db_run(request, db, &statement, 1, NULL));
	request->reply.status = 201;
	gh_json_begin(&json, &request->reply.body);
	gh_json_int(&json, "epoch", (int64_t)next.epoch);
	gh_json_end(&json);
	gh_buf_add_slice(&request->reply.members, gh_buf_slice(&request->reply.body));
	return GH_OK;
}

void gh_api_policy_trust_add(struct gh_request *request)
{
	GH_CLEANUP(gh_json_decref_ptr) json_t *body = NULL;
	GH_CLEANUP(gh_buf_free) struct gh_buf document = { 0 }, signatures = { 0 };
	struct gh_pack_refusal why = { 0 };
	struct chain chain = { 0 };
	struct gh_api_db db;

	enum gh_code code = gh_json_parse(request->raw_body, &body);
	if (code == GH_OK)
		code = read_bytes(json_object_get(body, "document"), GH_TRUST_MAX_BYTES, &document);
	if (code == GH_OK)
		code = read_bytes(json_object_get(body, "signatures"), GH_SIGNATURES_MAX_BYTES,
		                  &signatures);
	if (code == GH_OK) {
		code = gh_api_db_begin(request, &db);
		if (code == GH_OK)
			code = add_trust(request, &db, &chain, gh_buf_slice(&document),
			                 gh_buf_slice(&signatures), &why);
		gh_api_db_end(request, &db);
	}
	if (code != GH_OK)
		fail(request, code, &why);
	chain_free(&chain);
}

/* The newest signers, as signed. */
static gh_result show_trust(struct gh_request *request)
{
	static const struct gh_db_statement statement = { .sql = GH_TRUST_SQL, .reads = true };
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;
	struct gh_buf *out = &request->reply.body;

	GH_TRY(gh_api_db_once(request, &statement, 1, &rows));
	gh_buf_add_str(out, "{\"object\":\"list\",\"data\":[");
	for (size_t row = 0; row < gh_db_rows(rows); row++) {
		struct gh_slice document, signatures = { 0 };
		GH_TRY(gh_db_get_bytea(rows, row, 1, &document));
		if (!gh_db_is_null(rows, row, 2))
			GH_TRY(gh_db_get_bytea(rows, row, 2, &signatures));
		/* Both are JSON that was checked when it came in. */
		gh_buf_addf(out, "%s{\"document\":", row ? "," : "");
		gh_buf_add_slice(out, document);
		gh_buf_add_str(out, ",\"signatures\":");
		gh_buf_add_slice(out, signatures.len ? signatures : GH_SLICE("null"));
		gh_buf_add_byte(out, '}');
	}
	gh_buf_add_str(out, "]}");
	request->reply.status = 200;
	return gh_buf_check(out);
}

void gh_api_policy_trust_show(struct gh_request *request)
{
	enum gh_code code = show_trust(request);

	if (code != GH_OK)
		gh_api_fail(request, code);
}
