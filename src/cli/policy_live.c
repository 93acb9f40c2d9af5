/* gatehouse policy (activate | log | show | signers): the packs of a running gateway. All of it
 * asks the gateway as any client would, so that capability, verification and audit are the same. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/codec.h"
#include "cli/options.h"
#include "cli/verbs.h"
#include "policy/pack/manifest.h"
#include "process/operator.h"

struct session {
	const char *dir, *tenant;
	bool as_json;
};

static gh_result read_file(const char *path, size_t limit, struct gh_buf *out)
{
	FILE *file = fopen(path, "re");

	GH_ENSURE(file, GH_E_IO, "cannot read %s: %s", path, strerror(errno));
	out->limit = limit + 1;
	for (size_t n = 1; n > 0;) {
		uint8_t *room = gh_buf_reserve(out, 65536 < limit ? 4096 : 1024);
		n = room ? fread(room, 1, 65536 < limit ? 4096 : 1024, file) : 0;
		if (n)
			gh_buf_commit(out, n);
	}
	bool failed = ferror(file) != 0;
	fclose(file);
	GH_ENSURE(!failed, GH_E_IO, "cannot read %s", path);
	GH_ENSURE(out->len <= limit && !out->failed, GH_E_LIMIT, "%s is over %zu bytes", path,
	          limit);
	return GH_OK;
}

/* Asks; on success `print` shows the answer. */
static int call(const struct session *session, const char *method, const char *path,
                const char *body, int (*print)(const json_t *reply, void *context), void *context)
{
	struct gh_operator client;
	struct gh_operator_reply reply = { 0 };
	GH_CLEANUP(gh_json_decref_ptr) json_t *parsed = NULL;
	int status;

	if (gh_operator_open(session->dir, session->tenant, &client) != GH_OK)
		return gh_cli_fail(GH_EXIT_USAGE);
	if (gh_operator_call(&client, method, path, body, &reply) != GH_OK)
		status = gh_cli_fail(GH_EXIT_USAGE);
	else if (reply.status >= 300 && gh_operator_problem(&reply) != GH_OK)
		status = gh_cli_fail(GH_EXIT_CHECK);
	else if (gh_json_parse(gh_buf_slice(&reply.body), &parsed) != GH_OK)
		status = gh_cli_fail(GH_EXIT_CHECK);
	else
		status = print(parsed, context);
	if (status == GH_EXIT_OK && session->as_json)
		printf("%s\n", gh_buf_cstr(&reply.body));
	gh_operator_reply_free(&reply);
	gh_operator_close(&client);
	return status;
}

static const char *text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "";
}

static long long number(const json_t *object, const char *key)
{
	return (long long)json_integer_value(json_object_get(object, key));
}

#define SESSION_OPTIONS(session)                                                                   \
	{ "--state", "DIR", "state directory of the running gateway", &(session).dir, NULL },      \
	{                                                                                          \
		"--tenant", "NAME", "tenant, by name or id (the first)", &(session).tenant, NULL   \
	}

/* ---- activate ---- */

static int print_activated(const json_t *reply, void *context)
{
	const struct session *session = context;

	if (!session->as_json)
		printf("revision %lld is live from %s\ndigest %s\n", number(reply, "revision"),
		       text(reply, "effective_at"), text(reply, "digest"));
	return GH_EXIT_OK;
}

