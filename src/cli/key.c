/* gatehouse key: the CLI side of /v1/keys. It asks the running gateway as any client would, so that
 * capabilities, subset rule and audit are the same for everybody. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/live.h"
#include "cli/verbs.h"

#define USAGE "gatehouse key (create | list | revoke ID) [options]"

static void print_key(const json_t *key)
{
	json_t *cap;
	size_t i;

	printf("%s  %-20s %-12s %s", json_string_value(json_object_get(key, "id")),
	       json_string_value(json_object_get(key, "name")),
	       json_string_value(json_object_get(key, "role")),
	       json_is_null(json_object_get(key, "revoked_at")) ? "active " : "revoked");
	json_array_foreach(json_object_get(key, "capabilities"), i, cap)
	    printf(" %s", json_string_value(cap));
	printf("\n");
}

static void print_human(const json_t *reply)
{
	const char *secret = json_string_value(json_object_get(reply, "api_key"));
	json_t *key;
	size_t i;

	if (secret)
		printf("%s\n", secret);
	else if (json_object_get(reply, "id"))
		print_key(reply);
	json_array_foreach(json_object_get(reply, "data"), i, key) print_key(key);
	if (secret)
		fprintf(stderr, "Keep it now: it is not shown again.\n");
}

/* {"name":…,"role":…,"capabilities":[…]} from a comma-separated list; `role` NULL: one's own. */
static void creation_body(const char *name, const char *role, const char *caps, struct gh_buf *out)
{
	struct gh_json_writer json;
	struct gh_slice rest = gh_slice_str(caps), cap;

	gh_json_begin(&json, out);
	gh_json_str(&json, "name", name);
	if (role)
		gh_json_str(&json, "role", role);
	gh_json_key(&json, "capabilities");
	gh_buf_add_byte(out, '[');
	for (bool more = caps[0] != 0, first = true; more; first = false) {
		more = gh_slice_split(rest, ',', &cap, &rest);
		if (!first)
			gh_buf_add_byte(out, ',');
		gh_json_add_string(out, gh_slice_trim(cap));
	}
	gh_buf_add_byte(out, ']');
	gh_json_end(&json);
}

int gh_cli_key(int argc, char **argv)
{
	struct gh_cli_live live = { .dir = "gatehouse-state" };
	const char *name = "unnamed", *role = NULL;
	const char *caps = "chat.completions,embeddings,models.read";
	const char *words[2] = { NULL, NULL };
	const struct gh_option options[] = {
		GH_CLI_LIVE_OPTIONS(live),
		{ "--name", "TEXT", "what the new key is for", &name, NULL },
		{ "--role", "NAME", "what policies know it as (your own key's role)", &role, NULL },
		{ "--caps", "A,B", "its capabilities, a subset of yours", &caps, NULL },
	};
	const struct gh_command command = {
		.usage = USAGE,
		.summary = "Creates, lists and revokes API keys. A new key is shown once.",
		.options = options,
		.option_count = sizeof options / sizeof options[0],
		.positional = words,
		.positional_max = 2,
	};
	size_t count;

	int status = gh_options_parse(&command, argc, argv, &count);
	if (status >= 0)
		return status;
	if (count == 1 && strcmp(words[0], "create") == 0) {
		struct gh_buf body = { .limit = 65536 };
		creation_body(name, role, caps, &body);
		status =
		    gh_cli_live_call(&live, "POST", "/v1/keys", gh_buf_cstr(&body), print_human);
		gh_buf_free(&body);
		return status;
	}
	if (count == 1 && strcmp(words[0], "list") == 0)
		return gh_cli_live_call(&live, "GET", "/v1/keys", NULL, print_human);
	if (count == 2 && strcmp(words[0], "revoke") == 0 && strlen(words[1]) == 8) {
		char path[64];
		snprintf(path, sizeof path, "/v1/keys/%s", words[1]);
		return gh_cli_live_call(&live, "DELETE", path, NULL, print_human);
	}
	fprintf(stderr, "gatehouse: say what to do: %s\n", USAGE);
	return GH_EXIT_USAGE;
}
