/* gatehouse pii (pattern | mode): what a tenant adds to the scanner and what happens to each class,
 * over the running gateway's API. */
#include "cli/pii_patterns.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "cli/verbs.h"
#include "process/operator.h"

/* ---- from a file ---- */

static gh_result read_file(const char *path, struct gh_buf *out)
{
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");

	GH_ENSURE(file, GH_E_IO, "cannot read %s: %s", path, strerror(errno));
	out->limit = GH_PII_CUSTOM_SET_BYTES;
	for (size_t n = 1; n > 0;) {
		uint8_t *room = gh_buf_reserve(out, 4096);
		n = room ? fread(room, 1, 4096, file) : 0;
		if (n)
			gh_buf_commit(out, n);
	}
	if (file != stdin)
		fclose(file);
	GH_ENSURE(!out->failed, GH_E_LIMIT, "%s is over %zu bytes", path, GH_PII_CUSTOM_SET_BYTES);
	return GH_OK;
}

static int by_name(const void *a, const void *b)
{
	const struct gh_pii_definition *x = a, *y = b;

	return strcmp((const char *)x->name.data, (const char *)y->name.data);
}

static gh_result take_all(json_t *all, const char *path, char *texts[GH_PII_CUSTOM_MAX],
                          struct gh_pii_definition *definitions, size_t *count)
{
	const char *name;
	json_t *definition;

	GH_ENSURE(json_is_object(all) && json_object_size(all) <= GH_PII_CUSTOM_MAX, GH_E_FORMAT,
	          "%s must be a JSON object of at most %d definitions by name", path,
	          GH_PII_CUSTOM_MAX);
	json_object_foreach(all, name, definition)
	{
		GH_TRY(gh_pii_custom_name_check(gh_slice_str(name)));
		texts[*count] = json_dumps(definition, JSON_ENCODE_ANY | JSON_COMPACT);
		GH_ENSURE(texts[*count], GH_E_MEMORY, "out of memory");
		definitions[*count] =
		    (struct gh_pii_definition){ gh_slice_str(name), gh_slice_str(texts[*count]) };
		(*count)++;
	}
	qsort(definitions, *count, sizeof *definitions, by_name);
	return GH_OK;
}

gh_result gh_cli_pii_patterns_load(const char *path, struct gh_pii_custom **out)
{
	struct gh_pii_definition definitions[GH_PII_CUSTOM_MAX];
	char *texts[GH_PII_CUSTOM_MAX] = { NULL };
	GH_CLEANUP(gh_buf_free) struct gh_buf text = { 0 };
	GH_CLEANUP(gh_json_decref_ptr) json_t *all = NULL;
	struct gh_pii_trial trial;
	size_t count = 0;

	GH_TRY(read_file(path, &text));
	GH_TRY(gh_json_parse(gh_buf_slice(&text), &all));
	enum gh_code code = take_all(all, path, texts, definitions, &count);
	if (code == GH_OK)
		code = gh_pii_custom_try(definitions, count, &trial);
	if (code == GH_OK)
		code = gh_pii_custom_compile(definitions, count, out);
	for (size_t i = 0; i < count; i++)
		free(texts[i]);
	return code;
}

/* ---- over the API ---- */

struct session {
	const char *dir, *tenant;
	bool as_json;
};

static int call(const struct session *session, const char *method, const char *path,
                const char *body, void (*print)(const json_t *reply))
{
	struct gh_operator client;
	struct gh_operator_reply reply = { 0 };
	GH_CLEANUP(gh_json_decref_ptr) json_t *parsed = NULL;
	int status = GH_EXIT_OK;

	if (gh_operator_open(session->dir, session->tenant, &client) != GH_OK)
		return gh_cli_fail(GH_EXIT_USAGE);
	if (gh_operator_call(&client, method, path, body, &reply) != GH_OK)
		status = gh_cli_fail(GH_EXIT_USAGE);
	else if (reply.status >= 300 && gh_operator_problem(&reply) != GH_OK)
		status = gh_cli_fail(reply.status >= 500 ? GH_EXIT_CHECK : GH_EXIT_USAGE);
	else if (session->as_json)
		printf("%s\n", gh_buf_cstr(&reply.body));
	else if (gh_json_parse(gh_buf_slice(&reply.body), &parsed) == GH_OK)
		print(parsed);
	gh_operator_reply_free(&reply);
	gh_operator_close(&client);
	return status;
}

static void print_patterns(const json_t *reply)
{
	const char *name = json_string_value(json_object_get(reply, "name"));
	json_t *pattern;
	size_t i;

	if (name && json_object_get(reply, "deleted"))
		printf("%s is gone within 2 seconds\n", name);
	else if (name)
		printf(
		    "%s is in use within 2 seconds; all patterns together: %.1f ms to compile, "
		    "%lld KiB, %lld MB/s on difficult text\n",
		    name, (double)json_integer_value(json_object_get(reply, "compile_us")) / 1000,
		    (long long)json_integer_value(json_object_get(reply, "database_bytes")) / 1024,
		    (long long)json_integer_value(json_object_get(reply, "bytes_per_second")) /
		        1000000);
	json_array_foreach(json_object_get(reply, "data"), i, pattern)
	{
		const json_t *definition = json_object_get(pattern, "definition");
		const char *kind = json_object_get(definition, "regex")   ? "regex"
		                   : json_object_get(definition, "words") ? "words"
		                                                          : "allow";
		printf("%-32s %s\n", json_string_value(json_object_get(pattern, "name")), kind);
	}
}