int gh_cli_policy_activate(int argc, char **argv)
{
	struct session session = { .dir = "gatehouse-state" };
	const char *at = NULL, *path[1] = { NULL };
	const struct gh_option options[] = {
		SESSION_OPTIONS(session),
		{ "--at", "TIME", "take effect then, such as 2026-11-24T09:00:00Z (now)", &at,
		  NULL },
		{ "--json", NULL, "print the gateway's answer as it is", NULL, &session.as_json },
	};
	const struct gh_command command = {
		.usage = "gatehouse policy activate PACK [options]",
		.summary = "Makes a signed pack the one that decides. The gateway verifies it "
		           "first; a pack\nthat is refused changes nothing (exit status 1).",
		.options = options,
		.option_count = GH_ARRAY_LEN(options),
		.positional = path,
		.positional_max = 1,
	};
	GH_CLEANUP(gh_buf_free) struct gh_buf pack = { 0 }, body = { .limit = 8u << 20 };
	size_t count;
	int64_t unused;

	int status = gh_options_parse(&command, argc, argv, &count);
	if (status >= 0)
		return status;
	if (count != 1) {
		fprintf(stderr, "gatehouse: say which pack: %s\n", command.usage);
		return GH_EXIT_USAGE;
	}
	if (at && !gh_pack_time_parse(gh_slice_str(at), &unused)) {
		fprintf(stderr,
		        "gatehouse: --at must be a time such as 2026-11-24T09:00:00Z, not %.40s\n",
		        at);
		return GH_EXIT_USAGE;
	}
	if (read_file(path[0], GH_PACK_MAX_BYTES, &pack) != GH_OK)
		return gh_cli_fail(GH_EXIT_USAGE);
	gh_buf_add_str(&body, "{\"pack\":\"");
	gh_base64_encode(gh_buf_slice(&pack), &body);
	gh_buf_addf(&body, at ? "\",\"effective_at\":\"%s\"}" : "\"}", at);
	return call(&session, "POST", "/v1/policies", gh_buf_cstr(&body), print_activated,
	            &session);
}

/* ---- log ---- */

static int print_log(const json_t *reply, void *context)
{
	const struct session *session = context;
	json_t *pack;
	size_t i;

	json_array_foreach(json_object_get(reply, "data"), i, pack)
	{
		if (!session->as_json)
			printf("%s %6lld  from %.19sZ  %.16s…  by %s\n",
			       json_is_true(json_object_get(pack, "live")) ? "*" : " ",
			       number(pack, "revision"), text(pack, "effective_at"),
			       text(pack, "digest"), text(pack, "activated_by"));
	}
	return GH_EXIT_OK;
}

int gh_cli_policy_log(int argc, char **argv)
{
	struct session session = { .dir = "gatehouse-state" };
	const struct gh_option options[] = {
		SESSION_OPTIONS(session),
		{ "--json", NULL, "print the gateway's answer as it is", NULL, &session.as_json },
	};
	const struct gh_command command = {
		.usage = "gatehouse policy log [options]",
		.summary = "Which pack was live from when, newest first; * marks the one that "
		           "decides now. The\naudit log proves it: every event carries the digest.",
		.options = options,
		.option_count = GH_ARRAY_LEN(options),
	};
	size_t count;

	int status = gh_options_parse(&command, argc, argv, &count);
	return status >= 0 ? status
	                   : call(&session, "GET", "/v1/policies", NULL, print_log, &session);
}

/* ---- show ---- */

static int write_pack(const json_t *reply, void *context)
{
	const char *path = context;
	GH_CLEANUP(gh_buf_free) struct gh_buf pack = { .limit = GH_PACK_MAX_BYTES };
	const json_t *encoded = json_object_get(reply, "pack");

	if (gh_base64_decode(gh_slice(json_string_value(encoded), json_string_length(encoded)),
	                     &pack) != GH_OK)
		return gh_cli_fail(GH_EXIT_CHECK);
	FILE *file = strcmp(path, "-") == 0 ? stdout : fopen(path, "we");
	if (!file || fwrite(pack.data, 1, pack.len, file) != pack.len || fflush(file) != 0) {
		fprintf(stderr, "gatehouse: cannot write %s: %s\n", path, strerror(errno));
		return GH_EXIT_USAGE;
	}
	if (file != stdout)
		fclose(file);
	return GH_EXIT_OK;
}

