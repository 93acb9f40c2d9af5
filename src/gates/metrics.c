#include "gates/metrics.h"

#include <inttypes.h>
#include <stdio.h>

#include "pii/classes.h"

static const uint64_t bounds_ns[GH_METRICS_BUCKETS] = {
	1000,   2500,   5000,    10000,   25000,    50000,     100000,
	250000, 500000, 1000000, 2500000, 10000000, 100000000, 1000000000,
};

void gh_metrics_count(uint64_t *counter, uint64_t n)
{
	__atomic_add_fetch(counter, n, __ATOMIC_RELAXED);
}

void gh_metrics_observe(struct gh_histogram *histogram, uint64_t ns)
{
	size_t i = 0;

	while (i < GH_METRICS_BUCKETS && ns > bounds_ns[i])
		i++;
	gh_metrics_count(&histogram->bucket[i], 1);
	gh_metrics_count(&histogram->sum_ns, ns);
	gh_metrics_count(&histogram->count, 1);
}

static uint64_t read_counter(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

void gh_metrics_line(struct gh_buf *out, const char *name, const char *type, uint64_t value)
{
	gh_buf_addf(out, "# TYPE %s %s\n%s %" PRIu64 "\n", name, type, name, value);
}

static void render_histogram(struct gh_buf *out, const char *name, const char *label,
                             const struct gh_histogram *histogram)
{
	uint64_t total = 0;
	const char *comma = *label ? "," : "";
	const char *open = *label ? "{" : "", *close = *label ? "}" : "";

	for (size_t i = 0; i <= GH_METRICS_BUCKETS; i++) {
		total += read_counter(&histogram->bucket[i]);
		if (i < GH_METRICS_BUCKETS)
			gh_buf_addf(out, "%s_bucket{%s%sle=\"%g\"} %" PRIu64 "\n", name, label,
			            comma, (double)bounds_ns[i] / 1e9, total);
		else
			gh_buf_addf(out, "%s_bucket{%s%sle=\"+Inf\"} %" PRIu64 "\n", name, label,
			            comma, total);
	}
	gh_buf_addf(out, "%s_sum%s%s%s %.9f\n", name, open, label, close,
	            (double)read_counter(&histogram->sum_ns) / 1e9);
	gh_buf_addf(out, "%s_count%s%s%s %" PRIu64 "\n", name, open, label, close,
	            read_counter(&histogram->count));
}

void gh_metrics_render(const struct gh_metrics *metrics, struct gh_buf *out)
{
	gh_buf_add_str(out, "# HELP gatehouse_gate_seconds Time inside each gate, waits left out.\n"
	                    "# TYPE gatehouse_gate_seconds histogram\n");
	for (size_t i = 0; i < GH_GATE_COUNT; i++) {
		char label[40];
		snprintf(label, sizeof label, "gate=\"%s\"", gh_gates[i].name);
		render_histogram(out, "gatehouse_gate_seconds", label, &metrics->gate[i]);
	}
	gh_buf_add_str(out, "# TYPE gatehouse_audit_wait_seconds histogram\n");
	render_histogram(out, "gatehouse_audit_wait_seconds", "", &metrics->audit_wait);
	gh_buf_add_str(out, "# TYPE gatehouse_overhead_seconds histogram\n");
	render_histogram(out, "gatehouse_overhead_seconds", "", &metrics->overhead);

	gh_buf_add_str(out, "# TYPE gatehouse_refused_total counter\n");
	for (size_t i = 0; i < GH_GATE_COUNT; i++)
		gh_buf_addf(out, "gatehouse_refused_total{gate=\"%s\"} %" PRIu64 "\n",
		            gh_gates[i].name, read_counter(&metrics->refused[i]));
	gh_buf_add_str(out, "# TYPE gatehouse_responses_total counter\n");
	for (size_t i = 1; i < GH_ARRAY_LEN(metrics->responses); i++)
		gh_buf_addf(out, "gatehouse_responses_total{class=\"%zuxx\"} %" PRIu64 "\n", i,
		            read_counter(&metrics->responses[i]));
	gh_buf_add_str(out, "# TYPE gatehouse_pii_matches_total counter\n");
	for (size_t i = 0; i < GH_PII_CLASS_COUNT; i++)
		gh_buf_addf(out, "gatehouse_pii_matches_total{class=\"%s\"} %" PRIu64 "\n",
		            gh_pii_class_name((enum gh_pii_class)i),
		            read_counter(&metrics->pii_found[i]));
	gh_metrics_line(out, "gatehouse_malformed_total", "counter",
	                read_counter(&metrics->malformed));
	gh_metrics_line(out, "gatehouse_pii_reveals_total", "counter",
	                read_counter(&metrics->reveals));
	gh_metrics_line(out, "gatehouse_pii_reveals_limited_total", "counter",
	                read_counter(&metrics->reveals_limited));
	gh_metrics_line(out, "gatehouse_upstream_failures_total", "counter",
	                read_counter(&metrics->upstream_failures));
}
