#include "cli/options.h"

#include <stdio.h>
#include <string.h>

#include "base/result.h"
#include "base/slice.h"

static void print_help(const struct gh_command *command)
{
	printf("usage: %s\n\n%s\n\noptions:\n", command->usage, command->summary);
	for (size_t i = 0; i < command->option_count; i++) {
		const struct gh_option *option = &command->options[i];
		char left[48];
		snprintf(left, sizeof left, "%s %s", option->name,
		         option->value ? option->value : "");
		printf("  %-24s %s\n", left, option->help);
	}
	printf("  %-24s %s\n", "--help", "this text");
}

static const struct gh_option *find(const struct gh_command *command, const char *name, size_t len)
{
	for (size_t i = 0; i < command->option_count; i++)
		if (strlen(command->options[i].name) == len &&
		    strncmp(command->options[i].name, name, len) == 0)
			return &command->options[i];
	return NULL;
}

/* Takes one option at argv[*i]; the value is behind "=" or the next word. */
static int take(const struct gh_command *command, int argc, char **argv, int *i)
{
	const char *word = argv[*i], *equals = strchr(word, '=');
	const struct gh_option *option =
	    find(command, word, equals ? (size_t)(equals - word) : strlen(word));

	if (!option) {
		fprintf(stderr, "gatehouse: unknown option %s; see: %s --help\n", word,
		        command->usage);
		return GH_EXIT_USAGE;
	}
	if (!option->value) {
		if (equals) {
			fprintf(stderr, "gatehouse: %s takes no value\n", option->name);
			return GH_EXIT_USAGE;
		}
		*option->flag = true;
		return -1;
	}
	if (!equals && *i + 1 >= argc) {
		fprintf(stderr, "gatehouse: %s needs a value: %s %s\n", option->name, option->name,
		        option->value);
		return GH_EXIT_USAGE;
	}
	*option->text = equals ? equals + 1 : argv[++*i];
	return -1;
}

int gh_options_parse(const struct gh_command *command, int argc, char **argv,
                     size_t *positional_count)
{
	size_t count = 0;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			print_help(command);
			return GH_EXIT_OK;
		}
		if (argv[i][0] == '-' && argv[i][1] != 0) {
			int status = take(command, argc, argv, &i);
			if (status >= 0)
				return status;
			continue;
		}
		if (count >= command->positional_max) {
			fprintf(stderr, "gatehouse: unexpected argument %s; see: %s --help\n",
			        argv[i], command->usage);
			return GH_EXIT_USAGE;
		}
		command->positional[count++] = argv[i];
	}
	if (positional_count)
		*positional_count = count;
	return -1;
}

bool gh_option_number(const struct gh_command *command, const char *name, const char *text,
                      unsigned long least, unsigned long most, unsigned long *out)
{
	uint64_t value;

	if (!gh_slice_to_u64(gh_slice_str(text), most, &value) || value < least) {
		fprintf(stderr, "gatehouse: %s must be a number from %lu to %lu, not %s\n", name,
		        least, most, text);
		return false;
	}
	*out = (unsigned long)value;
	return true;
}

int gh_cli_fail(int status)
{
	fprintf(stderr, "gatehouse: %s\n", gh_last_error()->text);
	return status;
}
