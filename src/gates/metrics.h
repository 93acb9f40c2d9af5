/* metrics.h: what /metrics tells, counted without locks. Labels come from fixed tables only: no
 * tenant, no path, nothing that a caller can invent. */
#ifndef GH_GATES_METRICS_H
#define GH_GATES_METRICS_H

#include <stdint.h>

#include "base/buf.h"
#include "gates/gate.h"

#define GH_METRICS_BUCKETS 14

struct gh_histogram {
	uint64_t bucket[GH_METRICS_BUCKETS + 1]; /* the last one is +Inf */
	uint64_t sum_ns, count;
};

struct gh_metrics {
	struct gh_histogram gate[GH_GATE_COUNT]; /* time inside the gate, waits left out */
	struct gh_histogram audit_wait;          /* from submit to acknowledgement */
	struct gh_histogram overhead; /* all we add to an inference call, upstream left out */
	uint64_t refused[GH_GATE_COUNT];
	uint64_t responses[6];  /* by status class: [2] is 2xx */
	uint64_t malformed;     /* never became a request */
	uint64_t pii_found[16]; /* by class */
	uint64_t upstream_failures;
	uint64_t reveals,
	    reveals_limited; /* values of the vault given back; refused for the rate */
};

void gh_metrics_observe(struct gh_histogram *histogram, uint64_t ns);
void gh_metrics_count(uint64_t *counter, uint64_t n);
/* Prometheus text exposition format 0.0.4. */
void gh_metrics_render(const struct gh_metrics *metrics, struct gh_buf *out);
/* One plain line, for the rooms that add their own: "# TYPE" included. */
void gh_metrics_line(struct gh_buf *out, const char *name, const char *type, uint64_t value);

#endif
