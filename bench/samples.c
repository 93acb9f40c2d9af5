/* samples.c: keeps and sums up measured times. */
#include "samples.h"

#include <stdio.h>
#include <stdlib.h>

#include "wire.h"

void samples_add(struct samples *samples, uint64_t ns)
{
	if (samples->count == samples->capacity) {
		samples->capacity = samples->capacity ? samples->capacity * 2 : 4096;
		samples->ns = must_alloc(samples->ns, samples->capacity * sizeof(*samples->ns));
	}
	samples->ns[samples->count++] = ns;
}

static int compare(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

/* The smallest value that at least `share` of all are not above. */
static double percentile_us(const struct samples *samples, double share)
{
	size_t rank = (size_t)(share * (double)samples->count);

	if (samples->count == 0)
		return 0;
	return (double)samples->ns[rank < samples->count ? rank : samples->count - 1] / 1e3;
}

void samples_print(struct samples *samples, const char *name)
{
	double sum = 0;

	if (samples->count > 0)
		qsort(samples->ns, samples->count, sizeof(*samples->ns), compare);
	for (size_t i = 0; i < samples->count; i++)
		sum += (double)samples->ns[i];
	printf("\"%s\": {\"count\": %zu, \"mean_us\": %.1f, \"p50_us\": %.1f, \"p90_us\": %.1f, "
	       "\"p99_us\": %.1f, \"p999_us\": %.1f, \"max_us\": %.1f}",
	       name, samples->count, samples->count ? sum / (double)samples->count / 1e3 : 0,
	       percentile_us(samples, 0.5), percentile_us(samples, 0.9),
	       percentile_us(samples, 0.99), percentile_us(samples, 0.999),
	       percentile_us(samples, 1));
}

void samples_free(struct samples *samples)
{
	free(samples->ns);
	*samples = (struct samples){ 0 };
}
