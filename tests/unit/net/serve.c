/* net_serve: the test application as a program, for measurements and for tests from outside.
 *   net_serve [loops] [tls]    prints "ready PORT" and serves until its input ends. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front.h"

int main(int argc, char **argv)
{
	size_t loops = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
	struct gh_tls *tls = argc > 2 && strcmp(argv[2], "tls") == 0 ? front_tls(NULL, true) : NULL;
	static struct running running;
	char byte;

	if (loops < 1 || loops > FRONT_LOOPS_MAX) {
		fprintf(stderr, "usage: net_serve [1-%d] [tls]\n", FRONT_LOOPS_MAX);
		return 2;
	}
	running_start(&running, loops, NULL, tls);
	printf("ready %u\n", running.port);
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	running_stop(&running, 1000);
	gh_tls_close(tls);
	return 0;
}
