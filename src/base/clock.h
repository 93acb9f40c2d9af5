/* clock.h: the two clocks. Wall time goes into records and token checks; monotonic time measures
 * and bounds. */
#ifndef GH_BASE_CLOCK_H
#define GH_BASE_CLOCK_H

#include <stdint.h>

int64_t gh_clock_unix_s(void);
int64_t gh_clock_unix_ms(void);
int64_t gh_clock_unix_us(void);
uint64_t gh_clock_mono_ns(void);

#define GH_TIME_TEXT_BYTES 80
/* "2026-11-23T20:50:22.123456Z" (RFC 3339, UTC, microseconds). */
void gh_clock_format(int64_t unix_us, char out[GH_TIME_TEXT_BYTES]);

#endif