int gh_cli_policy_show(int argc, char **argv)
{
	struct session session = { .dir = "gatehouse-state" };
	const char *out = "-", *revision[1] = { NULL };
	const struct gh_option options[] = {
		SESSION_OPTIONS(session),
		{ "--out", "FILE", "where to write it (standard output)", &out, NULL },
	};
	const struct gh_command command = {
		.usage = "gatehouse policy show REVISION [options]",
		.summary = "Gives back a pack as it was activated, signatures and all.",
		.options = options,
		.option_count = GH_ARRAY_LEN(options),
		.positional = revision,
		.positional_max = 1,
	};
	size_t count;
	uint64_t value;
	char path[64];

	int status = gh_options_parse(&command, argc, argv, &count);
	if (status >= 0)
		return status;
	if (count != 1 ||
	    !gh_slice_to_u64(gh_slice_str(revision[0]), GH_PACK_REVISION_MAX, &value)) {
		fprintf(stderr, "gatehouse: say which revision, a number: %s\n", command.usage);
		return GH_EXIT_USAGE;
	}
	if (strcmp(out, "-") == 0 && isatty(STDOUT_FILENO)) {
		fprintf(stderr, "gatehouse: a pack is binary: name a file with --out\n");
		return GH_EXIT_USAGE;
	}
	snprintf(path, sizeof path, "/v1/policies/%llu", (unsigned long long)value);
	return call(&session, "GET", path, NULL, write_pack, (void *)(uintptr_t)out);
}

/* ---- signers ---- */

static int print_signers(const json_t *reply, void *context)
{
	const struct session *session = context;
	json_t *epoch, *signer;
	size_t i, k;

	if (session->as_json)
		return GH_EXIT_OK;
	if (json_object_get(reply, "epoch"))
		printf("epoch %lld begins\n", number(reply, "epoch"));
	json_array_foreach(json_object_get(reply, "data"), i, epoch)
	{
		const json_t *document = json_object_get(epoch, "document");
		printf("epoch %lld: %lld persons must sign, an author and an approver among "
		       "them\n",
		       number(document, "epoch"), number(document, "threshold"));
		json_array_foreach(json_object_get(document, "signers"), k, signer)
		    printf("  %-8s  %s  %s\n", text(signer, "role"), text(signer, "kid"),
		           text(signer, "person"));
	}
	return GH_EXIT_OK;
}

int gh_cli_policy_signers(int argc, char **argv)
{
	struct session session = { .dir = "gatehouse-state" };
	const char *document = NULL, *signatures = NULL;
	const struct gh_option options[] = {
		SESSION_OPTIONS(session),
		{ "--set", "FILE", "begin a new epoch with this trust document", &document, NULL },
		{ "--signatures", "FILE", "over it, by the signers of the last epoch", &signatures,
		  NULL },
		{ "--json", NULL, "print the gateway's answer as it is", NULL, &session.as_json },
	};
	const struct gh_command command = {
		.usage = "gatehouse policy signers [options]",
		.summary = "Who may sign packs, epoch by epoch; and with --set, who may from now "
		           "on.",
		.options = options,
		.option_count = GH_ARRAY_LEN(options),
	};
	GH_CLEANUP(gh_buf_free) struct gh_buf trust = { 0 }, jws = { 0 }, body = { 0 };
	size_t count;

	int status = gh_options_parse(&command, argc, argv, &count);
	if (status >= 0)
		return status;
	if (!document && !signatures)
		return call(&session, "GET", "/v1/policy-signers", NULL, print_signers, &session);
	if (!document || !signatures) {
		fprintf(stderr, "gatehouse: --set and --signatures go together\n");
		return GH_EXIT_USAGE;
	}
	if (read_file(document, 65536, &trust) != GH_OK ||
	    read_file(signatures, 65536, &jws) != GH_OK)
		return gh_cli_fail(GH_EXIT_USAGE);
	gh_buf_add_str(&body, "{\"document\":\"");
	gh_base64_encode(gh_buf_slice(&trust), &body);
	gh_buf_add_str(&body, "\",\"signatures\":\"");
	gh_base64_encode(gh_buf_slice(&jws), &body);
	gh_buf_add_str(&body, "\"}");
	return call(&session, "POST", "/v1/policy-signers", gh_buf_cstr(&body), print_signers,
	            &session);
}
