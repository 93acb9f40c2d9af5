/* gatehouse log: what an operator and an auditor ask of the log. `verify --state` and `prove` and
 * `tail` read the database with the keys in hand; `verify --tiles` knows nothing but what anybody
 * can fetch. */
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/proof.h"
#include "audit/verify.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/json.h"
#include "cli/log_state.h"
#include "cli/options.h"
#include "cli/verbs.h"

#define USAGE "gatehouse log verify|prove|tail [options]"

#define SECOND_NS     UINT64_C(1000000000)
#define VERIFY_NS     (24 * 3600 * SECOND_NS)
#define PROVE_WAIT_NS (10 * SECOND_NS)
#define TAIL_PAUSE_US 500000

struct arguments {
	const char *state, *tiles, *vkey, *ca, *count;
	bool json, follow;
	const char *words[2]; /* the verb and an id */
	size_t word_count;
};

/* ---- where tiles come from ----------------------------------------------------------------- */

struct site {
	const char *base; /* an http(s) URL or a directory */
	const char *ca_file;
	CURL *curl; /* NULL: a directory */
};

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
	struct gh_buf *out = context;

	gh_buf_add(out, data, size * count);
	return out->failed ? 0 : size * count;
}

static gh_result fetch_url(struct site *site, const char *url, struct gh_buf *out)
{
	char why[CURL_ERROR_SIZE] = "";
	long status = 0;

	curl_easy_reset(site->curl);
	curl_easy_setopt(site->curl, CURLOPT_URL, url);
	curl_easy_setopt(site->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(site->curl, CURLOPT_PROXY, "");
	curl_easy_setopt(site->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(site->curl, CURLOPT_CONNECTTIMEOUT, 10L);
	curl_easy_setopt(site->curl, CURLOPT_TIMEOUT, 120L);
	curl_easy_setopt(site->curl, CURLOPT_ERRORBUFFER, why);
	curl_easy_setopt(site->curl, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(site->curl, CURLOPT_WRITEDATA, out);
	if (site->ca_file)
		curl_easy_setopt(site->curl, CURLOPT_CAINFO, site->ca_file);
	CURLcode result = curl_easy_perform(site->curl);
	curl_easy_getinfo(site->curl, CURLINFO_RESPONSE_CODE, &status);
	GH_ENSURE(result == CURLE_OK, GH_E_UNAVAILABLE, "%s: %s", site->base,
	          why[0] ? why : curl_easy_strerror(result));
	GH_ENSURE(status != 404, GH_E_NOT_FOUND, "%.150s is not there", url);
	GH_ENSURE(status == 200, GH_E_UNAVAILABLE, "%.150s answered %ld", url, status);
	return GH_OK;
}

static gh_result read_file(const char *path, struct gh_buf *out)
{
	GH_CLEANUP(gh_fd_close_ptr) int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t chunk[16384];
	ssize_t got;

	GH_ENSURE(fd >= 0, errno == ENOENT || errno == ENOTDIR ? GH_E_NOT_FOUND : GH_E_IO,
	          "%.120s cannot be opened: %s", path, strerror(errno));
	while ((got = read(fd, chunk, sizeof chunk)) > 0)
		gh_buf_add(out, chunk, (size_t)got);
	GH_ENSURE(got == 0, GH_E_IO, "%.120s cannot be read: %s", path, strerror(errno));
	return gh_buf_check(out);
}

static gh_result fetch(void *context, const char *path, struct gh_buf *out)
{
	struct site *site = context;
	GH_CLEANUP(gh_buf_free) struct gh_buf full = { .limit = 8192 };
	size_t len = strlen(site->base);

	while (len > 1 && site->base[len - 1] == '/')
		len--;
	gh_buf_addf(&full, "%.*s/%s", (int)len, site->base, path);
	GH_TRY(gh_buf_check(&full));
	return site->curl ? fetch_url(site, gh_buf_cstr(&full), out)
	                  : read_file(gh_buf_cstr(&full), out);
}

/* ---- verify -------------------------------------------------------------------------------- */

static void describe(const struct gh_verify_report *report, char *out, size_t size)
{
	char id[GH_UUID_TEXT_BYTES];

	gh_uuid_format(&report->id, id);
	switch (report->place) {
	case GH_VERIFY_ENTRY: snprintf(out, size, "entry %" PRIu64, report->seq); break;
	case GH_VERIFY_CHECKPOINT:
		snprintf(out, size, "checkpoint of size %" PRIu64, report->size_at);
		break;
	case GH_VERIFY_EXCHANGE:
		snprintf(out, size, "%s of request %s", report->part[0] ? report->part : "exchange",
		         id);
		break;
	case GH_VERIFY_VAULT: snprintf(out, size, "vault token %.150s", report->part); break;
	case GH_VERIFY_TILE: snprintf(out, size, "%.150s", report->part); break;
	default: snprintf(out, size, "head of the log"); break;
	}
}

static const char *place_name(enum gh_verify_place place)
{
	static const char *const names[] = { "",         "entry",       "checkpoint",
		                             "exchange", "vault_token", "head",
		                             "tile" };

	return names[place];
}

static void add_place(struct gh_json_writer *json, const struct gh_verify_report *report)
{
	char id[GH_UUID_TEXT_BYTES];

	gh_json_str(json, "place", place_name(report->place));
	gh_json_str(json, "reason", report->reason);
	switch (report->place) {
	case GH_VERIFY_ENTRY: gh_json_int(json, "entry", (int64_t)report->seq); break;
	case GH_VERIFY_CHECKPOINT: gh_json_int(json, "checkpoint", (int64_t)report->size_at); break;
	case GH_VERIFY_EXCHANGE:
		gh_uuid_format(&report->id, id);
		gh_json_str(json, "request_id", id);
		gh_json_str(json, "part", report->part);
		break;
	case GH_VERIFY_VAULT: gh_json_str(json, "token", report->part); break;
	case GH_VERIFY_TILE: gh_json_str(json, "tile", report->part); break;
	default: break;
	}
}

static gh_result print_json(const struct gh_verify_report *report)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf out = { .limit = 65536 };
	struct gh_json_writer json;
	char root[65];

	gh_hex_encode(gh_slice(report->root, 32), root);
	gh_json_begin(&json, &out);
	gh_json_bool(&json, "ok", report->ok);
	gh_json_int(&json, "size", (int64_t)report->size);
	gh_json_str(&json, "root", root);
	gh_json_int(&json, "entries", (int64_t)report->entries);
	gh_json_int(&json, "events", (int64_t)report->events);
	gh_json_int(&json, "exchanges", (int64_t)report->exchanges);
	gh_json_int(&json, "vault_tokens", (int64_t)report->vault);
	gh_json_int(&json, "checkpoints", (int64_t)report->checkpoints);
	gh_json_int(&json, "checkpoint_size", (int64_t)report->checkpoint_size);
	gh_json_int(&json, "erased", (int64_t)report->erased);
	gh_json_int(&json, "tenants", (int64_t)report->tenants);
	if (!report->ok)
		add_place(&json, report);
	gh_json_end(&json);
	GH_TRY(gh_buf_check(&out));
	printf("%s\n", gh_buf_cstr(&out));
	return GH_OK;
}

static void print_text(const struct gh_verify_report *report)
{
	char place[256], root[65];

	if (!report->ok) {
		describe(report, place, sizeof place);
		printf("The log does not verify.\n  %s: %s.\n", place, report->reason);
		printf("  Everything before it was checked: %" PRIu64 " entries, %" PRIu64
		       " checkpoints.\n",
		       report->entries, report->checkpoints);
		return;
	}
	gh_hex_encode(gh_slice(report->root, 32), root);
	printf("ok: the log verifies.\n");
	printf("  %" PRIu64 " entries, root %s\n", report->size, root);
	printf("  %" PRIu64 " checkpoints signed, the last of size %" PRIu64 "\n",
	       report->checkpoints, report->checkpoint_size);
	if (report->events > 0)
		printf("  %" PRIu64 " events of %" PRIu64 " tenants, %" PRIu64
		       " exchanges, %" PRIu64 " vault tokens opened; keys of %" PRIu64
		       " destroyed\n",
		       report->events, report->tenants, report->exchanges, report->vault,
		       report->erased);
}

static int conclude(const struct arguments *arguments, const struct gh_verify_report *report)
{
	if (!arguments->json)
		print_text(report);
	else if (print_json(report) != GH_OK)
		return gh_cli_fail(GH_EXIT_USAGE);
	return report->ok ? GH_EXIT_OK : GH_EXIT_CHECK;
}

static gh_result load_vkey(struct site *site, const struct arguments *arguments,
                           struct gh_note_verifier *out)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf text = { .limit = 4096 };

	if (arguments->vkey) {
		gh_buf_add_str(&text, arguments->vkey);
	} else {
		GH_TRY(fetch(site, "vkey", &text));
		fprintf(stderr, "gatehouse: the key came from where the log did; --vkey pins it\n");
	}
	while (text.len > 0 && text.data[text.len - 1] == '\n')
		text.len--;
	return gh_note_verifier_parse(gh_buf_slice(&text), out);
}

static int verify_tiles(const struct arguments *arguments)
{
	struct site site = { .base = arguments->tiles, .ca_file = arguments->ca };
	const struct gh_tile_source source = { &site, fetch };
	struct gh_note_verifier verifier = { .key = NULL };
	struct gh_verify_report report;
	int status = GH_EXIT_USAGE;

	if (strncmp(site.base, "http://", 7) == 0 || strncmp(site.base, "https://", 8) == 0)
		site.curl = curl_easy_init();
	if (load_vkey(&site, arguments, &verifier) != GH_OK ||
	    gh_verify_tiles(&source, &verifier, &report) != GH_OK)
		(void)gh_cli_fail(status);
	else
		status = conclude(arguments, &report);
	gh_note_verifier_free(&verifier);
	curl_easy_cleanup(site.curl);
	return status;
}

static int verify_state(const struct arguments *arguments)
{
	struct gh_log_state state = { .db = NULL };
	struct gh_verify_report report;
	int status = GH_EXIT_USAGE;

	if (gh_log_state_open(arguments->state, &state) != GH_OK)
		return gh_cli_fail(status);
	if (gh_verify_log(state.db, &state.keys, gh_clock_mono_ns() + VERIFY_NS, &report) != GH_OK)
		(void)gh_cli_fail(status);
	else
		status = conclude(arguments, &report);
	gh_log_state_close(&state);
	return status;
}

/* ---- prove --------------------------------------------------------------------------------- */

struct proving {
	struct gh_db *db;
	bool json;
};

/* A running gateway signs within a second or two of an entry. */
static gh_result wait_for_proof(struct gh_db *db, uint64_t seq, struct gh_buf *out)
{
	uint64_t until_ns = gh_clock_mono_ns() + PROVE_WAIT_NS;

	for (;;) {
		enum gh_code code = gh_proof_make(db, seq, gh_clock_mono_ns() + VERIFY_NS, out);

		if (code != GH_E_NOT_FOUND || gh_clock_mono_ns() >= until_ns)
			return code;
		gh_buf_clear(out);
		usleep(200000);
	}
}

static gh_result print_proof(void *context, const struct gh_audit_record *record)
{
	const struct proving *proving = context;
	GH_CLEANUP(gh_buf_free) struct gh_buf proof = { .limit = 1 << 20 };
	GH_CLEANUP(gh_buf_free) struct gh_buf out = { .limit = 4 << 20 };
	char id[GH_UUID_TEXT_BYTES], tenant[GH_UUID_TEXT_BYTES], salt[2 * GH_AUDIT_SALT_BYTES + 1];
	struct gh_json_writer json;

	GH_TRY(wait_for_proof(proving->db, record->seq, &proof));
	if (!proving->json) {
		printf("%s", gh_buf_cstr(&proof));
		return GH_OK;
	}
	gh_uuid_format(&record->event_id, id);
	gh_uuid_format(&record->tenant_id, tenant);
	gh_hex_encode(gh_slice(record->salt, sizeof record->salt), salt);
	gh_json_begin(&json, &out);
	gh_json_int(&json, "seq", (int64_t)record->seq);
	gh_json_str(&json, "event_id", id);
	gh_json_str(&json, "tenant_id", tenant);
	if (record->body.len > 0) {
		gh_json_str(&json, "salt", salt);
		gh_json_slice(&json, "body", record->body);
	}
	gh_json_slice(&json, "proof", gh_buf_slice(&proof));
	gh_json_end(&json);
	GH_TRY(gh_buf_check(&out));
	printf("%s\n", gh_buf_cstr(&out));
	return GH_OK;
}

static int prove(const struct arguments *arguments)
{
	struct gh_log_state state = { .db = NULL };
	struct proving proving = { .json = arguments->json };
	struct gh_uuid id;
	enum gh_code code;

	if (arguments->word_count != 2 ||
	    gh_uuid_parse(gh_slice_str(arguments->words[1]), &id) != GH_OK) {
		fprintf(stderr, "gatehouse: prove wants an event id: gatehouse log prove ID\n");
		return GH_EXIT_USAGE;
	}
	if (gh_log_state_open(arguments->state, &state) != GH_OK)
		return gh_cli_fail(GH_EXIT_USAGE);
	proving.db = state.db;
	code = gh_audit_find(state.db, &state.keys, &id, gh_clock_mono_ns() + VERIFY_NS,
	                     print_proof, &proving);
	if (code != GH_OK)
		(void)gh_cli_fail(GH_EXIT_CHECK);
	gh_log_state_close(&state);
	return code == GH_OK ? GH_EXIT_OK : GH_EXIT_CHECK;
}

/* ---- tail ---------------------------------------------------------------------------------- */

static gh_result print_record(void *context, const struct gh_audit_record *record)
{
	const struct arguments *arguments = context;
	char tenant[GH_UUID_TEXT_BYTES], request[GH_UUID_TEXT_BYTES] = "-";
	struct gh_audit_body_view view;

	gh_uuid_format(&record->tenant_id, tenant);
	if (record->body.len == 0) {
		printf(arguments->json ? "{\"seq\":%" PRIu64
		                         ",\"tenant_id\":\"%s\",\"erased\":true}\n"
		                       : "%8" PRIu64 "  tenant %s  (its key was destroyed)\n",
		       record->seq, tenant);
		return GH_OK;
	}
	if (arguments->json) {
		printf("{\"seq\":%" PRIu64 ",\"tenant_id\":\"%s\",\"body\":%.*s}\n", record->seq,
		       tenant, GH_SLICE_ARG(record->body));
		return GH_OK;
	}
	GH_TRY(gh_audit_body_view(record->body, &view));
	if (view.has_request)
		gh_uuid_format(&view.request_id, request);
	printf("%8" PRIu64 "  %.*s  %-20.*s tenant %s  request %s\n", record->seq,
	       GH_SLICE_ARG(view.at), GH_SLICE_ARG(view.event), tenant, request);
	return GH_OK;
}

static gh_result log_size(struct gh_db *db, uint64_t *size)
{
	static const struct gh_db_statement statement = { .sql =
		                                              "SELECT size FROM gatehouse.log_head",
		                                          .reads = true };
	GH_CLEANUP(gh_db_result_free_ptr) struct gh_db_result *rows = NULL;
	int64_t number;

	GH_TRY(gh_db_exec(db, &statement, gh_clock_mono_ns() + 30 * SECOND_NS, &rows));
	GH_TRY(gh_db_get_int(rows, 0, 0, &number));
	*size = (uint64_t)number;
	return GH_OK;
}

static gh_result tail_all(const struct arguments *arguments, struct gh_log_state *state,
                          uint64_t count)
{
	uint64_t at, size;

	GH_TRY(log_size(state->db, &size));
	at = count > 0 && count < size ? size - count : 0;
	do {
		GH_TRY(gh_audit_read(state->db, &state->keys, at, gh_clock_mono_ns() + VERIFY_NS,
		                     print_record, (void *)(uintptr_t)arguments, &at));
		GH_ENSURE(fflush(stdout) == 0, GH_E_IO, "standard output cannot be written");
		if (arguments->follow)
			usleep(TAIL_PAUSE_US);
	} while (arguments->follow);
	return GH_OK;
}

static int tail(const struct gh_command *command, const struct arguments *arguments)
{
	struct gh_log_state state = { .db = NULL };
	unsigned long count = 0;
	int status = GH_EXIT_OK;

	if (arguments->count &&
	    !gh_option_number(command, "-n", arguments->count, 1, 1000000000, &count))
		return GH_EXIT_USAGE;
	if (gh_log_state_open(arguments->state, &state) != GH_OK)
		return gh_cli_fail(GH_EXIT_USAGE);
	if (tail_all(arguments, &state, count) != GH_OK)
		status = gh_cli_fail(GH_EXIT_CHECK);
	gh_log_state_close(&state);
	return status;
}

/* ---- the verb ------------------------------------------------------------------------------ */

static int run(const struct gh_command *command, const struct arguments *arguments)
{
	const char *verb = arguments->word_count > 0 ? arguments->words[0] : "";

	if (strcmp(verb, "prove") == 0)
		return prove(arguments);
	if (arguments->word_count == 1 && strcmp(verb, "verify") == 0)
		return arguments->tiles ? verify_tiles(arguments) : verify_state(arguments);
	if (arguments->word_count == 1 && strcmp(verb, "tail") == 0)
		return tail(command, arguments);
	fprintf(stderr, "gatehouse: say what to do: %s\n", USAGE);
	return GH_EXIT_USAGE;
}

int gh_cli_log(int argc, char **argv)
{
	struct arguments arguments = { .state = "gatehouse-state" };
	const struct gh_option options[] = {
		{ "--state", "DIR", "state directory (gatehouse-state)", &arguments.state, NULL },
		{ "--tiles", "URL|DIR", "verify: as an outsider, from published tiles",
		  &arguments.tiles, NULL },
		{ "--vkey", "KEY", "verify --tiles: the log's key, name+id+key", &arguments.vkey,
		  NULL },
		{ "--ca", "FILE", "verify --tiles: whom to trust for https", &arguments.ca, NULL },
		{ "-n", "N", "tail: the last N events (all)", &arguments.count, NULL },
		{ "--follow", NULL, "tail: go on with what is added", NULL, &arguments.follow },
		{ "--json", NULL, "one JSON object a line", NULL, &arguments.json },
	};
	const struct gh_command command = {
		.usage = USAGE,
		.summary =
		    "Checks the whole log and names the first thing that is wrong; proves that "
		    "an event is in it; shows its events.",
		.options = options,
		.option_count = GH_ARRAY_LEN(options),
		.positional = arguments.words,
		.positional_max = GH_ARRAY_LEN(arguments.words),
	};

	int status = gh_options_parse(&command, argc, argv, &arguments.word_count);
	return status >= 0 ? status : run(&command, &arguments);
}
