/* samples.h: every measured value is kept, so that percentiles are exact. */
#ifndef BENCH_SAMPLES_H
#define BENCH_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

struct samples {
	uint64_t *ns;
	size_t count;
	size_t capacity;
};

void samples_add(struct samples *samples, uint64_t ns);
/* Prints `"name": {"count": …, "mean_us": …, "p50_us": …, …}`; sorts the samples. */
void samples_print(struct samples *samples, const char *name);
void samples_free(struct samples *samples);

#endif
