/* gatehouse pii pattern: what a tenant adds to the scanner, over the running gateway's API. */
#include "cli/pii_patterns.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/live.h"
#include "cli/verbs.h"

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

static int put_pattern(const struct gh_cli_live *live, const char *name, const char *file)
{
	GH_CLEANUP(gh_buf_free) struct gh_buf body = { 0 };
	char path[128];

	if (gh_pii_custom_name_check(gh_slice_str(name)) != GH_OK ||
	    read_file(file, &body) != GH_OK)
		return gh_cli_fail(GH_EXIT_USAGE);
	snprintf(path, sizeof path, "/v1/pii/patterns/%s", name);
	return gh_cli_live_call(live, "PUT", path, gh_buf_cstr(&body), print_patterns);
}

int gh_cli_pii_pattern(int argc, char **argv)
{
	struct gh_cli_live live = { .dir = "gatehouse-state" };
	const char *words[3] = { NULL };
	const struct gh_option options[] = {
		GH_CLI_LIVE_OPTIONS(live),
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
		return gh_cli_live_call(&live, "GET", "/v1/pii/patterns", NULL, print_patterns);
	if (count == 3 && strcmp(words[0], "put") == 0)
		return put_pattern(&live, words[1], words[2]);
	if (count == 2 && strcmp(words[0], "remove") == 0) {
		if (gh_pii_custom_name_check(gh_slice_str(words[1])) != GH_OK)
			return gh_cli_fail(GH_EXIT_USAGE);
		snprintf(path, sizeof path, "/v1/pii/patterns/%s", words[1]);
		return gh_cli_live_call(&live, "DELETE", path, NULL, print_patterns);
	}
	fprintf(stderr, "gatehouse: say what to do: %s\n", command.usage);
	return GH_EXIT_USAGE;
}
