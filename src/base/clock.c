#include "base/clock.h"

#include <stdio.h>
#include <time.h>

int64_t gh_clock_unix_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t gh_clock_unix_ms(void)
{
	return gh_clock_unix_us() / 1000;
}

int64_t gh_clock_unix_s(void)
{
	return gh_clock_unix_us() / 1000000;
}

uint64_t gh_clock_mono_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void gh_clock_format(int64_t unix_us, char out[GH_TIME_TEXT_BYTES])
{
	time_t seconds = (time_t)(unix_us / 1000000);
	int micros = (int)(unix_us % 1000000);
	struct tm utc;

	if (micros < 0) {
		micros += 1000000;
		seconds--;
	}
	gmtime_r(&seconds, &utc);
	snprintf(out, GH_TIME_TEXT_BYTES, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ",
	         (utc.tm_year + 1900) % 10000, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
	         utc.tm_sec, micros);
}
