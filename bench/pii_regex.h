/* pii_regex.h: the usual way, to compare with: a regular expression for each entity, all of them in
 * one Vectorscan database. Shapes only: nothing is verified, no context is read, no overlaps are
 * settled, so that it is what such a scanner costs at least. */
#ifndef BENCH_PII_REGEX_H
#define BENCH_PII_REGEX_H

#include <stddef.h>

#include "base/slice.h"

struct pii_regex;

/* NULL when the library is not there. */
struct pii_regex *pii_regex_open(void);
size_t pii_regex_count(struct pii_regex *regex, struct gh_slice text); /* matches' ends */
size_t pii_regex_size(const struct pii_regex *regex);                  /* expressions; 0 for NULL */
void pii_regex_close(struct pii_regex *regex);

#endif
