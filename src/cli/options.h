/* options.h: command lines, from one table a verb: parsing, --help and errors that say what to do.
 */
#ifndef GH_CLI_OPTIONS_H
#define GH_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#define GH_EXIT_OK    0
#define GH_EXIT_CHECK 1 /* a check failed */
#define GH_EXIT_USAGE 2 /* wrong use or bad input */

struct gh_option {
	const char *name;  /* "--port" */
	const char *value; /* "N" in the help; NULL for a flag */
	const char *help;
	const char **text; /* where the value goes */
	bool *flag;        /* or the flag */
};

struct gh_command {
	const char *usage;   /* "gatehouse up [options]" */
	const char *summary; /* one sentence */
	const struct gh_option *options;
	size_t option_count;
	const char **positional; /* room for arguments that are no options, or NULL */
	size_t positional_max;
};

/* Walks argv[1..]. Returns -1 to go on, or the exit status: 0 after --help, 2 after one line on
 * standard error that says what is wrong. `positional_count` may be NULL. */
int gh_options_parse(const struct gh_command *command, int argc, char **argv,
                     size_t *positional_count);

/* A decimal in [least, most]; prints the error and returns false otherwise. */
bool gh_option_number(const struct gh_command *command, const char *name, const char *text,
                      unsigned long least, unsigned long most, unsigned long *out);

/* One line, "gatehouse: …", from the thread's last error; returns `status`. */
int gh_cli_fail(int status);

#endif
