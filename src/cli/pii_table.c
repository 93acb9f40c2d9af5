/* gatehouse pii (mode | threshold): what a tenant says of each class, over the running gateway's
 * API. */
#include <stdio.h>
#include <string.h>

#include "cli/live.h"
#include "cli/verbs.h"

static const char *text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "";
}

static int wrong_use(const struct gh_command *command)
{
	fprintf(stderr, "gatehouse: say what to do: %s\n", command->usage);
	return GH_EXIT_USAGE;
}

/* ---- mode ---- */

static void print_modes(const json_t *reply)
{
	const char *class, *channel;
	json_t *channels, *mode;

	if (json_object_get(reply, "former")) {
		printf("%s on %s: %s, was %s; in use within 2 seconds\n", text(reply, "class"),
		       text(reply, "channel"), text(reply, "mode"), text(reply, "former"));
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
	struct gh_cli_live live = { .dir = "gatehouse-state" };
	const char *words[4] = { NULL };
	const struct gh_option options[] = { GH_CLI_LIVE_OPTIONS(live) };
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
		return gh_cli_live_call(&live, "GET", "/v1/pii/modes", NULL, print_modes);
	if (count != 4 || strcmp(words[0], "set") != 0)
		return wrong_use(&command);
	gh_json_begin(&json, &body);
	gh_json_str(&json, "class", words[1]);
	gh_json_str(&json, "channel", words[2]);
	gh_json_str(&json, "mode", words[3]);
	gh_json_end(&json);
	return gh_cli_live_call(&live, "PUT", "/v1/pii/modes", gh_buf_cstr(&body), print_modes);
}

/* ---- threshold ---- */

static void print_thresholds(const json_t *reply)
{
	const char *class;
	json_t *threshold;

	if (json_object_get(reply, "former")) {
		printf("%s: %lld, was %lld; in use within 2 seconds\n", text(reply, "class"),
		       (long long)json_integer_value(json_object_get(reply, "threshold")),
		       (long long)json_integer_value(json_object_get(reply, "former")));
		return;
	}
	json_object_foreach((json_t *)(uintptr_t)reply, class, threshold)
	    printf("%-13s %3lld\n", class, (long long)json_integer_value(threshold));
}

int gh_cli_pii_threshold(int argc, char **argv)
{
	struct gh_cli_live live = { .dir = "gatehouse-state" };
	const char *words[3] = { NULL };
	const struct gh_option options[] = { GH_CLI_LIVE_OPTIONS(live) };
	const struct gh_command command = {
		.usage = "gatehouse pii threshold (list | set CLASS N) [options]",
		.summary = "From which confidence on, 0 to 100, a finding of each class counts. "
		           "What is below\nis left as it is and not reported.",
		.options = options,
		.option_count = GH_ARRAY_LEN(options),
		.positional = words,
		.positional_max = GH_ARRAY_LEN(words),
	};
	GH_CLEANUP(gh_buf_free) struct gh_buf body = { 0 };
	struct gh_json_writer json;
	unsigned long threshold;
	size_t count;

	int status = gh_options_parse(&command, argc, argv, &count);
	if (status >= 0)
		return status;
	if (count == 1 && strcmp(words[0], "list") == 0)
		return gh_cli_live_call(&live, "GET", "/v1/pii/thresholds", NULL, print_thresholds);
	if (count != 3 || strcmp(words[0], "set") != 0)
		return wrong_use(&command);
	if (!gh_option_number(&command, "the threshold", words[2], 0, 100, &threshold))
		return GH_EXIT_USAGE;
	gh_json_begin(&json, &body);
	gh_json_str(&json, "class", words[1]);
	gh_json_int(&json, "threshold", (int64_t)threshold);
	gh_json_end(&json);
	return gh_cli_live_call(&live, "PUT", "/v1/pii/thresholds", gh_buf_cstr(&body),
	                        print_thresholds);
}
