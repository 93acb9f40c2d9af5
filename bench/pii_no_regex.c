/* Where Vectorscan is not installed. */
#include "pii_regex.h"

struct pii_regex *pii_regex_open(void)
{
	return NULL;
}

size_t pii_regex_count(struct pii_regex *regex, struct gh_slice text)
{
	return 0;
}

size_t pii_regex_size(const struct pii_regex *regex)
{
	return 0;
}

void pii_regex_close(struct pii_regex *regex)
{
}
