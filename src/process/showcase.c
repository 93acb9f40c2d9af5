#include "process/showcase.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/secret.h"
#include "process/operator.h"

#define PROMPT "Please write to Ada at ada.lovelace@example.com about the card 4111 1111 1111 1111."
#define BODY                                                                                       \
	"{\"model\":\"gatehouse-demo\",\"messages\":[{\"role\":\"user\",\"content\":\"" PROMPT     \
	"\"}]}"

void gh_showcase_print(const struct gh_setup *setup)
{
	struct gh_operator client;

	if (gh_operator_open(setup->state.path, NULL, &client) != GH_OK)
		return;
	printf("\nGatehouse serves at %s\n", client.base_url);
	printf("API keys of the demo tenants are in %s/demo.json (mode 0600).\n\n",
	       setup->real_dir);
	printf("Try it:\n"
	       "  curl --cacert %s/ca.pem %s/v1/chat/completions \\\n"
	       "    -H \"Authorization: Bearer $(jq -r .tenants[0].api_key %s/demo.json)\" \\\n"
	       "    -H 'Content-Type: application/json' \\\n"
	       "    -d '%s'\n\n",
	       setup->real_dir, client.base_url, setup->real_dir, BODY);
	gh_operator_close(&client);
}

static const char *text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "-";
}

static void print_pii(const json_t *found)
{
	const char *class;
	json_t *summary;

	if (json_object_size(found) == 0)
		printf("nothing found");
	json_object_foreach((json_t *)(uintptr_t)found, class, summary)
	{
		GH_CLEANUP(gh_free_ptr) char *compact = json_dumps(summary, JSON_COMPACT);
		printf("%s %s  ", class, compact ? compact : "");
	}
	printf("\n");
}

/* One event as the auditor sees it, told gate by gate. */
static void print_event(const json_t *event)
{
	const json_t *body = json_object_get(event, "body");
	const char *kind = text(body, "event");

	if (strcmp(kind, "inference.admitted") == 0) {
		GH_CLEANUP(gh_free_ptr)
		char *claims = json_dumps(json_object_get(body, "claims"), JSON_COMPACT);
		printf("  1 identity  %s\n", text(body, "actor"));
		printf("  2 token     %s\n", claims ? claims : "-");
		printf("  3 tenancy   tenant %s, rows seen under row-level security: %" PRId64 "\n",
		       text(body, "tenant_id"),
		       (int64_t)json_integer_value(json_object_get(body, "tenant_rows")));
		printf("  4 pii       prompt: ");
		print_pii(json_object_get(body, "pii"));
	} else if (strcmp(kind, "inference.completed") == 0) {
		printf("              output: ");
		print_pii(json_object_get(body, "pii"));
	}
	printf("  5 audit     leaf %" PRId64 "  %s\n",
	       (int64_t)json_integer_value(json_object_get(event, "seq")), kind);
}

static gh_result print_gates(const struct gh_operator *client, const char *request_id)
{
	char path[128];
	struct gh_operator_reply reply;
	GH_CLEANUP(gh_json_decref_ptr) json_t *answer = NULL;
	json_t *event;
	size_t i;

	snprintf(path, sizeof path, "/v1/audit/%s", request_id);
	enum gh_code code = gh_operator_call(client, "GET", path, NULL, &reply);
	if (code == GH_OK && reply.status != 200)
		code = gh_operator_problem(&reply);
	if (code == GH_OK)
		code = gh_json_parse(gh_buf_slice(&reply.body), &answer);
	gh_operator_reply_free(&reply);
	GH_TRY(code);
	printf("The gates that request %s passed:\n", request_id);
	json_array_foreach(json_object_get(answer, "data"), i, event) print_event(event);
	return GH_OK;
}

static gh_result send_request(const struct gh_operator *client, char request_id[64])
{
	struct gh_operator_reply reply;
	GH_CLEANUP(gh_json_decref_ptr) json_t *answer = NULL;
	const char *content = NULL;

	enum gh_code code = gh_operator_call(client, "POST", "/v1/chat/completions", BODY, &reply);
	if (code == GH_OK && reply.status != 200)
		code = gh_operator_problem(&reply);
	if (code == GH_OK)
		code = gh_json_parse(gh_buf_slice(&reply.body), &answer);
	if (code == GH_OK &&
	    json_unpack(answer, "{s:[{s:{s:s}}]}", "choices", "message", "content", &content) != 0)
		code = gh_fail(GH_E_FORMAT, "the model's answer has no choices");
	if (code == GH_OK)
		printf("The demo sent, as tenant %s:\n  %s\nand got back:\n  %s\n\n",
		       client->tenant_name, PROMPT, content);
	snprintf(request_id, 64, "%s", reply.request_id);
	gh_operator_reply_free(&reply);
	return code;
}

/* The verb itself, as an operator would run it. */
static gh_result verify_log(const struct gh_setup *setup)
{
	int status;
	pid_t pid;

	printf("\n$ gatehouse log verify --state %s\n", setup->real_dir);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		sigset_t none;
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		execl("/proc/self/exe", "gatehouse", "log", "verify", "--state", setup->state.path,
		      (char *)NULL);
		_exit(127);
	}
	GH_ENSURE(pid > 0 && waitpid(pid, &status, 0) == pid, GH_E_IO,
	          "cannot run `gatehouse log verify`");
	GH_ENSURE(WIFEXITED(status) && WEXITSTATUS(status) == 0, GH_E_CORRUPT,
	          "`gatehouse log verify` does not say ok");
	return GH_OK;
}

gh_result gh_showcase_run(const struct gh_setup *setup)
{
	struct gh_operator client;
	char request_id[64];

	GH_TRY(gh_operator_open(setup->state.path, NULL, &client));
	enum gh_code code = send_request(&client, request_id);
	if (code == GH_OK)
		code = print_gates(&client, request_id);
	gh_operator_close(&client);
	GH_TRY(code);
	return verify_log(setup);
}
