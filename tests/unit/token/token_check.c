/* The verb `token check` as a program of its own, for the tests that drive it through its standard
 * input and output. */
#include "cli/verbs.h"

int main(int argc, char **argv)
{
	return gh_cli_token(argc, argv);
}