static int put_pattern(const struct session *session, const char *name, const char *file)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf body = { 0 };
	char path[128];

	if (gh_pii_custom_name_check(gh_slice_str(name)) != GH_OK ||
	    read_file(file, &body) != GH_OK)
		return gh_cli_fail(GH_EXIT_USAGE);
	snprintf(path, sizeof path, "/v1/pii/patterns/%s", name);
	return call(session, "PUT", path, gh_buf_cstr(&body), print_patterns);
}

int gh_cli_pii_pattern(int argc, char **argv)
{
	struct session session = { .dir = "gatehouse-state" };
	const char *words[3] = { NULL };
	const struct gh_option options[] = {
		{ "--state", "DIR", "state directory of the running gateway", &session.dir, NULL },
		{ "--tenant", "NAME", "tenant, by name or id (the first)", &session.tenant, NULL },
		{ "--json", NULL, "print the gateway's answer as it is", NULL, &session.as_json },
	};
	const struct gh_command command = {
		.usage = "gatehouse pii pattern (list | put NAME FILE | remove NAME) [options]",
		.summary = "A tenant's own classes: FILE holds one definition as JSON, such as\n"
		           "{\"regex\": \"EMP-[0-9]{6}\", \"match\": [\"EMP-123456\"]}; see "
		           "docs/pii.md. It is "
		           "compiled and\ntried before it is saved, and refused with the reason.",
		.options = options,
		.option_count = GH_ARRAY_LEN(options),
		.positional = words,
		.positional_max = GH_ARRAY_LEN(words),
	};
	size_t count;
	char path[128];

	int status = gh_options_parse(&command, argc, argv, &count);
	if (status >= 0)
		return status;
	if (count == 1 && strcmp(words[0], "list") == 0)
		return call(&session, "GET", "/v1/pii/patterns", NULL, print_patterns);
	if (count == 3 && strcmp(words[0], "put") == 0)
		return put_pattern(&session, words[1], words[2]);
	if (count == 2 && strcmp(words[0], "remove") == 0) {
		if (gh_pii_custom_name_check(gh_slice_str(words[1])) != GH_OK)
			return gh_cli_fail(GH_EXIT_USAGE);
		snprintf(path, sizeof path, "/v1/pii/patterns/%s", words[1]);
		return call(&session, "DELETE", path, NULL, print_patterns);
	}
	fprintf(stderr, "gatehouse: say what to do: %s\n", command.usage);
	return GH_EXIT_USAGE;
}

static void print_modes(const json_t *reply)
{
	const char *class, *channel;
	json_t *channels, *mode;

	if (json_object_get(reply, "former")) {
		printf("%s on %s: %s, was %s; in use within 2 seconds\n",
		       json_string_value(json_object_get(reply, "class")),
		       json_string_value(json_object_get(reply, "channel")),
		       json_string_value(json_object_get(reply, "mode")),
		       json_string_value(json_object_get(reply, "former")));
		return;
	}
	json_object_foreach((json_t *)(uintptr_t)reply, class, channels)
	{
		printf("%-13s", class);
		json_object_foreach(channels, channel, mode)
		    printf(" %s=%s", channel, json_string_value(mode));
		printf("\n");
	}
}

int gh_cli_pii_mode(int argc, char **argv)
{
	struct session session = { .dir = "gatehouse-state" };
	const char *words[4] = { NULL };
	const struct gh_option options[] = {
		{ "--state", "DIR", "state directory of the running gateway", &session.dir, NULL },
		{ "--tenant", "NAME", "tenant, by name or id (the first)", &session.tenant, NULL },
		{ "--json", NULL, "print the gateway's answer as it is", NULL, &session.as_json },
	};
	const struct gh_command command = {
		.usage = "gatehouse pii mode (list | set CLASS CHANNEL MODE) [options]",
		.summary = "What happens to each class of personal data on each channel: strict, "
		           "reversible,\nflag or off. Policies can only make it stricter.",
		.options = options,
		.option_count = GH_ARRAY_LEN(options),
		.positional = words,
		.positional_max = GH_ARRAY_LEN(words),
	};
	GH_CLEANUP(gh_buf_free) struct gh_buf body = { 0 };
	struct gh_json_writer json;
	size_t count;

	int status = gh_options_parse(&command, argc, argv, &count);
	if (status >= 0)
		return status;
	if (count == 1 && strcmp(words[0], "list") == 0)
		return call(&session, "GET", "/v1/pii/modes", NULL, print_modes);
	if (count != 4 || strcmp(words[0], "set") != 0) {
		fprintf(stderr, "gatehouse: say what to do: %s\n", command.usage);
		return GH_EXIT_USAGE;
	}
	gh_json_begin(&json, &body);
	gh_json_str(&json, "class", words[1]);
	gh_json_str(&json, "channel", words[2]);
	gh_json_str(&json, "mode", words[3]);
	gh_json_end(&json);
	return call(&session, "PUT", "/v1/pii/modes", gh_buf_cstr(&body), print_modes);
}
