/* spin.c: how much of a core others take. Spins for a while and compares the time that passed with
 * the time it was given; a benchmark waits until that share is small. `spin CORE MILLISECONDS` */
#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	cpu_set_t cores;
	double wall, given, until;

	if (argc != 3) {
		fprintf(stderr, "usage: spin CORE MILLISECONDS\n");
		return 2;
	}
	CPU_ZERO(&cores);
	CPU_SET((size_t)strtoul(argv[1], NULL, 10), &cores);
	if (sched_setaffinity(0, sizeof(cores), &cores) != 0) {
		perror("spin: sched_setaffinity");
		return 1;
	}
	wall = seconds(CLOCK_MONOTONIC);
	given = seconds(CLOCK_THREAD_CPUTIME_ID);
	until = wall + strtod(argv[2], NULL) / 1e3;
	while (seconds(CLOCK_MONOTONIC) < until)
		;
	wall = seconds(CLOCK_MONOTONIC) - wall;
	given = seconds(CLOCK_THREAD_CPUTIME_ID) - given;
	printf("%.4f\n", wall > given ? 1 - given / wall : 0.0);
	return 0;
}
